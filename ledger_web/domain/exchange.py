"""Rates between two currencies: typed or derived, in words, never without their direction.

One rule: an amount is converted exactly and rounded once, half up, to minor units of the other currency.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Final

from ledger_web.domain.currencies import exponent, plain
from ledger_web.domain.errors import InvalidAmountError, InvalidNumberError, RuleViolationError
from ledger_web.domain.journal import AMOUNT_MAX, Entry, exchange, expense, revenue
from ledger_web.domain.languages import gettext
from ledger_web.domain.numbers import RATE_DECIMALS, RATE_DIGITS, round_half_up
from ledger_web.domain.signs import ENGLISH, Signs, write_number

# Codes of the accounts that realised differences of rates stand on.
GAIN: Final = "exchange_gain"
LOSS: Final = "exchange_loss"

_PLACES: Final = Decimal(1).scaleb(-RATE_DECIMALS)
_PRECISE: Final = Context(prec=60, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Rate:
    """One `unit` is `value` of `other`. Always true: value > 0, at most ten decimals."""

    unit: str
    other: str
    value: Decimal

    def convert(self, amount: int, currency: str) -> int:
        """Return what an amount in one of the two currencies is in the other; minor units, rounded once.

        Raises:
            RuleViolationError: It comes to nothing, or to more than the books can hold.
        """
        converted = self._rounded(amount, currency)
        to = self.other if currency == self.unit else self.unit
        if not 0 < converted <= AMOUNT_MAX:
            raise InvalidAmountError(
                gettext(
                    "%(amount)s comes to nothing in %(to)s at this rate. Look at the rate and its direction.",
                    amount=plain(amount, currency),
                    to=to,
                )
                if converted <= 0
                else gettext(
                    "%(amount)s comes to more than the books can hold in %(to)s at this rate. Look at the rate and its"
                    " direction.",
                    amount=plain(amount, currency),
                    to=to,
                )
            )
        return converted

    def joins(self, amount: int, currency: str, other_amount: int) -> bool:
        """Say whether the rate leads from one amount to the other, or back: rounding makes these two questions."""
        other = self.other if currency == self.unit else self.unit
        return other_amount == self._rounded(amount, currency) or amount == self._rounded(other_amount, other)

    def _rounded(self, amount: int, currency: str) -> int:
        factor = Fraction(self.value) * Fraction(10) ** (exponent(self.other) - exponent(self.unit))
        return round_half_up(amount * factor if currency == self.unit else amount / factor)

    def in_words(self, signs: Signs = ENGLISH) -> str:
        """Write ``1 USD = 71.50 AFN``."""
        return f"1 {self.unit} = {write_number(self.value, signs, decimals_min=2)} {self.other}"


@dataclass(frozen=True, slots=True)
class Exchanged:
    """Two amounts in two currencies and the rate between them, frozen."""

    amount: int  # minor units of the first currency
    other_amount: int  # of the second
    rate: Rate
    source: str  # "typed", or "amounts" where the rate was derived from them


def exchanged(
    currency: str,
    amount: int | None,
    other_currency: str,
    other_amount: int | None,
    rate: Decimal | None,
    rate_unit: str | None,
) -> Exchanged:
    """Complete what was typed: both amounts, or one of them and a rate; all three if they agree.

    Raises:
        RuleViolationError: Something is missing, or the three contradict each other.
    """
    if rate is None:
        if amount is None or other_amount is None:
            raise RuleViolationError(
                gettext(
                    "Enter both amounts, in %(currency)s and in %(other_currency)s, or one of them and the rate.",
                    currency=currency,
                    other_currency=other_currency,
                )
            )
        return Exchanged(amount, other_amount, derived_rate(amount, currency, other_amount, other_currency), "amounts")
    if rate_unit not in (currency, other_currency):
        raise RuleViolationError(
            gettext(
                "Say whether the rate is for one %(currency)s or for one %(other_currency)s.",
                currency=currency,
                other_currency=other_currency,
            )
        )
    typed = Rate(rate_unit, other_currency if rate_unit == currency else currency, rate)
    if amount is None and other_amount is None:
        raise RuleViolationError(
            gettext(
                "Enter an amount, in %(currency)s or in %(other_currency)s.",
                currency=currency,
                other_currency=other_currency,
            )
        )
    if amount is None:
        return Exchanged(typed.convert(other_amount or 0, other_currency), other_amount or 0, typed, "typed")
    converted = typed.convert(amount, currency)
    if other_amount is None or typed.joins(amount, currency, other_amount):
        return Exchanged(amount, converted if other_amount is None else other_amount, typed, "typed")
    raise RuleViolationError(
        gettext(
            "At %(typed)s, %(amount)s is %(converted)s, not %(other_amount)s. Leave one of the three empty.",
            typed=typed.in_words(),
            amount=plain(amount, currency),
            converted=plain(converted, other_currency),
            other_amount=plain(other_amount, other_currency),
        )
    )


def derived_rate(amount: int, currency: str, other_amount: int, other_currency: str) -> Rate:
    """Return the rate two amounts come from, written for one of the currency that is worth more.

    Raises:
        RuleViolationError: No rate that can be written lies between them.
    """
    one = Fraction(amount, 10 ** exponent(currency))
    other = Fraction(other_amount, 10 ** exponent(other_currency))
    if other < one:
        one, other, currency, other_currency = other, one, other_currency, currency
    exact = other / one
    value = _PRECISE.divide(Decimal(exact.numerator), Decimal(exact.denominator)).quantize(_PLACES, context=_PRECISE)
    if value >= 10**RATE_DIGITS:
        raise InvalidNumberError("No rate lies between these two amounts. Look at both of them again.")
    return Rate(currency, other_currency, value)


def realised_entries(base_currency: str, realised: int) -> list[Entry]:
    """Post a realised difference out of the exchange account it stands on: a gain above zero, a loss below.

    Source: design §1, "the exchange accounts, valued at a rate, are the gain or loss"; IAS 21.28.
    """
    if realised > 0:
        return [Entry(exchange(base_currency), revenue(base_currency, GAIN), realised)]
    if realised < 0:
        return [Entry(expense(base_currency, LOSS), exchange(base_currency), -realised)]
    return []
