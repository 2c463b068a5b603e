"""Forms about customers, vendors, employees and members."""

import uuid

from ledger_web.forms.base import LedgerForm, QueryForm, VersionedForm
from ledger_web.forms.fields import ChoiceField, CurrencyField, IdField, MoneyField, TextField
from ledger_web.services.parties import ArchiveParty, CreateParty, EditParty, RestoreParty, SetCreditLimit

NAME_MAX = 120
PHONE_MAX = 40
NOTE_MAX = 2000


class NewPartyForm(LedgerForm):
    """Somebody the shop deals with from now on."""

    name = TextField("Name", max_length=NAME_MAX)
    phone = TextField("Phone", max_length=PHONE_MAX, required=False, render_kw={"type": "tel"})
    currency = CurrencyField("Currency")
    credit_limit = MoneyField("Credit limit", currency_field="currency", required=False)
    note = TextField("Note", max_length=NOTE_MAX, multiline=True, required=False)

    def to_command(self, kind: str, *, may_limit: bool) -> CreateParty:
        return CreateParty(
            id=self.op_id.data,
            kind=kind,
            name=self.name.data,
            phone=self.phone.data or "",
            note=self.note.data or "",
            currency=self.currency.data,
            credit_limit=self.credit_limit.data if may_limit else None,
        )


class PartyForm(VersionedForm):
    """What is written about a party."""

    name = TextField("Name", max_length=NAME_MAX)
    phone = TextField("Phone", max_length=PHONE_MAX, required=False, render_kw={"type": "tel"})
    note = TextField("Note", max_length=NOTE_MAX, multiline=True, required=False)

    def to_command(self, party_id: uuid.UUID, kind: str) -> EditParty:
        return EditParty(
            op_id=self.op_id.data,
            party_id=party_id,
            kind=kind,
            version=self.version.data,
            name=self.name.data,
            phone=self.phone.data or "",
            note=self.note.data or "",
        )


class CreditLimitForm(VersionedForm):
    """How much a customer may owe; empty is without limit. Made with the customer's currency as `base_currency`."""

    credit_limit = MoneyField("Credit limit", required=False)

    def to_command(self, party_id: uuid.UUID) -> SetCreditLimit:
        return SetCreditLimit(
            op_id=self.op_id.data,
            party_id=party_id,
            version=self.version.data,
            credit_limit=self.credit_limit.data,
        )


class PartyActForm(LedgerForm):
    """An act that needs nothing but its own number."""

    def to_archive(self, party_id: uuid.UUID, kind: str) -> ArchiveParty:
        return ArchiveParty(op_id=self.op_id.data, party_id=party_id, kind=kind)

    def to_restore(self, party_id: uuid.UUID, kind: str) -> RestoreParty:
        return RestoreParty(op_id=self.op_id.data, party_id=party_id, kind=kind)


class PartyFilterForm(QueryForm):
    """What a list of parties shows."""

    q = TextField("Name or phone", max_length=200, required=False)
    standing = ChoiceField(
        "Show",
        required=False,
        choices=[
            ("", "All"),
            ("owes_us", "Owes us"),
            ("we_owe", "We owe"),
            ("settled", "Settled"),
            ("archived", "Archived"),
        ],
    )
    after = IdField("After", required=False)
    before = IdField("Before", required=False)
