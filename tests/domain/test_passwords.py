"""Which passwords are refused."""

import pytest

from ledger_web.domain.errors import WeakPasswordError
from ledger_web.domain.passwords import COMMON, COMMON_STEMS, check_password, fold_pin

WORDS = ["olga", "Corner Shop", "corner"]


@pytest.mark.parametrize(
    "password",
    ["password", "Password1", "P@ssw0rd!", "passw0rd", "Summer2024!", "!!admin123", "iloveyou2", "qwertyuiop",
     "asdfghjkl;", "12345678", "87654321", "1qaz2wsx", "abcdefgh", "hgfedcba", "Pakistan1947", "kabul2024",
     "bismillah786", "monkey123", "dragon!!", "letmein1", "welcome2026", "Cashier1", "ledgerweb", "olga1234",
     "OLGA!!!!", "Corner Shop", "corner2026", "aaaaaaaa", "abababab", "short", "x" * 129, "loveyouforever",
     "passwordpassword", "0lga2024", "qwerty12345", "zxcvbnm123", "sunshine99", "Football2025", "changeme!"],
)  # fmt: skip
def test_what_anybody_would_try_first_is_refused(password: str) -> None:
    with pytest.raises(WeakPasswordError):
        check_password(password, WORDS)


@pytest.mark.parametrize(
    "password",
    ["correct horse battery staple", "tea at seven with aunt", "چای سبز با نان خشک", "h7#kq0vZ", "Milk-9-moons",
     "a sentence", "red bicycle in the rain", "kQ3!vv2p", "another long password"],
)  # fmt: skip
def test_what_nobody_would_try_is_taken(password: str) -> None:
    check_password(password, WORDS)


def test_s6_more_than_three_thousand_well_known_passwords_are_refused() -> None:
    """The words the best known passwords are made of, with the tails people put behind them. Promise S6."""
    tails = ("", "1", "12", "123", "1234", "12345", "123456", "!", "1!", "2024", "2025", "2026", "01", "99", "007")
    guesses = {*COMMON} | {f"{stem}{tail}" for stem in COMMON_STEMS for tail in tails}
    guesses |= {guess.capitalize() for guess in guesses}
    tried = 0
    for guess in guesses:
        if len(guess) >= 8:
            with pytest.raises(WeakPasswordError):
                check_password(guess)
            tried += 1

    assert tried > 3000


@pytest.mark.parametrize(("typed", "folded"), [("27 18 29", "271829"), ("۲۷۱۸۲۹", "271829"), ("٢٧١٨٢٩", "271829")])
def test_a_pin_may_be_typed_in_the_digits_of_any_script(typed: str, folded: str) -> None:
    assert fold_pin(typed) == folded


def test_a_pin_is_digits_only() -> None:
    for wrong in ("27182a", "27-1829", "²71829x"):
        with pytest.raises(WeakPasswordError):
            fold_pin(wrong)
