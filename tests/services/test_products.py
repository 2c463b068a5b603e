"""Making, changing and counting products: their stock, their books, every refusal, and two at once."""

import uuid
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from ledger_web.domain.barcodes import Barcode, read_barcode
from ledger_web.domain.errors import (
    DuplicateBarcodeError,
    DuplicateSkuError,
    InvalidQuantityError,
    NotFoundError,
    ResubmissionError,
    RuleViolationError,
    StaleEditError,
)
from ledger_web.domain.ids import new_id
from ledger_web.models.base import session_of
from ledger_web.queries.products import ProductDetails, get_product_details, list_products
from ledger_web.services.barcodes import AddBarcode, RemoveBarcode, add_barcode, remove_barcode
from ledger_web.services.goods import AdjustStock, ReceiveGoods, adjust_stock, receive_goods
from ledger_web.services.products import (
    ArchiveProduct,
    ChangeStockRules,
    CreateProduct,
    EditProduct,
    archive_product,
    change_stock_rules,
    create_product,
    edit_product,
)
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, balances, count, stock_of
from tests.shops import Shop, add_product, sell

COLA = read_barcode("5449000000996")
WATER = read_barcode("3057640257773")


def create(shop: Shop, name: str = "Cola", **said: object) -> uuid.UUID:
    command = CreateProduct(**{"id": new_id(), "name": name, "currency": shop.currency, **said})  # type: ignore[arg-type]
    return create_product(command, shop.act()).id


def details(shop: Shop, product_id: uuid.UUID) -> ProductDetails:
    session_of(shop.tenant_id).rollback()
    return get_product_details(shop.tenant_id, product_id)


def edit(shop: Shop, product_id: uuid.UUID, **changed: object) -> None:
    product = details(shop, product_id)
    said: dict[str, Any] = {"op_id": new_id(), "product_id": product_id, "version": product.version}
    if changed.keys() & {"unit", "stock_policy", "reorder_level", "reorder_to"}:
        rules = {name: getattr(product, name) for name in ("unit", "stock_policy", "reorder_level", "reorder_to")}
        change_stock_rules(ChangeStockRules(**said | rules | changed), shop.act())
        return
    names = ("name", "sku", "short_name", "brand", "category", "tags", "note", "till_note")
    edit_product(EditProduct(**said | {name: getattr(product, name) for name in names} | changed), shop.act())


def receive(
    shop: Shop, product_id: uuid.UUID, quantity: int | str, unit_cost: int, id: uuid.UUID | None = None
) -> None:
    command = ReceiveGoods(
        id=id or new_id(),
        product_id=product_id,
        quantity=Decimal(quantity),
        unit_cost=unit_cost,
        currency=shop.currency,
    )
    receive_goods(command, shop.act())


def adjust(shop: Shop, product_id: uuid.UUID, reason: str = "counted", **how: int | str) -> None:
    by = {way: Decimal(quantity) for way, quantity in how.items()}
    command = AdjustStock(id=new_id(), product_id=product_id, reason=reason, currency=shop.currency, **by)  # type: ignore[arg-type]
    adjust_stock(command, shop.act())


def may_go_below_zero(shop: Shop, product_id: uuid.UUID) -> bool | None:
    found: bool | None = (
        session_of(shop.tenant_id)
        .execute(
            text("SELECT may_go_below_zero FROM stock_levels WHERE tenant_id = :tenant_id AND product_id = :id"),
            {"tenant_id": shop.tenant_id, "id": product_id},
        )
        .scalar_one_or_none()
    )
    return found


# Making.


def test_opening_stock_is_worth_what_it_cost_and_comes_from_equity(shop: Shop) -> None:
    cola = create(shop, unit_price=120_00, opening_quantity=Decimal("12.5"), opening_unit_cost=70_01)

    assert stock_of(shop, cola) == (Decimal("12.5"), 875_13)
    assert balances(shop) == {("inventory", ""): 875_13, ("equity", "opening"): 875_13}
    assert details(shop, cola).unit_cost_last == Decimal("7001.04")
    assert_the_books_agree(shop)


def test_goods_that_cost_nothing_are_in_stock_without_an_entry(shop: Shop) -> None:
    cola = create(shop, opening_quantity=Decimal(5))

    assert stock_of(shop, cola) == (5, 0)
    assert (count(shop, "entries"), count(shop, "stock_moves")) == (0, 1)
    assert_the_books_agree(shop)


def test_a_product_without_opening_stock_posts_nothing_and_has_an_empty_level(shop: Shop) -> None:
    cola = create(shop)

    assert stock_of(shop, cola) == (0, 0)
    assert (count(shop, "stock_moves"), count(shop, "submissions")) == (0, 1)


def test_a_service_has_no_level(shop: Shop) -> None:
    repair = create(shop, "Repair", stock_policy="none")

    assert may_go_below_zero(shop, repair) is None


@pytest.mark.parametrize(("policy", "may"), [("block", False), ("warn", True), ("allow", True)])
def test_only_what_may_be_oversold_may_go_below_zero(shop: Shop, policy: str, may: bool) -> None:
    assert may_go_below_zero(shop, create(shop, stock_policy=policy)) is may


def test_a_service_cannot_have_an_opening_quantity(shop: Shop) -> None:
    with pytest.raises(RuleViolationError, match="keeps no stock"):
        create(shop, stock_policy="none", opening_quantity=Decimal(1))

    assert count(shop, "products") == 0


@pytest.mark.parametrize("quantity", [Decimal("NaN"), Decimal("Infinity"), Decimal(-1), Decimal(10) ** 9])
def test_a_quantity_that_is_none_is_refused(shop: Shop, quantity: Decimal) -> None:
    with pytest.raises(InvalidQuantityError):
        create(shop, opening_quantity=quantity)

    assert count(shop, "products") == 0


def test_a_barcode_of_another_product_names_its_holder_and_makes_nothing(shop: Shop) -> None:
    create(shop, "Cola", barcodes=(COLA,))

    with pytest.raises(DuplicateBarcodeError, match="Cola has the barcode 5449000000996 already") as refusal:
        create(shop, "Water", barcodes=(WATER, COLA))

    assert refusal.value.code == COLA.code
    assert (count(shop, "products"), count(shop, "barcodes")) == (1, 1)


def test_an_sku_of_another_product_names_its_holder(shop: Shop) -> None:
    create(shop, "Cola", sku="C-1")

    with pytest.raises(DuplicateSkuError, match="Cola has the SKU C-1 already"):
        create(shop, "Water", sku="C-1")

    assert count(shop, "products") == 1


def test_another_shop_may_use_the_same_codes(shop: Shop, rival: Shop) -> None:
    create(shop, barcodes=(COLA,), sku="C-1")

    assert create(rival, barcodes=(COLA,), sku="C-1")


def test_making_a_product_twice_makes_one(shop: Shop) -> None:
    command = CreateProduct(
        id=new_id(), name="Cola", barcodes=(COLA,), currency="PKR", opening_quantity=Decimal(3), opening_unit_cost=100
    )

    first, second = create_product(command, shop.act()), create_product(command, shop.act())

    assert (first.replayed, second.replayed, second.id) == (False, True, command.id)
    assert (count(shop, "products"), count(shop, "stock_moves")) == (1, 1)


def test_the_id_of_a_form_cannot_be_used_for_another_product(shop: Shop) -> None:
    cola = create(shop)

    with pytest.raises(ResubmissionError):
        create(shop, "Water", id=cola)
    with pytest.raises(ResubmissionError):
        create(shop, "Cola", id=cola, opening_quantity=Decimal(1))

    assert count(shop, "products") == 1


def test_four_people_sending_one_form_make_one_product(app: Flask, shop: Shop) -> None:
    command = CreateProduct(
        id=new_id(), name="Cola", barcodes=(COLA,), currency="PKR", opening_quantity=Decimal(3), opening_unit_cost=100
    )

    results = in_threads(app, *[lambda: create_product(command, shop.act()).replayed] * 4)

    assert sorted(map(str, results)) == ["False", "True", "True", "True"]
    assert (count(shop, "products"), count(shop, "stock_moves")) == (1, 1)
    assert_the_books_agree(shop)


def test_of_two_products_with_one_barcode_made_at_once_one_stands(app: Flask, shop: Shop) -> None:
    results = in_threads(
        app,
        lambda: create(shop, "Cola", barcodes=(COLA, WATER)),
        lambda: create(shop, "Water", barcodes=(WATER, COLA)),
    )

    refusals = [each for each in results if isinstance(each, DuplicateBarcodeError)]
    assert len(refusals) == 1
    assert refusals[0].product in {"Cola", "Water"}
    assert (count(shop, "products"), count(shop, "barcodes")) == (1, 2)


def test_of_two_products_with_one_sku_made_at_once_one_stands(app: Flask, shop: Shop) -> None:
    results = in_threads(app, *[lambda: create(shop, "Cola", sku="C-1")] * 2)

    assert sum(isinstance(each, DuplicateSkuError) for each in results) == 1
    assert count(shop, "products") == 1


# Changing.


def test_an_edit_changes_what_is_said_and_where_search_finds_it(shop: Shop) -> None:
    cola = create(shop, "Cola", unit_price=100)

    edit(shop, cola, name="Lemonade", sku="L-9", brand="Fizz", category="Drinks", tags=("summer",), note="Sweet")

    product = details(shop, cola)
    assert (product.name, product.sku, product.brand, product.category, product.tags) == (
        "Lemonade",
        "L-9",
        "Fizz",
        "Drinks",
        ("summer",),
    )
    assert (product.note, product.unit_price, product.version) == ("Sweet", 100, 2)
    for typed in ("lemo", "fizz", "summ lemo"):
        assert [row.id for row in list_products(shop.tenant_id, search=typed).rows] == [cola], typed
    assert list_products(shop.tenant_id, search="cola").rows == ()


def test_c7_a_stale_edit_is_refused_and_overwrites_nothing(shop: Shop) -> None:
    cola = create(shop, "Cola")
    edit(shop, cola, name="Cola Zero")

    with pytest.raises(StaleEditError):
        edit(shop, cola, name="Cola Light", version=1)

    assert details(shop, cola).name == "Cola Zero"


def test_of_two_edits_of_one_version_one_stands(app: Flask, shop: Shop) -> None:
    cola = create(shop, "Cola")

    results = in_threads(
        app,
        lambda: edit(shop, cola, name="Cola Zero", version=1),
        lambda: edit(shop, cola, name="Cola Light", version=1),
    )

    assert sum(isinstance(each, StaleEditError) for each in results) == 1
    assert details(shop, cola).version == 2


def test_an_edit_sent_twice_is_one(shop: Shop) -> None:
    cola = create(shop, "Cola")
    command = EditProduct(op_id=new_id(), product_id=cola, version=1, name="Cola Zero", sku=None)

    first, second = edit_product(command, shop.act()), edit_product(command, shop.act())

    assert (first.replayed, second.replayed) == (False, True)
    assert details(shop, cola).version == 2


def test_an_edit_cannot_take_the_sku_of_another(shop: Shop) -> None:
    create(shop, "Cola", sku="C-1")
    water = create(shop, "Water")

    with pytest.raises(DuplicateSkuError, match="Cola"):
        edit(shop, water, sku="C-1")

    assert details(shop, water).sku is None


def test_a_product_of_another_shop_is_not_there(shop: Shop, rival: Shop) -> None:
    theirs = create(rival, barcodes=(COLA,))
    act = shop.act

    with pytest.raises(NotFoundError):
        archive_product(ArchiveProduct(op_id=new_id(), product_id=theirs, archived=True), act())
    with pytest.raises(NotFoundError):
        add_barcode(AddBarcode(op_id=new_id(), product_id=theirs, barcode=WATER), act())
    with pytest.raises(NotFoundError):
        remove_barcode(RemoveBarcode(op_id=new_id(), product_id=theirs, code=COLA.code), act())
    with pytest.raises(NotFoundError):
        receive(shop, theirs, 1, 1)
    with pytest.raises(NotFoundError):
        adjust(shop, theirs, counted=1)

    assert [code.code for code in details(rival, theirs).barcodes] == [COLA.code]
    assert (count(shop, "stock_moves"), count(shop, "submissions")) == (0, 0)


def test_the_unit_of_counted_goods_stays(shop: Shop) -> None:
    cola = create(shop)
    edit(shop, cola, unit="kg")
    receive(shop, cola, 2, 100)

    with pytest.raises(RuleViolationError, match="was counted in kg"):
        edit(shop, cola, unit="g")

    assert details(shop, cola).unit == "kg"


# What happens when there is not enough.


def test_the_level_follows_the_policy(shop: Shop) -> None:
    cola = create(shop, stock_policy="none")
    seen = []

    for policy in ("block", "warn", "allow", "block", "none", "warn"):
        edit(shop, cola, stock_policy=policy)
        seen.append(may_go_below_zero(shop, cola))

    assert seen == [False, True, True, False, False, True]


def test_what_is_oversold_cannot_begin_to_refuse_sales(shop: Shop) -> None:
    cola = add_product(shop, quantity=1, policy="warn")
    sell(shop, (cola, 3, 115_00))

    with pytest.raises(RuleViolationError, match="oversold by 2 pcs"):
        edit(shop, cola, stock_policy="block")

    assert details(shop, cola).stock_policy == "warn"
    assert may_go_below_zero(shop, cola) is True


def test_what_is_in_stock_cannot_stop_being_kept(shop: Shop) -> None:
    cola = add_product(shop, quantity=4)

    with pytest.raises(RuleViolationError, match="4 pcs of Milk are in stock"):
        edit(shop, cola, stock_policy="none")

    adjust(shop, cola, counted=0)
    edit(shop, cola, stock_policy="none")
    assert details(shop, cola).stock_policy == "none"
    assert_the_books_agree(shop)


def test_selling_and_forbidding_to_oversell_at_once_agree_in_the_end(app: Flask, shop: Shop) -> None:
    for _ in range(5):
        cola = add_product(shop, quantity=1, policy="allow")

        in_threads(app, partial(sell, shop, (cola, 3, 115_00)), partial(edit, shop, cola, stock_policy="block"))

        product = details(shop, cola)
        assert product.stock_policy == "allow" or product.quantity >= 0
        assert may_go_below_zero(shop, cola) is (product.stock_policy == "allow")
    assert_the_books_agree(shop)


# The archive and the codes.


def test_an_archived_product_leaves_the_list_and_comes_back(shop: Shop) -> None:
    cola = create(shop, "Cola")

    archive_product(ArchiveProduct(op_id=new_id(), product_id=cola, archived=True), shop.act())
    assert list_products(shop.tenant_id).rows == ()
    assert [row.id for row in list_products(shop.tenant_id, archived=True).rows] == [cola]

    archive_product(ArchiveProduct(op_id=new_id(), product_id=cola, archived=False), shop.act())
    assert [row.id for row in list_products(shop.tenant_id).rows] == [cola]


def test_archiving_what_is_archived_changes_nothing(shop: Shop) -> None:
    cola = create(shop, "Cola")
    for _ in range(2):
        archive_product(ArchiveProduct(op_id=new_id(), product_id=cola, archived=True), shop.act())

    assert details(shop, cola).version == 2


def test_codes_come_and_go(shop: Shop) -> None:
    cola = create(shop, barcodes=(COLA,))

    add_barcode(AddBarcode(op_id=new_id(), product_id=cola, barcode=WATER), shop.act())
    remove_barcode(RemoveBarcode(op_id=new_id(), product_id=cola, code=COLA.code), shop.act())

    assert [code.code for code in details(shop, cola).barcodes] == [WATER.code]


def test_a_code_that_means_a_product_is_not_given_to_another(shop: Shop) -> None:
    create(shop, "Cola", barcodes=(COLA,))
    water = create(shop, "Water")

    with pytest.raises(DuplicateBarcodeError, match="Cola has"):
        add_barcode(AddBarcode(op_id=new_id(), product_id=water, barcode=COLA), shop.act())


def test_removing_a_code_of_another_product_removes_nothing(shop: Shop) -> None:
    cola, water = create(shop, "Cola", barcodes=(COLA,)), create(shop, "Water")

    remove_barcode(RemoveBarcode(op_id=new_id(), product_id=water, code=COLA.code), shop.act())

    assert [code.code for code in details(shop, cola).barcodes] == [COLA.code]


def test_a_product_has_twenty_codes_at_most(shop: Shop) -> None:
    cola = create(shop, barcodes=tuple(Barcode(f"C-{n}", "code128") for n in range(20)))

    with pytest.raises(RuleViolationError, match="at most 20 barcodes"):
        add_barcode(AddBarcode(op_id=new_id(), product_id=cola, barcode=COLA), shop.act())

    assert count(shop, "barcodes") == 20


# Goods.


def test_received_goods_change_the_average_cost(shop: Shop) -> None:
    cola = add_product(shop, quantity=10, cost=60_00)

    receive(shop, cola, 10, 80_00)

    product = details(shop, cola)
    assert (product.quantity, product.value, product.unit_cost) == (Decimal(20), 1400_00, Decimal(70_00))
    assert product.unit_cost_last == 80_00
    assert balances(shop) == {("inventory", ""): 1400_00, ("equity", "opening"): 1400_00}
    assert_the_books_agree(shop)


def test_goods_for_what_was_oversold_belong_to_the_cost_of_sales(shop: Shop) -> None:
    cola = add_product(shop, quantity=1, cost=60_00, policy="allow")
    sell(shop, (cola, 3, 115_00))

    receive(shop, cola, 5, 80_00)

    assert stock_of(shop, cola) == (3, 240_00)
    assert balances(shop)["cost_of_sales", ""] == 60_00 + 80_00 + 80_00
    assert balances(shop)["equity", "opening"] == 460_00
    assert_the_books_agree(shop)


def test_goods_received_twice_by_one_form_came_once(shop: Shop) -> None:
    cola, id = create(shop), new_id()

    receive(shop, cola, 5, 100, id)
    receive(shop, cola, 5, 100, id)

    assert stock_of(shop, cola) == (5, 500)
    with pytest.raises(ResubmissionError):
        receive(shop, cola, 6, 100, id)


def test_a_service_receives_no_goods(shop: Shop) -> None:
    repair = create(shop, "Repair", stock_policy="none")

    with pytest.raises(RuleViolationError, match="keeps no stock"):
        receive(shop, repair, 1, 1)
    with pytest.raises(RuleViolationError, match="keeps no stock"):
        adjust(shop, repair, counted=1)

    assert count(shop, "stock_moves") == 0


def test_there_is_no_more_than_can_be_counted(shop: Shop) -> None:
    cola = create(shop)
    receive(shop, cola, 999_999_999, 0)

    with pytest.raises(InvalidQuantityError):
        receive(shop, cola, 1, 0)
    with pytest.raises(InvalidQuantityError):
        adjust(shop, cola, difference=1)


def test_fewer_than_expected_were_counted(shop: Shop) -> None:
    cola = add_product(shop, quantity=3, cost=33)

    adjust(shop, cola, counted=1)

    assert stock_of(shop, cola) == (1, 33)
    assert balances(shop)["expense", "stock_differences"] == 66
    assert_the_books_agree(shop)


def test_more_than_expected_were_counted_at_average_cost(shop: Shop) -> None:
    cola = add_product(shop, quantity=3, cost=60_00)

    adjust(shop, cola, "found", difference="1.5")

    assert stock_of(shop, cola) == (Decimal("4.5"), 270_00)
    assert balances(shop)["expense", "stock_differences"] == -90_00
    assert_the_books_agree(shop)


def test_a_wrong_opening_quantity_is_corrected_against_equity(shop: Shop) -> None:
    cola = add_product(shop, quantity=3, cost=60_00)

    adjust(shop, cola, "opening", difference=-1)

    assert balances(shop) == {("inventory", ""): 120_00, ("equity", "opening"): 120_00}
    assert_the_books_agree(shop)


def test_an_oversold_product_is_counted_to_what_is_there(shop: Shop) -> None:
    cola = add_product(shop, quantity=1, cost=60_00, policy="allow")
    sell(shop, (cola, 3, 115_00))

    adjust(shop, cola, counted=4)

    assert stock_of(shop, cola) == (4, 240_00)
    assert_the_books_agree(shop)


def test_an_adjustment_leaves_no_less_than_nothing(shop: Shop) -> None:
    cola = add_product(shop, quantity=3, policy="allow")

    with pytest.raises(RuleViolationError, match="3 are in stock, so 4 cannot be taken out"):
        adjust(shop, cola, "lost", difference=-4)

    assert stock_of(shop, cola)[0] == 3


def test_an_adjustment_to_what_is_there_is_refused(shop: Shop) -> None:
    cola = add_product(shop, quantity=3)

    with pytest.raises(RuleViolationError, match="nothing to adjust"):
        adjust(shop, cola, counted=3)


def test_counting_while_selling_ends_with_what_was_counted_or_less_what_was_sold(app: Flask, shop: Shop) -> None:
    cola = add_product(shop, quantity=10, policy="block")

    results = in_threads(
        app,
        lambda: adjust(shop, cola, counted=6),
        *[lambda: sell(shop, (cola, 1, 115_00))] * 3,
    )

    assert not [each for each in results if isinstance(each, Exception)]
    assert 3 <= stock_of(shop, cola)[0] <= 6
    assert_the_books_agree(shop)


def test_two_people_taking_the_last_goods_out_at_once_cannot_both(app: Flask, shop: Shop) -> None:
    cola = add_product(shop, quantity=3)

    results = in_threads(app, *[lambda: adjust(shop, cola, "lost", difference=-2)] * 2)

    assert sum(isinstance(each, RuleViolationError) for each in results) == 1
    assert stock_of(shop, cola)[0] == 1
    assert_the_books_agree(shop)
