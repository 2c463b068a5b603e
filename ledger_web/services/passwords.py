"""Hashing passwords: slow on purpose, so never more at a time than there are cores, and never in a transaction."""

import os
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ledger_web.domain.passwords import LENGTH_MAX
from ledger_web.domain.tokens import new_token

# argon2id, 19 MiB, twice over, one lane. Source: OWASP password storage; promise S6.
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# Verified when there is no such user, so that the answer takes the same time.
NOBODYS_HASH = HASHER.hash(new_token())
# A hash takes a core and 19 MiB: more at a time than there are cores would only be slower for all.
_SEATS = threading.BoundedSemaphore(os.cpu_count() or 1)


def hash_password(password: str) -> str:
    """Return argon2id's hash, salted."""
    with _SEATS:
        return HASHER.hash(password)


def is_password(password: str, password_hash: str) -> bool:
    """Say whether this is the password. One longer than we store is never it, after the same time."""
    with _SEATS:
        try:
            return HASHER.verify(password_hash, password[: LENGTH_MAX + 1])
        except (VerificationError, InvalidHashError):
            return False


def is_hash_outdated(password_hash: str) -> bool:
    """Say whether it was made with other settings than today's."""
    return HASHER.check_needs_rehash(password_hash)
