"""Money: whole minor units of one currency. Read, written, rounded, multiplied and divided here and nowhere else."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from ledger_web.domain.currencies import CURRENCIES, exponent, plain
from ledger_web.domain.errors import InvalidAmountError, InvalidNumberError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.numbers import parse_number, round_half_up
from ledger_web.domain.signs import ENGLISH, Signs, write_number

__all__ = [
    "AMOUNT_LIMIT",
    "CURRENCIES",
    "exponent",
    "format_amount",
    "multiply",
    "parse_amount",
    "plain",
    "round_half_up",
    "spread",
]

AMOUNT_LIMIT = 10**15  # minor units; every amount stays below, on both sides of zero


def parse_amount(text: str, currency: str, signs: Signs = ENGLISH) -> int:
    """Read an amount into minor units of the currency, exactly as typed.

    Args:
        text: What a person typed, in any of the four scripts of digits.
        currency: One of CURRENCIES; it says how many decimals there may be.
        signs: The decimal and group signs of the shop's locale.

    Returns:
        Minor units, may be negative or zero; the absolute value is below AMOUNT_LIMIT.

    Raises:
        InvalidAmountError: Not written as an amount of this currency, or too large.

    Source: product §2 "Common to all"; promises I3.
    """
    decimals = exponent(currency)
    try:
        amount = parse_number(
            text,
            signs,
            digits=15 - decimals,
            decimals=decimals,
            noun=gettext("an amount in %(currency)s", currency=currency),
        )
    except InvalidNumberError as error:
        raise InvalidAmountError(error.message) from None
    return int(amount.scaleb(decimals))


def format_amount(amount: int, currency: str, signs: Signs = ENGLISH) -> str:
    """Write minor units with all decimals of the currency and no currency sign, as `parse_amount` reads them."""
    decimals = exponent(currency)
    return write_number(Decimal(amount).scaleb(-decimals), signs, decimals_min=decimals)


def multiply(unit_price: int, quantity: Decimal) -> int:
    """Return what a quantity costs, rounded once, half up.

    Args:
        unit_price: Minor units per unit.
        quantity: Up to six decimals.

    Raises:
        InvalidAmountError: The product is AMOUNT_LIMIT or more.
    """
    top, bottom = quantity.as_integer_ratio()
    doubled = 2 * abs(top * unit_price) + bottom  # as round_half_up does, without the work of a Fraction
    amount = doubled // (2 * bottom) * (1 if top * unit_price >= 0 else -1)
    if abs(amount) >= AMOUNT_LIMIT:
        raise InvalidAmountError("This price times this quantity is more than the books can hold. Enter less of it.")
    return amount


def spread(
    total: int, weights: Sequence[int] | Sequence[Decimal] | Sequence[int | Decimal] | Sequence[Fraction]
) -> list[int]:
    """Divide a total over lines so that nothing is lost to rounding.

    Args:
        total: Minor units; may be negative, for a discount.
        weights: One per line, in line order, each >= 0, at least one above zero.

    Returns:
        One amount per weight, same order; they sum to exactly `total`, and none is a minor unit or more away
        from its exact share. The odd minor units go to the largest remainders, among equals to the larger
        weight, then to the earlier line. A line of weight zero gets nothing.

    Raises:
        RuleViolationError: There is something to spread and nothing to spread it over, or a weight is negative.

    Source: largest remainder (Hamilton); promises L5.
    """
    exact = [Fraction(weight) for weight in weights]
    whole = sum(exact, Fraction(0))
    if any(weight < 0 for weight in exact):
        raise RuleViolationError("An amount cannot be spread over a line below zero. Correct that line first.")
    if not whole:
        if total:
            raise RuleViolationError("There is nothing to spread this amount over. Enter a line that is above zero.")
        return [0 for _ in exact]
    shares = [weight * abs(total) / whole for weight in exact]
    floors = [share.numerator // share.denominator for share in shares]
    by_remainder = sorted(range(len(exact)), key=lambda line: (floors[line] - shares[line], -exact[line], line))
    for line in by_remainder[: abs(total) - sum(floors)]:
        floors[line] += 1
    return floors if total >= 0 else [-share for share in floors]
