"""The report of a shift: what proves that it was not changed."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def digest_of_report(contents: Mapping[str, Any], previous: bytes | None) -> bytes:
    """Return the SHA-256 over a report and the digest of the report before it: change one, and all after it differ."""
    written = json.dumps(contents, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256((previous or b"") + written.encode()).digest()
