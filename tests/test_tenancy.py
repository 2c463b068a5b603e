"""Which shop a host name leads to: read strictly, and alike for all that is not there."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.exceptions import BadRequest

from ledger_web.domain.slugs import is_slug
from ledger_web.tenancy import BARE, slug_of
from tests.clients import ShopClient, browser_at
from tests.databases import Database
from tests.shops import Shop

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


def test_unknown_suspended_and_deleted_shops_look_alike(
    app: Flask, database: Database, corner: Shop, rival: Shop
) -> None:
    with database.connect() as superuser:
        superuser.execute("UPDATE tenant_directory SET status = 'suspended' WHERE slug = 'corner'")
        superuser.execute("UPDATE tenant_directory SET status = 'deleted' WHERE slug = 'rival'")

    answers = [browser_at(app, slug).get("/") for slug in ("corner", "rival", "nobody")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({_without_numbers(answer.text) for answer in answers}) == 1


def test_a_suspended_shop_lets_nobody_in_who_was_signed_in(
    client_of: Callable[..., ShopClient], database: Database, corner: Shop
) -> None:
    client = client_of(corner)
    with database.connect() as superuser:
        superuser.execute("UPDATE tenant_directory SET status = 'suspended' WHERE slug = 'corner'")

    assert client.get("/").status_code == 404


def test_pages_of_shops_are_not_on_the_bare_domain_and_the_landing_page_is_on_no_shop(app: Flask, corner: Shop) -> None:
    assert browser_at(app).get("/sign-in").status_code == 404
    assert browser_at(app, "corner").get("/welcome").status_code == 404


def test_forwarded_hosts_are_not_believed(app: Flask, corner: Shop) -> None:
    response = browser_at(app, "nobody").get("/sign-in", headers={"X-Forwarded-Host": "corner.shop.localhost"})

    assert response.status_code == 404


def _without_numbers(html: str) -> str:
    return re.sub(r"[0-9a-f]{16}|\"[\w.-]{60,}\"|value=\"[^\"]*\"", "", html)
