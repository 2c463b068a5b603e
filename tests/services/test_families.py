"""Variants: made, added to, priced together; what happened to the first of them stays with it."""

import uuid
from decimal import Decimal

import pytest

from ledger_web.domain.errors import NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.ids import new_id
from ledger_web.domain.variants import Option
from ledger_web.queries.families import FamilyDetails, get_family
from ledger_web.queries.prices import list_price_changes
from ledger_web.queries.product_history import list_moves
from ledger_web.queries.products import get_product_details, list_products
from ledger_web.services.families import (
    AddOption,
    AddVariants,
    CreateFamily,
    PriceVariants,
    add_option,
    add_variants,
    create_family,
    price_variants,
)
from ledger_web.services.goods import ReceiveGoods, receive_goods
from ledger_web.services.products import ArchiveProduct, archive_product
from tests.books import assert_the_books_agree, stock_of
from tests.shops import Shop, add_product, sell

SIZES = Option("Size", ("M", "L"))
COLOURS = Option("Colour", ("red", "blue"))


def family_of(shop: Shop, product_id: uuid.UUID, *options: Option) -> uuid.UUID:
    command = CreateFamily(id=new_id(), product_id=product_id, options=options or (SIZES, COLOURS))
    return create_family(command, shop.act()).id


def more(shop: Shop, family: FamilyDetails, *options: Option) -> None:
    command = AddVariants(op_id=new_id(), family_id=family.id, version=family.version, options=options)
    add_variants(command, shop.act())


def option(shop: Shop, family: FamilyDetails, name: str, value: str) -> None:
    command = AddOption(op_id=new_id(), family_id=family.id, version=family.version, name=name, value=value)
    add_option(command, shop.act())


def test_options_make_products_that_share_a_family_and_the_first_keeps_its_history(shop: Shop) -> None:
    shirt = add_product(shop, "Shirt", price=900_00, quantity=10)
    sell(shop, (shirt, 1, 900_00))

    family = get_family(shop.tenant_id, family_of(shop, shirt))

    assert [variant.name for variant in family.variants] == [
        "Shirt, M, red",
        "Shirt, M, blue",
        "Shirt, L, red",
        "Shirt, L, blue",
    ]
    assert (family.variants[0].id, family.variants[0].on_hand) == (shirt, Decimal(9))
    assert {(variant.unit_price, variant.on_hand) for variant in family.variants[1:]} == {(900_00, Decimal(0))}
    assert len(list_moves(shop.tenant_id, shirt)) == 2
    assert [row.name for row in list_products(shop.tenant_id, search="shirt l blu").rows] == ["Shirt, L, blue"]
    assert_the_books_agree(shop)


def test_each_variant_has_stock_of_its_own(shop: Shop) -> None:
    shirt = add_product(shop, "Shirt", quantity=0)
    family = get_family(shop.tenant_id, family_of(shop, shirt, SIZES))
    large = family.variants[1].id

    receipt = ReceiveGoods(id=new_id(), product_id=large, quantity=Decimal(5), unit_cost=400_00, currency=shop.currency)
    receive_goods(receipt, shop.act())

    assert (stock_of(shop, large), stock_of(shop, shirt)) == ((5, 2_000_00), (0, 0))
    assert_the_books_agree(shop)


def test_values_and_options_are_added_later_and_what_is_there_keeps_its_id(shop: Shop) -> None:
    shirt = add_product(shop, "Shirt")
    family = get_family(shop.tenant_id, family_of(shop, shirt, SIZES))
    ids = [variant.id for variant in family.variants]

    option(shop, family, "Colour", "white")
    family = get_family(shop.tenant_id, family.id)
    more(shop, family, SIZES, Option("Colour", ("white", "black")))
    family = get_family(shop.tenant_id, family.id)

    assert [variant.id for variant in family.variants][:2] == ids
    assert [variant.values for variant in family.variants] == [
        ("M", "white"),
        ("L", "white"),
        ("M", "black"),
        ("L", "black"),
    ]
    assert get_product_details(shop.tenant_id, shirt).name == "Shirt, M, white"
    assert family.version == 3
    with pytest.raises(RuleViolationError, match="All of these"):
        more(shop, family, SIZES, Option("Colour", ("black",)))


def test_a_variant_is_archived_and_never_made_twice(shop: Shop) -> None:
    family = get_family(shop.tenant_id, family_of(shop, add_product(shop, "Shirt"), SIZES))
    large = family.variants[1].id

    archive_product(ArchiveProduct(op_id=new_id(), product_id=large, archived=True), shop.act())

    family = get_family(shop.tenant_id, family.id)
    assert [variant.archived_at is None for variant in family.variants] == [True, False]
    with pytest.raises(RuleViolationError, match="archived ones included"):
        more(shop, family, SIZES)


def test_five_thousand_variants_are_refused_and_the_limit_is_said(shop: Shop) -> None:
    shirt = add_product(shop, "Shirt")
    numbers = tuple(str(number) for number in range(50))

    with pytest.raises(RuleViolationError, match=r"5,000 variants\. A product has at most 200"):
        family_of(shop, shirt, Option("Size", numbers), Option("Colour", numbers), Option("Fit", ("slim", "wide")))

    assert get_product_details(shop.tenant_id, shirt).family_id is None
    assert len(list_products(shop.tenant_id).rows) == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "at least one"),
        ((Option("Size", ()),), "Size: Enter"),
        ((Option("", ("M",)),), "without an option"),
        ((SIZES, Option("size", ("S",))), "same name"),
    ],
)
def test_options_that_cannot_be_are_refused(shop: Shop, options: tuple[Option, ...], says: str) -> None:
    command = CreateFamily(id=new_id(), product_id=add_product(shop), options=options)

    with pytest.raises(RuleViolationError, match=says):
        create_family(command, shop.act())


def test_of_two_who_add_an_option_one_is_told_to_look_again(shop: Shop) -> None:
    family = get_family(shop.tenant_id, family_of(shop, add_product(shop, "Shirt"), SIZES))
    option(shop, family, "Colour", "white")

    with pytest.raises(StaleEditError):
        option(shop, family, "Fit", "slim")
    with pytest.raises(RuleViolationError, match="variant already"):
        family_of(shop, family.variants[0].id)


def test_prices_of_variants_are_changed_together_with_a_reason(shop: Shop) -> None:
    family = get_family(shop.tenant_id, family_of(shop, add_product(shop, "Shirt", price=900_00), SIZES))
    first, second = (variant.id for variant in family.variants)

    prices = ((first, 900_00), (second, 950_00))
    price_variants(PriceVariants(op_id=new_id(), family_id=family.id, prices=prices, reason="Larger"), shop.act())

    assert [variant.unit_price for variant in get_family(shop.tenant_id, family.id).variants] == [900_00, 950_00]
    assert list_price_changes(shop.tenant_id, first) == []
    assert [change.reason for change in list_price_changes(shop.tenant_id, second)] == ["Larger"]


def test_a_rival_has_no_such_family(shop: Shop, rival: Shop) -> None:
    family = get_family(shop.tenant_id, family_of(shop, add_product(shop, "Shirt"), SIZES))
    stranger = ((add_product(shop, "Tea"), 1),)

    with pytest.raises(NotFoundError):
        get_family(rival.tenant_id, family.id)
    with pytest.raises(NotFoundError):
        option(rival, family, "Colour", "white")
    with pytest.raises(NotFoundError):
        price_variants(PriceVariants(op_id=new_id(), family_id=family.id, prices=stranger, reason="x"), shop.act())
