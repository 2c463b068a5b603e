"""Prices set, changed and taken away; their history; what a line costs for whom."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import ProgrammingError

from ledger_web.domain.errors import NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.ids import new_id
from ledger_web.queries.prices import line_details, list_price_changes, list_price_lists, list_prices
from ledger_web.queries.product_imports import get_import
from ledger_web.queries.products import get_product_details, list_products
from ledger_web.services.carts import (
    AddToCart,
    ChooseCustomer,
    EmptyCart,
    add_to_cart,
    choose_customer,
    empty_cart,
)
from ledger_web.services.prices import (
    ArchivePriceList,
    ChangePrice,
    ChoosePriceList,
    CreatePriceList,
    RemovePrice,
    SetPrice,
    archive_price_list,
    change_price,
    choose_price_list,
    create_price_list,
    remove_price,
    set_price,
)
from ledger_web.services.pricing import change_ordinary_prices
from ledger_web.services.product_imports import CarryOutImport, UploadProducts, carry_out_import, upload_products
from ledger_web.services.products import CreateProduct, create_product
from ledger_web.services.units import CreateUnit, create_unit
from tests.shops import Shop, add_customer, add_product

TODAY = dt.date(2026, 11, 21)


def ask(shop: Shop, product_id: uuid.UUID, unit_price: int, **said: Any) -> uuid.UUID:
    command = SetPrice(id=new_id(), product_id=product_id, unit_price=unit_price, reason="Promotion", **said)
    return set_price(command, shop.act()).id


def wholesale(shop: Shop, name: str = "Wholesale") -> uuid.UUID:
    return create_price_list(CreatePriceList(id=new_id(), name=name), shop.act()).id


def crate(shop: Shop, product_id: uuid.UUID, **said: Any) -> uuid.UUID:
    command = CreateUnit(id=new_id(), product_id=product_id, name="crate", factor_numerator=12, **said)
    return create_unit(command, shop.act()).id


def change(shop: Shop, product_id: uuid.UUID, unit_price: int, *, version: int = 1) -> None:
    command = ChangePrice(
        op_id=new_id(), product_id=product_id, version=version, unit_price=unit_price, reason="New cost"
    )
    change_price(command, shop.act())


def cost_of(shop: Shop, product_id: uuid.UUID, unit_id: uuid.UUID | None = None, **said: Any) -> int:
    """Say what a line shows as its price."""
    return line_details(shop.tenant_id, product_id, unit_id, on=TODAY, **said).unit_price


def cost_at_the_till(shop: Shop, product_id: uuid.UUID, customer_id: uuid.UUID) -> int:
    """Say what a customer is asked for one when it is scanned."""
    empty_cart(EmptyCart(id=new_id()), shop.act())
    choose_customer(ChooseCustomer(id=new_id(), customer_id=customer_id), shop.act())
    add_to_cart(AddToCart(id=new_id(), product_id=product_id), shop.act())
    with shop.act() as uow:
        price: int = uow.execute("SELECT unit_price FROM cart_lines WHERE tenant_id = %(tenant_id)s").scalar_one()
    return price


def test_every_change_of_a_price_says_who_and_why(shop: Shop) -> None:
    milk = add_product(shop, price=100_00)

    change(shop, milk, 120_00)
    ten = ask(shop, milk, 110_00, quantity_from=Decimal(10))
    ask(shop, milk, 105_00, quantity_from=Decimal(10))
    with pytest.raises(NotFoundError, match="already"):  # it was replaced
        remove_price(RemovePrice(op_id=new_id(), product_id=milk, price_id=ten), shop.act())
    with shop.act() as uow:
        change_ordinary_prices(uow, {milk: 130_00}, reason="Purchase 12")
        change_ordinary_prices(uow, {milk: 130_00}, reason="Purchase 13")

    changes = list_price_changes(shop.tenant_id, milk)
    assert [(each.old_price, each.new_price, each.reason, each.quantity_from) for each in changes] == [
        (120_00, 130_00, "Purchase 12", Decimal(0)),
        (110_00, 105_00, "Promotion", Decimal(10)),
        (None, 110_00, "Promotion", Decimal(10)),
        (100_00, 120_00, "New cost", Decimal(0)),
    ]
    assert {each.actor for each in changes} == {"Olga Owner"}
    assert [row.unit_price for row in list_prices(shop.tenant_id, milk)] == [105_00]


def test_history_is_written_once_and_for_ever(shop: Shop) -> None:
    change(shop, add_product(shop, price=100_00), 120_00)

    for sql in ("UPDATE price_changes SET reason = ''", "DELETE FROM price_changes"):
        with pytest.raises(ProgrammingError, match="permission denied"), shop.act() as uow:
            uow.execute(sql + " WHERE tenant_id = %(tenant_id)s")


def test_a_stale_price_overwrites_nothing(shop: Shop) -> None:
    milk = add_product(shop, price=100_00)
    change(shop, milk, 120_00)

    with pytest.raises(StaleEditError):
        change(shop, milk, 90_00, version=1)

    assert get_product_details(shop.tenant_id, milk).unit_price == 120_00


def test_a_customer_pays_the_prices_of_their_list(shop: Shop) -> None:
    milk, alice, listed = add_product(shop, price=100_00), add_customer(shop), wholesale(shop)
    ask(shop, milk, 80_00, price_list_id=listed)
    ask(shop, milk, 70_00, price_list_id=listed, quantity_from=Decimal(10))
    ask(shop, milk, 95_00, quantity_from=Decimal(5))
    choose_price_list(ChoosePriceList(op_id=new_id(), party_id=alice, price_list_id=listed), shop.act())

    assert cost_of(shop, milk) == 100_00
    assert cost_of(shop, milk, quantity=Decimal(5)) == 95_00
    assert cost_of(shop, milk, customer_id=alice) == 80_00
    assert cost_of(shop, milk, customer_id=alice, quantity=Decimal(12)) == 70_00
    assert cost_at_the_till(shop, milk, alice) == 80_00
    archive_price_list(ArchivePriceList(op_id=new_id(), price_list_id=listed, archived=True), shop.act())
    assert cost_of(shop, milk, customer_id=alice) == cost_at_the_till(shop, milk, alice) == 100_00


def test_a_pack_costs_its_own_price_or_as_many_times_the_base_units(shop: Shop) -> None:
    cola, tea = add_product(shop, "Cola", price=100_00), add_product(shop, "Tea", price=50_00)
    own, derived = crate(shop, cola, unit_price=1_100_00), crate(shop, tea)
    ask(shop, cola, 1_000_00, unit_id=own, quantity_from=Decimal(3))
    ask(shop, tea, 45_00, quantity_from=Decimal(24))

    assert cost_of(shop, cola, own) == 1_100_00
    assert cost_of(shop, cola, own, quantity=Decimal(3)) == 1_000_00
    assert cost_of(shop, tea, derived) == 600_00
    assert cost_of(shop, tea, derived, quantity=Decimal(2)) == 540_00


def test_a_price_counts_on_its_days_only(shop: Shop) -> None:
    milk, day = add_product(shop, price=100_00), dt.timedelta(days=1)
    ask(shop, milk, 90_00, starts_on=TODAY - day, ends_on=TODAY)
    ask(shop, milk, 130_00, starts_on=TODAY + day)

    assert cost_of(shop, milk) == 90_00
    assert line_details(shop.tenant_id, milk, on=TODAY + day).unit_price == 130_00
    with pytest.raises(RuleViolationError, match="before the first"):
        ask(shop, milk, 1_00, starts_on=TODAY, ends_on=TODAY - day)


def test_a_line_shows_stock_in_packs_and_what_one_cost_last(shop: Shop) -> None:
    cola = add_product(shop, "Cola", price=100_00, cost=60_00, quantity=29)
    pack = crate(shop, cola, is_sold=False)

    line = line_details(shop.tenant_id, cola, pack, on=TODAY)

    assert [(part.quantity, part.unit) for part in line.stock] == [(Decimal(2), "crate"), (Decimal(5), "pcs")]
    assert (line.on_hand, line.unit_cost, line.tax_percent) == (Decimal(29), Decimal(12 * 60_00), Decimal(15))
    assert [(unit.id, unit.is_sold) for unit in line.units] == [(None, True), (pack, False)]
    with pytest.raises(NotFoundError):
        line_details(shop.tenant_id, cola, new_id(), on=TODAY)


def test_two_lists_cannot_have_one_name_but_an_archived_one_gives_it_free(shop: Shop) -> None:
    first = wholesale(shop)

    with pytest.raises(RuleViolationError, match="Wholesale"):
        wholesale(shop)
    archive_price_list(ArchivePriceList(op_id=new_id(), price_list_id=first, archived=True), shop.act())
    second = wholesale(shop)

    assert [each.id for each in list_price_lists(shop.tenant_id)] == [second, first]
    with pytest.raises(RuleViolationError, match="called the same"):
        archive_price_list(ArchivePriceList(op_id=new_id(), price_list_id=first, archived=False), shop.act())


def test_nothing_of_a_rival_can_be_priced_or_listed(shop: Shop, rival: Shop) -> None:
    milk, theirs = add_product(shop), add_product(rival)
    listed, customer = wholesale(rival), add_customer(rival)

    for act in (
        lambda: ask(shop, theirs, 1),
        lambda: ask(shop, milk, 1, price_list_id=listed),
        lambda: ask(shop, milk, 1, unit_id=crate(rival, theirs)),
        lambda: change(shop, theirs, 1),
        lambda: choose_price_list(ChoosePriceList(op_id=new_id(), party_id=customer, price_list_id=None), shop.act()),
        lambda: line_details(shop.tenant_id, theirs, on=TODAY),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert list_price_changes(shop.tenant_id, milk) == []


def test_an_import_writes_down_what_prices_were_and_leaves_brand_and_tags_findable(shop: Shop) -> None:
    created = CreateProduct(
        id=new_id(), name="Cola", sku="C-1", brand="Fizz", tags=("summer",), unit_price=100_00, currency=shop.currency
    )
    cola = create_product(created, shop.act()).id
    tea = create_product(CreateProduct(id=new_id(), name="Tea", sku="T-1", currency=shop.currency), shop.act()).id
    content = b"sku,name,price\nC-1,Lemonade,120\nT-1,Tea,0\n"

    uploaded = UploadProducts(op_id=new_id(), file_name="spring.csv", content=content, stock_policy="warn")
    import_id = upload_products(uploaded, shop.act()).id
    digest = get_import(shop.tenant_id, import_id).digest
    carry_out_import(CarryOutImport(id=new_id(), import_id=import_id, digest=digest), shop.act())

    (change,) = list_price_changes(shop.tenant_id, cola)
    assert (change.old_price, change.new_price, change.reason) == (100_00, 120_00, "Import of a file")
    assert list_price_changes(shop.tenant_id, tea) == []
    assert [row.name for row in list_products(shop.tenant_id, search="fizz summer lemonade").rows] == ["Lemonade"]
