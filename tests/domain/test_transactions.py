"""What transactions are called, which of them are reversed by themselves, and how lines become entries."""

import uuid

import pytest

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.journal import Entry, cash, equity, exchange, expense
from ledger_web.domain.transactions import ManualLine, manual_entries, name_of, title_of, why_not_reversible

TILL = cash(uuid.UUID(int=1), "PKR")
RENT = expense("PKR", "rent")
FEES = expense("PKR", "fees")
OWNER = equity("PKR", "owner")


def test_lines_become_as_few_entries_as_their_order_allows() -> None:
    lines = [ManualLine(RENT, 70, 0), ManualLine(FEES, 30, 0), ManualLine(TILL, 0, 60), ManualLine(OWNER, 0, 40)]

    entries = manual_entries(lines)

    assert entries == [Entry(RENT, TILL, 60), Entry(RENT, OWNER, 10), Entry(FEES, OWNER, 30)]


def test_each_currency_balances_by_itself() -> None:
    dollars = cash(uuid.UUID(int=1), "USD")
    lines = [
        ManualLine(exchange("USD"), 100, 0),
        ManualLine(TILL, 28_000, 0),
        ManualLine(dollars, 0, 100),
        ManualLine(exchange("PKR"), 0, 28_000),
    ]

    entries = manual_entries(lines)

    assert entries == [Entry(exchange("USD"), dollars, 100), Entry(TILL, exchange("PKR"), 28_000)]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "two lines"),
        ([ManualLine(RENT, 1, 0)], "two lines"),
        ([ManualLine(RENT, 1, 0)] * 41, "two lines"),
        ([ManualLine(RENT, 1, 0), ManualLine(TILL, 0, 2)], "Debits and credits differ in PKR: 0.01 PKR and 0.02 PKR"),
        ([ManualLine(RENT, 1, 1), ManualLine(TILL, 0, 1)], "one amount"),
        ([ManualLine(RENT, 0, 0), ManualLine(TILL, 0, 1)], "one amount"),
        ([ManualLine(RENT, -1, 0), ManualLine(TILL, 0, -1)], "one amount"),
        ([ManualLine(RENT, -1, 2), ManualLine(TILL, 1, 0)], "one amount"),
        ([ManualLine(RENT, 2, 0), ManualLine(RENT, 0, 1), ManualLine(TILL, 0, 1)], "debited and credited at once"),
        ([ManualLine(RENT, 10**15, 0), ManualLine(FEES, 1, 0), ManualLine(TILL, 0, 10**15 + 1)], "more than the books"),
        ([ManualLine(exchange("USD"), 1, 0), ManualLine(TILL, 0, 1)], "differ in USD"),
    ],
)
def test_lines_that_are_no_transaction_are_refused_with_a_sentence(lines: list[ManualLine], sentence: str) -> None:
    with pytest.raises(RuleViolationError, match=sentence):
        manual_entries(lines)


def test_an_account_may_stand_on_two_lines_of_one_side() -> None:
    entries = manual_entries([ManualLine(RENT, 1, 0), ManualLine(RENT, 2, 0), ManualLine(TILL, 0, 3)])

    assert entries == [Entry(RENT, TILL, 1), Entry(RENT, TILL, 2)]


@pytest.mark.parametrize("kind", ["payment", "expense", "income", "manual", "pay_in", "pay_out", "opening_balance"])
def test_what_has_no_document_of_its_own_is_reversed_by_itself(kind: str) -> None:
    assert why_not_reversible(kind) == ""


@pytest.mark.parametrize("kind", ["sale", "reversal", "opening_stock", "shift_closing", "whatever"])
def test_everything_else_says_where_it_is_undone(kind: str) -> None:
    assert why_not_reversible(kind).endswith(".")


def test_transactions_are_called_what_a_shopkeeper_calls_them() -> None:
    assert title_of("sale", "sale", "A-000001") == "Sale A-000001"
    assert title_of("reversal", "sale", "A-000001") == "Sale A-000001 deleted"
    assert title_of("reversal", "expense", "") == "Expense reversed"
    assert name_of("owner_drawing") == "Owner’s drawing"
    assert name_of("pay_out") == "Paid out"
