"""Products: the list with its search, one of them with everything about it, and what changes it."""

import uuid
from typing import Any

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.domain.barcodes import CODE_MAX
from ledger_web.domain.errors import (
    ConflictError,
    DuplicateBarcodeError,
    DuplicateSkuError,
    LedgerError,
    RuleViolationError,
    StaleEditError,
)
from ledger_web.domain.permissions import (
    BARCODE_ASSIGN,
    PRODUCT_CREATE,
    PRODUCT_EDIT,
    PRODUCT_VIEW,
    STOCK_ADJUST,
)
from ledger_web.domain.products import NAME_MAX, STOCK_POLICIES
from ledger_web.error_pages import status_of
from ledger_web.forms.products import (
    AdjustmentForm,
    ArchivalForm,
    BarcodeForm,
    BarcodeRemovalForm,
    EditProductForm,
    NewProductForm,
    ProductSearchForm,
    ReceiptForm,
)
from ledger_web.identity import may, permission_required
from ledger_web.queries import products as queries
from ledger_web.queries.products import Holder, ProductDetails, ProductPage
from ledger_web.rendering import redirect_to, render, say, wants_fragment
from ledger_web.services import products as services
from ledger_web.services.unit_of_work import Recorded, UnitOfWork

blueprint = Blueprint("products", __name__, url_prefix="/products")

SHOW = "products/show.html"
STOCK_PANEL = "products/_stock_panel.html"
BARCODES_PANEL = "products/_barcodes_panel.html"


@blueprint.get("/")
@permission_required(PRODUCT_VIEW)
def index() -> ResponseReturnValue:
    form = ProductSearchForm(request.args)
    if not form.validate():
        return _list(form, None, 422)
    page = queries.list_products(
        g.tenant.id,
        search=form.q.data,
        archived=form.archived.data,
        after=form.after.data,
        before=form.before.data,
    )
    return _list(form, page)


@blueprint.get("/<uuid:product_id>")
@permission_required(PRODUCT_VIEW)
def show(product_id: uuid.UUID) -> ResponseReturnValue:
    return _show(product_id)


@blueprint.get("/new")
@permission_required(PRODUCT_CREATE)
def new() -> ResponseReturnValue:
    form = _new_form(None)
    # What was searched for in vain is typed already; it is judged when it is sent.
    form.name.raw_data = [request.args.get("name", "")[:NAME_MAX]]
    form.barcodes.raw_data = [request.args.get("barcode", "")[:CODE_MAX]]
    return _form("products/new.html", form)


@blueprint.post("/")
@permission_required(PRODUCT_CREATE)
def create() -> ResponseReturnValue:
    form = _new_form(request.form)
    if not form.validate():
        return _form("products/new.html", form, 422)
    try:
        created = services.create_product(form.to_command(g.tenant.base_currency), _act())
    except (RuleViolationError, ConflictError) as refusal:
        return _refuse(form, refusal, "products/new.html")
    say(f"{form.name.data} was added already." if created.replayed else f"{form.name.data} was added.")
    return redirect_to("products.show", product_id=created.id)


@blueprint.get("/<uuid:product_id>/edit")
@permission_required(PRODUCT_EDIT)
def edit(product_id: uuid.UUID) -> ResponseReturnValue:
    product = queries.get_product_details(g.tenant.id, product_id)
    return _form("products/edit.html", _form_of(product), product=product)


@blueprint.post("/<uuid:product_id>")
@permission_required(PRODUCT_EDIT)
def update(product_id: uuid.UUID) -> ResponseReturnValue:
    form = EditProductForm(request.form)
    product = queries.get_product_details(g.tenant.id, product_id)
    if not form.validate():
        return _form("products/edit.html", form, 422, product=product)
    try:
        services.edit_product(form.to_command(product_id), _act())
    except StaleEditError as refusal:
        return _show_both(form, product_id, refusal)
    except (RuleViolationError, ConflictError) as refusal:
        return _refuse(form, refusal, "products/edit.html", product=product)
    say("The changes were saved.")
    return redirect_to("products.show", product_id=product_id)


@blueprint.post("/<uuid:product_id>/archival")
@permission_required(PRODUCT_EDIT)
def create_archival(product_id: uuid.UUID) -> ResponseReturnValue:
    return _archive(product_id, archived=True, sentence="It is in the archive now: out of the list, its history kept.")


@blueprint.post("/<uuid:product_id>/archival/delete")
@permission_required(PRODUCT_EDIT)
def delete_archival(product_id: uuid.UUID) -> ResponseReturnValue:
    return _archive(product_id, archived=False, sentence="It is back in the list.")


@blueprint.post("/<uuid:product_id>/barcodes")
@permission_required(BARCODE_ASSIGN)
def create_barcode(product_id: uuid.UUID) -> ResponseReturnValue:
    form = BarcodeForm(request.form)
    if not form.validate():
        return _show(product_id, BARCODES_PANEL, 422, barcode_form=form)
    try:
        services.add_barcode(form.to_command(product_id), _act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show(
            product_id,
            BARCODES_PANEL,
            status_of(refusal),
            barcode_form=form,
            barcode_trouble=refusal.message,
            holder=_holder(refusal, product_id),
        )
    return _done(product_id, BARCODES_PANEL, "The barcode was added.")


@blueprint.post("/<uuid:product_id>/barcodes/delete")
@permission_required(BARCODE_ASSIGN)
def delete_barcode(product_id: uuid.UUID) -> ResponseReturnValue:
    form = BarcodeRemovalForm(request.form)
    if not form.validate():
        return _show(product_id, BARCODES_PANEL, 422, barcode_trouble=" ".join(form.sentences))
    services.remove_barcode(form.to_command(product_id), _act())
    return _done(product_id, BARCODES_PANEL, "The barcode was removed.")


@blueprint.post("/<uuid:product_id>/receipts")
@permission_required(STOCK_ADJUST)
def create_receipt(product_id: uuid.UUID) -> ResponseReturnValue:
    form = ReceiptForm(request.form)
    if not form.validate():
        return _show(product_id, STOCK_PANEL, 422, receipt_form=form)
    try:
        received = services.receive_goods(form.to_command(product_id, g.tenant.base_currency), _act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show(product_id, STOCK_PANEL, status_of(refusal), receipt_form=form, stock_trouble=refusal.message)
    return _done(product_id, STOCK_PANEL, _said(received, "The goods are in stock."))


@blueprint.post("/<uuid:product_id>/adjustments")
@permission_required(STOCK_ADJUST)
def create_adjustment(product_id: uuid.UUID) -> ResponseReturnValue:
    form = AdjustmentForm(request.form)
    if not form.validate():
        return _show(product_id, STOCK_PANEL, 422, adjustment_form=form)
    try:
        adjusted = services.adjust_stock(form.to_command(product_id, g.tenant.base_currency), _act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show(product_id, STOCK_PANEL, status_of(refusal), adjustment_form=form, stock_trouble=refusal.message)
    return _done(product_id, STOCK_PANEL, _said(adjusted, "The stock was adjusted."))


def _act() -> UnitOfWork:
    return UnitOfWork(g.tenant.id, g.identity.user_id)


def _said(recorded: Recorded, sentence: str) -> str:
    return "This was recorded already." if recorded.replayed else sentence


def _list(form: ProductSearchForm, page: ProductPage | None, status: int = 200) -> ResponseReturnValue:
    rows = page.rows if page else ()
    return render(
        "products/index.html",
        "products/_product_list.html",
        status,
        form=form,
        products=rows,
        earlier=_address(form, before=page.before) if page else "",
        later=_address(form, after=page.after) if page else "",
        is_new_shop=not rows and not queries.has_products(g.tenant.id),
    )


def _address(form: ProductSearchForm, **key: uuid.UUID | None) -> str:
    """Return the address of the next page that way; nothing if there is none."""
    if not any(key.values()):
        return ""
    asked: dict[str, Any] = {"q": form.q.data or None, "archived": "y" if form.archived.data else None, **key}
    return url_for("products.index", **asked)


def _show(product_id: uuid.UUID, fragment: str = "", status: int = 200, **context: Any) -> ResponseReturnValue:
    """Answer with the page of a product, or with the panel of it that an act changed."""
    product = queries.get_product_details(g.tenant.id, product_id)
    known = {
        "product": product,
        "policies": STOCK_POLICIES,
        "moves": queries.list_moves(g.tenant.id, product_id),
        "sales": queries.list_product_sales(g.tenant.id, product_id),
        "receipt_form": ReceiptForm(),
        "adjustment_form": AdjustmentForm(data={"way": "counted", "reason": "counted"}),
        "barcode_form": BarcodeForm(),
        "stock_trouble": "",
        "barcode_trouble": "",
        "holder": None,
    }
    return render(SHOW, fragment, status, **(known | context))


def _done(product_id: uuid.UUID, fragment: str, sentence: str) -> ResponseReturnValue:
    """Answer an act on one panel: htmx gets the panel anew, a plain browser is sent to the page."""
    say(sentence)
    return _show(product_id, fragment) if wants_fragment() else redirect_to("products.show", product_id=product_id)


def _archive(product_id: uuid.UUID, *, archived: bool, sentence: str) -> ResponseReturnValue:
    form = ArchivalForm(request.form)
    if not form.validate():
        return _show(product_id, status=422, stock_trouble=" ".join(form.sentences))
    services.archive_product(form.to_command(product_id, archived=archived), _act())
    say(sentence)
    return redirect_to("products.show", product_id=product_id)


def _new_form(sent: Any) -> NewProductForm:
    """Make the form of a new product; opening stock is only for those who may say how much there is."""
    form = NewProductForm(sent, data={"unit": "pcs", "tax_percent": 0, "stock_policy": "block"})
    if not may(STOCK_ADJUST):
        del form.opening_quantity
        del form.opening_unit_cost
    return form


def _form_of(product: ProductDetails) -> EditProductForm:
    names = ("name", "sku", "unit", "unit_price", "tax_percent", "stock_policy", "note", "version")
    return EditProductForm(data={name: getattr(product, name) for name in names})


def _form(page: str, form: Any, status: int = 200, **context: Any) -> ResponseReturnValue:
    known = {"trouble": "", "holder": None, "both": (), "product": None}
    return render(page, "products/_product_form.html", status, form=form, **(known | context))


def _refuse(form: Any, refusal: LedgerError, page: str, **context: Any) -> ResponseReturnValue:
    holder = _holder(refusal, None)
    return _form(page, form, status_of(refusal), trouble=refusal.message, holder=holder, **context)


def _holder(refusal: LedgerError, product_id: uuid.UUID | None) -> Holder | None:
    """Find the product that has the code or SKU already, for a link to it; none if it is the one that is shown."""
    if isinstance(refusal, DuplicateBarcodeError):
        holder = queries.find_holder(g.tenant.id, code=refusal.code)
    elif isinstance(refusal, DuplicateSkuError):
        holder = queries.find_holder(g.tenant.id, sku=refusal.sku)
    else:
        holder = None
    return holder if holder and holder.id != product_id else None


def _show_both(form: EditProductForm, product_id: uuid.UUID, refusal: StaleEditError) -> ResponseReturnValue:
    """Show what was typed beside what somebody else saved; saving again is then a choice, not an accident."""
    product = queries.get_product_details(g.tenant.id, product_id)
    saved = _form_of(product)
    pairs: list[tuple[Any, Any]] = [(form[name], saved[name]) for name in form.said]
    both = [(mine.label.text, _written(mine), _written(theirs)) for mine, theirs in pairs if mine.raw != theirs.raw]
    form.version.process_formdata([str(product.version)])
    form.version.raw_data = None
    return _form("products/edit.html", form, status_of(refusal), product=product, trouble=refusal.message, both=both)


def _written(field: Any) -> str:
    return STOCK_POLICIES.get(field.raw, field.raw) if field.short_name == "stock_policy" else str(field.raw)
