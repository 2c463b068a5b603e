"""Floor 2, the tables: columns, keys and what is always true of a row. Nothing here reads or writes.

`migrations/` says how the schema came to be, these classes say what it is; `tests/test_migrations.py` compares them.
"""

from ledger_web.models.audit import AuditBlock, AuditEvent
from ledger_web.models.bank import BankAccount
from ledger_web.models.daily_total import DailyTotal, DailyTotalFailure, DailyTotalMark
from ledger_web.models.drawer import CashDrawer, CashDrawerMoney, NumberSeries
from ledger_web.models.label import CodeBlock, LabelJob, LabelJobLine, LabelPrinter, LabelTemplate, QueuedLabel
from ledger_web.models.ledger import Account, Category, Entry, LockDateChange, Transaction, TransactionWord
from ledger_web.models.measure_rule import MeasureRule
from ledger_web.models.open_item import Allocation, OpenItem
from ledger_web.models.party import Customer, Employee, Member, MembershipTerm, Party, PartyWord, Vendor
from ledger_web.models.payment import Payment
from ledger_web.models.product import (
    Barcode,
    PriceChange,
    PriceList,
    Product,
    ProductCategory,
    ProductFamily,
    ProductImport,
    ProductImportPart,
    ProductPicture,
    ProductPrice,
    ProductUnit,
    ProductWord,
)
from ledger_web.models.purchase import (
    ExchangeRate,
    Purchase,
    PurchaseCharge,
    PurchaseDraft,
    PurchaseDraftCharge,
    PurchaseDraftLine,
    PurchaseLine,
    PurchasePaper,
    PurchaseReturn,
    PurchaseReturnLine,
    PurchaseSettings,
    VendorPrice,
)
from ledger_web.models.recalculation import BalanceDiscrepancy, RecalculationRun
from ledger_web.models.receipt import ReceiptPrint
from ledger_web.models.sale import Cart, CartLine, GiftCard, Sale, SaleLine
from ledger_web.models.sale_return import RefundedPayment, ReturnedLine, ReturnReason, SaleReturn, SaleReturnLine
from ledger_web.models.shift import Shift, ShiftCount, ZReport
from ledger_web.models.shop_export import ShopExport
from ledger_web.models.stock import StockLevel, StockMove
from ledger_web.models.stock_count import StockCount, StockCountLine
from ledger_web.models.tax import TaxClass, TaxRate
from ledger_web.models.tenant import DomainClaim, DomainDirectory, MailRequest, ShopLogo, Tenant, TenantDirectory
from ledger_web.models.user import (
    EmailLink,
    PasswordLink,
    RecoveryCode,
    Role,
    RoleDrawer,
    Session,
    SignInFailure,
    Submission,
    Till,
    User,
)

__all__ = [
    "Account",
    "Allocation",
    "AuditBlock",
    "AuditEvent",
    "BalanceDiscrepancy",
    "BankAccount",
    "Barcode",
    "Cart",
    "CartLine",
    "CashDrawer",
    "CashDrawerMoney",
    "Category",
    "CodeBlock",
    "Customer",
    "DailyTotal",
    "DailyTotalFailure",
    "DailyTotalMark",
    "DomainClaim",
    "DomainDirectory",
    "EmailLink",
    "Employee",
    "Entry",
    "ExchangeRate",
    "GiftCard",
    "LabelJob",
    "LabelJobLine",
    "LabelPrinter",
    "LabelTemplate",
    "LockDateChange",
    "MailRequest",
    "MeasureRule",
    "Member",
    "MembershipTerm",
    "NumberSeries",
    "OpenItem",
    "Party",
    "PartyWord",
    "PasswordLink",
    "Payment",
    "PriceChange",
    "PriceList",
    "Product",
    "ProductCategory",
    "ProductFamily",
    "ProductImport",
    "ProductImportPart",
    "ProductPicture",
    "ProductPrice",
    "ProductUnit",
    "ProductWord",
    "Purchase",
    "PurchaseCharge",
    "PurchaseDraft",
    "PurchaseDraftCharge",
    "PurchaseDraftLine",
    "PurchaseLine",
    "PurchasePaper",
    "PurchaseReturn",
    "PurchaseReturnLine",
    "PurchaseSettings",
    "QueuedLabel",
    "RecalculationRun",
    "ReceiptPrint",
    "RecoveryCode",
    "RefundedPayment",
    "ReturnReason",
    "ReturnedLine",
    "Role",
    "RoleDrawer",
    "Sale",
    "SaleLine",
    "SaleReturn",
    "SaleReturnLine",
    "Session",
    "Shift",
    "ShiftCount",
    "ShopExport",
    "ShopLogo",
    "SignInFailure",
    "StockCount",
    "StockCountLine",
    "StockLevel",
    "StockMove",
    "Submission",
    "TaxClass",
    "TaxRate",
    "Tenant",
    "TenantDirectory",
    "Till",
    "Transaction",
    "TransactionWord",
    "User",
    "Vendor",
    "VendorPrice",
    "ZReport",
]
