"""What forms that post have in common: the business day, and whether it may lie in a locked period."""

import datetime as dt

from wtforms import ValidationError

from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import JOURNAL_BACKDATE, JOURNAL_OVERRIDE_LOCK
from ledger_web.forms.base import LedgerForm
from ledger_web.forms.fields import BooleanField, CurrencyField, DateField, MoneyField
from ledger_web.identity import may


class LockableForm(LedgerForm):
    """A form whose act a lock date can refuse, and whoever has the right to can insist."""

    overrides_lock = BooleanField("Post it although the period is locked. This is logged.")

    @property
    def insists(self) -> bool:
        """Say whether the lock is overridden, by somebody who may."""
        return bool(self.overrides_lock.data) and may(JOURNAL_OVERRIDE_LOCK)


class BackdatedForm(LedgerForm):
    """A form with a `day` that may lie in the past, for those who may go back."""

    def validate_day(self, field: DateField) -> None:
        """Whoever may not go back posts today."""
        if field.data and field.data < self.meta.today and not may(JOURNAL_BACKDATE):
            raise ValidationError(
                gettext("Day: Your role posts on today only. Choose today, or ask somebody who may go back.")
            )


class DatedForm(BackdatedForm, LockableForm):
    """A form that posts on a day: today, unless another is chosen by somebody who may."""

    day = DateField("Day", days_ahead=1, required=False)

    @property
    def occurred_on(self) -> dt.date | None:
        """The day that was chosen; None is today, by the clock of the books."""
        day: dt.date | None = self.day.data
        return day if may(JOURNAL_BACKDATE) or (day and day > self.meta.today) else None


class MoneyForm(DatedForm):
    """A form that moves one amount on a day."""

    currency = CurrencyField("Currency")
    amount = MoneyField("Amount", currency_field="currency", minimum=1)
