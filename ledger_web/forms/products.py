"""What is typed about a product, its codes and its stock."""

import uuid
from decimal import Decimal
from typing import Any, Final

from wtforms import ValidationError

from ledger_web.domain.barcodes import SYMBOLOGIES, Barcode, read_barcode
from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.products import (
    BARCODES_MAX,
    BRAND_MAX,
    CATEGORY_MAX,
    NAME_MAX,
    NOTE_MAX,
    SHORT_NAME_MAX,
    SKU_MAX,
    STOCK_POLICIES,
    TAG_MAX,
    TAGS_MAX,
    TILL_NOTE_MAX,
    UNIT_MAX,
    keeps_stock,
    read_list,
)
from ledger_web.domain.stock import REASONS
from ledger_web.filters import shops_unit
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import (
    BarcodeField,
    BooleanField,
    ChoiceField,
    IdField,
    MoneyField,
    PercentField,
    QuantityField,
    TextField,
    WholeNumberField,
)
from ledger_web.services.barcodes import AddBarcode, RemoveBarcode
from ledger_web.services.goods import AdjustStock, ReceiveGoods
from ledger_web.services.products import ArchiveProduct, ChangeStockRules, CreateProduct, EditProduct

SEARCH_MAX: Final = 200
WAYS: Final = (("counted", "I counted"), ("more", "There are more by"), ("less", "There are fewer by"))


class BarcodesField(TextField):
    """Several barcodes, one on a line: `data` is a tuple of checked codes."""

    def __init__(self, label: str | None = None, **options: Any) -> None:
        super().__init__(label, multiline=True, max_length=BARCODES_MAX * 82, **options)

    @property
    def empty(self) -> Any:
        return ()

    def parse(self, text: str) -> Any:
        lines = [line.strip() for line in super().parse(text).splitlines() if line.strip()]
        if len(lines) > BARCODES_MAX:
            raise RuleViolationError(
                gettext("A product has at most %(barcodes_max)s barcodes.", barcodes_max=BARCODES_MAX)
            )
        return tuple({barcode.code: barcode for barcode in map(_read, lines)}.values())

    def write(self, value: Any) -> str:
        return "\n".join(barcode.code for barcode in value)


class LineDetailsForm(QueryForm):
    """What a line asks about the product in it."""

    unit_id = IdField("Unit", required=False)
    quantity = QuantityField("Quantity", required=False)
    line_id = IdField("Line", required=False)


class ProductSearchForm(QueryForm):
    """What is looked for in the list, and where its page begins or ends."""

    q = TextField("Search", required=False, max_length=SEARCH_MAX, render_kw={"type": "search"})
    archived = BooleanField("Archived")
    category = IdField("Category", required=False)
    after = IdField("After", required=False)
    before = IdField("Before", required=False)


class TagsField(TextField):
    """Words to find a product by, with commas between them: `data` is a tuple without repetition."""

    def __init__(self, label: str | None = None, **options: Any) -> None:
        super().__init__(label, max_length=TAGS_MAX * (TAG_MAX + 2), **options)

    @property
    def empty(self) -> Any:
        return ()

    def parse(self, text: str) -> Any:
        tags = read_list(super().parse(text))
        if len(tags) > TAGS_MAX or any(len(tag) > TAG_MAX for tag in tags):
            raise RuleViolationError(
                gettext(
                    "Enter at most %(tags_max)s tags of %(tag_max)s characters, with commas between them.",
                    tags_max=TAGS_MAX,
                    tag_max=TAG_MAX,
                )
            )
        return tags

    def write(self, value: Any) -> str:
        return ", ".join(value)


class _DescriptionForm(LedgerForm):
    """What is said about a product, new or not."""

    name = TextField("Name", max_length=NAME_MAX)
    short_name = TextField("Name on the receipt", required=False, max_length=SHORT_NAME_MAX)
    sku = TextField("SKU", required=False, identifier=True, max_length=SKU_MAX)
    brand = TextField("Brand", required=False, max_length=BRAND_MAX)
    category = TextField("Category", required=False, max_length=CATEGORY_MAX, render_kw={"list": "categories"})
    tags = TagsField("Tags", required=False)
    till_note = TextField("Note for the till", required=False, max_length=TILL_NOTE_MAX)
    note = TextField("Note", required=False, multiline=True, max_length=NOTE_MAX)

    @property
    def described(self) -> dict[str, Any]:
        """Return what a command says about a product, whether it is made or changed."""
        names = ("name", "short_name", "brand", "category", "tags", "till_note", "note")
        return {name: self[name].data for name in names} | {"sku": self.sku.data or None}


class NewProductForm(_DescriptionForm):
    """A product that is added; those who may not adjust stock are shown no opening stock."""

    unit_price = MoneyField("Price", required=True)
    is_free = BooleanField("It costs nothing")
    tax_class_id = ChoiceField("Tax class", required=False)
    tax_percent = PercentField("Tax", required=False)
    unit = TextField("Unit", required=False, max_length=UNIT_MAX)
    stock_policy = ChoiceField("When there is not enough", choices=STOCK_POLICIES.items())
    barcodes = BarcodesField("Barcodes", required=False)
    opening_quantity = QuantityField("In stock now", required=False, minimum="zero")
    opening_unit_cost = MoneyField("Cost of one", required=False)

    def validate_unit_price(self, field: MoneyField) -> None:
        must_be_meant(field, self.is_free)

    def validate_opening_quantity(self, field: QuantityField) -> None:
        if field.data and self.stock_policy.data and not keeps_stock(self.stock_policy.data):
            raise ValidationError(gettext("In stock now: A product that keeps no stock has none. Leave this empty."))

    def to_command(self, currency: str) -> CreateProduct:
        quantity = self.opening_quantity.data if "opening_quantity" in self else None
        unit_cost = self.opening_unit_cost.data if "opening_unit_cost" in self else None
        return CreateProduct(
            id=self.op_id.data,
            unit=self.unit.data or shops_unit(),
            unit_price=self.unit_price.data,
            tax_percent=self.tax_percent.data or Decimal(0),
            tax_class_id=self.tax_class_id.data or None,
            stock_policy=self.stock_policy.data,
            barcodes=self.barcodes.data,
            currency=currency,
            opening_quantity=quantity or Decimal(0),
            opening_unit_cost=unit_cost or 0,
            **self.described,
        )


class VersionedForm(LedgerForm):
    """What is changed, with the version that was shown."""

    version = WholeNumberField("Version", minimum=1)


class EditProductForm(_DescriptionForm, VersionedForm):
    """A product that is described anew."""

    def to_command(self, product_id: uuid.UUID) -> EditProduct:
        return EditProduct(op_id=self.op_id.data, product_id=product_id, version=self.version.data, **self.described)


class StockRulesForm(VersionedForm):
    """How a product is counted, and when it is bought again."""

    unit = TextField("Unit", max_length=UNIT_MAX)
    stock_policy = ChoiceField("When there is not enough", choices=STOCK_POLICIES.items())
    reorder_level = QuantityField("Reorder below", required=False, minimum="zero")
    reorder_to = QuantityField("Up to", required=False, minimum="zero")

    def to_command(self, product_id: uuid.UUID) -> ChangeStockRules:
        names = ("unit", "stock_policy", "reorder_level", "reorder_to")
        said = {name: self[name].data for name in names}
        return ChangeStockRules(op_id=self.op_id.data, product_id=product_id, version=self.version.data, **said)


class ArchivalForm(LedgerForm):
    """Out of the list, or back."""

    def to_command(self, product_id: uuid.UUID, *, archived: bool) -> ArchiveProduct:
        return ArchiveProduct(op_id=self.op_id.data, product_id=product_id, archived=archived)


class BarcodeForm(LedgerForm):
    """A code that is to mean a product, or a pack of it."""

    unit_id = ChoiceField("It means one", required=False)
    symbology = ChoiceField("Kind", required=False, choices=[("", "Whatever it is"), *SYMBOLOGIES.items()])
    code = BarcodeField("Barcode", symbology_field="symbology")

    def to_command(self, product_id: uuid.UUID) -> AddBarcode:
        unit_id = self.unit_id.data or None
        return AddBarcode(op_id=self.op_id.data, product_id=product_id, barcode=self.code.data, unit_id=unit_id)


class BarcodeRemovalForm(LedgerForm):
    """A code that is to mean nothing any more."""

    code = TextField("Barcode", max_length=80)

    def to_command(self, product_id: uuid.UUID) -> RemoveBarcode:
        return RemoveBarcode(op_id=self.op_id.data, product_id=product_id, code=self.code.data)


class ReceiptForm(LedgerForm):
    """Goods that came."""

    quantity = QuantityField("Quantity received", id="received-quantity")
    unit_cost = MoneyField("Cost of one", id="received-cost")
    note = TextField("Note", required=False, max_length=200, id="received-note")

    def to_command(self, product_id: uuid.UUID, currency: str) -> ReceiveGoods:
        return ReceiveGoods(
            id=self.op_id.data,
            product_id=product_id,
            quantity=self.quantity.data,
            unit_cost=self.unit_cost.data,
            currency=currency,
            note=self.note.data,
        )


class AdjustmentForm(LedgerForm):
    """What was counted, or by how much it differs, and why."""

    way = ChoiceField("Stock is", choices=WAYS, id="adjusted-way")
    quantity = QuantityField("Quantity", minimum="zero", id="adjusted-quantity")
    reason = ChoiceField("Reason", choices=[(code, each.name) for code, each in REASONS.items()], id="adjusted-reason")
    note = TextField("Note", required=False, max_length=200, id="adjusted-note")

    def validate_quantity(self, field: QuantityField) -> None:
        if field.data == 0 and self.way.data in {"more", "less"}:
            raise ValidationError(gettext("Quantity: Enter a quantity above zero."))

    def to_command(self, product_id: uuid.UUID, currency: str) -> AdjustStock:
        quantity = self.quantity.data
        return AdjustStock(
            id=self.op_id.data,
            product_id=product_id,
            reason=self.reason.data,
            currency=currency,
            counted=quantity if self.way.data == "counted" else None,
            difference={"more": quantity, "less": -quantity}.get(self.way.data),
            note=self.note.data,
        )


def must_be_meant(price: MoneyField, is_free: BooleanField) -> None:
    """Take a price of nothing only from somebody who says that it is meant.

    Source: product.md spec 6, "price 0 only with confirmation".
    """
    if price.data == 0 and not is_free.data:
        raise ValidationError(
            gettext(
                "%(text)s: 0 gives it away. Enter a price, or tick “%(text2)s”.",
                text=price.label.text,
                text2=is_free.label.text,
            )
        )


def _read(line: str) -> Barcode:
    try:
        return read_barcode(line)
    except RuleViolationError as error:
        raise RuleViolationError(f"“{line[:40]}”: {error.message}") from None
