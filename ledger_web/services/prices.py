"""Prices: the ordinary one changed, further ones set and taken away, lists of them, and who has which list."""

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.errors import NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.languages import gettext
from ledger_web.domain.prices import NONE
from ledger_web.services.pricing import PriceChange, write_price_changes
from ledger_web.services.product_rows import lock_product, tax_of_class
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act

PRICES_MAX: Final = 100  # of one product, beside the ordinary one
LISTS_MAX: Final = 50


@dataclass(frozen=True, kw_only=True)
class ChangePrice:
    """Ask another price for a product, as it was when its version was shown."""

    op_id: uuid.UUID
    product_id: uuid.UUID
    version: int
    unit_price: int  # minor units of the base currency, tax contained, >= 0
    tax_percent: Decimal | None = None  # of a product without a tax class; None leaves it
    tax_class_id: uuid.UUID | None = None  # None: taxed by tax_percent alone
    reason: str


@dataclass(frozen=True, kw_only=True)
class SetPrice:
    """Ask a price beside the ordinary one: of a list, from a quantity, for a time."""

    id: uuid.UUID
    product_id: uuid.UUID
    unit_price: int  # minor units of the base currency, tax contained, >= 0
    unit_id: uuid.UUID | None = None  # None: the base unit
    price_list_id: uuid.UUID | None = None  # None: for everybody
    quantity_from: Decimal = NONE  # of the unit
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class RemovePrice:
    """Ask a price beside the ordinary one no more."""

    op_id: uuid.UUID
    product_id: uuid.UUID
    price_id: uuid.UUID
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class CreatePriceList:
    """Have prices for some customers."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True, kw_only=True)
class RenamePriceList:
    """Call a list something else, as it was when its version was shown."""

    op_id: uuid.UUID
    price_list_id: uuid.UUID
    version: int
    name: str


@dataclass(frozen=True, kw_only=True)
class ArchivePriceList:
    """Let a list count no more, or with `archived` False again."""

    op_id: uuid.UUID
    price_list_id: uuid.UUID
    archived: bool


@dataclass(frozen=True, kw_only=True)
class ChoosePriceList:
    """Sell to a customer at the prices of a list, or with None at those for everybody."""

    op_id: uuid.UUID
    party_id: uuid.UUID
    price_list_id: uuid.UUID | None


@whole_act
def change_price(command: ChangePrice, uow: UnitOfWork) -> Recorded:
    """Change a product's ordinary price and tax, unless someone else changed the product since it was shown.

    Raises:
        NotFoundError: The shop has no such product or tax class.
        StaleEditError: Its version is another by now. Nothing is overwritten.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.product_id):
            return Recorded(command.product_id, replayed=True)
        before = lock_product(uow, command.product_id)
        if before.version != command.version:
            raise StaleEditError
        percent = before.tax_percent if command.tax_percent is None else command.tax_percent
        said = tax_of_class(uow, command.tax_class_id, percent) | {"unit_price": command.unit_price}
        uow.execute(
            """
            UPDATE products
               SET unit_price = %(unit_price)s, tax_percent = %(tax_percent)s, tax_class_id = %(tax_class_id)s,
                   version = version + 1
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s
            """,
            said | {"id": command.product_id},
        )
        change = PriceChange(product_id=command.product_id, old_price=before.unit_price, new_price=command.unit_price)
        write_price_changes(uow, [change], reason=command.reason)
        uow.audit(
            "product.change_price",
            holder=command.product_id,
            before={name: getattr(before, name) for name in said},
            after=said,
        )
    return Recorded(command.product_id)


@whole_act
def set_price(command: SetPrice, uow: UnitOfWork) -> Recorded:
    """Add a price; one for the same list, unit, quantity and first day is replaced by it.

    Raises:
        NotFoundError: The shop has no such product or list, or the product no such unit.
        RuleViolationError: Days that are not in order, or as many prices as there can be.
    """
    if command.starts_on and command.ends_on and command.ends_on < command.starts_on:
        raise RuleViolationError("The last day comes before the first. Choose a later last day, or leave it empty.")
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.product_id):
            return Recorded(command.id, replayed=True)
        lock_product(uow, command.product_id)
        unit_name = _unit_name(uow, command)
        price_list = _list_name(uow, command.price_list_id)
        replaced = uow.execute(
            """
            DELETE FROM product_prices AS r
             WHERE r.tenant_id = %(tenant_id)s AND r.product_id = %(product_id)s
               AND r.unit_id IS NOT DISTINCT FROM %(unit_id)s::uuid
               AND r.price_list_id IS NOT DISTINCT FROM %(price_list_id)s::uuid
               AND r.quantity_from = %(quantity_from)s::numeric
               AND r.starts_on IS NOT DISTINCT FROM %(starts_on)s::date
            RETURNING r.unit_price
            """,
            _said(command),
        ).scalar_one_or_none()
        _must_have_room(uow, command.product_id)
        uow.execute(
            """
            INSERT INTO product_prices
                   (tenant_id, id, product_id, unit_id, price_list_id, quantity_from, starts_on, ends_on, unit_price,
                    created_at)
            VALUES (%(tenant_id)s, %(id)s, %(product_id)s, %(unit_id)s, %(price_list_id)s, %(quantity_from)s,
                    %(starts_on)s, %(ends_on)s, %(unit_price)s, now())
            """,
            _said(command),
        )
        change = PriceChange(
            product_id=command.product_id,
            old_price=replaced,
            new_price=command.unit_price,
            unit_name=unit_name,
            price_list=price_list,
            quantity_from=command.quantity_from,
            starts_on=command.starts_on,
            ends_on=command.ends_on,
        )
        write_price_changes(uow, [change], reason=command.reason)
    return Recorded(command.id)


@whole_act
def remove_price(command: RemovePrice, uow: UnitOfWork) -> Recorded:
    """Take a price away.

    Raises:
        NotFoundError: The shop has no such product, or the product no such price any more.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.product_id):
            return Recorded(command.price_id, replayed=True)
        lock_product(uow, command.product_id)
        row = uow.execute(
            """
            SELECT r.unit_price, r.quantity_from, r.starts_on, r.ends_on, coalesce(u.name, '') AS unit_name,
                   coalesce(g.name, '') AS price_list
              FROM product_prices AS r
              LEFT JOIN product_units AS u ON u.tenant_id = %(tenant_id)s AND u.id = r.unit_id
              LEFT JOIN price_lists AS g ON g.tenant_id = %(tenant_id)s AND g.id = r.price_list_id
             WHERE r.tenant_id = %(tenant_id)s AND r.product_id = %(product_id)s AND r.id = %(id)s
            """,
            {"product_id": command.product_id, "id": command.price_id},
        ).one_or_none()
        if row is None:
            raise NotFoundError("This price was taken away already.")
        uow.execute(
            "DELETE FROM product_prices WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": command.price_id}
        )
        change = PriceChange(
            product_id=command.product_id,
            old_price=row.unit_price,
            new_price=None,
            unit_name=row.unit_name,
            price_list=row.price_list,
            quantity_from=row.quantity_from,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
        )
        write_price_changes(uow, [change], reason=command.reason)
    return Recorded(command.price_id)


@whole_act
def create_price_list(command: CreatePriceList, uow: UnitOfWork) -> Recorded:
    """Add a list without prices yet.

    Raises:
        RuleViolationError: The shop has a list of this name, or as many as it can have.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.id):
            return Recorded(command.id, replayed=True)
        count = uow.execute("SELECT count(*) FROM price_lists WHERE tenant_id = %(tenant_id)s").scalar_one()
        if count >= LISTS_MAX:
            raise RuleViolationError(
                gettext("A shop has at most %(lists_max)s price lists, archived ones included.", lists_max=LISTS_MAX)
            )
        with _or_name_taken(command.name):
            uow.execute(
                """
                INSERT INTO price_lists (tenant_id, id, name, created_at)
                VALUES (%(tenant_id)s, %(id)s, %(name)s, now())
                """,
                {"id": command.id, "name": command.name},
            )
        uow.audit("price.create_list", holder=command.id, after={"name": command.name})
    return Recorded(command.id)


@whole_act
def rename_price_list(command: RenamePriceList, uow: UnitOfWork) -> Recorded:
    """Rename a list, unless someone else did since it was shown.

    Raises:
        NotFoundError: The shop has no such list.
        StaleEditError: Its version is another by now.
        RuleViolationError: Another list has the name.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.price_list_id):
            return Recorded(command.price_list_id, replayed=True)
        if _lock_list(uow, command.price_list_id) != command.version:
            raise StaleEditError
        with _or_name_taken(command.name):
            uow.execute(
                """
                UPDATE price_lists SET name = %(name)s, version = version + 1
                 WHERE tenant_id = %(tenant_id)s AND id = %(id)s
                """,
                {"id": command.price_list_id, "name": command.name},
            )
        uow.audit("price.rename_list", holder=command.price_list_id, after={"name": command.name})
    return Recorded(command.price_list_id)


@whole_act
def archive_price_list(command: ArchivePriceList, uow: UnitOfWork) -> Recorded:
    """Let a list count no more, or again. Its prices and its customers keep it meanwhile.

    Raises:
        NotFoundError: The shop has no such list.
        RuleViolationError: Another list has its name by now.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.price_list_id):
            return Recorded(command.price_list_id, replayed=True)
        _lock_list(uow, command.price_list_id)
        with _or_name_taken(gettext("the same")):
            uow.execute(
                """
                UPDATE price_lists
                   SET archived_at = CASE WHEN %(archived)s THEN coalesce(archived_at, now()) END,
                       version = version + 1
                 WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND (archived_at IS NOT NULL) <> %(archived)s
                """,
                {"id": command.price_list_id, "archived": command.archived},
            )
        uow.audit("price.archive_list" if command.archived else "price.restore_list", holder=command.price_list_id)
    return Recorded(command.price_list_id)


@whole_act
def choose_price_list(command: ChoosePriceList, uow: UnitOfWork) -> Recorded:
    """Give a customer a list, or none.

    Raises:
        NotFoundError: The shop has no such customer or list.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.party_id):
            return Recorded(command.party_id, replayed=True)
        _list_name(uow, command.price_list_id)
        chosen = uow.execute(
            """
            UPDATE parties AS p SET price_list_id = %(price_list_id)s::uuid, version = p.version + 1
             WHERE p.tenant_id = %(tenant_id)s AND p.id = %(id)s AND p.kind = 'customer'
            RETURNING p.id
            """,
            {"id": command.party_id, "price_list_id": command.price_list_id},
        ).first()
        if chosen is None:
            raise NotFoundError("There is no such customer in this shop.")
        uow.audit("customer.choose_price_list", holder=command.party_id, after={"price_list_id": command.price_list_id})
    return Recorded(command.party_id)


def _said(command: SetPrice) -> dict[str, object]:
    names = ("id", "product_id", "unit_id", "price_list_id", "quantity_from", "starts_on", "ends_on", "unit_price")
    return {name: getattr(command, name) for name in names}


def _unit_name(uow: UnitOfWork, command: SetPrice) -> str:
    if command.unit_id is None:
        return ""
    name: str | None = uow.execute(
        """
        SELECT name FROM product_units
         WHERE tenant_id = %(tenant_id)s AND product_id = %(product_id)s AND id = %(id)s
        """,
        {"product_id": command.product_id, "id": command.unit_id},
    ).scalar_one_or_none()
    if name is None:
        raise NotFoundError("This product has no such unit. Choose another.")
    return name


def _list_name(uow: UnitOfWork, price_list_id: uuid.UUID | None) -> str:
    if price_list_id is None:
        return ""
    name: str | None = uow.execute(
        "SELECT name FROM price_lists WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": price_list_id}
    ).scalar_one_or_none()
    if name is None:
        raise NotFoundError("There is no such price list in this shop. Choose another.")
    return name


def _lock_list(uow: UnitOfWork, price_list_id: uuid.UUID) -> int:
    version: int | None = uow.execute(
        """
        SELECT version FROM price_lists WHERE tenant_id = %(tenant_id)s AND id = %(id)s
           FOR NO KEY UPDATE
        """,
        {"id": price_list_id},
    ).scalar_one_or_none()
    if version is None:
        raise NotFoundError("There is no such price list in this shop.")
    return version


def _must_have_room(uow: UnitOfWork, product_id: uuid.UUID) -> None:
    count = uow.execute(
        "SELECT count(*) FROM product_prices WHERE tenant_id = %(tenant_id)s AND product_id = %(id)s",
        {"id": product_id},
    ).scalar_one()
    if count >= PRICES_MAX:
        raise RuleViolationError(
            gettext("A product has at most %(prices_max)s further prices. Remove one first.", prices_max=PRICES_MAX)
        )


@contextmanager
def _or_name_taken(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if violated_constraint(error) == "price_lists_name_key":
            raise RuleViolationError(
                gettext("Another price list is called %(name)s. Give this one another name.", name=name)
            ) from error
        raise
