"""How the books are kept, and who closed or opened them when."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.models.base import session_of

CHANGES_SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class BooksRow:
    """The settings of the books as they are now."""

    today: dt.date  # the business day
    locked_until: dt.date | None
    day_starts_at: dt.time
    version: int


@dataclass(frozen=True, slots=True)
class LockDateChangeRow:
    """One change of the lock date."""

    id: uuid.UUID
    changed_at: dt.datetime
    actor: str
    before: dt.date | None
    after: dt.date | None
    reason: str


def get_books(tenant_id: int) -> BooksRow:
    row = session_of(tenant_id).execute(
        text(
            """
            SELECT business_day(now(), t.time_zone, t.day_starts_at), t.locked_until, t.day_starts_at, t.books_version
              FROM tenants AS t
             WHERE t.tenant_id = :tenant_id
            """
        ),
        {"tenant_id": tenant_id},
    )
    return BooksRow(*row.one())


def list_lock_date_changes(tenant_id: int) -> Sequence[LockDateChangeRow]:
    """Return the newest changes of the lock date."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT c.id, c.changed_at, coalesce(u.name, ''), c.locked_before, c.locked_after, c.reason
              FROM lock_date_changes AS c
              LEFT JOIN users AS u
                ON u.tenant_id = :tenant_id
               AND u.id = c.actor_id
             WHERE c.tenant_id = :tenant_id
             ORDER BY c.changed_at DESC, c.id DESC
             LIMIT :most
            """
        ),
        {"tenant_id": tenant_id, "most": CHANGES_SHOWN_MAX},
    )
    return [LockDateChangeRow(*row) for row in rows]
