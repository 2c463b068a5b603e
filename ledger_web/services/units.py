"""Units of a product: packs made, changed, archived. A factor is never changed: another factor is another unit."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from ledger_web.domain import units as rules
from ledger_web.domain.barcodes import Barcode
from ledger_web.domain.errors import NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.languages import gettext
from ledger_web.services.barcodes import insert_barcodes
from ledger_web.services.pricing import PriceChange, write_price_changes
from ledger_web.services.product_rows import lock_product
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act

_TAKEN_MEANWHILE: Final = "This product has another unit of the same name by now. Rename that one first."


@dataclass(frozen=True, kw_only=True)
class CreateUnit:
    """Buy or sell a product in packs: `factor_numerator / factor_denominator` base units are in one."""

    id: uuid.UUID
    product_id: uuid.UUID
    name: str
    factor_numerator: int
    factor_denominator: int = 1
    unit_price: int | None = None  # minor units of the base currency, >= 0; None: the product's price times the factor
    is_sold: bool = True
    is_bought: bool = True
    barcodes: tuple[Barcode, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EditUnit:
    """Change what is said about a unit, as it was when its version was shown."""

    op_id: uuid.UUID
    product_id: uuid.UUID
    unit_id: uuid.UUID
    version: int
    name: str
    unit_price: int | None  # minor units of the base currency, >= 0; None: the product's price times the factor
    is_sold: bool
    is_bought: bool
    reason: str = ""  # why the price is another


@dataclass(frozen=True, kw_only=True)
class ArchiveUnit:
    """Use a unit no more, or with `archived` False again."""

    op_id: uuid.UUID
    product_id: uuid.UUID
    unit_id: uuid.UUID
    archived: bool


@whole_act
def create_unit(command: CreateUnit, uow: UnitOfWork) -> Recorded:
    """Add a unit with its codes.

    Raises:
        NotFoundError: The shop has no such product.
        DuplicateBarcodeError: A code means a product already.
        RuleViolationError: A factor or a name that cannot be, or as many units as there can be.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.product_id):
            return Recorded(command.id, replayed=True)
        product = lock_product(uow, command.product_id)
        factor = rules.read_factor(command.factor_numerator, command.factor_denominator, command.name, product.unit)
        _must_have_room(uow, command.product_id)
        _must_differ(command.name, product.unit)
        with _or_name_taken(_taken(command.name)):
            uow.execute(
                """
                INSERT INTO product_units
                       (tenant_id, id, product_id, name, factor_numerator, factor_denominator, unit_price,
                        is_sold, is_bought, created_at)
                VALUES (%(tenant_id)s, %(id)s, %(product_id)s, %(name)s, %(numerator)s, %(denominator)s, %(unit_price)s,
                        %(is_sold)s, %(is_bought)s, now())
                """,
                {
                    "id": command.id,
                    "product_id": command.product_id,
                    "name": command.name,
                    "numerator": factor.numerator,
                    "denominator": factor.denominator,
                    "unit_price": command.unit_price,
                    "is_sold": command.is_sold,
                    "is_bought": command.is_bought,
                },
            )
        insert_barcodes(uow, command.product_id, command.barcodes, unit_id=command.id)
        after = {"name": command.name, "factor": str(factor), "unit_price": command.unit_price}
        uow.audit("product.add_unit", holder=command.product_id, after=after)
    return Recorded(command.id)


@whole_act
def edit_unit(command: EditUnit, uow: UnitOfWork) -> Recorded:
    """Change a unit's name, price and use, unless someone else did since it was shown.

    Raises:
        NotFoundError: The product has no such unit.
        StaleEditError: Its version is another by now. Nothing is overwritten.
        RuleViolationError: The name is another unit's.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.product_id):
            return Recorded(command.unit_id, replayed=True)
        product = lock_product(uow, command.product_id)
        before = _lock_unit(uow, command.product_id, command.unit_id)
        if before.version != command.version:
            raise StaleEditError
        _must_differ(command.name, product.unit)
        with _or_name_taken(_taken(command.name)):
            uow.execute(
                """
                UPDATE product_units
                   SET name = %(name)s, unit_price = %(unit_price)s, is_sold = %(is_sold)s,
                       is_bought = %(is_bought)s, version = version + 1
                 WHERE tenant_id = %(tenant_id)s AND id = %(id)s
                """,
                {
                    "id": command.unit_id,
                    "name": command.name,
                    "unit_price": command.unit_price,
                    "is_sold": command.is_sold,
                    "is_bought": command.is_bought,
                },
            )
        change = PriceChange(
            product_id=command.product_id,
            old_price=before.unit_price,
            new_price=command.unit_price,
            unit_name=command.name,
        )
        write_price_changes(uow, [change], reason=command.reason)
        said = {name: getattr(command, name) for name in ("name", "unit_price", "is_sold", "is_bought")}
        uow.audit(
            "product.edit_unit",
            holder=command.product_id,
            before={name: getattr(before, name) for name in said},
            after=said,
        )
    return Recorded(command.unit_id)


@whole_act
def archive_unit(command: ArchiveUnit, uow: UnitOfWork) -> Recorded:
    """Use a unit no more, or again. Its codes stay its own: scanned, they say that it is archived.

    Raises:
        NotFoundError: The product has no such unit.
        RuleViolationError: Another unit has its name by now.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.product_id):
            return Recorded(command.unit_id, replayed=True)
        lock_product(uow, command.product_id)
        _lock_unit(uow, command.product_id, command.unit_id)
        if not command.archived:
            _must_have_room(uow, command.product_id)
        with _or_name_taken(_TAKEN_MEANWHILE):
            uow.execute(
                """
                UPDATE product_units
                   SET archived_at = CASE WHEN %(archived)s THEN coalesce(archived_at, now()) END,
                       version = version + 1
                 WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND (archived_at IS NOT NULL) <> %(archived)s
                """,
                {"id": command.unit_id, "archived": command.archived},
            )
        action = "product.archive_unit" if command.archived else "product.restore_unit"
        uow.audit(action, holder=command.product_id, after={"unit": command.unit_id})
    return Recorded(command.unit_id)


def _lock_unit(uow: UnitOfWork, product_id: uuid.UUID, unit_id: uuid.UUID) -> Row[Any]:
    row = uow.execute(
        """
        SELECT name, unit_price, is_sold, is_bought, version FROM product_units
         WHERE tenant_id = %(tenant_id)s AND product_id = %(product_id)s AND id = %(id)s
           FOR NO KEY UPDATE
        """,
        {"product_id": product_id, "id": unit_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("This product has no such unit.")
    return row


def _must_have_room(uow: UnitOfWork, product_id: uuid.UUID) -> None:
    count = uow.execute(
        """
        SELECT count(*) FROM product_units
         WHERE tenant_id = %(tenant_id)s AND product_id = %(product_id)s AND archived_at IS NULL
        """,
        {"product_id": product_id},
    ).scalar_one()
    if count >= rules.UNITS_MAX:
        raise RuleViolationError(
            gettext("A product has at most %(units_max)s units. Archive one first.", units_max=rules.UNITS_MAX)
        )


def _must_differ(name: str, base: str) -> None:
    if name.casefold() == base.casefold():
        raise RuleViolationError(
            gettext("%(base)s is the unit this product is counted in. Give the pack another name.", base=base)
        )


def _taken(name: str) -> str:
    return gettext(
        "This product has a unit called %(name)s already. Give this one another name, like %(name2)s (6).",
        name=name,
        name2=name[:15],
    )


@contextmanager
def _or_name_taken(sentence: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if violated_constraint(error) == "product_units_name_key":
            raise RuleViolationError(sentence) from error
        raise
