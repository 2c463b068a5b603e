"""The report of a run: one page with every figure beside its yardstick, and plots that are drawn here."""

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from benchmarks.ground import Result

SIZES = {"10k": 1e4, "1m": 1e6, "10m": 1e7}
WIDE, ROW, LEFT = 760, 20, 300
INK, GOOD, BAD, LINES = "#222", "#2a7d4f", "#b3412e", ("#2a7d4f", "#b3412e", "#3b5bdb", "#a06a00", "#7a3fa0", "#00838f")
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Benchmarks</title>
<style>body{{font:15px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}}table{{border-collapse:collapse}}
td,th{{padding:.2rem .7rem;border-bottom:1px solid #ddd;text-align:end}}
td:first-child,th:first-child{{text-align:start}}
svg{{max-width:100%;height:auto}}</style></head><body>
<h1>Benchmarks</h1>
<p>Each figure stands beside its yardstick, measured in the same run on the same server. A ratio above 1 is better than
the yardstick. Ratios travel between machines, figures do not.</p>
{plots}
{table}
</body></html>
"""


def write_report(folder: Path, results: Sequence[Result], goals: Mapping[str, float]) -> None:
    """Write `report.html`, and each plot as a file of its own."""
    plots = {
        "goals.svg": _bars([(each.name, each.ratio / goals[each.name]) for each in results if each.name in goals]),
        **{f"growth_{axis}.svg": _growth(results, axis) for axis in ("entries", "shops")},
        "policies.svg": _bars([(each.name, each.ratio) for each in results if each.name.startswith("policies.")]),
        "walk.svg": _bars([(each.name, each.ratio) for each in results if each.name.startswith("walk.")]),
    }
    told = {
        "goals.svg": "Reached, over the goal: beyond the line is good.",
        "growth_entries.svg": "Milliseconds by entries of the shop, alone on its server.",
        "growth_shops.svg": "Milliseconds by shops on the server, in the shop with most entries.",
        "policies.svg": "Speed with row-level security over speed without.",
        "walk.svg": "Speed of pages in a shop of a million entries over their speed in a small one.",
    }
    drawn = {name: plot for name, plot in plots.items() if plot}
    for name, plot in drawn.items():
        (folder / name).write_text(plot)
    figures = [f"<figure>{plot}<figcaption>{told[name]}</figcaption></figure>" for name, plot in drawn.items()]
    (folder / "report.html").write_text(PAGE.format(plots="\n".join(figures), table=_table(results, goals)))


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """Say how a figure grows with size: 0 not at all, 1 as the size does."""
    (first, low), (last, high) = points[0], points[-1]
    return math.log(high / low) / math.log(last / first)


def _table(results: Iterable[Result], goals: Mapping[str, float]) -> str:
    rows = []
    for each in results:
        goal = goals.get(each.name)
        verdict = "" if goal is None else f"{goal:g} {'reached' if each.ratio >= goal else 'not reached'}"
        cells = (each.name, f"{each.value:.4g}", f"{each.yardstick:.4g}", each.unit, f"{each.ratio:.2f}", verdict)
        rows.append("".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
    head = "".join(f"<th>{name}</th>" for name in ("Name", "Value", "Yardstick", "Unit", "Ratio", "Goal"))
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _growth(results: Iterable[Result], axis: str) -> str:
    """Draw a line for each act: over the entries of a shop that is alone, or over the shops beside the largest."""
    found = [(*each.name.split(".")[1:], each.value) for each in results if each.name.startswith("growth.")]
    if not found:
        return ""
    largest = max((size for _, size, _, _ in found), key=lambda size: SIZES[str(size)])
    lines: dict[str, list[tuple[float, float]]] = {}
    chosen = sorted(found, key=lambda each: str(each[0]))
    for act, points in groupby(chosen, key=lambda each: str(each[0])):
        kept = [
            (SIZES[str(size)] if axis == "entries" else float(shops), float(value))
            for _, size, shops, value in points
            if (axis == "entries" and shops == "1") or (axis == "shops" and size == largest)
        ]
        lines[act] = sorted(kept)
    return _lines(lines)


def _bars(rows: Sequence[tuple[str, float]]) -> str:
    """Draw a bar for each ratio on a logarithmic scale, to both sides of 1."""
    if not rows:
        return ""
    most = max(1.0, *(abs(math.log10(max(ratio, 1e-6))) for _, ratio in rows))
    middle, half = LEFT + (WIDE - LEFT - 70) / 2, (WIDE - LEFT - 70) / 2
    drawn = []
    for number, (name, ratio) in enumerate(rows):
        top = number * ROW + 4
        long = half * math.log10(max(ratio, 1e-6)) / most
        left, wide = min(middle, middle + long), max(1.0, abs(long))
        colour = GOOD if ratio >= 1 else BAD
        drawn.append(
            f'<text x="{LEFT - 8}" y="{top + 12}" text-anchor="end">{html.escape(name)}</text>'
            f'<rect x="{left:.1f}" y="{top}" width="{wide:.1f}" height="14" fill="{colour}"/>'
            f'<text x="{WIDE - 60}" y="{top + 12}">{ratio:.2f}</text>'
        )
    high = len(rows) * ROW + 8
    drawn.append(f'<path d="M{middle:.1f} 0V{high}" stroke="{INK}" stroke-dasharray="3 3"/>')
    return _svg(high, drawn)


def _lines(lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Draw lines over two logarithmic axes, each named with the power by which it grows."""
    points = [point for each in lines.values() for point in each]
    ends = [(math.log10(min(values)), math.log10(max(values))) for values in zip(*points, strict=True)]
    high, wide = 300, WIDE - 330

    def place(point: tuple[float, float]) -> str:
        right, up = (
            (math.log10(value) - least) / max(most - least, 1e-9)
            for value, (least, most) in zip(point, ends, strict=True)
        )
        return f"{60 + right * wide:.1f} {high - 30 - up * (high - 50):.1f}"

    drawn = [f'<path d="M60 10V{high - 24}H{60 + wide}" fill="none" stroke="{INK}"/>']
    for size in sorted({x for x, _ in points}):
        x = place((size, points[0][1])).split()[0]
        drawn.append(f'<text x="{x}" y="{high - 6}" text-anchor="middle">{size:,.0f}</text>')
    for value in sorted({min(y for _, y in points), max(y for _, y in points)}):
        y = place((points[0][0], value)).split()[1]
        drawn.append(f'<text x="54" y="{y}" text-anchor="end">{value:.3g} ms</text>')
    for number, (name, each) in enumerate(lines.items()):
        colour = LINES[number % len(LINES)]
        drawn.append(f'<path d="M{"L".join(map(place, each))}" fill="none" stroke="{colour}" stroke-width="2"/>')
        power = f"size^{exponent(each):.2f}" if len(each) > 1 else ""
        drawn.append(
            f'<text x="{80 + wide}" y="{24 + number * ROW}" fill="{colour}">{html.escape(name)} {power}</text>'
        )
    return _svg(high, drawn)


def _svg(high: float, drawn: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {high:.0f}" width="{WIDE}" height="{high:.0f}"'
        f' font-family="system-ui" font-size="12">{"".join(drawn)}</svg>'
    )
