"""Undoing sales over HTTP: one button, what the state makes of it, and what a role may do by itself."""

import uuid
from collections.abc import Callable
from typing import Any

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import store_credit
from ledger_web.services.sales import TenderChoice
from ledger_web.services.users import SetPin, set_pin
from tests.books import assert_the_books_agree, balances, cached_balance, count, stock_of
from tests.clients import ShopClient
from tests.returns import add_bank, ask, close_the_shift, give_back, reason_of, record
from tests.shops import PASSWORD, Shop, add_customer, add_product, person, sell

ClientOf = Callable[..., ShopClient]


def form_of(shop: Shop, **changed: Any) -> dict[str, str]:
    """Fill in the form of a return: one of the first line comes back, by mistake, as it was paid."""
    usual = {"op_id": new_id(), "drawer_id": shop.drawer_id, "reason_id": reason_of(shop), "way": "as_paid"}
    lines = {"1-quantity": "1", "1-disposition": "sellable"}
    return {name: str(value) for name, value in (usual | lines | changed).items()}


def test_the_button_of_a_sale_of_the_open_shift_deletes_it_and_later_returns_it(
    shop: Shop, client_of: ClientOf
) -> None:
    sale_id, client = sell(shop, (add_product(shop), 2, 115_00)), client_of(shop, "manager")

    page = client.get(f"/sales/{sale_id}").text
    assert "Delete sale" in page
    assert client.get(f"/sales/{sale_id}/deletion").status_code == 200
    close_the_shift(shop)
    page = client.get(f"/sales/{sale_id}").text

    assert "Delete sale" not in page
    answer = client.get(f"/sales/{sale_id}/deletion")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/sales/{sale_id}/return?all=y")
    assert 'value="2"' in client.get(answer.headers["Location"]).text


def test_a_return_shows_first_what_will_change_and_then_does_it(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop, "Milk")
    sale_id, client = sell(shop, (milk, 2, 115_00)), client_of(shop, "manager")

    preview = client.post_form(f"/sales/{sale_id}/return/preview", form_of(shop), htmx=True)
    assert preview.status_code == 200
    assert "115.00 PKR" in preview.text
    assert count(shop, "sale_returns") == 0
    answer = client.post_form(f"/sales/{sale_id}/returns", form_of(shop))

    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).text
    assert "Return A-R000001" in page
    assert "Rung up by mistake" in page
    assert "A-R000001" in client.get(f"{answer.headers['Location']}/slip").text
    assert "1 back" in client.get(f"/sales/{sale_id}").text
    assert "partly returned" in client.get("/sales/").text
    assert "A-000001" in client.get("/sales/?state=returned").text
    assert stock_of(shop, milk)[0] == 99
    assert_the_books_agree(shop)


def test_a_return_that_is_not_filled_in_well_comes_back_with_what_was_typed(shop: Shop, client_of: ClientOf) -> None:
    sale_id, client = sell(shop, (add_product(shop), 2, 115_00)), client_of(shop, "manager")
    wrong = (
        {"1-quantity": "3"},
        {"1-quantity": ""},
        {"1-quantity": "-1"},
        {"1-quantity": "two"},
        {"reason_id": new_id()},
        {"reason_id": ""},
        {"drawer_id": new_id()},
        {"way": "gold"},
        {"way": "credit"},
        {"way": "chosen", "p0-amount": "1000"},
        {"1-disposition": "eaten"},
        {"reason_id": reason_of(shop, "other")},
        {"customer": "nobody"},
    )

    for changed in wrong:
        answer = client.post_form(f"/sales/{sale_id}/returns", form_of(shop, **changed, note=""), htmx=True)
        assert answer.status_code == 422, changed
        assert 'id="return-form"' in answer.text, changed
    assert client.post_form(f"/sales/{sale_id}/returns", form_of(shop, op_id="")).status_code == 422

    assert count(shop, "sale_returns") == 0


def test_store_credit_goes_to_the_customer_whose_name_is_typed(shop: Shop, client_of: ClientOf) -> None:
    sale_id, client = sell(shop, (add_product(shop), 2, 115_00)), client_of(shop, "manager")
    alice = add_customer(shop, "Alice Khan")
    add_customer(shop, "Alina Khan")

    several = client.post_form(f"/sales/{sale_id}/returns", form_of(shop, way="credit", customer="khan"), htmx=True)
    answer = client.post_form(f"/sales/{sale_id}/returns", form_of(shop, way="credit", customer="alic"))

    assert several.status_code == 422
    assert "Alice Khan, Alina Khan" in several.text
    assert answer.status_code == 303
    assert cached_balance(shop, store_credit("PKR", alice)) == 115_00


def test_goods_become_what_the_reason_says_unless_it_is_said_of_a_line(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop, cost=60_00, quantity=10)
    sale_id, client = sell(shop, (milk, 3, 115_00)), client_of(shop, "manager")

    for disposition in ("", "sellable"):
        form = form_of(shop, reason_id=reason_of(shop, "expired"), **{"1-disposition": disposition})
        assert client.post_form(f"/sales/{sale_id}/returns", form).status_code == 303

    assert stock_of(shop, milk)[0] == 8
    assert balances(shop)[("expense", "expired_goods")] == 60_00


def test_the_same_return_sent_twice_leads_to_the_one_that_is_there(shop: Shop, client_of: ClientOf) -> None:
    sale_id, client = sell(shop, (add_product(shop), 1, 115_00)), client_of(shop, "manager")
    form = form_of(shop)

    answers = [client.post_form(f"/sales/{sale_id}/returns", form) for _ in range(2)]

    assert [each.status_code for each in answers] == [303, 303]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert count(shop, "sale_returns") == 1


def test_the_shift_that_is_closed_between_preview_and_deletion_gives_a_new_preview(
    shop: Shop, client_of: ClientOf
) -> None:
    sale_id, client = sell(shop, (add_product(shop), 1, 115_00)), client_of(shop, "manager")
    form = {"reason": "Rung up twice", "op_id": str(new_id())}
    close_the_shift(shop)

    answer = client.post_form(f"/sales/{sale_id}/deletion", form, htmx=True)

    assert answer.status_code == 409
    assert "as a return" in answer.text
    assert count(shop, "sale_returns") == 0


def test_a_cashier_deletes_their_own_sale_within_their_limits_and_nobody_elses(shop: Shop, client_of: ClientOf) -> None:
    milk, cashier = add_product(shop), person(shop, "cashier")
    mine, dear = (record(shop, (milk, 1, price), by=cashier) for price in (50_00, 115_00))
    theirs = sell(shop, (milk, 1, 50_00))
    client = client_of(shop, "cashier")

    assert client.get(f"/sales/{theirs}/deletion").status_code == 403
    assert delete(client, theirs).status_code == 403
    assert delete(client, mine).status_code == 303
    refused = delete(client, dear)

    assert refused.status_code == 422
    assert "more than you may give back" in refused.text
    assert 'name="approver_pin"' in refused.text
    assert_the_books_agree(shop)


def test_what_takes_approval_asks_for_it_and_says_who_gave_it(shop: Shop, client_of: ClientOf) -> None:
    milk, cashier = add_product(shop), person(shop, "cashier")
    sale_id = record(shop, (milk, 2, 115_00), by=cashier)
    manager = person(shop, "manager")
    set_pin(SetPin(user_id=manager, password=PASSWORD, pin="482915"), shop.act(manager))
    client, form = client_of(shop, "cashier"), form_of(shop, **{"1-quantity": "2"})

    refused = client.post_form(f"/sales/{sale_id}/returns", form, htmx=True)
    wrong = client.post_form(f"/sales/{sale_id}/returns", form | {"approver": "manager", "approver_pin": "482916"})
    done = client.post_form(f"/sales/{sale_id}/returns", form | {"approver": "manager", "approver_pin": "482915"})

    assert (refused.status_code, wrong.status_code, done.status_code) == (422, 422, 303)
    assert 'name="approver_pin"' in refused.text
    assert "Manager Smith" in client.get(done.headers["Location"]).text
    assert_the_books_agree(shop)


def test_a_card_is_given_back_at_the_terminal_and_the_page_says_so(shop: Shop, client_of: ClientOf) -> None:
    bank_id = add_bank(shop)
    sale_id = record(
        shop, (add_product(shop), 1, 115_00), tenders=(TenderChoice(method="bank", amount=115_00, bank_id=bank_id),)
    )
    client = client_of(shop, "manager")

    assert "card terminal" in client.get(f"/sales/{sale_id}/deletion").text
    assert "card terminal" in client.post_form(f"/sales/{sale_id}/return/preview", form_of(shop), htmx=True).text


def test_a_sale_is_sold_again_from_the_cart_once(shop: Shop, client_of: ClientOf) -> None:
    sale_id, client = sell(shop, (add_product(shop), 2, 115_00)), client_of(shop, "cashier")
    form = {"op_id": str(new_id())}

    answers = [client.post_form(f"/sales/{sale_id}/copies", form).status_code for _ in range(2)]

    assert answers == [303, 303]
    assert ask(shop, "SELECT quantity FROM cart_lines WHERE tenant_id = :tenant_id")[0].quantity == 2
    assert client.post_form(f"/sales/{sale_id}/copies").status_code == 422
    assert client.post_form(f"/sales/{new_id()}/copies", {"op_id": str(new_id())}).status_code == 404


def test_reasons_are_added_changed_and_put_away(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop, "manager")
    assert "Customer changed their mind" in client.get("/sales/reasons/").text

    new = {"op_id": str(new_id()), "name": "Too small", "restocks": "y"}
    assert client.post_form("/sales/reasons/", new).status_code == 303
    assert client.post_form("/sales/reasons/", new | {"op_id": str(new_id())}).status_code == 422
    row = ask(shop, "SELECT id, version FROM return_reasons WHERE tenant_id = :tenant_id AND name = 'Too small'")[0]
    change = {"op_id": str(new_id()), "name": "Too large", "version": str(row.version), "is_archived": "y"}
    assert client.post_form(f"/sales/reasons/{row.id}", change).status_code == 303
    stale = client.post_form(f"/sales/reasons/{row.id}", change | {"op_id": str(new_id())})

    assert stale.status_code == 409
    page = client.get("/sales/reasons/").text
    assert "Too large" in page
    assert "not in use" in page
    assert client_of(shop, "cashier").get("/sales/reasons/").status_code == 403


def test_a_rivals_return_looks_like_one_that_never_was(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    theirs = sell(rival, (add_product(rival), 2, 115_00))
    returned, client = give_back(rival, theirs, (1, 1)), client_of(shop)
    reason = reason_of(rival)

    for path in (f"/sales/{theirs}/return", f"/sales/returns/{returned}", f"/sales/returns/{returned}/slip"):
        assert client.get(path).status_code == 404
        never = path.replace(str(theirs), str(new_id())).replace(str(returned), str(new_id()))
        assert client.get(never).status_code == 404
    for path in (f"/sales/{theirs}/returns", f"/sales/{theirs}/return/preview"):
        assert client.post_form(path, form_of(shop)).status_code == 404
    change = {"op_id": str(new_id()), "name": "Mine", "version": "1"}
    assert client.post_form(f"/sales/reasons/{reason}", change).status_code == 404


def test_the_list_is_a_file_too_with_what_came_back(shop: Shop, client_of: ClientOf) -> None:
    milk, alice = add_product(shop), add_customer(shop, "=Alice")
    sale_id = sell(shop, (milk, 2, 115_00), customer_id=alice)
    give_back(shop, sale_id, (1, 1))
    client = client_of(shop, "cashier")

    lines = client.get("/sales/list.csv").get_data().decode("utf-8-sig").splitlines()

    assert lines[0].startswith("Number,Day,Drawer,Customer")
    assert "'=Alice" in lines[1]
    assert lines[1].endswith("PKR,230.00,30.00,0.00,115.00,115.00,partly returned")
    assert client.get("/sales/list.xlsx?q=alice").get_data().startswith(b"PK")
    assert client.get("/sales/list.csv?since=nonsense").status_code == 404


def delete(client: ShopClient, sale_id: uuid.UUID) -> Any:
    return client.post_form(f"/sales/{sale_id}/deletion", {"reason": "Rung up twice", "op_id": str(new_id())})


def test_the_report_shows_what_came_back_and_is_a_file_too(shop: Shop, client_of: ClientOf) -> None:
    sale_id = sell(shop, (add_product(shop), 2, 115_00))
    give_back(shop, sale_id, (1, 1))
    client = client_of(shop, "manager")

    page = client.get("/sales/report/?by=staff").text

    assert "1 · 115.00 PKR" in page
    assert "Olga Owner" in page
    lines = client.get("/sales/report/sales.csv?by=staff").get_data().decode("utf-8-sig").splitlines()
    assert lines[1] == "Olga Owner,1,230.00,0,0.00,1,115.00,115.00"
    assert client.get("/sales/report/?since=2021-01-02&until=2021-01-01").status_code == 422
    assert client.get("/sales/report/?by=moon").status_code == 422
    assert client_of(shop, "cashier").get("/sales/report/").status_code == 403


def test_several_sales_are_deleted_after_one_preview_with_a_result_each(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop, "Milk")
    old = sell(shop, (milk, 1, 115_00))
    close_the_shift(shop)
    new, gone = sell(shop, (milk, 2, 115_00)), sell(shop, (milk, 1, 115_00))
    client = client_of(shop, "manager")
    delete(client, gone)
    chosen = [str(id) for id in (new, old, gone)]

    preview = client.get("/sales/bulk-deletion/new", query_string={"sale": chosen}).text
    assert "345.00 PKR" in preview
    assert "0.00 PKR" in preview
    assert count(shop, "sale_returns") == 0
    form = {"op_id": str(new_id()), "reason_id": str(reason_of(shop)), "sale": chosen}
    result = client.post_form("/sales/bulk-deletion/", form)

    assert result.status_code == 200
    assert (result.text.count(">deleted<"), result.text.count(">returned<"), result.text.count(">not done<")) == (
        1,
        1,
        1,
    )
    assert stock_of(shop, milk)[0] == 100
    client.post_form("/sales/bulk-deletion/", form)
    assert count(shop, "sale_returns") == 1
    assert_the_books_agree(shop)


def test_too_many_sales_or_none_are_not_deleted_at_once(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    client, theirs = client_of(shop, "manager"), sell(rival, (add_product(rival), 1, 115_00))
    form = {"op_id": str(new_id()), "reason_id": str(reason_of(shop))}

    assert client.get("/sales/bulk-deletion/new").status_code == 404
    assert client.post_form("/sales/bulk-deletion/", form).status_code == 422
    many = [str(new_id()) for _ in range(51)]
    assert client.post_form("/sales/bulk-deletion/", form | {"sale": many}).status_code == 422
    assert client.post_form("/sales/bulk-deletion/", form | {"sale": [str(theirs)]}).status_code == 404
    assert client.post_form("/sales/bulk-deletion/", form | {"sale": ["nonsense"]}).status_code == 422
    assert client_of(shop, "cashier").get("/sales/bulk-deletion/new").status_code == 403
