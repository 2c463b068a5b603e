"""Paper as a PDF, in millimetres from its top left corner: text in our own typeface, rules, and barcodes.

The typeface goes into the file, as much of it as is used, so that it prints alike everywhere. Letters are joined and
put in order as Arabic, Persian and Hebrew want it.
"""

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from itertools import groupby
from typing import Final, Literal

from fpdf import FPDF
from PIL import Image

from ledger_web.domain import typeface
from ledger_web.domain.symbols import Rows

Align = Literal["start", "end", "left", "right", "centre"]
Length = float | Decimal  # mm

LEADING: Final = 1.2  # height of a line, of the size of its letters
_POINT: Final = 25.4 / 72
_FACE: Final = "ledger"


class PdfDocument:
    """A PDF that is written page by page.

    Always true: every length is in mm, and whatever is drawn lies on the last page begun.
    """

    def __init__(self, title: str, *, made_at: dt.datetime, rtl: bool = False, language: str = "en") -> None:
        """Begin a document without pages.

        Args:
            title: What the reader's window is called.
            made_at: Written into the file; the same content of the same moment is the same file.
            rtl: "start" is the right side.
            language: As in HTML, `fa`.
        """
        self._pdf = FPDF(unit="mm")
        self._pdf.set_auto_page_break(False)
        self._pdf.set_margin(0)
        self._pdf.c_margin = 0
        self._pdf.set_title(title)
        self._pdf.set_lang(language)
        self._pdf.set_creation_date(made_at)
        self._pdf.set_creator("Ledger Web")
        self._pdf.set_producer("Ledger Web")
        self._pdf.add_font(_FACE, "", typeface.REGULAR)
        self._pdf.add_font(_FACE, "B", typeface.BOLD)
        self._pdf.set_text_shaping(True)
        self._rtl = rtl

    @property
    def rtl(self) -> bool:
        """Whether "start" is the right side."""
        return self._rtl

    def page(self, width: Length, height: Length) -> None:
        """Begin a page."""
        self._pdf.add_page(orientation="P", format=(float(width), float(height)))

    def text(
        self,
        text: str,
        x: Length,
        y: Length,
        width: Length,
        *,
        size: Length,
        bold: bool = False,
        align: Align = "start",
        lines: int = 1,
    ) -> float:
        """Write a text into a box: at most so many lines, the rest an ellipsis.

        Args:
            y: Upper edge of the first line.
            size: Of the letters, mm: 3.5 is about 10 points.

        Returns:
            How high it became.
        """
        broken = typeface.broken(text, float(width), float(size), most=lines, bold=bold)
        for number, line in enumerate(broken):
            self.line_of_text(line, x, float(y) + number * float(size) * LEADING, width, size, bold=bold, align=align)
        return len(broken) * float(size) * LEADING

    def line_of_text(
        self,
        text: str,
        x: Length,
        y: Length,
        width: Length,
        size: Length,
        *,
        bold: bool = False,
        align: Align = "start",
    ) -> None:
        """Write one line as it is, even if it is too long."""
        self._pdf.set_font(_FACE, "B" if bold else "", float(size) / _POINT)
        self._pdf.set_xy(float(x), float(y))
        self._pdf.cell(float(width), float(size) * LEADING, text, align=self._side(align))

    def height_of(self, text: str, width: Length, *, size: Length, bold: bool = False, lines: int = 1) -> float:
        """Return how high `text` would become."""
        count = len(typeface.broken(text, float(width), float(size), most=lines, bold=bold))
        return count * float(size) * LEADING

    def rule(self, x: Length, y: Length, width: Length, *, thickness: Length = 0.2, dashed: bool = False) -> None:
        """Draw a horizontal line."""
        self._pdf.set_line_width(float(thickness))
        self._pdf.set_dash_pattern(dash=1 if dashed else 0, gap=1 if dashed else 0)
        self._pdf.line(float(x), float(y), float(x) + float(width), float(y))

    def box(self, x: Length, y: Length, width: Length, height: Length, *, thickness: Length = 0) -> None:
        """Fill a rectangle with black; with a thickness, draw only its frame."""
        self._pdf.set_dash_pattern()
        self._pdf.set_line_width(float(thickness))
        self._pdf.set_fill_color(0)
        self._pdf.rect(float(x), float(y), float(width), float(height), style="D" if thickness else "F")

    def bars(self, rows: Rows, x: Length, y: Length, *, module: Length, height: Length) -> None:
        """Draw a symbol: 1 for a black module, 0 for a white one.

        Args:
            rows: One for bars, as many as columns for a square symbol.
            module: Width of one.
            height: Of all of it.
        """
        self._pdf.set_fill_color(0)
        row_height = float(height) / len(rows)
        for number, row in enumerate(rows):
            at = 0
            for bit, run in groupby(row):
                count = len(list(run))
                if bit == "1":
                    left = float(x) + at * float(module)
                    top = float(y) + number * row_height
                    self._pdf.rect(left, top, count * float(module), row_height, style="F")
                at += count

    def dots(self, rows: Rows, x: Length, y: Length, *, dots: int, module: Length, height: Length) -> None:
        """Draw a symbol as a picture of the printer's own dots: thermal printers lose thin bars of anything else.

        Args:
            dots: Of the printer, for a module.
        """
        columns, tall = len(rows[0]) * dots, round(float(height) / float(module) * dots)
        picture = _picture(rows, columns, tall)
        self._pdf.image(picture, float(x), float(y), len(rows[0]) * float(module), float(height))

    def picture(self, content: bytes, x: Length, y: Length, width: Length, height: Length) -> None:
        """Place a picture of ours, a PNG, into a box of its own proportions."""
        self._pdf.image(BytesIO(content), float(x), float(y), float(width), float(height))

    def content(self) -> bytes:
        """Return the file."""
        return bytes(self._pdf.output())

    def _side(self, align: Align) -> str:
        if align in ("start", "end"):
            return "R" if (align == "start") == self._rtl else "L"
        return {"left": "L", "right": "R", "centre": "C"}[align]


@lru_cache(maxsize=64)
def _picture(rows: Rows, columns: int, tall: int) -> Image.Image:
    small = Image.new("1", (len(rows[0]), len(rows)))
    small.putdata([bit == "0" for row in rows for bit in row])
    return small.resize((columns, tall), Image.Resampling.NEAREST)
