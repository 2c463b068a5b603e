"""The door for writes: fingerprints, nesting, hooks, retries."""

import contextlib
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

from ledger_web.config import ROOT
from ledger_web.domain.errors import (
    InsufficientFundsError,
    InvariantBrokenError,
    LedgerError,
    NotFoundError,
    RuleViolationError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import Entry, cash, equity
from ledger_web.models.base import db
from ledger_web.models.ledger import TransactionWord
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, fingerprint_of, whole_act
from tests.books import assert_the_balances_agree, assert_the_books_agree, cached_balance, count
from tests.databases import Database
from tests.shops import Shop

PRINT_A_FINGERPRINT = """
import uuid
from ledger_web.domain.journal import Entry, cash, equity
from ledger_web.services.batches import Posting
entry = Entry(cash(uuid.UUID(int=1), "PKR"), equity("PKR", "owner"), 5)
print(Posting(id=uuid.UUID(int=2), kind="pay_in", entries=(entry,)).fingerprint.hex())
"""


@dataclass(frozen=True)
class PayIn:
    """An act for these tests."""

    id: uuid.UUID
    amount: Decimal
    noted_by: str = field(default="", compare=False)


def pay_in_once(command: PayIn, uow: UnitOfWork, drawer_id: uuid.UUID) -> Recorded:
    with uow:
        if uow.is_replay(command, id=command.id, kind="pay_in"):
            return Recorded(command.id, replayed=True)
        uow.post([Entry(cash(drawer_id, "PKR"), equity("PKR", "owner"), int(command.amount))])
    return Recorded(command.id)


def test_equal_meaning_has_equal_fingerprints() -> None:
    id = new_id()

    assert fingerprint_of(PayIn(id, Decimal("1.0"))) == fingerprint_of(PayIn(id, Decimal(1)))
    assert fingerprint_of(PayIn(id, Decimal(1))) != fingerprint_of(PayIn(id, Decimal(2)))


def test_what_does_not_make_two_commands_different_is_not_in_the_fingerprint() -> None:
    id = new_id()

    assert fingerprint_of(PayIn(id, Decimal(1), "Olga")) == fingerprint_of(PayIn(id, Decimal(1), "Carl"))


def test_the_same_posting_has_the_same_fingerprint_in_another_process() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", PRINT_A_FINGERPRINT],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(printed) == 1


def test_only_commands_have_fingerprints() -> None:
    with pytest.raises(LedgerError):
        fingerprint_of("a text")


def test_a_drawer_that_is_not_this_shops_is_not_found(shop: Shop, rival: Shop) -> None:
    before = count(shop, "transactions")

    with pytest.raises(NotFoundError, match="not in this shop"):
        pay_in_once(PayIn(new_id(), Decimal(5)), shop.act(), rival.drawer_id)

    assert count(shop, "transactions") == before


def test_units_of_work_do_not_nest(shop: Shop) -> None:
    with shop.act(), pytest.raises(InvariantBrokenError, match="inside another"), shop.act():
        pass


def test_a_unit_of_work_is_closed_outside_its_block(shop: Shop) -> None:
    uow = shop.act()

    with pytest.raises(InvariantBrokenError):
        uow.execute("SELECT 1")


def test_hooks_run_after_the_commit_and_not_at_all_when_it_is_rolled_back(shop: Shop) -> None:
    ran = []

    def refuse(uow: UnitOfWork) -> None:
        with uow:
            uow.after_commit(lambda: ran.append("never"))
            raise RuleViolationError

    with shop.act() as uow:
        uow.after_commit(lambda: ran.append("stored"))
        assert ran == []
    with pytest.raises(RuleViolationError):
        refuse(shop.act())

    assert ran == ["stored"]


def test_an_act_that_goes_on_after_a_statement_failed_is_not_taken_for_stored(shop: Shop) -> None:
    """PostgreSQL answers such a COMMIT with ROLLBACK, and with no error."""
    ran: list[str] = []
    before = count(shop, "transactions")

    def pay_in_whatever_happens(uow: UnitOfWork) -> None:
        with uow:
            assert not uow.is_replay(PayIn(new_id(), Decimal(1)), id=new_id(), kind="pay_in")
            uow.after_commit(lambda: ran.append("never"))
            with contextlib.suppress(DBAPIError):
                uow.execute("SELECT 1 / 0")

    with pytest.raises(InvariantBrokenError):
        pay_in_whatever_happens(shop.act())

    assert ran == []
    assert count(shop, "transactions") == before


def test_a_unit_of_work_used_again_by_itself_says_why_something_is_refused(shop: Shop) -> None:
    till, owner, uow = cash(shop.drawer_id, "PKR"), equity("PKR", "owner"), shop.act()
    pay_in_once(PayIn(new_id(), Decimal(5)), shop.act(), shop.drawer_id)
    pay_in_at_once(PayIn(new_id(), Decimal(5)), uow, shop.drawer_id)

    def pay_out(uow: UnitOfWork) -> None:
        with uow:
            assert not uow.is_replay(PayIn(new_id(), Decimal(11)), id=new_id(), kind="pay_out")
            uow.post([Entry(owner, till, 11)])

    with pytest.raises(InsufficientFundsError):
        pay_out(uow)


def test_entries_posted_in_two_goes_get_lines_of_their_own(shop: Shop) -> None:
    till, owner = cash(shop.drawer_id, "PKR"), equity("PKR", "owner")
    with shop.act() as uow:
        uow.is_replay(PayIn(new_id(), Decimal(1)), id=new_id(), kind="pay_in")
        uow.post([Entry(till, owner, 10)])
        uow.post([Entry(till, owner, 5), Entry(owner, till, 1)])

    assert cached_balance(shop, till) == 14
    assert_the_balances_agree(shop)


def test_an_act_whose_connection_was_lost_is_done_once(app: Flask, shop: Shop, database: Database) -> None:
    lives: list[int] = []
    command = PayIn(new_id(), Decimal(10))

    @whole_act
    def pay_in(command: PayIn, uow: UnitOfWork) -> Recorded:
        with uow:
            if uow.is_replay(command, id=command.id, kind="pay_in"):
                return Recorded(command.id, replayed=True)
            uow.post([Entry(cash(shop.drawer_id, "PKR"), equity("PKR", "owner"), 10)])
            lives.append(uow.execute("SELECT pg_backend_pid()").scalar_one())
            if len(lives) == 1:
                end_connection(database, lives[0])
        return Recorded(command.id)

    pay_in(command, shop.act())

    assert len(lives) == 2
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 10
    assert_the_books_agree(shop)


def end_connection(database: Database, pid: int) -> None:
    with psycopg.connect(database.conninfo(), autocommit=True) as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


@pytest.fixture(autouse=True)
def no_dead_connection_is_left_to_the_next_test(app: Flask) -> Iterator[None]:
    yield
    db.session.remove()
    db.engine.dispose()


def test_an_act_that_finds_its_connection_dead_gets_another(shop: Shop, database: Database) -> None:
    @whole_act
    def pay_in(command: PayIn, uow: UnitOfWork) -> Recorded:
        return pay_in_once(command, uow, shop.drawer_id)

    with shop.act() as uow:
        pid = uow.execute("SELECT pg_backend_pid()").scalar_one()
    end_connection(database, pid)

    for _ in range(10):  # the pool hands out its connections in turn: one of the acts meets the dead one
        pay_in(PayIn(new_id(), Decimal(10)), shop.act())

    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 100


def test_an_account_is_opened_by_the_first_act_that_names_it_and_found_by_the_next(shop: Shop) -> None:
    before = count(shop, "accounts")

    pay_in_once(PayIn(new_id(), Decimal(10)), shop.act(), shop.drawer_id)
    opened = count(shop, "accounts")
    pay_in_once(PayIn(new_id(), Decimal(10)), shop.act(), shop.drawer_id)

    assert opened > before
    assert count(shop, "accounts") == opened
    assert_the_books_agree(shop)


pay_in_at_once = whole_act(pay_in_once)


def test_a_drawer_is_free_again_before_python_hears_of_the_commit(shop: Shop, database: Database) -> None:
    free: list[int] = []

    def take_it(_: Connection) -> None:
        with database.connect() as other:
            free.append(len(other.execute("SELECT 1 FROM accounts WHERE kind = 'cash' FOR UPDATE NOWAIT").fetchall()))

    pay_in_at_once(PayIn(new_id(), Decimal(10)), shop.act(), shop.drawer_id)
    event.listen(db.engine, "commit", take_it)
    try:
        pay_in_at_once(PayIn(new_id(), Decimal(10)), shop.act(), shop.drawer_id)
    finally:
        event.remove(db.engine, "commit", take_it)

    assert free == [1]
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 20


def test_what_is_refused_with_the_commit_says_why_and_leaves_nothing(shop: Shop) -> None:
    till, owner = cash(shop.drawer_id, "PKR"), equity("PKR", "owner")
    pay_in_at_once(PayIn(new_id(), Decimal(10)), shop.act(), shop.drawer_id)
    before, tries = count(shop, "transactions"), list[bool]()

    @whole_act
    def pay_out(command: PayIn, uow: UnitOfWork) -> None:
        tries.append(uow.is_optimistic)
        with uow:
            assert not uow.is_replay(command, id=command.id, kind="pay_out")
            uow.post([Entry(owner, till, int(command.amount))])

    with pytest.raises(InsufficientFundsError):
        pay_out(PayIn(new_id(), Decimal(11)), shop.act())

    assert tries == [True, False]
    assert count(shop, "transactions") == before
    assert cached_balance(shop, till) == 10
    assert_the_books_agree(shop)


def test_money_that_comes_in_before_the_second_look_counts(shop: Shop) -> None:
    till, owner = cash(shop.drawer_id, "PKR"), equity("PKR", "owner")
    tries: list[bool] = []

    @whole_act
    def pay_out(command: PayIn, uow: UnitOfWork) -> None:
        tries.append(uow.is_optimistic)
        if len(tries) > 1:
            pay_in_once(PayIn(new_id(), Decimal(5)), shop.act(), shop.drawer_id)
        with uow:
            assert not uow.is_replay(command, id=command.id, kind="pay_out")
            uow.post([Entry(owner, till, int(command.amount))])

    pay_in_at_once(PayIn(new_id(), Decimal(10)), shop.act(), shop.drawer_id)
    pay_out(PayIn(new_id(), Decimal(11)), shop.act())

    assert tries == [True, False]
    assert cached_balance(shop, till) == 4
    assert_the_books_agree(shop)


def test_rows_of_the_session_are_stored_with_what_is_sent_last(shop: Shop) -> None:
    @whole_act
    def pay_in_and_note(command: PayIn, uow: UnitOfWork) -> None:
        with uow:
            assert not uow.is_replay(command, id=command.id, kind="pay_in")
            uow.session.add(TransactionWord(tenant_id=shop.tenant_id, word="float", transaction_id=command.id))
            uow.post([Entry(cash(shop.drawer_id, "PKR"), equity("PKR", "owner"), 10)])

    pay_in_and_note(PayIn(new_id(), Decimal(10)), shop.act())

    assert count(shop, "transaction_words") == 1
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 10
