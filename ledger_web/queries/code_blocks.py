"""Reserved codes: how many of a block mean something by now, and those that are still to be given."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.internal_codes import internal_code
from ledger_web.models.base import session_of

BLOCKS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class BlockRow:
    """Codes reserved at once."""

    id: uuid.UUID
    symbology: str
    first_number: int
    last_number: int
    note: str
    reserved_at: dt.datetime
    user_name: str

    @property
    def count(self) -> int:
        return self.last_number - self.first_number + 1

    @property
    def codes(self) -> list[str]:
        return [internal_code(number, self.symbology) for number in range(self.first_number, self.last_number + 1)]

    @property
    def first_code(self) -> str:
        return internal_code(self.first_number, self.symbology)

    @property
    def last_code(self) -> str:
        return internal_code(self.last_number, self.symbology)


@dataclass(frozen=True, slots=True)
class GivenRow:
    """A code of a block, and the product it means."""

    code: str
    product_id: uuid.UUID
    product: str


def list_blocks(tenant_id: int) -> list[BlockRow]:
    """Return what was reserved last, the newest first."""
    return _blocks(tenant_id, "ORDER BY b.reserved_at DESC, b.id DESC LIMIT :rows", rows=BLOCKS_SHOWN)


def get_block(tenant_id: int, block_id: uuid.UUID) -> BlockRow:
    """Return one block.

    Raises:
        NotFoundError: The shop reserved no such block.
    """
    rows = _blocks(tenant_id, "AND b.id = :id", id=block_id)
    if not rows:
        raise NotFoundError("There is no such block of codes in this shop.")
    return rows[0]


def list_given(tenant_id: int, codes: Sequence[str]) -> list[GivenRow]:
    """Return those of the codes that mean a product, in their order."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT b.code, p.id AS product_id, p.name AS product
              FROM barcodes AS b
              JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = b.product_id
             WHERE b.tenant_id = :tenant_id AND b.code = ANY(:codes)
             ORDER BY b.code
            """
        ),
        {"tenant_id": tenant_id, "codes": list(codes)},
    )
    return [GivenRow(*row) for row in rows]


def _blocks(tenant_id: int, which: str, **values: object) -> list[BlockRow]:
    rows = session_of(tenant_id).execute(
        text(
            f"""
            SELECT b.id, b.symbology, b.first_number, b.last_number, b.note, b.reserved_at, u.name AS user_name
              FROM code_blocks AS b
              JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = b.reserved_by
             WHERE b.tenant_id = :tenant_id {which}
            """
        ),
        {"tenant_id": tenant_id, **values},
    )
    return [BlockRow(*row) for row in rows]
