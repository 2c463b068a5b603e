"""Counting a drawer: one form for opening and closing, with a field a currency and one for each coin and note."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, cast
from uuid import UUID

from ledger_web.domain.denominations import denominations
from ledger_web.domain.languages import gettext
from ledger_web.forms.base import LedgerForm
from ledger_web.forms.fields import ChoiceField, MoneyField, TextField, WholeNumberField
from ledger_web.services.shifts import CloseShift, Count, OpenShift

PIECES_MAX = 1_000_000

Form = TypeVar("Form", bound="CountingForm")


class CountedField(MoneyField):
    """What was counted of one currency; left empty, the pieces say it."""

    def __init__(self, label: str | None = None, *, counted_in: str, **options: Any) -> None:
        super().__init__(label, required=False, **options)
        self._counted_in = counted_in

    @property
    def currency(self) -> str:
        return self._counted_in


class CountingForm(LedgerForm):
    """What is in a drawer. Made for the currencies the drawer has: see `counting_form`."""

    currencies: Sequence[str] = ()

    def counted(self, currency: str) -> CountedField:
        return cast(CountedField, self[f"counted_{currency}"])

    def pieces(self, currency: str) -> list[tuple[int, WholeNumberField]]:
        """Return the fields for coins and notes with their values, largest first."""
        fields = [(value, self[f"pieces_{currency}_{value}"]) for value in denominations(currency)]
        return cast(list[tuple[int, WholeNumberField]], fields)

    def counts(self) -> Iterator[Count]:
        """Yield what was counted; a currency that was left empty was not."""
        for currency in self.currencies:
            pieces = tuple((value, field.data) for value, field in self.pieces(currency) if field.data)
            by_pieces = sum(value * number for value, number in pieces)
            counted = self.counted(currency).data
            if counted is not None or pieces:
                yield Count(currency=currency, counted=by_pieces if counted is None else counted, pieces=pieces)

    def validate(self, extra_validators: Any = None) -> bool:
        """Refuse an amount that its own pieces contradict."""
        if not super().validate(extra_validators):
            return False
        for count in self.counts():
            by_pieces = sum(value * number for value, number in count.pieces)
            if count.pieces and by_pieces != count.counted:
                field = self.counted(count.currency)
                field.errors = (
                    gettext(
                        "%(text)s: The pieces come to %(by_pieces)s. Correct one of the two,"
                        " or leave the amount empty.",
                        text=field.label.text,
                        by_pieces=field.write(by_pieces),
                    ),
                )
                return False
        return True


class OpeningForm(CountingForm):
    """The count a shift begins with."""

    source = ChoiceField(
        "If it differs from the books",
        choices=[("owner", "The owner brought or took the difference"), ("over_short", "It is over or short")],
        default="owner",
        required=False,
    )

    def to_command(self, drawer_id: UUID) -> OpenShift:
        return OpenShift(
            id=self.op_id.data,
            drawer_id=drawer_id,
            counts=tuple(self.counts()),
            owner_brought=self.source.data != "over_short",
        )


class ClosingForm(CountingForm):
    """The count a shift ends with."""

    note = TextField("Note", max_length=500, required=False)

    def to_command(self, shift_id: UUID, *, may_approve: bool) -> CloseShift:
        return CloseShift(
            id=self.op_id.data,
            shift_id=shift_id,
            counts=tuple(self.counts()),
            may_approve=may_approve,
            note=self.note.data,
        )


class CountingRulesForm(LedgerForm):
    """How a shop counts its drawers."""

    over_short_limit = MoneyField("A cashier may close with a difference up to", required=False)
    blind_count = ChoiceField(
        "While counting, the expected amount is",
        choices=[("", "shown"), ("1", "hidden until the shift is closed")],
        required=False,
    )


def counting_form(kind: type[Form], currencies: Sequence[str]) -> type[Form]:
    """Return the form with fields for these currencies."""
    fields: dict[str, Any] = {"currencies": tuple(currencies)}
    for currency in currencies:
        fields[f"counted_{currency}"] = CountedField(f"Counted {currency}", counted_in=currency)
        for value in denominations(currency):
            fields[f"pieces_{currency}_{value}"] = WholeNumberField(
                f"Pieces of {currency} {value}", required=False, maximum=PIECES_MAX
            )
    return type(kind.__name__, (kind,), fields)
