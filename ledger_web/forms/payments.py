"""Forms of payments and opening balances."""

from collections.abc import Iterable

from wtforms import ValidationError, widgets

from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.days import BackdatedForm
from ledger_web.forms.fields import ChoiceField, CurrencyField, DateField, IdField, MoneyField, TextField
from ledger_web.services.payments import RecordOpeningBalance, RecordPayment

MEMO_MAX = 200


def offer_first(field: CurrencyField, currencies: Iterable[str]) -> None:
    """Put the currencies that are in use before all others."""
    names = dict(field.choices)
    first = [code for code in dict.fromkeys(currencies) if code in names]
    field.choices = [(code, names[code]) for code in [*first, *(code for code in names if code not in first)]]


class PaymentAimForm(QueryForm):
    """Whose payment, and which way the money goes."""

    party_id = IdField("Party")
    direction = ChoiceField("Direction", required=False, choices=[("in", "in"), ("out", "out")])
    currency = CurrencyField("Currency", required=False)


class PaymentForm(LedgerForm):
    """Money from a party into a drawer, or out of one. `drawer_id` gets its choices from the handler."""

    party_id = IdField("Party")
    direction = ChoiceField("Direction", choices=[("in", "in"), ("out", "out")], widget=widgets.HiddenInput())
    currency = CurrencyField("Currency")
    amount = MoneyField("Amount", currency_field="currency", minimum=1)
    tendered = MoneyField("Cash received", currency_field="currency", minimum=1, required=False)
    drawer_id = ChoiceField("Drawer")
    memo = TextField("Memo", max_length=MEMO_MAX, required=False)

    def to_command(self) -> RecordPayment:
        return RecordPayment(
            id=self.op_id.data,
            party_id=self.party_id.data,
            direction=self.direction.data,
            drawer_id=self.drawer_id.data,
            currency=self.currency.data,
            amount=self.amount.data,
            tendered=self.tendered.data if self.direction.data == "in" else None,
            memo=self.memo.data or "",
        )

    def validate_tendered(self, field: MoneyField) -> None:
        """What is handed over covers the amount; the rest is change."""
        if self.direction.data == "in" and field.data and self.amount.data and field.data < self.amount.data:
            raise ValidationError("Cash received: This is less than the amount. Lower the amount to match.")


class OpeningBalanceForm(BackdatedForm):
    """A debt from before the shop kept its books here."""

    party_id = IdField("Party")
    owed = ChoiceField("Who owes whom", choices=[("to_us", "They owe us"), ("by_us", "We owe them")])
    currency = CurrencyField("Currency")
    amount = MoneyField("Amount", currency_field="currency", minimum=1)
    day = DateField("As of", days_ahead=0)
    memo = TextField("Memo", max_length=MEMO_MAX, required=False)

    def to_command(self) -> RecordOpeningBalance:
        return RecordOpeningBalance(
            id=self.op_id.data,
            party_id=self.party_id.data,
            currency=self.currency.data,
            amount=self.amount.data,
            is_owed_to_us=self.owed.data == "to_us",
            occurred_on=self.day.data,
            memo=self.memo.data or "",
        )
