"""What belongs to purchases: returns, papers, vendors' lists, and foreign money at a day's rates."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.exchange import Rate
from ledger_web.domain.numbers import round_half_up
from ledger_web.domain.rates import factor_of
from ledger_web.models.base import session_of


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """Goods of a purchase that went back. Minor units of `currency`."""

    id: uuid.UUID
    purchase_id: uuid.UUID
    number: str
    returned_on: dt.date
    currency: str
    total: int
    reason: str
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A paper of a purchase, without its content."""

    id: uuid.UUID
    name: str
    media_type: str
    size: int
    added_at: dt.datetime
    by: str | None


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper as it is sent."""

    name: str
    media_type: str
    content: bytes

    @property
    def file_name(self) -> str:
        """A name whose ending says what the file is, whatever it was called."""
        stem = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_ ") else "_" for sign in self.name)
        return f"{stem[:80]}.{self.media_type.rpartition('/')[2]}"


@dataclass(frozen=True, slots=True)
class VendorPriceRow:
    """What a vendor asks for a product."""

    id: uuid.UUID
    product_id: uuid.UUID
    name: str
    unit: str
    code: str
    currency: str
    unit_cost: Decimal
    pack: Decimal
    lead_days: int | None
    written_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    """A foreign currency: what the shop has less what it owes in it, what that stands at, and what it is worth."""

    currency: str
    held: int  # minor units of the currency; below zero: more went out, or is owed, than came in
    booked: int  # minor units of the base currency
    rate: Rate | None
    valid_on: dt.date | None
    base_currency: str

    @property
    def worth(self) -> int | None:
        """What is held at the day's rate; None where the table knows none."""
        return None if self.rate is None else round_half_up(self.held * factor_of(self.rate, self.currency))


def list_returns(tenant_id: int, purchase_id: uuid.UUID) -> list[ReturnRow]:
    return _returns(tenant_id, "r.purchase_id = :id", purchase_id)


def get_return(tenant_id: int, return_id: uuid.UUID) -> ReturnRow:
    """Return goods that went back.

    Raises:
        NotFoundError: The shop has no such return.
    """
    found = _returns(tenant_id, "r.id = :id", return_id)
    if not found:
        raise NotFoundError("There is no such return in this shop.")
    return found[0]


def purchase_of_charge(tenant_id: int, charge_id: uuid.UUID) -> uuid.UUID:
    """Return the purchase a charge belongs to.

    Raises:
        NotFoundError: The shop has no such charge.
    """
    found: uuid.UUID | None = (
        session_of(tenant_id)
        .execute(
            text("SELECT purchase_id FROM purchase_charges WHERE tenant_id = :tenant_id AND id = :id"),
            {"tenant_id": tenant_id, "id": charge_id},
        )
        .scalar_one_or_none()
    )
    if found is None:
        raise NotFoundError("There is no such charge in this shop.")
    return found


def list_papers(tenant_id: int, purchase_id: uuid.UUID) -> list[PaperRow]:
    rows = session_of(tenant_id).execute(
        text("""
            SELECT x.id, x.name, x.media_type, octet_length(x.content) AS size, x.added_at, u.name AS by
              FROM purchase_papers AS x
              LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = x.added_by
             WHERE x.tenant_id = :tenant_id AND x.purchase_id = :id
             ORDER BY x.id
        """),
        {"tenant_id": tenant_id, "id": purchase_id},
    )
    return [PaperRow(**row._mapping) for row in rows]


def get_paper(tenant_id: int, paper_id: uuid.UUID) -> Paper:
    """Return a paper with its content.

    Raises:
        NotFoundError: The shop has no such paper.
    """
    row = (
        session_of(tenant_id)
        .execute(
            text("SELECT name, media_type, content FROM purchase_papers WHERE tenant_id = :tenant_id AND id = :id"),
            {"tenant_id": tenant_id, "id": paper_id},
        )
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("There is no such paper in this shop.")
    return Paper(row.name, row.media_type, bytes(row.content))


def list_vendor_prices(tenant_id: int, vendor_id: uuid.UUID) -> list[VendorPriceRow]:
    """Return a vendor's list, by product."""
    rows = session_of(tenant_id).execute(
        text("""
            SELECT x.id, x.product_id, p.name, p.unit, x.code, x.currency, x.unit_cost, x.pack, x.lead_days,
                   x.written_at
              FROM vendor_prices AS x
              JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = x.product_id
             WHERE x.tenant_id = :tenant_id AND x.vendor_id = :id
             ORDER BY p.name, x.currency, x.id
             LIMIT 1000
        """),
        {"tenant_id": tenant_id, "id": vendor_id},
    )
    return [VendorPriceRow(**row._mapping) for row in rows]


def list_exchange(tenant_id: int, day: dt.date) -> list[ExchangeRow]:
    """Value the exchange accounts as they stood at the end of a day at its rates: what differs is not realised yet.

    A foreign currency's exchange account holds the other side of all that is had and owed in it. What the shop gave
    for it stands on the base currency's, mixed with all others, so only the sum of the rows is a gain or a loss.

    Source: design §1, "the exchange accounts, valued at a rate, are the gain or loss".
    """
    rows = (
        session_of(tenant_id)
        .execute(
            text("""
            SELECT a.currency, t.base_currency,
                   coalesce(sum(CASE WHEN e.debit_account_id = a.id THEN e.amount ELSE -e.amount END), 0)::bigint
                       AS side,
                   r.value, r.unit, r.valid_on
              FROM accounts AS a
              JOIN tenants AS t ON t.tenant_id = :tenant_id
              LEFT JOIN entries AS e
                ON e.tenant_id = :tenant_id AND a.id IN (e.debit_account_id, e.credit_account_id)
               AND e.occurred_on <= :day
              LEFT JOIN LATERAL (
                    SELECT x.value, x.unit, x.valid_on FROM exchange_rates AS x
                     WHERE x.tenant_id = :tenant_id AND x.currency = a.currency AND x.valid_on <= :day
                     ORDER BY x.valid_on DESC, x.id DESC
                     LIMIT 1) AS r ON true
             WHERE a.tenant_id = :tenant_id AND a.kind = 'exchange'
             GROUP BY a.id, a.currency, t.base_currency, r.value, r.unit, r.valid_on
             ORDER BY a.currency
        """),
            {"tenant_id": tenant_id, "day": day},
        )
        .all()
    )
    return [
        ExchangeRow(
            row.currency,
            -row.side,
            row.side if row.currency == row.base_currency else 0,
            _rate(row),
            row.valid_on,
            row.base_currency,
        )
        for row in rows
    ]


def _returns(tenant_id: int, condition: str, id: uuid.UUID) -> list[ReturnRow]:
    rows = session_of(tenant_id).execute(
        text(f"""
            SELECT r.id, r.purchase_id, r.number, r.returned_on, r.currency, r.total, r.reason,
                   r.deleted_at IS NOT NULL AS is_deleted
              FROM purchase_returns AS r
             WHERE r.tenant_id = :tenant_id AND {condition}
             ORDER BY r.id
        """),
        {"tenant_id": tenant_id, "id": id},
    )
    return [ReturnRow(**row._mapping) for row in rows]


def _rate(row: Row[Any]) -> Rate | None:
    if row.value is None or row.currency == row.base_currency:
        return None
    return Rate(row.unit, row.base_currency if row.unit == row.currency else row.currency, row.value)
