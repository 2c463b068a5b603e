"""Counts as their pages ask for them: the list, one with what was counted last, and what differs."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.languages import gettext
from ledger_web.domain.money import round_half_up
from ledger_web.domain.stock import CountedLine, digest_of_count
from ledger_web.models.base import session_of

COUNTS_MAX: Final = 30
LAST_MAX: Final = 30
LEFT_OUT_MAX: Final = 50
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class CountRow:
    """A count in the list of the last ones."""

    id: uuid.UUID
    name: str
    is_blind: bool
    started_at: dt.datetime
    started_by: str | None
    closed_at: dt.datetime | None
    closed_by: str | None
    is_posted: bool
    transaction_id: uuid.UUID | None
    products: int  # counted
    differing: int

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def state(self) -> str:
        return gettext("open") if self.is_open else gettext("posted") if self.is_posted else gettext("put aside")


@dataclass(frozen=True, slots=True)
class CountLine(CountedLine):
    """A product of a count, with its names and what one is worth; minor units of the base currency."""

    name: str
    sku: str | None
    unit: str
    counted_at: dt.datetime
    counted_by: str | None
    on_hand: Decimal  # now
    value: int  # of what is on hand now
    unit_cost_last: Decimal

    @property
    def worth(self) -> int:
        """What the difference is worth, about: at average cost, as posting it now would take it."""
        unit_cost = self.value / self.on_hand if self.on_hand > 0 else self.unit_cost_last
        return (
            round_half_up(unit_cost * self.difference)
            if self.difference > 0
            else -round_half_up(unit_cost * -self.difference)
        )

    @property
    def will_be(self) -> Decimal:
        """What will be on hand once the difference is posted."""
        return self.on_hand + self.difference


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A product that ought to be there and was not counted."""

    product_id: uuid.UUID
    name: str
    unit: str
    on_hand: Decimal


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs in a count: shown before it is posted, which `digest` then names."""

    lines: tuple[CountLine, ...]
    equal: int  # products that were there as expected
    digest: str

    @property
    def gained(self) -> int:
        return sum(each.worth for each in self.lines if each.worth > 0)

    @property
    def lost(self) -> int:
        return -sum(each.worth for each in self.lines if each.worth < 0)


_COUNT: Final = """
    SELECT c.id, c.name, c.is_blind, c.started_at, s.name AS started_by, c.closed_at, e.name AS closed_by,
           c.is_posted, c.transaction_id, n.products, n.differing
      FROM stock_counts AS c
      LEFT JOIN users AS s ON s.tenant_id = :tenant_id AND s.id = c.started_by
      LEFT JOIN users AS e ON e.tenant_id = :tenant_id AND e.id = c.closed_by
     CROSS JOIN LATERAL (SELECT count(*) AS products,
                                count(*) FILTER (WHERE l.counted <> l.expected) AS differing
                           FROM stock_count_lines AS l
                          WHERE l.tenant_id = :tenant_id AND l.count_id = c.id) AS n
     WHERE c.tenant_id = :tenant_id
"""

_LINE: Final = """
    SELECT l.product_id, l.expected, l.counted, p.name, p.sku, p.unit, l.counted_at, u.name AS counted_by,
           coalesce(s.quantity, 0) AS on_hand, coalesce(s.value, 0) AS value,
           coalesce(s.unit_cost_last, 0) AS unit_cost_last
      FROM stock_count_lines AS l
      JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = l.product_id
      LEFT JOIN stock_levels AS s ON s.tenant_id = :tenant_id AND s.product_id = l.product_id
      LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = l.counted_by
     WHERE l.tenant_id = :tenant_id
       AND l.count_id = :count_id
"""


def list_counts(tenant_id: int) -> list[CountRow]:
    """Return the last counts: those under way first, then the newest."""
    rows = session_of(tenant_id).execute(
        text(f"{_COUNT} ORDER BY c.closed_at IS NOT NULL, c.started_at DESC, c.id DESC LIMIT :rows"),
        {"tenant_id": tenant_id, "rows": COUNTS_MAX},
    )
    return [CountRow(*row) for row in rows]


def get_count(tenant_id: int, count_id: uuid.UUID) -> CountRow:
    """Return a count.

    Raises:
        NotFoundError: The shop has no such count.
    """
    row = (
        session_of(tenant_id)
        .execute(text(f"{_COUNT} AND c.id = :id"), {"tenant_id": tenant_id, "id": count_id})
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("There is no such count in this shop.")
    return CountRow(*row)


def list_last_counted(tenant_id: int, count_id: uuid.UUID) -> list[CountLine]:
    """Return what was counted last, by anybody, newest first."""
    rows = session_of(tenant_id).execute(
        text(f"{_LINE} ORDER BY l.counted_at DESC, l.product_id LIMIT :rows"),
        {"tenant_id": tenant_id, "count_id": count_id, "rows": LAST_MAX},
    )
    return [CountLine(*row) for row in rows]


def list_differences(tenant_id: int, count_id: uuid.UUID) -> Differences:
    """Return the products of which more or less was there than expected, in the order of names."""
    counted = session_of(tenant_id).execute(
        text(
            """
            SELECT l.product_id, l.expected, l.counted FROM stock_count_lines AS l
             WHERE l.tenant_id = :tenant_id AND l.count_id = :count_id
            """
        ),
        {"tenant_id": tenant_id, "count_id": count_id},
    )
    lines = [CountedLine(row.product_id, row.expected, row.counted) for row in counted]
    rows = session_of(tenant_id).execute(
        text(f"{_LINE} AND l.counted <> l.expected ORDER BY p.name_key, p.id"),
        {"tenant_id": tenant_id, "count_id": count_id},
    )
    differing = tuple(CountLine(*row) for row in rows)
    return Differences(differing, len(lines) - len(differing), digest_of_count(lines))


def list_left_out(tenant_id: int, count_id: uuid.UUID) -> list[LeftOut]:
    """Return the first products that are on hand by the books and not in the count, in the order of names."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT p.id, p.name, p.unit, s.quantity
              FROM products AS p
              JOIN stock_levels AS s ON s.tenant_id = :tenant_id AND s.product_id = p.id
             WHERE p.tenant_id = :tenant_id
               AND p.stock_policy <> 'none'
               AND s.quantity <> 0
               AND NOT EXISTS (SELECT 1 FROM stock_count_lines AS l
                                WHERE l.tenant_id = :tenant_id AND l.count_id = :count_id AND l.product_id = p.id)
             ORDER BY p.name_key, p.id
             LIMIT :rows
            """
        ),
        {"tenant_id": tenant_id, "count_id": count_id, "rows": LEFT_OUT_MAX},
    )
    return [LeftOut(*row) for row in rows]


def iterate_counted(tenant_id: int, count_id: uuid.UUID) -> Iterator[CountLine]:
    """Yield every product of a count in the order of their ids, a thousand at a time."""
    after = uuid.UUID(int=0)
    while True:
        rows = session_of(tenant_id).execute(
            text(f"{_LINE} AND l.product_id > :after ORDER BY l.product_id LIMIT :rows"),
            {"tenant_id": tenant_id, "count_id": count_id, "after": after, "rows": _PAGE},
        )
        lines = [CountLine(*row) for row in rows]
        yield from lines
        if len(lines) < _PAGE:
            return
        after = lines[-1].product_id
