"""Forms of products: every text in every field gives a command or a sentence."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from ledger_web.domain.signs import ENGLISH
from ledger_web.forms.prices import EditUnitForm, FurtherPriceForm, PriceForm, PriceListForm, UnitForm
from ledger_web.forms.products import (
    AdjustmentForm,
    ArchivalForm,
    BarcodeForm,
    BarcodeRemovalForm,
    EditProductForm,
    NewProductForm,
    ProductSearchForm,
    ReceiptForm,
    StockRulesForm,
)
from tests.bad_input import ALL

PRODUCT = uuid.UUID("019a0000-0000-7000-8000-000000000001")
OP = {"op_id": "019a0000-0000-7000-8000-000000000002"}
VERSION = {"version": "1"}
SAID = {
    "name": "Cola",
    "short_name": "",
    "sku": "C-1",
    "brand": "Fizz",
    "category": "Drinks",
    "tags": "sweet, summer",
    "till_note": "",
    "note": "",
}
RULES = {"unit": "pcs", "stock_policy": "block"}
PRICE = {"unit_price": "120", "tax_percent": "15"}

FORMS: dict[str, tuple[type[Any], dict[str, str], Callable[[Any], object]]] = {
    "search": (ProductSearchForm, {"q": "", "archived": "", "after": "", "before": ""}, lambda form: form.q.data),
    "new": (
        NewProductForm,
        OP | SAID | RULES | PRICE | {"barcodes": "5449000000996", "opening_quantity": "1", "opening_unit_cost": "60"},
        lambda form: form.to_command("PKR"),
    ),
    "edit": (EditProductForm, OP | SAID | VERSION, lambda form: form.to_command(PRODUCT)),
    "stock rules": (
        StockRulesForm,
        OP | RULES | VERSION | {"reorder_level": "5", "reorder_to": "50"},
        lambda form: form.to_command(PRODUCT),
    ),
    "price": (PriceForm, OP | PRICE | VERSION | {"reason": "New cost"}, lambda form: form.to_command(PRODUCT)),
    "further price": (
        FurtherPriceForm,
        OP | {"unit_price": "99", "quantity_from": "10", "starts_on": "", "ends_on": "", "reason": "Promotion"},
        lambda form: form.to_command(PRODUCT),
    ),
    "unit": (
        UnitForm,
        OP | {"name": "crate", "factor_numerator": "12", "factor_denominator": "1", "unit_price": "", "barcodes": ""},
        lambda form: form.to_command(PRODUCT),
    ),
    "edit unit": (
        EditUnitForm,
        OP | VERSION | {"name": "crate", "unit_price": "99", "reason": ""},
        lambda form: form.to_command(PRODUCT, PRODUCT),
    ),
    "price list": (PriceListForm, OP | {"name": "Wholesale"}, lambda form: form.to_command()),
    "archive": (ArchivalForm, OP, lambda form: form.to_command(PRODUCT, archived=True)),
    "barcode": (BarcodeForm, OP | {"code": "5449000000996", "symbology": ""}, lambda form: form.to_command(PRODUCT)),
    "removal": (BarcodeRemovalForm, OP | {"code": "5449000000996"}, lambda form: form.to_command(PRODUCT)),
    "receipt": (
        ReceiptForm,
        OP | {"quantity": "1", "unit_cost": "60", "note": ""},
        lambda form: form.to_command(PRODUCT, "PKR"),
    ),
    "adjustment": (
        AdjustmentForm,
        OP | {"way": "less", "quantity": "1", "reason": "lost", "note": ""},
        lambda form: form.to_command(PRODUCT, "PKR"),
    ),
}
EVERY_FIELD = [(name, field) for name, (_, sent, _) in FORMS.items() for field in sent]


def filled(which: str, /, **changed: str) -> Any:
    kind, sent, _ = FORMS[which]
    return kind(MultiDict(sent | changed), signs=ENGLISH, base_currency="PKR")


@pytest.mark.parametrize("name", list(FORMS))
def test_a_form_filled_in_well_gives_a_command(name: str) -> None:
    form = filled(name)

    assert form.validate(), form.errors
    assert FORMS[name][2](form) is not None


@pytest.mark.parametrize(("name", "field"), EVERY_FIELD)
def test_any_text_gives_a_command_or_a_sentence(name: str, field: str) -> None:
    for text in ALL:
        form = filled(name, **{field: text})

        if form.validate():
            FORMS[name][2](form)
        else:
            assert form.sentences, repr(text[:40])


@pytest.mark.parametrize("name", [name for name, (_, sent, _) in FORMS.items() if "op_id" in sent])
def test_a_form_without_its_number_is_refused(name: str) -> None:
    assert not filled(name, op_id="").validate()


def test_barcodes_stand_one_on_a_line_each_once() -> None:
    form = filled("new", barcodes=" 5449000000996 \r\n\r\n036000291452\n5449000000996")

    assert form.validate()
    assert [barcode.code for barcode in form.barcodes.data] == ["5449000000996", "0036000291452"]


def test_a_wrong_code_among_several_is_named() -> None:
    form = filled("new", barcodes="5449000000996\n5449000000997")

    assert not form.validate()
    assert "“5449000000997”: The last digit" in form.sentences[0]


def test_a_service_has_no_opening_quantity() -> None:
    assert not filled("new", stock_policy="none").validate()
    assert filled("new", stock_policy="none", opening_quantity="").validate()


@pytest.mark.parametrize(
    ("way", "quantity", "counted", "difference"),
    [("counted", "0", 0, None), ("counted", "2.5", 2.5, None), ("more", "3", None, 3), ("less", "3", None, -3)],
)
def test_an_adjustment_is_a_count_or_a_difference(
    way: str, quantity: str, counted: float | None, difference: int | None
) -> None:
    form = filled("adjustment", way=way, quantity=quantity)

    assert form.validate()
    command = form.to_command(PRODUCT, "PKR")
    assert (command.counted, command.difference) == (counted, difference)
