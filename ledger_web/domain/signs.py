"""How numbers look: decimal and group signs, the digits of a script, and what is written with now."""

from contextvars import ContextVar
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from babel.core import Locale

from ledger_web.domain.languages import count_in
from ledger_web.domain.locales import TABLES, in_digits


@dataclass(frozen=True, slots=True)
class Signs:
    """The decimal and group signs of a locale; `lakh`: digits may be grouped 12,34,567 as in India.

    `digits` are those that are written, as CLDR names them; read are all of them.
    """

    decimal: str = "."
    group: str = ","
    lakh: bool = False
    digits: str = "latn"


ENGLISH = Signs()
ARABIC = Signs(decimal="٫", group="٬")

# Of the shop that a request is for, so that sentences made on any floor write amounts as its pages do.
_written: ContextVar[Signs] = ContextVar("written", default=ENGLISH)


def write_with(signs: Signs) -> None:
    """Write the amounts and counts of sentences with these signs from now on, in this request or command."""
    _written.set(signs)
    count_in(TABLES[signs.digits])


def written_signs() -> Signs:
    """Return the signs that are written with now."""
    return _written.get()


@cache
def signs_of(locale: str, digits: str = "latn") -> Signs:
    """Return the signs people of a locale use with some digits. Arabic ones have their own, whatever the locale.

    Raises:
        babel.core.UnknownLocaleError, ValueError: Not a locale. Shops choose theirs from a list.
    """
    known = Locale.parse(locale.replace("-", "_"))
    symbols = known.number_symbols["latn"]
    _, second_group = known.decimal_formats[None].grouping
    signs = ARABIC if digits in {"arab", "arabext"} else Signs(symbols["decimal"], symbols["group"])
    return replace(signs, lakh=second_group == 2, digits=digits)


def write_number(value: Decimal | int, signs: Signs = ENGLISH, *, decimals_min: int = 0) -> str:
    """Write a number so that `numbers.parse_number` reads it back: trailing zeros cut down to `decimals_min`."""
    whole, _, fraction = f"{Decimal(value).copy_abs():f}".partition(".")
    fraction = fraction.rstrip("0").ljust(decimals_min, "0")
    minus = "-" if value < 0 else ""
    return in_digits(f"{minus}{_grouped(int(whole), signs)}{signs.decimal if fraction else ''}{fraction}", signs.digits)


def write_whole(value: int, signs: Signs = ENGLISH) -> str:
    """Write a whole number >= 0 with group signs."""
    return in_digits(_grouped(value, signs), signs.digits)


def _grouped(value: int, signs: Signs) -> str:
    if not signs.lakh:
        return f"{value:,}".replace(",", signs.group)
    head, tail = divmod(value, 1000)
    pairs: list[str] = []
    while head:
        head, pair = divmod(head, 100)
        pairs.insert(0, f"{pair:02d}" if head else str(pair))
    return signs.group.join([*pairs, f"{tail:03d}"]) if pairs else str(tail)
