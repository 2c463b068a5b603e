"""Barcodes as characters: what a scanner sent made canonical, and what is not a code refused with its reason.

A code is stored as ASCII, a UPC-A as the EAN-13 with a leading zero that it is. A wrong check digit is never
corrected: it means that another digit was misread, too.
"""

import re
from dataclasses import dataclass
from typing import Final

from stdnum import ean

from ledger_web.domain.errors import InvalidBarcodeError

CODE_MAX: Final = 80  # characters, as barcodes_code_is_printable_ascii says

# Symbologies and how they are called. The names are stored in `barcodes.symbology`.
SYMBOLOGIES: Final = {
    "ean13": "EAN-13",
    "ean8": "EAN-8",
    "upca": "UPC-A",
    "itf14": "ITF-14",
    "code128": "Code 128",
    "code39": "Code 39",
}

_GTINS: Final = {8: "ean8", 12: "upca", 13: "ean13", 14: "itf14"}
_DIGITS_OF: Final = {symbology: length for length, symbology in _GTINS.items()}

_PRINTABLE = re.compile(r"[!-~]+")
_DIGITS = re.compile(r"[0-9]+")
_CODE39 = re.compile(r"[0-9A-Z\-.$/+%]+")
_AIM_ID = re.compile(r"\][A-Za-z][0-9A-Za-z](?=.)")
_AZERTY_ROW = "à&é\"'(-è_ç"  # what the keys 0 to 9 send on a French keyboard without shift

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
    become ASCII, a number row typed by a scanner that believes in a French keyboard becomes digits, and the 12
    digits of a UPC-A get their zero. Capital and small letters stay what they are.

    Source: product, spec 7 "Normalise"; promises B2.
    """
    code = _cleaned(text)
    return f"0{code}" if len(code) == 12 and _DIGITS.fullmatch(code) else code


def read_barcode(text: str, symbology: str | None = None) -> Barcode:
    """Check a code and say what kind it is.

    Args:
        text: As typed or scanned.
        symbology: One of SYMBOLOGIES when the person chose one. Without it 8, 12, 13 or 14 digits are EAN-8,
            UPC-A, EAN-13 or ITF-14, other digits are refused, and whatever else can be printed is a Code 128.

    Raises:
        InvalidBarcodeError: Nothing there, characters no barcode has, too long, wrong number of digits, wrong
            check digit, or not a code of the symbology. Also a number of 8, 12, 13 or 14 digits asked for as
            Code 128 or Code 39 needs its check digit: it would be taken for a product of somebody else.

    Source: GS1 General Specifications, 7.9 (check digit); product, spec 7 "Validate".
    """
    code = _cleaned(text)
    _refuse_unprintable(code)
    if _DIGITS.fullmatch(code):
        _refuse_wrong_number(code, symbology)
    if symbology is None:
        symbology = _GTINS.get(len(code), "code128") if _DIGITS.fullmatch(code) else "code128"
    _refuse_other_kind(code, symbology)
    return Barcode(code=normalise(code), symbology=symbology)


def expand_upce(text: str) -> str:
    """Write the 8 digits of a UPC-E (number system 0 or 1) as the 13 digits it stands for.

    Only when asked: 8 digits may just as well be an EAN-8.

    Raises:
        InvalidBarcodeError: Not 8 digits beginning with 0 or 1, or a wrong check digit.

    Source: GS1 General Specifications, 5.2.2.4.2 (zero suppression).
    """
    code = _cleaned(text)
    if len(code) != 8 or not _DIGITS.fullmatch(code) or code[0] not in "01":
        raise InvalidBarcodeError("A UPC-E has 8 digits and begins with 0 or 1. Scan it again.")
    a, b, c, d, e, kind = list(code[1:7])
    if kind in "012":
        body = f"{a}{b}{kind}0000{c}{d}{e}"
    elif kind == "3":
        body = f"{a}{b}{c}00000{d}{e}"
    elif kind == "4":
        body = f"{a}{b}{c}{d}00000{e}"
    else:
        body = f"{a}{b}{c}{d}{e}0000{kind}"
    return read_barcode(f"{code[0]}{body}{code[7]}", "upca").code


def _cleaned(text: str) -> str:
    code = text.strip(" \t\r\n").translate(_TO_ASCII)
    code = _AIM_ID.sub("", code, count=1) if code.startswith("]") else code
    return _from_azerty(code)


def _from_azerty(code: str) -> str:
    """Turn the French number row into digits, if that gives a right GTIN; otherwise leave the code alone."""
    if len(code) in _GTINS and not code.isascii() and set(code) <= set(_AZERTY_ROW):
        digits = "".join(str(_AZERTY_ROW.index(sign)) for sign in code)
        return digits if ean.is_valid(digits) else code
    return code


def _refuse_unprintable(code: str) -> None:
    if not code:
        raise InvalidBarcodeError("Scan a barcode, or type the digits under the bars.")
    if len(code) > CODE_MAX:
        raise InvalidBarcodeError(f"A barcode has at most {CODE_MAX} characters. Scan one code at a time.")
    if not _PRINTABLE.fullmatch(code):
        raise InvalidBarcodeError(
            "A barcode holds digits, the letters A to Z and signs like - . / only, without spaces. Scan it again."
        )


def _refuse_wrong_number(code: str, symbology: str | None) -> None:
    if len(code) not in _GTINS:
        if symbology is None:
            raise InvalidBarcodeError(
                f"A barcode of {len(code)} digits is not EAN-8, UPC-A, EAN-13 or ITF-14."
                " Scan it again, or choose Code 128 for a code of your own."
            )
    elif not ean.is_valid(code):
        expected = ean.calc_check_digit(code[:-1])
        raise InvalidBarcodeError(
            f"The last digit of {code} should be {expected}, not {code[-1]}, so a digit is wrong."
            " Scan it again, or compare all digits."
        )


def _refuse_other_kind(code: str, symbology: str) -> None:
    if symbology not in SYMBOLOGIES:
        raise InvalidBarcodeError(f"We print {', '.join(SYMBOLOGIES.values())}. Choose one of these.")
    name = SYMBOLOGIES[symbology]
    if symbology == "code39" and not _CODE39.fullmatch(code):
        raise InvalidBarcodeError(
            "Code 39 has digits, capital letters and - . $ / + % only. Choose Code 128 for others."
        )
    is_upca_in_full = symbology == "upca" and len(code) == 13 and code[0] == "0"
    if symbology in _DIGITS_OF and not is_upca_in_full:
        digits = _DIGITS_OF[symbology]
        if len(code) != digits or not _DIGITS.fullmatch(code):
            raise InvalidBarcodeError(f"{name} has exactly {digits} digits. Scan it again, or choose another kind.")
