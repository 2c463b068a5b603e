"""Shifts: opened and closed with a count, and what a sale may do in between."""

import threading
import uuid

import pytest
from flask import Flask

from ledger_web.domain.errors import (
    DrawerNotOpenError,
    NotFoundError,
    RuleViolationError,
    SaleIsClosedError,
    ShiftAlreadyOpenError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash
from ledger_web.queries.shifts import find_open_shift, get_z_report
from ledger_web.services import posting
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.drawers import PayIn, pay_in
from ledger_web.services.shifts import (
    CloseShift,
    Count,
    OpenShift,
    SetCountingRules,
    close_shift,
    open_shift,
    set_counting_rules,
    shift_so_far,
)
from ledger_web.services.unit_of_work import UnitOfWork
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, balances, cached_balance, count
from tests.databases import Database
from tests.shops import Shop, add_customer, add_product, sell


def the_open_shift(shop: Shop) -> uuid.UUID:
    shift = find_open_shift(shop.tenant_id, shop.drawer_id)
    assert shift
    return shift.id


def close(shop: Shop, *counts: tuple[str, int], may_approve: bool = True, id: uuid.UUID | None = None) -> uuid.UUID:
    shift_id = the_open_shift(shop)
    counted = tuple(Count(currency=currency, counted=amount) for currency, amount in counts)
    close_shift(CloseShift(id=id or new_id(), shift_id=shift_id, counts=counted, may_approve=may_approve), shop.act())
    return shift_id


def reopen(shop: Shop, *counts: tuple[str, int], owner_brought: bool = True) -> uuid.UUID:
    counted = tuple(Count(currency=currency, counted=amount) for currency, amount in counts)
    command = OpenShift(id=new_id(), drawer_id=shop.drawer_id, counts=counted, owner_brought=owner_brought)
    return open_shift(command, shop.act()).id


def test_a_day_from_the_float_to_a_shortage_is_told_by_the_z_report(shop: Shop) -> None:
    milk, alice = add_product(shop, price=115_00, tax=15), add_customer(shop)
    close(shop)
    reopen(shop, ("PKR", 500_00), ("USD", 20_00))
    sale_id = sell(shop, (milk, 2, 115_00))
    sell(shop, (milk, 1, 115_00), customer_id=alice, rest_on_account=True)
    undo(Undo(id=new_id(), transaction_id=sale_id, reason="Rung up twice"), shop.act())
    sell(shop, (milk, 3, 115_00))

    shift_id = close(shop, ("PKR", 840_00), ("USD", 20_00))

    z = get_z_report(shop.tenant_id, shift_id)
    rupees, dollars = z.contents["money"]
    assert (rupees["opening"], rupees["expected"], rupees["counted"]) == (500_00, 845_00, 840_00)
    assert (dollars["opening"], dollars["expected"], dollars["counted"]) == (20_00, 20_00, 20_00)
    assert z.contents["sales"] == {
        "currency": "PKR",
        "sales": 3,
        "total": 690_00,
        "tax": 90_00,
        "on_account": 115_00,
        "deletions": 1,
        "deleted": 230_00,
        "returns": 0,
        "returned": 0,
    }
    moves = {(move["kind"], move["reversed"]): (move["received"], move["paid"]) for move in rupees["movements"]}
    assert moves == {
        ("sale", False): (575_00, 0),
        ("sale", True): (0, 230_00),
    }
    for money in z.contents["money"]:
        moved = sum(move["received"] - move["paid"] for move in money["movements"])
        assert money["opening"] + moved == money["expected"]
    assert balances(shop)["over_short", ""] == -5_00
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 840_00
    assert z.number == "Z-A-000002"
    assert z.is_intact
    assert_the_books_agree(shop)


def test_c6_a_drawer_is_opened_once(shop: Shop, app: Flask) -> None:
    with pytest.raises(ShiftAlreadyOpenError):
        reopen(shop)
    close(shop)

    results = in_threads(app, *[lambda: reopen(shop)] * 6)

    assert sum(isinstance(result, uuid.UUID) for result in results) == 1
    assert sum(isinstance(result, ShiftAlreadyOpenError) for result in results) == 5


def test_cash_is_sold_only_while_the_drawer_is_open_a_debt_always(shop: Shop) -> None:
    milk, alice = add_product(shop), add_customer(shop)
    sale_id = sell(shop, (milk, 1, 115_00))
    close(shop, ("PKR", 115_00))

    with pytest.raises(DrawerNotOpenError, match="Till 1 is not open"):
        sell(shop, (milk, 1, 115_00))
    with pytest.raises(SaleIsClosedError):
        undo(Undo(id=new_id(), transaction_id=sale_id, reason="Rung up twice"), shop.act())

    sell(shop, (milk, 1, 115_00), customer_id=alice, rest_on_account=True)
    assert count(shop, "sales") == 2
    assert_the_books_agree(shop)


def test_what_is_in_the_drawer_has_to_be_counted(shop: Shop) -> None:
    sell(shop, (add_product(shop), 1, 115_00))

    with pytest.raises(RuleViolationError, match="Count PKR too"):
        close(shop)


def test_a_difference_above_the_limit_needs_somebody_who_may_approve_it(shop: Shop) -> None:
    sell(shop, (add_product(shop), 1, 115_00))
    set_counting_rules(SetCountingRules(op_id=new_id(), over_short_limit=5_00, blind_count=True), shop.act())

    with pytest.raises(RuleViolationError, match=r"differs by 15\.00 PKR"):
        close(shop, ("PKR", 100_00), may_approve=False)
    with pytest.raises(RuleViolationError, match=r"differs by 0\.01 USD"):
        close(shop, ("PKR", 115_00), ("USD", 1), may_approve=False)

    close(shop, ("PKR", 110_00), may_approve=False)
    assert_the_books_agree(shop)


def test_a_shift_is_closed_once_and_the_same_closing_twice_is_one(shop: Shop) -> None:
    shift_id, id = the_open_shift(shop), new_id()
    command = CloseShift(id=id, shift_id=shift_id, counts=(), may_approve=True)
    close_shift(command, shop.act())

    assert close_shift(command, shop.act()).replayed
    with pytest.raises(RuleViolationError, match="closed already"):
        close_shift(CloseShift(id=new_id(), shift_id=shift_id, counts=(), may_approve=True), shop.act())

    assert count(shop, "z_reports") == 1


def test_reports_are_chained_and_a_changed_one_is_seen(shop: Shop, database: Database) -> None:
    first = close(shop)
    reopen(shop)
    second = close(shop)
    assert get_z_report(shop.tenant_id, first).is_intact
    assert get_z_report(shop.tenant_id, second).is_intact

    with database.connect() as superuser:
        superuser.execute('UPDATE z_reports SET contents = contents || \'{"note": "x"}\' WHERE shift_id = %s', [first])

    assert not get_z_report(shop.tenant_id, first).is_intact
    assert get_z_report(shop.tenant_id, second).is_intact


def test_the_application_cannot_change_a_report_or_a_count(shop: Shop, database: Database) -> None:
    close(shop)

    with database.connect("ledger_app", autocommit=False) as connection:
        for statement in ("UPDATE z_reports SET number = 'x'", "DELETE FROM z_reports", "DELETE FROM shift_counts"):
            connection.execute(f"SET LOCAL app.tenant_id = '{shop.tenant_id}'")
            with pytest.raises(Exception, match="permission denied"):
                connection.execute(statement)
            connection.rollback()


def test_a_rivals_drawer_and_shift_are_not_there(shop: Shop, rival: Shop) -> None:
    with pytest.raises(NotFoundError):
        open_shift(OpenShift(id=new_id(), drawer_id=rival.drawer_id, counts=()), shop.act())
    with pytest.raises(NotFoundError):
        shift_so_far(the_open_shift(rival), shop.act())
    command = CloseShift(id=new_id(), shift_id=the_open_shift(rival), counts=(), may_approve=True)
    with pytest.raises(NotFoundError):
        close_shift(command, shop.act())


def test_a_sale_that_waits_for_the_closing_finds_the_drawer_closed(
    shop: Shop, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dangerous moment is held open: the closing has counted and not committed when the sale wants the drawer."""
    milk = add_product(shop)
    sell(shop, (milk, 1, 115_00))
    counted, sale_is_waiting = threading.Event(), threading.Event()
    move = posting.move_balances

    def told(act: posting.Act, *args: object, **kwargs: object) -> None:
        if kwargs.get("in_open_shift"):
            counted.wait(5)
            sale_is_waiting.set()
        move(act, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(posting, "move_balances", told)

    def close_slowly() -> None:
        with app.app_context():
            uow = UnitOfWork(shop.tenant_id, shop.owner_id)
            commit = uow.__class__.__exit__

            def exit_late(self: UnitOfWork, *error: object) -> None:
                counted.set()
                sale_is_waiting.wait(5)
                threading.Event().wait(0.3)
                commit(self, *error)  # type: ignore[arg-type]

            late = type("Late", (UnitOfWork,), {"__exit__": exit_late})
            counts = (Count(currency="PKR", counted=115_00),)
            command = CloseShift(id=new_id(), shift_id=the_open_shift(shop), counts=counts, may_approve=True)
            close_shift(command, late(shop.tenant_id, shop.owner_id))

    closing = threading.Thread(target=close_slowly)
    closing.start()
    counted.wait(5)

    with pytest.raises(DrawerNotOpenError):
        sell(shop, (milk, 1, 115_00))

    closing.join()
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 115_00
    assert_the_books_agree(shop)


def test_a_new_currency_in_an_open_drawer_belongs_to_its_shift(shop: Shop) -> None:
    command = PayIn(id=new_id(), drawer_id=shop.drawer_id, currency="EUR", amount=50_00, reason="Float")
    pay_in(command, shop.act())

    report = shift_so_far(the_open_shift(shop), shop.act())

    assert [(money["currency"], money["expected"]) for money in report["money"]] == [("EUR", 50_00)]
    assert report["money"][0]["movements"][0]["received"] == 50_00


def test_sales_and_a_closing_at_once_end_with_a_report_that_counts_each_once(shop: Shop, app: Flask) -> None:
    milk = add_product(shop, quantity=1000)
    sell(shop, (milk, 1, 115_00))
    shift_id = the_open_shift(shop)

    def close_whatever_is_there() -> uuid.UUID:
        counts = (Count(currency="PKR", counted=100_00),)
        close_shift(CloseShift(id=new_id(), shift_id=shift_id, counts=counts, may_approve=True), shop.act())
        return shift_id

    results = in_threads(app, *[lambda: sell(shop, (milk, 1, 115_00))] * 7, close_whatever_is_there)

    sold = sum(isinstance(result, uuid.UUID) for result in results)  # sales, and the closing
    assert all(isinstance(result, uuid.UUID | DrawerNotOpenError) for result in results)
    z = get_z_report(shop.tenant_id, shift_id)
    assert z.contents["money"][0]["expected"] == sold * 115_00
    assert z.contents["sales"]["sales"] == sold
    assert_the_books_agree(shop)
