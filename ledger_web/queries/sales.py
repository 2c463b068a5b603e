"""One sale as pages ask for it: with everything on it, and what a receipt shows."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.returns import way_name
from ledger_web.domain.taxes import TaxPart
from ledger_web.models.base import session_of
from ledger_web.queries.scope import reach, within


@dataclass(frozen=True, slots=True)
class SaleLineRow:
    """A product on a sale, as it was that day."""

    line: int
    product_id: uuid.UUID
    name: str
    unit_name: str
    quantity: Decimal
    unit_price: int
    discount: int  # of this line; its share of the whole sale's is `document_discount`
    document_discount: int
    note: str
    total: int
    tax: int
    taxes: Sequence[TaxPart]
    cost: int
    salesperson: str | None  # if not who sold the rest
    returned: Decimal  # how much has come back


@dataclass(frozen=True, slots=True)
class SalePaymentRow:
    """One way a sale was paid: what was handed over, what it paid, what went back."""

    method: str
    drawer: str | None
    holder: str  # the bank account, or the end of a gift card's number
    currency: str
    tendered: int
    applied: int
    change: int
    applied_base: int
    rate: Decimal | None  # one rate_unit is so much of the other currency
    rate_unit: str | None
    other_change: int | None
    other_change_currency: str | None

    @property
    def name(self) -> str:
        return way_name(self.method, self.holder)


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
    discount: int
    rounding: int
    note: str
    salesperson: str | None
    prices_include_tax: bool
    returned_total: int
    return_count: int
    deleted_at: dt.datetime | None
    deleted_by: str | None
    delete_reason: str | None
    reversal_id: uuid.UUID | None
    lines: Sequence[SaleLineRow]
    payments: Sequence[SalePaymentRow]

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    @property
    def is_all_returned(self) -> bool:
        return all(line.returned >= line.quantity for line in self.lines)


_SALE = """
    SELECT s.id, s.number, s.sold_on, s.sold_at, d.name AS drawer, s.customer_id, k.name AS customer,
           u.name AS cashier, s.currency, s.total, s.tax_total, s.cost_total, s.on_account,
           s.discount, s.rounding, s.note, p.name AS salesperson, s.prices_include_tax, s.returned_total,
           s.return_count, s.deleted_at, x.name AS deleted_by, s.delete_reason, r.id AS reversal_id
      FROM sales AS s
      JOIN cash_drawers AS d ON d.tenant_id = :tenant_id AND d.id = s.drawer_id
      LEFT JOIN parties AS k ON k.tenant_id = :tenant_id AND k.id = s.customer_id
      LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = s.cashier_id
      LEFT JOIN users AS p ON p.tenant_id = :tenant_id AND p.id = s.salesperson_id
      LEFT JOIN users AS x ON x.tenant_id = :tenant_id AND x.id = s.deleted_by
      LEFT JOIN transactions AS r ON r.tenant_id = :tenant_id AND r.reverses_id = s.id
     WHERE s.tenant_id = :tenant_id AND s.id = :sale_id
"""

_LINES = text("""
    SELECT l.line, l.product_id, l.name, l.unit_name, l.quantity, l.unit_price, l.discount, l.document_discount,
           l.note, l.total, l.tax, l.taxes, l.cost, u.name AS salesperson, coalesce(r.returned, 0) AS returned
      FROM sale_lines AS l
      LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = l.salesperson_id
      LEFT JOIN returned_lines AS r ON r.tenant_id = :tenant_id AND r.sale_id = l.sale_id AND r.line = l.line
     WHERE l.tenant_id = :tenant_id AND l.sale_id = :sale_id
     ORDER BY l.line
""")

_PAYMENTS = text("""
    SELECT p.method, d.name AS drawer, coalesce(b.name, '…' || right(c.code, 4), '') AS holder, p.currency,
           p.tendered, p.applied, p.change, p.applied_base, p.rate, p.rate_unit, p.other_change,
           p.other_change_currency
      FROM payments AS p
      LEFT JOIN cash_drawers AS d ON d.tenant_id = :tenant_id AND d.id = p.drawer_id
      LEFT JOIN bank_accounts AS b ON b.tenant_id = :tenant_id AND b.id = p.bank_id
      LEFT JOIN gift_cards AS c ON c.tenant_id = :tenant_id AND c.id = p.gift_card_id
     WHERE p.tenant_id = :tenant_id AND p.sale_id = :sale_id
     ORDER BY p.id
""")


def get_sale(tenant_id: int, sale_id: uuid.UUID) -> SaleDetails:
    """Return a sale with its lines and payments.

    Raises:
        NotFoundError: The shop has no such sale.
    """
    session, values = session_of(tenant_id), {"tenant_id": tenant_id, "sale_id": sale_id}
    seen = within(person="s.cashier_id", drawer="s.drawer_id")
    sale = session.execute(text(_SALE + seen), values | reach()).one_or_none()
    if sale is None:
        raise NotFoundError("There is no such sale in this shop.")
    return SaleDetails(
        **sale._mapping,
        lines=tuple(_line(row) for row in session.execute(_LINES, values)),
        payments=tuple(SalePaymentRow(**row._mapping) for row in session.execute(_PAYMENTS, values)),
    )


def _line(row: Row[Any]) -> SaleLineRow:
    parts = [TaxPart(part["name"], Decimal(part["percent"]), part["amount"]) for part in row.taxes]
    return SaleLineRow(**{**row._mapping, "taxes": tuple(parts)})


def is_sale(tenant_id: int, sale_id: uuid.UUID) -> bool:
    """Say whether the shop has this sale."""
    found = session_of(tenant_id).execute(
        text(
            "SELECT 1 FROM sales WHERE tenant_id = :tenant_id AND id = :sale_id"
            + within(person="cashier_id", drawer="drawer_id")
        ),
        {"tenant_id": tenant_id, "sale_id": sale_id, **reach()},
    )
    return found.first() is not None
