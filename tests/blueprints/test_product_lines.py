"""What a line of a sale or a purchase is told about the product chosen in it."""

import re
from collections.abc import Callable
from decimal import Decimal

from ledger_web.domain.ids import new_id
from ledger_web.services.carts import AddToCart, ChooseCustomer, add_to_cart, choose_customer
from ledger_web.services.prices import ChoosePriceList, CreatePriceList, SetPrice, choose_price_list, create_price_list
from ledger_web.services.prices import set_price as set_a_price
from ledger_web.services.units import CreateUnit, create_unit
from tests.clients import ShopClient
from tests.purchases import add_vendor, begin
from tests.shops import Shop, add_customer, add_product

ClientOf = Callable[..., ShopClient]


def facts(html: str) -> dict[str, str]:
    """Read the list of facts as a person does."""
    found = re.findall(r"<dt>(.*?)</dt><dd[^>]*>(.*?)</dd>", html, re.DOTALL)
    return {name: re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", said)).strip() for name, said in found}


def test_a_line_of_a_sale_is_told_price_stock_tax_and_what_it_cost(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop, "Milk", price=115_00, cost=60_00, quantity=29)
    crate = create_unit(CreateUnit(id=new_id(), product_id=milk, name="crate", factor_numerator=12), shop.act()).id
    alice = add_customer(shop, "Alice")
    listed = create_price_list(CreatePriceList(id=new_id(), name="Wholesale"), shop.act()).id
    cheaper = SetPrice(
        id=new_id(), product_id=milk, price_list_id=listed, unit_price=99_00, reason="Agreed", quantity_from=Decimal(5)
    )
    set_a_price(cheaper, shop.act())
    choose_price_list(ChoosePriceList(op_id=new_id(), party_id=alice, price_list_id=listed), shop.act())
    add_to_cart(AddToCart(id=new_id(), product_id=milk), shop.act())
    choose_customer(ChooseCustomer(id=new_id(), customer_id=alice), shop.act())
    path, owner = f"/products/{milk}/sale-line", client_of(shop, "owner")

    answer = owner.get(f"{path}?quantity=6", headers={"HX-Request": "true"})

    assert answer.text.lstrip().startswith('<div id="line-details"')
    assert facts(answer.text) == {
        "Product": "Milk",
        "Price": "99.00 PKR per pcs, from 5 Wholesale",
        "Tax": "15% in the price",
        "In stock": "2 crate + 5 pcs",
        "Cost last": "60.00 PKR per pcs",
    }
    in_crates = facts(owner.get(f"{path}?unit_id={crate}").text)
    assert (in_crates["Price"], in_crates["Cost last"]) == ("1,188.00 PKR per crate Wholesale", "720.00 PKR per crate")
    assert "Cost last" not in facts(client_of(shop, "cashier").get(path).text)


def test_a_line_of_a_purchase_is_told_the_cost_in_the_currency_of_its_form(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop, "Milk", cost=60_00)
    abroad = begin(shop, add_vendor(shop), currency="USD", rate="280")
    unrated = begin(shop, add_vendor(shop, "Other"), currency="EUR")
    owner, path = client_of(shop, "owner"), f"/products/{milk}/purchase-line"

    assert facts(owner.get(f"{path}/{abroad}").text)["Cost last"] == "0.21 USD per pcs"
    assert facts(owner.get(f"{path}/{unrated}").text)["Cost last"] == "60.00 PKR per pcs"


def test_a_line_is_told_nothing_of_another_shop_and_nothing_that_makes_no_sense(
    shop: Shop, rival: Shop, client_of: ClientOf
) -> None:
    milk, theirs = add_product(shop), add_product(rival)
    draft = begin(rival, add_vendor(rival))
    client = client_of(shop, "owner")

    for path in (
        f"{theirs}/sale-line",
        f"{milk}/sale-line?unit_id={new_id()}",
        f"{milk}/purchase-line/{draft}",
    ):
        assert client.get(f"/products/{path}").status_code == 404, path
    for asked in ("quantity=-1", "quantity=٣x", "unit_id=1", "line_id=%22%3E"):
        assert client.get(f"/products/{milk}/sale-line?{asked}").status_code == 422, asked
