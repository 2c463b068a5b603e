"""Cash drawers: adding one, another name, retiring it; paying money into a drawer or a bank account, and out of it."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.currencies import plain
from ledger_web.domain.errors import NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.expenses import DRAWING
from ledger_web.domain.journal import AccountKey, Entry, equity, expense
from ledger_web.domain.languages import gettext
from ledger_web.domain.places import Place, bank_place, drawer_place
from ledger_web.services.holders import must_be_usable
from ledger_web.services.places import money_at
from ledger_web.services.posting import must_be_in_reach
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act


@dataclass(frozen=True, kw_only=True)
class CreateDrawer:
    """Add a cash drawer. `series` begins the numbers of its sales: "B" gives B-000001."""

    id: uuid.UUID
    name: str
    series: str  # 1 to 4 of A-Z and 0-9


@dataclass(frozen=True, kw_only=True)
class RenameDrawer:
    """Give a drawer another name, as it was when its version was shown."""

    op_id: uuid.UUID
    drawer_id: uuid.UUID
    version: int
    name: str


@dataclass(frozen=True, kw_only=True)
class RetireDrawer:
    """Put an empty drawer away: nothing more is posted to it."""

    op_id: uuid.UUID
    drawer_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class RestoreDrawer:
    """Take a drawer into use again."""

    op_id: uuid.UUID
    drawer_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class OpenDrawer:
    """Open a drawer without a sale: to give change, or to look."""

    op_id: uuid.UUID
    drawer_id: uuid.UUID


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
    category: str  # one of EXPENSES, of the shop's own, or DRAWING
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
            uow.audit("drawer.create", holder=command.id, after={"name": command.name, "series": command.series})
    except IntegrityError as error:
        if violated_constraint(error) == "cash_drawers_name_key":
            raise _name_taken(command.name) from None
        if violated_constraint(error) == "cash_drawers_series_key":
            raise RuleViolationError(
                gettext(
                    "Another drawer numbers its sales with %(series)s. Choose other letters.", series=command.series
                )
            ) from None
        raise
    return Recorded(command.id)


@whole_act
def rename_drawer(command: RenameDrawer, uow: UnitOfWork) -> Recorded:
    """Give a drawer another name. Its letters stay: they are in the numbers of its sales.

    Raises:
        NotFoundError: The shop has no such drawer.
        StaleEditError: Somebody else saved first; nothing is overwritten.
        RuleViolationError: Another drawer has this name.
    """
    try:
        with uow:
            if uow.is_resubmission(command, id=command.op_id, subject_id=command.drawer_id):
                return Recorded(command.drawer_id, replayed=True)
            drawer = _lock(uow, command.drawer_id)
            if drawer.version != command.version:
                raise StaleEditError
            uow.execute(
                """
                UPDATE cash_drawers SET name = %(name)s, version = version + 1
                 WHERE tenant_id = %(tenant_id)s AND id = %(id)s
                """,
                {"id": command.drawer_id, "name": command.name},
            )
            uow.audit(
                "drawer.rename", holder=command.drawer_id, before={"name": drawer.name}, after={"name": command.name}
            )
    except IntegrityError as error:
        if violated_constraint(error) == "cash_drawers_name_key":
            raise _name_taken(command.name) from None
        raise
    return Recorded(command.drawer_id)


@whole_act
def retire_drawer(command: RetireDrawer, uow: UnitOfWork) -> Recorded:
    """Put a drawer away and close its accounts: locked before they are looked at.

    Raises:
        NotFoundError: The shop has no such drawer.
        RuleViolationError: There is still money in it, or its shift is open.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.drawer_id):
            return Recorded(command.drawer_id, replayed=True)
        drawer = _lock(uow, command.drawer_id)
        money = uow.execute(
            """
            SELECT balance, currency FROM accounts
             WHERE tenant_id = %(tenant_id)s AND drawer_id = %(id)s
             ORDER BY id
               FOR NO KEY UPDATE
            """,
            {"id": command.drawer_id},
        ).all()
        _must_be_closed(uow, command.drawer_id, drawer.name)
        held = [plain(row.balance, row.currency) for row in money if row.balance]
        if held:
            raise RuleViolationError(
                gettext(
                    "%(name)s still holds %(held)s. Move the money, then retire it.",
                    name=drawer.name,
                    held=", ".join(held),
                )
            )
        uow.execute(
            "UPDATE accounts SET closed_at = now() WHERE tenant_id = %(tenant_id)s AND drawer_id = %(id)s",
            {"id": command.drawer_id},
        )
        _set_active(uow, command.drawer_id, active=False)
        uow.audit("drawer.retire", holder=command.drawer_id, before={"active": True}, after={"active": False})
    return Recorded(command.drawer_id)


@whole_act
def restore_drawer(command: RestoreDrawer, uow: UnitOfWork) -> Recorded:
    """Take a drawer into use again.

    Raises:
        NotFoundError: The shop has no such drawer.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.drawer_id):
            return Recorded(command.drawer_id, replayed=True)
        _lock(uow, command.drawer_id)
        uow.execute(
            "UPDATE accounts SET closed_at = NULL WHERE tenant_id = %(tenant_id)s AND drawer_id = %(id)s",
            {"id": command.drawer_id},
        )
        _set_active(uow, command.drawer_id, active=True)
        uow.audit("drawer.restore", holder=command.drawer_id, before={"active": False}, after={"active": True})
    return Recorded(command.drawer_id)


@whole_act
def open_drawer(command: OpenDrawer, uow: UnitOfWork) -> Recorded:
    """Write down that a drawer was opened without a sale.

    Raises:
        NotFoundError: The shop has no such drawer in use.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.drawer_id):
            return Recorded(command.drawer_id, replayed=True)
        must_be_in_reach([command.drawer_id])
        name = uow.execute(
            "SELECT name FROM cash_drawers WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND active",
            {"id": command.drawer_id},
        ).scalar_one_or_none()
        if name is None:
            raise NotFoundError("There is no such drawer in use in this shop.")
        uow.audit("drawer.open", holder=command.drawer_id, after={"drawer": name})
    return Recorded(command.drawer_id)


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
        NotFoundError: The shop has no such drawer, bank account or category.
        InsufficientFundsError: There is not so much of this currency in the drawer.
        RuleViolationError: It is no longer in use.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="pay_out", occurred_on=command.occurred_on, memo=command.reason):
            return Recorded(command.id, replayed=True)
        place = money_at(uow, _place(command), command.currency)
        spent_on = _spent_on(command)
        must_be_usable(uow, [spent_on])
        uow.post([Entry(debit=spent_on, credit=place, amount=command.amount)])
    return Recorded(command.id)


def _spent_on(command: PayOut) -> AccountKey:
    if command.category == DRAWING:
        return equity(command.currency, "owner")
    return expense(command.currency, command.category)


@dataclass(frozen=True, slots=True)
class _LockedDrawer:
    name: str
    version: int


def _lock(uow: UnitOfWork, drawer_id: uuid.UUID) -> _LockedDrawer:
    row = uow.execute(
        """
        SELECT name, version FROM cash_drawers
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
           FOR NO KEY UPDATE
        """,
        {"id": drawer_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such cash drawer in this shop.")
    return _LockedDrawer(row.name, row.version)


def _must_be_closed(uow: UnitOfWork, drawer_id: uuid.UUID, name: str) -> None:
    opened = uow.execute(
        "SELECT 1 FROM shifts WHERE tenant_id = %(tenant_id)s AND drawer_id = %(id)s AND closed_at IS NULL",
        {"id": drawer_id},
    ).first()
    if opened is not None:
        raise RuleViolationError(gettext("%(name)s is open. Close its shift with a count, then retire it.", name=name))


def _set_active(uow: UnitOfWork, drawer_id: uuid.UUID, *, active: bool) -> None:
    uow.execute(
        """
        UPDATE cash_drawers SET active = %(active)s, version = version + 1
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        """,
        {"id": drawer_id, "active": active},
    )


def _name_taken(name: str) -> RuleViolationError:
    return RuleViolationError(gettext("Another drawer is called %(name)s. Choose another name.", name=name))


def _place(command: PayIn | PayOut) -> Place:
    if (command.drawer_id is None) == (command.bank_id is None):
        raise RuleViolationError("Choose one drawer or one bank account.")
    return drawer_place(command.drawer_id) if command.drawer_id else bank_place(command.bank_id or uuid.UUID(int=0))
