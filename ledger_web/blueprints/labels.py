"""Labels: collected in a queue, printed on sheets or rolls at their true size, with codes for what has none."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, TypeVar

from flask import Blueprint, Response, abort, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.barcodes import SYMBOLOGIES
from ledger_web.domain.errors import InvalidBarcodeError, NotFoundError, RuleViolationError
from ledger_web.domain.labels import COPIES_MANY, COPIES_MAX
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import BARCODE_ASSIGN, LABEL_PRICE, LABEL_PRINT
from ledger_web.domain.pictures import png
from ledger_web.domain.scans import read_scan
from ledger_web.domain.symbols import rows_of
from ledger_web.error_pages import status_of
from ledger_web.filters import shop_signs, shop_today, shop_zone
from ledger_web.forms.labels import (
    CopiesForm,
    FoundForm,
    GiveCodesForm,
    PrintJobForm,
    PrintLabelsForm,
    QueueActForm,
    QueueForm,
    RepricedForm,
    ReprintForm,
)
from ledger_web.identity import may, new_act, permission_required
from ledger_web.label_sheets import Job, draw_sheets, stylesheet_of, write_pdf
from ledger_web.queries import labels as queries
from ledger_web.queries.carts import ProductHit, list_product_hits
from ledger_web.queries.scans import UNKNOWN, Scanned, resolve
from ledger_web.rendering import redirect_to, render, say, tell_scanner
from ledger_web.services import label_jobs as job_services
from ledger_web.services import labels as services
from ledger_web.services.own_codes import give_codes

blueprint = Blueprint("labels", __name__, url_prefix="/labels")

PIXELS_MAX = 4000
LINES_SHOWN = 200  # of a queue

F = TypeVar("F", bound=PrintLabelsForm)


@blueprint.get("/")
@permission_required(LABEL_PRINT)
def index() -> ResponseReturnValue:
    return _show()


@blueprint.post("/queue")
@permission_required(LABEL_PRINT)
def create() -> ResponseReturnValue:
    """Queue what a code means, what a name means if it means one thing, or what was chosen."""
    form = QueueForm(request.form)
    if not form.validate():
        return _notice(Scanned(UNKNOWN, form.q.raw, trouble=" ".join(form.sentences)))
    copies = form.copies.data or 1
    if form.product_id.data:
        services.queue_label(form.to_command(form.product_id.data, form.unit_id.data, copies), new_act())
        return _done()
    try:
        return _queue_meant(form, form.q.data or "", copies)
    except RuleViolationError as refusal:
        return _notice(Scanned(UNKNOWN, form.q.raw, trouble=refusal.message))


@blueprint.post("/queue/found")
@permission_required(LABEL_PRINT)
def create_found() -> ResponseReturnValue:
    """Queue a label of each product that a search finds."""
    form = FoundForm(request.form)
    if not form.validate():
        return _refused(" ".join(form.sentences), found_form=form)
    found = queries.list_found_products(g.tenant.id, form.search.data, COPIES_MAX + 1)
    if not found:
        return _refused(gettext("No product has “%(data)s” in its name.", data=form.search.data), found_form=form)
    return _queued(services.queue_products(form.to_command(found), new_act()))


@blueprint.post("/queue/repriced")
@permission_required(LABEL_PRINT)
def create_repriced() -> ResponseReturnValue:
    """Queue a label of each product whose price changed since a day."""
    form = RepricedForm(request.form)
    if not form.validate():
        return _refused(" ".join(form.sentences), repriced_form=form)
    since = dt.datetime.combine(form.since.data, g.tenant.day_starts_at, shop_zone())
    found = queries.list_repriced_products(g.tenant.id, since, COPIES_MAX + 1)
    if not found:
        return _refused(gettext("No price has changed since then."), repriced_form=form)
    return _queued(services.queue_products(form.to_command(found), new_act()))


@blueprint.post("/queue/<uuid:line_id>")
@permission_required(LABEL_PRINT)
def update(line_id: uuid.UUID) -> ResponseReturnValue:
    form = CopiesForm(request.form)
    if not form.validate():
        return _refused(" ".join(form.sentences), typed={line_id: form.copies.raw})
    services.set_copies(form.to_command(line_id), new_act())
    return _done()


@blueprint.post("/queue/empty")
@permission_required(LABEL_PRINT)
def empty() -> ResponseReturnValue:
    form = QueueActForm(request.form)
    if not form.validate():
        return _refused(" ".join(form.sentences))
    services.empty_label_queue(form.to_empty(), new_act())
    return _done()


@blueprint.post("/codes")
@permission_required(BARCODE_ASSIGN)
def create_codes() -> ResponseReturnValue:
    """Give codes of the shop's own to every product that has none."""
    form = GiveCodesForm(request.form)
    if not form.validate():
        return _refused(" ".join(form.sentences))
    given = give_codes(form.to_command(), new_act())
    say(gettext("%(given)s products have a code now.", given=given) if given else "Every product has a code already.")
    return redirect_to(".index")


@blueprint.post("/codes/<uuid:product_id>")
@permission_required(BARCODE_ASSIGN)
def create_code(product_id: uuid.UUID) -> ResponseReturnValue:
    """Give a code of the shop's own to one product."""
    form = GiveCodesForm(request.form)
    if not form.validate():
        return _refused(" ".join(form.sentences))
    given = give_codes(form.to_command(product_id), new_act())
    say("It has a code now." if given else "It has a code already.")
    return redirect_to("products.show", product_id=product_id)


@blueprint.get("/print")
@permission_required(LABEL_PRINT)
def show() -> ResponseReturnValue:
    """Show what would be printed. Nothing is recorded before it is."""
    form = _print_form(PrintLabelsForm, request.args)
    if not form.validate():
        return _show(422, print_form=form)
    rows = queries.list_queued_labels(g.tenant.id, g.identity.user_id, shop_today())
    job = _job(form.template.data, form.printer_id, form.start.data or 1, without_price=bool(form.without_price.data))
    try:
        sheets = draw_sheets(job, rows)
    except RuleViolationError as error:
        return _show(status_of(error), print_form=form, trouble=error.message)
    return render(
        "labels/sheet.html",
        job=job,
        sheets=sheets,
        form=form,
        record=None,
        is_many=sheets.total > COPIES_MANY,
        has_prices=may(LABEL_PRICE),
    )


@blueprint.post("/jobs")
@permission_required(LABEL_PRINT)
def create_job() -> ResponseReturnValue:
    """Print what is queued: from now on it is a job, and the queue is empty."""
    form = _print_form(PrintJobForm, request.form)
    if not form.validate():
        return _show(422, print_form=form)
    command = form.to_command(without_price=not may(LABEL_PRICE))
    try:
        draw_sheets(
            _job(command.template, command.printer_id, command.start, without_price=command.without_price),
            queries.list_queued_labels(g.tenant.id, g.identity.user_id, shop_today()),
            only_look=True,
        )
        printed = job_services.print_labels(command, new_act())
    except RuleViolationError as error:
        return _show(status_of(error), print_form=form, trouble=error.message)
    return _printed(printed.id)


@blueprint.get("/jobs/<uuid:job_id>")
@permission_required(LABEL_PRINT)
def show_job(job_id: uuid.UUID) -> ResponseReturnValue:
    record, job, rows = _recorded(job_id)
    try:
        sheets = draw_sheets(job, rows)
    except RuleViolationError as error:
        return _show(status_of(error), trouble=error.message)
    return render("labels/sheet.html", job=job, sheets=sheets, record=record, is_now=bool(request.args.get("print")))


@blueprint.get("/jobs/<uuid:job_id>.pdf")
@permission_required(LABEL_PRINT)
def show_pdf(job_id: uuid.UUID) -> ResponseReturnValue:
    record, job, rows = _recorded(job_id)
    try:
        content = write_pdf(job, draw_sheets(job, rows), record.printed_at)
    except RuleViolationError as error:
        return _show(status_of(error), trouble=error.message)
    answer = Response(content, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="labels-{record.printed_at:%Y-%m-%d-%H%M}.pdf"'
    return answer


@blueprint.post("/jobs/<uuid:job_id>/reprints")
@permission_required(LABEL_PRINT)
def create_reprint(job_id: uuid.UUID) -> ResponseReturnValue:
    """Print the labels of a job again."""
    form = ReprintForm(request.form)
    if not form.validate():
        return _refused(" ".join(form.sentences))
    printed = job_services.reprint_labels(form.to_command(job_id), new_act())
    return _printed(printed.id)


@blueprint.get("/papers/<key>.css")
@permission_required(LABEL_PRINT)
def stylesheet(key: str) -> ResponseReturnValue:
    """The size of a paper, in millimetres: a file of its own, as no style may stand in the page."""
    template = queries.find_template(g.tenant.id, key, archived=True)
    if template is None:
        raise NotFoundError
    return Response(stylesheet_of(template), mimetype="text/css")


@blueprint.get("/symbols/<symbology>/<path:code>.png")
@permission_required(LABEL_PRINT)
def picture(symbology: str, code: str) -> ResponseReturnValue:
    """Draw a code on the dots of a printer: `dots` a module, `height` in dots."""
    dots, height = request.args.get("dots", 3, type=int), request.args.get("height", 100, type=int)
    if symbology not in SYMBOLOGIES or not 1 <= dots <= 20 or not 1 <= height <= PIXELS_MAX:
        raise NotFoundError
    try:
        rows = rows_of(code, symbology)
    except InvalidBarcodeError:
        abort(404)
    dpi = request.args.get("dpi", 203, type=int)
    return Response(png(rows, dots=dots, height=height, dpi=min(max(dpi, 72), 1200)), mimetype="image/png")


def _queue_meant(form: QueueForm, typed: str, copies: int) -> ResponseReturnValue:
    """Queue what was typed or scanned, `12*` before it for twelve labels; of several, ask which."""
    scan = read_scan(typed, shop_signs())
    if scan.quantity is not None:
        if scan.quantity != int(scan.quantity) or scan.quantity > COPIES_MAX:
            raise RuleViolationError(
                gettext(
                    "Print from 1 to %(copies_max)s labels of a product at once, a whole number.",
                    copies_max=f"{COPIES_MAX:,}",
                )
            )
        copies = int(scan.quantity)
    scanned = resolve(g.tenant.id, scan.text)
    if scanned.product:
        unit_id = scanned.unit.id if scanned.unit else None
        services.queue_label(form.to_command(scanned.product.id, unit_id, copies), new_act())
        return tell_scanner(_done(), "good", f"{scanned.product.name}, {copies}")
    hits = list_product_hits(g.tenant.id, scan.text) if scanned.kind == UNKNOWN and not scanned.trouble else []
    if len(hits) == 1:
        services.queue_label(form.to_command(hits[0].id, None, copies), new_act())
        return _done()
    if hits:
        return _show(hits=hits, q=typed, copies=copies)
    return _notice(scanned)


def _notice(scanned: Scanned) -> ResponseReturnValue:
    """Say that a code queued nothing, and what can be done about it; other codes may be on their way."""
    sentence = scanned.trouble or gettext("Nothing here is called or coded “%(text)s”.", text=scanned.text)
    return tell_scanner(_show(422, notice=scanned, q=scanned.text), "bad", sentence)


def _refused(trouble: str, **context: Any) -> ResponseReturnValue:
    return tell_scanner(_show(422, trouble=trouble, **context), "bad", trouble)


def _queued(count: int) -> ResponseReturnValue:
    say(gettext("%(count)s products were added.", count=count) if count else "They are all queued already.")
    return _done()


def _printed(job_id: uuid.UUID) -> ResponseReturnValue:
    if request.form.get("as") == "pdf":
        return redirect_to(".show_pdf", job_id=job_id)
    return redirect_to(".show_job", job_id=job_id, print="y")


def _recorded(job_id: uuid.UUID) -> tuple[queries.JobRow, Job, list[queries.LabelRow]]:
    record = queries.find_job(g.tenant.id, job_id)
    if record is None:
        raise NotFoundError("These labels were never printed in this shop.")
    job = _job(record.template, record.printer_id, record.start, without_price=record.without_price)
    return record, job, queries.list_job_labels(g.tenant.id, job_id, shop_today())


def _job(key: str, printer_id: uuid.UUID | None, start: int, *, without_price: bool) -> Job:
    template = queries.find_template(g.tenant.id, key, archived=True)
    if template is None:
        raise NotFoundError("There is no such label template in this shop.")
    printer = queries.find_printer(g.tenant.id, printer_id) if printer_id else None
    has_price = may(LABEL_PRICE) and not without_price
    return Job(template, printer.printer if printer else None, start, has_price=has_price)


def _print_form(kind: type[F], sent: Any = None) -> F:
    form = kind(sent)
    printers = [(printer.id, printer.name) for printer in queries.list_printers(g.tenant.id)]
    form.offer(queries.list_templates(g.tenant.id), printers)
    return form


def _show(
    status: int = 200,
    *,
    trouble: str = "",
    hits: list[ProductHit] | None = None,
    q: str = "",
    copies: int = 1,
    typed: Mapping[uuid.UUID, str] | None = None,  # copies of a line, as they were refused
    notice: Scanned | None = None,
    print_form: PrintLabelsForm | None = None,
    found_form: FoundForm | None = None,
    repriced_form: RepricedForm | None = None,
) -> Response:
    return render(
        "labels/index.html",
        "labels/queue.htmx.html",
        status,
        rows=queries.list_queued_labels(g.tenant.id, g.identity.user_id, shop_today(), most=LINES_SHOWN),
        queued=queries.count_queued_labels(g.tenant.id, g.identity.user_id),
        without_code=queries.count_products_without_code(g.tenant.id),
        jobs=queries.list_jobs(g.tenant.id),
        print_form=print_form or _print_form(PrintLabelsForm),
        found_form=found_form or FoundForm(),
        repriced_form=repriced_form or RepricedForm(),
        codes_form=GiveCodesForm(),
        trouble=trouble,
        hits=hits or [],
        q=q,
        copies=copies,
        typed=typed or {},
        notice=notice,
        has_prices=may(LABEL_PRICE),
    )


def _done() -> ResponseReturnValue:
    return _show() if request.htmx else redirect_to(".index")  # type: ignore[attr-defined]
