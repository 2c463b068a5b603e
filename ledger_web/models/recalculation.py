"""Runs of the recalculation and the differences they found."""

import datetime as dt
import uuid
from decimal import Decimal

from sqlalchemy import CHAR, ARRAY, BigInteger, Computed, DateTime, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Key, MadeAt, TenantKey


class RecalculationRun(Base):
    """One proof of the cached figures. `model` and `after_id` are where it goes on; finished when `finished_at`."""

    __tablename__ = "recalculation_runs"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    models: Mapped[list[str]] = mapped_column(ARRAY(Text))
    fix: Mapped[bool]
    actor_id: Mapped[uuid.UUID | None]
    started_at: Mapped[MadeAt]
    finished_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    model: Mapped[str | None]
    after_id: Mapped[uuid.UUID | None]
    rows_total: Mapped[int] = mapped_column(BigInteger)
    rows_done: Mapped[int] = mapped_column(BigInteger, server_default="0")


class BalanceDiscrepancy(Base):
    """A cached figure that differed from its entries: what stood there, what should, and from where on."""

    __tablename__ = "balance_discrepancies"

    tenant_id: Mapped[TenantKey]
    run_id: Mapped[Key]
    model: Mapped[str] = mapped_column(primary_key=True)
    holder_id: Mapped[Key]
    holder: Mapped[str]
    figure: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str | None] = mapped_column(CHAR(3))
    cached: Mapped[Decimal] = mapped_column(Numeric)
    computed: Mapped[Decimal] = mapped_column(Numeric)
    difference: Mapped[Decimal] = mapped_column(Numeric, Computed("computed - cached"))
    first_transaction_id: Mapped[uuid.UUID | None]
    fixed_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    found_at: Mapped[MadeAt]
