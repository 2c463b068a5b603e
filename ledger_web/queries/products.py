"""Products as pages ask for them: the list in the order of names, and one with everything on its page."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row, text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.money import round_half_up
from ledger_web.domain.prices import is_below_cost, margin_percent, markup_percent, without_tax
from ledger_web.domain.taxes import tax_of
from ledger_web.models.base import session_of
from ledger_web.queries.product_search import Wanted, find_products

ROWS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product in a list. `unit_price` is minor units of the base currency, tax contained."""

    id: uuid.UUID
    name: str
    sku: str | None
    code: str | None  # one of its barcodes
    unit: str
    unit_price: int
    stock_policy: str
    on_hand: Decimal | None  # None: keeps no stock


@dataclass(frozen=True, slots=True)
class ProductPage:
    """A page of a list in the order of names."""

    rows: tuple[ProductRow, ...]
    before: uuid.UUID | None  # the page before ends before this product
    after: uuid.UUID | None  # the page behind begins after this product


@dataclass(frozen=True, slots=True)
class BarcodeRow:
    """A code of a product, as it is drawn. `unit` is the pack it means; None: one base unit."""

    code: str
    symbology: str
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductDetails:
    """All that is known of a product. Amounts are minor units of the base currency."""

    id: uuid.UUID
    name: str
    sku: str | None
    short_name: str
    brand: str
    category_id: uuid.UUID | None
    category: str
    tags: tuple[str, ...]
    note: str
    till_note: str
    unit: str
    unit_price: int
    tax_percent: Decimal
    tax_class_id: uuid.UUID | None
    tax_class: str
    prices_include_tax: bool
    stock_policy: str
    reorder_level: Decimal | None
    reorder_to: Decimal | None
    version: int
    created_at: dt.datetime
    archived_at: dt.datetime | None
    family_id: uuid.UUID | None
    family: str
    options: tuple[str, ...]  # of the family: Size, Colour
    option_values: tuple[str, ...]  # of this product, in their order
    picture: str | None  # the digest of its picture
    quantity: Decimal
    value: int
    unit_cost_last: Decimal
    barcodes: tuple[BarcodeRow, ...]

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def keeps_stock(self) -> bool:
        return self.stock_policy != "none"

    @property
    def unit_cost(self) -> Decimal | None:
        """What one costs on average, in minor units and parts of them; None while nothing is on hand."""
        return self.value / self.quantity if self.quantity > 0 else None

    @property
    def known_cost(self) -> Decimal | None:
        """What one costs on average, or while nothing is on hand, what one cost last; None if that is not known."""
        return self.unit_cost if self.unit_cost is not None else (self.unit_cost_last or None)

    @property
    def contained_tax_percent(self) -> Decimal:
        """The tax that prices contain: none in a shop whose prices are without it."""
        return self.tax_percent if self.prices_include_tax else Decimal(0)

    @property
    def net_price(self) -> int:
        return round_half_up(without_tax(self.unit_price, self.contained_tax_percent))

    @property
    def gross_price(self) -> int:
        return tax_of(self.unit_price, [self.tax_percent], inclusive=self.prices_include_tax).gross

    @property
    def margin_percent(self) -> Decimal | None:
        """How much of the price without tax is left after the cost; None while there is no cost or no price."""
        cost = self.known_cost
        return None if cost is None else margin_percent(self.unit_price, cost, self.contained_tax_percent)

    @property
    def markup_percent(self) -> Decimal | None:
        """By how much the price without tax is above the cost; None while there is no cost."""
        cost = self.known_cost
        return None if cost is None else markup_percent(self.unit_price, cost, self.contained_tax_percent)

    @property
    def is_below_cost(self) -> bool:
        return is_below_cost(self.unit_price, self.known_cost, self.contained_tax_percent)


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """A category with how many products are in it, archived ones included."""

    id: uuid.UUID
    name: str
    products: int


@dataclass(frozen=True, slots=True)
class Holder:
    """A product that has what was wanted for another."""

    id: uuid.UUID
    name: str


_DETAILS: Final = text(
    """
    SELECT p.id, p.name, p.sku, p.short_name, p.brand, p.category_id, coalesce(c.name, '') AS category, p.tags,
           p.note, p.till_note, p.unit, p.unit_price, p.tax_percent, p.tax_class_id, coalesce(x.name, '') AS tax_class,
           t.prices_include_tax, p.stock_policy, p.reorder_level, p.reorder_to, p.version, p.created_at, p.archived_at,
           p.family_id, coalesce(f.name, '') AS family, f.options, p.option_values, i.digest AS picture,
           coalesce(s.quantity, 0) AS quantity, coalesce(s.value, 0) AS value,
           coalesce(s.unit_cost_last, 0) AS unit_cost_last
      FROM products AS p
      JOIN tenants AS t ON t.tenant_id = :tenant_id
      LEFT JOIN stock_levels AS s ON s.tenant_id = :tenant_id AND s.product_id = p.id
      LEFT JOIN product_categories AS c ON c.tenant_id = :tenant_id AND c.id = p.category_id
      LEFT JOIN product_families AS f ON f.tenant_id = :tenant_id AND f.id = p.family_id
      LEFT JOIN product_pictures AS i ON i.tenant_id = :tenant_id AND i.product_id = p.id
      LEFT JOIN tax_classes AS x ON x.tenant_id = :tenant_id AND x.id = p.tax_class_id
     WHERE p.tenant_id = :tenant_id
       AND p.id = :id
    """
)

_ROW: Final = """
    SELECT p.id, p.name, p.sku, c.code, p.unit, p.unit_price, p.stock_policy,
           CASE WHEN p.stock_policy <> 'none' THEN coalesce(s.quantity, 0) END AS on_hand
      FROM ({page}) AS p
      LEFT JOIN stock_levels AS s ON s.tenant_id = :tenant_id AND s.product_id = p.id
      LEFT JOIN LATERAL (
            SELECT b.code FROM barcodes AS b
             WHERE b.tenant_id = :tenant_id AND b.product_id = p.id
             ORDER BY b.created_at, b.code
             LIMIT 1) AS c ON true
     ORDER BY p.name_key, p.id
"""


def list_products(
    tenant_id: int,
    *,
    search: str = "",
    archived: bool = False,
    category_id: uuid.UUID | None = None,
    after: uuid.UUID | None = None,
    before: uuid.UUID | None = None,
) -> ProductPage:
    """Return the next fifty products after one, or the fifty before one, in the order of their names.

    What a search finds begins with the names that begin with what was typed.

    Args:
        search: Words that begin words of the name or SKU, all of them; or exactly a barcode or an SKU.
        archived: Those in the archive instead of those in use.
        category_id: Only those in this category.
        after, before: Where a page ended. A product that is not there any more means the first page.
    """
    backwards = before is not None and after is None
    place = _place(tenant_id, before if backwards else after)
    backwards = backwards and place is not None
    wanted = Wanted(
        search=search,
        rows=ROWS_MAX + 1,
        archived=archived,
        category_id=category_id,
        place=place,
        backwards=backwards,
    )
    rows = [ProductRow(**row._mapping) for row in find_products(tenant_id, wanted, _ROW)]
    return _page(rows, backwards=backwards, is_first=place is None)


def has_products(tenant_id: int) -> bool:
    """Say whether the shop has any product at all, archived ones included."""
    return bool(
        session_of(tenant_id)
        .execute(
            text("SELECT EXISTS (SELECT 1 FROM products AS p WHERE p.tenant_id = :tenant_id)"), {"tenant_id": tenant_id}
        )
        .scalar_one()
    )


def get_product_details(tenant_id: int, product_id: uuid.UUID) -> ProductDetails:
    """Return a product with its stock and its codes.

    Raises:
        NotFoundError: The shop has no such product.
    """
    row = session_of(tenant_id).execute(_DETAILS, {"tenant_id": tenant_id, "id": product_id}).mappings().one_or_none()
    if row is None:
        raise NotFoundError("There is no such product in this shop.")
    lists = {name: tuple(row[name] or ()) for name in ("tags", "options", "option_values")}
    return ProductDetails(**{**row, **lists}, barcodes=_barcodes_of(tenant_id, product_id))


def list_categories(tenant_id: int) -> list[CategoryRow]:
    """Return the shop's categories in the order of their names."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT c.id, c.name,
                   (SELECT count(*) FROM products AS p
                     WHERE p.tenant_id = :tenant_id AND p.category_id = c.id) AS products
              FROM product_categories AS c
             WHERE c.tenant_id = :tenant_id
             ORDER BY lower(c.name), c.id
            """
        ),
        {"tenant_id": tenant_id},
    )
    return [CategoryRow(*row) for row in rows]


def list_tax_choices(tenant_id: int) -> list[tuple[uuid.UUID, str]]:
    """Return the tax classes a product may be given, by name."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT x.id, x.name FROM tax_classes AS x
             WHERE x.tenant_id = :tenant_id AND x.archived_at IS NULL
             ORDER BY x.name, x.id
            """
        ),
        {"tenant_id": tenant_id},
    )
    return [(row.id, row.name) for row in rows]


def find_holder(tenant_id: int, *, code: str = "", sku: str = "") -> Holder | None:
    """Return the product that has a barcode, or the one that has an SKU."""
    row = (
        session_of(tenant_id)
        .execute(
            text(
                """
                SELECT p.id, p.name
                  FROM products AS p
                 WHERE p.tenant_id = :tenant_id
                   AND (p.id IN (SELECT b.product_id FROM barcodes AS b
                                  WHERE b.tenant_id = :tenant_id AND b.code = :code)
                        OR p.id IN (SELECT k.id FROM products AS k
                                     WHERE k.tenant_id = :tenant_id AND k.sku = :sku))
                """
            ),
            {"tenant_id": tenant_id, "code": code, "sku": sku},
        )
        .first()
    )
    return Holder(*row) if row else None


def _barcodes_of(tenant_id: int, product_id: uuid.UUID) -> tuple[BarcodeRow, ...]:
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT b.code, b.symbology, u.name AS unit
              FROM barcodes AS b
              LEFT JOIN product_units AS u ON u.tenant_id = :tenant_id AND u.id = b.unit_id
             WHERE b.tenant_id = :tenant_id AND b.product_id = :product_id
             ORDER BY u.name NULLS FIRST, b.created_at, b.code
            """
        ),
        {"tenant_id": tenant_id, "product_id": product_id},
    )
    return tuple(BarcodeRow(*row) for row in rows)


def _place(tenant_id: int, product_id: uuid.UUID | None) -> tuple[str, uuid.UUID] | None:
    """Return where a product stands in the order of names; None where there is none: then it is page one."""
    if product_id is None:
        return None
    row: Row[Any] | None = (
        session_of(tenant_id)
        .execute(
            text("SELECT p.name_key, p.id FROM products AS p WHERE p.tenant_id = :tenant_id AND p.id = :id"),
            {"tenant_id": tenant_id, "id": product_id},
        )
        .one_or_none()
    )
    return (row.name_key, row.id) if row else None


def _page(rows: Sequence[ProductRow], *, backwards: bool, is_first: bool) -> ProductPage:
    """Cut off the row too many, which only says that there is another page that way."""
    more = len(rows) > ROWS_MAX
    shown = (rows[1:] if backwards else rows[:ROWS_MAX]) if more else rows
    has_before = more if backwards else not is_first
    has_after = backwards or more
    return ProductPage(
        rows=tuple(shown),
        before=shown[0].id if shown and has_before else None,
        after=shown[-1].id if shown and has_after else None,
    )
