"""Browsers registered as tills, and cashiers who come in there with a PIN."""

import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from ledger_web.domain.errors import NotFoundError, WrongPinError
from ledger_web.domain.permissions import DOMAIN_MANAGE, ROLE_EDIT, SETTINGS_EDIT, USER_MANAGE, rights_of
from ledger_web.domain.tokens import digest_of, new_token
from ledger_web.services.passwords import NOBODYS_HASH, is_password
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act
from ledger_web.services.users import SignedIn, end_session, open_session

PIN_FAILURES_MAX: Final = 5
# Whoever may do one of these comes in with a password, also at a till: a PIN is seen by who stands beside.
TAKES_A_PASSWORD: Final = frozenset({USER_MANAGE, ROLE_EDIT, SETTINGS_EDIT, DOMAIN_MANAGE})


@dataclass(frozen=True, kw_only=True)
class RegisterTill:
    """This browser shall be a till."""

    id: uuid.UUID
    name: str
    token: str = field(repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class RemoveTill:
    """A browser is no till any more."""

    op_id: uuid.UUID
    till_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class SignInAtTill:
    """A cashier picks their name at a till and enters the PIN."""

    till_digest: bytes
    user_id: uuid.UUID
    pin: str = field(repr=False)  # folded
    address: str
    agent: str = ""
    previous_session: bytes | None = None


@whole_act
def register_till(command: RegisterTill, uow: UnitOfWork) -> Recorded:
    """Let cashiers come in with a PIN at the browser that keeps the token."""
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        uow.execute(
            """
            INSERT INTO tills (tenant_id, id, name, token_digest, registered_by)
            VALUES (%(tenant_id)s, %(id)s, %(name)s, %(digest)s, %(actor_id)s)
            """,
            {"id": command.id, "name": command.name, "digest": digest_of(command.token), "actor_id": uow.actor_id},
        )
        uow.audit("till.register", holder=command.id, after={"name": command.name})
    return Recorded(command.id)


@whole_act
def remove_till(command: RemoveTill, uow: UnitOfWork) -> Recorded:
    """Take a till away; who came in there with a PIN is signed out.

    Raises:
        NotFoundError: The shop has no such till.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.till_id):
            return Recorded(command.till_id, replayed=True)
        removed = uow.execute(
            """
            UPDATE tills SET removed_at = coalesce(removed_at, now())
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s
            RETURNING name
            """,
            {"id": command.till_id},
        ).one_or_none()
        if removed is None:
            raise NotFoundError("There is no such till in this shop.")
        uow.execute(
            """
            UPDATE sessions SET revoked_at = now()
             WHERE tenant_id = %(tenant_id)s AND till_id = %(id)s AND revoked_at IS NULL
            """,
            {"id": command.till_id},
        )
        uow.audit("till.remove", holder=command.till_id, before={"name": removed.name})
    return Recorded(command.till_id)


@whole_act
def sign_in_at_till(command: SignInAtTill, uow: UnitOfWork) -> SignedIn:
    """Open a session for a cashier by PIN, and end the one of whoever stood there before.

    A try is counted and committed before the PIN is looked at. After five wrong ones only a password helps, which
    takes the count back; so does the right PIN before.

    Raises:
        WrongPinError: Not at a till of this shop, nobody who may come in so, no tries left, or another PIN.
    """
    with uow:
        found = _take_try(uow, command)
    is_right = is_password(command.pin, found.pin_hash if found else NOBODYS_HASH)
    token = new_token()
    with uow:
        if found is None or not is_right:
            after = {"why": "pin", "address": command.address, "till": found.till_id if found else None}
            uow.audit("session.refuse", holder=found.id if found else None, after=after)
        else:
            uow.execute(
                "UPDATE users SET pin_failures = 0 WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": found.id}
            )
            end_session(uow, command.previous_session)
            open_session(
                uow,
                found.id,
                digest_of(token),
                address=command.address,
                agent=command.agent,
                till_id=found.till_id,
            )
            uow.audit("session.open", holder=found.id, after={"with": "pin", "till": found.till_id})
    if found is None or not is_right:
        raise WrongPinError
    return SignedIn(found.id, token)


def _take_try(uow: UnitOfWork, command: SignInAtTill) -> Any:
    """Count a try of somebody who may come in with a PIN here; None if there is no such person or no try left."""
    found = uow.execute(
        """
        UPDATE users AS u
           SET pin_failures = u.pin_failures + 1
          FROM roles AS r, tills AS t
         WHERE u.tenant_id = %(tenant_id)s
           AND u.id = %(user_id)s
           AND u.active
           AND u.pin_hash IS NOT NULL
           AND u.totp_secret IS NULL
           AND u.pin_failures < %(failures_max)s
           AND r.tenant_id = %(tenant_id)s
           AND r.id = u.role_id
           AND t.tenant_id = %(tenant_id)s
           AND t.token_digest = %(till_digest)s
           AND t.removed_at IS NULL
        RETURNING u.id, u.pin_hash, r.built_in, r.permissions, t.id AS till_id
        """,
        {"user_id": command.user_id, "till_digest": command.till_digest, "failures_max": PIN_FAILURES_MAX},
    ).one_or_none()
    if found is None or rights_of(found.built_in, found.permissions) & TAKES_A_PASSWORD:
        return None
    return found
