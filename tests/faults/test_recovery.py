"""The data directory is lost; a base backup and the archived log bring back everything up to a moment. Promise K1."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from ledger_web.embedded_postgres import EmbeddedPostgres
from ledger_web.models.base import db
from ledger_web.services.provisioning import access_to_embedded
from tests import books
from tests.shops import add_product, open_a_shop, sell

SALES = 40


@pytest.mark.long
@pytest.mark.xdist_group("faults")
def test_k1_k2_everything_before_a_moment_is_there_and_nothing_after(
    durable_app: Flask, cluster: EmbeddedPostgres
) -> None:
    archive, base = cluster.data.parent / "archive", cluster.data.parent / "base"
    status = cluster.data.stat()
    archive.mkdir()
    os.chown(archive, status.st_uid, status.st_gid)
    with psycopg.connect(cluster.conninfo(), autocommit=True) as superuser:
        superuser.execute("ALTER SYSTEM SET archive_mode = 'on'")
        superuser.execute(f"ALTER SYSTEM SET archive_command = 'test ! -f {archive}/%f && cp %p {archive}/%f'".encode())
    db.session.remove()
    db.engine.dispose()
    cluster.stop()
    cluster.start()
    shop = open_a_shop("corner")
    milk = add_product(shop, quantity=10 * SALES)
    _as_postgres(cluster, "pg_basebackup", "-D", str(base), "-c", "fast", "-h", _host(cluster), "-U", "postgres")
    before = [sell(shop, (milk, 1, 115_00)) for _ in range(SALES)]
    with psycopg.connect(cluster.conninfo(), autocommit=True) as superuser:
        moment = superuser.execute("SELECT clock_timestamp()::text").fetchone()
        time.sleep(0.1)
        after = [sell(shop, (milk, 1, 115_00)) for _ in range(SALES)]
        superuser.execute("SELECT pg_switch_wal()")
        _until_archived(superuser)
    db.session.remove()
    db.engine.dispose()
    assert moment

    cluster.stop()
    shutil.rmtree(cluster.data)
    base.rename(cluster.data)
    with (cluster.data / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"restore_command = 'cp {archive}/%f %p'\nrecovery_target_time = '{moment[0]}'\n")
        settings.write("recovery_target_action = 'promote'\narchive_mode = 'off'\n")
    (cluster.data / "recovery.signal").touch()
    os.chown(cluster.data / "recovery.signal", status.st_uid, status.st_gid)
    cluster.start()
    _until_promoted(cluster)

    with psycopg.connect(cluster.conninfo(database="ledger")) as superuser:
        there = {id for (id,) in superuser.execute("SELECT id FROM sales")}
    assert there == set(before)
    assert there.isdisjoint(after)
    books.assert_the_books_agree(shop)
    result = durable_app.test_cli_runner().invoke(args=["recalculate-balances", "--all", "--check"])
    assert result.exit_code == 0, result.output


@pytest.mark.long
@pytest.mark.xdist_group("faults")
def test_k2_a_backup_is_restored_beside_the_live_books_and_proves_itself(
    durable_app: Flask, cluster: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_a_shop("corner")
    sell(shop, (add_product(shop), 1, 115_00))
    db.session.remove()
    monkeypatch.setitem(durable_app.extensions, "database_access", access_to_embedded(cluster.conninfo, "ledger"))
    runner, file = durable_app.test_cli_runner(), str(tmp_path / "ledger.backup")

    written = runner.invoke(args=["backup", "write", file])
    proved = runner.invoke(args=["backup", "prove", file])

    assert (written.exit_code, written.output.count("1 shops")) == (0, 1), written.output
    assert (proved.exit_code, "balances, walls and audit hold" in proved.output) == (0, True), proved.output


def _host(cluster: EmbeddedPostgres) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(cluster.conninfo())["host"])


def _as_postgres(cluster: EmbeddedPostgres, program: str, *arguments: str) -> None:
    status = cluster.data.stat()
    who = {"user": status.st_uid, "group": status.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run([str(Path(cluster.bin) / program), *arguments], check=True, cwd=cluster.data, **who)  # type: ignore[call-overload]


def _until_archived(superuser: "psycopg.Connection[tuple[object, ...]]") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        row = superuser.execute(
            "SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 16777216) FROM pg_stat_archiver"
        ).fetchone()
        if row and row[0]:
            return
        time.sleep(0.2)
    raise AssertionError("nothing was archived")


def _until_promoted(cluster: EmbeddedPostgres) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with psycopg.connect(cluster.conninfo(), autocommit=True) as superuser:
            if superuser.execute("SELECT pg_is_in_recovery()").fetchone() == (False,):
                return
        time.sleep(0.2)
    raise AssertionError("it is still recovering")
