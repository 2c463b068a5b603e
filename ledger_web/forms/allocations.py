"""Forms that settle documents with what is left of a payment, and that take such a settlement back."""

from collections.abc import Iterable, Mapping
from typing import Any, cast
from uuid import UUID

from ledger_web.domain.languages import gettext
from ledger_web.forms.base import LedgerForm
from ledger_web.forms.fields import ChoiceField, MoneyField, TextField
from ledger_web.forms.payments import ids_in, name_of_item
from ledger_web.services.allocations import AllocateItem, ReleaseAllocation

REASON_MAX = 200


class AllocationForm(LedgerForm):
    """How much of which document is settled. Made for those that are open, with their currency as `base_currency`."""

    item_ids: tuple[UUID, ...] = ()

    def settles(self, item_id: UUID) -> MoneyField:
        """Return the field that says how much of a document is settled."""
        return cast(MoneyField, self[name_of_item(item_id)])

    def to_command(self, item_id: UUID) -> AllocateItem:
        typed = [(id, self.settles(id).data) for id in self.item_ids]
        return AllocateItem(
            id=self.op_id.data,
            item_id=item_id,
            allocations=tuple((id, amount) for id, amount in typed if amount)
            if any(amount is not None for _, amount in typed)
            else None,
        )


def allocation_form(items: Mapping[UUID, str], sent: Iterable[str] = ()) -> type[AllocationForm]:
    """Make the form for the documents that are open, by their titles, and for those that were when it was shown."""
    titles = dict.fromkeys(ids_in(sent), gettext("Settled meanwhile")) | dict(items)
    fields: dict[str, Any] = {name_of_item(id): MoneyField(title, required=False) for id, title in titles.items()}
    return type("AllocationForm", (AllocationForm,), {"item_ids": tuple(titles), **fields})


class ReleaseForm(LedgerForm):
    """Take a settlement back, and settle another document instead if one is chosen: its choices are the handler's."""

    reason = TextField("Reason", max_length=REASON_MAX)
    instead = ChoiceField("Settle instead", required=False, choices=[("", "Nothing: it stays as credit")])

    def to_command(self, allocation_id: UUID) -> ReleaseAllocation:
        return ReleaseAllocation(
            id=self.op_id.data,
            allocation_id=allocation_id,
            reason=self.reason.data,
            instead_id=self.instead.data or None,
        )
