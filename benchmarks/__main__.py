"""Run the measures and print their ratios: `python3 app.py bench [all | measures] [--quick] [--long]`."""

import argparse
import dataclasses
import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import purchases, recalculation
from benchmarks.deletions import measure_deletions
from benchmarks.ground import Ground, Result, ground
from benchmarks.growth import measure_growth
from benchmarks.imports import measure_imports
from benchmarks.labels import measure_labels
from benchmarks.neighbours import measure_neighbours
from benchmarks.pages import measure_pages
from benchmarks.permissions import measure_permissions
from benchmarks.policies import measure_policies
from benchmarks.posting import measure_batches, measure_posting
from benchmarks.products import measure_products
from benchmarks.report import write_report
from benchmarks.reports import measure_reports
from benchmarks.scans import measure_scans
from benchmarks.selling import measure_selling
from benchmarks.shops import measure_shops
from benchmarks.walk import measure_walk
from ledger_web.config import ROOT

RESULTS = ROOT / "build" / "bench" / "results.json"
GOALS = {
    "purchase.line_swap_ms.500": 1,
    "purchase.line_swap_bytes.500": 1,
    "purchase.statements.500_minus_5": 1,
    "posting.hot.32.vs_orm": 3,
    "post_many.1024.vs_single": 20,
    "group_poster.hot.32.vs_single": 5,
    "recalculation.1m.vs_loop": 50,
    "statement.first_page.1m": 0.8,
    "statement.last_page.1m": 0.8,
    "trial_balance.1m": 0.8,
    "profit_and_loss.1m": 0.8,
    "posting.1m_vs_10k": 0.83,
    "permissions.vs_query_each": 100,
    "request.users_10k_vs_1": 0.9,
    "request.shops_10k_vs_10": 0.9,
    "scan.server_ms.p50": 1,
    "scan.server_ms.p99": 1,
    "scan.queries": 1,
    "sale.store.statements": 1,
    "sale.add_line.queries": 1,
    "sale.store.32.p99_over_p50": 1,
    "sale.store.vs_one_select": 1 / 3,
    "search.100k_ms": 1,
    "details.queries": 1,
    "import.50k.rows_per_s": 10,
    "import.50k.peak_mb": 1,
    "import.50k.xlsx.peak_mb": 1,
    "labels.1000.vs_library_writer": 15,
    "neighbour.behind_proxy.p95_ms": 0.5,
}


def measure_recalculation(ground: Ground) -> list[Result]:
    size: dict[str, Any] = {"entries": 50_000, "accounts": 500} if ground.quick else {}
    return [Result(**each) for each in recalculation.measure(ground.app, ground.superuser, **size)]


MEASURES: dict[str, Callable[[Ground], list[Result]]] = {
    "purchases": purchases.measure_purchases,
    "posting": measure_posting,
    "batches": measure_batches,
    "pages": measure_pages,
    "permissions": measure_permissions,
    "shops": measure_shops,
    "recalculation": measure_recalculation,
    "reports": measure_reports,
    "scans": measure_scans,
    "selling": measure_selling,
    "products": measure_products,
    "imports": measure_imports,
    "labels": measure_labels,
    "deletions": measure_deletions,
    "neighbours": measure_neighbours,
    "policies": measure_policies,
    "growth": measure_growth,
    "walk": measure_walk,
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 app.py bench", description=__doc__)
    parser.add_argument("measures", nargs="*", metavar="measure", help=f"any of {', '.join(MEASURES)}; default: all")
    parser.add_argument("--long", action="store_true", help="also a shop of ten million entries")
    parser.add_argument("--quick", action="store_true", help="see that it runs; the figures mean little")
    chosen = parser.parse_args(arguments)
    wanted = list(MEASURES) if chosen.measures in ([], ["all"]) else chosen.measures
    unknown = set(wanted) - MEASURES.keys()
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}")
    logging.getLogger("ledger_web").setLevel(logging.ERROR)  # each planted fault is told when it is found
    began = time.monotonic()
    results: list[Result] = []
    print(f"{'':40}{'value':>12}{'yardstick':>12}  {'unit':6}{'ratio':>8}   goal", flush=True)
    with ground(seconds=1 if chosen.quick else 4, quick=chosen.quick, long=chosen.long) as place:
        for name in wanted:
            for result in MEASURES[name](place):
                results.append(result)
                print(_line(result), flush=True)
            _keep(results)
    print(f"{len(results)} figures in {time.monotonic() - began:.0f} s, kept in {RESULTS.parent.relative_to(ROOT)}")
    return 0


def _keep(results: list[Result]) -> None:
    """Write down what is known so far: whoever stops a run halfway has the first half."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps([dataclasses.asdict(result) for result in results], indent=2) + "\n")
    write_report(RESULTS.parent, results, GOALS)


def _line(result: Result) -> str:
    goal = GOALS.get(result.name)
    verdict = "" if goal is None else f"{goal:.3g} {'reached' if result.ratio >= goal else 'not reached'}"
    figures = f"{result.value:12.4g}{result.yardstick:12.4g}  {result.unit:6}{result.ratio:8.2f}"
    return f"{result.name:40}{figures}   {verdict}".rstrip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
