"""A database of an earlier release, brought up to date, tells the same as it did there. Promise M2.

`releases/` holds dumps of a shop and its neighbour by the newest migration of the release that wrote them, and beside
each what its reports said then.
"""

import gzip
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger_web.embedded_postgres import EmbeddedPostgres
from ledger_web.models.base import db, directory_session
from ledger_web.queries.readiness import list_unprotected
from ledger_web.services.provisioning import create_database, prepare
from tests import books
from tests.clients import Client, browser_at
from tests.databases import Database, drop
from tests.pages import walk
from tests.release import RELEASES, tell
from tests.shops import Shop
from tests.test_migrations import schema_of


@pytest.fixture(params=sorted(RELEASES.glob("*.sql.gz")), ids=lambda path: path.name.partition(".")[0])
def upgraded(request: pytest.FixtureRequest, server: EmbeddedPostgres) -> Iterator[tuple[Database, dict[str, Any]]]:
    """The restored database after the upgrade, and what it said before."""
    path: Path = request.param
    database = Database(server, f"upgrade_{uuid.uuid4().hex[:12]}")
    create_database(server.conninfo(), database.name)
    with database.connect() as superuser:
        superuser.execute(gzip.decompress(path.read_bytes()))
    prepare(database.access)
    yield database, json.loads((path.parent / f"{path.name.partition('.')[0]}.json").read_text())
    drop(database)


def test_m2_a_dump_of_an_earlier_release_is_brought_up_to_date_and_every_report_says_the_same(
    upgraded: tuple[Database, dict[str, Any]], worker_database: Database
) -> None:
    database, before = upgraded
    app = database.make_app()
    app.test_client_class = Client
    with app.app_context(), database.connect() as superuser:
        shop = _shop(superuser, before["slug"])
        assert tell(app, superuser, shop, before["reports"]) == before
        books.assert_the_books_agree(shop)
        assert list_unprotected(directory_session()) == []
        db.session.remove()
        owner = browser_at(app, shop.slug)
        owner.sign_in_as(shop, "owner")
        assert len(walk(app, owner)) > 80
        checked = app.test_cli_runner().invoke(args=["recalculate-balances", "--all", "--check"])
    assert checked.exit_code == 0, checked.output
    assert _flat(database) == _flat(worker_database)


def _flat(database: Database) -> set[str]:
    """The schema, without the brackets that a dump sets otherwise."""
    return {" ".join(map(str, each)).replace("(", "").replace(")", "") for each in schema_of(database)}


def _shop(superuser: Any, slug: str) -> Shop:
    tenant_id, owner_id, drawer_id, currency = superuser.execute(
        "SELECT t.tenant_id, u.id, d.id, t.base_currency FROM tenant_directory AS s"
        "  JOIN tenants AS t ON t.tenant_id = s.tenant_id"
        "  JOIN users AS u ON u.tenant_id = t.tenant_id AND u.login = 'owner'"
        "  JOIN cash_drawers AS d ON d.tenant_id = t.tenant_id AND d.name = 'Till 1'"
        " WHERE s.slug = %s",
        [slug],
    ).fetchone()
    return Shop(tenant_id, slug, owner_id, drawer_id, currency)
