"""Two furnished shops for all tests that only ask: made once by each worker, in a database that nobody sweeps."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask

from tests.attack import furnish_both, site_of
from tests.clients import Client
from tests.databases import Database, clone, drop
from tests.shops import Shop, open_a_shop
from tests.surface import Connection, Site, looking_at


@dataclass(frozen=True, slots=True)
class World:
    """Corner and its rival, as everything has happened in both; who looks on; and the site as corner's owner finds it.

    Whatever a test asks here must change nothing that another one asks for.
    """

    app: Flask
    corner: Shop
    rival: Shop
    superuser: Connection
    site: Site


@pytest.fixture(scope="session")
def world(template: Database) -> Iterator[World]:
    database = clone(template, f"world_{uuid.uuid4().hex[:12]}")
    app = database.make_app()
    app.test_client_class = Client
    with looking_at(database) as superuser:
        with app.app_context():
            corner, rival = open_a_shop("corner"), open_a_shop("rival")
            furnish_both(corner, rival)
            site = site_of(app, corner, superuser)
        yield World(app, corner, rival, superuser, site)
    drop(database)
