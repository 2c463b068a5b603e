"""Paying with what the shop owes: gift cards and store credit through the payment page."""

import re
from collections.abc import Callable
from typing import Any

from ledger_web.domain.gift_cards import card_code, store_credit_of
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash, store_credit
from tests.blueprints.test_sell import pay, scan
from tests.books import assert_the_books_agree, cached_balance, count
from tests.clients import ShopClient
from tests.returns import give_back
from tests.shops import Shop, add_customer, add_product, sell

ClientOf = Callable[..., ShopClient]
CODE = "GIFT-7001"


def payment(client: ShopClient, shop: Shop, **typed: str) -> Any:
    """Send what is typed on the payment page."""
    page = client.get("/sell/payment").text
    hidden = dict(re.findall(r'name="(op_id|version)" value="([^"]+)"', page))
    return client.post_form("/sell/payment", hidden | {"drawer_id": str(shop.drawer_id)} | typed, htmx=True)


def test_a_gift_card_and_store_credit_pay_a_sale_together_and_the_rest_is_cash(shop: Shop, client_of: ClientOf) -> None:
    milk, alice, client = add_product(shop, "Milk"), add_customer(shop), client_of(shop, "cashier")
    give_back(shop, sell(shop, (milk, 1, 60_00), customer_id=alice), (1, 1), way="credit", customer_id=alice)
    client.post_form("/sell/gift-cards", {"amount": "40", "code": CODE, "op_id": str(new_id())})
    assert pay(client, shop)[0] == 303
    scan(client, "milk")
    client.post_form("/sell/customer", {"customer_id": str(alice), "op_id": str(new_id())})
    assert "store credit 60.00 PKR" in client.get("/sell/").text
    typed = {"gift_card_1": CODE.lower(), "gift_amount_1": "40", "store_credit": "60", "cash": "20"}

    seen = client.get("/sell/payment/preview", query_string=typed, headers={"HX-Request": "true"}).text
    stored = payment(client, shop, **typed)

    assert "5.00 PKR" in seen
    receipt = client.get(stored.headers["HX-Redirect"]).text
    for paid in ("40.00 PKR", "60.00 PKR", "20.00 PKR", "Change"):
        assert paid in receipt
    assert cached_balance(shop, store_credit("PKR", alice)) == 0
    assert cached_balance(shop, store_credit_of(card_code(CODE), "PKR")) == 0
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == (60 + 40 + 15) * 100
    assert_the_books_agree(shop)


def test_what_a_card_or_a_credit_cannot_pay_is_said_and_what_was_typed_stays(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")
    alice, client = add_customer(shop), client_of(shop, "cashier")
    client.post_form("/sell/gift-cards", {"amount": "40", "code": CODE, "op_id": str(new_id())})
    pay(client, shop)
    scan(client, "milk")
    wrong = (
        {"gift_card_1": "GIFT-0000", "gift_amount_1": "115"},
        {"gift_card_1": CODE, "gift_amount_1": "115"},  # more than is on it
        {"gift_card_1": CODE, "gift_amount_1": "-1", "cash": "115"},
        {"gift_card_1": CODE, "gift_card_2": CODE, "gift_amount_1": "40", "gift_amount_2": "75"},
    )

    for typed in wrong:
        answer = payment(client, shop, **typed)
        assert answer.status_code == 422, typed
        for text in typed.values():
            assert f'value="{text}"' in answer.text
    assert payment(client, shop, store_credit="115").status_code == 422  # whose?
    client.post_form("/sell/customer", {"customer_id": str(alice), "op_id": str(new_id())})
    assert payment(client, shop, store_credit="115").status_code == 422  # there is none

    assert count(shop, "sales") == 1
    assert cached_balance(shop, store_credit_of(card_code(CODE), "PKR")) == 40_00
    assert_the_books_agree(shop)
