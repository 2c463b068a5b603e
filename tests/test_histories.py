"""Random histories over all kinds of documents end as a model foretells, and the books agree all the way.

Each prints its seed when it fails and replays from it.
"""

import datetime as dt
import os
import random
import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from ledger_web.domain.ids import new_id
from ledger_web.models.base import session_of
from ledger_web.queries.reports import list_sums_until
from ledger_web.queries.statements import BEGINNING, get_statement
from ledger_web.services.recalculation import StartRecalculation, recalculate_balances
from tests.at_once import in_threads
from tests.books import assert_the_books_agree
from tests.histories import History, Trader
from tests.shop_model import balances_of
from tests.shops import Shop

SEED = int(os.environ.get("HISTORY_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)


def live(shop: Shop, seed: int, acts: int) -> History:
    history = History(shop, seed)
    while history.done < acts:
        history.step()
        if history.done % 20 == 0:
            history.assert_the_books_say_the_same()
    history.assert_the_books_say_the_same()
    assert_the_books_agree(shop)
    return history


def test_l1_l6_a_random_history_ends_as_foretold_and_every_document_agrees(shop: Shop) -> None:
    history = live(shop, SEED, 400)

    assert history.refused > 5  # limits were met
    run = recalculate_balances(StartRecalculation(id=new_id()), shop.act())
    assert run.rows_wrong == 0


def test_l7_statements_and_trial_balance_say_what_the_model_says(shop: Shop) -> None:
    history = live(shop, SEED + 1, 120)

    today = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    sums = list_sums_until(shop.tenant_id, today)
    for currency in ("PKR", "USD"):
        assert sum(each.net for each in sums if each.currency == currency) == 0, f"seed {history.seed}"
    for id, (place, _) in balances_of(shop).items():
        statement = get_statement(shop.tenant_id, id, after=BEGINNING)
        expected = history.balances.get(place, 0)
        assert (statement.opening, statement.closing) == (0, expected), f"seed {history.seed}, {place}"


def test_v1_doing_and_undoing_leaves_everything_as_it_was(shop: Shop) -> None:
    history = History(shop, SEED + 2)
    for _ in range(8):  # something to begin with
        history.put_in()
    rng = random.Random(SEED + 2)
    acts: tuple[Callable[[], None], ...] = (
        history.sell_for_cash, history.sell_on_account, history.pay, history.opening, history.spend, history.earn,
        history.take_out, history.transfer, history.exchange, history.salary, history.deduction, history.dues,
        history.manual, history.buy, history.adjust, history.receive, history.pay_in_dollars,
    )  # fmt: skip
    for number in range(68):
        known, balances, stock = set(history.posted), dict(history.balances), dict(history.stock)
        acts[number % len(acts)]()
        new = set(history.posted) - known
        for id in new:
            older = {key: history.posted[key] for key in known}
            history.posted = {id: history.posted[id]}
            while id in history.posted:
                history.undo()
            history.posted |= older
        if new:
            after = {place: amount for place, amount in history.balances.items() if amount}
            assert after == {place: amount for place, amount in balances.items() if amount}, f"seed {history.seed}"
            assert history.stock == stock, f"seed {history.seed}"
        if rng.random() < 0.3:
            history.put_in()
    history.assert_the_books_say_the_same()
    assert_the_books_agree(shop)


@pytest.mark.long
@pytest.mark.parametrize("number", range(16))
def test_l1_l6_long_random_histories_end_as_foretold(shop: Shop, number: int) -> None:
    live(shop, SEED + number, 2500)


def traders(shop: Shop, clients: int) -> list[Trader]:
    cast = History(shop, SEED)
    for _ in range(6):
        cast.put_in()
    return [Trader(shop, SEED + client, cast=cast) for client in range(clients)]


def deadlocks(shop: Shop) -> int:
    session = session_of(shop.tenant_id)
    session.rollback()
    found = session.execute(text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))
    return int(found.scalar_one())


def trade_beside_checks(app: Flask, shop: Shop, *, clients: int, acts: int, checks: int, pause: float) -> None:
    """Let clients do all kinds of things on the same few accounts, and somebody check all the while."""
    over = threading.Event()
    before = deadlocks(shop)

    def trade(trader: Trader) -> Callable[[], object]:
        def run() -> int:
            while trader.done < acts or not over.is_set():
                trader.step()
                over.wait(pause)
            return trader.done - trader.refused

        return run

    def check() -> list[int]:
        try:
            return [recalculate_balances(StartRecalculation(id=new_id(), batch=200), shop.act()).rows_wrong
                    for _ in range(checks)]  # fmt: skip
        finally:
            over.set()

    *traded, alarms = in_threads(app, *(trade(trader) for trader in traders(shop, clients)), check)

    assert alarms == [0] * checks, alarms
    met = [each for each in traded if not isinstance(each, int) or each <= 3]
    assert met == [], SEED
    assert deadlocks(shop) == before
    assert_the_books_agree(shop)


def test_c1_r2_nobody_meets_an_error_and_fifty_checks_beside_live_trade_report_nothing(app: Flask, shop: Shop) -> None:
    trade_beside_checks(app, shop, clients=3, acts=15, checks=50, pause=0.05)


@pytest.mark.long
def test_c1_r2_the_same_with_sixteen_clients(app: Flask, shop: Shop) -> None:
    """They pause: the books would grow faster than they are checked, and the last check took longer than all others."""
    trade_beside_checks(app, shop, clients=16, acts=200, checks=50, pause=0.2)
