"""Signing in: a name, a password, and where to go then."""

from wtforms import Form, HiddenField, PasswordField, StringField, ValidationError
from wtforms.validators import InputRequired

from ledger_web.domain.passwords import LENGTH_MAX
from ledger_web.services.users import SignIn

LOGIN_LENGTH_MAX = 80


def _writable(form: Form, field: StringField) -> None:
    """Refuse what no keyboard types and no database takes: control characters and half characters."""
    text = field.data or ""
    if not text.isprintable() or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValidationError("This has characters that cannot be used here. Type it again.")


class _AtMost:
    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self, form: Form, field: StringField) -> None:
        if len(field.data or "") > self.most:
            raise ValidationError(f"At most {self.most} characters.")


class SignInForm(Form):
    """Speaks browser; the password is never trimmed, never shown again."""

    login = StringField("Name", [InputRequired("Enter your name."), _AtMost(LOGIN_LENGTH_MAX), _writable])
    password = PasswordField("Password", [InputRequired("Enter your password."), _AtMost(LENGTH_MAX), _writable])
    next = HiddenField()

    def to_command(self, address: str, previous_session: bytes | None) -> SignIn:
        return SignIn(
            login=self.login.data or "",
            password=self.password.data or "",
            address=address,
            previous_session=previous_session,
        )
