"""The whole shop as a file, written by a process of its own: who asked, who may write now, and what came of it.

The process says each second how far it is. One that fell silent was interrupted, and whoever goes on makes another
attempt; what an earlier attempt, that was only slow, says after that is not heard, which ends it.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ledger_web.domain.errors import ConflictError, NotFoundError
from ledger_web.domain.shop_exports import SILENT_AFTER
from ledger_web.services.unit_of_work import UnitOfWork, whole_act


class ExportUnderWayError(ConflictError):
    """The file is being written at this moment. This page says when it is ready."""


class ExportsFullError(ConflictError):
    """Files of other shops are being written at this moment, only a few at once. Try again in some minutes."""


@dataclass(frozen=True, kw_only=True)
class StartExport:
    """Somebody wants everything the shop has as a file."""

    id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class ContinueExport:
    """Somebody wants a writing that was interrupted to go on."""

    op_id: uuid.UUID
    export_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class NoteProgress:
    """Whoever writes is alive, and so far."""

    export_id: uuid.UUID
    attempt: int
    tables_done: int
    tables_total: int


@dataclass(frozen=True, kw_only=True)
class FinishExport:
    """The file is there."""

    export_id: uuid.UUID
    attempt: int
    size: int  # bytes
    sha256: bytes


@dataclass(frozen=True, kw_only=True)
class FailExport:
    """There will be no file."""

    export_id: uuid.UUID
    attempt: int
    error: str  # DISK_FULL or BROKEN


@whole_act
def start_export(command: StartExport, uow: UnitOfWork, *, take_turn: Callable[[], bool]) -> int | None:
    """Write down that a file is to be written, and return the number of the attempt; None: this form was sent before.

    Args:
        take_turn: Asked last, whether this system may write one more file now.

    Raises:
        ExportUnderWayError: The shop's file is being written already.
        ExportsFullError: There is no turn left.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return None
        _must_be_free(_lock_latest(uow))
        _must_have_turn(take_turn)
        # One that fell silent and is only slow is not heard any more, either: two would write.
        uow.execute(
            "UPDATE shop_exports SET attempt = attempt + 1 WHERE tenant_id = %(tenant_id)s AND ended_at IS NULL"
        )
        uow.execute(
            """
            INSERT INTO shop_exports (tenant_id, id, asked_by, asked_at, beat_at)
            VALUES (%(tenant_id)s, %(id)s, %(actor_id)s, now(), now())
            """,
            {"id": command.id, "actor_id": uow.actor_id},
        )
        uow.audit("export.start", holder=command.id)
    return 1


@whole_act
def continue_export(command: ContinueExport, uow: UnitOfWork, *, take_turn: Callable[[], bool]) -> int | None:
    """Let a writing that was interrupted, or failed, go on; return what `start_export` returns, and raise what it does.

    Raises:
        NotFoundError: The shop asked for no such file.
        ConflictError: It is written, or another was asked for since.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id):
            return None
        latest = _lock_latest(uow)
        known = uow.execute(
            "SELECT attempt FROM shop_exports WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
            {"id": command.export_id},
        ).one_or_none()
        if known is None:
            raise NotFoundError
        _must_be_free(latest)
        if latest.id != command.export_id or latest.is_ready:
            raise ConflictError
        _must_have_turn(take_turn)
        uow.execute(
            """
            UPDATE shop_exports
               SET attempt = attempt + 1, beat_at = now(), tables_done = 0, tables_total = 0, ended_at = NULL,
                   error = ''
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s
            """,
            {"id": command.export_id},
        )
        uow.audit("export.continue", holder=command.export_id)
    return int(known.attempt) + 1


@whole_act
def note_progress(command: NoteProgress, uow: UnitOfWork) -> bool:
    """Say how far the writing is, and that whoever writes is alive; False: it is not to go on."""
    with uow:
        return _note(uow, command, "beat_at = now(), tables_done = %(tables_done)s, tables_total = %(tables_total)s")


@whole_act
def finish_export(command: FinishExport, uow: UnitOfWork) -> bool:
    """Write down that the file is there; False: nobody waits for this attempt any more."""
    with uow:
        is_noted = _note(
            uow, command, "ended_at = now(), size = %(size)s, sha256 = %(sha256)s, tables_done = tables_total"
        )
        if is_noted:
            uow.audit("export.finish", holder=command.export_id, after={"digest": command.sha256.hex()})
    return is_noted


@whole_act
def fail_export(command: FailExport, uow: UnitOfWork) -> None:
    """Write down why there will be no file, unless nobody waits for this attempt any more."""
    with uow:
        if _note(uow, command, "ended_at = now(), error = %(error)s"):
            uow.audit("export.fail", holder=command.export_id, after={"why": command.error})


def _note(uow: UnitOfWork, command: NoteProgress | FinishExport | FailExport, changes: str) -> bool:
    """Change what is known of an attempt; False: nobody waits for it any more, and nothing is changed."""
    noted = uow.execute(
        f"""
        UPDATE shop_exports
           SET {changes}
         WHERE tenant_id = %(tenant_id)s AND id = %(export_id)s AND attempt = %(attempt)s AND ended_at IS NULL
        """,
        vars(command),
    )
    return noted.rowcount == 1


def _lock_latest(uow: UnitOfWork) -> Any:
    """Return the file that was asked for last; nobody else of the shop asks for one until the commit."""
    uow.execute("SELECT 1 FROM tenants WHERE tenant_id = %(tenant_id)s FOR NO KEY UPDATE")
    return uow.execute(
        """
        SELECT id, ended_at IS NULL AND beat_at > clock_timestamp() - %(silent)s AS is_under_way,
               sha256 IS NOT NULL AS is_ready
          FROM shop_exports
         WHERE tenant_id = %(tenant_id)s
         ORDER BY asked_at DESC
         LIMIT 1
        """,
        {"silent": SILENT_AFTER},
    ).one_or_none()


def _must_be_free(latest: Any) -> None:
    if latest and latest.is_under_way:
        raise ExportUnderWayError


def _must_have_turn(take_turn: Callable[[], bool]) -> None:
    if not take_turn():
        raise ExportsFullError
