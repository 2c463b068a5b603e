"""What a person may do: rights named area.action, how much of some of them, and the roles every shop starts with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Final

from ledger_web.domain.languages import Texts, gettext_noop

HOME_VIEW: Final = "home.view"
PRODUCT_VIEW: Final = "product.view"
PRODUCT_CREATE: Final = "product.create"
PRODUCT_EDIT: Final = "product.edit"
PRODUCT_PRICE: Final = "product.price"
PRODUCT_ARCHIVE: Final = "product.archive"
PRODUCT_IMPORT: Final = "product.import"
PRODUCT_COST: Final = "product.cost"
BARCODE_ASSIGN: Final = "barcode.assign"
LABEL_PRINT: Final = "label.print"
LABEL_PRICE: Final = "label.price"
LABEL_TEMPLATE_EDIT: Final = "label.template_edit"
STOCK_ADJUST: Final = "stock.adjust"
STOCK_COUNT: Final = "stock.count"
PARTY_VIEW: Final = "party.view"
PARTY_CREATE: Final = "party.create"
PARTY_EDIT: Final = "party.edit"
EMPLOYEE_VIEW: Final = "employee.view"
PARTY_CREDIT_LIMIT: Final = "party.credit_limit"
SALE_VIEW: Final = "sale.view"
SALE_CREATE: Final = "sale.create"
SALE_CHANGE_PRICE: Final = "sale.change_price"
SALE_DISCOUNT: Final = "sale.discount"
SALE_RATE: Final = "sale.rate"
SALE_DELETE: Final = "sale.delete"
SALE_REPRINT: Final = "sale.reprint"
SALE_VOID_OWN: Final = "sale.void_own"
SALE_RETURN: Final = "sale.return"
SALE_RETURN_WITHOUT_RECEIPT: Final = "sale.return_without_receipt"
SALE_REFUND_CASH: Final = "sale.refund_cash"
SALE_CHANGE_REFUND: Final = "sale.change_refund"
SALE_REASON_EDIT: Final = "sale.reason_edit"
PURCHASE_VIEW: Final = "purchase.view"
PURCHASE_CREATE: Final = "purchase.create"
PURCHASE_SET_RATE: Final = "purchase.set_rate"
PURCHASE_OVERRIDE_RATE: Final = "purchase.override_rate"
PURCHASE_DELETE: Final = "purchase.delete"
RATE_EDIT: Final = "rate.edit"
PAYMENT_VIEW: Final = "payment.view"
PAYMENT_CREATE: Final = "payment.create"
DRAWER_VIEW: Final = "drawer.view"
DRAWER_OPEN: Final = "drawer.open"
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
SHOP_EXPORT: Final = "shop.export"
DOMAIN_MANAGE: Final = "domain.manage"
ROLE_EDIT: Final = "role.edit"
TILL_REGISTER: Final = "till.register"
AUDIT_VIEW: Final = "audit.view"
OPERATORS_VIEW: Final = "operators.view"
OPERATORS_ACT: Final = "operators.act"

_DESCRIPTIONS: Final = Texts(
    {
        HOME_VIEW: "See the front page of the shop.",
        PRODUCT_VIEW: "Look up products, prices and stock.",
        PRODUCT_CREATE: "Add products.",
        PRODUCT_EDIT: "Change what is said about products: name, category, units, stock rules, picture, variants.",
        PRODUCT_PRICE: "Change prices and price lists.",
        PRODUCT_ARCHIVE: "Put products into the archive and take them out of it.",
        PRODUCT_IMPORT: "Import products from a file.",
        PRODUCT_COST: "See what products cost the shop, and its margin.",
        BARCODE_ASSIGN: "Give barcodes to products and take them away.",
        LABEL_PRINT: "Print barcode labels.",
        LABEL_PRICE: "Print prices on labels.",
        LABEL_TEMPLATE_EDIT: "Change what labels look like, and set printers right.",
        STOCK_COUNT: "Count what is on the shelves; what differs is posted by who may correct stock.",
        STOCK_ADJUST: "Correct how much of a product is in stock.",
        PARTY_VIEW: "Look up customers, vendors and members with their balances.",
        EMPLOYEE_VIEW: "See and add employees, with what they earn and what the shop owes them.",
        PARTY_CREATE: "Add customers, vendors, employees and members.",
        PARTY_EDIT: "Change and archive customers, vendors, employees and members.",
        PARTY_CREDIT_LIMIT: "Set how much a customer may owe.",
        SALE_VIEW: "See sales and print their receipts.",
        SALE_CREATE: "Sell.",
        SALE_CHANGE_PRICE: "Sell at another price than the product's.",
        SALE_DISCOUNT: "Give discounts, up to the limit of the role.",
        SALE_RATE: "Take foreign cash at another rate than the shop's.",
        SALE_VOID_OWN: "Delete a sale of one's own while its shift is open.",
        SALE_DELETE: "Delete anybody's sale while its shift is open, which reverses it in the books.",
        SALE_RETURN: "Take goods of a sale back.",
        SALE_RETURN_WITHOUT_RECEIPT: "Take goods back without the receipt of their sale.",
        SALE_REFUND_CASH: "Pay cash back for what is returned.",
        SALE_CHANGE_REFUND: "Give money back another way than it was paid.",
        SALE_REASON_EDIT: "Change the reasons for which sales are undone.",
        SALE_REPRINT: "Print copies of a receipt, which are counted and marked.",
        PURCHASE_VIEW: "See purchases.",
        PURCHASE_CREATE: "Record purchases.",
        PURCHASE_SET_RATE: "Say at which rate a purchase is, beside what is filled in by itself.",
        PURCHASE_OVERRIDE_RATE: "Receive a purchase although its rate looks odd.",
        PURCHASE_DELETE: "Delete and correct purchases, which reverses them in the books.",
        RATE_EDIT: "Write exchange rates into the shop’s table, and set its rules for buying.",
        PAYMENT_VIEW: "See payments.",
        PAYMENT_CREATE: "Take and make payments.",
        DRAWER_VIEW: "See what is in the cash drawers.",
        DRAWER_OPEN: "Open a cash drawer without a sale, which is written down.",
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
        DOMAIN_MANAGE: "Say under which domains of its own the shop is reached.",
        SHOP_EXPORT: "Take everything the shop has as one file.",
        USER_MANAGE: "Add users, give them roles and end their access.",
        ROLE_EDIT: "Make roles, and say what each of them may do.",
        TILL_REGISTER: "Register browsers as tills, where cashiers come in with a PIN.",
        AUDIT_VIEW: "See who did what: the audit, and what stands out in it.",
    }
)

ALL: Final[frozenset[str]] = frozenset(_DESCRIPTIONS)
# Of those who run the system, in their own room. No role of a shop can hold the first two: they are not among ALL.
OPERATORS: Final[frozenset[str]] = frozenset({OPERATORS_VIEW, OPERATORS_ACT, AUDIT_VIEW})

_CASHIER: Final = frozenset(
    {
        HOME_VIEW,
        PRODUCT_VIEW,
        PARTY_VIEW,
        PARTY_CREATE,
        SALE_VIEW,
        SALE_CREATE,
        SALE_DISCOUNT,
        SALE_REPRINT,
        SALE_VOID_OWN,
        SALE_RETURN,
        SALE_REFUND_CASH,
        PAYMENT_VIEW,
        PAYMENT_CREATE,
        DRAWER_VIEW,
        DRAWER_OPEN,
        SHIFT_OPEN,
        SHIFT_CLOSE,
        LABEL_PRINT,
        LABEL_PRICE,
        STOCK_COUNT,
    }
)
_MANAGER: Final = _CASHIER | {
    PRODUCT_CREATE,
    PRODUCT_EDIT,
    PRODUCT_PRICE,
    PRODUCT_ARCHIVE,
    PRODUCT_IMPORT,
    PRODUCT_COST,
    BARCODE_ASSIGN,
    LABEL_TEMPLATE_EDIT,
    STOCK_ADJUST,
    PARTY_EDIT,
    PARTY_CREDIT_LIMIT,
    EMPLOYEE_VIEW,
    SALE_CHANGE_PRICE,
    SALE_RATE,
    SALE_DELETE,
    SALE_RETURN_WITHOUT_RECEIPT,
    SALE_CHANGE_REFUND,
    SALE_REASON_EDIT,
    PURCHASE_VIEW,
    PURCHASE_CREATE,
    PURCHASE_SET_RATE,
    PURCHASE_OVERRIDE_RATE,
    PURCHASE_DELETE,
    RATE_EDIT,
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
    TILL_REGISTER,
}

# The owner has every right there is, so that a new right is never out of everybody's reach.
BUILT_IN_ROLES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"owner": ALL, "manager": _MANAGER, "cashier": _CASHIER}
)


_ROLE_NAMES: Final = Texts({"owner": "owner", "manager": "manager", "cashier": "cashier", "operator": "operator"})


def role_name(name: str) -> str:
    """Say what a role is called: a built-in one in the language spoken, one of the shop's own as the shop named it."""
    return _ROLE_NAMES.get(name, name)


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of a right a role has.

    Attributes:
        unit: "percent", "money" (minor units of the shop's base currency) or "minutes".
        manager: For the built-in manager, unless the shop says otherwise. Always more than the cashier's.
        cashier: For the built-in cashier, and for a role of the shop's own that does not say.
    """

    label: str
    description: str
    unit: str
    manager: Decimal
    cashier: Decimal


LIMITS: Final[Mapping[str, Limit]] = MappingProxyType(
    {
        "sale.discount": Limit(
            gettext_noop("Discount"),
            gettext_noop("The largest discount on a line or a sale, in percent."),
            "percent",
            Decimal(50),
            Decimal(5),
        ),
        "sale.price_cut": Limit(
            gettext_noop("Price cut"),
            gettext_noop("How far below the product's price a line may be sold, in percent."),
            "percent",
            Decimal(50),
            Decimal(5),
        ),
        "sale.refund": Limit(
            gettext_noop("Refund"),
            gettext_noop("The largest refund of one sale or return."),
            "money",
            Decimal(10_000_000),
            Decimal(10_000),
        ),
        "sale.void_minutes": Limit(
            gettext_noop("Void within"),
            gettext_noop("How many minutes after it was stored a sale may be deleted."),
            "minutes",
            Decimal(43_200),
            Decimal(15),
        ),
    }
)
NO_LIMITS: Final[Mapping[str, Decimal | None]] = MappingProxyType(dict.fromkeys(LIMITS))


def rights_of(built_in: str | None, stored: Iterable[str]) -> frozenset[str]:
    """Return what a role may do: a built-in one what the code says today, another what is stored and still exists."""
    return BUILT_IN_ROLES[built_in] if built_in else ALL.intersection(stored)


def limits_of(built_in: str | None, stored: Mapping[str, Any]) -> Mapping[str, Decimal | None]:
    """Return how much a role may do, each limit by its name; None is no limit.

    The owner has none. What a role does not say is the built-in role's, and the cashier's for a role of the shop's own.
    """
    if built_in == "owner":
        return NO_LIMITS
    return {
        name: _limit(stored[name], limit) if name in stored else _default(limit, built_in)
        for name, limit in LIMITS.items()
    }


def _default(limit: Limit, built_in: str | None) -> Decimal:
    return limit.manager if built_in == "manager" else limit.cashier


def _limit(written: Any, limit: Limit) -> Decimal | None:
    """Read a stored limit; what cannot be read is as small as it gets."""
    if written is None:
        return None
    try:
        return Decimal(str(written))
    except InvalidOperation:
        return limit.cashier


def describe(permission: str) -> str:
    """Say in a sentence what the right allows.

    Raises:
        KeyError: There is no such right.
    """
    return _DESCRIPTIONS[permission]
