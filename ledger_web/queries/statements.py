"""What went through one account: a party's, a drawer's, or any other. One line per transaction, oldest first.

Lines are read through the two indexes of entries, one per side, in their order, and what stood before them from daily
totals, so a page costs the same wherever it stands. Everything on a page comes from one statement and so from one
moment: opening + lines = closing.
"""

import datetime as dt
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, TextClause, text

from ledger_web.domain.expenses import purpose_of
from ledger_web.domain.ids import parse_id
from ledger_web.domain.transactions import title_of
from ledger_web.models.base import session_of
from ledger_web.queries.balances import TOTALLED_BEFORE, side_before

LINES_MAX: Final = 50
PRINTED_MAX: Final = 2000
EARLIEST: Final = dt.date(2000, 1, 1)  # transactions_day_is_sane
LATEST: Final = dt.date(2200, 1, 2)  # one day later
DAY: Final = dt.timedelta(days=1)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_ID: Final = uuid.UUID(int=0)
_LAST_ID: Final = uuid.UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a line stands in an account: by business day, then by transaction."""

    day: dt.date
    transaction_id: uuid.UUID

    @property
    def next(self) -> "Place":
        """The place right behind: nothing stands between the two."""
        return Place(self.day, uuid.UUID(int=min(self.transaction_id.int + 1, _LAST_ID.int)))

    def __str__(self) -> str:
        return f"{self.day}.{self.transaction_id}"


def place_of(text: str) -> Place | None:
    """Read a place as `str` writes it; anything else is None."""
    day, _, id = text.partition(".")
    transaction_id = parse_id(id)
    if transaction_id is None or not _DAY.fullmatch(day):
        return None
    try:
        return Place(dt.date.fromisoformat(day), transaction_id)
    except ValueError:
        return None


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

    @property
    def title(self) -> str:
        """What it was, in the words of the shop: "Sale A-000012", "Payment", "Sale A-000012 deleted"."""
        title = title_of(self.kind, self.document_kind, self.number)
        return f"{title}: {purpose_of(self.category)}" if self.category else title


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

# The page: the first or last lines of each side, and of these the first or last together. Each side is grouped in the
# order of its index, so that both scans stop after a page.
_SIDE = """(
    SELECT e.occurred_on, e.transaction_id, {amounts}
      FROM entries AS e
     WHERE e.tenant_id = :tenant_id
       AND e.{side}_account_id = :account_id
       AND (e.occurred_on, e.transaction_id) {beyond} (CAST(:day AS date), CAST(:id AS uuid))
       AND e.occurred_on >= :since
       AND e.occurred_on < :until
     GROUP BY e.occurred_on, e.transaction_id
     ORDER BY e.occurred_on {order}, e.transaction_id {order}
     LIMIT :lines
)"""

_BOUND: Final = {"account": ":account_id", "day": "b.day", "id": "b.id", "live_from": "b.live_from"}
_PAGE = """
WITH account AS (
    SELECT CASE a.normal_side WHEN 'debit' THEN 1 ELSE -1 END AS sign, {totalled_before} AS totalled_before
      FROM accounts AS a
     WHERE a.tenant_id = :tenant_id
       AND a.id = :account_id
), bounds AS (
    SELECT v.name, v.day, v.id, least(v.day, a.totalled_before) AS live_from
      FROM account AS a
     CROSS JOIN (VALUES ('opening', CAST(:since AS date), CAST(:first_id AS uuid)),
                        ('page', CAST(:day AS date), CAST(:id AS uuid)),
                        ('closing', CAST(:until AS date), CAST(:first_id AS uuid))) AS v(name, day, id)
), sums AS MATERIALIZED (
    SELECT b.name, {debits} AS debits, {credits} AS credits
      FROM bounds AS b
), page AS (
    SELECT s.occurred_on, s.transaction_id, sum(s.debit)::bigint AS debits, sum(s.credit)::bigint AS credits
      FROM ({debit_side} UNION ALL {credit_side}) AS s
     GROUP BY s.occurred_on, s.transaction_id
     ORDER BY s.occurred_on {order}, s.transaction_id {order}
     LIMIT :lines
)
SELECT a.sign, opening.debits AS opening_debits, opening.credits AS opening_credits,
       place.debits AS place_debits, place.credits AS place_credits,
       closing.debits AS closing_debits, closing.credits AS closing_credits,
       p.occurred_on, p.transaction_id, p.debits, p.credits, t.kind, t.memo,
       coalesce(r.kind, t.kind) AS document_kind, coalesce(r.id, t.id) AS document_id,
       coalesce(d.number, b.number, '') AS number, coalesce(u.name, '') AS actor,
       coalesce((SELECT min(q.name)
                   FROM payments AS m
                   JOIN parties AS q
                     ON q.tenant_id = :tenant_id
                    AND q.id = m.party_id
                  WHERE m.tenant_id = :tenant_id
                    AND m.transaction_id = CASE WHEN r.id IS NULL THEN t.id ELSE r.id END), '') AS party,
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
  JOIN sums AS opening
    ON opening.name = 'opening'
  JOIN sums AS place
    ON place.name = 'page'
  JOIN sums AS closing
    ON closing.name = 'closing'
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
   AND d.id = CASE WHEN r.id IS NULL THEN t.id ELSE r.id END
  LEFT JOIN purchases AS b
    ON b.tenant_id = :tenant_id
   AND b.id = CASE WHEN r.id IS NULL THEN t.id ELSE r.id END
  LEFT JOIN users AS u
    ON u.tenant_id = :tenant_id
   AND u.id = t.actor_id
 ORDER BY p.occurred_on, p.transaction_id
"""


def _page(*, beyond: str, order: str) -> TextClause:
    return text(
        _PAGE.format(
            totalled_before=TOTALLED_BEFORE,
            debits=side_before("debit", **_BOUND),
            credits=side_before("credit", **_BOUND),
            debit_side=_SIDE.format(
                side="debit", amounts="sum(e.amount) AS debit, 0 AS credit", beyond=beyond, order=order
            ),
            credit_side=_SIDE.format(side="credit", amounts="0, sum(e.amount)", beyond=beyond, order=order),
            order=order,
        )
    )


_FORWARDS: Final = _page(beyond=">=", order="ASC")
_BACKWARDS: Final = _page(beyond="<", order="DESC")


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
    first, end = _range(since, until)
    place = after.next if after else before or END
    place = min(max(place, Place(first, _FIRST_ID)), Place(end, _FIRST_ID))
    rows = (
        session_of(tenant_id)
        .execute(
            _FORWARDS if after else _BACKWARDS,
            {
                "tenant_id": tenant_id,
                "account_id": account_id,
                "since": first,
                "until": end,
                "day": place.day,
                "id": place.transaction_id,
                "first_id": _FIRST_ID,
                "lines": lines_max + 1,
            },
        )
        .all()
        if account_id
        else []
    )
    return _made_of(rows, forwards=after is not None, lines_max=lines_max) if rows else NOTHING


def _range(since: dt.date | None, until: dt.date | None) -> tuple[dt.date, dt.date]:
    """Return the first day and the day behind the last; an empty range where the last comes before the first."""
    first = max(since or EARLIEST, EARLIEST)
    end = min(until, LATEST - DAY) + DAY if until else LATEST
    return min(first, LATEST), max(first, end)


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
    before = first.sign * (first.place_debits - first.place_credits)
    # Going backwards, what stands before the given place still contains the page itself.
    opening = before if forwards else before - sum(first.sign * (row.debits - row.credits) for row in shown)
    lines = _lines(shown, opening)
    increases, decreases = _sides(
        first.sign, first.closing_debits - first.opening_debits, first.closing_credits - first.opening_credits
    )
    # Every entry adds to one of the sums, so sums that are equal have no entry between them.
    is_any_before = (first.place_debits, first.place_credits) != (first.opening_debits, first.opening_credits)
    is_any_behind = (first.place_debits, first.place_credits) != (first.closing_debits, first.closing_credits)
    has_earlier, has_later = (is_any_before, has_more) if forwards else (has_more, is_any_behind)
    return Statement(
        opening=first.sign * (first.opening_debits - first.opening_credits),
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
