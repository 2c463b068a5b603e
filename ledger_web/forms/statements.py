"""The form that asks for a statement of an account."""

from wtforms import ValidationError

from ledger_web.domain.languages import gettext
from ledger_web.forms.base import QueryForm
from ledger_web.forms.fields import ChoiceField, CurrencyField, DateField, TextField
from ledger_web.queries.statements import Place, place_of


class StatementForm(QueryForm):
    """Which account of a party or drawer, which days, which page."""

    currency = CurrencyField("Currency", required=False)
    since = DateField("From", required=False)
    until = DateField("To", required=False)
    after = TextField("After", max_length=60, required=False)
    before = TextField("Before", max_length=60, required=False)

    @property
    def after_place(self) -> Place | None:
        return place_of(self.after.data or "")

    @property
    def before_place(self) -> Place | None:
        return place_of(self.before.data or "")

    def validate_until(self, field: DateField) -> None:
        """A range ends where it begins, or later."""
        if field.data and self.since.data and field.data < self.since.data:
            raise ValidationError(gettext("To: Choose a day that is not before the first one."))


class PrintForm(StatementForm):
    """On which paper."""

    paper = ChoiceField("Paper", required=False, choices=[("a4", "A4"), ("80", "80 mm")])
