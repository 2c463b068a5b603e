"""Databases for tests: clones of one migrated template, on a server that forgets on purpose."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from psycopg import sql

from ledger_web.config import Settings
from ledger_web.embedded_postgres import EmbeddedPostgres
from ledger_web.factory import create_app
from ledger_web.models.base import db
from ledger_web.services.provisioning import APPLICATION, DatabaseAccess, access_to_embedded, prepare
from tests.name_server import name_server

SECRET_KEY = "a secret of at least thirty-two bytes, for tests"


class _Compiled(BytecodeCache):
    """What was compiled of templates, for every application of this process."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key, bucket.checksum] = bucket.code


COMPILED = _Compiled()


@dataclass(frozen=True, slots=True)
class Database:
    """One database of the test server, and the ways into it."""

    server: EmbeddedPostgres
    name: str
    apps: list[Flask] = field(default_factory=list)

    def conninfo(self, user: str = "postgres") -> str:
        return self.server.conninfo(user=user, database=self.name)

    def connect(self, user: str = "postgres", *, autocommit: bool = True) -> "psycopg.Connection[tuple[Any, ...]]":
        """Open a connection of one's own: as superuser to look or break, as ledger_app to try what it may."""
        return psycopg.connect(self.conninfo(user), autocommit=autocommit)

    @property
    def export_dir(self) -> Path:
        return Path(tempfile.gettempdir()) / f"ledger-exports-{self.name}"

    @property
    def access(self) -> DatabaseAccess:
        return access_to_embedded(self.server.conninfo, self.name)

    def settings(self, **changed: Any) -> Settings:
        """Settings of an application on this database."""
        values: dict[str, Any] = {
            "secret_key": SECRET_KEY,
            "database_url": self.conninfo(APPLICATION),
            "base_domain": "shop.localhost",
            "testing": True,
            "check_durability": False,
            "export_dir": self.export_dir,
            "resolvers": (("127.0.0.1", name_server().server_address[1]),),
        }
        return Settings(**(values | changed))

    def make_app(self, **changed: Any) -> Flask:
        """Make an application on this database; its connections are closed when the database is dropped."""
        self.apps.append(create_app(self.settings(**changed)))
        self.apps[-1].jinja_env.bytecode_cache = COMPILED
        return self.apps[-1]


def clone(template: Database, name: str) -> Database:
    """Copy a database that nobody is connected to; the copy replaces an older one of that name."""
    copy = Database(template.server, name)
    with _turn(template.server) as connection:
        _drop(connection, copy)
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template.name)))
    prepare(copy.access)  # rights on the database itself are not copied with it
    return copy


def drop(database: Database) -> None:
    """Remove a database, whoever is connected to it."""
    for app in database.apps:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
    with _turn(database.server) as connection:
        _drop(connection, database)
    shutil.rmtree(database.export_dir, ignore_errors=True)


class Broom:
    """Removes every row of every shop, by the superuser's hand: no policy, no trigger, no order of tables."""

    def __init__(self, database: Database) -> None:
        self._superuser = database.connect()
        tables = self._superuser.execute(
            "SELECT format('DELETE FROM %I', tablename) FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        ).fetchall()
        self._statements = "; ".join(row[0] for row in tables).encode()
        # A test that leaves a transaction open is told so here.
        self._superuser.execute("SET session_replication_role = replica; SET lock_timeout = '5s'")

    def sweep(self) -> None:
        self._superuser.execute(self._statements)

    def close(self) -> None:
        self._superuser.close()


@contextlib.contextmanager
def _turn(server: EmbeddedPostgres) -> "Iterator[psycopg.Connection[tuple[Any, ...]]]":
    """One worker at a time makes or removes databases: a template must not be in use while it is copied."""
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")
        yield connection


def _drop(connection: "psycopg.Connection[tuple[Any, ...]]", database: Database) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database.name)))
