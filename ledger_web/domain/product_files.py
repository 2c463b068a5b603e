"""CSV and XLSX files of products: bytes in, checked rows and the reasons against the others out.

A file is refused as a whole when it cannot be read as what it says it is; a row is refused by itself, with its line.
Nothing is guessed: no encoding but UTF-8 and marked UTF-16, no number that the shop's locale would not write, no lost
leading zero.
"""

import csv
import hashlib
import io
import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, TypeVar

from ledger_web.domain.barcodes import Barcode, read_barcode
from ledger_web.domain.errors import InvalidAmountError, InvalidBarcodeError, InvalidQuantityError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.money import multiply, parse_amount
from ledger_web.domain.numbers import parse_percent, parse_quantity
from ledger_web.domain.product_columns import COLUMNS, column_called
from ledger_web.domain.products import NAME_MAX, UNIT_MAX, read_line, read_sku
from ledger_web.domain.sheets import plain_text
from ledger_web.domain.signs import ENGLISH, Signs, write_number
from ledger_web.domain.workbooks import NO_RESULT, UnreadableWorkbookError, Value, read_sheet

ROWS_MAX: Final = 50_000
LINE_MAX: Final = 64 * 1024  # characters between two line ends
CELL_MAX: Final = 10_000  # characters
COLUMNS_MAX: Final = 50
PROBLEMS_MAX: Final = 1_000  # the first ones are told; all are counted

_NUMBERS: Final = frozenset({"price", "tax_percent", "quantity", "cost"})
_CODES: Final = frozenset({"barcode", "sku"})
_SEPARATORS: Final = ",;\t|"
# What spreadsheets make of a long code that they took for a number, and what they write where a formula has no result.
_TAKEN_FOR_NUMBER: Final = re.compile(r"[0-9](?:[.,][0-9]{1,20})?[eE]\+[0-9]{1,2}|[0-9]{6,20}[.,]0{1,9}")
_NO_RESULTS: Final = frozenset(
    {
        NO_RESULT,
        "#REF!",
        "#N/A",
        "#DIV/0!",
        "#NAME?",
        "#NUM!",
        "#NULL!",
        "#SPILL!",
        "#CALC!",
        "#FIELD!",
        "#GETTING_DATA",
    }
)
_ZIP: Final = b"PK\x03\x04"

T = TypeVar("T")


class UnreadableFileError(RuleViolationError):
    """This file cannot be read. Save it as CSV in UTF-8, or as XLSX, and choose it again."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row that says something valid. What its file left blank is None."""

    line: int  # of the file, the header is 1; of a name over several lines the first
    name: str
    barcode: Barcode | None = None
    sku: str | None = None
    unit_price: int | None = None  # minor units of the base currency, >= 0
    unit: str | None = None
    tax_percent: Decimal | None = None
    quantity: Decimal | None = None  # > 0
    unit_cost: int | None = None  # minor units of the base currency, >= 0


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be imported."""

    line: int
    reason: str


@dataclass(slots=True)
class ProductFile:
    """A file as read: its good rows, what is wrong with the others, and what was left aside."""

    rows: list[FileRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    problems_count: int = 0
    ignored_columns: list[str] = field(default_factory=list)

    def refuse(self, line: int, reason: str) -> None:
        self.problems_count += 1
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(line, reason))


def file_id(content: bytes) -> uuid.UUID:
    """Name a content by its SHA-256, so that the same file is the same import."""
    return uuid.UUID(bytes=hashlib.sha256(content).digest()[:16])


Record = tuple[int, Sequence[Value]]  # the line it begins on, and its cells


@dataclass(frozen=True, slots=True)
class Columns:
    """What a header says: where each column that is read stands, how many there are, and those that mean nothing.

    `titles` is what the file calls those that are read.
    """

    places: Mapping[str, int]
    width: int
    ignored: tuple[str, ...]
    titles: Mapping[str, str]


def read_products(content: bytes, currency: str, signs: Signs = ENGLISH) -> ProductFile:
    """Read a file of products at once.

    Args:
        content: As uploaded.
        currency: The shop's base currency, in which prices and costs are.
        signs: The decimal and group signs of the shop's locale.

    Raises:
        UnreadableFileError: Neither text nor a workbook, no column called name, more than 50,000 rows.
    """
    columns, records = open_products(content)
    file = ProductFile(ignored_columns=list(columns.ignored))
    read_rows(file, records, columns, currency, signs)
    return file


def open_products(content: bytes) -> tuple[Columns, Iterator[Record]]:
    """Read the header of a file, and give its records one by one, as they stand there.

    Raises:
        UnreadableFileError: As `read_products`, here or while the records are taken.
    """
    records = _sheet_records(content) if content.startswith(_ZIP) else _records(_decoded(content))
    _, header = next(records, (1, []))
    return _columns([str(cell) for cell in header]), _not_too_many(records)


def _not_too_many(records: Iterator[Record]) -> Iterator[Record]:
    number = 0
    for number, record in enumerate(records, start=1):
        if number > ROWS_MAX:
            raise UnreadableFileError(
                gettext(
                    "This file has more than %(rows_max)s rows. Divide it into several files.", rows_max=f"{ROWS_MAX:,}"
                )
            )
        yield record
    if not number:
        raise UnreadableFileError("There are no products in this file: only a header, or nothing at all.")


def read_rows(
    file: ProductFile, records: Iterable[Record], columns: Columns, currency: str, signs: Signs = ENGLISH
) -> None:
    """Check records, and add them to the good rows of a file or to its problems."""
    for line, cells in records:
        if len(cells) > columns.width:
            file.refuse(
                line,
                gettext(
                    "This row has %(count)s cells, but the header names %(width)s.",
                    count=len(cells),
                    width=columns.width,
                ),
            )
            continue
        known = {name: cells[at] for name, at in columns.places.items() if at < len(cells)}
        _read_row(file, line, known, columns.titles, currency, signs)


# What is kept of a file from one step to the next, as JSON. A number of a workbook is a list of its digits.


def records_as_json(records: Iterable[Record]) -> str:
    return json.dumps(list(records), default=lambda number: [str(number)])


def records_from_json(kept: Iterable[Any]) -> Iterator[Record]:
    for line, cells in kept:
        yield line, [cell if isinstance(cell, str) else Decimal(cell[0]) for cell in cells]


def columns_as_json(columns: Columns) -> dict[str, object]:
    return {
        "places": dict(columns.places),
        "width": columns.width,
        "ignored": list(columns.ignored),
        "titles": dict(columns.titles),
    }


def columns_from_json(kept: Mapping[str, Any]) -> Columns:
    return Columns(kept["places"], kept["width"], tuple(kept["ignored"]), kept.get("titles", {}))


def file_as_json(file: ProductFile) -> tuple[str, str]:
    """Return the good rows and the problems of a file."""
    rows = [
        [
            row.line,
            row.name,
            [row.barcode.code, row.barcode.symbology] if row.barcode else None,
            row.sku,
            row.unit_price,
            row.unit,
            None if row.tax_percent is None else str(row.tax_percent),
            None if row.quantity is None else str(row.quantity),
            row.unit_cost,
        ]
        for row in file.rows
    ]
    said = [[problem.line, problem.reason] for problem in file.problems]
    return json.dumps(rows), json.dumps({"count": file.problems_count, "said": said})


def add_from_json(file: ProductFile, rows: Iterable[Any], problems: Mapping[str, Any]) -> None:
    """Add the good rows and the problems of a part to a file."""
    for line, name, barcode, sku, unit_price, unit, tax_percent, quantity, unit_cost in rows:
        row = FileRow(
            line,
            name,
            Barcode(*barcode) if barcode else None,
            sku,
            unit_price,
            unit,
            None if tax_percent is None else Decimal(tax_percent),
            None if quantity is None else Decimal(quantity),
            unit_cost,
        )
        file.rows.append(row)
    for line, reason in problems["said"]:
        file.refuse(line, reason)
    file.problems_count += problems["count"] - len(problems["said"])


def _sheet_records(content: bytes) -> Iterator[Record]:
    """Yield the records of the first sheet of a workbook."""
    try:
        yield from read_sheet(content)
    except UnreadableWorkbookError as refusal:
        raise UnreadableFileError(refusal.message) from None


def _decoded(content: bytes) -> str:
    """Turn bytes into text, or say what they are instead."""
    if not content.strip(b" \r\n\t"):
        raise UnreadableFileError("This file is empty. Choose a CSV or XLSX file with a column called name.")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFileError(
            "This is an old or locked workbook. Save it without a password as “Excel workbook (.xlsx)” or as CSV."
        )
    is_utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in content and not is_utf_16:
        raise UnreadableFileError("This file is not text: there are NUL characters in it. Save it as “CSV UTF-8”.")
    try:
        text = content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableFileError(
            gettext(
                "Line %(line)s is not in UTF-8, perhaps in Latin-1. Save the file as “CSV UTF-8” and choose it again.",
                line=line,
            )
        ) from None
    if "\0" in text:
        raise UnreadableFileError("This file is not text: there are NUL characters in it. Save it as “CSV UTF-8”.")
    if any(len(line) > LINE_MAX for line in text.splitlines()):
        raise UnreadableFileError(
            gettext(
                "A line of this file has more than %(line_max)s characters. Is it a list of products?",
                line_max=f"{LINE_MAX:,}",
            )
        )
    return text


def _records(text: str) -> Iterator[Record]:
    """Yield each record with the line it begins on; empty lines are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFileError(
            gettext("Line %(line)s is not CSV: %(error)s", line=line, error=_said(error))
        ) from None


def _said(error: csv.Error) -> str:
    """Put the reader's words into the shopkeeper's."""
    text = str(error)
    if "unexpected end" in text:
        return gettext("a quotation mark is opened there and never closed.")
    if "field larger" in text:
        return gettext("a cell goes on for ever there. Is a quotation mark missing?")
    if "expected after" in text:
        return gettext("there is a quotation mark in the middle of a cell. Write it twice to mean one.")
    return gettext("line ends and quotation marks do not fit together there.")


def _separator(text: str) -> str:
    """Return the sign that divides the header most often; a comma if none does."""
    header = text.lstrip("\r\n").replace("\r", "\n").partition("\n")[0]
    return max(_SEPARATORS, key=header.count)


def _columns(header: list[str]) -> Columns:
    """Say where each known column stands, and which columns mean nothing to us."""
    if len(header) > COLUMNS_MAX:
        raise UnreadableFileError(
            gettext(
                "This file has %(count)s columns; at most %(columns_max)s are read.",
                count=f"{len(header):,}",
                columns_max=COLUMNS_MAX,
            )
        )
    columns: dict[str, int] = {}
    titles: dict[str, str] = {}
    ignored: list[str] = []
    for at, cell in enumerate(header):
        title = " ".join(cell.split())
        meaning = column_called(title)
        if meaning is None:
            ignored.append(title[:60] or gettext("column %(at)s", at=at + 1))
        elif meaning in columns:
            raise UnreadableFileError(
                gettext(
                    "The columns “%(first)s” and “%(second)s” mean the same. Leave one of them out.",
                    first=titles[meaning],
                    second=title,
                )
            )
        else:
            columns[meaning], titles[meaning] = at, title
    if "name" not in columns:
        raise UnreadableFileError(
            gettext(
                "The first line must name the columns, and one of them must be called name."
                " Others that are read: %(join)s.",
                join=", ".join(column for column in COLUMNS if column != "name"),
            )
        )
    return Columns(columns, len(header), tuple(ignored), titles)


def _read_row(
    file: ProductFile, line: int, cells: dict[str, Value], titles: Mapping[str, str], currency: str, signs: Signs
) -> None:
    """Add the row to the good ones, or the first thing wrong with each of its cells to the problems."""
    reasons: list[str] = []

    def read(column: str, reader: Callable[[str], T]) -> T | None:
        value = cells.get(column, "")
        cell = _written(value, column, signs) if isinstance(value, Decimal) else plain_text(value.strip()).strip()
        if not cell:
            return None
        try:
            if len(cell) > CELL_MAX:
                raise RuleViolationError(
                    gettext(
                        "A cell has at most %(cell_max)s characters; this has %(count)s.",
                        cell_max=f"{CELL_MAX:,}",
                        count=f"{len(cell):,}",
                    )
                )
            _must_be_whole(cell, column)
            return reader(cell)
        except RuleViolationError as error:
            reasons.append(in_column(column, error.message))
            return None

    def in_column(column: str, reason: str) -> str:
        return gettext("“%(column)s”: %(reason)s", column=titles.get(column, column), reason=reason)

    row = FileRow(
        line=line,
        name=read("name", lambda cell: read_line(cell, "a name", NAME_MAX)) or "",
        barcode=read("barcode", _barcode),
        sku=read("sku", read_sku),
        unit_price=read("price", lambda cell: _amount(cell, currency, signs)),
        unit=read("unit", lambda cell: read_line(cell, "a unit", UNIT_MAX)),
        tax_percent=read("tax_percent", lambda cell: parse_percent(cell, signs)),
        quantity=read("quantity", lambda cell: _quantity(cell, signs)) or None,
        unit_cost=read("cost", lambda cell: _amount(cell, currency, signs)),
    )
    if not str(cells.get("name", "")).strip():
        reasons.insert(0, in_column("name", gettext("Every product needs a name.")))
    if not reasons and row.quantity and row.unit_cost:
        try:
            multiply(row.unit_cost, row.quantity)
        except InvalidAmountError as error:
            reasons.append(in_column("cost", error.message))
    if reasons:
        file.refuse(line, " ".join(reasons))
    else:
        file.rows.append(row)


def _written(number: Decimal, column: str, signs: Signs) -> str:
    """Write a number of a workbook as the shop writes numbers; in a column of texts, as its digits."""
    return write_number(number, signs) if column in _NUMBERS else f"{number:f}"


def _must_be_whole(cell: str, column: str) -> None:
    """Refuse what a spreadsheet has lost already."""
    if cell.upper() in _NO_RESULTS:
        raise RuleViolationError(
            gettext(
                "The spreadsheet has no result here (%(cell)s). Correct its formula or type the value, then save the"
                " file again.",
                cell=cell,
            )
        )
    if column in _CODES and _TAKEN_FOR_NUMBER.fullmatch(cell):
        raise RuleViolationError(
            gettext(
                "The spreadsheet took this code for a number, and digits of it may be lost: %(cell)s. Format the"
                " column as text, enter the code again and save the file.",
                cell=cell,
            )
        )


def _barcode(cell: str) -> Barcode:
    """Read a code; the reason against it stays, the remedy is one for a file."""
    try:
        return read_barcode(cell)
    except InvalidBarcodeError as error:
        reason, _, _ = error.message.partition(" Scan ")
        raise InvalidBarcodeError(gettext("%(reason)s Correct it, or leave the cell empty.", reason=reason)) from None


def _amount(cell: str, currency: str, signs: Signs) -> int:
    amount = parse_amount(cell, currency, signs)
    if amount < 0:
        raise InvalidAmountError("This is below zero. Enter zero or more.")
    return amount


def _quantity(cell: str, signs: Signs) -> Decimal:
    quantity = parse_quantity(cell, signs)
    if quantity < 0:
        raise InvalidQuantityError("A product cannot begin with less than nothing. Enter zero or more.")
    return quantity
