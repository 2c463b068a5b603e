"""Cash drawers, what is in them, and the numbers of their documents."""

import uuid

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Currency, Key, MadeAt, Minor, TenantKey


class CashDrawer(Base):
    """A box with money. `series` begins the numbers of the sales rung on it: "A" gives A-001042."""

    __tablename__ = "cash_drawers"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    name: Mapped[str]
    series: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default="true")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]


class CashDrawerMoney(Base):
    """View: the money in a drawer in one currency. Always true: amount >= 0."""

    __tablename__ = "cash_drawer_money"
    __table_args__ = {"info": {"view": True}}

    tenant_id: Mapped[TenantKey]
    drawer_id: Mapped[Key]
    drawer: Mapped[str]
    currency: Mapped[Currency] = mapped_column(primary_key=True)
    amount: Mapped[Minor]
    account_id: Mapped[uuid.UUID]


class NumberSeries(Base):
    """The last number given in a series: without gaps, because it is taken in the transaction that uses it."""

    __tablename__ = "number_series"

    tenant_id: Mapped[TenantKey]
    document: Mapped[str] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True)
    last_number: Mapped[int] = mapped_column(BigInteger, server_default="0")
