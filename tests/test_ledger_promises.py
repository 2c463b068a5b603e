"""What no program may write, whatever it is: asked of the database as the application's own role (L2, L3, L4)."""

import ast
import random
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from ledger_web.config import ROOT
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash, equity
from ledger_web.services.drawers import PayIn, pay_in
from ledger_web.services.posting import account_id
from tests.databases import Database
from tests.shops import Shop

Connection = psycopg.Connection[tuple[object, ...]]
JOURNAL = ("transactions", "entries", "stock_moves", "payments", "allocations", "sale_lines")

# Where something is drawn, waited for or made up; no amount of money passes through these.
MEASURED = {
    "domain/charts.py", "domain/label_drawing.py", "domain/labels.py", "domain/pdf.py", "domain/pictures.py",
    "domain/symbols.py", "domain/totp.py", "domain/typeface.py", "services/credentials.py", "services/provisioning.py",
    "services/unit_of_work.py", "models/base.py",
    "domain/workbooks.py",  # reads what a spreadsheet keeps as one, to fifteen digits, as the spreadsheet shows it
    "services/product_imports.py", "services/meters.py",  # seconds
    "queries/plans.py",  # rows, as PostgreSQL estimates them
}  # fmt: skip


@pytest.fixture
def application(database: Database, shop: Shop) -> Iterator[Connection]:
    """The application's role at the database, with the shop set; nothing of it is committed."""
    with database.connect("ledger_app") as connection:
        connection.autocommit = False
        connection.execute(sql.SQL("SET app.tenant_id = {}").format(sql.Literal(str(shop.tenant_id))))
        connection.commit()
        yield connection


@pytest.fixture
def rivals_till(rival: Shop) -> object:
    pay_in(PayIn(id=new_id(), drawer_id=rival.drawer_id, currency="PKR", amount=1, reason="Float"), rival.act())
    return account_id(rival.tenant_id, cash(rival.drawer_id, "PKR"))


def test_l2_no_program_writes_an_entry_that_is_not_balanced(
    shop: Shop, application: Connection, rivals_till: object
) -> None:
    for currency in ("PKR", "USD"):
        pay_in(PayIn(id=new_id(), drawer_id=shop.drawer_id, currency=currency, amount=1, reason="Float"), shop.act())
    till, owner = (account_id(shop.tenant_id, key) for key in (cash(shop.drawer_id, "PKR"), equity("PKR", "owner")))
    dollars = account_id(shop.tenant_id, cash(shop.drawer_id, "USD"))
    transaction, day = application.execute("SELECT id, occurred_on FROM transactions LIMIT 1").fetchall()[0]
    rng = random.Random(2)
    wrong: list[Callable[[], tuple[object, object, str, int]]] = [
        lambda: (till, owner, "PKR", rng.choice((0, -1, -(10**9), 10**15 + 1))),
        lambda: (till, till, "PKR", rng.randint(1, 100)),
        lambda: (till, dollars, "PKR", rng.randint(1, 100)),
        lambda: (dollars, owner, "USD", rng.randint(1, 100)),
        lambda: (till, owner, "EUR", rng.randint(1, 100)),
        lambda: (till, rivals_till, "PKR", rng.randint(1, 100)),
        lambda: (rivals_till, owner, "PKR", rng.randint(1, 100)),
        lambda: (till, new_id(), "PKR", rng.randint(1, 100)),
    ]

    for number in range(50):
        debit, credit, currency, amount = wrong[number % len(wrong)]()
        with pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.ForeignKeyViolation)):
            application.execute(
                "INSERT INTO entries (tenant_id, transaction_id, line, debit_account_id, credit_account_id, currency,"
                " amount, occurred_on) VALUES (%s, %s, 99, %s, %s, %s, %s, %s)",
                (shop.tenant_id, transaction, debit, credit, currency, amount, day),
            )
        application.rollback()


@pytest.mark.parametrize("table", JOURNAL)
def test_l3_what_was_posted_is_neither_changed_nor_removed(application: Connection, table: str) -> None:
    name = sql.Identifier(table)
    for statement in ("UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}", "TRUNCATE {}"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute(sql.SQL(statement).format(name))
        application.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica",
        "ALTER TABLE entries DISABLE TRIGGER ALL",
        "ALTER TABLE entries DISABLE ROW LEVEL SECURITY",
        "DROP POLICY entries_of_this_shop ON entries",
        "ALTER TABLE entries DROP CONSTRAINT entries_amount_is_positive",
    ],
)
def test_l3_what_guards_the_journal_is_not_the_applications_to_take_away(
    application: Connection, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute(statement)


def test_l4_no_program_text_on_the_way_of_money_knows_a_float() -> None:
    found = []
    for room in ("domain", "models", "services", "queries", "forms"):
        for path in sorted((ROOT / "ledger_web" / room).rglob("*.py")):
            if f"{room}/{path.name}" in MEASURED:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                is_one = isinstance(node, ast.Constant) and isinstance(node.value, float)
                if is_one or (isinstance(node, ast.Name) and node.id == "float"):
                    found.append(f"{room}/{path.name}:{getattr(node, 'lineno', 0)}")

    assert found == []
