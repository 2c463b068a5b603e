import pytest

from ledger_web.domain.currencies import CURRENCIES, exponent, plain


def test_the_decimals_of_currencies_are_what_the_books_were_written_with() -> None:
    """Stored amounts are minor units: should a new Babel count otherwise, every amount would change its worth."""
    without_decimals = {code for code in CURRENCIES if exponent(code) == 0}
    with_three = {code for code in CURRENCIES if exponent(code) == 3}

    # fmt: off
    assert without_decimals == {
        "AFN", "ALL", "BIF", "CLP", "DJF", "GNF", "IQD", "IRR", "ISK", "JPY", "KMF", "KPW", "KRW", "LAK", "LBP", "MGA",
        "MMK", "PYG", "RSD", "RWF", "SOS", "SYP", "UGX", "VND", "VUV", "XAF", "XOF", "XPF", "YER",
    }
    # fmt: on
    assert with_three == {"BHD", "JOD", "KWD", "LYD", "OMR", "TND"}
    assert {exponent(code) for code in CURRENCIES} == {0, 2, 3}


@pytest.mark.parametrize("code", ["PKR", "USD", "EUR", "GBP", "INR", "SAR", "AED", "JPY", "KWD", "CNY", "TRY"])
def test_a_shop_can_keep_its_books_in_what_people_pay_with(code: str) -> None:
    assert code in CURRENCIES


@pytest.mark.parametrize("code", ["XAU", "XXX", "XTS", "DEM", "pkr", "", "PK", "BTC"])
def test_gold_tests_and_money_of_the_past_are_not_currencies(code: str) -> None:
    assert code not in CURRENCIES
    with pytest.raises(KeyError):
        exponent(code)


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (0, "PKR", "0.00 PKR"),
        (5, "PKR", "0.05 PKR"),
        (-5, "PKR", "-0.05 PKR"),
        (123450, "PKR", "1,234.50 PKR"),
        (-123456789, "USD", "-1,234,567.89 USD"),
        (1234567, "JPY", "1,234,567 JPY"),
        (5, "KWD", "0.005 KWD"),
        (999_999_999_999_999, "PKR", "9,999,999,999,999.99 PKR"),
    ],
)
def test_an_amount_is_written_the_same_way_everywhere(amount: int, currency: str, written: str) -> None:
    assert plain(amount, currency) == written
