"""Shifts of a drawer, what was counted, and the reports that close them."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import DateTime, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Currency, Key, Minor, Moment, TenantKey


class Shift(Base):
    """A drawer from its opening to its closing. Always true: at most one is open a drawer."""

    __tablename__ = "shifts"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    drawer_id: Mapped[uuid.UUID]
    opened_by: Mapped[uuid.UUID | None]
    opened_at: Mapped[Moment]
    closed_by: Mapped[uuid.UUID | None]
    closed_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    closed_in: Mapped[uuid.UUID | None]  # the transaction that closed it
    note: Mapped[str] = mapped_column(server_default="")


class ShiftCount(Base):
    """What was counted of one currency at the opening or closing, and what should have been there."""

    __tablename__ = "shift_counts"

    tenant_id: Mapped[TenantKey]
    shift_id: Mapped[Key]
    moment: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[Currency] = mapped_column(primary_key=True)
    expected: Mapped[Minor]
    counted: Mapped[Minor]
    pieces: Mapped[dict[str, int]] = mapped_column(JSONB)


class ZReport(Base):
    """The report that closes a shift. Always true: numbered without gaps, never changed, chained by digest."""

    __tablename__ = "z_reports"

    tenant_id: Mapped[TenantKey]
    shift_id: Mapped[Key]
    number: Mapped[str]
    made_at: Mapped[Moment]
    contents: Mapped[dict[str, Any]] = mapped_column(JSONB)
    previous: Mapped[bytes | None] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
