"""Label templates of a shop's own, and its printers."""

import uuid
from dataclasses import replace
from decimal import Decimal

import pytest

from ledger_web.domain.errors import ConflictError, NotFoundError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.labels import TEMPLATES, Block, Paper, Printer
from ledger_web.queries.labels import find_template, list_printers, list_templates
from ledger_web.services.label_templates import (
    PutAway,
    SavePrinter,
    SaveTemplate,
    put_printer_away,
    put_template_away,
    save_printer,
    save_template,
)
from tests.shops import Shop

PAPER = Paper(
    "", "", Decimal("210"), Decimal("297"), Decimal("63.5"), Decimal("38.1"), 3, 7, Decimal("7.21"), Decimal("15.15"),
    Decimal("66.04"), Decimal("38.1"), 600, Decimal("1.5"),
)  # fmt: skip
BLOCKS = (Block("name", 1, Decimal("3.2")), Block("code", 2, Decimal(0)), Block("price", 3, Decimal(5), bold=True))


def template(shop: Shop, name: str = "Shelf", paper: Paper = PAPER) -> uuid.UUID:
    id = new_id()
    save_template(SaveTemplate(op_id=id, template_id=id, name=name, paper=paper, blocks=BLOCKS), shop.act())
    return id


def change(shop: Shop, id: uuid.UUID, version: int, name: str = "Shelf", paper: Paper = PAPER) -> None:
    save_template(
        SaveTemplate(op_id=new_id(), template_id=id, name=name, paper=paper, blocks=BLOCKS, version=version),
        shop.act(),
    )


def test_a_template_is_read_back_as_it_was_saved_and_stands_before_the_built_in_ones(shop: Shop) -> None:
    id = template(shop)

    found = find_template(shop.tenant_id, str(id))

    assert found
    assert replace(found.paper, name="") == PAPER
    assert (found.id, found.name, found.blocks, found.version) == (id, "Shelf", BLOCKS, 1)
    assert [each.key for each in list_templates(shop.tenant_id)] == [str(id), *TEMPLATES]


def test_a_template_that_somebody_else_changed_is_not_overwritten(shop: Shop) -> None:
    id = template(shop)
    change(shop, id, 1, name="Shelf, large")

    with pytest.raises(ConflictError, match="Somebody else"):
        change(shop, id, 1, name="Shelf, small")

    assert [each.name for each in list_templates(shop.tenant_id) if each.id] == ["Shelf, large"]


def test_what_does_not_lie_on_the_page_or_shows_nothing_is_not_saved(shop: Shop) -> None:
    with pytest.raises(RuleViolationError, match="wider than the page"):
        template(shop, paper=replace(PAPER, columns=4))
    with pytest.raises(RuleViolationError, match="less than a label is high"):
        template(shop, paper=replace(PAPER, pitch_y=Decimal(10)))
    with pytest.raises(RuleViolationError, match="Put something on the label"):
        save_template(SaveTemplate(op_id=new_id(), template_id=new_id(), name="x", paper=PAPER, blocks=()), shop.act())


def test_two_templates_or_printers_of_one_name_are_refused_until_one_is_put_away(shop: Shop, rival: Shop) -> None:
    first = template(shop)
    template(rival)
    with pytest.raises(RuleViolationError, match="There is a template called Shelf"):
        template(shop)
    with pytest.raises(RuleViolationError, match="There is a template called Shelf"):
        change(shop, template(shop, "Other"), 1)

    put_template_away(PutAway(op_id=new_id(), id=first), shop.act())
    template(shop)

    assert find_template(shop.tenant_id, str(first)) is None
    assert find_template(shop.tenant_id, str(first), archived=True)


def test_a_rivals_template_can_neither_be_seen_nor_changed(shop: Shop, rival: Shop) -> None:
    theirs = template(rival)

    assert find_template(shop.tenant_id, str(theirs)) is None
    with pytest.raises(NotFoundError):
        change(shop, theirs, 1)


def test_a_printer_is_put_right_changed_and_put_away(shop: Shop) -> None:
    id, off = new_id(), Printer(Decimal("-1.5"), Decimal("2"), Decimal("99.8"))
    save_printer(SavePrinter(op_id=id, printer_id=id, name="Office", printer=off), shop.act())
    changed = replace(off, offset_x=Decimal("0.25"))
    save_printer(SavePrinter(op_id=new_id(), printer_id=id, name="Office", printer=changed, version=1), shop.act())

    assert [(row.name, row.printer, row.version) for row in list_printers(shop.tenant_id)] == [("Office", changed, 2)]
    put_printer_away(PutAway(op_id=new_id(), id=id), shop.act())
    assert list_printers(shop.tenant_id) == []
