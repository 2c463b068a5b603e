"""What the sell page shows: the cart of a person, and the products and customers a text may mean."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Row, text

from ledger_web.domain.barcodes import normalise
from ledger_web.domain.discounts import Discount, discount_of
from ledger_web.domain.sales import Asked, LineAmounts, price_lines, tax_parts
from ledger_web.domain.search_words import ranges
from ledger_web.domain.taxes import TaxPart, rates_of
from ledger_web.domain.units import in_base
from ledger_web.models.base import session_of
from ledger_web.queries.product_search import Wanted, find_products
from ledger_web.queries.scope import reach, within
from ledger_web.queries.search import bounds, every_word

HITS_MAX = 8


@dataclass(frozen=True, slots=True)
class UnitChoice:
    """A unit that a product is sold in; without an id the product's own."""

    id: uuid.UUID | None
    name: str


@dataclass(frozen=True, slots=True)
class CartRow:
    """A line of the cart with what it comes to."""

    id: uuid.UUID
    product_id: uuid.UUID
    name: str
    till_note: str
    unit_id: uuid.UUID | None
    unit: str
    units: Sequence[UnitChoice]  # more than one only where there is a choice
    quantity: Decimal
    unit_price: int
    list_price: int
    discount: Discount | None
    note: str
    approved_by: str | None
    salesperson_id: uuid.UUID | None
    salesperson: str | None
    gift_card_code: str | None
    on_hand: Decimal | None  # in the product's own unit; None: keeps no stock
    base_quantity: Decimal
    stock_policy: str
    is_archived: bool  # since it came into the cart: it lies on the counter, so it is sold, and said to be
    amounts: LineAmounts

    @property
    def total(self) -> int:
        return self.amounts.total

    @property
    def tax(self) -> int:
        return self.amounts.tax

    @property
    def is_short(self) -> bool:
        return self.on_hand is not None and self.base_quantity > self.on_hand and self.stock_policy in ("block", "warn")


@dataclass(frozen=True, slots=True)
class CartDetails:
    """A cart, its lines in the order they were scanned, and its customer with what they owe."""

    id: uuid.UUID
    version: int
    customer_id: uuid.UUID | None
    customer: str | None
    customer_balance: int
    customer_credit_limit: int | None
    customer_overdue: int
    customer_store_credit: int
    discount: Discount | None
    note: str
    salesperson_id: uuid.UUID | None
    salesperson: str | None
    approved_by: str | None
    inclusive: bool
    rows: Sequence[CartRow]

    @property
    def customer_credit_left(self) -> int | None:
        """What the customer may still take on account; None: as much as they like."""
        return _credit_left(self.customer_credit_limit, self.customer_balance)

    @property
    def total(self) -> int:
        return sum(row.total for row in self.rows)

    @property
    def tax(self) -> int:
        return sum(row.tax for row in self.rows)

    @property
    def price(self) -> int:
        """Of all lines, before any discount."""
        return sum(row.amounts.price for row in self.rows)

    @property
    def line_discounts(self) -> int:
        return sum(row.amounts.discount for row in self.rows)

    @property
    def document_discount(self) -> int:
        return sum(row.amounts.document_discount for row in self.rows)

    @property
    def taxes(self) -> Sequence[TaxPart]:
        return tax_parts(row.amounts.taxes for row in self.rows)

    @property
    def pieces(self) -> Decimal:
        return sum((row.quantity for row in self.rows), Decimal(0))


@dataclass(frozen=True, slots=True)
class ProductHit:
    """A product that a scanned or typed text may mean."""

    id: uuid.UUID
    name: str
    unit: str
    unit_price: int
    on_hand: Decimal | None


@dataclass(frozen=True, slots=True)
class CustomerHit:
    """A customer that a typed text may mean."""

    id: uuid.UUID
    name: str
    phone: str
    balance: int
    credit_limit: int | None
    currency: str

    @property
    def credit_left(self) -> int | None:
        return _credit_left(self.credit_limit, self.balance)


@dataclass(frozen=True, slots=True)
class DrawerChoice:
    """A drawer that money can go into, while its shift is open."""

    id: uuid.UUID
    name: str
    is_open: bool


_CART = text("""
    SELECT c.id AS cart_id, c.version, c.customer_id, k.name AS customer, a.balance, a.ceiling,
           coalesce(o.overdue, 0) AS overdue, coalesce(b.balance, 0) AS store_credit,
           c.discount_percent AS cart_discount_percent, c.discount_amount AS cart_discount_amount, c.note AS cart_note,
           c.salesperson_id, v.name AS salesperson, w.name AS cart_approver,
           l.id, l.product_id, l.quantity, l.unit_price, l.list_price, l.discount_percent, l.discount_amount,
           l.note, l.gift_card_code, y.name AS approver, l.unit_id,
           l.salesperson_id AS line_salesperson_id, z.name AS line_salesperson,
           p.name, p.unit AS base_unit, p.tax_percent, p.stock_policy, p.till_note,
           p.archived_at IS NOT NULL AS is_archived, t.prices_include_tax,
           x.tax_names, x.tax_percents, x.tax_compounds, u.units,
           CASE WHEN p.stock_policy <> 'none' THEN coalesce(s.quantity, 0) END AS on_hand
      FROM carts AS c
      JOIN tenants AS t ON t.tenant_id = :tenant_id
      LEFT JOIN parties AS k ON k.tenant_id = :tenant_id AND k.id = c.customer_id
      LEFT JOIN accounts AS a
        ON a.tenant_id = :tenant_id AND a.party_id = c.customer_id AND a.kind = 'customer' AND a.currency = :currency
      LEFT JOIN accounts AS b
        ON b.tenant_id = :tenant_id AND b.party_id = c.customer_id AND b.kind = 'store_credit'
       AND b.currency = :currency AND b.code IS NULL
      LEFT JOIN LATERAL (
            SELECT sum(i.amount - i.settled)::bigint AS overdue
              FROM open_items AS i
             WHERE i.tenant_id = :tenant_id AND i.party_id = c.customer_id AND i.currency = :currency
               AND i.side = 'charge' AND i.settled < i.amount AND i.cancelled_in IS NULL
               AND i.due_on < business_day(now(), t.time_zone, t.day_starts_at)) AS o ON true
      LEFT JOIN users AS v ON v.tenant_id = :tenant_id AND v.id = c.salesperson_id
      LEFT JOIN users AS w ON w.tenant_id = :tenant_id AND w.id = c.approved_by
      LEFT JOIN cart_lines AS l ON l.tenant_id = :tenant_id AND l.cart_id = c.id
      LEFT JOIN users AS y ON y.tenant_id = :tenant_id AND y.id = l.approved_by
      LEFT JOIN users AS z ON z.tenant_id = :tenant_id AND z.id = l.salesperson_id
      LEFT JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = l.product_id
      LEFT JOIN LATERAL (
            SELECT array_agg(r.name ORDER BY r.position) AS tax_names,
                   array_agg(r.percent ORDER BY r.position) AS tax_percents,
                   array_agg(r.is_compound ORDER BY r.position) AS tax_compounds
              FROM tax_rates AS r
             WHERE r.tenant_id = :tenant_id AND r.tax_class_id = p.tax_class_id) AS x ON true
      LEFT JOIN LATERAL (
            SELECT jsonb_agg(jsonb_build_array(n.id, n.name, n.factor_numerator, n.factor_denominator)
                             ORDER BY n.factor_numerator::numeric / n.factor_denominator, n.name) AS units
              FROM product_units AS n
             WHERE n.tenant_id = :tenant_id AND n.product_id = l.product_id
               AND (n.id = l.unit_id OR (n.is_sold AND n.archived_at IS NULL))) AS u ON true
      LEFT JOIN stock_levels AS s ON s.tenant_id = :tenant_id AND s.product_id = l.product_id
     WHERE c.tenant_id = :tenant_id AND c.user_id = :user_id
     ORDER BY l.position, l.id
""")

_BY_CODE = text("""
    SELECT p.id, p.name, p.unit, p.unit_price, CASE WHEN p.stock_policy <> 'none' THEN s.quantity END AS on_hand
      FROM barcodes AS b
      JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = b.product_id
      LEFT JOIN stock_levels AS s ON s.tenant_id = :tenant_id AND s.product_id = b.product_id
     WHERE b.tenant_id = :tenant_id AND b.code = ANY(:codes) AND p.archived_at IS NULL
     UNION
    SELECT p.id, p.name, p.unit, p.unit_price, CASE WHEN p.stock_policy <> 'none' THEN s.quantity END AS on_hand
      FROM products AS p
      LEFT JOIN stock_levels AS s ON s.tenant_id = :tenant_id AND s.product_id = p.id
     WHERE p.tenant_id = :tenant_id AND p.sku = ANY(:codes) AND p.archived_at IS NULL
     LIMIT 2
""")


_HITS = """
    SELECT p.id, p.name, p.unit, p.unit_price,
           CASE WHEN p.stock_policy <> 'none' THEN s.quantity END AS on_hand
      FROM ({page}) AS p
      LEFT JOIN stock_levels AS s ON s.tenant_id = :tenant_id AND s.product_id = p.id
     ORDER BY p.name_key, p.id
"""


def find_cart(tenant_id: int, user_id: uuid.UUID, currency: str) -> CartDetails | None:
    """Return the cart a person is filling, with the customer's balance in `currency`; None if there is none."""
    rows = (
        session_of(tenant_id).execute(_CART, {"tenant_id": tenant_id, "user_id": user_id, "currency": currency}).all()
    )
    if not rows:
        return None
    head = rows[0]
    return CartDetails(
        id=head.cart_id,
        version=head.version,
        customer_id=head.customer_id,
        customer=head.customer,
        customer_balance=head.balance or 0,
        customer_credit_limit=head.ceiling,
        customer_overdue=head.overdue,
        customer_store_credit=head.store_credit,
        discount=discount_of(head.cart_discount_percent, head.cart_discount_amount),
        note=head.cart_note,
        salesperson_id=head.salesperson_id,
        salesperson=head.salesperson,
        approved_by=head.cart_approver,
        inclusive=head.prices_include_tax,
        rows=_cart_rows([row for row in rows if row.id is not None]),
    )


def find_product_by_code(tenant_id: int, typed: str) -> ProductHit | None:
    """Return the one product that has exactly this barcode or SKU; one index look-up, as typed and normalised."""
    codes = list({typed.strip(), normalise(typed)} - {""})
    rows = session_of(tenant_id).execute(_BY_CODE, {"tenant_id": tenant_id, "codes": codes}).all() if codes else []
    return ProductHit(**rows[0]._mapping) if len(rows) == 1 else None


def list_product_hits(tenant_id: int, typed: str) -> list[ProductHit]:
    """Return products in whose name every typed word begins a word, at most eight; names that begin so come first."""
    if not ranges(typed):
        return []
    wanted = Wanted(search=typed, rows=HITS_MAX, has_codes=False)
    return [ProductHit(**row._mapping) for row in find_products(tenant_id, wanted, _HITS)]


def list_customer_hits(tenant_id: int, typed: str, currency: str) -> list[CustomerHit]:
    """Return customers in whose name or phone every typed word begins a word, at most eight, with their balance."""
    parts = ranges(typed)
    if not parts:
        return []
    rows = session_of(tenant_id).execute(
        text(f"""
            SELECT p.id, p.name, p.phone, coalesce(a.balance, 0) AS balance, a.ceiling AS credit_limit,
                   CAST(:currency AS text) AS currency
              FROM parties AS p
              LEFT JOIN accounts AS a
                ON a.tenant_id = :tenant_id AND a.party_id = p.id AND a.kind = 'customer' AND a.currency = :currency
             WHERE p.tenant_id = :tenant_id AND p.kind = 'customer' AND p.archived_at IS NULL
               AND {every_word("party_words", "party_id", "p.id", len(parts))}
             ORDER BY p.name, p.id
             LIMIT {HITS_MAX}
        """),
        {"tenant_id": tenant_id, "currency": currency, **bounds(parts)},
    )
    return [CustomerHit(**row._mapping) for row in rows]


def _credit_left(limit: int | None, balance: int) -> int | None:
    return None if limit is None else max(limit - balance, 0)


def list_drawer_choices(tenant_id: int, user_id: uuid.UUID) -> list[DrawerChoice]:
    """Return the drawers in use, the open ones first, and of those the one this person sold from last."""
    rows = session_of(tenant_id).execute(
        text(f"""
            SELECT d.id, d.name, f.id IS NOT NULL AS is_open
              FROM cash_drawers AS d
              LEFT JOIN shifts AS f ON f.tenant_id = :tenant_id AND f.drawer_id = d.id AND f.closed_at IS NULL
              LEFT JOIN (
                    SELECT s.drawer_id FROM sales AS s
                     WHERE s.tenant_id = :tenant_id AND s.cashier_id = :user_id
                     ORDER BY s.id DESC
                     LIMIT 1) AS mine ON mine.drawer_id = d.id
             WHERE d.tenant_id = :tenant_id AND d.active {within(drawer="d.id")}
             ORDER BY is_open DESC, mine.drawer_id IS NULL, d.name
        """),
        {"tenant_id": tenant_id, "user_id": user_id, **reach(person=False)},
    )
    return [DrawerChoice(**row._mapping) for row in rows]


def _cart_rows(rows: Sequence[Row[Any]]) -> tuple[CartRow, ...]:
    if not rows:
        return ()
    asked = [
        Asked(
            row.unit_price,
            row.quantity,
            rates_of(row.tax_percent, row.tax_names, row.tax_percents, row.tax_compounds),
            discount_of(row.discount_percent, row.discount_amount),
            is_money=row.gift_card_code is not None,
        )
        for row in rows
    ]
    discount = discount_of(rows[0].cart_discount_percent, rows[0].cart_discount_amount)
    amounts = price_lines(asked, discount, inclusive=rows[0].prices_include_tax)
    return tuple(_cart_row(row, each) for row, each in zip(rows, amounts, strict=True))


def _cart_row(row: Row[Any], amounts: LineAmounts) -> CartRow:
    packs = {uuid.UUID(id): (name, Fraction(up, down)) for id, name, up, down in row.units or ()}
    unit, factor = packs[row.unit_id] if row.unit_id else (row.base_unit, Fraction(1))
    names = ("id", "product_id", "name", "till_note", "unit_id", "quantity", "unit_price", "list_price", "note")
    return CartRow(
        **{name: row._mapping[name] for name in names},
        unit=unit,
        units=(UnitChoice(None, row.base_unit), *(UnitChoice(id, name) for id, (name, _) in packs.items())),
        discount=discount_of(row.discount_percent, row.discount_amount),
        approved_by=row.approver,
        salesperson_id=row.line_salesperson_id,
        salesperson=row.line_salesperson,
        gift_card_code=row.gift_card_code,
        on_hand=row.on_hand,
        base_quantity=in_base(row.quantity, factor, unit),
        stock_policy=row.stock_policy,
        is_archived=row.is_archived,
        amounts=amounts,
    )
