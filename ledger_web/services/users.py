"""People come in and go out: signing in with a password, sessions, and who may sign in at all."""

import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.errors import DuplicateLoginError, NotFoundError, WrongPasswordError
from ledger_web.domain.passwords import check_password, check_pin
from ledger_web.domain.tokens import digest_of, new_token
from ledger_web.services import throttle
from ledger_web.services.passwords import NOBODYS_HASH, hash_password, is_hash_outdated, is_password
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """Somebody gives a name and a password."""

    login: str
    password: str = field(repr=False)
    address: str  # of the browser, for the throttle
    previous_session: bytes | None = None  # digest of the session the browser came with: it ends


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The secret of the new session: it goes into the cookie and is stored nowhere."""

    user_id: uuid.UUID
    token: str = field(repr=False)


@dataclass(frozen=True)
class SignOut:
    """A browser leaves."""

    session_id: bytes


@dataclass(frozen=True)
class TouchSession:
    """A browser was seen again."""

    session_id: bytes


@dataclass(frozen=True, kw_only=True)
class CreateUser:
    """Somebody shall be able to sign in."""

    id: uuid.UUID
    login: str
    name: str
    password: str = field(repr=False)
    role: str  # by name


@dataclass(frozen=True, kw_only=True)
class ChangePassword:
    """Somebody wants another password."""

    user_id: uuid.UUID
    old_password: str = field(repr=False)
    new_password: str = field(repr=False)
    session_id: bytes | None = None  # the one session that goes on


@dataclass(frozen=True, kw_only=True)
class ResetPassword:
    """Whoever runs the server gives somebody another password, because the old one is lost."""

    login: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class SetPin:
    """Somebody chooses the PIN they approve with."""

    user_id: uuid.UUID
    password: str = field(repr=False)
    pin: str = field(repr=False)  # folded


@whole_act
def sign_in(command: SignIn, uow: UnitOfWork) -> SignedIn:
    """Open a session for whoever knows the password.

    The attempt is counted and committed before the password is looked at, so that however many workers try at
    once, no more get through than the throttle allows; a right password takes the count back. Hashing happens
    between the two transactions: it must not hold one open.

    Raises:
        TooManyAttemptsError: The throttle; says how long to wait.
        WrongPasswordError: No such user, an inactive one, or another password: all the same answer and time.

    Source: promises S1, S4, S5, S6.
    """
    login = fold_login(command.login)
    with uow:
        throttle.count_sign_in(uow, login, command.address)
        found = _find_user(uow, login)
    user_id, password_hash = found or (None, NOBODYS_HASH)
    if not is_password(command.password, password_hash) or user_id is None:
        raise WrongPasswordError
    newer_hash = hash_password(command.password) if is_hash_outdated(password_hash) else None
    token = new_token()
    with uow:
        throttle.forget_sign_in(uow, login, command.address)
        _end_session(uow, command.previous_session)
        _open_session(uow, user_id, digest_of(token))
        if newer_hash:
            _store_hash(uow, user_id, newer_hash, replacing=password_hash)
    return SignedIn(user_id, token)


@whole_act
def sign_out(command: SignOut, uow: UnitOfWork) -> None:
    """End a session at once, in every worker. Ending it twice is ending it once."""
    with uow:
        _end_session(uow, command.session_id)


@whole_act
def touch_session(command: TouchSession, uow: UnitOfWork) -> None:
    """Note that a session is in use, at most once a minute."""
    with uow:
        uow.execute(
            """
            UPDATE sessions
               SET last_seen_at = now()
             WHERE tenant_id = %(tenant_id)s
               AND id = %(id)s
               AND last_seen_at < now() - interval '1 minute'
            """,
            {"id": command.session_id},
        )


@whole_act
def create_user(command: CreateUser, uow: UnitOfWork) -> Recorded:
    """Let somebody sign in to the shop, in one of its roles.

    Raises:
        WeakPasswordError: The password is easy to guess.
        DuplicateLoginError: Somebody has this login.
        NotFoundError: The shop has no such role.
    """
    login = fold_login(command.login)
    check_password(command.password, [login, command.name])
    password_hash = hash_password(command.password)
    with uow:
        # Without the password: a fast digest of it beside all the rest could be guessed at.
        if uow.is_resubmission(replace(command, password=""), id=command.id):
            return Recorded(command.id, replayed=True)
        role_id = uow.execute(
            "SELECT id FROM roles WHERE tenant_id = %(tenant_id)s AND name = %(name)s", {"name": command.role}
        ).scalar()
        if role_id is None:
            raise NotFoundError("There is no such role.")
        _insert_user(uow, command, login, password_hash, role_id)
    return Recorded(command.id)


@whole_act
def change_password(command: ChangePassword, uow: UnitOfWork) -> None:
    """Give somebody another password and end every other session they have.

    Raises:
        WrongPasswordError: The old password is another one.
        WeakPasswordError: The new one is easy to guess.
        TooManyAttemptsError: The throttle, the same as for signing in.
    """
    found = _prove_password(uow, command.user_id, command.old_password)
    check_password(command.new_password, [found.login, found.name])
    newer_hash = hash_password(command.new_password)
    with uow:
        _store_hash(uow, command.user_id, newer_hash, replacing=found.password_hash)
        uow.execute(
            """
            UPDATE sessions
               SET revoked_at = now()
             WHERE tenant_id = %(tenant_id)s
               AND user_id = %(user_id)s
               AND id <> %(kept)s
               AND revoked_at IS NULL
            """,
            {"user_id": command.user_id, "kept": command.session_id or b""},
        )


@whole_act
def set_pin(command: SetPin, uow: UnitOfWork) -> None:
    """Give oneself a PIN, or another one; it takes the password.

    Raises:
        WrongPasswordError: The password is another one.
        WeakPasswordError: The PIN is easy to guess.
        TooManyAttemptsError: The throttle, the same as for signing in.
    """
    check_pin(command.pin)
    _prove_password(uow, command.user_id, command.password)
    pin_hash = hash_password(command.pin)
    with uow:
        uow.execute(
            "UPDATE users SET pin_hash = %(pin_hash)s WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND active",
            {"id": command.user_id, "pin_hash": pin_hash},
        )
        uow.audit("user.set_pin", holder=command.user_id)


@whole_act
def reset_password(command: ResetPassword, uow: UnitOfWork) -> None:
    """Give somebody another password without asking for the old one, and end every session they have.

    Raises:
        NotFoundError: Nobody here signs in by this name.
        WeakPasswordError: The password is easy to guess.
    """
    login = fold_login(command.login)
    check_password(command.password, [login])
    password_hash = hash_password(command.password)
    with uow:
        user_id = uow.execute(
            """
            UPDATE users SET password_hash = %(password_hash)s
             WHERE tenant_id = %(tenant_id)s AND login = %(login)s
            RETURNING id
            """,
            {"login": login, "password_hash": password_hash},
        ).scalar_one_or_none()
        if user_id is None:
            raise NotFoundError(f"Nobody signs in as {login} in this shop.")
        throttle.forget(uow, f"login:{login}")
        uow.execute(
            """
            UPDATE sessions SET revoked_at = now()
             WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s AND revoked_at IS NULL
            """,
            {"user_id": user_id},
        )


def _prove_password(uow: UnitOfWork, user_id: uuid.UUID, password: str) -> Any:
    """Return login, name and hash of somebody whose password this is; a guess is counted before it is looked at."""
    with uow:
        found = uow.execute(
            """
            SELECT login, name, password_hash
              FROM users
             WHERE tenant_id = %(tenant_id)s
               AND id = %(id)s
               AND active
            """,
            {"id": user_id},
        ).one_or_none()
        if found is None:
            raise NotFoundError("There is no such user.")
        throttle.count(uow, f"login:{found.login}")
    if not is_password(password, found.password_hash):
        raise WrongPasswordError("The old password is another one. Try again.")
    with uow:
        throttle.forget(uow, f"login:{found.login}")
    return found


def fold_login(text: str) -> str:
    """Return a login as it is stored: Alice signs in as alice."""
    return text.strip().casefold()


def _find_user(uow: UnitOfWork, login: str) -> tuple[uuid.UUID, str] | None:
    found = uow.execute(
        "SELECT id, password_hash FROM users WHERE tenant_id = %(tenant_id)s AND login = %(login)s AND active",
        {"login": login},
    ).one_or_none()
    return (found.id, found.password_hash) if found else None


def _open_session(uow: UnitOfWork, user_id: uuid.UUID, session_id: bytes) -> None:
    uow.execute(
        """
        INSERT INTO sessions (tenant_id, id, user_id, created_at, last_seen_at)
        VALUES (%(tenant_id)s, %(id)s, %(user_id)s, now(), now())
        """,
        {"id": session_id, "user_id": user_id},
    )


def _end_session(uow: UnitOfWork, session_id: bytes | None) -> None:
    if session_id is not None:
        uow.execute(
            """
            UPDATE sessions
               SET revoked_at = now()
             WHERE tenant_id = %(tenant_id)s
               AND id = %(id)s
               AND revoked_at IS NULL
            """,
            {"id": session_id},
        )


def _store_hash(uow: UnitOfWork, user_id: uuid.UUID, password_hash: str, *, replacing: str) -> None:
    """Store a hash in place of the one that was verified: a password changed meanwhile is not put back."""
    uow.execute(
        """
        UPDATE users
           SET password_hash = %(newer)s
         WHERE tenant_id = %(tenant_id)s
           AND id = %(id)s
           AND password_hash = %(replacing)s
        """,
        {"id": user_id, "newer": password_hash, "replacing": replacing},
    )


def _insert_user(uow: UnitOfWork, command: CreateUser, login: str, password_hash: str, role_id: uuid.UUID) -> None:
    try:
        uow.execute(
            """
            INSERT INTO users (tenant_id, id, login, name, password_hash, role_id)
            VALUES (%(tenant_id)s, %(id)s, %(login)s, %(name)s, %(password_hash)s, %(role_id)s)
            """,
            {
                "id": command.id,
                "login": login,
                "name": command.name,
                "password_hash": password_hash,
                "role_id": role_id,
            },
        )
    except IntegrityError as error:
        if violated_constraint(error) != "users_login_key":
            raise
        raise DuplicateLoginError from error
