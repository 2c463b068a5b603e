"""A full day of a shop in Kabul, with a browser: a drawer in three currencies from its float to its Z report.

What must be on the screens and in the books was worked out by hand; amounts are whole afghanis, dollars and euros.
"""

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests import books
from tests.browser.conftest import Site
from tests.shops import Shop, add_product, open_a_shop

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one Chromium at a time

# What the drawer holds in the evening, and what was counted: 20 afghanis are missing.
EXPECTED_AFN = 5_000 + 1_000 + 3_490 - 150 - 2_000 + 500
DOLLARS, EUROS = 200 + 100 - 50, 100


@pytest.fixture
def kabul(app: Flask) -> Shop:
    shop = open_a_shop("kabul", "AFN", sells=False)
    add_product(shop, "Rice", price=500, cost=300, tax=0)
    return shop


def test_a_full_day_in_three_currencies(site: Site, kabul: Shop) -> None:
    page = site.open(kabul)
    page.goto("/drawers/")
    for amount, currency in ((200, "USD"), (100, "EUR")):
        _pay_in(page, amount, currency)
    _open_with_a_float(page)
    _sell_rice(page, 2)
    _add_party(page, "customers", "Ahmad")
    _sell_rice(page, 20, customer="Ahmad")
    _take_dollars_for_afghanis(page)
    _pay_out_for_tea(page)
    _change_dollars(page)
    _pay_a_salary(page)
    _take_dues(page)
    _close_short(page)
    _look_at_the_trial_balance(page)
    _recalculate(page)

    books.assert_the_books_agree(kabul)
    assert site.trouble.complaints == []


def _pay_in(page: Page, amount: int, currency: str) -> None:
    page.goto("/drawers/")
    page.get_by_role("link", name="Pay in").first.click()
    page.get_by_label("Amount").fill(str(amount))
    page.get_by_label("Currency").select_option(currency)
    page.get_by_label("Reason").fill("Brought by the owner")
    page.get_by_role("button", name="Pay in").click()
    expect(page.get_by_text("The money was paid in.")).to_be_visible()


def _open_with_a_float(page: Page) -> None:
    """Count the float by coins and notes, and the dollars and euros as they are."""
    page.get_by_role("link", name="Shifts").click()
    page.get_by_role("link", name="Open the drawer").click()
    page.locator("fieldset", has_text="AFN").get_by_text("Count by coins and notes").click()
    page.get_by_label("1,000 ×").fill("4")
    page.get_by_label("500 ×").fill("2")
    page.get_by_label("Counted USD").fill("200")
    page.get_by_label("Counted EUR").fill("100")
    page.get_by_role("button", name="Open Till 1").click()
    expect(page.get_by_text("The drawer is open.")).to_be_visible()
    page.goto("/drawers/")
    expect(page.locator("dl.money")).to_contain_text("5,000 AFN")


def _sell_rice(page: Page, quantity: int, customer: str = "") -> None:
    page.keyboard.press("Alt+s")
    page.wait_for_url("**/sell/")
    page.get_by_label("Barcode or name").press_sequentially(f"{quantity}*Rice", delay=50)
    page.keyboard.press("Enter")
    expect(page.locator("table.cart tbody tr")).to_have_count(1)
    if customer:
        page.get_by_label("Customer's name or phone").press_sequentially(customer, delay=50)
        page.get_by_role("button", name=customer).click()
        page.get_by_label(f"Rest on the account of {customer}").check()
        page.get_by_label("Cash received").fill("0")
    page.get_by_role("button", name="Store the sale").click()
    page.wait_for_url("**/receipt")


def _add_party(page: Page, plural: str, name: str) -> None:
    page.goto(f"/{plural}/new")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def _take_dollars_for_afghanis(page: Page) -> None:
    """Ahmad owes 10,000 afghanis and hands over 100 dollars at 70: 7,000 are settled, 3,000 stay."""
    page.goto("/customers/")
    page.get_by_role("link", name="Ahmad").click()
    expect(page.locator("dl.stats").first).to_contain_text("10,000")
    page.get_by_role("link", name="Take a payment").click()
    page.get_by_label("Amount").fill("100")
    page.get_by_label("Currency", exact=True).select_option("USD")
    page.get_by_text("The debt is in another currency").click()
    page.get_by_label("Currency of the debt").select_option("AFN")
    page.get_by_label("Rate", exact=False).first.fill("70")
    page.get_by_label("Memo").fill("Dollars for the rice")
    expect(page.locator("#payment-preview")).to_contain_text("100.00 USD settles 7,000 AFN", timeout=20_000)
    page.get_by_role("button", name="Take the payment").click()
    expect(page.get_by_text("Ahmad owes Kabul 3,000 AFN")).to_be_visible()
    page.goto("/customers/")
    expect(page.get_by_role("row", name="Ahmad")).to_contain_text("3,000")


def _pay_out_for_tea(page: Page) -> None:
    page.goto("/drawers/")
    page.get_by_role("link", name="Pay out").first.click()
    page.get_by_label("Amount").fill("150")
    page.get_by_label("Currency").select_option("AFN")
    page.get_by_label("What for").select_option("Tea and food")
    page.get_by_label("Reason").fill("Tea for the morning")
    page.get_by_role("button", name="Pay out").click()
    expect(page.get_by_text("The money was paid out.")).to_be_visible()


def _change_dollars(page: Page) -> None:
    page.get_by_role("link", name="Change money").click()
    page.get_by_label("Currency that goes out").select_option("USD")
    page.get_by_role("textbox", name="Goes out").fill("50")
    page.get_by_label("Currency that comes in").select_option("AFN")
    page.get_by_role("textbox", name="Comes in").fill("3490")
    page.get_by_label("Memo").fill("At the money changer")
    expect(page.locator("#move-preview")).to_contain_text("1 USD = 69.80 AFN", timeout=20_000)
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("The money was changed.")).to_be_visible()


def _pay_a_salary(page: Page) -> None:
    """An advance of 2,000 before 9,000 are earned: the shop owes Farid 7,000."""
    _add_party(page, "employees", "Farid")
    page.get_by_role("link", name="Pay", exact=True).click()
    page.get_by_label("Amount").fill("2000")
    page.get_by_label("Memo").fill("Advance")
    page.get_by_role("button", name="Pay out").click()
    expect(page.get_by_text("Payment voucher")).to_be_visible()
    page.get_by_role("link", name="Back to Farid").click()
    page.get_by_role("link", name="Salary earned").click()
    page.get_by_label("Amount").fill("9000")
    page.get_by_label("For", exact=True).fill("Qaws")
    page.get_by_role("button", name="Write it down").click()
    expect(page.locator("dl.stats").first).to_contain_text("7,000")


def _take_dues(page: Page) -> None:
    _add_party(page, "members", "Zarghuna")
    page.get_by_role("link", name="Charge dues").click()
    page.get_by_label("Amount").fill("500")
    page.get_by_label("For", exact=True).fill("Winter")
    page.get_by_role("button", name="Charge").click()
    page.get_by_role("link", name="Take a payment").click()
    page.get_by_label("Amount").fill("500")
    page.get_by_role("button", name="Take the payment").click()
    expect(page.get_by_text("After this:")).to_be_visible()


def _close_short(page: Page) -> None:
    page.goto("/drawers/")
    page.get_by_role("link", name="Shifts").first.click()
    page.get_by_role("link", name="X report").click()
    expect(page.get_by_label("AFN")).to_contain_text(f"{EXPECTED_AFN:,}")
    page.get_by_role("link", name="Close the drawer").click()
    page.get_by_label("Counted AFN").fill(str(EXPECTED_AFN - 20))
    page.get_by_label("Counted USD").fill(str(DOLLARS))
    page.get_by_label("Counted EUR").fill(str(EUROS))
    page.get_by_label("Note").fill("Twenty are missing")
    page.get_by_role("button", name="Close Till 1").click()
    expect(page.get_by_role("heading", name="Z-A-000001")).to_be_visible()
    expect(page.get_by_label("AFN")).to_contain_text("Short")
    expect(page.get_by_text("as it was written")).to_be_visible()


def _look_at_the_trial_balance(page: Page) -> None:
    """Each currency balances by itself, and all of it at a rate; a balance leads to what made it in two clicks."""
    page.goto("/reports/trial-balance")
    expect(page.get_by_text("balanced", exact=True)).to_be_visible()
    page.get_by_label("1 USD =").fill("70")
    page.get_by_label("1 EUR =").fill("76.5")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("At these rates, holding other currencies has cost 10 AFN")).to_be_visible()
    expect(page.get_by_text("balanced", exact=True)).to_be_visible()
    page.get_by_role("link", name=f"{EXPECTED_AFN - 20:,}").first.click()
    page.get_by_role("link", name="Shift closing").click()
    expect(page.get_by_role("main")).to_contain_text("20 AFN")


def _recalculate(page: Page) -> None:
    page.keyboard.press("Alt+a")
    page.get_by_role("link", name="Recalculation").click()
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text("Every figure agrees with its entries.")).to_be_visible()
