"""The ground all measures stand on: a durable server of its own, an application on it, and what is common to them."""

import contextlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask

from ledger_web.config import ROOT, Settings
from ledger_web.embedded_postgres import EmbeddedPostgres
from ledger_web.factory import create_app
from ledger_web.models.base import db
from ledger_web.services.provisioning import APPLICATION, access_to_embedded, create_database, prepare

DATABASE = "ledger"
BASE_DOMAIN = "localhost"
SECRET_KEY = "a secret of at least thirty-two bytes, for measuring"  # noqa: S105
CONNECTIONS = 40  # more than any measure has clients
PGBENCH_SAYS = re.compile(r"tps = ([0-9.]+) \(without initial connection time\)")


@dataclass(frozen=True, slots=True)
class Result:
    """One figure beside its yardstick. A ratio above 1 is better than the yardstick, whatever the unit."""

    name: str
    value: float
    yardstick: float
    ratio: float
    unit: str


def rate(name: str, value: float, yardstick: float, unit: str = "/s") -> Result:
    return Result(name, value, yardstick, value / yardstick, unit)


@dataclass(frozen=True, slots=True)
class Ground:
    """A server that promises what a shop's must (the application refuses any other), and an application on it."""

    server: EmbeddedPostgres
    app: Flask
    superuser: "psycopg.Connection[Any]"
    seconds: float  # how long one measurement runs
    quick: bool
    long: bool = False  # also sizes that take half an hour to make

    def conninfo(self, user: str = APPLICATION) -> str:
        return self.server.conninfo(user=user, database=DATABASE)

    def deadlocks(self) -> int:
        """Count the deadlocks there have been; statistics arrive a moment after the act."""
        time.sleep(0.1)
        found = self.superuser.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(found.fetchall()[0][0])


@contextlib.contextmanager
def ground(*, seconds: float, quick: bool, long: bool = False) -> Iterator[Ground]:
    """Start a server, migrate, make an application; afterwards nothing of it is left."""
    (ROOT / "var").mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "var"))
    server = EmbeddedPostgres(home).start()
    try:
        create_database(server.conninfo(), DATABASE)
        access = access_to_embedded(server.conninfo, DATABASE)
        prepare(access)
        app = create_app(settings(access.application, threads=CONNECTIONS))
        with psycopg.connect(server.conninfo(database=DATABASE), autocommit=True) as superuser:
            yield Ground(server, app, superuser, seconds, quick, long)
        with app.app_context():
            db.engine.dispose()
    finally:
        server.stop()
        shutil.rmtree(server.data.parent, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


def settings(database_url: str, **changed: Any) -> Settings:
    """Settings of an application on this ground; durability is checked as for any shop."""
    return Settings(secret_key=SECRET_KEY, database_url=database_url, base_domain=BASE_DOMAIN, **changed)


def acts_per_second(app: Flask, clients: int, act: Callable[[int], object], seconds: float) -> float:
    """Let clients do one act after the other, each in its thread; none may fail.

    Args:
        act: Is told which client it is for.
    """
    start = threading.Barrier(clients + 1)
    done = [0] * clients
    errors: list[BaseException] = []
    deadline = 0.0

    def work(client: int) -> None:
        with app.app_context():
            try:
                act(client)  # connects, prepares
                start.wait()
                while time.perf_counter() < deadline:
                    act(client)
                    done[client] += 1
            except BaseException as error:
                errors.append(error)
                start.abort()

    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    deadline = float("inf")
    for thread in threads:
        thread.start()
    with contextlib.suppress(threading.BrokenBarrierError):
        start.wait()
    began = time.perf_counter()
    deadline = began + seconds
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return sum(done) / (time.perf_counter() - began)


def pgbench(ground: Ground, clients: int, script: str, seconds: float) -> float:
    """Return how many times a second pgbench's clients get through a script, in a database beside the shops'."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        where = psycopg.conninfo.conninfo_to_dict(ground.conninfo("postgres"))
        command = [str(ground.server.bin / "pgbench"), "-h", str(where["host"]), "-p", str(where["port"])]
        command += ["-U", "postgres", "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2))]
        command += ["-T", str(max(1, round(seconds))), "-f", file.name, "postgres"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = PGBENCH_SAYS.search(said)
    if found is None:
        raise RuntimeError(f"pgbench said nothing of tps:\n{said}")
    return float(found[1])
