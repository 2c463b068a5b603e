"""What is usual in a country: its currency, time zone and languages, so that a new shop need not look them up.

Sources: CLDR through Babel for currencies and languages; the time zone database, whose list of zones puts the
most populous zone of a country first.
"""

import importlib.resources
from dataclasses import dataclass
from functools import cache
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages
from babel.numbers import get_territory_currencies

from ledger_web.domain.currencies import CURRENCIES
from ledger_web.domain.languages import ENGLISH, LANGUAGES

_ENGLISH: Final = Locale("en")
# Where Russian is the language between people of several, and no official one.
_RUSSIAN_BETWEEN: Final = frozenset({"TJ", "TM", "UZ"})


@dataclass(frozen=True, slots=True)
class Country:
    """A country and what is usual there. `code` is ISO 3166's."""

    code: str
    name: str
    currency: str
    time_zone: str

    @property
    def language(self) -> str:
        """The first official language that we speak, or English."""
        spoken = ["ru"] if self.code in _RUSSIAN_BETWEEN else get_official_languages(self.code)
        return next((each for each in spoken if each in LANGUAGES), ENGLISH)


@cache
def countries() -> dict[str, Country]:
    """Return every country whose money a shop can keep books in, by code, in the order of their English names."""
    zones = _first_zones()
    found = []
    for code, zone in zones.items():
        tender = [each for each in get_territory_currencies(code) if each in CURRENCIES]
        name = _ENGLISH.territories.get(code)
        if tender and name:
            found.append(Country(code, name, tender[0], zone))
    return {country.code: country for country in sorted(found, key=lambda country: country.name)}


def locale_in(language: str, country: str) -> str:
    """Return the locale of a language as it is written in a country, or of the language alone."""
    try:
        return str(Locale.parse(f"{language}_{country}"))
    except (UnknownLocaleError, ValueError):
        return language


def _first_zones() -> dict[str, str]:
    """Return the first time zone that is listed for each country."""
    lines = importlib.resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8").splitlines()
    zones: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith("#"):
            code, _place, zone = line.split("\t")[:3]
            zones.setdefault(code, zone)
    return zones
