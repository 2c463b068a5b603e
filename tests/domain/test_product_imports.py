"""What importing a file would do, given what the shop has."""

import uuid
from decimal import Decimal

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.product_files import FileRow, ProductFile
from ledger_web.domain.product_imports import (
    KnownProduct,
    KnownProducts,
    Plan,
    changes_shown,
    make_plan,
    warnings,
)

COLA, WATER = read_barcode("5449000000996"), read_barcode("3057640257773")


def known(name: str = "Cola", **said: object) -> KnownProduct:
    values: dict[str, object] = {
        "id": uuid.uuid4(),
        "sku": None,
        "unit": "pcs",
        "unit_price": 100,
        "tax_percent": Decimal("15.000"),
        "is_archived": False,
    }
    return KnownProduct(name=name, **(values | said))  # type: ignore[arg-type]


def plan_of(*rows: FileRow, there: KnownProducts | None = None, policy: str = "warn") -> tuple[Plan, ProductFile]:
    file = ProductFile(rows=list(rows))
    return make_plan(file, there or KnownProducts(), policy), file


def reasons(file: ProductFile) -> list[tuple[int, str]]:
    return [(problem.line, problem.reason) for problem in file.problems]


def test_what_the_shop_does_not_have_is_new() -> None:
    plan, file = plan_of(FileRow(2, "Cola", COLA), FileRow(3, "Cola", WATER), FileRow(4, "Tea"))

    assert [row.line for row in plan.created] == [2, 3, 4]
    assert (plan.updated, plan.unchanged, file.problems) == ([], 0, [])


def test_a_row_is_found_by_barcode_then_sku_then_name() -> None:
    cola, water, tea = known(), known("Water", sku="W-1"), known("Tea")
    there = KnownProducts({COLA.code: cola}, {"W-1": water}, {"Tea": [tea]})

    plan, _ = plan_of(
        FileRow(2, "Cola", COLA, unit_price=120),
        FileRow(3, "Water", WATER, sku="W-1"),
        FileRow(4, "Tea", tax_percent=Decimal(5)),
        there=there,
    )

    assert [(each.product_id, each.differences) for each in plan.updated] == [
        (cola.id, ("price",)),
        (water.id, ("barcode",)),
        (tea.id, ("tax_percent",)),
    ]


def test_a_row_with_a_code_is_never_found_by_its_name() -> None:
    plan, _ = plan_of(FileRow(2, "Cola", COLA), there=KnownProducts(by_name={"Cola": [known()]}))

    assert len(plan.created) == 1


def test_blank_cells_change_nothing() -> None:
    cola = known(sku="C-1", unit="kg", tax_percent=Decimal("15.000"))

    plan, _ = plan_of(FileRow(2, "Cola", COLA), there=KnownProducts({COLA.code: cola}))

    assert (plan.unchanged, plan.changes_something) == (1, False)


def test_the_same_tax_written_otherwise_is_the_same() -> None:
    row = FileRow(2, "Cola", COLA, tax_percent=Decimal(15))

    plan, _ = plan_of(row, there=KnownProducts({COLA.code: known()}))

    assert plan.unchanged == 1


def test_what_stands_twice_in_a_file_is_refused_with_its_first_line() -> None:
    plan, file = plan_of(
        FileRow(2, "Cola", COLA),
        FileRow(3, "Cola again", COLA),
        FileRow(4, "Water", sku="W"),
        FileRow(5, "Wasser", sku="W"),
        FileRow(6, "Tea"),
        FileRow(7, "Tea"),
    )

    assert len(plan.created) == 3
    assert reasons(file) == [
        (3, "Line 2 has the same barcode."),
        (5, "Line 4 has the same SKU."),
        (7, "Line 6 has the same name, and neither has a barcode or an SKU."),
    ]


def test_two_rows_about_one_product_are_refused() -> None:
    cola = known()
    _, file = plan_of(
        FileRow(2, "Cola", COLA), FileRow(3, "Kola", WATER), there=KnownProducts({COLA.code: cola, WATER.code: cola})
    )

    assert reasons(file) == [(3, "Line 2 is about the same product, Cola.")]


def test_what_is_not_clear_is_refused() -> None:
    cola, water = known(), known("Water", sku="W-1")
    archived = known("Old", is_archived=True)
    there = KnownProducts(
        {COLA.code: cola, WATER.code: archived}, {"W-1": water}, {"Tea": [known("Tea"), known("Tea")]}
    )

    _, file = plan_of(
        FileRow(2, "Cola", COLA, sku="W-1"),
        FileRow(3, "Old", WATER),
        FileRow(4, "Tea"),
        there=there,
    )

    assert reasons(file) == [
        (2, "Water has the SKU W-1, but the barcode is that of Cola."),
        (3, "Old is archived. Take it out of the archive first."),
        (4, "2 products are called Tea. Add a barcode or an SKU to say which."),
    ]


def test_the_unit_of_a_product_is_not_changed_by_a_file() -> None:
    _, file = plan_of(FileRow(2, "Cola", COLA, unit="kg"), there=KnownProducts({COLA.code: known()}))

    assert reasons(file) == [(2, "Cola is counted in pcs, not in kg. Change it on its page first.")]


def test_warnings_say_what_is_not_wrong_but_should_be_known() -> None:
    plan, file = plan_of(
        FileRow(2, "Cola", COLA, quantity=Decimal(3)),
        FileRow(3, "Tea", unit_price=5, unit_cost=3),
        there=KnownProducts({COLA.code: known()}),
    )
    file.ignored_columns = ["colour"]

    said = warnings(plan, file)

    assert [sentence.split(" ")[0] for sentence in said] == ["1", "1", "Not"]
    assert "1 quantity of products you have already will not be used" in said[0]


def test_goods_of_services_are_not_received_in_silence() -> None:
    plan, file = plan_of(FileRow(2, "Repair", quantity=Decimal(3), unit_price=5), policy="none")

    assert warnings(plan, file) == ["1 quantity will not be used: the new products keep no stock."]


def test_the_digest_tells_plans_apart() -> None:
    row = FileRow(2, "Cola", COLA)
    same, also_same = plan_of(row)[0], plan_of(FileRow(2, "Cola", COLA))[0]
    others = [
        plan_of(row, policy="block")[0],
        plan_of(FileRow(2, "Cola", COLA, unit_price=0))[0],
        plan_of(row, there=KnownProducts({COLA.code: known()}))[0],
        plan_of(row, there=KnownProducts({COLA.code: known("Kola")}))[0],
    ]

    assert same.digest() == also_same.digest()
    assert len({same.digest(), *(other.digest() for other in others)}) == 5


def test_changes_are_shown_before_what_is_new() -> None:
    plan, _ = plan_of(FileRow(2, "Tea", WATER), FileRow(3, "Kola", COLA), there=KnownProducts({COLA.code: known()}))

    assert [(each["line"], each["what"]) for each in changes_shown(plan)] == [(3, ["name"]), (2, [])]
