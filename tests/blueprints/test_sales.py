"""Sales over HTTP: the list, one sale, its receipt, its deletion."""

from collections.abc import Callable

import pytest

from ledger_web.domain.ids import new_id
from tests.books import assert_the_books_agree, count, stock_of
from tests.clients import ShopClient
from tests.shops import Shop, add_customer, add_product, person, sell

ClientOf = Callable[..., ShopClient]


def test_the_list_shows_sales_newest_first_and_finds_a_number(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop)
    for _ in range(3):
        sell(shop, (milk, 1, 115_00))
    client = client_of(shop, "cashier")

    page = client.get("/sales/").text
    found = client.get("/sales/?q=a-000002", headers={"HX-Request": "true"}).text

    assert page.index("A-000003") < page.index("A-000002") < page.index("A-000001")
    assert "A-000002" in found
    assert "A-000003" not in found
    assert "<html" not in found


def test_older_sales_are_one_page_further(shop: Shop, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger_web.queries.sales_list.PAGE_SIZE", 2)
    milk = add_product(shop)
    for _ in range(5):
        sell(shop, (milk, 1, 115_00))
    client, seen, url = client_of(shop, "cashier"), [], "/sales/"

    while url:
        page = client.get(url).text
        seen += [number for number in ("5", "4", "3", "2", "1") if f"A-00000{number}" in page]
        after = page.partition('rel="next" href="')[2]
        url = after.partition('"')[0].replace("&amp;", "&")

    assert seen == ["5", "4", "3", "2", "1"]


def test_a_filter_that_is_no_day_is_answered_with_a_sentence(shop: Shop, client_of: ClientOf) -> None:
    answer = client_of(shop, "cashier").get("/sales/?since=31.12.2025")

    assert answer.status_code == 422
    assert "From: " in answer.text


def test_a_deletion_shows_first_what_will_change_and_then_does_it(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop, "Milk")
    sale_id = sell(shop, (milk, 2, 115_00))
    client = client_of(shop, "manager")

    preview = client.get(f"/sales/{sale_id}/deletion").text
    assert "230.00 PKR" in preview
    assert stock_of(shop, milk)[0] == 98
    answer = client.post_form(f"/sales/{sale_id}/deletion", {"reason": "Rung up twice", "op_id": str(new_id())})

    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).text
    assert "Deleted" in page
    assert "Rung up twice" in page
    assert "VOID" in client.get(f"/sales/{sale_id}/receipt").text
    assert stock_of(shop, milk)[0] == 100
    assert_the_books_agree(shop)


def test_a_deletion_needs_a_reason_and_its_number(shop: Shop, client_of: ClientOf) -> None:
    sale_id = sell(shop, (add_product(shop), 1, 115_00))
    client = client_of(shop, "manager")

    for form in ({"reason": "", "op_id": str(new_id())}, {"reason": "no", "op_id": str(new_id())}, {"reason": "Twice"}):
        answer = client.post_form(f"/sales/{sale_id}/deletion", form, htmx=True)
        assert answer.status_code == 422
        assert 'id="deletion-panel"' in answer.text

    assert count(shop, "transactions") == 3  # the opening of the drawer, the opening stock, the sale


def test_the_second_to_delete_a_sale_is_told_who_was_first(shop: Shop, client_of: ClientOf) -> None:
    sale_id = sell(shop, (add_product(shop), 1, 115_00))
    client, form = client_of(shop, "manager"), {"reason": "Rung up twice", "op_id": str(new_id())}
    client.post_form(f"/sales/{sale_id}/deletion", form)

    again = client.post_form(f"/sales/{sale_id}/deletion", form)
    other = client_of(shop, "owner").post_form(f"/sales/{sale_id}/deletion", form | {"op_id": str(new_id())})

    assert again.status_code == 303
    assert other.status_code == 422
    assert "deleted already, by" in other.text


def test_a_cashier_may_not_delete_and_a_stranger_may_not_look(shop: Shop, client_of: ClientOf) -> None:
    sale_id = sell(shop, (add_product(shop), 1, 115_00))
    cashier = client_of(shop, "cashier")

    assert cashier.get(f"/sales/{sale_id}/deletion").status_code == 403
    assert cashier.post_form(f"/sales/{sale_id}/deletion", {"reason": "Twice"}).status_code == 403
    assert client_of(shop, "").get(f"/sales/{sale_id}").status_code == 303


def test_a_rivals_sale_looks_like_one_that_never_was(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    theirs = sell(rival, (add_product(rival), 1, 115_00))
    client, form = client_of(shop, "owner"), {"reason": "Rung up twice", "op_id": str(new_id())}

    for path in ("", "/receipt", "/deletion"):
        assert client.get(f"/sales/{theirs}{path}").status_code == 404
        assert client.get(f"/sales/{new_id()}{path}").status_code == 404
    assert client.post_form(f"/sales/{theirs}/deletion", form).status_code == 404


def test_the_receipt_is_paper_of_its_own(shop: Shop, client_of: ClientOf) -> None:
    sale_id = sell(shop, (add_product(shop, "Milk <b>"), 2, 115_00), tendered=500_00)

    page = client_of(shop, "cashier").get(f"/sales/{sale_id}/receipt").text

    assert 'class="paper receipt-80"' in page
    assert "Milk &lt;b&gt;" in page
    assert "270.00 PKR" in page


def test_the_list_finds_a_sale_by_customer_product_amount_cashier_and_the_digits_of_its_number(
    shop: Shop, client_of: ClientOf
) -> None:
    milk, tea, alice = add_product(shop), add_product(shop, "Green tea"), add_customer(shop, "Alice Khan")
    sell(shop, (milk, 1, 115_00))
    sell(shop, (tea, 2, 40_00), customer_id=alice)
    client = client_of(shop, "cashier")
    second = ("q=khan", "q=gre+te", "q=2", "q=000002", "amount=80", f"q=alice&cashier={shop.owner_id}")

    for asked in second:
        page = client.get(f"/sales/?{asked}").text
        assert "A-000002" in page, asked
        assert "A-000001" not in page, asked

    for asked in ("q=nobody", "q=%21%21", "amount=80.01", "q=A-000009", f"cashier={person(shop, 'cashier')}"):
        assert "No sales here" in client.get(f"/sales/?{asked}").text, asked


def test_the_list_is_narrowed_by_days_drawer_and_state_and_adds_up_what_it_shows(
    shop: Shop, client_of: ClientOf
) -> None:
    milk, alice = add_product(shop), add_customer(shop)
    sell(shop, (milk, 1, 115_00))
    wrong = sell(shop, (milk, 2, 100_00))
    sell(shop, (milk, 1, 50_00), customer_id=alice, rest_on_account=True)
    client = client_of(shop, "manager")
    client.post_form(f"/sales/{wrong}/deletion", {"reason": "Rung up twice", "op_id": str(new_id())})

    everything = client.get("/sales/").text
    deleted, owed = client.get("/sales/?state=deleted").text, client.get("/sales/?state=on_account").text

    for figure in ("365.00 PKR", "200.00 PKR", "165.00 PKR", "1 deleted"):
        assert figure in everything
    assert "A-000002" in deleted
    assert "A-000001" not in deleted
    assert "A-000003" in owed
    assert "A-000002" not in owed
    assert "A-000001" in client.get(f"/sales/?drawer={shop.drawer_id}&since=2020-01-01").text
    assert "No sales here" in client.get("/sales/?until=2020-01-01").text
    assert client.get("/sales/?since=2021-01-02&until=2021-01-01").status_code == 422
    assert client.get(f"/sales/?drawer={new_id()}").status_code == 422


def test_a_rivals_customer_finds_nothing_in_the_list(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    sell(rival, (add_product(rival, "Saffron"), 1, 115_00), customer_id=add_customer(rival, "Bob"))

    for asked in ("saffron", "bob", "A-000001", "1"):
        assert "No sales here" in client_of(shop).get(f"/sales/?q={asked}").text


def test_a_receipt_is_printed_on_four_papers_and_marked_from_the_second_print_on(
    shop: Shop, client_of: ClientOf
) -> None:
    sale_id = sell(shop, (add_product(shop), 2, 115_00), tendered=500_00)
    client = client_of(shop, "cashier")

    for number, (paper, body) in enumerate([("58", "receipt-58"), ("80", "receipt-80"), ("a5", "a5"), ("a4", "a4")]):
        answer = client.post_form(f"/sales/{sale_id}/prints", {"paper": paper, "op_id": str(new_id())})
        page = client.get(answer.headers["Location"]).text
        assert f'class="paper {body} is-print"' in page
        assert (f"COPY {number}" in page) == (number > 0)
        assert "230.00 PKR" in page
        assert "NOT A RECEIPT" not in page

    assert count(shop, "receipt_prints") == 4
    assert "NOT A RECEIPT" in client.get(f"/sales/{sale_id}/receipt").text
    assert client.get(f"/sales/{sale_id}/receipt?paper=a0").status_code == 404
    assert client.get(f"/sales/{sale_id}/receipt?print={new_id()}").status_code == 404


def test_a_print_needs_a_paper_and_its_number(shop: Shop, client_of: ClientOf) -> None:
    sale_id = sell(shop, (add_product(shop), 1, 115_00))
    client = client_of(shop, "cashier")

    for form in ({"paper": "a0", "op_id": str(new_id())}, {"paper": "80"}, {"op_id": str(new_id())}):
        assert client.post_form(f"/sales/{sale_id}/prints", form).status_code == 422
    assert client.post_form(f"/sales/{new_id()}/prints", {"paper": "80", "op_id": str(new_id())}).status_code == 404

    assert count(shop, "receipt_prints") == 0


def test_who_may_not_print_copies_is_told_so(shop: Shop, client_of: ClientOf) -> None:
    sale_id = sell(shop, (add_product(shop), 1, 115_00))
    client = client_of(shop, "cashier")
    client.post_form(f"/sales/{sale_id}/prints", {"paper": "80", "op_id": str(new_id())})
    with shop.act() as uow:
        uow.execute(
            "UPDATE roles SET built_in = NULL, permissions = ARRAY['sale.view', 'sale.create']"
            " WHERE tenant_id = %(tenant_id)s AND name = 'cashier'"
        )

    again = client.post_form(f"/sales/{sale_id}/prints", {"paper": "80", "op_id": str(new_id())})

    assert again.status_code == 422
    assert "printed already" in again.text
