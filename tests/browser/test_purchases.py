"""A purchase written down and received with the keyboard alone, in a real browser."""

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ledger_web.domain.ids import new_id
from ledger_web.services.purchase_draft_lines import WantedLine
from ledger_web.services.purchase_drafts import StartDraft, start_draft
from ledger_web.services.rates import RecordRate, record_rate
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


@pytest.mark.parametrize("lines", [10, pytest.param(300, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("width", "scheme", "direction"),
    [(1280, "dark", "ltr"), (1280, "light", "rtl"), (360, "light", "ltr"), (360, "dark", "rtl")],
)
def test_every_page_of_purchases_fits_a_phone_and_both_directions(
    site: Site, shop: Shop, width: int, scheme: str, direction: str, lines: int
) -> None:
    karim, rice, tea = add_vendor(shop), add_goods(shop, "Rice, long grain"), add_goods(shop, "چای سیاه")
    carrier = add_vendor(shop, "Caspian Freight", "EUR")
    purchase_id = buy(shop, karim, (rice, 40, "2.5"), (tea, 12, "31.40"), currency="USD", rate="281.5")
    today = dt.datetime.now(dt.UTC).date()
    rate = RecordRate(id=new_id(), currency="USD", unit="USD", value=Decimal(282), valid_on=today, note="Bazaar")
    record_rate(rate, shop.act())
    many = tuple(
        WantedLine(product_id=add_goods(shop, f"Goods {n}"), quantity=Decimal(3), unit_cost=Decimal("2.37"))
        for n in range(lines)
    )
    draft_id = start_draft(StartDraft(id=new_id(), vendor_id=karim, lines=many), shop.act()).id
    add_line(shop, draft_id, rice, 12, "2.55", discount_percent="2.5", tax_percent="17")
    add_line(shop, draft_id, tea, 3, None)
    add_charge(shop, draft_id, 4_00, "weight")
    add_charge(shop, draft_id, 42_00, "value", payee_id=carrier, currency="EUR", rate="305.25", tax=5, name="Ship")
    page = site.open(shop)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    pages = {
        "form": f"purchases/drafts/{draft_id}",
        "part": f"purchases/drafts/{draft_id}/part",
        "list": "purchases/",
        "unpaid": "purchases/unpaid",
        "foreign": "purchases/exchange",
        "rates": "rates/",
        "purchase": f"purchases/{purchase_id}",
        "return": f"purchases/{purchase_id}/returns/new",
        "charge": f"purchases/{purchase_id}/charges/new",
        "prices": f"purchases/{purchase_id}/prices",
        "paper": f"purchases/{purchase_id}/papers/new",
        "deletion": f"purchases/{purchase_id}/deletion",
        "history": f"purchases/products/{rice}",
        "account": f"purchases/vendors/{karim}/account",
        "vendor-prices": f"purchases/vendors/{karim}/prices",
        "payment": f"payments/new?party_id={karim}&direction=out&currency=USD",
    }
    for name, path in pages.items():
        page.goto(f"/{path}")
        page.evaluate(f"document.documentElement.dir = '{direction}'")
        if name == "form":
            page.locator(
                "details.act > summary, #receive-form details > summary, [data-landed] > summary"
            ).evaluate_all("each => each.forEach(summary => summary.parentElement.open = true)")
            page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        shoot(page, f"{name}-{lines}-{width}-{scheme}-{direction}")
