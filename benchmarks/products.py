"""Products at 100,000 of them: search by part of a name, and the page of one of them.

Yardstick: what is promised, twenty milliseconds of database time for a search and ten queries for a page.
"""

import time
import uuid
from collections.abc import Callable
from typing import Final

from benchmarks.ground import BASE_DOMAIN, Ground, Result
from benchmarks.scans import counted
from ledger_web.models.base import session_of
from ledger_web.queries.carts import list_product_hits
from ledger_web.queries.products import list_products
from tests.clients import browser_at
from tests.shops import Shop, add_product, open_a_shop

PRODUCTS: Final = 100_000
ROUNDS: Final = 5
PROMISED_MS: Final = 20.0
PROMISED_QUERIES: Final = 10.0

# As typed: more and more of a word, several words, a word that half the shop has, one that nothing has.
TYPED: Final = ("c", "ch", "choc", "chocolate", "chocolate br", "dark choc 25", "pack", "pack 99", "8731", "xyzzy")

_FILL: Final = """
    CREATE TEMP TABLE goods AS
    SELECT n, gen_random_uuid() AS id,
           (ARRAY['dark', 'white', 'fresh', 'dried', 'ground', 'whole', 'brown', 'green', 'red', 'salted'])[1 + n % 10]
           || ' ' ||
           (ARRAY['chocolate', 'milk', 'bread', 'tea', 'coffee', 'cheese', 'chicken', 'rice', 'beans', 'soap',
                  'candles', 'matches', 'honey', 'olives', 'dates', 'almonds', 'cashews', 'biscuits', 'cereal',
                  'noodles', 'lentils', 'sugar', 'salt', 'pepper', 'cinnamon'])[1 + n / 10 % 25]
           || ' ' || (CASE WHEN n % 2 = 0 THEN 'pack ' ELSE '' END) || 'brand' || n % 400 || ' ' || n AS name
      FROM generate_series(1, %(products)s) AS n;
    INSERT INTO products (tenant_id, id, name, name_key, unit_price)
    SELECT %(tenant_id)s, id, name, name, 100 FROM goods;
    INSERT INTO product_words (tenant_id, word, product_id)
    SELECT DISTINCT %(tenant_id)s, word, id FROM goods CROSS JOIN LATERAL string_to_table(name, ' ') AS word;
    INSERT INTO stock_levels (tenant_id, product_id, quantity) SELECT %(tenant_id)s, id, 10 FROM goods;
    DROP TABLE goods
"""


def measure_products(ground: Ground) -> list[Result]:
    """Search one text after another, as the list and as the till does; then open a product's page."""
    with ground.app.app_context():
        shop = open_a_shop(f"bench-goods-{uuid.uuid4().hex[:6]}")
        _fill(ground, shop, 2_000 if ground.quick else PRODUCTS)
        slowest = max(
            min(_searched(shop, typed, looking) for _ in range(ROUNDS))
            for typed in TYPED
            for looking in (_listed, list_product_hits)
        )
        product_id = add_product(shop, "Something of everything")
        client = browser_at(ground.app)
        client.host = f"{shop.slug}.{BASE_DOMAIN}"
        client.sign_in_as(shop, "owner")
    client.get(f"/products/{product_id}")
    with counted(ground.app) as seen:
        assert client.get(f"/products/{product_id}").status_code == 200
    return [
        Result("search.100k_ms", slowest, PROMISED_MS, PROMISED_MS / slowest, "ms"),
        Result("details.queries", len(seen), PROMISED_QUERIES, PROMISED_QUERIES / len(seen), "queries"),
    ]


def _fill(ground: Ground, shop: Shop, products: int) -> None:
    """Write the products past the services: ten thousand a minute would be too slow here."""
    ground.superuser.execute("SET session_replication_role = replica")
    for statement in _FILL.split(";\n"):
        bound = statement.replace("%(tenant_id)s", str(int(shop.tenant_id))).replace("%(products)s", str(int(products)))
        ground.superuser.execute(bound.encode())
    ground.superuser.execute("SET session_replication_role = origin")
    ground.superuser.execute("VACUUM ANALYZE products, product_words, stock_levels")


def _searched(shop: Shop, typed: str, looking: Callable[[int, str], object]) -> float:
    began = time.perf_counter()
    looking(shop.tenant_id, typed)
    took = 1000 * (time.perf_counter() - began)
    session_of(shop.tenant_id).rollback()
    return took


def _listed(tenant_id: int, typed: str) -> object:
    return list_products(tenant_id, search=typed)
