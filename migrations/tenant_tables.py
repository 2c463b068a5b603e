"""What every table of a shop gets, written once: the policy, the force, the grants.

A table made here cannot be forgotten by isolation: `tests/isolation/test_catalogue.py` reads the result back
from PostgreSQL's catalogue.
"""

import re

from alembic import op

POLICY = "tenant_id = current_setting('app.tenant_id')::bigint"


def run(sql: str) -> None:
    """Execute plain SQL text one statement at a time: a cluster takes no several commands in one string."""
    for statement in re.split(r";[ \t]*\n", sql.strip() + "\n"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement.replace("%", "%%"))


def protect(table: str, *, grants: str) -> None:
    """Put a shop's table under the one policy and grant the application what it needs, nothing else.

    Args:
        table: A table whose primary key starts with `tenant_id`.
        grants: Privileges of `ledger_app`, for example "SELECT, INSERT"; never TRUNCATE or REFERENCES.
    """
    run(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY {table}_of_this_shop ON {table}
            USING ({POLICY})
            WITH CHECK ({POLICY});
        GRANT {grants} ON {table} TO ledger_app;
        """
    )


def build_index(name: str, on: str, *, unique: bool = False) -> None:
    """Build an index on a table that is in use; whoever writes there goes on meanwhile.

    It waits for those who were writing when it began, and nobody waits for it. What stands before it in the same
    migration is committed first, so let it be a migration's only step. Half an index, left by an earlier attempt, goes.

    Args:
        on: Table, columns and condition, as in "sales (tenant_id, customer_id) WHERE customer_id IS NOT NULL".
    """
    with op.get_context().autocommit_block():
        run(
            f"""
            SET lock_timeout = 0;
            DROP INDEX CONCURRENTLY IF EXISTS {name};
            CREATE {"UNIQUE " if unique else ""}INDEX CONCURRENTLY {name} ON {on};
            SET lock_timeout = '1s';
            """
        )
