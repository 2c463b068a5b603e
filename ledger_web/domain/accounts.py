"""What accounts are called, and in which order they stand in the chart of accounts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger_web.domain.expenses import EXPENSES

# The chart: its parts in the order an accountant reads them, and the kinds in each.
CHART: Final = MappingProxyType(
    {
        "What the shop has": ("cash", "bank", "customer", "member", "inventory", "tax_receivable"),
        "What the shop owes": ("vendor", "employee", "tax_payable", "store_credit"),
        "The owner’s share": ("equity",),
        "Income": ("revenue",),
        "Costs": ("cost_of_sales", "expense"),
        "Differences": ("exchange", "over_short", "rounding"),
    }
)

KIND_NAMES: Final = MappingProxyType(
    {
        "cash": "Cash drawers",
        "bank": "Bank accounts",
        "customer": "Customers",
        "member": "Members",
        "inventory": "Goods in stock",
        "tax_receivable": "Tax to get back",
        "vendor": "Vendors",
        "employee": "Employees",
        "tax_payable": "Tax to pay",
        "store_credit": "Store credit",
        "equity": "Equity",
        "revenue": "Revenue",
        "cost_of_sales": "Cost of sales",
        "expense": "Expenses",
        "exchange": "Currency exchange",
        "over_short": "Cash over and short",
        "rounding": "Rounding",
    }
)

# One account for each holder: shown as one figure for all, and one by one a click further.
MANY_HOLDERS: Final = ("customer", "member", "vendor", "employee", "store_credit")

# Categories of other income every shop has: codes of revenue accounts, which stay as they are once used.
INCOMES: Final = MappingProxyType(
    {
        "commission": "Commission",
        "let": "Rent received",
        "interest": "Interest",
        "gifts": "Gifts and tips",
        "other": "Something else",
    }
)
# What moves the owner's share of the shop.
EQUITY: Final = MappingProxyType({"owner": "Owner’s capital", "opening": "Opening balances"})

_CODE_NAMES: Final = MappingProxyType({"expense": EXPENSES, "revenue": INCOMES, "equity": EQUITY})


def known_codes(kind: str) -> Mapping[str, str]:
    """Return the codes of a kind that every shop knows, with their names."""
    return _CODE_NAMES.get(kind, {})


def account_name(kind: str, code: str | None, holder: str | None = None) -> str:
    """Return what an account is called.

    Args:
        holder: The name of its party, its drawer or the shop's own category, where it has one.
    """
    if holder:
        return holder
    if code is None:
        return "Sales" if kind == "revenue" else KIND_NAMES[kind]
    return known_codes(kind).get(code) or code.replace("_", " ").capitalize()
