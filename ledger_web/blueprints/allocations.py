"""What settles what: one charge or credit with its allocations, settling with what is left of it, taking one back."""

import uuid

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.blueprints.parties import NOUNS, check_may_see
from ledger_web.domain.errors import ConflictError, NotFoundError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.open_items import OPPOSITE
from ledger_web.domain.permissions import JOURNAL_REVERSE, PAYMENT_CREATE, PAYMENT_VIEW
from ledger_web.error_pages import status_of
from ledger_web.forms.allocations import AllocationForm, ReleaseForm, allocation_form
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.open_items import (
    AllocationRow,
    ItemDetails,
    OpenItemRow,
    get_item,
    list_allocations,
    list_open_items,
)
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.allocations import allocate_item, release_allocation

blueprint = Blueprint("allocations", __name__, url_prefix="/allocations")


@blueprint.get("/<uuid:item_id>")
@permission_required(PAYMENT_VIEW)
def show(item_id: uuid.UUID) -> ResponseReturnValue:
    item = get_item(g.tenant.id, item_id)
    check_may_see(item.party_kind)
    others = _others(item)
    return _show(item, _form(others)(base_currency=item.row.currency), others)


@blueprint.post("/<uuid:item_id>")
@permission_required(PAYMENT_CREATE)
def create(item_id: uuid.UUID) -> ResponseReturnValue:
    item = get_item(g.tenant.id, item_id)
    check_may_see(item.party_kind)
    others = _others(item)
    kind = allocation_form({other.id: other.title for other in others}, request.form)
    form = kind(request.form, base_currency=item.row.currency)
    if not form.validate():
        return _show(item, form, others, 422)
    try:
        made = allocate_item(form.to_command(item_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show(item, form, others, status_of(error), error.message)
    say("This was settled already." if made.replayed else "Settled.")
    return redirect_to(".show", item_id=item_id)


@blueprint.get("/<uuid:item_id>/<uuid:allocation_id>/release")
@permission_required(JOURNAL_REVERSE)
def new_release(item_id: uuid.UUID, allocation_id: uuid.UUID) -> ResponseReturnValue:
    item = get_item(g.tenant.id, item_id)
    return _show_release(item, _allocation(item_id, allocation_id), ReleaseForm())


@blueprint.post("/<uuid:item_id>/<uuid:allocation_id>/release")
@permission_required(JOURNAL_REVERSE)
def create_release(item_id: uuid.UUID, allocation_id: uuid.UUID) -> ResponseReturnValue:
    item = get_item(g.tenant.id, item_id)
    allocation = _allocation(item_id, allocation_id)
    form = ReleaseForm(request.form)
    _offer_instead(form, item, allocation)
    if not form.validate():
        return _show_release(item, allocation, form, 422)
    try:
        released = release_allocation(form.to_command(allocation_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_release(item, allocation, form, status_of(error), error.message)
    say("This was released already." if released.replayed else "Released. Both are open again.")
    return redirect_to(".show", item_id=item_id)


def _others(item: ItemDetails) -> list[OpenItemRow]:
    """Return what an item can settle: of the other side, while something of itself is open."""
    if item.row.is_cancelled or not item.row.open:
        return []
    side = OPPOSITE["credit" if item.row.side == "credit" else "charge"]
    return list_open_items(g.tenant.id, item.party_id, item.row.currency, side)


def _form(others: list[OpenItemRow]) -> type[AllocationForm]:
    return allocation_form({other.id: other.title for other in others})


def _allocation(item_id: uuid.UUID, allocation_id: uuid.UUID) -> AllocationRow:
    found = next((each for each in list_allocations(g.tenant.id, item_id) if each.id == allocation_id), None)
    if found is None:
        raise NotFoundError("There is no such allocation in this shop.")
    return found


def _offer_instead(form: ReleaseForm, item: ItemDetails, allocation: AllocationRow) -> None:
    charges = list_open_items(g.tenant.id, item.party_id, item.row.currency, "charge")
    settled_id = allocation.item.id if item.row.side == "credit" else item.row.id
    form.instead.choices = [
        ("", gettext("Nothing: it stays as credit")),
        *((charge.id, f"{charge.title}, {charge.due_on}") for charge in charges if charge.id != settled_id),
    ]


def _show(
    item: ItemDetails, form: AllocationForm, others: list[OpenItemRow], status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    return render(
        "allocations/show.html",
        "allocations/_allocation_panel.html",
        status,
        item=item,
        form=form,
        others=others,
        allocations=list_allocations(g.tenant.id, item.row.id),
        back=_party_page(item),
        trouble=trouble,
    )


def _show_release(
    item: ItemDetails, allocation: AllocationRow, form: ReleaseForm, status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    _offer_instead(form, item, allocation)
    return render(
        "allocations/release.html",
        "allocations/_release_form.html",
        status,
        item=item,
        allocation=allocation,
        form=form,
        trouble=trouble,
    )


def _party_page(item: ItemDetails) -> str:
    return url_for(f"{NOUNS[item.party_kind].plural}.show", party_id=item.party_id, currency=item.row.currency)
