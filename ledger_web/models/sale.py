"""Carts that are being filled and sales that were made."""

import datetime as dt
import uuid

from sqlalchemy import BigInteger, DateTime
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Currency, Key, MadeAt, Minor, Percent, Quantity, TenantKey


class Cart(Base):
    """A sale that is being rung up. Its id becomes the id of the sale. `version` rises with every change."""

    __tablename__ = "carts"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    user_id: Mapped[uuid.UUID]
    drawer_id: Mapped[uuid.UUID | None]
    customer_id: Mapped[uuid.UUID | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]


class CartLine(Base):
    """A product in a cart."""

    __tablename__ = "cart_lines"

    tenant_id: Mapped[TenantKey]
    cart_id: Mapped[Key]
    product_id: Mapped[Key]
    position: Mapped[int]
    quantity: Mapped[Quantity]
    unit_price: Mapped[Minor]


class Sale(Base):
    """Goods sold. Its id is the id of its transaction.

    Always true: total = payments applied + on_account; amounts are final; deleting it posts a
    reversal and marks it, and its number is never used again.
    """

    __tablename__ = "sales"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    number: Mapped[str]
    drawer_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID | None]
    cashier_id: Mapped[uuid.UUID | None]
    sold_on: Mapped[dt.date]
    sold_at: Mapped[MadeAt]
    currency: Mapped[Currency]
    total: Mapped[Minor]
    tax_total: Mapped[Minor]
    cost_total: Mapped[Minor]
    on_account: Mapped[Minor] = mapped_column(BigInteger, server_default="0")
    deleted_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    deleted_by: Mapped[uuid.UUID | None]
    delete_reason: Mapped[str | None]


class SaleLine(Base):
    """One product on a sale, as it was that day: name, price, tax and cost are copies that never change."""

    __tablename__ = "sale_lines"

    tenant_id: Mapped[TenantKey]
    sale_id: Mapped[Key]
    line: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[uuid.UUID]
    name: Mapped[str]
    quantity: Mapped[Quantity]
    unit_price: Mapped[Minor]
    tax_percent: Mapped[Percent]
    total: Mapped[Minor]
    tax: Mapped[Minor]
    cost: Mapped[Minor]
