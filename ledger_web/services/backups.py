"""The whole database as one file: written from one moment, read back at once, and counted shop by shop.

Beside the file lies what must be in it, `<file>.json`: the SHA-256 of the file, and how many rows each table holds of
each shop, counted in the very snapshot that the dump is made from. Whoever restores it proves by these numbers that
nothing is missing. The dump is made by a role that row-level security does not bind; any other would be refused.
"""

import dataclasses
import datetime as dt
import hashlib
import json
import os
import subprocess  # nosec B404 # PostgreSQL's own programs with fixed arguments, never a shell
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.languages import gettext

FORMAT = 1
Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"
Rows: TypeAlias = Mapping[str, Mapping[str, int]]  # table, then shop's id; "" where rows belong to no shop


class BackupError(RuleViolationError):
    """The backup was not made, or is not whole."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What must be in a backup."""

    format: int
    made_at: str
    schema: str
    sha256: str
    rows: Rows

    @property
    def total(self) -> int:
        return sum(sum(shops.values()) for shops in self.rows.values())


def write_backup(administrator: str, programs: Path, file: Path) -> Manifest:
    """Dump everything as it is at one moment, and read the file back from end to end.

    Args:
        administrator: How a superuser, or one with BYPASSRLS that may read all, reaches the database.
        programs: Where PostgreSQL's own programs are, no older than the server.

    Raises:
        BackupError: A program failed; what it said is in the message. A file that is not whole is removed.
    """
    unfinished = file.with_name(f"{file.name}.unfinished")
    with psycopg.connect(administrator) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = str(_one(connection, "SELECT pg_export_snapshot()"))
        try:
            unfinished.touch(mode=0o600)
            how = ("--format=custom", f"--snapshot={snapshot}", f"--file={unfinished}")
            _run(programs / "pg_dump", administrator, *how)
            _run(programs / "pg_restore", None, "--file=/dev/null", str(unfinished))  # reads and unpacks every block
            manifest = Manifest(
                FORMAT,
                dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
                str(_one(connection, "SELECT max(version_num) FROM alembic_version")),
                _digest(unfinished),
                count_rows(connection),
            )
            _manifest_of(file).write_text(json.dumps(dataclasses.asdict(manifest), indent=1))
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
    return manifest


def read_manifest(file: Path) -> Manifest:
    """Return what must be in a backup, after looking whether the file is the one that was written.

    Raises:
        BackupError: The file or its manifest is not there, or was changed.
    """
    try:
        manifest = Manifest(**json.loads(_manifest_of(file).read_text()))
        found = _digest(file)
    except (OSError, ValueError, TypeError) as error:
        raise BackupError(gettext("%(file)s cannot be read as a backup: %(error)s", file=file, error=error)) from error
    if found != manifest.sha256:
        raise BackupError(
            gettext("%(file)s is not the file that was written: its SHA-256 is %(found)s.", file=file, found=found)
        )
    return manifest


def restore_backup(administrator: str, programs: Path, file: Path, database: str) -> Manifest:
    """Read a backup into a new database of the same server, and count what came.

    Raises:
        BackupError: The database exists, a program failed, or other rows came than went.
    """
    manifest = read_manifest(file)
    with psycopg.connect(administrator, autocommit=True) as connection:
        try:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(database)))
        except psycopg.errors.DuplicateDatabase as error:
            raise BackupError(
                gettext("There is a database %(database)s already. Choose another name.", database=database)
            ) from error
    there = make_conninfo(administrator, dbname=database)
    _run(programs / "pg_restore", there, "--exit-on-error", f"--dbname={database}", str(file))
    with psycopg.connect(there) as connection:
        came = count_rows(connection)
    if came != manifest.rows:
        tables = came.keys() | manifest.rows.keys()
        wrong = sorted(table for table in tables if came.get(table) != manifest.rows.get(table))
        raise BackupError(gettext("Other rows came than went, in: %(wrong)s.", wrong=", ".join(wrong)))
    return manifest


def drop_database(administrator: str, database: str) -> None:
    """Remove a database that a backup was read into."""
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def count_rows(connection: Connection) -> dict[str, dict[str, int]]:
    """Count the rows of each table, shop by shop."""
    found = {}
    tables = connection.execute(
        """
        SELECT c.relname, EXISTS (SELECT FROM pg_attribute AS a
                                   WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
          FROM pg_class AS c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
         ORDER BY c.relname
        """
    ).fetchall()
    for table, is_of_shops in tables:
        shop = sql.SQL("tenant_id::text" if is_of_shops else "''")
        query = sql.SQL("SELECT {}, count(*) FROM {} GROUP BY 1 ORDER BY 1").format(shop, sql.Identifier(table))
        found[table] = {str(id): int(rows) for id, rows in connection.execute(query).fetchall()}
    return found


def _manifest_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.json")


def _one(connection: Connection, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _run(program: Path, conninfo: str | None, *arguments: str) -> None:
    """Run a program of PostgreSQL's; where to connect, and the password, go by its environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    for name, value in (conninfo_to_dict(conninfo) if conninfo else {}).items():
        environment[names.get(name, f"PG{name.upper()}")] = str(value)
    done = subprocess.run(  # nosec B603
        [str(program), *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        raise BackupError(
            gettext(
                "%(name)s failed (%(returncode)s): %(strip)s",
                name=program.name,
                returncode=done.returncode,
                strip=done.stderr.strip()[:2000],
            )
        )
