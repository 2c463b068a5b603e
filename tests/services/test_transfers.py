"""The shop's own money on the move: to the bank, between drawers, from one currency into another."""

import uuid
from decimal import Decimal

import pytest
from flask import Flask

from ledger_web.domain.errors import InsufficientFundsError, NotFoundError, ResubmissionError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash
from ledger_web.domain.places import Place, bank_place, drawer_place
from ledger_web.services.banks import CreateBank, create_bank
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.drawers import CreateDrawer, PayIn, create_drawer, pay_in
from ledger_web.services.transfers import (
    ExchangeMoney,
    TransferMoney,
    exchange_money,
    preview_exchange,
    preview_transfer,
    transfer_money,
)
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, cached_balance, count, written
from tests.shops import Shop


@pytest.fixture
def till(shop: Shop) -> Place:
    """Till 1 with 100.00 PKR and 50.00 USD in it."""
    for currency, amount in (("PKR", 100_00), ("USD", 50_00)):
        paid = PayIn(id=new_id(), drawer_id=shop.drawer_id, currency=currency, amount=amount, reason="Float")
        pay_in(paid, shop.act())
    return drawer_place(shop.drawer_id)


@pytest.fixture
def safe(shop: Shop) -> Place:
    return drawer_place(create_drawer(CreateDrawer(id=new_id(), name="Safe", series="S"), shop.act()).id)


@pytest.fixture
def bank(shop: Shop) -> Place:
    return bank_place(create_bank(CreateBank(id=new_id(), name="Meezan", currency="PKR"), shop.act()).id)


def move(shop: Shop, source: Place, target: Place, amount: int, currency: str = "PKR") -> uuid.UUID:
    command = TransferMoney(id=new_id(), source=source, target=target, currency=currency, amount=amount)
    return transfer_money(command, shop.act()).id


def change(shop: Shop, out: int | None, into: int | None, rate: str = "", *, unit: str = "USD") -> ExchangeMoney:
    return ExchangeMoney(
        id=new_id(),
        drawer_id=shop.drawer_id,
        out_currency="USD",
        out_amount=out,
        in_currency="PKR",
        in_amount=into,
        rate=Decimal(rate) if rate else None,
        rate_unit=unit if rate else None,
        memo="Sarai Shahzada",
    )


def kind_of(shop: Shop, id: uuid.UUID) -> str:
    with shop.act() as uow:
        kind: str = uow.execute(
            "SELECT kind FROM transactions WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": id}
        ).scalar_one()
    return kind


def test_money_is_dropped_to_the_bank_and_moved_between_drawers(
    shop: Shop, till: Place, safe: Place, bank: Place
) -> None:
    dropped, moved, taken = (
        move(shop, till, bank, 60_00),
        move(shop, till, safe, 20_00, "USD"),
        move(shop, bank, till, 5_00),
    )

    assert written(shop, dropped) == [("bank:Meezan", "cash:Till 1", "PKR", 60_00)]
    assert written(shop, moved) == [("cash:Safe", "cash:Till 1", "USD", 20_00)]
    assert written(shop, taken) == [("cash:Till 1", "bank:Meezan", "PKR", 5_00)]
    assert [kind_of(shop, id) for id in (dropped, moved, taken)] == ["drop", "transfer", "transfer"]
    assert cached_balance(shop, till.account("PKR")) == 45_00
    assert_the_books_agree(shop)


def test_what_cannot_be_moved_is_refused_with_its_reason(
    shop: Shop, rival: Shop, till: Place, safe: Place, bank: Place
) -> None:
    with pytest.raises(InsufficientFundsError) as refusal:
        move(shop, till, bank, 100_01)
    with pytest.raises(RuleViolationError, match="where it comes from"):
        move(shop, till, till, 1_00)
    with pytest.raises(RuleViolationError, match="kept in PKR, not in USD"):
        move(shop, till, bank, 1_00, "USD")
    for stranger in (drawer_place(rival.drawer_id), bank_place(new_id())):
        with pytest.raises(NotFoundError):
            move(shop, till, stranger, 1_00)

    assert (refusal.value.account, refusal.value.available, refusal.value.needed) == ("Till 1", 100_00, 100_01)
    assert count(shop, "entries") == 2


def test_a_preview_says_both_balances_and_moves_nothing(shop: Shop, till: Place, bank: Place) -> None:
    command = TransferMoney(id=new_id(), source=till, target=bank, currency="PKR", amount=60_00)

    effects = preview_transfer(command, shop.act()).balances

    assert [(effect.holder, effect.before, effect.after) for effect in effects] == [
        ("Meezan", 0, 60_00),
        ("Till 1", 100_00, 40_00),
    ]
    assert count(shop, "entries") == 2


def test_dollars_are_changed_into_rupees_through_the_exchange_accounts(shop: Shop, till: Place) -> None:
    command = change(shop, 20_00, None, "281.5")
    preview = preview_exchange(command, shop.act())

    changed = exchange_money(command, shop.act()).id

    assert written(shop, changed) == [
        ("exchange", "cash:Till 1", "USD", 20_00),
        ("cash:Till 1", "exchange", "PKR", 5_630_00),
    ]
    assert [(effect.currency, effect.before, effect.after) for effect in preview.balances] == [
        ("USD", 50_00, 30_00),
        ("PKR", 100_00, 5_730_00),
    ]
    assert preview.exchange
    assert preview.exchange.rate.in_words() == "1 USD = 281.50 PKR"
    with shop.act() as uow:
        memo = uow.execute(
            "SELECT memo FROM transactions WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": changed}
        ).scalar_one()
    assert memo == "Sarai Shahzada · 1 USD = 281.50 PKR"
    assert_the_books_agree(shop)


def test_both_amounts_say_the_rate_and_a_rate_may_be_typed_upside_down(shop: Shop, till: Place) -> None:
    exchange_money(change(shop, 10_00, 2_815_00), shop.act())
    exchange_money(change(shop, None, 250_00, "0.004", unit="PKR"), shop.act())  # 1.00 USD

    assert cached_balance(shop, cash(shop.drawer_id, "USD")) == 39_00
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 3_165_00
    assert_the_books_agree(shop)


def test_an_exchange_that_makes_no_sense_is_refused(shop: Shop, till: Place) -> None:
    with pytest.raises(InsufficientFundsError):
        exchange_money(change(shop, 50_01, None, "281.5"), shop.act())
    with pytest.raises(RuleViolationError, match="Enter both amounts"):
        exchange_money(change(shop, 1_00, None), shop.act())
    with pytest.raises(RuleViolationError, match=r"is 281\.50 PKR, not 300\.00 PKR"):
        exchange_money(change(shop, 1_00, 300_00, "281.5"), shop.act())

    assert count(shop, "entries") == 2


def test_x1_x2_sent_twice_it_happens_once_and_changed_it_is_refused(shop: Shop, till: Place, safe: Place) -> None:
    command = TransferMoney(id=new_id(), source=till, target=safe, currency="PKR", amount=1_00)
    exchange = change(shop, 1_00, 280_00)

    assert [transfer_money(command, shop.act()).replayed for _ in range(2)] == [False, True]
    assert [exchange_money(exchange, shop.act()).replayed for _ in range(2)] == [False, True]

    with pytest.raises(ResubmissionError):
        transfer_money(TransferMoney(id=command.id, source=till, target=safe, currency="PKR", amount=2_00), shop.act())
    assert cached_balance(shop, till.account("PKR")) == 100_00 - 1_00 + 280_00


def test_money_on_its_way_in_both_directions_at_once_is_never_lost(
    shop: Shop, app: Flask, till: Place, safe: Place
) -> None:
    move(shop, till, safe, 50_00)

    results = in_threads(app, *[lambda: move(shop, till, safe, 20_00), lambda: move(shop, safe, till, 20_00)] * 6)

    assert {type(result) for result in results} <= {uuid.UUID, InsufficientFundsError}
    assert cached_balance(shop, till.account("PKR")) + cached_balance(shop, safe.account("PKR")) == 100_00
    assert_the_books_agree(shop)


def test_moves_are_reversed_like_anything_else(shop: Shop, till: Place, bank: Place) -> None:
    for id in (move(shop, till, bank, 60_00), exchange_money(change(shop, 20_00, 5_600_00), shop.act()).id):
        command = Undo(id=new_id(), transaction_id=id, reason="Not today")
        undo(command, shop.act())

    assert cached_balance(shop, till.account("PKR")) == 100_00
    assert cached_balance(shop, till.account("USD")) == 50_00
    assert_the_books_agree(shop)
