"""Random histories of purchases: whatever happens, both currencies agree, and when all is undone nothing is left."""

import random
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from ledger_web.domain.errors import LedgerError
from ledger_web.domain.ids import new_id
from ledger_web.models.base import session_of
from ledger_web.queries.vendor_accounts import get_vendor_account
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.drawers import PayIn, pay_in
from ledger_web.services.payments import RecordPayment, record_payment
from ledger_web.services.purchase_drafts import CopyPurchase, copy_purchase
from ledger_web.services.purchase_returns import (
    AddLateCharge,
    DeleteLateCharge,
    DeleteReturn,
    ReturnToVendor,
    add_late_charge,
    delete_late_charge,
    delete_return,
    return_to_vendor,
)
from tests.books import assert_the_books_agree, balances, stock_of
from tests.purchases import add_charge, add_goods, add_vendor, begin, receive, split
from tests.shops import Shop, open_a_shop, sell

_PARTIES = text("""
    SELECT a.party_id, a.currency, a.balance,
           (SELECT coalesce(sum(CASE i.side WHEN 'charge' THEN 1 ELSE -1 END * (i.amount - i.settled)), 0)
              FROM open_items AS i
             WHERE i.tenant_id = :tenant_id AND i.party_id = a.party_id AND i.currency = a.currency
               AND i.cancelled_in IS NULL) AS open
      FROM accounts AS a
     WHERE a.tenant_id = :tenant_id AND a.kind = 'vendor'
""")


class Story:
    """A shop in which purchases, payments, returns and charges happen at random, and can all be undone."""

    def __init__(self, base: str, seed: int) -> None:
        self.random = random.Random(seed)
        self.base = base
        self.shop: Shop = open_a_shop(f"story-{base.lower()}", base)
        self.karim, self.ali = add_vendor(self.shop), add_vendor(self.shop, "Ali", base)
        self.goods = [add_goods(self.shop, f"Goods {number}", policy="warn") for number in range(3)]
        for currency in (base, "USD", "EUR"):
            money = PayIn(id=new_id(), drawer_id=self.shop.drawer_id, currency=currency, amount=10**9, reason="Float")
            pay_in(money, self.shop.act())
        self.before = balances(self.shop)
        self.undoing: dict[uuid.UUID, Callable[[], Any]] = {}
        self.purchases: list[uuid.UUID] = []

    def rate(self) -> str:
        return f"{self.random.randint(1, 999_999)}e-{self.random.randint(1, 4)}"

    def buy(self) -> None:
        currency = self.random.choice(("USD", "USD", "EUR", self.base))
        cost = Decimal(self.random.randint(0, 99_999)).scaleb(-self.random.randint(0, 4))
        lines = [(id, self.random.randint(1, 9), f"{cost:f}") for id in self.random.sample(self.goods, 2)]
        rate = None if currency == self.base else f"{Decimal(self.rate()):f}"
        draft_id = begin(
            self.shop, self.random.choice((self.karim, self.ali)), *lines, currency=currency, rate=rate, unit=currency
        )
        if self.random.random() < 0.4:
            add_charge(self.shop, draft_id, self.random.randint(1, 9_999), "quantity", currency=currency)
        if self.random.random() < 0.4:
            rate = f"{Decimal(self.rate()):f}"
            add_charge(
                self.shop, draft_id, self.random.randint(1, 9_999), "quantity", payee_id=self.ali, currency="EUR",
                rate=rate if self.base != "EUR" else None, tax=5,
            )  # fmt: skip
        drafts = [draft_id]
        if self.random.random() < 0.3:
            drafts.append(split(self.shop, draft_id, *(self.random.randint(0, line[1]) for line in lines)))
        for id in drafts:
            self.keep(receive(self.shop, id, confirms_rate=True, uses_advances=self.random.random() < 0.8))

    def keep(self, purchase_id: uuid.UUID) -> None:
        self.purchases.append(purchase_id)
        self.undoing[purchase_id] = lambda: self.undo(purchase_id)

    def undo(self, id: uuid.UUID) -> None:
        undo(Undo(id=new_id(), transaction_id=id, reason="Wrong paper"), self.shop.act())

    def pay(self) -> None:
        """Pay or take money back, in the debt's own currency, the shop's, or a third."""
        debt = self.random.choice(("USD", "EUR", self.base))
        money = self.random.choice((debt, debt, self.base, "USD"))
        amount = self.random.randint(1, 99_999)
        said: dict[str, Any] = {"currency": money, "amount": amount}
        if money != debt:
            said |= {"settled_currency": debt, "settled_amount": self.random.randint(1, 99_999)}
        command = RecordPayment(
            id=new_id(),
            party_id=self.random.choice((self.karim, self.ali)),
            direction=self.random.choice(("out", "out", "out", "in")),
            drawer_id=self.shop.drawer_id,
            **said,
        )
        record_payment(command, self.shop.act())
        self.undoing[command.id] = lambda: self.undo(command.id)

    def give_back(self) -> None:
        purchase_id = self.random.choice(self.purchases)
        command = ReturnToVendor(
            id=new_id(), purchase_id=purchase_id, lines=((1, Decimal(self.random.randint(1, 4))),), reason="Wet bags"
        )
        return_to_vendor(command, self.shop.act())
        self.undoing[command.id] = lambda: delete_return(
            DeleteReturn(id=new_id(), return_id=command.id, reason="They kept it"), self.shop.act()
        )

    def charge_late(self) -> None:
        currency = self.random.choice(("EUR", self.base))
        command = AddLateCharge(
            id=new_id(),
            purchase_id=self.random.choice(self.purchases),
            name="Duty",
            payee_id=self.ali,
            currency=currency,
            net=self.random.randint(1, 99_999),
            tax_percent=Decimal(self.random.choice((0, 5))),
            rate=None if currency == self.base else Decimal(self.rate()),
            rate_unit=None if currency == self.base else currency,
            spread_by="quantity",
        )
        add_late_charge(command, self.shop.act())
        self.undoing[command.id] = lambda: delete_late_charge(
            DeleteLateCharge(id=new_id(), charge_id=command.id, reason="Not ours"), self.shop.act()
        )

    def correct(self) -> None:
        wrong = self.random.choice(self.purchases)
        right = copy_purchase(CopyPurchase(id=new_id(), purchase_id=wrong, corrects=True), self.shop.act()).id
        sql = "SELECT received_on FROM purchase_drafts WHERE tenant_id = %(tenant_id)s AND id = %(id)s"
        with self.shop.act() as uow:
            day = uow.execute(sql, {"id": right}).scalar_one()
        receive(self.shop, right, received_on=day, confirms_rate=True)
        del self.undoing[wrong]
        self.purchases.remove(wrong)
        self.keep(right)

    def sell(self) -> None:
        sell(self.shop, (self.random.choice(self.goods), self.random.randint(1, 3), 100))

    def take_back(self) -> None:
        id = self.random.choice(list(self.undoing))
        self.undoing[id]()
        del self.undoing[id]
        if id in self.purchases:
            self.purchases.remove(id)

    def step(self, *, sells: bool) -> None:
        acts = [self.buy, self.buy, self.pay, self.pay, self.give_back, self.charge_late, self.correct, self.take_back]
        act = self.random.choice([*acts, self.sell] if sells else acts)
        try:
            act()
        except (LedgerError, IndexError):  # what cannot be done changes nothing: the books are looked at below
            session_of(self.shop.tenant_id).rollback()

    def undo_all(self) -> None:
        """Undo everything, the newest first: what hangs on something goes before it."""
        for id in sorted(self.undoing, key=lambda id: id.int, reverse=True):
            self.undoing[id]()

    def look(self) -> None:
        assert_the_books_agree(self.shop)
        rows = session_of(self.shop.tenant_id).execute(_PARTIES, {"tenant_id": self.shop.tenant_id}).all()
        assert all(row.balance == row.open for row in rows), rows
        for vendor_id in (self.karim, self.ali):
            account = get_vendor_account(self.shop.tenant_id, vendor_id, lines_max=10_000)
            latest: dict[str, int] = {}
            for line in account.lines:
                latest.setdefault(line.currency, line.balance)
            assert {code: amount for code, amount in latest.items() if amount} == dict(account.owed)
            assert (account.lines[0].base_balance if account.lines else 0) == account.owed_base


@pytest.mark.parametrize("steps", [40, pytest.param(400, marks=pytest.mark.long)])
@pytest.mark.parametrize("base", ["AFN", "KWD"])
def test_whatever_is_bought_paid_and_returned_leaves_nothing_when_it_is_undone(
    app: Flask, base: str, steps: int
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    story = Story(base, seed)
    for number in range(steps):
        story.step(sells=False)
        if number % 10 == 0:
            story.look()
    story.undo_all()
    story.look()

    after = balances(story.shop)
    # What a release takes back is posted on the other side: together they are nothing.
    assert after.pop(("revenue", "exchange_gain"), 0) == after.pop(("expense", "exchange_loss"), 0)
    assert after == story.before
    assert [stock_of(story.shop, id) for id in story.goods] == [(0, 0)] * 3


@pytest.mark.parametrize("steps", [40, pytest.param(400, marks=pytest.mark.long)])
def test_whatever_is_bought_and_sold_the_books_agree(app: Flask, steps: int) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    story = Story("AFN", seed)
    for number in range(steps):
        story.step(sells=True)
        if number % 10 == 0:
            story.look()
    story.look()
