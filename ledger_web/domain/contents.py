"""How much is in a package, as its name says it, and what a kilogram or a litre of it then costs."""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from ledger_web.domain.money import round_half_up

KILOGRAM: Final = "kg"
LITRE: Final = "l"
_MOST: Final = 1000  # kg or l: more than that is not sold over a counter

# What a unit is called, with what it measures and how many of it are a kilogram or a litre.
_UNITS: Final = {
    **dict.fromkeys(("kg", "kilo", "کیلو", "کیلوگرم", "كيلو", "كجم"), (KILOGRAM, 1)),
    **dict.fromkeys(("g", "gr", "gram", "grams", "گرم", "گرمی", "غرام"), (KILOGRAM, 1000)),
    **dict.fromkeys(("l", "lt", "ltr", "liter", "litre", "لیتر", "لیتری", "لتر"), (LITRE, 1)),
    **dict.fromkeys(("dl",), (LITRE, 10)),
    **dict.fromkeys(("cl",), (LITRE, 100)),
    **dict.fromkeys(("ml", "میلی‌لیتر", "سی‌سی"), (LITRE, 1000)),
}
_NAMES: Final = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_CONTENT: Final = re.compile(
    rf"(?<![\w.,])(?:(\d{{1,3}}) ?[x×*] ?)?(\d{{1,5}}(?:[.,]\d{{1,3}})?) ?({_NAMES})(?!\w)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Content:
    """So much of kilograms or litres, exactly."""

    amount: Fraction
    unit: str  # KILOGRAM or LITRE


def read_content(name: str) -> Content | None:
    """Return what the last measure in a name says, "Cola 6 x 330 ml"; None if there is none.

    Digits of Persian and Arabic count, too. A comma is a decimal sign here: nobody writes 1,000 ml for a litre.
    """
    found = _CONTENT.findall(name[:300])
    if not found:
        return None
    pieces, measure, called = found[-1]
    unit, parts = _UNITS[called.casefold()]
    amount = Fraction(Decimal(measure.replace(",", "."))) * int(pieces or 1) / parts
    return Content(amount, unit) if 0 < amount <= _MOST else None


def price_per_unit(unit_price: int, content: Content) -> int:
    """Return what a kilogram or a litre costs, minor units, half up."""
    return round_half_up(unit_price / content.amount)
