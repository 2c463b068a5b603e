"""Every text goes through one catalogue, and every catalogue says all of them."""

import re
from collections.abc import Callable
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from babel.numbers import get_currency_name
from flask import Flask

from ledger_web.commands.languages import brought_up_to_date, messages, untranslated
from ledger_web.config import ROOT
from ledger_web.domain import languages
from ledger_web.domain.currencies import CURRENCIES
from ledger_web.domain.languages import ENGLISH, FOLDER, LANGUAGES, Catalogue
from ledger_web.domain.script_texts import SCRIPT_TEXTS
from tests.clients import ShopClient
from tests.pages import walk
from tests.shops import Shop
from tests.surface import furnish_with

WORD = re.compile(r"[A-Za-z]{2,}")
SHOWN = {"alt", "aria-label", "placeholder", "title", "data-label"}
DATA = {"bdi", "code", "kbd", "time"}  # what people typed, and what is the same in every language
OF_THE_WORLD = {
    "time_zone",
    "locale",
    "country",
    "language",
}  # lists of names that are written as their people write them
UNREAD = {"script", "style", "svg"}
WORDS_OF_OURS = "چیز"  # stands in everything the shop of this test keeps
OUT, BRACKETS = "\x1e", re.compile(r"⟦[^⟦⟧]*⟧")
# The same in every language: our name, units, kinds of files and codes, keys; then names the test's own shop was given.
EVERYWHERE = re.compile(
    r"Ledger Web|\b(?:[A-Z]{3}|mm|kg|dpi|PIN|SKU|CSV|XLSX|PDF|QR|GS1|EAN|UPC|ITF|Code|A4|A5|Letter|[0-9a-fA-F]{6,}|x)\b"
    r"|Roll [\d.]+ × [\d.]+|\d+ labels [\d.⅔¾½⅝]+ × [^(]+"  # papers, as they are sold
    r"|Corner|Olga Owner|Till 1|pcs|owner|manager|cashier|PUR-|corner"
)
DAY = re.compile(r"(?:[A-Z][a-z]{2,8} )(?:\d{1,2}, )?\d{4}(?: \d{1,2}:\d\d\s?[AP]M)?")
CURRENCY_NAMES = {f"{code} {get_currency_name(code, locale='en')}" for code in CURRENCIES}


class Marked(NullTranslations):
    """A language in which everything is its English in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, count: int) -> str:
        return f"⟦{one if count == 1 else many}⟧"


class Reader(HTMLParser):
    """Reads what a page shows or reads aloud; data is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DATA | UNREAD or (tag == "select" and dict(attrs).get("name") in OF_THE_WORLD):
            self._inside.append(tag)
        self.texts += [f"{OUT}{value}{OUT}" for name, value in attrs if name in SHOWN and value]

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.texts.append(f"{data}{OUT if BRACKETS.fullmatch(data) else ''}")
            self.texts.append("\x1f")


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything be said in brackets."""
    catalogue = Catalogue("en", Marked())
    monkeypatch.setattr(languages, "catalogue_of", lambda _language: catalogue)


def test_texts_of_templates_errors_fields_and_tables_are_found() -> None:
    found = messages()

    assert "templates/account/show.html" in found["Your account"]
    assert "ledger_web/domain/errors.py" in found["There is no such thing in this shop."]
    assert "ledger_web/domain/accounts.py" in found["Cash drawers"]
    assert ("%(count)s line", "%(count)s lines") in found
    assert len(found) > 2_500


def test_nothing_that_machines_read_is_translated() -> None:
    texts = [each if isinstance(each, str) else each[0] for each in messages()]

    for_machines = re.compile(r"^(SET LOCAL|EXPLAIN|ANALYZE|FORMAT|SELECT|INSERT|UPDATE|DELETE|WITH) |^# |^\w+_\w+$")
    assert [each for each in texts if for_machines.search(each) and not each.startswith("Update ")] == []


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != ENGLISH])
def test_a_language_that_is_offered_says_everything(language: str) -> None:
    assert untranslated(brought_up_to_date(language)) == []  # see `flask languages update`


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.po")), ids=lambda path: path.stem)
def test_a_translation_keeps_the_places_and_the_tags_of_its_text(path: Path) -> None:
    with path.open("rb") as source:
        catalogue = read_po(source, locale=path.stem)

    wrong = [
        (each.id, said)
        for each in catalogue
        for said in ([each.string] if isinstance(each.string, str) else each.string or [])
        if each.id and said and _kept_of(said) != _kept_of(each.id if isinstance(each.id, str) else each.id[-1])
    ]

    assert wrong == []
    assert len(catalogue) > 2_500


def _kept_of(text: str) -> tuple[set[str], list[str]]:
    return set(re.findall(r"%\(\w+\)s|%%", text)), sorted(re.findall(r"<[^>]+>", text))


@pytest.mark.usefixtures("marked")
def test_every_text_of_every_page_goes_through_the_catalogue(
    app: Flask, shop: Shop, client_of: Callable[..., ShopClient]
) -> None:
    furnish_with(shop, WORDS_OF_OURS, "2100000001002")
    found: dict[str, str] = {}

    for page in walk(app, client_of(shop)):
        if "<main" in page.html:
            found |= dict.fromkeys(_not_said(page.html), page.endpoint)

    assert found == {}


def _not_said(html: str) -> list[str]:
    """Return what a page shows that was not said in brackets, nor typed by somebody."""
    reader = Reader()
    reader.feed(html)
    text, before = "".join(reader.texts), ""
    while text != before:  # from the innermost brackets outwards; they may hold tags
        text, before = BRACKETS.sub("", text), text
    shown = {piece.strip() for piece in re.split("[\x1e\x1f]", text)} - CURRENCY_NAMES
    pieces = (DAY.sub("", EVERYWHERE.sub("", piece)).strip() for piece in shown)
    return [piece for piece in pieces if WORDS_OF_OURS not in piece and WORD.search(piece)]


def test_the_two_forms_of_a_count_are_found_as_one_text() -> None:
    """A form that is translated by itself would leave the other one English."""
    said = [line for path in (ROOT / "templates").rglob("*.*") for line in path.read_text().splitlines()]

    assert [line for line in said if re.search(r'ngettext\("[^"]*",(?! *")', line)] == []


def test_scripts_say_only_what_the_server_gives_them() -> None:
    scripts = [path.read_text() for path in (ROOT / "static/js").glob("*.js") if path.name != "decoder.js"]
    code = "\n".join(re.sub(r"^\s*//.*|\s//\s.*", "", line) for each in scripts for line in each.splitlines())
    known = {name for texts in SCRIPT_TEXTS.values() for name in texts}

    assert re.findall(r'["`](?:[A-Z][a-z’]+|[A-Z]) [a-z]+ [^"`]*["`]', code) == []
    assert set(re.findall(r'(?:ledgerText|\btext)\("(\w+)"', code)) == known
