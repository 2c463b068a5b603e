"""Cash drawers: adding one, money in and out."""

import threading
import uuid

import pytest
from flask import Flask

from ledger_web.domain.errors import (
    InsufficientFundsError,
    NotFoundError,
    ResubmissionError,
    RuleViolationError,
    StaleEditError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash
from ledger_web.queries.drawers import get_drawer, list_drawers
from ledger_web.services.drawers import (
    CreateDrawer,
    PayIn,
    PayOut,
    RenameDrawer,
    RestoreDrawer,
    RetireDrawer,
    create_drawer,
    pay_in,
    pay_out,
    rename_drawer,
    restore_drawer,
    retire_drawer,
)
from ledger_web.services.expenses import AddCategory, add_category
from ledger_web.services.shifts import CloseShift, Count, OpenShift, close_shift, open_shift
from ledger_web.services.unit_of_work import UnitOfWork
from tests.at_once import in_threads, wait_until_somebody_waits
from tests.books import assert_the_books_agree, balances, cached_balance, count
from tests.shops import Shop


def put(
    shop: Shop, amount: int, currency: str = "PKR", *, id: uuid.UUID | None = None, drawer: uuid.UUID | None = None
) -> None:
    pay_in(
        PayIn(id=id or new_id(), drawer_id=drawer or shop.drawer_id, currency=currency, amount=amount, reason="Float"),
        shop.act(),
    )


def take(shop: Shop, amount: int, category: str = "rent", drawer: uuid.UUID | None = None) -> uuid.UUID:
    command = PayOut(
        id=new_id(),
        drawer_id=drawer or shop.drawer_id,
        currency="PKR",
        amount=amount,
        category=category,
        reason="October",
    )
    return pay_out(command, shop.act()).id


def test_a_drawer_is_added_once_and_listed_by_name(shop: Shop) -> None:
    command = CreateDrawer(id=new_id(), name="Bar", series="B")

    assert not create_drawer(command, shop.act()).replayed
    assert create_drawer(command, shop.act()).replayed

    assert [drawer.name for drawer in list_drawers(shop.tenant_id)] == ["Bar", "Till 1"]


@pytest.mark.parametrize(
    ("name", "series", "sentence"), [("Till 1", "B", "called Till 1"), ("Bar", "A", "numbers its sales with A")]
)
def test_names_and_letters_of_drawers_differ(shop: Shop, name: str, series: str, sentence: str) -> None:
    with pytest.raises(RuleViolationError, match=sentence):
        create_drawer(CreateDrawer(id=new_id(), name=name, series=series), shop.act())

    assert count(shop, "cash_drawers") == 1


def test_a_name_taken_in_another_shop_is_free_in_this_one(shop: Shop, rival: Shop) -> None:
    create_drawer(CreateDrawer(id=new_id(), name="Bar", series="B"), rival.act())

    create_drawer(CreateDrawer(id=new_id(), name="Bar", series="B"), shop.act())

    assert count(shop, "cash_drawers") == 2


def test_money_paid_in_is_the_owners(shop: Shop) -> None:
    put(shop, 100_00)
    put(shop, 5_00, "USD")

    drawer = get_drawer(shop.tenant_id, shop.drawer_id)
    assert [(money.currency, money.amount) for money in drawer.money] == [("PKR", 100_00), ("USD", 5_00)]
    assert balances(shop)["equity", "owner"] in (100_00, 5_00)  # one account in each currency
    assert_the_books_agree(shop)


def test_money_paid_out_is_an_expense_or_the_owners_drawing(shop: Shop) -> None:
    put(shop, 100_00)

    take(shop, 30_00, "rent")
    take(shop, 20_00, "owner")

    assert balances(shop) == {("cash", "Till 1"): 50_00, ("expense", "rent"): 30_00, ("equity", "owner"): 80_00}
    assert_the_books_agree(shop)


def test_what_is_not_in_the_drawer_cannot_be_taken_out(shop: Shop) -> None:
    put(shop, 100_00)

    with pytest.raises(InsufficientFundsError):
        take(shop, 100_01)

    assert balances(shop)["cash", "Till 1"] == 100_00


def test_a_category_that_is_none_is_refused(shop: Shop) -> None:
    put(shop, 100_00)

    with pytest.raises(NotFoundError, match="Choose one that is in the list"):
        take(shop, 1_00, "holidays")

    assert count(shop, "entries") == 1


def test_a_drawer_of_another_shop_is_not_there(shop: Shop, rival: Shop) -> None:
    with pytest.raises(NotFoundError):
        put(shop, 1_00, drawer=rival.drawer_id)
    with pytest.raises(NotFoundError):
        take(shop, 1_00, drawer=rival.drawer_id)
    with pytest.raises(NotFoundError):
        get_drawer(shop.tenant_id, rival.drawer_id)

    assert count(rival, "entries") == 0


def test_the_same_form_twice_moves_money_once(shop: Shop) -> None:
    id = new_id()
    put(shop, 100_00, id=id)
    put(shop, 100_00, id=id)

    with pytest.raises(ResubmissionError):
        put(shop, 100_01, id=id)
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 100_00


def test_eight_hands_in_one_drawer_take_what_is_there(shop: Shop, app: Flask) -> None:
    put(shop, 50_00)

    results = in_threads(app, *[lambda: take(shop, 20_00)] * 8)

    assert sum(isinstance(result, uuid.UUID) for result in results) == 2
    assert sum(isinstance(result, InsufficientFundsError) for result in results) == 6
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 10_00
    assert_the_books_agree(shop)


def test_money_that_comes_in_while_somebody_waits_for_the_drawer_counts(
    shop: Shop, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The drawer is empty when the pay-out begins to wait for it, and holds 50.00 when its turn comes."""
    put(shop, 1)
    first, holding, post = new_id(), threading.Event(), UnitOfWork.post

    def post_and_hold(uow: UnitOfWork, entries: object) -> object:
        moved = post(uow, entries)  # type: ignore[arg-type]
        if uow.transaction_id == first:
            holding.set()
            wait_until_somebody_waits(uow)
        return moved

    def take_meanwhile() -> uuid.UUID:
        assert holding.wait(10)
        return take(shop, 40_00)

    monkeypatch.setattr(UnitOfWork, "post", post_and_hold)
    _, taken = in_threads(app, lambda: put(shop, 50_00, id=first), take_meanwhile)

    assert isinstance(taken, uuid.UUID)
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 10_01
    assert_the_books_agree(shop)


def test_a_drawer_gets_another_name_once_and_never_over_what_somebody_else_saved(shop: Shop, rival: Shop) -> None:
    command = RenameDrawer(op_id=new_id(), drawer_id=shop.drawer_id, version=1, name="Counter")

    assert [rename_drawer(command, shop.act()).replayed for _ in range(2)] == [False, True]

    assert get_drawer(shop.tenant_id, shop.drawer_id).name == "Counter"
    with pytest.raises(StaleEditError):
        rename_drawer(RenameDrawer(op_id=new_id(), drawer_id=shop.drawer_id, version=1, name="Bar"), shop.act())
    with pytest.raises(NotFoundError):
        rename_drawer(RenameDrawer(op_id=new_id(), drawer_id=shop.drawer_id, version=1, name="Bar"), rival.act())
    create_drawer(CreateDrawer(id=new_id(), name="Bar", series="B"), shop.act())
    with pytest.raises(RuleViolationError, match="called Bar"):
        rename_drawer(RenameDrawer(op_id=new_id(), drawer_id=shop.drawer_id, version=2, name="Bar"), shop.act())


def test_only_an_empty_closed_drawer_is_retired_and_it_takes_nothing_then(shop: Shop) -> None:
    bar = create_drawer(CreateDrawer(id=new_id(), name="Bar", series="B"), shop.act()).id
    shift = open_shift(OpenShift(id=new_id(), drawer_id=bar, counts=()), shop.act()).id
    put(shop, 5_00, "USD", drawer=bar)
    put(shop, 30_00, drawer=bar)
    with pytest.raises(RuleViolationError, match="Bar is open"):
        retire_drawer(RetireDrawer(op_id=new_id(), drawer_id=bar), shop.act())
    counts = tuple(Count(currency=currency, counted=counted) for currency, counted in (("USD", 5_00), ("PKR", 30_00)))
    close_shift(CloseShift(id=new_id(), shift_id=shift, counts=counts, may_approve=True), shop.act())
    with pytest.raises(RuleViolationError, match=r"still holds .*5.00 USD"):
        retire_drawer(RetireDrawer(op_id=new_id(), drawer_id=bar), shop.act())
    take(shop, 30_00, drawer=bar)
    pay_out(
        PayOut(id=new_id(), drawer_id=bar, currency="USD", amount=5_00, category="owner", reason="Home"), shop.act()
    )

    retire_drawer(RetireDrawer(op_id=new_id(), drawer_id=bar), shop.act())

    assert not get_drawer(shop.tenant_id, bar).is_active
    for currency in ("PKR", "EUR"):
        with pytest.raises(RuleViolationError, match="Bar is no longer in use"):
            put(shop, 1_00, currency, drawer=bar)
    restore_drawer(RestoreDrawer(op_id=new_id(), drawer_id=bar), shop.act())
    put(shop, 1_00, drawer=bar)
    assert cached_balance(shop, cash(bar, "PKR")) == 1_00
    assert_the_books_agree(shop)


def test_money_is_paid_out_for_the_shops_own_categories_and_never_for_anothers(shop: Shop, rival: Shop) -> None:
    put(shop, 100_00)
    own = add_category(AddCategory(id=new_id(), kind="expense", name="Ice"), shop.act()).id
    theirs = add_category(AddCategory(id=new_id(), kind="expense", name="Ice"), rival.act()).id

    take(shop, 40_00, f"c_{own.hex}")

    assert balances(shop)["expense", f"c_{own.hex}"] == 40_00
    for category in (f"c_{theirs.hex}", "nothing"):
        with pytest.raises(NotFoundError):
            take(shop, 1_00, category)
