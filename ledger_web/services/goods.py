"""Goods that come or are counted where nothing was bought: received, adjusted, there from the beginning."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from ledger_web.domain import products as rules
from ledger_web.domain.errors import InvalidQuantityError, NotFoundError, RuleViolationError
from ledger_web.domain.journal import AccountKey, Entry, cost_of_sales, equity, inventory, unless_zero
from ledger_web.domain.languages import gettext
from ledger_web.domain.money import multiply
from ledger_web.domain.stock import OPENING, QUANTITY_LIMIT, REASONS, account_of_reason
from ledger_web.services import stock
from ledger_web.services.stock import Goods
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class ReceiveGoods:
    """Put goods into stock that came without a purchase in these books."""

    id: uuid.UUID  # of the transaction
    product_id: uuid.UUID
    quantity: Decimal  # > 0
    unit_cost: int  # minor units of `currency`, >= 0
    currency: str  # the shop's base currency
    note: str = ""
    occurred_on: dt.date | None = None  # None: today in the shop's time zone


@dataclass(frozen=True, kw_only=True)
class AdjustStock:
    """Correct how much there is: to what was counted, or by a difference. Exactly one of the two is given."""

    id: uuid.UUID  # of the transaction
    product_id: uuid.UUID
    reason: str  # one of domain.stock.REASONS
    currency: str  # the shop's base currency
    counted: Decimal | None = None  # >= 0
    difference: Decimal | None = None  # not zero
    note: str = ""


@whole_act
def receive_goods(command: ReceiveGoods, uow: UnitOfWork) -> Recorded:
    """Put goods into stock at what they cost: debit inventory, credit equity "opening".

    Raises:
        NotFoundError: The shop has no such product.
        RuleViolationError: The product keeps no stock.
        InvalidQuantityError: Nothing, or less, or more than can be counted.
    """
    must_be_countable(command.quantity, command.quantity)
    with uow:
        memo = _memo(gettext("Goods received"), command.note)
        if uow.is_replay(command, id=command.id, kind="stock_receipt", occurred_on=command.occurred_on, memo=memo):
            return Recorded(command.id, replayed=True)
        level = _lock_level(uow, command.product_id)
        must_be_countable(command.quantity, level.quantity + command.quantity)
        put_opening_stock(uow, command.product_id, command.quantity, command.unit_cost, command.currency)
    return Recorded(command.id)


@whole_act
def adjust_stock(command: AdjustStock, uow: UnitOfWork) -> Recorded:
    """Correct a quantity at average cost, against the expense of its reason; a wrong opening quantity against equity.

    Raises:
        NotFoundError: The shop has no such product.
        RuleViolationError: The product keeps no stock, less would be left than nothing, or nothing would change.
        InvalidQuantityError: More than can be counted.
    """
    with uow:
        memo = _memo(gettext(REASONS[command.reason].name), command.note)
        if uow.is_replay(command, id=command.id, kind="stock_adjustment", memo=memo):
            return Recorded(command.id, replayed=True)
        level = _lock_level(uow, command.product_id)
        difference = _difference(command, level)
        against = account_of_reason(command.reason, command.currency)
        uow.post(stock.correct(uow, {command.product_id: difference}, against))
    return Recorded(command.id)


def _lock_level(uow: UnitOfWork, product_id: uuid.UUID) -> Row[Any]:
    """Lock the level of a product that keeps stock.

    Raises:
        NotFoundError: The shop has no such product.
        RuleViolationError: It keeps no stock.
    """
    product = uow.execute(
        "SELECT name, stock_policy FROM products WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR KEY SHARE",
        {"id": product_id},
    ).one_or_none()
    if product is None:
        raise NotFoundError("There is no such product in this shop.")
    level = find_level(uow, product_id)
    if level is None or not rules.keeps_stock(product.stock_policy):
        raise RuleViolationError(gettext("%(name)s keeps no stock. Change that on its page first.", name=product.name))
    return level


def find_level(uow: UnitOfWork, product_id: uuid.UUID) -> Row[Any] | None:
    return uow.execute(
        """
        SELECT product_id, quantity, value, unit_cost_last FROM stock_levels
         WHERE tenant_id = %(tenant_id)s AND product_id = %(product_id)s
           FOR NO KEY UPDATE
        """,
        {"product_id": product_id},
    ).one_or_none()


def put_opening_stock(uow: UnitOfWork, product_id: uuid.UUID, quantity: Decimal, unit_cost: int, currency: str) -> None:
    goods = Goods(product_id, quantity, multiply(unit_cost, quantity))
    kept = stock.put(uow, [goods], sets_cost=True)[product_id]
    stock.insert_moves(uow, [Goods(product_id, quantity, kept)])
    uow.post(arrival_entries(currency, equity(currency, OPENING), goods.value, kept))


def arrival_entries(currency: str, source: AccountKey, value: int, kept: int) -> list[Entry]:
    """Return the entries of goods worth `value` that came from `source`, of which `kept` is worth having.

    The two differ where goods were oversold: what they replace left at an assumed cost, and the difference
    belongs to the cost of sales. Source: product.md spec 5, Edge.
    """
    entries = unless_zero(inventory(currency), source, value)
    if kept < value:
        entries += [Entry(cost_of_sales(currency), inventory(currency), value - kept)]
    elif kept > value:
        entries += [Entry(inventory(currency), cost_of_sales(currency), kept - value)]
    return entries


def _difference(command: AdjustStock, level: Row[Any]) -> Decimal:
    """Say by how much a level is to change.

    Raises:
        RuleViolationError: By nothing, or to less than nothing.
        InvalidQuantityError: To more than can be counted.
    """
    difference = command.difference or Decimal(0)
    if command.counted is not None:
        difference = command.counted - level.quantity
    after = level.quantity + difference
    if not difference:
        raise RuleViolationError(
            gettext("%(quantity)s are in stock already. There is nothing to adjust.", quantity=_written(level.quantity))
        )
    if difference < 0 and after < 0:
        raise RuleViolationError(
            gettext(
                "%(quantity)s are in stock, so %(difference)s cannot be taken out.",
                quantity=_written(level.quantity),
                difference=_written(-difference),
            )
        )
    if abs(after) >= QUANTITY_LIMIT:
        raise InvalidQuantityError("This is more than can be counted. Enter less.")
    return difference


def must_be_countable(quantity: Decimal, after: Decimal) -> None:
    if not quantity.is_finite() or quantity <= 0:
        raise InvalidQuantityError("Enter a quantity above zero.")
    if after >= QUANTITY_LIMIT:
        raise InvalidQuantityError("This is more than can be counted. Enter less.")


def _memo(what: str, note: str) -> str:
    return f"{what}: {note}" if note else what


def _written(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"
