import datetime as dt
import time
import unicodedata
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from ledger_web.domain.barcodes import Barcode
from ledger_web.domain.ids import new_id
from ledger_web.domain.signs import signs_of
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import (
    BarcodeField,
    BooleanField,
    ChoiceField,
    CurrencyField,
    DateField,
    IdField,
    MoneyField,
    PasswordField,
    PercentField,
    QuantityField,
    RateField,
    TextField,
    WholeNumberField,
)
from tests.bad_input import ALL

TODAY = dt.date(2026, 11, 20)
OP_ID = "019a0000-0000-7000-8000-000000000007"


class EveryForm(LedgerForm):
    """One field of each kind."""

    price = MoneyField("Price")
    discount = MoneyField("Discount", minimum=None, required=False)
    currency = CurrencyField(required=False)
    opening = MoneyField("Opening float", currency_field="currency", required=False)
    quantity = QuantityField("Quantity", default=1)
    tax = PercentField("Tax", required=False)
    rate = RateField("Rate", required=False)
    copies = WholeNumberField("Copies", minimum=1, maximum=5000, required=False)
    name = TextField("Name", max_length=20)
    login = TextField("Login", identifier=True, required=False)
    note = TextField("Note", multiline=True, max_length=100, required=False)
    password = PasswordField("Password", required=False)
    product_id = IdField("Product", required=False)
    day = DateField("Day", days_ahead=1, required=False)
    code = BarcodeField("Barcode", required=False)
    policy = ChoiceField("Policy", choices=[("", "None"), ("block", "Block"), ("warn", "Warn")], required=False)
    active = BooleanField("Active")


FIELDS = [field for field in EveryForm(base_currency="PKR", today=TODAY)._fields if field != "op_id"]


def sent(locale: str = "en", **values: str) -> EveryForm:
    body = {"op_id": OP_ID, "price": "1", "quantity": "1", "name": "Milk", **values}
    return EveryForm(MultiDict(body), signs=signs_of(locale), base_currency="PKR", today=TODAY)


@pytest.mark.parametrize(
    ("field", "text", "data"),
    [
        ("price", "1,234.50", 123450),
        ("price", "١٢٣٫٥", 12350),
        ("price", "0", 0),
        ("discount", "-5", -500),
        ("discount", "", None),
        ("quantity", "0.250", Decimal("0.25")),
        ("tax", "17.5%", Decimal("17.5")),
        ("rate", "281.5", Decimal("281.5")),
        ("copies", "5,000", 5000),
        ("copies", "٣", 3),
        ("name", "  Cafe\u0301 ", "Café"),
        ("name", "مرحبا", "مرحبا"),
        ("name", "می\u200cخواهم", "می\u200cخواهم"),
        ("name", "Milk\r\n", "Milk"),
        ("login", "", ""),
        ("login", "bob", "bob"),
        ("note", "a\r\nb\rc\td", "a\nb\nc\td"),
        ("password", " pässword ", " pässword "),
        ("product_id", OP_ID, UUID(OP_ID)),
        ("product_id", f" {OP_ID}\n", UUID(OP_ID)),
        ("day", "2026-11-21", dt.date(2026, 11, 21)),
        ("day", "2000-01-01", dt.date(2000, 1, 1)),
        ("code", "5012345678900\r\n", Barcode("5012345678900", "ean13")),
        ("policy", "warn", "warn"),
        ("policy", "", None),
        ("currency", "usd", "USD"),
        ("active", "y", True),
        ("active", "on", True),
        ("active", "", False),
    ],
)
def test_a_field_gives_a_typed_value(field: str, text: str, data: Any) -> None:
    form = sent(**{field: text})

    assert form.validate(), form.sentences
    assert form[field].data == data
    assert type(form[field].data) is type(data)


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("price", "", "Price: Enter an amount in PKR."),
        ("price", "-1", "Price: Enter 0.00 PKR or more."),
        ("price", "1.005", "Price: Write an amount in PKR with at most 2 decimals, like 1,234.50."),
        ("opening", "1", "Opening float: Choose the currency first, then enter the amount."),
        ("quantity", "0", "Quantity: Enter a quantity above zero."),
        ("quantity", "", "Quantity: Enter a quantity, like 1."),
        ("tax", "101", "Tax: A percentage lies between 0 and 100."),
        ("rate", "0", "Rate: A rate is above zero."),
        ("copies", "0", "Copies: Enter a whole number from 1 to 5,000."),
        ("copies", "1.5", "Copies: Write a whole number with no decimals, like 1,234."),
        ("copies", "1000000000", "Copies: Enter a whole number from 1 to 5,000."),
        ("name", " \u200b ", "Name: Enter some text."),
        ("name", "x" * 21, "Name: Enter at most 20 characters."),
        ("name", "a\x00b", "Name: Remove the control characters; type the text instead of pasting it."),
        ("name", "a\ud800", "Name: Remove the control characters; type the text instead of pasting it."),
        ("name", "a\nb", "Name: Remove the control characters; type the text instead of pasting it."),
        ("name", "a\u2028b", "Name: Write it on one line."),
        ("login", "bob\u202e", "Login: Remove the invisible characters; type it instead of pasting it."),
        ("login", "b\u200bob", "Login: Remove the invisible characters; type it instead of pasting it."),
        ("password", "x" * 129, "Password: A password has at most 128 characters."),
        ("password", "\x00", "Password: Leave control characters out of the password."),
        ("product_id", "7", "Product: Choose one that is there."),
        ("day", "2026-11-22", "Day: Choose a day from 2000-01-01 to 2026-11-21."),
        ("day", "9999-12-31", "Day: Choose a day from 2000-01-01 to 2026-11-21."),
        ("day", "2026-02-30", "Day: Write a day of the calendar like 2026-11-20."),
        ("day", "20261120", "Day: Write a day of the calendar like 2026-11-20."),
        ("code", "5012345678901", "Barcode: The last digit of 5012345678901 should be 0, not 1, so a digit is wrong."),
        ("policy", "sell", "Policy: Choose one that is in the list."),
        ("currency", "XAU", "Currency: Choose a currency that is in the list."),
        ("active", "maybe", "Active: Tick the box or leave it empty."),
        ("op_id", "7", "This form: It came with a number that is none, so nothing was saved. Send it again."),
        ("op_id", "", "This form: It came without its number, so nothing was saved. Send it again."),
        ("op_id", str(UUID(int=0)), "This form: It came with a number that is none"),
    ],
)
def test_a_refusal_names_the_field_and_the_remedy(field: str, text: str, sentence: str) -> None:
    form = sent(**{field: text})

    assert not form.validate()
    assert len(form.sentences) == 1
    assert form.sentences[0].startswith(sentence)


@pytest.mark.parametrize("field", FIELDS)
def test_no_text_breaks_a_field_and_what_was_typed_comes_back(field: str) -> None:
    for text in ALL:
        form = sent(**{field: text})

        valid = form.validate()

        shown = form[field]()
        assert isinstance(shown, Markup)
        assert shown.encode(), repr(text)
        if valid and isinstance(form[field], TextField):
            assert sent(**{field: form[field].data})[field].data == form[field].data, repr(text)
            assert unicodedata.is_normalized("NFC", form[field].data), repr(text)
        if not valid:
            assert [sentence.partition(":")[0] for sentence in form.sentences] == [form[field].label.text], repr(text)


def test_a_refused_form_shows_what_was_typed() -> None:
    form = sent(price="<b>12,5</b>", name="  x  ")
    form.validate()

    assert 'value="&lt;b&gt;12,5&lt;/b&gt;"' in form.price()
    assert 'value="  x  "' in form.name()


def test_what_cannot_be_shown_is_shown_as_a_mark() -> None:
    form = sent(name="a\x00b\ud800")

    assert form.name.raw == "a\ufffdb\ufffd"


def test_a_password_is_never_shown_again() -> None:
    form = sent(password="open sesame")

    assert "sesame" not in form.password()


def test_a_fresh_form_shows_values_in_the_signs_of_the_shop() -> None:
    form = EveryForm(
        signs=signs_of("de"),
        base_currency="EUR",
        today=TODAY,
        data={"price": 123450, "quantity": Decimal("2.500000"), "currency": "JPY", "opening": 5000, "policy": "warn"},
    )

    assert form.price.raw == "1.234,50"
    assert form.quantity.raw == "2,5"
    assert form.opening.raw == "5.000"
    assert form.name.raw == ""
    assert '<option selected value="warn">Warn</option>' in form.policy()


def test_an_amount_is_in_the_currency_chosen_beside_it() -> None:
    assert sent(currency="JPY", opening="1,000").opening.data == 1000
    assert sent(currency="KWD", opening="1.005").opening.data == 1005
    assert not sent(currency="JPY", opening="1.5").validate()
    assert not sent(currency="XAU", opening="1").validate()


def test_amounts_are_read_in_the_signs_of_the_shop() -> None:
    assert sent("de", price="1.234,50").price.data == 123450
    assert not sent("de", price="1,234.50").validate()


def test_a_form_keeps_its_number_while_it_is_refused() -> None:
    refused = sent(price="x")
    assert not refused.validate()

    assert f'value="{OP_ID}"' in refused.op_id()
    assert refused.op_id.data == UUID(OP_ID)


def test_a_fresh_form_has_a_number_of_its_own() -> None:
    first, second = (EveryForm(base_currency="PKR", today=TODAY) for _ in range(2))

    assert first.op_id.data != second.op_id.data
    assert UUID(first.op_id.raw).version == 7


def test_a_form_that_lost_its_number_gets_a_new_one_and_is_refused() -> None:
    form = sent(op_id="nonsense")

    assert not form.validate()
    assert form.op_id.data is None
    assert UUID(form.op_id.raw).version == 7
    assert form.op_id.raw == form.op_id.raw


def test_an_empty_body_is_refused_field_by_field() -> None:
    form = EveryForm(MultiDict(), base_currency="PKR", today=TODAY)

    assert not form.validate()
    assert [sentence.partition(":")[0] for sentence in form.sentences] == ["This form", "Price", "Quantity", "Name"]
    assert form.note.data == ""
    assert form.active.data is False


def test_the_first_of_several_values_counts() -> None:
    body = MultiDict([("op_id", OP_ID), ("price", "1"), ("price", "2"), ("quantity", "1"), ("name", "a")])
    form = EveryForm(body, base_currency="PKR", today=TODAY)

    assert form.validate()
    assert form.price.data == 100


def test_choices_set_later_are_looked_at_when_validating() -> None:
    class DrawerForm(QueryForm):
        drawer_id = ChoiceField("Drawer")

    drawer = new_id()
    form = DrawerForm(MultiDict({"drawer_id": str(drawer)}))
    form.drawer_id.choices = [(drawer, "Till <1>")]

    assert form.validate()
    assert form.drawer_id.data == drawer
    assert f'<option selected value="{drawer}">Till &lt;1&gt;</option>' in form.drawer_id()


def test_a_whole_number_is_shown_in_the_digits_of_the_page_and_read_in_any() -> None:
    class CopiesForm(QueryForm):
        copies = WholeNumberField("Copies", minimum=1, maximum=5000)

    dari = signs_of("fa_AF", "arabext")

    assert CopiesForm(signs=dari, data={"copies": 1042}).copies.raw == "۱۰۴۲"
    for typed in ("۱۰۴۲", "1042", "١٠٤٢", "۱٬۰۴۲"):
        assert CopiesForm(MultiDict({"copies": typed}), signs=dari).copies.data == 1042, typed
    refused = CopiesForm(MultiDict({"copies": "۹۹۹۹"}), signs=dari)
    assert not refused.validate()
    assert (refused.copies.raw, "۵٬۰۰۰" in refused.sentences[0]) == ("۹۹۹۹", True)


def test_a_question_without_a_parameter_has_its_default() -> None:
    class PageForm(QueryForm):
        page = WholeNumberField("Page", minimum=1, default=1, required=False)

    assert PageForm(MultiDict()).page.data == 1
    assert PageForm(MultiDict({"page": "7"})).page.data == 7


def test_a_box_that_was_ticked_and_is_not_sent_is_not_ticked() -> None:
    class BoxForm(QueryForm):
        active = BooleanField("Active", default=True)

    assert BoxForm().active.data is True
    assert BoxForm(MultiDict()).active.data is False


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "text", ["9" * 100_000, "é" * 100_000, "\u200b" * 100_000, " " * 100_000, "]E0" * 33_333, "-" * 100_000]
)
def test_a_hundred_thousand_characters_are_judged_at_once(field: str, text: str) -> None:
    form = sent()
    started = time.perf_counter()

    form[field].process(MultiDict({field: text}))

    assert time.perf_counter() - started < 0.05
