"""Who works in the shop, in which roles, where they are signed in, and the ways in that stand open."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text

from ledger_web.domain.errors import LinkSpentError, NotFoundError
from ledger_web.domain.permissions import limits_of, rights_of
from ledger_web.models.base import session_of


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody who signs in."""

    id: uuid.UUID
    login: str
    name: str
    email: str | None
    active: bool
    version: int
    role_id: uuid.UUID
    role_name: str
    has_pin: bool
    has_codes: bool
    is_invited: bool  # and never came
    last_seen_at: dt.datetime | None
    rights: frozenset[str]
    limits: Mapping[str, Decimal | None]


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role, what it allows, and how many people have it."""

    id: uuid.UUID
    name: str
    built_in: str | None
    version: int
    holders: int
    rights: frozenset[str]
    limits: Mapping[str, Decimal | None]
    own_records: bool
    drawer_ids: frozenset[uuid.UUID]  # none is all of them


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A browser that is signed in. `ref` names it; it is half of a digest and opens nothing."""

    ref: uuid.UUID
    created_at: dt.datetime
    last_seen_at: dt.datetime
    address: str
    agent: str
    till: str | None
    digest: bytes


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that still sets a password."""

    kind: str
    login: str
    name: str


@dataclass(frozen=True, slots=True)
class TillRow:
    """A browser where cashiers come in with a PIN."""

    id: uuid.UUID
    name: str
    registered_at: dt.datetime
    registered_by: str
    removed_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """What somebody proves themselves with."""

    login: str
    email: str | None
    is_proved: bool  # the address
    asked_email: str | None  # was sent a link that proves it, and still works
    has_pin: bool
    has_codes: bool
    recovery_codes: int  # left
    owners_need_code: bool
    language: str | None  # None: the shop's


_PERSON = """
    SELECT u.id, u.login, u.name, u.email, u.active, u.version, u.role_id, r.name AS role_name, u.pin_hash IS NOT NULL,
           u.totp_secret IS NOT NULL,
           EXISTS (SELECT FROM password_links AS l
                    WHERE l.tenant_id = :tenant_id AND l.user_id = u.id AND l.kind = 'invitation')
           AND seen.last_seen_at IS NULL,
           seen.last_seen_at, r.built_in, r.permissions, r.limits
      FROM users AS u
      JOIN roles AS r
        ON r.tenant_id = :tenant_id
       AND r.id = u.role_id
      LEFT JOIN LATERAL (SELECT max(s.last_seen_at) AS last_seen_at
                           FROM sessions AS s
                          WHERE s.tenant_id = :tenant_id AND s.user_id = u.id) AS seen
        ON true
     WHERE u.tenant_id = :tenant_id
"""
_ROLE = """
    SELECT r.id, r.name, r.built_in, r.version,
           (SELECT count(*) FROM users AS u WHERE u.tenant_id = :tenant_id AND u.role_id = r.id),
           r.permissions, r.limits, r.own_records,
           ARRAY(SELECT w.drawer_id FROM role_drawers AS w
                  WHERE w.tenant_id = :tenant_id AND w.role_id = r.id) AS drawers
      FROM roles AS r
     WHERE r.tenant_id = :tenant_id
"""


def list_people(tenant_id: int) -> list[PersonRow]:
    """Return everybody who may or might sign in, those with access first, by name."""
    rows = session_of(tenant_id).execute(
        text(f"{_PERSON} ORDER BY u.active DESC, lower(u.name), u.id"),
        {"tenant_id": tenant_id},
    )
    return [_person(row) for row in rows]


def get_person(tenant_id: int, user_id: uuid.UUID) -> PersonRow:
    """Return one of them.

    Raises:
        NotFoundError: The shop has no such person.
    """
    row = (
        session_of(tenant_id)
        .execute(text(f"{_PERSON} AND u.id = :id"), {"tenant_id": tenant_id, "id": user_id})
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("There is no such person in this shop.")
    return _person(row)


def list_roles(tenant_id: int) -> list[RoleRow]:
    """Return the roles: the built-in ones first, from the most to the least, then the shop's own by name."""
    rows = session_of(tenant_id).execute(
        text(f"{_ROLE} ORDER BY array_position(ARRAY['owner', 'manager', 'cashier'], r.built_in), lower(r.name), r.id"),
        {"tenant_id": tenant_id},
    )
    return [_role(row) for row in rows]


def get_role(tenant_id: int, role_id: uuid.UUID) -> RoleRow:
    """Return one role.

    Raises:
        NotFoundError: The shop has no such role.
    """
    row = (
        session_of(tenant_id)
        .execute(text(f"{_ROLE} AND r.id = :id"), {"tenant_id": tenant_id, "id": role_id})
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("There is no such role in this shop.")
    return _role(row)


def list_sessions(tenant_id: int, user_id: uuid.UUID) -> list[SessionRow]:
    """Return the browsers somebody is signed in with, the one seen last first."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT s.id, s.created_at, s.last_seen_at, s.address, s.agent, t.name AS till
              FROM sessions AS s
              LEFT JOIN tills AS t
                ON t.tenant_id = :tenant_id
               AND t.id = s.till_id
             WHERE s.tenant_id = :tenant_id
               AND s.user_id = :user_id
               AND s.revoked_at IS NULL
               AND NOT s.waits_for_code
               AND s.last_seen_at > now() - interval '30 minutes'
               AND s.created_at > now() - interval '12 hours'
             ORDER BY s.last_seen_at DESC, s.id
             LIMIT 100
            """
        ),
        {"tenant_id": tenant_id, "user_id": user_id},
    )
    return [
        SessionRow(
            uuid.UUID(bytes=bytes(row.id)[:16]),
            row.created_at,
            row.last_seen_at,
            row.address,
            row.agent,
            row.till,
            bytes(row.id),
        )
        for row in rows
    ]


def get_own_account(tenant_id: int, user_id: uuid.UUID) -> OwnAccount:
    """Return what one has to prove oneself with."""
    row = (
        session_of(tenant_id)
        .execute(
            text(
                """
                SELECT u.login, u.email, u.email = u.proved_email IS TRUE,
                       (SELECT max(l.email)
                          FROM email_links AS l
                         WHERE l.tenant_id = :tenant_id AND l.user_id = u.id AND l.used_at IS NULL
                           AND l.expires_at > now()),
                       u.pin_hash IS NOT NULL, u.totp_secret IS NOT NULL,
                       (SELECT count(*)
                          FROM recovery_codes AS c
                         WHERE c.tenant_id = :tenant_id AND c.user_id = u.id AND c.used_at IS NULL),
                       t.owners_need_code, u.language
                  FROM users AS u
                  JOIN tenants AS t
                    ON t.tenant_id = :tenant_id
                 WHERE u.tenant_id = :tenant_id
                   AND u.id = :user_id
                """
            ),
            {"tenant_id": tenant_id, "user_id": user_id},
        )
        .one()
    )
    return OwnAccount(*row)


def get_asked_email(tenant_id: int, user_id: uuid.UUID, digest: bytes) -> str:
    """Return the address that a link of this person proves.

    Raises:
        LinkSpentError: Used, too old, somebody else's, or never there: all the same answer.
    """
    email = (
        session_of(tenant_id)
        .execute(
            text(
                """
                SELECT email FROM email_links
                 WHERE tenant_id = :tenant_id
                   AND token_digest = :digest
                   AND user_id = :user_id
                   AND used_at IS NULL
                   AND expires_at > now()
                """
            ),
            {"tenant_id": tenant_id, "digest": digest, "user_id": user_id},
        )
        .scalar_one_or_none()
    )
    if email is None:
        raise LinkSpentError
    return str(email)


def get_open_link(tenant_id: int, digest: bytes) -> OpenLink:
    """Return whom a link is for.

    Raises:
        LinkSpentError: Used, too old, another shop's, or never there: all the same answer.
    """
    row = (
        session_of(tenant_id)
        .execute(
            text(
                """
                SELECT l.kind, u.login, u.name
                  FROM password_links AS l
                  JOIN users AS u
                    ON u.tenant_id = :tenant_id
                   AND u.id = l.user_id
                   AND u.active
                 WHERE l.tenant_id = :tenant_id
                   AND l.token_digest = :digest
                   AND l.used_at IS NULL
                   AND l.expires_at > now()
                """
            ),
            {"tenant_id": tenant_id, "digest": digest},
        )
        .one_or_none()
    )
    if row is None:
        raise LinkSpentError
    return OpenLink(*row)


def list_tills(tenant_id: int) -> list[TillRow]:
    """Return the browsers registered as tills, those that still are first."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT t.id, t.name, t.registered_at, u.name, t.removed_at
              FROM tills AS t
              JOIN users AS u
                ON u.tenant_id = :tenant_id
               AND u.id = t.registered_by
             WHERE t.tenant_id = :tenant_id
             ORDER BY t.removed_at IS NOT NULL, lower(t.name), t.id
             LIMIT 200
            """
        ),
        {"tenant_id": tenant_id},
    )
    return [TillRow(*row) for row in rows]


def find_till(tenant_id: int, digest: bytes) -> str | None:
    """Return the name of the till whose token this is; None if there is no such till any more."""
    name: str | None = (
        session_of(tenant_id)
        .execute(
            text(
                """
                SELECT t.name
                  FROM tills AS t
                 WHERE t.tenant_id = :tenant_id
                   AND t.token_digest = :digest
                   AND t.removed_at IS NULL
                """
            ),
            {"tenant_id": tenant_id, "digest": digest},
        )
        .scalar_one_or_none()
    )
    return name


def list_people_with_pin(tenant_id: int, excluded: frozenset[str]) -> list[tuple[uuid.UUID, str]]:
    """Return who may come in with a PIN at a till: id and name.

    Args:
        excluded: Rights whose holders come in with a password.
    """
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT u.id, u.name, r.built_in, r.permissions
              FROM users AS u
              JOIN roles AS r
                ON r.tenant_id = :tenant_id
               AND r.id = u.role_id
             WHERE u.tenant_id = :tenant_id
               AND u.active
               AND u.pin_hash IS NOT NULL
               AND u.totp_secret IS NULL
             ORDER BY lower(u.name), u.id
            """
        ),
        {"tenant_id": tenant_id},
    )
    return [(row.id, row.name) for row in rows if not rights_of(row.built_in, row.permissions) & excluded]


def _person(row: Row[Any]) -> PersonRow:
    facts = [*row[:12], rights_of(row.built_in, row.permissions), limits_of(row.built_in, row.limits)]
    return PersonRow(*facts)


def _role(row: Row[Any]) -> RoleRow:
    facts = [*row[:5], rights_of(row.built_in, row.permissions), limits_of(row.built_in, row.limits)]
    facts += [row.own_records, frozenset(row.drawers)]
    return RoleRow(*facts)
