"""A symbol as a black and white PNG on the printer's dots: thermal printers lose thin bars of scaled drawings."""

import struct
import zlib

from ledger_web.domain.symbols import Rows


def png(rows: Rows, *, dots: int, height: int, dpi: int) -> bytes:
    """Return a 1-bit PNG of a symbol.

    Args:
        rows: 1 for a black module, 0 for a white one.
        dots: Width of a module in pixels, >= 1.
        height: Pixels, >= 1; a square is as high as it is wide.
        dpi: Written into the file, so that it prints at its true size.
    """
    width = len(rows[0]) * dots
    height = height if len(rows) == 1 else width
    packed = b"".join(_packed(row, dots) * (height if len(rows) == 1 else dots) for row in rows)
    per_metre = round(dpi / 0.0254)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1))
        + _chunk(b"IDAT", zlib.compress(packed, 9))
        + _chunk(b"IEND", b"")
    )


def _packed(row: str, dots: int) -> bytes:
    """Return a line of pixels behind its filter byte; in a PNG, 1 is white."""
    pixels = "".join(("0" if bit == "1" else "1") * dots for bit in row)
    length = -(-len(pixels) // 8)
    return b"\0" + int(pixels.ljust(length * 8, "1"), 2).to_bytes(length, "big")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
