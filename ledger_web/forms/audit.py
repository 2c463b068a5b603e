"""What to show of the audit."""

import datetime as dt
import uuid
from typing import Any

from wtforms import ValidationError

from ledger_web.domain.languages import gettext, gettext_noop
from ledger_web.filters import shop_zone
from ledger_web.forms.base import QueryForm
from ledger_web.forms.fields import ChoiceField, DateField, IdField
from ledger_web.queries.audit import AskedEvents

AREAS = (
    ("", gettext_noop("Everything")),
    ("access", gettext_noop("Refusals")),
    ("approval", gettext_noop("Approvals")),
    ("barcode", gettext_noop("Barcodes")),
    ("cart", gettext_noop("Carts")),
    ("drawer", gettext_noop("Drawers")),
    ("export", gettext_noop("Exports")),
    ("label", gettext_noop("Labels")),
    ("party", gettext_noop("Customers, vendors and others")),
    ("price", gettext_noop("Prices")),
    ("product", gettext_noop("Products")),
    ("recalculation", gettext_noop("Repairs")),
    ("role", gettext_noop("Roles")),
    ("sale", gettext_noop("Sales")),
    ("session", gettext_noop("Signing in and out")),
    ("settings", gettext_noop("Settings")),
    ("shop", gettext_noop("The shop")),
    ("till", gettext_noop("Tills")),
    ("user", gettext_noop("People who sign in")),
)
AREAS_OF_OPERATORS = (
    ("", gettext_noop("Everything")),
    ("operator", gettext_noop("Shops")),
    ("access", gettext_noop("Refusals")),
    ("session", gettext_noop("Signing in and out")),
    ("user", gettext_noop("People who sign in")),
)


class AuditForm(QueryForm):
    """Whose acts, of which kind, from when to when. `person` gets its choices from the handler."""

    person = ChoiceField("Who", required=False)
    area = ChoiceField("What", choices=AREAS, required=False)
    since = DateField("From", required=False)
    until = DateField("To", required=False)
    holder = IdField("Thing", required=False)
    before = IdField("Before", required=False)

    def validate_until(self, field: Any) -> None:
        """A range ends where it begins, or later."""
        if field.data and self.since.data and field.data < self.since.data:
            raise ValidationError(gettext("To: Choose a day that is not before the first one."))

    @property
    def in_address(self) -> dict[str, Any]:
        """What the address of another page of the same list says."""
        return {name: self[name].data or None for name in ("person", "area", "since", "until", "holder")}

    def to_asked(self) -> AskedEvents:
        person: uuid.UUID | None = self.person.data or None
        return AskedEvents(
            person_id=person,
            area=self.area.data or None,
            since=_midnight(self.since.data),
            until=_midnight(self.until.data + dt.timedelta(days=1)) if self.until.data else None,
            holder_id=self.holder.data,
            before=self.before.data,
        )


def _midnight(day: dt.date | None) -> dt.datetime | None:
    return dt.datetime.combine(day, dt.time(), shop_zone()) if day else None
