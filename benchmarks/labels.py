"""Drawing the symbols of 1,000 labels with their digits; and whole labels, names measured and broken.

Yardstick of both: python-barcode's own SVG writer, which draws symbols with their digits.
"""

import io
import time
from collections.abc import Callable

import barcode
from barcode.writer import SVGWriter

from benchmarks.ground import Ground, Result
from ledger_web.domain import typeface
from ledger_web.domain.internal_codes import internal_code
from ledger_web.domain.label_drawing import LabelContent, draw_label
from ledger_web.domain.labels import TEMPLATES
from ledger_web.domain.symbols import rows_of, svg

LABELS = 1_000
ROUNDS = 5  # the best of them counts, for both


def measure_labels(ground: Ground) -> list[Result]:
    codes = [internal_code(number) for number in range(1, (100 if ground.quick else LABELS) + 1)]
    rounds = [[_seconds(act, codes) for act in (_write, _draw_symbols, _draw_labels)] for _ in range(ROUNDS)]
    theirs, symbols, whole = (min(times) for times in zip(*rounds, strict=True))
    return [
        Result("labels.1000.vs_library_writer", symbols, theirs, theirs / symbols, "s"),
        Result("labels.1000.whole.vs_library_writer", whole, theirs, theirs / whole, "s"),
    ]


def _draw_symbols(codes: list[str]) -> None:
    rows_of.cache_clear()
    for code in codes:
        svg(code, "ean13")


def _draw_labels(codes: list[str]) -> None:
    """Draw every label anew: nothing is known of it from the time before."""
    rows_of.cache_clear()
    typeface.forget()
    template = TEMPLATES["L7160"]
    for code in codes:
        texts = {"name": f"Basmati rice, extra long, number {code}", "digits": code, "price": "1,250.00 PKR"}
        drawn = draw_label(template, LabelContent(texts, code, "ean13"))
        assert drawn.symbol
        assert drawn.symbol.path


def _write(codes: list[str]) -> None:
    for code in codes:
        barcode.get_barcode_class("ean13")(code, writer=SVGWriter()).write(io.BytesIO())


def _seconds(act: Callable[[list[str]], None], codes: list[str]) -> float:
    """Return how long the processor worked on it, whatever else it does."""
    began = time.process_time()
    act(codes)
    return time.process_time() - began
