"""The purchase form: a draft kept on the server until its goods are received."""

import uuid
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, InvalidQuantityError, PeriodLockedError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import gettext
from ledger_web.domain.numbers import signs_of
from ledger_web.domain.permissions import PAYMENT_CREATE, PURCHASE_CREATE, PURCHASE_OVERRIDE_RATE
from ledger_web.domain.places import read_place
from ledger_web.domain.purchases import CHARGES_MAX, SPREADS
from ledger_web.domain.rates import SOURCES
from ledger_web.domain.scans import Scan, read_scan
from ledger_web.error_pages import status_of
from ledger_web.forms.payments import offer_first
from ledger_web.forms.purchases import (
    ChargeForm,
    DraftActForm,
    DraftHeadForm,
    DraftLineForm,
    DraftRateForm,
    DraftScanForm,
    DraftStartForm,
    ReceiveForm,
    shares_form,
)
from ledger_web.identity import may, new_act, permission_required
from ledger_web.queries import purchase_drafts as queries
from ledger_web.queries.accounts import list_money_places
from ledger_web.queries.carts import list_product_hits
from ledger_web.queries.purchases import list_landed, list_vendor_choices
from ledger_web.queries.scans import PRODUCT, UNKNOWN, Scanned, resolve
from ledger_web.rendering import redirect_to, render, say, tell_scanner, wants_fragment
from ledger_web.services import purchase_drafts as services
from ledger_web.services.purchase_drafts import AddDraftLine
from ledger_web.services.purchases import preview_payment_of, receive_purchase

blueprint = Blueprint("purchase_drafts", __name__, url_prefix="/purchases/drafts")


@blueprint.post("/")
@permission_required(PURCHASE_CREATE)
def create() -> ResponseReturnValue:
    form = DraftStartForm(request.form)
    form.vendor_id.choices = _vendors()
    form.validate_or_refuse()
    draft = services.start_draft(form.to_command(), new_act())
    return redirect_to(".show", draft_id=draft.id)


@blueprint.get("/<uuid:draft_id>")
@permission_required(PURCHASE_CREATE)
def show(draft_id: uuid.UUID) -> ResponseReturnValue:
    return _show(draft_id)


@blueprint.post("/<uuid:draft_id>/head")
@permission_required(PURCHASE_CREATE)
def update_head(draft_id: uuid.UUID) -> ResponseReturnValue:
    form = DraftHeadForm(request.form)
    form.vendor_id.choices = _vendors()
    if not form.validate():
        return _show(draft_id, 422, head_form=form)
    try:
        services.change_draft(form.to_command(draft_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show(draft_id, status_of(error), head_form=form, trouble=error.message)
    return _done(draft_id)


@blueprint.post("/<uuid:draft_id>/rate")
@permission_required(PURCHASE_CREATE)
def update_rate(draft_id: uuid.UUID) -> ResponseReturnValue:
    form = DraftRateForm(request.form)
    if not form.validate():
        return _show(draft_id, 422, rate_form=form)
    try:
        services.set_rate(form.to_command(draft_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show(draft_id, status_of(error), rate_form=form, rate_trouble=error.message)
    return _done(draft_id)


@blueprint.get("/<uuid:draft_id>/hits")
@permission_required(PURCHASE_CREATE)
def hits(draft_id: uuid.UUID) -> ResponseReturnValue:
    """Products that what is being typed may mean; nothing while it is not a sensible text."""
    queries.check_draft(g.tenant.id, draft_id)
    try:
        scan = read_scan(request.args.get("q", "")[:200], signs_of(g.tenant.locale))
    except RuleViolationError:
        scan = Scan("", None)
    found = list_product_hits(g.tenant.id, scan.text) if len(scan.text) > 1 else []
    if wants_fragment():
        return render("", "purchase_drafts/_purchase_hits.html", draft_id=draft_id, **_hits(found, scan))
    return _show(draft_id, **_hits(found, scan))


@blueprint.post("/<uuid:draft_id>/lines")
@permission_required(PURCHASE_CREATE)
def create_line(draft_id: uuid.UUID) -> ResponseReturnValue:
    queries.check_draft(g.tenant.id, draft_id)
    form = DraftScanForm(request.form)
    if not form.validate():
        return _scan_refused(draft_id, " ".join(form.sentences), form.q.raw)
    if form.product_id.data:
        return _add(form.to_command(draft_id, form.product_id.data))
    try:
        scan = read_scan(form.q.data or "", signs_of(g.tenant.locale))
        scanned = resolve(g.tenant.id, scan.text)
    except InvalidQuantityError as error:
        return _scan_refused(draft_id, gettext("Before the star: %(message)s", message=error.message), form.q.raw)
    except RuleViolationError as error:
        return _scan_refused(draft_id, error.message, form.q.raw)
    return _resolved(draft_id, form, scan, scanned)


@blueprint.post("/<uuid:draft_id>/lines/<uuid:line_id>")
@permission_required(PURCHASE_CREATE)
def update_line(draft_id: uuid.UUID, line_id: uuid.UUID) -> ResponseReturnValue:
    form = DraftLineForm(request.form)
    if not form.validate():
        return _line_refused(draft_id, line_id, " ".join(form.sentences), form)
    try:
        changed = services.change_draft_line(form.to_command(draft_id, line_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _line_refused(draft_id, line_id, error.message, form, status_of(error))
    before = (changed.before.net, changed.before.tax) if changed.before else None
    return _line_done(draft_id, line_id, before)


@blueprint.post("/<uuid:draft_id>/lines/<uuid:line_id>/delete")
@permission_required(PURCHASE_CREATE)
def delete_line(draft_id: uuid.UUID, line_id: uuid.UUID) -> ResponseReturnValue:
    form = DraftActForm(request.form)
    if not form.validate():
        return _show(draft_id, 422, trouble=" ".join(form.sentences))
    services.remove_draft_line(form.to_remove_line(draft_id, line_id), new_act())
    return _done(draft_id)


@blueprint.post("/<uuid:draft_id>/charges")
@permission_required(PURCHASE_CREATE)
def create_charge(draft_id: uuid.UUID) -> ResponseReturnValue:
    form = ChargeForm(request.form)
    form.payee_id.choices = _vendors()
    if not form.validate():
        return _show(draft_id, 422, charge_form=form)
    try:
        services.add_draft_charge(form.to_command(draft_id, g.tenant.base_currency), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show(draft_id, status_of(error), charge_form=form, charge_trouble=error.message)
    return _done(draft_id)


@blueprint.post("/<uuid:draft_id>/charges/<uuid:charge_id>/shares")
@permission_required(PURCHASE_CREATE)
def update_shares(draft_id: uuid.UUID, charge_id: uuid.UUID) -> ResponseReturnValue:
    charges = queries.get_draft(g.tenant.id, draft_id).charges
    currency = next((each.currency for each in charges if each.id == charge_id), g.tenant.base_currency)
    form = shares_form(request.form, currency)(request.form)
    if not form.validate():
        return _show(draft_id, 422, trouble=" ".join(form.sentences), share_forms={charge_id: form})
    try:
        services.share_draft_charge(form.to_command(draft_id, charge_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show(draft_id, status_of(error), trouble=error.message, share_forms={charge_id: form})
    return _done(draft_id)


@blueprint.post("/<uuid:draft_id>/charges/<uuid:charge_id>/delete")
@permission_required(PURCHASE_CREATE)
def delete_charge(draft_id: uuid.UUID, charge_id: uuid.UUID) -> ResponseReturnValue:
    form = DraftActForm(request.form)
    if not form.validate():
        return _show(draft_id, 422, trouble=" ".join(form.sentences))
    services.remove_draft_charge(form.to_remove_charge(draft_id, charge_id), new_act())
    return _done(draft_id)


@blueprint.get("/<uuid:draft_id>/landed")
@permission_required(PURCHASE_CREATE)
def show_landed(draft_id: uuid.UUID) -> ResponseReturnValue:
    """Show what each product will cost landed, before it is received."""
    draft = queries.get_draft(g.tenant.id, draft_id)
    try:
        rows, trouble = list_landed(g.tenant.id, draft), ""
    except RuleViolationError as refusal:
        rows, trouble = [], refusal.message
    page, fragment = "purchase_drafts/landed.html", "purchase_drafts/_landed_costs.html"
    return render(page, fragment, draft=draft, rows=rows, trouble=trouble)


@blueprint.post("/<uuid:draft_id>/payment")
@permission_required(PURCHASE_CREATE)
def preview_payment(draft_id: uuid.UUID) -> ResponseReturnValue:
    """Say what paying at once will settle, and what is gained or lost by it. Nothing is saved."""
    form, draft = ReceiveForm(request.form), queries.get_draft(g.tenant.id, draft_id)
    _offer(form, draft.head)
    plan, sentence = None, ""
    if not form.validate():
        sentence = form.sentences[0]
    else:
        payment = form.to_payment()
        try:
            plan = preview_payment_of(payment, draft_id, new_act()) if payment else None
        except RuleViolationError as refusal:
            sentence = refusal.message
    context: dict[str, Any] = {"receive_form": form, "plan": plan, "payment_trouble": sentence}
    if wants_fragment():
        return render("", "purchase_drafts/_payment_plan.html", draft=draft, **context)
    return _show(draft_id, **context)


@blueprint.post("/<uuid:draft_id>/receive")
@permission_required(PURCHASE_CREATE)
def receive(draft_id: uuid.UUID) -> ResponseReturnValue:
    form = ReceiveForm(request.form)
    form.place.choices = _places()
    if not form.validate():
        return _show(draft_id, 422, receive_form=form)
    try:
        command = form.to_command(draft_id, may_confirm=may(PURCHASE_OVERRIDE_RATE), may_pay=may(PAYMENT_CREATE))
        received = receive_purchase(command, new_act())
    except (RuleViolationError, ConflictError) as error:
        is_locked = isinstance(error, PeriodLockedError)
        return _show(draft_id, status_of(error), receive_form=form, receive_trouble=error.message, is_locked=is_locked)
    say("This purchase was received already. Nothing came twice." if received.replayed else "The goods are in stock.")
    return redirect_to("purchases.show", purchase_id=received.id)


@blueprint.post("/<uuid:draft_id>/delete")
@permission_required(PURCHASE_CREATE)
def delete(draft_id: uuid.UUID) -> ResponseReturnValue:
    form = DraftActForm(request.form)
    if not form.validate():
        return _show(draft_id, 422, trouble=" ".join(form.sentences))
    services.discard_draft(form.to_discard(draft_id), new_act())
    say("The draft was thrown away.")
    return redirect_to("purchases.index")


def _resolved(draft_id: uuid.UUID, form: DraftScanForm, scan: Scan, scanned: Scanned) -> ResponseReturnValue:
    """Add what a code means, or the one product a text means; where it may mean several, show them."""
    if scanned.kind == PRODUCT and scanned.product:
        quantity = round((scan.quantity or Decimal(1)) * (scanned.quantity or Decimal(1)), 6)
        unit_id = scanned.unit.id if scanned.unit else None
        return _add(form.to_command(draft_id, scanned.product.id, unit_id, quantity), scanned.product.name)
    found = list_product_hits(g.tenant.id, scan.text) if scanned.kind == UNKNOWN else []
    if len(found) == 1:
        return _add(form.to_command(draft_id, found[0].id, None, scan.quantity), found[0].name)
    if found:
        return _scan_refused(draft_id, "", form.q.raw, found=found, scan=scan)
    said = scanned.trouble or (
        gettext("Nothing has the code %(text)s.", text=scanned.text)
        if scan.text
        else gettext("Scan or type a product.")
    )
    return tell_scanner(_scan_refused(draft_id, said, form.q.raw), "bad", said)


def _add(command: AddDraftLine, said: str = "") -> ResponseReturnValue:
    try:
        changed = services.add_draft_line(command, new_act())
    except RuleViolationError as refusal:
        return tell_scanner(_scan_refused(command.draft_id, refusal.message, ""), "bad", refusal.message)
    if not wants_fragment():
        return redirect_to(".show", draft_id=command.draft_id)
    before = (changed.before.net, changed.before.tax) if changed.before else None
    change = queries.get_draft_change(g.tenant.id, command.draft_id, changed.line_id, before)
    answer = render("", "purchase_drafts/scanned.htmx.html", change=change, is_new=before is None, **_of_lines())
    return tell_scanner(answer, "good", said)


def _scan_refused(
    draft_id: uuid.UUID, sentence: str, q: str, *, found: list[Any] | None = None, scan: Scan | None = None
) -> Response:
    """Show what came of a text that added nothing: a sentence, or products to choose from. The draft stays."""
    context: dict[str, Any] = {"scan_trouble": sentence, **_hits(found or [], scan or Scan(q, None)), "scan_q": q}
    status = 422 if sentence else 200
    if wants_fragment():
        return render("", "purchase_drafts/_scan_notice.html", status, draft_id=draft_id, **context)
    return _show(draft_id, status, **context)


def _line_refused(
    draft_id: uuid.UUID, line_id: uuid.UUID, sentence: str, form: DraftLineForm, status: int = 422
) -> ResponseReturnValue:
    if not wants_fragment():
        return _show(draft_id, status, line_forms={line_id: form}, line_troubles={line_id: sentence})
    change = queries.get_draft_change(g.tenant.id, draft_id, line_id, None)
    return render(
        "", "purchase_drafts/line.htmx.html", status, change=change, line_troubles={line_id: sentence}, **_of_lines()
    )


def _line_done(draft_id: uuid.UUID, line_id: uuid.UUID, before: tuple[int, int] | None) -> ResponseReturnValue:
    """Answer a change of a line: its figures and the totals, however many lines there are."""
    if not wants_fragment():
        return redirect_to(".show", draft_id=draft_id)
    change = queries.get_draft_change(g.tenant.id, draft_id, line_id, before)
    return render("", "purchase_drafts/line.htmx.html", change=change, **_of_lines())


def _of_lines() -> dict[str, Any]:
    return {"unit_cost_in_base": queries.unit_cost_in_base}


def _hits(found: list[Any], scan: Scan) -> dict[str, Any]:
    return {"hits": found, "scan_q": scan.text, "hit_quantity": scan.quantity or 1}


def _done(draft_id: uuid.UUID) -> ResponseReturnValue:
    return _show(draft_id) if wants_fragment() else redirect_to(".show", draft_id=draft_id)


def _show(draft_id: uuid.UUID, status: int = 200, **said: Any) -> Response:
    """Show the whole form, with whatever was refused as it was typed."""
    draft = queries.get_draft(g.tenant.id, draft_id)
    head = draft.head
    head_form = said.pop("head_form", None) or DraftHeadForm(
        data={
            "vendor_id": head.vendor_id,
            "invoice_number": head.invoice_number,
            "invoice_on": head.invoice_on,
            "received_on": head.received_on,
            "due_on": head.due_on,
            "currency": head.currency,
            "duplicate_reason": head.duplicate_reason,
            "printed_total": head.printed_total,
            "memo": head.memo,
        }
    )
    head_form.vendor_id.choices = _vendors()
    used = [head.currency, g.tenant.base_currency, "USD", "EUR"]
    offer_first(head_form.currency, used)
    charge_form = said.pop("charge_form", None) or ChargeForm(data={"currency": head.currency, "spread_by": "value"})
    charge_form.payee_id.choices = [("", gettext("on this invoice")), *_vendors()[1:]]
    offer_first(charge_form.currency, used)
    receive_form = said.pop("receive_form", None) or ReceiveForm(
        data={
            "currency": head.currency,
            "pay_currency": head.currency,
            "uses_advances": True,
            "queues_labels": True,
            "received_on": head.received_on,
        }
    )
    _offer(receive_form, head)
    context = {
        "rate_form": DraftRateForm(),
        "trouble": "",
        "rate_trouble": "",
        "charge_trouble": "",
        "receive_trouble": "",
        "scan_trouble": "",
        "payment_trouble": "",
        "plan": None,
        "is_locked": False,
        "line_forms": {},
        "share_forms": {},
        "line_troubles": {},
        **_hits([], Scan("", None)),
        **said,
    }
    return render(
        "purchase_drafts/show.html",
        "purchase_drafts/_purchase_form.html",
        status,
        draft=draft,
        head_form=head_form,
        charge_form=charge_form,
        receive_form=receive_form,
        payment_id=new_id(),
        sources=SOURCES,
        spreads=SPREADS,
        charges_max=CHARGES_MAX,
        **_of_lines(),
        **context,
    )


def _offer(form: ReceiveForm, head: queries.DraftHead) -> None:
    form.place.choices = _places()
    offer_first(form.pay_currency, [head.currency, g.tenant.base_currency, "USD", "EUR"])


def _vendors() -> list[tuple[Any, str]]:
    return [("", "choose …"), *((each.id, each.name) for each in list_vendor_choices(g.tenant.id))]


def _places() -> list[tuple[Any, str]]:
    return [(read_place(choice.value), choice.name) for choice in list_money_places(g.tenant.id)]
