"""Statements, reports and posting in shops of 10 thousand, 100 thousand and a million entries over three years.

The number is that of the entries of one account, the till's; the shop has about 1.7 times as many. Times are those
of the database alone, without Python. A ratio of 1 says that a million entries cost no more than a hundred thousand.
"""

import datetime as dt
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import event, text

from benchmarks.ground import Ground, Result, rate
from benchmarks.posting import CashSale, post_sale
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import (
    AccountKey,
    cash,
    cost_of_sales,
    customer,
    equity,
    expense,
    inventory,
    revenue,
    tax_payable,
)
from ledger_web.models.base import db, session_of
from ledger_web.queries.reports import list_results, list_sums_until
from ledger_web.queries.statements import BEGINNING, get_statement
from ledger_web.services import posting
from ledger_web.services.daily_totals import drain, total_days
from tests.shops import Shop, open_a_shop

SIZES = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000}
DAYS = 3 * 365
CUSTOMERS = 2_000
REPEATS = 9

# Of 100 transactions 80 are sales for cash, 8 on account, 8 payments of customers, 4 expenses.
_TRANSACTIONS = """
    CREATE TEMP TABLE happened AS
    SELECT n, %(first)s::date + (n * %(days)s / %(transactions)s)::integer AS day, (n %% 100)::integer AS kind,
           100 + (n * 7919) %% 100000 AS amount, 1 + (n * 104729) %% %(customers)s AS buyer,
           (lpad(to_hex(1700000000000 + n * 60), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
            || substr(md5(n::text), 4, 15))::uuid AS id
      FROM generate_series(0, (%(transactions)s - 1)::bigint) AS n
"""
_HEADERS = """
    INSERT INTO transactions (tenant_id, id, kind, occurred_on, posted_at, fingerprint, locked_until)
    SELECT %(tenant_id)s, id, CASE WHEN kind < 88 THEN 'sale' WHEN kind < 96 THEN 'payment' ELSE 'expense' END, day,
           now(), sha256(n::text::bytea), NULL
      FROM happened
"""
_ENTRIES = """
    INSERT INTO entries (tenant_id, transaction_id, line, debit_account_id, credit_account_id, currency, amount,
                         occurred_on)
    SELECT %(tenant_id)s, h.id, x.line, x.debit, x.credit, 'PKR', x.amount, h.day
      FROM happened AS h
      JOIN buyers AS b ON b.n = h.buyer
     CROSS JOIN LATERAL (VALUES
            (1, CASE WHEN h.kind < 80 OR h.kind BETWEEN 88 AND 95 THEN %(till)s::uuid
                     WHEN h.kind < 88 THEN b.id
                     ELSE (%(expenses)s::uuid[])[1 + (h.n %% 8)::integer] END,
                CASE WHEN h.kind < 88 THEN %(revenue)s::uuid WHEN h.kind < 96 THEN b.id ELSE %(owner)s::uuid END,
                h.amount),
            (2, CASE WHEN h.kind < 80 THEN %(till)s::uuid ELSE b.id END, %(tax)s::uuid, 1 + h.amount / 10),
            (3, %(costs)s::uuid, %(goods)s::uuid, 1 + h.amount / 2)) AS x(line, debit, credit, amount)
     WHERE x.line = 1 OR h.kind < 88
"""
_CACHES = """
    UPDATE accounts AS a
       SET debits = coalesce(d.amount, 0), credits = coalesce(c.amount, 0),
           version = coalesce(d.entries, 0) + coalesce(c.entries, 0)
      FROM accounts AS b
      LEFT JOIN (SELECT debit_account_id AS id, sum(amount) AS amount, count(*) AS entries FROM entries
                  WHERE tenant_id = %(tenant_id)s GROUP BY 1) AS d ON d.id = b.id
      LEFT JOIN (SELECT credit_account_id AS id, sum(amount) AS amount, count(*) AS entries FROM entries
                  WHERE tenant_id = %(tenant_id)s GROUP BY 1) AS c ON c.id = b.id
     WHERE b.tenant_id = %(tenant_id)s AND a.tenant_id = b.tenant_id AND a.id = b.id AND a.cached
"""
_BY_ENTRIES = text(
    """
    SELECT x.account_id, sum(x.debit), sum(x.credit)
      FROM entries AS e
     CROSS JOIN LATERAL (VALUES (e.debit_account_id, e.amount, 0), (e.credit_account_id, 0, e.amount))
           AS x(account_id, debit, credit)
     WHERE e.tenant_id = :tenant_id
       AND e.occurred_on <= :day
     GROUP BY x.account_id
    """
)


def measure_reports(ground: Ground) -> list[Result]:
    """Fill three shops, total their days, and read and post in them."""
    with ground.app.app_context():
        shops = {
            name: fill(ground, f"bench-{name}", size // (20 if ground.quick else 1)) for name, size in SIZES.items()
        }
        return [
            *_compare("statement.first_page.1m", shops, lambda shop: get_statement(*_till(shop), after=BEGINNING)),
            *_compare("statement.last_page.1m", shops, lambda shop: get_statement(*_till(shop))),
            *_compare("trial_balance.1m", shops, lambda shop: list_sums_until(shop.tenant_id, _today())),
            *_compare("trial_balance.1m.year_end", shops, lambda shop: list_sums_until(shop.tenant_id, _year_end())),
            *_compare("profit_and_loss.1m", shops, lambda shop: list_results(shop.tenant_id, _first(), _today())),
            _against_entries(shops["1m"]),
            _posting(ground, shops),
        ]


def _compare(name: str, shops: dict[str, Shop], read: Callable[[Shop], object]) -> list[Result]:
    """Read in the large shop and in the middle one, in turns."""
    taken: dict[str, list[float]] = {"100k": [], "1m": []}
    for _ in range(REPEATS):
        for size, times in taken.items():
            times.append(_database_ms(lambda size=size: read(shops[size])))  # type: ignore[misc]
    large, middle = statistics.median(taken["1m"]), statistics.median(taken["100k"])
    return [Result(name, large, middle, middle / large, "ms")]


def _against_entries(shop: Shop) -> Result:
    """Say how many times faster totals are than what they are made of."""
    values = {"tenant_id": shop.tenant_id, "day": _today()}
    totals = statistics.median(_database_ms(lambda: list_sums_until(shop.tenant_id, _today())) for _ in range(REPEATS))
    entries = _database_ms(lambda: session_of(shop.tenant_id).execute(_BY_ENTRIES, values).all())
    return Result("trial_balance.1m.vs_entries", totals, entries, entries / totals, "ms")


def _posting(ground: Ground, shops: dict[str, Shop]) -> Result:
    """Post in the smallest shop and in the largest, one sale here and one there: a neighbour's noise falls on both.

    The medians of single sales are compared, so that a pause of the machine counts once and not for a whole round.
    """
    taken: dict[str, list[float]] = {"10k": [], "1m": []}
    warm_up, sales = (5, 50) if ground.quick else (200, 2_000)
    for number in range(warm_up + sales):
        for size, times in taken.items():
            shop = shops[size]
            began = time.perf_counter()
            post_sale(CashSale(new_id(), shop.drawer_id), shop.act())
            if number >= warm_up:
                times.append(time.perf_counter() - began)
    return rate("posting.1m_vs_10k", 1 / statistics.median(taken["1m"]), 1 / statistics.median(taken["10k"]))


def fill(ground: Ground, slug: str, entries: int) -> Shop:
    """Open a shop whose till has so many entries, past the services, and total its days."""
    shop = open_a_shop(slug)
    till = cash(shop.drawer_id, "PKR")
    spent = [expense("PKR", f"category_{number}") for number in range(8)]
    others = [revenue("PKR"), tax_payable("PKR"), cost_of_sales("PKR"), inventory("PKR"), equity("PKR", "owner")]
    transactions = round(entries / (2 * 0.8 + 0.08))
    people = [new_id() for _ in range(CUSTOMERS)]
    ground.superuser.execute(
        "INSERT INTO parties (tenant_id, id, kind, name, currency)"
        " SELECT %s, id, 'customer', 'Customer ' || id, 'PKR' FROM unnest(%s::uuid[]) AS id",
        (shop.tenant_id, people),
    )
    buyers = [customer(id, "PKR") for id in people]
    with shop.act() as uow:
        posting.open_accounts(uow, [till, *spent, *others, *buyers])

    def account(key: AccountKey) -> Any:
        return posting.account_id(shop.tenant_id, key)

    with _past_every_check(ground.superuser) as superuser:
        superuser.execute("CREATE TEMP TABLE buyers (n integer, id uuid)")
        superuser.cursor().executemany(
            "INSERT INTO buyers VALUES (%s, %s)", [(n, account(key)) for n, key in enumerate(buyers, start=1)]
        )
        values = {
            "tenant_id": shop.tenant_id,
            "transactions": transactions,
            "first": _first(),
            "days": DAYS + 1,
            "customers": CUSTOMERS,
            "till": account(till),
            "expenses": [account(key) for key in spent],
        } | dict(zip(("revenue", "tax", "costs", "goods", "owner"), map(account, others), strict=True))
        for statement in (
            _TRANSACTIONS,
            "ANALYZE happened",
            _HEADERS,
            _ENTRIES,
            "ANALYZE entries",
            "ANALYZE accounts",
            _CACHES,
        ):
            superuser.execute(psycopg.ClientCursor(superuser).mogrify(statement, values).encode())
        superuser.execute("DROP TABLE happened, buyers")
    ground.superuser.execute("VACUUM ANALYZE")
    with shop.act() as uow:
        uow.execute("UPDATE tenants SET totalled_before = '2000-01-01' WHERE tenant_id = %(tenant_id)s")
    while not total_days(shop.act()):
        pass
    drain(shop.act())
    ground.superuser.execute("VACUUM ANALYZE daily_totals")
    return shop


@contextmanager
def _past_every_check(superuser: "psycopg.Connection[Any]") -> Iterator["psycopg.Connection[Any]"]:
    superuser.execute("SET session_replication_role = replica")
    yield superuser
    superuser.execute("SET session_replication_role = origin")


def _till(shop: Shop) -> tuple[int, Any]:
    return shop.tenant_id, posting.account_id(shop.tenant_id, cash(shop.drawer_id, "PKR"))


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _first() -> dt.date:
    return _today() - dt.timedelta(days=DAYS)


def _year_end() -> dt.date:
    return dt.date(_today().year - 1, 12, 31)


def _database_ms(read: Callable[[], object]) -> float:
    """Return how long the statements of a read took, from sending them to having their rows."""
    spent = 0.0
    began = 0.0

    def begin(*_: Any) -> None:
        nonlocal began
        began = time.perf_counter()

    def end(*_: Any) -> None:
        nonlocal spent
        spent += time.perf_counter() - began

    event.listen(db.engine, "before_cursor_execute", begin)
    event.listen(db.engine, "after_cursor_execute", end)
    try:
        read()
    finally:
        event.remove(db.engine, "before_cursor_execute", begin)
        event.remove(db.engine, "after_cursor_execute", end)
    return spent * 1000
