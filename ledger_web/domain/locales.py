"""How a shop writes numbers and days: the locale's signs, and the digits of its script."""

from functools import cache
from types import MappingProxyType
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.localedata import locale_identifiers

from ledger_web.domain.languages import LANGUAGES

# As CLDR names them, with how they look.
DIGITS: Final = MappingProxyType({"latn": "0123456789", "arab": "٠١٢٣٤٥٦٧٨٩", "arabext": "۰۱۲۳۴۵۶۷۸۹"})
# For `str.translate`, from 0 to 9.
TABLES: Final = {name: str.maketrans(DIGITS["latn"], signs) for name, signs in DIGITS.items()}
# What a dialect is called where it is spoken, where the name of its language is another.
_CALLED: Final = MappingProxyType({"fa_AF": "دری (افغانستان)"})


@cache
def written_in() -> dict[str, str]:
    """Return every locale that a shop can be kept in, in the languages there are, each by its own name."""
    known = [each for each in map(_known, locale_identifiers()) if each and each.language in LANGUAGES]
    languages = list(LANGUAGES)
    named = [(each.language == "en", languages.index(each.language), _name(each), str(each)) for each in known]
    return {locale: name for *_, name, locale in sorted(named) if "_" not in locale or locale[3:].isupper()}


def name_of(locale: str) -> str:
    """Return what a locale is called, also one that no new shop would be given."""
    known = _known(locale)
    return _name(known) if known else locale


def digits_of(locale: str) -> str:
    """Return the digits people of a locale write, as far as we can write them."""
    known = _known(locale)
    return known.default_numbering_system if known and known.default_numbering_system in DIGITS else "latn"


def in_digits(text: str, digits: str) -> str:
    """Write what is in ASCII digits in those of a script."""
    return text if digits == "latn" else text.translate(TABLES[digits])


def _known(identifier: str) -> Locale | None:
    try:
        return Locale.parse(identifier.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None


def _name(locale: Locale) -> str:
    name = _CALLED.get(str(locale)) or locale.get_display_name() or str(locale)
    return f"{name[0].upper()}{name[1:]}"
