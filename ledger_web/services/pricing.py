"""What acts on prices share: the history that every change goes into."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ledger_web.domain.ids import new_id
from ledger_web.domain.prices import NONE
from ledger_web.services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """A price that becomes another. None is no price: `old_price` of a new one, `new_price` of one taken away."""

    product_id: uuid.UUID
    old_price: int | None
    new_price: int | None
    unit_name: str = ""
    price_list: str = ""
    quantity_from: Decimal = NONE
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None


def change_ordinary_prices(uow: UnitOfWork, prices: Mapping[uuid.UUID, int], *, reason: str) -> None:
    """Give products new prices, each with a line in its history; a price that stays as it is leaves none.

    Locks the products in id order. Products that the shop does not have are left out.

    Args:
        prices: Minor units of the base currency, tax contained, of one base unit, >= 0.
        reason: Why, in a few words: "Purchase 12", "Import of spring.csv".
    """
    before = uow.execute(
        """
        SELECT id, unit_price FROM products
         WHERE tenant_id = %(tenant_id)s AND id = ANY(%(products)s::uuid[])
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        {"products": list(prices)},
    ).all()
    changes = [
        PriceChange(product_id=row.id, old_price=row.unit_price, new_price=prices[row.id])
        for row in before
        if row.unit_price != prices[row.id]
    ]
    if not changes:
        return
    uow.execute(
        """
        UPDATE products AS p
           SET unit_price = n.unit_price, version = p.version + 1
          FROM unnest(%(products)s::uuid[], %(prices)s::bigint[]) AS n(product_id, unit_price)
         WHERE p.tenant_id = %(tenant_id)s AND p.id = n.product_id
        """,
        {
            "products": [change.product_id for change in changes],
            "prices": [change.new_price for change in changes],
        },
    )
    write_price_changes(uow, changes, reason=reason)


def write_price_changes(uow: UnitOfWork, changes: Sequence[PriceChange], *, reason: str) -> None:
    """Write down who changed which prices, and why. What did not change is left out."""
    real = [change for change in changes if change.old_price != change.new_price]
    if not real:
        return
    uow.execute(
        """
        INSERT INTO price_changes AS c
               (tenant_id, id, product_id, unit_name, price_list, quantity_from, starts_on, ends_on,
                old_price, new_price, reason, actor_id, changed_at)
        SELECT s.tenant_id, n.id, n.product_id, n.unit_name, n.price_list, n.quantity_from, n.starts_on, n.ends_on,
               n.old_price, n.new_price, %(reason)s, %(actor_id)s::uuid, now()
          FROM tenants AS s
         CROSS JOIN unnest(%(ids)s::uuid[], %(products)s::uuid[], %(units)s::text[], %(lists)s::text[],
                           %(quantities)s::numeric[], %(starts)s::date[], %(ends)s::date[],
                           %(old)s::bigint[], %(new)s::bigint[])
               AS n(id, product_id, unit_name, price_list, quantity_from, starts_on, ends_on, old_price, new_price)
         WHERE s.tenant_id = %(tenant_id)s
        """,
        {
            "reason": reason,
            "actor_id": uow.actor_id,
            "ids": [new_id() for _ in real],
            "products": [change.product_id for change in real],
            "units": [change.unit_name for change in real],
            "lists": [change.price_list for change in real],
            "quantities": [change.quantity_from for change in real],
            "starts": [change.starts_on for change in real],
            "ends": [change.ends_on for change in real],
            "old": [change.old_price for change in real],
            "new": [change.new_price for change in real],
        },
    )
