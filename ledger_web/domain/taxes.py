"""Tax: one function, for prices that contain it and prices that do not."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ledger_web.domain.errors import InvalidNumberError
from ledger_web.domain.money import round_half_up, spread


@dataclass(frozen=True, slots=True)
class TaxedAmount:
    """Minor units. Always true: net + sum(taxes) = gross; one tax per rate, in the order of the rates."""

    net: int
    taxes: tuple[int, ...]
    gross: int

    @property
    def tax(self) -> int:
        return sum(self.taxes)


def tax_of(amount: int, percents: Sequence[Decimal], *, inclusive: bool) -> TaxedAmount:
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
    rate = sum((Fraction(percent) for percent in percents), Fraction(0))
    base = 100 + rate if inclusive else Fraction(100)
    tax = round_half_up(amount * rate / base)
    taxes = tuple(spread(tax, percents)) if rate else tuple(0 for _ in percents)
    return TaxedAmount(
        net=amount - tax if inclusive else amount,
        taxes=taxes,
        gross=amount if inclusive else amount + tax,
    )
