"""Exchanges over HTTP: one form for what comes back, what goes out and the difference."""

import re
import uuid
from collections.abc import Callable
from typing import Any

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash
from ledger_web.services.barcodes import AddBarcode, add_barcode
from tests.books import assert_the_books_agree, cached_balance, count, stock_of
from tests.clients import ShopClient
from tests.returns import reason_of
from tests.shops import Shop, add_product, sell

ClientOf = Callable[..., ShopClient]


def form_of(shop: Shop, page: str = "", **changed: Any) -> dict[str, str]:
    """Fill in the form of an exchange: one of the first line comes back, for what is in the cart of the page."""
    usual = {"op_id": new_id(), "drawer_id": shop.drawer_id, "reason_id": reason_of(shop)}
    cart = dict(re.findall(r'name="(cart_id|version)" value="([^"]+)"', page))
    return {name: str(value) for name, value in (usual | {"1-quantity": "1"} | cart | changed).items()}


def test_goods_are_scanned_and_exchanged_without_leaving_the_page(shop: Shop, client_of: ClientOf) -> None:
    milk, tea = add_product(shop, "Milk"), add_product(shop, "Tea", price=200_00)
    add_barcode(AddBarcode(op_id=new_id(), product_id=tea, barcode=read_barcode("4006381333931")), shop.act())
    sale_id, client = sell(shop, (milk, 2, 115_00)), client_of(shop, "manager")
    path = f"/sales/{sale_id}/exchange/"

    assert "Exchange" in client.get(f"/sales/{sale_id}").text
    assert "Exchange instead" in client.get(f"/sales/{sale_id}/return").text
    assert client.get(path).status_code == 200
    scanned = client.post_form(path, form_of(shop, q="4006381333931", act="add"), htmx=True)
    assert scanned.status_code == 200
    assert 'value="1"' in scanned.text  # what comes back stays typed
    assert "85.00 PKR" in scanned.text
    preview = client.post_form(f"{path}preview", form_of(shop, scanned.text, tendered="100"), htmx=True)
    assert "15.00 PKR" in preview.text  # the change
    assert count(shop, "sale_returns") == 0
    form = form_of(shop, scanned.text, tendered="100", act="exchange")
    answers = [client.post_form(path, form) for _ in range(2)]

    assert [each.status_code for each in answers] == [303, 303]
    assert len({each.headers["Location"] for each in answers}) == 1
    receipt = client.get(answers[0].headers["Location"]).text
    assert "Exchange" in receipt
    assert "115.00" in receipt
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 315_00
    assert (count(shop, "sale_returns"), count(shop, "sales")) == (1, 2)
    assert_the_books_agree(shop)


def test_a_product_is_found_by_name_chosen_among_several_and_taken_out_again(shop: Shop, client_of: ClientOf) -> None:
    sale_id = sell(shop, (add_product(shop, "Green tea"), 2, 115_00))
    black, client = add_product(shop, "Black tea"), client_of(shop, "manager")
    path = f"/sales/{sale_id}/exchange/"

    several = client.post_form(path, form_of(shop, q="tea"), htmx=True)
    assert several.status_code == 200
    assert "Green tea" in several.text
    assert 'value="tea"' in several.text
    chosen = client.post_form(path, form_of(shop, product_id=black), htmx=True)
    line = re.search(r'name="taken_out" value="([^"]+)"', chosen.text)
    assert line is not None
    emptied = client.post_form(path, form_of(shop, chosen.text, taken_out=line[1]), htmx=True)

    assert "Nothing yet" in emptied.text
    assert count(shop, "cart_lines") == 0


def test_the_enter_of_a_scanner_never_exchanges(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop, "Milk")
    sale_id, client = sell(shop, (milk, 2, 115_00)), client_of(shop, "manager")
    path = f"/sales/{sale_id}/exchange/"
    page = client.post_form(path, form_of(shop, q="Milk"), htmx=True).text

    for form in (form_of(shop, page, act="add"), form_of(shop, page), form_of(shop, page, act="exchange", q="Milk")):
        assert client.post_form(path, form).status_code == 200
    assert count(shop, "sale_returns") == 0


def test_an_exchange_that_is_not_filled_in_well_comes_back_with_what_was_typed(shop: Shop, client_of: ClientOf) -> None:
    milk, tea = add_product(shop, "Milk"), add_product(shop, "Tea", price=200_00)
    sale_id, client = sell(shop, (milk, 2, 115_00)), client_of(shop, "manager")
    path = f"/sales/{sale_id}/exchange/"
    page = client.post_form(path, form_of(shop, product_id=tea), htmx=True).text
    wrong: tuple[dict[str, Any], ...] = (
        {"1-quantity": "3"},
        {"1-quantity": ""},
        {"1-quantity": "-1"},
        {"reason_id": ""},
        {"drawer_id": new_id()},
        {"way": "chosen"},
        {"bank_id": new_id()},
        {"tendered": "84.99"},
        {"tendered": "-5"},
        {"rest_on_account": "y"},
        {"customer": "nobody"},
        {"op_id": "nothing"},
        {"cart_id": ""},
        {"cart_id": "x"},
        {"version": "77"},
        {"cart_id": new_id()},
    )
    for change in wrong:
        answer = client.post_form(path, form_of(shop, page, note="Too small", act="exchange", **change), htmx=True)
        assert answer.status_code in (409, 422), change
        assert 'id="exchange-form"' in answer.text, change
        assert "Too small" in answer.text, change
    for change in ({"q": "no such thing"}, {"product_id": new_id()}, {"taken_out": "x"}, {"taken_out": new_id()},
                   {"q": "0*Tea"}, {"q": "x" * 300}):  # fmt: skip
        assert client.post_form(path, form_of(shop, page, **change), htmx=True).status_code == 422, change

    assert (count(shop, "sale_returns"), count(shop, "sales")) == (0, 1)
    assert stock_of(shop, milk)[0] == 98
    assert_the_books_agree(shop)


def test_an_exchange_takes_the_rights_of_a_return_and_of_a_sale_and_its_limits(shop: Shop, client_of: ClientOf) -> None:
    milk, tea = add_product(shop, "Milk"), add_product(shop, "Tea", price=1_00)
    sale_id, cashier = sell(shop, (milk, 2, 115_00)), client_of(shop, "cashier")
    path = f"/sales/{sale_id}/exchange/"
    page = cashier.post_form(path, form_of(shop, product_id=tea), htmx=True).text

    too_much = cashier.post_form(path, form_of(shop, page, act="exchange", **{"1-quantity": "2"}))
    assert too_much.status_code == 422
    assert "more than you may give back" in too_much.text
    with shop.act() as uow:
        uow.execute(
            "UPDATE roles SET built_in = NULL, permissions = ARRAY['sale.view', 'sale.return']"
            " WHERE tenant_id = %(tenant_id)s AND name = 'cashier'"
        )
    assert cashier.get(path).status_code == 403
    assert path not in cashier.get(f"/sales/{sale_id}").text
    assert count(shop, "sale_returns") == 0


def test_a_rivals_sale_and_product_are_not_exchanged(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    theirs, tea = sell(rival, (add_product(rival), 2, 115_00)), add_product(rival, "Tea")
    mine, client = sell(shop, (add_product(shop), 2, 115_00)), client_of(shop)

    for path in (f"/sales/{theirs}/exchange/", f"/sales/{uuid.uuid4()}/exchange/"):
        assert client.get(path).status_code == 404
        assert client.post_form(path, form_of(shop, act="exchange")).status_code == 404
        assert client.post_form(f"{path}preview", form_of(shop)).status_code == 404
    assert client.post_form(f"/sales/{mine}/exchange/", form_of(shop, product_id=tea)).status_code == 422
    assert count(shop, "cart_lines") == 0
