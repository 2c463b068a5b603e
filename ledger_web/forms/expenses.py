"""Forms of expenses, other income and their categories."""

from ledger_web.domain.accounts import account_of
from ledger_web.forms.base import LedgerForm
from ledger_web.forms.days import MoneyForm
from ledger_web.forms.fields import ChoiceField, TextField
from ledger_web.services.expenses import AddCategory, RecordExpense, RecordIncome

MEMO_MAX = 200


class ExpenseForm(MoneyForm):
    """Money out for something. `category` and `place` get their choices from the handler."""

    category = ChoiceField("What for")
    place = ChoiceField("Paid from")
    memo = TextField("Memo", max_length=MEMO_MAX, required=False)

    def to_command(self) -> RecordExpense:
        return RecordExpense(
            id=self.op_id.data,
            category=self.category.data,
            paid_from=account_of(self.place.data, self.currency.data),
            amount=self.amount.data,
            memo=self.memo.data,
            occurred_on=self.occurred_on,
            overrides_lock=self.insists,
        )


class IncomeForm(MoneyForm):
    """Money in that is no sale. `category` and `place` get their choices from the handler."""

    category = ChoiceField("What from")
    place = ChoiceField("Paid into")
    memo = TextField("Memo", max_length=MEMO_MAX, required=False)

    def to_command(self) -> RecordIncome:
        return RecordIncome(
            id=self.op_id.data,
            category=self.category.data,
            paid_into=account_of(self.place.data, self.currency.data),
            amount=self.amount.data,
            memo=self.memo.data,
            occurred_on=self.occurred_on,
            overrides_lock=self.insists,
        )


class CategoryForm(LedgerForm):
    """A category of the shop's own."""

    kind = ChoiceField("Of", choices=[("expense", "Expenses"), ("income", "Other income")])
    name = TextField("Name", max_length=60, identifier=True)

    def to_command(self) -> AddCategory:
        return AddCategory(id=self.op_id.data, kind=self.kind.data, name=self.name.data)
