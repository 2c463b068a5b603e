"""Goods that come back: every cent, every piece and every drawer is where it was, and nothing comes back twice."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from ledger_web.domain.errors import (
    ConflictError,
    DrawerNotOpenError,
    InsufficientFundsError,
    InvalidQuantityError,
    NotFoundError,
    ResubmissionError,
    RuleViolationError,
    SaleAlreadyDeletedError,
    SaleIsClosedError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash, customer, store_credit
from ledger_web.domain.returns import CHOSEN, CREDIT
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.sale_returns import preview_return, record_return
from ledger_web.services.sales import TenderChoice
from tests.at_once import in_threads, wait_until_so_many_wait
from tests.books import assert_the_books_agree, balances, cached_balance, count, stock_of, written
from tests.databases import Database
from tests.returns import (
    add_bank,
    close_the_shift,
    command_of,
    give_back,
    open_of,
    open_with,
    pay,
    reason_of,
    record,
    ways_of,
)
from tests.shops import Shop, add_customer, add_product, sell


def test_a_return_gives_back_money_tax_and_goods_of_what_came_back(shop: Shop) -> None:
    milk = add_product(shop, cost=60_00, quantity=10)
    sale_id = sell(shop, (milk, 3, 115_00))

    return_id = give_back(shop, sale_id, (1, 1))

    assert written(shop, return_id) == [
        ("revenue:returns", "cash:Till 1", "PKR", 100_00),
        ("tax_payable", "cash:Till 1", "PKR", 15_00),
        ("inventory", "cost_of_sales", "PKR", 60_00),
    ]
    assert stock_of(shop, milk) == (Decimal(8), 480_00)
    assert_the_books_agree(shop)


def test_partial_returns_never_come_to_more_than_the_sale_and_the_last_takes_what_is_left(shop: Shop) -> None:
    tea = add_product(shop, "Tea", cost=33, quantity=3, tax="7.5")
    before = balances(shop), stock_of(shop, tea)
    sale_id = sell(shop, (tea, 3, 33))

    for _ in range(3):
        give_back(shop, sale_id, (1, 1))

    after = balances(shop)
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 0
    assert after.pop(("revenue", "")) == -after.pop(("revenue", "returns"))
    assert (after, stock_of(shop, tea)) == before
    with pytest.raises(RuleViolationError, match="Everything of this sale has come back"):
        give_back(shop, sale_id, (1, 1))
    assert_the_books_agree(shop)


def test_no_more_comes_back_than_was_sold(shop: Shop) -> None:
    sale_id = sell(shop, (add_product(shop), 2, 115_00))
    give_back(shop, sale_id, (1, "0.5"))

    with pytest.raises(RuleViolationError, match=r"Milk: 1\.5 of 2 can still come back"):
        give_back(shop, sale_id, (1, 2))
    for nothing in ("0", "-1", "NaN", "Infinity", "0.0000001", "1e12"):
        with pytest.raises(InvalidQuantityError):
            give_back(shop, sale_id, (1, nothing))
    with pytest.raises(NotFoundError):
        give_back(shop, sale_id, (2, 1))
    with pytest.raises(RuleViolationError, match="twice"):
        give_back(shop, sale_id, (1, 1), (1, 1))
    with pytest.raises(RuleViolationError, match="how much"):
        give_back(shop, sale_id)
    with pytest.raises(RuleViolationError, match="what becomes of it"):
        give_back(shop, sale_id, (1, 1, "eaten"))

    assert count(shop, "sale_returns") == 1
    assert_the_books_agree(shop)


def test_what_cannot_be_sold_again_is_a_loss_and_what_stays_with_the_customer_stays_sold(shop: Shop) -> None:
    milk = add_product(shop, cost=60_00, quantity=10)
    sale_id = sell(shop, (milk, 4, 115_00))

    return_id = give_back(shop, sale_id, (1, 1, "damaged"))
    give_back(shop, sale_id, (1, 1, "expired"))
    give_back(shop, sale_id, (1, 1, "not_returned"))

    assert written(shop, return_id)[-1] == ("expense:damaged_goods", "cost_of_sales", "PKR", 60_00)
    assert stock_of(shop, milk) == (Decimal(6), 360_00)
    assert balances(shop)[("cost_of_sales", "")] == 120_00
    assert balances(shop)[("expense", "expired_goods")] == 60_00
    assert_the_books_agree(shop)


def test_a_service_moves_no_goods_when_it_is_returned(shop: Shop) -> None:
    repair = add_product(shop, "Repair", policy="none", quantity=0, cost=0)
    sale_id = sell(shop, (repair, 1, 500_00))

    give_back(shop, sale_id, (1, 1))

    assert count(shop, "stock_moves") == 0
    assert_the_books_agree(shop)


def test_the_debt_of_a_sale_is_reduced_before_any_money_goes_back(shop: Shop) -> None:
    milk, alice = add_product(shop), add_customer(shop)
    sale_id = sell(shop, (milk, 2, 115_00), customer_id=alice, tendered=50_00, rest_on_account=True)

    give_back(shop, sale_id, (1, 1))
    assert cached_balance(shop, customer(alice, "PKR")) == 65_00
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 50_00

    give_back(shop, sale_id, (1, 1))
    assert cached_balance(shop, customer(alice, "PKR")) == 0
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 0
    assert_the_books_agree(shop)


def test_what_was_paid_of_the_debt_since_becomes_credit_and_the_payment_is_released(shop: Shop) -> None:
    milk, alice = add_product(shop), add_customer(shop)
    sale_id = sell(shop, (milk, 2, 115_00), customer_id=alice, rest_on_account=True)
    pay(shop, alice, 230_00)

    preview = preview_return(command_of(shop, sale_id, (1, 1)), shop.act())
    assert [(each.title, each.amount) for each in preview.released] == [("Payment", 230_00)]
    give_back(shop, sale_id, (1, 1))

    assert cached_balance(shop, customer(alice, "PKR")) == -115_00
    assert open_of(shop, alice) == {"credit": 115_00, "charge": 0}
    give_back(shop, sale_id, (1, 1))
    assert cached_balance(shop, customer(alice, "PKR")) == -230_00
    assert open_of(shop, alice) == {"credit": 230_00, "charge": 0}
    assert_the_books_agree(shop)


def test_money_goes_back_the_way_it_came_the_card_before_the_cash(shop: Shop) -> None:
    milk, bank_id = add_product(shop), add_bank(shop)
    sale_id = record(
        shop,
        (milk, 2, 115_00),
        tenders=(TenderChoice(method="bank", amount=130_00, bank_id=bank_id), TenderChoice(amount=100_00)),
    )

    first = give_back(shop, sale_id, (1, 1))
    second = give_back(shop, sale_id, (1, 1))

    assert {line[1] for line in written(shop, first)} == {"bank:HBL", "cost_of_sales"}
    money = [(line[1], line[3]) for line in written(shop, second) if line[1] != "cost_of_sales"]
    assert sum(amount for name, amount in money if name == "bank:HBL") == 15_00
    assert sum(amount for name, amount in money if name == "cash:Till 1") == 100_00
    assert_the_books_agree(shop)


def test_no_way_gives_back_more_than_it_paid(shop: Shop) -> None:
    milk, bank_id, alice = add_product(shop), add_bank(shop), add_customer(shop)
    sale_id = record(
        shop,
        (milk, 2, 115_00),
        tenders=(TenderChoice(method="bank", amount=130_00, bank_id=bank_id), TenderChoice(amount=100_00)),
        customer_id=alice,
    )
    card, paid = ways_of(shop, sale_id)

    with pytest.raises(RuleViolationError, match=r"Cash paid 100\.00 PKR of this sale"):
        give_back(shop, sale_id, (1, 1), way=CHOSEN, chosen=((paid, 115_00),))
    with pytest.raises(RuleViolationError, match=r"is more than the 115\.00 PKR"):
        give_back(shop, sale_id, (1, 1), way=CHOSEN, chosen=((paid, 60_00), (card, 60_00)))
    with pytest.raises(RuleViolationError, match="not paid that way"):
        give_back(shop, sale_id, (1, 1), way=CHOSEN, chosen=((new_id(), 60_00),))

    give_back(shop, sale_id, (1, 1), way=CHOSEN, chosen=((paid, 90_00),))
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 10_00
    assert cached_balance(shop, store_credit("PKR", alice)) == 25_00
    assert_the_books_agree(shop)


def test_foreign_money_goes_back_at_the_rate_it_came_at(shop: Shop) -> None:
    milk = add_product(shop)
    dollars = TenderChoice(amount=1_00, currency="USD", rate=Decimal(280), rate_unit="USD")
    sale_id = record(shop, (milk, 2, 140_00), tenders=(dollars,))

    give_back(shop, sale_id, (1, 1))
    assert cached_balance(shop, cash(shop.drawer_id, "USD")) == 50
    give_back(shop, sale_id, (1, 1))

    assert cached_balance(shop, cash(shop.drawer_id, "USD")) == 0
    assert {key: value for key, value in balances(shop).items() if key[0] == "exchange"} == {}
    assert_the_books_agree(shop)


def test_store_credit_needs_a_customer_and_is_owed_to_them(shop: Shop) -> None:
    sale_id, alice = sell(shop, (add_product(shop), 2, 115_00)), add_customer(shop)

    with pytest.raises(RuleViolationError, match="Choose the customer"):
        give_back(shop, sale_id, (1, 1), way=CREDIT)
    give_back(shop, sale_id, (1, 1), way=CREDIT, customer_id=alice)

    assert cached_balance(shop, store_credit("PKR", alice)) == 115_00
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 230_00
    assert_the_books_agree(shop)


def test_cash_that_was_rounded_goes_back_as_it_was_paid(shop: Shop) -> None:
    with shop.act() as uow:
        uow.execute("UPDATE tenants SET cash_step = 500 WHERE tenant_id = %(tenant_id)s")
    milk = add_product(shop)
    for price in (102_00, 98_00, 103_00):
        sale_id = sell(shop, (milk, 2, price))
        give_back(shop, sale_id, (1, 1))
        give_back(shop, sale_id, (1, 1))

        assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 0
        assert balances(shop).get(("rounding", ""), 0) == 0
    assert_the_books_agree(shop)


def test_the_drawer_must_be_open_and_have_the_money(shop: Shop) -> None:
    sale_id = sell(shop, (add_product(shop), 1, 115_00))
    close_the_shift(shop, reopens=False)
    with pytest.raises(DrawerNotOpenError):
        give_back(shop, sale_id, (1, 1))
    open_with(shop, ("PKR", 10_00))

    with pytest.raises(InsufficientFundsError, match=r"Till 1 holds 10\.00 PKR, but 115\.00 PKR is needed"):
        give_back(shop, sale_id, (1, 1))

    assert count(shop, "sale_returns") == 0
    assert_the_books_agree(shop)


def test_a_sale_of_a_closed_shift_is_not_deleted_but_returned(shop: Shop) -> None:
    sale_id = sell(shop, (add_product(shop), 1, 115_00))
    close_the_shift(shop)

    with pytest.raises(SaleIsClosedError, match="as a return"):
        undo(Undo(id=new_id(), transaction_id=sale_id, reason="Rung up twice"), shop.act())
    give_back(shop, sale_id, (1, 1))

    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 0
    assert_the_books_agree(shop)


def test_a_sale_of_which_something_came_back_is_not_deleted_and_a_deleted_one_gives_nothing_back(shop: Shop) -> None:
    milk = add_product(shop)
    first, second = sell(shop, (milk, 2, 115_00)), sell(shop, (milk, 2, 115_00))
    give_back(shop, first, (1, 1))
    undo(Undo(id=new_id(), transaction_id=second, reason="Rung up twice"), shop.act())

    with pytest.raises(SaleIsClosedError, match="come back already"):
        undo(Undo(id=new_id(), transaction_id=first, reason="Rung up twice"), shop.act())
    with pytest.raises(SaleAlreadyDeletedError):
        give_back(shop, second, (1, 1))
    assert_the_books_agree(shop)


def test_the_same_return_arriving_twice_is_one_return(shop: Shop) -> None:
    sale_id = sell(shop, (add_product(shop), 2, 115_00))
    command = command_of(shop, sale_id, (1, 1))

    assert [record_return(command, shop.act()).replayed for _ in range(2)] == [False, True]
    with pytest.raises(ResubmissionError):
        give_back(shop, sale_id, (1, 2), id=command.id)

    assert count(shop, "sale_returns") == 1


def test_the_preview_says_what_the_return_then_does(shop: Shop) -> None:
    milk, alice = add_product(shop, "Milk"), add_customer(shop, "Alice")
    sale_id = sell(shop, (milk, 3, 115_00), customer_id=alice, tendered=100_00, rest_on_account=True)

    preview = preview_return(command_of(shop, sale_id, (1, 3)), shop.act())

    effects = {(effect.kind, effect.holder): (effect.before, effect.after) for effect in preview.balances}
    assert effects == {("cash", "Till 1"): (100_00, 0), ("customer", "Alice"): (245_00, 0)}
    assert [(each.product, each.quantity_after) for each in preview.stock] == [("Milk", 100)]
    assert count(shop, "sale_returns") == 0


def test_what_happened_to_product_customer_and_drawer_meanwhile_does_not_matter(shop: Shop) -> None:
    milk, alice = add_product(shop), add_customer(shop)
    sale_id = sell(shop, (milk, 2, 115_00), customer_id=alice, rest_on_account=True)
    with shop.act() as uow:
        uow.execute("UPDATE products SET archived_at = now() WHERE tenant_id = %(tenant_id)s")
        uow.execute("UPDATE parties SET archived_at = now() WHERE tenant_id = %(tenant_id)s")

    give_back(shop, sale_id, (1, 2))

    assert cached_balance(shop, customer(alice, "PKR")) == 0
    assert_the_books_agree(shop)


def test_a_rivals_sale_drawer_reason_or_customer_is_not_there(shop: Shop, rival: Shop) -> None:
    sale_id = sell(shop, (add_product(shop), 1, 115_00))
    theirs = sell(rival, (add_product(rival), 1, 115_00))

    hows: list[dict[str, Any]] = [
        {"sale_id": theirs},
        {"drawer_id": rival.drawer_id},
        {"reason_id": reason_of(rival)},
        {"customer_id": add_customer(rival), "way": CREDIT},
    ]
    for how in hows:
        with pytest.raises(NotFoundError):
            give_back(shop, how.pop("sale_id", sale_id), (1, 1), **how)
    assert count(shop, "sale_returns") == count(rival, "sale_returns") == 0


def test_c3_a_debt_that_is_paid_while_its_goods_come_back_is_paid_before_them(
    shop: Shop, app: Flask, database: Database
) -> None:
    """The return waits for whoever owes, then looks at the debt: what was paid becomes credit again."""
    alice = add_customer(shop)
    sale_id = sell(shop, (add_product(shop), 1, 115_00), customer_id=alice, rest_on_account=True)
    acts = [lambda: pay(shop, alice, 115_00), lambda: give_back(shop, sale_id, (1, 1))]
    results: list[object] = []

    def run(act: Callable[[], object]) -> None:
        with app.app_context():
            try:
                results.append(act())
            except Exception as error:  # the test looks at it
                results.append(error)

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    with database.connect(autocommit=False) as holder:
        holder.execute("SELECT FROM parties FOR UPDATE")
        for waiting, thread in enumerate(threads, start=1):
            thread.start()
            wait_until_so_many_wait(database, waiting)
        holder.rollback()
    for thread in threads:
        thread.join()

    assert [each for each in results if isinstance(each, Exception)] == []
    assert open_of(shop, alice) == {"credit": 115_00, "charge": 0}
    assert cached_balance(shop, customer(alice, "PKR")) == -115_00
    assert_the_books_agree(shop)


def test_c6_eight_people_returning_the_same_two_pieces_return_two(shop: Shop, app: Flask) -> None:
    sale_id = sell(shop, (add_product(shop), 2, 115_00))
    commands = [command_of(shop, sale_id, (1, 1)) for _ in range(8)]

    results = in_threads(app, *[lambda command=command: record_return(command, shop.act()) for command in commands])

    refused = [each for each in results if isinstance(each, (RuleViolationError, ConflictError))]
    assert (len(refused), count(shop, "sale_returns")) == (6, 2)
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 0
    assert_the_books_agree(shop)
