"""Forms of the sell page and of a sale."""

import uuid
from decimal import Decimal

from wtforms import BooleanField, ValidationError

from ledger_web.forms.base import LedgerForm
from ledger_web.forms.days import LockableForm
from ledger_web.forms.fields import IdField, MoneyField, QuantityField, TextField, WholeNumberField
from ledger_web.forms.scans import ScanField
from ledger_web.services.carts import AddToCart, ChangeCartLine, ChooseCustomer, EmptyCart, RemoveCartLine
from ledger_web.services.deletions import Undo
from ledger_web.services.sales import StoreCart


class ScanForm(LedgerForm):
    """A text that was scanned or typed, or a product chosen from the list."""

    q = ScanField("Barcode or name", required=False)
    product_id = IdField("Product", required=False)
    quantity = QuantityField("Quantity", required=False)

    def to_command(self, product_id: uuid.UUID) -> AddToCart:
        return AddToCart(id=self.op_id.data, product_id=product_id, quantity=self.quantity.data or Decimal(1))


class CartLineForm(LedgerForm):
    """Quantity of a line, and its price for those who may change it."""

    quantity = QuantityField("Quantity")
    unit_price = MoneyField("Price", required=False)

    def to_command(self, line_id: uuid.UUID, *, may_change_price: bool) -> ChangeCartLine:
        return ChangeCartLine(
            id=self.op_id.data,
            line_id=line_id,
            quantity=self.quantity.data,
            unit_price=self.unit_price.data if may_change_price else None,
        )


class CartActForm(LedgerForm):
    """An act that needs nothing but its own number."""

    def to_remove(self, line_id: uuid.UUID) -> RemoveCartLine:
        return RemoveCartLine(id=self.op_id.data, line_id=line_id)

    def to_empty(self) -> EmptyCart:
        return EmptyCart(id=self.op_id.data)


class CartCustomerForm(LedgerForm):
    """Who is buying; nobody in particular if left empty."""

    customer_id = IdField("Customer", required=False)

    def to_command(self) -> ChooseCustomer:
        return ChooseCustomer(id=self.op_id.data, customer_id=self.customer_id.data)


class PayForm(LedgerForm):
    """How the cart is paid. Its number is the cart's, and becomes the sale's."""

    version = WholeNumberField("Cart")
    drawer_id = IdField("Drawer")
    tendered = MoneyField("Cash received", required=False)
    rest_on_account = BooleanField("Rest on account")

    def to_command(self, currency: str) -> StoreCart:
        return StoreCart(
            id=self.op_id.data,
            version=self.version.data,
            drawer_id=self.drawer_id.data,
            currency=currency,
            tendered=self.tendered.data,
            rest_on_account=self.rest_on_account.data,
        )


class DeletionForm(LockableForm):
    """Why a sale is deleted."""

    reason = TextField("Reason", max_length=500)

    def to_command(self, sale_id: uuid.UUID) -> Undo:
        return Undo(id=self.op_id.data, transaction_id=sale_id, reason=self.reason.data, overrides_lock=self.insists)

    def validate_reason(self, field: TextField) -> None:
        """A reason says something."""
        if field.data and len(field.data) < 3:
            raise ValidationError("Reason: Write at least three characters, so that it can be understood later.")
