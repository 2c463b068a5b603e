"""Bank accounts of the shop."""

from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Currency, Key, MadeAt, TenantKey


class BankAccount(Base):
    """Money of the shop at a bank. Always true: `code` and `currency` name its account in the books, for life."""

    __tablename__ = "bank_accounts"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    name: Mapped[str]
    currency: Mapped[Currency]
    code: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default="true")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]
