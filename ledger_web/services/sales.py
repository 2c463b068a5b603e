"""Sales: recording one, storing the cart as one."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from ledger_web.domain.discounts import (
    DISCOUNT_LIMIT,
    PRICE_CUT_LIMIT,
    Discount,
    discount_of,
    must_be_within,
    percent_off,
)
from ledger_web.domain.errors import NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.gift_cards import card_code, store_credit_of
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import AccountKey, Entry, customer
from ledger_web.domain.languages import gettext
from ledger_web.domain.sales import sale_entries
from ledger_web.domain.tenders import Settlement, Tendered, cash_step, money_entries, settle
from ledger_web.services import open_items, stock
from ledger_web.services.numbering import next_number
from ledger_web.services.sale_lines import (
    FACTS,
    FACTS_FROM,
    PricedSale,
    SoldLine,
    Unit,
    costs_by_line,
    insert_lines,
    price_sale,
    read_products,
    read_units,
)
from ledger_web.services.stock import Goods
from ledger_web.services.tenders import (
    ChangeChoice,
    Places,
    TenderChoice,
    change_of,
    find_places,
    insert_payments,
    tendered,
)
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act

__all__ = [
    "ChangeChoice",
    "PaymentPreview",
    "RecordSale",
    "SoldLine",
    "StoreCart",
    "TenderChoice",
    "preview_payment",
    "record_sale",
    "store_cart",
]


@dataclass(frozen=True, kw_only=True)
class RecordSale:
    """Sell lines out of one drawer's till."""

    id: uuid.UUID
    drawer_id: uuid.UUID
    currency: str  # the shop's base currency
    lines: tuple[SoldLine, ...]
    customer_id: uuid.UUID | None = None
    tendered: int | None = None  # cash handed over, minor units; None: exactly what is due in cash
    rest_on_account: bool = False
    tenders: tuple[TenderChoice, ...] = ()  # none: cash, as `tendered` says
    change: ChangeChoice | None = None
    discount: Discount | None = None  # on the whole sale
    note: str = ""
    salesperson_id: uuid.UUID | None = None
    approved_by: uuid.UUID | None = None
    sold_on: dt.date | None = None  # None: today in the shop's time zone
    sold_at: dt.datetime | None = None  # aware; None: now


@dataclass(frozen=True, kw_only=True)
class StoreCart:
    """Sell what is in the cart, as it was when its version was shown."""

    id: uuid.UUID  # of the cart; becomes the id of the sale
    version: int
    drawer_id: uuid.UUID
    currency: str
    tendered: int | None = None
    rest_on_account: bool = False
    tenders: tuple[TenderChoice, ...] = ()
    change: ChangeChoice | None = None
    # How far whoever stores it may go, in percent; None is no limit. Not part of what is stored.
    discount_max: Decimal | None = field(default=None, compare=False)
    price_cut_max: Decimal | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class PaymentPreview:
    """What the tenders come to."""

    total: int  # of the cart
    settlement: Settlement


@whole_act
def record_sale(command: RecordSale, uow: UnitOfWork) -> Recorded:
    """Put a sale into the books: goods out at average cost, money or debt in, a number from the drawer's series.

    Raises:
        NotFoundError: A product, the drawer or the customer is not this shop's.
        OutOfStockError, CreditLimitExceededError: As the product's and the customer's limits say.
        DrawerNotOpenError: Cash is paid, and the drawer's shift is not open.
        RuleViolationError: No lines, cash that does not cover, a debt without a customer.
        ResubmissionError: The id was used for another sale.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="sale", occurred_on=command.sold_on):
            return Recorded(command.id, replayed=True)
        products = read_products(uow, {line.product_id for line in command.lines}) if command.lines else {}
        units = read_units(uow, {line.unit_id for line in command.lines if line.unit_id})
        priced = price_sale(command.lines, products, command.discount, units)
        uow.post(sell(uow, command, priced), in_open_shift=True)
    return Recorded(command.id)


@whole_act
def store_cart(command: StoreCart, uow: UnitOfWork) -> Recorded:
    """Sell what is in the cart and empty it, in one act. Raises what `record_sale` raises, and

    StaleEditError: The cart was changed since it was shown, in another window perhaps.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="sale"):
            return Recorded(command.id, replayed=True)
        sale, priced = take_cart(uow, command)
        uow.post(sell(uow, sale, priced), in_open_shift=True)
    return Recorded(command.id)


def preview_payment(command: StoreCart, uow: UnitOfWork) -> PaymentPreview:
    """Say what the tenders pay of the cart, and what goes back. Writes and locks nothing.

    Raises:
        RuleViolationError, StaleEditError, NotFoundError: As storing it would, but for what only balances refuse.
    """
    with uow:
        sale, priced = look_into_cart(uow, command)
        return PaymentPreview(priced.total, settlement_of(uow, sale, priced))


def take_cart(uow: UnitOfWork, command: StoreCart) -> tuple[RecordSale, PricedSale]:
    """Lock the cart, take out of it what is to be sold, and empty it.

    Raises:
        StaleEditError: It was changed since it was shown.
        ApprovalNeededError: A discount or a price cut goes too far.
    """
    cart = _read_cart(uow, command)
    sale, priced = _priced(command, cart)
    _must_be_within_ceilings(command, cart, priced)
    uow.send("DELETE FROM carts WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": command.id})
    return sale, priced


def look_into_cart(uow: UnitOfWork, command: StoreCart) -> tuple[RecordSale, PricedSale]:
    """Say what would be sold out of the cart. Writes and locks nothing."""
    return _priced(command, _read_cart(uow, command, lock=False))


def _priced(command: StoreCart, cart: Sequence[Row[Any]]) -> tuple[RecordSale, PricedSale]:
    sale = _sale_of(command, cart)
    return sale, price_sale(sale.lines, {row.product_id: row for row in cart}, sale.discount, _units(cart))


def _read_cart(uow: UnitOfWork, command: StoreCart, *, lock: bool = True) -> Sequence[Row[Any]]:
    """Lock the cart and read it with its lines. What was read is what is in it: its version says so."""
    rows = uow.execute(
        f"""
        SELECT c.version, c.customer_id, c.salesperson_id, c.note AS cart_note, c.approved_by AS cart_approved_by,
               c.discount_percent AS cart_discount_percent, c.discount_amount AS cart_discount_amount,
               l.quantity, l.unit_price, l.list_price, l.unit_id, l.discount_percent, l.discount_amount, l.note,
               l.approved_by, l.approved_percent, l.gift_card_code, c.approved_percent AS cart_approved_percent,
               l.salesperson_id AS line_salesperson_id,
               u.name AS pack_name, u.factor_numerator, u.factor_denominator, {FACTS}
          FROM carts AS c
          LEFT JOIN cart_lines AS l ON l.tenant_id = %(tenant_id)s AND l.cart_id = c.id
          LEFT JOIN product_units AS u ON u.tenant_id = %(tenant_id)s AND u.id = l.unit_id
          LEFT JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = l.product_id {FACTS_FROM}
         WHERE c.tenant_id = %(tenant_id)s AND c.id = %(id)s AND c.user_id = %(user_id)s
         ORDER BY l.position, l.id
           {"FOR NO KEY UPDATE OF c" if lock else ""}
        """,
        {"id": command.id, "user_id": uow.actor_id},
    ).all()
    if not rows or rows[0].version != command.version:
        raise StaleEditError("The cart was changed in another window. Look at it once more, then store the sale.")
    return rows


def _sale_of(command: StoreCart, cart: Sequence[Row[Any]]) -> RecordSale:
    head = cart[0]
    return RecordSale(
        id=command.id,
        drawer_id=command.drawer_id,
        currency=command.currency,
        lines=tuple(_sold_line(row) for row in cart if row.product_id),
        customer_id=head.customer_id,
        tendered=command.tendered,
        rest_on_account=command.rest_on_account,
        tenders=command.tenders,
        change=command.change,
        discount=discount_of(head.cart_discount_percent, head.cart_discount_amount),
        note=head.cart_note,
        salesperson_id=head.salesperson_id,
        approved_by=head.cart_approved_by,
    )


def _sold_line(row: Row[Any]) -> SoldLine:
    return SoldLine(
        product_id=row.product_id,
        quantity=row.quantity,
        unit_price=row.unit_price,
        unit_id=row.unit_id,
        list_price=row.list_price,
        discount=discount_of(row.discount_percent, row.discount_amount),
        note=row.note,
        approved_by=row.approved_by,
        gift_card_code=row.gift_card_code,
        salesperson_id=row.line_salesperson_id,
    )


def _units(cart: Sequence[Row[Any]]) -> dict[uuid.UUID, Unit]:
    return {
        row.unit_id: Unit(row.product_id, row.pack_name, row.factor_numerator, row.factor_denominator)
        for row in cart
        if row.unit_id
    }


def _must_be_within_ceilings(command: StoreCart, cart: Sequence[Row[Any]], priced: PricedSale) -> None:
    """Ask once more what was asked when it was typed: a cart that shrank makes more of a discount in money.

    Raises:
        ApprovalNeededError: A discount or a price cut goes further than this person may, and further than approved.
    """
    goods = 0
    for row, each in zip(cart, priced.lines, strict=True):
        amounts = each.amounts
        if row.gift_card_code is None:
            goods += amounts.price - amounts.discount
        off = percent_off(amounts.price, amounts.price - amounts.discount)
        cut = percent_off(row.list_price, row.unit_price)
        must_be_within(DISCOUNT_LIMIT, off, command.discount_max, row.approved_percent, each.name)
        must_be_within(PRICE_CUT_LIMIT, cut, command.price_cut_max, row.approved_percent, each.name)
    whole = percent_off(goods, goods - priced.discount)
    must_be_within(
        DISCOUNT_LIMIT, whole, command.discount_max, cart[0].cart_approved_percent, gettext("the whole sale")
    )


def settlement_of(
    uow: UnitOfWork, sale: RecordSale, priced: PricedSale, carried: Sequence[Tendered] = ()
) -> Settlement:
    """Say how a sale is settled: what comes over from goods that came back first, then what is handed over.

    Raises:
        RuleViolationError: It does not cover the total, or something is wrong with a way to pay.
    """
    return _settle(uow, sale, priced, carried)[0]


def sell(uow: UnitOfWork, sale: RecordSale, priced: PricedSale, carried: Sequence[Tendered] = ()) -> list[Entry]:
    """Do the story of a sale inside an act whose header stands; return what is to be posted, last of all."""
    settlement, places = _settle(uow, sale, priced, carried)
    if settlement.on_account:
        _must_be_a_customer(uow, sale.customer_id)

    costs = stock.take(uow, priced.quantities)
    if costs:
        stock.insert_moves(uow, [Goods(id, -quantity, -costs[id]) for id, quantity in priced.quantities.items()])
    number = next_number(uow, "sale", sale.drawer_id)
    _insert_sale(uow, sale, number, priced, sum(costs.values()), settlement)
    cards = _insert_cards(uow, sale, priced)
    insert_lines(uow, sale.id, priced.lines, costs_by_line(priced, costs), cards)
    insert_payments(
        uow,
        sale.id,
        settlement,
        places,
        drawer_id=sale.drawer_id,
        currency=sale.currency,
        customer_id=sale.customer_id,
    )
    paid, foreign = money_entries(settlement, sale.currency)
    if settlement.on_account and sale.customer_id:
        charge = open_items.new_item(sale.id, "charge", sale.currency, settlement.on_account, uow.occurred_on)
        open_items.add_item(uow, sale.customer_id, charge)
        paid.append((customer(sale.customer_id, sale.currency), settlement.on_account))
    entries = sale_entries(
        sale.currency,
        paid,
        priced.total,
        priced.tax,
        sum(costs.values()),
        cards=_card_amounts(sale.currency, priced),
        rounded=settlement.rounding,
    )
    return [*entries, *foreign]


def _settle(
    uow: UnitOfWork, sale: RecordSale, priced: PricedSale, carried: Sequence[Tendered]
) -> tuple[Settlement, Places]:
    choices = _choices(sale, priced.total - sum(each.amount or 0 for each in carried))
    places = find_places(uow, choices)
    settlement = settle(
        priced.total,
        sale.currency,
        [
            *carried,
            *tendered(choices, places, drawer_id=sale.drawer_id, currency=sale.currency, customer_id=sale.customer_id),
        ],
        rest_on_account=sale.rest_on_account,
        change=change_of(sale.change, sale.currency),
        step=cash_step(sale.currency, priced.cash_step),
    )
    return settlement, places


def _choices(sale: RecordSale, due: int) -> tuple[TenderChoice, ...]:
    """Return how the sale is paid: as was chosen, or in cash."""
    if sale.tenders or not due:
        return sale.tenders
    return (TenderChoice(amount=sale.tendered),)


def _card_amounts(currency: str, priced: PricedSale) -> list[tuple[AccountKey, int]]:
    return [
        (store_credit_of(card_code(each.line.gift_card_code), currency), each.amounts.total)
        for each in priced.lines
        if each.line.gift_card_code is not None
    ]


def _insert_cards(uow: UnitOfWork, sale: RecordSale, priced: PricedSale) -> dict[str, uuid.UUID]:
    """Make the gift cards that are sold; return their ids by the codes that the lines say."""
    cards = {each.line.gift_card_code: new_id() for each in priced.lines if each.line.gift_card_code is not None}
    if not cards:
        return {}
    try:
        uow.execute(
            """
            INSERT INTO gift_cards AS g (tenant_id, id, code, currency, sold_in)
            SELECT s.tenant_id, n.id, n.code, s.currency, s.id
              FROM sales AS s
             CROSS JOIN unnest(%(ids)s::uuid[], %(codes)s::text[]) AS n(id, code)
             WHERE s.tenant_id = %(tenant_id)s AND s.id = %(sale_id)s
            """,
            {"sale_id": sale.id, "ids": list(cards.values()), "codes": [card_code(code) for code in cards]},
        )
    except IntegrityError as error:
        if violated_constraint(error) == "gift_cards_code_key":
            raise RuleViolationError(
                "A gift card with this number was sold already. Take its line out and sell another card."
            ) from error
        raise
    return cards


def _must_be_a_customer(uow: UnitOfWork, customer_id: uuid.UUID | None) -> None:
    if customer_id is None:
        raise RuleViolationError("Choose the customer whose account the rest goes on, or take the whole total in cash.")
    found = uow.execute(
        """
        SELECT archived_at FROM parties
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND kind = 'customer'
        """,
        {"id": customer_id},
    ).one_or_none()
    if found is None:
        raise NotFoundError("There is no such customer in this shop. Choose the customer again.")
    if found.archived_at is not None:
        raise RuleViolationError("This customer is archived. Take them out of the archive first, or take cash.")


def _insert_sale(
    uow: UnitOfWork, sale: RecordSale, number: str, priced: PricedSale, cost: int, settlement: Settlement
) -> None:
    uow.send(
        """
        INSERT INTO sales (tenant_id, id, number, drawer_id, customer_id, cashier_id, sold_on, sold_at, currency,
                           total, tax_total, cost_total, on_account, discount, note, salesperson_id, rounding,
                           prices_include_tax, approved_by)
        VALUES (%(tenant_id)s, %(id)s, %(number)s, %(drawer_id)s, %(customer_id)s, %(cashier_id)s, %(sold_on)s,
                coalesce(%(sold_at)s::timestamptz, now()), %(currency)s, %(total)s, %(tax)s, %(cost)s, %(on_account)s,
                %(discount)s, %(note)s, %(salesperson_id)s, %(rounding)s, %(inclusive)s, %(approved_by)s)
        """,
        {
            "id": sale.id,
            "number": number,
            "drawer_id": sale.drawer_id,
            "customer_id": sale.customer_id,
            "cashier_id": uow.actor_id,
            "sold_on": uow.occurred_on,
            "sold_at": sale.sold_at,
            "currency": sale.currency,
            "total": priced.total,
            "tax": priced.tax,
            "cost": cost,
            "on_account": settlement.on_account,
            "discount": priced.discount,
            "note": sale.note,
            "salesperson_id": sale.salesperson_id,
            "rounding": settlement.rounding,
            "inclusive": priced.inclusive,
            "approved_by": sale.approved_by,
        },
    )
