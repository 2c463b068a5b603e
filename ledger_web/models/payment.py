"""Money that came in or went out to settle something."""

import uuid

from sqlalchemy.orm import Mapped

from ledger_web.models.base import Base
from ledger_web.models.columns import Currency, Key, Minor, TenantKey


class Payment(Base):
    """Always true: tendered = applied + change: what was handed over, what it paid, what went back."""

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
