"""Files of products: chosen, looked at in a dry run that changes nothing, then imported as a whole."""

import uuid
from collections.abc import Iterator
from dataclasses import astuple
from itertools import chain
from typing import Any, Final

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import CombinedMultiDict

from ledger_web.domain.errors import ConflictError, RuleViolationError
from ledger_web.domain.permissions import PRODUCT_COST, PRODUCT_IMPORT
from ledger_web.domain.products import STOCK_POLICIES
from ledger_web.domain.sheets import Row, amount_cell, quantity_cell
from ledger_web.downloads import download
from ledger_web.error_pages import status_of
from ledger_web.forms.product_imports import CheckForm, ImportForm, StepForm, UploadForm
from ledger_web.identity import may, new_act, permission_required
from ledger_web.queries import product_imports as queries
from ledger_web.queries.product_imports import ExportedProduct
from ledger_web.rendering import redirect_to, render, say, wants_fragment
from ledger_web.services import product_imports as services
from ledger_web.services.product_imports import ChangedMeanwhileError, CheckImport

blueprint = Blueprint("product_imports", __name__, url_prefix="/products/imports")

FILE_BYTES_MAX: Final = 10 * 1024 * 1024


@blueprint.url_value_preprocessor
def _take_files(endpoint: str | None, _values: object) -> None:
    """Let a file be larger than other forms. Here, because CSRF protection reads the form before any handler."""
    if endpoint == "product_imports.create":
        request.max_content_length = FILE_BYTES_MAX


@blueprint.get("/")
@permission_required(PRODUCT_IMPORT)
def index() -> ResponseReturnValue:
    return _index(UploadForm(data={"stock_policy": "warn"}))


@blueprint.post("/")
@permission_required(PRODUCT_IMPORT)
def create() -> ResponseReturnValue:
    sent: Any = CombinedMultiDict([request.files, request.form])
    form = UploadForm(sent)
    if not form.validate():
        return _index(form, 422)
    try:
        uploaded = services.upload_products(form.to_command(), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _index(form, status_of(refusal), refusal.message)
    return redirect_to("product_imports.show", import_id=uploaded.id)


@blueprint.get("/<uuid:import_id>")
@permission_required(PRODUCT_IMPORT)
def show(import_id: uuid.UUID) -> ResponseReturnValue:
    return _show(import_id)


@blueprint.post("/<uuid:import_id>")
@permission_required(PRODUCT_IMPORT)
def update(import_id: uuid.UUID) -> ResponseReturnValue:
    """Carry the import out."""
    form = ImportForm(request.form)
    if not form.validate():
        return _show(import_id, 422, " ".join(form.sentences))
    try:
        imported = services.carry_out_import(form.to_command(import_id), new_act())
    except ChangedMeanwhileError as refusal:
        services.check_import(CheckImport(import_id=import_id), new_act())
        return _show(import_id, status_of(refusal), refusal.message)
    except (RuleViolationError, ConflictError) as refusal:
        return _show(import_id, status_of(refusal), refusal.message)
    say("This file was imported already." if imported.replayed else "The products were imported.")
    return redirect_to("product_imports.show", import_id=import_id)


@blueprint.post("/<uuid:import_id>/steps")
@permission_required(PRODUCT_IMPORT)
def create_step(import_id: uuid.UUID) -> ResponseReturnValue:
    """Check the next rows: htmx asks by itself until all are checked, without it a person does."""
    form = StepForm(request.form)
    if not form.validate():
        return _show(import_id, 422, " ".join(form.sentences))
    services.continue_check(form.to_command(import_id), new_act())
    return _show(import_id) if wants_fragment() else redirect_to(".show", import_id=import_id)


@blueprint.post("/<uuid:import_id>/check")
@permission_required(PRODUCT_IMPORT)
def create_check(import_id: uuid.UUID) -> ResponseReturnValue:
    form = CheckForm(request.form)
    if not form.validate():
        return _show(import_id, 422, " ".join(form.sentences))
    try:
        services.check_import(CheckImport(import_id=import_id), new_act())
    except RuleViolationError as refusal:
        return _show(import_id, status_of(refusal), refusal.message)
    return redirect_to("product_imports.show", import_id=import_id)


@blueprint.get("/<uuid:import_id>/problems.<any(csv, xlsx):ending>")
@permission_required(PRODUCT_IMPORT)
def problems(import_id: uuid.UUID, ending: str) -> ResponseReturnValue:
    """Download the rows that cannot be imported, for whoever corrects the file."""
    report = queries.get_import(g.tenant.id, import_id)
    return download("problems", ending, chain([("line", "reason")], map(astuple, report.problems)))


@blueprint.get("/products.<any(csv, xlsx):ending>")
@permission_required(PRODUCT_IMPORT)
def products(ending: str) -> ResponseReturnValue:
    """Download all products in use, in the columns that an import reads: the same file back changes nothing."""
    return download("products", ending, _rows(queries.iterate_products(g.tenant.id)))


def _rows(products: Iterator[ExportedProduct]) -> Iterator[Row]:
    currency = g.tenant.base_currency
    sees_cost = may(PRODUCT_COST)
    yield "name", "barcode", "sku", "price", "unit", "tax_percent", "quantity", *(("cost",) if sees_cost else ())
    for each in products:
        price = amount_cell(each.unit_price, currency)
        quantity = None if each.quantity is None else quantity_cell(each.quantity)
        cost = (None if each.unit_cost is None else amount_cell(each.unit_cost, currency),) if sees_cost else ()
        yield each.name, each.code, each.sku, price, each.unit, quantity_cell(each.tax_percent), quantity, *cost


def _index(form: UploadForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    return render(
        "product_imports/index.html",
        "product_imports/_upload_form.html",
        status,
        form=form,
        imports=queries.list_imports(g.tenant.id),
        trouble=trouble,
    )


def _show(import_id: uuid.UUID, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    report = queries.get_import(g.tenant.id, import_id)
    return render(
        "product_imports/show.html",
        "product_imports/_dry_run.html",
        status,
        report=report,
        form=ImportForm(data={"digest": report.digest}),
        policies=STOCK_POLICIES,
        trouble=trouble,
    )
