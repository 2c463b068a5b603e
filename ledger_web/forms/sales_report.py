"""What the report of sales can be asked."""

import datetime as dt

from wtforms import ValidationError

from ledger_web.domain.languages import gettext
from ledger_web.forms.base import QueryForm
from ledger_web.forms.fields import ChoiceField, DateField
from ledger_web.queries.sales_report import DIVISIONS

DAYS_USUAL = 30
DAYS_MAX = 366


class SalesReportForm(QueryForm):
    """Which days the report is about, and what it is divided by."""

    since = DateField("From", required=False)
    until = DateField("To", required=False)
    by = ChoiceField("By", choices=DIVISIONS.items(), required=False)

    @property
    def last(self) -> dt.date:
        day: dt.date = self.until.data or self.meta.today
        return day

    @property
    def first(self) -> dt.date:
        day: dt.date = self.since.data or self.last - dt.timedelta(days=DAYS_USUAL - 1)
        return day

    def validate_until(self, field: DateField) -> None:
        """A range ends where it begins or later, and holds a year at most."""
        if field.errors:
            return
        if self.last < self.first:
            raise ValidationError(gettext("To: Choose a day that is not before the first one."))
        if (self.last - self.first).days > DAYS_MAX:
            raise ValidationError(gettext("To: Choose a year at most."))
