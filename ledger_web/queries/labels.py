"""What is waiting to be printed as labels, what was printed, and on what."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import text

from ledger_web.domain.barcodes import normalise
from ledger_web.domain.labels import TEMPLATES, Paper, Printer, Template, read_blocks
from ledger_web.domain.prices import PriceCandidate, best_price, candidates_of_unit
from ledger_web.domain.search_words import ranges
from ledger_web.domain.units import price_of
from ledger_web.models.base import session_of
from ledger_web.queries.search import bounds, holders_of_every_word

JOBS_SHOWN = 8
ONE = Decimal(1)
OLD_PRICE_DAYS = 30  # a price that was lower longer ago is nobody's bargain any more


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A product, or a pack of it, with what its label shows. `code` is None where it has none."""

    line_id: uuid.UUID
    product_id: uuid.UUID
    unit_id: uuid.UUID | None  # None: the base unit
    name: str
    variant: str
    sku: str | None
    unit: str  # of which this is the price: pcs, kg, crate
    unit_price: int
    old_price: int | None  # what it cost before it was made cheaper
    has_tax_on_top: bool  # tax comes on top of the price
    code: str | None
    symbology: str | None
    copies: int


@dataclass(frozen=True, slots=True)
class JobRow:
    """Labels that were printed together."""

    id: uuid.UUID
    printed_at: dt.datetime
    user_name: str
    template: str
    printer_id: uuid.UUID | None
    start: int
    without_price: bool
    labels: int
    is_reprint: bool


@dataclass(frozen=True, slots=True)
class PrinterRow:
    """A printer of the shop."""

    id: uuid.UUID
    name: str
    printer: Printer
    version: int


# The oldest code of the product or pack; every price for everybody; what it cost before its last change.
_LABELS = """
    SELECT l.line_id, l.copies, p.id AS product_id, u.id AS unit_id, p.name,
           array_to_string(p.option_values, ' · ') AS variant, p.sku,
           coalesce(u.name, p.unit) AS unit, p.unit_price AS base_price, u.unit_price AS own_price,
           coalesce(u.factor_numerator, 1) AS numerator, coalesce(u.factor_denominator, 1) AS denominator,
           NOT t.prices_include_tax AND p.tax_percent > 0 AS has_tax_on_top, c.old_price, b.code, b.symbology,
           m.further
      FROM ({lines}) AS l
      JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = l.product_id
      JOIN tenants AS t ON t.tenant_id = :tenant_id
      LEFT JOIN product_units AS u ON u.tenant_id = :tenant_id AND u.product_id = l.product_id AND u.id = l.unit_id
      LEFT JOIN LATERAL (
            SELECT d.code, d.symbology FROM barcodes AS d
             WHERE d.tenant_id = :tenant_id AND d.product_id = l.product_id
               AND d.unit_id IS NOT DISTINCT FROM l.unit_id
             ORDER BY d.created_at, d.code
             LIMIT 1) AS b ON true
      LEFT JOIN LATERAL (
            SELECT h.old_price FROM price_changes AS h
             WHERE h.tenant_id = :tenant_id AND h.product_id = l.product_id
               AND h.unit_name = coalesce(u.name, '') AND h.price_list = '' AND h.quantity_from = 0
               AND h.starts_on IS NULL AND h.changed_at > now() - make_interval(days => :days)
             ORDER BY h.changed_at DESC, h.id DESC
             LIMIT 1) AS c ON true
      LEFT JOIN LATERAL (
            SELECT json_agg(json_build_array(
                       r.unit_id IS NOT NULL, r.unit_price, r.quantity_from, r.starts_on, r.ends_on)) AS further
              FROM product_prices AS r
             WHERE r.tenant_id = :tenant_id AND r.product_id = l.product_id AND r.price_list_id IS NULL
               AND (r.unit_id IS NULL OR r.unit_id = l.unit_id)) AS m ON true
     ORDER BY l.place, l.line_id
"""

_QUEUE = text(
    _LABELS.format(
        lines="""
            SELECT q.id AS line_id, q.product_id, q.unit_id, q.copies, q.queued_at AS place
              FROM label_queue AS q
             WHERE q.tenant_id = :tenant_id AND q.user_id = :user_id
             ORDER BY q.queued_at DESC, q.id DESC
             LIMIT :most"""
    )
)

_JOB_LINES = text(
    _LABELS.format(
        lines="""
            SELECT j.job_id AS line_id, j.product_id, j.unit_id, j.copies, j.position AS place
              FROM label_job_lines AS j
             WHERE j.tenant_id = :tenant_id AND j.job_id = :job_id"""
    )
)

_ONE = text(
    _LABELS.format(
        lines="""
            SELECT o.id AS line_id, o.id AS product_id, CAST(NULL AS uuid) AS unit_id, 1 AS copies, 1 AS place
              FROM products AS o
             WHERE o.tenant_id = :tenant_id AND o.archived_at IS NULL
               AND EXISTS (SELECT 1 FROM barcodes AS k WHERE k.tenant_id = :tenant_id AND k.product_id = o.id)
             ORDER BY o.id
             LIMIT 1"""
    )
)


def list_queued_labels(tenant_id: int, user_id: uuid.UUID, on: dt.date, *, most: int | None = None) -> list[LabelRow]:
    """Return what a person has queued, in the order it was queued, with the prices of a day.

    Args:
        most: Of a longer queue only so many lines, those that were queued last; None: all.
    """
    return _labels(tenant_id, _QUEUE, on, user_id=user_id, most=most)


def count_queued_labels(tenant_id: int, user_id: uuid.UUID) -> tuple[int, int]:
    """Return how many lines a person has queued, and how many labels that makes."""
    query = text(
        "SELECT count(*), coalesce(sum(q.copies), 0)::bigint FROM label_queue AS q"
        " WHERE q.tenant_id = :tenant_id AND q.user_id = :user_id"
    )
    lines, copies = session_of(tenant_id).execute(query, {"tenant_id": tenant_id, "user_id": user_id}).one()
    return lines, copies


def list_job_labels(tenant_id: int, job_id: uuid.UUID, on: dt.date) -> list[LabelRow]:
    """Return what a job printed, in its order, with the prices of a day and the codes of now."""
    return _labels(tenant_id, _JOB_LINES, on, job_id=job_id)


def find_sample_label(tenant_id: int, on: dt.date) -> LabelRow | None:
    """Return the label of some product of the shop that has a code, to show what a template looks like."""
    rows = _labels(tenant_id, _ONE, on)
    return rows[0] if rows else None


def find_job(tenant_id: int, job_id: uuid.UUID) -> JobRow | None:
    rows = _jobs(tenant_id, "AND j.id = :job_id", {"job_id": job_id})
    return rows[0] if rows else None


def list_jobs(tenant_id: int) -> list[JobRow]:
    """Return what was printed last in the shop, the newest first."""
    return _jobs(tenant_id, "", {})


def list_templates(tenant_id: int) -> list[Template]:
    """Return the shop's own templates in the order of their names, then the built-in ones."""
    rows = _template_rows(tenant_id, "AND t.archived_at IS NULL ORDER BY lower(t.name), t.id", {})
    return [*rows, *TEMPLATES.values()]


def find_template(tenant_id: int, key: str, *, archived: bool = False) -> Template | None:
    """Return a template by the name of a built-in one or the id of one of the shop's own.

    Args:
        archived: Also one that was put away, for labels to be printed again.
    """
    if key in TEMPLATES:
        return TEMPLATES[key]
    archive = "" if archived else "AND t.archived_at IS NULL"
    rows = _template_rows(tenant_id, f"AND CAST(t.id AS text) = :key {archive}", {"key": key})
    return rows[0] if rows else None


def list_printers(tenant_id: int) -> list[PrinterRow]:
    return _printers(tenant_id, "AND p.archived_at IS NULL", {})


def find_printer(tenant_id: int, printer_id: uuid.UUID) -> PrinterRow | None:
    """Return a printer, also one that was put away."""
    rows = _printers(tenant_id, "AND p.id = :id", {"id": printer_id})
    return rows[0] if rows else None


def list_found_products(tenant_id: int, search: str, most: int) -> list[uuid.UUID]:
    """Return products in use whose name or SKU has every word of a search, or whose code it is, at most so many."""
    parts = ranges(search)
    by_words = f"({holders_of_every_word('product_words', 'product_id', len(parts))}) UNION ALL" if parts else ""
    rows = session_of(tenant_id).execute(
        text(f"""
            SELECT p.id FROM products AS p
             WHERE p.tenant_id = :tenant_id AND p.archived_at IS NULL
               AND p.id = ANY(ARRAY(
                   {by_words}
                   SELECT b.product_id FROM barcodes AS b WHERE b.tenant_id = :tenant_id AND b.code = ANY(:codes)
                    UNION ALL
                   SELECT k.id FROM products AS k WHERE k.tenant_id = :tenant_id AND k.sku = ANY(:codes)))
             ORDER BY p.name_key, p.id
             LIMIT :most
        """),
        {"tenant_id": tenant_id, "most": most, "codes": list({search, normalise(search)}), **bounds(parts)},
    )
    return list(rows.scalars())


def list_repriced_products(tenant_id: int, since: dt.datetime, most: int) -> list[uuid.UUID]:
    """Return products in use whose ordinary price changed since a moment, at most so many, the first changed first."""
    rows = session_of(tenant_id).execute(
        text("""
            SELECT h.product_id FROM price_changes AS h
              JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = h.product_id AND p.archived_at IS NULL
             WHERE h.tenant_id = :tenant_id AND h.changed_at >= :since AND h.price_list = ''
             GROUP BY h.product_id
             ORDER BY min(h.changed_at), h.product_id
             LIMIT :most
        """),
        {"tenant_id": tenant_id, "since": since, "most": most},
    )
    return list(rows.scalars())


def count_products_without_code(tenant_id: int) -> int:
    """Count the products in use that have no code at all."""
    found = session_of(tenant_id).execute(
        text("""
            SELECT count(*) FROM products AS p
             WHERE p.tenant_id = :tenant_id AND p.archived_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM barcodes AS b
                                WHERE b.tenant_id = :tenant_id AND b.product_id = p.id)
        """),
        {"tenant_id": tenant_id},
    )
    return int(found.scalar_one())


def _labels(tenant_id: int, query: Any, on: dt.date, **values: Any) -> list[LabelRow]:
    rows = session_of(tenant_id).execute(query, {"tenant_id": tenant_id, "days": OLD_PRICE_DAYS, **values})
    return [_label(row, on) for row in rows]


def _label(row: Any, on: dt.date) -> LabelRow:
    factor = Fraction(row.numerator, row.denominator)
    ordinary = price_of(factor, row.base_price, row.own_price)
    price = _price_on(row, factor, on) or ordinary
    old_price = ordinary if price < ordinary else row.old_price
    return LabelRow(
        line_id=row.line_id,
        product_id=row.product_id,
        unit_id=row.unit_id,
        name=row.name,
        variant=row.variant,
        sku=row.sku,
        unit=row.unit,
        unit_price=price,
        old_price=old_price if old_price is not None and old_price > price else None,
        has_tax_on_top=row.has_tax_on_top,
        code=row.code,
        symbology=row.symbology,
        copies=row.copies,
    )


def _price_on(row: Any, factor: Fraction, on: dt.date) -> int | None:
    """Return what one of the unit costs everybody on a day, as the till would say."""
    further = [(is_own, _candidate(*price)) for is_own, *price in row.further or ()]
    best = best_price(
        candidates_of_unit(
            row.base_price,
            [candidate for is_own, candidate in further if not is_own],
            factor=factor,
            own_price=row.own_price,
            own_rows=[candidate for is_own, candidate in further if is_own],
        ),
        ONE,
        on,
    )
    return best.unit_price if best else None


def _candidate(unit_price: int, quantity_from: object, starts_on: str | None, ends_on: str | None) -> PriceCandidate:
    starts, ends = (dt.date.fromisoformat(day) if day else None for day in (starts_on, ends_on))
    return PriceCandidate(unit_price, Decimal(str(quantity_from)), starts, ends)


def _jobs(tenant_id: int, condition: str, values: dict[str, Any]) -> list[JobRow]:
    rows = session_of(tenant_id).execute(
        text(f"""
            SELECT j.id, j.printed_at, u.name AS user_name, j.template, j.printer_id, j.start, j.without_price,
                   j.labels, j.reprint_of IS NOT NULL AS is_reprint
              FROM label_jobs AS j
              JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = j.user_id
             WHERE j.tenant_id = :tenant_id {condition}
             ORDER BY j.printed_at DESC, j.id DESC
             LIMIT {JOBS_SHOWN}
        """),
        {"tenant_id": tenant_id, **values},
    )
    return [JobRow(**row._mapping) for row in rows]


def _template_rows(tenant_id: int, condition: str, values: dict[str, Any]) -> Sequence[Template]:
    rows = session_of(tenant_id).execute(
        text(f"SELECT t.* FROM label_templates AS t WHERE t.tenant_id = :tenant_id {condition}"),
        {"tenant_id": tenant_id, **values},
    )
    return [_template(row) for row in rows]


def _template(row: Any) -> Template:
    def measure(name: str) -> Decimal:
        value: Decimal = getattr(row, name)
        return value.normalize() + 0

    paper = Paper(
        name=str(row.id),
        page="",
        page_width=measure("page_width"),
        page_height=measure("page_height"),
        label_width=measure("label_width"),
        label_height=measure("label_height"),
        columns=row.columns,
        rows=row.rows,
        left=measure("left_edge"),
        top=measure("top_edge"),
        pitch_x=measure("pitch_x"),
        pitch_y=measure("pitch_y"),
        dpi=row.dpi,
        corner=measure("corner"),
    )
    return Template(str(row.id), row.name, paper, read_blocks(row.blocks), row.version)


def _printers(tenant_id: int, condition: str, values: dict[str, Any]) -> list[PrinterRow]:
    rows = session_of(tenant_id).execute(
        text(f"""
            SELECT p.id, p.name, p.offset_x, p.offset_y, p.scale, p.version FROM label_printers AS p
             WHERE p.tenant_id = :tenant_id {condition}
             ORDER BY lower(p.name), p.id
        """),
        {"tenant_id": tenant_id, **values},
    )
    return [PrinterRow(row.id, row.name, Printer(row.offset_x, row.offset_y, row.scale), row.version) for row in rows]
