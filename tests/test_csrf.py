"""Nobody else's page can make a browser write here."""

from collections.abc import Callable, Iterable

import pytest
from flask import Flask

from ledger_web.csrf import UNSAFE_METHODS
from tests.clients import ShopClient, browser_at, path_of
from tests.operators import let_in
from tests.shops import Shop

SIGN_OUT = "/sign-out"


@pytest.fixture
def client(client_of: Callable[..., ShopClient], corner: Shop) -> ShopClient:
    return client_of(corner)


def is_signed_in(client: ShopClient) -> bool:
    return client.get("/").status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "", "same-origin, cross-site"])
def test_a_form_from_another_site_is_refused_even_with_a_token(client: ShopClient, site: str) -> None:
    response = client.post_form(SIGN_OUT, headers={"Sec-Fetch-Site": site})

    assert response.status_code == 403
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "origin",
    ["null", "http://rival.shop.localhost", "https://corner.shop.localhost", "http://corner.shop.localhost:81", "x"],
)
def test_an_old_browser_has_to_name_our_own_origin(app: Flask, client: ShopClient, origin: str) -> None:
    token = client.csrf_token()

    refused = _without_fetch_metadata(client, token, {"Origin": origin})
    nameless = _without_fetch_metadata(client, token, {})

    assert (refused, nameless) == (403, 403)
    assert is_signed_in(client)
    assert _without_fetch_metadata(client, token, {"Origin": "http://corner.shop.localhost"}) == 303


def test_a_form_without_a_token_is_refused(client: ShopClient) -> None:
    assert client.post(SIGN_OUT).status_code == 403
    assert client.post_form(SIGN_OUT, {"csrf_token": "made up"}).status_code == 403
    assert is_signed_in(client)


def test_a_token_of_another_visit_is_refused(
    client_of: Callable[..., ShopClient], client: ShopClient, corner: Shop
) -> None:
    client.csrf_token()
    token_of_another = client_of(corner, "cashier").csrf_token()

    assert client.post(SIGN_OUT, data={"csrf_token": token_of_another}).status_code == 403
    assert is_signed_in(client)


def test_a_visit_to_another_shop_is_worth_nothing_here(
    client_of: Callable[..., ShopClient], client: ShopClient, rival: Shop
) -> None:
    elsewhere = client_of(rival, "")
    token = elsewhere.csrf_token()
    client.set_cookie("__Host-visit", elsewhere.cookie("__Host-visit") or "", domain=client.host)

    assert client.post(SIGN_OUT, data={"csrf_token": token}).status_code == 403
    assert is_signed_in(client)


def test_the_token_may_come_in_the_header_that_htmx_sends(client: ShopClient) -> None:
    response = client.post(SIGN_OUT, headers={"X-CSRFToken": client.csrf_token()})

    assert response.status_code == 303
    assert not is_signed_in(client)


def test_every_unsafe_route_asks_for_the_token(
    app: Flask, client: ShopClient, client_of: Callable[..., ShopClient]
) -> None:
    at = {"is_on_bare_domain": browser_at(app), "is_operators_only": client_of(let_in())}
    paths = {
        (method, path_of(app, rule, method), _mark_of(app, rule.endpoint, at))
        for rule in app.url_map.iter_rules()
        for method in UNSAFE_METHODS & (rule.methods or set())
    }

    answers = {path: at.get(mark, client).open(path, method=method).status_code for method, path, mark in paths}

    assert answers
    assert {path: status for path, status in answers.items() if status != 403} == {}


def _mark_of(app: Flask, endpoint: str, marks: Iterable[str]) -> str:
    return next((mark for mark in marks if getattr(app.view_functions[endpoint], mark, False)), "")


def _without_fetch_metadata(client: ShopClient, token: str, headers: dict[str, str]) -> int:
    """Send the form as a browser of before 2020 would."""
    environ = {"HTTP_" + name.upper(): value for name, value in headers.items()}
    response = super(ShopClient, client).open(
        SIGN_OUT,
        method="POST",
        base_url=f"http://{client.host}/",
        data={"csrf_token": token},
        environ_overrides=environ,
    )
    return int(response.status_code)
