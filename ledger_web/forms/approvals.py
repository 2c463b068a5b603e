"""What a form asks when an act may need somebody else's approval: who, and their PIN."""

from typing import Any

from wtforms import ValidationError

from ledger_web.domain.languages import gettext
from ledger_web.forms.fields import PinField, TextField


class ApprovalFields:
    """Mixed into a form of ours: `class DiscountForm(ApprovalFields, LedgerForm)`. Both fields stay empty usually.

    `templates/macros/approvals.html` draws them; `approval.approved_by` makes an approver of them.
    """

    approver = TextField("Approved by", required=False, max_length=80, identifier=True)
    approver_pin = PinField("Their PIN", required=False)

    def validate_approver(self, _field: Any) -> None:
        """Ask for both or none."""
        if self.approver_pin.data and not self.approver.data:
            raise ValidationError(gettext("Approved by: Enter the name they sign in with, beside their PIN."))
        if self.approver.data and not self.approver_pin.data:
            raise ValidationError(gettext("Approved by: Let them enter their PIN beside their name."))
