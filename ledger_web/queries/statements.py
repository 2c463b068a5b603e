"""What went through one account: a party's, a drawer's, or any other. One line per transaction, oldest first.

Lines are read through the two indexes of entries, one per side, in their order, so a page costs the same wherever
it stands. Everything on a page comes from one statement and so from one moment: opening + lines = closing.
"""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, text

from ledger_web.models.base import session_of

LINES_MAX: Final = 50
PRINTED_MAX: Final = 2000
EARLIEST: Final = dt.date(2000, 1, 1)  # transactions_day_is_sane
LATEST: Final = dt.date(2200, 1, 1)
_FIRST_ID: Final = uuid.UUID(int=0)
_LAST_ID: Final = uuid.UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands in an account: by business day, then by transaction."""

    day: dt.date
    transaction_id: uuid.UUID

    def __str__(self) -> str:
        return f"{self.day}.{self.transaction_id}"


BEGINNING: Final = Place(EARLIEST, _FIRST_ID)
END: Final = Place(LATEST, _LAST_ID)


@dataclass(frozen=True, slots=True)
class StatementLine:
    """What one transaction did to the account. Amounts are minor units, on the account's normal side."""

    place: Place
    kind: str  # of the transaction
    document_kind: str  # of the transaction that is reversed, if it is a reversal; otherwise the same as `kind`
    document_id: uuid.UUID
    number: str  # of the sale; "" where the document has none
    party: str  # who it was with, where the document says
    category: str  # code of the expense, for a pay-out
    memo: str
    actor: str
    increase: int
    decrease: int
    balance: int  # after it

    @property
    def day(self) -> dt.date:
        return self.place.day


@dataclass(frozen=True, slots=True)
class Statement:
    """A page of an account, and the figures of the whole range of days. Minor units, positive on the normal side.

    Always true: opening + increases - decreases = closing; page_opening + the page's lines = page_closing.
    """

    opening: int
    increases: int
    decreases: int
    page_opening: int
    lines: tuple[StatementLine, ...]
    earlier: Place | None  # the page before ends before this
    later: Place | None  # the page behind begins after this

    @property
    def closing(self) -> int:
        return self.opening + self.increases - self.decreases

    @property
    def page_closing(self) -> int:
        return self.lines[-1].balance if self.lines else self.page_opening


NOTHING: Final = Statement(0, 0, 0, 0, (), None, None)

# Both sides of the account, each through its own index. The day's bounds and the place are said on both, so that
# both scans begin where the page begins.
_SIDES = """
    SELECT e.occurred_on, e.transaction_id, e.amount AS debit, 0::bigint AS credit
      FROM entries AS e
     WHERE e.tenant_id = :tenant_id
       AND e.debit_account_id = :account_id
       AND {condition}
    UNION ALL
    SELECT e.occurred_on, e.transaction_id, 0::bigint, e.amount
      FROM entries AS e
     WHERE e.tenant_id = :tenant_id
       AND e.credit_account_id = :account_id
       AND {condition}
"""
_LATER = "(e.occurred_on, e.transaction_id) > (CAST(:day AS date), CAST(:id AS uuid))"
_EARLIER = "(e.occurred_on, e.transaction_id) < (CAST(:day AS date), CAST(:id AS uuid))"
_IN_RANGE = "e.occurred_on >= :since AND e.occurred_on < :until"

_PAGE = """
WITH account AS (
    SELECT CASE a.normal_side WHEN 'debit' THEN 1 ELSE -1 END AS sign
      FROM accounts AS a
     WHERE a.tenant_id = :tenant_id
       AND a.id = :account_id
), page AS (
    SELECT s.occurred_on, s.transaction_id, sum(s.debit)::bigint AS debits, sum(s.credit)::bigint AS credits
      FROM ({lines}) AS s
     GROUP BY s.occurred_on, s.transaction_id
     ORDER BY s.occurred_on {order}, s.transaction_id {order}
     LIMIT :lines
), sums AS (
    SELECT coalesce(sum(s.debit - s.credit) FILTER (WHERE s.occurred_on < :since), 0)::bigint AS opening,
           coalesce(sum(s.debit - s.credit) FILTER (
               WHERE s.occurred_on < :since
                  OR (s.occurred_on, s.transaction_id) {before} (CAST(:day AS date), CAST(:id AS uuid))
           ), 0)::bigint AS before,
           coalesce(bool_or(s.occurred_on >= :since
               AND (s.occurred_on, s.transaction_id) {before} (CAST(:day AS date), CAST(:id AS uuid))
           ), false) AS is_any_before,
           coalesce(bool_or(s.occurred_on >= :since
               AND NOT (s.occurred_on, s.transaction_id) {before} (CAST(:day AS date), CAST(:id AS uuid))
           ), false) AS is_any_behind,
           coalesce(sum(s.debit) FILTER (WHERE s.occurred_on >= :since), 0)::bigint AS debits,
           coalesce(sum(s.credit) FILTER (WHERE s.occurred_on >= :since), 0)::bigint AS credits
      FROM ({sums}) AS s
)
SELECT a.sign, s.opening, s.before, s.is_any_before, s.is_any_behind,
       s.debits AS debits_all, s.credits AS credits_all,
       p.occurred_on, p.transaction_id, p.debits, p.credits, t.kind, t.memo,
       coalesce(r.kind, t.kind) AS document_kind, coalesce(r.id, t.id) AS document_id,
       coalesce(d.number, '') AS number, coalesce(u.name, '') AS actor,
       coalesce((SELECT min(q.name)
                   FROM payments AS m
                   JOIN parties AS q
                     ON q.tenant_id = :tenant_id
                    AND q.id = m.party_id
                  WHERE m.tenant_id = :tenant_id
                    AND m.transaction_id = coalesce(r.id, t.id)), '') AS party,
       coalesce((SELECT min(x.code)
                   FROM entries AS e
                   JOIN accounts AS x
                     ON x.tenant_id = :tenant_id
                    AND x.id = e.debit_account_id
                    AND x.kind IN ('expense', 'equity')
                  WHERE e.tenant_id = :tenant_id
                    AND e.transaction_id = t.id
                    AND t.kind = 'pay_out'), '') AS category
  FROM account AS a
 CROSS JOIN sums AS s
  LEFT JOIN page AS p
    ON true
  LEFT JOIN transactions AS t
    ON t.tenant_id = :tenant_id
   AND t.id = p.transaction_id
  LEFT JOIN transactions AS r
    ON r.tenant_id = :tenant_id
   AND r.id = t.reverses_id
  LEFT JOIN sales AS d
    ON d.tenant_id = :tenant_id
   AND d.id = coalesce(r.id, t.id)
  LEFT JOIN users AS u
    ON u.tenant_id = :tenant_id
   AND u.id = t.actor_id
 ORDER BY p.occurred_on, p.transaction_id
"""
_FORWARDS = text(
    _PAGE.format(
        lines=_SIDES.format(condition=f"{_LATER} AND {_IN_RANGE}"),
        sums=_SIDES.format(condition="e.occurred_on < :until"),
        order="",
        before="<=",
    )
)
_BACKWARDS = text(
    _PAGE.format(
        lines=_SIDES.format(condition=f"{_EARLIER} AND {_IN_RANGE}"),
        sums=_SIDES.format(condition="e.occurred_on < :until"),
        order="DESC",
        before="<",
    )
)


def get_statement(
    tenant_id: int,
    account_id: uuid.UUID | None,
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
    after: Place | None = None,
    before: Place | None = None,
    lines_max: int = LINES_MAX,
) -> Statement:
    """Return a page of an account: what follows `after`, or what leads up to `before`, or the last page.

    Args:
        account_id: None for an account that was never used.
        since: First day, None for the beginning.
        until: Last day, None for the end.
    """
    if account_id is None:
        return NOTHING
    place = after or before or END
    rows = (
        session_of(tenant_id)
        .execute(
            _FORWARDS if after else _BACKWARDS,
            {
                "tenant_id": tenant_id,
                "account_id": account_id,
                "since": since or EARLIEST,
                "until": min(until, LATEST) + dt.timedelta(days=1) if until else LATEST,
                "day": place.day,
                "id": place.transaction_id,
                "lines": lines_max + 1,
            },
        )
        .all()
    )
    return _made_of(rows, forwards=after is not None, lines_max=lines_max) if rows else NOTHING


def iterate_statement(
    tenant_id: int,
    account_id: uuid.UUID | None,
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
    lines_max: int = 500,
) -> Iterator[Statement]:
    """Return all pages of an account from the first on, each when it is asked for; at least one."""
    place: Place | None = BEGINNING
    while place is not None:
        page = get_statement(tenant_id, account_id, since=since, until=until, after=place, lines_max=lines_max)
        yield page
        place = page.later


def _made_of(rows: Sequence[Row[Any]], *, forwards: bool, lines_max: int) -> Statement:
    """Make a page of rows in the order of days, one more than it shows if there is another page in that direction."""
    first, found = rows[0], [row for row in rows if row.transaction_id is not None]
    has_more = len(found) > lines_max
    shown = (found[:lines_max] if forwards else found[-lines_max:]) if has_more else found
    before = first.sign * first.before
    # Going backwards, what stands before the given place still contains the page itself.
    opening = before if forwards else before - sum(first.sign * (row.debits - row.credits) for row in shown)
    lines = _lines(shown, opening)
    increases, decreases = _sides(first.sign, first.debits_all, first.credits_all)
    has_earlier, has_later = (first.is_any_before, has_more) if forwards else (has_more, first.is_any_behind)
    return Statement(
        opening=first.sign * first.opening,
        increases=increases,
        decreases=decreases,
        page_opening=opening,
        lines=lines,
        earlier=(lines[0].place if lines else END) if has_earlier else None,
        later=(lines[-1].place if lines else BEGINNING) if has_later else None,
    )


def _lines(rows: Sequence[Row[Any]], opening: int) -> tuple[StatementLine, ...]:
    lines, balance = [], opening
    for row in rows:
        increase, decrease = _sides(row.sign, row.debits, row.credits)
        balance += increase - decrease
        lines.append(
            StatementLine(
                place=Place(row.occurred_on, row.transaction_id),
                kind=row.kind,
                document_kind=row.document_kind,
                document_id=row.document_id,
                number=row.number,
                party=row.party,
                category=row.category,
                memo=row.memo,
                actor=row.actor,
                increase=increase,
                decrease=decrease,
                balance=balance,
            )
        )
    return tuple(lines)


def _sides(sign: int, debits: int, credits: int) -> tuple[int, int]:
    """Return what makes the balance larger and what makes it smaller."""
    return (debits, credits) if sign > 0 else (credits, debits)
