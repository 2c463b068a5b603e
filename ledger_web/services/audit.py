"""Writing down who did what, in the transaction of the act itself, and sealing it in a chain of blocks."""

import datetime as dt
import json
import logging
import uuid
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Protocol, Self

from sqlalchemy import CursorResult
from sqlalchemy.exc import SQLAlchemyError

from ledger_web.domain.audit import FIRST, LONGER_THAN_ANY_ACT, Event, changes, hash_of_block
from ledger_web.domain.ids import new_id

EVENTS_MAX: Final = 1000  # of a block
SEAL_AFTER: Final = dt.timedelta(minutes=1)
BEFORE_ALL: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where acts come from: the request's number, and the session's digest of whoever is signed in."""

    request_id: str = ""
    session_id: bytes | None = None


# Set by the web for each request. Not an argument of each act: none of them does anything with it, and one that
# forgot to pass it on would be a hole in the audit.
origin: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039 (frozen)


class Act(Protocol):
    """What the audit needs of a unit of work."""

    tenant_id: int
    actor_id: uuid.UUID | None

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def execute(self, sql: str, values: Mapping[str, object] | None = None) -> CursorResult[Any]: ...


def write_event(
    act: Act,
    action: str,
    *,
    holder: uuid.UUID | None,
    op_id: uuid.UUID | None,
    approver_id: uuid.UUID | None,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    """Insert one event. The moment is the database's."""
    old, new = changes(before, after)
    came_from = origin.get()
    act.execute(
        """
        INSERT INTO audit_events (tenant_id, id, happened_at, actor_id, approver_id, request_id, session_id, op_id,
                                  action, holder_id, before, after)
        VALUES (%(tenant_id)s, %(id)s, clock_timestamp(), %(actor_id)s, %(approver_id)s, %(request_id)s,
                %(session_id)s, %(op_id)s, %(action)s, %(holder_id)s, %(before)s::jsonb, %(after)s::jsonb)
        """,
        {
            "id": new_id(),
            "actor_id": act.actor_id,
            "approver_id": approver_id,
            "request_id": came_from.request_id,
            "session_id": came_from.session_id,
            "op_id": op_id,
            "action": action,
            "holder_id": holder,
            "before": None if old is None else json.dumps(old),
            "after": None if new is None else json.dumps(new),
        },
    )


def seal_if_due(act: Act) -> None:
    """After a commit: seal what is there, if the last block is older than a minute.

    What was committed is committed, so whatever goes wrong here is only written down: the next one takes it up.
    """
    try:
        seal(act, older_than=SEAL_AFTER)
    except SQLAlchemyError:
        log.exception("the audit of shop %s is sealed the next time", act.tenant_id)


def seal(act: Act, *, older_than: dt.timedelta = dt.timedelta(0)) -> int:
    """Put the events that are in no block yet into the next one; return how many.

    Two at once make the same number, and one of them finds it taken: nothing waits.

    Args:
        act: A unit of work that is not begun.
        older_than: Do nothing if the last block is younger.
    """
    with act as uow:
        last = uow.execute(
            """
            SELECT b.number, b.sealed_at, b.hash, now() AS now
              FROM audit_blocks AS b
             WHERE b.tenant_id = %(tenant_id)s
             ORDER BY b.number DESC
             LIMIT 1
            """
        ).one_or_none()
        if last is not None and last.now - last.sealed_at < older_than:
            return 0
        events = _loose_events(uow, last.sealed_at if last else None)
        if events:
            _insert_block(uow, (last.number if last else 0) + 1, bytes(last.hash) if last else FIRST, events)
        return len(events)


def _loose_events(act: Act, last_sealed_at: dt.datetime | None) -> list[Event]:
    """Return what is in no block yet, oldest first.

    An act lasts less than an hour, so what happened more than an hour before the last block was made is either in
    a block or was slipped in later; that is for the verification to find.
    """
    rows = act.execute(
        """
        SELECT e.id, e.happened_at, e.actor_id, e.approver_id, e.request_id, e.session_id, e.op_id, e.action,
               e.holder_id, e.before, e.after
          FROM audit_events AS e
          LEFT JOIN (SELECT unnest(b.event_ids) AS id
                       FROM audit_blocks AS b
                      WHERE b.tenant_id = %(tenant_id)s
                        AND b.sealed_at >= %(since)s::timestamptz - interval '1 hour') AS sealed
            ON sealed.id = e.id
         WHERE e.tenant_id = %(tenant_id)s
           AND e.happened_at >= %(since)s::timestamptz
           AND sealed.id IS NULL
         ORDER BY e.happened_at, e.id
         LIMIT %(events_max)s
        """,
        {
            "since": last_sealed_at - LONGER_THAN_ANY_ACT if last_sealed_at else BEFORE_ALL,
            "events_max": EVENTS_MAX,
        },
    ).all()
    return [Event(**{**row._asdict(), "session_id": _bytes(row.session_id)}) for row in rows]


def _insert_block(act: Act, number: int, previous: bytes, events: list[Event]) -> None:
    sealed_at: dt.datetime = act.execute("SELECT clock_timestamp()").scalar_one()
    act.execute(
        """
        INSERT INTO audit_blocks AS b (tenant_id, number, sealed_at, event_ids, previous_hash, hash)
        VALUES (%(tenant_id)s, %(number)s, %(sealed_at)s, %(event_ids)s, %(previous_hash)s, %(hash)s)
        ON CONFLICT (tenant_id, number) DO NOTHING
        """,
        {
            "number": number,
            "sealed_at": sealed_at,
            "event_ids": [event.id for event in events],
            "previous_hash": previous,
            "hash": hash_of_block(previous, number, sealed_at, events),
        },
    )


def _bytes(value: bytes | None) -> bytes | None:
    return None if value is None else bytes(value)
