"""Forms of the sell page and of a sale."""

import uuid

from wtforms import ValidationError

from ledger_web.forms.days import LockableForm
from ledger_web.forms.fields import TextField
from ledger_web.services.deletions import Undo


class DeletionForm(LockableForm):
    """Why a sale is deleted."""

    reason = TextField("Reason", max_length=500)

    def to_command(self, sale_id: uuid.UUID) -> Undo:
        return Undo(id=self.op_id.data, transaction_id=sale_id, reason=self.reason.data, overrides_lock=self.insists)

    def validate_reason(self, field: TextField) -> None:
        """A reason says something."""
        if field.data and len(field.data) < 3:
            raise ValidationError("Reason: Write at least three characters, so that it can be understood later.")
