"""Codes a shop gives to what has none: EAN-13 in the range that GS1 leaves to each shop.

Numbers come from the shop's counter, never at random, and are never used again.
Source: GS1 General Specifications, 2.1.11 (restricted circulation numbers, prefixes 20 to 29); product spec 7.
"""

from typing import Final

from stdnum import ean

PREFIX: Final = "21"  # 20 and 22 to 29 are left to scales, see the shop's rules for weights and prices
COUNTER_MAX: Final = 10**10 - 1


def internal_code(counter: int) -> str:
    """Return the code of a number: prefix, ten digits, check digit.

    Raises:
        ValueError: The number is not from 1 to COUNTER_MAX: the range of the shop is used up.
    """
    if not 1 <= counter <= COUNTER_MAX:
        raise ValueError(f"no internal code has the number {counter}")
    digits = f"{PREFIX}{counter:010d}"
    return digits + str(ean.calc_check_digit(digits))
