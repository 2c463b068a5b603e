"""Forms of the settings of the books."""

import datetime as dt

from wtforms import ValidationError

from ledger_web.domain.languages import gettext
from ledger_web.forms.base import LedgerForm
from ledger_web.forms.fields import ChoiceField, DateField, TextField, WholeNumberField
from ledger_web.services.books import SetDayStart, SetLockDate

HALF_HOURS = [f"{hour:02}:{minute:02}" for hour in range(12) for minute in (0, 30)]


class LockDateForm(LedgerForm):
    """Up to which day the books are closed; empty opens them all."""

    version = WholeNumberField("Settings", minimum=1)
    locked_until = DateField("Locked up to and including", days_ahead=0, required=False)
    reason = TextField("Reason", max_length=200)

    def to_command(self) -> SetLockDate:
        return SetLockDate(
            id=self.op_id.data,
            version=self.version.data,
            locked_until=self.locked_until.data,
            reason=self.reason.data,
        )

    def validate_reason(self, field: TextField) -> None:
        """A reason says something."""
        if field.data and len(field.data) < 3:
            raise ValidationError(
                gettext("Reason: Write at least three characters, so that it can be understood later.")
            )


class DayStartForm(LedgerForm):
    """When a business day begins."""

    version = WholeNumberField("Settings", minimum=1)
    starts_at = ChoiceField("A business day begins at", choices=[(time, time) for time in HALF_HOURS])

    def to_command(self) -> SetDayStart:
        return SetDayStart(
            id=self.op_id.data,
            version=self.version.data,
            day_starts_at=dt.time.fromisoformat(self.starts_at.data),
        )
