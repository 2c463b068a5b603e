import datetime as dt
from decimal import Decimal

import pytest

from ledger_web.domain import errors


def every_error() -> list[type[errors.LedgerError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.LedgerError)]


@pytest.mark.parametrize("kind", every_error())
def test_every_error_has_a_sentence_of_its_own(kind: type[errors.LedgerError]) -> None:
    sentence = (kind.__doc__ or "").partition("\n\n")[0]

    assert sentence.endswith(".")
    assert sentence[0].isupper()
    assert "\n" not in sentence
    assert sum(other.__doc__ == kind.__doc__ for other in every_error()) == 1
    assert kind.__name__.endswith("Error")


def test_an_error_without_a_message_says_its_docstring() -> None:
    assert str(errors.NotFoundError()) == "There is no such thing in this shop."
    assert str(errors.NotFoundError("No sale 7.")) == "No sale 7."


def test_too_little_money_names_what_is_there_what_is_asked_and_the_remedy() -> None:
    error = errors.InsufficientFundsError("Drawer A", available=5, needed=1234500, currency="PKR")

    assert error.message == (
        "Drawer A holds 0.05 PKR, but 12,345.00 PKR is needed. Pay money in first, or give credit."
    )
    assert (error.available, error.needed) == (5, 1234500)


def test_a_limit_that_is_overdrawn_already_leaves_nothing() -> None:
    error = errors.CreditLimitExceededError("Alice", available=-500, needed=1000, currency="KWD")

    assert error.message == (
        "Alice has 0.000 KWD of credit left, but 1.000 KWD is needed. Take a payment first, or raise the credit limit."
    )


def test_too_little_stock_is_written_without_the_zeros_of_the_column() -> None:
    error = errors.OutOfStockError("Milk", available=Decimal("0.000000"), needed=Decimal("2.500000"))

    assert error.message == "0 of Milk in stock, but 2.5 is needed. Sell less, or record the purchase first."


def test_a_locked_period_names_both_days() -> None:
    error = errors.PeriodLockedError(dt.date(2026, 1, 2), dt.date(2026, 1, 31))

    assert error.message.startswith("2026-01-02 lies in a locked period: the books are locked up to 2026-01-31.")


def test_a_deleted_sale_says_who_was_first_and_when() -> None:
    error = errors.SaleAlreadyDeletedError("Bob", dt.datetime(2026, 11, 20, 14, 3, tzinfo=dt.UTC))

    assert error.message == "This sale was deleted already, by Bob at 2026-11-20 14:03. Nothing more is needed."


def test_errors_with_values_can_also_be_raised_without() -> None:
    for kind in (errors.AccountClosedError, errors.CurrencyMismatchError, errors.PeriodLockedError):
        assert kind().message == (kind.__doc__ or "").partition("\n\n")[0]


def test_what_is_expected_is_never_what_is_impossible() -> None:
    assert not issubclass(errors.UnbalancedEntryError, errors.RuleViolationError)
    assert issubclass(errors.StaleEditError, errors.ConflictError)
    assert issubclass(errors.InsufficientFundsError, errors.RuleViolationError)
