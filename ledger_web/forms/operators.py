"""What those who run the system ask and do: the list of shops, and an act on one of them."""

from typing import Any

from ledger_web.domain.languages import gettext_noop
from ledger_web.forms.base import QueryForm
from ledger_web.forms.fields import ChoiceField, TextField

STATES = (
    ("", gettext_noop("All")),
    ("active", gettext_noop("open")),
    ("suspended", gettext_noop("suspended")),
    ("deleted", gettext_noop("deleted, can come back")),
    ("former", gettext_noop("moved")),
)


class PlacesForm(QueryForm):
    """Which shops the list shows: by how their address begins, and by their state."""

    q = TextField("Address begins with", max_length=40, required=False)
    state = ChoiceField("State", choices=STATES, required=False)
    after = TextField("After", max_length=40, required=False)

    @property
    def in_address(self) -> dict[str, Any]:
        """What the address of another page of the same list says."""
        return {"q": self.q.data or None, "state": self.state.data or None}
