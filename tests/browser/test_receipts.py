"""Receipts printed by a real Chromium: the paper is the paper, and nothing of the browser is on it."""

import re

import pytest

from tests.browser.conftest import Site
from tests.shops import Shop, add_product, sell

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one Chromium at a time

# Width and height in mm; a roll is as long as what is on it.
PAPERS = {"58": (58, None), "80": (80, None), "a5": (148, 210), "a4": (210, 297)}


def test_every_paper_is_printed_in_its_own_width_and_a_roll_is_cut_to_length(site: Site, shop: Shop) -> None:
    milk = add_product(shop, "Milk")
    short, long = sell(shop, (milk, 1, 115_00)), sell(shop, *[(milk, 1, 100_00 + n) for n in range(30)])
    page = site.open(shop, "cashier")

    lengths = {}
    for sale_id in (short, long):
        for paper, (width, height) in PAPERS.items():
            page.goto(f"/sales/{sale_id}/receipt?paper={paper}")
            page.wait_for_load_state()
            boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", page.pdf(prefer_css_page_size=True))
            sizes = {(round(float(x) / 72 * 25.4), round(float(y) / 72 * 25.4)) for x, y in boxes}
            assert {size[0] for size in sizes} == {width}, paper
            assert height is None or {size[1] for size in sizes} == {height}
            assert height is not None or len(boxes) == 1
            lengths[sale_id, paper] = max(size[1] for size in sizes)

    assert lengths[short, "80"] < 120 < lengths[long, "80"]
    assert site.trouble.complaints == []


def test_printing_counts_and_a_second_look_is_no_print(site: Site, shop: Shop) -> None:
    sale_id = sell(shop, (add_product(shop), 1, 115_00))
    page = site.open(shop, "cashier")

    for mark in ("", "COPY 1"):
        page.goto(f"/sales/{sale_id}/receipt")
        page.get_by_role("button", name="Print").click()
        page.wait_for_url("**/receipt?paper=80")  # the number of the print is taken out of the address
        assert page.locator(".void:not(.only-printed)").all_inner_texts() == ([mark] if mark else [])
        page.emulate_media(media="print")
        assert page.get_by_text("NOT A RECEIPT").is_visible() is False
        page.reload()
        assert page.get_by_text("NOT A RECEIPT").is_visible()
        page.emulate_media(media="screen")

    assert site.trouble.complaints == []
