"""The ledger part of one cash sale, three entries on one hot drawer, posted one by one, in batches and in groups.

Yardsticks: what the disk allows (pgbench, one INSERT and COMMIT), and the ordinary ORM way: SELECT … FOR UPDATE each
account as an object, change its attributes, add the rows, commit. The ORM way locks accounts in id order, so that
it never deadlocks; many a program does not do that much.
"""

import datetime as dt
import functools
import itertools
import statistics
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg

from benchmarks.ground import Ground, Result, acts_per_second, pgbench, rate
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import Entry, cash, cost_of_sales, deltas, inventory, revenue, tax_payable
from ledger_web.models.base import session_of
from ledger_web.models.ledger import Account, Transaction
from ledger_web.models.ledger import Entry as EntryRow
from ledger_web.services.batches import Posting, post_many
from ledger_web.services.group_poster import GroupPoster
from ledger_web.services.posting import account_id
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, fingerprint_of, whole_act
from tests.books import balances, cached_balance
from tests.shops import Shop, open_a_shop

CLIENTS = (1, 8, 32)
BATCHES = (32, 128, 1024)
ROUNDS = 2  # taken in turns, so that a neighbour's noise falls on all of them

ONE_TABLE = "CREATE TABLE one_insert (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, client int, amount bigint)"
ONE_INSERT = "INSERT INTO one_insert (client, amount) VALUES (:client_id, 11500);"


@dataclass(frozen=True)
class CashSale:
    """What is posted: 115.00 with 15.00 tax that cost 60.00."""

    id: uuid.UUID
    drawer_id: uuid.UUID

    @property
    def entries(self) -> tuple[Entry, ...]:
        till = cash(self.drawer_id, "PKR")
        return (
            Entry(till, revenue("PKR"), 100_00),
            Entry(till, tax_payable("PKR"), 15_00),
            Entry(cost_of_sales("PKR"), inventory("PKR"), 60_00),
        )


@whole_act
def post_sale(sale: CashSale, uow: UnitOfWork) -> Recorded:
    with uow:
        if uow.is_replay(sale, id=sale.id, kind="sale"):
            return Recorded(sale.id, replayed=True)
        uow.post(sale.entries)
    return Recorded(sale.id)


def post_sale_by_orm(sale: CashSale, shop: Shop) -> None:
    """Do the same to the books as most programs would: the balances pass through Python, under locks."""
    session = session_of(shop.tenant_id)
    moved = {account_id(shop.tenant_id, key): sums for key, sums in deltas(sale.entries).items()}
    accounts = {id: session.get_one(Account, (shop.tenant_id, id), with_for_update=True) for id in sorted(moved)}
    for id, (debits, credits, count) in moved.items():
        account = accounts[id]
        account.debits += debits
        account.credits += credits
        account.version += count
        floor = account.floor
        if floor is not None and account.debits - account.credits < floor:
            raise ValueError("overdrawn")
    today = dt.datetime.now(dt.UTC).date()
    header = {"id": sale.id, "kind": "sale", "occurred_on": today, "actor_id": shop.owner_id}
    session.add(Transaction(tenant_id=shop.tenant_id, fingerprint=fingerprint_of(sale), **header))
    session.flush()
    for line, entry in enumerate(sale.entries, start=1):
        session.add(
            EntryRow(
                tenant_id=shop.tenant_id,
                transaction_id=sale.id,
                line=line,
                debit_account_id=account_id(shop.tenant_id, entry.debit),
                credit_account_id=account_id(shop.tenant_id, entry.credit),
                currency=entry.currency,
                amount=entry.amount,
                occurred_on=today,
            )
        )
    session.commit()


def measure_posting(ground: Ground) -> list[Result]:
    """Measure single posting at 1, 8 and 32 clients, the group poster beside it."""
    with ground.app.app_context():
        ours, grouped, orm = open_a_shop("bench-ours"), open_a_shop("bench-grouped"), open_a_shop("bench-orm")
        post_sale(CashSale(new_id(), orm.drawer_id), orm.act())  # opens the accounts
        with psycopg.connect(ground.server.conninfo(), autocommit=True) as superuser:
            superuser.execute(ONE_TABLE)
        poster, before = GroupPoster(), ground.deadlocks()
        results = []
        for clients in CLIENTS:
            disk, single, by_orm, group = _in_turns(
                ground,
                functools.partial(pgbench, ground, clients, ONE_INSERT),
                _clients(ground, clients, lambda: post_sale(CashSale(new_id(), ours.drawer_id), ours.act())),
                _clients(ground, clients, lambda: post_sale_by_orm(CashSale(new_id(), orm.drawer_id), orm)),
                _clients(ground, clients, lambda: poster.post(_posting(grouped), grouped.act())),
            )
            results += [
                rate(f"posting.hot.{clients}.vs_pgbench", single, disk),
                rate(f"posting.hot.{clients}.vs_orm", single, by_orm),
                rate(f"group_poster.hot.{clients}.vs_single", group, single),
            ]
        assert ground.deadlocks() == before, "there was a deadlock"
        for shop in (ours, grouped, orm):
            _must_agree(shop)
    return results


def measure_batches(ground: Ground) -> list[Result]:
    """Measure post_many by one client, against single posting by one client."""
    with ground.app.app_context():
        shop = open_a_shop("bench-batches")

        def in_batches(size: int) -> Callable[[float], float]:
            return lambda seconds: size * _per_second(seconds, lambda: _post_batch(shop, size))

        single, *batches = _in_turns(
            ground,
            lambda seconds: _per_second(seconds, lambda: post_sale(CashSale(new_id(), shop.drawer_id), shop.act())),
            *[in_batches(size) for size in BATCHES],
        )
        _must_agree(shop)
    return [rate(f"post_many.{size}.vs_single", speed, single) for size, speed in zip(BATCHES, batches, strict=True)]


def _must_agree(shop: Shop) -> None:
    """Speed that loses a sale is none."""
    session_of(shop.tenant_id).rollback()
    assert balances(shop)["cash", "Till 1"] == cached_balance(shop, cash(shop.drawer_id, "PKR")) > 0


def _posting(shop: Shop) -> Posting:
    sale = CashSale(new_id(), shop.drawer_id)
    return Posting(id=sale.id, kind="sale", entries=sale.entries)


def _post_batch(shop: Shop, size: int) -> None:
    answers = post_many([_posting(shop) for _ in range(size)], shop.act())
    assert all(isinstance(answer, Recorded) for answer in answers)


def _clients(ground: Ground, clients: int, act: Callable[[], object]) -> Callable[[float], float]:
    return lambda seconds: acts_per_second(ground.app, clients, lambda _: act(), seconds)


def _in_turns(ground: Ground, *measures: Callable[[float], float]) -> Sequence[float]:
    """Run measures one after the other, all of them ROUNDS times; return the mean of each."""
    rounds = 1 if ground.quick else ROUNDS
    taken = [measure(ground.seconds / rounds) for _, measure in itertools.product(range(rounds), measures)]
    return [statistics.mean(taken[place :: len(measures)]) for place in range(len(measures))]


def _per_second(seconds: float, act: Callable[[], object]) -> float:
    act()
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        act()
        done += 1
    return done / (time.perf_counter() - began)
