"""Counts: several people count while others sell, and what differs is posted once."""

import uuid
from decimal import Decimal

import pytest
from flask import Flask

from ledger_web.domain.errors import InvalidQuantityError, NotFoundError, OutOfStockError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.queries.stock_counts import get_count, list_differences, list_last_counted, list_left_out
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.stock_counts import (
    AddToCount,
    CountClosedError,
    CountedMeanwhileError,
    DiscardCount,
    ForgetCounted,
    PostCount,
    SetCounted,
    StartCount,
    add_to_count,
    discard_count,
    forget_counted,
    post_count,
    set_counted,
    start_count,
)
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, balances, count, stock_of
from tests.shops import Shop, add_product, person, sell


def begin(shop: Shop, *, is_blind: bool = False) -> uuid.UUID:
    return start_count(StartCount(id=new_id(), name="All of it", is_blind=is_blind), shop.act()).id


def scan(shop: Shop, count_id: uuid.UUID, product_id: uuid.UUID, quantity: int | str = 1) -> None:
    command = AddToCount(op_id=new_id(), count_id=count_id, product_id=product_id, quantity=Decimal(quantity))
    add_to_count(command, shop.act())


def put(shop: Shop, count_id: uuid.UUID, product_id: uuid.UUID, counted: int) -> None:
    command = SetCounted(op_id=new_id(), count_id=count_id, product_id=product_id, counted=Decimal(counted))
    set_counted(command, shop.act())


def post(shop: Shop, count_id: uuid.UUID, id: uuid.UUID | None = None) -> None:
    digest = list_differences(shop.tenant_id, count_id).digest
    post_count(PostCount(id=id or new_id(), count_id=count_id, digest=digest, currency=shop.currency), shop.act())


def test_what_differs_is_posted_as_one_transaction_at_average_cost(shop: Shop) -> None:
    milk, tea, salt = (add_product(shop, name, quantity=10, cost=60_00) for name in ("Milk", "Tea", "Salt"))
    counting = begin(shop)
    scan(shop, counting, milk, 7)
    scan(shop, counting, tea, 12)
    scan(shop, counting, salt, 10)

    post(shop, counting)

    assert [stock_of(shop, each) for each in (milk, tea, salt)] == [(7, 420_00), (12, 720_00), (10, 600_00)]
    assert balances(shop)["expense", "stock_differences"] == 60_00
    assert balances(shop)["inventory", ""] == 1740_00
    done = get_count(shop.tenant_id, counting)
    assert (done.state, done.products, done.differing) == ("posted", 3, 2)
    assert_the_books_agree(shop)


def test_sales_during_a_count_change_neither_the_difference_nor_the_count(shop: Shop) -> None:
    milk = add_product(shop, quantity=10, cost=60_00)
    counting = begin(shop)
    sell(shop, (milk, 1, 115_00))
    scan(shop, counting, milk, 4)
    sell(shop, (milk, 2, 115_00))
    scan(shop, counting, milk, 4)
    sell(shop, (milk, 1, 115_00))

    (line,) = list_differences(shop.tenant_id, counting).lines
    assert [int(each) for each in (line.expected, line.counted, line.difference, line.will_be)] == [9, 8, -1, 5]
    post(shop, counting)

    assert stock_of(shop, milk) == (5, 300_00)
    assert_the_books_agree(shop)


def test_what_is_typed_is_all_there_is_now(shop: Shop) -> None:
    milk = add_product(shop, quantity=10)
    counting = begin(shop)
    scan(shop, counting, milk, 3)
    sell(shop, (milk, 2, 115_00))

    put(shop, counting, milk, 8)
    before = count(shop, "transactions")

    assert list_differences(shop.tenant_id, counting).lines == ()
    post(shop, counting)
    assert stock_of(shop, milk)[0] == 8
    assert count(shop, "transactions") == before
    assert get_count(shop.tenant_id, counting).transaction_id is None


def test_two_people_count_the_same_product_and_it_adds_up(app: Flask, shop: Shop) -> None:
    milk = add_product(shop, quantity=40)
    counting = begin(shop)
    people = [shop.owner_id, person(shop, "cashier")]

    def one(actor: uuid.UUID) -> None:
        for _ in range(5):
            command = AddToCount(op_id=new_id(), count_id=counting, product_id=milk, quantity=Decimal(3))
            add_to_count(command, shop.act(actor))

    results = in_threads(app, *[lambda actor=actor: one(actor) for actor in people * 2])

    assert results == [None] * 4
    (line,) = list_last_counted(shop.tenant_id, counting)
    assert [int(line.counted), int(line.expected)] == [60, 40]


def test_one_scan_sent_twice_counts_once(shop: Shop) -> None:
    milk = add_product(shop)
    counting = begin(shop)
    command = AddToCount(op_id=new_id(), count_id=counting, product_id=milk, quantity=Decimal(1))

    add_to_count(command, shop.act())
    assert add_to_count(command, shop.act()).replayed

    assert list_last_counted(shop.tenant_id, counting)[0].counted == 1


def test_a_count_is_posted_once_however_often_it_is_sent(app: Flask, shop: Shop) -> None:
    milk = add_product(shop, quantity=10)
    counting = begin(shop)
    scan(shop, counting, milk, 7)
    id = new_id()

    in_threads(app, *[lambda: post(shop, counting, id)] * 3)
    with pytest.raises(CountClosedError):
        post(shop, counting)

    assert stock_of(shop, milk)[0] == 7
    assert_the_books_agree(shop)


def test_what_was_counted_since_it_was_looked_at_is_looked_at_again(shop: Shop) -> None:
    milk = add_product(shop, quantity=10)
    counting = begin(shop)
    scan(shop, counting, milk, 7)
    seen = list_differences(shop.tenant_id, counting).digest
    scan(shop, counting, milk)

    with pytest.raises(CountedMeanwhileError):
        post_count(PostCount(id=new_id(), count_id=counting, digest=seen, currency="PKR"), shop.act())

    assert stock_of(shop, milk)[0] == 10
    assert get_count(shop.tenant_id, counting).is_open


def test_a_count_that_was_posted_can_be_reversed(shop: Shop) -> None:
    milk, tea = add_product(shop, "Milk", quantity=10), add_product(shop, "Tea", quantity=10)
    before = balances(shop)
    counting, id = begin(shop), new_id()
    scan(shop, counting, milk, 7)
    scan(shop, counting, tea, 12)
    post(shop, counting, id)

    undo(Undo(id=new_id(), transaction_id=id, reason="Wrong shelf"), shop.act())

    assert [stock_of(shop, each)[0] for each in (milk, tea)] == [10, 10]
    assert balances(shop) == before
    assert_the_books_agree(shop)


def test_more_missing_than_there_is_by_now_is_counted_again(shop: Shop) -> None:
    milk = add_product(shop, quantity=10)
    counting = begin(shop)
    put(shop, counting, milk, 2)
    sell(shop, (milk, 5, 115_00))

    with pytest.raises(OutOfStockError, match="Milk"):
        post(shop, counting)

    assert stock_of(shop, milk)[0] == 5


def test_a_count_that_is_put_aside_changes_nothing(shop: Shop) -> None:
    milk = add_product(shop, quantity=10)
    counting = begin(shop)
    scan(shop, counting, milk, 7)

    discard_count(DiscardCount(op_id=new_id(), count_id=counting), shop.act())

    assert stock_of(shop, milk)[0] == 10
    assert get_count(shop.tenant_id, counting).state == "put aside"
    with pytest.raises(CountClosedError):
        scan(shop, counting, milk)


def test_what_was_not_counted_is_told_and_stays(shop: Shop) -> None:
    milk, tea = add_product(shop, "Milk", quantity=10), add_product(shop, "Tea", quantity=4)
    add_product(shop, "Repair", quantity=0, policy="none")
    counting = begin(shop)
    scan(shop, counting, milk, 10)

    assert [(each.name, int(each.on_hand)) for each in list_left_out(shop.tenant_id, counting)] == [("Tea", 4)]
    put(shop, counting, tea, 0)
    forget_counted(ForgetCounted(op_id=new_id(), count_id=counting, product_id=milk), shop.act())
    post(shop, counting)

    assert (stock_of(shop, milk)[0], stock_of(shop, tea)[0]) == (10, 0)


def test_nonsense_is_not_counted(shop: Shop, rival: Shop) -> None:
    milk, repair = add_product(shop), add_product(shop, "Repair", quantity=0, policy="none")
    theirs = add_product(rival)
    counting, their_count = begin(shop), begin(rival)

    with pytest.raises(NotFoundError):
        scan(shop, counting, theirs)
    with pytest.raises(NotFoundError):
        scan(shop, their_count, milk)
    with pytest.raises(RuleViolationError, match="keeps no stock"):
        scan(shop, counting, repair)
    for quantity in ("0", "-1", "NaN", "1000000000", "1e30"):
        with pytest.raises(InvalidQuantityError):
            scan(shop, counting, milk, quantity)
    with pytest.raises(InvalidQuantityError):
        put(shop, counting, milk, 10**9)
    with pytest.raises(RuleViolationError, match="Nothing has been counted"):
        post(shop, counting)
    assert count(shop, "stock_count_lines") == 0
