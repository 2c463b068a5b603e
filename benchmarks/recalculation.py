"""Recalculating 1,000,000 entries over 10,000 accounts, against a loop that sums and updates account by account.

The loop is as good as a loop gets: plain SQL through the same unit of work, each sum read from the covering indexes,
one SELECT, one UPDATE and one COMMIT for each account. It is the same work: every account is proved, and fifty that
are wrong are put right.
"""

import statistics
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

import psycopg
from flask import Flask

from ledger_web.domain.ids import new_id
from ledger_web.services.recalculation import Run, StartRecalculation, recalculate_balances
from ledger_web.services.tenants import OpenShop, new_tenant_id, open_shop
from ledger_web.services.unit_of_work import UnitOfWork

ENTRIES: Final = 1_000_000
ACCOUNTS: Final = 10_000
WRONG: Final = 50
REPEATS: Final = 3

# 60 of 100 entries are sales on account, 40 are payments into one drawer: a shop's books, not an even spread.
_FILL = """
    INSERT INTO parties (tenant_id, id, kind, name, currency)
    SELECT %(tenant_id)s, gen_random_uuid(), 'customer', 'Customer ' || n, 'PKR'
      FROM generate_series(1, %(accounts)s - 1) AS n;
    INSERT INTO accounts (tenant_id, id, kind, party_id, currency, normal_side, cached)
    SELECT tenant_id, gen_random_uuid(), 'customer', id, 'PKR', 'debit', true
      FROM parties WHERE tenant_id = %(tenant_id)s;
    INSERT INTO accounts (tenant_id, id, kind, drawer_id, currency, normal_side, cached, floor)
    SELECT tenant_id, gen_random_uuid(), 'cash', id, 'PKR', 'debit', true, 0
      FROM cash_drawers WHERE tenant_id = %(tenant_id)s;
    INSERT INTO accounts (tenant_id, id, kind, currency, normal_side, cached)
    VALUES (%(tenant_id)s, gen_random_uuid(), 'revenue', 'PKR', 'credit', false);
    CREATE TEMP TABLE buyers AS
    SELECT row_number() OVER () AS n, id FROM accounts WHERE tenant_id = %(tenant_id)s AND kind = 'customer';
    CREATE TEMP TABLE sales_to_be AS
    SELECT n, lpad(to_hex(1700000000000 + n * 60), 12, '0')::text AS stamp, md5(n::text) AS noise
      FROM generate_series(1, %(entries)s) AS n;
    ALTER TABLE sales_to_be ADD COLUMN id uuid;
    UPDATE sales_to_be
       SET id = (stamp || '7' || substr(noise, 1, 3) || '8' || substr(noise, 4, 15))::uuid;
    INSERT INTO transactions (tenant_id, id, kind, occurred_on, posted_at, fingerprint)
    SELECT %(tenant_id)s, id, 'payment', '2025-01-01'::date + n / 3000, now(), sha256(n::text::bytea)
      FROM sales_to_be;
    INSERT INTO entries (tenant_id, transaction_id, line, debit_account_id, credit_account_id, currency, amount,
                         occurred_on)
    SELECT %(tenant_id)s, t.id, 1, CASE WHEN t.n %% 10 < 6 THEN b.id ELSE till.id END,
           CASE WHEN t.n %% 10 < 6 THEN earned.id ELSE b.id END, 'PKR', 100 + (t.n::bigint * 7919) %% 100000,
           '2025-01-01'::date + t.n / 3000
      FROM sales_to_be AS t
      JOIN buyers AS b ON b.n = 1 + (t.n::bigint * 104729) %% (%(accounts)s - 1)
     CROSS JOIN (SELECT id FROM accounts WHERE tenant_id = %(tenant_id)s AND kind = 'cash') AS till
     CROSS JOIN (SELECT id FROM accounts WHERE tenant_id = %(tenant_id)s AND kind = 'revenue') AS earned;
    DROP TABLE buyers, sales_to_be
"""

_LOOP_SUM = """
    SELECT d.amount AS debits, c.amount AS credits, d.entries + c.entries AS version
      FROM (SELECT coalesce(sum(amount), 0) AS amount, count(*) AS entries FROM entries
             WHERE tenant_id = %(tenant_id)s AND debit_account_id = %(id)s) AS d,
           (SELECT coalesce(sum(amount), 0) AS amount, count(*) AS entries FROM entries
             WHERE tenant_id = %(tenant_id)s AND credit_account_id = %(id)s) AS c
"""
_LOOP_UPDATE = """
    UPDATE accounts SET debits = %(debits)s, credits = %(credits)s, version = %(version)s
     WHERE tenant_id = %(tenant_id)s AND id = %(id)s
"""


def measure(
    app: Flask, superuser: "psycopg.Connection[Any]", *, entries: int = ENTRIES, accounts: int = ACCOUNTS
) -> list[dict[str, Any]]:
    """Fill a shop, prove and repair it both ways, and return what each took.

    Args:
        app: An application on a durable server with default settings.
        superuser: Autocommit, on the same database; writes the million entries past the services.

    Returns:
        Seconds; the ratio says how many times faster than the yardstick.
    """
    with app.app_context():
        tenant_id = _open_shop()
        superuser.execute("SET session_replication_role = replica")
        # No parameters in several statements at once; these are numbers of our own.
        values = {"tenant_id": tenant_id, "entries": entries, "accounts": accounts}
        for statement in _FILL.split(";\n"):
            superuser.execute(psycopg.ClientCursor(superuser).mogrify(statement, values).encode())
        superuser.execute("VACUUM ANALYZE")
        _recalculate(tenant_id, fix=True, force=True)  # the fill left every cache at zero
        superuser.execute("VACUUM ANALYZE accounts")

        loop = _timed(lambda: _loop(tenant_id), lambda: _plant(superuser, tenant_id, WRONG))
        ours = _median(lambda: _recalculate(tenant_id, fix=True), lambda: _plant(superuser, tenant_id, WRONG))
        looked = _median(lambda: _recalculate(tenant_id), lambda: None)
        everything = _timed(
            lambda: _recalculate(tenant_id, fix=True, force=True), lambda: _plant(superuser, tenant_id, accounts)
        )
        left = _recalculate(tenant_id)
        assert left.rows_wrong == 0, left
        assert left.rows_done == accounts, left
    return [
        _result("recalculation.1m.vs_loop", ours, loop),
        _result("recalculation.1m.check.vs_loop", looked, loop),
        _result("recalculation.1m.all_wrong.vs_loop", everything, loop),
    ]


def _open_shop() -> int:
    opened = open_shop(
        OpenShop(
            slug=f"bench-{uuid.uuid4().hex[:8]}",
            name="Bench",
            base_currency="PKR",
            owner_login="owner",
            owner_name="Owner",
            owner_password=uuid.uuid4().hex,
        ),
        UnitOfWork(new_tenant_id()),
    )
    return opened.tenant_id


def _plant(superuser: "psycopg.Connection[Any]", tenant_id: int, wrong: int) -> None:
    """Make some balances wrong by hand."""
    superuser.execute(
        "UPDATE accounts SET debits = debits + 7 WHERE tenant_id = %s AND id IN"
        " (SELECT id FROM accounts WHERE tenant_id = %s AND cached ORDER BY id LIMIT %s)",
        (tenant_id, tenant_id, wrong),
    )


def _recalculate(tenant_id: int, *, fix: bool = False, force: bool = False) -> Run:
    models = ("customers", "vendors", "employees", "members", "cash_drawer_money", "bank_accounts", "store_credit")
    command = StartRecalculation(id=new_id(), models=models, fix=fix, force=force)
    return recalculate_balances(command, UnitOfWork(tenant_id))


def _loop(tenant_id: int) -> None:
    """Do it the plain way, through the same door and driver: each account an act of its own."""
    uow = UnitOfWork(tenant_id)
    with uow:
        ids = (
            uow.execute("SELECT id FROM accounts WHERE tenant_id = %(tenant_id)s AND cached ORDER BY id")
            .scalars()
            .all()
        )
    for id in ids:
        with uow:
            sums = uow.execute(_LOOP_SUM, {"id": id}).one()
            uow.execute(_LOOP_UPDATE, {"id": id, **sums._mapping})


def _timed(act: Callable[[], object], before: Callable[[], object]) -> float:
    before()
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _median(act: Callable[[], object], before: Callable[[], object]) -> float:
    return statistics.median(_timed(act, before) for _ in range(REPEATS))


def _result(name: str, value: float, yardstick: float) -> dict[str, Any]:
    return {"name": name, "value": value, "yardstick": yardstick, "ratio": yardstick / value, "unit": "s"}
