"""How the shop's scales write their codes."""

from sqlalchemy.orm import Mapped

from ledger_web.models.base import Base
from ledger_web.models.columns import Key, MadeAt, TenantKey


class MeasureRule(Base):
    """What the digits behind one prefix mean. Always true: thirteen digits together, one rule for a prefix."""

    __tablename__ = "measure_rules"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    position: Mapped[int]
    prefix: Mapped[str]
    item_digits: Mapped[int]
    value_digits: Mapped[int]
    decimals: Mapped[int]
    kind: Mapped[str]
    has_value_check: Mapped[bool]
    created_at: Mapped[MadeAt]
