"""Callers who share a commit: each with an answer of its own, nobody waiting for nothing, nothing lost or doubled."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

from ledger_web.domain.errors import InsufficientFundsError, ResubmissionError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import Entry, cash, equity
from ledger_web.models.base import db
from ledger_web.services.batches import Posting
from ledger_web.services.group_poster import GroupPoster
from ledger_web.services.unit_of_work import Recorded
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, cached_balance, count
from tests.databases import Database
from tests.shops import Shop, open_a_shop, person

OWNER = equity("PKR", "owner")


def pay_in(shop: Shop, amount: int, *, memo: str = "") -> Posting:
    return Posting(id=new_id(), kind="pay_in", memo=memo, entries=(Entry(cash(shop.drawer_id, "PKR"), OWNER, amount),))


def pay_out(shop: Shop, amount: int) -> Posting:
    return Posting(id=new_id(), kind="pay_out", entries=(Entry(OWNER, cash(shop.drawer_id, "PKR"), amount),))


def in_till(shop: Shop) -> int:
    return cached_balance(shop, cash(shop.drawer_id, "PKR"))


class Meddler:
    """Holds a commit open until told to go on, and counts commits; or does something just before the first."""

    def __init__(self) -> None:
        self.commits = 0
        self.before_first: Callable[[Connection], None] = lambda _: None

    def __call__(self, connection: Connection) -> None:
        self.commits += 1
        if self.commits == 1:
            self.before_first(connection)


@pytest.fixture
def meddler(app: Flask) -> Iterator[Meddler]:
    meddler = Meddler()
    event.listen(db.engine, "commit", meddler)
    yield meddler
    event.remove(db.engine, "commit", meddler)


def while_one_commits(
    app: Flask, meddler: Meddler, poster: GroupPoster, shop: Shop, *acts: Callable[[], object]
) -> list[object]:
    """Let one post first and stop before its commit until all others have queued; return what the others got."""
    queued = threading.Event()
    meddler.before_first = lambda _: queued.set() if wait_for_queue(poster, shop, len(acts)) else None
    results = in_threads(app, lambda: poster.post(pay_in(shop, 1), shop.act()), *[after(meddler, act) for act in acts])
    assert queued.is_set()
    assert isinstance(results[0], Recorded)
    return results[1:]


@contextlib.contextmanager
def before_entries_are_sent(do: Callable[[Connection], None]) -> Iterator[None]:
    """Do something each time entries are about to be sent, the commit with them."""

    def told(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if "INSERT INTO entries" in statement:
            do(connection)

    event.listen(db.engine, "before_cursor_execute", told)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", told)


def after(meddler: Meddler, act: Callable[[], object]) -> Callable[[], object]:
    def wait_then_act() -> object:
        while not meddler.commits:
            pass_time()
        return act()

    return wait_then_act


def wait_for_queue(poster: GroupPoster, shop: Shop, length: int) -> bool:
    for _ in range(5000):
        if len(poster._waiting[shop.tenant_id]) == length:
            return True
        pass_time()
    return False


def pass_time() -> None:
    threading.Event().wait(0.001)


def test_a_quiet_caller_posts_at_once_and_alone(shop: Shop, meddler: Meddler) -> None:
    poster = GroupPoster()
    posting = pay_in(shop, 5)

    assert poster.post(posting, shop.act()) == Recorded(posting.id)

    assert meddler.commits == 1
    assert poster._waiting == {}  # nobody leads, so the next one does not wait either
    assert in_till(shop) == 5


def test_all_who_wait_share_the_next_commit(app: Flask, shop: Shop, meddler: Meddler) -> None:
    poster = GroupPoster()

    answers = while_one_commits(
        app, meddler, poster, shop, *[lambda: poster.post(pay_in(shop, 10), shop.act()) for _ in range(6)]
    )

    assert [type(answer) for answer in answers] == [Recorded] * 6
    assert meddler.commits == 2
    assert in_till(shop) == 61
    assert_the_books_agree(shop)


def test_one_that_is_refused_hears_it_and_does_not_hurt_the_others(app: Flask, shop: Shop, meddler: Meddler) -> None:
    poster = GroupPoster()

    answers = while_one_commits(
        app,
        meddler,
        poster,
        shop,
        lambda: poster.post(pay_in(shop, 10), shop.act()),
        lambda: poster.post(pay_out(shop, 1_000), shop.act()),
        lambda: poster.post(pay_in(shop, 20), shop.act()),
    )

    assert [type(answer) for answer in answers] == [Recorded, InsufficientFundsError, Recorded]
    assert in_till(shop) == 31
    assert_the_books_agree(shop)


def test_one_that_no_database_can_store_fails_by_itself(app: Flask, shop: Shop, meddler: Meddler) -> None:
    poster = GroupPoster()
    impossible = pay_in(shop, 10, memo="zero byte: \x00")

    answers = while_one_commits(
        app,
        meddler,
        poster,
        shop,
        lambda: poster.post(pay_in(shop, 10), shop.act()),
        lambda: poster.post(impossible, shop.act()),
        lambda: poster.post(pay_in(shop, 20), shop.act()),
    )

    assert isinstance(answers[0], Recorded)
    assert isinstance(answers[1], DBAPIError)
    assert isinstance(answers[2], Recorded)
    assert in_till(shop) == 31


def test_an_id_used_twice_by_two_callers_posts_once(app: Flask, shop: Shop, meddler: Meddler) -> None:
    poster = GroupPoster()
    first = pay_in(shop, 10)
    other = Posting(id=first.id, kind="pay_in", entries=(Entry(cash(shop.drawer_id, "PKR"), OWNER, 99),))

    answers = while_one_commits(
        app,
        meddler,
        poster,
        shop,
        lambda: poster.post(first, shop.act()),
        lambda: poster.post(first, shop.act()),
    )

    assert {answer.replayed for answer in answers if isinstance(answer, Recorded)} == {False, True}
    with pytest.raises(ResubmissionError):
        poster.post(other, shop.act())
    assert in_till(shop) == 11


def test_each_posting_is_signed_by_who_asked_for_it(app: Flask, shop: Shop, meddler: Meddler) -> None:
    poster = GroupPoster()
    cashier = person(shop, "cashier")
    meddler.commits = 0
    theirs = pay_in(shop, 10)

    while_one_commits(
        app,
        meddler,
        poster,
        shop,
        lambda: poster.post(pay_in(shop, 20), shop.act()),
        lambda: poster.post(theirs, shop.act(cashier)),
    )

    with shop.act() as uow:
        rows = uow.execute("SELECT id, actor_id FROM transactions WHERE tenant_id = %(tenant_id)s").all()
    actors = {row.id: row.actor_id for row in rows}
    assert actors.pop(theirs.id) == cashier
    assert set(actors.values()) == {shop.owner_id}


def test_a_batch_is_never_longer_than_asked(app: Flask, shop: Shop, meddler: Meddler) -> None:
    poster = GroupPoster(batch_max=2)

    answers = while_one_commits(
        app, meddler, poster, shop, *[lambda: poster.post(pay_in(shop, 10), shop.act()) for _ in range(5)]
    )

    assert [type(answer) for answer in answers] == [Recorded] * 5
    assert meddler.commits == 1 + 3


def test_two_shops_never_share_a_batch(app: Flask, shop: Shop) -> None:
    poster, rival = GroupPoster(), open_a_shop("rival")

    answers = in_threads(
        app,
        *[lambda: [poster.post(pay_in(shop, 1), shop.act()) for _ in range(20)]] * 3,
        *[lambda: [poster.post(pay_in(rival, 2), rival.act()) for _ in range(20)]] * 3,
    )

    assert all(isinstance(answer, list) for answer in answers)
    assert (in_till(shop), in_till(rival)) == (60, 120)
    assert_the_books_agree(rival)


def test_nobody_is_forgotten_when_many_post_all_the_time(app: Flask, shop: Shop, meddler: Meddler) -> None:
    poster = GroupPoster(batch_max=3)

    def trade() -> int:
        stored = 0
        for _ in range(25):
            poster.post(pay_in(shop, 10), shop.act())
            try:
                poster.post(pay_out(shop, 15), shop.act())
                stored -= 15
            except InsufficientFundsError:
                pass
            stored += 10
        return stored

    results = in_threads(app, *[trade] * 8)

    assert all(isinstance(result, int) for result in results)
    assert in_till(shop) == sum(result for result in results if isinstance(result, int)) >= 0
    assert meddler.commits < 8 * 25 * 2
    assert poster._waiting == {}
    assert_the_books_agree(shop)


def test_a_connection_killed_before_the_commit_is_retried_and_posts_each_once(
    app: Flask, shop: Shop, database: Database
) -> None:
    poster = GroupPoster()
    before = count(shop, "transactions")
    ended: list[int] = []

    def end_the_first(connection: Connection) -> None:
        if not ended:
            ended.append(backend_of(connection))
            end_backend(database, ended[0])

    with before_entries_are_sent(end_the_first):
        answers = in_threads(app, *[lambda: poster.post(pay_in(shop, 10), shop.act())] * 6)

    assert ended
    assert [type(answer) for answer in answers] == [Recorded] * 6
    assert in_till(shop) == 60
    assert count(shop, "transactions") == before + 6
    assert_the_books_agree(shop)


def test_a_connection_lost_after_the_commit_arrived_is_retried_and_posts_each_once(
    app: Flask, shop: Shop, meddler: Meddler
) -> None:
    poster, before = GroupPoster(), count(shop, "transactions")

    def commit_and_hang_up(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.commit()
        driver.close()

    meddler.before_first = commit_and_hang_up

    answers = in_threads(app, *[lambda: poster.post(pay_in(shop, 10), shop.act())] * 6)

    assert [type(answer) for answer in answers] == [Recorded] * 6
    assert in_till(shop) == 60
    assert count(shop, "transactions") == before + 6


def test_when_the_database_stays_away_all_callers_hear_it_and_later_ones_are_served(
    app: Flask, shop: Shop, database: Database
) -> None:
    poster = GroupPoster()

    def end_it(connection: Connection) -> None:
        end_backend(database, backend_of(connection))

    with before_entries_are_sent(end_it):
        answers = in_threads(app, *[lambda: poster.post(pay_in(shop, 10), shop.act())] * 3)

    assert all(isinstance(answer, DBAPIError) for answer in answers)
    assert isinstance(poster.post(pay_in(shop, 10), shop.act()), Recorded)
    assert in_till(shop) == 10


def backend_of(connection: Connection) -> int:
    driver: Any = connection.connection.driver_connection
    return int(driver.info.backend_pid)


def end_backend(database: Database, pid: int) -> None:
    with psycopg.connect(database.conninfo(), autocommit=True) as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
