"""What vendors ask: their price lists, and the selling prices that follow from a purchase."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.services import pricing
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class SetVendorPrice:
    """A vendor asks so much for a product, in packs, and takes so many days."""

    id: uuid.UUID
    vendor_id: uuid.UUID
    product_id: uuid.UUID
    code: str  # the vendor's own
    currency: str
    unit_cost: Decimal  # whole units of the currency, for one of the product's own unit
    pack: Decimal  # how many come together at least, > 0
    lead_days: int | None


@dataclass(frozen=True, kw_only=True)
class RemoveVendorPrice:
    """A vendor does not offer it any more."""

    op_id: uuid.UUID
    vendor_id: uuid.UUID
    price_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class WriteProposedPrices:
    """Ask what was proposed for the products of a purchase that were ticked."""

    op_id: uuid.UUID
    purchase_id: uuid.UUID
    prices: tuple[tuple[uuid.UUID, int], ...]  # product and minor units of the base currency


@whole_act
def set_vendor_price(command: SetVendorPrice, uow: UnitOfWork) -> Recorded:
    """Keep what a vendor asks; a newer word for the same product and currency takes the place of the older.

    Raises:
        NotFoundError: The vendor or the product is not this shop's.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.vendor_id):
            return Recorded(command.vendor_id, replayed=True)
        kept = uow.execute(
            """
            INSERT INTO vendor_prices AS x
                   (tenant_id, id, vendor_id, product_id, code, currency, unit_cost, pack, lead_days, written_by,
                    written_at)
            SELECT v.tenant_id, %(id)s::uuid, v.id, p.id, %(code)s, %(currency)s, %(unit_cost)s::numeric,
                   %(pack)s::numeric, %(lead_days)s::integer, %(written_by)s::uuid, now()
              FROM parties AS v
              JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = %(product_id)s
             WHERE v.tenant_id = %(tenant_id)s AND v.id = %(vendor_id)s AND v.kind = 'vendor'
            ON CONFLICT (tenant_id, vendor_id, product_id, currency, unit_id) DO UPDATE
               SET code = excluded.code, unit_cost = excluded.unit_cost, pack = excluded.pack,
                   lead_days = excluded.lead_days, written_by = excluded.written_by, written_at = excluded.written_at
            RETURNING x.id
            """,
            {
                "id": command.id,
                "vendor_id": command.vendor_id,
                "product_id": command.product_id,
                "code": command.code,
                "currency": command.currency,
                "unit_cost": command.unit_cost,
                "pack": command.pack,
                "lead_days": command.lead_days,
                "written_by": uow.actor_id,
            },
        ).first()
        if kept is None:
            raise NotFoundError("There is no such vendor or product in this shop.")
    return Recorded(command.vendor_id)


@whole_act
def remove_vendor_price(command: RemoveVendorPrice, uow: UnitOfWork) -> Recorded:
    """Take a product off a vendor's list.

    Raises:
        NotFoundError: It is not on it.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.price_id):
            return Recorded(command.vendor_id, replayed=True)
        gone = uow.execute(
            """
            DELETE FROM vendor_prices
             WHERE tenant_id = %(tenant_id)s AND vendor_id = %(vendor_id)s AND id = %(id)s
            """,
            {"vendor_id": command.vendor_id, "id": command.price_id},
        )
        if not gone.rowcount:
            raise NotFoundError("This is not on the vendor's list any more.")
    return Recorded(command.vendor_id)


@whole_act
def write_proposed_prices(command: WriteProposedPrices, uow: UnitOfWork) -> Recorded:
    """Change the selling prices that were ticked; the history says which purchase they follow from.

    Raises:
        NotFoundError: The shop has no such purchase, or a product is not on it.
        RuleViolationError: Nothing was ticked.
    """
    if not command.prices:
        raise RuleViolationError("Tick the prices that are to change.")
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.purchase_id):
            return Recorded(command.purchase_id, replayed=True)
        prices = dict(command.prices)
        rows = uow.execute(
            """
            SELECT DISTINCT p.number, l.product_id
              FROM purchases AS p
              JOIN purchase_lines AS l ON l.tenant_id = %(tenant_id)s AND l.purchase_id = p.id
             WHERE p.tenant_id = %(tenant_id)s AND p.id = %(id)s AND l.product_id = ANY(%(products)s::uuid[])
            """,
            {"id": command.purchase_id, "products": list(prices)},
        ).all()
        if len(rows) != len(prices):
            raise NotFoundError("A product is not on this purchase. Load the page again.")
        pricing.change_ordinary_prices(uow, prices, reason=gettext("Purchase %(number)s", number=rows[0].number))
    return Recorded(command.purchase_id)
