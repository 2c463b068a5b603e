"""The disk under the database is full: what is written is refused, what is read is there, and nothing drifts."""

import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from ledger_web.domain.ids import new_id
from ledger_web.models.base import db
from tests import books
from tests.clients import browser_at
from tests.databases import Database
from tests.shops import Shop, add_product, open_a_shop, sell

SIZE = "8m"


@pytest.fixture
def small_disk(committed_database: Database) -> Iterator[Path]:
    """A disk of eight megabytes on which the entries lie."""
    place = committed_database.server.data.parent / "small-disk"
    place.mkdir(exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        place.rmdir()
        pytest.skip("a small disk is made by mounting one, which only root may")
    status = committed_database.server.data.stat()
    os.chown(place, status.st_uid, status.st_gid)
    place.chmod(0o700)
    with committed_database.connect() as superuser:
        superuser.execute(f"CREATE TABLESPACE small_disk LOCATION '{place}'".encode())
        for table in ("entries", "sales", "transactions"):
            superuser.execute(f"ALTER TABLE {table} SET TABLESPACE small_disk".encode())
    yield place
    with committed_database.connect() as superuser:
        for table in ("entries", "sales", "transactions"):
            superuser.execute(f"ALTER TABLE {table} SET TABLESPACE pg_default".encode())
        superuser.execute("DROP TABLESPACE small_disk")
    subprocess.run(["umount", str(place)], check=True)
    place.rmdir()


def test_d5_on_a_full_disk_sales_are_refused_pages_are_read_and_nothing_drifts(
    committed_database: Database, small_disk: Path
) -> None:
    app = committed_database.make_app()
    with app.app_context():
        shop = open_a_shop("corner")
        milk = add_product(shop, quantity=10_000)
        browser = browser_at(app, shop.slug)
        browser.sign_in_as(shop, "owner")
        sell(shop, (milk, 1, 115_00))
        filler = small_disk / "filler"
        _fill(filler)

        acknowledged = _sell_until_it_is_full(shop, milk)
        page = browser.get("/sales/")
        form = {"op_id": str(new_id()), "name": "Somebody", "kind": "customer", "currency": "PKR"}
        db.session.remove()
        refused = browser.post_form("/customers/", form)
        filler.unlink()
        after = sell(shop, (milk, 1, 115_00))

        assert page.status_code == 200
        assert refused.status_code in {303, 503}  # people lie on the large disk
        assert books.count(shop, "sales") == 1 + len(acknowledged) + 1
        assert after not in acknowledged
        books.assert_the_books_agree(shop)
        db.session.remove()
        db.engine.dispose()


def _fill(file: Path) -> None:
    with suppress(OSError), file.open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(8192))


def _sell_until_it_is_full(shop: Shop, milk: uuid.UUID) -> list[uuid.UUID]:
    """Sell until pages that are there already are full, too, and the disk has no room for another."""
    sold: list[uuid.UUID] = []

    def sell_on() -> None:
        while len(sold) < 2_000:
            sold.append(sell(shop, *[(milk, 1, 115_00)] * 20))

    with pytest.raises(OperationalError) as refused:
        sell_on()
    db.session.remove()
    assert isinstance(refused.value.orig, psycopg.errors.DiskFull)
    return sold
