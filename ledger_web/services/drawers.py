"""Cash drawers: adding one, paying money in and out."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.expenses import DRAWING, EXPENSES
from ledger_web.domain.journal import AccountKey, Entry, cash, equity, expense
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act


@dataclass(frozen=True, kw_only=True)
class CreateDrawer:
    """Add a cash drawer. `series` begins the numbers of its sales: "B" gives B-000001."""

    id: uuid.UUID
    name: str
    series: str  # 1 to 4 of A-Z and 0-9


@dataclass(frozen=True, kw_only=True)
class PayIn:
    """Put the owner's money into a drawer."""

    id: uuid.UUID
    drawer_id: uuid.UUID
    currency: str
    amount: int  # minor units, > 0
    reason: str
    occurred_on: dt.date | None = None  # None: today in the shop's time zone


@dataclass(frozen=True, kw_only=True)
class PayOut:
    """Take money out of a drawer for an expense, or for the owner."""

    id: uuid.UUID
    drawer_id: uuid.UUID
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
    """Put the owner's money into a drawer.

    Raises:
        NotFoundError: The shop has no such drawer.
        RuleViolationError: The drawer is no longer in use.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="pay_in", occurred_on=command.occurred_on, memo=command.reason):
            return Recorded(command.id, replayed=True)
        _must_be_in_use(uow, command.drawer_id)
        drawer = cash(command.drawer_id, command.currency)
        uow.post([Entry(debit=drawer, credit=equity(command.currency, "owner"), amount=command.amount)])
    return Recorded(command.id)


@whole_act
def pay_out(command: PayOut, uow: UnitOfWork) -> Recorded:
    """Take money out of a drawer.

    Raises:
        NotFoundError: The shop has no such drawer.
        InsufficientFundsError: There is not so much of this currency in it.
        RuleViolationError: The drawer is no longer in use, or the category is not one of ours.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="pay_out", occurred_on=command.occurred_on, memo=command.reason):
            return Recorded(command.id, replayed=True)
        _must_be_in_use(uow, command.drawer_id)
        drawer = cash(command.drawer_id, command.currency)
        uow.post([Entry(debit=_spent_on(command), credit=drawer, amount=command.amount)])
    return Recorded(command.id)


def _spent_on(command: PayOut) -> AccountKey:
    if command.category == DRAWING:
        return equity(command.currency, "owner")
    if command.category not in EXPENSES:
        raise RuleViolationError("Choose what the money is for from the list.")
    return expense(command.currency, command.category)


def _must_be_in_use(uow: UnitOfWork, drawer_id: uuid.UUID) -> None:
    row = uow.execute(
        "SELECT name, active FROM cash_drawers WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": drawer_id}
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such cash drawer in this shop.")
    if not row.active:
        raise RuleViolationError(f"{row.name} is no longer in use. Choose another drawer.")
