"""The whole shop as a file, asked for from its own pages."""

import uuid

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Key, MadeAt, Moment, TenantKey


class ShopExport(Base):
    """A file with everything the shop has: who asked, and how far it is.

    Written by a process of its own, which says at `beat_at` that it lives; of an earlier `attempt` nothing is heard.
    Always true: with an end it has either a digest or an error, without one neither.
    """

    __tablename__ = "shop_exports"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    asked_by: Mapped[uuid.UUID]
    asked_at: Mapped[MadeAt]
    attempt: Mapped[int] = mapped_column(server_default="1")
    beat_at: Mapped[MadeAt]
    tables_done: Mapped[int] = mapped_column(server_default="0")
    tables_total: Mapped[int] = mapped_column(server_default="0")  # 0: nobody counted yet
    ended_at: Mapped[Moment | None]
    size: Mapped[int | None] = mapped_column(BigInteger)  # bytes
    sha256: Mapped[bytes | None]
    error: Mapped[str] = mapped_column(server_default="")
