"""What was acknowledged is there, exactly once, whatever is killed. Source: promises D1 and X3, in the size for CI.

Four tills ring up sales over HTTP at a real server on a PostgreSQL with fsync. Meanwhile the worker, the server and
the postmaster are killed, and every tenth answer is thrown away unread. A till sends the same form again, with the
same number, until somebody answers. (kill -9 says nothing about power cuts; for these there is fsync.)
"""

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil
import pytest
from flask import Flask
from sqlalchemy import text

from ledger_web.config import ROOT, Settings
from ledger_web.domain.ids import new_id
from ledger_web.embedded_postgres import EmbeddedPostgres
from ledger_web.factory import create_app
from ledger_web.models.base import db, session_of
from ledger_web.services.provisioning import APPLICATION, access_to_embedded, create_database, prepare
from tests import books
from tests.databases import SECRET_KEY
from tests.shops import PASSWORD, Shop, add_product, add_user, open_a_shop

HOME: Final = ROOT / "var" / f"test-faults-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
TILLS: Final = 4
SALES: Final = 300
THROWN_AWAY: Final = 10  # one answer in so many
SECONDS_MAX: Final = 240  # on a machine that has other work; about 30 where it has none
PATIENCE_SECONDS: Final = 5


@dataclass(slots=True)
class Server:
    """`python3 app.py` as a process of its own."""

    port: int
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DATABASE"))}
        environment |= {"DATA_DIR": str(HOME), "PORT": str(self.port), "THREADS": "4"}
        with (HOME / "said.txt").open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    def kill_workers(self) -> None:
        assert self.process
        for worker in psutil.Process(self.process.pid).children():
            worker.kill()

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()
        self.start()

    def kill_postgres(self, cluster: EmbeddedPostgres) -> None:
        """Kill the database under the server, let tills meet the ruins, then start again as an operator would."""
        assert self.process
        psutil.Process(int((cluster.data / "postmaster.pid").read_text().splitlines()[0])).kill()
        time.sleep(0.5)
        self.stop()
        self.start()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class LostAnswerError(Exception):
    """Nobody knows whether the server did it."""


@dataclass(slots=True)
class Till:
    """A cashier's browser without JavaScript: it has cookies, fills in forms, and never gives up."""

    port: int
    login: str
    product_id: uuid.UUID
    deadline: float
    cookies: dict[str, str] = field(default_factory=dict)
    acknowledged: list[uuid.UUID] = field(default_factory=list)
    lost: int = 0

    def sign_in(self) -> None:
        token = self._csrf_token(self._until_answered(lambda: self._ask("GET", "/sign-in")))
        form = {"csrf_token": token, "login": self.login, "password": PASSWORD, "next": ""}
        status, _ = self._ask("POST", "/sign-in", form)
        assert status == 303

    def sell(self) -> None:
        """Ring up one piece, and send what is to be stored until it is acknowledged."""
        page = self._until_answered(lambda: self._ask("GET", "/sell/"))
        line = {"csrf_token": self._csrf_token(page), "op_id": str(new_id()), "product_id": str(self.product_id)}
        self._until_answered(lambda: self._ask("POST", "/sell/lines", line), {303})
        page = self._until_answered(lambda: self._ask("GET", "/sell/"))
        pay = {name: self._value(page, name) for name in ("csrf_token", "version", "drawer_id")}
        pay["op_id"] = self._value(page[page.index("data-pay") :], "op_id")
        if len(self.acknowledged) % THROWN_AWAY == THROWN_AWAY - 1:
            with suppress(LostAnswerError):
                self._ask("POST", "/sell/", pay, reads_answer=False)
        self._until_answered(lambda: self._ask("POST", "/sell/", pay), {303})
        self.acknowledged.append(uuid.UUID(pay["op_id"]))

    def _until_answered(self, ask: Callable[[], tuple[int, str]], expected: set[int] | None = None) -> str:
        """Ask again until somebody answers. An error page is no answer, a refusal is a failure of the test."""
        while True:
            assert time.monotonic() < self.deadline, "the server did not come back"
            with suppress(LostAnswerError):
                status, body = ask()
                if status < 500:
                    assert status in (expected or {200}), (status, re.sub(r"<[^>]+>|\s+", " ", body)[:400])
                    return body
                assert status == 503
            self.lost += 1
            time.sleep(0.1)

    def _ask(
        self, method: str, path: str, form: dict[str, str] | None = None, *, reads_answer: bool = True
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        headers = {
            "Host": f"corner.localhost:{self.port}",
            "Sec-Fetch-Site": "same-origin",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            connection.request(method, path, urllib.parse.urlencode(form) if form else None, headers)
            if not reads_answer:
                raise LostAnswerError
            response = connection.getresponse()
            body = response.read().decode()
            for cookie in response.msg.get_all("Set-Cookie", []):
                name, _, value = cookie.partition(";")[0].partition("=")
                self.cookies[name] = value
            return response.status, body
        except (OSError, http.client.HTTPException) as error:
            raise LostAnswerError from error
        finally:
            connection.close()

    def _csrf_token(self, page: str) -> str:
        return self._value(page, "csrf_token")

    def _value(self, page: str, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', page)
        assert found, name
        return found[1]


@pytest.fixture
def cluster() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that forgets nothing, in a directory of these tests' own; whoever is left in it is ended."""
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    cluster = EmbeddedPostgres(HOME / "postgres").start()
    yield cluster
    cluster.stop()
    _end_all_of(HOME, cluster.data)
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


@pytest.mark.xdist_group("faults")
def test_no_acknowledged_sale_is_missing_or_doubled_when_everything_is_killed(
    durable_app: Flask, cluster: EmbeddedPostgres
) -> None:
    shop = open_a_shop("corner")
    product_id = add_product(shop, "Milk", quantity=SALES + TILLS)
    logins = [f"cashier{number}" for number in range(TILLS)]
    for login in logins:
        add_user(shop, login, "cashier")
    db.session.remove()
    server = Server(_free_port())
    server.start()
    tills = [Till(server.port, login, product_id, time.monotonic() + SECONDS_MAX) for login in logins]

    try:
        errors = _sell_until_enough(
            tills,
            {
                SALES // 6: server.kill_workers,
                SALES // 3: server.kill,
                SALES // 2: lambda: server.kill_postgres(cluster),
                SALES * 2 // 3: server.kill_workers,
                SALES * 5 // 6: lambda: server.kill_postgres(cluster),
            },
        )
    finally:
        server.stop()

    assert errors == [], (HOME / "said.txt").read_text()[-4000:]
    _must_be_there_once(shop, [id for till in tills for id in till.acknowledged], sum(till.lost for till in tills))


def _sell_until_enough(tills: list[Till], faults: dict[int, Callable[[], None]]) -> list[BaseException]:
    """Let the tills sell, and do each fault when so many sales were acknowledged."""
    errors: list[BaseException] = []

    def work(till: Till) -> None:
        try:
            till.sign_in()
            while sum(len(each.acknowledged) for each in tills) < SALES and not errors:
                till.sell()
        except BaseException as error:  # the test looks at it
            errors.append(error)

    threads = [threading.Thread(target=work, args=(till,)) for till in tills]
    for thread in threads:
        thread.start()
    for count, fault in faults.items():
        while sum(len(each.acknowledged) for each in tills) < count and any(thread.is_alive() for thread in threads):
            time.sleep(0.02)
        if not errors:
            fault()
    for thread in threads:
        thread.join()
    return errors


def _must_be_there_once(shop: Shop, acknowledged: list[uuid.UUID], lost: int) -> None:
    session = session_of(shop.tenant_id)
    numbers = session.execute(
        text("SELECT id, number FROM sales WHERE tenant_id = :tenant_id ORDER BY number"), {"tenant_id": shop.tenant_id}
    ).all()
    durable = session.execute(text("SELECT current_setting('fsync')")).scalar_one()
    session.rollback()
    assert durable == "on"
    assert lost > TILLS, "nothing was killed while somebody was selling"
    assert len(acknowledged) == len(set(acknowledged)) >= SALES
    assert {row.id for row in numbers} == set(acknowledged)
    assert [row.number for row in numbers] == [f"A-{number:06d}" for number in range(1, len(numbers) + 1)]
    assert books.count(shop, "stock_moves") == len(acknowledged) + 1  # the opening stock is one
    books.assert_the_books_agree(shop)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end_all_of(home: Path, data: Path) -> None:
    """End what is left of our own: found by the directory it was given."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            is_ours = process.environ().get("DATA_DIR") == str(home) or str(data) in process.cmdline()
            if is_ours and process.pid != os.getpid():
                process.kill()
