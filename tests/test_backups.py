"""The whole database is saved as it is at one moment, read back, restored beside the live one, and proves itself."""

from pathlib import Path

import psycopg
import pytest
from flask import Flask

from ledger_web.embedded_postgres import find_binaries
from ledger_web.models.base import db
from ledger_web.services import backups
from ledger_web.services.backups import BackupError
from ledger_web.services.clusters import in_order
from ledger_web.services.shop_archives import export_shop, import_shop
from tests.databases import Database
from tests.shops import Shop, add_product, open_a_shop, sell


@pytest.fixture
def trading(committed_database: Database) -> Database:
    """A database with two shops that have sold."""
    app = committed_database.make_app()
    with app.app_context():
        for slug in ("corner", "rival"):
            shop = open_a_shop(slug)
            sell(shop, (add_product(shop), 1, 115_00))
        db.session.remove()
        db.engine.dispose()
    return committed_database


def test_k2_k3_a_backup_holds_every_row_of_every_shop_and_comes_back(trading: Database, tmp_path: Path) -> None:
    file = tmp_path / "ledger.backup"
    written = backups.write_backup(trading.conninfo(), find_binaries(), file)
    name = f"{trading.name}_back"
    try:
        restored = backups.restore_backup(trading.conninfo(), find_binaries(), file, name)
        with psycopg.connect(trading.server.conninfo(database=name)) as there:
            forced = there.execute("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'entries'").fetchone()
    finally:
        backups.drop_database(trading.conninfo(), name)

    assert restored == written
    assert len(written.rows["tenants"]) == 2
    assert set(written.rows["entries"]) == set(written.rows["tenants"])
    assert min(written.rows["sales"].values()) == 1
    assert file.stat().st_mode & 0o077 == 0
    assert forced == (True,)
    assert [path.name for path in tmp_path.iterdir() if "unfinished" in path.name] == []


def test_k2_a_backup_that_was_changed_is_not_restored(trading: Database, tmp_path: Path) -> None:
    file = tmp_path / "ledger.backup"
    backups.write_backup(trading.conninfo(), find_binaries(), file)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    with pytest.raises(BackupError, match="not the file that was written"):
        backups.restore_backup(trading.conninfo(), find_binaries(), file, "never")


@pytest.mark.parametrize("role", ["ledger_app", "ledger_owner"])
def test_k3_a_role_that_is_bound_to_shops_makes_no_half_backup(trading: Database, tmp_path: Path, role: str) -> None:
    file = tmp_path / "ledger.backup"

    with pytest.raises(BackupError, match="pg_dump failed"):
        backups.write_backup(trading.conninfo(role), find_binaries(), file)

    assert not file.exists()


def test_k2_one_shop_of_a_backup_is_had_back_beside_the_live_one(trading: Database, tmp_path: Path) -> None:
    """Restore the whole beside the live database, write the one shop out of it, read it in under another address."""
    file, shop_file, name = tmp_path / "ledger.backup", tmp_path / "corner.zip", f"{trading.name}_old"
    backups.write_backup(trading.conninfo(), find_binaries(), file)
    with trading.connect() as superuser:
        row = superuser.execute("SELECT tenant_id FROM tenant_directory WHERE slug = 'rival'").fetchone()
        assert row
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("DELETE FROM sales WHERE tenant_id = %s", row)
    try:
        backups.restore_backup(trading.conninfo(), find_binaries(), file, name)
        with shop_file.open("wb") as written:
            export_shop(trading.server.conninfo(user="ledger_owner", database=name), int(row[0]), "rival", written)
    finally:
        backups.drop_database(trading.conninfo(), name)
    with trading.connect() as superuser:
        _forget(superuser, int(row[0]))
    with shop_file.open("rb") as read:
        import_shop(trading.conninfo("ledger_owner"), read, "rival-again")

    with trading.connect() as superuser:
        back = superuser.execute("SELECT count(*) FROM sales WHERE tenant_id = %s", row).fetchone()
    assert back == (1,)


def _forget(superuser: "psycopg.Connection[tuple[object, ...]]", tenant_id: int) -> None:
    superuser.execute("SET session_replication_role = replica")
    for table in [*in_order(superuser), "tenant_directory"]:
        superuser.execute(f"DELETE FROM {table} WHERE tenant_id = %s".encode(), [tenant_id])


def test_without_citus_distributing_says_one_clear_line_and_changes_nothing(app: Flask, shop: Shop) -> None:
    result = app.test_cli_runner().invoke(args=["cluster", "distribute"])

    assert result.exit_code == 0
    assert result.output.count("\n") == 1
    assert "no Citus extension" in result.output


def test_tables_are_distributed_after_those_they_point_to(worker_database: Database) -> None:
    with worker_database.connect() as superuser:
        order = in_order(superuser)
        keys = superuser.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
        ).fetchall()

    assert order[0] == "tenants"
    assert [(here, there) for here, there in keys if here != there and order.index(here) < order.index(there)] == []
