"""Products: made, described anew, counted otherwise, archived."""

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from ledger_web.domain import products as rules
from ledger_web.domain.barcodes import Barcode
from ledger_web.domain.errors import RuleViolationError, StaleEditError
from ledger_web.domain.languages import gettext
from ledger_web.services.barcodes import insert_barcodes
from ledger_web.services.categories import find_category
from ledger_web.services.goods import find_level, must_be_countable, put_opening_stock
from ledger_web.services.product_rows import (
    keep_stock,
    lock_product,
    must_be_free_sku,
    rewrite_words,
    sku_taken_meanwhile,
    tax_of_class,
    write_words,
)
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class CreateProduct:
    """Add something to sell."""

    id: uuid.UUID
    name: str
    sku: str | None = None
    barcodes: tuple[Barcode, ...] = ()
    unit: str = rules.UNIT
    unit_price: int = 0  # minor units of the base currency, tax contained, >= 0
    tax_percent: Decimal = Decimal(0)  # 0 to 100; a class says it itself
    tax_class_id: uuid.UUID | None = None
    stock_policy: str = "block"  # one of rules.STOCK_POLICIES
    note: str = ""
    short_name: str = ""
    brand: str = ""
    category: str = ""  # its name; made if it is new
    tags: tuple[str, ...] = ()
    till_note: str = ""
    currency: str  # the shop's base currency
    opening_quantity: Decimal = Decimal(0)  # >= 0
    opening_unit_cost: int = 0  # minor units of the base currency, >= 0


@dataclass(frozen=True, kw_only=True)
class EditProduct:
    """Describe a product anew, as it was when its version was shown."""

    op_id: uuid.UUID
    product_id: uuid.UUID
    version: int
    name: str
    sku: str | None
    short_name: str = ""
    brand: str = ""
    category: str = ""  # its name; made if it is new
    tags: tuple[str, ...] = ()
    note: str = ""
    till_note: str = ""


@dataclass(frozen=True, kw_only=True)
class ChangeStockRules:
    """Say how a product is counted and when it is bought again, as it was when its version was shown."""

    op_id: uuid.UUID
    product_id: uuid.UUID
    version: int
    unit: str
    stock_policy: str
    reorder_level: Decimal | None = None  # >= 0; None: nobody asks
    reorder_to: Decimal | None = None  # >= reorder_level


@dataclass(frozen=True, kw_only=True)
class ArchiveProduct:
    """Take a product out of the list, or with `archived` False back into it."""

    op_id: uuid.UUID
    product_id: uuid.UUID
    archived: bool


@whole_act
def create_product(command: CreateProduct, uow: UnitOfWork) -> Recorded:
    """Add a product with its codes and words, and put into stock what is there already.

    Goods that are there come from equity "opening", at the cost given.

    Raises:
        DuplicateBarcodeError, DuplicateSkuError: Another product of the shop has it; the sentence names it.
        RuleViolationError: An opening quantity of something that keeps no stock.
        ResubmissionError: The id was used for something else.
    """
    _must_be_storable(command)
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.id):
            return Recorded(command.id, replayed=True)
        if command.opening_quantity:
            uow.is_replay(command, id=command.id, kind="opening_stock", memo=gettext("Opening stock"))
        with sku_taken_meanwhile(command.sku):
            _insert_product(uow, command, find_category(uow, command.category))
        write_words(uow, command.id, _words(command))
        insert_barcodes(uow, command.id, command.barcodes)
        keep_stock(uow, command.id, command.stock_policy)
        after = {"name": command.name, "sku": command.sku, "unit_price": command.unit_price}
        uow.audit("product.create", holder=command.id, after=after)
        if command.opening_quantity:
            put_opening_stock(uow, command.id, command.opening_quantity, command.opening_unit_cost, command.currency)
    return Recorded(command.id)


@whole_act
def edit_product(command: EditProduct, uow: UnitOfWork) -> Recorded:
    """Change what is said about a product, unless someone else did since it was shown.

    Raises:
        NotFoundError: The shop has no such product.
        StaleEditError: Its version is another by now. Nothing is overwritten.
        DuplicateSkuError: Another product has the SKU.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.product_id):
            return Recorded(command.product_id, replayed=True)
        before = lock_product(uow, command.product_id)
        if before.version != command.version:
            raise StaleEditError
        said = _said(command, find_category(uow, command.category))
        with sku_taken_meanwhile(command.sku):
            _update_row(uow, command.product_id, said)
        rewrite_words(uow, command.product_id, _words(command))
        uow.audit(
            "product.edit",
            holder=command.product_id,
            before={name: getattr(before, name) for name in said},
            after=said,
        )
    return Recorded(command.product_id)


@whole_act
def change_stock_rules(command: ChangeStockRules, uow: UnitOfWork) -> Recorded:
    """Change a product's unit, what happens when there is not enough, and when it is bought again.

    Raises:
        NotFoundError: The shop has no such product.
        StaleEditError: Its version is another by now. Nothing is overwritten.
        RuleViolationError: Another unit, or no stock kept, while there are goods; no overselling while oversold;
            less is to be bought than what is too little.
    """
    _must_be_in_order(command)
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.product_id):
            return Recorded(command.product_id, replayed=True)
        before = lock_product(uow, command.product_id)
        if before.version != command.version:
            raise StaleEditError
        _must_not_change_unit(uow, before, command.unit)
        said = {name: getattr(command, name) for name in ("unit", "stock_policy", "reorder_level", "reorder_to")}
        uow.execute(
            """
            UPDATE products
               SET unit = %(unit)s, stock_policy = %(stock_policy)s, reorder_level = %(reorder_level)s,
                   reorder_to = %(reorder_to)s, version = version + 1
             WHERE tenant_id = %(tenant_id)s AND id = %(product_id)s
            """,
            said | {"product_id": command.product_id},
        )
        if command.stock_policy != before.stock_policy:
            _change_policy(uow, before, command.stock_policy)
        uow.audit(
            "product.edit",
            holder=command.product_id,
            before={name: getattr(before, name) for name in said},
            after=said,
        )
    return Recorded(command.product_id)


@whole_act
def archive_product(command: ArchiveProduct, uow: UnitOfWork) -> Recorded:
    """Take a product out of the list or back. Its history stays, and its codes keep meaning it.

    Raises:
        NotFoundError: The shop has no such product.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.product_id):
            return Recorded(command.product_id, replayed=True)
        lock_product(uow, command.product_id)
        changed = uow.execute(
            """
            UPDATE products AS p
               SET archived_at = CASE WHEN %(archived)s THEN coalesce(p.archived_at, now()) END,
                   version = p.version + 1
             WHERE p.tenant_id = %(tenant_id)s AND p.id = %(id)s AND (p.archived_at IS NOT NULL) <> %(archived)s
            RETURNING p.id
            """,
            {"id": command.product_id, "archived": command.archived},
        ).first()
        if changed:
            uow.audit("product.archive" if command.archived else "product.restore", holder=command.product_id)
    return Recorded(command.product_id)


def _must_be_storable(command: CreateProduct) -> None:
    if not command.opening_quantity:
        return
    if not rules.keeps_stock(command.stock_policy):
        raise RuleViolationError("A product that keeps no stock has no opening quantity. Leave it out.")
    must_be_countable(command.opening_quantity, command.opening_quantity)


def _must_be_in_order(command: ChangeStockRules) -> None:
    if command.reorder_to is None:
        return
    if command.reorder_level is None or command.reorder_to < command.reorder_level:
        raise RuleViolationError(
            "Up to: This is less than what is too little already. Enter as much as Reorder below, or more."
            if command.reorder_level is not None
            else "Up to: Say under Reorder below, too, when it is bought again; or leave both empty."
        )


def _said(command: CreateProduct | EditProduct, category_id: uuid.UUID | None) -> dict[str, Any]:
    """Return the columns that describe a product."""
    names = ("name", "sku", "short_name", "brand", "note", "till_note")
    said = {name: getattr(command, name) for name in names}
    return said | {"category_id": category_id, "tags": list(command.tags)}


def _insert_product(uow: UnitOfWork, command: CreateProduct, category_id: uuid.UUID | None) -> None:
    must_be_free_sku(uow, command.id, command.sku)
    uow.execute(
        """
        INSERT INTO products
               (tenant_id, id, name, name_key, sku, unit, unit_price, tax_percent, tax_class_id, stock_policy, note,
                short_name, brand, category_id, tags, till_note, created_at)
        VALUES (%(tenant_id)s, %(id)s, %(name)s, %(name_key)s, %(sku)s, %(unit)s, %(unit_price)s, %(tax_percent)s,
                %(tax_class_id)s, %(stock_policy)s, %(note)s, %(short_name)s, %(brand)s, %(category_id)s,
                %(tags)s::text[], %(till_note)s, now())
        """,
        {
            "id": command.id,
            "name_key": rules.name_key(command.name),
            "unit": command.unit,
            "unit_price": command.unit_price,
            **tax_of_class(uow, command.tax_class_id, command.tax_percent),
            "stock_policy": command.stock_policy,
            **_said(command, category_id),
        },
    )


def _update_row(uow: UnitOfWork, product_id: uuid.UUID, said: dict[str, Any]) -> None:
    must_be_free_sku(uow, product_id, said["sku"])
    uow.execute(
        """
        UPDATE products
           SET name = %(name)s, name_key = %(name_key)s, sku = %(sku)s, short_name = %(short_name)s,
               brand = %(brand)s, category_id = %(category_id)s, tags = %(tags)s::text[], note = %(note)s,
               till_note = %(till_note)s, version = version + 1
         WHERE tenant_id = %(tenant_id)s AND id = %(product_id)s
        """,
        said | {"product_id": product_id, "name_key": rules.name_key(said["name"])},
    )


def _words(command: CreateProduct | EditProduct) -> list[str]:
    return rules.search_words(command.name, command.sku, command.brand, *command.tags)


def _must_not_change_unit(uow: UnitOfWork, before: Row[Any], unit: str) -> None:
    """Keep the unit of what was counted in it: twelve pieces do not become twelve kilograms.

    Source: product.md spec 6, Units.
    """
    if unit == before.unit:
        return
    moved = uow.execute(
        "SELECT 1 FROM stock_moves WHERE tenant_id = %(tenant_id)s AND product_id = %(id)s LIMIT 1", {"id": before.id}
    ).first()
    if moved is not None:
        raise RuleViolationError(
            gettext(
                "The stock of %(name)s was counted in %(unit)s, so its unit stays. Make"
                " another product for another unit.",
                name=before.name,
                unit=before.unit,
            )
        )


def _change_policy(uow: UnitOfWork, before: Row[Any], stock_policy: str) -> None:
    """Keep the level in step with the policy. Locks the level: what is read here is what counts."""
    keep_stock(uow, before.id, stock_policy)
    level = find_level(uow, before.id)
    if level is None:
        return
    if not rules.keeps_stock(stock_policy) and (level.quantity or level.value):
        raise RuleViolationError(
            gettext(
                "%(quantity)s %(unit)s of %(name)s are in stock. Adjust the stock to 0 first,"
                " then it need not be kept.",
                quantity=_written(level.quantity),
                unit=before.unit,
                name=before.name,
            )
        )
    if not rules.may_go_below_zero(stock_policy) and level.quantity < 0:
        raise RuleViolationError(
            gettext(
                "%(name)s is oversold by %(quantity)s %(unit)s. Receive goods or adjust the"
                " stock first, then sales can be refused.",
                name=before.name,
                quantity=_written(-level.quantity),
                unit=before.unit,
            )
        )
    uow.execute(
        """
        UPDATE stock_levels SET may_go_below_zero = %(may)s
         WHERE tenant_id = %(tenant_id)s AND product_id = %(product_id)s
        """,
        {"product_id": before.id, "may": rules.may_go_below_zero(stock_policy)},
    )


def _written(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"
