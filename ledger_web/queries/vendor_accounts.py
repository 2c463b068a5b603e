"""What raised and lowered what a vendor is owed, in every currency and in the shop's own, with both balances.

In the shop's own currency a debt stands at what it was worth when it arose. What pays it takes that away, whatever was
paid for it; the difference is the gain or loss beside it. So the balance is always what the open documents stand at.
"""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, text

from ledger_web.domain.transactions import title_of
from ledger_web.models.base import session_of
from ledger_web.queries.statements import LATEST, Place, place_of

LINES_MAX: Final = 50
_LAST_ID: Final = uuid.UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class AccountPlace:
    """Where a line stands: one transaction may have lines in several currencies."""

    place: Place
    currency: str

    def __str__(self) -> str:
        return f"{self.place}.{self.currency}"


END: Final = AccountPlace(Place(LATEST, _LAST_ID), "")


def account_place_of(text: str) -> AccountPlace | None:
    """Read a place as `str` writes it; anything else is None."""
    head, _, currency = text.rpartition(".")
    place = place_of(head)
    return AccountPlace(place, currency) if place and len(currency) == 3 and currency.isascii() else None


@dataclass(frozen=True, slots=True)
class AccountLine:
    """What one transaction did: above zero the shop owes more. Minor units of `currency`, or of the base currency."""

    at: AccountPlace
    title: str
    memo: str
    currency: str
    amount: int
    balance: int  # in this currency, after it
    base: int
    base_balance: int  # of all currencies, after it
    realised: int  # by the rate: a gain above zero, a loss below
    purchase_id: uuid.UUID | None

    @property
    def day(self) -> dt.date:
        return self.at.place.day


@dataclass(frozen=True, slots=True)
class VendorAccount:
    """A page of what happened with a vendor, newest first, and what is owed in each currency as it stands."""

    lines: Sequence[AccountLine]
    owed: Sequence[tuple[str, int]]
    owed_base: int
    has_unvalued: bool  # something open is worth nothing yet: paid ahead in its own currency, or of an unknown rate
    older_than: AccountPlace | None


# All moves of a vendor's items: they arise and are cancelled, and what settles them brings the worth of both sides
# together. One line per transaction and currency, in the order of days, with what was owed after it.
_ACCOUNT = text("""
    WITH items AS MATERIALIZED (
        SELECT i.id, i.transaction_id, i.cancelled_in, i.currency, i.side,
               CASE i.side WHEN 'charge' THEN i.amount ELSE -i.amount END AS amount,
               CASE i.side WHEN 'charge' THEN 1 ELSE -1 END
                   * CASE WHEN i.currency = t.base_currency THEN i.amount ELSE coalesce(i.base_amount, 0) END AS worth
          FROM open_items AS i
          JOIN tenants AS t ON t.tenant_id = :tenant_id
         WHERE i.tenant_id = :tenant_id AND i.party_id = :id
    ), settled AS MATERIALIZED (
        SELECT a.made_in, a.released_in, i.currency, coalesce(a.credit_base, 0) - coalesce(a.charge_base, 0) AS worth,
               coalesce(a.charge_base - a.credit_base, 0) AS realised
          FROM items AS i
          JOIN allocations AS a ON a.tenant_id = :tenant_id AND a.charge_id = i.id
         WHERE i.side = 'charge'
    ), moves AS (
        SELECT transaction_id, currency, amount, worth, 0::bigint AS realised FROM items
         UNION ALL
        SELECT cancelled_in, currency, -amount, -worth, 0 FROM items WHERE cancelled_in IS NOT NULL
         UNION ALL
        SELECT made_in, currency, 0, worth, realised FROM settled
         UNION ALL
        SELECT released_in, currency, 0, -worth, -realised FROM settled WHERE released_in IS NOT NULL
    ), lines AS (
        SELECT t.occurred_on, m.transaction_id, m.currency, t.kind, t.memo, t.reverses_id,
               sum(m.amount)::bigint AS amount, sum(m.worth)::bigint AS base, sum(m.realised)::bigint AS realised
          FROM moves AS m
          JOIN transactions AS t ON t.tenant_id = :tenant_id AND t.id = m.transaction_id
         GROUP BY t.occurred_on, m.transaction_id, m.currency, t.kind, t.memo, t.reverses_id
    ), running AS (
        SELECT l.*, sum(l.amount) OVER (PARTITION BY l.currency ORDER BY l.occurred_on, l.transaction_id)::bigint
                   AS balance,
               sum(l.base) OVER (ORDER BY l.occurred_on, l.transaction_id, l.currency)::bigint AS base_balance
          FROM lines AS l
    ), page AS (
        SELECT * FROM running AS r
         WHERE (r.occurred_on, r.transaction_id, r.currency)
               < (CAST(:day AS date), CAST(:transaction_id AS uuid), CAST(:currency AS char(3)))
         ORDER BY r.occurred_on DESC, r.transaction_id DESC, r.currency DESC
         LIMIT :limit
    )
    SELECT x.occurred_on, x.transaction_id, x.currency, x.kind, x.memo, x.amount, x.balance, x.base, x.base_balance,
           x.realised, coalesce(d.kind, x.kind) AS document_kind, coalesce(p.number, r.number, '') AS number,
           coalesce(p.id, r.purchase_id, c.purchase_id) AS purchase_id
      FROM page AS x
      LEFT JOIN transactions AS d ON d.tenant_id = :tenant_id AND d.id = x.reverses_id
      LEFT JOIN purchases AS p
        ON p.tenant_id = :tenant_id AND p.id = CASE WHEN d.id IS NULL THEN x.transaction_id ELSE d.id END
      LEFT JOIN purchase_returns AS r
        ON r.tenant_id = :tenant_id AND r.id = CASE WHEN d.id IS NULL THEN x.transaction_id ELSE d.id END
      LEFT JOIN purchase_charges AS c
        ON c.tenant_id = :tenant_id AND c.id = CASE WHEN d.id IS NULL THEN x.transaction_id ELSE d.id END
     ORDER BY x.occurred_on DESC, x.transaction_id DESC, x.currency DESC
""")

_OWED = text("""
    SELECT i.currency,
           sum(CASE i.side WHEN 'charge' THEN 1 ELSE -1 END * (i.amount - i.settled))::bigint AS owed,
           sum(CASE i.side WHEN 'charge' THEN 1 ELSE -1 END
               * CASE WHEN i.currency = t.base_currency THEN i.amount - i.settled
                      ELSE coalesce(i.base_amount - i.base_settled, 0) END)::bigint AS owed_base,
           bool_or(i.currency <> t.base_currency AND i.base_amount IS NULL) AS has_unvalued
      FROM open_items AS i
      JOIN tenants AS t ON t.tenant_id = :tenant_id
     WHERE i.tenant_id = :tenant_id AND i.party_id = :id AND i.settled < i.amount AND i.cancelled_in IS NULL
     GROUP BY i.currency
     ORDER BY i.currency
""")


def get_vendor_account(
    tenant_id: int, vendor_id: uuid.UUID, *, older_than: AccountPlace | None = None, lines_max: int = LINES_MAX
) -> VendorAccount:
    """Return a page of what raised and lowered what a vendor is owed, newest first."""
    session, values = session_of(tenant_id), {"tenant_id": tenant_id, "id": vendor_id}
    before = older_than or END
    asked = {
        "day": before.place.day,
        "transaction_id": before.place.transaction_id,
        "currency": before.currency,
        "limit": lines_max + 1,
    }
    rows = session.execute(_ACCOUNT, values | asked).all()
    owed = session.execute(_OWED, values).all()
    lines = [_line(row) for row in rows[:lines_max]]
    return VendorAccount(
        lines,
        [(row.currency, row.owed) for row in owed if row.owed],
        sum(row.owed_base for row in owed),
        any(row.has_unvalued for row in owed),
        lines[-1].at if len(rows) > lines_max else None,
    )


def iterate_vendor_account(tenant_id: int, vendor_id: uuid.UUID, *, lines_max: int = 2000) -> Iterator[AccountLine]:
    """Return all lines, newest first, a page at a time."""
    place: AccountPlace | None = END
    while place is not None:
        page = get_vendor_account(tenant_id, vendor_id, older_than=place, lines_max=lines_max)
        yield from page.lines
        place = page.older_than


def _line(row: Row[Any]) -> AccountLine:
    return AccountLine(
        AccountPlace(Place(row.occurred_on, row.transaction_id), row.currency),
        title_of(row.kind, row.document_kind, row.number),
        row.memo,
        row.currency,
        row.amount,
        row.balance,
        row.base,
        row.base_balance,
        row.realised,
        row.purchase_id,
    )
