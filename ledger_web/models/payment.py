"""Money that came in or went out to settle something."""

import uuid
from decimal import Decimal

from sqlalchemy import CHAR, BigInteger, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Currency, Key, Minor, TenantKey


class Payment(Base):
    """Always true: tendered = applied + change: what was handed over, what it paid, what went back.

    Where it settles a debt in another currency, one `rate_unit` was `rate` of the other of the two currencies.
    Of a sale, `applied_base` is what it paid of it in the shop's currency: less than `applied` is worth where change
    went back in another currency, as `other_change`.
    """

    __tablename__ = "payments"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    transaction_id: Mapped[uuid.UUID]
    direction: Mapped[str]
    party_id: Mapped[uuid.UUID | None]
    sale_id: Mapped[uuid.UUID | None]
    drawer_id: Mapped[uuid.UUID | None]
    currency: Mapped[Currency]
    tendered: Mapped[Minor]
    applied: Mapped[Minor]
    change: Mapped[Minor]
    bank_id: Mapped[uuid.UUID | None]
    settled_amount: Mapped[int | None] = mapped_column(BigInteger)
    settled_currency: Mapped[str | None] = mapped_column(CHAR(3))
    rate: Mapped[Decimal | None] = mapped_column(Numeric(20, 10))
    rate_unit: Mapped[str | None] = mapped_column(CHAR(3))
    rate_source: Mapped[str | None]
    method: Mapped[str] = mapped_column(server_default="cash")
    applied_base: Mapped[int | None] = mapped_column(BigInteger)
    other_change: Mapped[int | None] = mapped_column(BigInteger)
    other_change_currency: Mapped[str | None] = mapped_column(CHAR(3))
    change_rate: Mapped[Decimal | None] = mapped_column(Numeric(20, 10))
    change_rate_unit: Mapped[str | None] = mapped_column(CHAR(3))
    gift_card_id: Mapped[uuid.UUID | None]
    return_id: Mapped[uuid.UUID | None]
    refunds_id: Mapped[uuid.UUID | None]
    carried_from: Mapped[uuid.UUID | None]
