"""Goods without a receipt: at most for what they were sold for lately, by right, and in the owner's sight."""

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash, store_credit
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.users import SetPin, set_pin
from tests.books import assert_the_books_agree, balances, cached_balance, count, stock_of, written
from tests.clients import ShopClient
from tests.returns import ask, reason_of
from tests.shops import PASSWORD, Shop, add_customer, add_product, person, sell

ClientOf = Callable[..., ShopClient]
PIN = "482915"


def form_of(shop: Shop, product_id: uuid.UUID, **changed: Any) -> dict[str, str]:
    """Fill in the form: one of a product for 100.00, as store credit of Alice."""
    usual = {
        "op_id": new_id(),
        "drawer_id": shop.drawer_id,
        "reason_id": reason_of(shop),
        "product_id": product_id,
        "quantity": "1",
        "unit_price": "100",
        "way": "credit",
        "customer": "Alice",
    }
    return {name: str(value) for name, value in (usual | changed).items()}


def test_goods_come_back_for_store_credit_and_the_owner_sees_it(shop: Shop, client_of: ClientOf) -> None:
    milk, alice = add_product(shop, "Milk", cost=60_00, quantity=10), add_customer(shop)
    client = client_of(shop, "manager")

    assert "Return without a receipt" in client.get("/sales/").text
    found = client.get("/sales/returns/new?q=milk")
    assert (found.status_code, found.headers["Location"]) == (303, f"/sales/returns/new?product_id={milk}")
    page = client.get(found.headers["Location"]).text
    assert "At most 115.00 PKR, what it costs today." in page
    preview = client.post_form("/sales/returns/preview", form_of(shop, milk), htmx=True)
    assert "100.00 PKR" in preview.text
    assert count(shop, "sale_returns") == 0
    form = form_of(shop, milk)
    answers = [client.post_form("/sales/returns/", form) for _ in range(2)]

    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert "A-R000001" in client.get(answers[0].headers["Location"]).text
    assert client.get(answers[0].headers["Location"] + "/slip").status_code == 200
    assert cached_balance(shop, store_credit("PKR", alice)) == 100_00
    assert stock_of(shop, milk) == (Decimal(11), 660_00)
    assert written(shop, uuid.UUID(form["op_id"])) == [
        ("revenue:returns", "store_credit:Alice", "PKR", 86_96),
        ("tax_payable", "store_credit:Alice", "PKR", 13_04),
        ("inventory", "cost_of_sales", "PKR", 60_00),
    ]
    report = client_of(shop, "owner").get("/sales/report/").text
    assert "Came back without a receipt" in report
    assert "A-R000001" in report
    events = ask(
        shop, "SELECT 1 FROM audit_events WHERE tenant_id = :tenant_id AND action = 'sale.return_without_receipt'"
    )
    assert len(events) == 1
    assert_the_books_agree(shop)


def test_it_brings_back_no_more_than_it_was_sold_for_lately(shop: Shop, client_of: ClientOf) -> None:
    milk, client = add_product(shop, "Milk"), client_of(shop, "manager")
    add_customer(shop)
    gone = sell(shop, (milk, 1, 10_00))
    undo(Undo(id=new_id(), transaction_id=gone, reason="A price that never was"), shop.act())
    sell(shop, (milk, 2, 80_00))

    page = client.get(f"/sales/returns/new?product_id={milk}").text
    refused = client.post_form("/sales/returns/", form_of(shop, milk, unit_price="80.01"))
    taken = client.post_form("/sales/returns/", form_of(shop, milk, unit_price="80"))

    assert "At most 80.00 PKR, the lowest it was sold for lately." in page
    assert (refused.status_code, taken.status_code) == (422, 303)
    assert "at most 80.00 PKR" in refused.text


def test_cash_goes_back_by_right_and_limit_and_broken_goods_are_a_loss(shop: Shop, client_of: ClientOf) -> None:
    milk, client = add_product(shop, "Milk", cost=60_00), client_of(shop, "manager")
    sell(shop, (milk, 3, 115_00))

    paid = client.post_form(
        "/sales/returns/", form_of(shop, milk, way="cash", customer="", quantity="2", disposition="damaged")
    )

    assert paid.status_code == 303
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 145_00
    assert stock_of(shop, milk)[0] == 97
    assert balances(shop)[("expense", "damaged_goods")] == 120_00
    assert_the_books_agree(shop)


def test_a_cashier_needs_somebody_who_may(shop: Shop, client_of: ClientOf) -> None:
    milk, manager = add_product(shop, "Milk"), person(shop, "manager")
    add_customer(shop)
    till = client_of(shop, "cashier")
    set_pin(SetPin(user_id=manager, password=PASSWORD, pin=PIN), shop.act(manager))
    form = form_of(shop, milk)

    alone = till.post_form("/sales/returns/", form)
    approved = till.post_form("/sales/returns/", form | {"approver": "manager", "approver_pin": PIN})

    assert (alone.status_code, approved.status_code) == (422, 303)
    assert "somebody else has to approve" in alone.text
    kept = ask(shop, "SELECT approved_by FROM sale_returns WHERE tenant_id = :tenant_id")
    assert [row.approved_by for row in kept] == [manager]


def test_what_is_not_filled_in_well_comes_back_with_what_was_typed(
    shop: Shop, rival: Shop, client_of: ClientOf
) -> None:
    milk, client = add_product(shop, "Milk"), client_of(shop, "manager")
    add_customer(shop)
    wrong: tuple[dict[str, Any], ...] = (
        {"quantity": "0"},
        {"quantity": "-1"},
        {"quantity": ""},
        {"quantity": "1e3"},
        {"unit_price": "115.01"},
        {"unit_price": "-1"},
        {"unit_price": ""},
        {"unit_price": "NaN"},
        {"way": "gold"},
        {"customer": ""},
        {"customer": "nobody"},
        {"way": "cash", "customer": ""},  # the drawer is empty
        {"drawer_id": rival.drawer_id},
        {"reason_id": reason_of(rival)},
        {"disposition": "eaten"},
        {"op_id": "x"},
    )
    for change in wrong:
        answer = client.post_form("/sales/returns/", form_of(shop, milk, note="Kept words", **change), htmx=True)
        assert answer.status_code == 422, change
        assert "Kept words" in answer.text, change
    other = add_product(rival, "Milk")
    for product_id in (other, new_id(), "x"):
        assert client.post_form(
            "/sales/returns/", form_of(shop, milk) | {"product_id": str(product_id)}
        ).status_code in (404, 422)
    assert client.get(f"/sales/returns/new?product_id={other}").status_code == 404
    assert client.get("/sales/returns/new?product_id=x").status_code == 422
    assert client.get("/sales/returns/new?q=nothing+at+all").status_code == 422
    assert client.get(f"/sales/returns/new?q={'x' * 300}").status_code == 422
    add_product(shop, "Milk tea")
    assert "Milk tea" in client.get("/sales/returns/new?q=milk").text
    assert count(shop, "sale_returns") == 0
    assert_the_books_agree(shop)
