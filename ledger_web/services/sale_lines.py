"""Lines of a sale: what they ask, what that comes to by the shop's products and taxes, and their rows.

Used inside a unit of work.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import Row

from ledger_web.domain.discounts import Discount
from ledger_web.domain.errors import InvalidAmountError, InvalidQuantityError, NotFoundError, RuleViolationError
from ledger_web.domain.journal import AMOUNT_MAX
from ledger_web.domain.languages import gettext
from ledger_web.domain.sales import Asked, LineAmounts, price_lines
from ledger_web.domain.taxes import rates_of
from ledger_web.domain.units import in_base
from ledger_web.services.posting import Act
from ledger_web.services.product_taxes import TAXES, TAXES_FROM

LINES_MAX: Final = 500

# What selling needs to know of a product `p` and of the shop, and where it is found.
FACTS: Final = f"""p.id AS product_id, p.name, p.unit AS unit_name, p.tax_percent, p.stock_policy,
               t.prices_include_tax, t.cash_step, {TAXES}"""
FACTS_FROM: Final = f"""
          JOIN tenants AS t ON t.tenant_id = %(tenant_id)s {TAXES_FROM}"""


@dataclass(frozen=True, kw_only=True)
class SoldLine:
    """Some of one product at a price."""

    product_id: uuid.UUID
    quantity: Decimal  # of the unit, > 0, at most 6 decimals
    unit_price: int  # minor units of the base currency for one of the unit, >= 0; with tax if the shop's prices are
    unit_id: uuid.UUID | None = None  # None: the product's own unit
    list_price: int | None = None  # what it costs by the price list; None: the same
    discount: Discount | None = None
    note: str = ""
    approved_by: uuid.UUID | None = None
    gift_card_code: str | None = None  # the card that is sold with this line
    salesperson_id: uuid.UUID | None = None  # None: as the sale says


@dataclass(frozen=True, slots=True)
class Unit:
    """What a product is sold in: one of it is `numerator / denominator` of the product's own unit."""

    product_id: uuid.UUID
    name: str
    numerator: int
    denominator: int

    @property
    def factor(self) -> Fraction:
        return Fraction(self.numerator, self.denominator)


@dataclass(frozen=True, slots=True)
class Priced:
    """A line as it will be stored."""

    line: SoldLine
    name: str
    unit: Unit
    tax_percent: Decimal
    keeps_stock: bool
    base_quantity: Decimal  # in the product's own unit, as stock counts it
    amounts: LineAmounts


@dataclass(frozen=True, slots=True)
class PricedSale:
    """All lines of a sale, and what of the shop's settings counts for them."""

    lines: tuple[Priced, ...]
    inclusive: bool
    cash_step: int | None

    @property
    def total(self) -> int:
        return sum(each.amounts.total for each in self.lines)

    @property
    def tax(self) -> int:
        return sum(each.amounts.tax for each in self.lines)

    @property
    def discount(self) -> int:
        return sum(each.amounts.document_discount for each in self.lines)

    @property
    def quantities(self) -> dict[uuid.UUID, Decimal]:
        """What leaves stock, each product once, in its own unit."""
        quantities: dict[uuid.UUID, Decimal] = {}
        for each in self.lines:
            if each.keeps_stock:
                id = each.line.product_id
                quantities[id] = quantities.get(id, Decimal(0)) + each.base_quantity
        return quantities


def read_products(act: Act, ids: set[uuid.UUID]) -> Mapping[uuid.UUID, Row[Any]]:
    """Return what selling needs to know of products.

    Raises:
        NotFoundError: One of them is not this shop's.
    """
    rows = act.execute(
        f"""
        SELECT {FACTS}
          FROM products AS p {FACTS_FROM}
         WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s)
        """,
        {"ids": list(ids)},
    ).all()
    if len(rows) != len(ids):
        raise NotFoundError("A product on this sale is not in this shop. Remove the line and scan it again.")
    return {row.product_id: row for row in rows}


def read_units(act: Act, ids: set[uuid.UUID]) -> dict[uuid.UUID, Unit]:
    """Return units by id; asks only where there are some.

    Raises:
        NotFoundError: One of them is not this shop's.
    """
    if not ids:
        return {}
    rows = act.execute(
        """
        SELECT id, product_id, name, factor_numerator, factor_denominator FROM product_units
         WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)
        """,
        {"ids": list(ids)},
    ).all()
    if len(rows) != len(ids):
        raise NotFoundError("A unit on this sale is not in this shop. Remove the line and scan it again.")
    return {row.id: Unit(row.product_id, row.name, row.factor_numerator, row.factor_denominator) for row in rows}


def price_sale(
    lines: Sequence[SoldLine],
    products: Mapping[uuid.UUID, Row[Any]],
    discount: Discount | None,
    units: Mapping[uuid.UUID, Unit],
) -> PricedSale:
    """Say what each line comes to.

    Raises:
        RuleViolationError: No lines, too many, a quantity that is none, or more than the books can hold.
    """
    if not lines:
        raise RuleViolationError("There is nothing to sell yet. Scan or type a product first.")
    if len(lines) > LINES_MAX:
        raise RuleViolationError(
            gettext("A sale holds at most %(lines_max)s lines. Store this one and begin another.", lines_max=LINES_MAX)
        )
    for line in lines:
        if not line.quantity.is_finite() or not 0 < line.quantity < 10**9:
            raise InvalidQuantityError
    shop = next(iter(products.values()))
    asked = [_asked(line, products[line.product_id]) for line in lines]
    amounts = price_lines(asked, discount, inclusive=shop.prices_include_tax)
    priced = tuple(
        _priced(line, products[line.product_id], units.get(line.unit_id) if line.unit_id else None, each)
        for line, each in zip(lines, amounts, strict=True)
    )
    sale = PricedSale(priced, shop.prices_include_tax, shop.cash_step)
    if sale.total > AMOUNT_MAX:
        raise InvalidAmountError("This sale comes to more than the books can hold. Look at the quantities and prices.")
    return sale


def _asked(line: SoldLine, product: Row[Any]) -> Asked:
    return Asked(
        line.unit_price,
        line.quantity,
        rates_of(product.tax_percent, product.tax_names, product.tax_percents, product.tax_compounds),
        line.discount,
        is_money=line.gift_card_code is not None,
    )


def _priced(line: SoldLine, product: Row[Any], unit: Unit | None, amounts: LineAmounts) -> Priced:
    if unit is not None and unit.product_id != line.product_id:
        raise NotFoundError("A product on this sale is not sold in that unit. Remove the line and scan it again.")
    return Priced(
        line=line,
        name=product.name,
        unit=unit or Unit(line.product_id, product.unit_name, 1, 1),
        tax_percent=product.tax_percent,
        keeps_stock=product.stock_policy != "none",
        base_quantity=in_base(line.quantity, unit.factor, unit.name) if unit else line.quantity,
        amounts=amounts,
    )


def costs_by_line(priced: PricedSale, costs: Mapping[uuid.UUID, int]) -> list[int]:
    """Give each product's cost to its lines; a product on several lines leaves the odd unit on its last one."""
    left, quantities = dict(costs), priced.quantities
    by_line = []
    for each in priced.lines:
        id = each.line.product_id
        if id not in quantities:
            by_line.append(0)
            continue
        cost = int(left[id] * each.base_quantity / quantities[id])
        left[id] -= cost
        quantities[id] -= each.base_quantity
        by_line.append(cost)
    return by_line


def insert_lines(
    act: Act,
    sale_id: uuid.UUID,
    priced: Sequence[Priced],
    costs: Sequence[int],
    cards: Mapping[str, uuid.UUID],
) -> None:
    """Write the lines of a sale in one statement, however many."""
    act.send(
        """
        INSERT INTO sale_lines AS l
               (tenant_id, sale_id, line, product_id, name, quantity, unit_price, tax_percent, total, tax, cost,
                unit_id, unit_name, factor_numerator, factor_denominator, base_quantity, list_price, discount,
                document_discount, note, taxes, approved_by, gift_card_id, salesperson_id)
        SELECT s.tenant_id, s.id, n.line, n.product_id, n.name, n.quantity, n.unit_price, n.tax_percent, n.total,
               n.tax, n.cost, n.unit_id, n.unit_name, n.factor_numerator, n.factor_denominator, n.base_quantity,
               n.list_price, n.discount, n.document_discount, n.note, n.taxes::jsonb, n.approved_by, n.gift_card_id,
               n.salesperson_id
          FROM sales AS s
         CROSS JOIN unnest(%(products)s::uuid[], %(names)s::text[], %(quantities)s::numeric[], %(prices)s::bigint[],
                           %(percents)s::numeric[], %(totals)s::bigint[], %(tax)s::bigint[], %(costs)s::bigint[],
                           %(units)s::uuid[], %(unit_names)s::text[], %(numerators)s::bigint[],
                           %(denominators)s::bigint[], %(base_quantities)s::numeric[],
                           %(list_prices)s::bigint[], %(discounts)s::bigint[], %(shares)s::bigint[], %(notes)s::text[],
                           %(taxes)s::text[], %(approvers)s::uuid[], %(cards)s::uuid[], %(sellers)s::uuid[])
               WITH ORDINALITY
               AS n(product_id, name, quantity, unit_price, tax_percent, total, tax, cost, unit_id, unit_name,
                    factor_numerator, factor_denominator, base_quantity, list_price, discount, document_discount,
                    note, taxes, approved_by, gift_card_id, salesperson_id, line)
         WHERE s.tenant_id = %(tenant_id)s AND s.id = %(sale_id)s
        """,
        {
            "sale_id": sale_id,
            "products": [each.line.product_id for each in priced],
            "names": [each.name for each in priced],
            "quantities": [each.line.quantity for each in priced],
            "prices": [each.line.unit_price for each in priced],
            "percents": [each.tax_percent for each in priced],
            "totals": [each.amounts.total for each in priced],
            "tax": [each.amounts.tax for each in priced],
            "costs": list(costs),
            "units": [each.line.unit_id for each in priced],
            "unit_names": [each.unit.name for each in priced],
            "numerators": [each.unit.numerator for each in priced],
            "denominators": [each.unit.denominator for each in priced],
            "base_quantities": [each.base_quantity for each in priced],
            "list_prices": [_list_price(each.line) for each in priced],
            "discounts": [each.amounts.discount for each in priced],
            "shares": [each.amounts.document_discount for each in priced],
            "notes": [each.line.note for each in priced],
            "taxes": [_written_taxes(each.amounts) for each in priced],
            "approvers": [each.line.approved_by for each in priced],
            "cards": [cards.get(each.line.gift_card_code or "") for each in priced],
            "sellers": [each.line.salesperson_id for each in priced],
        },
    )


def _list_price(line: SoldLine) -> int:
    return line.unit_price if line.list_price is None else line.list_price


def _written_taxes(amounts: LineAmounts) -> str:
    return json.dumps(
        [
            {"name": part.name, "percent": f"{part.percent.normalize():f}", "amount": part.amount}
            for part in amounts.taxes
        ]
    )
