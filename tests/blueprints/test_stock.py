"""Stock and counts over HTTP: what is shown to whom, counted by scanning, posted, downloaded."""

import csv
import io
import re
from collections.abc import Callable

import openpyxl
import pytest
from werkzeug.test import TestResponse

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.ids import new_id
from ledger_web.services.barcodes import AddBarcode, add_barcode
from tests.books import assert_the_books_agree, stock_of
from tests.clients import ShopClient
from tests.shops import Shop, add_product, buy_below, sell

ClientOf = Callable[..., ShopClient]
CODE = "2100000000012"


def op() -> dict[str, str]:
    return {"op_id": str(new_id())}


def begin(client: ShopClient, **more: str) -> str:
    return client.post_form("/stock/counts/", {"name": "Shelf <1>", **more, **op()}).headers["Location"]


def scan(client: ShopClient, count: str, q: str, **more: str) -> TestResponse:
    return client.post_form(f"{count}/lines", {"q": q, **more, **op()}, htmx=True)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def test_the_stock_page_shows_levels_with_their_value_to_those_who_may_see_it(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop, "Milk <b>", quantity=3, cost=60_00)

    page = client_of(shop, "manager").get("/stock/").text
    assert "Milk &lt;b&gt;" in page
    assert "180.00" in page
    assert "180.00" not in client_of(shop, "cashier").get("/stock/").text
    assert "Milk &lt;b&gt;" in client_of(shop, "manager").get("/stock/?q=milk&shown=held").text
    assert "Milk &lt;b&gt;" not in client_of(shop, "manager").get("/stock/?shown=held&day=2020-01-01").text
    assert "What came and went" in client_of(shop, "cashier").get(f"/stock/{milk}").text


@pytest.mark.parametrize("asked", ["day=x", "day=9999-12-31", "shown=what", "after=1"])
def test_a_filter_that_cannot_be_read_is_said(shop: Shop, client_of: ClientOf, asked: str) -> None:
    client = client_of(shop)

    assert client.get(f"/stock/?{asked}").status_code == 422
    assert client.get(f"/stock/levels.csv?{asked}").status_code == 404


def test_levels_and_moves_are_files_that_compute_nothing(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop, "=1+1", quantity=3, cost=60_00)
    sell(shop, (milk, 1, 115_00))
    client = client_of(shop)

    text = client.get("/stock/levels.csv").text.removeprefix("\ufeff")
    assert next(csv.DictReader(io.StringIO(text))) == {
        "name": "'=1+1",
        "sku": "",
        "quantity": "2",
        "unit": "pcs",
        "reorder_level": "",
        "value": "120.00",
        "currency": "PKR",
    }
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/stock/{milk}/moves.xlsx").data))
    assert [row[4:6] for row in book.worksheets[0].values] == [("Quantity", "Left"), (-1, 2), (3, 3)]
    cashier = client_of(shop, "cashier")
    assert "value" not in cashier.get("/stock/levels.csv").text
    moves = cashier.get(f"/stock/{milk}/moves.csv").text
    assert "Quantity,Left,Unit\r\n" in moves
    assert "60.00" not in moves


def test_what_is_below_its_level_is_on_the_list_of_what_to_buy(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop, quantity=3, cost=60_00)
    client = client_of(shop)
    assert "Nothing to buy" in client.get("/stock/to-buy").text

    buy_below(shop, milk, 10, 24)

    page = client.get("/stock/to-buy").text
    assert "up to 24" in page
    assert "1,260.00 PKR" in page
    assert ",3,pcs,10,21,pcs,1260.00,PKR" in client.get("/stock/to-buy.csv").text
    assert "1,260.00" not in client_of(shop, "cashier").get("/stock/to-buy").text
    assert "1260.00" not in client_of(shop, "cashier").get("/stock/to-buy.csv").text
    assert "Buy below" in client.get(f"/stock/{milk}").text


def test_a_count_is_scanned_looked_at_and_posted(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop, "Milk", quantity=10)
    barcode = read_barcode(CODE)
    add_barcode(AddBarcode(op_id=new_id(), product_id=milk, barcode=barcode), shop.act())
    client = client_of(shop, "manager")
    count = begin(client)

    assert scan(client, count, CODE).status_code == 200
    assert scan(client, count, f"5*{CODE}").headers["HX-Trigger"]
    panel = scan(client, count, "milk").text
    assert 'id="count-panel"' in panel
    assert 'value="7"' in panel
    assert "3 missing" in panel
    page = client.get(f"{count}/posting").text
    posted = client.post_form(f"{count}/posting", {"digest": hidden(page, "digest"), **op()})

    assert posted.status_code == 303
    assert stock_of(shop, milk)[0] == 7
    assert "posted" in client.get(count).text
    assert client.post_form(f"{count}/posting", {"digest": "x", **op()}).status_code == 422
    assert "missing" in client.get(f"{count}/posting").text
    assert ",10,7,-3," in client.get(f"{count}/lines.csv").text
    assert_the_books_agree(shop)


def test_what_cannot_be_counted_is_said_and_the_count_stays(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk one")
    add_product(shop, "Milk two")
    client = client_of(shop)
    count = begin(client)

    assert "Nothing here is called" in scan(client, count, "4006381333931").text
    assert scan(client, count, "").status_code == 422
    assert "Before the star" in scan(client, count, "x*milk").text
    both = scan(client, count, "3*milk").text
    assert both.count("data-hit") == 2
    assert both.count('name="quantity" value="3"') == 2
    assert "Milk one" in client.get(f"{count}/hits?q=milk", headers={"HX-Request": "true"}).text
    assert "Nothing counted yet" in client.get(count).text


def test_a_blind_count_says_nothing_of_the_books_until_it_is_closed(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop, "Milk", quantity=10)
    client = client_of(shop, "cashier")
    count = begin(client, is_blind="y")

    panel = scan(client, count, "milk").text
    assert "missing" not in panel
    assert "expected" not in panel
    assert client.get(f"{count}/posting").status_code == 403
    assert client.get(f"{count}/lines.csv").status_code == 403
    set_to = client.post_form(f"{count}/lines/{milk}", {"counted": "4", **op()}, htmx=True)
    assert 'value="4"' in set_to.text
    wrong = client.post_form(f"{count}/lines/{milk}", {"counted": "-4", **op()}, htmx=True)
    assert (wrong.status_code, 'value="-4"' in wrong.text) == (422, True)


def test_what_was_left_out_is_counted_as_none_and_a_count_put_aside(shop: Shop, client_of: ClientOf) -> None:
    milk, tea = add_product(shop, "Milk", quantity=10), add_product(shop, "Tea", quantity=2)
    client = client_of(shop)
    count = begin(client)
    scan(client, count, "milk")

    assert "Not counted" in client.get(f"{count}/posting").text
    answer = client.post_form(f"{count}/lines/{tea}/none", op(), htmx=True)
    assert "2 missing" in answer.text
    assert client.post_form(f"{count}/lines/{milk}/delete", op()).status_code == 303
    assert client.post_form(f"{count}/discard", op()).status_code == 303
    assert "put aside" in client.get("/stock/counts/").text
    assert stock_of(shop, tea)[0] == 2


def test_without_javascript_a_scan_leads_back_to_the_count(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk", quantity=10)
    client = client_of(shop)
    count = begin(client)

    answer = client.post_form(f"{count}/lines", {"q": "milk", **op()})

    assert (answer.status_code, answer.headers["Location"]) == (303, count)
    assert "9 missing" in client.get(count).text
    assert client.post_form("/stock/counts/", {"name": "", **op()}).status_code == 422


def test_a_rival_finds_nothing(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop)
    count = begin(client_of(shop))
    client = client_of(rival)

    for path in (f"/stock/{milk}", f"/stock/{milk}/moves.csv", count, f"{count}/posting", f"{count}/lines.csv"):
        assert client.get(path).status_code == 404
    assert scan(client, count, "milk").status_code == 404
    assert client.post_form(f"{count}/discard", op()).status_code == 404
