"""What is scanned, and the rules for the codes of scales."""

import uuid
from typing import Any

from ledger_web.domain.barcodes import CODE_MAX, Barcode, read_barcode
from ledger_web.domain.errors import InvalidBarcodeError
from ledger_web.domain.gs1 import SEPARATOR
from ledger_web.domain.measures import KINDS, MeasureRule
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import BooleanField, ChoiceField, IdField, TextField, WholeNumberField
from ledger_web.services.barcodes import AddBarcode
from ledger_web.services.measure_rules import CreateMeasureRule, RemoveMeasureRule

TEXT_MAX = 200


class ScanField(TextField):
    """What a scanner sends: text, and the separator of GS1 element strings, which no other field lets in."""

    def __init__(self, label: str | None = None, **options: Any) -> None:
        super().__init__(label, max_length=TEXT_MAX, **options)

    def _refuse_signs(self, text: str) -> None:
        super()._refuse_signs(text.replace(SEPARATOR, ""))


class CodeField(TextField):
    """A code that is to mean a product; digits that are no GTIN are the shop's own Code 128: `data` is a Barcode."""

    def __init__(self, label: str | None = None, **options: Any) -> None:
        super().__init__(label, max_length=CODE_MAX, **options)

    @property
    def empty(self) -> Any:
        return None

    def parse(self, text: str) -> Any:
        try:
            return read_barcode(text)
        except InvalidBarcodeError:
            return read_barcode(text, "code128")

    def write(self, value: Any) -> str:
        return str(getattr(value, "code", value))


class LookUpForm(QueryForm):
    """A code whose meaning is asked for."""

    code = ScanField("Code", required=False)


class SampleForm(QueryForm):
    """A code of a scale, to see how it is read."""

    sample = ScanField("Code on a label", required=False)


class AttachmentSearchForm(QueryForm):
    """A code that nobody has, and the product that is looked for to have it."""

    code = TextField("Code", max_length=CODE_MAX)
    q = TextField("Product", required=False, max_length=TEXT_MAX, render_kw={"type": "search"})


class AttachmentForm(LedgerForm):
    """A code that nobody has, for a product that was chosen."""

    code = CodeField("Code")
    product_id = IdField("Product")

    def to_command(self) -> AddBarcode:
        barcode: Barcode = self.code.data
        return AddBarcode(op_id=self.op_id.data, product_id=self.product_id.data, barcode=barcode)


class MeasureRuleForm(LedgerForm):
    """How a scale writes its codes."""

    prefix = TextField("Prefix", max_length=2, render_kw={"inputmode": "numeric"})
    kind = ChoiceField("Value", choices=KINDS.items())
    item_digits = WholeNumberField("Digits of the item", minimum=1, maximum=10)
    value_digits = WholeNumberField("Digits of the value", minimum=1, maximum=10)
    decimals = WholeNumberField("Of these, decimals", minimum=0, maximum=10)
    has_value_check = BooleanField("A check digit stands before the value")

    def to_command(self) -> CreateMeasureRule:
        return CreateMeasureRule(
            rule=MeasureRule(
                id=self.op_id.data,
                prefix=self.prefix.data,
                item_digits=self.item_digits.data,
                value_digits=self.value_digits.data,
                decimals=self.decimals.data,
                kind=self.kind.data,
                has_value_check=bool(self.has_value_check.data),
            )
        )


class MeasureRuleRemovalForm(LedgerForm):
    """A rule that is read by no more."""

    def to_command(self, rule_id: uuid.UUID) -> RemoveMeasureRule:
        return RemoveMeasureRule(op_id=self.op_id.data, rule_id=rule_id)
