"""What was scanned or typed at the till: a quantity before a code or a name, as in `12*5901234123457`."""

from dataclasses import dataclass
from decimal import Decimal

from ledger_web.domain.barcodes import unshifted
from ledger_web.domain.errors import InvalidQuantityError
from ledger_web.domain.numbers import parse_quantity
from ledger_web.domain.signs import ENGLISH, Signs


@dataclass(frozen=True, slots=True)
class Scan:
    """A text for the resolver and how many of it; `quantity` is None where none was typed."""

    text: str
    quantity: Decimal | None


def read_scan(typed: str, signs: Signs = ENGLISH) -> Scan:
    """Split what was typed at the first star; without one, all of it is the text.

    A star may also be an 8 from a scanner that holds shift: then it splits nothing.

    Raises:
        InvalidQuantityError: What stands before the star is not a quantity above zero.
    """
    before, star, after = ("", "", "") if unshifted(typed) else typed.partition("*")
    if not star:
        return Scan(typed.strip(), None)
    quantity = parse_quantity(before, signs)
    if quantity <= 0:
        raise InvalidQuantityError("Enter a quantity above zero, like 12*.")
    return Scan(after.strip(), quantity)
