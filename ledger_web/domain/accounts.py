"""What accounts are called, and in which order they stand in the chart of accounts."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.expenses import EXPENSES, GOODS
from ledger_web.domain.ids import parse_id
from ledger_web.domain.journal import NORMAL_SIDE, PARTY_KINDS, AccountKey
from ledger_web.domain.languages import Texts, gettext, gettext_noop

# The chart: its parts in the order an accountant reads them, and the kinds in each.
CHART: Final = MappingProxyType(
    {
        gettext_noop("What the shop has"): ("cash", "bank", "customer", "member", "inventory", "tax_receivable"),
        gettext_noop("What the shop owes"): ("vendor", "employee", "tax_payable", "store_credit"),
        gettext_noop("The owner’s share"): ("equity",),
        gettext_noop("Income"): ("revenue",),
        gettext_noop("Costs"): ("cost_of_sales", "expense"),
        gettext_noop("Differences"): ("exchange", "over_short", "rounding"),
    }
)

KIND_NAMES: Final = Texts(
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
INCOMES: Final = Texts(
    {
        "commission": "Commission",
        "let": "Rent received",
        "interest": "Interest",
        "gifts": "Gifts and tips",
        "other": "Something else",
    }
)
# What moves the owner's share of the shop.
EQUITY: Final = Texts({"owner": "Owner’s capital", "opening": "Opening balances"})

_CODE_NAMES: Final = MappingProxyType({"expense": EXPENSES | GOODS, "revenue": INCOMES, "equity": EQUITY})


_CODE: Final = re.compile(r"[a-z0-9_-]{1,60}")


def account_of(choice: str, currency: str) -> AccountKey:
    """Read what a form offers and sends for an account: "cash:<drawer>", "customer:<party>", "expense:rent".

    Raises:
        RuleViolationError: It is none.
    """
    kind, colon, holder = choice.partition(":")
    if kind not in NORMAL_SIDE or not colon:
        raise RuleViolationError("Choose an account that is in the list.")
    if kind == "cash" or kind in PARTY_KINDS:
        id = parse_id(holder)
        if id is None:
            raise RuleViolationError("Choose an account that is in the list.")
        return AccountKey(kind, currency, drawer_id=id) if kind == "cash" else AccountKey(kind, currency, party_id=id)
    if holder and not _CODE.fullmatch(holder):
        raise RuleViolationError("Choose an account that is in the list.")
    return AccountKey(kind, currency, code=holder or None)


def choice_of(key: AccountKey) -> str:
    """Write what `account_of` reads."""
    return f"{key.kind}:{key.party_id or key.drawer_id or key.code or ''}"


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
        return gettext("Sales") if kind == "revenue" else KIND_NAMES[kind]
    return known_codes(kind).get(code) or code.replace("_", " ").capitalize()
