"""A code from anywhere: it opens what it means; a code that means nothing can be given to a product."""

import datetime as dt
from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.barcodes import SYMBOLOGIES, read_barcode
from ledger_web.domain.errors import ConflictError, InvalidBarcodeError, RuleViolationError
from ledger_web.domain.gs1 import SEPARATOR, read_elements
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import BARCODE_ASSIGN, PRODUCT_VIEW
from ledger_web.error_pages import status_of
from ledger_web.forms.scans import AttachmentForm, AttachmentSearchForm, LookUpForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.carts import list_product_hits
from ledger_web.queries.scans import SALE, UNKNOWN, Scanned, resolve
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.barcodes import add_barcode

blueprint = Blueprint("scan", __name__, url_prefix="/scan")


@blueprint.get("")
@permission_required(PRODUCT_VIEW)
def show() -> ResponseReturnValue:
    """Open what a code means; show a code that means nothing, with what can be done about it."""
    form = LookUpForm(request.args)
    scanned, trouble = _look_up(form)
    if scanned and scanned.kind == SALE:
        return redirect_to("sales.show", sale_id=scanned.sale_id)
    if scanned and scanned.product:
        return redirect_to("products.show", product_id=scanned.product.id)
    return render("scan/show.html", "scan/_look_up.html", 422 if trouble else 200, **_reading(form, scanned, trouble))


@blueprint.get("/test")
@permission_required(PRODUCT_VIEW)
def show_test() -> ResponseReturnValue:
    """Say how a code is read. Nothing is opened and nothing is saved."""
    form = LookUpForm(request.args)
    scanned, trouble = _look_up(form)
    return render("scan/test.html", "scan/_reading.html", 422 if trouble else 200, **_reading(form, scanned, trouble))


@blueprint.get("/attachment")
@permission_required(BARCODE_ASSIGN)
def new_attachment() -> ResponseReturnValue:
    form = AttachmentSearchForm(request.args)
    if not form.validate():
        return _show_attachment(form, 422, trouble=" ".join(form.sentences))
    return _show_attachment(form)


@blueprint.post("/attachment")
@permission_required(BARCODE_ASSIGN)
def create_attachment() -> ResponseReturnValue:
    form = AttachmentForm(request.form)
    search = AttachmentSearchForm(request.form)
    search.validate()
    if not form.validate():
        return _show_attachment(search, 422, trouble=" ".join(form.sentences))
    try:
        add_barcode(form.to_command(), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show_attachment(search, status_of(refusal), trouble=refusal.message)
    say(gettext("The code %(code)s means this product now.", code=form.code.data.code))
    if _leads_to_till():
        return redirect_to("sell.show")
    return redirect_to("products.show", product_id=form.product_id.data)


def _look_up(form: LookUpForm) -> tuple[Scanned | None, str]:
    if not form.validate():
        return None, " ".join(form.sentences)
    if not form.code.data:
        return None, ""
    try:
        scanned = resolve(g.tenant.id, form.code.data)
    except RuleViolationError as refusal:
        return None, refusal.message
    return scanned, scanned.trouble


def _reading(form: LookUpForm, scanned: Scanned | None, trouble: str) -> dict[str, Any]:
    kind, code = _kind_and_code(form.code.data or "") if scanned else ("", "")
    return {
        "form": form,
        "scanned": scanned,
        "is_unknown": scanned is not None and scanned.kind == UNKNOWN,
        "trouble": trouble,
        "kind": kind,
        "code": code,
        "shown": (form.code.data or "").replace(SEPARATOR, "\u241d"),
    }


def _kind_and_code(text: str) -> tuple[str, str]:
    """Name the kind of code that a text is, with the code as it is stored; nothing if it is none."""
    elements = read_elements(text, dt.datetime.now(dt.UTC).date())
    if elements:
        return "GS1 element string", elements.codes[0]
    try:
        barcode = read_barcode(text)
    except InvalidBarcodeError:
        return "", ""
    return SYMBOLOGIES[barcode.symbology], barcode.code


def _show_attachment(form: AttachmentSearchForm, status: int = 200, *, trouble: str = "") -> ResponseReturnValue:
    return render(
        "scan/attachment.html",
        "scan/_attachable.html",
        status,
        form=form,
        trouble=trouble,
        hits=list_product_hits(g.tenant.id, form.q.data or "") if form.code.data else [],
        to="sell" if _leads_to_till() else "",
    )


def _leads_to_till() -> bool:
    return request.values.get("to") == "sell"
