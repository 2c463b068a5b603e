"""The cart a person is filling: it lives on the server, so that a closed browser loses no line."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from ledger_web.domain.errors import InvalidQuantityError, NotFoundError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.money import multiply
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

QUANTITY_MAX = Decimal(10**9)
TOO_MUCH = "A quantity is a number above zero and below 1,000,000,000. Enter one like 2 or 0.250."


@dataclass(frozen=True, kw_only=True)
class AddToCart:
    """Add some of a product, or raise the line that has it already."""

    id: uuid.UUID
    product_id: uuid.UUID
    quantity: Decimal = Decimal(1)  # > 0


@dataclass(frozen=True, kw_only=True)
class ChangeCartLine:
    """Set the quantity of a line, and its price where the person may."""

    id: uuid.UUID
    line_id: uuid.UUID
    quantity: Decimal  # > 0
    unit_price: int | None = None  # minor units of the base currency; None leaves it


@dataclass(frozen=True, kw_only=True)
class RemoveCartLine:
    """Take a line out of the cart."""

    id: uuid.UUID
    line_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class ChooseCustomer:
    """Sell to this customer, or to nobody in particular."""

    id: uuid.UUID
    customer_id: uuid.UUID | None


@dataclass(frozen=True, kw_only=True)
class EmptyCart:
    """Throw the cart away."""

    id: uuid.UUID


@whole_act
def add_to_cart(command: AddToCart, uow: UnitOfWork) -> Recorded:
    """Add to the cart of whoever acts; it is opened with its first line.

    Raises:
        NotFoundError: The shop has no such product.
        RuleViolationError: The product is archived.
    """
    _must_be_a_quantity(command.quantity)
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        cart_id = _touch(uow, opens=True)
        added = uow.execute(
            """
            INSERT INTO cart_lines AS l
                   (tenant_id, cart_id, id, product_id, position, quantity, unit_price, list_price)
            SELECT p.tenant_id, %(cart_id)s::uuid,
                   coalesce((SELECT o.id FROM cart_lines AS o
                              WHERE o.tenant_id = %(tenant_id)s AND o.cart_id = %(cart_id)s::uuid
                                AND o.product_id = p.id AND o.unit_id IS NULL AND o.gift_card_code IS NULL
                              ORDER BY o.position
                              LIMIT 1), %(id)s::uuid),
                   p.id,
                   (SELECT coalesce(max(o.position), 0) + 1 FROM cart_lines AS o
                     WHERE o.tenant_id = %(tenant_id)s AND o.cart_id = %(cart_id)s::uuid),
                   %(quantity)s::numeric, p.unit_price, p.unit_price
              FROM products AS p
             WHERE p.tenant_id = %(tenant_id)s AND p.id = %(product_id)s AND p.archived_at IS NULL
            ON CONFLICT (tenant_id, cart_id, id) DO UPDATE SET quantity = l.quantity + excluded.quantity
             WHERE l.quantity + excluded.quantity < %(most)s
            RETURNING l.quantity, l.unit_price
            """,
            {
                "id": command.id,
                "cart_id": cart_id,
                "product_id": command.product_id,
                "quantity": command.quantity,
                "most": QUANTITY_MAX,
            },
        ).one_or_none()
        if added is None:
            raise _unsellable(uow, command.product_id)
        multiply(added.unit_price, added.quantity)  # refuses a line that no page could add up
    return Recorded(cart_id)


@whole_act
def change_cart_line(command: ChangeCartLine, uow: UnitOfWork) -> Recorded:
    """Set a line of the cart of whoever acts.

    Raises:
        NotFoundError: The cart has no such line.
    """
    _must_be_a_quantity(command.quantity)
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        cart_id = _touch(uow)
        changed = uow.execute(
            """
            UPDATE cart_lines AS l
               SET quantity = %(quantity)s, unit_price = coalesce(%(unit_price)s::bigint, l.unit_price)
             WHERE l.tenant_id = %(tenant_id)s AND l.cart_id = %(cart_id)s AND l.id = %(line_id)s
            RETURNING l.quantity, l.unit_price
            """,
            {
                "cart_id": cart_id,
                "line_id": command.line_id,
                "quantity": command.quantity,
                "unit_price": command.unit_price,
            },
        ).first()
        if changed is None:
            raise NotFoundError("This line is not in the cart any more. Scan the product again.")
        multiply(changed.unit_price, changed.quantity)  # refuses a line that no page could add up
    return Recorded(cart_id)


@whole_act
def remove_cart_line(command: RemoveCartLine, uow: UnitOfWork) -> Recorded:
    """Take a line out of the cart of whoever acts; gone is gone, so twice is fine.

    Raises:
        NotFoundError: There is no cart to take it out of.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        cart_id = _touch(uow)
        uow.execute(
            """
            DELETE FROM cart_lines
             WHERE tenant_id = %(tenant_id)s AND cart_id = %(cart_id)s AND id = %(line_id)s
            """,
            {"cart_id": cart_id, "line_id": command.line_id},
        )
    return Recorded(cart_id)


@whole_act
def choose_customer(command: ChooseCustomer, uow: UnitOfWork) -> Recorded:
    """Say who is buying.

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
    return Recorded(cart_id)


@whole_act
def empty_cart(command: EmptyCart, uow: UnitOfWork) -> Recorded:
    """Throw away the cart of whoever acts; an empty one is fine."""
    with uow:
        if not uow.is_resubmission(command, id=command.id):
            uow.execute(
                "DELETE FROM carts WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s",
                {"user_id": uow.actor_id},
            )
    return Recorded(command.id)


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
        raise NotFoundError("The cart is empty: it was stored or emptied in another window. Scan the products again.")
    return cart_id


def _unsellable(uow: UnitOfWork, product_id: uuid.UUID) -> Exception:
    product = uow.execute(
        "SELECT name, archived_at FROM products WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": product_id}
    ).one_or_none()
    if product is None:
        return NotFoundError("There is no such product in this shop.")
    if product.archived_at is None:
        return InvalidQuantityError(TOO_MUCH)
    return RuleViolationError(f"{product.name} is archived. Take it out of the archive before selling it.")


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
        raise RuleViolationError(f"{found.name} is archived. Take them out of the archive first.")


def _must_be_a_quantity(quantity: Decimal) -> None:
    if not quantity.is_finite() or not 0 < quantity < QUANTITY_MAX:
        raise InvalidQuantityError(TOO_MUCH)
