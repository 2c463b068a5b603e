"""A shop grown large by copying what is in it, in the database, whatever tables there are.

Every id but those of people, tills and settings becomes another id in each copy, the same one wherever it stands; so a
copy of a customer has copies of its account, sales, entries and words. Days lie further back from copy to copy.
"""

from typing import Any, Final

import psycopg
from psycopg import sql

DAYS: Final = 900  # that the copies are spread over
# Who works here, where, and by which rules: as many as before, however large the shop.
NOT_COPIED: Final = frozenset(
    {
        "alembic_version", "tenant_directory", "tenants", "users", "roles", "sessions", "tills", "cash_drawers",
        "number_series", "tax_classes", "taxes", "tax_rates", "price_lists", "accounts_of_banks", "bank_accounts",
        "return_reasons", "label_templates", "label_printers", "audit_blocks", "recovery_codes", "password_links",
        "email_links",
        "throttle", "attempts", "lock_date_changes", "settings", "categories", "shifts",
        "product_categories", "mail_requests", "domain_directory", "domain_claims", "shop_logos", "role_drawers",
        "code_blocks",
    }
)  # fmt: skip

Connection = psycopg.Connection[tuple[Any, ...]]


def grow(superuser: Connection, tenant_id: int, copies: int) -> dict[str, str]:
    """Copy all that happened in a shop so many times, and gather statistics.

    Returns:
        The tables that could not be copied, and why.
    """
    superuser.execute("SET session_replication_role = replica")
    kept = _kept(superuser, tenant_id)
    refused = {}
    for table in _tables(superuser):
        statement = _copy(superuser, table, kept, tenant_id, copies)
        try:
            with superuser.transaction():
                superuser.execute(statement)
        except psycopg.errors.IntegrityError as error:
            refused[table] = str(error).splitlines()[0]
    superuser.execute("SET session_replication_role = origin")
    superuser.execute("VACUUM ANALYZE")
    return refused


def _tables(superuser: Connection) -> list[str]:
    rows = superuser.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
    return [name for (name,) in rows if name not in NOT_COPIED]


def _kept(superuser: Connection, tenant_id: int) -> list[Any]:
    """Ids that stay what they are: of what is not copied, and of accounts that belong to no person."""
    queries: list[sql.Composable] = [
        sql.SQL("SELECT id FROM {} WHERE tenant_id = %(tenant_id)s").format(sql.Identifier(table))
        for (table,) in superuser.execute(
            "SELECT table_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name = 'id' AND data_type = 'uuid'"
            " AND table_name IN (SELECT tablename FROM pg_tables WHERE schemaname = 'public')"
        )
        if table in NOT_COPIED
    ]
    queries.append(sql.SQL("SELECT id FROM accounts WHERE tenant_id = %(tenant_id)s AND party_id IS NULL"))
    rows = superuser.execute(sql.SQL(" UNION ").join(queries), {"tenant_id": tenant_id}).fetchall()
    return [id for (id,) in rows]


def _copy(superuser: Connection, table: str, kept: list[Any], tenant_id: int, copies: int) -> sql.Composed:
    unique = _texts_that_are_unique(superuser, table)
    columns, values = [], []
    for name, kind in superuser.execute(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position",
        [table],
    ):
        columns.append(sql.Identifier(name))
        values.append(_value(name, kind, kept, is_unique=name in unique))
    return sql.SQL(
        "INSERT INTO {table} ({columns}) SELECT {values} FROM {table} AS t CROSS JOIN generate_series(1, {copies}) AS k"
        " WHERE t.tenant_id = {tenant_id} ON CONFLICT DO NOTHING"
    ).format(
        table=sql.Identifier(table),
        columns=sql.SQL(", ").join(columns),
        values=sql.SQL(", ").join(values),
        copies=sql.Literal(copies),
        tenant_id=sql.Literal(tenant_id),
    )


def _value(name: str, kind: str, kept: list[Any], *, is_unique: bool) -> sql.Composable:
    column = sql.Identifier("t", name)
    if kind == "uuid":
        text = "CASE WHEN {0} = ANY ({1}::uuid[]) THEN {0} ELSE md5({0}::text || k)::uuid END"
        return sql.SQL(text).format(column, sql.Literal(kept))
    if kind == "date":
        return sql.SQL("{} - k % {}").format(column, sql.Literal(DAYS))
    if kind.startswith("timestamp"):
        return sql.SQL("{} - (k % {}) * interval '1 day'").format(column, sql.Literal(DAYS))
    if kind == "text" and is_unique:
        return sql.SQL("{} || k").format(column)
    return column


def _texts_that_are_unique(superuser: Connection, table: str) -> set[str]:
    """Texts in unique indexes that hold no id: what a shop may have once."""
    rows = superuser.execute(
        """
        SELECT array_agg(a.attname::text), bool_or(a.atttypid = 'uuid'::regtype)
          FROM pg_index AS x
          JOIN pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey)
         WHERE x.indrelid = %s::regclass AND x.indisunique
         GROUP BY x.indexrelid
        """,
        [table],
    ).fetchall()
    return {name for names, has_id in rows if not has_id for name in names}
