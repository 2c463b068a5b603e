import time
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_web.domain.errors import InvalidNumberError, InvalidQuantityError
from ledger_web.domain.numbers import parse_number, parse_percent, parse_quantity, parse_rate, round_half_up
from ledger_web.domain.signs import ENGLISH, Signs, signs_of, write_number, write_whole

LOCALES = ["en", "en_PK", "en-IN", "ur", "ar", "ar_EG", "fa", "de", "de_CH", "fr", "pl", "sv", "hi", "ja", "ps", "he"]


@pytest.mark.parametrize(
    ("locale", "signs"),
    [
        ("en", Signs(".", ",")),
        ("de", Signs(",", ".")),
        ("fr", Signs(",", "\u202f")),
        ("de-CH", Signs(".", "’")),
        ("en_IN", Signs(".", ",", lakh=True)),
        ("ar_EG", Signs(".", ",")),
    ],
)
def test_a_locale_has_its_signs(locale: str, signs: Signs) -> None:
    assert signs_of(locale) == signs


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("1", "1"),
        ("0.250", "0.250"),
        ("0.000001", "0.000001"),
        ("-2", "-2"),
        ("\u22122", "-2"),
        ("999,999,999.999999", "999999999.999999"),
        ("٢٫٥", "2.5"),
        ("۲٫۵", "2.5"),
        ("２．５", "2.5"),
        ("000000000000012", "12"),
    ],
)
def test_a_quantity_is_read_exactly(text: str, quantity: str) -> None:
    assert parse_quantity(text) == Decimal(quantity)


@pytest.mark.parametrize("text", ["0.0000001", "1000000000", "1.5 kg", "1e3", "NaN", "", "1/2", "½", "²"])
def test_what_is_not_a_quantity_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuantityError) as refused:
        parse_quantity(text)

    assert "a quantity" in refused.value.message


def test_there_is_no_minus_zero() -> None:
    assert str(parse_quantity("-0")) == "0"
    assert str(parse_quantity("-0.00")) == "0.00"


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("0", "0"),
        ("17.5", "17.5"),
        ("17.5%", "17.5"),
        ("17.5 %", "17.5"),
        ("100", "100"),
        ("٥٪", "5"),
        ("0.125", "0.125"),
    ],
)
def test_a_percentage_may_have_its_sign(text: str, percent: str) -> None:
    assert parse_percent(text) == Decimal(percent)


@pytest.mark.parametrize("text", ["100.001", "-1", "5%%", "%", "0.1234", "1000", "five", ""])
def test_a_percentage_lies_between_0_and_100_with_three_decimals(text: str) -> None:
    with pytest.raises(InvalidNumberError):
        parse_percent(text)


def test_a_rate_is_above_zero_and_fits_its_column() -> None:
    assert parse_rate("281.5") == Decimal("281.5")
    assert parse_rate("9999999999.9999999999") == Decimal("9999999999.9999999999")
    for text in ("0", "-1", "0.00000000001", "10000000000", "Infinity"):
        with pytest.raises(InvalidNumberError):
            parse_rate(text)


def test_the_sentence_shows_how_this_shop_writes_numbers() -> None:
    with pytest.raises(InvalidNumberError, match=r"like 1\.234,50"):
        parse_number("x", signs_of("de"), digits=9, decimals=2, noun="an amount")
    with pytest.raises(InvalidNumberError, match="like 1,234: digits, nothing else"):
        parse_number("x", ENGLISH, digits=9, decimals=0, noun="a whole number")


@pytest.mark.parametrize("locale", LOCALES)
@settings(max_examples=100, deadline=None)
@given(value=st.decimals(min_value=-(10**8), max_value=10**8, places=6))
def test_what_is_written_reads_back_in_every_locale(locale: str, value: Decimal) -> None:
    signs = signs_of(locale)

    assert parse_quantity(write_number(value, signs), signs) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("2.000000", "2"),
        ("0.250000", "0.25"),
        ("1E+3", "1,000"),
        ("-1234.5", "-1,234.5"),
        ("0", "0"),
        ("1234567890123456789.1234567890", "1,234,567,890,123,456,789.123456789"),
    ],
)
def test_a_number_is_written_without_zeros_at_its_end(value: str, written: str) -> None:
    assert write_number(Decimal(value)) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (1000, "1,000"),
        (100000, "1,00,000"),
        (12345678, "1,23,45,678"),
        (1000005, "10,00,005"),
    ],
)
def test_india_writes_lakhs(value: int, written: str) -> None:
    assert write_whole(value, signs_of("en_IN")) == written


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        ("0.5", 1),
        ("1.5", 2),
        ("2.5", 3),
        ("-0.5", -1),
        ("-2.5", -3),
        ("2.4999999999999999999999999999999", 2),
        ("-0.4", 0),
        ("123456789012345678901234567890.5", 123456789012345678901234567891),
    ],
)
def test_a_half_goes_away_from_zero(value: str, rounded: int) -> None:
    assert round_half_up(Decimal(value)) == rounded
    assert round_half_up(Fraction(value)) == rounded


@pytest.mark.parametrize(
    "text", ["1" * 100_000, "1," * 50_000, " " * 100_000, "٣" * 100_000, "-" * 100_000, "%" * 100_000]
)
def test_a_hundred_thousand_characters_are_refused_at_once(text: str) -> None:
    started = time.perf_counter()

    for parse in (parse_quantity, parse_percent, parse_rate):
        with pytest.raises(InvalidNumberError):
            parse(text)

    assert time.perf_counter() - started < 0.05
