"""Packs: exact factors, prices of packs, and stock written as 2 crates and 5."""

from decimal import Decimal
from fractions import Fraction

import pytest

from ledger_web.domain.errors import InvalidAmountError, InvalidQuantityError, RuleViolationError
from ledger_web.domain.units import Counted, Pack, in_base, in_packs, price_of, read_factor

CRATE = Pack("crate", Fraction(12))
PALLET = Pack("pallet", Fraction(480))
HALF = Pack("half", Fraction(1, 2))


def test_a_factor_is_a_fraction_in_lowest_terms() -> None:
    assert read_factor(12, 1, "crate", "pcs") == 12
    assert read_factor(6, 8, "bottle", "l") == Fraction(3, 4)


@pytest.mark.parametrize(
    ("numerator", "denominator", "says"),
    [
        (0, 1, "how many pcs"),
        (-12, 1, "how many pcs"),
        (1, 0, "how many pcs"),
        (5, 5, "would be one pcs"),
        (10**9 + 1, 1, "at most"),
        (1, 3, "six decimals"),
    ],
)
def test_a_factor_that_cannot_be_is_refused_with_the_reason(numerator: int, denominator: int, says: str) -> None:
    with pytest.raises(RuleViolationError, match=says):
        read_factor(numerator, denominator, "crate", "pcs")


def test_packs_are_base_units_exactly() -> None:
    assert in_base(Decimal(3), Fraction(12), "crate") == 36
    assert in_base(Decimal("0.5"), Fraction(3, 4), "bottle") == Decimal("0.375")
    assert in_base(Decimal("-2"), Fraction(12), "crate") == -24


def test_what_is_not_exact_or_too_much_is_refused() -> None:
    with pytest.raises(InvalidQuantityError, match="whole bottle"):
        in_base(Decimal("0.000001"), Fraction(3, 4), "bottle")
    with pytest.raises(InvalidQuantityError, match="more than can be counted"):
        in_base(Decimal(10**8), Fraction(12), "crate")


def test_a_pack_costs_its_own_price_or_the_base_price_times_the_factor() -> None:
    assert price_of(Fraction(12), 1_25, None) == 15_00
    assert price_of(Fraction(12), 1_25, 14_00) == 14_00
    assert price_of(Fraction(12), 1_25, 0) == 0
    assert price_of(Fraction(1, 8), 1_00, None) == 13  # 12.5, half up
    with pytest.raises(InvalidAmountError):
        price_of(Fraction(10**9), 10**10, None)


def test_stock_is_written_in_whole_packs_largest_first() -> None:
    packs = [CRATE, HALF, PALLET]

    assert in_packs(Decimal("509.5"), packs, "pcs") == [
        Counted(Decimal(1), "pallet"),
        Counted(Decimal(2), "crate"),
        Counted(Decimal("5.5"), "pcs"),
    ]
    assert in_packs(Decimal(24), packs, "pcs") == [Counted(Decimal(2), "crate")]
    assert in_packs(Decimal(0), packs, "pcs") == [Counted(Decimal(0), "pcs")]
    assert in_packs(Decimal(-13), packs, "pcs") == [Counted(Decimal(1), "crate"), Counted(Decimal(1), "pcs")]
