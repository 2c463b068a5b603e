"""Every page of a shop in which everything happened, before and after it grew to a million entries.

Yardstick of a page: itself in the small shop. The slowest are told, each with the part of it that the database takes.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from benchmarks.ground import Ground, Result
from benchmarks.ground import ground as another_ground
from ledger_web.models.base import db
from tests.clients import ShopClient
from tests.furnished import furnish
from tests.grown import grow
from tests.pages import walk
from tests.shops import Shop, open_a_shop

COPIES_OF_A_MILLION = 50_000
SLOWEST = 12
ROUNDS = 3

Times = dict[str, tuple[float, float]]  # by address: milliseconds in all, and of the database


def measure_walk(ground: Ground) -> list[Result]:
    """Return `walk.median_ms` and `walk.<endpoint>` for the slowest pages."""
    with another_ground(seconds=ground.seconds, quick=ground.quick) as place, place.app.app_context():
        shop = open_a_shop("walked")
        furnish(shop)
        client = _owner(place, shop)
        pages = {page.path: page.endpoint for page in walk(place.app, client)}
        small = _times(client, list(pages))
        grow(place.superuser, shop.tenant_id, 200 if ground.quick else COPIES_OF_A_MILLION)
        large = _times(client, list(small))
    slowest: dict[str, str] = {}
    for path in sorted(large, key=lambda each: large[each][0]):
        slowest[pages[path]] = path  # the slowest address of each endpoint
    chosen = sorted(slowest.items(), key=lambda each: -large[each[1]][0])[:SLOWEST]
    middle = [statistics.median(taken[path][0] for path in large) for taken in (large, small)]
    return [
        Result("walk.median_ms", middle[0], middle[1], middle[1] / middle[0], "ms"),
        *[
            Result(f"walk.{name}", large[path][0], small[path][0], small[path][0] / large[path][0], "ms")
            for name, path in chosen
        ],
        *[
            Result(f"walk.{name}.database", large[path][1], large[path][0], large[path][0] / large[path][1], "ms")
            for name, path in chosen[:3]
        ],
    ]


def _owner(place: Ground, shop: Shop) -> ShopClient:
    client = ShopClient(place.app, place.app.response_class, use_cookies=True)
    client.host = f"{shop.slug}.localhost"
    client.sign_in_as(shop, "owner")
    return client


def _times(client: ShopClient, paths: list[str]) -> Times:
    taken: Times = {}
    for path in paths:
        with _database() as spent:
            times = [_timed(client, path, spent) for _ in range(ROUNDS)]
        if all(times):
            taken[path] = min(each for each in times if each)
    return taken


def _timed(client: ShopClient, path: str, spent: list[float]) -> tuple[float, float] | None:
    spent.clear()
    began = time.perf_counter()
    answer = client.get(path)
    took = (time.perf_counter() - began) * 1000
    return (took, max(0.001, sum(spent) * 1000)) if answer.status_code < 400 else None


@contextmanager
def _database() -> Iterator[list[float]]:
    """Note how long each statement takes meanwhile."""
    spent: list[float] = []
    began: list[float] = []

    def begin(*_: Any) -> None:
        began[:] = [time.perf_counter()]

    def end(*_: Any) -> None:
        spent.append(time.perf_counter() - began[0])

    event.listen(db.engine, "before_cursor_execute", begin)
    event.listen(db.engine, "after_cursor_execute", end)
    try:
        yield spent
    finally:
        event.remove(db.engine, "before_cursor_execute", begin)
        event.remove(db.engine, "after_cursor_execute", end)
