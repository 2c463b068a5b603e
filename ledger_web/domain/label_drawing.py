"""Where everything stands on one label: measured once, then drawn alike by the browser and in a PDF."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ledger_web.domain.labels import PADDING, PRICES, Block, DrawnSymbol, Paper, Printer, Template, fit_symbol
from ledger_web.domain.pdf import LEADING, PdfDocument
from ledger_web.domain.symbols import SQUARE, Rows, path, rows_of
from ledger_web.domain.typeface import broken, width_of

SIDE: Final = 1.0  # mm between the edge of a label and its words
GAP: Final = 0.3  # mm between lines
BETWEEN: Final = 1.0  # mm between words of one line
NAME_LINES: Final = 2
BARS_LEAST: Final = 4.0  # mm: lower bars are hard to hit
SHRINK_MOST: Final = 0.6
_WHOLE: Final = frozenset({"digits", *PRICES})  # never shortened: half a price is another price


@dataclass(frozen=True, slots=True)
class LabelContent:
    """What is said about a product, each text as it is shown; what is empty is left out, and its line with it."""

    texts: Mapping[str, str]  # by kind of block
    code: str = ""
    symbology: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text. Lengths in mm from the label's corner; `y` is the upper edge of the line."""

    text: str
    x: float
    y: float
    width: float
    size: float
    align: str  # left, right, centre
    bold: bool = False
    is_struck: bool = False

    @property
    def baseline(self) -> float:
        return round(self.y + self.size * (0.5 * LEADING + 0.3), 3)

    @property
    def anchor_x(self) -> float:
        return round(self.x + {"left": 0.0, "centre": 0.5, "right": 1.0}[self.align] * self.width, 3)

    @property
    def anchor(self) -> str:
        """The side the text hangs on, as SVG calls it: that depends on the direction it is written in."""
        if self.align == "centre":
            return "middle"
        return "start" if (self.align == "left") == (self.direction == "ltr") else "end"

    @property
    def direction(self) -> str:
        """The direction of the first letter that has one."""
        kinds = (unicodedata.bidirectional(sign) for sign in self.text)
        return "rtl" if next((kind for kind in kinds if kind in ("L", "R", "AL")), "L") != "L" else "ltr"

    @property
    def strike(self) -> tuple[float, float, float]:
        """The line through it: from x, to x, at y."""
        length = min(width_of(self.text, self.size, bold=self.bold), self.width)
        left = self.x + {"left": 0.0, "centre": 0.5, "right": 1.0}[self.align] * (self.width - length)
        return round(left, 3), round(left + length, 3), round(self.baseline - self.size * 0.28, 3)


@dataclass(frozen=True, slots=True)
class PlacedSymbol:
    """A symbol on whole dots of the printer. Lengths in mm from the label's corner."""

    code: str
    symbology: str
    drawn: DrawnSymbol
    x: Decimal
    y: Decimal
    height: Decimal

    @property
    def rows(self) -> Rows:
        return rows_of(self.code, self.symbology)

    @property
    def tall(self) -> int:
        """Height in dots."""
        return round(self.height / self.drawn.module * self.drawn.dots)

    @property
    def path(self) -> str:
        """The symbol for a drawing that is one module wide and one `height` tall per unit."""
        return path(self.rows, 1)


@dataclass(frozen=True, slots=True)
class DrawnLabel:
    """A label, ready to be drawn. `fits` is False if its code does not fit: then it must not be printed."""

    words: tuple[Words, ...]
    symbol: PlacedSymbol | None
    fits: bool = True

    @property
    def is_narrow(self) -> bool:
        return self.symbol is not None and self.symbol.drawn.is_narrow


def draw_label(template: Template, content: LabelContent, *, rtl: bool = False) -> DrawnLabel:
    """Lay a label out: lines from top to bottom, the code in what they leave.

    A name has two lines, or one where the bars would else be too low; what is too long ends in an ellipsis. Prices and
    digits are made smaller instead. Where writing begins on the right, the first of a line stands there.
    """
    lines = _lines_of(template, content)
    for name_lines in range(NAME_LINES, 0, -1):
        drawn = _laid_out(template.paper, lines, content, name_lines, rtl)
        if drawn.symbol is None or float(drawn.symbol.height) >= BARS_LEAST:
            break
    if drawn.symbol and float(drawn.symbol.height) < BARS_LEAST:
        return DrawnLabel(drawn.words, None, fits=False)
    return drawn


def draw_pdf(document: PdfDocument, label: DrawnLabel, x: float, y: float, paper: Paper, printer: Printer) -> None:
    """Draw a label with its corner at a place of the last page, moved as its printer needs it."""
    scale = float(printer.scale) / 100
    left, top = float(printer.offset_x) + x * scale, float(printer.offset_y) + y * scale
    for words in label.words:
        place = left + words.x * scale, top + words.y * scale, words.width * scale, words.size * scale
        document.line_of_text(words.text, *place, bold=words.bold, align=words.align)  # type: ignore[arg-type]
        if words.is_struck:
            start, end, at = words.strike
            document.rule(left + start * scale, top + at * scale, (end - start) * scale, thickness=0.25)
    if label.symbol is None:
        return
    symbol, module = label.symbol, float(label.symbol.drawn.module) * scale
    corner = left + float(symbol.x) * scale, top + float(symbol.y) * scale
    height = float(symbol.height) * scale
    if paper.is_roll:
        document.dots(symbol.rows, *corner, dots=symbol.drawn.dots, module=module, height=height)
    else:
        document.bars(symbol.rows, *corner, module=module, height=height)


def _lines_of(template: Template, content: LabelContent) -> list[list[tuple[Block, str]]]:
    """Return what there is to show, line by line; the code has a line of its own, whatever else is on it."""
    lines: dict[tuple[int, bool], list[tuple[Block, str]]] = {}
    for block in template.blocks:
        text = content.code if block.kind == "code" else content.texts.get(block.kind, "")
        if text:
            lines.setdefault((block.line, block.kind == "code"), []).append((block, text))
    return [lines[place] for place in sorted(lines)]


def _laid_out(
    paper: Paper, lines: list[list[tuple[Block, str]]], content: LabelContent, name_lines: int, rtl: bool
) -> DrawnLabel:
    room = float(paper.label_width) - 2 * SIDE
    heights = [_height(line, room, name_lines) for line in lines]
    free = float(paper.label_height - 2 * PADDING) - sum(heights) - GAP * max(0, len(lines) - 1)
    codes = [block for line in lines for block, _ in line if block.kind == "code"]
    symbol, tall = None, 0.0
    if codes:
        tall = min(free, float(codes[0].size)) if codes[0].size else free
        drawn = fit_symbol(paper, content.code, content.symbology, Decimal(str(round(max(tall, 0), 3))))
        if drawn is None:
            return DrawnLabel((), None, fits=False)
        tall = float(drawn.width) if content.symbology in SQUARE else tall
        symbol = drawn
    words: list[Words] = []
    placed = None
    y = float(PADDING) + max(0.0, free - tall) / 2
    for line, height in zip(lines, heights, strict=True):
        if symbol and line[0][0].kind == "code":
            placed = _placed(paper, content, symbol, y, tall)
            y += tall + GAP
        else:
            words += _words(line, y, paper, room, name_lines, rtl)
            y += height + GAP
    return DrawnLabel(tuple(words), placed)


def _height(line: list[tuple[Block, str]], room: float, name_lines: int) -> float:
    """Return how high a line of text is; the code has a line of its own, whose height is what is left."""
    if any(block.kind == "code" for block, _ in line):
        return 0.0
    (block, text), *others = line
    if block.kind == "name" and not others:
        size = float(block.size)
        return len(broken(text, room, size, most=name_lines, bold=block.bold)) * size * LEADING
    return max(float(block.size) for block, _ in line) * LEADING


def _words(
    line: list[tuple[Block, str]], y: float, paper: Paper, room: float, name_lines: int, rtl: bool
) -> list[Words]:
    (first, text), *others = line
    if first.kind == "name" and not others:
        size = float(first.size)
        parts = broken(text, room, size, most=name_lines, bold=first.bold)
        return [
            Words(part, SIDE, y + n * size * LEADING, room, size, "centre", first.bold) for n, part in enumerate(parts)
        ]
    return _beside_each_other(line, y, float(paper.label_width), room, rtl)


def _beside_each_other(
    line: list[tuple[Block, str]], y: float, label_width: float, room: float, rtl: bool
) -> list[Words]:
    """Spread the words of a line over it: all a little smaller, then the longest shortened, if there is no room."""
    between = BETWEEN * (len(line) - 1)
    natural = sum(width_of(text, float(block.size), bold=block.bold) for block, text in line)
    factor = max(SHRINK_MOST, min(1.0, (room - between) / natural))
    sized = [(block, text, float(block.size) * factor) for block, text in line]
    whole = sum(width_of(text, size, bold=b.bold) for b, text, size in sized if b.kind in _WHOLE)
    rest = sum(width_of(text, size, bold=b.bold) for b, text, size in sized if b.kind not in _WHOLE)
    left_over = room - between - whole
    fitted: list[tuple[Block, str, float, float]] = []
    for block, text, size in sized:
        width = width_of(text, size, bold=block.bold)
        if block.kind in _WHOLE and whole > room - between:
            size *= (room - between) / whole
            width = width_of(text, size, bold=block.bold)
        elif block.kind not in _WHOLE and rest > left_over:
            share = left_over * width / rest
            if share < 2 * size:  # not even a few letters
                continue
            text = "".join(broken(text, share, size, most=1, bold=block.bold))
            width = width_of(text, size, bold=block.bold)
        fitted.append((block, text, size, width))
    return _spread(fitted, y, label_width, room, rtl)


def _spread(
    fitted: list[tuple[Block, str, float, float]], y: float, label_width: float, room: float, rtl: bool
) -> list[Words]:
    tallest = max((size for _, _, size, _ in fitted), default=0.0)
    spare = (room - sum(width for *_, width in fitted)) / max(1, len(fitted) - 1)
    words, x = [], SIDE
    for number, (block, text, size, width) in enumerate(fitted):
        if len(fitted) == 1:
            x, width, align = SIDE, room, "centre"
        else:
            align = "left" if number == 0 else "right" if number == len(fitted) - 1 else "centre"
        top = y + (tallest - size) * LEADING * 0.75  # on one base line, more or less
        left = label_width - x - width if rtl else x
        side = {"left": "right", "right": "left"}.get(align, align) if rtl else align
        struck = block.kind == "old_price"
        words.append(
            Words(text, round(left, 3), round(top, 3), round(width, 3), round(size, 3), side, block.bold, struck)
        )
        x += width + spare
    return words


def _placed(paper: Paper, content: LabelContent, drawn: DrawnSymbol, y: float, tall: float) -> PlacedSymbol:
    """Put a symbol in the middle of its line, on whole dots."""
    dot = paper.dot
    x = round((paper.label_width - drawn.width) / 2 / dot) * dot
    top = round(Decimal(str(y)) / dot) * dot
    height = drawn.width if content.symbology in SQUARE else int(Decimal(str(max(0.0, tall))) / dot) * dot
    return PlacedSymbol(content.code, content.symbology, drawn, x, top, height)
