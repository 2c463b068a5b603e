"""What we write into the cells of a file."""

import pytest

from ledger_web.domain.spreadsheets import amount_cell, text_cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        " =1",
        '"=1',
        "'=1",
        "\u00a0=1",
        "\n@x",
        "＝1",
        "＋1",
        "－1",
        "＠x",
    ],
)
def test_b4_a_text_that_could_be_a_formula_gets_an_apostrophe(text: str) -> None:
    assert text_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", " ", "Milk", "a=1", "1-2", "مرحبا", "0.5"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert text_cell(text) == text


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (123_456, "PKR", "1234.56"),
        (-5, "PKR", "-0.05"),
        (0, "PKR", "0.00"),
        (1_234, "JPY", "1234"),
        (-1_500, "KWD", "-1.500"),
        (10**15 - 1, "USD", "9999999999999.99"),
    ],
)
def test_b4_an_amount_stays_a_number(amount: int, currency: str, written: str) -> None:
    assert amount_cell(amount, currency) == written
