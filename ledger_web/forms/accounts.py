"""Forms of the chart of accounts."""

from ledger_web.domain.accounts import KIND_NAMES, MANY_HOLDERS
from ledger_web.forms.base import QueryForm
from ledger_web.forms.fields import ChoiceField, CurrencyField, IdField, TextField
from ledger_web.queries.accounts import PageKey


class HoldersForm(QueryForm):
    """Whose accounts are listed one by one, and from where on."""

    kind = ChoiceField("Kind", choices=[(kind, KIND_NAMES[kind]) for kind in MANY_HOLDERS])
    currency = CurrencyField("Currency")
    after_name = TextField("After", max_length=1000, required=False)
    after = IdField("After", required=False)

    @property
    def after_key(self) -> PageKey | None:
        return PageKey(self.after_name.data, self.after.data) if self.after.data else None
