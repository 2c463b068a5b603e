"""Fields that take text from anywhere and give typed values, or a sentence that names the field and the remedy.

Each keeps what was typed: a refused form comes back as it was sent. None of them guesses, cuts off or rounds.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_name
from markupsafe import Markup, escape
from wtforms import Field, ValidationError, widgets

from ledger_web.domain.barcodes import Barcode, read_barcode
from ledger_web.domain.discounts import Discount
from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.ids import new_id, parse_id
from ledger_web.domain.languages import gettext, spoken_language
from ledger_web.domain.locales import in_digits
from ledger_web.domain.money import CURRENCIES, format_amount, parse_amount
from ledger_web.domain.numbers import parse_number, parse_percent, parse_quantity, parse_rate
from ledger_web.domain.passwords import fold_pin
from ledger_web.domain.signs import ENGLISH, Signs, write_number, write_whole

DAY_MIN = dt.date(2000, 1, 1)

_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NEVER_SHOWN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class _Typed(Field):
    """What all fields share. `data` is the typed value, or None when there is none; `raw` is the text to show.

    Subclasses say `parse` (text to value, raising RuleViolationError) and, where `str` will not do, `write`.
    A field that is missing from what was sent counts as empty if it is required; otherwise its default holds.
    """

    widget: Any = widgets.TextInput()

    def __init__(
        self,
        label: str | None = None,
        *,
        required: bool = True,
        render_kw: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(label, render_kw={"autocomplete": "off", **(render_kw or {})}, **options)
        self.required = required
        setattr(self.flags, "required" if required else "optional", True)

    def parse(self, text: str) -> Any:
        """Make a value of a text that is not empty."""
        raise NotImplementedError

    def write(self, value: Any) -> str:
        """Write a value as `parse` reads it."""
        return str(value)

    def is_empty(self, text: str) -> bool:
        return not text.strip()

    @property
    def empty(self) -> Any:
        """The value of an optional field that was left empty."""
        return None

    @property
    def when_missing(self) -> str:
        return gettext("Fill this in.")

    @property
    def raw(self) -> str:
        """What was typed, fit to be shown again; otherwise the value."""
        if self.raw_data:
            return _NEVER_SHOWN.sub("\ufffd", str(self.raw_data[0]))
        return "" if self.data is None else self.write(self.data)

    def _value(self) -> str:
        return self.raw

    def process_data(self, value: Any) -> None:
        self.data = self.empty if value is None else value

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist and not self.required:
            return
        text = str(valuelist[0]) if valuelist else ""
        self.data = self.empty
        try:
            if not self.is_empty(text):
                self.data = self.parse(text)
            elif self.required:
                raise RuleViolationError(self.when_missing)
        except RuleViolationError as error:
            raise ValueError(f"{self.label.text}: {error.message}") from None


class MoneyField(_Typed):
    """An amount: `data` is minor units of `currency`.

    Args:
        minimum: Least amount allowed, minor units; None for any, also below zero.
        currency_field: Name of the CurrencyField of the same form, declared before this one, that says which
            currency it is; without it the amount is in the shop's base currency.
    """

    def __init__(
        self, label: str | None = None, *, minimum: int | None = 0, currency_field: str = "", **options: Any
    ) -> None:
        options["render_kw"] = {"inputmode": "decimal", **options.get("render_kw", {})}
        self._sibling: Field | None = options["_form"][currency_field] if currency_field else None
        super().__init__(label, **options)
        self.minimum = minimum

    @property
    def currency(self) -> str | None:
        currency: str | None = self._sibling.data if self._sibling else getattr(self.meta, "base_currency", None)
        return currency if currency in CURRENCIES else None

    @property
    def when_missing(self) -> str:
        return (
            gettext("Enter an amount in %(currency)s.", currency=self.currency)
            if self.currency
            else gettext("Enter an amount.")
        )

    def parse(self, text: str) -> int:
        if self.currency is None:
            raise RuleViolationError("Choose the currency first, then enter the amount.")
        amount = parse_amount(text, self.currency, _signs(self))
        if self.minimum is not None and amount < self.minimum:
            least = format_amount(self.minimum, self.currency, _written(self))
            raise RuleViolationError(
                gettext("Enter %(least)s %(currency)s or more.", least=least, currency=self.currency)
            )
        return amount

    def write(self, value: Any) -> str:
        return format_amount(value, self.currency, _written(self)) if self.currency else ""


class QuantityField(_Typed):
    """A quantity: `data` is a Decimal of at most six decimals. Above zero, unless `minimum` says otherwise.

    Args:
        minimum: "positive" (above zero), "zero" (zero or more), or "any".
    """

    def __init__(self, label: str | None = None, *, minimum: str = "positive", **options: Any) -> None:
        options["render_kw"] = {"inputmode": "decimal", **options.get("render_kw", {})}
        super().__init__(label, **options)
        self.minimum = minimum

    @property
    def when_missing(self) -> str:
        return gettext("Enter a quantity, like 1.")

    def parse(self, text: str) -> Any:
        quantity = parse_quantity(text, _signs(self))
        if self.minimum == "positive" and quantity <= 0:
            raise RuleViolationError("Enter a quantity above zero.")
        if self.minimum == "zero" and quantity < 0:
            raise RuleViolationError("Enter a quantity of zero or more.")
        return quantity

    def write(self, value: Any) -> str:
        return write_number(value, _written(self))


class PercentField(_Typed):
    """A percentage from 0 to 100: `data` is a Decimal, 17.5 for 17.5 %."""

    def __init__(self, label: str | None = None, **options: Any) -> None:
        options["render_kw"] = {"inputmode": "decimal", **options.get("render_kw", {})}
        super().__init__(label, **options)

    @property
    def when_missing(self) -> str:
        return gettext("Enter a percentage from 0 to 100.")

    def parse(self, text: str) -> Any:
        return parse_percent(text, _signs(self))

    def write(self, value: Any) -> str:
        return write_number(value, _written(self))


class DiscountField(_Typed):
    """A discount: `data` is a Discount of an amount like 5.00, or of a percentage like 10 %."""

    def __init__(self, label: str | None = None, **options: Any) -> None:
        options["render_kw"] = {"placeholder": gettext("10 % or 5.00"), **options.get("render_kw", {})}
        super().__init__(label, **options)

    @property
    def when_missing(self) -> str:
        return gettext("Enter a percentage like 10 %, or an amount.")

    def parse(self, text: str) -> Any:
        written = text.strip()
        if written.endswith(("%", "٪", "％")):
            return Discount(percent=parse_percent(written, _signs(self))) if written.strip("%٪％ 0.,") else None
        amount = parse_amount(written, self.meta.base_currency, _signs(self))
        return Discount(amount=amount) if amount else None

    def write(self, value: Any) -> str:
        if value.percent is not None:
            return f"{write_number(value.percent, _written(self))} %"
        return format_amount(value.amount, self.meta.base_currency, _written(self))


class RateField(_Typed):
    """An exchange rate: `data` is a Decimal above zero, at most ten decimals."""

    def __init__(self, label: str | None = None, **options: Any) -> None:
        options["render_kw"] = {"inputmode": "decimal", **options.get("render_kw", {})}
        super().__init__(label, **options)

    @property
    def when_missing(self) -> str:
        return gettext("Enter a rate above zero.")

    def parse(self, text: str) -> Any:
        return parse_rate(text, _signs(self))

    def write(self, value: Any) -> str:
        return write_number(value, _written(self))


class LengthField(_Typed):
    """A length in millimetres from `minimum` to `maximum`: `data` is a Decimal of at most three decimals."""

    def __init__(self, label: str | None = None, *, minimum: str = "0", maximum: str = "1000", **options: Any) -> None:
        options["render_kw"] = {"inputmode": "decimal", **options.get("render_kw", {})}
        super().__init__(label, **options)
        self.minimum = Decimal(minimum)
        self.maximum = Decimal(maximum)

    @property
    def when_missing(self) -> str:
        return gettext(
            "Enter millimetres from %(minimum)s to %(maximum)s.",
            minimum=self.write(self.minimum),
            maximum=self.write(self.maximum),
        )

    def parse(self, text: str) -> Decimal:
        length = parse_number(text, _signs(self), digits=4, decimals=3, noun=gettext("millimetres"))
        if not self.minimum <= length <= self.maximum:
            raise RuleViolationError(self.when_missing)
        return length

    def write(self, value: Any) -> str:
        return write_number(value, _written(self))


class WholeNumberField(_Typed):
    """A whole number from `minimum` to `maximum`, both included: copies, a page, a version."""

    def __init__(self, label: str | None = None, *, minimum: int = 0, maximum: int = 2**31 - 1, **options: Any) -> None:
        options["render_kw"] = {"inputmode": "numeric", **options.get("render_kw", {})}
        super().__init__(label, **options)
        self.minimum = minimum
        self.maximum = maximum

    @property
    def when_missing(self) -> str:
        return gettext(
            "Enter a whole number from %(minimum)s to %(maximum)s.",
            minimum=self._said(self.minimum),
            maximum=self._said(self.maximum),
        )

    def parse(self, text: str) -> int:
        number = int(parse_number(text, _signs(self), digits=12, decimals=0, noun=gettext("a whole number")))
        if not self.minimum <= number <= self.maximum:
            raise RuleViolationError(self.when_missing)
        return number

    def write(self, value: Any) -> str:
        """Write the digits alone: 1200 dots to the inch, receipt 1042."""
        return in_digits(str(value), _written(self).digits)

    def _said(self, number: int) -> str:
        return write_whole(number, _written(self)) if number >= 0 else str(number)


class TextField(_Typed):
    """Text as people write it: `data` is stripped and NFC, "" when left empty.

    Args:
        max_length: Characters, after NFC.
        multiline: Line ends are kept, as a single line feed each.
        identifier: A name that must look like what it is: signs that are invisible or turn the direction of
            writing are refused, too.

    Source: promises I7.
    """

    def __init__(
        self,
        label: str | None = None,
        *,
        max_length: int = 200,
        multiline: bool = False,
        identifier: bool = False,
        **options: Any,
    ) -> None:
        if multiline:
            options.setdefault("widget", widgets.TextArea())
        super().__init__(label, **options)
        self.max_length = max_length
        self.multiline = multiline
        self.identifier = identifier
        self.flags.maxlength = max_length

    @property
    def empty(self) -> str:
        return ""

    @property
    def when_missing(self) -> str:
        return gettext("Enter some text.")

    def is_empty(self, text: str) -> bool:
        """Nothing to see is nothing: a name of invisible signs only cannot be found again."""
        if len(text) > 8 * self.max_length:
            return False
        return all(unicodedata.category(sign)[0] in "ZC" for sign in text) and not _NEVER_SHOWN.search(text)

    def parse(self, text: str) -> str:
        too_long = RuleViolationError(gettext("Enter at most %(max_length)s characters.", max_length=self.max_length))
        if len(text) > 8 * self.max_length:
            raise too_long
        text = text.replace("\r\n", "\n").replace("\r", "\n") if self.multiline else text.strip("\t\r\n")
        self._refuse_signs(text)
        text = unicodedata.normalize("NFC", text).strip()
        if len(text) > self.max_length:
            raise too_long
        return text

    def _refuse_signs(self, text: str) -> None:
        allowed = "\n\t" if self.multiline else ""
        categories = {unicodedata.category(sign) for sign in text if sign not in allowed}
        if categories & {"Cc", "Cs"} or "\ufffe" in text or "\uffff" in text:
            raise RuleViolationError("Remove the control characters; type the text instead of pasting it.")
        if categories & {"Zl", "Zp"} and not self.multiline:
            raise RuleViolationError("Write it on one line.")
        if categories & {"Cf", "Zl", "Zp", "Co", "Cn"} and self.identifier:
            raise RuleViolationError("Remove the invisible characters; type it instead of pasting it.")


class PasswordField(_Typed):
    """A password: kept exactly as typed, never shown again, at most 128 characters and never cut off."""

    widget = widgets.PasswordInput()

    def __init__(self, label: str | None = None, *, max_length: int = 128, **options: Any) -> None:
        super().__init__(label, **options)
        self.max_length = max_length

    @property
    def raw(self) -> str:
        return ""

    @property
    def when_missing(self) -> str:
        return gettext("Enter the password.")

    def is_empty(self, text: str) -> bool:
        return not text

    def parse(self, text: str) -> str:
        if len(text) > self.max_length:
            raise RuleViolationError(
                gettext("A password has at most %(max_length)s characters.", max_length=self.max_length)
            )
        if _NEVER_SHOWN.search(text):
            raise RuleViolationError("Leave control characters out of the password.")
        return text


class PinField(PasswordField):
    """A PIN: digits of any script, shown to nobody."""

    def __init__(self, label: str | None = None, **options: Any) -> None:
        options["render_kw"] = {"inputmode": "numeric", "autocomplete": "off", **options.get("render_kw", {})}
        super().__init__(label, max_length=40, **options)

    @property
    def when_missing(self) -> str:
        return gettext("Enter the PIN.")

    def parse(self, text: str) -> str:
        return fold_pin(super().parse(text))


class IdField(_Typed):
    """The id of a thing in this shop: `data` is a UUID. That the thing exists is for the service to see."""

    widget = widgets.HiddenInput()

    @property
    def when_missing(self) -> str:
        return gettext("Choose one.")

    def parse(self, text: str) -> UUID:
        found = parse_id(text.strip())
        if found is None:
            raise RuleViolationError("Choose one that is there.")
        return found


class OpIdField(IdField):
    """The number of the form itself: made when the form is rendered, kept while it is refused."""

    def __init__(self, label: str = "This form", **options: Any) -> None:
        options.setdefault("default", new_id)
        super().__init__(label, **options)

    @property
    def raw(self) -> str:
        """The number that came, if it is one; otherwise a new one, so that sending again works."""
        return str(self.data or self.object_data)

    @property
    def when_missing(self) -> str:
        return gettext("It came without its number, so nothing was saved. Send it again.")

    def parse(self, text: str) -> UUID:
        found = parse_id(text)
        if found is None or not found.int:
            raise RuleViolationError("It came with a number that is none, so nothing was saved. Send it again.")
        return found


class DateField(_Typed):
    """A day, as the browser sends it: `data` is a date from 2000-01-01 to `days_ahead` days from today.

    Source: promises I8. A sale gives `days_ahead=1`; the year 9999 overflows when time zones are applied.
    """

    widget = widgets.DateInput()

    def __init__(self, label: str | None = None, *, days_ahead: int = 366, **options: Any) -> None:
        super().__init__(label, **options)
        self.days_ahead = days_ahead

    @property
    def latest(self) -> dt.date:
        today: dt.date = self.meta.today
        return today + dt.timedelta(days=self.days_ahead)

    @property
    def when_missing(self) -> str:
        return gettext("Choose a day.")

    def parse(self, text: str) -> dt.date:
        day = _day(text.strip())
        if day is None:
            raise RuleViolationError(gettext("Write a day of the calendar like %(today)s.", today=self.meta.today))
        if not DAY_MIN <= day <= self.latest:
            raise RuleViolationError(
                gettext("Choose a day from %(day_min)s to %(latest)s.", day_min=DAY_MIN, latest=self.latest)
            )
        return day


class BarcodeField(_Typed):
    """A barcode: `data` is a checked `Barcode`.

    Args:
        symbology_field: Name of the ChoiceField of the same form, declared before this one, with the kind that
            was chosen; left empty, the code itself says its kind.
    """

    def __init__(self, label: str | None = None, *, symbology_field: str = "", **options: Any) -> None:
        self._sibling: Field | None = options["_form"][symbology_field] if symbology_field else None
        super().__init__(label, **options)

    @property
    def when_missing(self) -> str:
        return gettext("Scan a barcode, or type the digits under the bars.")

    def parse(self, text: str) -> Barcode:
        return read_barcode(text, (self._sibling.data or None) if self._sibling else None)

    def write(self, value: Any) -> str:
        return str(getattr(value, "code", value))


def _select(field: "ChoiceField", **attributes: object) -> Markup:
    """Draw the choices, the one that was sent or is the value selected."""
    selected = field.raw
    if field.flags.required:
        attributes.setdefault("required", True)
    # By hand: lists of currencies and time zones have hundreds of lines, and `Markup.format` is slow.
    options = "".join(
        f'<option{" selected" * (str(value) == selected)} value="{escape(str(value))}">{escape(label)}</option>'
        for value, label in field.choices
    )
    start = widgets.html_params(id=field.id, name=field.name, **attributes)
    return Markup(f"<select {start}>{options}</select>")  # noqa: S704  # nosec B704 # all of it is escaped


class ChoiceField(_Typed):
    """One of a few: `data` is the value of the choice.

    `choices` are pairs (value, label), given here or set on the form's field before it is validated or shown.
    An optional field wants a pair ("", label) for none.
    """

    widget: Any = staticmethod(_select)

    def __init__(self, label: str | None = None, *, choices: Iterable[tuple[Any, str]] = (), **options: Any) -> None:
        super().__init__(label, **options)
        self.choices = list(choices)

    @property
    def when_missing(self) -> str:
        return gettext("Choose one.")

    def parse(self, text: str) -> Any:
        return text

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002
        """Look at the choices only now: they may have been set after the form was filled."""
        if self.data is None or self.process_errors:
            return
        known = {str(value): value for value, _ in self.choices}
        chosen = str(self.data)
        self.data = known.get(chosen)
        if chosen not in known:
            raise ValidationError(gettext("%(text)s: Choose one that is in the list.", text=self.label.text))


class CurrencyField(ChoiceField):
    """A currency: `data` is its ISO 4217 code."""

    def __init__(self, label: str = "Currency", **options: Any) -> None:
        options.setdefault("choices", _currencies_in(spoken_language()))
        super().__init__(label, **options)

    def parse(self, text: str) -> str:
        code = text.strip().upper()
        if code not in CURRENCIES:
            raise RuleViolationError("Choose a currency that is in the list.")
        return code


class BooleanField(_Typed):
    """A box to tick: `data` is True or False. Not ticked is what browsers do not send."""

    widget = widgets.CheckboxInput()

    def __init__(self, label: str | None = None, **options: Any) -> None:
        super().__init__(label, **{"required": False, "default": False, **options})

    @property
    def raw(self) -> str:
        return "y"

    @property
    def empty(self) -> bool:
        return False

    @property
    def when_missing(self) -> str:
        return gettext("Tick this box to go on.")

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata(valuelist or [""])

    def parse(self, text: str) -> bool:
        if text not in _TICKED:
            raise RuleViolationError("Tick the box or leave it empty.")
        return True


_TICKED = frozenset({"y", "yes", "on", "true", "1"})


@cache
def _currencies_in(language: str) -> list[tuple[str, str]]:
    return [(code, f"{code} {get_currency_name(code, locale=language)}") for code in sorted(CURRENCIES)]


def _signs(field: Field) -> Signs:
    """Return the signs that numbers are read with; all digits are read."""
    signs: Signs = getattr(field.meta, "signs", ENGLISH)
    return signs


def _written(field: Field) -> Signs:
    """Return the signs that numbers are written with."""
    signs: Signs = getattr(field.meta, "written", ENGLISH)
    return signs


def _day(text: str) -> dt.date | None:
    """Read YYYY-MM-DD and nothing else: fromisoformat also takes weeks and a day without hyphens."""
    if not _ISO_DAY.fullmatch(text):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
