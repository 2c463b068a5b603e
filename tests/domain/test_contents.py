"""What a name says about how much is in it."""

import time
from fractions import Fraction

import pytest

from ledger_web.domain.contents import Content, price_per_unit, read_content


@pytest.mark.parametrize(
    ("name", "amount", "unit"),
    [
        ("Rice 5 kg", Fraction(5), "kg"),
        ("Rice 5kg", Fraction(5), "kg"),
        ("Butter 250 g", Fraction(1, 4), "kg"),
        ("Milk 1,5 l", Fraction(3, 2), "l"),
        ("Cola 6 x 330 ml", Fraction(198, 100), "l"),
        ("Cola 6×0.33 L", Fraction(198, 100), "l"),
        ("Juice 75 cl, with 10 g of sugar", Fraction(1, 100), "kg"),
        ("شیر ۱ لیتری", Fraction(1), "l"),
        ("چای ۵۰۰ گرم", Fraction(1, 2), "kg"),
    ],
)
def test_the_last_measure_of_a_name_is_what_is_in_it(name: str, amount: Fraction, unit: str) -> None:
    assert read_content(name) == Content(amount, unit)


@pytest.mark.parametrize("name", ["Milk", "5 things", "Bulb 60 W", "Gum 5gum", "A4 paper", "0 kg", "Sand 99999 kg", ""])
def test_a_name_without_a_measure_says_nothing(name: str) -> None:
    assert read_content(name) is None


def test_a_price_per_kilogram_is_rounded_half_up() -> None:
    assert price_per_unit(1_00, Content(Fraction(3), "kg")) == 33
    assert price_per_unit(55_00, Content(Fraction(1, 4), "kg")) == 220_00


@pytest.mark.parametrize("name", ["1" * 100_000, "1 x " * 25_000, "1," * 50_000, "g" * 100_000, "1 x 1.1 " * 10_000])
def test_a_hostile_name_takes_no_time(name: str) -> None:
    start = time.perf_counter()
    read_content(name)

    assert time.perf_counter() - start < 0.05
