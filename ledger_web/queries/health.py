"""How the shop is at a glance: what the one who looks after it wants to know first."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.domain.audit import LONGER_THAN_ANY_ACT
from ledger_web.models.base import session_of


@dataclass(frozen=True, slots=True)
class Health:
    """Figures of one moment."""

    sealed_at: dt.datetime | None  # the newest block of the audit; None: nothing happened yet
    unsealed: int  # events that are in no block yet
    people: int  # who may sign in
    tills: int
    refusals: int  # of the last seven days


@dataclass(frozen=True, slots=True)
class OpenDrawer:
    """A drawer whose shift is open."""

    drawer_id: uuid.UUID
    drawer: str
    shift_id: uuid.UUID
    opened_at: dt.datetime
    opened_by: str
    is_long: bool  # for more than a day


def get_health(tenant_id: int) -> Health:
    row = session_of(tenant_id).execute(
        text(
            """
            WITH newest AS (
                SELECT max(b.sealed_at) AS sealed_at FROM audit_blocks AS b WHERE b.tenant_id = :tenant_id
            ), loose AS (
                SELECT e.id
                  FROM audit_events AS e
                 WHERE e.tenant_id = :tenant_id
                   AND e.happened_at >= coalesce((SELECT n.sealed_at - :longest FROM newest AS n), '-infinity')
            ), sealed AS (
                SELECT unnest(b.event_ids) AS id
                  FROM audit_blocks AS b
                 WHERE b.tenant_id = :tenant_id
                   AND b.sealed_at >= (SELECT n.sealed_at - :longest FROM newest AS n)
            )
            SELECT (SELECT n.sealed_at FROM newest AS n),
                   (SELECT count(*) FROM loose AS l WHERE l.id NOT IN (SELECT s.id FROM sealed AS s)),
                   (SELECT count(*) FROM users AS u WHERE u.tenant_id = :tenant_id AND u.active),
                   (SELECT count(*) FROM tills AS t WHERE t.tenant_id = :tenant_id AND t.removed_at IS NULL),
                   (SELECT count(*)
                      FROM audit_events AS e
                     WHERE e.tenant_id = :tenant_id
                       AND e.action IN ('access.refuse', 'session.refuse', 'approval.refuse')
                       AND e.happened_at >= now() - interval '7 days')
            """
        ),
        {"tenant_id": tenant_id, "longest": LONGER_THAN_ANY_ACT},
    )
    return Health(*row.one())


def list_open_drawers(tenant_id: int) -> Sequence[OpenDrawer]:
    """Return the drawers that are open, those that are so longest first."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT d.id, d.name, s.id, s.opened_at, coalesce(u.name, ''), s.opened_at < now() - interval '24 hours'
              FROM shifts AS s
              JOIN cash_drawers AS d
                ON d.tenant_id = :tenant_id
               AND d.id = s.drawer_id
              LEFT JOIN users AS u
                ON u.tenant_id = :tenant_id
               AND u.id = s.opened_by
             WHERE s.tenant_id = :tenant_id
               AND s.closed_at IS NULL
             ORDER BY s.opened_at, d.name
            """
        ),
        {"tenant_id": tenant_id},
    )
    return [OpenDrawer(*row) for row in rows]
