"""What row-level security itself costs: the same acts and questions with the policies and without, in turns.

Every statement names its shop anyway; a policy adds the same comparison once more, and forbids the planner whatever
might leak. Without: row-level security is switched off for all tables and on again, on a server of its own.
Times are those a fifth of all rounds stayed below: what other programs take meanwhile is in none of them.
"""

import datetime as dt
import time
from collections.abc import Callable

from psycopg import sql

from benchmarks.ground import Ground, Result
from benchmarks.ground import ground as another_ground
from benchmarks.posting import CashSale, post_sale
from benchmarks.reports import fill
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash
from ledger_web.models.base import session_of
from ledger_web.queries.reports import list_sums_until
from ledger_web.queries.statements import get_statement
from ledger_web.services import posting
from tests.shops import Shop, add_product, sell

ENTRIES_OF_TILL = 60_000
TURNS = 8
ROUNDS = 60  # in a turn


def measure_policies(ground: Ground) -> list[Result]:
    """Return `policies.<act>`, milliseconds: with, beside without."""
    turns, rounds = (2, 5) if ground.quick else (TURNS, ROUNDS)
    with another_ground(seconds=ground.seconds, quick=ground.quick) as place, place.app.app_context():
        shop = fill(place, "behind-policies", ENTRIES_OF_TILL // (20 if ground.quick else 1))
        acts = _acts(shop)
        taken: dict[tuple[str, bool], list[float]] = {(name, on): [] for name in acts for on in (True, False)}
        for _ in range(turns):
            for is_on in (True, False):
                _switch(place, is_on=is_on)
                for name, act in acts.items():
                    taken[name, is_on] += _times(act, rounds, shop)
        _switch(place, is_on=True)
    found = {key: sorted(times)[len(times) // 5] for key, times in taken.items()}
    return [
        Result(f"policies.{name}", found[name, True], found[name, False], found[name, False] / found[name, True], "ms")
        for name in acts
    ]


def _acts(shop: Shop) -> dict[str, Callable[[], object]]:
    till = posting.account_id(shop.tenant_id, cash(shop.drawer_id, "PKR"))
    milk = add_product(shop, "Milk", quantity=10**6)
    return {
        "post": lambda: post_sale(CashSale(new_id(), shop.drawer_id), shop.act()),
        "store_sale": lambda: sell(shop, (milk, 1, 115_00)),
        "statement": lambda: get_statement(shop.tenant_id, till),
        "trial_balance": lambda: list_sums_until(shop.tenant_id, _today()),
    }


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _switch(place: Ground, *, is_on: bool) -> None:
    tables = place.superuser.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        " AND EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid)"
    ).fetchall()
    verb = sql.SQL("ENABLE" if is_on else "DISABLE")
    for (table,) in tables:
        place.superuser.execute(sql.SQL("ALTER TABLE {} {} ROW LEVEL SECURITY").format(sql.Identifier(table), verb))


def _times(act: Callable[[], object], rounds: int, shop: Shop) -> list[float]:
    taken = []
    for number in range(rounds + 5):
        began = time.perf_counter()
        act()
        if number >= 5:  # planned anew after the switch
            taken.append((time.perf_counter() - began) * 1000)
    session_of(shop.tenant_id).rollback()
    return taken
