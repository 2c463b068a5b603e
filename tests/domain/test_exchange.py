"""Rates in words, in both directions, and what realised differences post."""

import random
from decimal import Decimal

import pytest

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.exchange import Rate, derived_rate, exchanged, realised_entries
from ledger_web.domain.journal import exchange, expense, revenue


def test_a_rate_says_its_direction_in_words() -> None:
    assert Rate("USD", "AFN", Decimal("71.5")).in_words() == "1 USD = 71.50 AFN"
    assert Rate("AFN", "USD", Decimal("0.0139860140")).in_words() == "1 AFN = 0.013986014 USD"


@pytest.mark.parametrize(
    ("rate", "amount", "currency", "expected"),
    [
        (Rate("USD", "AFN", Decimal("71.5")), 100_00, "USD", 7150),  # AFN has no decimals, USD two
        (Rate("USD", "AFN", Decimal("71.5")), 7150, "AFN", 100_00),
        (Rate("USD", "PKR", Decimal("281.5")), 100_00, "USD", 28_150_00),
        (Rate("EUR", "KWD", Decimal("0.333")), 1_00, "EUR", 333),  # three decimals
        (Rate("USD", "JPY", Decimal("149.5")), 1_00, "USD", 150),  # a half goes up
        (Rate("USD", "JPY", Decimal("149.49")), 1_00, "USD", 149),
    ],
)
def test_amounts_are_converted_exactly_and_rounded_once(rate: Rate, amount: int, currency: str, expected: int) -> None:
    assert rate.convert(amount, currency) == expected


def test_what_comes_to_nothing_or_to_too_much_is_refused() -> None:
    with pytest.raises(RuleViolationError, match="comes to nothing in USD"):
        Rate("USD", "AFN", Decimal(1000)).convert(1, "AFN")
    with pytest.raises(RuleViolationError, match="more than the books can hold in AFN"):
        Rate("USD", "AFN", Decimal(10) ** 9).convert(10**14, "USD")


@pytest.mark.parametrize(
    ("typed", "amounts", "words", "source"),
    [
        ((100_00, 7150, None, None), (100_00, 7150), "1 USD = 71.50 AFN", "amounts"),
        ((100_00, 50, None, None), (100_00, 50), "1 AFN = 2.00 USD", "amounts"),
        ((100_00, None, Decimal("71.5"), "USD"), (100_00, 7150), "1 USD = 71.50 AFN", "typed"),
        ((None, 7150, Decimal("71.5"), "USD"), (100_00, 7150), "1 USD = 71.50 AFN", "typed"),
        ((None, 7150, Decimal("0.02"), "AFN"), (143_00, 7150), "1 AFN = 0.02 USD", "typed"),
        ((100_00, 7150, Decimal("71.5"), "USD"), (100_00, 7150), "1 USD = 71.50 AFN", "typed"),
    ],
)
def test_two_of_three_say_the_third(
    typed: tuple[int | None, int | None, Decimal | None, str | None], amounts: tuple[int, int], words: str, source: str
) -> None:
    usd, afn, rate, unit = typed

    found = exchanged("USD", usd, "AFN", afn, rate, unit)

    assert (found.amount, found.other_amount) == amounts
    assert (found.rate.in_words(), found.source) == (words, source)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ((None, None, None, None), "Enter both amounts"),
        ((1_00, None, None, None), "Enter both amounts"),
        ((None, None, Decimal(71), "USD"), "Enter an amount"),
        ((1_00, None, Decimal(71), "EUR"), "for one USD or for one AFN"),
        ((1_00, None, Decimal(71), None), "for one USD or for one AFN"),
        ((100_00, 7000, Decimal("71.5"), "USD"), "100.00 USD is 7,150 AFN, not 7,000 AFN"),
        ((1_00, 9, Decimal(10**9), "AFN"), "comes to nothing in AFN"),
    ],
)
def test_what_is_missing_or_contradicts_is_refused(
    typed: tuple[int | None, int | None, Decimal | None, str | None], sentence: str
) -> None:
    usd, afn, rate, unit = typed

    with pytest.raises(RuleViolationError, match=sentence):
        exchanged("USD", usd, "AFN", afn, rate, unit)


def test_a_derived_rate_is_of_the_currency_that_is_worth_more_and_leads_back() -> None:
    chance = random.Random(1)

    for _ in range(1_000):
        usd, afn = chance.randint(1, 10**6), chance.randint(1, 10**6)
        rate = derived_rate(usd, "USD", afn, "AFN")

        assert rate.value >= 1
        assert rate.convert(usd, "USD") == afn
    assert derived_rate(1, "USD", 1, "USD").value == 1


def test_a_rate_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(RuleViolationError, match="No rate lies between"):
        derived_rate(1, "USD", 10**15, "AFN")


def test_a_gain_is_revenue_and_a_loss_is_an_expense() -> None:
    (gain,), (loss,) = realised_entries("PKR", 150), realised_entries("PKR", -150)

    assert (gain.debit, gain.credit, gain.amount) == (exchange("PKR"), revenue("PKR", "exchange_gain"), 150)
    assert (loss.debit, loss.credit, loss.amount) == (expense("PKR", "exchange_loss"), exchange("PKR"), 150)
    assert realised_entries("PKR", 0) == []
