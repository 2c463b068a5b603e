"""Where whole shops wait as files, and the few processes that write them.

EXPORT_DIR/<number of the shop>/<id>/shop.zip; several machines that serve the same shops share it. Whoever writes has
one of a few turns: a lock that the kernel takes back when its process ends, however it ends.
"""

import contextlib
import dataclasses
import fcntl
import json
import logging
import os
import shutil
import subprocess  # nosec B404 # runs our own interpreter with fixed arguments, never a shell
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import IO, Final, Self

from ledger_web.domain.errors import ConflictError
from ledger_web.domain.shop_exports import KEPT

TURNS: Final = 2  # shops that are written at once
_ID: Final = "-".join("?" * number for number in (8, 4, 4, 4, 12))  # nothing else in the folder is ours
FORGOTTEN_AFTER: Final = KEPT.total_seconds() + 3600  # since anything was written: no page offers it any more

log = logging.getLogger(__name__)


class ExportFolderError(ConflictError):
    """The folder for such files cannot be written to. Tell whoever runs this system, then try again."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What the process that writes is told."""

    conninfo: str = dataclasses.field(repr=False)
    root: str
    tenant_id: int
    slug: str
    export_id: str
    attempt: int
    log_format: str


def file_of(root: Path, tenant_id: int, export_id: uuid.UUID) -> Path:
    return root / str(tenant_id) / str(export_id) / "shop.zip"


class Turn:
    """One of the few turns to write, once it is taken. Given back at the end, unless a process has it by then."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock:
            self._lock.close()

    def take(self) -> bool:
        """Take one, and say whether one was left.

        Raises:
            ExportFolderError: The folder is not there, full, or somebody else's.
        """
        try:
            self._lock = self._lock or _free_turn(self._root)
        except OSError as error:
            log.error("no shop can be written out into %s: %s", self._root, error)
            raise ExportFolderError from error
        return self._lock is not None

    def fileno(self) -> int:
        return self._lock.fileno() if self._lock else -1


def begin(task: Task, turn: Turn) -> None:
    """Start the process that writes; it has the turn until it ends. One that dies is an interruption, on the page."""
    try:
        process = subprocess.Popen(  # nosec B603
            [sys.executable, "-m", "ledger_web.exporter"],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            pass_fds=[turn.fileno()],
        )
        threading.Thread(target=process.wait, daemon=True, name="export").start()  # it leaves no zombie
        with process.stdin as told:  # type: ignore[union-attr]
            told.write(json.dumps(dataclasses.asdict(task)).encode())
    except OSError:
        log.exception("the process that writes a shop out could not be started")


def forget_old(root: Path) -> None:
    """Remove what no page offers any more, of all shops."""
    for folder in root.glob(f"[0-9]*/{_ID}"):
        with contextlib.suppress(OSError):  # somebody else removes it
            if max(each.stat().st_mtime for each in (folder, *folder.rglob("*"))) < time.time() - FORGOTTEN_AFTER:
                shutil.rmtree(folder, ignore_errors=True)


def forget_shop(root: Path, tenant_id: int) -> None:
    """Remove all files of a shop."""
    shutil.rmtree(root / str(tenant_id), ignore_errors=True)


def forget_others(path: Path) -> None:
    """Remove what the shop had written before this file."""
    for folder in path.parents[1].glob("*"):
        if folder != path.parent:
            shutil.rmtree(folder, ignore_errors=True)


def _free_turn(root: Path) -> IO[str] | None:
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(TURNS):
        turn = os.fdopen(os.open(root / f"turn-{number}", os.O_WRONLY | os.O_CREAT, 0o600), "w")
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            turn.close()
        else:
            return turn
    return None
