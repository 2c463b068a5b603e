"""Shifts of a drawer: opened with a counted float, closed with a count and a report that never changes."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.errors import NotFoundError, RuleViolationError, ShiftAlreadyOpenError
from ledger_web.domain.journal import AccountKey, Entry, cash, equity, over_short
from ledger_web.domain.languages import gettext
from ledger_web.domain.money import format_amount
from ledger_web.domain.shift_reports import digest_of_report
from ledger_web.services.numbering import next_number
from ledger_web.services.posting import Act, must_be_in_reach, open_accounts
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act

OPENING, CLOSING = "opening", "closing"


@dataclass(frozen=True, kw_only=True)
class Count:
    """What was counted of one currency. `pieces` says how many of each denomination, minor units to number."""

    currency: str
    counted: int  # minor units, >= 0
    pieces: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class OpenShift:
    """Begin to sell from a drawer, with what was counted in it."""

    id: uuid.UUID
    drawer_id: uuid.UUID
    counts: tuple[Count, ...]
    owner_brought: bool = True  # a difference came from or went to the owner; False: it is over or short


@dataclass(frozen=True, kw_only=True)
class CloseShift:
    """End a drawer's shift with what was counted in it."""

    id: uuid.UUID
    shift_id: uuid.UUID
    counts: tuple[Count, ...]
    may_approve: bool  # whoever closes may accept a difference above the shop's limit
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class SetCountingRules:
    """Say how drawers are counted."""

    op_id: uuid.UUID
    over_short_limit: int | None  # minor units of the base currency; None: no limit
    blind_count: bool  # whoever counts does not see what should be there


@whole_act
def set_counting_rules(command: SetCountingRules, uow: UnitOfWork) -> Recorded:
    """Change how the shop's drawers are counted."""
    with uow:
        if not uow.is_resubmission(command, id=command.op_id):
            uow.execute(
                """
                UPDATE tenants SET over_short_limit = %(limit)s, blind_count = %(blind)s
                 WHERE tenant_id = %(tenant_id)s
                """,
                {"limit": command.over_short_limit, "blind": command.blind_count},
            )
            after = {"over_short_limit": command.over_short_limit, "blind_count": command.blind_count}
            uow.audit("settings.edit", after=after)
    return Recorded(command.op_id)


@whole_act
def open_shift(command: OpenShift, uow: UnitOfWork) -> Recorded:
    """Open a drawer. What was counted becomes what is in the books; currencies not counted stay as they are.

    Raises:
        NotFoundError: The shop has no such drawer in use.
        ShiftAlreadyOpenError: Someone opened it already.
    """
    try:
        with uow:
            if uow.is_replay(command, id=command.id, kind="shift_opening"):
                return Recorded(command.id, replayed=True)
            must_be_in_reach([command.drawer_id])
            _must_be_in_use(uow, command.drawer_id)
            # Before the shift is there: an account opened in an open shift belongs to it, and cannot be counted.
            expected = _lock_money(uow, command.drawer_id, command.counts)
            uow.execute(
                """
                INSERT INTO shifts (tenant_id, id, drawer_id, opened_by, opened_at)
                VALUES (%(tenant_id)s, %(id)s, %(drawer_id)s, %(actor_id)s, clock_timestamp())
                """,
                {"id": command.id, "drawer_id": command.drawer_id, "actor_id": uow.actor_id},
            )
            _insert_counts(uow, command.id, OPENING, expected, command.counts)
            uow.post(_differences(command.drawer_id, expected, command.counts, owner=command.owner_brought))
            _say_open_since(uow, command.drawer_id, command.id)
    except IntegrityError as error:
        if violated_constraint(error) == "shifts_one_open_a_drawer":
            raise ShiftAlreadyOpenError from None
        raise
    return Recorded(command.id)


@whole_act
def close_shift(command: CloseShift, uow: UnitOfWork) -> Recorded:
    """Close a drawer: differences are posted as over or short, and the Z report is written for good.

    Raises:
        NotFoundError: The shop has no such shift.
        RuleViolationError: It is closed already, a currency with money in it was not counted, or a difference
            is above the shop's limit and whoever closes may not approve it.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="shift_closing", memo=command.note):
            return Recorded(command.shift_id, replayed=True)
        shift = _lock_shift(uow, command.shift_id)
        number = "Z-" + next_number(uow, "z", shift.drawer_id)
        expected = _lock_money(uow, shift.drawer_id, command.counts)
        _must_be_counted(expected, command.counts)
        _must_be_within_limit(uow, expected, command)
        _insert_counts(uow, command.shift_id, CLOSING, expected, command.counts)
        uow.post(_differences(shift.drawer_id, expected, command.counts, owner=False))
        closed_at = _end(uow, command, shift.drawer_id)
        _write_report(uow, command.shift_id, shift.drawer_id, number, closed_at)
    return Recorded(command.shift_id)


def shift_so_far(shift_id: uuid.UUID, uow: UnitOfWork) -> dict[str, Any]:
    """Return the X report of a shift: the same figures its Z report will have, as of now. Writes and locks nothing.

    Raises:
        NotFoundError: The shop has no such shift.
    """
    with uow:
        return report_contents(uow, shift_id)


def report_contents(act: Act, shift_id: uuid.UUID) -> dict[str, Any]:
    """Say what a shift comes to; amounts are minor units of the currency they stand under.

    A transaction belongs to the shift if it was posted between its opening and its closing. Exact, because the
    accounts of the drawer are locked from before the clock is read until the opening or closing is stored.
    """
    head = act.execute(
        """
        SELECT d.name AS drawer, s.drawer_id, s.opened_at, s.closed_at, o.name AS opened_by, c.name AS closed_by,
               s.note, t.base_currency
          FROM shifts AS s
          JOIN tenants AS t ON t.tenant_id = %(tenant_id)s
          JOIN cash_drawers AS d ON d.tenant_id = %(tenant_id)s AND d.id = s.drawer_id
          LEFT JOIN users AS o ON o.tenant_id = %(tenant_id)s AND o.id = s.opened_by
          LEFT JOIN users AS c ON c.tenant_id = %(tenant_id)s AND c.id = s.closed_by
         WHERE s.tenant_id = %(tenant_id)s AND s.id = %(shift_id)s
        """,
        {"shift_id": shift_id},
    ).one_or_none()
    if head is None:
        raise NotFoundError("There is no such shift in this shop.")
    span = {"shift_id": shift_id, "drawer_id": head.drawer_id, "since": head.opened_at, "until": head.closed_at}
    return {
        "drawer": head.drawer,
        "opened_at": head.opened_at.isoformat(),
        "opened_by": head.opened_by,
        "closed_at": head.closed_at.isoformat() if head.closed_at else None,
        "closed_by": head.closed_by,
        "note": head.note,
        "money": _money_of(act, span),
        "sales": {"currency": head.base_currency, **_sales_of(act, span)},
    }


def _money_of(act: Act, span: dict[str, Any]) -> list[dict[str, Any]]:
    """Say per currency what was there, what moved by kind of transaction, and what is or was counted there.

    Opening and movements add up to what is expected; what the closing itself posts is the difference to the count.
    """
    moved: dict[str, list[dict[str, Any]]] = {}
    for row in act.execute(
        """
        WITH here AS MATERIALIZED (
            SELECT array_agg(a.id) AS accounts FROM accounts AS a
             WHERE a.tenant_id = %(tenant_id)s AND a.drawer_id = %(drawer_id)s
        )
        SELECT e.currency, coalesce(r.kind, t.kind) AS kind, t.reverses_id IS NOT NULL AS reversed,
               count(DISTINCT t.id) AS transactions,
               sum(CASE WHEN e.debit_account_id = ANY (h.accounts) THEN e.amount ELSE 0 END)::bigint AS received,
               sum(CASE WHEN e.credit_account_id = ANY (h.accounts) THEN e.amount ELSE 0 END)::bigint AS paid
          FROM here AS h
         CROSS JOIN transactions AS t
          LEFT JOIN transactions AS r ON r.tenant_id = %(tenant_id)s AND r.id = t.reverses_id
         CROSS JOIN LATERAL (
                SELECT d.currency, d.amount, d.debit_account_id, d.credit_account_id FROM entries AS d
                 WHERE d.tenant_id = %(tenant_id)s AND d.transaction_id = t.id
                   AND (d.debit_account_id = ANY (h.accounts) OR d.credit_account_id = ANY (h.accounts))
                OFFSET 0) AS e  -- by its key for each transaction, whatever the planner knows of the table
         WHERE t.tenant_id = %(tenant_id)s
           AND t.posted_at >= %(since)s
           AND t.posted_at <= coalesce(%(until)s::timestamptz, 'infinity')
           AND t.kind <> 'shift_closing'
         GROUP BY e.currency, coalesce(r.kind, t.kind), t.reverses_id IS NOT NULL
         ORDER BY e.currency, kind, reversed
        """,
        span,
    ):
        figures = {name: getattr(row, name) for name in ("kind", "reversed", "transactions", "received", "paid")}
        moved.setdefault(row.currency, []).append(figures)
    rows = act.execute(
        """
        SELECT a.currency, a.balance, o.counted AS opening, c.expected, c.counted, c.pieces
          FROM accounts AS a
          LEFT JOIN shift_counts AS o
            ON o.tenant_id = %(tenant_id)s AND o.shift_id = %(shift_id)s AND o.moment = 'opening'
           AND o.currency = a.currency
          LEFT JOIN shift_counts AS c
            ON c.tenant_id = %(tenant_id)s AND c.shift_id = %(shift_id)s AND c.moment = 'closing'
           AND c.currency = a.currency
         WHERE a.tenant_id = %(tenant_id)s AND a.drawer_id = %(drawer_id)s AND a.kind = 'cash'
         ORDER BY a.currency
        """,
        span,
    )
    return [
        {
            "currency": row.currency,
            "opening": row.opening or 0,
            "movements": moved.get(row.currency, []),
            "expected": row.balance if row.expected is None else row.expected,
            "counted": row.counted,
            "pieces": row.pieces or {},
        }
        for row in rows
    ]


def _sales_of(act: Act, span: dict[str, Any]) -> dict[str, int]:
    """Count what was sold in the shift, and what was deleted and came back in it, whenever it was sold."""
    row = act.execute(
        """
        SELECT count(*) FILTER (WHERE t.reverses_id IS NULL) AS sales,
               coalesce(sum(s.total) FILTER (WHERE t.reverses_id IS NULL), 0)::bigint AS total,
               coalesce(sum(s.tax_total) FILTER (WHERE t.reverses_id IS NULL), 0)::bigint AS tax,
               coalesce(sum(s.on_account) FILTER (WHERE t.reverses_id IS NULL), 0)::bigint AS on_account,
               count(*) FILTER (WHERE t.reverses_id IS NOT NULL) AS deletions,
               coalesce(sum(s.total) FILTER (WHERE t.reverses_id IS NOT NULL), 0)::bigint AS deleted
          FROM transactions AS t
          JOIN sales AS s ON s.tenant_id = %(tenant_id)s
           AND s.id = CASE WHEN t.reverses_id IS NULL THEN t.id ELSE t.reverses_id END
         WHERE t.tenant_id = %(tenant_id)s
           AND t.posted_at >= %(since)s
           AND t.posted_at <= coalesce(%(until)s::timestamptz, 'infinity')
           AND s.drawer_id = %(drawer_id)s
        """,
        span,
    ).one()
    back = act.execute(
        """
        SELECT count(*) AS returns, coalesce(sum(r.total), 0)::bigint AS returned
          FROM transactions AS t
          JOIN sale_returns AS r ON r.tenant_id = %(tenant_id)s AND r.id = t.id
         WHERE t.tenant_id = %(tenant_id)s
           AND t.posted_at >= %(since)s
           AND t.posted_at <= coalesce(%(until)s::timestamptz, 'infinity')
           AND r.drawer_id = %(drawer_id)s
        """,
        span,
    ).one()
    return {**row._mapping, **back._mapping}


def _must_be_in_use(uow: UnitOfWork, drawer_id: uuid.UUID) -> None:
    found = uow.execute(
        "SELECT active FROM cash_drawers WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": drawer_id}
    ).scalar_one_or_none()
    if not found:
        raise NotFoundError("There is no such cash drawer in use in this shop. Choose another drawer.")


def _lock_shift(uow: UnitOfWork, shift_id: uuid.UUID) -> Any:
    shift = uow.execute(
        """
        SELECT drawer_id, closed_at FROM shifts
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
           FOR NO KEY UPDATE
        """,
        {"id": shift_id},
    ).one_or_none()
    if shift is None:
        raise NotFoundError("There is no such shift in this shop.")
    if shift.closed_at is not None:
        raise RuleViolationError("This shift was closed already. Its Z report is final.")
    return shift


def _lock_money(uow: UnitOfWork, drawer_id: uuid.UUID, counts: Sequence[Count]) -> dict[str, int]:
    """Lock the drawer's accounts in id order and return what is in each currency. Nothing is locked after them."""
    if len({count.currency for count in counts}) != len(counts):
        raise RuleViolationError("A currency was counted twice. Count each currency once.")
    open_accounts(uow, [cash(drawer_id, count.currency) for count in counts])
    rows = uow.execute(
        """
        SELECT currency, balance FROM accounts
         WHERE tenant_id = %(tenant_id)s AND drawer_id = %(drawer_id)s AND kind = 'cash'
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        {"drawer_id": drawer_id},
    )
    return {row.currency: row.balance for row in rows}


def _differences(
    drawer_id: uuid.UUID, expected: Mapping[str, int], counts: Sequence[Count], *, owner: bool
) -> list[Entry]:
    entries = []
    for count in counts:
        drawer = cash(drawer_id, count.currency)
        other: AccountKey = equity(count.currency, "owner") if owner else over_short(count.currency)
        difference = count.counted - expected[count.currency]
        if difference > 0:
            entries.append(Entry(debit=drawer, credit=other, amount=difference))
        elif difference < 0:
            entries.append(Entry(debit=other, credit=drawer, amount=-difference))
    return entries


def _must_be_counted(expected: Mapping[str, int], counts: Sequence[Count]) -> None:
    missing = {currency for currency, amount in expected.items() if amount} - {count.currency for count in counts}
    if missing:
        raise RuleViolationError(
            gettext("Count %(missing)s too: the drawer should hold some.", missing=" and ".join(sorted(missing)))
        )


def _must_be_within_limit(uow: UnitOfWork, expected: Mapping[str, int], command: CloseShift) -> None:
    """Ask for somebody who may approve it where the base currency differs by more than the limit, or another at all."""
    shop = uow.execute("SELECT base_currency, over_short_limit FROM tenants WHERE tenant_id = %(tenant_id)s").one()
    if shop.over_short_limit is None or command.may_approve:
        return
    for count in command.counts:
        difference = abs(count.counted - expected[count.currency])
        limit = shop.over_short_limit if count.currency == shop.base_currency else 0
        if difference > limit:
            raise RuleViolationError(
                gettext(
                    "The count differs by %(difference)s %(currency)s, more than the shop's"
                    " limit. Count again, or ask a manager to close the shift.",
                    difference=format_amount(difference, count.currency),
                    currency=count.currency,
                )
            )


def _insert_counts(
    uow: UnitOfWork, shift_id: uuid.UUID, moment: str, expected: Mapping[str, int], counts: Sequence[Count]
) -> None:
    counted = {count.currency: count for count in counts}
    currencies = sorted(expected)
    uow.execute(
        """
        INSERT INTO shift_counts AS c (tenant_id, shift_id, moment, currency, expected, counted, pieces)
        SELECT s.tenant_id, s.id, %(moment)s, n.currency, n.expected, n.counted, n.pieces::jsonb
          FROM shifts AS s
         CROSS JOIN unnest(%(currencies)s::text[], %(expected)s::bigint[], %(counted)s::bigint[], %(pieces)s::text[])
               AS n(currency, expected, counted, pieces)
         WHERE s.tenant_id = %(tenant_id)s AND s.id = %(shift_id)s
        """,
        {
            "shift_id": shift_id,
            "moment": moment,
            "currencies": currencies,
            "expected": [expected[each] for each in currencies],
            "counted": [counted[each].counted if each in counted else expected[each] for each in currencies],
            "pieces": [json.dumps(dict(counted[each].pieces)) if each in counted else "{}" for each in currencies],
        },
    )


def _say_open_since(uow: UnitOfWork, drawer_id: uuid.UUID, shift_id: uuid.UUID) -> None:
    uow.execute(
        """
        UPDATE accounts AS a SET shift_opened_at = s.opened_at
          FROM shifts AS s
         WHERE s.tenant_id = %(tenant_id)s AND s.id = %(shift_id)s
           AND a.tenant_id = %(tenant_id)s AND a.drawer_id = %(drawer_id)s AND a.kind = 'cash'
        """,
        {"drawer_id": drawer_id, "shift_id": shift_id},
    )


def _end(uow: UnitOfWork, command: CloseShift, drawer_id: uuid.UUID) -> dt.datetime:
    """Close shift and accounts by the clock as it is now, after every sale that is in it."""
    uow.execute(
        """
        UPDATE accounts SET shift_opened_at = NULL
         WHERE tenant_id = %(tenant_id)s AND drawer_id = %(drawer_id)s AND kind = 'cash'
        """,
        {"drawer_id": drawer_id},
    )
    # The clock after the lock, in a statement of its own: a cluster's UPDATE takes no function that changes.
    closed_at: dt.datetime = uow.execute("SELECT clock_timestamp()").scalar_one()
    uow.execute(
        """
        UPDATE shifts
           SET closed_at = %(closed_at)s, closed_by = %(actor_id)s, closed_in = %(closed_in)s, note = %(note)s
         WHERE tenant_id = %(tenant_id)s AND id = %(shift_id)s
        """,
        {
            "shift_id": command.shift_id,
            "actor_id": uow.actor_id,
            "closed_in": command.id,
            "note": command.note,
            "closed_at": closed_at,
        },
    )
    return closed_at


def _write_report(
    uow: UnitOfWork, shift_id: uuid.UUID, drawer_id: uuid.UUID, number: str, closed_at: dt.datetime
) -> None:
    """Write what the shift came to, with the digest of the drawer's report before it, so that neither can change."""
    contents = {"number": number, **report_contents(uow, shift_id)}
    previous = uow.execute(
        """
        SELECT z.digest FROM z_reports AS z
          JOIN shifts AS s ON s.tenant_id = %(tenant_id)s AND s.id = z.shift_id
         WHERE z.tenant_id = %(tenant_id)s AND s.drawer_id = %(drawer_id)s
         ORDER BY s.closed_at DESC
         LIMIT 1
        """,
        {"drawer_id": drawer_id},
    ).scalar_one_or_none()
    uow.execute(
        """
        INSERT INTO z_reports (tenant_id, shift_id, number, made_at, contents, previous, digest)
        VALUES (%(tenant_id)s, %(shift_id)s, %(number)s, %(made_at)s, %(contents)s::jsonb, %(previous)s, %(digest)s)
        """,
        {
            "shift_id": shift_id,
            "number": number,
            "made_at": closed_at,
            "contents": json.dumps(contents),
            "previous": previous,
            "digest": digest_of_report(contents, previous),
        },
    )
