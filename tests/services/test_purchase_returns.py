"""Goods back to the vendor at the rate and cost they came at, and charges that come late; by hand."""

import uuid
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from ledger_web.domain.errors import NotFoundError, OutOfStockError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import vendor
from ledger_web.services.deletions import Undo, undo
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
from tests.books import assert_the_books_agree, balances, cached_balance, stock_of, written
from tests.purchases import add_charge, add_goods, add_vendor, begin, buy, receive
from tests.shops import Shop, open_a_shop, sell


@pytest.fixture
def kabul(app: Flask) -> Shop:
    return open_a_shop("kabul", "AFN")


def late(purchase_id: uuid.UUID, payee_id: uuid.UUID, net: int, **said: Any) -> AddLateCharge:
    named: dict[str, Any] = {
        "name": "Customs",
        "currency": "AFN",
        "rate": None,
        "rate_unit": None,
        "spread_by": "value",
    }
    return AddLateCharge(
        id=new_id(),
        purchase_id=purchase_id,
        payee_id=payee_id,
        net=net,
        tax_percent=Decimal(0),
        **named | said,
    )


def test_a_part_goes_back_at_the_purchases_own_rate_and_cost(kabul: Shop) -> None:
    """10 for 25.00 USD at 71.50 are 1,787.5, so 1,788 AFN; freight 250: landed 2,038. Four of them: 10.00 USD, 715 AFN
    off the debt (715.2), 815 out of stock (715 and 100 of freight), and the 100 are lost.
    """
    karim, carrier, rice = add_vendor(kabul), add_vendor(kabul, "Carrier", "AFN"), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 10, "2.5"), rate="71.5")
    add_charge(kabul, draft_id, 250, "value", payee_id=carrier, currency="AFN")
    purchase_id = receive(kabul, draft_id)

    back = ReturnToVendor(id=new_id(), purchase_id=purchase_id, lines=((1, Decimal(4)),), reason="Wet bags")
    return_to_vendor(back, kabul.act())

    assert stock_of(kabul, rice) == (6, 2_038 - 815)
    assert cached_balance(kabul, vendor(karim, "USD")) == 15_00
    assert written(kabul, back.id) == [
        ("vendor:Karim Traders", "exchange", "USD", 10_00),
        ("exchange", "inventory", "AFN", 715),
        ("cost_of_sales", "inventory", "AFN", 100),
    ]
    assert_the_books_agree(kabul)

    # The rest takes what rounding left: in all exactly 1,788 and 2,038.
    rest = ReturnToVendor(id=new_id(), purchase_id=purchase_id, lines=((1, Decimal(6)),), reason="All of it")
    return_to_vendor(rest, kabul.act())
    assert stock_of(kabul, rice) == (0, 0)
    assert cached_balance(kabul, vendor(karim, "USD")) == 0
    again = ReturnToVendor(id=new_id(), purchase_id=purchase_id, lines=((1, Decimal(1)),), reason="One more")
    with pytest.raises(RuleViolationError, match="More is to go back"):
        return_to_vendor(again, kabul.act())
    assert_the_books_agree(kabul)


def test_what_was_sold_cannot_go_back_and_a_deleted_purchase_takes_no_return(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul, currency="AFN"), add_goods(kabul)
    purchase_id = buy(kabul, karim, (rice, 5, 100))
    sell(kabul, (rice, 4, 150))
    back = ReturnToVendor(id=new_id(), purchase_id=purchase_id, lines=((1, Decimal(2)),), reason="Too many")

    with pytest.raises(OutOfStockError):
        return_to_vendor(back, kabul.act())
    with pytest.raises(NotFoundError):
        return_to_vendor(
            ReturnToVendor(id=new_id(), purchase_id=new_id(), lines=((1, Decimal(1)),), reason="Nothing"), kabul.act()
        )

    assert stock_of(kabul, rice) == (1, 100)
    assert_the_books_agree(kabul)


def test_deleting_a_return_and_then_the_purchase_restores_everything(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    buy(kabul, karim, (rice, 3, 7), rate="70")
    before = balances(kabul)
    purchase_id = buy(kabul, karim, (rice, 10, 3), rate="71")
    back = ReturnToVendor(id=new_id(), purchase_id=purchase_id, lines=((1, Decimal(3)),), reason="Wet bags")
    return_to_vendor(back, kabul.act())

    with pytest.raises(RuleViolationError, match="Delete the return first"):
        undo(Undo(id=new_id(), transaction_id=purchase_id, reason="Wrong"), kabul.act())
    delete_return(DeleteReturn(id=new_id(), return_id=back.id, reason="They did not take it"), kabul.act())
    assert stock_of(kabul, rice) == (13, 1_470 + 2_130)
    undo(Undo(id=new_id(), transaction_id=purchase_id, reason="Wrong"), kabul.act())

    assert stock_of(kabul, rice) == (3, 1_470)
    assert balances(kabul) == before
    assert_the_books_agree(kabul)


def test_a_late_charge_is_split_between_goods_in_stock_and_goods_sold(kabul: Shop) -> None:
    """Of 10 bought 6 are sold: of 500 AFN 200 raise the 4 that are there from 400 to 600, 300 are cost of sales."""
    karim, customs, rice = add_vendor(kabul, currency="AFN"), add_vendor(kabul, "Customs", "AFN"), add_goods(kabul)
    purchase_id = buy(kabul, karim, (rice, 10, 100))
    sell(kabul, (rice, 6, 150))
    before = balances(kabul)

    charge = late(purchase_id, customs, 500)
    add_late_charge(charge, kabul.act())

    assert stock_of(kabul, rice) == (4, 600)
    assert written(kabul, charge.id) == [
        ("inventory", "vendor:Customs", "AFN", 200),
        ("cost_of_sales", "vendor:Customs", "AFN", 300),
    ]
    assert_the_books_agree(kabul)
    with pytest.raises(RuleViolationError, match="Reverse that charge first"):
        undo(Undo(id=new_id(), transaction_id=purchase_id, reason="Wrong"), kabul.act())

    delete_late_charge(DeleteLateCharge(id=new_id(), charge_id=charge.id, reason="Not ours"), kabul.act())

    assert stock_of(kabul, rice) == (4, 400)
    assert balances(kabul) == before
    assert_the_books_agree(kabul)


def test_a_late_charge_in_euro_needs_its_own_rate(kabul: Shop) -> None:
    karim, carrier, rice = add_vendor(kabul), add_vendor(kabul, "Carrier", "EUR"), add_goods(kabul)
    purchase_id = buy(kabul, karim, (rice, 10, 1), rate="70")

    with pytest.raises(RuleViolationError, match="Enter the rate between EUR and AFN"):
        add_late_charge(late(purchase_id, carrier, 10_00, currency="EUR"), kabul.act())
    add_late_charge(late(purchase_id, carrier, 10_00, currency="EUR", rate=Decimal(80), rate_unit="EUR"), kabul.act())

    assert stock_of(kabul, rice) == (10, 1_500)
    assert cached_balance(kabul, vendor(carrier, "EUR")) == 10_00
    assert_the_books_agree(kabul)
