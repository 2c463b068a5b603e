"""A family of variants, as its grid shows it."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.variants import Option
from ledger_web.models.base import session_of


@dataclass(frozen=True, slots=True)
class VariantRow:
    """A variant: a product with one value of each option. `unit_price` is in minor units of the base currency."""

    id: uuid.UUID
    name: str
    values: tuple[str, ...]
    sku: str | None
    code: str | None  # one of its barcodes
    unit: str
    unit_price: int
    on_hand: Decimal | None  # None: keeps no stock
    archived_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class FamilyDetails:
    """Variants with what they have in common."""

    id: uuid.UUID
    name: str
    options: tuple[Option, ...]  # with the values that there are
    version: int
    variants: tuple[VariantRow, ...]


def get_family(tenant_id: int, family_id: uuid.UUID) -> FamilyDetails:
    """Return a family with its variants, those in use first, in the order they were made.

    Raises:
        NotFoundError: The shop has no such family.
    """
    rows = (
        session_of(tenant_id)
        .execute(
            text(
                """
                SELECT f.name AS family, f.options, f.version, p.id, p.name, p.option_values, p.sku, c.code, p.unit,
                       p.unit_price, CASE WHEN p.stock_policy <> 'none' THEN coalesce(s.quantity, 0) END AS on_hand,
                       p.archived_at
                  FROM product_families AS f
                  JOIN products AS p ON p.tenant_id = :tenant_id AND p.family_id = f.id
                  LEFT JOIN stock_levels AS s ON s.tenant_id = :tenant_id AND s.product_id = p.id
                  LEFT JOIN LATERAL (
                        SELECT b.code FROM barcodes AS b
                         WHERE b.tenant_id = :tenant_id AND b.product_id = p.id AND b.unit_id IS NULL
                         ORDER BY b.created_at, b.code
                         LIMIT 1) AS c ON true
                 WHERE f.tenant_id = :tenant_id AND f.id = :id
                 ORDER BY p.archived_at IS NOT NULL, p.id
                """
            ),
            {"tenant_id": tenant_id, "id": family_id},
        )
        .all()
    )
    if not rows:
        raise NotFoundError("There are no such variants in this shop.")
    variants = tuple(
        VariantRow(
            id=row.id,
            name=row.name,
            values=tuple(row.option_values),
            sku=row.sku,
            code=row.code,
            unit=row.unit,
            unit_price=row.unit_price,
            on_hand=row.on_hand,
            archived_at=row.archived_at,
        )
        for row in rows
    )
    options = tuple(
        Option(name, tuple(dict.fromkeys(variant.values[place] for variant in variants)))
        for place, name in enumerate(rows[0].options)
    )
    return FamilyDetails(family_id, rows[0].family, options, rows[0].version, variants)
