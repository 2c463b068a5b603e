"""Codes of the shop's own that are printed ahead: reserved here, given to a product when they are first scanned."""

import datetime as dt
import uuid

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.barcodes import SYMBOLOGIES
from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.internal_codes import BLOCK_MAX
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import BARCODE_ASSIGN
from ledger_web.error_pages import status_of
from ledger_web.forms.labels import PrintLabelsForm, ReserveCodesForm
from ledger_web.identity import new_act, permission_required
from ledger_web.label_sheets import Job, Sheets, draw_sheets, write_pdf
from ledger_web.queries import code_blocks as queries
from ledger_web.queries.labels import LabelRow, find_printer, find_template, list_printers, list_templates
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.own_codes import reserve_codes

blueprint = Blueprint("code_blocks", __name__, url_prefix="/labels/blocks")


@blueprint.get("/")
@permission_required(BARCODE_ASSIGN)
def index() -> ResponseReturnValue:
    return _index(ReserveCodesForm())


@blueprint.post("/")
@permission_required(BARCODE_ASSIGN)
def create() -> ResponseReturnValue:
    form = ReserveCodesForm(request.form)
    if not form.validate():
        return _index(form, 422)
    try:
        reserved = reserve_codes(form.to_command(), new_act())
    except RuleViolationError as refusal:
        return _index(form, status_of(refusal), trouble=refusal.message)
    say(gettext("These codes are yours now. Print them; each means a product once it is scanned and attached."))
    return redirect_to(".show", block_id=reserved.id)


@blueprint.get("/<uuid:block_id>")
@permission_required(BARCODE_ASSIGN)
def show(block_id: uuid.UUID) -> ResponseReturnValue:
    return _show(queries.get_block(g.tenant.id, block_id), _print_form())


@blueprint.get("/<uuid:block_id>/print")
@permission_required(BARCODE_ASSIGN)
def show_sheets(block_id: uuid.UUID) -> ResponseReturnValue:
    """Show the labels of the codes that mean nothing yet."""
    block, form = queries.get_block(g.tenant.id, block_id), _print_form(request.args)
    if not form.validate():
        return _show(block, form, 422)
    job = _job(form)
    try:
        sheets = _sheets(block, job)
    except RuleViolationError as refusal:
        return _show(block, form, status_of(refusal), trouble=refusal.message)
    return render("labels/sheet.html", job=job, sheets=sheets, form=form, block=block, record=None)


@blueprint.get("/<uuid:block_id>/print.pdf")
@permission_required(BARCODE_ASSIGN)
def show_pdf(block_id: uuid.UUID) -> ResponseReturnValue:
    block, form = queries.get_block(g.tenant.id, block_id), _print_form(request.args)
    if not form.validate():
        return _show(block, form, 422)
    job = _job(form)
    try:
        content = write_pdf(job, _sheets(block, job), dt.datetime.now(dt.UTC))
    except RuleViolationError as refusal:
        return _show(block, form, status_of(refusal), trouble=refusal.message)
    answer = Response(content, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="codes-{block.first_code}.pdf"'
    return answer


def _sheets(block: queries.BlockRow, job: Job) -> Sheets:
    codes = block.codes
    given = {row.code for row in queries.list_given(g.tenant.id, codes)}
    left = [code for code in codes if code not in given]
    if not left:
        raise RuleViolationError("Every code of this block means a product already. Reserve another block.")
    return draw_sheets(job, [_label(block, code) for code in left])


def _label(block: queries.BlockRow, code: str) -> LabelRow:
    """A label with nothing on it but its code: what it will stick on is not known yet."""
    return LabelRow(
        line_id=block.id,
        product_id=block.id,
        unit_id=None,
        name="",
        variant="",
        sku=None,
        unit="",
        unit_price=0,
        old_price=None,
        has_tax_on_top=False,
        code=code,
        symbology=block.symbology,
        copies=1,
    )


def _job(form: PrintLabelsForm) -> Job:
    template = find_template(g.tenant.id, form.template.data)
    if template is None:
        raise NotFoundError("There is no such label template in this shop.")
    printer = find_printer(g.tenant.id, form.printer_id) if form.printer_id else None
    return Job(template, printer.printer if printer else None, form.start.data or 1, has_price=False)


def _print_form(sent: "dict[str, str] | None" = None) -> PrintLabelsForm:
    form = PrintLabelsForm(sent)  # type: ignore[arg-type]
    form.offer(list_templates(g.tenant.id), [(row.id, row.name) for row in list_printers(g.tenant.id)])
    return form


def _index(form: ReserveCodesForm, status: int = 200, *, trouble: str = "") -> ResponseReturnValue:
    return render(
        "code_blocks/index.html",
        status=status,
        blocks=queries.list_blocks(g.tenant.id),
        symbologies=SYMBOLOGIES,
        block_max=BLOCK_MAX,
        form=form,
        trouble=trouble,
    )


def _show(
    block: queries.BlockRow, form: PrintLabelsForm, status: int = 200, *, trouble: str = ""
) -> ResponseReturnValue:
    return render(
        "code_blocks/show.html",
        status=status,
        block=block,
        given=queries.list_given(g.tenant.id, block.codes),
        symbologies=SYMBOLOGIES,
        form=form,
        trouble=trouble,
    )
