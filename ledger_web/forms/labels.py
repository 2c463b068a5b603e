"""Forms of the label queue and of printing it."""

import uuid

from wtforms import BooleanField, ValidationError

from ledger_web.domain.labels import COPIES_MAX, PAPERS, Paper
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import ChoiceField, IdField, TextField, WholeNumberField
from ledger_web.services.labels import EmptyLabelQueue, GiveCodes, QueueLabel, SetCopies


class QueueForm(LedgerForm):
    """A product by its code, its name, or chosen; and how many labels."""

    q = TextField("Barcode or name", max_length=200, required=False)
    product_id = IdField("Product", required=False)
    copies = WholeNumberField("Copies", minimum=1, maximum=COPIES_MAX, required=False)

    def to_command(self, product_id: uuid.UUID) -> QueueLabel:
        return QueueLabel(op_id=self.op_id.data, product_id=product_id, copies=self.copies.data or 1)


class CopiesForm(LedgerForm):
    """How many labels of a queued product."""

    copies = WholeNumberField("Copies", minimum=0, maximum=COPIES_MAX)

    def to_command(self, product_id: uuid.UUID) -> SetCopies:
        return SetCopies(op_id=self.op_id.data, product_id=product_id, copies=self.copies.data)


class QueueActForm(LedgerForm):
    """An act on the whole queue, or on all products."""

    def to_empty(self) -> EmptyLabelQueue:
        return EmptyLabelQueue(op_id=self.op_id.data)

    def to_give_codes(self, product_id: uuid.UUID | None = None) -> GiveCodes:
        return GiveCodes(op_id=self.op_id.data, product_id=product_id)


class PrintLabelsForm(QueryForm):
    """On which paper, from which place on, and what stands beside the symbol."""

    paper = ChoiceField("Paper", choices=[(paper.name, paper.title) for paper in PAPERS.values()], default="L7160")
    start = WholeNumberField("First label", minimum=1, maximum=100, required=False, default=1)
    without_price = BooleanField("Without the price")
    with_sku = BooleanField("With the SKU")

    @property
    def chosen(self) -> Paper:
        return PAPERS[self.paper.data]

    def validate_start(self, field: WholeNumberField) -> None:
        """Places are counted on the paper that was chosen."""
        if self.paper.data in PAPERS and field.data and field.data > self.chosen.labels:
            raise ValidationError(f"First label: This paper has {self.chosen.labels} labels. Enter a smaller number.")
