"""Runs of the recalculation and the differences they found."""

import datetime as dt
import uuid
from decimal import Decimal

from sqlalchemy import ARRAY, CHAR, BigInteger, Computed, DateTime, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Key, MadeAt, TenantKey


class RecalculationRun(Base):
    """One proof of the cached figures: everything is looked at, then what is wrong is repaired if `fix` says so.

    `model` and `after_id` are where it goes on, `step` counts the steps taken. Phases: check, repair, then done, or
    stopped where so much was wrong that it asks for `force` first: more rows than `fix_rows_max`, or more rows or money
    than `fix_percent_max` of all of a model, or more money of one currency than `fix_amount_max`. `only_id` is the one
    holder it looks at, if it does not look at all; `since` that it looks at what moved from then on.
    Always true: finished exactly when the phase is done or stopped.
    """

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
    force: Mapped[bool] = mapped_column(server_default="false")
    phase: Mapped[str] = mapped_column(server_default="check")
    batch: Mapped[int] = mapped_column(server_default="1000")
    step: Mapped[int] = mapped_column(server_default="0")
    rows_wrong: Mapped[int] = mapped_column(BigInteger, server_default="0")
    rows_fixed: Mapped[int] = mapped_column(BigInteger, server_default="0")
    only_id: Mapped[uuid.UUID | None]
    fix_rows_max: Mapped[int | None] = mapped_column(BigInteger)
    fix_percent_max: Mapped[Decimal] = mapped_column(Numeric(6, 3), server_default="1")
    since: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    stepped_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))  # when it took its last step
    fix_amount_max: Mapped[Decimal | None] = mapped_column(Numeric(24, 6))  # whole units of each currency, not minor


class BalanceDiscrepancy(Base):
    """A cached figure that differed from its entries: what stood there, what should, and from where on.

    `holder_id` is the account, product, open item or transaction. `refusal` says why it was not repaired, where it
    was not.
    """

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
    refusal: Mapped[str] = mapped_column(server_default="")
    suspect_id: Mapped[uuid.UUID | None]  # the transaction whose document disagrees with its entries
