"""Reading what people did; proving that nobody touched it since."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from ledger_web.domain.audit import FIRST, LONGER_THAN_ANY_ACT, SIGNALS, Event, hash_of_block, stands_out, words_of
from ledger_web.domain.languages import gettext
from ledger_web.models.base import session_of

BLOCKS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Verification:
    """What the chain of a shop's audit says about itself."""

    blocks: int  # looked at and right
    events: int  # in them
    head: bytes  # hash of the last one that is right: keep it elsewhere, and nobody can shorten the chain
    broken: int | None = None  # number of the first block that is not right
    trouble: str = ""
    unsealed: int = 0  # events too young to be in a block

    @property
    def is_whole(self) -> bool:
        return not self.trouble


@dataclass(frozen=True, slots=True)
class _Block:
    number: int
    sealed_at: dt.datetime
    event_ids: list[uuid.UUID]
    previous_hash: bytes
    hash: bytes


def verify(tenant_id: int) -> Verification:
    """Walk the chain from its first block and compare each with the events it names, up to the first that is wrong."""
    blocks = events = 0
    head = FIRST
    while True:
        found = _list_blocks(tenant_id, after=blocks)
        if not found:
            break
        known = _events_of(tenant_id, [id for block in found for id in block.event_ids])
        for block in found:
            trouble = _trouble_of(block, blocks + 1, head, known)
            if trouble:
                return Verification(blocks, events, head, broken=blocks + 1, trouble=trouble)
            blocks, events, head = block.number, events + len(block.event_ids), block.hash
    loose = _list_loose(tenant_id)
    slipped_in = sum(1 for is_old in loose if is_old)
    if slipped_in:
        trouble = gettext(
            "%(slipped_in)s events are older than the last block and in none: they were slipped in.",
            slipped_in=slipped_in,
        )
        return Verification(blocks, events, head, broken=blocks + 1, trouble=trouble)
    return Verification(blocks, events, head, unsealed=len(loose))


def _trouble_of(block: _Block, expected: int, head: bytes, known: dict[uuid.UUID, Event]) -> str:
    """Say what is wrong with a block; nothing if it is right."""
    if block.number != expected:
        return gettext("Block %(expected)s is missing.", expected=expected)
    if block.previous_hash != head:
        return gettext("It does not follow the block before.")
    missing = sum(1 for id in block.event_ids if id not in known)
    if missing:
        return gettext("%(missing)s of its events are missing.", missing=missing)
    events = [known[id] for id in block.event_ids]
    if hash_of_block(head, block.number, block.sealed_at, events) != block.hash:
        return gettext("It or an event in it was changed.")
    return ""


def _list_blocks(tenant_id: int, after: int) -> list[_Block]:
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT b.number, b.sealed_at, b.event_ids, b.previous_hash, b.hash
              FROM audit_blocks AS b
             WHERE b.tenant_id = :tenant_id
               AND b.number > :after
             ORDER BY b.number
             LIMIT :blocks_max
            """
        ),
        {"tenant_id": tenant_id, "after": after, "blocks_max": BLOCKS_AT_ONCE},
    )
    return [_Block(row.number, row.sealed_at, row.event_ids, bytes(row.previous_hash), bytes(row.hash)) for row in rows]


def _events_of(tenant_id: int, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Event]:
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT e.id, e.happened_at, e.actor_id, e.approver_id, e.request_id, e.session_id, e.op_id, e.action,
                   e.holder_id, e.before, e.after
              FROM audit_events AS e
             WHERE e.tenant_id = :tenant_id
               AND e.id = ANY (:ids)
            """
        ),
        {"tenant_id": tenant_id, "ids": list(ids)},
    )
    return {row.id: Event(**{**row._mapping, "session_id": row.session_id and bytes(row.session_id)}) for row in rows}


def _list_loose(tenant_id: int) -> list[bool]:
    """Return for each event that is in no block whether it is so old that it would have to be in one."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT coalesce(e.happened_at < (SELECT max(b.sealed_at)
                                               FROM audit_blocks AS b
                                              WHERE b.tenant_id = :tenant_id) - :longer_than_any_act, false)
              FROM audit_events AS e
              LEFT JOIN (SELECT unnest(b.event_ids) AS id
                           FROM audit_blocks AS b
                          WHERE b.tenant_id = :tenant_id) AS sealed
                ON sealed.id = e.id
             WHERE e.tenant_id = :tenant_id
               AND sealed.id IS NULL
            """
        ),
        {"tenant_id": tenant_id, "longer_than_any_act": LONGER_THAN_ANY_ACT},
    )
    return list(rows.scalars())


PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something somebody did, in the list of events."""

    id: uuid.UUID
    happened_at: dt.datetime
    action: str
    actor: str | None
    approver: str | None
    request_id: str
    holder_id: uuid.UUID | None
    person: str | None  # if it was done to somebody who signs in
    product: str | None  # if it was done to a product
    role: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def is_of_operators(self) -> bool:
        """Say whether those who run the system did it: they are nobody of the shop."""
        return self.actor is None and "operator" in (self.after or {})

    @property
    def words(self) -> str:
        return words_of(self.action)

    @property
    def facts(self) -> list[tuple[str, Any, Any]]:
        """What changed: name, before, after; None is nothing."""
        before, after = self.before or {}, self.after or {}
        return [(name, before.get(name), after.get(name)) for name in [*before, *(after.keys() - before.keys())]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedEvents:
    """Which events to list; None asks for all."""

    person_id: uuid.UUID | None = None
    area: str | None = None  # the first part of the action
    since: dt.datetime | None = None
    until: dt.datetime | None = None  # before
    holder_id: uuid.UUID | None = None
    before: uuid.UUID | None = None  # the last event of the page before


@dataclass(frozen=True, slots=True)
class EventsPage:
    """A page of events, newest first."""

    rows: list[EventRow]
    older_than: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class PersonSignals:
    """What one person did at the tills in some time: each signal with its count and whether it stands out."""

    id: uuid.UUID
    name: str
    sales: int
    signals: dict[str, tuple[int, bool]]


def list_events(tenant_id: int, asked: AskedEvents) -> EventsPage:
    """Return a page of what people did."""
    rows = (
        session_of(tenant_id)
        .execute(
            text(
                """
            SELECT e.id, e.happened_at, e.action, a.name, v.name, e.request_id, e.holder_id, u.name, p.name, r.name,
                   e.before, e.after
              FROM audit_events AS e
              LEFT JOIN users AS a
                ON a.tenant_id = :tenant_id AND a.id = e.actor_id
              LEFT JOIN users AS v
                ON v.tenant_id = :tenant_id AND v.id = e.approver_id
              LEFT JOIN users AS u
                ON u.tenant_id = :tenant_id AND u.id = e.holder_id
              LEFT JOIN products AS p
                ON p.tenant_id = :tenant_id AND p.id = e.holder_id
              LEFT JOIN roles AS r
                ON r.tenant_id = :tenant_id AND r.id = e.holder_id
             WHERE e.tenant_id = :tenant_id
               AND (CAST(:person_id AS uuid) IS NULL OR :person_id IN (e.actor_id, e.approver_id, e.holder_id))
               AND (CAST(:holder_id AS uuid) IS NULL OR e.holder_id = :holder_id)
               AND (CAST(:area AS text) IS NULL OR (e.action >= :area || '.' AND e.action < :area || '/'))
               AND (CAST(:since AS timestamptz) IS NULL OR e.happened_at >= :since)
               AND (CAST(:until AS timestamptz) IS NULL OR e.happened_at < :until)
               AND (CAST(:before AS uuid) IS NULL
                    OR (e.happened_at, e.id) < (SELECT b.happened_at, b.id
                                                  FROM audit_events AS b
                                                 WHERE b.tenant_id = :tenant_id AND b.id = :before))
             ORDER BY e.happened_at DESC, e.id DESC
             LIMIT :rows_max
            """
            ),
            {
                "tenant_id": tenant_id,
                "person_id": asked.person_id,
                "holder_id": asked.holder_id,
                "area": asked.area,
                "since": asked.since,
                "until": asked.until,
                "before": asked.before,
                "rows_max": PAGE_SIZE + 1,
            },
        )
        .all()
    )
    found = [EventRow(*row) for row in rows[:PAGE_SIZE]]
    return EventsPage(found, found[-1].id if len(rows) > PAGE_SIZE else None)


def list_actors(tenant_id: int) -> list[tuple[uuid.UUID, str]]:
    """Return everybody who might have done something."""
    rows = session_of(tenant_id).execute(
        text("SELECT u.id, u.name FROM users AS u WHERE u.tenant_id = :tenant_id ORDER BY lower(u.name), u.id"),
        {"tenant_id": tenant_id},
    )
    return [(row.id, row.name) for row in rows]


def list_signals(tenant_id: int, days: int) -> list[PersonSignals]:
    """Return what each person did at the tills in the last days, beside their sales; who did nothing is left out.

    A failed sign-in counts for whom it was tried.
    """
    rows = (
        session_of(tenant_id)
        .execute(
            text(
                """
            SELECT u.id, u.name,
                   (SELECT count(*)
                      FROM transactions AS t
                     WHERE t.tenant_id = :tenant_id
                       AND t.actor_id = u.id
                       AND t.kind = 'sale'
                       AND t.posted_at >= now() - make_interval(days => :days)) AS sales,
                   jsonb_build_object('sale.discount',
                       (SELECT count(*)
                          FROM sales AS s
                         WHERE s.tenant_id = :tenant_id
                           AND s.cashier_id = u.id
                           AND s.discount > 0
                           AND s.sold_at >= now() - make_interval(days => :days)))
                   || (SELECT coalesce(jsonb_object_agg(c.action, c.many), '{}')
                      FROM (SELECT e.action, count(*) AS many
                              FROM audit_events AS e
                             WHERE e.tenant_id = :tenant_id
                               AND u.id = CASE WHEN e.action = 'session.refuse' THEN e.holder_id ELSE e.actor_id END
                               AND e.action = ANY (:actions)
                               AND e.happened_at >= now() - make_interval(days => :days)
                             GROUP BY e.action) AS c) AS counts
              FROM users AS u
             WHERE u.tenant_id = :tenant_id
             ORDER BY lower(u.name), u.id
            """
            ),
            {"tenant_id": tenant_id, "days": days, "actions": list(SIGNALS)},
        )
        .all()
    )
    return [
        _signals(row, [other for other in rows if other.id != row.id])
        for row in rows
        if row.sales or any(row.counts.values())
    ]


def _signals(row: Any, others: Sequence[Any]) -> PersonSignals:
    counts = {action: int(row.counts.get(action, 0)) for action in SIGNALS}
    found = {
        action: (
            count,
            stands_out(count, row.sales, [(int(each.counts.get(action, 0)), each.sales) for each in others]),
        )
        for action, count in counts.items()
    }
    return PersonSignals(row.id, row.name, row.sales, found)
