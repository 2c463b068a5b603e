"""What moved each account on each day, added up; and what has to be added up again."""

import datetime as dt

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Key, Minor, Moment, TenantKey


class DailyTotal(Base):
    """The entries of one account on one day, added up.

    Always true of a day before the shop's `totalled_before`: a day without a mark is the sum of its entries, and an
    account without a row had none on it.
    """

    __tablename__ = "daily_totals"

    tenant_id: Mapped[TenantKey]
    account_id: Mapped[Key]
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    debits: Mapped[Minor]
    credits: Mapped[Minor]
    entries: Mapped[int] = mapped_column(BigInteger)


class DailyTotalMark(Base):
    """Says that entries came to an account on a day that may be totalled already. Never updated.

    Always true: written in the transaction of those entries; removed together with their total being written.
    """

    __tablename__ = "daily_total_marks"

    tenant_id: Mapped[TenantKey]
    account_id: Mapped[Key]
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    id: Mapped[Key]


class DailyTotalFailure(Base):
    """A marked account-day that could not be added up: how often it was tried, why not, and when it is next."""

    __tablename__ = "daily_total_failures"

    tenant_id: Mapped[TenantKey]
    account_id: Mapped[Key]
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    attempts: Mapped[int]
    reason: Mapped[str]
    failed_at: Mapped[Moment]
    retry_at: Mapped[Moment]
