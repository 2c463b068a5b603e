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
