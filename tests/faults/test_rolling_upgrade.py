"""A new release takes over while tills sell: the schema first, then one server after the other. Promise M4."""

import http.client
import shutil
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from flask import Flask

from ledger_web.embedded_postgres import EmbeddedPostgres
from ledger_web.models.base import db
from ledger_web.services import provisioning
from tests import books
from tests.faults.servers import Server, Till, free_port
from tests.shops import add_product, add_user, open_a_shop

TILLS = 3
SECONDS_MAX = 120
TOMORROW = '''"""What a later release adds.

Why: it is later.
Old code beside it: yes, it knows nothing of this.
"""

from migrations.tenant_tables import protect, run

revision = "9999"
down_revision = "{head}"


def upgrade() -> None:
    run("ALTER TABLE sales ADD COLUMN of_tomorrow text; ALTER TABLE entries ADD COLUMN of_tomorrow bigint")
    run(
        "CREATE TABLE tomorrows (tenant_id bigint NOT NULL, id uuid NOT NULL, sale_id uuid NOT NULL,"
        " CONSTRAINT tomorrows_pkey PRIMARY KEY (tenant_id, id),"
        " CONSTRAINT tomorrows_sale_fkey FOREIGN KEY (tenant_id, sale_id) REFERENCES sales (tenant_id, id))"
    )
    protect("tomorrows", grants="SELECT, INSERT")
'''


class Balancer:
    """Sends tills to a server that says it is ready, as a reverse proxy does."""

    def __init__(self, tills: list[Till]) -> None:
        self.tills = tills
        self.servers: list[Server] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Balancer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def wait_for(self, server: Server) -> None:
        """Take one more server in, once it is ready."""
        deadline = time.monotonic() + SECONDS_MAX
        while not _is_ready(server.port):
            assert time.monotonic() < deadline, "the server does not get ready"
            time.sleep(0.05)
        self.servers.append(server)

    def _look(self) -> None:
        while not self._ended.wait(0.05):
            ready = [server.port for server in list(self.servers) if _is_ready(server.port)]
            for number, till in enumerate(self.tills if ready else ()):
                till.port = ready[number % len(ready)]


@pytest.mark.long
@pytest.mark.xdist_group("faults")
def test_m4_a_rolling_upgrade_while_tills_sell_fails_no_request(
    durable_app: Flask, cluster: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_a_shop("corner")
    product_id = add_product(shop, "Milk", quantity=100_000)
    for number in range(TILLS):
        add_user(shop, f"cashier{number}", "cashier")
    db.session.remove()
    old, new = Server(free_port(), drain_seconds=2), Server(free_port(), drain_seconds=2)
    tills = [Till(old.port, f"cashier{n}", product_id, time.monotonic() + SECONDS_MAX) for n in range(TILLS)]
    errors: list[BaseException] = []
    ended = threading.Event()

    def work(till: Till) -> None:
        try:
            till.sign_in()
            while not ended.is_set():
                till.sell()
        except BaseException as error:  # the test looks at it
            errors.append(error)

    old.start()
    threads = [threading.Thread(target=work, args=(till,)) for till in tills]
    try:
        with Balancer(tills) as balancer:
            balancer.wait_for(old)
            for thread in threads:
                thread.start()
            _until_sold(tills, errors)
            _migrate(tmp_path, monkeypatch, cluster)
            _until_sold(tills, errors)
            new.start()
            balancer.wait_for(new)
            assert old.process
            old.process.terminate()
            assert old.process.wait(30) == 0
            _until_sold(tills, errors)
            ended.set()
            for thread in threads:
                thread.join()
    finally:
        ended.set()
        old.stop()
        new.stop()

    assert errors == []
    assert sum(till.lost for till in tills) == 0
    assert books.count(shop, "sales") == sum(len(till.acknowledged) for till in tills)
    books.assert_the_books_agree(shop)


def _migrate(folder: Path, monkeypatch: pytest.MonkeyPatch, cluster: EmbeddedPostgres) -> None:
    """Bring the schema to where a later release wants it."""
    migrations = folder / "migrations"
    shutil.copytree(provisioning.MIGRATIONS, migrations)
    (migrations / "versions" / "9999_tomorrow.py").write_text(TOMORROW.format(head=provisioning.schema_head()))
    with monkeypatch.context() as patch:
        patch.setattr(provisioning, "MIGRATIONS", migrations)
        provisioning.migrate(cluster.conninfo(user="ledger_owner", database="ledger"))


def _until_sold(tills: list[Till], errors: list[BaseException], many: int = 30) -> None:
    wanted = sum(len(till.acknowledged) for till in tills) + many
    while sum(len(till.acknowledged) for till in tills) < wanted and not errors:
        time.sleep(0.05)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with closing(connection), suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    return False
