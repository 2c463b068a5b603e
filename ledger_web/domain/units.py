"""Units of a product: the base unit it is counted in, and packs of it with exact factors."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from ledger_web.domain.errors import InvalidAmountError, InvalidQuantityError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.money import AMOUNT_LIMIT, round_half_up
from ledger_web.domain.numbers import QUANTITY_DECIMALS

UNITS_MAX: Final = 20  # of one product, those in use
FACTOR_MAX: Final = 10**9
_SMALLEST: Final = 10**QUANTITY_DECIMALS  # parts of a base unit that can be counted


@dataclass(frozen=True, slots=True)
class Pack:
    """A unit other than the base unit: `factor` base units are in one of it."""

    name: str
    factor: Fraction


@dataclass(frozen=True, slots=True)
class Counted:
    """So many of a unit."""

    quantity: Decimal
    unit: str


def read_factor(numerator: int, denominator: int, name: str, base: str) -> Fraction:
    """Return how many base units are in one of a unit, exactly.

    Raises:
        RuleViolationError: None, too many, or a part that cannot be counted with six decimals, like a third.
    """
    if numerator < 1 or denominator < 1:
        raise RuleViolationError(
            gettext("Say how many %(base)s are in one %(name)s: a number above zero, like 12.", base=base, name=name)
        )
    factor = Fraction(numerator, denominator)
    if factor > FACTOR_MAX:
        raise RuleViolationError(
            gettext("One %(name)s holds at most 1,000,000,000 %(base)s. Enter less.", name=name, base=base)
        )
    if factor == 1:
        raise RuleViolationError(
            gettext(
                "One %(name)s would be one %(base)s. Enter how many %(base)s are in it, like 12.", name=name, base=base
            )
        )
    if _SMALLEST % factor.denominator:
        raise RuleViolationError(
            gettext(
                "One %(name)s would be %(factor)s %(base)s, which six decimals cannot hold"
                " exactly. Make a product that is counted in %(name)s, and %(base)s a pack of"
                " it.",
                name=name,
                factor=factor,
                base=base,
            )
        )
    return factor


def in_base(quantity: Decimal, factor: Fraction, name: str) -> Decimal:
    """Return how many base units a quantity of a unit is, exactly.

    Args:
        quantity: Of the unit, up to six decimals; may be negative.
        name: The unit's, for the sentence.

    Raises:
        InvalidQuantityError: It is not exact in six decimals, or more than can be counted.
    """
    smallest = Fraction(quantity) * factor * _SMALLEST
    if smallest.denominator != 1:
        raise InvalidQuantityError(
            gettext(
                "%(quantity)s %(name)s cannot be counted exactly. Enter whole %(name)s.",
                quantity=f"{quantity.normalize():f}",
                name=name,
            )
        )
    if abs(smallest) >= FACTOR_MAX * _SMALLEST:
        raise InvalidQuantityError("This is more than can be counted. Enter less.")
    return Decimal(smallest.numerator).scaleb(-QUANTITY_DECIMALS)


def price_of(factor: Fraction, unit_price: int, own_price: int | None) -> int:
    """Return what one of a unit costs, in minor units: its own price, else the base unit's times the factor, half up.

    Raises:
        InvalidAmountError: More than the books can hold.
    """
    price = round_half_up(factor * unit_price) if own_price is None else own_price
    if price >= AMOUNT_LIMIT:
        raise InvalidAmountError
    return price


def in_packs(quantity: Decimal, packs: Iterable[Pack], base: str) -> list[Counted]:
    """Write a quantity in whole packs, largest first, and what is left in base units: 2 crates and 5.

    Args:
        quantity: In base units; what is below zero is written as if it were above.

    Returns:
        At least one; together they are exactly the quantity.
    """
    left = Fraction(abs(quantity))
    counted = []
    for pack in sorted(packs, key=lambda each: (-each.factor, each.name)):
        whole = left // pack.factor if pack.factor > 1 else 0
        if whole:
            counted.append(Counted(Decimal(whole), pack.name))
            left -= whole * pack.factor
    if left or not counted:
        smallest = left * _SMALLEST
        counted.append(Counted(Decimal(smallest.numerator).scaleb(-QUANTITY_DECIMALS), base))
    return counted
