"""What is taken off an employee's account, and the codes that dues and salaries stand on."""

from typing import Final

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.journal import AccountKey, over_short, revenue
from ledger_web.domain.languages import Texts

DUES: Final = "dues"  # code of the revenue account
SALARIES: Final = "salaries"  # code of the expense account

DEDUCTIONS: Final = Texts(
    {"staff_purchase": "Staff purchase", "shortage": "Shortage in a drawer", "other": "Something else"}
)


def deducted_for(purpose: str, currency: str) -> AccountKey:
    """Return the account that a deduction is credited to.

    Raises:
        RuleViolationError: There is no such purpose.
    """
    if purpose not in DEDUCTIONS:
        raise RuleViolationError("Choose what is deducted from the list.")
    if purpose == "shortage":
        return over_short(currency)
    return revenue(currency, "staff_purchases" if purpose == "staff_purchase" else "deductions")
