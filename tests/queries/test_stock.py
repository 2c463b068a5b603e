"""What the stock pages ask: levels on any day, what moved a product, what to buy."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import inventory
from ledger_web.models.base import session_of
from ledger_web.queries.reports import list_sums_until
from ledger_web.queries.stock import (
    LedgerLine,
    get_ledger,
    get_level,
    get_total,
    iterate_ledger,
    iterate_levels,
    list_levels,
    list_to_buy,
)
from ledger_web.services.goods import ReceiveGoods, receive_goods
from ledger_web.services.products import ArchiveProduct, archive_product
from tests.shops import Shop, add_product, buy_below, sell

TODAY = dt.datetime.now(dt.UTC).date()


def receive(shop: Shop, product_id: uuid.UUID, quantity: int, cost: int, days_ago: int) -> None:
    command = ReceiveGoods(
        id=new_id(),
        product_id=product_id,
        quantity=Decimal(quantity),
        unit_cost=cost,
        currency=shop.currency,
        occurred_on=TODAY - dt.timedelta(days=days_ago),
    )
    receive_goods(command, shop.act())


def test_levels_are_listed_by_name_and_filtered(shop: Shop) -> None:
    milk = add_product(shop, "Milk", quantity=3)
    add_product(shop, "Bread", quantity=0)
    oversold = add_product(shop, "Eggs", quantity=1, policy="allow")
    sell(shop, (oversold, 4, 10_00))
    add_product(shop, "Repair", quantity=0, policy="none")
    gone = add_product(shop, "Old tea", quantity=0)
    archive_product(ArchiveProduct(op_id=new_id(), product_id=gone, archived=True), shop.act())
    buy_below(shop, milk, 5)

    def names(**asked: str) -> list[str]:
        return [row.name for row in list_levels(shop.tenant_id, **asked).rows]  # type: ignore[arg-type]

    assert names() == ["Bread", "Eggs", "Milk"]
    assert names(shown="held") == ["Milk"]
    assert names(shown="none") == ["Bread"]
    assert names(shown="oversold") == ["Eggs"]
    assert names(shown="low") == ["Milk"]
    assert names(search="mil") == ["Milk"]
    assert names(search="bread", shown="held") == []


def test_levels_are_paged_by_name(shop: Shop) -> None:
    for number in range(7):
        add_product(shop, f"Tea {number}", quantity=1)

    first = list_levels(shop.tenant_id, rows_max=5)
    second = list_levels(shop.tenant_id, after=first.after, rows_max=5)

    assert [row.name for row in first.rows + second.rows] == [f"Tea {number}" for number in range(7)]
    assert second.after is None
    assert len(list(iterate_levels(shop.tenant_id, search="", shown="", day=None))) == 7


def test_stock_on_a_day_is_worth_what_the_account_held_that_evening(shop: Shop) -> None:
    milk, tea = add_product(shop, "Milk", quantity=0), add_product(shop, "Tea", quantity=0)
    receive(shop, milk, 10, 60_00, 20)
    receive(shop, tea, 5, 100_00, 10)
    sell(shop, (milk, 4, 115_00), (tea, 5, 150_00))

    for days_ago, quantities, value in (
        (30, [0, 0], 0),
        (15, [10, 0], 600_00),
        (5, [10, 5], 1100_00),
        (0, [6, 0], 360_00),
    ):
        day = TODAY - dt.timedelta(days=days_ago)
        levels = list_levels(shop.tenant_id, day=day).rows
        assert [row.quantity for row in levels] == quantities
        assert get_total(shop.tenant_id, day).value == value == sum(row.value for row in levels)
        sums = list_sums_until(shop.tenant_id, day)
        assert sum(each.net for each in sums if each.kind == inventory("PKR").kind) == value
    assert get_total(shop.tenant_id) == get_total(shop.tenant_id, TODAY)


def test_the_ledger_of_a_product_says_what_was_left_after_each_move(shop: Shop) -> None:
    milk = add_product(shop, quantity=0)
    receive(shop, milk, 10, 60_00, 20)
    receive(shop, milk, 5, 90_00, 10)
    for _ in range(6):
        sell(shop, (milk, 2, 115_00))

    whole = list(iterate_ledger(shop.tenant_id, milk, until=None))
    pages: list[LedgerLine] = []
    before = None
    while True:
        page = get_ledger(shop.tenant_id, milk, before=before, rows_max=3)
        pages += page.lines
        before = page.older
        if before is None:
            break

    assert pages == whole
    assert [line.left for line in whole] == [3, 5, 7, 9, 11, 13, 15, 10]
    assert (whole[0].left, whole[0].value_left) == (get_level(shop.tenant_id, milk).quantity, whole[0].value_left)
    assert [line.value_left for line in whole[-2:]] == [1050_00, 600_00]
    assert whole[0].title.startswith("Sale ")
    earlier = get_ledger(shop.tenant_id, milk, until=TODAY - dt.timedelta(days=15)).lines
    assert [(int(line.quantity), int(line.left)) for line in earlier] == [(10, 10)]


def test_too_little_of_a_product_is_to_be_bought_in_packs(shop: Shop) -> None:
    milk, tea = add_product(shop, "Milk", quantity=2), add_product(shop, "Tea", quantity=10)
    add_product(shop, "Salt", quantity=0)
    buy_below(shop, milk, 10, 30)
    buy_below(shop, tea, 10, 30)
    session_of(shop.tenant_id).execute(
        text(
            "INSERT INTO product_units (tenant_id, id, product_id, name, factor_numerator)"
            " VALUES (:tenant_id, :id, :product_id, 'crate', 12)"
        ),
        {"tenant_id": shop.tenant_id, "id": new_id(), "product_id": milk},
    )

    (row,) = list_to_buy(shop.tenant_id)

    assert (row.name, int(row.on_hand), row.unit_name) == ("Milk", 2, "crate")
    assert (int(row.suggestion.quantity), int(row.suggestion.in_base)) == (3, 36)


def test_a_rival_sees_nothing_of_it(shop: Shop, rival: Shop) -> None:
    milk = add_product(shop)

    with pytest.raises(NotFoundError):
        get_level(rival.tenant_id, milk)
    assert get_ledger(rival.tenant_id, milk).lines == ()
    assert list_levels(rival.tenant_id).rows == ()
