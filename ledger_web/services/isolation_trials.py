"""Trying to get past the walls between shops on a live system, as the application's own role. Nothing is kept.

Every table and view is asked without a shop, as a shop that is not there, and, where there are two shops, for rows of
the other; and each verb is tried on the other's rows. Every trial is a database transaction that is rolled back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from ledger_web.models.base import db

OPEN_TO_ALL: Final = frozenset({"tenant_directory", "domain_directory", "mail_requests", "alembic_version"})
NOBODYS_SHOP: Final = -1
# No setting; a setting that is no number. Anything else would be an answer.
_UNSET: Final = frozenset({"42704", "22P02"})
_FORBIDDEN: Final = "42501"
_TAKES_NO_ROWS: Final = "55000"  # a view over several tables


@dataclass(frozen=True, slots=True)
class Trial:
    """One try and how it ended. `held` is False where rows were given or taken that should not be."""

    relation: str
    tried: str
    held: bool
    answer: str


def try_isolation(tenant_ids: Sequence[int]) -> list[Trial]:
    """Try every table and view. With fewer than two shops nothing can be asked of a neighbour."""
    trials = []
    with db.engine.connect() as connection:
        relations = _relations(connection)
        for relation in relations:
            trials += [
                _expect_refusal(
                    connection, relation, "reading without a shop", None, f"SELECT * FROM {relation} LIMIT 1"
                ),
                _expect_refusal(connection, relation, "reading as nobody", "", f"SELECT * FROM {relation} LIMIT 1"),
                _expect_nothing(connection, relation, "reading as a shop that is not there", NOBODYS_SHOP),
            ]
            for ours, theirs in _pairs(tenant_ids):
                trials.append(_expect_nothing(connection, relation, "reading a neighbour's rows", ours, theirs))
                trials += _try_writing(connection, relation, ours, theirs)
    return trials


def _relations(connection: Connection) -> list[str]:
    names = connection.execute(
        text(
            """
            SELECT c.relname FROM pg_class AS c
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
             ORDER BY c.relname
            """
        )
    ).scalars()
    found = [name for name in names if name not in OPEN_TO_ALL]
    connection.rollback()
    return found


def _pairs(tenant_ids: Sequence[int]) -> Iterator[tuple[int, int]]:
    for place, ours in enumerate(tenant_ids):
        theirs = tenant_ids[(place + 1) % len(tenant_ids)]
        if theirs != ours:
            yield ours, theirs


def _try_writing(connection: Connection, relation: str, ours: int, theirs: int) -> list[Trial]:
    """Each verb on rows of a neighbour. A verb that the role has no right to at all has held, too."""
    insert = f"INSERT INTO {relation} (tenant_id) VALUES ({int(theirs)})"  # nosec B608 # from the catalogue
    return [
        _expect_refusal(connection, relation, "writing into a neighbour", ours, insert),
        _expect_no_row(
            connection, relation, "changing a neighbour's rows", ours,
            f"UPDATE {relation} SET tenant_id = tenant_id WHERE tenant_id = {int(theirs)}",
        ),
        _expect_no_row(
            connection, relation, "removing a neighbour's rows", ours,
            f"DELETE FROM {relation} WHERE tenant_id = {int(theirs)}",
        ),
    ]  # fmt: skip


def _expect_refusal(connection: Connection, relation: str, tried: str, tenant_id: object, statement: str) -> Trial:
    held_by = {_FORBIDDEN} | ({_TAKES_NO_ROWS} if isinstance(tenant_id, int) else _UNSET)
    state, rows = _run(connection, tenant_id, statement)
    return Trial(relation, tried, state in held_by, f"refused ({state})" if state else f"{rows} rows")


def _expect_no_row(connection: Connection, relation: str, tried: str, tenant_id: int, statement: str) -> Trial:
    state, rows = _run(connection, tenant_id, statement)
    held = state in {_FORBIDDEN, _TAKES_NO_ROWS} or rows == 0
    return Trial(relation, tried, held, f"refused ({state})" if state else f"{rows} rows")


def _expect_nothing(
    connection: Connection, relation: str, tried: str, tenant_id: int, theirs: int | None = None
) -> Trial:
    of = "" if theirs is None else f" WHERE tenant_id = {int(theirs)}"
    return _expect_no_row(connection, relation, tried, tenant_id, f"SELECT 1 FROM {relation}{of} LIMIT 1")  # nosec B608


def _run(connection: Connection, tenant_id: object, statement: str) -> tuple[str, int]:
    """Run a statement as a shop and take it back; return the refusal's code or the number of rows."""
    try:
        if tenant_id is not None:
            connection.exec_driver_sql(f"SET LOCAL app.tenant_id = '{tenant_id}'")
        return "", connection.exec_driver_sql(statement).rowcount
    except DBAPIError as error:
        return getattr(error.orig, "sqlstate", None) or "unknown", -1
    finally:
        connection.rollback()
