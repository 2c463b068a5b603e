"""The work of a sale: statements of storing and adding a line, and what 32 cashiers at one drawer wait for."""

import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from benchmarks.ground import Ground, Result
from ledger_web.domain.ids import new_id
from ledger_web.models.base import db
from ledger_web.services.carts import AddToCart, add_to_cart
from ledger_web.services.sales import StoreCart, store_cart
from tests.books import assert_the_books_agree
from tests.shops import Shop, add_product, open_a_shop, sell

CASHIERS = 32
LINES = 5
STATEMENTS_MAX = 12  # of storing a sale, however many lines
QUERIES_MAX = 3  # of adding a line, beside the one that names the shop
SPREAD_MAX = 10  # p99 over p50


def measure_selling(ground: Ground) -> list[Result]:
    """Measure in one process, without HTTP, against what is promised."""
    with ground.app.app_context():
        shop = open_a_shop("bench-selling")
        products = [add_product(shop, f"Ware {number}", quantity=10**6) for number in range(LINES)]
        sell(shop, (products[0], 1, 115_00))  # the first sale of a shop opens the accounts
        _add(shop, products[:1])
        with _statements() as of_line:
            _add(shop, products[1:2])
        _add(shop, products[2:])
        cart = _cart(shop)
        with _statements() as of_store:
            store_cart(cart, shop.act())
        waits = _waits_at_one_drawer(ground, shop, products, 10 if ground.quick else 60)
        assert_the_books_agree(shop)
    spread = waits[int(len(waits) * 0.99)] / statistics.median(waits)
    queries = len(of_line) - 1
    return [
        Result("sale.store.statements", len(of_store), STATEMENTS_MAX, STATEMENTS_MAX / len(of_store), ""),
        Result("sale.add_line.queries", queries, QUERIES_MAX, QUERIES_MAX / queries, ""),
        Result("sale.store.32.p99_over_p50", spread, SPREAD_MAX, SPREAD_MAX / spread, ""),
        Result("sale.store.32.p50_ms", 1000 * statistics.median(waits), 100, 0.1 / statistics.median(waits), "ms"),
    ]


@contextmanager
def _statements() -> Iterator[list[str]]:
    """Note the statements that are run meanwhile, the one that names the shop among them."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def _add(shop: Shop, products: list[uuid.UUID]) -> None:
    for product_id in products:
        add_to_cart(AddToCart(id=new_id(), product_id=product_id), shop.act())


def _cart(shop: Shop) -> StoreCart:
    with shop.act() as uow:
        row = uow.execute(
            "SELECT id, version FROM carts WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s",
            {"user_id": shop.owner_id},
        ).one()
    return StoreCart(id=row.id, version=row.version, drawer_id=shop.drawer_id, currency=shop.currency)


def _waits_at_one_drawer(ground: Ground, shop: Shop, products: list[uuid.UUID], rounds: int) -> list[float]:
    """Let 32 cashiers sell at one drawer at once; return how long each sale took, the shortest first. None may fail."""

    def work(_: int) -> list[float]:
        with ground.app.app_context():
            return [
                _timed(lambda: sell(shop, *((product_id, 1, 115_00) for product_id in products))) for _ in range(rounds)
            ]

    with ThreadPoolExecutor(CASHIERS) as pool:
        return sorted(wait for waits in pool.map(work, range(CASHIERS)) for wait in waits)


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
