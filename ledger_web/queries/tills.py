"""What stands beside the cart on the sell page: parked carts, the last sale, tiles of products, ways to pay."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text

from ledger_web.domain.exchange import Rate
from ledger_web.models.base import session_of

TILES_MAX = 60
SELLERS_MAX = 50


@dataclass(frozen=True, slots=True)
class ParkedCart:
    """A cart that was put aside."""

    id: uuid.UUID
    label: str
    customer: str | None
    drawer_id: uuid.UUID | None
    drawer: str | None  # None: for all drawers
    parked_at: dt.datetime
    parked_by: str
    lines: int
    value: int  # of its lines, before discounts, minor units of the base currency
    goods: str  # the first of its products


@dataclass(frozen=True, slots=True)
class LastSale:
    """What somebody sold last."""

    id: uuid.UUID
    number: str
    total: int
    currency: str


@dataclass(frozen=True, slots=True)
class Aside:
    """How many carts are parked, and the person's last sale."""

    parked: int
    last_sale: LastSale | None


@dataclass(frozen=True, slots=True)
class Category:
    """A category that has tiles."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A product to be put into the cart with one touch."""

    id: uuid.UUID
    name: str
    unit: str
    unit_price: int
    on_hand: Decimal | None
    has_picture: bool


@dataclass(frozen=True, slots=True)
class TillCurrency:
    """A currency that is taken at the till, with the shop's newest rate for it."""

    code: str
    rate: Rate | None


@dataclass(frozen=True, slots=True)
class TillBank:
    """A bank account that cards pay into."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True)
class Seller:
    """Somebody who may have sold what is rung up."""

    id: uuid.UUID
    name: str


def list_salespeople(tenant_id: int) -> list[Seller]:
    """Return who works here now, by name; where that is very many, those who were signed in last."""
    rows = session_of(tenant_id).execute(
        text(f"""
            SELECT u.id, u.name
              FROM users AS u
              LEFT JOIN LATERAL (
                    SELECT max(s.last_seen_at) AS at FROM sessions AS s
                     WHERE s.tenant_id = :tenant_id AND s.user_id = u.id) AS seen ON true
             WHERE u.tenant_id = :tenant_id AND u.active
             ORDER BY seen.at DESC NULLS LAST, u.name
             LIMIT {SELLERS_MAX}
        """),
        {"tenant_id": tenant_id},
    )
    return sorted((Seller(*row) for row in rows), key=lambda seller: (seller.name, seller.id))


def get_aside(tenant_id: int, user_id: uuid.UUID) -> Aside:
    """Return what the sell page says beside the cart, in one query."""
    row = (
        session_of(tenant_id)
        .execute(
            text("""
                SELECT (SELECT count(*) FROM carts AS c
                         WHERE c.tenant_id = :tenant_id AND c.parked_at IS NOT NULL) AS parked,
                       s.id, s.number, s.total, s.currency
                  FROM tenants AS t
                  LEFT JOIN LATERAL (
                        SELECT l.id, l.number, l.total, l.currency FROM sales AS l
                         WHERE l.tenant_id = :tenant_id AND l.cashier_id = :user_id
                         ORDER BY l.id DESC
                         LIMIT 1) AS s ON true
                 WHERE t.tenant_id = :tenant_id
            """),
            {"tenant_id": tenant_id, "user_id": user_id},
        )
        .one()
    )
    last = LastSale(row.id, row.number, row.total, row.currency) if row.id else None
    return Aside(row.parked, last)


def list_parked_carts(tenant_id: int) -> list[ParkedCart]:
    """Return the carts that are put aside, the newest first."""
    rows = session_of(tenant_id).execute(
        text("""
            SELECT c.id, c.label, k.name AS customer, c.drawer_id, d.name AS drawer, c.parked_at, u.name AS parked_by,
                   g.lines, g.value, coalesce(g.goods, '') AS goods
              FROM carts AS c
              JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = c.parked_by
              LEFT JOIN parties AS k ON k.tenant_id = :tenant_id AND k.id = c.customer_id
              LEFT JOIN cash_drawers AS d ON d.tenant_id = :tenant_id AND d.id = c.drawer_id
              LEFT JOIN LATERAL (
                    SELECT count(*) AS lines, coalesce(sum(round(l.quantity * l.unit_price)), 0)::bigint AS value,
                           string_agg(p.name, ', ' ORDER BY l.position) FILTER (WHERE l.position <= 3) AS goods
                      FROM cart_lines AS l
                      JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = l.product_id
                     WHERE l.tenant_id = :tenant_id AND l.cart_id = c.id) AS g ON true
             WHERE c.tenant_id = :tenant_id AND c.parked_at IS NOT NULL
             ORDER BY c.parked_at DESC, c.id
        """),
        {"tenant_id": tenant_id},
    )
    return [ParkedCart(**row._mapping) for row in rows]


def list_categories(tenant_id: int) -> list[Category]:
    """Return the categories with something to sell in them, by name."""
    rows = session_of(tenant_id).execute(
        text("""
            SELECT c.id, c.name FROM product_categories AS c
             WHERE c.tenant_id = :tenant_id
               AND EXISTS (SELECT FROM products AS p
                            WHERE p.tenant_id = :tenant_id AND p.category_id = c.id AND p.archived_at IS NULL)
             ORDER BY c.name, c.id
        """),
        {"tenant_id": tenant_id},
    )
    return [Category(**row._mapping) for row in rows]


def list_tiles(tenant_id: int, category_id: uuid.UUID) -> list[Tile]:
    """Return the products of a category by name, as many as fit on a screen."""
    rows = session_of(tenant_id).execute(
        text("""
            SELECT p.id, coalesce(nullif(p.short_name, ''), p.name) AS name, p.unit, p.unit_price,
                   CASE WHEN p.stock_policy <> 'none' THEN coalesce(s.quantity, 0) END AS on_hand,
                   g.product_id IS NOT NULL AS has_picture
              FROM products AS p
              LEFT JOIN stock_levels AS s ON s.tenant_id = :tenant_id AND s.product_id = p.id
              LEFT JOIN product_pictures AS g ON g.tenant_id = :tenant_id AND g.product_id = p.id
             WHERE p.tenant_id = :tenant_id AND p.category_id = :category_id AND p.archived_at IS NULL
             ORDER BY p.name_key, p.id
             LIMIT :tiles
        """),
        {"tenant_id": tenant_id, "category_id": category_id, "tiles": TILES_MAX},
    )
    return [Tile(**row._mapping) for row in rows]


def list_till_currencies(tenant_id: int, base_currency: str) -> Sequence[TillCurrency]:
    """Return the other currencies that were ever in a drawer or have a rate, with the newest rate up to today."""
    rows = session_of(tenant_id).execute(
        text("""
            SELECT k.currency, r.value, r.unit
              FROM (SELECT a.currency FROM accounts AS a
                     WHERE a.tenant_id = :tenant_id AND a.kind = 'cash' AND a.drawer_id IS NOT NULL
                     UNION
                    SELECT e.currency FROM exchange_rates AS e WHERE e.tenant_id = :tenant_id) AS k
              JOIN tenants AS t ON t.tenant_id = :tenant_id
              LEFT JOIN LATERAL (
                    SELECT n.value, n.unit FROM exchange_rates AS n
                     WHERE n.tenant_id = :tenant_id AND n.currency = k.currency
                       AND n.valid_on <= business_day(now(), t.time_zone, t.day_starts_at)
                     ORDER BY n.valid_on DESC, n.id DESC
                     LIMIT 1) AS r ON true
             WHERE k.currency <> :base
             ORDER BY k.currency
        """),
        {"tenant_id": tenant_id, "base": base_currency},
    )
    return [
        TillCurrency(
            row.currency,
            Rate(row.unit, base_currency if row.unit == row.currency else row.currency, row.value)
            if row.unit in (row.currency, base_currency)
            else None,
        )
        for row in rows
    ]


def list_till_banks(tenant_id: int, base_currency: str) -> list[TillBank]:
    """Return the bank accounts in base currency that are in use, by name."""
    rows = session_of(tenant_id).execute(
        text("""
            SELECT b.id, b.name FROM bank_accounts AS b
             WHERE b.tenant_id = :tenant_id AND b.active AND b.currency = :base
             ORDER BY b.name, b.id
        """),
        {"tenant_id": tenant_id, "base": base_currency},
    )
    return [TillBank(**row._mapping) for row in rows]
