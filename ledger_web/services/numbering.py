"""Numbers of documents: one series a drawer, without gaps, because they are taken in the act that uses them."""

import uuid

from ledger_web.domain.errors import NotFoundError
from ledger_web.services.posting import Act, must_be_in_reach


def next_number(act: Act, document: str, drawer_id: uuid.UUID) -> str:
    """Take the next number of a drawer's series, such as "A-001042".

    Raises:
        NotFoundError: The shop has no such drawer in use.
        DrawerNotYoursError: It is beyond the reach of whoever acts.
    """
    must_be_in_reach([drawer_id])
    taken = act.execute(
        """
        INSERT INTO number_series AS n (tenant_id, document, series, last_number)
        SELECT d.tenant_id, %(document)s, d.series, 1
          FROM cash_drawers AS d
         WHERE d.tenant_id = %(tenant_id)s AND d.id = %(drawer_id)s AND d.active
        ON CONFLICT (tenant_id, document, series) DO UPDATE SET last_number = n.last_number + 1
        RETURNING n.series, n.last_number
        """,
        {"document": document, "drawer_id": drawer_id},
    ).one_or_none()
    if taken is None:
        raise NotFoundError("There is no such cash drawer in use in this shop. Choose another drawer.")
    return f"{taken.series}-{taken.last_number:06d}"
