"""Indexes are those that are needed: none missing, none twice, none in the way; and the command says so."""

import json
from collections.abc import Callable, Iterator

import psycopg
import pytest
from click.testing import Result
from flask import Flask

from ledger_web.queries.indexes import read_report
from tests.databases import Database
from tests.shops import Shop, add_product, sell

Command = Callable[..., Result]


@pytest.fixture
def command(app: Flask) -> Command:
    return lambda *arguments: app.test_cli_runner().invoke(args=["indexes", "report", *arguments])


@pytest.fixture
def owner(database: Database) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with database.connect() as connection:
        yield connection


@pytest.fixture(autouse=True)
def _forgotten(owner: "psycopg.Connection[tuple[object, ...]]") -> None:
    """The database of all tests remembers what others read and kept in it; a report tells of what is remembered."""
    owner.execute("SELECT pg_stat_reset()")
    owner.commit()


def findings_of(kind: str) -> list[tuple[str, str, str]]:
    return [(each.table, each.name, each.detail) for each in read_report().findings if each.kind == kind]


@pytest.mark.parametrize(
    "kind", ["foreign key without index", "redundant", "invalid", "in the way of updates in place"]
)
def test_the_schema_has_the_indexes_it_needs_and_no_others(app: Flask, kind: str) -> None:
    assert findings_of(kind) == []


@pytest.mark.parametrize(
    ("made", "kind", "undone"),
    [
        (
            "DROP INDEX sales_customer_idx",
            "foreign key without index",
            "CREATE INDEX sales_customer_idx ON sales (tenant_id, customer_id, id) WHERE customer_id IS NOT NULL",
        ),
        (
            "CREATE INDEX once_more ON sales (tenant_id, sold_on)",
            "redundant",
            "DROP INDEX once_more",
        ),
        (
            "CREATE INDEX by_balance ON accounts (tenant_id, balance)",
            "in the way of updates in place",
            "DROP INDEX by_balance",
        ),
        (
            "CREATE INDEX of_debtors ON accounts (tenant_id, party_id, kind) WHERE debits > credits",
            "in the way of updates in place",
            "DROP INDEX of_debtors",
        ),
    ],
    ids=["missing", "redundant", "on a balance", "with a condition on a balance"],
)
def test_what_is_wrong_with_an_index_is_found(
    app: Flask,
    owner: "psycopg.Connection[tuple[object, ...]]",
    command: Command,
    made: str,
    kind: str,
    undone: str,
) -> None:
    owner.execute(made.encode())
    try:
        found = findings_of(kind)
        result = command("--json")
    finally:
        owner.execute(undone.encode())

    assert len(found) == 1
    assert result.exit_code == 1
    assert [each["kind"] for each in json.loads(result.output)["findings"]] == [kind]


def test_the_report_says_what_there_is_and_calls_nothing_unused_too_early(app: Flask, command: Command) -> None:
    result = command()

    assert result.exit_code == 0
    assert "0 findings in" in result.output
    assert "entries.entries_by_debit_account" in result.output
    assert "too few to call any of them unused" in result.output or "Not used since" in result.output


def test_the_check_opens_every_page_of_the_largest_shop_and_tells_what_they_ask(app: Flask, shop: Shop) -> None:
    sell(shop, (add_product(shop), 1, 115_00))

    result = app.test_cli_runner().invoke(args=["indexes", "check", "--json"])

    told = json.loads(result.output)
    assert (result.exit_code, told["findings"]) == (0, [])
    assert (told["shop"], told["statements"] > 100, told["transactions"] > 0) == ("corner", True, True)
    assert "sales_pkey" in told["used"]
    assert "0 findings." in app.test_cli_runner().invoke(args=["indexes", "check", "--tenant", "corner"]).output
