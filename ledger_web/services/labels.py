"""Labels: the queue of what a person is about to print."""

import uuid
from dataclasses import dataclass

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.labels import COPIES_MAX
from ledger_web.domain.languages import gettext
from ledger_web.services import label_queue
from ledger_web.services.label_queue import QueueLine
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


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


def _allowed(copies: int) -> int:
    if not 1 <= copies <= COPIES_MAX:
        raise RuleViolationError(
            gettext("Print from 1 to %(copies_max)s labels of a product at once.", copies_max=f"{COPIES_MAX:,}")
        )
    return copies
