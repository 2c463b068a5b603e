"""What those who run the system ask and do: the list of shops, and an act on one of them."""

from typing import Any

from ledger_web.domain.languages import gettext_noop
from ledger_web.domain.tokens import new_token
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import BooleanField, ChoiceField, TextField
from ledger_web.forms.signup import SignUpForm
from ledger_web.services.tenants import OpenShop

STATES = (
    ("", gettext_noop("All")),
    ("active", gettext_noop("running")),
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


class ReasonForm(LedgerForm):
    """An act on a shop, and why."""

    reason = TextField("Reason", max_length=200)

    @property
    def more(self) -> list[Any]:
        """The fields beside the reason, in their order."""
        return [field for field in self if field.name not in {"op_id", "reason"}]


class MoveForm(ReasonForm):
    """Another address for a shop."""

    slug = TextField(
        "New address", max_length=60, identifier=True, render_kw={"autocapitalize": "none", "spellcheck": "false"}
    )


class DeletionForm(ReasonForm):
    """The end of a shop: its address is typed, so that it is not another's."""

    typed = TextField(
        "Type its address", max_length=60, identifier=True, render_kw={"autocapitalize": "none", "spellcheck": "false"}
    )


class LinkForm(ReasonForm):
    """A link for an owner who cannot come in. `owner` gets its choices from the handler."""

    owner = ChoiceField("Owner")
    lost_phone = BooleanField("The phone with the codes is lost, too")


class OpeningForm(SignUpForm):
    """A shop for somebody else, who chooses the password by a link."""

    owner_name = TextField("Name of the owner", max_length=80)
    login = TextField("The owner signs in as", max_length=80, identifier=True)
    reason = TextField("Reason", max_length=200)
    password = None  # type: ignore[assignment]
    proof = None  # type: ignore[assignment]

    def to_opening(self) -> OpenShop:
        return self.with_password(new_token())  # nobody's: a link lets the owner choose one
