"""What this process counts for whoever watches it: acts retried, requests answered, balances found wrong.

Text of Prometheus' exposition format, version 0.0.4. No label ever names a shop or a person.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
HELP: Final[Mapping[str, tuple[str, str]]] = {
    "ledger_requests_total": ("counter", "Requests answered, by route and status."),
    "ledger_request_seconds": ("histogram", "How long answers took, by route."),
    "ledger_acts_retried_total": ("counter", "Acts begun again because the database undid them or was lost."),
    "ledger_acts_replayed_total": ("counter", "Forms that came again and were answered with what was recorded."),
    "ledger_refused_as_too_many_total": ("counter", "Attempts refused because there were too many before."),
    "ledger_database_gone_total": ("counter", "Requests answered with 503 because the database could not be reached."),
    "ledger_rows_wrong_total": ("counter", "Balances and documents that recalculation found wrong."),
    "ledger_pool_connections": ("gauge", "Connections of the pool, in use and idle."),
    "ledger_pool_size": ("gauge", "Connections the pool may have."),
}

_Key = tuple[str, tuple[tuple[str, str], ...]]
_lock = threading.Lock()
_counts: dict[_Key, float] = defaultdict(float)


def count(name: str, by: float = 1, **labels: str) -> None:
    """Raise a counter."""
    with _lock:
        _counts[name, tuple(sorted(labels.items()))] += by


def observe(name: str, seconds: float, **labels: str) -> None:
    """Put a duration into a histogram: each bucket counts what took no longer than its limit."""
    with _lock:
        for limit in BUCKETS:
            if seconds <= limit:
                _counts[f"{name}_bucket", tuple(sorted({**labels, "le": str(limit)}.items()))] += 1
        _counts[f"{name}_bucket", tuple(sorted({**labels, "le": "+Inf"}.items()))] += 1
        _counts[f"{name}_count", tuple(sorted(labels.items()))] += 1
        _counts[f"{name}_sum", tuple(sorted(labels.items()))] += seconds


def exposition(process: str, gauges: Iterable[tuple[str, Mapping[str, str], float]] = ()) -> str:
    """Write down everything counted so far.

    Args:
        process: Which of several worker processes this is: each counts for itself.
        gauges: What is measured at this moment, as name, labels and value.
    """
    with _lock:
        series = dict(_counts)
    for name, labels, value in gauges:
        series[name, tuple(sorted(labels.items()))] = value
    return "\n".join([*_lines(series, process), ""])


def _lines(series: Mapping[_Key, float], process: str) -> Iterator[str]:
    told = ""
    for (name, labels), value in sorted(series.items()):
        family = _family(name)
        if family != told:
            kind, text = HELP[family]
            yield f"# HELP {family} {text}"
            yield f"# TYPE {family} {kind}"
            told = family
        written = ",".join(f'{key}="{_escaped(text)}"' for key, text in (*labels, ("process", process)))
        yield f"{name}{{{written}}} {value:g}"


def _family(name: str) -> str:
    for ending in ("_bucket", "_count", "_sum"):
        if name.removesuffix(ending) in HELP:
            return name.removesuffix(ending)
    return name


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
