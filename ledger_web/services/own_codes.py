"""Codes of the shop's own: given to products that have none, or reserved to be printed ahead."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.internal_codes import BLOCK_MAX, COUNTER_MAX, internal_code
from ledger_web.domain.languages import gettext
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

PRODUCTS_MAX = 5000  # with a code given in one act

# The counter of each kind. Whoever gives codes waits at the first of them.
_SERIES = {"ean13": "internal", "ean8": "internal-ean8", "code128": "internal-code128"}


@dataclass(frozen=True, kw_only=True)
class GiveCodes:
    """Give a code of the shop's own to products that have none."""

    op_id: uuid.UUID
    product_id: uuid.UUID | None = None  # None: to every product in use that has none
    symbology: str = "ean13"  # one of COUNTER_MAX; a single product may have one of each


@dataclass(frozen=True, kw_only=True)
class ReserveCodes:
    """Keep the next codes of a kind for labels that are printed ahead."""

    id: uuid.UUID
    symbology: str
    count: int  # 1 to BLOCK_MAX
    note: str = ""


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
        _take(uow, "ean13", 0)
        without = _products_without_code(uow, command)
        if without:
            _insert_codes(uow, without, command.symbology)
            uow.audit("barcode.give", holder=command.product_id, after={"products": len(without)})
    return len(without)


@whole_act
def reserve_codes(command: ReserveCodes, uow: UnitOfWork) -> Recorded:
    """Take the next numbers from the shop's counter: nobody else gets them, and they mean nothing until attached.

    Raises:
        RuleViolationError: None or too many at once, or the range of the shop is used up.
    """
    if not 1 <= command.count <= BLOCK_MAX:
        raise RuleViolationError(gettext("Reserve from 1 to %(most)s codes at once.", most=f"{BLOCK_MAX:,}"))
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        numbers = _take(uow, command.symbology, command.count)
        uow.execute(
            """
            INSERT INTO code_blocks (tenant_id, id, symbology, first_number, last_number, note, reserved_by)
            VALUES (%(tenant_id)s, %(id)s, %(symbology)s, %(first)s, %(last)s, %(note)s, %(user_id)s)
            """,
            {
                "id": command.id,
                "symbology": command.symbology,
                "first": numbers[0],
                "last": numbers[-1],
                "note": command.note,
                "user_id": uow.actor_id,
            },
        )
        ends = [internal_code(number, command.symbology) for number in (numbers[0], numbers[-1])]
        uow.audit("barcode.reserve", holder=None, after={"first": ends[0], "last": ends[1]})
    return Recorded(command.id)


def _check_product(uow: UnitOfWork, product_id: uuid.UUID) -> None:
    known = uow.execute(
        "SELECT 1 FROM products WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": product_id}
    ).first()
    if known is None:
        raise NotFoundError("There is no such product in this shop.")


def _products_without_code(uow: UnitOfWork, command: GiveCodes) -> list[uuid.UUID]:
    """Return the products to give a code to, in id order; the counter's row is held, so no other act gives any."""
    if command.product_id is not None:
        _check_product(uow, command.product_id)
    rows = uow.execute(
        """
        SELECT p.id FROM products AS p
         WHERE p.tenant_id = %(tenant_id)s
           AND p.archived_at IS NULL
           AND (%(product_id)s::uuid IS NULL OR p.id = %(product_id)s::uuid)
           AND NOT EXISTS (SELECT 1 FROM barcodes AS b
                            WHERE b.tenant_id = %(tenant_id)s AND b.product_id = p.id
                              AND (%(product_id)s::uuid IS NULL
                                   OR (b.symbology = %(symbology)s AND b.unit_id IS NULL)))
         ORDER BY p.id
         LIMIT %(most)s
        """,
        {"product_id": command.product_id, "symbology": command.symbology, "most": PRODUCTS_MAX},
    )
    return list(rows.scalars())


def _insert_codes(uow: UnitOfWork, products: Sequence[uuid.UUID], symbology: str) -> None:
    left = list(products)
    while left:
        codes = [internal_code(number, symbology) for number in _take(uow, symbology, len(left))]
        given = set(
            uow.execute(
                """
                INSERT INTO barcodes AS b (tenant_id, code, product_id, symbology, created_at)
                SELECT s.tenant_id, n.code, n.product_id, %(symbology)s, now()
                  FROM tenants AS s
                 CROSS JOIN unnest(%(codes)s::text[], %(products)s::uuid[]) AS n(code, product_id)
                 WHERE s.tenant_id = %(tenant_id)s
                ON CONFLICT (tenant_id, code) DO NOTHING
                RETURNING b.product_id
                """,
                {"codes": codes, "products": left, "symbology": symbology},
            ).scalars()
        )
        left = [product_id for product_id in left if product_id not in given]


def _take(uow: UnitOfWork, symbology: str, count: int) -> range:
    """Take numbers from a counter of the shop; its row serves one act at a time."""
    last: int = uow.execute(
        """
        INSERT INTO number_series AS n (tenant_id, document, series, last_number)
        VALUES (%(tenant_id)s, 'barcode', %(series)s, %(count)s)
        ON CONFLICT (tenant_id, document, series) DO UPDATE SET last_number = n.last_number + %(count)s
        RETURNING n.last_number
        """,
        {"count": count, "series": _SERIES[symbology]},
    ).scalar_one()
    if last > COUNTER_MAX[symbology]:
        raise RuleViolationError(
            "The shop's own codes of this kind are used up. Choose another kind, or type the maker's codes instead."
        )
    return range(last - count + 1, last + 1)
