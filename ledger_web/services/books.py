"""How the books are kept: up to which day they are closed, and when a business day begins."""

import datetime as dt
import uuid
from dataclasses import dataclass

from ledger_web.domain.errors import RuleViolationError, StaleEditError
from ledger_web.domain.languages import gettext
from ledger_web.services.calendar import EARLIEST, read_calendar
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

NOON = dt.time(12)


@dataclass(frozen=True, kw_only=True)
class SetLockDate:
    """Close the books up to a day, or open them again."""

    id: uuid.UUID
    version: int  # of the settings that were shown
    locked_until: dt.date | None  # the last closed day; None: nothing is closed
    reason: str


@dataclass(frozen=True, kw_only=True)
class SetDayStart:
    """Say when a business day begins: sales before count to the day before."""

    id: uuid.UUID
    version: int  # of the settings that were shown
    day_starts_at: dt.time  # by the shop's clock, before noon


@whole_act
def set_lock_date(command: SetLockDate, uow: UnitOfWork) -> Recorded:
    """Close or open a period. Waits for postings that are under way, and lets none pass that begins meanwhile.

    Raises:
        StaleEditError: Somebody changed the settings since they were shown.
        RuleViolationError: The day is not over yet, or it is locked up to there already.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        before = _take(uow, command.version)
        today = read_calendar(uow).today
        if command.locked_until is not None and not EARLIEST <= command.locked_until < today:
            raise RuleViolationError(
                gettext("Only days that are over can be locked: choose one before %(today)s.", today=today)
            )
        if command.locked_until == before:
            raise RuleViolationError("That is how it is already. Choose another day.")
        uow.execute(
            """
            UPDATE tenants
               SET locked_until = %(locked_until)s, books_version = books_version + 1
             WHERE tenant_id = %(tenant_id)s
            """,
            {"locked_until": command.locked_until},
        )
        uow.execute(
            """
            INSERT INTO lock_date_changes
                   (tenant_id, id, changed_at, actor_id, locked_before, locked_after, reason)
            VALUES (%(tenant_id)s, %(id)s, now(), %(actor_id)s, %(before)s, %(after)s, %(reason)s)
            """,
            {
                "id": command.id,
                "actor_id": uow.actor_id,
                "before": before,
                "after": command.locked_until,
                "reason": command.reason,
            },
        )
        uow.audit(
            "settings.lock",
            before={"locked_until": before},
            after={"locked_until": command.locked_until, "reason": command.reason},
        )
    return Recorded(command.id)


@whole_act
def set_day_start(command: SetDayStart, uow: UnitOfWork) -> Recorded:
    """Choose the hour at which a business day begins. What is posted already keeps its day.

    Raises:
        StaleEditError: Somebody changed the settings since they were shown.
        RuleViolationError: It is not in the morning.
    """
    if command.day_starts_at >= NOON:
        raise RuleViolationError("A business day begins before noon. Choose an hour of the morning.")
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        _take(uow, command.version)
        uow.execute(
            """
            UPDATE tenants
               SET day_starts_at = %(day_starts_at)s, books_version = books_version + 1
             WHERE tenant_id = %(tenant_id)s
            """,
            {"day_starts_at": command.day_starts_at},
        )
        uow.audit("settings.edit", after={"day_starts_at": command.day_starts_at})
    return Recorded(command.id)


def _take(uow: UnitOfWork, version: int) -> dt.date | None:
    """Lock the shop's row against every posting, and return the lock date as it is.

    FOR UPDATE, which fights the key-share locks of postings, on purpose: this is the one moment when they have to
    wait, and it is rare and short.
    """
    row = uow.execute(
        "SELECT books_version, locked_until FROM tenants WHERE tenant_id = %(tenant_id)s FOR UPDATE"
    ).one()
    if row.books_version != version:
        raise StaleEditError
    locked_until: dt.date | None = row.locked_until
    return locked_until
