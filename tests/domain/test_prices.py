"""Which price counts: lists, breaks and days; margin and mark-up."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from ledger_web.domain.prices import (
    PriceCandidate,
    best_price,
    candidates_of_unit,
    is_below_cost,
    margin_percent,
    markup_percent,
)

TODAY = dt.date(2026, 11, 21)
ORDINARY = PriceCandidate(100_00)
TEN = PriceCandidate(90_00, quantity_from=Decimal(10))
WHOLESALE = PriceCandidate(80_00, price_list="Wholesale")


def day(days: int) -> dt.date:
    return TODAY + dt.timedelta(days=days)


def price(*candidates: PriceCandidate, quantity: int | str = 1) -> int | None:
    best = best_price(candidates, Decimal(quantity), TODAY)
    return best.unit_price if best else None


def test_the_ordinary_price_counts_where_no_other_holds() -> None:
    assert price(ORDINARY, TEN) == 100_00
    assert price(ORDINARY, PriceCandidate(50_00, ends_on=day(-1))) == 100_00
    assert price(ORDINARY, PriceCandidate(50_00, starts_on=day(1))) == 100_00
    assert price() is None


@pytest.mark.parametrize(("quantity", "expected"), [("9.999999", 100_00), ("10", 90_00), ("11", 90_00), ("100", 75_00)])
def test_a_break_counts_from_its_quantity_on(quantity: str, expected: int) -> None:
    assert price(ORDINARY, TEN, PriceCandidate(75_00, Decimal(100)), quantity=quantity) == expected


def test_both_days_of_a_promotion_belong_to_it() -> None:
    assert price(ORDINARY, PriceCandidate(70_00, starts_on=TODAY, ends_on=TODAY)) == 70_00


def test_a_price_that_began_later_replaces_the_earlier_even_when_it_is_higher() -> None:
    earlier, later = (PriceCandidate(amount, starts_on=day(-n)) for amount, n in ((90_00, 9), (120_00, 1)))

    assert price(ORDINARY, earlier, later) == price(later, ORDINARY, earlier) == 120_00


def test_more_never_costs_more_apiece() -> None:
    promotion = PriceCandidate(60_00, starts_on=day(-1), ends_on=day(1))

    assert price(ORDINARY, TEN, promotion, quantity=10) == 60_00


def test_the_customers_list_counts_even_when_it_is_higher() -> None:
    assert price(ORDINARY, WHOLESALE) == 80_00
    assert price(PriceCandidate(50_00), WHOLESALE) == 80_00
    assert price(ORDINARY, PriceCandidate(80_00, Decimal(5), price_list="Wholesale")) == 100_00


def test_a_pack_without_a_price_has_the_base_units_prices_times_its_factor() -> None:
    crate = candidates_of_unit(100_00, [TEN, WHOLESALE], factor=Fraction(12))

    assert {(each.unit_price, each.quantity_from) for each in crate} == {
        (1_200_00, Decimal(0)),
        (1_080_00, Decimal("0.833334")),  # never reached with less than ten
        (960_00, Decimal(0)),
    }


def test_a_pack_with_a_price_leaves_everybodys_aside_but_not_the_list() -> None:
    own_ten = PriceCandidate(1_000_00, Decimal(10))
    crate = candidates_of_unit(100_00, [TEN, WHOLESALE], factor=Fraction(12), own_price=1_150_00, own_rows=[own_ten])

    assert price(*[each for each in crate if not each.price_list], quantity=1) == 1_150_00
    assert price(*[each for each in crate if not each.price_list], quantity=10) == 1_000_00
    assert price(*crate, quantity=1) == 960_00


def test_margin_is_of_the_price_without_tax_and_mark_up_of_the_cost() -> None:
    assert margin_percent(115_00, Decimal(60_00), Decimal(15)) == Decimal("40.0")
    assert markup_percent(115_00, Decimal(60_00), Decimal(15)) == Decimal("66.7")
    assert margin_percent(0, Decimal(60_00), Decimal(15)) is None
    assert markup_percent(115_00, Decimal(0), Decimal(15)) is None


def test_a_price_may_be_below_cost_only_because_of_its_tax() -> None:
    assert is_below_cost(115_00, Decimal("10000.01"), Decimal(15))
    assert not is_below_cost(115_00, Decimal(100_00), Decimal(15))
    assert not is_below_cost(0, None, Decimal(15))
