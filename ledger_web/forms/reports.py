"""What reports ask: the days, and a rate for each foreign currency to value everything in the shop's own."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import TypeVar

from wtforms import ValidationError

from ledger_web.domain.accounts import KIND_NAMES, MANY_HOLDERS
from ledger_web.domain.languages import gettext
from ledger_web.forms.base import QueryForm
from ledger_web.forms.fields import ChoiceField, CurrencyField, DateField, RateField

_RATE = "rate_"


class ReportForm(QueryForm):
    """The rates every report may ask for; see `with_rates`."""

    @property
    def rate_fields(self) -> list[RateField]:
        return [field for field in self if isinstance(field, RateField)]

    @property
    def rates(self) -> dict[str, Decimal]:
        """Return the rates that were given, by currency."""
        return {field.name.removeprefix(_RATE): field.data for field in self.rate_fields if field.data}

    @property
    def asked(self) -> dict[str, str]:
        """Return what was asked, as an address says it."""
        return {field.name: field.raw for field in self if isinstance(field, DateField | RateField) and field.raw}


class DayForm(ReportForm):
    """A report of how things stand at the end of a day; today, if nothing is asked."""

    day = DateField("At the end of", required=False)

    @property
    def until(self) -> dt.date:
        day: dt.date = self.day.data or self.meta.today
        return day


class PeriodForm(ReportForm):
    """A report of what happened in a range of days; this month, if nothing is asked."""

    since = DateField("From", required=False)
    until = DateField("to", required=False)

    @property
    def last(self) -> dt.date:
        day: dt.date = self.until.data or self.meta.today
        return day

    @property
    def first(self) -> dt.date:
        day: dt.date = self.since.data or self.last.replace(day=1)
        return day

    @property
    def periods(self) -> list[tuple[str, dt.date, dt.date]]:
        """Return what is asked most: a name, the first day and the last."""
        today: dt.date = self.meta.today
        month = today.replace(day=1)
        before = month - dt.timedelta(days=1)
        return [
            (gettext("This month"), month, today),
            (gettext("Last month"), before.replace(day=1), before),
            (gettext("This year"), today.replace(month=1, day=1), today),
            (gettext("Last year"), dt.date(today.year - 1, 1, 1), dt.date(today.year - 1, 12, 31)),
        ]

    def validate_until(self, field: DateField) -> None:
        """A range ends where it begins, or later."""
        if not field.errors and self.since.data and self.since.data > self.last:
            raise ValidationError(gettext("To: Choose a day that is not before the first one."))


class HoldersForm(QueryForm):
    """The accounts of a kind that many hold, in one currency, at the end of a day."""

    kind = ChoiceField("Kind", choices=[(kind, KIND_NAMES[kind]) for kind in MANY_HOLDERS])
    currency = CurrencyField()
    day = DateField("At the end of")


Form = TypeVar("Form", bound=ReportForm)


def with_rates(form: type[Form], currencies: Iterable[str]) -> type[Form]:
    """Return the form with an optional rate for each of these currencies."""
    fields = {f"{_RATE}{currency}": RateField(f"1 {currency}", required=False) for currency in currencies}
    return type(form.__name__, (form,), fields)
