"""The purchase form: a draft kept on the server until its goods are received."""

import uuid
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import (
    ConflictError,
    CurrencyAsksError,
    InvalidQuantityError,
    NotFoundError,
    PeriodLockedError,
    RateDoubtedError,
    RuleViolationError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import PAYMENT_CREATE, PURCHASE_CREATE, PURCHASE_OVERRIDE_RATE, PURCHASE_SET_RATE
from ledger_web.domain.places import read_place
from ledger_web.domain.purchases import CHARGES_MAX, SPREADS
from ledger_web.domain.rates import SOURCES
from ledger_web.domain.scans import Scan, read_scan
from ledger_web.domain.signs import signs_of
from ledger_web.error_pages import show as show_error
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
    came_name,
    part_form,
    shares_form,
)
from ledger_web.identity import may, new_act, permission_required
from ledger_web.queries import purchase_drafts as queries
from ledger_web.queries.accounts import list_money_places
from ledger_web.queries.carts import list_product_hits
from ledger_web.queries.purchases import list_landed, list_vendor_choices
from ledger_web.queries.scans import PRODUCT, UNKNOWN, Scanned, resolve
from ledger_web.rendering import redirect_to, render, say, tell_scanner, wants_fragment
from ledger_web.services.purchase_draft_charges import (
    add_draft_charge,
    preview_draft_charge,
    remove_draft_charge,
    share_draft_charge,
)
from ledger_web.services.purchase_draft_lines import AddDraftLine, add_draft_line, change_draft_line, remove_draft_line
from ledger_web.services.purchase_draft_rates import set_rate
from ledger_web.services.purchase_drafts import change_draft, discard_draft, start_draft
from ledger_web.services.purchase_parts import split_draft
from ledger_web.services.purchases import preview_payment_of, receive_purchase

blueprint = Blueprint("purchase_drafts", __name__, url_prefix="/purchases/drafts")

# What answers an act: the part of the form it changed, with whatever else follows from it out of band.
WHOLE = "purchase_drafts/_purchase_form.html"
HEAD = "purchase_drafts/head.htmx.html"
RATE = "purchase_drafts/rate.htmx.html"
CHARGES = "purchase_drafts/charges.htmx.html"
RECEIVE = "purchase_drafts/_receive_form.html"


@blueprint.errorhandler(NotFoundError)
def _lead_to_purchase(error: NotFoundError) -> ResponseReturnValue:
    """A draft that is gone because it was received, perhaps by somebody else: show the purchase it became."""
    draft_id = (request.view_args or {}).get("draft_id")
    if draft_id is None or not queries.is_received(g.tenant.id, draft_id):
        return show_error(404, error.message)
    say(gettext("This purchase was received already. Nothing came twice."), "warn")
    return redirect_to("purchases.show", purchase_id=draft_id)


@blueprint.post("/")
@permission_required(PURCHASE_CREATE)
def create() -> ResponseReturnValue:
    form = DraftStartForm(request.form)
    form.vendor_id.choices = _vendors()
    form.validate_or_refuse()
    draft = start_draft(form.to_command(), new_act())
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
        return _show(draft_id, 422, part=HEAD, head_form=form)
    try:
        changed = change_draft(form.to_command(draft_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        asks = isinstance(error, CurrencyAsksError)
        return _show(draft_id, status_of(error), part=HEAD, head_form=form, trouble=error.message, asks_currency=asks)
    return _done(draft_id, HEAD, changed=changed, sent_currency=form.currency.data)


@blueprint.post("/<uuid:draft_id>/rate")
@permission_required(PURCHASE_SET_RATE)
def update_rate(draft_id: uuid.UUID) -> ResponseReturnValue:
    form = DraftRateForm(request.form)
    if not form.validate():
        return _show(draft_id, 422, part=RATE, rate_form=form)
    try:
        set_rate(form.to_command(draft_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show(draft_id, status_of(error), part=RATE, rate_form=form, rate_trouble=error.message)
    return _done(draft_id, RATE)


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
        changed = change_draft_line(form.to_command(draft_id, line_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _line_refused(draft_id, line_id, error.message, form, status_of(error))
    before = (changed.before.net, changed.before.tax) if changed.before else None
    return _line_done(draft_id, line_id, before)


@blueprint.post("/<uuid:draft_id>/lines/<uuid:line_id>/delete")
@permission_required(PURCHASE_CREATE)
def delete_line(draft_id: uuid.UUID, line_id: uuid.UUID) -> ResponseReturnValue:
    form = DraftActForm(request.form)
    form.validate_or_refuse()
    removed = remove_draft_line(form.to_remove_line(draft_id, line_id), new_act())
    if not wants_fragment():
        return redirect_to(".show", draft_id=draft_id)
    before = (removed.before.net, removed.before.tax) if removed.before else None
    change = queries.get_draft_change(g.tenant.id, draft_id, line_id, before, place=removed.place)
    return render("", "purchase_drafts/removed.htmx.html", change=change)


@blueprint.post("/<uuid:draft_id>/charges")
@permission_required(PURCHASE_CREATE)
def create_charge(draft_id: uuid.UUID) -> ResponseReturnValue:
    form = ChargeForm(request.form)
    form.payee_id.choices = _vendors()
    if not form.validate():
        return _show(draft_id, 422, part=CHARGES, charge_form=form)
    try:
        add_draft_charge(form.to_command(draft_id, g.tenant.base_currency), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show(draft_id, status_of(error), part=CHARGES, charge_form=form, charge_trouble=error.message)
    return _done(draft_id, CHARGES)


@blueprint.post("/<uuid:draft_id>/charges/preview")
@permission_required(PURCHASE_CREATE)
def preview_charge(draft_id: uuid.UUID) -> ResponseReturnValue:
    """Say what a charge that is being typed comes to in the shop's currency. Nothing is saved."""
    queries.check_draft(g.tenant.id, draft_id)
    form = ChargeForm(request.form)
    form.payee_id.choices = _vendors()
    preview, sentence = None, ""
    if form.net.raw and not form.validate():
        sentence = form.sentences[0]
    elif form.net.raw:
        try:
            preview = preview_draft_charge(form.to_command(draft_id, g.tenant.base_currency), new_act())
        except RuleViolationError as refusal:
            sentence = refusal.message
    said: dict[str, Any] = {"preview": preview, "preview_trouble": sentence}
    if wants_fragment():
        return render("", "purchase_drafts/_charge_preview.html", draft_id=draft_id, **said)
    return _show(draft_id, charge_form=form, **said)


@blueprint.post("/<uuid:draft_id>/charges/<uuid:charge_id>/shares")
@permission_required(PURCHASE_CREATE)
def update_shares(draft_id: uuid.UUID, charge_id: uuid.UUID) -> ResponseReturnValue:
    charges = queries.get_draft(g.tenant.id, draft_id).charges
    currency = next((each.currency for each in charges if each.id == charge_id), g.tenant.base_currency)
    form = shares_form(request.form, currency)(request.form)
    refused: dict[str, Any] = {"part": CHARGES, "share_forms": {charge_id: form}}
    if not form.validate():
        return _show(draft_id, 422, charges_trouble=" ".join(form.sentences), **refused)
    try:
        share_draft_charge(form.to_command(draft_id, charge_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show(draft_id, status_of(error), charges_trouble=error.message, **refused)
    return _done(draft_id, CHARGES)


@blueprint.post("/<uuid:draft_id>/charges/<uuid:charge_id>/delete")
@permission_required(PURCHASE_CREATE)
def delete_charge(draft_id: uuid.UUID, charge_id: uuid.UUID) -> ResponseReturnValue:
    form = DraftActForm(request.form)
    form.validate_or_refuse()
    remove_draft_charge(form.to_remove_charge(draft_id, charge_id), new_act())
    return _done(draft_id, CHARGES)


@blueprint.get("/<uuid:draft_id>/part")
@permission_required(PURCHASE_CREATE)
def edit_part(draft_id: uuid.UUID) -> ResponseReturnValue:
    """Ask how much came of each line, where not all of it did."""
    return _show_part(queries.get_draft(g.tenant.id, draft_id))


@blueprint.post("/<uuid:draft_id>/part")
@permission_required(PURCHASE_CREATE)
def update_part(draft_id: uuid.UUID) -> ResponseReturnValue:
    draft = queries.get_draft(g.tenant.id, draft_id)
    form = part_form((line.id, line.name) for line in draft.lines)(request.form)
    if not form.validate():
        return _show_part(draft, form, 422)
    try:
        split_draft(form.to_command(draft_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_part(draft, form, status_of(error), error.message)
    say("What has not come yet waits in a draft of its own. Receive what came.")
    return redirect_to(".show", draft_id=draft_id)


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
    draft = queries.get_draft(g.tenant.id, draft_id)
    form = _receive_form(draft.head, ReceiveForm(request.form))
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
        return _show(draft_id, 422, part=RECEIVE, receive_form=form)
    try:
        command = form.to_command(draft_id, may_confirm=may(PURCHASE_OVERRIDE_RATE), may_pay=may(PAYMENT_CREATE))
        received = receive_purchase(command, new_act())
    except (RuleViolationError, ConflictError) as error:
        is_locked = isinstance(error, PeriodLockedError)
        said: dict[str, Any] = {"receive_form": form, "receive_trouble": error.message, "is_locked": is_locked}
        said["asks_rate"] = isinstance(error, RateDoubtedError)
        return _show(draft_id, status_of(error), part=RECEIVE, **said)
    say("This purchase was received already. Nothing came twice." if received.replayed else "The goods are in stock.")
    return redirect_to("purchases.show", purchase_id=received.id)


@blueprint.post("/<uuid:draft_id>/delete")
@permission_required(PURCHASE_CREATE)
def delete(draft_id: uuid.UUID) -> ResponseReturnValue:
    form = DraftActForm(request.form)
    form.validate_or_refuse()
    discard_draft(form.to_discard(draft_id), new_act())
    say("The draft was thrown away.")
    return redirect_to("purchases.index")


def _show_part(draft: queries.DraftDetails, form: Any = None, status: int = 200, trouble: str = "") -> Response:
    if form is None:
        known = {came_name(line.id): line.quantity for line in draft.lines} | {"version": draft.head.version}
        form = part_form((line.id, line.name) for line in draft.lines)(data=known)
    page, fragment = "purchase_drafts/part.html", "purchase_drafts/_part_form.html"
    return render(page, fragment, status, draft=draft, form=form, trouble=trouble)


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
        changed = add_draft_line(command, new_act())
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


def _done(draft_id: uuid.UUID, part: str, **said: Any) -> ResponseReturnValue:
    return _show(draft_id, part=part, **said) if wants_fragment() else redirect_to(".show", draft_id=draft_id)


def _show(draft_id: uuid.UUID, status: int = 200, *, part: str = WHOLE, **said: Any) -> Response:
    """Show the form, for htmx a part of it, with whatever was refused as it was typed."""
    draft = queries.get_draft(g.tenant.id, draft_id)
    context = _nothing_said() | said
    return render(
        "purchase_drafts/show.html",
        part,
        status,
        draft=draft,
        head_form=_head_form(draft.head, context.pop("head_form")),
        charge_form=_charge_form(draft.head, context.pop("charge_form")),
        receive_form=_receive_form(draft.head, context.pop("receive_form")),
        payment_id=new_id(),
        sources=SOURCES,
        spreads=SPREADS,
        charges_max=CHARGES_MAX,
        is_done=status == 200,
        is_part=wants_fragment(),
        **_of_lines(),
        **context,
    )


def _nothing_said() -> dict[str, Any]:
    """What the form's templates need when nothing was refused, looked for or asked."""
    troubles = ("trouble", "rate", "charge", "charges", "preview", "receive", "scan", "payment")
    return {
        "head_form": None,
        "rate_form": DraftRateForm(),
        "charge_form": None,
        "receive_form": None,
        "asks_currency": False,
        "asks_rate": False,
        "changed": None,
        "sent_currency": None,
        "is_locked": False,
        "plan": None,
        "preview": None,
        "line_forms": {},
        "line_troubles": {},
        "share_forms": {},
        **{name if name == "trouble" else f"{name}_trouble": "" for name in troubles},
        **_hits([], Scan("", None)),
    }


def _head_form(head: queries.DraftHead, refused: DraftHeadForm | None) -> DraftHeadForm:
    said = ("vendor_id", "invoice_number", "invoice_on", "received_on", "due_on", "currency", "duplicate_reason")
    form = refused or DraftHeadForm(data={name: getattr(head, name) for name in (*said, "printed_total", "memo")})
    form.vendor_id.choices = _vendors()
    offer_first(form.currency, _currencies(head))
    return form


def _charge_form(head: queries.DraftHead, refused: ChargeForm | None) -> ChargeForm:
    form = refused or ChargeForm(data={"currency": head.currency, "spread_by": "value"})
    form.payee_id.choices = [("", gettext("on this invoice")), *_vendors()[1:]]
    offer_first(form.currency, _currencies(head))
    return form


def _receive_form(head: queries.DraftHead, refused: ReceiveForm | None) -> ReceiveForm:
    # The labels of what is corrected were printed when it came.
    usual = {"pay_currency": head.currency, "uses_advances": True, "queues_labels": head.corrects_id is None}
    form = refused or ReceiveForm(data={"currency": head.currency, "received_on": head.received_on, **usual})
    form.place.choices = _places()
    offer_first(form.pay_currency, _currencies(head))
    return form


def _currencies(head: queries.DraftHead) -> list[str]:
    """The currencies that are offered first."""
    return [head.currency, g.tenant.base_currency, "USD", "EUR"]


def _vendors() -> list[tuple[Any, str]]:
    return [("", gettext("choose …")), *((each.id, each.name) for each in list_vendor_choices(g.tenant.id))]


def _places() -> list[tuple[Any, str]]:
    return [(read_place(choice.value), choice.name) for choice in list_money_places(g.tenant.id)]
