"""Keep a dump of this release, and what its reports say, for the releases to come: `python -m tests.release`."""

import csv
import gzip
import io
import json
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from flask import Flask

from ledger_web.embedded_postgres import EmbeddedPostgres, find_binaries
from ledger_web.models.base import db
from ledger_web.services.provisioning import create_database, prepare
from tests import books
from tests.clients import Client, browser_at
from tests.databases import Database
from tests.furnished import furnish
from tests.shops import Shop, open_a_shop

RELEASES: Final = Path(__file__).parent / "releases"
REPORTS: Final = (
    "/reports/trial-balance.csv?until={day}",
    "/reports/profit-and-loss.csv?since=2026-01-01&until={day}",
    "/reports/balance-sheet.csv?until={day}",
)
_CACHED = """
    SELECT tenant_id, kind, sum(debits)::bigint, sum(credits)::bigint, sum(version)::bigint
      FROM accounts WHERE cached GROUP BY 1, 2 ORDER BY 1, 2
"""
_STOCK = "SELECT tenant_id, sum(quantity)::text, count(*) FROM stock_levels GROUP BY 1 ORDER BY 1"


def tell(app: Flask, superuser: Any, shop: Shop, reports: Iterable[str]) -> dict[str, Any]:
    """Return what a database says of its shops, in lists and numbers as JSON keeps them."""
    owner = browser_at(app, shop.slug)
    owner.sign_in_as(shop, "owner")
    return {
        "slug": shop.slug,
        "reports": {
            path: list(csv.reader(io.StringIO(owner.get(path).get_data(as_text=True).lstrip("\ufeff"))))
            for path in reports
        },
        "balances": [[*key, balance] for key, balance in sorted(books.balances(shop).items())],
        "cached": [list(row) for row in superuser.execute(_CACHED)],
        "stock": [list(row) for row in superuser.execute(_STOCK)],
    }


def keep(place: Path) -> str:
    """Write both files of a shop in which something of everything happened, and of its neighbour; say which."""
    with tempfile.TemporaryDirectory(prefix="ledger-release-") as home:
        server = EmbeddedPostgres(Path(home)).start()
        try:
            database = Database(server, "release")
            create_database(server.conninfo(), database.name)
            prepare(database.access)
            app = database.make_app()
            app.test_client_class = Client
            with app.app_context(), database.connect() as superuser:
                shop, neighbour = open_a_shop("corner"), open_a_shop("rival")
                furnish(shop)
                furnish(neighbour)
                schema, day = superuser.execute("SELECT version_num, current_date FROM alembic_version").fetchall()[0]
                said = tell(app, superuser, shop, [path.format(day=day) for path in REPORTS])
                db.session.remove()
                db.engine.dispose()
            (place / f"{schema}.sql.gz").write_bytes(gzip.compress(_dump(database), mtime=0))
            (place / f"{schema}.json").write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n")
        finally:
            server.stop()
    return str(schema)


def _dump(database: Database) -> bytes:
    """Return SQL that any client can run: what only psql understands is left out."""
    how = ("--column-inserts", "--rows-per-insert=200", "--no-comments", "--no-sync")
    dump = subprocess.run(
        [find_binaries() / "pg_dump", *how, database.conninfo()], check=True, capture_output=True
    ).stdout
    return b"".join(line for line in dump.splitlines(keepends=True) if not line.startswith(b"\\"))


if __name__ == "__main__":
    print(f"{keep(RELEASES)} is kept in {RELEASES.relative_to(Path.cwd())}")
