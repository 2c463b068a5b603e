"""Exchanges: goods of a sale come back, others go out, and only the difference is settled."""

import uuid
from decimal import Decimal
from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.discounts import DISCOUNT_LIMIT, PRICE_CUT_LIMIT
from ledger_web.domain.errors import (
    ConflictError,
    InvalidQuantityError,
    NotFoundError,
    RuleViolationError,
)
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import SALE_CREATE, SALE_DISCOUNT, SALE_RETURN
from ledger_web.domain.returns import AS_PAID, CREDIT, REFUNDS, TooMuch
from ledger_web.domain.scans import read_scan
from ledger_web.domain.signs import signs_of
from ledger_web.domain.tenders import CASH, METHODS
from ledger_web.error_pages import status_of
from ledger_web.forms.sale_returns import ExchangeForm
from ledger_web.identity import PermissionDeniedError, may, new_act, permission_required
from ledger_web.queries.carts import CartDetails, ProductHit, find_cart, list_product_hits
from ledger_web.queries.sale_returns import get_return, list_reasons
from ledger_web.queries.sales import get_sale
from ledger_web.queries.scans import PRODUCT, resolve
from ledger_web.queries.tills import list_till_banks
from ledger_web.refunds import approver_of, customer_called, find_reason_row, must_be_allowed, open_drawers, weigh
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.carts import AddToCart, RemoveCartLine, add_to_cart, remove_cart_line
from ledger_web.services.exchanges import ExchangePreview, RecordExchange, preview_exchange, record_exchange
from ledger_web.services.sale_returns import look_at_return
from ledger_web.services.sale_states import look_at_sale

blueprint = Blueprint("exchanges", __name__, url_prefix="/sales/<uuid:sale_id>/exchange")

_FORM, _PREVIEW = "exchanges/_exchange_form.html", "exchanges/_exchange_preview.html"


@blueprint.get("/")
@permission_required(SALE_RETURN)
def new(sale_id: uuid.UUID) -> ResponseReturnValue:
    return _show(sale_id, _form(sale_id), _FORM)


@blueprint.post("/preview")
@permission_required(SALE_RETURN)
def preview(sale_id: uuid.UUID) -> ResponseReturnValue:
    """Show what the exchange would do, without doing it; while it is being typed, what is missing is no error yet."""
    form = _form(sale_id)
    if not form.validate():
        return _show(sale_id, form, _PREVIEW, trouble_ahead=form.sentences[0])
    return _show(sale_id, form, _PREVIEW)


@blueprint.post("/")
@permission_required(SALE_RETURN)
def create(sale_id: uuid.UUID) -> ResponseReturnValue:
    """Do what the button pressed says: take a product in or out of what goes out, or exchange."""
    form = _form(sale_id)
    if not form.validate():
        return _show(sale_id, form, _FORM, 422)
    if form.cart_id.data and form.cart_id.data != _cart_id():
        changed = gettext("The cart was changed in another window. Look at it once more.")
        return _done_before(form) or _show(sale_id, form, _FORM, 409, trouble=changed)
    if form.taken_out.data:
        return _remove(sale_id, form)
    if form.q.data or form.product_id.data:
        return _add(sale_id, form)
    if request.form.get("act") != "exchange":  # Enter, or the second one that a scanner sends: look, do nothing
        return _show(sale_id, form, _FORM)
    return _exchange(sale_id, form)


def _exchange(sale_id: uuid.UUID, form: ExchangeForm) -> ResponseReturnValue:
    too = None
    try:
        if form.cart_id.data is None:
            raise RuleViolationError("Scan what goes out instead. Where nothing does, take the goods back as a return.")
        shown = preview_exchange(_command(sale_id, form), new_act())
        must_be_allowed(shown.back.plan.refund, form.way.data)
        too = _weigh(form, shown)
        approver_id = approver_of(form, SALE_RETURN, too)
        if too and approver_id is None:
            return _show(sale_id, form, _FORM, 422)
        recorded = record_exchange(_command(sale_id, form, approver_id), new_act())
    except (RuleViolationError, ConflictError, NotFoundError) as error:
        done = _done_before(form)
        if done:
            return done
        status = 422 if isinstance(error, NotFoundError) else status_of(error)
        return _show(sale_id, form, _FORM, status, trouble=error.message, too=too)
    say("This exchange was recorded already." if recorded.replayed else "The exchange is in the books.")
    return redirect_to("sales.receipt", sale_id=recorded.id)


# What goes out.


def _add(sale_id: uuid.UUID, form: ExchangeForm) -> ResponseReturnValue:
    """Put what was scanned, typed or chosen into the cart; what is typed elsewhere in the form stays."""
    try:
        found = _take(form)
    except (RuleViolationError, ConflictError, NotFoundError) as error:
        return _show(sale_id, form, _FORM, 422, trouble=error.message)
    return _show(sale_id, form, _FORM, found=found)


def _take(form: ExchangeForm) -> list[ProductHit]:
    """Add the product that is meant; return those that may be meant where that is not clear.

    Raises:
        RuleViolationError: Nothing is called so, or it cannot be sold.
    """
    if form.product_id.data:
        add_to_cart(AddToCart(id=form.cart_op_id, product_id=form.product_id.data), new_act())
        return []
    try:
        scan = read_scan(form.q.data or "", signs_of(g.tenant.locale))
    except InvalidQuantityError as error:
        raise RuleViolationError(gettext("Before the star: %(message)s", message=error.message)) from error
    scanned = resolve(g.tenant.id, scan.text)
    quantity = scan.quantity or Decimal(1)
    if scanned.kind == PRODUCT and scanned.product:
        unit_id = scanned.unit.id if scanned.unit else None
        quantity = round(quantity * (scanned.quantity or Decimal(1)), 6)
        command = AddToCart(id=form.cart_op_id, product_id=scanned.product.id, quantity=quantity, unit_id=unit_id)
        add_to_cart(command, new_act())
        return []
    found = list_product_hits(g.tenant.id, scan.text)
    if len(found) == 1:
        add_to_cart(AddToCart(id=form.cart_op_id, product_id=found[0].id, quantity=quantity), new_act())
        return []
    if not found:
        raise RuleViolationError(
            scanned.trouble or gettext("Nothing is called %(text)s or has this code.", text=scan.text)
        )
    return found


def _remove(sale_id: uuid.UUID, form: ExchangeForm) -> ResponseReturnValue:
    try:
        remove_cart_line(RemoveCartLine(id=form.cart_op_id, line_id=form.taken_out.data), new_act())
    except (RuleViolationError, ConflictError, NotFoundError) as error:
        return _show(sale_id, form, _FORM, 422, trouble=error.message)
    return _show(sale_id, form, _FORM)


# The form, and what it will do.


def _form(sale_id: uuid.UUID) -> ExchangeForm:
    """Return the form that came, or a new one, made for what is left of the sale."""
    if not may(SALE_CREATE):
        raise PermissionDeniedError("An exchange is a sale, too. Ask somebody who may sell.")
    sent = request.form if request.method == "POST" else None
    drawers = open_drawers()
    usual = look_at_sale(sale_id, new_act()).drawer_id
    wanted = request.form.get("drawer_id", str(usual))
    drawer_id = next((each.id for each in drawers if str(each.id) == wanted), drawers[0].id)
    left = look_at_return(sale_id, drawer_id, new_act())
    form = ExchangeForm(sent, lines=left.lines, drawer_id=drawer_id, way=AS_PAID)
    form.drawer_id.choices = [(each.id, each.name) for each in drawers]
    form.reason_id.choices = [(each.id, each.name) for each in list_reasons(g.tenant.id)]
    form.way.choices = [(way, REFUNDS[way]) for way in (AS_PAID, CREDIT)]
    banks = list_till_banks(g.tenant.id, g.tenant.base_currency)
    form.bank_id.choices = [("", METHODS[CASH]), *((each.id, each.name) for each in banks)]
    return form


def _command(sale_id: uuid.UUID, form: ExchangeForm, approver_id: uuid.UUID | None = None) -> RecordExchange:
    return form.to_exchange(
        sale_id,
        customer_called(form.customer.data),
        g.tenant.base_currency,
        approver_id,
        discount_max=g.identity.limit(DISCOUNT_LIMIT) if may(SALE_DISCOUNT) else Decimal(0),
        price_cut_max=g.identity.limit(PRICE_CUT_LIMIT),
    )


def _weigh(form: ExchangeForm, shown: ExchangePreview) -> TooMuch | None:
    plan = shown.back.plan
    return weigh(plan.refund.money, plan.sale.age_minutes, find_reason_row(form.reason_id.data))


def _done_before(form: ExchangeForm) -> ResponseReturnValue | None:
    """Answer an exchange that arrives a second time with the sale that there is: nothing may be left to preview."""
    try:
        done = get_return(g.tenant.id, form.op_id.data)
    except NotFoundError:
        return None
    if done.exchanged_for is None:
        return None
    say("This exchange was recorded already.")
    return redirect_to("sales.receipt", sale_id=done.exchanged_for)


def _cart_id() -> uuid.UUID | None:
    cart = find_cart(g.tenant.id, g.identity.user_id, g.tenant.base_currency)
    return cart.id if cart else None


def _look(sale_id: uuid.UUID, form: ExchangeForm, cart: CartDetails | None) -> tuple[ExchangePreview | None, str]:
    """Say what the exchange will do, by the same code that does it, or what is missing."""
    if cart is None or not cart.rows:
        return None, gettext("Scan what goes out instead.")
    form.cart_id.data, form.version.data = cart.id, cart.version
    if form.op_id.data is None or form.reason_id.data is None:
        return None, gettext("Choose the reason.")
    try:
        return preview_exchange(_command(sale_id, form), new_act()), ""
    except (RuleViolationError, ConflictError, NotFoundError) as error:
        return None, error.message


def _show(
    sale_id: uuid.UUID,
    form: ExchangeForm,
    fragment: str,
    status: int = 200,
    *,
    trouble: str = "",
    trouble_ahead: str = "",
    too: TooMuch | None = None,
    found: list[ProductHit] | None = None,
) -> ResponseReturnValue:
    cart = find_cart(g.tenant.id, g.identity.user_id, g.tenant.base_currency)
    shown = None
    if not trouble_ahead and request.method == "POST" and not form.sentences:
        shown, trouble_ahead = _look(sale_id, form, cart)
    context: dict[str, Any] = {
        "sale": get_sale(g.tenant.id, sale_id),
        "fate": look_at_sale(sale_id, new_act()).fate,
        "form": form,
        "cart": cart,
        "currency": g.tenant.base_currency,
        "found": found or [],
        "preview": shown,
        "trouble": trouble,
        "trouble_ahead": trouble_ahead,
        "too": too or (_weigh(form, shown) if shown else None),
    }
    return render("exchanges/new.html", fragment, status, **context)
