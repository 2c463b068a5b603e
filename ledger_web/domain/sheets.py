"""Lists as files, CSV and XLSX from the same rows: inert where they are text, numbers where they are numbers.

Rows are taken one by one and given on as bytes, so that a list of any length needs little memory.
"""

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain, islice
from string import ascii_uppercase
from typing import Final
from xml.sax.saxutils import escape

from ledger_web.domain.currencies import exponent

Cell = str | int | Decimal | dt.date | None  # a str is text whatever is in it; None is an empty cell
Row = Sequence[Cell]

ENDINGS: Final = ("csv", "xlsx")
SHEET_ROWS_MAX: Final = 1_048_576  # of one sheet of a workbook; what is more goes on on the next
CELL_MAX: Final = 32_767  # characters, as spreadsheet programs say
_DIGITS_EXACT: Final = 15  # of a number in a workbook; one with more is written as text
_PART: Final = 1 << 16  # bytes that are given on at once, about
BYTE_ORDER_MARK: Final = "\ufeff"  # without it a spreadsheet program takes UTF-8 for something else
_DAY_ZERO: Final = dt.date(1899, 12, 30)

# A spreadsheet takes a cell that begins so for a formula, also behind spaces and quotes. PostgreSQL reads this, too.
FORMULA: Final = "^[ \u00a0\u3000\"'\n]*[=+@\t\r＝＋－＠-]"
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_READ_AS_AN_ESCAPE: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


def text_cell(text: str) -> str:
    """Return a text that no spreadsheet computes: an apostrophe stands before what could begin a formula.

    Source: promises B4.
    """
    return f"'{text}" if re.match(FORMULA, text) else text


def plain_text(cell: str) -> str:
    """Return what a text was before `text_cell` wrote it."""
    rest = cell.removeprefix("'")
    return rest if rest != cell and text_cell(rest) == cell else cell


def amount_cell(amount: int, currency: str) -> Decimal:
    """Return minor units as a number that every program reads, with all the decimals of its currency."""
    return Decimal(amount).scaleb(-exponent(currency))


def quantity_cell(quantity: Decimal | int) -> Decimal:
    """Return a quantity as a number without zeros at its end."""
    return Decimal(f"{Decimal(quantity).normalize():f}")


def sheet_parts(ending: str, rows: Iterable[Row], *, right_to_left: bool = False) -> Iterator[bytes]:
    """Write a list as a file, the header its first row.

    Args:
        ending: One of ENDINGS.
        right_to_left: The first column of a workbook stands on the right.
    """
    return _xlsx_parts(rows, right_to_left) if ending == "xlsx" else _csv_parts(rows)


def _csv_parts(rows: Iterable[Row]) -> Iterator[bytes]:
    written = io.StringIO()
    written.write(BYTE_ORDER_MARK)
    writer = csv.writer(written)
    for row in rows:
        writer.writerow([_csv_cell(cell) for cell in row])
        if written.tell() >= _PART:
            yield written.getvalue().encode()
            written.seek(0)
            written.truncate()
    yield written.getvalue().encode()


def _csv_cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return text_cell(cell)
    return "" if cell is None else f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


# Workbooks. The parts and their names: ECMA-376, Office Open XML.

_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"

# Styles by their place in the list: general, header, text, day, and numbers with two and three decimals.
_HEADER, _TEXT, _DAY = 1, 2, 3
_DECIMALS: Final = {-2: 4, -3: 5}
_STYLES: Final = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="#,##0.000"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="6">'
    '<xf/><xf numFmtId="49" fontId="1" applyFont="1" applyNumberFormat="1"/>'
    + "".join(f'<xf numFmtId="{number}" applyNumberFormat="1"/>' for number in (49, 164, 4, 165))
    + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


class _Pipe(io.RawIOBase):
    """Where a zip file is written to that is given on while it grows."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, part: object) -> int:
        written = bytes(part)  # type: ignore[call-overload]  # any buffer
        self._parts.append(written)
        self.size += len(written)
        return len(written)

    def take(self) -> bytes:
        taken, self._parts, self.size = b"".join(self._parts), [], 0
        return taken


def _xlsx_parts(rows: Iterable[Row], right_to_left: bool) -> Iterator[bytes]:
    pipe = _Pipe()
    rest = iter(rows)
    first: Row | None = next(rest, ())
    sheets = 0
    with zipfile.ZipFile(pipe, "w") as book:
        while first is not None:
            sheets += 1
            with book.open(_part(f"xl/worksheets/sheet{sheets}.xml"), "w", force_zip64=True) as sheet:
                sheet.write(_sheet_head(right_to_left))
                for number, row in enumerate(chain([first], islice(rest, SHEET_ROWS_MAX - 1)), start=1):
                    sheet.write(_xlsx_row(number, row, _HEADER if sheets == number == 1 else _TEXT).encode())
                    if pipe.size >= _PART:
                        yield pipe.take()
                sheet.write(b"</sheetData></worksheet>")
            first = next(rest, None)
        for name, text in _around(sheets).items():
            book.writestr(_part(name), text)
    yield pipe.take()


def _part(name: str) -> zipfile.ZipInfo:
    """Name a part of a workbook, compressed; without a time, so that the same list is the same file."""
    part = zipfile.ZipInfo(name)
    part.compress_type = zipfile.ZIP_DEFLATED
    return part


def _sheet_head(right_to_left: bool) -> bytes:
    direction = ' rightToLeft="1"' if right_to_left else ""
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView{direction} workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        '<sheetFormatPr defaultRowHeight="15" defaultColWidth="16"/><sheetData>'
    ).encode()


def _xlsx_row(number: int, row: Row, text_style: int) -> str:
    cells = "".join(_xlsx_cell(f"{_column(at)}{number}", cell, text_style) for at, cell in enumerate(row))
    return f'<row r="{number}">{cells}</row>'


def _xlsx_cell(place: str, cell: Cell, text_style: int) -> str:
    if cell is None or cell == "":
        return ""
    if isinstance(cell, dt.date):
        return f'<c r="{place}" s="{_DAY}"><v>{(cell - _DAY_ZERO).days}</v></c>'
    if not isinstance(cell, str):
        number = Decimal(cell)
        if len(number.as_tuple().digits) <= _DIGITS_EXACT:
            return f'<c r="{place}" s="{_DECIMALS.get(int(number.as_tuple().exponent), 0)}"><v>{number:f}</v></c>'
        return _xlsx_text(place, f"{number:f}", _TEXT)
    return _xlsx_text(place, text_cell(cell), text_style)


def _xlsx_text(place: str, text: str, style: int) -> str:
    shown = _READ_AS_AN_ESCAPE.sub("_x005F_", _NOT_IN_XML.sub("\ufffd", text[:CELL_MAX]))
    inside = escape(shown, {"\r": "&#13;"})
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{inside}</t></is></c>'


def _column(at: int) -> str:
    """Return the letters of a column: 0 is A, 26 is AA."""
    return ascii_uppercase[at] if at < 26 else _column(at // 26 - 1) + ascii_uppercase[at % 26]


def _around(sheets: int) -> dict[str, str]:
    """Write what a workbook has besides its sheets."""
    numbers = range(1, sheets + 1)
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{each}.xml" ContentType="{_KIND}.worksheet+xml"/>' for each in numbers
    )
    names = "".join(f'<sheet name="{each}" sheetId="{each}" r:id="rId{each}"/>' for each in numbers)
    relations = "".join(_relation(each, "worksheet", f"worksheets/sheet{each}.xml") for each in numbers)
    return {
        "xl/styles.xml": _STYLES,
        "xl/workbook.xml": (
            f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{names}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": _relations(relations + _relation(sheets + 1, "styles", "styles.xml")),
        "_rels/.rels": _relations(_relation(1, "officeDocument", "xl/workbook.xml")),
        "[Content_Types].xml": (
            f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>{types}</Types>'
        ),
    }


def _relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'


def _relations(relations: str) -> str:
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>'
