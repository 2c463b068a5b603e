"""What moved each account on each day, added up: days that became due, and account-days that were marked since.

Whoever posts on a settled day leaves marks in the same transaction (`posting.insert_entries`). After the commit one
drain adds up each marked account-day once, however many rows marked it, and removes exactly the marks it saw; what it
leaves, for whatever reason, the next one takes. Readers take marked days from their entries, so nothing waits for this.

Nothing is missed. A day is totalled an hour after it was settled: longer than any transaction may live, so whoever
posts on it without a mark has committed. Totals of a shop are written under a lock on its row, which no posting waits
for, so a mark is never removed while an older look at its entries is still to be stored. Source: design §5.2.
"""

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import TracebackType
from typing import Any, Final, Protocol, Self

from sqlalchemy import CursorResult
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from ledger_web.services.posting import settled_before

# Longer than any transaction may live: its statements may take seconds and its pauses ten. Source: design §5.2.
REST: Final = timedelta(hours=1)
DAYS_MAX: Final = 31  # totalled in one step
ACCOUNT_DAYS_MAX: Final = 2000  # drained in one step
ATTEMPTS_MAX: Final = 5  # then an account-day is left alone until somebody asks for it; product spec 10
STATEMENT_SECONDS_MAX: Final = 60  # a month of a large shop may take longer than a page may

# The first day not totalled, as far as this process knows: it only ever grows, so an old answer asks once too often.
_known: dict[int, date] = {}

log = logging.getLogger(__name__)


class Act(Protocol):
    """What totalling needs of a unit of work."""

    tenant_id: int

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    @property
    def session(self) -> Session: ...
    def execute(self, sql: str, values: Mapping[str, object] | None = None) -> CursorResult[Any]: ...


@dataclass(frozen=True, slots=True)
class AccountDay:
    """One account on one day, and the marks that ask for its total."""

    account_id: uuid.UUID
    day: date
    marks: tuple[uuid.UUID, ...]
    attempts: int  # that failed


@dataclass(frozen=True, slots=True)
class Drained:
    """What a drain did: account-days added up, marks removed, account-days that could not be added up."""

    account_days: int = 0
    marks: int = 0
    failed: int = 0

    def __add__(self, other: "Drained") -> "Drained":
        return Drained(self.account_days + other.account_days, self.marks + other.marks, self.failed + other.failed)


def catch_up(act: Act, *, posted_at: datetime, has_marks: bool) -> None:
    """After a commit: total one step of what is due, and drain.

    What was committed is committed, so whatever goes wrong here is only written down: the next one takes it up.
    """
    try:
        if _known.get(act.tenant_id, date.min) < due_before(posted_at):
            total_days(act)
        if has_marks:
            drain(act)
    except SQLAlchemyError:
        log.exception("daily totals of shop %s are left for the next time", act.tenant_id)


def due_before(moment: datetime) -> date:
    """Return the first day that is not due at a moment."""
    return settled_before(moment - REST)


def total_days(act: Act) -> bool:
    """Total the next days that are due, at most DAYS_MAX, in one statement; say whether none is left."""
    with act:
        totalled_before, now = _lock(act)
        due = due_before(now)
        until = totalled_before
        if totalled_before < due:
            first = _first_day(act, totalled_before, due)
            until = min(due, first + timedelta(days=DAYS_MAX)) if first else due
            if first:
                _total_or_mark(act, first, until)
            act.execute(
                "UPDATE tenants SET totalled_before = %(until)s WHERE tenant_id = %(tenant_id)s", {"until": until}
            )
    _known[act.tenant_id] = until
    return until >= due


def drain(act: Act, *, again: bool = False) -> Drained:
    """Add up each marked account-day once and remove the marks seen, step by step until none is left.

    Args:
        again: Also what failed a short while ago, or too often.
    """
    done = Drained()
    after: tuple[uuid.UUID, date] | None = None
    while True:
        with act:
            totalled_before, _ = _lock(act)
            seen = _see_marks(act, after, again=again)
            failed = _add_up_what_can_be(act, [each for each in seen if each.day < totalled_before])
            _remove(act, [each for each in seen if each not in failed])
        done += Drained(
            sum(each.day < totalled_before for each in seen) - len(failed),
            sum(len(each.marks) for each in seen if each not in failed),
            len(failed),
        )
        if len(seen) < ACCOUNT_DAYS_MAX:
            return done
        after = (seen[-1].account_id, seen[-1].day)


def _lock(act: Act) -> tuple[date, datetime]:
    """Keep other totalling of the shop away; return the first day not totalled, and when this transaction began.

    FOR NO KEY UPDATE, which the foreign keys of postings do not wait for.
    """
    act.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS_MAX}s'")
    row = act.execute(
        "SELECT totalled_before, now() AS now FROM tenants WHERE tenant_id = %(tenant_id)s FOR NO KEY UPDATE"
    ).one()
    return row.totalled_before, row.now


def _first_day(act: Act, since: date, until: date) -> date | None:
    first: date | None = act.execute(
        """
        SELECT min(occurred_on) FROM transactions
         WHERE tenant_id = %(tenant_id)s AND occurred_on >= %(since)s AND occurred_on < %(until)s
        """,
        {"since": since, "until": until},
    ).scalar()
    return first


def _total_or_mark(act: Act, since: date, until: date) -> None:
    """Total these days; where one account-day spoils it, mark them all, so that the drain takes them one by one."""
    try:
        with act.session.begin_nested():
            _total(act, since, until)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        log.warning("days from %s of shop %s are totalled one by one: %s", since, act.tenant_id, error.orig)
        _mark(act, since, until)


def _total(act: Act, since: date, until: date) -> None:
    act.execute(
        """
        INSERT INTO daily_totals AS d (tenant_id, account_id, day, debits, credits, entries)
        SELECT s.tenant_id, s.account_id, s.day, sum(s.debit)::bigint, sum(s.credit)::bigint, count(*)
          FROM (SELECT t.tenant_id, x.account_id, t.occurred_on AS day, x.debit, x.credit
                  FROM transactions AS t
                  JOIN entries AS e ON e.tenant_id = %(tenant_id)s AND e.transaction_id = t.id
                 CROSS JOIN LATERAL (VALUES (e.debit_account_id, e.amount, 0), (e.credit_account_id, 0, e.amount))
                       AS x(account_id, debit, credit)
                 WHERE t.tenant_id = %(tenant_id)s AND t.occurred_on >= %(since)s AND t.occurred_on < %(until)s) AS s
         GROUP BY s.tenant_id, s.account_id, s.day
        ON CONFLICT (tenant_id, account_id, day)
        DO UPDATE SET debits = excluded.debits, credits = excluded.credits, entries = excluded.entries
        """,
        {"since": since, "until": until},
    )


def _mark(act: Act, since: date, until: date) -> None:
    """Mark every account-day. Its id is made from them, so that marking twice is marking once."""
    act.execute(
        """
        INSERT INTO daily_total_marks AS m (tenant_id, account_id, day, id)
        SELECT t.tenant_id, x.account_id, t.occurred_on, md5(x.account_id::text || t.occurred_on)::uuid
          FROM transactions AS t
          JOIN entries AS e ON e.tenant_id = %(tenant_id)s AND e.transaction_id = t.id
         CROSS JOIN LATERAL (VALUES (e.debit_account_id), (e.credit_account_id)) AS x(account_id)
         WHERE t.tenant_id = %(tenant_id)s AND t.occurred_on >= %(since)s AND t.occurred_on < %(until)s
         GROUP BY t.tenant_id, x.account_id, t.occurred_on
        ON CONFLICT (tenant_id, account_id, day, id) DO NOTHING
        """,
        {"since": since, "until": until},
    )


def _see_marks(act: Act, after: tuple[uuid.UUID, date] | None, *, again: bool) -> list[AccountDay]:
    """Return the next marked account-days that are to be tried now, by account and day."""
    account_id, day = after or (uuid.UUID(int=0), date.min)
    rows = act.execute(
        """
        SELECT m.account_id, m.day, array_agg(m.id) AS marks, coalesce(max(f.attempts), 0) AS attempts
          FROM daily_total_marks AS m
          LEFT JOIN daily_total_failures AS f
            ON f.tenant_id = %(tenant_id)s AND f.account_id = m.account_id AND f.day = m.day
         WHERE m.tenant_id = %(tenant_id)s
           AND (m.account_id, m.day) > (%(account_id)s, %(day)s)
           AND (f.attempts IS NULL OR %(again)s OR f.attempts < %(attempts_max)s AND f.retry_at <= now())
         GROUP BY m.account_id, m.day
         ORDER BY m.account_id, m.day
         LIMIT %(limit)s
        """,
        {
            "account_id": account_id,
            "day": day,
            "again": again,
            "attempts_max": ATTEMPTS_MAX,
            "limit": ACCOUNT_DAYS_MAX,
        },
    )
    return [AccountDay(row.account_id, row.day, tuple(row.marks), row.attempts) for row in rows]


def _add_up_what_can_be(act: Act, account_days: Sequence[AccountDay]) -> list[AccountDay]:
    """Add up all together; where one spoils it, each by itself. Return those that could not be."""
    if not account_days:
        return []
    try:
        with act.session.begin_nested():
            add_up(act, account_days)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return [each for each in account_days if not _could_be_added_up(act, each)]
    return []


def _could_be_added_up(act: Act, one: AccountDay) -> bool:
    try:
        with act.session.begin_nested():
            add_up(act, [one])
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        log.warning(
            "account %s of shop %s cannot be totalled on %s: %s", one.account_id, act.tenant_id, one.day, error.orig
        )
        _write_failure_down(act, one, str(error.orig).partition("\n")[0])
        return False
    return True


def add_up(act: Act, account_days: Sequence[AccountDay]) -> None:
    """Write the totals of these account-days, from their entries as they are in this statement's snapshot."""
    act.execute(
        """
        INSERT INTO daily_totals AS d (tenant_id, account_id, day, debits, credits, entries)
        SELECT s.tenant_id, n.account_id, n.day, i.amount::bigint, o.amount::bigint, i.entries + o.entries
          FROM tenants AS s
         CROSS JOIN unnest(%(accounts)s::uuid[], %(days)s::date[]) AS n(account_id, day)
         CROSS JOIN LATERAL (
                SELECT coalesce(sum(e.amount), 0) AS amount, count(*) AS entries FROM entries AS e
                 WHERE e.tenant_id = %(tenant_id)s AND e.debit_account_id = n.account_id
                   AND e.occurred_on = n.day) AS i
         CROSS JOIN LATERAL (
                SELECT coalesce(sum(e.amount), 0) AS amount, count(*) AS entries FROM entries AS e
                 WHERE e.tenant_id = %(tenant_id)s AND e.credit_account_id = n.account_id
                   AND e.occurred_on = n.day) AS o
         WHERE s.tenant_id = %(tenant_id)s
        ON CONFLICT (tenant_id, account_id, day)
        DO UPDATE SET debits = excluded.debits, credits = excluded.credits, entries = excluded.entries
        """,
        {"accounts": [each.account_id for each in account_days], "days": [each.day for each in account_days]},
    )


def _write_failure_down(act: Act, one: AccountDay, reason: str) -> None:
    """Count the failure; the next attempt is after 1, 4, 16, 64 minutes."""
    act.execute(
        """
        INSERT INTO daily_total_failures AS f (tenant_id, account_id, day, attempts, reason, failed_at, retry_at)
        VALUES (%(tenant_id)s, %(account_id)s, %(day)s, 1, %(reason)s, now(), now() + interval '1 minute')
        ON CONFLICT (tenant_id, account_id, day)
        DO UPDATE SET attempts = f.attempts + 1, reason = excluded.reason, failed_at = excluded.failed_at,
                      retry_at = excluded.failed_at + interval '1 minute' * 4 ^ least(f.attempts, 8)
        """,
        {"account_id": one.account_id, "day": one.day, "reason": reason},
    )


def _remove(act: Act, account_days: Sequence[AccountDay]) -> None:
    """Remove the marks that were seen, none that came since; and the failures that are over."""
    marks = [(each.account_id, each.day, id) for each in account_days for id in each.marks]
    if marks:
        act.execute(
            """
            DELETE FROM daily_total_marks AS m
             USING unnest(%(accounts)s::uuid[], %(days)s::date[], %(ids)s::uuid[]) AS n(account_id, day, id)
             WHERE m.tenant_id = %(tenant_id)s AND m.account_id = n.account_id AND m.day = n.day AND m.id = n.id
            """,
            {
                "accounts": [account for account, _, _ in marks],
                "days": [day for _, day, _ in marks],
                "ids": [id for _, _, id in marks],
            },
        )
    over = [each for each in account_days if each.attempts]
    if over:
        act.execute(
            """
            DELETE FROM daily_total_failures AS f
             USING unnest(%(accounts)s::uuid[], %(days)s::date[]) AS n(account_id, day)
             WHERE f.tenant_id = %(tenant_id)s AND f.account_id = n.account_id AND f.day = n.day
            """,
            {"accounts": [each.account_id for each in over], "days": [each.day for each in over]},
        )
