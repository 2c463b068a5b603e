"""No shop can reach another's things: every address, field and question of the site, asked with every kind of id.

Promises T1 and T2, generated from the map of addresses and from the forms themselves: what is added tomorrow is
asked the same. A rival's id answers as an id does that is nowhere, to the byte, and writes nothing.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from werkzeug.routing import AnyConverter, PathConverter, Rule, UnicodeConverter, UUIDConverter
from werkzeug.test import TestResponse

from ledger_web.forms.fields import IdField
from tests.clients import NOTHING, ShopClient
from tests.databases import Database
from tests.shops import Shop
from tests.surface import (
    UUID,
    Answer,
    Connection,
    Rows,
    Site,
    find_site,
    forms_noted,
    furnish_with,
    ids_of,
    looking_at,
    masked,
    one_of_each,
    rows_of,
)

Browsers = Callable[..., ShopClient]

CANARY = "Xylograf"
CANARY_CODE = "2100000004003"
OWN_CODE = "2100000001002"
ABSENT = str(NOTHING)
TEXTS = (CANARY_CODE, f"{CANARY}-1", f"{CANARY} product", "rival")  # for addresses that take something else than an id


@dataclass(slots=True)
class Attack:
    """Corner's people, and what they must not see or change of the rival's."""

    site: Site
    corner: Shop
    rival: Shop
    superuser: Connection
    ids: dict[str, set[uuid.UUID]]
    before: Rows

    @property
    def chosen(self) -> list[str]:
        return [str(each) for each in one_of_each(self.ids)]

    def assert_nothing_leaks(self, response: TestResponse, asked: str, told: object) -> None:
        text = response.get_data().decode("utf-8", "replace") + str(response.headers)
        assert CANARY.lower() not in text.lower(), told
        theirs = {str(each) for ids in self.ids.values() for each in ids} - {asked}
        assert not theirs & set(UUID.findall(text)), told

    def assert_rival_is_untouched(self, told: object) -> None:
        assert rows_of(self.superuser, self.rival.tenant_id) == self.before, told

    def own_rows(self) -> Rows:
        """Corner's rows; when a session was last seen may be noted at any time, and a refusal is written down."""
        without = ("sessions", "audit_events", "audit_blocks")
        return rows_of(self.superuser, self.corner.tenant_id, without=without)


@pytest.fixture
def superuser(database: Database) -> Iterator[Connection]:
    with looking_at(database) as connection:
        yield connection


@pytest.fixture
def attack(app: Flask, corner: Shop, rival: Shop, client_of: Browsers, superuser: Connection) -> Attack:
    furnish_with(corner, "Corner", OWN_CODE)
    furnish_with(rival, CANARY, CANARY_CODE)
    ids = ids_of(superuser, rival.tenant_id)
    assert len(ids) > 25, "the rival has not one of everything"
    own = {each for found in ids_of(superuser, corner.tenant_id).values() for each in found}
    assert not own & {each for found in ids.values() for each in found}
    site = find_site(app, lambda: client_of(corner), ids_of(superuser, corner.tenant_id))
    return Attack(site, corner, rival, superuser, ids, rows_of(superuser, rival.tenant_id))


def ask(client: ShopClient, method: str, path: str, data: dict[str, Any] | None, *, htmx: bool) -> TestResponse:
    return client.post_form(path, data, htmx=htmx) if method == "POST" else client.get(path, htmx=htmx)


def takes_ids(rule: Rule) -> bool:
    """Say whether a rule takes an id. What is neither an id, a text nor a list has to be thought about here."""
    kinds = {type(converter) for converter in rule._converters.values()} - {AnyConverter}
    assert kinds <= {UUIDConverter, UnicodeConverter, PathConverter}, f"{rule}: what may stand in it?"
    assert len(kinds) == 1 or UUIDConverter not in kinds, f"{rule}: an id beside a text"
    return kinds == {UUIDConverter}


@pytest.mark.parametrize("role", ["owner", "cashier"])
def test_t1_a_rivals_id_in_an_address_is_an_id_that_is_nowhere(attack: Attack, client_of: Browsers, role: str) -> None:
    """Whatever the role may open is asked with an id of each table, as a page and as a fragment in turn."""
    client, asked = client_of(attack.corner, role), 0
    own = attack.own_rows()

    for number, rule in enumerate(rule for rule in attack.site.rules if rule._converters and takes_ids(rule)):
        for method in sorted({"GET", "POST"} & (rule.methods or set())):
            nobodys = {htmx: _ask_for(attack, client, rule, method, ABSENT, htmx=htmx) for htmx in (False, True)}
            statuses = {answer.status for answers in nobodys.values() for answer in map(masked, answers)}
            assert statuses <= ({404} if role == "owner" else {403, 404}), (rule, method)
            masks = {htmx: [masked(answer) for answer in answers] for htmx, answers in nobodys.items()}
            for turn, id in enumerate(attack.chosen if statuses == {404} else attack.chosen[number % 5 :: 5]):
                htmx = (turn + number) % 2 == 0
                theirs = _ask_for(attack, client, rule, method, id, htmx=htmx)
                told = (role, method, rule, htmx, id)
                assert [masked(answer) for answer in theirs] == masks[htmx], told
                for answer in theirs:
                    attack.assert_nothing_leaks(answer, id, told)
                    asked += 1

    assert asked > 500
    attack.assert_rival_is_untouched(role)
    assert attack.own_rows() == own


def _ask_for(attack: Attack, client: ShopClient, rule: Rule, method: str, id: str, *, htmx: bool) -> list[TestResponse]:
    site = attack.site
    return [
        ask(client, method, path, site.data(rule.endpoint, method), htmx=htmx) for path in site.paths(rule, id, method)
    ]


def test_t1_addresses_that_take_a_text_answer_as_if_there_was_no_rival(
    app: Flask, corner: Shop, rival: Shop, client_of: Browsers, superuser: Connection
) -> None:
    furnish_with(corner, "Corner", OWN_CODE)
    client = client_of(corner)
    site = find_site(app, lambda: client_of(corner), ids_of(superuser, corner.tenant_id))
    rules = [rule for rule in site.rules if rule._converters and not takes_ids(rule)]

    def answers() -> list[Answer]:
        return [
            masked(ask(client, method, path, site.data(rule.endpoint, method), htmx=htmx))
            for rule in rules
            for method in sorted({"GET", "POST"} & (rule.methods or set()))
            for htmx in (False, True)
            for text in TEXTS
            for path in site.paths(rule, text, method)
        ]

    alone = answers()
    furnish_with(rival, CANARY, CANARY_CODE)
    assert answers() == alone


def test_t2_a_rivals_id_in_a_form_is_refused_and_writes_nothing(attack: Attack, client_of: Browsers) -> None:
    client, tried, taken = client_of(attack.corner), set[str](), set[str]()

    for post in attack.site.posts.values():
        own = attack.own_rows()
        for name, written in post.ids.items():
            for id in attack.chosen:
                for value in (each.replace("ID", id) for each in written):
                    told = (post.endpoint, name, value)
                    answer = client.post_form(post.path, post.data() | {name: value}, htmx=len(tried) % 2 == 0)
                    # A preview shows what is still missing while a form is filled in.
                    fits = {200, 404, 409, 422} if "preview" in post.endpoint else {404, 409, 422}
                    assert answer.status_code in fits, told
                    attack.assert_nothing_leaks(answer, id, told)
            tried.add(name)
        attack.assert_rival_is_untouched(post.endpoint)
        assert attack.own_rows() == own, post.endpoint
        if post.ids and client.post_form(post.path, post.data()).status_code < 400:
            taken.add(post.endpoint)

    # With ids of its own these forms are taken: it was the rival's id that was refused.
    assert taken >= {"payments.create_opening_balance", "transactions.create_manual", "expenses.create"}, taken
    assert tried >= {"party_id", "drawer_id", "product_id", "customer_id", "place", "0-account"}


def test_t2_a_rivals_id_in_a_question_is_an_id_that_is_nowhere(attack: Attack, client_of: Browsers) -> None:
    client, asked, day = client_of(attack.corner), Counter[str](), {"before_day": "2026-01-01"}

    for page in attack.site.pages:
        path = page.partition("?")[0]
        for name in sorted(_names_of_ids_asked_for(client, page)):
            nobodys = masked(client.get(path, query_string=day | {name: ABSENT}))
            for id in attack.chosen:
                theirs = client.get(path, query_string=day | {name: id})
                assert masked(theirs) == nobodys, (path, name, id)
                attack.assert_nothing_leaks(theirs, id, (path, name, id))
                asked[name] += 1

    assert asked.keys() >= {"before", "after", "party_id", "person", "account"}
    attack.assert_rival_is_untouched("questions")


def _names_of_ids_asked_for(client: ShopClient, page: str) -> set[str]:
    """Return what an address may be asked with that is an id: by its forms, and by the link that led there."""
    with forms_noted() as noted:
        client.get(page)
    fields = [field for form, _ in noted for field in form]
    names = {name for name, value in parse_qsl(urlsplit(page).query) if UUID.search(value)}
    names |= {field.name for field in fields if isinstance(field, IdField)} - {"op_id"}
    return names | {each.name for each in fields if any(UUID.search(str(id)) for id, _ in getattr(each, "choices", ()))}


def test_t2_what_a_rival_calls_its_things_finds_nothing(attack: Attack, client_of: Browsers) -> None:
    """Every text a page can be asked with is asked with the rival's own words and codes."""
    client = client_of(attack.corner)

    for page in sorted({page.partition("?")[0] for page in attack.site.pages}):
        for text in ("Xyl", CANARY_CODE[:6], CANARY_CODE):
            asked = dict.fromkeys(("q", "customer_q", "number", "name", "barcode", "shop"), text)
            answer = client.get(page, query_string=asked)
            assert CANARY not in answer.text, (page, text)


def test_t10_a_rivals_id_may_be_the_number_of_a_new_thing(attack: Attack, client_of: Browsers) -> None:
    """Ids are numbered within a shop: that one is in use elsewhere is neither said nor in the way."""
    client = client_of(attack.corner)

    for id in attack.chosen:
        data = attack.site.data("customers.create", "POST") | {"op_id": id, "name": "Ours"}
        answer = client.post_form("/customers/", data)
        assert (answer.status_code, answer.location) == (303, f"/customers/{id}")

    attack.assert_rival_is_untouched("new things")


def test_t7_a_cookie_of_one_shop_is_worthless_at_every_address_of_another(attack: Attack, client_of: Browsers) -> None:
    stranger, tossed = client_of(attack.rival, ""), client_of(attack.rival, "")
    tossed.set_cookie("__Host-sid", client_of(attack.corner).cookie("__Host-sid") or "", domain=tossed.host)

    for rule in attack.site.rules:
        method = "GET" if "GET" in (rule.methods or ()) else "POST"
        for id in (ABSENT, str(attack.rival.drawer_id)):
            path = attack.site.paths(rule, id, method)[0]
            with_cookie, without = (ask(each, method, path, {}, htmx=False) for each in (tossed, stranger))
            assert masked(with_cookie) == masked(without), rule
            attack.assert_nothing_leaks(with_cookie, id, rule)
    attack.assert_rival_is_untouched("tossed cookies")
