"""A scan at 100,000 products: what the server spends on saying what a code means.

Yardstick: what is promised, five milliseconds and one query.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import event
from stdnum import ean

from benchmarks.ground import Ground, Result
from ledger_web.models.base import db, session_of
from ledger_web.queries.scans import PRODUCT, resolve
from tests.shops import Shop, open_a_shop

PRODUCTS = 100_000
SCANS = 2_000
PROMISED_MS = 5.0
PROMISED_QUERIES = 1.0

_FILL = """
    CREATE TEMP TABLE goods AS
    SELECT n, gen_random_uuid() AS id FROM generate_series(1, %(products)s) AS n;
    INSERT INTO products (tenant_id, id, name, name_key, sku, unit_price)
    SELECT %(tenant_id)s, id, 'Product ' || n, 'product ' || n, 'SKU-' || n, 100 FROM goods;
    INSERT INTO stock_levels (tenant_id, product_id, quantity) SELECT %(tenant_id)s, id, 10 FROM goods;
    INSERT INTO barcodes (tenant_id, code, product_id, symbology)
    SELECT %(tenant_id)s, b || (10 - (3 * (d[2] + d[4] + d[6] + d[8] + d[10] + d[12])
                                      + d[1] + d[3] + d[5] + d[7] + d[9] + d[11]) %% 10) %% 10, id, 'ean13'
      FROM goods
     CROSS JOIN LATERAL (SELECT '5' || lpad(n::text, 11, '0') AS b) AS body
     CROSS JOIN LATERAL (SELECT string_to_array(b, NULL)::integer[] AS d) AS digits;
    DROP TABLE goods
"""


def measure_scans(ground: Ground) -> list[Result]:
    """Scan codes one after another, each in a database transaction of its own, as each request does."""
    products, scans = (2_000, 200) if ground.quick else (PRODUCTS, SCANS)
    with ground.app.app_context():
        shop = open_a_shop(f"bench-scan-{uuid.uuid4().hex[:6]}")
        _fill(ground, shop, products)
        codes = [_code(1 + n * 7919 % products) for n in range(scans)]
        for code in codes[:20]:
            _scan(shop, code)
        with counted(ground.app) as seen:
            _scan(shop, codes[0])
        took = sorted(_timed(shop, code) for code in codes)
    p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
    return [
        Result("scan.server_ms.p50", p50, PROMISED_MS, PROMISED_MS / p50, "ms"),
        Result("scan.server_ms.p99", p99, PROMISED_MS, PROMISED_MS / p99, "ms"),
        Result("scan.queries", len(seen), PROMISED_QUERIES, PROMISED_QUERIES / len(seen), "queries"),
    ]


def _fill(ground: Ground, shop: Shop, products: int) -> None:
    """Write the products past the services: ten thousand a minute would be too slow here."""
    ground.superuser.execute("SET session_replication_role = replica")
    for statement in _FILL.split(";\n"):
        bound = statement.replace("%(tenant_id)s", str(int(shop.tenant_id))).replace("%(products)s", str(int(products)))
        ground.superuser.execute(bound.replace("%%", "%").encode())
    ground.superuser.execute("SET session_replication_role = origin")
    ground.superuser.execute("VACUUM ANALYZE products, barcodes, stock_levels")


def _code(number: int) -> str:
    body = f"5{number:011d}"
    return body + str(ean.calc_check_digit(body))


def _scan(shop: Shop, code: str) -> None:
    scanned = resolve(shop.tenant_id, code)
    assert scanned.kind == PRODUCT, code
    session_of(shop.tenant_id).rollback()


def _timed(shop: Shop, code: str) -> float:
    began = time.perf_counter()
    _scan(shop, code)
    return 1000 * (time.perf_counter() - began)


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """Collect the statements that are sent to the database meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
