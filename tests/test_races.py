"""Several acts on one thing at the same moment end as if they had come one after the other (C3, C5)."""

import random
import uuid
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from flask import Flask
from sqlalchemy import text

from ledger_web.domain.errors import LedgerError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash, customer
from ledger_web.models.base import session_of
from ledger_web.queries.statements import BEGINNING, StatementLine, get_statement
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.drawers import PayIn, PayOut, pay_in, pay_out
from ledger_web.services.payments import RecordPayment, record_payment
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, cached_balance, count, stock_of
from tests.shops import Shop, add_customer, add_product, sell


def test_c3_deleting_paying_and_deleting_again_at_once_ends_as_one_after_the_other(app: Flask, shop: Shop) -> None:
    """Whoever comes first, exactly one deletes, and a payment either settles the sale or stays as credit."""
    milk, alice = add_product(shop, quantity=1000), add_customer(shop)
    paid = 0
    for number in range(12):
        sale = sell(shop, (milk, 1, 115_00), customer_id=alice, rest_on_account=True)

        def delete(sale: uuid.UUID = sale) -> object:
            return undo(Undo(id=new_id(), transaction_id=sale, reason="Mistake"), shop.act())

        def pay(sale: uuid.UUID = sale, *, named: bool = number % 2 == 0) -> object:
            command = RecordPayment(
                id=new_id(),
                party_id=alice,
                direction="in",
                drawer_id=shop.drawer_id,
                currency="PKR",
                amount=115_00,
                allocations=((sale, 115_00),) if named else None,
            )
            return record_payment(command, shop.act())

        deleted, again, payment = in_threads(app, delete, delete, pay)

        assert sum(isinstance(each, LedgerError) for each in (deleted, again)) == 1, (deleted, again)
        assert not isinstance(payment, Exception) or isinstance(payment, LedgerError), payment
        paid += not isinstance(payment, LedgerError)

    assert cached_balance(shop, customer(alice, "PKR")) == -115_00 * paid
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 115_00 * paid
    assert stock_of(shop, milk) == (Decimal(1000), 60_000_00)
    assert count(shop, "sales") == 12
    assert_the_books_agree(shop)


def test_c5_no_update_of_a_hot_drawer_is_lost_and_its_balances_run_on_without_a_gap(app: Flask, shop: Shop) -> None:
    """Every act says what it moved; together they are the balance, and each line's balance is the one before and it."""
    rng = random.Random(5)
    plans = [[rng.randint(1, 90_00) * rng.choice((1, 1, -1)) for _ in range(12)] for _ in range(6)]

    def move(amounts: list[int]) -> int:
        moved = 0
        for amount in amounts:
            said: dict[str, Any] = {"id": new_id(), "drawer_id": shop.drawer_id, "currency": "PKR", "reason": "Race"}
            try:
                if amount > 0:
                    pay_in(PayIn(amount=amount, **said), shop.act())
                else:
                    pay_out(PayOut(amount=-amount, category="food", **said), shop.act())
            except LedgerError:
                continue
            moved += amount
        return moved

    acts: list[Callable[[], object]] = [partial(move, plan) for plan in plans]
    moved = in_threads(app, *acts)

    assert all(isinstance(each, int) for each in moved), moved
    balance = cached_balance(shop, cash(shop.drawer_id, "PKR"))
    assert balance == sum(each for each in moved if isinstance(each, int))
    account = (
        session_of(shop.tenant_id)
        .execute(
            text("SELECT id, version FROM accounts WHERE tenant_id = :tenant_id AND kind = 'cash'"),
            {"tenant_id": shop.tenant_id},
        )
        .one()
    )
    lines: list[StatementLine] = []
    place = BEGINNING
    while True:
        page = get_statement(shop.tenant_id, account.id, after=place)
        lines += page.lines
        if page.later is None:
            break
        place = page.later
    running = 0
    for line in lines:
        running += line.increase - line.decrease
        assert line.balance == running
    assert (running, len(lines)) == (balance, account.version)
    assert_the_books_agree(shop)
