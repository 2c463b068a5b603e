"""Where people are reached by e-mail: an address is proved before links that let somebody in go there."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.errors import DuplicateEmailError, LinkSpentError
from ledger_web.domain.ids import new_id
from ledger_web.domain.tokens import digest_of, new_token
from ledger_web.services.mailing import ShopsMail, count_mail
from ledger_web.services.unit_of_work import UnitOfWork, violated_constraint, whole_act


@dataclass(frozen=True, kw_only=True)
class ProveEmail:
    """Somebody opened the link that was sent to their new address.

    `directory` is how the system knows the address, to find the shops it owns, and `former` how it knew the one before.
    """

    user_id: uuid.UUID
    token: str = field(repr=False)
    directory: bytes
    former: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class EmailChange:
    """Whom to write to after an address was changed, or asked about. None is nobody."""

    asked: str | None = None  # the new address, which `token` proves
    token: str | None = field(default=None, repr=False)
    left: str | None = None  # the one before: no link goes there any more
    replayed: bool = False


def change_email(
    uow: UnitOfWork, user_id: uuid.UUID, before: str | None, email: str | None, mail: ShopsMail | None
) -> EmailChange:
    """Change where somebody is reached: at once where nothing can be mailed, else when the address is proved.

    Args:
        mail: The e-mail that asks for the proof; None where nothing can be mailed. Only this one is counted: the word
            to the address before is never kept back, and comes once for each address that was there.

    Raises:
        DuplicateEmailError: Somebody here has this address.
        TooMuchMailError: It was written to often enough for now, or the shop wrote enough.
    """
    user = {"user_id": user_id, "email": email}
    _end_questions(uow, user_id)
    if email is None or mail is None:
        _end_mailed_links(uow, user_id)
        uow.execute("UPDATE users SET email = %(email)s WHERE tenant_id = %(tenant_id)s AND id = %(user_id)s", user)
        return EmailChange(left=before if before != email else None)
    found = uow.execute(
        """
        SELECT EXISTS (SELECT FROM users
                        WHERE tenant_id = %(tenant_id)s AND id = %(user_id)s
                          AND email = %(email)s AND proved_email = %(email)s) AS is_proved,
               EXISTS (SELECT FROM users
                        WHERE tenant_id = %(tenant_id)s AND email = %(email)s AND id <> %(user_id)s) AS is_taken
        """,
        user,
    ).one()
    if found.is_proved:
        return EmailChange()
    if found.is_taken:
        raise DuplicateEmailError
    count_mail(uow, mail)
    token = new_token()
    uow.execute(
        """
        INSERT INTO email_links (tenant_id, id, user_id, email, token_digest, made_by, expires_at)
        VALUES (%(tenant_id)s, %(id)s, %(user_id)s, %(email)s, %(digest)s, %(made_by)s, now() + interval '30 minutes')
        """,
        user | {"id": new_id(), "digest": digest_of(token), "made_by": uow.actor_id},
    )
    return EmailChange(asked=email, token=token)


@whole_act
def prove_email(command: ProveEmail, uow: UnitOfWork) -> EmailChange:
    """Use the link up: links that let this person in go to its address from now on, and those on their way end.

    Whoever opens it is signed in as that person: a mail that a typing error sent to a stranger gives them nothing.

    Raises:
        LinkSpentError: Used, too old, somebody else's, or never there: all the same answer.
        DuplicateEmailError: Somebody here proved this address meanwhile.
    """
    try:
        with uow:
            email = uow.execute(
                """
                UPDATE email_links SET used_at = now()
                 WHERE tenant_id = %(tenant_id)s
                   AND token_digest = %(digest)s
                   AND user_id = %(user_id)s
                   AND used_at IS NULL
                   AND expires_at > now()
                RETURNING email
                """,
                {"user_id": command.user_id, "digest": digest_of(command.token)},
            ).scalar_one_or_none()
            if email is None:
                raise LinkSpentError
            user = uow.execute(
                """
                SELECT u.email, r.built_in = 'owner' AS is_owner
                  FROM users AS u
                  JOIN roles AS r
                    ON r.tenant_id = %(tenant_id)s
                   AND r.id = u.role_id
                 WHERE u.tenant_id = %(tenant_id)s
                   AND u.id = %(user_id)s
                   FOR NO KEY UPDATE OF u
                """,
                {"user_id": command.user_id},
            ).one()
            uow.execute(
                """
                UPDATE users SET email = %(email)s, proved_email = %(email)s
                 WHERE tenant_id = %(tenant_id)s AND id = %(user_id)s
                """,
                {"user_id": command.user_id, "email": email},
            )
            _end_questions(uow, command.user_id)
            _end_mailed_links(uow, command.user_id)
            if user.is_owner:
                _find_shop_by(uow, command)
            uow.audit("user.prove_email", holder=command.user_id, before={"email": user.email}, after={"email": email})
    except IntegrityError as error:
        if violated_constraint(error) == "users_email_key":
            raise DuplicateEmailError from None
        raise
    return EmailChange(left=user.email if user.email != email else None)


def _end_questions(uow: UnitOfWork, user_id: uuid.UUID) -> None:
    """End the links to addresses that were to be proved before."""
    uow.execute(
        """
        UPDATE email_links SET used_at = now()
         WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s AND used_at IS NULL
        """,
        {"user_id": user_id},
    )


def _end_mailed_links(uow: UnitOfWork, user_id: uuid.UUID) -> None:
    """End the links for another password that were mailed, to the address before. Those that people made stay."""
    uow.execute(
        """
        UPDATE password_links SET used_at = now()
         WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s AND used_at IS NULL AND made_by IS NULL
        """,
        {"user_id": user_id},
    )


def _find_shop_by(uow: UnitOfWork, command: ProveEmail) -> None:
    """Let an owner's new address find the shop, where the one before did, or none."""
    uow.execute(
        """
        UPDATE tenant_directory SET owner_mail = %(directory)s
         WHERE tenant_id = %(tenant_id)s
           AND status <> 'former'
           AND (owner_mail IS NULL OR owner_mail = ANY (%(former)s))
        """,
        {"directory": command.directory, "former": list(command.former)},
    )
