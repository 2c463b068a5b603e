"""`backup`: the whole database into one file; `backup prove` restores a file beside the live books and proves it."""

import os
import subprocess  # nosec B404 # this program itself, with fixed arguments
import sys
from pathlib import Path

import click
from flask import current_app
from psycopg.conninfo import make_conninfo

from ledger_web.config import ROOT
from ledger_web.domain.ids import new_id
from ledger_web.embedded_postgres import find_binaries
from ledger_web.services import backups
from ledger_web.services.backups import BackupError
from ledger_web.services.provisioning import DatabaseAccess

PROOFS = (("recalculate-balances", "--all", "--check"), ("isolation", "check"), ("audit", "verify"))


@click.group()
def backup() -> None:
    """Save the whole database, and prove that what was saved can be had back."""


@backup.command("write")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def write(file: Path) -> None:
    """Write everything into FILE, as it is at one moment, and read it back. Beside it lies what must be in it."""
    try:
        manifest = backups.write_backup(_administrator(), find_binaries(), file.absolute())
    except BackupError as error:
        raise click.ClickException(error.message) from error
    shops = len(manifest.rows["tenants"])
    click.echo(f"{file}: {manifest.total} rows of {shops} shops, schema {manifest.schema}, SHA-256 {manifest.sha256}")


@backup.command("prove")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--keep", default="", help="Keep the restored database under this name.")
def prove(file: Path, keep: str) -> None:
    """Restore FILE into a database beside the live one, and let it prove itself.

    Its rows are counted shop by shop, every balance is added up again, the walls between shops are tried and the audit
    is verified. The database is dropped afterwards, unless it is to be kept. Exit code 0: it is whole.
    """
    administrator = _administrator()
    name = keep or f"proof_{new_id().hex[-12:]}"
    failed: list[str] = []
    try:
        manifest = backups.restore_backup(administrator, find_binaries(), file.absolute(), name)
        failed = [" ".join(words) for words in PROOFS if not _holds(name, words)]
    except BackupError as error:
        raise click.ClickException(error.message) from error
    finally:
        if not keep:
            backups.drop_database(administrator, name)
    if failed:
        raise click.ClickException(f"It came back, but does not hold: {', '.join(failed)}.")
    click.echo(f"{file}: {manifest.total} rows came back; balances, walls and audit hold.")


def _administrator() -> str:
    access: DatabaseAccess = current_app.extensions["database_access"]
    if access.administrator is None:
        raise click.ClickException(
            "Row-level security hides the shops from ledger_app and ledger_owner, so neither can save them.\n"
            "Set DATABASE_OWNER_URL to a superuser, or use what you use for PostgreSQL anyway."
        )
    return access.administrator


def _holds(database: str, words: tuple[str, ...]) -> bool:
    """Run a command of ours on another database of this server, as a process of its own, by the same roles."""
    access: DatabaseAccess = current_app.extensions["database_access"]
    environment = os.environ | {
        "DATABASE_URL": make_conninfo(access.application, dbname=database),
        "DATABASE_OWNER_URL": make_conninfo(access.administrator or "", dbname=database),
        "SECRET_KEY": current_app.config["SECRET_KEY"],
        "BASE_DOMAIN": current_app.config["BASE_DOMAIN"],
    }
    done = subprocess.run(  # nosec B603
        [sys.executable, "app.py", *words], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        click.echo(done.stdout[-2000:] + done.stderr[-2000:], err=True)
    return done.returncode == 0
