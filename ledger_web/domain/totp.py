"""Codes of a second factor: six digits that a phone and the shop compute from one secret and the time.

Source: RFC 6238 with RFC 4226, SHA-1, 30 seconds, which is what every authenticator takes.
"""

import base64
import hashlib
import hmac
import re
import secrets
from typing import Final
from urllib.parse import quote, urlencode

STEP_SECONDS: Final = 30
DIGITS: Final = 6
STEPS_ASIDE: Final = 1  # a clock may be half a minute off, either way
RECOVERY_CODES: Final = 10

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike


def new_secret() -> str:
    """Make a secret of 160 bits, in base32 as authenticators take it."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code_at(secret: str, step: int) -> str:
    """Return the code of a step of half a minute."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8), "sha1")
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(secret: str, code: str, *, seconds: float, after: int) -> int | None:
    """Return the step whose code this is, among the present one and those beside it; None if it is none of them.

    Args:
        code: Six digits, folded.
        seconds: Since 1970, by the clock of the server.
        after: The step of the last code that was taken: that one and those before it are used up.
    """
    now = int(seconds) // STEP_SECONDS
    found = None
    for step in range(now - STEPS_ASIDE, now + STEPS_ASIDE + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()) and step > after:
            found = step
    return found


def address_for_phones(secret: str, *, shop: str, login: str) -> str:
    """Return what an authenticator reads out of the square code."""
    label = quote(f"{shop}:{login}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': shop})}"


def new_recovery_codes() -> list[str]:
    """Make codes for the day the phone is lost, 78 bits each."""
    return ["-".join(_letters(4) for _ in range(4)) for _ in range(RECOVERY_CODES)]


def digest_of_recovery_code(code: str) -> bytes:
    """Return what is stored of a recovery code, however it was typed. It is random, so it needs no salt."""
    return hashlib.sha256(re.sub(r"[\s-]", "", code.casefold()).encode("utf-8", "replace")).digest()


def _letters(many: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(many))
