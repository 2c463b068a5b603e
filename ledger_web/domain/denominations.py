"""Coins and notes to count a drawer by, largest first, in minor units of the currency."""

from types import MappingProxyType
from typing import Final

from ledger_web.domain.currencies import exponent

# What circulates, per currency; whole units. Source: the issuing central banks' lists of legal tender.
_NOTES: Final = MappingProxyType(
    {
        "AFN": ("1000", "500", "100", "50", "20", "10", "5", "2", "1"),
        "EUR": ("500", "200", "100", "50", "20", "10", "5", "2", "1", "0.50", "0.20", "0.10", "0.05", "0.02", "0.01"),
        "GBP": ("50", "20", "10", "5", "2", "1", "0.50", "0.20", "0.10", "0.05", "0.02", "0.01"),
        "JPY": ("10000", "5000", "2000", "1000", "500", "100", "50", "10", "5", "1"),
        "KWD": ("20", "10", "5", "1", "0.500", "0.250", "0.100", "0.050", "0.020", "0.010", "0.005"),
        "PKR": ("5000", "1000", "500", "100", "75", "50", "20", "10", "5", "2", "1"),
        "USD": ("100", "50", "20", "10", "5", "2", "1", "0.50", "0.25", "0.10", "0.05", "0.01"),
    }
)
_USUAL: Final = ("1000", "500", "200", "100", "50", "20", "10", "5", "2", "1")


def denominations(currency: str) -> tuple[int, ...]:
    """Return the values of coins and notes, minor units, largest first; the usual ones where we know no better."""
    digits = exponent(currency)
    return tuple(_minor(value, digits) for value in _NOTES.get(currency, _USUAL))


def _minor(value: str, digits: int) -> int:
    whole, _, fraction = value.partition(".")
    return int(whole + fraction.ljust(digits, "0")[:digits])
