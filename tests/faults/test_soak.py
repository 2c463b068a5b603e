"""A server that has sold for a while needs no more memory, files or time than before. Promise O6.

Minutes instead of the promised hours: what grows with each request shows after some thousands of them.
"""

import statistics
import threading
import time
from dataclasses import dataclass

import psutil
import pytest
from flask import Flask

from ledger_web.models.base import db
from tests import books
from tests.faults.servers import Server, Till, free_port
from tests.shops import add_product, add_user, open_a_shop

TILLS = 3
WARM_SECONDS, MEASURED_SECONDS = 60, 120
SECONDS_MAX = 600


@dataclass(frozen=True, slots=True)
class Size:
    """What the processes of a server hold."""

    memory: int  # bytes that are nobody else's
    files: int


@pytest.mark.long
@pytest.mark.xdist_group("faults")
def test_o6_after_thousands_of_requests_a_server_is_as_small_and_as_quick_as_before(durable_app: Flask) -> None:
    shop = open_a_shop("corner")
    product_id = add_product(shop, "Milk", quantity=100_000)
    for number in range(TILLS):
        add_user(shop, f"cashier{number}", "cashier")
    db.session.remove()
    server = Server(free_port())
    server.start()
    tills = [Till(server.port, f"cashier{n}", product_id, time.monotonic() + SECONDS_MAX) for n in range(TILLS)]
    for till in tills:
        till.sign_in()
        till.sell()
    lost = sum(till.lost for till in tills)  # while the server began
    over = threading.Event()
    taken: list[tuple[float, float]] = []  # when a sale was begun, and its seconds

    def work(till: Till) -> None:
        while not over.is_set():
            began = time.monotonic()
            till.sell()
            taken.append((began, time.monotonic() - began))

    threads = [threading.Thread(target=work, args=(till,)) for till in tills]
    for thread in threads:
        thread.start()
    try:
        time.sleep(WARM_SECONDS)
        warm, before = time.monotonic(), size_of(server)
        time.sleep(MEASURED_SECONDS)
        after = size_of(server)
    finally:
        over.set()
        for thread in threads:
            thread.join()
        server.stop()

    halfway = warm + MEASURED_SECONDS / 2
    assert len(taken) > 300
    assert sum(till.lost for till in tills) == lost
    assert after.memory <= 1.1 * before.memory, (before, after)
    assert after.files <= before.files + TILLS, (before, after)
    first, second = p95([s for at, s in taken if warm < at < halfway]), p95([s for at, s in taken if at > halfway])
    assert second <= 1.5 * first, (first, second)
    books.assert_the_books_agree(shop)


def size_of(server: Server) -> Size:
    assert server.process
    main = psutil.Process(server.process.pid)
    own = [each for each in (main, *main.children(recursive=True)) if each.name().startswith("python")]
    return Size(sum(each.memory_full_info().uss for each in own), sum(each.num_fds() for each in own))


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]
