"""What a sale comes to and which entries tell it: the same functions for the screen and for the books."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.journal import (
    AccountKey,
    Entry,
    cost_of_sales,
    inventory,
    pair,
    revenue,
    tax_payable,
    unless_zero,
)
from ledger_web.domain.money import multiply
from ledger_web.domain.taxes import tax_of


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """What one line comes to, minor units; the tax is contained in the total."""

    total: int
    tax: int


@dataclass(frozen=True, slots=True)
class Tender:
    """How a sale is paid, minor units. Always true: applied + on_account = total, tendered = applied + change."""

    tendered: int
    applied: int
    change: int
    on_account: int


def line_amounts(unit_price: int, quantity: Decimal, tax_percent: Decimal) -> LineAmounts:
    """Multiply and find the tax in it. Prices contain tax; both results are rounded once, half up."""
    total = multiply(unit_price, quantity)
    return LineAmounts(total, tax_of(total, [tax_percent], inclusive=True).tax)


def settle(total: int, tendered: int | None, *, rest_on_account: bool) -> Tender:
    """Say what cash pays of a total, what goes back and what stays on the customer's account.

    Args:
        total: What is owed, >= 0.
        tendered: Cash handed over, >= 0; None means exactly what is to be paid in cash.
        rest_on_account: What cash does not cover goes on the customer's account.

    Raises:
        RuleViolationError: Cash does not cover the total, and the rest may not go on account.
    """
    if tendered is None:
        tendered = 0 if rest_on_account else total
    applied = min(tendered, total)
    if applied < total and not rest_on_account:
        raise RuleViolationError(
            "The cash received does not cover the total. Enter what was handed over,"
            " or tick “Rest on account” for the customer."
        )
    return Tender(tendered, applied, tendered - applied, total - applied)


def sale_entries(currency: str, paid: Sequence[tuple[AccountKey, int]], total: int, tax: int, cost: int) -> list[Entry]:
    """Tell a sale in entries: what came in against revenue and tax, what went out against its cost.

    Args:
        paid: Where the money or the debt went, in order; the amounts add up to `total`.
        cost: What the goods cost, minor units of the same base currency.
    """
    earned = [(revenue(currency), total - tax), (tax_payable(currency), tax)]
    return [*pair(paid, earned), *cost_entries(currency, cost)]


def cost_entries(currency: str, cost: int) -> list[Entry]:
    """Move the cost of goods out of stock; below zero it comes back."""
    if cost < 0:
        return [Entry(inventory(currency), cost_of_sales(currency), -cost)]
    return unless_zero(cost_of_sales(currency), inventory(currency), cost)
