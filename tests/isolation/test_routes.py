"""No shop can reach another's things: every address and question of the site, asked with every kind of id.

Promises T1 and T2, generated from the map of addresses and from the forms themselves: what is added tomorrow is
asked the same. A rival's id answers as an id does that is nowhere, to the byte, and writes nothing.

An address is asked with ids of the kinds that links put into it, and with every sixth of the others, in the long run
with all of them; where no link leads, always with all.
"""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from ledger_web.forms.fields import IdField
from tests.attack import CANARY, CANARY_CODE, Attack, Browsers, ask, begin_attack
from tests.clients import NOTHING, ShopClient
from tests.isolation.conftest import World
from tests.surface import UUID, forms_noted, masked, takes_ids

ABSENT = str(NOTHING)
STEP = 6


@pytest.fixture
def app(world: World) -> Iterator[Flask]:
    with world.app.app_context():
        yield world.app


@pytest.fixture
def attack(app: Flask, world: World) -> Attack:
    return begin_attack(world.site, world.corner, world.rival, world.superuser)


@pytest.mark.parametrize("step", [STEP, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("role", ["owner", "cashier", pytest.param("manager", marks=pytest.mark.long)])
def test_t1_a_rivals_id_in_an_address_is_an_id_that_is_nowhere(
    attack: Attack, client_of: Browsers, role: str, step: int
) -> None:
    """Whatever the role may open is asked with an id of each table, as a page and as a fragment in turn."""
    client, asked = client_of(attack.corner, role), 0
    own = attack.own_rows()

    for number, rule in enumerate(rule for rule in attack.site.rules if rule._converters and takes_ids(rule)):
        for method in sorted({"GET", "POST"} & (rule.methods or set())):
            nobodys = {htmx: _ask_for(attack, client, rule, method, ABSENT, htmx=htmx) for htmx in (False, True)}
            statuses = {answer.status for answers in nobodys.values() for answer in map(masked, answers)}
            assert statuses <= ({404} if role == "owner" else {403, 404}), (rule, method)
            masks = {htmx: [masked(answer) for answer in answers] for htmx, answers in nobodys.items()}
            kinds = attack.site.kinds.get(rule.endpoint, set())
            ids = attack.worth_asking(kinds, number, step)
            for turn, id in enumerate(ids if statuses == {404} else attack.chosen[number % 5 :: 5]):
                htmx = (turn + number) % 2 == 0
                theirs = _ask_for(attack, client, rule, method, id, htmx=htmx)
                told = (role, method, rule, htmx, id)
                assert [masked(answer) for answer in theirs] == masks[htmx], told
                for answer in theirs:
                    attack.assert_nothing_leaks(answer, id, told)
                    asked += 1

    assert asked > 300
    attack.assert_rival_is_untouched(role)
    assert attack.own_rows() == own


def _ask_for(attack: Attack, client: ShopClient, rule: Rule, method: str, id: str, *, htmx: bool) -> list[TestResponse]:
    site = attack.site
    return [
        ask(client, method, path, site.data(rule.endpoint, method), htmx=htmx) for path in site.paths(rule, id, method)
    ]


@pytest.mark.parametrize("step", [STEP, pytest.param(1, marks=pytest.mark.long)])
def test_t2_a_rivals_id_in_a_question_is_an_id_that_is_nowhere(attack: Attack, client_of: Browsers, step: int) -> None:
    """Each question is asked with every id on the first page that takes it, and with some on the others."""
    client, asked, day = client_of(attack.corner), Counter[str](), {"before_day": "2026-01-01"}

    for page in attack.site.pages:
        path = page.partition("?")[0]
        for name in sorted(_names_of_ids_asked_for(client, page)):
            nobodys = masked(client.get(path, query_string=day | {name: ABSENT}))
            for id in attack.chosen[asked[name] % step :: step] if asked[name] else attack.chosen:
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
