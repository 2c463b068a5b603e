"""Printing receipts: each print is counted and written down."""

import uuid
from dataclasses import dataclass

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.services.mailing import ShopsMail, count_mail
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class PrintReceipt:
    """Print the receipt of a sale once."""

    id: uuid.UUID  # of the print
    sale_id: uuid.UUID
    paper: str  # a key of domain.receipts.PAPERS, or "pdf" or "mail"
    may_copy: bool  # whoever prints may print more than the first
    mail: ShopsMail | None = None  # of one that is sent


@whole_act
def print_receipt(command: PrintReceipt, uow: UnitOfWork) -> Recorded:
    """Count a print. The sale is held, so that two prints at once have two numbers.

    Raises:
        NotFoundError: The shop has no such sale.
        RuleViolationError: It was printed already, and this person may not print copies.
        TooMuchMailError: It is to be sent, and the shop or this address had enough e-mail for now. It is not counted.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.sale_id):
            return Recorded(command.id, replayed=True)
        sale = uow.execute(
            """
            SELECT id FROM sales
             WHERE tenant_id = %(tenant_id)s AND id = %(sale_id)s
               FOR NO KEY UPDATE
            """,
            {"sale_id": command.sale_id},
        ).one_or_none()
        if sale is None:
            raise NotFoundError("There is no such sale in this shop.")
        made = uow.execute(
            """
            INSERT INTO receipt_prints AS p (tenant_id, id, sale_id, number, paper, drawer_id, printed_by, printed_at)
            SELECT s.tenant_id, %(id)s, s.id, n.last + 1, %(paper)s, s.drawer_id, %(actor_id)s, now()
              FROM sales AS s
             CROSS JOIN (SELECT coalesce(max(p.number), 0) AS last FROM receipt_prints AS p
                          WHERE p.tenant_id = %(tenant_id)s AND p.sale_id = %(sale_id)s) AS n
             WHERE s.tenant_id = %(tenant_id)s AND s.id = %(sale_id)s
            RETURNING p.number
            """,
            {"id": command.id, "sale_id": command.sale_id, "paper": command.paper, "actor_id": uow.actor_id},
        ).one()
        if made.number > 1 and not command.may_copy:
            raise RuleViolationError("This receipt was printed already. Ask somebody who may print copies.")
        if command.mail:
            count_mail(uow, command.mail)
            uow.audit("receipt.send", holder=command.sale_id, after={"to": command.mail.to, "print": made.number})
    return Recorded(command.id)
