"""Transactions and entries in, balances moved: the only SQL that changes a balance. Used through the unit of work."""

import functools
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import CursorResult

from ledger_web.domain.errors import (
    AccountClosedError,
    CreditLimitExceededError,
    DrawerNotOpenError,
    DrawerNotYoursError,
    InsufficientFundsError,
    InvariantBrokenError,
    LedgerError,
    NotFoundError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import AccountKey, Entry, Run, runs
from ledger_web.domain.search_words import words
from ledger_web.models.scope import scope

_ACCOUNT_IDS = uuid.UUID("6f5b0b0e-6a0f-5d8e-9d0e-6c6564676572")
NEVER_BELOW_ZERO = frozenset({"cash", "store_credit"})
NO_SUCH_HOLDER = "The person or the cash drawer this is for is not in this shop. Choose again."


class Act(Protocol):
    """What posting needs of a unit of work."""

    tenant_id: int
    actor_id: uuid.UUID | None
    posted_at: datetime | None  # when this act began, by the database's clock; known once a header is written
    has_left_marks: bool
    is_optimistic: bool  # see UnitOfWork

    @property
    def transaction_id(self) -> uuid.UUID: ...
    @property
    def occurred_on(self) -> date: ...
    def execute(self, sql: str, values: Mapping[str, object] | None = None) -> CursorResult[Any]: ...
    def send(self, sql: str, values: Mapping[str, object] | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Header:
    """What is written down of a transaction beside its entries."""

    id: uuid.UUID
    kind: str
    occurred_on: date | None  # None: today in the shop's time zone, by the database's clock
    fingerprint: bytes
    actor_id: uuid.UUID | None = None
    memo: str = ""
    reverses_id: uuid.UUID | None = None
    reverses_on: date | None = None  # the business day of what is reversed
    overrides_lock: bool = False  # posted into a locked period, by somebody who may


@dataclass(frozen=True, slots=True)
class Limits:
    """How far an account may go, and where it stands: true while it is locked."""

    id: uuid.UUID
    holder: str
    currency: str
    balance: int  # minor units, as `floor` and `ceiling`
    floor: int | None
    ceiling: int | None
    closed_at: datetime | None
    is_shut: bool  # cash of a drawer whose shift is not open, or was opened after this act began

    def refusal(self, change: int, balance: int) -> LedgerError | None:
        """Say why the account refuses to be moved by `change` when it stands at `balance`; None if it does not."""
        if self.closed_at is not None:
            return AccountClosedError(self.holder)
        if change < 0 and self.floor is not None and balance + change < self.floor:
            return InsufficientFundsError(self.holder, balance - self.floor, -change, self.currency)
        if change > 0 and self.ceiling is not None and balance + change > self.ceiling:
            return CreditLimitExceededError(self.holder, self.ceiling - balance, change, self.currency)
        return None


@functools.lru_cache(maxsize=16_384)
def account_id(tenant_id: int, key: AccountKey) -> uuid.UUID:
    """Return the id of an account: a pure function of what it is for.

    So two tills that open the same account at once open one, and posting needs no look-up by name.
    """
    return uuid.uuid5(_ACCOUNT_IDS, f"{tenant_id}/{key}")


def insert_headers(act: Act, headers: Iterable[Header]) -> dict[uuid.UUID, date]:
    """Write headers; return the business day of each, without those whose id is in the books already or whose day
    is closed: before the shop's time, more than a day ahead, or locked.

    Blocks while another act with one of the ids is under way, so that exactly one of them posts. From here to the
    commit the lock date stays as it is: the default of `transactions.locked_until` holds the shop's row.
    """
    # In id order, so that two acts with the same ids cannot wait for each other.
    headers = sorted(headers, key=lambda header: header.id)
    rows = act.execute(
        """
        INSERT INTO transactions AS t
               (tenant_id, id, kind, occurred_on, posted_at, actor_id, fingerprint, reverses_id, reverses_on, memo,
                overrides_lock)
        SELECT s.tenant_id, n.id, n.kind, coalesce(n.occurred_on, s.today), now(), n.actor_id, n.fingerprint,
               n.reverses_id, n.reverses_on, n.memo, n.overrides_lock
          FROM (SELECT tenant_id, locked_until, business_day(now(), time_zone, day_starts_at) AS today
                  FROM tenants
                 WHERE tenant_id = %(tenant_id)s AND suspended_at IS NULL) AS s
         CROSS JOIN unnest(%(ids)s::uuid[], %(kinds)s::text[], %(days)s::date[], %(actors)s::uuid[],
                           %(fingerprints)s::bytea[], %(reverses)s::uuid[], %(reversed_days)s::date[],
                           %(memos)s::text[], %(overrides)s::boolean[])
               AS n(id, kind, occurred_on, actor_id, fingerprint, reverses_id, reverses_on, memo, overrides_lock)
         WHERE coalesce(n.occurred_on, s.today) BETWEEN '2000-01-01' AND s.today + 1
           AND (s.locked_until IS NULL OR n.overrides_lock
                OR least(coalesce(n.occurred_on, s.today), n.reverses_on) > s.locked_until)
        ON CONFLICT (tenant_id, id) DO NOTHING
        RETURNING t.id, t.occurred_on, t.posted_at
        """,
        {
            "ids": [header.id for header in headers],
            "kinds": [header.kind for header in headers],
            "days": [header.occurred_on for header in headers],
            "actors": [header.actor_id for header in headers],
            "fingerprints": [header.fingerprint for header in headers],
            "reverses": [header.reverses_id for header in headers],
            "reversed_days": [header.reverses_on for header in headers],
            "memos": [header.memo for header in headers],
            "overrides": [header.overrides_lock for header in headers],
        },
    ).all()
    days = {row.id: row.occurred_on for row in rows}
    act.posted_at = rows[0].posted_at if rows else act.posted_at
    _insert_words(act, [(header.id, word) for header in headers if header.id in days for word in words(header.memo)])
    return days


def _insert_words(act: Act, found: Sequence[tuple[uuid.UUID, str]]) -> None:
    if not found:
        return
    act.execute(
        """
        INSERT INTO transaction_words AS w (tenant_id, word, transaction_id)
        SELECT s.tenant_id, n.word, n.transaction_id
          FROM tenants AS s
         CROSS JOIN unnest(%(words)s::text[], %(ids)s::uuid[]) AS n(word, transaction_id)
         WHERE s.tenant_id = %(tenant_id)s
        ON CONFLICT (tenant_id, word, transaction_id) DO NOTHING
        """,
        {"ids": [id for id, _ in found], "words": [word for _, word in found]},
    )


def find_fingerprints(act: Act, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, bytes]:
    """Return the fingerprints of those transactions that are in the books."""
    rows = act.execute(
        "SELECT id, fingerprint FROM transactions WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)",
        {"ids": list(ids)},
    )
    return {row.id: bytes(row.fingerprint) for row in rows}


def post_entries(
    act: Act,
    entries: Sequence[Entry],
    *,
    of: uuid.UUID | None = None,
    first_line: int = 1,
    in_open_shift: bool = False,
) -> None:
    """Insert entries, then move each cached account they name once. See UnitOfWork.post."""
    if not entries:
        return
    must_be_in_reach(key.drawer_id for entry in entries for key in (entry.debit, entry.credit))
    id = of or act.transaction_id
    lines = [(id, line, entry) for line, entry in enumerate(entries, start=first_line)]
    write(act, lines, {id: act.occurred_on}, runs([entries]), in_open_shift=in_open_shift)


def must_be_in_reach(drawer_ids: Iterable[uuid.UUID | None]) -> None:
    """Refuse drawers that the role of whoever acts does not reach.

    Raises:
        DrawerNotYoursError: One of them.
    """
    if not scope.get().covers(drawer_ids):
        raise DrawerNotYoursError


def open_accounts(act: Act, keys: Iterable[AccountKey]) -> None:
    """Make sure that the accounts exist, with the floor that cash and store credit have for ever.

    Raises:
        NotFoundError: The party or the drawer of one of them is not this shop's.
    """
    if open_what_can_be(act, keys):
        raise NotFoundError(NO_SUCH_HOLDER)


def open_what_can_be(act: Act, keys: Iterable[AccountKey]) -> set[AccountKey]:
    """Open the accounts that are not there yet; return those that have no holder in this shop."""
    wanted = {account_id(act.tenant_id, key): key for key in keys}
    there = act.execute(
        "SELECT id FROM accounts WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)", {"ids": list(wanted)}
    ).scalars()
    missing = wanted.keys() - set(there)
    if not missing:
        return set()
    homeless = _homeless(act, [wanted[id] for id in missing])
    to_open = {id: wanted[id] for id in sorted(missing) if wanted[id] not in homeless}
    if to_open:
        _insert_accounts(act, to_open)
    return homeless


def _homeless(act: Act, keys: Collection[AccountKey]) -> set[AccountKey]:
    holders = act.execute(
        """
        SELECT id FROM parties WHERE tenant_id = %(tenant_id)s AND id = ANY(%(parties)s::uuid[])
         UNION ALL
        SELECT id FROM cash_drawers WHERE tenant_id = %(tenant_id)s AND id = ANY(%(drawers)s::uuid[])
        """,
        {
            "parties": [key.party_id for key in keys if key.party_id],
            "drawers": [key.drawer_id for key in keys if key.drawer_id],
        },
    )
    there = {None, *holders.scalars()}
    return {key for key in keys if key.party_id not in there or key.drawer_id not in there}


def _insert_accounts(act: Act, wanted: Mapping[uuid.UUID, AccountKey]) -> None:
    """Whatever key of the table says first that somebody else opened one meanwhile: it names no key."""
    keys = list(wanted.values())
    act.execute(
        """
        INSERT INTO accounts AS a
               (tenant_id, id, kind, party_id, drawer_id, code, currency, normal_side, cached, floor, created_at,
                shift_opened_at)
        SELECT s.tenant_id, n.id, n.kind, n.party_id, n.drawer_id, n.code, n.currency, n.normal_side, n.cached,
               n.floor, now(),
               (SELECT f.opened_at FROM shifts AS f
                 WHERE f.tenant_id = %(tenant_id)s AND f.drawer_id = n.drawer_id AND f.closed_at IS NULL)
          FROM tenants AS s
         CROSS JOIN unnest(%(ids)s::uuid[], %(kinds)s::text[], %(parties)s::uuid[], %(drawers)s::uuid[],
                           %(codes)s::text[], %(currencies)s::text[], %(sides)s::text[], %(cached)s::boolean[],
                           %(floors)s::bigint[])
               AS n(id, kind, party_id, drawer_id, code, currency, normal_side, cached, floor)
         WHERE s.tenant_id = %(tenant_id)s
        ON CONFLICT DO NOTHING
        """,
        {
            "ids": list(wanted),
            "kinds": [key.kind for key in keys],
            "parties": [key.party_id for key in keys],
            "drawers": [key.drawer_id for key in keys],
            "codes": [key.code for key in keys],
            "currencies": [key.currency for key in keys],
            "sides": [key.normal_side for key in keys],
            "cached": [key.cached for key in keys],
            "floors": [0 if key.kind in NEVER_BELOW_ZERO else None for key in keys],
        },
    )


def write(
    act: Act,
    lines: Sequence[tuple[uuid.UUID, int, Entry]],
    days: Mapping[uuid.UUID, date],
    moved: Mapping[AccountKey, Run],
    *,
    in_open_shift: bool = False,
) -> None:
    """Move the cached balances, then insert the entries, of one or many transactions, in as many statements for all.

    In this order, because the foreign keys of an entry lock its accounts for sharing: 32 tills that sell from one
    drawer would each put itself on a list of sharers first, and whoever moves the balance would look through it.

    Args:
        lines: (transaction, line, entry); each transaction's header stands already.
        days: The business day of each transaction.
        moved: What the entries do to each account.

    Raises:
        NotFoundError: An account's party or drawer is not this shop's.
    """
    if not act.is_optimistic:  # nearly always they are there
        open_accounts(act, moved)
    move_balances(act, moved, in_open_shift=in_open_shift)
    insert_entries(act, lines, days)


def insert_entries(act: Act, lines: Sequence[tuple[uuid.UUID, int, Entry]], days: Mapping[uuid.UUID, date]) -> None:
    """Insert entries in one statement, however many; it goes with what commits. Their accounts are there."""
    tenant_id = act.tenant_id
    act.send(
        """
        INSERT INTO entries AS e
               (tenant_id, transaction_id, line, debit_account_id, credit_account_id, currency, amount, occurred_on)
        SELECT s.tenant_id, n.transaction_id, n.line, n.debit, n.credit, n.currency, n.amount, n.occurred_on
          FROM tenants AS s
         CROSS JOIN unnest(%(transactions)s::uuid[], %(lines)s::integer[], %(debits)s::uuid[], %(credits)s::uuid[],
                           %(currencies)s::text[], %(amounts)s::bigint[], %(days)s::date[])
               AS n(transaction_id, line, debit, credit, currency, amount, occurred_on)
         WHERE s.tenant_id = %(tenant_id)s
        """,
        {
            "transactions": [id for id, _, _ in lines],
            "lines": [line for _, line, _ in lines],
            "debits": [account_id(tenant_id, entry.debit) for _, _, entry in lines],
            "credits": [account_id(tenant_id, entry.credit) for _, _, entry in lines],
            "currencies": [entry.currency for _, _, entry in lines],
            "amounts": [entry.amount for _, _, entry in lines],
            "days": [days[id] for id, _, _ in lines],
        },
    )
    _leave_marks(act, lines, days)


def settled_before(moment: datetime) -> date:
    """Return the first day that is not settled at a moment: the days before it are over on every till of every shop.

    By UTC, so that a change of a shop's time zone moves nothing. A settled day may be totalled at any time, so what
    is still posted on it leaves marks.
    """
    return moment.astimezone(UTC).date() - timedelta(days=2)


def _leave_marks(act: Act, lines: Sequence[tuple[uuid.UUID, int, Entry]], days: Mapping[uuid.UUID, date]) -> None:
    """Mark the account-days that have to be totalled again, each once. What is posted today costs nothing here."""
    settled = date.max if act.posted_at is None else settled_before(act.posted_at)
    late = {id: day for id, day in days.items() if day < settled}
    if not late:
        return
    marked = {
        (account_id(act.tenant_id, key), late[id])
        for id, _, entry in lines
        if id in late
        for key in (entry.debit, entry.credit)
    }
    act.send(
        """
        INSERT INTO daily_total_marks AS m (tenant_id, account_id, day, id)
        SELECT s.tenant_id, n.account_id, n.day, n.id
          FROM tenants AS s
         CROSS JOIN unnest(%(accounts)s::uuid[], %(days)s::date[], %(ids)s::uuid[]) AS n(account_id, day, id)
         WHERE s.tenant_id = %(tenant_id)s
        """,
        {
            "accounts": [account for account, _ in marked],
            "days": [day for _, day in marked],
            "ids": [new_id() for _ in marked],
        },
    )
    act.has_left_marks = True


# Lock, then look and add, in one statement: guards and sums take the rows as they were locked. The rows of the
# UPDATE itself are those from before the wait: money that came in meanwhile would not count, and a CHECK would be
# asked of a sum that never was.
# In id order, so that two acts on the same accounts cannot wait for each other. The database adds, not Python:
# a balance read a moment ago is stale. A limit is asked only of the side that makes it worse.
# Where nobody looks at the answer before the commit, a refusal is an error: division by zero, which undoes the act.
_MOVE = """
    WITH asked AS (
        SELECT * FROM unnest(%(ids)s::uuid[], %(debits)s::bigint[], %(credits)s::bigint[], %(counts)s::bigint[],
                             %(lowest)s::bigint[], %(highest)s::bigint[])
                 AS n(id, debits, credits, count, lowest, highest)
    ), locked AS MATERIALIZED (
        SELECT id, kind, debits, credits, balance, floor, ceiling, version, closed_at, shift_opened_at FROM accounts
         WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s::uuid[]) AND cached
         ORDER BY id
           FOR NO KEY UPDATE
    ), moved AS (
        UPDATE accounts AS a
           SET debits = l.debits + n.debits, credits = l.credits + n.credits, version = l.version + n.count
          FROM locked AS l
          JOIN asked AS n ON n.id = l.id
         WHERE a.tenant_id = %(tenant_id)s
           AND a.id = l.id
           AND l.closed_at IS NULL
           AND (n.lowest IS NULL OR l.floor IS NULL OR l.balance + n.lowest >= l.floor)
           AND (n.highest IS NULL OR l.ceiling IS NULL OR l.balance + n.highest <= l.ceiling)
           AND coalesce(l.shift_opened_at <= now(), l.kind <> 'cash' OR NOT %(in_open_shift)s)
        RETURNING a.id
    )
    SELECT coalesce(array_agg(id), '{}'),
           1 / (NOT %(is_optimistic)s OR count(*) = cardinality(%(ids)s::uuid[]))::integer
      FROM moved
"""


def move_balances(act: Act, moved: Mapping[AccountKey, Run], *, in_open_shift: bool = False) -> None:
    """Add to the cached balances, each once, in id order; refuse what a floor, a ceiling or a closing forbids.

    Args:
        moved: What is posted, per account; those whose balance is not cached are left alone.
        in_open_shift: Cash moves only while its drawer's shift is open.

    Raises:
        DrawerNotOpenError: The shift is not open. One that was opened after this act began does not count: what is
            posted before the opening by the clock must not be counted in the shift.
        InsufficientFundsError, CreditLimitExceededError, AccountClosedError: As the account's limits say.
        InvariantBrokenError: An account named is not there at all: it would be an id of another shop.
    """
    asked = {account_id(act.tenant_id, key): run for key, run in moved.items() if key.cached}
    if not asked:
        return
    values = {
        "ids": list(asked),
        "debits": [run.debits for run in asked.values()],
        "credits": [run.credits for run in asked.values()],
        "counts": [run.count for run in asked.values()],
        "lowest": [run.lowest for run in asked.values()],
        "highest": [run.highest for run in asked.values()],
        "in_open_shift": in_open_shift,
        "is_optimistic": act.is_optimistic,
    }
    if act.is_optimistic:
        act.send(_MOVE, values)
        return
    refused = asked.keys() - set(act.execute(_MOVE, values).scalar_one())
    if refused:
        raise _refusal(act, {id: asked[id] for id in refused})


def lock_accounts(act: Act, keys: Iterable[AccountKey]) -> list[Limits]:
    """Lock the cached ones among these accounts, in id order, then look at them: a stale look decides nothing."""
    ids = [account_id(act.tenant_id, key) for key in keys if key.cached]
    act.execute(
        """
        SELECT id FROM accounts
         WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s::uuid[])
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        {"ids": ids},
    )
    return _limits(act, ids)


def net(key: AccountKey, sums: tuple[int, int, int]) -> int:
    """What the sums do to the balance: above zero moves it further onto its normal side."""
    debits, credits, _ = sums
    return debits - credits if key.normal_side == "debit" else credits - debits


def _limits(act: Act, ids: Collection[uuid.UUID]) -> list[Limits]:
    rows = act.execute(
        """
        SELECT a.id, coalesce(p.name, d.name, b.name, a.code) AS holder, a.currency, a.balance, a.floor, a.ceiling,
               a.closed_at,
               a.kind = 'cash' AND NOT coalesce(a.shift_opened_at <= now(), false) AS is_shut
          FROM accounts AS a
          LEFT JOIN parties AS p ON p.tenant_id = %(tenant_id)s AND p.id = a.party_id
          LEFT JOIN cash_drawers AS d ON d.tenant_id = %(tenant_id)s AND d.id = a.drawer_id
          LEFT JOIN bank_accounts AS b ON b.tenant_id = %(tenant_id)s AND a.kind = 'bank' AND b.code = a.code
         WHERE a.tenant_id = %(tenant_id)s AND a.id = ANY(%(ids)s::uuid[])
         ORDER BY a.id
        """,
        {"ids": list(ids)},
    )
    return [Limits(**row) for row in rows.mappings()]


def _refusal(act: Act, refused: Mapping[uuid.UUID, Run]) -> LedgerError:
    """Say why the first of the refused accounts was: it is locked by now, so what is read here is what counted."""
    for limits in _limits(act, refused.keys()):
        refusal = limits.refusal(refused[limits.id].net, limits.balance)
        if refusal or limits.is_shut:
            return refusal or DrawerNotOpenError(limits.holder)
    return InvariantBrokenError("A posting named an account that this shop does not have. Nothing was saved.")
