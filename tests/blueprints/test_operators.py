"""The operators' page over HTTP: at its own address, behind a code, with nothing of shops beside it."""

import re
import time
from collections.abc import Callable

import pytest
from flask import Flask

from ledger_web.blueprints.account import SECRET as SECRET_OF_VISIT
from ledger_web.domain.slugs import OPERATORS
from ledger_web.domain.totp import STEP_SECONDS, code_at
from ledger_web.identity import SESSION_COOKIE, permission_of
from tests.clients import ShopClient, browser_at, path_of
from tests.furnished import furnish
from tests.operators import let_in
from tests.shops import PASSWORD, Shop

Browsers = Callable[..., ShopClient]


@pytest.fixture
def operator(app: Flask) -> Shop:
    return let_in()


@pytest.fixture
def console(operator: Shop, client_of: Browsers) -> ShopClient:
    """A browser of somebody who runs the system."""
    return client_of(operator)


def test_until_somebody_is_let_in_the_address_is_one_that_nobody_has(app: Flask, corner: Shop) -> None:
    nobodys, console = browser_at(app, "nobodys"), browser_at(app, OPERATORS)

    for path in ("/", "/sign-in", "/shops/", "/account/"):
        here, there = console.get(path), nobodys.get(path)
        assert here.status_code == there.status_code == 404
        assert _without_number(here.text).replace(OPERATORS, "nobodys") == _without_number(there.text)


def _without_number(html: str) -> str:
    html = re.sub(r"<code>[^<]*</code>", "", html)
    return re.sub(r'(csrf_token" value=|X-CSRFToken": )"[^"]*"', "", html)


def test_an_operator_signs_in_and_sets_up_codes_before_anything_else(app: Flask) -> None:
    let_in(with_codes=False)
    client = browser_at(app, OPERATORS)

    assert client.get("/").headers["Location"] == "/shops/"
    assert client.get("/shops/").headers["Location"].startswith("/sign-in")
    assert client.post_form("/sign-in", {"login": "nina", "password": PASSWORD}).status_code == 303
    for path in ("/shops/", "/shops/at/corner", "/account/", "/admin/audit/"):
        assert client.get(path).headers["Location"] == "/account/codes"
    assert client.get("/account/codes").status_code == 200
    with client.session_transaction(base_url=f"http://{client.host}/") as visit:
        secret = visit[SECRET_OF_VISIT]
    sent = {"password": PASSWORD, "code": code_at(secret, int(time.time()) // STEP_SECONDS)}
    assert client.post_form("/account/codes", sent).status_code == 200
    assert client.get("/shops/").status_code == 200
    refused = client.post_form("/account/codes/delete", {"password": PASSWORD})
    assert refused.status_code == 422


def test_every_route_of_shops_is_nowhere_in_the_room_and_every_route_of_the_room_is_nowhere_else(
    app: Flask, console: ShopClient, client_of: Browsers, corner: Shop
) -> None:
    owner, bare = client_of(corner), browser_at(app)
    ours = {rule.endpoint for rule in app.url_map.iter_rules() if _is_marked(app, rule.endpoint, "is_operators_only")}
    shared = {rule.endpoint for rule in app.url_map.iter_rules() if _is_marked(app, rule.endpoint, "is_operators_too")}

    assert {name.partition(".")[0] for name in ours} == {"operators"}
    assert {name.partition(".")[0] for name in shared} == {"auth", "account", "audit", "appearance"}
    for rule in app.url_map.iter_rules():
        method = "GET" if "GET" in (rule.methods or ()) else "POST"
        if rule.endpoint in shared | {"static"} or rule.rule == "/":
            continue
        path = path_of(app, rule, method)
        where = [owner, bare] if rule.endpoint in ours else [console]
        for client in where:
            send = client.get if method == "GET" else client.post_form
            assert send(path).status_code == 404, (client.host, path)


def _is_marked(app: Flask, endpoint: str, mark: str) -> bool:
    return bool(getattr(app.view_functions[endpoint], mark, False))


def test_the_way_to_the_page_looks_from_a_shop_as_if_nothing_were_there(client_of: Browsers, corner: Shop) -> None:
    owner = client_of(corner)

    ours, nothing = owner.get("/shops/"), owner.get("/shopx/")

    assert ours.status_code == nothing.status_code == 404
    assert _without_number(ours.text) == _without_number(nothing.text)


def test_a_session_of_a_shop_is_worthless_there_and_the_other_way_round(
    operator: Shop, console: ShopClient, client_of: Browsers, corner: Shop
) -> None:
    owner, stranger, tossed = client_of(corner), client_of(operator, ""), client_of(corner, "")
    stranger.set_cookie(SESSION_COOKIE, owner.cookie(SESSION_COOKIE) or "", domain=stranger.host)
    tossed.set_cookie(SESSION_COOKIE, console.cookie(SESSION_COOKIE) or "", domain=tossed.host)

    assert stranger.get("/shops/").headers["Location"].startswith("/sign-in")
    assert tossed.get("/products/").headers["Location"].startswith("/sign-in")
    assert tossed.get("/shops/").status_code == 404


def test_no_form_of_a_shop_grants_the_rights_of_the_room(app: Flask, client_of: Browsers, corner: Shop) -> None:
    """Neither by a forged value, nor by a row that came in by another way."""
    owner = client_of(corner)
    with app.app_context():
        rights = {
            permission_of(rule.endpoint) for rule in app.url_map.iter_rules() if rule.endpoint[:10] == "operators."
        }
    forged = {"op_id": "01931a2b-0000-7000-8000-0000000000aa", "name": "Sly", "rights": [*rights]}

    owner.post_form("/roles/", forged)
    with corner.act() as uow:
        uow.execute(
            "INSERT INTO roles (tenant_id, id, name, permissions)"
            " VALUES (%(tenant_id)s, '01931a2b-0000-7000-8000-0000000000ab', 'Slyer', '{operators.view,operators.act}')"
        )
        uow.execute("UPDATE users SET role_id = '01931a2b-0000-7000-8000-0000000000ab' WHERE tenant_id = %(tenant_id)s")
        stored = uow.execute("SELECT permissions FROM roles WHERE tenant_id = %(tenant_id)s AND name = 'Sly'").scalar()

    assert not rights & set(stored or ())
    assert owner.get("/shops/").status_code == 404


def test_shops_are_found_by_how_their_address_begins_and_by_their_state(
    console: ShopClient, corner: Shop, rival: Shop
) -> None:
    assert "corner" in console.get("/shops/").text
    found = console.get("/shops/?q=CO", htmx=True).text
    assert "corner" in found
    assert "rival" not in found
    assert "corner" not in console.get("/shops/?state=suspended").text
    assert console.get("/shops/?state=stolen").status_code == 422


def test_the_page_of_a_shop_says_how_it_stands_and_nothing_of_its_books(
    console: ShopClient, client_of: Browsers, corner: Shop
) -> None:
    furnish(corner)

    answer = console.get("/shops/at/corner")

    assert answer.status_code == 200
    assert "Corner" in answer.text
    for word in ("Green tea", "Alice", "260", "5,000"):
        assert word not in answer.text
    assert console.get("/shops/at/nobodys").status_code == 404
    assert console.get(f"/shops/at/{OPERATORS}").status_code == 404


def test_what_operators_do_is_in_their_own_log(console: ShopClient) -> None:
    assert console.get("/admin/audit/").status_code == 200
    assert console.get("/admin/audit/people").status_code == 404


def test_commands_let_people_in_list_them_and_end_their_access(app: Flask) -> None:
    runner = app.test_cli_runner()
    say = ["--password", PASSWORD]

    first = runner.invoke(args=["operators", "create", "nina", *say])
    second = runner.invoke(args=["operators", "create", "omid", *say])

    assert "nina signs in at console.shop.localhost" in first.output
    assert second.exit_code == 0
    assert runner.invoke(args=["operators", "create", "nina", *say]).exit_code == 1
    assert runner.invoke(args=["operators", "create", "zia", "--password", "nina"]).exit_code == 1
    assert runner.invoke(args=["operators", "list"]).output.count("no codes yet") == 2
    assert runner.invoke(args=["operators", "dismiss", "omid"]).exit_code == 0
    assert "Nobody else" in runner.invoke(args=["operators", "dismiss", "nina"]).output
    assert runner.invoke(args=["operators", "reset", "nina", "--password", "four fat cows on a hill"]).exit_code == 0
    assert "console:" in runner.invoke(args=["audit", "verify"]).output
    assert runner.invoke(args=["tenants", "delete", OPERATORS, "--yes"]).exit_code == 1
    assert runner.invoke(args=["tenants", "list"]).output == ""
