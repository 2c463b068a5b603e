"""Forms of payments and opening balances."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast
from uuid import UUID

from wtforms import ValidationError, widgets

from ledger_web.domain.languages import gettext
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.days import BackdatedForm
from ledger_web.forms.fields import ChoiceField, CurrencyField, DateField, IdField, MoneyField, RateField, TextField
from ledger_web.forms.places import PlaceField, RateUnitField, rate_of
from ledger_web.services.payments import RecordOpeningBalance, RecordPayment

MEMO_MAX = 200
DOCUMENTS_MAX = 200

_SENT = re.compile(r"of_([0-9a-f]{32})")


def offer_first(field: CurrencyField, currencies: Iterable[str]) -> None:
    """Put the currencies that are in use before all others."""
    names = dict(field.choices)
    first = [code for code in dict.fromkeys(currencies) if code in names]
    field.choices = [(code, names[code]) for code in [*first, *(code for code in names if code not in first)]]


class PaymentAimForm(QueryForm):
    """Whose payment, and which way the money goes."""

    party_id = IdField("Party")
    direction = ChoiceField("Direction", required=False, choices=[("in", "in"), ("out", "out")])
    currency = CurrencyField("Currency", required=False)


class DebtField(MoneyField):
    """An amount in the currency of the debt, which is that of the money unless another is chosen."""

    def __init__(self, label: str | None = None, **options: Any) -> None:
        self._form = options["_form"]
        super().__init__(label, required=False, **options)

    @property
    def currency(self) -> str | None:
        currency: str | None = self._form.settled_currency.data or self._form.currency.data
        return currency


class PaymentForm(LedgerForm):
    """Money from a party, or to one, and what it settles. `place` gets its choices from the handler.

    Made for the documents that are open: see `payment_form`.
    """

    item_ids: tuple[UUID, ...] = ()

    party_id = IdField("Party")
    direction = ChoiceField("Direction", choices=[("in", "in"), ("out", "out")], widget=widgets.HiddenInput())
    currency = CurrencyField("Currency")
    amount = MoneyField("Amount", currency_field="currency", minimum=1, required=False)
    tendered = MoneyField("Cash received", currency_field="currency", minimum=1, required=False)
    place = PlaceField("Drawer or bank account")
    settled_currency = CurrencyField("Currency of the debt", required=False)
    settled_amount = DebtField("Settles", minimum=1)
    rate = RateField("Rate", required=False)
    rate_unit = RateUnitField(one="for one of the money paid", other="for one of the debt’s currency")
    memo = TextField("Memo", max_length=MEMO_MAX, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.amount.flags.optional = False  # it may be empty only where the rate says it

    @property
    def is_exchanged(self) -> bool:
        """Say whether the debt is in another currency than the money."""
        return self.settled_currency.data not in (None, "", self.currency.data)

    def settles(self, item_id: UUID) -> DebtField:
        """Return the field that says how much of a document is settled."""
        return cast(DebtField, self[name_of_item(item_id)])

    def to_command(self) -> RecordPayment:
        other = self.settled_currency.data if self.is_exchanged else None
        rate, unit = rate_of(self.rate, self.rate_unit, self.currency.data, other or "") if other else (None, None)
        return RecordPayment(
            id=self.op_id.data,
            party_id=self.party_id.data,
            direction=self.direction.data,
            drawer_id=self.place.data.id if self.place.data.kind == "cash" else None,
            bank_id=self.place.data.id if self.place.data.kind == "bank" else None,
            currency=self.currency.data,
            amount=self.amount.data,
            tendered=self.tendered.data if self.direction.data == "in" else None,
            settled_currency=other,
            settled_amount=self.settled_amount.data if other else None,
            rate=rate,
            rate_unit=unit,
            allocations=self._allocations(),
            memo=self.memo.data or "",
        )

    def validate_amount(self, field: MoneyField) -> None:
        """What is paid is typed, unless what it settles and the rate say it."""
        if field.data is None and not field.errors and not (self.is_exchanged and self.settled_amount.raw):
            raise ValidationError(gettext("Amount: %(when_missing)s", when_missing=field.when_missing))

    def validate_tendered(self, field: MoneyField) -> None:
        """What is handed over covers the amount; the rest is change."""
        if self.direction.data == "in" and field.data and self.amount.data and field.data < self.amount.data:
            raise ValidationError(gettext("Cash received: This is less than the amount. Lower the amount to match."))

    def _allocations(self) -> tuple[tuple[UUID, int], ...] | None:
        """Return what is settled of which document; None where nothing was typed: then the oldest come first."""
        typed = [(id, self.settles(id).data) for id in self.item_ids]
        if all(amount is None for _, amount in typed):
            return None
        return tuple((id, amount) for id, amount in typed if amount)


def payment_form(items: Mapping[UUID, str], sent: Iterable[str] = ()) -> type[PaymentForm]:
    """Make the form for the documents that are open, by their titles, and for those that were when it was shown.

    Args:
        sent: Names of what came with the form: a document that was settled meanwhile is still spoken of.
    """
    titles = dict.fromkeys(ids_in(sent), gettext("Settled meanwhile")) | dict(items)
    fields: dict[str, Any] = {name_of_item(id): DebtField(title) for id, title in titles.items()}
    return type("PaymentForm", (PaymentForm,), {"item_ids": tuple(titles), **fields})


def name_of_item(item_id: UUID) -> str:
    return f"of_{item_id.hex}"


def ids_in(names: Iterable[str]) -> list[UUID]:
    found = [_SENT.fullmatch(name) for name in names]
    return [UUID(hex=match.group(1)) for match in found if match][:DOCUMENTS_MAX]


class OpeningBalanceForm(BackdatedForm):
    """A debt from before the shop kept its books here."""

    party_id = IdField("Party")
    owed = ChoiceField("Who owes whom", choices=[("to_us", "They owe us"), ("by_us", "We owe them")])
    currency = CurrencyField("Currency")
    amount = MoneyField("Amount", currency_field="currency", minimum=1)
    rate = RateField("Rate it arose at", required=False)
    rate_unit = RateUnitField(one="for one of this currency", other="for one of the shop’s currency")
    day = DateField("As of", days_ahead=0)
    memo = TextField("Memo", max_length=MEMO_MAX, required=False)

    def to_command(self, base_currency: str) -> RecordOpeningBalance:
        is_foreign = self.currency.data != base_currency
        rate, unit = rate_of(self.rate, self.rate_unit, self.currency.data, base_currency)
        return RecordOpeningBalance(
            id=self.op_id.data,
            party_id=self.party_id.data,
            currency=self.currency.data,
            amount=self.amount.data,
            is_owed_to_us=self.owed.data == "to_us",
            rate=rate if is_foreign else None,
            rate_unit=unit if is_foreign else None,
            occurred_on=self.day.data,
            memo=self.memo.data or "",
        )
