"""A file of 50,000 products, from its bytes to products with codes, words and goods.

Yardsticks: the same products added one by one by the service their form uses; and the memory that is promised.
"""

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import psutil
from stdnum import ean

from benchmarks.ground import Ground, Result, rate
from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.ids import new_id
from ledger_web.domain.sheets import Row, sheet_parts
from ledger_web.models.base import session_of
from ledger_web.queries.product_imports import get_import
from ledger_web.services.product_imports import (
    CarryOutImport,
    ContinueCheck,
    UploadProducts,
    carry_out_import,
    continue_check,
    upload_products,
)
from ledger_web.services.products import CreateProduct, create_product
from tests.shops import Shop, open_a_shop

ROWS = 50_000
ONE_BY_ONE = 200
PROMISED_MB = 200.0


def measure_imports(ground: Ground) -> list[Result]:
    """Upload, check step by step and import, as CSV and as XLSX; look at this process's memory all the while."""
    rows = 2_000 if ground.quick else ROWS
    found = []
    with ground.app.app_context():
        single = _one_by_one(open_a_shop(f"bench-one-{uuid.uuid4().hex[:6]}"), 20 if ground.quick else ONE_BY_ONE)
        for ending, name in (("csv", "import.50k"), ("xlsx", "import.50k.xlsx")):
            shop = open_a_shop(f"bench-import-{uuid.uuid4().hex[:6]}")
            content = b"".join(sheet_parts(ending, _rows(rows)))
            with _memory() as peak:
                began = time.perf_counter()
                _import(shop, content)
                took = time.perf_counter() - began
            megabytes = peak()
            found.append(rate(f"{name}.rows_per_s", rows / took, single))
            found.append(Result(f"{name}.peak_mb", megabytes, PROMISED_MB, PROMISED_MB / megabytes, "MB"))
    return found


def _import(shop: Shop, content: bytes) -> None:
    command = UploadProducts(op_id=new_id(), file_name="list", content=content, stock_policy="warn")
    import_id = upload_products(command, shop.act()).id
    report = get_import(shop.tenant_id, import_id)
    while report.is_under_way:
        session_of(shop.tenant_id).rollback()
        continue_check(ContinueCheck(import_id=import_id, seen=report.rows_checked), shop.act())
        report = get_import(shop.tenant_id, import_id)
    session_of(shop.tenant_id).rollback()
    assert report.may_be_imported, report.problems[:3]
    carry_out_import(CarryOutImport(id=new_id(), import_id=import_id, digest=report.digest), shop.act())


def _one_by_one(shop: Shop, count: int) -> float:
    began = time.perf_counter()
    for number in range(count):
        command = CreateProduct(
            id=new_id(),
            name=f"Product {number % 977} number {number}",
            sku=f"S-{number}",
            barcodes=(read_barcode(_code(number)),),
            unit_price=120_00,
            currency=shop.currency,
            opening_quantity=Decimal(7),
            opening_unit_cost=60_00,
        )
        create_product(command, shop.act())
    return count / (time.perf_counter() - began)


def _rows(count: int) -> Iterator[Row]:
    yield "name", "barcode", "sku", "price", "unit", "tax_percent", "quantity", "cost"
    for n in range(count):
        price = Decimal(n % 500).quantize(Decimal("0.01"))
        yield f"Product {n % 977} number {n}", _code(n), f"S-{n}", price, "pcs", 15, n % 7 + 1, Decimal(n % 300)


def _code(number: int) -> str:
    body = f"5{number:011d}"
    return body + str(ean.calc_check_digit(body))


@contextmanager
def _memory() -> Iterator[Callable[[], float]]:
    """Watch how much more memory this process takes; gives its peak in megabytes when asked afterwards."""
    process = psutil.Process(os.getpid())
    base = most = process.memory_info().rss
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.01):
            most = max(most, process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lambda: (most - base) / 1e6
    finally:
        done.set()
        thread.join()
