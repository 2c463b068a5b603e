"""Who is asking, found in one query; and no route that forgot to say whom it lets in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask, g
from sqlalchemy import event

from ledger_web.blueprints.auth import KEPT_ON_THE_SERVER
from ledger_web.domain import permissions
from ledger_web.identity import PUBLIC, SESSION_COOKIE, SIGNED_IN, Identity, may, permission_of
from ledger_web.models.base import db
from tests.clients import ShopClient, browser_at, path_of
from tests.databases import Database
from tests.shops import PASSWORD, Shop
from tests.surface import is_elsewhere

Browsers = Callable[..., ShopClient]


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Collect the SQL that runs meanwhile, without the words that name the shop of a transaction."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("SET LOCAL"):
            seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def age_session(database: Database, column: str, interval: str) -> None:
    with database.connect() as superuser:
        superuser.execute(f"UPDATE sessions SET {column} = {column} - %s::interval", [interval])


def last_seen(database: Database) -> list[object]:
    with database.connect() as superuser:
        return [row[0] for row in superuser.execute("SELECT last_seen_at FROM sessions").fetchall()]


def test_s8_every_route_says_whom_it_lets_in(app: Flask) -> None:
    with app.app_context():
        declared = {rule.endpoint: permission_of(rule.endpoint) for rule in app.url_map.iter_rules()}

    assert len(declared) > 5
    known = permissions.ALL | permissions.OPERATORS | {PUBLIC, SIGNED_IN}
    assert {name: said for name, said in declared.items() if said not in known} == {}


def test_only_a_few_routes_are_open_to_strangers(app: Flask) -> None:
    with app.app_context():
        public = {rule.endpoint for rule in app.url_map.iter_rules() if permission_of(rule.endpoint) == PUBLIC}

    assert public <= {
        "static",
        "landing.index",
        "landing.new_search",
        "landing.create_search",
        "signup.new",
        "signup.create_mail",
        "signup.create",
        "signup.address",
        "auth.new",
        "auth.create",
        "auth.new_code",
        "auth.create_code",
        "forgotten.new",
        "forgotten.create",
        "links.show",
        "links.update",
        "tills.new_session",
        "tills.create_session",
        "appearance.update",
        "health.live",
        "health.ready",
    }


def test_a_stranger_is_sent_to_sign_in_from_everywhere_else(app: Flask, client_of: Browsers, corner: Shop) -> None:
    stranger = client_of(corner, "")
    with app.app_context():
        closed = [
            (method, rule)
            for rule in app.url_map.iter_rules()
            if permission_of(rule.endpoint) != PUBLIC and not is_elsewhere(app, rule.endpoint)
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        ]

    for method, rule in closed:
        path = path_of(app, rule, method)
        send = stranger.get if method == "GET" else stranger.post_form
        page, fragment = send(path), send(path, htmx=True)

        assert page.status_code == 303, path
        assert page.headers["Location"].startswith("/sign-in"), path
        assert fragment.status_code == 401, path
        keeps_what_was_typed = method != "GET" and rule.endpoint.partition(".")[0] not in KEPT_ON_THE_SERVER
        assert fragment.headers.get("HX-Redirect", "").startswith("/sign-in") != keeps_what_was_typed, path
        assert fragment.headers["HX-Retarget"] == "#messages", path


def test_s8_each_role_opens_what_it_has_the_permission_for_and_nothing_else(
    app: Flask, client_of: Browsers, corner: Shop
) -> None:
    for role, granted in permissions.BUILT_IN_ROLES.items():
        client = client_of(corner, role)
        with app.app_context():
            asked = [(rule, permission_of(rule.endpoint)) for rule in app.url_map.iter_rules()]
        for rule, permission in asked:
            if permission in {PUBLIC, SIGNED_IN} or is_elsewhere(app, rule.endpoint):
                continue
            method = "GET" if "GET" in (rule.methods or set()) else "POST"
            send = client.get if method == "GET" else client.post_form
            path = path_of(app, rule, method)
            status = send(path).status_code

            assert (status == 403) == (permission not in granted), (role, path, status)


def test_s9_shop_session_user_role_and_permissions_take_one_query(
    app: Flask, client_of: Browsers, corner: Shop
) -> None:
    client = client_of(corner)

    with statements(app) as seen:
        assert client.get("/sign-in").status_code == 303  # needs to know who asks, and nothing else

    assert len(seen) == 1
    assert "FROM sessions" in seen[0]


def test_of_a_stranger_only_the_directory_is_read(app: Flask, client_of: Browsers, corner: Shop) -> None:
    stranger = client_of(corner, "")

    with statements(app) as seen:
        assert stranger.get("/sign-in").status_code == 200

    assert len(seen) == 1
    assert "FROM tenant_directory" in seen[0]


def test_t7_a_cookie_of_one_shop_is_worthless_at_another(
    app: Flask, client_of: Browsers, corner: Shop, rival: Shop
) -> None:
    value = client_of(corner).cookie(SESSION_COOKIE) or ""
    token = value.partition(".")[2]
    for stolen in (value, f"{rival.tenant_id}.{token}", token):
        thief = browser_at(app, "rival")
        thief.set_cookie(SESSION_COOKIE, stolen, domain=thief.host)

        assert thief.get("/").headers["Location"] == "/sign-in?next=/"


@pytest.mark.parametrize(
    "value",
    ["", ".", "1.", "0.x", "-1.x", "9" * 30, "1." + "a" * 42, "1." + "a" * 44, "٣." + "a" * 43,
     "9" * 16 + "." + "a" * 43, "1." + "a" * 43 + "\n", "x" * 4000, "1.é" + "a" * 42],
)  # fmt: skip
def test_a_cookie_we_did_not_write_is_nobody(client_of: Browsers, corner: Shop, value: str) -> None:
    client = client_of(corner, "")
    client.set_cookie(SESSION_COOKIE, value, domain=client.host)

    assert client.get("/").status_code == 303


def test_s3_a_session_ends_after_thirty_idle_minutes(client_of: Browsers, database: Database, corner: Shop) -> None:
    client = client_of(corner)

    age_session(database, "last_seen_at", "29 minutes")
    assert client.get("/").status_code == 200
    age_session(database, "last_seen_at", "29 minutes")
    assert client.get("/").status_code == 200
    age_session(database, "last_seen_at", "31 minutes")
    assert client.get("/").status_code == 303


def test_s3_a_session_ends_after_twelve_hours_however_busy(
    client_of: Browsers, database: Database, corner: Shop
) -> None:
    client = client_of(corner)

    age_session(database, "created_at", "11 hours 59 minutes")
    assert client.get("/").status_code == 200
    age_session(database, "created_at", "2 minutes")
    assert client.get("/").status_code == 303


def test_being_seen_is_written_at_most_once_a_minute(client_of: Browsers, database: Database, corner: Shop) -> None:
    client = client_of(corner)
    first = last_seen(database)

    client.get("/")
    assert last_seen(database) == first
    age_session(database, "last_seen_at", "61 seconds")
    client.get("/")
    again = last_seen(database)
    client.get("/")

    assert again != first
    assert last_seen(database) == again


def test_s2_a_user_who_may_come_no_more_is_out_at_once(client_of: Browsers, database: Database, corner: Shop) -> None:
    client = client_of(corner, "cashier")
    assert client.get("/").status_code == 200

    with database.connect() as superuser:
        superuser.execute("UPDATE users SET active = false WHERE login = 'cashier'")

    assert client.get("/").status_code == 303


def test_s2_a_right_taken_from_a_role_is_gone_with_the_next_request(
    client_of: Browsers, database: Database, corner: Shop
) -> None:
    client = client_of(corner, "cashier")
    assert client.get("/").status_code == 200

    with database.connect() as superuser:
        superuser.execute(
            "UPDATE roles SET built_in = NULL, permissions = '{sale.create,no.such_right}' WHERE name = 'cashier'"
        )

    response = client.get("/")
    assert response.status_code == 403
    assert "Your role does not allow this." in response.text


def test_flask_login_knows_the_shop_and_the_session_never_the_user_alone(corner: Shop) -> None:
    identity = Identity(
        tenant_id=corner.tenant_id,
        user_id=corner.owner_id,
        user_name="Olga",
        role_name="owner",
        session_id=b"\x01" * 32,
        permissions=frozenset(),
        limits={},
    )

    assert identity.get_id() == f"{corner.tenant_id}:{'01' * 32}"
    assert PASSWORD not in repr(identity)


def test_s9_two_hundred_checks_on_a_page_ask_the_database_nothing(
    app: Flask, client_of: Browsers, corner: Shop
) -> None:
    client = client_of(corner, "manager")
    rights = sorted(permissions.ALL)
    page = app.jinja_env.from_string("{% for right in rights %}{{ '1' if may(right) else '0' }}{% endfor %}")

    def check() -> str:
        return page.render(rights=(rights * 10)[:200], may=may)

    cookie = f"{SESSION_COOKIE}={client.cookie(SESSION_COOKIE)}"
    with app.test_request_context("/sign-in", base_url="http://corner.shop.localhost/", headers={"Cookie": cookie}):
        app.preprocess_request()
        with statements(app) as seen:
            checked = check()

    assert len(checked) == 200
    assert {"0", "1"} == set(checked)
    assert seen == []


def test_a_limit_arrives_with_the_person_in_the_one_query(app: Flask, client_of: Browsers, corner: Shop) -> None:
    client = client_of(corner, "cashier")
    cookie = f"{SESSION_COOKIE}={client.cookie(SESSION_COOKIE)}"

    with (
        app.test_request_context("/", base_url="http://corner.shop.localhost/", headers={"Cookie": cookie}),
        statements(app) as seen,
    ):
        app.preprocess_request()
        assert g.identity.limit("sale.discount") == permissions.LIMITS["sale.discount"].cashier
        with pytest.raises(KeyError):
            g.identity.limit("sale.everything")

    assert len(seen) == 1


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("http://corner.shop.localhost/sign-in", 200),
        ("http://rival.shop.localhost/sign-in", 400),
        ("HTTPS://evil.example", 400),
        ("http://corner.shop.localhost:81/", 400),
        ("http://corner.shop.localhost@evil.example/", 400),
        ("/sign-in?next=http://evil.example/", 200),
    ],
)
def test_a_request_line_that_names_another_host_than_the_header_is_refused(
    client_of: Browsers, corner: Shop, line: str, status: int
) -> None:
    stranger = client_of(corner, "")

    answer = stranger.get("/sign-in", environ_overrides={"RAW_URI": line, "REQUEST_URI": line})

    assert answer.status_code == status
