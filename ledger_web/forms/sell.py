"""Forms of the sell page: what is scanned, what a line says, how the cart is paid and put aside."""

import dataclasses
import uuid
from decimal import Decimal
from typing import Any

from wtforms import ValidationError

from ledger_web.domain.exchange import Rate
from ledger_web.domain.languages import gettext
from ledger_web.domain.tenders import BANK, CASH, GIFT_CARD, STORE_CREDIT
from ledger_web.forms.approvals import ApprovalFields
from ledger_web.forms.base import LedgerForm
from ledger_web.forms.fields import (
    BooleanField,
    ChoiceField,
    DiscountField,
    IdField,
    MoneyField,
    QuantityField,
    RateField,
    TextField,
    WholeNumberField,
)
from ledger_web.forms.scans import ScanField
from ledger_web.services.carts import (
    AddToCart,
    Ceilings,
    ChangeCart,
    ChangeCartLine,
    ChooseCustomer,
    DiscardCart,
    EmptyCart,
    ParkCart,
    RecallCart,
    RemoveCartLine,
    SellGiftCard,
)
from ledger_web.services.sales import ChangeChoice, StoreCart, TenderChoice

NOTE_MAX = 200
FOREIGN_ROWS = 2
CARD_ROWS = 2


class ScanForm(LedgerForm):
    """A text that was scanned or typed, or a product chosen from the list."""

    q = ScanField("Barcode or name", required=False)
    product_id = IdField("Product", required=False)
    quantity = QuantityField("Quantity", required=False)

    def to_command(self, product_id: uuid.UUID) -> AddToCart:
        return AddToCart(id=self.op_id.data, product_id=product_id, quantity=self.quantity.data or Decimal(1))


class CartLineForm(ApprovalFields, LedgerForm):
    """Quantity of a line, and its price for those who may change it; its details if they were opened."""

    quantity = QuantityField("Quantity")
    unit_price = MoneyField("Price", required=False)
    is_whole = BooleanField("All of the line")
    unit_id = IdField("Unit", required=False)
    discount = DiscountField("Discount", required=False)
    note = TextField("Note", max_length=NOTE_MAX, required=False)
    salesperson_id = IdField("Sold by", required=False)

    def to_command(self, line_id: uuid.UUID, ceilings: Ceilings, *, may_change_price: bool) -> ChangeCartLine:
        return ChangeCartLine(
            id=self.op_id.data,
            line_id=line_id,
            quantity=self.quantity.data,
            unit_price=self.unit_price.data if may_change_price else None,
            is_whole=self.is_whole.data,
            unit_id=self.unit_id.data,
            discount=self.discount.data,
            note=self.note.data or "",
            salesperson_id=self.salesperson_id.data,
            ceilings=ceilings,
        )


class CartForm(ApprovalFields, LedgerForm):
    """What counts for the whole cart."""

    discount = DiscountField("Discount on everything", required=False)
    salesperson_id = ChoiceField("Sold by", required=False)
    note = TextField("Note on the receipt", max_length=NOTE_MAX, required=False)

    def to_command(self, ceilings: Ceilings) -> ChangeCart:
        return ChangeCart(
            id=self.op_id.data,
            discount=self.discount.data,
            note=self.note.data or "",
            salesperson_id=self.salesperson_id.data or None,
            ceilings=ceilings,
        )


class CartActForm(LedgerForm):
    """An act that needs nothing but its own number."""

    def to_remove(self, line_id: uuid.UUID) -> RemoveCartLine:
        return RemoveCartLine(id=self.op_id.data, line_id=line_id)

    def to_empty(self) -> EmptyCart:
        return EmptyCart(id=self.op_id.data)

    def to_recall(self, cart_id: uuid.UUID) -> RecallCart:
        return RecallCart(id=self.op_id.data, cart_id=cart_id)

    def to_discard(self, cart_id: uuid.UUID) -> DiscardCart:
        return DiscardCart(id=self.op_id.data, cart_id=cart_id)


class CartCustomerForm(LedgerForm):
    """Who is buying; nobody in particular if left empty."""

    customer_id = IdField("Customer", required=False)

    def to_command(self) -> ChooseCustomer:
        return ChooseCustomer(id=self.op_id.data, customer_id=self.customer_id.data)


class ParkForm(LedgerForm):
    """A name to find the cart by again, and where."""

    label = TextField("Name", max_length=60, required=False)
    drawer_id = IdField("Drawer", required=False)

    def to_command(self) -> ParkCart:
        return ParkCart(id=self.op_id.data, label=self.label.data or "", drawer_id=self.drawer_id.data)


class GiftCardForm(LedgerForm):
    """A gift card that is sold."""

    amount = MoneyField("On the card", minimum=1)
    code = TextField("Number of the card", max_length=60, required=False, identifier=True)

    def to_command(self) -> SellGiftCard:
        return SellGiftCard(id=self.op_id.data, amount=self.amount.data, code=self.code.data or "")


class PayForm(LedgerForm):
    """How the cart is paid at once: in cash, or all of it with a card. Its number is the cart's, and becomes the
    sale's."""

    version = WholeNumberField("Cart")
    drawer_id = IdField("Drawer")
    tendered = MoneyField("Cash received", required=False)
    rest_on_account = BooleanField("Rest on account")
    bank_id = IdField("Card", required=False)

    def to_command(self, currency: str, *, discount_max: Decimal | None, price_cut_max: Decimal | None) -> StoreCart:
        tenders = (TenderChoice(method=BANK, bank_id=self.bank_id.data),) if self.bank_id.data else ()
        return StoreCart(
            id=self.op_id.data,
            version=self.version.data,
            drawer_id=self.drawer_id.data,
            currency=currency,
            tendered=self.tendered.data,
            rest_on_account=self.rest_on_account.data,
            tenders=tenders,
            discount_max=discount_max,
            price_cut_max=price_cut_max,
        )


class TenderForm(LedgerForm):
    """All ways to pay beside each other: what is left empty is not used.

    Foreign cash is taken at the shop's rate; only who may types another one.
    """

    version = WholeNumberField("Cart")
    drawer_id = IdField("Drawer")
    cash = MoneyField("Cash", required=False)
    foreign_currency_1 = ChoiceField("Currency", required=False)
    foreign_cash_1 = MoneyField("Foreign cash", currency_field="foreign_currency_1", required=False)
    foreign_rate_1 = RateField("Rate", required=False)
    foreign_currency_2 = ChoiceField("Currency", required=False)
    foreign_cash_2 = MoneyField("Foreign cash", currency_field="foreign_currency_2", required=False)
    foreign_rate_2 = RateField("Rate", required=False)
    bank_1 = ChoiceField("Card or bank", required=False)
    bank_amount_1 = MoneyField("Amount", required=False)
    bank_2 = ChoiceField("Card or bank", required=False)
    bank_amount_2 = MoneyField("Amount", required=False)
    gift_card_1 = TextField("Gift card", max_length=60, required=False, identifier=True)
    gift_amount_1 = MoneyField("Amount", required=False)
    gift_card_2 = TextField("Gift card", max_length=60, required=False, identifier=True)
    gift_amount_2 = MoneyField("Amount", required=False)
    store_credit = MoneyField("Store credit", required=False)
    rest_on_account = BooleanField("Rest on account")
    change_currency = ChoiceField("Change in", required=False)
    change_amount = MoneyField("Change", currency_field="change_currency", required=False)
    change_rate = RateField("Rate", required=False)

    def offer(self, currencies: "dict[str, Rate | None]", banks: "list[tuple[uuid.UUID, str]]") -> None:
        """Say which currencies and bank accounts there are to choose from. Call it before validate()."""
        self.rates = currencies
        for field in (self.foreign_currency_1, self.foreign_currency_2, self.change_currency):
            field.choices = [("", "–"), *((code, code) for code in currencies)]
        for field in (self.bank_1, self.bank_2):
            field.choices = [("", "–"), *banks]

    def to_command(
        self,
        currency: str,
        *,
        may_set_rate: bool,
        discount_max: Decimal | None,
        price_cut_max: Decimal | None,
    ) -> StoreCart:
        return StoreCart(
            id=self.op_id.data,
            version=self.version.data,
            drawer_id=self.drawer_id.data,
            currency=currency,
            rest_on_account=self.rest_on_account.data,
            tenders=self.tenders(may_set_rate=may_set_rate),
            change=self.change(may_set_rate=may_set_rate),
            discount_max=discount_max,
            price_cut_max=price_cut_max,
        )

    def tenders(self, *, may_set_rate: bool) -> tuple[TenderChoice, ...]:
        """Return what was filled in, in the order of the page; the rest in cash where nothing else says so."""
        found = [*self._banks(), *self._gift_cards()]
        if self.store_credit.data:
            found.append(TenderChoice(method=STORE_CREDIT, amount=self.store_credit.data))
        found += self._foreign(may_set_rate=may_set_rate)
        if self.cash.data:
            found.append(TenderChoice(method=CASH, amount=self.cash.data))
        return tuple(found)

    def _banks(self) -> list[TenderChoice]:
        rows = ((self.bank_1, self.bank_amount_1), (self.bank_2, self.bank_amount_2))
        return [TenderChoice(method=BANK, bank_id=bank.data, amount=amount.data) for bank, amount in rows if bank.data]

    def _gift_cards(self) -> list[TenderChoice]:
        rows = ((self.gift_card_1, self.gift_amount_1), (self.gift_card_2, self.gift_amount_2))
        return [
            TenderChoice(method=GIFT_CARD, gift_card_code=code.data, amount=amount.data)
            for code, amount in rows
            if code.data
        ]

    def _foreign(self, *, may_set_rate: bool) -> list[TenderChoice]:
        rows = (
            (self.foreign_currency_1, self.foreign_cash_1, self.foreign_rate_1),
            (self.foreign_currency_2, self.foreign_cash_2, self.foreign_rate_2),
        )
        found = []
        for currency, amount, rate in rows:
            if currency.data and amount.data:
                value, unit = self._rate(currency.data, rate.data, may_set_rate=may_set_rate)
                found.append(
                    TenderChoice(method=CASH, currency=currency.data, amount=amount.data, rate=value, rate_unit=unit)
                )
        return found

    def change(self, *, may_set_rate: bool) -> ChangeChoice | None:
        if not self.change_currency.data:
            return None
        value, unit = self._rate(self.change_currency.data, self.change_rate.data, may_set_rate=may_set_rate)
        return ChangeChoice(
            currency=self.change_currency.data, amount=self.change_amount.data, rate=value, rate_unit=unit
        )

    def _rate(self, currency: str, typed: Decimal | None, *, may_set_rate: bool) -> tuple[Decimal | None, str]:
        """Return the rate a currency is taken at: typed, for one of it, or the shop's own."""
        own = self.rates.get(currency)
        if typed is not None and may_set_rate:
            return typed, own.unit if own else currency
        return (own.value, own.unit) if own else (None, currency)

    def validate_foreign_cash_1(self, field: Any) -> None:
        _must_have_currency(field, self.foreign_currency_1)

    def validate_foreign_cash_2(self, field: Any) -> None:
        _must_have_currency(field, self.foreign_currency_2)


def _must_have_currency(field: Any, currency: Any) -> None:
    if field.data and not currency.data:
        raise ValidationError(gettext("Foreign cash: Choose its currency."))


def raised(ceilings: Ceilings, limit: str, percent: Decimal, approved_by: uuid.UUID | None) -> Ceilings:
    """Return ceilings with one raised as far as somebody approved."""
    if limit == "sale.discount":
        return dataclasses.replace(ceilings, discount=percent, approved_by=approved_by)
    return dataclasses.replace(ceilings, price_cut=percent, approved_by=approved_by)
