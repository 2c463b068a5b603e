"""Somebody with more rights stands beside the till and allows one act with a PIN."""

import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledger_web.domain.errors import ApprovalRefusedError
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import limits_of, rights_of
from ledger_web.services import throttle
from ledger_web.services.passwords import NOBODYS_HASH, is_password
from ledger_web.services.unit_of_work import UnitOfWork, whole_act
from ledger_web.services.users import fold_login


@dataclass(frozen=True, kw_only=True)
class Approve:
    """Somebody else than the actor allows one act."""

    op_id: uuid.UUID  # of the act's form: the approval is for it and for nothing else
    permission: str  # what the act takes
    login: str  # of the approver
    pin: str = field(repr=False)  # folded
    address: str  # of the browser, for the throttle
    limit: str = ""  # a limit the act goes to
    needed: Decimal | None = None  # how far


@whole_act
def approve(command: Approve, uow: UnitOfWork) -> uuid.UUID:
    """Return the id of who approved. It counts for the request it was given in, and is never asked for again.

    Guesses are counted before the PIN is looked at, for the approver and for the address, as in signing in. Both
    the approval and a refusal are in the audit, with both people.

    Raises:
        ApprovalRefusedError: No such person, no PIN, another PIN, or the actor themselves: all the same answer.
            Or they may not do this either, which only the right PIN is told.
        TooManyAttemptsError: The throttle.

    Source: product spec 2; promises §2.9.
    """
    login = fold_login(command.login)
    with uow:
        throttle.count_pin(uow, login, command.address)
        found = _find_approver(uow, login)
    pin_hash = found.pin_hash if found is not None and found.pin_hash else NOBODYS_HASH
    is_right = is_password(command.pin, pin_hash)
    if found is None or not is_right or found.id == uow.actor_id:
        _refuse(uow, command, found, "wrong name or PIN")
        raise ApprovalRefusedError
    trouble = _lack_of(found, command)
    if trouble:
        _refuse(uow, command, found, "not allowed either")
        raise ApprovalRefusedError(trouble)
    approver_id: uuid.UUID = found.id
    with uow:
        throttle.forget_pin(uow, login, command.address)
        uow.audit("approval.give", holder=command.op_id, after=_asked(command), approved_by=approver_id)
    return approver_id


def _find_approver(uow: UnitOfWork, login: str) -> Any:
    return uow.execute(
        """
        SELECT u.id, u.name, u.pin_hash, r.built_in, r.permissions, r.limits
          FROM users AS u
          JOIN roles AS r
            ON r.tenant_id = %(tenant_id)s
           AND r.id = u.role_id
         WHERE u.tenant_id = %(tenant_id)s
           AND u.login = %(login)s
           AND u.active
        """,
        {"login": login},
    ).one_or_none()


def _lack_of(approver: Any, command: Approve) -> str:
    """Say what the approver may not do either; nothing if they may."""
    if command.permission not in rights_of(approver.built_in, approver.permissions):
        return gettext("%(name)s may not do this either. Ask somebody who may.", name=approver.name)
    reach = limits_of(approver.built_in, approver.limits)[command.limit] if command.limit else None
    if reach is not None and (command.needed is None or command.needed > reach):
        return gettext(
            "This is more than %(name)s may approve. Ask somebody who may, or make it less.", name=approver.name
        )
    return ""


def _refuse(uow: UnitOfWork, command: Approve, found: Any, why: str) -> None:
    with uow:
        after = {**_asked(command), "why": why, "asked": found.name if found else None}
        uow.audit("approval.refuse", holder=command.op_id, after=after)


def _asked(command: Approve) -> dict[str, object]:
    return {"right": command.permission, "limit": command.limit or None, "needed": command.needed}
