import time

import pytest

from ledger_web.domain.barcodes import (
    SYMBOLOGIES,
    Barcode,
    expand_upce,
    normalise,
    read_barcode,
    readings,
    unshifted,
)
from ledger_web.domain.errors import InvalidBarcodeError
from tests.bad_input import ALL


@pytest.mark.parametrize(
    ("text", "code", "symbology"),
    [
        ("5012345678900", "5012345678900", "ean13"),
        ("4006381333931", "4006381333931", "ean13"),
        ("9780471117094", "9780471117094", "ean13"),
        ("0036000291452", "0036000291452", "ean13"),
        ("73513537", "73513537", "ean8"),
        ("036000291452", "0036000291452", "upca"),
        ("98412345678908", "98412345678908", "itf14"),
        ("ABC-123", "ABC-123", "code128"),
        ("abc", "abc", "code128"),
        ("SKU#42/a", "SKU#42/a", "code128"),
        ("!", "!", "code128"),
        ("~" * 80, "~" * 80, "code128"),
        # What scanners add and how people type.
        ("5012345678900\r\n", "5012345678900", "ean13"),
        ("\t5012345678900\t", "5012345678900", "ean13"),
        ("]E05012345678900", "5012345678900", "ean13"),
        ("]E473513537", "73513537", "ean8"),
        ("]C0ABC-123", "ABC-123", "code128"),
        ("٥٠١٢٣٤٥٦٧٨٩٠٠", "5012345678900", "ean13"),
        ("۵۰۱۲۳۴۵۶۷۸۹۰۰", "5012345678900", "ean13"),
        ("５０１２３４５６７８９００", "5012345678900", "ean13"),
        ("501234567890０", "5012345678900", "ean13"),
        ("(à&é\"'(-è_çàà", "5012345678900", "ean13"),
        (")!@#$%^&*(", ")!@#$%^&*(", "code128"),
        ("%)!@#$%^&*())", "5012345678900", "ean13"),
        ('%)!"£$%^&*())', "5012345678900", "ean13"),
        ('%=!"§$%&/()==', "5012345678900", "ean13"),
        # Written in full.
        ("04252614", "0042100005264", "upca"),
        ("]E004252614", "0042100005264", "upca"),
        ("01234565", "01234565", "ean8"),
        ("0471117099", "9780471117094", "ean13"),
        ("080442957X", "9780804429573", "ean13"),
        ("080442957x", "9780804429573", "ean13"),
        ("]", "]", "code128"),
        ("]E0", "]E0", "code128"),
    ],
)
def test_a_code_is_made_canonical_and_its_kind_seen(text: str, code: str, symbology: str) -> None:
    assert read_barcode(text) == Barcode(code, symbology)


@pytest.mark.parametrize(
    ("code", "expected"),
    [("5012345678901", 0), ("5032783267860", 3), ("73513530", 7), ("036000291450", 2), ("98412345678900", 8)],
)
def test_b2_a_wrong_check_digit_is_refused_and_the_right_one_named(code: str, expected: int) -> None:
    with pytest.raises(InvalidBarcodeError, match=rf"The last digit of {code} should be {expected}, not {code[-1]}"):
        read_barcode(code)


def test_every_wrong_last_digit_is_refused() -> None:
    for digit in "123456789":
        with pytest.raises(InvalidBarcodeError):
            read_barcode(f"501234567890{digit}")


@pytest.mark.parametrize("digits", [1, 2, 3, 4, 5, 6, 7, 9, 11, 15, 18, 20, 80])
def test_other_numbers_of_digits_are_nobodys_code(digits: int) -> None:
    with pytest.raises(
        InvalidBarcodeError, match=f"A barcode of {digits} digits is not EAN-8, UPC-A, EAN-13 or ITF-14"
    ):
        read_barcode("1" * digits)


def test_a_number_of_ones_own_is_a_code_128_when_that_is_asked_for() -> None:
    assert read_barcode("100234", "code128") == Barcode("100234", "code128")
    assert read_barcode("100234", "code39") == Barcode("100234", "code39")


@pytest.mark.parametrize("symbology", ["code128", "code39", "ean13", None])
def test_a_number_that_looks_like_a_manufacturers_needs_its_check_digit_whatever_is_asked_for(
    symbology: str | None,
) -> None:
    with pytest.raises(InvalidBarcodeError, match="should be 0, not 1"):
        read_barcode("5012345678901", symbology)


@pytest.mark.parametrize(
    ("text", "symbology"),
    [
        ("73513537", "ean13"),
        ("5012345678900", "ean8"),
        ("5012345678900", "upca"),
        ("036000291452", "ean13"),
        ("ABC", "ean13"),
        ("5012345678900", "itf14"),
        ("abc", "code39"),
        ("A_B", "code39"),
        ("ABC", "gs1_128"),
        ("5012345678900", "gs1_128"),
        ("(01)05012345678901(10)A", "gs1_128"),
        ("ABC", "aztec"),
        ("ABC", ""),
    ],
)
def test_a_code_of_another_kind_is_refused(text: str, symbology: str) -> None:
    with pytest.raises(InvalidBarcodeError):
        read_barcode(text, symbology)


@pytest.mark.parametrize(
    "text", ["", " ", "\r\n", "A B", "é", "a\x00b", "A\tB", "x" * 81, "²", "1\u200b2", "\x1d01", "\ud800"]
)
def test_what_no_barcode_holds_is_refused(text: str) -> None:
    with pytest.raises(InvalidBarcodeError):
        read_barcode(text)


@pytest.mark.parametrize("text", ALL)
def test_what_is_accepted_is_printable_ascii_and_stays_itself(text: str) -> None:
    try:
        barcode = read_barcode(text)
    except InvalidBarcodeError:
        return

    assert barcode.code.isascii()
    assert barcode.code.isprintable()
    assert 1 <= len(barcode.code) <= 80
    assert barcode.symbology in SYMBOLOGIES
    assert normalise(barcode.code) == barcode.code


@pytest.mark.parametrize("text", ["036000291452", "0036000291452", "]E00036000291452\r", "٠٣٦٠٠٠٢٩١٤٥٢"])
def test_a_upca_is_looked_up_as_the_ean_13_it_is(text: str) -> None:
    assert normalise(text) == "0036000291452"


def test_looking_up_judges_nothing() -> None:
    assert normalise("5012345678901") == "5012345678901"
    assert normalise("") == ""
    assert normalise("(à&é\"'(-è_çà&") == "(à&é\"'(-è_çà&"


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("04252614", "0042100005264"),
        ("01234565", "0012345000065"),
        ("01278907", "0012000007897"),
        ("01234531", "0012300000451"),
        ("01234543", "0012340000053"),
    ],
)
def test_a_upce_is_written_in_full_when_asked(short: str, full: str) -> None:
    assert expand_upce(short) == full


@pytest.mark.parametrize("text", ["04252615", "24252614", "0425261", "abcdefgh", ""])
def test_what_is_not_a_upce_is_not_expanded(text: str) -> None:
    with pytest.raises(InvalidBarcodeError):
        expand_upce(text)


@pytest.mark.parametrize(
    "text", ["1" * 100_000, "]E" * 50_000, "A" * 100_000, "à" * 100_000, " " * 100_000, "٣" * 100_000]
)
def test_i6_a_hundred_thousand_characters_are_refused_at_once(text: str) -> None:
    started = time.perf_counter()

    with pytest.raises(InvalidBarcodeError):
        read_barcode(text)

    assert time.perf_counter() - started < 0.05


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("5012345678900", ("5012345678900",)),
        ("]E05012345678900\r", ("]E05012345678900", "5012345678900")),
        ("036000291452", ("036000291452", "0036000291452")),
        ("04252614", ("04252614", "0042100005264")),
        ("73513537", ("73513537",)),
        ("0471117099", ("0471117099", "9780471117094")),
        ("٧٣٥١٣٥٣٧", ("٧٣٥١٣٥٣٧", "73513537")),
        ("abc", ("abc",)),
        (" \t", ()),
    ],
)
def test_a_text_is_looked_up_as_it_came_and_as_it_may_be_stored(text: str, codes: tuple[str, ...]) -> None:
    assert readings(text) == codes


@pytest.mark.parametrize("text", ["50123456", "%)!@#$%^&*()!", "!@#$", "", "12*34567", "%" * 100_000])
def test_signs_that_give_no_right_code_are_not_taken_for_a_shifted_one(text: str) -> None:
    assert unshifted(text) is None


def test_a_separator_of_elements_stays() -> None:
    assert normalise("010501234567890010AB\x1d17261231\r\n") == "010501234567890010AB\x1d17261231"
