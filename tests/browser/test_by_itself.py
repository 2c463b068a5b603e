"""What goes on by itself in a browser: scans that are counted on a phone, a long file that is checked step by step."""

import pytest
from playwright.sync_api import expect

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.ids import new_id
from ledger_web.queries.stock_counts import list_last_counted
from ledger_web.services import product_imports
from ledger_web.services.barcodes import AddBarcode, add_barcode
from ledger_web.services.product_imports import UploadProducts, upload_products
from ledger_web.services.stock_counts import StartCount, start_count
from tests.browser.conftest import Site
from tests.browser.scanners import Scanner
from tests.shops import Shop, add_product

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one Chromium at a time

CODE = "2100000000012"


def test_fast_scans_on_a_phone_count_each_once(site: Site, shop: Shop) -> None:
    milk = add_product(shop, "Milk", quantity=10)
    add_barcode(AddBarcode(op_id=new_id(), product_id=milk, barcode=read_barcode(CODE)), shop.act())
    counting = start_count(StartCount(id=new_id(), name="Shelf"), shop.act()).id
    page = site.open(shop, viewport={"width": 360, "height": 740})
    page.goto(f"/stock/counts/{counting}")

    for _ in range(5):
        Scanner(page).scan(CODE)
    page.locator("#scan-text").fill("4*")
    Scanner(page).scan(CODE)

    panel = page.locator("#count-panel")
    expect(panel.get_by_label("Counted of Milk")).to_have_value("9")
    expect(panel).to_contain_text("1 missing")
    expect(page.locator("#scan-text")).to_have_value("")
    panel.get_by_label("Counted of Milk").fill("10")
    panel.get_by_label("Counted of Milk").press("Tab")
    expect(panel).to_contain_text("as expected")
    assert [line.counted for line in list_last_counted(shop.tenant_id, counting)] == [10]
    assert site.trouble.complaints == []


def test_a_long_file_is_checked_while_somebody_looks_on(
    site: Site, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product_imports, "STEP_SECONDS", 0)
    content = ("name,price\n" + "".join(f"Tea {number},{number + 1}\n" for number in range(3_500))).encode()
    command = UploadProducts(op_id=new_id(), file_name="tea.csv", content=content, stock_policy="warn")
    import_id = upload_products(command, shop.act()).id
    page = site.open(shop)

    page.goto(f"/products/imports/{import_id}")

    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="Import 3,500 products").click()
    expect(page.locator("#dry-run")).to_contain_text("Imported")
    assert site.trouble.complaints == []
