"""What undoes a sale: its deletion while its shift is open, returns afterwards, and the reasons for both.

One button leads here; the state of the sale decides what it does.
"""

import uuid

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, LedgerError, NotFoundError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import (
    SALE_CREATE,
    SALE_DELETE,
    SALE_REASON_EDIT,
    SALE_RETURN,
    SALE_VIEW,
    SALE_VOID_OWN,
)
from ledger_web.domain.returns import AS_PAID, RETURN, VOID, TooMuch
from ledger_web.error_pages import status_of
from ledger_web.forms.sale_returns import CopyForm, DeletionForm, ReasonForm, ReturnAimForm, ReturnForm
from ledger_web.identity import PermissionDeniedError, may, new_act, permission_required
from ledger_web.queries.sale_returns import ReasonRow, get_return, list_reasons
from ledger_web.queries.sales import get_sale
from ledger_web.queries.settings import get_letterhead
from ledger_web.refunds import (
    approver_of,
    customer_called,
    find_reason_row,
    must_be_allowed,
    open_drawers,
    weigh,
)
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.carts import copy_to_cart
from ledger_web.services.deletions import preview_undoing, undo
from ledger_web.services.return_reasons import save_reason
from ledger_web.services.sale_returns import ReturnPreview, look_at_return, preview_return, record_return
from ledger_web.services.sale_states import HeldSale, look_at_sale

blueprint = Blueprint("sale_returns", __name__, url_prefix="/sales")


@blueprint.get("/<uuid:sale_id>/deletion")
@permission_required(SALE_VOID_OWN)
def new_deletion(sale_id: uuid.UUID) -> ResponseReturnValue:
    sale = look_at_sale(sale_id, new_act())
    if sale.fate.kind == RETURN and may(SALE_RETURN):
        return redirect_to("sale_returns.new", sale_id=sale_id, all="y")
    _must_be_mine_or_any(sale)
    return _show_deletion(sale, DeletionForm())


@blueprint.post("/<uuid:sale_id>/deletion")
@permission_required(SALE_VOID_OWN)
def create_deletion(sale_id: uuid.UUID) -> ResponseReturnValue:
    sale, form = look_at_sale(sale_id, new_act()), DeletionForm(request.form)
    _must_be_mine_or_any(sale)
    reasons = _offer_reasons(form)
    if not form.validate():
        return _show_deletion(sale, form, 422)
    reason = reasons.get(form.reason_id.data)
    too = None if sale.deleted_at else weigh(sale.total, sale.age_minutes, reason, is_void=True)
    try:
        approver_id = approver_of(form, SALE_DELETE, too)
        if too and approver_id is None:
            return _show_deletion(sale, form, 422, too=too)
        deleted = undo(form.to_command(sale_id, approver_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_deletion(look_at_sale(sale_id, new_act()), form, status_of(error), error, too=too)
    say(
        "This sale was deleted already."
        if deleted.replayed
        else "The sale was deleted and everything it moved is back."
    )
    return redirect_to("sales.show", sale_id=sale_id)


@blueprint.post("/<uuid:sale_id>/copies")
@permission_required(SALE_CREATE)
def create_copy(sale_id: uuid.UUID) -> ResponseReturnValue:
    """A deleted sale is never brought back: what it sold goes into the cart, to be sold anew."""
    form = CopyForm(request.form)
    if not form.validate():
        raise RuleViolationError(form.sentences[0])
    copied = copy_to_cart(form.to_command(sale_id), new_act())
    say("This was copied to the cart already." if copied.replayed else "It is in the cart, at the prices of today.")
    return redirect_to("sell.show")


@blueprint.get("/<uuid:sale_id>/return")
@permission_required(SALE_RETURN)
def new(sale_id: uuid.UUID) -> ResponseReturnValue:
    aim = ReturnAimForm(request.args)
    everything = aim.validate() and aim.all.data
    form = _form(sale_id, everything=everything)
    return _show(sale_id, form, "sale_returns/_return_form.html")


@blueprint.post("/<uuid:sale_id>/return/preview")
@permission_required(SALE_RETURN)
def preview(sale_id: uuid.UUID) -> ResponseReturnValue:
    """Show what the return would do, without doing it; while it is being typed, what is missing is no error yet."""
    form, fragment = _form(sale_id), "sale_returns/_return_preview.html"
    if not form.validate():
        return _show(sale_id, form, fragment, trouble_ahead=form.sentences[0])
    try:
        shown = preview_return(form.to_command(sale_id, customer_called(form.customer.data)), new_act())
    except (RuleViolationError, NotFoundError) as error:
        return _show(sale_id, form, fragment, trouble_ahead=error.message)
    return _show(sale_id, form, fragment, shown=shown, too=_weigh(form, shown))


@blueprint.post("/<uuid:sale_id>/returns")
@permission_required(SALE_RETURN)
def create(sale_id: uuid.UUID) -> ResponseReturnValue:
    form, fragment = _form(sale_id), "sale_returns/_return_form.html"
    if not form.validate():
        return _show(sale_id, form, fragment, 422)
    too = None
    try:
        shown = preview_return(form.to_command(sale_id, customer_called(form.customer.data)), new_act())
        must_be_allowed(shown.plan.refund, form.way.data)
        too = _weigh(form, shown)
        approver_id = approver_of(form, SALE_RETURN, too)
        if too and approver_id is None:
            return _show(sale_id, form, fragment, 422, shown=shown, too=too)
        recorded = record_return(form.to_command(sale_id, customer_called(form.customer.data), approver_id), new_act())
    except (RuleViolationError, ConflictError, NotFoundError) as error:
        done = _done_before(form)
        if done:
            return done
        status = 422 if isinstance(error, NotFoundError) else status_of(error)
        return _show(sale_id, form, fragment, status, trouble=error.message, too=too)
    say("This return was recorded already." if recorded.replayed else "The return is in the books.")
    return redirect_to("sale_returns.show", return_id=recorded.id)


@blueprint.get("/returns/<uuid:return_id>")
@permission_required(SALE_VIEW)
def show(return_id: uuid.UUID) -> ResponseReturnValue:
    return render("sale_returns/show.html", back=get_return(g.tenant.id, return_id))


@blueprint.get("/returns/<uuid:return_id>/slip")
@permission_required(SALE_VIEW)
def slip(return_id: uuid.UUID) -> ResponseReturnValue:
    return render(
        "sale_returns/slip.html", back=get_return(g.tenant.id, return_id), letterhead=get_letterhead(g.tenant.id)
    )


@blueprint.get("/reasons/")
@permission_required(SALE_REASON_EDIT)
def reasons() -> ResponseReturnValue:
    return _show_reasons(ReasonForm(restocks=True))


@blueprint.post("/reasons/")
@permission_required(SALE_REASON_EDIT)
def create_reason() -> ResponseReturnValue:
    return _save_reason(None)


@blueprint.post("/reasons/<uuid:reason_id>")
@permission_required(SALE_REASON_EDIT)
def update_reason(reason_id: uuid.UUID) -> ResponseReturnValue:
    return _save_reason(reason_id)


# Deletion.


def _must_be_mine_or_any(sale: HeldSale) -> None:
    if not may(SALE_DELETE) and sale.cashier_id != g.identity.user_id:
        raise PermissionDeniedError("You may delete your own sales only. Ask somebody who may delete any.")


def _offer_reasons(form: DeletionForm | ReturnForm) -> dict[uuid.UUID | None, ReasonRow]:
    found = list_reasons(g.tenant.id)
    form.reason_id.choices = [(each.id, each.name) for each in found]
    if isinstance(form, DeletionForm):
        form.reason_id.choices.append(("", gettext("As written below")))
    return {each.id: each for each in found}


def _show_deletion(
    sale: HeldSale,
    form: DeletionForm,
    status: int = 200,
    error: LedgerError | None = None,
    *,
    too: TooMuch | None = None,
) -> ResponseReturnValue:
    _offer_reasons(form)
    if request.method == "GET":
        form.reason_id.data = form.reason_id.choices[0][0]
    is_open = sale.fate.kind == VOID
    return render(
        "sales/deletion.html",
        "sales/_deletion_panel.html",
        status,
        sale=get_sale(g.tenant.id, sale.id),
        fate=sale.fate,
        preview=preview_undoing(sale.id, new_act()) if is_open else None,
        form=form,
        trouble=error.message if error else "",
        too=too,
    )


# Returns.


def _form(sale_id: uuid.UUID, *, everything: bool = False) -> ReturnForm:
    """Return the form that came, or a new one, made for what is left of the sale."""
    drawers = open_drawers()
    sent = request.form if request.method == "POST" else None
    first = ReturnForm(sent)
    first.drawer_id.choices = [(each.id, each.name) for each in drawers]
    chosen = first.drawer_id.data if sent else None
    usual = look_at_sale(sale_id, new_act()).drawer_id
    drawer_id = next((each.id for each in drawers if str(each.id) == str(chosen or usual)), drawers[0].id)
    left = look_at_return(sale_id, drawer_id, new_act())
    form = ReturnForm(sent, lines=left.lines, ways=left.ways, everything=everything, drawer_id=drawer_id, way=AS_PAID)
    form.drawer_id.choices = first.drawer_id.choices
    _offer_reasons(form)
    return form


def _weigh(form: ReturnForm, shown: ReturnPreview) -> TooMuch | None:
    reason = find_reason_row(form.reason_id.data)
    return weigh(shown.plan.refund.money, shown.plan.sale.age_minutes, reason)


def _done_before(form: ReturnForm) -> ResponseReturnValue | None:
    """Answer a return that arrives a second time with the return that there is: nothing may be left to preview."""
    try:
        done = get_return(g.tenant.id, form.op_id.data)
    except NotFoundError:
        return None
    say("This return was recorded already.")
    return redirect_to("sale_returns.show", return_id=done.id)


def _show(
    sale_id: uuid.UUID,
    form: ReturnForm,
    fragment: str,
    status: int = 200,
    *,
    shown: ReturnPreview | None = None,
    trouble: str = "",
    trouble_ahead: str = "",
    too: TooMuch | None = None,
) -> ResponseReturnValue:
    return render(
        "sale_returns/new.html",
        fragment,
        status,
        sale=get_sale(g.tenant.id, sale_id),
        fate=look_at_sale(sale_id, new_act()).fate,
        form=form,
        preview=shown,
        trouble=trouble,
        trouble_ahead=trouble_ahead,
        too=too,
    )


# Reasons.


def _save_reason(reason_id: uuid.UUID | None) -> ResponseReturnValue:
    form = ReasonForm(request.form)
    if not form.validate():
        return _show_reasons(form, reason_id, 422)
    try:
        save_reason(form.to_command(reason_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_reasons(form, reason_id, status_of(error), error.message)
    say("The reason was saved.")
    return redirect_to("sale_returns.reasons")


def _show_reasons(
    form: ReasonForm, reason_id: uuid.UUID | None = None, status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    """Show all reasons, each as a form; the one that was refused with what stands against it."""
    rows = list_reasons(g.tenant.id, archived=True)
    if reason_id and reason_id not in {row.id for row in rows}:
        raise NotFoundError("There is no such reason in this shop.")
    forms = [(row, form if row.id == reason_id else _reason_form(row)) for row in rows]
    return render(
        "sale_returns/reasons.html",
        "sale_returns/_reasons_panel.html",
        status,
        forms=forms,
        form=ReasonForm(restocks=True) if reason_id else form,
        trouble=trouble,
    )


def _reason_form(row: ReasonRow) -> ReasonForm:
    return ReasonForm(
        version=row.version,
        name=row.name,
        restocks=row.restocks,
        needs_approval=row.needs_approval,
        is_archived=row.is_archived,
    )
