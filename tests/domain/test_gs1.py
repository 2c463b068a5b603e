"""Element strings: product, batch, days, weight and count out of one symbol."""

import datetime as dt
import time
from decimal import Decimal

import pytest

from ledger_web.domain.gs1 import read_elements
from tests.bad_input import ALL

TODAY = dt.date(2026, 11, 20)
MILK = "05012345678900"


@pytest.mark.parametrize(
    "text",
    [
        f"(01){MILK}(10)AB12(17)261231",
        f"01{MILK}10AB12\x1d17261231",
        f"\x1d01{MILK}1726123110AB12",
        f"]C101{MILK}1726123110AB12\r\n",
        f"]d201{MILK}1726123110AB12\x1d",
        f"01{MILK}10AB12{{GS}}17261231",
        f"01{MILK}10AB12\u241d17261231",
        f" (01){MILK} (17)261231 (10)AB12 ",
    ],
)
def test_however_it_is_sent_it_says_the_same(text: str) -> None:
    elements = read_elements(text, TODAY)

    assert elements
    assert elements.gtin == MILK
    assert elements.batch == "AB12"
    assert elements.expiry == dt.date(2026, 12, 31)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        (f"01{MILK}3103001234", "kilograms", Decimal("1.234")),
        (f"01{MILK}3100000002", "kilograms", Decimal(2)),
        (f"01{MILK}3105123456", "kilograms", Decimal("1.23456")),
        (f"01{MILK}3201000011", "kilograms", Decimal("0.498951607")),
        (f"01{MILK}39221234", "price", Decimal("12.34")),
        (f"01{MILK}3920150", "price", Decimal(150)),
        (f"02{MILK}3712", "count", 12),
        (f"01{MILK}308", "count", 8),
        (f"01{MILK}15270100", "best_before", dt.date(2027, 1, 31)),
        (f"01{MILK}15280200", "best_before", dt.date(2028, 2, 29)),
        (f"01{MILK}17761231", "expiry", dt.date(2076, 12, 31)),
        (f"01{MILK}17771231", "expiry", dt.date(1977, 12, 31)),
        (f"01{MILK}10" + "(A)/b-" * 3, "batch", "(A)/b-" * 3),
    ],
)
def test_each_element_is_read(text: str, name: str, value: object) -> None:
    elements = read_elements(text, TODAY)

    assert elements
    assert getattr(elements, name) == value


def test_elements_of_other_kinds_are_kept_and_disturb_nothing() -> None:
    elements = read_elements(f"01{MILK}21SERIAL9\x1d4101234567890128\x1d10B7", TODAY)

    assert elements
    assert elements.batch == "B7"
    assert elements.values == {"01": MILK, "21": "SERIAL9", "410": "1234567890128", "10": "B7"}


@pytest.mark.parametrize(
    ("gtin", "codes"),
    [
        ("05012345678900", ("5012345678900", "05012345678900")),
        ("00000073513537", ("0000073513537", "73513537", "00000073513537")),
        ("98412345678908", ("98412345678908",)),
    ],
)
def test_a_number_of_fourteen_digits_is_looked_up_as_the_code_on_the_thing(gtin: str, codes: tuple[str, ...]) -> None:
    elements = read_elements(f"(01){gtin}", TODAY)

    assert elements
    assert elements.codes == codes


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5012345678900",
        "0105012345678901",  # wrong check digit
        "010501234567890",  # too short
        f"01{MILK}17261331",  # no such month
        f"01{MILK}17260230",  # no such day
        f"01{MILK}3103001",  # a weight has six digits
        f"01{MILK}310300123A",
        f"01{MILK}10" + "A" * 21,  # a batch has twenty signs at most
        f"01{MILK}10",  # an empty batch
        f"01{MILK}10A B",
        f"01{MILK}10é",
        f"01{MILK}xx",
        f"01{MILK}01{MILK[:-1]}1",
        f"01{MILK}37٣",
        "10AB12",  # no product
        "(01)",
        "(99)x",
        f"(01){MILK}(8)x",
        f"(0100){MILK}",
        f"(01{MILK}",
    ],
)
def test_what_is_wrong_anywhere_is_no_element_string(text: str) -> None:
    assert read_elements(text, TODAY) is None


@pytest.mark.parametrize("text", ALL)
def test_hostile_text_is_no_element_string(text: str) -> None:
    assert read_elements(text, TODAY) is None


@pytest.mark.parametrize("text", ["(" * 100_000, "(01)" * 25_000, "01" * 50_000, "]C1" * 30_000, "\x1d" * 100_000])
def test_a_hundred_thousand_characters_are_answered_at_once(text: str) -> None:
    started = time.perf_counter()

    assert read_elements(text, TODAY) is None
    assert time.perf_counter() - started < 0.05
