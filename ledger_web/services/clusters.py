"""Spreading the shops over the nodes of a Citus cluster: each table by its shop, all of a shop on one node.

It may be run again at any time: what is distributed already is left alone. On a database that holds shops their rows
are moved, so nothing else may write meanwhile. Without the extension there is nothing to do.
"""

from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any, Final, TypeAlias

import psycopg
from psycopg import sql

ROOT: Final = "tenants"  # what all other tables lie beside
LOCAL: Final = (
    "tenant_directory",
    "domain_directory",
    "mail_requests",
    "alembic_version",
)  # of no shop: they stay on the coordinator, known to all nodes

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"


@dataclass(frozen=True, slots=True)
class Distributed:
    """What was done: the tables that were distributed now, and how many were before."""

    tables: tuple[str, ...]
    already: int


def citus_version(conninfo: str) -> str | None:
    """Return the version of Citus in a database; None where there is none. Any role may ask."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'citus'").fetchone()
    return str(row[0]) if row else None


def distribute(administrator: str) -> Distributed:
    """Turn the tables of shops into distributed ones, and the directory into one that every node knows.

    Args:
        administrator: How a superuser, or one with BYPASSRLS, reaches the coordinator: a role that is bound by
            row-level security would move no row.
    """
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute("ALTER ROLE ledger_app SET citus.propagate_set_commands = 'local'")
        rows = connection.execute("SELECT logicalrelid::regclass::text FROM pg_dist_partition").fetchall()
        known = {str(name) for (name,) in rows}
        done = [table for table in in_order(connection) if table not in known]
        for table in done:
            connection.execute(statement_for(table))
        for table in set(LOCAL[:2]) - known:
            connection.execute("SELECT citus_add_local_table_to_metadata(%s::regclass)", [table])
        _forget_what_stayed(connection, done)
        connection.execute("REVOKE EXECUTE ON FUNCTION run_command_on_workers(text, boolean) FROM PUBLIC")
        return Distributed(tuple(done), len(known))


def in_order(connection: Connection) -> list[str]:
    """Return the tables of shops, each after those that its foreign keys point to."""
    rows = connection.execute(
        """
        SELECT c.relname, array_remove(array_agg(DISTINCT t.relname::text), NULL)
          FROM pg_class AS c
          LEFT JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid
          LEFT JOIN pg_class AS t ON t.oid = k.confrelid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> ALL (%s)
         GROUP BY c.relname
         ORDER BY c.relname
        """,
        [list(LOCAL)],
    ).fetchall()
    graph = {str(table): set(names) for table, names in rows}
    return [ROOT, *(table for table in TopologicalSorter(graph).static_order() if table != ROOT)]


def statement_for(table: str) -> sql.Composed:
    """Say what distributes one table: tenants by itself, each other beside it."""
    beside = sql.SQL("") if table == ROOT else sql.SQL(", colocate_with => {}").format(sql.Literal(ROOT))
    return sql.SQL("SELECT create_distributed_table({}, 'tenant_id'{})").format(sql.Literal(table), beside)


def _forget_what_stayed(connection: Connection, tables: list[str]) -> None:
    """Empty the coordinator's own copies of moved rows, all at once: left there they would break the next migration."""
    if tables:
        query = "SELECT truncate_local_data_after_distributing_table(t::regclass) FROM unnest(%s::text[]) AS t"
        connection.execute(query, [tables])
