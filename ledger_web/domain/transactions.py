"""What each kind of transaction is called, which of them are reversed by themselves, and how lines become entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger_web.domain.currencies import plain
from ledger_web.domain.errors import InvalidAmountError, RuleViolationError
from ledger_web.domain.journal import AMOUNT_MAX, AccountKey, Entry, pair
from ledger_web.domain.languages import Texts, gettext

_NAMES: Final = Texts(
    {
        "sale": "Sale",
        "sale_return": "Sale return",
        "purchase": "Purchase",
        "payment": "Payment",
        "expense": "Expense",
        "drop": "Drop",
        "transfer": "Transfer",
        "exchange": "Exchange",
        "salary": "Salary",
        "deduction": "Deduction",
        "dues": "Dues",
        "dues_waived": "Dues waived",
        "set_off": "Set off",
        "shift_opening": "Shift opening",
        "shift_closing": "Shift closing",
        "allocation": "Allocation",
        "release": "Release",
        "merge": "Merge",
        "reversal": "Reversal",
        "opening_balance": "Opening balance",
        "pay_in": "Paid in",
        "pay_out": "Paid out",
        "opening_stock": "Opening stock",
        "stock_adjustment": "Stock adjustment",
        "stock_receipt": "Goods received",
        "stock_count": "Stock count",
        "income": "Other income",
        "owner_deposit": "Owner’s deposit",
        "owner_drawing": "Owner’s drawing",
        "manual": "Manual transaction",
        "purchase_return": "Returned to vendor",
        "purchase_charge": "Charge of a purchase",
    }
)

# What is reversed by itself, from its own page. Everything else belongs to a document, and is undone with it.
REVERSIBLE: Final = frozenset(
    {
        "payment",
        "expense",
        "income",
        "owner_deposit",
        "owner_drawing",
        "opening_balance",
        "manual",
        "pay_in",
        "pay_out",
        "drop",
        "transfer",
        "exchange",
        "salary",
        "deduction",
        "dues",
        "dues_waived",
        "set_off",
        "stock_adjustment",
        "stock_receipt",
        "stock_count",
    }
)
_UNDONE_ELSEWHERE: Final = Texts(
    {
        "sale": "A sale is deleted on its own page, which puts its goods back, too.",
        "purchase": "A purchase is deleted or corrected on its own page, with its goods.",
        "purchase_return": "A return to a vendor is deleted on the page of its purchase.",
        "opening_stock": "Goods are corrected by counting the product again, on its own page.",
        "reversal": "A reversal stays as it is. Enter what was reversed once more instead.",
    }
)

LINES_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class ManualLine:
    """One side of a manual transaction. Always true of one that is posted: either debit or credit is above zero."""

    account: AccountKey
    debit: int  # minor units of the account's currency, >= 0
    credit: int


def name_of(kind: str) -> str:
    """Return the name of a kind; of one that has none its own word: "sale" is "Sale"."""
    return _NAMES.get(kind) or kind.replace("_", " ").capitalize()


def title_of(kind: str, document_kind: str, number: str) -> str:
    """Say what happened, in the words of the shop: "Sale A-000012", "Payment", "Sale A-000012 deleted".

    Args:
        document_kind: Of what is reversed, if it is a reversal; otherwise the same as `kind`.
    """
    name = f"{name_of(document_kind)} {number}".strip()
    if kind != "reversal":
        return name
    if document_kind in {"sale", "purchase"}:
        return gettext("%(document)s deleted", document=name)
    return gettext("%(document)s reversed", document=name)


def why_not_reversible(kind: str) -> str:
    """Say where a kind of transaction is undone instead; "" for one that is reversed by itself."""
    if kind in REVERSIBLE:
        return ""
    return _UNDONE_ELSEWHERE.get(kind) or gettext("%(kind)s is undone where it was entered.", kind=name_of(kind))


def manual_entries(lines: Sequence[ManualLine]) -> list[Entry]:
    """Join the lines of a manual transaction into entries, currency by currency, in the order they were written.

    Raises:
        RuleViolationError: There are too few or too many lines, one has no side or both, an account stands on both
            sides, or debits and credits of a currency differ.
    """
    if not 2 <= len(lines) <= LINES_MAX:
        raise RuleViolationError(
            gettext(
                "Enter two lines at least and %(lines_max)s at most: what is debited, what is credited.",
                lines_max=LINES_MAX,
            )
        )
    if any((line.debit > 0) == (line.credit > 0) or min(line.debit, line.credit) < 0 for line in lines):
        raise RuleViolationError("Each line has one amount, either as a debit or as a credit.")
    debited = {line.account for line in lines if line.debit}
    if not debited.isdisjoint(line.account for line in lines if line.credit):
        raise RuleViolationError("An account is debited and credited at once. Enter only the difference for it.")
    entries: list[Entry] = []
    for currency in dict.fromkeys(line.account.currency for line in lines):
        here = [line for line in lines if line.account.currency == currency]
        debits, credits = sum(line.debit for line in here), sum(line.credit for line in here)
        if debits != credits:
            raise RuleViolationError(
                gettext(
                    "Debits and credits differ in %(currency)s: %(debits)s and %(credits)s."
                    " Correct a line, or add the one that is missing.",
                    currency=currency,
                    debits=plain(debits, currency),
                    credits=plain(credits, currency),
                )
            )
        if debits > AMOUNT_MAX:
            raise InvalidAmountError("This comes to more than the books can hold. Look at the amounts.")
        entries += pair([(line.account, line.debit) for line in here], [(line.account, line.credit) for line in here])
    return entries
