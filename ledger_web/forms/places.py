"""Fields about the shop's own money: where it is, and at which rate it is changed."""

from decimal import Decimal
from typing import Any

from ledger_web.domain.places import Place, read_place
from ledger_web.forms.fields import ChoiceField, RateField


class PlaceField(ChoiceField):
    """A drawer or a bank account: `data` is a Place. Its choices come from the handler."""

    def parse(self, text: str) -> Place:
        return read_place(text.strip())


class RateUnitField(ChoiceField):
    """Which currency a rate is for one of: "one" or "other" of the two amounts of a form."""

    def __init__(self, label: str = "The rate is", *, one: str, other: str, **options: Any) -> None:
        super().__init__(label, required=False, choices=[("one", one), ("other", other)], **options)


def rate_of(rate: RateField, unit: RateUnitField, one: str, other: str) -> tuple[Decimal | None, str | None]:
    """Return the rate and the currency it is for one of; (None, None) where none was typed."""
    if rate.data is None:
        return None, None
    return rate.data, other if unit.data == "other" else one
