"""Every list, lookup and report finds what it shows by an index, however large the shop; and every index is of use."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from ledger_web.commands.indexes import shapes_of_pages
from ledger_web.config import ROOT
from ledger_web.queries.plans import Answered, Shape, answer
from ledger_web.queries.tenants import get_place, get_shop
from tests.asked import ask_everything
from tests.databases import Database
from tests.furnished import furnish
from tests.grown import grow
from tests.shops import Shop, open_a_shop

COPIES_OF_A_MILLION = 50_000
TOUCHED_MAX = 300  # rows of a table, in a shop that has 400 and more of everything
# Pages whose question is about everything there is of a kind. All others seek.
MAY_LOOK_AT_ALL = {
    "accounts.holders": "puts people, drawers, banks and categories into one order by name",
    "accounts.index": "adds up the balances of each kind of account",
    "admin.index": "names the newest of all recalculations, which are few",
    "admin.show_explanation": "adds up the entries of the account it explains",
    "audit.people": "counts what each person did in the last weeks",
    "customers.index": "looks for the archived, and for those who owe, among all customers",
    "employees.index": "looks for the archived, and for those who are owed, among all employees",
    "labels.index": "counts the products that have no code yet",
    "loose_returns.new": "as products.index",
    "members.index": "looks for the archived, and for those who owe, among all members",
    "price_lists.index": "counts the prices and the customers of each list",
    "price_lists.show": "shows what a list asks beside everybody's price, in the order of names",
    "products.index": "puts all that a search finds into order; here every product has the same words",
    "purchase_acts.exchange": "adds up what foreign money was bought and sold for",
    "purchase_acts.vendor_account": "adds up what all that happened with a vendor was worth",
    "purchases.index": "adds up the lines of each purchase that is being written down",
    "purchases.unpaid": "adds up what vendors are owed, by age",
    "sale_returns.reasons": "counts how often each reason was given",
    "sales.index": "adds up all sales that the list finds",
    "sales_reports.show": "adds up the sales of some weeks",
    "scan.new_attachment": "as products.index",
    "stock.index": "values all goods, and orders them by what is asked for",
    "stock.to_buy": "compares each product with its level",
    "stock_counts.index": "counts the lines of each count",
    "stock_counts.new_posting": "looks for goods that were not counted, among all",
    "transactions.new_manual": "offers every account that may be posted to",
    "transactions.new_owner_money": "looks for the currencies of all accounts",
    "transactions.index": "puts all that a search finds into order; here every transaction has the same words",
    "vendors.index": "looks for the archived, and for those who are owed, among all vendors",
    "a service": "counts what a shop may have only so many of",
}


# Indexes that neither a page nor an act of this test needs, and what does.
ASKED_ELSEWHERE = {
    "audit_events_holder_idx": "what was done to one thing, which its page leads to",
    "domain_directory_proved_idx": "which domains were not proved for long, asked on the operators' pages",
    "price_changes_by_time": "labels of what changed its price since the last ones were printed",
    "purchases_by_day": "purchases between two days, where these are few of many",
    "tenant_directory_status_idx": "which shops are in one state, asked on the operators' pages",
    "tenant_directory_owner_mail_idx": "which shops an address owns, asked on the bare domain",
    "tenant_directory_opened_idx": "how many shops were opened from one place in the last hour",
}
# Neither unique nor led by the columns of a foreign key.
_OF_NO_KEY = """
    SELECT i.relname FROM pg_index AS x
      JOIN pg_class AS i ON i.oid = x.indexrelid
      JOIN pg_class AS c ON c.oid = x.indrelid
     WHERE c.relnamespace = 'public'::regnamespace AND NOT x.indisunique
       AND NOT EXISTS (SELECT FROM pg_constraint AS k
                        WHERE k.conrelid = x.indrelid AND k.contype = 'f'
                          AND (x.indkey::smallint[])[0:least(cardinality(k.conkey), 2) - 1] <@ k.conkey)
"""


@pytest.fixture(scope="module")
def grown(worker_app: Flask, worker_database: Database) -> Iterator[tuple[Shop, list[Shape]]]:
    """A shop in which everything has happened, what services and pages asked in it, and then 400 times as much."""
    with worker_app.app_context():
        shop, shapes = ask_everything(worker_app, "grown")
        with worker_database.connect() as superuser:
            refused = grow(superuser, shop.tenant_id, 400)
        assert refused == {}
        yield shop, shapes


@pytest.fixture(scope="module")
def answers(grown: tuple[Shop, list[Shape]], worker_app: Flask) -> list[Answered]:
    """How PostgreSQL answers them all, where reading a table from end to end is out of the question."""
    shop, shapes = grown
    with worker_app.app_context():
        return answer(shop.tenant_id, [shape for shape in shapes if _is_question(shape)], prefer_indexes=True)


def _is_question(shape: Shape) -> bool:
    """INSERTs look nothing up but keys."""
    return shape.is_read or shape.statement.lstrip()[:6].upper() in {"UPDATE", "DELETE"}


def test_no_page_looks_at_far_more_than_it_shows(answers: list[Answered]) -> None:
    wide = {
        f"{each.shape.place}: {scan.touched} rows of {scan.table} for {each.rows}, by {scan.index or 'no index'}"
        for each in answers
        for scan in each.too_wide(TOUCHED_MAX)
        if each.shape.place not in MAY_LOOK_AT_ALL
    }

    assert len(answers) > 200
    assert wide == set()


def test_a_page_that_looks_at_everything_is_found(grown: tuple[Shop, list[Shape]], worker_app: Flask) -> None:
    shop, _ = grown
    shape = Shape(
        "here",
        "SELECT id FROM sales WHERE tenant_id = %(tenant_id)s AND coalesce(customer_id, id) = id LIMIT 1 OFFSET 900",
        {"tenant_id": shop.tenant_id},
    )
    with worker_app.app_context():
        (found,) = answer(shop.tenant_id, [shape], prefer_indexes=True)

    assert [scan.table for scan in found.too_wide(TOUCHED_MAX)] == ["sales"]


def test_every_index_keeps_a_rule_or_a_foreign_key_or_answers_a_question(
    answers: list[Answered], worker_database: Database
) -> None:
    used = {scan.index for each in answers for scan in each.scans}
    with worker_database.connect() as connection:
        of_no_key = {name for (name,) in connection.execute(_OF_NO_KEY)}

    assert of_no_key - used - ASKED_ELSEWHERE.keys() == set()
    assert ASKED_ELSEWHERE.keys() <= of_no_key
    readme = (ROOT / "README.md").read_text()
    assert [name for name in sorted(of_no_key) if f"`{name}`" not in readme] == [], "say in README.md what it is for"


def test_no_statement_looks_a_column_up_by_what_coalesce_gives() -> None:
    """PostgreSQL takes COALESCE of columns for something that may leak, and compares every row behind the policy."""
    looks_up = re.compile(r"\b\w+\.\w*id = coalesce\(\w+\.\w+, \w+\.\w+\)")
    found = [
        f"{path.name}: {each[0]}"
        for folder in ("queries", "services")
        for path in sorted((ROOT / "ledger_web" / folder).glob("*.py"))
        for each in looks_up.finditer(path.read_text())
    ]

    assert found == []


@pytest.mark.long
def test_nor_does_it_in_a_shop_of_a_million_entries(worker_app: Flask, database: Database) -> None:
    """As PostgreSQL plans by itself, with statistics. What may look at everything takes a second at most."""
    with worker_app.app_context():
        shop = open_a_shop("large")
        furnish(shop)
        shapes = shapes_of_pages(worker_app, get_place(shop.slug), get_shop(shop.tenant_id))
        with database.connect() as superuser:
            grow(superuser, shop.tenant_id, COPIES_OF_A_MILLION)
            entries = superuser.execute("SELECT count(*) FROM entries").fetchone()
        answers = answer(shop.tenant_id, [shape for shape in shapes if shape.is_read])
    wide = {each.shape.place for each in answers if each.too_wide()}

    assert entries
    assert entries[0] >= 1_000_000
    assert wide - MAY_LOOK_AT_ALL.keys() == set()
