"""Two shops that keep the same things under the same names, numbers and ids never see each other's. Promise T8."""

import ast
import itertools
import uuid
from collections.abc import Iterator

import pytest
from flask import Flask

from ledger_web.config import ROOT
from ledger_web.domain import ids
from tests.attack import OWN_CODE, Browsers
from tests.databases import Database
from tests.pages import walk
from tests.shops import Shop, open_a_shop
from tests.surface import Answer, Connection, furnish_with, looking_at, masked

WORD = "Common"
SECRETS = ("Kestrel", "Wagtail")  # what the one shop writes down and the other does not
FIRST_ID = 0x01931A2B_0000_7000_8000_000000000000

# What a process remembers from one request to the next, and why no shop can find another's in it.
REMEMBERED = {
    "domain/journal.py:_remembered": "what an account is for, by just that",
    "services/posting.py:account_id": "ids by shop and key",
    "services/unit_of_work.py:_names_of": "names of fields of classes",
    "models/pipeline.py:_metadata": "names of columns",
    "domain/typeface.py": "how letters of our own font are drawn",
    "domain/symbols.py": "how a code is drawn, by the code",
    "domain/pdf.py:_picture": "how a symbol is drawn, by its bits",
    "domain/days.py": "time zones",
    "domain/signs.py:signs_of": "signs of numbers by locale",
    "domain/taxes.py": "what rates come to, by the rates",
    "domain/countries.py": "countries",
    "domain/languages.py": "catalogues by language",
    "domain/locales.py": "names of locales",
    "domain/search_words.py:_plain": "what stays of a letter, by the letter",
    "domain/product_columns.py": "what columns of files are called",
    "forms/fields.py:_currencies_in": "names of currencies by language",
    "commands/languages.py:messages": "texts of our own code",
    "services/daily_totals.py:_known": "days by shop",
    "services/meters.py:_counts": "figures of the process, whose labels name no shop",
    "domain/ids.py:_last_tick": "the clock of ids",
}
CACHES = {"cache", "lru_cache"}
CHANGEABLE = {"dict", "list", "set", "defaultdict", "OrderedDict", "deque", "Counter"}


@pytest.fixture
def superuser(database: Database) -> Iterator[Connection]:
    with looking_at(database) as connection:
        yield connection


@pytest.fixture
def twins(app: Flask, monkeypatch: pytest.MonkeyPatch) -> tuple[Shop, Shop]:
    """Two shops in which the same happened, every thing with the same id in both; the words differ in one sign."""
    shops = []
    for slug, secret in zip(("corner", "rival"), SECRETS, strict=True):
        numbers = itertools.count(FIRST_ID)
        monkeypatch.setattr(ids, "_uuid7", lambda *_, numbers=numbers: uuid.UUID(int=next(numbers)))
        shop = open_a_shop(slug)
        furnish_with(shop, f"{WORD}{secret}", OWN_CODE)
        shops.append(shop)
    monkeypatch.undo()
    return shops[0], shops[1]


def test_t8_shops_with_the_same_ids_names_and_codes_share_nothing(
    app: Flask, twins: tuple[Shop, Shop], client_of: Browsers, superuser: Connection
) -> None:
    corner, rival = client_of(twins[0]), client_of(twins[1])
    pages = [page.path for page in walk(app, corner)]
    same = superuser.execute(
        "SELECT count(*) FROM parties AS a JOIN parties AS b USING (id) WHERE a.tenant_id < b.tenant_id"
    ).fetchone()
    assert same is not None
    assert same[0] >= 4, "they have no ids in common"
    secrets_seen, alike = set(), 0

    for number, page in enumerate(pages):
        htmx = number % 3 == 0
        first, theirs, again = (client.get(page, htmx=htmx) for client in (corner, rival, corner))
        for answer, (own, other) in ((first, SECRETS), (theirs, SECRETS[::-1]), (again, SECRETS)):
            text = answer.get_data(as_text=True)
            assert other.lower() not in text.lower(), page
            if own in text:
                secrets_seen.add(own)
        alike += theirs.status_code == first.status_code  # not where an account is named: its id is made of the shop's
        assert _comparable(again.status_code, masked(again)) == _comparable(first.status_code, masked(first)), page

    assert secrets_seen == set(SECRETS)
    assert alike > len(pages) * 0.8


def _comparable(status: int, answer: Answer) -> Answer | int:
    """A file is written with the moment at which it was made; whose it is was asked already."""
    return answer if dict(answer.headers).get("Content-Type", "").startswith("text/html") else status


def test_t8_what_a_process_remembers_is_known_and_belongs_to_no_shop() -> None:
    found = {name for path in sorted((ROOT / "ledger_web").rglob("*.py")) for name in _remembered_in(path)}
    reasons = {name: {each for each in REMEMBERED if f"{name}:".startswith(f"{each}:")} for name in found}

    assert {name for name in found if not reasons[name]} == set()
    assert set().union(*reasons.values()) == REMEMBERED.keys()


def _remembered_in(path: object) -> Iterator[str]:
    """Yield what stays from call to call: functions with a cache, changeable names of modules and classes, globals."""
    source = str(path)
    place = source.removeprefix(f"{ROOT}/ledger_web/")
    with open(source) as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            uses = [*node.decorator_list, *(each for each in ast.walk(node) if isinstance(each, ast.Call))]
            if any(_name_of(each) in CACHES for each in uses):
                yield f"{place}:{node.name}"
        elif isinstance(node, ast.Global):
            yield from (f"{place}:{name}" for name in node.names)
        elif isinstance(node, ast.Module | ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.Assign | ast.AnnAssign) and each.value and _starts_empty(each.value):
                    target = each.targets[0] if isinstance(each, ast.Assign) else each.target
                    yield f"{place}:{ast.unparse(target)}"


def _name_of(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _starts_empty(value: ast.expr) -> bool:
    """A table that is full when the program is written is a table; an empty one is filled by whoever comes by."""
    if isinstance(value, ast.Call):
        return _name_of(value) in CHANGEABLE and not value.args[1:]
    if isinstance(value, ast.Dict):
        return not value.keys
    return isinstance(value, ast.List | ast.Set) and not value.elts
