"""Opening a shop of one's own: the form on the bare domain."""

from typing import Any

from wtforms import ValidationError

from ledger_web.domain.countries import countries, locale_in
from ledger_web.domain.currencies import CURRENCIES
from ledger_web.domain.days import time_zones
from ledger_web.domain.errors import LedgerError
from ledger_web.domain.languages import LANGUAGES, gettext
from ledger_web.domain.locales import digits_of
from ledger_web.domain.passwords import check_password
from ledger_web.domain.slugs import check_slug
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import ChoiceField, PasswordField, TextField
from ledger_web.services.tenants import OpenShop


class AddressForm(QueryForm):
    """An address that somebody thinks of, while it is typed."""

    slug = TextField("Address", max_length=60, required=False)


class ProofForm(QueryForm):
    """What a mail of ours led here with."""

    proof = TextField("Proof", max_length=500, required=False)


class SignUpForm(LedgerForm):
    """A shop and its owner. What is left empty is as usual in the country."""

    name = TextField("Name of the shop", max_length=80, render_kw={"autocomplete": "organization"})
    slug = TextField(
        "Address", max_length=60, identifier=True, render_kw={"autocapitalize": "none", "spellcheck": "false"}
    )
    country = ChoiceField("Country")
    currency = ChoiceField("Base currency", required=False)
    time_zone = ChoiceField("Time zone", required=False)
    language = ChoiceField("Language", required=False)
    owner_name = TextField("Your name", max_length=80, render_kw={"autocomplete": "name"})
    login = TextField("Name to sign in with", max_length=80, identifier=True, render_kw={"autocomplete": "username"})
    password = PasswordField("Password", render_kw={"autocomplete": "new-password"})
    proof = TextField("Proof", max_length=500, required=False)  # of an e-mail address, where the system sends mail

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.country.choices = [
            ("", gettext("Choose your country")),
            *((each.code, each.name) for each in countries().values()),
        ]
        usual = gettext("as usual in the country")
        self.currency.choices = [("", usual), *((code, code) for code in sorted(CURRENCIES))]
        self.time_zone.choices = [("", usual), *((zone, zone) for zone in sorted(time_zones()))]
        self.language.choices = [("", usual), *LANGUAGES.items()]

    def to_command(self, opened_from: bytes, owner_mail: bytes | None, owner_email: str | None) -> OpenShop:
        return self.with_password(
            self.password.data, opened_from=opened_from, owner_mail=owner_mail, owner_email=owner_email
        )

    def with_password(self, password: str, **more: Any) -> OpenShop:
        country = countries()[self.country.data]
        locale = locale_in(self.language.data or country.language, country.code)
        return OpenShop(
            slug=self.slug.data,
            name=self.name.data,
            base_currency=self.currency.data or country.currency,
            time_zone=self.time_zone.data or country.time_zone,
            locale=locale,
            digits=digits_of(locale),
            owner_login=self.login.data,
            owner_name=self.owner_name.data,
            owner_password=password,
            **more,
        )

    def validate_slug(self, field: TextField) -> None:
        """An address that nobody can have is refused beside its field."""
        if field.data:
            _refuse_as(gettext("Address"), lambda: check_slug(field.data))

    def validate_password(self, field: PasswordField) -> None:
        """What everybody would try first is refused beside its field."""
        known = [self.login.data, self.owner_name.data, self.slug.data, self.name.data]
        if field.data:
            _refuse_as(gettext("Password"), lambda: check_password(field.data, [each for each in known if each]))


def _refuse_as(label: str, check: Any) -> None:
    try:
        check()
    except LedgerError as refusal:
        raise ValidationError(f"{label}: {refusal.message}") from refusal
