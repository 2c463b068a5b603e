"""Reports and balances are what the entries say, before the days are totalled, while marks wait, and after (L7)."""

import datetime as dt
import random
import uuid
from collections.abc import Sequence
from itertools import pairwise

import pytest
from sqlalchemy import text

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import (
    AccountKey,
    Entry,
    bank,
    cash,
    cost_of_sales,
    customer,
    equity,
    exchange,
    expense,
    inventory,
    over_short,
    revenue,
    tax_payable,
)
from ledger_web.models.base import session_of
from ledger_web.queries.balances import balances_before
from ledger_web.queries.reports import get_totalling, list_holders_until, list_results, list_sums_until
from ledger_web.queries.statements import iterate_statement
from ledger_web.services import daily_totals
from ledger_web.services.batches import Posting, post_many
from ledger_web.services.daily_totals import drain, total_days
from ledger_web.services.posting import account_id
from tests.books import count
from tests.shops import Shop, add_customer

TODAY = dt.datetime.now(dt.UTC).date()
DAY = dt.timedelta(days=1)

# Apart from the code under test: every entry with both its sides, nothing else.
_BY_HAND = text("""
    SELECT a.id, a.kind, a.currency,
           coalesce(sum(e.amount) FILTER (WHERE e.debit_account_id = a.id), 0) AS debits,
           coalesce(sum(e.amount) FILTER (WHERE e.credit_account_id = a.id), 0) AS credits
      FROM accounts AS a
      JOIN entries AS e
        ON e.tenant_id = :tenant_id AND a.id IN (e.debit_account_id, e.credit_account_id)
       AND e.occurred_on BETWEEN :since AND :until
     WHERE a.tenant_id = :tenant_id
     GROUP BY a.id, a.kind, a.currency
""")
Sums = dict[tuple[str, str, uuid.UUID | None], tuple[int, int]]


def by_hand(shop: Shop, since: dt.date, until: dt.date) -> Sums:
    """What moved each account, customers together, as the reports have it."""
    found: Sums = {}
    values = {"tenant_id": shop.tenant_id, "since": since, "until": until}
    for row in session_of(shop.tenant_id).execute(_BY_HAND, values):
        key = (row.kind, row.currency, None if row.kind == "customer" else row.id)
        debits, credits = found.get(key, (0, 0))
        found[key] = (debits + int(row.debits), credits + int(row.credits))
    return found


def as_reported(rows: Sequence[object]) -> Sums:
    return {(row.kind, row.currency, row.account_id): (row.debits, row.credits) for row in rows}  # type: ignore[attr-defined]


def accounts_of(shop: Shop, customers: Sequence[uuid.UUID]) -> list[AccountKey]:
    own = [
        bank("PKR", "main"),
        revenue("PKR"),
        revenue("PKR", "commission"),
        tax_payable("PKR"),
        cost_of_sales("PKR"),
        inventory("PKR"),
        expense("PKR", "rent"),
        equity("PKR", "owner"),
        over_short("PKR"),
        exchange("PKR"),
    ]
    return [*own, *(customer(id, "PKR") for id in customers)]


def trade(shop: Shop, keys: Sequence[AccountKey], chance: random.Random, times: int) -> None:
    """Post entries between any accounts on any days of three months, some in another currency, several a day."""
    postings = []
    for _ in range(times):
        one, other = chance.sample(keys, 2)
        entries = [Entry(one, other, chance.randrange(1, 100_000))]
        if chance.random() < 0.2:
            entries.append(Entry(exchange("USD"), customer_in_dollars(keys), chance.randrange(1, 900)))
        day = TODAY - dt.timedelta(days=chance.choice([0, 1, 2, 3, *range(4, 90)]))
        postings.append(Posting(id=new_id(), kind="manual", entries=tuple(entries), occurred_on=day))
    answers = post_many(postings, shop.act())
    assert not [answer for answer in answers if isinstance(answer, Exception)]


def customer_in_dollars(keys: Sequence[AccountKey]) -> AccountKey:
    party_id = next(key.party_id for key in keys if key.party_id)
    assert party_id
    return customer(party_id, "USD")


def catch_up(shop: Shop) -> None:
    while not total_days(shop.act()):
        pass
    drain(shop.act())


def assert_reports_agree(shop: Shop, keys: Sequence[AccountKey], chance: random.Random) -> None:
    session_of(shop.tenant_id).rollback()
    for _ in range(6):
        since = TODAY - dt.timedelta(days=chance.randrange(95))
        until = since + dt.timedelta(days=chance.randrange(60))
        beginning = dt.date(2000, 1, 1)
        everything = by_hand(shop, beginning, until)
        results = {"revenue", "cost_of_sales", "expense", "over_short", "rounding", "exchange"}

        rows = list_sums_until(shop.tenant_id, until)
        assert as_reported(rows) == everything
        for currency in {row.currency for row in rows}:
            assert sum(row.net for row in rows if row.currency == currency) == 0
        assert as_reported(list_results(shop.tenant_id, since, until)) == {
            key: sums for key, sums in by_hand(shop, since, until).items() if key[0] in results
        }
        holders = list_holders_until(shop.tenant_id, "customer", "PKR", until)
        assert sum(each.net for each in holders) == sum(
            debits - credits
            for (kind, currency, _), (debits, credits) in everything.items()
            if (kind, currency) == ("customer", "PKR")
        )
        for key in chance.sample(keys, 4):
            assert_statement_agrees(shop, key, since, until)


def assert_statement_agrees(shop: Shop, key: AccountKey, since: dt.date, until: dt.date) -> None:
    id, sign = account_id(shop.tenant_id, key), 1 if key.normal_side == "debit" else -1

    def balance(day: dt.date) -> int:
        rows = session_of(shop.tenant_id).execute(
            _BY_HAND, {"tenant_id": shop.tenant_id, "since": dt.date(2000, 1, 1), "until": day}
        )
        return next((sign * int(row.debits - row.credits) for row in rows if row.id == id), 0)

    pages = list(iterate_statement(shop.tenant_id, id, since=since, until=until, lines_max=5))
    assert pages[0].opening == balance(since - DAY)
    assert pages[0].closing == balance(until)
    assert pages[0].opening + sum(line.increase - line.decrease for page in pages for line in page.lines) == balance(
        until
    )
    for page, following in pairwise(pages):
        assert page.page_closing == following.page_opening
    assert balances_before(shop.tenant_id, [id], until + DAY).get(id, 0) == balance(until)


@pytest.mark.parametrize("seed", range(3))
def test_l7_every_report_is_what_the_entries_say(shop: Shop, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    keys = accounts_of(shop, [add_customer(shop, name) for name in ("Alice", "Bilal", "Carla")])
    with monkeypatch.context() as patched:
        patched.setattr(daily_totals, "catch_up", lambda *_, **__: None)
        trade(shop, keys, chance, 60)
        with shop.act() as uow:
            uow.execute("UPDATE tenants SET totalled_before = '2000-01-01' WHERE tenant_id = %(tenant_id)s")
        assert count(shop, "daily_totals") == 0
        assert_reports_agree(shop, keys, chance)  # nothing is totalled

        total_days(shop.act())
        assert count(shop, "daily_total_marks") > 0
        assert_reports_agree(shop, keys, chance)  # a part is totalled, and every account-day marked

        catch_up(shop)
        assert count(shop, "daily_total_marks") == 0
        assert_reports_agree(shop, keys, chance)  # everything is totalled

        trade(shop, keys, chance, 30)
        assert count(shop, "daily_total_marks") > 0
        assert_reports_agree(shop, keys, chance)  # marks wait for a drain

    trade(shop, keys, chance, 20)
    assert count(shop, "daily_total_marks") == 0
    assert_reports_agree(shop, keys, chance)


def test_holders_are_listed_as_of_the_day(shop: Shop) -> None:
    alice, bilal = add_customer(shop, "Alice"), add_customer(shop, "Bilal")
    earlier, later = TODAY - 30 * DAY, TODAY - 10 * DAY
    post_many(
        [
            Posting(
                id=new_id(),
                kind="manual",
                entries=(Entry(customer(id, "PKR"), revenue("PKR"), amount),),
                occurred_on=day,
            )
            for id, amount, day in ((alice, 700, earlier), (bilal, 500, later))
        ],
        shop.act(),
    )

    def listed(day: dt.date) -> list[tuple[str, int]]:
        return [(each.name, each.net) for each in list_holders_until(shop.tenant_id, "customer", "PKR", day)]

    assert listed(earlier - DAY) == []
    assert listed(earlier) == [("Alice", 700)]
    assert listed(later) == [("Alice", 700), ("Bilal", 500)]


def test_another_shop_sees_nothing(shop: Shop, rival: Shop) -> None:
    post_many(
        [
            Posting(
                id=new_id(),
                kind="manual",
                entries=(Entry(cash(shop.drawer_id, "PKR"), equity("PKR", "owner"), 700),),
                occurred_on=TODAY - 30 * DAY,
            )
        ],
        shop.act(),
    )

    assert len(list_sums_until(shop.tenant_id, TODAY)) == 2
    assert list_sums_until(rival.tenant_id, TODAY) == []
    assert get_totalling(rival.tenant_id, 5).waiting == 0
