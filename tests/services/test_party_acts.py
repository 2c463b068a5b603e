"""Salaries, deductions, dues, set-off, and two parties that become one."""

import datetime as dt
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from ledger_web.domain.errors import CreditLimitExceededError, LedgerError, NotFoundError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import customer, employee, member, vendor
from ledger_web.domain.returns import CREDIT
from ledger_web.models.base import session_of
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.merges import MergeParties, merge_parties
from ledger_web.services.parties import RestoreParty, restore_party
from ledger_web.services.party_acts import (
    AccrueSalary,
    ChargeDues,
    DeductSalary,
    SetOff,
    WaiveDues,
    accrue_salary,
    charge_dues,
    deduct_salary,
    set_off,
    waive_dues,
)
from ledger_web.services.purchase_returns import ReturnToVendor, return_to_vendor
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, balances, cached_balance, count, written
from tests.purchases import add_vendor, buy
from tests.returns import give_back, reason_of
from tests.services.test_open_items import allocation_of, fill, owe, owing, party, pay, release, still_open
from tests.shops import Shop, add_customer, add_product, sell


def test_a_month_of_an_employee(shop: Shop) -> None:
    """Advance 2,000; earned 10,000; took goods for 500 and was 100 short; 7,400 are paid out; all is settled."""
    fill(shop, 20_000_00, "PKR")
    farid = party(shop, "employee", "Farid", "PKR")

    advance = pay(shop, farid, 2_000_00, direction="out", memo="Advance")
    assert cached_balance(shop, employee(farid, "PKR")) == -2_000_00
    money: dict[str, Any] = {"employee_id": farid, "currency": "PKR", "memo": "November"}
    salary = accrue_salary(AccrueSalary(id=new_id(), amount=10_000_00, **money), shop.act()).id
    goods = deduct_salary(DeductSalary(id=new_id(), amount=500_00, purpose="staff_purchase", **money), shop.act()).id
    short = deduct_salary(DeductSalary(id=new_id(), amount=100_00, purpose="shortage", **money), shop.act()).id
    paid = pay(shop, farid, 7_400_00, direction="out")

    assert written(shop, advance) == [("employee:Farid", "cash:Till 1", "PKR", 2_000_00)]
    assert written(shop, salary) == [("expense:salaries", "employee:Farid", "PKR", 10_000_00)]
    assert written(shop, goods) == [("employee:Farid", "revenue:staff_purchases", "PKR", 500_00)]
    assert written(shop, short) == [("employee:Farid", "over_short", "PKR", 100_00)]
    assert still_open(shop, advance, salary, goods, short, paid) == [0] * 5
    assert balances(shop) == {
        ("cash", "Till 1"): 10_600_00,
        ("equity", "owner"): 20_000_00,
        ("expense", "salaries"): 10_000_00,
        ("revenue", "staff_purchases"): 500_00,
        ("over_short", ""): 100_00,
    }
    assert_the_books_agree(shop)


def test_a_year_of_a_member(shop: Shop) -> None:
    """Charged 1,200 until the end of next year, 300 of it waived, 1,000 paid: 100 are ahead."""
    union = party(shop, "member", "Union", "PKR")
    until = dt.date(2027, 12, 31)
    dues = ChargeDues(id=new_id(), member_id=union, currency="PKR", amount=1_200_00, expires_on=until, memo="2027")

    assert [charge_dues(dues, shop.act()).replayed for _ in range(2)] == [False, True]
    waived = waive_dues(
        WaiveDues(id=new_id(), member_id=union, currency="PKR", amount=300_00, reason="Student"), shop.act()
    ).id
    paid = pay(shop, union, 1_000_00)

    assert written(shop, dues.id) == [("member:Union", "revenue:dues", "PKR", 1_200_00)]
    assert written(shop, waived) == [("revenue:dues", "member:Union", "PKR", 300_00)]
    assert cached_balance(shop, member(union, "PKR")) == -100_00
    assert still_open(shop, dues.id, waived, paid) == [0, 0, 100_00]
    with pytest.raises(RuleViolationError, match=r"Union owes 0\.00 PKR"):
        waive_dues(WaiveDues(id=new_id(), member_id=union, currency="PKR", amount=1, reason="More"), shop.act())
    with session_of(shop.tenant_id) as session:
        expiry = text("SELECT expires_on FROM parties WHERE tenant_id = :tenant_id AND id = :id")
        assert session.execute(expiry, {"tenant_id": shop.tenant_id, "id": union}).scalar_one() == until
    assert_the_books_agree(shop)


def test_each_act_is_for_its_own_kind_and_shop(shop: Shop, rival: Shop) -> None:
    alice, theirs = add_customer(shop), party(rival, "employee", "Farid", "PKR")
    money: dict[str, Any] = {"currency": "PKR", "amount": 1_00}
    acts: list[Callable[[uuid.UUID], object]] = [
        lambda id: accrue_salary(AccrueSalary(id=new_id(), employee_id=id, memo="", **money), shop.act()),
        lambda id: deduct_salary(
            DeductSalary(id=new_id(), employee_id=id, purpose="other", memo="", **money), shop.act()
        ),
        lambda id: charge_dues(ChargeDues(id=new_id(), member_id=id, expires_on=None, memo="", **money), shop.act()),
        lambda id: waive_dues(WaiveDues(id=new_id(), member_id=id, reason="", **money), shop.act()),
    ]

    for act in acts:
        for id in (alice, theirs, new_id()):
            with pytest.raises(NotFoundError):
                act(id)
    assert count(shop, "entries") == count(rival, "entries") == 0


def test_what_one_person_owes_as_customer_and_is_owed_as_vendor_is_set_off(shop: Shop) -> None:
    ali, (sale,) = owing(shop, 70_00)
    vendor_ali = party(shop, "vendor", "Ali", "PKR")
    bill = owe(shop, vendor_ali, 50_00, "PKR", to_us=False)

    done = set_off(SetOff(id=new_id(), party_id=ali, other_id=vendor_ali, currency="PKR", amount=None), shop.act())

    assert written(shop, done.id) == [("vendor:Ali", "customer:Alice", "PKR", 50_00)]
    assert cached_balance(shop, customer(ali, "PKR")) == 20_00
    assert cached_balance(shop, vendor(vendor_ali, "PKR")) == 0
    assert still_open(shop, sale, bill) == [20_00, 0]
    assert_the_books_agree(shop)


def test_a_set_off_that_is_none_is_refused(shop: Shop, rival: Shop) -> None:
    ali, _ = owing(shop, 70_00)
    vendor_ali, other = party(shop, "vendor", "Ali", "PKR"), party(shop, "vendor", "Bashir", "PKR")
    owe(shop, vendor_ali, 50_00, "PKR", to_us=False)

    def off(one: uuid.UUID, two: uuid.UUID, amount: int | None = None, currency: str = "PKR") -> object:
        return set_off(SetOff(id=new_id(), party_id=one, other_id=two, currency=currency, amount=amount), shop.act())

    for one, two, amount, currency, sentence in (
        (ali, vendor_ali, 50_01, "PKR", "No more than 50.00 PKR"),
        (ali, vendor_ali, None, "USD", "nothing to set off in USD"),
        (ali, other, None, "PKR", "you owe 0.00 PKR"),
        (vendor_ali, ali, None, "PKR", "Choose a customer or member"),
        (ali, ali, None, "PKR", "Choose a customer or member"),
    ):
        with pytest.raises(RuleViolationError, match=sentence):
            off(one, two, amount, currency)
    with pytest.raises(NotFoundError):
        off(ali, party(rival, "vendor", "Ali", "PKR"))


def test_set_off_by_eight_at_once_is_never_more_than_there_is(shop: Shop, app: Flask) -> None:
    ali, _ = owing(shop, 70_00)
    vendor_ali = party(shop, "vendor", "Ali", "PKR")
    owe(shop, vendor_ali, 50_00, "PKR", to_us=False)

    results = in_threads(
        app,
        *[
            lambda: set_off(
                SetOff(id=new_id(), party_id=ali, other_id=vendor_ali, currency="PKR", amount=20_00), shop.act()
            )
        ]
        * 8,
    )

    assert sum(isinstance(result, RuleViolationError) for result in results) == 6
    assert cached_balance(shop, vendor(vendor_ali, "PKR")) == 10_00
    assert_the_books_agree(shop)


def merge(shop: Shop, duplicate: uuid.UUID, survivor: uuid.UUID, id: uuid.UUID | None = None) -> object:
    return merge_parties(MergeParties(id=id or new_id(), duplicate_id=duplicate, survivor_id=survivor), shop.act())


def test_two_customers_who_are_one_become_one(shop: Shop) -> None:
    alice, (first, second) = owing(shop, 70_00, 30_00)
    twice = add_customer(shop, "Alice K.")
    paid = pay(shop, twice, 20_00)
    pay(shop, alice, 70_00)
    dollars = owe(shop, alice, 5_00, "USD", to_us=True)
    id = new_id()

    for _ in range(2):
        merge(shop, alice, twice, id)

    assert sorted(written(shop, id)) == [
        ("customer:Alice K.", "customer:Alice", "PKR", 30_00),
        ("customer:Alice K.", "customer:Alice", "USD", 5_00),
    ]
    assert cached_balance(shop, customer(alice, "PKR")) == cached_balance(shop, customer(alice, "USD")) == 0
    assert cached_balance(shop, customer(twice, "PKR")) == 10_00
    last = pay(shop, twice, 30_00)
    assert still_open(shop, first, second, paid, last) == [0, 0, 20_00, 0]
    release(shop, allocation_of(shop, last, second))  # what was settled goes along, too
    assert still_open(shop, second, dollars) == [30_00, 5_00]
    with pytest.raises(RuleViolationError, match=r"Alice was merged into Alice K\."):
        pay(shop, alice, 1_00)
    with pytest.raises(RuleViolationError, match="archived"):
        sell(shop, (add_product(shop, "Tea"), 1, 1_00), customer_id=alice, rest_on_account=True)
    with pytest.raises(RuleViolationError, match="for good"):
        restore_party(RestoreParty(op_id=new_id(), party_id=alice, kind="customer"), shop.act())
    assert_the_books_agree(shop)


def test_a_merge_that_is_none_is_refused(shop: Shop, rival: Shop) -> None:
    alice, _ = owing(shop, 70_00)
    narrow, vendor_ali = add_customer(shop, "Narrow", credit_limit=69_99), party(shop, "vendor", "Ali", "PKR")

    with pytest.raises(CreditLimitExceededError):
        merge(shop, alice, narrow)
    with pytest.raises(RuleViolationError, match="Set off"):
        merge(shop, alice, vendor_ali)
    with pytest.raises(RuleViolationError, match="one already"):
        merge(shop, alice, alice)
    with pytest.raises(NotFoundError):
        merge(shop, alice, add_customer(rival, "Bob"))
    merge(shop, narrow, alice)
    with pytest.raises(RuleViolationError, match="merged into Alice"):
        merge(shop, narrow, alice)
    assert_the_books_agree(shop)


def test_nothing_is_left_behind_when_payments_and_sales_race_a_merge(shop: Shop, app: Flask) -> None:
    alice, _ = owing(shop, 70_00)
    twice, tea = add_customer(shop, "Alice K."), add_product(shop, "Tea", tax=0)

    def buy() -> uuid.UUID:
        return sell(shop, (tea, 1, 10_00), customer_id=alice, rest_on_account=True)

    results = in_threads(app, *[lambda: pay(shop, alice, 1_00), buy] * 3, lambda: merge(shop, alice, twice), buy, buy)

    assert not [each for each in results if isinstance(each, Exception) and not isinstance(each, LedgerError)]
    assert cached_balance(shop, customer(alice, "PKR")) == 0
    rows = session_of(shop.tenant_id).execute(
        text("SELECT DISTINCT party_id FROM open_items WHERE tenant_id = :tenant_id"), {"tenant_id": shop.tenant_id}
    )
    assert {row.party_id for row in rows} == {twice}
    assert_the_books_agree(shop)


def test_what_came_before_a_merge_is_undone_with_whoever_stays(shop: Shop) -> None:
    tea = add_product(shop, "Tea", tax=0)
    alice, twice = add_customer(shop, "Alice"), add_customer(shop, "Alice K.")
    sold = [sell(shop, (tea, 2, 10_00), customer_id=alice, rest_on_account=True) for _ in range(2)]
    for_cash = sell(shop, (tea, 1, 10_00), customer_id=alice)
    paid = pay(shop, alice, 5_00)
    karim, traders = add_vendor(shop, "Karim", "PKR"), add_vendor(shop, "Karim Traders", "PKR")
    bought = [buy(shop, karim, (tea, 3, 5), currency="PKR") for _ in range(2)]
    merge(shop, alice, twice)
    merge(shop, karim, traders)

    undo(Undo(id=new_id(), transaction_id=sold[0], reason="Mistake"), shop.act())
    take_back(shop, paid)
    give_back(shop, sold[1], (1, 1))
    give_back(shop, for_cash, (1, 1), way=CREDIT)
    undo(Undo(id=new_id(), transaction_id=bought[0], reason="Mistake"), shop.act())
    going = ReturnToVendor(id=new_id(), purchase_id=bought[1], lines=((1, Decimal(1)),), reason="Too old")
    return_to_vendor(going, shop.act())

    assert balances(shop)["customer", "Alice K."] == 10_00
    assert balances(shop)["store_credit", "Alice K."] == 10_00
    assert balances(shop)["vendor", "Karim Traders"] == 10_00
    assert not {("customer", "Alice"), ("store_credit", "Alice"), ("vendor", "Karim")} & balances(shop).keys()
    assert_the_books_agree(shop)


def test_whoever_undoes_something_while_its_customer_is_merged_leaves_nothing_behind(shop: Shop, app: Flask) -> None:
    tea = add_product(shop, "Tea", tax=0)
    alice, twice = add_customer(shop, "Alice"), add_customer(shop, "Alice K.")
    sold = [sell(shop, (tea, 2, 10_00), customer_id=alice, rest_on_account=True) for _ in range(4)]
    for_cash, reason = sell(shop, (tea, 1, 10_00), customer_id=alice), reason_of(shop)
    paid = pay(shop, alice, 5_00)

    results = in_threads(
        app,
        lambda: undo(Undo(id=new_id(), transaction_id=sold[0], reason="Mistake"), shop.act()),
        lambda: take_back(shop, paid),
        lambda: merge(shop, alice, twice),
        lambda: give_back(shop, sold[1], (1, 1), reason_id=reason),
        lambda: give_back(shop, for_cash, (1, 1), way=CREDIT, reason_id=reason),
        lambda: undo(Undo(id=new_id(), transaction_id=sold[2], reason="Mistake"), shop.act()),
    )

    assert not [each for each in results if isinstance(each, Exception) and not isinstance(each, LedgerError)]
    assert not isinstance(results[2], Exception)
    assert not {("customer", "Alice"), ("store_credit", "Alice")} & balances(shop).keys()
    assert_the_books_agree(shop)


def member_until(shop: Shop, member_id: uuid.UUID) -> dt.date | None:
    with shop.act() as uow:
        found: dt.date | None = uow.execute(
            "SELECT expires_on FROM parties WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": member_id}
        ).scalar_one()
    return found


def take_back(shop: Shop, transaction_id: uuid.UUID) -> None:
    undo(Undo(id=new_id(), transaction_id=transaction_id, reason="Charged by mistake", from_register=True), shop.act())


def test_reversing_dues_shortens_the_membership_again(shop: Shop) -> None:
    union = party(shop, "member", "Union", "PKR")
    first, second = dt.date(2027, 6, 30), dt.date(2027, 12, 31)

    def charge(until: dt.date | None) -> uuid.UUID:
        dues = ChargeDues(id=new_id(), member_id=union, currency="PKR", amount=600_00, expires_on=until, memo="")
        return charge_dues(dues, shop.act()).id

    spring, autumn, other = charge(first), charge(second), charge(None)
    take_back(shop, other)  # moved no day
    assert member_until(shop, union) == second
    take_back(shop, autumn)
    assert member_until(shop, union) == first
    again = charge(second)
    take_back(shop, spring)  # the later dues still say when it ends
    assert member_until(shop, union) == second
    take_back(shop, again)

    assert member_until(shop, union) is None  # no dues are left that say anything
    assert cached_balance(shop, member(union, "PKR")) == 0
    assert_the_books_agree(shop)
