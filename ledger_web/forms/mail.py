"""Where an e-mail is to go."""

import re
from typing import Final

from wtforms import ValidationError

from ledger_web.domain.languages import gettext
from ledger_web.forms.base import LedgerForm
from ledger_web.forms.fields import TextField

ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}")


class MailAddressForm(LedgerForm):
    """An e-mail address."""

    address = TextField("E-mail", max_length=200, identifier=True, render_kw={"type": "email", "autocomplete": "email"})

    def validate_address(self, field: TextField) -> None:
        """An address has one @ with something on both sides; whether somebody is there, only sending says."""
        if field.data and not ADDRESS.fullmatch(field.data):
            raise ValidationError(gettext("E-mail: Enter an address like alice@example.com."))


class LinkMailForm(MailAddressForm):
    """Where a link is sent that was just made."""

    token = TextField("Link", max_length=100)
