"""Counting the shelves: begun, scanned by several people at once, looked at, posted."""

import uuid
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, InvalidQuantityError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import PRODUCT_COST, STOCK_ADJUST, STOCK_COUNT
from ledger_web.domain.scans import Scan, read_scan
from ledger_web.domain.sheets import Row, amount_cell, quantity_cell
from ledger_web.domain.signs import signs_of
from ledger_web.domain.units import in_base
from ledger_web.downloads import download
from ledger_web.error_pages import status_of
from ledger_web.forms.stock import CountActForm, CountedForm, CountForm, CountScanForm, PostingForm
from ledger_web.identity import may, new_act, permission_required
from ledger_web.queries import stock_counts as queries
from ledger_web.queries.carts import ProductHit, list_product_hits
from ledger_web.queries.scans import PRODUCT, UNKNOWN, Scanned, resolve
from ledger_web.queries.stock_counts import CountLine, CountRow
from ledger_web.rendering import redirect_to, render, say, tell_scanner, wants_fragment
from ledger_web.services import stock_counts as services

blueprint = Blueprint("stock_counts", __name__, url_prefix="/stock/counts")


@blueprint.get("/")
@permission_required(STOCK_COUNT)
def index() -> ResponseReturnValue:
    return _index(CountForm())


@blueprint.post("/")
@permission_required(STOCK_COUNT)
def create() -> ResponseReturnValue:
    form = CountForm(request.form)
    if not form.validate():
        return _index(form, 422)
    begun = services.start_count(form.to_command(), new_act())
    return redirect_to(".show", count_id=begun.id)


@blueprint.get("/<uuid:count_id>")
@permission_required(STOCK_COUNT)
def show(count_id: uuid.UUID) -> ResponseReturnValue:
    return _show(count_id)


@blueprint.get("/<uuid:count_id>/hits")
@permission_required(STOCK_COUNT)
def hits(count_id: uuid.UUID) -> ResponseReturnValue:
    """Products that what is being typed may mean; nothing while it is not a sensible text."""
    try:
        scan = read_scan(request.args.get("q", "")[:200], signs_of(g.tenant.locale))
    except RuleViolationError:
        scan = Scan("", None)
    found = list_product_hits(g.tenant.id, scan.text) if len(scan.text) > 1 else []
    return _show(count_id, fragment="stock_counts/_hits.html", found=found, scan=scan)


@blueprint.post("/<uuid:count_id>/lines")
@permission_required(STOCK_COUNT)
def create_line(count_id: uuid.UUID) -> ResponseReturnValue:
    form = CountScanForm(request.form)
    if not form.validate():
        return _show(count_id, 422, trouble=" ".join(form.sentences), q=form.q.raw)
    try:
        scan = read_scan(form.q.data or "", signs_of(g.tenant.locale))
    except InvalidQuantityError as error:
        return _show(
            count_id, 422, trouble=gettext("Before the star: %(message)s", message=error.message), q=form.q.raw
        )
    if form.product_id.data:
        return _add(count_id, form, form.product_id.data, form.quantity.data or Decimal(1))
    return _resolve(count_id, form, scan)


@blueprint.post("/<uuid:count_id>/lines/<uuid:product_id>")
@permission_required(STOCK_COUNT)
def update_line(count_id: uuid.UUID, product_id: uuid.UUID) -> ResponseReturnValue:
    form = CountedForm(request.form)
    if not form.validate():
        return _show(count_id, 422, line_forms={product_id: form})
    try:
        services.set_counted(form.to_command(count_id, product_id), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show(count_id, status_of(refusal), line_forms={product_id: form}, trouble=refusal.message)
    return _done(count_id)


@blueprint.post("/<uuid:count_id>/lines/<uuid:product_id>/delete")
@permission_required(STOCK_COUNT)
def delete_line(count_id: uuid.UUID, product_id: uuid.UUID) -> ResponseReturnValue:
    form = CountActForm(request.form)
    if not form.validate():
        return _show(count_id, 422, trouble=" ".join(form.sentences))
    try:
        services.forget_counted(form.to_forget(count_id, product_id), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show(count_id, status_of(refusal), trouble=refusal.message)
    return _done(count_id)


@blueprint.get("/<uuid:count_id>/posting")
@permission_required(STOCK_ADJUST)
def new_posting(count_id: uuid.UUID) -> ResponseReturnValue:
    """Show what differs, and what posting it would do."""
    return _show_posting(count_id)


@blueprint.post("/<uuid:count_id>/posting")
@permission_required(STOCK_ADJUST)
def create_posting(count_id: uuid.UUID) -> ResponseReturnValue:
    form = PostingForm(request.form)
    if not form.validate():
        return _show_posting(count_id, 422, " ".join(form.sentences), form)
    try:
        posted = services.post_count(form.to_command(count_id, g.tenant.base_currency), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show_posting(count_id, status_of(refusal), refusal.message, form)
    say(
        "This count was posted already." if posted.replayed else "The count was posted. The books say what was counted."
    )
    return redirect_to(".show", count_id=count_id)


@blueprint.post("/<uuid:count_id>/lines/<uuid:product_id>/none")
@permission_required(STOCK_ADJUST)
def create_none(count_id: uuid.UUID, product_id: uuid.UUID) -> ResponseReturnValue:
    """Count a product that was left out as not being there."""
    form = CountActForm(request.form)
    if not form.validate():
        return _show_posting(count_id, 422, " ".join(form.sentences))
    try:
        services.set_counted(form.to_none(count_id, product_id), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show_posting(count_id, status_of(refusal), refusal.message)
    return _show_posting(count_id) if wants_fragment() else redirect_to(".new_posting", count_id=count_id)


@blueprint.post("/<uuid:count_id>/discard")
@permission_required(STOCK_ADJUST)
def discard(count_id: uuid.UUID) -> ResponseReturnValue:
    form = CountActForm(request.form)
    if not form.validate():
        return _show_posting(count_id, 422, " ".join(form.sentences))
    try:
        services.discard_count(form.to_discard(count_id), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show_posting(count_id, status_of(refusal), refusal.message)
    say("The count was put aside. Nothing of it was posted.")
    return redirect_to(".index")


@blueprint.get("/<uuid:count_id>/lines.<any(csv, xlsx):ending>")
@permission_required(STOCK_ADJUST)
def lines_file(count_id: uuid.UUID, ending: str) -> ResponseReturnValue:
    queries.get_count(g.tenant.id, count_id)
    return download("count", ending, _rows(queries.iterate_counted(g.tenant.id, count_id)))


def _resolve(count_id: uuid.UUID, form: CountScanForm, scan: Scan) -> ResponseReturnValue:
    """Count what a code means, or the one product a text means; where it may mean several, show them."""
    if not scan.text:
        return _show(count_id, 422, trouble=gettext("Scan a barcode or type a name, then Enter."))
    try:
        scanned = resolve(g.tenant.id, scan.text)
        if scanned.kind == PRODUCT and scanned.product:
            return _add(count_id, form, scanned.product.id, _in_base(scan, scanned), scanned)
    except RuleViolationError as refusal:
        return _notice(count_id, Scanned(UNKNOWN, scan.text, trouble=refusal.message))
    found = list_product_hits(g.tenant.id, scan.text) if scanned.kind == UNKNOWN else []
    if len(found) == 1:
        return _add(count_id, form, found[0].id, scan.quantity or Decimal(1))
    if found:
        return _show(count_id, found=found, scan=scan, q=scan.text)
    return _notice(count_id, scanned)


def _in_base(scan: Scan, scanned: Scanned) -> Decimal:
    """Say how many base units were scanned: typed before the star, times what the code says, times its pack."""
    factor, name = (scanned.unit.factor, scanned.unit.name) if scanned.unit else (Fraction(1), "")
    quantity = round((scan.quantity or Decimal(1)) * (scanned.quantity or Decimal(1)), 6)
    return in_base(quantity, factor, name)


def _add(
    count_id: uuid.UUID, form: CountScanForm, product_id: uuid.UUID, quantity: Decimal, scanned: Scanned | None = None
) -> ResponseReturnValue:
    try:
        services.add_to_count(form.to_command(count_id, product_id, quantity), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        text = scanned.text if scanned else (form.q.data or "")
        return _notice(count_id, Scanned(UNKNOWN, text, trouble=refusal.message), status_of(refusal))
    said = scanned.product.name if scanned and scanned.product else ""
    return tell_scanner(_done(count_id), "good", said)


def _notice(count_id: uuid.UUID, scanned: Scanned, status: int = 422) -> ResponseReturnValue:
    answer = _show(count_id, status, notice=scanned)
    return tell_scanner(answer, "bad", scanned.trouble or gettext("Nothing has the code %(text)s", text=scanned.text))


def _done(count_id: uuid.UUID) -> ResponseReturnValue:
    return _show(count_id) if wants_fragment() else redirect_to(".show", count_id=count_id)


def _index(form: CountForm, status: int = 200) -> ResponseReturnValue:
    return render(
        "stock_counts/index.html",
        "stock_counts/_count_form.html",
        status,
        form=form,
        counts=queries.list_counts(g.tenant.id),
    )


def _show(
    count_id: uuid.UUID,
    status: int = 200,
    *,
    fragment: str = "stock_counts/count.htmx.html",
    found: list[ProductHit] | None = None,
    scan: Scan | None = None,
    q: str = "",
    notice: Scanned | None = None,
    line_forms: dict[uuid.UUID, CountedForm] | None = None,
    trouble: str = "",
) -> ResponseReturnValue:
    count = queries.get_count(g.tenant.id, count_id)
    return render(
        "stock_counts/show.html",
        fragment,
        status,
        count=count,
        lines=queries.list_last_counted(g.tenant.id, count_id),
        shows_expected=_shows_expected(count),
        hits=found or [],
        hit_quantity=(scan.quantity if scan else None) or 1,
        q=q,
        notice=notice,
        line_forms=line_forms or {},
        trouble=trouble,
        op_id=new_id(),
    )


def _shows_expected(count: CountRow) -> bool:
    """Keep the books' figures from whoever counts blindly, until the count is closed."""
    return not count.is_blind or not count.is_open


def _show_posting(
    count_id: uuid.UUID, status: int = 200, trouble: str = "", sent: PostingForm | None = None
) -> ResponseReturnValue:
    count = queries.get_count(g.tenant.id, count_id)
    differences = queries.list_differences(g.tenant.id, count_id)
    form = PostingForm(data={"digest": differences.digest, **({"op_id": sent.op_id.data} if sent else {})})
    return render(
        "stock_counts/posting.html",
        "stock_counts/_posting.html",
        status,
        count=count,
        differences=differences,
        left_out=queries.list_left_out(g.tenant.id, count_id) if count.is_open else [],
        most=queries.LEFT_OUT_MAX,
        form=form,
        trouble=trouble,
    )


def _rows(lines: Iterator[CountLine]) -> Iterator[Row]:
    currency = g.tenant.base_currency
    sees_cost = may(PRODUCT_COST)
    yield "name", "sku", "unit", "expected", "counted", "difference", *(("worth", "currency") if sees_cost else ())
    for line in lines:
        counted = quantity_cell(line.expected), quantity_cell(line.counted), quantity_cell(line.difference)
        worth = (amount_cell(line.worth, currency), currency) if sees_cost else ()
        yield line.name, line.sku, line.unit, *counted, *worth
