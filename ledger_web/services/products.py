"""Products: made, changed, archived; their barcodes; and goods that come or are counted where nothing was bought."""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from ledger_web.domain import products as rules
from ledger_web.domain.barcodes import Barcode
from ledger_web.domain.errors import (
    DuplicateBarcodeError,
    DuplicateSkuError,
    InvalidAmountError,
    InvalidQuantityError,
    NotFoundError,
    RuleViolationError,
    StaleEditError,
)
from ledger_web.domain.journal import AMOUNT_MAX, AccountKey, Entry, cost_of_sales, equity, inventory, unless_zero
from ledger_web.domain.money import multiply, round_half_up
from ledger_web.services import stock
from ledger_web.services.stock import Goods
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act

OPENING: Final = "opening"  # the code of the equity account that goods without a purchase come from
QUANTITY_LIMIT: Final = Decimal(10) ** 9

# Why a quantity is corrected, and how that reads in the books.
REASONS: Final = MappingProxyType(
    {
        "counted": "Counted",
        "damaged": "Damaged",
        "expired": "Expired",
        "lost": "Lost or stolen",
        "used": "Used in the shop",
        "found": "Found",
        "opening": "Opening quantity was wrong",
    }
)


@dataclass(frozen=True, kw_only=True)
class CreateProduct:
    """Add something to sell."""

    id: uuid.UUID
    name: str
    sku: str | None = None
    barcodes: tuple[Barcode, ...] = ()
    unit: str = rules.UNIT
    unit_price: int = 0  # minor units of the base currency, tax contained, >= 0
    tax_percent: Decimal = Decimal(0)  # 0 to 100
    stock_policy: str = "block"  # one of rules.STOCK_POLICIES
    note: str = ""
    currency: str  # the shop's base currency
    opening_quantity: Decimal = Decimal(0)  # >= 0
    opening_unit_cost: int = 0  # minor units of the base currency, >= 0


@dataclass(frozen=True, kw_only=True)
class EditProduct:
    """Change what is said about a product, as it was when its version was shown."""

    op_id: uuid.UUID
    product_id: uuid.UUID
    version: int
    name: str
    sku: str | None
    unit: str
    unit_price: int  # minor units of the base currency, tax contained, >= 0
    tax_percent: Decimal
    stock_policy: str
    note: str


@dataclass(frozen=True, kw_only=True)
class ArchiveProduct:
    """Take a product out of the list, or with `archived` False back into it."""

    op_id: uuid.UUID
    product_id: uuid.UUID
    archived: bool


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


@dataclass(frozen=True, kw_only=True)
class ReceiveGoods:
    """Put goods into stock that came without a purchase in these books."""

    id: uuid.UUID  # of the transaction
    product_id: uuid.UUID
    quantity: Decimal  # > 0
    unit_cost: int  # minor units of `currency`, >= 0
    currency: str  # the shop's base currency
    note: str = ""
    occurred_on: dt.date | None = None  # None: today in the shop's time zone


@dataclass(frozen=True, kw_only=True)
class AdjustStock:
    """Correct how much there is: to what was counted, or by a difference. Exactly one of the two is given."""

    id: uuid.UUID  # of the transaction
    product_id: uuid.UUID
    reason: str  # one of REASONS
    currency: str  # the shop's base currency
    counted: Decimal | None = None  # >= 0
    difference: Decimal | None = None  # not zero
    note: str = ""


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
            uow.is_replay(command, id=command.id, kind="opening_stock", memo="Opening stock")
        with _sku_taken_meanwhile(command.sku):
            _insert_product(uow, command)
        _write_words(uow, command.id, command.name, command.sku)
        insert_barcodes(uow, command.id, command.barcodes)
        _keep_stock(uow, command.id, command.stock_policy)
        if command.opening_quantity:
            _receive(uow, command.id, command.opening_quantity, command.opening_unit_cost, command.currency)
    return Recorded(command.id)


@whole_act
def edit_product(command: EditProduct, uow: UnitOfWork) -> Recorded:
    """Change a product, unless someone else did since it was shown.

    Raises:
        NotFoundError: The shop has no such product.
        StaleEditError: Its version is another by now. Nothing is overwritten.
        DuplicateSkuError: Another product has the SKU.
        RuleViolationError: Another unit, or no stock kept, while there are goods; no overselling while oversold.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.product_id):
            return Recorded(command.product_id, replayed=True)
        before = lock_product(uow, command.product_id)
        if before.version != command.version:
            raise StaleEditError
        _must_not_change_unit(uow, before, command.unit)
        with _sku_taken_meanwhile(command.sku):
            _update_row(uow, command)
        _rewrite_words(uow, command.product_id, command.name, command.sku)
        if command.stock_policy != before.stock_policy:
            _change_policy(uow, before, command.stock_policy)
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
        uow.execute(
            """
            UPDATE products
               SET archived_at = CASE WHEN %(archived)s THEN coalesce(archived_at, now()) END,
                   version = version + 1
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND (archived_at IS NOT NULL) <> %(archived)s
            """,
            {"id": command.product_id, "archived": command.archived},
        )
    return Recorded(command.product_id)


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
    return Recorded(command.product_id)


@whole_act
def receive_goods(command: ReceiveGoods, uow: UnitOfWork) -> Recorded:
    """Put goods into stock at what they cost: debit inventory, credit equity "opening".

    Raises:
        NotFoundError: The shop has no such product.
        RuleViolationError: The product keeps no stock.
        InvalidQuantityError: Nothing, or less, or more than can be counted.
    """
    _must_be_countable(command.quantity, command.quantity)
    with uow:
        memo = _memo("Goods received", command.note)
        if uow.is_replay(command, id=command.id, kind="stock_receipt", occurred_on=command.occurred_on, memo=memo):
            return Recorded(command.id, replayed=True)
        level = _lock_level(uow, command.product_id)
        _must_be_countable(command.quantity, level.quantity + command.quantity)
        _receive(uow, command.product_id, command.quantity, command.unit_cost, command.currency)
    return Recorded(command.id)


@whole_act
def adjust_stock(command: AdjustStock, uow: UnitOfWork) -> Recorded:
    """Correct a quantity at average cost, against the cost of sales; a wrong opening quantity against equity.

    Raises:
        NotFoundError: The shop has no such product.
        RuleViolationError: The product keeps no stock, less would be left than nothing, or nothing would change.
        InvalidQuantityError: More than can be counted.
    """
    with uow:
        memo = _memo(REASONS[command.reason], command.note)
        if uow.is_replay(command, id=command.id, kind="stock_adjustment", memo=memo):
            return Recorded(command.id, replayed=True)
        level = _lock_level(uow, command.product_id)
        difference = _difference(command, level)
        against = equity(command.currency, OPENING) if command.reason == OPENING else cost_of_sales(command.currency)
        if difference > 0:
            _put_at_average_cost(uow, level, difference, against)
        else:
            _take_at_average_cost(uow, level, -difference, against)
    return Recorded(command.id)


# The product's own rows.


def _must_be_storable(command: CreateProduct) -> None:
    if not command.opening_quantity:
        return
    if not rules.keeps_stock(command.stock_policy):
        raise RuleViolationError("A product that keeps no stock has no opening quantity. Leave it out.")
    _must_be_countable(command.opening_quantity, command.opening_quantity)


def _insert_product(uow: UnitOfWork, command: CreateProduct) -> None:
    _must_be_free_sku(uow, command.id, command.sku)
    uow.execute(
        """
        INSERT INTO products
               (tenant_id, id, name, name_key, sku, unit, unit_price, tax_percent, stock_policy, note, created_at)
        VALUES (%(tenant_id)s, %(id)s, %(name)s, %(name_key)s, %(sku)s, %(unit)s, %(unit_price)s, %(tax_percent)s,
                %(stock_policy)s, %(note)s, now())
        """,
        {
            "id": command.id,
            "name": command.name,
            "name_key": rules.name_key(command.name),
            "sku": command.sku,
            "unit": command.unit,
            "unit_price": command.unit_price,
            "tax_percent": command.tax_percent,
            "stock_policy": command.stock_policy,
            "note": command.note,
        },
    )


def _update_row(uow: UnitOfWork, command: EditProduct) -> None:
    _must_be_free_sku(uow, command.product_id, command.sku)
    uow.execute(
        """
        UPDATE products
           SET name = %(name)s, name_key = %(name_key)s, sku = %(sku)s, unit = %(unit)s, unit_price = %(unit_price)s,
               tax_percent = %(tax_percent)s, stock_policy = %(stock_policy)s, note = %(note)s,
               tax_class_id = CASE WHEN tax_percent = %(tax_percent)s THEN tax_class_id END, version = version + 1
         WHERE tenant_id = %(tenant_id)s AND id = %(product_id)s
        """,
        {
            "product_id": command.product_id,
            "name": command.name,
            "name_key": rules.name_key(command.name),
            "sku": command.sku,
            "unit": command.unit,
            "unit_price": command.unit_price,
            "tax_percent": command.tax_percent,
            "stock_policy": command.stock_policy,
            "note": command.note,
        },
    )


def lock_product(uow: UnitOfWork, product_id: uuid.UUID) -> Row[Any]:
    row = uow.execute(
        """
        SELECT id, name, version, unit, stock_policy FROM products
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
           FOR NO KEY UPDATE
        """,
        {"id": product_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such product in this shop.")
    return row


def _must_be_free_sku(uow: UnitOfWork, product_id: uuid.UUID, sku: str | None) -> None:
    """Name the holder of an SKU that is taken. The constraint has the last word: see `_sku_taken_meanwhile`."""
    holder = uow.execute(
        "SELECT name FROM products WHERE tenant_id = %(tenant_id)s AND sku = %(sku)s AND id <> %(id)s",
        {"sku": sku, "id": product_id},
    ).scalar_one_or_none()
    if holder is not None:
        raise DuplicateSkuError(sku or "", holder)


@contextmanager
def _sku_taken_meanwhile(sku: str | None) -> Iterator[None]:
    """Say what happened when someone took the SKU between our look and our write."""
    try:
        yield
    except IntegrityError as error:
        if violated_constraint(error) == "products_sku_key":
            raise DuplicateSkuError(sku or "") from error
        raise


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
            f"The stock of {before.name} was counted in {before.unit}, so its unit stays."
            " Make another product for another unit."
        )


def _write_words(uow: UnitOfWork, product_id: uuid.UUID, name: str, sku: str | None) -> None:
    uow.execute(
        """
        INSERT INTO product_words AS w (tenant_id, word, product_id)
        SELECT p.tenant_id, n.word, p.id
          FROM products AS p
         CROSS JOIN unnest(%(words)s::text[]) AS n(word)
         WHERE p.tenant_id = %(tenant_id)s AND p.id = %(id)s
        """,
        {"id": product_id, "words": rules.search_words(name, sku)},
    )


def _rewrite_words(uow: UnitOfWork, product_id: uuid.UUID, name: str, sku: str | None) -> None:
    uow.execute("DELETE FROM product_words WHERE tenant_id = %(tenant_id)s AND product_id = %(id)s", {"id": product_id})
    _write_words(uow, product_id, name, sku)


# Barcodes.


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
        raise RuleViolationError(f"A product has at most {rules.BARCODES_MAX} barcodes. Remove one first.")


# Its stock level.


def _keep_stock(uow: UnitOfWork, product_id: uuid.UUID, stock_policy: str) -> None:
    """Make the product's level if it is to keep stock; one that is there stays, it has moves."""
    if rules.keeps_stock(stock_policy):
        uow.execute(
            """
            INSERT INTO stock_levels (tenant_id, product_id, may_go_below_zero)
            VALUES (%(tenant_id)s, %(product_id)s, %(may)s)
            ON CONFLICT (tenant_id, product_id) DO NOTHING
            """,
            {"product_id": product_id, "may": rules.may_go_below_zero(stock_policy)},
        )


def _change_policy(uow: UnitOfWork, before: Row[Any], stock_policy: str) -> None:
    """Keep the level in step with the policy. Locks the level: what is read here is what counts."""
    _keep_stock(uow, before.id, stock_policy)
    level = _find_level(uow, before.id)
    if level is None:
        return
    if not rules.keeps_stock(stock_policy) and (level.quantity or level.value):
        raise RuleViolationError(
            f"{_written(level.quantity)} {before.unit} of {before.name} are in stock."
            " Adjust the stock to 0 first, then it need not be kept."
        )
    if not rules.may_go_below_zero(stock_policy) and level.quantity < 0:
        raise RuleViolationError(
            f"{before.name} is oversold by {_written(-level.quantity)} {before.unit}."
            " Receive goods or adjust the stock first, then sales can be refused."
        )
    uow.execute(
        """
        UPDATE stock_levels SET may_go_below_zero = %(may)s
         WHERE tenant_id = %(tenant_id)s AND product_id = %(product_id)s
        """,
        {"product_id": before.id, "may": rules.may_go_below_zero(stock_policy)},
    )


def _lock_level(uow: UnitOfWork, product_id: uuid.UUID) -> Row[Any]:
    """Lock the level of a product that keeps stock.

    Raises:
        NotFoundError: The shop has no such product.
        RuleViolationError: It keeps no stock.
    """
    product = uow.execute(
        "SELECT name, stock_policy FROM products WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR KEY SHARE",
        {"id": product_id},
    ).one_or_none()
    if product is None:
        raise NotFoundError("There is no such product in this shop.")
    level = _find_level(uow, product_id)
    if level is None or not rules.keeps_stock(product.stock_policy):
        raise RuleViolationError(f"{product.name} keeps no stock. Change that on its page first.")
    return level


def _find_level(uow: UnitOfWork, product_id: uuid.UUID) -> Row[Any] | None:
    return uow.execute(
        """
        SELECT product_id, quantity, value, unit_cost_last FROM stock_levels
         WHERE tenant_id = %(tenant_id)s AND product_id = %(product_id)s
           FOR NO KEY UPDATE
        """,
        {"product_id": product_id},
    ).one_or_none()


# Goods.


def _receive(uow: UnitOfWork, product_id: uuid.UUID, quantity: Decimal, unit_cost: int, currency: str) -> None:
    goods = Goods(product_id, quantity, multiply(unit_cost, quantity))
    kept = stock.put(uow, [goods], sets_cost=True)[product_id]
    stock.insert_moves(uow, [Goods(product_id, quantity, kept)])
    uow.post(arrival_entries(currency, equity(currency, OPENING), goods.value, kept))


def _put_at_average_cost(uow: UnitOfWork, level: Row[Any], quantity: Decimal, against: AccountKey) -> None:
    value = round_half_up(_unit_cost(level) * Fraction(quantity))
    if value > AMOUNT_MAX:
        raise InvalidAmountError
    kept = stock.put(uow, [Goods(level.product_id, quantity, value)])[level.product_id]
    stock.insert_moves(uow, [Goods(level.product_id, quantity, kept)])
    uow.post(arrival_entries(against.currency, against, value, kept))


def _take_at_average_cost(uow: UnitOfWork, level: Row[Any], quantity: Decimal, against: AccountKey) -> None:
    cost = stock.take(uow, {level.product_id: quantity})[level.product_id]
    stock.insert_moves(uow, [Goods(level.product_id, -quantity, -cost)])
    uow.post(unless_zero(against, inventory(against.currency), cost))


def arrival_entries(currency: str, source: AccountKey, value: int, kept: int) -> list[Entry]:
    """Return the entries of goods worth `value` that came from `source`, of which `kept` is worth having.

    The two differ where goods were oversold: what they replace left at an assumed cost, and the difference
    belongs to the cost of sales. Source: product.md spec 5, Edge.
    """
    entries = unless_zero(inventory(currency), source, value)
    if kept < value:
        entries += [Entry(cost_of_sales(currency), inventory(currency), value - kept)]
    elif kept > value:
        entries += [Entry(inventory(currency), cost_of_sales(currency), kept - value)]
    return entries


def _unit_cost(level: Row[Any]) -> Fraction:
    """Return what one costs on average; where nothing is on hand, what one cost last."""
    if level.quantity > 0:
        return Fraction(level.value) / Fraction(level.quantity)
    return Fraction(level.unit_cost_last)


def _difference(command: AdjustStock, level: Row[Any]) -> Decimal:
    """Say by how much a level is to change.

    Raises:
        RuleViolationError: By nothing, or to less than nothing.
        InvalidQuantityError: To more than can be counted.
    """
    difference = command.difference or Decimal(0)
    if command.counted is not None:
        difference = command.counted - level.quantity
    after = level.quantity + difference
    if not difference:
        raise RuleViolationError(f"{_written(level.quantity)} are in stock already. There is nothing to adjust.")
    if difference < 0 and after < 0:
        raise RuleViolationError(
            f"{_written(level.quantity)} are in stock, so {_written(-difference)} cannot be taken out."
        )
    if abs(after) >= QUANTITY_LIMIT:
        raise InvalidQuantityError("This is more than can be counted. Enter less.")
    return difference


def _must_be_countable(quantity: Decimal, after: Decimal) -> None:
    if not quantity.is_finite() or quantity <= 0:
        raise InvalidQuantityError("Enter a quantity above zero.")
    if after >= QUANTITY_LIMIT:
        raise InvalidQuantityError("This is more than can be counted. Enter less.")


def _memo(what: str, note: str) -> str:
    return f"{what}: {note}" if note else what


def _written(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"
