"""The embedded server: durable, shared, stopped by the last one out, and recovered after anything was killed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from ledger_web.config import ROOT
from ledger_web.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError, find_binaries

pytestmark = pytest.mark.xdist_group("embedded")  # one server for all of them

HOME = ROOT / "var" / f"test-embedded-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    shutil.rmtree(HOME, ignore_errors=True)
    yield HOME
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(home).start()
    yield server
    server.stop()


def ask(server: EmbeddedPostgres, query: str) -> object:
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def postmaster_of(server: EmbeddedPostgres) -> psutil.Process:
    return psutil.Process(int((server.data / "postmaster.pid").read_text().splitlines()[0]))


def runs(server: EmbeddedPostgres) -> bool:
    try:
        return ask(server, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit", "data_checksums"])
def test_it_forgets_nothing_it_has_confirmed(server: EmbeddedPostgres, setting: str) -> None:
    assert ask(server, f"SELECT current_setting('{setting}')") == "on"


def test_nothing_listens_on_the_network(server: EmbeddedPostgres) -> None:
    assert ask(server, "SELECT current_setting('listen_addresses')") == ""
    connections = postmaster_of(server).net_connections(kind="inet")
    assert connections == []


def test_it_never_runs_as_root_and_its_files_are_its_own(server: EmbeddedPostgres) -> None:
    assert postmaster_of(server).uids().effective != 0
    assert server.data.stat().st_mode & 0o077 == 0


def test_the_last_one_out_stops_it(home: Path) -> None:
    first, second = EmbeddedPostgres(home).start(), EmbeddedPostgres(home).start()

    first.stop()
    assert runs(second)

    second.stop()
    assert not runs(second)


def test_leaving_twice_is_leaving_once(home: Path) -> None:
    first, second = EmbeddedPostgres(home).start(), EmbeddedPostgres(home).start()

    first.stop()
    first.stop()

    assert runs(second)
    second.stop()


def test_a_killed_server_comes_back_with_all_it_had_confirmed(home: Path) -> None:
    first = EmbeddedPostgres(home).start()
    with psycopg.connect(first.conninfo(), autocommit=True) as connection:
        connection.execute("CREATE TABLE confirmed AS SELECT 42 AS answer")
    os.kill(postmaster_of(first).pid, signal.SIGKILL)

    second = EmbeddedPostgres(home).start()

    assert ask(second, "SELECT answer FROM confirmed") == 42
    first.stop()
    second.stop()


def test_a_lock_file_of_a_process_number_that_is_someone_elses_by_now_is_no_obstacle(home: Path) -> None:
    server = EmbeddedPostgres(home).start()
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n1700000000\n5432\n")

    again = EmbeddedPostgres(home).start()

    assert runs(again)
    again.stop()


def test_an_interrupted_first_start_leaves_nothing_in_the_way(home: Path) -> None:
    home.mkdir(exist_ok=True, mode=0o700)
    half_made = home / "init-1"
    half_made.mkdir(exist_ok=True)
    shutil.rmtree(home / f"pg{_major()}", ignore_errors=True)

    server = EmbeddedPostgres(home).start()

    assert runs(server)
    assert not half_made.exists()
    server.stop()


def _major() -> str:
    said = subprocess.run([find_binaries() / "postgres", "--version"], capture_output=True, text=True).stdout
    return said.split()[2].split(".")[0]


def test_a_process_that_is_killed_no_longer_holds_it(home: Path) -> None:
    ours = EmbeddedPostgres(home).start()
    program = (
        "import sys, time; from pathlib import Path; from ledger_web.embedded_postgres import EmbeddedPostgres;"
        "EmbeddedPostgres(Path(sys.argv[1])).start(); print('in', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(home)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        process.kill()

    ours.stop()

    assert not runs(ours)


def test_six_first_starts_at_once_share_one_server(home: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from ledger_web.embedded_postgres import EmbeddedPostgres;"
        "import psycopg; s = EmbeddedPostgres(Path(sys.argv[1])).start(); c = psycopg.connect(s.conninfo());"
        "print(c.execute('SELECT system_identifier FROM pg_control_system()').fetchone()[0]); c.close()"
    )
    shutil.rmtree(home, ignore_errors=True)
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(home)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    answers = {process.communicate(timeout=120)[0] for process in processes}

    assert [process.returncode for process in processes] == [0] * 6
    assert len(answers) == 1
    deadline = time.monotonic() + 10
    while runs(EmbeddedPostgres(home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not runs(EmbeddedPostgres(home))


def test_a_path_too_long_for_a_socket_is_no_obstacle(home: Path) -> None:
    deep = home / ("d" * 60) / ("e" * 60)
    deep.parent.mkdir(parents=True)
    for place in (home, deep.parent):
        place.chmod(0o755)
    server = EmbeddedPostgres(deep).start()

    assert runs(server)
    assert str(deep) not in server.conninfo()
    server.stop()


def test_a_directory_that_cannot_be_used_is_a_sentence() -> None:
    with pytest.raises(EmbeddedPostgresError, match="DATA_DIR"):
        EmbeddedPostgres(Path("/proc/ledger"))


def test_an_ephemeral_server_leaves_no_data(home: Path) -> None:
    server = EmbeddedPostgres(home / "ephemeral", ephemeral=True).start()
    data = server.data
    assert ask(server, "SELECT current_setting('fsync')") == "off"

    server.stop()

    assert not data.exists()
