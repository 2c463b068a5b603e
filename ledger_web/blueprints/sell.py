"""The till: scan or type, and store what is in the cart as a sale."""

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from ledger_web.approval import approved_by
from ledger_web.domain.discounts import DISCOUNT_LIMIT, PRICE_CUT_LIMIT
from ledger_web.domain.errors import (
    ApprovalNeededError,
    ConflictError,
    InvalidQuantityError,
    NotFoundError,
    RuleViolationError,
    StaleEditError,
    TooManyAttemptsError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import SALE_CHANGE_PRICE, SALE_CREATE, SALE_DISCOUNT, SALE_RATE
from ledger_web.domain.scans import Scan, read_scan
from ledger_web.domain.signs import signs_of
from ledger_web.error_pages import status_of
from ledger_web.forms.sell import (
    CartActForm,
    CartCustomerForm,
    CartForm,
    CartLineForm,
    GiftCardForm,
    ParkForm,
    PayForm,
    ScanForm,
    TenderForm,
    raised,
)
from ledger_web.identity import may, new_act, permission_required
from ledger_web.queries import carts as queries
from ledger_web.queries import tills
from ledger_web.queries.scans import PRODUCT, UNKNOWN, Scanned, resolve
from ledger_web.rendering import redirect_to, render, say, tell_scanner
from ledger_web.services import carts as services
from ledger_web.services.carts import AddToCart, Ceilings, ChangeCartLine
from ledger_web.services.sales import PaymentPreview, preview_payment, store_cart

blueprint = Blueprint("sell", __name__, url_prefix="/sell")

_RIGHT_TO = {DISCOUNT_LIMIT: SALE_DISCOUNT, PRICE_CUT_LIMIT: SALE_CHANGE_PRICE}


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
    return render("sell/show.html", "sell/_hits.html", notice=None, **_hits(found, scan), **_page())


@blueprint.get("/customers")
@permission_required(SALE_CREATE)
def customers() -> ResponseReturnValue:
    return render(
        "sell/show.html",
        "sell/_customer_hits.html",
        notice=None,
        **_hits([], Scan("", None)),
        **_page(customer_q=request.args.get("customer_q", "")[:100]),
    )


@blueprint.get("/tiles/<uuid:category_id>")
@permission_required(SALE_CREATE)
def tiles(category_id: uuid.UUID) -> ResponseReturnValue:
    return render(
        "sell/show.html", "sell/_tiles.html", notice=None, **_hits([], Scan("", None)), **_page(category_id=category_id)
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
        return _show(422, trouble=gettext("Before the star: %(message)s", message=error.message), q=form.q.raw)
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

    def change(ceilings: Ceilings) -> object:
        command = form.to_command(line_id, ceilings, may_change_price=may(SALE_CHANGE_PRICE))
        return services.change_cart_line(command, new_act())

    try:
        _with_approval(form, change)
    except (RuleViolationError, TooManyAttemptsError) as error:
        return _show(status_of(error), line_forms={line_id: form}, needed=error, trouble=error.message)
    return _done()


@blueprint.post("/lines/<uuid:line_id>/delete")
@permission_required(SALE_CREATE)
def delete_line(line_id: uuid.UUID) -> ResponseReturnValue:
    form = CartActForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences))
    services.remove_cart_line(form.to_remove(line_id), new_act())
    return _done()


@blueprint.post("/cart")
@permission_required(SALE_CREATE)
def update_cart() -> ResponseReturnValue:
    form = CartForm(request.form)
    form.salesperson_id.choices = _salespeople()
    if not form.validate():
        return _show(422, cart_form=form)
    try:
        _with_approval(form, lambda ceilings: services.change_cart(form.to_command(ceilings), new_act()))
    except (RuleViolationError, TooManyAttemptsError) as error:
        return _show(status_of(error), cart_form=form, needed=error, trouble=error.message)
    return _done()


@blueprint.post("/customer")
@permission_required(SALE_CREATE)
def update_customer() -> ResponseReturnValue:
    form = CartCustomerForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences))
    services.choose_customer(form.to_command(), new_act())
    return _done()


@blueprint.post("/gift-cards")
@permission_required(SALE_CREATE)
def create_gift_card() -> ResponseReturnValue:
    form = GiftCardForm(request.form)
    if not form.validate():
        return _show(422, gift_form=form)
    try:
        services.sell_gift_card(form.to_command(), new_act())
    except RuleViolationError as error:
        return _show(422, gift_form=form, trouble=error.message)
    return _done()


@blueprint.post("/empty")
@permission_required(SALE_CREATE)
def empty() -> ResponseReturnValue:
    form = CartActForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences))
    services.empty_cart(form.to_empty(), new_act())
    return _done()


@blueprint.get("/parked")
@permission_required(SALE_CREATE)
def parked() -> ResponseReturnValue:
    return _show_parked()


@blueprint.post("/parked")
@permission_required(SALE_CREATE)
def create_parked() -> ResponseReturnValue:
    form = ParkForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences))
    try:
        services.park_cart(form.to_command(), new_act())
    except RuleViolationError as error:
        return _show(422, trouble=error.message)
    say("The cart is parked. Take it up again under “Parked”.")
    return _done()


@blueprint.post("/parked/<uuid:cart_id>")
@permission_required(SALE_CREATE)
def recall(cart_id: uuid.UUID) -> ResponseReturnValue:
    form = CartActForm(request.form)
    if not form.validate():
        return _show_parked(422, trouble=" ".join(form.sentences))
    services.recall_cart(form.to_recall(cart_id), new_act())
    return redirect_to("sell.show")


@blueprint.post("/parked/<uuid:cart_id>/delete")
@permission_required(SALE_CREATE)
def delete_parked(cart_id: uuid.UUID) -> ResponseReturnValue:
    form = CartActForm(request.form)
    if not form.validate():
        return _show_parked(422, trouble=" ".join(form.sentences))
    services.discard_cart(form.to_discard(cart_id), new_act())
    return redirect_to("sell.parked")


@blueprint.post("/")
@permission_required(SALE_CREATE)
def create() -> ResponseReturnValue:
    form = PayForm(request.form)
    if not form.validate():
        return _show(422, pay_form=form)
    try:
        stored = store_cart(form.to_command(g.tenant.base_currency, **_ceilings_of_sale()), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show(status_of(error), pay_form=form, trouble=error.message)
    return _stored(stored.id, replayed=stored.replayed)


@blueprint.get("/payment")
@permission_required(SALE_CREATE)
def payment() -> ResponseReturnValue:
    return _show_payment(_tender_form())


@blueprint.get("/payment/preview")
@permission_required(SALE_CREATE)
def payment_preview() -> ResponseReturnValue:
    """What is paid, what is missing and what goes back, while it is being typed."""
    cart = _find_cart()
    if request.htmx and (cart is None or not cart.rows):  # type: ignore[attr-defined]
        return "", 204  # stored while this was asked: the page is on its way to the receipt
    return _show_payment(_tender_form(request.args))


@blueprint.post("/payment")
@permission_required(SALE_CREATE)
def create_payment() -> ResponseReturnValue:
    form = _tender_form(request.form)
    if not form.validate():
        return _show_payment(form, 422)
    command = form.to_command(g.tenant.base_currency, may_set_rate=may(SALE_RATE), **_ceilings_of_sale())
    try:
        stored = store_cart(command, new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_payment(form, status_of(error), trouble=error.message)
    return _stored(stored.id, replayed=stored.replayed)


def _stored(sale_id: uuid.UUID, *, replayed: bool) -> ResponseReturnValue:
    if replayed:
        say("This sale was stored already. Nothing was sold twice.", "warn")
    return redirect_to("sales.receipt", sale_id=sale_id)


def _resolve(op_id: uuid.UUID, scan: Scan) -> ResponseReturnValue:
    """Add what a code means, or the one product a text means; where it may mean several, show them."""
    try:
        scanned = resolve(g.tenant.id, scan.text)
    except RuleViolationError as refusal:
        return _notice(Scanned(UNKNOWN, scan.text, trouble=refusal.message))
    if scanned.kind == PRODUCT and scanned.product:
        quantity = round((scan.quantity or Decimal(1)) * (scanned.quantity or Decimal(1)), 6)
        unit_id = scanned.unit.id if scanned.unit else None
        command = AddToCart(id=op_id, product_id=scanned.product.id, quantity=quantity, unit_id=unit_id)
        return _add(command, _said(scanned))
    found = queries.list_product_hits(g.tenant.id, scan.text) if scanned.kind == UNKNOWN else []
    if len(found) == 1:
        command = AddToCart(id=op_id, product_id=found[0].id, quantity=scan.quantity or Decimal(1))
        return _add(command, found[0].name)
    if found:
        return _show(found=found, scan=scan, q=scan.text)
    return _notice(scanned)


def _add(command: AddToCart, said: str = "") -> ResponseReturnValue:
    services.add_to_cart(command, new_act())
    return tell_scanner(_done(), "good", said)


def _said(scanned: Scanned) -> str:
    """Say in a few words what was scanned, with the batch and the day that the code itself says."""
    parts = [scanned.product.name if scanned.product else scanned.text]
    parts += [scanned.unit.name] if scanned.unit else []
    parts += [gettext("batch %(batch)s", batch=scanned.batch)] if scanned.batch else []
    parts += [gettext("use by %(expiry)s", expiry=f"{scanned.expiry:%Y-%m-%d}")] if scanned.expiry else []
    return ", ".join(parts)


def _notice(scanned: Scanned) -> ResponseReturnValue:
    """Show what came of a code that added nothing, and what can be done about it; the cart stays."""
    return tell_scanner(
        _show(422, notice=scanned),
        "bad",
        scanned.trouble or gettext("Nothing has the code %(text)s", text=scanned.text),
    )


def _change_last_line(op_id: uuid.UUID, scan: Scan) -> ResponseReturnValue:
    cart = _find_cart()
    if cart is None or not cart.rows or scan.quantity is None:
        return _show(422, trouble=gettext("There is no line yet whose quantity could change. Scan a product first."))
    command = ChangeCartLine(id=op_id, line_id=cart.rows[-1].id, quantity=scan.quantity, ceilings=_ceilings())
    services.change_cart_line(command, new_act())
    return _done()


def _with_approval(form: CartLineForm | CartForm, act: Callable[[Ceilings], object]) -> None:
    """Do an act; where it goes further than the person may, with the approval the form brings, each limit once."""
    ceilings, asked = _ceilings(), set[str]()
    while True:
        try:
            act(ceilings)
        except ApprovalNeededError as error:
            approver = None
            if error.limit not in asked:
                asked.add(error.limit)
                approver = approved_by(form, _RIGHT_TO[error.limit], limit=error.limit, needed=error.needed)
            if approver is None:
                raise
            ceilings = raised(ceilings, error.limit, error.needed, approver)
        else:
            return


def _ceilings() -> Ceilings:
    """How far whoever asks may go by themselves."""
    return Ceilings(
        discount=g.identity.limit(DISCOUNT_LIMIT) if may(SALE_DISCOUNT) else Decimal(0),
        price_cut=g.identity.limit(PRICE_CUT_LIMIT),
    )


def _ceilings_of_sale() -> dict[str, Decimal | None]:
    own = _ceilings()
    return {"discount_max": own.discount, "price_cut_max": own.price_cut}


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
        **_page(**context),
    )


def _hits(found: list[queries.ProductHit], scan: Scan) -> dict[str, Any]:
    return {"hits": found, "q": scan.text, "hit_quantity": scan.quantity or 1}


def _page(
    *,
    pay_form: PayForm | None = None,
    line_forms: dict[uuid.UUID, CartLineForm] | None = None,
    cart_form: CartForm | None = None,
    gift_form: GiftCardForm | None = None,
    needed: Exception | None = None,
    trouble: str = "",
    customer_q: str = "",
    category_id: uuid.UUID | None = None,
) -> dict[str, Any]:
    """Everything the sell page needs, read after whatever was done."""
    currency = g.tenant.base_currency
    drawers = queries.list_drawer_choices(g.tenant.id, g.identity.user_id)
    cart = _find_cart()
    if cart_form is None:
        cart_form = CartForm(
            data={"discount": cart.discount, "note": cart.note, "salesperson_id": cart.salesperson_id} if cart else {}
        )
        cart_form.salesperson_id.choices = _salespeople()
    return {
        "cart": cart,
        "currency": currency,
        "drawers": drawers,
        "banks": tills.list_till_banks(g.tenant.id, currency),
        "aside": tills.get_aside(g.tenant.id, g.identity.user_id),
        "pay_form": pay_form or PayForm(data={"drawer_id": drawers[0].id if drawers else None}),
        "line_forms": line_forms or {},
        "cart_form": cart_form,
        "gift_form": gift_form,
        "needs_approval": isinstance(needed, ApprovalNeededError) or _asked_for_approval(line_forms, cart_form),
        "trouble": trouble,
        "customer_q": customer_q,
        "customer_hits": queries.list_customer_hits(g.tenant.id, customer_q, currency),
        "op_id": new_id(),
        **_tiles(category_id),
    }


def _asked_for_approval(line_forms: dict[uuid.UUID, CartLineForm] | None, cart_form: CartForm) -> bool:
    """Say whether somebody tried to approve, and has to try again."""
    forms: list[CartLineForm | CartForm] = [*(line_forms or {}).values(), cart_form]
    return any(form.approver.raw for form in forms)


def _tiles(category_id: uuid.UUID | None) -> dict[str, Any]:
    categories = tills.list_categories(g.tenant.id)
    if category_id is not None and category_id not in {each.id for each in categories}:
        raise NotFoundError("There is no such category in this shop.")
    chosen = category_id or (categories[0].id if categories else None)
    return {
        "categories": categories,
        "category_id": chosen,
        "tiles": tills.list_tiles(g.tenant.id, chosen) if chosen else [],
    }


def _salespeople() -> list[tuple[Any, str]]:
    people = tills.list_salespeople(g.tenant.id)
    return [("", gettext("Whoever rings it up")), *((each.id, each.name) for each in people)]


def _show_parked(status: int = 200, *, trouble: str = "") -> ResponseReturnValue:
    return render(
        "sell/parked.html",
        status=status,
        parked=tills.list_parked_carts(g.tenant.id),
        currency=g.tenant.base_currency,
        trouble=trouble,
    )


def _tender_form(sent: Any = None) -> TenderForm:
    """Make the form of all ways to pay, with what the shop offers."""
    currency = g.tenant.base_currency
    form = TenderForm(sent)
    form.offer(
        {each.code: each.rate for each in tills.list_till_currencies(g.tenant.id, currency)},
        [(each.id, each.name) for each in tills.list_till_banks(g.tenant.id, currency)],
    )
    return form


def _show_payment(form: TenderForm, status: int = 200, *, trouble: str = "") -> ResponseReturnValue:
    cart = _find_cart()
    if cart is None or not cart.rows:
        if request.method == "POST":
            raise StaleEditError("The cart is empty: it was stored or emptied in another window.")
        return redirect_to("sell.show")
    drawers = queries.list_drawer_choices(g.tenant.id, g.identity.user_id)
    if form.drawer_id.data is None and drawers:
        form.drawer_id.data = drawers[0].id
    preview, missing = _preview(form, cart) if status == 200 else (None, "")
    return render(
        "sell/payment.html",
        "sell/_payment_preview.html" if request.method == "GET" else "sell/_payment_form.html",
        status,
        cart=cart,
        currency=g.tenant.base_currency,
        drawers=drawers,
        form=form,
        trouble=trouble,
        preview=preview,
        missing=missing,
        may_set_rate=may(SALE_RATE),
    )


def _preview(form: TenderForm, cart: queries.CartDetails) -> tuple[PaymentPreview | None, str]:
    """Say what the tenders come to, by the same code that stores them, or what is wrong or missing."""
    if request.args and not form.validate():
        wrong = [
            sentence
            for field in form
            for sentence in field.errors
            if field.name not in ("op_id", "version", "drawer_id")
        ]
        if wrong:
            return None, " ".join(wrong)
    if form.drawer_id.data is None:
        return None, gettext("There is no cash drawer in use. Take one into use first.")
    form.op_id.data, form.version.data = cart.id, cart.version
    command = form.to_command(
        g.tenant.base_currency, may_set_rate=may(SALE_RATE), discount_max=None, price_cut_max=None
    )
    try:
        return preview_payment(command, new_act()), ""
    except (RuleViolationError, ConflictError, NotFoundError) as error:
        return None, error.message


def _find_cart() -> queries.CartDetails | None:
    return queries.find_cart(g.tenant.id, g.identity.user_id, g.tenant.base_currency)
