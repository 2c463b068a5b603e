"""The frame of every test: one PostgreSQL for all workers, one database for each, one fresh copy for who asks.

Tests commit for real: the unit of work rolls back whatever was read before an act, so a transaction around a whole
test would be undone by it. Instead, the rows a test leaves are deleted when it ends, which takes two milliseconds.
"""

import os
import uuid
from collections.abc import Callable, Iterator

import pytest
from argon2 import PasswordHasher
from flask import Flask

from ledger_web.config import ROOT
from ledger_web.embedded_postgres import EmbeddedPostgres
from ledger_web.services import passwords
from ledger_web.services.provisioning import create_database, prepare
from tests.clients import Client, ShopClient, browser_at
from tests.databases import Broom, Database, clone, drop
from tests.shops import Shop, open_a_shop

RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)[:12]
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
HASHER = passwords.HASHER
QUICK = {"domain", "forms", "test_floors.py", "test_templates.py", "test_catalogue.py", "test_filters.py"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a worker take tests that last no time by the file: giving them out one by one would take longer."""
    for item in items:
        if {item.path.name, item.path.parent.name} & QUICK and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(f"{item.path.parent.name}.{item.path.stem}"))


@pytest.fixture(scope="session", autouse=True)
def _hashes_are_quick() -> Iterator[None]:
    """Passwords of tests are hashed the way of the shop with the least work: nobody steals them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture
def slow_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as a shop does."""
    monkeypatch.setattr(passwords, "HASHER", HASHER)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    """The PostgreSQL of the tests; all workers, and all runs of this checkout, share it while any of them lives."""
    server = EmbeddedPostgres(ROOT / "var" / "test-postgres", ephemeral=True).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def template(server: EmbeddedPostgres) -> Database:
    """A migrated database without rows; the first worker makes it, the others wait for it."""
    database = Database(server, f"template_{RUN}")
    create_database(server.conninfo(), database.name)
    prepare(database.access)
    return database


@pytest.fixture(scope="session")
def worker_database(template: Database) -> Iterator[Database]:
    database = clone(template, f"{WORKER}_{RUN}")
    yield database
    drop(database)


@pytest.fixture(scope="session")
def worker_app(worker_database: Database) -> Flask:
    app = worker_database.make_app()
    app.test_client_class = Client
    return app


@pytest.fixture(scope="session")
def broom(worker_database: Database) -> Iterator[Broom]:
    broom = Broom(worker_database)
    yield broom
    broom.close()


@pytest.fixture
def database(worker_database: Database, broom: Broom) -> Iterator[Database]:
    """This worker's database; its rows are gone after the test."""
    yield worker_database
    broom.sweep()


@pytest.fixture
def app(worker_app: Flask, database: Database) -> Iterator[Flask]:
    """The application with its context open. No shop in its database, unless a fixture makes one."""
    with worker_app.app_context():
        yield worker_app


@pytest.fixture
def committed_database(template: Database) -> Iterator[Database]:
    """A database of one's own, for tests that change the schema, count all shops, or end connections."""
    database = clone(template, f"{WORKER}_{RUN}_{uuid.uuid4().hex[:8]}")
    yield database
    drop(database)


@pytest.fixture
def corner(app: Flask) -> Shop:
    """The shop most tests are about."""
    return open_a_shop("corner")


@pytest.fixture
def rival(app: Flask) -> Shop:
    """The shop that must never see anything of corner's."""
    return open_a_shop("rival")


@pytest.fixture
def shop(corner: Shop) -> Shop:
    return corner


@pytest.fixture
def client_of(app: Flask) -> Callable[..., ShopClient]:
    """Return a browser at a shop: signed in as its owner, manager or cashier, or with role="" a stranger's."""

    def open_browser(shop: Shop, role: str = "owner") -> ShopClient:
        client = browser_at(app, shop.slug)
        if role:
            client.sign_in_as(shop, role)
        return client

    return open_browser
