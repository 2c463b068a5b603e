"""Goods that come back without the receipt of their sale: at the lowest price they were sold at lately, no more."""

import json
import uuid
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import Row

from ledger_web.domain.currencies import plain
from ledger_web.domain.errors import InvalidQuantityError, NotFoundError, RuleViolationError
from ledger_web.domain.gift_cards import gift_card_product
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import Entry, cash
from ledger_web.domain.languages import Texts, gettext
from ledger_web.domain.money import multiply
from ledger_web.domain.numbers import round_half_up
from ledger_web.domain.returns import (
    CREDIT,
    DISPOSITIONS,
    LOSSES,
    NOT_RETURNED,
    SELLABLE,
    PaidBy,
    Refund,
    RefundPlan,
    loss_entries,
    refund_entries,
    usual_disposition,
)
from ledger_web.domain.sales import cost_entries
from ledger_web.domain.taxes import TaxPart, rates_of, taxed
from ledger_web.domain.tenders import CASH, METHODS, cash_step, round_to
from ledger_web.services import open_items, stock
from ledger_web.services.cart_prices import find_offer
from ledger_web.services.effects import balance_effects
from ledger_web.services.numbering import next_number
from ledger_web.services.posting import Act
from ledger_web.services.return_reasons import Reason, find_reason
from ledger_web.services.reversals import BalanceEffect, StockEffect, stock_effects
from ledger_web.services.sale_lines import FACTS, FACTS_FROM
from ledger_web.services.stock import Goods
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

LATELY_DAYS: Final = 90
WAYS: Final = Texts({CREDIT: "As store credit", CASH: "In cash"})


@dataclass(frozen=True, kw_only=True)
class RecordLooseReturn:
    """Take some of a product back of which nobody knows the sale."""

    id: uuid.UUID
    drawer_id: uuid.UUID
    product_id: uuid.UUID
    quantity: Decimal  # in the product's own unit, > 0
    unit_price: int  # minor units of the base currency, tax included
    reason_id: uuid.UUID
    note: str = ""
    disposition: str = ""  # a key of DISPOSITIONS; "" is what the reason says
    way: str = CREDIT  # a key of WAYS
    customer_id: uuid.UUID | None = None  # whose store credit it becomes
    approved_by: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Takeable:
    """A product, and the most that one of it may bring back: what it costs today, or less if it was sold for less."""

    product_id: uuid.UUID
    name: str
    unit_name: str
    price_max: int  # minor units, tax included
    is_lower: bool  # than today's price
    keeps_stock: bool


@dataclass(frozen=True, slots=True)
class LoosePlan:
    """What taking it back will do. Amounts are minor units of the shop's base currency."""

    taken: Takeable
    currency: str
    reason: Reason
    customer_id: uuid.UUID | None
    quantity: Decimal
    unit_price: int
    total: int
    taxes: tuple[TaxPart, ...]
    cost: int
    disposition: str
    refund: RefundPlan
    entries: tuple[Entry, ...]  # without what goods cost: that is known when they are in stock again

    @property
    def tax(self) -> int:
        return sum(part.amount for part in self.taxes)

    @property
    def goods(self) -> list[Goods]:
        if not self.taken.keeps_stock or self.disposition != SELLABLE:
            return []
        return [Goods(self.taken.product_id, self.quantity, self.cost)]


@dataclass(frozen=True, slots=True)
class LoosePreview:
    """What taking it back will change."""

    plan: LoosePlan
    balances: list[BalanceEffect]
    stock: list[StockEffect]


@whole_act
def record_loose_return(command: RecordLooseReturn, uow: UnitOfWork) -> Recorded:
    """Take goods back without a receipt: into stock at what they cost on average, for store credit or cash.

    Raises:
        NotFoundError: The product, the drawer, the customer or the reason is not this shop's.
        RuleViolationError: The price is higher than any lately, or store credit has no customer.
        InsufficientFundsError, DrawerNotOpenError: The drawer cannot pay the cash.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="sale_return", memo=command.note):
            return Recorded(command.id, replayed=True)
        plan = _plan(uow, command)
        if plan.customer_id:
            open_items.hold_parties(uow, {plan.customer_id})
            open_items.must_not_be_merged(uow, plan.customer_id)
        kept = stock.put(uow, plan.goods)
        moves = [Goods(goods.product_id, goods.quantity, kept[goods.product_id]) for goods in plan.goods]
        if moves:
            stock.insert_moves(uow, moves)
        number = next_number(uow, "sale_return", command.drawer_id).replace("-", "-R")
        _insert(uow, command, plan, number)
        _insert_refunds(uow, command, plan)
        uow.audit(
            "sale.return_without_receipt",
            holder=command.id,
            after={"return": number, "product": plan.taken.name, "total": plan.total, "way": command.way,
                   "reason": plan.reason.in_words(command.note)},
            approved_by=command.approved_by,
        )  # fmt: skip
        uow.post(
            [
                *plan.entries,
                *cost_entries(plan.currency, -sum(goods.value for goods in moves)),
                *loss_entries(plan.currency, {plan.disposition: plan.cost} if plan.disposition in LOSSES else {}),
            ],
            in_open_shift=True,
        )
    return Recorded(command.id)


def preview_loose_return(command: RecordLooseReturn, uow: UnitOfWork) -> LoosePreview:
    """Say what taking it back will change, by the same code that does it. Writes and locks nothing.

    Raises:
        NotFoundError, RuleViolationError: As recording it would, but for what only the balances refuse.
    """
    with uow:
        plan = _plan(uow, command)
        return LoosePreview(plan, balance_effects(uow, plan.entries), stock_effects(uow, plan.goods))


def look_at_product(product_id: uuid.UUID, uow: UnitOfWork) -> Takeable:
    """Say what of a product may come back for how much. Writes and locks nothing.

    Raises:
        NotFoundError: The shop has no such product.
        RuleViolationError: It cannot come back without its receipt.
    """
    with uow:
        return _takeable(uow, _product(uow, product_id))


def _product(act: Act, product_id: uuid.UUID) -> Row[Any]:
    if product_id == gift_card_product(act.tenant_id):
        raise RuleViolationError("A gift card comes back with the receipt of its sale only.")
    row = act.execute(
        f"""
        SELECT {FACTS}, t.base_currency, l.quantity AS on_hand, l.value AS stock_value, l.unit_cost_last,
               (SELECT min(floor(sl.total / sl.base_quantity))
                  FROM sale_lines AS sl
                  JOIN sales AS s ON s.tenant_id = %(tenant_id)s AND s.id = sl.sale_id
                 WHERE sl.tenant_id = %(tenant_id)s AND sl.product_id = p.id AND sl.total > 0
                   AND s.deleted_at IS NULL
                   AND s.sold_on > business_day(now(), t.time_zone, t.day_starts_at) - %(days)s::integer
               )::bigint AS sold_for
          FROM products AS p {FACTS_FROM}
          LEFT JOIN stock_levels AS l ON l.tenant_id = %(tenant_id)s AND l.product_id = p.id
         WHERE p.tenant_id = %(tenant_id)s AND p.id = %(id)s
        """,
        {"id": product_id, "days": LATELY_DAYS},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such product in this shop.")
    return row


def _takeable(act: Act, row: Row[Any]) -> Takeable:
    offer = find_offer(act, row.product_id, None, None)
    if offer is None:
        raise NotFoundError("There is no such product in this shop.")
    today = offer.price_of(Decimal(1))
    if not row.prices_include_tax:
        today = taxed(today, _rates(row), inclusive=False)[0].gross
    price = today if row.sold_for is None else min(today, row.sold_for)
    return Takeable(row.product_id, row.name, row.unit_name, price, price < today, row.stock_policy != "none")


def _rates(row: Row[Any]) -> Any:
    return rates_of(row.tax_percent, row.tax_names, row.tax_percents, row.tax_compounds)


def _plan(act: Act, command: RecordLooseReturn) -> LoosePlan:
    row = _product(act, command.product_id)
    taken = _takeable(act, row)
    reason = find_reason(act, command.reason_id, command.note)
    quantity = command.quantity
    if not quantity.is_finite() or not 0 < quantity < 10**9 or quantity != round(quantity, 6):
        raise InvalidQuantityError
    if not 0 <= command.unit_price <= taken.price_max:
        raise RuleViolationError(
            gettext(
                "%(name)s: Without a receipt one of it brings back at most %(price)s, the lowest price of the last"
                " %(days)s days. Enter less, or look for its sale.",
                name=taken.name,
                price=plain(taken.price_max, row.base_currency),
                days=LATELY_DAYS,
            )
        )
    disposition = command.disposition or usual_disposition(reason.code, restocks=reason.restocks)
    if disposition not in DISPOSITIONS:
        raise RuleViolationError(gettext("%(name)s: Choose what becomes of it.", name=taken.name))
    total = multiply(command.unit_price, quantity)
    _, taxes = taxed(total, _rates(row), inclusive=True)
    customer_id = _customer(act, command)
    refund = _refund(command, total, row)
    entries = refund_entries(
        row.base_currency,
        refund,
        total=total,
        tax=sum(part.amount for part in taxes),
        customer_id=customer_id,
    )
    return LoosePlan(
        taken=taken,
        currency=row.base_currency,
        reason=reason,
        customer_id=customer_id,
        quantity=quantity,
        unit_price=command.unit_price,
        total=total,
        taxes=taxes,
        cost=_cost(row, quantity) if taken.keeps_stock else 0,
        disposition=disposition if taken.keeps_stock else NOT_RETURNED,
        refund=refund,
        entries=tuple(entries),
    )


def _customer(act: Act, command: RecordLooseReturn) -> uuid.UUID | None:
    if command.way not in WAYS:
        raise RuleViolationError("Choose how the money goes back: as store credit, or in cash.")
    if command.customer_id is None:
        if command.way == CREDIT:
            raise RuleViolationError("Choose the customer whose store credit it becomes.")
        return None
    holder = open_items.hold_party(act, command.customer_id, lock=False)
    if holder.kind != "customer":
        raise NotFoundError("There is no such customer in this shop. Choose the customer again.")
    return holder.id


def _refund(command: RecordLooseReturn, total: int, row: Row[Any]) -> RefundPlan:
    if command.way == CREDIT:
        return RefundPlan(0, (), 0, total)
    amount = round_to(total, cash_step(row.base_currency, row.cash_step))
    drawer = cash(command.drawer_id, row.base_currency)
    paid = PaidBy(command.id, CASH, METHODS[CASH], drawer, total, 0, amount, amount, 0)
    return RefundPlan(0, (Refund(paid, total, amount, amount),), 0, 0)


def _cost(row: Row[Any], quantity: Decimal) -> int:
    """Return what it cost on average; where nothing is on hand, what one cost last."""
    if row.on_hand and row.on_hand > 0:
        return round_half_up(Fraction(row.stock_value) * Fraction(quantity) / Fraction(row.on_hand))
    return round_half_up(Fraction(row.unit_cost_last or 0) * Fraction(quantity))


def _insert(uow: UnitOfWork, command: RecordLooseReturn, plan: LoosePlan, number: str) -> None:
    uow.execute(
        """
        INSERT INTO sale_returns (tenant_id, id, number, drawer_id, customer_id, cashier_id, returned_on, returned_at,
                                  currency, total, tax_total, cost_total, to_credit, rounding, reason_id, note,
                                  approved_by)
        VALUES (%(tenant_id)s, %(id)s, %(number)s, %(drawer_id)s, %(customer_id)s, %(cashier_id)s, %(returned_on)s,
                now(), %(currency)s, %(total)s, %(tax)s, %(cost)s, %(to_credit)s, %(rounding)s, %(reason_id)s,
                %(note)s, %(approved_by)s)
        """,
        {
            "id": command.id,
            "number": number,
            "drawer_id": command.drawer_id,
            "customer_id": plan.customer_id,
            "cashier_id": uow.actor_id,
            "returned_on": uow.occurred_on,
            "currency": plan.currency,
            "total": plan.total,
            "tax": plan.tax,
            "cost": plan.cost,
            "to_credit": plan.refund.to_credit,
            "rounding": plan.refund.rounding,
            "reason_id": command.reason_id,
            "note": command.note,
            "approved_by": command.approved_by,
        },
    )
    parts = [{"name": part.name, "percent": f"{part.percent:f}", "amount": part.amount} for part in plan.taxes]
    uow.execute(
        """
        INSERT INTO sale_return_lines (tenant_id, return_id, line, product_id, name, unit_name, quantity, base_quantity,
                                       unit_price, total, tax, taxes, cost, disposition)
        VALUES (%(tenant_id)s, %(id)s, 1, %(product_id)s, %(name)s, %(unit_name)s, %(quantity)s, %(quantity)s,
                %(unit_price)s, %(total)s, %(tax)s, %(taxes)s::jsonb, %(cost)s, %(disposition)s)
        """,
        {
            "id": command.id,
            "product_id": command.product_id,
            "name": plan.taken.name,
            "unit_name": plan.taken.unit_name,
            "quantity": plan.quantity,
            "unit_price": plan.unit_price,
            "total": plan.total,
            "tax": plan.tax,
            "taxes": json.dumps(parts),
            "cost": plan.cost,
            "disposition": plan.disposition,
        },
    )


def _insert_refunds(uow: UnitOfWork, command: RecordLooseReturn, plan: LoosePlan) -> None:
    for refund in plan.refund.refunds:
        if refund.amount:
            uow.execute(
                """
                INSERT INTO payments (tenant_id, id, transaction_id, direction, party_id, return_id, drawer_id, method,
                                      currency, tendered, applied, change, applied_base)
                VALUES (%(tenant_id)s, %(id)s, %(return_id)s, 'out', %(party_id)s, %(return_id)s, %(drawer_id)s,
                        'cash', %(currency)s, %(amount)s, %(amount)s, 0, %(amount)s)
                """,
                {
                    "id": new_id(),
                    "return_id": command.id,
                    "party_id": plan.customer_id,
                    "drawer_id": command.drawer_id,
                    "currency": plan.currency,
                    "amount": refund.amount,
                },
            )
