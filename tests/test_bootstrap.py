"""From a bare Python to the same command inside an environment that holds exactly what the requirements say."""

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger_web import bootstrap
from ledger_web.config import ROOT

PINNED = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]
BARE = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}


def base_python() -> str:
    """The Python that the environment of these tests was made from."""
    return str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info[1]}")


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment that says it is complete, and whose Python tells how it was called."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "inside: $@"\n')
    python.chmod(0o755)
    for name in ("requirements", "requirements-dev"):
        (tmp_path / f".{name}.stamp").write_text(bootstrap._stamp_text(name))
    return tmp_path


def start(*words: str, environment: Path, options: str = "-B", **more: str) -> "subprocess.CompletedProcess[str]":
    command = [base_python(), options, "app.py", *words]
    variables = BARE | {"LEDGER_VENV": str(environment)} | more
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("words", [[], ["test", "-k", "a word"], ["lint"], ["tenants", "list"]])
def test_the_same_command_goes_on_inside_the_environment(environment: Path, words: list[str]) -> None:
    done = start(*words, environment=environment)

    assert (done.returncode, done.stdout.strip()) == (0, " ".join(["inside: app.py", *words]))


def test_nothing_is_imported_but_the_standard_library() -> None:
    for path in (ROOT / "ledger_web" / "bootstrap.py", ROOT / "ledger_web" / "__init__.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert {alias.name.partition(".")[0] for alias in node.names} <= sys.stdlib_module_names
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").partition(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("path", ["app.py", "ledger_web/bootstrap.py", "ledger_web/__init__.py"])
def test_an_old_python_can_read_enough_to_say_that_it_is_old(path: str) -> None:
    ast.parse((ROOT / path).read_text(), feature_version=(3, 7))


def test_without_pip_and_ensurepip_the_line_that_installs_it_is_shown(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "ensurepip.py").write_text("raise ImportError('as on Debian without python3-venv')")

    done = start(environment=tmp_path / "venv", options="-S", PYTHONPATH=str(broken))

    assert done.returncode != 0
    assert "neither pip nor ensurepip" in done.stderr
    assert re.search(r"^    (sudo )?\S+ (update|install|add|-S)", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr


def test_requirements_name_neither_an_index_nor_a_host() -> None:
    for path in PINNED:
        text = path.read_text()
        assert "://" not in text
        assert "--index" not in text
        assert "--find-links" not in text


def test_every_requirement_is_pinned_with_hashes() -> None:
    for path in PINNED:
        requirements = re.findall(r"^(\S+)((?:.*\\\n)*.*)", path.read_text(), re.MULTILINE)
        assert requirements
        for name, rest in requirements:
            assert re.fullmatch(r"[a-z0-9-]+(\[[a-z,]+\])?==[0-9][\w.+]*", name), name
            assert "--hash=sha256:" in rest, name


def test_the_tools_of_the_tests_come_with_all_that_the_shop_runs_on() -> None:
    shop, tests = ({line for line in path.read_text().splitlines() if "==" in line} for path in PINNED)

    assert shop <= tests


@pytest.mark.parametrize("damage", ["stamp", "python", "another python", "other requirements", "half an installation"])
def test_an_environment_that_does_not_match_is_not_entered(environment: Path, damage: str) -> None:
    if damage == "stamp":
        (environment / ".requirements.stamp").unlink()
    elif damage == "python":
        (environment / "bin" / "python").unlink()
    elif damage == "another python":
        stamp = environment / ".requirements.stamp"
        stamp.write_text(stamp.read_text().replace(bootstrap._python_key(), "3.1 elsewhere"))
    elif damage == "other requirements":
        (environment / ".requirements.stamp").write_text(bootstrap._python_key() + " " + "0" * 64)
    else:
        (environment / ".unfinished").touch()

    assert not bootstrap._holds(environment, "requirements")


def test_an_environment_that_lost_its_python_is_made_anew(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (environment / "bin" / "python").unlink()
    monkeypatch.setattr(bootstrap, "_pip", lambda _environment: ["true"])

    bootstrap._install(environment, ["requirements"])

    assert bootstrap._holds(environment, "requirements")


@pytest.mark.long
def test_a_first_start_that_was_killed_and_two_at_once_end_in_one_whole_environment(tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    home = tmp_path / "home"
    home.mkdir()
    command = [base_python(), "app.py", "--version"]
    variables = BARE | {"LEDGER_VENV": str(environment), "HOME": str(home), "DATA_DIR": str(tmp_path / "data")}
    first = subprocess.Popen(command, cwd=ROOT, env=variables, start_new_session=True)
    deadline = time.monotonic() + 60
    while not (environment / ".unfinished").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(3)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()

    both = [subprocess.Popen(command, cwd=ROOT, env=variables) for _ in range(2)]

    assert [process.wait(600) for process in both] == [0, 0]
    assert not (environment / ".unfinished").exists()
    shutil.rmtree(environment)
