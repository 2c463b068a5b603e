from typing import Any
from uuid import UUID

import pytest

from ledger_web.domain import journal
from ledger_web.domain.errors import InvariantBrokenError, UnbalancedEntryError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import AccountKey, Entry, Run, deltas, reversed_entries, runs

DRAWER = UUID("019a0000-0000-7000-8000-000000000001")
ALICE = UUID("019a0000-0000-7000-8000-000000000002")

till = journal.cash(DRAWER, "PKR")
revenue = journal.revenue("PKR")
tax = journal.tax_payable("PKR")
owner = journal.equity("PKR", "owner")


def test_the_same_words_name_the_same_account() -> None:
    again = AccountKey("cash", "PKR", drawer_id=UUID(str(DRAWER)))

    assert again == till
    assert hash(again) == hash(till)
    assert {till: 1}[again] == 1


def test_another_currency_drawer_or_code_is_another_account() -> None:
    keys = {
        till,
        journal.cash(DRAWER, "USD"),
        journal.cash(new_id(), "PKR"),
        journal.customer(ALICE, "PKR"),
        journal.vendor(ALICE, "PKR"),
        journal.expense("PKR", "tea"),
        journal.expense("PKR", "rent"),
    }

    assert len(keys) == 7


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("cash", {}),
        ("cash", {"drawer_id": DRAWER, "party_id": ALICE}),
        ("revenue", {"drawer_id": DRAWER}),
        ("revenue", {"party_id": ALICE}),
        ("customer", {}),
        ("vendor", {"party_id": ALICE, "drawer_id": DRAWER}),
        ("till", {"drawer_id": DRAWER}),
    ],
)
def test_an_account_that_the_database_would_refuse_cannot_be_named(kind: str, details: dict[str, Any]) -> None:
    with pytest.raises(InvariantBrokenError):
        AccountKey(kind, "PKR", **details)


@pytest.mark.parametrize("currency", ["pkr", "XXX", "", "PK", "XAU"])
def test_an_account_is_in_a_currency_that_exists(currency: str) -> None:
    with pytest.raises(InvariantBrokenError):
        journal.revenue(currency)


def test_store_credit_may_belong_to_somebody_or_to_a_card() -> None:
    assert journal.store_credit("PKR", party_id=ALICE).party_id == ALICE
    assert journal.store_credit("PKR", code="card-7").code == "card-7"


def test_each_kind_stands_on_its_side() -> None:
    on_debit = {kind for kind, side in journal.NORMAL_SIDE.items() if side == "debit"}

    assert on_debit == {
        "customer",
        "member",
        "cash",
        "bank",
        "inventory",
        "tax_receivable",
        "expense",
        "cost_of_sales",
        "exchange",
    }
    assert till.normal_side == "debit"
    assert journal.vendor(ALICE, "PKR").normal_side == "credit"


def test_only_balances_that_are_read_while_selling_are_cached() -> None:
    assert till.cached
    assert journal.customer(ALICE, "PKR").cached
    assert not revenue.cached
    assert not journal.inventory("PKR").cached


@pytest.mark.parametrize("amount", [0, -1, 10**15 + 1, True, 1.0, "1"])
def test_an_entry_without_a_whole_amount_above_zero_is_impossible(amount: Any) -> None:
    with pytest.raises(UnbalancedEntryError):
        Entry(till, revenue, amount)


def test_an_entry_needs_two_accounts_of_one_currency() -> None:
    with pytest.raises(UnbalancedEntryError, match="same cash account"):
        Entry(till, journal.cash(DRAWER, "PKR"), 1)
    with pytest.raises(UnbalancedEntryError, match="exchange accounts only"):
        Entry(till, journal.revenue("USD"), 1)


def test_deltas_touch_each_account_once_however_many_entries_name_it() -> None:
    entries = [Entry(till, revenue, 10000), Entry(till, tax, 1500), Entry(revenue, till, 300)]

    assert deltas(entries) == {till: (11500, 300, 3), revenue: (300, 10000, 2), tax: (0, 1500, 1)}


def test_what_is_posted_and_reversed_leaves_every_balance_as_it_was() -> None:
    entries = [Entry(till, revenue, 10000), Entry(till, tax, 1500)]

    both = deltas([*entries, *reversed_entries(entries)])

    assert all(debits == credits for debits, credits, _count in both.values())
    assert reversed_entries(entries)[1] == Entry(tax, till, 1500)


def test_nothing_to_move_is_no_entry() -> None:
    assert journal.unless_zero(till, tax, 0) == []
    assert journal.unless_zero(till, tax, 5) == [Entry(till, tax, 5)]


def test_a_run_knows_how_low_and_how_high_it_takes_an_account() -> None:
    moved = runs([[Entry(till, owner, 50)], [Entry(owner, till, 80)], [Entry(till, owner, 100)]])

    assert moved[till] == Run(debits=150, credits=80, count=3, net=70, lowest=-30, highest=70)
    assert moved[owner] == Run(debits=80, credits=150, count=3, net=70, lowest=-30, highest=70)


def test_a_run_that_only_adds_has_no_lowest_point() -> None:
    assert runs([[Entry(till, owner, 50)]])[till] == Run(debits=50, count=1, net=50, lowest=None, highest=50)


def test_within_one_transaction_only_where_it_ends_counts() -> None:
    moved = runs([[Entry(owner, till, 80), Entry(till, owner, 100)]])

    assert (moved[till].lowest, moved[till].highest) == (None, 20)
