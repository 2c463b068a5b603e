"""Signing up over HTTP: a shop of one's own, from the bare domain."""

from collections.abc import Iterator

import pytest
from flask import Flask

from ledger_web.domain.countries import countries
from ledger_web.domain.currencies import CURRENCIES
from ledger_web.domain.ids import new_id
from ledger_web.queries.tenants import list_tenants
from tests.clients import ShopClient, browser_at
from tests.shops import PASSWORD, Shop


@pytest.fixture
def stranger(app: Flask) -> ShopClient:
    return browser_at(app)


@pytest.fixture
def closed(app: Flask) -> Iterator[None]:
    app.config["SIGN_UP"] = False
    yield
    app.config["SIGN_UP"] = True


def form(**changed: str) -> dict[str, str]:
    filled = {
        "op_id": str(new_id()),
        "name": "Kabul Bread",
        "slug": "Bread",
        "country": "AF",
        "currency": "",
        "time_zone": "",
        "language": "en",
        "owner_name": "Ahmad Zahir",
        "login": "ahmad",
        "password": PASSWORD,
    }
    return filled | changed


def test_a_shop_is_opened_with_what_is_usual_in_its_country_and_its_owner_signs_in(
    app: Flask, stranger: ShopClient
) -> None:
    sent = form()

    opened = stranger.post_form("/sign-up/", sent)
    again = stranger.post_form("/sign-up/", sent, htmx=True)

    for answer in (opened, again):
        assert answer.status_code == 200
        assert 'href="http://bread.shop.localhost/sign-in"' in answer.text
    assert opened.headers["Refresh"] == "3; url=http://bread.shop.localhost/sign-in"
    assert [shop.slug for shop in list_tenants()] == ["bread"]
    owner = browser_at(app, "bread")
    assert owner.post_form("/sign-in", {"login": "ahmad", "password": PASSWORD}).status_code == 303
    assert "0 AFN" in owner.get("/drawers/").text


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": ""}, "Name of the shop: "),
        ({"slug": "a"}, "Address: An address has 3 to 40"),
        ({"slug": "admin"}, "Address: admin is kept for the system"),
        ({"slug": "c0rner"}, "Address: c0rner is taken, or looks like"),
        ({"country": ""}, "Country: Choose one"),
        ({"country": "XX"}, "Country: Choose one that is in the list"),
        ({"currency": "XXX"}, "Base currency: Choose one"),
        ({"time_zone": "Mars/Olympus"}, "Time zone: Choose one"),
        ({"owner_name": ""}, "Your name: "),
        ({"login": "\u202eowner"}, "Name to sign in with: "),
        ({"password": "password1"}, "Password: "),
        ({"op_id": "none"}, "form"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_what_was_typed_stays(
    stranger: ShopClient, corner: Shop, changed: dict[str, str], sentence: str
) -> None:
    answer = stranger.post_form("/sign-up/", form(**changed))

    assert (answer.status_code, sentence in answer.text) == (422, True), answer.text
    assert "Kabul Bread" in answer.text or "name" in changed
    assert PASSWORD not in answer.text
    assert [shop.slug for shop in list_tenants()] == ["corner"]


def test_whether_an_address_is_free_is_said_while_it_is_typed(stranger: ShopClient, corner: Shop) -> None:
    said = {
        slug: stranger.get(f"/sign-up/address?slug={slug}", htmx=True).text for slug in ("bread", "corner", "ab", "")
    }

    assert "bread can be yours" in said["bread"]
    assert "corner is taken" in said["corner"]
    assert "3 to 40" in said["ab"]
    assert "hidden" in said[""]
    assert "Is the address free" in stranger.get("/sign-up/address?slug=bread").text


def test_where_strangers_may_not_open_shops_there_is_no_page_for_it(stranger: ShopClient, closed: None) -> None:
    assert "/sign-up/" not in stranger.get("/welcome").text
    for answer in (
        stranger.get("/sign-up/"),
        stranger.post_form("/sign-up/", form()),
        stranger.get("/sign-up/address"),
    ):
        assert answer.status_code == 404
    assert list_tenants() == []


def test_shops_have_no_sign_up_of_their_own(app: Flask, corner: Shop) -> None:
    assert browser_at(app, "corner").get("/sign-up/").status_code == 404


def test_every_country_has_a_currency_and_a_zone() -> None:
    known = countries()

    assert len(known) > 200
    assert {country.currency for country in known.values()} <= CURRENCIES
    assert (known["AF"].currency, known["AF"].time_zone, known["US"].time_zone) == (
        "AFN", "Asia/Kabul", "America/New_York",
    )  # fmt: skip
