"""Forms of the register and of what is posted from it."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import ValidationError, widgets

from ledger_web.domain.accounts import account_of
from ledger_web.domain.currencies import CURRENCIES
from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.transactions import LINES_MAX, ManualLine
from ledger_web.forms.base import QueryForm
from ledger_web.forms.days import DatedForm, LockableForm, MoneyForm
from ledger_web.forms.fields import BooleanField, ChoiceField, CurrencyField, DateField, IdField, MoneyField, TextField
from ledger_web.queries.transactions import PageKey
from ledger_web.services.deletions import Undo
from ledger_web.services.transactions import PostManual, RecordAccountOpening, RecordOwnerMoney

MEMO_MAX = 200
LINES_SHOWN = 4


class RegisterForm(QueryForm):
    """What the register shows. `kind` and `person` get their choices from the handler."""

    q = TextField("Number or memo", max_length=100, required=False)
    kind = ChoiceField("Kind", required=False)
    person = ChoiceField("By", required=False)
    since = DateField("From", required=False)
    until = DateField("To", required=False)
    overrides = BooleanField("Only into locked periods")
    before_day = DateField("Before", required=False)
    before = IdField("Before", required=False)

    @property
    def older_than(self) -> PageKey | None:
        day: dt.date | None = self.before_day.data
        return PageKey(day, self.before.data) if day and self.before.data else None

    @property
    def asked(self) -> dict[str, Any]:
        """What the address of another page of the same list says."""
        names = ("q", "kind", "person", "since", "until")
        return {name: self[name].data or None for name in names} | {"overrides": "y" if self.overrides.data else None}

    def validate_until(self, field: DateField) -> None:
        """A range ends where it begins, or later."""
        if field.data and self.since.data and field.data < self.since.data:
            raise ValidationError(gettext("To: Choose a day that is not before the first one."))


class ReversalForm(LockableForm):
    """Why something is reversed."""

    reason = TextField("Reason", max_length=500)

    def to_command(self, transaction_id: uuid.UUID) -> Undo:
        return Undo(
            id=self.op_id.data,
            transaction_id=transaction_id,
            reason=self.reason.data,
            overrides_lock=self.insists,
            from_register=True,
        )

    def validate_reason(self, field: TextField) -> None:
        """A reason says something."""
        if field.data and len(field.data) < 3:
            raise ValidationError(
                gettext("Reason: Write at least three characters, so that it can be understood later.")
            )


class OwnerMoneyForm(MoneyForm):
    """The owner's own money, in or out. `place` gets its choices from the handler."""

    direction = ChoiceField(
        "Direction", choices=[("deposit", "deposit"), ("drawing", "drawing")], widget=widgets.HiddenInput()
    )
    place = ChoiceField("Drawer or bank account")
    memo = TextField("Memo", max_length=MEMO_MAX, required=False)

    def to_command(self) -> RecordOwnerMoney:
        return RecordOwnerMoney(
            id=self.op_id.data,
            is_deposit=self.direction.data == "deposit",
            place=account_of(self.place.data, self.currency.data),
            amount=self.amount.data,
            memo=self.memo.data,
            occurred_on=self.occurred_on,
            overrides_lock=self.insists,
        )


class OwnerAimForm(QueryForm):
    """Which way the owner's money goes."""

    direction = ChoiceField(
        "Direction", required=False, choices=[("deposit", "deposit"), ("drawing", "drawing")], default="deposit"
    )


class AccountOpeningForm(MoneyForm):
    """What an account held before. `account` gets its choices from the handler."""

    account = ChoiceField("Account")
    memo = TextField("Memo", max_length=MEMO_MAX, required=False)

    def to_command(self) -> RecordAccountOpening:
        return RecordAccountOpening(
            id=self.op_id.data,
            account=account_of(self.account.data, self.currency.data),
            amount=self.amount.data,
            memo=self.memo.data,
            occurred_on=self.occurred_on,
            overrides_lock=self.insists,
        )


class ManualLineForm(QueryForm):
    """One line of a manual transaction. A line with nothing in it is no line."""

    account = TextField("Account", max_length=100, required=False)
    currency = CurrencyField("Currency", required=False, choices=[(code, code) for code in sorted(CURRENCIES)])
    debit = MoneyField("Debit", currency_field="currency", required=False)
    credit = MoneyField("Credit", currency_field="currency", required=False)

    @property
    def is_written(self) -> bool:
        return any(field.raw.strip() for field in (self.account, self.debit, self.credit))

    def validate_account(self, field: TextField) -> None:
        """A line that says something says for which account, in which currency, and how much on one side."""
        if not self.currency.data:
            raise ValidationError(gettext("Currency: Choose the currency of this line."))
        if not field.data:
            raise ValidationError(gettext("Account: Choose the account of this line, or empty the line."))
        try:
            account_of(field.data, self.currency.data)
        except RuleViolationError as error:
            raise ValidationError(gettext("Account: %(message)s", message=error.message)) from None
        if bool(self.debit.data) == bool(self.credit.data) and not (self.debit.errors or self.credit.errors):
            raise ValidationError(gettext("Debit or credit: Enter one amount above zero, on one side."))

    def to_line(self) -> ManualLine:
        return ManualLine(
            account_of(self.account.data, self.currency.data), self.debit.data or 0, self.credit.data or 0
        )


class ManualForm(DatedForm):
    """Lines of debits and credits, named 0-account, 0-debit … in the browser's words."""

    memo = TextField("Memo", max_length=MEMO_MAX)

    def __init__(
        self,
        formdata: MultiDict[str, str] | None = None,
        *,
        first: Mapping[str, str] | None = None,
        more: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(formdata, **options)
        sent = max((n + 1 for n in range(LINES_MAX) if f"{n}-account" in (formdata or ())), default=0)
        shown = min(max(sent, LINES_SHOWN) + (LINES_SHOWN if more else 0), LINES_MAX)
        base = self.meta.base_currency
        self._is_longer = f"{LINES_MAX}-account" in (formdata or ())
        self.lines = [
            ManualLineForm(
                formdata if n < sent else None,
                prefix=f"{n}-",
                **({"currency": base} | dict(first if first and n == 0 else {})),
            )
            for n in range(shown)
        ]

    @property
    def written(self) -> list[ManualLineForm]:
        return [line for line in self.lines if line.is_written]

    @property
    def has_room(self) -> bool:
        return len(self.lines) < LINES_MAX

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Look at every line, so that all that is wrong is said at once."""
        is_valid = bool(super().validate(*args, **kwargs))
        are_valid = [line.validate() for line in self.written]
        return is_valid and all(are_valid)

    def to_command(self) -> PostManual:
        """Return the command.

        Raises:
            RuleViolationError: There are more lines than a transaction holds; none is left out without a word.
        """
        if self._is_longer:
            raise RuleViolationError(gettext("Enter at most %(lines_max)s lines.", lines_max=LINES_MAX))
        return PostManual(
            id=self.op_id.data,
            lines=tuple(line.to_line() for line in self.written),
            memo=self.memo.data,
            occurred_on=self.occurred_on,
            overrides_lock=self.insists,
        )
