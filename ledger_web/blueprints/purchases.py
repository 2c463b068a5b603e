"""Purchases that were received: the list, one of them, what is unpaid, corrections and deletion."""

import uuid
from typing import Any

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, PeriodLockedError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import PRODUCT_COST, PURCHASE_CREATE, PURCHASE_DELETE, PURCHASE_VIEW
from ledger_web.domain.purchases import SPREADS, invoice_key
from ledger_web.domain.rates import SOURCES
from ledger_web.error_pages import status_of
from ledger_web.filters import shop_today
from ledger_web.forms.purchases import CopyForm, DraftStartForm, PurchaseDeletionForm, PurchasesListForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries import purchases as queries
from ledger_web.queries.products import get_product_details
from ledger_web.queries.purchase_drafts import list_drafts
from ledger_web.queries.purchase_papers import list_papers, list_returns
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.deletions import preview_undoing, undo
from ledger_web.services.purchase_drafts import copy_purchase

blueprint = Blueprint("purchases", __name__, url_prefix="/purchases")


@blueprint.get("/")
@permission_required(PURCHASE_VIEW)
def index() -> ResponseReturnValue:
    form = PurchasesListForm(request.args)
    vendors = queries.list_vendor_choices(g.tenant.id)
    form.vendor_id.choices = [("", gettext("All")), *((each.id, each.name) for each in vendors)]
    start_form = DraftStartForm()
    start_form.vendor_id.choices = [("", gettext("choose later")), *((each.id, each.name) for each in vendors)]
    context: dict[str, Any] = {"form": form, "start_form": start_form, "older": "", "found": None}
    if not form.validate():
        return render("purchases/index.html", "purchases/_purchases_list.html", 422, drafts=[], **context)
    found = queries.list_purchases(
        g.tenant.id,
        vendor_id=form.vendor_id.data or None,
        number=form.q.data or None,
        key=invoice_key(form.q.data or "") or None,
        since=form.since.data,
        until=form.until.data,
        older_than=form.before.data,
    )
    if found.older_than:
        context["older"] = url_for(".index", **form.in_address, before=found.older_than)
    context["found"] = found
    return render("purchases/index.html", "purchases/_purchases_list.html", drafts=list_drafts(g.tenant.id), **context)


@blueprint.get("/unpaid")
@permission_required(PURCHASE_VIEW)
def unpaid() -> ResponseReturnValue:
    return render("purchases/unpaid.html", unpaid=queries.list_unpaid(g.tenant.id, shop_today()))


@blueprint.get("/products/<uuid:product_id>")
@permission_required(PRODUCT_COST)
def history(product_id: uuid.UUID) -> ResponseReturnValue:
    return render(
        "purchases/history.html",
        product=get_product_details(g.tenant.id, product_id),
        rows=queries.list_bought(g.tenant.id, product_id),
    )


@blueprint.get("/<uuid:purchase_id>")
@permission_required(PURCHASE_VIEW)
def show(purchase_id: uuid.UUID) -> ResponseReturnValue:
    return render(
        "purchases/show.html",
        purchase=queries.get_purchase(g.tenant.id, purchase_id),
        returns=list_returns(g.tenant.id, purchase_id),
        papers=list_papers(g.tenant.id, purchase_id),
        act=CopyForm(),
        sources=SOURCES,
        spreads=SPREADS,
    )


@blueprint.post("/<uuid:purchase_id>/copies")
@permission_required(PURCHASE_CREATE)
def create_copy(purchase_id: uuid.UUID) -> ResponseReturnValue:
    """Begin a draft with all that is on a purchase."""
    return _copy(purchase_id, corrects=False)


@blueprint.post("/<uuid:purchase_id>/corrections")
@permission_required(PURCHASE_DELETE)
def create_correction(purchase_id: uuid.UUID) -> ResponseReturnValue:
    """Begin a draft that takes the place of a purchase when it is received."""
    return _copy(purchase_id, corrects=True)


@blueprint.get("/<uuid:purchase_id>/deletion")
@permission_required(PURCHASE_DELETE)
def new_deletion(purchase_id: uuid.UUID) -> ResponseReturnValue:
    return _show_deletion(purchase_id, PurchaseDeletionForm())


@blueprint.post("/<uuid:purchase_id>/deletion")
@permission_required(PURCHASE_DELETE)
def create_deletion(purchase_id: uuid.UUID) -> ResponseReturnValue:
    form = PurchaseDeletionForm(request.form)
    if not form.validate():
        return _show_deletion(purchase_id, form, 422)
    try:
        deleted = undo(form.to_command(purchase_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        is_locked = isinstance(error, PeriodLockedError)
        return _show_deletion(purchase_id, form, status_of(error), trouble=error.message, is_locked=is_locked)
    say("This purchase was deleted already." if deleted.replayed else "The purchase was deleted.")
    return redirect_to(".show", purchase_id=purchase_id)


def _copy(purchase_id: uuid.UUID, *, corrects: bool) -> ResponseReturnValue:
    form = CopyForm(request.form)
    form.validate_or_refuse()
    draft = copy_purchase(form.to_command(purchase_id, corrects=corrects), new_act())
    return redirect_to("purchase_drafts.show", draft_id=draft.id)


def _show_deletion(
    purchase_id: uuid.UUID,
    form: PurchaseDeletionForm,
    status: int = 200,
    *,
    trouble: str = "",
    is_locked: bool = False,
) -> ResponseReturnValue:
    purchase = queries.get_purchase(g.tenant.id, purchase_id)
    preview = None
    if not purchase.is_deleted:
        try:
            preview = preview_undoing(purchase_id, new_act())
        except RuleViolationError as refusal:
            trouble = trouble or refusal.message
    return render(
        "purchases/deletion.html",
        "purchases/_purchase_deletion.html",
        status,
        purchase=purchase,
        preview=preview,
        form=form,
        trouble=trouble,
        is_locked=is_locked,
    )
