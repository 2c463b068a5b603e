"""Files of products: what is read, what is refused as a whole, and what row by row."""

import io
import json
import tracemalloc
from decimal import Decimal

import openpyxl
import pytest

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.product_columns import COLUMNS
from ledger_web.domain.product_files import (
    PROBLEMS_MAX,
    FileRow,
    ProductFile,
    UnreadableFileError,
    add_from_json,
    columns_as_json,
    columns_from_json,
    file_as_json,
    file_id,
    open_products,
    read_products,
    read_rows,
    records_as_json,
    records_from_json,
)
from ledger_web.domain.signs import Signs
from tests.bad_input import SENDABLE

GERMAN = Signs(decimal=",", group=".")


def read(text: str) -> ProductFile:
    return read_products(text.encode(), "PKR")


def reasons(text: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.reason) for problem in read(text).problems]


def test_every_column_is_read_in_any_order() -> None:
    file = read("cost,sku,name,tax_percent,barcode,price,quantity,unit\n60,C-1,Cola,17.5,5449000000996,120.50,12.5,l\n")

    row = file.rows[0]
    assert row.barcode is not None
    assert row == FileRow(
        line=2,
        name="Cola",
        barcode=row.barcode,
        sku="C-1",
        unit_price=120_50,
        unit="l",
        tax_percent=Decimal("17.5"),
        quantity=Decimal("12.5"),
        unit_cost=60_00,
    )
    assert (row.barcode.code, file.problems) == ("5449000000996", [])


@pytest.mark.parametrize(
    "header",
    [
        "Bezeichnung;EAN;Artikelnummer;Preis;Einheit;MwSt.;Bestand;Einkaufspreis",
        "NAME;Strichcode;Art.-Nr.;VK-Preis;Mengeneinheit;MwSt. (%);Menge;EK",
        "نام;بارکد;کد کالا;قیمت;واحد;مالیات;تعداد;قیمت خرید",
        "نام کالا;باركد;كد كالا;قيمت;واحد;درصد ماليات;موجودي;بهاي تمام‌شده",
        "Наименование;Штрихкод;Артикул;Цена;Ед. изм.;НДС;Количество;Себестоимость",
        "название;ШТРИХ-КОД;Код товара;Розничная цена;Единица;Ставка НДС, %;Остаток;Закупочная цена",
    ],
)
def test_columns_are_read_under_the_names_that_a_shop_gives_them_in_its_language(header: str) -> None:
    file = read(f"{header}\nCola;5449000000996;C-1;120.50;l;17.5;12.5;60\n")

    assert (file.ignored_columns, file.problems) == ([], [])
    [row] = file.rows
    assert row.barcode is not None
    assert (row.name, row.barcode.code, row.sku, row.unit_price) == ("Cola", "5449000000996", "C-1", 120_50)
    assert (row.unit, row.tax_percent, row.quantity) == ("l", Decimal("17.5"), Decimal("12.5"))
    assert row.unit_cost == 60_00


def test_only_the_name_is_needed() -> None:
    assert read("name\nCola\n").rows == [FileRow(line=2, name="Cola")]


def test_zeros_in_front_of_a_code_are_kept_and_a_upc_gets_its_own() -> None:
    file = read("barcode,name\n0200030058600,Marshmallow\n036000291452,Tissue\n")

    assert [row.barcode.code for row in file.rows if row.barcode] == ["0200030058600", "0036000291452"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_any_separator_line_end_and_byte_order_mark_will_do(separator: str, ending: str, mark: str) -> None:
    text = mark + ending.join([separator.join(["Name", "PRICE "]), separator.join(["Cola", "1"]), ""])

    assert read(text).rows == [FileRow(line=2, name="Cola", unit_price=1_00)]


def test_a_name_over_several_lines_is_one_and_the_lines_behind_it_keep_their_numbers() -> None:
    file = read('name,price\n"Cola\nLight",1\n\n"Say ""water""",x\n')

    assert file.rows == [FileRow(line=2, name="Cola Light", unit_price=1_00)]
    assert [problem.line for problem in file.problems] == [5]


def test_numbers_are_read_in_the_signs_of_the_shop() -> None:
    file = read_products(b"name;price\nCola;1.234,50\nWater;1,234.50\n", "EUR", GERMAN)

    assert [row.unit_price for row in file.rows] == [1234_50]
    assert "“price”: " in file.problems[0].reason


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",5449000000996", "“name”: Every product needs a name."),
        ("  ,,1", "“name”: Every product needs a name."),
        ("Cola,5449000000997", "The last digit of 5449000000997 should be 6"),
        ("Cola,123", "A barcode of 3 digits"),
        ("Cola,5.449E+12", "took this code for a number"),
        ("Cola,5449 0000", "without spaces"),
        ("x" * 301, "at most 300 characters; this has 301"),
        ("a\x07b", "control characters"),
        ("Cola,,1,2,3,4,5,6,7", "This row has 9 cells, but the header names 7."),
        ("Cola,,-1", "“price”: This is below zero"),
        ("Cola,,1e5", "“price”: "),
        ("Cola,,NaN", "“price”: "),
        ("Cola,,1.005", "“price”: "),
        ("Cola,," + "9" * 30, "“price”: "),
        ("Cola,,,-1", "“quantity”: A product cannot begin with less than nothing"),
        ("Cola,,,1.0000001", "“quantity”: "),
        ("Cola,,,,101", "“tax_percent”: A percentage lies between 0 and 100."),
        ("Cola,,,,,A\u200bB", "“sku”: There are invisible characters"),
        ("Cola,,,," + ",," + "x" * 21, "“unit”: A unit has at most 20 characters"),
    ],
)
def test_a_row_is_refused_with_its_reason(row: str, reason: str | None) -> None:
    found = reasons(f"name,barcode,price,quantity,tax_percent,sku,unit\n{row}\n")

    if reason is None:
        assert found == []  # what a spreadsheet made of a code is a code, if not the one that was meant
    else:
        assert len(found) == 1
        assert found[0][0] == 2
        assert reason in found[0][1]


def test_everything_wrong_with_a_row_is_said_at_once() -> None:
    [(_, reason)] = reasons("name,price,quantity\n,x,y\n")

    assert reason.count(": ") >= 3


def test_a_quantity_that_costs_more_than_books_hold_is_refused() -> None:
    [(line, reason)] = reasons("name,quantity,cost\nCola,999999999,9999999999999\n")

    assert (line, "“cost”: " in reason) == (2, True)


def test_columns_that_mean_nothing_are_named() -> None:
    assert read("name,colour,\nCola,red,\n").ignored_columns == ["colour", "column 3"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "This file is empty"),
        (b" \r\n\r\n", "This file is empty"),
        (b"\xef\xbb\xbf", "must name the columns"),
        ("name\nCola\n".encode("utf-16-le"), "NUL characters"),
        (b"name\nCaf\xe9\n", "Line 2 is not in UTF-8, perhaps in Latin-1"),
        (b"name\nCo\0la\n", "NUL characters"),
        (b"PK\x03\x04 and so on", "This workbook cannot be read"),
        (b"\xd0\xcf\x11\xe0 and so on", "an old or locked workbook"),
        (b"barcode,price\n1,2\n", "one of them must be called name"),
        (b"name,Price,unit price\nCola,1,2\n", "The columns “Price” and “unit price” mean the same"),
        ("Наименование,Цена,Price\nCola,1,2\n".encode(), "The columns “Цена” and “Price” mean the same"),
        (b"name\n", "no products in this file"),
        (b'name\n"Cola\n', "Line 2 is not CSV: a quotation mark is opened"),
        (b'name\n"Co"la\n', "a quotation mark in the middle of a cell"),
        (b"name\n" + b"x" * 70_000 + b"\n", "has more than 65,536 characters"),
        (b'name\n"' + b"x\n" * 100_000, "Is a quotation mark missing?"),
        (b"," * 60 + b"name\n", "61 columns"),
        (b"name\n" + b"x\n" * 50_001, "more than 50,000 rows"),
        (b"\x89PNG\r\n\x1a\n\0", "NUL characters"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableFileError) as refusal:
        read_products(content, "PKR")

    assert sentence in refusal.value.message


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_marked_utf_16_is_read(encoding: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"

    file = read_products(f"{mark}name;price\r\nCafé چای;1.50\r\n".encode(encoding), "PKR")

    assert file.rows == [FileRow(line=2, name="Café چای", unit_price=1_50)]


def test_what_an_export_keeps_from_computing_is_read_as_it_was() -> None:
    assert [row.name for row in read("name\n'=1+1\n'quoted\n-5\n").rows] == ["=1+1", "'quoted", "-5"]


def test_a_workbook_is_read_with_its_zeros_and_numbers_in_any_language() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["name", "barcode", "sku", "price", "tax", "quantity"])
    sheet.append(["Cola", "0012345678905", "0042", 1234.5, 0.15, 2])
    sheet.append(["Tea", 5449000000996, 42, "9,50", 15, 1.25])
    sheet["E2"].number_format = "0%"
    sheet["C3"].number_format = "00000"
    content = io.BytesIO()
    book.save(content)

    file = read_products(content.getvalue(), "EUR", GERMAN)

    assert file.problems == []
    cola, tea = file.rows
    assert (cola.barcode, cola.sku, cola.unit_price) == (read_barcode("0012345678905"), "0042", 1234_50)
    assert (cola.tax_percent, cola.quantity) == (Decimal(15), Decimal(2))
    assert (tea.barcode, tea.sku, tea.unit_price) == (read_barcode("5449000000996"), "00042", 9_50)
    assert tea.quantity == Decimal("1.25")


@pytest.mark.parametrize("code", ["5.90123E+12", "5,90123E+12", "6e+12", "5901234123457.0"])
@pytest.mark.parametrize("column", ["barcode", "sku"])
def test_a_code_that_a_spreadsheet_took_for_a_number_is_refused(column: str, code: str) -> None:
    file = read(f'name;{column}\nCola;"{code}"\n')

    assert file.rows == []
    assert f"took this code for a number, and digits of it may be lost: {code}" in file.problems[0].reason


def test_a_formula_without_a_result_is_no_empty_cell_and_no_name() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["name", "price"])
    sheet.append(["Cola", "=1+2"])  # as written by a program that computes nothing
    sheet.append(["#REF!", 5])
    sheet.append(["Tea", 5])
    content = io.BytesIO()
    book.save(content)

    file = read_products(content.getvalue(), "PKR")

    assert [row.name for row in file.rows] == ["Tea"]
    assert [problem.line for problem in file.problems] == [2, 3]
    assert "has no result here (#VALUE!)" in file.problems[0].reason
    assert "has no result here (#REF!)" in file.problems[1].reason


def test_what_is_kept_between_two_steps_is_what_was_read() -> None:
    columns, records = open_products(b"name,barcode,price,quantity\nCola,5449000000996,1.50,2\nTea,,x,\n")
    kept = records_from_json(json.loads(records_as_json([*records, (4, ["Salt", "", Decimal("1.5"), Decimal(3)])])))
    file, again = ProductFile(), ProductFile()
    read_rows(file, kept, columns_from_json(json.loads(json.dumps(columns_as_json(columns)))), "PKR")

    add_from_json(again, *map(json.loads, file_as_json(file)))

    assert again == file
    assert [row.name for row in again.rows] == ["Cola", "Salt"]
    assert again.problems_count == 1


def test_rows_of_nothing_but_separators_are_passed_over() -> None:
    assert read("name,price\n,\n \nCola,1\n").rows == [FileRow(line=4, name="Cola", unit_price=1_00)]


def test_a_row_of_ten_million_cells_is_refused_without_taking_the_memory() -> None:
    content = b"name\n" + b"," * 10_000_000
    tracemalloc.start()

    with pytest.raises(UnreadableFileError):
        read_products(content, "PKR")

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * 1024 * 1024


def test_all_problems_are_counted_and_the_first_are_kept() -> None:
    file = read("name,price\n" + "Cola,x\n" * (PROBLEMS_MAX + 5))

    assert (len(file.problems), file.problems_count) == (PROBLEMS_MAX, PROBLEMS_MAX + 5)


def test_the_same_content_has_the_same_id() -> None:
    assert file_id(b"name\nCola\n") == file_id(b"name\nCola\n")
    assert file_id(b"name\nCola\n") != file_id(b"name\nCola")


@pytest.mark.parametrize("column", list(COLUMNS))
def test_nothing_in_a_cell_breaks_the_reading(column: str) -> None:
    for text in SENDABLE:
        cell = text.replace('"', '""')
        try:
            file = read(f'{column}\n"{cell}"\n' if column == "name" else f'name,{column}\nCola,"{cell}"\n')
        except UnreadableFileError:
            continue
        assert len(file.rows) + file.problems_count == 1, repr(text[:40])
