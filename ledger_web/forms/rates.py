"""Forms of the shop's table of rates and of its rules for buying."""

import uuid

from wtforms import ValidationError

from ledger_web.domain.languages import gettext
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import CurrencyField, DateField, MoneyField, PercentField, RateField, TextField
from ledger_web.services.rates import RecordRate, SetBuyingRules


class RateListForm(QueryForm):
    """Whose history is shown."""

    currency = CurrencyField("Currency", required=False)


class RateForm(LedgerForm):
    """What a currency is worth from a day on."""

    currency = CurrencyField("Currency")
    value = RateField("Rate")
    unit = CurrencyField("The rate is for one")
    valid_on = DateField("From", days_ahead=0)
    note = TextField("Note", max_length=200, required=False)

    def to_command(self) -> RecordRate:
        return RecordRate(
            id=self.op_id.data,
            currency=self.currency.data,
            unit=self.unit.data,
            value=self.value.data,
            valid_on=self.valid_on.data,
            note=self.note.data or "",
        )


class BuyingRulesForm(LedgerForm):
    """How far a vendor's total may be off, and how selling prices are proposed."""

    rounding_max = MoneyField("Rounding that is taken")
    margin_percent = PercentField("Margin in percent of the price")
    price_ending = MoneyField("Prices end in")

    def validate_margin_percent(self, field: PercentField) -> None:
        """A margin of all of it leaves nothing for the cost."""
        if field.data is not None and field.data >= 100:
            raise ValidationError(gettext("Margin in percent of the price: Enter less than 100."))

    def to_command(self, op_id: uuid.UUID) -> SetBuyingRules:
        return SetBuyingRules(
            op_id=op_id,
            rounding_max=self.rounding_max.data,
            margin_percent=self.margin_percent.data,
            price_ending=self.price_ending.data,
        )
