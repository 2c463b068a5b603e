"""How products are found by parts of their names, however many there are.

Those whose name begins with what was typed come first, then those that have its words elsewhere: in their names,
SKUs, brands and tags. What is cheapest depends on how many words of the shop begin like what was typed, so that is
asked first.
"""

import uuid
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Row, text

from ledger_web.domain.barcodes import normalise
from ledger_web.domain.search_words import prefix_range, ranges, words
from ledger_web.models.base import session_of
from ledger_web.queries.search import bounds

COMMON: Final = 15_000  # products that have a word: so many are looked for among the shown rather than collected
WALKED: Final = 2_000  # products looked at one after another


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which products, and from where in the order of their names."""

    search: str = ""
    rows: int
    has_codes: bool = True  # what was typed may be a barcode or an SKU, too
    archived: bool = False
    category_id: uuid.UUID | None = None
    place: tuple[str, uuid.UUID] | None = None  # name key and id of the product behind which they begin
    backwards: bool = False  # before that product instead


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a search asks for."""

    order: tuple[int, ...]  # the numbers of its words, the rarest first
    counts: tuple[int, ...]  # how many products have a word beginning so, in that order, COMMON at most
    begins: tuple[str, str] | None  # the range of names that begin with it
    values: dict[str, Any]
    is_code: bool

    @property
    def is_common(self) -> bool:
        return bool(self.counts) and self.counts[0] >= COMMON and not self.is_code


def find_products(tenant_id: int, wanted: Wanted, shown: str) -> list[Row[Any]]:
    """Return so many products at most, in the order they are read in.

    Args:
        shown: The query that says what is written beside each: of `{page}`, in the order of `name_key` and `id`.
    """
    asked = _asked(tenant_id, wanted)
    found: list[Row[Any]] = []
    for named, part in _parts(wanted, asked):
        left = replace(part, rows=wanted.rows - len(found))
        rows = _find(tenant_id, left, asked, named, shown) if left.rows else []
        found = [*rows, *found] if wanted.backwards else [*found, *rows]
    return found


def _asked(tenant_id: int, wanted: Wanted) -> _Asked:
    """Look at what was typed, and at how many words of the shop begin like each part of it."""
    typed = wanted.search.strip()
    parts = ranges(typed)
    codes = list({typed, normalise(typed)}) if typed and wanted.has_codes else []
    if not parts:
        return _Asked((), (), None, {"codes": codes}, is_code=False)
    counts = ", ".join(
        f"(SELECT count(*) FROM (SELECT 1 FROM product_words AS w WHERE w.tenant_id = :tenant_id"
        f" AND w.word >= :low_{n} AND w.word < :high_{n} LIMIT {COMMON}) AS c_{n})"
        for n in range(len(parts))
    )
    is_code = """
        EXISTS (SELECT 1 FROM barcodes AS b WHERE b.tenant_id = :tenant_id AND b.code = ANY(:codes))
        OR EXISTS (SELECT 1 FROM products AS k WHERE k.tenant_id = :tenant_id AND k.sku = ANY(:codes))"""
    begins = prefix_range(" ".join(words(typed)))
    values = {**bounds(parts), "codes": codes, "begins_low": begins[0], "begins_high": begins[1]}
    row = session_of(tenant_id).execute(text(f"SELECT {is_code}, {counts}"), values | {"tenant_id": tenant_id}).one()
    counted = row[1:]
    order = tuple(sorted(range(len(parts)), key=counted.__getitem__))
    return _Asked(order, tuple(counted[n] for n in order), begins, values, is_code=row[0])


def _parts(wanted: Wanted, asked: _Asked) -> list[tuple[str, Wanted]]:
    """Say in which order to look, and how the names of each part are written: those that begin so, then the rest."""
    if asked.begins is None:
        return [("", wanted)]
    begins = "AND q.name_key >= :begins_low AND q.name_key < :begins_high"
    rest = "AND (q.name_key < :begins_low OR q.name_key >= :begins_high)"
    parts = [(begins, wanted), (rest, wanted)]
    if wanted.place is None:
        return parts[::-1] if wanted.backwards else parts
    elsewhere = replace(wanted, place=None)
    if asked.begins[0] <= wanted.place[0] < asked.begins[1]:
        return [(begins, wanted)] if wanted.backwards else [(begins, wanted), (rest, elsewhere)]
    return [(rest, wanted), (begins, elsewhere)] if wanted.backwards else [(rest, wanted)]


# Names and ids are read from indexes alone; only of the products that are shown more is read. OFFSET 0: neither what is
# looked at product by product nor what is written beside a product is to be mixed into finding them.
_PAGE: Final = """
    SELECT v.id, v.name, v.name_key, v.sku, v.unit, v.unit_price, v.stock_policy
      FROM (SELECT q.id, q.name_key
              FROM (SELECT q.id, q.name_key
                      FROM products AS q
                     WHERE q.tenant_id = :tenant_id
                       AND q.archived_at IS {archived} NULL
                       {in_category}
                       {named}
                       {beyond}
                       {found}
                     ORDER BY q.name_key {direction}, q.id {direction}
                     {limit}) AS q
             WHERE {words}
             ORDER BY q.name_key {direction}, q.id {direction}
             LIMIT :rows
            OFFSET 0) AS f
      JOIN products AS v ON v.tenant_id = :tenant_id AND v.id = f.id
"""


def _find(tenant_id: int, wanted: Wanted, asked: _Asked, named: str, shown: str) -> list[Row[Any]]:
    values = asked.values | {
        "tenant_id": tenant_id,
        "rows": wanted.rows,
        "category_id": wanted.category_id,
        "name_key": wanted.place[0] if wanted.place else "",
        "id": wanted.place[1] if wanted.place else None,
    }
    is_rest = named.startswith("AND (") or asked.begins is None
    if not is_rest:
        return _rows(tenant_id, wanted, shown, values, named=named)
    if asked.is_common:
        # What half the shop is called is found soonest by looking at one product after another.
        each = " AND ".join(_has_word("q.id", n) for n in asked.order)
        rows = _rows(tenant_id, wanted, shown, values, named=named, limit=f"LIMIT {WALKED}", words=each)
        if len(rows) == wanted.rows:
            return rows
    found, each = _found(wanted, asked)
    return _rows(tenant_id, wanted, shown, values, named=named, found=found, limit="OFFSET 0", words=each)


def _rows(
    tenant_id: int,
    wanted: Wanted,
    shown: str,
    values: dict[str, Any],
    *,
    named: str,
    found: str = "",
    limit: str = "LIMIT :rows",
    words: str = "true",
) -> list[Row[Any]]:
    page = _PAGE.format(
        archived="NOT" if wanted.archived else "",
        in_category="AND q.category_id = :category_id" if wanted.category_id else "",
        named=named,
        beyond=f"AND (q.name_key, q.id) {'<' if wanted.backwards else '>'} (:name_key, :id)" if wanted.place else "",
        found=found,
        direction="DESC" if wanted.backwards else "ASC",
        limit=limit,
        words=words,
    )
    return list(session_of(tenant_id).execute(text(shown.format(page=page)), values))


def _found(wanted: Wanted, asked: _Asked) -> tuple[str, str]:
    """Write the condition of a search, and what is asked of each product it lets through, in the list's order.

    The products that have the rarest word are collected, those without the other words left out; a word that is
    everywhere is only looked for in the products that would be shown. An array for the reason `every_word` gives.
    """
    if not wanted.search.strip():
        return "", "true"
    by_words, each = "", "true"
    if asked.order:
        first, *others = asked.order
        counts = dict(zip(asked.order, asked.counts, strict=True))
        are_common = [n for n in others if counts[n] >= COMMON > counts[first]]
        also = " AND ".join(_is_among(n) for n in others if n not in are_common) or "true"
        each = " AND ".join(_has_word("q.id", n) for n in are_common) or "true"
        by_words = f"""
           SELECT w.product_id FROM product_words AS w
            WHERE w.tenant_id = :tenant_id AND w.word >= :low_{first} AND w.word < :high_{first} AND {also}
            UNION ALL"""
    if each != "true":
        each = f"({each} OR q.id IN ({_CODED} UNION ALL {_KEPT}))"
    return f"AND q.id = ANY(ARRAY({by_words} {_CODED} UNION ALL {_KEPT}))", each


_CODED: Final = "SELECT b.product_id FROM barcodes AS b WHERE b.tenant_id = :tenant_id AND b.code = ANY(:codes)"
_KEPT: Final = "SELECT k.id FROM products AS k WHERE k.tenant_id = :tenant_id AND k.sku = ANY(:codes)"


def _is_among(number: int) -> str:
    """Write that a product is among those that have a word. IS TRUE: they are collected once, and looked up."""
    return (
        f"(w.product_id IN (SELECT o.product_id FROM product_words AS o WHERE o.tenant_id = :tenant_id"
        f" AND o.word >= :low_{number} AND o.word < :high_{number})) IS TRUE"
    )


def _has_word(product: str, number: int) -> str:
    """Write that a product has a word that begins like a part of what was typed.

    Not EXISTS: for a word that half the shop has, PostgreSQL would rather collect all who have it.
    """
    return (
        f"(SELECT 1 FROM product_words AS o WHERE o.tenant_id = :tenant_id AND o.product_id = {product}"
        f" AND o.word >= :low_{number} AND o.word < :high_{number} LIMIT 1) IS NOT NULL"
    )
