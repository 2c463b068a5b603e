"""What is still open between the shop and a party: documents, payments that wait for one, and what settled what."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.open_items import Share
from ledger_web.domain.transactions import title_of
from ledger_web.models.base import session_of

ROWS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class OpenItemRow:
    """A charge or a credit. Amounts are minor units of `currency`."""

    id: uuid.UUID
    transaction_id: uuid.UUID
    side: str
    kind: str  # of its transaction
    number: str  # of the sale; "" where the document has none
    currency: str
    amount: int
    settled: int
    due_on: dt.date
    memo: str
    is_cancelled: bool

    @property
    def open(self) -> int:
        return self.amount - self.settled

    @property
    def title(self) -> str:
        return title_of(self.kind, self.kind, self.number)


@dataclass(frozen=True, slots=True)
class ItemDetails:
    """An item and whose it is."""

    row: OpenItemRow
    party_id: uuid.UUID
    party: str
    party_kind: str


@dataclass(frozen=True, slots=True)
class AllocationRow:
    """How much of an item settles another one, which `item` says."""

    id: uuid.UUID
    amount: int
    realised: int  # gain in the base currency, a loss below zero
    made_at: dt.datetime
    released_at: dt.datetime | None
    released_by: str
    reason: str
    item: OpenItemRow


_ITEM: Final = """
    i.id, i.transaction_id, i.side, t.kind, coalesce(s.number, pu.number, pr.number, '') AS number, i.currency,
    i.amount, i.settled, i.due_on, t.memo, i.cancelled_in IS NOT NULL AS is_cancelled
"""
_ITEM_FROM: Final = """
      JOIN transactions AS t
        ON t.tenant_id = :tenant_id
       AND t.id = i.transaction_id
      LEFT JOIN sales AS s
        ON s.tenant_id = :tenant_id
       AND s.id = i.transaction_id
      LEFT JOIN purchases AS pu
        ON pu.tenant_id = :tenant_id
       AND pu.id = i.transaction_id
      LEFT JOIN purchase_returns AS pr
        ON pr.tenant_id = :tenant_id
       AND pr.id = i.transaction_id
"""


def list_open_items(
    tenant_id: int, party_id: uuid.UUID, currency: str, side: str, *, rows_max: int = ROWS_MAX
) -> list[OpenItemRow]:
    """Return what is open of a party on one side, oldest due first."""
    rows = session_of(tenant_id).execute(
        text(
            f"""
            SELECT {_ITEM}
              FROM open_items AS i
              {_ITEM_FROM}
             WHERE i.tenant_id = :tenant_id
               AND i.party_id = :party_id
               AND i.currency = :currency
               AND i.side = :side
               AND i.settled < i.amount
               AND i.cancelled_in IS NULL
             ORDER BY i.due_on, i.id
             LIMIT :rows
            """
        ),
        {"tenant_id": tenant_id, "party_id": party_id, "currency": currency, "side": side, "rows": rows_max},
    )
    return [OpenItemRow(*row) for row in rows]


def list_open_amounts(tenant_id: int, party_id: uuid.UUID, currency: str, side: str) -> list[tuple[dt.date, int]]:
    """Return how much is open by the day it is due, all of it."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT i.due_on, sum(i.amount - i.settled)::bigint AS amount
              FROM open_items AS i
             WHERE i.tenant_id = :tenant_id
               AND i.party_id = :party_id
               AND i.currency = :currency
               AND i.side = :side
               AND i.settled < i.amount
               AND i.cancelled_in IS NULL
             GROUP BY i.due_on
             ORDER BY i.due_on
            """
        ),
        {"tenant_id": tenant_id, "party_id": party_id, "currency": currency, "side": side},
    )
    return [(row.due_on, row.amount) for row in rows]


def get_item(tenant_id: int, item_id: uuid.UUID) -> ItemDetails:
    """Return an item, open or settled.

    Raises:
        NotFoundError: The shop has no such item.
    """
    row = (
        session_of(tenant_id)
        .execute(
            text(
                f"""
                SELECT {_ITEM}, p.id AS party_id, p.name AS party, p.kind AS party_kind
                  FROM open_items AS i
                  {_ITEM_FROM}
                  JOIN parties AS p
                    ON p.tenant_id = :tenant_id
                   AND p.id = i.party_id
                 WHERE i.tenant_id = :tenant_id
                   AND i.id = :id
                """
            ),
            {"tenant_id": tenant_id, "id": item_id},
        )
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("There is no such document in this shop to be settled.")
    return ItemDetails(_item_of(row), row.party_id, row.party, row.party_kind)


def list_allocations(tenant_id: int, item_id: uuid.UUID, *, rows_max: int = 200) -> list[AllocationRow]:
    """Return what an item settles or is settled by, newest first, the released ones, too."""
    rows = session_of(tenant_id).execute(
        text(
            f"""
            SELECT a.id AS allocation_id, a.amount AS allocated, a.credit_base, a.charge_base,
                   m.posted_at AS made_at, r.posted_at AS released_at, coalesce(u.name, '') AS released_by,
                   coalesce(r.memo, '') AS reason, p.kind AS party_kind, {_ITEM}
              FROM allocations AS a
              JOIN open_items AS i
                ON i.tenant_id = :tenant_id
               AND i.id = CASE WHEN a.credit_id = :item_id THEN a.charge_id ELSE a.credit_id END
              JOIN parties AS p
                ON p.tenant_id = :tenant_id
               AND p.id = i.party_id
              {_ITEM_FROM}
              JOIN transactions AS m
                ON m.tenant_id = :tenant_id
               AND m.id = a.made_in
              LEFT JOIN transactions AS r
                ON r.tenant_id = :tenant_id
               AND r.id = a.released_in
              LEFT JOIN users AS u
                ON u.tenant_id = :tenant_id
               AND u.id = r.actor_id
             WHERE a.tenant_id = :tenant_id
               AND (a.credit_id = :item_id OR a.charge_id = :item_id)
             ORDER BY a.id DESC
             LIMIT :rows
            """
        ),
        {"tenant_id": tenant_id, "item_id": item_id, "rows": rows_max},
    )
    return [_allocation_of(row) for row in rows]


def _item_of(row: Row[Any]) -> OpenItemRow:
    return OpenItemRow(
        row.id,
        row.transaction_id,
        row.side,
        row.kind,
        row.number,
        row.currency,
        row.amount,
        row.settled,
        row.due_on,
        row.memo,
        row.is_cancelled,
    )


def _allocation_of(row: Row[Any]) -> AllocationRow:
    item = _item_of(row)
    share = Share(row.id, row.id, row.allocated, row.credit_base, row.charge_base)
    return AllocationRow(
        row.allocation_id,
        row.allocated,
        share.realised(row.party_kind),
        row.made_at,
        row.released_at,
        row.released_by,
        row.reason,
        item,
    )
