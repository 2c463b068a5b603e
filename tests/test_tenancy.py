"""Which shop a host name leads to: read strictly, and alike for all that is not there."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.exceptions import BadRequest

from ledger_web.domain.errors import ShopSuspendedError
from ledger_web.domain.ids import new_id
from ledger_web.domain.slugs import is_slug
from ledger_web.services.shop_lifecycle import (
    DeleteShop,
    MoveShop,
    SuspendShop,
    delete_shop,
    move_shop,
    suspend_shop,
)
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.tenancy import BARE, slug_of
from tests.books import count
from tests.clients import ShopClient, browser_at
from tests.shops import PASSWORD, Shop, add_product, open_a_shop, sell

BASE = "shop.localhost"
NO_ADDRESS = (
    "",
    " ",
    ".",
    ".shop.localhost",
    "shop.localhost.",
    "corner.shop.localhost.",
    "Corner.shop.localhost",
    "corner.SHOP.localhost",
    "a.corner.shop.localhost",
    "a.b.corner.shop.localhost",
    "-corner.shop.localhost",
    "corner-.shop.localhost",
    "co_rner.shop.localhost",
    "co.shop.localhost",
    "x.shop.localhost",
    f"{'a' * 41}.shop.localhost",
    "cornershop.localhost.evil.example",
    "corner.shop.localhost.evil.example",
    "evilshop.localhost",
    "corner.evilshop.localhost",
    "shop.localhost@evil.example",
    "user:pass@corner.shop.localhost",
    "corner.shop.localhost,rival.shop.localhost",
    "corner.shop.localhost rival.shop.localhost",
    "corner.shop.localhost:",
    "corner.shop.localhost:0x50",
    "corner.shop.localhost:123456",
    "corner.shop.localhost:80:80",
    "corner.shop.localhost:-1",
    "corner.shop.localhost\t",
    "corner\x00.shop.localhost",
    "corner%2eshop.localhost",
    "corner.shop.localhost/",
    "127.0.0.1",
    "[::1]:8000",
    "localhost",
    "cörner.shop.localhost",
    "corner。shop.localhost",
    "ｃorner.shop.localhost",
)


@pytest.mark.parametrize("host", NO_ADDRESS)
def test_a_host_that_is_not_exactly_one_label_before_ours_is_refused(host: str) -> None:
    with pytest.raises(BadRequest):
        slug_of(host, BASE)


@pytest.mark.parametrize("host", [BASE, f"{BASE}:8000"])
def test_the_bare_domain_is_no_shop(host: str) -> None:
    assert slug_of(host, BASE) == BARE


@pytest.mark.parametrize("host", [f"corner.{BASE}", f"corner.{BASE}:8000", f"corner.{BASE}:80"])
def test_the_label_is_the_shop(host: str) -> None:
    assert slug_of(host, BASE) == "corner"


@pytest.mark.parametrize("slug", ["abc", "a-1", "0ne", "a" * 40])
def test_slugs_have_three_to_forty_signs(slug: str) -> None:
    assert is_slug(slug)
    assert slug_of(f"{slug}.{BASE}", BASE) == slug


@pytest.mark.parametrize("host", [host for host in NO_ADDRESS if host.isascii() and host.isprintable()])
def test_a_request_for_no_address_of_ours_is_a_400_without_a_trace(app: Flask, host: str) -> None:
    response = browser_at(app).get("/", headers={"Host": host})

    assert response.status_code == 400
    assert "Traceback" not in response.text


def test_t9_unknown_and_deleted_shops_look_alike_and_a_suspended_one_like_any_other(app: Flask, shop: Shop) -> None:
    rival = open_a_shop("rival")
    before = browser_at(app, "corner").get("/sign-in")
    suspend_shop(SuspendShop(), UnitOfWork(shop.tenant_id))
    delete_shop(DeleteShop(), UnitOfWork(rival.tenant_id))

    answers = [browser_at(app, slug).get("/") for slug in ("rival", "nobody")]
    suspended = browser_at(app, "corner").get("/sign-in")

    assert [answer.status_code for answer in answers] == [404, 404]
    assert len({_without_numbers(answer.text) for answer in answers}) == 1
    assert _without_numbers(suspended.text) == _without_numbers(before.text)


def test_t9_in_a_suspended_shop_everything_is_read_and_nothing_written(
    client_of: Callable[..., ShopClient], corner: Shop
) -> None:
    product, client = add_product(corner), client_of(corner)
    suspend_shop(SuspendShop(), UnitOfWork(corner.tenant_id))

    page = client.get(f"/products/{product}")
    refused = client.post_form("/products/", {"op_id": str(new_id()), "name": "Tea", "unit_price": "1"})

    assert (page.status_code, "This shop is suspended" in page.text) == (200, True)
    assert (refused.status_code, "This shop is suspended" in refused.text) == (403, True)
    assert count(corner, "products") == 1
    with pytest.raises(ShopSuspendedError):
        sell(corner, (product, 1, 115_00))
    assert count(corner, "sales") == 0
    assert client_of(corner, "").post_form("/sign-in", {"login": "owner", "password": PASSWORD}).status_code == 303
    assert client.post_form("/sign-out", {}).status_code == 303


def test_an_address_that_a_shop_left_leads_to_the_new_one(
    app: Flask, client_of: Callable[..., ShopClient], corner: Shop
) -> None:
    client = client_of(corner)
    move_shop(MoveShop(slug="corner-store-2"), corner.act())

    left = browser_at(app, "corner").get("/products/?q=a%20b")

    assert (left.status_code, left.location) == (308, "http://corner-store-2.shop.localhost/products/?q=a%20b")
    assert client.get("/").status_code == 308


def test_pages_of_shops_are_not_on_the_bare_domain_and_the_landing_page_is_on_no_shop(app: Flask, corner: Shop) -> None:
    assert browser_at(app).get("/sign-in").status_code == 404
    assert browser_at(app, "corner").get("/welcome").status_code == 404


def test_forwarded_hosts_are_not_believed(app: Flask, corner: Shop) -> None:
    response = browser_at(app, "nobody").get("/sign-in", headers={"X-Forwarded-Host": "corner.shop.localhost"})

    assert response.status_code == 404


def _without_numbers(html: str) -> str:
    return re.sub(r"[0-9a-f]{16}|\"[\w.-]{60,}\"|value=\"[^\"]*\"", "", html)
