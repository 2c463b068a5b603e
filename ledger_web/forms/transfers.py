"""Forms that move the shop's own money."""

import uuid

from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import CurrencyField, IdField, MoneyField, RateField, TextField
from ledger_web.forms.places import PlaceField, RateUnitField, rate_of
from ledger_web.services.transfers import ExchangeMoney, TransferMoney

MEMO_MAX = 160  # the rate is written behind it


class TransferAimForm(QueryForm):
    """Where the money comes from, if an address says it."""

    drawer_id = IdField("Drawer")
    bank_id = IdField("Bank account")


class TransferForm(LedgerForm):
    """Money from one drawer or bank account to another. Both get their choices from the handler."""

    source = PlaceField("From")
    target = PlaceField("To")
    currency = CurrencyField("Currency")
    amount = MoneyField("Amount", currency_field="currency", minimum=1)
    memo = TextField("Memo", max_length=MEMO_MAX, required=False)

    def to_command(self) -> TransferMoney:
        return TransferMoney(
            id=self.op_id.data,
            source=self.source.data,
            target=self.target.data,
            currency=self.currency.data,
            amount=self.amount.data,
            memo=self.memo.data or "",
        )


class ExchangeForm(LedgerForm):
    """Money of one currency in a drawer changed into another: two of the three say the third."""

    out_currency = CurrencyField("Currency that goes out")
    out_amount = MoneyField("Goes out", currency_field="out_currency", minimum=1, required=False)
    in_currency = CurrencyField("Currency that comes in")
    in_amount = MoneyField("Comes in", currency_field="in_currency", minimum=1, required=False)
    rate = RateField("Rate", required=False)
    rate_unit = RateUnitField(one="for one of what goes out", other="for one of what comes in")
    memo = TextField("Memo", max_length=MEMO_MAX, required=False)

    def to_command(self, drawer_id: uuid.UUID) -> ExchangeMoney:
        rate, unit = rate_of(self.rate, self.rate_unit, self.out_currency.data, self.in_currency.data)
        return ExchangeMoney(
            id=self.op_id.data,
            drawer_id=drawer_id,
            out_currency=self.out_currency.data,
            out_amount=self.out_amount.data,
            in_currency=self.in_currency.data,
            in_amount=self.in_amount.data,
            rate=rate,
            rate_unit=unit,
            memo=self.memo.data or "",
        )
