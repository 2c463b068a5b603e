"""SQL text straight to the driver, several statements in one round trip where nobody waits for those before the last.

SQLAlchemy keeps the connection, the transaction and the words for errors; what it does around each statement of plain
text costs as much again as the statement.
"""

import functools
import logging
from collections.abc import Mapping, Sequence
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, CursorResult
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError

# Of an error it warns once more, because the statements after it were not run.
logging.getLogger("psycopg").setLevel(logging.ERROR)


class _Answer(IteratorResult[Any]):
    """Rows of a statement that was run outside of SQLAlchemy, read in the same way."""

    def __init__(self, names: tuple[str, ...], rows: Sequence[Any], rowcount: int) -> None:
        super().__init__(_metadata(names), iter(rows))
        self.rowcount = rowcount


def execute_together(
    connection: Connection,
    statements: Sequence[tuple[str, Mapping[str, Any]]],
    first: str = "",
    last: str = "",
) -> CursorResult[Any]:
    """Run statements in their order, with one wait, and return what the last of them answers.

    If one fails, those after it are not run; the error is the one it would have been by itself.

    Args:
        first: A statement without parameters that goes before them.
        last: One that goes after them, if none of them failed.
    """
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    for sql, values in statements:
        connection.dispatch.before_cursor_execute(connection, None, sql, values, None, False)
    try:
        cursor = _run(driver, statements, first, last)
        names = _names(cursor)
        answer = _Answer(names, cursor.fetchall() if names else (), cursor.rowcount)
    except psycopg.Error as error:
        raise _as_told_otherwise(connection, error, statements) from error
    return cast("CursorResult[Any]", answer)


def _names(cursor: "psycopg.Cursor[Any]") -> tuple[str, ...]:
    result = cursor.pgresult
    return tuple((result.fname(i) or b"").decode() for i in range(result.nfields)) if result else ()


def _run(
    driver: "psycopg.Connection[Any]", statements: Sequence[tuple[str, Mapping[str, Any]]], first: str, last: str
) -> "psycopg.Cursor[Any]":
    if len(statements) == 1 and not first and not last:
        return driver.execute(*statements[0])
    with driver.pipeline():
        if first:
            driver.execute(first, prepare=False)  # each shop's own: none is worth a place among the prepared ones
        cursor = [driver.execute(sql, values) for sql, values in statements][-1]
        if last:
            driver.execute(last, prepare=False)
        return cursor


@functools.lru_cache(maxsize=1024)
def _metadata(names: tuple[str, ...]) -> SimpleResultMetaData:
    return SimpleResultMetaData(names)


def _as_told_otherwise(
    connection: Connection, error: psycopg.Error, statements: Sequence[tuple[str, Mapping[str, Any]]]
) -> Exception:
    """Return the error as SQLAlchemy says it; where the connection is gone, let it find that out and say so."""
    driver = connection.connection.driver_connection
    if connection.dialect.is_disconnect(cast("Any", error), cast("Any", driver), None):
        connection.exec_driver_sql("SELECT 1")
    said = ";".join(sql for sql, _ in statements)
    return cast(
        Exception,
        DBAPIError.instance(said, None, error, psycopg.Error, hide_parameters=True, dialect=connection.dialect),
    )
