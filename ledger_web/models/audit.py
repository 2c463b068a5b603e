"""What people did that is not itself a transaction, and the chain of blocks that proves nobody touched it since."""

import uuid
from typing import Any

from sqlalchemy import ARRAY, BigInteger, LargeBinary, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Key, MadeAt, Moment, TenantKey


class AuditEvent(Base):
    """Somebody did something that posts no entries.

    Always true: written in the database transaction of the act itself; never updated, never deleted; no secret in it.
    """

    __tablename__ = "audit_events"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    happened_at: Mapped[MadeAt]
    actor_id: Mapped[uuid.UUID | None]
    approver_id: Mapped[uuid.UUID | None]  # whose PIN allowed it
    request_id: Mapped[str] = mapped_column(server_default="")
    session_id: Mapped[bytes | None] = mapped_column(LargeBinary)  # the digest, as in sessions
    op_id: Mapped[uuid.UUID | None]  # of the form
    action: Mapped[str]
    holder_id: Mapped[uuid.UUID | None]  # of the thing it was done to
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class AuditBlock(Base):
    """Some events, sealed: `hash` covers them in this order, the block's number and moment, and the block before.

    Always true: numbers of a shop count from 1 without a gap; `previous_hash` is the hash of the block before.
    """

    __tablename__ = "audit_blocks"

    tenant_id: Mapped[TenantKey]
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    sealed_at: Mapped[Moment]
    event_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid))
    previous_hash: Mapped[bytes]
    hash: Mapped[bytes]
