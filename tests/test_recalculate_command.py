"""`recalculate-balances`: what it prints, and the exit code that a timer or a script goes by."""

import datetime as dt
import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from click.testing import Result
from flask import Flask

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import Entry, customer, equity
from ledger_web.services import daily_totals
from ledger_web.services.posting import account_id
from ledger_web.services.recalculation import CACHED_BALANCES, StartRecalculation
from ledger_web.services.unit_of_work import UnitOfWork
from tests.books import cached_balance, count
from tests.databases import Database
from tests.shops import Shop, add_customer, add_product, sell

Command = Callable[..., Result]


@pytest.fixture
def command(app: Flask) -> Command:
    def run(*arguments: str, name: str = "recalculate-balances") -> Result:
        return app.test_cli_runner().invoke(args=[name, *arguments])

    return run


@pytest.fixture
def superuser(database: Database) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with database.connect() as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def owe(shop: Shop, customer_id: uuid.UUID, amount: int) -> None:
    id = new_id()
    with shop.act() as uow:
        uow.is_replay(StartRecalculation(id=id), id=id, kind="opening_balance")
        uow.post([Entry(customer(customer_id, shop.currency), equity(shop.currency, "opening"), amount)])


def told(result: Result) -> Any:
    return json.loads(result.output)


def test_clean_shops_end_with_0(shop: Shop, rival: Shop, command: Command) -> None:
    milk = add_product(shop)
    sell(shop, (milk, 1, 115_00), tendered=115_00)

    result = command("--all")

    assert result.exit_code == 0
    assert re.fullmatch(
        r"corner: [1-9]\d* checked, 0 wrong, 0 repaired\.\nrival: \d+ checked, 0 wrong, 0 repaired\.\n", result.output
    )


def test_drift_ends_with_1_and_is_told_with_its_figures(
    shop: Shop, command: Command, superuser: psycopg.Connection
) -> None:
    owe(shop, add_customer(shop, "Alice"), 120_00)
    superuser.execute("UPDATE accounts SET debits = debits + 3000 WHERE kind = 'customer'")

    result = command("--model=customers")

    assert result.exit_code == 1
    assert result.output == (
        "corner: 1 checked, 1 wrong, 0 repaired.\n"
        "  customers Alice: balance 150.00 PKR, entries say 120.00 PKR, difference -30.00 PKR;"
        " debits 150.00 PKR, entries say 120.00 PKR, difference -30.00 PKR. not repaired.\n"
    )


def test_json_says_the_same_in_minor_units(shop: Shop, command: Command, superuser: psycopg.Connection) -> None:
    alice = add_customer(shop, "Alice")
    owe(shop, alice, 120_00)
    superuser.execute("UPDATE accounts SET debits = 15000 WHERE kind = 'customer'")

    result = command("--model", "customers", "--fix", "--format", "json")

    assert result.exit_code == 1  # it was wrong, although it is not any more
    (told_of,) = told(result)["shops"]
    assert (told_of["shop"], told_of["checked"], told_of["wrong"], told_of["repaired"]) == ("corner", 1, 1, 1)
    assert told_of["discrepancies"] == [
        {
            "model": "customers",
            "holder_id": str(account_id(shop.tenant_id, customer(alice, "PKR"))),
            "holder": "Alice",
            "currency": "PKR",
            "figures": [
                {"figure": "balance", "cached": 15000, "computed": 12000, "difference": -3000},
                {"figure": "debits", "cached": 15000, "computed": 12000, "difference": -3000},
            ],
            "first_transaction_id": None,
            "repaired": True,
            "refusal": "",
        }
    ]
    assert command("--all").exit_code == 0
    assert cached_balance(shop, customer(alice, "PKR")) == 120_00


def test_a_broken_quantity_is_told_without_rounding(
    shop: Shop, command: Command, superuser: psycopg.Connection
) -> None:
    add_product(shop, quantity=2)
    superuser.execute("UPDATE stock_levels SET quantity = 2.250001")

    (row,) = told(command("--model=stock", "--format=json"))["shops"][0]["discrepancies"]

    assert row["figures"] == [{"figure": "quantity", "cached": "2.250001", "computed": 2, "difference": "-0.250001"}]


def test_only_the_shop_that_was_named_is_looked_at(
    shop: Shop, rival: Shop, command: Command, superuser: psycopg.Connection
) -> None:
    owe(rival, add_customer(rival), 120_00)
    superuser.execute("UPDATE accounts SET debits = 1 WHERE kind = 'customer'")

    assert command("--all", "--tenant=corner").exit_code == 0
    assert command("--all", "--tenant=rival").exit_code == 1
    assert command("--all").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "--model"),
        (("--all", "--model=stock"), "--model"),
        (("--model=clients",), "'customers', 'vendors', 'employees', 'members', 'cash_drawer_money'"),
        (("--all", "--tenant=nowhere"), "There is no shop at nowhere."),
        (("--all", "--batch=0"), "--batch"),
        (("--all", "--format=xml"), "--format"),
    ],
)
def test_a_wrong_call_ends_with_2_and_says_what_there_is(
    shop: Shop, command: Command, arguments: tuple[str, ...], sentence: str
) -> None:
    result = command(*arguments)

    assert result.exit_code == 2
    assert sentence in result.output


def test_too_much_wrong_ends_with_3_and_repairs_nothing_until_forced(
    shop: Shop, command: Command, superuser: psycopg.Connection
) -> None:
    customers = [add_customer(shop, f"Customer {number}") for number in range(100)]
    for customer_id in customers:
        owe(shop, customer_id, 1_00)
    superuser.execute("UPDATE accounts SET debits = 7 WHERE kind = 'customer'")

    stopped = command("--model=customers", "--fix")

    assert stopped.exit_code == 3
    assert "--force" in stopped.output
    assert cached_balance(shop, customer(customers[0], "PKR")) == 7

    assert command("--model=customers", "--fix", "--force", "--batch=9").exit_code == 1
    assert command("--model=customers").exit_code == 0


def test_books_that_cannot_be_read_end_with_3(
    shop: Shop, rival: Shop, command: Command, superuser: psycopg.Connection
) -> None:
    superuser.execute("REVOKE SELECT ON stock_moves FROM ledger_app")
    try:
        add_product(shop, policy="none", quantity=0)
        result = command("--model=stock", "--format=json")
    finally:
        superuser.execute("GRANT SELECT ON stock_moves TO ledger_app")

    assert result.exit_code == 3
    assert all("error" in shop for shop in told(result)["shops"])


def test_it_answers_to_its_other_name(shop: Shop, command: Command) -> None:
    assert command("--all", name="recalculate_balances").exit_code == 0
    assert set(CACHED_BALANCES) >= {"customers", "vendors", "employees", "members", "cash_drawer_money", "stock"}


def test_flagged_drains_what_is_left(shop: Shop, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    id, day = new_id(), dt.datetime.now(dt.UTC).date() - dt.timedelta(days=40)
    with monkeypatch.context() as patched:
        patched.setattr(daily_totals, "catch_up", lambda *_, **__: None)
        with shop.act() as uow:
            uow.is_replay(StartRecalculation(id=id), id=id, kind="opening_balance", occurred_on=day)
            uow.post([Entry(equity("PKR", "owner"), equity("PKR", "opening"), 5)])
    assert count(shop, "daily_total_marks") == 2

    result, again = command("--flagged", "--format=json"), command("--flagged")

    assert result.exit_code == again.exit_code == 0
    (corner,) = told(result)["shops"]
    assert (corner["shop"], corner["account_days"], corner["marks"], corner["failed"]) == ("corner", 2, 2, 0)
    assert again.output == "corner: daily totals are up to date, 0 were added up again.\n"
    assert count(shop, "daily_totals") == 2
    assert command("--flagged", "--all").exit_code == 2


def test_flagged_ends_with_1_where_a_day_cannot_be_added_up(
    shop: Shop, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, day = new_id(), dt.datetime.now(dt.UTC).date() - dt.timedelta(days=40)

    def poisoned(act: UnitOfWork, *_: object) -> None:
        act.execute("SELECT 1 / (%(tenant_id)s - %(tenant_id)s)")

    monkeypatch.setattr(daily_totals, "add_up", poisoned)
    with shop.act() as uow:
        uow.is_replay(StartRecalculation(id=id), id=id, kind="opening_balance", occurred_on=day)
        uow.post([Entry(equity("PKR", "owner"), equity("PKR", "opening"), 5)])

    result = command("--flagged")

    assert result.exit_code == 1
    assert "2 could not be: the page Admin says which." in result.output
