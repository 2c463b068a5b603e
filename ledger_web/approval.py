"""One act, allowed by somebody else: a form's `ApprovalFields` → the id of who approved it."""

import uuid
from decimal import Decimal
from typing import Any

from flask import request

from ledger_web.identity import new_act
from ledger_web.services.approvals import Approve, approve


def approved_by(
    form: Any, permission: str, *, limit: str = "", needed: Decimal | int | None = None
) -> uuid.UUID | None:
    """Return who approved the act of this form; None if nobody was named.

    Call it when the form is valid and before the act, not inside a unit of work; pass what it returns on in the
    act's command. The service then asks: is the actor allowed, or is there an approver?

    Args:
        form: A LedgerForm with ApprovalFields.
        permission: What the act takes and the approver must have.
        limit: A limit the act goes to, which the approver's must reach; see `permissions.LIMITS`.
        needed: How far it goes.

    Raises:
        ApprovalRefusedError: 422; its sentence belongs beside the fields.
        TooManyAttemptsError: 429.
    """
    if not form.approver.data:
        return None
    command = Approve(
        op_id=form.op_id.data,
        permission=permission,
        login=form.approver.data,
        pin=form.approver_pin.data,
        address=request.remote_addr or "",
        limit=limit,
        needed=None if needed is None else Decimal(needed),
    )
    return approve(command, new_act())
