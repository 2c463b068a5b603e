"""The settings of a shop, its logo, and where its numbers go on."""

import zoneinfo
from typing import Any

from wtforms import FileField, ValidationError, widgets

from ledger_web.domain.currencies import CURRENCIES
from ledger_web.domain.languages import gettext
from ledger_web.domain.locales import DIGITS, name_of, written_in
from ledger_web.domain.products import STOCK_POLICIES
from ledger_web.domain.receipts import PAPERS
from ledger_web.forms.base import LedgerForm
from ledger_web.forms.fields import BooleanField, ChoiceField, IdField, TextField, WholeNumberField
from ledger_web.queries.settings import ShopSettings
from ledger_web.services.settings import NUMBER_MAX, EditSettings, RemoveLogo, SetLogo, SetNextNumber

LINES_MAX = 6
_SAID = (
    "name",
    "base_currency",
    "time_zone",
    "locale",
    "digits",
    "stock_policy",
    "receipt_paper",
    "receipt_header",
    "receipt_footer",
    "receipt_names_salesperson",
)


class SettingsForm(LedgerForm):
    """What is said of the shop on one page. What has a page of its own is linked there."""

    version = WholeNumberField("Settings", minimum=1, widget=widgets.HiddenInput())
    name = TextField("Name of the shop", max_length=80, render_kw={"autocomplete": "organization"})
    base_currency = ChoiceField("Base currency", choices=[(code, code) for code in sorted(CURRENCIES)])
    time_zone = ChoiceField("Time zone")
    locale = ChoiceField("Language, numbers and days")
    digits = ChoiceField("Digits", choices=DIGITS.items())
    stock_policy = ChoiceField("When there is not enough of a new product", choices=STOCK_POLICIES.items())
    receipt_paper = ChoiceField("Usual paper", choices=PAPERS.items())
    receipt_header = TextField("Above every receipt", max_length=400, multiline=True, required=False)
    receipt_footer = TextField("Below every receipt", max_length=400, multiline=True, required=False)
    receipt_names_salesperson = BooleanField("Say on receipts who sold it")

    def __init__(self, *args: Any, settings: ShopSettings, **options: Any) -> None:
        """Offer what there is, and what the shop has already even if nobody new would get it."""
        data = {name: getattr(settings, name) for name in (*_SAID, "version")}
        super().__init__(*args, data=data, **options)
        zones = sorted(zoneinfo.available_timezones() | {settings.time_zone})
        self.time_zone.choices = [(zone, zone.replace("_", " ")) for zone in zones]
        locales = written_in() | {settings.locale: name_of(settings.locale)}
        self.locale.choices = list(locales.items())

    def validate_receipt_header(self, field: TextField) -> None:
        _few_lines(field.label.text, field.data or "")

    def validate_receipt_footer(self, field: TextField) -> None:
        _few_lines(field.label.text, field.data or "")

    def to_command(self) -> EditSettings:
        return EditSettings(
            op_id=self.op_id.data, version=self.version.data, **{name: self[name].data for name in _SAID}
        )

    def compare_with(self, settings: ShopSettings) -> list[tuple[str, str, str]]:
        """Go on from what is saved now; return each field that differs: label, what was typed, what is saved."""
        self.version.raw_data, self.version.data = [], settings.version
        fields: list[Any] = [self[name] for name in _SAID]
        saved = {each.name: getattr(settings, each.name) for each in fields}
        differ = [each for each in fields if each.data != saved[each.name]]
        return [(str(each.label.text), _shown(each.data, each.raw), _shown(saved[each.name])) for each in differ]


class LogoForm(LedgerForm):
    """The file; what is in it is for the service to see."""

    picture = FileField("Logo", render_kw={"accept": "image/jpeg,image/png,image/webp,image/gif", "required": True})

    def validate_picture(self, field: FileField) -> None:
        if not getattr(field.data, "filename", ""):
            raise ValidationError(gettext("Logo: Choose a JPEG, PNG, WebP or GIF file."))

    def to_command(self) -> SetLogo:
        upload: Any = self.picture.data
        with upload.stream as content:
            return SetLogo(op_id=self.op_id.data, content=content.read())


class LogoRemovalForm(LedgerForm):
    """No logo any more."""

    def to_command(self) -> RemoveLogo:
        return RemoveLogo(op_id=self.op_id.data)


class NextNumberForm(LedgerForm):
    """Where the numbers of a drawer go on."""

    drawer_id = IdField("Drawer")
    number = WholeNumberField("Next number", minimum=1, maximum=NUMBER_MAX)

    def to_command(self) -> SetNextNumber:
        return SetNextNumber(op_id=self.op_id.data, drawer_id=self.drawer_id.data, number=self.number.data)


def _shown(value: Any, typed: str = "") -> str:
    """Write a value beside another one: a box is ticked or not."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return typed or str(value)


def _few_lines(label: str, text: str) -> None:
    if text.count("\n") >= LINES_MAX:
        raise ValidationError(gettext("%(label)s: Write at most %(most)s lines.", label=label, most=LINES_MAX))
