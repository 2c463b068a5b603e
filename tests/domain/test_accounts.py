"""What accounts are called, and how a form names one."""

import uuid

import pytest

from ledger_web.domain.accounts import CHART, KIND_NAMES, account_name, account_of, choice_of
from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.journal import NORMAL_SIDE, bank, cash, customer, expense, revenue
from tests.bad_input import ALL

DRAWER = uuid.UUID("01931a2b-0000-7000-8000-000000000001")


def test_every_kind_has_a_name_and_one_place_in_the_chart() -> None:
    placed = [kind for kinds in CHART.values() for kind in kinds]

    assert sorted(placed) == sorted(NORMAL_SIDE)
    assert set(KIND_NAMES) == set(NORMAL_SIDE)


@pytest.mark.parametrize(
    "key",
    [cash(DRAWER, "AFN"), customer(DRAWER, "USD"), expense("PKR", "rent"), revenue("PKR"), bank("EUR", "main")],
)
def test_what_a_form_offers_is_read_back_as_the_same_account(key: object) -> None:
    assert account_of(choice_of(key), key.currency) == key  # type: ignore[attr-defined, arg-type]


@pytest.mark.parametrize("text", [*ALL, "cash:", "cash:1", "customer:rent", "expense:Rent", "expense:a b", "none:x"])
def test_what_no_form_offers_is_refused(text: str) -> None:
    with pytest.raises(RuleViolationError):
        account_of(text, "PKR")


def test_accounts_have_the_name_of_their_holder_or_of_what_they_are_for() -> None:
    assert account_name("customer", None, "Alice") == "Alice"
    assert account_name("expense", "rent") == "Rent"
    assert account_name("expense", "c_12", "Flowers") == "Flowers"
    assert account_name("revenue", None) == "Sales"
    assert account_name("revenue", "interest") == "Interest"
    assert account_name("equity", "owner") == "Owner’s capital"
    assert account_name("tax_payable", None) == "Tax to pay"
    assert account_name("bank", "meezan_current") == "Meezan current"
