"""What comes after a purchase: goods that go back to the vendor, charges that arrive late; both undone by reversal."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Row

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.exchange import realised_entries
from ledger_web.domain.journal import (
    Entry,
    cost_of_sales,
    exchange,
    inventory,
    tax_receivable,
    vendor,
)
from ledger_web.domain.languages import gettext
from ledger_web.domain.open_items import oldest_first, shares
from ledger_web.domain.purchases import (
    BoughtLine,
    Charge,
    both_sides,
    charge_in_base,
    late_shares,
    part_of,
    spread_charge,
)
from ledger_web.domain.rates import make_rate
from ledger_web.domain.taxes import tax_of
from ledger_web.domain.units import in_base
from ledger_web.services import open_items, reversals, stock
from ledger_web.services.purchases import insert_charge, next_of
from ledger_web.services.rates import FoundRate, find_table_rate
from ledger_web.services.stock import Goods
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

NUMBERS = "RTV"  # the series of the numbers of returns


@dataclass(frozen=True, kw_only=True)
class ReturnToVendor:
    """Send goods of a purchase back, at the rate and cost they came at."""

    id: uuid.UUID
    purchase_id: uuid.UUID
    lines: tuple[tuple[int, Decimal], ...]  # line of the purchase and quantity in its unit, > 0
    reason: str  # 3 to 500 characters
    occurred_on: dt.date | None = None  # None: today in the shop's time zone
    overrides_lock: bool = False


@dataclass(frozen=True, kw_only=True)
class DeleteReturn:
    """Undo a return; the books keep both."""

    id: uuid.UUID  # of the reversal
    return_id: uuid.UUID
    reason: str
    overrides_lock: bool = False


@dataclass(frozen=True, kw_only=True)
class AddLateCharge:
    """A charge of a purchase that arrived after its goods."""

    id: uuid.UUID
    purchase_id: uuid.UUID
    name: str
    payee_id: uuid.UUID
    currency: str
    net: int  # minor units of `currency`, > 0
    tax_percent: Decimal
    rate: Decimal | None  # None: from the shop's table, if it is needed
    rate_unit: str | None
    spread_by: str  # "value", "quantity", "weight" or "volume"
    occurred_on: dt.date | None = None
    overrides_lock: bool = False


@dataclass(frozen=True, kw_only=True)
class DeleteLateCharge:
    """Undo a charge that came late."""

    id: uuid.UUID  # of the reversal
    charge_id: uuid.UUID
    reason: str
    overrides_lock: bool = False


@dataclass(frozen=True, slots=True)
class _Going:
    """A part of a line that goes back. Amounts of the document, then of the base currency."""

    row: Row[Any]
    quantity: Decimal
    base_quantity: Decimal
    net: int
    tax: int
    net_base: int
    tax_base: int
    charges_base: int


@dataclass(frozen=True, slots=True)
class _Named:
    """What `insert_charge` writes down of a charge beside its amounts."""

    id: uuid.UUID
    name: str
    tax_percent: Decimal
    rate_source: str | None
    rate_on: dt.date | None
    rate_by: uuid.UUID | None


@whole_act
def return_to_vendor(command: ReturnToVendor, uow: UnitOfWork) -> Recorded:
    """Take goods out of stock at what they came with, and owe the vendor less, at the purchase's own rate.

    What freight and duty they bore is lost: it goes to the cost of sales.

    Raises:
        NotFoundError: The shop has no such purchase, or it no such line.
        RuleViolationError: It was deleted, or more is to go back than is left of a line.
        OutOfStockError: The goods are not there any more.
    """
    with uow:
        if uow.is_replay(
            command,
            id=command.id,
            kind="purchase_return",
            occurred_on=command.occurred_on,
            memo=command.reason,
            overrides_lock=command.overrides_lock,
        ):
            return Recorded(command.id, replayed=True)
        purchase = _hold_purchase(uow, command.purchase_id)
        going = _going(uow, command)
        left = _take_goods(uow, going)
        number = next_of(uow, "purchase_return", NUMBERS)
        _insert_return(uow, command, purchase, number, going)
        realised = _credit(uow, command, purchase, going)
        entries = _return_entries(purchase, going, left)
        uow.post([*entries, *realised_entries(purchase.base_currency, realised)])
    return Recorded(command.id)


@whole_act
def delete_return(command: DeleteReturn, uow: UnitOfWork) -> Recorded:
    """Reverse a return: goods back at what they left with, the debt as it was.

    Raises:
        NotFoundError: The shop has no such return.
        RuleViolationError: It was deleted already.
    """
    with uow:
        found = uow.execute(
            """
            SELECT r.purchase_id, r.deleted_at, p.base_currency,
                   EXISTS (SELECT FROM transactions AS x
                            WHERE x.tenant_id = %(tenant_id)s AND x.id = %(id)s::uuid AND x.reverses_id = r.id)
                       AS is_done
              FROM purchase_returns AS r
              JOIN purchases AS p ON p.tenant_id = %(tenant_id)s AND p.id = r.purchase_id
             WHERE r.tenant_id = %(tenant_id)s AND r.id = %(return_id)s
            """,
            {"id": command.id, "return_id": command.return_id},
        ).one_or_none()
        if found is None:
            raise NotFoundError("There is no such return in this shop.")
        if found.deleted_at is not None and not found.is_done:
            raise RuleViolationError("This return was deleted already. Nothing more is needed.")
        if uow.is_replay(
            command,
            id=command.id,
            kind="reversal",
            memo=command.reason,
            reverses_id=command.return_id,
            overrides_lock=command.overrides_lock,
        ):
            return Recorded(command.return_id, replayed=True)
        _hold_purchase(uow, found.purchase_id)
        uow.execute(
            """
            UPDATE purchase_returns SET deleted_at = now(), deleted_by = %(actor_id)s, delete_reason = %(reason)s
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s
            """,
            {"id": command.return_id, "actor_id": uow.actor_id, "reason": command.reason},
        )
        uow.execute(
            """
            UPDATE purchase_lines AS l
               SET returned = l.returned - n.quantity
              FROM purchase_return_lines AS n
             WHERE l.tenant_id = %(tenant_id)s AND n.tenant_id = %(tenant_id)s AND n.return_id = %(id)s
               AND l.purchase_id = n.purchase_id AND l.line = n.line
            """,
            {"id": command.return_id},
        )
        _reverse(uow, command.return_id, found.base_currency)
    return Recorded(command.return_id)


@whole_act
def add_late_charge(command: AddLateCharge, uow: UnitOfWork) -> Recorded:
    """Owe a charge that came late: its part for goods still in stock raises their value, the rest is cost of sales.

    Raises:
        NotFoundError: The shop has no such purchase or vendor.
        RuleViolationError: The purchase was deleted, a rate is missing, or there is nothing to spread it by.
    """
    with uow:
        if uow.is_replay(
            command,
            id=command.id,
            kind="purchase_charge",
            occurred_on=command.occurred_on,
            memo=command.name,
            overrides_lock=command.overrides_lock,
        ):
            return Recorded(command.id, replayed=True)
        purchase = _hold_purchase(uow, command.purchase_id, command.payee_id)
        payee = open_items.hold_party(uow, command.payee_id, lock=False)
        if payee.kind != "vendor":
            raise NotFoundError("There is no such vendor in this shop. Choose who is paid again.")
        found = _rate_of(uow, command, payee.base_currency)
        charge = Charge(
            net=command.net,
            tax=tax_of(command.net, [command.tax_percent], inclusive=False).tax,
            currency=command.currency,
            rate=found.rate if found else None,
            spread_by=command.spread_by,
            payee_id=command.payee_id,
        )
        net, tax = charge_in_base(charge.net, charge.tax, charge.currency, charge.rate)
        total = net + tax
        kept = _raise_value(uow, purchase.id, charge, net)
        named = _Named(
            command.id,
            command.name,
            command.tax_percent,
            found.source if found else None,
            found.rate_on if found else None,
            uow.actor_id if found else None,
        )
        insert_charge(uow, purchase.id, named, charge, net, tax, kept=kept)
        worth = None if charge.currency == payee.base_currency else total
        item = open_items.new_item(command.id, "charge", charge.currency, charge.total, uow.occurred_on, worth)
        open_items.add_item(uow, payee.id, item)
        uow.post(_late_entries(payee.base_currency, charge, total, tax, kept, net - kept))
    return Recorded(command.id)


@whole_act
def delete_late_charge(command: DeleteLateCharge, uow: UnitOfWork) -> Recorded:
    """Reverse a charge that came late, and take its part out of the value of the goods.

    Raises:
        NotFoundError: The shop has no such charge.
        RuleViolationError: It came with its purchase, or was deleted already.
    """
    with uow:
        found = uow.execute(
            """
            SELECT c.purchase_id, c.transaction_id, p.base_currency, r.id AS reversal_id
              FROM purchase_charges AS c
              JOIN purchases AS p ON p.tenant_id = %(tenant_id)s AND p.id = c.purchase_id
              LEFT JOIN transactions AS r ON r.tenant_id = %(tenant_id)s AND r.reverses_id = c.transaction_id
             WHERE c.tenant_id = %(tenant_id)s AND c.id = %(id)s
            """,
            {"id": command.charge_id},
        ).one_or_none()
        if found is None:
            raise NotFoundError("There is no such charge in this shop.")
        if found.transaction_id == found.purchase_id:
            raise RuleViolationError("This charge came with its purchase. Correct the purchase instead.")
        if found.reversal_id not in (None, command.id):
            raise RuleViolationError("This charge was deleted already. Nothing more is needed.")
        if uow.is_replay(
            command,
            id=command.id,
            kind="reversal",
            memo=command.reason,
            reverses_id=found.transaction_id,
            overrides_lock=command.overrides_lock,
        ):
            return Recorded(found.purchase_id, replayed=True)
        _reverse(uow, found.transaction_id, found.base_currency)
    return Recorded(found.purchase_id)


def _reverse(uow: UnitOfWork, transaction_id: uuid.UUID, base_currency: str) -> None:
    left = open_items.cancel(uow, transaction_id)
    reversal = reversals.load_reversal(uow, transaction_id)
    uow.post([*reversals.put_back(uow, reversal, base_currency), *left])


def _hold_purchase(uow: UnitOfWork, purchase_id: uuid.UUID, *parties: uuid.UUID) -> Row[Any]:
    """Lock a purchase that was not deleted, and whoever is owed by it: who they were merged into, if they were."""
    row = uow.execute(
        """
        SELECT p.id, p.number, coalesce(v.merged_into, v.id) AS vendor_id, p.currency, p.base_currency, p.deleted_at
          FROM purchases AS p
          JOIN parties AS v ON v.tenant_id = %(tenant_id)s AND v.id = p.vendor_id
         WHERE p.tenant_id = %(tenant_id)s AND p.id = %(id)s
           FOR NO KEY UPDATE OF p
        """,
        {"id": purchase_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such purchase in this shop.")
    if row.deleted_at is not None:
        raise RuleViolationError(
            gettext("%(number)s was deleted. Nothing can be changed about it any more.", number=row.number)
        )
    open_items.hold_parties(uow, {row.vendor_id, *parties})
    open_items.must_not_be_merged(uow, row.vendor_id)
    return row


def _going(uow: UnitOfWork, command: ReturnToVendor) -> list[_Going]:
    """Count what goes back on the lines of the purchase, never more than is left, and say what it came to."""
    if not command.lines:
        raise RuleViolationError("Enter how much goes back of at least one line.")
    rows = uow.execute(
        """
        UPDATE purchase_lines AS l
           SET returned = l.returned + n.quantity
          FROM unnest(%(lines)s::integer[], %(quantities)s::numeric[]) AS n(line, quantity)
         WHERE l.tenant_id = %(tenant_id)s AND l.purchase_id = %(purchase_id)s AND l.line = n.line
           AND n.quantity > 0 AND l.returned + n.quantity <= l.quantity
        RETURNING l.line, l.product_id, l.name, l.unit_name, l.factor_numerator, l.factor_denominator, l.quantity,
                  l.keeps_stock, l.net, l.tax, l.net_base, l.tax_base, l.charges_base, n.quantity AS going,
                  l.returned - n.quantity AS before
        """,
        {
            "purchase_id": command.purchase_id,
            "lines": [line for line, _ in command.lines],
            "quantities": [quantity for _, quantity in command.lines],
        },
    ).all()
    if len(rows) != len(command.lines):
        raise RuleViolationError(
            "More is to go back than is left of a line. Look at what was returned already, and lower the quantity."
        )
    return [_part(row) for row in sorted(rows, key=lambda row: row.line)]


def _part(row: Row[Any]) -> _Going:
    def part(total: int) -> int:
        return part_of(total, row.quantity, row.before, row.going)

    factor = Fraction(row.factor_numerator, row.factor_denominator)
    return _Going(
        row,
        row.going,
        in_base(row.going, factor, row.unit_name),
        part(row.net),
        part(row.tax),
        part(row.net_base),
        part(row.tax_base),
        part(row.charges_base),
    )


def _take_goods(uow: UnitOfWork, going: Sequence[_Going]) -> int:
    """Take the goods out of stock; return the value that left."""
    sums: dict[uuid.UUID, Goods] = {}
    for each in going:
        if each.row.keeps_stock:
            id = each.row.product_id
            there = sums.get(id, Goods(id, Decimal(0)))
            value = there.value + each.net_base + each.charges_base
            sums[id] = Goods(id, there.quantity + each.base_quantity, value)
    left = stock.give_back(uow, list(sums.values()))
    if sums:
        stock.insert_moves(uow, [Goods(id, -goods.quantity, -left[id]) for id, goods in sums.items()])
    return sum(left.values())


def _insert_return(
    uow: UnitOfWork, command: ReturnToVendor, purchase: Row[Any], number: str, going: Sequence[_Going]
) -> None:
    uow.execute(
        """
        INSERT INTO purchase_returns
               (tenant_id, id, number, purchase_id, returned_on, currency, total, total_base, reason)
        VALUES (%(tenant_id)s, %(id)s, %(number)s, %(purchase_id)s, %(returned_on)s, %(currency)s, %(total)s,
                %(total_base)s, %(reason)s)
        """,
        {
            "id": command.id,
            "number": number,
            "purchase_id": purchase.id,
            "returned_on": uow.occurred_on,
            "currency": purchase.currency,
            "total": sum(each.net + each.tax for each in going),
            "total_base": sum(each.net_base + each.tax_base for each in going),
            "reason": command.reason,
        },
    )
    uow.execute(
        """
        INSERT INTO purchase_return_lines
               (tenant_id, return_id, line, purchase_id, quantity, net, tax, net_base, tax_base, charges_base)
        SELECT r.tenant_id, r.id, n.line, r.purchase_id, n.quantity, n.net, n.tax, n.net_base, n.tax_base,
               n.charges_base
          FROM purchase_returns AS r
         CROSS JOIN unnest(%(lines)s::integer[], %(quantities)s::numeric[], %(nets)s::bigint[], %(taxes)s::bigint[],
                           %(net_bases)s::bigint[], %(tax_bases)s::bigint[], %(charge_bases)s::bigint[])
               AS n(line, quantity, net, tax, net_base, tax_base, charges_base)
         WHERE r.tenant_id = %(tenant_id)s AND r.id = %(id)s
        """,
        {
            "id": command.id,
            "lines": [each.row.line for each in going],
            "quantities": [each.quantity for each in going],
            "nets": [each.net for each in going],
            "taxes": [each.tax for each in going],
            "net_bases": [each.net_base for each in going],
            "tax_bases": [each.tax_base for each in going],
            "charge_bases": [each.charges_base for each in going],
        },
    )


def _credit(uow: UnitOfWork, command: ReturnToVendor, purchase: Row[Any], going: Sequence[_Going]) -> int:
    """Owe the vendor less: the purchase itself is settled first, what is over stays as an advance. Return the gain."""
    total = sum(each.net + each.tax for each in going)
    if not total:
        return 0
    total_base = sum(each.net_base + each.tax_base for each in going)
    worth = total_base if purchase.currency != purchase.base_currency and total_base else None
    credit = open_items.new_item(command.id, "credit", purchase.currency, total, uow.occurred_on, worth)
    open_items.add_item(uow, purchase.vendor_id, credit)
    charges = open_items.find_open(uow, purchase.vendor_id, purchase.currency, "charge", ids=[purchase.id])
    made = shares(credit, charges, oldest_first(credit, charges))
    open_items.settle(uow, made)
    return sum(share.realised("vendor") for share in made)


def _return_entries(purchase: Row[Any], going: Sequence[_Going], left: int) -> list[Entry]:
    base, currency = purchase.base_currency, purchase.currency
    total = sum(each.net + each.tax for each in going)
    net_base, tax_base = sum(each.net_base for each in going), sum(each.tax_base for each in going)
    owed = vendor(purchase.vendor_id, currency)
    credits = [(inventory(base), left), (tax_receivable(base), tax_base), (cost_of_sales(base), net_base - left)]
    if currency == base:
        return both_sides([(owed, total)], credits)
    foreign = [Entry(owed, exchange(currency), total)] if total else []
    return [*foreign, *both_sides([(exchange(base), net_base + tax_base)], credits)]


def _rate_of(uow: UnitOfWork, command: AddLateCharge, base_currency: str) -> FoundRate | None:
    if command.currency == base_currency:
        return None
    if command.rate is not None:
        rate = make_rate(command.rate, command.rate_unit or command.currency, command.currency, base_currency)
        return FoundRate(rate, "typed", uow.occurred_on)
    found = find_table_rate(uow, command.currency, uow.occurred_on)
    if found is None:
        raise RuleViolationError(
            gettext(
                "Enter the rate between %(currency)s and %(base_currency)s for this charge.",
                currency=command.currency,
                base_currency=base_currency,
            )
        )
    return found


def _raise_value(uow: UnitOfWork, purchase_id: uuid.UUID, charge: Charge, net_base: int) -> int:
    """Give goods that are still there their part of a late charge; return how much of it that is."""
    rows = uow.execute(
        """
        SELECT product_id, keeps_stock, net, tax, base_quantity, weight, volume,
               round(base_quantity * (1 - returned / quantity), 6) AS left_quantity
          FROM purchase_lines
         WHERE tenant_id = %(tenant_id)s AND purchase_id = %(id)s
         ORDER BY line
        """,
        {"id": purchase_id},
    ).all()
    bought = [
        BoughtLine(row.net, row.tax, row.base_quantity, row.weight or Decimal(0), row.volume or Decimal(0))
        for row in rows
    ]
    given = spread_charge(charge, net_base, bought)
    on_hand = stock.lock_levels(uow, {row.product_id for row in rows if row.keeps_stock})
    products = [row.product_id if row.keeps_stock else None for row in rows]
    kept: dict[uuid.UUID, int] = {}
    for product_id, part in zip(
        products, late_shares(given, [row.left_quantity for row in rows], on_hand, products), strict=True
    ):
        if product_id and part:
            kept[product_id] = kept.get(product_id, 0) + part
    moved = stock.revalue(uow, kept)
    if moved:
        stock.insert_moves(uow, [Goods(id, Decimal(0), value) for id, value in moved.items()])
    return sum(moved.values())


def _late_entries(base_currency: str, charge: Charge, total_base: int, tax: int, kept: int, sold: int) -> list[Entry]:
    debits = [
        (inventory(base_currency), kept),
        (cost_of_sales(base_currency), sold),
        (tax_receivable(base_currency), tax),
    ]
    owed = vendor(charge.payee_id or uuid.UUID(int=0), charge.currency)
    if charge.currency == base_currency:
        return both_sides(debits, [(owed, charge.total)])
    foreign = Entry(exchange(charge.currency), owed, charge.total)
    return [foreign, *both_sides(debits, [(exchange(base_currency), total_base)])]
