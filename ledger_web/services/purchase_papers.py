"""The vendor's own papers, kept with their purchase."""

import hashlib
import uuid
from dataclasses import dataclass, field

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.papers import media_type_of
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

PAPERS_MAX = 20


@dataclass(frozen=True, kw_only=True)
class AddPaper:
    """Keep a photo or a PDF of the vendor's paper."""

    id: uuid.UUID
    purchase_id: uuid.UUID
    name: str
    content: bytes = field(repr=False)


@whole_act
def add_paper(command: AddPaper, uow: UnitOfWork) -> Recorded:
    """Keep a paper with its purchase; the same file twice is one.

    Raises:
        NotFoundError: The shop has no such purchase.
        RuleViolationError: It is no photo and no PDF, too large, or one of too many.
    """
    media_type = media_type_of(command.content)
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.purchase_id):
            return Recorded(command.purchase_id, replayed=True)
        row = uow.execute(
            """
            SELECT p.id, (SELECT count(*) FROM purchase_papers AS x
                           WHERE x.tenant_id = %(tenant_id)s AND x.purchase_id = p.id) AS papers
              FROM purchases AS p
             WHERE p.tenant_id = %(tenant_id)s AND p.id = %(id)s
               FOR NO KEY UPDATE OF p
            """,
            {"id": command.purchase_id},
        ).one_or_none()
        if row is None:
            raise NotFoundError("There is no such purchase in this shop.")
        if row.papers >= PAPERS_MAX:
            raise RuleViolationError(gettext("A purchase keeps at most %(papers_max)s papers.", papers_max=PAPERS_MAX))
        uow.execute(
            """
            INSERT INTO purchase_papers
                   (tenant_id, id, purchase_id, name, media_type, digest, content, added_by, added_at)
            VALUES (%(tenant_id)s, %(id)s, %(purchase_id)s, %(name)s, %(media_type)s, %(digest)s, %(content)s,
                    %(added_by)s, now())
            ON CONFLICT (tenant_id, purchase_id, digest) DO NOTHING
            """,
            {
                "id": command.id,
                "purchase_id": command.purchase_id,
                "name": command.name,
                "media_type": media_type,
                "digest": hashlib.sha256(command.content).digest(),
                "content": command.content,
                "added_by": uow.actor_id,
            },
        )
    return Recorded(command.purchase_id)
