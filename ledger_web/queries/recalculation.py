"""What the recalculation pages and the command show: runs, and the differences they found."""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import Row, TextClause, text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.transactions import title_of
from ledger_web.models.base import session_of

# Figures that are money, in the discrepancy's currency; the others are counts and quantities.
MONEY = frozenset(
    {
        "balance", "debits", "credits", "value", "total", "on_account", "cash", "bank", "stock_value", "owed",
        "misdirected", "allocated", "left", "settled", "base_settled", "tax", "store_credit", "lines", "line_taxes",
        "kept",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run, where it stands and what it found."""

    id: uuid.UUID
    models: Sequence[str]
    fix: bool
    force: bool
    phase: str
    step: int
    started_at: dt.datetime
    finished_at: dt.datetime | None
    actor: str | None  # None: the command, or somebody who is no longer known
    rows_total: int
    rows_done: int
    rows_wrong: int
    rows_fixed: int
    since: dt.datetime | None  # it looks only at what moved from then on; None: at everything

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    @property
    def is_stopped(self) -> bool:
        return self.phase == "stopped"

    @property
    def percent(self) -> int:
        """How far it is, 0 to 100. Rows may be added while it looks at them; it is full only at its end."""
        if self.is_finished:
            return 100
        done, total = self.place
        return min(99, 100 * done // total) if total else 0

    @property
    def place(self) -> tuple[int, int]:
        """Rows done and rows to do of what it does now: looking, then repairing."""
        if self.phase == "repair":
            return self.rows_fixed, self.rows_wrong
        return self.rows_done, self.rows_total

    @property
    def rows_left_wrong(self) -> int:
        return self.rows_wrong - self.rows_fixed


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure that differs: minor units of its currency where it is money, otherwise a count or a quantity."""

    name: str
    currency: str | None
    cached: Decimal
    computed: Decimal

    @property
    def difference(self) -> Decimal:
        return self.computed - self.cached

    @property
    def is_money(self) -> bool:
        return self.name in MONEY


@dataclass(frozen=True, slots=True)
class DiscrepancyRow:
    """One row whose cached figures were not what its entries say."""

    model: str
    holder_id: uuid.UUID
    holder: str
    currency: str | None
    figures: Sequence[FigureRow]
    party_id: uuid.UUID | None
    party_kind: str | None
    drawer_id: uuid.UUID | None
    sale_id: uuid.UUID | None  # of a document, or of the sale a reversal undid
    first_transaction_id: uuid.UUID | None
    first_transaction_kind: str | None
    first_transaction_on: dt.date | None
    first_sale_number: str | None
    suspect_id: uuid.UUID | None  # the transaction whose document disagrees with its entries
    suspect_kind: str | None
    suspect_on: dt.date | None
    suspect_number: str | None  # of a sale
    fixed_at: dt.datetime | None
    refusal: str

    @property
    def can_be_repaired(self) -> bool:
        return self.fixed_at is None and not self.refusal

    @property
    def first_title(self) -> str:
        """What happened where figures and entries part; "" where no entry says it."""
        return _title(self.first_transaction_kind, self.first_sale_number)

    @property
    def suspect_title(self) -> str:
        return _title(self.suspect_kind, self.suspect_number)


def _title(kind: str | None, number: str | None) -> str:
    return title_of(kind, kind, number or "") if kind else ""


_RUNS = """
    SELECT r.id, r.models, r.fix, r.force, r.phase, r.step, r.started_at, r.finished_at, u.name AS actor,
           r.rows_total, r.rows_done, r.rows_wrong, r.rows_fixed, r.since
      FROM recalculation_runs AS r
      LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = r.actor_id
     WHERE r.tenant_id = :tenant_id
"""


def get_run(tenant_id: int, run_id: uuid.UUID) -> RunRow:
    """Return a run of this shop.

    Raises:
        NotFoundError: The shop has no such run.
    """
    row = (
        session_of(tenant_id)
        .execute(text(f"{_RUNS} AND r.id = :run_id"), {"tenant_id": tenant_id, "run_id": run_id})
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("There is no such recalculation in this shop.")
    return RunRow(**row._mapping)


def list_runs(tenant_id: int, limit: int = 10) -> list[RunRow]:
    """Return the last runs, newest first."""
    rows = session_of(tenant_id).execute(
        text(f"{_RUNS} ORDER BY r.started_at DESC, r.id DESC LIMIT :limit"),
        {"tenant_id": tenant_id, "limit": limit},
    )
    return [RunRow(**row._mapping) for row in rows]


_DISCREPANCIES = """
    SELECT b.model, b.holder_id, b.holder, b.currency, b.figure, b.cached, b.computed, b.fixed_at, b.refusal,
           coalesce(a.party_id, i.party_id) AS party_id, p.kind AS party_kind, a.drawer_id, o.id AS sale_id,
           b.first_transaction_id, t.kind AS first_transaction_kind, t.occurred_on AS first_transaction_on,
           s.number AS first_sale_number, b.suspect_id, c.kind AS suspect_kind, c.occurred_on AS suspect_on,
           n.number AS suspect_number
      FROM ({chosen}) AS b
      LEFT JOIN accounts AS a ON a.tenant_id = :tenant_id AND a.id = b.holder_id
      LEFT JOIN open_items AS i ON i.tenant_id = :tenant_id AND i.id = b.holder_id AND b.model = 'open_items'
      LEFT JOIN parties AS p
        ON p.tenant_id = :tenant_id
       AND p.id = CASE WHEN a.party_id IS NULL THEN i.party_id ELSE a.party_id END
      LEFT JOIN transactions AS h ON h.tenant_id = :tenant_id AND h.id = b.holder_id
      LEFT JOIN sales AS o
        ON o.tenant_id = :tenant_id
       AND o.id = CASE WHEN h.reverses_id IS NULL THEN h.id ELSE h.reverses_id END
      LEFT JOIN transactions AS t ON t.tenant_id = :tenant_id AND t.id = b.first_transaction_id
      LEFT JOIN sales AS s ON s.tenant_id = :tenant_id AND s.id = b.first_transaction_id
      LEFT JOIN transactions AS c ON c.tenant_id = :tenant_id AND c.id = b.suspect_id
      LEFT JOIN sales AS n ON n.tenant_id = :tenant_id AND n.id = b.suspect_id
     WHERE b.place <= :limit
     ORDER BY b.place,
              array_position(ARRAY['days', 'balance', 'quantity', 'value', 'headers', 'documents', 'total',
                                   'on_account', 'owed', 'cash', 'bank', 'stock_value', 'reversals', 'debits',
                                   'credits', 'version', 'entries'], split_part(b.figure, ' ', 1)), b.figure
"""
_OF_RUN = text(
    _DISCREPANCIES.format(
        chosen="""
        SELECT d.*, dense_rank() OVER (ORDER BY d.model, d.holder, d.holder_id) AS place
          FROM balance_discrepancies AS d
         WHERE d.tenant_id = :tenant_id AND d.run_id = :run_id"""
    )
)
# What the last finished run that looked at everything of a model found and nobody repaired.
_OPEN = text(
    _DISCREPANCIES.format(
        chosen="""
        SELECT d.*, dense_rank() OVER (ORDER BY d.model, d.holder, d.holder_id) AS place
          FROM unnest(CAST(:models AS text[])) AS m(model)
         CROSS JOIN LATERAL (
                SELECT r.id FROM recalculation_runs AS r
                 WHERE r.tenant_id = :tenant_id AND m.model = ANY(r.models) AND r.finished_at IS NOT NULL
                   AND r.only_id IS NULL
                 ORDER BY r.started_at DESC, r.id DESC
                 LIMIT 1) AS r
          JOIN balance_discrepancies AS d
            ON d.tenant_id = :tenant_id AND d.run_id = r.id AND d.model = m.model AND d.fixed_at IS NULL"""
    )
)


def list_discrepancies(tenant_id: int, run_id: uuid.UUID, limit: int = 200) -> list[DiscrepancyRow]:
    """Return what a run found wrong, the first `limit` rows by model and name, each with its figures."""
    return _discrepancies(tenant_id, _OF_RUN, run_id=run_id, limit=limit)


def list_open_discrepancies(tenant_id: int, models: Sequence[str], limit: int = 50) -> list[DiscrepancyRow]:
    """Return what the last runs over all of these models found wrong, and nobody has repaired since."""
    return _discrepancies(tenant_id, _OPEN, models=list(models), limit=limit)


def _discrepancies(tenant_id: int, query: TextClause, **values: object) -> list[DiscrepancyRow]:
    rows = session_of(tenant_id).execute(query, {"tenant_id": tenant_id, **values})
    return [_discrepancy(list(figures)) for _, figures in groupby(rows, key=lambda row: (row.model, row.holder_id))]


def _discrepancy(rows: list[Row[Any]]) -> DiscrepancyRow:
    values = {**rows[0]._mapping, "figures": tuple(_figures(rows))}
    for name in ("figure", "cached", "computed"):
        del values[name]
    return DiscrepancyRow(**values)


def _figures(rows: list[Row[Any]]) -> Iterator[FigureRow]:
    return (FigureRow(row.figure.partition(" ")[0], row.currency, row.cached, row.computed) for row in rows)


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """One transaction that moved an account, beside what should stand there after it."""

    transaction_id: uuid.UUID
    title: str
    occurred_on: dt.date
    posted_at: dt.datetime
    actor: str
    debit: int  # minor units
    credit: int
    expected: int  # after it, on the account's normal side


@dataclass(frozen=True, slots=True)
class Explanation:
    """An account told from its entries, in the order in which they were posted. Always true: opening + lines = expected
    where all lines are here."""

    account_id: uuid.UUID
    holder: str
    kind: str
    currency: str
    party_id: uuid.UUID | None
    drawer_id: uuid.UUID | None
    entries: int  # that there are
    version: int  # that were once counted
    opening: int  # before the first of the lines
    lines: tuple[ExplainedLine, ...]
    expected: int
    cached: int

    @property
    def difference(self) -> int:
        return self.expected - self.cached

    @property
    def is_right(self) -> bool:
        return not self.difference and self.entries == self.version


_ACCOUNTS_OF = text(
    """
    SELECT a.id, coalesce(p.name, w.name, k.name, a.code, a.kind) AS holder, a.kind, a.currency, a.party_id,
           a.drawer_id, a.normal_side, a.version, a.balance, d.amount AS debits, c.amount AS credits,
           d.entries + c.entries AS entries
      FROM accounts AS a
     CROSS JOIN LATERAL (
            SELECT coalesce(sum(e.amount), 0)::bigint AS amount, count(*) AS entries FROM entries AS e
             WHERE e.tenant_id = :tenant_id AND e.debit_account_id = a.id) AS d
     CROSS JOIN LATERAL (
            SELECT coalesce(sum(e.amount), 0)::bigint AS amount, count(*) AS entries FROM entries AS e
             WHERE e.tenant_id = :tenant_id AND e.credit_account_id = a.id) AS c
      LEFT JOIN parties AS p ON p.tenant_id = :tenant_id AND p.id = a.party_id
      LEFT JOIN cash_drawers AS w ON w.tenant_id = :tenant_id AND w.id = a.drawer_id
      LEFT JOIN bank_accounts AS k ON k.tenant_id = :tenant_id AND a.kind = 'bank' AND k.code = a.code
     WHERE a.tenant_id = :tenant_id AND a.cached AND :holder_id IN (a.id, a.party_id, a.drawer_id)
     ORDER BY a.kind, a.currency, a.id
    """
)
# The last transactions of an account up to one and some behind it, in the order in which they were posted.
_LINES_OF = text(
    """
    SELECT m.transaction_id, t.kind, coalesce(r.kind, t.kind) AS document_kind, coalesce(s.number, '') AS number,
           t.occurred_on, t.posted_at, coalesce(u.name, '') AS actor, m.debit, m.credit
      FROM (SELECT x.transaction_id, sum(x.debit)::bigint AS debit, sum(x.credit)::bigint AS credit
              FROM (SELECT i.transaction_id, i.amount AS debit, 0 AS credit FROM entries AS i
                     WHERE i.tenant_id = :tenant_id AND i.debit_account_id = :account_id
                       AND i.transaction_id <= :until
                     UNION ALL
                    SELECT o.transaction_id, 0, o.amount FROM entries AS o
                     WHERE o.tenant_id = :tenant_id AND o.credit_account_id = :account_id
                       AND o.transaction_id <= :until) AS x
             GROUP BY x.transaction_id
             ORDER BY x.transaction_id DESC
             LIMIT :limit) AS m
      JOIN transactions AS t ON t.tenant_id = :tenant_id AND t.id = m.transaction_id
      LEFT JOIN transactions AS r ON r.tenant_id = :tenant_id AND r.id = t.reverses_id
      LEFT JOIN sales AS s
        ON s.tenant_id = :tenant_id
       AND s.id = CASE WHEN t.reverses_id IS NULL THEN t.id ELSE t.reverses_id END
      LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = t.actor_id
     ORDER BY m.transaction_id
    """
)
_AFTER = text(
    """
    SELECT coalesce(sum(x.debit), 0)::bigint AS debit, coalesce(sum(x.credit), 0)::bigint AS credit
      FROM (SELECT i.amount AS debit, 0 AS credit FROM entries AS i
             WHERE i.tenant_id = :tenant_id AND i.debit_account_id = :account_id AND i.transaction_id > :until
             UNION ALL
            SELECT 0, o.amount FROM entries AS o
             WHERE o.tenant_id = :tenant_id AND o.credit_account_id = :account_id AND o.transaction_id > :until) AS x
    """
)
_LAST_ID = uuid.UUID(int=2**128 - 1)


def explain_accounts(
    tenant_id: int, holder_id: uuid.UUID, *, until: uuid.UUID | None = None, lines_max: int = 50
) -> list[Explanation]:
    """Tell what every cached account of a party or drawer, or the one account, should hold: opening, entries, expected.

    Args:
        until: The last transaction whose line is wanted; None: the last there is.

    Raises:
        NotFoundError: Nothing of this shop has this id and a balance, or it has no such transaction.
    """
    if until is not None:
        _must_be_a_transaction(tenant_id, until)
    values = {"tenant_id": tenant_id, "holder_id": holder_id}
    found = [
        _explanation(tenant_id, row, until, lines_max) for row in session_of(tenant_id).execute(_ACCOUNTS_OF, values)
    ]
    if not found:
        raise NotFoundError("Nothing in this shop has this number and a balance.")
    return found


def _must_be_a_transaction(tenant_id: int, transaction_id: uuid.UUID) -> None:
    found = session_of(tenant_id).execute(
        text("SELECT 1 FROM transactions WHERE tenant_id = :tenant_id AND id = :id"),
        {"tenant_id": tenant_id, "id": transaction_id},
    )
    if found.first() is None:
        raise NotFoundError("There is no such transaction in this shop.")


def _explanation(tenant_id: int, account: Row[Any], until: uuid.UUID | None, lines_max: int) -> Explanation:
    session, values = session_of(tenant_id), {"tenant_id": tenant_id, "account_id": account.id}
    values["until"] = until or _LAST_ID
    rows = session.execute(_LINES_OF, {**values, "limit": lines_max}).all()
    after = session.execute(_AFTER, values).one()
    sign = 1 if account.normal_side == "debit" else -1
    expected = sign * (account.debits - account.credits)
    running = expected - sign * (after.debit - after.credit) - sum(sign * (row.debit - row.credit) for row in rows)
    opening, lines = running, []
    for row in rows:
        running += sign * (row.debit - row.credit)
        title = title_of(row.kind, row.document_kind, row.number)
        lines.append(
            ExplainedLine(
                row.transaction_id, title, row.occurred_on, row.posted_at, row.actor, row.debit, row.credit, running
            )
        )
    return Explanation(
        account.id,
        account.holder,
        account.kind,
        account.currency,
        account.party_id,
        account.drawer_id,
        account.entries,
        account.version,
        opening,
        tuple(lines),
        expected,
        account.balance,
    )
