"""Codes of a scale: item, weight, price or count, and the rules that read them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.measures import (
    KINDS,
    PREFIXES,
    MeasureRule,
    check_rule,
    quantity_of_price,
    quantity_of_weight,
    read_measure,
    value_check_digit,
)
from tests.bad_input import ALL

WEIGHT = MeasureRule(
    id=new_id(), prefix="20", item_digits=5, value_digits=5, decimals=3, kind="weight", has_value_check=False
)
PRICE = replace(WEIGHT, prefix="02", value_digits=4, decimals=2, kind="price", has_value_check=True)


def test_a_weight_is_read() -> None:
    measured = read_measure(WEIGHT, "2012345012349")

    assert measured
    assert (measured.item, measured.value) == ("12345", Decimal("1.234"))
    assert measured.codes == ("2012345000001", "2012345")


def test_a_price_with_its_check_digit_is_read() -> None:
    measured = read_measure(PRICE, "0212345928752")

    assert measured
    assert (measured.item, measured.value) == ("12345", Decimal("28.75"))


def test_prefix_and_item_that_look_like_an_ean_8_are_not_looked_up() -> None:
    measured = read_measure(replace(WEIGHT, item_digits=6, value_digits=4), "2012345612341")

    assert measured
    assert measured.codes == ("2012345600003",)


@pytest.mark.parametrize("code", ["2212345012347", "201234501234", "20123450123456", "20123450١2343", "", "abc"])
def test_other_codes_are_not_the_rules(code: str) -> None:
    assert read_measure(WEIGHT, code) is None


@pytest.mark.parametrize("text", ALL)
def test_hostile_text_is_not_the_rules(text: str) -> None:
    assert read_measure(WEIGHT, text) is None


@pytest.mark.parametrize(
    ("rule", "code"), [(WEIGHT, "2012345012340"), (PRICE, "0212345828755"), (PRICE, "0212345128756")]
)
def test_a_wrong_check_digit_is_refused_and_not_corrected(rule: MeasureRule, code: str) -> None:
    with pytest.raises(RuleViolationError, match=r"misread"):
        read_measure(rule, code)


@pytest.mark.parametrize(("value", "digit"), [("2875", "9"), ("14685", "6"), ("0000", "0"), ("00000", "0")])
def test_the_check_digit_of_a_value_is_that_of_gs1(value: str, digit: str) -> None:
    assert value_check_digit(value) == digit


@pytest.mark.parametrize("value", ["2875", "14685", "9999", "90909"])
def test_every_single_wrong_digit_changes_the_check_digit(value: str) -> None:
    for at, digit in enumerate(value):
        for other in set("0123456789") - {digit}:
            assert value_check_digit(value[:at] + other + value[at + 1 :]) != value_check_digit(value)


@pytest.mark.parametrize(
    ("price", "unit_price", "quantity"),
    [
        (28_75, 115_00, "0.25"),
        (1, 3, "0.333333"),
        (12_34, 5_55, "2.223423"),
        (150_00, 240_000, "0.0625"),
    ],
)
def test_a_price_says_how_much_it_is(price: int, unit_price: int, quantity: str) -> None:
    assert quantity_of_price(price, unit_price, "Cheese") == Decimal(quantity)


@pytest.mark.parametrize(("price", "unit_price"), [(0, 115_00), (-1, 115_00), (28_75, 0), (1, 10**15)])
def test_nothing_is_divided_by_nothing(price: int, unit_price: int) -> None:
    with pytest.raises(RuleViolationError, match="Cheese"):
        quantity_of_price(price, unit_price, "Cheese")


@pytest.mark.parametrize(
    ("kilograms", "unit", "quantity"),
    [("1.234", "kg", "1.234"), ("1.234", "KG", "1.234"), ("1.234", "g", "1234"), ("0.45359237", "lb", "1"),
     ("1.5", "کیلو", "1.5"), ("250", "t", "0.25")],
)  # fmt: skip
def test_a_weight_is_said_in_the_products_unit(kilograms: str, unit: str, quantity: str) -> None:
    assert quantity_of_weight(Decimal(kilograms), unit, "Cheese") == Decimal(quantity)


@pytest.mark.parametrize(("kilograms", "unit"), [("0", "kg"), ("1.234", "pcs"), ("0.0000001", "kg")])
def test_pieces_and_nothing_have_no_weight(kilograms: str, unit: str) -> None:
    with pytest.raises(RuleViolationError, match="Cheese"):
        quantity_of_weight(Decimal(kilograms), unit, "Cheese")


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_prefix_of_a_scale_may_be_any_kind(prefix: str, kind: str) -> None:
    check_rule(replace(WEIGHT, prefix=prefix, kind=kind, decimals=0), [], 2)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (replace(WEIGHT, prefix="21"), "the shop's own"),
        (replace(WEIGHT, prefix="50"), "begin with 02"),
        (replace(WEIGHT, prefix=""), "begin with 02"),
        (replace(WEIGHT, kind="size"), "a weight, a price or a count"),
        (replace(WEIGHT, item_digits=6), "These are 11"),
        (replace(WEIGHT, has_value_check=True), "9 with a check digit"),
        (replace(WEIGHT, item_digits=1, value_digits=9), "2 to 7 digits"),
        (replace(WEIGHT, item_digits=7, value_digits=2, has_value_check=True), "2 to 7 digits"),
        (replace(WEIGHT, item_digits=6, value_digits=3, has_value_check=True), "4 or 5 digits"),
        (replace(WEIGHT, decimals=6), "0 to 5 decimals"),
        (replace(WEIGHT, decimals=-1), "0 to 5 decimals"),
        (replace(WEIGHT, kind="count"), "without decimals"),
        (replace(WEIGHT, kind="price"), "Prices of this shop have 2 decimals"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(rule: MeasureRule, reason: str) -> None:
    with pytest.raises(RuleViolationError, match=reason):
        check_rule(rule, [PRICE], 2)


def test_a_prefix_that_another_rule_reads_is_refused() -> None:
    with pytest.raises(RuleViolationError, match="Another rule reads the codes that begin with 02"):
        check_rule(replace(WEIGHT, prefix="02"), [PRICE], 2)


def test_there_is_room_for_every_prefix() -> None:
    others = [replace(WEIGHT, prefix=prefix) for prefix in PREFIXES if prefix != "29"]

    check_rule(replace(WEIGHT, prefix="29"), others, 2)
