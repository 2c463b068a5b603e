"""Cash drawers: what is in them, what went through them, money in and out; another name, out of use."""

import uuid
from functools import partial

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.blueprints import paying, statements
from ledger_web.blueprints.paying import Holder
from ledger_web.blueprints.statements import StatedAccount
from ledger_web.domain.errors import ConflictError, RuleViolationError, StaleEditError
from ledger_web.domain.permissions import DRAWER_EDIT, DRAWER_MOVE, DRAWER_OPEN, DRAWER_VIEW
from ledger_web.domain.places import drawer_place
from ledger_web.error_pages import status_of
from ledger_web.forms.drawers import DrawerActForm, DrawerForm, DrawerNameForm
from ledger_web.forms.statements import StatementForm
from ledger_web.identity import may, new_act, permission_required
from ledger_web.queries.banks import list_banks
from ledger_web.queries.drawers import DrawerDetails, get_drawer, list_drawers
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.drawers import (
    OpenDrawer,
    create_drawer,
    open_drawer,
    rename_drawer,
    restore_drawer,
    retire_drawer,
)

blueprint = Blueprint("drawers", __name__, url_prefix="/drawers")


@blueprint.get("/")
@permission_required(DRAWER_VIEW)
def index() -> ResponseReturnValue:
    banks = list_banks(g.tenant.id) if may(DRAWER_MOVE) else []
    return render("drawers/index.html", drawers=list_drawers(g.tenant.id), banks=banks)


@blueprint.get("/new")
@permission_required(DRAWER_EDIT)
def new() -> ResponseReturnValue:
    return _show_new(DrawerForm())


@blueprint.post("/")
@permission_required(DRAWER_EDIT)
def create() -> ResponseReturnValue:
    form = DrawerForm(request.form)
    if not form.validate():
        return _show_new(form, 422)
    try:
        drawer = create_drawer(form.to_command(), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_new(form, status_of(error), trouble=error.message)
    say("This drawer was added already." if drawer.replayed else "The drawer was added.")
    return redirect_to(".show", drawer_id=drawer.id)


@blueprint.get("/<uuid:drawer_id>")
@permission_required(DRAWER_VIEW)
def show(drawer_id: uuid.UUID) -> ResponseReturnValue:
    drawer = get_drawer(g.tenant.id, drawer_id)
    return statements.show(
        "drawers/show.html", partial(_account, drawer), drawer=drawer, act=DrawerActForm(), balances=drawer.money
    )


@blueprint.get("/<uuid:drawer_id>/edit")
@permission_required(DRAWER_EDIT)
def edit(drawer_id: uuid.UUID) -> ResponseReturnValue:
    drawer = get_drawer(g.tenant.id, drawer_id)
    return _show_edit(drawer, DrawerNameForm(version=drawer.version, name=drawer.name))


@blueprint.post("/<uuid:drawer_id>")
@permission_required(DRAWER_EDIT)
def update(drawer_id: uuid.UUID) -> ResponseReturnValue:
    drawer = get_drawer(g.tenant.id, drawer_id)
    form = DrawerNameForm(request.form)
    if not form.validate():
        return _show_edit(drawer, form, 422)
    try:
        rename_drawer(form.to_command(drawer_id), new_act())
    except StaleEditError as error:
        drawer = get_drawer(g.tenant.id, drawer_id)
        form.compare_with(drawer.version)
        return _show_edit(drawer, form, 409, trouble=error.message)
    except (RuleViolationError, ConflictError) as error:
        return _show_edit(drawer, form, status_of(error), trouble=error.message)
    say("Saved.")
    return redirect_to(".show", drawer_id=drawer_id)


@blueprint.post("/<uuid:drawer_id>/retirement")
@permission_required(DRAWER_EDIT)
def retire(drawer_id: uuid.UUID) -> ResponseReturnValue:
    retire_drawer(_sent(DrawerActForm(request.form)).to_retire(drawer_id), new_act())
    say("No longer in use. Its statement and its sales stay.")
    return redirect_to(".show", drawer_id=drawer_id)


@blueprint.post("/<uuid:drawer_id>/retirement/delete")
@permission_required(DRAWER_EDIT)
def restore(drawer_id: uuid.UUID) -> ResponseReturnValue:
    restore_drawer(_sent(DrawerActForm(request.form)).to_restore(drawer_id), new_act())
    say("In use again.")
    return redirect_to(".show", drawer_id=drawer_id)


@blueprint.get("/<uuid:drawer_id>/statement")
@permission_required(DRAWER_VIEW)
def statement_print(drawer_id: uuid.UUID) -> ResponseReturnValue:
    return statements.on_paper(partial(_account, get_drawer(g.tenant.id, drawer_id)))


@blueprint.get("/<uuid:drawer_id>/statement.<any(csv, xlsx):ending>")
@permission_required(DRAWER_VIEW)
def statement_file(drawer_id: uuid.UUID, ending: str) -> ResponseReturnValue:
    return statements.as_file(partial(_account, get_drawer(g.tenant.id, drawer_id)), ending)


@blueprint.get("/<uuid:drawer_id>/pay-ins/new")
@permission_required(DRAWER_MOVE)
def new_pay_in(drawer_id: uuid.UUID) -> ResponseReturnValue:
    return paying.new_pay_in(_holder(drawer_id))


@blueprint.post("/<uuid:drawer_id>/pay-ins/")
@permission_required(DRAWER_MOVE)
def create_pay_in(drawer_id: uuid.UUID) -> ResponseReturnValue:
    return paying.create_pay_in(_holder(drawer_id))


@blueprint.post("/<uuid:drawer_id>/openings/")
@permission_required(DRAWER_OPEN)
def create_opening(drawer_id: uuid.UUID) -> ResponseReturnValue:
    get_drawer(g.tenant.id, drawer_id)
    open_drawer(OpenDrawer(op_id=_sent(DrawerActForm(request.form)).op_id.data, drawer_id=drawer_id), new_act())
    say("Open it now. It is written down.")
    return redirect_to(".show", drawer_id=drawer_id)


@blueprint.get("/<uuid:drawer_id>/pay-outs/new")
@permission_required(DRAWER_MOVE)
def new_pay_out(drawer_id: uuid.UUID) -> ResponseReturnValue:
    return paying.new_pay_out(_holder(drawer_id))


@blueprint.post("/<uuid:drawer_id>/pay-outs/")
@permission_required(DRAWER_MOVE)
def create_pay_out(drawer_id: uuid.UUID) -> ResponseReturnValue:
    return paying.create_pay_out(_holder(drawer_id))


def _holder(drawer_id: uuid.UUID) -> Holder:
    drawer = get_drawer(g.tenant.id, drawer_id)
    money = tuple((each.amount, each.currency) for each in drawer.money if each.amount)
    return Holder(drawer_place(drawer_id), drawer.name, (g.tenant.base_currency, *(code for _, code in money)), money)


def _account(drawer: DrawerDetails, form: StatementForm) -> StatedAccount:
    """Return the account in the currency asked for, otherwise in the first the drawer holds."""
    first = drawer.money[0].currency if drawer.money else g.tenant.base_currency
    currency = form.currency.data or first
    money = drawer.in_currency(currency)
    return StatedAccount("cash", drawer.name, currency, money.account_id if money else None)


def _sent(form: DrawerActForm) -> DrawerActForm:
    form.validate_or_refuse()
    return form


def _show_new(form: DrawerForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    return render("drawers/new.html", "drawers/_drawer_form.html", status, form=form, trouble=trouble)


def _show_edit(
    drawer: DrawerDetails, form: DrawerNameForm, status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    return render(
        "drawers/edit.html", "drawers/_drawer_name_form.html", status, drawer=drawer, form=form, trouble=trouble
    )
