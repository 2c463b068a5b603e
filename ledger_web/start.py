"""What each word after `python3 app.py` does."""

import os
import shutil
import subprocess  # nosec B404: runs psql and the tools of lint with fixed arguments, never a shell
import sys
from collections.abc import Sequence

from flask import Flask

from ledger_web.config import ROOT, Settings, SettingsError, read_settings
from ledger_web.embedded_postgres import EmbeddedPostgresError, find_binaries
from ledger_web.factory import NotReadyError, create_app, reach_database
from ledger_web.models.base import db
from ledger_web.serve import serve
from ledger_web.services.provisioning import ProvisioningError, prepare, schema_head

EXPECTED = (SettingsError, EmbeddedPostgresError, ProvisioningError, NotReadyError)
LINT = (
    "ruff check .",
    "ruff format --check .",
    "mypy",
    "djlint --check --lint --quiet templates",
    "bandit --quiet --recursive --configfile pyproject.toml app.py ledger_web migrations",
)
NOBODY_MIGRATES = """\
DATABASE_URL names ledger_app, which may not migrate.
Set DATABASE_OWNER_URL to the role that owns the tables, or to one that may create roles.\
"""


def main(arguments: Sequence[str]) -> int:
    """Run one word; without any, the shop."""
    word, rest = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    try:
        match word:
            case "":
                return _open_the_shop()
            case "test":
                return _test(rest)
            case "lint":
                return _lint()
            case "bench":
                return _bench(rest)
            case "psql":
                return _psql(rest)
            case "migrate":
                return _migrate()
            case _:
                return _flask(list(arguments))
    except EXPECTED as refusal:
        print(refusal, file=sys.stderr)
        return 1


def application() -> Flask:
    """Make `app:app` for any WSGI server and for `flask`; a refusal ends the process with its message."""
    try:
        return create_app()
    except EXPECTED as refusal:
        sys.exit(str(refusal))


def _open_the_shop() -> int:
    settings = read_settings()
    app = _prepared_app(settings)
    port = "" if settings.port == 80 else f":{settings.port}"
    print(f"Open http://demo.{settings.base_domain}{port}/   (Ctrl-C stops)", flush=True)
    with app.app_context():
        db.engine.dispose()  # the workers are forked from here, and a connection has one owner
    serve(settings)
    return 0


def _prepared_app(settings: Settings) -> Flask:
    prepare(reach_database(settings))
    return create_app(settings)


def _migrate() -> int:
    access = reach_database(read_settings())
    prepare(access)
    print(f"The schema is at {schema_head()}." if access.administrator else NOBODY_MIGRATES)
    return 0 if access.administrator else 1


def _flask(arguments: list[str]) -> int:
    """Run a command of the application; its own words are in `cli.py`."""
    app = _prepared_app(read_settings())
    return int(app.cli.main(args=arguments, prog_name="python3 app.py", standalone_mode=False) or 0)


def _psql(rest: list[str]) -> int:
    """Open psql as whoever may do most: the rows of a shop are hidden even from the owner of the tables."""
    access = reach_database(read_settings())
    program = shutil.which("psql", path=os.fspath(find_binaries())) or "psql"
    return _run([program, access.administrator or access.application, *rest])


def _bench(rest: list[str]) -> int:
    return _run([sys.executable, "-m", "benchmarks", *rest])


def _test(rest: list[str]) -> int:
    if rest[:1] == ["long"]:
        rest = ["-m", "long", *rest[1:]]
    return _run([sys.executable, "-m", "pytest", "-n", "2", *rest])


def _lint() -> int:
    """Run every tool, even when an earlier one complains."""
    return max([_run([sys.executable, "-m", *tool.split()]) for tool in LINT])


def _run(command: Sequence[str]) -> int:
    return subprocess.run(command, cwd=ROOT).returncode  # nosec B603
