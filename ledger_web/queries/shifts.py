"""Shifts as pages ask for them: which drawers are open, one shift, its Z report and whether it is as it was written."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.shift_reports import digest_of_report
from ledger_web.models.base import session_of

SHIFTS_MAX = 60


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """A shift in a list."""

    id: uuid.UUID
    drawer_id: uuid.UUID
    drawer: str
    opened_at: dt.datetime
    opened_by: str | None
    closed_at: dt.datetime | None
    closed_by: str | None
    number: str | None  # of its Z report


@dataclass(frozen=True, slots=True)
class DrawerCurrency:
    """A currency a drawer holds or held, and how much of it should be there; minor units."""

    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class ZReportDetails:
    """A Z report as it was written. `is_intact` is False if it, or the one before it, was changed since."""

    shift_id: uuid.UUID
    number: str
    made_at: dt.datetime
    contents: dict[str, Any]
    is_intact: bool


@dataclass(frozen=True, slots=True)
class CountingRules:
    """How a shop counts. The limit is minor units of the base currency; None: no limit."""

    base_currency: str
    over_short_limit: int | None
    blind_count: bool


_SHIFTS = """
    SELECT s.id, s.drawer_id, d.name AS drawer, s.opened_at, o.name AS opened_by, s.closed_at, c.name AS closed_by,
           z.number
      FROM shifts AS s
      JOIN cash_drawers AS d ON d.tenant_id = :tenant_id AND d.id = s.drawer_id
      LEFT JOIN users AS o ON o.tenant_id = :tenant_id AND o.id = s.opened_by
      LEFT JOIN users AS c ON c.tenant_id = :tenant_id AND c.id = s.closed_by
      LEFT JOIN z_reports AS z ON z.tenant_id = :tenant_id AND z.shift_id = s.id
     WHERE s.tenant_id = :tenant_id {condition}
     ORDER BY s.opened_at DESC
     LIMIT :most
"""


def list_shifts(tenant_id: int, drawer_id: uuid.UUID) -> list[ShiftRow]:
    """Return the latest shifts of a drawer, newest first."""
    return _shifts(tenant_id, "AND s.drawer_id = :drawer_id", drawer_id=drawer_id)


def find_open_shift(tenant_id: int, drawer_id: uuid.UUID) -> ShiftRow | None:
    """Return the open shift of a drawer, if it is open."""
    found = _shifts(tenant_id, "AND s.drawer_id = :drawer_id AND s.closed_at IS NULL", drawer_id=drawer_id)
    return found[0] if found else None


def get_shift(tenant_id: int, shift_id: uuid.UUID) -> ShiftRow:
    """Return a shift.

    Raises:
        NotFoundError: The shop has no such shift.
    """
    found = _shifts(tenant_id, "AND s.id = :shift_id", shift_id=shift_id)
    if not found:
        raise NotFoundError("There is no such shift in this shop.")
    return found[0]


def list_drawer_currencies(tenant_id: int, drawer_id: uuid.UUID) -> list[DrawerCurrency]:
    """Return what should be in a drawer, the shop's base currency always and first."""
    rows = session_of(tenant_id).execute(
        text("""
            SELECT c.currency, coalesce(a.balance, 0) AS amount
              FROM (SELECT t.base_currency AS currency, 0 AS place
                      FROM tenants AS t
                     WHERE t.tenant_id = :tenant_id
                     UNION
                    SELECT a.currency, 1 AS place
                      FROM accounts AS a
                      JOIN tenants AS t ON t.tenant_id = :tenant_id AND t.base_currency <> a.currency
                     WHERE a.tenant_id = :tenant_id AND a.drawer_id = :drawer_id AND a.kind = 'cash') AS c
              LEFT JOIN accounts AS a
                ON a.tenant_id = :tenant_id AND a.drawer_id = :drawer_id AND a.kind = 'cash'
               AND a.currency = c.currency
             ORDER BY c.place, c.currency
        """),
        {"tenant_id": tenant_id, "drawer_id": drawer_id},
    )
    return [DrawerCurrency(**row._mapping) for row in rows]


def get_z_report(tenant_id: int, shift_id: uuid.UUID) -> ZReportDetails:
    """Return the Z report of a closed shift, and whether its digest and the one before it still agree.

    Raises:
        NotFoundError: The shop has no such report.
    """
    row = (
        session_of(tenant_id)
        .execute(
            text("""
                SELECT z.shift_id, z.number, z.made_at, z.contents, z.previous, z.digest,
                       (SELECT y.digest FROM z_reports AS y
                          JOIN shifts AS w ON w.tenant_id = :tenant_id AND w.id = y.shift_id
                         WHERE y.tenant_id = :tenant_id AND w.drawer_id = s.drawer_id AND w.closed_at < s.closed_at
                         ORDER BY w.closed_at DESC
                         LIMIT 1) AS digest_before
                  FROM z_reports AS z
                  JOIN shifts AS s ON s.tenant_id = :tenant_id AND s.id = z.shift_id
                 WHERE z.tenant_id = :tenant_id AND z.shift_id = :shift_id
            """),
            {"tenant_id": tenant_id, "shift_id": shift_id},
        )
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("There is no such report in this shop.")
    intact = row.previous == row.digest_before and digest_of_report(row.contents, row.previous) == row.digest
    return ZReportDetails(row.shift_id, row.number, row.made_at, row.contents, intact)


def get_counting_rules(tenant_id: int) -> CountingRules:
    """Return how the shop counts its drawers."""
    row = session_of(tenant_id).execute(
        text("SELECT base_currency, over_short_limit, blind_count FROM tenants WHERE tenant_id = :tenant_id"),
        {"tenant_id": tenant_id},
    )
    return CountingRules(**row.one()._mapping)


def _shifts(tenant_id: int, condition: str, **values: Any) -> list[ShiftRow]:
    rows: Sequence[Any] = (
        session_of(tenant_id)
        .execute(text(_SHIFTS.format(condition=condition)), {"tenant_id": tenant_id, "most": SHIFTS_MAX, **values})
        .all()
    )
    return [ShiftRow(**row._mapping) for row in rows]
