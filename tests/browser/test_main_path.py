"""The way of a first day, in a real browser: sign in, import, sell by keyboard, delete, prove, break, repair."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ledger_web.domain.journal import cash
from ledger_web.services.posting import account_id
from tests import books
from tests.browser.conftest import Site
from tests.databases import Database
from tests.shops import PASSWORD, Shop, add_product

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one Chromium at a time

# Codes of the range that is left to shops, with their check digits; names and prices are ours.
PRODUCTS = [
    ("2100000005017", "Naan", 25),
    ("2100000005024", "نان خاصه", 30),
    ("2100000005031", "Weizenmehl", 185),
    ("2100000005048", "Чай зелёный", 260),
    ("2100000005055", "Olives & capers", 410),
    ("2100000005062", "چای سیاه", 290),
    ("2100000005079", "Kaffee", 520),
    ("2100000005086", "Rice 5 kg", 1240),
    ("2100000005093", "饼干", 80),
    ("2100000005109", "Soap", 45),
]
CASH_OF_TWENTY = 2 * sum(price for _, _, price in PRODUCTS)  # rupees


def test_the_first_day_of_a_shop(site: Site, shop: Shop, database: Database, tmp_path: Path) -> None:
    page = site.open(shop, role="")
    _sign_in(page)
    _import_products(page, tmp_path)
    number = _sell_twenty_by_keyboard(page)
    _delete_the_sale(page, number)
    _recalculate(page)
    expect(page.get_by_text("Every figure agrees with its entries.")).to_be_visible()

    with database.connect() as superuser:
        superuser.execute(
            "UPDATE accounts SET debits = debits + 12345 WHERE tenant_id = %s AND id = %s",
            [shop.tenant_id, account_id(shop.tenant_id, cash(shop.drawer_id, "PKR"))],
        )
    _recalculate(page)
    expect(page.locator("table.discrepancies tbody tr")).to_have_count(1)
    expect(page.locator("table.discrepancies tbody tr")).to_contain_text("Till 1")
    expect(page.locator("table.discrepancies tbody tr")).to_contain_text("123.45")
    page.get_by_role("button", name="Repair these").click()
    expect(page.get_by_text("repaired", exact=True)).to_be_visible()
    _recalculate(page)
    expect(page.get_by_text("Every figure agrees with its entries.")).to_be_visible()

    books.assert_the_books_agree(shop)
    assert site.trouble.complaints == []


def test_w7_without_javascript_a_sale_is_stored_and_deleted(site: Site, shop: Shop) -> None:
    add_product(shop, "Milk")
    page = site.open(shop, java_script_enabled=False)
    page.goto("/sell/")

    page.get_by_label("Barcode or name").fill("2*Milk")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Store the sale").click()
    page.wait_for_url("**/receipt")
    page.get_by_role("link", name="Details").click()
    page.get_by_role("link", name="Delete sale").click()
    page.get_by_label("Note").fill("Wrong product")
    page.get_by_role("button", name="Delete sale").click()

    expect(page.get_by_text("Wrong product")).to_be_visible()
    assert books.balances(shop) == {("equity", "opening"): 6_000_00, ("inventory", ""): 6_000_00}
    assert site.trouble.complaints == []


def _sign_in(page: Page) -> None:
    page.goto("/")
    page.wait_for_url("**/sign-in**")
    page.keyboard.type("owner")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def _import_products(page: Page, folder: Path) -> None:
    """Choose a file with a row that is wrong, then the right one."""
    rows = [f"{code},{name},{price},15,40,{price // 2}" for code, name, price in PRODUCTS]
    heading = "barcode,name,price,tax_percent,quantity,cost"
    wrong, right = folder / "wrong.csv", folder / "products.csv"
    wrong.write_text("\n".join([heading, rows[0].replace("2100000005017", "2100000005018")]))
    right.write_text("\n".join([heading, *rows]))
    page.keyboard.press("Alt+p")
    page.get_by_role("link", name="Import").first.click()
    page.get_by_label("File", exact=True).set_input_files(wrong)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_text("The last digit of 2100000005018 should be 7")).to_be_visible()
    page.get_by_role("link", name="Another file").click()
    page.get_by_label("File", exact=True).set_input_files(right)
    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("button", name="Import 10 products").click()
    expect(page.locator("#dry-run")).to_contain_text("by Olga Owner")


def _sell_twenty_by_keyboard(page: Page) -> str:
    """Sell each product twice without touching the mouse; return the number on the receipt."""
    page.keyboard.press("Alt+s")
    page.wait_for_url("**/sell/")
    expect(page.get_by_label("Barcode or name")).to_be_focused()
    for lines, (code, _, _) in enumerate(PRODUCTS, start=1):
        _scan(page, code, lines=lines)
    for code, _, _ in PRODUCTS:
        page.keyboard.type(code, delay=40)
        page.keyboard.press("Enter")
    expect(page.locator("#cart-total")).to_contain_text(f"{CASH_OF_TWENTY:,}")
    page.keyboard.press("Enter")
    expect(page.locator("#tendered")).to_be_focused()
    page.keyboard.type("7000", delay=50)  # by hand: faster would be a scanner
    page.keyboard.press("Enter")
    page.wait_for_url("**/receipt")
    expect(page.get_by_text("Change", exact=False).first).to_contain_text(f"{7000 - CASH_OF_TWENTY:,}")
    number = page.locator(".receipt-head").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url("**/sell/")
    expect(page.get_by_text("The cart is empty")).to_be_visible()
    return next(word for word in number.split() if word.startswith("A-"))


def _scan(page: Page, text: str, *, lines: int) -> None:
    page.keyboard.type(text, delay=40)  # by hand
    page.keyboard.press("Enter")
    expect(page.locator("table.cart tbody tr")).to_have_count(lines)
    expect(page.get_by_label("Barcode or name")).to_be_focused()


def _delete_the_sale(page: Page, number: str) -> None:
    page.keyboard.press("Alt+l")
    page.get_by_role("link", name=number).click()
    page.get_by_role("link", name="Delete sale").click()
    expect(page.get_by_role("heading", name="Goods that come back")).to_be_visible()
    expect(page.locator("#deletion-panel")).to_contain_text("Naan")
    page.get_by_label("Note").fill("Only a trial")
    page.get_by_role("button", name=f"Delete sale {number}").click()
    expect(page.get_by_text("Only a trial")).to_be_visible()


def _recalculate(page: Page) -> None:
    page.keyboard.press("Alt+a")
    page.get_by_role("link", name="Recalculation").click()
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_role("heading", name="Finished")).to_be_visible()
