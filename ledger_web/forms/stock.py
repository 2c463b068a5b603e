"""What is asked of the stock pages, the reorder level, and counting."""

import datetime as dt
import re
import uuid
from decimal import Decimal

from ledger_web.domain.ids import parse_id
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import (
    BooleanField,
    ChoiceField,
    DateField,
    IdField,
    QuantityField,
    TextField,
)
from ledger_web.forms.scans import ScanField
from ledger_web.queries.stock import SHOWN, Place
from ledger_web.services.stock_counts import (
    AddToCount,
    DiscardCount,
    ForgetCounted,
    PostCount,
    SetCounted,
    StartCount,
)

SEARCH_MAX = 200
COUNT_NAME_MAX = 100
_PLACE = re.compile(r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})\.(?P<transaction>[0-9a-f-]{36})\.(?P<line>[0-9]{1,8})")


class LevelsForm(QueryForm):
    """Which products, and on which day."""

    q = TextField("Search", required=False, max_length=SEARCH_MAX, render_kw={"type": "search"})
    shown = ChoiceField("Show", required=False, choices=[("", "All products"), *SHOWN.items()])
    day = DateField("At the end of", required=False, days_ahead=0)
    after = IdField("After", required=False)


class MovesForm(QueryForm):
    """What moved a product up to which day, and where the page begins."""

    until = DateField("Up to", required=False, days_ahead=0)
    before = TextField("Before", required=False, max_length=80)

    @property
    def place(self) -> Place | None:
        """Return the line the page begins behind; of a text that names none, nothing: it is the first page then."""
        found = _PLACE.fullmatch(self.before.data or "")
        id = parse_id(found["transaction"]) if found else None
        if found is None or id is None:
            return None
        try:
            return Place(dt.date.fromisoformat(found["day"]), id, int(found["line"]))
        except ValueError:
            return None


class CountForm(LedgerForm):
    """A count that begins."""

    name = TextField("What is counted", max_length=COUNT_NAME_MAX)
    is_blind = BooleanField("Blind: whoever counts does not see how much there should be")

    def to_command(self) -> StartCount:
        return StartCount(id=self.op_id.data, name=self.name.data, is_blind=bool(self.is_blind.data))


class CountScanForm(LedgerForm):
    """A product that was found on a shelf: by its code, its name, or chosen."""

    q = ScanField("Barcode or name", required=False)
    product_id = IdField("Product", required=False)
    quantity = QuantityField("Quantity", required=False)

    def to_command(self, count_id: uuid.UUID, product_id: uuid.UUID, quantity: Decimal) -> AddToCount:
        return AddToCount(op_id=self.op_id.data, count_id=count_id, product_id=product_id, quantity=quantity)


class CountedForm(LedgerForm):
    """How much there is of a product, all of it."""

    counted = QuantityField("Counted", minimum="zero")

    def to_command(self, count_id: uuid.UUID, product_id: uuid.UUID) -> SetCounted:
        return SetCounted(op_id=self.op_id.data, count_id=count_id, product_id=product_id, counted=self.counted.data)


class CountActForm(LedgerForm):
    """An act on a count that needs no more than its form."""

    def to_forget(self, count_id: uuid.UUID, product_id: uuid.UUID) -> ForgetCounted:
        return ForgetCounted(op_id=self.op_id.data, count_id=count_id, product_id=product_id)

    def to_none(self, count_id: uuid.UUID, product_id: uuid.UUID) -> SetCounted:
        return SetCounted(op_id=self.op_id.data, count_id=count_id, product_id=product_id, counted=Decimal(0))

    def to_discard(self, count_id: uuid.UUID) -> DiscardCount:
        return DiscardCount(op_id=self.op_id.data, count_id=count_id)


class PostingForm(LedgerForm):
    """The differences that were looked at."""

    digest = TextField("Differences", max_length=64)

    def to_command(self, count_id: uuid.UUID, currency: str) -> PostCount:
        return PostCount(id=self.op_id.data, count_id=count_id, digest=self.digest.data, currency=currency)
