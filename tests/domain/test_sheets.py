"""Lists as files: what we write into cells, and that others read it as it was meant."""

import csv
import datetime as dt
import io
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from ledger_web.domain import sheets
from ledger_web.domain.sheets import Row, amount_cell, plain_text, sheet_parts, text_cell

FORMULAS = [
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
]
HOSTILE = ["<b>&'\"", "a\r\nb", "\x00\x1f", "_x000D_", "مرحبا", "x" * 40_000, "\ufffe", "0042", " two  spaces "]


def written(ending: str, *rows: Row) -> bytes:
    return b"".join(sheet_parts(ending, rows))


def from_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", FORMULAS)
def test_b4_a_text_that_could_be_a_formula_gets_an_apostrophe_which_is_taken_away_again(text: str) -> None:
    assert text_cell(text) == f"'{text}"
    assert plain_text(text_cell(text)) == text


@pytest.mark.parametrize("text", ["", " ", "Milk", "a=1", "1-2", "مرحبا", "0.5", "'quoted'", "'"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert text_cell(text) == text
    assert plain_text(text) == text


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
    assert f"{amount_cell(amount, currency):f}" == written


def test_a_csv_file_says_what_it_is_written_in_and_keeps_every_cell() -> None:
    content = written("csv", ("Name", "=Day"), ("é,\n;", dt.date(2026, 1, 2)), ("=1", Decimal("-1E+3")), ("0042", None))

    assert content.startswith(b"\xef\xbb\xbfName,'=Day\r\n")
    assert from_csv(content)[1:] == [["é,\n;", "2026-01-02"], ["'=1", "-1000"], ["0042", ""]]


def test_a_workbook_keeps_texts_numbers_and_days_apart() -> None:
    content = written(
        "xlsx",
        ("Name", "Price", "Day", "Left"),
        ("0042", Decimal("-12.50"), dt.date(2026, 11, 21), 7),
        ("=1+1", Decimal("1.500"), None, Decimal("12345678901234567.89")),
    )

    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    header, first, second = sheet.iter_rows()
    assert [cell.value for cell in header] == ["Name", "Price", "Day", "Left"]
    assert header[0].font.b
    assert [str(cell.value) for cell in first] == ["0042", "-12.5", "2026-11-21 00:00:00", "7"]
    assert [cell.data_type for cell in first] == ["s", "n", "d", "n"]
    assert first[1].number_format == "#,##0.00"
    assert [cell.value for cell in second] == ["'=1+1", 1.5, None, "12345678901234567.89"]
    assert sheet.freeze_panes == "A2"


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_stands_in_a_text_the_workbook_can_be_opened(text: str) -> None:
    content = written("xlsx", ("Name",), (text,))

    found = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]["A2"].value
    shown = text.replace("\x00", "\ufffd").replace("\x1f", "\ufffd").replace("\ufffe", "\ufffd")
    assert unescape(found) == shown[: sheets.CELL_MAX]


def test_a_workbook_of_a_shop_that_reads_from_right_to_left_does_so_too() -> None:
    parts = sheet_parts("xlsx", [("نام",)], right_to_left=True)

    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(parts))).worksheets[0]
    assert sheet.sheet_view.rightToLeft


def test_what_does_not_fit_on_one_sheet_goes_on_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "SHEET_ROWS_MAX", 3)

    book = openpyxl.load_workbook(io.BytesIO(written("xlsx", *[(number,) for number in range(7)])))

    assert [[row[0] for row in sheet.values] for sheet in book] == [[0, 1, 2], [3, 4, 5], [6]]


def test_a_list_of_nothing_is_a_file_all_the_same() -> None:
    assert from_csv(written("csv")) == []
    assert openpyxl.load_workbook(io.BytesIO(written("xlsx"))).worksheets[0].max_row == 1


@pytest.mark.parametrize("ending", sheets.ENDINGS)
def test_a_long_list_is_given_on_while_it_is_read(ending: str) -> None:
    def rows() -> Iterator[Row]:
        for number in range(20_000):
            yield f"Product {number}", number, Decimal("12.50")

    tracemalloc.start()
    sizes = [len(part) for part in sheet_parts(ending, rows())]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(sizes) > 3
    assert peak < 2_000_000
