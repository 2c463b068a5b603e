"""Products as pages ask for them: the list in the order of names, and one with everything on its page."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row, text

from ledger_web.domain.barcodes import normalise
from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.search_words import ranges
from ledger_web.models.base import session_of
from ledger_web.queries.search import bounds, holders_of_every_word

ROWS_MAX: Final = 50
MOVES_MAX: Final = 10
SALES_MAX: Final = 10


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
    """A code of a product, as it is drawn."""

    code: str
    symbology: str


@dataclass(frozen=True, slots=True)
class ProductDetails:
    """All that is known of a product. Amounts are minor units of the base currency."""

    id: uuid.UUID
    name: str
    sku: str | None
    unit: str
    unit_price: int
    tax_percent: Decimal
    stock_policy: str
    note: str
    version: int
    created_at: dt.datetime
    archived_at: dt.datetime | None
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
    def margin_percent(self) -> Decimal | None:
        """How much of the price without tax is left after the cost; None while there is no cost or no price."""
        if self.unit_cost is None or not self.unit_price:
            return None
        net = Decimal(self.unit_price) * 100 / (100 + self.tax_percent)
        return ((net - self.unit_cost) * 100 / net).quantize(Decimal("0.1"))


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
class Holder:
    """A product that has what was wanted for another."""

    id: uuid.UUID
    name: str


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

# First the fifty that are shown, then what is written beside them: a page costs the same however long the list is.
_PAGE: Final = """
    SELECT q.id, q.name, q.name_key, q.sku, q.unit, q.unit_price, q.stock_policy
      FROM products AS q
     WHERE q.tenant_id = :tenant_id
       AND q.archived_at IS {archived} NULL
       {found}
       {beyond}
     ORDER BY q.name_key {direction}, q.id {direction}
     LIMIT :rows
"""


def list_products(
    tenant_id: int,
    *,
    search: str = "",
    archived: bool = False,
    after: uuid.UUID | None = None,
    before: uuid.UUID | None = None,
) -> ProductPage:
    """Return the next fifty products after one, or the fifty before one, in the order of their names.

    Args:
        search: Words that begin words of the name or SKU, all of them; or exactly a barcode or an SKU.
        archived: Those in the archive instead of those in use.
        after, before: Where a page ended. A product that is not there any more means the first page.
    """
    backwards = before is not None and after is None
    place = _place(tenant_id, before if backwards else after)
    backwards = backwards and place is not None
    found, values = _found(search)
    sql = _ROW.format(
        page=_PAGE.format(
            archived="NOT" if archived else "",
            found=found,
            beyond=f"AND (q.name_key, q.id) {'<' if backwards else '>'} (:name_key, :id)" if place else "",
            direction="DESC" if backwards else "ASC",
        )
    )
    values |= {"tenant_id": tenant_id, "rows": ROWS_MAX + 1}
    if place:
        values |= {"name_key": place[0], "id": place[1]}
    rows = [ProductRow(*row) for row in session_of(tenant_id).execute(text(sql), values)]
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
    row = (
        session_of(tenant_id)
        .execute(
            text(
                """
                SELECT p.id, p.name, p.sku, p.unit, p.unit_price, p.tax_percent, p.stock_policy, p.note, p.version,
                       p.created_at, p.archived_at, coalesce(s.quantity, 0) AS quantity, coalesce(s.value, 0) AS value,
                       coalesce(s.unit_cost_last, 0) AS unit_cost_last
                  FROM products AS p
                  LEFT JOIN stock_levels AS s ON s.tenant_id = :tenant_id AND s.product_id = p.id
                 WHERE p.tenant_id = :tenant_id
                   AND p.id = :id
                """
            ),
            {"tenant_id": tenant_id, "id": product_id},
        )
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("There is no such product in this shop.")
    return ProductDetails(**row._mapping, barcodes=_barcodes_of(tenant_id, product_id))


def list_moves(tenant_id: int, product_id: uuid.UUID) -> list[MoveRow]:
    """Return the last ten times goods of a product came or went, newest first."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT m.transaction_id, t.kind, t.memo, m.occurred_on, m.quantity, m.value,
                   s.id AS sale_id, s.number AS sale_number, u.name AS actor
              FROM (SELECT n.transaction_id, n.line, n.occurred_on, n.quantity, n.value
                      FROM stock_moves AS n
                     WHERE n.tenant_id = :tenant_id AND n.product_id = :product_id
                     ORDER BY n.occurred_on DESC, n.transaction_id DESC, n.line DESC
                     LIMIT :rows) AS m
              JOIN transactions AS t ON t.tenant_id = :tenant_id AND t.id = m.transaction_id
              LEFT JOIN sales AS s ON s.tenant_id = :tenant_id AND s.id = coalesce(t.reverses_id, t.id)
              LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = t.actor_id
             ORDER BY m.occurred_on DESC, t.posted_at DESC, m.transaction_id DESC, m.line DESC
            """
        ),
        {"tenant_id": tenant_id, "product_id": product_id, "rows": MOVES_MAX},
    )
    return [MoveRow(*row) for row in rows]


def list_product_sales(tenant_id: int, product_id: uuid.UUID) -> list[ProductSaleRow]:
    """Return the last ten sales of a product, newest first: sales' ids are in the order of time."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT s.id, s.number, s.sold_at, c.name AS customer, l.quantity, l.unit_price, l.total, s.currency,
                   s.deleted_at IS NOT NULL AS is_deleted
              FROM (SELECT n.sale_id, n.quantity, n.unit_price, n.total
                      FROM sale_lines AS n
                     WHERE n.tenant_id = :tenant_id AND n.product_id = :product_id
                     ORDER BY n.sale_id DESC
                     LIMIT :rows) AS l
              JOIN sales AS s ON s.tenant_id = :tenant_id AND s.id = l.sale_id
              LEFT JOIN parties AS c ON c.tenant_id = :tenant_id AND c.id = s.customer_id
             ORDER BY s.sold_at DESC, s.id DESC
            """
        ),
        {"tenant_id": tenant_id, "product_id": product_id, "rows": SALES_MAX},
    )
    return [ProductSaleRow(*row) for row in rows]


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
            SELECT b.code, b.symbology
              FROM barcodes AS b
             WHERE b.tenant_id = :tenant_id AND b.product_id = :product_id
             ORDER BY b.created_at, b.code
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


def _found(search: str) -> tuple[str, dict[str, Any]]:
    """Write the condition of a search, and the values it names."""
    typed = search.strip()
    if not typed:
        return "", {}
    parts = ranges(typed)
    by_words = f"({holders_of_every_word('product_words', 'product_id', len(parts))}) UNION ALL" if parts else ""
    # An array for the reason given in `every_word`.
    condition = f"""
       AND q.id = ANY(ARRAY(
           {by_words}
           SELECT b.product_id FROM barcodes AS b WHERE b.tenant_id = :tenant_id AND b.code = ANY(:codes)
            UNION ALL
           SELECT k.id FROM products AS k WHERE k.tenant_id = :tenant_id AND k.sku = ANY(:codes)))
    """
    return condition, {**bounds(parts), "codes": list({typed, normalise(typed)})}


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
