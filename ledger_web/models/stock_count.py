"""Counts of the shelves: who counts, and what was there of each product."""

import datetime as dt
import uuid

from sqlalchemy import DateTime
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Key, MadeAt, Quantity, TenantKey


class StockCount(Base):
    """A count of some or all products by one person or several.

    Always true: open until `closed_at`; then either posted, with a transaction if anything differed, or put aside.
    """

    __tablename__ = "stock_counts"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    name: Mapped[str]
    is_blind: Mapped[bool]  # whoever counts does not see what the books say
    started_at: Mapped[MadeAt]
    started_by: Mapped[uuid.UUID | None]
    closed_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    closed_by: Mapped[uuid.UUID | None]
    is_posted: Mapped[bool] = mapped_column(server_default="false")
    transaction_id: Mapped[uuid.UUID | None]


class StockCountLine(Base):
    """A product of a count, in base units: `expected` stood in the books when it was first counted."""

    __tablename__ = "stock_count_lines"

    tenant_id: Mapped[TenantKey]
    count_id: Mapped[Key]
    product_id: Mapped[Key]
    expected: Mapped[Quantity]
    counted: Mapped[Quantity]
    counted_at: Mapped[MadeAt]
    counted_by: Mapped[uuid.UUID | None]
