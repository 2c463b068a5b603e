"""Forms of what undoes a sale: its deletion, a return, and the reasons for both."""

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import ValidationError

from ledger_web.domain.ids import parse_id
from ledger_web.domain.languages import gettext, gettext_noop
from ledger_web.domain.returns import AS_PAID, CREDIT, DISPOSITIONS, REFUNDS, PaidBy
from ledger_web.domain.tenders import BANK
from ledger_web.forms.approvals import ApprovalFields
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import (
    BooleanField,
    ChoiceField,
    IdField,
    MoneyField,
    QuantityField,
    TextField,
    WholeNumberField,
)
from ledger_web.forms.scans import ScanField
from ledger_web.services.carts import CopyToCart
from ledger_web.services.deletions import Undo
from ledger_web.services.exchanges import RecordExchange
from ledger_web.services.loose_returns import WAYS, RecordLooseReturn
from ledger_web.services.return_reasons import SaveReason
from ledger_web.services.sale_returns import LeftOfLine, RecordReturn, ReturnedQuantity
from ledger_web.services.sales import StoreCart, TenderChoice

NOTE_MAX = 500
_BECOMES = [("", gettext_noop("As the reason says")), *DISPOSITIONS.items()]
SALES_MAX = 50  # deleted at once


class DeletionForm(ApprovalFields, LedgerForm):
    """Why a sale is deleted. `reason_id` gets its choices from the handler."""

    reason_id = ChoiceField("Reason", required=False)
    reason = TextField("Note", max_length=NOTE_MAX, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.reason_id.flags.optional = False  # only a note beside it may stand for it

    def to_command(self, sale_id: uuid.UUID, approver_id: uuid.UUID | None) -> Undo:
        return Undo(
            id=self.op_id.data,
            transaction_id=sale_id,
            reason=self.reason.data or "",
            reason_id=self.reason_id.data or None,
            approved_by=approver_id,
        )

    def validate_reason(self, field: TextField) -> None:
        """Where no reason is chosen, it is written down."""
        if not self.reason_id.data and len(field.data or "") < 3:
            raise ValidationError(gettext("Note: Write at least three characters, so that it can be understood later."))


class SalesChosenForm(QueryForm):
    """Sales that were ticked in the list, up to SALES_MAX."""

    def __init__(self, sent: MultiDict[str, str], **options: Any) -> None:
        super().__init__(sent, **options)
        found = [parse_id(text) for text in dict.fromkeys(sent.getlist("sale"))]
        self.ids = [id for id in found if id is not None]
        self._trouble = ""
        if not found or len(self.ids) < len(found):
            self._trouble = gettext("Tick the sales to be deleted in the list first.")
        elif len(found) > SALES_MAX:
            self._trouble = gettext(
                "At most %(sales_max)s sales are deleted at once. Tick fewer of them.", sales_max=SALES_MAX
            )

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Say whether some sales were ticked, and not too many."""
        return bool(super().validate(*args, **kwargs)) and not self._trouble

    @property
    def sentences(self) -> list[str]:
        return [self._trouble] if self._trouble else []


class BulkDeletionForm(ApprovalFields, LedgerForm):
    """Why many sales are deleted. `reason_id` gets its choices from the handler."""

    reason_id = ChoiceField("Reason")
    reason = TextField("Note", max_length=NOTE_MAX, required=False)


class CopyForm(LedgerForm):
    """Sell once more what a sale sold."""

    def to_command(self, sale_id: uuid.UUID) -> CopyToCart:
        return CopyToCart(id=self.op_id.data, sale_id=sale_id)


class ReturnAimForm(QueryForm):
    """Whether a return begins with everything that is left."""

    all = BooleanField("Everything")


class ReturnLineForm(QueryForm):
    """How much of a line comes back, and what becomes of it."""

    quantity = QuantityField("Quantity", required=False)
    disposition = ChoiceField("Becomes", choices=_BECOMES, required=False)


class RefundForm(QueryForm):
    """How much goes back by one of the ways it was paid."""

    amount = MoneyField("Amount", required=False)


class ReturnForm(ApprovalFields, LedgerForm):
    """What comes back of a sale, why, and how the money goes back.

    Lines are named 3-quantity, ways of paying p0-amount, in the order in which they were sold and paid. `reason_id`
    and `drawer_id` get their choices from the handler.
    """

    drawer_id = ChoiceField("Drawer")
    reason_id = ChoiceField("Reason")
    note = TextField("Note", max_length=NOTE_MAX, required=False)
    way = ChoiceField("Money goes back", choices=REFUNDS.items(), required=False)
    customer = TextField("Customer", max_length=100, required=False)

    def __init__(
        self,
        formdata: MultiDict[str, str] | None = None,
        *,
        lines: Sequence[LeftOfLine] = (),
        ways: Sequence[PaidBy] = (),
        everything: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(formdata, **options)
        self.lines = [
            (
                each,
                ReturnLineForm(
                    formdata,
                    prefix=f"{each.line}-",
                    quantity=each.left if everything and each.left else None,
                ),
            )
            for each in lines
        ]
        self.ways = [(each, RefundForm(formdata, prefix=f"p{n}-")) for n, each in enumerate(ways)]

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Look at every line, so that all that is wrong is said at once."""
        is_valid = bool(super().validate(*args, **kwargs))
        are_valid = [form.validate() for _, form in (*self.lines, *self.ways)]
        return is_valid and all(are_valid)

    @property
    def sentences(self) -> list[str]:
        own = [str(sentence) for field in self for sentence in field.errors]
        return [*own, *(sentence for _, form in (*self.lines, *self.ways) for sentence in form.sentences)]

    def to_command(
        self, sale_id: uuid.UUID, customer_id: uuid.UUID | None, approver_id: uuid.UUID | None = None
    ) -> RecordReturn:
        return RecordReturn(
            id=self.op_id.data,
            sale_id=sale_id,
            drawer_id=self.drawer_id.data,
            lines=tuple(
                ReturnedQuantity(line=line.line, quantity=form.quantity.data, disposition=form.disposition.data or "")
                for line, form in self.lines
                if form.quantity.data
            ),
            reason_id=self.reason_id.data,
            note=self.note.data or "",
            way=self.way.data or AS_PAID,
            chosen=tuple((way.payment_id, form.amount.data) for way, form in self.ways if form.amount.data),
            customer_id=customer_id,
            approved_by=approver_id,
        )


class ExchangeForm(ReturnForm):
    """What comes back of a sale, what goes out instead, and how the difference is settled.

    While `q` is filled in, the form adds a product to the cart, and exchanges nothing yet. `bank_id` gets its
    choices from the handler.
    """

    q = ScanField("Scan what goes out", required=False)
    product_id = IdField("Product", required=False)
    taken_out = IdField("Line", required=False)  # not "remove": a control of that name hides the form's own remove()
    cart_id = IdField("Cart", required=False)
    version = WholeNumberField("Cart", required=False)
    tendered = MoneyField("Cash received", required=False)
    bank_id = ChoiceField("The difference is paid", required=False)
    rest_on_account = BooleanField("Rest on account")

    @property
    def cart_op_id(self) -> uuid.UUID:
        """The number of the act on the cart: the same when the same page is sent twice, and no other's."""
        said = (self.cart_id.data, self.version.data, self.q.data, self.product_id.data, self.taken_out.data)
        return uuid.uuid5(self.op_id.data, "/".join(map(str, said)))

    def validate_tendered(self, field: MoneyField) -> None:
        if field.data and self.bank_id.data:
            raise ValidationError(gettext("Cash received: Leave it empty where a card pays, or choose cash."))

    def to_exchange(
        self,
        sale_id: uuid.UUID,
        customer_id: uuid.UUID | None,
        currency: str,
        approver_id: uuid.UUID | None = None,
        *,
        discount_max: Decimal | None,
        price_cut_max: Decimal | None,
    ) -> RecordExchange:
        tenders = (TenderChoice(method=BANK, bank_id=self.bank_id.data),) if self.bank_id.data else ()
        cart = StoreCart(
            id=self.cart_id.data,
            version=self.version.data or 0,
            drawer_id=self.drawer_id.data,
            currency=currency,
            tendered=self.tendered.data,
            rest_on_account=self.rest_on_account.data,
            tenders=tenders,
            discount_max=discount_max,
            price_cut_max=price_cut_max,
        )
        return RecordExchange(back=self.to_command(sale_id, customer_id, approver_id), cart=cart)


class ProductAskedForm(QueryForm):
    """Which product comes back."""

    q = ScanField("Barcode or name", required=False)
    product_id = IdField("Product", required=False)


class LooseReturnForm(ApprovalFields, LedgerForm):
    """What comes back without a receipt. `reason_id` and `drawer_id` get their choices from the handler."""

    product_id = IdField("Product")
    quantity = QuantityField("Quantity")
    unit_price = MoneyField("Price of one")
    disposition = ChoiceField("Becomes", choices=_BECOMES, required=False)
    drawer_id = ChoiceField("Drawer")
    reason_id = ChoiceField("Reason")
    note = TextField("Note", max_length=NOTE_MAX, required=False)
    way = ChoiceField("Money goes back", choices=WAYS.items(), required=False)
    customer = TextField("Customer", max_length=100, required=False)

    def to_command(self, customer_id: uuid.UUID | None, approver_id: uuid.UUID | None = None) -> RecordLooseReturn:
        return RecordLooseReturn(
            id=self.op_id.data,
            drawer_id=self.drawer_id.data,
            product_id=self.product_id.data,
            quantity=self.quantity.data,
            unit_price=self.unit_price.data,
            reason_id=self.reason_id.data,
            note=self.note.data or "",
            disposition=self.disposition.data or "",
            way=self.way.data or CREDIT,
            customer_id=customer_id,
            approved_by=approver_id,
        )


class ReasonForm(LedgerForm):
    """A reason for which sales are undone."""

    version = WholeNumberField("Version", required=False)
    name = TextField("Name", max_length=60)
    restocks = BooleanField("Goods usually go back on the shelf")
    needs_approval = BooleanField("Somebody else has to approve")
    is_archived = BooleanField("No longer in use")

    def to_command(self, reason_id: uuid.UUID | None = None) -> SaveReason:
        return SaveReason(
            id=self.op_id.data,
            reason_id=reason_id,
            version=self.version.data or 0,
            name=self.name.data,
            restocks=self.restocks.data,
            needs_approval=self.needs_approval.data,
            is_archived=self.is_archived.data if reason_id else False,
        )
