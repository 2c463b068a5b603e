"""Labels laid out on sheets and rolls, for the browser and as a PDF: the same drawings in both."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from babel import Locale
from flask import g

from ledger_web.domain.contents import KILOGRAM, LITRE, price_per_unit, read_content
from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.label_drawing import DrawnLabel, LabelContent, draw_label, draw_pdf
from ledger_web.domain.labels import COPIES_MAX, Paper, Printer, Template
from ledger_web.domain.languages import gettext
from ledger_web.domain.pdf import PdfDocument
from ledger_web.domain.products import is_counted_in_pieces
from ledger_web.domain.symbols import printed_code
from ledger_web.filters import as_the_shop, date, money, shop_today
from ledger_web.queries.labels import LabelRow

_MEASURES = {KILOGRAM, LITRE}


@dataclass(frozen=True, slots=True)
class Job:
    """On what labels are printed, and how."""

    template: Template
    printer: Printer | None = None
    start: int = 1  # the first free place of the first sheet
    has_price: bool = True


@dataclass(frozen=True, slots=True)
class PlacedLabel:
    """A label on a page, its corner in mm."""

    number: int  # of its drawing: copies have the same
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Sheets:
    """Everything a job prints. `drawings` are drawn once, however many copies of them there are."""

    drawings: list[DrawnLabel]
    names: list[str]  # of the products, as the drawings
    pages: list[list[PlacedLabel]]
    total: int
    narrow: list[str]  # whose bars some scanners may not read
    unpriced: list[str]  # that have no price though prices are printed


def draw_sheets(job: Job, rows: Sequence[LabelRow], *, only_look: bool = False) -> Sheets:
    """Lay out what is to be printed.

    Args:
        only_look: Whether it can be printed; the pages are left out.

    Raises:
        RuleViolationError: Nothing is to be printed, too much is, or a code is missing or does not fit.
    """
    total = sum(row.copies for row in rows)
    if total == 0:
        raise RuleViolationError("Nothing is queued yet. Scan or type a product first.")
    if total > COPIES_MAX:
        raise RuleViolationError(
            gettext(
                "These are %(total)s labels. Print at most %(copies_max)s at once.",
                total=f"{total:,}",
                copies_max=f"{COPIES_MAX:,}",
            )
        )
    drawings = [_drawn(job, row) for row in rows]
    order = [number for number, row in enumerate(rows) for _ in range(row.copies)]
    return Sheets(
        drawings=drawings,
        names=[row.name for row in rows],
        pages=[] if only_look else _pages(job.template.paper, order, job.start - 1),
        total=total,
        narrow=sorted({row.name for row, drawn in zip(rows, drawings, strict=True) if drawn.is_narrow}),
        unpriced=sorted({row.name for row in rows if job.has_price and not row.unit_price}),
    )


def content_of(row: LabelRow, *, has_price: bool) -> LabelContent:
    """Say what a label shows, each text as it is written in the shop, whoever prints it."""
    with as_the_shop():
        return _content_of(row, has_price=has_price)


def _content_of(row: LabelRow, *, has_price: bool) -> LabelContent:
    texts = {
        "name": row.name if row.unit_id is None else f"{row.name} ({row.unit})",
        "variant": row.variant,
        "digits": printed_code(row.code, row.symbology) if row.code and row.symbology else "",
        "sku": row.sku or "",
        "date": date(shop_today()),
        "shop": g.tenant.name,
    }
    if has_price and row.unit_price:
        texts |= _prices(row)
    return LabelContent(texts, row.code or "", row.symbology or "")


def write_pdf(job: Job, sheets: Sheets, made_at: dt.datetime) -> bytes:
    """Return the sheets as a PDF at true size."""
    locale = Locale.parse(g.tenant.locale)
    document = PdfDocument(
        gettext("%(total)s labels", total=sheets.total),
        made_at=made_at,
        rtl=locale.text_direction == "rtl",
        language=locale.language,
    )
    paper, printer = job.template.paper, job.printer or Printer()
    for page in sheets.pages:
        document.page(paper.page_width, paper.page_height)
        for label in page:
            draw_pdf(document, sheets.drawings[label.number], label.x, label.y, paper, printer)
    return document.content()


def stylesheet_of(template: Template) -> str:
    """Return the one rule of a paper that a drawing cannot say: the size of its page."""
    paper = template.paper
    return f"@page {{ size: {paper.page_width:f}mm {paper.page_height:f}mm; margin: 0; }}\n"


def is_rtl() -> bool:
    """Say whether writing begins on the right in this shop."""
    return Locale.parse(g.tenant.locale).text_direction == "rtl"


def _drawn(job: Job, row: LabelRow) -> DrawnLabel:
    if row.code is None and job.template.has_code:
        raise RuleViolationError(
            gettext("%(name)s has no barcode. Give it one, or take it out of the queue.", name=row.name)
        )
    drawn = draw_label(job.template, content_of(row, has_price=job.has_price), rtl=is_rtl())
    if not drawn.fits:
        raise RuleViolationError(
            gettext("The code of %(name)s does not fit on this label. Choose larger labels.", name=row.name)
        )
    if not drawn.words and drawn.symbol is None:
        raise RuleViolationError(gettext("The label of %(name)s would be empty. Choose another label.", name=row.name))
    return drawn


def _prices(row: LabelRow) -> dict[str, str]:
    currency = g.tenant.base_currency
    per = f" / {row.unit}" if row.unit_id is None and not is_counted_in_pieces(row.unit) else ""
    texts = {"price": _with_tax(row, f"{money(row.unit_price, currency)}{per}")}
    if row.old_price:
        texts["old_price"] = money(row.old_price, currency)
    content = None if row.unit.casefold() in _MEASURES else read_content(row.name)
    if content and row.unit_id is None:
        price = f"{money(price_per_unit(row.unit_price, content), currency)} / {content.unit}"
        texts["unit_price"] = _with_tax(row, price)
    return texts


def _with_tax(row: LabelRow, price: str) -> str:
    return gettext("%(price)s + tax", price=price) if row.has_tax_on_top else price


def _pages(paper: Paper, order: Sequence[int], skipped: int) -> list[list[PlacedLabel]]:
    """Put labels on pages, leaving the places of the first page that are used up."""
    corners = [tuple(map(float, paper.position(place))) for place in range(paper.labels)]
    coming, pages = iter(order), []
    while numbers := list(islice(coming, paper.labels - skipped)):
        pages.append([PlacedLabel(number, *corner) for number, corner in zip(numbers, corners[skipped:], strict=False)])
        skipped = 0
    return pages
