"""The forms of parties, payments, drawers and statements take any text in any field and give commands or sentences."""

import unicodedata
from collections.abc import Callable, Iterator

import pytest
from flask import Flask, g
from werkzeug.datastructures import MultiDict

from ledger_web.domain.ids import new_id
from ledger_web.domain.permissions import BUILT_IN_ROLES, NO_LIMITS
from ledger_web.domain.places import bank_place, drawer_place
from ledger_web.forms.allocations import AllocationForm, ReleaseForm, allocation_form
from ledger_web.forms.banks import BankForm, BankNameForm
from ledger_web.forms.base import QueryForm
from ledger_web.forms.drawers import DrawerForm, PayInForm, PayOutForm
from ledger_web.forms.parties import CreditLimitForm, NewPartyForm, PartyActForm, PartyFilterForm, PartyForm
from ledger_web.forms.party_acts import DeductionForm, DuesForm, SalaryForm, SetOffForm, WaiverForm
from ledger_web.forms.payments import OpeningBalanceForm, PaymentAimForm, PaymentForm, offer_first
from ledger_web.forms.statements import PrintForm
from ledger_web.forms.transfers import ExchangeForm, TransferForm
from ledger_web.identity import Identity
from tests.bad_input import ALL

ID = str(new_id())
ITEM = new_id()
TILL, BANK = drawer_place(new_id()), bank_place(new_id())


@pytest.fixture(autouse=True)
def owner() -> Iterator[None]:
    """Whoever asks may do everything; there is no shop and no database."""
    with Flask(__name__).app_context():
        g.identity = Identity(
            tenant_id=1,
            user_id=new_id(),
            user_name="Olga",
            role_name="owner",
            session_id=b"",
            permissions=BUILT_IN_ROLES["owner"],
            limits=NO_LIMITS,
        )
        yield


def payment_form(sent: MultiDict[str, str]) -> PaymentForm:
    form = PaymentForm(sent)
    form.place.choices = [(TILL, "Till 1")]
    return form


def transfer_form(sent: MultiDict[str, str]) -> TransferForm:
    form = TransferForm(sent)
    form.source.choices = form.target.choices = [(TILL, "Till 1"), (BANK, "Meezan")]
    return form


def pay_out_form(sent: MultiDict[str, str]) -> PayOutForm:
    form = PayOutForm(sent)
    form.category.choices = [("food", "Tea and food")]
    return form


def other_party_form(sent: MultiDict[str, str]) -> SetOffForm:
    form = SetOffForm(sent)
    form.other_id.choices = [(ID, "Ali")]
    return form


def allocation_of_one(sent: MultiDict[str, str]) -> AllocationForm:
    return allocation_form({ITEM: "Sale A-000001"})(sent, base_currency="PKR")


def credit_limit_form(sent: MultiDict[str, str]) -> CreditLimitForm:
    return CreditLimitForm(sent, base_currency="PKR")


RATE = {"rate": "281.5", "rate_unit": "one"}
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
        {
            **MONEY,
            **RATE,
            "party_id": ID,
            "direction": "in",
            "tendered": "",
            "place": str(TILL),
            "settled_currency": "USD",
            "settled_amount": "",
            "memo": "",
        },
        lambda form: form.to_command(),
    ),
    (
        OpeningBalanceForm,
        {**MONEY, **RATE, "party_id": ID, "owed": "to_us", "day": "2026-01-01", "memo": ""},
        lambda form: form.to_command("PKR"),
    ),
    (DrawerForm, {"op_id": ID, "name": "Bar", "series": "B"}, lambda form: form.to_command()),
    (PayInForm, {**MONEY, "reason": "Float"}, lambda form: form.to_command(TILL)),
    (pay_out_form, {**MONEY, "reason": "Tea", "category": "food"}, lambda form: form.to_command(BANK)),
    (BankForm, {"op_id": ID, "name": "Meezan", "currency": "PKR"}, lambda form: form.to_command()),
    (BankNameForm, {"op_id": ID, "version": "1", "name": "Meezan"}, lambda form: form.to_command(new_id())),
    (
        transfer_form,
        {**MONEY, "source": str(TILL), "target": str(BANK), "memo": ""},
        lambda form: form.to_command(),
    ),
    (
        ExchangeForm,
        {"op_id": ID, "out_currency": "USD", "out_amount": "5", "in_currency": "PKR", "in_amount": "", "memo": ""}
        | RATE,
        lambda form: form.to_command(new_id()),
    ),
    (SalaryForm, {**MONEY, "memo": "May"}, lambda form: form.to_command(new_id())),
    (DeductionForm, {**MONEY, "memo": "May", "purpose": "other"}, lambda form: form.to_command(new_id())),
    (DuesForm, {**MONEY, "memo": "2027", "expires_on": "2027-12-31"}, lambda form: form.to_command(new_id())),
    (WaiverForm, {**MONEY, "memo": "Student"}, lambda form: form.to_command(new_id())),
    (other_party_form, {**MONEY, "other_id": ID, "memo": ""}, lambda form: form.to_command(new_id(), is_owing=True)),
    (allocation_of_one, {"op_id": ID, f"of_{ITEM.hex}": "5"}, lambda form: form.to_command(new_id())),
    (ReleaseForm, {"op_id": ID, "reason": "Wrong", "instead": ""}, lambda form: form.to_command(new_id())),
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
    sent = {**MONEY, "party_id": ID, "direction": "in", "place": str(TILL), "memo": "", "tendered": "4.99"}

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
