"""What the columns of a file of products may be called."""

import pytest

from ledger_web.domain.languages import LANGUAGES, gettext_in, speaking
from ledger_web.domain.product_columns import COLUMNS, column_called, titles_of


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_column_is_known_by_what_our_pages_call_it_whatever_language_is_spoken(language: str) -> None:
    labels = ("Name", "Barcode", "SKU", "Price", "Unit", "Tax", "Quantity", "Cost")
    with speaking("ru"):
        known = [column_called(gettext_in(language, label)) for label in labels]

    assert known == list(COLUMNS)


@pytest.mark.parametrize("column", COLUMNS)
def test_no_name_means_another_column_as_well(column: str) -> None:
    assert {column_called(title) for title in titles_of(column)} == {column}


@pytest.mark.parametrize(
    ("title", "column"),
    [
        (" PRICE\u00a0", "price"),
        ("unit_price", "price"),
        ("Tax %", "tax_percent"),
        ("STÜCKPREIS", "price"),
        ("قيمت", "price"),  # as an Arabic keyboard writes it
        ("بهای تمام‌شده", "cost"),
        ("بهای تمامشده", "cost"),  # without the joiner
        ("اسم جنس", "name"),
        ("ШТРИХКОД", "barcode"),
        ("Цена (руб)", "price"),
        ("Кол-во", "quantity"),
        ("colour", None),
        ("", None),
        ("%", None),
    ],
)
def test_case_signs_and_keyboards_do_not_matter(title: str, column: str | None) -> None:
    assert column_called(title) == column
