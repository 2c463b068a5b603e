import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace

import pytest
from flask import Flask, g, render_template_string

from ledger_web import filters


@pytest.fixture
def bare_app() -> Iterator[Flask]:
    """An application with nothing but the filters."""
    app = Flask(__name__)
    filters.init_app(app)
    with app.app_context():
        yield app


@pytest.fixture
def in_shop(bare_app: Flask) -> None:
    g.tenant = SimpleNamespace(locale="en-PK", time_zone="Asia/Karachi", base_currency="PKR", digits="latn")


@pytest.fixture
def in_berlin(bare_app: Flask) -> None:
    g.tenant = SimpleNamespace(locale="de", time_zone="Europe/Berlin", base_currency="EUR", digits="latn")


@pytest.mark.usefixtures("in_shop")
def test_money_says_its_currency() -> None:
    assert render_template_string("{{ 123450|money('PKR') }}") == "1,234.50 PKR"
    assert render_template_string("{{ -5|money('KWD') }}") == "-0.005 KWD"
    assert render_template_string("{{ 1000|amount('JPY') }}") == "1,000"


@pytest.mark.usefixtures("in_berlin")
def test_numbers_are_written_as_the_shop_writes_them() -> None:
    assert filters.money(123450, "EUR") == "1.234,50 EUR"
    assert filters.quantity(Decimal("2.500000")) == "2,5"
    assert filters.quantity(3) == "3"
    assert filters.percent(Decimal("17.500")) == "17,5%"
    assert filters.date(dt.date(2026, 11, 20)) == "20.11.2026"


@pytest.mark.usefixtures("in_shop")
@pytest.mark.parametrize(
    ("balance", "kind", "words"),
    [
        (12000, "customer", "owes you 120.00 PKR"),
        (-3000, "customer", "you owe them 30.00 PKR (credit)"),
        (12000, "member", "owes you 120.00 PKR"),
        (50000, "vendor", "you owe 500.00 PKR"),
        (-50000, "vendor", "owes you 500.00 PKR (advance)"),
        (50000, "employee", "you owe 500.00 PKR"),
        (-50000, "employee", "owes you 500.00 PKR (advance)"),
        (0, "customer", "settled"),
        (0, "vendor", "settled"),
    ],
)
def test_a_balance_is_said_in_words_and_never_with_a_minus(balance: int, kind: str, words: str) -> None:
    assert filters.owes(balance, "PKR", kind) == words


@pytest.mark.usefixtures("in_shop")
def test_a_moment_is_shown_by_the_clock_of_the_shop() -> None:
    evening = dt.datetime(2026, 11, 20, 19, 30, tzinfo=dt.UTC)

    assert filters.datetime(evening).replace("\u202f", " ").lower() == "21-nov-2026 12:30 am"
    assert filters.date(evening) == "21-Nov-2026"


@pytest.mark.usefixtures("bare_app")
def test_without_a_shop_the_neutral_signs_and_utc_are_used() -> None:
    g.tenant = None

    assert filters.money(123450, "USD") == "1,234.50 USD"
    assert filters.datetime(dt.datetime(2026, 11, 20, 14, 3, tzinfo=dt.UTC)).startswith("Nov 20, 2026 2:03")


@pytest.mark.usefixtures("in_shop")
def test_a_barcode_stands_in_the_page_as_a_drawing() -> None:
    page = render_template_string("{{ code|barcode_svg('code128') }}", code="<b>&1</b>")

    assert page.startswith("<svg ")
    assert ">&lt;b&gt;&amp;1&lt;/b&gt;</text>" in page
    assert "style" not in page


@pytest.mark.usefixtures("in_shop")
def test_a_barcode_can_be_drawn_smaller_and_without_its_digits() -> None:
    page = render_template_string("{{ '73513537'|barcode_svg('ean8', module_mm='0.25', height_mm='8', text=false) }}")

    assert 'width="20.25mm" height="8.00mm"' in page
    assert "<text" not in page
