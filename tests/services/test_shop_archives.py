"""A whole shop as one file: written out, read in elsewhere with equal sums, and erased for good."""

import csv
import io
import json
import os
import tempfile
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask

from ledger_web.domain.errors import ConflictError, DuplicateSlugError
from ledger_web.services import shop_archives
from ledger_web.services.shop_archives import (
    BLANKED,
    LEFT_OUT,
    ArchiveError,
    export_shop,
    find_tables,
    free_addresses,
    import_shop,
    purge_shop,
)
from ledger_web.services.shop_lifecycle import DeleteShop, MoveShop, delete_shop, move_shop
from ledger_web.services.unit_of_work import UnitOfWork
from tests.databases import Database
from tests.furnished import furnish
from tests.shops import Shop, add_product, add_user

SPEAKING_OF_SECRETS = ("hash", "secret", "token", "digest", "password", "pin")
# Names that only sound like it: digests of things that are no secret.
NO_SECRETS = {
    ("audit_blocks", "hash"),
    ("audit_blocks", "previous_hash"),
    ("z_reports", "digest"),
    ("product_pictures", "digest"),
    ("shop_logos", "digest"),
    ("purchase_papers", "digest"),
    ("users", "pin_failures"),
}


def written_out(shop: Shop, database: Database) -> io.BytesIO:
    file = io.BytesIO()
    export_shop(database.access.application, shop.tenant_id, shop.slug, file)
    return file


def rows_of(shop: Shop, database: Database) -> dict[str, Any]:
    """Return every row of a shop by table, as PostgreSQL writes it."""
    with database.connect() as superuser:
        return {
            table.name: superuser.execute(
                f"SELECT to_jsonb(t) FROM {table.name} AS t WHERE tenant_id = %s ORDER BY to_jsonb(t)::text",
                [shop.tenant_id],
            ).fetchall()
            for table in find_tables(superuser)
        }


def test_t12_a_shop_is_written_out_erased_and_read_in_again_with_nothing_lost_but_its_secrets(
    app: Flask, shop: Shop, rival: Shop, database: Database
) -> None:
    furnish(shop)
    before, of_rival = rows_of(shop, database), rows_of(rival, database)
    file = written_out(shop, database)
    delete_shop(DeleteShop(), UnitOfWork(shop.tenant_id))
    erased = purge_shop(database.access.owner, shop.tenant_id, at_once=True)

    assert erased["sales"] == len(before["sales"]) > 0
    assert [name for name, rows in rows_of(shop, database).items() if rows] == []
    assert rows_of(rival, database) == of_rival

    manifest = import_shop(database.access.owner, file, "corner-again")

    after = rows_of(shop, database)
    assert manifest["slug"] == "corner-again"
    assert {name for name in before if before[name] != after[name]} <= LEFT_OUT | {"users"}
    assert {name for name in LEFT_OUT if after[name]} == set()
    assert {row[0]["password_hash"] for row in after["users"]} == {"!"}
    assert rows_of(rival, database) == of_rival


def test_the_file_says_what_is_in_it_for_people_and_machines(shop: Shop, database: Database) -> None:
    furnish(shop)
    file = written_out(shop, database)

    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        lines = archive.read("json/products.jsonl").splitlines()
        table = archive.read("csv/products.csv").decode()

    described = {each["name"]: each["rows"] for each in manifest["tables"]}
    assert described["products"] == len(lines) > 0
    assert {json.loads(line)["name"] for line in lines} >= {"Green tea", "چای سیاه"}
    assert "چای سیاه" in table
    assert manifest["books"]["accounts"]
    assert not LEFT_OUT & set(described)


def test_b4_a_spreadsheet_computes_nothing_of_a_whole_shop_and_reads_its_letters(
    shop: Shop, database: Database
) -> None:
    hostile, dari = '=HYPERLINK("http://evil.example")', "چای سبز"
    add_product(shop, hostile)
    add_product(shop, dari)

    with zipfile.ZipFile(written_out(shop, database)) as archive:
        cells = archive.read("csv/products.csv").decode()
        lines = archive.read("json/products.jsonl").decode()

    assert cells.startswith("\ufeff")
    names = [row["name"] for row in csv.DictReader(io.StringIO(cells.removeprefix("\ufeff")))]
    assert sorted(names) == sorted([f"'{hostile}", dari])
    assert {json.loads(line)["name"] for line in lines.splitlines()} == {hostile, dari}


def test_t12_pictures_and_papers_are_written_and_read_a_few_at_once(
    shop: Shop, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.connect() as superuser:
        for number in range(10):
            superuser.execute(
                "INSERT INTO product_pictures (tenant_id, product_id, digest, large, small, width, height)"
                " VALUES (%s, %s, %s, %s, '', 1, 1)",
                [shop.tenant_id, add_product(shop, f"Tea {number}"), str(number), os.urandom(500_000)],
            )
    before = rows_of(shop, database)
    monkeypatch.setattr(shop_archives, "BYTES_AT_ONCE", 1_000_000)
    tracemalloc.start()
    try:
        with tempfile.TemporaryFile() as file:
            export_shop(database.access.application, shop.tenant_id, shop.slug, file)
            delete_shop(DeleteShop(), UnitOfWork(shop.tenant_id))
            purge_shop(database.access.owner, shop.tenant_id, at_once=True)
            import_shop(database.access.owner, file)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert rows_of(shop, database)["product_pictures"] == before["product_pictures"]
    assert most < 9_000_000  # 10,000,000 are in the pictures, as they are written out


def test_a_shop_is_written_out_as_it_is_at_one_moment_and_no_other_shop_with_it(
    shop: Shop, rival: Shop, database: Database
) -> None:
    furnish(rival)
    with zipfile.ZipFile(written_out(shop, database)) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())

    assert str(rival.tenant_id).encode() not in everything
    assert str(rival.owner_id).encode() not in everything


def test_no_column_that_sounds_like_a_secret_is_written_out(database: Database) -> None:
    with database.connect() as superuser:
        found = {
            (table.name, column)
            for table in find_tables(superuser)
            for column in table.columns
            if table.name not in LEFT_OUT
            if any(word in column.split("_") for word in SPEAKING_OF_SECRETS)
        }

    assert found - NO_SECRETS == {(table, column) for table, columns in BLANKED.items() for column in columns}


def test_a_file_that_was_touched_is_refused_and_nothing_is_kept(app: Flask, shop: Shop, database: Database) -> None:
    furnish(shop)
    file = written_out(shop, database)
    delete_shop(DeleteShop(), UnitOfWork(shop.tenant_id))
    purge_shop(database.access.owner, shop.tenant_id, at_once=True)

    for change in (_more_money, _another_shop, _one_row_less, _another_format, _a_domain_besides):
        with pytest.raises(ArchiveError):
            import_shop(database.access.owner, change(file))
    with pytest.raises(ArchiveError):
        import_shop(database.access.owner, io.BytesIO(b"PK no archive"))

    assert [name for name, rows in rows_of(shop, database).items() if rows] == []


def test_a_shop_is_read_in_once_and_never_at_an_address_that_is_taken(
    app: Flask, shop: Shop, rival: Shop, database: Database
) -> None:
    file = written_out(shop, database)
    with pytest.raises(ConflictError, match="at corner"):
        import_shop(database.access.owner, file)
    delete_shop(DeleteShop(), UnitOfWork(shop.tenant_id))
    purge_shop(database.access.owner, shop.tenant_id, at_once=True)

    for taken in ("rival", "r1val"):
        with pytest.raises(DuplicateSlugError):
            import_shop(database.access.owner, file, taken)
    import_shop(database.access.owner, file)


def test_only_a_deleted_shop_is_erased_and_only_when_its_time_is_over(shop: Shop, database: Database) -> None:
    with pytest.raises(ConflictError, match="not deleted"):
        purge_shop(database.access.owner, shop.tenant_id, at_once=True)
    delete_shop(DeleteShop(), shop.act())
    with pytest.raises(ConflictError, match="can still be had back"):
        purge_shop(database.access.owner, shop.tenant_id)
    with database.connect() as superuser:
        superuser.execute("UPDATE tenant_directory SET until = current_date - 1 WHERE slug = 'corner'")

    assert purge_shop(database.access.owner, shop.tenant_id)["tenants"] == 1


def test_the_web_cannot_erase_a_shop(shop: Shop, database: Database) -> None:
    delete_shop(DeleteShop(), shop.act())

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        purge_shop(database.access.application, shop.tenant_id, at_once=True)


def test_a_former_address_is_free_again_after_a_year(shop: Shop, database: Database) -> None:
    move_shop(MoveShop(slug="bakery"), shop.act())
    assert free_addresses(database.access.owner) == 0
    with database.connect() as superuser:
        superuser.execute("UPDATE tenant_directory SET until = current_date - 276 WHERE slug = 'corner'")

    assert free_addresses(database.access.owner) == 1


def test_people_of_a_shop_that_was_read_in_need_a_new_password(app: Flask, shop: Shop, database: Database) -> None:
    add_user(shop, "ali", "cashier")
    file = written_out(shop, database)
    delete_shop(DeleteShop(), UnitOfWork(shop.tenant_id))
    purge_shop(database.access.owner, shop.tenant_id, at_once=True)
    import_shop(database.access.owner, file)

    reset = app.test_cli_runner().invoke(
        args=["users", "reset-password", "corner", "ali", "--password", "a new and long password"]
    )

    assert reset.exit_code == 0, reset.output


def test_t12_an_export_that_was_interrupted_goes_on_and_is_of_one_moment(
    shop: Shop, database: Database, tmp_path: Path
) -> None:
    furnish(shop)

    def export(told: Any = None) -> tuple[io.BytesIO, dict[str, Any]]:
        file = io.BytesIO()
        return file, export_shop(
            database.access.application, shop.tenant_id, shop.slug, file, parts=tmp_path, told=told
        )

    def cut_off(done: int, of: int) -> None:
        if done == of - 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(cut_off)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    add_product(shop, "Meanwhile")  # so the products are others by now
    (tmp_path / "sales.csv").write_bytes(b"half a f")  # and the disk lost the end of this one
    how_far: list[int] = []

    file, manifest = export(lambda done, _of: how_far.append(done))

    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = {name for name in before if before[name] != after[name]}
    assert {"products.jsonl", "sales.csv"} <= again
    assert not {"sale_lines.jsonl", "payments.jsonl", "users.jsonl"} & again
    assert how_far == list(range(1, len(manifest["tables"]) + 1))
    whole = io.BytesIO()
    at_once = export_shop(database.access.application, shop.tenant_id, shop.slug, whole)
    assert {**manifest, "exported_at": ""} == {**at_once, "exported_at": ""}
    with zipfile.ZipFile(file) as resumed, zipfile.ZipFile(whole) as single:
        names = set(resumed.namelist())
        assert names == set(single.namelist())
        assert {n for n in names - {"manifest.json"} if resumed.read(n) != single.read(n)} == set()


def test_commands_write_a_shop_out_erase_it_and_read_it_in(
    app: Flask, shop: Shop, database: Database, tmp_path: Path
) -> None:
    furnish(shop)
    runner, file = app.test_cli_runner(), str(tmp_path / "corner.zip")

    said = [
        runner.invoke(args=["tenants", *words])
        for words in (
            ("export", "corner", file),
            ("purge", "corner"),
            ("delete", "corner", "--yes"),
            ("purge",),
            ("purge", "corner", "--at-once"),
            ("import", file, "--slug", "corner-2"),
            ("import", file),
        )
    ]

    assert [each.exit_code for each in said] == [0, 1, 0, 0, 0, 0, 1], [each.output for each in said]
    assert said[0].output.startswith("corner: ")
    assert "0 former addresses are free again" in said[3].output
    assert "sales\t3" in said[4].output
    assert "the books come to the same sums" in said[5].output
    checked = runner.invoke(args=["recalculate-balances", "--all", "--tenant", "corner-2"])
    assert checked.exit_code == 0, checked.output


def _rewritten(file: io.BytesIO, name: str, change: Any) -> io.BytesIO:
    copy = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(copy, "w") as new:
        for each in old.namelist():
            content = old.read(each)
            new.writestr(each, change(content) if each == name else content)
    return copy


def _more_money(file: io.BytesIO) -> io.BytesIO:
    return _rewritten(file, "json/entries.jsonl", lambda content: content.replace(b'"amount": ', b'"amount": 1', 1))


def _another_shop(file: io.BytesIO) -> io.BytesIO:
    return _rewritten(
        file, "json/products.jsonl", lambda content: content.replace(b'"tenant_id": ', b'"tenant_id": 1', 1)
    )


def _one_row_less(file: io.BytesIO) -> io.BytesIO:
    return _rewritten(file, "json/stock_moves.jsonl", lambda content: b"".join(content.splitlines(True)[1:]))


def _another_format(file: io.BytesIO) -> io.BytesIO:
    return _rewritten(file, "manifest.json", lambda content: content.replace(b'"format": 1', b'"format": 2'))


def _a_domain_besides(file: io.BytesIO) -> io.BytesIO:
    """A claim with a token of one's choice, for a domain in whose DNS an old record still stands."""
    claimed = b'"tables": [{"name": "domain_claims", "rows": 0, "sha256": ""},'
    return _rewritten(file, "manifest.json", lambda content: content.replace(b'"tables": [', claimed))
