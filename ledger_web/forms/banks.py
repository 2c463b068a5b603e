"""Forms of bank accounts."""

import uuid

from ledger_web.forms.base import LedgerForm, VersionedForm
from ledger_web.forms.fields import CurrencyField, TextField
from ledger_web.services.banks import ArchiveBank, CreateBank, RenameBank, RestoreBank

NAME_MAX = 60


class BankForm(LedgerForm):
    """A bank account to be added."""

    name = TextField("Name", max_length=NAME_MAX, identifier=True)
    currency = CurrencyField("Currency")

    def to_command(self) -> CreateBank:
        return CreateBank(id=self.op_id.data, name=self.name.data, currency=self.currency.data)


class BankNameForm(VersionedForm):
    """Another name for a bank account."""

    name = TextField("Name", max_length=NAME_MAX, identifier=True)

    def to_command(self, bank_id: uuid.UUID) -> RenameBank:
        return RenameBank(op_id=self.op_id.data, bank_id=bank_id, version=self.version.data, name=self.name.data)


class BankActForm(LedgerForm):
    """A button on the page of a bank account."""

    def to_archive(self, bank_id: uuid.UUID) -> ArchiveBank:
        return ArchiveBank(op_id=self.op_id.data, bank_id=bank_id)

    def to_restore(self, bank_id: uuid.UUID) -> RestoreBank:
        return RestoreBank(op_id=self.op_id.data, bank_id=bank_id)
