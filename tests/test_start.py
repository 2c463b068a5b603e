"""`python3 app.py`, as a shopkeeper types it: starts, answers, stops when asked, and comes back after being killed."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from psycopg.conninfo import conninfo_to_dict

from ledger_web.config import ROOT
from tests.databases import SECRET_KEY, Database
from tests.faults.servers import free_port

HOME = ROOT / "var" / f"test-start-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
pytestmark = pytest.mark.xdist_group("start")  # one server for all of them

PRODUCTION = {"SECRET_KEY": SECRET_KEY, "BASE_DOMAIN": "example.com"}
SAID = HOME / "said.txt"
SECONDS_MAX = 60  # this machine may have other work; the figure to expect is two


def environment(**changed: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DATABASE_"))}
    return inherited | {"DATA_DIR": str(HOME)} | changed


def run(*words: str, **changed: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "app.py", *words]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment(**changed),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def answer_of(port: int, host: str = "corner.localhost") -> int | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": f"{host}:{port}"})
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def wait_until_it_answers(port: int, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while answer_of(port) is None:
        assert process.poll() is None, SAID.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def shop_at(port: int) -> "Iterator[subprocess.Popen[str]]":
    """The shop, answering; whatever becomes of it, nothing of it is left afterwards."""
    with SAID.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=environment(PORT=str(port)),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            text=True,
            start_new_session=True,
        )
    try:
        wait_until_it_answers(port, process)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for left in processes_of_the_shop():
            left.terminate()
        psutil.wait_procs(processes_of_the_shop(), timeout=30)


def processes_of_the_shop() -> list[psutil.Process]:
    """Workers and PostgreSQL, found by the data directory they were given."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(HOME) in process.environ().get("DATA_DIR", "") or str(HOME) in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if process.pid != os.getpid()]


def postmasters() -> list[psutil.Process]:
    return [process for process in processes_of_the_shop() if " -D " in " ".join(process.cmdline())]


@pytest.fixture(scope="module", autouse=True)
def shop() -> Iterator[None]:
    """A shop called corner in a data directory of these tests' own."""
    shutil.rmtree(HOME, ignore_errors=True)
    made = run("tenants", "create", "corner", "--currency", "EUR", "--password", "seven green bottles")
    assert made.returncode == 0, made.stderr
    yield
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_starts_says_where_it_is_and_stops_cleanly_when_asked(asked: signal.Signals) -> None:
    port = free_port()
    with shop_at(port) as process:
        assert answer_of(port) in {200, 303}
        assert answer_of(port, "nobody.localhost") == 404

        os.killpg(process.pid, asked)  # a terminal sends it to every process at once

        assert process.wait(timeout=40) == 0
        said = SAID.read_text()
        assert f"http://corner.localhost:{port}/" in said
        assert "Traceback" not in said
        assert processes_of_the_shop() == []


def test_when_it_is_killed_its_workers_leave_and_the_next_start_takes_over() -> None:
    port = free_port()
    with shop_at(port) as process:
        process.kill()
        process.wait()
        deadline = time.monotonic() + 10
        while answer_of(port) is not None and time.monotonic() < deadline:
            time.sleep(0.1)
        assert answer_of(port) is None

        with shop_at(port) as again:
            assert answer_of(port) in {200, 303}
            os.killpg(again.pid, signal.SIGINT)
            again.wait(timeout=40)
            assert postmasters() == []


def test_when_postgresql_is_killed_it_answers_that_it_cannot_and_the_next_start_recovers() -> None:
    port = free_port()
    with shop_at(port) as process:
        for postmaster in postmasters():
            postmaster.kill()
        deadline = time.monotonic() + 10
        while answer_of(port) != 503 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert answer_of(port) == 503
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=40)

    with shop_at(port):
        assert answer_of(port) in {200, 303}


def test_a_worker_that_is_killed_is_replaced() -> None:
    port = free_port()
    with shop_at(port) as process:
        for worker in psutil.Process(process.pid).children():
            worker.kill()
        time.sleep(1)
        wait_until_it_answers(port, process)

        assert answer_of(port) in {200, 303}


def test_a_port_that_is_taken_is_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run(PORT=str(taken.getsockname()[1]))

    assert done.returncode != 0
    assert "Address already in use" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Stop what runs there, or choose another port: PORT=")


def test_any_other_word_is_a_command_on_the_same_database() -> None:
    done = run("tenants", "list")

    assert done.returncode == 0
    assert done.stdout.startswith("corner\t")


def test_a_word_that_is_no_command_is_a_usage_error() -> None:
    done = run("sell-everything")

    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_psql_opens_the_same_database_with_all_rights() -> None:
    done = run("psql", "-At", "-c", "SELECT current_user, name FROM tenants")

    assert (done.returncode, done.stdout) == (0, "postgres|corner\n")


def test_migrate_says_where_the_schema_is() -> None:
    done = run("migrate")

    assert done.returncode == 0
    assert done.stdout.startswith("The schema is at 0")


def url(database: Database, user: str) -> str:
    host = conninfo_to_dict(database.conninfo())["host"]
    return f"postgresql://{user}@/{database.name}?host={host}&port=5432"


def test_with_a_database_url_its_own_server_is_used_and_an_unsafe_one_refused(worker_database: Database) -> None:
    """The server of the tests forgets on purpose."""
    done = run("tenants", "list", DATABASE_URL=url(worker_database, "postgres"), **PRODUCTION)

    assert done.returncode != 0
    assert "fsync, full_page_writes, synchronous_commit is off" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_application_alone_cannot_migrate_and_says_who_can(worker_database: Database) -> None:
    done = run("migrate", DATABASE_URL=url(worker_database, "ledger_app"), **PRODUCTION)

    assert done.returncode == 1
    assert "Set DATABASE_OWNER_URL" in done.stdout.splitlines()[-1]
