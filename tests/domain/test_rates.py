"""Rates doubted in words, turned round, and never guessed."""

import datetime as dt
from decimal import Decimal

import pytest

from ledger_web.domain.errors import InvalidNumberError, RuleViolationError
from ledger_web.domain.exchange import Rate
from ledger_web.domain.rates import doubts, make_rate, turned_round

DAY = dt.date(2026, 11, 20)
LAST = Rate("USD", "AFN", Decimal("71.5"))


def said(rate: Rate, *, rate_on: dt.date | None = DAY) -> str:
    return " ".join(doubts(rate, "USD", LAST, rate_on=rate_on, document_on=DAY))


def test_a_rate_near_the_last_one_is_believed() -> None:
    assert said(Rate("USD", "AFN", Decimal(75))) == ""
    assert said(Rate("AFN", "USD", Decimal("0.014"))) == ""
    assert doubts(Rate("USD", "AFN", Decimal(5)), "USD", None, rate_on=None, document_on=DAY) == []


def test_a_rate_far_off_is_doubted_with_both() -> None:
    sentence = said(Rate("USD", "AFN", Decimal(80)))
    assert "more than 10 % off" in sentence
    assert "1 USD = 71.50 AFN" in sentence
    assert "1 USD = 80.00 AFN" in sentence


@pytest.mark.parametrize("rate", [Rate("AFN", "USD", Decimal("71.5")), Rate("USD", "AFN", Decimal("0.01398"))])
def test_a_rate_upside_down_is_asked_about(rate: Rate) -> None:
    assert "upside down" in said(rate)


def test_a_rate_of_another_week_is_doubted() -> None:
    assert said(LAST, rate_on=DAY - dt.timedelta(days=7)) == ""
    assert "more than 7 days" in said(LAST, rate_on=DAY - dt.timedelta(days=8))
    assert "more than 7 days" in said(LAST, rate_on=DAY + dt.timedelta(days=8))


def test_a_rate_is_turned_round_for_reading() -> None:
    assert turned_round(Rate("USD", "AFN", Decimal("71.5"))).in_words() == "1 AFN = 0.013986014 USD"
    with pytest.raises(InvalidNumberError):
        turned_round(Rate("USD", "AFN", Decimal("0.0000000001")))


@pytest.mark.parametrize("value", ["0", "-1", "NaN", "Infinity"])
def test_a_rate_is_above_zero_and_between_the_two_currencies(value: str) -> None:
    with pytest.raises(InvalidNumberError):
        make_rate(Decimal(value), "USD", "USD", "AFN")
    with pytest.raises(RuleViolationError):
        make_rate(Decimal(5), "EUR", "USD", "AFN")
    with pytest.raises(RuleViolationError):
        make_rate(Decimal(5), "AFN", "AFN", "AFN")
