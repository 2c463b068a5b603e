"""Whatever could let one shop read another's books, or lose a confirmed sale, keeps the shop closed."""

import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest
from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from ledger_web.factory import NotReadyError
from ledger_web.models.base import directory_session
from ledger_web.queries.readiness import Refusal, list_refusals, list_unprotected
from ledger_web.services.provisioning import migrate, schema_head
from tests.databases import Database

Break = Callable[..., None]


@pytest.fixture
def break_it(committed_database: Database) -> Break:
    """Run statements as superuser in a database of this test's own."""

    def run(*statements: str) -> None:
        with committed_database.connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    return run


@pytest.fixture
def stranger(committed_database: Database, break_it: Break) -> Iterator[str]:
    """A role of this test's own: roles belong to the server, and others use it too."""
    role = f"stranger_{uuid.uuid4().hex[:8]}"
    break_it(f"CREATE ROLE {role} LOGIN IN ROLE ledger_app")
    yield role
    break_it(f"REASSIGN OWNED BY {role} TO ledger_owner", f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def refusals_as(database: Database, user: str) -> list[Refusal]:
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(database.conninfo(user)), poolclass=NullPool
    )
    with Session(engine) as session:
        return list_refusals(session, schema_head=schema_head(), check_durability=False)


def lines_of_refusal(database: Database, **settings: object) -> list[str]:
    with pytest.raises(NotReadyError) as refused:
        database.make_app(**settings)
    return str(refused.value).splitlines()


def test_a_prepared_database_is_ready(app: Flask) -> None:
    assert list_refusals(directory_session(), schema_head=schema_head(), check_durability=False) == []


def test_a_member_of_the_applications_role_is_no_stronger_than_it(committed_database: Database, stranger: str) -> None:
    assert refusals_as(committed_database, stranger) == []


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("ALTER ROLE {role} SUPERUSER", "is superuser"),
        ("ALTER ROLE {role} BYPASSRLS", "bypasses row security"),
        ("ALTER ROLE {role} CREATEROLE", "creates roles"),
        ("GRANT ledger_owner TO {role}", "belongs to a stronger role"),
        ("GRANT postgres TO {role}", "belongs to a stronger role"),
        ("GRANT CREATE ON SCHEMA public TO {role}", "creates tables"),
        ("GRANT TEMP ON DATABASE {database} TO {role}", "creates temporary tables"),
        ("GRANT TEMP ON DATABASE {database} TO PUBLIC", "creates temporary tables"),
        ("GRANT CREATE ON DATABASE {database} TO {role}", "creates schemas"),
        ("ALTER DATABASE {database} OWNER TO {role}", "owns the database"),
        ("ALTER TABLE sign_in_failures OWNER TO {role}", "owns tables"),
        ("ALTER VIEW customers OWNER TO {role}", "owns tables"),
    ],
)
def test_t6_a_role_that_could_step_around_isolation_is_refused(
    committed_database: Database, break_it: Break, stranger: str, statement: str, reason: str
) -> None:
    break_it(statement.format(role=stranger, database=committed_database.name))

    refusals = refusals_as(committed_database, stranger)

    assert len(refusals) == 1
    assert f"The role {stranger} " in refusals[0].reason
    assert reason in refusals[0].reason
    assert "ledger_app" in refusals[0].remedy


def test_the_owner_itself_is_refused(committed_database: Database) -> None:
    assert "owns tables" in refusals_as(committed_database, "ledger_owner")[0].reason


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("CREATE TABLE forgotten (tenant_id bigint NOT NULL, id uuid NOT NULL)", "forgotten"),
        ("ALTER TABLE sales DISABLE ROW LEVEL SECURITY", "sales"),
        ("ALTER TABLE sales NO FORCE ROW LEVEL SECURITY", "sales"),
        ("DROP POLICY sales_of_this_shop ON sales", "sales"),
        ("CREATE POLICY another ON sales USING (true)", "sales"),
        ("ALTER POLICY sales_of_this_shop ON sales WITH CHECK (true)", "sales"),
        ("ALTER POLICY sales_of_this_shop ON sales TO ledger_app", "sales"),
        (
            "ALTER POLICY sales_of_this_shop ON sales"
            " USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)",
            "sales",
        ),
        ("ALTER VIEW customers SET (security_invoker = false)", "customers"),
        ("CREATE VIEW all_sales AS SELECT * FROM sales", "all_sales"),
        ("CREATE MATERIALIZED VIEW old_sales AS SELECT * FROM sales WITH NO DATA", "old_sales"),
    ],
)
def test_t3_t6_a_table_or_view_through_which_shops_could_be_seen_is_refused(
    committed_database: Database, break_it: Break, statement: str, name: str
) -> None:
    break_it(statement)

    refusals = refusals_as(committed_database, "ledger_app")

    assert [refusal.reason for refusal in refusals] == [f"One shop could read another's rows in: {name}."]


def test_views_and_tables_are_all_protected(app: Flask) -> None:
    assert list_unprotected(directory_session()) == []


def test_the_application_does_not_start_on_an_older_schema(committed_database: Database) -> None:
    migrate(committed_database.conninfo("ledger_owner"), "0001")

    reason, remedy = lines_of_refusal(committed_database)[-2:]

    assert reason == f"The schema is at 0001, this release needs {schema_head()}."
    assert remedy.startswith("Run `python3 app.py migrate`")


def test_the_application_does_not_start_on_an_empty_database(committed_database: Database) -> None:
    migrate(committed_database.conninfo("ledger_owner"), "base")

    assert "The schema is at nothing" in lines_of_refusal(committed_database)[-2]


def test_the_application_does_not_start_on_the_schema_of_a_newer_release(
    committed_database: Database, break_it: Break
) -> None:
    break_it("COMMENT ON TABLE alembic_version IS '9998'")
    break_it("UPDATE alembic_version SET version_num = '9999'")

    reason, remedy = lines_of_refusal(committed_database)[-2:]

    assert "The schema is at 9999" in reason
    assert remedy.startswith("Start the newer release")


def test_m2_a_release_goes_on_beside_a_newer_schema_that_says_it_may(
    committed_database: Database, break_it: Break
) -> None:
    """So that a rolling upgrade migrates first, and then takes one server after the other."""
    break_it("UPDATE alembic_version SET version_num = '9999'")  # the comment still says how old a release may be

    app = committed_database.make_app()

    with app.app_context():
        assert list_refusals(directory_session(), schema_head=schema_head(), check_durability=False) == []
        reasons = list_refusals(directory_session(), schema_head="0001", check_durability=False)
    assert [each.remedy.partition(":")[0] for each in reasons] == ["Start the newer release"]


def test_d2_the_application_does_not_start_on_a_server_that_forgets(committed_database: Database) -> None:
    reason, remedy = lines_of_refusal(committed_database, check_durability=True)[-2:]

    assert reason.endswith("fsync, full_page_writes, synchronous_commit is off.")
    assert "postgresql.conf" in remedy


def test_t6_o4_the_application_does_not_start_with_more_rights_than_it_needs(
    committed_database: Database, break_it: Break
) -> None:
    break_it(f"GRANT TEMP ON DATABASE {committed_database.name} TO ledger_app")

    reason, remedy = lines_of_refusal(committed_database)[-2:]

    assert "The role ledger_app could step around the isolation of the shops" in reason
    assert remedy


def test_an_unreachable_database_is_a_sentence(committed_database: Database) -> None:
    lines = lines_of_refusal(committed_database, database_url="host=/nowhere user=ledger_app dbname=shop")

    assert lines[0].startswith("The database cannot be reached: ")
    assert lines[-1].startswith("Look at DATABASE_URL")
