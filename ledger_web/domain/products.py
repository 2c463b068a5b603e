"""What may be said about a product: its texts and their lengths, its stock policy, the key its name is sorted by."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.languages import LANGUAGES, Texts, gettext, gettext_in, gettext_noop
from ledger_web.domain.search_words import words

NAME_MAX: Final = 300  # characters
SKU_MAX: Final = 60
UNIT_MAX: Final = 20
NOTE_MAX: Final = 1000
BARCODES_MAX: Final = 20
NAME_KEY_MAX: Final = 120
SHORT_NAME_MAX: Final = 40
BRAND_MAX: Final = 60
TAG_MAX: Final = 30
TAGS_MAX: Final = 20
TILL_NOTE_MAX: Final = 200
CATEGORY_MAX: Final = 60
UNIT: Final = gettext_noop("pcs")

# What happens when there is not enough. The words are stored in `products.stock_policy`.
STOCK_POLICIES: Final = Texts(
    {
        "block": "Refuse the sale",
        "warn": "Warn, then sell anyway",
        "allow": "Sell anyway",
        "none": "Keep no stock (a service)",
    }
)
_OVERSOLD: Final = frozenset({"warn", "allow"})

# Signs that nobody sees or that turn the direction of writing: two codes that look alike would be two products.
_INVISIBLE: Final = frozenset({"Cf", "Zl", "Zp", "Co", "Cn"})


def usual_unit() -> str:
    """Return what goods are counted in unless it is said, in the language spoken."""
    return gettext(UNIT)


def is_counted_in_pieces(unit: str) -> bool:
    return unit.casefold() in {gettext_in(each, UNIT).casefold() for each in LANGUAGES}


def keeps_stock(stock_policy: str) -> bool:
    return stock_policy != "none"


def may_go_below_zero(stock_policy: str) -> bool:
    return stock_policy in _OVERSOLD


def name_key(name: str) -> str:
    """Return what a name is sorted and found again by: its words, without accents or capitals."""
    return " ".join(words(name))[:NAME_KEY_MAX]


def search_words(name: str, sku: str | None, *others: str) -> list[str]:
    """Return the words under which search finds a product; `others` are its brand and tags."""
    return words(" ".join((name, sku or "", *others)))


def read_line(text: str, noun: str, length_max: int) -> str:
    """Read a text of one line: NFC, white space of any kind as one space.

    Args:
        noun: What the sentence calls it, with its article: "a name".

    Raises:
        RuleViolationError: Too long, or characters that no text has.
    """
    line = " ".join(unicodedata.normalize("NFC", text).split())
    if len(line) > length_max:
        raise RuleViolationError(
            gettext(
                "%(noun)s has at most %(length_max)s characters; this has %(count)s.",
                noun=noun.capitalize(),
                length_max=length_max,
                count=len(line),
            )
        )
    if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in line):
        raise RuleViolationError(gettext("There are control characters in %(noun)s. Type it anew.", noun=noun))
    return line


def read_sku(text: str) -> str | None:
    """Read an SKU: one line without invisible characters; nothing typed is None.

    Raises:
        RuleViolationError: Not an SKU.
    """
    sku = read_line(text, gettext("an SKU"), SKU_MAX)
    if not _INVISIBLE.isdisjoint(map(unicodedata.category, sku)):
        raise RuleViolationError("There are invisible characters in an SKU. Type it anew.")
    return sku or None


def read_list(text: str) -> tuple[str, ...]:
    """Read texts with commas between them; of two that differ only in capitals the first is kept."""
    read: dict[str, str] = {}
    for part in re.split("[,،、;\n]", text):
        line = " ".join(part.split())
        if line:
            read.setdefault(line.casefold(), line)
    return tuple(read.values())


def distinct(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))
