"""Writes a whole shop into a file, as a process of its own: `python -m ledger_web.exporter`, told on standard input.

It may do what the web may, gives way to it, and says each second how far it is. Whatever ends it before it says that
the file is there is an interruption; another such process goes on with the parts.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import logging
import os
import shutil
import signal
import sys
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from flask import Flask
from psycopg.conninfo import make_conninfo
from sqlalchemy.exc import SQLAlchemyError

from ledger_web import logs
from ledger_web.domain.shop_exports import BROKEN, DISK_FULL
from ledger_web.export_folder import Task, file_of, forget_old, forget_others
from ledger_web.factory import DEAD_CONNECTIONS, create_bare_app
from ledger_web.services.shop_archives import export_shop
from ledger_web.services.shop_exports import (
    FailExport,
    FinishExport,
    NoteProgress,
    fail_export,
    finish_export,
    note_progress,
)
from ledger_web.services.unit_of_work import UnitOfWork

BEAT_SECONDS: Final = 1.0
GIVES_WAY: Final = 10  # of 19, as `nice` has it
ROOM_LEFT: Final = 1_000_000_000  # bytes of the disk, which is the database's, too, unless it has one of its own

log = logging.getLogger("ledger_web.exporter")  # its own name is __main__


def main() -> None:
    """Write what standard input asks for."""
    task = Task(**json.load(sys.stdin))
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it with the web, without a word
    os.nice(GIVES_WAY)
    os.umask(0o077)
    logs.configure(task.log_format)
    app = create_bare_app(task.conninfo, connections=2)
    with app.app_context():
        Writer(app, task).write()


@dataclass(slots=True)
class Writer:
    """One attempt to write a shop out."""

    app: Flask
    task: Task
    tables_done: int = 0
    tables_total: int = 0

    def write(self) -> None:
        """Write the file and say what came of it; nothing is said of what another attempt can mend."""
        if not self._is_wanted():
            return
        path = file_of(Path(self.task.root), self.task.tenant_id, self._id)
        try:
            with self._telling():
                size, digest = self._write(path)
        except OSError as error:
            log.error("shop %s could not be written out: %s", self.task.tenant_id, error)
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                self._give_up_for_want_of_room()
            else:
                self._fail(BROKEN)
        except psycopg.OperationalError as error:  # the database is away, or a table is being changed
            log.warning("writing shop %s out was interrupted: %s", self.task.tenant_id, type(error).__name__)
        except Exception:
            log.exception("shop %s could not be written out", self.task.tenant_id)
            self._fail(BROKEN)
        else:
            finished = FinishExport(export_id=self._id, attempt=self.task.attempt, size=size, sha256=digest)
            if finish_export(finished, self._act()):  # another attempt may need the parts otherwise
                shutil.rmtree(_parts_of(path), ignore_errors=True)

    @property
    def _id(self) -> uuid.UUID:
        return uuid.UUID(self.task.export_id)

    def _act(self) -> UnitOfWork:
        return UnitOfWork(self.task.tenant_id)

    def _write(self, path: Path) -> tuple[int, bytes]:
        """Write the file by way of its parts; return its size and SHA-256."""
        parts, draft = _parts_of(path), path.with_name("draft")
        conninfo = make_conninfo(self.task.conninfo, **DEAD_CONNECTIONS)
        forget_old(Path(self.task.root))
        forget_others(path)
        parts.mkdir(parents=True, exist_ok=True)
        with (path.parent / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # an earlier attempt that was only slow hears soon that it is to end
            with draft.open("w+b") as file:
                export_shop(conninfo, self.task.tenant_id, self.task.slug, file, parts=parts, told=self._note)
                file.flush()
                os.fsync(file.fileno())
                size = file.seek(0, os.SEEK_END)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").digest()
            draft.replace(path)
        return size, digest

    def _note(self, done: int, of: int) -> None:
        self.tables_done, self.tables_total = done, of

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Say how far it is for as long as something is done; end at once when it is not wanted any more."""
        over = threading.Event()
        teller = threading.Thread(target=self._tell, args=[over], daemon=True)
        teller.start()
        try:
            yield
        finally:
            over.set()
            teller.join()

    def _give_up_for_want_of_room(self) -> None:
        shutil.rmtree(file_of(Path(self.task.root), self.task.tenant_id, self._id).parent, ignore_errors=True)
        self._fail(DISK_FULL)

    def _fail(self, why: str) -> None:
        fail_export(FailExport(export_id=self._id, attempt=self.task.attempt, error=why), self._act())

    def _tell(self, over: threading.Event) -> None:
        with self.app.app_context():
            while not over.wait(BEAT_SECONDS):
                try:
                    if shutil.disk_usage(self.task.root).free < ROOM_LEFT:
                        log.error("shop %s is not written out: the disk is nearly full", self.task.tenant_id)
                        self._give_up_for_want_of_room()  # which is not wanted any more from now on
                    is_wanted = self._is_wanted()
                except SQLAlchemyError as error:
                    log.warning(
                        "the database did not hear how far shop %s is: %s", self.task.tenant_id, type(error).__name__
                    )
                    continue
                if not is_wanted:
                    os._exit(1)

    def _is_wanted(self) -> bool:
        progress = NoteProgress(
            export_id=self._id,
            attempt=self.task.attempt,
            tables_done=self.tables_done,
            tables_total=self.tables_total,
        )
        return note_progress(progress, self._act())


def _parts_of(path: Path) -> Path:
    return path.with_name("parts")


if __name__ == "__main__":
    main()
