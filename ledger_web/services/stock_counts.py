"""Counts of the shelves: begun, counted by several people at once while others sell, and posted as one transaction.

A product's `expected` is frozen when it is first counted, and what is posted is how much it differed then. Whatever
is sold before or after that moment is in the books by itself, so a sale changes neither the difference nor the count.
"""

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from ledger_web.domain.errors import ConflictError, InvalidQuantityError, NotFoundError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.stock import (
    COUNT_LINES_MAX,
    QUANTITY_LIMIT,
    CountedLine,
    account_of_reason,
    digest_of_count,
)
from ledger_web.services import stock
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

REASON = "counted"


class CountClosedError(RuleViolationError):
    """This count is closed already. Begin a new one to count again."""


class CountedMeanwhileError(ConflictError):
    """Somebody counted on since you looked. Look at the differences again, then post them."""


@dataclass(frozen=True, kw_only=True)
class StartCount:
    """Begin to count."""

    id: uuid.UUID
    name: str
    is_blind: bool = False  # whoever counts does not see what the books say


@dataclass(frozen=True, kw_only=True)
class AddToCount:
    """So much more of a product was found."""

    op_id: uuid.UUID
    count_id: uuid.UUID
    product_id: uuid.UUID
    quantity: Decimal  # base units, > 0


@dataclass(frozen=True, kw_only=True)
class SetCounted:
    """All there is of a product was counted now, whatever was counted of it before."""

    op_id: uuid.UUID
    count_id: uuid.UUID
    product_id: uuid.UUID
    counted: Decimal  # base units, >= 0


@dataclass(frozen=True, kw_only=True)
class ForgetCounted:
    """A product was counted by mistake: it is not part of the count."""

    op_id: uuid.UUID
    count_id: uuid.UUID
    product_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class PostCount:
    """Bring the books to what was counted, as the differences were shown."""

    id: uuid.UUID  # of the transaction
    count_id: uuid.UUID
    digest: str  # of the lines that were shown, see domain.stock.digest_of_count
    currency: str  # the shop's base currency


@dataclass(frozen=True, kw_only=True)
class DiscardCount:
    """Put a count aside: nothing of it is posted."""

    op_id: uuid.UUID
    count_id: uuid.UUID


@whole_act
def start_count(command: StartCount, uow: UnitOfWork) -> Recorded:
    """Begin a count. Several may be under way at once."""
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.id):
            return Recorded(command.id, replayed=True)
        uow.execute(
            """
            INSERT INTO stock_counts (tenant_id, id, name, is_blind, started_at, started_by)
            VALUES (%(tenant_id)s, %(id)s, %(name)s, %(is_blind)s, now(), %(actor_id)s)
            """,
            {"id": command.id, "name": command.name, "is_blind": command.is_blind, "actor_id": uow.actor_id},
        )
    return Recorded(command.id)


@whole_act
def add_to_count(command: AddToCount, uow: UnitOfWork) -> Recorded:
    """Count more of a product; the first time its expected quantity is frozen. Two people counting it add up.

    Raises:
        NotFoundError: The shop has no such count or product.
        CountClosedError: It is posted or put aside.
        RuleViolationError: The product keeps no stock, or the count is full.
        InvalidQuantityError: Nothing, or more than can be counted.
    """
    if not command.quantity.is_finite() or command.quantity <= 0:
        raise InvalidQuantityError("Enter a quantity above zero.")
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.count_id):
            return Recorded(command.count_id, replayed=True)
        _lock_open_count(uow, command.count_id, "FOR SHARE")
        _must_keep_stock(uow, command.product_id)
        line = uow.execute(
            """
            INSERT INTO stock_count_lines AS n
                   (tenant_id, count_id, product_id, expected, counted, counted_at, counted_by)
            SELECT l.tenant_id, %(count_id)s::uuid, l.product_id, l.quantity, %(quantity)s::numeric,
                   clock_timestamp(), %(actor_id)s::uuid
              FROM stock_levels AS l
             WHERE l.tenant_id = %(tenant_id)s AND l.product_id = %(product_id)s
            ON CONFLICT (tenant_id, count_id, product_id) DO UPDATE
               SET counted = least(n.counted + excluded.counted, %(limit)s::numeric),
                   counted_at = excluded.counted_at, counted_by = excluded.counted_by
            RETURNING n.counted, n.xmax = 0 AS is_new
            """,
            {
                "count_id": command.count_id,
                "product_id": command.product_id,
                "quantity": min(command.quantity, QUANTITY_LIMIT - 1),
                "limit": QUANTITY_LIMIT - 1,
                "actor_id": uow.actor_id,
            },
        ).one()
        _must_be_countable(line.counted + 1)
        if line.is_new:
            _must_have_room(uow, command.count_id)
    return Recorded(command.count_id)


@whole_act
def set_counted(command: SetCounted, uow: UnitOfWork) -> Recorded:
    """Say how much there is of a product at this moment; what the books say at this moment is frozen with it.

    Raises:
        NotFoundError: The shop has no such count or product.
        CountClosedError: It is posted or put aside.
        RuleViolationError: The product keeps no stock, or the count is full.
        InvalidQuantityError: Less than nothing, or more than can be counted.
    """
    if not command.counted.is_finite() or command.counted < 0:
        raise InvalidQuantityError("Enter a quantity of zero or more.")
    _must_be_countable(command.counted)
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.count_id):
            return Recorded(command.count_id, replayed=True)
        _lock_open_count(uow, command.count_id, "FOR SHARE")
        _must_keep_stock(uow, command.product_id)
        uow.execute(
            """
            INSERT INTO stock_count_lines AS n
                   (tenant_id, count_id, product_id, expected, counted, counted_at, counted_by)
            SELECT l.tenant_id, %(count_id)s::uuid, l.product_id, l.quantity, %(counted)s::numeric,
                   clock_timestamp(), %(actor_id)s::uuid
              FROM stock_levels AS l
             WHERE l.tenant_id = %(tenant_id)s AND l.product_id = %(product_id)s
            ON CONFLICT (tenant_id, count_id, product_id) DO UPDATE
               SET expected = excluded.expected, counted = excluded.counted,
                   counted_at = excluded.counted_at, counted_by = excluded.counted_by
            """,
            {
                "count_id": command.count_id,
                "product_id": command.product_id,
                "counted": command.counted,
                "actor_id": uow.actor_id,
            },
        )
        _must_have_room(uow, command.count_id)
    return Recorded(command.count_id)


@whole_act
def forget_counted(command: ForgetCounted, uow: UnitOfWork) -> Recorded:
    """Take a product out of a count; one that is not in it is fine, too.

    Raises:
        NotFoundError: The shop has no such count.
        CountClosedError: It is posted or put aside.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.count_id):
            return Recorded(command.count_id, replayed=True)
        _lock_open_count(uow, command.count_id, "FOR SHARE")
        uow.execute(
            """
            DELETE FROM stock_count_lines
             WHERE tenant_id = %(tenant_id)s AND count_id = %(count_id)s AND product_id = %(product_id)s
            """,
            {"count_id": command.count_id, "product_id": command.product_id},
        )
    return Recorded(command.count_id)


@whole_act
def post_count(command: PostCount, uow: UnitOfWork) -> Recorded:
    """Post what differed, all products in one transaction at average cost; where nothing did, only close the count.

    Raises:
        NotFoundError: The shop has no such count.
        CountClosedError: It is posted or put aside.
        CountedMeanwhileError: It is not what was shown any more.
        OutOfStockError: More is missing of a product than there is by now: it was counted wrongly.
        PeriodLockedError: Today lies in a locked period.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.count_id):
            return Recorded(command.count_id, replayed=True)
        uow.execute("SET LOCAL statement_timeout = '30s'")  # a till gets five; twenty thousand products need more
        count = _lock_open_count(uow, command.count_id, "FOR NO KEY UPDATE")
        lines = _lines(uow, command.count_id)
        if not lines:
            raise RuleViolationError("Nothing has been counted yet. Scan a product first, or put the count aside.")
        if digest_of_count(lines) != command.digest:
            raise CountedMeanwhileError
        differences = {each.product_id: each.difference for each in lines if each.difference}
        if differences:
            uow.is_replay(command, id=command.id, kind="stock_count", memo=count.name)
            uow.post(stock.correct(uow, differences, account_of_reason(REASON, command.currency)))
        _close(uow, command.count_id, transaction_id=command.id if differences else None, is_posted=True)
    return Recorded(command.count_id)


@whole_act
def discard_count(command: DiscardCount, uow: UnitOfWork) -> Recorded:
    """Close a count without posting anything. What was counted can still be read.

    Raises:
        NotFoundError: The shop has no such count.
        CountClosedError: It is posted or put aside.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.count_id):
            return Recorded(command.count_id, replayed=True)
        _lock_open_count(uow, command.count_id, "FOR NO KEY UPDATE")
        _close(uow, command.count_id, transaction_id=None, is_posted=False)
    return Recorded(command.count_id)


def _lock_open_count(uow: UnitOfWork, count_id: uuid.UUID, lock: str) -> Row[Any]:
    """Lock a count: those who count share it, whoever closes it waits for them and they for whoever does."""
    row = uow.execute(
        f"SELECT name, closed_at FROM stock_counts WHERE tenant_id = %(tenant_id)s AND id = %(id)s {lock}",
        {"id": count_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such count in this shop.")
    if row.closed_at is not None:
        raise CountClosedError
    return row


def _must_keep_stock(uow: UnitOfWork, product_id: uuid.UUID) -> None:
    row = uow.execute(
        """
        SELECT p.name, p.stock_policy <> 'none' AND l.product_id IS NOT NULL AS keeps_stock
          FROM products AS p
          LEFT JOIN stock_levels AS l ON l.tenant_id = %(tenant_id)s AND l.product_id = p.id
         WHERE p.tenant_id = %(tenant_id)s AND p.id = %(id)s
        """,
        {"id": product_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such product in this shop.")
    if not row.keeps_stock:
        raise RuleViolationError(gettext("%(name)s keeps no stock, so there is nothing to count.", name=row.name))


def _must_be_countable(quantity: Decimal) -> None:
    if quantity >= QUANTITY_LIMIT:
        raise InvalidQuantityError("This is more than can be counted. Enter less.")


def _must_have_room(uow: UnitOfWork, count_id: uuid.UUID) -> None:
    lines = uow.execute(
        "SELECT count(*) FROM stock_count_lines WHERE tenant_id = %(tenant_id)s AND count_id = %(id)s", {"id": count_id}
    ).scalar_one()
    if lines > COUNT_LINES_MAX:
        raise RuleViolationError(
            gettext(
                "A count holds %(count_lines_max)s products. Post it, and begin another.",
                count_lines_max=f"{COUNT_LINES_MAX:,}",
            )
        )


def _lines(uow: UnitOfWork, count_id: uuid.UUID) -> list[CountedLine]:
    rows = uow.execute(
        """
        SELECT product_id, expected, counted FROM stock_count_lines
         WHERE tenant_id = %(tenant_id)s AND count_id = %(id)s
         ORDER BY product_id
        """,
        {"id": count_id},
    )
    return [CountedLine(row.product_id, row.expected, row.counted) for row in rows]


def _close(uow: UnitOfWork, count_id: uuid.UUID, *, transaction_id: uuid.UUID | None, is_posted: bool) -> None:
    uow.execute(
        """
        UPDATE stock_counts
           SET closed_at = now(), closed_by = %(actor_id)s, is_posted = %(is_posted)s,
               transaction_id = %(transaction_id)s::uuid
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        """,
        {"id": count_id, "transaction_id": transaction_id, "is_posted": is_posted, "actor_id": uow.actor_id},
    )
