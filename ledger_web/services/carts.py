"""The cart a person is filling: it lives on the server, so that a closed browser loses no line."""

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ledger_web.domain.discounts import (
    DISCOUNT_LIMIT,
    PRICE_CUT_LIMIT,
    Discount,
    discount_of,
    must_be_within,
    percent_off,
)
from ledger_web.domain.errors import (
    ConflictError,
    InvalidQuantityError,
    NotFoundError,
    RuleViolationError,
)
from ledger_web.domain.gift_cards import GIFT_CARD_NAME, card_code, gift_card_product, is_mistyped, new_card_code
from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import gettext
from ledger_web.domain.money import multiply
from ledger_web.domain.products import name_key
from ledger_web.services.cart_prices import Offer, find_line, find_offer, reprice
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

QUANTITY_MAX: Final = Decimal(10**9)
TOO_MUCH: Final = "A quantity is a number above zero and below 1,000,000,000. Enter one like 2 or 0.250."
GONE: Final = "The cart is empty: it was stored or emptied in another window. Scan the products again."
PARKED_MAX: Final = 200


@dataclass(frozen=True, kw_only=True)
class AddToCart:
    """Add some of a product, or raise the line that has it already."""

    id: uuid.UUID  # of the line, if it is a new one
    product_id: uuid.UUID
    quantity: Decimal = Decimal(1)  # > 0, of the unit
    unit_id: uuid.UUID | None = None  # None: the product's own unit


@dataclass(frozen=True, kw_only=True)
class CopyToCart:
    """Sell once more what a sale sold."""

    id: uuid.UUID
    sale_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class Ceilings:
    """How far a person may go, in percent; None is no limit. An approver's reach counts as their own for one act."""

    discount: Decimal | None = None
    price_cut: Decimal | None = None
    approved_by: uuid.UUID | None = None


@dataclass(frozen=True, kw_only=True)
class ChangeCartLine:
    """Set the quantity of a line; with `is_whole` also what else the line says."""

    id: uuid.UUID
    line_id: uuid.UUID
    quantity: Decimal  # > 0
    unit_price: int | None = None  # minor units of the base currency; None leaves it
    is_whole: bool = False  # unit, discount, note and salesperson are what follows; otherwise they stay
    unit_id: uuid.UUID | None = None
    discount: Discount | None = None
    note: str = ""
    salesperson_id: uuid.UUID | None = None  # None: whoever sold the rest
    ceilings: Ceilings = Ceilings()


@dataclass(frozen=True, kw_only=True)
class RemoveCartLine:
    """Take a line out of the cart."""

    id: uuid.UUID
    line_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class ChangeCart:
    """Say what counts for the whole cart: a discount, a note, who sold it."""

    id: uuid.UUID
    discount: Discount | None = None
    note: str = ""
    salesperson_id: uuid.UUID | None = None
    ceilings: Ceilings = Ceilings()


@dataclass(frozen=True, kw_only=True)
class ChooseCustomer:
    """Sell to this customer, or to nobody in particular."""

    id: uuid.UUID
    customer_id: uuid.UUID | None


@dataclass(frozen=True, kw_only=True)
class SellGiftCard:
    """Put a gift card into the cart; without a code it gets a new one."""

    id: uuid.UUID
    amount: int  # minor units of the base currency, > 0
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class ParkCart:
    """Put the cart aside, at one drawer or for all, so that the next customer can be served."""

    id: uuid.UUID
    label: str = ""
    drawer_id: uuid.UUID | None = None  # None: for all drawers


@dataclass(frozen=True, kw_only=True)
class RecallCart:
    """Take a parked cart up again; what is in one's own cart is parked instead."""

    id: uuid.UUID
    cart_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class DiscardCart:
    """Throw a parked cart away."""

    id: uuid.UUID
    cart_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class EmptyCart:
    """Throw the cart away."""

    id: uuid.UUID


@whole_act
def add_to_cart(command: AddToCart, uow: UnitOfWork) -> Recorded:
    """Add to the cart of whoever acts; it is opened with its first line.

    Raises:
        NotFoundError: The shop has no such product, or the product no such unit.
        RuleViolationError: The product or the unit is archived, or not sold so.
    """
    _must_be_a_quantity(command.quantity)
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        cart_id = _add(uow, command)
    return Recorded(cart_id)


@whole_act
def copy_to_cart(command: CopyToCart, uow: UnitOfWork) -> Recorded:
    """Add what a sale sold to the cart, at the prices of today: a deleted sale is not brought back, but sold anew.

    Raises:
        NotFoundError: The shop has no such sale, or it sold nothing but gift cards.
        RuleViolationError: A product or a unit is archived, or not sold so any more.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.sale_id):
            return Recorded(command.id, replayed=True)
        lines = uow.execute(
            """
            SELECT product_id, unit_id, sum(quantity) AS quantity FROM sale_lines
             WHERE tenant_id = %(tenant_id)s AND sale_id = %(sale_id)s AND gift_card_id IS NULL
             GROUP BY product_id, unit_id
             ORDER BY min(line)
            """,
            {"sale_id": command.sale_id},
        ).all()
        if not lines:
            raise NotFoundError("There is no such sale in this shop with anything to sell again.")
        for line in lines:
            again = AddToCart(id=new_id(), product_id=line.product_id, quantity=line.quantity, unit_id=line.unit_id)
            cart_id = _add(uow, again)
    return Recorded(cart_id)


@whole_act
def change_cart_line(command: ChangeCartLine, uow: UnitOfWork) -> Recorded:
    """Set a line of the cart of whoever acts.

    Raises:
        NotFoundError: The cart has no such line, the product no such unit, or nobody of that name works here.
        ApprovalNeededError: The price or the discount goes further than this person may.
        RuleViolationError: The unit is not sold, or it is a gift card.
    """
    _must_be_a_quantity(command.quantity)
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        cart_id = _touch(uow)
        before = _line(uow, command.line_id)
        unit_id = command.unit_id if command.is_whole else before.unit_id
        offer = find_line(uow, command.line_id, unit_id)
        if offer is None:
            raise NotFoundError("This product is not sold in that unit. Choose another unit.")
        if unit_id != before.unit_id:
            _must_be_sold(offer)
        if before.gift_card_code is not None:
            raise RuleViolationError("A gift card is sold once and as it is. Take it out and sell another one.")
        if command.salesperson_id not in (None, before.salesperson_id):
            _must_work_here(uow, command.salesperson_id)
        _tell_if_less(uow, command, cart_id)
        _set_line(uow, command, offer, before, cart_id)
    return Recorded(cart_id)


@whole_act
def remove_cart_line(command: RemoveCartLine, uow: UnitOfWork) -> Recorded:
    """Take a line out of the cart of whoever acts, and leave in the audit what it was.

    Raises:
        NotFoundError: The cart has no such line.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        cart_id = _touch(uow)
        removed = uow.execute(
            """
            DELETE FROM cart_lines AS l
             WHERE l.tenant_id = %(tenant_id)s AND l.cart_id = %(cart_id)s AND l.id = %(line_id)s
            RETURNING l.quantity, l.unit_price,
                      (SELECT p.name FROM products AS p
                        WHERE p.tenant_id = %(tenant_id)s AND p.id = l.product_id) AS name
            """,
            {"cart_id": cart_id, "line_id": command.line_id},
        ).one_or_none()
        if removed is None:
            raise NotFoundError("This line is not in the cart any more.")
        before = {"product": removed.name, "quantity": removed.quantity, "unit_price": removed.unit_price}
        uow.audit("cart.remove_line", holder=cart_id, before=before)
    return Recorded(cart_id)


@whole_act
def change_cart(command: ChangeCart, uow: UnitOfWork) -> Recorded:
    """Set what counts for the whole cart.

    Raises:
        NotFoundError: There is no cart, or nobody of that name works here.
        ApprovalNeededError: The discount goes further than this person may.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        cart_id = _touch(uow, opens=True)
        percent = _percent_of_cart(uow, cart_id, command.discount)
        must_be_within(DISCOUNT_LIMIT, percent, command.ceilings.discount, None)
        if command.salesperson_id is not None:
            _must_work_here(uow, command.salesperson_id)
        uow.execute(
            """
            UPDATE carts
               SET discount_percent = %(percent)s, discount_amount = %(amount)s, note = %(note)s,
                   salesperson_id = %(salesperson_id)s, approved_by = %(approved_by)s,
                   approved_percent = CASE WHEN %(approved_by)s::uuid IS NOT NULL THEN %(given)s::numeric END
             WHERE tenant_id = %(tenant_id)s AND id = %(cart_id)s
            """,
            {
                "cart_id": cart_id,
                "percent": command.discount.percent if command.discount else None,
                "amount": command.discount.amount if command.discount else None,
                "note": command.note,
                "salesperson_id": command.salesperson_id,
                "approved_by": command.ceilings.approved_by,
                "given": percent,
            },
        )
    return Recorded(cart_id)


@whole_act
def choose_customer(command: ChooseCustomer, uow: UnitOfWork) -> Recorded:
    """Say who is buying; prices are asked anew, because a customer may have a price list.

    Raises:
        NotFoundError: The shop has no such customer.
        RuleViolationError: The customer is archived.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        if command.customer_id is not None:
            _must_be_a_customer(uow, command.customer_id)
        cart_id = _touch(uow, opens=True)
        uow.execute(
            "UPDATE carts SET customer_id = %(customer_id)s WHERE tenant_id = %(tenant_id)s AND id = %(cart_id)s",
            {"cart_id": cart_id, "customer_id": command.customer_id},
        )
        reprice(uow, cart_id)
    return Recorded(cart_id)


@whole_act
def sell_gift_card(command: SellGiftCard, uow: UnitOfWork) -> Recorded:
    """Put a gift card into the cart; the money on it is owed from when the sale is stored.

    Raises:
        RuleViolationError: There is a card with this code already, or the code cannot be one.
    """
    code = card_code(command.code) if command.code else new_card_code()
    if is_mistyped(code):
        raise RuleViolationError("A digit of this gift card's number is wrong. Look at it again.")
    if command.amount <= 0:
        raise RuleViolationError("Enter how much is to be on the gift card, above zero.")
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        cart_id = _touch(uow, opens=True)
        _must_be_a_new_card(uow, code)
        _open_card_product(uow)
        uow.execute(
            f"""
            INSERT INTO cart_lines
                   (tenant_id, cart_id, id, product_id, position, quantity, unit_price, list_price, gift_card_code)
            VALUES (%(tenant_id)s, %(cart_id)s, %(id)s, %(product_id)s, {_NEXT_POSITION}, 1, %(amount)s, %(amount)s,
                    %(code)s)
            """,
            {
                "cart_id": cart_id,
                "id": command.id,
                "product_id": gift_card_product(uow.tenant_id),
                "amount": command.amount,
                "code": code,
            },
        )
    return Recorded(cart_id)


@whole_act
def park_cart(command: ParkCart, uow: UnitOfWork) -> Recorded:
    """Put the cart of whoever acts aside.

    Raises:
        NotFoundError: There is no cart.
        RuleViolationError: It has no line, or too many are parked already.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        cart_id = _touch(uow)
        _must_have_lines(uow, cart_id)
        _park(uow, cart_id, command.label, command.drawer_id)
    return Recorded(cart_id)


@whole_act
def recall_cart(command: RecallCart, uow: UnitOfWork) -> Recorded:
    """Take a parked cart up again.

    Raises:
        NotFoundError: There is no such parked cart: somebody else took it, perhaps.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        own = uow.execute(
            f"""
            UPDATE carts AS c SET version = c.version + 1
             WHERE c.tenant_id = %(tenant_id)s AND c.user_id = %(user_id)s
            RETURNING c.id, {_LINE_COUNT} AS lines
            """,
            {"user_id": uow.actor_id},
        ).one_or_none()
        if own is not None and own.lines:
            _park(uow, own.id, "", None)
        elif own is not None:
            uow.execute("DELETE FROM carts WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": own.id})
        taken = uow.execute(
            """
            UPDATE carts AS c
               SET user_id = %(user_id)s, parked_at = NULL, parked_by = NULL, label = '', version = c.version + 1
             WHERE c.tenant_id = %(tenant_id)s AND c.id = %(cart_id)s AND c.parked_at IS NOT NULL
            RETURNING c.id
            """,
            {"user_id": uow.actor_id, "cart_id": command.cart_id},
        ).one_or_none()
        if taken is None:
            raise NotFoundError("This parked cart is not there any more: somebody else took it up, or it was sold.")
    return Recorded(command.cart_id)


@whole_act
def discard_cart(command: DiscardCart, uow: UnitOfWork) -> Recorded:
    """Throw a parked cart away; what was in it stays in the audit.

    Raises:
        NotFoundError: There is no such parked cart.
    """
    with uow:
        if not uow.is_resubmission(command, id=command.id):
            found = uow.execute(
                """
                SELECT id FROM carts
                 WHERE tenant_id = %(tenant_id)s AND id = %(cart_id)s AND parked_at IS NOT NULL
                   FOR UPDATE
                """,
                {"cart_id": command.cart_id},
            ).first()
            if found is None:
                raise NotFoundError("This parked cart is not there any more.")
            _throw_away(uow, command.cart_id)
    return Recorded(command.cart_id)


@whole_act
def empty_cart(command: EmptyCart, uow: UnitOfWork) -> Recorded:
    """Throw away the cart of whoever acts; an empty one is fine."""
    with uow:
        if not uow.is_resubmission(command, id=command.id):
            found = uow.execute(
                "SELECT id FROM carts WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s FOR UPDATE",
                {"user_id": uow.actor_id},
            ).one_or_none()
            if found is not None:
                _throw_away(uow, found.id)
    return Recorded(command.id)


# The cart's own row.

_LINE_COUNT: Final = """(SELECT count(*) FROM cart_lines AS l
                      WHERE l.tenant_id = %(tenant_id)s AND l.cart_id = c.id)"""
_NEXT_POSITION: Final = """(SELECT coalesce(max(o.position), 0) + 1 FROM cart_lines AS o
                     WHERE o.tenant_id = %(tenant_id)s AND o.cart_id = %(cart_id)s::uuid)"""


def _touch(uow: UnitOfWork, *, opens: bool = False) -> uuid.UUID:
    """Lock the person's one cart, raise its version and return its id; open one where that is allowed."""
    if opens:
        opened: uuid.UUID = uow.execute(
            """
            INSERT INTO carts AS c (tenant_id, id, user_id, created_at)
            VALUES (%(tenant_id)s, %(id)s, %(user_id)s, now())
            ON CONFLICT (tenant_id, user_id) DO UPDATE SET version = c.version + 1
            RETURNING c.id
            """,
            {"id": new_id(), "user_id": uow.actor_id},
        ).scalar_one()
        return opened
    cart_id: uuid.UUID | None = uow.execute(
        """
        UPDATE carts AS c SET version = c.version + 1
         WHERE c.tenant_id = %(tenant_id)s AND c.user_id = %(user_id)s
        RETURNING c.id
        """,
        {"user_id": uow.actor_id},
    ).scalar_one_or_none()
    if cart_id is None:
        raise NotFoundError(GONE)
    return cart_id


def _park(uow: UnitOfWork, cart_id: uuid.UUID, label: str, drawer_id: uuid.UUID | None) -> None:
    parked = uow.execute(
        "SELECT count(*) FROM carts WHERE tenant_id = %(tenant_id)s AND parked_at IS NOT NULL"
    ).scalar_one()
    if parked >= PARKED_MAX:
        raise RuleViolationError(
            gettext(
                "%(parked_max)s carts are parked already. Sell or discard some of them first.", parked_max=PARKED_MAX
            )
        )
    if drawer_id is not None:
        _must_be_a_drawer(uow, drawer_id)
    uow.execute(
        """
        UPDATE carts
           SET user_id = NULL, parked_at = now(), parked_by = %(user_id)s, label = %(label)s, drawer_id = %(drawer_id)s
         WHERE tenant_id = %(tenant_id)s AND id = %(cart_id)s
        """,
        {"cart_id": cart_id, "user_id": uow.actor_id, "label": label, "drawer_id": drawer_id},
    )


def _throw_away(uow: UnitOfWork, cart_id: uuid.UUID) -> None:
    """Remove a cart that is locked, and leave in the audit what was in it."""
    lines = uow.execute(
        """
        SELECT p.name, l.quantity, l.unit_price
          FROM cart_lines AS l
          JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = l.product_id
         WHERE l.tenant_id = %(tenant_id)s AND l.cart_id = %(cart_id)s
         ORDER BY l.position
        """,
        {"cart_id": cart_id},
    ).all()
    uow.execute("DELETE FROM carts WHERE tenant_id = %(tenant_id)s AND id = %(cart_id)s", {"cart_id": cart_id})
    if lines:
        first = "; ".join(f"{line.quantity.normalize():f} × {line.name}" for line in lines[:20])
        value = sum(multiply(line.unit_price, line.quantity) for line in lines)
        uow.audit("cart.discard", holder=cart_id, before={"lines": len(lines), "value": value, "goods": first})


def _must_have_lines(uow: UnitOfWork, cart_id: uuid.UUID) -> None:
    found = uow.execute(
        "SELECT 1 FROM cart_lines WHERE tenant_id = %(tenant_id)s AND cart_id = %(cart_id)s LIMIT 1",
        {"cart_id": cart_id},
    ).first()
    if found is None:
        raise RuleViolationError("There is nothing in the cart to put aside. Scan or type a product first.")


# Lines.


def _add(uow: UnitOfWork, command: AddToCart) -> uuid.UUID:
    offer = _offer(uow, command)
    total = command.quantity + (offer.row.quantity or 0)
    _must_be_a_quantity(total)
    offer.must_be_countable(total)
    price = offer.price_of(total)
    multiply(max(price, offer.row.unit_price or 0), total)  # refuses a line that no page could add up
    cart_id: uuid.UUID = offer.row.cart_id or _touch(uow, opens=True)
    _add_line(uow, command, offer, cart_id, price)
    return cart_id


def _offer(uow: UnitOfWork, command: AddToCart) -> Offer:
    if command.product_id == gift_card_product(uow.tenant_id):
        raise RuleViolationError("A gift card is sold with “Sell a gift card”, which says how much is on it.")
    offer = find_offer(uow, command.product_id, command.unit_id, uow.actor_id)
    if offer is None:
        raise NotFoundError("There is no such product, or no such unit of it, in this shop.")
    if offer.row.archived_at is not None:
        raise RuleViolationError(
            gettext("%(name)s is archived. Take it out of the archive before selling it.", name=offer.row.name)
        )
    _must_be_sold(offer)
    return offer


def _must_be_sold(offer: Offer) -> None:
    row = offer.row
    if row.unit_id and (row.unit_archived_at is not None or not row.is_sold):
        raise RuleViolationError(
            gettext(
                "%(name)s is not sold in %(unit_name)s. Choose another unit.", name=row.name, unit_name=row.unit_name
            )
        )


def _add_line(uow: UnitOfWork, command: AddToCart, offer: Offer, cart_id: uuid.UUID, price: int) -> None:
    """Insert the line or raise the one there is, and raise the cart's version, in one statement."""
    added = uow.execute(
        f"""
        WITH touched AS (
            UPDATE carts AS c SET version = c.version + 1
             WHERE c.tenant_id = %(tenant_id)s AND c.id = %(cart_id)s::uuid AND c.user_id = %(user_id)s
            RETURNING c.id
        )
        INSERT INTO cart_lines AS l
               (tenant_id, cart_id, id, product_id, unit_id, position, quantity, unit_price, list_price)
        SELECT %(tenant_id)s, t.id, %(line_id)s::uuid, %(product_id)s::uuid, %(unit_id)s::uuid, {_NEXT_POSITION},
               %(quantity)s::numeric, %(price)s::bigint, %(price)s::bigint
          FROM touched AS t
        ON CONFLICT (tenant_id, cart_id, id) DO UPDATE
           SET quantity = l.quantity + excluded.quantity,
               unit_price = CASE WHEN l.unit_price = l.list_price THEN excluded.unit_price ELSE l.unit_price END,
               list_price = excluded.list_price
         WHERE l.quantity + excluded.quantity < %(most)s
        RETURNING l.quantity, l.unit_price
        """,
        {
            "cart_id": cart_id,
            "user_id": uow.actor_id,
            "line_id": offer.row.line_id or command.id,
            "product_id": command.product_id,
            "unit_id": command.unit_id,
            "quantity": command.quantity,
            "price": price,
            "most": QUANTITY_MAX,
        },
    ).one_or_none()
    if added is None:
        raise ConflictError("The cart was stored or changed in another window. Look at it, then scan once more.")
    multiply(added.unit_price, added.quantity)  # what two windows added together may be more than a page can add up


@dataclass(frozen=True, slots=True)
class _Line:
    """A line as it was."""

    unit_id: uuid.UUID | None
    unit_price: int
    list_price: int
    discount: Discount | None
    note: str
    gift_card_code: str | None
    approved_by: uuid.UUID | None
    approved_percent: Decimal | None
    salesperson_id: uuid.UUID | None


def _tell_if_less(uow: UnitOfWork, command: ChangeCartLine, cart_id: uuid.UUID) -> None:
    """Write down that a line is made smaller before it is paid: taking four of five out is taking out, too."""
    was = uow.execute(
        """
        SELECT l.quantity, p.name
          FROM cart_lines AS l
          JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = l.product_id
         WHERE l.tenant_id = %(tenant_id)s AND l.cart_id = %(cart_id)s AND l.id = %(line_id)s
        """,
        {"cart_id": cart_id, "line_id": command.line_id},
    ).one_or_none()
    if was is not None and command.quantity < was.quantity:
        before = {"product": was.name, "quantity": was.quantity}
        after = {"product": was.name, "quantity": command.quantity}
        uow.audit("cart.lower_line", holder=cart_id, before=before, after=after)


def _line(uow: UnitOfWork, line_id: uuid.UUID) -> _Line:
    row = uow.execute(
        """
        SELECT l.unit_id, l.unit_price, l.list_price, l.discount_percent, l.discount_amount, l.note, l.gift_card_code,
               l.approved_by, l.approved_percent, l.salesperson_id
          FROM carts AS c
          JOIN cart_lines AS l ON l.tenant_id = %(tenant_id)s AND l.cart_id = c.id AND l.id = %(line_id)s
         WHERE c.tenant_id = %(tenant_id)s AND c.user_id = %(user_id)s
        """,
        {"user_id": uow.actor_id, "line_id": line_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("This line is not in the cart any more. Scan the product again.")
    return _Line(
        row.unit_id,
        row.unit_price,
        row.list_price,
        discount_of(row.discount_percent, row.discount_amount),
        row.note,
        row.gift_card_code,
        row.approved_by,
        row.approved_percent,
        row.salesperson_id,
    )


def _set_line(uow: UnitOfWork, command: ChangeCartLine, offer: Offer, before: _Line, cart_id: uuid.UUID) -> None:
    offer.must_be_countable(command.quantity)
    list_price = offer.price_of(command.quantity)
    price = _price(command, before, list_price, same_unit=offer.row.unit_id == before.unit_id)
    gross = multiply(price, command.quantity)  # refuses a line that no page could add up
    discount = command.discount if command.is_whole else before.discount
    off = Decimal(0) if discount is None else percent_off(gross, gross - discount.of(gross))
    cut = percent_off(list_price, price)
    is_approved = command.ceilings.approved_by is not None
    kept = None if is_approved else before.approved_percent
    must_be_within(PRICE_CUT_LIMIT, cut, command.ceilings.price_cut, kept)
    must_be_within(DISCOUNT_LIMIT, off, command.ceilings.discount, kept)
    uow.execute(
        """
        UPDATE cart_lines AS l
           SET quantity = %(quantity)s, unit_id = %(unit_id)s, unit_price = %(unit_price)s, list_price = %(list_price)s,
               discount_percent = %(percent)s, discount_amount = %(amount)s, note = %(note)s,
               approved_by = %(approved_by)s, approved_percent = %(approved_percent)s,
               salesperson_id = %(salesperson_id)s
         WHERE l.tenant_id = %(tenant_id)s AND l.cart_id = %(cart_id)s AND l.id = %(line_id)s
        """,
        {
            "cart_id": cart_id,
            "line_id": command.line_id,
            "quantity": command.quantity,
            "unit_id": offer.row.unit_id,
            "unit_price": price,
            "list_price": list_price,
            "percent": discount.percent if discount else None,
            "amount": discount.amount if discount else None,
            "note": command.note if command.is_whole else before.note,
            "approved_by": command.ceilings.approved_by if is_approved else before.approved_by,
            "approved_percent": max(cut, off) if is_approved else before.approved_percent,
            "salesperson_id": command.salesperson_id if command.is_whole else before.salesperson_id,
        },
    )


def _price(command: ChangeCartLine, before: _Line, list_price: int, *, same_unit: bool) -> int:
    """Return the price of a line: what was typed, else what somebody set before, else the list's."""
    if command.unit_price is not None and command.unit_price != before.unit_price:
        return command.unit_price
    if same_unit and before.unit_price != before.list_price:
        return before.unit_price
    return list_price


def _percent_of_cart(uow: UnitOfWork, cart_id: uuid.UUID, discount: Discount | None) -> Decimal:
    """Return how much of the cart a discount is, in percent."""
    if discount is None:
        return Decimal(0)
    if discount.percent is not None:
        return discount.percent
    lines = uow.execute(
        """
        SELECT quantity, unit_price, discount_percent, discount_amount FROM cart_lines
         WHERE tenant_id = %(tenant_id)s AND cart_id = %(cart_id)s AND gift_card_code IS NULL
        """,
        {"cart_id": cart_id},
    )
    total = 0
    for line in lines:
        gross = multiply(line.unit_price, line.quantity)
        off = discount_of(line.discount_percent, line.discount_amount)
        total += gross - (off.of(gross) if off else 0)
    return percent_off(total, total - discount.of(total))


# Gift cards.


def _must_be_a_new_card(uow: UnitOfWork, code: str) -> None:
    taken = uow.execute(
        """
        SELECT 1 FROM gift_cards WHERE tenant_id = %(tenant_id)s AND code = %(code)s
         UNION ALL
        SELECT 1 FROM cart_lines WHERE tenant_id = %(tenant_id)s AND gift_card_code = %(code)s
        """,
        {"code": code},
    ).first()
    if taken is not None:
        raise RuleViolationError(
            gettext("The gift card %(code)s was sold already, or is in a cart. Take another card.", code=code)
        )


def _open_card_product(uow: UnitOfWork) -> None:
    """Make the product that gift cards are sold as, with the first one."""
    uow.execute(
        """
        INSERT INTO products AS p
               (tenant_id, id, name, name_key, unit_price, tax_percent, stock_policy, created_at)
        VALUES (%(tenant_id)s, %(id)s, %(name)s, %(name_key)s, 0, 0, 'none', now())
        ON CONFLICT (tenant_id, id) DO NOTHING
        """,
        {"id": gift_card_product(uow.tenant_id), "name": GIFT_CARD_NAME, "name_key": name_key(GIFT_CARD_NAME)},
    )


# What must be there.


def _must_be_a_customer(uow: UnitOfWork, customer_id: uuid.UUID) -> None:
    found = uow.execute(
        """
        SELECT name, archived_at FROM parties
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND kind = 'customer'
        """,
        {"id": customer_id},
    ).one_or_none()
    if found is None:
        raise NotFoundError("There is no such customer in this shop. Choose the customer again.")
    if found.archived_at is not None:
        raise RuleViolationError(gettext("%(name)s is archived. Take them out of the archive first.", name=found.name))


def _must_work_here(uow: UnitOfWork, user_id: uuid.UUID) -> None:
    found = uow.execute(
        "SELECT active FROM users WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": user_id}
    ).one_or_none()
    if found is None or not found.active:
        raise NotFoundError("Nobody like that works here. Choose the salesperson again.")


def _must_be_a_drawer(uow: UnitOfWork, drawer_id: uuid.UUID) -> None:
    found = uow.execute(
        "SELECT active FROM cash_drawers WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": drawer_id}
    ).one_or_none()
    if found is None or not found.active:
        raise NotFoundError("There is no such cash drawer in this shop. Choose another.")


def _must_be_a_quantity(quantity: Decimal) -> None:
    if not quantity.is_finite() or not 0 < quantity < QUANTITY_MAX:
        raise InvalidQuantityError(TOO_MUCH)
