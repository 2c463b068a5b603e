"""Purchases, the drafts they are made of, and the shop's table of rates."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import BigInteger, Boolean, Date, DateTime, LargeBinary, Numeric
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Currency, Key, MadeAt, Minor, Percent, Quantity, TenantKey

RateValue = Annotated[Decimal, mapped_column(Numeric(20, 10))]
UnitCost = Annotated[Decimal, mapped_column(Numeric(21, 6))]  # whole units of a currency


class ExchangeRate(Base):
    """One `unit` was so much of the other currency, on a day. Always true: never changed, only followed by another."""

    __tablename__ = "exchange_rates"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    currency: Mapped[Currency]
    unit: Mapped[Currency]
    value: Mapped[RateValue]
    valid_on: Mapped[dt.date]
    note: Mapped[str] = mapped_column(server_default="")
    created_by: Mapped[uuid.UUID | None]
    created_at: Mapped[MadeAt]


class PurchaseSettings(Base):
    """The shop's rules for what it buys: rounding it takes, margin and ending of the prices it proposes."""

    __tablename__ = "purchase_settings"

    tenant_id: Mapped[TenantKey]
    rounding_max: Mapped[int] = mapped_column(BigInteger, server_default="100")
    margin_percent: Mapped[Percent] = mapped_column(server_default="25")
    price_ending: Mapped[int] = mapped_column(BigInteger, server_default="0")


class PurchaseDraft(Base):
    """A purchase that is being written down. Its id becomes the id of the purchase; `version` rises with every change.

    `charged_base`: what was charged in the base currency for `charged_total` of the document's. `rest_of`: the draft,
    or the purchase it became by now, that holds what came before.
    """

    __tablename__ = "purchase_drafts"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    user_id: Mapped[uuid.UUID | None]
    vendor_id: Mapped[uuid.UUID | None]
    invoice_number: Mapped[str] = mapped_column(server_default="")
    duplicate_reason: Mapped[str] = mapped_column(server_default="")
    invoice_on: Mapped[dt.date]
    received_on: Mapped[dt.date | None]
    due_on: Mapped[dt.date | None]
    currency: Mapped[Currency]
    rate: Mapped[RateValue | None]
    rate_unit: Mapped[Currency | None]
    rate_source: Mapped[str | None]
    rate_on: Mapped[dt.date | None]
    rate_by: Mapped[uuid.UUID | None]
    charged_base: Mapped[int | None] = mapped_column(BigInteger)
    charged_total: Mapped[int | None] = mapped_column(BigInteger)
    printed_total: Mapped[int | None] = mapped_column(BigInteger)
    memo: Mapped[str] = mapped_column(server_default="")
    corrects_id: Mapped[uuid.UUID | None]
    rest_of: Mapped[uuid.UUID | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]


class PurchaseDraftLine(Base):
    """A product on a draft. `net` and `tax` are what it comes to, in the draft's currency."""

    __tablename__ = "purchase_draft_lines"

    tenant_id: Mapped[TenantKey]
    draft_id: Mapped[Key]
    id: Mapped[Key]
    position: Mapped[int]
    product_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID | None]
    quantity: Mapped[Quantity]
    unit_cost: Mapped[UnitCost | None]
    discount_percent: Mapped[Percent] = mapped_column(server_default="0")
    tax_percent: Mapped[Percent] = mapped_column(server_default="0")
    weight: Mapped[Quantity | None]
    volume: Mapped[Quantity | None]
    net: Mapped[Minor] = mapped_column(BigInteger, server_default="0")
    tax: Mapped[Minor] = mapped_column(BigInteger, server_default="0")


class PurchaseDraftCharge(Base):
    """A charge on a draft. `payee_id` is None where it is on the vendor's own invoice."""

    __tablename__ = "purchase_draft_charges"

    tenant_id: Mapped[TenantKey]
    draft_id: Mapped[Key]
    id: Mapped[Key]
    name: Mapped[str]
    payee_id: Mapped[uuid.UUID | None]
    currency: Mapped[Currency]
    net: Mapped[Minor]
    tax_percent: Mapped[Percent] = mapped_column(server_default="0")
    tax: Mapped[Minor] = mapped_column(BigInteger, server_default="0")
    rate: Mapped[RateValue | None]
    rate_unit: Mapped[Currency | None]
    rate_source: Mapped[str | None]
    rate_on: Mapped[dt.date | None]
    rate_by: Mapped[uuid.UUID | None]
    spread_by: Mapped[str]
    by_hand: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")


class Purchase(Base):
    """Goods bought. Its id is the id of its transaction.

    Always true: amounts, rate and where the rate came from are final; its lines, taxes, charges on the invoice and
    `rounded` add up to `total`, and in the base currency to `total_base`; deleting it posts a reversal and marks it.
    """

    __tablename__ = "purchases"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    number: Mapped[str]
    vendor_id: Mapped[uuid.UUID]
    invoice_number: Mapped[str]
    invoice_key: Mapped[str]
    duplicate_reason: Mapped[str | None]
    invoice_on: Mapped[dt.date]
    received_on: Mapped[dt.date]
    due_on: Mapped[dt.date]
    currency: Mapped[Currency]
    rate: Mapped[RateValue | None]
    rate_unit: Mapped[Currency | None]
    rate_source: Mapped[str | None]
    rate_on: Mapped[dt.date | None]
    rate_by: Mapped[uuid.UUID | None]
    base_currency: Mapped[Currency]
    tax_total: Mapped[Minor]
    rounded: Mapped[Minor] = mapped_column(BigInteger, server_default="0")
    total: Mapped[Minor]
    total_base: Mapped[Minor]
    tax_base: Mapped[Minor]
    value_base: Mapped[Minor]
    kept_base: Mapped[Minor]
    memo: Mapped[str] = mapped_column(server_default="")
    corrects_id: Mapped[uuid.UUID | None]
    rest_of: Mapped[uuid.UUID | None]
    deleted_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    deleted_by: Mapped[uuid.UUID | None]
    delete_reason: Mapped[str | None]


class PurchaseLine(Base):
    """One product on a purchase, as it was that day. Always true: 0 <= returned <= quantity; nothing else changes."""

    __tablename__ = "purchase_lines"

    tenant_id: Mapped[TenantKey]
    purchase_id: Mapped[Key]
    line: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[uuid.UUID]
    name: Mapped[str]
    unit_id: Mapped[uuid.UUID | None]
    unit_name: Mapped[str]
    factor_numerator: Mapped[int] = mapped_column(BigInteger, server_default="1")
    factor_denominator: Mapped[int] = mapped_column(BigInteger, server_default="1")
    quantity: Mapped[Quantity]
    base_quantity: Mapped[Quantity]
    unit_cost: Mapped[UnitCost]
    discount_percent: Mapped[Percent]
    tax_percent: Mapped[Percent]
    weight: Mapped[Quantity | None]
    volume: Mapped[Quantity | None]
    taxes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    keeps_stock: Mapped[bool] = mapped_column(Boolean)
    net: Mapped[Minor]
    tax: Mapped[Minor]
    net_base: Mapped[Minor]
    tax_base: Mapped[Minor]
    charges_base: Mapped[Minor]
    returned: Mapped[Quantity] = mapped_column(Numeric(18, 6), server_default="0")


class PurchaseCharge(Base):
    """Freight, duty or a broker of a purchase, as it was posted: with it, or late in a transaction of its own.

    `kept_base`: of a late one, how much went to goods still in stock; the rest is cost of sales.
    """

    __tablename__ = "purchase_charges"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    purchase_id: Mapped[uuid.UUID]
    transaction_id: Mapped[uuid.UUID]
    name: Mapped[str]
    payee_id: Mapped[uuid.UUID | None]
    currency: Mapped[Currency]
    rate: Mapped[RateValue | None]
    rate_unit: Mapped[Currency | None]
    rate_source: Mapped[str | None]
    rate_on: Mapped[dt.date | None] = mapped_column(Date)
    rate_by: Mapped[uuid.UUID | None]
    net: Mapped[Minor]
    tax_percent: Mapped[Percent]
    tax: Mapped[Minor]
    net_base: Mapped[Minor]
    tax_base: Mapped[Minor]
    kept_base: Mapped[int | None] = mapped_column(BigInteger)
    spread_by: Mapped[str]
    by_hand: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")


class PurchaseReturn(Base):
    """Goods of a purchase that went back to the vendor, at its rate and cost. Its id is the id of its transaction."""

    __tablename__ = "purchase_returns"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    number: Mapped[str]
    purchase_id: Mapped[uuid.UUID]
    returned_on: Mapped[dt.date]
    currency: Mapped[Currency]
    total: Mapped[Minor]
    total_base: Mapped[Minor]
    reason: Mapped[str]
    deleted_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    deleted_by: Mapped[uuid.UUID | None]
    delete_reason: Mapped[str | None]


class PurchaseReturnLine(Base):
    """How much of a line of the purchase went back, and what it came to."""

    __tablename__ = "purchase_return_lines"

    tenant_id: Mapped[TenantKey]
    return_id: Mapped[Key]
    line: Mapped[int] = mapped_column(primary_key=True)
    purchase_id: Mapped[uuid.UUID]
    quantity: Mapped[Quantity]
    net: Mapped[Minor]
    tax: Mapped[Minor]
    net_base: Mapped[Minor]
    tax_base: Mapped[Minor]
    charges_base: Mapped[Minor]


class PurchasePaper(Base):
    """A photo or PDF of the vendor's own paper, by the digest of its content."""

    __tablename__ = "purchase_papers"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    purchase_id: Mapped[uuid.UUID]
    name: Mapped[str]
    media_type: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    added_by: Mapped[uuid.UUID | None]
    added_at: Mapped[MadeAt]


class VendorPrice(Base):
    """What a vendor asks for a product, in which packs, and how long it takes."""

    __tablename__ = "vendor_prices"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    vendor_id: Mapped[uuid.UUID]
    product_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID | None]
    code: Mapped[str] = mapped_column(server_default="")
    currency: Mapped[Currency]
    unit_cost: Mapped[UnitCost]
    pack: Mapped[Quantity] = mapped_column(Numeric(18, 6), server_default="1")
    lead_days: Mapped[int | None]
    written_by: Mapped[uuid.UUID | None]
    written_at: Mapped[MadeAt]
