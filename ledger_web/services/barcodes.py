"""Codes that mean a product or a pack of it: given and taken away."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from ledger_web.domain import products as rules
from ledger_web.domain.barcodes import Barcode
from ledger_web.domain.errors import DuplicateBarcodeError, NotFoundError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.services.product_rows import lock_product
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class AddBarcode:
    """Let a code mean this product."""

    op_id: uuid.UUID
    product_id: uuid.UUID
    barcode: Barcode
    unit_id: uuid.UUID | None = None  # one of the product's units; None: its base unit


@dataclass(frozen=True, kw_only=True)
class RemoveBarcode:
    """Let a code mean nothing any more."""

    op_id: uuid.UUID
    product_id: uuid.UUID
    code: str


@whole_act
def add_barcode(command: AddBarcode, uow: UnitOfWork) -> Recorded:
    """Let a code mean this product.

    Raises:
        NotFoundError: The shop has no such product, or the product no such unit.
        DuplicateBarcodeError: It means a product already; the sentence names it.
        RuleViolationError: The product has as many codes as it can have.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.product_id):
            return Recorded(command.product_id, replayed=True)
        lock_product(uow, command.product_id)
        if command.unit_id:
            _must_be_its_unit(uow, command.product_id, command.unit_id)
        insert_barcodes(uow, command.product_id, [command.barcode], unit_id=command.unit_id)
        _must_not_have_too_many(uow, command.product_id)
        uow.audit("barcode.add", holder=command.product_id, after={"code": command.barcode.code})
    return Recorded(command.product_id)


@whole_act
def remove_barcode(command: RemoveBarcode, uow: UnitOfWork) -> Recorded:
    """Let a code mean nothing any more. A code that meant nothing before is fine, too.

    Raises:
        NotFoundError: The shop has no such product.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.product_id):
            return Recorded(command.product_id, replayed=True)
        lock_product(uow, command.product_id)
        uow.execute(
            """
            DELETE FROM barcodes
             WHERE tenant_id = %(tenant_id)s AND code = %(code)s AND product_id = %(product_id)s
            """,
            {"code": command.code, "product_id": command.product_id},
        )
        uow.audit("barcode.remove", holder=command.product_id, before={"code": command.code})
    return Recorded(command.product_id)


def insert_barcodes(
    uow: UnitOfWork, product_id: uuid.UUID, barcodes: Sequence[Barcode], *, unit_id: uuid.UUID | None = None
) -> None:
    """Give codes to a product, or to a unit of it. Waits for whoever is giving one of them away at this moment."""
    wanted = {barcode.code: barcode.symbology for barcode in barcodes}
    if not wanted:
        return
    # In code order, so that two acts giving the same codes cannot wait for each other.
    codes = sorted(wanted)
    new = uow.execute(
        """
        INSERT INTO barcodes AS b (tenant_id, code, product_id, unit_id, symbology, created_at)
        SELECT p.tenant_id, n.code, p.id, %(unit_id)s::uuid, n.symbology, now()
          FROM products AS p
         CROSS JOIN unnest(%(codes)s::text[], %(symbologies)s::text[]) AS n(code, symbology)
         WHERE p.tenant_id = %(tenant_id)s AND p.id = %(product_id)s
        ON CONFLICT (tenant_id, code) DO NOTHING
        RETURNING b.code
        """,
        {
            "product_id": product_id,
            "unit_id": unit_id,
            "codes": codes,
            "symbologies": [wanted[code] for code in codes],
        },
    ).scalars()
    taken = wanted.keys() - set(new)
    if taken:
        raise _holder_of(uow, min(taken))


def _holder_of(uow: UnitOfWork, code: str) -> DuplicateBarcodeError:
    holder = uow.execute(
        """
        SELECT p.name
          FROM barcodes AS b
          JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = b.product_id
         WHERE b.tenant_id = %(tenant_id)s AND b.code = %(code)s
        """,
        {"code": code},
    ).scalar_one_or_none()
    return DuplicateBarcodeError(code, holder or "")


def _must_be_its_unit(uow: UnitOfWork, product_id: uuid.UUID, unit_id: uuid.UUID) -> None:
    found = uow.execute(
        """
        SELECT 1 FROM product_units
         WHERE tenant_id = %(tenant_id)s AND product_id = %(product_id)s AND id = %(id)s
        """,
        {"product_id": product_id, "id": unit_id},
    ).first()
    if found is None:
        raise NotFoundError("This product has no such unit.")


def _must_not_have_too_many(uow: UnitOfWork, product_id: uuid.UUID) -> None:
    count = uow.execute(
        "SELECT count(*) FROM barcodes WHERE tenant_id = %(tenant_id)s AND product_id = %(id)s", {"id": product_id}
    ).scalar_one()
    if count > rules.BARCODES_MAX:
        raise RuleViolationError(
            gettext(
                "A product has at most %(barcodes_max)s barcodes. Remove one first.", barcodes_max=rules.BARCODES_MAX
            )
        )
