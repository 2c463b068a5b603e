"""Tax: one function, for prices that contain it and prices that do not."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from ledger_web.domain.errors import InvalidNumberError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.money import round_half_up, spread

RATES_MAX: Final = 6


@dataclass(frozen=True, slots=True)
class TaxRate:
    """One tax of a class. A compound one falls on the taxes before it, too."""

    name: str
    percent: Decimal  # of what it falls on, 0 to 100
    is_compound: bool = False


@dataclass(frozen=True, slots=True)
class TaxPart:
    """What one tax came to, frozen on a line."""

    name: str
    percent: Decimal
    amount: int  # minor units


@dataclass(frozen=True, slots=True)
class TaxedAmount:
    """Minor units. Always true: net + sum(taxes) = gross; one tax per rate, in the order of the rates."""

    net: int
    taxes: tuple[int, ...]
    gross: int

    @property
    def tax(self) -> int:
        return sum(self.taxes)


def tax_of(amount: int, percents: Sequence[Decimal | Fraction], *, inclusive: bool) -> TaxedAmount:
    """Find the tax of an amount by one rate or several, each a percentage of the net amount.

    Args:
        amount: Minor units: with the taxes in it if `inclusive`, otherwise without. May be negative.
        percents: Such as Decimal("17.5"), each >= 0. None at all means no tax.
        inclusive: The amount contains the taxes.

    Returns:
        All taxes together are rounded once, half up; several rates share that sum by largest remainder, so the
        parts always add up.

    Raises:
        InvalidNumberError: A rate below zero.

    Source: product K, "one tax function, result stored"; promises L5.
    """
    if any(percent < 0 for percent in percents):
        raise InvalidNumberError("A tax rate cannot be below zero. Enter a percentage from 0 to 100.")
    share, rates = _share_of(tuple(percents), inclusive)
    tax = round_half_up(amount * share)
    if len(rates) == 1:
        taxes: tuple[int, ...] = (tax,)
    else:
        taxes = tuple(spread(tax, rates)) if share else tuple(0 for _ in percents)
    return TaxedAmount(
        net=amount - tax if inclusive else amount,
        taxes=taxes,
        gross=amount if inclusive else amount + tax,
    )


@lru_cache(maxsize=1024)
def _share_of(percents: tuple[Decimal | Fraction, ...], inclusive: bool) -> tuple[Fraction, tuple[Fraction, ...]]:
    """Return how much of an amount all taxes are, and each rate. A shop has a handful of them, and asks all day."""
    rates = tuple(Fraction(percent) for percent in percents)
    rate = sum(rates, Fraction(0))
    return rate / (100 + rate if inclusive else Fraction(100)), rates


@lru_cache(maxsize=1024)
def percents_of_net(rates: tuple[TaxRate, ...]) -> tuple[Fraction, ...]:
    """Return each rate as a percentage of the net amount: 10 and then 5 on top of that are 10 and 5.5."""
    percents: list[Fraction] = []
    for rate in rates:
        falls_on = 1 + sum(percents, Fraction(0)) / 100 if rate.is_compound else Fraction(1)
        percents.append(Fraction(rate.percent) * falls_on)
    return tuple(percents)


def total_percent(rates: Sequence[TaxRate]) -> Decimal:
    """Return what all rates come to, as a percentage of the net amount with three decimals.

    Raises:
        RuleViolationError: No rate, too many, or more than the amount itself.
    """
    if not 0 < len(rates) <= RATES_MAX:
        raise RuleViolationError(
            gettext(
                "A tax class has one to %(rates_max)s rates. Enter a name and a percentage for each.",
                rates_max=RATES_MAX,
            )
        )
    total = Decimal(round_half_up(sum(percents_of_net(tuple(rates)), Fraction(0)) * 1000)) / 1000
    if total > 100:
        raise RuleViolationError("The rates of a tax class come to 100 % at most. Look at the percentages.")
    return total


def rates_of(
    percent: Decimal,
    names: Sequence[str] | None,
    percents: Sequence[Decimal] | None,
    compounds: Sequence[bool] | None,
) -> tuple[TaxRate, ...]:
    """Return the taxes of a product: the rates of its class, or without one the one percentage it has."""
    if names is None or percents is None or compounds is None:
        return (TaxRate(gettext("Tax"), percent),) if percent else ()
    return tuple(TaxRate(*rate) for rate in zip(names, percents, compounds, strict=True))


def taxed(amount: int, rates: Sequence[TaxRate], *, inclusive: bool) -> tuple[TaxedAmount, tuple[TaxPart, ...]]:
    """Find the tax of an amount by the rates of a class, and name its parts, those that come to nothing left out."""
    found = tax_of(amount, percents_of_net(tuple(rates)), inclusive=inclusive)
    parts = (TaxPart(rate.name, rate.percent, tax) for rate, tax in zip(rates, found.taxes, strict=True))
    return found, tuple(part for part in parts if part.amount)
