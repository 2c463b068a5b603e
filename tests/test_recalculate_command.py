"""`recalculate-balances`: what it prints, and the exit code that a timer or a script goes by."""

import csv
import datetime as dt
import io
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
from ledger_web.services.payments import RecordOpeningBalance, record_opening_balance
from ledger_web.services.posting import account_id
from ledger_web.services.recalculation import (
    CACHED_BALANCES,
    ContinueRecalculation,
    StartRecalculation,
    continue_recalculation,
    start_recalculation,
)
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


def owe(shop: Shop, customer_id: uuid.UUID, amount: int) -> uuid.UUID:
    """Let a customer start with a debt; return the transaction."""
    debt = RecordOpeningBalance(
        id=new_id(), party_id=customer_id, currency=shop.currency, amount=amount, is_owed_to_us=True
    )
    return record_opening_balance(debt, shop.act()).id


def told(result: Result) -> Any:
    return json.loads(result.output)


def test_r6_clean_shops_end_with_0(shop: Shop, rival: Shop, command: Command) -> None:
    milk = add_product(shop)
    sell(shop, (milk, 1, 115_00), tendered=115_00)

    result = command("--all")

    assert result.exit_code == 0
    assert re.fullmatch(
        r"corner: [1-9]\d* checked, 0 wrong, 0 repaired\.\nrival: \d+ checked, 0 wrong, 0 repaired\.\n", result.output
    )


def test_r6_drift_ends_with_1_and_is_told_with_its_figures(
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


def test_r6_json_says_the_same_in_minor_units(shop: Shop, command: Command, superuser: psycopg.Connection) -> None:
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
                {"figure": "balance", "currency": "PKR", "cached": 15000, "computed": 12000, "difference": -3000},
                {"figure": "debits", "currency": "PKR", "cached": 15000, "computed": 12000, "difference": -3000},
            ],
            "first_transaction_id": None,
            "first_transaction": "",
            "suspect_id": None,
            "suspect": "",
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

    assert row["figures"] == [
        {"figure": "quantity", "currency": "PKR", "cached": "2.250001", "computed": 2, "difference": "-0.250001"}
    ]


def test_explain_tells_the_entries_up_to_where_they_part_and_the_suspected_document(
    shop: Shop, command: Command, superuser: psycopg.Connection
) -> None:
    alice = add_customer(shop, "Alice")
    owe(shop, alice, 120_00)
    missed = owe(shop, alice, 30_00)
    owe(shop, alice, 5_00)
    superuser.execute("UPDATE accounts SET debits = 12000, version = 1 WHERE kind = 'customer'")

    text = command("--model=customers", "--explain").output
    (row,) = told(command("--model=customers", "--explain", "--format=json"))["shops"][0]["discrepancies"]

    assert f"Since Opening balance, transaction {missed}." in text
    assert re.search(r"^ +120\.00 PKR  20..-..-.. Opening balance, debit 120\.00 PKR, credit 0\.00 PKR", text, re.M)
    assert re.search(r"^ +155\.00 PKR  expected after all entries\n +120\.00 PKR  kept$", text, re.M)
    told_of = row["explanation"]
    assert [line["expected"] for line in told_of["entries"]] == [120_00, 150_00]  # up to where they part
    assert (told_of["opening"], told_of["expected"], told_of["cached"]) == (0, 155_00, 120_00)

    superuser.execute("UPDATE accounts SET debits = 15500, version = 3 WHERE kind = 'customer'")
    superuser.execute("DELETE FROM entries WHERE transaction_id = %s", (missed,))
    text = command("--model=customers", "--explain").output

    assert f"Suspected: Opening balance, transaction {missed}." in text


def test_one_holder_alone_is_looked_at_and_repaired(
    shop: Shop, command: Command, superuser: psycopg.Connection
) -> None:
    alice, bob = add_customer(shop, "Alice"), add_customer(shop, "Bob")
    owe(shop, alice, 120_00)
    owe(shop, bob, 10_00)
    superuser.execute("UPDATE accounts SET debits = debits + 7 WHERE kind = 'customer'")

    repaired = command("--all", "--fix", f"--id={bob}", "--format=json")

    (told_of,) = told(repaired)["shops"]
    assert (told_of["wrong"], told_of["repaired"], repaired.exit_code) == (1, 1, 1)
    assert told_of["checked"] == 4  # his account, as a balance and in daily totals, his open item, its transaction
    assert cached_balance(shop, customer(bob, "PKR")) == 10_00
    assert cached_balance(shop, customer(alice, "PKR")) == 120_07
    assert command("--all", "--fix", f"--id={alice}", "--ok-if-fixed").exit_code == 0
    assert command("--all", f"--id={new_id()}").exit_code == 0


def test_how_much_may_be_repaired_can_be_said(shop: Shop, command: Command, superuser: psycopg.Connection) -> None:
    for number in range(3):
        owe(shop, add_customer(shop, f"Customer {number}"), 1_00)
    superuser.execute("UPDATE accounts SET debits = 7 WHERE kind = 'customer'")

    assert command("--model=customers", "--fix", "--max-fix=2").exit_code == 3
    assert command("--model=customers").exit_code == 1
    assert command("--model=customers", "--fix", "--max-fix=3").exit_code == 1
    assert command("--model=customers").exit_code == 0


def test_how_much_money_may_be_repaired_can_be_said_and_is_one_percent_of_it_by_itself(
    shop: Shop, command: Command, superuser: psycopg.Connection
) -> None:
    customers = [add_customer(shop, f"Customer {number}") for number in range(100)]
    for customer_id in customers:
        owe(shop, customer_id, 1_00)
    superuser.execute("UPDATE accounts SET debits = debits + 150 WHERE party_id = %s", (customers[0],))

    assert command("--model=customers", "--fix").exit_code == 3  # one row of a hundred, but more than 1 % of the money
    assert command("--model=customers", "--fix", "--max-fix-amount=1.49").exit_code == 3
    assert cached_balance(shop, customer(customers[0], "PKR")) == 2_50
    assert command("--model=customers", "--fix", "--max-fix-amount=1.50").exit_code == 1
    assert cached_balance(shop, customer(customers[0], "PKR")) == 1_00


def test_since_the_last_run_only_what_moved_is_looked_at_unless_that_run_left_something_wrong(
    shop: Shop, command: Command, superuser: psycopg.Connection
) -> None:
    alice, bob = add_customer(shop, "Alice"), add_customer(shop, "Bob")
    first = owe(shop, alice, 1_00)

    def looked_at() -> tuple[int, int]:
        (told_of,) = told(command("--model=customers", "--since-run", "--format=json"))["shops"]
        return told_of["checked"], told_of["wrong"]

    assert looked_at() == (1, 0)  # nobody ever looked: at everything
    superuser.execute("UPDATE transactions SET posted_at = posted_at - interval '3 hours' WHERE id = %s", (first,))
    superuser.execute("UPDATE recalculation_runs SET started_at = started_at - interval '1 hour'")
    owe(shop, bob, 2_00)
    assert looked_at() == (1, 0)
    assert command("--all", "--since-run").exit_code == 0  # every model has such a question

    superuser.execute("UPDATE accounts SET debits = debits + 1 WHERE party_id = %s", (bob,))
    assert looked_at() == (1, 1)
    assert looked_at() == (2, 1)  # the run before left something wrong: at everything again


def test_a_shop_has_one_recalculation_at_a_time(shop: Shop, command: Command, superuser: psycopg.Connection) -> None:
    lock = "hashtextextended('recalculation of shop ' || %s, 0)"
    running = "Another recalculation of this shop is under way."

    superuser.execute(f"SELECT pg_advisory_lock({lock})", (shop.tenant_id,))
    held = command("--model=stock")
    superuser.execute(f"SELECT pg_advisory_unlock({lock})", (shop.tenant_id,))

    assert (held.exit_code, running in held.output) == (3, True)
    left = StartRecalculation(id=new_id(), models=("stock",))
    start_recalculation(left, shop.act())
    superuser.execute("UPDATE recalculation_runs SET stepped_at = now() WHERE id = %s", (left.id,))
    between = command("--model=stock")
    superuser.execute("UPDATE recalculation_runs SET stepped_at = now() - interval '61 s' WHERE id = %s", (left.id,))
    assert (between.exit_code, running in between.output) == (3, True)
    assert command("--model=stock").exit_code == 0  # whoever drove the other one has left it
    step = ContinueRecalculation(run_id=left.id, step=0)
    assert continue_recalculation(step, shop.act()).is_finished  # and may still come back to it


def test_csv_has_a_line_for_each_figure_and_nothing_a_spreadsheet_computes(
    shop: Shop, command: Command, superuser: psycopg.Connection
) -> None:
    owe(shop, add_customer(shop, "=1+1"), 120_00)
    superuser.execute("UPDATE accounts SET debits = 15000 WHERE kind = 'customer'")

    rows = list(csv.DictReader(io.StringIO(command("--model=customers", "--format=csv").output)))

    assert [(row["figure"], row["cached"], row["computed"], row["difference"]) for row in rows] == [
        ("balance", "15000", "12000", "-3000"),
        ("debits", "15000", "12000", "-3000"),
    ]
    assert {row["holder"] for row in rows} == {"'=1+1"}


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
        (("--all", "--tenant=corner", "--all-tenants"), "--all-tenants"),
        (("--all", "--id=seven"), "seven is no number of anything"),
        (("--all", "--max-fix=-1"), "--max-fix"),
        (("--all", "--max-fix=101%"), "no more than 100%"),
        (("--all", "--max-fix=many"), "many is neither a number of rows nor a percentage"),
        (("--all", "--max-fix-amount=NaN"), "NaN is no amount of money"),
        (("--all", "--max-fix-amount=-1"), "-1 is no amount of money"),
        (("--all", "--since-run", "--id=0190a0a0-0000-7000-8000-000000000000"), "at all that moved --since-run"),
    ],
)
def test_r6_a_wrong_call_ends_with_2_and_says_what_there_is(
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


def test_r6_books_that_cannot_be_read_end_with_3(
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
