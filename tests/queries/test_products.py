"""The list of products: its order, its pages, what search finds, and what the plan of it is."""

import uuid
from decimal import Decimal

import pytest
from sqlalchemy import text

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.ids import new_id
from ledger_web.models.base import session_of
from ledger_web.queries import product_search
from ledger_web.queries.product_history import list_moves, list_product_sales, list_sales_by_month
from ledger_web.queries.product_imports import get_import
from ledger_web.queries.products import (
    ROWS_MAX,
    ProductPage,
    find_holder,
    get_product_details,
    has_products,
    list_products,
)
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.product_imports import CarryOutImport, UploadProducts, carry_out_import, upload_products
from ledger_web.services.products import CreateProduct, create_product
from tests.databases import Database
from tests.returns import give_back
from tests.shops import Shop, add_product, sell


def fill(shop: Shop, lines: str) -> None:
    """Bring products in through a file."""
    command = UploadProducts(op_id=new_id(), file_name="list.csv", content=lines.encode(), stock_policy="warn")
    import_id = upload_products(command, shop.act()).id
    digest = get_import(shop.tenant_id, import_id).digest
    carry_out_import(CarryOutImport(id=new_id(), import_id=import_id, digest=digest), shop.act())


def names(page: ProductPage) -> list[str]:
    return [row.name for row in page.rows]


def test_the_list_is_in_the_order_of_names_in_any_script(shop: Shop) -> None:
    fill(shop, "name\nZebra\nsucre\nÉclair\napple\nЧай\n")

    assert names(list_products(shop.tenant_id)) == ["apple", "Éclair", "sucre", "Zebra", "Чай"]


def test_pages_follow_one_another_there_and_back_without_a_gap(shop: Shop) -> None:
    fill(shop, "name\n" + "".join(f"Product {n:03}\n" for n in range(2 * ROWS_MAX + 10)))

    first = list_products(shop.tenant_id)
    second = list_products(shop.tenant_id, after=first.after)
    third = list_products(shop.tenant_id, after=second.after)
    back = list_products(shop.tenant_id, before=third.before)

    assert names(first) + names(second) + names(third) == [f"Product {n:03}" for n in range(110)]
    assert (first.before, third.after) == (None, None)
    assert names(back) == names(second)
    assert list_products(shop.tenant_id, before=second.before).before is None


def test_products_of_the_same_name_are_on_one_page_only(shop: Shop) -> None:
    fill(shop, "sku,name\n" + "".join(f"S-{n},Tea\n" for n in range(ROWS_MAX + 5)))

    first = list_products(shop.tenant_id)
    second = list_products(shop.tenant_id, after=first.after)

    assert len({row.id for row in [*first.rows, *second.rows]}) == ROWS_MAX + 5


def test_a_page_after_a_product_that_is_not_there_is_the_first(shop: Shop, rival: Shop) -> None:
    add_product(shop)
    theirs = add_product(rival)

    for stranger in (uuid.uuid4(), theirs):
        assert names(list_products(shop.tenant_id, after=stranger)) == ["Milk"]
        assert names(list_products(shop.tenant_id, before=stranger)) == ["Milk"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("col", ["Cola Light", "Coca Cola"]),
        ("LIGHT co", ["Cola Light"]),
        ("éclair", ["Eclair"]),
        ("cl-330", ["Cola Light"]),
        ("5449000000996", ["Coca Cola"]),
        ("]E05449000000996", ["Coca Cola"]),
        ("036000291452", ["Eclair"]),
        ("544900000099", []),
        ("ola", []),
        ("!!!", []),
        ("%", []),
    ],
)
def test_search_finds_words_codes_and_skus(shop: Shop, typed: str, found: list[str]) -> None:
    fill(
        shop,
        "name,sku,barcode\nCoca Cola,,5449000000996\nCola Light,CL-330,\nEclair,,036000291452\n",
    )

    assert names(list_products(shop.tenant_id, search=typed)) == found


def test_what_begins_with_the_text_comes_first_on_every_page_there_and_back(shop: Shop) -> None:
    early = [f"Black tea {n:03}" for n in range(ROWS_MAX + 5)]
    late = [f"Tea {n:03}" for n in range(ROWS_MAX + 5)]
    fill(shop, "name\n" + "".join(f"{name}\n" for name in [*early, *late, "Coffee"]))

    first = list_products(shop.tenant_id, search="tea")
    second = list_products(shop.tenant_id, search="tea", after=first.after)
    third = list_products(shop.tenant_id, search="tea", after=second.after)

    assert names(first) + names(second) + names(third) == late + early
    assert names(list_products(shop.tenant_id, search="tea", before=third.before)) == names(second)
    assert names(list_products(shop.tenant_id, search="tea", before=second.before)) == names(first)


@pytest.mark.parametrize("typed", ["tea", "black tea", "tea 03", "b t 1", "05", "tea x"])
def test_every_way_of_looking_finds_the_same(shop: Shop, typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(shop, "name\n" + "".join(f"{('Black', 'Green')[n % 2]} tea {n:03}\n" for n in range(70)))
    collected = names(list_products(shop.tenant_id, search=typed))

    for common, walked in ((5, 10_000), (5, 3), (40, 3)):
        monkeypatch.setattr(product_search, "COMMON", common)
        monkeypatch.setattr(product_search, "WALKED", walked)
        assert names(list_products(shop.tenant_id, search=typed)) == collected, (common, walked)


def test_search_pages_too(shop: Shop) -> None:
    fill(shop, "name\n" + "".join(f"Tea {n:03}\n" for n in range(ROWS_MAX + 1)) + "Coffee\n")

    first = list_products(shop.tenant_id, search="tea")

    assert names(list_products(shop.tenant_id, search="tea", after=first.after)) == ["Tea 050"]


def test_a_shop_sees_its_own_products_only(shop: Shop, rival: Shop) -> None:
    theirs = add_product(rival, "Secret")

    assert list_products(shop.tenant_id).rows == ()
    assert list_products(shop.tenant_id, search="secret").rows == ()
    assert (has_products(shop.tenant_id), has_products(rival.tenant_id)) == (False, True)
    with pytest.raises(NotFoundError):
        get_product_details(shop.tenant_id, theirs)
    assert (list_moves(shop.tenant_id, theirs), list_product_sales(shop.tenant_id, theirs)) == ([], [])


def test_moves_name_the_documents_they_belong_to_newest_first(shop: Shop) -> None:
    milk = add_product(shop, quantity=10)
    sale_id = sell(shop, (milk, 2, 115_00))
    undo(Undo(id=new_id(), transaction_id=sale_id, reason="Rung up twice"), shop.act())

    moves = list_moves(shop.tenant_id, milk)

    assert [(move.kind, move.quantity, move.sale_number) for move in moves] == [
        ("reversal", Decimal(2), "A-000001"),
        ("sale", Decimal(-2), "A-000001"),
        ("opening_stock", Decimal(10), None),
    ]
    assert {move.actor for move in moves} == {"Olga Owner"}


def test_what_is_sold_in_a_month_is_less_what_came_back_and_what_was_deleted(shop: Shop) -> None:
    milk = add_product(shop, quantity=20)
    kept, deleted = sell(shop, (milk, 7, 115_00)), sell(shop, (milk, 2, 115_00))
    undo(Undo(id=new_id(), transaction_id=deleted, reason="Rung up twice"), shop.act())
    give_back(shop, kept, (1, 3))
    with shop.act() as uow:
        today = uow.execute("SELECT sold_on FROM sales WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": kept})
        day = today.scalar_one()

    *before, now = list_sales_by_month(shop.tenant_id, milk, day)

    assert (now.month, now.quantity, now.total) == (day.replace(day=1), Decimal(4), 4 * 115_00)
    assert {month.quantity for month in before} == {Decimal(0)}
    assert len(before) == 11


def test_the_last_sales_say_which_were_deleted(shop: Shop) -> None:
    milk = add_product(shop, quantity=10)
    first, second = sell(shop, (milk, 2, 115_00)), sell(shop, (milk, 1, 100_00))
    undo(Undo(id=new_id(), transaction_id=first, reason="Rung up twice"), shop.act())

    rows = list_product_sales(shop.tenant_id, milk)

    assert [(row.sale_id, row.total, row.is_deleted) for row in rows] == [
        (second, 100_00, False),
        (first, 230_00, True),
    ]


def test_the_holder_of_a_code_or_an_sku_is_found(shop: Shop, rival: Shop) -> None:
    cola = read_barcode("5449000000996")
    for each in (shop, rival):
        command = CreateProduct(id=new_id(), name="Cola", sku="C-1", barcodes=(cola,), currency=each.currency)
        create_product(command, each.act())

    by_code, by_sku = find_holder(shop.tenant_id, code=cola.code), find_holder(shop.tenant_id, sku="C-1")

    assert by_code is not None
    assert by_code == by_sku
    assert by_code.id == list_products(shop.tenant_id).rows[0].id
    assert find_holder(shop.tenant_id, code="nothing") is None


def test_a_page_of_many_products_walks_the_index_of_names(shop: Shop, database: Database) -> None:
    fill(shop, "name\n" + "".join(f"Product {n}\n" for n in range(2_000)))
    with database.connect() as superuser:
        superuser.execute("ANALYZE products")  # as the server does by itself, sooner or later
    session = session_of(shop.tenant_id)

    plan = "\n".join(
        session.execute(
            text(
                """
                EXPLAIN SELECT q.id FROM products AS q
                 WHERE q.tenant_id = :tenant_id AND q.archived_at IS NULL AND (q.name_key, q.id) > (:key, :id)
                 ORDER BY q.name_key, q.id LIMIT 51
                """
            ),
            {"tenant_id": shop.tenant_id, "key": "product 1", "id": uuid.UUID(int=0)},
        ).scalars()
    )

    assert "products_by_name" in plan
    assert "Sort" not in plan


def test_search_is_quick_in_a_table_that_was_just_filled(shop: Shop) -> None:
    """The planner has counted nothing yet; it must not matter. As IN (SELECT …) this took over five seconds."""
    fill(shop, "name\n" + "".join(f"Product {n} number {n % 97}\n" for n in range(8_000)))
    session_of(shop.tenant_id).execute(text("SET LOCAL statement_timeout = '3s'"))

    assert len(list_products(shop.tenant_id, search="product number 12").rows) == ROWS_MAX
