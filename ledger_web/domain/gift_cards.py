"""Gift cards: money the shop owes to whoever holds the card."""

import re
import secrets
import uuid
from typing import Final

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.journal import AccountKey, store_credit

GIFT_CARD_NAME: Final = "Gift card"
CODE_DIGITS: Final = 16

_CODE: Final = re.compile(r"[0-9a-z-]{6,40}")
_PRODUCTS: Final = uuid.UUID("0b8cf1a6-6d0e-5a57-9a55-67696674636d")


def card_code(typed: str) -> str:
    """Return the code of a card as it is kept: small letters, no spaces.

    Raises:
        RuleViolationError: It cannot be the code of a card.
    """
    code = "".join(typed.split()).lower()
    if not _CODE.fullmatch(code):
        raise RuleViolationError("The number of a gift card has 6 to 40 digits, letters and hyphens. Look at it again.")
    return code


def new_card_code() -> str:
    """Draw the code of a new card: sixteen digits that nobody guesses, the last of them a check digit (Luhn)."""
    digits = "".join(str(secrets.randbelow(10)) for _ in range(CODE_DIGITS - 1))
    return digits + str(-_luhn(digits + "0") % 10)


def is_mistyped(code: str) -> bool:
    """Say whether a code of ours has a wrong digit in it."""
    return len(code) == CODE_DIGITS and code.isdecimal() and _luhn(code) % 10 != 0


def store_credit_of(code: str, currency: str) -> AccountKey:
    """Return the account that says what is on a card."""
    return store_credit(currency, None, code)


def gift_card_product(tenant_id: int) -> uuid.UUID:
    """Return the id of the product that a shop's gift cards are sold as: every shop has at most one."""
    return uuid.uuid5(_PRODUCTS, str(tenant_id))


def _luhn(digits: str) -> int:
    """ISO/IEC 7812-1, annex B."""
    doubled = [int(digit) * (2 if at % 2 else 1) for at, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled)
