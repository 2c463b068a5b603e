"""The shop's table of rates: what holds now, and what held before."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy import text

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.exchange import Rate
from ledger_web.domain.rates import turned_round
from ledger_web.models.base import session_of

HISTORY_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class RateRow:
    """A rate of the table."""

    id: uuid.UUID
    currency: str
    rate: Rate
    valid_on: dt.date
    note: str
    by: str | None
    created_at: dt.datetime

    @property
    def turned(self) -> Rate | None:
        """The same from the other side, where it can be written."""
        try:
            return turned_round(self.rate)
        except RuleViolationError:
            return None


@dataclass(frozen=True, slots=True)
class BuyingRules:
    """How far a vendor's total may be off, and how selling prices are proposed. Minor units."""

    rounding_max: int
    margin_percent: Decimal
    price_ending: int


def list_rates(tenant_id: int, base_currency: str, currency: str | None = None) -> list[RateRow]:
    """Return the rate that holds for each currency, or the whole history of one, newest first."""
    rows = session_of(tenant_id).execute(
        text(f"""
            SELECT r.id, r.currency, r.unit, r.value, r.valid_on, r.note, u.name AS by, r.created_at
              FROM (SELECT x.*, row_number() OVER (PARTITION BY x.currency ORDER BY x.valid_on DESC, x.id DESC) AS place
                      FROM exchange_rates AS x
                     WHERE x.tenant_id = :tenant_id
                       AND (CAST(:currency AS text) IS NULL OR x.currency = :currency)) AS r
              LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = r.created_by
             WHERE CAST(:currency AS text) IS NOT NULL OR r.place = 1
             ORDER BY r.currency, r.valid_on DESC, r.id DESC
             LIMIT {HISTORY_MAX}
        """),
        {"tenant_id": tenant_id, "currency": currency},
    )
    return [
        RateRow(
            row.id,
            row.currency,
            Rate(row.unit, base_currency if row.unit == row.currency else row.currency, row.value),
            row.valid_on,
            row.note,
            row.by,
            row.created_at,
        )
        for row in rows
    ]


def get_buying_rules(tenant_id: int) -> BuyingRules:
    row = (
        session_of(tenant_id)
        .execute(
            text("""
                SELECT rounding_max, margin_percent, price_ending FROM purchase_settings WHERE tenant_id = :tenant_id
            """),
            {"tenant_id": tenant_id},
        )
        .one_or_none()
    )
    return BuyingRules(*row) if row else BuyingRules(100, Decimal(25), 0)
