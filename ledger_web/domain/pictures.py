"""A symbol as a black and white PNG on the printer's dots: thermal printers lose thin bars of scaled drawings."""

import struct
import zlib


def png(bits: str, *, dots: int, height: int, dpi: int) -> bytes:
    """Return a 1-bit PNG of a symbol.

    Args:
        bits: 1 for a black module, 0 for a white one.
        dots: Width of a module in pixels, >= 1.
        height: Pixels, >= 1.
        dpi: Written into the file, so that it prints at its true size.
    """
    width = len(bits) * dots
    row = "".join(("0" if bit == "1" else "1") * dots for bit in bits)  # in a PNG, 1 is white
    packed = b"\0" + int(row.ljust(-(-width // 8) * 8, "1"), 2).to_bytes(-(-width // 8), "big")
    per_metre = round(dpi / 0.0254)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1))
        + _chunk(b"IDAT", zlib.compress(packed * height, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
