"""Pictures drawn anew: what is kept, what is left out, what is refused before it is unpacked."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.photos import LARGE, SMALL, UPLOAD_MAX, read_photo
from tests.bad_input import ALL


def file_of(kind: str, size: tuple[int, int] = (30, 20), mode: str = "RGB", **said: Any) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, "red").save(written, kind, **said)
    return written.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB"), ("GIF", "P")]
)
def test_a_picture_is_kept_as_webp_large_and_small(kind: str, mode: str) -> None:
    photo = read_photo(file_of(kind, (2 * LARGE, LARGE), mode))

    for content, size in ((photo.large, (LARGE, LARGE // 2)), (photo.small, (SMALL, SMALL // 2))):
        with Image.open(io.BytesIO(content)) as drawn:
            assert (drawn.format, drawn.size) == ("WEBP", size)
    assert (photo.width, photo.height) == (LARGE, LARGE // 2)


def test_what_a_camera_wrote_into_the_file_is_left_out_and_the_picture_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010E] = "Where we live"

    photo = read_photo(file_of("JPEG", exif=exif))

    with Image.open(io.BytesIO(photo.large)) as drawn:
        assert drawn.size == (20, 30)
        assert not drawn.getexif()
    assert b"Where we live" not in photo.large


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "no picture"),
        (b"%PDF-1.7", "no picture"),
        (file_of("BMP"), "no picture"),
        (file_of("PNG")[:60], "no picture"),
        (file_of("JPEG")[:200], "no picture"),
        (png_that_claims(100, 100), "no picture"),
        (png_that_claims(7000, 7000), "40 million"),
        (png_that_claims(2**31 - 1, 2**31 - 1), "40 million"),
        (b"\x89PNG" + b"\0" * UPLOAD_MAX, "8 MB"),
    ],
    ids=["nothing", "svg", "pdf", "bmp", "cut", "cut jpeg", "torn", "bomb", "huge bomb", "heavy"],
)
def test_what_is_no_picture_or_too_much_of_one_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(RuleViolationError, match=says):
        read_photo(content)


def test_nothing_typed_is_a_picture() -> None:
    for text in ALL:
        with pytest.raises(RuleViolationError):
            read_photo(text.encode("utf-8", "surrogatepass"))
