import io
import random
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
import resvg_py
import zxingcpp
from PIL import Image
from stdnum import ean

from ledger_web.domain.errors import InvalidBarcodeError
from ledger_web.domain.symbols import rows_of, svg

FORMATS = {
    "ean13": zxingcpp.BarcodeFormat.EAN13,
    "ean8": zxingcpp.BarcodeFormat.EAN8,
    "upca": zxingcpp.BarcodeFormat.UPCA,
    "code128": zxingcpp.BarcodeFormat.Code128,
    "itf14": zxingcpp.BarcodeFormat.ITF,
    "code39": zxingcpp.BarcodeFormat.Code39Std,
    "gs1_128": zxingcpp.BarcodeFormat.Code128,
    "qr": zxingcpp.BarcodeFormat.QRCode,
}
BATCH = "ABCXYZ0123456789-./%&"
PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


def gtin(chance: random.Random, digits: int) -> str:
    body = "".join(chance.choice("0123456789") for _ in range(digits - 1))
    return body + ean.calc_check_digit(body)


def some_code(chance: random.Random, symbology: str) -> str:
    lengths = {"ean13": 13, "ean8": 8, "upca": 12, "itf14": 14}
    if symbology in lengths:
        return gtin(chance, lengths[symbology])
    if symbology == "gs1_128":
        batch = "".join(chance.choice(BATCH) for _ in range(chance.randint(1, 10)))
        return f"(01){gtin(chance, 14)}(17)27{chance.randint(1, 12):02}28(10){batch}(37){chance.randint(1, 999)}"
    if symbology == "qr":
        return "A" + "".join(chance.choice(PRINTABLE) for _ in range(chance.randint(0, 79)))
    signs = PRINTABLE if symbology == "code128" else "ABCDEFGHIJKLMNOPQRSTUVWXYZ-.$/+%"
    return chance.choice("ABCDE") + "".join(chance.choice(signs) for _ in range(chance.randint(0, 24)))


def decode(drawing: str, symbology: str, fonts: bool = False) -> str:
    """Print in its own size at 300 dpi, and read it back."""
    png = bytes(resvg_py.svg_to_bytes(svg_string=drawing, dpi=300, skip_system_fonts=not fonts))
    image = Image.open(io.BytesIO(png)).convert("L")
    found = zxingcpp.read_barcodes(
        image, formats=zxingcpp.BarcodeFormats(FORMATS[symbology]), try_rotate=False, try_downscale=False
    )
    assert len(found) == 1
    return str(found[0].text)


@pytest.mark.parametrize(
    ("symbology", "codes"),
    [
        ("ean13", 300),
        ("ean8", 300),
        ("upca", 300),
        ("code128", 300),
        ("itf14", 30),
        ("code39", 30),
        ("gs1_128", 60),
        ("qr", 60),
    ],
)
def test_b1_every_printed_symbol_reads_as_its_code(symbology: str, codes: int) -> None:
    seed = random.SystemRandom().randrange(10**9)
    chance = random.Random(seed)
    for _ in range(codes):
        code = some_code(chance, symbology)

        read = decode(svg(code, symbology, height_mm=Decimal(8), text=False), symbology)

        assert read in {code, f"0{code}" if symbology == "upca" else code}, f"seed {seed}: {code} was read as {read}"


@pytest.mark.parametrize("symbology", ["ean13", "code128"])
def test_the_digits_below_do_not_keep_a_symbol_from_being_read(symbology: str) -> None:
    code = "5012345678900" if symbology == "ean13" else "SKU-42"

    assert decode(svg(code, symbology), symbology, fonts=True) == code


def hostile_labels() -> list[str]:
    bodies = [
        "<script>alert(1)</script>",
        '"onload="alert(1)',
        "'><svg/onload=1>",
        "]]>",
        "<!--",
        "&lt;",
        "&#0;",
        "<g/>",
    ]
    return [body + PRINTABLE[n] for n, body in enumerate(bodies * 8) if n < 60]


@pytest.mark.parametrize("label", hostile_labels())
def test_b3_a_hostile_code_is_drawn_as_an_inert_picture(label: str) -> None:
    drawing = ET.fromstring(svg(label, "code128"))  # noqa: S314

    assert [element.tag.partition("}")[2] for element in drawing.iter()] == ["svg", "title", "rect", "path", "text"]
    assert {name for element in drawing.iter() for name in element.attrib} == {
        "role", "viewBox", "width", "height", "shape-rendering", "fill", "d", "x", "y", "font-size", "font-family",
        "text-anchor", "direction",
    }  # fmt: skip
    assert [element.text for element in drawing.iter() if element.text] == [label, label]


@pytest.mark.parametrize("code", ["", "a\x00b", "\x0b", "é", "a b", "x" * 81, "\ud800"])
def test_what_is_no_code_is_not_drawn(code: str) -> None:
    with pytest.raises(InvalidBarcodeError):
        svg(code, "code128")


def test_b2_a_wrong_check_digit_is_refused_and_not_corrected() -> None:
    wrong = (
        ("5032783267860", "ean13"),
        ("73513530", "ean8"),
        ("036000291450", "upca"),
        ("(01)05012345678901(10)AB", "gs1_128"),
    )
    for code, symbology in wrong:
        with pytest.raises(InvalidBarcodeError):
            svg(code, symbology)


def test_an_upca_is_drawn_from_either_way_of_writing_it() -> None:
    assert svg("036000291452", "upca") == svg("0036000291452", "upca")


@pytest.mark.parametrize(
    ("code", "symbology", "left", "right", "width"),
    [
        ("5012345678900", "ean13", 11, 7, 95),
        ("73513537", "ean8", 7, 7, 67),
        ("036000291452", "upca", 9, 9, 95),
        ("ABC", "code128", 10, 10, 68),
    ],
)
def test_the_quiet_zones_are_as_wide_as_readers_need(
    code: str, symbology: str, left: int, right: int, width: int
) -> None:
    (bits,) = rows_of(code, symbology)

    assert len(bits) == left + width + right
    assert len(bits) - len(bits.lstrip("0")) == left
    assert len(bits) - len(bits.rstrip("0")) == right


def test_the_size_is_in_millimetres_of_whole_modules() -> None:
    drawing = svg("5012345678900", "ean13")

    assert 'width="37.29mm" height="21.78mm"' in drawing
    assert drawing.count("<path") == 1
    assert "style" not in drawing
    assert " id=" not in drawing
    assert ">5012345678900</text>" in drawing


def test_a_gs1_symbol_says_to_the_scanner_where_each_element_ends() -> None:
    drawing = svg("(01)05012345678900(10)AB-12(37)30", "gs1_128", text=False)
    png = bytes(resvg_py.svg_to_bytes(svg_string=drawing, dpi=300, skip_system_fonts=True))

    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)).convert("L"), text_mode=zxingcpp.TextMode.Plain)

    assert found.symbology_identifier == "]C1"
    assert found.text == "010501234567890010AB-12\x1d3730"


def test_a_square_symbol_has_its_quiet_zone_on_all_sides() -> None:
    rows = rows_of("HTTPS://CORNER.EXAMPLE/MILK", "qr")

    assert len(rows) == len(rows[0])
    assert set(rows[:4] + rows[-4:]) == {"0" * len(rows)}
    assert all(row.startswith("0000") and row.endswith("0000") for row in rows)
