"""What settles what: nothing is lost, nothing is settled twice, and rounding leaves nothing behind."""

import datetime as dt
import random

import pytest

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.open_items import Item, Share, Side, ageing, oldest_first, shares, side_of

DAY = dt.date(2026, 11, 20)


def item(side: Side, amount: int, *, settled: int = 0, base: int | None = None, base_settled: int = 0) -> Item:
    return Item(new_id(), side, "USD", amount, settled, base, base_settled, DAY)


@pytest.mark.parametrize(
    ("kind", "comes_in", "side"),
    [
        ("customer", True, "credit"),
        ("customer", False, "charge"),
        ("member", True, "credit"),
        ("vendor", False, "credit"),
        ("vendor", True, "charge"),
        ("employee", False, "credit"),
    ],
)
def test_what_lowers_a_balance_is_a_credit(kind: str, comes_in: bool, side: str) -> None:
    assert side_of(kind, money_comes_in=comes_in) == side


def test_a_payment_settles_the_oldest_first_and_what_is_over_stays() -> None:
    first, second, third = item("charge", 30), item("charge", 50, settled=10), item("charge", 99)
    payment = item("credit", 60)

    wanted = oldest_first(payment, [first, second, third])

    assert wanted == [(first.id, 30), (second.id, 30)]
    assert oldest_first(item("credit", 500), [first, second, third]) == [
        (first.id, 30),
        (second.id, 40),
        (third.id, 99),
    ]


def test_no_more_is_settled_than_is_open_on_either_side() -> None:
    charge, payment = item("charge", 30), item("credit", 20)

    with pytest.raises(RuleViolationError, match=r"More is allocated than there is: 0\.20 USD is left"):
        shares(payment, [charge], [(charge.id, 21)])
    with pytest.raises(RuleViolationError, match=r"Only 0\.30 USD of this is still open"):
        shares(item("credit", 99), [charge], [(charge.id, 31)])
    with pytest.raises(RuleViolationError, match="still open"):
        shares(item("credit", 99), [charge], [(charge.id, 1), (charge.id, 1)])
    with pytest.raises(RuleViolationError, match="still open"):
        shares(payment, [charge], [(new_id(), 1)])


def test_l5_what_parts_were_worth_adds_up_to_what_the_whole_was_worth() -> None:
    chance = random.Random(7)

    for _ in range(2_000):
        amount, base = chance.randint(1, 5_000), chance.randint(0, 900_000)
        charge, worth = item("charge", amount, base=base), 0
        while charge.open:
            part = chance.randint(1, charge.open)
            worth += charge.base_of(part) or 0
            charge = charge.after(part)
        assert (worth, charge.base_settled, charge.settled) == (base, base, amount)


def test_a_gain_is_the_settled_amount_times_the_difference_of_the_rates() -> None:
    """100.00 at 280 billed, 100.00 at 285 paid: a vendor costs 500.00 more, a customer brought 500.00 more."""
    share = Share(new_id(), new_id(), 100_00, credit_base=28_500_00, charge_base=28_000_00)

    assert share.realised("vendor") == share.realised("employee") == -500_00
    assert share.realised("customer") == share.realised("member") == 500_00
    assert Share(new_id(), new_id(), 100_00, None, 28_000_00).realised("vendor") == 0


def test_ageing_is_by_days_past_due() -> None:
    days = [
        (DAY - dt.timedelta(days=age), 10**place) for place, age in enumerate((-5, 0, 1, 30, 31, 60, 61, 90, 91, 400))
    ]

    assert ageing(days, DAY) == [
        ("Not yet due", 11),
        ("1–30 days", 1_100),
        ("31–60 days", 110_000),
        ("61–90 days", 11_000_000),
        ("Over 90 days", 1_100_000_000),
    ]
    assert ageing([], DAY)[0] == ("Not yet due", 0)
