"""How little of a product is too little, and up to how much it is bought again."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from ledger_web.domain.errors import NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.stock import QUANTITY_LIMIT
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class SetReorderLevel:
    """Ask for a product to be bought when less than `level` is on hand; None: do not ask."""

    op_id: uuid.UUID
    product_id: uuid.UUID
    version: int  # of the product, as it was shown
    level: Decimal | None  # base units, >= 0
    up_to: Decimal | None  # base units, >= level; None: up to the level


@whole_act
def set_reorder_level(command: SetReorderLevel, uow: UnitOfWork) -> Recorded:
    """Set the level under which a product is on the list of what to buy.

    Raises:
        NotFoundError: The shop has no such product.
        StaleEditError: It was changed since it was shown.
        RuleViolationError: It would be bought up to less than the level, or without a level.
    """
    _must_make_sense(command.level, command.up_to)
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.product_id):
            return Recorded(command.product_id, replayed=True)
        before = uow.execute(
            """
            SELECT version, reorder_level, reorder_to FROM products
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s
               FOR NO KEY UPDATE
            """,
            {"id": command.product_id},
        ).one_or_none()
        if before is None:
            raise NotFoundError("There is no such product in this shop.")
        if before.version != command.version:
            raise StaleEditError
        uow.execute(
            """
            UPDATE products SET reorder_level = %(level)s, reorder_to = %(up_to)s, version = version + 1
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s
            """,
            {"id": command.product_id, "level": command.level, "up_to": command.up_to},
        )
        uow.audit(
            "product.reorder_level",
            holder=command.product_id,
            before={"level": before.reorder_level, "up_to": before.reorder_to},
            after={"level": command.level, "up_to": command.up_to},
        )
    return Recorded(command.product_id)


def _must_make_sense(level: Decimal | None, up_to: Decimal | None) -> None:
    if level is None:
        if up_to is not None:
            raise RuleViolationError("Buy up to: Say first how little is too little, or leave both empty.")
        return
    if max(level, up_to or level) >= QUANTITY_LIMIT:
        raise RuleViolationError("This is more than can be counted. Enter less.")
    if up_to is not None and up_to < level:
        raise RuleViolationError("Buy up to: Enter as much as the level or more.")
