"""Workbooks of others: read as they are shown, refused when they are made to harm."""

import io
import time
import tracemalloc
import zipfile
from decimal import Decimal

import openpyxl
import pytest

from ledger_web.domain.sheets import Row, sheet_parts
from ledger_web.domain.workbooks import UnreadableWorkbookError, read_sheet

SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def saved(book: openpyxl.Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def made(sheet: str | bytes, **parts: str) -> bytes:
    """A workbook around a sheet, with further parts."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as book:
        names = '<sheets><sheet name="1" sheetId="1" r:id="rId1"/></sheets>'
        book.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{names}</workbook>')
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        book.writestr("xl/worksheets/sheet1.xml", sheet)
        for name, text in parts.items():
            book.writestr(name, text)
    return content.getvalue()


def rows_of(content: bytes) -> list[list[object]]:
    return [list(cells) for _, cells in read_sheet(content)]


def test_rows_are_read_with_their_numbers_and_gaps() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet["A1"], sheet["C1"] = "name", "price"
    sheet["A4"], sheet["C4"] = "Café <b> & چای", 0.1
    sheet["B4"] = True
    book.create_sheet("Other")["A1"] = "not this"

    assert list(read_sheet(saved(book))) == [
        (1, ["name", "", "price"]),
        (4, ["Café <b> & چای", "1", Decimal("0.1")]),
    ]


def test_a_hidden_sheet_is_passed_over_and_rich_text_is_its_text() -> None:
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = "hidden"
    book.worksheets[0].sheet_state = "hidden"
    book.create_sheet("Shown")["A1"] = "shown"
    texts = "<sst><si><r><t>Green </t></r><r><t>tea</t></r><rPh><t>spoken</t></rPh></si></sst>"
    cell = '<row r="1"><c r="A1" t="s"><v>0</v></c><c t="s"><v>7</v></c><c t="e"><v>#N/A</v></c></row>'

    assert rows_of(saved(book)) == [["shown"]]
    assert rows_of(made(SHEET.format(cell), **{"xl/sharedStrings.xml": texts})) == [["Green tea", "", "#N/A"]]


def test_what_we_write_we_read() -> None:
    rows: list[Row] = [("name", "price"), ("0042", Decimal("12.50")), ("a\r\n_x000D_", Decimal(-3)), ("", Decimal(1))]

    assert rows_of(b"".join(sheet_parts("xlsx", rows))) == [list(row) for row in rows]


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04",
        b"no zip at all",
        made(SHEET.format("<row><c><v>x</v></c></row>")),
        made(SHEET.format("<row><c><v>1e999999</v></c></row>")),
        made(SHEET.format('<row r="x"/>')),
        made("<worksheet><sheetData>"),
        made("\x00"),
        made(f'<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]>{SHEET.format("<row><c><v>&d;</v></c></row>")}'),
        made(SHEET.format("<row/>"))[:-30],
    ],
)
def test_what_is_no_workbook_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(UnreadableWorkbookError) as refusal:
        rows_of(content)

    assert refusal.value.message.endswith(".")


def test_i5_a_bomb_is_refused_at_once_and_in_little_memory() -> None:
    part = SHEET.partition("{}")[0].encode()
    zeros = io.BytesIO()
    with zipfile.ZipFile(zeros, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in (("xl/workbook.xml", "<a/>"), ("xl/_rels/workbook.xml.rels", "<a/>")):
            book.writestr(name, text)
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(part)
            for _ in range(100):
                sheet.write(b"<row/>" * 200_000)
    bombs = [
        zeros.getvalue(),
        made(part + b"<row><c><v>" + b"1" * 100_700_000),
        made(SHEET.format("<row/>"), **{"xl/sharedStrings.xml": "<sst>" + " " * 40_000_000 + "</sst>"}),
    ]
    tracemalloc.start()

    for bomb in bombs:
        began = time.monotonic()
        with pytest.raises(UnreadableWorkbookError):
            rows_of(bomb)
        assert time.monotonic() - began < 5

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_row_of_a_million_columns_keeps_a_few() -> None:
    cells = "".join(f'<c r="ZZ{n % 9 + 1}" t="str"><v>x</v></c>' for n in range(1000))

    assert rows_of(made(SHEET.format(f'<row r="1"><c r="A1" t="str"><v>name</v></c>{cells}</row>'))) == [["name"]]
