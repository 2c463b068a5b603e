"""Signing in: a name, a password, and where to go then."""

from ledger_web.forms.base import QueryForm
from ledger_web.forms.fields import PasswordField, TextField
from ledger_web.services.users import SignIn


class SignInForm(QueryForm):
    """Speaks browser. It has no number of its own: signing in twice is two sessions, and the older one ends."""

    login = TextField("Name", max_length=80, identifier=True, render_kw={"autocomplete": "username"})
    password = PasswordField("Password", render_kw={"autocomplete": "current-password"})
    next = TextField("Next page", required=False, max_length=1000)

    def to_command(self, address: str, previous_session: bytes | None, agent: str = "") -> SignIn:
        return SignIn(
            login=self.login.data,
            password=self.password.data,
            address=address,
            previous_session=previous_session,
            agent=agent,
        )
