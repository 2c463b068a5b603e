"""GS1 element strings: one symbol that says product, batch, expiry, weight and count, each behind its identifier.

They come with brackets as they are printed, `(01)05012345678900(10)AB12`, or as a scanner sends them, with the
separator GS behind what has no fixed length. The table of identifiers is python-stdnum's; its own reading is not
used: it takes a value that is too short, letters for digits, and years for the wrong century.
Source: GS1 General Specifications, 3 (application identifiers), 7.8 (processing), 7.12 (century of a date).
"""

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from stdnum import ean, numdb

SEPARATOR: Final = "\x1d"  # GS, which stands for FNC1
TEXT_MAX: Final = 200

_identifiers: Final[Any] = numdb.get("gs1_ai")
_SYMBOL = re.compile(r"\](?:C1|e[0-9]|d2|Q3|J1)")  # what a scanner says before a symbol with FNC1
_BRACKETED = re.compile(r"\(([0-9]{2,4})\)")
_FORMAT = re.compile(r"([NXYZ])(\.\.)?([0-9]+)")
_SIGNS: Final = {"N": re.compile(r"[0-9]*"), "X": re.compile(r"[!-\"%-?A-Z_a-z]*"), "Y": re.compile(r"[#\-/0-9A-Z]*")}
_WRITTEN_SEPARATORS: Final = ("\u241d", "{GS}", "<GS>", "^]")  # what scanners send where GS cannot be typed
# Identifiers whose length is fixed for all time: no separator stands behind them. GS1 General Specifications, 7.8.5.
_PREDEFINED: Final = frozenset(
    ("00", "01", "02", "03", "04", *map(str, range(11, 21)), "31", "32", "33", "34", "35", "36", "41")
)
_POUND: Final = Decimal("0.45359237")  # kilograms


@dataclass(frozen=True, slots=True)
class Elements:
    """What an element string says. `values` holds every element as it was written, by identifier."""

    gtin: str  # 14 digits, right check digit
    values: dict[str, str]
    batch: str = ""
    expiry: dt.date | None = None
    best_before: dt.date | None = None
    count: int | None = None
    kilograms: Decimal | None = None
    price: Decimal | None = None  # of all of it, in the currency of the country

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes under which a product may be stored that has this number: the shortest that says it first."""
        ean8 = (self.gtin[6:],) if self.gtin.startswith("000000") else ()
        ean13 = (self.gtin[1:],) if self.gtin.startswith("0") else ()
        return (*ean13, *ean8, self.gtin)

    @property
    def written(self) -> str:
        """The element string with brackets, as it is printed and stored."""
        return "".join(f"({identifier}){value}" for identifier, value in self.values.items())

    @property
    def encoded(self) -> str:
        """The element string as it stands in a symbol, with separators, without the FNC1 it begins with."""
        pieces = list(self.values.items())
        return "".join(
            f"{identifier}{value}{'' if identifier[:2] in _PREDEFINED or n == len(pieces) else SEPARATOR}"
            for n, (identifier, value) in enumerate(pieces, start=1)
        )


def read_elements(text: str, today: dt.date) -> Elements | None:
    """Read an element string that names a product; None if it is none, or if any of it is wrong.

    Args:
        text: As it was scanned or typed.
        today: Tells the century of two-digit years.
    """
    if len(text) > TEXT_MAX:
        return None
    values: dict[str, str] = {}
    for identifier, value in _elements(_bare(text)):
        if not identifier or values.get(identifier, value) != value:
            return None
        values[identifier] = value
    gtin = values.get("01") or values.get("02")
    if gtin is None or not ean.is_valid(gtin):
        return None
    try:
        return _understood(gtin, values, today)
    except ValueError:
        return None


def _bare(text: str) -> str:
    bare = _SYMBOL.sub("", text.strip(" \t\r\n"), count=1) if text.lstrip().startswith("]") else text.strip(" \t\r\n")
    for written in _WRITTEN_SEPARATORS:
        bare = bare.replace(written, SEPARATOR)
    return bare.strip(SEPARATOR)


def _elements(text: str) -> Iterator[tuple[str, str]]:
    """Yield identifiers and values; ends with an empty identifier where it cannot go on."""
    if text.startswith("("):
        yield from _bracketed(text)
        return
    while text:
        identifier, found = _identifiers.info(text)[0]
        if not found or not text.startswith(identifier):
            yield "", ""
            return
        rest = text[len(identifier) :]
        shortest, longest = _lengths(found["format"])
        end = min(len(rest), longest) if shortest == longest else _end(rest)
        value = rest[:end]
        yield (identifier, value) if _fits(value, found["format"]) else ("", "")
        text = rest[end:].removeprefix(SEPARATOR)


def _bracketed(text: str) -> Iterator[tuple[str, str]]:
    pieces = _BRACKETED.split(text)
    for identifier, value in zip(pieces[1::2], pieces[2::2], strict=True):
        known, found = _identifiers.info(identifier)[0]
        bare = value.strip(f" {SEPARATOR}")
        fits = bool(found) and known == identifier and _fits(bare, found["format"])
        yield (identifier, bare) if fits else ("", "")


def _end(rest: str) -> int:
    at = rest.find(SEPARATOR)
    return at if at >= 0 else len(rest)


def _lengths(written: str) -> tuple[int, int]:
    """Return the shortest and the longest value of a format: "N6" has six digits, "X..20" one to twenty signs."""
    shortest = longest = 0
    for piece in written.replace("[", "").replace("]", "").split("+"):
        match = _FORMAT.fullmatch(piece)
        if match is None:
            return 1, 90
        is_optional = f"[+{piece}]" in written
        longest += int(match[3])
        shortest += 0 if is_optional else 1 if match[2] else int(match[3])
    return shortest, longest


def _fits(value: str, written: str) -> bool:
    shortest, longest = _lengths(written)
    signs = _SIGNS["N"] if set(re.findall("[NXYZ]", written)) == {"N"} else _SIGNS["X"]
    return shortest <= len(value) <= longest and signs.fullmatch(value) is not None


def _understood(gtin: str, values: dict[str, str], today: dt.date) -> Elements:
    count = values.get("37") or values.get("30")
    return Elements(
        gtin=gtin,
        values=values,
        batch=values.get("10", ""),
        expiry=_day(values["17"], today) if "17" in values else None,
        best_before=_day(values["15"], today) if "15" in values else None,
        count=int(count) if count else None,
        kilograms=_kilograms(values),
        price=_decimal(values, "392"),
    )


def _kilograms(values: dict[str, str]) -> Decimal | None:
    kilograms = _decimal(values, "310")
    pounds = _decimal(values, "320")
    return kilograms if pounds is None or kilograms is not None else pounds * _POUND


def _decimal(values: dict[str, str], begin: str) -> Decimal | None:
    """Return the value of an identifier whose last digit says how many decimals there are."""
    found = [(key, value) for key, value in values.items() if len(key) == 4 and key.startswith(begin)]
    return Decimal(int(found[0][1])).scaleb(-int(found[0][0][3])) if found else None


def _day(written: str, today: dt.date) -> dt.date:
    """Read YYMMDD; day 00 is the last of the month. The century is the one that brings it within fifty years.

    Raises:
        ValueError: No day of the calendar.
    """
    year, month, day = int(written[:2]), int(written[2:4]), int(written[4:])
    century = today.year - today.year % 100
    ahead = year - today.year % 100
    year += century + (-100 if ahead >= 51 else 100 if ahead <= -50 else 0)
    return dt.date(year, month, day or calendar.monthrange(year, month)[1])
