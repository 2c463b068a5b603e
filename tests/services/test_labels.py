"""Codes of the shop's own, and the queue of labels."""

import datetime as dt

import pytest
from flask import Flask

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.internal_codes import internal_code
from ledger_web.queries.code_blocks import get_block, list_blocks, list_given
from ledger_web.queries.labels import count_products_without_code, list_queued_labels
from ledger_web.queries.products import find_holder
from ledger_web.queries.scans import resolve
from ledger_web.services.barcodes import AddBarcode, RemoveBarcode, add_barcode, remove_barcode
from ledger_web.services.labels import (
    EmptyLabelQueue,
    QueueLabel,
    SetCopies,
    empty_label_queue,
    queue_label,
    set_copies,
)
from ledger_web.services.own_codes import GiveCodes, ReserveCodes, give_codes, reserve_codes
from tests.at_once import in_threads
from tests.books import count
from tests.shops import Shop, add_product

DAY = dt.date(2026, 11, 20)


def code_of(shop: Shop, product_id: object) -> str | None:
    queue_label(QueueLabel(op_id=new_id(), product_id=product_id, copies=1), shop.act())  # type: ignore[arg-type]
    rows = list_queued_labels(shop.tenant_id, shop.owner_id, DAY)
    return next(row.code for row in rows if row.product_id == product_id)


def test_every_product_without_a_code_gets_the_next_of_the_shops_own(shop: Shop) -> None:
    milk, tea = add_product(shop, "Milk"), add_product(shop, "Tea")
    coded = add_product(shop, "Bread")
    add_barcode(AddBarcode(op_id=new_id(), product_id=coded, barcode=read_barcode("5901234123457")), shop.act())

    given = give_codes(GiveCodes(op_id=new_id()), shop.act())

    assert given == 2
    assert {code_of(shop, milk), code_of(shop, tea)} == {internal_code(1), internal_code(2)}
    assert code_of(shop, coded) == "5901234123457"
    assert count_products_without_code(shop.tenant_id) == 0


def test_a_code_typed_by_hand_is_passed_over_and_a_removed_one_never_given_again(shop: Shop) -> None:
    milk, tea, salt = add_product(shop, "Milk"), add_product(shop, "Tea"), add_product(shop, "Salt")
    typed = AddBarcode(op_id=new_id(), product_id=milk, barcode=read_barcode(internal_code(1)))
    add_barcode(typed, shop.act())

    give_codes(GiveCodes(op_id=new_id(), product_id=tea), shop.act())
    assert code_of(shop, tea) == internal_code(2)
    remove_barcode(RemoveBarcode(op_id=new_id(), product_id=tea, code=internal_code(2)), shop.act())
    give_codes(GiveCodes(op_id=new_id(), product_id=salt), shop.act())

    assert code_of(shop, salt) == internal_code(3)


def test_giving_codes_twice_with_one_form_gives_them_once(shop: Shop) -> None:
    add_product(shop)
    command = GiveCodes(op_id=new_id())

    assert (give_codes(command, shop.act()), give_codes(command, shop.act())) == (1, 0)


def test_eight_people_giving_codes_at_once_give_each_product_one(shop: Shop, app: Flask) -> None:
    for number in range(20):
        add_product(shop, f"Product {number}", quantity=0)

    results = in_threads(app, *[lambda: give_codes(GiveCodes(op_id=new_id()), shop.act())] * 8)

    assert sum(result for result in results if isinstance(result, int)) == 20
    assert count(shop, "barcodes") == 20


def test_a_rivals_product_gets_no_code_and_no_label(shop: Shop, rival: Shop) -> None:
    theirs = add_product(rival)

    with pytest.raises(NotFoundError):
        give_codes(GiveCodes(op_id=new_id(), product_id=theirs), shop.act())
    with pytest.raises(NotFoundError):
        queue_label(QueueLabel(op_id=new_id(), product_id=theirs, copies=1), shop.act())

    assert count(rival, "barcodes") == 0


def test_the_queue_adds_up_is_changed_and_emptied(shop: Shop) -> None:
    milk, tea = add_product(shop, "Milk"), add_product(shop, "Tea")
    for product_id, copies in ((milk, 3), (tea, 1), (milk, 2)):
        queue_label(QueueLabel(op_id=new_id(), product_id=product_id, copies=copies), shop.act())
    assert [(row.name, row.copies) for row in list_queued_labels(shop.tenant_id, shop.owner_id, DAY)] == [
        ("Milk", 5),
        ("Tea", 1),
    ]

    first, second = (row.line_id for row in list_queued_labels(shop.tenant_id, shop.owner_id, DAY))
    set_copies(SetCopies(op_id=new_id(), line_id=first, copies=0), shop.act())
    set_copies(SetCopies(op_id=new_id(), line_id=second, copies=7), shop.act())
    assert [(row.name, row.copies) for row in list_queued_labels(shop.tenant_id, shop.owner_id, DAY)] == [("Tea", 7)]
    empty_label_queue(EmptyLabelQueue(op_id=new_id()), shop.act())

    assert list_queued_labels(shop.tenant_id, shop.owner_id, DAY) == []


def test_absurd_numbers_of_copies_are_refused(shop: Shop) -> None:
    milk = add_product(shop)

    for copies in (0, -1, 5001, 10**9):
        with pytest.raises(RuleViolationError, match=r"from 1 to 5,000"):
            queue_label(QueueLabel(op_id=new_id(), product_id=milk, copies=copies), shop.act())


@pytest.mark.parametrize("symbology", ["ean13", "ean8", "code128"])
def test_a_reserved_block_is_given_to_nobody_else_and_is_attached_by_scanning(shop: Shop, symbology: str) -> None:
    milk, tea, salt = (add_product(shop, name) for name in ("Milk", "Tea", "Salt"))
    give_codes(GiveCodes(op_id=new_id(), product_id=milk, symbology=symbology), shop.act())
    command = ReserveCodes(id=new_id(), symbology=symbology, count=3, note="Roll by the door")
    block_id = reserve_codes(command, shop.act()).id
    assert reserve_codes(command, shop.act()).replayed

    give_codes(GiveCodes(op_id=new_id(), product_id=tea, symbology=symbology), shop.act())
    block = get_block(shop.tenant_id, block_id)

    codes = [internal_code(number, symbology) for number in range(1, 6)]
    assert block.codes == codes[1:4]
    assert [find_holder(shop.tenant_id, code=code) for code in block.codes] == [None] * 3
    assert resolve(shop.tenant_id, codes[2]).kind == "unknown"
    attached = AddBarcode(op_id=new_id(), product_id=salt, barcode=read_barcode(codes[2], symbology))
    add_barcode(attached, shop.act())
    assert [(row.code, row.product) for row in list_given(shop.tenant_id, block.codes)] == [(codes[2], "Salt")]
    found = resolve(shop.tenant_id, codes[4]).product
    assert found
    assert found.id == tea


def test_a_product_may_have_a_code_of_each_kind_and_a_kind_can_be_used_up(shop: Shop) -> None:
    milk = add_product(shop)
    for symbology, given in (("ean13", 1), ("ean8", 1), ("code128", 1), ("ean8", 0)):
        assert give_codes(GiveCodes(op_id=new_id(), product_id=milk, symbology=symbology), shop.act()) == given
    with shop.act() as uow:
        uow.execute(
            "UPDATE number_series SET last_number = 999998 WHERE tenant_id = %(tenant_id)s AND series = 'internal-ean8'"
        )

    with pytest.raises(RuleViolationError, match="used up"):
        reserve_codes(ReserveCodes(id=new_id(), symbology="ean8", count=2), shop.act())
    for count_of_codes in (0, -1, 5001):
        with pytest.raises(RuleViolationError, match="from 1 to 5,000"):
            reserve_codes(ReserveCodes(id=new_id(), symbology="ean8", count=count_of_codes), shop.act())


def test_eight_people_reserving_at_once_get_blocks_that_do_not_touch(shop: Shop, app: Flask) -> None:
    blocks = [ReserveCodes(id=new_id(), symbology="ean13", count=10) for _ in range(8)]

    in_threads(app, *[lambda block=block: reserve_codes(block, shop.act()) for block in blocks])

    codes = [code for block in list_blocks(shop.tenant_id) for code in block.codes]
    assert len(codes) == len(set(codes)) == 80
