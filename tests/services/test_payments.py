"""Payments and opening balances: each balance, each refusal, and two at once on one drawer."""

import datetime as dt
import threading
import uuid

import pytest
from flask import Flask

from ledger_web.domain.errors import (
    CreditLimitExceededError,
    InsufficientFundsError,
    NotFoundError,
    ResubmissionError,
    RuleViolationError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import AccountKey, cash, customer
from ledger_web.queries.payments import get_payment
from ledger_web.services.drawers import PayIn, pay_in
from ledger_web.services.parties import ArchiveParty, CreateParty, archive_party, create_party
from ledger_web.services.payments import RecordOpeningBalance, RecordPayment, record_opening_balance, record_payment
from ledger_web.services.unit_of_work import UnitOfWork
from tests.at_once import in_threads, wait_until_somebody_waits
from tests.books import assert_the_books_agree, balances, cached_balance, count
from tests.shops import Shop, add_customer

KINDS = ("customer", "vendor", "employee", "member")


def add(shop: Shop, kind: str) -> uuid.UUID:
    return create_party(CreateParty(id=new_id(), kind=kind, name="Akbar", currency="PKR"), shop.act()).id


def fill(shop: Shop, amount: int, currency: str = "PKR") -> None:
    pay_in(PayIn(id=new_id(), drawer_id=shop.drawer_id, currency=currency, amount=amount, reason="Float"), shop.act())


def pay(
    shop: Shop,
    party_id: uuid.UUID,
    direction: str,
    amount: int,
    *,
    currency: str = "PKR",
    tendered: int | None = None,
    id: uuid.UUID | None = None,
    drawer_id: uuid.UUID | None = None,
) -> uuid.UUID:
    command = RecordPayment(
        id=id or new_id(),
        party_id=party_id,
        direction=direction,
        drawer_id=drawer_id or shop.drawer_id,
        currency=currency,
        amount=amount,
        tendered=tendered,
    )
    return record_payment(command, shop.act()).id


def owe(shop: Shop, party_id: uuid.UUID, amount: int, *, to_us: bool, day: dt.date | None = None) -> None:
    command = RecordOpeningBalance(
        id=new_id(), party_id=party_id, currency="PKR", amount=amount, is_owed_to_us=to_us, occurred_on=day
    )
    record_opening_balance(command, shop.act())


@pytest.mark.parametrize(
    ("kind", "after"), [("customer", -30_00), ("member", -30_00), ("vendor", 30_00), ("employee", 30_00)]
)
def test_money_from_a_party_comes_into_the_drawer_and_off_what_they_owe(shop: Shop, kind: str, after: int) -> None:
    akbar = add(shop, kind)

    payment_id = pay(shop, akbar, "in", 30_00, tendered=50_00)

    assert balances(shop) == {("cash", "Till 1"): 30_00, (kind, "Akbar"): after}
    payment = get_payment(shop.tenant_id, payment_id)
    assert (payment.tendered, payment.applied, payment.change) == (50_00, 30_00, 20_00)
    assert (payment.party, payment.party_kind, payment.place, payment.actor) == ("Akbar", kind, "Till 1", "Olga Owner")
    assert_the_books_agree(shop)


@pytest.mark.parametrize(
    ("kind", "after"), [("customer", 30_00), ("member", 30_00), ("vendor", -30_00), ("employee", -30_00)]
)
def test_money_to_a_party_leaves_the_drawer(shop: Shop, kind: str, after: int) -> None:
    akbar = add(shop, kind)
    fill(shop, 100_00)

    pay(shop, akbar, "out", 30_00)

    assert balances(shop) == {("cash", "Till 1"): 70_00, (kind, "Akbar"): after, ("equity", "owner"): 100_00}
    assert_the_books_agree(shop)


def test_each_currency_has_an_account_of_its_own(shop: Shop) -> None:
    akbar = add(shop, "customer")

    pay(shop, akbar, "in", 5_00, currency="USD")
    pay(shop, akbar, "in", 700, currency="JPY")

    assert cached_balance(shop, customer(akbar, "USD")) == -5_00
    assert cached_balance(shop, cash(shop.drawer_id, "JPY")) == 700
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 0
    assert_the_books_agree(shop)


@pytest.mark.parametrize("kind", KINDS)
def test_a_drawer_pays_no_more_than_it_holds_of_that_currency(shop: Shop, kind: str) -> None:
    akbar = add(shop, kind)
    fill(shop, 100_00)

    with pytest.raises(InsufficientFundsError) as refusal:
        pay(shop, akbar, "out", 100_01)
    with pytest.raises(InsufficientFundsError):
        pay(shop, akbar, "out", 1, currency="USD")

    assert (refusal.value.account, refusal.value.available, refusal.value.needed) == ("Till 1", 100_00, 100_01)
    assert count(shop, "payments") == 0
    assert_the_books_agree(shop)


def test_paying_a_customer_out_stops_at_their_limit(shop: Shop) -> None:
    alice = add_customer(shop, credit_limit=10_00)
    fill(shop, 100_00)

    with pytest.raises(CreditLimitExceededError):
        pay(shop, alice, "out", 10_01)

    pay(shop, alice, "out", 10_00)
    assert cached_balance(shop, customer(alice, "PKR")) == 10_00


def test_less_than_the_amount_is_not_handed_over(shop: Shop) -> None:
    with pytest.raises(RuleViolationError, match="Less was handed over"):
        pay(shop, add_customer(shop), "in", 5_00, tendered=4_99)

    assert count(shop, "payments") == 0


def test_strangers_parties_and_drawers_are_not_there(shop: Shop, rival: Shop) -> None:
    alice, theirs = add_customer(shop), add_customer(rival)

    with pytest.raises(NotFoundError):
        pay(shop, theirs, "in", 1_00)
    with pytest.raises(NotFoundError):
        pay(shop, alice, "in", 1_00, drawer_id=rival.drawer_id)
    with pytest.raises(NotFoundError):
        owe(shop, theirs, 1_00, to_us=True)
    with pytest.raises(NotFoundError):
        get_payment(rival.tenant_id, pay(shop, alice, "in", 1_00))

    assert count(rival, "entries") == 0


def test_the_archive_takes_no_payment(shop: Shop) -> None:
    alice = add_customer(shop)
    archive_party(ArchiveParty(op_id=new_id(), party_id=alice, kind="customer"), shop.act())

    with pytest.raises(RuleViolationError, match="archived"):
        pay(shop, alice, "in", 1_00)
    with pytest.raises(RuleViolationError, match="archived"):
        owe(shop, alice, 1_00, to_us=True)


def test_x1_one_payment_however_often_it_is_sent(shop: Shop, app: Flask) -> None:
    alice, ids = add_customer(shop), [new_id() for _ in range(4)]

    for id in ids:
        assert in_threads(app, *[lambda id=id: pay(shop, alice, "in", 1_00, id=id)] * 8) == [id] * 8

    with pytest.raises(ResubmissionError):
        pay(shop, alice, "in", 2_00, id=ids[0])
    assert count(shop, "payments") == 4
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 4_00
    assert_the_books_agree(shop)


def test_of_two_payments_at_once_the_drawer_pays_what_it_holds(
    shop: Shop, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first holds the drawer's row until the second waits for it: the moment in which money is lost."""
    akbar, first, holding = add(shop, "vendor"), new_id(), threading.Event()
    fill(shop, 100_00)
    post = UnitOfWork.post

    def post_and_hold(uow: UnitOfWork, entries: object) -> object:
        moved = post(uow, entries)  # type: ignore[arg-type]
        if uow.transaction_id == first:
            holding.set()
            wait_until_somebody_waits(uow)
        return moved

    monkeypatch.setattr(UnitOfWork, "post", post_and_hold)

    def pay_second() -> uuid.UUID:
        assert holding.wait(10)
        return pay(shop, akbar, "out", 80_00)

    paid, refused = in_threads(app, lambda: pay(shop, akbar, "out", 80_00, id=first), pay_second)

    assert paid == first
    assert isinstance(refused, InsufficientFundsError)
    assert (refused.available, refused.needed) == (20_00, 80_00)
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 20_00
    assert_the_books_agree(shop)


def test_eight_payments_racing_for_one_drawer_stop_at_zero(shop: Shop, app: Flask) -> None:
    akbar = add(shop, "employee")
    fill(shop, 30_00)

    results = in_threads(app, *[lambda: pay(shop, akbar, "out", 10_00)] * 8)

    assert sum(isinstance(result, uuid.UUID) for result in results) == 3
    assert sum(isinstance(result, InsufficientFundsError) for result in results) == 5
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 0
    assert_the_books_agree(shop)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("to_us", [True, False])
def test_an_opening_balance_stands_against_equity(shop: Shop, kind: str, to_us: bool) -> None:
    akbar = add(shop, kind)

    owe(shop, akbar, 12_00, to_us=to_us)

    on_normal_side = to_us == (kind in ("customer", "member"))
    assert cached_balance(shop, AccountKey(kind, "PKR", party_id=akbar)) == (12_00 if on_normal_side else -12_00)
    assert balances(shop)["equity", "opening"] == (12_00 if to_us else -12_00)
    assert_the_books_agree(shop)


def test_an_opening_balance_may_lie_in_the_past_and_not_in_the_future(shop: Shop) -> None:
    alice = add_customer(shop)
    owe(shop, alice, 1_00, to_us=True, day=dt.date(2025, 12, 31))

    with pytest.raises(RuleViolationError, match="yet to come"):
        owe(shop, alice, 1_00, to_us=True, day=dt.date(2150, 1, 1))

    assert count(shop, "entries") == 1
