"""A code from anywhere over HTTP: what it opens, what an unknown one offers, and giving it to a product."""

import json
from collections.abc import Callable

import pytest

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.ids import new_id
from ledger_web.services.barcodes import AddBarcode, add_barcode
from ledger_web.services.products import ArchiveProduct, archive_product
from tests.bad_input import SENDABLE
from tests.books import count
from tests.clients import ShopClient
from tests.shops import Shop, add_product, sell

ClientOf = Callable[..., ShopClient]
MILK = "5012345678900"
UNKNOWN = "4006381333931"


def milk(shop: Shop, code: str = MILK) -> str:
    product_id = add_product(shop, "Milk")
    add_barcode(AddBarcode(op_id=new_id(), product_id=product_id, barcode=read_barcode(code)), shop.act())
    return str(product_id)


@pytest.mark.parametrize("code", [MILK, f"]E0{MILK}", f"(01)0{MILK}(10)A"])
def test_a_scan_opens_the_product(shop: Shop, client_of: ClientOf, code: str) -> None:
    product_id = milk(shop)

    answer = client_of(shop, "cashier").get("/scan", query_string={"code": code})

    assert (answer.status_code, answer.headers["Location"]) == (303, f"/products/{product_id}")


def test_a_scan_opens_the_sale_of_a_receipt(shop: Shop, client_of: ClientOf) -> None:
    sale_id = sell(shop, (add_product(shop), 1, 115_00))

    answer = client_of(shop).get("/scan?code=a-000001")

    assert answer.headers["Location"] == f"/sales/{sale_id}"


def test_an_unknown_code_offers_to_create_and_to_attach(shop: Shop, client_of: ClientOf) -> None:
    page = client_of(shop).get(f"/scan?code={UNKNOWN}")

    assert page.status_code == 200
    assert f"/products/new?barcode={UNKNOWN}" in page.text
    assert f"/scan/attachment?code={UNKNOWN}" in page.text
    cashier = client_of(shop, "cashier").get(f"/scan?code={UNKNOWN}").text
    assert "No product has the code" in cashier
    assert "/products/new" not in cashier
    assert "/scan/attachment" not in cashier


def test_a_wrong_check_digit_is_named_and_nothing_is_offered(shop: Shop, client_of: ClientOf) -> None:
    page = client_of(shop).get("/scan?code=5012345678901")

    assert page.status_code == 422
    assert "should be 0, not 1" in page.text
    assert "/products/new?barcode" not in page.text


def test_a_rivals_code_is_unknown(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    milk(rival)

    page = client_of(shop).get(f"/scan?code={MILK}")

    assert page.status_code == 200
    assert "No product has the code" in page.text


@pytest.mark.parametrize("path", ["/scan", "/scan/test"])
def test_no_code_breaks_the_pages(shop: Shop, client_of: ClientOf, path: str) -> None:
    client = client_of(shop)

    statuses = {client.get(path, query_string={"code": text}).status_code for text in SENDABLE if len(text) < 6_000}

    assert statuses <= {200, 422}


def test_the_test_page_says_how_a_code_is_read_and_saves_nothing(shop: Shop, client_of: ClientOf) -> None:
    milk(shop)
    client = client_of(shop, "cashier")

    page = client.get("/scan/test", query_string={"code": f"010{MILK}10AB12\x1d17261231"})
    fragment = client.get("/scan/test", query_string={"code": "036000291452"}, htmx=True)

    assert page.status_code == 200
    assert "AB12" in page.text
    assert "Milk" in page.text
    assert "\u241d17261231" in page.text
    assert "UPC-A" in fragment.text
    assert "0036000291452" in fragment.text
    assert fragment.text.lstrip().startswith('<section id="reading"')
    assert count(shop, "cart_lines") == 0


@pytest.mark.parametrize(("to", "location"), [("sell", "/sell/"), ("", "/products/{}")])
def test_an_unknown_code_is_attached_and_then_sells(shop: Shop, client_of: ClientOf, to: str, location: str) -> None:
    product_id, client = str(add_product(shop, "Milk")), client_of(shop)
    search = client.get("/scan/attachment", query_string={"code": UNKNOWN, "q": "mil", "to": to})
    assert f'value="{product_id}"' in search.text
    form = {"op_id": str(new_id()), "product_id": product_id, "code": UNKNOWN, "q": "mil", "to": to}

    first, again = client.post_form("/scan/attachment", form), client.post_form("/scan/attachment", form)

    assert first.headers["Location"] == again.headers["Location"] == location.format(product_id)
    assert count(shop, "barcodes") == 1
    line = client.post_form("/sell/lines", {"q": UNKNOWN, "op_id": str(new_id())}, htmx=True)
    assert line.status_code == 200
    assert "115.00 PKR" in line.text


def test_a_number_of_ones_own_is_attached_as_code_128(shop: Shop, client_of: ClientOf) -> None:
    product_id = str(add_product(shop))

    form = {"op_id": str(new_id()), "product_id": product_id, "code": "12345"}
    assert client_of(shop).post_form("/scan/attachment", form).status_code == 303
    assert client_of(shop).get("/scan?code=12345").headers["Location"] == f"/products/{product_id}"


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"code": "5012345678901"}, 422),
        ({"code": ""}, 422),
        ({"code": MILK}, 422),
        ({"product_id": ""}, 422),
        ({"product_id": str(new_id())}, 404),
        ({"op_id": ""}, 422),
    ],
)
def test_a_bad_attachment_is_refused(shop: Shop, client_of: ClientOf, changed: dict[str, str], status: int) -> None:
    milk(shop)
    form = {"op_id": str(new_id()), "product_id": str(add_product(shop, "Tea")), "code": UNKNOWN} | changed

    answer = client_of(shop).post_form("/scan/attachment", form, htmx=True)

    assert answer.status_code == status
    assert count(shop, "barcodes") == 1


def test_a_rivals_product_and_a_cashier_get_no_code(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    form = {"op_id": str(new_id()), "product_id": str(add_product(rival)), "code": UNKNOWN}

    assert client_of(shop).post_form("/scan/attachment", form).status_code == 404
    assert client_of(shop, "cashier").post_form("/scan/attachment", form).status_code == 403
    assert count(rival, "barcodes") == 0


def test_an_unknown_code_at_the_till_is_a_line_of_its_own_and_the_cart_stays(shop: Shop, client_of: ClientOf) -> None:
    milk(shop)
    client = client_of(shop)
    good = client.post_form("/sell/lines", {"q": MILK, "op_id": str(new_id())}, htmx=True)
    assert json.loads(good.headers["HX-Trigger"]) == {"ledger:scanned": {"kind": "good", "sentence": "Milk"}}

    answer = client.post_form("/sell/lines", {"q": UNKNOWN, "op_id": str(new_id())}, htmx=True)

    assert answer.status_code == 422
    assert json.loads(answer.headers["HX-Trigger"])["ledger:scanned"]["kind"] == "bad"
    assert 'hx-swap-oob="afterbegin:#scan-notices"' in answer.text
    assert f"/products/new?barcode={UNKNOWN}" in answer.text
    assert f"/scan/attachment?code={UNKNOWN}&amp;to=sell" in answer.text
    assert "115.00 PKR" in answer.text
    plain = client.post_form("/sell/lines", {"q": UNKNOWN, "op_id": str(new_id())})
    assert plain.status_code == 422
    assert f"/products/new?barcode={UNKNOWN}" in plain.text


def test_what_cannot_be_sold_says_why_at_the_till(shop: Shop, client_of: ClientOf) -> None:
    product_id = add_product(shop, "Tea")
    add_barcode(AddBarcode(op_id=new_id(), product_id=product_id, barcode=read_barcode(UNKNOWN)), shop.act())
    archive_product(ArchiveProduct(op_id=new_id(), product_id=product_id, archived=True), shop.act())
    sell(shop, (add_product(shop), 1, 115_00))
    client = client_of(shop)

    said = {
        code: client.post_form("/sell/lines", {"q": code, "op_id": str(new_id())}, htmx=True)
        for code in (UNKNOWN, "A-000001", "5012345678901")
    }

    assert {answer.status_code for answer in said.values()} == {422}
    assert "is archived, so it cannot be sold" in said[UNKNOWN].text
    assert f"/products/{product_id}" in said[UNKNOWN].text
    assert "Open the sale" in said["A-000001"].text
    assert "should be 0, not 1" in said["5012345678901"].text
    assert count(shop, "cart_lines") == 0


def test_element_strings_go_through_the_till(shop: Shop, client_of: ClientOf) -> None:
    milk(shop)

    answer = client_of(shop).post_form(
        "/sell/lines", {"q": f"010{MILK}10AB12\x1d17261231\x1d303", "op_id": str(new_id())}, htmx=True
    )

    assert answer.status_code == 200
    assert "345.00 PKR" in answer.text
    assert "batch AB12, use by 2026-12-31" in json.loads(answer.headers["HX-Trigger"])["ledger:scanned"]["sentence"]
