"""What was acknowledged is there, exactly once, whatever is killed. Source: promises D1 and X3, in the size for CI.

Four tills ring up sales over HTTP at a real server on a PostgreSQL with fsync. Meanwhile the worker, the server and
the postmaster are killed, and every tenth answer is thrown away unread. A till sends the same form again, with the
same number, until somebody answers. (kill -9 says nothing about power cuts; for these there is fsync.)
"""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import text

from ledger_web.embedded_postgres import EmbeddedPostgres
from ledger_web.models.base import db, session_of
from tests import books
from tests.faults.servers import HOME, Server, Till, free_port
from tests.shops import Shop, add_product, add_user, open_a_shop


@dataclass(frozen=True, slots=True)
class Storm:
    """How many are to be sold while so much is killed."""

    sales: int
    tills: int
    worker_kills: int
    server_kills: int
    database_kills: int
    seconds_max: int  # on a machine that has other work

    def faults(self, server: Server, cluster: EmbeddedPostgres) -> dict[int, Callable[[], None]]:
        """Say what is killed after how many sales: the kinds in turns, evenly."""
        kinds: list[Callable[[], None]] = [
            *[server.kill_workers] * self.worker_kills,
            *[server.kill] * self.server_kills,
            *[lambda: server.kill_postgres(cluster)] * self.database_kills,
        ]
        kinds = [kind for place in range(3) for kind in kinds[place::3]]  # not all of one kind after the other
        return {self.sales * number // (len(kinds) + 1): kind for number, kind in enumerate(kinds, start=1)}


@pytest.mark.xdist_group("faults")
@pytest.mark.parametrize(
    "storm",
    [
        Storm(300, tills=4, worker_kills=2, server_kills=1, database_kills=2, seconds_max=240),
        pytest.param(
            Storm(10_000, tills=8, worker_kills=30, server_kills=5, database_kills=10, seconds_max=1800),
            marks=pytest.mark.long,
        ),
    ],
    ids=["300 sales", "10,000 sales"],
)
def test_d1_x3_no_acknowledged_sale_is_missing_or_doubled_when_everything_is_killed(
    durable_app: Flask, cluster: EmbeddedPostgres, storm: Storm
) -> None:
    shop = open_a_shop("corner")
    product_id = add_product(shop, "Milk", quantity=storm.sales + storm.tills)
    logins = [f"cashier{number}" for number in range(storm.tills)]
    for login in logins:
        add_user(shop, login, "cashier")
    db.session.remove()
    server = Server(free_port())
    server.start()
    tills = [Till(server.port, login, product_id, time.monotonic() + storm.seconds_max) for login in logins]

    try:
        errors = _sell_until_enough(tills, storm.sales, storm.faults(server, cluster))
    finally:
        server.stop()

    assert errors == [], (HOME / "said.txt").read_text()[-4000:]
    assert sum(till.lost for till in tills) > storm.tills, "nothing was killed while somebody was selling"
    _must_be_there_once(shop, [id for till in tills for id in till.acknowledged], storm.sales)


def _sell_until_enough(tills: list[Till], sales: int, faults: dict[int, Callable[[], None]]) -> list[BaseException]:
    """Let the tills sell, and do each fault when so many sales were acknowledged."""
    errors: list[BaseException] = []

    def work(till: Till) -> None:
        try:
            till.sign_in()
            while sum(len(each.acknowledged) for each in tills) < sales and not errors:
                till.sell()
        except BaseException as error:  # the test looks at it
            errors.append(error)

    threads = [threading.Thread(target=work, args=(till,)) for till in tills]
    for thread in threads:
        thread.start()
    for count, fault in faults.items():
        while sum(len(each.acknowledged) for each in tills) < count and any(thread.is_alive() for thread in threads):
            time.sleep(0.02)
        if not errors:
            fault()
    for thread in threads:
        thread.join()
    return errors


def _must_be_there_once(shop: Shop, acknowledged: list[uuid.UUID], sales: int) -> None:
    session = session_of(shop.tenant_id)
    numbers = session.execute(
        text("SELECT id, number FROM sales WHERE tenant_id = :tenant_id ORDER BY number"), {"tenant_id": shop.tenant_id}
    ).all()
    durable = session.execute(text("SELECT current_setting('fsync')")).scalar_one()
    session.rollback()
    assert durable == "on"
    assert len(acknowledged) == len(set(acknowledged)) >= sales
    assert {row.id for row in numbers} == set(acknowledged)
    assert [row.number for row in numbers] == [f"A-{number:06d}" for number in range(1, len(numbers) + 1)]
    assert books.count(shop, "stock_moves") == len(acknowledged) + 1  # the opening stock is one
    books.assert_the_books_agree(shop)
