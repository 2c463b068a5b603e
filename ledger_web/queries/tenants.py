"""Which shops there are."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.languages import gettext
from ledger_web.models.base import directory_session, session_of


@dataclass(frozen=True, slots=True)
class DirectoryRow:
    """Where a name leads: all that may be known before a shop is chosen."""

    slug: str
    tenant_id: int
    status: str
    leads_to: str | None = None  # of a former address
    until: dt.date | None = None  # a former address leads on, and a deleted shop can be had back, until this day


def find_tenant(slug: str) -> DirectoryRow | None:
    """Return where a name leads: to a shop, to the operators' room, or to the name that came after it.

    Deleted shops do not answer.
    """
    row = directory_session().execute(
        text(
            """
            SELECT slug, tenant_id, status, leads_to, until
              FROM tenant_directory
             WHERE slug = :slug
               AND (status IN ('active', 'suspended', 'operators') OR status = 'former' AND until >= current_date)
            """
        ),
        {"slug": slug},
    )
    found = row.one_or_none()
    return DirectoryRow(*found) if found else None


def find_tenant_at(host: str) -> DirectoryRow | None:
    """Return the shop that proved to have this domain, unless it is deleted."""
    row = directory_session().execute(
        text(
            """
            SELECT d.slug, d.tenant_id, d.status
              FROM domain_directory AS h
              JOIN tenant_directory AS d
                ON d.tenant_id = h.tenant_id
               AND d.status IN ('active', 'suspended')
             WHERE h.host = :host
            """
        ),
        {"host": host},
    )
    found = row.one_or_none()
    return DirectoryRow(*found) if found else None


def list_tenants() -> list[DirectoryRow]:
    """Return every shop, whatever its status, by name."""
    rows = directory_session().execute(
        text(
            """
            SELECT slug, tenant_id, status, leads_to, until
              FROM tenant_directory
             WHERE status IN ('active', 'suspended', 'deleted')
             ORDER BY slug
            """
        )
    )
    return [DirectoryRow(*row) for row in rows]


def get_place(slug: str) -> DirectoryRow:
    """Return the shop of an address, whatever its status.

    Raises:
        NotFoundError: There is none.
    """
    row = directory_session().execute(
        text(
            """
            SELECT slug, tenant_id, status, leads_to, until
              FROM tenant_directory
             WHERE slug = :slug
               AND status IN ('active', 'suspended', 'deleted')
            """
        ),
        {"slug": slug},
    )
    found = row.one_or_none()
    if found is None:
        raise NotFoundError(gettext("There is no shop at %(slug)s.", slug=slug))
    return DirectoryRow(*found)


def is_free(look: str) -> bool:
    """Say whether an address with this look could be had: nobody has it or one like it, or had it."""
    row = directory_session().execute(text("SELECT 1 FROM tenant_directory WHERE look = :look"), {"look": look})
    return row.first() is None


def get_opening_time(tenant_id: int) -> dt.datetime:
    """Return when a shop was opened."""
    row = session_of(tenant_id).execute(
        text("SELECT created_at FROM tenants WHERE tenant_id = :tenant_id"), {"tenant_id": tenant_id}
    )
    opened_at: dt.datetime = row.scalar_one()
    return opened_at


@dataclass(frozen=True, slots=True)
class ShopRow:
    """A shop as its pages show it, and one of its owners."""

    name: str
    base_currency: str
    time_zone: str
    locale: str
    day_starts_at: dt.time
    owner_id: uuid.UUID
    transactions: int  # how much has happened in it


def get_shop(tenant_id: int) -> ShopRow:
    """Return what the pages of a shop need to know about it."""
    row = session_of(tenant_id).execute(
        text(
            """
            SELECT t.name, t.base_currency, t.time_zone, t.locale, t.day_starts_at,
                   (SELECT u.id
                      FROM users AS u
                      JOIN roles AS r ON r.tenant_id = :tenant_id AND r.id = u.role_id AND r.built_in = 'owner'
                     WHERE u.tenant_id = :tenant_id
                     ORDER BY u.id
                     LIMIT 1) AS owner_id,
                   (SELECT count(*) FROM transactions AS x WHERE x.tenant_id = :tenant_id) AS transactions
              FROM tenants AS t
             WHERE t.tenant_id = :tenant_id
            """
        ),
        {"tenant_id": tenant_id},
    )
    return ShopRow(*row.one())


def list_shops_of(owner_mail: bytes) -> list[str]:
    """Return the addresses of the shops whose owner proved to be reached at this e-mail address, by its digest."""
    rows = directory_session().execute(
        text(
            """
            SELECT slug FROM tenant_directory
             WHERE owner_mail = :owner_mail
               AND status IN ('active', 'suspended')
             ORDER BY slug
            """
        ),
        {"owner_mail": owner_mail},
    )
    return [row.slug for row in rows]
