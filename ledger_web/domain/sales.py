"""What a sale comes to and which entries tell it: the same functions for the screen and for the books."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ledger_web.domain.discounts import Discount
from ledger_web.domain.journal import (
    AccountKey,
    Entry,
    cost_of_sales,
    inventory,
    pair,
    revenue,
    rounding,
    tax_payable,
    unless_zero,
)
from ledger_web.domain.money import multiply, spread
from ledger_web.domain.taxes import TaxPart, TaxRate, taxed


@dataclass(frozen=True, slots=True)
class Asked:
    """What a line of a sale asks: so much at this price, taxed so, perhaps for less."""

    unit_price: int  # minor units
    quantity: Decimal
    rates: tuple[TaxRate, ...] = ()
    discount: Discount | None = None
    is_money: bool = False  # a gift card: no discount and no tax


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """What one line comes to, minor units; the tax is contained in the total.

    Always true: price − discount − document_discount is the total, or the total without tax where prices are net.
    """

    price: int
    discount: int
    document_discount: int
    total: int
    tax: int
    taxes: tuple[TaxPart, ...]


def price_lines(lines: Sequence[Asked], discount: Discount | None = None, *, inclusive: bool) -> list[LineAmounts]:
    """Say what each line of a sale comes to.

    Args:
        discount: On the whole; it is spread over the lines by largest remainder and kept on them.
        inclusive: Prices and discounts contain tax.

    Raises:
        InvalidAmountError: A line comes to more than the books can hold.

    Source: product K, "document discount spread by largest remainder, kept on lines for returns".
    """
    prices = [multiply(line.unit_price, line.quantity) for line in lines]
    discounts = [
        0 if line.discount is None or line.is_money else line.discount.of(price)
        for line, price in zip(lines, prices, strict=True)
    ]
    shares = _shares(
        discount,
        [0 if line.is_money else price - off for line, price, off in zip(lines, prices, discounts, strict=True)],
    )
    return [
        _line_amounts(line, price, off, share, inclusive=inclusive)
        for line, price, off, share in zip(lines, prices, discounts, shares, strict=True)
    ]


def _shares(discount: Discount | None, amounts: Sequence[int]) -> list[int]:
    if discount is None or not sum(amounts):
        return [0] * len(amounts)
    return spread(discount.of(sum(amounts)), amounts)


def _line_amounts(line: Asked, price: int, off: int, share: int, *, inclusive: bool) -> LineAmounts:
    amount, parts = taxed(price - off - share, () if line.is_money else line.rates, inclusive=inclusive)
    return LineAmounts(price, off, share, amount.gross, amount.tax, parts)


def tax_parts(lines: Iterable[Sequence[TaxPart]]) -> list[TaxPart]:
    """Add up the parts of the taxes of several lines, each tax once, in the order they appear."""
    sums: dict[tuple[str, Decimal], int] = {}
    for parts in lines:
        for part in parts:
            sums[part.name, part.percent] = sums.get((part.name, part.percent), 0) + part.amount
    return [TaxPart(name, percent, amount) for (name, percent), amount in sums.items()]


def sale_entries(
    currency: str,
    paid: Sequence[tuple[AccountKey, int]],
    total: int,
    tax: int,
    cost: int,
    *,
    cards: Sequence[tuple[AccountKey, int]] = (),
    rounded: int = 0,
) -> list[Entry]:
    """Tell a sale in entries: what came in against revenue and tax, what went out against its cost.

    Args:
        paid: Where the money or the debt went, in order, below zero where it came from; the amounts add up to
            `total` and `rounded`.
        cost: What the goods cost, minor units of the same base currency.
        cards: Gift cards that were sold, with what is on them: part of `total`, and owed, not earned.
        rounded: What rounding of cash added to the total; below zero what it took off.
    """
    owed = [
        (revenue(currency), total - tax - sum(amount for _, amount in cards)),
        (tax_payable(currency), tax),
        *cards,
        (rounding(currency), rounded),
    ]
    debits = [(key, amount) for key, amount in paid if amount > 0] + [
        (key, -amount) for key, amount in owed if amount < 0
    ]
    credits = [(key, amount) for key, amount in owed if amount > 0] + [
        (key, -amount) for key, amount in paid if amount < 0
    ]
    return [*pair(debits, credits), *cost_entries(currency, cost)]


def cost_entries(currency: str, cost: int) -> list[Entry]:
    """Move the cost of goods out of stock; below zero it comes back."""
    if cost < 0:
        return [Entry(inventory(currency), cost_of_sales(currency), -cost)]
    return unless_zero(cost_of_sales(currency), inventory(currency), cost)
