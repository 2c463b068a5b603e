"""What each word after `python3 app.py` does."""

import os
import shutil
import subprocess  # nosec B404 # runs psql and the tools of lint with fixed arguments, never a shell
import sys
from collections.abc import Sequence

from flask import Flask
from flask.cli import FlaskGroup

from ledger_web.config import ROOT, Settings, SettingsError, read_settings
from ledger_web.demo import CASHIER, MANAGER, OWNER, SLUG, Demo, make_demo
from ledger_web.embedded_postgres import EmbeddedPostgresError, find_binaries
from ledger_web.factory import NotReadyError, create_app, reach_database
from ledger_web.models.base import db
from ledger_web.queries.tenants import list_tenants
from ledger_web.serve import AddressTakenError, refuse_taken_address, serve
from ledger_web.services.provisioning import ProvisioningError, prepare, schema_head

EXPECTED = (SettingsError, EmbeddedPostgresError, ProvisioningError, NotReadyError, AddressTakenError)
LINT = (
    "ruff check .",
    "ruff format --check .",
    "mypy",
    "djlint --lint --quiet templates",
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
    refuse_taken_address(settings)
    app = _prepared_app(settings)
    with app.app_context():
        print(_welcome(settings), flush=True)
        db.session.remove()
        db.engine.dispose()  # the workers are forked from here, and a connection has one owner
    serve(settings)
    return 0


def _welcome(settings: Settings) -> str:
    """Say where the shops are and how to come in. The first start on the embedded server makes the demo."""
    port = "" if settings.port == 80 else f":{settings.port}"
    shops = [shop.slug for shop in list_tenants() if shop.status == "active"]
    if settings.database_url and not shops:
        return f"Serving below {settings.base_domain}{port}. Open a first shop: python3 app.py tenants create --help"
    slug = shops[0] if shops and SLUG not in shops else SLUG
    lines = [f"Open     http://{slug}.{settings.base_domain}{port}/   (Ctrl-C stops)"]
    if slug == SLUG and not settings.database_url:
        if not shops:
            print("Making a demo shop with three months of trade (once; some seconds) …", file=sys.stderr, flush=True)
        lines += _how_to_sign_in(make_demo())
    return "\n".join(lines)


def _how_to_sign_in(demo: Demo) -> list[str]:
    if demo.password:
        return [f"Sign in  as {OWNER}, {MANAGER} or {CASHIER}", f"Password {demo.password}"]
    return [f"Password lost? python3 app.py users reset-password {demo.slug} {OWNER}"]


def _prepared_app(settings: Settings) -> Flask:
    prepare(reach_database(settings))
    return create_app(settings)


def _migrate() -> int:
    access = reach_database(read_settings())
    prepare(access)
    print(f"The schema is at {schema_head()}." if access.administrator else NOBODY_MIGRATES)
    return 0 if access.administrator else 1


def _flask(arguments: list[str]) -> int:
    """Run a command of the application, ours from `cli.py` or one of Flask's; it ends the process with its code."""
    app = _prepared_app(read_settings())
    group = FlaskGroup(create_app=lambda: app, load_dotenv=False, help=__doc__)
    return int(group.main(args=arguments, prog_name="python3 app.py") or 0)


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
    return _run([sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", *rest])


def _lint() -> int:
    """Run every tool, even when an earlier one complains."""
    return max([_run([sys.executable, "-m", *tool.split()]) for tool in LINT])


def _run(command: Sequence[str]) -> int:
    return subprocess.run(command, cwd=ROOT).returncode  # nosec B603
