"""What every act on a draft begins with: its row, held, so that two people on one draft take turns."""

import uuid
from typing import Any, Final

from sqlalchemy import Row

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.services.unit_of_work import UnitOfWork

NO_DRAFT: Final = "There is no such draft in this shop. It was received or thrown away meanwhile, perhaps."
HEAD: Final = "id, vendor_id, currency, rate, rate_unit, rate_source, invoice_on"


def touch_draft(uow: UnitOfWork, draft_id: uuid.UUID) -> Row[Any]:
    """Lock a draft and raise its version."""
    row = uow.execute(
        f"""
        UPDATE purchase_drafts SET version = version + 1
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        RETURNING {HEAD}
        """,
        {"id": draft_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError(NO_DRAFT)
    return row


def vendor_of(uow: UnitOfWork, vendor_id: uuid.UUID) -> Row[Any]:
    """Return the vendor somebody chose, who must not be archived."""
    row = uow.execute(
        """
        SELECT name, currency, archived_at FROM parties
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND kind = 'vendor'
        """,
        {"id": vendor_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such vendor in this shop. Choose the vendor again.")
    if row.archived_at is not None:
        raise RuleViolationError(gettext("%(name)s is archived. Take them out of the archive first.", name=row.name))
    return row
