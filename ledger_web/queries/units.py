"""The units of a product, as pages and forms ask for them."""

import datetime as dt
import uuid
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import text

from ledger_web.domain.languages import gettext
from ledger_web.domain.units import Pack, price_of
from ledger_web.models.base import session_of


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A pack of a product: `factor` base units are in one."""

    id: uuid.UUID
    product_id: uuid.UUID
    name: str
    factor: Fraction
    own_price: int | None  # minor units of the base currency
    unit_price: int  # its own price, or the base unit's times the factor
    is_sold: bool
    is_bought: bool
    version: int
    archived_at: dt.datetime | None
    codes: tuple[str, ...]

    @property
    def pack(self) -> Pack:
        return Pack(self.name, self.factor)

    @property
    def uses(self) -> list[str]:
        """What it is used for, in words."""
        words = ((gettext("selling"), self.is_sold), (gettext("buying"), self.is_bought))
        return [word for word, is_so in words if is_so]


def list_units(tenant_id: int, product_id: uuid.UUID, *, archived: bool = False) -> list[UnitRow]:
    """Return the units of a product that are in use, smallest first; with `archived` the others behind them."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT u.id, u.product_id, u.name, u.factor_numerator, u.factor_denominator, u.unit_price AS own_price,
                   p.unit_price, u.is_sold, u.is_bought, u.version, u.archived_at,
                   ARRAY(SELECT b.code FROM barcodes AS b
                          WHERE b.tenant_id = :tenant_id AND b.product_id = :product_id AND b.unit_id = u.id
                          ORDER BY b.created_at, b.code) AS codes
              FROM product_units AS u
              JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = u.product_id
             WHERE u.tenant_id = :tenant_id
               AND u.product_id = :product_id
               AND (:archived OR u.archived_at IS NULL)
             ORDER BY u.archived_at IS NOT NULL, u.factor_numerator::numeric / u.factor_denominator, u.name, u.id
            """
        ),
        {"tenant_id": tenant_id, "product_id": product_id, "archived": archived},
    )
    return [
        UnitRow(
            id=row.id,
            product_id=row.product_id,
            name=row.name,
            factor=(factor := Fraction(row.factor_numerator, row.factor_denominator)),
            own_price=row.own_price,
            unit_price=price_of(factor, row.unit_price, row.own_price),
            is_sold=row.is_sold,
            is_bought=row.is_bought,
            version=row.version,
            archived_at=row.archived_at,
            codes=tuple(row.codes),
        )
        for row in rows
    ]
