"""Sales: recording one, storing the cart as one, deleting one."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Row

from ledger_web.domain.errors import (
    InvalidAmountError,
    InvalidQuantityError,
    NotFoundError,
    RuleViolationError,
    SaleAlreadyDeletedError,
    StaleEditError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import AMOUNT_MAX, AccountKey, cash, customer
from ledger_web.domain.sales import LineAmounts, Tender, line_amounts, sale_entries, settle
from ledger_web.services import open_items, reversals, stock
from ledger_web.services.numbering import next_number
from ledger_web.services.stock import Goods
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

LINES_MAX = 500


@dataclass(frozen=True, kw_only=True)
class SoldLine:
    """Some of one product at a price."""

    product_id: uuid.UUID
    quantity: Decimal  # > 0, at most 6 decimals
    unit_price: int  # minor units of the base currency, tax contained, >= 0


@dataclass(frozen=True, kw_only=True)
class RecordSale:
    """Sell lines out of one drawer's till."""

    id: uuid.UUID
    drawer_id: uuid.UUID
    currency: str  # the shop's base currency
    lines: tuple[SoldLine, ...]
    customer_id: uuid.UUID | None = None
    tendered: int | None = None  # cash handed over, minor units; None: exactly what is due in cash
    rest_on_account: bool = False
    sold_on: dt.date | None = None  # None: today in the shop's time zone
    sold_at: dt.datetime | None = None  # aware; None: now


@dataclass(frozen=True, kw_only=True)
class StoreCart:
    """Sell what is in the cart, as it was when its version was shown."""

    id: uuid.UUID  # of the cart; becomes the id of the sale
    version: int
    drawer_id: uuid.UUID
    currency: str
    tendered: int | None = None
    rest_on_account: bool = False


@dataclass(frozen=True, kw_only=True)
class DeleteSale:
    """Undo a sale; the books keep both."""

    id: uuid.UUID  # of the reversal
    sale_id: uuid.UUID
    reason: str  # 3 to 500 characters
    overrides_lock: bool = False


@dataclass(frozen=True, slots=True)
class _Priced:
    """A line as it will be stored."""

    line: SoldLine
    name: str
    tax_percent: Decimal
    keeps_stock: bool
    amounts: LineAmounts


@whole_act
def record_sale(command: RecordSale, uow: UnitOfWork) -> Recorded:
    """Put a sale into the books: goods out at average cost, money or debt in, a number from the drawer's series.

    Raises:
        NotFoundError: A product, the drawer or the customer is not this shop's.
        OutOfStockError, CreditLimitExceededError: As the product's and the customer's limits say.
        DrawerNotOpenError: Cash is paid, and the drawer's shift is not open.
        RuleViolationError: No lines, cash that does not cover, a debt without a customer.
        ResubmissionError: The id was used for another sale.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="sale", occurred_on=command.sold_on):
            return Recorded(command.id, replayed=True)
        _sell(uow, command)
    return Recorded(command.id)


@whole_act
def store_cart(command: StoreCart, uow: UnitOfWork) -> Recorded:
    """Sell what is in the cart and empty it, in one act. Raises what `record_sale` raises, and

    StaleEditError: The cart was changed since it was shown, in another window perhaps.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="sale"):
            return Recorded(command.id, replayed=True)
        cart = uow.execute(
            """
            SELECT version, customer_id FROM carts
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND user_id = %(user_id)s
               FOR NO KEY UPDATE
            """,
            {"id": command.id, "user_id": uow.actor_id},
        ).one_or_none()
        if cart is None or cart.version != command.version:
            raise StaleEditError("The cart was changed in another window. Look at it once more, then store the sale.")
        _sell(
            uow,
            RecordSale(
                id=command.id,
                drawer_id=command.drawer_id,
                currency=command.currency,
                lines=_cart_lines(uow, command.id),
                customer_id=cart.customer_id,
                tendered=command.tendered,
                rest_on_account=command.rest_on_account,
            ),
        )
        uow.execute("DELETE FROM carts WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": command.id})
    return Recorded(command.id)


@whole_act
def delete_sale(command: DeleteSale, uow: UnitOfWork) -> Recorded:
    """Reverse a sale: goods back at the cost they left with, money back out of the drawer, debt released.

    Nothing is erased: the sale stays, marked with who, when and why.

    Raises:
        NotFoundError: The shop has no such sale.
        SaleAlreadyDeletedError: Someone was faster; says who and when.
        PeriodLockedError: The sale lies in a locked period.
        InsufficientFundsError, DrawerNotOpenError: The drawer cannot pay the money back.
    """
    with uow:
        _must_be_deletable(uow, command)
        if uow.is_replay(
            command,
            id=command.id,
            kind="reversal",
            memo=command.reason,
            reverses_id=command.sale_id,
            overrides_lock=command.overrides_lock,
        ):
            return Recorded(command.sale_id, replayed=True)
        marked = uow.execute(
            """
            UPDATE sales SET deleted_at = now(), deleted_by = %(actor_id)s, delete_reason = %(reason)s
             WHERE tenant_id = %(tenant_id)s AND id = %(sale_id)s AND deleted_at IS NULL
            RETURNING currency
            """,
            {"sale_id": command.sale_id, "actor_id": uow.actor_id, "reason": command.reason},
        ).one()
        reversal = reversals.load_reversal(uow, command.sale_id)
        left = open_items.cancel(uow, command.sale_id)
        uow.post([*reversals.put_back(uow, reversal, marked.currency), *left], in_open_shift=True)
    return Recorded(command.sale_id)


def preview_deletion(sale_id: uuid.UUID, uow: UnitOfWork) -> reversals.Preview:
    """Say what deleting a sale will change. Writes and locks nothing.

    Raises:
        NotFoundError: The shop has no such sale.
        SaleAlreadyDeletedError: It was deleted already.
    """
    with uow:
        _must_not_be_deleted(uow, sale_id)
        return reversals.preview(uow, sale_id)


def _sell(uow: UnitOfWork, sale: RecordSale) -> None:
    """Do the story of a sale inside an act whose header stands."""
    priced = _price(uow, sale.lines)
    total = sum(each.amounts.total for each in priced)
    tax = sum(each.amounts.tax for each in priced)
    if total > AMOUNT_MAX:
        raise InvalidAmountError("This sale comes to more than the books can hold. Look at the quantities and prices.")
    tender = settle(total, sale.tendered, rest_on_account=sale.rest_on_account)
    if tender.on_account:
        _must_be_a_customer(uow, sale.customer_id)

    costs = stock.take(uow, _quantities(priced))
    if costs:
        stock.insert_moves(uow, [Goods(id, -quantity, -costs[id]) for id, quantity in _quantities(priced).items()])
    number = next_number(uow, "sale", sale.drawer_id)
    _insert_sale(uow, sale, number, total, tax, sum(costs.values()), tender)
    _insert_lines(uow, sale, priced, _costs_by_line(priced, costs))
    if tender.applied:
        _insert_payment(uow, sale, tender)
    if tender.on_account and sale.customer_id:
        charge = open_items.new_item(sale.id, "charge", sale.currency, tender.on_account, uow.occurred_on)
        open_items.add_item(uow, sale.customer_id, charge)
    entries = sale_entries(sale.currency, _paid(sale, tender), total, tax, sum(costs.values()))
    uow.post(entries, in_open_shift=True)


def _price(uow: UnitOfWork, lines: Sequence[SoldLine]) -> list[_Priced]:
    if not lines:
        raise RuleViolationError("There is nothing to sell yet. Scan or type a product first.")
    if len(lines) > LINES_MAX:
        raise RuleViolationError(f"A sale holds at most {LINES_MAX} lines. Store this one and begin another.")
    products = _products(uow, {line.product_id for line in lines})
    priced = []
    for line in lines:
        if not line.quantity.is_finite() or not 0 < line.quantity < 10**9:
            raise InvalidQuantityError
        product = products[line.product_id]
        amounts = line_amounts(line.unit_price, line.quantity, product.tax_percent)
        priced.append(_Priced(line, product.name, product.tax_percent, product.stock_policy != "none", amounts))
    return priced


def _products(uow: UnitOfWork, ids: set[uuid.UUID]) -> Mapping[uuid.UUID, Row[tuple[object, ...]]]:
    rows = uow.execute(
        """
        SELECT id, name, tax_percent, stock_policy FROM products
         WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)
        """,
        {"ids": list(ids)},
    ).all()
    if len(rows) != len(ids):
        raise NotFoundError("A product on this sale is not in this shop. Remove the line and scan it again.")
    return {row.id: row for row in rows}


def _quantities(priced: Sequence[_Priced]) -> dict[uuid.UUID, Decimal]:
    """Add up what leaves stock, each product once."""
    quantities: dict[uuid.UUID, Decimal] = {}
    for each in priced:
        if each.keeps_stock:
            id = each.line.product_id
            quantities[id] = quantities.get(id, Decimal(0)) + each.line.quantity
    return quantities


def _costs_by_line(priced: Sequence[_Priced], costs: Mapping[uuid.UUID, int]) -> list[int]:
    """Give each product's cost to its lines; a product on several lines leaves the odd unit on its last one."""
    left, quantities = dict(costs), _quantities(priced)
    by_line = []
    for each in priced:
        id = each.line.product_id
        if id not in quantities:
            by_line.append(0)
            continue
        cost = int(left[id] * each.line.quantity / quantities[id])
        left[id] -= cost
        quantities[id] -= each.line.quantity
        by_line.append(cost)
    return by_line


def _paid(sale: RecordSale, tender: Tender) -> list[tuple[AccountKey, int]]:
    paid = [(cash(sale.drawer_id, sale.currency), tender.applied)]
    if tender.on_account and sale.customer_id:
        paid.append((customer(sale.customer_id, sale.currency), tender.on_account))
    return paid


def _must_be_a_customer(uow: UnitOfWork, customer_id: uuid.UUID | None) -> None:
    if customer_id is None:
        raise RuleViolationError("Choose the customer whose account the rest goes on, or take the whole total in cash.")
    found = uow.execute(
        """
        SELECT archived_at FROM parties
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND kind = 'customer'
        """,
        {"id": customer_id},
    ).one_or_none()
    if found is None:
        raise NotFoundError("There is no such customer in this shop. Choose the customer again.")
    if found.archived_at is not None:
        raise RuleViolationError("This customer is archived. Take them out of the archive first, or take cash.")


def _insert_sale(
    uow: UnitOfWork, sale: RecordSale, number: str, total: int, tax: int, cost: int, tender: Tender
) -> None:
    uow.execute(
        """
        INSERT INTO sales (tenant_id, id, number, drawer_id, customer_id, cashier_id, sold_on, sold_at, currency,
                           total, tax_total, cost_total, on_account)
        VALUES (%(tenant_id)s, %(id)s, %(number)s, %(drawer_id)s, %(customer_id)s, %(cashier_id)s, %(sold_on)s,
                coalesce(%(sold_at)s::timestamptz, now()), %(currency)s, %(total)s, %(tax)s, %(cost)s, %(on_account)s)
        """,
        {
            "id": sale.id,
            "number": number,
            "drawer_id": sale.drawer_id,
            "customer_id": sale.customer_id,
            "cashier_id": uow.actor_id,
            "sold_on": uow.occurred_on,
            "sold_at": sale.sold_at,
            "currency": sale.currency,
            "total": total,
            "tax": tax,
            "cost": cost,
            "on_account": tender.on_account,
        },
    )


def _insert_lines(uow: UnitOfWork, sale: RecordSale, priced: Sequence[_Priced], costs: Sequence[int]) -> None:
    uow.execute(
        """
        INSERT INTO sale_lines AS l
               (tenant_id, sale_id, line, product_id, name, quantity, unit_price, tax_percent, total, tax, cost)
        SELECT s.tenant_id, s.id, n.line, n.product_id, n.name, n.quantity, n.unit_price, n.tax_percent, n.total,
               n.tax, n.cost
          FROM sales AS s
         CROSS JOIN unnest(%(products)s::uuid[], %(names)s::text[], %(quantities)s::numeric[], %(prices)s::bigint[],
                           %(percents)s::numeric[], %(totals)s::bigint[], %(taxes)s::bigint[], %(costs)s::bigint[])
               WITH ORDINALITY
               AS n(product_id, name, quantity, unit_price, tax_percent, total, tax, cost, line)
         WHERE s.tenant_id = %(tenant_id)s AND s.id = %(id)s
        """,
        {
            "id": sale.id,
            "products": [each.line.product_id for each in priced],
            "names": [each.name for each in priced],
            "quantities": [each.line.quantity for each in priced],
            "prices": [each.line.unit_price for each in priced],
            "percents": [each.tax_percent for each in priced],
            "totals": [each.amounts.total for each in priced],
            "taxes": [each.amounts.tax for each in priced],
            "costs": list(costs),
        },
    )


def _insert_payment(uow: UnitOfWork, sale: RecordSale, tender: Tender) -> None:
    uow.execute(
        """
        INSERT INTO payments (tenant_id, id, transaction_id, direction, party_id, sale_id, drawer_id, currency,
                              tendered, applied, change)
        VALUES (%(tenant_id)s, %(payment_id)s, %(id)s, 'in', %(customer_id)s, %(id)s, %(drawer_id)s, %(currency)s,
                %(tendered)s, %(applied)s, %(change)s)
        """,
        {
            "payment_id": new_id(),
            "id": sale.id,
            "customer_id": sale.customer_id,
            "drawer_id": sale.drawer_id,
            "currency": sale.currency,
            "tendered": tender.tendered,
            "applied": tender.applied,
            "change": tender.change,
        },
    )


def _cart_lines(uow: UnitOfWork, cart_id: uuid.UUID) -> tuple[SoldLine, ...]:
    rows = uow.execute(
        """
        SELECT product_id, quantity, unit_price FROM cart_lines
         WHERE tenant_id = %(tenant_id)s AND cart_id = %(cart_id)s
         ORDER BY position
        """,
        {"cart_id": cart_id},
    )
    return tuple(SoldLine(product_id=row.product_id, quantity=row.quantity, unit_price=row.unit_price) for row in rows)


def _must_be_deletable(uow: UnitOfWork, command: DeleteSale) -> None:
    """Refuse early what cannot be deleted; a deletion that arrives twice goes on and finds its own header.

    Who deleted it is asked second: whoever made the first look find it deleted has committed before the second.
    """
    try:
        _must_not_be_deleted(uow, command.sale_id)
    except SaleAlreadyDeletedError:
        done = uow.execute(
            "SELECT id FROM transactions WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": command.id}
        )
        if done.first() is None:
            raise


def _must_not_be_deleted(uow: UnitOfWork, sale_id: uuid.UUID) -> None:
    sale = uow.execute(
        """
        SELECT s.deleted_at AT TIME ZONE t.time_zone AS deleted_at, u.name AS deleter
          FROM sales AS s
          JOIN tenants AS t ON t.tenant_id = %(tenant_id)s
          LEFT JOIN users AS u ON u.tenant_id = %(tenant_id)s AND u.id = s.deleted_by
         WHERE s.tenant_id = %(tenant_id)s AND s.id = %(sale_id)s
        """,
        {"sale_id": sale_id},
    ).one_or_none()
    if sale is None:
        raise NotFoundError("There is no such sale in this shop.")
    if sale.deleted_at is not None:
        raise SaleAlreadyDeletedError(sale.deleter or "", sale.deleted_at)
