"""Statements: opening + lines = closing, on every page, against SQL of our own."""

import datetime as dt
import random
import uuid
from typing import Any

import pytest
from sqlalchemy import text

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import AccountKey, cash, customer
from ledger_web.models.base import session_of
from ledger_web.queries.statements import (
    BEGINNING,
    NOTHING,
    Place,
    Statement,
    get_statement,
    iterate_statement,
    place_of,
)
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.drawers import PayIn, PayOut, pay_in, pay_out
from ledger_web.services.parties import CreateParty, create_party
from ledger_web.services.payments import RecordOpeningBalance, RecordPayment, record_opening_balance, record_payment
from ledger_web.services.posting import account_id
from tests.shops import Shop, add_customer, add_product, sell

# Apart from the code under test: every entry with its side, summed by the database.
_BY_HAND = text("""
    SELECT coalesce(sum(CASE WHEN e.debit_account_id = a.id THEN e.amount ELSE -e.amount END), 0)
           * CASE a.normal_side WHEN 'debit' THEN 1 ELSE -1 END
      FROM accounts AS a
      LEFT JOIN entries AS e
        ON e.tenant_id = :tenant_id AND a.id IN (e.debit_account_id, e.credit_account_id) AND e.occurred_on <= :day
     WHERE a.tenant_id = :tenant_id AND a.id = :id
     GROUP BY a.normal_side
""")


def by_hand(shop: Shop, id: uuid.UUID, day: dt.date) -> int:
    """Return the balance of an account at the end of a day."""
    values = {"tenant_id": shop.tenant_id, "id": id, "day": day}
    return int(session_of(shop.tenant_id).execute(_BY_HAND, values).scalar_one())


def id_of(shop: Shop, key: AccountKey) -> uuid.UUID:
    return account_id(shop.tenant_id, key)


def trade(shop: Shop, party_id: uuid.UUID, seed: int, times: int = 30) -> None:
    """Let debts and payments fall on the days of two months, in no order, several on some days."""
    chance = random.Random(seed)
    for _ in range(times):
        day = dt.date(2026, 9, 1) + dt.timedelta(days=chance.randrange(60))
        amount, id = chance.randrange(1, 10_000), new_id()
        if chance.random() < 0.5:
            record_opening_balance(
                RecordOpeningBalance(
                    id=id,
                    party_id=party_id,
                    currency="PKR",
                    amount=amount,
                    is_owed_to_us=chance.random() < 0.7,
                    occurred_on=day,
                ),
                shop.act(),
            )
        else:
            record_payment(
                RecordPayment(
                    id=id,
                    party_id=party_id,
                    direction="in",
                    drawer_id=shop.drawer_id,
                    currency="PKR",
                    amount=amount,
                    occurred_on=day,
                ),
                shop.act(),
            )


@pytest.mark.parametrize("kind", ["customer", "vendor"])
def test_l7_opening_and_lines_make_closing_for_any_range(shop: Shop, kind: str) -> None:
    party_id = create_party(CreateParty(id=new_id(), kind=kind, name="Akbar", currency="PKR"), shop.act()).id
    trade(shop, party_id, seed=7)
    chance = random.Random(8)

    for key in (AccountKey(kind, "PKR", party_id=party_id), cash(shop.drawer_id, "PKR")):
        id = id_of(shop, key)
        for _ in range(25):
            since = dt.date(2026, 8, 25) + dt.timedelta(days=chance.randrange(70))
            until = since + dt.timedelta(days=chance.randrange(40))
            pages = list(iterate_statement(shop.tenant_id, id, since=since, until=until, lines_max=4))
            lines = [line for page in pages for line in page.lines]

            assert pages[0].opening == by_hand(shop, id, since - dt.timedelta(days=1))
            assert pages[0].closing == by_hand(shop, id, until)
            assert pages[0].opening + sum(line.increase - line.decrease for line in lines) == pages[0].closing
            assert all(since <= line.day <= until for line in lines)
            _pages_join(pages)


def test_pages_read_backwards_are_the_pages_read_forwards(shop: Shop) -> None:
    alice = add_customer(shop)
    trade(shop, alice, seed=3, times=23)
    id = id_of(shop, customer(alice, "PKR"))
    forwards = [line for page in iterate_statement(shop.tenant_id, id, lines_max=5) for line in page.lines]

    page = get_statement(shop.tenant_id, id, lines_max=5)
    pages = [page]
    while page.earlier:
        page = get_statement(shop.tenant_id, id, before=page.earlier, lines_max=5)
        pages.insert(0, page)

    assert [line for page in pages for line in page.lines] == forwards
    assert len(forwards) == 23
    assert pages[-1].later is None
    assert pages[-1].page_closing == pages[-1].closing == by_hand(shop, id, dt.date(2100, 1, 1))
    assert pages[0].page_opening == 0
    _pages_join(pages)


def test_a_page_leads_to_its_neighbours_from_both_directions(shop: Shop) -> None:
    alice = add_customer(shop)
    trade(shop, alice, seed=5, times=9)
    id = id_of(shop, customer(alice, "PKR"))

    first = get_statement(shop.tenant_id, id, after=BEGINNING, lines_max=3)
    second = get_statement(shop.tenant_id, id, after=first.later, lines_max=3)
    back = get_statement(shop.tenant_id, id, before=second.earlier, lines_max=3)

    assert first.earlier is None
    assert back == first


def test_a_sale_is_one_line_and_its_deletion_another(shop: Shop) -> None:
    milk, alice = add_product(shop), add_customer(shop)
    sale_id = sell(shop, (milk, 2, 115_00), customer_id=alice, rest_on_account=True)
    undo(Undo(id=new_id(), transaction_id=sale_id, reason="Rung up twice"), shop.act())

    sold, deleted = get_statement(shop.tenant_id, id_of(shop, customer(alice, "PKR"))).lines

    assert (sold.title, sold.increase, sold.decrease, sold.balance) == ("Sale A-000001", 230_00, 0, 230_00)
    assert (deleted.title, deleted.increase, deleted.decrease, deleted.balance) == (
        "Sale A-000001 deleted",
        0,
        230_00,
        0,
    )
    assert (sold.document_id, deleted.document_id, deleted.memo) == (sale_id, sale_id, "Rung up twice")


def test_a_drawers_lines_say_whom_and_what_for(shop: Shop) -> None:
    alice = add_customer(shop, "Alice")
    drawer: dict[str, Any] = {"drawer_id": shop.drawer_id, "currency": "PKR"}
    pay_in(PayIn(id=new_id(), amount=100_00, reason="Float", **drawer), shop.act())
    pay_out(PayOut(id=new_id(), amount=30_00, category="food", reason="Guests", **drawer), shop.act())
    record_payment(RecordPayment(id=new_id(), party_id=alice, direction="in", amount=5_00, **drawer), shop.act())

    lines = get_statement(shop.tenant_id, id_of(shop, cash(shop.drawer_id, "PKR"))).lines

    assert [(line.title, line.party, line.memo, line.increase, line.decrease, line.balance) for line in lines] == [
        ("Paid in", "", "Float", 100_00, 0, 100_00),
        ("Paid out: Tea and food", "", "Guests", 0, 30_00, 70_00),
        ("Payment", "Alice", "", 5_00, 0, 75_00),
    ]
    assert {line.actor for line in lines} == {"Olga Owner"}


def test_an_account_of_nobody_or_of_another_shop_says_nothing(shop: Shop, rival: Shop) -> None:
    alice = add_customer(rival)
    trade(rival, alice, seed=1, times=2)

    assert get_statement(shop.tenant_id, None) == NOTHING
    assert get_statement(shop.tenant_id, id_of(rival, customer(alice, "PKR"))) == NOTHING
    assert get_statement(rival.tenant_id, id_of(rival, customer(alice, "PKR"))).lines


def test_a_range_that_ends_before_it_begins_is_empty(shop: Shop) -> None:
    alice = add_customer(shop)
    trade(shop, alice, seed=1, times=5)
    id = id_of(shop, customer(alice, "PKR"))

    statement = get_statement(shop.tenant_id, id, since=dt.date(2026, 10, 1), until=dt.date(2026, 9, 1))

    assert statement.lines == ()
    assert statement.opening == statement.closing


@pytest.mark.parametrize(
    "written", ["", "x", "2026-11-20", "2026-02-30.019a0000-0000-7000-8000-000000000000", "2026-11-20.x", ".", "1.1"]
)
def test_a_place_that_is_none_is_none(written: str) -> None:
    assert place_of(written) is None


def test_a_place_reads_as_it_is_written() -> None:
    place = Place(dt.date(2026, 11, 20), new_id())

    assert place_of(str(place)) == place


def _pages_join(pages: list[Statement]) -> None:
    """Each page begins with what the one before it ended with, and every line's balance follows from the last."""
    balance = pages[0].page_opening
    for page in pages:
        assert page.page_opening == balance
        for line in page.lines:
            balance += line.increase - line.decrease
            assert line.balance == balance
        assert page.page_closing == balance
