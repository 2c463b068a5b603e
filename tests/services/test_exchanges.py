"""Exchanges: what comes back pays for what goes out, only the difference is settled, and all of it or nothing."""

import uuid
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from ledger_web.domain.errors import (
    LedgerError,
    OutOfStockError,
    ResubmissionError,
    RuleViolationError,
    SaleIsClosedError,
    StaleEditError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import bank, cash, customer, store_credit
from ledger_web.domain.returns import CHOSEN, CREDIT
from ledger_web.domain.tenders import carried_over
from ledger_web.queries.carts import find_cart
from ledger_web.queries.sale_returns import get_return
from ledger_web.queries.sales import get_sale
from ledger_web.services.carts import AddToCart, ChooseCustomer, add_to_cart, choose_customer
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.drawers import PayOut, pay_out
from ledger_web.services.exchanges import RecordExchange, preview_exchange, record_exchange
from ledger_web.services.sales import StoreCart, TenderChoice
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, balances, cached_balance, count, stock_of
from tests.returns import add_bank, ask, close_the_shift, command_of, give_back, open_of, record
from tests.shops import Shop, add_customer, add_product, sell


def exchange_of(
    shop: Shop, sale_id: uuid.UUID, *back: tuple[Any, ...], how: dict[str, Any] | None = None, **paid: Any
) -> RecordExchange:
    """Say that lines of a sale are exchanged for what is in the owner's cart."""
    cart = find_cart(shop.tenant_id, shop.owner_id, shop.currency)
    assert cart is not None
    store = StoreCart(id=cart.id, version=cart.version, drawer_id=shop.drawer_id, currency=shop.currency, **paid)
    return RecordExchange(back=command_of(shop, sale_id, *back, **(how or {})), cart=store)


def fill_cart(shop: Shop, product_id: uuid.UUID, quantity: int = 1) -> None:
    add_to_cart(AddToCart(id=new_id(), product_id=product_id, quantity=Decimal(quantity)), shop.act())


def money_in(shop: Shop) -> int:
    return cached_balance(shop, cash(shop.drawer_id, "PKR"))


def test_who_takes_something_dearer_pays_the_difference_and_it_is_one_act(shop: Shop) -> None:
    milk, tea = add_product(shop, "Milk", price=115_00), add_product(shop, "Tea", price=200_00)
    sale_id = sell(shop, (milk, 2, 115_00))
    fill_cart(shop, tea)
    command = exchange_of(shop, sale_id, (1, 1), tendered=100_00)

    preview = preview_exchange(command, shop.act())
    new = record_exchange(command, shop.act()).id

    assert (preview.back.plan.total, preview.total, preview.carried, preview.to_pay) == (115_00, 200_00, 115_00, 85_00)
    assert money_in(shop) == 230_00 + 85_00
    assert [(each.method, each.tendered, each.change) for each in get_sale(shop.tenant_id, new).payments] == [
        ("exchange", 115_00, 0),
        ("cash", 100_00, 15_00),
    ]
    back = get_return(shop.tenant_id, command.back.id)
    assert (back.to_exchange, back.refunds, back.exchanged_for) == (115_00, (), new)
    assert (stock_of(shop, milk)[0], stock_of(shop, tea)[0]) == (99, 99)
    assert cached_balance(shop, carried_over("PKR")) == 0
    assert find_cart(shop.tenant_id, shop.owner_id, shop.currency) is None
    assert_the_books_agree(shop)


def test_who_takes_something_cheaper_gets_the_rest_back_the_way_it_was_paid(shop: Shop) -> None:
    milk, tea, hbl = add_product(shop, "Milk"), add_product(shop, "Tea", price=40_00), add_bank(shop)
    tenders = (TenderChoice(method="bank", amount=65_00, bank_id=hbl), TenderChoice(amount=50_00))
    sale_id = record(shop, (milk, 1, 115_00), tenders=tenders)
    before = money_in(shop)
    fill_cart(shop, tea)

    record_exchange(exchange_of(shop, sale_id, (1, 1)), shop.act())

    assert money_in(shop) == before - 10_00  # 40.00 of the cash is carried over
    assert sum(amount for (kind, _), amount in balances(shop).items() if kind == "bank") == 0
    assert_the_books_agree(shop)


def test_the_rest_becomes_store_credit_where_that_is_asked_for(shop: Shop) -> None:
    milk, tea, alice = add_product(shop, "Milk"), add_product(shop, "Tea", price=40_00), add_customer(shop)
    sale_id = sell(shop, (milk, 1, 115_00), customer_id=alice)
    fill_cart(shop, tea)

    record_exchange(exchange_of(shop, sale_id, (1, 1), how={"way": CREDIT}), shop.act())

    assert money_in(shop) == 115_00
    assert cached_balance(shop, store_credit("PKR", alice)) == 75_00
    assert_the_books_agree(shop)


def test_like_for_like_moves_goods_and_no_money(shop: Shop) -> None:
    milk = add_product(shop, "Milk", price=115_00)
    sale_id = sell(shop, (milk, 1, 115_00))
    fill_cart(shop, milk)
    pay_out(  # nothing leaves the drawer in the exchange, so it need not have the money
        PayOut(id=new_id(), drawer_id=shop.drawer_id, currency="PKR", amount=115_00, category="food", reason="Lunch"),
        shop.act(),
    )

    record_exchange(exchange_of(shop, sale_id, (1, 1, "damaged")), shop.act())

    assert money_in(shop) == 0
    assert stock_of(shop, milk)[0] == 98
    assert_the_books_agree(shop)


def test_what_was_owed_is_owed_no_more_and_the_new_goods_go_on_account(shop: Shop) -> None:
    milk, tea, alice = add_product(shop, "Milk"), add_product(shop, "Tea", price=150_00), add_customer(shop)
    sale_id = sell(shop, (milk, 1, 115_00), customer_id=alice, rest_on_account=True)
    fill_cart(shop, tea)
    choose_customer(ChooseCustomer(id=new_id(), customer_id=alice), shop.act())

    record_exchange(exchange_of(shop, sale_id, (1, 1), rest_on_account=True), shop.act())

    assert cached_balance(shop, customer(alice, "PKR")) == 150_00
    assert open_of(shop, alice) == {"charge": 150_00, "credit": 0}
    assert money_in(shop) == 0
    assert_the_books_agree(shop)


def test_what_was_exchanged_comes_back_in_turn_and_the_money_goes_back_the_way_it_once_came(shop: Shop) -> None:
    milk, tea, hbl = add_product(shop, "Milk"), add_product(shop, "Tea", price=115_00), add_bank(shop)
    sale_id = record(shop, (milk, 1, 115_00), tenders=(TenderChoice(method="bank", bank_id=hbl),))
    fill_cart(shop, tea)
    second = record_exchange(exchange_of(shop, sale_id, (1, 1)), shop.act()).id
    fill_cart(shop, milk)
    third = record_exchange(exchange_of(shop, second, (1, 1)), shop.act()).id

    give_back(shop, third, (1, 1))

    code = ask(shop, "SELECT code FROM bank_accounts WHERE tenant_id = :tenant_id")[0].code
    assert cached_balance(shop, bank("PKR", code)) == 0
    assert (stock_of(shop, milk)[0], stock_of(shop, tea)[0], money_in(shop)) == (100, 100, 0)
    assert_the_books_agree(shop)


def test_foreign_cash_that_was_exchanged_goes_back_by_its_worth(shop: Shop) -> None:
    milk, tea = add_product(shop, "Milk"), add_product(shop, "Tea", price=280_00)
    dollars = (TenderChoice(currency="USD", amount=1_00, rate=Decimal(280), rate_unit="USD"),)
    sale_id = record(shop, (milk, 1, 280_00), tenders=dollars)
    sell(shop, (milk, 3, 115_00))
    fill_cart(shop, tea)
    second = record_exchange(exchange_of(shop, sale_id, (1, 1)), shop.act()).id

    give_back(shop, second, (1, 1))

    assert cached_balance(shop, cash(shop.drawer_id, "USD")) == 1_00
    assert money_in(shop) == 345_00 - 280_00
    assert_the_books_agree(shop)


def test_a_sale_of_an_exchange_is_not_deleted_but_returned(shop: Shop) -> None:
    milk = add_product(shop, price=115_00)
    sale_id = sell(shop, (milk, 1, 115_00))
    fill_cart(shop, milk)
    second = record_exchange(exchange_of(shop, sale_id, (1, 1)), shop.act()).id

    for each in (sale_id, second):
        with pytest.raises((SaleIsClosedError, RuleViolationError)):
            undo(Undo(id=new_id(), transaction_id=each, reason="Rung up twice"), shop.act())
    give_back(shop, second, (1, 1))
    assert (stock_of(shop, milk)[0], money_in(shop)) == (100, 0)
    assert_the_books_agree(shop)


def test_an_exchange_is_done_wholly_or_not_at_all(shop: Shop) -> None:
    milk, rare = add_product(shop, "Milk"), add_product(shop, "Rare", price=200_00, quantity=1)
    sale_id = sell(shop, (milk, 1, 115_00))
    fill_cart(shop, rare)
    enough = exchange_of(shop, sale_id, (1, 1))
    before = balances(shop), stock_of(shop, milk), count(shop, "transactions")
    refused = (
        (exchange_of(shop, sale_id, (1, 1), tendered=84_99), RuleViolationError),
        (exchange_of(shop, sale_id, (1, 2)), RuleViolationError),
        (exchange_of(shop, sale_id, (1, 1), how={"way": CHOSEN}), RuleViolationError),
        (exchange_of(shop, sale_id, (1, 1), rest_on_account=True), RuleViolationError),
    )
    for command, error in refused:
        with pytest.raises(error):
            record_exchange(command, shop.act())
    close_the_shift(shop, reopens=False)
    with pytest.raises(LedgerError):
        record_exchange(enough, shop.act())
    fill_cart(shop, rare)

    with pytest.raises(StaleEditError):
        record_exchange(enough, shop.act())
    with pytest.raises((OutOfStockError, LedgerError)):
        record_exchange(exchange_of(shop, sale_id, (1, 1)), shop.act())

    assert (balances(shop), stock_of(shop, milk)) == before[:2]
    assert (count(shop, "sale_returns"), count(shop, "sales")) == (0, 1)
    assert_the_books_agree(shop)


def test_an_exchange_arriving_twice_is_one_and_its_number_means_nothing_else(shop: Shop) -> None:
    milk, tea = add_product(shop, "Milk"), add_product(shop, "Tea", price=40_00)
    sale_id = sell(shop, (milk, 2, 115_00))
    fill_cart(shop, tea)
    command = exchange_of(shop, sale_id, (1, 1))

    first, again = (record_exchange(command, shop.act()) for _ in range(2))

    assert (first.id, first.replayed, again.id, again.replayed) == (command.cart.id, False, command.cart.id, True)
    fill_cart(shop, tea)
    other = exchange_of(shop, sale_id, (1, 1), how={"id": command.back.id})
    with pytest.raises(ResubmissionError):
        record_exchange(other, shop.act())
    assert (count(shop, "sale_returns"), count(shop, "sales")) == (1, 2)


def test_two_tills_exchanging_the_same_piece_exchange_it_once(shop: Shop, app: Flask) -> None:
    milk, tea = add_product(shop, "Milk"), add_product(shop, "Tea", price=40_00)
    sale_id = sell(shop, (milk, 1, 115_00))
    fill_cart(shop, tea)
    by_hand, returned = exchange_of(shop, sale_id, (1, 1)), command_of(shop, sale_id, (1, 1))

    results = in_threads(
        app,
        lambda: record_exchange(by_hand, shop.act()),
        lambda: give_back(shop, sale_id, (1, 1), id=returned.id, reason_id=returned.reason_id),
    )

    refused = [each for each in results if isinstance(each, Exception)]
    assert len(refused) == 1
    assert isinstance(refused[0], LedgerError)
    assert count(shop, "sale_returns") == 1
    assert_the_books_agree(shop)
