"""Payments: money from and to customers, vendors, employees and members; what they owed before the shop's first day."""

import datetime as dt
import uuid
from dataclasses import dataclass

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.journal import AccountKey, Entry, cash, equity
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class RecordPayment:
    """Take money from a party into a drawer, or pay it out of one. One currency; amounts in its minor units."""

    id: uuid.UUID
    party_id: uuid.UUID
    direction: str  # "in" or "out"
    drawer_id: uuid.UUID
    currency: str
    amount: int  # > 0: what the payment settles
    tendered: int | None = None  # >= amount: what was handed over; None: exactly the amount
    memo: str = ""
    occurred_on: dt.date | None = None  # None: today in the shop's time zone


@dataclass(frozen=True, kw_only=True)
class RecordOpeningBalance:
    """Bring in a debt from before the shop kept its books here."""

    id: uuid.UUID
    party_id: uuid.UUID
    currency: str
    amount: int  # minor units, > 0
    is_owed_to_us: bool  # False: the shop owes it
    occurred_on: dt.date | None = None  # None: today in the shop's time zone
    memo: str = ""


@whole_act
def record_payment(command: RecordPayment, uow: UnitOfWork) -> Recorded:
    """Move money between a drawer and a party's account, and keep how much was handed over and given back.

    Raises:
        NotFoundError: The party or the drawer is not this shop's.
        InsufficientFundsError: The drawer does not hold what is to be paid out.
        CreditLimitExceededError: Paying a customer out would take them over their limit.
        RuleViolationError: The party is archived, the drawer retired, or less was handed over than is to be settled.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="payment", occurred_on=command.occurred_on, memo=command.memo):
            return Recorded(command.id, replayed=True)
        kind = _kind_of_open_party(uow, command.party_id)
        _must_be_in_use(uow, command.drawer_id)
        _insert_payment(uow, command)
        drawer = cash(command.drawer_id, command.currency)
        party = AccountKey(kind, command.currency, party_id=command.party_id)
        if command.direction == "in":
            uow.post([Entry(debit=drawer, credit=party, amount=command.amount)])
        else:
            uow.post([Entry(debit=party, credit=drawer, amount=command.amount)])
    return Recorded(command.id)


@whole_act
def record_opening_balance(command: RecordOpeningBalance, uow: UnitOfWork) -> Recorded:
    """Put a debt that was there before into the books, against the equity code "opening".

    Raises:
        NotFoundError: The party is not this shop's.
        CreditLimitExceededError: A customer would start over their limit.
        RuleViolationError: The party is archived, or the day is yet to come.
    """
    with uow:
        if uow.is_replay(
            command, id=command.id, kind="opening_balance", occurred_on=command.occurred_on, memo=command.memo
        ):
            return Recorded(command.id, replayed=True)
        _must_not_be_to_come(uow)
        kind = _kind_of_open_party(uow, command.party_id)
        party = AccountKey(kind, command.currency, party_id=command.party_id)
        before = equity(command.currency, "opening")
        if command.is_owed_to_us:
            uow.post([Entry(debit=party, credit=before, amount=command.amount)])
        else:
            uow.post([Entry(debit=before, credit=party, amount=command.amount)])
    return Recorded(command.id)


def _kind_of_open_party(uow: UnitOfWork, party_id: uuid.UUID) -> str:
    """Return the kind of a party, which is also the kind of its accounts, and keep it from being archived meanwhile."""
    row = uow.execute(
        """
        SELECT kind, name, archived_at FROM parties
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
           FOR SHARE
        """,
        {"id": party_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such customer, vendor, employee or member in this shop.")
    if row.archived_at is not None:
        raise RuleViolationError(f"{row.name} is archived. Take them out of the archive first.")
    return str(row.kind)


def _must_be_in_use(uow: UnitOfWork, drawer_id: uuid.UUID) -> None:
    row = uow.execute(
        "SELECT name, active FROM cash_drawers WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": drawer_id}
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such cash drawer in this shop.")
    if not row.active:
        raise RuleViolationError(f"{row.name} is no longer in use. Choose another drawer.")


def _insert_payment(uow: UnitOfWork, command: RecordPayment) -> None:
    tendered = command.amount if command.tendered is None else command.tendered
    if tendered < command.amount:
        raise RuleViolationError("Less was handed over than is to be settled. Enter what was handed over.")
    uow.execute(
        """
        INSERT INTO payments (tenant_id, id, transaction_id, direction, party_id, drawer_id, currency,
                              tendered, applied, change)
        VALUES (%(tenant_id)s, %(id)s, %(id)s, %(direction)s, %(party_id)s, %(drawer_id)s, %(currency)s,
                %(tendered)s, %(amount)s, %(change)s)
        """,
        {
            "id": command.id,
            "direction": command.direction,
            "party_id": command.party_id,
            "drawer_id": command.drawer_id,
            "currency": command.currency,
            "tendered": tendered,
            "amount": command.amount,
            "change": tendered - command.amount,
        },
    )


def _must_not_be_to_come(uow: UnitOfWork) -> None:
    today = uow.execute(
        "SELECT business_day(now(), time_zone, day_starts_at) FROM tenants WHERE tenant_id = %(tenant_id)s"
    ).scalar_one()
    if uow.occurred_on > today:
        raise RuleViolationError(f"{uow.occurred_on:%Y-%m-%d} is yet to come. Enter today or a day before.")
