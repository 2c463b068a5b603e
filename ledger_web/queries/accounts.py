"""The chart of accounts with its balances, one account, and what a form may choose from."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import text

from ledger_web.domain.accounts import CHART, EQUITY, KIND_NAMES, MANY_HOLDERS, account_name, known_codes
from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.expenses import EXPENSES
from ledger_web.domain.journal import NORMAL_SIDE, AccountKey
from ledger_web.domain.languages import gettext
from ledger_web.models.base import session_of
from ledger_web.queries.balances import END_OF_TIME, balances_before

PAGE_SIZE = 50
PARTIES_OFFERED_MAX = 500


class PageKey(NamedTuple):
    """Where a page of holders ends: the order is by name, then by account."""

    name_key: str
    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account. `balance` is minor units of its currency, positive on its normal side."""

    id: uuid.UUID
    kind: str
    code: str | None
    party_id: uuid.UUID | None
    drawer_id: uuid.UUID | None
    name: str
    currency: str
    balance: int

    @property
    def key(self) -> AccountKey:
        return AccountKey(self.kind, self.currency, self.party_id, self.drawer_id, self.code)


@dataclass(frozen=True, slots=True)
class ChartLine:
    """A line of the chart: one account, or all holders of a kind in one currency (`account_id` is None then)."""

    kind: str
    name: str
    currency: str
    balance: int
    holders: int
    account_id: uuid.UUID | None

    @property
    def debit(self) -> int:
        """What stands on the debit side."""
        return max(self._debit_balance, 0)

    @property
    def credit(self) -> int:
        return max(-self._debit_balance, 0)

    @property
    def _debit_balance(self) -> int:
        return self.balance if NORMAL_SIDE[self.kind] == "debit" else -self.balance


@dataclass(frozen=True, slots=True)
class ChartPart:
    """One part of the chart, such as what the shop owes."""

    name: str
    lines: tuple[ChartLine, ...]


@dataclass(frozen=True, slots=True)
class ChartTotal:
    """What all accounts of a currency come to: the same on both sides, or the books are wrong."""

    currency: str
    debit: int
    credit: int


@dataclass(frozen=True, slots=True)
class HoldersPage:
    """Accounts of one kind and currency, by the name of their holder."""

    rows: Sequence[AccountRow]
    after: PageKey | None


@dataclass(frozen=True, slots=True)
class Choice:
    """An account a form may offer, without its currency: `value` is what the form sends."""

    value: str
    name: str


_NAMED = """
    SELECT a.id, a.kind, a.code, a.party_id, a.drawer_id, a.currency, a.balance, a.cached,
           coalesce(p.name, d.name, b.name, c.name) AS holder, coalesce(p.name_key, '') AS name_key
      FROM accounts AS a
      LEFT JOIN parties AS p
        ON p.tenant_id = :tenant_id
       AND p.id = a.party_id
      LEFT JOIN cash_drawers AS d
        ON d.tenant_id = :tenant_id
       AND d.id = a.drawer_id
      LEFT JOIN bank_accounts AS b
        ON b.tenant_id = :tenant_id
       AND b.code = a.code
       AND a.kind = 'bank'
      LEFT JOIN categories AS c
        ON c.tenant_id = :tenant_id
       AND c.code = a.code
       AND c.kind = CASE a.kind WHEN 'expense' THEN 'expense' WHEN 'revenue' THEN 'income' END
     WHERE a.tenant_id = :tenant_id
"""


def list_chart(tenant_id: int, base_currency: str) -> list[ChartPart]:
    """Return every account of the shop in the parts of the chart, those with many holders as one line a currency."""
    lines: defaultdict[str, list[ChartLine]] = defaultdict(list)
    for line in [*_single_accounts(tenant_id), *_held_by_many(tenant_id)]:
        lines[line.kind].append(line)

    def order(line: ChartLine) -> tuple[bool, str, str]:
        return line.currency != base_currency, line.currency, line.name

    parts = [
        ChartPart(gettext(name), tuple(line for kind in kinds for line in sorted(lines[kind], key=order)))
        for name, kinds in CHART.items()
    ]
    return [part for part in parts if part.lines]


def totals_of(chart: Sequence[ChartPart]) -> list[ChartTotal]:
    """Add up both sides, currency by currency."""
    sums: dict[str, tuple[int, int]] = {}
    for line in (line for part in chart for line in part.lines):
        debit, credit = sums.get(line.currency, (0, 0))
        sums[line.currency] = debit + line.debit, credit + line.credit
    return [ChartTotal(currency, *both) for currency, both in sorted(sums.items())]


def get_account(tenant_id: int, account_id: uuid.UUID) -> AccountRow:
    """Return an account with its balance.

    Raises:
        NotFoundError: The shop has no such account.
    """
    row = (
        session_of(tenant_id)
        .execute(text(_NAMED + " AND a.id = :id"), {"tenant_id": tenant_id, "id": account_id})
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("There is no such account in this shop.")
    balance = row.balance if row.cached else _summed(tenant_id, [account_id]).get(account_id, 0)
    name = account_name(row.kind, row.code, row.holder)
    return AccountRow(row.id, row.kind, row.code, row.party_id, row.drawer_id, name, row.currency, balance)


def list_holders(tenant_id: int, kind: str, currency: str, after: PageKey | None = None) -> HoldersPage:
    """Return the accounts of one kind and currency, by name."""
    condition = " AND a.kind = :kind AND a.currency = :currency"
    values: dict[str, object] = {"tenant_id": tenant_id, "kind": kind, "currency": currency, "most": PAGE_SIZE + 1}
    if after:
        condition += " AND (coalesce(p.name_key, ''), a.id) > (:name_key, :id)"
        values |= {"name_key": after.name_key, "id": after.id}
    order = """ ORDER BY coalesce(p.name_key, '') COLLATE "C", a.id LIMIT :most"""
    rows = session_of(tenant_id).execute(text(_NAMED + condition + order), values).all()
    page = [
        AccountRow(
            row.id,
            row.kind,
            row.code,
            row.party_id,
            row.drawer_id,
            account_name(row.kind, row.code, row.holder),
            row.currency,
            row.balance,
        )
        for row in rows[:PAGE_SIZE]
    ]
    last = rows[PAGE_SIZE - 1] if len(rows) > PAGE_SIZE else None
    return HoldersPage(page, PageKey(last.name_key, last.id) if last else None)


def list_currencies(tenant_id: int) -> list[str]:
    """Return the currencies the shop has accounts in, its own first."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT t.base_currency AS currency, 0 AS place
              FROM tenants AS t
             WHERE t.tenant_id = :tenant_id
             UNION ALL
            SELECT DISTINCT a.currency, 1
              FROM accounts AS a
             WHERE a.tenant_id = :tenant_id
             ORDER BY place, currency
            """
        ),
        {"tenant_id": tenant_id},
    )
    return list(dict.fromkeys(row.currency for row in rows))


def list_money_places(tenant_id: int) -> list[Choice]:
    """Return where money can be paid from and into: drawers in use, then bank accounts."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT 'cash' AS kind, d.id::text AS holder, d.name, 0 AS place
              FROM cash_drawers AS d
             WHERE d.tenant_id = :tenant_id
               AND d.active
             UNION ALL
            SELECT 'bank', b.code, b.name || ' (' || b.currency || ')', 1
              FROM bank_accounts AS b
             WHERE b.tenant_id = :tenant_id
               AND b.active
             ORDER BY place, name, holder
            """
        ),
        {"tenant_id": tenant_id},
    )
    return [Choice(f"{row.kind}:{row.holder}", row.name) for row in rows]


def list_categories(tenant_id: int, kind: str) -> list[Choice]:
    """Return the categories of expenses or of other income: every shop's, then the shop's own. `value` is the code."""
    rows = session_of(tenant_id).execute(
        text("SELECT code, name FROM categories WHERE tenant_id = :tenant_id AND kind = :kind ORDER BY name, code"),
        {"tenant_id": tenant_id, "kind": kind},
    )
    every = EXPENSES if kind == "expense" else known_codes("revenue")
    return [*(Choice(code, name) for code, name in every.items()), *(Choice(row.code, row.name) for row in rows)]


def list_shop_accounts(tenant_id: int) -> Mapping[str, list[Choice]]:
    """Return what an accountant may post to besides people's accounts, by the names of kinds.

    Those that are open already and those that open when they are first used.
    """
    offered: dict[str, list[Choice]] = {KIND_NAMES["cash"]: [], KIND_NAMES["bank"]: []}
    for place in list_money_places(tenant_id):
        offered[KIND_NAMES[place.value.partition(":")[0]]].append(place)
    offered[KIND_NAMES["equity"]] = [Choice(f"equity:{code}", name) for code, name in EQUITY.items()]
    offered[KIND_NAMES["revenue"]] = [Choice("revenue:", account_name("revenue", None))] + [
        Choice(f"revenue:{each.value}", each.name) for each in list_categories(tenant_id, "income")
    ]
    offered[KIND_NAMES["expense"]] = [
        Choice(f"expense:{each.value}", each.name) for each in list_categories(tenant_id, "expense")
    ]
    offered[gettext("Others")] = [
        Choice(f"{kind}:", KIND_NAMES[kind])
        for kind in ("tax_payable", "tax_receivable", "cost_of_sales", "exchange", "over_short", "rounding")
    ]
    return {name: choices for name, choices in offered.items() if choices}


def list_people_accounts(tenant_id: int) -> Mapping[str, list[Choice]]:
    """Return people's accounts by kind: whoever is not settled first, as many as a list can hold.

    Where more are not settled than a list holds, it is some of them.
    """
    rows = session_of(tenant_id).execute(
        text(
            """
            WITH unsettled AS MATERIALIZED (
                SELECT DISTINCT o.id FROM (
                    SELECT a.party_id AS id FROM accounts AS a
                     WHERE a.tenant_id = :tenant_id AND a.party_id IS NOT NULL AND a.balance <> 0
                     LIMIT 4 * :most) AS o
            ), chosen AS (
                (SELECT p.kind, p.id, p.name, p.name_key, 1 AS place
                   FROM unsettled AS u
                   JOIN parties AS p ON p.tenant_id = :tenant_id AND p.id = u.id AND p.archived_at IS NULL)
                 UNION ALL
                (SELECT q.kind, q.id, q.name, q.name_key, 2
                   FROM unnest(CAST(:kinds AS text[])) AS k(kind)
                  CROSS JOIN LATERAL (
                        SELECT r.kind, r.id, r.name, r.name_key FROM parties AS r
                         WHERE r.tenant_id = :tenant_id AND r.kind = k.kind AND r.archived_at IS NULL
                         ORDER BY r.name_key, r.id LIMIT :most) AS q
                  WHERE q.id NOT IN (SELECT u.id FROM unsettled AS u))
            )
            SELECT c.kind, c.id, c.name FROM chosen AS c ORDER BY c.place, c.name_key, c.id LIMIT :most
            """
        ),
        {"tenant_id": tenant_id, "most": PARTIES_OFFERED_MAX, "kinds": list(KIND_NAMES)},
    )
    offered: defaultdict[str, list[Choice]] = defaultdict(list)
    for row in rows:
        offered[KIND_NAMES[row.kind]].append(Choice(f"{row.kind}:{row.id}", row.name))
    return offered


def _single_accounts(tenant_id: int) -> list[ChartLine]:
    rows = (
        session_of(tenant_id)
        .execute(text(_NAMED + " AND NOT a.kind = ANY(:many)"), {"tenant_id": tenant_id, "many": list(MANY_HOLDERS)})
        .all()
    )
    sums = _summed(tenant_id, [row.id for row in rows if not row.cached])
    return [
        ChartLine(
            row.kind,
            account_name(row.kind, row.code, row.holder),
            row.currency,
            row.balance if row.cached else sums.get(row.id, 0),
            1,
            row.id,
        )
        for row in rows
    ]


def _held_by_many(tenant_id: int) -> list[ChartLine]:
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT kind, currency, sum(balance)::bigint AS balance, count(*) AS holders
              FROM accounts
             WHERE tenant_id = :tenant_id
               AND kind = ANY(:many)
             GROUP BY kind, currency
            """
        ),
        {"tenant_id": tenant_id, "many": list(MANY_HOLDERS)},
    )
    return [ChartLine(row.kind, KIND_NAMES[row.kind], row.currency, row.balance, row.holders, None) for row in rows]


def _summed(tenant_id: int, account_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Return the balances of accounts that cache none; those without entries are not in it."""
    return balances_before(tenant_id, account_ids, END_OF_TIME)
