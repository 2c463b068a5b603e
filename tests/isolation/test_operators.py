"""Nobody but an operator learns in the operators' room which shops there are: every address of it that names a shop.

Promises T1 and T7, generated from the map of addresses: what is added tomorrow is asked the same.
"""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule

from ledger_web.domain.ids import new_id
from ledger_web.domain.tokens import new_token
from ledger_web.identity import SESSION_COOKIE, cookie_value
from ledger_web.services.shop_lifecycle import DeleteShop, SuspendShop, delete_shop, suspend_shop
from tests.attack import ask
from tests.clients import ShopClient, browser_at
from tests.databases import Database, clone, drop
from tests.operators import let_in
from tests.shops import Shop, open_a_shop
from tests.surface import Answer, looking_at, masked, paths_of, rows_of

Browsers = Callable[..., ShopClient]
NOWHERE = "nobodys"
SENT = {"reason": "As agreed", "slug": "elsewhere", "kind": "reset"}


@pytest.fixture
def elsewhere(template: Database) -> Iterator[str]:
    """What says at another system that somebody is an operator there."""
    database = clone(template, f"elsewhere_{new_id().hex[-12:]}")
    app = database.make_app()
    with app.app_context():
        client = browser_at(app)
        client.sign_in_as(let_in(), "owner")
        cookie = client.cookie(SESSION_COOKIE) or ""
    yield cookie
    drop(database)


def test_t1_t7_in_the_operators_room_a_shop_that_is_there_answers_as_one_that_is_nowhere(
    app: Flask, client_of: Browsers, corner: Shop, database: Database, elsewhere: str
) -> None:
    operator = let_in()
    without_code = let_in("omid", with_codes=False)
    asleep, gone = open_a_shop("asleep"), open_a_shop("gone")
    suspend_shop(SuspendShop(), asleep.act())
    delete_shop(DeleteShop(), gone.act())
    cookies = {
        "a stranger": "",
        "an owner": client_of(corner).cookie(SESSION_COOKIE) or "",
        "an operator of another system": elsewhere,
        "who guesses": cookie_value(operator.tenant_id, new_token()),
    }
    askers = {name: client_of(operator, "") for name in cookies}
    for name, client in askers.items():
        client.set_cookie(SESSION_COOKIE, cookies[name], domain=client.host)
    askers |= {"an owner at home": client_of(corner), "an operator without a code": client_of(without_code)}
    one = client_of(operator)
    rules = [rule for rule in app.url_map.iter_rules() if _is_of_a_shop(app, rule)]
    assert {rule.endpoint for rule in rules} >= {"operators.show", "operators.confirm", "operators.create_act"}
    assert (one.get("/shops/at/corner").status_code, one.get(f"/shops/at/{NOWHERE}").status_code) == (200, 404)

    with looking_at(database) as superuser:
        before = rows_of(superuser)
        for name, client in askers.items():
            for rule in rules:
                for method in sorted({"GET", "POST"} & (rule.methods or set())):
                    nobodys = _answers(app, client, rule, method, NOWHERE)
                    assert {answer.status for answer in nobodys} <= {204, 303, 401, 404}, (name, rule)
                    for slug in ("corner", "asleep", "gone", "console"):
                        assert _answers(app, client, rule, method, slug) == nobodys, (name, rule, method, slug)
        assert rows_of(superuser) == before


def _is_of_a_shop(app: Flask, rule: Rule) -> bool:
    return bool(rule._converters) and getattr(app.view_functions[rule.endpoint], "is_operators_only", False)


def _answers(app: Flask, client: ShopClient, rule: Rule, method: str, slug: str) -> list[Answer]:
    """Ask at each address of a rule, as a page and as a fragment; what was asked for is left out of the answers."""
    answers = []
    for path in paths_of(app, rule, slug, method):
        for htmx in (False, True):
            sent = SENT | {"op_id": str(new_id()), "typed": slug}
            answer = masked(ask(client, method, path, sent, htmx=htmx))
            headers = tuple((name, value.replace(path, "PATH")) for name, value in answer.headers)
            answers.append(Answer(answer.status, headers, answer.body.replace(path, "PATH")))
    return answers
