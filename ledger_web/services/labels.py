"""Labels: the queue of what a person is about to print, and codes for products that have none."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.internal_codes import COUNTER_MAX, internal_code
from ledger_web.domain.labels import COPIES_MAX
from ledger_web.domain.languages import gettext
from ledger_web.services import label_queue
from ledger_web.services.label_queue import QueueLine
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

PRODUCTS_MAX = 5000  # with a code given in one act


@dataclass(frozen=True, kw_only=True)
class QueueLabel:
    """Print labels of a product or of a pack of it; more of what is queued already."""

    op_id: uuid.UUID
    product_id: uuid.UUID
    copies: int  # 1 to COPIES_MAX
    unit_id: uuid.UUID | None = None  # None: the base unit


@dataclass(frozen=True, kw_only=True)
class QueueProducts:
    """Print a label of each of several products, those that are queued already left as they are."""

    op_id: uuid.UUID
    product_ids: tuple[uuid.UUID, ...]
    copies: int = 1


@dataclass(frozen=True, kw_only=True)
class SetCopies:
    """Print so many labels of a queued product; none takes it out."""

    op_id: uuid.UUID
    line_id: uuid.UUID
    copies: int  # 0 to COPIES_MAX


@dataclass(frozen=True, kw_only=True)
class EmptyLabelQueue:
    """Forget what is queued: it was printed, or is not wanted."""

    op_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class GiveCodes:
    """Give a code of the shop's own to products that have none."""

    op_id: uuid.UUID
    product_id: uuid.UUID | None = None  # None: to every product in use that has none


@whole_act
def queue_label(command: QueueLabel, uow: UnitOfWork) -> Recorded:
    """Queue labels for whoever acts.

    Raises:
        NotFoundError: The shop has no such product, or the product no such pack.
        RuleViolationError: More copies than may be printed at once.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.product_id):
            return Recorded(command.product_id, replayed=True)
        line = QueueLine(command.product_id, _allowed(command.copies), command.unit_id)
        if not label_queue.add(uow, [line]):
            raise NotFoundError("There is no such product in this shop.")
    return Recorded(command.product_id)


@whole_act
def queue_products(command: QueueProducts, uow: UnitOfWork) -> int:
    """Queue labels of all these products that are not queued yet.

    Returns:
        How many were added; 0 for a resubmission.

    Raises:
        RuleViolationError: More products than labels may be printed at once.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id):
            return 0
        if len(command.product_ids) > COPIES_MAX:
            raise RuleViolationError(
                gettext("These are more than %(copies_max)s products. Search for fewer.", copies_max=f"{COPIES_MAX:,}")
            )
        lines = [QueueLine(product_id, _allowed(command.copies)) for product_id in command.product_ids]
        return label_queue.add(uow, lines, if_new=True)


@whole_act
def set_copies(command: SetCopies, uow: UnitOfWork) -> Recorded:
    """Change how many labels of a line of the queue are printed.

    Raises:
        NotFoundError: Whoever acts has no such line.
        RuleViolationError: More copies than may be printed at once.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.line_id):
            return Recorded(command.line_id, replayed=True)
        if command.copies == 0:
            act = "DELETE FROM label_queue"
        else:
            act = "UPDATE label_queue SET copies = %(copies)s"
            _allowed(command.copies)
        found = uow.execute(
            act + " WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s AND id = %(id)s RETURNING id",
            {"user_id": uow.actor_id, "id": command.line_id, "copies": command.copies},
        ).first()
        if found is None:
            raise NotFoundError("That label is not in your queue any more.")
    return Recorded(command.line_id)


@whole_act
def empty_label_queue(command: EmptyLabelQueue, uow: UnitOfWork) -> Recorded:
    """Forget what whoever acts has queued."""
    with uow:
        if not uow.is_resubmission(command, id=command.op_id):
            uow.execute(
                "DELETE FROM label_queue WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s",
                {"user_id": uow.actor_id},
            )
    return Recorded(command.op_id)


@whole_act
def give_codes(command: GiveCodes, uow: UnitOfWork) -> int:
    """Give codes from the shop's counter; a number that somebody typed by hand is passed over, for good.

    Returns:
        How many products got one; 0 for a resubmission, or where each has one already.

    Raises:
        NotFoundError: The shop has no such product.
        RuleViolationError: The range of the shop is used up.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.product_id):
            return 0
        # Lock, then look: whoever waits here for the counter sees, in the next statement, what was given meanwhile.
        _numbers(uow, 0)
        without = _products_without_code(uow, command.product_id)
        if without:
            _insert_codes(uow, without)
            uow.audit("barcode.give", holder=command.product_id, after={"products": len(without)})
    return len(without)


def _allowed(copies: int) -> int:
    if not 1 <= copies <= COPIES_MAX:
        raise RuleViolationError(
            gettext("Print from 1 to %(copies_max)s labels of a product at once.", copies_max=f"{COPIES_MAX:,}")
        )
    return copies


def _check_product(uow: UnitOfWork, product_id: uuid.UUID) -> None:
    known = uow.execute(
        "SELECT 1 FROM products WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": product_id}
    ).first()
    if known is None:
        raise NotFoundError("There is no such product in this shop.")


def _products_without_code(uow: UnitOfWork, product_id: uuid.UUID | None) -> list[uuid.UUID]:
    """Return the products to give a code to, in id order; the counter's row is held, so no other act gives any."""
    if product_id is not None:
        _check_product(uow, product_id)
    rows = uow.execute(
        """
        SELECT p.id FROM products AS p
         WHERE p.tenant_id = %(tenant_id)s
           AND p.archived_at IS NULL
           AND (%(product_id)s::uuid IS NULL OR p.id = %(product_id)s::uuid)
           AND NOT EXISTS (SELECT 1 FROM barcodes AS b
                            WHERE b.tenant_id = %(tenant_id)s AND b.product_id = p.id)
         ORDER BY p.id
         LIMIT %(most)s
        """,
        {"product_id": product_id, "most": PRODUCTS_MAX},
    )
    return list(rows.scalars())


def _insert_codes(uow: UnitOfWork, products: Sequence[uuid.UUID]) -> None:
    left = list(products)
    while left:
        codes = [internal_code(number) for number in _numbers(uow, len(left))]
        given = set(
            uow.execute(
                """
                INSERT INTO barcodes AS b (tenant_id, code, product_id, symbology, created_at)
                SELECT s.tenant_id, n.code, n.product_id, 'ean13', now()
                  FROM tenants AS s
                 CROSS JOIN unnest(%(codes)s::text[], %(products)s::uuid[]) AS n(code, product_id)
                 WHERE s.tenant_id = %(tenant_id)s
                ON CONFLICT (tenant_id, code) DO NOTHING
                RETURNING b.product_id
                """,
                {"codes": codes, "products": left},
            ).scalars()
        )
        left = [product_id for product_id in left if product_id not in given]


def _numbers(uow: UnitOfWork, count: int) -> range:
    """Take numbers from the shop's counter; its row serves one act at a time."""
    last: int = uow.execute(
        """
        INSERT INTO number_series AS n (tenant_id, document, series, last_number)
        VALUES (%(tenant_id)s, 'barcode', 'internal', %(count)s)
        ON CONFLICT (tenant_id, document, series) DO UPDATE SET last_number = n.last_number + %(count)s
        RETURNING n.last_number
        """,
        {"count": count},
    ).scalar_one()
    if last > COUNTER_MAX:
        raise RuleViolationError("The shop's own codes are used up. Type the maker's codes instead.")
    return range(last - count + 1, last + 1)
