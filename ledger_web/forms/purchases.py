"""Forms of purchases: the draft's head, rate, lines and charges, and what is said when it is received."""

import re
import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, cast

from wtforms import FileField, ValidationError

from ledger_web.domain.languages import gettext
from ledger_web.domain.numbers import parse_number
from ledger_web.domain.permissions import JOURNAL_BACKDATE
from ledger_web.domain.purchases import SPREADS
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.days import LockableForm
from ledger_web.forms.fields import (
    BooleanField,
    ChoiceField,
    CurrencyField,
    DateField,
    IdField,
    MoneyField,
    PercentField,
    QuantityField,
    RateField,
    TextField,
    WholeNumberField,
)
from ledger_web.forms.places import PlaceField, RateUnitField, rate_of
from ledger_web.forms.scans import ScanField
from ledger_web.identity import may
from ledger_web.services.deletions import Undo
from ledger_web.services.payments import RecordPayment
from ledger_web.services.purchase_draft_charges import AddDraftCharge, RemoveDraftCharge, ShareDraftCharge
from ledger_web.services.purchase_draft_lines import AddDraftLine, ChangeDraftLine, RemoveDraftLine
from ledger_web.services.purchase_draft_rates import SetRate
from ledger_web.services.purchase_drafts import ChangeDraft, CopyPurchase, DiscardDraft, StartDraft
from ledger_web.services.purchase_papers import AddPaper
from ledger_web.services.purchase_parts import SplitDraft
from ledger_web.services.purchase_returns import AddLateCharge, ReturnToVendor
from ledger_web.services.purchases import ReceivePurchase
from ledger_web.services.vendor_prices import SetVendorPrice, WriteProposedPrices

MEMO_MAX = 500
INVOICE_MAX = 60
PAPER_NAME_MAX = 200
DUE_DAYS_MAX = 3650

_SHARE = re.compile(r"share_([0-9a-f]{32})")


class UnitCostField(RateField):
    """What one costs, in whole units of a currency: `data` is a Decimal >= 0 with at most six decimals."""

    @property
    def when_missing(self) -> str:
        return gettext("Enter what one costs, like 2.50.")

    def parse(self, text: str) -> Any:
        cost = parse_number(text, self.meta.signs, digits=12, decimals=6, noun=gettext("a cost"))
        if cost < 0:
            raise ValueError(f"{self.label.text}: Enter a cost of zero or more.")
        return cost


class PurchasesListForm(QueryForm):
    """Which purchases are shown."""

    q = TextField("Number or invoice", max_length=INVOICE_MAX, required=False)
    vendor_id = ChoiceField("Vendor", required=False)
    since = DateField("From", days_ahead=DUE_DAYS_MAX, required=False)
    until = DateField("To", days_ahead=DUE_DAYS_MAX, required=False)
    before = IdField("Older than", required=False)

    @property
    def in_address(self) -> dict[str, Any]:
        """Return what was asked for, as an address says it."""
        asked = {field.name: field.data for field in (self.q, self.vendor_id, self.since, self.until)}
        return {name: value for name, value in asked.items() if value}


class ExchangeForm(QueryForm):
    """On which day foreign money is valued."""

    day = DateField("On", days_ahead=0, required=False)


class CopyForm(LedgerForm):
    """A purchase that is to be entered once more, or corrected."""

    def to_command(self, purchase_id: uuid.UUID, *, corrects: bool) -> CopyPurchase:
        return CopyPurchase(id=self.op_id.data, purchase_id=purchase_id, corrects=corrects)


class DraftStartForm(LedgerForm):
    """A new purchase, perhaps of a vendor."""

    vendor_id = ChoiceField("Vendor", required=False, id="start-vendor")

    def to_command(self) -> StartDraft:
        return StartDraft(id=self.op_id.data, vendor_id=self.vendor_id.data or None)


class VendorField(ChoiceField):
    """A vendor of the shop: `data` is their id. Its choices come from the handler."""

    def __init__(self, label: str = "Vendor", **options: Any) -> None:
        super().__init__(label, required=False, **options)
        self.flags.optional = False  # a draft may wait for its vendor, a purchase needs one


class DraftHeadForm(LedgerForm):
    """From whom, when, and in which currency."""

    vendor_id = VendorField()
    invoice_number = TextField("Their invoice number", max_length=INVOICE_MAX, required=False)
    invoice_on = DateField("Invoice date", days_ahead=0)
    received_on = DateField("Received on", days_ahead=0, required=False)
    due_on = DateField("Due on", days_ahead=DUE_DAYS_MAX, required=False)
    currency = CurrencyField("Currency")
    converts = ChoiceField(
        "If the currency changes",
        required=False,
        choices=[("", "ask"), ("keep", "keep the numbers as they are"), ("y", "convert the costs")],
    )
    duplicate_reason = TextField("Why it is entered again", max_length=200, required=False)
    printed_total = MoneyField("Total on their paper", currency_field="currency", required=False)
    memo = TextField("Note", max_length=MEMO_MAX, required=False)

    def validate_received_on(self, field: DateField) -> None:
        """Whoever may not go back receives today."""
        if field.data and field.data < self.meta.today and not may(JOURNAL_BACKDATE):
            raise ValidationError(gettext("Received on: Your role posts on today only. Leave the day empty."))

    def to_command(self, draft_id: uuid.UUID) -> ChangeDraft:
        return ChangeDraft(
            op_id=self.op_id.data,
            draft_id=draft_id,
            vendor_id=self.vendor_id.data or None,
            invoice_number=self.invoice_number.data or "",
            invoice_on=self.invoice_on.data,
            received_on=self.received_on.data,
            due_on=self.due_on.data,
            currency=self.currency.data,
            converts=self.converts.data == "y" if self.converts.data else None,
            duplicate_reason=self.duplicate_reason.data or "",
            printed_total=self.printed_total.data,
            memo=self.memo.data or "",
        )


class DraftRateForm(LedgerForm):
    """The rate: typed, or filled from where one is known, or found from what was charged."""

    source = ChoiceField(
        "From",
        choices=[("typed", "typed"), ("last", "last purchase"), ("table", "shop’s rates"), ("amounts", "charged")],
    )
    value = RateField("Rate", required=False)
    unit = CurrencyField("For one", required=False)
    charged_base = MoneyField("Charged for all of it", minimum=1, required=False)

    def validate_value(self, field: RateField) -> None:
        """A rate that is typed is there."""
        if self.source.data == "typed" and field.data is None and not field.errors:
            raise ValidationError(gettext("Rate: %(when_missing)s", when_missing=field.when_missing))

    def validate_charged_base(self, field: MoneyField) -> None:
        """What was charged is there if the rate is to be found from it."""
        if self.source.data == "amounts" and field.data is None and not field.errors:
            raise ValidationError(gettext("Charged for all of it: %(when_missing)s", when_missing=field.when_missing))

    def to_command(self, draft_id: uuid.UUID) -> SetRate:
        return SetRate(
            op_id=self.op_id.data,
            draft_id=draft_id,
            source=self.source.data,
            value=self.value.data if self.source.data == "typed" else None,
            unit=self.unit.data if self.source.data == "typed" else None,
            charged_base=self.charged_base.data if self.source.data == "amounts" else None,
        )


class DraftScanForm(LedgerForm):
    """A text that was scanned or typed, or a product chosen from the list."""

    q = ScanField("Barcode or name", required=False)
    product_id = IdField("Product", required=False)
    unit_id = IdField("Unit", required=False)
    quantity = QuantityField("Quantity", required=False)

    def to_command(
        self,
        draft_id: uuid.UUID,
        product_id: uuid.UUID,
        unit_id: uuid.UUID | None = None,
        quantity: Decimal | None = None,
    ) -> AddDraftLine:
        return AddDraftLine(
            id=self.op_id.data,
            draft_id=draft_id,
            product_id=product_id,
            unit_id=unit_id or self.unit_id.data,
            quantity=quantity or self.quantity.data or Decimal(1),
        )


class DraftLineForm(LedgerForm):
    """How much of a product, at which cost."""

    quantity = QuantityField("Quantity")
    unit_id = IdField("Unit", required=False)
    unit_cost = UnitCostField("Cost", required=False)
    discount_percent = PercentField("Discount", required=False)
    tax_percent = PercentField("Tax", required=False)
    weight = QuantityField("Weight", minimum="zero", required=False)
    volume = QuantityField("Volume", minimum="zero", required=False)

    def to_command(self, draft_id: uuid.UUID, line_id: uuid.UUID) -> ChangeDraftLine:
        return ChangeDraftLine(
            op_id=self.op_id.data,
            draft_id=draft_id,
            line_id=line_id,
            quantity=self.quantity.data,
            unit_id=self.unit_id.data,
            unit_cost=self.unit_cost.data,
            discount_percent=self.discount_percent.data or Decimal(0),
            tax_percent=self.tax_percent.data or Decimal(0),
            weight=self.weight.data,
            volume=self.volume.data,
        )


class DraftActForm(LedgerForm):
    """An act that needs nothing said: a line or a charge goes, a draft is thrown away, a purchase is copied."""

    def to_remove_line(self, draft_id: uuid.UUID, line_id: uuid.UUID) -> RemoveDraftLine:
        return RemoveDraftLine(op_id=self.op_id.data, draft_id=draft_id, line_id=line_id)

    def to_remove_charge(self, draft_id: uuid.UUID, charge_id: uuid.UUID) -> RemoveDraftCharge:
        return RemoveDraftCharge(op_id=self.op_id.data, draft_id=draft_id, charge_id=charge_id)

    def to_discard(self, draft_id: uuid.UUID) -> DiscardDraft:
        return DiscardDraft(op_id=self.op_id.data, draft_id=draft_id)


class PartForm(LedgerForm):
    """How much of each line came; made for the lines that were sent: see `part_form`."""

    line_ids: tuple[uuid.UUID, ...] = ()

    version = WholeNumberField("Version", minimum=0)

    def came_of(self, line_id: uuid.UUID) -> QuantityField:
        return cast(QuantityField, self[came_name(line_id)])

    def to_command(self, draft_id: uuid.UUID) -> SplitDraft:
        came = tuple((id, self.came_of(id).data or Decimal(0)) for id in self.line_ids)
        return SplitDraft(id=self.op_id.data, draft_id=draft_id, version=self.version.data, came=came)


def part_form(lines: Iterable[tuple[uuid.UUID, str]]) -> type[PartForm]:
    """Make the form for the lines of a draft: their ids and names."""
    named = dict(lines)
    fields = {came_name(id): QuantityField(name, minimum="zero", required=False) for id, name in named.items()}
    return type("PartForm", (PartForm,), {"line_ids": tuple(named), **fields})


def came_name(line_id: uuid.UUID) -> str:
    return f"came_{line_id.hex}"


class ChargeForm(LedgerForm):
    """Freight, duty, a broker: who is paid, how much, and how it is spread."""

    name = TextField("What for", max_length=80)
    payee_id = VendorField("Paid to")
    currency = CurrencyField("Currency")
    net = MoneyField("Amount", currency_field="currency", minimum=1)
    tax_percent = PercentField("Tax %", required=False)
    rate = RateField("Rate", required=False)
    rate_unit = RateUnitField(one="for one of this currency", other="for one of the shop’s currency")
    spread_by = ChoiceField("Spread over the lines", choices=SPREADS.items())

    def rate_in(self, base_currency: str) -> tuple[Decimal | None, str | None]:
        return rate_of(self.rate, self.rate_unit, self.currency.data, base_currency)

    def to_command(self, draft_id: uuid.UUID, base_currency: str) -> AddDraftCharge:
        rate, unit = self.rate_in(base_currency)
        return AddDraftCharge(
            id=self.op_id.data,
            draft_id=draft_id,
            name=self.name.data,
            payee_id=self.payee_id.data or None,
            currency=self.currency.data,
            net=self.net.data,
            tax_percent=self.tax_percent.data or Decimal(0),
            rate=rate,
            rate_unit=unit,
            spread_by=self.spread_by.data,
        )


class ChargeSharesForm(LedgerForm):
    """What each line bears of a charge; made for the lines that were sent: see `shares_form`."""

    line_ids: tuple[uuid.UUID, ...] = ()

    def to_command(self, draft_id: uuid.UUID, charge_id: uuid.UUID) -> ShareDraftCharge:
        shares = tuple((id, cast(MoneyField, self[share_name(id)]).data or 0) for id in self.line_ids)
        return ShareDraftCharge(op_id=self.op_id.data, draft_id=draft_id, charge_id=charge_id, shares=shares)


def shares_form(sent: Iterable[str], currency: str) -> type[ChargeSharesForm]:
    """Make the form for the shares that were sent, in the currency of the charge."""
    found = [match for match in map(_SHARE.fullmatch, sent) if match]
    ids = tuple(uuid.UUID(hex=match.group(1)) for match in found)
    chosen = type("_ShareField", (MoneyField,), {"currency": property(lambda _field: currency)})
    fields = {share_name(id): chosen(gettext("Share"), required=False) for id in ids}
    return type("ChargeSharesForm", (ChargeSharesForm,), {"line_ids": ids, **fields})


def share_name(line_id: uuid.UUID) -> str:
    return f"share_{line_id.hex}"


class ReceiveForm(LockableForm):
    """Take the goods in, and say what is paid at once. Its number is the draft's."""

    version = WholeNumberField("Version", minimum=0)
    currency = CurrencyField("Currency of the purchase")
    received_on = DateField("Received on", days_ahead=0, required=False)
    confirms_rate = BooleanField("The rate is right")
    uses_advances = BooleanField("Settle it with what was paid in advance")
    queues_labels = BooleanField("Queue labels for what was received")
    payment_id = IdField("Payment", required=False)
    pay_currency = CurrencyField("Currency", required=False)
    pay_amount = MoneyField("Pay now", currency_field="pay_currency", minimum=1, required=False)
    place = PlaceField("From", required=False)
    rate = RateField("Rate of the payment", required=False)
    rate_unit = RateUnitField(one="for one of the money paid", other="for one of the purchase’s currency")

    def validate_place(self, field: PlaceField) -> None:
        """Money comes from somewhere."""
        if self.pay_amount.data and field.data is None and not field.errors:
            raise ValidationError(gettext("From: Choose the drawer or bank account it is paid from."))

    def validate_payment_id(self, field: IdField) -> None:
        """A payment has a number of its own."""
        if self.pay_amount.data and field.data is None and not field.errors:
            raise ValidationError(
                gettext("Payment: It came without its number, so nothing was saved. Load the page again.")
            )

    def to_payment(self) -> RecordPayment | None:
        """Return what is paid at once; to whom is said by the draft."""
        if not self.pay_amount.data or self.place.data is None:
            return None
        currency = self.currency.data
        paid_in = self.pay_currency.data or currency
        other = currency if paid_in != currency else None
        rate, unit = rate_of(self.rate, self.rate_unit, paid_in, currency) if other else (None, None)
        return RecordPayment(
            id=self.payment_id.data,
            party_id=uuid.UUID(int=0),
            direction="out",
            drawer_id=self.place.data.id if self.place.data.kind == "cash" else None,
            bank_id=self.place.data.id if self.place.data.kind == "bank" else None,
            currency=paid_in,
            amount=self.pay_amount.data,
            settled_currency=other,
            rate=rate,
            rate_unit=unit,
        )

    def to_command(self, draft_id: uuid.UUID, *, may_confirm: bool, may_pay: bool) -> ReceivePurchase:
        return ReceivePurchase(
            id=draft_id,
            version=self.version.data,
            received_on=self.received_on.data,
            confirms_rate=bool(self.confirms_rate.data) and may_confirm,
            uses_advances=bool(self.uses_advances.data),
            payment=self.to_payment() if may_pay else None,
            queues_labels=bool(self.queues_labels.data),
            overrides_lock=self.insists,
        )


class PurchaseDeletionForm(LockableForm):
    """Why a purchase, or a return, is deleted."""

    reason = TextField("Reason", max_length=500)

    def validate_reason(self, field: TextField) -> None:
        """A reason says something."""
        if field.data and len(field.data) < 3:
            raise ValidationError(
                gettext("Reason: Write at least three characters, so that it can be understood later.")
            )

    def to_command(self, purchase_id: uuid.UUID) -> Undo:
        return Undo(
            id=self.op_id.data, transaction_id=purchase_id, reason=self.reason.data, overrides_lock=self.insists
        )


class ReorderForm(LedgerForm):
    """A draft with what is to be bought again."""

    vendor_id = ChoiceField("Vendor", required=False, id="reorder-vendor")


class LateChargeForm(LockableForm):
    """Freight or duty whose bill came after the goods."""

    name = TextField("What for", max_length=80)
    payee_id = VendorField("Paid to")
    currency = CurrencyField("Currency")
    net = MoneyField("Amount", currency_field="currency", minimum=1)
    tax_percent = PercentField("Tax %", required=False)
    rate = RateField("Rate", required=False)
    rate_unit = RateUnitField(one="for one of this currency", other="for one of the shop’s currency")
    spread_by = ChoiceField(
        "Spread over the lines", choices=[(kind, name) for kind, name in SPREADS.items() if kind != "hand"]
    )

    def validate_payee_id(self, field: VendorField) -> None:
        """A bill of its own is somebody's."""
        if not field.data and not field.errors:
            raise ValidationError(gettext("Paid to: Choose who sent the bill."))

    def to_command(self, purchase_id: uuid.UUID, base_currency: str) -> AddLateCharge:
        rate, unit = rate_of(self.rate, self.rate_unit, self.currency.data, base_currency)
        return AddLateCharge(
            id=self.op_id.data,
            purchase_id=purchase_id,
            name=self.name.data,
            payee_id=self.payee_id.data,
            currency=self.currency.data,
            net=self.net.data,
            tax_percent=self.tax_percent.data or Decimal(0),
            rate=rate,
            rate_unit=unit,
            spread_by=self.spread_by.data,
            overrides_lock=self.insists,
        )


class ReturnForm(LockableForm):
    """What goes back to the vendor; made for the lines of a purchase: see `return_form`."""

    lines: tuple[int, ...] = ()

    reason = TextField("Reason", max_length=500)

    def validate_reason(self, field: TextField) -> None:
        """A reason says something."""
        if field.data and len(field.data) < 3:
            raise ValidationError(
                gettext("Reason: Write at least three characters, so that it can be understood later.")
            )

    def quantity_of(self, line: int) -> QuantityField:
        return cast(QuantityField, self[f"line_{line}"])

    def to_command(self, purchase_id: uuid.UUID) -> ReturnToVendor:
        typed = [(line, self.quantity_of(line).data) for line in self.lines]
        return ReturnToVendor(
            id=self.op_id.data,
            purchase_id=purchase_id,
            lines=tuple((line, quantity) for line, quantity in typed if quantity),
            reason=self.reason.data,
            overrides_lock=self.insists,
        )


def return_form(lines: Iterable[int]) -> type[ReturnForm]:
    """Make the form for the lines of a purchase."""
    numbers = tuple(lines)
    fields = {f"line_{line}": QuantityField(f"Line {line}", minimum="zero", required=False) for line in numbers}
    return type("ReturnForm", (ReturnForm,), {"lines": numbers, **fields})


class PricesForm(LedgerForm):
    """Selling prices that are written if they are ticked; made for products: see `prices_form`."""

    product_ids: tuple[uuid.UUID, ...] = ()

    def price_of(self, product_id: uuid.UUID) -> MoneyField:
        return cast(MoneyField, self[f"price_{product_id.hex}"])

    def is_ticked(self, product_id: uuid.UUID) -> bool:
        return bool(self[f"tick_{product_id.hex}"].data)

    def to_command(self, purchase_id: uuid.UUID) -> WriteProposedPrices:
        prices = tuple((id, self.price_of(id).data) for id in self.product_ids if self.is_ticked(id))
        return WriteProposedPrices(op_id=self.op_id.data, purchase_id=purchase_id, prices=prices)


def prices_form(product_ids: Iterable[uuid.UUID]) -> type[PricesForm]:
    """Make the form for the products of a purchase."""
    ids = tuple(product_ids)
    fields: dict[str, Any] = {}
    for id in ids:
        fields[f"tick_{id.hex}"] = BooleanField("Change it")
        fields[f"price_{id.hex}"] = MoneyField("New price", required=False)
    return type("PricesForm", (PricesForm,), {"product_ids": ids, **fields})


class PaperForm(LedgerForm):
    """A photo or a PDF of the vendor's paper."""

    paper = FileField("Photo or PDF", render_kw={"accept": "image/jpeg,image/png,image/webp,application/pdf"})

    def validate_paper(self, field: FileField) -> None:
        """A file was chosen."""
        if not getattr(field.data, "filename", ""):
            raise ValidationError(gettext("Photo or PDF: Choose a file."))

    def to_command(self, purchase_id: uuid.UUID) -> AddPaper:
        upload: Any = self.paper.data
        last = upload.filename.replace("\\", "/").rpartition("/")[2]
        name = "".join(sign for sign in last if sign.isprintable())[:PAPER_NAME_MAX] or "paper"
        with upload.stream as content:
            return AddPaper(id=self.op_id.data, purchase_id=purchase_id, name=name, content=content.read())


class VendorPriceForm(LedgerForm):
    """What a vendor asks for a product."""

    product_id = IdField("Product")
    code = TextField("Their code", max_length=60, required=False)
    currency = CurrencyField("Currency")
    unit_cost = UnitCostField("Price of one")
    pack = QuantityField("Pack", required=False)
    lead_days = WholeNumberField("Days to deliver", maximum=3650, required=False)

    def to_command(self, vendor_id: uuid.UUID) -> SetVendorPrice:
        return SetVendorPrice(
            id=self.op_id.data,
            vendor_id=vendor_id,
            product_id=self.product_id.data,
            code=self.code.data or "",
            currency=self.currency.data,
            unit_cost=self.unit_cost.data,
            pack=self.pack.data or Decimal(1),
            lead_days=self.lead_days.data,
        )
