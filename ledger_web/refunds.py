"""What every page that gives something back asks: who, out of which drawer, how much by oneself, who approves."""

import uuid

from flask import g

from ledger_web.approval import approved_by
from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import SALE_CHANGE_REFUND, SALE_DELETE, SALE_REFUND_CASH
from ledger_web.domain.returns import CHOSEN, RefundPlan, TooMuch, Weight, too_much
from ledger_web.forms.approvals import ApprovalFields
from ledger_web.identity import may
from ledger_web.queries.drawers import DrawerDetails, list_drawers
from ledger_web.queries.sale_returns import ReasonRow, find_customers, list_reasons
from ledger_web.queries.shifts import find_open_shift


def open_drawers() -> list[DrawerDetails]:
    """Return the drawers whose shift is open; where none is, all in use: what goes on an account needs no cash."""
    active = [drawer for drawer in list_drawers(g.tenant.id) if drawer.is_active]
    return [drawer for drawer in active if find_open_shift(g.tenant.id, drawer.id)] or active


def customer_called(words: str | None) -> uuid.UUID | None:
    """Return the one customer that the words typed are about; none where nothing was typed.

    Raises:
        RuleViolationError: They are about none, or about several.
    """
    if not words:
        return None
    found = find_customers(g.tenant.id, words)
    if len(found) != 1:
        several = ", ".join(name for _, name in found)
        raise RuleViolationError(
            gettext("Several customers are called so: %(several)s. Enter more of the name.", several=several)
            if found
            else "There is no customer of this name. Look at its spelling, or add them first."
        )
    return found[0][0]


def must_be_allowed(refund: RefundPlan, way: str | None) -> None:
    """Refuse cash, and ways to give money back, that the person may not choose.

    Raises:
        RuleViolationError: Says what they can do instead.
    """
    if refund.cash and not may(SALE_REFUND_CASH):
        raise RuleViolationError("Your role pays no cash back. Give store credit, or ask somebody who may.")
    if way == CHOSEN and not may(SALE_CHANGE_REFUND):
        raise RuleViolationError("Your role gives money back as it was paid. Choose that, or ask somebody who may.")


def find_reason_row(reason_id: uuid.UUID | None) -> ReasonRow | None:
    """Return the reason that was chosen, if the shop has it."""
    return next((each for each in list_reasons(g.tenant.id) if each.id == reason_id), None)


def weigh(amount: int, minutes: int, reason: ReasonRow | None, *, is_void: bool = False) -> TooMuch | None:
    """Say why this takes somebody else's approval; None if it does not."""
    weight = Weight(amount, minutes, bool(reason and reason.needs_approval), is_void)
    return too_much(weight, g.identity.limits, may_any=may(SALE_DELETE))


def approver_of(form: ApprovalFields, permission: str, too: TooMuch | None) -> uuid.UUID | None:
    """Return who approved what goes too far; None where nothing does, or nobody was named.

    Raises:
        ApprovalRefusedError, TooManyAttemptsError: As `approved_by`.
    """
    if too is None:
        return None
    return approved_by(form, permission, limit=too.limit, needed=too.needed if too.limit else None)
