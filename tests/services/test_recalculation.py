"""Recalculation finds what is wrong and nothing else, repairs it exactly, and never beside the entries' word."""

import datetime as dt
import hashlib
import threading
import uuid
from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest
from flask import Flask

from ledger_web.domain.errors import NotFoundError, ResubmissionError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import AccountKey, Entry, cash, customer, equity
from ledger_web.queries.recalculation import DiscrepancyRow, get_run, list_discrepancies
from ledger_web.services import cached_balances, daily_totals, open_items, recalculation
from ledger_web.services.batches import Posting, post_many
from ledger_web.services.payments import RecordOpeningBalance, record_opening_balance
from ledger_web.services.posting import account_id
from ledger_web.services.recalculation import (
    ContinueRecalculation,
    Run,
    StartRecalculation,
    continue_recalculation,
    recalculate_balances,
    start_recalculation,
)
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, cached_balance, stock_of
from tests.databases import Database
from tests.shops import Shop, add_customer, add_product, sell


@pytest.fixture
def superuser(database: Database) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """Somebody at the database's own prompt, past every policy and right."""
    with database.connect() as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def recalculate(shop: Shop, *models: str, **asked: Any) -> Run:
    asked |= {"models": models} if models else {}
    return recalculate_balances(StartRecalculation(id=new_id(), **asked), shop.act())


def found(shop: Shop, run: Run) -> list[DiscrepancyRow]:
    return list_discrepancies(shop.tenant_id, run.id)


def differences(row: DiscrepancyRow) -> dict[str, int]:
    return {figure.name: int(figure.difference) for figure in row.figures}


def owe(shop: Shop, customer_id: uuid.UUID, amount: int) -> uuid.UUID:
    """Let a customer start with a debt; return the transaction."""
    debt = RecordOpeningBalance(
        id=new_id(), party_id=customer_id, currency=shop.currency, amount=amount, is_owed_to_us=True
    )
    return record_opening_balance(debt, shop.act()).id


def account(shop: Shop, key: AccountKey) -> uuid.UUID:
    return account_id(shop.tenant_id, key)


def journal(connection: "psycopg.Connection[tuple[object, ...]]") -> str:
    rows = connection.execute(
        "SELECT e::text FROM entries AS e UNION ALL SELECT t::text FROM transactions AS t"
        " UNION ALL SELECT m::text FROM stock_moves AS m ORDER BY 1"
    ).fetchall()
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_a_shop_that_traded_is_found_clean(shop: Shop) -> None:
    milk, alice = add_product(shop), add_customer(shop)
    sell(shop, (milk, 2, 115_00), customer_id=alice, tendered=50_00, rest_on_account=True)

    run = recalculate(shop)

    assert (run.phase, run.rows_wrong, run.rows_done) == ("done", 0, run.rows_total)
    assert run.rows_done >= 5  # one customer, one drawer, one product, the opening stock and the sale
    assert found(shop, run) == []


def test_a_shop_whose_rows_nobody_has_counted_yet_is_checked_as_quickly(
    shop: Shop, rival: Shop, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statistics know one shop when another's books are brought in: the planner takes those for empty."""
    monkeypatch.setattr(recalculation, "STATEMENT_SECONDS_MAX", 5)
    milk = add_product(rival)
    for _ in range(3):
        sell(rival, (milk, 1, 115_00))
    superuser.execute("ANALYZE")
    paid_in = Entry(cash(shop.drawer_id, "PKR"), equity("PKR", "owner"), 1)
    answers = post_many([Posting(id=new_id(), kind="pay_in", entries=(paid_in,)) for _ in range(8000)], shop.act())
    assert not [answer for answer in answers if isinstance(answer, Exception)]

    run = recalculate(shop, batch=recalculation.BATCH_MAX)

    assert (run.phase, run.rows_wrong) == ("done", 0)
    assert run.rows_done >= 8000


def test_a_balance_changed_by_hand_is_found_with_its_difference(shop: Shop, superuser: psycopg.Connection) -> None:
    alice = add_customer(shop)
    owe(shop, alice, 120_00)
    superuser.execute("UPDATE accounts SET debits = debits + 3000 WHERE kind = 'customer'")

    run = recalculate(shop, "customers")

    assert (run.rows_wrong, run.rows_fixed) == (1, 0)
    (row,) = found(shop, run)
    assert (row.model, row.holder, row.currency, row.party_id) == ("customers", "Alice", "PKR", alice)
    assert {figure.name: (int(figure.cached), int(figure.computed)) for figure in row.figures} == {
        "balance": (15000, 12000),
        "debits": (15000, 12000),
    }
    assert row.first_transaction_id is None  # no entry says this
    assert cached_balance(shop, customer(alice, "PKR")) == 150_00  # a check changes nothing


def test_r3_repair_is_exact_once_and_leaves_the_journal_alone(shop: Shop, superuser: psycopg.Connection) -> None:
    milk, alice = add_product(shop), add_customer(shop)
    sell(shop, (milk, 2, 115_00), customer_id=alice, tendered=50_00, rest_on_account=True)
    superuser.execute("UPDATE accounts SET credits = credits + 700 WHERE kind = 'customer'")
    superuser.execute("UPDATE stock_levels SET quantity = quantity + 5, value = value - 1")
    before = journal(superuser)

    first, second = recalculate(shop, fix=True), recalculate(shop, fix=True)

    assert (first.phase, first.rows_wrong, first.rows_fixed) == ("done", 2, 2)
    assert (second.phase, second.rows_wrong, second.rows_fixed) == ("done", 0, 0)
    assert all(row.fixed_at for row in found(shop, first))
    assert cached_balance(shop, customer(alice, "PKR")) == 180_00
    assert stock_of(shop, milk) == (98, 5880_00)
    assert_the_books_agree(shop)
    assert journal(superuser) == before


def test_a_debit_and_a_credit_too_much_are_found_though_the_balance_is_right(
    shop: Shop, superuser: psycopg.Connection
) -> None:
    alice = add_customer(shop)
    owe(shop, alice, 120_00)
    superuser.execute("UPDATE accounts SET debits = debits + 50, credits = credits + 50 WHERE kind = 'customer'")

    (row,) = found(shop, recalculate(shop, "customers"))

    assert differences(row) == {"debits": -50, "credits": -50}


def test_a_count_of_entries_that_is_wrong_is_found_though_all_sums_are_right(
    shop: Shop, superuser: psycopg.Connection
) -> None:
    alice = add_customer(shop)
    owe(shop, alice, 120_00)
    superuser.execute("UPDATE accounts SET version = version - 1 WHERE kind = 'customer'")

    run = recalculate(shop, "customers", fix=True)

    (row,) = found(shop, run)
    assert differences(row) == {"version": 1}
    assert run.rows_fixed == 1


def test_an_entry_added_behind_the_back_of_the_balance_is_named(shop: Shop, superuser: psycopg.Connection) -> None:
    alice = add_customer(shop)
    owe(shop, alice, 120_00)
    culprit = owe(shop, alice, 30_00)
    owe(shop, alice, 45_00)
    superuser.execute("UPDATE accounts SET debits = debits - 3000, version = version - 1 WHERE kind = 'customer'")

    (row,) = found(shop, recalculate(shop, "customers"))

    assert differences(row) == {"balance": 3000, "debits": 3000, "version": 1}
    assert row.first_transaction_id == culprit
    assert row.first_transaction_kind == "opening_balance"


def test_a_balance_that_stopped_moving_parts_at_the_next_transaction(shop: Shop, superuser: psycopg.Connection) -> None:
    alice = add_customer(shop)
    owe(shop, alice, 120_00)
    since = owe(shop, alice, 30_00)
    owe(shop, alice, 30_00)
    superuser.execute("UPDATE accounts SET debits = 12000, version = 1 WHERE kind = 'customer'")

    (row,) = found(shop, recalculate(shop, "customers"))

    assert row.first_transaction_id == since


def test_money_moved_between_two_customers_is_found_at_both(shop: Shop, superuser: psycopg.Connection) -> None:
    alice, bob = add_customer(shop, "Alice"), add_customer(shop, "Bob")
    sale = owe(shop, alice, 120_00)
    owe(shop, bob, 10_00)
    superuser.execute(
        "UPDATE entries SET debit_account_id = %s WHERE debit_account_id = %s",
        (account(shop, customer(bob, "PKR")), account(shop, customer(alice, "PKR"))),
    )

    first, second = found(shop, recalculate(shop, "customers"))

    assert (first.holder, differences(first)) == ("Alice", {"balance": -12000, "debits": -12000, "version": -1})
    assert (second.holder, differences(second)) == ("Bob", {"balance": 12000, "debits": 12000, "version": 1})
    assert second.first_transaction_id == sale


def test_r4_an_account_that_lacks_entries_is_reported_and_repaired_only_by_force(
    shop: Shop, superuser: psycopg.Connection
) -> None:
    alice = add_customer(shop)
    owe(shop, alice, 120_00)
    lost = owe(shop, alice, 30_00)
    superuser.execute("DELETE FROM entries WHERE transaction_id = %s", (lost,))

    refused = recalculate(shop, "customers", fix=True)

    assert (refused.phase, refused.rows_wrong, refused.rows_fixed) == ("done", 1, 0)
    (row,) = found(shop, refused)
    assert row.refusal == cached_balances.MISSING_ENTRIES
    assert cached_balance(shop, customer(alice, "PKR")) == 150_00

    forced = recalculate(shop, "customers", fix=True, force=True)

    assert forced.rows_fixed == 1
    assert cached_balance(shop, customer(alice, "PKR")) == 120_00


def test_what_the_entries_say_but_cannot_be_is_reported_and_the_rest_repaired(
    shop: Shop, superuser: psycopg.Connection
) -> None:
    milk, alice = add_product(shop), add_customer(shop)
    sell(shop, (milk, 1, 115_00), tendered=115_00)
    owe(shop, alice, 120_00)
    till = account(shop, cash(shop.drawer_id, "PKR"))
    superuser.execute(  # more went out of the drawer than ever came in
        "INSERT INTO entries SELECT tenant_id, transaction_id, 99, credit_account_id, debit_account_id, currency,"
        " amount * 3, occurred_on FROM entries WHERE debit_account_id = %s LIMIT 1",
        (till,),
    )
    superuser.execute("UPDATE accounts SET debits = debits + 5 WHERE kind = 'customer'")

    run = recalculate(shop, "customers", "cash_drawer_money", fix=True, force=True)

    rows = {row.model: row for row in found(shop, run)}
    assert rows["cash_drawer_money"].refusal == cached_balances.IMPOSSIBLE
    assert rows["customers"].fixed_at is not None
    assert (run.rows_wrong, run.rows_fixed) == (2, 1)


def test_too_much_wrong_stops_before_anything_is_repaired(shop: Shop, superuser: psycopg.Connection) -> None:
    for number in range(100):
        owe(shop, add_customer(shop, f"Customer {number}"), 1_00)
    superuser.execute(
        "UPDATE accounts SET debits = 0, version = 0 WHERE id IN"
        " (SELECT id FROM accounts WHERE kind = 'customer' ORDER BY id LIMIT 2)"
    )

    stopped = recalculate(shop, "customers", fix=True, batch=30)

    assert (stopped.phase, stopped.rows_wrong, stopped.rows_fixed) == ("stopped", 2, 0)
    assert recalculate(shop, "customers").rows_wrong == 2

    forced = recalculate(shop, "customers", fix=True, force=True, batch=30)

    assert (forced.phase, forced.rows_fixed) == ("done", 2)
    assert_the_books_agree(shop)


def test_one_in_a_hundred_is_repaired_without_asking(shop: Shop, superuser: psycopg.Connection) -> None:
    for number in range(100):
        owe(shop, add_customer(shop, f"Customer {number}"), 1_00)
    superuser.execute(
        "UPDATE accounts SET debits = 7 WHERE id ="
        " (SELECT id FROM accounts WHERE kind = 'customer' ORDER BY id LIMIT 1)"
    )

    run = recalculate(shop, "customers", fix=True, batch=7)

    assert (run.phase, run.rows_done, run.rows_fixed) == ("done", 100, 1)


def test_r2_a_repair_waits_for_a_sale_that_is_being_posted(
    app: Flask, shop: Shop, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held open: a repair has found a wrong balance and wants to write it while a posting is half done.

    The posting holds the account's lock, its entry is not committed. A repair that had looked before it locked,
    or in one statement with it, would write the posting away again.
    """
    alice = add_customer(shop)
    owe(shop, alice, 100_00)
    superuser.execute("UPDATE accounts SET debits = debits + 7 WHERE kind = 'customer'")
    posted, may_commit = threading.Event(), threading.Event()

    def post_slowly() -> None:
        id = new_id()
        with shop.act() as uow:
            uow.is_replay(StartRecalculation(id=id), id=id, kind="opening_balance")
            charge = open_items.new_item(id, "charge", "PKR", 50_00, uow.occurred_on)
            open_items.add_item(uow, alice, charge)
            uow.post([Entry(customer(alice, "PKR"), equity("PKR", "opening"), 50_00)])
            posted.set()
            assert may_commit.wait(10)

    lock = cached_balances.lock

    def lock_while_held(*arguments: object) -> None:
        threading.Timer(0.3, may_commit.set).start()  # by then the lock is being waited for
        lock(*arguments)  # type: ignore[arg-type]

    def repair() -> Run:
        assert posted.wait(10)
        return recalculate(shop, "customers", fix=True)

    monkeypatch.setattr(cached_balances, "lock", lock_while_held)

    _, run = in_threads(app, post_slowly, repair)

    assert isinstance(run, Run)
    assert run.rows_fixed == 1
    assert cached_balance(shop, customer(alice, "PKR")) == 150_00
    assert_the_books_agree(shop)


def test_a_step_that_was_taken_is_not_taken_again(shop: Shop) -> None:
    for number in range(5):
        owe(shop, add_customer(shop, f"Customer {number}"), 1_00)
    command = StartRecalculation(id=new_id(), models=("customers",), batch=2)
    start_recalculation(command, shop.act())

    first = continue_recalculation(ContinueRecalculation(run_id=command.id, step=0), shop.act())
    again = continue_recalculation(ContinueRecalculation(run_id=command.id, step=0), shop.act())

    assert (first.step, first.rows_done) == (1, 2)
    assert again == first


def test_two_people_driving_one_run_take_each_step_once(app: Flask, shop: Shop, superuser: psycopg.Connection) -> None:
    for number in range(20):
        owe(shop, add_customer(shop, f"Customer {number}"), 1_00)
    superuser.execute("UPDATE accounts SET debits = debits + 1 WHERE kind = 'customer'")
    command = StartRecalculation(id=new_id(), models=("customers",), fix=True, batch=3)
    start_recalculation(command, shop.act())

    def drive() -> Run:
        step = 0
        while True:
            run = continue_recalculation(ContinueRecalculation(run_id=command.id, step=step), shop.act())
            if run.is_finished:
                return run
            step = run.step

    first, second = in_threads(app, drive, drive)

    assert first == second
    assert isinstance(first, Run)
    assert (first.rows_done, first.rows_wrong, first.rows_fixed) == (20, 20, 20)
    assert_the_books_agree(shop)


def test_a_run_that_was_left_goes_on_where_it_stood(shop: Shop) -> None:
    for number in range(5):
        owe(shop, add_customer(shop, f"Customer {number}"), 1_00)
    command = StartRecalculation(id=new_id(), models=("customers",), batch=2)
    start_recalculation(command, shop.act())
    left = continue_recalculation(ContinueRecalculation(run_id=command.id, step=0), shop.act())

    run = recalculate_balances(command, shop.act())

    assert left.phase == "check"
    assert (run.phase, run.rows_done) == ("done", 5)


def test_starting_the_same_run_twice_is_starting_it_once(shop: Shop) -> None:
    command = StartRecalculation(id=new_id(), models=("customers",))
    start_recalculation(command, shop.act())

    assert start_recalculation(command, shop.act()).replayed
    with pytest.raises(ResubmissionError):
        start_recalculation(StartRecalculation(id=command.id, models=("stock",)), shop.act())


@pytest.mark.parametrize(
    "wrong",
    [{"models": ()}, {"models": ("clients",)}, {"models": ("stock", "stock")}, {"batch": 0}, {"batch": 10**9}],
)
def test_a_run_of_nothing_or_of_the_unknown_is_refused(shop: Shop, wrong: dict[str, object]) -> None:
    with pytest.raises(RuleViolationError):
        start_recalculation(StartRecalculation(id=new_id(), **wrong), shop.act())  # type: ignore[arg-type]


def test_a_run_of_another_shop_is_not_there(shop: Shop, rival: Shop) -> None:
    command = StartRecalculation(id=new_id(), models=("customers",))
    start_recalculation(command, shop.act())

    with pytest.raises(NotFoundError):
        continue_recalculation(ContinueRecalculation(run_id=command.id, step=0), rival.act())
    with pytest.raises(NotFoundError):
        get_run(rival.tenant_id, command.id)


def test_a_shop_is_repaired_from_its_own_entries_alone(shop: Shop, rival: Shop, superuser: psycopg.Connection) -> None:
    ours, theirs = add_customer(shop), add_customer(rival)
    owe(shop, ours, 100_00)
    owe(rival, theirs, 100_00)
    superuser.execute("UPDATE accounts SET debits = debits + 1 WHERE kind = 'customer'")

    assert recalculate(shop, fix=True).rows_fixed == 1
    assert cached_balance(shop, customer(ours, "PKR")) == 100_00
    assert recalculate(rival).rows_wrong == 1


def test_r4_without_a_shop_nothing_is_read_and_nothing_written(database: Database, shop: Shop) -> None:
    alice = add_customer(shop)
    owe(shop, alice, 100_00)
    written = cached_balances.ACCOUNTS.named.replace("%(ids)s", "ARRAY[]::uuid[]").replace("%(tenant_id)s", "1")

    with database.connect("ledger_app") as nobody, pytest.raises(psycopg.errors.UndefinedObject):
        nobody.execute(written)
    with database.connect("ledger_app") as nobody, pytest.raises(psycopg.errors.UndefinedObject):
        nobody.execute("UPDATE accounts SET debits = 0, credits = 0, version = 0")
    assert cached_balance(shop, customer(alice, "PKR")) == 100_00


@pytest.mark.parametrize(
    ("damage", "figure", "difference"),
    [
        ("DELETE FROM entries WHERE transaction_id = %s", "total", -115_00),
        ("DELETE FROM entries WHERE transaction_id = %s AND line = 1", "entries", -1),
        ("UPDATE entries SET amount = amount + 5 WHERE transaction_id = %s AND line = 1", "total", 5),
        ("DELETE FROM sales WHERE id = %s", "total", 115_00),
        ("UPDATE sales SET total = total + 100 WHERE id = %s", "total", -100),
        ("UPDATE sales SET deleted_at = now(), delete_reason = 'by hand' WHERE id = %s", "reversals", -1),
        ("DELETE FROM payments WHERE transaction_id = %s", "cash", 115_00),
        ("DELETE FROM stock_moves WHERE transaction_id = %s", "stock_value", -60_00),
    ],
)
def test_a_document_that_disagrees_with_its_entries_is_reported_and_never_repaired(
    shop: Shop, superuser: psycopg.Connection, damage: str, figure: str, difference: int
) -> None:
    milk = add_product(shop, price=115_00, cost=60_00)
    sell(shop, (milk, 1, 115_00), tendered=115_00)
    sale = sell(shop, (milk, 1, 115_00), tendered=115_00)
    superuser.execute(damage, (sale,))

    run = recalculate(shop, "documents", fix=True, force=True)

    assert (run.phase, run.rows_wrong, run.rows_fixed) == ("done", 1, 0)
    (row,) = found(shop, run)
    assert row.holder_id == sale
    assert differences(row)[figure] == difference
    assert row.refusal == cached_balances.REPORTED_ONLY


def test_every_kind_of_cached_account_belongs_to_a_model() -> None:
    kinds = [kind for balance in recalculation.CACHED_BALANCES.values() for kind in balance.kinds]

    assert sorted(kinds) == sorted({"customer", "vendor", "employee", "member", "cash", "bank", "store_credit"})


LONG_AGO = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=40)


def trade_long_ago(shop: Shop, *amounts: int) -> None:
    """Pay money in on a day that is totalled by now."""
    for amount in amounts:
        id = new_id()
        with shop.act() as uow:
            uow.is_replay(StartRecalculation(id=id), id=id, kind="pay_in", occurred_on=LONG_AGO)
            uow.post([Entry(cash(shop.drawer_id, "PKR"), equity("PKR", "owner"), amount)])


@pytest.mark.parametrize(
    ("planted", "differing"),
    [
        ("UPDATE daily_totals SET debits = debits + 500 WHERE debits > 0", {"days": 1, "debits": -500}),
        ("DELETE FROM daily_totals WHERE debits > 0", {"days": 1, "debits": 12_000, "entries": 2}),
        (
            "INSERT INTO daily_totals SELECT tenant_id, account_id, day - 1, 7, 0, 0"
            " FROM daily_totals WHERE debits > 0",
            {"days": 1, "debits": -7},
        ),
        (
            "WITH d AS (UPDATE daily_totals SET debits = debits - 9 WHERE debits > 0 RETURNING *)"
            " INSERT INTO daily_totals SELECT tenant_id, account_id, day - 1, 9, 0, 0 FROM d",
            {"days": 2},
        ),
    ],
    ids=["wrong", "missing", "too much", "on another day"],
)
def test_a_daily_total_that_is_wrong_is_found_and_repaired(
    shop: Shop, superuser: psycopg.Connection, planted: LiteralString, differing: dict[str, int]
) -> None:
    trade_long_ago(shop, 50_00, 70_00)
    assert recalculate(shop, "daily_totals").rows_wrong == 0
    superuser.execute(planted)
    before = journal(superuser)

    run = recalculate(shop, "daily_totals", fix=True)

    assert (run.phase, run.rows_wrong, run.rows_fixed) == ("done", 1, 1)
    (row,) = found(shop, run)
    assert (row.model, row.holder, differences(row)) == ("daily_totals", "Till 1", differing)
    assert recalculate(shop, "daily_totals").rows_wrong == 0
    assert journal(superuser) == before


def test_a_daily_total_that_is_marked_is_known_to_be_old_and_no_discrepancy(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade_long_ago(shop, 50_00)
    monkeypatch.setattr(daily_totals, "catch_up", lambda *_, **__: None)

    trade_long_ago(shop, 70_00)

    assert recalculate(shop, "daily_totals").rows_wrong == 0


def test_daily_totals_without_their_entries_are_repaired_only_by_force(
    shop: Shop, superuser: psycopg.Connection
) -> None:
    trade_long_ago(shop, 50_00, 70_00)
    superuser.execute("DELETE FROM entries WHERE amount = 7000")

    kept, forced = recalculate(shop, "daily_totals", fix=True), recalculate(shop, "daily_totals", fix=True, force=True)

    assert (kept.rows_wrong, kept.rows_fixed) == (2, 0)
    assert (forced.rows_wrong, forced.rows_fixed) == (2, 2)
