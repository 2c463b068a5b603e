"""Rates of the shop: compared, turned round, and doubted in words before they are believed."""

import datetime as dt
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Final

from ledger_web.domain.currencies import exponent
from ledger_web.domain.errors import InvalidNumberError, RuleViolationError
from ledger_web.domain.exchange import Rate
from ledger_web.domain.languages import Texts, gettext
from ledger_web.domain.numbers import RATE_DECIMALS, RATE_DIGITS

OFF_BY: Final = Fraction(10, 100)  # a rate this far from the last one is doubted
DAYS_OLD: Final = 7

# Where a rate came from, in words.
SOURCES: Final = Texts(
    {
        "last": "the last purchase of this vendor",
        "table": "the shop’s rates",
        "typed": "typed",
        "amounts": "the amount charged",
    }
)

_PRECISE: Final = Context(prec=60, rounding=ROUND_HALF_UP)


def make_rate(value: Decimal, unit: str, currency: str, base_currency: str) -> Rate:
    """Make the rate between a document's currency and the shop's.

    Args:
        unit: Which of the two is one.

    Raises:
        RuleViolationError: The rate is not between these two, or not above zero.
    """
    if unit not in (currency, base_currency) or currency == base_currency:
        raise RuleViolationError(
            gettext(
                "Say whether the rate is for one %(currency)s or for one %(base_currency)s.",
                currency=currency,
                base_currency=base_currency,
            )
        )
    if not value.is_finite() or value <= 0:
        raise InvalidNumberError("A rate is above zero.")
    return Rate(unit, base_currency if unit == currency else currency, value)


def factor_of(rate: Rate, currency: str) -> Fraction:
    """Return how many minor units of the other currency one minor unit of this one is, exactly."""
    factor = Fraction(rate.value) * Fraction(10) ** (exponent(rate.other) - exponent(rate.unit))
    return factor if currency == rate.unit else 1 / factor


def turned_round(rate: Rate) -> Rate:
    """Return the same rate for one of the other currency, rounded to the decimals a rate has: for reading only.

    Raises:
        InvalidNumberError: It is too small or too large to be written.
    """
    value = _PRECISE.divide(Decimal(1), rate.value).quantize(Decimal(1).scaleb(-RATE_DECIMALS), context=_PRECISE)
    if not 0 < value < 10**RATE_DIGITS:
        raise InvalidNumberError("Turned round, this rate is too small to be written. Enter it for the other currency.")
    return Rate(rate.other, rate.unit, value)


def doubts(rate: Rate, currency: str, last: Rate | None, *, rate_on: dt.date | None, document_on: dt.date) -> list[str]:
    """Say what is odd about a rate; nothing of it is refused, but somebody has to look.

    Args:
        last: The rate to compare with: that of the last purchase, or of the shop's table.

    Source: product spec 5, "Checks".
    """
    found = []
    if last is not None:
        now, before = factor_of(rate, currency), factor_of(last, currency)
        # Turned round, in units that people write: the exponents of the currencies must not turn with it.
        scale = Fraction(10) ** (exponent(currency) - exponent(_other(rate, currency)))
        upside_down = 1 / (before * scale) / scale
        if now != before and _is_near(now, upside_down) and not _is_near(now, before):
            found.append(
                gettext(
                    "Did you enter it upside down? The last rate was %(last)s, this is %(rate)s.",
                    last=last.in_words(),
                    rate=rate.in_words(),
                )
            )
        elif not _is_near(now, before):
            found.append(
                gettext(
                    "This is more than 10 %% off the last rate: %(last)s then, %(rate)s now.",
                    last=last.in_words(),
                    rate=rate.in_words(),
                )
            )
    if rate_on is not None and abs((document_on - rate_on).days) > DAYS_OLD:
        found.append(
            gettext(
                "The rate is of %(rate_on)s, the invoice of %(document_on)s: more than"
                " %(days_old)s days lie between them.",
                rate_on=f"{rate_on:%Y-%m-%d}",
                document_on=f"{document_on:%Y-%m-%d}",
                days_old=DAYS_OLD,
            )
        )
    return found


def _is_near(one: Fraction, other: Fraction) -> bool:
    return abs(one - other) <= other * OFF_BY


def _other(rate: Rate, currency: str) -> str:
    return rate.other if currency == rate.unit else rate.unit
