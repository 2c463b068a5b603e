"""Products: the list with its search, one of them with everything about it, and what describes, codes and counts it."""

import uuid
from typing import Any, Final

from flask import Blueprint, abort, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.blueprints.product_page import (
    PANELS,
    barcode_form,
    both_values,
    done,
    holder_of,
    may_see,
    show_product,
)
from ledger_web.domain.barcodes import CODE_MAX
from ledger_web.domain.errors import ConflictError, LedgerError, RuleViolationError, StaleEditError
from ledger_web.domain.languages import gettext, gettext_noop
from ledger_web.domain.permissions import (
    BARCODE_ASSIGN,
    PRODUCT_ARCHIVE,
    PRODUCT_CREATE,
    PRODUCT_EDIT,
    PRODUCT_VIEW,
    STOCK_ADJUST,
)
from ledger_web.domain.products import NAME_MAX
from ledger_web.error_pages import status_of
from ledger_web.forms.products import (
    AdjustmentForm,
    ArchivalForm,
    BarcodeRemovalForm,
    EditProductForm,
    NewProductForm,
    ProductSearchForm,
    ReceiptForm,
    StockRulesForm,
)
from ledger_web.identity import may, new_act, permission_required
from ledger_web.queries import products as queries
from ledger_web.queries.products import ProductDetails, ProductPage
from ledger_web.queries.settings import usual_stock_policy
from ledger_web.queries.units import list_units
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services import barcodes as codes
from ledger_web.services import goods
from ledger_web.services import products as services
from ledger_web.services.unit_of_work import Recorded

blueprint = Blueprint("products", __name__, url_prefix="/products")

OWN_TAX: Final = gettext_noop("A percentage of its own")


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
        category_id=form.category.data,
        after=form.after.data,
        before=form.before.data,
    )
    return _list(form, page)


@blueprint.get("/<uuid:product_id>")
@permission_required(PRODUCT_VIEW)
def show(product_id: uuid.UUID) -> ResponseReturnValue:
    return show_product(product_id)


@blueprint.get(f"/<uuid:product_id>/panels/<any({', '.join(repr(name) for name in PANELS)}):panel>")
@permission_required(PRODUCT_VIEW)
def show_panel(product_id: uuid.UUID, panel: str) -> ResponseReturnValue:
    """Answer with one panel; whoever may not see what is in it is told so."""
    if not may_see(panel):
        queries.get_product_details(g.tenant.id, product_id)  # what is not there is not there for anybody
        abort(403)
    return show_product(product_id, panel)


@blueprint.get("/new")
@permission_required(PRODUCT_CREATE)
def new() -> ResponseReturnValue:
    form = _new_form(None)
    # What was searched for in vain is typed already; it is judged when it is sent.
    form.name.raw_data = [request.args.get("name", "")[:NAME_MAX]]
    form.barcodes.raw_data = [request.args.get("barcode", "")[:CODE_MAX]]
    return _new(form)


@blueprint.post("/")
@permission_required(PRODUCT_CREATE)
def create() -> ResponseReturnValue:
    form = _new_form(request.form)
    if not form.validate():
        return _new(form, 422)
    try:
        created = services.create_product(form.to_command(g.tenant.base_currency), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _new(form, status_of(refusal), trouble=refusal.message, holder=holder_of(refusal, None))
    say(
        gettext("%(data)s was added already.", data=form.name.data)
        if created.replayed
        else gettext("%(data)s was added.", data=form.name.data)
    )
    return redirect_to("products.show", product_id=created.id)


@blueprint.get("/<uuid:product_id>/edit")
@permission_required(PRODUCT_EDIT)
def edit(product_id: uuid.UUID) -> ResponseReturnValue:
    product = queries.get_product_details(g.tenant.id, product_id)
    return _describe(_description_of(product), product)


@blueprint.post("/<uuid:product_id>")
@permission_required(PRODUCT_EDIT)
def update(product_id: uuid.UUID) -> ResponseReturnValue:
    form = EditProductForm(request.form)
    product = queries.get_product_details(g.tenant.id, product_id)
    if not form.validate():
        return _describe(form, product, 422)
    try:
        services.edit_product(form.to_command(product_id), new_act())
    except StaleEditError as refusal:
        product = queries.get_product_details(g.tenant.id, product_id)
        both = both_values(form, _description_of(product), product.version)
        return _describe(form, product, status_of(refusal), trouble=refusal.message, both=both)
    except (RuleViolationError, ConflictError) as refusal:
        holder = holder_of(refusal, product_id)
        return _describe(form, product, status_of(refusal), trouble=refusal.message, holder=holder)
    say("The changes were saved.")
    return redirect_to("products.show", product_id=product_id)


@blueprint.get("/<uuid:product_id>/stock-rules")
@permission_required(PRODUCT_EDIT)
def edit_stock_rules(product_id: uuid.UUID) -> ResponseReturnValue:
    product = queries.get_product_details(g.tenant.id, product_id)
    return _rule(_stock_rules_of(product), product)


@blueprint.post("/<uuid:product_id>/stock-rules")
@permission_required(PRODUCT_EDIT)
def update_stock_rules(product_id: uuid.UUID) -> ResponseReturnValue:
    form = StockRulesForm(request.form)
    product = queries.get_product_details(g.tenant.id, product_id)
    if not form.validate():
        return _rule(form, product, 422)
    try:
        services.change_stock_rules(form.to_command(product_id), new_act())
    except StaleEditError as refusal:
        product = queries.get_product_details(g.tenant.id, product_id)
        both = both_values(form, _stock_rules_of(product), product.version)
        return _rule(form, product, status_of(refusal), trouble=refusal.message, both=both)
    except (RuleViolationError, ConflictError) as refusal:
        return _rule(form, product, status_of(refusal), trouble=refusal.message)
    say("The changes were saved.")
    return redirect_to("products.show", product_id=product_id)


@blueprint.post("/<uuid:product_id>/archival")
@permission_required(PRODUCT_ARCHIVE)
def create_archival(product_id: uuid.UUID) -> ResponseReturnValue:
    return _archive(
        product_id, archived=True, sentence=gettext("It is in the archive now: out of the list, its history kept.")
    )


@blueprint.post("/<uuid:product_id>/archival/delete")
@permission_required(PRODUCT_ARCHIVE)
def delete_archival(product_id: uuid.UUID) -> ResponseReturnValue:
    return _archive(product_id, archived=False, sentence=gettext("It is back in the list."))


@blueprint.post("/<uuid:product_id>/barcodes")
@permission_required(BARCODE_ASSIGN)
def create_barcode(product_id: uuid.UUID) -> ResponseReturnValue:
    product = queries.get_product_details(g.tenant.id, product_id)
    form = barcode_form(list_units(g.tenant.id, product_id), product.unit, request.form)
    if not form.validate():
        return show_product(product_id, "barcodes", 422, barcode_form=form)
    try:
        codes.add_barcode(form.to_command(product_id), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return show_product(
            product_id,
            "barcodes",
            status_of(refusal),
            barcode_form=form,
            barcode_trouble=refusal.message,
            holder=holder_of(refusal, product_id),
        )
    return done(product_id, "barcodes", gettext("The barcode was added."))


@blueprint.post("/<uuid:product_id>/barcodes/delete")
@permission_required(BARCODE_ASSIGN)
def delete_barcode(product_id: uuid.UUID) -> ResponseReturnValue:
    form = BarcodeRemovalForm(request.form)
    if not form.validate():
        return show_product(product_id, "barcodes", 422, barcode_trouble=" ".join(form.sentences))
    codes.remove_barcode(form.to_command(product_id), new_act())
    return done(product_id, "barcodes", gettext("The barcode was removed."))


@blueprint.post("/<uuid:product_id>/receipts")
@permission_required(STOCK_ADJUST)
def create_receipt(product_id: uuid.UUID) -> ResponseReturnValue:
    form = ReceiptForm(request.form)
    if not form.validate():
        return show_product(product_id, "stock", 422, receipt_form=form)
    try:
        received = goods.receive_goods(form.to_command(product_id, g.tenant.base_currency), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _refuse_stock(product_id, refusal, receipt_form=form)
    return done(product_id, "stock", _said(received, gettext("The goods are in stock.")))


@blueprint.post("/<uuid:product_id>/adjustments")
@permission_required(STOCK_ADJUST)
def create_adjustment(product_id: uuid.UUID) -> ResponseReturnValue:
    form = AdjustmentForm(request.form)
    if not form.validate():
        return show_product(product_id, "stock", 422, adjustment_form=form)
    try:
        adjusted = goods.adjust_stock(form.to_command(product_id, g.tenant.base_currency), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _refuse_stock(product_id, refusal, adjustment_form=form)
    return done(product_id, "stock", _said(adjusted, gettext("The stock was adjusted.")))


def _said(recorded: Recorded, sentence: str) -> str:
    return gettext("This was recorded already.") if recorded.replayed else sentence


def _refuse_stock(product_id: uuid.UUID, refusal: LedgerError, **forms: Any) -> ResponseReturnValue:
    return show_product(product_id, "stock", status_of(refusal), stock_trouble=refusal.message, **forms)


def _list(form: ProductSearchForm, page: ProductPage | None, status: int = 200) -> ResponseReturnValue:
    rows = page.rows if page else ()
    return render(
        "products/index.html",
        "products/_product_list.html",
        status,
        form=form,
        products=rows,
        categories=queries.list_categories(g.tenant.id),
        earlier=_address(form, before=page.before) if page else "",
        later=_address(form, after=page.after) if page else "",
        is_new_shop=not rows and not queries.has_products(g.tenant.id),
    )


def _address(form: ProductSearchForm, **key: uuid.UUID | None) -> str:
    """Return the address of the next page that way; nothing if there is none."""
    if not any(key.values()):
        return ""
    asked: dict[str, Any] = {
        "q": form.q.data or None,
        "archived": "y" if form.archived.data else None,
        "category": form.category.data,
        **key,
    }
    return url_for("products.index", **asked)


def _archive(product_id: uuid.UUID, *, archived: bool, sentence: str) -> ResponseReturnValue:
    form = ArchivalForm(request.form)
    if not form.validate():
        return show_product(product_id, status=422, trouble=" ".join(form.sentences))
    services.archive_product(form.to_command(product_id, archived=archived), new_act())
    say(sentence)
    return redirect_to("products.show", product_id=product_id)


def _new_form(sent: Any) -> NewProductForm:
    """Make the form of a new product; opening stock is only for those who may say how much there is."""
    form = NewProductForm(sent, data={"unit": "pcs", "tax_percent": 0, "stock_policy": usual_stock_policy(g.tenant.id)})
    form.tax_class_id.choices = [("", gettext(OWN_TAX)), *queries.list_tax_choices(g.tenant.id)]
    if not may(STOCK_ADJUST):
        del form.opening_quantity
        del form.opening_unit_cost
    return form


def _new(form: NewProductForm, status: int = 200, **context: Any) -> ResponseReturnValue:
    known = {"trouble": "", "holder": None, "categories": queries.list_categories(g.tenant.id)}
    return render("products/new.html", "products/_product_form.html", status, form=form, **(known | context))


def _description_of(product: ProductDetails) -> EditProductForm:
    names = ("name", "short_name", "sku", "brand", "category", "tags", "till_note", "note", "version")
    return EditProductForm(data={name: getattr(product, name) for name in names})


def _describe(form: EditProductForm, product: ProductDetails, status: int = 200, **context: Any) -> ResponseReturnValue:
    known = {"trouble": "", "holder": None, "both": (), "categories": queries.list_categories(g.tenant.id)}
    return render(
        "products/edit.html",
        "products/_description_form.html",
        status,
        form=form,
        product=product,
        **(known | context),
    )


def _stock_rules_of(product: ProductDetails) -> StockRulesForm:
    names = ("unit", "stock_policy", "reorder_level", "reorder_to", "version")
    return StockRulesForm(data={name: getattr(product, name) for name in names})


def _rule(form: StockRulesForm, product: ProductDetails, status: int = 200, **context: Any) -> ResponseReturnValue:
    known = {"trouble": "", "both": ()}
    return render(
        "products/stock_rules.html",
        "products/_stock_rules_form.html",
        status,
        form=form,
        product=product,
        **(known | context),
    )
