"""Workbooks that others wrote: the first sheet of an XLSX file, row by row, in little memory.

Nothing is unpacked to a disk, nothing outside of the file is looked up, and what a part says of its size is what is
read of it at most. Source: promises I5; the format is ECMA-376, Office Open XML.
"""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final
from xml.parsers import expat

from ledger_web.domain.errors import RuleViolationError

SHEET_BYTES_MAX: Final = 96 * 1024 * 1024  # unpacked
TEXTS_BYTES_MAX: Final = 32 * 1024 * 1024
OTHERS_BYTES_MAX: Final = 2 * 1024 * 1024
COLUMNS_KEPT: Final = 60  # of a row; whoever reads it finds more columns than there may be
_READ: Final = 1 << 16
_PLACE: Final = re.compile(r"([A-Z]{1,3})[0-9]{1,7}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{0,40}\.?[0-9]{0,40}(?:[eE][+-]?[0-9]{1,2})?")
_ESCAPE: Final = re.compile("_x([0-9A-Fa-f]{4})_")
_BUILT_IN_PERCENT: Final = frozenset({9, 10})

NO_RESULT: Final = "#VALUE!"  # of a formula that no program has computed yet

Value = str | Decimal  # a text, or a number without the signs of any language


class UnreadableWorkbookError(RuleViolationError):
    """This workbook cannot be read. Open it, save it as “Excel workbook (.xlsx)” or CSV and choose it again."""


@dataclass(frozen=True, slots=True)
class _Look:
    """How a number looks: as a percentage, or with zeros in front."""

    is_percent: bool = False
    digits: int = 0


def read_sheet(content: bytes) -> Iterator[tuple[int, list[Value]]]:
    """Yield each row of the first sheet that has something in it, with its number; empty cells are "".

    A number that is shown with zeros in front is the text that is shown; a percentage is what stands before its sign.

    Raises:
        UnreadableWorkbookError: It is none, is locked with a password, or is larger than any list of products.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            yield from _Sheet(book).rows()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, KeyError, EOFError, RuntimeError, NotImplementedError, OSError):
        raise UnreadableWorkbookError from None
    except (expat.ExpatError, ValueError, InvalidOperation, zlib.error):
        raise UnreadableWorkbookError("Something in this workbook is broken. Save it again, or as CSV.") from None


class _Sheet:
    """Reads what a sheet refers to, then the sheet."""

    def __init__(self, book: zipfile.ZipFile) -> None:
        self._book = book
        self._texts: list[str] = []
        self._looks: list[_Look] = []

    def rows(self) -> Iterator[tuple[int, list[Value]]]:
        path = self._path_of_first_sheet()
        names = set(self._book.namelist())
        if "xl/sharedStrings.xml" in names:
            texts = _Texts()
            for _ in self._parse("xl/sharedStrings.xml", texts, TEXTS_BYTES_MAX):
                pass
            self._texts = texts.found
        if "xl/styles.xml" in names:
            styles = _Styles()
            for _ in self._parse("xl/styles.xml", styles, OTHERS_BYTES_MAX):
                pass
            self._looks = styles.looks()
        rows = _Rows(self._texts, self._looks)
        for _ in self._parse(path, rows, SHEET_BYTES_MAX):
            found, rows.done = rows.done, []
            yield from found
        yield from rows.done

    def _path_of_first_sheet(self) -> str:
        sheets, relations = _Attributes("sheet"), _Attributes("Relationship")
        for name, found in (("xl/workbook.xml", sheets), ("xl/_rels/workbook.xml.rels", relations)):
            for _ in self._parse(name, found, OTHERS_BYTES_MAX):
                pass
        targets = {each.get("Id", ""): each.get("Target", "") for each in relations.found}
        shown = [each for each in sheets.found if each.get("state", "visible") == "visible"]
        for sheet in shown:
            target = targets.get(next((value for name, value in sheet.items() if name.endswith(":id")), ""), "")
            if target:
                return target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
        raise UnreadableWorkbookError("There is no sheet in this workbook. Choose another file.")

    def _parse(self, name: str, reader: "_Reader", bytes_max: int) -> Iterator[None]:
        """Feed a part to its reader, piece by piece."""
        if self._book.getinfo(name).file_size > bytes_max:
            raise UnreadableWorkbookError("This workbook is too large unpacked. Save its list of products as CSV.")
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = lambda tag, attributes: reader.start(tag.rpartition(":")[2], attributes)
        parser.EndElementHandler = lambda tag: reader.end(tag.rpartition(":")[2])
        parser.CharacterDataHandler = reader.text
        with self._book.open(name) as part:
            while piece := part.read(_READ):
                parser.Parse(piece, False)
                yield
            parser.Parse(b"", True)
            yield


def _refuse_doctype(*_: object) -> None:
    """No program writes one into a workbook; it can make a few bytes grow without end."""
    raise UnreadableWorkbookError("This workbook was not written by a spreadsheet program. Choose another file.")


class _Reader:
    """What is told of a part of a workbook while it is parsed."""

    def start(self, tag: str, attributes: dict[str, str]) -> None: ...
    def end(self, tag: str) -> None: ...
    def text(self, text: str) -> None: ...


class _Attributes(_Reader):
    """Keeps the attributes of every element of a name."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self.found: list[dict[str, str]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == self._tag:
            self.found.append(attributes)


class _Texts(_Reader):
    """Reads the texts that cells refer to by number; how they look and how they are pronounced is no text."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._parts: list[str] = []
        self._is_text = False
        self._aside = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:  # noqa: ARG002
        self._aside += tag == "rPh"
        self._is_text = tag == "t" and not self._aside

    def end(self, tag: str) -> None:
        self._aside -= tag == "rPh"
        self._is_text = False
        if tag == "si":
            self.found.append(_unescaped("".join(self._parts)))
            self._parts = []

    def text(self, text: str) -> None:
        if self._is_text:
            self._parts.append(text)


class _Styles(_Reader):
    """Reads how numbers look, for those whose look says something about them."""

    def __init__(self) -> None:
        self._codes: dict[int, str] = {}
        self._numbers: list[int] = []
        self._is_inside = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._is_inside = self._is_inside or tag == "cellXfs"
        if tag == "numFmt":
            self._codes[int(attributes.get("numFmtId", "0"))] = attributes.get("formatCode", "")
        elif tag == "xf" and self._is_inside:
            self._numbers.append(int(attributes.get("numFmtId", "0")))

    def end(self, tag: str) -> None:
        self._is_inside = self._is_inside and tag != "cellXfs"

    def looks(self) -> list[_Look]:
        return [self._look(number) for number in self._numbers]

    def _look(self, number: int) -> _Look:
        code = self._codes.get(number, "")
        digits = len(code) if code and not code.strip("0") else 0
        return _Look(number in _BUILT_IN_PERCENT or code.endswith("%"), digits)


class _Rows(_Reader):
    """Reads a sheet's rows; `done` holds those that are complete."""

    def __init__(self, texts: list[str], looks: list[_Look]) -> None:
        self.done: list[tuple[int, list[Value]]] = []
        self._texts = texts
        self._looks = looks
        self._number = 0
        self._cells: list[Value] = []
        self._at = -1
        self._kind = ""
        self._is_formula = False
        self._look = _Look()
        self._parts: list[str] | None = None
        self._said = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._cells, self._at = [], -1
        elif tag == "c":
            place = _PLACE.fullmatch(attributes.get("r", ""))
            self._at = _index(place[1]) if place else self._at + 1
            self._kind, self._said, self._is_formula = attributes.get("t", "n"), "", False
            style = int(attributes.get("s", "0"))
            self._look = self._looks[style] if style < len(self._looks) else _Look()
        elif tag in {"v", "t"}:
            self._parts = []
        elif tag == "f":
            self._is_formula = True

    def text(self, text: str) -> None:
        if self._parts is not None:
            self._parts.append(text)

    def end(self, tag: str) -> None:
        if tag in {"v", "t"} and self._parts is not None:
            self._said += "".join(self._parts)
            self._parts = None
        elif tag == "c":
            value = self._value()
            if value != "" and self._at <= COLUMNS_KEPT:
                self._cells.extend([""] * (self._at - len(self._cells)))
                self._cells.append(value)
        elif tag == "row" and any(str(cell).strip() for cell in self._cells):
            self.done.append((self._number, self._cells))

    def _value(self) -> Value:
        if self._kind == "s":
            return self._texts[int(self._said)] if self._said and int(self._said) < len(self._texts) else ""
        if self._kind in {"inlineStr", "str"}:
            return _unescaped(self._said)
        if self._kind == "n" and self._said:
            # As many digits as the program shows: 0.1 is kept as 0.1000000000000000055.
            if not _NUMBER.fullmatch(self._said):
                raise ValueError
            number = Decimal(f"{float(self._said):.15g}")
            if self._look.is_percent:
                return number * 100
            return f"{number:f}".zfill(self._look.digits) if self._look.digits else number
        return NO_RESULT if self._is_formula and not self._said else self._said


def _index(letters: str) -> int:
    """Return the place of a column: A is 0, AA is 26."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
