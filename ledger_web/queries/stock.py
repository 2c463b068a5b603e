"""What is in stock: levels with their value on any day, what moved a product, and what is to be bought."""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import text

from ledger_web.domain.barcodes import normalise
from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.languages import Texts
from ledger_web.domain.search_words import ranges
from ledger_web.domain.stock import BuyingUnit, Suggestion, suggest
from ledger_web.domain.transactions import title_of
from ledger_web.domain.units import Counted, Pack, in_packs
from ledger_web.models.base import session_of
from ledger_web.queries.search import bounds, holders_of_every_word

ROWS_MAX: Final = 50
TO_BUY_MAX: Final = 500
_PAGE: Final = 1_000

# What a list of levels may be restricted to; `{quantity}` is what was on hand on the day that is asked for.
SHOWN: Final = Texts({"held": "In stock", "none": "Run out", "oversold": "Oversold", "low": "Below its level"})
_CONDITIONS: Final = MappingProxyType(
    {
        "": "TRUE",
        "held": "{quantity} > 0",
        "none": "{quantity} = 0",
        "oversold": "{quantity} < 0",
        "low": "{quantity} < p.reorder_level",
    }
)


@dataclass(frozen=True, slots=True)
class LevelRow:
    """A product in stock. `value` is minor units of the base currency."""

    id: uuid.UUID
    name: str
    sku: str | None
    unit: str
    reorder_level: Decimal | None
    quantity: Decimal
    value: int
    unit_price: int
    is_archived: bool

    @property
    def is_low(self) -> bool:
        return self.reorder_level is not None and self.quantity < self.reorder_level

    @property
    def unit_cost(self) -> Decimal | None:
        return self.value / self.quantity if self.quantity > 0 else None


@dataclass(frozen=True, slots=True)
class LevelPage:
    """A page of levels in the order of names."""

    rows: tuple[LevelRow, ...]
    after: uuid.UUID | None  # the next page begins after this product


@dataclass(frozen=True, slots=True)
class StockTotal:
    """All goods of the shop on a day. `value` is what the account of goods in stock held that evening."""

    products: int  # with something on hand
    value: int
    low: int  # below their level now
    oversold: int


@dataclass(frozen=True, slots=True)
class LevelDetails(LevelRow):
    """A product with all that its ledger shows of it."""

    reorder_to: Decimal | None
    packs: tuple[Pack, ...]

    @property
    def in_packs(self) -> list[Counted]:
        return in_packs(self.quantity, self.packs, self.unit)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a move stands in its product's ledger."""

    day: dt.date
    transaction_id: uuid.UUID
    line: int

    def __str__(self) -> str:
        return f"{self.day}.{self.transaction_id}.{self.line}"


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """Goods that came or went, and what was on hand then."""

    place: Place
    kind: str
    document_kind: str
    sale_id: uuid.UUID | None
    number: str
    memo: str
    actor: str
    quantity: Decimal
    value: int
    left: Decimal
    value_left: int

    @property
    def title(self) -> str:
        return title_of(self.kind, self.document_kind, self.number)


@dataclass(frozen=True, slots=True)
class Ledger:
    """A page of what moved a product, newest first."""

    lines: tuple[LedgerLine, ...]
    older: Place | None  # the next page begins behind this


@dataclass(frozen=True, slots=True)
class ToBuyRow:
    """A product of which too little is on hand, and how much to buy. `unit_cost_last` is minor units of one."""

    product_id: uuid.UUID
    name: str
    sku: str | None
    unit: str
    on_hand: Decimal
    reorder_level: Decimal
    reorder_to: Decimal | None
    unit_cost_last: Decimal
    suggestion: Suggestion

    @property
    def unit_name(self) -> str:
        return self.suggestion.unit.name or self.unit


def list_levels(
    tenant_id: int,
    *,
    search: str = "",
    shown: str = "",
    day: dt.date | None = None,
    after: uuid.UUID | None = None,
    rows_max: int = ROWS_MAX,
) -> LevelPage:
    """Return products that keep stock, in the order of names.

    Args:
        shown: One of SHOWN, or all of them.
        day: As things stood at its end; None is now.
        after: The last product of the page before.
    """
    moved, quantity, value = _as_of(day)
    found, named = _found(search.strip())
    behind = "AND (p.name_key, p.id) > (SELECT k.name_key, k.id FROM products AS k" if after else ""
    behind += " WHERE k.tenant_id = :tenant_id AND k.id = :after)" if after else ""
    sql = f"""
        SELECT p.id, p.name, p.sku, p.unit, p.reorder_level, {quantity} AS quantity, {value} AS value, p.unit_price,
               p.archived_at IS NOT NULL AS is_archived
          FROM products AS p
          JOIN stock_levels AS l ON l.tenant_id = :tenant_id AND l.product_id = p.id
          {moved}
         WHERE p.tenant_id = :tenant_id
           AND ((p.stock_policy <> 'none' AND p.archived_at IS NULL) OR {quantity} <> 0)
           AND {_CONDITIONS[shown].format(quantity=quantity)}
           {found}
           {behind}
         ORDER BY p.name_key, p.id
         LIMIT :rows
    """
    values = {"tenant_id": tenant_id, "rows": rows_max + 1, "day": day, "after": after, **named}
    rows = [LevelRow(*row) for row in session_of(tenant_id).execute(text(sql), _named(sql, values))]
    return LevelPage(tuple(rows[:rows_max]), rows[rows_max - 1].id if len(rows) > rows_max else None)


def iterate_levels(tenant_id: int, *, search: str, shown: str, day: dt.date | None) -> Iterator[LevelRow]:
    """Yield every level of a list, a thousand at a time."""
    after = None
    while True:
        page = list_levels(tenant_id, search=search, shown=shown, day=day, after=after, rows_max=_PAGE)
        yield from page.rows
        after = page.after
        if after is None:
            return


def get_total(tenant_id: int, day: dt.date | None = None) -> StockTotal:
    """Return what all goods of the shop were worth at the end of a day; None is now."""
    moved, quantity, value = _as_of(day, of_all=True)
    sql = f"""
        SELECT count(*) FILTER (WHERE {quantity} > 0) AS products, coalesce(sum({value}), 0)::bigint AS value,
               count(*) FILTER (WHERE l.quantity < p.reorder_level AND p.archived_at IS NULL) AS low,
               count(*) FILTER (WHERE {quantity} < 0) AS oversold
          FROM stock_levels AS l
          JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = l.product_id
          {moved}
         WHERE l.tenant_id = :tenant_id
    """
    row = session_of(tenant_id).execute(text(sql), _named(sql, {"tenant_id": tenant_id, "day": day})).one()
    return StockTotal(*row)


def get_level(tenant_id: int, product_id: uuid.UUID) -> LevelDetails:
    """Return a product that keeps stock, or once did.

    Raises:
        NotFoundError: The shop has no such product, or it never kept stock.
    """
    row = (
        session_of(tenant_id)
        .execute(
            text(
                """
                SELECT p.id, p.name, p.sku, p.unit, p.reorder_level, l.quantity, l.value, p.unit_price,
                       p.archived_at IS NOT NULL AS is_archived, p.reorder_to,
                       coalesce(u.names, '{}') AS names, coalesce(u.numerators, '{}') AS numerators,
                       coalesce(u.denominators, '{}') AS denominators
                  FROM products AS p
                  JOIN stock_levels AS l ON l.tenant_id = :tenant_id AND l.product_id = p.id
                 CROSS JOIN LATERAL (SELECT array_agg(n.name ORDER BY n.id) AS names,
                                            array_agg(n.factor_numerator ORDER BY n.id) AS numerators,
                                            array_agg(n.factor_denominator ORDER BY n.id) AS denominators
                                       FROM product_units AS n
                                      WHERE n.tenant_id = :tenant_id AND n.product_id = p.id
                                        AND n.archived_at IS NULL) AS u
                 WHERE p.tenant_id = :tenant_id
                   AND p.id = :id
                """
            ),
            {"tenant_id": tenant_id, "id": product_id},
        )
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("There is no such product in stock.")
    level = dict(row._mapping)
    factors = zip(level.pop("names"), level.pop("numerators"), level.pop("denominators"), strict=True)
    packs = tuple(Pack(name, Fraction(above, below)) for name, above, below in factors)
    return LevelDetails(**level, packs=packs)


def get_ledger(
    tenant_id: int,
    product_id: uuid.UUID,
    *,
    until: dt.date | None = None,
    before: Place | None = None,
    rows_max: int = ROWS_MAX,
) -> Ledger:
    """Return what moved a product, newest first, with what was left after each.

    Args:
        until: The last day.
        before: The last line of the page before.
    """
    # The level is taken back move by move: one index range, read from its newest end, in one snapshot.
    newer = "(n.occurred_on, n.transaction_id, n.line) >= (:day, CAST(:transaction AS uuid), :line)"
    older = "(m.occurred_on, m.transaction_id, m.line) < (:day, CAST(:transaction AS uuid), :line)"
    beyond = newer if before else "n.occurred_on > :until"
    within = older if before else "m.occurred_on <= :until"
    sql = f"""
        WITH page AS (
            SELECT m.transaction_id, m.line, m.occurred_on, m.quantity, m.value
              FROM stock_moves AS m
             WHERE m.tenant_id = :tenant_id AND m.product_id = :product_id AND {within}
             ORDER BY m.occurred_on DESC, m.transaction_id DESC, m.line DESC
             LIMIT :rows
        ), standing AS (
            SELECT l.quantity - coalesce(sum(n.quantity), 0) AS quantity,
                   (l.value - coalesce(sum(n.value), 0))::bigint AS value
              FROM stock_levels AS l
              LEFT JOIN stock_moves AS n
                ON n.tenant_id = :tenant_id AND n.product_id = :product_id AND {beyond}
             WHERE l.tenant_id = :tenant_id AND l.product_id = :product_id
             GROUP BY l.quantity, l.value
        )
        SELECT m.occurred_on, m.transaction_id, m.line, t.kind, coalesce(o.kind, t.kind) AS document_kind,
               s.id AS sale_id, coalesce(s.number, '') AS number, t.memo, coalesce(u.name, '') AS actor,
               m.quantity, m.value, b.quantity AS standing, b.value AS value_standing
          FROM page AS m
         CROSS JOIN standing AS b
          JOIN transactions AS t ON t.tenant_id = :tenant_id AND t.id = m.transaction_id
          LEFT JOIN transactions AS o ON o.tenant_id = :tenant_id AND o.id = t.reverses_id
          LEFT JOIN sales AS s
            ON s.tenant_id = :tenant_id
           AND s.id = CASE WHEN t.reverses_id IS NULL THEN t.id ELSE t.reverses_id END
          LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = t.actor_id
         ORDER BY m.occurred_on DESC, m.transaction_id DESC, m.line DESC
    """
    values: dict[str, Any] = {
        "tenant_id": tenant_id,
        "product_id": product_id,
        "rows": rows_max + 1,
        "until": until or dt.date.max,
    }
    if before:
        values |= {"day": before.day, "transaction": before.transaction_id, "line": before.line}
    rows = session_of(tenant_id).execute(text(sql), _named(sql, values)).all()
    lines = _with_what_was_left(rows[:rows_max])
    return Ledger(lines, lines[-1].place if len(rows) > rows_max else None)


def iterate_ledger(tenant_id: int, product_id: uuid.UUID, *, until: dt.date | None) -> Iterator[LedgerLine]:
    """Yield everything that moved a product, newest first, a thousand at a time."""
    before = None
    while True:
        page = get_ledger(tenant_id, product_id, until=until, before=before, rows_max=_PAGE)
        yield from page.lines
        before = page.older
        if before is None:
            return


def list_to_buy(tenant_id: int, *, rows_max: int = TO_BUY_MAX) -> list[ToBuyRow]:
    """Return products in use of which less is on hand than their level, in the order of names, with how much to buy."""
    rows = (
        session_of(tenant_id)
        .execute(
            text(
                """
                SELECT p.id AS product_id, p.name, p.sku, p.unit, l.quantity AS on_hand, p.reorder_level,
                       p.reorder_to, l.unit_cost_last
                  FROM products AS p
                  JOIN stock_levels AS l ON l.tenant_id = :tenant_id AND l.product_id = p.id
                 WHERE p.tenant_id = :tenant_id
                   AND p.reorder_level IS NOT NULL
                   AND p.archived_at IS NULL
                   AND p.stock_policy <> 'none'
                   AND l.quantity < p.reorder_level
                 ORDER BY p.name_key, p.id
                 LIMIT :rows
                """
            ),
            {"tenant_id": tenant_id, "rows": rows_max},
        )
        .all()
    )
    units = _buying_units(tenant_id, [row.product_id for row in rows])
    return [
        ToBuyRow(
            **row._mapping,
            suggestion=suggest(row.on_hand, row.reorder_level, row.reorder_to, units.get(row.product_id, [])),
        )
        for row in rows
    ]


def _buying_units(tenant_id: int, product_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[BuyingUnit]]:
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT u.product_id, u.id, u.name, u.factor_numerator, u.factor_denominator
              FROM product_units AS u
             WHERE u.tenant_id = :tenant_id
               AND u.product_id = ANY(CAST(:products AS uuid[]))
               AND u.is_bought
               AND u.archived_at IS NULL
            """
        ),
        {"tenant_id": tenant_id, "products": list(product_ids)},
    )
    units: dict[uuid.UUID, list[BuyingUnit]] = {}
    for row in rows:
        factor = Fraction(row.factor_numerator, row.factor_denominator)
        units.setdefault(row.product_id, []).append(BuyingUnit(row.id, row.name, factor))
    return units


def _found(typed: str) -> tuple[str, dict[str, Any]]:
    """Write the condition of a search by words, codes and SKUs, and the values it names."""
    if not typed:
        return "", {}
    parts = ranges(typed)
    by_words = f"{holders_of_every_word('product_words', 'product_id', len(parts))} UNION ALL" if parts else ""
    # An array for the reason given in `every_word`.
    condition = f"""AND p.id = ANY(ARRAY(
               {by_words}
               SELECT b.product_id FROM barcodes AS b WHERE b.tenant_id = :tenant_id AND b.code = ANY(:codes)
                UNION ALL
               SELECT k.id FROM products AS k WHERE k.tenant_id = :tenant_id AND k.sku = ANY(:codes)))"""
    return condition, {**bounds(parts), "codes": list({typed, normalise(typed)})}


def _as_of(day: dt.date | None, *, of_all: bool = False) -> tuple[str, str, str]:
    """Write how levels stood at the end of a day: what moved since is taken back. A join, a quantity and a value.

    Of a page each product is looked up; of all goods every move is read once.
    """
    if day is None:
        return "", "l.quantity", "l.value"
    if of_all:
        moved = """
          LEFT JOIN (SELECT m.product_id, sum(m.quantity) AS quantity, sum(m.value) AS value
                       FROM stock_moves AS m
                      WHERE m.tenant_id = :tenant_id AND m.occurred_on > :day
                      GROUP BY m.product_id) AS since ON since.product_id = l.product_id"""
        return moved, "(l.quantity - coalesce(since.quantity, 0))", "(l.value - coalesce(since.value, 0))::bigint"
    moved = """
          CROSS JOIN LATERAL (SELECT coalesce(sum(m.quantity), 0) AS quantity, coalesce(sum(m.value), 0) AS value
                                FROM stock_moves AS m
                               WHERE m.tenant_id = :tenant_id AND m.product_id = l.product_id
                                 AND m.occurred_on > :day) AS since"""
    return moved, "(l.quantity - since.quantity)", "(l.value - since.value)::bigint"


def _with_what_was_left(rows: Sequence[Any]) -> tuple[LedgerLine, ...]:
    """Walk back from where the level stood after the newest of these rows."""
    lines = []
    quantity, value = (rows[0].standing, rows[0].value_standing) if rows else (Decimal(0), 0)
    for row in rows:
        lines.append(
            LedgerLine(
                place=Place(row.occurred_on, row.transaction_id, row.line),
                kind=row.kind,
                document_kind=row.document_kind,
                sale_id=row.sale_id,
                number=row.number,
                memo=row.memo,
                actor=row.actor,
                quantity=row.quantity,
                value=row.value,
                left=quantity,
                value_left=value,
            )
        )
        quantity, value = quantity - row.quantity, value - row.value
    return tuple(lines)


def _named(sql: str, values: dict[str, Any]) -> dict[str, Any]:
    """Leave out values that a statement does not name."""
    return {name: value for name, value in values.items() if f":{name}" in sql}
