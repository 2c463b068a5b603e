"""Codes read with the camera of a phone, by a browser that cannot read them itself."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Site
from tests.browser.test_scanner import MILK, TEA, product_of
from tests.shops import Shop

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one Chromium at a time

# A camera that sees one label for a while, then another.
CAMERA = """
    delete window.BarcodeDetector;
    const labels = ["%s", "%s"];
    navigator.mediaDevices.getUserMedia = async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
      const brush = canvas.getContext("2d");
      const pictures = await Promise.all(labels.map(async (code) => {
        const picture = new Image();
        picture.src = `/labels/symbols/ean13/${code}.png?dots=5&height=300`;
        await picture.decode();
        return picture;
      }));
      let frame = 0;
      setInterval(() => {
        brush.fillStyle = "#ddd";
        brush.fillRect(0, 0, canvas.width, canvas.height);
        brush.drawImage(pictures[Math.min(1, Math.floor(frame++ / 40))], 300, 200);
      }, 50);
      return canvas.captureStream(20);
    };
"""


def test_a_phone_without_a_reader_of_its_own_reads_each_label_once(site: Site, shop: Shop) -> None:
    product_of(shop, "Milk", code=MILK)
    product_of(shop, "Tea", code=TEA)
    page = site.open(shop, "manager", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.add_init_script(CAMERA % (MILK, TEA))
    page.goto("/sell/")

    page.get_by_role("button", name="Camera").tap()

    expect(page.get_by_label("Quantity of Milk")).to_have_value("1", timeout=30_000)
    expect(page.get_by_label("Quantity of Tea")).to_have_value("1", timeout=30_000)
    expect(page.get_by_label("Quantity of Milk")).to_have_value("1")
    page.get_by_role("button", name="Close").tap()
    expect(page.get_by_role("button", name="Camera")).to_be_focused()
    assert site.trouble.complaints == []
