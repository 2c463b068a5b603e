"""A fast scanner at the sell page, and a slow hand in a text box."""

from collections.abc import Iterable
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.ids import new_id
from ledger_web.domain.measures import MeasureRule
from ledger_web.services.measure_rules import CreateMeasureRule, create_measure_rule
from ledger_web.services.products import CreateProduct, create_product
from tests.browser.conftest import Site
from tests.browser.scanners import Scanner
from tests.shops import Shop, add_product

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one Chromium at a time

MILK, TEA, SOAP, GUM, RICE, CHEESE = (
    "5012345678900",
    "4006381333931",
    "036000291452",
    "73513537",
    "9780471117094",
    "2012345000001",
)
WEIGHED = "2012345012349"  # 1.234 kg of cheese
UNKNOWN = ("5901234123457", "8711253001202")
WRONG = ("5012345678901", "73513530")

# Sixty scans: with the identifiers that some scanners send, as element strings, doubled, wrong and unknown.
SCANS = [
    *[MILK, MILK, TEA, f"]E0{TEA}", SOAP, f"0{SOAP}", GUM, WRONG[0], RICE, UNKNOWN[0]] * 3,
    *[WEIGHED, f"]C1010{MILK}10AB12", f"(01)0{TEA}(37)5", WRONG[1], "SKU-77", UNKNOWN[1]] * 2,
    *[f"3*{GUM}", MILK, MILK, MILK, "0471117099", UNKNOWN[0]] * 3,
]
CART = {
    "Milk": Decimal(2 * 3 + 2 + 3 * 3),
    "Tea": Decimal(2 * 3 + 2 * 5),
    "Soap": Decimal(2 * 3),
    "Gum": Decimal(3 + 3 * 3),
    "Rice": Decimal(3 + 3),
    "Cheese": Decimal("1.234") * 2,
    "Candle": Decimal(2),
}


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    for name, code, unit in [
        ("Milk", MILK, "pcs"),
        ("Tea", TEA, "pcs"),
        ("Soap", SOAP, "pcs"),
        ("Gum", GUM, "pcs"),
        ("Rice", RICE, "pcs"),
        ("Cheese", CHEESE, "kg"),
    ]:
        product_of(shop, name, unit=unit, code=code)
    product_of(shop, "Candle", sku="SKU-77")
    rule = MeasureRule(
        id=new_id(), prefix="20", item_digits=5, value_digits=5, decimals=3, kind="weight", has_value_check=False
    )
    create_measure_rule(CreateMeasureRule(rule=rule), shop.act())
    return shop


def test_sixty_scans_into_a_quantity_box_give_exactly_the_cart(site: Site, stocked: Shop) -> None:
    assert len(SCANS) == 60
    page = site.open(stocked, role="manager")
    page.goto("/sell/")
    scanner = Scanner(page)
    scanner.scan(MILK)
    quantity = page.get_by_label("Quantity of Milk")
    expect(quantity).to_have_value("1")
    quantity.focus()

    for code in SCANS:
        scanner.scan(code)
    expect(page.locator("table.cart tbody tr")).to_have_count(len(CART), timeout=60_000)
    expect(quantity).to_have_value(f"{CART['Milk'] + 1:f}", timeout=60_000)

    assert _cart(page) == CART | {"Milk": CART["Milk"] + 1}
    assert _notices(page) == {*UNKNOWN, *WRONG}
    expect(page.locator("[data-notice]:visible")).to_have_count(2)
    expect(quantity).to_be_focused()
    expect(page.get_by_label("Barcode or name")).to_have_value("")
    page.reload()
    assert _cart(page) == CART | {"Milk": CART["Milk"] + 1}
    assert _complaints(site) == []


@pytest.mark.long
def test_sixty_different_codes_of_a_scanner_with_a_prefix_of_its_own_give_exactly_the_cart(
    site: Site, shop: Shop
) -> None:
    codes = [_ean13(f"59012341{number:04}") for number in range(60)]
    for number, code in enumerate(codes):
        product_of(shop, f"Thing {number}", code=code)
    page = site.open(shop, role="manager")
    page.goto("/scan/test")
    page.get_by_label("The scanner sends this before every code").press_sequentially("~", delay=50)
    page.goto("/sell/")
    scanner = Scanner(page)

    expected, refused = dict[str, Decimal](), list[str]()
    for number, code in enumerate(codes):
        wrong = f"{code[:-1]}{(int(code[-1]) + 1) % 10}"
        sent, pieces = {
            3: ([code, code], 2),
            4: ([f"]E0{code}"], 1),
            5: ([wrong], 0),
            6: ([f"]C1010{code}10AB12"], 1),
            7: ([_ean13(f"29{number:02}00001234")], 0),
            9: ([f"3*{code}"], 3),
        }.get(number % 10, ([code], 1))
        for each in sent:
            scanner.scan(f"~{each}")
        if pieces:
            expected[f"Thing {number}"] = Decimal(pieces)
        else:
            refused += sent
    last = page.get_by_label("Quantity of Thing 59")
    expect(last).to_have_value("3", timeout=60_000)

    assert _cart(page) == expected
    shown = page.locator("[data-notice]:visible")
    assert [shown.nth(place).get_attribute("data-notice") for place in range(shown.count())] == refused[:-3:-1]
    page.get_by_text("and 10 more", exact=True).click()
    assert [notice.get_attribute("data-notice") for notice in shown.all()] == refused[::-1]
    shown.nth(1).get_by_role("button", name="Ignore").click()
    expect(page.locator("summary", has_text="and 9 more")).to_be_visible()
    page.get_by_role("button", name="Ignore all of them").click()
    expect(page.locator("[data-notice]")).to_have_count(0)
    expect(page.get_by_label("Barcode or name")).to_be_focused()
    assert _complaints(site) == []


@pytest.mark.parametrize("end", ["Enter", "Tab"])
def test_a_scan_while_a_name_is_half_typed_leaves_it(site: Site, stocked: Shop, end: str) -> None:
    page = site.open(stocked)
    page.goto("/sell/")
    box = page.get_by_label("Barcode or name")
    box.press_sequentially("che", delay=60)
    page.wait_for_timeout(500)  # the hand goes from the keys to the scanner

    Scanner(page).scan(MILK, end=end)

    expect(page.locator("table.cart tbody tr")).to_have_count(1)
    expect(box).to_have_value("che")
    expect(box).to_be_focused()
    expect(page.locator("#scan-said")).to_have_text("Milk")


def test_a_quantity_typed_by_hand_belongs_to_the_scan(site: Site, stocked: Shop) -> None:
    page = site.open(stocked)
    page.goto("/sell/")
    page.get_by_label("Barcode or name").press_sequentially("12*", delay=60)

    Scanner(page).scan(MILK)

    expect(page.get_by_label("Quantity of Milk")).to_have_value("12")
    expect(page.get_by_label("Barcode or name")).to_have_value("")


def test_a_scanner_that_stumbles_is_still_read_whole(site: Site, stocked: Shop) -> None:
    page = site.open(stocked)
    page.goto("/sell/")
    scanner = Scanner(page)

    scanner.scan(MILK, pause=(1, 0.2))
    expect(page.get_by_label("Quantity of Milk")).to_have_value("1")
    expect(page.get_by_label("Barcode or name")).to_have_value("")
    page.get_by_label("Quantity of Milk").focus()
    scanner.scan(MILK, pause=(9, 0.08))

    expect(page.get_by_label("Quantity of Milk")).to_have_value("2")
    assert _notices(page) == set()


def test_a_slow_hand_in_a_text_box_is_left_alone(site: Site, stocked: Shop) -> None:
    page = site.open(stocked)
    page.goto("/sell/")
    Scanner(page).scan(MILK)
    expect(page.locator("table.cart tbody tr")).to_have_count(1)
    customer = page.get_by_label("Customer's name or phone")
    customer.focus()

    page.keyboard.type(MILK, delay=50)

    expect(customer).to_have_value(MILK)
    quantity = page.get_by_label("Quantity of Milk")
    expect(quantity).to_have_value("1")
    quantity.select_text()
    page.keyboard.type("7", delay=50)
    page.keyboard.press("Tab")
    expect(page.locator("#cart-total")).to_contain_text("805.00")


def test_an_unknown_code_can_be_ignored_or_attached_and_the_cart_stays(site: Site, stocked: Shop) -> None:
    add_product(stocked, "Biscuits")
    page = site.open(stocked)
    page.goto("/sell/")
    scanner = Scanner(page)
    for code in (MILK, *UNKNOWN):
        scanner.scan(code)
    expect(page.locator("[data-notice]")).to_have_count(2)

    page.locator(f"[data-notice='{UNKNOWN[0]}']").get_by_role("button", name="Ignore").click()
    expect(page.locator("[data-notice]")).to_have_count(1)
    page.get_by_role("link", name="Attach to an existing product").click()
    page.get_by_role("searchbox", name="Product").fill("bisc")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Biscuits").click()
    page.wait_for_url("**/sell/")
    expect(page.locator("table.cart tbody tr")).to_have_count(1)
    Scanner(page).scan(UNKNOWN[1])

    expect(page.get_by_label("Quantity of Biscuits")).to_have_value("1")
    assert _complaints(site) == []


def test_going_from_product_to_product_shows_what_is_known_of_each(site: Site, stocked: Shop) -> None:
    add_product(stocked, "Cheddar", price=900_00, quantity=7)
    page = site.open(stocked, role="manager")
    page.goto("/sell/")
    page.get_by_label("Barcode or name").press_sequentially("che", delay=60)
    expect(page.locator("#hits button")).to_have_count(2)

    page.keyboard.press("ArrowDown")
    expect(page.locator("#line-details")).to_contain_text("Cheddar")
    expect(page.locator("#line-details")).to_contain_text("7 pcs")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#line-details")).to_contain_text("Cheese")
    expect(page.locator("#line-details")).not_to_contain_text("Cheddar")
    page.keyboard.press("Enter")
    page.locator(".line-more summary").click()

    expect(page.locator("table.cart .line-details")).to_contain_text("115.00 PKR per kg")
    assert _complaints(site) == []


def test_a_scan_on_any_other_page_opens_the_product(site: Site, stocked: Shop) -> None:
    page = site.open(stocked)
    page.goto("/")

    Scanner(page).scan(f"]E0{TEA}")

    page.wait_for_url("**/products/*-*")
    expect(page.get_by_role("heading", name="Tea")).to_be_visible()
    page.goto("/products/")
    Scanner(page).scan(GUM)
    expect(page.get_by_label("Search products by name, barcode or SKU")).to_have_value(GUM)
    expect(page.locator("#product-list tbody tr")).to_have_count(1)


def test_a_scan_does_not_throw_away_a_form_that_is_half_filled_in(site: Site, stocked: Shop) -> None:
    page = site.open(stocked)
    page.goto("/customers/new")
    name = page.get_by_label("Name")
    name.press_sequentially("Ali", delay=50)

    Scanner(page).scan(MILK)

    expect(page.locator("#scan-said")).to_contain_text(f"{MILK} was scanned")
    expect(name).to_have_value("Ali")


def test_a_new_product_takes_its_codes_from_the_scanner_wherever_the_focus_is(site: Site, stocked: Shop) -> None:
    page = site.open(stocked)
    page.goto("/products/new")
    page.get_by_label("Name", exact=True).press_sequentially("Biscuits", delay=50)
    scanner = Scanner(page)

    for code in UNKNOWN:
        scanner.scan(code)

    expect(page.get_by_label("Barcodes")).to_have_value("\n".join([*UNKNOWN, ""]))
    expect(page.get_by_label("Name", exact=True)).to_have_value("Biscuits")


def test_the_test_page_shows_keys_and_reading_and_a_prefix_is_taken_off(site: Site, stocked: Shop) -> None:
    page = site.open(stocked)
    page.goto("/scan/test")

    Scanner(page).scan(f"]E0{MILK}")
    expect(page.locator("#keys-verdict")).to_contain_text("A scan of 16 characters, at most 10 ms apart")
    expect(page.locator("#reading")).to_contain_text("EAN-13")
    expect(page.locator("#reading")).to_contain_text("Milk")
    page.locator("h1").click()
    page.keyboard.type("abcdef", delay=60)
    expect(page.locator("#keys-verdict")).to_contain_text("Typed by hand")

    page.get_by_label("The scanner sends this before every code").press_sequentially("~", delay=50)
    page.goto("/")
    Scanner(page).scan(MILK)
    Scanner(page).scan(f"~{TEA}")
    page.wait_for_url("**/products/*-*")
    expect(page.get_by_role("heading", name="Tea")).to_be_visible()
    assert _complaints(site) == []


def product_of(shop: Shop, name: str, *, unit: str = "pcs", code: str = "", sku: str | None = None) -> None:
    command = CreateProduct(
        id=new_id(),
        name=name,
        sku=sku,
        unit=unit,
        unit_price=115_00,
        barcodes=(read_barcode(code),) if code else (),
        currency=shop.currency,
        opening_quantity=Decimal(100),
        opening_unit_cost=60_00,
    )
    create_product(command, shop.act())


def _ean13(body: str) -> str:
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-weighed % 10}"


def _cart(page: Page) -> dict[str, Decimal]:
    rows = page.locator("table.cart tbody tr").all()
    return {
        row.locator(".name").inner_text(): Decimal(row.locator("input.short[name=quantity]").input_value())
        for row in rows
    }


def _notices(page: Page) -> set[str]:
    found: Iterable[str] = page.locator("[data-notice]").evaluate_all("all => all.map(each => each.dataset.notice)")
    return set(found)


def _complaints(site: Site) -> list[str]:
    """Leave out what htmx says of every refused form: here they are refused on purpose."""
    return [said for said in site.trouble.complaints if "Response Status Error Code 422" not in said]
