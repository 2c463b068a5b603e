"""What the reports are made of: every account's sums up to a day, or those of what earned and cost in a range.

Accounts that many hold are read from what they cache, without what came later: however much its customers bought, a
shop's trial balance of today reads a row for each of them, not one for each day of each.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Final

from sqlalchemy import TextClause, text

from ledger_web.domain.accounts import MANY_HOLDERS, account_name
from ledger_web.domain.reports import RESULT_KINDS, AccountSums
from ledger_web.models.base import session_of
from ledger_web.queries.balances import BEGINNING_OF_TIME, cached_before, moved

DAY: Final = dt.timedelta(days=1)
HOLDERS_MAX: Final = 2000

# Summed before anything is joined: what is joined then is one line for each account.
_LINES: Final = """
    SELECT n.kind, n.currency, n.code, coalesce(d.name, b.name, c.name) AS holder, n.account_id, n.holders, n.debits,
           n.credits
      FROM (SELECT a.kind, a.currency, a.drawer_id, CASE WHEN a.kind <> ALL (:many) THEN a.code END AS code,
                   CASE WHEN a.kind <> ALL (:many) THEN a.id END AS account_id,
                   count(*) FILTER (WHERE m.debits <> m.credits) AS holders,
                   sum(m.debits)::bigint AS debits, sum(m.credits)::bigint AS credits
              FROM (SELECT x.account_id, sum(x.debits) AS debits, sum(x.credits) AS credits
                      FROM ({moved}) AS x
                     GROUP BY x.account_id) AS m
              JOIN accounts AS a
                ON a.tenant_id = :tenant_id
               AND a.id = m.account_id
             GROUP BY 1, 2, 3, 4, 5
            HAVING sum(m.debits + m.credits) > 0) AS n
      LEFT JOIN cash_drawers AS d
        ON d.tenant_id = :tenant_id
       AND d.id = n.drawer_id
      LEFT JOIN bank_accounts AS b
        ON b.tenant_id = :tenant_id
       AND b.code = n.code
       AND n.kind = 'bank'
      LEFT JOIN categories AS c
        ON c.tenant_id = :tenant_id
       AND c.code = n.code
       AND c.kind = CASE n.kind WHEN 'expense' THEN 'expense' WHEN 'revenue' THEN 'income' END
"""
_OF_FEW: Final = moved("a.kind <> ALL (:many)")
_OF_MANY: Final = cached_before("a.kind = ANY (:many)")
_ALL: Final = text(_LINES.format(moved=f"{_OF_FEW} UNION ALL {_OF_MANY}"))
_RESULTS: Final = text(_LINES.format(moved=moved("a.kind = ANY (:kinds)")))
_HOLDERS: Final = text(
    f"""
    SELECT a.id, a.code, p.name AS holder, h.debits, h.credits
      FROM (SELECT m.account_id, sum(m.debits)::bigint AS debits, sum(m.credits)::bigint AS credits
              FROM ({cached_before("a.kind = :kind AND a.currency = :currency")}) AS m
             GROUP BY m.account_id
            HAVING sum(m.debits) <> sum(m.credits)) AS h
      JOIN accounts AS a
        ON a.tenant_id = :tenant_id
       AND a.id = h.account_id
      LEFT JOIN parties AS p
        ON p.tenant_id = :tenant_id
       AND p.id = a.party_id
     ORDER BY p.name_key, a.id
     LIMIT :limit
    """  # nosec B608 # our own text
)


@dataclass(frozen=True, slots=True)
class Totalling:
    """How far daily totals are, and what could not be added up."""

    totalled_before: dt.date
    waiting: int  # marked account-days
    failed: tuple["FailedTotal", ...]


@dataclass(frozen=True, slots=True)
class FailedTotal:
    """An account-day that could not be added up. Reports read it from its entries."""

    account_id: uuid.UUID
    name: str
    currency: str
    day: dt.date
    attempts: int
    reason: str
    failed_at: dt.datetime


def list_sums_until(tenant_id: int, day: dt.date) -> list[AccountSums]:
    """Return what moved every account up to and with a day; accounts without entries are not in it."""
    return _sums(_ALL, tenant_id, BEGINNING_OF_TIME, day + DAY)


def list_results(tenant_id: int, since: dt.date, until: dt.date) -> list[AccountSums]:
    """Return what moved the accounts of income, costs and differences on the days from `since` to `until`."""
    return _sums(_RESULTS, tenant_id, since, until + DAY, kinds=list(RESULT_KINDS))


def list_holders_until(tenant_id: int, kind: str, currency: str, day: dt.date) -> list[AccountSums]:
    """Return what stood in each account of a kind that many hold at the end of a day, at most HOLDERS_MAX."""
    rows = session_of(tenant_id).execute(
        _HOLDERS,
        {
            "tenant_id": tenant_id,
            "kind": kind,
            "currency": currency,
            "until": day + DAY,
            "limit": HOLDERS_MAX,
        },
    )
    return [AccountSums(kind, row.code, row.holder, currency, row.id, 1, row.debits, row.credits) for row in rows]


def get_totalling(tenant_id: int, attempts_max: int) -> Totalling:
    """Return how far daily totals are, and what was left alone after so many attempts."""
    session = session_of(tenant_id)
    place = session.execute(
        text(
            """
            SELECT t.totalled_before,
                   (SELECT count(*) FROM (SELECT DISTINCT m.account_id, m.day FROM daily_total_marks AS m
                                           WHERE m.tenant_id = :tenant_id) AS waiting) AS waiting
              FROM tenants AS t
             WHERE t.tenant_id = :tenant_id
            """
        ),
        {"tenant_id": tenant_id},
    ).one()
    rows = session.execute(
        text(
            """
            SELECT f.account_id, a.kind, a.code, coalesce(p.name, d.name) AS holder, a.currency, f.day, f.attempts,
                   f.reason, f.failed_at
              FROM daily_total_failures AS f
              JOIN accounts AS a ON a.tenant_id = :tenant_id AND a.id = f.account_id
              LEFT JOIN parties AS p ON p.tenant_id = :tenant_id AND p.id = a.party_id
              LEFT JOIN cash_drawers AS d ON d.tenant_id = :tenant_id AND d.id = a.drawer_id
             WHERE f.tenant_id = :tenant_id AND f.attempts >= :attempts_max
             ORDER BY f.day, f.account_id
             LIMIT 50
            """
        ),
        {"tenant_id": tenant_id, "attempts_max": attempts_max},
    )
    failed = tuple(
        FailedTotal(
            row.account_id,
            account_name(row.kind, row.code, row.holder),
            row.currency,
            row.day,
            row.attempts,
            row.reason,
            row.failed_at,
        )
        for row in rows
    )
    return Totalling(place.totalled_before, place.waiting, failed)


def _sums(query: TextClause, tenant_id: int, since: dt.date, until: dt.date, **values: object) -> list[AccountSums]:
    rows = session_of(tenant_id).execute(
        query, {"tenant_id": tenant_id, "since": since, "until": until, "many": list(MANY_HOLDERS), **values}
    )
    return [AccountSums(**row) for row in rows.mappings()]
