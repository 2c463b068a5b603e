"""People come in and go out: signing in with a password, sessions, and who may sign in at all."""

import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.errors import (
    DuplicateEmailError,
    DuplicateLoginError,
    NotFoundError,
    RuleViolationError,
    WrongPasswordError,
)
from ledger_web.domain.languages import LANGUAGES, gettext
from ledger_web.domain.passwords import check_password, check_pin
from ledger_web.domain.tokens import digest_of, new_token
from ledger_web.services import throttle
from ledger_web.services.addresses import EmailChange, change_email
from ledger_web.services.mailing import ShopsMail
from ledger_web.services.passwords import NOBODYS_HASH, hash_password, is_hash_outdated, is_password
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act

AGENT_MAX = 300


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """Somebody gives a name and a password."""

    login: str
    password: str = field(repr=False)
    address: str  # of the browser, for the throttle
    previous_session: bytes | None = None  # digest of the session the browser came with: it ends
    agent: str = ""  # what the browser calls itself


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The secret of the new session: it goes into the cookie and is stored nowhere."""

    user_id: uuid.UUID
    token: str = field(repr=False)
    waits_for_code: bool = False  # it opens nothing yet


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
    session_id: bytes | None = None  # the one session that goes on, under another id


@dataclass(frozen=True, kw_only=True)
class EndSession:
    """Somebody signs out one of the browsers they are signed in with."""

    op_id: uuid.UUID
    user_id: uuid.UUID
    ref: uuid.UUID  # the first half of the session's digest


@dataclass(frozen=True, kw_only=True)
class ChooseLanguage:
    """Somebody reads the pages in a language of their own, or as the shop does."""

    user_id: uuid.UUID
    language: str | None  # one of LANGUAGES; None: the shop's


@dataclass(frozen=True, kw_only=True)
class ResetPassword:
    """Whoever runs the server gives somebody another password, because the old one is lost."""

    login: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class SetEmail:
    """Somebody says where links that set another password shall go."""

    user_id: uuid.UUID
    password: str = field(repr=False)
    email: str  # empty: nowhere
    mail: ShopsMail | None = None  # asks for the proof of the address, where something can be mailed


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
    password_hash = found.password_hash if found else NOBODYS_HASH
    if not is_password(command.password, password_hash) or found is None:
        with uow:  # not what was typed as a name: people type their password there
            after = {"why": "password", "address": command.address}
            uow.audit("session.refuse", holder=found.id if found else None, after=after)
        raise WrongPasswordError
    newer_hash = hash_password(command.password) if is_hash_outdated(password_hash) else None
    token = new_token()
    with uow:
        throttle.forget_sign_in(uow, login, command.address)
        end_session(uow, command.previous_session)
        open_session(
            uow,
            found.id,
            digest_of(token),
            address=command.address,
            agent=command.agent,
            waits_for_code=found.has_codes,
        )
        uow.execute(
            """
            UPDATE users SET pin_failures = 0
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND pin_failures > 0
            """,
            {"id": found.id},
        )
        if newer_hash:
            _store_hash(uow, found.id, newer_hash, replacing=password_hash)
        if not found.has_codes:
            uow.audit("session.open", holder=found.id, after={"address": command.address, "with": "password"})
    return SignedIn(found.id, token, found.has_codes)


@whole_act
def sign_out(command: SignOut, uow: UnitOfWork) -> None:
    """End a session at once, in every worker. Ending it twice is ending it once."""
    with uow:
        end_session(uow, command.session_id)
        uow.audit("session.close", holder=uow.actor_id)


@whole_act
def end_own_session(command: EndSession, uow: UnitOfWork) -> Recorded:
    """Sign out one browser of somebody.

    Raises:
        NotFoundError: They are not signed in there.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id):
            return Recorded(command.ref, replayed=True)
        ended = uow.execute(
            """
            UPDATE sessions
               SET revoked_at = coalesce(revoked_at, now())
             WHERE tenant_id = %(tenant_id)s
               AND user_id = %(user_id)s
               AND substring(id FROM 1 FOR 16) = %(ref)s
            RETURNING id
            """,
            {"user_id": command.user_id, "ref": command.ref.bytes},
        ).first()
        if ended is None:
            raise NotFoundError("This browser is not signed in any more.")
        uow.audit("session.end", holder=command.user_id, after={"ended": 1})
    return Recorded(command.ref)


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
        insert_user(uow, command.id, login=login, name=command.name, password_hash=password_hash, role_id=role_id)
        uow.audit("user.create", holder=command.id, after={"login": login, "name": command.name, "role": role_id})
    return Recorded(command.id)


@whole_act
def change_password(command: ChangePassword, uow: UnitOfWork) -> SignedIn:
    """Give somebody another password and end every session they have; the one they came with goes on under a new id.

    Raises:
        WrongPasswordError: The old password is another one, by now at least.
        WeakPasswordError: The new one is easy to guess.
        TooManyAttemptsError: The throttle, the same as for signing in.

    Source: promises S1, S2.
    """
    found = prove_password(uow, command.user_id, command.old_password)
    check_password(command.new_password, [found.login, found.name, found.shop])
    newer_hash, token = hash_password(command.new_password), new_token()
    with uow:
        if not _store_hash(uow, command.user_id, newer_hash, replacing=found.password_hash):
            raise WrongPasswordError("This is not your password. Check it and try again.")
        if command.session_id:
            _renew_session(uow, command.session_id, digest_of(token))
        end_sessions(uow, command.user_id, but=digest_of(token))
        uow.audit("user.change_password", holder=command.user_id)
    return SignedIn(command.user_id, token)


@whole_act
def set_pin(command: SetPin, uow: UnitOfWork) -> None:
    """Give oneself a PIN, or another one; it takes the password.

    Raises:
        WrongPasswordError: The password is another one.
        WeakPasswordError: The PIN is easy to guess.
        TooManyAttemptsError: The throttle, the same as for signing in.
    """
    check_pin(command.pin)
    prove_password(uow, command.user_id, command.password)
    pin_hash = hash_password(command.pin)
    with uow:
        uow.execute(
            """
            UPDATE users SET pin_hash = %(pin_hash)s, pin_failures = 0
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND active
            """,
            {"id": command.user_id, "pin_hash": pin_hash},
        )
        uow.audit("user.set_pin", holder=command.user_id)


@whole_act
def set_email(command: SetEmail, uow: UnitOfWork) -> EmailChange:
    """Say where one is reached by e-mail; it takes the password, because the address is a way to another one.

    Raises:
        WrongPasswordError: The password is another one.
        DuplicateEmailError: Somebody here has this address.
        TooManyAttemptsError: The throttle, the same as for signing in.
        TooMuchMailError: It would ask for a proof, and the shop or this address had enough e-mail for now.
    """
    prove_password(uow, command.user_id, command.password)
    email = fold_email(command.email)
    try:
        with uow:
            before = uow.execute(
                "SELECT email FROM users WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR NO KEY UPDATE",
                {"id": command.user_id},
            ).scalar_one()
            change = change_email(uow, command.user_id, before, email, command.mail)
            action = "user.ask_email" if change.asked else "user.set_email"
            uow.audit(action, holder=command.user_id, before={"email": before}, after={"email": email})
    except IntegrityError as error:
        if violated_constraint(error) == "users_email_key":
            raise DuplicateEmailError from None
        raise
    return change


@whole_act
def choose_language(command: ChooseLanguage, uow: UnitOfWork) -> None:
    """Say everything in this language to this person, from their next request on.

    Raises:
        RuleViolationError: Nothing is said in it.
    """
    if command.language is not None and command.language not in LANGUAGES:
        raise RuleViolationError("Language: Choose one that is in the list.")
    with uow:
        before = uow.execute(
            "SELECT language FROM users WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR UPDATE",
            {"id": command.user_id},
        ).scalar_one()
        if before == command.language:
            return
        uow.execute(
            "UPDATE users SET language = %(language)s WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
            {"id": command.user_id, "language": command.language},
        )
        uow.audit(
            "user.choose_language",
            holder=command.user_id,
            before={"language": before},
            after={"language": command.language},
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
            raise NotFoundError(gettext("Nobody signs in as %(login)s in this shop.", login=login))
        throttle.forget(uow, f"login:{login}")
        end_sessions(uow, user_id)
        uow.audit("user.reset_password", holder=user_id)


def prove_password(uow: UnitOfWork, user_id: uuid.UUID, password: str) -> Any:
    """Return login, name and hash of somebody whose password this is; a guess is counted before it is looked at."""
    with uow:
        found = uow.execute(
            """
            SELECT u.login, u.name, u.password_hash, t.name AS shop
              FROM users AS u
              JOIN tenants AS t
                ON t.tenant_id = %(tenant_id)s
             WHERE u.tenant_id = %(tenant_id)s
               AND u.id = %(id)s
               AND u.active
            """,
            {"id": user_id},
        ).one_or_none()
        if found is None:
            raise NotFoundError("There is no such user.")
        throttle.count(uow, f"login:{found.login}")
    if not is_password(password, found.password_hash):
        raise WrongPasswordError("This is not your password. Check it and try again.")
    with uow:
        throttle.forget(uow, f"login:{found.login}")
    return found


def fold_login(text: str) -> str:
    """Return a login as it is stored: Alice signs in as alice."""
    return text.strip().casefold()


def fold_email(text: str) -> str | None:
    """Return an e-mail address as it is stored; None for none."""
    return text.strip().casefold() or None


def insert_user(
    uow: UnitOfWork, user_id: uuid.UUID, *, login: str, name: str, password_hash: str, role_id: uuid.UUID
) -> None:
    """Write down somebody new.

    Raises:
        DuplicateLoginError: Somebody has this login.
    """
    try:
        uow.execute(
            """
            INSERT INTO users (tenant_id, id, login, name, password_hash, role_id)
            VALUES (%(tenant_id)s, %(id)s, %(login)s, %(name)s, %(password_hash)s, %(role_id)s)
            """,
            {"id": user_id, "login": login, "name": name, "password_hash": password_hash, "role_id": role_id},
        )
    except IntegrityError as error:
        if violated_constraint(error) != "users_login_key":
            raise
        raise DuplicateLoginError from error


def open_session(
    uow: UnitOfWork,
    user_id: uuid.UUID,
    session_id: bytes,
    *,
    address: str = "",
    agent: str = "",
    waits_for_code: bool = False,
    till_id: uuid.UUID | None = None,
) -> None:
    """Let a browser that knows the secret behind the digest be somebody, from now on."""
    uow.execute(
        """
        INSERT INTO sessions (tenant_id, id, user_id, created_at, last_seen_at, waits_for_code, address, agent, till_id)
        VALUES (%(tenant_id)s, %(id)s, %(user_id)s, now(), now(), %(waits_for_code)s, %(address)s, %(agent)s,
                %(till_id)s)
        """,
        {
            "id": session_id,
            "user_id": user_id,
            "waits_for_code": waits_for_code,
            "address": address[:100],
            "agent": agent[:AGENT_MAX],
            "till_id": till_id,
        },
    )


def end_sessions(uow: UnitOfWork, user_id: uuid.UUID, *, but: bytes | None = None) -> int:
    """End every session of somebody, but one if that is said; return how many."""
    ended = uow.execute(
        """
        UPDATE sessions
           SET revoked_at = now()
         WHERE tenant_id = %(tenant_id)s
           AND user_id = %(user_id)s
           AND id <> %(kept)s
           AND revoked_at IS NULL
        """,
        {"user_id": user_id, "kept": but or b""},
    )
    return int(ended.rowcount)


def end_session(uow: UnitOfWork, session_id: bytes | None) -> None:
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


def _find_user(uow: UnitOfWork, login: str) -> Any:
    return uow.execute(
        """
        SELECT id, password_hash, totp_secret IS NOT NULL AS has_codes
          FROM users
         WHERE tenant_id = %(tenant_id)s
           AND login = %(login)s
           AND active
        """,
        {"login": login},
    ).one_or_none()


def _renew_session(uow: UnitOfWork, session_id: bytes, newer: bytes) -> None:
    """Let a session go on under another id: how long it has lived, and where, goes with it."""
    uow.execute(
        """
        INSERT INTO sessions (tenant_id, id, user_id, created_at, last_seen_at, address, agent, till_id)
        SELECT s.tenant_id, %(newer)s, s.user_id, s.created_at, now(), s.address, s.agent, s.till_id
          FROM sessions AS s
         WHERE s.tenant_id = %(tenant_id)s
           AND s.id = %(id)s
           AND s.revoked_at IS NULL
           AND NOT s.waits_for_code
        """,
        {"id": session_id, "newer": newer},
    )


def _store_hash(uow: UnitOfWork, user_id: uuid.UUID, password_hash: str, *, replacing: str) -> bool:
    """Store a hash in place of the one that was verified; False: a password changed meanwhile is not put back."""
    stored = uow.execute(
        """
        UPDATE users
           SET password_hash = %(newer)s
         WHERE tenant_id = %(tenant_id)s
           AND id = %(id)s
           AND password_hash = %(replacing)s
        """,
        {"id": user_id, "newer": password_hash, "replacing": replacing},
    )
    return stored.rowcount == 1
