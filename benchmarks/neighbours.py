"""One shop asks for reports as fast as it can; how long does the shop next door wait for its till?

Yardstick: the same till while nobody else asks. Server, database and all who ask share the machine. Promise T11 wants
a ratio above 0.5, that is at most twice the wait. Where there is an nginx, the same behind the README's proxy.
"""

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.ground import Ground, Result
from benchmarks.pages import SERVE, _served, _till
from tests.faults.servers import free_port
from tests.reverse_proxy import NGINX, reverse_proxy
from tests.shops import Shop, add_product, open_a_shop

NOISY = 6  # browsers next door; a server has eight threads
PAGE = "/reports/trial-balance"
PAUSE = 0.05  # seconds in which the till does not ask: it stays below what the proxy lets through at once


def measure_neighbours(ground: Ground) -> list[Result]:
    """Return `neighbour.p50_ms` and `.p95_ms`, and `neighbour.behind_proxy.` the same."""
    found = []
    with ground.app.app_context():
        quiet, noisy = open_a_shop("bench-next-door"), open_a_shop("bench-noisy")
        add_product(quiet)
        with _served(ground, "-c", SERVE) as port:
            found += _measure("neighbour", port, quiet, noisy, ground.seconds)
            if NGINX:
                with _behind_proxy(port) as proxy_port:
                    found += _measure("neighbour.behind_proxy", proxy_port, quiet, noisy, ground.seconds)
    return found


def _measure(name: str, port: int, quiet: Shop, noisy: Shop, seconds: float) -> list[Result]:
    till = _till(port, quiet, quiet.owner_id)
    others = [_till(port, noisy, noisy.owner_id) for _ in range(NOISY)]
    alone = _waits(till.get, seconds)
    ended = threading.Event()

    def ask(number: int) -> None:
        while not ended.is_set():
            others[number].get(PAGE)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(NOISY)]
    for thread in threads:
        thread.start()
    beside = _waits(till.get, seconds)
    ended.set()
    for thread in threads:
        thread.join()
    return [
        Result(f"{name}.p{share}_ms", value, yardstick, yardstick / value, "ms")
        for share in (50, 95)
        for value, yardstick in [(_quantile(beside, share), _quantile(alone, share))]
    ]


@contextlib.contextmanager
def _behind_proxy(server_port: int) -> Iterator[int]:
    with tempfile.TemporaryDirectory(prefix="ledger-bench-") as place:
        port = free_port()
        with reverse_proxy(Path(place), port, server_port):
            yield port


def _waits(get: Callable[[str], object], seconds: float) -> list[float]:
    taken = []
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        began = time.perf_counter()
        get("/sell/")
        taken.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE)
    return sorted(taken)


def _quantile(waits: list[float], share: int) -> float:
    return waits[len(waits) * share // 100]
