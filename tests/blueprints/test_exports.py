"""Everything the shop has as one file: asked for on a page, written beside the web, fetched within a day."""

import hashlib
import io
import os
import re
import shutil
import stat
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import psycopg
import pytest
from flask import Flask
from psycopg import sql
from werkzeug.test import TestResponse

from ledger_web import exporter
from ledger_web.domain.ids import new_id
from ledger_web.export_folder import FORGOTTEN_AFTER, TURNS, Task, Turn, begin, file_of, forget_old
from ledger_web.services.shop_archives import LEFT_OUT, find_tables, import_shop, purge_shop
from ledger_web.services.shop_exports import (
    FinishExport,
    NoteProgress,
    StartExport,
    finish_export,
    note_progress,
    start_export,
)
from ledger_web.services.shop_lifecycle import DeleteShop, SuspendShop, delete_shop, suspend_shop
from ledger_web.services.unit_of_work import UnitOfWork
from tests.at_once import in_threads, wait_until_so_many_wait
from tests.books import count
from tests.clients import ShopClient
from tests.databases import Database
from tests.furnished import furnish
from tests.shops import Shop, add_product

ClientOf = Callable[..., ShopClient]
Superuser = psycopg.Connection[tuple[Any, ...]]
PAGE = "/admin/exports/"
# What is written down of the export itself, while it is under way and after it.
OF_ITSELF = {"audit_events", "audit_blocks", "submissions"}


@pytest.fixture
def superuser(database: Database) -> Iterator[Superuser]:
    with database.connect() as connection:
        yield connection


@pytest.fixture(autouse=True)
def _empty_folder(database: Database) -> Iterator[None]:
    """No process of an earlier test writes there any more, and nothing is left of it."""
    yield
    for process in writers():
        with suppress(psutil.NoSuchProcess):
            process.kill()
            process.wait(10)
    shutil.rmtree(database.export_dir, ignore_errors=True)


def writers() -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return [each for each in psutil.Process().children() if "ledger_web.exporter" in " ".join(each.cmdline())]
    return []


def press(client: ShopClient, address: str = PAGE, *, htmx: bool = False, **data: str) -> TestResponse:
    return client.post_form(address, {"op_id": str(new_id())} | data, htmx=htmx)


def task_of(shop: Shop, database: Database, export_id: uuid.UUID) -> Task:
    return Task(
        conninfo=database.access.application,
        root=str(database.export_dir),
        tenant_id=shop.tenant_id,
        slug=shop.slug,
        export_id=str(export_id),
        attempt=1,
        log_format="text",
    )


def page_that_says(client: ShopClient, words: str) -> str:
    """Look at the page as htmx does, until it says so."""
    for _ in range(600):
        page = client.get(PAGE, htmx=True).text
        if words in page:
            return page
        time.sleep(0.1)
    raise AssertionError(page)


def address_in(page: str) -> str:
    found = re.search(rf'href="({PAGE}[0-9a-f-]+\.zip)"', page)
    assert found, page
    return found[1]


def files_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_t12_an_owner_takes_everything_along_and_it_is_read_in_elsewhere(
    app: Flask, shop: Shop, rival: Shop, client_of: ClientOf, database: Database, tmp_path: Path
) -> None:
    furnish(shop)
    add_product(rival, "Canary")
    owner = client_of(shop)
    assert f'href="{PAGE}"' in owner.get("/admin/").text
    told = app.test_cli_runner().invoke(args=["tenants", "export", "corner", str(tmp_path / "corner.zip")])
    assert told.exit_code == 0, told.output

    assert press(owner).status_code == 303
    ready = page_that_says(owner, "Can be fetched until")
    taken = owner.get(address_in(ready))

    assert taken.headers["Content-Disposition"] == "attachment; filename=corner.zip"
    assert hashlib.sha256(taken.data).hexdigest() in ready
    assert "Olga Owner" in ready
    files, by_command = files_of(taken.data), files_of((tmp_path / "corner.zip").read_bytes())
    assert files.keys() == by_command.keys()
    differing = {name for name in files if files[name] != by_command[name]} - {"manifest.json"}
    assert {Path(name).stem for name in differing} <= OF_ITSELF
    assert b"Canary" not in b"".join(files.values())
    assert "corner.zip" in owner.get("/admin/audit/").text
    delete_shop(DeleteShop(), UnitOfWork(shop.tenant_id))
    purge_shop(database.access.owner, shop.tenant_id, at_once=True)
    assert import_shop(database.access.owner, io.BytesIO(taken.data))["tables"]


def test_a_download_that_broke_off_goes_on_where_it_was(shop: Shop, client_of: ClientOf) -> None:
    owner = client_of(shop)
    press(owner)
    address = address_in(page_that_says(owner, "Can be fetched until"))
    whole = owner.get(address)

    rest = owner.get(address, headers={"Range": "bytes=1000-", "If-Range": whole.headers["ETag"]})
    of_another = owner.get(address, headers={"Range": "bytes=1000-", "If-Range": '"another"'})

    assert (rest.status_code, rest.data) == (206, whole.data[1000:])
    assert (of_another.status_code, of_another.data) == (200, whole.data)


def test_t12_a_writing_that_was_killed_is_told_and_goes_on_from_its_parts(
    shop: Shop, client_of: ClientOf, database: Database, superuser: Superuser, tmp_path: Path
) -> None:
    furnish(shop)
    owner = client_of(shop)
    last = [table.name for table in find_tables(superuser) if table.name not in LEFT_OUT][-1]
    with database.connect(autocommit=False) as holder:  # the writing gets as far as this table
        holder.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(last)))
        press(owner)
        progress = page_that_says(owner, " tables</label>")
        wait_until_so_many_wait(database, 1)
        for process in writers():
            process.kill()
    assert re.search(r"\d+ of \d+ tables", progress)
    assert 'hx-trigger="every 2s"' in progress
    assert '<noscript><meta http-equiv="refresh"' in owner.get(PAGE).text
    superuser.execute("UPDATE shop_exports SET beat_at = now() - interval '21 s'")
    go_on = re.search(r'action="([^"]+/attempts)"', page_that_says(owner, "was interrupted"))
    assert go_on
    (part,) = database.export_dir.glob(f"{shop.tenant_id}/*/parts/sales.jsonl")
    os.link(part, tmp_path / "sales.jsonl")
    written_at = part.stat().st_mtime_ns

    assert press(owner, go_on[1]).status_code == 303
    files = files_of(owner.get(address_in(page_that_says(owner, "Can be fetched until"))).data)

    assert (tmp_path / "sales.jsonl").stat().st_mtime_ns == written_at
    assert files["json/sales.jsonl"] == (tmp_path / "sales.jsonl").read_bytes()
    assert not part.exists()
    assert press(owner, go_on[1]).status_code == 409


def test_of_two_clicks_at_once_one_writes_and_the_other_is_told(app: Flask, shop: Shop, client_of: ClientOf) -> None:
    clients = [client_of(shop), client_of(shop)]

    answers = in_threads(app, *(lambda client=client: press(client, htmx=True) for client in clients))

    assert sorted(each.status_code for each in answers) == [204, 409]  # type: ignore[attr-defined]
    assert any("is being written at this moment" in each.text for each in answers)  # type: ignore[attr-defined]
    assert count(shop, "shop_exports") == 1


def test_the_same_click_twice_writes_once(shop: Shop, client_of: ClientOf) -> None:
    owner, op_id = client_of(shop), str(new_id())

    assert [press(owner, op_id=op_id).status_code for _ in range(2)] == [303, 303]
    assert count(shop, "shop_exports") == 1
    assert press(owner, op_id="no number").status_code == 422


def test_slow_readers_of_files_leave_threads_to_the_tills_and_to_other_shops(
    shop: Shop, rival: Shop, client_of: ClientOf
) -> None:
    owner, theirs = client_of(shop), client_of(rival)
    press(owner)
    press(theirs)
    address = address_in(page_that_says(owner, "Can be fetched until"))
    other = address_in(page_that_says(theirs, "Can be fetched until"))

    slow = [owner.get(address, buffered=False) for _ in range(2)]  # of the eight threads a process has
    refused = owner.get(address, headers={"Range": "bytes=0-9"})
    of_others = [theirs.get(other, buffered=False) for _ in range(3)]

    assert [each.status_code for each in slow] == [200, 200]
    assert (refused.status_code, "only a few at once" in refused.text) == (429, True)
    assert [each.status_code for each in of_others] == [200, 200, 429]
    slow[0].close()
    assert owner.head(address).status_code == 200
    assert owner.get(address, headers={"Range": "bytes=999999999-"}).status_code == 416
    assert owner.get(address, headers={"If-None-Match": slow[0].headers["ETag"]}).status_code == 304
    assert owner.get(address).data == slow[1].data
    assert [owner.get(address, buffered=False).status_code for _ in range(3)] == [200] * 3  # who went away keeps none


def test_one_that_fell_silent_is_not_heard_once_another_is_written(shop: Shop, superuser: Superuser) -> None:
    silent, other = new_id(), new_id()
    start_export(StartExport(id=silent), shop.act(), take_turn=lambda: True)
    superuser.execute("UPDATE shop_exports SET beat_at = now() - interval '21 s'")
    start_export(StartExport(id=other), shop.act(), take_turn=lambda: True)

    says = [NoteProgress(export_id=each, attempt=1, tables_done=1, tables_total=9) for each in (silent, other)]

    assert [note_progress(each, shop.act()) for each in says] == [False, True]


def test_nothing_else_in_the_folder_is_touched(tmp_path: Path) -> None:
    ours, others = tmp_path / "42" / str(new_id()), tmp_path / "backups" / "monday"
    for each in (ours, others):
        each.mkdir(parents=True)
        os.utime(each, (0, 0))

    forget_old(tmp_path)

    assert (ours.exists(), others.exists()) == (False, True)


def test_only_a_few_shops_are_written_at_once(shop: Shop, client_of: ClientOf, database: Database) -> None:
    owner = client_of(shop)
    with ExitStack() as others:
        for _ in range(TURNS):
            assert others.enter_context(Turn(database.export_dir)).take()
        refused = press(owner)
    assert (refused.status_code, "Files of other shops" in refused.text) == (409, True)
    assert count(shop, "shop_exports") == 0

    assert press(owner).status_code == 303
    page_that_says(owner, "Can be fetched until")
    psutil.wait_procs(writers(), 10)
    with ExitStack() as others:  # whoever wrote gave the turn back
        assert all(others.enter_context(Turn(database.export_dir)).take() for _ in range(TURNS))


def test_a_file_is_its_owners_only_kept_for_a_day_and_one_for_each_shop(
    app: Flask, shop: Shop, client_of: ClientOf, database: Database, superuser: Superuser
) -> None:
    owner, folder = client_of(shop), database.export_dir / str(shop.tenant_id)
    press(owner)
    address = address_in(page_that_says(owner, "Can be fetched until"))
    press(owner)
    second = address_in(page_that_says(owner, "Can be fetched until"))
    (file,) = folder.glob("*/shop.zip")
    assert second == f"{PAGE}{file.parent.name}.zip"
    assert owner.get(address).status_code == 404
    modes = {stat.S_IMODE(each.stat().st_mode) for each in (file, file.parent, folder, database.export_dir)}
    assert modes == {0o600, 0o700}

    superuser.execute("UPDATE shop_exports SET ended_at = ended_at - interval '24 h'")
    assert "kept for 24 hours" in owner.get(PAGE).text
    over = owner.get(second)
    assert (over.status_code, "kept for 24 hours" in over.text) == (404, True)
    forget_old(database.export_dir)
    assert file.exists()
    for each in (file, *file.parent.iterdir(), file.parent):
        os.utime(each, (0, time.time() - FORGOTTEN_AFTER - 1))
    assert app.test_cli_runner().invoke(args=["tenants", "purge"]).exit_code == 0
    assert not file.exists()


def test_a_file_is_for_this_shop_and_for_who_may_export_at_this_moment(
    shop: Shop, rival: Shop, client_of: ClientOf, superuser: Superuser
) -> None:
    owner, theirs, manager = client_of(shop), client_of(rival), client_of(shop, "manager")
    press(owner)
    address = address_in(page_that_says(owner, "Can be fetched until"))
    attempts = address.replace(".zip", "/attempts")

    assert [theirs.get(address).status_code, press(theirs, attempts).status_code] == [404, 404]
    assert [manager.get(each).status_code for each in (PAGE, address)] == [403, 403]
    assert [press(manager, each).status_code for each in (PAGE, attempts)] == [403, 403]
    superuser.execute(
        "UPDATE users SET role_id = (SELECT id FROM roles WHERE tenant_id = %(shop)s AND built_in = 'manager')"
        " WHERE tenant_id = %(shop)s AND id = %(owner)s",
        {"shop": shop.tenant_id, "owner": shop.owner_id},
    )
    assert owner.get(address).status_code == 403


def test_a_suspended_shop_takes_its_data_along_and_a_deleted_one_leaves_no_file(
    app: Flask, shop: Shop, client_of: ClientOf, database: Database
) -> None:
    owner = client_of(shop)
    suspend_shop(SuspendShop(), shop.act())

    assert press(owner).status_code == 303
    assert owner.get(address_in(page_that_says(owner, "Can be fetched until"))).status_code == 200
    for words in (("delete", "corner", "--yes"), ("purge",)):
        assert app.test_cli_runner().invoke(args=["tenants", *words]).exit_code == 0
    assert not (database.export_dir / str(shop.tenant_id)).exists()
    assert app.test_cli_runner().invoke(args=["tenants", "purge", "corner", "--at-once"]).exit_code == 0
    assert count(shop, "shop_exports") == 0


def test_a_full_disk_is_said_and_leaves_nothing_and_the_next_attempt_succeeds(
    shop: Shop, client_of: ClientOf, database: Database
) -> None:
    owner, export_id = client_of(shop), new_id()
    start_export(StartExport(id=export_id), shop.act(), take_turn=lambda: True)
    folder = file_of(database.export_dir, shop.tenant_id, export_id).parent
    folder.mkdir(parents=True)
    (folder / "draft").symlink_to("/dev/full")
    task = task_of(shop, database, export_id)

    with Turn(database.export_dir) as turn:
        assert turn.take()
        begin(task, turn)
    page_that_says(owner, "The disk of the system is full")

    assert not folder.exists()
    assert press(owner, f"{PAGE}{export_id}/attempts").status_code == 303
    assert owner.get(address_in(page_that_says(owner, "Can be fetched until"))).status_code == 200
    assert "could not be written" in owner.get("/admin/audit/").text


def test_a_writing_gives_up_before_the_disk_is_full(
    app: Flask, shop: Shop, client_of: ClientOf, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, export_id, left = client_of(shop), new_id(), threading.Event()
    start_export(StartExport(id=export_id), shop.act(), take_turn=lambda: True)
    folder = file_of(database.export_dir, shop.tenant_id, export_id).parent
    full = SimpleNamespace(free=exporter.ROOM_LEFT - 1)

    def slowly(*_: object, **__: object) -> None:
        assert folder.exists()
        assert left.wait(30)
        raise psycopg.OperationalError  # the process has ended by now

    monkeypatch.setattr(os, "_exit", lambda _code: left.set())
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: full)
    monkeypatch.setattr(exporter, "export_shop", slowly)
    exporter.Writer(app, task_of(shop, database, export_id)).write()

    assert "The disk of the system is full" in owner.get(PAGE).text
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_to_is_a_sentence(
    app: Flask, shop: Shop, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "EXPORT_DIR", Path("/dev/null/exports"))

    refused = press(client_of(shop), htmx=True)

    assert (refused.status_code, "The folder for such files" in refused.text) == (409, True)
    assert count(shop, "shop_exports") == 0


def test_an_attempt_that_is_not_wanted_any_more_writes_nothing(shop: Shop, client_of: ClientOf) -> None:
    owner, export_id = client_of(shop), new_id()
    start_export(StartExport(id=export_id), shop.act(), take_turn=lambda: True)

    assert note_progress(NoteProgress(export_id=export_id, attempt=1, tables_done=1, tables_total=9), shop.act())
    assert not note_progress(NoteProgress(export_id=export_id, attempt=2, tables_done=1, tables_total=9), shop.act())
    assert not finish_export(FinishExport(export_id=export_id, attempt=2, size=1, sha256=bytes(32)), shop.act())

    assert "1 of 9 tables" in owner.get(PAGE).text
