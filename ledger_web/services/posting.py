"""Transactions and entries in, balances moved: the only SQL that changes a balance. Used through the unit of work."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from sqlalchemy import CursorResult

from ledger_web.domain.errors import (
    AccountClosedError,
    CreditLimitExceededError,
    InsufficientFundsError,
    InvariantBrokenError,
)
from ledger_web.domain.journal import AccountKey, Entry, deltas

_ACCOUNT_IDS = uuid.UUID("6f5b0b0e-6a0f-5d8e-9d0e-6c6564676572")
NEVER_BELOW_ZERO = frozenset({"cash", "store_credit"})


class Act(Protocol):
    """What posting needs of a unit of work."""

    tenant_id: int
    actor_id: uuid.UUID | None

    @property
    def transaction_id(self) -> uuid.UUID: ...
    @property
    def occurred_on(self) -> date: ...
    def execute(self, sql: str, values: Mapping[str, object] | None = None) -> CursorResult[Any]: ...


def account_id(tenant_id: int, key: AccountKey) -> uuid.UUID:
    """Return the id of an account: a pure function of what it is for.

    So two tills that open the same account at once open one, and posting needs no look-up by name.
    """
    name = f"{tenant_id}/{key.kind}/{key.currency}/{key.party_id}/{key.drawer_id}/{key.code or ''}"
    return uuid.uuid5(_ACCOUNT_IDS, name)


def insert_header(
    act: Act,
    *,
    id: uuid.UUID,
    kind: str,
    occurred_on: date | None,
    fingerprint: bytes,
    memo: str,
    reverses_id: uuid.UUID | None,
) -> date | None:
    """Write a transaction's header and return its business day, or None if the id is in the books already.

    Blocks while another act with the same id is under way, so that exactly one of them posts.
    """
    return act.execute(
        """
        INSERT INTO transactions AS t
               (tenant_id, id, kind, occurred_on, posted_at, actor_id, fingerprint, reverses_id, memo)
        SELECT s.tenant_id, %(id)s::uuid, %(kind)s,
               coalesce(%(occurred_on)s::date, (now() AT TIME ZONE s.time_zone)::date),
               now(), %(actor_id)s::uuid, %(fingerprint)s::bytea, %(reverses_id)s::uuid, %(memo)s
          FROM tenants AS s
         WHERE s.tenant_id = %(tenant_id)s
        ON CONFLICT (tenant_id, id) DO NOTHING
        RETURNING t.occurred_on
        """,
        {
            "id": id,
            "kind": kind,
            "occurred_on": occurred_on,
            "actor_id": act.actor_id,
            "fingerprint": fingerprint,
            "reverses_id": reverses_id,
            "memo": memo,
        },
    ).scalar_one_or_none()


def find_fingerprint(act: Act, id: uuid.UUID) -> bytes | None:
    return act.execute(
        "SELECT fingerprint FROM transactions WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": id}
    ).scalar_one_or_none()


def post_entries(act: Act, entries: Sequence[Entry], *, first_line: int = 1) -> dict[AccountKey, int]:
    """Insert entries, then move each cached account they name once. See UnitOfWork.post."""
    if not entries:
        return {}
    moved = deltas(entries)
    open_accounts(act, moved)
    insert_entries(
        act,
        [(act.transaction_id, line, entry) for line, entry in enumerate(entries, start=first_line)],
        {act.transaction_id: act.occurred_on},
    )
    return move_balances(act, {key: sums for key, sums in moved.items() if key.cached})


def open_accounts(act: Act, keys: Iterable[AccountKey]) -> None:
    """Make sure that the accounts exist, with the floor that cash and store credit have for ever."""
    wanted = {account_id(act.tenant_id, key): key for key in keys}
    there = act.execute(
        "SELECT id FROM accounts WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)", {"ids": list(wanted)}
    ).scalars()
    missing = wanted.keys() - set(there)
    if missing:
        _insert_accounts(act, {id: wanted[id] for id in sorted(missing)})


def _insert_accounts(act: Act, wanted: Mapping[uuid.UUID, AccountKey]) -> None:
    keys = list(wanted.values())
    act.execute(
        """
        INSERT INTO accounts AS a
               (tenant_id, id, kind, party_id, drawer_id, code, currency, normal_side, cached, floor, created_at)
        SELECT s.tenant_id, n.id, n.kind, n.party_id, n.drawer_id, n.code, n.currency, n.normal_side, n.cached,
               n.floor, now()
          FROM tenants AS s
         CROSS JOIN unnest(%(ids)s::uuid[], %(kinds)s::text[], %(parties)s::uuid[], %(drawers)s::uuid[],
                           %(codes)s::text[], %(currencies)s::text[], %(sides)s::text[], %(cached)s::boolean[],
                           %(floors)s::bigint[])
               AS n(id, kind, party_id, drawer_id, code, currency, normal_side, cached, floor)
         WHERE s.tenant_id = %(tenant_id)s
        ON CONFLICT (tenant_id, id) DO NOTHING
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


def insert_entries(act: Act, lines: Sequence[tuple[uuid.UUID, int, Entry]], days: Mapping[uuid.UUID, date]) -> None:
    """Insert entries of one or many transactions in one statement, however many.

    Args:
        lines: (transaction, line, entry); each transaction's header stands already.
        days: The business day of each transaction.
    """
    tenant_id = act.tenant_id
    act.execute(
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


def move_balances(act: Act, sums: Mapping[AccountKey, tuple[int, int, int]]) -> dict[AccountKey, int]:
    """Add to the cached balances, each once, in id order; refuse what a floor, a ceiling or a closing forbids.

    Args:
        sums: Per cached account (debits, credits, number of entries), minor units.

    Returns:
        The new balance of each.

    Raises:
        InsufficientFundsError, CreditLimitExceededError, AccountClosedError: As the account's limits say.
        InvariantBrokenError: An account named is not there at all: it would be an id of another shop.
    """
    keys = {account_id(act.tenant_id, key): key for key in sums}
    if not keys:
        return {}
    # In id order, so that two acts on the same accounts cannot wait for each other. The database adds, not Python:
    # a balance read a moment ago is stale. A limit is asked only of the side that makes it worse.
    moved = act.execute(
        """
        WITH asked AS (
            SELECT * FROM unnest(%(ids)s::uuid[], %(debits)s::bigint[], %(credits)s::bigint[], %(counts)s::bigint[],
                                 %(nets)s::bigint[]) AS n(id, debits, credits, count, net)
        ), locked AS MATERIALIZED (
            SELECT id FROM accounts
             WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s::uuid[])
             ORDER BY id
               FOR NO KEY UPDATE
        )
        UPDATE accounts AS a
           SET debits = a.debits + n.debits, credits = a.credits + n.credits, version = a.version + n.count
          FROM locked AS l
          JOIN asked AS n ON n.id = l.id
         WHERE a.tenant_id = %(tenant_id)s
           AND a.id = l.id
           AND a.cached
           AND a.closed_at IS NULL
           AND (n.net >= 0 OR a.floor IS NULL OR a.balance + n.net >= a.floor)
           AND (n.net <= 0 OR a.ceiling IS NULL OR a.balance + n.net <= a.ceiling)
        RETURNING a.id, a.balance
        """,
        {
            "ids": list(keys),
            "debits": [sums[key][0] for key in keys.values()],
            "credits": [sums[key][1] for key in keys.values()],
            "counts": [sums[key][2] for key in keys.values()],
            "nets": [net(key, sums[key]) for key in keys.values()],
        },
    ).all()
    if len(moved) != len(keys):
        raise _refusal(act, {id: key for id, key in keys.items() if id not in {row.id for row in moved}}, sums)
    return {keys[row.id]: row.balance for row in moved}


def net(key: AccountKey, sums: tuple[int, int, int]) -> int:
    """What the sums do to the balance: above zero moves it further onto its normal side."""
    debits, credits, _ = sums
    return debits - credits if key.normal_side == "debit" else credits - debits


def _refusal(
    act: Act, refused: Mapping[uuid.UUID, AccountKey], sums: Mapping[AccountKey, tuple[int, int, int]]
) -> Exception:
    """Say why the first of the refused accounts was: it is locked by now, so what is read here is what counted."""
    rows = act.execute(
        """
        SELECT a.id, a.balance, a.floor, a.ceiling, a.closed_at, a.currency, coalesce(p.name, d.name, a.code) AS holder
          FROM accounts AS a
          LEFT JOIN parties AS p ON p.tenant_id = %(tenant_id)s AND p.id = a.party_id
          LEFT JOIN cash_drawers AS d ON d.tenant_id = %(tenant_id)s AND d.id = a.drawer_id
         WHERE a.tenant_id = %(tenant_id)s AND a.id = ANY(%(ids)s)
         ORDER BY a.id
        """,
        {"ids": list(refused)},
    ).all()
    for row in rows:
        key = refused[row.id]
        change = net(key, sums[key])
        if row.closed_at is not None:
            return AccountClosedError(row.holder)
        if change < 0 and row.floor is not None and row.balance + change < row.floor:
            return InsufficientFundsError(row.holder, row.balance - row.floor, -change, row.currency)
        if change > 0 and row.ceiling is not None and row.balance + change > row.ceiling:
            return CreditLimitExceededError(row.holder, row.ceiling - row.balance, change, row.currency)
    return InvariantBrokenError("A posting named an account that this shop does not have. Nothing was saved.")
