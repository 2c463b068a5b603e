"""Categories of products: made when first named, renamed, taken away while nothing is in them."""

import uuid
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import gettext
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act

CATEGORIES_MAX: Final = 500


@dataclass(frozen=True, kw_only=True)
class RenameCategory:
    """Call a category something else, on every product in it."""

    op_id: uuid.UUID
    category_id: uuid.UUID
    name: str


@dataclass(frozen=True, kw_only=True)
class DeleteCategory:
    """Take away a category that no product is in."""

    op_id: uuid.UUID
    category_id: uuid.UUID


@whole_act
def rename_category(command: RenameCategory, uow: UnitOfWork) -> Recorded:
    """Rename a category.

    Raises:
        NotFoundError: The shop has no such category.
        RuleViolationError: Another one is called that.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.category_id):
            return Recorded(command.category_id, replayed=True)
        other = _find(uow, command.name)
        if other not in (None, command.category_id):
            raise RuleViolationError(
                gettext("Name: There is a category called %(name)s already. Choose another name.", name=command.name)
            )
        renamed = uow.execute(
            """
            UPDATE product_categories AS c SET name = %(name)s
             WHERE c.tenant_id = %(tenant_id)s AND c.id = %(id)s
            RETURNING c.id
            """,
            {"id": command.category_id, "name": command.name},
        ).first()
        if renamed is None:
            raise NotFoundError("There is no such category in this shop.")
        uow.audit("category.rename", holder=command.category_id, after={"name": command.name})
    return Recorded(command.category_id)


@whole_act
def delete_category(command: DeleteCategory, uow: UnitOfWork) -> Recorded:
    """Take away a category; one that is gone already is fine.

    Raises:
        RuleViolationError: There are products in it, archived ones included.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.category_id):
            return Recorded(command.category_id, replayed=True)
        try:
            gone = uow.execute(
                "DELETE FROM product_categories WHERE tenant_id = %(tenant_id)s AND id = %(id)s RETURNING name",
                {"id": command.category_id},
            ).scalar_one_or_none()
        except IntegrityError as error:
            if violated_constraint(error) != "products_category_fkey":
                raise
            raise RuleViolationError(
                "There are products in this category, archived ones included. Give them another category first."
            ) from error
        if gone is not None:
            uow.audit("category.delete", holder=command.category_id, before={"name": gone})
    return Recorded(command.category_id)


def find_category(uow: UnitOfWork, name: str) -> uuid.UUID | None:
    """Return the category of a name, made if there is none, and held until the commit; None for no name.

    Capitals do not make two categories of one.

    Raises:
        RuleViolationError: The shop has as many categories as it can have.
    """
    if not name:
        return None
    found = _find(uow, name)
    if found is not None:
        return found
    count = uow.execute("SELECT count(*) FROM product_categories WHERE tenant_id = %(tenant_id)s").scalar_one()
    if count >= CATEGORIES_MAX:
        raise RuleViolationError(
            gettext(
                "Category: A shop has at most %(categories_max)s categories. Choose one that is there.",
                categories_max=CATEGORIES_MAX,
            )
        )
    uow.execute(
        """
        INSERT INTO product_categories (tenant_id, id, name, created_at)
        VALUES (%(tenant_id)s, %(id)s, %(name)s, now())
        ON CONFLICT (tenant_id, name) DO NOTHING
        """,
        {"id": new_id(), "name": name},
    )
    return _find(uow, name)


def _find(uow: UnitOfWork, name: str) -> uuid.UUID | None:
    found: uuid.UUID | None = uow.execute(
        """
        SELECT id FROM product_categories
         WHERE tenant_id = %(tenant_id)s AND lower(name) = lower(%(name)s)
         ORDER BY id
         LIMIT 1
           FOR KEY SHARE
        """,
        {"name": name},
    ).scalar_one_or_none()
    return found
