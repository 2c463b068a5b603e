"""Where a sale stands, and so what deleting it does; asked before it is shown and again behind its lock."""

import datetime as dt
import uuid
from dataclasses import dataclass

from ledger_web.domain.errors import NotFoundError, SaleAlreadyDeletedError
from ledger_web.domain.returns import Fate, SaleState, fate_of
from ledger_web.models.scope import scope
from ledger_web.services.posting import Act
from ledger_web.services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class HeldSale:
    """A sale as undoing it needs to know it. Amounts are minor units of the shop's base currency."""

    id: uuid.UUID
    number: str
    drawer_id: uuid.UUID
    customer_id: uuid.UUID | None  # who they were merged into, if they were
    cashier_id: uuid.UUID | None
    currency: str
    total: int
    rounding: int
    cash_step: int | None
    posted_at: dt.datetime
    age_minutes: int
    deleted_at: dt.datetime | None  # by the clock of the shop
    deleter: str
    state: SaleState

    @property
    def fate(self) -> Fate:
        return fate_of(self.state)


def find_sale(act: Act, sale_id: uuid.UUID, *, lock: bool = False) -> HeldSale:
    """Return a sale, and hold it until the commit if asked to.

    Raises:
        NotFoundError: The shop has no such sale.
    """
    if lock:  # lock, then look: what stands beside the sale may have changed while this waited
        act.execute(
            "SELECT id FROM sales WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR NO KEY UPDATE", {"id": sale_id}
        )
    row = act.execute(
        """
        SELECT s.id, s.number, s.drawer_id, coalesce(k.merged_into, k.id) AS customer_id, s.cashier_id, s.currency,
               s.total, s.rounding, t.cash_step,
               x.posted_at, floor(extract(epoch FROM now() - x.posted_at) / 60)::integer AS age_minutes,
               s.deleted_at AT TIME ZONE t.time_zone AS deleted_at, coalesce(u.name, '') AS deleter,
               coalesce(f.opened_at <= x.posted_at, false) AS in_open_shift,
               coalesce(x.occurred_on <= t.locked_until, false) AS in_locked_period, s.return_count,
               s.return_count > 0 AND NOT EXISTS (
                   SELECT FROM sale_lines AS l
                     LEFT JOIN returned_lines AS r
                       ON r.tenant_id = %(tenant_id)s AND r.sale_id = l.sale_id AND r.line = l.line
                    WHERE l.tenant_id = %(tenant_id)s AND l.sale_id = s.id
                      AND coalesce(r.returned, 0) < l.quantity) AS is_all_returned,
               EXISTS (SELECT FROM payments AS p
                        WHERE p.tenant_id = %(tenant_id)s AND p.sale_id = s.id AND p.method = 'exchange') AS is_exchange
          FROM sales AS s
          JOIN transactions AS x ON x.tenant_id = %(tenant_id)s AND x.id = s.id
          JOIN tenants AS t ON t.tenant_id = %(tenant_id)s
          LEFT JOIN parties AS k ON k.tenant_id = %(tenant_id)s AND k.id = s.customer_id
          LEFT JOIN users AS u ON u.tenant_id = %(tenant_id)s AND u.id = s.deleted_by
          LEFT JOIN shifts AS f
            ON f.tenant_id = %(tenant_id)s AND f.drawer_id = s.drawer_id AND f.closed_at IS NULL
         WHERE s.tenant_id = %(tenant_id)s AND s.id = %(id)s
        """,
        {"id": sale_id},
    ).one_or_none()
    if row is None or not scope.get().shows(row.cashier_id, row.drawer_id):
        raise NotFoundError("There is no such sale in this shop.")
    facts = dict(row._mapping)
    state = SaleState(
        is_deleted=facts["deleted_at"] is not None,
        in_open_shift=facts.pop("in_open_shift"),
        in_locked_period=facts.pop("in_locked_period"),
        return_count=facts.pop("return_count"),
        is_all_returned=facts.pop("is_all_returned"),
        is_exchange=facts.pop("is_exchange"),
    )
    return HeldSale(**facts, state=state)


def look_at_sale(sale_id: uuid.UUID, uow: UnitOfWork) -> HeldSale:
    """Say where a sale stands. Writes and locks nothing.

    Raises:
        NotFoundError: The shop has no such sale.
    """
    with uow:
        return find_sale(uow, sale_id)


def must_not_be_deleted(sale: HeldSale) -> None:
    """Refuse a sale that somebody deleted.

    Raises:
        SaleAlreadyDeletedError: Says who and when.
    """
    if sale.deleted_at is not None:
        raise SaleAlreadyDeletedError(sale.deleter, sale.deleted_at)
