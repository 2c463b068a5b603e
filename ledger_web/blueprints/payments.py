"""Payments from and to parties, and what was owed before the shop's first day."""

import uuid

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.blueprints.parties import NOUNS
from ledger_web.domain.errors import ConflictError, NotFoundError, RuleViolationError
from ledger_web.domain.journal import NORMAL_SIDE
from ledger_web.domain.permissions import PARTY_EDIT, PAYMENT_CREATE, PAYMENT_VIEW
from ledger_web.error_pages import status_of
from ledger_web.forms.payments import OpeningBalanceForm, PaymentAimForm, PaymentForm, offer_first
from ledger_web.identity import permission_required
from ledger_web.queries.drawers import DrawerDetails, list_drawers
from ledger_web.queries.parties import PartyDetails, get_party
from ledger_web.queries.payments import get_payment
from ledger_web.queries.statements import Place, get_statement
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.payments import record_opening_balance, record_payment
from ledger_web.services.unit_of_work import UnitOfWork

blueprint = Blueprint("payments", __name__, url_prefix="/payments")


@blueprint.get("/new")
@permission_required(PAYMENT_CREATE)
def new() -> ResponseReturnValue:
    aim = PaymentAimForm(request.args)
    party = _aimed_at(aim)
    form = PaymentForm(
        party_id=party.id,
        direction=aim.direction.data or _usual_direction(party),
        currency=aim.currency.data or party.currency,
    )
    form.amount.data = _what_is_owed(party, form)
    return _show_new(party, form)


@blueprint.post("/")
@permission_required(PAYMENT_CREATE)
def create() -> ResponseReturnValue:
    form = PaymentForm(request.form)
    form.drawer_id.choices = _drawer_choices(_drawers())
    is_valid = form.validate()
    party = _party(form.party_id.data)
    if not is_valid:
        return _show_new(party, form, 422)
    try:
        payment = record_payment(form.to_command(), UnitOfWork(g.tenant.id, g.identity.user_id))
    except (RuleViolationError, ConflictError) as error:
        return _show_new(party, form, status_of(error), trouble=error.message)
    say("This payment was recorded already." if payment.replayed else "The payment was recorded.")
    return redirect_to(".show", payment_id=payment.id)


@blueprint.get("/<uuid:payment_id>")
@permission_required(PAYMENT_VIEW)
def show(payment_id: uuid.UUID) -> ResponseReturnValue:
    payment = get_payment(g.tenant.id, payment_id)
    place = Place(payment.occurred_on, payment.id)
    lines = get_statement(g.tenant.id, payment.account_id, before=place.next, lines_max=1).lines
    return render(
        "payments/show.html",
        payment=payment,
        balance_after=lines[-1].balance,
        back=url_for(f"{NOUNS[payment.party_kind].plural}.show", party_id=payment.party_id),
    )


@blueprint.get("/opening-balances/new")
@permission_required(PARTY_EDIT)
def new_opening_balance() -> ResponseReturnValue:
    party = _aimed_at(PaymentAimForm(request.args))
    owed = "to_us" if NORMAL_SIDE[party.kind] == "debit" else "by_us"
    form = OpeningBalanceForm(party_id=party.id, owed=owed, currency=party.currency)
    form.day.data = form.day.latest
    return _show_new_opening_balance(party, form)


@blueprint.post("/opening-balances/")
@permission_required(PARTY_EDIT)
def create_opening_balance() -> ResponseReturnValue:
    form = OpeningBalanceForm(request.form)
    is_valid = form.validate()
    party = _party(form.party_id.data)
    if not is_valid:
        return _show_new_opening_balance(party, form, 422)
    try:
        recorded = record_opening_balance(form.to_command(), UnitOfWork(g.tenant.id, g.identity.user_id))
    except (RuleViolationError, ConflictError) as error:
        return _show_new_opening_balance(party, form, status_of(error), trouble=error.message)
    say("This opening balance was recorded already." if recorded.replayed else "The opening balance was recorded.")
    return redirect_to(f"{NOUNS[party.kind].plural}.show", party_id=party.id)


def _aimed_at(aim: PaymentAimForm) -> PartyDetails:
    """Return the party an address names."""
    return _party(aim.party_id.data if aim.validate() else None)


def _party(party_id: uuid.UUID | None) -> PartyDetails:
    if party_id is None:
        raise NotFoundError("Choose who the payment is with first, then take it from their page.")
    return get_party(g.tenant.id, party_id)


def _usual_direction(party: PartyDetails) -> str:
    return "in" if NORMAL_SIDE[party.kind] == "debit" else "out"


def _what_is_owed(party: PartyDetails, form: PaymentForm) -> int | None:
    """Return the whole debt if it goes the way of the payment: that is what is paid most often."""
    balance = party.in_currency(form.currency.data).balance
    owed = balance if form.direction.data == _usual_direction(party) else -balance
    return owed if owed > 0 else None


def _drawers() -> list[DrawerDetails]:
    return [drawer for drawer in list_drawers(g.tenant.id) if drawer.is_active]


def _drawer_choices(drawers: list[DrawerDetails]) -> list[tuple[uuid.UUID, str]]:
    return [(drawer.id, drawer.name) for drawer in drawers]


def _show_new(party: PartyDetails, form: PaymentForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    drawers = _drawers()
    form.drawer_id.choices = _drawer_choices(drawers)
    offer_first(form.currency, [*(each.currency for each in party.balances), g.tenant.base_currency])
    return render(
        "payments/new.html",
        "payments/_payment_form.html",
        status,
        noun=NOUNS[party.kind],
        party=party,
        form=form,
        drawers=drawers,
        is_in=form.direction.data != "out",
        trouble=trouble,
    )


def _show_new_opening_balance(
    party: PartyDetails, form: OpeningBalanceForm, status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    offer_first(form.currency, [*(each.currency for each in party.balances), g.tenant.base_currency])
    return render(
        "payments/new_opening_balance.html",
        "payments/_opening_balance_form.html",
        status,
        noun=NOUNS[party.kind],
        party=party,
        form=form,
        trouble=trouble,
    )
