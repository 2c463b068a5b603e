"""Merging two parties that are the same person."""

import uuid
from dataclasses import dataclass

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.journal import NORMAL_SIDE, AccountKey, Entry
from ledger_web.domain.languages import gettext
from ledger_web.services import open_items
from ledger_web.services.posting import open_accounts
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class MergeParties:
    """Make one of two parties: the duplicate's balances and open documents go to the one that stays."""

    id: uuid.UUID
    duplicate_id: uuid.UUID
    survivor_id: uuid.UUID


@whole_act
def merge_parties(command: MergeParties, uow: UnitOfWork) -> Recorded:
    """Move every balance of the duplicate, currency by currency, and close it for good. Its documents keep its name.

    Raises:
        NotFoundError: One of the two is not this shop's.
        RuleViolationError: They are of different kinds, the same, archived, or merged already.
        CreditLimitExceededError: The one that stays would owe more than its limit.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="merge"):
            return Recorded(command.survivor_id, replayed=True)
        open_items.hold_parties(uow, {command.duplicate_id, command.survivor_id})
        duplicate = open_items.hold_party(uow, command.duplicate_id)
        survivor = open_items.hold_party(uow, command.survivor_id)
        if duplicate.id == survivor.id:
            raise RuleViolationError("These two are one already. Choose the other one.")
        if duplicate.kind != survivor.kind:
            raise RuleViolationError(
                gettext(
                    "%(name)s is a %(kind)s and %(name2)s a %(kind2)s. Set off what they owe instead of merging them.",
                    name=duplicate.name,
                    kind=duplicate.kind,
                    name2=survivor.name,
                    kind2=survivor.kind,
                )
            )
        entries = _moving_entries(uow, duplicate.id, survivor.id)
        _let_follow(uow, duplicate.id, survivor.id)
        uow.post(entries)
        _close(uow, duplicate.id, survivor.id)
    return Recorded(command.survivor_id)


def _moving_entries(uow: UnitOfWork, duplicate_id: uuid.UUID, survivor_id: uuid.UUID) -> list[Entry]:
    """Lock the accounts of both in id order, then look: whoever posts to them finishes first or finds them closed."""
    kinds = uow.execute(
        "SELECT kind, currency, code FROM accounts WHERE tenant_id = %(tenant_id)s AND party_id = %(id)s",
        {"id": duplicate_id},
    )
    open_accounts(uow, [AccountKey(row.kind, row.currency, survivor_id, code=row.code) for row in kinds])
    accounts = uow.execute(
        """
        SELECT party_id, kind, currency, code, balance FROM accounts
         WHERE tenant_id = %(tenant_id)s AND party_id = ANY(%(ids)s)
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        {"ids": [duplicate_id, survivor_id]},
    ).all()
    entries = []
    for row in accounts:
        if row.party_id == duplicate_id and row.balance:
            old = AccountKey(row.kind, row.currency, duplicate_id, code=row.code)
            new = AccountKey(row.kind, row.currency, survivor_id, code=row.code)
            is_debit = (NORMAL_SIDE[row.kind] == "debit") == (row.balance > 0)
            debit, credit = (new, old) if is_debit else (old, new)
            entries.append(Entry(debit, credit, abs(row.balance)))
    return entries


def _let_follow(uow: UnitOfWork, duplicate_id: uuid.UUID, survivor_id: uuid.UUID) -> None:
    """Open documents and what is in carts go along; nothing of what was settled changes."""
    both = {"duplicate_id": duplicate_id, "survivor_id": survivor_id}
    uow.execute(
        """
        UPDATE open_items SET party_id = %(survivor_id)s
         WHERE tenant_id = %(tenant_id)s AND party_id = %(duplicate_id)s
        """,
        both,
    )
    uow.execute(
        """
        UPDATE carts SET customer_id = %(survivor_id)s, version = version + 1
         WHERE tenant_id = %(tenant_id)s AND customer_id = %(duplicate_id)s
        """,
        both,
    )
    uow.execute(
        """
        UPDATE parties SET merged_into = %(survivor_id)s
         WHERE tenant_id = %(tenant_id)s AND merged_into = %(duplicate_id)s
        """,
        both,
    )


def _close(uow: UnitOfWork, duplicate_id: uuid.UUID, survivor_id: uuid.UUID) -> None:
    uow.execute(
        """
        UPDATE accounts SET closed_at = coalesce(closed_at, now())
         WHERE tenant_id = %(tenant_id)s AND party_id = %(id)s
        """,
        {"id": duplicate_id},
    )
    uow.execute(
        """
        UPDATE parties SET merged_into = %(survivor_id)s, archived_at = now(), version = version + 1
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        """,
        {"id": duplicate_id, "survivor_id": survivor_id},
    )
