"""Selling and deleting sales: balances, stock, numbers, refusals, and two at once."""

import threading
import time
import uuid
from decimal import Decimal

import pytest
from flask import Flask

from ledger_web.domain.errors import (
    CreditLimitExceededError,
    InsufficientFundsError,
    NotFoundError,
    OutOfStockError,
    ResubmissionError,
    RuleViolationError,
    SaleAlreadyDeletedError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import Entry, cash, customer, equity, inventory
from ledger_web.queries.sales import get_sale
from ledger_web.services import stock
from ledger_web.services.deletions import Undo, preview_undoing, undo
from ledger_web.services.sales import RecordSale, SoldLine, record_sale
from ledger_web.services.stock import Goods
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, balances, cached_balance, count, stock_of
from tests.shops import Shop, add_customer, add_product, sell


def delete(shop: Shop, sale_id: uuid.UUID, *, id: uuid.UUID | None = None, reason: str = "Rung up twice") -> None:
    undo(Undo(id=id or new_id(), transaction_id=sale_id, reason=reason), shop.act())


def test_a_cash_sale_is_three_entries_and_takes_goods_out_at_average_cost(shop: Shop) -> None:
    milk = add_product(shop, "Milk", price=115_00, cost=60_00, quantity=10, tax=15)

    sale_id = sell(shop, (milk, 1, 115_00), tendered=200_00)

    assert balances(shop) == {
        ("cash", "Till 1"): 115_00,
        ("revenue", ""): 100_00,
        ("tax_payable", ""): 15_00,
        ("cost_of_sales", ""): 60_00,
        ("inventory", ""): 540_00,
        ("equity", "opening"): 600_00,
    }
    sale = get_sale(shop.tenant_id, sale_id)
    payment = sale.payments[0]
    assert (sale.number, sale.total, sale.tax_total, sale.cost_total) == ("A-000001", 115_00, 15_00, 60_00)
    assert (payment.tendered, payment.applied, payment.change) == (200_00, 115_00, 85_00)
    assert stock_of(shop, milk) == (Decimal(9), 540_00)
    assert_the_books_agree(shop)


def test_what_cash_does_not_cover_goes_on_the_customers_account(shop: Shop) -> None:
    milk, alice = add_product(shop), add_customer(shop)

    sale_id = sell(shop, (milk, 2, 115_00), customer_id=alice, tendered=50_00, rest_on_account=True)

    assert cached_balance(shop, customer(alice, "PKR")) == 180_00
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 50_00
    assert get_sale(shop.tenant_id, sale_id).on_account == 180_00
    assert_the_books_agree(shop)


def test_the_same_product_on_two_lines_leaves_stock_once_and_the_line_costs_add_up(shop: Shop) -> None:
    milk = add_product(shop, cost=33, quantity=3)

    sale_id = sell(shop, (milk, 1, 100), (milk, 2, 90))

    lines = get_sale(shop.tenant_id, sale_id).lines
    assert sum(line.cost for line in lines) == 99
    assert stock_of(shop, milk) == (0, 0)
    assert_the_books_agree(shop)


def test_quantity_and_value_reach_zero_together_however_the_cost_divides(shop: Shop) -> None:
    tea = add_product(shop, "Tea", cost=0, quantity=0)
    with shop.act() as uow:  # three for 100: a third is 33.33…
        uow.execute("UPDATE stock_levels SET quantity = 3, value = 100 WHERE tenant_id = %(tenant_id)s")

    for _ in range(3):
        sell(shop, (tea, 1, 50))

    assert stock_of(shop, tea) == (0, 0)


def test_the_last_milk_is_sold_once(shop: Shop) -> None:
    milk = add_product(shop, "Milk", quantity=1)
    sell(shop, (milk, 1, 115_00))

    with pytest.raises(OutOfStockError, match="0 of Milk in stock, but 1 is needed"):
        sell(shop, (milk, 1, 115_00))

    assert count(shop, "sales") == 1
    assert_the_books_agree(shop)


def test_a_product_that_may_be_oversold_goes_below_zero_and_back_to_nothing(shop: Shop) -> None:
    milk = add_product(shop, cost=60_00, quantity=2, policy="allow")

    sale_id = sell(shop, (milk, 5, 115_00))

    assert stock_of(shop, milk) == (-3, -180_00)
    delete(shop, sale_id)
    assert stock_of(shop, milk) == (2, 120_00)
    assert_the_books_agree(shop)


def test_deleting_after_the_stock_was_oversold_keeps_stock_and_inventory_together(shop: Shop) -> None:
    milk = add_product(shop, cost=60_00, quantity=2, policy="allow")
    first = sell(shop, (milk, 2, 115_00))
    with shop.act() as uow:  # the goods that come next are assumed to cost something else
        uow.execute("UPDATE stock_levels SET unit_cost_last = 7000 WHERE tenant_id = %(tenant_id)s")
    sell(shop, (milk, 2, 115_00))

    delete(shop, first)

    assert stock_of(shop, milk) == (0, 0)
    assert_the_books_agree(shop)


def test_a_service_keeps_no_stock(shop: Shop) -> None:
    repair = add_product(shop, "Repair", policy="none", quantity=0, cost=0)

    sell(shop, (repair, 1, 500_00))

    assert count(shop, "stock_moves") == 0
    assert_the_books_agree(shop)


def test_a_gift_is_a_sale_of_nothing(shop: Shop) -> None:
    milk = add_product(shop, cost=0, quantity=1)

    sale_id = sell(shop, (milk, 1, 0))

    assert get_sale(shop.tenant_id, sale_id).payments == ()
    assert_the_books_agree(shop)


def test_cash_that_does_not_cover_the_total_is_refused(shop: Shop) -> None:
    milk = add_product(shop)

    with pytest.raises(RuleViolationError, match="does not cover the total"):
        sell(shop, (milk, 1, 115_00), tendered=100_00)

    assert count(shop, "transactions") == 2  # the opening of the drawer and the opening stock
    assert_the_books_agree(shop)


def test_a_debt_needs_a_customer(shop: Shop) -> None:
    milk = add_product(shop)

    with pytest.raises(RuleViolationError, match="Choose the customer"):
        sell(shop, (milk, 1, 115_00), rest_on_account=True)


def test_a_debt_stops_at_the_credit_limit_and_nothing_is_sold(shop: Shop) -> None:
    milk, alice = add_product(shop), add_customer(shop, "Alice", credit_limit=200_00)
    sell(shop, (milk, 1, 115_00), customer_id=alice, rest_on_account=True)

    with pytest.raises(CreditLimitExceededError, match=r"Alice has 85\.00 PKR of credit left, but 115\.00 PKR"):
        sell(shop, (milk, 1, 115_00), customer_id=alice, rest_on_account=True)

    assert stock_of(shop, milk)[0] == 99
    assert_the_books_agree(shop)


def test_a_rivals_product_drawer_or_customer_is_not_there(shop: Shop, rival: Shop) -> None:
    milk, theirs, bob = add_product(shop), add_product(rival), add_customer(rival, "Bob")

    with pytest.raises(NotFoundError):
        sell(shop, (theirs, 1, 115_00))
    with pytest.raises(NotFoundError):
        sell(shop, (milk, 1, 115_00), customer_id=bob, rest_on_account=True)
    stranger = Shop(shop.tenant_id, shop.slug, shop.owner_id, rival.drawer_id)
    with pytest.raises(NotFoundError):
        sell(stranger, (milk, 1, 115_00))

    assert count(shop, "sales") == 0
    assert stock_of(shop, milk)[0] == 100


def test_storing_the_same_sale_twice_stores_it_once(shop: Shop) -> None:
    milk, id = add_product(shop), new_id()
    sell(shop, (milk, 1, 115_00), id=id)

    again = record_sale(
        RecordSale(
            id=id,
            drawer_id=shop.drawer_id,
            currency="PKR",
            lines=(SoldLine(product_id=milk, quantity=Decimal("1.0"), unit_price=115_00),),
        ),
        shop.act(),
    )

    assert again.replayed
    assert count(shop, "sales") == 1


def test_the_same_id_with_other_lines_is_refused(shop: Shop) -> None:
    milk, id = add_product(shop), new_id()
    sell(shop, (milk, 1, 115_00), id=id)

    with pytest.raises(ResubmissionError):
        sell(shop, (milk, 2, 115_00), id=id)

    assert stock_of(shop, milk)[0] == 99


def test_deleting_a_sale_restores_balances_and_stock_and_keeps_both_in_the_books(shop: Shop) -> None:
    milk, alice = add_product(shop), add_customer(shop)
    before = balances(shop), stock_of(shop, milk)
    sale_id = sell(shop, (milk, 3, 115_00), customer_id=alice, tendered=100_00, rest_on_account=True)
    entries = count(shop, "entries")

    delete(shop, sale_id, reason="Wrong customer")

    assert (balances(shop), stock_of(shop, milk)) == before
    assert count(shop, "entries") == 2 * entries - 1  # the opening stock stays as it is
    sale = get_sale(shop.tenant_id, sale_id)
    assert (sale.is_deleted, sale.deleted_by, sale.delete_reason) == (True, "Olga Owner", "Wrong customer")
    assert_the_books_agree(shop)


def test_goods_come_back_at_the_cost_they_left_with(shop: Shop) -> None:
    milk = add_product(shop, cost=60_00, quantity=1)
    sale_id = sell(shop, (milk, 1, 115_00))
    with shop.act() as uow:  # what is bought meanwhile costs more
        uow.is_replay(Undo(id=new_id(), transaction_id=sale_id, reason="x"), id=new_id(), kind="stock_receipt")
        uow.execute(
            "UPDATE stock_levels SET quantity = 1, value = 9000, version = version + 1 WHERE tenant_id = %(tenant_id)s"
        )

    delete(shop, sale_id)

    assert stock_of(shop, milk) == (2, 150_00)


def test_the_preview_says_what_the_deletion_then_does(shop: Shop) -> None:
    milk, alice = add_product(shop, "Milk"), add_customer(shop, "Alice")
    sale_id = sell(shop, (milk, 3, 115_00), customer_id=alice, tendered=100_00, rest_on_account=True)

    preview = preview_undoing(sale_id, shop.act())

    effects = {(effect.kind, effect.holder): (effect.before, effect.after) for effect in preview.balances}
    assert effects == {("cash", "Till 1"): (100_00, 0), ("customer", "Alice"): (245_00, 0)}
    assert [(e.product, e.quantity_before, e.quantity_after, e.value) for e in preview.stock] == [
        ("Milk", 97, 100, 180_00)
    ]
    assert get_sale(shop.tenant_id, sale_id).is_deleted is False


def test_a_drawer_that_cannot_pay_the_refund_says_so_and_nothing_changes(shop: Shop) -> None:
    milk = add_product(shop)
    sale_id = sell(shop, (milk, 1, 115_00))
    with shop.act() as uow:
        uow.is_replay(Undo(id=new_id(), transaction_id=sale_id, reason="x"), id=new_id(), kind="pay_out")
        uow.post([Entry(equity("PKR", "owner"), cash(shop.drawer_id, "PKR"), 100_00)])

    with pytest.raises(InsufficientFundsError, match=r"Till 1 holds 15\.00 PKR, but 115\.00 PKR is needed"):
        delete(shop, sale_id)

    assert get_sale(shop.tenant_id, sale_id).is_deleted is False
    assert stock_of(shop, milk)[0] == 99
    assert_the_books_agree(shop)


def test_deleting_twice_reverses_once_and_the_second_is_told(shop: Shop) -> None:
    milk = add_product(shop)
    sale_id = sell(shop, (milk, 1, 115_00))
    delete(shop, sale_id)

    with pytest.raises(SaleAlreadyDeletedError, match="deleted already, by Olga Owner at"):
        delete(shop, sale_id)

    assert_the_books_agree(shop)


def test_the_same_deletion_arriving_twice_is_answered_as_done(shop: Shop) -> None:
    milk, id = add_product(shop), new_id()
    sale_id = sell(shop, (milk, 1, 115_00))
    command = Undo(id=id, transaction_id=sale_id, reason="Rung up twice")

    first, second = undo(command, shop.act()), undo(command, shop.act())

    assert (first.replayed, second.replayed) == (False, True)


def test_a_rivals_sale_cannot_be_deleted_or_previewed(shop: Shop, rival: Shop) -> None:
    theirs = sell(rival, (add_product(rival), 1, 115_00))

    with pytest.raises(NotFoundError):
        delete(shop, theirs)
    with pytest.raises(NotFoundError):
        preview_undoing(theirs, shop.act())

    assert get_sale(rival.tenant_id, theirs).is_deleted is False


def test_numbers_have_no_gaps_after_refusals(shop: Shop) -> None:
    milk = add_product(shop, quantity=2)
    sell(shop, (milk, 1, 115_00))
    with pytest.raises(OutOfStockError):
        sell(shop, (milk, 5, 115_00))

    last = sell(shop, (milk, 1, 115_00))

    assert get_sale(shop.tenant_id, last).number == "A-000002"


def test_c4_two_people_deleting_one_sale_at_once_reverse_it_once(shop: Shop, app: Flask) -> None:
    milk = add_product(shop, quantity=1000)
    sales = [sell(shop, (milk, 1, 115_00)) for _ in range(20)]

    for sale_id in sales:
        results = in_threads(app, *[lambda sale_id=sale_id: delete(shop, sale_id)] * 2)
        told = [result for result in results if result is not None]
        assert len(told) == 1
        assert isinstance(told[0], SaleAlreadyDeletedError)

    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 0
    assert_the_books_agree(shop)


def test_x1_ten_callers_of_one_sale_make_one_sale(shop: Shop, app: Flask) -> None:
    milk, ids = add_product(shop, quantity=1000), [new_id() for _ in range(5)]

    for id in ids:
        results = in_threads(app, *[lambda id=id: sell(shop, (milk, 1, 115_00), id=id)] * 8)
        assert results == [id] * 8

    assert count(shop, "sales") == 5
    assert_the_books_agree(shop)


def test_c6_eight_tills_racing_for_three_milks_sell_three(shop: Shop, app: Flask) -> None:
    milk = add_product(shop, quantity=3)

    results = in_threads(app, *[lambda: sell(shop, (milk, 1, 115_00))] * 8)

    assert sum(isinstance(result, uuid.UUID) for result in results) == 3
    assert sum(isinstance(result, OutOfStockError) for result in results) == 5
    assert_the_books_agree(shop)


def test_c6_eight_debts_racing_for_a_limit_stop_at_it(shop: Shop, app: Flask) -> None:
    milk, alice = add_product(shop), add_customer(shop, credit_limit=300_00)

    results = in_threads(app, *[lambda: sell(shop, (milk, 1, 115_00), customer_id=alice, rest_on_account=True)] * 8)

    assert sum(isinstance(result, uuid.UUID) for result in results) == 2
    assert cached_balance(shop, customer(alice, "PKR")) == 230_00
    assert_the_books_agree(shop)


def test_goods_that_arrive_while_a_sale_waits_for_them_are_sold(shop: Shop, app: Flask) -> None:
    """The dangerous moment is held open: the receipt has raised the level and not committed when the sale wants it."""
    milk = add_product(shop, quantity=0, cost=0)
    raised, asked = threading.Event(), threading.Event()

    def receive() -> None:
        with shop.act() as uow:
            uow.is_replay(Undo(id=new_id(), transaction_id=milk, reason="x"), id=new_id(), kind="stock_receipt")
            goods = [Goods(milk, Decimal(5), 300_00)]
            stock.put(uow, goods, sets_cost=True)
            stock.insert_moves(uow, goods)
            uow.post([Entry(inventory("PKR"), equity("PKR", "opening"), 300_00)])
            raised.set()
            asked.wait(5)
            time.sleep(0.3)  # the sale is waiting for the row by now

    def sell_what_comes() -> object:
        raised.wait(5)
        asked.set()
        return sell(shop, (milk, 3, 115_00))

    received, sold = in_threads(app, receive, sell_what_comes)

    assert received is None
    assert isinstance(sold, uuid.UUID), sold
    assert stock_of(shop, milk) == (2, 120_00)
    assert_the_books_agree(shop)
