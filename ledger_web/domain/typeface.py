"""The typeface of labels and PDFs: how wide a text is in it, and where a line of it must be broken.

One face that the browser and the PDF both use, so that what fits in one fits in the other. It has Latin, Greek,
Cyrillic, Arabic (with the letters of Persian, Pashto and Urdu) and Hebrew. Signs it has not are taken to be wide.
"""

import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import uharfbuzz as hb

FAMILY: Final = "DejaVu Sans Condensed"
REGULAR: Final = Path(__file__).parents[2] / "static" / "fonts" / "DejaVuSansCondensed.ttf"
BOLD: Final = REGULAR.with_name("DejaVuSansCondensed-Bold.ttf")
ELLIPSIS: Final = "…"
_CUT: Final = 400  # characters: longer than any line of paper


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return how wide a text is, in the unit of `size`, letters joined as Arabic joins them."""
    return _ems(text, bold) * size


def broken(text: str, width: float, size: float, *, most: int, bold: bool = False) -> list[str]:
    """Break a text into at most so many lines of a width, between words where that is possible.

    What does not fit ends in an ellipsis. White space of every kind separates words.

    Args:
        width: Of the line, in the unit of `size`.
        most: Lines, >= 1.
    """
    words = text[: _CUT * most].split()
    lines: list[str] = []
    while words and len(lines) < most:
        lines.append(_take_line(words, width / size, bold))
    if words and lines:
        lines[-1] = _shortened(f"{lines[-1]} {' '.join(words)}", width / size, bold)
    return lines


def forget() -> None:
    """Forget what was measured, for measuring how long it takes."""
    _ems.cache_clear()


def _take_line(words: list[str], room: float, bold: bool) -> str:
    """Take the words that fit from the front; of a word wider than the line, what fits of it."""
    line = words.pop(0)
    if _ems(line, bold) > room:
        length = _fitting(line, room, bold, "")
        words[:0] = [line[length:]] if line[length:] else []
        return line[:length]
    while words and _ems(longer := f"{line} {words[0]}", bold) <= room:
        line = longer
        words.pop(0)
    return line


def _shortened(text: str, room: float, bold: bool) -> str:
    return text[: _fitting(text, room, bold, ELLIPSIS)].rstrip() + ELLIPSIS


def _fitting(text: str, room: float, bold: bool, end: str) -> int:
    """Return how many of the first characters fit, one at least."""
    fits, fails = 1, min(len(text), _CUT) + 1
    while fails - fits > 1:
        middle = (fits + fails) // 2
        if _ems(text[:middle] + end, bold) <= room:
            fits = middle
        else:
            fails = middle
    return fits


@lru_cache(maxsize=20_000)
def _ems(text: str, bold: bool) -> float:
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    hb.shape(_font(bold), buffer)
    units = sum(position.x_advance for position in buffer.glyph_positions)
    missing = sum(_extra(text[info.cluster]) for info in buffer.glyph_infos if info.codepoint == 0)
    return float(units) / _upem(bold) + missing


def _extra(sign: str) -> float:
    """Return how much wider than our box a sign may be in the face that has it, ems."""
    return 0.45 if unicodedata.east_asian_width(sign) in "WF" else 0.2


@cache
def _font(bold: bool) -> hb.Font:
    return hb.Font(_face(bold))


@cache
def _face(bold: bool) -> hb.Face:
    return hb.Face(hb.Blob.from_file_path(str(BOLD if bold else REGULAR)))


def _upem(bold: bool) -> int:
    return int(_face(bold).upem)
