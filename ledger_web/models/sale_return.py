"""What came back of sales, and why."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Currency, Key, MadeAt, Minor, Quantity, TenantKey


class ReturnReason(Base):
    """Why something is undone. `code` names one that every shop starts with."""

    __tablename__ = "return_reasons"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    code: Mapped[str | None]
    name: Mapped[str]
    restocks: Mapped[bool] = mapped_column(server_default="true")
    needs_approval: Mapped[bool] = mapped_column(server_default="false")
    position: Mapped[int] = mapped_column(server_default="100")
    version: Mapped[int] = mapped_column(server_default="1")
    archived_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class SaleReturn(Base):
    """Goods that came back, and what they gave back for them. Its id is the id of its transaction.

    Always true: what reduced a debt, went to the customer's account, became store credit, paid for what went out
    instead or was paid out is the total; never changed.
    """

    __tablename__ = "sale_returns"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    number: Mapped[str]
    sale_id: Mapped[uuid.UUID | None]
    drawer_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID | None]
    cashier_id: Mapped[uuid.UUID | None]
    returned_on: Mapped[dt.date]
    returned_at: Mapped[MadeAt]
    currency: Mapped[Currency]
    total: Mapped[Minor]
    tax_total: Mapped[Minor]
    cost_total: Mapped[Minor]
    to_debt: Mapped[Minor] = mapped_column(BigInteger, server_default="0")
    to_account: Mapped[Minor] = mapped_column(BigInteger, server_default="0")
    to_credit: Mapped[Minor] = mapped_column(BigInteger, server_default="0")
    to_exchange: Mapped[Minor] = mapped_column(BigInteger, server_default="0")
    rounding: Mapped[Minor] = mapped_column(BigInteger, server_default="0")
    reason_id: Mapped[uuid.UUID]
    note: Mapped[str] = mapped_column(server_default="")
    approved_by: Mapped[uuid.UUID | None]
    exchanged_for: Mapped[uuid.UUID | None]


class SaleReturnLine(Base):
    """Some of one product that came back, at the price, tax and cost it left with."""

    __tablename__ = "sale_return_lines"

    tenant_id: Mapped[TenantKey]
    return_id: Mapped[Key]
    line: Mapped[int] = mapped_column(primary_key=True)
    sale_line: Mapped[int | None]
    product_id: Mapped[uuid.UUID]
    name: Mapped[str]
    unit_name: Mapped[str] = mapped_column(server_default="")
    quantity: Mapped[Quantity]
    base_quantity: Mapped[Quantity]
    unit_price: Mapped[Minor]
    total: Mapped[Minor]
    tax: Mapped[Minor]
    taxes: Mapped[Any] = mapped_column(JSONB, server_default="[]")
    cost: Mapped[Minor]
    disposition: Mapped[str]


class ReturnedLine(Base):
    """How much of a line of a sale has come back. Always true: 0 < returned <= sold."""

    __tablename__ = "returned_lines"

    tenant_id: Mapped[TenantKey]
    sale_id: Mapped[Key]
    line: Mapped[int] = mapped_column(primary_key=True)
    sold: Mapped[Quantity]
    returned: Mapped[Quantity]


class RefundedPayment(Base):
    """How much of a payment has gone back: of what it covered of the sale, and of the money itself.

    Always true: refunded <= value, paid_back <= applied.
    """

    __tablename__ = "refunded_payments"

    tenant_id: Mapped[TenantKey]
    payment_id: Mapped[Key]
    value: Mapped[Minor]
    refunded: Mapped[Minor]
    applied: Mapped[Minor]
    paid_back: Mapped[Minor]
