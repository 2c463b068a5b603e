"""What a scanned or typed code means in a shop: one function, one order, for every page that takes codes."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import Row, text

from ledger_web.domain.barcodes import normalise, read_barcode, readings
from ledger_web.domain.currencies import exponent
from ledger_web.domain.errors import InvalidBarcodeError, RuleViolationError
from ledger_web.domain.gs1 import Elements, read_elements
from ledger_web.domain.languages import gettext
from ledger_web.domain.measures import PREFIXES, Measured, quantity_of_price, quantity_of_weight, read_measure
from ledger_web.domain.products import is_counted_in_pieces
from ledger_web.domain.units import price_of
from ledger_web.models.base import session_of
from ledger_web.queries.carts import ProductHit
from ledger_web.queries.measure_rules import list_measure_rules
from ledger_web.queries.scope import reach, within

TEXT_MAX: Final = 200
PRODUCT: Final = "product"
ARCHIVED: Final = "archived"  # a product that is not sold any more
SALE: Final = "sale"
UNKNOWN: Final = "unknown"

_GTIN_LENGTHS: Final = (8, 12, 13, 14)
_VARIABLE_MEASURE: Final = "9"  # the first digit of a GTIN of 14 whose weight or price is in the code


@dataclass(frozen=True, slots=True)
class ScannedUnit:
    """The pack that a code means. `unit_price` is of one, minor units of the base currency."""

    id: uuid.UUID
    name: str
    factor: Fraction  # base units in one
    unit_price: int
    is_sold: bool
    is_bought: bool


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a code means. `product` is there for PRODUCT and ARCHIVED, `sale_id` for SALE."""

    kind: str
    text: str
    code: str = ""  # under which a product may be stored
    product: ProductHit | None = None
    unit: ScannedUnit | None = None  # None: the product's base unit
    quantity: Decimal | None = None  # in that unit; None: the code does not say
    price: int | None = None  # minor units of the base currency, of all of it; None: the code does not say
    batch: str = ""
    expiry: dt.date | None = None
    sale_id: uuid.UUID | None = None
    sale_number: str = ""
    trouble: str = ""  # why an unknown code can be nobody's


_BY_CODE = text("""
    SELECT p.id, p.name, p.unit, p.unit_price,
           CASE WHEN p.stock_policy <> 'none' THEN coalesce(s.quantity, 0) END AS on_hand,
           p.archived_at IS NOT NULL AS is_archived, t.base_currency,
           u.id AS unit_id, u.name AS unit_name, u.factor_numerator, u.factor_denominator,
           u.unit_price AS price_of_unit, u.is_sold, u.is_bought, u.archived_at IS NOT NULL AS is_unit_archived
      FROM (SELECT b.product_id, b.unit_id, array_position(CAST(:codes AS text[]), b.code) AS place
              FROM barcodes AS b
             WHERE b.tenant_id = :tenant_id AND b.code = ANY(CAST(:codes AS text[]))
             UNION ALL
            SELECT q.id, NULL, 100 + array_position(CAST(:codes AS text[]), q.sku)
              FROM products AS q
             WHERE q.tenant_id = :tenant_id AND q.sku = ANY(CAST(:codes AS text[]))) AS f
      JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = f.product_id
      JOIN tenants AS t ON t.tenant_id = :tenant_id
      LEFT JOIN stock_levels AS s ON s.tenant_id = :tenant_id AND s.product_id = p.id
      LEFT JOIN product_units AS u ON u.tenant_id = :tenant_id AND u.id = f.unit_id
     ORDER BY is_archived, f.place
     LIMIT 1
""")

_BY_NUMBER = """
    SELECT s.id, s.number FROM sales AS s
     WHERE s.tenant_id = :tenant_id AND s.number = ANY(CAST(:numbers AS text[])) {seen}
     LIMIT 1
"""


def resolve(tenant_id: int, typed: str) -> Scanned:
    """Say what a code means.

    In this order, and the first that is found counts: exactly a code (or SKU) of the shop, a GS1 element string, a
    code of a scale by the shop's rules, the number of a receipt, nothing. A code of the shop takes one query.

    Raises:
        RuleViolationError: A code that is understood but cannot be used: it says that goods cost or weigh nothing,
            the check digit of its weight or price is wrong, or it means a pack that is archived.

    Source: product, spec 7 "Resolve".
    """
    codes = [code for code in readings(typed) if code.isprintable()] if len(typed) <= TEXT_MAX else []
    found = _find(tenant_id, codes)
    if found:
        return _scanned(typed, codes[-1], found)
    elements = read_elements(typed, dt.datetime.now(dt.UTC).date())
    if elements:
        return _resolve_elements(tenant_id, typed, elements)
    return (
        _resolve_measure(tenant_id, typed)
        or _resolve_receipt(tenant_id, typed, codes)
        or Scanned(UNKNOWN, typed, code=codes[-1] if codes else "", trouble=_trouble(typed))
    )


def _resolve_elements(tenant_id: int, typed: str, elements: Elements) -> Scanned:
    found = _find(tenant_id, (elements.written, *elements.codes))
    said: dict[str, Any] = {"batch": elements.batch, "expiry": elements.expiry}
    if found is None:
        return Scanned(UNKNOWN, typed, code=elements.codes[0], **said)
    price = None if elements.price is None else _minor(elements.price, found.base_currency)
    quantity = _quantity_in(elements, price, found)
    is_measured = quantity is not None and elements.count is None
    return _scanned(typed, elements.codes[0], found, in_base=is_measured, quantity=quantity, price=price, **said)


def _resolve_measure(tenant_id: int, typed: str) -> Scanned | None:
    """Read a code by the shop's rules; None if no rule is about it. An item nobody has is unknown, with its code."""
    code = normalise(typed)
    if len(code) != 13 or not code.startswith(PREFIXES):
        return None
    unknown = None
    for rule in list_measure_rules(tenant_id):
        measured = read_measure(rule, code)
        if measured is None:
            continue
        found = _find(tenant_id, measured.codes)
        if found:
            return _measured(typed, measured, found)
        unknown = unknown or Scanned(UNKNOWN, typed, code=measured.label)
    return unknown


def _resolve_receipt(tenant_id: int, typed: str, codes: Sequence[str]) -> Scanned | None:
    numbers = list({number for code in codes for number in (code, code.upper())})
    if not numbers:
        return None
    row = (
        session_of(tenant_id)
        .execute(
            text(_BY_NUMBER.format(seen=within(person="s.cashier_id", drawer="s.drawer_id"))),
            {"tenant_id": tenant_id, "numbers": numbers, **reach()},
        )
        .one_or_none()
    )
    return Scanned(SALE, typed, sale_id=row.id, sale_number=row.number) if row else None


def _measured(typed: str, measured: Measured, found: Row[Any]) -> Scanned:
    price = None
    if measured.rule.kind == "price":
        price = _minor(measured.value, found.base_currency)
        quantity = quantity_of_price(price, found.unit_price, found.name)
    elif measured.rule.kind == "weight":
        quantity = quantity_of_weight(measured.value, found.unit, found.name)
    else:
        quantity = _some(measured.value, found.name)
    is_measured = measured.rule.kind != "count"
    return _scanned(typed, measured.label, found, in_base=is_measured, quantity=quantity, price=price)


def _quantity_in(elements: Elements, price: int | None, found: Row[Any]) -> Decimal | None:
    """Say how much an element string stands for: pieces, else a weight, else what comes to its price."""
    is_variable = elements.gtin.startswith(_VARIABLE_MEASURE) or not is_counted_in_pieces(found.unit)
    if elements.count is not None:
        return _some(Decimal(elements.count), found.name)
    if elements.kilograms is not None and is_variable:
        return quantity_of_weight(elements.kilograms, found.unit, found.name)
    if price is not None and is_variable:
        return quantity_of_price(price, found.unit_price, found.name)
    return None


def _find(tenant_id: int, codes: Sequence[str]) -> Row[Any] | None:
    """Find the product of the first code that has one: in use before archived, barcodes before SKUs."""
    if not codes:
        return None
    values = {"tenant_id": tenant_id, "codes": list(codes)}
    return session_of(tenant_id).execute(_BY_CODE, values).one_or_none()


def _scanned(typed: str, code: str, found: Row[Any], *, in_base: bool = False, **said: Any) -> Scanned:
    """Say what was found. A weight or a price counts base units (`in_base`), whatever pack its code is given to."""
    product = ProductHit(found.id, found.name, found.unit, found.unit_price, found.on_hand)
    kind = ARCHIVED if found.is_archived else PRODUCT
    return Scanned(kind, typed, code=code, product=product, unit=None if in_base else _unit(found), **said)


def _unit(found: Row[Any]) -> ScannedUnit | None:
    if found.unit_id is None:
        return None
    if found.is_unit_archived and not found.is_archived:
        raise RuleViolationError(
            gettext(
                "This is the code of %(unit_name)s of %(name)s, and that unit is archived."
                " Take it back into use on the product's page, or scan another code.",
                unit_name=found.unit_name,
                name=found.name,
            )
        )
    factor = Fraction(found.factor_numerator, found.factor_denominator)
    unit_price = price_of(factor, found.unit_price, found.price_of_unit)
    return ScannedUnit(found.unit_id, found.unit_name, factor, unit_price, found.is_sold, found.is_bought)


def _minor(price: Decimal, currency: str) -> int:
    minor = price.scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        raise RuleViolationError(
            gettext(
                "The price in this code has more decimals than %(currency)s has. Type the product.", currency=currency
            )
        )
    return int(minor)


def _some(count: Decimal, name: str) -> Decimal:
    if count <= 0:
        raise RuleViolationError(
            gettext("The code says that there is no %(name)s in it. Count them, and type the quantity.", name=name)
        )
    return count


def _trouble(typed: str) -> str:
    """Say why a number is nobody's code: a digit of it was misread."""
    code = normalise(typed)
    if len(code) not in _GTIN_LENGTHS or not (code.isascii() and code.isdigit()):
        return ""
    try:
        read_barcode(code)
    except InvalidBarcodeError as refusal:
        return refusal.message
    return ""
