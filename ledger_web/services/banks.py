"""Bank accounts of the shop: adding one, giving it another name, putting it away."""

import uuid
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.currencies import plain
from ledger_web.domain.errors import NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.languages import gettext
from ledger_web.domain.places import bank_code, bank_place
from ledger_web.services.posting import account_id, open_accounts
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act


@dataclass(frozen=True, kw_only=True)
class CreateBank:
    """Add a bank account. Its currency is for life."""

    id: uuid.UUID
    name: str
    currency: str


@dataclass(frozen=True, kw_only=True)
class RenameBank:
    """Give a bank account another name, as it was when its version was shown."""

    op_id: uuid.UUID
    bank_id: uuid.UUID
    version: int
    name: str


@dataclass(frozen=True, kw_only=True)
class ArchiveBank:
    """Put an empty bank account away: nothing more is posted to it."""

    op_id: uuid.UUID
    bank_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class RestoreBank:
    """Take a bank account into use again."""

    op_id: uuid.UUID
    bank_id: uuid.UUID


@whole_act
def create_bank(command: CreateBank, uow: UnitOfWork) -> Recorded:
    """Add a bank account and open its account in the books.

    Raises:
        RuleViolationError: Another bank account has this name.
        ResubmissionError: The id was used for another one.
    """
    try:
        with uow:
            if uow.is_resubmission(command, id=command.id, subject_id=command.id):
                return Recorded(command.id, replayed=True)
            uow.execute(
                """
                INSERT INTO bank_accounts (tenant_id, id, name, currency, code, created_at)
                VALUES (%(tenant_id)s, %(id)s, %(name)s, %(currency)s, %(code)s, now())
                """,
                {
                    "id": command.id,
                    "name": command.name,
                    "currency": command.currency,
                    "code": bank_code(command.id),
                },
            )
            open_accounts(uow, [bank_place(command.id).account(command.currency)])
            uow.audit("bank.create", holder=command.id, after={"name": command.name, "currency": command.currency})
    except IntegrityError as error:
        raise _taken(error, command.name) from None
    return Recorded(command.id)


@whole_act
def rename_bank(command: RenameBank, uow: UnitOfWork) -> Recorded:
    """Give a bank account another name.

    Raises:
        NotFoundError: The shop has no such bank account.
        StaleEditError: Somebody else saved first; nothing is overwritten.
        RuleViolationError: Another bank account has this name.
    """
    try:
        with uow:
            if uow.is_resubmission(command, id=command.op_id, subject_id=command.bank_id):
                return Recorded(command.bank_id, replayed=True)
            bank = _lock(uow, command.bank_id)
            if bank.version != command.version:
                raise StaleEditError
            uow.execute(
                """
                UPDATE bank_accounts SET name = %(name)s, version = version + 1
                 WHERE tenant_id = %(tenant_id)s AND id = %(id)s
                """,
                {"id": command.bank_id, "name": command.name},
            )
            uow.audit("bank.rename", holder=command.bank_id, before={"name": bank.name}, after={"name": command.name})
    except IntegrityError as error:
        raise _taken(error, command.name) from None
    return Recorded(command.bank_id)


@whole_act
def archive_bank(command: ArchiveBank, uow: UnitOfWork) -> Recorded:
    """Put a bank account away and close its account: locked before it is looked at.

    Raises:
        NotFoundError: The shop has no such bank account.
        RuleViolationError: There is still money in it, or it is overdrawn.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.bank_id):
            return Recorded(command.bank_id, replayed=True)
        bank = _lock(uow, command.bank_id)
        account = {"id": account_id(uow.tenant_id, bank_place(command.bank_id).account(bank.currency))}
        balance = uow.execute(
            "SELECT balance FROM accounts WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR NO KEY UPDATE", account
        ).scalar_one()
        if balance:
            raise RuleViolationError(
                gettext(
                    "%(name)s still holds %(balance)s. Move the money first, then archive it.",
                    name=bank.name,
                    balance=plain(balance, bank.currency),
                )
                if balance > 0
                else gettext(
                    "%(name)s is overdrawn by %(balance)s. Settle that first.",
                    name=bank.name,
                    balance=plain(-balance, bank.currency),
                )
            )
        uow.execute("UPDATE accounts SET closed_at = now() WHERE tenant_id = %(tenant_id)s AND id = %(id)s", account)
        _set_active(uow, command.bank_id, active=False)
        uow.audit("bank.archive", holder=command.bank_id, before={"name": bank.name})
    return Recorded(command.bank_id)


@whole_act
def restore_bank(command: RestoreBank, uow: UnitOfWork) -> Recorded:
    """Take a bank account into use again.

    Raises:
        NotFoundError: The shop has no such bank account.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.bank_id):
            return Recorded(command.bank_id, replayed=True)
        bank = _lock(uow, command.bank_id)
        uow.execute(
            "UPDATE accounts SET closed_at = NULL WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
            {"id": account_id(uow.tenant_id, bank_place(command.bank_id).account(bank.currency))},
        )
        _set_active(uow, command.bank_id, active=True)
        uow.audit("bank.restore", holder=command.bank_id, after={"name": bank.name})
    return Recorded(command.bank_id)


@dataclass(frozen=True, slots=True)
class _LockedBank:
    name: str
    currency: str
    version: int


def _lock(uow: UnitOfWork, bank_id: uuid.UUID) -> _LockedBank:
    row = uow.execute(
        """
        SELECT name, currency, version FROM bank_accounts
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
           FOR NO KEY UPDATE
        """,
        {"id": bank_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such bank account in this shop.")
    return _LockedBank(row.name, row.currency, row.version)


def _set_active(uow: UnitOfWork, bank_id: uuid.UUID, *, active: bool) -> None:
    uow.execute(
        """
        UPDATE bank_accounts SET active = %(active)s, version = version + 1
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        """,
        {"id": bank_id, "active": active},
    )


def _taken(error: IntegrityError, name: str) -> Exception:
    if violated_constraint(error) == "bank_accounts_name_key":
        return RuleViolationError(gettext("Another bank account is called %(name)s. Choose another name.", name=name))
    return error
