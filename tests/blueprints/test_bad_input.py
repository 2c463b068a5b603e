"""Whatever is typed into whichever form: never an error of ours, and nothing written unless it was meant.

The forms are found by walking through the site as the owner, so a new form is asked all of this from its first day.
Source: promises I1, I2, X1, X2, X4, X6.
"""

import html
import itertools
import re
import threading
import time
import unicodedata
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from psycopg import sql
from werkzeug.test import TestResponse

from ledger_web.domain.ids import new_id
from ledger_web.identity import SESSION_COOKIE
from tests import bad_input
from tests.at_once import in_threads
from tests.clients import ShopClient, browser_at
from tests.databases import Database
from tests.furnished import furnish
from tests.pages import FoundField, FoundForm, endpoint_of, read_page, walk
from tests.shops import Shop
from tests.surface import PRESSED

SECONDS_MAX = 5  # of one answer, on a machine that has other work; promised is one
SHARE = 2  # each other field gets a string of every second class; in the long run of every class
# Fields that get every third string, in the long run all: money, number, texts, code, day, and what nobody types.
WITH_ALL = {"amount", "quantity", "name", "note", "code", "date", "hidden", "select"}
TYPED = {"text", "textarea", "tel", "search"}  # controls in which what was typed must come back

# What a person would fill in, by the name of the field, or of endpoint and field.
FILLED = {
    "amount": "5",
    "barcodes": "2100000007776",
    "code": "2100000007783",
    "credit_limit": "9500",
    "customer_q": "",
    "memo": "As agreed",
    "name": "Something new",
    "note": "As agreed",
    "opening_quantity": "3",
    "opening_unit_cost": "20",
    "over_short_limit": "50",
    "q": "Green tea",
    "quantity": "2",
    "reason": "As agreed",
    "series": "Z",
    "sku": "SKU-7",
    "tax_percent": "15",
    "tendered": "",
    "unit": "pcs",
    "unit_cost": "20",
    "unit_price": "30",
    "prefix": "27",
    "out_amount": "1",
    "in_amount": "280",
    "products.create_adjustment quantity": "35",
    "products.delete_barcode code": "2100000001002",
}
OTHERWISE = {  # the same act with another meaning
    "amount": "6",
    "code": "2100000007790",
    "credit_limit": "9700",
    "name": "Something else",
    "note": "Otherwise",
    "over_short_limit": "60",
    "quantity": "3",
    "reason": "Otherwise",
}
# Acts that repeat themselves harmlessly, so they carry no number.
# Its cart is gone once it was done: whatever comes with its number is shown the receipt.
TOLD_BY_ITS_RECEIPT = {"exchanges.create"}
WITHOUT_NUMBER = {
    "appearance.update",
    "auth.delete",
    "account.update_password",
    "account.update_language",
    "account.update_pin",
    "account.update_email",
    "account.create_codes",
    "account.delete_codes",
}
# Acts that take something away from other forms come last, in this order; the others of these names come before.
LAST = (
    "sell.create",
    "sell.create_payment",
    "sell.create_parked",
    "sale_returns.create_copy",
    "sale_returns.create_deletion",
    "reversal",
    "delete",
    "archiv",
    "sell.empty",
    "stock_counts.create_posting",
    "stock_counts.discard",
    "closing",
    "codes_rule",
)


@dataclass(slots=True)
class Desk:
    """The owner at a furnished shop, and a superuser who sees what changed."""

    app: Flask
    shop: Shop
    client: ShopClient
    superuser: Any
    fingerprints: bytes
    known: dict[str, tuple[int, int]] | None = None  # what the database holds, if nothing was written since

    def forms(self) -> list[FoundForm]:
        """Every form that posts, once; those that take something away last."""
        found: dict[tuple[str, frozenset[str]], FoundForm] = {}
        for page in walk(self.app, self.client):
            for form in page.forms:
                if form.method == "post":
                    found.setdefault((self.endpoint(form), frozenset(each.name for each in form.fields)), form)
        return sorted(found.values(), key=lambda form: _place_of(self.endpoint(form)))

    def endpoint(self, form: FoundForm) -> str:
        return endpoint_of(self.app, form.action, "POST") or ""

    def filled(self, form: FoundForm) -> dict[str, Any]:
        """Fill a form in as a person would: what is there stays, what is empty and wanted is typed."""
        data: dict[str, Any] = {name: values for name, values in form.data().items() if name != "csrf_token"}
        for each in form.fields:
            text = FILLED.get(f"{self.endpoint(form)} {each.name}") or FILLED.get(each.name)
            if text is not None and each.kind in TYPED and not data.get(each.name, [""])[0]:
                data[each.name] = text
        return data | PRESSED.get(self.endpoint(form), {})

    def send(self, form: FoundForm, data: dict[str, Any], *, htmx: bool = False) -> TestResponse:
        started = time.monotonic()
        response = self.client.post_form(form.action, data, htmx=htmx)
        took = time.monotonic() - started
        assert response.status_code < 500, self.told(form, data)
        assert took < SECONDS_MAX, f"{took:.1f} s: {self.told(form, data)}"
        return response

    def told(self, form: FoundForm, data: dict[str, Any]) -> str:
        return f"{form.action}: " + ", ".join(f"{name}={str(value)[:60]!r}" for name, value in data.items())

    def fingerprint(self) -> dict[str, tuple[int, int]]:
        """Say how many rows each table has and what is in them, once nothing of the shop is being written out."""
        for thread in threading.enumerate():
            if thread.name == "export":
                thread.join()
        return {table: (rows, sums) for table, rows, sums in self.superuser.execute(self.fingerprints)}


@pytest.fixture
def desk(app: Flask, database: Database, shop: Shop, client_of: Callable[..., ShopClient]) -> Iterator[Desk]:
    furnish(shop)
    with database.connect() as superuser:
        tables = superuser.execute(
            "SELECT tablename FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename NOT IN ('sessions', 'alembic_version',"
            # A refusal is written down, and a guess counted.
            " 'audit_events', 'audit_blocks', 'sign_in_failures')"
        ).fetchall()
        each = sql.SQL("SELECT {name}, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {table} AS t")
        fingerprints = sql.SQL(" UNION ALL ").join(
            each.format(name=sql.Literal(name), table=sql.Identifier(name)) for (name,) in tables
        )
        yield Desk(app, shop, client_of(shop), superuser, fingerprints.as_bytes(superuser))


@pytest.mark.parametrize("fields", [2, pytest.param(None, marks=pytest.mark.long)])
def test_i1_hostile_text_in_any_field_is_refused_with_nothing_written_or_taken_as_it_is(
    desk: Desk, fields: int | None
) -> None:
    """Two fields of each form, and in the long run all of them, with more strings."""
    seen: set[str] = set()
    turn = itertools.count()
    for form in desk.forms():
        data = desk.filled(form)
        for each in _fields_worth_trying(form)[:fields]:
            kind = _kind_of(each)
            strings = _some(next(turn), share=SHARE if fields else 1)
            if kind in WITH_ALL - seen:
                strings = list(bad_input.SENDABLE[len(seen) % 3 :: 3] if fields else bad_input.SENDABLE)
            seen.add(kind)
            for text in strings:
                _try(desk, form, data, each, text)


def test_i1_a_field_that_is_missing_doubled_or_unknown_breaks_nothing(desk: Desk) -> None:
    """Fields of a name that was met before are missing in one form and doubled in the next."""
    turn, met = itertools.count(), set[str]()
    for form in desk.forms():
        data = desk.filled(form)
        for name in list(data):
            both, is_even = name not in met, next(turn) % 2 == 0
            met.add(name)
            if both or is_even:
                before = desk.fingerprint()
                without = desk.send(form, {key: value for key, value in data.items() if key not in {name, "op_id"}})
                assert without.status_code >= 300
                assert desk.fingerprint() == before or desk.endpoint(form) in WITHOUT_NUMBER, name
            if both or not is_even:
                doubled = desk.send(form, data | {name: ["(", *data[name], "\x00"], "op_id": ["", ""]})
                assert doubled.status_code >= 300
        desk.send(form, data | {f"field {number}": "x" for number in range(1001)} | {"op_id": ""})


def test_x6_a_form_without_its_number_is_refused(desk: Desk) -> None:
    tried, numbers = 0, itertools.cycle(bad_input.IDS)
    for form in desk.forms():
        if desk.endpoint(form) in WITHOUT_NUMBER:
            continue
        assert any(each.name == "op_id" for each in form.fields), f"{form.action} has no number"
        for number in (None, "", *itertools.islice(numbers, 3)):
            data = desk.filled(form) | {"op_id": number}
            before = desk.fingerprint()

            response = desk.send(form, {name: value for name, value in data.items() if value is not None})

            if not _is_an_id(number):
                assert response.status_code == 422, desk.told(form, data)
                assert desk.fingerprint() == before, desk.told(form, data)
                tried += 1
    assert tried > 100


def test_x1_x2_x4_what_is_sent_twice_is_done_once_and_a_number_means_one_thing_only(desk: Desk) -> None:
    done: set[str] = set()
    for found in desk.forms():
        endpoint = desk.endpoint(found)
        form = _as_it_is_now(desk, found)
        if endpoint in WITHOUT_NUMBER or form is None:
            continue
        data = desk.filled(form)
        if _refuse_it_first(desk, form, data) and _do_it_four_times_at_once(desk, form, data):
            done.add(endpoint)
            _mean_something_else_by_it(desk, form, data)

    assert done >= {
        "customers.create",
        "customers.update",
        "drawers.create",
        "drawers.create_pay_in",
        "drawers.create_pay_out",
        "payments.create",
        "products.create",
        "products.create_receipt",
        "products.update",
        "sale_returns.create_deletion",
        "sell.create",
        "sell.create_line",
    }


def test_i2_hostile_addresses_and_questions_are_answered(desk: Desk) -> None:
    turn = itertools.count()
    for page in walk(desk.app, desk.client):
        asked = {name for link in page.links for name in urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)}
        asked |= {each.name for form in page.forms if form.method == "get" for each in form.fields}
        path = page.path.partition("?")[0]
        for name in sorted(asked - {"v"}):
            for text in _some(next(turn)):
                response = desk.client.get(path, query_string={name: text}, htmx=next(turn) % 2 == 0)
                assert response.status_code < 500, (path, name, text)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_i2_hostile_ids_in_addresses_are_not_found(desk: Desk, method: str) -> None:
    hostile = itertools.cycle(
        (*bad_input.IDS, *(set(bad_input.INJECTION) & set(bad_input.SENDABLE)), "\x00", "é" * 999)
    )
    rules = [rule for rule in desk.app.url_map.iter_rules() if "<" in rule.rule and method in (rule.methods or ())]
    before = desk.fingerprint()
    for rule in rules:
        for text in itertools.islice(hostile, 11):
            path = re.sub(r"<[^>]*>", urllib.parse.quote(text, safe=""), rule.rule)
            data = {"op_id": str(new_id())}
            response = desk.client.post_form(path, data) if method == "POST" else desk.client.get(path)
            assert response.status_code in {308, 400, 404, 405, 422}, (rule.rule, text, response.status_code)
    assert desk.fingerprint() == before


def _place_of(endpoint: str) -> int:
    return next((place for place, word in enumerate(LAST, 1) if word == endpoint or word in endpoint.split(".")[1]), 0)


def _fields_worth_trying(form: FoundForm) -> list[FoundField]:
    """Each field once; of many of one kind, such as the pieces of a count, the first two."""
    found: dict[str, FoundField] = {}
    for each in form.fields:
        stem = each.name.rstrip("0123456789")
        is_typed = each.name not in {"", "csrf_token", "op_id"} and each.kind != "file"
        if is_typed and sum(name.startswith(stem) for name in found) < 2:
            found.setdefault(each.name, each)
    return list(found.values())


def _kind_of(found: FoundField) -> str:
    """What a field takes, as far as its name and control tell."""
    return found.name if found.name in WITH_ALL else found.kind


def _some(turn: int, share: int = SHARE) -> list[str]:
    """A string of each class, or of a share of them; other ones at each turn, so that the fields together see all."""
    sendable = set(bad_input.SENDABLE)
    chosen = []
    for texts in list(bad_input.CLASSES.values())[turn % share :: share]:
        choice = [text for text in texts if text in sendable]
        chosen.append(choice[turn // share % len(choice)])
    return chosen


def _try(desk: Desk, form: FoundForm, data: dict[str, Any], tried: FoundField, text: str) -> None:
    sent = data | {tried.name: text}
    if "op_id" in data and desk.endpoint(form) not in {
        "sell.create",
        "sell.create_payment",
    }:  # there it is the cart's own
        sent["op_id"] = str(new_id())
    before, desk.known = desk.known or desk.fingerprint(), None
    response = desk.send(form, sent)
    if response.status_code >= 400:
        desk.known = desk.fingerprint()
        assert desk.known == before, desk.told(form, sent)
    is_there = f'name="{tried.name}"' in response.text  # what was to be paid may have been paid meanwhile
    if response.status_code == 422 and tried.kind in TYPED and is_there and _comes_back(text):
        shown = unicodedata.normalize("NFC", html.unescape(response.text))
        assert unicodedata.normalize("NFC", text.strip()) in shown, f"not kept: {desk.told(form, sent)}"


def _comes_back(text: str) -> bool:
    """Signs that nobody sees may be left out, and nobody wants 70,000 letters back."""
    return len(text) < 1000 and all(unicodedata.category(sign) in {"Zs"} or sign.isprintable() for sign in text)


def _is_an_id(text: str | None) -> bool:
    try:
        return text is not None and str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _as_it_is_now(desk: Desk, form: FoundForm) -> FoundForm | None:
    """Load the page of a form again: acts before may have changed versions, or taken the form away."""
    response = desk.client.get(form.page)
    names = {each.name for each in form.fields}
    there = [
        each for each in read_page(form.page, "", response.text).forms if desk.endpoint(each) == desk.endpoint(form)
    ]
    return max(there, key=lambda each: len(names & {found.name for found in each.fields}), default=None)


def _refuse_it_first(desk: Desk, form: FoundForm, data: dict[str, Any]) -> bool:
    """Send it with something wrong, where there is something to get wrong; the number is not used up by that."""
    typed = [each.name for each in form.fields if each.kind in TYPED and each.name in data]
    for name in typed[:1]:
        before = desk.fingerprint()
        response = desk.send(form, data | {name: "\x00"})
        assert response.status_code == 422, desk.told(form, data)
        assert desk.fingerprint() == before
    return True


def _do_it_four_times_at_once(desk: Desk, form: FoundForm, data: dict[str, Any]) -> bool:
    """Send one form from four windows at once, and again: it is done once, and all are led to the same place.

    Returns:
        False if the shop's rules refuse it as it stands; then nothing may have been written.
    """
    before = desk.fingerprint()
    windows = [_window(desk) for _ in range(4)]
    answers = in_threads(desk.app, *(lambda window=window: window.post_form(form.action, data) for window in windows))
    statuses = [getattr(answer, "status_code", answer) for answer in answers]
    after = desk.fingerprint()
    if statuses[0] in {409, 422}:
        assert after == before, desk.told(form, data)
        return False
    assert set(statuses) <= {200, 303}, (statuses, desk.told(form, data))
    assert len({getattr(answer, "location", None) for answer in answers}) == 1, desk.told(form, data)
    for table in ("transactions", "submissions"):
        assert after[table][0] - before[table][0] <= 1, desk.told(form, data)
    assert desk.send(form, data).status_code in {200, 303}
    assert desk.fingerprint() == after, desk.told(form, data)
    return True


def _mean_something_else_by_it(desk: Desk, form: FoundForm, data: dict[str, Any]) -> None:
    """Send the same number with another content: that is no repetition, and nothing is written."""
    typed = {each.name for each in form.fields if each.kind in TYPED and each.name in data}
    changed = {name: OTHERWISE[name] for name in typed & OTHERWISE.keys() if OTHERWISE[name] not in data[name]}
    if changed:
        before = desk.fingerprint()
        response = desk.send(form, data | changed)
        assert response.status_code == 409 or desk.endpoint(form) in TOLD_BY_ITS_RECEIPT, desk.told(
            form, data | changed
        )
        assert desk.fingerprint() == before


def _window(desk: Desk) -> ShopClient:
    """Another window of the same browser: the same session, with a connection of its own."""
    window = browser_at(desk.app, desk.shop.slug)
    window.set_cookie(SESSION_COOKIE, desk.client.cookie(SESSION_COOKIE) or "", domain=window.host)
    return window
