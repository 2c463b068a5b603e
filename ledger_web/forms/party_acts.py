"""Forms of what happens to people's accounts beside sales and payments."""

import uuid
from typing import Any

from ledger_web.domain.party_acts import DEDUCTIONS
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import ChoiceField, CurrencyField, DateField, MoneyField, TextField
from ledger_web.services.merges import MergeParties
from ledger_web.services.party_acts import AccrueSalary, ChargeDues, DeductSalary, SetOff, WaiveDues

MEMO_MAX = 200


class PartyMoneyForm(LedgerForm):
    """One amount on a party's account. Subclasses say which command it is."""

    currency = CurrencyField("Currency")
    amount = MoneyField("Amount", currency_field="currency", minimum=1)

    def to_command(self, party_id: uuid.UUID) -> Any:
        """Make the command of the act."""
        raise NotImplementedError


class SalaryForm(PartyMoneyForm):
    """What an employee has earned."""

    memo = TextField("For", max_length=MEMO_MAX)

    def to_command(self, party_id: uuid.UUID) -> AccrueSalary:
        return AccrueSalary(
            id=self.op_id.data,
            employee_id=party_id,
            currency=self.currency.data,
            amount=self.amount.data,
            memo=self.memo.data,
        )


class DeductionForm(PartyMoneyForm):
    """What is taken off what an employee is owed."""

    purpose = ChoiceField("What for", choices=list(DEDUCTIONS.items()))
    memo = TextField("Memo", max_length=MEMO_MAX)

    def to_command(self, party_id: uuid.UUID) -> DeductSalary:
        return DeductSalary(
            id=self.op_id.data,
            employee_id=party_id,
            currency=self.currency.data,
            amount=self.amount.data,
            purpose=self.purpose.data,
            memo=self.memo.data,
        )


class DuesForm(PartyMoneyForm):
    """What a member is charged, and until when they are a member then."""

    expires_on = DateField("Member until", required=False, days_ahead=366 * 10)
    memo = TextField("For", max_length=MEMO_MAX)

    def to_command(self, party_id: uuid.UUID) -> ChargeDues:
        return ChargeDues(
            id=self.op_id.data,
            member_id=party_id,
            currency=self.currency.data,
            amount=self.amount.data,
            expires_on=self.expires_on.data,
            memo=self.memo.data,
        )


class WaiverForm(PartyMoneyForm):
    """Dues that a member need not pay."""

    memo = TextField("Reason", max_length=MEMO_MAX)

    def to_command(self, party_id: uuid.UUID) -> WaiveDues:
        return WaiveDues(
            id=self.op_id.data,
            member_id=party_id,
            currency=self.currency.data,
            amount=self.amount.data,
            reason=self.memo.data,
        )


class OtherPartyAimForm(QueryForm):
    """Words of the name of the other party."""

    q = TextField("Search", max_length=100, required=False)


class SetOffForm(LedgerForm):
    """The other account of the same person. `other_id` gets its choices from the handler."""

    other_id = ChoiceField("Their other account")
    currency = CurrencyField("Currency")
    amount = MoneyField("Amount", currency_field="currency", minimum=1, required=False)
    memo = TextField("Memo", max_length=MEMO_MAX, required=False)

    def to_command(self, party_id: uuid.UUID, *, is_owing: bool) -> SetOff:
        """Make the command; `is_owing`: the page is the customer's or member's."""
        return SetOff(
            id=self.op_id.data,
            party_id=party_id if is_owing else self.other_id.data,
            other_id=self.other_id.data if is_owing else party_id,
            currency=self.currency.data,
            amount=self.amount.data,
            memo=self.memo.data or "",
        )


class MergeForm(LedgerForm):
    """The party that stays. `other_id` gets its choices from the handler."""

    other_id = ChoiceField("Stays")

    def to_command(self, party_id: uuid.UUID) -> MergeParties:
        return MergeParties(id=self.op_id.data, duplicate_id=party_id, survivor_id=self.other_id.data)
