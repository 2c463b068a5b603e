"""Transactions that no other document makes: the owner's money, opening balances, manual ones."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import PARTY_KINDS, AccountKey, Entry, deltas, equity
from ledger_web.domain.open_items import Side
from ledger_web.domain.transactions import ManualLine, manual_entries
from ledger_web.services import open_items
from ledger_web.services.holders import must_be_usable
from ledger_web.services.posting import net
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

# What only its own documents move: goods, so that stock and its account cannot part, and cards.
NEVER_MANUAL = frozenset({"inventory", "store_credit"})


@dataclass(frozen=True, kw_only=True)
class RecordOwnerMoney:
    """The owner puts money into the shop, or takes it out."""

    id: uuid.UUID
    is_deposit: bool
    place: AccountKey  # cash or bank; its currency is that of the amount
    amount: int  # minor units, > 0
    memo: str
    occurred_on: dt.date | None = None  # None: today in the shop's time zone
    overrides_lock: bool = False


@dataclass(frozen=True, kw_only=True)
class RecordAccountOpening:
    """Bring in what an account of the shop held before it kept its books here."""

    id: uuid.UUID
    account: AccountKey
    amount: int  # minor units of the account's currency, > 0, on its normal side
    memo: str
    occurred_on: dt.date | None = None
    overrides_lock: bool = False


@dataclass(frozen=True, kw_only=True)
class PostManual:
    """Post what an accountant writes down, line by line."""

    id: uuid.UUID
    lines: tuple[ManualLine, ...]
    memo: str
    occurred_on: dt.date | None = None
    overrides_lock: bool = False


@whole_act
def record_owner_money(command: RecordOwnerMoney, uow: UnitOfWork) -> Recorded:
    """Post a deposit or a drawing of the owner.

    Raises:
        NotFoundError: The drawer or the bank account is not this shop's.
        InsufficientFundsError: There is not so much of this currency in the drawer.
        PeriodLockedError, DayOutOfRangeError: The day is closed.
    """
    with uow:
        if uow.is_replay(
            command,
            id=command.id,
            kind="owner_deposit" if command.is_deposit else "owner_drawing",
            occurred_on=command.occurred_on,
            memo=command.memo,
            overrides_lock=command.overrides_lock,
        ):
            return Recorded(command.id, replayed=True)
        owner = equity(command.place.currency, "owner")
        must_be_usable(uow, [command.place])
        to, of = (command.place, owner) if command.is_deposit else (owner, command.place)
        uow.post([Entry(debit=to, credit=of, amount=command.amount)])
    return Recorded(command.id)


@whole_act
def record_account_opening(command: RecordAccountOpening, uow: UnitOfWork) -> Recorded:
    """Put what was there before into the books, against the equity code "opening".

    Raises:
        NotFoundError: The account's holder is not this shop's.
        RuleViolationError: The account is moved by its own documents only, or is a party's.
        PeriodLockedError, DayOutOfRangeError: The day is closed.
    """
    with uow:
        if uow.is_replay(
            command,
            id=command.id,
            kind="opening_balance",
            occurred_on=command.occurred_on,
            memo=command.memo,
            overrides_lock=command.overrides_lock,
        ):
            return Recorded(command.id, replayed=True)
        before = equity(command.account.currency, "opening")
        _must_be_open_to_all(command.account)
        if command.account.kind in PARTY_KINDS or command.account == before:
            raise RuleViolationError("What a person owed before is entered on their own page.")
        must_be_usable(uow, [command.account])
        to, of = (command.account, before) if command.account.normal_side == "debit" else (before, command.account)
        uow.post([Entry(debit=to, credit=of, amount=command.amount)])
    return Recorded(command.id)


@whole_act
def post_manual(command: PostManual, uow: UnitOfWork) -> Recorded:
    """Post lines that balance in each currency, joined to entries. What a party owes more or less can be settled.

    Raises:
        NotFoundError: An account's holder or code is not this shop's.
        RuleViolationError: The lines do not balance, or name an account that is moved by its own documents only.
        InsufficientFundsError, CreditLimitExceededError, AccountClosedError: As the accounts' limits say.
        PeriodLockedError, DayOutOfRangeError: The day is closed.
    """
    entries = manual_entries(command.lines)
    with uow:
        if uow.is_replay(
            command,
            id=command.id,
            kind="manual",
            occurred_on=command.occurred_on,
            memo=command.memo,
            overrides_lock=command.overrides_lock,
        ):
            return Recorded(command.id, replayed=True)
        for line in command.lines:
            _must_be_open_to_all(line.account)
        must_be_usable(uow, dict.fromkeys(line.account for line in command.lines))
        _make_items(uow, entries)
        uow.post(entries)
    return Recorded(command.id)


def _make_items(uow: UnitOfWork, entries: Sequence[Entry]) -> None:
    """Write down a charge where a party's balance is raised, a credit where it is lowered. Nothing is settled yet."""
    moved = {key: net(key, sums) for key, sums in deltas(entries).items() if key.kind in PARTY_KINDS}
    if not moved:
        return
    parties = {key.party_id for key in moved if key.party_id}
    if open_items.hold_parties(uow, parties) != len(parties):
        raise NotFoundError("There is no such customer, vendor, employee or member in this shop.")
    for key, amount in moved.items():
        if key.party_id and amount:
            side: Side = "charge" if amount > 0 else "credit"
            item = open_items.new_item(new_id(), side, key.currency, abs(amount), uow.occurred_on)
            open_items.add_item(uow, key.party_id, item)


def _must_be_open_to_all(account: AccountKey) -> None:
    if account.kind in NEVER_MANUAL:
        raise RuleViolationError(
            "Goods and store credit are moved by their own documents only: count the product, or sell."
        )
