"""What moved accounts before a day or in a range of days: daily totals, and entries where there are none yet.

Days before the shop's `totalled_before` are read from `daily_totals`, later ones from entries. An account-day with a
mark is read from its entries, too: so what is read is always what the entries of this very moment say, whether the
totals were brought up to date or not. SQL text to build upon, one moment in one statement; `tenant_id` is bound.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

from sqlalchemy import text

from ledger_web.models.base import session_of

BEGINNING_OF_TIME: Final = dt.date(2000, 1, 1)  # transactions_day_is_sane
END_OF_TIME: Final = dt.date(2200, 1, 2)  # one day later
TOTALLED_BEFORE: Final = "(SELECT s.totalled_before FROM tenants AS s WHERE s.tenant_id = :tenant_id)"

# Rows (account_id, debits, credits), several for each account, of the days from one to before another.
_MOVED: Final = """
    SELECT d.account_id, d.debits, d.credits
      FROM daily_totals AS d
     WHERE d.tenant_id = :tenant_id
       AND d.day >= {since}
       AND d.day < least(CAST({until} AS date), {totalled_before})
       AND d.account_id = ANY(ARRAY(SELECT a.id FROM accounts AS a
                                     WHERE a.tenant_id = :tenant_id AND {which}))
       AND NOT EXISTS (SELECT FROM daily_total_marks AS m
                        WHERE m.tenant_id = :tenant_id
                          AND m.account_id = d.account_id
                          AND m.day = d.day)
     UNION ALL
    {live}
     UNION ALL
    SELECT m.account_id, o.debits, o.credits
      FROM (SELECT DISTINCT d.account_id, d.day
              FROM daily_total_marks AS d
             WHERE d.tenant_id = :tenant_id
               AND d.day >= {since}
               AND d.day < least(CAST({until} AS date), {totalled_before})
               AND d.account_id = ANY(ARRAY(SELECT a.id FROM accounts AS a
                                             WHERE a.tenant_id = :tenant_id AND {which}))) AS m
     CROSS JOIN LATERAL (
            SELECT (SELECT coalesce(sum(e.amount), 0) FROM entries AS e
                     WHERE e.tenant_id = :tenant_id
                       AND e.debit_account_id = m.account_id
                       AND e.occurred_on = m.day) AS debits,
                   (SELECT coalesce(sum(e.amount), 0) FROM entries AS e
                     WHERE e.tenant_id = :tenant_id
                       AND e.credit_account_id = m.account_id
                       AND e.occurred_on = m.day) AS credits) AS o
"""

# The days not totalled, through the entries of each account: for a few accounts, however much happened in these days.
_LIVE_OF_FEW: Final = """SELECT a.id, o.debits, o.credits
      FROM accounts AS a
     CROSS JOIN LATERAL (
            SELECT (SELECT coalesce(sum(e.amount), 0) FROM entries AS e
                     WHERE e.tenant_id = :tenant_id
                       AND e.debit_account_id = a.id
                       AND e.occurred_on >= greatest(CAST({since} AS date), {totalled_before})
                       AND e.occurred_on < {until}) AS debits,
                   (SELECT coalesce(sum(e.amount), 0) FROM entries AS e
                     WHERE e.tenant_id = :tenant_id
                       AND e.credit_account_id = a.id
                       AND e.occurred_on >= greatest(CAST({since} AS date), {totalled_before})
                       AND e.occurred_on < {until}) AS credits) AS o
     WHERE a.tenant_id = :tenant_id
       AND {which}
       AND greatest(CAST({since} AS date), {totalled_before}) < {until}
"""
# The same through what happened in these days: for many accounts, of which few took part. It begins at the first day
# on which anything happened: mostly nothing did after today, and then nothing else of the plan is begun, no parallel
# worker started for it. OFFSET 0 keeps the entries behind their transactions: how many days these are is not known when
# the plan is made, and one for all of the shop's entries would read all of them.
_LIVE_OF_MANY: Final = """SELECT a.id, x.debit, x.credit
      FROM (SELECT l.occurred_on AS day FROM transactions AS l
             WHERE l.tenant_id = :tenant_id
               AND l.occurred_on >= greatest(CAST({since} AS date), {totalled_before})
               AND l.occurred_on < {until}
             ORDER BY l.occurred_on, l.id
             LIMIT 1) AS first
      JOIN transactions AS t
        ON t.tenant_id = :tenant_id
       AND t.occurred_on >= first.day
       AND t.occurred_on >= greatest(CAST({since} AS date), {totalled_before})
       AND t.occurred_on < {until}
     CROSS JOIN LATERAL (
            SELECT i.debit_account_id, i.credit_account_id, i.amount FROM entries AS i
             WHERE i.tenant_id = :tenant_id
               AND i.transaction_id = t.id
            OFFSET 0) AS e
     CROSS JOIN LATERAL (VALUES (e.debit_account_id, e.amount, 0), (e.credit_account_id, 0, e.amount))
           AS x(account_id, debit, credit)
      JOIN accounts AS a
        ON a.tenant_id = :tenant_id
       AND a.id = x.account_id
       AND {which}
"""

# What went to one side of one account before a place in it; `live_from` is the place's day or, if that is earlier,
# the first day not totalled.
_SIDE_BEFORE: Final = """
    (coalesce((SELECT sum(d.{side}s)
                 FROM daily_totals AS d
                WHERE d.tenant_id = :tenant_id
                  AND d.account_id = {account}
                  AND d.day < {live_from}
                  AND NOT EXISTS (SELECT FROM daily_total_marks AS m
                                   WHERE m.tenant_id = :tenant_id
                                     AND m.account_id = {account}
                                     AND m.day = d.day)), 0)
     + coalesce((SELECT sum(e.amount)
                   FROM entries AS e
                  WHERE e.tenant_id = :tenant_id
                    AND e.{side}_account_id = {account}
                    AND e.occurred_on >= {live_from}
                    AND (e.occurred_on, e.transaction_id) < ({day}, {id})), 0)
     + coalesce((SELECT sum(e.amount)
                   FROM (SELECT DISTINCT d.day
                           FROM daily_total_marks AS d
                          WHERE d.tenant_id = :tenant_id
                            AND d.account_id = {account}
                            AND d.day < {live_from}) AS m
                   JOIN entries AS e
                     ON e.tenant_id = :tenant_id
                    AND e.{side}_account_id = {account}
                    AND e.occurred_on = m.day), 0))::bigint
"""


# What an account that caches its sums has, without what came later: a shop asks of last month more often than of its
# first, and of today always.
_CACHED: Final = """
    SELECT a.id AS account_id, a.debits, a.credits
      FROM accounts AS a
     WHERE a.tenant_id = :tenant_id
       AND {which}
     UNION ALL
    SELECT l.account_id, -l.debits, -l.credits
      FROM ({later}) AS l
"""


def moved(which: str, *, since: str = ":since", until: str = ":until") -> str:
    """Return SQL for rows (account_id, debits, credits), several for each of a few accounts, of a range of days.

    Args:
        which: SQL, a condition of accounts AS a.
        since: SQL for the first day.
        until: SQL for the day behind the last.
    """
    return _moved(_LIVE_OF_FEW, which, since, until)


def _moved(live: str, which: str, since: str, until: str) -> str:
    values = {"since": since, "until": until, "totalled_before": TOTALLED_BEFORE, "which": which}
    return _MOVED.format(live=live.format(**values), **values)


def cached_before(which: str, *, until: str = ":until") -> str:
    """Return SQL for rows as `moved` gives them, for accounts that cache their sums, of all days before one."""
    later = _moved(_LIVE_OF_MANY, which, until, f"CAST('{END_OF_TIME}' AS date)")
    return _CACHED.format(which=which, later=later)


def side_before(side: str, *, account: str, day: str, id: str, live_from: str) -> str:
    """Return SQL for the sum of one side, "debit" or "credit", of one account before a place in it."""
    return _SIDE_BEFORE.format(side=side, account=account, day=day, id=id, live_from=live_from)


_BALANCES: Final = text(
    f"""
    SELECT a.id, (sum(m.debits - m.credits) * CASE a.normal_side WHEN 'debit' THEN 1 ELSE -1 END)::bigint AS balance
      FROM ({moved("a.id = ANY (CAST(:ids AS uuid[]))")}) AS m
      JOIN accounts AS a
        ON a.tenant_id = :tenant_id
       AND a.id = m.account_id
     GROUP BY a.id, a.normal_side
    """  # nosec B608 # our own text
)


def balances_before(tenant_id: int, account_ids: Sequence[uuid.UUID], day: dt.date) -> dict[uuid.UUID, int]:
    """Return what stood in accounts when a day began, on their normal side; one without entries may be missing."""
    rows = session_of(tenant_id).execute(
        _BALANCES, {"tenant_id": tenant_id, "ids": list(account_ids), "since": BEGINNING_OF_TIME, "until": day}
    )
    return {row.id: row.balance for row in rows}
