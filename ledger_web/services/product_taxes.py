"""The taxes of a product's class, as statements read them that have it as `products AS p`."""

from typing import Any, Final

from sqlalchemy import Row

from ledger_web.domain.taxes import TaxRate, rates_of

TAXES: Final = "x.tax_names, x.tax_percents, x.tax_compounds"
TAXES_FROM: Final = """
          LEFT JOIN LATERAL (
                SELECT array_agg(r.name ORDER BY r.position) AS tax_names,
                       array_agg(r.percent ORDER BY r.position) AS tax_percents,
                       array_agg(r.is_compound ORDER BY r.position) AS tax_compounds
                  FROM tax_rates AS r
                 WHERE r.tenant_id = %(tenant_id)s AND r.tax_class_id = p.tax_class_id) AS x ON true"""


def rates_of_class(row: Row[Any]) -> tuple[TaxRate, ...]:
    """Return the rates that were read; none for a product without a class."""
    if row.tax_names is None:
        return ()
    return rates_of(row.tax_percent, row.tax_names, row.tax_percents, row.tax_compounds)
