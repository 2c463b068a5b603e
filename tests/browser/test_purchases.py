"""A purchase written down and received with the keyboard alone, in a real browser."""

import os
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ledger_web.domain.ids import new_id
from ledger_web.services.purchase_drafts import StartDraft, WantedLine, start_draft
from tests.books import stock_of
from tests.browser.conftest import Site
from tests.purchases import add_charge, add_goods, add_line, add_vendor, buy
from tests.shops import Shop

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one Chromium at a time

SHOTS = os.environ.get("SHOTS", "")  # a directory: pictures of the pages are kept there


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def test_a_purchase_needs_no_mouse(site: Site, shop: Shop) -> None:
    add_vendor(shop)
    rice = add_goods(shop)
    add_goods(shop, "Salt")
    page = site.open(shop)
    page.goto("/purchases/")

    page.keyboard.press("Alt+n")
    page.wait_for_url("**/purchases/drafts/**")
    expect(page.locator("#purchase-head #vendor_id")).to_be_focused()
    page.keyboard.type("Karim", delay=120)
    page.keyboard.press("Tab")
    page.locator("#purchase-head #currency").focus()
    page.keyboard.type("USD", delay=120)
    page.keyboard.press("Tab")
    expect(page.locator("#rate-value")).to_be_visible()
    page.keyboard.press("Alt+e")
    page.keyboard.type("281.5", delay=120)
    page.keyboard.press("Enter")
    expect(page.locator(".big-rate")).to_contain_text("1 USD = 281.50 PKR")
    page.keyboard.press("Alt+n")
    page.keyboard.type("rice", delay=120)
    page.keyboard.press("Enter")
    expect(page.locator("[name=quantity]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[data-cost]")).to_be_focused()
    page.keyboard.type("2.5", delay=120)
    page.keyboard.press("Enter")
    expect(page.locator("#scan-text")).to_be_focused()
    expect(page.locator(".line-total")).to_have_text("2.50 USD")
    expect(page.locator("#purchase-totals")).to_contain_text("703.75")
    page.keyboard.type("3*salt", delay=120)
    page.keyboard.press("Enter")
    expect(page.locator(".purchase-line").nth(1).locator("[data-cost]")).to_be_focused()
    page.keyboard.type("4", delay=120)
    page.keyboard.press("Enter")
    expect(page.locator("#purchase-sum")).to_contain_text("14.50 USD")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".purchase-line").nth(1).locator("[data-cost]")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".purchase-line").nth(0).locator("[data-cost]")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+Delete")
    expect(page.locator(".purchase-line")).to_have_count(1)
    expect(page.locator("#purchase-sum")).to_contain_text("2.50 USD")
    shoot(page, "purchase-form")
    page.wait_for_load_state("networkidle")  # a form that is being changed takes no key
    page.keyboard.press("Alt+Enter")
    page.wait_for_url("**/purchases/0*")

    expect(page.locator("h1")).to_have_text("Purchase PUR-000001")
    shoot(page, "purchase")
    assert stock_of(shop, rice) == (1, 703_75)


@pytest.mark.parametrize("lines", [1, pytest.param(300, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("width", "scheme", "direction"), [(1280, "dark", "ltr"), (390, "light", "ltr"), (390, "light", "rtl")]
)
def test_the_form_fits_a_phone_and_both_directions(
    site: Site, shop: Shop, width: int, scheme: str, direction: str, lines: int
) -> None:
    karim, rice, tea = add_vendor(shop), add_goods(shop, "Rice, long grain"), add_goods(shop, "چای سیاه")
    buy(shop, karim, (rice, 40, "2.5"), currency="USD", rate="281.5")
    many = tuple(
        WantedLine(product_id=add_goods(shop, f"Goods {n}"), quantity=Decimal(3), unit_cost=Decimal("2.37"))
        for n in range(lines)
    )
    draft_id = start_draft(StartDraft(id=new_id(), vendor_id=karim, lines=many), shop.act()).id
    add_line(shop, draft_id, rice, 12, "2.55")
    add_line(shop, draft_id, tea, 3, None)
    add_charge(shop, draft_id, 4_00, "weight")
    page = site.open(shop)
    page.goto(f"/purchases/drafts/{draft_id}")

    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.evaluate(f"document.documentElement.dir = '{direction}'")

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shoot(page, f"form-{lines}-{width}-{scheme}-{direction}")
    for name in ("purchases/", "purchases/unpaid", "rates/", "purchases/exchange"):
        page.goto(f"/{name}")
        page.evaluate(f"document.documentElement.dir = '{direction}'")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        shoot(page, f"{name.strip('/').replace('/', '-')}-{width}-{scheme}-{direction}")
