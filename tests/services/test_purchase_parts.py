"""Drafts of which only a part came: what did not waits, and both parts together are the whole."""

import random
import uuid
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from ledger_web.domain.errors import LedgerError, NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import vendor
from ledger_web.services.purchase_draft_charges import ShareDraftCharge
from ledger_web.services.purchase_draft_charges import share_draft_charge as share
from ledger_web.services.purchase_draft_rates import SetRate, set_rate
from ledger_web.services.purchase_drafts import CopyPurchase, copy_purchase
from ledger_web.services.purchase_parts import SplitDraft, split_draft
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, cached_balance, stock_of
from tests.purchases import (
    add_charge,
    add_goods,
    add_line,
    add_vendor,
    begin,
    buy,
    receive,
    say_head,
    split,
    version_of,
)
from tests.shops import Shop, open_a_shop


@pytest.fixture
def kabul(app: Flask) -> Shop:
    return open_a_shop("kabul", "AFN")


def lines_of(shop: Shop, draft_id: uuid.UUID) -> list[Any]:
    return rows(
        shop,
        """
        SELECT id, product_id, quantity, net, tax, weight FROM purchase_draft_lines
         WHERE tenant_id = %(tenant_id)s AND draft_id = %(id)s ORDER BY position, id
        """,
        draft_id,
    )


def charges_of(shop: Shop, draft_id: uuid.UUID) -> dict[str, int]:
    found = rows(
        shop,
        "SELECT name, net FROM purchase_draft_charges WHERE tenant_id = %(tenant_id)s AND draft_id = %(id)s",
        draft_id,
    )
    return {row.name: row.net for row in found}


def rows(shop: Shop, sql: str, id: uuid.UUID) -> list[Any]:
    with shop.act() as uow:
        return list(uow.execute(sql, {"id": id}))


def purchase_of(shop: Shop, purchase_id: uuid.UUID) -> Any:
    sql = """
        SELECT total, total_base, value_base, rounded, rate, rate_source, rest_of, duplicate_reason, invoice_number
          FROM purchases WHERE tenant_id = %(tenant_id)s AND id = %(id)s
    """
    return rows(shop, sql, purchase_id)[0]


def test_what_came_is_received_and_the_rest_waits_at_the_rate_of_the_document(kabul: Shop) -> None:
    """10 at 2.50 and 4 at 6.00 are 49.00 USD. First 4 of the 10 come, then 6 and the 4, at 71.50 both times.

    Freight of 9.80 by value: 5.00 for the first line, 4.80 for the second; 4 of 10 bear 2.00, what is left 7.80.
    10.00 + 2.00 are 12.00 USD or 858 AFN, 39.00 + 7.80 are 46.80 USD or 3,346.2.
    """
    karim, rice, tea = add_vendor(kabul), add_goods(kabul), add_goods(kabul, "Tea")
    draft_id = begin(kabul, karim, (rice, 10, "2.5"), (tea, 4, 6), currency="USD", rate="71.5")
    say_head(kabul, draft_id, karim, invoice_number="K-77")
    add_charge(kabul, draft_id, 9_80, "value")

    rest_id = split(kabul, draft_id, 4, 0)
    assert [(line.product_id, line.quantity) for line in lines_of(kabul, draft_id)] == [(rice, 4)]
    assert [(line.product_id, line.quantity) for line in lines_of(kabul, rest_id)] == [(rice, 6), (tea, 4)]
    assert (charges_of(kabul, draft_id), charges_of(kabul, rest_id)) == ({"Freight": 2_00}, {"Freight": 7_80})

    first, second = purchase_of(kabul, receive(kabul, draft_id)), purchase_of(kabul, receive(kabul, rest_id))
    assert (first.total, first.total_base, second.total, second.total_base) == (12_00, 858, 46_80, 3_346)
    assert (second.rate, second.rate_source, second.rest_of) == (Decimal("71.5"), "typed", draft_id)
    assert (first.invoice_number, second.invoice_number, second.duplicate_reason) == ("K-77", "K-77", "The rest of it")
    assert stock_of(kabul, rice)[0] == 10
    assert cached_balance(kabul, vendor(karim, "USD")) == 58_80
    assert_the_books_agree(kabul)


def test_the_rest_may_come_first_and_is_then_nobodys_rest(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 10, 1), currency="USD", rate="70")
    say_head(kabul, draft_id, karim, invoice_number="K-78")
    rest_id = split(kabul, draft_id, 3)

    assert purchase_of(kabul, receive(kabul, rest_id)).rest_of is None
    assert purchase_of(kabul, receive(kabul, draft_id)).total == 3_00
    assert stock_of(kabul, rice) == (10, 700)


def test_a_rest_comes_in_parts_again(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    first_id = begin(kabul, karim, (rice, 10, 1), currency="USD", rate="70")
    second_id = split(kabul, first_id, 3)
    third_id = split(kabul, second_id, 2)

    received = [purchase_of(kabul, receive(kabul, id)) for id in (first_id, second_id, third_id)]

    assert [each.total for each in received] == [3_00, 2_00, 5_00]
    assert [each.rest_of for each in received] == [None, first_id, second_id]


def test_what_was_printed_and_what_was_charged_is_shared_to_the_last_unit(kabul: Shop) -> None:
    """3 at 0.335 are 1.005, rounded 1.01; apart they are 0.34 and 0.67. Printed is 1.00: the rest is 0.66."""
    karim, rice = add_vendor(kabul), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 3, "0.335"), currency="USD", rate="70")
    say_head(kabul, draft_id, karim, printed_total=1_00)
    set_rate(SetRate(op_id=new_id(), draft_id=draft_id, source="amounts", charged_base=77), kabul.act())
    rest_id = split(kabul, draft_id, 1)

    first, second = purchase_of(kabul, receive(kabul, draft_id)), purchase_of(kabul, receive(kabul, rest_id))

    assert (first.total, second.total, second.rounded) == (34, 66, -1)
    assert (first.total_base, second.total_base) == (26, 51)  # 77 × 0.34: 26.18


def test_a_unit_that_rounding_moved_is_put_right_with_the_rest(kabul: Shop) -> None:
    """5 at 0.301 are 1.505, rounded 1.51; 2 of them are 0.60 and the other 3 0.90: the rest is owed 0.91."""
    karim, rice = add_vendor(kabul), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 5, "0.301"), currency="USD", rate="70")
    rest_id = split(kabul, draft_id, 2)

    first, second = purchase_of(kabul, receive(kabul, draft_id)), purchase_of(kabul, receive(kabul, rest_id))

    assert (first.total, second.total, second.rounded) == (60, 91, 1)


def test_shares_by_hand_and_weights_go_with_their_lines(kabul: Shop) -> None:
    karim, rice, tea = add_vendor(kabul), add_goods(kabul), add_goods(kabul, "Tea")
    draft_id = begin(kabul, karim, currency="USD", rate="70")
    bags = add_line(kabul, draft_id, rice, 10, 1, weight=25)
    boxes = add_line(kabul, draft_id, tea, 4, 1, weight=5)
    by_hand = add_charge(kabul, draft_id, 10_01, "hand", name="Broker")
    share(
        ShareDraftCharge(op_id=new_id(), draft_id=draft_id, charge_id=by_hand, shares=((bags, 7_01), (boxes, 3_00))),
        kabul.act(),
    )
    add_charge(kabul, draft_id, 6_00, "weight", name="Truck")
    rest_id = split(kabul, draft_id, 5, 4)

    assert charges_of(kabul, draft_id) == {"Broker": 6_51, "Truck": 3_50}  # 3.505 and 3.00; 2.50 and 1.00
    assert charges_of(kabul, rest_id) == {"Broker": 3_50, "Truck": 2_50}
    assert [line.weight for line in lines_of(kabul, rest_id)] == [Decimal("12.5")]
    for id in (draft_id, rest_id):
        receive(kabul, id)
    assert_the_books_agree(kabul)


def test_a_charge_that_a_part_bears_nothing_of_is_not_on_it(kabul: Shop) -> None:
    karim, rice, tea = add_vendor(kabul), add_goods(kabul), add_goods(kabul, "Tea")
    draft_id = begin(kabul, karim, currency="USD", rate="70")
    add_line(kabul, draft_id, rice, 10, 1, weight=25)
    add_line(kabul, draft_id, tea, 4, 1)
    add_charge(kabul, draft_id, 6_00, "weight", name="Truck")
    rest_id = split(kabul, draft_id, 0, 4)

    assert (charges_of(kabul, draft_id), charges_of(kabul, rest_id)) == ({}, {"Truck": 6_00})


def test_what_cannot_have_come_is_refused(kabul: Shop, rival: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 10, 1), currency="USD", rate="70")
    for came, sentence in ((11, "More of Rice came"), (-1, "More of Rice"), (0, "at least one"), (10, "All of it")):
        with pytest.raises(RuleViolationError, match=sentence):
            split(kabul, draft_id, came)
    [line] = lines_of(kabul, draft_id)
    version = version_of(kabul, draft_id)
    command = SplitDraft(id=new_id(), draft_id=draft_id, version=version, came=((line.id, Decimal(1)),))
    with pytest.raises(NotFoundError):
        split_draft(command, rival.act())
    add_charge(kabul, draft_id, 1_00, "weight")
    with pytest.raises(StaleEditError):
        split_draft(command, kabul.act())
    with pytest.raises(RuleViolationError, match="what it weighs"):
        split(kabul, draft_id, 1)

    wrong = buy(kabul, karim, (rice, 2, 1), currency="USD", rate="70")
    right = copy_purchase(CopyPurchase(id=new_id(), purchase_id=wrong, corrects=True), kabul.act()).id
    with pytest.raises(RuleViolationError, match="as a whole"):
        split(kabul, right, 1)


def test_two_people_who_say_what_came_say_it_once(app: Flask, kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 10, 1), currency="USD", rate="70")
    [line] = lines_of(kabul, draft_id)
    same = SplitDraft(
        id=new_id(), draft_id=draft_id, version=version_of(kabul, draft_id), came=((line.id, Decimal(4)),)
    )
    other = SplitDraft(id=new_id(), draft_id=draft_id, version=same.version, came=((line.id, Decimal(5)),))

    def say(command: SplitDraft) -> str:
        try:
            return "again" if split_draft(command, kabul.act()).replayed else "done"
        except LedgerError as error:
            return type(error).__name__

    outcomes = in_threads(app, lambda: say(same), lambda: say(same), lambda: say(other))

    assert sorted(map(str, outcomes)) in (
        ["StaleEditError", "again", "done"],
        ["StaleEditError", "StaleEditError", "done"],
    )
    [left] = lines_of(kabul, draft_id)
    assert left.quantity in (4, 5)


def test_random_parts_are_exactly_the_whole(kabul: Shop) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    karim, carrier = add_vendor(kabul), add_vendor(kabul, "Caspian", "EUR")
    goods = [add_goods(kabul, f"Goods {number}") for number in range(4)]
    for _ in range(12):
        lines = [(id, chance.randint(1, 9), f"{chance.randint(1, 9999)}e-3") for id in goods]
        lines = [(id, quantity, f"{Decimal(cost):f}") for id, quantity, cost in lines]
        draft_id = begin(kabul, karim, *lines, currency="USD", rate=f"{chance.randint(1, 99999)}.5")
        net, apart = chance.randint(1, 999), chance.randint(1, 999)
        add_charge(kabul, draft_id, net, chance.choice(("value", "quantity")))
        add_charge(kabul, draft_id, apart, "quantity", payee_id=carrier, currency="EUR", rate="83.25", name="Ship")
        before = lines_of(kabul, draft_id)
        came = [chance.randint(0, int(line.quantity)) for line in before]
        if not 0 < sum(came) < sum(line.quantity for line in before):
            continue
        rest_id = split(kabul, draft_id, *came)
        parts = [charges_of(kabul, id) for id in (draft_id, rest_id)]
        assert sum(each.get("Freight", 0) for each in parts) == net, seed
        assert sum(each.get("Ship", 0) for each in parts) == apart, seed
        totals = [purchase_of(kabul, receive(kabul, id, confirms_rate=True)).total for id in (draft_id, rest_id)]
        assert sum(totals) == sum(line.net for line in before) + net, seed
    assert_the_books_agree(kabul)
