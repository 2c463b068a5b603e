"""Many sales undone at once: one preview of all of it, each sale an act of its own, one result each."""

import uuid
from dataclasses import dataclass, replace

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import LedgerError, NotFoundError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import SALE_DELETE
from ledger_web.domain.returns import NOTHING, VOID, TooMuch
from ledger_web.error_pages import status_of
from ledger_web.forms.sale_returns import SALES_MAX, BulkDeletionForm, SalesChosenForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.sale_returns import list_reasons
from ledger_web.refunds import approver_of, weigh
from ledger_web.rendering import render
from ledger_web.services.deletions import Undo, preview_undoing, undo
from ledger_web.services.reversals import BalanceEffect, StockEffect
from ledger_web.services.sale_returns import (
    RecordReturn,
    ReturnedQuantity,
    look_at_return,
    preview_return,
    record_return,
)
from ledger_web.services.sale_states import HeldSale, look_at_sale

blueprint = Blueprint("bulk_deletions", __name__, url_prefix="/sales/bulk-deletion")

_FORMS = uuid.UUID("3c1de0e1-59d3-5b0c-8a65-62756c6b6465")


@dataclass(frozen=True, slots=True)
class Chosen:
    """One of the sales that were chosen: what undoing it will do, or what it came to."""

    sale: HeldSale
    amount: int  # that comes back
    trouble: str = ""  # why it cannot be undone
    is_done: bool = False

    @property
    def is_void(self) -> bool:
        return self.sale.fate.kind == VOID

    @property
    def act(self) -> str:
        return gettext("Nothing") if self.trouble else gettext("Delete") if self.is_void else gettext("Return")


@blueprint.get("/new")
@permission_required(SALE_DELETE)
def new() -> ResponseReturnValue:
    asked = SalesChosenForm(request.args)
    if not asked.validate():
        raise NotFoundError(asked.sentences[0])
    return _show(asked.ids, BulkDeletionForm())


@blueprint.post("/")
@permission_required(SALE_DELETE)
def create() -> ResponseReturnValue:
    asked, form = SalesChosenForm(request.form), BulkDeletionForm(request.form)
    reasons = {each.id: each for each in list_reasons(g.tenant.id)}
    form.reason_id.choices = [(each.id, each.name) for each in reasons.values()]
    if not asked.validate():
        raise RuleViolationError(asked.sentences[0])
    if not form.validate():
        return _show(asked.ids, form, 422)
    chosen = [_look_at(id) for id in asked.ids]
    oldest = max((each.sale.age_minutes for each in chosen), default=0)
    amount = sum(each.amount for each in chosen)
    too = weigh(amount, oldest, reasons[form.reason_id.data], is_void=True)
    try:
        approver_id = approver_of(form, SALE_DELETE, too)
    except RuleViolationError as error:
        return _show(asked.ids, form, status_of(error), trouble=error.message, too=too)
    if too and approver_id is None:
        return _show(asked.ids, form, 422, too=too)
    return render("sales/bulk_deletion_result.html", results=[_undo_one(form, each, approver_id) for each in chosen])


def _look_at(sale_id: uuid.UUID) -> Chosen:
    sale = look_at_sale(sale_id, new_act())
    if sale.fate.kind == NOTHING:
        return Chosen(sale, 0, sale.fate.why)
    return Chosen(sale, sale.total)


def _everything_left(
    sale: HeldSale, id: uuid.UUID, form: BulkDeletionForm, approver_id: uuid.UUID | None
) -> RecordReturn:
    left = look_at_return(sale.id, sale.drawer_id, new_act())
    return RecordReturn(
        id=id,
        sale_id=sale.id,
        drawer_id=sale.drawer_id,
        lines=tuple(ReturnedQuantity(line=line.line, quantity=line.left) for line in left.lines if line.left),
        reason_id=form.reason_id.data or list_reasons(g.tenant.id)[0].id,
        note=form.reason.data or "",
        approved_by=approver_id,
    )


def _undo_one(form: BulkDeletionForm, chosen: Chosen, approver_id: uuid.UUID | None) -> Chosen:
    """Undo one sale in an act of its own; its number comes from the form's, so that sending twice is doing once."""
    sale, id = chosen.sale, uuid.uuid5(_FORMS, f"{form.op_id.data}/{chosen.sale.id}")
    if chosen.trouble:
        return chosen
    try:
        if sale.fate.kind == VOID:
            undo(
                Undo(
                    id=id,
                    transaction_id=sale.id,
                    reason=form.reason.data or "",
                    reason_id=form.reason_id.data,
                    approved_by=approver_id,
                ),
                new_act(),
            )
        else:
            record_return(_everything_left(sale, id, form, approver_id), new_act())
    except LedgerError as error:
        return replace(chosen, trouble=error.message)
    return replace(chosen, is_done=True)


def _show(
    ids: list[uuid.UUID], form: BulkDeletionForm, status: int = 200, *, trouble: str = "", too: TooMuch | None = None
) -> ResponseReturnValue:
    form.reason_id.choices = [(each.id, each.name) for each in list_reasons(g.tenant.id)]
    chosen, balances, goods = [], dict[tuple[str, str, str], BalanceEffect](), dict[str, StockEffect]()
    for each in map(_look_at, ids):
        shown = each
        try:
            if not each.trouble:
                _add_up(each.sale, form, balances, goods)
        except LedgerError as error:
            shown = replace(each, trouble=error.message)
        chosen.append(shown)
    return render(
        "sales/bulk_deletion.html",
        "sales/_bulk_deletion_panel.html",
        status,
        chosen=chosen,
        balances=list(balances.values()),
        goods=list(goods.values()),
        form=form,
        sales_max=SALES_MAX,
        trouble=trouble,
        too=too,
    )


def _add_up(
    sale: HeldSale,
    form: BulkDeletionForm,
    balances: dict[tuple[str, str, str], BalanceEffect],
    goods: dict[str, StockEffect],
) -> None:
    """Add what undoing one sale will change to what the others before it will have changed."""
    if sale.fate.kind == VOID:
        undoing = preview_undoing(sale.id, new_act())
        moved, coming = undoing.balances, undoing.stock
    else:
        returning = preview_return(_everything_left(sale, uuid.uuid4(), form, None), new_act())
        moved, coming = returning.balances, returning.stock
    for effect in moved:
        key = (effect.kind, effect.holder, effect.currency)
        known = balances.get(key, replace(effect, after=effect.before))
        balances[key] = replace(known, after=known.after + effect.after - effect.before)
    for each in coming:
        had = goods.get(each.product, replace(each, quantity_after=each.quantity_before, value=0))
        more = each.quantity_after - each.quantity_before  # type: ignore[operator]
        goods[each.product] = replace(had, quantity_after=had.quantity_after + more, value=had.value + each.value)
