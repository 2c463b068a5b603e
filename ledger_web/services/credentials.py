"""What people prove themselves with: a password set by a link, and codes of a second factor."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from ledger_web.domain.errors import LinkSpentError, NotFoundError, RuleViolationError, WrongCodeError
from ledger_web.domain.passwords import check_password
from ledger_web.domain.tokens import digest_of, new_token
from ledger_web.domain.totp import digest_of_recovery_code, new_recovery_codes, step_of
from ledger_web.services import throttle
from ledger_web.services.passwords import hash_password
from ledger_web.services.reach import reach_of_user, take_turn
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act
from ledger_web.services.users import SignedIn, end_sessions, open_session, prove_password


@dataclass(frozen=True, kw_only=True)
class UseLink:
    """Somebody opened their link and chose a password."""

    token: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class EnterCode:
    """Somebody whose password was right gives the code of their phone, or a recovery code."""

    session_id: bytes  # that waits for it
    code: str = field(repr=False)
    address: str
    agent: str = ""


@dataclass(frozen=True, kw_only=True)
class BeginCodes:
    """Somebody proves that their phone computes the same codes."""

    user_id: uuid.UUID
    password: str = field(repr=False)
    secret: str = field(repr=False)
    code: str = field(repr=False)
    session_id: bytes | None = None  # the one session that goes on


@dataclass(frozen=True, kw_only=True)
class EndCodes:
    """Somebody wants no codes any more."""

    user_id: uuid.UUID
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class RemoveCodes:
    """Somebody else lost their phone and their recovery codes."""

    op_id: uuid.UUID
    user_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class RequireCodes:
    """The shop says whether its owners need a code."""

    op_id: uuid.UUID
    required: bool


@whole_act
def use_link(command: UseLink, uow: UnitOfWork) -> str:
    """Set a password by a link, once; every session and other link of that person ends. Return the login.

    Raises:
        LinkSpentError: Used, too old, of another shop, or never there: all the same answer.
        WeakPasswordError: The password is easy to guess; the link still works.
    """
    with uow:
        found = _find_link(uow, command.token)
    check_password(command.password, [found.login, found.name, found.shop])
    password_hash = hash_password(command.password)
    with uow:
        user_id = uow.execute(
            """
            UPDATE password_links AS l
               SET used_at = now()
             WHERE l.tenant_id = %(tenant_id)s
               AND l.id = %(id)s
               AND l.used_at IS NULL
               AND l.expires_at > now()
            RETURNING l.user_id
            """,
            {"id": found.id},
        ).scalar_one_or_none()
        if user_id is None:  # another was faster
            raise LinkSpentError
        uow.execute(
            """
            UPDATE password_links SET used_at = now()
             WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s AND used_at IS NULL
            """,
            {"user_id": user_id},
        )
        uow.execute(
            """
            UPDATE users SET password_hash = %(password_hash)s, pin_failures = 0
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND active
            """,
            {"id": user_id, "password_hash": password_hash},
        )
        if found.kind == "rescue":
            forget_codes(uow, user_id)
        end_sessions(uow, user_id)
        throttle.forget(uow, f"login:{found.login}")
        uow.audit("user.use_link", holder=user_id, after={"kind": found.kind})
    login: str = found.login
    return login


@whole_act
def enter_code(command: EnterCode, uow: UnitOfWork) -> SignedIn:
    """Open a session for whoever proved the password a moment ago and knows the code now.

    A code works once: the step it belongs to is raised in the row that says which was the last. Guesses are counted
    before they are looked at.

    Raises:
        NotFoundError: There is no session that waits for a code, or it has waited for five minutes.
        WrongCodeError: It does not fit, or was used.
        TooManyAttemptsError: The throttle.

    Source: promise S7.
    """
    with uow:
        waiting = _find_waiting(uow, command.session_id)
        throttle.count(uow, f"code:{waiting.user_id}")
    token = new_token()
    with uow:
        if not _take_code(uow, waiting, command.code):
            is_taken = False
            uow.audit("session.refuse", holder=waiting.user_id, after={"why": "code", "address": command.address})
        else:
            is_taken = True
            throttle.forget(uow, f"code:{waiting.user_id}")
            uow.execute(
                "UPDATE sessions SET revoked_at = now() WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
                {"id": command.session_id},
            )
            open_session(uow, waiting.user_id, digest_of(token), address=command.address, agent=command.agent)
            uow.audit("session.open", holder=waiting.user_id, after={"address": command.address, "with": "code"})
    if not is_taken:
        raise WrongCodeError
    return SignedIn(waiting.user_id, token)


@whole_act
def begin_codes(command: BeginCodes, uow: UnitOfWork) -> list[str]:
    """Ask for a code at each sign-in from now on; return the recovery codes, shown once. Other sessions end.

    Raises:
        WrongPasswordError, TooManyAttemptsError: As in signing in.
        WrongCodeError: The phone shows something else: it read another square, or its clock is wrong.
        RuleViolationError: There are codes already.
    """
    prove_password(uow, command.user_id, command.password)
    codes = new_recovery_codes()
    with uow:
        step = step_of(command.secret, command.code, seconds=_now(uow), after=0)
        if step is None:
            raise WrongCodeError
        begun = uow.execute(
            """
            UPDATE users SET totp_secret = %(secret)s, totp_step = %(step)s
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND totp_secret IS NULL
            RETURNING id
            """,
            {"id": command.user_id, "secret": command.secret, "step": step},
        ).one_or_none()
        if begun is None:
            raise RuleViolationError("You use codes already. End that first if you have another phone.")
        _store_recovery_codes(uow, command.user_id, codes)
        end_sessions(uow, command.user_id, but=command.session_id)
        uow.audit("user.begin_codes", holder=command.user_id)
    return codes


@whole_act
def end_codes(command: EndCodes, uow: UnitOfWork) -> None:
    """Ask for no code any more.

    Raises:
        WrongPasswordError, TooManyAttemptsError: As in signing in.
        RuleViolationError: The shop wants its owners to have them.
    """
    prove_password(uow, command.user_id, command.password)
    with uow:
        reach = reach_of_user(uow, command.user_id)
        is_needed = uow.execute("SELECT owners_need_code FROM tenants WHERE tenant_id = %(tenant_id)s").scalar_one()
        if is_needed and reach.built_in == "owner":
            raise RuleViolationError("This shop asks its owners for a code. Change that first, or keep your codes.")
        forget_codes(uow, command.user_id)
        uow.audit("user.end_codes", holder=command.user_id)


@whole_act
def remove_codes(command: RemoveCodes, uow: UnitOfWork) -> Recorded:
    """Let somebody else in without a code, because phone and recovery codes are lost; their sessions end.

    Raises:
        NotFoundError: The shop has no such user.
        BeyondReachError: They have rights the actor has not.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.user_id):
            return Recorded(command.user_id, replayed=True)
        reach = take_turn(uow)
        theirs = reach_of_user(uow, command.user_id)
        reach.check_covers(theirs)
        forget_codes(uow, command.user_id)
        end_sessions(uow, command.user_id)
        uow.audit("user.remove_codes", holder=command.user_id)
    return Recorded(command.user_id)


@whole_act
def require_codes(command: RequireCodes, uow: UnitOfWork) -> Recorded:
    """Say whether owners need a code. One who has none yet is led to it with the next request."""
    with uow:
        if uow.is_resubmission(command, id=command.op_id):
            return Recorded(command.op_id, replayed=True)
        before = uow.execute(
            "SELECT owners_need_code FROM tenants WHERE tenant_id = %(tenant_id)s FOR NO KEY UPDATE"
        ).scalar_one()
        uow.execute(
            "UPDATE tenants SET owners_need_code = %(required)s WHERE tenant_id = %(tenant_id)s",
            {"required": command.required},
        )
        uow.audit("settings.edit", before={"owners_need_code": before}, after={"owners_need_code": command.required})
    return Recorded(command.op_id)


def _find_link(uow: UnitOfWork, token: str) -> Any:
    found = uow.execute(
        """
        SELECT l.id, l.kind, u.login, u.name, t.name AS shop
          FROM password_links AS l
          JOIN users AS u
            ON u.tenant_id = %(tenant_id)s
           AND u.id = l.user_id
           AND u.active
          JOIN tenants AS t
            ON t.tenant_id = %(tenant_id)s
         WHERE l.tenant_id = %(tenant_id)s
           AND l.token_digest = %(digest)s
           AND l.used_at IS NULL
           AND l.expires_at > now()
        """,
        {"digest": digest_of(token)},
    ).one_or_none()
    if found is None:
        raise LinkSpentError
    return found


def _find_waiting(uow: UnitOfWork, session_id: bytes) -> Any:
    found = uow.execute(
        """
        SELECT s.user_id, u.totp_secret, u.totp_step
          FROM sessions AS s
          JOIN users AS u
            ON u.tenant_id = %(tenant_id)s
           AND u.id = s.user_id
           AND u.active
         WHERE s.tenant_id = %(tenant_id)s
           AND s.id = %(id)s
           AND s.waits_for_code
           AND s.revoked_at IS NULL
           AND s.created_at > now() - interval '5 minutes'
        """,
        {"id": session_id},
    ).one_or_none()
    if found is None:
        raise NotFoundError("This took too long. Sign in again.")
    return found


def _take_code(uow: UnitOfWork, waiting: Any, code: str) -> bool:
    """Use a code up, of the phone or of the list; say whether there was such a one."""
    step = (
        step_of(waiting.totp_secret, code, seconds=_now(uow), after=waiting.totp_step) if waiting.totp_secret else None
    )
    if step is not None:
        taken = uow.execute(
            """
            UPDATE users SET totp_step = %(step)s
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND totp_step < %(step)s
            RETURNING id
            """,
            {"id": waiting.user_id, "step": step},
        )
    else:
        taken = uow.execute(
            """
            UPDATE recovery_codes SET used_at = now()
             WHERE tenant_id = %(tenant_id)s AND user_id = %(id)s AND digest = %(digest)s AND used_at IS NULL
            RETURNING user_id
            """,
            {"id": waiting.user_id, "digest": digest_of_recovery_code(code)},
        )
    return taken.first() is not None


def _store_recovery_codes(uow: UnitOfWork, user_id: uuid.UUID, codes: list[str]) -> None:
    uow.execute(
        """
        INSERT INTO recovery_codes (tenant_id, user_id, digest)
        SELECT %(tenant_id)s, %(user_id)s, unnest(%(digests)s::bytea[])
        """,
        {"user_id": user_id, "digests": [digest_of_recovery_code(code) for code in codes]},
    )


def forget_codes(uow: UnitOfWork, user_id: uuid.UUID) -> None:
    """Let somebody in without a code from now on."""
    uow.execute(
        """
        UPDATE users SET totp_secret = NULL, totp_step = 0
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        """,
        {"id": user_id},
    )
    uow.execute("DELETE FROM recovery_codes WHERE tenant_id = %(tenant_id)s AND user_id = %(id)s", {"id": user_id})


def _now(uow: UnitOfWork) -> float:
    return float(uow.execute("SELECT extract(epoch FROM clock_timestamp())").scalar_one())
