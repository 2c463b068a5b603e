"""Discounts, what lines come to with them, and several taxes at once."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_web.domain.discounts import DISCOUNT_LIMIT, Discount, must_be_within, percent_off
from ledger_web.domain.errors import ApprovalNeededError, RuleViolationError
from ledger_web.domain.gift_cards import is_mistyped, new_card_code
from ledger_web.domain.sales import Asked, price_lines
from ledger_web.domain.taxes import TaxPart, TaxRate, taxed, total_percent

VAT = TaxRate("VAT", Decimal(15))


def test_a_discount_is_an_amount_or_a_percentage_and_never_more_than_there_is() -> None:
    assert Discount(percent=Decimal(10)).of(99) == 10
    assert Discount(amount=50).of(30) == 30
    for wrong in ({}, {"percent": Decimal(5), "amount": 5}, {"percent": Decimal(101)}, {"amount": -1}):
        with pytest.raises(RuleViolationError):
            Discount(**wrong)


def test_a_price_cut_is_told_in_percent_rounded_up() -> None:
    assert percent_off(100_00, 90_00) == 10
    assert percent_off(3, 2) == Decimal("33.34")
    assert percent_off(100, 120) == 0


def test_beyond_the_ceiling_somebody_has_to_approve_and_then_only_so_far() -> None:
    must_be_within(DISCOUNT_LIMIT, Decimal(99), None, None)
    must_be_within(DISCOUNT_LIMIT, Decimal(20), Decimal(5), Decimal(20))
    with pytest.raises(ApprovalNeededError, match="20 % on Milk is more than you may give: 5 %") as refused:
        must_be_within(DISCOUNT_LIMIT, Decimal(20), Decimal(5), Decimal(19), "Milk")

    assert (refused.value.limit, refused.value.needed) == ("sale.discount", Decimal(20))


def test_a_discount_of_the_whole_is_spread_by_largest_remainder_and_kept_on_the_lines() -> None:
    lines = [Asked(100, Decimal(1)), Asked(100, Decimal(1)), Asked(100, Decimal(1))]

    found = price_lines(lines, Discount(amount=100), inclusive=True)

    assert [line.document_discount for line in found] == [34, 33, 33]
    assert [line.total for line in found] == [66, 67, 67]


def test_a_gift_card_is_neither_discounted_nor_taxed() -> None:
    lines = [Asked(100_00, Decimal(1), (VAT,)), Asked(500_00, Decimal(1), (VAT,), Discount(amount=9), is_money=True)]

    goods, card = price_lines(lines, Discount(percent=Decimal(10)), inclusive=True)

    assert (goods.total, goods.document_discount) == (90_00, 10_00)
    assert (card.total, card.tax, card.discount, card.document_discount) == (500_00, 0, 0, 0)


def test_prices_without_tax_get_it_on_top_of_what_the_discounts_leave() -> None:
    (line,) = price_lines([Asked(100_00, Decimal(1), (VAT,), Discount(percent=Decimal(10)))], inclusive=False)

    assert (line.price, line.discount, line.tax, line.total) == (100_00, 10_00, 13_50, 103_50)


def test_a_compound_tax_falls_on_the_taxes_before_it() -> None:
    rates = (TaxRate("Federal", Decimal(5)), TaxRate("Provincial", Decimal(10), is_compound=True))

    found, parts = taxed(1000_00, rates, inclusive=False)

    assert found.gross == 1155_00
    assert parts == (TaxPart("Federal", Decimal(5), 50_00), TaxPart("Provincial", Decimal(10), 105_00))
    assert taxed(1155_00, rates, inclusive=True)[0].net == 1000_00
    assert total_percent(rates) == Decimal("15.5")


def test_a_class_has_one_to_six_rates_that_come_to_100_percent_at_most() -> None:
    for rates in ([], [VAT] * 7, [TaxRate("Much", Decimal(60)), TaxRate("More", Decimal(60))]):
        with pytest.raises(RuleViolationError):
            total_percent(rates)


def test_a_card_of_ours_has_a_check_digit() -> None:
    code = new_card_code()
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)

    assert not is_mistyped(code)
    assert is_mistyped(wrong)


@settings(max_examples=300, deadline=None)
@given(
    lines=st.lists(
        st.tuples(
            st.integers(0, 10**6),
            st.decimals("0.001", 100, places=3),
            st.one_of(st.none(), st.decimals(0, 100, places=2), st.integers(0, 10**5)),
        ),
        min_size=1,
        max_size=8,
    ),
    whole=st.one_of(st.none(), st.decimals(0, 100, places=2), st.integers(0, 10**6)),
    inclusive=st.booleans(),
)
def test_whatever_the_discounts_the_figures_of_a_line_agree(lines: list[tuple], whole: object, inclusive: bool) -> None:  # type: ignore[type-arg]
    def made(given: object) -> Discount | None:
        if given is None:
            return None
        return Discount(percent=given) if isinstance(given, Decimal) else Discount(amount=given)  # type: ignore[arg-type]

    asked = [Asked(price, quantity, (VAT,), made(off)) for price, quantity, off in lines]
    discount = made(whole)

    found = price_lines(asked, discount, inclusive=inclusive)

    for line in found:
        left = line.price - line.discount - line.document_discount
        assert left >= 0
        assert left == (line.total if inclusive else line.total - line.tax)
        assert sum(part.amount for part in line.taxes) == line.tax
    goods = sum(line.price - line.discount for line in found)
    assert sum(line.document_discount for line in found) == (discount.of(goods) if discount else 0)
