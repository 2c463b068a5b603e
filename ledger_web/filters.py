"""How money, quantities, days and barcodes look: in the shop's signs and time zone, in the reader's language."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from zoneinfo import ZoneInfo

import segno
from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from flask import Flask, g, has_app_context
from markupsafe import Markup

from ledger_web.domain.audit import fact_name
from ledger_web.domain.days import business_day
from ledger_web.domain.exchange import Rate
from ledger_web.domain.journal import NORMAL_SIDE
from ledger_web.domain.languages import gettext, speaking
from ledger_web.domain.locales import in_digits
from ledger_web.domain.money import format_amount
from ledger_web.domain.permissions import role_name
from ledger_web.domain.products import usual_unit
from ledger_web.domain.signs import ENGLISH, Signs, signs_of, write_number
from ledger_web.domain.symbols import svg
from ledger_web.domain.transactions import name_of

# In this order: Edge and Chrome also call themselves Safari.
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "a Mac"),
    ("Linux", "Linux"),
)
# Of whom a balance above zero says that they owe the shop; of the others it says that the shop owes them.
_OWES_US = frozenset({"customer", "member"})


def init_app(app: Flask) -> None:
    """Give the filters to the templates."""
    app.template_filter("money")(money)
    app.template_filter("amount")(amount)
    app.template_filter("quantity")(quantity)
    app.template_filter("percent")(percent)
    app.template_filter("date")(date)
    app.template_filter("month")(month)
    app.template_filter("datetime")(datetime)
    app.template_filter("owes")(owes)
    app.template_filter("side")(side)
    app.template_filter("rate")(rate)
    app.template_filter("negative")(negative)
    app.template_filter("barcode_svg")(barcode_svg)
    app.template_filter("square_code")(square_code)
    app.template_filter("browser")(browser)
    app.template_filter("fact_name")(fact_name)
    app.template_filter("kind_name")(name_of)
    app.template_filter("role_name")(role_name)


def shop_signs() -> Signs:
    """Return the signs that people of this shop type with the digits 0 to 9; without a shop the English ones."""
    return signs_of(g.tenant.locale) if has_app_context() and g.get("tenant") else ENGLISH


def page_signs() -> Signs:
    """Return the signs that pages are written with: those of the shop, in its digits."""
    return signs_of(g.tenant.locale, g.tenant.digits) if has_app_context() and g.get("tenant") else ENGLISH


@contextmanager
def as_the_shop() -> Iterator[None]:
    """Say and write everything in the shop's language, not in the reader's: for what leaves the shop."""
    reader = g.get("locale")
    g.locale = g.tenant.locale
    try:
        with speaking(g.tenant.locale):
            yield
    finally:
        g.locale = reader


def shops_unit() -> str:
    """Return what goods of this shop are counted in unless it is said."""
    if not has_app_context() or not g.get("tenant"):
        return usual_unit()
    with as_the_shop():
        return usual_unit()


def shop_zone() -> dt.tzinfo:
    """Return the time zone of the shop of this request; without a shop UTC."""
    return ZoneInfo(g.tenant.time_zone) if has_app_context() and g.get("tenant") else dt.UTC


def shop_today() -> dt.date:
    """Return the business day of the shop of this request."""
    now = dt.datetime.now(dt.UTC)
    if not has_app_context() or not g.get("tenant"):
        return now.date()
    return business_day(now, shop_zone(), g.tenant.day_starts_at)


def money(minor_units: int, currency: str) -> str:
    """Write an amount with its currency: ``1,234.50 PKR``. The code stands behind, it is the same in every locale."""
    return f"{amount(minor_units, currency)} {currency}"


def amount(minor_units: int, currency: str) -> str:
    """Write an amount where the currency is said elsewhere: in a column, in an input."""
    return format_amount(minor_units, currency, page_signs())


def quantity(value: Decimal | int) -> str:
    """Write a quantity without the zeros that a column of the database adds: ``2``, ``0.25``."""
    return write_number(value, page_signs())


def percent(value: Decimal | int) -> str:
    return f"{quantity(value)}%"


def rate(value: Rate) -> str:
    """Write a rate with its direction: ``1 USD = 71.50 AFN``; from left to right, in whatever it stands."""
    return f"\u2066{_in_digits(value.in_words(page_signs()))}\u2069"


def negative(figure: str) -> str:
    """Put a minus before a figure, and keep it there where writing runs from right to left."""
    return f"\u2066−{figure}\u2069"


def date(day: dt.date) -> str:
    """Write a day: ``Nov 20, 2026``. Of a moment, the day it is in the shop."""
    if isinstance(day, dt.datetime):
        day = day.astimezone(shop_zone()).date()
    return _in_digits(format_date(day, format="medium", locale=_locale()))


def month(day: dt.date) -> str:
    """Write the month of a day: ``November 2026``."""
    return _in_digits(format_skeleton("yMMMM", day, locale=_locale()))


def datetime(moment: dt.datetime) -> str:
    """Write a moment as the shop's clock shows it: ``Nov 20, 2026 2:03 PM``."""
    local = moment.astimezone(shop_zone())
    return f"{date(local.date())} {_in_digits(format_time(local.time(), format='short', locale=_locale()))}"


def owes(balance: int, currency: str, kind: str) -> str:
    """Say a balance in words, never with a bare minus: ``owes you 120.00 PKR``.

    Args:
        balance: Minor units, positive on the normal side of the account.
        currency: Of the balance.
        kind: customer, member, vendor or employee.

    Source: product, §3 "Sign rule".
    """
    written = money(abs(balance), currency)
    if not balance:
        return gettext("settled")
    if kind in _OWES_US:
        return (
            gettext("owes you %(written)s", written=written)
            if balance > 0
            else gettext("you owe them %(written)s (credit)", written=written)
        )
    return (
        gettext("you owe %(written)s", written=written)
        if balance > 0
        else gettext("owes you %(written)s (advance)", written=written)
    )


def side(balance: int, currency: str, kind: str) -> str:
    """Write a balance of one of the shop's own accounts as accountants do: the amount, and the side it stands on.

    Args:
        balance: Minor units, positive on the normal side of the account.
    """
    written = money(abs(balance), currency)
    if not balance:
        return written
    is_debit = (balance > 0) == (NORMAL_SIDE[kind] == "debit")
    return gettext("%(amount)s Dr", amount=written) if is_debit else gettext("%(amount)s Cr", amount=written)


def barcode_svg(code: str, symbology: str, module_mm: str = "0.33", height_mm: str = "18", text: bool = True) -> Markup:
    """Draw a stored barcode. The drawing is made of numbers and of the code, which is escaped in it."""
    drawing = svg(code, symbology, module_mm=Decimal(module_mm), height_mm=Decimal(height_mm), text=text)
    return Markup(drawing)  # noqa: S704  # nosec B704


def square_code(text: str) -> Markup:
    """Draw a QR code of a text, for a phone to read from the screen: dark on white in every look."""
    drawing = segno.make(text, error="m", micro=False).svg_inline(
        scale=4, border=4, dark="#000", light="#fff", svgclass="square-code", lineclass=None
    )
    return Markup(drawing)  # noqa: S704  # nosec B704 # paths of numbers, nothing of the text


def browser(agent: str) -> str:
    """Name a browser and its system by what it calls itself, as far as people know them."""
    name = next((name for sign, name in _BROWSERS if sign in agent), gettext("A browser"))
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return gettext("%(browser)s on %(system)s", browser=name, system=gettext(system)) if system else name


def _in_digits(written: str) -> str:
    tenant = g.get("tenant") if has_app_context() else None
    return in_digits(written, tenant.digits) if tenant else written


def _locale() -> Locale:
    if not has_app_context():
        return Locale.parse("en")
    tenant = g.get("tenant")
    chosen: str = g.get("locale") or (tenant.locale if tenant else "en")
    return Locale.parse(chosen.replace("-", "_"))
