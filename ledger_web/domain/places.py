"""Where the shop's money is: a cash drawer or a bank account."""

import re
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.ids import parse_id
from ledger_web.domain.journal import AccountKey, bank, cash

_BANK_CODE: Final = re.compile(r"b_[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Place:
    """A drawer or a bank account. As text, in forms: "cash:<id>" or "bank:<code>", as accounts are chosen elsewhere."""

    kind: Literal["cash", "bank"]
    id: UUID

    def account(self, currency: str) -> AccountKey:
        return cash(self.id, currency) if self.kind == "cash" else bank(currency, bank_code(self.id))

    def __str__(self) -> str:
        return f"{self.kind}:{self.id if self.kind == 'cash' else bank_code(self.id)}"


def drawer_place(drawer_id: UUID) -> Place:
    return Place("cash", drawer_id)


def bank_place(bank_id: UUID) -> Place:
    return Place("bank", bank_id)


def read_place(text: str) -> Place:
    """Read a place as `str` writes it.

    Raises:
        RuleViolationError: It is none.
    """
    kind, _, holder = text.partition(":")
    id = parse_id(holder) if kind == "cash" else _bank_id(holder) if kind == "bank" else None
    if id is None:
        raise RuleViolationError("Choose a drawer or a bank account that is in the list.")
    return Place("cash" if kind == "cash" else "bank", id)


def bank_code(bank_id: UUID) -> str:
    """Return the code of a bank account's account in the books. Names change; a code is for life."""
    return f"b_{bank_id.hex}"


def _bank_id(code: str) -> UUID | None:
    return UUID(hex=code[2:]) if _BANK_CODE.fullmatch(code) else None
