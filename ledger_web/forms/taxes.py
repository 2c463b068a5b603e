"""Forms of tax classes and of what belongs to them."""

import uuid
from typing import Any

from wtforms import ValidationError

from ledger_web.domain.languages import gettext
from ledger_web.domain.taxes import TaxRate
from ledger_web.forms.base import LedgerForm
from ledger_web.forms.fields import BooleanField, ChoiceField, MoneyField, PercentField, TextField, WholeNumberField
from ledger_web.queries.taxes import TaxClassRow
from ledger_web.services.tax_classes import ArchiveTaxClass, CreateTaxClass, EditTaxClass, SetTaxSettings

ROWS = 3


class TaxClassForm(LedgerForm):
    """Name and rates of a class; rows that are left empty are not there."""

    version = WholeNumberField("Tax class", required=False)
    name = TextField("Name", max_length=60)
    rate_name_1 = TextField("Tax", max_length=40)
    percent_1 = PercentField("Percent")
    rate_name_2 = TextField("Second tax", max_length=40, required=False)
    percent_2 = PercentField("Percent", required=False)
    is_compound_2 = BooleanField("on top of the first")
    rate_name_3 = TextField("Third tax", max_length=40, required=False)
    percent_3 = PercentField("Percent", required=False)
    is_compound_3 = BooleanField("on top of those before")

    @classmethod
    def of(cls, row: TaxClassRow) -> "TaxClassForm":
        """Fill the form in with what a class is."""
        values: dict[str, Any] = {"name": row.name, "version": row.version}
        for number, rate in enumerate(row.rates[:ROWS], start=1):
            values |= {f"rate_name_{number}": rate.name, f"percent_{number}": rate.percent}
            values |= {f"is_compound_{number}": rate.is_compound}
        return cls(data=values)

    @property
    def rates(self) -> tuple[TaxRate, ...]:
        rows = (
            (self.rate_name_1.data, self.percent_1.data, False),
            (self.rate_name_2.data, self.percent_2.data, self.is_compound_2.data),
            (self.rate_name_3.data, self.percent_3.data, self.is_compound_3.data),
        )
        return tuple(TaxRate(name, percent, bool(top)) for name, percent, top in rows if name and percent is not None)

    def to_create(self) -> CreateTaxClass:
        return CreateTaxClass(id=self.op_id.data, name=self.name.data, rates=self.rates)

    def to_edit(self, tax_class_id: uuid.UUID) -> EditTaxClass:
        return EditTaxClass(
            op_id=self.op_id.data,
            tax_class_id=tax_class_id,
            version=self.version.data or 0,
            name=self.name.data,
            rates=self.rates,
        )

    def validate_rate_name_2(self, _field: Any) -> None:
        _ask_for_both(self.rate_name_2, self.percent_2)

    def validate_rate_name_3(self, _field: Any) -> None:
        _ask_for_both(self.rate_name_3, self.percent_3)


def _ask_for_both(name: Any, percent: Any) -> None:
    if bool(name.data) != (percent.data is not None):
        raise ValidationError(gettext("%(text)s: Enter a name and a percentage, or neither.", text=name.label.text))


class TaxArchiveForm(LedgerForm):
    """A class is offered no more, or again."""

    archived = BooleanField("Archived")

    def to_command(self, tax_class_id: uuid.UUID) -> ArchiveTaxClass:
        return ArchiveTaxClass(op_id=self.op_id.data, tax_class_id=tax_class_id, archived=self.archived.data)


class TaxSettingsForm(LedgerForm):
    """How prices are meant, and how cash is rounded."""

    prices = ChoiceField("Prices", choices=[("with", "contain tax"), ("without", "are without tax, which is added")])
    cash_step = MoneyField("Smallest cash", minimum=1, required=False)

    def to_command(self) -> SetTaxSettings:
        return SetTaxSettings(
            op_id=self.op_id.data, prices_include_tax=self.prices.data == "with", cash_step=self.cash_step.data
        )
