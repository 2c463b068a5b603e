"""Goods that come back without the receipt of their sale: look the product up, then say how many, for what and why."""

import uuid
from decimal import Decimal

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, NotFoundError, RuleViolationError
from ledger_web.domain.languages import gettext, gettext_noop
from ledger_web.domain.permissions import SALE_REFUND_CASH, SALE_RETURN, SALE_RETURN_WITHOUT_RECEIPT
from ledger_web.domain.returns import TooMuch
from ledger_web.domain.scans import read_scan
from ledger_web.domain.signs import signs_of
from ledger_web.domain.tenders import CASH
from ledger_web.error_pages import status_of
from ledger_web.forms.sale_returns import LooseReturnForm, ProductAskedForm
from ledger_web.identity import may, new_act, permission_required
from ledger_web.queries.carts import ProductHit, list_product_hits
from ledger_web.queries.sale_returns import get_return, list_reasons
from ledger_web.queries.scans import PRODUCT, resolve
from ledger_web.refunds import approver_of, customer_called, find_reason_row, open_drawers, weigh
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.loose_returns import (
    LoosePreview,
    Takeable,
    look_at_product,
    preview_loose_return,
    record_loose_return,
)

blueprint = Blueprint("loose_returns", __name__, url_prefix="/sales/returns")

_FORM, _PREVIEW = "loose_returns/_loose_return_form.html", "loose_returns/_loose_return_preview.html"
_NO_RIGHT = gettext_noop("Without a receipt, somebody else has to approve.")


@blueprint.get("/new")
@permission_required(SALE_RETURN)
def new() -> ResponseReturnValue:
    asked = ProductAskedForm(request.args)
    if not asked.validate():
        return _look_up(asked, [], 422, trouble=asked.sentences[0])
    if asked.product_id.data:
        return _show(LooseReturnForm(), look_at_product(asked.product_id.data, new_act()), _FORM)
    if not asked.q.data:
        return _look_up(asked, [])
    try:
        found = _find(asked.q.data)
    except RuleViolationError as error:
        return _look_up(asked, [], 422, trouble=error.message)
    if len(found) == 1:
        return redirect_to("loose_returns.new", product_id=found[0])
    return _look_up(asked, list_product_hits(g.tenant.id, asked.q.data))


@blueprint.post("/preview")
@permission_required(SALE_RETURN)
def preview() -> ResponseReturnValue:
    """Show what it would do, without doing it; while it is being typed, what is missing is no error yet."""
    form = _form()
    if not form.validate():
        return _show(form, _taken(form), _PREVIEW, trouble_ahead=form.sentences[0])
    taken = _taken(form)
    try:
        shown = preview_loose_return(form.to_command(customer_called(form.customer.data)), new_act())
    except (RuleViolationError, NotFoundError) as error:
        return _show(form, taken, _PREVIEW, trouble_ahead=error.message)
    return _show(form, taken, _PREVIEW, shown=shown, too=_weigh(form, shown))


@blueprint.post("/")
@permission_required(SALE_RETURN)
def create() -> ResponseReturnValue:
    form = _form()
    if not form.validate():
        return _show(form, _taken(form), _FORM, 422)
    taken, too = _taken(form), None
    try:
        customer_id = customer_called(form.customer.data)
        shown = preview_loose_return(form.to_command(customer_id), new_act())
        if form.way.data == CASH and not may(SALE_REFUND_CASH):
            raise RuleViolationError("Your role pays no cash back. Give store credit, or ask somebody who may.")
        too = _weigh(form, shown)
        approver_id = approver_of(form, SALE_RETURN_WITHOUT_RECEIPT, too)
        if too and approver_id is None:
            return _show(form, taken, _FORM, 422, shown=shown, too=too)
        recorded = record_loose_return(form.to_command(customer_id, approver_id), new_act())
    except (RuleViolationError, ConflictError, NotFoundError) as error:
        done = _done_before(form)
        if done:
            return done
        status = 422 if isinstance(error, NotFoundError) else status_of(error)
        return _show(form, taken, _FORM, status, trouble=error.message, too=too)
    say("This return was recorded already." if recorded.replayed else "The return is in the books.")
    return redirect_to("sale_returns.show", return_id=recorded.id)


def _form() -> LooseReturnForm:
    form = LooseReturnForm(request.form)
    form.drawer_id.choices = [(each.id, each.name) for each in open_drawers()]
    form.reason_id.choices = [(each.id, each.name) for each in list_reasons(g.tenant.id)]
    return form


def _taken(form: LooseReturnForm) -> Takeable:
    """Return the product of the form.

    Raises:
        NotFoundError: It is not this shop's.
    """
    if form.product_id.data is None:
        raise NotFoundError("There is no such product in this shop. Look it up once more.")
    return look_at_product(form.product_id.data, new_act())


def _find(text: str) -> list[uuid.UUID]:
    """Return the products that a code or a name may mean.

    Raises:
        RuleViolationError: There is none.
    """
    scan = read_scan(text, signs_of(g.tenant.locale))
    scanned = resolve(g.tenant.id, scan.text)
    if scanned.kind == PRODUCT and scanned.product:
        return [scanned.product.id]
    found = [each.id for each in list_product_hits(g.tenant.id, scan.text)]
    if not found:
        raise RuleViolationError(
            scanned.trouble or gettext("Nothing is called %(text)s or has this code.", text=scan.text)
        )
    return found


def _weigh(form: LooseReturnForm, shown: LoosePreview) -> TooMuch | None:
    total = shown.plan.total
    if not may(SALE_RETURN_WITHOUT_RECEIPT):
        return TooMuch(gettext(_NO_RIGHT), "sale.refund", total)
    return weigh(total, 0, find_reason_row(form.reason_id.data))


def _done_before(form: LooseReturnForm) -> ResponseReturnValue | None:
    """Answer a return that arrives a second time with the one that there is."""
    try:
        done = get_return(g.tenant.id, form.op_id.data)
    except NotFoundError:
        return None
    say("This return was recorded already.")
    return redirect_to("sale_returns.show", return_id=done.id)


def _look_up(
    asked: ProductAskedForm, hits: list[ProductHit], status: int = 200, *, trouble: str = ""
) -> ResponseReturnValue:
    return render("loose_returns/look_up.html", status=status, form=asked, hits=hits, trouble=trouble)


def _show(
    form: LooseReturnForm,
    taken: Takeable,
    fragment: str,
    status: int = 200,
    *,
    shown: LoosePreview | None = None,
    trouble: str = "",
    trouble_ahead: str = "",
    too: TooMuch | None = None,
) -> ResponseReturnValue:
    if request.method == "GET":
        form.product_id.data = taken.product_id
        form.quantity.data, form.unit_price.data = Decimal(1), taken.price_max
        form.drawer_id.choices = [(each.id, each.name) for each in open_drawers()]
        form.reason_id.choices = [(each.id, each.name) for each in list_reasons(g.tenant.id)]
    return render(
        "loose_returns/new.html",
        fragment,
        status,
        form=form,
        taken=taken,
        currency=g.tenant.base_currency,
        preview=shown,
        trouble=trouble,
        trouble_ahead=trouble_ahead,
        too=too,
    )
