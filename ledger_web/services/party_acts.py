"""What happens to people's accounts beside sales and payments: salaries, deductions, dues, set-off."""

import datetime as dt
import uuid
from dataclasses import dataclass

from ledger_web.domain.currencies import plain
from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.exchange import realised_entries
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import NORMAL_SIDE, AccountKey, Entry, expense, revenue
from ledger_web.domain.languages import gettext
from ledger_web.domain.open_items import OPPOSITE, Item, oldest_first, shares
from ledger_web.domain.party_acts import DUES, SALARIES, deducted_for
from ledger_web.services import memberships, open_items
from ledger_web.services.open_items import Holder
from ledger_web.services.posting import account_id, lock_accounts, open_accounts
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class AccrueSalary:
    """Write down what an employee has earned. It is paid by a payment, before or after."""

    id: uuid.UUID
    employee_id: uuid.UUID
    currency: str
    amount: int  # minor units, > 0
    memo: str
    occurred_on: dt.date | None = None  # None: today in the shop's time zone


@dataclass(frozen=True, kw_only=True)
class DeductSalary:
    """Take something off what an employee is owed: goods they took, a shortage."""

    id: uuid.UUID
    employee_id: uuid.UUID
    currency: str
    amount: int  # minor units, > 0
    purpose: str  # one of DEDUCTIONS
    memo: str
    occurred_on: dt.date | None = None


@dataclass(frozen=True, kw_only=True)
class ChargeDues:
    """Charge a member; the membership goes on until a day, if one is given."""

    id: uuid.UUID
    member_id: uuid.UUID
    currency: str
    amount: int  # minor units, > 0
    expires_on: dt.date | None
    memo: str
    occurred_on: dt.date | None = None


@dataclass(frozen=True, kw_only=True)
class WaiveDues:
    """Let a member off dues that were charged."""

    id: uuid.UUID
    member_id: uuid.UUID
    currency: str
    amount: int  # minor units, > 0
    reason: str


@dataclass(frozen=True, kw_only=True)
class SetOff:
    """Let what somebody owes the shop and what the shop owes them cancel each other out."""

    id: uuid.UUID
    party_id: uuid.UUID  # a customer or member
    other_id: uuid.UUID  # the same person as a vendor or employee
    currency: str
    amount: int | None  # minor units, > 0; None: the smaller of the two
    memo: str = ""


@whole_act
def accrue_salary(command: AccrueSalary, uow: UnitOfWork) -> Recorded:
    """Debit the salaries, credit the employee; advances that were given are settled with it.

    Raises:
        NotFoundError: The shop has no such employee.
        RuleViolationError: The employee is archived.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="salary", occurred_on=command.occurred_on, memo=command.memo):
            return Recorded(command.id, replayed=True)
        holder = _hold(uow, command.employee_id, "employee")
        item = open_items.new_item(command.id, "charge", command.currency, command.amount, uow.occurred_on)
        entry = Entry(expense(command.currency, SALARIES), _account(holder, command.currency), command.amount)
        uow.post([entry, *_settle_oldest(uow, holder, item)])
    return Recorded(command.id)


@whole_act
def deduct_salary(command: DeductSalary, uow: UnitOfWork) -> Recorded:
    """Debit the employee; what they are owed oldest is settled with it.

    Raises:
        NotFoundError: The shop has no such employee.
        RuleViolationError: The employee is archived, or the purpose is not one of ours.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="deduction", occurred_on=command.occurred_on, memo=command.memo):
            return Recorded(command.id, replayed=True)
        holder = _hold(uow, command.employee_id, "employee")
        item = open_items.new_item(command.id, "credit", command.currency, command.amount, uow.occurred_on)
        deducted = deducted_for(command.purpose, command.currency)
        entry = Entry(_account(holder, command.currency), deducted, command.amount)
        uow.post([entry, *_settle_oldest(uow, holder, item)])
    return Recorded(command.id)


@whole_act
def charge_dues(command: ChargeDues, uow: UnitOfWork) -> Recorded:
    """Debit the member, credit the dues; what they paid ahead settles it.

    Raises:
        NotFoundError: The shop has no such member.
        RuleViolationError: The member is archived.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="dues", occurred_on=command.occurred_on, memo=command.memo):
            return Recorded(command.id, replayed=True)
        holder = _hold(uow, command.member_id, "member")
        item = open_items.new_item(command.id, "charge", command.currency, command.amount, uow.occurred_on)
        if command.expires_on:
            memberships.lengthen(uow, holder.id, command.expires_on)
        entry = Entry(_account(holder, command.currency), revenue(command.currency, DUES), command.amount)
        uow.post([entry, *_settle_oldest(uow, holder, item)])
    return Recorded(command.id)


@whole_act
def waive_dues(command: WaiveDues, uow: UnitOfWork) -> Recorded:
    """Take back dues that are still open: debit the dues, credit the member.

    Raises:
        NotFoundError: The shop has no such member.
        RuleViolationError: The member is archived, or less is open than is to be waived.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="dues_waived", memo=command.reason):
            return Recorded(command.id, replayed=True)
        holder = _hold(uow, command.member_id, "member")
        item = open_items.new_item(command.id, "credit", command.currency, command.amount, uow.occurred_on)
        entries = _settle_oldest(uow, holder, item, wholly=True)
        entry = Entry(revenue(command.currency, DUES), _account(holder, command.currency), command.amount)
        uow.post([entry, *entries])
    return Recorded(command.id)


@whole_act
def set_off(command: SetOff, uow: UnitOfWork) -> Recorded:
    """Debit what the shop owes, credit what it is owed, at most the smaller of the two.

    Raises:
        NotFoundError: One of the two is not this shop's.
        RuleViolationError: The two stand on the same side, one is archived or owes nothing, or the amount is larger.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="set_off", memo=command.memo):
            return Recorded(command.id, replayed=True)
        open_items.hold_parties(uow, {command.party_id, command.other_id})
        owing = open_items.hold_party(uow, command.party_id)
        owed = open_items.hold_party(uow, command.other_id)
        if (NORMAL_SIDE[owing.kind], NORMAL_SIDE[owed.kind]) != ("debit", "credit"):
            raise RuleViolationError("Choose a customer or member, and the same person as a vendor or employee.")
        amount = _amount_to_set_off(uow, owing, owed, command)
        entries = [Entry(_account(owed, command.currency), _account(owing, command.currency), amount)]
        for holder in (owing, owed):
            item = open_items.new_item(new_id(), "credit", command.currency, amount, uow.occurred_on)
            entries += _settle_oldest(uow, holder, item)
        uow.post(entries)
    return Recorded(command.id)


def _hold(uow: UnitOfWork, party_id: uuid.UUID, kind: str) -> Holder:
    holder = open_items.hold_party(uow, party_id)
    if holder.kind != kind:
        raise NotFoundError(gettext("There is no such %(kind)s in this shop.", kind=kind))
    return holder


def _account(holder: Holder, currency: str) -> AccountKey:
    return AccountKey(holder.kind, currency, party_id=holder.id)


def _settle_oldest(uow: UnitOfWork, holder: Holder, item: Item, *, wholly: bool = False) -> list[Entry]:
    """Write an item down, settle the oldest of the other side with it, and return what that realises.

    Args:
        wholly: Nothing of it may stay open.
    """
    others = open_items.find_open(uow, holder.id, item.currency, OPPOSITE[item.side], up_to=item.amount)
    made = shares(item, others, oldest_first(item, others))
    left = item.amount - sum(share.amount for share in made)
    if wholly and left:
        raise RuleViolationError(
            gettext(
                "%(name)s owes %(amount)s, so no more than that can be waived.",
                name=holder.name,
                amount=plain(item.amount - left, item.currency),
            )
        )
    open_items.add_item(uow, holder.id, item)
    open_items.settle(uow, made)
    return realised_entries(holder.base_currency, sum(share.realised(holder.kind) for share in made))


def _amount_to_set_off(uow: UnitOfWork, owing: Holder, owed: Holder, command: SetOff) -> int:
    """Lock both balances, then look: the smaller of them is the most there is to set off."""
    keys = [_account(owing, command.currency), _account(owed, command.currency)]
    open_accounts(uow, keys)
    balances = {limits.id: limits.balance for limits in lock_accounts(uow, keys)}
    most = min(balances[account_id(uow.tenant_id, key)] for key in keys)
    if most <= 0:
        raise RuleViolationError(
            gettext(
                "There is nothing to set off in %(currency)s: %(name)s owes you %(plain)s, and you owe %(plain2)s.",
                currency=command.currency,
                name=owing.name,
                plain=plain(max(balances[account_id(uow.tenant_id, keys[0])], 0), command.currency),
                plain2=plain(max(balances[account_id(uow.tenant_id, keys[1])], 0), command.currency),
            )
        )
    if command.amount is not None and command.amount > most:
        raise RuleViolationError(
            gettext("No more than %(most)s can be set off. Enter that, or less.", most=plain(most, command.currency))
        )
    return command.amount or most
