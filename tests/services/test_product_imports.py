"""Importing files of products: all of a file or nothing, the same file twice, and two at once."""

import time
import uuid
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import event, text

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.errors import NotFoundError, ResubmissionError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.product_files import UnreadableFileError
from ledger_web.models.base import db, session_of
from ledger_web.queries.product_imports import ImportReport, get_import, list_imports
from ledger_web.queries.products import ProductRow, list_products
from ledger_web.services.barcodes import AddBarcode, add_barcode
from ledger_web.services.product_imports import (
    CarryOutImport,
    ChangedMeanwhileError,
    CheckImport,
    UploadProducts,
    carry_out_import,
    check_import,
    upload_products,
)
from ledger_web.services.products import ArchiveProduct, archive_product
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, balances, count, stock_of
from tests.shops import Shop, add_product

HEADER = "barcode,name,price,quantity,cost\n"
TWO = f"{HEADER}5449000000996,Cola,120,10,60\n3057640257773,Water,50,,\n"


def upload(shop: Shop, content: str | bytes, policy: str = "warn", op_id: uuid.UUID | None = None) -> ImportReport:
    content = content.encode() if isinstance(content, str) else content
    command = UploadProducts(op_id=op_id or new_id(), file_name="list.csv", content=content, stock_policy=policy)
    return report_of(shop, upload_products(command, shop.act()).id)


def report_of(shop: Shop, import_id: uuid.UUID) -> ImportReport:
    session_of(shop.tenant_id).rollback()
    return get_import(shop.tenant_id, import_id)


def carry_out(shop: Shop, report: ImportReport, id: uuid.UUID | None = None) -> bool:
    command = CarryOutImport(id=id or new_id(), import_id=report.id, digest=report.digest)
    return carry_out_import(command, shop.act()).replayed


def products(shop: Shop) -> dict[str, ProductRow]:
    session_of(shop.tenant_id).rollback()
    return {row.name: row for row in list_products(shop.tenant_id).rows}


def figures(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.problems_count


def wrong_codes() -> str:
    """A file in which no code is right: of a wrong length, or with a wrong check digit."""
    codes = ["3", "36", "360", "3189", "336765", "3760010600", "31903049308", "32969664834042", "360858078451"]
    return "barcode,name\n" + "".join(f"{code},Name {code}\n" for code in codes)


def large_file(rows: int) -> str:
    lines = (f"C-{n},Product {n % 977} number {n},{n % 500}.50,{n % 7},{n % 300}" for n in range(rows))
    return HEADER.replace("barcode", "sku") + "\n".join(lines) + "\n"


def test_a_dry_run_says_what_would_happen_and_changes_nothing(shop: Shop) -> None:
    report = upload(shop, TWO)

    assert figures(report) == (2, 0, 0, 0)
    assert report.may_be_imported
    assert [(row.line, row.name, row.code) for row in report.changes] == [
        (2, "Cola", "5449000000996"),
        (3, "Water", "3057640257773"),
    ]
    assert [count(shop, table) for table in ("products", "barcodes", "stock_levels", "stock_moves")] == [0] * 4


def test_an_import_makes_products_with_codes_words_and_goods(shop: Shop) -> None:
    carry_out(shop, upload(shop, TWO))

    there = products(shop)
    assert (there["Cola"].unit_price, there["Cola"].on_hand, there["Cola"].code) == (
        120_00,
        Decimal(10),
        "5449000000996",
    )
    assert (there["Water"].unit_price, there["Water"].on_hand) == (50_00, Decimal(0))
    assert [row.name for row in list_products(shop.tenant_id, search="col").rows] == ["Cola"]
    assert [row.name for row in list_products(shop.tenant_id, search="3057640257773").rows] == ["Water"]
    assert stock_of(shop, there["Cola"].id) == (10, 600_00)
    assert balances(shop) == {("inventory", ""): 600_00, ("equity", "opening"): 600_00}
    assert count(shop, "entries") == 1
    assert_the_books_agree(shop)


def test_the_same_file_again_changes_nothing(shop: Shop) -> None:
    first = upload(shop, TWO)
    carry_out(shop, first)

    again = upload(shop, TWO)

    assert again.id == first.id
    assert figures(again) == (0, 0, 2, 0)
    assert not again.may_be_imported
    carry_out(shop, again)
    assert (count(shop, "products"), count(shop, "stock_moves"), count(shop, "product_imports")) == (2, 1, 1)
    assert stock_of(shop, products(shop)["Cola"].id) == (10, 600_00)


def test_confirming_twice_imports_once(shop: Shop) -> None:
    report, id = upload(shop, TWO), new_id()

    assert [carry_out(shop, report, id), carry_out(shop, report, id)] == [False, True]
    assert (count(shop, "products"), count(shop, "stock_moves")) == (2, 1)


def test_an_imported_file_says_by_whom(shop: Shop) -> None:
    report = upload(shop, TWO)
    carry_out(shop, report)

    done = report_of(shop, report.id)
    assert (done.is_done, done.imported_by, done.may_be_imported) == (True, "Olga Owner", False)
    assert [(row.file_name, row.rows_count, row.imported_at is not None) for row in list_imports(shop.tenant_id)] == [
        ("list.csv", 2, True)
    ]


def test_a_later_file_changes_what_it_says_otherwise_and_nothing_else(shop: Shop) -> None:
    carry_out(shop, upload(shop, TWO))

    report = upload(shop, "barcode,name,price,quantity\n5449000000996,Coca,130,99\n3057640257773,Water,,\n")
    carry_out(shop, report)

    assert figures(report) == (0, 1, 1, 0)
    assert report.changes[0].differences == ("name", "price")
    there = products(shop)
    assert (there["Coca"].unit_price, there["Coca"].on_hand, there["Water"].unit_price) == (130_00, Decimal(10), 50_00)
    assert [row.name for row in list_products(shop.tenant_id, search="coc").rows] == ["Coca"]
    assert list_products(shop.tenant_id, search="cola").rows == ()
    assert_the_books_agree(shop)


def test_an_sku_finds_a_product_and_gives_it_its_barcode(shop: Shop) -> None:
    carry_out(shop, upload(shop, "sku,name\nC-1,Cola\n"))

    carry_out(shop, upload(shop, "sku,name,barcode\nC-1,Cola,5449000000996\n"))

    assert [row.name for row in list_products(shop.tenant_id, search="5449000000996").rows] == ["Cola"]
    assert count(shop, "products") == 1


def test_a_bare_name_finds_the_product_of_exactly_that_name(shop: Shop) -> None:
    carry_out(shop, upload(shop, "name,price\nCola,1\ncola,2\n"))

    report = upload(shop, "name,price\nCola,3\n")
    carry_out(shop, report)

    assert figures(report) == (0, 1, 0, 0)
    assert {name: row.unit_price for name, row in products(shop).items()} == {"Cola": 3_00, "cola": 2_00}


def test_one_bad_row_keeps_the_whole_file_out(shop: Shop) -> None:
    report = upload(shop, TWO + "5449000000997,Fanta,1,,\n")

    with pytest.raises(RuleViolationError, match="Some rows cannot be imported"):
        carry_out(shop, report)

    assert figures(report) == (2, 0, 0, 1)
    assert report.problems[0].line == 4
    assert count(shop, "products") == 0


def test_every_row_with_a_wrong_code_is_refused_with_its_reason(shop: Shop) -> None:
    report = upload(shop, wrong_codes())

    assert figures(report) == (0, 0, 0, 9)
    assert [problem.line for problem in report.problems] == list(range(2, 11))
    assert all(problem.reason.startswith("“barcode”: ") for problem in report.problems)


def test_a_file_that_cannot_be_read_is_not_kept(shop: Shop) -> None:
    with pytest.raises(UnreadableFileError):
        upload(shop, b"name\nCaf\xe9\n")

    assert (count(shop, "product_imports"), count(shop, "submissions")) == (0, 0)


def test_a_row_of_an_archived_product_is_refused(shop: Shop) -> None:
    cola = add_product(shop, "Cola")
    add_barcode(AddBarcode(op_id=new_id(), product_id=cola, barcode=read_barcode("5449000000996")), shop.act())
    archive_product(ArchiveProduct(op_id=new_id(), product_id=cola, archived=True), shop.act())

    report = upload(shop, TWO)

    assert [problem.reason for problem in report.problems] == ["Cola is archived. Take it out of the archive first."]


def test_what_changed_since_the_dry_run_is_shown_before_anything_is_done(shop: Shop) -> None:
    report = upload(shop, TWO)
    cola = add_product(shop, "Other")
    add_barcode(AddBarcode(op_id=new_id(), product_id=cola, barcode=read_barcode("5449000000996")), shop.act())

    with pytest.raises(ChangedMeanwhileError):
        carry_out(shop, report)
    check_import(CheckImport(import_id=report.id), shop.act())

    assert count(shop, "products") == 1
    assert figures(report_of(shop, report.id)) == (1, 1, 0, 0)


def test_the_dry_run_of_one_file_does_not_confirm_another(shop: Shop) -> None:
    one, other = upload(shop, TWO), upload(shop, "name\nTea\n")

    with pytest.raises(ChangedMeanwhileError):
        carry_out_import(CarryOutImport(id=new_id(), import_id=other.id, digest=one.digest), shop.act())

    assert count(shop, "products") == 0


def test_a_file_of_another_shop_is_not_there(shop: Shop, rival: Shop) -> None:
    theirs = upload(rival, TWO)

    with pytest.raises(NotFoundError):
        carry_out(shop, theirs)
    with pytest.raises(NotFoundError):
        check_import(CheckImport(import_id=theirs.id), shop.act())
    with pytest.raises(NotFoundError):
        get_import(shop.tenant_id, theirs.id)

    assert (count(shop, "products"), count(rival, "products")) == (0, 0)


def test_one_form_keeps_one_file(shop: Shop) -> None:
    op_id = new_id()
    upload(shop, TWO, op_id=op_id)
    upload(shop, TWO, op_id=op_id)

    with pytest.raises(ResubmissionError):
        upload(shop, "name\nTea\n", op_id=op_id)

    assert count(shop, "product_imports") == 1


def test_files_that_nobody_imported_are_forgotten_after_a_week(shop: Shop) -> None:
    kept, old = upload(shop, TWO), upload(shop, "name\nTea\n")
    carry_out(shop, kept)
    with shop.act() as uow:
        uow.execute(
            "UPDATE product_imports SET uploaded_at = now() - interval '8 days' WHERE tenant_id = %(tenant_id)s"
        )

    newest = upload(shop, "name\nCoffee\n")

    assert {row.id for row in list_imports(shop.tenant_id)} == {kept.id, newest.id}
    assert old.id not in {kept.id, newest.id}


@pytest.mark.parametrize(("policy", "levels"), [("block", 2), ("none", 0)])
def test_new_products_get_the_policy_that_was_chosen(shop: Shop, policy: str, levels: int) -> None:
    carry_out(shop, upload(shop, TWO, policy))

    assert {row.stock_policy for row in products(shop).values()} == {policy}
    assert count(shop, "stock_levels") == levels
    assert_the_books_agree(shop)


def test_one_file_confirmed_by_three_people_at_once_is_imported_once(app: Flask, shop: Shop) -> None:
    report = upload(shop, "name,quantity,cost\nCola,2,5\nTea,1,1\n")

    results = in_threads(app, *[lambda: carry_out(shop, report)] * 3)

    assert sorted(type(each).__name__ for each in results) == ["ChangedMeanwhileError", "ChangedMeanwhileError", "bool"]
    assert (count(shop, "products"), count(shop, "stock_moves")) == (2, 2)
    assert_the_books_agree(shop)


def test_two_files_with_the_same_bare_names_at_once_make_each_product_once(app: Flask, shop: Shop) -> None:
    one, other = upload(shop, "name\nCola\nTea\n"), upload(shop, "name\nTea\nCola\n")

    in_threads(app, lambda: carry_out(shop, one), lambda: carry_out(shop, other))

    assert sorted(products(shop)) == ["Cola", "Tea"]
    assert count(shop, "products") == 2


def test_the_number_of_statements_does_not_grow_with_the_rows(shop: Shop) -> None:
    add_product(shop)  # so that the accounts are open
    few, many = upload(shop, large_file(10)), upload(shop, large_file(1_000).replace("C-", "D-"))
    counts = []
    for report in (few, many):
        statements: list[str] = []

        def note(*said: object, seen: list[str] = statements) -> None:
            seen.append(str(said[2]))

        event.listen(db.engine, "before_cursor_execute", note)
        carry_out(shop, report)
        event.remove(db.engine, "before_cursor_execute", note)
        counts.append(len(statements))

    assert count(shop, "products") == 1_011
    assert counts[0] == counts[1] < 30


def test_two_thousand_products_are_imported_in_seconds(shop: Shop) -> None:
    started = time.monotonic()

    report = upload(shop, large_file(2_000))
    carry_out(shop, report)

    assert time.monotonic() - started < 5
    assert count(shop, "products") == 2_000
    value = session_of(shop.tenant_id).execute(
        text("SELECT sum(value) FROM stock_levels WHERE tenant_id = :tenant_id"), {"tenant_id": shop.tenant_id}
    )
    assert value.scalar_one() == sum(n % 7 * (n % 300) * 100 for n in range(2_000))
    assert_the_books_agree(shop)
