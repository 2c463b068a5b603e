"""Undoing what was posted: one way for every kind, with what each kind asks before and marks after it.

Nothing is erased: the opposite is posted, both stay in the books, and a number is never used again.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ledger_web.domain.errors import (
    AlreadyReversedError,
    ConflictError,
    NotFoundError,
    PeriodLockedError,
    RuleViolationError,
    SaleIsClosedError,
)
from ledger_web.domain.languages import gettext
from ledger_web.domain.returns import VOID
from ledger_web.domain.transactions import name_of, why_not_reversible
from ledger_web.services import memberships, open_items, reversals
from ledger_web.services.calendar import find_days, read_calendar
from ledger_web.services.posting import Act
from ledger_web.services.purchases import mark_deleted, must_be_deletable
from ledger_web.services.return_reasons import find_reason
from ledger_web.services.sale_returns import card_must_be_unused
from ledger_web.services.sale_states import find_sale, must_not_be_deleted
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class Undo:
    """Undo a transaction with all that it moved."""

    id: uuid.UUID  # of the reversal
    transaction_id: uuid.UUID
    reason: str = ""  # in words, 3 to 500 characters; beside a chosen reason it may be empty
    reason_id: uuid.UUID | None = None
    approved_by: uuid.UUID | None = None
    overrides_lock: bool = False
    from_register: bool = False  # where only what belongs to no document may be undone


@dataclass(frozen=True, slots=True)
class _Kind:
    """What undoing one kind of transaction takes besides turning its entries round."""

    must_be_undoable: Callable[[Act, uuid.UUID], None]
    mark: Callable[[UnitOfWork, Undo, str], None]
    in_open_shift: bool = False


@whole_act
def undo(command: Undo, uow: UnitOfWork) -> Recorded:
    """Post the opposite of a transaction: goods back at the cost they left with, money back, debts released.

    Returns:
        The id of what was undone.

    Raises:
        NotFoundError: The shop has no such transaction.
        SaleAlreadyDeletedError, AlreadyReversedError: Someone was faster; says who and when.
        SaleIsClosedError: A sale that only returns can undo.
        RuleViolationError: It is undone elsewhere, is itself a reversal, or something hangs on it.
        OutOfStockError: The goods of a purchase are not there any more.
        PeriodLockedError: It, or today, lies in a locked period.
        InsufficientFundsError, CreditLimitExceededError, DrawerNotOpenError: The money has gone meanwhile.
    """
    with uow:
        kind = _must_be_undoable_or_done(uow, command)
        memo = _memo(uow, command)
        if uow.is_replay(
            command,
            id=command.id,
            kind="reversal",
            memo=memo,
            reverses_id=command.transaction_id,
            overrides_lock=command.overrides_lock,
        ):
            return Recorded(command.transaction_id, replayed=True)
        kind.mark(uow, command, memo)
        left = open_items.cancel(uow, command.transaction_id)  # first: while it holds them, nobody is merged
        reversal = reversals.load_reversal(uow, command.transaction_id)
        memberships.shorten(uow, command.transaction_id)
        uow.post([*reversals.put_back(uow, reversal, _base_currency(uow)), *left], in_open_shift=kind.in_open_shift)
    return Recorded(command.transaction_id)


def preview_undoing(transaction_id: uuid.UUID, uow: UnitOfWork, *, from_register: bool = False) -> reversals.Preview:
    """Say what undoing a transaction will change, by the same code that does it. Writes and locks nothing.

    Raises:
        NotFoundError, SaleAlreadyDeletedError, AlreadyReversedError, RuleViolationError: As undoing it would.
    """
    with uow:
        _kind_of(uow, transaction_id, from_register=from_register).must_be_undoable(uow, transaction_id)
        return reversals.preview(uow, transaction_id)


def _memo(uow: UnitOfWork, command: Undo) -> str:
    if command.reason_id is None:
        return command.reason
    return find_reason(uow, command.reason_id, command.reason).in_words(command.reason)


def _must_be_undoable_or_done(uow: UnitOfWork, command: Undo) -> _Kind:
    """Refuse early what cannot be undone; an act that arrives twice goes on and finds its own header.

    Who was faster is asked second: whoever made the first look find it undone has committed before the second.
    """
    kind = _kind_of(uow, command.transaction_id, from_register=command.from_register)
    try:
        kind.must_be_undoable(uow, command.transaction_id)
    except (RuleViolationError, ConflictError):
        done = uow.execute(
            "SELECT 1 FROM transactions WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": command.id}
        )
        if done.first() is None:
            raise
    return kind


def _kind_of(act: Act, transaction_id: uuid.UUID, *, from_register: bool) -> _Kind:
    if from_register:
        return _ANY_OTHER
    kind = act.execute(
        "SELECT kind FROM transactions WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": transaction_id}
    ).scalar_one_or_none()
    return _KINDS.get(kind or "", _ANY_OTHER)


def _base_currency(act: Act) -> str:
    return str(act.execute("SELECT base_currency FROM tenants WHERE tenant_id = %(tenant_id)s").scalar_one())


# A sale: it is marked, and what state it is in decides.


def _must_be_a_sale_to_void(act: Act, sale_id: uuid.UUID) -> None:
    sale = find_sale(act, sale_id)
    must_not_be_deleted(sale)
    if sale.state.in_locked_period:
        raise PeriodLockedError(find_days(act, [sale_id])[sale_id], read_calendar(act).locked_until)
    if sale.fate.kind != VOID:
        raise SaleIsClosedError(sale.number, sale.fate.why)
    cards = act.execute(
        """
        SELECT c.code, l.total
          FROM sale_lines AS l
          JOIN gift_cards AS c ON c.tenant_id = %(tenant_id)s AND c.id = l.gift_card_id
         WHERE l.tenant_id = %(tenant_id)s AND l.sale_id = %(sale_id)s
        """,
        {"sale_id": sale_id},
    )
    for card in cards:
        card_must_be_unused(act, card.code, card.total, sale.currency)


def _mark_sale(uow: UnitOfWork, command: Undo, memo: str) -> None:
    marked = uow.execute(
        """
        UPDATE sales
           SET deleted_at = now(), deleted_by = %(actor_id)s, delete_reason = %(memo)s, reason_id = %(reason_id)s
         WHERE tenant_id = %(tenant_id)s AND id = %(sale_id)s AND deleted_at IS NULL AND return_count = 0
        """,
        {
            "sale_id": command.transaction_id,
            "actor_id": uow.actor_id,
            "memo": memo,
            "reason_id": command.reason_id,
        },
    )
    # Asked again now that the row is held: a shift may have been closed, or something returned, since the first look.
    if not marked.rowcount:
        sale = find_sale(uow, command.transaction_id)
        must_not_be_deleted(sale)
        raise SaleIsClosedError(sale.number, sale.fate.why)
    uow.execute(
        """
        UPDATE gift_cards SET blocked_at = now(), version = version + 1
         WHERE tenant_id = %(tenant_id)s AND sold_in = %(sale_id)s AND blocked_at IS NULL
        """,
        {"sale_id": command.transaction_id},
    )
    uow.audit(
        "sale.delete",
        holder=command.transaction_id,
        after={"reason": memo},
        approved_by=command.approved_by,
    )


# A purchase: its goods must still be there, and what hangs on it is undone first. What was paid stays, as an advance.


def _mark_purchase(uow: UnitOfWork, command: Undo, memo: str) -> None:
    mark_deleted(uow, command.transaction_id, memo)


# Everything that belongs to no document with a page of its own.


def _must_be_reversible(act: Act, transaction_id: uuid.UUID) -> None:
    row = act.execute(
        """
        SELECT t.kind, r.id AS reversal_id, r.posted_at AT TIME ZONE s.time_zone AS reversed_at, u.name AS reverser
          FROM transactions AS t
          JOIN tenants AS s ON s.tenant_id = %(tenant_id)s
          LEFT JOIN transactions AS r ON r.tenant_id = %(tenant_id)s AND r.reverses_id = t.id
          LEFT JOIN users AS u ON u.tenant_id = %(tenant_id)s AND u.id = r.actor_id
         WHERE t.tenant_id = %(tenant_id)s AND t.id = %(id)s
        """,
        {"id": transaction_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such transaction in this shop.")
    if row.reversal_id is not None:
        raise AlreadyReversedError(
            gettext(
                "%(kind)s was reversed already, by %(row)s at %(reversed_at)s. Nothing more is needed.",
                kind=name_of(row.kind),
                row=row.reverser or "someone",
                reversed_at=f"{row.reversed_at:%Y-%m-%d %H:%M}",
            )
        )
    reason = why_not_reversible(row.kind)
    if reason:
        raise RuleViolationError(reason)


def _mark_nothing(_uow: UnitOfWork, _command: Undo, _memo: str) -> None:
    """The reversal itself says that it was undone."""


_ANY_OTHER: Final = _Kind(_must_be_reversible, _mark_nothing)
_KINDS: Final = MappingProxyType(
    {
        "sale": _Kind(_must_be_a_sale_to_void, _mark_sale, in_open_shift=True),
        "purchase": _Kind(must_be_deletable, _mark_purchase),
    }
)
