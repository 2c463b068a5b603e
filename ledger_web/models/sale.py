"""Carts that are being filled and sales that were made."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Currency, Key, MadeAt, Minor, Percent, Quantity, TenantKey


class Cart(Base):
    """A sale that is being rung up. Its id becomes the id of the sale. `version` rises with every change.

    Always true: it is one person's, at most one of them, or it is parked and nobody's.
    """

    __tablename__ = "carts"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    user_id: Mapped[uuid.UUID | None]
    drawer_id: Mapped[uuid.UUID | None]  # parked at this drawer; None: for all
    customer_id: Mapped[uuid.UUID | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]
    discount_percent: Mapped[Decimal | None] = mapped_column(Numeric(6, 3))  # of the whole; this or the amount
    discount_amount: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(server_default="")
    salesperson_id: Mapped[uuid.UUID | None]  # who sold it, if not who rings it up
    approved_by: Mapped[uuid.UUID | None]
    approved_percent: Mapped[Percent | None]  # how much of a discount was approved
    parked_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    parked_by: Mapped[uuid.UUID | None]
    label: Mapped[str] = mapped_column(server_default="")


class CartLine(Base):
    """Some of a product in a cart, in the product's own unit or in another one."""

    __tablename__ = "cart_lines"

    tenant_id: Mapped[TenantKey]
    cart_id: Mapped[Key]
    id: Mapped[Key]
    product_id: Mapped[uuid.UUID]
    position: Mapped[int]
    quantity: Mapped[Quantity]
    unit_price: Mapped[Minor]
    unit_id: Mapped[uuid.UUID | None]  # None: the product's own
    list_price: Mapped[Minor]  # what it costs by the price list
    discount_percent: Mapped[Decimal | None] = mapped_column(Numeric(6, 3))
    discount_amount: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(server_default="")
    approved_by: Mapped[uuid.UUID | None]
    approved_percent: Mapped[Percent | None]
    gift_card_code: Mapped[str | None]
    salesperson_id: Mapped[uuid.UUID | None]  # who sold this, if not who sold the rest


class Sale(Base):
    """Goods sold. Its id is the id of its transaction.

    Always true: total + rounding = what payments applied of it + on_account; the lines' totals are the total;
    amounts are final; deleting it posts a reversal and marks it, and its number is never used again.
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
    discount: Mapped[int] = mapped_column(BigInteger, server_default="0")  # of the whole, spread over the lines
    note: Mapped[str] = mapped_column(server_default="")
    salesperson_id: Mapped[uuid.UUID | None]
    rounding: Mapped[int] = mapped_column(BigInteger, server_default="0")  # what cash was paid above the total
    prices_include_tax: Mapped[bool] = mapped_column(server_default="true")
    approved_by: Mapped[uuid.UUID | None]
    returned_total: Mapped[int] = mapped_column(BigInteger, server_default="0")
    return_count: Mapped[int] = mapped_column(server_default="0")
    reason_id: Mapped[uuid.UUID | None]  # why it was deleted


class SaleLine(Base):
    """One product on a sale, as it was that day: name, price, tax and cost are copies that never change.

    Always true: quantity × unit_price − discount − document_discount is the total where prices contain tax, and the
    total without its tax where they do not; `taxes` holds name, percent and amount of each tax, which add up to `tax`;
    base_quantity is the quantity in the product's own unit, as stock counts it.
    """

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
    unit_id: Mapped[uuid.UUID | None]
    unit_name: Mapped[str] = mapped_column(server_default="")
    factor_numerator: Mapped[int] = mapped_column(BigInteger, server_default="1")
    factor_denominator: Mapped[int] = mapped_column(BigInteger, server_default="1")
    base_quantity: Mapped[Quantity]
    list_price: Mapped[Minor]
    discount: Mapped[int] = mapped_column(BigInteger, server_default="0")
    document_discount: Mapped[int] = mapped_column(BigInteger, server_default="0")
    note: Mapped[str] = mapped_column(server_default="")
    taxes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    approved_by: Mapped[uuid.UUID | None]
    gift_card_id: Mapped[uuid.UUID | None]  # the card this line sold
    salesperson_id: Mapped[uuid.UUID | None]  # who sold it; None: as the sale says


class GiftCard(Base):
    """A card that the shop owes money to: the balance is the store credit account with its code."""

    __tablename__ = "gift_cards"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    code: Mapped[str]
    currency: Mapped[Currency]
    sold_in: Mapped[uuid.UUID]
    expires_on: Mapped[dt.date | None]
    blocked_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]
