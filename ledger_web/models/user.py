"""People who sign in, what they may do, and what their browsers sent."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ARRAY, BigInteger, DateTime, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Key, MadeAt, Moment, TenantKey


class Role(Base):
    """A named set of permissions of one shop, with how much of some of them.

    Always true: what a role with `built_in` may do stands in `domain/permissions.py`, not in `permissions`.
    """

    __tablename__ = "roles"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    name: Mapped[str]
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    version: Mapped[int] = mapped_column(server_default="1")
    limits: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    built_in: Mapped[str | None]
    own_records: Mapped[bool] = mapped_column(server_default="false")  # sees and undoes only what one recorded


class RoleDrawer(Base):
    """A drawer that the people of a role use. A role without any uses all of them."""

    __tablename__ = "role_drawers"

    tenant_id: Mapped[TenantKey]
    role_id: Mapped[Key]
    drawer_id: Mapped[Key]


class User(Base):
    """Somebody who may sign in to one shop.

    Always true: `login` is casefolded and unique in the shop, and so is `email`; the password itself is nowhere.
    """

    __tablename__ = "users"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    login: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str]
    role_id: Mapped[uuid.UUID]
    active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[MadeAt]
    pin_hash: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")
    language: Mapped[str | None]  # the one this person chose; as the shop, if none
    totp_secret: Mapped[str | None]
    totp_step: Mapped[int] = mapped_column(BigInteger, server_default="0")  # of the last code that was taken
    pin_failures: Mapped[int] = mapped_column(server_default="0")
    email: Mapped[str | None]  # casefolded; where a link goes that sets another password, once it is proved
    proved_email: Mapped[str | None]  # the last one that was proved


class Session(Base):
    """A signed-in browser. The id is the SHA-256 of the token in its cookie, so a stolen table opens nothing."""

    __tablename__ = "sessions"

    tenant_id: Mapped[TenantKey]
    id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[uuid.UUID]
    created_at: Mapped[MadeAt]
    last_seen_at: Mapped[MadeAt]
    revoked_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    waits_for_code: Mapped[bool] = mapped_column(server_default="false")  # opens nothing until it came
    address: Mapped[str] = mapped_column(server_default="")
    agent: Mapped[str] = mapped_column(server_default="")
    till_id: Mapped[uuid.UUID | None]


class PasswordLink(Base):
    """A link with which somebody sets their password: an invitation, or help for who lost it. Works once."""

    __tablename__ = "password_links"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    user_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    token_digest: Mapped[bytes]
    made_by: Mapped[uuid.UUID | None]
    made_at: Mapped[MadeAt]
    expires_at: Mapped[Moment]
    used_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class EmailLink(Base):
    """A link that proves an address: whom it was sent to reads its mail. Works once."""

    __tablename__ = "email_links"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    user_id: Mapped[uuid.UUID]
    email: Mapped[str]
    token_digest: Mapped[bytes]
    made_by: Mapped[uuid.UUID | None]
    made_at: Mapped[MadeAt]
    expires_at: Mapped[Moment]
    used_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class RecoveryCode(Base):
    """The digest of a code that opens once where the phone is lost."""

    __tablename__ = "recovery_codes"

    tenant_id: Mapped[TenantKey]
    user_id: Mapped[Key]
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    used_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class Till(Base):
    """A browser that was registered as a till: there, cashiers come in with a PIN."""

    __tablename__ = "tills"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    name: Mapped[str]
    token_digest: Mapped[bytes]
    registered_by: Mapped[uuid.UUID]
    registered_at: Mapped[MadeAt]
    removed_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class SignInFailure(Base):
    """How often a login or an address has failed lately: the throttle that all workers share."""

    __tablename__ = "sign_in_failures"

    tenant_id: Mapped[TenantKey]
    subject: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    window_start: Mapped[Moment]


class Submission(Base):
    """A form that was carried out and posted nothing; its id makes a second submission harmless."""

    __tablename__ = "submissions"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    fingerprint: Mapped[bytes]
    subject_id: Mapped[uuid.UUID | None]
    actor_id: Mapped[uuid.UUID | None]
    submitted_at: Mapped[MadeAt]
