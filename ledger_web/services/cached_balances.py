"""Cached figures beside what their entries say: how they are looked at, locked and put right. Used by recalculation.

A look is one statement, so cache and entries are seen in one snapshot. A posting commits both together; that is why
a look needs no lock and raises no false alarm while the shop trades. Source: promises R2.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row

from ledger_web.domain.errors import InvariantBrokenError
from ledger_web.services.posting import Act

LOOKED_UP: Final = 500  # rows in one statement
_BEFORE_ALL = uuid.UUID(int=0)

# Everything, or what was posted from a moment on, which is all that can have moved a figure.
_SINCE = "%(since)s::timestamptz IS NULL"
_POSTED_SINCE = "t.tenant_id = %(tenant_id)s AND t.posted_at >= %(since)s::timestamptz"


def ends(column: str, rows: str) -> str:
    """Return SQL text for how many rows there are, and the first and the last of their ids."""
    return f"""SELECT count(*) AS rows, (array_agg({column} ORDER BY {column}))[1] AS first_id,
                      (array_agg({column} ORDER BY {column} DESC))[1] AS last_id FROM {rows}"""  # nosec B608


MISSING_ENTRIES = (
    "Fewer entries are in the books than were once counted. Entries may be missing, and then the cached figure is the"
    " better witness: find out what happened to them before this is repaired."
)
IMPOSSIBLE = "By the books this would be below zero, or be worth something with nothing there. Correct the books first."
REPORTED_ONLY = "This is about a document, not about a cached figure, so nothing here can repair it."


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row whose cached figures are not what its entries say."""

    id: uuid.UUID
    holder: str
    currency: str | None  # of the amounts of money among the figures
    figures: tuple[str, ...]
    cached: tuple[Decimal, ...]  # one per figure, in their order
    computed: tuple[Decimal, ...]
    is_impossible: bool  # the database would refuse what the entries say

    @property
    def lacks_entries(self) -> bool:
        """Say whether fewer entries are visible than were counted: the number of entries is the last figure."""
        return self.computed[-1] < self.cached[-1]

    def refusal(self, *, force: bool) -> str:
        """Say why this may not be repaired; "" if it may. Source: promises R4."""
        if self.is_impossible:
            return IMPOSSIBLE
        return MISSING_ENTRIES if self.lacks_entries and not force else ""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a batch found."""

    rows: int
    last_id: uuid.UUID | None
    wrong: list[Wrong]


@dataclass(frozen=True, slots=True)
class Source:
    """Where cached figures stand and how they are computed again, as SQL text.

    `batch` and `named` choose rows by key range and by ids, `found` names those of one holder; `compared` compares
    them; `lock` and `write` put them right, or are "" where nothing may be; `sides` lists what moved them, for the
    search of the first difference. `amount` is the figure whose differences are money, and `held` how much of it all
    rows hold: (currency, amount), in minor units.
    """

    figures: tuple[str, ...]  # the last is the number of entries; empty: each row says its own
    count: str
    batch: str
    named: str
    found: str
    compared: str
    lock: str = ""
    write: str = ""
    sides: str = ""
    amount: str = ""
    held: str = ""
    has_one_row: bool = True  # for each id; otherwise `write` writes as many as are wrong
    hashes: bool = False  # joins whole ranges; a nested loop over them would take the square of a batch


def _moved_accounts(margin: str) -> str:
    return f"""({_SINCE} OR id IN (
        SELECT unnest(ARRAY[e.debit_account_id, e.credit_account_id])
          FROM transactions AS t
          JOIN entries AS e ON e.tenant_id = %(tenant_id)s AND e.transaction_id = t.id
         WHERE t.tenant_id = %(tenant_id)s AND t.posted_at >= %(since)s::timestamptz - interval '{margin}'))"""


_MOVED_ACCOUNTS = _moved_accounts("0")
_MOVED_GOODS = f"""({_SINCE} OR product_id IN (
    SELECT m.product_id
      FROM transactions AS t
      JOIN stock_moves AS m ON m.tenant_id = %(tenant_id)s AND m.transaction_id = t.id
     WHERE {_POSTED_SINCE}))"""  # nosec B608 # our own text
_MOVED_ITEMS = f"""({_SINCE} OR id IN (
    SELECT i.id
      FROM transactions AS t
      JOIN open_items AS i ON i.tenant_id = %(tenant_id)s AND i.transaction_id = t.id
     WHERE {_POSTED_SINCE}
     UNION
    SELECT unnest(ARRAY[a.credit_id, a.charge_id])
      FROM transactions AS t
      JOIN allocations AS a ON a.tenant_id = %(tenant_id)s AND a.made_in = t.id
     WHERE {_POSTED_SINCE}
     UNION
    SELECT unnest(ARRAY[a.credit_id, a.charge_id])
      FROM transactions AS t
      JOIN allocations AS a ON a.tenant_id = %(tenant_id)s AND a.released_in = t.id
     WHERE {_POSTED_SINCE}))"""  # nosec B608 # our own text
# A day is totalled days after it was traded on.
_MOVED_TOTALS = _moved_accounts("4 days")

ACCOUNTS = Source(
    figures=("balance", "debits", "credits", "version"),
    amount="balance",
    held="""
        SELECT currency, sum(abs(balance)) AS amount FROM accounts
         WHERE tenant_id = %(tenant_id)s AND kind = ANY(%(kinds)s)
         GROUP BY currency
    """,
    count=f"""
        SELECT count(*) FROM accounts
         WHERE tenant_id = %(tenant_id)s AND kind = ANY(%(kinds)s) AND {_MOVED_ACCOUNTS}
    """,  # nosec B608 # our own text
    batch=f"""
        SELECT * FROM accounts
         WHERE tenant_id = %(tenant_id)s AND kind = ANY(%(kinds)s) AND id > %(after)s AND {_MOVED_ACCOUNTS}
         ORDER BY id
         LIMIT %(limit)s
    """,  # nosec B608 # our own text
    named="SELECT * FROM accounts WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)",
    found="""
        SELECT id FROM accounts
         WHERE tenant_id = %(tenant_id)s AND kind = ANY(%(kinds)s) AND %(holder_id)s IN (id, party_id, drawer_id)
    """,
    # Per account two ranges of a covering index, however many entries it has: no sort, no hash table, no heap.
    compared="""
        SELECT b.id, coalesce(p.name, w.name, b.code, b.kind) AS holder, b.currency,
               ARRAY[b.balance, b.debits, b.credits, b.version]::numeric[] AS cached,
               ARRAY[CASE b.normal_side WHEN 'debit' THEN d.amount - c.amount ELSE c.amount - d.amount END,
                     d.amount, c.amount, d.entries + c.entries]::numeric[] AS computed,
               (b.kind = 'cash' AND d.amount < c.amount) OR (b.kind = 'store_credit' AND c.amount < d.amount)
                   AS is_impossible
          FROM batch AS b
         CROSS JOIN LATERAL (
                SELECT coalesce(sum(e.amount), 0) AS amount, count(*) AS entries FROM entries AS e
                 WHERE e.tenant_id = %(tenant_id)s AND e.debit_account_id = b.id) AS d
         CROSS JOIN LATERAL (
                SELECT coalesce(sum(e.amount), 0) AS amount, count(*) AS entries FROM entries AS e
                 WHERE e.tenant_id = %(tenant_id)s AND e.credit_account_id = b.id) AS c
          LEFT JOIN parties AS p ON p.tenant_id = %(tenant_id)s AND p.id = b.party_id
          LEFT JOIN cash_drawers AS w ON w.tenant_id = %(tenant_id)s AND w.id = b.drawer_id
         WHERE b.debits <> d.amount OR b.credits <> c.amount OR b.version <> d.entries + c.entries
    """,
    lock="""
        SELECT id FROM accounts
         WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)
         ORDER BY id
           FOR NO KEY UPDATE
    """,
    write="""
        UPDATE accounts AS a
           SET debits = n.debits, credits = n.credits, version = n.version
          FROM unnest(%(ids)s::uuid[], %(balance)s::bigint[], %(debits)s::bigint[], %(credits)s::bigint[],
                      %(version)s::bigint[]) AS n(id, balance, debits, credits, version)
         WHERE a.tenant_id = %(tenant_id)s AND a.id = n.id
    """,
    sides="""
        SELECT e.debit_account_id AS id, e.transaction_id, e.line, e.amount::numeric AS one, 0::numeric AS other
          FROM entries AS e
         WHERE e.tenant_id = %(tenant_id)s AND e.debit_account_id = ANY(%(ids)s)
         UNION ALL
        SELECT e.credit_account_id AS id, e.transaction_id, e.line, 0::numeric AS one, e.amount::numeric AS other
          FROM entries AS e
         WHERE e.tenant_id = %(tenant_id)s AND e.credit_account_id = ANY(%(ids)s)
    """,
)

STOCK = Source(
    figures=("quantity", "value", "version"),
    amount="value",
    held="""
        SELECT t.base_currency AS currency, coalesce(sum(abs(s.value)), 0) AS amount
          FROM tenants AS t
          LEFT JOIN stock_levels AS s ON s.tenant_id = %(tenant_id)s
         WHERE t.tenant_id = %(tenant_id)s
         GROUP BY t.base_currency
    """,
    count=f"SELECT count(*) FROM stock_levels WHERE tenant_id = %(tenant_id)s AND {_MOVED_GOODS}",  # nosec B608
    batch=f"""
        SELECT product_id AS id, quantity, value, version, may_go_below_zero FROM stock_levels
         WHERE tenant_id = %(tenant_id)s AND product_id > %(after)s AND {_MOVED_GOODS}
         ORDER BY product_id
         LIMIT %(limit)s
    """,  # nosec B608 # our own text
    named="""
        SELECT product_id AS id, quantity, value, version, may_go_below_zero FROM stock_levels
         WHERE tenant_id = %(tenant_id)s AND product_id = ANY(%(ids)s)
    """,
    found="SELECT product_id AS id FROM stock_levels WHERE tenant_id = %(tenant_id)s AND product_id = %(holder_id)s",
    compared="""
        SELECT b.id, p.name AS holder, t.base_currency AS currency,
               ARRAY[b.quantity, b.value, b.version]::numeric[] AS cached,
               ARRAY[m.quantity, m.value, m.moves]::numeric[] AS computed,
               (m.quantity < 0 AND NOT b.may_go_below_zero) OR (m.quantity = 0 AND m.value <> 0) AS is_impossible
          FROM batch AS b
         CROSS JOIN LATERAL (
                SELECT coalesce(sum(s.quantity), 0) AS quantity, coalesce(sum(s.value), 0) AS value, count(*) AS moves
                  FROM stock_moves AS s
                 WHERE s.tenant_id = %(tenant_id)s AND s.product_id = b.id) AS m
          JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = b.id
          JOIN tenants AS t ON t.tenant_id = %(tenant_id)s
         WHERE b.quantity <> m.quantity OR b.value <> m.value OR b.version <> m.moves
    """,
    lock="""
        SELECT product_id AS id FROM stock_levels
         WHERE tenant_id = %(tenant_id)s AND product_id = ANY(%(ids)s)
         ORDER BY product_id
           FOR NO KEY UPDATE
    """,
    write="""
        UPDATE stock_levels AS s
           SET quantity = n.quantity, value = n.value, version = n.version
          FROM unnest(%(ids)s::uuid[], %(quantity)s::numeric[], %(value)s::bigint[], %(version)s::bigint[])
               AS n(product_id, quantity, value, version)
         WHERE s.tenant_id = %(tenant_id)s AND s.product_id = n.product_id
    """,
    sides="""
        SELECT m.product_id AS id, m.transaction_id, m.line, m.quantity AS one, m.value::numeric AS other
          FROM stock_moves AS m
         WHERE m.tenant_id = %(tenant_id)s AND m.product_id = ANY(%(ids)s)
    """,
)

# Both sides of an account's days before the shop's `totalled_before`, side by side, without the days that are marked:
# those are known to be old, and nobody reads them before they were added up again.
_TOTALLED_DAYS = """
    SELECT day, coalesce(d.debits, 0) AS cached_debits, coalesce(d.credits, 0) AS cached_credits,
           coalesce(d.entries, 0) AS cached_entries, coalesce(e.debits, 0) AS debits,
           coalesce(e.credits, 0) AS credits, coalesce(e.entries, 0) AS entries
      FROM (SELECT t.day, t.debits, t.credits, t.entries FROM daily_totals AS t
             WHERE t.tenant_id = %(tenant_id)s AND t.account_id = b.id AND t.day < s.totalled_before) AS d
      FULL JOIN (SELECT x.day, sum(x.debit) AS debits, sum(x.credit) AS credits, count(*) AS entries
                   FROM (SELECT i.occurred_on AS day, i.amount AS debit, 0::bigint AS credit FROM entries AS i
                          WHERE i.tenant_id = %(tenant_id)s AND i.debit_account_id = b.id
                            AND i.occurred_on < s.totalled_before
                          UNION ALL
                         SELECT o.occurred_on, 0::bigint, o.amount FROM entries AS o
                          WHERE o.tenant_id = %(tenant_id)s AND o.credit_account_id = b.id
                            AND o.occurred_on < s.totalled_before) AS x
                  GROUP BY x.day) AS e USING (day)
     WHERE NOT EXISTS (SELECT FROM daily_total_marks AS m
                        WHERE m.tenant_id = %(tenant_id)s AND m.account_id = b.id AND m.day = day)
"""

# One row for each account: how many of its days are right, and what all of them come to.
DAILY_TOTALS = Source(
    figures=("days", "debits", "credits", "entries"),
    amount="debits",
    held="""
        SELECT a.currency, sum(d.debits) AS amount
          FROM daily_totals AS d
          JOIN accounts AS a ON a.tenant_id = %(tenant_id)s AND a.id = d.account_id
         WHERE d.tenant_id = %(tenant_id)s
         GROUP BY a.currency
    """,
    count=f"SELECT count(*) FROM accounts WHERE tenant_id = %(tenant_id)s AND {_MOVED_TOTALS}",  # nosec B608
    batch=f"""
        SELECT * FROM accounts
         WHERE tenant_id = %(tenant_id)s AND id > %(after)s AND {_MOVED_TOTALS}
         ORDER BY id
         LIMIT %(limit)s
    """,  # nosec B608 # our own text
    named="SELECT * FROM accounts WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)",
    found="SELECT id FROM accounts WHERE tenant_id = %(tenant_id)s AND %(holder_id)s IN (id, party_id, drawer_id)",
    compared=f"""
        SELECT b.id, coalesce(p.name, w.name, b.code, b.kind) AS holder, b.currency,
               ARRAY[c.right_days, c.cached_debits, c.cached_credits, c.cached_entries]::numeric[] AS cached,
               ARRAY[c.days, c.debits, c.credits, c.entries]::numeric[] AS computed, false AS is_impossible
          FROM batch AS b
          JOIN tenants AS s ON s.tenant_id = %(tenant_id)s
         CROSS JOIN LATERAL (
                SELECT count(*) AS days,
                       count(*) FILTER (WHERE (cached_debits, cached_credits, cached_entries)
                                              = (debits, credits, entries)) AS right_days,
                       coalesce(sum(cached_debits), 0) AS cached_debits, coalesce(sum(debits), 0) AS debits,
                       coalesce(sum(cached_credits), 0) AS cached_credits, coalesce(sum(credits), 0) AS credits,
                       coalesce(sum(cached_entries), 0) AS cached_entries, coalesce(sum(entries), 0) AS entries
                  FROM ({_TOTALLED_DAYS}) AS days) AS c
          LEFT JOIN parties AS p ON p.tenant_id = %(tenant_id)s AND p.id = b.party_id
          LEFT JOIN cash_drawers AS w ON w.tenant_id = %(tenant_id)s AND w.id = b.drawer_id
         WHERE c.right_days <> c.days
    """,  # nosec B608 # our own text
    # What writes totals holds the shop's row; what posts does not wait for it.
    lock="""
        SELECT tenant_id FROM tenants
         WHERE tenant_id = %(tenant_id)s AND cardinality(%(ids)s::uuid[]) > 0
           FOR NO KEY UPDATE
    """,
    write=f"""
        INSERT INTO daily_totals AS d (tenant_id, account_id, day, debits, credits, entries)
        SELECT b.tenant_id, b.id, n.day, n.debits::bigint, n.credits::bigint, n.entries::bigint
          FROM accounts AS b
          JOIN tenants AS s ON s.tenant_id = %(tenant_id)s
         CROSS JOIN LATERAL ({_TOTALLED_DAYS}) AS n
         WHERE b.tenant_id = %(tenant_id)s AND b.id = ANY(%(ids)s)
           AND (n.cached_debits, n.cached_credits, n.cached_entries) <> (n.debits, n.credits, n.entries)
        ON CONFLICT (tenant_id, account_id, day)
        DO UPDATE SET debits = excluded.debits, credits = excluded.credits, entries = excluded.entries
    """,  # nosec B608 # our own text
    sides="""
        SELECT e.debit_account_id AS id, e.transaction_id, e.line, e.amount::numeric AS one, 0::numeric AS other
          FROM entries AS e
          JOIN tenants AS t ON t.tenant_id = %(tenant_id)s AND e.occurred_on < t.totalled_before
         WHERE e.tenant_id = %(tenant_id)s AND e.debit_account_id = ANY(%(ids)s)
         UNION ALL
        SELECT e.credit_account_id AS id, e.transaction_id, e.line, 0::numeric AS one, e.amount::numeric AS other
          FROM entries AS e
          JOIN tenants AS t ON t.tenant_id = %(tenant_id)s AND e.occurred_on < t.totalled_before
         WHERE e.tenant_id = %(tenant_id)s AND e.credit_account_id = ANY(%(ids)s)
    """,
    has_one_row=False,
)

# What is settled of an open item, beside its allocations that were not released. Entries are not counted on it, so an
# item of which more was settled than allocations say is left to a person: they may be what is missing.
OPEN_ITEMS = Source(
    figures=("base_settled", "settled"),
    amount="settled",
    held="""
        SELECT currency, sum(settled) AS amount FROM open_items WHERE tenant_id = %(tenant_id)s GROUP BY currency
    """,
    count=f"SELECT count(*) FROM open_items WHERE tenant_id = %(tenant_id)s AND {_MOVED_ITEMS}",  # nosec B608
    batch=f"""
        SELECT * FROM open_items
         WHERE tenant_id = %(tenant_id)s AND id > %(after)s AND {_MOVED_ITEMS}
         ORDER BY id
         LIMIT %(limit)s
    """,  # nosec B608 # our own text
    named="SELECT * FROM open_items WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)",
    found="""
        SELECT id FROM open_items
         WHERE tenant_id = %(tenant_id)s AND %(holder_id)s IN (id, party_id, transaction_id)
    """,
    compared="""
        SELECT b.id, p.name AS holder, b.currency, ARRAY[b.base_settled, b.settled]::numeric[] AS cached,
               ARRAY[a.base, a.amount]::numeric[] AS computed,
               a.amount > b.amount OR a.base > coalesce(b.base_amount, 0)
                   OR (b.cancelled_in IS NOT NULL AND a.amount > 0) AS is_impossible
          FROM batch AS b
         CROSS JOIN LATERAL (
                SELECT coalesce(sum(x.amount), 0) AS amount, coalesce(sum(x.base), 0) AS base
                  FROM (SELECT i.amount, i.credit_base AS base FROM allocations AS i
                         WHERE i.tenant_id = %(tenant_id)s AND i.credit_id = b.id AND i.released_in IS NULL
                         UNION ALL
                        SELECT o.amount, o.charge_base FROM allocations AS o
                         WHERE o.tenant_id = %(tenant_id)s AND o.charge_id = b.id AND o.released_in IS NULL) AS x) AS a
          LEFT JOIN parties AS p ON p.tenant_id = %(tenant_id)s AND p.id = b.party_id
         WHERE b.settled <> a.amount OR b.base_settled <> a.base
    """,
    lock="""
        SELECT id FROM open_items
         WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)
         ORDER BY id
           FOR NO KEY UPDATE
    """,
    write="""
        UPDATE open_items AS i
           SET settled = n.settled, base_settled = n.base_settled
          FROM unnest(%(ids)s::uuid[], %(settled)s::bigint[], %(base_settled)s::bigint[])
               AS n(id, settled, base_settled)
         WHERE i.tenant_id = %(tenant_id)s AND i.id = n.id
    """,
)


def count(act: Act, source: Source, kinds: Sequence[str], since: dt.datetime | None = None) -> int:
    return int(act.execute(source.count, {"kinds": list(kinds), "since": since}).scalar_one())


def held(act: Act, source: Source, kinds: Sequence[str]) -> dict[str, Decimal]:
    """Return how much money all these rows hold, in minor units by currency, whichever way it is owed."""
    return {row.currency: row.amount for row in act.execute(source.held, {"kinds": list(kinds)})}


def find(act: Act, source: Source, kinds: Sequence[str], holder_id: uuid.UUID) -> list[uuid.UUID]:
    """Return the rows of one party, drawer, product, account or transaction."""
    return list(act.execute(source.found, {"kinds": list(kinds), "holder_id": holder_id}).scalars())


def look_at_batch(
    act: Act,
    source: Source,
    kinds: Sequence[str],
    after: uuid.UUID | None,
    limit: int,
    since: dt.datetime | None = None,
) -> Look:
    """Compare the next rows in the order of their keys, of all or of those that moved since. Locks nothing.

    Rows that were brought in a moment ago are not in the planner's statistics: it may take a large shop for an empty
    one and read all of it for each row. A source that could suffer from it forbids the kind of join that does so.
    """
    values = {"kinds": list(kinds), "after": after or _BEFORE_ALL, "limit": limit, "since": since}
    if source.hashes:
        act.execute("SET LOCAL enable_nestloop = off")
    rows = _compare(act, source, source.batch, values)
    if source.hashes:
        act.execute("SET LOCAL enable_nestloop = on")
    return Look(rows[0].rows, rows[0].last_id, [_wrong(source, row) for row in rows if row.id is not None])


def look_at(act: Act, source: Source, ids: Sequence[uuid.UUID]) -> list[Wrong]:
    """Compare these rows. Few at a time: each is then looked up, where a range of them would be read as a whole."""
    rows = [
        row
        for some in (ids[place : place + LOOKED_UP] for place in range(0, len(ids), LOOKED_UP))
        for row in _compare(act, source, source.named, {"ids": list(some)})
    ]
    return [_wrong(source, row) for row in rows if row.id is not None]


def lock(act: Act, source: Source, ids: Sequence[uuid.UUID]) -> None:
    """Hold these rows until the commit, in id order, so that two acts on the same rows cannot wait for each other."""
    act.execute(source.lock, {"ids": sorted(ids)}).all()


def write(act: Act, source: Source, wrong: Sequence[Wrong]) -> None:
    """Put the computed figures where the cached ones stand, all rows in one statement. Only under their locks.

    Raises:
        InvariantBrokenError: A row is gone that was there a statement ago, under lock.
    """
    if not wrong:
        return
    figures = {figure: [each.computed[place] for each in wrong] for place, figure in enumerate(source.figures)}
    written = act.execute(source.write, {"ids": [each.id for each in wrong], **figures})
    if source.has_one_row and written.rowcount != len(wrong):
        raise InvariantBrokenError("A repair touched other rows than it had locked. Nothing was saved.")


def first_transactions(act: Act, source: Source, wrong: Sequence[Wrong]) -> dict[uuid.UUID, uuid.UUID]:
    """Find, where one can say, the transaction from which on cache and entries differ.

    Either the cached figures are those of some moment in the past: then it is the transaction after that moment.
    Or the one entry that makes the whole difference is found: then it is the entry's. A figure that somebody
    changed by hand parts from its entries at no transaction, and is not in the answer.
    """
    if not wrong or not source.sides:
        return {}
    rows = act.execute(
        f"""
        WITH asked AS (
            SELECT * FROM unnest(%(ids)s::uuid[], %(one)s::numeric[], %(other)s::numeric[], %(entries)s::numeric[],
                                 %(gap_one)s::numeric[], %(gap_other)s::numeric[], %(gap_entries)s::numeric[])
                   AS n(id, one, other, entries, gap_one, gap_other, gap_entries)
        ), sides AS ({source.sides}), running AS (
            SELECT s.*, sum(s.one) OVER so_far AS ones, sum(s.other) OVER so_far AS others,
                   count(*) OVER so_far AS entries
              FROM sides AS s
            WINDOW so_far AS (PARTITION BY s.id ORDER BY s.transaction_id, s.line ROWS UNBOUNDED PRECEDING)
        ), suspected AS (
            SELECT r.id, r.transaction_id, r.line,
                   r.ones - r.one = a.one AND r.others - r.other = a.other AND r.entries - 1 = a.entries AS follows,
                   a.gap_one = r.one AND a.gap_other = r.other AND a.gap_entries = 1 AS explains
              FROM running AS r
              JOIN asked AS a ON a.id = r.id
        )
        SELECT DISTINCT ON (id) id, transaction_id
          FROM suspected
         WHERE follows OR explains
         ORDER BY id, follows DESC, transaction_id DESC, line DESC
        """,  # nosec B608 # our own text
        {
            "ids": [each.id for each in wrong],
            "one": [each.cached[-3] for each in wrong],
            "other": [each.cached[-2] for each in wrong],
            "entries": [each.cached[-1] for each in wrong],
            "gap_one": [each.computed[-3] - each.cached[-3] for each in wrong],
            "gap_other": [each.computed[-2] - each.cached[-2] for each in wrong],
            "gap_entries": [each.computed[-1] - each.cached[-1] for each in wrong],
        },
    )
    return {row.id: row.transaction_id for row in rows}


def _compare(act: Act, source: Source, chosen: str, values: Mapping[str, object]) -> Sequence[Row[Any]]:
    """Run the one statement that sees cache and entries together. At least one row: how far it came."""
    return act.execute(
        f"""
        WITH batch AS MATERIALIZED ({chosen}), place AS ({ends("id", "batch")}), wrong AS ({source.compared})
        SELECT place.rows, place.last_id, wrong.*
          FROM place
          LEFT JOIN wrong ON true
         ORDER BY wrong.id
        """,  # nosec B608 # our own text
        values,
    ).all()


def _wrong(source: Source, row: Row[Any]) -> Wrong:
    figures = source.figures or tuple(row.figures)
    return Wrong(row.id, row.holder, row.currency, figures, tuple(row.cached), tuple(row.computed), row.is_impossible)
