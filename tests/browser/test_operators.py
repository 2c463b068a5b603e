"""Somebody who runs the system in Chromium: in by a code, a shop found and suspended under a cashier's hands, help."""

import os
import re
import time
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from ledger_web.domain.totp import STEP_SECONDS, code_at
from tests import books
from tests.browser.conftest import AXE, Site
from tests.browser.scanners import Scanner
from tests.operators import let_in
from tests.shops import PASSWORD, Shop, add_product

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one Chromium at a time

NEWER = "seven lean cows by the river"
SHOTS = os.environ.get("SHOTS", "")


def _shot(page: Page, name: str) -> None:
    """Keep a picture of the whole page where SHOTS names a folder: to be looked at by people."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def test_a_shop_is_suspended_under_a_cashiers_hands_and_its_owner_is_helped_in(
    app: Flask, site: Site, corner: Shop, rival: Shop
) -> None:
    add_product(corner, "Milk")
    operator = let_in(with_codes=False)
    cashier = site.open(corner, "cashier")
    cashier.goto("/sell/")
    Scanner(cashier).scan("Milk")
    console = site.open(operator, role="")

    _come_in(console)
    _find(console, "cor", "corner")
    _act(console, "Suspend", "Suspend", "Invoice 17 is not paid")
    Scanner(cashier).scan("Milk")
    expect(cashier.get_by_text("This shop is suspended").first).to_be_visible()
    assert books.count(corner, "sales") == 0
    _act(console, "Let it go on", "Let it go on", "Paid")
    link = _link(console)
    _choose_a_password(site, corner, link)

    assert [each for each in site.trouble.complaints if not re.search(r"403|404", each)] == []  # refused, as meant


def _come_in(page: Page) -> None:
    page.goto("/")
    page.locator("#login").fill("nina")
    page.locator("#password").fill(PASSWORD)
    page.locator("form button.primary").click()
    page.wait_for_url("**/account/codes")
    page.goto("/shops/")
    page.wait_for_url("**/account/codes")
    secret = re.search(r"[A-Z2-7]{32}", page.locator("main").inner_text().replace(" ", ""))
    assert secret is not None
    page.locator("#code").fill(code_at(secret[0], int(time.time()) // STEP_SECONDS))
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button.primary").click()
    expect(page.locator(".codes code").first).to_be_visible()


def _find(page: Page, typed: str, slug: str) -> None:
    page.goto("/shops/")
    _look_at(page, "shops")
    page.locator("#q").press_sequentially(typed)
    expect(page.locator("#shops-list tbody tr")).to_have_count(1)
    page.get_by_role("link", name=slug).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(slug)
    _look_at(page, "shop")


def _act(page: Page, link: str, button: str, reason: str) -> None:
    page.locator(".page-head").get_by_role("link", name=link, exact=True).click()
    page.get_by_label("Reason").fill(reason)
    _look_at(page, "act")
    page.locator("#act-form button").click()
    expect(page.locator("#messages .message.good")).to_be_visible()


def _link(page: Page) -> str:
    page.locator(".page-head").get_by_role("link", name="Link for an owner").click()
    page.get_by_label("Owner").select_option(index=0)
    page.get_by_label("The phone with the codes is lost, too").check()
    page.get_by_label("Reason").fill("Called from the number we know")
    page.locator("#act-form button").click()
    return page.locator("#address").input_value()


def _choose_a_password(site: Site, shop: Shop, link: str) -> None:
    owner = site.open(shop, role="")
    owner.goto(link)
    for each in owner.locator("input[type=password]").all():
        each.fill(NEWER)
    owner.get_by_role("button", name="Set the password").click()
    owner.locator("#login").fill("owner")
    owner.locator("#password").fill(NEWER)
    owner.locator("form button.primary").click()
    expect(owner.locator("nav.side")).to_be_visible()
    owner.goto(link)
    expect(owner.locator("input[type=password]")).to_have_count(0)
    owner.goto("/admin/audit/?area=user")
    expect(owner.get_by_text("Called from the number we know")).to_be_visible()


def _look_at(page: Page, name: str) -> None:
    """Ask axe what somebody with a screen reader would stumble over."""
    page.evaluate(AXE)
    assert page.evaluate("async () => (await axe.run()).violations.map(({ id }) => id)") == [], name
    _shot(page, name)


def test_the_pages_look_as_they_should_dark_on_a_phone_and_from_right_to_left(
    app: Flask, site: Site, corner: Shop
) -> None:
    """Nothing is wider than the screen."""
    operator = let_in()
    for name, options, language in (
        ("light", {}, "en"),
        ("dark", {"color_scheme": "dark"}, "de"),
        ("phone", {"viewport": {"width": 360, "height": 740}}, "ru"),
        ("right-to-left", {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}, "fa"),
        ("right-to-left-wide", {}, "fa"),
    ):
        with operator.act() as uow:
            uow.execute(
                "UPDATE users SET language = %(language)s WHERE tenant_id = %(tenant_id)s", {"language": language}
            )
        page = site.open(operator, "owner", **options)
        for path in ("/shops/", "/shops/at/corner", "/shops/at/corner/link", "/shops/new", "/system", "/admin/audit/"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, path)
            _shot(page, name + path.replace("/", "-"))
    assert site.trouble.complaints == []
