"""Where an e-mail is to go."""

import re
from typing import Any, Final

from ledger_web.domain.errors import RuleViolationError
from ledger_web.forms.base import LedgerForm
from ledger_web.forms.fields import TextField
from ledger_web.services.people import AskForLink

ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}")


class EmailField(TextField):
    """An address has one @ with something on both sides; whether somebody is there, only sending says."""

    def __init__(self, label: str, *, required: bool = True, **options: Any) -> None:
        shown = {"type": "email", "autocomplete": "email"}
        super().__init__(label, max_length=200, identifier=True, required=required, render_kw=shown, **options)

    def parse(self, text: str) -> str:
        address = super().parse(text)
        if not ADDRESS.fullmatch(address):
            raise RuleViolationError("Enter an address like alice@example.com.")
        return address


class MailAddressForm(LedgerForm):
    """An e-mail address."""

    address = EmailField("E-mail")


class ForgottenForm(LedgerForm):
    """Who lost the password."""

    who = TextField("Name or e-mail", max_length=200, identifier=True, render_kw={"autocomplete": "username"})

    def to_command(self, token: str) -> AskForLink:
        return AskForLink(who=self.who.data, token=token)


class LinkMailForm(MailAddressForm):
    """Where a link is sent that was just made."""

    token = TextField("Link", max_length=100)
