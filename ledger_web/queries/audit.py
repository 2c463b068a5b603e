"""Reading what people did; proving that nobody touched it since."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.domain.audit import FIRST, LONGER_THAN_ANY_ACT, Event, hash_of_block
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
        trouble = f"{slipped_in} events are older than the last block and in none: they were slipped in."
        return Verification(blocks, events, head, broken=blocks + 1, trouble=trouble)
    return Verification(blocks, events, head, unsealed=len(loose))


def _trouble_of(block: _Block, expected: int, head: bytes, known: dict[uuid.UUID, Event]) -> str:
    """Say what is wrong with a block; nothing if it is right."""
    if block.number != expected:
        return f"Block {expected} is missing."
    if block.previous_hash != head:
        return "It does not follow the block before."
    missing = sum(1 for id in block.event_ids if id not in known)
    if missing:
        return f"{missing} of its events are missing."
    events = [known[id] for id in block.event_ids]
    if hash_of_block(head, block.number, block.sealed_at, events) != block.hash:
        return "It or an event in it was changed."
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
