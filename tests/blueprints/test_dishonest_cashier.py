"""What a dishonest cashier could try at the till, and what comes of it: it is refused, or the owner sees it."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash
from ledger_web.queries.sales_report import who_undid
from ledger_web.services.drawers import PayOut, pay_out
from ledger_web.services.sales import TenderChoice
from ledger_web.services.users import SetPin, set_pin
from tests.books import assert_the_books_agree, balances, cached_balance, count, stock_of
from tests.clients import ShopClient
from tests.returns import add_bank, ask, close_the_shift, reason_of, record
from tests.shops import PASSWORD, Shop, add_customer, add_product, add_user, person, sell

ClientOf = Callable[..., ShopClient]
PIN = "482915"


@pytest.fixture
def till(shop: Shop, client_of: ClientOf) -> ShopClient:
    """The browser of the cashier."""
    return client_of(shop, "cashier")


@pytest.fixture
def milk(shop: Shop) -> uuid.UUID:
    return add_product(shop, "Milk")


@pytest.fixture
def mine(shop: Shop, milk: uuid.UUID) -> uuid.UUID:
    """A sale the cashier made: two milks for 40.00 each, in cash."""
    return record(shop, (milk, 2, 40_00), by=person(shop, "cashier"))


def deletion(shop: Shop, **changed: Any) -> dict[str, str]:
    usual = {"op_id": new_id(), "reason_id": reason_of(shop), "reason": ""}
    return {name: str(value) for name, value in (usual | changed).items()}


def going_back(shop: Shop, **changed: Any) -> dict[str, str]:
    usual = {"op_id": new_id(), "drawer_id": shop.drawer_id, "reason_id": reason_of(shop), "1-quantity": "1"}
    return {name: str(value) for name, value in (usual | changed).items()}


def refused(shop: Shop, answer: Any, *, status: int = 422) -> None:
    """The answer says no, nothing came back, nothing was deleted, and the books agree."""
    assert answer.status_code == status, answer.text[:500]
    assert count(shop, "sale_returns") == 0
    assert ask(shop, "SELECT 1 FROM sales WHERE tenant_id = :tenant_id AND deleted_at IS NOT NULL") == []
    assert_the_books_agree(shop)


# Returns.


@pytest.mark.parametrize("quantity", ["-1", "0", "2.0001", "3", "1e3", "NaN", "½", "1;2"])
def test_a_quantity_that_was_never_sold_does_not_come_back(
    shop: Shop, till: ShopClient, mine: uuid.UUID, quantity: str
) -> None:
    refused(shop, till.post_form(f"/sales/{mine}/returns", going_back(shop, **{"1-quantity": quantity})))


def test_a_line_of_another_number_does_not_come_back(shop: Shop, till: ShopClient, mine: uuid.UUID) -> None:
    refused(shop, till.post_form(f"/sales/{mine}/returns", going_back(shop, **{"1-quantity": "", "2-quantity": "1"})))


def test_a_price_slipped_into_the_form_of_a_return_changes_nothing(
    shop: Shop, till: ShopClient, mine: uuid.UUID
) -> None:
    slipped = {"1-unit_price": "9999", "1-total": "9999", "total": "9999", "unit_price": "9999"}

    answer = till.post_form(f"/sales/{mine}/returns", going_back(shop, **slipped))

    assert answer.status_code == 303
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 40_00


def test_an_approver_slipped_into_the_form_is_no_approval(shop: Shop, till: ShopClient, milk: uuid.UUID) -> None:
    dear = record(shop, (milk, 2, 115_00), by=person(shop, "cashier"))
    slipped = {"approved_by": person(shop, "manager"), "1-quantity": "2"}

    refused(shop, till.post_form(f"/sales/{dear}/returns", going_back(shop, **slipped)))


def test_refunding_twice_through_two_tills_refunds_once(
    shop: Shop, till: ShopClient, client_of: ClientOf, mine: uuid.UUID
) -> None:
    other = client_of(shop, "manager")
    form = {"1-quantity": "2"}

    first = till.post_form(f"/sales/{mine}/returns", going_back(shop, **form))
    second = other.post_form(f"/sales/{mine}/returns", going_back(shop, **form))

    assert (first.status_code, second.status_code) == (303, 422)
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 0


def test_replaying_a_return_pays_nothing_more(shop: Shop, till: ShopClient, mine: uuid.UUID) -> None:
    form = going_back(shop)

    answers = [till.post_form(f"/sales/{mine}/returns", form).status_code for _ in range(3)]

    assert answers == [303, 303, 303]
    assert count(shop, "sale_returns") == 1
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 40_00


def test_the_number_of_a_return_with_other_lines_is_refused(shop: Shop, till: ShopClient, mine: uuid.UUID) -> None:
    form = going_back(shop)
    till.post_form(f"/sales/{mine}/returns", form)

    till.post_form(f"/sales/{mine}/returns", form | {"1-quantity": "2"})

    assert stock_of(
        shop, ask(shop, "SELECT product_id FROM sale_lines WHERE tenant_id = :tenant_id")[0].product_id
    ) == (
        99,
        5_940_00,
    )


def test_a_card_payment_is_not_turned_into_cash(shop: Shop, till: ShopClient, milk: uuid.UUID) -> None:
    bank_id = add_bank(shop)
    sale_id = record(shop, (milk, 1, 40_00), tenders=(TenderChoice(method="bank", amount=40_00, bank_id=bank_id),))
    sell(shop, (milk, 1, 50_00))

    till.post_form(f"/sales/{sale_id}/returns", going_back(shop))

    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 50_00
    assert sum(amount for (kind, _), amount in balances(shop).items() if kind == "bank") == 0


def test_a_cashier_does_not_choose_how_money_goes_back(shop: Shop, till: ShopClient, mine: uuid.UUID) -> None:
    refused(shop, till.post_form(f"/sales/{mine}/returns", going_back(shop, way="chosen", **{"p0-amount": "1"})))


def test_a_role_that_pays_no_cash_back_gives_store_credit_only(shop: Shop, till: ShopClient, mine: uuid.UUID) -> None:
    with shop.act() as uow:
        uow.execute(
            "UPDATE roles SET built_in = NULL, permissions = ARRAY['sale.view', 'sale.return']"
            " WHERE tenant_id = %(tenant_id)s AND name = 'cashier'"
        )

    refused(shop, till.post_form(f"/sales/{mine}/returns", going_back(shop)))


def test_a_debt_is_not_paid_out_in_cash(shop: Shop, till: ShopClient, milk: uuid.UUID) -> None:
    alice = add_customer(shop)
    owed = sell(shop, (milk, 1, 40_00), customer_id=alice, rest_on_account=True)
    sell(shop, (milk, 1, 50_00))

    till.post_form(f"/sales/{owed}/returns", going_back(shop))

    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 50_00
    assert balances(shop).get(("customer", "Alice"), 0) == 0


def test_more_than_the_limit_takes_a_managers_pin_and_not_ones_own(
    shop: Shop, till: ShopClient, milk: uuid.UUID
) -> None:
    dear, cashier = record(shop, (milk, 2, 115_00), by=person(shop, "cashier")), person(shop, "cashier")
    set_pin(SetPin(user_id=cashier, password=PASSWORD, pin=PIN), shop.act(cashier))
    own = {"1-quantity": "2", "approver": "cashier", "approver_pin": PIN}

    refused(shop, till.post_form(f"/sales/{dear}/returns", going_back(shop, **{"1-quantity": "2"})))
    refused(shop, till.post_form(f"/sales/{dear}/returns", going_back(shop, **own)))


def test_a_colleague_with_the_same_limits_cannot_approve(shop: Shop, till: ShopClient, milk: uuid.UUID) -> None:
    dear, friend = record(shop, (milk, 2, 115_00), by=person(shop, "cashier")), add_user(shop, "friend", "cashier")
    set_pin(SetPin(user_id=friend, password=PASSWORD, pin=PIN), shop.act(friend))
    form = {"1-quantity": "2", "approver": "friend", "approver_pin": PIN}

    refused(shop, till.post_form(f"/sales/{dear}/returns", going_back(shop, **form)))


def test_an_approval_of_one_return_does_not_serve_the_next(shop: Shop, till: ShopClient, milk: uuid.UUID) -> None:
    manager, cashier = person(shop, "manager"), person(shop, "cashier")
    first, second = (record(shop, (milk, 2, 115_00), by=cashier) for _ in range(2))
    set_pin(SetPin(user_id=manager, password=PASSWORD, pin=PIN), shop.act(manager))
    form = {"1-quantity": "2", "approver": "manager", "approver_pin": PIN}

    approved = till.post_form(f"/sales/{first}/returns", going_back(shop, **form))
    without = till.post_form(f"/sales/{second}/returns", going_back(shop, **{"1-quantity": "2"}))

    assert (approved.status_code, without.status_code) == (303, 422)
    kept = ask(shop, "SELECT approved_by FROM sale_returns WHERE tenant_id = :tenant_id")
    assert [row.approved_by for row in kept] == [manager]


def test_a_receipt_is_not_returned_in_the_shop_next_door(
    shop: Shop, rival: Shop, client_of: ClientOf, mine: uuid.UUID
) -> None:
    answer = client_of(rival, "owner").post_form(f"/sales/{mine}/returns", going_back(rival))

    refused(shop, answer, status=404)


def test_goods_without_a_receipt_are_not_turned_into_cash_by_oneself_nor_above_their_price(
    shop: Shop, till: ShopClient, milk: uuid.UUID
) -> None:
    sell(shop, (milk, 2, 40_00))
    form = going_back(shop, product_id=milk, quantity="1", unit_price="40", way="cash")

    refused(shop, till.post_form("/sales/returns/", form))
    refused(shop, till.post_form("/sales/returns/", form | {"unit_price": "115"}))


def test_an_exchange_carries_over_no_more_than_what_came_back_was_sold_for(
    shop: Shop, till: ShopClient, mine: uuid.UUID, milk: uuid.UUID
) -> None:
    till.post_form("/sell/lines", {"op_id": str(new_id()), "product_id": str(milk)})
    cart = ask(shop, "SELECT id, version FROM carts WHERE tenant_id = :tenant_id")[0]
    slipped = {"carried": "115", "1-total": "115", "1-unit_price": "115", "tendered": "0", "act": "exchange"}
    form = going_back(shop, cart_id=cart.id, version=cart.version, **slipped)

    refused(shop, till.post_form(f"/sales/{mine}/exchange/", form))


# The cart.


def a_line(shop: Shop, till: ShopClient, milk: uuid.UUID, **slipped: str) -> uuid.UUID:
    """Put milk into the cart of the cashier; return the id of its line."""
    till.post_form("/sell/lines", {"op_id": str(new_id()), "product_id": str(milk)} | slipped)
    found: uuid.UUID = ask(shop, "SELECT id FROM cart_lines WHERE tenant_id = :tenant_id")[0].id
    return found


def price_in_cart(shop: Shop) -> int:
    return int(ask(shop, "SELECT unit_price FROM cart_lines WHERE tenant_id = :tenant_id")[0].unit_price)


def test_a_hidden_price_is_not_the_price(shop: Shop, till: ShopClient, milk: uuid.UUID) -> None:
    line_id = a_line(shop, till, milk, unit_price="1", list_price="1")
    till.post_form(f"/sell/lines/{line_id}", {"op_id": str(new_id()), "quantity": "1", "unit_price": "1"})

    assert price_in_cart(shop) == 115_00


@pytest.mark.parametrize("discount", ["101 %", "100.01 %", "-5 %", "-1", "1000", "6 %"])
def test_a_discount_beyond_all_or_beyond_ones_own_ceiling_is_refused(
    shop: Shop, till: ShopClient, milk: uuid.UUID, discount: str
) -> None:
    line_id = a_line(shop, till, milk)
    form = {"op_id": str(new_id()), "quantity": "1", "is_whole": "1", "discount": discount}

    assert till.post_form(f"/sell/lines/{line_id}", form).status_code == 422
    assert till.post_form("/sell/cart", {"op_id": str(new_id()), "discount": discount}).status_code == 422


@pytest.mark.parametrize("quantity", ["-1", "0", "NaN", "1e9"])
def test_a_negative_quantity_does_not_lower_a_total(
    shop: Shop, till: ShopClient, milk: uuid.UUID, quantity: str
) -> None:
    line_id = a_line(shop, till, milk)

    answer = till.post_form(f"/sell/lines/{line_id}", {"op_id": str(new_id()), "quantity": quantity})

    assert answer.status_code == 422
    assert till.post_form("/sell/lines", {"op_id": str(new_id()), "q": f"{quantity}*Milk"}).status_code == 422


def test_nothing_is_sold_for_cash_into_a_drawer_that_was_closed(shop: Shop, till: ShopClient, milk: uuid.UUID) -> None:
    a_line(shop, till, milk)
    cart = ask(shop, "SELECT id, version FROM carts WHERE tenant_id = :tenant_id")[0]
    close_the_shift(shop, reopens=False)
    form = {"op_id": str(cart.id), "version": str(cart.version), "drawer_id": str(shop.drawer_id)}

    assert till.post_form("/sell/", form).status_code in (409, 422)
    assert count(shop, "sales") == 0


# Deletions.


def test_somebody_elses_sale_is_not_deleted(shop: Shop, till: ShopClient, milk: uuid.UUID) -> None:
    theirs = sell(shop, (milk, 1, 40_00))

    refused(shop, till.post_form(f"/sales/{theirs}/deletion", deletion(shop)), status=403)


def test_a_sale_is_not_deleted_after_the_drawer_was_closed(shop: Shop, till: ShopClient, mine: uuid.UUID) -> None:
    close_the_shift(shop)

    refused(shop, till.post_form(f"/sales/{mine}/deletion", deletion(shop)), status=409)


def test_a_paid_sale_that_is_deleted_stays_in_sight_with_name_time_and_reason(
    shop: Shop, till: ShopClient, client_of: ClientOf, mine: uuid.UUID
) -> None:
    till.post_form(f"/sales/{mine}/deletion", deletion(shop, reason="Customer ran away"))

    page = client_of(shop, "owner").get(f"/sales/{mine}").text
    for seen in ("Deleted", "Cashier Smith", "Customer ran away"):
        assert seen in page
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 0
    events = ask(shop, "SELECT action FROM audit_events WHERE tenant_id = :tenant_id AND action = 'sale.delete'")
    assert len(events) == 1


def test_a_sale_of_yesterday_is_not_deleted_within_minutes_of_today(
    shop: Shop, till: ShopClient, mine: uuid.UUID
) -> None:
    with shop.act() as uow:
        uow.execute(
            """
            UPDATE roles SET limits = '{"sale.void_minutes": "-1"}'
             WHERE tenant_id = %(tenant_id)s AND name = 'cashier'
            """
        )

    refused(shop, till.post_form(f"/sales/{mine}/deletion", deletion(shop)))


def test_a_deletion_without_a_reason_is_refused(shop: Shop, till: ShopClient, mine: uuid.UUID) -> None:
    for reason in ({"reason_id": ""}, {"reason_id": "", "reason": "xx"}, {"reason_id": new_id()}):
        refused(shop, till.post_form(f"/sales/{mine}/deletion", deletion(shop, **reason)))


def test_something_else_is_no_reason_unless_somebody_approves(shop: Shop, till: ShopClient, mine: uuid.UUID) -> None:
    form = deletion(shop, reason_id=reason_of(shop, "other"), reason="Because I say so")

    refused(shop, till.post_form(f"/sales/{mine}/deletion", form))


def test_a_deletion_with_a_link_is_refused(shop: Shop, till: ShopClient, mine: uuid.UUID) -> None:
    till.get(f"/sales/{mine}/deletion?reason=Twice&op_id={new_id()}")
    refused(shop, till.get(f"/sales/{mine}/deletion"), status=200)


def test_a_deletion_without_the_token_of_the_page_is_refused(shop: Shop, till: ShopClient, mine: uuid.UUID) -> None:
    refused(shop, till.post(f"/sales/{mine}/deletion", data=deletion(shop)), status=403)


def test_deleting_after_the_money_was_taken_out_of_the_drawer_is_refused(
    shop: Shop, till: ShopClient, mine: uuid.UUID
) -> None:
    pocketed = PayOut(
        id=new_id(), drawer_id=shop.drawer_id, currency="PKR", amount=60_00, category="food", reason="Pocket"
    )
    pay_out(pocketed, shop.act())

    refused(shop, till.post_form(f"/sales/{mine}/deletion", deletion(shop)))


def test_a_sale_is_not_deleted_to_lower_a_debt_that_was_paid(shop: Shop, till: ShopClient, milk: uuid.UUID) -> None:
    """What was paid becomes the customer's credit: it does not go into a pocket."""
    alice = add_customer(shop)
    sale_id = record(shop, (milk, 1, 40_00), by=person(shop, "cashier"), customer_id=alice, rest_on_account=True)
    till.post_form(
        "/payments/",
        {
            "op_id": str(new_id()),
            "party_id": str(alice),
            "direction": "in",
            "amount": "40",
            "currency": "PKR",
            "place": f"cash:{shop.drawer_id}",
        },
    )

    till.post_form(f"/sales/{sale_id}/deletion", deletion(shop))

    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 40_00
    assert balances(shop)[("customer", "Alice")] == -40_00
    assert_the_books_agree(shop)


def test_a_transaction_of_a_sale_is_not_reversed_past_its_page(
    shop: Shop, client_of: ClientOf, mine: uuid.UUID
) -> None:
    answer = client_of(shop, "manager").post_form(
        f"/transactions/{mine}/reversal", {"op_id": str(new_id()), "reason": "Past the page"}
    )

    refused(shop, answer)


def test_a_deleted_sale_is_not_brought_back(shop: Shop, client_of: ClientOf, till: ShopClient, mine: uuid.UUID) -> None:
    till.post_form(f"/sales/{mine}/deletion", deletion(shop))
    reversal = ask(shop, "SELECT id FROM transactions WHERE tenant_id = :tenant_id AND reverses_id IS NOT NULL")[0].id

    answer = client_of(shop, "owner").post_form(
        f"/transactions/{reversal}/reversal", {"op_id": str(new_id()), "reason": "Never mind"}
    )

    assert answer.status_code == 422
    copied = till.post_form(f"/sales/{mine}/copies", {"op_id": str(new_id())})
    assert copied.status_code == 303
    assert count(shop, "sales") == 1
    assert count(shop, "cart_lines") == 1


# Receipts, and what the owner sees.


def test_printing_a_receipt_again_says_copy_and_is_counted(
    shop: Shop, till: ShopClient, client_of: ClientOf, mine: uuid.UUID
) -> None:
    for _ in range(3):
        answer = till.post_form(f"/sales/{mine}/prints", {"op_id": str(new_id()), "paper": "80"})

    assert "COPY 2" in till.get(answer.headers["Location"]).text
    people = {each.name: each for each in who_undid(shop.tenant_id, dt.date(2020, 1, 1), dt.date(2199, 1, 1))}
    assert people["Cashier Smith"].copies == 2


def test_the_receipt_of_a_deleted_sale_says_void(shop: Shop, till: ShopClient, mine: uuid.UUID) -> None:
    till.post_form(f"/sales/{mine}/deletion", deletion(shop))

    answer = till.post_form(f"/sales/{mine}/prints", {"op_id": str(new_id()), "paper": "80"})

    assert "VOID" in till.get(answer.headers["Location"]).text


def test_a_page_printed_past_the_button_says_that_it_is_no_receipt(till: ShopClient, mine: uuid.UUID) -> None:
    assert "NOT A RECEIPT" in till.get(f"/sales/{mine}/receipt").text


def test_many_small_deletions_are_seen_by_the_owner(
    shop: Shop, till: ShopClient, client_of: ClientOf, milk: uuid.UUID
) -> None:
    for _ in range(10):
        sell(shop, (milk, 1, 10_00))
    for _ in range(4):
        sale_id = record(shop, (milk, 1, 10_00), by=person(shop, "cashier"))
        assert till.post_form(f"/sales/{sale_id}/deletion", deletion(shop)).status_code == 303

    assert "more than usual" in client_of(shop, "owner").get("/sales/report/").text
    assert till.get("/sales/report/").status_code == 403


def test_a_cashier_does_not_change_the_reasons(shop: Shop, till: ShopClient) -> None:
    form = {"op_id": str(new_id()), "name": "Anything", "restocks": "y"}

    assert till.post_form("/sales/reasons/", form).status_code == 403
    assert till.post_form(f"/sales/reasons/{reason_of(shop, 'other')}", form | {"version": "1"}).status_code == 403
