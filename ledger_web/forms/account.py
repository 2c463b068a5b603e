"""Forms with which people look after their own way in: password, PIN, codes, sessions; and links that were sent."""

import uuid
from typing import Any

from wtforms import ValidationError

from ledger_web.domain.languages import LANGUAGES, gettext, language_of
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import ChoiceField, IdField, PasswordField, PinField, TextField
from ledger_web.forms.mail import EmailField
from ledger_web.services.credentials import BeginCodes, EndCodes, EnterCode, UseLink
from ledger_web.services.mailing import ShopsMail
from ledger_web.services.tills import SignInAtTill
from ledger_web.services.users import ChangePassword, ChooseLanguage, EndSession, SetEmail, SetPin

_NEW = {"autocomplete": "new-password"}
_OLD = {"autocomplete": "current-password"}


class _Twice(QueryForm):
    """A new password, typed twice. It has no number: setting it twice is setting it once."""

    new_password = PasswordField("New password", render_kw=_NEW)
    again = PasswordField("The same again", render_kw=_NEW)

    def validate_again(self, field: Any) -> None:
        if self.new_password.data and field.data and field.data != self.new_password.data:
            raise ValidationError(gettext("The same again: The two differ. Type the new password twice."))


class LinkForm(_Twice):
    """The password that somebody chooses with a link."""

    def to_command(self, token: str) -> UseLink:
        return UseLink(token=token, password=self.new_password.data)


class PasswordForm(_Twice):
    """Another password."""

    old_password = PasswordField("Password until now", render_kw=_OLD)

    def to_command(self, user_id: uuid.UUID, session_id: bytes) -> ChangePassword:
        return ChangePassword(
            user_id=user_id,
            old_password=self.old_password.data,
            new_password=self.new_password.data,
            session_id=session_id,
        )


class EmailForm(QueryForm):
    """Where links go when the password is lost, and the password that allows it."""

    email = EmailField("E-mail", required=False)
    email_password = PasswordField("Your password", render_kw=_OLD)

    def to_command(self, user_id: uuid.UUID, mail: ShopsMail | None) -> SetEmail:
        return SetEmail(user_id=user_id, password=self.email_password.data, email=self.email.data or "", mail=mail)


class PinForm(QueryForm):
    """A PIN, typed twice, and the password that allows it."""

    pin = PinField("New PIN")
    pin_again = PinField("The same again")
    pin_password = PasswordField("Your password", render_kw=_OLD)

    def validate_pin_again(self, field: Any) -> None:
        if self.pin.data and field.data and field.data != self.pin.data:
            raise ValidationError(gettext("The same again: The two differ. Type the new PIN twice."))

    def to_command(self, user_id: uuid.UUID) -> SetPin:
        return SetPin(user_id=user_id, password=self.pin_password.data, pin=self.pin.data)


class BeginCodesForm(QueryForm):
    """The first code of a phone. The secret is kept in the visit, not in the form."""

    code = PinField("Code the phone shows")
    password = PasswordField("Your password", render_kw=_OLD)

    def to_command(self, user_id: uuid.UUID, session_id: bytes, secret: str) -> BeginCodes:
        return BeginCodes(
            user_id=user_id, password=self.password.data, secret=secret, code=self.code.data, session_id=session_id
        )


class EndCodesForm(QueryForm):
    """No codes any more."""

    password = PasswordField("Your password", render_kw=_OLD)

    def to_command(self, user_id: uuid.UUID) -> EndCodes:
        return EndCodes(user_id=user_id, password=self.password.data)


class CodeForm(QueryForm):
    """The code that follows a right password."""

    code = TextField("Code", max_length=40, render_kw={"autocomplete": "one-time-code"})
    next = TextField("Next page", required=False, max_length=1000)

    def to_command(self, session_id: bytes, address: str, agent: str) -> EnterCode:
        return EnterCode(session_id=session_id, code=self.code.data, address=address, agent=agent)


class LanguageForm(QueryForm):
    """One's own language. It has no number: choosing it twice is choosing it once."""

    language = ChoiceField("Language of your pages", required=False)

    def __init__(self, *args: Any, shops: str, **options: Any) -> None:
        """Offer the shop's language, by its name, and each of ours."""
        super().__init__(*args, **options)
        name = LANGUAGES[language_of(shops)]
        self.language.choices = [
            ("", gettext("As the shop: %(language)s", language=name)),
            *LANGUAGES.items(),
        ]

    def to_command(self, user_id: uuid.UUID) -> ChooseLanguage:
        return ChooseLanguage(user_id=user_id, language=self.language.data or None)


class EndSessionForm(LedgerForm):
    """A browser that shall be signed out."""

    ref = IdField("Browser")

    def to_command(self, user_id: uuid.UUID) -> EndSession:
        return EndSession(op_id=self.op_id.data, user_id=user_id, ref=self.ref.data)


class TillSignInForm(QueryForm):
    """Who stands at the till, and their PIN."""

    user_id = IdField("Who")
    pin = PinField("PIN")

    def to_command(self, till_digest: bytes, address: str, agent: str, previous: bytes | None) -> SignInAtTill:
        return SignInAtTill(
            till_digest=till_digest,
            user_id=self.user_id.data,
            pin=self.pin.data,
            address=address,
            agent=agent,
            previous_session=previous,
        )
