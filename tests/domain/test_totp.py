"""Codes as RFC 6238 has them."""

import base64

import pytest

from ledger_web.domain.totp import address_for_phones, code_at, digest_of_recovery_code, new_recovery_codes, step_of

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037"),
     (20000000000, "353130")],
)  # fmt: skip
def test_the_codes_of_the_standard_are_ours(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, the last six of eight digits."""
    assert code_at(SECRET, seconds // 30) == code
    assert step_of(SECRET, code, seconds=seconds, after=0) == seconds // 30


def test_s7_a_clock_may_be_half_a_minute_off_and_no_more() -> None:
    now = 1_000_000_020
    codes = {aside: code_at(SECRET, now // 30 + aside) for aside in range(-3, 4)}

    taken = {aside for aside, code in codes.items() if step_of(SECRET, code, seconds=now, after=0) is not None}

    assert taken == {-1, 0, 1}


def test_s7_a_step_that_was_taken_is_used_up_and_those_before_it() -> None:
    now = 1_000_000_020
    step = now // 30

    assert step_of(SECRET, code_at(SECRET, step), seconds=now, after=step) is None
    assert step_of(SECRET, code_at(SECRET, step - 1), seconds=now, after=step) is None
    assert step_of(SECRET, code_at(SECRET, step + 1), seconds=now, after=step) == step + 1


@pytest.mark.parametrize("code", ["", "1", "28708", "2870820", "ABCDEF", "é" * 6, "２８７０８２", "\ud800"])
def test_nothing_else_is_a_code(code: str) -> None:
    assert step_of(SECRET, code.encode("utf-8", "replace").decode(), seconds=59, after=0) is None


def test_recovery_codes_are_many_and_may_be_typed_as_one_likes() -> None:
    codes = new_recovery_codes()

    assert len(set(codes)) == 10
    assert digest_of_recovery_code(codes[0]) == digest_of_recovery_code(f" {codes[0].upper().replace('-', ' ')} ")
    assert len({digest_of_recovery_code(code) for code in codes}) == 10


def test_a_phone_is_told_shop_and_login_whatever_is_in_them() -> None:
    address = address_for_phones(SECRET, shop="Müller & Söhne: Till", login="olga@x")

    assert address.startswith("otpauth://totp/M%C3%BCller%20%26%20S%C3%B6hne%3A%20Till%3Aolga%40x?secret=")
