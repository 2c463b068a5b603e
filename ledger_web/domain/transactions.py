"""What each kind of transaction is called on paper and screen."""

from types import MappingProxyType
from typing import Final

_NAMES: Final = MappingProxyType(
    {
        "opening_balance": "Opening balance",
        "pay_in": "Paid in",
        "pay_out": "Paid out",
        "opening_stock": "Opening stock",
        "stock_adjustment": "Stock adjustment",
    }
)


def name_of(kind: str) -> str:
    """Return the name of a kind; of one that has none its own word: "sale" is "Sale"."""
    return _NAMES.get(kind) or kind.replace("_", " ").capitalize()
