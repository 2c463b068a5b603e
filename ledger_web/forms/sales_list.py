"""What the list of sales can be asked."""

import datetime as dt
from typing import Any

from wtforms import ValidationError

from ledger_web.domain.languages import gettext
from ledger_web.forms.base import QueryForm
from ledger_web.forms.fields import ChoiceField, DateField, IdField, MoneyField, TextField
from ledger_web.queries.sales_list import STATES, PageKey, SalesAsked


class SalesListForm(QueryForm):
    """What the list of sales shows. `drawer` and `cashier` get their choices from the handler."""

    q = TextField("Number, customer or product", max_length=100, required=False)
    since = DateField("From", required=False)
    until = DateField("To", required=False)
    drawer = ChoiceField("Drawer", required=False)
    cashier = ChoiceField("Cashier", required=False)
    amount = MoneyField("Total", required=False)
    state = ChoiceField("State", choices=STATES.items(), required=False)
    before_day = DateField("Before", required=False)
    before = IdField("Before", required=False)

    @property
    def older_than(self) -> PageKey | None:
        day: dt.date | None = self.before_day.data
        return PageKey(day, self.before.data) if day and self.before.data else None

    @property
    def in_address(self) -> dict[str, Any]:
        """What the address of another page of the same list says."""
        names = ("q", "since", "until", "drawer", "cashier", "state")
        return {name: self[name].data or None for name in names} | {"amount": self.amount.raw or None}

    @property
    def is_narrow(self) -> bool:
        """Say whether one of the fields that are folded away is in use."""
        return bool(self.cashier.data or self.amount.raw or self.state.data)

    def to_asked(self) -> SalesAsked:
        return SalesAsked(
            words=self.q.data or "",
            since=self.since.data,
            until=self.until.data,
            drawer_id=self.drawer.data or None,
            cashier_id=self.cashier.data or None,
            amount=self.amount.data,
            state=self.state.data or "",
        )

    def validate_until(self, field: DateField) -> None:
        """A range ends where it begins, or later."""
        if field.data and self.since.data and field.data < self.since.data:
            raise ValidationError(gettext("To: Choose a day that is not before the first one."))
