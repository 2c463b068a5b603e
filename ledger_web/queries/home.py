"""What the front page asks: today, the drawers, the last sales."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.models.base import session_of
from ledger_web.queries.scope import reach, within


@dataclass(frozen=True, slots=True)
class TodayRow:
    """What was sold today, in the shop's zone and base currency; deleted sales apart."""

    day: dt.date
    sales: int
    total: int  # minor units of the base currency
    deleted: int
    total_week_ago: int  # the same day of last week


@dataclass(frozen=True, slots=True)
class DrawerMoneyRow:
    """Cash in one drawer in one currency. A drawer that never held any has no currency yet."""

    drawer_id: uuid.UUID
    drawer: str
    currency: str | None
    amount: int  # minor units


@dataclass(frozen=True, slots=True)
class LastSaleRow:
    """One of the newest sales."""

    id: uuid.UUID
    number: str
    sold_at: dt.datetime
    customer: str | None
    cashier: str | None
    currency: str
    total: int  # minor units
    on_account: int
    is_deleted: bool


def get_today(tenant_id: int) -> TodayRow:
    """Return today's figures. The day is the shop's, by the database's clock; only its two days are read."""
    row = (
        session_of(tenant_id)
        .execute(
            text(
                f"""
                -- Materialized, with both days as columns: under row-level security what a function or a subtraction
                -- gives is compared row by row, and never looked up in an index.
                WITH shop AS MATERIALIZED (
                    SELECT d.today, d.today - 7 AS week_before, d.base_currency
                      FROM (SELECT business_day(now(), t.time_zone, t.day_starts_at) AS today, t.base_currency
                              FROM tenants AS t
                             WHERE t.tenant_id = :tenant_id) AS d
                )
                SELECT shop.today,
                       count(s.id) FILTER (WHERE s.sold_on = shop.today AND s.deleted_at IS NULL),
                       coalesce(sum(s.total) FILTER (WHERE s.sold_on = shop.today AND s.deleted_at IS NULL), 0)::bigint,
                       count(s.id) FILTER (WHERE s.sold_on = shop.today AND s.deleted_at IS NOT NULL),
                       coalesce(sum(s.total) FILTER (WHERE s.sold_on < shop.today AND s.deleted_at IS NULL), 0)::bigint
                  FROM shop
                  LEFT JOIN sales AS s
                    ON s.tenant_id = :tenant_id
                   AND s.sold_on IN (shop.today, shop.week_before)
                   AND s.currency = shop.base_currency
                       {within(person="s.cashier_id", drawer="s.drawer_id")}
                 GROUP BY shop.today
                """
            ),
            {"tenant_id": tenant_id, **reach()},
        )
        .one()
    )
    return TodayRow(*row)


def list_drawer_money(tenant_id: int) -> list[DrawerMoneyRow]:
    """Return what is in each drawer that is in use, by name and currency."""
    rows = session_of(tenant_id).execute(
        text(
            f"""
            SELECT d.id, d.name, m.currency, coalesce(m.amount, 0)
              FROM cash_drawers AS d
              LEFT JOIN cash_drawer_money AS m
                ON m.tenant_id = :tenant_id
               AND m.drawer_id = d.id
             WHERE d.tenant_id = :tenant_id
               AND d.active
                   {within(drawer="d.id")}
             ORDER BY d.series, m.currency
            """
        ),
        {"tenant_id": tenant_id, **reach(person=False)},
    )
    return [DrawerMoneyRow(*row) for row in rows]


def list_last_sales(tenant_id: int, most: int = 8) -> list[LastSaleRow]:
    """Return the newest sales, deleted ones among them: they stay visible."""
    rows = session_of(tenant_id).execute(
        text(
            f"""
            SELECT s.id, s.number, s.sold_at, p.name, u.name, s.currency, s.total, s.on_account,
                   s.deleted_at IS NOT NULL
              FROM sales AS s
              LEFT JOIN parties AS p
                ON p.tenant_id = :tenant_id
               AND p.id = s.customer_id
              LEFT JOIN users AS u
                ON u.tenant_id = :tenant_id
               AND u.id = s.cashier_id
             WHERE s.tenant_id = :tenant_id
                   {within(person="s.cashier_id", drawer="s.drawer_id")}
             ORDER BY s.sold_on DESC, s.id DESC
             LIMIT :most
            """
        ),
        {"tenant_id": tenant_id, "most": most, **reach()},
    )
    return [LastSaleRow(*row) for row in rows]
