"""How a sale is paid: what each tender pays, what goes back, and that nothing is lost between currencies."""

import uuid
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.exchange import Rate
from ledger_web.domain.journal import bank, cash, customer, exchange, revenue, store_credit
from ledger_web.domain.sales import sale_entries
from ledger_web.domain.tenders import BANK, CASH, GIFT_CARD, Change, Tendered, money_entries, round_to, settle

DRAWER = uuid.UUID(int=1)
DOLLAR = Rate("USD", "PKR", Decimal("281.50"))
EURO = Rate("EUR", "PKR", Decimal(300))


def rupees(amount: int | None) -> Tendered:
    return Tendered(CASH, cash(DRAWER, "PKR"), amount)


def dollars(amount: int) -> Tendered:
    return Tendered(CASH, cash(DRAWER, "USD"), amount, DOLLAR)


def by_card(amount: int | None) -> Tendered:
    return Tendered(BANK, bank("PKR", "hbl"), amount)


def test_tendered_applied_and_change_are_three_figures() -> None:
    found = settle(115_00, "PKR", [rupees(200_00)])

    assert [(row.tendered, row.applied, row.change, row.applied_base) for row in found.paid] == [
        (200_00, 115_00, 85_00, 115_00)
    ]
    assert found.change == (("PKR", 85_00),)


def test_a_card_pays_first_and_cash_what_is_left() -> None:
    found = settle(500_00, "PKR", [rupees(400_00), by_card(200_00)])

    assert [(row.method, row.applied_base) for row in found.paid] == [(BANK, 200_00), (CASH, 300_00)]
    assert found.change == (("PKR", 100_00),)


def test_a_card_without_an_amount_pays_all_that_is_left() -> None:
    found = settle(500_00, "PKR", [by_card(None)])

    assert [(row.method, row.tendered) for row in found.paid] == [(BANK, 500_00)]


def test_only_cash_gives_change() -> None:
    with pytest.raises(RuleViolationError, match="only cash gives change"):
        settle(100_00, "PKR", [by_card(150_00)])


def test_change_of_foreign_cash_goes_back_in_the_shops_currency() -> None:
    found = settle(500_00, "PKR", [dollars(10_00)])

    (row,) = found.paid
    assert (row.tendered, row.applied, row.change, row.other_change, row.other_change_currency) == (
        10_00, 10_00, 0, 2315_00, "PKR",
    )  # fmt: skip
    assert row.applied_base == 500_00


def test_change_of_foreign_cash_may_go_back_in_it_with_the_rest_in_the_shops() -> None:
    found = settle(500_00, "PKR", [dollars(100_00)], change=Change(DOLLAR, "USD", 98_00))

    (row,) = found.paid
    assert (row.change, row.applied, row.other_change, row.applied_base) == (98_00, 2_00, 63_00, 500_00)
    assert found.change == (("USD", 98_00), ("PKR", 63_00))


def test_change_may_go_back_in_any_currency_of_the_drawer() -> None:
    found = settle(500_00, "PKR", [rupees(5000_00)], change=Change(DOLLAR, "USD", 10_00))

    (row,) = found.paid
    assert (row.change, row.other_change, row.other_change_currency) == (1685_00, 10_00, "USD")
    assert row.applied_base == 500_00


def test_more_change_than_is_due_is_refused() -> None:
    with pytest.raises(RuleViolationError, match="Enter less"):
        settle(500_00, "PKR", [rupees(600_00)], change=Change(DOLLAR, "USD", 10_00))


def test_cash_that_does_not_cover_says_how_much_is_missing() -> None:
    with pytest.raises(RuleViolationError, match=r"does not cover the total: 15\.00 PKR is missing"):
        settle(115_00, "PKR", [rupees(100_00)])


def test_nothing_handed_over_says_what_is_to_be_paid() -> None:
    with pytest.raises(RuleViolationError, match="still to be paid"):
        settle(115_00, "PKR", [by_card(100_00)])


def test_what_is_not_covered_goes_on_account_and_is_not_rounded() -> None:
    found = settle(10_03, "CHF", [Tendered(CASH, cash(DRAWER, "CHF"), 5_00)], rest_on_account=True, step=5)

    assert (found.on_account, found.rounding) == (5_03, 0)


@pytest.mark.parametrize(("total", "due"), [(10_02, 10_00), (10_03, 10_05), (10_07, 10_05), (10_08, 10_10), (2, 0)])
def test_only_the_cash_part_is_rounded_to_the_smallest_coin(total: int, due: int) -> None:
    exact = Tendered(CASH, cash(DRAWER, "CHF"), None)

    found = settle(total, "CHF", [exact], step=5)

    assert sum(row.applied_base for row in found.paid) == due
    assert found.rounding == due - total
    with_card = settle(total, "CHF", [Tendered(BANK, bank("CHF", "ubs"), None)], step=5)
    assert with_card.rounding == 0


def test_rounding_goes_from_the_middle_upwards() -> None:
    assert [round_to(amount, 5) for amount in (0, 2, 3, 7, 8)] == [0, 0, 5, 5, 10]


@settings(max_examples=400, deadline=None)
@given(
    total=st.integers(1, 10**7),
    rupee=st.integers(0, 10**7),
    dollar=st.integers(0, 10**5),
    euro=st.integers(0, 10**5),
    card=st.integers(0, 10**6),
    change=st.sampled_from(["", "USD", "EUR"]),
    part=st.one_of(st.none(), st.integers(0, 2000)),
    on_account=st.booleans(),
    step=st.sampled_from([1, 5, 100]),
)
def test_whatever_is_paid_the_entries_balance_and_nothing_is_lost(
    total: int,
    rupee: int,
    dollar: int,
    euro: int,
    card: int,
    change: str,
    part: int | None,
    on_account: bool,
    step: int,
) -> None:
    tenders = [
        by_card(min(card, total)),
        rupees(rupee),
        dollars(dollar),
        Tendered(CASH, cash(DRAWER, "EUR"), euro, EURO),
    ]
    back = Change(DOLLAR if change == "USD" else EURO, change, part) if change else None
    try:
        found = settle(total, "PKR", tenders, rest_on_account=on_account, change=back, step=step)
    except RuleViolationError:
        return

    assert sum(row.applied_base for row in found.paid) + found.on_account == total + found.rounding
    base, foreign = money_entries(found, "PKR")
    alice = (customer(uuid.UUID(int=7), "PKR"), found.on_account)
    entries = sale_entries("PKR", [*base, alice], total, 0, 0, rounded=found.rounding)
    assert sum(entry.amount for entry in entries if entry.credit == revenue("PKR")) == total
    for row in found.paid:
        assert row.tendered == row.applied + row.change
        assert row.applied > 0
    moved = {key: amount for key, amount in base if key == exchange("PKR")}
    handed = sum(row.worth for row in found.paid if row.account.currency != "PKR")
    given = sum(row.other_change_worth for row in found.paid if row.other_change_currency not in (None, "PKR"))
    assert moved.get(exchange("PKR"), 0) == handed - given
    assert all(entry.currency != "PKR" for entry in foreign)


def test_a_gift_card_is_taken_from_its_own_account() -> None:
    card = store_credit("PKR", None, "5021")

    found = settle(100_00, "PKR", [Tendered(GIFT_CARD, card, 40_00), rupees(60_00)])

    base, _ = money_entries(found, "PKR")
    assert dict(base)[card] == 40_00
