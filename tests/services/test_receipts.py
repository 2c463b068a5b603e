"""Printing receipts: every print is counted, by whoever prints, also two at once."""

import pytest
from flask import Flask
from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError, ResubmissionError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.models.base import session_of
from ledger_web.queries.receipts import get_receipt, last_paper
from ledger_web.services.receipts import PrintReceipt, print_receipt
from tests.at_once import in_threads
from tests.books import count
from tests.shops import Shop, add_product, sell


def test_the_first_print_is_the_receipt_and_the_others_are_copies(shop: Shop) -> None:
    sale_id = sell(shop, (add_product(shop), 1, 115_00))
    ids = [new_id() for _ in range(3)]

    for id in ids:
        print_receipt(PrintReceipt(id=id, sale_id=sale_id, paper="80", may_copy=True), shop.act())

    marks = [get_receipt(shop.tenant_id, sale_id, print_id=id).mark for id in ids]
    assert marks == ["", "COPY 1", "COPY 2"]
    assert get_receipt(shop.tenant_id, sale_id).is_counted is False


def test_a_print_that_arrives_twice_is_one_print(shop: Shop) -> None:
    sale_id = sell(shop, (add_product(shop), 1, 115_00))
    command = PrintReceipt(id=new_id(), sale_id=sale_id, paper="80", may_copy=False)

    answers = [print_receipt(command, shop.act()).replayed for _ in range(2)]

    assert answers == [False, True]
    assert count(shop, "receipt_prints") == 1
    with pytest.raises(ResubmissionError):
        print_receipt(PrintReceipt(id=command.id, sale_id=sale_id, paper="58", may_copy=True), shop.act())


def test_somebody_who_may_not_copy_prints_once(shop: Shop) -> None:
    sale_id = sell(shop, (add_product(shop), 1, 115_00))
    print_receipt(PrintReceipt(id=new_id(), sale_id=sale_id, paper="80", may_copy=False), shop.act())

    with pytest.raises(RuleViolationError, match="printed already"):
        print_receipt(PrintReceipt(id=new_id(), sale_id=sale_id, paper="80", may_copy=False), shop.act())

    assert count(shop, "receipt_prints") == 1


def test_the_page_of_a_print_is_that_print_for_ten_minutes(shop: Shop) -> None:
    sale_id, id = sell(shop, (add_product(shop), 1, 115_00)), new_id()
    session = session_of(shop.tenant_id)
    session.execute(
        text("""
            INSERT INTO receipt_prints (tenant_id, id, sale_id, number, paper, drawer_id, printed_at)
            VALUES (:tenant_id, :id, :sale_id, 1, '80', :drawer_id, now() - interval '11 minutes')
        """),
        {"tenant_id": shop.tenant_id, "id": id, "sale_id": sale_id, "drawer_id": shop.drawer_id},
    )
    session.commit()

    assert get_receipt(shop.tenant_id, sale_id, print_id=id).is_counted is False


def test_a_till_prints_on_the_paper_it_printed_on_last(shop: Shop) -> None:
    first, second = (sell(shop, (add_product(shop, name), 1, 115_00)) for name in ("Milk", "Tea"))
    assert last_paper(shop.tenant_id, first) == "80"

    print_receipt(PrintReceipt(id=new_id(), sale_id=first, paper="a5", may_copy=True), shop.act())

    assert last_paper(shop.tenant_id, second) == "a5"


def test_two_prints_at_once_have_two_numbers(shop: Shop, app: Flask) -> None:
    sale_id = sell(shop, (add_product(shop), 1, 115_00))

    results = in_threads(
        app,
        *[
            lambda: print_receipt(PrintReceipt(id=new_id(), sale_id=sale_id, paper="80", may_copy=True), shop.act())
            for _ in range(6)
        ],
    )

    assert not [result for result in results if isinstance(result, Exception)]
    assert [each.number for each in get_receipt(shop.tenant_id, sale_id).prints] == [1, 2, 3, 4, 5, 6]


def test_a_rivals_receipt_cannot_be_printed(shop: Shop, rival: Shop) -> None:
    theirs = sell(rival, (add_product(rival), 1, 115_00))

    with pytest.raises(NotFoundError):
        print_receipt(PrintReceipt(id=new_id(), sale_id=theirs, paper="80", may_copy=True), shop.act())
    assert count(rival, "receipt_prints") == 0
