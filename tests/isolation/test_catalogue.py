"""PostgreSQL's own catalogue proves that every table and view, of today and of tomorrow, keeps the shops apart.

Promises T3, T4, T6; the rules of a schema that can be distributed.
"""

from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.databases import Database

OF_NO_SHOP = {"tenant_directory", "domain_directory", "mail_requests", "alembic_version"}
POLICY = "(tenant_id = (current_setting('app.tenant_id'::text))::bigint)"
JOURNAL = {"transactions", "entries", "stock_moves", "sale_lines", "payments"}
UNSET = psycopg.errors.UndefinedObject
EMPTY = psycopg.errors.InvalidTextRepresentation
NOT_GRANTED = psycopg.errors.InsufficientPrivilege
NOT_A_TABLE = {psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.WrongObjectType}  # a view over a join
Rows = list[tuple[Any, ...]]


def ask(database: Database, query: str) -> Rows:
    with database.connect() as connection:
        return connection.execute(query.encode()).fetchall()


def tables_of_shops(database: Database) -> list[str]:
    rows = ask(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [name for (name,) in rows if name not in OF_NO_SHOP]


def test_there_are_tables_to_ask_about(worker_database: Database) -> None:
    assert {"tenants", "accounts", "entries", "transactions", "sales", "stock_levels"} <= set(
        tables_of_shops(worker_database)
    )


def test_every_table_is_in_the_one_schema_and_owned_by_the_owner(worker_database: Database) -> None:
    strays = ask(
        worker_database,
        """
        SELECT n.nspname, c.relname, c.relowner::regrole::text FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
           AND (n.nspname <> 'public' OR c.relowner <> 'ledger_owner'::regrole)
        """,
    )

    assert strays == []


def test_every_table_of_a_shop_starts_with_the_shop(worker_database: Database) -> None:
    rows = ask(
        worker_database,
        """
        SELECT table_name, data_type, is_nullable, ordinal_position FROM information_schema.columns
         WHERE table_schema = 'public' AND column_name = 'tenant_id'
        """,
    )
    shops = {name: rest for name, *rest in rows}

    for table in tables_of_shops(worker_database):
        assert shops[table] == ["bigint", "NO", 1], table


def test_t3_row_level_security_is_enabled_and_forced(worker_database: Database) -> None:
    rows = ask(
        worker_database,
        """
        SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        """,
    )

    assert {name for name, forced in rows if not forced} == OF_NO_SHOP


def test_t3_every_table_has_the_one_policy_both_ways(worker_database: Database) -> None:
    rows = ask(
        worker_database,
        """
        SELECT tablename, permissive, roles::text, cmd, qual, with_check FROM pg_policies
         WHERE schemaname = 'public' ORDER BY tablename
        """,
    )

    tables = tables_of_shops(worker_database)
    assert rows == [(table, "PERMISSIVE", "{public}", "ALL", POLICY, POLICY) for table in tables]


def test_t3_every_key_holds_the_shop(worker_database: Database) -> None:
    """Primary keys, unique constraints and unique indexes alike: what is taken in one shop is free in another."""
    rows = ask(
        worker_database,
        """
        SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text, a.attname FROM pg_index AS i
          JOIN pg_class AS c ON c.oid = i.indrelid
          LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
         WHERE c.relnamespace = 'public'::regnamespace
        """,
    )

    strays = {index for table, index, first in rows if table not in OF_NO_SHOP and first != "tenant_id"}
    assert strays == set()


def test_t3_every_foreign_key_stays_in_the_shop(worker_database: Database) -> None:
    rows = ask(
        worker_database,
        """
        SELECT f.conname,
               (SELECT attname FROM pg_attribute WHERE attrelid = f.conrelid AND attnum = f.conkey[1]),
               (SELECT attname FROM pg_attribute WHERE attrelid = f.confrelid AND attnum = f.confkey[1]),
               f.confrelid::regclass::text,
               f.confdeltype, f.confupdtype
          FROM pg_constraint AS f WHERE f.contype = 'f'
        """,
    )

    assert rows
    for name, here, there, target, on_delete, on_update in rows:
        assert (here, there) == ("tenant_id", "tenant_id"), name
        assert target not in OF_NO_SHOP, name
        assert on_delete in {"a", "c"}, f"{name}: a cluster knows no SET NULL"
        assert on_update == "a", name


def test_every_constraint_has_a_name_that_reads(worker_database: Database) -> None:
    rows = ask(
        worker_database,
        """
        SELECT conrelid::regclass::text, conname FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace AND contype <> 'n' AND conrelid <> 0
        """,
    )

    for table, name in rows:
        assert len(name) <= 50, name
        assert name.startswith(table.removesuffix("s")) or table == "alembic_version", name
        # What PostgreSQL makes up when no name is given.
        assert not name.endswith(("_check", "_check1")), name


def test_no_identity_no_sequence_no_default_of_the_database_makes_an_id(worker_database: Database) -> None:
    assert ask(worker_database, "SELECT relname FROM pg_class WHERE relkind = 'S'") == []
    identities = "SELECT attrelid::regclass::text FROM pg_attribute WHERE attidentity <> '' AND attrelid > 16383"
    assert ask(worker_database, identities) == []


def test_l4_money_is_never_a_float(worker_database: Database) -> None:
    floats = ask(
        worker_database,
        """
        SELECT table_name, column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND data_type IN ('real', 'double precision', 'money')
        """,
    )

    assert floats == []


def test_t3_every_view_looks_with_the_eyes_of_whoever_asks(worker_database: Database) -> None:
    rows = ask(
        worker_database,
        "SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'",
    )

    assert {"customers", "vendors", "employees", "members", "cash_drawer_money"} <= {name for name, _ in rows}
    assert [name for name, options in rows if "security_invoker=true" not in (options or [])] == []


def test_no_materialized_view_no_foreign_table_no_rule(worker_database: Database) -> None:
    assert ask(worker_database, "SELECT relname FROM pg_class WHERE relkind IN ('m', 'f')") == []
    assert ask(worker_database, "SELECT rulename FROM pg_rules WHERE schemaname = 'public'") == []


def test_t3_no_function_runs_with_the_rights_of_another(worker_database: Database) -> None:
    definers = ask(
        worker_database,
        """
        SELECT oid::regprocedure::text FROM pg_proc
         WHERE prosecdef AND pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        """,
    )

    assert definers == []


def test_l3_the_journal_is_never_changed_by_the_application(worker_database: Database) -> None:
    rows = ask(
        worker_database,
        """
        SELECT table_name, privilege_type, column_name FROM information_schema.column_privileges
         WHERE table_schema = 'public' AND grantee = 'ledger_app' AND privilege_type NOT IN ('SELECT', 'INSERT')
         UNION ALL
        SELECT table_name, privilege_type, '' FROM information_schema.table_privileges
         WHERE table_schema = 'public' AND grantee = 'ledger_app' AND privilege_type IN ('DELETE', 'TRUNCATE')
        """,
    )

    assert set(tables_of_shops(worker_database)) >= JOURNAL
    assert [row for row in rows if row[0] in JOURNAL] == []


def test_nobody_but_the_two_roles_may_touch_a_table(worker_database: Database) -> None:
    rows = ask(
        worker_database,
        """
        SELECT c.relname, granted.grantee::regrole::text, granted.privilege_type, granted.is_grantable
          FROM pg_class AS c CROSS JOIN aclexplode(c.relacl) AS granted
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
        """,
    )

    assert {grantee for _, grantee, _, _ in rows} == {"ledger_owner", "ledger_app"}
    of_the_application = [row for row in rows if row[1] == "ledger_app"]
    assert {privilege for _, _, privilege, _ in of_the_application} <= {"SELECT", "INSERT", "UPDATE", "DELETE"}
    assert not any(grantable for *_, grantable in of_the_application)


def test_default_privileges_grant_nothing(worker_database: Database) -> None:
    assert ask(worker_database, "SELECT defaclrole FROM pg_default_acl") == []


def test_t6_the_application_may_make_nothing(worker_database: Database) -> None:
    attempts = [
        "CREATE TABLE mine (id int)",
        "CREATE TEMP TABLE accounts (id int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE ROLE mine",
        "SET session_replication_role = replica",
        "SET ROLE ledger_owner",
        "ALTER TABLE accounts DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE accounts NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY accounts_of_this_shop ON accounts",
        "CREATE POLICY mine ON accounts USING (true)",
        "TRUNCATE entries",
        "COPY accounts TO PROGRAM 'cat'",
    ]
    with worker_database.connect("ledger_app") as connection:
        for attempt in attempts:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attempt.encode())


@pytest.mark.parametrize("setting", ["never set", "set back to nothing"])
def test_t4_without_a_shop_every_verb_on_every_table_is_an_error(worker_database: Database, setting: str) -> None:
    """Not "no rows": a recalculation that sees none would set every balance to zero."""
    asked = 0
    with worker_database.connect("ledger_app") as connection:
        if setting == "set back to nothing":  # what SET LOCAL leaves behind after the commit
            connection.execute("BEGIN")
            connection.execute("SET LOCAL app.tenant_id = '1'")
            connection.execute("COMMIT")
            assert connection.execute("SELECT current_setting('app.tenant_id', true)").fetchone() == ("",)
        expected = UNSET if setting == "never set" else EMPTY
        for table, columns in _relations_of_shops(worker_database).items():
            for verb, statement in _verbs_on(table, columns).items():
                with pytest.raises(psycopg.Error) as caught:
                    connection.execute(statement)
                assert type(caught.value) in {expected, NOT_GRANTED, *NOT_A_TABLE}, f"{verb} {table}: {caught.value}"
                assert type(caught.value) is expected or verb != "SELECT", f"{verb} {table}: {caught.value}"
                asked += 1

    assert asked > 100


def _relations_of_shops(database: Database) -> dict[str, list[str]]:
    """Tables and views with the columns that may be written."""
    rows = ask(
        database,
        """
        SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position)
               FILTER (WHERE is_generated = 'NEVER')
          FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name
        """,
    )
    return {name: columns for name, columns in rows if name not in OF_NO_SHOP}


def _verbs_on(table: str, columns: list[str]) -> dict[str, sql.Composed]:
    name, last = sql.Identifier(table), sql.Identifier(columns[-1])
    return {
        "SELECT": sql.SQL("SELECT count(*) FROM {}").format(name),
        "INSERT": sql.SQL("INSERT INTO {} (tenant_id) VALUES (1)").format(name),
        "UPDATE": sql.SQL("UPDATE {} SET {} = NULL").format(name, last),
        "DELETE": sql.SQL("DELETE FROM {}").format(name),
        "TRUNCATE": sql.SQL("TRUNCATE {}").format(name),
    }
