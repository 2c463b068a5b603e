"""Payments from and to parties, and what was owed before the shop's first day."""

import uuid

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.blueprints.parties import NOUNS, check_may_see
from ledger_web.domain import places
from ledger_web.domain.errors import ConflictError, NotFoundError, RuleViolationError
from ledger_web.domain.journal import NORMAL_SIDE
from ledger_web.domain.open_items import OPPOSITE, side_of
from ledger_web.domain.permissions import PARTY_EDIT, PAYMENT_CREATE, PAYMENT_VIEW
from ledger_web.error_pages import status_of
from ledger_web.forms.payments import OpeningBalanceForm, PaymentAimForm, PaymentForm, offer_first, payment_form
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.accounts import list_money_places
from ledger_web.queries.drawers import list_drawers
from ledger_web.queries.open_items import OpenItemRow, list_allocations, list_open_items
from ledger_web.queries.parties import PartyDetails, get_party
from ledger_web.queries.payments import get_payment
from ledger_web.queries.shifts import find_open_shift
from ledger_web.queries.statements import Place, get_statement
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.payments import PaymentPreview, preview_payment, record_opening_balance, record_payment

blueprint = Blueprint("payments", __name__, url_prefix="/payments")


@blueprint.get("/new")
@permission_required(PAYMENT_CREATE)
def new() -> ResponseReturnValue:
    aim = PaymentAimForm(request.args)
    party = _aimed_at(aim)
    direction, currency = aim.direction.data or _usual_direction(party), aim.currency.data or party.currency
    items = _open_items(party, direction, currency)
    form = payment_form({item.id: item.title for item in items})(
        party_id=party.id, direction=direction, currency=currency, settled_currency=currency
    )
    form.amount.data = _what_is_owed(party, form)
    form.place.data = _usual_place()
    return _show_new(party, form, items)


@blueprint.post("/")
@permission_required(PAYMENT_CREATE)
def create() -> ResponseReturnValue:
    party, form, items = _sent()
    if not form.validate():
        return _show_new(party, form, items, 422)
    try:
        payment = record_payment(form.to_command(), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_new(party, form, items, status_of(error), trouble=error.message)
    say("This payment was recorded already." if payment.replayed else "The payment was recorded.")
    return redirect_to(".show", payment_id=payment.id)


@blueprint.post("/preview")
@permission_required(PAYMENT_CREATE)
def preview() -> ResponseReturnValue:
    """Show what the payment would do, without doing it; while it is being typed, what is missing is no error yet."""
    party, form, items = _sent()
    if not form.validate():
        return _show_preview(party, form, items, None, form.sentences[0])
    try:
        return _show_preview(party, form, items, preview_payment(form.to_command(), new_act()))
    except RuleViolationError as error:
        return _show_preview(party, form, items, None, error.message)


@blueprint.get("/<uuid:payment_id>")
@permission_required(PAYMENT_VIEW)
def show(payment_id: uuid.UUID) -> ResponseReturnValue:
    payment = get_payment(g.tenant.id, payment_id)
    check_may_see(payment.party_kind)
    place = Place(payment.occurred_on, payment.id)
    lines = get_statement(g.tenant.id, payment.account_id, before=place.next, lines_max=1).lines
    return render(
        "payments/show.html",
        payment=payment,
        balance_after=lines[-1].balance,
        settled=[each for each in list_allocations(g.tenant.id, payment.id) if not each.released_at],
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
        recorded = record_opening_balance(form.to_command(g.tenant.base_currency), new_act())
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
    party = get_party(g.tenant.id, party_id)
    check_may_see(party.kind)
    return party


def _usual_direction(party: PartyDetails) -> str:
    return "in" if NORMAL_SIDE[party.kind] == "debit" else "out"


def _what_is_owed(party: PartyDetails, form: PaymentForm) -> int | None:
    """Return the whole debt if it goes the way of the payment: that is what is paid most often."""
    balance = party.in_currency(form.currency.data).balance
    owed = balance if form.direction.data == _usual_direction(party) else -balance
    return owed if owed > 0 else None


def _usual_place() -> places.Place | None:
    """Return the first drawer whose shift is open: the one somebody stands at."""
    drawers = (drawer.id for drawer in list_drawers(g.tenant.id) if drawer.is_active)
    return next((places.drawer_place(id) for id in drawers if find_open_shift(g.tenant.id, id)), None)


def _open_items(party: PartyDetails, direction: str, currency: str) -> list[OpenItemRow]:
    """Return what a payment can settle: of the other side than itself, in the currency of the debt."""
    side = OPPOSITE[side_of(party.kind, money_comes_in=direction != "out")]
    return list_open_items(g.tenant.id, party.id, currency, side)


def _sent() -> tuple[PartyDetails, PaymentForm, list[OpenItemRow]]:
    """Return the form that came, made for what is open of the party it names."""
    first = PaymentForm(request.form)
    party = _party(first.party_id.data)
    currency = first.settled_currency.data or first.currency.data
    items = _open_items(party, first.direction.data, currency) if currency else []
    form = payment_form({item.id: item.title for item in items}, request.form)(request.form)
    form.place.choices = _place_choices()
    return party, form, items


def _place_choices() -> list[tuple[places.Place, str]]:
    return [(places.read_place(choice.value), choice.name) for choice in list_money_places(g.tenant.id)]


def _show_new(
    party: PartyDetails, form: PaymentForm, items: list[OpenItemRow], status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    return _render(party, form, items, "payments/_payment_form.html", status, trouble=trouble)


def _show_preview(
    party: PartyDetails,
    form: PaymentForm,
    items: list[OpenItemRow],
    preview: PaymentPreview | None,
    trouble: str = "",
) -> ResponseReturnValue:
    return _render(party, form, items, "payments/_payment_preview.html", 200, preview=preview, preview_trouble=trouble)


def _render(
    party: PartyDetails,
    form: PaymentForm,
    items: list[OpenItemRow],
    fragment: str,
    status: int,
    *,
    trouble: str = "",
    preview: PaymentPreview | None = None,
    preview_trouble: str = "",
) -> ResponseReturnValue:
    form.place.choices = _place_choices()
    for field in (form.currency, form.settled_currency):
        offer_first(field, [*(each.currency for each in party.balances), g.tenant.base_currency])
    return render(
        "payments/new.html",
        fragment,
        status,
        noun=NOUNS[party.kind],
        party=party,
        form=form,
        items=items,
        drawers=[drawer for drawer in list_drawers(g.tenant.id) if drawer.is_active],
        is_in=form.direction.data != "out",
        preview=preview,
        preview_trouble=preview_trouble,
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
