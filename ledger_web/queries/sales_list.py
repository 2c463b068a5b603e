"""The list of sales: what was asked for, newest first, a page at a time, and what all of it comes to."""

import datetime as dt
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import text

from ledger_web.domain.languages import Texts, gettext
from ledger_web.domain.search_words import ranges
from ledger_web.models.base import session_of
from ledger_web.queries.scope import reach, within
from ledger_web.queries.search import bounds, holders_of_every_word

PAGE_SIZE = 50
TOTALLED_MAX = 20_000  # sales; beyond them a list says so and adds up nothing
FILE_ROWS_MAX = 50_000

# What a sale can be asked to be, and how it is asked.
STATES: Final = Texts(
    {
        "": "All",
        "stands": "Not deleted",
        "deleted": "Deleted",
        "returned": "Something came back",
        "on_account": "On account",
    }
)
_STATE_CONDITIONS: Final = {
    "stands": "s.deleted_at IS NULL",
    "deleted": "s.deleted_at IS NOT NULL",
    "returned": "s.return_count > 0",
    "on_account": "s.on_account > 0 AND s.deleted_at IS NULL",
}
_NUMBER: Final = re.compile(r"[A-Z0-9]{1,4}-[0-9]{0,12}")
_DIGITS: Final = re.compile(r"[0-9]{1,9}")


class PageKey(NamedTuple):
    """Where a page of sales ends: the order is by business day, then by id."""

    sold_on: dt.date
    id: uuid.UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesAsked:
    """Which sales a list shows. All that is said must be true of each of them."""

    words: str = ""  # the beginning of a number, its digits, or words of the customer's or a product's name
    since: dt.date | None = None
    until: dt.date | None = None
    drawer_id: uuid.UUID | None = None
    cashier_id: uuid.UUID | None = None
    amount: int | None = None  # the total, minor units of the base currency
    state: str = ""  # a key of STATES


@dataclass(frozen=True, slots=True)
class SaleRow:
    """A sale in a list."""

    id: uuid.UUID
    number: str
    sold_on: dt.date
    sold_at: dt.datetime
    drawer: str
    customer: str | None
    cashier: str | None
    currency: str
    total: int
    tax_total: int
    on_account: int
    returned_total: int
    return_count: int
    is_deleted: bool

    @property
    def net(self) -> int:
        return 0 if self.is_deleted else self.total - self.returned_total

    @property
    def state(self) -> str:
        """Say in a word how it stands; nothing where it stands as it was sold."""
        if self.is_deleted:
            return gettext("deleted")
        if self.return_count:
            return gettext("returned") if self.returned_total == self.total else gettext("partly returned")
        return gettext("on account") if self.on_account else ""


@dataclass(frozen=True, slots=True)
class SalesTotals:
    """What all sales that were asked for come to, minor units of the base currency."""

    count: int
    gross: int
    deleted: int  # how many
    voided: int
    returned: int

    @property
    def net(self) -> int:
        return self.gross - self.voided - self.returned


@dataclass(frozen=True, slots=True)
class SalesPage:
    """Some sales, newest first, the key after which the older ones begin, and what all of them come to."""

    rows: Sequence[SaleRow]
    older_than: PageKey | None
    totals: SalesTotals | None  # None: there are too many to add up while somebody waits


_LIST = """
    SELECT s.id, s.number, s.sold_on, s.sold_at, d.name AS drawer, k.name AS customer, u.name AS cashier,
           s.currency, s.total, s.tax_total, s.on_account, s.returned_total, s.return_count,
           s.deleted_at IS NOT NULL AS is_deleted
      FROM sales AS s
      JOIN cash_drawers AS d ON d.tenant_id = :tenant_id AND d.id = s.drawer_id
      LEFT JOIN parties AS k ON k.tenant_id = :tenant_id AND k.id = s.customer_id
      LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = s.cashier_id
     WHERE s.tenant_id = :tenant_id {conditions}
     ORDER BY s.sold_on DESC, s.id DESC
     LIMIT :limit
"""

_TOTALS = """
    SELECT count(*) AS count, coalesce(sum(total), 0)::bigint AS gross,
           count(deleted_at) AS deleted,
           coalesce(sum(total) FILTER (WHERE deleted_at IS NOT NULL), 0)::bigint AS voided,
           coalesce(sum(returned_total), 0)::bigint AS returned
      FROM (SELECT s.total, s.deleted_at, s.returned_total
              FROM sales AS s
             WHERE s.tenant_id = :tenant_id {conditions}
             LIMIT :limit) AS asked
"""


def list_sales(tenant_id: int, asked: SalesAsked, *, older_than: PageKey | None = None) -> SalesPage:
    """Return a page of sales, newest first.

    Args:
        older_than: The key of the last sale of the page before.
    """
    rows = _rows(tenant_id, asked, older_than, PAGE_SIZE + 1)
    page = rows[:PAGE_SIZE]
    older = PageKey(page[-1].sold_on, page[-1].id) if len(rows) > PAGE_SIZE else None
    return SalesPage(page, older, _totals(tenant_id, asked))


def list_for_file(tenant_id: int, asked: SalesAsked) -> list[SaleRow]:
    """Return all sales that were asked for, newest first, as many as a file holds."""
    return _rows(tenant_id, asked, None, FILE_ROWS_MAX)


def _rows(tenant_id: int, asked: SalesAsked, older_than: PageKey | None, limit: int) -> list[SaleRow]:
    conditions, values = _conditions(asked)
    if older_than:
        conditions += " AND (s.sold_on, s.id) < (:before_day, :before_id)"
        values |= {"before_day": older_than.sold_on, "before_id": older_than.id}
    rows = session_of(tenant_id).execute(
        text(_LIST.format(conditions=conditions)), {"tenant_id": tenant_id, "limit": limit, **values}
    )
    return [SaleRow(**row._mapping) for row in rows]


def _totals(tenant_id: int, asked: SalesAsked) -> SalesTotals | None:
    conditions, values = _conditions(asked)
    totals = session_of(tenant_id).execute(
        text(_TOTALS.format(conditions=conditions)),
        {"tenant_id": tenant_id, "limit": TOTALLED_MAX + 1, **values},
    )
    found = SalesTotals(**totals.one()._mapping)
    return found if found.count <= TOTALLED_MAX else None


def _conditions(asked: SalesAsked) -> tuple[str, dict[str, object]]:
    """Write what must be true of a sale `s`, and the values for it. Every text in it is ours."""
    conditions, values = _found(asked.words)
    plain = {
        "s.sold_on >= :since": asked.since,
        "s.sold_on <= :until": asked.until,
        "s.drawer_id = :drawer_id": asked.drawer_id,
        "s.cashier_id = :cashier_id": asked.cashier_id,
        "s.total = :amount": asked.amount,
    }
    for condition, value in plain.items():
        if value is not None:
            conditions += f" AND {condition}"
            values[condition.rpartition(":")[2]] = value
    conditions += within(person="s.cashier_id", drawer="s.drawer_id")
    values |= reach()
    if asked.state:
        conditions += f" AND {_STATE_CONDITIONS[asked.state]}"
    return conditions, values


def _found(words: str) -> tuple[str, dict[str, object]]:
    """Say which sales the words are about: of a number, else of a customer or a product."""
    number = words.strip().upper()
    if not number:
        return "", {}
    if _NUMBER.fullmatch(number):
        return " AND s.number >= :number AND s.number < :number_end", {
            "number": number,
            "number_end": number + "\U0010ffff",
        }
    ways, values = [], dict[str, object]()
    if _DIGITS.fullmatch(number):
        ways.append(
            """SELECT n.id FROM sales AS n
                WHERE n.tenant_id = :tenant_id
                  AND n.number = ANY(ARRAY(SELECT r.series || '-' || lpad(:digits, 6, '0') FROM cash_drawers AS r
                                            WHERE r.tenant_id = :tenant_id))"""
        )
        values["digits"] = number.lstrip("0") or "0"
    parts = ranges(words)
    if parts:
        values |= bounds(parts)
        parties = holders_of_every_word("party_words", "party_id", len(parts))
        products = holders_of_every_word("product_words", "product_id", len(parts))
        ways.append(
            f"SELECT n.id FROM sales AS n WHERE n.tenant_id = :tenant_id AND n.customer_id = ANY(ARRAY({parties}))"
        )
        ways.append(
            "SELECT l.sale_id FROM sale_lines AS l"
            f" WHERE l.tenant_id = :tenant_id AND l.product_id = ANY(ARRAY({products}))"
        )
    if not ways:
        return " AND false", {}
    return f" AND s.id = ANY(ARRAY({' UNION '.join(ways)}))", values
