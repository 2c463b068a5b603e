"""What money is paid out of a drawer for."""

from types import MappingProxyType
from typing import Final

# Codes of expense accounts, which stay as they are once used, and their names.
EXPENSES: Final = MappingProxyType(
    {
        "rent": "Rent",
        "utilities": "Electricity, water, phone",
        "supplies": "Supplies",
        "transport": "Transport",
        "repairs": "Repairs",
        "wages": "Wages of helpers",
        "food": "Tea and food",
        "fees": "Fees and charges",
        "other": "Something else",
    }
)
DRAWING: Final = "owner"  # not an expense: the owner takes money for themselves


def purpose_of(code: str) -> str:
    """Return the name of a purpose; of one we do not know the code itself."""
    return "For the owner" if code == DRAWING else EXPENSES.get(code, code)
