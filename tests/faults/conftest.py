"""A PostgreSQL that forgets nothing, and an application on it, for tests that kill servers."""

import shutil
from collections.abc import Iterator

import pytest
from flask import Flask

from ledger_web.config import Settings
from ledger_web.embedded_postgres import EmbeddedPostgres
from ledger_web.factory import create_app
from ledger_web.models.base import db
from ledger_web.services.provisioning import APPLICATION, access_to_embedded, create_database, prepare
from tests.databases import SECRET_KEY
from tests.faults.servers import HOME, end_all_of


@pytest.fixture
def cluster() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that forgets nothing, in a directory of these tests' own; whoever is left in it is ended."""
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    cluster = EmbeddedPostgres(HOME / "postgres").start()
    yield cluster
    cluster.stop()
    end_all_of(HOME, cluster.data)
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture
def durable_app(cluster: EmbeddedPostgres) -> Iterator[Flask]:
    """An application on it, to prepare and to look; the server under test is another process."""
    create_database(cluster.conninfo(), "ledger")
    prepare(access_to_embedded(cluster.conninfo, "ledger"))
    database_url = cluster.conninfo(user=APPLICATION, database="ledger")
    app = create_app(Settings(secret_key=SECRET_KEY, database_url=database_url, testing=True))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
