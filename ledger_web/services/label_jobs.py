"""Printing labels: what is queued becomes a job, which can be printed again."""

import uuid
from dataclasses import dataclass

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.labels import COPIES_MANY, COPIES_MAX, TEMPLATES
from ledger_web.domain.languages import gettext
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class PrintLabels:
    """Print what whoever acts has queued, and forget the queue."""

    id: uuid.UUID
    template: str  # name of a built-in one, or the id of one of the shop's own
    start: int = 1  # the first free place of the first sheet
    without_price: bool = False
    printer_id: uuid.UUID | None = None
    is_meant: bool = False  # that many labels


@dataclass(frozen=True, kw_only=True)
class ReprintLabels:
    """Print the labels of a job again, from the first place of a sheet, with the prices of now."""

    id: uuid.UUID
    job_id: uuid.UUID


@whole_act
def print_labels(command: PrintLabels, uow: UnitOfWork) -> Recorded:
    """Make a job of the queue.

    Raises:
        NotFoundError: The shop has no such template or printer.
        RuleViolationError: Nothing is queued, too much is, or much that nobody said was meant.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.id):
            return Recorded(command.id, replayed=True)
        _check_template(uow, command.template)
        _check_printer(uow, command.printer_id)
        # Lock, then look: what is added meanwhile waits, and is not lost when the queue is emptied.
        queued = uow.execute(
            """
            SELECT id, product_id, unit_id, copies FROM label_queue
             WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s
             ORDER BY queued_at, id
               FOR NO KEY UPDATE
            """,
            {"user_id": uow.actor_id},
        ).all()
        total = sum(row.copies for row in queued)
        _check_total(total, is_meant=command.is_meant)
        _insert_job(uow, command.id, command.template, command.printer_id, command.start, command.without_price, total)
        uow.execute(
            """
            INSERT INTO label_job_lines (tenant_id, job_id, position, product_id, unit_id, copies)
            SELECT q.tenant_id, %(job_id)s, row_number() OVER (ORDER BY q.queued_at, q.id), q.product_id, q.unit_id,
                   q.copies
              FROM label_queue AS q
             WHERE q.tenant_id = %(tenant_id)s AND q.id = ANY(%(ids)s)
            """,
            {"job_id": command.id, "ids": [row.id for row in queued]},
        )
        uow.execute(
            "DELETE FROM label_queue WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)",
            {"ids": [row.id for row in queued]},
        )
        uow.audit("label.print", holder=command.id, after={"labels": total, "template": command.template})
    return Recorded(command.id)


@whole_act
def reprint_labels(command: ReprintLabels, uow: UnitOfWork) -> Recorded:
    """Make a job like another.

    Raises:
        NotFoundError: The shop has no such job.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.job_id):
            return Recorded(command.id, replayed=True)
        copied = uow.execute(
            """
            INSERT INTO label_jobs (tenant_id, id, user_id, template, printer_id, start, without_price, labels,
                                    reprint_of)
            SELECT j.tenant_id, %(id)s, %(user_id)s, j.template, j.printer_id, 1, j.without_price, j.labels, j.id
              FROM label_jobs AS j
             WHERE j.tenant_id = %(tenant_id)s AND j.id = %(job_id)s
            RETURNING labels, template
            """,
            {"id": command.id, "user_id": uow.actor_id, "job_id": command.job_id},
        ).one_or_none()
        if copied is None:
            raise NotFoundError("These labels were never printed in this shop.")
        uow.execute(
            """
            INSERT INTO label_job_lines (tenant_id, job_id, position, product_id, unit_id, copies)
            SELECT l.tenant_id, %(id)s, l.position, l.product_id, l.unit_id, l.copies
              FROM label_job_lines AS l
             WHERE l.tenant_id = %(tenant_id)s AND l.job_id = %(job_id)s
            """,
            {"id": command.id, "job_id": command.job_id},
        )
        uow.audit("label.print", holder=command.id, after={"labels": copied.labels, "template": copied.template})
    return Recorded(command.id)


def _check_total(total: int, *, is_meant: bool) -> None:
    if total == 0:
        raise RuleViolationError("Nothing is queued yet. Scan or type a product first.")
    if total > COPIES_MAX:
        raise RuleViolationError(
            gettext(
                "These are %(total)s labels. Print at most %(copies_max)s at once.",
                total=f"{total:,}",
                copies_max=f"{COPIES_MAX:,}",
            )
        )
    if total > COPIES_MANY and not is_meant:
        raise RuleViolationError(
            gettext("These are %(total)s labels. Tick the box if you mean that many.", total=f"{total:,}")
        )


def _check_template(uow: UnitOfWork, key: str) -> None:
    if key in TEMPLATES:
        return
    found = uow.execute(
        "SELECT 1 FROM label_templates WHERE tenant_id = %(tenant_id)s AND id::text = %(key)s AND archived_at IS NULL",
        {"key": key},
    ).first()
    if found is None:
        raise NotFoundError("There is no such label template in this shop.")


def _check_printer(uow: UnitOfWork, printer_id: uuid.UUID | None) -> None:
    if printer_id is None:
        return
    found = uow.execute(
        "SELECT 1 FROM label_printers WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND archived_at IS NULL",
        {"id": printer_id},
    ).first()
    if found is None:
        raise NotFoundError("There is no such printer in this shop.")


def _insert_job(
    uow: UnitOfWork,
    job_id: uuid.UUID,
    template: str,
    printer_id: uuid.UUID | None,
    start: int,
    without_price: bool,
    labels: int,
) -> None:
    uow.execute(
        """
        INSERT INTO label_jobs (tenant_id, id, user_id, template, printer_id, start, without_price, labels)
        VALUES (%(tenant_id)s, %(id)s, %(user_id)s, %(template)s, %(printer_id)s, %(start)s, %(without_price)s,
                %(labels)s)
        """,
        {
            "id": job_id,
            "user_id": uow.actor_id,
            "template": template,
            "printer_id": printer_id,
            "start": start,
            "without_price": without_price,
            "labels": labels,
        },
    )
