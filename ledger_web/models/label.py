"""Labels waiting to be printed."""

import uuid

from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Moment, TenantKey


class QueuedLabel(Base):
    """A product whose label one person is about to print, and how often."""

    __tablename__ = "label_queue"

    tenant_id: Mapped[TenantKey]
    user_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    product_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    copies: Mapped[int]
    queued_at: Mapped[Moment]
