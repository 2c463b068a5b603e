"""Tax classes with their rates, and the settings beside them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.taxes import TaxRate
from ledger_web.models.base import session_of


@dataclass(frozen=True, slots=True)
class TaxClassRow:
    """A tax class, and how many products have it."""

    id: uuid.UUID
    name: str
    version: int
    is_archived: bool
    rates: Sequence[TaxRate]
    products: int


@dataclass(frozen=True, slots=True)
class TaxSettings:
    """How prices are meant, and the smallest cash in minor units of the base currency."""

    prices_include_tax: bool
    cash_step: int | None


def list_tax_classes(tenant_id: int) -> list[TaxClassRow]:
    """Return all classes by name, those no longer offered last."""
    return _classes(tenant_id, None)


def get_tax_class(tenant_id: int, tax_class_id: uuid.UUID) -> TaxClassRow:
    """Return a class.

    Raises:
        NotFoundError: The shop has no such class.
    """
    found = _classes(tenant_id, tax_class_id)
    if not found:
        raise NotFoundError("There is no such tax class in this shop.")
    return found[0]


def get_tax_settings(tenant_id: int) -> TaxSettings:
    row = (
        session_of(tenant_id)
        .execute(
            text("SELECT prices_include_tax, cash_step FROM tenants WHERE tenant_id = :tenant_id"),
            {"tenant_id": tenant_id},
        )
        .one()
    )
    return TaxSettings(row.prices_include_tax, row.cash_step)


def _classes(tenant_id: int, tax_class_id: uuid.UUID | None) -> list[TaxClassRow]:
    rows = session_of(tenant_id).execute(
        text("""
            SELECT c.id, c.name, c.version, c.archived_at IS NOT NULL AS is_archived, r.names, r.percents, r.compounds,
                   (SELECT count(*) FROM products AS p
                     WHERE p.tenant_id = :tenant_id AND p.tax_class_id = c.id AND p.archived_at IS NULL) AS products
              FROM tax_classes AS c
              LEFT JOIN LATERAL (
                    SELECT array_agg(x.name ORDER BY x.position) AS names,
                           array_agg(x.percent ORDER BY x.position) AS percents,
                           array_agg(x.is_compound ORDER BY x.position) AS compounds
                      FROM tax_rates AS x
                     WHERE x.tenant_id = :tenant_id AND x.tax_class_id = c.id) AS r ON true
             WHERE c.tenant_id = :tenant_id
               AND c.id = coalesce(CAST(:id AS uuid), c.id)
             ORDER BY c.archived_at IS NOT NULL, c.name, c.id
        """),
        {"tenant_id": tenant_id, "id": tax_class_id},
    )
    return [
        TaxClassRow(
            row.id,
            row.name,
            row.version,
            row.is_archived,
            tuple(
                TaxRate(*rate) for rate in zip(row.names or (), row.percents or (), row.compounds or (), strict=True)
            ),
            row.products,
        )
        for row in rows
    ]
