"""Which names of its own a shop has claimed, and which lead where."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.models.base import directory_session, session_of


@dataclass(frozen=True, slots=True)
class DomainRow:
    """A name that a shop has claimed.

    Attributes:
        is_ours: It leads to this shop.
        proved_at: When it last was proved; None: never.
        failing_since: Since when the DNS no longer says so, while the name still leads here.
    """

    id: uuid.UUID
    host: str
    token: str
    is_ours: bool
    claimed_at: dt.datetime
    proved_at: dt.datetime | None
    checked_at: dt.datetime | None
    failing_since: dt.datetime | None


_DOMAIN = """
    SELECT c.id, c.host, c.token, d.host IS NOT NULL AS is_ours, c.claimed_at, c.proved_at, c.checked_at,
           c.failing_since
      FROM domain_claims AS c
      LEFT JOIN domain_directory AS d
        ON d.host = c.host
       AND d.tenant_id = :tenant_id
     WHERE c.tenant_id = :tenant_id
       AND (c.proved_at IS NOT NULL OR c.claimed_at > now() - interval '7 days')
"""


def list_domains(tenant_id: int) -> list[DomainRow]:
    """Return the names of a shop; a claim without proof is forgotten after a week."""
    rows = session_of(tenant_id).execute(text(f"{_DOMAIN} ORDER BY c.host"), {"tenant_id": tenant_id})
    return [DomainRow(*row) for row in rows]


def get_domain(tenant_id: int, claim_id: uuid.UUID) -> DomainRow:
    """Return one of them.

    Raises:
        NotFoundError: The shop has no such claim.
    """
    row = (
        session_of(tenant_id)
        .execute(text(f"{_DOMAIN} AND c.id = :id"), {"tenant_id": tenant_id, "id": claim_id})
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("This shop has no such domain, or it waited too long for its proof. Add it again.")
    return DomainRow(*row)


def list_proved_domains() -> list[tuple[str, int]]:
    """Return every name that leads to a shop, with the id of the shop."""
    rows = directory_session().execute(text("SELECT host, tenant_id FROM domain_directory ORDER BY host"))
    return [(row.host, row.tenant_id) for row in rows]
