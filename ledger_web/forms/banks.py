"""Forms of bank accounts."""

import uuid

from wtforms import widgets

from ledger_web.forms.base import LedgerForm
from ledger_web.forms.fields import CurrencyField, TextField, WholeNumberField
from ledger_web.services.banks import ArchiveBank, CreateBank, RenameBank, RestoreBank

NAME_MAX = 60


class BankForm(LedgerForm):
    """A bank account to be added."""

    name = TextField("Name", max_length=NAME_MAX, identifier=True)
    currency = CurrencyField("Currency")

    def to_command(self) -> CreateBank:
        return CreateBank(id=self.op_id.data, name=self.name.data, currency=self.currency.data)


class BankNameForm(LedgerForm):
    """Another name for a bank account."""

    version = WholeNumberField("Version", widget=widgets.HiddenInput())
    name = TextField("Name", max_length=NAME_MAX, identifier=True)

    def to_command(self, bank_id: uuid.UUID) -> RenameBank:
        return RenameBank(op_id=self.op_id.data, bank_id=bank_id, version=self.version.data, name=self.name.data)

    def compare_with(self, version: int) -> None:
        """Go on from the version that is there now: whoever sends the form again has seen it."""
        self.version.raw_data, self.version.data = [], version


class BankActForm(LedgerForm):
    """A button on the page of a bank account."""

    def to_archive(self, bank_id: uuid.UUID) -> ArchiveBank:
        return ArchiveBank(op_id=self.op_id.data, bank_id=bank_id)

    def to_restore(self, bank_id: uuid.UUID) -> RestoreBank:
        return RestoreBank(op_id=self.op_id.data, bank_id=bank_id)
