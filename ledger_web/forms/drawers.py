"""Forms of cash drawers."""

import re
import uuid

from wtforms import ValidationError

from ledger_web.domain.languages import gettext
from ledger_web.domain.places import Place
from ledger_web.forms.base import LedgerForm, VersionedForm
from ledger_web.forms.fields import ChoiceField, CurrencyField, MoneyField, TextField
from ledger_web.services.drawers import CreateDrawer, PayIn, PayOut, RenameDrawer, RestoreDrawer, RetireDrawer

_SERIES = re.compile(r"[A-Z0-9]{1,4}")


class DrawerForm(LedgerForm):
    """A cash drawer to be added."""

    name = TextField("Name", max_length=60, identifier=True)
    series = TextField("Letters", max_length=4, identifier=True, render_kw={"autocapitalize": "characters"})

    def to_command(self) -> CreateDrawer:
        return CreateDrawer(id=self.op_id.data, name=self.name.data, series=self.series.data.upper())

    def validate_series(self, field: TextField) -> None:
        """The letters begin the numbers of sales, so they are plain."""
        if field.data and not _SERIES.fullmatch(field.data.upper()):
            raise ValidationError(gettext("Letters: Use one to four letters A to Z or digits, like B or T2."))


class DrawerNameForm(VersionedForm):
    """Another name for a drawer."""

    name = TextField("Name", max_length=60, identifier=True)

    def to_command(self, drawer_id: uuid.UUID) -> RenameDrawer:
        return RenameDrawer(op_id=self.op_id.data, drawer_id=drawer_id, version=self.version.data, name=self.name.data)


class DrawerActForm(LedgerForm):
    """A button on the page of a drawer."""

    def to_retire(self, drawer_id: uuid.UUID) -> RetireDrawer:
        return RetireDrawer(op_id=self.op_id.data, drawer_id=drawer_id)

    def to_restore(self, drawer_id: uuid.UUID) -> RestoreDrawer:
        return RestoreDrawer(op_id=self.op_id.data, drawer_id=drawer_id)


class PayInForm(LedgerForm):
    """The owner's money into a drawer or a bank account."""

    currency = CurrencyField("Currency")
    amount = MoneyField("Amount", currency_field="currency", minimum=1)
    reason = TextField("Reason", max_length=200)

    def to_command(self, place: Place) -> PayIn:
        return PayIn(
            id=self.op_id.data,
            drawer_id=place.id if place.kind == "cash" else None,
            bank_id=place.id if place.kind == "bank" else None,
            currency=self.currency.data,
            amount=self.amount.data,
            reason=self.reason.data,
        )


class PayOutForm(LedgerForm):
    """Money out of a drawer or a bank account, for something. `category` gets its choices from the handler."""

    currency = CurrencyField("Currency")
    amount = MoneyField("Amount", currency_field="currency", minimum=1)
    category = ChoiceField("What for")
    reason = TextField("Reason", max_length=200)

    def to_command(self, place: Place) -> PayOut:
        return PayOut(
            id=self.op_id.data,
            drawer_id=place.id if place.kind == "cash" else None,
            bank_id=place.id if place.kind == "bank" else None,
            currency=self.currency.data,
            amount=self.amount.data,
            category=self.category.data,
            reason=self.reason.data,
        )
