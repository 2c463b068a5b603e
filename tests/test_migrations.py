"""The migrations lead to the schema that the models declare, from nothing and back."""

import re
import threading
from typing import Any

import psycopg
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, Table, create_engine, inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.pool import NullPool

from ledger_web import models
from ledger_web.models.base import Base
from ledger_web.services.provisioning import MIGRATIONS, migrate, schema_head
from migrations.tenant_tables import build_index
from tests.at_once import wait_until_so_many_wait
from tests.databases import Database

# What locks a table that is in use for as long as it takes to read it, or breaks old code beside it.
DANGERS = {
    "an index: use build_index": r"CREATE (?:UNIQUE )?INDEX \w+\s+ON (?P<table>\w+)",
    "a constraint that is not NOT VALID first": r"ALTER TABLE (?P<table>\w+)\s[^;]*ADD CONSTRAINT (?![^;]*NOT VALID)",
    "another type": r"ALTER TABLE (?P<table>\w+)\s[^;]*ALTER COLUMN \w+ (?:SET DATA )?TYPE",
    "NOT NULL where rows may be": r"ALTER TABLE (?P<table>\w+)\s[^;]*ALTER COLUMN \w+ SET NOT NULL",
    "a column that old code does not fill": (
        r"ALTER TABLE (?P<table>\w+)\s[^;]*ADD COLUMN (?![^,;]*DEFAULT)[^,;]*NOT NULL"
    ),
    "another name": r"ALTER TABLE (?P<table>\w+)\s[^;]*\bRENAME\b",
}
LINTED_FROM = "0063"  # those before read whole tables under their locks, when these were small
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
FILES = sorted((MIGRATIONS / "versions").glob("*.py"))
TABLES = {table.name: table for table in Base.metadata.sorted_tables}


@pytest.fixture
def catalogue(worker_database: Database) -> Any:
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(worker_database.conninfo()), poolclass=NullPool
    )
    with engine.connect() as connection:
        yield connection


def columns_in(connection: Connection, table: str) -> dict[str, Any]:
    return {column["name"]: column for column in inspect(connection).get_columns(table)}


def written(type_: Any) -> str:
    """A type as PostgreSQL writes it; the order of its letters is the migrations' business."""
    return str(type_.compile(dialect=DIALECT)).partition(" COLLATE ")[0]


def test_migrations_are_numbered_one_after_the_other() -> None:
    numbers = [path.name.partition("_")[0] for path in FILES]

    assert numbers == [f"{number:04}" for number in range(1, len(FILES) + 1)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_migration_says_its_number_why_and_what_old_code_makes_of_it(path: Any) -> None:
    source = path.read_text()
    number = path.name.partition("_")[0]
    before = "None" if number == "0001" else f'"{int(number) - 1:04}"'

    assert f'\nrevision = "{number}"\n' in source
    assert f"\ndown_revision = {before}\n" in source
    assert "\nWhy: " in source
    assert "\nOld code beside it: " in source


def test_the_newest_migration_is_where_the_schema_stands(worker_database: Database) -> None:
    with worker_database.connect("ledger_app") as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (schema_head(),)
    assert schema_head() == FILES[-1].name[:4]


def test_every_table_and_view_has_a_model(catalogue: Connection) -> None:
    found = {*inspect(catalogue).get_table_names(), *inspect(catalogue).get_view_names()} - {"alembic_version"}

    assert found == set(TABLES)
    assert len(models.__all__) == len(TABLES)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_a_model_says_what_the_table_is(catalogue: Connection, table: Table) -> None:
    found = columns_in(catalogue, table.name)

    assert {column.name for column in table.columns} == set(found)
    for column in table.columns:
        assert written(column.type) == written(found[column.name]["type"]), column
        assert (column.computed is None) == ("computed" not in found[column.name]), column


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_a_model_says_what_may_be_missing_and_what_the_key_is(catalogue: Connection, table: Table) -> None:
    found = columns_in(catalogue, table.name)

    if table.name in inspect(catalogue).get_view_names():  # PostgreSQL knows neither of a view
        assert table.primary_key.columns.keys()[0] == "tenant_id"
    else:
        nullable = {name for name, column in found.items() if column["nullable"]}
        assert {column.name for column in table.columns if column.nullable} == nullable
        key = inspect(catalogue).get_pk_constraint(table.name)["constrained_columns"]
        assert table.primary_key.columns.keys() == key
        filled = {column.name for column in table.columns if column.server_default is not None}
        assert filled <= {name for name, column in found.items() if column["default"] or column.get("computed")}


def test_m3_the_way_down_leads_back_to_nothing_and_up_again_behind_walls_at_each_step(
    committed_database: Database,
) -> None:
    owner = committed_database.conninfo("ledger_owner")
    before = schema_of(committed_database)

    for path in reversed(FILES[:-1]):
        migrate(owner, path.name[:4])
        assert tables_without_walls(committed_database) == [], path.name
    migrate(owner, "base")
    with committed_database.connect() as connection:
        left = connection.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace").fetchall()
    migrate(owner)

    assert {name for (name,) in left} <= {"alembic_version", "alembic_version_pkc"}
    assert schema_of(committed_database) == before


def tables_without_walls(database: Database) -> list[str]:
    """Name the tables that hold a shop's rows and are not behind the one policy, by force, for every verb."""
    with database.connect() as connection:
        rows = connection.execute(
            """
            SELECT c.relname FROM pg_class AS c
              JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
               AND c.relname NOT IN ('tenant_directory', 'domain_directory')
               AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                        AND ARRAY(SELECT (p.polcmd, p.polqual IS NOT NULL, p.polwithcheck IS NOT NULL)::text
                                    FROM pg_policy AS p WHERE p.polrelid = c.oid) = ARRAY['(*,t,t)'])
            """
        ).fetchall()
    return [name for (name,) in rows]


def schema_of(database: Database) -> list[tuple[Any, ...]]:
    """Every column, constraint and right, as text that can be compared."""
    with database.connect() as connection:
        return connection.execute(
            """
            SELECT 'column', table_name || '.' || column_name,
                   concat_ws(' ', ordinal_position, udt_name, character_maximum_length, numeric_precision,
                             numeric_scale, is_nullable, column_default, generation_expression, collation_name)
              FROM information_schema.columns WHERE table_schema = 'public'
             UNION ALL
            SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
              FROM pg_constraint WHERE connamespace = 'public'::regnamespace
             UNION ALL
            SELECT 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid)
              FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
             WHERE relnamespace = 'public'::regnamespace
             UNION ALL
            SELECT 'rights', relname, coalesce(relacl::text, '')
              FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
             UNION ALL
            SELECT 'columns'' rights', attrelid::regclass || '.' || attname, attacl::text
              FROM pg_attribute WHERE attacl IS NOT NULL
             UNION ALL
            SELECT 'policy', tablename || '.' || policyname, concat_ws(' ', permissive, roles, cmd, qual, with_check)
              FROM pg_policies
             ORDER BY 1, 2, 3
            """
        ).fetchall()


def test_two_starters_migrate_once(committed_database: Database) -> None:
    owner = committed_database.conninfo("ledger_owner")
    before = schema_of(committed_database)
    migrate(owner, "base")
    errors: list[BaseException] = []

    def start() -> None:
        try:
            migrate(owner)
        except BaseException as error:
            errors.append(error)

    starters = [threading.Thread(target=start) for _ in range(3)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(60)

    assert errors == []
    assert schema_of(committed_database) == before


def test_m1_a_migration_waits_for_a_reader_by_trying_again(committed_database: Database) -> None:
    """It gives its place in the queue up each second: whoever reads meanwhile is not stopped by it."""
    owner = committed_database.conninfo("ledger_owner")
    migrate(owner, FILES[-2].name[:4])
    with committed_database.connect(autocommit=False) as reader:
        reader.execute("SELECT count(*) FROM tenant_directory")  # a lock that dropping the table waits for
        starter = threading.Thread(target=migrate, args=(owner, "base"))
        starter.start()
        starter.join(2.5)
        assert starter.is_alive()
        with committed_database.connect() as another:
            another.execute("SET statement_timeout = '1800ms'")
            another.execute("SELECT count(*) FROM tenant_directory")
        reader.rollback()
        starter.join(30)

    assert not starter.is_alive()
    with committed_database.connect() as connection:
        assert connection.execute("SELECT to_regclass('tenant_directory')").fetchone() == (None,)


def test_m1_an_index_is_built_beside_whoever_writes_and_half_a_one_is_replaced(committed_database: Database) -> None:
    owner = committed_database.conninfo("ledger_owner")
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(owner), poolclass=NullPool)
    wish = "INSERT INTO mail_requests (subject, requests, window_start) VALUES (%s, 1, now())"

    def build() -> None:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"transaction_per_migration": True})
            with Operations.context(context), context.begin_transaction(_per_migration=True):
                build_index("mail_requests_trial", "mail_requests (window_start)")

    with committed_database.connect() as superuser:
        superuser.execute("CREATE INDEX mail_requests_trial ON mail_requests (requests)")
        superuser.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'mail_requests_trial'::regclass")
    builder = threading.Thread(target=build)
    with committed_database.connect(autocommit=False) as slow:
        slow.execute(wish, [bytes(32)])
        builder.start()
        wait_until_so_many_wait(committed_database, 1)
        with committed_database.connect() as quick:
            quick.execute("SET statement_timeout = '1s'")
            quick.execute(wish, [bytes(31) + b"a"])
        slow.commit()
    builder.join(30)

    with committed_database.connect() as superuser:
        built = superuser.execute(
            "SELECT indisvalid, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indexrelid = 'mail_requests_trial'::regclass"
        ).fetchone()
    assert built
    assert built[0]
    assert built[1].endswith("(window_start)")


def test_m1_no_migration_locks_a_table_that_is_in_use_for_long() -> None:
    linted = [path for path in FILES if path.name >= LINTED_FROM]

    assert {path.name: dangers for path in linted if (dangers := dangers_of(path.read_text()))} == {}


@pytest.mark.parametrize(
    ("statement", "danger"),
    [
        ("CREATE INDEX sales_x ON sales (tenant_id, total)", "an index: use build_index"),
        ("ALTER TABLE sales ADD CONSTRAINT c CHECK (total > 0)", "a constraint that is not NOT VALID first"),
        ("ALTER TABLE sales\n ADD COLUMN a int,\n ADD COLUMN b text NOT NULL", "a column that old code does not fill"),
        ("ALTER TABLE sales ALTER COLUMN total TYPE numeric", "another type"),
        ("ALTER TABLE sales ALTER COLUMN note SET NOT NULL", "NOT NULL where rows may be"),
        ("ALTER TABLE sales RENAME COLUMN total TO sum", "another name"),
    ],
)
def test_m1_what_would_lock_a_table_for_long_is_found(statement: str, danger: str) -> None:
    assert dangers_of(f"def upgrade(): {statement};\ndef downgrade(): pass") == [f"sales: {danger}"]
    assert dangers_of(f"def upgrade(): CREATE TABLE sales (id int); {statement};") == []


def test_m1_what_locks_a_table_for_a_moment_is_not() -> None:
    for statement in (
        "ALTER TABLE sales ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
        "ALTER TABLE sales ADD COLUMN b int NOT NULL DEFAULT 1",
        'build_index("sales_x", "sales (tenant_id, b)")',
    ):
        assert dangers_of(f"def upgrade(): {statement};") == []


def dangers_of(source: str) -> list[str]:
    upgrade = source.partition("def upgrade")[2].partition("def downgrade")[0]
    new = set(re.findall(r"CREATE TABLE (\w+)", upgrade))
    return [
        f"{each['table']}: {danger}"
        for danger, pattern in DANGERS.items()
        for each in re.finditer(pattern, upgrade)
        if each["table"] not in new
    ]
