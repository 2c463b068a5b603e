"""What a code means: in which order, and with how many queries."""

import datetime as dt
import uuid
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from stdnum import ean

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.measures import MeasureRule
from ledger_web.queries.scans import ARCHIVED, PRODUCT, SALE, UNKNOWN, resolve
from ledger_web.services.barcodes import AddBarcode, add_barcode
from ledger_web.services.measure_rules import CreateMeasureRule, create_measure_rule
from ledger_web.services.products import ArchiveProduct, CreateProduct, archive_product, create_product
from tests.bad_input import ALL
from tests.shops import Shop, add_product, sell
from tests.test_identity import statements

MILK = "5012345678900"
WEIGHT = MeasureRule(
    id=new_id(), prefix="20", item_digits=5, value_digits=5, decimals=3, kind="weight", has_value_check=False
)


def product(
    shop: Shop, name: str, *codes: str, price: int = 115_00, unit: str = "pcs", sku: str | None = None
) -> uuid.UUID:
    barcodes = tuple(read_barcode(code, None if len(code) in (8, 12, 13, 14) else "code128") for code in codes)
    command = CreateProduct(
        id=new_id(), name=name, unit_price=price, unit=unit, sku=sku, barcodes=barcodes, currency=shop.currency
    )
    return create_product(command, shop.act()).id


def rule(shop: Shop, prefix: str, kind: str, **changed: int) -> None:
    decimals = {"weight": 3, "price": 2, "count": 0}[kind]
    said: dict[str, Any] = {"id": new_id(), "prefix": prefix, "kind": kind, "decimals": decimals, **changed}
    made = replace(WEIGHT, **said)
    create_measure_rule(CreateMeasureRule(rule=made), shop.act())


def label(body: str) -> str:
    return body + str(ean.calc_check_digit(body))


@pytest.mark.parametrize(
    "text", [MILK, f"]E0{MILK}\r", "٥٠١٢٣٤٥٦٧٨٩٠٠", "５０１２３４５６７８９００", "(à&é\"'(-è_çàà"]
)
def test_a_code_of_the_shop_is_found_however_it_is_sent_with_one_query(app: Flask, shop: Shop, text: str) -> None:
    milk = product(shop, "Milk", MILK)

    with statements(app) as seen:
        scanned = resolve(shop.tenant_id, text)

    assert scanned.kind == PRODUCT
    assert scanned.product
    assert (scanned.product.id, scanned.quantity, scanned.price) == (milk, None, None)
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("036000291452", "036000291452"),
        ("036000291452", "0036000291452"),
        ("0042100005264", "04252614"),
        ("9780804429573", "080442957X"),
        ("73513537", "73513537"),
        ("ABC-1", "ABC-1"),
        ("1000000001", "1000000001"),
    ],
)
def test_every_way_to_write_a_code_finds_it(shop: Shop, stored: str, text: str) -> None:
    milk = product(shop, "Milk", stored)

    scanned = resolve(shop.tenant_id, text)

    assert scanned.product
    assert scanned.product.id == milk


def test_capital_letters_matter(shop: Shop) -> None:
    product(shop, "Milk", "Abc-1")

    assert resolve(shop.tenant_id, "ABC-1").kind == UNKNOWN


def test_a_barcode_goes_before_an_sku_and_what_is_sold_before_what_is_archived(shop: Shop) -> None:
    archived = product(shop, "Old milk", MILK)
    archive_product(ArchiveProduct(op_id=new_id(), product_id=archived, archived=True), shop.act())
    assert resolve(shop.tenant_id, MILK).kind == ARCHIVED

    by_sku = product(shop, "New milk", sku=MILK)
    found = resolve(shop.tenant_id, MILK)
    assert found.kind == PRODUCT
    assert found.product
    assert found.product.id == by_sku

    product(shop, "Tea", "73513537")
    product(shop, "Other", sku="73513537")
    tea = resolve(shop.tenant_id, "73513537").product
    assert tea
    assert tea.name == "Tea"


def test_a_rivals_code_means_nothing(shop: Shop, rival: Shop) -> None:
    product(rival, "Secret", MILK)

    scanned = resolve(shop.tenant_id, MILK)

    assert scanned.kind == UNKNOWN
    assert scanned.product is None


def test_an_element_string_says_product_batch_expiry_and_count(shop: Shop) -> None:
    milk = product(shop, "Milk", MILK)

    scanned = resolve(shop.tenant_id, f"010{MILK}10AB12\x1d17261231\x1d3012")

    assert scanned.product
    assert scanned.product.id == milk
    assert (scanned.batch, scanned.expiry, scanned.quantity) == ("AB12", dt.date(2026, 12, 31), Decimal(12))


@pytest.mark.parametrize(
    ("text", "quantity", "price"),
    [
        ("(01)98412345678908(3103)001234", "1.234", None),
        ("(01)98412345678908(3201)000010", "0.453592", None),
        ("(01)98412345678908(3922)2875", "0.25", 28_75),
        ("(01)98412345678908(3103)000500(3922)2875", "0.5", 28_75),
    ],
)
def test_an_element_string_says_weight_or_price(shop: Shop, text: str, quantity: str, price: int | None) -> None:
    product(shop, "Cheese", "98412345678908", unit="kg")

    scanned = resolve(shop.tenant_id, text)

    assert (scanned.kind, scanned.quantity, scanned.price) == (PRODUCT, Decimal(quantity), price)


@pytest.mark.parametrize(
    "text", ["(01)98412345678908(3103)000000", "(01)98412345678908(3920)0", "(01)98412345678908(37)0"]
)
def test_an_element_string_of_nothing_is_refused(shop: Shop, text: str) -> None:
    product(shop, "Cheese", "98412345678908", unit="kg")

    with pytest.raises(RuleViolationError, match="Cheese"):
        resolve(shop.tenant_id, text)


def test_an_unknown_element_string_offers_the_code_on_the_thing(shop: Shop) -> None:
    scanned = resolve(shop.tenant_id, f"(01)0{MILK}(10)A")

    assert (scanned.kind, scanned.code, scanned.batch) == (UNKNOWN, MILK, "A")


@pytest.mark.parametrize("stored", ["2012345", label("201234500000")])
def test_a_label_of_a_scale_says_item_and_weight(shop: Shop, stored: str) -> None:
    rule(shop, "20", "weight")
    cheese = product(shop, "Cheese", stored, unit="kg")

    scanned = resolve(shop.tenant_id, label("201234501234"))

    assert scanned.product
    assert (scanned.product.id, scanned.quantity) == (cheese, Decimal("1.234"))


def test_a_label_with_a_price_says_how_much_that_is(shop: Shop) -> None:
    rule(shop, "02", "price", value_digits=4, has_value_check=True)
    product(shop, "Cheese", "0212345", unit="kg", price=115_00)

    scanned = resolve(shop.tenant_id, label("021234592875"))

    assert (scanned.quantity, scanned.price) == (Decimal("0.25"), 28_75)


def test_a_label_with_a_price_of_a_product_without_one_is_refused(shop: Shop) -> None:
    rule(shop, "22", "price")
    product(shop, "Cheese", "2212345", unit="kg", price=0)

    with pytest.raises(RuleViolationError, match="Cheese has no price"):
        resolve(shop.tenant_id, label("221234501234"))


def test_a_label_with_a_count_says_how_many(shop: Shop) -> None:
    rule(shop, "23", "count")
    product(shop, "Buns", "2312345")

    assert resolve(shop.tenant_id, label("231234500012")).quantity == 12


def test_an_item_nobody_has_is_unknown_with_the_code_to_give_it(shop: Shop) -> None:
    rule(shop, "20", "weight")

    scanned = resolve(shop.tenant_id, label("201234501234"))

    assert (scanned.kind, scanned.code) == (UNKNOWN, label("201234500000"))


def test_exactly_a_code_goes_before_elements_and_those_before_rules_and_rules_before_receipts(shop: Shop) -> None:
    rule(shop, "20", "weight")
    cheese = product(shop, "Cheese", "2012345", unit="kg")
    code = label("201234501234")
    assert resolve(shop.tenant_id, code).quantity == Decimal("1.234")

    packed = product(shop, "Packed cheese", code)

    found = resolve(shop.tenant_id, code)
    assert found.product
    assert (found.product.id, found.quantity) == (packed, None)
    weighed = resolve(shop.tenant_id, label("201234500500")).product
    assert weighed
    assert weighed.id == cheese
    elements = f"010{MILK}10A"
    product(shop, "Milk", MILK)
    assert resolve(shop.tenant_id, elements).batch == "A"
    add_barcode(
        AddBarcode(op_id=new_id(), product_id=cheese, barcode=read_barcode(elements, "code128")),
        shop.act(),
    )
    exact = resolve(shop.tenant_id, elements)
    assert exact.product
    assert (exact.product.id, exact.batch) == (cheese, "")


@pytest.mark.parametrize("text", ["A-000001", "a-000001", " A-000001\r"])
def test_the_number_of_a_receipt_is_the_sale(shop: Shop, rival: Shop, text: str) -> None:
    sale = sell(shop, (add_product(shop, "Milk"), 1, 115_00))

    scanned = resolve(shop.tenant_id, text)

    assert (scanned.kind, scanned.sale_id, scanned.sale_number) == (SALE, sale, "A-000001")
    assert resolve(rival.tenant_id, text).kind == UNKNOWN


@pytest.mark.parametrize("text", ["5012345678901", "73513530", "036000291450", "98412345678900"])
def test_a_wrong_check_digit_is_said_and_nothing_is_guessed(shop: Shop, text: str) -> None:
    product(shop, "Milk", MILK)
    product(shop, "Tea", "73513537")

    scanned = resolve(shop.tenant_id, text)

    assert scanned.kind == UNKNOWN
    assert "should be" in scanned.trouble


def test_a_code_of_nobody_takes_two_queries_and_of_a_scale_four_at_most(app: Flask, shop: Shop) -> None:
    rule(shop, "20", "weight")
    with statements(app) as seen:
        resolve(shop.tenant_id, MILK)
    assert len(seen) == 2

    with statements(app) as seen:
        resolve(shop.tenant_id, label("201234501234"))
    assert len(seen) == 3


def test_no_text_breaks_it(shop: Shop) -> None:
    rule(shop, "20", "weight")

    kinds = {resolve(shop.tenant_id, text).kind for text in ALL}

    assert kinds == {UNKNOWN}


def test_a_gs1_label_of_the_shops_own_means_its_product_however_it_is_scanned(shop: Shop) -> None:
    crate = product(shop, "Milk, a crate")
    code = read_barcode("(01)15012345678907(10)AB12(37)12", "gs1_128")
    add_barcode(AddBarcode(op_id=new_id(), product_id=crate, barcode=code), shop.act())

    for scanned in ("]C1011501234567890710AB12\x1d3712", "(01)15012345678907(10)AB12(37)12"):
        found = resolve(shop.tenant_id, scanned)

        assert found.product
        assert found.product.id == crate
