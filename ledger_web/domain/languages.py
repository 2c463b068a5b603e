"""What the system says, in the language of whoever it is said to.

The text in the code is English, and is the key of its translations, after GNU gettext: `translations/*.po` beside
this package. A text without values may be handed plainly to what says it (an error, a label, `say`), which asks
here by itself; a text with values goes through `gettext` with named places: ``%(drawer)s is closed.``
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

# Languages a shop can be kept in and a person can choose, each by its own name. One that is left out here is offered
# to nobody; its catalogue may then be incomplete.
LANGUAGES: Final = MappingProxyType({"en": "English", "fa": "دری / فارسی", "de": "Deutsch", "ru": "Русский"})
ENGLISH: Final = "en"
FOLDER: Final = Path(__file__).parent.parent / "translations"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is said in one language."""

    language: str
    texts: NullTranslations = field(default_factory=NullTranslations)


_PLAIN = Catalogue(ENGLISH)
_spoken: ContextVar[Catalogue] = ContextVar("spoken", default=_PLAIN)
# A table for `str.translate`: the digits that counts in sentences are written in.
_digits: ContextVar[Mapping[int, int]] = ContextVar("digits", default=MappingProxyType({}))


def gettext(message: str, /, **values: object) -> str:
    """Say a text in the language that is spoken, its named places filled."""
    said = _spoken.get().texts.gettext(message)
    return said % counted(values) if values else said


def ngettext(one: str, many: str, count: int, /, **values: object) -> str:
    """Say a text of one thing or of many, as the language counts them."""
    said = _spoken.get().texts.ngettext(one, many, count)
    return said % counted(values) if values else said


def counted(values: Mapping[str, object]) -> dict[str, object]:
    """Write the whole numbers among the values of a text in the digits that are written now."""
    digits = _digits.get()
    return {name: str(each).translate(digits) if type(each) is int else each for name, each in values.items()}


def count_in(digits: Mapping[int, int]) -> None:
    """Write counts in these digits from now on, in this request or command."""
    _digits.set(digits)


def gettext_in(language: str, message: str, /) -> str:
    """Say a text without values in a language, whichever is spoken."""
    return catalogue_of(language).texts.gettext(message)


def gettext_noop(message: str, /) -> str:
    """Mark a text that is said later, by whoever shows it."""
    return message


class Texts(Mapping[str, str]):
    """Texts by name, for a table in a module: each is said in the language spoken when it is looked up."""

    def __init__(self, texts: Mapping[str, str], /) -> None:
        self._texts = dict(texts)

    def __getitem__(self, name: str) -> str:
        return gettext(self._texts[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __or__(self, others: "Texts", /) -> "Texts":
        return Texts(self._texts | others._texts)


def speak(locale: str) -> None:
    """Say everything in the language of a locale from now on, in this request or command."""
    _spoken.set(catalogue_of(language_of(locale)))


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Say everything in the language of a locale for a while."""
    before = _spoken.set(catalogue_of(language_of(locale)))
    try:
        yield
    finally:
        _spoken.reset(before)


def spoken_language() -> str:
    """Return the code of the language that is spoken."""
    return _spoken.get().language


def language_of(locale: str) -> str:
    """Return the language of a locale if we speak it, else English."""
    language = locale.replace("-", "_").partition("_")[0]
    return language if language in LANGUAGES else ENGLISH


@cache
def catalogue_of(language: str) -> Catalogue:
    """Read what is said in a language: once, a tenth of a second."""
    if language == ENGLISH:
        return _PLAIN
    with (FOLDER / f"{language}.po").open("rb") as source:
        compiled = BytesIO()
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return Catalogue(language, GNUTranslations(compiled))
