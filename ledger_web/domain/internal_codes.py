"""Codes a shop gives to what has none: EAN-13, the short EAN-8, and Code 128, in ranges that are nobody else's.

Numbers come from a counter of the shop for each kind, never at random, and are never used again.
Source: GS1 General Specifications, 2.1.11 (restricted circulation numbers: prefixes 20 to 29 of EAN-13, 2 of EAN-8);
product spec 7.
"""

from types import MappingProxyType
from typing import Final

from stdnum import ean

PREFIX: Final = "21"  # of an EAN-13; 20 and 22 to 29 are left to scales, see the shop's rules for weights and prices
PREFIX_SHORT: Final = "2"  # of an EAN-8
PREFIX_LETTER: Final = "P"  # of a Code 128, which needs no check digit: its symbol carries one
COUNTER_MAX: Final = MappingProxyType({"ean13": 10**10 - 1, "ean8": 10**6 - 1, "code128": 10**8 - 1})
BLOCK_MAX: Final = 5000  # codes reserved at once


def internal_code(counter: int, symbology: str = "ean13") -> str:
    """Return the code of a number.

    Raises:
        ValueError: The number is not from 1 to COUNTER_MAX: the range of the shop is used up.
    """
    if not 1 <= counter <= COUNTER_MAX[symbology]:
        raise ValueError(f"no internal code of {symbology} has the number {counter}")
    if symbology == "code128":
        return f"{PREFIX_LETTER}{counter:08d}"
    digits = f"{PREFIX}{counter:010d}" if symbology == "ean13" else f"{PREFIX_SHORT}{counter:06d}"
    return digits + str(ean.calc_check_digit(digits))
