"""What the recalculation pages and the command show: runs, and the differences they found."""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import Row, text

from ledger_web.domain.errors import NotFoundError
from ledger_web.models.base import session_of

# Figures that are money, in the discrepancy's currency; the others are counts and quantities.
MONEY = frozenset({"balance", "debits", "credits", "value", "total", "cash", "stock_value"})


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
    """One figure that differs: minor units where it is money, otherwise a count or a quantity."""

    name: str
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
    fixed_at: dt.datetime | None
    refusal: str

    @property
    def can_be_repaired(self) -> bool:
        return self.fixed_at is None and not self.refusal


_RUNS = """
    SELECT r.id, r.models, r.fix, r.force, r.phase, r.step, r.started_at, r.finished_at, u.name AS actor,
           r.rows_total, r.rows_done, r.rows_wrong, r.rows_fixed
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


def list_discrepancies(tenant_id: int, run_id: uuid.UUID, limit: int = 200) -> list[DiscrepancyRow]:
    """Return what a run found wrong, the first `limit` rows by model and name, each with its figures."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT b.model, b.holder_id, b.holder, b.currency, b.figure, b.cached, b.computed, b.fixed_at, b.refusal,
                   a.party_id, p.kind AS party_kind, a.drawer_id, o.id AS sale_id, b.first_transaction_id,
                   t.kind AS first_transaction_kind, t.occurred_on AS first_transaction_on,
                   s.number AS first_sale_number
              FROM (SELECT d.*, dense_rank() OVER (ORDER BY d.model, d.holder, d.holder_id) AS place
                      FROM balance_discrepancies AS d
                     WHERE d.tenant_id = :tenant_id AND d.run_id = :run_id) AS b
              LEFT JOIN accounts AS a ON a.tenant_id = :tenant_id AND a.id = b.holder_id
              LEFT JOIN parties AS p ON p.tenant_id = :tenant_id AND p.id = a.party_id
              LEFT JOIN transactions AS h ON h.tenant_id = :tenant_id AND h.id = b.holder_id
              LEFT JOIN sales AS o ON o.tenant_id = :tenant_id AND o.id = coalesce(h.reverses_id, h.id)
              LEFT JOIN transactions AS t ON t.tenant_id = :tenant_id AND t.id = b.first_transaction_id
              LEFT JOIN sales AS s ON s.tenant_id = :tenant_id AND s.id = b.first_transaction_id
             WHERE b.place <= :limit
             ORDER BY b.place,
                      array_position(ARRAY['days', 'balance', 'quantity', 'value', 'total', 'cash', 'stock_value',
                                           'reversals', 'debits', 'credits', 'version', 'entries'], b.figure)
            """
        ),
        {"tenant_id": tenant_id, "run_id": run_id, "limit": limit},
    )
    return [_discrepancy(list(figures)) for _, figures in groupby(rows, key=lambda row: (row.model, row.holder_id))]


def _discrepancy(rows: list[Row[Any]]) -> DiscrepancyRow:
    values = {**rows[0]._mapping, "figures": tuple(_figures(rows))}
    for name in ("figure", "cached", "computed"):
        del values[name]
    return DiscrepancyRow(**values)


def _figures(rows: list[Row[Any]]) -> Iterator[FigureRow]:
    return (FigureRow(row.figure, row.cached, row.computed) for row in rows)
