"""Expenses and other income: money out of a drawer or a bank account for something, or into it; their categories."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.accounts import INCOMES
from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.expenses import EXPENSES
from ledger_web.domain.journal import AccountKey, Entry, expense, revenue
from ledger_web.domain.languages import gettext
from ledger_web.services.holders import must_be_usable
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act

CATEGORIES_MAX = 200  # of one kind and shop


@dataclass(frozen=True, kw_only=True)
class RecordExpense:
    """Pay for something the shop uses itself."""

    id: uuid.UUID
    category: str  # code of an expense account
    paid_from: AccountKey  # cash or bank; its currency is that of the amount
    amount: int  # minor units, > 0
    memo: str
    occurred_on: dt.date | None = None  # None: today in the shop's time zone
    overrides_lock: bool = False


@dataclass(frozen=True, kw_only=True)
class RecordIncome:
    """Take in money that is neither a sale nor somebody's debt."""

    id: uuid.UUID
    category: str  # code of a revenue account
    paid_into: AccountKey  # cash or bank; its currency is that of the amount
    amount: int  # minor units, > 0
    memo: str
    occurred_on: dt.date | None = None
    overrides_lock: bool = False


@dataclass(frozen=True, kw_only=True)
class AddCategory:
    """Name a kind of expense or of other income that the shop has of its own."""

    id: uuid.UUID
    kind: str  # expense or income
    name: str


@whole_act
def record_expense(command: RecordExpense, uow: UnitOfWork) -> Recorded:
    """Post an expense: debit its category, credit the drawer or the bank account.

    Raises:
        NotFoundError: The drawer, the bank account or the category is not this shop's.
        InsufficientFundsError: There is not so much of this currency in the drawer.
        PeriodLockedError, DayOutOfRangeError: The day is closed.
    """
    with uow:
        if uow.is_replay(
            command,
            id=command.id,
            kind="expense",
            occurred_on=command.occurred_on,
            memo=command.memo,
            overrides_lock=command.overrides_lock,
        ):
            return Recorded(command.id, replayed=True)
        spent_on = expense(command.paid_from.currency, command.category)
        must_be_usable(uow, [spent_on, command.paid_from])
        uow.post([Entry(debit=spent_on, credit=command.paid_from, amount=command.amount)])
    return Recorded(command.id)


@whole_act
def record_income(command: RecordIncome, uow: UnitOfWork) -> Recorded:
    """Post other income: debit the drawer or the bank account, credit its category.

    Raises:
        NotFoundError: The drawer, the bank account or the category is not this shop's.
        PeriodLockedError, DayOutOfRangeError: The day is closed.
    """
    with uow:
        if uow.is_replay(
            command,
            id=command.id,
            kind="income",
            occurred_on=command.occurred_on,
            memo=command.memo,
            overrides_lock=command.overrides_lock,
        ):
            return Recorded(command.id, replayed=True)
        earned = revenue(command.paid_into.currency, command.category)
        must_be_usable(uow, [earned, command.paid_into])
        uow.post([Entry(debit=command.paid_into, credit=earned, amount=command.amount)])
    return Recorded(command.id)


@whole_act
def add_category(command: AddCategory, uow: UnitOfWork) -> Recorded:
    """Add a category of expenses or of other income. Its account is opened when it is first used.

    Raises:
        RuleViolationError: There is one of this name already, or there are too many.
    """
    name = " ".join(command.name.split())
    try:
        with uow:
            if uow.is_resubmission(command, id=command.id, subject_id=command.id):
                return Recorded(command.id, replayed=True)
            _must_have_room(uow, command.kind)
            if name.casefold() in {known.casefold() for known in _built_in_names(command.kind)}:
                raise _taken(name)
            uow.execute(
                """
                INSERT INTO categories (tenant_id, id, kind, code, name, created_at)
                VALUES (%(tenant_id)s, %(id)s, %(kind)s, %(code)s, %(name)s, now())
                """,
                # Names change their meaning and their letters; a code is for life.
                {"id": command.id, "kind": command.kind, "code": f"c_{command.id.hex}", "name": name},
            )
            uow.audit("category.add", holder=command.id, after={"kind": command.kind, "name": name})
    except IntegrityError as error:
        if violated_constraint(error) == "categories_name_key":
            raise _taken(name) from None
        raise
    return Recorded(command.id)


def _must_have_room(uow: UnitOfWork, kind: str) -> None:
    there = uow.execute(
        "SELECT count(*) FROM categories WHERE tenant_id = %(tenant_id)s AND kind = %(kind)s", {"kind": kind}
    ).scalar_one()
    if there >= CATEGORIES_MAX:
        raise RuleViolationError(
            gettext(
                "There are %(categories_max)s categories already. Use one that is there.", categories_max=CATEGORIES_MAX
            )
        )


def _built_in_names(kind: str) -> list[str]:
    return list((EXPENSES if kind == "expense" else INCOMES).values())


def _taken(name: str) -> RuleViolationError:
    return RuleViolationError(gettext("There is a category called %(name)s already. Choose another name.", name=name))
