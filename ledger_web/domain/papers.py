"""Papers of vendors: which kind a file is, by what is in it and never by its name."""

from typing import Final

from ledger_web.domain.errors import RuleViolationError

BYTES_MAX: Final = 5 * 1024 * 1024

_BEGINNINGS: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
)


def media_type_of(content: bytes) -> str:
    """Return the media type of a photo or a PDF.

    Raises:
        RuleViolationError: It is neither, or too large.
    """
    if len(content) > BYTES_MAX:
        raise RuleViolationError("This file is larger than 5 MB. Take the photo smaller, or scan fewer pages.")
    found = next((kind for beginning, kind in _BEGINNINGS if content.startswith(beginning)), "")
    if not found and content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        found = "image/webp"
    if not found:
        raise RuleViolationError("Choose a photo (JPEG, PNG, WebP) or a PDF: this file is neither.")
    return found
