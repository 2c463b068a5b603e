"""Label paper in millimetres: where each label lies on a sheet or a roll, and how a symbol is drawn in whole dots.

Source: the makers' layouts (Avery L7651, L7159, L7160, L4732, 5160, 5195, 5167); product spec 7.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from ledger_web.domain.languages import gettext, gettext_noop
from ledger_web.domain.symbols import SQUARE, rows_of

INCH: Final = Decimal("25.4")
MODULE_NOMINAL: Final = Decimal("0.33")  # mm, GS1 100 %
MODULE_LEAST: Final = Decimal("0.264")  # mm, GS1 80 %: below, some scanners fail
MODULE_FLOOR: Final = Decimal("0.19")  # mm: narrower bars run into each other, so they are not printed
SQUARE_NOMINAL: Final = Decimal("0.75")  # mm: as large as a telephone likes it
SQUARE_LEAST: Final = Decimal("0.25")  # mm: below, some telephones fail
PADDING: Final = Decimal("0.5")  # mm at each side of a label; the symbol brings its own quiet zones
COPIES_MAX: Final = 5000
COPIES_MANY: Final = 500  # more than this is asked about
LINES_MAX: Final = 9
SIZE_LEAST: Final = Decimal(1)  # mm, of letters: smaller ones nobody reads
SIZE_MOST: Final = Decimal(30)

# What may stand on a label, and how large its letters are if nobody says otherwise, mm. In this order on one line.
BLOCKS: Final = MappingProxyType(
    {
        "name": (gettext_noop("Name"), Decimal(3)),
        "shop": (gettext_noop("Name of the shop"), Decimal("2.2")),
        "variant": (gettext_noop("Variant"), Decimal("2.4")),
        "sku": (gettext_noop("SKU"), Decimal("2.2")),
        "unit_price": (gettext_noop("Price per kg or l"), Decimal("2.2")),
        "code": (gettext_noop("Barcode"), Decimal(0)),
        "digits": (gettext_noop("Code in digits"), Decimal("2.4")),
        "date": (gettext_noop("Date of printing"), Decimal(2)),
        "old_price": (gettext_noop("Old price"), Decimal("2.6")),
        "price": (gettext_noop("Price"), Decimal(4)),
    }
)
PRICES: Final = frozenset({"price", "unit_price", "old_price"})


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet of labels, or a roll (a sheet of one). Lengths in mm; `dpi` is the printer's.

    Always true: every label lies on the page, and no two overlap.
    """

    name: str
    page: str  # as people ask for it: A4, Letter; of a roll, and of a paper of the shop's own, nothing
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
    corner: Decimal = Decimal(0)  # radius
    size: str = ""  # of a label, as it is printed on the box

    @property
    def title(self) -> str:
        """What a paper that is sold is called."""
        if not self.page:
            return gettext("Roll %(size)s, %(dpi)s dpi", size=self.size, dpi=self.dpi)
        return gettext(
            "%(page)s, %(count)s labels %(size)s (%(name)s)",
            page=self.page,
            count=self.labels,
            size=self.size,
            name=self.name,
        )

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
class Block:
    """One thing on a label. Blocks of one line stand beside each other; lines go from top to bottom."""

    kind: str  # one of BLOCKS
    line: int  # 1 to LINES_MAX
    size: Decimal  # mm, of its letters; of the code, how high it may be: 0 is all that is left
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """A paper and what stands on each of its labels.

    Always true: there is at least one block, and no kind twice.
    """

    key: str  # name of the built-in one, or the id of one of the shop's own
    own_name: str  # of one of the shop's own
    paper: Paper
    blocks: tuple[Block, ...]
    version: int = 0

    @property
    def name(self) -> str:
        return self.own_name or self.paper.title

    @property
    def id(self) -> uuid.UUID | None:
        """The id of one of the shop's own; None for a built-in one."""
        return None if self.key in TEMPLATES else uuid.UUID(self.key)

    @property
    def has_code(self) -> bool:
        return any(block.kind == "code" for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Printer:
    """How far a printer is off: what it prints must be moved by so much, and be made larger or smaller."""

    offset_x: Decimal = Decimal(0)  # mm, to the right
    offset_y: Decimal = Decimal(0)  # mm, down
    scale: Decimal = Decimal(100)  # percent


@dataclass(frozen=True, slots=True)
class DrawnSymbol:
    """How a symbol fits on a label: module width in whole dots, and whether that is enough for every scanner."""

    dots: int
    module: Decimal  # mm
    width: Decimal  # mm, quiet zones included
    is_narrow: bool  # below 80 % of the nominal width


RULER: Final = Decimal(20)  # mm: where the cross of the ruler page should be, from the left and from the top
RULER_LENGTH: Final = Decimal(100)  # mm: how long its lines should be


def correction(left: Decimal, top: Decimal, length: Decimal) -> Printer:
    """Return what puts a printer right that was measured on the ruler page.

    Args:
        left, top: Where the cross is, mm from the edges of the paper.
        length: Of the line that should be RULER_LENGTH.
    """
    stretch = length / RULER_LENGTH
    offset_x, offset_y = (-(measured - RULER * stretch) / stretch for measured in (left, top))
    thousandth = Decimal("0.001")
    return Printer(offset_x.quantize(thousandth), offset_y.quantize(thousandth), (100 / stretch).quantize(thousandth))


def measured(printer: Printer) -> tuple[Decimal, Decimal, Decimal]:
    """Return what the ruler page of a printer shows without its correction: left, top, length."""
    stretch = 100 / printer.scale
    left, top = (RULER * stretch - offset * stretch for offset in (printer.offset_x, printer.offset_y))
    hundredth = Decimal("0.01")
    return left.quantize(hundredth), top.quantize(hundredth), (RULER_LENGTH * stretch).quantize(hundredth)


def _sheet(
    name: str, called: str, size: str, page: str, label: str, grid: tuple[int, int], pitch: str, corner: str = ""
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
        name, called, page_width, page_height, label_width, label_height, columns, rows, left, top, pitch_x, pitch_y,
        size=size,
    )  # fmt: skip


def _roll(label: str, dpi: int) -> Paper:
    width, height = _pair(label)
    name = f"roll-{width}x{height}-{dpi}"
    return Paper(
        name,
        "",
        width,
        height,
        width,
        height,
        dpi=dpi,
        size=f"{width} × {height} mm",
    )


def _pair(text: str) -> tuple[Decimal, Decimal]:
    first, second = text.split("x")
    return Decimal(first), Decimal(second)


_A4, _LETTER = "210x297", "215.9x279.4"

PAPERS: Final = MappingProxyType(
    {
        paper.name: paper
        for paper in (
            _sheet("L7160", "A4", "63.5 × 38.1 mm", _A4, "63.5x38.1", (3, 7), "66.04x38.1"),
            _sheet("L7159", "A4", "63.5 × 33.9 mm", _A4, "63.5x33.9", (3, 8), "66.04x33.9"),
            _sheet("L7651", "A4", "38.1 × 21.2 mm", _A4, "38.1x21.2", (5, 13), "40.64x21.2"),
            _sheet("L4732", "A4", "35.6 × 16.9 mm", _A4, "35.6x16.9", (5, 16), "38.1x16.9"),
            _sheet("5160", "Letter", "2⅝ × 1 in", _LETTER, "66.675x25.4", (3, 10), "69.85x25.4"),
            _sheet("5195", "Letter", "1¾ × ⅔ in", _LETTER, "44.45x16.93", (4, 15), "52.07x16.93"),
            _sheet("5167", "Letter", "1¾ × ½ in", _LETTER, "44.45x12.7", (4, 20), "52.07x12.7"),
            *(
                _roll(label, dpi)
                for label in ("30x20", "38x25", "40x30", "50x25", "50x30", "58x40", "75x50")
                for dpi in (203, 300)
            ),
        )
    }
)


def _standard_blocks(paper: Paper) -> tuple[Block, ...]:
    """Name over bars over digits and price; on labels with room for it, the price per kg or l, too."""
    letters = min(Decimal("3.2"), paper.label_height / 9).quantize(Decimal("0.01"))
    foot = 4 if paper.label_height >= 30 else 3
    more = (Block("variant", 2, letters), Block("unit_price", 2, letters)) if foot == 4 else ()
    return (
        Block("name", 1, letters),
        *more,
        Block("code", foot - 1, Decimal(0)),
        Block("digits", foot, (letters * Decimal("0.85")).quantize(Decimal("0.01"))),
        Block("price", foot, (letters * Decimal("1.2")).quantize(Decimal("0.01")), bold=True),
    )


TEMPLATES: Final = MappingProxyType(
    {paper.name: Template(paper.name, "", paper, _standard_blocks(paper)) for paper in PAPERS.values()}
)


def read_blocks(stored: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    """Read blocks as they are stored."""
    return tuple(Block(each["kind"], each["line"], Decimal(each["size"]), each["bold"]) for each in stored)


def write_blocks(blocks: tuple[Block, ...]) -> list[dict[str, Any]]:
    """Write blocks as they are stored."""
    return [{"kind": b.kind, "line": b.line, "size": str(b.size), "bold": b.bold} for b in blocks]


def paper_troubles(paper: Paper) -> list[str]:
    """Say what is wrong with the measures of a paper: nothing may lie outside it, nor on something else."""
    troubles = []
    right, lower = paper.position(paper.labels - 1)
    if paper.columns > 1 and paper.pitch_x < paper.label_width:
        troubles.append(
            gettext("From label to label across: This is less than a label is wide. Enter its width or more.")
        )
    if paper.rows > 1 and paper.pitch_y < paper.label_height:
        troubles.append(
            gettext("From label to label down: This is less than a label is high. Enter its height or more.")
        )
    if right + paper.label_width > paper.page_width:
        over = right + paper.label_width - paper.page_width
        troubles.append(
            gettext(
                "Page width: The labels are %(over)s mm wider than the page. Take fewer columns.",
                over=f"{over.normalize():f}",
            )
        )
    if lower + paper.label_height > paper.page_height:
        over = lower + paper.label_height - paper.page_height
        troubles.append(
            gettext(
                "Page height: The labels are %(over)s mm higher than the page. Take fewer rows.",
                over=f"{over.normalize():f}",
            )
        )
    return troubles


def fit_symbol(paper: Paper, code: str, symbology: str, height: Decimal | None = None) -> DrawnSymbol | None:
    """Choose the module width for a code: whole dots, as near to nominal as the label allows; None if none fits.

    Args:
        height: What is left for it, mm; it limits squares. None: the label's.

    Raises:
        InvalidBarcodeError: Not a code of this symbology.
    """
    count = len(rows_of(code, symbology)[0])
    room = paper.label_width - 2 * PADDING
    nominal, least = MODULE_NOMINAL * Decimal("1.15"), MODULE_LEAST  # at most 15 % above nominal
    if symbology in SQUARE:
        room = min(room, paper.label_height - 2 * PADDING if height is None else height)
        nominal, least = SQUARE_NOMINAL, SQUARE_LEAST
    dots = min(max(1, int(nominal / paper.dot)), int(room / (count * paper.dot)))
    module = dots * paper.dot
    if module < MODULE_FLOOR:
        return None
    return DrawnSymbol(dots, module, count * module, module < least)
