"""Receipts that were printed."""

import uuid

from sqlalchemy.orm import Mapped

from ledger_web.models.base import Base
from ledger_web.models.columns import Key, MadeAt, TenantKey


class ReceiptPrint(Base):
    """Always true: the first print of a sale has number 1, and no number is given twice."""

    __tablename__ = "receipt_prints"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    sale_id: Mapped[uuid.UUID]
    number: Mapped[int]
    paper: Mapped[str]
    drawer_id: Mapped[uuid.UUID]
    printed_by: Mapped[uuid.UUID | None]
    printed_at: Mapped[MadeAt]
