"""Files of products as their page asks for them: what a dry run found, and which files there were."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.models.base import session_of

ROWS_MAX: Final = 10
PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """Why a row of a file cannot be imported."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """What a row of a file would make or change: `differences` names the columns, none for a new product."""

    line: int
    name: str
    code: str
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """A file and what its dry run found."""

    id: uuid.UUID
    file_name: str
    stock_policy: str
    uploaded_at: dt.datetime
    imported_at: dt.datetime | None
    imported_by: str | None
    is_done: bool  # this dry run was carried out
    rows_total: int
    rows_checked: int
    created: int
    updated: int
    unchanged: int
    problems_count: int
    problems: tuple[ProblemRow, ...]
    warnings: tuple[str, ...]
    changes: tuple[ChangeRow, ...]
    digest: str
    given_away: int  # products that would cost nothing

    @property
    def rows_count(self) -> int:
        return self.created + self.updated + self.unchanged + self.problems_count

    @property
    def is_under_way(self) -> bool:
        """Whether rows are still to be checked, step by step."""
        return self.rows_checked < self.rows_total

    @property
    def may_be_imported(self) -> bool:
        return (
            not self.is_under_way
            and not self.is_done
            and not self.problems_count
            and bool(self.created or self.updated)
        )


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A file in the list of the last ones."""

    id: uuid.UUID
    file_name: str
    uploaded_at: dt.datetime
    imported_at: dt.datetime | None
    rows_count: int
    problems_count: int
    is_under_way: bool


def get_import(tenant_id: int, import_id: uuid.UUID) -> ImportReport:
    """Return a file with its dry run.

    Raises:
        NotFoundError: The shop has no such file.
    """
    row = (
        session_of(tenant_id)
        .execute(
            text(
                """
                SELECT i.id, i.file_name, i.stock_policy, i.uploaded_at, i.imported_at, u.name AS imported_by, i.plan
                  FROM product_imports AS i
                  LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = i.imported_by
                 WHERE i.tenant_id = :tenant_id
                   AND i.id = :id
                """
            ),
            {"tenant_id": tenant_id, "id": import_id},
        )
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("There is no such file. Choose it again.")
    plan: dict[str, Any] = row.plan
    return ImportReport(
        id=row.id,
        file_name=row.file_name,
        stock_policy=row.stock_policy,
        uploaded_at=row.uploaded_at,
        imported_at=row.imported_at,
        imported_by=row.imported_by,
        is_done=plan["is_done"],
        rows_total=plan.get("rows_total", 0),
        rows_checked=plan.get("rows_checked", 0),
        created=plan["created"],
        updated=plan["updated"],
        unchanged=plan["unchanged"],
        problems_count=plan["problems_count"],
        problems=tuple(ProblemRow(line, reason) for line, reason in plan["problems"]),
        warnings=tuple(plan["warnings"]),
        changes=tuple(
            ChangeRow(change["line"], change["name"], change["code"], tuple(change["what"]))
            for change in plan["changes"]
        ),
        digest=plan["digest"],
        given_away=plan.get("given_away", 0),
    )


def list_imports(tenant_id: int) -> list[ImportRow]:
    """Return the last ten files, newest first."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT i.id, i.file_name, i.uploaded_at, i.imported_at,
                   coalesce(CAST(i.plan ->> 'rows_total' AS integer),
                            CAST(i.plan ->> 'created' AS integer) + CAST(i.plan ->> 'updated' AS integer)
                          + CAST(i.plan ->> 'unchanged' AS integer) + CAST(i.plan ->> 'problems_count' AS integer))
                   AS rows_count,
                   CAST(i.plan ->> 'problems_count' AS integer) AS problems_count,
                   coalesce(CAST(i.plan ->> 'rows_checked' AS integer) < CAST(i.plan ->> 'rows_total' AS integer),
                            false) AS is_under_way
              FROM product_imports AS i
             WHERE i.tenant_id = :tenant_id
             ORDER BY i.uploaded_at DESC, i.id DESC
             LIMIT :rows
            """
        ),
        {"tenant_id": tenant_id, "rows": ROWS_MAX},
    )
    return [ImportRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ExportedProduct:
    """A product as a file says it. Amounts are minor units of the base currency."""

    id: uuid.UUID
    name: str
    code: str | None
    sku: str | None
    unit_price: int
    unit: str
    tax_percent: Decimal
    quantity: Decimal | None  # None: keeps no stock
    unit_cost: int | None  # None: nothing on hand


def iterate_products(tenant_id: int) -> Iterator[ExportedProduct]:
    """Yield the products in use in the order in which they were added, a thousand at a time."""
    after = uuid.UUID(int=0)
    while True:
        rows = session_of(tenant_id).execute(
            text(
                """
                SELECT p.id, p.name, b.code, p.sku, p.unit_price, p.unit, p.tax_percent,
                       CASE WHEN p.stock_policy <> 'none' THEN coalesce(l.quantity, 0) END AS quantity,
                       CASE WHEN l.quantity > 0 THEN CAST(round(l.value / l.quantity) AS bigint) END AS unit_cost
                  FROM products AS p
                  LEFT JOIN stock_levels AS l ON l.tenant_id = :tenant_id AND l.product_id = p.id
                  LEFT JOIN LATERAL (SELECT c.code FROM barcodes AS c
                                      WHERE c.tenant_id = :tenant_id AND c.product_id = p.id AND c.unit_id IS NULL
                                      ORDER BY c.created_at, c.code
                                      LIMIT 1) AS b ON true
                 WHERE p.tenant_id = :tenant_id
                   AND p.archived_at IS NULL
                   AND p.id > :after
                 ORDER BY p.id
                 LIMIT :rows
                """
            ),
            {"tenant_id": tenant_id, "after": after, "rows": PAGE},
        )
        page = [ExportedProduct(*row) for row in rows]
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].id
