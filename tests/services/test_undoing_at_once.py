"""One sale, several people at the same moment: the end is one that some order of them would have had. C3, C4."""

import itertools
import random
import uuid
from collections.abc import Callable
from decimal import Decimal

import pytest
from flask import Flask

from ledger_web.domain.errors import (
    ConflictError,
    InsufficientFundsError,
    LedgerError,
    SaleAlreadyDeletedError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash, customer
from ledger_web.queries.carts import find_cart
from ledger_web.queries.sales import get_sale
from ledger_web.services.carts import AddToCart, add_to_cart
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.exchanges import RecordExchange, record_exchange
from ledger_web.services.payments import RecordPayment, record_payment
from ledger_web.services.sales import StoreCart
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, cached_balance, count, stock_of
from tests.returns import command_of, give_back, open_of
from tests.shops import Shop, add_customer, add_product, sell

PRICE = 115_00
SOLD = 2
TEA = 40_00


def _legal(actors: tuple[str, ...]) -> set[tuple[bool, int, int, int]]:
    """Play every order of the actors on paper: (deleted, pieces back, paid, swapped). The sale is wholly on account."""
    ends = set()
    for order in itertools.permutations(actors):
        deleted, back, paid, swapped = False, 0, 0, 0
        for actor in order:
            if actor == "delete" and not back:
                deleted = True
            if actor in ("return", "swap") and not deleted and back < SOLD:
                back += 1
                swapped += actor == "swap"
            if actor == "pay":
                paid += 1
        ends.add((deleted, back, paid, swapped))
    return ends


def _swap_for(shop: Shop, sale_id: uuid.UUID, tea: uuid.UUID) -> RecordExchange:
    """Say that one piece of a sale is exchanged for tea, paid in cash; the cart is the owner's."""
    if find_cart(shop.tenant_id, shop.owner_id, shop.currency) is None:
        add_to_cart(AddToCart(id=new_id(), product_id=tea), shop.act())
    cart = find_cart(shop.tenant_id, shop.owner_id, shop.currency)
    assert cart is not None
    store = StoreCart(id=cart.id, version=cart.version, drawer_id=shop.drawer_id, currency=shop.currency)
    return RecordExchange(back=command_of(shop, sale_id, (1, 1)), cart=store)


def _play(shop: Shop, app: Flask, milk: uuid.UUID, tea: uuid.UUID, actors: tuple[str, ...]) -> None:
    alice = add_customer(shop, f"Alice {new_id().hex[-8:]}")
    sale_id = sell(shop, (milk, SOLD, PRICE), customer_id=alice, rest_on_account=True)
    stock, money = stock_of(shop, milk)[0], cached_balance(shop, cash(shop.drawer_id, "PKR"))
    returns, swap = [command_of(shop, sale_id, (1, 1)) for _ in actors], _swap_for(shop, sale_id, tea)
    acts: dict[str, Callable[[int], Callable[[], object]]] = {
        "delete": lambda _n: lambda: undo(Undo(id=new_id(), transaction_id=sale_id, reason="At once"), shop.act()),
        "return": lambda n: lambda: give_back(shop, sale_id, (1, 1), id=returns[n].id, reason_id=returns[n].reason_id),
        "swap": lambda _n: lambda: record_exchange(swap, shop.act()),
        "pay": lambda _n: (
            lambda: record_payment(
                RecordPayment(
                    id=new_id(), party_id=alice, direction="in", drawer_id=shop.drawer_id, currency="PKR", amount=100
                ),
                shop.act(),
            )
        ),
    }

    results = in_threads(app, *(acts[actor](n) for n, actor in enumerate(actors)))

    unexpected = [each for each in results if isinstance(each, Exception) and not isinstance(each, LedgerError)]
    assert unexpected == []
    sale = get_sale(shop.tenant_id, sale_id)
    paid = sum(not isinstance(each, Exception) for each, actor in zip(results, actors, strict=True) if actor == "pay")
    back = sum(int(line.returned) for line in sale.lines)
    done = [actor for each, actor in zip(results, actors, strict=True) if not isinstance(each, Exception)]
    swapped = done.count("swap")
    assert (sale.is_deleted, back, paid, swapped) in _legal(actors), actors
    deletions = [each for each, actor in zip(results, actors, strict=True) if actor == "delete"]
    assert sum(not isinstance(each, Exception) for each in deletions) == sale.is_deleted
    owed = 0 if sale.is_deleted else (SOLD - back) * PRICE
    assert cached_balance(shop, customer(alice, "PKR")) == owed - paid * 100
    assert stock_of(shop, milk)[0] - stock == (SOLD if sale.is_deleted else back)
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) - money == paid * 100 + swapped * TEA
    still = open_of(shop, alice)
    assert still["charge"] - still["credit"] == owed - paid * 100


def _rounds(shop: Shop, app: Flask, rounds: int) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance, milk = random.Random(seed), add_product(shop, quantity=100_000)
    tea = add_product(shop, "Tea", price=TEA, quantity=100_000)
    for _ in range(rounds):
        size = chance.randrange(3, 7)
        others = [chance.choice(("delete", "return", "pay")) for _ in range(size - 1)]
        _play(shop, app, milk, tea, (*others, chance.choice(("swap", "return"))))
    assert_the_books_agree(shop)


def test_c3_undoing_exchanging_and_paying_one_sale_at_once_ends_as_some_order_would(shop: Shop, app: Flask) -> None:
    _rounds(shop, app, 15)


@pytest.mark.long
def test_c3_five_hundred_times(shop: Shop, app: Flask) -> None:
    _rounds(shop, app, 500)


def _delete_each_twice(shop: Shop, app: Flask, sales: int) -> None:
    milk = add_product(shop, quantity=100_000)
    ids = [sell(shop, (milk, 1, PRICE)) for _ in range(sales)]

    for sale_id in ids:
        twice = [
            lambda sale_id=sale_id: undo(Undo(id=new_id(), transaction_id=sale_id, reason="Twice"), shop.act())
        ] * 2
        told = [each for each in in_threads(app, *twice) if isinstance(each, Exception)]
        assert [type(each) for each in told] == [SaleAlreadyDeletedError]

    with shop.act() as uow:
        reversals = uow.execute(
            "SELECT count(*) FROM transactions WHERE tenant_id = %(tenant_id)s AND kind = 'reversal'"
        ).scalar_one()
    assert reversals == sales
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 0
    assert_the_books_agree(shop)


def test_c4_forty_sales_each_deleted_twice_at_once_are_reversed_once_each(shop: Shop, app: Flask) -> None:
    _delete_each_twice(shop, app, 40)


@pytest.mark.long
def test_c4_five_hundred_sales_each_deleted_twice_at_once_are_reversed_once_each(shop: Shop, app: Flask) -> None:
    _delete_each_twice(shop, app, 500)


def test_two_returns_of_one_sale_do_not_pay_the_same_cash_twice(shop: Shop, app: Flask) -> None:
    """Two tills, one receipt: the money that was paid goes back once."""
    milk = add_product(shop)
    sale_id = sell(shop, (milk, 1, PRICE))
    commands = [command_of(shop, sale_id, (1, 1)) for _ in range(4)]

    results = in_threads(
        app,
        *[
            lambda each=each: give_back(shop, sale_id, (1, 1), id=each.id, reason_id=each.reason_id)
            for each in commands
        ],
    )

    refused = [each for each in results if isinstance(each, (LedgerError, ConflictError))]
    assert len(refused) == 3
    assert not any(isinstance(each, InsufficientFundsError) for each in refused)
    assert count(shop, "sale_returns") == 1
    assert stock_of(shop, milk)[0] == Decimal(100)
    assert_the_books_agree(shop)
