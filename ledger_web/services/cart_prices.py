"""What a line of a cart costs by the shop's prices. Used inside a unit of work."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import Row

from ledger_web.domain.prices import PriceCandidate, best_price, candidates_of_unit
from ledger_web.domain.units import in_base
from ledger_web.services.posting import Act


@dataclass(frozen=True, slots=True)
class Offer:
    """A product in one of its units, and the line of the cart that is about it, if there is one."""

    row: Row[Any]

    def price_of(self, quantity: Decimal) -> int:
        """Return what one of the unit costs when so many are bought, minor units of the base currency."""
        row = self.row
        candidates = candidates_of_unit(
            row.product_price,
            [_candidate(each) for each in row.prices if each["unit_id"] is None],
            factor=self._factor,
            own_price=row.own_price,
            own_rows=[_candidate(each) for each in row.prices if each["unit_id"] is not None],
        )
        found = best_price(candidates, quantity, row.today)
        price: int = row.product_price if found is None else found.unit_price
        return price

    def must_be_countable(self, quantity: Decimal) -> None:
        """Refuse a quantity that stock could not count exactly.

        Raises:
            InvalidQuantityError: It could not.
        """
        if self.row.unit_id:
            in_base(quantity, self._factor, self.row.unit_name)

    @property
    def _factor(self) -> Fraction:
        row = self.row
        return Fraction(row.factor_numerator, row.factor_denominator) if row.unit_id else Fraction(1)


def _candidate(written: dict[str, Any]) -> PriceCandidate:
    starts_on = written["starts_on"]
    return PriceCandidate(
        written["unit_price"],
        Decimal(written["quantity_from"]),
        starts_on=dt.date.fromisoformat(starts_on) if starts_on else None,
        price_list=str(written["price_list_id"] or ""),
    )


# A product `p` in unit `u` with the prices that hold today, for everybody and for the list of customer `k`.
_OFFER: Final = """
               t.today, p.id AS product_id, p.name, p.unit_price AS product_price, p.archived_at, u.id AS unit_id,
               u.name AS unit_name, u.factor_numerator, u.factor_denominator, u.unit_price AS own_price, u.is_sold,
               u.archived_at AS unit_archived_at, c.id AS cart_id, l.id AS line_id, l.quantity, l.unit_price,
               l.list_price, l.gift_card_code, l.approved_percent,
               coalesce((SELECT jsonb_agg(jsonb_build_object(
                                    'unit_id', r.unit_id, 'unit_price', r.unit_price, 'starts_on', r.starts_on,
                                    'quantity_from', r.quantity_from::text, 'price_list_id', r.price_list_id))
                           FROM product_prices AS r
                          WHERE r.tenant_id = %(tenant_id)s AND r.product_id = p.id
                            AND (r.unit_id IS NULL OR r.unit_id = u.id)
                            AND (r.price_list_id IS NULL
                                 OR r.price_list_id = (SELECT g.id FROM price_lists AS g
                                                        WHERE g.tenant_id = %(tenant_id)s AND g.id = k.price_list_id
                                                          AND g.archived_at IS NULL))
                            AND (r.starts_on IS NULL OR r.starts_on <= t.today)
                            AND (r.ends_on IS NULL OR r.ends_on >= t.today)), '[]') AS prices"""
_TODAY: Final = """
          (SELECT business_day(now(), s.time_zone, s.day_starts_at) AS today
             FROM tenants AS s
            WHERE s.tenant_id = %(tenant_id)s) AS t"""


def find_offer(act: Act, product_id: uuid.UUID, unit_id: uuid.UUID | None, user_id: uuid.UUID | None) -> Offer | None:
    """Return a product in a unit, with the line of the person's cart that more of it is added to; None: no such one."""
    row = act.execute(
        f"""
        SELECT {_OFFER}
          FROM {_TODAY}
          JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = %(product_id)s
          LEFT JOIN product_units AS u
            ON u.tenant_id = %(tenant_id)s AND u.product_id = p.id AND u.id = %(unit_id)s::uuid
          LEFT JOIN carts AS c ON c.tenant_id = %(tenant_id)s AND c.user_id = %(user_id)s::uuid
          LEFT JOIN parties AS k ON k.tenant_id = %(tenant_id)s AND k.id = c.customer_id
          LEFT JOIN cart_lines AS l
            ON l.tenant_id = %(tenant_id)s AND l.cart_id = c.id AND l.product_id = p.id
           AND l.unit_id IS NOT DISTINCT FROM %(unit_id)s::uuid AND l.gift_card_code IS NULL
           AND l.discount_amount IS NULL AND l.approved_by IS NULL AND l.salesperson_id IS NULL
         WHERE %(unit_id)s::uuid IS NULL OR u.id IS NOT NULL
         ORDER BY l.position
         LIMIT 1
        """,
        {"product_id": product_id, "unit_id": unit_id, "user_id": user_id},
    ).one_or_none()
    return Offer(row) if row else None


def find_line(act: Act, line_id: uuid.UUID, unit_id: uuid.UUID | None) -> Offer | None:
    """Return a line of the actor's cart, its product in the unit it has or is to have; None: no such one."""
    row = act.execute(
        f"""
        SELECT {_OFFER}
          FROM {_TODAY}
          JOIN carts AS c ON c.tenant_id = %(tenant_id)s AND c.user_id = %(user_id)s
          JOIN cart_lines AS l ON l.tenant_id = %(tenant_id)s AND l.cart_id = c.id AND l.id = %(line_id)s
          JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = l.product_id
          LEFT JOIN product_units AS u
            ON u.tenant_id = %(tenant_id)s AND u.product_id = p.id AND u.id = %(unit_id)s::uuid
          LEFT JOIN parties AS k ON k.tenant_id = %(tenant_id)s AND k.id = c.customer_id
         WHERE %(unit_id)s::uuid IS NULL OR u.id IS NOT NULL
        """,
        {"line_id": line_id, "unit_id": unit_id, "user_id": act.actor_id},
    ).one_or_none()
    return Offer(row) if row else None


def reprice(act: Act, cart_id: uuid.UUID) -> None:
    """Ask all prices of a cart anew: its customer changed. What somebody set themselves stays."""
    rows = act.execute(
        f"""
        SELECT {_OFFER}
          FROM {_TODAY}
          JOIN carts AS c ON c.tenant_id = %(tenant_id)s AND c.id = %(cart_id)s
          JOIN cart_lines AS l ON l.tenant_id = %(tenant_id)s AND l.cart_id = c.id AND l.gift_card_code IS NULL
          JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = l.product_id
          LEFT JOIN product_units AS u ON u.tenant_id = %(tenant_id)s AND u.id = l.unit_id
          LEFT JOIN parties AS k ON k.tenant_id = %(tenant_id)s AND k.id = c.customer_id
        """,
        {"cart_id": cart_id},
    ).all()
    _write_prices(act, cart_id, [(row.line_id, Offer(row).price_of(row.quantity)) for row in rows])


def _write_prices(act: Act, cart_id: uuid.UUID, prices: Sequence[tuple[uuid.UUID, int]]) -> None:
    act.execute(
        """
        UPDATE cart_lines AS l
           SET unit_price = CASE WHEN l.unit_price = l.list_price THEN n.price ELSE l.unit_price END,
               list_price = n.price
          FROM unnest(%(lines)s::uuid[], %(prices)s::bigint[]) AS n(id, price)
         WHERE l.tenant_id = %(tenant_id)s AND l.cart_id = %(cart_id)s AND l.id = n.id
        """,
        {"cart_id": cart_id, "lines": [id for id, _ in prices], "prices": [price for _, price in prices]},
    )
