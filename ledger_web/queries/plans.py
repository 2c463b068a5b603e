"""How PostgreSQL would answer what pages ask: recorded statements, explained and judged on the books of one shop.

Statements are recorded as they are sent, with their values, and run again under EXPLAIN (ANALYZE) in a transaction
that may not write. What counts is how many rows a statement touches, not how long it took: that does not depend on
the machine, nor on what else it has to do.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, event

from ledger_web.models.base import db

TOUCHED_MAX: Final = 2_000  # rows of one table, for a statement that returns few
TOUCHED_PER_ROW_MAX: Final = 20  # beyond that, for each row it returns
DEAR_TO_LARGE_TABLES: Final = ("seqscan", "hashjoin", "mergejoin")
READING: Final = ("SELECT", "WITH")

Plan: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """A statement as it was sent, once for each place that sends it with other words."""

    place: str  # who asked: the endpoint of a page, or a command
    statement: str
    values: Any

    @property
    def is_read(self) -> bool:
        return self.statement.lstrip().upper().startswith(READING) and " FOR NO KEY UPDATE" not in self.statement


@dataclass(frozen=True, slots=True)
class Scan:
    """How one table is read in a plan."""

    table: str
    index: str  # "" of a table read from end to end
    touched: int  # rows looked at, those thrown away included


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a shape: the rows it returned, and every scan it took."""

    shape: Shape
    rows: int
    scans: tuple[Scan, ...]

    def too_wide(self, touched_max: int = TOUCHED_MAX) -> tuple[Scan, ...]:
        """Return the scans that look at many more rows than the answer has."""
        most = touched_max + TOUCHED_PER_ROW_MAX * self.rows
        return tuple(scan for scan in self.scans if scan.touched > most)


@contextmanager
def recorded(shapes: dict[str, Shape], place: list[str]) -> Iterator[None]:
    """Note every statement that is sent meanwhile, by its text.

    Args:
        place: Its last element says who asks; whoever walks changes it.
    """

    def note(
        _connection: Connection, _cursor: object, statement: str, values: object, _context: object, many: bool
    ) -> None:
        if not many:
            shapes.setdefault(statement, Shape(place[-1], statement, values))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def answer(tenant_id: int, shapes: Sequence[Shape], *, prefer_indexes: bool = False) -> list[Answered]:
    """Explain shapes on the books of a shop, as the application's role. Reads are run, writes are only planned.

    Args:
        prefer_indexes: Plan as for tables so large that reading one whole is out of the question.
    """
    found = []
    with db.engine.connect() as connection:
        for shape in shapes:
            connection.exec_driver_sql(f"SET LOCAL app.tenant_id = '{int(tenant_id)}'")
            connection.exec_driver_sql("SET LOCAL statement_timeout = '60s'")
            for way in DEAR_TO_LARGE_TABLES if prefer_indexes else ():
                connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
            options = "ANALYZE, TIMING OFF, FORMAT JSON" if shape.is_read else "FORMAT JSON"
            told = connection.exec_driver_sql(f"EXPLAIN ({options}) {shape.statement}", shape.values).scalar_one()
            connection.rollback()
            plan = told[0]["Plan"]
            found.append(Answered(shape, _rows(plan), tuple(_scans(plan))))
    return found


def _rows(plan: Plan) -> int:
    return int(plan.get("Actual Rows", 0)) * int(plan.get("Actual Loops", 0))


def _scans(plan: Plan) -> Iterator[Scan]:
    """Walk down a plan. The rows of a bitmap scan are told above, the indexes that lead to them below."""
    if "Relation Name" in plan and "Scan" in plan["Node Type"]:
        indexes = [plan["Index Name"]] if "Index Name" in plan else list(_bitmaps(plan))
        yield from (Scan(plan["Relation Name"], index, _touched(plan)) for index in indexes or [""])
    for part in plan.get("Plans", ()):
        yield from _scans(part)


def _bitmaps(plan: Plan) -> Iterator[str]:
    for part in plan.get("Plans", ()):
        if part["Node Type"] == "Bitmap Index Scan":
            yield part["Index Name"]
        elif part["Node Type"].startswith("Bitmap"):
            yield from _bitmaps(part)


def _touched(plan: Plan) -> int:
    thrown_away = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    return int((plan.get("Actual Rows", 0) + thrown_away) * plan.get("Actual Loops", 0))
