"""What a person may do: rights named area.action, and the three roles every shop starts with."""

from types import MappingProxyType
from typing import Final

HOME_VIEW: Final = "home.view"
PRODUCT_VIEW: Final = "product.view"
PRODUCT_CREATE: Final = "product.create"
PRODUCT_EDIT: Final = "product.edit"
PRODUCT_IMPORT: Final = "product.import"
PRODUCT_COST: Final = "product.cost"
BARCODE_ASSIGN: Final = "barcode.assign"
LABEL_PRINT: Final = "label.print"
STOCK_ADJUST: Final = "stock.adjust"
PARTY_VIEW: Final = "party.view"
PARTY_CREATE: Final = "party.create"
PARTY_EDIT: Final = "party.edit"
PARTY_CREDIT_LIMIT: Final = "party.credit_limit"
SALE_VIEW: Final = "sale.view"
SALE_CREATE: Final = "sale.create"
SALE_CHANGE_PRICE: Final = "sale.change_price"
SALE_DELETE: Final = "sale.delete"
PURCHASE_VIEW: Final = "purchase.view"
PURCHASE_CREATE: Final = "purchase.create"
PAYMENT_VIEW: Final = "payment.view"
PAYMENT_CREATE: Final = "payment.create"
DRAWER_VIEW: Final = "drawer.view"
DRAWER_MOVE: Final = "drawer.move"
DRAWER_EDIT: Final = "drawer.edit"
SHIFT_OPEN: Final = "shift.open"
SHIFT_CLOSE: Final = "shift.close"
SHIFT_APPROVE: Final = "shift.approve"
JOURNAL_VIEW: Final = "journal.view"
JOURNAL_POST: Final = "journal.post"
JOURNAL_REVERSE: Final = "journal.reverse"
JOURNAL_BACKDATE: Final = "journal.backdate"
JOURNAL_OVERRIDE_LOCK: Final = "journal.override_lock"
EXPENSE_CREATE: Final = "expense.create"
REPORT_VIEW: Final = "report.view"
RECALCULATION_VIEW: Final = "recalculation.view"
RECALCULATION_RUN: Final = "recalculation.run"
SETTINGS_EDIT: Final = "settings.edit"
USER_MANAGE: Final = "user.manage"

_DESCRIPTIONS: Final = MappingProxyType(
    {
        HOME_VIEW: "See the front page of the shop.",
        PRODUCT_VIEW: "Look up products, prices and stock.",
        PRODUCT_CREATE: "Add products.",
        PRODUCT_EDIT: "Change and archive products.",
        PRODUCT_IMPORT: "Import products from a file.",
        PRODUCT_COST: "See what products cost the shop, and its margin.",
        BARCODE_ASSIGN: "Give barcodes to products and take them away.",
        LABEL_PRINT: "Print barcode labels.",
        STOCK_ADJUST: "Correct how much of a product is in stock.",
        PARTY_VIEW: "Look up customers, vendors, employees and members with their balances.",
        PARTY_CREATE: "Add customers, vendors, employees and members.",
        PARTY_EDIT: "Change and archive customers, vendors, employees and members.",
        PARTY_CREDIT_LIMIT: "Set how much a customer may owe.",
        SALE_VIEW: "See sales and print their receipts.",
        SALE_CREATE: "Sell.",
        SALE_CHANGE_PRICE: "Sell at another price than the product's.",
        SALE_DELETE: "Delete a sale, which reverses it in the books.",
        PURCHASE_VIEW: "See purchases.",
        PURCHASE_CREATE: "Record purchases.",
        PAYMENT_VIEW: "See payments.",
        PAYMENT_CREATE: "Take and make payments.",
        DRAWER_VIEW: "See what is in the cash drawers.",
        DRAWER_MOVE: "Pay money into a cash drawer and out of it.",
        DRAWER_EDIT: "Add and rename cash drawers.",
        SHIFT_OPEN: "Open a cash drawer with a count.",
        SHIFT_CLOSE: "Close a cash drawer with a count.",
        SHIFT_APPROVE: "Approve a count that differs by more than the limit, and see what is expected while counting.",
        JOURNAL_VIEW: "Read the journal: transactions and their entries.",
        JOURNAL_POST: "Post manual transactions, opening balances and the owner's deposits and drawings.",
        JOURNAL_REVERSE: "Reverse payments, expenses and other transactions.",
        JOURNAL_BACKDATE: "Post on an earlier day than today.",
        JOURNAL_OVERRIDE_LOCK: "Post into a locked period, which is logged.",
        EXPENSE_CREATE: "Record expenses and other income.",
        REPORT_VIEW: "See reports.",
        RECALCULATION_VIEW: "See how balances were recalculated and what was found.",
        RECALCULATION_RUN: "Recalculate balances and repair them.",
        SETTINGS_EDIT: "Change the settings of the shop.",
        USER_MANAGE: "Add users, give them roles and end their access.",
    }
)

ALL: Final[frozenset[str]] = frozenset(_DESCRIPTIONS)

_CASHIER: Final = frozenset(
    {
        HOME_VIEW,
        PRODUCT_VIEW,
        PARTY_VIEW,
        PARTY_CREATE,
        SALE_VIEW,
        SALE_CREATE,
        PAYMENT_VIEW,
        PAYMENT_CREATE,
        DRAWER_VIEW,
        SHIFT_OPEN,
        SHIFT_CLOSE,
        LABEL_PRINT,
    }
)
_MANAGER: Final = _CASHIER | {
    PRODUCT_CREATE,
    PRODUCT_EDIT,
    PRODUCT_IMPORT,
    PRODUCT_COST,
    BARCODE_ASSIGN,
    STOCK_ADJUST,
    PARTY_EDIT,
    PARTY_CREDIT_LIMIT,
    SALE_CHANGE_PRICE,
    SALE_DELETE,
    PURCHASE_VIEW,
    PURCHASE_CREATE,
    DRAWER_MOVE,
    DRAWER_EDIT,
    SHIFT_APPROVE,
    JOURNAL_VIEW,
    JOURNAL_POST,
    JOURNAL_REVERSE,
    JOURNAL_BACKDATE,
    EXPENSE_CREATE,
    REPORT_VIEW,
    RECALCULATION_VIEW,
}

# The owner has every right there is, so that a new right is never out of everybody's reach.
BUILT_IN_ROLES: Final = MappingProxyType({"owner": ALL, "manager": _MANAGER, "cashier": _CASHIER})


def describe(permission: str) -> str:
    """Say in a sentence what the right allows.

    Raises:
        KeyError: There is no such right.
    """
    return _DESCRIPTIONS[permission]
