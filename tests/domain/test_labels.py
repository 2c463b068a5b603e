"""Label paper: every label on the page, none over another, every symbol read back from the printer's dots."""

import io
from decimal import Decimal

import pytest
import zxingcpp
from PIL import Image

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.internal_codes import COUNTER_MAX, internal_code
from ledger_web.domain.labels import PADDING, PAPERS, Paper, fit_symbol
from ledger_web.domain.pictures import png
from ledger_web.domain.symbols import rows_of

CODES = {
    "ean13": "5901234123457",
    "ean8": "96385074",
    "upca": "0036000291452",
    "itf14": "15901234123454",
    "code128": "A-001042",
    "code39": "LEDGER-7",
}


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_labels_lie_on_the_page_and_not_on_each_other(paper: Paper) -> None:
    corners = [paper.position(place) for place in range(paper.labels)]

    assert len(set(corners)) == paper.labels
    for left, top in corners:
        assert left >= 0
        assert top >= 0
        assert left + paper.label_width <= paper.page_width
        assert top + paper.label_height <= paper.page_height
    assert paper.columns == 1 or paper.pitch_x >= paper.label_width
    assert paper.rows == 1 or paper.pitch_y >= paper.label_height


@pytest.mark.parametrize(
    ("name", "labels", "first", "last"),
    [
        ("L7160", 21, ("7.21", "15.15"), ("139.29", "243.75")),
        ("L7651", 65, ("4.67", "10.7"), ("167.23", "265.1")),
        ("5160", 30, ("4.7625", "12.7"), ("144.4625", "241.3")),
    ],
)
def test_the_layouts_are_the_makers(name: str, labels: int, first: tuple[str, str], last: tuple[str, str]) -> None:
    paper = PAPERS[name]

    assert paper.labels == labels
    assert paper.position(0) == (Decimal(first[0]), Decimal(first[1]))
    assert paper.position(labels - 1) == (Decimal(last[0]), Decimal(last[1]))


@pytest.mark.parametrize("symbology", CODES)
@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_what_fits_on_a_paper_reads_back_from_the_printers_dots(paper: Paper, symbology: str) -> None:
    code = CODES[symbology]
    symbol = fit_symbol(paper, code, symbology)
    if symbol is None:  # long kinds on narrow labels; what is printed on goods fits everywhere
        assert symbology in ("itf14", "code128", "code39")
        assert paper.label_width <= 40
        return

    assert symbol.width <= paper.label_width - 2 * PADDING
    assert symbol.module == symbol.dots * paper.dot
    drawn = png(rows_of(code, symbology), dots=symbol.dots, height=80, dpi=paper.dpi)
    picture = Image.open(io.BytesIO(drawn)).convert("L")
    read = zxingcpp.read_barcodes(picture)
    assert [each.text for each in read] in ([code], [code[1:]], [code.removeprefix("0")])


def test_a_code_that_is_too_long_for_a_label_is_said_not_to_fit() -> None:
    assert fit_symbol(PAPERS["roll-30x20-203"], "X" * 60, "code128") is None


def test_a_narrow_symbol_says_so() -> None:
    narrow = fit_symbol(PAPERS["roll-30x20-203"], CODES["ean13"], "ean13")
    wide = fit_symbol(PAPERS["roll-50x25-203"], CODES["ean13"], "ean13")

    assert narrow
    assert (narrow.dots, narrow.is_narrow) == (2, True)
    assert wide
    assert (wide.dots, wide.is_narrow) == (3, False)


def test_internal_codes_are_valid_and_all_different() -> None:
    codes = [internal_code(number) for number in (1, 2, 3, 999, COUNTER_MAX["ean13"])]

    assert codes[0] == "2100000000012"
    assert len(set(codes)) == 5
    for code in codes:
        assert read_barcode(code).symbology == "ean13"
    with pytest.raises(ValueError, match="no internal code"):
        internal_code(0)
