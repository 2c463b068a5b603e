"""What a shop says about itself, and what stands on its receipts."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.models.base import session_of


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """The settings of a shop as they are now, those of other pages included. Amounts: minor units of its currency."""

    version: int
    name: str
    base_currency: str
    time_zone: str
    locale: str
    digits: str
    stock_policy: str
    receipt_paper: str
    receipt_header: str
    receipt_footer: str
    receipt_names_salesperson: bool
    locked_until: dt.date | None
    day_starts_at: dt.time
    prices_include_tax: bool
    cash_step: int | None
    over_short_limit: int | None
    blind_count: bool
    owners_need_code: bool
    logo: str | None  # its digest
    has_amounts: bool  # so that the base currency stays


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands above and below every receipt."""

    header: str = ""
    footer: str = ""
    logo: str | None = None  # its digest
    width: int = 0
    height: int = 0
    names_salesperson: bool = False


@dataclass(frozen=True, slots=True)
class Logo:
    """A PNG of ours."""

    content: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """The numbers of a drawer's sales."""

    drawer_id: uuid.UUID
    drawer: str
    series: str
    last_number: int

    @property
    def next(self) -> str:
        return f"{self.series}-{self.last_number + 1:06d}"


def get_settings(tenant_id: int) -> ShopSettings:
    row = session_of(tenant_id).execute(
        text(
            """
            SELECT t.settings_version, t.name, t.base_currency, t.time_zone, t.locale, t.digits, t.stock_policy,
                   t.receipt_paper, t.receipt_header, t.receipt_footer, t.receipt_names_salesperson,
                   t.locked_until, t.day_starts_at,
                   t.prices_include_tax, t.cash_step, t.over_short_limit, t.blind_count, t.owners_need_code, l.digest,
                   EXISTS (SELECT FROM transactions AS x WHERE x.tenant_id = :tenant_id)
                   OR EXISTS (SELECT FROM products AS p WHERE p.tenant_id = :tenant_id)
                   OR EXISTS (SELECT FROM parties AS p WHERE p.tenant_id = :tenant_id)
              FROM tenants AS t
              LEFT JOIN shop_logos AS l
                ON l.tenant_id = :tenant_id
             WHERE t.tenant_id = :tenant_id
            """
        ),
        {"tenant_id": tenant_id},
    )
    return ShopSettings(*row.one())


def get_letterhead(tenant_id: int) -> Letterhead:
    row = session_of(tenant_id).execute(
        text(
            """
            SELECT t.receipt_header, t.receipt_footer, l.digest, coalesce(l.width, 0), coalesce(l.height, 0),
                   t.receipt_names_salesperson
              FROM tenants AS t
              LEFT JOIN shop_logos AS l
                ON l.tenant_id = :tenant_id
             WHERE t.tenant_id = :tenant_id
            """
        ),
        {"tenant_id": tenant_id},
    )
    return Letterhead(*row.one())


def get_logo(tenant_id: int) -> Logo:
    """Return the logo of a shop.

    Raises:
        NotFoundError: It has none.
    """
    row = (
        session_of(tenant_id)
        .execute(
            text("SELECT content, digest FROM shop_logos WHERE tenant_id = :tenant_id"),
            {"tenant_id": tenant_id},
        )
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("This shop has no logo.")
    return Logo(bytes(row.content), row.digest)


def usual_stock_policy(tenant_id: int) -> str:
    """Return what new products begin with."""
    row = session_of(tenant_id).execute(
        text("SELECT stock_policy FROM tenants WHERE tenant_id = :tenant_id"), {"tenant_id": tenant_id}
    )
    return str(row.scalar_one())


def list_series(tenant_id: int) -> Sequence[SeriesRow]:
    """Return where the numbers of each drawer in use stand."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT d.id, d.name, d.series, coalesce(n.last_number, 0)
              FROM cash_drawers AS d
              LEFT JOIN number_series AS n
                ON n.tenant_id = :tenant_id
               AND n.document = 'sale'
               AND n.series = d.series
             WHERE d.tenant_id = :tenant_id
               AND d.active
             ORDER BY d.name, d.id
            """
        ),
        {"tenant_id": tenant_id},
    )
    return [SeriesRow(*row) for row in rows]
