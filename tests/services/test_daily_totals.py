"""Daily totals: each account-day once, marks that nothing loses, and a poisoned day that stops no other."""

import datetime as dt
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, text

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import AccountKey, Entry, bank, cash, cost_of_sales, equity, expense, inventory, revenue
from ledger_web.models.base import db, session_of
from ledger_web.services import daily_totals
from ledger_web.services.batches import Posting, post_many
from ledger_web.services.daily_totals import AccountDay, drain, total_days
from ledger_web.services.posting import account_id
from ledger_web.services.unit_of_work import UnitOfWork
from tests.at_once import in_threads
from tests.books import count
from tests.databases import Database
from tests.shops import Shop

TODAY = dt.datetime.now(dt.UTC).date()
PAST = TODAY - dt.timedelta(days=40)

_ENTRIES = text("""
    SELECT x.account_id, e.occurred_on AS day, sum(x.debit) AS debits, sum(x.credit) AS credits, count(*) AS entries
      FROM entries AS e
     CROSS JOIN LATERAL (VALUES (e.debit_account_id, e.amount, 0), (e.credit_account_id, 0, e.amount))
           AS x(account_id, debit, credit)
     WHERE e.tenant_id = :tenant_id AND e.occurred_on < (SELECT totalled_before FROM tenants
                                                           WHERE tenant_id = :tenant_id)
     GROUP BY 1, 2
    EXCEPT
    SELECT account_id, day, debits, credits, entries FROM daily_totals WHERE tenant_id = :tenant_id
""")


def posting(debit: AccountKey, credit: AccountKey, amount: int, day: dt.date | None) -> Posting:
    return Posting(id=new_id(), kind="manual", entries=(Entry(debit, credit, amount),), occurred_on=day)


def paid_in(shop: Shop, amount: int, day: dt.date | None) -> Posting:
    return posting(cash(shop.drawer_id, "PKR"), equity("PKR", "owner"), amount, day)


def post(shop: Shop, *postings: Posting) -> None:
    answers = post_many(postings, shop.act())
    assert not [answer for answer in answers if isinstance(answer, Exception)]


def post_alone(shop: Shop, one: Posting) -> None:
    with shop.act() as uow:
        uow.is_replay(one, id=one.id, kind=one.kind, occurred_on=one.occurred_on)
        uow.post(one.entries)


def totals_differ(shop: Shop) -> int:
    """Count account-days, of those totalled, whose total is not what the entries say."""
    session = session_of(shop.tenant_id)
    session.rollback()
    return len(session.execute(_ENTRIES, {"tenant_id": shop.tenant_id}).all())


def totalled_before(shop: Shop) -> dt.date:
    with shop.act() as uow:
        found: dt.date = uow.execute("SELECT totalled_before FROM tenants WHERE tenant_id = %(tenant_id)s").scalar_one()
    return found


def catch_up(shop: Shop) -> None:
    while not total_days(shop.act()):
        pass
    drain(shop.act())


def begin_anew(shop: Shop) -> None:
    """Make it a shop that was there before there were totals."""
    with shop.act() as uow:
        uow.execute("UPDATE tenants SET totalled_before = '2000-01-01' WHERE tenant_id = %(tenant_id)s")
    daily_totals._known.pop(shop.tenant_id, None)


@pytest.fixture
def superuser(database: Database) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    with database.connect() as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """Everything that was sent to the database while the test ran."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield sent
    event.remove(db.engine, "before_cursor_execute", note)


@pytest.fixture
def added_up(monkeypatch: pytest.MonkeyPatch) -> list[tuple[uuid.UUID, dt.date]]:
    """Every account-day that was recomputed while the test ran."""
    found: list[tuple[uuid.UUID, dt.date]] = []
    add_up = daily_totals.add_up

    def counted(act: UnitOfWork, account_days: Sequence[AccountDay]) -> None:
        found.extend((each.account_id, each.day) for each in account_days)
        add_up(act, account_days)

    monkeypatch.setattr(daily_totals, "add_up", counted)
    return found


def rest(*_args: object, **_options: object) -> None:
    """Do nothing after a commit."""


@pytest.fixture
def no_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing run after commits."""
    monkeypatch.setattr(daily_totals, "catch_up", rest)


def test_an_import_over_seven_accounts_on_a_past_day_adds_up_each_account_day_once(
    shop: Shop, added_up: list[tuple[uuid.UUID, dt.date]]
) -> None:
    catch_up(shop)
    accounts = [bank("PKR", f"bank_{place}") for place in range(6)]
    owner = equity("PKR", "owner")

    post(shop, *(posting(accounts[place % 6], owner, 100 + place, PAST) for place in range(500)))

    assert len(added_up) == len(set(added_up)) == 7
    assert {day for _, day in added_up} == {PAST}
    assert count(shop, "daily_totals") == 7
    assert count(shop, "daily_total_marks") == 0
    assert totals_differ(shop) == 0


def test_single_postings_that_wait_for_one_drain_are_added_up_once(
    shop: Shop, added_up: list[tuple[uuid.UUID, dt.date]], no_drain: None
) -> None:
    catch_up(shop)
    for amount in range(1, 21):
        post_alone(shop, paid_in(shop, amount, PAST))
    assert count(shop, "daily_total_marks") == 40

    done = drain(shop.act())

    assert (done.account_days, done.marks, done.failed) == (2, 40, 0)
    assert len(added_up) == 2
    assert totals_differ(shop) == 0


def test_what_is_posted_today_costs_no_statement(shop: Shop, statements: list[str]) -> None:
    catch_up(shop)
    statements.clear()
    with shop.act() as uow:
        one = paid_in(shop, 5, None)
        uow.is_replay(one, id=one.id, kind=one.kind)
        uow.post(one.entries)

    assert [sql for sql in statements if "INSERT INTO entries" in sql]
    assert not [sql for sql in statements if "daily_total" in sql or "totalled_before" in sql]


def test_rolled_back_work_leaves_no_mark(shop: Shop) -> None:
    one = paid_in(shop, 5, PAST)

    def fail() -> None:
        with shop.act() as uow:
            uow.is_replay(one, id=one.id, kind=one.kind, occurred_on=PAST)
            uow.post(one.entries)
            marks = uow.execute("SELECT count(*) FROM daily_total_marks WHERE tenant_id = %(tenant_id)s")
            assert marks.scalar_one() == 2
            raise RuntimeError("the power goes")

    with pytest.raises(RuntimeError, match="power"):
        fail()

    assert count(shop, "daily_total_marks") == 0
    assert drain(shop.act()).account_days == 0


def test_concurrent_commits_lose_no_mark(app: Flask, shop: Shop) -> None:
    catch_up(shop)

    def trade(first: int) -> Callable[[], None]:
        def acts() -> None:
            for amount in range(first, first + 10):
                post_alone(shop, paid_in(shop, amount, PAST - dt.timedelta(days=amount % 3)))

        return acts

    assert in_threads(app, *(trade(100 * place + 1) for place in range(4))) == [None] * 4

    assert count(shop, "daily_total_marks") == 0
    assert count(shop, "daily_totals") == 6
    assert totals_differ(shop) == 0


@pytest.mark.parametrize("where", ["before the drain", "in the drain"])
def test_a_kill_between_commit_and_drain_loses_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, superuser: psycopg.Connection, where: str
) -> None:
    catch_up(shop)
    see_marks = daily_totals._see_marks

    def killed(act: UnitOfWork, *args: Any, **options: Any) -> list[AccountDay]:
        seen = see_marks(act, *args, **options)
        pid = act.execute("SELECT pg_backend_pid()").scalar_one()
        superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        return seen

    def gone(*_args: Any, **_options: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if where == "in the drain":
            patched.setattr(daily_totals, "_see_marks", killed)
            post_alone(shop, paid_in(shop, 70, PAST))  # the answer is the same: what is committed is committed
        else:
            patched.setattr(daily_totals, "catch_up", gone)
            with pytest.raises(KeyboardInterrupt):
                post_alone(shop, paid_in(shop, 70, PAST))
    assert count(shop, "daily_total_marks") == 2
    assert count(shop, "daily_totals") == 0

    post_alone(shop, paid_in(shop, 5, PAST - dt.timedelta(days=1)))  # whoever comes next takes it along

    assert count(shop, "daily_total_marks") == 0
    assert count(shop, "daily_totals") == 4
    assert totals_differ(shop) == 0


def test_a_drain_removes_only_the_marks_it_saw(
    app: Flask, shop: Shop, monkeypatch: pytest.MonkeyPatch, no_drain: None
) -> None:
    catch_up(shop)
    post_alone(shop, paid_in(shop, 70, PAST))
    added, committed = threading.Event(), threading.Event()
    add_up = daily_totals.add_up

    def held(act: UnitOfWork, account_days: Sequence[AccountDay]) -> None:
        add_up(act, account_days)
        added.set()
        assert committed.wait(10)

    monkeypatch.setattr(daily_totals, "add_up", held)

    def post_meanwhile() -> None:
        assert added.wait(10)
        post_alone(shop, paid_in(shop, 5, PAST))  # after the sum was taken, before the marks are removed
        committed.set()

    results = in_threads(app, lambda: drain(shop.act()), post_meanwhile)

    assert [each for each in results if isinstance(each, Exception)] == []
    assert count(shop, "daily_total_marks") == 2  # of the second posting
    assert totals_differ(shop) == 2
    monkeypatch.setattr(daily_totals, "add_up", add_up)
    assert drain(shop.act()).account_days == 2
    assert totals_differ(shop) == 0


def test_a_posting_does_not_wait_for_totalling(
    app: Flask, shop: Shop, monkeypatch: pytest.MonkeyPatch, no_drain: None
) -> None:
    post(shop, paid_in(shop, 70, PAST))
    total, posted = daily_totals._lock, threading.Event()
    entered = threading.Event()

    def held(act: UnitOfWork) -> Any:
        found = total(act)
        entered.set()
        assert posted.wait(10)
        return found

    monkeypatch.setattr(daily_totals, "_lock", held)

    def post_meanwhile() -> None:
        assert entered.wait(10)
        post_alone(shop, paid_in(shop, 5, None))
        posted.set()

    results = in_threads(app, lambda: drain(shop.act()), post_meanwhile)

    assert [each for each in results if isinstance(each, Exception)] == []


def test_days_are_totalled_step_by_step_up_to_what_is_due(shop: Shop, no_drain: None) -> None:
    days = [TODAY - dt.timedelta(days=before) for before in (400, 300, 41, 40, 5, 1, 0)]
    post(shop, *(paid_in(shop, 10 + place, day) for place, day in enumerate(days)))
    begin_anew(shop)

    steps = 1
    while not total_days(shop.act()):
        steps += 1

    assert steps == 4  # 400 days ago, 300, 41 with 40, and 5 with the rest
    assert TODAY - dt.timedelta(days=3) <= totalled_before(shop) <= TODAY - dt.timedelta(days=2)
    assert count(shop, "daily_totals") == 10
    assert totals_differ(shop) == 0
    assert total_days(shop.act())
    assert drain(shop.act()).account_days == 10  # marks of days that were settled when they were posted
    assert totals_differ(shop) == 0


def test_a_commit_totals_what_became_due_without_being_asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(daily_totals, "catch_up", rest)
        post(shop, paid_in(shop, 10, PAST))
    begin_anew(shop)

    post_alone(shop, paid_in(shop, 5, None))
    post_alone(shop, paid_in(shop, 5, None))  # two steps: 31 days, and the rest

    assert totalled_before(shop) >= TODAY - dt.timedelta(days=3)
    assert count(shop, "daily_totals") == 2
    assert totals_differ(shop) == 0


def poison(superuser: "psycopg.Connection[tuple[Any, ...]]", shop: Shop, key: AccountKey, day: dt.date) -> None:
    """Put entries into the books that no bigint can hold together, past every guard."""
    superuser.execute(
        """
        WITH posted AS (
            INSERT INTO transactions (tenant_id, id, kind, occurred_on, posted_at, fingerprint)
            VALUES (%(tenant_id)s, gen_random_uuid(), 'manual', %(day)s, now(), sha256('p')) RETURNING id
        )
        INSERT INTO entries (tenant_id, transaction_id, line, debit_account_id, credit_account_id, currency, amount,
                             occurred_on)
        SELECT %(tenant_id)s, p.id, n, %(debit)s, %(credit)s, 'PKR', 1000000000000000, %(day)s
          FROM posted AS p CROSS JOIN generate_series(1, 9300) AS n
        """,
        {
            "tenant_id": shop.tenant_id,
            "debit": account_id(shop.tenant_id, key),
            "credit": account_id(shop.tenant_id, inventory("PKR")),
            "day": day,
        },
    )


def test_a_poisoned_account_day_is_left_alone_after_five_failures_and_stops_no_other(
    shop: Shop, superuser: psycopg.Connection, no_drain: None
) -> None:
    catch_up(shop)
    spoiled, day = cost_of_sales("PKR"), PAST
    post(shop, posting(spoiled, inventory("PKR"), 7, day), paid_in(shop, 5, day), paid_in(shop, 6, None))
    poison(superuser, shop, spoiled, day)

    attempts = []
    for _ in range(7):
        done = drain(shop.act())
        attempts.append((done.account_days, done.failed))
        superuser.execute("UPDATE daily_total_failures SET retry_at = now()")

    # The two accounts of the poison fail, the two others do not; after five attempts nobody tries any more.
    assert attempts == [(2, 2), (0, 2), (0, 2), (0, 2), (0, 2), (0, 0), (0, 0)]
    failures = superuser.execute("SELECT DISTINCT attempts, reason FROM daily_total_failures").fetchall()
    assert failures == [(5, "bigint out of range")]
    assert count(shop, "daily_total_marks") == 2
    assert drain(shop.act(), again=True).failed == 2

    superuser.execute("DELETE FROM entries WHERE amount = 1000000000000000")
    done = drain(shop.act(), again=True)

    assert (done.account_days, done.failed) == (2, 0)
    assert count(shop, "daily_total_failures") == count(shop, "daily_total_marks") == 0
    assert totals_differ(shop) == 0


def test_a_failed_account_day_is_not_tried_again_at_once(
    shop: Shop, superuser: psycopg.Connection, no_drain: None
) -> None:
    catch_up(shop)
    post(shop, posting(cost_of_sales("PKR"), inventory("PKR"), 7, PAST))
    poison(superuser, shop, cost_of_sales("PKR"), PAST)

    assert [drain(shop.act()).failed for _ in range(3)] == [2, 0, 0]


def test_a_poisoned_day_does_not_stop_the_days_behind_it_from_being_totalled(
    shop: Shop, superuser: psycopg.Connection, no_drain: None
) -> None:
    post(shop, posting(cost_of_sales("PKR"), inventory("PKR"), 7, PAST), paid_in(shop, 5, PAST))
    post(shop, posting(expense("PKR", "rent"), revenue("PKR"), 9, TODAY - dt.timedelta(days=5)))
    poison(superuser, shop, cost_of_sales("PKR"), PAST)
    begin_anew(shop)

    catch_up(shop)

    assert totalled_before(shop) >= TODAY - dt.timedelta(days=3)
    assert count(shop, "daily_totals") == 4
    assert count(shop, "daily_total_marks") == 4  # the poisoned two: of the posting, and of the totalling
    assert totals_differ(shop) == 2


def test_shops_are_totalled_apart(shop: Shop, rival: Shop) -> None:
    post(shop, paid_in(shop, 5, PAST))

    assert count(shop, "daily_totals") == 2
    assert count(rival, "daily_totals") == 0
