"""A vendor's account in both currencies: what was owed after each thing that happened, however it came about."""

import uuid
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import vendor
from ledger_web.queries.vendor_accounts import account_place_of, get_vendor_account, iterate_vendor_account
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.drawers import PayIn, pay_in
from ledger_web.services.payments import RecordOpeningBalance as Opening
from ledger_web.services.payments import RecordPayment, record_opening_balance, record_payment
from ledger_web.services.purchase_drafts import CopyPurchase, copy_purchase
from tests.books import cached_balance
from tests.purchases import add_goods, add_vendor, buy, receive
from tests.shops import Shop, open_a_shop


@pytest.fixture
def kabul(app: Flask) -> Shop:
    shop = open_a_shop("kabul", "AFN")
    for currency, amount in (("USD", 500_00), ("AFN", 100_000)):
        pay_in(
            PayIn(id=new_id(), drawer_id=shop.drawer_id, currency=currency, amount=amount, reason="Float"), shop.act()
        )
    return shop


def pay(shop: Shop, vendor_id: uuid.UUID, amount: int, *, rate: str | None = None) -> uuid.UUID:
    """Pay dollars that are owed, out of the drawer's dollars or at a rate out of its afghanis."""
    said: dict[str, Any] = {"currency": "USD", "amount": amount}
    if rate:
        said = {"currency": "AFN", "settled_currency": "USD", "settled_amount": amount, "amount": None}
        said |= {"rate": Decimal(rate), "rate_unit": "USD"}
    command = RecordPayment(id=new_id(), party_id=vendor_id, direction="out", drawer_id=shop.drawer_id, **said)
    return record_payment(command, shop.act()).id


def account_of(shop: Shop, vendor_id: uuid.UUID) -> list[tuple[int, int, int, int, int]]:
    """Oldest first: amount, balance, worth, worth of the balance, gain or loss."""
    found = iterate_vendor_account(shop.tenant_id, vendor_id)
    return [(each.amount, each.balance, each.base, each.base_balance, each.realised) for each in found][::-1]


def test_what_is_paid_takes_away_what_the_debt_stood_at(kabul: Shop) -> None:
    """100.00 USD at 70 stand at 7,000. 40.00 paid at 72 cost 2,880 and take 2,800; the rest goes in dollars."""
    karim, rice = add_vendor(kabul), add_goods(kabul)
    buy(kabul, karim, (rice, 40, "2.5"), currency="USD", rate="70")
    pay(kabul, karim, 40_00, rate="72")
    pay(kabul, karim, 60_00)

    assert account_of(kabul, karim) == [
        (100_00, 100_00, 7_000, 7_000, 0),
        (-40_00, 60_00, -2_800, 4_200, -80),
        (-60_00, 0, -4_200, 0, 0),
    ]


def test_an_advance_stands_at_its_own_rate_until_it_settles_something(kabul: Shop) -> None:
    """10.00 USD paid ahead at 69 are 690; they settle what stands at 700 later: a gain of 10."""
    karim, rice = add_vendor(kabul), add_goods(kabul)
    pay(kabul, karim, 10_00, rate="69")
    buy(kabul, karim, (rice, 40, "2.5"), currency="USD", rate="70")

    assert account_of(kabul, karim) == [(-10_00, -10_00, -690, -690, 0), (100_00, 90_00, 6_990, 6_300, 10)]


def test_what_is_undone_is_taken_back_and_what_had_paid_it_waits(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    wrong = buy(kabul, karim, (rice, 40, "2.5"), currency="USD", rate="70")
    paid = pay(kabul, karim, 40_00, rate="72")
    draft_id = copy_purchase(CopyPurchase(id=new_id(), purchase_id=wrong, corrects=True), kabul.act()).id
    with kabul.act() as uow:
        day = uow.execute("SELECT received_on FROM purchase_drafts WHERE tenant_id = %(tenant_id)s").scalar_one()
    receive(kabul, draft_id, received_on=day)
    assert account_of(kabul, karim)[-1][1::2] == (60_00, 4_200)

    undo(Undo(id=new_id(), transaction_id=draft_id, reason="Never came"), kabul.act())
    assert account_of(kabul, karim)[-1][1::2] == (-40_00, -2_880)
    undo(Undo(id=new_id(), transaction_id=paid, reason="Never paid"), kabul.act())

    last = account_of(kabul, karim)[-1]
    assert last[1::2] == (0, 0)
    assert sum(each[4] for each in account_of(kabul, karim)) == 0


def test_a_debt_of_unknown_worth_stands_at_nothing_and_says_so(kabul: Shop) -> None:
    karim = add_vendor(kabul)
    owed = Opening(id=new_id(), party_id=karim, currency="USD", amount=5_00, is_owed_to_us=False)
    record_opening_balance(owed, kabul.act())

    account = get_vendor_account(kabul.tenant_id, karim)

    assert (account.owed, account.owed_base, account.has_unvalued) == ([("USD", 5_00)], 0, True)


def test_pages_of_any_length_join_without_a_gap_and_agree_with_the_balance(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    for number in range(1, 6):
        buy(kabul, karim, (rice, number, "2.5"), currency="USD", rate=f"7{number}", confirms_rate=True)
        buy(kabul, karim, (rice, 1, 10), currency="AFN")
        pay(kabul, karim, 1_00, rate="72")
    whole = list(iterate_vendor_account(kabul.tenant_id, karim))
    page = get_vendor_account(kabul.tenant_id, karim, lines_max=4)
    pages = list(page.lines)
    while page.older_than:
        assert account_place_of(str(page.older_than)) == page.older_than
        page = get_vendor_account(kabul.tenant_id, karim, older_than=page.older_than, lines_max=4)
        pages += page.lines

    assert pages == whole
    assert len(whole) == 15
    assert page.owed == [("AFN", cached_balance(kabul, vendor(karim, "AFN"))), ("USD", 32_50)]
    assert cached_balance(kabul, vendor(karim, "USD")) == 32_50
    assert whole[0].base_balance == page.owed_base


@pytest.mark.parametrize(
    "text", ["", "x", "2026-11-21", "2026-11-21.x.USD", "2026-13-41." + str(uuid.UUID(int=1)) + ".USD"]
)
def test_a_place_that_makes_no_sense_is_none(text: str) -> None:
    assert account_place_of(text) is None
