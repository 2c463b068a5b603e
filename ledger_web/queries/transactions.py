"""The register: everything that happened, newest first, and one of them with its entries."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import text

from ledger_web.domain.accounts import account_name
from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.languages import gettext
from ledger_web.domain.search_words import ranges
from ledger_web.domain.transactions import title_of, why_not_reversible
from ledger_web.models.base import session_of
from ledger_web.queries.search import bounds

PAGE_SIZE = 50


class PageKey(NamedTuple):
    """Where a page of the register ends: the order is by business day, then by id."""

    occurred_on: dt.date
    id: uuid.UUID


class Amount(NamedTuple):
    """Money of one currency, minor units."""

    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A transaction in the register. `amounts` leave out what goods cost: a sale shows what was paid for it."""

    id: uuid.UUID
    kind: str
    occurred_on: dt.date
    posted_at: dt.datetime
    actor: str
    memo: str
    document_kind: str  # of what is reversed, if it is a reversal; otherwise the same as `kind`
    document_id: uuid.UUID
    number: str  # of the sale; "" where the document has none
    party: str
    is_reversed: bool
    overrides_lock: bool
    amounts: tuple[Amount, ...] = ()

    @property
    def title(self) -> str:
        return title_of(self.kind, self.document_kind, self.number)


@dataclass(frozen=True, slots=True)
class TransactionsPage:
    """Some transactions, newest first, and the key after which the older ones begin."""

    rows: Sequence[TransactionRow]
    older_than: PageKey | None


@dataclass(frozen=True, slots=True)
class EntryAccount:
    """One side of an entry."""

    id: uuid.UUID
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry as it stands in the books."""

    line: int
    debit: EntryAccount
    credit: EntryAccount
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class TransactionDetails:
    """A transaction with its entries, and what it reverses or was reversed by."""

    id: uuid.UUID
    kind: str
    occurred_on: dt.date
    posted_at: dt.datetime
    actor: str
    memo: str
    document_kind: str
    document_id: uuid.UUID
    number: str
    party: str
    overrides_lock: bool
    reversal_id: uuid.UUID | None
    reversed_at: dt.datetime | None
    reversed_by: str
    reversal_memo: str
    entries: tuple[EntryRow, ...]

    @property
    def title(self) -> str:
        return title_of(self.kind, self.document_kind, self.number)

    @property
    def why_not_reversible(self) -> str:
        """Where it is undone instead; "" if it may be reversed here."""
        return gettext("It was reversed already.") if self.reversal_id else why_not_reversible(self.kind)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody who may have posted."""

    id: uuid.UUID
    name: str


# What every reading of a transaction tells of it; `r` is what it reverses.
_HEADER = """
    SELECT t.id, t.kind, t.occurred_on, t.posted_at, coalesce(u.name, '') AS actor, t.memo,
           coalesce(r.kind, t.kind) AS document_kind, coalesce(r.id, t.id) AS document_id,
           coalesce(d.number, b.number, '') AS number,
           coalesce((SELECT min(q.name)
                       FROM payments AS m
                       JOIN parties AS q
                         ON q.tenant_id = :tenant_id
                        AND q.id = m.party_id
                      WHERE m.tenant_id = :tenant_id
                        AND m.transaction_id = CASE WHEN r.id IS NULL THEN t.id ELSE r.id END),
                    k.name, v.name, '') AS party,
           {columns}
      FROM transactions AS t
      LEFT JOIN transactions AS r
        ON r.tenant_id = :tenant_id
       AND r.id = t.reverses_id
      LEFT JOIN transactions AS x
        ON x.tenant_id = :tenant_id
       AND x.reverses_id = t.id
      LEFT JOIN sales AS d
        ON d.tenant_id = :tenant_id
       AND d.id = CASE WHEN r.id IS NULL THEN t.id ELSE r.id END
      LEFT JOIN purchases AS b
        ON b.tenant_id = :tenant_id
       AND b.id = CASE WHEN r.id IS NULL THEN t.id ELSE r.id END
      LEFT JOIN parties AS k
        ON k.tenant_id = :tenant_id
       AND k.id = d.customer_id
      LEFT JOIN parties AS v
        ON v.tenant_id = :tenant_id
       AND v.id = b.vendor_id
      LEFT JOIN users AS u
        ON u.tenant_id = :tenant_id
       AND u.id = t.actor_id
      {rest}
     WHERE t.tenant_id = :tenant_id {conditions}
"""

_LIST = (
    _HEADER.replace("{columns}", "x.id IS NOT NULL AS is_reversed, t.overrides_lock").replace("{rest}", "")
    + """
     ORDER BY t.occurred_on DESC, t.id DESC
     LIMIT :page_size
"""
)

_ONE = text(
    _HEADER.format(
        columns="""t.overrides_lock, x.id AS reversal_id, x.posted_at AS reversed_at,
           coalesce(w.name, '') AS reversed_by, coalesce(x.memo, '') AS reversal_memo""",
        rest="""LEFT JOIN users AS w
        ON w.tenant_id = :tenant_id
       AND w.id = x.actor_id""",
        conditions="AND t.id = :transaction_id",
    )
)

# What was typed: the beginnings of words of a memo, or of a number as on the receipt, of what was posted or reversed.
_FOUND = """
       AND t.id IN ({words}
                     UNION
                    SELECT s.id
                      FROM sales AS s
                     WHERE s.tenant_id = :tenant_id
                       AND s.number >= :number
                       AND s.number < :number_end
                     UNION
                    SELECT y.id
                      FROM sales AS s
                      JOIN transactions AS y
                        ON y.tenant_id = :tenant_id
                       AND y.reverses_id = s.id
                     WHERE s.tenant_id = :tenant_id
                       AND s.number >= :number
                       AND s.number < :number_end)
"""
_WORD = """
                    SELECT w.transaction_id
                      FROM transaction_words AS w
                     WHERE w.tenant_id = :tenant_id
                       AND w.word >= :low_{n}
                       AND w.word < :high_{n}"""

_AMOUNTS = text("""
    SELECT e.transaction_id, e.currency, sum(e.amount)::bigint AS amount
      FROM entries AS e
      JOIN accounts AS a
        ON a.tenant_id = :tenant_id
       AND a.id = e.debit_account_id
      JOIN accounts AS b
        ON b.tenant_id = :tenant_id
       AND b.id = e.credit_account_id
     WHERE e.tenant_id = :tenant_id
       AND e.transaction_id = ANY(:ids)
       AND NOT (a.kind IN ('cost_of_sales', 'inventory') AND b.kind IN ('cost_of_sales', 'inventory'))
     GROUP BY e.transaction_id, e.currency
     ORDER BY e.transaction_id, e.currency
""")

_ENTRIES = text("""
    SELECT e.line, e.currency, e.amount,
           a.id AS debit_id, a.kind AS debit_kind, a.code AS debit_code,
           coalesce(p.name, f.name, v.name, g.name) AS debit_holder,
           b.id AS credit_id, b.kind AS credit_kind, b.code AS credit_code,
           coalesce(q.name, h.name, w.name, i.name) AS credit_holder
      FROM entries AS e
      JOIN accounts AS a
        ON a.tenant_id = :tenant_id
       AND a.id = e.debit_account_id
      LEFT JOIN parties AS p
        ON p.tenant_id = :tenant_id
       AND p.id = a.party_id
      LEFT JOIN cash_drawers AS f
        ON f.tenant_id = :tenant_id
       AND f.id = a.drawer_id
      LEFT JOIN bank_accounts AS v
        ON v.tenant_id = :tenant_id
       AND v.code = a.code
       AND a.kind = 'bank'
      LEFT JOIN categories AS g
        ON g.tenant_id = :tenant_id
       AND g.code = a.code
       AND g.kind = CASE a.kind WHEN 'expense' THEN 'expense' WHEN 'revenue' THEN 'income' END
      JOIN accounts AS b
        ON b.tenant_id = :tenant_id
       AND b.id = e.credit_account_id
      LEFT JOIN parties AS q
        ON q.tenant_id = :tenant_id
       AND q.id = b.party_id
      LEFT JOIN cash_drawers AS h
        ON h.tenant_id = :tenant_id
       AND h.id = b.drawer_id
      LEFT JOIN bank_accounts AS w
        ON w.tenant_id = :tenant_id
       AND w.code = b.code
       AND b.kind = 'bank'
      LEFT JOIN categories AS i
        ON i.tenant_id = :tenant_id
       AND i.code = b.code
       AND i.kind = CASE b.kind WHEN 'expense' THEN 'expense' WHEN 'revenue' THEN 'income' END
     WHERE e.tenant_id = :tenant_id
       AND e.transaction_id = :transaction_id
     ORDER BY e.line
""")


def list_transactions(
    tenant_id: int,
    *,
    kind: str = "",
    since: dt.date | None = None,
    until: dt.date | None = None,
    actor_id: uuid.UUID | None = None,
    words: str = "",
    overrides: bool = False,
    older_than: PageKey | None = None,
    rows_max: int = PAGE_SIZE,
) -> TransactionsPage:
    """Return a page of everything that happened, newest business day first.

    Args:
        kind: Only transactions of this kind.
        since, until: First and last business day.
        actor_id: Only what this person posted.
        words: Beginnings of words of a memo, or the beginning of a number: "A-0010".
        overrides: Only what was posted into a locked period.
        older_than: The key of the last transaction of the page before.
    """
    conditions = ""
    values: dict[str, object] = {"tenant_id": tenant_id, "page_size": rows_max + 1}
    if kind:
        # The index of kinds leaves out sales, which are most of what there is; saying so lets it be used.
        conditions += " AND t.kind = :kind" + ("" if kind == "sale" else " AND t.kind <> 'sale'")
        values["kind"] = kind
    if since:
        conditions += " AND t.occurred_on >= :since"
        values["since"] = since
    if until:
        conditions += " AND t.occurred_on <= :until"
        values["until"] = until
    if actor_id:
        conditions += " AND t.actor_id = :actor_id"
        values["actor_id"] = actor_id
    if overrides:
        conditions += " AND t.overrides_lock"
    if words:
        condition, more = _found(words)
        conditions += condition
        values |= more
    if older_than:
        conditions += " AND (t.occurred_on, t.id) < (:before_day, :before_id)"
        values |= {"before_day": older_than.occurred_on, "before_id": older_than.id}
    rows = session_of(tenant_id).execute(text(_LIST.replace("{conditions}", conditions)), values).all()
    amounts = _amounts(tenant_id, [row.id for row in rows[:rows_max]])
    page = tuple(TransactionRow(**row._mapping, amounts=amounts.get(row.id, ())) for row in rows[:rows_max])
    return TransactionsPage(page, PageKey(page[-1].occurred_on, page[-1].id) if len(rows) > rows_max else None)


def iterate_transactions(tenant_id: int, **asked: Any) -> Iterator[TransactionRow]:
    """Yield everything that `list_transactions` would page through, a thousand at a time."""
    key = None
    while True:
        page = list_transactions(tenant_id, **asked, older_than=key, rows_max=1_000)
        yield from page.rows
        key = page.older_than
        if key is None:
            return


def get_transaction(tenant_id: int, transaction_id: uuid.UUID) -> TransactionDetails:
    """Return a transaction with its entries.

    Raises:
        NotFoundError: The shop has no such transaction.
    """
    session, values = session_of(tenant_id), {"tenant_id": tenant_id, "transaction_id": transaction_id}
    row = session.execute(_ONE, values).one_or_none()
    if row is None:
        raise NotFoundError("There is no such transaction in this shop.")
    entries = tuple(
        EntryRow(
            each.line,
            EntryAccount(
                each.debit_id, each.debit_kind, account_name(each.debit_kind, each.debit_code, each.debit_holder)
            ),
            EntryAccount(
                each.credit_id, each.credit_kind, account_name(each.credit_kind, each.credit_code, each.credit_holder)
            ),
            each.currency,
            each.amount,
        )
        for each in session.execute(_ENTRIES, values)
    )
    return TransactionDetails(**row._mapping, entries=entries)


def list_kinds(tenant_id: int) -> list[str]:
    """Return the kinds of transactions there are, by skipping from one to the next in the index."""
    rows = session_of(tenant_id).execute(
        text(
            """
            WITH RECURSIVE kinds AS (
                SELECT min(t.kind) AS kind
                  FROM transactions AS t
                 WHERE t.tenant_id = :tenant_id
                   AND t.kind <> 'sale'
                 UNION ALL
                SELECT (SELECT min(t.kind)
                          FROM transactions AS t
                         WHERE t.tenant_id = :tenant_id
                           AND t.kind <> 'sale'
                           AND t.kind > k.kind)
                  FROM kinds AS k
                 WHERE k.kind IS NOT NULL
            )
            SELECT k.kind FROM kinds AS k WHERE k.kind IS NOT NULL
            """
        ),
        {"tenant_id": tenant_id},
    )
    return ["sale", *rows.scalars()]


def list_people(tenant_id: int) -> list[PersonRow]:
    """Return everyone who works or worked in the shop, by name."""
    rows = session_of(tenant_id).execute(
        text("SELECT id, name FROM users WHERE tenant_id = :tenant_id ORDER BY name, id"), {"tenant_id": tenant_id}
    )
    return [PersonRow(*row) for row in rows]


def _found(words: str) -> tuple[str, dict[str, object]]:
    parts = ranges(words)
    number = words.strip().upper()
    values: dict[str, object] = {"number": number, "number_end": number + "\U0010ffff", **bounds(parts)}
    every = "\n                 INTERSECT".join(_WORD.format(n=n) for n in range(len(parts)))
    return _FOUND.format(words=f"({every})" if every else "(SELECT NULL::uuid)"), values


def _amounts(tenant_id: int, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[Amount, ...]]:
    found: defaultdict[uuid.UUID, list[Amount]] = defaultdict(list)
    for row in session_of(tenant_id).execute(_AMOUNTS, {"tenant_id": tenant_id, "ids": list(ids)}):
        found[row.transaction_id].append(Amount(row.currency, row.amount))
    return {id: tuple(amounts) for id, amounts in found.items()}
