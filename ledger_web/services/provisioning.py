"""Prepare a database for the shops: two roles, what each may do, and the schema.

`ledger_owner` owns the tables and migrates; `ledger_app` is the web and can do no more than its pages need.
Every step first looks whether it is done already, so preparing again does nothing and needs no rights. What the
role in hand may not do is collected and shown as SQL for someone who may.
"""

import contextlib
import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, LiteralString, TypeAlias

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
OWNER = "ledger_owner"
APPLICATION = "ledger_app"
SERVER_VERSION_MIN = 15_00_00
LOCK_ATTEMPTS_MAX = 20
CONNECTIONS_LEFT = 10  # of the server's, that the web never takes
MIGRATION_LOCK = 5_206_107_001  # any number, as long as nobody else uses it for an advisory lock
# A page that takes longer is broken, and must not hold locks or a connection while it is. Source: promises §2.9.
APPLICATION_SETTINGS = {
    "statement_timeout": "5s",
    "lock_timeout": "3s",
    "idle_in_transaction_session_timeout": "10s",
    "client_connection_check_interval": "2s",
}

WHY_A_STEP_FAILS = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.UndefinedObject,  # the role that an earlier step could not make
    psycopg.errors.DuplicateObject,  # roles belong to the server: who prepares another database of it
    psycopg.errors.UniqueViolation,  # made the same one at this moment,
    psycopg.errors.InternalError_,  # or changed it ("tuple concurrently updated")
)

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"


class ProvisioningError(Exception):
    """The database cannot be prepared; the message says why, and its last lines what to do."""


@dataclass(frozen=True, slots=True)
class DatabaseAccess:
    """How each role reaches the database, as libpq connection strings."""

    application: str
    owner: str
    administrator: str | None  # whoever may create roles; None: nobody is known, all must be there already
    derived: frozenset[str] = frozenset()  # roles whose passwords are made from the secret


def access_to(database_url: str, owner_url: str | None, secret_key: str) -> DatabaseAccess:
    """Work out who connects as what.

    A URL that names `ledger_app` (`ledger_owner`) is used as it is for that role. Any other role in them prepares
    the database, and the two roles connect with passwords derived from the secret: the same on every machine
    that shares it.

    Raises:
        ProvisioningError: A URL is not one.
    """
    application, other = _parsed(database_url), _parsed(owner_url) if owner_url else None
    administrator = other or (None if _user_of(application) == APPLICATION else application)
    for_role = {APPLICATION: application, OWNER: administrator or application}
    return DatabaseAccess(
        application=_as(APPLICATION, for_role[APPLICATION], secret_key),
        owner=_as(OWNER, for_role[OWNER], secret_key),
        administrator=administrator,
        derived=frozenset(role for role, conninfo in for_role.items() if _user_of(conninfo) != role),
    )


def access_to_embedded(conninfo_of: Callable[..., str], database: str) -> DatabaseAccess:
    """The same for the embedded server, where whoever may open the socket may be any role."""
    return DatabaseAccess(
        application=conninfo_of(user=APPLICATION, database=database),
        owner=conninfo_of(user=OWNER, database=database),
        administrator=conninfo_of(database=database),
    )


def create_database(server: str, name: str) -> None:
    """Create a database on a server of our own, unless it is there.

    Args:
        server: How the superuser reaches any database of it.
    """
    with psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone():
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))


def prepare(access: DatabaseAccess) -> None:
    """Bring roles, grants and schema to where the application needs them.

    Raises:
        ProvisioningError: Something may not be done by the roles at hand; the message holds the SQL that is missing.
    """
    if access.administrator:
        with _connect(access.administrator) as connection:
            _refuse_an_old_server(connection)
            with _alone(connection):
                _take(_steps(access, connection), connection)
        migrate(access.owner)


def migrate(owner: str, revision: str = "head") -> None:
    """Bring the schema to a revision, as the role that owns the tables, one starter at a time.

    Args:
        owner: How `ledger_owner` reaches the database.
        revision: A number such as "0003", "head" or, back to nothing, "base". A schema that is newer than this
            release's head is left as it is: whether we may serve from it is asked at the start.
    """
    with _connect(owner) as connection, _alone(connection):
        wanted = schema_head() if revision == "head" else revision
        found = _revision_of(connection)
        if revision == "head" and found > wanted:
            return
        if wanted != found:
            move = command.downgrade if wanted == "base" or wanted < found else command.upgrade
            _run_alembic(move, owner, wanted)
        if wanted != "base":
            _take([READABLE_REVISION], connection)
            connection.execute(sql.SQL("COMMENT ON TABLE alembic_version IS {}").format(oldest_beside(wanted)))


def oldest_beside(revision: str) -> str:
    """Return the oldest release, named by its newest migration, that may go on serving from a schema.

    Each migration says what old code makes of it; the last one that does not begin with "yes" is needed. The schema
    carries the number as the comment on `alembic_version`, where older releases read it (`queries/readiness.py`).
    """
    needed = "0001"
    for path in sorted((MIGRATIONS / "versions").glob("[0-9]*_*.py")):
        number = path.name.partition("_")[0]
        if number <= revision and "\nOld code beside it: yes" not in path.read_text():
            needed = number
    return needed


def schema_head() -> str:
    """The newest migration. They are numbered, so their names say it; Alembic would load them all to know."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


# -- who connects as what ------------------------------------------------------------------------


def _parsed(url: str) -> str:
    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        return make_conninfo(plain)
    except psycopg.ProgrammingError as error:
        raise ProvisioningError(
            f"DATABASE_URL or DATABASE_OWNER_URL is not understood: {str(error).strip()}\n"
            "Write it as postgresql://user:password@host:5432/database"
        ) from error


def _user_of(conninfo: str) -> str | None:
    return conninfo_to_dict(conninfo).get("user")  # type: ignore[return-value]


def _as(role: str, conninfo: str, secret_key: str) -> str:
    if _user_of(conninfo) == role:
        return conninfo
    password = hmac.new(secret_key.encode(), f"database password of {role}".encode(), hashlib.sha256).hexdigest()
    return make_conninfo(conninfo, user=role, password=password)


def _connect(conninfo: str) -> Connection:
    try:
        return psycopg.connect(conninfo, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        user = _user_of(conninfo) or "nobody in particular"
        raise ProvisioningError(
            f"The database cannot be reached as {user}: {str(error).strip()}\n"
            "Look at DATABASE_URL and DATABASE_OWNER_URL: host, database, user and password.\n"
            "A role whose password was derived from another SECRET_KEY: ALTER ROLE … PASSWORD, or give its URL."
        ) from error


def _refuse_an_old_server(connection: Connection) -> None:
    if connection.info.server_version < SERVER_VERSION_MIN:
        raise ProvisioningError(
            f"This is PostgreSQL {connection.info.server_version // 10_000}, and 15 or newer is needed.\n"
            "Upgrade the server, or unset DATABASE_URL to use the embedded one."
        )


@contextlib.contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """One starter of this database at a time; the others wait, and then find everything done."""
    connection.execute("SET lock_timeout = 0")
    connection.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
    try:
        yield
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


# -- roles and grants ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that must be so: how to see whether it is, and the statement that makes it so."""

    is_done: Callable[[Connection], bool]
    statement: sql.Composed
    shown: sql.Composed | None = None  # for people; where the statement holds a password


def _take(steps: list[Step], connection: Connection) -> None:
    missing = [step.shown or step.statement for step in steps if not _is_taken(step, connection)]
    if missing:
        lines = "\n".join(f"    {statement.as_string(connection)};" for statement in missing)
        raise ProvisioningError(
            f"The role {connection.info.user} may not prepare the database {connection.info.dbname}. "
            f"These statements are missing:\n\n{lines}\n\n"
            "Let someone who may run them do so, connected to that very database (psql); then set DATABASE_URL to "
            "ledger_app and DATABASE_OWNER_URL to ledger_owner, each with its password, and start again.\n"
            "Or set DATABASE_OWNER_URL to a role that owns the database and may create roles."
        )


def _is_taken(step: Step, connection: Connection) -> bool:
    if step.is_done(connection):
        return True
    with contextlib.suppress(*WHY_A_STEP_FAILS):
        connection.execute(step.statement)
    return step.is_done(connection)  # asked again: REVOKE by a stranger warns, and does nothing


def _holds(query: LiteralString, connection: Connection) -> bool:
    with contextlib.suppress(psycopg.errors.UndefinedObject):  # about a role that could not be made
        row = connection.execute(query).fetchone()
        return bool(row and row[0])
    return False


def _statement(text: LiteralString, *names: str) -> sql.Composed:
    return sql.SQL(text).format(*map(sql.Identifier, names))


def _unless(query: LiteralString, statement: sql.Composed, shown: sql.Composed | None = None) -> Step:
    return Step(partial(_holds, query), statement, shown)


def _steps(access: DatabaseAccess, connection: Connection) -> list[Step]:
    steps = [
        *_role(OWNER, access.owner, connection, derived=OWNER in access.derived),
        *_role(APPLICATION, access.application, connection, derived=APPLICATION in access.derived),
        *_grants(connection.info.dbname, connection.info.user),
        *(_setting(name, value) for name, value in APPLICATION_SETTINGS.items()),
        _connection_limit(connection),
    ]
    if _holds("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')", connection):
        steps.append(_setting("citus.propagate_set_commands", "local"))  # or SET LOCAL does not reach the workers
    return steps


def _role(name: LiteralString, conninfo: str, connection: Connection, *, derived: bool) -> list[Step]:
    """A role that can log in and nothing else. Its password travels as a verifier: no log ever holds it."""
    exists: LiteralString = f"SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}')"  # nosec B608
    create = _statement("CREATE ROLE {} LOGIN", name)
    password = conninfo_to_dict(conninfo).get("password")
    if not password:
        return [_unless(exists, create)]
    verifier = connection.pgconn.encrypt_password(str(password).encode(), name.encode(), b"scram-sha-256").decode()
    with_password = sql.SQL(" PASSWORD {}").format(sql.Literal(verifier))
    shown = sql.SQL(" PASSWORD {}").format(sql.Literal("choose one"))
    steps = [_unless(exists, create + with_password, create + shown)]
    if derived:  # the secret may be another than the one it was made with
        alter = _statement("ALTER ROLE {}", name)
        opens = Step(lambda asked: not _holds(exists, asked) or _opens(conninfo), alter + with_password, alter + shown)
        steps.append(opens)
    return steps


def _connection_limit(connection: Connection) -> Step:
    """Leave some connections of the server to whoever has to look after it while all tills wait."""
    row = connection.execute("SELECT current_setting('max_connections')::int").fetchone()
    most = max(1, (row[0] if row else 100) - CONNECTIONS_LEFT)
    return Step(
        lambda asked: bool(
            asked.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = %s AND rolconnlimit BETWEEN 1 AND %s", [APPLICATION, most]
            ).fetchone()
        ),
        sql.SQL("ALTER ROLE {} CONNECTION LIMIT {}").format(sql.Identifier(APPLICATION), sql.Literal(most)),
    )


def _opens(conninfo: str) -> bool:
    try:
        psycopg.connect(conninfo, connect_timeout=10).close()
    except psycopg.OperationalError:
        return False
    return True


def _grants(database: str, administrator: str) -> list[Step]:
    """Who may enter, and where they may build. The public may nothing, not even TEMP: a temporary table named like
    a real one would be found first."""
    return [
        _unless(
            """
            SELECT NOT EXISTS (
                SELECT FROM pg_database AS d CROSS JOIN aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
                 WHERE d.datname = current_database() AND a.grantee = 0)
            """,
            _statement("REVOKE ALL ON DATABASE {} FROM PUBLIC", database),
        ),
        # The administrator too, or the next start could not even look.
        *(_may_enter(database, role) for role in dict.fromkeys((OWNER, APPLICATION, administrator))),
        _unless(
            "SELECT NOT has_schema_privilege('public', 'public', 'CREATE')",
            _statement("REVOKE CREATE ON SCHEMA public FROM PUBLIC"),
        ),
        _unless(
            """
            SELECT has_schema_privilege('ledger_owner', 'public', 'CREATE')
               AND has_schema_privilege('ledger_owner', 'public', 'USAGE')
            """,
            _statement("GRANT CREATE, USAGE ON SCHEMA public TO ledger_owner"),
        ),
        _unless(
            "SELECT has_schema_privilege('ledger_app', 'public', 'USAGE')",
            _statement("GRANT USAGE ON SCHEMA public TO ledger_app"),
        ),
    ]


def _may_enter(database: str, role: str) -> Step:
    """Whoever enters as one of the public may not after that is revoked: only a right of one's own counts."""
    query = """
        SELECT r.rolsuper OR r.oid = d.datdba OR EXISTS (
            SELECT FROM aclexplode(d.datacl) AS a WHERE a.grantee = r.oid AND a.privilege_type = 'CONNECT')
          FROM pg_roles AS r CROSS JOIN pg_database AS d
         WHERE r.rolname = %s AND d.datname = current_database()
        """

    def may_enter(connection: Connection) -> bool:
        row = connection.execute(query, [role]).fetchone()
        return bool(row and row[0])

    return Step(may_enter, _statement("GRANT CONNECT ON DATABASE {} TO {}", database, role))


def _setting(name: LiteralString, value: LiteralString) -> Step:
    return _unless(
        f"""
        SELECT EXISTS (
            SELECT FROM pg_db_role_setting AS s JOIN pg_roles AS r ON r.oid = s.setrole
             WHERE r.rolname = 'ledger_app' AND s.setdatabase = 0 AND '{name}={value}' = ANY (s.setconfig))
        """,  # nosec B608 # names and values are ours
        sql.SQL("ALTER ROLE ledger_app SET {} = {}").format(sql.Identifier(*name.split(".")), sql.Literal(value)),
    )


# -- schema --------------------------------------------------------------------------------------


READABLE_REVISION = _unless(
    "SELECT has_table_privilege('ledger_app', 'alembic_version', 'SELECT')",
    _statement("GRANT SELECT ON alembic_version TO ledger_app"),
)


def _revision_of(connection: Connection) -> str:
    if not _holds("SELECT to_regclass('public.alembic_version') IS NOT NULL", connection):
        return ""
    row = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
    return str(row[0]) if row else ""


def _run_alembic(move: Callable[[Config, str], None], owner: str, revision: str) -> None:
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(owner), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    for attempt in range(1, LOCK_ATTEMPTS_MAX + 1):
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            try:
                return move(config, revision)
            except OperationalError as error:
                if attempt == LOCK_ATTEMPTS_MAX or not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                    raise
        time.sleep(0.5)  # whoever holds the table goes on meanwhile; nobody queues behind us
    return None
