"""Barcodes as drawings: one path of whole modules, inert, the same bytes for the same code.

python-barcode encodes bars and segno squares; their writers are not used (inline styles, a prologue, control
characters). python-barcode corrects wrong codes in silence, so every code is checked before and what it encoded is
compared after.
"""

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache
from typing import Final
from xml.sax.saxutils import escape

import barcode
import segno

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.errors import InvariantBrokenError
from ledger_web.domain.gs1 import SEPARATOR, read_elements

Rows = tuple[str, ...]  # 1 for a black module, 0 for a white one; bars have one row, squares as many as columns

# Empty modules that a reader needs left and right, of a square on all sides. Source: GS1 General Specifications,
# 5.2 (EAN, UPC), 5.3 (ITF-14), 5.4 (GS1-128); ISO/IEC 18004, 6.3.8 (QR).
_QUIET: Final = {
    "ean13": (11, 7),
    "ean8": (7, 7),
    "upca": (9, 9),
    "itf14": (10, 10),
    "code128": (10, 10),
    "code39": (10, 10),
    "gs1_128": (10, 10),
}
_QUIET_SQUARE: Final = 4
SQUARE: Final = frozenset({"qr"})

# The encoder of each symbology. Code 39 without the checksum nobody's scanner expects; ITF with bars of 1 and 3.
_ENCODER: Final[dict[str, tuple[str, dict[str, object]]]] = {
    "ean13": ("ean13", {}),
    "ean8": ("ean8", {}),
    "upca": ("upca", {}),
    "itf14": ("itf", {"narrow": 1, "wide": 3}),
    "code128": ("code128", {}),
    "code39": ("code39", {"add_checksum": False}),
    "gs1_128": ("gs1_128", {}),
}
_BLACK: Final = re.compile("1+")
_FNC1: Final = "\xf1"  # how python-barcode writes it

_TEXT_HEIGHT = 11  # modules
_FONT_SIZE = 9
_LETTER_WIDTH = 0.62  # of the size, at most


@lru_cache(maxsize=2_000)
def rows_of(code: str, symbology: str) -> Rows:
    """Return the symbol as rows of modules, quiet zones included.

    Raises:
        InvalidBarcodeError: Not a code of this symbology.
        InvariantBrokenError: The encoder would draw something else than the code.
    """
    shown = printed_code(code, symbology)
    if symbology in SQUARE:
        return _square(shown)
    encoded = _encoded(shown, symbology)
    name, options = _ENCODER[symbology]
    encoder = barcode.get_barcode_class(name)(encoded, **options)
    if str(encoder.get_fullcode()) != encoded:
        raise InvariantBrokenError(f"The symbol of {shown} would read {encoder.get_fullcode()}.")
    bits: str = encoder.build()[0]
    left, right = _QUIET[symbology]
    return ("0" * left + bits + "0" * right,)


def path(rows: Rows, height: int) -> str:
    """Draw rows of modules as one path, a unit for a module; bars are `height` high."""
    tall = height if len(rows) == 1 else 1
    return "".join(_runs(row, number * tall, tall) for number, row in enumerate(rows))


def svg(
    code: str,
    symbology: str,
    *,
    module_mm: Decimal = Decimal("0.33"),
    height_mm: Decimal = Decimal(18),
    text: bool = True,
) -> str:
    """Draw the symbol in millimetres, with the code written under it if `text`.

    No style, script, link or id: it may stand inside any page under the strict policy, any number of times.

    Args:
        height_mm: Of bars; a square is as high as it is wide.

    Raises:
        InvalidBarcodeError: Not a code of this symbology.

    Source: promises B1, B3.
    """
    rows = rows_of(code, symbology)
    shown = escape(printed_code(code, symbology))
    width = len(rows[0])
    bars = round(height_mm / module_mm) if len(rows) == 1 else len(rows)
    height = bars + (_TEXT_HEIGHT if text else 0)
    size = min(_FONT_SIZE, int(width / (_LETTER_WIDTH * len(shown))) or 1)
    caption = (
        f'<text x="{_half(width)}" y="{bars + _FONT_SIZE}" font-size="{size}" font-family="monospace"'
        f' text-anchor="middle" fill="#000" direction="ltr">{shown}</text>'
        if text
        else ""
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}"'
        f' width="{width * module_mm}mm" height="{height * module_mm}mm" shape-rendering="crispEdges">'
        f'<title>{shown}</title><rect width="{width}" height="{height}" fill="#fff"/>'
        f'<path fill="#000" d="{path(rows, bars)}"/>{caption}</svg>'
    )


def _encoded(shown: str, symbology: str) -> str:
    """Return what goes into the bars: of a GS1-128 the elements without brackets."""
    if symbology != "gs1_128":
        return shown
    elements = read_elements(shown, dt.date(2000, 1, 1))
    if elements is None:
        raise InvariantBrokenError(f"{shown} is no element string any more.")
    return elements.encoded.replace(SEPARATOR, _FNC1)


def _square(text: str) -> Rows:
    drawn = segno.make_qr(text, error="m", boost_error=False)
    return tuple("".join(map(str, row)) for row in drawn.matrix_iter(border=_QUIET_SQUARE))


def printed_code(code: str, symbology: str) -> str:
    """Return the code as it is encoded and written under the bars: a UPC-A has 12 digits there."""
    checked = read_barcode(code, symbology).code
    return checked[1:] if symbology == "upca" else checked


def _runs(row: str, y: int, tall: int) -> str:
    """Draw each run of black modules as one rectangle."""
    runs = ((run.start(), run.end() - run.start()) for run in _BLACK.finditer(row))
    return "".join([f"M{x} {y}h{width}v{tall}h-{width}z" for x, width in runs])


def _half(width: int) -> str:
    return f"{width // 2}.5" if width % 2 else str(width // 2)
