"""Allocations after the payment: settling with what is left of a credit, releasing, settling something else instead."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.exchange import realised_entries
from ledger_web.domain.open_items import OPPOSITE, Item, Share, oldest_first, shares
from ledger_web.services import open_items
from ledger_web.services.open_items import Holder
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class AllocateItem:
    """Settle documents with what is left of a credit, or credits with what is left of a document."""

    id: uuid.UUID
    item_id: uuid.UUID
    allocations: tuple[tuple[uuid.UUID, int], ...] | None = None  # item and amount; None: oldest due first


@dataclass(frozen=True, kw_only=True)
class ReleaseAllocation:
    """Take an allocation back; what it settled is open again on both sides."""

    id: uuid.UUID
    allocation_id: uuid.UUID
    reason: str
    instead_id: uuid.UUID | None = None  # the charge that is settled instead, as far as it is open


@whole_act
def allocate_item(command: AllocateItem, uow: UnitOfWork) -> Recorded:
    """Settle with what is left of an item. In a foreign currency this posts the realised gain or loss.

    Raises:
        NotFoundError: The shop has no such item.
        RuleViolationError: More is allocated than is open on either side, or nothing is.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="allocation"):
            return Recorded(command.id, replayed=True)
        party_id, _ = open_items.find_item(uow, command.item_id)
        holder = open_items.hold_party(uow, party_id)
        _, item = open_items.find_item(uow, command.item_id)  # once more: only now it stays as it is
        made = _wanted(uow, holder, item, command.allocations)
        if not made:
            raise RuleViolationError("Nothing is allocated. Enter an amount beside at least one document.")
        open_items.settle(uow, made)
        _post(uow, holder, made, taken_back=0)
    return Recorded(command.id)


@whole_act
def release_allocation(command: ReleaseAllocation, uow: UnitOfWork) -> Recorded:
    """Release an allocation, and settle another charge with the credit if one is named.

    Raises:
        NotFoundError: The shop has no such allocation, or no such charge.
        RuleViolationError: It was released already, or nothing of the other charge is open.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="release", memo=command.reason):
            return Recorded(command.id, replayed=True)
        made = open_items.find_allocation(uow, command.allocation_id)
        party_id, _ = open_items.find_item(uow, made.share.credit_id)
        holder = open_items.hold_party(uow, party_id)
        open_items.release(uow, [made])
        moved = _moved(uow, holder, made.share, command.instead_id) if command.instead_id else []
        open_items.settle(uow, moved)
        _post(uow, holder, moved, taken_back=made.realised)
    return Recorded(command.id)


def _wanted(
    uow: UnitOfWork, holder: Holder, item: Item, wanted: tuple[tuple[uuid.UUID, int], ...] | None
) -> list[Share]:
    side = OPPOSITE[item.side]
    if wanted is None:
        others = open_items.find_open(uow, holder.id, item.currency, side, up_to=item.open)
        return shares(item, others, oldest_first(item, others))
    others = open_items.find_open(uow, holder.id, item.currency, side, ids=[id for id, _ in wanted])
    return shares(item, others, wanted)


def _moved(uow: UnitOfWork, holder: Holder, released: Share, instead_id: uuid.UUID) -> list[Share]:
    _, credit = open_items.find_item(uow, released.credit_id)
    charges = open_items.find_open(uow, holder.id, credit.currency, "charge", ids=[instead_id])
    if not charges or instead_id == released.charge_id:
        raise RuleViolationError("Nothing of the other document is open. Choose one that is.")
    return shares(credit, charges, [(instead_id, min(released.amount, charges[0].open))])


def _post(uow: UnitOfWork, holder: Holder, made: Sequence[Share], *, taken_back: int) -> None:
    realised = sum(share.realised(holder.kind) for share in made)
    uow.post(realised_entries(holder.base_currency, realised - taken_back))
