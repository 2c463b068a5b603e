"""Cells of the files we write: inert where they are text, numbers where they are numbers."""

from decimal import Decimal
from typing import Final

from ledger_web.domain.currencies import exponent

# A spreadsheet takes a cell that begins with one of these for a formula, also behind spaces and quotes.
_BEGINS_A_FORMULA: Final = frozenset("=+-@\t\r＝＋－＠")
_LOOKED_PAST: Final = " \u00a0\u3000\"'\n"


def text_cell(text: str) -> str:
    """Return a text that no spreadsheet computes: an apostrophe stands before what could begin a formula.

    Source: promises B4.
    """
    begins = text.lstrip(_LOOKED_PAST)[:1]
    return f"'{text}" if begins in _BEGINS_A_FORMULA and begins else text


def amount_cell(amount: int, currency: str) -> str:
    """Write minor units as a plain number that every program reads: no group signs, a point for the decimals."""
    return f"{Decimal(amount).scaleb(-exponent(currency)):f}"
