"""The till in a real browser: a sale in a few keys, a connection that comes and goes, payment in parts."""

import pytest
from playwright.sync_api import Page, expect

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash
from ledger_web.services.carts import AddToCart, add_to_cart
from tests import books
from tests.browser.conftest import Site
from tests.browser.scanners import Scanner
from tests.shops import Shop, add_product

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one Chromium at a time


def test_three_scanned_items_in_cash_take_at_most_eight_keys(site: Site, shop: Shop) -> None:
    names = ["Milk", "Bread", "Salt"]
    for name in names:
        add_product(shop, name, price=100_00)
    page = site.open(shop, role="cashier")
    page.goto("/sell/")
    for count, name in enumerate(names, start=1):
        Scanner(page).scan(name)
        expect(page.locator("table.cart tbody tr")).to_have_count(count)

    keys = ["Enter", "5", "0", "0", "Enter"]
    for key in keys:
        page.keyboard.press(key, delay=60)
    page.wait_for_url("**/receipt**")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sell/")

    assert len(keys) + 1 <= 8
    assert books.cached_balance(shop, cash(shop.drawer_id, "PKR")) == 300_00
    expect(page.get_by_text("The cart is empty")).to_be_visible()
    assert site.trouble.complaints == []


def test_a_lost_connection_says_so_and_the_sale_is_stored_once_when_it_is_back(site: Site, shop: Shop) -> None:
    add_product(shop, "Milk")
    page = site.open(shop)
    page.goto("/sell/")
    _scan(page, "Milk")
    page.context.set_offline(True)

    page.get_by_role("button", name="Store the sale").click()
    expect(page.locator("#connection")).to_be_visible()
    expect(page.locator("#connection")).to_contain_text("sent again by itself")
    assert books.count(shop, "sales") == 0
    page.context.set_offline(False)
    page.wait_for_url("**/receipt**")

    assert books.count(shop, "sales") == 1
    books.assert_the_books_agree(shop)


def test_what_was_scanned_without_a_connection_is_kept_by_the_browser(site: Site, shop: Shop) -> None:
    add_product(shop, "Milk")
    page = site.open(shop)
    page.goto("/sell/")
    page.context.set_offline(True)
    for _ in range(3):
        Scanner(page).scan("Milk")
    expect(page.locator("#connection")).to_contain_text("Scans kept here: 3")
    page.close()

    again = page.context.new_page()
    page.context.set_offline(False)
    again.goto("/sell/")

    expect(again.get_by_label("Quantity of Milk")).to_have_value("3")


def test_a_payment_in_parts_is_shown_while_it_is_typed(site: Site, shop: Shop) -> None:
    add_to_cart(AddToCart(id=new_id(), product_id=add_product(shop, "Rice", price=1000_00)), shop.act())
    with shop.act() as uow:
        uow.execute(
            "INSERT INTO exchange_rates (tenant_id, id, currency, unit, value, valid_on)"
            " VALUES (%(tenant_id)s, %(id)s, 'USD', 'USD', 280, '2020-01-01')",
            {"id": new_id()},
        )
    page = site.open(shop)
    page.goto("/sell/")
    page.keyboard.press("F8")
    page.wait_for_url("**/sell/payment")
    page.locator("#foreign_currency_1").select_option("USD")
    page.locator("#foreign_cash_1").fill("2")
    expect(page.locator("#payment-preview")).to_contain_text("440.00")
    page.locator("#cash").fill("500")
    expect(page.locator("#payment-preview .change")).to_contain_text("60.00 PKR")
    page.get_by_role("button", name="Store the sale").click()
    page.wait_for_url("**/receipt**")

    assert books.cached_balance(shop, cash(shop.drawer_id, "USD")) == 2_00
    assert books.cached_balance(shop, cash(shop.drawer_id, "PKR")) == 440_00
    assert site.trouble.complaints == []


def test_a_cart_is_parked_and_taken_up_again_by_keys(site: Site, shop: Shop) -> None:
    add_product(shop, "Milk")
    page = site.open(shop)
    page.goto("/sell/")
    _scan(page, "Milk")

    page.keyboard.press("Alt+k")
    expect(page.get_by_text("The cart is empty")).to_be_visible()
    page.keyboard.press("Alt+j")
    page.wait_for_url("**/sell/parked")
    page.keyboard.press("Alt+1")
    page.wait_for_url("**/sell/")

    expect(page.get_by_label("Quantity of Milk")).to_have_value("1")


def _scan(page: Page, text: str) -> None:
    Scanner(page).scan(text)
    expect(page.locator("table.cart tbody tr")).to_have_count(1)
