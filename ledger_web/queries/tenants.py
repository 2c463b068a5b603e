"""Which shops there are."""

from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.models.base import directory_session


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
