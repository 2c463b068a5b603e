"""Label paper in millimetres: where each label lies on a sheet or a roll, and how a symbol is drawn in whole dots.

Source: the makers' layouts (Avery L7651, L7159, L7160, L4732, 5160, 5195, 5167); product spec 7.
"""

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from ledger_web.domain.symbols import rows_of

INCH: Final = Decimal("25.4")
MODULE_NOMINAL: Final = Decimal("0.33")  # mm, GS1 100 %
MODULE_LEAST: Final = Decimal("0.264")  # mm, GS1 80 %: below, some scanners fail
MODULE_FLOOR: Final = Decimal("0.19")  # mm: narrower bars run into each other, so they are not printed
PADDING: Final = Decimal("0.5")  # mm at each side of a label; the symbol brings its own quiet zones
COPIES_MAX: Final = 5000


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet of labels, or a roll (a sheet of one). Lengths in mm; `dpi` is the printer's.

    Always true: every label lies on the page, and no two overlap.
    """

    name: str
    title: str
    page_width: Decimal
    page_height: Decimal
    label_width: Decimal
    label_height: Decimal
    columns: int = 1
    rows: int = 1
    left: Decimal = Decimal(0)
    top: Decimal = Decimal(0)
    pitch_x: Decimal = Decimal(0)  # from the left edge of a label to that of the next
    pitch_y: Decimal = Decimal(0)
    dpi: int = 600

    @property
    def labels(self) -> int:
        return self.columns * self.rows

    @property
    def is_roll(self) -> bool:
        return self.labels == 1

    @property
    def dot(self) -> Decimal:
        """Width of a printer's dot in mm."""
        return INCH / self.dpi

    def position(self, place: int) -> tuple[Decimal, Decimal]:
        """Return the left and top edge of a label; places count from 0, along the rows."""
        row, column = divmod(place, self.columns)
        return self.left + column * self.pitch_x, self.top + row * self.pitch_y


@dataclass(frozen=True, slots=True)
class DrawnSymbol:
    """How a symbol fits on a label: module width in whole dots, and whether that is enough for every scanner."""

    dots: int
    module: Decimal  # mm
    width: Decimal  # mm, quiet zones included
    is_narrow: bool  # below 80 % of the nominal width


def _sheet(
    name: str, title: str, page: str, label: str, grid: tuple[int, int], pitch: str, corner: str | None = None
) -> Paper:
    """Read "210x297" pairs; without a corner the labels lie in the middle of the page."""
    page_width, page_height = _pair(page)
    label_width, label_height = _pair(label)
    pitch_x, pitch_y = _pair(pitch)
    columns, rows = grid
    left = (page_width - (columns - 1) * pitch_x - label_width) / 2
    top = (page_height - (rows - 1) * pitch_y - label_height) / 2
    if corner:
        left, top = _pair(corner)
    return Paper(
        name, title, page_width, page_height, label_width, label_height, columns, rows, left, top, pitch_x, pitch_y
    )


def _roll(label: str, dpi: int) -> Paper:
    width, height = _pair(label)
    name = f"roll-{width}x{height}-{dpi}"
    return Paper(name, f"Roll {width} × {height} mm, {dpi} dpi", width, height, width, height, dpi=dpi)


def _pair(text: str) -> tuple[Decimal, Decimal]:
    first, second = text.split("x")
    return Decimal(first), Decimal(second)


_A4, _LETTER = "210x297", "215.9x279.4"

PAPERS: Final = MappingProxyType(
    {
        paper.name: paper
        for paper in (
            _sheet("L7160", "A4, 21 labels 63.5 × 38.1 mm (L7160)", _A4, "63.5x38.1", (3, 7), "66.04x38.1"),
            _sheet("L7159", "A4, 24 labels 63.5 × 33.9 mm (L7159)", _A4, "63.5x33.9", (3, 8), "66.04x33.9"),
            _sheet("L7651", "A4, 65 labels 38.1 × 21.2 mm (L7651)", _A4, "38.1x21.2", (5, 13), "40.64x21.2"),
            _sheet("L4732", "A4, 80 labels 35.6 × 16.9 mm (L4732)", _A4, "35.6x16.9", (5, 16), "38.1x16.9"),
            _sheet("5160", "Letter, 30 labels 2⅝ × 1 in (5160)", _LETTER, "66.675x25.4", (3, 10), "69.85x25.4"),
            _sheet("5195", "Letter, 60 labels 1¾ × ⅔ in (5195)", _LETTER, "44.45x16.93", (4, 15), "52.07x16.93"),
            _sheet("5167", "Letter, 80 labels 1¾ × ½ in (5167)", _LETTER, "44.45x12.7", (4, 20), "52.07x12.7"),
            *(
                _roll(label, dpi)
                for label in ("30x20", "38x25", "40x30", "50x25", "50x30", "58x40", "75x50")
                for dpi in (203, 300)
            ),
        )
    }
)


def fit_symbol(paper: Paper, code: str, symbology: str) -> DrawnSymbol | None:
    """Choose the module width for a code: whole dots, as near to nominal as the label allows; None if none fits.

    Raises:
        InvalidBarcodeError: Not a code of this symbology.
    """
    count = len(rows_of(code, symbology)[0])
    room = paper.label_width - 2 * PADDING
    nominal = max(1, int((MODULE_NOMINAL * Decimal("1.15")) / paper.dot))  # at most 15 % above nominal
    dots = min(nominal, int(room / (count * paper.dot)))
    module = dots * paper.dot
    if module < MODULE_FLOOR:
        return None
    return DrawnSymbol(dots, module, count * module, module < MODULE_LEAST)
