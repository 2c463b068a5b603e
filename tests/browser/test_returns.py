"""What comes back, in a real browser: an exchange by keys, goods without a receipt, many sales at once; and a session
that ends in the middle of a sale."""

import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from ledger_web.domain.journal import cash, store_credit
from tests import books
from tests.browser.conftest import Site
from tests.browser.scanners import Scanner
from tests.shops import PASSWORD, Shop, add_customer, add_product, sell

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one Chromium at a time

PHONE: ViewportSize = {"width": 360, "height": 740}


def test_goods_are_exchanged_by_keys_alone(site: Site, shop: Shop) -> None:
    milk = add_product(shop, "Milk")
    add_product(shop, "Green tea", price=150_00), add_product(shop, "Black tea", price=200_00)
    sale_id = sell(shop, (milk, 2, 115_00))
    page = site.open(shop)
    page.goto(f"/sales/{sale_id}")
    page.keyboard.press("Alt+x")
    page.wait_for_url("**/exchange/")
    expect(page.get_by_label("Comes back of Milk")).to_be_focused()

    page.keyboard.type("3", delay=50)
    _go_to(page, "#exchange-scan")
    page.keyboard.type("tea", delay=50)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Black tea")).to_be_visible()
    _go_to(page, "button.hit")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove Black tea")).to_be_visible()
    page.keyboard.press("Alt+Enter")
    expect(page.get_by_role("alert")).to_contain_text("Milk")  # only two were sold
    _go_to(page, "[name='1-quantity']")
    page.keyboard.press("Control+a")
    page.keyboard.type("1", delay=50)
    _go_to(page, "#reason_id")
    page.keyboard.type("C")
    expect(page.locator("#exchange-preview")).to_contain_text("85.00 PKR")
    page.keyboard.press("Alt+Enter")
    page.wait_for_url("**/receipt**")

    assert books.cached_balance(shop, cash(shop.drawer_id, "PKR")) == 315_00
    expect(page.get_by_role("link", name="New sale")).to_be_focused()
    books.assert_the_books_agree(shop)
    assert [each for each in site.trouble.complaints if "422" not in each] == []


def test_goods_without_a_receipt_and_many_sales_at_once_by_mouse_on_a_phone(site: Site, shop: Shop) -> None:
    milk, alice = add_product(shop, "Milk"), add_customer(shop)
    for _ in range(3):
        sell(shop, (milk, 1, 115_00))
    page = site.open(shop, viewport=PHONE)
    page.goto("/sales/")
    page.get_by_role("link", name="Return without a receipt").click()
    page.get_by_label("Barcode or name of the product").fill("milk")
    page.get_by_role("button", name="Look up").click()
    page.get_by_label("Price of one").fill("120")
    page.get_by_label("Customer").fill("ali")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("alert")).to_contain_text("at most 115.00 PKR")
    expect(page.get_by_label("Price of one")).to_have_value("120")
    page.get_by_label("Price of one").fill("100")
    page.get_by_role("button", name="Take it back").click()
    page.wait_for_url(re.compile(r"/returns/[0-9a-f-]{36}"))
    assert books.cached_balance(shop, store_credit("PKR", alice)) == 100_00

    page.goto("/sales/")
    for box in page.locator("input[name=sale]").all()[:2]:
        box.check()
    page.get_by_role("button", name="Delete what is ticked").click()
    expect(page.get_by_role("row", name="Till 1")).to_contain_text("115.00 PKR")
    page.get_by_role("button", name="Delete these sales").click()

    expect(page.get_by_role("table").get_by_text("deleted", exact=True)).to_have_count(2)
    assert books.cached_balance(shop, cash(shop.drawer_id, "PKR")) == 115_00
    books.assert_the_books_agree(shop)
    assert [each for each in site.trouble.complaints if "422" not in each] == []


def test_a_session_that_ends_in_the_middle_of_a_sale_loses_no_line_and_no_scan(site: Site, shop: Shop) -> None:
    for name in ("Milk", "Bread", "Salt"):
        add_product(shop, name, price=100_00)
    page = site.open(shop, role="cashier")
    page.goto("/sell/")
    Scanner(page).scan("Milk")
    expect(page.locator("table.cart tbody tr")).to_have_count(1)
    with shop.act() as uow:
        uow.execute("UPDATE sessions SET revoked_at = now() WHERE tenant_id = %(tenant_id)s")

    Scanner(page).scan("Bread")
    page.wait_for_url("**/sign-in**")
    page.get_by_label("Name").fill("cashier")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sell/")

    expect(page.get_by_label("Quantity of Milk")).to_have_value("1")
    expect(page.get_by_label("Quantity of Bread")).to_have_value("1")
    Scanner(page).scan("Salt")
    expect(page.locator("#cart-total")).to_contain_text("300.00")


def _go_to(page: Page, selector: str) -> None:
    """Press Tab until something has the focus: nobody should have to for long."""
    for _ in range(40):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached by keys")
