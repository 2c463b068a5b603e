"""What every answer says beside its content."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.clients import ShopClient, browser_at
from tests.databases import Database
from tests.shops import PASSWORD, Shop

EXACT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nothing", "/static/css/site.css", "/sign-out"])
def test_every_answer_is_sealed(client_of: Callable[..., ShopClient], corner: Shop, path: str) -> None:
    for role in ("owner", ""):
        headers = client_of(corner, role).get(path).headers

        assert headers["Content-Security-Policy"] == EXACT_POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
        assert len(headers["X-Request-Id"]) == 16


def test_the_camera_is_for_pages_that_take_codes_alone(client_of: Callable[..., ShopClient], corner: Shop) -> None:
    client = client_of(corner)

    allowed = {
        path
        for path in ("/", "/sell/", "/products/", "/scan", "/scan/test")
        if "camera=(self)" in (client.get(path).headers["Permissions-Policy"])
    }

    assert allowed == {"/sell/", "/products/"}
    assert "geolocation=()" in client.get("/sell/").headers["Permissions-Policy"]


def test_pages_are_kept_nowhere_and_differ_by_cookie_and_htmx(
    client_of: Callable[..., ShopClient], corner: Shop
) -> None:
    headers = client_of(corner).get("/").headers

    assert headers["Cache-Control"] == "no-store"
    assert set(headers["Vary"].split(", ")) == {"HX-Request", "Cookie"}


def test_a_static_file_under_its_own_digest_is_kept_for_ever(app: Flask) -> None:
    client = browser_at(app)
    with app.test_request_context():
        address = app.url_for("static", filename="css/site.css")

    kept = client.get(address)
    stale = client.get("/static/css/site.css?v=000000000000")
    missing = client.get("/static/css/nothing.css")

    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in kept.headers
    assert "Cookie" not in kept.headers.get("Vary", "")
    assert stale.headers["Cache-Control"] == "no-cache"
    assert missing.status_code == 404
    assert missing.headers["Cache-Control"] == "no-store"


def test_https_is_asked_for_only_over_https(app: Flask, corner: Shop) -> None:
    client = browser_at(app, "corner")

    assert "Strict-Transport-Security" not in client.get("/sign-in").headers
    secure = client.get("/sign-in", base_url="https://corner.shop.localhost/")
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_an_error_page_shows_the_number_of_its_request(app: Flask, corner: Shop) -> None:
    response = browser_at(app, "corner").get("/nothing")

    assert response.status_code == 404
    assert response.headers["X-Request-Id"] in response.text


def test_every_cookie_is_ours_alone(client_of: Callable[..., ShopClient], corner: Shop) -> None:
    client = client_of(corner, "")
    answers = [
        client.get("/sign-in"),
        client.post_form("/sign-in", {"login": "owner", "password": PASSWORD}),
        client.post_form("/appearance", {"theme": "dark"}),
        client.post_form("/sign-out"),
    ]

    cookies = [cookie for answer in answers for cookie in answer.headers.getlist("Set-Cookie")]
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-visit", "__Host-sid", "__Host-theme"}
    for cookie in cookies:
        attributes = {attribute.strip() for attribute in cookie.split(";")[1:]}
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= attributes
        assert "Domain" not in cookie
        assert len(cookie) <= 4096


@pytest.mark.parametrize(("proxies", "believed"), [(0, False), (1, True)])
def test_what_a_proxy_says_is_believed_only_where_there_is_one(
    database: Database, corner: Shop, proxies: int, believed: bool
) -> None:
    client = browser_at(database.make_app(proxies=proxies), "corner")
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "rival.shop.localhost"}

    answer = client.get("/sign-in", headers=said)

    assert answer.status_code == 200
    assert ("Strict-Transport-Security" in answer.headers) == believed
    assert "corner" in answer.text
    assert "rival" not in answer.text
