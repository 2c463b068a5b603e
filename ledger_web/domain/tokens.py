"""Secrets a browser keeps: made long enough not to be guessed, stored only as a digest."""

import hashlib
import re
import secrets

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    """Make a secret of 256 random bits, 43 characters that need no quoting anywhere."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> bytes:
    """Return the SHA-256 of a token: what is stored of it. A token is random, so it needs no salt."""
    return hashlib.sha256(token.encode()).digest()
