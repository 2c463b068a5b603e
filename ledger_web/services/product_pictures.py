"""The picture of a product: put there, replaced, taken away."""

import uuid
from dataclasses import dataclass

from ledger_web.domain.photos import read_photo
from ledger_web.services.product_rows import lock_product
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class SetPicture:
    """Show a product with this picture."""

    op_id: uuid.UUID
    product_id: uuid.UUID
    content: bytes  # a file as it was uploaded


@dataclass(frozen=True, kw_only=True)
class RemovePicture:
    """Show a product without a picture."""

    op_id: uuid.UUID
    product_id: uuid.UUID


@whole_act
def set_picture(command: SetPicture, uow: UnitOfWork) -> Recorded:
    """Draw the picture anew and keep it in the place of the one before.

    Raises:
        NotFoundError: The shop has no such product.
        RuleViolationError: Not a picture, or too large a one.
    """
    photo = read_photo(command.content)
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.product_id):
            return Recorded(command.product_id, replayed=True)
        lock_product(uow, command.product_id)
        uow.execute(
            """
            INSERT INTO product_pictures AS p
                   (tenant_id, product_id, digest, large, small, width, height, uploaded_at)
            VALUES (%(tenant_id)s, %(product_id)s, %(digest)s, %(large)s, %(small)s, %(width)s, %(height)s, now())
            ON CONFLICT (tenant_id, product_id) DO UPDATE
               SET digest = excluded.digest, large = excluded.large, small = excluded.small, width = excluded.width,
                   height = excluded.height, uploaded_at = excluded.uploaded_at
            """,
            {
                "product_id": command.product_id,
                "digest": photo.digest,
                "large": photo.large,
                "small": photo.small,
                "width": photo.width,
                "height": photo.height,
            },
        )
        uow.audit("product.set_picture", holder=command.product_id, after={"digest": photo.digest})
    return Recorded(command.product_id)


@whole_act
def remove_picture(command: RemovePicture, uow: UnitOfWork) -> Recorded:
    """Take the picture away; none is fine, too.

    Raises:
        NotFoundError: The shop has no such product.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.product_id):
            return Recorded(command.product_id, replayed=True)
        lock_product(uow, command.product_id)
        uow.execute(
            "DELETE FROM product_pictures WHERE tenant_id = %(tenant_id)s AND product_id = %(product_id)s",
            {"product_id": command.product_id},
        )
        uow.audit("product.remove_picture", holder=command.product_id)
    return Recorded(command.product_id)
