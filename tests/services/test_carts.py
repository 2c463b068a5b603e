"""The cart: what is in it can always be shown, changed and stored."""

from decimal import Decimal

import pytest
from flask import Flask

from ledger_web.domain.errors import InvalidAmountError, InvalidQuantityError
from ledger_web.domain.ids import new_id
from ledger_web.queries.carts import find_cart
from ledger_web.services.carts import AddToCart, ChangeCartLine, add_to_cart, change_cart_line
from tests.books import count
from tests.shops import Shop, add_product

TOO_MANY = Decimal(900_000_000)


def test_a_line_that_no_page_could_add_up_does_not_get_into_the_cart(app: Flask, shop: Shop) -> None:
    """Otherwise the cart could be neither shown nor emptied: every page of the till would refuse it."""
    product_id = add_product(shop, price=9_000_000_00, quantity=1)
    line_id = new_id()
    add_to_cart(AddToCart(id=line_id, product_id=product_id), shop.act())

    with pytest.raises(InvalidAmountError):
        add_to_cart(AddToCart(id=new_id(), product_id=product_id, quantity=TOO_MANY), shop.act())
    with pytest.raises(InvalidAmountError):
        change_cart_line(ChangeCartLine(id=new_id(), line_id=line_id, quantity=TOO_MANY), shop.act())

    cart = find_cart(shop.tenant_id, shop.owner_id, shop.currency)
    assert cart is not None
    assert [row.quantity for row in cart.rows] == [1]


def test_a_line_that_would_grow_beyond_all_measure_is_refused_and_stays(shop: Shop) -> None:
    milk = add_product(shop)
    add_to_cart(AddToCart(id=new_id(), product_id=milk, quantity=Decimal(1)), shop.act())

    with pytest.raises(InvalidQuantityError):
        add_to_cart(AddToCart(id=new_id(), product_id=milk, quantity=Decimal(999_999_999)), shop.act())

    assert count(shop, "cart_lines") == 1
