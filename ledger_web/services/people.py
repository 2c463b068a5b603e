"""Who works in the shop: inviting, changing, ending access, helping who lost a password."""

import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.errors import (
    DuplicateEmailError,
    DuplicateLoginError,
    NotFoundError,
    OwnRoleError,
    RuleViolationError,
    StaleEditError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import gettext
from ledger_web.domain.tokens import digest_of, new_token
from ledger_web.services.addresses import EmailChange, change_email
from ledger_web.services.mailing import ShopsMail, count_mail
from ledger_web.services.passwords import hash_password
from ledger_web.services.reach import EVERYTHING, Reach, check_an_owner_stays, reach_of_role, reach_of_user, take_turn
from ledger_web.services.shop_lifecycle import Behest, hold_place, said_by
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act
from ledger_web.services.users import end_sessions, fold_email, fold_login, insert_user

LIVES: Final = {"invitation": "7 days", "reset": "30 minutes", "rescue": "30 minutes"}


@dataclass(frozen=True, kw_only=True)
class Invite:
    """Somebody new shall come to work."""

    id: uuid.UUID  # of the user
    login: str
    name: str
    role_id: uuid.UUID
    email: str = ""
    mail: ShopsMail | None = None  # asks for the proof of the address, where something can be mailed


@dataclass(frozen=True, kw_only=True)
class MakeLink:
    """Somebody who was invited, or who lost the password, needs another link."""

    op_id: uuid.UUID
    user_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class SendLink:
    """A link that was made for somebody goes to them by e-mail."""

    user_id: uuid.UUID
    mail: ShopsMail


@dataclass(frozen=True, kw_only=True)
class EditUser:
    """Somebody has another name or another role."""

    op_id: uuid.UUID
    user_id: uuid.UUID
    version: int
    login: str
    name: str
    role_id: uuid.UUID
    email: str = ""
    mail: ShopsMail | None = None


@dataclass(frozen=True, kw_only=True)
class AskForLink:
    """Somebody who is not signed in says who they are, and that the password is lost."""

    who: str  # what they sign in as, or their e-mail address
    token: str = field(repr=False)  # of the link, if there is one


@dataclass(frozen=True, kw_only=True)
class SetActive:
    """Somebody comes no more, or again."""

    op_id: uuid.UUID
    user_id: uuid.UUID
    active: bool


@dataclass(frozen=True, kw_only=True)
class EndSessions:
    """Whoever is signed in as somebody is signed out."""

    op_id: uuid.UUID
    user_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class RescueOwner:
    """An owner who cannot come in asks those who run the system for help."""

    user_id: uuid.UUID
    kind: str  # invitation, reset, or rescue: with it the codes of a lost phone end, too
    behest: Behest


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A link that works once. Its token is told to whoever made it, now or never: only a digest is stored."""

    user_id: uuid.UUID
    kind: str
    token: str | None  # None: this form was sent before, and the link was shown then
    email: EmailChange = EmailChange()  # noqa: RUF009 (immutable)


@whole_act
def invite(command: Invite, uow: UnitOfWork) -> MadeLink:
    """Let somebody in with a link with which they choose their own password.

    Raises:
        NotFoundError: The shop has no such role.
        BeyondReachError: Nobody gives rights they do not have.
        DuplicateLoginError, DuplicateEmailError: Somebody has this login, or this address.
        TooMuchMailError: It would ask for the proof of an address, and the shop or that one had enough e-mail for now.
    """
    nobodys = hash_password(new_token())  # as slow to look at as any other: who was only invited cannot be told
    try:
        with uow:
            if uow.is_resubmission(command, id=command.id):
                return MadeLink(command.id, "invitation", None)
            reach = take_turn(uow)
            role = reach_of_role(uow, command.role_id)
            reach.check_covers(role)
            login = fold_login(command.login)
            insert_user(uow, command.id, login=login, name=command.name, password_hash=nobodys, role_id=command.role_id)
            token = _make_link(uow, command.id, "invitation", new_token())
            email = fold_email(command.email)
            change = change_email(uow, command.id, None, email, command.mail)
            after = {"login": login, "name": command.name, "role": command.role_id, "email": email}
            uow.audit("user.invite", holder=command.id, after=after)
    except IntegrityError as error:
        raise _taken(error) from None
    return MadeLink(command.id, "invitation", token, change)


@whole_act
def make_link(command: MakeLink, uow: UnitOfWork) -> MadeLink:
    """Make a link for somebody who cannot sign in; the ones made before end.

    Who never came gets another invitation, who lost the password half an hour to choose another.

    Raises:
        NotFoundError: The shop has no such user.
        BeyondReachError: They have rights the actor has not: the link would be a way to those.
        RuleViolationError: They have no access.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.user_id):
            return MadeLink(command.user_id, "", None)
        user = _lock_reachable(uow, take_turn(uow), command.user_id)
        if not user.active:
            raise RuleViolationError(gettext("%(name)s has no access. Give it back first.", name=user.name))
        kind = "invitation" if user.is_invited else "reset"
        _end_links(uow, command.user_id)
        token = _make_link(uow, command.user_id, kind, new_token())
        uow.audit("user.make_link", holder=command.user_id, after={"kind": kind})
    return MadeLink(command.user_id, kind, token)


@whole_act
def send_link(command: SendLink, uow: UnitOfWork) -> None:
    """Write down where a link is sent.

    Raises:
        TooMuchMailError: The shop or this address had enough e-mail for now.
    """
    with uow:
        count_mail(uow, command.mail)
        uow.audit("user.send_link", holder=command.user_id, after={"to": command.mail.to})


@whole_act
def rescue_owner(command: RescueOwner, uow: UnitOfWork) -> MadeLink:
    """Make a link for an owner of a shop; the ones made before end. The shop's own audit says who made it, and why.

    Raises:
        NotFoundError: The shop has no such owner.
        RuleViolationError: They have no access.
        ConflictError: The shop is deleted.
    """
    with uow:
        if uow.is_resubmission(command, id=command.behest.op_id, subject_id=command.user_id):
            return MadeLink(command.user_id, command.kind, None)
        hold_place(uow)
        take_turn(uow)
        if reach_of_user(uow, command.user_id).built_in != "owner":
            raise NotFoundError("There is no such person in this shop.")
        user = _lock_reachable(uow, EVERYTHING, command.user_id)
        if not user.active:
            raise RuleViolationError(gettext("%(name)s has no access. Give it back first.", name=user.name))
        _end_links(uow, command.user_id)
        token = _make_link(uow, command.user_id, command.kind, new_token())
        after = {"kind": command.kind} | said_by(command.behest)
        uow.audit("user.make_link", holder=command.user_id, after=after)
    return MadeLink(command.user_id, command.kind, token)


@whole_act
def make_link_for(command: AskForLink, uow: UnitOfWork) -> str | None:
    """Make a link for somebody who lost the password; return the address to send it to, None if there is none.

    Links that others made for them stay: a stranger who knows a name takes nothing away with it. Their row is locked:
    while the address changes, no link is made for the one that they leave.
    """
    with uow:
        user = uow.execute(
            """
            SELECT id, email FROM users
             WHERE tenant_id = %(tenant_id)s
               AND (login = %(login)s OR email = %(email)s)
               AND email = proved_email
               AND active
             ORDER BY login = %(login)s DESC
             LIMIT 1
               FOR NO KEY UPDATE
            """,
            {"login": fold_login(command.who), "email": fold_email(command.who)},
        ).first()
        if user is None:
            return None
        _make_link(uow, user.id, "reset", command.token)
        uow.audit("user.ask_link", holder=user.id, after={"kind": "reset"})
    email: str = user.email
    return email


@whole_act
def edit_user(command: EditUser, uow: UnitOfWork) -> EmailChange:
    """Change name, login or role. Another role ends their sessions: they sign in again with what they may do now.

    Raises:
        NotFoundError: No such user or role.
        OwnRoleError: Nobody changes their own role.
        RuleViolationError: Nobody changes their own e-mail address here, where no password is asked for.
        BeyondReachError: They have, or would have, rights the actor has not.
        LastOwnerError: A shop needs an owner.
        StaleEditError: Somebody else saved first.
        DuplicateLoginError, DuplicateEmailError: Somebody has this login, or this address.
        TooMuchMailError: It would ask for the proof of an address, and the shop or that one had enough e-mail for now.
    """
    try:
        with uow:
            if uow.is_resubmission(command, id=command.op_id, subject_id=command.user_id):
                return EmailChange(replayed=True)
            reach = take_turn(uow)
            user = _lock_reachable(uow, reach, command.user_id)
            if user.version != command.version:
                raise StaleEditError
            if user.role_id != command.role_id:
                _change_role(uow, reach, user, command.role_id)
            login, email = fold_login(command.login), fold_email(command.email)
            if email != user.email and user.id == uow.actor_id:
                raise RuleViolationError("Your own e-mail address is changed under “Your account”, with your password.")
            uow.execute(
                """
                UPDATE users
                   SET login = %(login)s, name = %(name)s, role_id = %(role_id)s,
                       version = version + 1
                 WHERE tenant_id = %(tenant_id)s
                   AND id = %(id)s
                """,
                {"id": command.user_id, "login": login, "name": command.name, "role_id": command.role_id},
            )
            change = EmailChange()
            if email != user.email:
                change = change_email(uow, user.id, user.email, email, command.mail)
            reached = user.email if change.asked else email
            uow.audit(
                "user.edit",
                holder=command.user_id,
                before={"login": user.login, "name": user.name, "role": user.role_id, "email": user.email},
                after={"login": login, "name": command.name, "role": command.role_id, "email": reached},
            )
            if change.asked:
                uow.audit("user.ask_email", holder=user.id, before={"email": user.email}, after={"email": email})
    except IntegrityError as error:
        raise _taken(error) from None
    return change


@whole_act
def set_active(command: SetActive, uow: UnitOfWork) -> Recorded:
    """End somebody's access, or give it back. What was open ends with its next request, in every worker.

    Raises:
        NotFoundError: The shop has no such user.
        OwnRoleError: Nobody ends their own access.
        BeyondReachError: They have rights the actor has not.
        LastOwnerError: A shop needs an owner.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.user_id):
            return Recorded(command.user_id, replayed=True)
        user = _lock_reachable(uow, take_turn(uow), command.user_id)
        if command.user_id == uow.actor_id:
            raise OwnRoleError
        if user.active == command.active:
            return Recorded(command.user_id)
        if not command.active:
            check_an_owner_stays(uow, command.user_id)
            end_sessions(uow, command.user_id)
        uow.execute(
            """
            UPDATE users SET active = %(active)s, version = version + 1
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s
            """,
            {"id": command.user_id, "active": command.active},
        )
        uow.audit("user.enable" if command.active else "user.disable", holder=command.user_id)
    return Recorded(command.user_id)


@whole_act
def end_sessions_of(command: EndSessions, uow: UnitOfWork) -> Recorded:
    """Sign somebody out everywhere.

    Raises:
        NotFoundError: The shop has no such user.
        BeyondReachError: They have rights the actor has not.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.user_id):
            return Recorded(command.user_id, replayed=True)
        _lock_reachable(uow, take_turn(uow), command.user_id)
        ended = end_sessions(uow, command.user_id)
        uow.audit("session.end", holder=command.user_id, after={"ended": ended})
    return Recorded(command.user_id)


def _lock_reachable(uow: UnitOfWork, reach: Reach, user_id: uuid.UUID) -> Any:
    """Lock somebody's row, and refuse it to whoever has less rights than they."""
    user = uow.execute(
        """
        SELECT u.id, u.login, u.name, u.email, u.role_id, u.active, u.version,
               EXISTS (SELECT FROM password_links AS l
                        WHERE l.tenant_id = %(tenant_id)s AND l.user_id = u.id AND l.kind = 'invitation')
               AND NOT EXISTS (SELECT FROM sessions AS s
                                WHERE s.tenant_id = %(tenant_id)s AND s.user_id = u.id) AS is_invited
          FROM users AS u
         WHERE u.tenant_id = %(tenant_id)s
           AND u.id = %(id)s
           FOR NO KEY UPDATE OF u
        """,
        {"id": user_id},
    ).one_or_none()
    if user is None:
        raise NotFoundError("There is no such person in this shop.")
    theirs = reach_of_user(uow, user_id)
    reach.check_covers(theirs)
    return user


def _change_role(uow: UnitOfWork, reach: Reach, user: Any, role_id: uuid.UUID) -> None:
    if user.id == uow.actor_id:
        raise OwnRoleError
    role = reach_of_role(uow, role_id)
    reach.check_covers(role)
    if role.built_in != "owner":
        check_an_owner_stays(uow, user.id)
    end_sessions(uow, user.id)


def _end_links(uow: UnitOfWork, user_id: uuid.UUID) -> None:
    uow.execute(
        """
        UPDATE password_links SET used_at = now()
         WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s AND used_at IS NULL
        """,
        {"user_id": user_id},
    )


def _make_link(uow: UnitOfWork, user_id: uuid.UUID, kind: str, token: str) -> str:
    uow.execute(
        """
        INSERT INTO password_links (tenant_id, id, user_id, kind, token_digest, made_by, made_at, expires_at)
        VALUES (%(tenant_id)s, %(id)s, %(user_id)s, %(kind)s, %(token_digest)s, %(made_by)s, now(),
                now() + %(lives)s::interval)
        """,
        {
            "id": new_id(),
            "user_id": user_id,
            "kind": kind,
            "token_digest": digest_of(token),
            "made_by": uow.actor_id,
            "lives": LIVES[kind],
        },
    )
    return token


def _taken(error: IntegrityError) -> Exception:
    known = {"users_login_key": DuplicateLoginError, "users_email_key": DuplicateEmailError}
    taken = known.get(violated_constraint(error) or "")
    return taken() if taken else error
