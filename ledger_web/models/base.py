"""The one session of a scope, bound to one shop for life, and the declarative base of every table.

Row-level security needs to know the shop in each database transaction, so whoever wants to talk to the database
says whose books they mean: `session_of(tenant_id)`, or `directory_session()` before the shop is known.
"""

import contextlib
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

import psycopg
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, Connection, CursorResult, Engine, Text, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    ORMExecuteState,
    Session,
    SessionTransaction,
    mapped_column,
    registry,
    with_loader_criteria,
)
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from ledger_web.models.arrays import ListDumper
from ledger_web.models.pipeline import execute_together

TENANT = "tenant_id"  # keys of session.info
UNIT_OF_WORK = "unit_of_work"
_FIRST = "first_statement"  # while run_together takes a connection: what its transaction is to begin with
NOBODY = 0  # in session.info: the directory's session, which sees no shop at all
RESTED_SECONDS_MAX = 1.0


class Base(DeclarativeBase):
    """What every table and view of the shop is declared from."""

    registry = registry(type_annotation_map={str: Text})

    # Every row says whose it is; a class that does not repeat this has it first in its key all the same.
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, sort_order=-1)


db = SQLAlchemy(model_class=Base)


class SessionBelongsToAnotherShopError(RuntimeError):
    """A unit of work of one shop is open, and another shop's books were asked for."""


def session_of(tenant_id: int) -> Session:
    """Return the scope's session on one shop's books.

    A session belongs to one shop for life: its identity map would answer with the earlier shop's rows. If the
    scope's session belongs to another, it is closed and a new one takes its place.

    Raises:
        SessionBelongsToAnotherShopError: The other one has an open unit of work.
    """
    if type(tenant_id) is not int or tenant_id <= 0:
        raise ValueError(f"not the id of a shop: {tenant_id!r}")
    return _session_for(tenant_id)


def directory_session() -> Session:
    """Return the scope's session for the time before the shop is known: it can read `tenant_directory` only."""
    return _session_for(NOBODY)


def _session_for(tenant_id: int) -> Session:
    session = cast(Session, db.session())
    owner = session.info.setdefault(TENANT, tenant_id)
    if owner == tenant_id:
        return session
    if UNIT_OF_WORK in session.info:
        raise SessionBelongsToAnotherShopError(f"shop {owner} has an open unit of work, shop {tenant_id} was asked for")
    db.session.remove()
    session = cast(Session, db.session())
    session.info[TENANT] = tenant_id
    return session


@event.listens_for(db.session, "after_begin")
def _say_whose_transaction_this_is(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Make the shop the first statement of each transaction.

    `SET LOCAL` with the number as text: `set_config` would not reach the workers of a cluster. The directory's
    transactions name nobody, so that even a setting left behind by mistake could not open a shop to them.
    """
    if transaction.nested:
        return  # a savepoint inherits it
    tenant_id = session.info.get(TENANT)
    if tenant_id is None:
        raise RuntimeError("a session without a shop: use session_of(tenant_id) or directory_session()")
    shop = "" if tenant_id == NOBODY else int(tenant_id)
    statement = f"SET LOCAL app.tenant_id = '{shop}'"
    if _FIRST in session.info:
        session.info[_FIRST] = statement
    else:
        _begin(connection, statement)


def run_together(
    session: Session, statements: Sequence[tuple[str, Mapping[str, Any]]], *, and_commit: bool = False
) -> CursorResult[Any]:
    """Run SQL text, psycopg's parameters bound, in one round trip, and return what the last statement answers.

    Where they are the first of their transaction, what begins it and names the shop goes with them.

    Args:
        and_commit: What commits goes with them, too; if one fails, nothing is committed. The session does not know
            yet: its own commit, or rollback, has to follow and finds nothing left to do.
    """
    session.info[_FIRST] = ""
    try:
        connection = session.connection()
    finally:
        first = session.info.pop(_FIRST)
    return execute_together(connection, statements, first, "COMMIT" if and_commit else "")


def has_failed(session: Session) -> bool:
    """Say whether a statement of the open transaction failed: to its COMMIT PostgreSQL answers ROLLBACK, no error."""
    if not session.in_transaction():
        return False
    driver = cast("psycopg.Connection[Any]", session.connection().connection.driver_connection)
    return driver.pgconn.transaction_status == psycopg.pq.TransactionStatus.INERROR


def _begin(connection: Connection, statement: str) -> None:
    """Begin the database's transaction and run its first statement in one round trip; psycopg would take two."""
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    try:
        began = driver.pgconn.exec_(f"BEGIN; {statement}".encode()).status == psycopg.pq.ExecStatus.COMMAND_OK
    except psycopg.Error:
        began = False
    if not began:
        connection.exec_driver_sql(statement)  # fails in the same way, and is told as any failure is


@event.listens_for(db.session, "do_orm_execute")
def _read_only_this_shop(state: ORMExecuteState) -> None:
    """Filter by the shop, although row-level security does: the index and a cluster's router want it said."""
    tenant_id = state.session.info.get(TENANT, NOBODY)
    if tenant_id != NOBODY and (state.is_select or state.is_update or state.is_delete):
        state.statement = state.statement.options(
            with_loader_criteria(Base, lambda cls: cls.tenant_id == tenant_id, include_aliases=True)
        )


def end_session(_error: BaseException | None = None) -> None:
    """Leave the scope's session. A connection that died after the answer was ready takes nothing back."""
    try:
        db.session.remove()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        db.session.registry.clear()


def watch_pool(engine: Engine) -> None:
    """Hand out only connections that are idle and alive.

    A connection used a moment ago is not asked whether it lives: that would be a round trip before each act. If it
    has died, an act is retried as a whole and the pool forgets all its connections at the first failure.
    """
    event.listen(engine, "connect", _furnish)
    event.listen(engine, "checkin", _note_the_time)
    event.listen(engine, "checkout", _refuse_the_dead)
    event.listen(engine, "rollback", _roll_back)


def _roll_back(connection: Connection) -> None:
    """End a transaction that did not fail and keep what is prepared: every page that only reads ends so.

    psycopg's own way, which finds nothing left to do after this, forgets all prepared statements with each rollback,
    in case tables were made in it. The application's role may make none.
    """
    if connection.closed or connection.invalidated:
        return
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    if driver.pgconn.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
        with contextlib.suppress(psycopg.Error):  # psycopg's own way meets it again, and it is told as any failure is
            driver.pgconn.exec_(b"ROLLBACK")


def _furnish(driver: "psycopg.Connection[Any]", _record: ConnectionPoolEntry) -> None:
    driver.prepared_max = 400  # psycopg keeps 100 prepared statements; ours are more
    driver.adapters.register_dumper(list, ListDumper)


def _note_the_time(_driver: "psycopg.Connection[Any] | None", record: ConnectionPoolEntry) -> None:
    record.info["returned_at"] = time.monotonic()


def _refuse_the_dead(
    driver: "psycopg.Connection[Any]", record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    if driver.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        raise DisconnectionError("a connection came back in the middle of a transaction")
    if time.monotonic() - record.info.get("returned_at", time.monotonic()) > RESTED_SECONDS_MAX:
        try:
            driver.autocommit = True
            driver.execute("")
            driver.autocommit = False
        except psycopg.Error as error:
            raise DisconnectionError("the connection was lost while it rested") from error
