"""A server that is told to stop says so first, answers what it has begun, and leaves with 0. Source: promise D6."""

import http.client
import threading
import time

import psycopg
import pytest
from flask import Flask

from ledger_web.embedded_postgres import EmbeddedPostgres
from ledger_web.models.base import db
from tests import books
from tests.faults.servers import Server, Till, free_port
from tests.shops import add_product, add_user, open_a_shop

TILLS = 3  # the server has four threads: one is left for whoever asks whether it is ready
SECONDS_MAX = 60


@pytest.mark.xdist_group("faults")
def test_d6_a_server_that_is_told_to_stop_answers_the_sales_it_has_begun(
    durable_app: Flask, cluster: EmbeddedPostgres
) -> None:
    shop = open_a_shop("corner")
    product_id = add_product(shop, "Milk")
    for number in range(TILLS):
        add_user(shop, f"cashier{number}", "cashier")
    db.session.remove()
    server = Server(free_port(), drain_seconds=1)
    server.start()
    tills = [Till(server.port, f"cashier{n}", product_id, time.monotonic() + SECONDS_MAX) for n in range(TILLS)]
    for till in tills:
        till.sign_in()
        till.sell()
    pays = [till.ring_up() for till in tills]
    lost = sum(till.lost for till in tills)  # while the server began

    with psycopg.connect(cluster.conninfo(database="ledger")) as holder:
        holder.execute("SELECT 1 FROM stock_levels FOR UPDATE")
        threads = [threading.Thread(target=till.store, args=(pay,)) for till, pay in zip(tills, pays, strict=True)]
        for thread in threads:
            thread.start()
        _wait_for(cluster, TILLS)
        assert _ask(server.port, "/readyz") == 200
        assert server.process
        server.process.terminate()
        time.sleep(0.2)
        said_while_leaving = _ask(server.port, "/readyz")
        holder.rollback()
    for thread in threads:
        thread.join()
    code = server.process.wait(30)

    assert (said_while_leaving, code) == (503, 0)
    assert [len(till.acknowledged) for till in tills] == [2] * TILLS
    assert sum(till.lost for till in tills) == lost
    assert _ask(server.port, "/healthz") is None
    assert books.count(shop, "sales") == 2 * TILLS
    books.assert_the_books_agree(shop)


def _wait_for(cluster: EmbeddedPostgres, waiting: int) -> None:
    """Wait until so many acts wait for the lock."""
    deadline = time.monotonic() + 2.5
    with psycopg.connect(cluster.conninfo(), autocommit=True) as looker:
        while time.monotonic() < deadline:
            row = looker.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()
            if row and row[0] >= waiting:
                return
            time.sleep(0.02)
    raise AssertionError("the sales did not get to their locks")


def _ask(port: int, path: str) -> int | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()
