"""What products are taxed by."""

import datetime as dt
import uuid

from sqlalchemy import DateTime
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Key, MadeAt, Percent, TenantKey


class TaxClass(Base):
    """Taxes that fall on products of one kind, under a name. Always true: it has at least one rate."""

    __tablename__ = "tax_classes"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    name: Mapped[str]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]
    archived_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class TaxRate(Base):
    """One tax of a class; a compound one falls on the taxes before it, too."""

    __tablename__ = "tax_rates"

    tenant_id: Mapped[TenantKey]
    tax_class_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    percent: Mapped[Percent]
    is_compound: Mapped[bool] = mapped_column(server_default="false")
