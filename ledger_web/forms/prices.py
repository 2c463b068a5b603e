"""What is typed about prices, price lists and the units they are asked for."""

import uuid
from typing import Final

from wtforms import ValidationError

from ledger_web.domain.languages import gettext
from ledger_web.domain.prices import NONE
from ledger_web.domain.products import BARCODES_MAX, UNIT_MAX
from ledger_web.forms.base import LedgerForm
from ledger_web.forms.fields import (
    BooleanField,
    ChoiceField,
    DateField,
    IdField,
    MoneyField,
    PercentField,
    QuantityField,
    TextField,
    WholeNumberField,
)
from ledger_web.forms.products import BarcodesField, VersionedForm, must_be_meant
from ledger_web.services.prices import (
    ArchivePriceList,
    ChangePrice,
    ChoosePriceList,
    CreatePriceList,
    RemovePrice,
    RenamePriceList,
    SetPrice,
)
from ledger_web.services.units import ArchiveUnit, CreateUnit, EditUnit

REASON_MAX: Final = 200
LIST_NAME_MAX: Final = 60


class PriceForm(VersionedForm):
    """The ordinary price of a product and its tax, and why it is another."""

    unit_price = MoneyField("Price")
    is_free = BooleanField("It costs nothing")
    tax_class_id = ChoiceField("Tax class", required=False)
    tax_percent = PercentField("Tax", required=False)
    reason = TextField("Why", max_length=REASON_MAX, render_kw={"list": "reasons"})

    def validate_unit_price(self, field: MoneyField) -> None:
        must_be_meant(field, self.is_free)

    def to_command(self, product_id: uuid.UUID) -> ChangePrice:
        return ChangePrice(
            op_id=self.op_id.data,
            product_id=product_id,
            version=self.version.data,
            unit_price=self.unit_price.data,
            tax_percent=self.tax_percent.data,
            tax_class_id=self.tax_class_id.data or None,
            reason=self.reason.data,
        )


class FurtherPriceForm(LedgerForm):
    """A price of a list, from a quantity, or for a time."""

    unit_price = MoneyField("Price")
    is_free = BooleanField("It costs nothing")
    price_list_id = ChoiceField("For", required=False)
    unit_id = ChoiceField("Of one", required=False)
    quantity_from = QuantityField("From", required=False, minimum="zero")
    starts_on = DateField("First day", required=False, days_ahead=3660)
    ends_on = DateField("Last day", required=False, days_ahead=3660)
    reason = TextField("Why", max_length=REASON_MAX, render_kw={"list": "reasons"})

    def validate_unit_price(self, field: MoneyField) -> None:
        must_be_meant(field, self.is_free)

    def validate_ends_on(self, field: DateField) -> None:
        if field.data and self.starts_on.data and field.data < self.starts_on.data:
            raise ValidationError(
                gettext("Last day: It comes before the first. Choose a later day, or leave it empty.")
            )

    def to_command(self, product_id: uuid.UUID) -> SetPrice:
        return SetPrice(
            id=self.op_id.data,
            product_id=product_id,
            unit_price=self.unit_price.data,
            unit_id=self.unit_id.data or None,
            price_list_id=self.price_list_id.data or None,
            quantity_from=self.quantity_from.data or NONE,
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
            reason=self.reason.data,
        )


class PriceRemovalForm(LedgerForm):
    """A price that is asked no more."""

    price_id = IdField("Price")

    def to_command(self, product_id: uuid.UUID) -> RemovePrice:
        return RemovePrice(
            op_id=self.op_id.data, product_id=product_id, price_id=self.price_id.data, reason=gettext("Taken away")
        )


class PriceListForm(LedgerForm):
    """A list that is added."""

    name = TextField("Name", max_length=LIST_NAME_MAX)

    def to_command(self) -> CreatePriceList:
        return CreatePriceList(id=self.op_id.data, name=self.name.data)


class PriceListNameForm(VersionedForm):
    """A list that is renamed."""

    name = TextField("Name", max_length=LIST_NAME_MAX)

    def to_command(self, price_list_id: uuid.UUID) -> RenamePriceList:
        return RenamePriceList(
            op_id=self.op_id.data, price_list_id=price_list_id, version=self.version.data, name=self.name.data
        )


class PriceListArchivalForm(LedgerForm):
    """A list that counts no more, or again."""

    def to_command(self, price_list_id: uuid.UUID, *, archived: bool) -> ArchivePriceList:
        return ArchivePriceList(op_id=self.op_id.data, price_list_id=price_list_id, archived=archived)


class CustomerPriceListForm(LedgerForm):
    """The list a customer has."""

    price_list_id = ChoiceField("Price list", required=False)

    def to_command(self, party_id: uuid.UUID) -> ChoosePriceList:
        return ChoosePriceList(op_id=self.op_id.data, party_id=party_id, price_list_id=self.price_list_id.data or None)


class UnitForm(LedgerForm):
    """A pack that is added."""

    name = TextField("Name of the pack", max_length=UNIT_MAX)
    factor_numerator = WholeNumberField("Holds", minimum=1, maximum=10**9)
    factor_denominator = WholeNumberField("Divided by", minimum=1, maximum=10**6, required=False, default=1)
    unit_price = MoneyField("Price of one pack", required=False)
    is_free = BooleanField("It costs nothing")
    is_sold = BooleanField("It is sold", default=True)
    is_bought = BooleanField("It is bought", default=True)
    barcodes = BarcodesField("Barcodes", required=False)

    def validate_unit_price(self, field: MoneyField) -> None:
        must_be_meant(field, self.is_free)

    def to_command(self, product_id: uuid.UUID) -> CreateUnit:
        return CreateUnit(
            id=self.op_id.data,
            product_id=product_id,
            name=self.name.data,
            factor_numerator=self.factor_numerator.data,
            factor_denominator=self.factor_denominator.data or 1,
            unit_price=self.unit_price.data,
            is_sold=self.is_sold.data,
            is_bought=self.is_bought.data,
            barcodes=self.barcodes.data[:BARCODES_MAX],
        )


class EditUnitForm(VersionedForm):
    """A pack that is called otherwise, costs something else, or is used otherwise."""

    name = TextField("Name of the pack", max_length=UNIT_MAX)
    unit_price = MoneyField("Price of one pack", required=False)
    is_free = BooleanField("It costs nothing")
    is_sold = BooleanField("It is sold")
    is_bought = BooleanField("It is bought")
    reason = TextField("Why the price is another", required=False, max_length=REASON_MAX)

    def validate_unit_price(self, field: MoneyField) -> None:
        must_be_meant(field, self.is_free)

    def to_command(self, product_id: uuid.UUID, unit_id: uuid.UUID) -> EditUnit:
        return EditUnit(
            op_id=self.op_id.data,
            product_id=product_id,
            unit_id=unit_id,
            version=self.version.data,
            name=self.name.data,
            unit_price=self.unit_price.data,
            is_sold=self.is_sold.data,
            is_bought=self.is_bought.data,
            reason=self.reason.data,
        )


class UnitArchivalForm(LedgerForm):
    """A pack that is used no more, or again."""

    def to_command(self, product_id: uuid.UUID, unit_id: uuid.UUID, *, archived: bool) -> ArchiveUnit:
        return ArchiveUnit(op_id=self.op_id.data, product_id=product_id, unit_id=unit_id, archived=archived)
