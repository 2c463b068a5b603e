"""What PostgreSQL's catalogue and statistics say of the indexes: missing, needless, broken, unused, in the way."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sqlalchemy import text

from ledger_web.models.base import directory_session

# Columns that change with every act. With an index on one of them, in its keys, its condition or beside them, the row
# is no longer updated in its place; measured: 5,015 of 20,000 such updates became none.
HOT_COLUMNS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "accounts": frozenset({"debits", "credits", "balance", "version"}),
        "stock_levels": frozenset({"quantity", "value", "version"}),
        "number_series": frozenset({"last_number"}),
    }
)
ROWS_OF_A_LARGE_TABLE: Final = 10_000
SCANS_MANY: Final = 100  # of a whole large table, since statistics began
READS_ENOUGH: Final = 10_000  # before an index that nobody used is called unused


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about an index that should not be so. Nothing is ever dropped because of it."""

    kind: str
    table: str
    name: str  # of the index or the foreign key; "" of a table as a whole
    detail: str


@dataclass(frozen=True, slots=True)
class IndexRow:
    """An index as the report lists it."""

    table: str
    name: str
    definition: str
    bytes: int
    scans: int  # since `Report.since`
    is_unique: bool


@dataclass(frozen=True, slots=True)
class Report:
    """All indexes and what is wrong with them."""

    since: dt.datetime | None  # when statistics were last begun; None: with the database
    reads: int  # of all indexes since then
    findings: tuple[Finding, ...]
    unused: tuple[str, ...]  # a hint, no finding: this server may not have met every day of a year
    indexes: tuple[IndexRow, ...]

    @property
    def knows_enough(self) -> bool:
        return self.reads >= READS_ENOUGH


_INDEXES = text(
    """
    SELECT c.relname AS table, i.relname AS name, pg_get_indexdef(x.indexrelid) AS definition,
           pg_relation_size(x.indexrelid) AS bytes, coalesce(s.idx_scan, 0) AS scans, x.indisunique AS is_unique
      FROM pg_index AS x
      JOIN pg_class AS i ON i.oid = x.indexrelid
      JOIN pg_class AS c ON c.oid = x.indrelid
      LEFT JOIN pg_stat_user_indexes AS s ON s.indexrelid = x.indexrelid
     WHERE c.relnamespace = 'public'::regnamespace
     ORDER BY c.relname, i.relname
    """
)
# Led by two of the foreign key's columns, whatever their order: the shop and whom the key points to.
_KEYS_WITHOUT_INDEX = text(
    """
    SELECT k.conrelid::regclass::text AS table, k.conname AS name, pg_get_constraintdef(k.oid) AS detail
      FROM pg_constraint AS k
     WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace
       AND NOT EXISTS (
            SELECT FROM pg_index AS x
             WHERE x.indrelid = k.conrelid AND x.indisvalid
               AND (x.indkey::smallint[])[0:least(cardinality(k.conkey), 2) - 1] <@ k.conkey)
     ORDER BY 1, 2
    """
)
# The same columns in the same order as the first of another, with the same condition, and no rule of their own.
_REDUNDANT = text(
    """
    SELECT c.relname AS table, i.relname AS name, 'every question it answers is answered by ' || o.relname AS detail
      FROM pg_index AS x
      JOIN pg_class AS i ON i.oid = x.indexrelid
      JOIN pg_class AS c ON c.oid = x.indrelid
      JOIN pg_index AS y ON y.indrelid = x.indrelid AND y.indexrelid <> x.indexrelid AND y.indisvalid
      JOIN pg_class AS o ON o.oid = y.indexrelid
     WHERE c.relnamespace = 'public'::regnamespace
       AND NOT x.indisunique
       AND x.indnkeyatts <= y.indnkeyatts
       AND (y.indkey::smallint[])[0:x.indnkeyatts - 1] = (x.indkey::smallint[])[0:x.indnkeyatts - 1]
       AND (x.indkey::smallint[]) <@ (y.indkey::smallint[])
       AND (y.indclass::oid[])[0:x.indnkeyatts - 1] = (x.indclass::oid[])[0:x.indnkeyatts - 1]
       AND x.indexprs IS NULL AND y.indexprs IS NULL
       AND pg_get_expr(x.indpred, x.indrelid) IS NOT DISTINCT FROM pg_get_expr(y.indpred, y.indrelid)
       AND (x.indnkeyatts < y.indnkeyatts OR y.indisunique OR x.indexrelid > y.indexrelid)
     ORDER BY 1, 2
    """
)
_INVALID = text(
    """
    SELECT c.relname AS table, i.relname AS name, 'left by a build that failed: drop it and build it again' AS detail
      FROM pg_index AS x
      JOIN pg_class AS i ON i.oid = x.indexrelid
      JOIN pg_class AS c ON c.oid = x.indrelid
     WHERE c.relnamespace = 'public'::regnamespace AND NOT (x.indisvalid AND x.indisready)
     ORDER BY 1, 2
    """
)
_IN_THE_WAY = text(
    """
    SELECT c.relname AS table, i.relname AS name,
           string_agg(a.attname, ', ' ORDER BY a.attname) || ' changed by every act: the row cannot stay in its place'
               AS detail
      FROM pg_index AS x
      JOIN pg_class AS i ON i.oid = x.indexrelid
      JOIN pg_class AS c ON c.oid = x.indrelid
      JOIN unnest(CAST(:tables AS text[]), CAST(:columns AS text[])) AS hot(relname, attname) ON hot.relname = c.relname
      JOIN pg_attribute AS a ON a.attrelid = x.indrelid AND a.attname = hot.attname
     WHERE c.relnamespace = 'public'::regnamespace
       AND (a.attnum = ANY(x.indkey)
            OR EXISTS (SELECT FROM pg_depend AS d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = x.indexrelid
                          AND d.refobjid = x.indrelid AND d.refobjsubid = a.attnum))
     GROUP BY c.relname, i.relname
     ORDER BY 1, 2
    """
)
_SCANNED = text(
    """
    SELECT s.relname AS table, '' AS name,
           s.seq_scan || ' times read from end to end, about ' || s.n_live_tup || ' rows' AS detail
      FROM pg_stat_user_tables AS s
     WHERE s.schemaname = 'public' AND s.n_live_tup > :rows AND s.seq_scan > :scans
     ORDER BY s.seq_tup_read DESC
    """
)
_STATISTICS = text(
    """
    SELECT d.stats_reset AS since, (SELECT coalesce(sum(s.idx_scan), 0) FROM pg_stat_user_indexes AS s) AS reads
      FROM pg_stat_database AS d
     WHERE d.datname = current_database()
    """
)


def read_report() -> Report:
    """Look at every index, with the application's own role: it sees the catalogue, and no row of any shop."""
    session = directory_session()
    statistics = session.execute(_STATISTICS).one()
    indexes = tuple(IndexRow(**row) for row in session.execute(_INDEXES).mappings())
    knows_enough = statistics.reads >= READS_ENOUGH
    unused = [each.name for each in indexes if knows_enough and not each.scans and not each.is_unique]
    return Report(statistics.since, int(statistics.reads), tuple(_findings()), tuple(unused), indexes)


def _findings() -> list[Finding]:
    session = directory_session()
    hot = [(table, column) for table, columns in HOT_COLUMNS.items() for column in sorted(columns)]
    values = {
        "tables": [table for table, _ in hot],
        "columns": [column for _, column in hot],
        "rows": ROWS_OF_A_LARGE_TABLE,
        "scans": SCANS_MANY,
    }
    asked = (
        ("foreign key without index", _KEYS_WITHOUT_INDEX),
        ("redundant", _REDUNDANT),
        ("invalid", _INVALID),
        ("in the way of updates in place", _IN_THE_WAY),
        ("large table read whole", _SCANNED),
    )
    return [
        Finding(kind, row.table, row.name, row.detail)
        for kind, query in asked
        for row in session.execute(query, {name: values[name] for name in query._bindparams})
    ]
