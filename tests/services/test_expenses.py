"""Expenses and other income: which accounts they touch, what refuses them, and the shop's own categories."""

import datetime as dt
import uuid
from typing import Any

import pytest
from flask import Flask

from ledger_web.domain.accounts import INCOMES
from ledger_web.domain.errors import InsufficientFundsError, NotFoundError, ResubmissionError, RuleViolationError
from ledger_web.domain.expenses import EXPENSES
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import bank, cash
from ledger_web.queries.accounts import list_categories
from ledger_web.services import expenses as services
from ledger_web.services.expenses import (
    AddCategory,
    RecordExpense,
    RecordIncome,
    add_category,
    record_expense,
    record_income,
)
from ledger_web.services.unit_of_work import Recorded
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, balances, count
from tests.shops import Shop


def earn(shop: Shop, amount: int = 500_00, category: str = "commission", **changed: Any) -> Recorded:
    place = changed.pop("place", cash(shop.drawer_id, shop.currency))
    values: dict[str, Any] = {
        "id": new_id(),
        "category": category,
        "paid_into": place,
        "amount": amount,
        "memo": "",
    } | changed
    return record_income(RecordIncome(**values), shop.act())


def spend(shop: Shop, amount: int = 200_00, category: str = "rent", **changed: Any) -> Recorded:
    place = changed.pop("place", cash(shop.drawer_id, shop.currency))
    values: dict[str, Any] = {
        "id": new_id(),
        "category": category,
        "paid_from": place,
        "amount": amount,
        "memo": "",
    } | changed
    return record_expense(RecordExpense(**values), shop.act())


def test_an_expense_moves_money_from_the_drawer_to_its_category(shop: Shop) -> None:
    earn(shop)

    spend(shop)

    assert balances(shop) == {
        ("cash", "Till 1"): 300_00,
        ("revenue", "commission"): 500_00,
        ("expense", "rent"): 200_00,
    }
    assert_the_books_agree(shop)


def test_a_drawer_pays_no_more_than_it_holds(shop: Shop) -> None:
    earn(shop, 100_00)

    with pytest.raises(InsufficientFundsError):
        spend(shop, 100_01)

    assert balances(shop) == {("cash", "Till 1"): 100_00, ("revenue", "commission"): 100_00}
    assert_the_books_agree(shop)


def test_the_same_form_twice_is_one_expense_and_another_one_with_its_number_none(shop: Shop) -> None:
    earn(shop)
    id = new_id()

    first, second = spend(shop, id=id), spend(shop, id=id)

    assert (first.replayed, second.replayed) == (False, True)
    with pytest.raises(ResubmissionError):
        spend(shop, 1_00, id=id)
    assert balances(shop)["expense", "rent"] == 200_00


def test_the_same_form_from_two_windows_at_once_is_one_expense(app: Flask, shop: Shop) -> None:
    earn(shop)
    id = new_id()

    results = in_threads(app, *[lambda: spend(shop, id=id)] * 4)

    assert sorted(result.replayed for result in results if isinstance(result, Recorded)) == [False, True, True, True]
    assert balances(shop)["expense", "rent"] == 200_00
    assert_the_books_agree(shop)


@pytest.mark.parametrize("category", ["", "commission", "Rent", "opening", "c_" + "0" * 32])
def test_a_category_the_shop_does_not_know_opens_no_account(shop: Shop, category: str) -> None:
    earn(shop)
    before = count(shop, "accounts")

    with pytest.raises(NotFoundError):
        spend(shop, category=category)

    assert count(shop, "accounts") == before


def test_a_rivals_drawer_bank_account_and_category_are_not_there(shop: Shop, rival: Shop) -> None:
    theirs = add_category(AddCategory(id=new_id(), kind="expense", name="Flowers"), rival.act()).id
    earn(shop)

    for refused in (
        {"place": cash(rival.drawer_id, "PKR")},
        {"place": cash(new_id(), "PKR")},
        {"place": bank("PKR", "main")},
        {"category": f"c_{theirs.hex}"},
    ):
        with pytest.raises(NotFoundError):
            spend(shop, **refused)


def test_a_drawer_out_of_use_is_refused(shop: Shop) -> None:
    with shop.act() as uow:
        uow.execute("UPDATE cash_drawers SET active = false WHERE tenant_id = %(tenant_id)s")

    with pytest.raises(RuleViolationError, match="Till 1 is no longer in use"):
        earn(shop)


def test_an_expense_of_an_earlier_day_counts_on_that_day(shop: Shop) -> None:
    earn(shop)
    day = dt.date(2026, 1, 31)

    id = spend(shop, occurred_on=day).id

    with shop.act() as uow:
        days = uow.execute(
            """
            SELECT t.occurred_on, e.occurred_on FROM transactions AS t
              JOIN entries AS e ON e.tenant_id = %(tenant_id)s AND e.transaction_id = t.id
             WHERE t.tenant_id = %(tenant_id)s AND t.id = %(id)s
            """,
            {"id": id},
        ).one()
    assert days == (day, day)


def test_a_shop_names_categories_of_its_own_and_uses_them(shop: Shop) -> None:
    id = add_category(AddCategory(id=new_id(), kind="expense", name="  گل   Flowers "), shop.act()).id
    earn(shop)

    spend(shop, category=f"c_{id.hex}")

    assert [each.name for each in list_categories(shop.tenant_id, "expense")] == [*EXPENSES.values(), "گل Flowers"]
    assert [each.name for each in list_categories(shop.tenant_id, "income")] == list(INCOMES.values())
    assert balances(shop)["expense", f"c_{id.hex}"] == 200_00


def test_a_category_of_the_other_kind_is_none_of_this(shop: Shop) -> None:
    id = add_category(AddCategory(id=new_id(), kind="income", name="Flowers"), shop.act()).id
    earn(shop, category=f"c_{id.hex}")

    with pytest.raises(NotFoundError):
        spend(shop, category=f"c_{id.hex}")


def test_a_name_is_taken_once_a_kind(app: Flask, shop: Shop) -> None:
    add_category(AddCategory(id=new_id(), kind="expense", name="Flowers"), shop.act())
    add_category(AddCategory(id=new_id(), kind="income", name="Flowers"), shop.act())

    for name in ("Flowers", " Flowers ", "rent", "RENT"):
        with pytest.raises(RuleViolationError, match="already"):
            add_category(AddCategory(id=new_id(), kind="expense", name=name), shop.act())
    results = in_threads(
        app, *[lambda: add_category(AddCategory(id=new_id(), kind="expense", name="Ice"), shop.act())] * 3
    )

    assert sorted(type(result).__name__ for result in results) == [
        "Recorded",
        "RuleViolationError",
        "RuleViolationError",
    ]
    assert count(shop, "categories") == 3


def test_adding_a_category_twice_adds_it_once(shop: Shop) -> None:
    command = AddCategory(id=uuid.UUID(int=7), kind="expense", name="Flowers")

    assert not add_category(command, shop.act()).replayed
    assert add_category(command, shop.act()).replayed
    assert count(shop, "categories") == 1


def test_there_is_an_end_to_categories(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "CATEGORIES_MAX", 1)
    add_category(AddCategory(id=new_id(), kind="expense", name="Flowers"), shop.act())

    with pytest.raises(RuleViolationError, match="1 categories already"):
        add_category(AddCategory(id=new_id(), kind="expense", name="Ice"), shop.act())
