"""The operators' page over HTTP: at its own address, behind a code, with nothing of shops beside it."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ledger_web.blueprints.account import SECRET as SECRET_OF_VISIT
from ledger_web.domain.ids import new_id
from ledger_web.domain.slugs import OPERATORS
from ledger_web.domain.totp import STEP_SECONDS, code_at
from ledger_web.identity import SESSION_COOKIE, permission_of
from ledger_web.queries.operators import get_place_at, get_system, list_places
from ledger_web.queries.plans import Shape, answer, recorded
from tests.clients import ShopClient, browser_at, path_of
from tests.databases import Database
from tests.furnished import furnish
from tests.operators import let_in
from tests.shops import PASSWORD, Shop

Browsers = Callable[..., ShopClient]
NEWER = "four fat cows on a hill"


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


def act(console: ShopClient, shop: Shop, name: str, **typed: str) -> TestResponse:
    """Send the form of an act, as the page that asks for it would."""
    sent = {"op_id": str(new_id()), "reason": "Invoice 17 is not paid"} | typed
    return console.post_form(f"/shops/at/{shop.slug}/{name}", sent)


def events(shop: Shop, area: str) -> list[tuple[str, dict[str, Any]]]:
    """What the audit keeps of an area, oldest first."""
    with shop.act() as uow:
        rows = uow.execute(
            "SELECT action, after FROM audit_events"
            " WHERE tenant_id = %(tenant_id)s AND action LIKE %(area)s ORDER BY happened_at, id",
            {"area": f"{area}.%"},
        ).all()
    return [(row.action, row.after) for row in rows]


def test_a_shop_is_suspended_and_goes_on_and_both_logs_say_who_and_why(
    operator: Shop, console: ShopClient, client_of: Browsers, corner: Shop
) -> None:
    owner, form = client_of(corner), {"op_id": str(new_id())}

    assert console.get("/shops/at/corner/suspension").status_code == 200
    assert act(console, corner, "suspension", **form).headers["Location"] == "/shops/at/corner"
    assert act(console, corner, "suspension", **form).status_code == 303, "the same form sent twice is done once"
    refused = owner.post_form("/account/pin", {"pin": "1"})
    again = act(console, corner, "suspension")
    assert act(console, corner, "resumption").status_code == 303

    assert refused.status_code == 403
    assert again.status_code == 409
    said = {"operator": "Nina", "reason": "Invoice 17 is not paid"}
    assert events(corner, "shop") == [
        ("shop.suspended", {"status": "suspended"} | said),
        ("shop.active", {"status": "active"} | said),
    ]
    assert [action for action, _ in events(operator, "operator")] == [
        "operator.open_room",
        "operator.suspension",
        "operator.suspension",
        "operator.suspension",
        "operator.fail",
        "operator.resumption",
    ], "a line for each time it was asked"
    audit = owner.get("/admin/audit/").text
    assert "Who runs the system" in audit
    assert "Invoice 17 is not paid" in audit


def test_a_shop_moves_and_the_same_form_sent_twice_moves_it_once(console: ShopClient, corner: Shop) -> None:
    form = {"op_id": str(new_id()), "slug": "bakery"}

    refused = act(console, corner, "move", **form | {"slug": OPERATORS})
    moved, again = act(console, corner, "move", **form), act(console, corner, "move", **form)

    assert refused.status_code == 422
    assert moved.headers["Location"] == again.headers["Location"] == "/shops/at/bakery"
    assert "bakery" in console.get("/shops/?state=former").text
    assert console.get("/shops/at/corner").status_code == 200, "a former address leads to the shop"


def test_a_form_that_was_refused_and_then_done_is_in_the_log_as_done(
    operator: Shop, console: ShopClient, corner: Shop, rival: Shop
) -> None:
    """Whoever runs the system cannot hide an act behind a refusal: the form keeps its id, the log does not mind."""
    form = {"op_id": str(new_id())}

    assert act(console, corner, "move", **form, slug=rival.slug).status_code == 422
    assert act(console, corner, "move", **form, slug="bakery").status_code == 303

    assert [action for action, _ in events(operator, "operator")][-3:] == [
        "operator.move",
        "operator.fail",
        "operator.move",
    ]


def test_nobody_gets_a_link_to_a_shop_that_was_deleted_meanwhile(
    operator: Shop, console: ShopClient, corner: Shop
) -> None:
    form = {"owner": str(corner.owner_id), "lost_phone": "y"}
    assert console.get("/shops/at/corner/link").status_code == 200
    act(console, corner, "deletion", typed="corner")

    refused = act(console, corner, "link", **form)

    assert refused.status_code == 409
    assert "links/" not in refused.text
    assert events(corner, "user") == []
    assert events(operator, "operator")[-1][0] == "operator.fail"


def test_a_shop_is_deleted_by_who_types_its_address_and_taken_back(console: ShopClient, corner: Shop) -> None:
    assert act(console, corner, "deletion", typed="comer").status_code == 422
    assert console.get("/shops/?state=deleted").text.count("corner") == 0

    assert act(console, corner, "deletion", typed="corner").status_code == 303
    assert "/shops/at/corner" in console.get("/shops/?state=deleted").text
    assert console.get("/shops/at/corner/suspension").status_code == 404
    assert act(console, corner, "restoration").status_code == 303
    assert console.get("/shops/?state=deleted").text.count("corner") == 0


@pytest.mark.parametrize("name", ["suspension", "resumption", "move", "link", "deletion", "restoration"])
def test_no_act_is_done_without_a_reason(console: ShopClient, corner: Shop, name: str) -> None:
    answer = act(console, corner, name, reason=" ")

    assert answer.status_code == 422
    assert "Reason" in answer.text
    assert events(corner, "shop") == []


def test_an_owner_who_lost_password_and_phone_gets_a_link_that_works_once(
    app: Flask, operator: Shop, console: ShopClient, client_of: Browsers, corner: Shop
) -> None:
    owner, cashier = client_of(corner), client_of(corner, "cashier")
    with corner.act() as uow:
        uow.execute("UPDATE users SET totp_secret = 'x' WHERE tenant_id = %(tenant_id)s")
        cashiers_id = uow.execute(
            "SELECT id FROM users WHERE tenant_id = %(tenant_id)s AND login = 'cashier'"
        ).scalar_one()
    form = {"op_id": str(new_id()), "owner": str(corner.owner_id), "lost_phone": "y"}

    assert act(console, corner, "link", **form | {"owner": str(cashiers_id)}).status_code == 422
    link = re.search(r"links/([\w-]+)", act(console, corner, "link", **form).text)
    shown_again = act(console, corner, "link", **form)
    assert link is not None
    stranger, password = browser_at(app, "corner"), {"new_password": NEWER, "again": NEWER}
    assert browser_at(app, "rival").get(f"/{link[0]}").status_code == 404
    used = stranger.post_form(f"/{link[0]}", password)
    twice = stranger.post_form(f"/{link[0]}", password)

    assert "links/" not in shown_again.text
    assert used.headers["Location"] == "/sign-in"
    assert twice.status_code >= 400
    assert owner.get("/").status_code == 303, "other sessions end"
    assert cashier.get("/").status_code == 200
    assert stranger.post_form("/sign-in", {"login": "owner", "password": NEWER}).headers["Location"] == "/"
    assert link[1] not in str(events(corner, "user") + events(operator, "operator"))
    assert events(corner, "user")[-2:] == [
        ("user.make_link", {"kind": "rescue", "operator": "Nina", "reason": "Invoice 17 is not paid"}),
        ("user.use_link", {"kind": "rescue"}),
    ]


def test_a_shop_is_opened_for_somebody_who_chooses_the_password(app: Flask, console: ShopClient) -> None:
    form = {
        "op_id": str(new_id()),
        "name": "Kabul Bread",
        "slug": "bread",
        "country": "AF",
        "owner_name": "Ahmad Zahir",
        "login": "ahmad",
        "reason": "Asked by phone",
    }

    assert console.get("/shops/new").status_code == 200
    assert console.post_form("/shops/", form | {"slug": OPERATORS}).status_code == 422
    opened, again = console.post_form("/shops/", form), console.post_form("/shops/", form)
    link = re.search(r"links/[\w-]+", opened.text)
    assert link is not None
    assert again.status_code == 200
    assert "links/" not in again.text
    owner = browser_at(app, "bread")
    assert owner.post_form(f"/{link[0]}", {"new_password": NEWER, "again": NEWER}).status_code == 303
    assert owner.post_form("/sign-in", {"login": "ahmad", "password": NEWER}).headers["Location"] == "/"
    assert console.post_form("/shops/", form | {"op_id": str(new_id())}).status_code == 422


def test_the_system_at_a_glance_counts_shops_and_says_when_domains_were_looked_at(
    app: Flask, console: ShopClient, corner: Shop, rival: Shop, database: Database
) -> None:
    act(console, rival, "suspension")
    with database.connect() as superuser:
        superuser.execute(
            "INSERT INTO domain_directory (host, tenant_id, token, proved_at)"
            " VALUES ('www.example.com', %s, 'x', now() - interval '9 days')",
            [corner.tenant_id],
        )
    assert "never" in console.get("/system").text
    with database.connect() as superuser:
        superuser.execute("DELETE FROM domain_directory")
    app.test_cli_runner().invoke(args=["tenants", "domain", "check"])

    page = console.get("/system")

    assert page.status_code == 200
    assert "never" not in page.text
    system = get_system()
    assert (system.shops, system.overdue) == ({"active": 1, "suspended": 1}, 0)


def test_what_the_pages_ask_costs_the_same_for_ten_shops_and_for_ten_thousand(
    app: Flask, console: ShopClient, corner: Shop, database: Database
) -> None:
    """Pages that list are read from an index; only the counts by state look at each address, in its index."""
    with database.connect() as superuser:
        superuser.execute(
            """
            INSERT INTO tenant_directory (slug, tenant_id, status)
            SELECT 's' || lpad(n::text, 5, '0') || 'x', 10 + n, CASE WHEN n % 100 = 0 THEN 'suspended' ELSE 'active' END
              FROM generate_series(1, 10000) AS n
            """
        )
        superuser.execute("ANALYZE tenant_directory")
    shapes: dict[str, Shape] = {}

    with recorded(shapes, ["the list"]):
        list_places(prefix="s05", after="s05100x")
        list_places(status="suspended", after="s05000x")
        get_place_at("s05000x")

    answered = answer(corner.tenant_id, list(shapes.values()))
    assert len(answered) == 3
    assert [each.shape.statement for each in answered if each.too_wide()] == []
