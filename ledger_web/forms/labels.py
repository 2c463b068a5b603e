"""Forms of the label queue, of printing it, of label templates and of printers."""

import uuid
from decimal import Decimal
from typing import Any

from wtforms import ValidationError

from ledger_web.domain.barcodes import SYMBOLOGIES
from ledger_web.domain.internal_codes import BLOCK_MAX, COUNTER_MAX
from ledger_web.domain.labels import (
    BLOCKS,
    COPIES_MAX,
    LINES_MAX,
    RULER,
    SIZE_MOST,
    Block,
    Paper,
    Printer,
    Template,
    correction,
    measured,
)
from ledger_web.domain.languages import gettext
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import (
    BooleanField,
    ChoiceField,
    DateField,
    IdField,
    LengthField,
    TextField,
    WholeNumberField,
)
from ledger_web.forms.scans import ScanField
from ledger_web.services.label_jobs import PrintLabels, ReprintLabels
from ledger_web.services.label_templates import PutAway, SavePrinter, SaveTemplate
from ledger_web.services.labels import EmptyLabelQueue, QueueLabel, QueueProducts, SetCopies
from ledger_web.services.own_codes import GiveCodes, ReserveCodes

START_MAX = 1000
OWN_CODES = [(symbology, SYMBOLOGIES[symbology]) for symbology in COUNTER_MAX]


class QueueForm(LedgerForm):
    """A product by its code, its name, or chosen; and how many labels."""

    q = ScanField("Barcode or name", required=False)
    product_id = IdField("Product", required=False)
    unit_id = IdField("Unit", required=False)
    copies = WholeNumberField("Copies", minimum=1, maximum=COPIES_MAX, required=False)

    def to_command(self, product_id: uuid.UUID, unit_id: uuid.UUID | None, copies: int) -> QueueLabel:
        return QueueLabel(op_id=self.op_id.data, product_id=product_id, unit_id=unit_id, copies=copies)


class FoundForm(LedgerForm):
    """All products that a search finds."""

    search = TextField("Words of the name, or SKU", max_length=200)

    def to_command(self, product_ids: list[uuid.UUID]) -> QueueProducts:
        return QueueProducts(op_id=self.op_id.data, product_ids=tuple(product_ids))


class RepricedForm(LedgerForm):
    """All products whose price changed since a day."""

    since = DateField("Since", days_ahead=0)

    def to_command(self, product_ids: list[uuid.UUID]) -> QueueProducts:
        return QueueProducts(op_id=self.op_id.data, product_ids=tuple(product_ids))


class CopiesForm(LedgerForm):
    """How many labels of a line of the queue."""

    copies = WholeNumberField("Copies", minimum=0, maximum=COPIES_MAX)

    def to_command(self, line_id: uuid.UUID) -> SetCopies:
        return SetCopies(op_id=self.op_id.data, line_id=line_id, copies=self.copies.data)


class QueueActForm(LedgerForm):
    """An act on the whole queue."""

    def to_empty(self) -> EmptyLabelQueue:
        return EmptyLabelQueue(op_id=self.op_id.data)


class GiveCodesForm(LedgerForm):
    """A code of the shop's own for one product, or for all that have none."""

    symbology = ChoiceField("Kind", id="own-symbology", default="ean13", choices=OWN_CODES)

    def to_command(self, product_id: uuid.UUID | None = None) -> GiveCodes:
        return GiveCodes(op_id=self.op_id.data, product_id=product_id, symbology=self.symbology.data)


class ReserveCodesForm(LedgerForm):
    """Codes that are printed ahead."""

    symbology = ChoiceField("Kind", default="ean13", choices=OWN_CODES)
    count = WholeNumberField("How many", minimum=1, maximum=BLOCK_MAX)
    note = TextField("Note", required=False, max_length=100)

    def to_command(self) -> ReserveCodes:
        return ReserveCodes(
            id=self.op_id.data, symbology=self.symbology.data, count=self.count.data, note=self.note.data or ""
        )


class PrintLabelsForm(QueryForm):
    """On which paper, from which place on, by which printer, and whether with prices."""

    template = ChoiceField("Labels", default="L7160")
    start = WholeNumberField("First label", minimum=1, maximum=START_MAX, required=False, default=1)
    printer = ChoiceField("Printer", required=False, default="")
    without_price = BooleanField("Without prices")

    def offer(self, templates: list[Template], printers: list[tuple[uuid.UUID, str]]) -> None:
        """Say what there is to choose from; before it is validated or shown."""
        self.template.choices = [(template.key, template.name) for template in templates]
        self.printer.choices = [("", gettext("As it is")), *((str(id), name) for id, name in printers)]
        self._labels = {template.key: template.paper.labels for template in templates}

    def validate_start(self, field: WholeNumberField) -> None:
        """Places are counted on the paper that was chosen."""
        labels = self._labels.get(self.template.data)
        if labels and field.data and field.data > labels:
            raise ValidationError(
                gettext("First label: This paper has %(labels)s labels. Enter a smaller number.", labels=labels)
            )

    @property
    def printer_id(self) -> uuid.UUID | None:
        return uuid.UUID(self.printer.data) if self.printer.data else None


class PrintJobForm(PrintLabelsForm, LedgerForm):
    """The same, meant: these labels are printed now."""

    is_meant = BooleanField("Print that many")

    def to_command(self, *, without_price: bool) -> PrintLabels:
        return PrintLabels(
            id=self.op_id.data,
            template=self.template.data,
            start=self.start.data or 1,
            printer_id=self.printer_id,
            without_price=without_price or bool(self.without_price.data),
            is_meant=bool(self.is_meant.data),
        )


class ReprintForm(LedgerForm):
    """Labels that are printed again."""

    def to_command(self, job_id: uuid.UUID) -> ReprintLabels:
        return ReprintLabels(id=self.op_id.data, job_id=job_id)


class TemplateMeasuresForm(QueryForm):
    """A paper and what stands on its labels; also what is asked for its preview."""

    name = TextField("Name", max_length=60)
    page_width = LengthField("Page width", minimum="10")
    page_height = LengthField("Page height", minimum="10")
    label_width = LengthField("Label width", minimum="10")
    label_height = LengthField("Label height", minimum="6")
    columns = WholeNumberField("Columns", minimum=1, maximum=20)
    rows = WholeNumberField("Rows", minimum=1, maximum=50)
    left = LengthField("Left margin", required=False)
    top = LengthField("Top margin", required=False)
    pitch_x = LengthField("From label to label across", required=False)
    pitch_y = LengthField("From label to label down", required=False)
    corner = LengthField("Round corners", maximum="50", required=False)
    dpi = WholeNumberField("Dots per inch of the printer", minimum=100, maximum=1200)

    def to_paper(self) -> Paper:
        """Return the paper: without a pitch the labels touch each other."""
        return Paper(
            name="",
            page="",
            page_width=self.page_width.data,
            page_height=self.page_height.data,
            label_width=self.label_width.data,
            label_height=self.label_height.data,
            columns=self.columns.data,
            rows=self.rows.data,
            left=self.left.data or Decimal(0),
            top=self.top.data or Decimal(0),
            pitch_x=self.pitch_x.data or (self.label_width.data if self.columns.data > 1 else Decimal(0)),
            pitch_y=self.pitch_y.data or (self.label_height.data if self.rows.data > 1 else Decimal(0)),
            dpi=self.dpi.data,
            corner=self.corner.data or Decimal(0),
        )

    def to_blocks(self) -> tuple[Block, ...]:
        """Return the blocks that were given a line."""
        return tuple(
            Block(kind, self[f"{kind}_line"].data, self[f"{kind}_size"].data or usual, bool(self[f"{kind}_bold"].data))
            for kind, (_, usual) in BLOCKS.items()
            if self[f"{kind}_line"].data
        )

    @property
    def block_fields(self) -> list[tuple[str, Any, Any, Any]]:
        """Return title, line, size and boldness of each block."""
        return [
            (gettext(title), self[f"{kind}_line"], self[f"{kind}_size"], self[f"{kind}_bold"])
            for kind, (title, _) in BLOCKS.items()
        ]


for _kind, (_title, _) in BLOCKS.items():
    setattr(
        TemplateMeasuresForm,
        f"{_kind}_line",
        WholeNumberField(f"{_title}, line", minimum=1, maximum=LINES_MAX, required=False),
    )
    setattr(
        TemplateMeasuresForm,
        f"{_kind}_size",
        LengthField(f"{_title}, size", minimum="1", maximum=str(SIZE_MOST), required=False),
    )
    setattr(TemplateMeasuresForm, f"{_kind}_bold", BooleanField(f"{_title}, bold"))


class TemplateForm(TemplateMeasuresForm, LedgerForm):
    """A template that is made or changed."""

    version = WholeNumberField("Version", required=False)

    def to_command(self, template_id: uuid.UUID | None = None) -> SaveTemplate:
        return SaveTemplate(
            op_id=self.op_id.data,
            template_id=template_id or self.op_id.data,
            name=self.name.data,
            paper=self.to_paper(),
            blocks=self.to_blocks(),
            version=(self.version.data or 0) if template_id else None,
        )


def template_values(template: Template) -> dict[str, Any]:
    """Return what a form shows of a template."""
    paper = template.paper
    values: dict[str, Any] = {
        "name": template.name if template.id else "",
        "page_width": paper.page_width,
        "page_height": paper.page_height,
        "label_width": paper.label_width,
        "label_height": paper.label_height,
        "columns": paper.columns,
        "rows": paper.rows,
        "left": paper.left.quantize(Decimal("0.001")),
        "top": paper.top.quantize(Decimal("0.001")),
        "pitch_x": paper.pitch_x,
        "pitch_y": paper.pitch_y,
        "corner": paper.corner,
        "dpi": paper.dpi,
        "version": template.version,
    }
    for block in template.blocks:
        values |= {f"{block.kind}_line": block.line, f"{block.kind}_bold": block.bold}
        if block.size:
            values[f"{block.kind}_size"] = block.size
    return values


class PrinterForm(LedgerForm):
    """A printer, and what was measured on its ruler page."""

    name = TextField("Name", max_length=60)
    left = LengthField("From the left edge to the cross", minimum="3", maximum="35", default=RULER)
    top = LengthField("From the top edge to the cross", minimum="3", maximum="35", default=RULER)
    length = LengthField("Length of the line", minimum="91", maximum="110", default=Decimal(100))
    version = WholeNumberField("Version", required=False)

    def to_command(self, printer_id: uuid.UUID | None = None) -> SavePrinter:
        return SavePrinter(
            op_id=self.op_id.data,
            printer_id=printer_id or self.op_id.data,
            name=self.name.data,
            printer=correction(self.left.data, self.top.data, self.length.data),
            version=(self.version.data or 0) if printer_id else None,
        )


def printer_values(name: str, printer: Printer, version: int) -> dict[str, Any]:
    """Return what a form shows of a printer."""
    left, top, length = measured(printer)
    return {"name": name, "left": left, "top": top, "length": length, "version": version}


class PutAwayForm(LedgerForm):
    """A template or a printer that is offered no more."""

    def to_command(self, id: uuid.UUID) -> PutAway:
        return PutAway(op_id=self.op_id.data, id=id)
