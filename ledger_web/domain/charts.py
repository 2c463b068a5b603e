"""Where the columns of a small chart stand: numbers in, places out. Drawing them is for templates."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

WIDTH: Final = 480
HEIGHT: Final = 120
_GAP: Final = Decimal("0.25")  # of a column's place


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its place in a drawing of WIDTH by HEIGHT, zero at the top."""

    month: dt.date
    value: Decimal
    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal
    middle: Decimal


def columns(values: Sequence[tuple[dt.date, Decimal]]) -> list[Column]:
    """Place one column for each value, in order; the largest is as high as the drawing, what is below zero flat."""
    most = max((value for _, value in values), default=Decimal(0))
    place = Decimal(WIDTH) / max(len(values), 1)
    placed = []
    for number, (month, value) in enumerate(values):
        height = _tenths(value / most * HEIGHT) if value > 0 else Decimal(0)
        x, width = _tenths((number + _GAP / 2) * place), _tenths(place * (1 - _GAP))
        placed.append(
            Column(month, value, x, HEIGHT - height, width, height, _tenths((number + Decimal("0.5")) * place))
        )
    return placed


def _tenths(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"))
