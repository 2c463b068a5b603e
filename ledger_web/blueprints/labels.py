"""Labels: collected in a queue, printed on sheets or rolls at their true size, with codes for what has none."""

import uuid
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from flask import Blueprint, Response, abort, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.barcodes import SYMBOLOGIES
from ledger_web.domain.errors import InvalidBarcodeError, NotFoundError, RuleViolationError
from ledger_web.domain.labels import COPIES_MAX, PADDING, PAPERS, DrawnSymbol, Paper, fit_symbol
from ledger_web.domain.permissions import BARCODE_ASSIGN, LABEL_PRINT
from ledger_web.domain.pictures import png
from ledger_web.domain.symbols import rows_of
from ledger_web.error_pages import status_of
from ledger_web.forms.labels import CopiesForm, PrintLabelsForm, QueueActForm, QueueForm
from ledger_web.identity import permission_required
from ledger_web.queries.carts import find_product_by_code, list_product_hits
from ledger_web.queries.labels import LabelRow, count_products_without_code, list_queued_labels
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services import labels as services
from ledger_web.services.unit_of_work import UnitOfWork

blueprint = Blueprint("labels", __name__, url_prefix="/labels")

PIXELS_MAX = 4000


@dataclass(frozen=True, slots=True)
class Label:
    """One label as it is printed: whose, and how its symbol is drawn."""

    row: LabelRow
    symbol: DrawnSymbol


@blueprint.get("/")
@permission_required(LABEL_PRINT)
def index() -> ResponseReturnValue:
    return _show()


@blueprint.post("/queue")
@permission_required(LABEL_PRINT)
def create() -> ResponseReturnValue:
    form = QueueForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences), q=form.q.raw)
    product_id = form.product_id.data
    found = [] if product_id else _meant(form.q.data or "")
    if len(found) == 1:
        product_id = found[0].id
    if product_id is None:
        trouble = "" if found else f"Nothing here is called or coded “{form.q.data}”."
        return _show(200 if found else 422, trouble=trouble, hits=found, q=form.q.data or "")
    services.queue_label(form.to_command(product_id), _act())
    return _done()


@blueprint.post("/queue/<uuid:product_id>")
@permission_required(LABEL_PRINT)
def update(product_id: uuid.UUID) -> ResponseReturnValue:
    form = CopiesForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences))
    services.set_copies(form.to_command(product_id), _act())
    return _done()


@blueprint.post("/queue/empty")
@permission_required(LABEL_PRINT)
def empty() -> ResponseReturnValue:
    form = QueueActForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences))
    services.empty_label_queue(form.to_empty(), _act())
    return _done()


@blueprint.post("/codes")
@permission_required(BARCODE_ASSIGN)
def create_codes() -> ResponseReturnValue:
    """Give codes of the shop's own to every product that has none."""
    form = QueueActForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences))
    given = services.give_codes(form.to_give_codes(), _act())
    say(f"{given} products have a code now." if given else "Every product has a code already.")
    return redirect_to(".index")


@blueprint.post("/codes/<uuid:product_id>")
@permission_required(BARCODE_ASSIGN)
def create_code(product_id: uuid.UUID) -> ResponseReturnValue:
    """Give a code of the shop's own to one product."""
    form = QueueActForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences))
    given = services.give_codes(form.to_give_codes(product_id), _act())
    say("It has a code now." if given else "It has a code already.")
    return redirect_to("products.show", product_id=product_id)


@blueprint.get("/print")
@permission_required(LABEL_PRINT)
def show() -> ResponseReturnValue:
    form = PrintLabelsForm(request.args)
    if not form.validate():
        return _show(422, print_form=form)
    try:
        labels = _labels(form.chosen)
    except RuleViolationError as error:
        return _show(status_of(error), print_form=form, trouble=error.message)
    return render(
        "labels/sheet.html",
        form=form,
        paper=form.chosen,
        sheets=_sheets(labels, form.chosen, (form.start.data or 1) - 1),
        symbol_height=symbol_height(form.chosen),
        total=len(labels),
        narrow=sorted({label.row.name for label in labels if label.symbol.is_narrow}),
    )


@blueprint.get("/papers/<name>.css")
@permission_required(LABEL_PRINT)
def stylesheet(name: str) -> ResponseReturnValue:
    """Where the labels of a paper lie, in millimetres: a file of its own, as no style may stand in the page."""
    paper = PAPERS.get(name)
    if paper is None:
        raise NotFoundError
    return Response(_css(paper), mimetype="text/css")


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


def symbol_height(paper: Paper) -> Decimal:
    """Return how high bars are on a paper, mm: what two lines of name and one of figures leave."""
    return max(Decimal(5), (paper.label_height * Decimal("0.44")).quantize(Decimal("0.1")))


def _labels(paper: Paper) -> list[Label]:
    """Return every label that will be printed, each as often as asked for.

    Raises:
        RuleViolationError: Nothing is queued, too much is, or a code is missing or does not fit.
    """
    rows = list_queued_labels(g.tenant.id, g.identity.user_id)
    if not rows:
        raise RuleViolationError("Nothing is queued yet. Scan or type a product first.")
    if sum(row.copies for row in rows) > COPIES_MAX:
        raise RuleViolationError(f"That is more than {COPIES_MAX:,} labels. Print fewer at once.")
    labels = []
    for row in rows:
        if row.code is None or row.symbology is None:
            raise RuleViolationError(f"{row.name} has no barcode. Give it one, or take it out of the queue.")
        symbol = fit_symbol(paper, row.code, row.symbology)
        if symbol is None:
            raise RuleViolationError(f"The code of {row.name} does not fit on this paper. Choose larger labels.")
        labels += [Label(row, symbol)] * row.copies
    return labels


def _sheets(labels: list[Label], paper: Paper, skipped: int) -> list[list[tuple[int, int, Label]]]:
    """Lay labels out on pages as (row, column, label), leaving the places of the first page that are used up."""
    coming, sheets = iter(labels), []
    while page := list(islice(coming, paper.labels - skipped)):
        sheets.append([(*divmod(place, paper.columns), label) for place, label in enumerate(page, start=skipped)])
        skipped = 0
    return sheets


def _css(paper: Paper) -> str:
    name_size = min(Decimal("3.2"), paper.label_height / 9).quantize(Decimal("0.01"))
    rules = [
        f"@page {{ size: {paper.page_width}mm {paper.page_height}mm; margin: 0; }}",
        f".labels .page {{ position: relative; width: {paper.page_width}mm; height: {paper.page_height}mm; }}",
        f".labels .label {{ position: absolute; width: {paper.label_width}mm; height: {paper.label_height}mm;"
        f" padding: 1mm {PADDING}mm; font-size: {name_size}mm; }}",
    ]
    rules += [f".labels .c{column} {{ left: {paper.position(column)[0]}mm; }}" for column in range(paper.columns)]
    rules += [f".labels .r{row} {{ top: {paper.position(row * paper.columns)[1]}mm; }}" for row in range(paper.rows)]
    return "\n".join(rules) + "\n"


def _meant(q: str) -> list[Any]:
    exact = find_product_by_code(g.tenant.id, q)
    return [exact] if exact else list_product_hits(g.tenant.id, q)


def _show(
    status: int = 200,
    *,
    trouble: str = "",
    hits: list[Any] | None = None,
    q: str = "",
    print_form: PrintLabelsForm | None = None,
) -> Response:
    return render(
        "labels/index.html",
        "labels/_label_queue.html",
        status,
        rows=list_queued_labels(g.tenant.id, g.identity.user_id),
        without_code=count_products_without_code(g.tenant.id),
        print_form=print_form or PrintLabelsForm(),
        trouble=trouble,
        hits=hits or [],
        q=q,
    )


def _done() -> ResponseReturnValue:
    return _show() if request.htmx else redirect_to(".index")  # type: ignore[attr-defined]


def _act() -> UnitOfWork:
    return UnitOfWork(g.tenant.id, g.identity.user_id)
