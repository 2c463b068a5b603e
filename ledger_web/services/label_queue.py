"""The queue of labels inside an act: what came in, or what costs something else now, may be queued on the way."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from ledger_web.domain.ids import new_id
from ledger_web.domain.labels import COPIES_MAX
from ledger_web.services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class QueueLine:
    """So many labels of a product, or of a pack of it."""

    product_id: uuid.UUID
    copies: int  # >= 1; more than COPIES_MAX are as many as that
    unit_id: uuid.UUID | None = None  # None: the base unit


def add(uow: UnitOfWork, lines: Sequence[QueueLine], *, if_new: bool = False) -> int:
    """Queue labels for whoever acts, within their act; what is queued already gets more copies.

    Products and packs that are not this shop's are passed over.

    Args:
        if_new: What is queued already stays as it is.

    Returns:
        How many lines of the queue are new or have more copies.
    """
    copies: dict[tuple[uuid.UUID, uuid.UUID | None], int] = {}
    for line in lines:
        key = line.product_id, line.unit_id
        copies[key] = min(copies.get(key, 0) + line.copies, COPIES_MAX)
    if not copies:
        return 0
    in_order = sorted(copies, key=str)  # so that two acts never wait for each other
    rows = uow.execute(
        """
        INSERT INTO label_queue AS q (tenant_id, id, user_id, product_id, unit_id, copies, queued_at)
        SELECT p.tenant_id, n.id, %(user_id)s::uuid, p.id, u.id, n.copies, clock_timestamp()
          FROM unnest(%(ids)s::uuid[], %(products)s::uuid[], %(units)s::uuid[], %(copies)s::integer[])
            AS n(id, product_id, unit_id, copies)
          JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = n.product_id
          LEFT JOIN product_units AS u
            ON u.tenant_id = %(tenant_id)s AND u.product_id = n.product_id AND u.id = n.unit_id
         WHERE n.unit_id IS NULL OR u.id IS NOT NULL
        ON CONFLICT (tenant_id, user_id, product_id, unit_id)
        DO UPDATE SET copies = least(q.copies + excluded.copies, %(most)s) WHERE NOT %(if_new)s
        RETURNING q.id
        """,
        {
            "user_id": uow.actor_id,
            "ids": [new_id() for _ in in_order],
            "products": [product_id for product_id, _ in in_order],
            "units": [unit_id for _, unit_id in in_order],
            "copies": [copies[key] for key in in_order],
            "most": COPIES_MAX,
            "if_new": if_new,
        },
    )
    return len(rows.all())
