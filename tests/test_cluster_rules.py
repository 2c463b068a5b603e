"""Schema and statements run on a cluster that distributes shops as they are: its rules, asked on plain PostgreSQL.

What a cluster demands of keys and policies is asked in `isolation/test_catalogue.py`.
"""

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from ledger_web.config import ROOT
from ledger_web.queries.plans import Shape
from tests.asked import ask_everything
from tests.databases import Database

LOCAL = {"tenant_directory", "domain_directory", "alembic_version"}  # not distributed
# What is meant to be as it is, and why that does no harm on a cluster.
ON_PURPOSE = {
    "SELECT books_version, locked_until FROM tenants": "setting the lock date waits for all postings of the shop",
    "'recalculation of shop '": "two recalculations at once, begun on two nodes, repair nothing twice: they lock rows",
}
NAME = r"([a-z_]+)"
REFERENCE = re.compile(rf"\b(?:FROM|JOIN|UPDATE)\s+{NAME}(?:\s+AS\s+{NAME})?", re.IGNORECASE)


@pytest.fixture(scope="module")
def asked(worker_app: Flask) -> Iterator[list[Shape]]:
    """What acts and pages ask of the database."""
    with worker_app.app_context():
        yield ask_everything(worker_app, "clustered")[1]


@pytest.fixture(scope="module")
def relations(worker_database: Database) -> set[str]:
    with worker_database.connect() as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
        ).fetchall()
    return {str(name) for (name,) in rows} - LOCAL


def test_every_table_in_every_statement_is_asked_for_one_shop(asked: list[Shape], relations: set[str]) -> None:
    """Without its own condition a table is asked on all nodes, although the policy shows no other shop's rows."""
    found = []
    for shape in asked:
        text = " ".join(shape.statement.split())
        for table, alias in REFERENCE.findall(text):
            if table in relations and not _is_filtered(text, table, alias):
                found.append(f"{shape.place}: {table} {alias}: {text[:160]}")

    assert len(asked) > 250
    assert found == []


def _is_filtered(text: str, table: str, alias: str) -> bool:
    name = alias if alias and alias.upper() not in {"SET", "WHERE"} else ""
    written = rf"\b{name}\.tenant_id" if name else rf"(?:\b{table}\.|(?<![.\w]))tenant_id"
    return bool(re.search(rf"{written} = (?:%\(|[a-z]+\.tenant_id)", text))


@pytest.mark.parametrize(
    ("rule", "forbidden"),
    [
        ("FOR UPDATE fights the locks of foreign keys", r"\bFOR UPDATE\b"),
        ("MERGE is not distributed", r"\bMERGE INTO\b"),
        ("set_config does not reach the workers", r"\bset_config\("),
        ("an id is made by the application", r"\b(?:gen_random_uuid|uuidv7|uuid_generate_v4)\("),
        ("advisory locks are of one node", r"\bpg_(?:try_)?advisory"),
        ("an INSERT inside WITH is several plans", r"\bWITH\b.*\(\s*INSERT INTO"),
        ("a SELECT inside VALUES is refused", r"\bVALUES\s*\(\s*\(\s*SELECT"),
        ("a row never moves to another shop", r"\bSET tenant_id\b"),
        ("UPDATE takes no volatile function", r"^\s*UPDATE\b.*\b(?:random|clock_timestamp)\("),
    ],
)
def test_no_statement_does_what_a_cluster_refuses(asked: list[Shape], rule: str, forbidden: str) -> None:
    pattern = re.compile(forbidden, re.DOTALL)
    found = [shape.statement for shape in asked if pattern.search(shape.statement)]

    assert [each for each in found if not any(known in each for known in ON_PURPOSE)] == [], rule


def test_rows_of_many_are_inserted_beside_a_table_of_the_shop(asked: list[Shape], relations: set[str]) -> None:
    """INSERT … SELECT FROM unnest(…) alone goes by COPY on a cluster, which row-level security refuses."""
    found = [
        shape.statement
        for shape in asked
        if "INSERT INTO" in shape.statement
        and "unnest(" in shape.statement
        and "RETURNING" not in shape.statement
        and "ON CONFLICT" not in shape.statement
        and not {table for table, _ in REFERENCE.findall(shape.statement)} & relations
    ]

    assert found == []


@pytest.mark.parametrize(
    ("rule", "forbidden"),
    [
        ("ids are not made by sequences", r"\b(?:BIG)?SERIAL\b|GENERATED\s+(?:ALWAYS|BY DEFAULT)\s+AS\s+IDENTITY"),
        (
            "a column is added without a CHECK or a reference",
            r"ADD COLUMN [^,;']*\b(?:CHECK|UNIQUE|REFERENCES)\b",
        ),
        ("ON DELETE SET NULL is not distributed", r"ON DELETE SET (?:NULL|DEFAULT)"),
        ("no triggers, no rules", r"\bCREATE (?:CONSTRAINT )?TRIGGER\b|\bCREATE RULE\b"),
        ("constraints are not renamed", r"\bRENAME CONSTRAINT\b"),
        ("no table inherits", r"\bINHERITS\s*\("),
    ],
)
def test_no_migration_does_what_a_cluster_refuses(rule: str, forbidden: str) -> None:
    pattern = re.compile(forbidden, re.IGNORECASE)
    found = [
        f"{path.name}: {each[0]}"
        for path in sorted((ROOT / "migrations" / "versions").glob("*.py"))
        for each in pattern.finditer(path.read_text())
    ]

    assert found == [], rule


def test_only_the_session_says_whose_transaction_it_is() -> None:
    setting = re.compile(r"SET (?:LOCAL |SESSION )?app\.tenant_id|set_config\(")
    places = {
        path.relative_to(ROOT / "ledger_web").as_posix(): set(setting.findall(path.read_text()))
        for path in (ROOT / "ledger_web").rglob("*.py")
        if setting.search(path.read_text())
    }

    assert {said for each in places.values() for said in each} == {"SET LOCAL app.tenant_id"}
