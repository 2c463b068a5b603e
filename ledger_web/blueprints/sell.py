"""The till: scan or type, and store what is in the cart as a sale."""

import uuid
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, InvalidQuantityError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.numbers import signs_of
from ledger_web.domain.permissions import SALE_CHANGE_PRICE, SALE_CREATE
from ledger_web.domain.scans import Scan, read_scan
from ledger_web.error_pages import status_of
from ledger_web.forms.sales import CartActForm, CartCustomerForm, CartLineForm, PayForm, ScanForm
from ledger_web.identity import may, permission_required
from ledger_web.queries import carts as queries
from ledger_web.queries.scans import PRODUCT, UNKNOWN, Scanned, resolve
from ledger_web.rendering import redirect_to, render, say, tell_scanner
from ledger_web.services import carts as services
from ledger_web.services.carts import AddToCart, ChangeCartLine
from ledger_web.services.sales import store_cart
from ledger_web.services.unit_of_work import UnitOfWork

blueprint = Blueprint("sell", __name__, url_prefix="/sell")


@blueprint.get("/")
@permission_required(SALE_CREATE)
def show() -> ResponseReturnValue:
    return _show(customer_q=request.args.get("customer_q", "")[:100])


@blueprint.get("/hits")
@permission_required(SALE_CREATE)
def hits() -> ResponseReturnValue:
    """Products that what is being typed may mean; nothing while it is not a sensible text."""
    try:
        scan = read_scan(request.args.get("q", "")[:200], signs_of(g.tenant.locale))
    except RuleViolationError:
        scan = Scan("", None)
    found = queries.list_product_hits(g.tenant.id, scan.text) if len(scan.text) > 1 else []
    return render("sell/show.html", "sell/_hits.html", notice=None, **_hits(found, scan), **_cart())


@blueprint.get("/customers")
@permission_required(SALE_CREATE)
def customers() -> ResponseReturnValue:
    return render(
        "sell/show.html", "sell/_customer_hits.html", **_cart(customer_q=request.args.get("customer_q", "")[:100])
    )


@blueprint.post("/lines")
@permission_required(SALE_CREATE)
def create_line() -> ResponseReturnValue:
    form = ScanForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences), q=form.q.raw)
    try:
        scan = read_scan(form.q.data or "", signs_of(g.tenant.locale))
    except InvalidQuantityError as error:
        return _show(422, trouble=f"Before the star: {error.message}", q=form.q.raw)
    if form.product_id.data:
        return _add(form.to_command(form.product_id.data))
    if not scan.text and scan.quantity:
        return _change_last_line(form.op_id.data, scan)
    return _resolve(form.op_id.data, scan)


@blueprint.post("/lines/<uuid:line_id>")
@permission_required(SALE_CREATE)
def update_line(line_id: uuid.UUID) -> ResponseReturnValue:
    form = CartLineForm(request.form)
    if not form.validate():
        return _show(422, line_forms={line_id: form})
    command = form.to_command(line_id, may_change_price=may(SALE_CHANGE_PRICE))
    try:
        services.change_cart_line(command, _uow())
    except RuleViolationError as error:
        return _show(422, line_forms={line_id: form}, trouble=error.message)
    return _done()


@blueprint.post("/lines/<uuid:line_id>/delete")
@permission_required(SALE_CREATE)
def delete_line(line_id: uuid.UUID) -> ResponseReturnValue:
    form = CartActForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences))
    services.remove_cart_line(form.to_remove(line_id), _uow())
    return _done()


@blueprint.post("/customer")
@permission_required(SALE_CREATE)
def update_customer() -> ResponseReturnValue:
    form = CartCustomerForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences))
    services.choose_customer(form.to_command(), _uow())
    return _done()


@blueprint.post("/empty")
@permission_required(SALE_CREATE)
def empty() -> ResponseReturnValue:
    form = CartActForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences))
    services.empty_cart(form.to_empty(), _uow())
    return _done()


@blueprint.post("/")
@permission_required(SALE_CREATE)
def create() -> ResponseReturnValue:
    form = PayForm(request.form)
    if not form.validate():
        return _show(422, pay_form=form)
    try:
        stored = store_cart(form.to_command(g.tenant.base_currency), _uow())
    except (RuleViolationError, ConflictError) as error:
        return _show(status_of(error), pay_form=form, trouble=error.message)
    if stored.replayed:
        say("This sale was stored already. Nothing was sold twice.", "warn")
    return redirect_to("sales.receipt", sale_id=stored.id)


def _resolve(op_id: uuid.UUID, scan: Scan) -> ResponseReturnValue:
    """Add what a code means, or the one product a text means; where it may mean several, show them."""
    try:
        scanned = resolve(g.tenant.id, scan.text)
    except RuleViolationError as refusal:
        return _notice(Scanned(UNKNOWN, scan.text, trouble=refusal.message))
    if scanned.kind == PRODUCT and scanned.product:
        quantity = round((scan.quantity or Decimal(1)) * (scanned.quantity or Decimal(1)), 6)
        return _add(AddToCart(id=op_id, product_id=scanned.product.id, quantity=quantity), _said(scanned))
    found = queries.list_product_hits(g.tenant.id, scan.text) if scanned.kind == UNKNOWN else []
    if len(found) == 1:
        command = AddToCart(id=op_id, product_id=found[0].id, quantity=scan.quantity or Decimal(1))
        return _add(command, found[0].name)
    if found:
        return _show(found=found, scan=scan, q=scan.text)
    return _notice(scanned)


def _add(command: AddToCart, said: str = "") -> ResponseReturnValue:
    services.add_to_cart(command, _uow())
    return tell_scanner(_done(), "good", said)


def _said(scanned: Scanned) -> str:
    """Say in a few words what was scanned, with the batch and the day that the code itself says."""
    parts = [scanned.product.name if scanned.product else scanned.text]
    parts += [f"batch {scanned.batch}"] if scanned.batch else []
    parts += [f"use by {scanned.expiry:%Y-%m-%d}"] if scanned.expiry else []
    return ", ".join(parts)


def _notice(scanned: Scanned) -> ResponseReturnValue:
    """Show what came of a code that added nothing, and what can be done about it; the cart stays."""
    return tell_scanner(_show(422, notice=scanned), "bad", scanned.trouble or f"Nothing has the code {scanned.text}")


def _change_last_line(op_id: uuid.UUID, scan: Scan) -> ResponseReturnValue:
    cart = queries.find_cart(g.tenant.id, g.identity.user_id, g.tenant.base_currency)
    if cart is None or not cart.rows or scan.quantity is None:
        return _show(422, trouble="There is no line yet whose quantity could change. Scan a product first.")
    command = ChangeCartLine(id=op_id, line_id=cart.rows[-1].id, quantity=scan.quantity)
    services.change_cart_line(command, _uow())
    return _done()


def _done() -> ResponseReturnValue:
    """Answer an act on the cart: htmx gets the panel, a plain browser is sent back to the page."""
    return _show() if request.htmx else redirect_to("sell.show")  # type: ignore[attr-defined]


def _show(
    status: int = 200,
    *,
    found: list[queries.ProductHit] | None = None,
    scan: Scan | None = None,
    q: str = "",
    notice: Scanned | None = None,
    **context: Any,
) -> Response:
    return render(
        "sell/show.html",
        "sell/cart.htmx.html",
        status,
        notice=notice,
        **(_hits(found or [], scan or Scan("", None)) | {"q": q}),
        **_cart(**context),
    )


def _hits(found: list[queries.ProductHit], scan: Scan) -> dict[str, Any]:
    return {"hits": found, "q": scan.text, "hit_quantity": scan.quantity or 1}


def _cart(
    *,
    pay_form: PayForm | None = None,
    line_forms: dict[uuid.UUID, CartLineForm] | None = None,
    trouble: str = "",
    customer_q: str = "",
) -> dict[str, Any]:
    """Everything the cart's panel needs, read after whatever was done."""
    currency = g.tenant.base_currency
    drawers = queries.list_drawer_choices(g.tenant.id, g.identity.user_id)
    return {
        "cart": queries.find_cart(g.tenant.id, g.identity.user_id, currency),
        "currency": currency,
        "drawers": drawers,
        "pay_form": pay_form or PayForm(data={"drawer_id": drawers[0].id if drawers else None}),
        "line_forms": line_forms or {},
        "trouble": trouble,
        "customer_q": customer_q,
        "customer_hits": queries.list_customer_hits(g.tenant.id, customer_q, currency),
        "op_id": new_id(),
    }


def _uow() -> UnitOfWork:
    return UnitOfWork(g.tenant.id, g.identity.user_id)
