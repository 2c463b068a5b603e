"""How a shop writes numbers and days: the locale's signs, and the digits of its script."""

from functools import cache
from types import MappingProxyType
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.localedata import locale_identifiers

from ledger_web.domain.languages import LANGUAGES

# As CLDR names them, with how they look.
DIGITS: Final = MappingProxyType({"latn": "0123456789", "arab": "٠١٢٣٤٥٦٧٨٩", "arabext": "۰۱۲۳۴۵۶۷۸۹"})
_ENGLISH: Final = Locale("en")


@cache
def written_in() -> dict[str, str]:
    """Return every locale that a shop can be kept in, in the languages there are, with its name."""
    known = [_known(each) for each in sorted(locale_identifiers())]
    return {str(each): _name(each) for each in known if each and each.language in LANGUAGES}


def name_of(locale: str) -> str:
    """Return what a locale is called, also one that no new shop would be given."""
    known = _known(locale)
    return _name(known) if known else locale


def in_digits(text: str, digits: str) -> str:
    """Write what is in ASCII digits in those of a script."""
    return text if digits == "latn" else text.translate(_TRANSLATED[digits])


def _known(identifier: str) -> Locale | None:
    try:
        return Locale.parse(identifier.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None


def _name(locale: Locale) -> str:
    return locale.get_display_name(_ENGLISH) or str(locale)


_TRANSLATED: Final = {name: str.maketrans(DIGITS["latn"], signs) for name, signs in DIGITS.items()}
