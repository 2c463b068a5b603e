"""What every form of ours is: it knows the shop's signs, currency and day, and carries its own number."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import g, has_app_context
from werkzeug.datastructures import MultiDict
from wtforms import Form, widgets
from wtforms.meta import DefaultMeta

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.signs import Signs
from ledger_web.filters import page_signs, shop_signs, shop_today
from ledger_web.forms.fields import ChoiceField, CurrencyField, OpIdField, WholeNumberField


class QueryForm(Form):
    """A form that only asks: the filters of a list, the options of a sheet of labels.

    The shop of the request gives signs, currency and today; a test or a command may give them itself. Labels and
    choices are written in English in the class, and said in the reader's language by the form.
    """

    class Meta(DefaultMeta):
        def bind_field(self, form: Any, unbound_field: Any, options: Any) -> Any:
            field = super().bind_field(form, unbound_field, options)
            field.label.text = gettext(field.label.text)
            if isinstance(field, ChoiceField) and not isinstance(field, CurrencyField):
                field.choices = [(value, gettext(label)) for value, label in field.choices]
            return field

    def __init__(
        self,
        formdata: MultiDict[str, str] | None = None,
        *,
        signs: Signs | None = None,
        base_currency: str | None = None,
        today: dt.date | None = None,
        data: Mapping[str, Any] | None = None,
        **defaults: Any,
    ) -> None:
        tenant = g.get("tenant") if has_app_context() else None
        meta = {
            "signs": signs or shop_signs(),
            "written": signs or page_signs(),
            "base_currency": base_currency or (tenant.base_currency if tenant else None),
            "today": today or shop_today(),
        }
        super().__init__(formdata, data=data, meta=meta, **defaults)

    @property
    def sentences(self) -> list[str]:
        """Return every refusal, in the order of the fields."""
        return [str(sentence) for field in self for sentence in field.errors]

    def validate_or_refuse(self) -> None:
        """Raise `RuleViolationError` with every refusal, for a form whose page has no room beside the fields."""
        if not self.validate():
            raise RuleViolationError(" ".join(self.sentences))


class LedgerForm(QueryForm):
    """A form that changes something. Its `op_id` is made when it is rendered and comes back with it.

    It stays the same while the form is refused, so that a corrected form is the same act; after success a new
    form is made. For a thing that is created, it is the id of the thing.
    """

    op_id = OpIdField()


class VersionedForm(LedgerForm):
    """A form that changes what is there, and says which version of it was shown."""

    version = WholeNumberField("Version", widget=widgets.HiddenInput())

    def compare_with(self, version: int) -> None:
        """Go on from the version that is there now: whoever sends the form again has seen it."""
        self.version.raw_data, self.version.data = [], version
