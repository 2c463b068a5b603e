"""Printed labels: a queue that becomes a job, and a job that is printed again."""

import datetime as dt
import uuid

import pytest
from flask import Flask

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.labels import TEMPLATES, Printer
from ledger_web.queries.labels import find_job, list_job_labels, list_jobs, list_queued_labels
from ledger_web.services import label_queue
from ledger_web.services.label_jobs import PrintLabels, ReprintLabels, print_labels, reprint_labels
from ledger_web.services.label_queue import QueueLine
from ledger_web.services.label_templates import (
    PutAway,
    SavePrinter,
    SaveTemplate,
    put_printer_away,
    put_template_away,
    save_printer,
    save_template,
)
from ledger_web.services.labels import QueueLabel, QueueProducts, queue_label, queue_products
from tests.at_once import in_threads
from tests.books import count
from tests.shops import Shop, add_product

DAY = dt.date(2026, 11, 20)


def queue(shop: Shop, product_id: uuid.UUID, copies: int = 1) -> None:
    queue_label(QueueLabel(op_id=new_id(), product_id=product_id, copies=copies), shop.act())


def test_what_is_printed_is_a_job_and_the_queue_is_empty(shop: Shop) -> None:
    milk, tea = add_product(shop, "Milk"), add_product(shop, "Tea")
    queue(shop, milk, 3)
    queue(shop, tea)

    job = print_labels(PrintLabels(id=new_id(), template="L7160", start=4), shop.act())

    record = find_job(shop.tenant_id, job.id)
    assert record
    assert (record.labels, record.start, record.template, record.is_reprint) == (4, 4, "L7160", False)
    assert [(row.name, row.copies) for row in list_job_labels(shop.tenant_id, job.id, DAY)] == [("Milk", 3), ("Tea", 1)]
    assert list_queued_labels(shop.tenant_id, shop.owner_id, DAY) == []


def test_printing_twice_with_one_form_prints_once_and_leaves_what_was_queued_since(shop: Shop) -> None:
    milk = add_product(shop)
    queue(shop, milk, 2)
    command = PrintLabels(id=new_id(), template="L7160")

    first = print_labels(command, shop.act())
    queue(shop, milk, 5)
    second = print_labels(command, shop.act())

    assert (second.id, second.replayed) == (first.id, True)
    assert [row.copies for row in list_queued_labels(shop.tenant_id, shop.owner_id, DAY)] == [5]


def test_a_job_is_printed_again_with_the_same_labels(shop: Shop) -> None:
    queue(shop, add_product(shop, "Milk"), 3)
    first = print_labels(PrintLabels(id=new_id(), template="L7160", start=4), shop.act()).id

    again = reprint_labels(ReprintLabels(id=new_id(), job_id=first), shop.act()).id

    assert [(job.id, job.labels, job.start, job.is_reprint) for job in list_jobs(shop.tenant_id)] == [
        (again, 3, 1, True),
        (first, 3, 4, False),
    ]
    assert [row.copies for row in list_job_labels(shop.tenant_id, again, DAY)] == [3]


def test_many_labels_must_be_meant_and_too_many_are_refused(shop: Shop) -> None:
    milk, tea = add_product(shop, "Milk"), add_product(shop, "Tea")
    with pytest.raises(RuleViolationError, match="Nothing is queued"):
        print_labels(PrintLabels(id=new_id(), template="L7160"), shop.act())
    queue(shop, milk, 501)

    with pytest.raises(RuleViolationError, match=r"501 labels\. Tick"):
        print_labels(PrintLabels(id=new_id(), template="L7160"), shop.act())
    print_labels(PrintLabels(id=new_id(), template="L7160", is_meant=True), shop.act())
    queue(shop, milk, 5000)
    queue(shop, tea)

    with pytest.raises(RuleViolationError, match=r"5,001 labels\. Print at most 5,000"):
        print_labels(PrintLabels(id=new_id(), template="L7160", is_meant=True), shop.act())


def test_a_queue_printed_by_eight_browsers_at_once_is_printed_once(shop: Shop, app: Flask) -> None:
    queue(shop, add_product(shop), 3)

    results = in_threads(app, *[lambda: print_labels(PrintLabels(id=new_id(), template="L7160"), shop.act())] * 8)

    assert sum(not isinstance(result, Exception) for result in results) == 1
    assert sum(isinstance(result, RuleViolationError) for result in results) == 7
    assert count(shop, "label_jobs") == 1


def test_labels_of_what_came_in_are_queued_within_the_act_and_with_it(shop: Shop, rival: Shop) -> None:
    milk, theirs = add_product(shop, "Milk"), add_product(rival, "Milk")
    queue(shop, milk, 2)

    with shop.act() as uow:
        lines = [QueueLine(milk, 3), QueueLine(milk, 4), QueueLine(theirs, 9), QueueLine(milk, 9, new_id())]
        assert label_queue.add(uow, lines) == 1
    with pytest.raises(ZeroDivisionError), shop.act() as uow:
        label_queue.add(uow, [QueueLine(milk, 1 // 0 or 1)])

    assert [row.copies for row in list_queued_labels(shop.tenant_id, shop.owner_id, DAY)] == [9]


def test_many_products_are_queued_and_those_that_are_there_left_alone(shop: Shop, rival: Shop) -> None:
    milk, tea, theirs = add_product(shop, "Milk"), add_product(shop, "Tea"), add_product(rival, "Milk")
    queue(shop, milk, 7)

    assert queue_products(QueueProducts(op_id=new_id(), product_ids=(milk, tea, theirs)), shop.act()) == 1

    assert sorted(row.copies for row in list_queued_labels(shop.tenant_id, shop.owner_id, DAY)) == [1, 7]


def test_a_rivals_template_printer_and_job_are_not_there(shop: Shop, rival: Shop) -> None:
    template, printer = new_id(), new_id()
    blocks = TEMPLATES["L7160"].blocks
    paper = TEMPLATES["L7160"].paper
    save_template(
        SaveTemplate(op_id=template, template_id=template, name="Shelf", paper=paper, blocks=blocks), rival.act()
    )
    save_printer(SavePrinter(op_id=printer, printer_id=printer, name="Office", printer=Printer()), rival.act())
    queue(rival, add_product(rival))
    job = print_labels(PrintLabels(id=new_id(), template=str(template), printer_id=printer), rival.act()).id
    queue(shop, add_product(shop))

    for command in (
        PrintLabels(id=new_id(), template=str(template)),
        PrintLabels(id=new_id(), template="L7160", printer_id=printer),
        PrintLabels(id=new_id(), template="nothing"),
    ):
        with pytest.raises(NotFoundError):
            print_labels(command, shop.act())
    with pytest.raises(NotFoundError):
        reprint_labels(ReprintLabels(id=new_id(), job_id=job), shop.act())
    with pytest.raises(NotFoundError):
        put_template_away(PutAway(op_id=new_id(), id=template), shop.act())
    with pytest.raises(NotFoundError):
        put_printer_away(PutAway(op_id=new_id(), id=printer), shop.act())
    assert find_job(shop.tenant_id, job) is None
