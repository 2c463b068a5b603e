"""Who is asking, and where: shop, session, user, role and permissions in one statement."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger_web.domain.permissions import OPERATORS, limits_of, rights_of
from ledger_web.models.base import run_together, session_of


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """A living session and all that hangs on it."""

    tenant_id: int
    slug: str
    tenant_name: str
    base_currency: str
    time_zone: str
    locale: str
    digits: str
    day_starts_at: dt.time
    status: str  # active, suspended, or operators: no shop, but the room of those who run the system
    user_id: uuid.UUID
    user_name: str
    role_name: str
    permissions: frozenset[str]
    limits: Mapping[str, Decimal | None]
    lacks_code: bool
    own_records: bool
    drawers: frozenset[uuid.UUID] | None  # None: all of them
    lacks_proof: bool
    language: str | None
    is_touch_due: bool


_IDENTITY = """
    SELECT t.tenant_id, d.slug, t.name, t.base_currency, t.time_zone, t.locale,
           t.digits, t.day_starts_at, d.status, u.id, u.name,
           r.name, r.built_in, r.permissions, r.limits,
           u.totp_secret IS NULL AND (d.status = 'operators' OR t.owners_need_code AND r.built_in = 'owner'),
           r.own_records,
           ARRAY(SELECT w.drawer_id
                   FROM role_drawers AS w
                  WHERE w.tenant_id = %(tenant_id)s AND w.role_id = r.id),
           u.email IS NOT NULL AND u.email IS DISTINCT FROM u.proved_email,
           u.language,
           s.last_seen_at < now() - interval '1 minute'
      FROM sessions AS s
      JOIN users AS u
        ON u.tenant_id = %(tenant_id)s
       AND u.id = s.user_id
       AND u.active
      JOIN roles AS r
        ON r.tenant_id = %(tenant_id)s
       AND r.id = u.role_id
      JOIN tenants AS t
        ON t.tenant_id = %(tenant_id)s
      {place}
      JOIN tenant_directory AS d
        ON d.tenant_id = %(tenant_id)s
       AND {is_there}
       AND d.status IN ({states})
     WHERE s.tenant_id = %(tenant_id)s
       AND s.id = %(session_digest)s
       AND s.revoked_at IS NULL
       AND NOT s.waits_for_code
       AND s.last_seen_at > now() - interval '30 minutes'
       AND s.created_at > now() - interval '12 hours'
"""
_AT_SLUG = _IDENTITY.format(place="", is_there="d.slug = %(slug)s", states="'active', 'suspended', 'operators'")
_AT_DOMAIN = _IDENTITY.format(
    place="JOIN domain_directory AS h ON h.tenant_id = %(tenant_id)s AND h.host = %(host)s",
    is_there="d.status <> 'former'",
    states="'active', 'suspended'",
)


def find_identity(tenant_id: int, slug: str, session_digest: bytes, *, host: str = "") -> IdentityRow | None:
    """Return who holds a session of this shop, if the session lives, the user is active and the name is the shop's.

    `tenant_id` is what the cookie claims. Row-level security shows that shop alone, and the join with the directory
    demands that the host name is that shop's: a cookie of another shop finds nothing. Under a domain of the shop's own
    `host` says which, and the slug is not looked at.

    A session lives 30 minutes after it was last seen and 12 hours in all, by the database's clock. `is_touch_due`
    says that it was last seen more than a minute ago, `lacks_code` that the shop asks its owners for a second factor
    and this one has none yet, `lacks_proof` that their e-mail address was never proved; `language` is the one they
    chose for themselves. Source: promises S3, S9.
    """
    values: dict[str, Any] = {"tenant_id": tenant_id, "session_digest": session_digest}
    values |= {"host": host} if host else {"slug": slug}
    row = run_together(session_of(tenant_id), [(_AT_DOMAIN if host else _AT_SLUG, values)]).one_or_none()
    if row is None:
        return None
    facts: list[Any] = list(row)
    built_in, permissions, limits, lacks_code, own_records, drawers, *rest = facts[12:]
    rights = rights_of(built_in, permissions)
    if row.status == "operators":
        facts[11], rights = "operator", OPERATORS
    facts = [*facts[:12], rights, limits_of(built_in, limits), bool(lacks_code)]
    facts += [own_records, frozenset(drawers) or None, *rest]
    return IdentityRow(*facts)
