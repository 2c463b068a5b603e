"""The till over HTTP: scanning, typing, changing lines, paying; with htmx and without, and what is refused."""

import re
import uuid
from collections.abc import Callable

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash
from ledger_web.services.barcodes import AddBarcode, add_barcode
from ledger_web.services.products import ArchiveProduct, archive_product
from tests.books import assert_the_books_agree, cached_balance, count, stock_of
from tests.clients import ShopClient
from tests.shops import Shop, add_customer, add_product, sell

MILK_CODE = "2000000000015"
ClientOf = Callable[..., ShopClient]


def coded(shop: Shop, product_id: uuid.UUID, code: str = MILK_CODE) -> None:
    command = AddBarcode(op_id=new_id(), product_id=product_id, barcode=read_barcode(code))
    add_barcode(command, shop.act())


def scan(client: ShopClient, q: str, *, htmx: bool = True, op_id: uuid.UUID | None = None) -> str:
    answer = client.post_form("/sell/lines", {"q": q, "op_id": str(op_id or new_id())}, htmx=htmx)
    assert answer.status_code in (200, 303), answer.text
    return answer.text


def line_of(client: ShopClient, name: str) -> str:
    """The id of the line of a product in the cart of whoever is signed in."""
    found = re.search(r'name">' + name + r'</bdi>.*?id="line-([0-9a-f-]{36})"', client.get("/sell/").text, re.DOTALL)
    assert found
    return found[1]


def pay(client: ShopClient, shop: Shop, **fields: str) -> "tuple[int, str]":
    page = client.get("/sell/").text
    cart_id = re.search(r'name="op_id" value="([^"]*)">\s*<input type="hidden" name="version" value="(\d+)"', page)
    assert cart_id
    form = {"op_id": cart_id[1], "version": cart_id[2], "drawer_id": str(shop.drawer_id)} | fields
    answer = client.post_form("/sell/", form)
    return answer.status_code, answer.headers.get("Location", answer.text)


def test_scanning_a_code_adds_a_line_and_again_raises_it(shop: Shop, client_of: ClientOf) -> None:
    coded(shop, add_product(shop, "Milk"))
    client = client_of(shop, "cashier")

    scan(client, MILK_CODE)
    panel = scan(client, MILK_CODE)

    assert panel.lstrip().startswith("<section")
    assert "<html" not in panel
    assert "230.00 PKR" in panel


def test_a_scan_sent_again_counts_once_and_two_scans_count_two(shop: Shop, client_of: ClientOf) -> None:
    coded(shop, add_product(shop, "Milk"))
    client, op_id = client_of(shop, "cashier"), new_id()

    scan(client, MILK_CODE, op_id=op_id)
    scan(client, MILK_CODE, op_id=op_id)
    panel = scan(client, MILK_CODE)

    assert "230.00 PKR" in panel


def test_twelve_star_sells_twelve_and_a_star_alone_sets_the_last_line(shop: Shop, client_of: ClientOf) -> None:
    coded(shop, add_product(shop, "Milk"))
    client = client_of(shop, "cashier")

    assert "1,380.00 PKR" in scan(client, f"12*{MILK_CODE}")
    assert "345.00 PKR" in scan(client, "3*")


def test_a_name_that_means_one_product_is_added_and_of_several_one_is_chosen(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Green tea")
    black = add_product(shop, "Black tea", price=90_00)
    client = client_of(shop, "cashier")

    assert "115.00 PKR" in scan(client, "green")
    choice = scan(client, "tea")
    assert f'value="{black}"' in choice
    answer = client.post_form("/sell/lines", {"product_id": str(black), "op_id": str(new_id())}, htmx=True)

    assert "205.00 PKR" in answer.text


def test_an_unknown_code_says_so_and_leaves_the_cart(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")
    client = client_of(shop, "cashier")
    scan(client, "milk")

    answer = client.post_form("/sell/lines", {"q": "4006381333931", "op_id": str(new_id())}, htmx=True)

    assert answer.status_code == 422
    assert "Nothing here is called or coded" in answer.text
    assert "115.00 PKR" in answer.text


def test_what_is_archived_while_it_lies_on_the_counter_is_marked_and_sold(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop, "Milk")
    client = client_of(shop, "cashier")
    assert "archived" not in scan(client, "milk")
    archive_product(ArchiveProduct(op_id=new_id(), product_id=milk, archived=True), shop.act())

    assert ">archived</span>" in client.get("/sell/").text
    assert pay(client, shop, tendered="200")[0] == 303
    assert_the_books_agree(shop)


def test_a_line_without_its_number_is_refused(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")

    answer = client_of(shop, "cashier").post_form("/sell/lines", {"q": "milk"}, htmx=True)

    assert answer.status_code == 422
    assert count(shop, "cart_lines") == 0


def test_storing_the_cart_opens_the_receipt_with_the_change(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop, "Milk")
    client = client_of(shop, "cashier")
    scan(client, "2*milk")

    status, receipt = pay(client, shop, tendered="500")

    assert status == 303
    page = client.get(receipt).text
    assert "A-000001" in page
    assert "270.00 PKR" in page
    assert stock_of(shop, milk)[0] == 98
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 230_00
    assert "The cart is empty" in client.get("/sell/").text
    assert_the_books_agree(shop)


def test_storing_the_same_cart_twice_sells_once(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")
    client = client_of(shop, "cashier")
    scan(client, "milk")
    page = client.get("/sell/").text
    found = re.search(r'name="op_id" value="([^"]*)">\s*<input type="hidden" name="version" value="(\d+)"', page)
    assert found
    form = {"op_id": found[1], "version": found[2], "drawer_id": str(shop.drawer_id), "tendered": ""}

    first, second = client.post_form("/sell/", form), client.post_form("/sell/", form)

    assert first.headers["Location"] == second.headers["Location"]
    assert "stored already" in client.get(second.headers["Location"]).text
    assert client.post_form("/sell/", form | {"tendered": "1000"}).status_code == 409
    assert count(shop, "sales") == 1


def test_a_cart_changed_in_another_window_is_shown_again_first(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")
    client = client_of(shop, "cashier")
    scan(client, "milk")
    page = client.get("/sell/").text
    found = re.search(r'name="op_id" value="([^"]*)">\s*<input type="hidden" name="version" value="(\d+)"', page)
    assert found
    scan(client, "milk")

    answer = client.post_form(
        "/sell/", {"op_id": found[1], "version": found[2], "drawer_id": str(shop.drawer_id)}, htmx=True
    )

    assert answer.status_code == 409
    assert "changed in another window" in answer.text
    assert count(shop, "sales") == 0


def test_cash_that_does_not_cover_keeps_what_was_typed(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")
    client = client_of(shop, "cashier")
    scan(client, "milk")

    status, page = pay(client, shop, tendered="100.50")

    assert status == 422
    assert "does not cover the total" in page
    assert 'value="100.50"' in page


def test_the_rest_goes_on_the_account_of_the_chosen_customer(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")
    alice = add_customer(shop, "Alice")
    client = client_of(shop, "cashier")
    scan(client, "milk")
    found = client.get("/sell/customers?customer_q=ali", headers={"HX-Request": "true"}).text
    assert f'value="{alice}"' in found
    client.post_form("/sell/customer", {"customer_id": str(alice), "op_id": str(new_id())})

    status, _ = pay(client, shop, tendered="15", rest_on_account="1")

    assert status == 303
    assert_the_books_agree(shop)


def test_a_price_changes_only_for_those_who_may(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")
    owner, cashier = client_of(shop, "owner"), client_of(shop, "cashier")
    for client in (owner, cashier):
        scan(client, "milk")
        form = {"quantity": "1", "unit_price": "1.00", "op_id": str(new_id())}
        client.post_form(f"/sell/lines/{line_of(client, 'Milk')}", form, htmx=True)

    assert 'id="cart-total">1.00 PKR' in owner.get("/sell/").text
    assert 'id="cart-total">115.00 PKR' in cashier.get("/sell/").text
    assert 'name="unit_price"' not in cashier.get("/sell/").text


def test_a_bad_quantity_is_named_beside_its_line(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")
    client = client_of(shop, "cashier")
    scan(client, "milk")
    line = line_of(client, "Milk")

    for typed in ("0", "-1", "abc", "1e5", "NaN", "1.1234567", ""):
        answer = client.post_form(f"/sell/lines/{line}", {"quantity": typed, "op_id": str(new_id())}, htmx=True)
        assert answer.status_code == 422, typed
        assert "Quantity: " in answer.text

    assert 'id="cart-total">115.00 PKR' in client.get("/sell/").text


def test_a_line_can_be_removed_and_the_cart_emptied(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk"), add_product(shop, "Tea")
    client = client_of(shop, "cashier")
    scan(client, "milk")
    scan(client, "tea")

    client.post_form(f"/sell/lines/{line_of(client, 'Milk')}/delete", {"op_id": str(new_id())}, htmx=True)
    assert ">Milk<" not in client.get("/sell/").text
    client.post_form("/sell/empty", {"op_id": str(new_id())})

    assert ">Tea<" not in client.get("/sell/").text


def test_each_person_fills_a_cart_of_their_own(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")
    scan(client_of(shop, "owner"), "milk")

    assert "The cart is empty" in client_of(shop, "cashier").get("/sell/").text


def test_the_credit_a_customer_has_left_is_said_where_they_are_picked(shop: Shop, client_of: ClientOf) -> None:
    client, alice = client_of(shop), add_customer(shop, "Alice", credit_limit=500_00)
    sell(shop, (add_product(shop), 2, 115_00), customer_id=alice, rest_on_account=True)

    found = client.get("/sell/customers?customer_q=ali", headers={"HX-Request": "true"}).text
    client.post_form("/sell/customer", {"customer_id": str(alice), "op_id": str(new_id())})

    assert "270.00 PKR of credit left" in found
    assert "270.00 PKR of credit left, limit 500.00 PKR" in client.get("/sell/").text


def test_a_rivals_product_and_customer_are_not_there(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    theirs, bob = add_product(rival, "Milk"), add_customer(rival, "Bob")
    client = client_of(shop, "cashier")

    added = client.post_form("/sell/lines", {"product_id": str(theirs), "op_id": str(new_id())})
    chosen = client.post_form("/sell/customer", {"customer_id": str(bob), "op_id": str(new_id())})

    assert (added.status_code, chosen.status_code) == (404, 404)
    assert "Bob" not in client.get("/sell/customers?customer_q=bob").text


def test_without_htmx_each_act_leads_back_to_the_page(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")
    client = client_of(shop, "cashier")

    answer = client.post_form("/sell/lines", {"q": "milk", "op_id": str(new_id())})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/sell/")
