"""PDFs, looked at as a printer would: rasterised, and read."""

import datetime as dt
from decimal import Decimal

import pypdfium2
import zxingcpp

from ledger_web.domain.pdf import PdfDocument
from ledger_web.domain.symbols import rows_of
from ledger_web.filters import negative

MOMENT = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)


def read(document: PdfDocument) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(document.content())


def test_a_page_has_its_size_in_millimetres_whichever_side_is_longer() -> None:
    document = PdfDocument("Sizes", made_at=MOMENT)
    document.page(Decimal("80"), Decimal("60"))
    document.page(Decimal("60"), Decimal("80.5"))

    pages = read(document)

    assert [[round(length * 25.4 / 72, 1) for length in page.get_size()] for page in pages] == [[80, 60], [60, 80.5]]


def test_text_of_both_directions_can_be_read_back() -> None:
    document = PdfDocument("Texts", made_at=MOMENT, rtl=True, language="fa")
    document.page(80, 60)
    height = document.text("Milk 1 l", 2, 2, 76, size=4, bold=True)
    document.text("شیر", 2, 10, 76, size=4)

    written = read(document)[0].get_textpage().get_text_bounded()

    assert height == 4.8
    assert "Milk 1 l" in written
    assert set("شیر") <= set(written)


def test_start_is_right_where_writing_begins_there() -> None:
    left, right = PdfDocument("Left", made_at=MOMENT), PdfDocument("Right", made_at=MOMENT, rtl=True)
    for document in (left, right):
        document.page(100, 20)
        document.text("Milk", 5, 5, 90, size=4)

    edges = [read(document)[0].get_textpage().get_charbox(0)[0] * 25.4 / 72 for document in (left, right)]

    assert 4 <= edges[0] <= 7
    assert edges[1] > 80


def test_a_minus_stands_before_its_figure_where_writing_runs_from_right_to_left() -> None:
    for figure in ("12.50 AFN", "۱۲٫۵۰ AFN", "١٢٫٥٠ AFN"):
        document = PdfDocument("Minus", made_at=MOMENT, rtl=True, language="fa")
        document.page(80, 20)
        document.line_of_text(negative(figure), 5, 5, 70, 4, align="end")

        text = read(document)[0].get_textpage()
        written = text.get_text_bounded()
        left = {sign: text.get_charbox(at)[0] for at, sign in enumerate(written)}

        assert left["−"] < min(left[sign] for sign in figure if sign.strip()), figure


def test_the_typeface_goes_into_the_file() -> None:
    document = PdfDocument("Fonts", made_at=MOMENT)
    document.page(80, 60)
    document.text("Milk", 2, 2, 76, size=4)

    assert b"/FontFile2" in document.content()


def test_hostile_text_is_only_text() -> None:
    document = PdfDocument(") /JS (app.alert(1)) <script>", made_at=MOMENT)
    document.page(80, 60)
    for number, text in enumerate([") Tj /OpenAction (", "\\) <<>> endstream", "\u202eevil", "😀 中", "\x00\x1b"]):
        document.text(text, 2, 2 + number * 6, 76, size=4)

    written = read(document)

    assert len(written) == 1
    assert pypdfium2.raw.FPDFDoc_GetJavaScriptActionCount(written) == 0
    assert "/OpenAction (" in written[0].get_textpage().get_text_bounded()


def test_the_same_content_of_the_same_moment_is_the_same_file() -> None:
    files = []
    for _ in range(2):
        document = PdfDocument("Twice", made_at=MOMENT)
        document.page(80, 60)
        document.text("Milk", 2, 2, 76, size=4)
        files.append(document.content())

    assert files[0] == files[1]


def test_bars_and_dots_are_read_back() -> None:
    rows = rows_of("5901234123457", "ean13")
    document = PdfDocument("Symbols", made_at=MOMENT)
    document.page(60, 30)
    document.bars(rows, 3, 3, module=Decimal("0.33"), height=10)
    document.page(60, 30)
    document.dots(rows, 3, 3, dots=3, module=Decimal("25.4") / 203 * 3, height=10)

    for page in read(document):
        picture = page.render(scale=203 / 72).to_pil().convert("L")
        assert [found.text for found in zxingcpp.read_barcodes(picture)] == ["5901234123457"]
