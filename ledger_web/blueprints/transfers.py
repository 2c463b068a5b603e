"""Moves of the shop's own money: transfers between drawers and bank accounts, currency exchange in a drawer."""

import uuid
from collections.abc import Callable

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, NotFoundError, RuleViolationError
from ledger_web.domain.permissions import DRAWER_MOVE
from ledger_web.domain.places import bank_place, drawer_place, read_place
from ledger_web.error_pages import status_of
from ledger_web.forms.payments import offer_first
from ledger_web.forms.transfers import ExchangeForm, TransferAimForm, TransferForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.accounts import list_money_places
from ledger_web.queries.banks import get_bank
from ledger_web.queries.drawers import DrawerDetails, get_drawer
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.transfers import (
    MovePreview,
    exchange_money,
    preview_exchange,
    preview_transfer,
    transfer_money,
)

blueprint = Blueprint("transfers", __name__, url_prefix="/drawers")


@blueprint.get("/transfers/new")
@permission_required(DRAWER_MOVE)
def new() -> ResponseReturnValue:
    aim = TransferAimForm(request.args)
    form = TransferForm(currency=g.tenant.base_currency)
    aim.validate()
    if aim.drawer_id.data:
        drawer = get_drawer(g.tenant.id, aim.drawer_id.data)
        form.source.data = drawer_place(drawer.id)
    elif aim.bank_id.data:
        bank = get_bank(g.tenant.id, aim.bank_id.data)
        form.source.data, form.currency.data = bank_place(bank.id), bank.currency
    return _show_new(form)


@blueprint.post("/transfers/")
@permission_required(DRAWER_MOVE)
def create() -> ResponseReturnValue:
    form = _offer(TransferForm(request.form))
    if not form.validate():
        return _show_new(form, 422)
    command = form.to_command()
    try:
        moved = transfer_money(command, new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_new(form, status_of(error), error.message)
    say("This was moved already." if moved.replayed else "The money was moved.")
    if command.source.kind == "bank":
        return redirect_to("banks.show", bank_id=command.source.id)
    return redirect_to("drawers.show", drawer_id=command.source.id, currency=command.currency)


@blueprint.post("/transfers/preview")
@permission_required(DRAWER_MOVE)
def preview() -> ResponseReturnValue:
    form = _offer(TransferForm(request.form))
    effect, trouble = _previewed(form, lambda: preview_transfer(form.to_command(), new_act()))
    return render(
        "transfers/new.html",
        "transfers/_move_preview.html",
        form=form,
        preview=effect,
        preview_trouble=trouble,
        preview_action=url_for(".preview"),
        trouble="",
    )


@blueprint.get("/<uuid:drawer_id>/exchanges/new")
@permission_required(DRAWER_MOVE)
def new_exchange(drawer_id: uuid.UUID) -> ResponseReturnValue:
    drawer = get_drawer(g.tenant.id, drawer_id)
    foreign = next((each.currency for each in drawer.money if each.currency != g.tenant.base_currency), "")
    return _show_exchange(drawer, ExchangeForm(out_currency=foreign, in_currency=g.tenant.base_currency))


@blueprint.post("/<uuid:drawer_id>/exchanges/")
@permission_required(DRAWER_MOVE)
def create_exchange(drawer_id: uuid.UUID) -> ResponseReturnValue:
    drawer = get_drawer(g.tenant.id, drawer_id)
    form = ExchangeForm(request.form)
    if not form.validate():
        return _show_exchange(drawer, form, 422)
    try:
        changed = exchange_money(form.to_command(drawer_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_exchange(drawer, form, status_of(error), error.message)
    say("This was changed already." if changed.replayed else "The money was changed.")
    return redirect_to("drawers.show", drawer_id=drawer_id, currency=form.in_currency.data)


@blueprint.post("/<uuid:drawer_id>/exchanges/preview")
@permission_required(DRAWER_MOVE)
def preview_of_exchange(drawer_id: uuid.UUID) -> ResponseReturnValue:
    drawer = get_drawer(g.tenant.id, drawer_id)
    form = ExchangeForm(request.form)
    effect, trouble = _previewed(form, lambda: preview_exchange(form.to_command(drawer_id), new_act()))
    return render(
        "transfers/new_exchange.html",
        "transfers/_move_preview.html",
        drawer=drawer,
        form=form,
        preview=effect,
        preview_trouble=trouble,
        preview_action=url_for(".preview_of_exchange", drawer_id=drawer_id),
        trouble="",
    )


def _previewed(form: TransferForm | ExchangeForm, ask: Callable[[], MovePreview]) -> tuple[MovePreview | None, str]:
    """Return what the move will do, and the sentence where it will not: while typing, that is no error yet."""
    if not form.validate():
        return None, form.sentences[0]
    try:
        return ask(), ""
    except (RuleViolationError, NotFoundError) as error:
        return None, error.message


def _offer(form: TransferForm) -> TransferForm:
    places = [(read_place(choice.value), choice.name) for choice in list_money_places(g.tenant.id)]
    form.source.choices, form.target.choices = places, places
    offer_first(form.currency, [g.tenant.base_currency])
    return form


def _show_new(form: TransferForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    return render(
        "transfers/new.html",
        "transfers/_transfer_form.html",
        status,
        form=_offer(form),
        preview=None,
        preview_trouble="",
        preview_action=url_for(".preview"),
        trouble=trouble,
    )


def _show_exchange(
    drawer: DrawerDetails, form: ExchangeForm, status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    offer_first(form.out_currency, [each.currency for each in drawer.money if each.amount])
    offer_first(form.in_currency, [g.tenant.base_currency, *(each.currency for each in drawer.money)])
    return render(
        "transfers/new_exchange.html",
        "transfers/_exchange_form.html",
        status,
        drawer=drawer,
        form=form,
        preview=None,
        preview_trouble="",
        preview_action=url_for(".preview_of_exchange", drawer_id=drawer.id),
        trouble=trouble,
    )
