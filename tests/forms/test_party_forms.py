"""The forms of parties, payments, drawers and statements take any text in any field and give commands or sentences."""

import unicodedata
from collections.abc import Callable

import pytest
from werkzeug.datastructures import MultiDict

from ledger_web.domain.ids import new_id
from ledger_web.forms.base import QueryForm
from ledger_web.forms.drawers import DrawerForm, PayInForm, PayOutForm
from ledger_web.forms.parties import CreditLimitForm, NewPartyForm, PartyActForm, PartyFilterForm, PartyForm
from ledger_web.forms.payments import OpeningBalanceForm, PaymentAimForm, PaymentForm, offer_first
from ledger_web.forms.statements import PrintForm
from tests.bad_input import ALL

ID = str(new_id())
DRAWER = new_id()


def payment_form(sent: MultiDict[str, str]) -> PaymentForm:
    form = PaymentForm(sent)
    form.drawer_id.choices = [(DRAWER, "Till 1")]
    return form


def credit_limit_form(sent: MultiDict[str, str]) -> CreditLimitForm:
    return CreditLimitForm(sent, base_currency="PKR")


MONEY = {"op_id": ID, "currency": "PKR", "amount": "5"}
FORMS: list[tuple[Callable[..., QueryForm], dict[str, str], Callable[..., object] | None]] = [
    (
        NewPartyForm,
        {"op_id": ID, "name": "Ali", "phone": "", "currency": "PKR", "credit_limit": "", "note": ""},
        lambda form: form.to_command("customer", may_limit=True),
    ),
    (
        PartyForm,
        {"op_id": ID, "version": "1", "name": "Ali", "phone": "", "note": ""},
        lambda form: form.to_command(new_id(), "customer"),
    ),
    (credit_limit_form, {"op_id": ID, "version": "1", "credit_limit": ""}, lambda form: form.to_command(new_id())),
    (PartyActForm, {"op_id": ID}, lambda form: form.to_archive(new_id(), "customer")),
    (PartyFilterForm, {"q": "", "standing": "", "after": "", "before": ""}, None),
    (PrintForm, {"currency": "", "since": "", "until": "", "after": "", "before": "", "paper": ""}, None),
    (PaymentAimForm, {"party_id": ID, "direction": "in", "currency": "PKR"}, None),
    (
        payment_form,
        {**MONEY, "party_id": ID, "direction": "in", "tendered": "", "drawer_id": str(DRAWER), "memo": ""},
        lambda form: form.to_command(),
    ),
    (
        OpeningBalanceForm,
        {**MONEY, "party_id": ID, "owed": "to_us", "day": "2026-01-01", "memo": ""},
        lambda form: form.to_command(),
    ),
    (DrawerForm, {"op_id": ID, "name": "Bar", "series": "B"}, lambda form: form.to_command()),
    (PayInForm, {**MONEY, "reason": "Float"}, lambda form: form.to_command(DRAWER)),
    (PayOutForm, {**MONEY, "reason": "Tea", "category": "food"}, lambda form: form.to_command(DRAWER)),
]


@pytest.mark.parametrize(("make", "good", "to_command"), FORMS)
def test_a_form_filled_in_well_is_valid(
    make: Callable[..., QueryForm], good: dict[str, str], to_command: Callable[..., object] | None
) -> None:
    form = make(MultiDict(good))

    assert form.validate(), form.sentences
    assert set(good) == {field.name for field in form}
    if to_command:
        assert to_command(form) is not None


@pytest.mark.parametrize(("make", "good", "to_command"), FORMS)
def test_i1_any_text_in_any_field_is_taken_as_it_is_or_refused_with_a_sentence(
    make: Callable[..., QueryForm], good: dict[str, str], to_command: Callable[..., object] | None
) -> None:
    for name in good:
        for hostile in ALL:
            form = make(MultiDict({**good, name: hostile}))
            if not form.validate():
                assert all(len(sentence) > 10 for sentence in form.sentences), (name, hostile)
            else:
                if to_command:
                    to_command(form)
                taken = form[name].data
                if isinstance(taken, str) and taken and form[name].type == "TextField":
                    same = hostile.replace("\r\n", "\n").replace("\r", "\n").strip("\t\r\n")
                    assert taken == unicodedata.normalize("NFC", same).strip()
            assert "\x00" not in str(form[name]())


@pytest.mark.parametrize(("make", "good", "to_command"), [row for row in FORMS if "op_id" in row[1]])
def test_x6_a_form_without_its_number_is_refused(
    make: Callable[..., QueryForm], good: dict[str, str], to_command: Callable[..., object] | None
) -> None:
    assert not make(MultiDict({name: text for name, text in good.items() if name != "op_id"})).validate()


@pytest.mark.parametrize(
    ("amount", "currency"), [("0", "PKR"), ("-1", "PKR"), ("0.001", "PKR"), ("1.5", "JPY"), ("1e3", "PKR")]
)
def test_an_amount_to_pay_is_above_zero_and_exact(amount: str, currency: str) -> None:
    form = PayInForm(MultiDict({**MONEY, "amount": amount, "currency": currency, "reason": "Float"}))

    assert not form.validate()
    assert form.amount.raw == amount


def test_what_is_handed_over_covers_the_amount() -> None:
    sent = {**MONEY, "party_id": ID, "direction": "in", "drawer_id": str(DRAWER), "memo": "", "tendered": "4.99"}

    short, paying_out = payment_form(MultiDict(sent)), payment_form(MultiDict({**sent, "direction": "out"}))

    assert not short.validate()
    assert "less than the amount" in short.sentences[0]
    assert paying_out.validate()
    assert paying_out.to_command().tendered is None


def test_a_day_to_come_is_no_opening_day() -> None:
    sent = {**MONEY, "party_id": ID, "owed": "to_us", "day": "2199-01-01", "memo": ""}

    assert not OpeningBalanceForm(MultiDict(sent)).validate()


def test_letters_of_a_drawer_are_made_capital() -> None:
    form = DrawerForm(MultiDict({"op_id": ID, "name": "Bar", "series": "b2"}))

    assert form.validate()
    assert form.to_command().series == "B2"


def test_currencies_in_use_come_first_and_none_is_lost() -> None:
    form = PayInForm()
    before = {code for code, _ in form.currency.choices}

    offer_first(form.currency, ["USD", "AFN", "USD", "no currency"])

    assert [code for code, _ in form.currency.choices[:2]] == ["USD", "AFN"]
    assert {code for code, _ in form.currency.choices} == before
