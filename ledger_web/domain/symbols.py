"""Barcodes as drawings: one path of whole modules, inert, the same bytes for the same code.

python-barcode encodes; its own writers are not used (inline styles, a prologue, control characters). It corrects
wrong codes in silence, so every code is checked before and what it encoded is compared after.
"""

from decimal import Decimal
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape

import barcode

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.errors import InvariantBrokenError

# Empty modules that a reader needs left and right. Source: GS1 General Specifications, 5.2 (EAN, UPC), 5.3 (ITF-14).
_QUIET: Final = {
    "ean13": (11, 7),
    "ean8": (7, 7),
    "upca": (9, 9),
    "itf14": (10, 10),
    "code128": (10, 10),
    "code39": (10, 10),
}

# The encoder of each symbology. Code 39 without the checksum nobody's scanner expects; ITF with bars of 1 and 3.
_ENCODER: Final[dict[str, tuple[str, dict[str, object]]]] = {
    "ean13": ("ean13", {}),
    "ean8": ("ean8", {}),
    "upca": ("upca", {}),
    "itf14": ("itf", {"narrow": 1, "wide": 3}),
    "code128": ("code128", {}),
    "code39": ("code39", {"add_checksum": False}),
}

_TEXT_HEIGHT = 11  # modules
_FONT_SIZE = 9


def modules(code: str, symbology: str) -> str:
    """Return the symbol as 1 for a black module and 0 for a white one, quiet zones included.

    Raises:
        InvalidBarcodeError: Not a code of this symbology.
        InvariantBrokenError: The encoder would draw something else than the code.
    """
    shown = _shown(code, symbology)
    name, options = _ENCODER[symbology]
    encoder = barcode.get_barcode_class(name)(shown, **options)
    if str(encoder.get_fullcode()) != shown:
        raise InvariantBrokenError(f"The symbol of {shown} would read {encoder.get_fullcode()}.")
    bits: str = encoder.build()[0]
    left, right = _QUIET[symbology]
    return "0" * left + bits + "0" * right


def svg(
    code: str,
    symbology: str,
    *,
    module_mm: Decimal = Decimal("0.33"),
    height_mm: Decimal = Decimal(18),
    text: bool = True,
) -> str:
    """Draw the symbol in millimetres, with the code written under the bars if `text`.

    No style, script, link or id: it may stand inside any page under the strict policy, any number of times.

    Raises:
        InvalidBarcodeError: Not a code of this symbology.

    Source: promises B1, B3.
    """
    bits = modules(code, symbology)
    shown = escape(_shown(code, symbology))
    width, bars = len(bits), round(height_mm / module_mm)
    height = bars + (_TEXT_HEIGHT if text else 0)
    caption = (
        f'<text x="{_half(width)}" y="{bars + _FONT_SIZE}" font-size="{_FONT_SIZE}" font-family="monospace"'
        f' text-anchor="middle" fill="#000" direction="ltr">{shown}</text>'
        if text
        else ""
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}"'
        f' width="{width * module_mm}mm" height="{height * module_mm}mm" shape-rendering="crispEdges">'
        f'<title>{shown}</title><rect width="{width}" height="{height}" fill="#fff"/>'
        f'<path fill="#000" d="{_path(bits, bars)}"/>{caption}</svg>'
    )


def _shown(code: str, symbology: str) -> str:
    """Return the code as it is encoded and written under the bars: a UPC-A has 12 digits there."""
    checked = read_barcode(code, symbology).code
    return checked[1:] if symbology == "upca" else checked


def _path(bits: str, height: int) -> str:
    """Draw each run of black modules as one rectangle."""
    steps: list[str] = []
    x = 0
    for bit, run in groupby(bits):
        width = len(list(run))
        if bit == "1":
            steps.append(f"M{x} 0h{width}v{height}h-{width}z")
        x += width
    return "".join(steps)


def _half(width: int) -> str:
    return f"{width // 2}.5" if width % 2 else str(width // 2)
