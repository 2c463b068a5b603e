"""The picture of a product, as a browser asks for it."""

import uuid
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.models.base import session_of

SIZES: Final = ("large", "small")


@dataclass(frozen=True, slots=True)
class Picture:
    """A WebP file of ours."""

    content: bytes
    digest: str


def get_picture(tenant_id: int, product_id: uuid.UUID, size: str) -> Picture:
    """Return the picture of a product.

    Args:
        size: One of SIZES.

    Raises:
        NotFoundError: The shop has no such product, or the product no picture.
    """
    row = (
        session_of(tenant_id)
        .execute(
            text(
                """
                SELECT CASE WHEN :size = 'small' THEN i.small ELSE i.large END AS content, i.digest
                  FROM product_pictures AS i
                 WHERE i.tenant_id = :tenant_id AND i.product_id = :product_id
                """
            ),
            {"tenant_id": tenant_id, "product_id": product_id, "size": size},
        )
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("This product has no picture.")
    return Picture(bytes(row.content), row.digest)
