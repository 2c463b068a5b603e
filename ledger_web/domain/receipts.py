"""Receipts: the papers they are printed on, and what a receipt adds up from its lines."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ledger_web.domain.languages import Texts, gettext
from ledger_web.domain.taxes import TaxPart

# As it is asked for, and what it is called. The first two are rolls, the others sheets.
PAPERS: Final = Texts({"80": "80 mm roll", "58": "58 mm roll", "a5": "A5", "a4": "A4"})
ROLLS: Final = frozenset({"80", "58"})
TELLING_SECONDS: Final = 600  # how long after a print its page may still be that print


@dataclass(frozen=True, slots=True)
class TaxLine:
    """What a receipt says of one tax: what it was reckoned on, and what it is. Minor units."""

    name: str
    percent: Decimal
    net: int
    tax: int


def tax_lines(lines: Iterable[tuple[int, int, Iterable[TaxPart]]]) -> list[TaxLine]:
    """Add up the taxes of lines, each name and percent once, the highest percent first.

    Args:
        lines: Of each line its total, the tax contained in it, and the parts of that tax.
    """
    sums: dict[tuple[str, Decimal], tuple[int, int]] = {}
    for total, tax, parts in lines:
        for part in parts:
            net, amount = sums.get((part.name, part.percent), (0, 0))
            sums[part.name, part.percent] = (net + total - tax, amount + part.amount)
    found = [TaxLine(name, percent, net, amount) for (name, percent), (net, amount) in sums.items()]
    return sorted(found, key=lambda line: (-line.percent, line.name))


def mark_of(number: int, *, is_void: bool) -> str:
    """Return what stands across a receipt: nothing on the first print of a sale that stands."""
    copy = gettext("COPY %(number)s", number=number - 1) if number > 1 else ""
    return " · ".join(filter(None, (gettext("VOID") if is_void else "", copy)))
