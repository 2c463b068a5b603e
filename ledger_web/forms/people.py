"""Forms about the people who sign in: inviting, changing, ending access; their tills."""

import uuid

from ledger_web.forms.base import LedgerForm, VersionedForm
from ledger_web.forms.fields import BooleanField, ChoiceField, TextField
from ledger_web.forms.mail import EmailField
from ledger_web.services.credentials import RemoveCodes, RequireCodes
from ledger_web.services.mailing import ShopsMail
from ledger_web.services.people import EditUser, EndSessions, Invite, MakeLink, SetActive
from ledger_web.services.tills import RegisterTill, RemoveTill

NAME_MAX = 80


class PersonForm(LedgerForm):
    """Who somebody is, and their role. `role_id` gets its choices from the handler."""

    name = TextField("Name", max_length=NAME_MAX, identifier=True)
    login = TextField("Signs in as", max_length=NAME_MAX, identifier=True)
    email = EmailField("E-mail", required=False)
    role_id = ChoiceField("Role")

    def to_invitation(self, mail: ShopsMail | None) -> Invite:
        return Invite(
            id=self.op_id.data,
            login=self.login.data,
            name=self.name.data,
            role_id=self.role_id.data,
            email=self.email.data or "",
            mail=mail,
        )


class EditPersonForm(PersonForm, VersionedForm):
    """The same of somebody who is there; `version` says what it was when the form was made."""

    def to_command(self, user_id: uuid.UUID, mail: ShopsMail | None) -> EditUser:
        return EditUser(
            op_id=self.op_id.data,
            user_id=user_id,
            version=self.version.data,
            login=self.login.data,
            name=self.name.data,
            role_id=self.role_id.data,
            email=self.email.data or "",
            mail=mail,
        )


class PersonActForm(LedgerForm):
    """A button on somebody's page."""

    def to_link(self, user_id: uuid.UUID) -> MakeLink:
        return MakeLink(op_id=self.op_id.data, user_id=user_id)

    def to_access(self, user_id: uuid.UUID, *, active: bool) -> SetActive:
        return SetActive(op_id=self.op_id.data, user_id=user_id, active=active)

    def to_end_sessions(self, user_id: uuid.UUID) -> EndSessions:
        return EndSessions(op_id=self.op_id.data, user_id=user_id)

    def to_remove_codes(self, user_id: uuid.UUID) -> RemoveCodes:
        return RemoveCodes(op_id=self.op_id.data, user_id=user_id)


class CodesRuleForm(LedgerForm):
    """Whether owners need a code."""

    required = BooleanField("Owners need a code from their phone beside the password")

    def to_command(self) -> RequireCodes:
        return RequireCodes(op_id=self.op_id.data, required=bool(self.required.data))


class TillForm(LedgerForm):
    """This browser as a till."""

    name = TextField("Name of this till", max_length=60, identifier=True)

    def to_command(self, token: str) -> RegisterTill:
        return RegisterTill(id=self.op_id.data, name=self.name.data, token=token)


class TillActForm(LedgerForm):
    """A button beside a till."""

    def to_remove(self, till_id: uuid.UUID) -> RemoveTill:
        return RemoveTill(op_id=self.op_id.data, till_id=till_id)
