"""Cash drawers: adding one; paying money into a drawer or a bank account, and out of it."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.expenses import DRAWING, EXPENSES
from ledger_web.domain.journal import AccountKey, Entry, equity, expense
from ledger_web.domain.places import Place, bank_place, drawer_place
from ledger_web.services.places import money_at
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act


@dataclass(frozen=True, kw_only=True)
class CreateDrawer:
    """Add a cash drawer. `series` begins the numbers of its sales: "B" gives B-000001."""

    id: uuid.UUID
    name: str
    series: str  # 1 to 4 of A-Z and 0-9


@dataclass(frozen=True, kw_only=True)
class PayIn:
    """Put the owner's money into a drawer or a bank account."""

    id: uuid.UUID
    drawer_id: uuid.UUID | None = None  # this, or bank_id
    bank_id: uuid.UUID | None = None
    currency: str
    amount: int  # minor units, > 0
    reason: str
    occurred_on: dt.date | None = None  # None: today in the shop's time zone


@dataclass(frozen=True, kw_only=True)
class PayOut:
    """Take money out of a drawer or a bank account for an expense, or for the owner."""

    id: uuid.UUID
    drawer_id: uuid.UUID | None = None  # this, or bank_id
    bank_id: uuid.UUID | None = None
    currency: str
    amount: int  # minor units, > 0
    category: str  # one of EXPENSES, or DRAWING
    reason: str
    occurred_on: dt.date | None = None  # None: today in the shop's time zone


@whole_act
def create_drawer(command: CreateDrawer, uow: UnitOfWork) -> Recorded:
    """Add a drawer.

    Raises:
        RuleViolationError: Another drawer has this name or these letters.
        ResubmissionError: The id was used for another drawer.
    """
    try:
        with uow:
            if uow.is_resubmission(command, id=command.id, subject_id=command.id):
                return Recorded(command.id, replayed=True)
            uow.execute(
                """
                INSERT INTO cash_drawers (tenant_id, id, name, series, created_at)
                VALUES (%(tenant_id)s, %(id)s, %(name)s, %(series)s, now())
                """,
                {"id": command.id, "name": command.name, "series": command.series},
            )
    except IntegrityError as error:
        if violated_constraint(error) == "cash_drawers_name_key":
            raise RuleViolationError(f"Another drawer is called {command.name}. Choose another name.") from None
        if violated_constraint(error) == "cash_drawers_series_key":
            raise RuleViolationError(
                f"Another drawer numbers its sales with {command.series}. Choose other letters."
            ) from None
        raise
    return Recorded(command.id)


@whole_act
def pay_in(command: PayIn, uow: UnitOfWork) -> Recorded:
    """Put the owner's money into a drawer or a bank account.

    Raises:
        NotFoundError: The shop has no such drawer or bank account.
        RuleViolationError: It is no longer in use, or the bank keeps it in another currency.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="pay_in", occurred_on=command.occurred_on, memo=command.reason):
            return Recorded(command.id, replayed=True)
        place = money_at(uow, _place(command), command.currency)
        uow.post([Entry(debit=place, credit=equity(command.currency, "owner"), amount=command.amount)])
    return Recorded(command.id)


@whole_act
def pay_out(command: PayOut, uow: UnitOfWork) -> Recorded:
    """Take money out of a drawer or a bank account.

    Raises:
        NotFoundError: The shop has no such drawer or bank account.
        InsufficientFundsError: There is not so much of this currency in the drawer.
        RuleViolationError: It is no longer in use, or the category is not one of ours.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="pay_out", occurred_on=command.occurred_on, memo=command.reason):
            return Recorded(command.id, replayed=True)
        place = money_at(uow, _place(command), command.currency)
        uow.post([Entry(debit=_spent_on(command), credit=place, amount=command.amount)])
    return Recorded(command.id)


def _spent_on(command: PayOut) -> AccountKey:
    if command.category == DRAWING:
        return equity(command.currency, "owner")
    if command.category not in EXPENSES:
        raise RuleViolationError("Choose what the money is for from the list.")
    return expense(command.currency, command.category)


def _place(command: PayIn | PayOut) -> Place:
    if (command.drawer_id is None) == (command.bank_id is None):
        raise RuleViolationError("Choose one drawer or one bank account.")
    return drawer_place(command.drawer_id) if command.drawer_id else bank_place(command.bank_id or uuid.UUID(int=0))
