"""Bank accounts and what is in them."""

import uuid
from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.models.base import session_of


@dataclass(frozen=True, slots=True)
class BankDetails:
    """A bank account. `balance` is minor units of its currency, below zero when it is overdrawn."""

    id: uuid.UUID
    name: str
    currency: str
    is_active: bool
    version: int
    account_id: uuid.UUID
    balance: int


def list_banks(tenant_id: int) -> list[BankDetails]:
    """Return all bank accounts by name, those no longer in use last."""
    return _banks(tenant_id, None)


def get_bank(tenant_id: int, bank_id: uuid.UUID) -> BankDetails:
    """Return a bank account.

    Raises:
        NotFoundError: The shop has no such bank account.
    """
    found = _banks(tenant_id, bank_id)
    if not found:
        raise NotFoundError("There is no such bank account in this shop.")
    return found[0]


def _banks(tenant_id: int, bank_id: uuid.UUID | None) -> list[BankDetails]:
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT b.id, b.name, b.currency, b.active, b.version, a.id, a.balance
              FROM bank_accounts AS b
              JOIN accounts AS a
                ON a.tenant_id = :tenant_id
               AND a.kind = 'bank'
               AND a.code = b.code
               AND a.currency = b.currency
             WHERE b.tenant_id = :tenant_id
               AND b.id = coalesce(CAST(:bank_id AS uuid), b.id)
             ORDER BY NOT b.active, b.name, b.id
            """
        ),
        {"tenant_id": tenant_id, "bank_id": bank_id},
    )
    return [BankDetails(*row) for row in rows]
