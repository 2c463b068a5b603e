"""What a shop sells, and the codes that find it."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Date, DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Key, MadeAt, Minor, Percent, Quantity, TenantKey


class Product(Base):
    """Something sold. `unit_price` is in base currency, with tax in it if the shop's prices include it.

    `tax_percent` is what all rates of its tax class come to; without a class it is the one tax there is.

    `stock_policy` says what happens when there is not enough: block, warn, allow; "none" keeps no stock (a service).
    """

    __tablename__ = "products"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(server_default="")  # its words: the order of the list
    sku: Mapped[str | None]
    unit: Mapped[str] = mapped_column(server_default="pcs")
    unit_price: Mapped[Minor]
    tax_percent: Mapped[Percent]
    stock_policy: Mapped[str] = mapped_column(server_default="block")
    note: Mapped[str] = mapped_column(server_default="")
    reorder_level: Mapped[Quantity | None]  # bought again when less than this is on hand; None: nobody asks
    reorder_to: Mapped[Quantity | None]  # up to this much
    short_name: Mapped[str] = mapped_column(server_default="")  # on the receipt
    brand: Mapped[str] = mapped_column(server_default="")
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    till_note: Mapped[str] = mapped_column(server_default="")  # shown to whoever sells it
    category_id: Mapped[uuid.UUID | None]
    family_id: Mapped[uuid.UUID | None]
    option_values: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")  # as the family's options
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]
    archived_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    tax_class_id: Mapped[uuid.UUID | None]


class ProductWord(Base):
    """A word of a product's name or SKU, as search looks it up."""

    __tablename__ = "product_words"

    tenant_id: Mapped[TenantKey]
    word: Mapped[str] = mapped_column(primary_key=True)
    product_id: Mapped[Key]


class Barcode(Base):
    """A code that means one product of the shop. Always true: canonical ASCII with a right check digit."""

    __tablename__ = "barcodes"

    tenant_id: Mapped[TenantKey]
    code: Mapped[str] = mapped_column(primary_key=True)
    product_id: Mapped[uuid.UUID]
    symbology: Mapped[str]
    created_at: Mapped[MadeAt]
    unit_id: Mapped[uuid.UUID | None]  # None: the base unit


class ProductUnit(Base):
    """A pack of a product: `factor_numerator / factor_denominator` base units are in one.

    Always true: the factor is never updated. `unit_price` is of one pack; None: the product's price times the factor.
    """

    __tablename__ = "product_units"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    product_id: Mapped[uuid.UUID]
    name: Mapped[str]
    factor_numerator: Mapped[int] = mapped_column(BigInteger)
    factor_denominator: Mapped[int] = mapped_column(BigInteger, server_default="1")
    unit_price: Mapped[int | None] = mapped_column(BigInteger)
    is_sold: Mapped[bool] = mapped_column(server_default="true")
    is_bought: Mapped[bool] = mapped_column(server_default="true")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]
    archived_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class PriceList(Base):
    """Prices for some customers: wholesale, staff, members."""

    __tablename__ = "price_lists"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    name: Mapped[str]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]
    archived_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class ProductPrice(Base):
    """A price beside the ordinary one: of a list, from a quantity, for a time. Never updated, only taken away."""

    __tablename__ = "product_prices"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    product_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID | None]  # None: the base unit
    price_list_id: Mapped[uuid.UUID | None]  # None: for everybody
    quantity_from: Mapped[Quantity] = mapped_column(server_default="0")  # of the unit
    starts_on: Mapped[dt.date | None] = mapped_column(Date)
    ends_on: Mapped[dt.date | None] = mapped_column(Date)
    unit_price: Mapped[Minor]
    created_at: Mapped[MadeAt]


class PriceChange(Base):
    """A price that became another, who changed it and why. `new_price` None: it was taken away. Never updated."""

    __tablename__ = "price_changes"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    product_id: Mapped[uuid.UUID]
    unit_name: Mapped[str] = mapped_column(server_default="")  # "": the base unit
    price_list: Mapped[str] = mapped_column(server_default="")  # "": for everybody
    quantity_from: Mapped[Quantity] = mapped_column(server_default="0")
    starts_on: Mapped[dt.date | None] = mapped_column(Date)
    ends_on: Mapped[dt.date | None] = mapped_column(Date)
    old_price: Mapped[int | None] = mapped_column(BigInteger)
    new_price: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(server_default="")
    actor_id: Mapped[uuid.UUID | None]
    changed_at: Mapped[MadeAt]


class ProductCategory(Base):
    """A kind of goods, for finding and reporting them."""

    __tablename__ = "product_categories"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    name: Mapped[str]
    created_at: Mapped[MadeAt]


class ProductPicture(Base):
    """The picture of a product, large and small. Always true: WebP that we wrote ourselves."""

    __tablename__ = "product_pictures"

    tenant_id: Mapped[TenantKey]
    product_id: Mapped[Key]
    digest: Mapped[str]
    large: Mapped[bytes]
    small: Mapped[bytes]
    width: Mapped[int]
    height: Mapped[int]
    uploaded_at: Mapped[MadeAt]


class ProductFamily(Base):
    """What variants have in common, and the options by which they differ: size, colour."""

    __tablename__ = "product_families"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    name: Mapped[str]
    options: Mapped[list[str]] = mapped_column(ARRAY(Text))
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]


class ProductImport(Base):
    """A file of products: what was uploaded, what its dry run found, and whether it was carried out.

    Always true: the id comes from the content's digest, so one content is one row of a shop.
    """

    __tablename__ = "product_imports"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    file_name: Mapped[str]
    content: Mapped[bytes] = mapped_column(server_default="")  # of files that were not yet kept in parts
    stock_policy: Mapped[str]
    plan: Mapped[dict[str, Any]] = mapped_column(JSONB)
    uploaded_at: Mapped[MadeAt]
    uploaded_by: Mapped[uuid.UUID | None]
    imported_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    imported_by: Mapped[uuid.UUID | None]


class ProductImportPart(Base):
    """A thousand rows of a file: as they stand there, later those that are right and what is wrong with the others.

    Always true: `records` until it is checked, `rows` and `problems` from then on.
    """

    __tablename__ = "product_import_parts"

    tenant_id: Mapped[TenantKey]
    import_id: Mapped[Key]
    number: Mapped[int] = mapped_column(primary_key=True)
    records: Mapped[list[Any] | None] = mapped_column(JSONB)
    rows: Mapped[list[Any] | None] = mapped_column(JSONB)
    problems: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
