"""Which days a shop may post on: by its own clock, behind its lock date, at most one day ahead."""

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from ledger_web.domain.errors import (
    DayOutOfRangeError,
    LedgerError,
    NotFoundError,
    PeriodLockedError,
    ShopSuspendedError,
)
from ledger_web.services.posting import Act, Header

EARLIEST: Final = dt.date(2000, 1, 1)
DAYS_AHEAD: Final = 1  # a till of a shop whose zone was set late is a day ahead of itself; promises I8


@dataclass(frozen=True, slots=True)
class Calendar:
    """The shop's days, as they are at this moment."""

    today: dt.date  # the business day
    locked_until: dt.date | None
    is_suspended: bool = False

    @property
    def latest(self) -> dt.date:
        return self.today + dt.timedelta(days=DAYS_AHEAD)

    def refusal(self, header: Header) -> LedgerError | None:
        """Say why a transaction may not be posted on its day; None if it may."""
        if self.is_suspended:
            return ShopSuspendedError()
        day = header.occurred_on or self.today
        if not EARLIEST <= day <= self.latest:
            return DayOutOfRangeError(day, EARLIEST, self.latest)
        if self.locked_until is None or header.overrides_lock:
            return None
        locked = [each for each in (day, header.reverses_on) if each is not None and each <= self.locked_until]
        return PeriodLockedError(locked[0], self.locked_until) if locked else None


def read_calendar(act: Act) -> Calendar:
    row = act.execute(
        """
        SELECT business_day(now(), time_zone, day_starts_at) AS today, locked_until,
               suspended_at IS NOT NULL AS is_suspended
          FROM tenants
         WHERE tenant_id = %(tenant_id)s
        """
    ).one()
    return Calendar(row.today, row.locked_until, row.is_suspended)


def find_days(act: Act, transaction_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, dt.date]:
    """Return the business days of transactions.

    Raises:
        NotFoundError: One of them is not this shop's.
    """
    rows = act.execute(
        "SELECT id, occurred_on FROM transactions WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)",
        {"ids": list(transaction_ids)},
    )
    days = {row.id: row.occurred_on for row in rows}
    if len(days) < len(set(transaction_ids)):
        raise NotFoundError("There is no such transaction in this shop.")
    return days
