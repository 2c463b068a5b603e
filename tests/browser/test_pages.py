"""Every page that links lead to: usable by everyone, on a phone, in the dark, from right to left."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from sqlalchemy import text

from ledger_web.models.base import session_of
from tests.browser.conftest import AXE, Site
from tests.clients import browser_at
from tests.furnished import furnish
from tests.pages import walk
from tests.shops import Shop

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one Chromium at a time

PHONE: ViewportSize = {"width": 360, "height": 740}
SHOWN_AS_CUSTOMERS = {"vendors", "employees", "members"}  # the same templates
DESK: ViewportSize = {"width": 1280, "height": 800}

# WCAG 2.2 AA, and what axe's makers hold to be good practice where it concerns whole pages.
_RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_CONTRAST = {"type": "rule", "values": ["color-contrast"]}
_AXE_RUN = """async (rules) => {
    const { violations } = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
}"""
_WIDER_THAN_THE_SCREEN = """() => {
    const root = document.scrollingElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const isOutside = (each) => each.getBoundingClientRect().right > innerWidth + 1;
    const late = [...document.querySelectorAll("main *")].filter(isOutside);
    return [`${root.scrollWidth}px`, ...late.slice(0, 3).map((each) => each.outerHTML.slice(0, 120))];
}"""
_HORIZONTALLY = "() => ({direction: getComputedStyle(document.body).direction, dir: document.documentElement.dir})"


@pytest.mark.parametrize("in_the_dark", [3, pytest.param(1, marks=pytest.mark.long)])
def test_every_page_is_fit_for_everyone_in_light_and_dark_and_on_a_phone(
    site: Site, shop: Shop, in_the_dark: int
) -> None:
    """Nothing that axe finds (names of controls, headings, landmarks, contrast), nothing wider than the screen.

    All pages have their colours from one place: every third is looked at in the dark, in the long run all.
    """
    furnish(shop)
    page = site.open(shop, color_scheme="light", viewport=DESK, reduced_motion="reduce")
    found: dict[str, Any] = {}

    for number, path in enumerate(_paths(site, shop)):
        page.set_viewport_size(DESK)
        page.emulate_media(color_scheme="light")
        _visit(page, path).evaluate(AXE)
        in_light = page.evaluate(_AXE_RUN, _RULES)
        in_dark = []
        if number % in_the_dark == 0:
            page.emulate_media(color_scheme="dark")
            in_dark = page.evaluate(_AXE_RUN, _CONTRAST)
        page.set_viewport_size(PHONE)
        on_a_phone = page.evaluate(_WIDER_THAN_THE_SCREEN)
        if in_light or in_dark or on_a_phone:
            found[path] = {"light": in_light, "dark": in_dark, "phone": on_a_phone}

    assert not found, json.dumps(found, indent=1)
    assert site.trouble.complaints == []


@pytest.mark.parametrize("path", ["/sign-in", "/nothing/here"])
def test_the_pages_of_strangers_can_be_used_by_everyone(site: Site, shop: Shop, path: str) -> None:
    for scheme in ("light", "dark"):
        page = site.open(shop, role="", color_scheme=scheme)
        _visit(page, path).evaluate(AXE)

        assert page.evaluate(_AXE_RUN, _RULES) == []


def test_a_shop_that_writes_from_right_to_left_is_shown_so(site: Site, shop: Shop) -> None:
    furnish(shop)
    _let_it_write(shop, "ur")
    page = site.open(shop, viewport=PHONE)

    for path in ("/", "/sell/", "/sales/", "/products/"):
        _visit(page, path)

        assert page.evaluate(_HORIZONTALLY) == {"direction": "rtl", "dir": "rtl"}
        assert page.evaluate(_WIDER_THAN_THE_SCREEN) == [], path
    expect(page.locator("html")).to_have_attribute("lang", "ur")


def test_the_look_that_was_chosen_stays(site: Site, shop: Shop) -> None:
    page = site.open(shop, color_scheme="light")
    page.goto("/")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Dark").click()
    page.wait_for_load_state()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != light
    _visit(page, "/sales/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def _paths(site: Site, shop: Shop) -> list[str]:
    client = browser_at(site.app, shop.slug)
    client.sign_in_as(shop, "owner")
    return [page.path for page in walk(site.app, client) if page.endpoint.partition(".")[0] not in SHOWN_AS_CUSTOMERS]


def _visit(page: Page, path: str) -> Page:
    page.goto(path)
    return page


def _let_it_write(shop: Shop, locale: str) -> None:
    session = session_of(shop.tenant_id)
    session.execute(
        text("UPDATE tenants SET locale = :locale WHERE tenant_id = :tenant_id"),
        {"locale": locale, "tenant_id": shop.tenant_id},
    )
    session.commit()
