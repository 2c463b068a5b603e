"""Parties: adding a customer, vendor, employee or member, changing one, putting one away."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from ledger_web.domain.currencies import plain
from ledger_web.domain.errors import NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.journal import NORMAL_SIDE, AccountKey
from ledger_web.domain.languages import gettext
from ledger_web.domain.search_words import words
from ledger_web.services.posting import account_id, open_accounts
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class CreateParty:
    """Add a party. Its currency is for life; debts in other currencies get accounts of their own."""

    id: uuid.UUID
    kind: str  # customer, vendor, employee or member
    name: str
    currency: str
    phone: str = ""
    note: str = ""
    credit_limit: int | None = None  # minor units of `currency`, >= 0; customers only; None: no limit


@dataclass(frozen=True, kw_only=True)
class EditParty:
    """Change what is written about a party, as it was when its version was shown."""

    op_id: uuid.UUID
    party_id: uuid.UUID
    kind: str
    version: int
    name: str
    phone: str
    note: str


@dataclass(frozen=True, kw_only=True)
class SetCreditLimit:
    """Say how much a customer may owe in their own currency."""

    op_id: uuid.UUID
    party_id: uuid.UUID
    version: int
    credit_limit: int | None  # minor units, >= 0; None: no limit


@dataclass(frozen=True, kw_only=True)
class ArchiveParty:
    """Put a settled party away: it leaves the lists, and nothing more is posted to it."""

    op_id: uuid.UUID
    party_id: uuid.UUID
    kind: str


@dataclass(frozen=True, kw_only=True)
class RestoreParty:
    """Take a party out of the archive."""

    op_id: uuid.UUID
    party_id: uuid.UUID
    kind: str


@whole_act
def create_party(command: CreateParty, uow: UnitOfWork) -> Recorded:
    """Add a party with the words it is found by, and a customer's credit limit.

    Raises:
        RuleViolationError: A credit limit for somebody who is no customer.
        ResubmissionError: The id was used for another party.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.id):
            return Recorded(command.id, replayed=True)
        uow.execute(
            """
            INSERT INTO parties (tenant_id, id, kind, name, name_key, phone, note, currency, created_at)
            VALUES (%(tenant_id)s, %(id)s, %(kind)s, %(name)s, %(name_key)s, %(phone)s, %(note)s, %(currency)s, now())
            """,
            {
                "id": command.id,
                "kind": command.kind,
                "name": command.name,
                "name_key": _name_key(command.name),
                "phone": command.phone,
                "note": command.note,
                "currency": command.currency,
            },
        )
        _insert_words(uow, command.id, command.name, command.phone)
        if command.credit_limit is not None:
            _limit(uow, command.kind, command.id, command.currency, command.credit_limit)
        uow.audit("party.create", holder=command.id, after={"kind": command.kind, "name": command.name})
    return Recorded(command.id)


@whole_act
def edit_party(command: EditParty, uow: UnitOfWork) -> Recorded:
    """Change a party that nobody else has changed since it was shown.

    Raises:
        NotFoundError: The shop has no such party of this kind.
        StaleEditError: Somebody else saved first; nothing is overwritten.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.party_id):
            return Recorded(command.party_id, replayed=True)
        party = _lock_party(uow, command.party_id, command.kind)
        if party.version != command.version:
            raise StaleEditError
        uow.execute(
            """
            UPDATE parties
               SET name = %(name)s, name_key = %(name_key)s, phone = %(phone)s, note = %(note)s, version = version + 1
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s
            """,
            {
                "id": command.party_id,
                "name": command.name,
                "name_key": _name_key(command.name),
                "phone": command.phone,
                "note": command.note,
            },
        )
        uow.execute(
            "DELETE FROM party_words WHERE tenant_id = %(tenant_id)s AND party_id = %(id)s", {"id": command.party_id}
        )
        _insert_words(uow, command.party_id, command.name, command.phone)
        after = {"name": command.name, "phone": command.phone, "note": command.note}
        uow.audit("party.edit", holder=command.party_id, before={"name": party.name}, after=after)
    return Recorded(command.party_id)


@whole_act
def set_credit_limit(command: SetCreditLimit, uow: UnitOfWork) -> Recorded:
    """Set a customer's credit limit. One that is below the debt forbids more of it, not paying it back.

    Raises:
        NotFoundError: The shop has no such customer.
        StaleEditError: Somebody else saved first; nothing is overwritten.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.party_id):
            return Recorded(command.party_id, replayed=True)
        party = _lock_party(uow, command.party_id, "customer")
        if party.version != command.version:
            raise StaleEditError
        uow.execute(
            "UPDATE parties SET version = version + 1 WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
            {"id": command.party_id},
        )
        _limit(uow, "customer", command.party_id, party.currency, command.credit_limit)
        after = {"credit_limit": command.credit_limit, "currency": party.currency}
        uow.audit("party.set_credit_limit", holder=command.party_id, after=after)
    return Recorded(command.party_id)


@whole_act
def archive_party(command: ArchiveParty, uow: UnitOfWork) -> Recorded:
    """Put a party away and close its accounts.

    The accounts are locked before they are looked at: whoever is posting to them finishes first, and whoever comes
    later finds them closed.

    Raises:
        NotFoundError: The shop has no such party of this kind.
        RuleViolationError: Something is still owed, one way or the other.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.party_id):
            return Recorded(command.party_id, replayed=True)
        party = _lock_party(uow, command.party_id, command.kind)
        open_accounts(uow, [AccountKey(command.kind, party.currency, party_id=command.party_id)])
        _must_be_settled(uow, command.party_id, party.name)
        uow.execute(
            """
            UPDATE accounts SET closed_at = coalesce(closed_at, now())
             WHERE tenant_id = %(tenant_id)s AND party_id = %(id)s
            """,
            {"id": command.party_id},
        )
        uow.execute(
            """
            UPDATE parties SET archived_at = now(), version = version + 1
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND archived_at IS NULL
            """,
            {"id": command.party_id},
        )
        uow.audit("party.archive", holder=command.party_id)
    return Recorded(command.party_id)


@whole_act
def restore_party(command: RestoreParty, uow: UnitOfWork) -> Recorded:
    """Take a party out of the archive and open its accounts again.

    Raises:
        NotFoundError: The shop has no such party of this kind.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.party_id):
            return Recorded(command.party_id, replayed=True)
        party = _lock_party(uow, command.party_id, command.kind)
        if party.is_merged:
            raise RuleViolationError(
                gettext("%(name)s was merged into another %(kind)s, for good.", name=party.name, kind=command.kind)
            )
        uow.execute(
            """
            UPDATE parties SET archived_at = NULL, version = version + 1
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND archived_at IS NOT NULL
            """,
            {"id": command.party_id},
        )
        uow.execute(
            "UPDATE accounts SET closed_at = NULL WHERE tenant_id = %(tenant_id)s AND party_id = %(id)s",
            {"id": command.party_id},
        )
        uow.audit("party.restore", holder=command.party_id)
    return Recorded(command.party_id)


def _name_key(name: str) -> str:
    """Return what a name is put in order by: its words as search knows them."""
    return " ".join(words(name))


@dataclass(frozen=True, slots=True)
class _LockedParty:
    """What the rules ask of a party, true until the commit."""

    name: str
    currency: str
    version: int
    is_merged: bool


def _lock_party(uow: UnitOfWork, party_id: uuid.UUID, kind: str) -> _LockedParty:
    """Hold a party until the commit.

    Raises:
        NotFoundError: The shop has no such party of this kind.
    """
    row = uow.execute(
        """
        SELECT name, currency, version, merged_into FROM parties
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND kind = %(kind)s
           FOR NO KEY UPDATE
        """,
        {"id": party_id, "kind": kind},
    ).one_or_none()
    if row is None:
        raise NotFoundError(gettext("There is no such %(kind)s in this shop.", kind=kind))
    return _LockedParty(row.name, row.currency, row.version, row.merged_into is not None)


def _limit(uow: UnitOfWork, kind: str, party_id: uuid.UUID, currency: str, credit_limit: int | None) -> None:
    """Make the limit the ceiling of the customer's account in their own currency, which is opened for it."""
    if kind != "customer":
        raise RuleViolationError("Only customers have a credit limit. Leave it empty.")
    key = AccountKey(kind, currency, party_id=party_id)
    open_accounts(uow, [key])
    uow.execute(
        "UPDATE accounts SET ceiling = %(ceiling)s WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
        {"id": account_id(uow.tenant_id, key), "ceiling": credit_limit},
    )


def _must_be_settled(uow: UnitOfWork, party_id: uuid.UUID, name: str) -> None:
    """Lock all of a party's accounts in id order, then look."""
    accounts = uow.execute(
        """
        SELECT kind, currency, balance FROM accounts
         WHERE tenant_id = %(tenant_id)s AND party_id = %(id)s
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        {"id": party_id},
    ).all()
    unsettled = next((each for each in accounts if each.balance), None)
    if unsettled is not None:
        amount = plain(abs(unsettled.balance), unsettled.currency)
        owes_us = (unsettled.balance > 0) == (NORMAL_SIDE[unsettled.kind] == "debit")
        raise RuleViolationError(
            gettext(
                "%(name)s still owes you %(amount)s. Take the payment first, then archive.", name=name, amount=amount
            )
            if owes_us
            else gettext("You still owe %(name)s %(amount)s. Pay it first, then archive.", name=name, amount=amount)
        )


def _insert_words(uow: UnitOfWork, party_id: uuid.UUID, name: str, phone: str) -> None:
    uow.execute(
        """
        INSERT INTO party_words AS w (tenant_id, word, party_id)
        SELECT p.tenant_id, n.word, p.id
          FROM parties AS p
         CROSS JOIN unnest(%(words)s::text[]) AS n(word)
         WHERE p.tenant_id = %(tenant_id)s AND p.id = %(id)s
        """,
        {"id": party_id, "words": _words_of(name, phone)},
    )


def _words_of(name: str, phone: str) -> Sequence[str]:
    """Return the words of name and phone. A number is also found by all its digits together, however it is spaced."""
    in_groups = words(phone)
    digits = "".join(group for group in in_groups if group.isdigit())[:40]
    together = [each for each in (digits, digits.lstrip("0")) if each]
    return list(dict.fromkeys([*words(name), *in_groups, *together]))
