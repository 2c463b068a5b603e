"""Bank accounts: what is in them, what went through them, money in and out."""

import uuid

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.blueprints import paying, statements
from ledger_web.blueprints.paying import Holder
from ledger_web.blueprints.statements import AccountOf, StatedAccount
from ledger_web.domain.errors import ConflictError, RuleViolationError, StaleEditError
from ledger_web.domain.permissions import DRAWER_EDIT, DRAWER_MOVE
from ledger_web.domain.places import bank_place
from ledger_web.error_pages import status_of
from ledger_web.forms.banks import BankActForm, BankForm, BankNameForm
from ledger_web.forms.payments import offer_first
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.banks import BankDetails, get_bank
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.banks import archive_bank, create_bank, rename_bank, restore_bank

blueprint = Blueprint("banks", __name__, url_prefix="/drawers/banks")


@blueprint.get("/new")
@permission_required(DRAWER_EDIT)
def new() -> ResponseReturnValue:
    return _show_new(BankForm(currency=g.tenant.base_currency))


@blueprint.post("/")
@permission_required(DRAWER_EDIT)
def create() -> ResponseReturnValue:
    form = BankForm(request.form)
    if not form.validate():
        return _show_new(form, 422)
    try:
        bank = create_bank(form.to_command(), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_new(form, status_of(error), trouble=error.message)
    say("This bank account was added already." if bank.replayed else "The bank account was added.")
    return redirect_to(".show", bank_id=bank.id)


@blueprint.get("/<uuid:bank_id>")
@permission_required(DRAWER_MOVE)
def show(bank_id: uuid.UUID) -> ResponseReturnValue:
    bank = get_bank(g.tenant.id, bank_id)
    return statements.show("banks/show.html", _account_of(bank), bank=bank, act=BankActForm(), balances=[bank])


@blueprint.get("/<uuid:bank_id>/statement")
@permission_required(DRAWER_MOVE)
def statement_print(bank_id: uuid.UUID) -> ResponseReturnValue:
    return statements.on_paper(_account_of(get_bank(g.tenant.id, bank_id)))


@blueprint.get("/<uuid:bank_id>/statement.<any(csv, xlsx):ending>")
@permission_required(DRAWER_MOVE)
def statement_file(bank_id: uuid.UUID, ending: str) -> ResponseReturnValue:
    return statements.as_file(_account_of(get_bank(g.tenant.id, bank_id)), ending)


@blueprint.get("/<uuid:bank_id>/edit")
@permission_required(DRAWER_EDIT)
def edit(bank_id: uuid.UUID) -> ResponseReturnValue:
    bank = get_bank(g.tenant.id, bank_id)
    return _show_edit(bank, BankNameForm(version=bank.version, name=bank.name))


@blueprint.post("/<uuid:bank_id>")
@permission_required(DRAWER_EDIT)
def update(bank_id: uuid.UUID) -> ResponseReturnValue:
    bank = get_bank(g.tenant.id, bank_id)
    form = BankNameForm(request.form)
    if not form.validate():
        return _show_edit(bank, form, 422)
    try:
        rename_bank(form.to_command(bank_id), new_act())
    except StaleEditError as error:
        bank = get_bank(g.tenant.id, bank_id)
        form.compare_with(bank.version)
        return _show_edit(bank, form, 409, trouble=error.message)
    except (RuleViolationError, ConflictError) as error:
        return _show_edit(bank, form, status_of(error), trouble=error.message)
    say("Saved.")
    return redirect_to(".show", bank_id=bank_id)


@blueprint.post("/<uuid:bank_id>/archive")
@permission_required(DRAWER_EDIT)
def archive(bank_id: uuid.UUID) -> ResponseReturnValue:
    archive_bank(_sent(BankActForm(request.form)).to_archive(bank_id), new_act())
    say("Archived. Nothing more is posted here until it is taken into use again.")
    return redirect_to(".show", bank_id=bank_id)


@blueprint.post("/<uuid:bank_id>/archive/delete")
@permission_required(DRAWER_EDIT)
def restore(bank_id: uuid.UUID) -> ResponseReturnValue:
    restore_bank(_sent(BankActForm(request.form)).to_restore(bank_id), new_act())
    say("In use again.")
    return redirect_to(".show", bank_id=bank_id)


@blueprint.get("/<uuid:bank_id>/pay-ins/new")
@permission_required(DRAWER_MOVE)
def new_pay_in(bank_id: uuid.UUID) -> ResponseReturnValue:
    return paying.new_pay_in(_holder(bank_id))


@blueprint.post("/<uuid:bank_id>/pay-ins/")
@permission_required(DRAWER_MOVE)
def create_pay_in(bank_id: uuid.UUID) -> ResponseReturnValue:
    return paying.create_pay_in(_holder(bank_id))


@blueprint.get("/<uuid:bank_id>/pay-outs/new")
@permission_required(DRAWER_MOVE)
def new_pay_out(bank_id: uuid.UUID) -> ResponseReturnValue:
    return paying.new_pay_out(_holder(bank_id))


@blueprint.post("/<uuid:bank_id>/pay-outs/")
@permission_required(DRAWER_MOVE)
def create_pay_out(bank_id: uuid.UUID) -> ResponseReturnValue:
    return paying.create_pay_out(_holder(bank_id))


def _holder(bank_id: uuid.UUID) -> Holder:
    bank = get_bank(g.tenant.id, bank_id)
    money = ((bank.balance, bank.currency),) if bank.balance > 0 else ()
    return Holder(bank_place(bank_id), bank.name, (bank.currency,), money)


def _account_of(bank: BankDetails) -> AccountOf:
    return lambda _: StatedAccount("bank", bank.name, bank.currency, bank.account_id)


def _sent(form: BankActForm) -> BankActForm:
    form.validate_or_refuse()
    return form


def _show_new(form: BankForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    offer_first(form.currency, [g.tenant.base_currency])
    return render("banks/new.html", "banks/_bank_form.html", status, form=form, trouble=trouble)


def _show_edit(bank: BankDetails, form: BankNameForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    return render("banks/edit.html", "banks/_bank_name_form.html", status, bank=bank, form=form, trouble=trouble)
