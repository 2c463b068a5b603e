"""The whole shop as a file: how far it is, or that it is there."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.shop_exports import FAILED, INTERRUPTED, KEPT, OVER, READY, SILENT_AFTER, WRITING
from ledger_web.models.base import session_of


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A file with everything the shop has.

    Attributes:
        state: One of those in domain/shop_exports.py.
        until: As long as it can be fetched, once it is ready.
        size: In bytes.
    """

    id: uuid.UUID
    asked_at: dt.datetime
    asked_by: str
    tables_done: int
    tables_total: int
    ended_at: dt.datetime | None
    until: dt.datetime | None
    size: int | None
    sha256: bytes | None
    error: str
    state: str

    @property
    def megabytes(self) -> Decimal:
        return max((Decimal(self.size or 0) / 1_000_000).quantize(Decimal("0.1")), Decimal("0.1"))

    @property
    def digest(self) -> str:
        return (self.sha256 or b"").hex()


_EXPORT = f"""
    SELECT e.id, e.asked_at, u.name AS asked_by, e.tables_done, e.tables_total, e.ended_at,
           e.ended_at + :kept AS until, e.size, e.sha256, e.error,
           CASE WHEN e.error <> '' THEN '{FAILED}'
                WHEN e.ended_at + :kept > now() THEN '{READY}'
                WHEN e.ended_at IS NOT NULL THEN '{OVER}'
                WHEN e.beat_at + :silent > now() THEN '{WRITING}'
                ELSE '{INTERRUPTED}' END AS state
      FROM shop_exports AS e
      JOIN users AS u
        ON u.tenant_id = :tenant_id
       AND u.id = e.asked_by
     WHERE e.tenant_id = :tenant_id
"""
_TIMES = {"kept": KEPT, "silent": SILENT_AFTER}


def find_latest_export(tenant_id: int) -> ExportRow | None:
    """Return the file that was asked for last."""
    row = session_of(tenant_id).execute(
        text(f"{_EXPORT} ORDER BY e.asked_at DESC LIMIT 1"), {"tenant_id": tenant_id, **_TIMES}
    )
    found = row.one_or_none()
    return ExportRow(*found) if found else None


def get_export(tenant_id: int, export_id: uuid.UUID) -> ExportRow:
    """Return one of them.

    Raises:
        NotFoundError: The shop asked for no such file.
    """
    row = session_of(tenant_id).execute(
        text(f"{_EXPORT} AND e.id = :id"), {"tenant_id": tenant_id, "id": export_id, **_TIMES}
    )
    found = row.one_or_none()
    if found is None:
        raise NotFoundError
    return ExportRow(*found)
