"""Products over HTTP: the questions every endpoint answers, for each page and each form."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.ids import new_id
from ledger_web.services.barcodes import AddBarcode, add_barcode
from ledger_web.services.products import CreateProduct, create_product
from tests.at_once import in_threads
from tests.bad_input import NUMBERS, SENDABLE
from tests.books import count, stock_of
from tests.clients import ShopClient
from tests.shops import Shop, add_product, sell

Browsers = Callable[..., ShopClient]

COLA = "5449000000996"
NEW = {
    "name": "Cola",
    "unit_price": "120.00",
    "tax_percent": "15",
    "unit": "pcs",
    "stock_policy": "block",
    "sku": "C-1",
    "barcodes": COLA,
    "opening_quantity": "10",
    "opening_unit_cost": "60",
    "note": "Sweet",
}
EDIT = {key: NEW[key] for key in ("name", "sku", "note")} | {"brand": "Fizz", "category": "Drinks", "tags": "sweet"}
RULES = {key: NEW[key] for key in ("unit", "stock_policy")} | {"reorder_level": "5", "reorder_to": "50"}
PRICE = {key: NEW[key] for key in ("unit_price", "tax_percent")} | {"reason": "New cost"}

# Each form on the page of a product: its address, what is sent, and the panel that comes back.
ACTS: dict[str, tuple[str, dict[str, str], str]] = {
    "update": ("", EDIT | {"version": "1"}, ""),
    "stock rules": ("/stock-rules", RULES | {"version": "1"}, ""),
    "price": ("/price", PRICE | {"version": "1"}, ""),
    "further price": ("/prices", {"unit_price": "99", "quantity_from": "10", "reason": "Promotion"}, "prices-panel"),
    "pack": ("/units", {"name": "crate", "factor_numerator": "12", "barcodes": ""}, "units-panel"),
    "archive": ("/archival", {}, ""),
    "unarchive": ("/archival/delete", {}, ""),
    "add barcode": ("/barcodes", {"code": COLA, "symbology": ""}, "barcodes-panel"),
    "remove barcode": ("/barcodes/delete", {"code": COLA}, "barcodes-panel"),
    "receive": ("/receipts", {"quantity": "5", "unit_cost": "60", "note": ""}, "stock-panel"),
    "adjust": ("/adjustments", {"way": "counted", "quantity": "7", "reason": "counted", "note": ""}, "stock-panel"),
}
PANELS = [name for name, (_, _, panel) in ACTS.items() if panel]


def op() -> str:
    return str(new_id())


def act(client: ShopClient, name: str, product_id: uuid.UUID, *, op_id: str = "", **kwargs: Any) -> TestResponse:
    path, data, _ = ACTS[name]
    changed = kwargs.pop("changed", {})
    return client.post_form(f"/products/{product_id}{path}", {"op_id": op_id or op()} | data | changed, **kwargs)


def rows_of(shop: Shop) -> list[int]:
    tables = ("products", "product_words", "barcodes", "stock_moves", "entries", "submissions")
    return [count(shop, table) for table in tables]


def add_cola(shop: Shop) -> uuid.UUID:
    command = CreateProduct(id=new_id(), name="Cola", barcodes=(read_barcode(COLA),), currency=shop.currency)
    return create_product(command, shop.act()).id


# The list.


def test_the_list_is_a_page_and_for_htmx_its_panel(client_of: Browsers, shop: Shop) -> None:
    add_product(shop, "Milk")
    client = client_of(shop)

    page, fragment = client.get("/products/"), client.get("/products/?q=mil", htmx=True)

    assert (page.status_code, fragment.status_code) == (200, 200)
    assert "<html" in page.text
    assert "Milk" in page.text
    assert fragment.text.lstrip().startswith('<section id="product-list"')
    assert "Milk" in fragment.text


def test_search_without_javascript_is_the_same_address(client_of: Browsers, shop: Shop) -> None:
    add_product(shop, "Milk")
    add_product(shop, "Tea")

    page = client_of(shop).get("/products/?q=te").text

    assert "Tea" in page
    assert "Milk" not in page
    assert 'value="te"' in page


def test_an_empty_shop_says_what_to_do(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)

    assert "No products yet" in client.get("/products/").text
    assert "Nothing found" in client.get("/products/?q=x").text
    assert "The archive is empty" in client.get("/products/?archived=y").text


def test_the_next_page_is_a_link_that_keeps_the_search(client_of: Browsers, shop: Shop) -> None:
    for n in range(51):
        add_product(shop, f"Tea {n:02}", quantity=0)
    client = client_of(shop)

    link = re.search(r'rel="next" href="([^"]+)"', client.get("/products/?q=tea").text)

    assert link is not None
    second = client.get(link[1].replace("&amp;", "&")).text
    assert "Tea 50" in second
    assert "Tea 49" not in second
    assert 'rel="prev"' in second


@pytest.mark.parametrize("field", ["q", "after"])
def test_nothing_typed_into_the_search_breaks_the_list(client_of: Browsers, shop: Shop, field: str) -> None:
    client = client_of(shop)
    add_product(shop)

    for text in SENDABLE:
        assert client.get("/products/", query_string={field: text[:2000]}).status_code in {200, 422}, repr(text[:40])


def test_a_name_is_shown_as_it_is_and_never_as_html(client_of: Browsers, shop: Shop) -> None:
    add_product(shop, "<script>alert(1)</script>")
    client = client_of(shop)

    for page in (client.get("/products/"), client.get("/products/?q=script"), client.get("/products/?q=<b>")):
        assert "<script>alert" not in page.text
        assert "<b>" not in page.text


# One product.


def test_the_page_shows_stock_codes_moves_and_sales(client_of: Browsers, shop: Shop) -> None:
    milk = add_product(shop, "Milk", quantity=10, cost=60_00)
    add_barcode(AddBarcode(op_id=new_id(), product_id=milk, barcode=read_barcode(COLA)), shop.act())
    sell(shop, (milk, 2, 115_00))

    page = client_of(shop).get(f"/products/{milk}").text

    for words in ("Milk", "115.00 PKR", "480.00 PKR", "60.00 PKR", "Sale A-000001", "Opening stock", "out 2"):
        assert words in page, words
    assert "<svg" in page
    assert COLA in page
    assert "style=" not in page


def test_what_goods_cost_is_not_shown_to_a_cashier(client_of: Browsers, shop: Shop) -> None:
    milk = add_product(shop, "Milk", quantity=10, cost=61_37)
    sell(shop, (milk, 1, 115_00))

    page = client_of(shop, "cashier").get(f"/products/{milk}").text

    assert "9 <small><bdi>pcs" in page
    for secret in ("61.37", "552.33", "613.70", "Margin", "Receive goods", "Edit", "Archive"):
        assert secret not in page, secret


@pytest.mark.parametrize("path", ["", "/edit"])
def test_a_product_that_is_not_there_is_404(client_of: Browsers, shop: Shop, path: str) -> None:
    assert client_of(shop).get(f"/products/{uuid.uuid4()}{path}").status_code == 404


@pytest.mark.parametrize("id", ["1", "x", "00000000-0000-0000-0000-000000000000", "%00", "'--"])
def test_a_nonsense_id_is_404(client_of: Browsers, shop: Shop, id: str) -> None:
    client = client_of(shop)

    assert client.get(f"/products/{id}").status_code == 404
    assert client.get(f"/products/{id}/edit").status_code == 404


# A new product.


def test_a_new_product_is_shown_on_its_page(client_of: Browsers, shop: Shop) -> None:
    op_id = op()

    response = client_of(shop).post_form("/products/", NEW | {"op_id": op_id})

    assert response.status_code == 303
    assert response.headers["Location"] == f"/products/{op_id}"
    assert stock_of(shop, uuid.UUID(op_id)) == (10, 600_00)


def test_htmx_is_sent_to_the_page_of_a_new_product(client_of: Browsers, shop: Shop) -> None:
    op_id = op()

    response = client_of(shop).post_form("/products/", NEW | {"op_id": op_id}, htmx=True)

    assert (response.status_code, response.headers["HX-Redirect"]) == (204, f"/products/{op_id}")


def test_the_form_of_a_new_product_carries_its_number(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)

    numbers = {
        match[1]
        for _ in range(2)
        if (match := re.search(r'name="op_id" value="([^"]+)"', client.get("/products/new").text))
    }

    assert len(numbers) == 2


def test_a_scanned_code_is_filled_into_the_form(client_of: Browsers, shop: Shop) -> None:
    assert COLA in client_of(shop).get(f"/products/new?barcode={COLA}").text
    assert client_of(shop).get("/products/new?barcode=%00%ff").status_code == 200


@pytest.mark.parametrize("htmx", [True, False])
def test_a_bad_form_comes_back_as_it_was_typed(client_of: Browsers, shop: Shop, htmx: bool) -> None:
    op_id = op()
    sent = NEW | {"op_id": op_id, "name": "", "unit_price": "12,3,4", "note": "Keep <this>"}

    response = client_of(shop).post_form("/products/", sent, htmx=htmx)

    assert response.status_code == 422
    for words in ('value="12,3,4"', "Keep &lt;this&gt;", COLA, op_id, 'aria-invalid="true"', "Name: "):
        assert words in response.text, words
    assert ("<html" in response.text) is not htmx
    assert rows_of(shop) == [0] * 6


def test_a_rejected_form_does_not_use_its_number_up(client_of: Browsers, shop: Shop) -> None:
    client, op_id = client_of(shop), op()

    client.post_form("/products/", NEW | {"op_id": op_id, "name": ""})
    response = client.post_form("/products/", NEW | {"op_id": op_id})

    assert response.headers["Location"] == f"/products/{op_id}"
    assert count(shop, "products") == 1


def test_the_same_form_twice_makes_one_product_and_leads_to_it(client_of: Browsers, shop: Shop) -> None:
    client, sent = client_of(shop), NEW | {"op_id": op()}

    responses = [client.post_form("/products/", sent) for _ in range(2)]

    assert {response.headers["Location"] for response in responses} == {f"/products/{sent['op_id']}"}
    assert (count(shop, "products"), count(shop, "stock_moves")) == (1, 1)


def test_one_form_sent_five_times_at_once_makes_one_product(app: Flask, client_of: Browsers, shop: Shop) -> None:
    sent = NEW | {"op_id": op()}
    clients = [client_of(shop) for _ in range(5)]

    answers = in_threads(
        app, *[lambda c=client: c.post_form("/products/", sent).headers["Location"] for client in clients]
    )

    assert set(answers) == {f"/products/{sent['op_id']}"}
    assert (count(shop, "products"), count(shop, "stock_moves")) == (1, 1)


def test_the_same_form_with_other_words_is_refused(client_of: Browsers, shop: Shop) -> None:
    client, op_id = client_of(shop), op()
    client.post_form("/products/", NEW | {"op_id": op_id})
    before = rows_of(shop)

    response = client.post_form("/products/", NEW | {"op_id": op_id, "name": "Water", "barcodes": "", "sku": ""})

    assert response.status_code == 409
    assert rows_of(shop) == before


@pytest.mark.parametrize("op_id", [None, "", "1", "00000000-0000-0000-0000-000000000000"])
def test_a_form_without_its_number_is_refused(client_of: Browsers, shop: Shop, op_id: str | None) -> None:
    client, sent = client_of(shop), NEW | ({} if op_id is None else {"op_id": op_id})

    assert client.post_form("/products/", sent).status_code == 422
    assert rows_of(shop) == [0] * 6


def test_a_code_that_is_taken_names_its_holder_with_a_link(client_of: Browsers, shop: Shop) -> None:
    cola = add_cola(shop)
    client = client_of(shop)

    by_code = client.post_form("/products/", NEW | {"op_id": op(), "name": "Water", "sku": ""})
    client.post_form(f"/products/{cola}", EDIT | {"op_id": op(), "version": "1"})
    by_sku = client.post_form("/products/", NEW | {"op_id": op(), "name": "Water", "barcodes": ""})

    for response in (by_code, by_sku):
        assert response.status_code == 422
        assert f'href="/products/{cola}"' in response.text
        assert "already" in response.text
        assert 'value="Water"' in response.text


def test_a_wrong_code_is_refused_with_its_reason(client_of: Browsers, shop: Shop) -> None:
    response = client_of(shop).post_form("/products/", NEW | {"op_id": op(), "barcodes": f"{COLA}\n5449000000997"})

    assert response.status_code == 422
    assert "should be 6, not 7" in response.text
    assert count(shop, "products") == 0


def test_who_may_not_adjust_stock_brings_none_in_with_a_product(client_of: Browsers, shop: Shop) -> None:
    client, op_id = client_of(shop, "manager"), op()
    with shop.act() as uow:
        uow.execute(
            """
            UPDATE roles SET built_in = NULL, permissions = '{product.view,product.create}'
             WHERE tenant_id = %(tenant_id)s AND name = 'manager'
            """
        )

    page = client.get("/products/new").text
    client.post_form("/products/", NEW | {"op_id": op_id})

    assert "In stock now" not in page
    assert stock_of(shop, uuid.UUID(op_id)) == (0, 0)


@pytest.mark.parametrize("field", ["name", "sku", "barcodes", "note"])
def test_no_text_breaks_the_form_of_a_new_product(client_of: Browsers, shop: Shop, field: str) -> None:
    client = client_of(shop)

    for n, text in enumerate(SENDABLE):
        sent = NEW | {"op_id": op(), "sku": f"S-{n}", "barcodes": f"B-{n}", "opening_quantity": "", field: text}
        response = client.post_form("/products/", sent)

        assert response.status_code in {303, 413, 422}, repr(text[:40])
        if response.status_code == 303:
            assert client.get(response.headers["Location"]).status_code == 200, repr(text[:40])


@pytest.mark.parametrize("field", ["unit_price", "tax_percent", "opening_quantity", "opening_unit_cost"])
def test_no_number_breaks_the_form_of_a_new_product(client_of: Browsers, shop: Shop, field: str) -> None:
    client = client_of(shop)

    for n, text in enumerate(NUMBERS):
        sent = NEW | {"op_id": op(), "sku": f"S-{n}", "barcodes": f"B-{n}", field: text}
        assert client.post_form("/products/", sent).status_code in {303, 422}, repr(text[:40])


# An edit.


def test_the_form_of_an_edit_shows_what_is_saved(client_of: Browsers, shop: Shop) -> None:
    milk = add_product(shop, "Milk", price=115_00, tax=15)

    page = client_of(shop).get(f"/products/{milk}/edit").text

    price = client_of(shop).get(f"/products/{milk}/price").text
    rules = client_of(shop).get(f"/products/{milk}/stock-rules").text

    for shown, words in (
        (page, 'value="Milk"'),
        (page, 'name="version" value="1"'),
        (price, 'value="115.00"'),
        (price, 'value="15"'),
        (rules, 'selected value="block"'),
    ):
        assert words in shown, words


def test_a_stale_edit_shows_both_and_overwrites_nothing(client_of: Browsers, shop: Shop) -> None:
    cola, client = add_cola(shop), client_of(shop)
    client.post_form(f"/products/{cola}", EDIT | {"op_id": op(), "version": "1", "name": "Cola Zero", "brand": "Pop"})

    stale = client.post_form(
        f"/products/{cola}", EDIT | {"op_id": op(), "version": "1", "name": "Cola Light"}, htmx=True
    )

    assert stale.status_code == 409
    for words in ("Cola Light", "Cola Zero", "Fizz", "Pop", 'name="version" value="2"', 'value="Cola Light"'):
        assert words in stale.text, words
    assert "Cola Zero" in client.get(f"/products/{cola}").text


def test_saving_again_after_seeing_both_is_a_choice(client_of: Browsers, shop: Shop) -> None:
    cola, client, op_id = add_cola(shop), client_of(shop), op()
    client.post_form(f"/products/{cola}", EDIT | {"op_id": op(), "version": "1", "name": "Cola Zero"})
    client.post_form(f"/products/{cola}", EDIT | {"op_id": op_id, "version": "1", "name": "Cola Light"})

    client.post_form(f"/products/{cola}", EDIT | {"op_id": op_id, "version": "2", "name": "Cola Light"})

    assert "Cola Light" in client.get(f"/products/{cola}").text


def test_a_refused_rule_comes_back_with_the_form(client_of: Browsers, shop: Shop) -> None:
    milk = add_product(shop, "Milk", quantity=3)

    sent = RULES | {"op_id": op(), "version": "1", "unit": "pcs", "stock_policy": "none", "reorder_to": "77"}
    response = client_of(shop).post_form(f"/products/{milk}/stock-rules", sent)

    assert response.status_code == 422
    assert "3 pcs of Milk are in stock" in response.text
    assert 'value="77"' in response.text


@pytest.mark.parametrize("field", ["name", "version"])
def test_nothing_typed_into_an_edit_breaks_the_form(client_of: Browsers, shop: Shop, field: str) -> None:
    cola, client = add_cola(shop), client_of(shop)

    for text in SENDABLE:
        response = act(client, "update", cola, changed={field: text})
        assert response.status_code in {303, 409, 413, 422}, repr(text[:40])


# The forms on the page.


@pytest.mark.parametrize("name", PANELS)
def test_an_act_answers_htmx_with_its_panel(client_of: Browsers, shop: Shop, name: str) -> None:
    milk = add_product(shop, "Milk")

    response = act(client_of(shop), name, milk, htmx=True)

    assert response.status_code == 200
    assert response.text.lstrip().startswith(f'<section id="{ACTS[name][2]}"')
    assert 'id="messages"' in response.text
    assert "<html" not in response.text


@pytest.mark.parametrize("name", list(ACTS))
def test_an_act_without_javascript_leads_back_to_the_page(client_of: Browsers, shop: Shop, name: str) -> None:
    milk = add_product(shop, "Milk")

    response = act(client_of(shop), name, milk)

    assert (response.status_code, response.headers["Location"]) == (303, f"/products/{milk}")


@pytest.mark.parametrize("name", list(ACTS))
def test_an_act_sent_twice_is_done_once(client_of: Browsers, shop: Shop, name: str) -> None:
    milk, client, op_id = add_product(shop, "Milk"), client_of(shop), op()
    act(client, name, milk, op_id=op_id)
    after_one = rows_of(shop)

    response = act(client, name, milk, op_id=op_id)

    assert response.status_code == 303
    assert rows_of(shop) == after_one


@pytest.mark.parametrize("name", list(ACTS))
@pytest.mark.parametrize("op_id", ["", "x"])
def test_an_act_without_its_number_does_nothing(client_of: Browsers, shop: Shop, name: str, op_id: str) -> None:
    milk = add_product(shop, "Milk")
    before, path, data = rows_of(shop), ACTS[name][0], ACTS[name][1]

    response = client_of(shop).post_form(f"/products/{milk}{path}", data | {"op_id": op_id})

    assert response.status_code == 422
    assert rows_of(shop) == before


@pytest.mark.parametrize("name", list(ACTS))
def test_an_act_on_a_product_of_another_shop_is_404(client_of: Browsers, shop: Shop, rival: Shop, name: str) -> None:
    theirs = add_product(rival, "Secret")
    before = rows_of(rival)

    response, nowhere = act(client_of(shop), name, theirs), act(client_of(shop), name, uuid.uuid4())

    assert (response.status_code, nowhere.status_code) == (404, 404)
    assert "Secret" not in response.text
    assert rows_of(rival) == before
    assert rows_of(shop) == [0] * 6


@pytest.mark.parametrize("name", list(ACTS))
def test_an_act_is_not_for_a_cashier(client_of: Browsers, shop: Shop, name: str) -> None:
    milk, client = add_product(shop, "Milk"), client_of(shop, "cashier")
    before = rows_of(shop)

    assert act(client, name, milk).status_code == 403
    assert act(client, name, milk, htmx=True).status_code == 403
    assert rows_of(shop) == before


@pytest.mark.parametrize("name", list(ACTS))
def test_an_act_is_for_who_is_signed_in(client_of: Browsers, shop: Shop, name: str) -> None:
    milk = add_product(shop, "Milk")
    before = rows_of(shop)

    response = act(client_of(shop, ""), name, milk)

    assert response.status_code == 303
    assert "/sign-in" in response.headers["Location"]
    assert rows_of(shop) == before


@pytest.mark.parametrize("path", ["/products/", "/products/new", "/products/{id}", "/products/{id}/edit"])
def test_pages_ask_who_is_there(client_of: Browsers, shop: Shop, rival: Shop, path: str) -> None:
    milk, theirs = add_product(shop, "Milk"), add_product(rival, "Secret")

    stranger = client_of(shop, "").get(path.format(id=milk))
    neighbour = client_of(shop).get(path.format(id=theirs))

    assert stranger.status_code == 303
    assert neighbour.status_code == (404 if "{id}" in path else 200)
    assert "Secret" not in neighbour.text


@pytest.mark.parametrize(
    ("path", "status"), [("/products/", 200), ("/products/new", 403), ("/products/{id}/edit", 403)]
)
def test_a_cashier_looks_and_changes_nothing(client_of: Browsers, shop: Shop, path: str, status: int) -> None:
    milk = add_product(shop, "Milk")

    assert client_of(shop, "cashier").get(path.format(id=milk)).status_code == status


@pytest.mark.parametrize(
    ("name", "changed", "words"),
    [
        ("receive", {"quantity": "0"}, "Enter a quantity above zero."),
        ("receive", {"quantity": "x", "unit_cost": "1.234"}, 'value="1.234"'),
        ("receive", {"unit_cost": ""}, "Enter an amount in PKR."),
        ("receive", {"quantity": "999999999"}, "more than can be counted"),
        ("receive", {"quantity": "999999", "unit_cost": "9999999999999"}, "more than the books can hold"),
        ("adjust", {"quantity": "100"}, "nothing to adjust"),
        ("adjust", {"way": "less", "quantity": "101"}, "cannot be taken out"),
        ("adjust", {"way": "more", "quantity": "0"}, "Enter a quantity above zero."),
        ("adjust", {"reason": "whim"}, "Choose one that is in the list."),
        ("add barcode", {"code": "5449000000997"}, "should be 6, not 7"),
        ("add barcode", {"code": "101"}, "choose Code 128"),
        ("add barcode", {"code": ""}, "Scan a barcode"),
    ],
)
def test_a_bad_act_says_why_in_its_panel(
    client_of: Browsers, shop: Shop, name: str, changed: dict[str, str], words: str
) -> None:
    milk = add_product(shop, "Milk")
    before = rows_of(shop)

    fragment = act(client_of(shop), name, milk, changed=changed, htmx=True)
    page = act(client_of(shop), name, milk, changed=changed)

    assert (fragment.status_code, page.status_code) == (422, 422)
    assert words in fragment.text
    assert words in page.text
    assert ACTS[name][2] in fragment.text
    assert "<html" in page.text
    assert rows_of(shop) == before


def test_a_short_code_of_ones_own_is_a_code_128(client_of: Browsers, shop: Shop) -> None:
    milk = add_product(shop, "Milk")

    response = act(client_of(shop), "add barcode", milk, changed={"code": "101", "symbology": "code128"}, htmx=True)

    assert response.status_code == 200
    assert ">101<" in response.text


def test_a_code_of_another_product_is_refused_with_a_link(client_of: Browsers, shop: Shop) -> None:
    cola, milk = add_cola(shop), add_product(shop, "Milk")

    response = act(client_of(shop), "add barcode", milk, htmx=True)

    assert response.status_code == 422
    assert f'href="/products/{cola}"' in response.text


def test_stock_is_what_was_counted(client_of: Browsers, shop: Shop) -> None:
    milk, client = add_product(shop, "Milk", quantity=10), client_of(shop)

    response = act(client, "adjust", milk, htmx=True, changed={"note": "Shelf 3"})
    act(client, "adjust", milk, changed={"way": "less", "quantity": "1.5", "reason": "damaged"})
    act(client, "adjust", milk, changed={"way": "more", "quantity": "2"})

    assert response.headers["HX-Trigger"] == "ledger:goods"
    assert "Counted: Shelf 3" in client.get(f"/products/{milk}/panels/movements", htmx=True).text
    assert stock_of(shop, milk)[0] == 7.5


@pytest.mark.parametrize(("name", "field"), [("add barcode", "code"), ("remove barcode", "code"), ("adjust", "note")])
def test_nothing_typed_into_a_panel_breaks_it(client_of: Browsers, shop: Shop, name: str, field: str) -> None:
    milk, client = add_product(shop, "Milk", quantity=5, policy="warn"), client_of(shop)

    for n, text in enumerate(SENDABLE):
        changed = {"quantity": str(n + 1)} if name == "adjust" else {}
        response = act(client, name, milk, changed=changed | {field: text}, htmx=True)
        assert response.status_code in {200, 409, 413, 422}, repr(text[:40])


def test_an_archived_product_says_so_and_comes_back(client_of: Browsers, shop: Shop) -> None:
    milk, client = add_product(shop, "Milk"), client_of(shop)
    act(client, "archive", milk)

    assert "archived" in client.get(f"/products/{milk}").text
    assert "Milk" not in client.get("/products/?q=milk").text.partition("<tbody>")[2]
    assert "Milk" in client.get("/products/?archived=y").text

    act(client, "unarchive", milk)
    assert "Milk" in client.get("/products/").text
