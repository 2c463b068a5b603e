"""What was scanned or typed at the till: a quantity before a code or a name, as in `12*5901234123457`."""

from dataclasses import dataclass
from decimal import Decimal

from ledger_web.domain.numbers import ENGLISH, Signs, parse_quantity


@dataclass(frozen=True, slots=True)
class Scan:
    """A text for the resolver and how many of it; `quantity` is None where none was typed."""

    text: str
    quantity: Decimal | None


def read_scan(typed: str, signs: Signs = ENGLISH) -> Scan:
    """Split what was typed at the first star; without one, all of it is the text.

    Raises:
        InvalidQuantityError: What stands before the star is not a quantity above zero.
    """
    before, star, after = typed.partition("*")
    if not star:
        return Scan(typed.strip(), None)
    return Scan(after.strip(), parse_quantity(before, signs))
