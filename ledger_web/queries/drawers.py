"""Cash drawers and what is in them."""

import uuid
from dataclasses import dataclass, replace

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.models.base import session_of
from ledger_web.queries.scope import reach, within


@dataclass(frozen=True, slots=True)
class DrawerMoney:
    """The money of one currency in a drawer. Minor units, >= 0."""

    account_id: uuid.UUID
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class DrawerDetails:
    """A drawer with its money, one figure per currency that was ever in it."""

    id: uuid.UUID
    name: str
    series: str
    is_active: bool
    version: int
    money: tuple[DrawerMoney, ...]

    def in_currency(self, currency: str) -> DrawerMoney | None:
        return next((each for each in self.money if each.currency == currency), None)


def list_drawers(tenant_id: int) -> list[DrawerDetails]:
    """Return all drawers by name, those no longer in use last."""
    return _drawers(tenant_id, None)


def get_drawer(tenant_id: int, drawer_id: uuid.UUID) -> DrawerDetails:
    """Return a drawer.

    Raises:
        NotFoundError: The shop has no such drawer.
    """
    found = _drawers(tenant_id, drawer_id)
    if not found:
        raise NotFoundError("There is no such cash drawer in this shop.")
    return found[0]


def _drawers(tenant_id: int, drawer_id: uuid.UUID | None) -> list[DrawerDetails]:
    rows = session_of(tenant_id).execute(
        text(
            f"""
            SELECT d.id, d.name, d.series, d.active, d.version, m.account_id, m.currency, m.amount
              FROM cash_drawers AS d
              JOIN tenants AS t
                ON t.tenant_id = :tenant_id
              LEFT JOIN cash_drawer_money AS m
                ON m.tenant_id = :tenant_id
               AND m.drawer_id = d.id
             WHERE d.tenant_id = :tenant_id
               AND d.id = coalesce(CAST(:drawer_id AS uuid), d.id)
                   {within(drawer="d.id")}
             ORDER BY NOT d.active, d.name, d.id, m.currency <> t.base_currency, m.currency
            """
        ),
        {"tenant_id": tenant_id, "drawer_id": drawer_id, **reach(person=False)},
    )
    drawers: dict[uuid.UUID, DrawerDetails] = {}
    for row in rows:
        known = drawers.get(row.id, DrawerDetails(row.id, row.name, row.series, row.active, row.version, ()))
        money = (DrawerMoney(row.account_id, row.currency, row.amount),) if row.account_id else ()
        drawers[row.id] = replace(known, money=known.money + money)
    return list(drawers.values())
