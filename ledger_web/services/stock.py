"""Goods in and out: quantity and value moved together, each product once. Used inside a unit of work.

A level is to its moves what a balance is to its entries. Levels are locked in product order before any account.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Row

from ledger_web.domain.errors import InvalidAmountError, InvalidQuantityError, InvariantBrokenError, OutOfStockError
from ledger_web.domain.journal import AMOUNT_MAX, AccountKey, Entry
from ledger_web.domain.money import round_half_up
from ledger_web.domain.sales import cost_entries
from ledger_web.domain.stock import QUANTITY_LIMIT, correction_entries
from ledger_web.services.posting import Act


@dataclass(frozen=True, slots=True)
class Goods:
    """Some of one product and what it cost. Both above zero for goods that come, below for goods that go."""

    product_id: uuid.UUID
    quantity: Decimal
    value: int = 0  # minor units of the base currency


def lock_levels(act: Act, products: Iterable[uuid.UUID]) -> dict[uuid.UUID, Decimal]:
    """Lock levels in product order and return how much of each is there; those without a level are left out."""
    rows = act.execute(
        """
        SELECT product_id, quantity FROM stock_levels
         WHERE tenant_id = %(tenant_id)s AND product_id = ANY(%(products)s::uuid[])
         ORDER BY product_id
           FOR NO KEY UPDATE
        """,
        {"products": list(products)},
    )
    return {row.product_id: row.quantity for row in rows}


def take(act: Act, wanted: Mapping[uuid.UUID, Decimal]) -> dict[uuid.UUID, int]:
    """Take goods out of stock at average cost, all products in one statement.

    Args:
        wanted: Quantity above zero per product; products that keep no stock are left out by the caller.

    Returns:
        The cost that left with each product. `value × quantity / on hand`, rounded half up, so that
        quantity and value reach zero together; at the last known cost where nothing is on hand.

    Raises:
        OutOfStockError: There is not enough of a product that may not be oversold. Nothing is taken.
    """
    if not wanted:
        return {}
    # Lock, then look, in one statement: the guard asks the levels as they were locked (see posting.move_balances).
    rows = act.execute(
        """
        WITH asked AS (
            SELECT * FROM unnest(%(products)s::uuid[], %(quantities)s::numeric[]) AS n(product_id, quantity)
        ), locked AS MATERIALIZED (
            SELECT product_id, quantity, value, unit_cost_last, may_go_below_zero, version FROM stock_levels
             WHERE tenant_id = %(tenant_id)s AND product_id = ANY(%(products)s::uuid[])
             ORDER BY product_id
               FOR NO KEY UPDATE
        )
        UPDATE stock_levels AS s
           SET quantity = l.quantity - n.quantity,
               value = l.value - round(CASE WHEN l.quantity <> 0 THEN l.value * n.quantity / l.quantity
                                            ELSE l.unit_cost_last * n.quantity END)::bigint,
               version = l.version + 1
          FROM locked AS l
          JOIN asked AS n ON n.product_id = l.product_id
         WHERE s.tenant_id = %(tenant_id)s
           AND s.product_id = l.product_id
           AND (l.may_go_below_zero OR l.quantity >= n.quantity)
        RETURNING s.product_id, l.value - s.value AS cost
        """,
        {"products": list(wanted), "quantities": list(wanted.values())},
    ).all()
    if len(rows) != len(wanted):
        raise _shortage(act, wanted.keys() - {row.product_id for row in rows}, wanted)
    return {row.product_id: row.cost for row in rows}


def put(act: Act, goods: Sequence[Goods], *, sets_cost: bool = False) -> dict[uuid.UUID, int]:
    """Put goods into stock at what they cost, all products in one statement.

    Args:
        goods: At most one per product.
        sets_cost: True for goods that were bought: their unit cost becomes the product's last cost.

    Returns:
        The value that entered stock per product. It differs from what the goods cost only where the product
        was oversold: the oversold part replaces what was taken out at an assumed cost, and the
        difference belongs to the cost of sales. Source: product.md spec 5, Edge.
    """
    if not goods:
        return {}
    rows = act.execute(
        """
        WITH asked AS (
            SELECT * FROM unnest(%(products)s::uuid[], %(quantities)s::numeric[], %(values)s::numeric[])
                   AS n(product_id, quantity, value)
        ), locked AS MATERIALIZED (
            SELECT product_id, quantity, value FROM stock_levels
             WHERE tenant_id = %(tenant_id)s AND product_id = ANY(%(products)s::uuid[])
             ORDER BY product_id
               FOR NO KEY UPDATE
        ), arriving AS (
            SELECT l.product_id, l.quantity AS quantity_before, l.value AS value_before, n.quantity, n.value,
                   least(greatest(-l.quantity, 0), n.quantity) AS oversold
              FROM locked AS l
              JOIN asked AS n ON n.product_id = l.product_id
        )
        UPDATE stock_levels AS s
           SET quantity = a.quantity_before + a.quantity,
               value = a.value_before + CASE WHEN a.oversold = 0 THEN a.value
                                      ELSE a.value - round(a.value * a.oversold / a.quantity)
                                         + round(a.value_before * a.oversold / a.quantity_before) END::bigint,
               unit_cost_last = CASE WHEN %(sets_cost)s THEN round(a.value / a.quantity, 6)
                                     ELSE s.unit_cost_last END,
               version = s.version + 1
          FROM arriving AS a
         WHERE s.tenant_id = %(tenant_id)s
           AND s.product_id = a.product_id
        RETURNING s.product_id, s.value - a.value_before AS kept
        """,
        {
            "products": [each.product_id for each in goods],
            "quantities": [each.quantity for each in goods],
            "values": [each.value for each in goods],
            "sets_cost": sets_cost,
        },
    ).all()
    if len(rows) != len(goods):
        raise InvariantBrokenError("Goods were put into a stock that this shop does not have. Nothing was saved.")
    return {row.product_id: row.kept for row in rows}


def give_back(act: Act, goods: Sequence[Goods]) -> dict[uuid.UUID, int]:
    """Take goods out of stock at what they came in with, all products in one statement: bought goods that go back.

    Args:
        goods: At most one per product; quantity and value above zero.

    Returns:
        The value that left with each product. It differs from what was asked only where the rest would be worth less
        than nothing, or nothing is left: then they leave at average cost.

    Raises:
        OutOfStockError: There is not enough of a product that may not be oversold. Nothing is taken.
    """
    if not goods:
        return {}
    rows = act.execute(
        """
        WITH asked AS (
            SELECT * FROM unnest(%(products)s::uuid[], %(quantities)s::numeric[], %(values)s::bigint[])
                   AS n(product_id, quantity, value)
        ), locked AS MATERIALIZED (
            SELECT product_id, quantity, value, unit_cost_last, may_go_below_zero, version FROM stock_levels
             WHERE tenant_id = %(tenant_id)s AND product_id = ANY(%(products)s::uuid[])
             ORDER BY product_id
               FOR NO KEY UPDATE
        )
        UPDATE stock_levels AS s
           SET quantity = l.quantity - n.quantity,
               value = l.value - CASE WHEN l.quantity > n.quantity AND l.value >= n.value THEN n.value
                                      WHEN l.quantity <> 0 THEN round(l.value * n.quantity / l.quantity)
                                      ELSE round(l.unit_cost_last * n.quantity) END::bigint,
               version = l.version + 1
          FROM locked AS l
          JOIN asked AS n ON n.product_id = l.product_id
         WHERE s.tenant_id = %(tenant_id)s
           AND s.product_id = l.product_id
           AND (l.may_go_below_zero OR l.quantity >= n.quantity)
        RETURNING s.product_id, l.value - s.value AS cost
        """,
        {
            "products": [each.product_id for each in goods],
            "quantities": [each.quantity for each in goods],
            "values": [each.value for each in goods],
        },
    ).all()
    wanted = {each.product_id: each.quantity for each in goods}
    if len(rows) != len(wanted):
        raise _shortage(act, wanted.keys() - {row.product_id for row in rows}, wanted)
    return {row.product_id: row.cost for row in rows}


def correct(act: Act, differences: Mapping[uuid.UUID, Decimal], against: AccountKey) -> list[Entry]:
    """Change levels by what was found too much or too little, at average cost, and write the moves down.

    Args:
        differences: Not zero, per product; each product keeps stock.
        against: The account that bears what is gone and gains what was found; its currency is the shop's own.

    Returns:
        The entries to post.

    Raises:
        OutOfStockError: More is missing of a product than there is by now. Nothing is changed.
        InvalidAmountError, InvalidQuantityError: More than the books can hold.
    """
    levels = _lock_levels(act, differences)
    found = [
        Goods(product_id, quantity, _worth(levels[product_id], quantity))
        for product_id, quantity in differences.items()
        if quantity > 0
    ]
    gone = {product_id: -quantity for product_id, quantity in differences.items() if quantity < 0}
    kept = put(act, found)
    cost = take(act, gone)
    moves = [
        *(Goods(each.product_id, each.quantity, kept[each.product_id]) for each in found),
        *(Goods(product_id, -quantity, -cost[product_id]) for product_id, quantity in gone.items()),
    ]
    insert_moves(act, moves)
    gained = sum(each.value for each in found)
    left_over = sum(kept.values()) - gained  # where goods were oversold: see `put`
    return [
        *correction_entries(against, gained, sum(cost.values())),
        *cost_entries(against.currency, -left_over),
    ]


def _lock_levels(act: Act, product_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Row[Any]]:
    rows = act.execute(
        """
        SELECT product_id, quantity, value, unit_cost_last FROM stock_levels
         WHERE tenant_id = %(tenant_id)s AND product_id = ANY(%(products)s::uuid[])
         ORDER BY product_id
           FOR NO KEY UPDATE
        """,
        {"products": list(product_ids)},
    )
    return {row.product_id: row for row in rows}


def _worth(level: Row[Any], quantity: Decimal) -> int:
    """Return what goods that were found are worth: at average cost; where nothing is on hand, at what one cost last."""
    if level.quantity + quantity >= QUANTITY_LIMIT:
        raise InvalidQuantityError("This is more than can be counted. Enter less.")
    on_average = Fraction(level.value) / Fraction(level.quantity) if level.quantity > 0 else None
    value = round_half_up((Fraction(level.unit_cost_last) if on_average is None else on_average) * Fraction(quantity))
    if value > AMOUNT_MAX:
        raise InvalidAmountError
    return value


def revalue(act: Act, values: Mapping[uuid.UUID, int]) -> dict[uuid.UUID, int]:
    """Raise or lower what goods are worth, their quantity as it is, all products in one statement.

    Returns:
        What was moved of each product's value. None of it where nothing is there, or where they would be worth less
        than nothing: those are left out.
    """
    if not values:
        return {}
    rows = act.execute(
        """
        WITH asked AS (
            SELECT * FROM unnest(%(products)s::uuid[], %(values)s::bigint[]) AS n(product_id, value)
        ), locked AS MATERIALIZED (
            SELECT product_id, quantity, value, version FROM stock_levels
             WHERE tenant_id = %(tenant_id)s AND product_id = ANY(%(products)s::uuid[])
             ORDER BY product_id
               FOR NO KEY UPDATE
        )
        UPDATE stock_levels AS s
           SET value = l.value + n.value, version = l.version + 1
          FROM locked AS l
          JOIN asked AS n ON n.product_id = l.product_id
         WHERE s.tenant_id = %(tenant_id)s
           AND s.product_id = l.product_id
           AND n.value <> 0
           AND l.quantity > 0
           AND l.value + n.value >= 0
        RETURNING s.product_id, n.value
        """,
        {"products": list(values), "values": list(values.values())},
    )
    return {row.product_id: row.value for row in rows}


def insert_moves(act: Act, moves: Sequence[Goods]) -> None:
    """Write down what moved, one line per product: quantity and value above zero came in, below went out."""
    act.send(
        """
        INSERT INTO stock_moves AS m (tenant_id, transaction_id, line, product_id, quantity, value, occurred_on)
        SELECT s.tenant_id, %(transaction_id)s::uuid, n.line, n.product_id, n.quantity, n.value, %(occurred_on)s::date
          FROM tenants AS s
         CROSS JOIN unnest(%(products)s::uuid[], %(quantities)s::numeric[], %(values)s::bigint[])
               WITH ORDINALITY AS n(product_id, quantity, value, line)
         WHERE s.tenant_id = %(tenant_id)s
        """,
        {
            "transaction_id": act.transaction_id,
            "occurred_on": act.occurred_on,
            "products": [each.product_id for each in moves],
            "quantities": [each.quantity for each in moves],
            "values": [each.value for each in moves],
        },
    )


def _shortage(act: Act, short: Set[uuid.UUID], wanted: Mapping[uuid.UUID, Decimal]) -> Exception:
    """Name the first product there is not enough of. Its level is locked, so this is what counted."""
    row = act.execute(
        """
        SELECT p.id, p.name, s.quantity
          FROM products AS p
          JOIN stock_levels AS s ON s.tenant_id = %(tenant_id)s AND s.product_id = p.id
         WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(products)s)
         ORDER BY p.id
         LIMIT 1
        """,
        {"products": list(short)},
    ).one_or_none()
    if row is None:
        return InvariantBrokenError("Goods were taken from a stock that this shop does not have. Nothing was saved.")
    return OutOfStockError(row.name, row.quantity, wanted[row.id])
