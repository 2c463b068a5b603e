"""Deleting a sale of five lines over HTTP, one after the other, on one server process.

Yardstick: an ordinary page with one SELECT on the same kind of server. A deletion turns every entry round, puts five
products back and marks the sale, in one database transaction.
"""

import statistics
import time
from collections.abc import Callable, Iterable
from decimal import Decimal

from benchmarks.ground import Ground, Result
from benchmarks.pages import LINES, SERVE, Till, _served, _till
from ledger_web.domain.ids import new_id
from ledger_web.services.sales import RecordSale, SoldLine, record_sale
from tests.books import assert_the_books_agree
from tests.shops import add_product, open_a_shop

REASON = "Rung up twice"


def measure_deletions(ground: Ground) -> list[Result]:
    """Measure how long the answer to a deletion takes, milliseconds."""
    times = 60 if ground.quick else 300
    with ground.app.app_context():
        shop = open_a_shop("bench-deletions")
        products = [add_product(shop, f"Product {number}", quantity=10**6) for number in range(LINES)]
        lines = tuple(SoldLine(product_id=id, quantity=Decimal(1), unit_price=115_00) for id in products)
        sales = [new_id() for _ in range(times)]
        for id in sales:
            sale = RecordSale(id=id, drawer_id=shop.drawer_id, currency=shop.currency, lines=lines)
            record_sale(sale, shop.act())
        with _served(ground, "-m", "benchmarks.one_select") as port:
            plain = Till(port)
            yardstick = _milliseconds(lambda _: plain.get("/"), range(times))
        with _served(ground, "-c", SERVE) as port:
            till = _till(port, shop, shop.owner_id)
            deleted = _milliseconds(
                lambda id: till.post(f"/sales/{id}/deletion", op_id=new_id(), reason_id="", reason=REASON), sales
            )
        assert_the_books_agree(shop)
    return [
        Result(f"sale.delete.{name}_ms", value, beside, beside / value, "ms")
        for name, value, beside in zip(("p50", "p99"), _quantiles(deleted), _quantiles(yardstick), strict=True)
    ]


def _milliseconds(act: Callable[[object], object], things: Iterable[object]) -> list[float]:
    taken = []
    for thing in things:
        began = time.perf_counter()
        act(thing)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def _quantiles(taken: list[float]) -> tuple[float, float]:
    hundredths = statistics.quantiles(taken, n=100)
    return hundredths[49], hundredths[98]
