"""How numbers are typed and written: one strict grammar, with the signs of the shop's locale.

A number is an optional minus, digits of one script, groups in their places, and at most one decimal sign between
digits. Nothing else is a number: no exponent, underscore, plus, currency sign, NaN or Infinity, and no decimals
beyond those asked for, because cutting them off would be rounding in silence.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from ledger_web.domain.errors import InvalidNumberError, InvalidQuantityError
from ledger_web.domain.languages import gettext
from ledger_web.domain.signs import ARABIC, ENGLISH, Signs, write_whole

TEXT_MAX = 64  # characters; the longest number we take has 15 digits, 10 decimals and its signs
QUANTITY_DECIMALS = 6
QUANTITY_DIGITS = 9
PERCENT_DECIMALS = 3
RATE_DECIMALS = 10
RATE_DIGITS = 10

_SPACES = " \u00a0\u2009\u202f"
_APOSTROPHES = "'\u2019"
_MARKS = "\u200e\u200f\u061c"  # left-to-right, right-to-left and Arabic letter mark: printed around numbers
_SCRIPTS = ("0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "０１２３４５６７８９")
_ARABIC_SCRIPTS = _SCRIPTS[1:3]
_TO_ASCII = {ord(digit): str(value) for digits in _SCRIPTS for value, digit in enumerate(digits)}
_TO_ASCII |= {ord("．"): ".", ord("，"): ",", ord("－"): "-", 0x2212: "-"}
_SHAPE = re.compile(r"(-?)([0-9]+(?:G[0-9]+)*)(?:D([0-9]+))?")


def parse_quantity(text: str, signs: Signs = ENGLISH) -> Decimal:
    """Read a quantity: at most six decimals and nine digits before them. May be negative or zero.

    Raises:
        InvalidQuantityError: Not written as a quantity, or too large.
    """
    try:
        return parse_number(text, signs, digits=QUANTITY_DIGITS, decimals=QUANTITY_DECIMALS, noun=gettext("a quantity"))
    except InvalidNumberError as error:
        raise InvalidQuantityError(error.message) from None


def parse_percent(text: str, signs: Signs = ENGLISH) -> Decimal:
    """Read a percentage from 0 to 100 with at most three decimals; one percent sign at its end is fine.

    Raises:
        InvalidNumberError: Not written as a percentage, or outside 0 to 100.
    """
    bare = text.strip(_SPACES + _MARKS + "\t")
    if bare.endswith(("%", "٪", "％")):
        bare = bare[:-1]
    percent = parse_number(bare, signs, digits=3, decimals=PERCENT_DECIMALS, noun=gettext("a percentage"))
    if not 0 <= percent <= 100:
        raise InvalidNumberError("A percentage lies between 0 and 100.")
    return percent


def parse_rate(text: str, signs: Signs = ENGLISH) -> Decimal:
    """Read an exchange rate: above zero, ten digits, ten decimals, as NUMERIC(20, 10) keeps it.

    Raises:
        InvalidNumberError: Not written as a rate, or not above zero.
    """
    rate = parse_number(text, signs, digits=RATE_DIGITS, decimals=RATE_DECIMALS, noun=gettext("a rate"))
    if rate <= 0:
        raise InvalidNumberError("A rate is above zero.")
    return rate


def parse_number(text: str, signs: Signs, *, digits: int, decimals: int, noun: str) -> Decimal:
    """Read a number exactly as typed, after the grammar of this module.

    Args:
        digits: How many may stand before the decimal sign, leading zeros aside.
        decimals: How many may stand behind it.
        noun: What the sentence calls it, with its article: "an amount".

    Raises:
        InvalidNumberError: With a sentence that shows how to write it.
    """
    example = written_example(signs, decimals)
    if len(text) > TEXT_MAX:
        raise InvalidNumberError(
            gettext("This is too long. Write %(noun)s like %(example)s.", noun=noun, example=example)
        )
    bare = text.strip(_SPACES + _MARKS + "\t")
    if not bare:
        raise InvalidNumberError(gettext("Enter %(noun)s, like %(example)s.", noun=noun, example=example))
    match = _SHAPE.fullmatch(_in_ascii(bare, signs, noun, example))
    if match is None:
        raise InvalidNumberError(
            gettext(
                "Write %(noun)s like %(example)s: digits and one decimal sign, nothing else.",
                noun=noun,
                example=example,
            )
            if decimals
            else gettext("Write %(noun)s like %(example)s: digits, nothing else.", noun=noun, example=example)
        )
    minus, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
    if not _is_grouped_right(whole.split("G"), signs):
        raise InvalidNumberError(
            gettext(
                "Write %(noun)s grouped like %(example)s, or leave the group signs out.", noun=noun, example=example
            )
        )
    if len(fraction) > decimals:
        raise InvalidNumberError(
            gettext(
                "Write %(noun)s with at most %(decimals)s decimals, like %(example)s.",
                noun=noun,
                decimals=decimals,
                example=example,
            )
            if decimals
            else gettext("Write %(noun)s with no decimals, like %(example)s.", noun=noun, example=example)
        )
    whole = whole.replace("G", "").lstrip("0") or "0"
    if len(whole) > digits:
        raise InvalidNumberError(
            gettext(
                "This is too large. Write %(noun)s below %(limit)s.", noun=noun, limit=write_whole(10**digits, signs)
            )
        )
    number = Decimal(f"{minus}{whole}.{fraction}" if fraction else f"{minus}{whole}")
    return number if number else number.copy_abs()


def round_half_up(value: Decimal | Fraction) -> int:
    """Round to a whole number; a half goes away from zero: 2.5 to 3, -2.5 to -3.

    This is the one rule of rounding in the books. Exact for any number of digits.

    Source: promises L5.
    """
    if isinstance(value, Decimal):
        return int(value.to_integral_value(rounding=ROUND_HALF_UP))
    doubled = 2 * abs(value.numerator) + value.denominator
    rounded = doubled // (2 * value.denominator)
    return rounded if value.numerator >= 0 else -rounded


def written_example(signs: Signs, decimals: int) -> str:
    """Write the example that sentences show: as many decimals as are allowed, but no more than two."""
    fraction = "50"[: min(decimals, 2)] if decimals else ""
    return f"1{signs.group}234{signs.decimal if fraction else ''}{fraction}"


def _in_ascii(text: str, signs: Signs, noun: str, example: str) -> str:
    """Turn digits into 0-9, the decimal sign into D and group signs into G; other signs stay and do not fit."""
    scripts = [digits for digits in _SCRIPTS if not set(text).isdisjoint(digits)]
    if len(scripts) > 1:
        raise InvalidNumberError(
            gettext("Write %(noun)s in digits of one script, like %(example)s.", noun=noun, example=example)
        )
    if scripts and scripts[0] in _ARABIC_SCRIPTS and not set(text).isdisjoint("٫٬"):
        signs = ARABIC
    meaning = dict.fromkeys("GD", "?") | dict.fromkeys(_alike(signs.group), "G") | {signs.decimal: "D"}
    return "".join(meaning.get(sign, sign) for sign in text.translate(_TO_ASCII))


def _alike(group: str) -> str:
    """Return the signs that people type for this group sign: no keyboard has a narrow no-break space."""
    if group in _SPACES:
        return _SPACES
    return _APOSTROPHES if group in _APOSTROPHES else group


def _is_grouped_right(groups: list[str], signs: Signs) -> bool:
    """True when ungrouped, in thousands, or in lakhs where the locale writes them.

    A leading zero before a group sign is more likely a decimal sign of another country: 0,123.
    """
    first, *rest = groups
    if not rest:
        return True
    if first.startswith("0"):
        return False
    in_thousands = len(first) <= 3 and all(len(group) == 3 for group in rest)
    in_lakhs = len(first) <= 2 and all(len(group) == 2 for group in rest[:-1]) and len(rest[-1]) == 3
    return in_thousands or (signs.lakh and in_lakhs)
