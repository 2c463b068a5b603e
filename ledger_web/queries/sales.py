"""One sale as pages ask for it: with everything on it, and what a receipt shows."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.models.base import session_of


@dataclass(frozen=True, slots=True)
class SaleLineRow:
    """A product on a sale, as it was that day."""

    line: int
    product_id: uuid.UUID
    name: str
    quantity: Decimal
    unit_price: int
    tax_percent: Decimal
    total: int
    tax: int
    cost: int


@dataclass(frozen=True, slots=True)
class SalePaymentRow:
    """Cash that was handed over for a sale."""

    drawer: str | None
    currency: str
    tendered: int
    applied: int
    change: int


@dataclass(frozen=True, slots=True)
class SaleDetails:
    """A sale with all that its page and its receipt show. Amounts are minor units of `currency`."""

    id: uuid.UUID
    number: str
    sold_on: dt.date
    sold_at: dt.datetime
    drawer: str
    customer_id: uuid.UUID | None
    customer: str | None
    cashier: str | None
    currency: str
    total: int
    tax_total: int
    cost_total: int
    on_account: int
    deleted_at: dt.datetime | None
    deleted_by: str | None
    delete_reason: str | None
    reversal_id: uuid.UUID | None
    lines: Sequence[SaleLineRow]
    payments: Sequence[SalePaymentRow]

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


_SALE = text("""
    SELECT s.id, s.number, s.sold_on, s.sold_at, d.name AS drawer, s.customer_id, k.name AS customer,
           u.name AS cashier, s.currency, s.total, s.tax_total, s.cost_total, s.on_account,
           s.deleted_at, x.name AS deleted_by, s.delete_reason, r.id AS reversal_id
      FROM sales AS s
      JOIN cash_drawers AS d ON d.tenant_id = :tenant_id AND d.id = s.drawer_id
      LEFT JOIN parties AS k ON k.tenant_id = :tenant_id AND k.id = s.customer_id
      LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = s.cashier_id
      LEFT JOIN users AS x ON x.tenant_id = :tenant_id AND x.id = s.deleted_by
      LEFT JOIN transactions AS r ON r.tenant_id = :tenant_id AND r.reverses_id = s.id
     WHERE s.tenant_id = :tenant_id AND s.id = :sale_id
""")

_LINES = text("""
    SELECT line, product_id, name, quantity, unit_price, tax_percent, total, tax, cost
      FROM sale_lines
     WHERE tenant_id = :tenant_id AND sale_id = :sale_id
     ORDER BY line
""")

_PAYMENTS = text("""
    SELECT d.name AS drawer, p.currency, p.tendered, p.applied, p.change
      FROM payments AS p
      LEFT JOIN cash_drawers AS d ON d.tenant_id = :tenant_id AND d.id = p.drawer_id
     WHERE p.tenant_id = :tenant_id AND p.sale_id = :sale_id
     ORDER BY p.id
""")


def get_sale(tenant_id: int, sale_id: uuid.UUID) -> SaleDetails:
    """Return a sale with its lines and payments.

    Raises:
        NotFoundError: The shop has no such sale.
    """
    session, values = session_of(tenant_id), {"tenant_id": tenant_id, "sale_id": sale_id}
    sale = session.execute(_SALE, values).one_or_none()
    if sale is None:
        raise NotFoundError("There is no such sale in this shop.")
    return SaleDetails(
        **sale._mapping,
        lines=tuple(SaleLineRow(**row._mapping) for row in session.execute(_LINES, values)),
        payments=tuple(SalePaymentRow(**row._mapping) for row in session.execute(_PAYMENTS, values)),
    )


def is_sale(tenant_id: int, sale_id: uuid.UUID) -> bool:
    """Say whether the shop has this sale."""
    found = session_of(tenant_id).execute(
        text("SELECT 1 FROM sales WHERE tenant_id = :tenant_id AND id = :sale_id"),
        {"tenant_id": tenant_id, "sale_id": sale_id},
    )
    return found.first() is not None
