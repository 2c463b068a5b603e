"""Ids of everything but tenants: UUIDv7, made by the application, so that any node may write and keys stay in order."""

import re
import secrets
import threading
import time
from uuid import UUID

_LAST_MILLISECOND = (1 << 48) - 1
_COUNTER_BITS = 42  # 12 bits of rand_a and the upper 30 of rand_b
_TAIL_BITS = 32

_USUAL_FORM = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")

_lock = threading.Lock()
_last_tick = 0  # milliseconds since 1970, then the counter: one number that only grows


def new_id() -> UUID:
    """Make an id that is later than every id this process made before, from whichever thread.

    The counter starts at a random place in each millisecond and grows within it; when the clock is set back,
    counting goes on from the last id.

    Source: RFC 9562, 5.7 (layout) and 6.2, method 1 (fixed bit-length dedicated counter).
    """
    global _last_tick
    now = time.time_ns() // 1_000_000
    start = (now << _COUNTER_BITS) | secrets.randbits(_COUNTER_BITS - 1)
    with _lock:
        _last_tick = tick = max(start, _last_tick + 1)
    return _uuid7(tick >> _COUNTER_BITS, tick & ((1 << _COUNTER_BITS) - 1), secrets.randbits(_TAIL_BITS))


def parse_id(text: str) -> UUID | None:
    """Read an id in its usual form, 36 characters with hyphens in their places; anything else is None.

    `UUID()` itself also takes braces, `urn:uuid:`, misplaced hyphens and full-width digits.
    """
    return UUID(text) if _USUAL_FORM.fullmatch(text) else None


def _uuid7(milliseconds: int, counter: int, tail: int) -> UUID:
    """Put version and variant between time, counter (42 bits) and random tail (32 bits)."""
    rand_a = counter >> 30
    rand_b = (counter & ((1 << 30) - 1)) << _TAIL_BITS | tail
    return UUID(int=(milliseconds & _LAST_MILLISECOND) << 80 | 7 << 76 | rand_a << 64 | 2 << 62 | rand_b)
