"""One label: everything on it, nothing over the edge, and every code read back from the printer's dots."""

import io
from decimal import Decimal

import pytest
import resvg_py
import zxingcpp
from PIL import Image

from ledger_web.domain.label_drawing import DrawnLabel, LabelContent, draw_label
from ledger_web.domain.labels import (
    BLOCKS,
    TEMPLATES,
    Block,
    Paper,
    Printer,
    Template,
    correction,
    measured,
    paper_troubles,
    read_blocks,
    write_blocks,
)
from ledger_web.domain.pictures import png
from ledger_web.domain.typeface import width_of

CODES = {
    "ean13": "5901234123457",
    "ean8": "96385074",
    "upca": "0036000291452",
    "itf14": "15901234123454",
    "code128": "A-001042",
    "code39": "LEDGER-7",
    "gs1_128": "(01)15901234123454",
    "qr": "HTTPS://CORNER.EXAMPLE/1",
}
TEXTS = {
    "name": "Basmati rice, extra long, of the first quality, from the foot of the mountains 5 kg",
    "variant": "Red · Large",
    "price": "1,250.00 PKR",
    "unit_price": "250.00 PKR / kg",
    "old_price": "1,400.00 PKR",
    "digits": "5901234123457",
    "sku": "RICE-5",
    "date": "Nov 20, 2026",
    "shop": "Corner",
}
WIDE = frozenset({"itf14", "code128", "code39", "gs1_128", "qr"})  # need not fit on every label


def content(symbology: str = "ean13", **texts: str) -> LabelContent:
    return LabelContent(TEXTS | texts, CODES[symbology], symbology)


def in_dots(label: DrawnLabel, paper: Paper, dpi: int) -> Image.Image:
    """Put a symbol where it is on its label, in the dots of a printer."""
    assert label.symbol
    symbol, dot = label.symbol, Decimal("25.4") / dpi
    picture = Image.new("L", (int(paper.label_width / dot), int(paper.label_height / dot)), 255)
    if paper.is_roll:  # exactly what the printer gets
        drawn = png(symbol.rows, dots=symbol.drawn.dots, height=symbol.tall, dpi=paper.dpi)
        bars = Image.open(io.BytesIO(drawn)).convert("L")
    else:
        size = f'width="{symbol.drawn.width}mm" height="{symbol.height}mm"'
        box = f'viewBox="0 0 {len(symbol.rows[0])} {len(symbol.rows)}" preserveAspectRatio="none"'
        drawing = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}><path d="{symbol.path}"/></svg>'
        raster = bytes(resvg_py.svg_to_bytes(svg_string=drawing, dpi=dpi, background="#fff", skip_system_fonts=True))
        bars = Image.open(io.BytesIO(raster)).convert("L")
    picture.paste(bars, (round(symbol.x / dot), round(symbol.y / dot)))
    return picture


@pytest.mark.parametrize("symbology", CODES)
@pytest.mark.parametrize("key", TEMPLATES)
def test_every_code_on_every_template_is_read_back_from_the_dots(key: str, symbology: str) -> None:
    template, code = TEMPLATES[key], CODES[symbology]
    label = draw_label(template, content(symbology))
    if not label.fits:
        assert symbology in WIDE
        assert template.paper.label_width <= 45
        return

    assert label.symbol
    for dpi in (template.paper.dpi,) if template.paper.is_roll else (300, 600):
        read = [found.text for found in zxingcpp.read_barcodes(in_dots(label, template.paper, dpi))]
        assert read in ([code], [code.removeprefix("0")], [f"0{code}"]), (dpi, read)


@pytest.mark.parametrize("rtl", [False, True])
@pytest.mark.parametrize("name", ["Milk", TEXTS["name"] * 4, "ن" * 300, "W" * 300, "شیر پرچرب Milk ۱ لیتری", "😀" * 50])
@pytest.mark.parametrize("key", TEMPLATES)
def test_nothing_lies_over_the_edge_or_on_something_else(key: str, name: str, rtl: bool) -> None:
    paper = TEMPLATES[key].paper
    label = draw_label(TEMPLATES[key], content(name=name), rtl=rtl)

    assert label.symbol
    for words in label.words:
        assert words.x >= 0
        assert words.y >= 0
        assert words.x + words.width <= float(paper.label_width) + 0.01
        assert words.baseline <= float(paper.label_height)
        assert width_of(words.text, words.size, bold=words.bold) <= words.width + 0.01
        below, above = float(label.symbol.y + label.symbol.height), float(label.symbol.y)
        assert words.y >= below - 0.2 or words.baseline <= above + 0.2
    assert label.symbol.x + label.symbol.drawn.width <= paper.label_width
    assert label.symbol.y + label.symbol.height <= paper.label_height


def test_a_long_name_has_two_lines_and_an_ellipsis() -> None:
    label = draw_label(TEMPLATES["L7160"], content(name=TEXTS["name"] * 3))

    lines = [words.text for words in label.words if words.y < 8]
    assert len(lines) == 2
    assert lines[1].endswith("…")


def test_where_writing_begins_on_the_right_the_first_of_a_line_stands_there() -> None:
    for rtl, side in ((False, "left"), (True, "right")):
        label = draw_label(TEMPLATES["L7160"], content(), rtl=rtl)
        digits = next(words for words in label.words if words.text == TEXTS["digits"])
        price = next(words for words in label.words if words.text == TEXTS["price"])

        assert digits.align == side
        assert (digits.x < price.x) is not rtl


def test_a_price_is_made_smaller_and_never_shortened() -> None:
    template = Template(
        "t", "", TEMPLATES["roll-30x20-203"].paper, (Block("digits", 1, Decimal(5)), Block("price", 1, Decimal(9)))
    )

    label = draw_label(template, content(price="1,234,567,890.00 PKR"))

    assert [words.text for words in label.words] == [TEXTS["digits"], "1,234,567,890.00 PKR"]
    assert sum(words.width for words in label.words) <= 28.01


def test_an_old_price_is_struck_through_and_what_is_not_known_is_left_out() -> None:
    template = Template("t", "", TEMPLATES["L7160"].paper, tuple(Block(kind, 1, Decimal(2)) for kind in BLOCKS))

    label = draw_label(template, LabelContent({"price": "9.00 PKR", "old_price": "10.00 PKR"}))

    assert [(words.text, words.is_struck) for words in label.words] == [("10.00 PKR", True), ("9.00 PKR", False)]
    assert label.symbol is None


def test_a_code_that_does_not_fit_is_said_not_to() -> None:
    crowded = tuple(Block(kind, line, Decimal(6)) for line, kind in enumerate(("name", "price", "code"), start=1))

    assert not draw_label(TEMPLATES["roll-30x20-203"], LabelContent({}, "X" * 60, "code128")).fits
    assert not draw_label(Template("t", "", TEMPLATES["5167"].paper, crowded), content()).fits


def test_blocks_are_stored_and_read_back() -> None:
    blocks = (Block("name", 1, Decimal("3.2")), Block("price", 2, Decimal(4), bold=True))

    assert read_blocks(write_blocks(blocks)) == blocks


def test_a_paper_on_which_labels_do_not_lie_says_what_is_wrong() -> None:
    wide = Paper(
        "w",
        "",
        Decimal(210),
        Decimal(297),
        Decimal(70),
        Decimal(40),
        columns=4,
        rows=7,
        pitch_x=Decimal(70),
        pitch_y=Decimal(30),
    )

    assert paper_troubles(TEMPLATES["L7160"].paper) == []
    assert [trouble.partition(":")[0] for trouble in paper_troubles(wide)] == ["From label to label down", "Page width"]
    assert "70 mm wider" in paper_troubles(wide)[1]


@pytest.mark.parametrize("ruler", [("20", "20", "100"), ("21.5", "18", "99.2"), ("17.25", "23", "101")])
def test_a_printer_is_put_right_by_what_its_ruler_page_measures(ruler: tuple[str, str, str]) -> None:
    left, top, length = map(Decimal, ruler)
    printer = correction(left, top, length)

    # The printer stretches and moves; what is moved against it first comes out in its place.
    stretch = length / 100
    moved = left - 20 * stretch
    printed = (printer.offset_x + Decimal(20) * printer.scale / 100) * stretch + moved
    assert abs(printed - 20) < Decimal("0.01")
    assert all(
        abs(one - other) <= Decimal("0.01") for one, other in zip(measured(printer), (left, top, length), strict=True)
    )
    assert correction(Decimal(20), Decimal(20), Decimal(100)) == Printer(Decimal(0), Decimal(0), Decimal(100))
