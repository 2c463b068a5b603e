"""What happened to a product: goods that came and went, sales of it by month and one by one."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy import text

from ledger_web.models.base import session_of
from ledger_web.queries.scope import reach, within

MOVES_MAX: Final = 10
SALES_MAX: Final = 10
RECEIVED_MAX: Final = 10
MONTHS: Final = 12
NONE: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class MoveRow:
    """Goods that came or went, with the document they belong to. `sale_number` is set if that is a sale."""

    transaction_id: uuid.UUID
    kind: str
    memo: str
    occurred_on: dt.date
    quantity: Decimal
    value: int
    sale_id: uuid.UUID | None
    sale_number: str | None
    actor: str | None


@dataclass(frozen=True, slots=True)
class ProductSaleRow:
    """A sale of the product. Amounts are minor units of `currency`."""

    sale_id: uuid.UUID
    number: str
    sold_at: dt.datetime
    customer: str | None
    quantity: Decimal
    unit_price: int
    total: int
    currency: str
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class ReceivedRow:
    """Goods that came in. `value` is in minor units of the base currency."""

    transaction_id: uuid.UUID
    kind: str
    memo: str
    occurred_on: dt.date
    quantity: Decimal
    value: int

    @property
    def unit_cost(self) -> Decimal:
        return self.value / self.quantity


@dataclass(frozen=True, slots=True)
class MonthRow:
    """What was sold in a month less what came back in it; deleted sales are left out.

    `total` is in minor units of the base currency. Both are below zero where more came back than went.
    """

    month: dt.date  # its first day
    quantity: Decimal  # in the base unit
    total: int


def list_moves(tenant_id: int, product_id: uuid.UUID) -> list[MoveRow]:
    """Return the last ten times goods of a product came or went, newest first."""
    rows = session_of(tenant_id).execute(
        text(
            f"""
            SELECT m.transaction_id, t.kind, t.memo, m.occurred_on, m.quantity, m.value,
                   s.id AS sale_id, s.number AS sale_number, u.name AS actor
              FROM (SELECT n.transaction_id, n.line, n.occurred_on, n.quantity, n.value
                      FROM stock_moves AS n
                     WHERE n.tenant_id = :tenant_id AND n.product_id = :product_id
                     ORDER BY n.occurred_on DESC, n.transaction_id DESC, n.line DESC
                     LIMIT :rows) AS m
              JOIN transactions AS t ON t.tenant_id = :tenant_id AND t.id = m.transaction_id
              LEFT JOIN sales AS s
                ON s.tenant_id = :tenant_id
               AND s.id = CASE WHEN t.reverses_id IS NULL THEN t.id ELSE t.reverses_id END
                   {within(person="s.cashier_id", drawer="s.drawer_id")}
              LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = t.actor_id
             ORDER BY m.occurred_on DESC, t.posted_at DESC, m.transaction_id DESC, m.line DESC
            """
        ),
        {"tenant_id": tenant_id, "product_id": product_id, "rows": MOVES_MAX, **reach()},
    )
    return [MoveRow(*row) for row in rows]


def list_product_sales(tenant_id: int, product_id: uuid.UUID) -> list[ProductSaleRow]:
    """Return the last ten sales of a product, newest first: sales' ids are in the order of time."""
    rows = session_of(tenant_id).execute(
        text(
            f"""
            SELECT s.id, s.number, s.sold_at, c.name AS customer, l.base_quantity AS quantity, l.unit_price,
                   l.total, s.currency, s.deleted_at IS NOT NULL AS is_deleted
              FROM (SELECT n.sale_id, n.base_quantity, n.unit_price, n.total
                      FROM sale_lines AS n
                     WHERE n.tenant_id = :tenant_id AND n.product_id = :product_id
                     ORDER BY n.sale_id DESC
                     LIMIT :rows) AS l
              JOIN sales AS s ON s.tenant_id = :tenant_id AND s.id = l.sale_id
                   {within(person="s.cashier_id", drawer="s.drawer_id")}
              LEFT JOIN parties AS c ON c.tenant_id = :tenant_id AND c.id = s.customer_id
             ORDER BY s.sold_at DESC, s.id DESC
            """
        ),
        {"tenant_id": tenant_id, "product_id": product_id, "rows": SALES_MAX, **reach()},
    )
    return [ProductSaleRow(*row) for row in rows]


def list_received(tenant_id: int, product_id: uuid.UUID) -> list[ReceivedRow]:
    """Return the last ten times goods of a product came in and were not sold goods coming back, newest first."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT m.transaction_id, t.kind, t.memo, m.occurred_on, m.quantity, m.value
              FROM stock_moves AS m
              JOIN transactions AS t ON t.tenant_id = :tenant_id AND t.id = m.transaction_id
             WHERE m.tenant_id = :tenant_id AND m.product_id = :product_id AND m.quantity > 0
               AND t.kind IN ('purchase', 'stock_receipt', 'opening_stock', 'product_import')
             ORDER BY m.occurred_on DESC, m.transaction_id DESC, m.line DESC
             LIMIT :rows
            """
        ),
        {"tenant_id": tenant_id, "product_id": product_id, "rows": RECEIVED_MAX},
    )
    return [ReceivedRow(*row) for row in rows]


def list_sales_by_month(tenant_id: int, product_id: uuid.UUID, today: dt.date) -> list[MonthRow]:
    """Return what was sold in each of the last twelve months, this one last, less what came back in it."""
    months = [_month(today, back) for back in range(MONTHS - 1, -1, -1)]
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT date_trunc('month', w.day)::date AS month, sum(w.quantity) AS quantity, sum(w.total) AS total
              FROM (SELECT s.sold_on AS day, l.base_quantity AS quantity, l.total
                      FROM sale_lines AS l
                      JOIN sales AS s ON s.tenant_id = :tenant_id AND s.id = l.sale_id
                     WHERE l.tenant_id = :tenant_id
                       AND l.product_id = :product_id
                       AND s.sold_on >= :first
                       AND s.deleted_at IS NULL
                     UNION ALL
                    SELECT r.returned_on, -b.base_quantity, -b.total
                      FROM sale_return_lines AS b
                      JOIN sale_returns AS r ON r.tenant_id = :tenant_id AND r.id = b.return_id
                     WHERE b.tenant_id = :tenant_id
                       AND b.product_id = :product_id
                       AND r.returned_on >= :first) AS w
             GROUP BY 1
            """
        ),
        {"tenant_id": tenant_id, "product_id": product_id, "first": months[0]},
    )
    found = {row.month: row for row in rows}
    sums = ((month, found.get(month)) for month in months)
    return [MonthRow(month, row.quantity, int(row.total)) if row else MonthRow(month, NONE, 0) for month, row in sums]


def _month(day: dt.date, back: int) -> dt.date:
    """Return the first day of the month so many months before a day's."""
    months = day.year * 12 + day.month - 1 - back
    return dt.date(months // 12, months % 12 + 1, 1)
