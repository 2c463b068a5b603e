"""What is waiting to be printed as labels."""

import uuid
from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.models.base import session_of


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A queued product with what its label shows. `code` is None where it has none; the price contains tax."""

    product_id: uuid.UUID
    name: str
    sku: str | None
    unit: str
    unit_price: int
    code: str | None
    symbology: str | None
    copies: int


_QUEUE = text("""
    SELECT q.product_id, p.name, p.sku, p.unit, p.unit_price, b.code, b.symbology, q.copies
      FROM label_queue AS q
      JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = q.product_id
      LEFT JOIN LATERAL (
            SELECT c.code, c.symbology FROM barcodes AS c
             WHERE c.tenant_id = :tenant_id AND c.product_id = q.product_id
             ORDER BY c.created_at, c.code
             LIMIT 1) AS b ON true
     WHERE q.tenant_id = :tenant_id AND q.user_id = :user_id
     ORDER BY q.queued_at, q.product_id
""")


def list_queued_labels(tenant_id: int, user_id: uuid.UUID) -> list[LabelRow]:
    """Return what a person has queued, in the order it was queued, with the oldest code of each product."""
    rows = session_of(tenant_id).execute(_QUEUE, {"tenant_id": tenant_id, "user_id": user_id})
    return [LabelRow(**row._mapping) for row in rows]


def count_products_without_code(tenant_id: int) -> int:
    """Count the products in use that have no code at all."""
    found = session_of(tenant_id).execute(
        text("""
            SELECT count(*) FROM products AS p
             WHERE p.tenant_id = :tenant_id AND p.archived_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM barcodes AS b
                                WHERE b.tenant_id = :tenant_id AND b.product_id = p.id)
        """),
        {"tenant_id": tenant_id},
    )
    return int(found.scalar_one())
