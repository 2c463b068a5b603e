"""Goods: quantity and value on hand, cached, and the moves that explain them."""

import datetime as dt
import uuid
from decimal import Decimal

from sqlalchemy import BigInteger, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Key, Minor, Quantity, TenantKey


class StockLevel(Base):
    """What is on hand of one product, and what it cost in base currency.

    Always true: quantity and value are the sums of the product's moves at every commit, and `version` is
    their number; never below zero unless the product may be oversold; no quantity, no value.
    """

    __tablename__ = "stock_levels"

    tenant_id: Mapped[TenantKey]
    product_id: Mapped[Key]
    quantity: Mapped[Quantity]
    value: Mapped[Minor] = mapped_column(BigInteger, server_default="0")
    unit_cost_last: Mapped[Decimal] = mapped_column(Numeric(24, 6), server_default="0")
    may_go_below_zero: Mapped[bool] = mapped_column(server_default="false")
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")


class StockMove(Base):
    """Goods that came (quantity > 0) or went (< 0), with the value that moved with them.

    Always true: never updated, never deleted; the value equals what its transaction moved in `inventory`.
    """

    __tablename__ = "stock_moves"

    tenant_id: Mapped[TenantKey]
    transaction_id: Mapped[Key]
    line: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[uuid.UUID]
    quantity: Mapped[Quantity]
    value: Mapped[Minor]
    occurred_on: Mapped[dt.date]
