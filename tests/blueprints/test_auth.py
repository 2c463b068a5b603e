"""Signing in and out through the page."""

import threading
from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from flask import Flask

from ledger_web.identity import SESSION_COOKIE
from tests.bad_input import TEXT
from tests.clients import ShopClient, browser_at
from tests.databases import Database
from tests.shops import PASSWORD, Shop, add_user

Browsers = Callable[..., ShopClient]
RIGHT = {"login": "owner", "password": PASSWORD}
WRONG = {"login": "owner", "password": "not the password"}

ELSEWHERE = (
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "/\\\\evil.example", "\\evil.example",
    "\\\\evil.example", "/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example",
    " //evil.example",
    "/ /evil.example", "https://evil.example", "https:evil.example", "https:/evil.example", "http:///evil.example",
    "HTTPS://evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "ftp://evil",
    "evil.example", "evil.example/path", "@evil.example", "/@evil.example", "//@evil.example", "//evil.example@corner",
    "https://corner.shop.localhost@evil.example", "https://corner.shop.localhost.evil.example",
    "//corner.shop.localhost",
    "http://corner.shop.localhost/", "/%09/evil.example", "/%2f/evil.example", "/%5cevil.example", "%2f%2fevil.example",
    "/.//evil.example", "/..//evil.example", "/.evil.example", "/x/../..//evil.example", ";//evil.example", "?//evil",
    "#//evil.example", "/;@evil.example", "/:80//evil.example", "//[::1]/", "//127.0.0.1", "//2130706433",
    "//evil%00.x",
    "/\u2028/evil.example", "/\u3000/evil", "／／evil.example", "//evil。example", "\x00//evil.example", "/\x00/evil",
    "/static/css/site.css", "/nothing/here", "/sign-out", "x" * 2000, "/" + "a" * 2000, "\ud800",
)  # fmt: skip


def test_the_right_password_opens_the_shop(client_of: Browsers, corner: Shop) -> None:
    client = client_of(corner, "")

    response = client.post_form("/sign-in", RIGHT | {"login": "  Owner "})

    assert response.status_code == 303
    assert response.headers["Location"] == "/"
    assert client.get("/").status_code == 200


def test_s5_a_wrong_password_and_an_unknown_name_get_the_same_answer(client_of: Browsers, corner: Shop) -> None:
    client = client_of(corner, "")

    wrong = client.post_form("/sign-in", WRONG)
    unknown = client.post_form("/sign-in", {"login": "nobody", "password": "not the password"})

    assert wrong.status_code == unknown.status_code == 422
    assert "This name and password do not belong together." in wrong.text
    assert "This name and password do not belong together." in unknown.text
    assert client.cookie(SESSION_COOKIE) is None


def test_what_was_typed_stays_except_the_password(client_of: Browsers, corner: Shop) -> None:
    response = client_of(corner, "").post_form("/sign-in", WRONG | {"next": "/"})

    assert 'value="owner"' in response.text
    assert "not the password" not in response.text


def test_a_form_left_empty_says_so_at_each_field(client_of: Browsers, corner: Shop) -> None:
    response = client_of(corner, "").post_form("/sign-in", {})

    assert response.status_code == 422
    assert response.text.count('aria-invalid="true"') == 2


@pytest.mark.parametrize("field", ["login", "password", "next"])
def test_no_text_breaks_the_form(client_of: Browsers, corner: Shop, field: str) -> None:
    for text in TEXT:
        client = client_of(corner, "")
        sent = WRONG | {"login": "nobody"} | {field: text.encode("utf-8", "surrogatepass")}

        assert client.post_form("/sign-in", sent).status_code in {303, 413, 422, 429}, repr(text[:40])


@pytest.mark.parametrize("target", ELSEWHERE)
def test_s10_next_cannot_leave_our_own_pages(client_of: Browsers, corner: Shop, target: str) -> None:
    client = client_of(corner, "")
    sent = target.encode("utf-8", "surrogatepass")

    response = client.post_form("/sign-in", RIGHT | {"next": sent})
    landed = response.headers.get("Location", "/")

    assert response.status_code in {303, 422}
    assert landed == "/"


def test_next_leads_back_to_the_page_that_asked(client_of: Browsers, corner: Shop) -> None:
    client = client_of(corner, "")

    asked = client.get("/?day=2026-11-20&_external=1&_scheme=evil")
    page = client.get(asked.headers["Location"])
    response = client.post_form("/sign-in", RIGHT | {"next": "/?day=2026-11-20&_external=1&_scheme=evil"})

    assert "/?day=2026-11-20" in page.text
    assert response.headers["Location"] == "/?day=2026-11-20&_external=1&_scheme=evil"


def test_s1_signing_in_makes_a_new_session_and_ends_the_one_before(client_of: Browsers, corner: Shop) -> None:
    client = client_of(corner)
    before = client.cookie(SESSION_COOKIE)

    client.post_form("/sign-in", RIGHT)
    after = client.cookie(SESSION_COOKIE)

    assert after != before
    assert client.get("/").status_code == 200
    client.set_cookie(SESSION_COOKIE, before or "", domain=client.host)
    assert client.get("/").status_code == 303


def test_s1_a_session_cannot_be_planted(client_of: Browsers, corner: Shop) -> None:
    client = client_of(corner, "")
    planted = f"{corner.tenant_id}.{'A' * 43}"
    client.set_cookie(SESSION_COOKIE, planted, domain=client.host)

    client.post_form("/sign-in", RIGHT)

    assert client.cookie(SESSION_COOKIE) not in {planted, None}
    client.set_cookie(SESSION_COOKIE, planted, domain=client.host)
    assert client.get("/").status_code == 303


def test_s1_signing_in_begins_a_new_visit(client_of: Browsers, corner: Shop) -> None:
    client = client_of(corner, "")
    token = client.csrf_token()

    client.post("/sign-in", data=RIGHT | {"csrf_token": token})

    assert client.post("/sign-out", data={"csrf_token": token}).status_code == 403


def test_s2_signing_out_ends_the_session_at_once_and_twice_is_once(
    client_of: Browsers, app: Flask, corner: Shop
) -> None:
    client, captured = client_of(corner), browser_at(app, "corner")
    captured.set_cookie(SESSION_COOKIE, client.cookie(SESSION_COOKIE) or "", domain=captured.host)

    response = client.post_form("/sign-out")
    again = client.post_form("/sign-out")

    assert response.headers["Location"] == "/sign-in"
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert again.headers["Location"] == "/sign-in?next=/"
    assert captured.get("/").status_code == 303


def test_a_person_of_another_shop_is_nobody_here(client_of: Browsers, corner: Shop, rival: Shop) -> None:
    add_user(rival, "spy", "owner")

    response = client_of(corner, "").post_form("/sign-in", {"login": "spy", "password": PASSWORD})

    assert response.status_code == 422


def test_s2_an_inactive_user_is_nobody(client_of: Browsers, database: Database, corner: Shop) -> None:
    with database.connect() as superuser:
        superuser.execute("UPDATE users SET active = false")

    assert client_of(corner, "").post_form("/sign-in", RIGHT).status_code == 422


def test_s4_the_sixth_failure_has_to_wait_and_a_right_password_too(
    client_of: Browsers, database: Database, corner: Shop
) -> None:
    client = client_of(corner, "")

    answers = [client.post_form("/sign-in", WRONG).status_code for _ in range(5)]
    refused = client.post_form("/sign-in", RIGHT)

    assert answers == [422] * 5
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 30
    assert f"Wait {refused.headers['Retry-After']} seconds, then try again." in refused.text
    let_time_pass(database, "30 seconds")
    assert client.post_form("/sign-in", RIGHT).status_code == 303
    assert client.post_form("/sign-in", WRONG).status_code == 422


def test_s4_the_wait_doubles_up_to_fifteen_minutes(client_of: Browsers, database: Database, corner: Shop) -> None:
    client = client_of(corner, "")
    for _ in range(5):
        client.post_form("/sign-in", WRONG)

    waits = []
    for _ in range(7):
        waits.append(int(client.post_form("/sign-in", WRONG).headers["Retry-After"]))
        let_time_pass(database, f"{waits[-1]} seconds")
        assert client.post_form("/sign-in", WRONG).status_code == 422

    assert [round(wait / 10) * 10 for wait in waits] == [30, 60, 120, 240, 480, 900, 900]


def test_failures_are_forgotten_after_fifteen_minutes(client_of: Browsers, database: Database, corner: Shop) -> None:
    client = client_of(corner, "")
    for _ in range(4):
        client.post_form("/sign-in", WRONG)
    let_time_pass(database, "15 minutes")

    assert [client.post_form("/sign-in", WRONG).status_code for _ in range(6)] == [422] * 5 + [429]


def test_one_login_that_waits_keeps_no_other_waiting(client_of: Browsers, corner: Shop) -> None:
    add_user(corner, "ben", "cashier")
    client = client_of(corner, "")
    for _ in range(6):
        client.post_form("/sign-in", WRONG)

    assert client.post_form("/sign-in", {"login": "ben", "password": PASSWORD}).status_code == 303


def test_s4_thirty_failures_from_one_address_make_it_wait(
    client_of: Browsers, database: Database, corner: Shop
) -> None:
    client = client_of(corner, "")
    with database.connect() as superuser:
        superuser.execute(
            "INSERT INTO sign_in_failures VALUES (%s, 'address:127.0.0.1', 29, now())", [corner.tenant_id]
        )

    assert client.post_form("/sign-in", {"login": "somebody", "password": "a guess"}).status_code == 422
    assert client.post_form("/sign-in", {"login": "anybody", "password": "a guess"}).status_code == 429


def test_signing_in_oneself_does_not_clear_the_address(client_of: Browsers, database: Database, corner: Shop) -> None:
    client = client_of(corner, "")
    for login in ("ada", "bob", "cid"):
        client.post_form("/sign-in", {"login": login, "password": "a guess"})

    client.post_form("/sign-in", RIGHT)

    with database.connect() as superuser:
        row = superuser.execute("SELECT failures FROM sign_in_failures WHERE subject LIKE 'address:%'").fetchone()
    assert row == (3,)


def test_s4_twenty_guesses_at_once_are_five(app: Flask, corner: Shop) -> None:
    barrier = threading.Barrier(20)
    answers: list[int] = []

    def guess() -> None:
        client = browser_at(app, "corner")
        token = client.csrf_token()
        barrier.wait()
        answers.append(client.post("/sign-in", data=WRONG | {"csrf_token": token}).status_code)

    threads = [threading.Thread(target=guess) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Whoever finds no connection in three seconds is told to come back: eight connections, twenty guesses.
    assert answers.count(422) == 5
    assert set(answers) <= {422, 429, 503}


@pytest.mark.usefixtures("slow_hashes")
def test_s6_an_older_hash_is_renewed_when_its_owner_signs_in(
    client_of: Browsers, database: Database, corner: Shop
) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    with database.connect() as superuser:
        superuser.execute("UPDATE users SET password_hash = %s", [weak])

    client_of(corner, "").post_form("/sign-in", RIGHT)

    with database.connect() as superuser:
        row = superuser.execute("SELECT password_hash FROM users").fetchone()
    assert row is not None
    assert row[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_only_a_digest_of_the_token_is_stored(client_of: Browsers, database: Database, corner: Shop) -> None:
    client = client_of(corner, "")
    client.post_form("/sign-in", RIGHT)
    token = (client.cookie(SESSION_COOKIE) or "").partition(".")[2]

    with database.connect() as superuser:
        stored = [bytes(row[0]) for row in superuser.execute("SELECT id FROM sessions").fetchall()]

    assert len(token) == 43
    assert [len(digest) for digest in stored] == [32]
    assert token.encode() not in stored


def let_time_pass(database: Database, interval: str) -> None:
    with database.connect() as superuser:
        superuser.execute("UPDATE sign_in_failures SET window_start = window_start - %s::interval", [interval])
