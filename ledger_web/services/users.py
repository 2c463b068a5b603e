"""People come in and go out: signing in with a password, sessions, and who may sign in at all."""

import uuid
from dataclasses import dataclass, field, replace

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.errors import DuplicateLoginError, NotFoundError, TooManyAttemptsError, WrongPasswordError
from ledger_web.domain.passwords import check_password
from ledger_web.domain.tokens import digest_of, new_token
from ledger_web.services.passwords import NOBODYS_HASH, hash_password, is_hash_outdated, is_password
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act

FAILURES_MAX_OF_LOGIN = 5
FAILURES_MAX_OF_ADDRESS = 30


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
        _count_attempt(uow, login, command.address)
        found = _find_user(uow, login)
    user_id, password_hash = found or (None, NOBODYS_HASH)
    if not is_password(command.password, password_hash) or user_id is None:
        raise WrongPasswordError
    newer_hash = hash_password(command.password) if is_hash_outdated(password_hash) else None
    token = new_token()
    with uow:
        _forget_attempts(uow, login, command.address)
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
    with uow:
        found = uow.execute(
            """
            SELECT login, name, password_hash
              FROM users
             WHERE tenant_id = %(tenant_id)s
               AND id = %(id)s
               AND active
            """,
            {"id": command.user_id},
        ).one_or_none()
        if found is None:
            raise NotFoundError("There is no such user.")
        _count_attempt_of(uow, f"login:{found.login}", FAILURES_MAX_OF_LOGIN)
    if not is_password(command.old_password, found.password_hash):
        raise WrongPasswordError("The old password is another one. Try again.")
    check_password(command.new_password, [found.login, found.name])
    newer_hash = hash_password(command.new_password)
    with uow:
        _forget_attempts_of(uow, f"login:{found.login}")
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
        _forget_attempts_of(uow, f"login:{login}")
        uow.execute(
            """
            UPDATE sessions SET revoked_at = now()
             WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s AND revoked_at IS NULL
            """,
            {"user_id": user_id},
        )


def fold_login(text: str) -> str:
    """Return a login as it is stored: Alice signs in as alice."""
    return text.strip().casefold()


def _count_attempt(uow: UnitOfWork, login: str, address: str) -> None:
    """Count an attempt for the address and for the login: always in this order, so that two cannot deadlock."""
    _count_attempt_of(uow, f"address:{address[:100]}", FAILURES_MAX_OF_ADDRESS)
    _count_attempt_of(uow, f"login:{login[:100]}", FAILURES_MAX_OF_LOGIN)


def _count_attempt_of(uow: UnitOfWork, subject: str, failures_max: int) -> None:
    """Take one attempt, unless it is time to wait.

    Up to `failures_max` within 15 minutes are free. Each one more has to wait after the one before: 30 seconds,
    then twice as long each time, 15 minutes at most, so that nobody can lock another out for longer. An hour
    without a counted attempt forgets them all. A refused attempt is not counted.

    The condition stands in the UPDATE: two workers cannot both take the last attempt.
    """
    taken = uow.execute(
        """
        INSERT INTO sign_in_failures AS f (tenant_id, subject, failures, window_start)
        VALUES (%(tenant_id)s, %(subject)s, 1, now())
        ON CONFLICT (tenant_id, subject) DO UPDATE
           SET failures     = CASE WHEN f.window_start < now() - CASE WHEN f.failures < %(failures_max)s
                                                                      THEN interval '15 minutes'
                                                                      ELSE interval '1 hour' END
                                   THEN 1
                                   ELSE f.failures + 1 END,
               window_start = CASE WHEN f.window_start >= now() - interval '15 minutes'
                                    AND f.failures + 1 < %(failures_max)s
                                   THEN f.window_start
                                   ELSE now() END
         WHERE f.failures < %(failures_max)s
            OR f.window_start + least(interval '15 minutes',
                                      interval '30 seconds' * 2 ^ least(f.failures - %(failures_max)s, 10)) <= now()
        RETURNING f.failures
        """,
        {"subject": subject, "failures_max": failures_max},
    ).first()
    if taken is None:
        raise TooManyAttemptsError(_seconds_to_wait(uow, subject, failures_max))


def _seconds_to_wait(uow: UnitOfWork, subject: str, failures_max: int) -> int:
    seconds = uow.execute(
        """
        SELECT ceil(extract(epoch FROM f.window_start - now()
                    + least(interval '15 minutes',
                            interval '30 seconds' * 2 ^ least(f.failures - %(failures_max)s, 10))))
          FROM sign_in_failures AS f
         WHERE f.tenant_id = %(tenant_id)s
           AND f.subject = %(subject)s
        """,
        {"subject": subject, "failures_max": failures_max},
    ).scalar_one()
    return max(1, int(seconds))


def _forget_attempts(uow: UnitOfWork, login: str, address: str) -> None:
    """Take back what a right password had counted: all of the login's, but only one of the address's.

    Otherwise somebody with an account of their own could guess at others' for ever from one address.
    """
    uow.execute(
        """
        UPDATE sign_in_failures
           SET failures = failures - 1
         WHERE tenant_id = %(tenant_id)s
           AND subject = %(subject)s
           AND failures > 0
        """,
        {"subject": f"address:{address[:100]}"},
    )
    _forget_attempts_of(uow, f"login:{login[:100]}")


def _forget_attempts_of(uow: UnitOfWork, subject: str) -> None:
    uow.execute(
        "DELETE FROM sign_in_failures WHERE tenant_id = %(tenant_id)s AND subject = %(subject)s", {"subject": subject}
    )


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
