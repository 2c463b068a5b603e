"""A manager's PIN allows one act, and both names stay."""

import uuid
from decimal import Decimal

import pytest

from ledger_web.domain.errors import ApprovalRefusedError, TooManyAttemptsError, WeakPasswordError, WrongPasswordError
from ledger_web.domain.ids import new_id
from ledger_web.services.approvals import Approve, approve
from ledger_web.services.users import SetPin, set_pin
from tests.databases import Database
from tests.services.test_audit import stored
from tests.shops import PASSWORD, Shop, person

PIN = "271829"


def manager_with_pin(shop: Shop) -> uuid.UUID:
    manager = person(shop, "manager")
    set_pin(SetPin(user_id=manager, password=PASSWORD, pin=PIN), shop.act(manager))
    return manager


def ask(
    shop: Shop, login: str = "manager", pin: str = PIN, needed: int | None = 20, right: str = "sale.delete"
) -> uuid.UUID:
    command = Approve(
        op_id=new_id(),
        permission=right,
        login=login,
        pin=pin,
        address="192.0.2.1",
        limit="sale.discount" if needed is not None else "",
        needed=None if needed is None else Decimal(needed),
    )
    return approve(command, shop.act(person(shop, "cashier")))


def test_a_manager_approves_with_a_pin_and_both_names_are_kept(corner: Shop, database: Database) -> None:
    manager, cashier = manager_with_pin(corner), person(corner, "cashier")

    assert ask(corner, " Manager ") == manager
    event = stored(database)[-1]
    assert (event["action"], event["actor_id"], event["approver_id"]) == ("approval.give", cashier, manager)
    assert event["after"] == {"right": "sale.delete", "limit": "sale.discount", "needed": "20"}


@pytest.mark.parametrize(("login", "pin"), [("manager", "271828"), ("nobody", PIN), ("owner", PIN), ("cashier", PIN)])
def test_another_pin_another_name_and_one_without_a_pin_are_refused_alike(
    corner: Shop, database: Database, login: str, pin: str
) -> None:
    manager_with_pin(corner)

    with pytest.raises(ApprovalRefusedError) as refusal:
        ask(corner, login, pin)

    assert refusal.value.message == ApprovalRefusedError().message
    assert stored(database)[-1]["action"] == "approval.refuse"
    assert pin not in str(stored(database))


def test_nobody_approves_for_themselves(corner: Shop) -> None:
    manager = manager_with_pin(corner)
    command = Approve(op_id=new_id(), permission="sale.delete", login="manager", pin=PIN, address="192.0.2.1")

    with pytest.raises(ApprovalRefusedError):
        approve(command, corner.act(manager))


def test_nobody_approves_what_they_may_not_do_either(corner: Shop) -> None:
    manager_with_pin(corner)

    with pytest.raises(ApprovalRefusedError, match="Manager Smith may not do this either"):
        ask(corner, right="user.manage")
    with pytest.raises(ApprovalRefusedError, match="more than Manager Smith may approve"):
        ask(corner, needed=51)


def test_somebody_who_may_come_no_more_approves_nothing(corner: Shop, database: Database) -> None:
    manager_with_pin(corner)
    with database.connect() as superuser:
        superuser.execute("UPDATE users SET active = false WHERE login = 'manager'")

    with pytest.raises(ApprovalRefusedError):
        ask(corner)


def test_after_five_wrong_pins_even_the_right_one_waits_but_the_password_does_not(corner: Shop) -> None:
    manager = manager_with_pin(corner)
    for _ in range(5):
        with pytest.raises(ApprovalRefusedError):
            ask(corner, pin="999111")

    with pytest.raises(TooManyAttemptsError):
        ask(corner)
    set_pin(SetPin(user_id=manager, password=PASSWORD, pin="314159"), corner.act(manager))


@pytest.mark.parametrize("pin", ["12345", "1" * 13, "111111", "123456", "654321", "135791", "121212", "123123", ""])
def test_a_pin_that_is_short_or_a_pattern_is_refused(corner: Shop, pin: str) -> None:
    with pytest.raises(WeakPasswordError):
        set_pin(SetPin(user_id=corner.owner_id, password=PASSWORD, pin=pin), corner.act())


def test_a_pin_takes_the_password(corner: Shop) -> None:
    with pytest.raises(WrongPasswordError):
        set_pin(SetPin(user_id=corner.owner_id, password="a guess", pin=PIN), corner.act())
