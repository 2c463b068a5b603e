"""Pictures of products: what was uploaded is looked at with suspicion and drawn anew: nothing else comes along."""

import hashlib
import io
import struct
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps

from ledger_web.domain.errors import RuleViolationError

UPLOAD_MAX: Final = 8 * 1024 * 1024  # bytes
PIXELS_MAX: Final = 40_000_000  # of what is uploaded: a phone's camera has 12 to 24 million, some 50
LARGE: Final = 1000  # pixels, the longer side
SMALL: Final = 160
TYPE: Final = "image/webp"

_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
# What Pillow raises on files that lie about themselves.
_BROKEN: Final = (OSError, SyntaxError, ValueError, EOFError, struct.error, IndexError, TypeError, MemoryError)


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture as the shop keeps it: WebP, large and small, without what cameras write into files."""

    digest: str
    large: bytes
    small: bytes
    width: int
    height: int


def read_photo(content: bytes) -> Photo:
    """Draw an uploaded picture anew, the right way up; of a moving one the first frame.

    Raises:
        RuleViolationError: Too large in bytes or pixels, not a picture, or one of a kind we do not take.

    Source: product.md spec 6, "image bomb, wrong type, > limit".
    """
    if len(content) > UPLOAD_MAX:
        raise RuleViolationError("Picture: It is larger than 8 MB. Choose a smaller one.")
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
            return _drawn(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except _BROKEN:
        raise RuleViolationError("Picture: This is no picture. Choose a JPEG, PNG, WebP or GIF file.") from None


def _drawn(opened: Image.Image) -> Photo:
    # The size is in the header: nothing is unpacked before it is known to be bearable.
    width, height = opened.size
    if width * height > PIXELS_MAX:
        raise _too_many_pixels()
    opened.draft("RGB", (LARGE, LARGE))  # lets a JPEG be unpacked at a fraction of its size
    upright = ImageOps.exif_transpose(opened)
    has_holes = "A" in upright.getbands() or "transparency" in upright.info
    flat = upright.convert("RGBA" if has_holes else "RGB")
    large, small = (_fitted(flat, side) for side in (LARGE, SMALL))
    encoded = _encoded(large)
    return Photo(hashlib.sha256(encoded).hexdigest()[:16], encoded, _encoded(small), *large.size)


def _fitted(image: Image.Image, side: int) -> Image.Image:
    fitted = image.copy()
    fitted.thumbnail((side, side), Image.Resampling.LANCZOS)
    return fitted


def _encoded(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "WEBP", quality=82, method=4)
    return written.getvalue()


def _too_many_pixels() -> RuleViolationError:
    return RuleViolationError("Picture: It has more than 40 million pixels. Make it smaller, then choose it again.")
