"""What is still to be settled of each document and payment of a party, and what settles what."""

import datetime as dt
import uuid

from sqlalchemy import BigInteger, Date
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Currency, Key, Minor, TenantKey


class OpenItem(Base):
    """A charge, which raised a party's balance, or a credit, which lowered it.

    Always true: 0 <= settled <= amount, and settled is the sum of its allocations that were not released; once
    cancelled, nothing of it is settled. `base_amount`: what it was worth in the base currency when it arose.
    """

    __tablename__ = "open_items"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    transaction_id: Mapped[uuid.UUID]
    party_id: Mapped[uuid.UUID]
    side: Mapped[str]
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    settled: Mapped[int] = mapped_column(BigInteger, server_default="0")
    base_amount: Mapped[int | None] = mapped_column(BigInteger)
    base_settled: Mapped[int] = mapped_column(BigInteger, server_default="0")
    due_on: Mapped[dt.date] = mapped_column(Date)
    cancelled_in: Mapped[uuid.UUID | None]


class Allocation(Base):
    """How much of a credit settles a charge. Always true: both are of one currency; never changed, only released."""

    __tablename__ = "allocations"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    credit_id: Mapped[uuid.UUID]
    charge_id: Mapped[uuid.UUID]
    amount: Mapped[Minor]
    credit_base: Mapped[int | None] = mapped_column(BigInteger)
    charge_base: Mapped[int | None] = mapped_column(BigInteger)
    made_in: Mapped[uuid.UUID]
    released_in: Mapped[uuid.UUID | None]
