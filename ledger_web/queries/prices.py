"""Prices as pages and forms ask for them: those of a product, their history, the lists, and what a line would cost."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import Row, text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.prices import PriceCandidate, best_price, candidates_of_unit
from ledger_web.domain.units import Counted, Pack, in_packs
from ledger_web.models.base import session_of

CHANGES_MAX: Final = 10
ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price of a product beside its ordinary one, in minor units of the base currency."""

    id: uuid.UUID
    unit_price: int
    unit: str | None  # None: the base unit
    price_list: str | None  # None: for everybody
    is_list_archived: bool
    quantity_from: Decimal
    starts_on: dt.date | None
    ends_on: dt.date | None

    def state(self, today: dt.date) -> str:
        """Say whether it counts: now, later, over, or off with its list."""
        if self.is_list_archived:
            return "off"
        if self.ends_on and self.ends_on < today:
            return "over"
        return "later" if self.starts_on and self.starts_on > today else "now"


@dataclass(frozen=True, slots=True)
class PriceChangeRow:
    """A price that became another. None is no price of its own."""

    changed_at: dt.datetime
    old_price: int | None
    new_price: int | None
    unit_name: str
    price_list: str
    quantity_from: Decimal
    reason: str
    actor: str | None


@dataclass(frozen=True, slots=True)
class PriceListRow:
    """A price list, how many prices are in it and how many customers have it."""

    id: uuid.UUID
    name: str
    version: int
    archived_at: dt.datetime | None
    prices: int
    customers: int


@dataclass(frozen=True, slots=True)
class ListedPriceRow:
    """A price of a list, with its product."""

    product_id: uuid.UUID
    product: str
    unit: str
    unit_price: int
    ordinary_price: int
    quantity_from: Decimal
    starts_on: dt.date | None
    ends_on: dt.date | None


@dataclass(frozen=True, slots=True)
class ListedCustomerRow:
    """A customer who has a list."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True)
class CustomerPriceList:
    """A customer with the list they have, if any."""

    id: uuid.UUID
    name: str
    price_list_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class LineUnit:
    """A unit that a line may be in. `id` None is the base unit; `factor` base units are in one."""

    id: uuid.UUID | None
    name: str
    factor: Fraction
    is_sold: bool
    is_bought: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDetails:
    """What a line of a sale or purchase shows of the product chosen in it. Amounts: minor units, base currency."""

    product_id: uuid.UUID
    name: str
    unit: LineUnit
    units: tuple[LineUnit, ...]  # the base unit first
    unit_price: int  # of one of the unit, at this quantity, on this day, for this customer
    price_list: str  # whose price it is; "" for everybody's
    quantity_from: Decimal  # from which quantity; 0: from the first
    tax_percent: Decimal
    prices_include_tax: bool
    on_hand: Decimal | None  # in base units; None: keeps no stock
    stock: tuple[Counted, ...]  # the same in packs: 2 crates and 5
    unit_cost: Decimal | None  # of one of the unit, what it cost last; minor units and parts of them
    till_note: str
    is_archived: bool


def list_prices(tenant_id: int, product_id: uuid.UUID) -> list[PriceRow]:
    """Return the prices of a product beside its ordinary ones: everybody's first, then by list."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT r.id, r.unit_price, u.name AS unit, g.name AS price_list,
                   g.archived_at IS NOT NULL AS is_list_archived, r.quantity_from, r.starts_on, r.ends_on
              FROM product_prices AS r
              LEFT JOIN product_units AS u ON u.tenant_id = :tenant_id AND u.id = r.unit_id
              LEFT JOIN price_lists AS g ON g.tenant_id = :tenant_id AND g.id = r.price_list_id
             WHERE r.tenant_id = :tenant_id AND r.product_id = :product_id
             ORDER BY g.name NULLS FIRST, u.name NULLS FIRST, r.quantity_from, r.starts_on NULLS FIRST, r.id
            """
        ),
        {"tenant_id": tenant_id, "product_id": product_id},
    )
    return [PriceRow(*row) for row in rows]


def list_price_changes(tenant_id: int, product_id: uuid.UUID) -> list[PriceChangeRow]:
    """Return the last ten changes of a product's prices, newest first."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT c.changed_at, c.old_price, c.new_price, c.unit_name, c.price_list, c.quantity_from, c.reason,
                   u.name AS actor
              FROM price_changes AS c
              LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = c.actor_id
             WHERE c.tenant_id = :tenant_id AND c.product_id = :product_id
             ORDER BY c.changed_at DESC, c.id DESC
             LIMIT :rows
            """
        ),
        {"tenant_id": tenant_id, "product_id": product_id, "rows": CHANGES_MAX},
    )
    return [PriceChangeRow(*row) for row in rows]


def list_price_lists(tenant_id: int) -> list[PriceListRow]:
    """Return the shop's lists, those in use first, in the order of their names."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT g.id, g.name, g.version, g.archived_at,
                   (SELECT count(*) FROM product_prices AS r
                     WHERE r.tenant_id = :tenant_id AND r.price_list_id = g.id) AS prices,
                   (SELECT count(*) FROM parties AS c
                     WHERE c.tenant_id = :tenant_id AND c.price_list_id = g.id) AS customers
              FROM price_lists AS g
             WHERE g.tenant_id = :tenant_id
             ORDER BY g.archived_at IS NOT NULL, lower(g.name), g.id
            """
        ),
        {"tenant_id": tenant_id},
    )
    return [PriceListRow(*row) for row in rows]


def get_price_list(tenant_id: int, price_list_id: uuid.UUID) -> PriceListRow:
    """Return one list.

    Raises:
        NotFoundError: The shop has no such list.
    """
    found = [row for row in list_price_lists(tenant_id) if row.id == price_list_id]
    if not found:
        raise NotFoundError("There is no such price list in this shop.")
    return found[0]


def list_listed_prices(tenant_id: int, price_list_id: uuid.UUID, *, rows: int = 200) -> list[ListedPriceRow]:
    """Return the prices of a list by the names of their products, the first so many."""
    found = session_of(tenant_id).execute(
        text(
            """
            SELECT p.id AS product_id, p.name AS product, coalesce(u.name, p.unit) AS unit, r.unit_price,
                   CASE WHEN u.id IS NULL THEN p.unit_price
                        ELSE coalesce(u.unit_price,
                                      round(p.unit_price * u.factor_numerator::numeric / u.factor_denominator)) END
                   ::bigint AS ordinary_price,
                   r.quantity_from, r.starts_on, r.ends_on
              FROM product_prices AS r
              JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = r.product_id
              LEFT JOIN product_units AS u ON u.tenant_id = :tenant_id AND u.id = r.unit_id
             WHERE r.tenant_id = :tenant_id AND r.price_list_id = :id
             ORDER BY p.name_key, p.id, u.name NULLS FIRST, r.quantity_from, r.starts_on NULLS FIRST
             LIMIT :rows
            """
        ),
        {"tenant_id": tenant_id, "id": price_list_id, "rows": rows},
    )
    return [ListedPriceRow(*row) for row in found]


def list_listed_customers(tenant_id: int, price_list_id: uuid.UUID, *, rows: int = 200) -> list[ListedCustomerRow]:
    """Return the customers who have a list, by name, the first so many."""
    found = session_of(tenant_id).execute(
        text(
            """
            SELECT c.id, c.name FROM parties AS c
             WHERE c.tenant_id = :tenant_id AND c.price_list_id = :id
             ORDER BY c.name_key, c.id
             LIMIT :rows
            """
        ),
        {"tenant_id": tenant_id, "id": price_list_id, "rows": rows},
    )
    return [ListedCustomerRow(*row) for row in found]


def get_customer_price_list(tenant_id: int, party_id: uuid.UUID) -> CustomerPriceList:
    """Return which list a customer has.

    Raises:
        NotFoundError: The shop has no such customer.
    """
    row = (
        session_of(tenant_id)
        .execute(
            text(
                """
                SELECT c.id, c.name, c.price_list_id FROM parties AS c
                 WHERE c.tenant_id = :tenant_id AND c.id = :id AND c.kind = 'customer'
                """
            ),
            {"tenant_id": tenant_id, "id": party_id},
        )
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("There is no such customer in this shop.")
    return CustomerPriceList(*row)


_LINE: Final = text("""
    SELECT p.id AS product_id, p.name, p.unit AS base_unit, p.unit_price AS ordinary_price, p.tax_percent, p.till_note,
           t.prices_include_tax,
           p.archived_at IS NOT NULL AS is_archived,
           CASE WHEN p.stock_policy <> 'none' THEN coalesce(s.quantity, 0) END AS on_hand,
           nullif(s.unit_cost_last, 0) AS unit_cost_last,
           u.id AS unit_id, u.name AS unit, u.factor_numerator, u.factor_denominator, u.unit_price AS own_price,
           u.is_sold, u.is_bought,
           r.id AS row_id, r.unit_id AS row_unit_id, r.unit_price, r.quantity_from, r.starts_on, r.ends_on,
           r.price_list
      FROM products AS p
      JOIN tenants AS t ON t.tenant_id = :tenant_id
      LEFT JOIN stock_levels AS s ON s.tenant_id = :tenant_id AND s.product_id = p.id
      LEFT JOIN product_units AS u
        ON u.tenant_id = :tenant_id AND u.product_id = p.id AND (u.archived_at IS NULL OR u.id = :unit_id)
      LEFT JOIN (SELECT n.id, n.product_id, n.unit_id, n.unit_price, n.quantity_from, n.starts_on, n.ends_on,
                        coalesce(g.name, '') AS price_list
                   FROM product_prices AS n
                   LEFT JOIN price_lists AS g ON g.tenant_id = :tenant_id AND g.id = n.price_list_id
                  WHERE n.tenant_id = :tenant_id AND n.product_id = :product_id AND g.archived_at IS NULL
                    AND (n.price_list_id IS NULL
                         OR n.price_list_id = (SELECT c.price_list_id FROM parties AS c
                                                WHERE c.tenant_id = :tenant_id AND c.id = :customer_id))) AS r
        ON r.product_id = p.id AND (r.unit_id IS NULL OR r.unit_id = u.id)
     WHERE p.tenant_id = :tenant_id
       AND p.id = :product_id
     ORDER BY u.factor_numerator::numeric / u.factor_denominator, u.name, u.id
""")


def line_details(
    tenant_id: int,
    product_id: uuid.UUID,
    unit_id: uuid.UUID | None = None,
    *,
    quantity: Decimal = ONE,
    on: dt.date,
    customer_id: uuid.UUID | None = None,
) -> LineDetails:
    """Return what a line shows of the product chosen in it, with the price that counts. One query.

    Args:
        unit_id: One of the product's units; None: its base unit.
        quantity: Of that unit, > 0: quantity breaks look at it.
        on: The shop's business day.
        customer_id: Whose price list counts; None: nobody's.

    Raises:
        NotFoundError: The shop has no such product, or the product no such unit.
    """
    rows = (
        session_of(tenant_id)
        .execute(
            _LINE, {"tenant_id": tenant_id, "product_id": product_id, "unit_id": unit_id, "customer_id": customer_id}
        )
        .all()
    )
    if not rows:
        raise NotFoundError("There is no such product in this shop.")
    units = _units(rows)
    unit = next((each for each in units if each.id == unit_id), None)
    if unit is None:
        raise NotFoundError("This product has no such unit.")
    head = rows[0]
    price = _price(rows, unit, quantity, on)
    packs = [Pack(each.name, each.factor) for each in units[1:]]
    return LineDetails(
        product_id=head.product_id,
        name=head.name,
        unit=unit,
        units=units,
        unit_price=price.unit_price,
        price_list=price.price_list,
        quantity_from=price.quantity_from,
        tax_percent=head.tax_percent,
        prices_include_tax=head.prices_include_tax,
        on_hand=head.on_hand,
        stock=() if head.on_hand is None else tuple(in_packs(head.on_hand, packs, head.base_unit)),
        unit_cost=None if head.unit_cost_last is None else _times(head.unit_cost_last, unit.factor),
        till_note=head.till_note,
        is_archived=head.is_archived,
    )


def _units(rows: Sequence[Row[Any]]) -> tuple[LineUnit, ...]:
    packs = {row.unit_id: row for row in rows if row.unit_id}
    return (
        LineUnit(None, rows[0].base_unit, Fraction(1), is_sold=True, is_bought=True),
        *(
            LineUnit(id, row.unit, Fraction(row.factor_numerator, row.factor_denominator), row.is_sold, row.is_bought)
            for id, row in packs.items()
        ),
    )


def _price(rows: Sequence[Row[Any]], unit: LineUnit, quantity: Decimal, on: dt.date) -> PriceCandidate:
    said = {row.row_id: row for row in rows if row.row_id}.values()
    own = next((row.own_price for row in rows if unit.id and row.unit_id == unit.id), None)
    candidates = candidates_of_unit(
        rows[0].ordinary_price,
        _candidates(row for row in said if row.row_unit_id is None),
        factor=unit.factor,
        own_price=own,
        own_rows=_candidates(row for row in said if unit.id and row.row_unit_id == unit.id),
    )
    return best_price(candidates, quantity, on) or PriceCandidate(rows[0].ordinary_price)


def _candidates(rows: Iterable[Row[Any]]) -> list[PriceCandidate]:
    return [
        PriceCandidate(row.unit_price, row.quantity_from, row.starts_on, row.ends_on, row.price_list) for row in rows
    ]


def _times(cost: Decimal, factor: Fraction) -> Decimal:
    return cost * factor.numerator / factor.denominator
