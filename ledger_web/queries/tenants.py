"""Which shops there are."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.models.base import directory_session, session_of


@dataclass(frozen=True, slots=True)
class DirectoryRow:
    """Where a name leads: all that may be known before a shop is chosen."""

    slug: str
    tenant_id: int
    status: str


def find_tenant(slug: str) -> DirectoryRow | None:
    """Return the shop that answers to a name; suspended and deleted shops do not answer."""
    row = directory_session().execute(
        text(
            """
            SELECT slug, tenant_id, status
              FROM tenant_directory
             WHERE slug = :slug
               AND status = 'active'
            """
        ),
        {"slug": slug},
    )
    found = row.one_or_none()
    return DirectoryRow(*found) if found else None


def list_tenants() -> list[DirectoryRow]:
    """Return every shop, whatever its status, by name."""
    rows = directory_session().execute(text("SELECT slug, tenant_id, status FROM tenant_directory ORDER BY slug"))
    return [DirectoryRow(*row) for row in rows]


def get_opening_time(tenant_id: int) -> dt.datetime:
    """Return when a shop was opened."""
    row = session_of(tenant_id).execute(
        text("SELECT created_at FROM tenants WHERE tenant_id = :tenant_id"), {"tenant_id": tenant_id}
    )
    opened_at: dt.datetime = row.scalar_one()
    return opened_at
