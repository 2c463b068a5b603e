"""Where the shop's money is: a cash drawer or a bank account."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.ids import parse_id
from ledger_web.domain.journal import AccountKey, bank, cash


@dataclass(frozen=True, slots=True)
class Place:
    """A drawer or a bank account. As text, in forms: "cash:<id>" or "bank:<id>"."""

    kind: Literal["cash", "bank"]
    id: UUID

    def account(self, currency: str) -> AccountKey:
        return cash(self.id, currency) if self.kind == "cash" else bank(currency, bank_code(self.id))

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


def drawer_place(drawer_id: UUID) -> Place:
    return Place("cash", drawer_id)


def bank_place(bank_id: UUID) -> Place:
    return Place("bank", bank_id)


def read_place(text: str) -> Place:
    """Read a place as `str` writes it.

    Raises:
        RuleViolationError: It is none.
    """
    kind, _, id = text.partition(":")
    found = parse_id(id)
    if found is None or kind not in ("cash", "bank"):
        raise RuleViolationError("Choose a drawer or a bank account that is in the list.")
    return Place("cash" if kind == "cash" else "bank", found)


def bank_code(bank_id: UUID) -> str:
    """Return the code of a bank account's account in the books. Names change; a code is for life."""
    return f"b_{bank_id.hex}"
