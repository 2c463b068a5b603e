"""Barcodes as characters: what a scanner sent made canonical, and what is not a code refused with its reason.

A code is stored as ASCII, a UPC-A as the EAN-13 with a leading zero that it is. A wrong check digit is never
corrected: it means that another digit was misread, too.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

from stdnum import ean, isbn

from ledger_web.domain.errors import InvalidBarcodeError
from ledger_web.domain.gs1 import read_elements
from ledger_web.domain.languages import gettext

CODE_MAX: Final = 80  # characters, as barcodes_code_is_printable_ascii says

# Symbologies and how they are called. The names are stored in `barcodes.symbology`.
SYMBOLOGIES: Final = {
    "ean13": "EAN-13",
    "ean8": "EAN-8",
    "upca": "UPC-A",
    "itf14": "ITF-14",
    "code128": "Code 128",
    "code39": "Code 39",
    "gs1_128": "GS1-128",
    "qr": "QR",
}

_GTINS: Final = {8: "ean8", 12: "upca", 13: "ean13", 14: "itf14"}
_DIGITS_OF: Final = {symbology: length for length, symbology in _GTINS.items()}

_PRINTABLE = re.compile(r"[!-~]+")
_DIGITS = re.compile(r"[0-9]+")
_CODE39 = re.compile(r"[0-9A-Z\-.$/+%]+")
_AIM_ID = re.compile(r"\][A-Za-z][0-9A-Za-z](?=.)")
_ISBN10 = re.compile(r"[0-9]{9}[0-9Xx]")

# What the keys 0 to 9 send when a scanner and the computer disagree about the keyboard, or about shift.
_NUMBER_ROWS: Final = (
    "à&é\"'(-è_ç",  # French without shift
    ")!@#$%^&*(",  # American with shift
    ')!"£$%^&*(',  # British with shift
    '=!"§$%&/()',  # German with shift
)

_TO_ASCII = {
    **{0xFF01 + offset: 0x21 + offset for offset in range(94)},  # full-width signs, letters and digits
    **{0x0660 + digit: 0x30 + digit for digit in range(10)},  # Arabic-Indic digits
    **{0x06F0 + digit: 0x30 + digit for digit in range(10)},  # extended ones, for Persian and Urdu
}


@dataclass(frozen=True, slots=True)
class Barcode:
    """A code that was checked. Always true: 1 to 80 printable ASCII characters, right check digit if it has one."""

    code: str
    symbology: str  # one of SYMBOLOGIES


def normalise(text: str) -> str:
    """Return what a scanner or a person sent as the code it is stored under, without judging it: for looking up.

    White space around it and an AIM identifier (`]E0`) go, digits of other scripts and full-width characters
    become ASCII, a number row typed by a scanner that believes in another keyboard becomes digits. The 12 digits
    of a UPC-A get their zero, the 8 of a UPC-E that are no EAN-8 are written in full, and an ISBN of 10 becomes one
    of 13. Capital and small letters stay what they are, and so does the separator of a GS1 element string.

    Source: product, spec 7 "Normalise"; promises B2.
    """
    return _in_full(_cleaned(text))


def readings(text: str) -> tuple[str, ...]:
    """Return the codes that a text may be stored under, the likeliest first: as it came, cleaned, and normalised."""
    code = _cleaned(text)
    candidates = (text.strip(" \t\r\n"), code, _padded(code), _in_full(code))
    return tuple(dict.fromkeys(filter(None, candidates)))


def unshifted(text: str) -> str | None:
    """Return the digits of a number row that was typed by a scanner at odds with the keyboard; None if it is none.

    Only a right GTIN is believed to be one: these are signs that people and codes use, too.
    """
    code = text.strip(" \t\r\n")
    if len(code) not in _GTINS or (code.isascii() and code.isalnum()):
        return None
    for row in _NUMBER_ROWS:
        if set(code) <= set(row):
            digits = "".join(str(row.index(sign)) for sign in code)
            if ean.is_valid(digits):
                return digits
    return None


def read_barcode(text: str, symbology: str | None = None) -> Barcode:
    """Check a code and say what kind it is.

    Args:
        text: As typed or scanned.
        symbology: One of SYMBOLOGIES when the person chose one. Without it 8, 12, 13 or 14 digits are EAN-8,
            UPC-A, EAN-13 or ITF-14, a UPC-E or an ISBN of 10 is written in full, other digits are refused, and
            whatever else can be printed is a Code 128. A GS1-128 comes with brackets or as a scanner sends it, and
            is stored with brackets, `(01)05012345678900(10)AB12`.

    Raises:
        InvalidBarcodeError: Nothing there, characters no barcode has, too long, wrong number of digits, wrong
            check digit, or not a code of the symbology. Also a number of 8, 12, 13 or 14 digits asked for as
            Code 128 or Code 39 needs its check digit: it would be taken for a product of somebody else.

    Source: GS1 General Specifications, 7.9 (check digit); product, spec 7 "Validate".
    """
    if symbology == "gs1_128":
        return Barcode(_element_string(text), symbology)
    cleaned = _cleaned(text)
    _refuse_unprintable(cleaned)
    code = _expanded(cleaned) if symbology in (None, "upca", "ean13") else cleaned
    if _DIGITS.fullmatch(code):
        _refuse_wrong_number(code, symbology)
    if symbology is None:
        symbology = "upca" if len(code) > len(cleaned) and code[0] == "0" else _kind_of(code)
    _refuse_other_kind(code, symbology)
    return Barcode(code=_padded(code), symbology=symbology)


def expand_upce(text: str) -> str:
    """Write the 8 digits of a UPC-E (number system 0 or 1) as the 13 digits it stands for.

    They may be right as an EAN-8 as well; whoever asks has made up their mind.

    Raises:
        InvalidBarcodeError: Not 8 digits beginning with 0 or 1, or a wrong check digit.

    Source: GS1 General Specifications, 5.2.2.4.2 (zero suppression).
    """
    code = _cleaned(text)
    if len(code) != 8 or not _DIGITS.fullmatch(code) or code[0] not in "01":
        raise InvalidBarcodeError("A UPC-E has 8 digits and begins with 0 or 1. Scan it again.")
    full = _upce_in_full(code)
    if not ean.is_valid(full):
        raise InvalidBarcodeError(
            gettext("The last digit of %(code)s is wrong, so a digit was misread. Scan it again.", code=code)
        )
    return full


def _element_string(text: str) -> str:
    """Return the element string with brackets, if that reads as the same again."""
    day = dt.date(2000, 1, 1)  # the century of its dates does not matter here
    elements = read_elements(text, day)
    written = elements.written if elements else ""
    again = read_elements(written, day) if written else None
    if elements is None or again is None or again.values != elements.values:
        raise InvalidBarcodeError(
            "A GS1-128 names a product and more, as (01)05012345678900(10)AB12 does, with right check digits."
            " Scan it again, or compare it with this."
        )
    _refuse_unprintable(written)
    return written


def _upce_in_full(code: str) -> str:
    a, b, c, d, e, kind = list(code[1:7])
    if kind in "012":
        body = f"{a}{b}{kind}0000{c}{d}{e}"
    elif kind == "3":
        body = f"{a}{b}{c}00000{d}{e}"
    elif kind == "4":
        body = f"{a}{b}{c}{d}00000{e}"
    else:
        body = f"{a}{b}{c}{d}{e}0000{kind}"
    return f"0{code[0]}{body}{code[7]}"


def _in_full(code: str) -> str:
    return _padded(_expanded(code))


def _expanded(code: str) -> str:
    """Write a UPC-E or an ISBN of 10 as the 13 digits it stands for; anything else stays."""
    if len(code) == 8 and code[0] in "01" and _DIGITS.fullmatch(code) and not ean.is_valid(code):
        full = _upce_in_full(code)
        return full if ean.is_valid(full) else code
    if len(code) == 10 and _ISBN10.fullmatch(code) and isbn.is_valid(code.upper()):
        return str(isbn.to_isbn13(code.upper()))
    return code


def _padded(code: str) -> str:
    return f"0{code}" if len(code) == 12 and _DIGITS.fullmatch(code) else code


def _cleaned(text: str) -> str:
    code = text.strip(" \t\r\n")
    if len(code) > 4 * CODE_MAX:
        return code  # whatever it is, it is too long
    code = code.translate(_TO_ASCII)
    code = _AIM_ID.sub("", code, count=1) if code.startswith("]") else code
    return unshifted(code) or code


def _refuse_unprintable(code: str) -> None:
    if not code:
        raise InvalidBarcodeError("Scan a barcode, or type the digits under the bars.")
    if len(code) > CODE_MAX:
        raise InvalidBarcodeError(
            gettext("A barcode has at most %(code_max)s characters. Scan one code at a time.", code_max=CODE_MAX)
        )
    if not _PRINTABLE.fullmatch(code):
        raise InvalidBarcodeError(
            "A barcode holds digits, the letters A to Z and signs like - . / only, without spaces. Scan it again."
        )


def _refuse_wrong_number(code: str, symbology: str | None) -> None:
    if len(code) not in _GTINS:
        if symbology is None:
            raise InvalidBarcodeError(
                gettext(
                    "A barcode of %(count)s digits is not EAN-8, UPC-A, EAN-13 or ITF-14."
                    " Scan it again, or choose Code 128 for a code of your own.",
                    count=len(code),
                )
            )
    elif not ean.is_valid(code):
        expected = ean.calc_check_digit(code[:-1])
        raise InvalidBarcodeError(
            gettext(
                "The last digit of %(code)s should be %(expected)s, not %(code2)s, so a digit"
                " is wrong. Scan it again, or compare all digits.",
                code=code,
                expected=expected,
                code2=code[-1],
            )
        )


def _kind_of(code: str) -> str:
    return _GTINS.get(len(code), "code128") if _DIGITS.fullmatch(code) else "code128"


def _refuse_other_kind(code: str, symbology: str) -> None:
    if symbology not in SYMBOLOGIES:
        raise InvalidBarcodeError(
            gettext("We print %(symbologies)s. Choose one of these.", symbologies=", ".join(SYMBOLOGIES.values()))
        )
    name = SYMBOLOGIES[symbology]
    if symbology == "code39" and not _CODE39.fullmatch(code):
        raise InvalidBarcodeError(
            "Code 39 has digits, capital letters and - . $ / + % only. Choose Code 128 for others."
        )
    is_upca_in_full = symbology == "upca" and len(code) == 13 and code[0] == "0"
    if symbology in _DIGITS_OF and not is_upca_in_full:
        digits = _DIGITS_OF[symbology]
        if len(code) != digits or not _DIGITS.fullmatch(code):
            raise InvalidBarcodeError(
                gettext(
                    "%(name)s has exactly %(digits)s digits. Scan it again, or choose another kind.",
                    name=name,
                    digits=digits,
                )
            )
