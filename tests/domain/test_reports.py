"""Reports: each currency balances, by itself and at any rate; what was earned and spent; has = owes + own."""

import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_web.domain.accounts import CHART
from ledger_web.domain.journal import NORMAL_SIDE
from ledger_web.domain.reports import (
    AccountSums,
    ReportLine,
    balance_sheet,
    profit_and_loss,
    trial_balance,
    value,
)

KINDS = sorted(NORMAL_SIDE)
RATES = {"USD": Decimal("281.5"), "KWD": Decimal("912.37"), "JPY": Decimal("1.8913")}


def sums(kind: str, net: int, currency: str = "PKR", code: str | None = None) -> AccountSums:
    """An account with `net` on its debit side; below zero on its credit side."""
    return AccountSums(kind, code, None, currency, uuid.uuid4(), 1, max(net, 0), max(-net, 0))


@st.composite
def books(draw: st.DrawFn) -> list[AccountSums]:
    """Accounts of some currencies, each balanced by its exchange account."""
    found = []
    for currency in draw(st.sets(st.sampled_from(["PKR", *RATES]), min_size=1)):
        amounts = draw(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(-(10**13), 10**13)), max_size=8))
        nets: dict[str, int] = {}
        for kind, net in amounts:
            nets[kind] = nets.get(kind, 0) + net
        nets["exchange"] = nets.get("exchange", 0) - sum(nets.values())
        found += [sums(kind, net, currency) for kind, net in nets.items()]
    return found


def amounts(line: ReportLine) -> dict[str, int]:
    return {currency: figure.amount for currency, figure in line.figures.items()}


def test_every_kind_of_account_has_its_place() -> None:
    assert {kind for kinds in CHART.values() for kind in kinds} == set(KINDS)


@given(books())
def test_what_balances_in_each_currency_balances_in_the_base_currency_at_any_rate(found: list[AccountSums]) -> None:
    report = trial_balance(found, "PKR", RATES)

    assert report.is_balanced
    for block in report.currencies:
        assert block.debit == block.credit == sum(line.sums.debit for line in block.lines)
        assert sum(line.base_debit or 0 for line in block.lines) == block.base
        assert sum(line.base_credit or 0 for line in block.lines) == block.base


@given(books())
def test_what_the_shop_has_is_owed_or_the_owners(found: list[AccountSums]) -> None:
    report = balance_sheet(found, "PKR", {})

    assert amounts(report.assets.total) == amounts(report.both)


def test_a_currency_without_a_rate_leaves_the_base_column_open() -> None:
    found = [sums("cash", 100, "USD"), sums("exchange", -100, "USD"), sums("cash", 5), sums("revenue", -5)]

    report = trial_balance(found, "PKR", {})

    assert [block.currency for block in report.currencies] == ["PKR", "USD"]
    assert [block.base for block in report.currencies] == [5, None]
    assert (report.base, report.exchange) == (None, None)


def test_profit_and_loss_has_every_part_and_leaves_tax_and_balances_out() -> None:
    found = [
        sums("revenue", -1000),
        sums("revenue", -70, code="commission"),
        sums("revenue", -9, code="exchange_gain"),
        sums("tax_payable", -150),
        sums("cost_of_sales", 600),
        sums("expense", 100, code="rent"),
        sums("expense", 20, code="food"),
        sums("expense", 4, code="exchange_loss"),
        sums("over_short", 3),
        sums("rounding", -1),
        sums("cash", 1150),
    ]

    report = profit_and_loss(found, "PKR", {})

    assert amounts(report.sales.total) == {"PKR": 1000}
    assert amounts(report.gross) == {"PKR": 400}
    assert [(line.name, amounts(line)["PKR"]) for line in report.income.lines] == [("Commission", 70)]
    assert [(line.name, amounts(line)["PKR"]) for line in report.expenses.lines] == [
        ("Rent", 100),
        ("Tea and food", 20),
    ]
    assert amounts(report.differences.total) == {"PKR": 9 - 4 - 3 + 1}
    assert amounts(report.result) == {"PKR": 400 + 70 - 120 + 3}
    assert report.result.base == amounts(report.result)["PKR"]


def test_what_exchanging_came_to_is_a_result_in_the_base_currency_only() -> None:
    """100 dollars bought for 28 000.00, worth 28 150.00 now."""
    found = [sums("exchange", 28_000_00), sums("exchange", -100_00, "USD"), sums("revenue", -10_00, "USD")]

    open_, valued = profit_and_loss(found, "PKR", {}), profit_and_loss(found, "PKR", RATES)

    assert amounts(open_.result) == {"PKR": 0, "USD": 10_00}
    assert open_.result.base is None
    assert profit_and_loss(found[:2], "PKR", {}).result.base is None
    assert [(line.name, line.base) for line in valued.differences.lines] == [
        ("Currencies held, at these rates", 150_00)
    ]
    assert valued.result.base == 150_00 + 2815_00


@pytest.mark.parametrize(
    ("amount", "currency", "worth"),
    [
        (100, "USD", 28150),  # cents into paisa
        (-100, "USD", -28150),
        (1000, "KWD", 91237),  # fils, three decimals
        (10, "JPY", 1891),  # yen, none: 18.913 rupees, rounded half up
        (7, "PKR", 7),
        (0, "EUR", 0),
        (1, "EUR", None),
    ],
)
def test_an_amount_is_valued_once_and_rounded_half_up(amount: int, currency: str, worth: int | None) -> None:
    assert value(amount, currency, "PKR", RATES) == worth
