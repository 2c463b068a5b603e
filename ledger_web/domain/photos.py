"""Pictures of products, and logos: uploads are looked at with suspicion and drawn anew; nothing else comes along."""

import hashlib
import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from PIL import Image, ImageOps

from ledger_web.domain.errors import RuleViolationError

UPLOAD_MAX: Final = 8 * 1024 * 1024  # bytes
PIXELS_MAX: Final = 40_000_000  # of what is uploaded: a phone's camera has 12 to 24 million, some 50
LARGE: Final = 1000  # pixels, the longer side
SMALL: Final = 160
TYPE: Final = "image/webp"

LOGO_WIDTH: Final = 600
LOGO_HEIGHT: Final = 300
LOGO_BYTES: Final = 300_000
LOGO_TYPE: Final = "image/png"

_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
# What Pillow raises on files that lie about themselves.
_BROKEN: Final = (OSError, SyntaxError, ValueError, EOFError, struct.error, IndexError, TypeError, MemoryError)

_Kept = TypeVar("_Kept")


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture as the shop keeps it: WebP, large and small, without what cameras write into files."""

    digest: str
    large: bytes
    small: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo as the shop keeps it: PNG on white, because paper is white and printers of receipts know no more."""

    digest: str
    content: bytes
    width: int
    height: int


def read_photo(content: bytes) -> Photo:
    """Draw an uploaded picture anew, the right way up; of a moving one the first frame.

    Raises:
        RuleViolationError: Too large in bytes or pixels, not a picture, or one of a kind we do not take.

    Source: product.md spec 6, "image bomb, wrong type, > limit".
    """
    return _read(content, _drawn)


def read_logo(content: bytes) -> Logo:
    """Draw an uploaded logo anew, on white and no larger than a receipt can show.

    Raises:
        RuleViolationError: As for `read_photo`.
    """
    return _read(content, _logo)


def _read(content: bytes, draw: Callable[[Image.Image], _Kept]) -> _Kept:
    if len(content) > UPLOAD_MAX:
        raise RuleViolationError("Picture: It is larger than 8 MB. Choose a smaller one.")
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
            _must_be_bearable(opened)
            return draw(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except _BROKEN:
        raise RuleViolationError("Picture: This is no picture. Choose a JPEG, PNG, WebP or GIF file.") from None


def _must_be_bearable(opened: Image.Image) -> None:
    """The size is in the header: nothing is unpacked before it is known."""
    width, height = opened.size
    if width * height > PIXELS_MAX:
        raise _too_many_pixels()


def _logo(opened: Image.Image) -> Logo:
    opened.draft("RGB", (LOGO_WIDTH * 2, LOGO_HEIGHT * 2))
    drawn = ImageOps.exif_transpose(opened).convert("RGBA")
    drawn.thumbnail((LOGO_WIDTH, LOGO_HEIGHT), Image.Resampling.LANCZOS)
    flat = Image.new("RGB", drawn.size, "white")
    flat.paste(drawn, mask=drawn.getchannel("A"))
    encoded = _as_png(flat)
    if len(encoded) > LOGO_BYTES:  # a photograph: 64 colours are plenty for a receipt
        encoded = _as_png(flat.quantize(64))
    return Logo(hashlib.sha256(encoded).hexdigest()[:16], encoded, *flat.size)


def _as_png(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def _drawn(opened: Image.Image) -> Photo:
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
