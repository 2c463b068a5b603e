"""Files of products: kept from the dry run to the import, looked at again, carried out as a whole.

However many rows, each step is a constant number of statements for every thousand of them.
"""

import json
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from ledger_web.domain import products as rules
from ledger_web.domain.barcodes import Barcode
from ledger_web.domain.errors import AmountTooLargeError, ConflictError, NotFoundError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import AMOUNT_MAX, equity, inventory, unless_zero
from ledger_web.domain.languages import gettext
from ledger_web.domain.money import multiply
from ledger_web.domain.product_files import (
    Columns,
    FileRow,
    ProductFile,
    Record,
    add_from_json,
    columns_as_json,
    columns_from_json,
    file_as_json,
    file_id,
    open_products,
    read_rows,
    records_as_json,
    records_from_json,
)
from ledger_web.domain.product_imports import (
    KnownProduct,
    KnownProducts,
    Plan,
    Update,
    changes_shown,
    make_plan,
    warnings,
)
from ledger_web.domain.signs import signs_of
from ledger_web.domain.stock import OPENING
from ledger_web.services import stock
from ledger_web.services.pricing import change_ordinary_prices
from ledger_web.services.stock import Goods
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act

CHUNK: Final = 1_000  # rows in one statement
STEP_SECONDS: Final = 1.5  # rows are checked for so long in one request
UNUSED_DAYS: Final = 7  # a file that nobody imported is forgotten then
_TAKEN_MEANWHILE: Final = frozenset({"barcodes_pkey", "products_sku_key"})

T = TypeVar("T")


class ChangedMeanwhileError(ConflictError):
    """The products changed since this dry run. Look at the new one, then import."""


@dataclass(frozen=True, kw_only=True)
class UploadProducts:
    """Keep a file and say what importing it would do."""

    op_id: uuid.UUID
    file_name: str  # shown, never opened
    content: bytes
    stock_policy: str  # of the products that will be new


@dataclass(frozen=True, kw_only=True)
class CheckImport:
    """Look at a kept file again."""

    import_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class ContinueCheck:
    """Check a few more rows of a kept file."""

    import_id: uuid.UUID
    seen: int  # rows that were checked when the page was shown; if it is more by now, nothing is done


@dataclass(frozen=True, kw_only=True)
class CarryOutImport:
    """Import a kept file, if that still does what its dry run said."""

    id: uuid.UUID  # of the transaction that puts the goods into stock
    import_id: uuid.UUID
    digest: str  # of the dry run that was shown
    is_free: bool = True  # products may cost nothing; a form asks first


@dataclass(frozen=True, kw_only=True)
class _Upload:
    """What tells one submission of the form from another: not ten megabytes."""

    import_id: uuid.UUID
    file_name: str
    stock_policy: str


@whole_act
def upload_products(command: UploadProducts, uow: UnitOfWork) -> Recorded:
    """Keep a file's rows and begin to check them. The same content again is the same file, checked again.

    Raises:
        UnreadableFileError: Neither a CSV file nor a workbook of products. Nothing is kept.
        ResubmissionError: The form was sent before with another file.
    """
    import_id = file_id(command.content)
    upload = _Upload(import_id=import_id, file_name=command.file_name, stock_policy=command.stock_policy)
    with uow:
        if uow.is_resubmission(upload, id=command.op_id, subject_id=import_id):
            return Recorded(import_id, replayed=True)
        _forget_unused(uow)
        columns, records = open_products(command.content)
        _keep(uow, command, import_id)
        _keep_report(uow, import_id, _begun(columns, _keep_parts(uow, import_id, records)))
        _go_on(uow, import_id)
    return Recorded(import_id)


@whole_act
def continue_check(command: ContinueCheck, uow: UnitOfWork) -> Recorded:
    """Check rows of a kept file for a second or two; behind the last one, say what importing it would do.

    Raises:
        NotFoundError: The shop has no such file.
    """
    with uow:
        kept = _lock_import(uow, command.import_id)
        if kept.plan.get("rows_checked") == command.seen:
            _go_on(uow, command.import_id)
    return Recorded(command.import_id)


@whole_act
def check_import(command: CheckImport, uow: UnitOfWork) -> Recorded:
    """Make the dry run of a kept file anew.

    Raises:
        NotFoundError: The shop has no such file.
        RuleViolationError: Its rows are not there any more.
    """
    with uow:
        _go_on(uow, command.import_id)
    return Recorded(command.import_id)


@whole_act
def carry_out_import(command: CarryOutImport, uow: UnitOfWork) -> Recorded:
    """Import a kept file: every row of it, or nothing.

    Goods of new products come from equity "opening", in one transaction of the books.

    Raises:
        NotFoundError: The shop has no such file.
        RuleViolationError: There is something wrong with a row, or not every row is checked yet.
        ChangedMeanwhileError: It would do something else by now than its dry run said.
        ResubmissionError: The id was used for something else.
    """
    try:
        with uow:
            if uow.is_resubmission(command, id=command.id, subject_id=command.import_id):
                return Recorded(command.import_id, replayed=True)
            uow.execute("SET LOCAL statement_timeout = '30s'")  # a till gets five; fifty thousand rows need more
            _wait_for_other_imports(uow)
            kept = _lock_import(uow, command.import_id)
            _must_be_checked(kept.plan)
            file, plan = _plan(uow, command.import_id, kept)
            if file.problems_count:
                raise RuleViolationError("Some rows cannot be imported. Correct the file and choose it again.")
            if plan.digest() != command.digest:
                raise ChangedMeanwhileError
            if plan.given_away and not command.is_free:
                raise RuleViolationError(
                    "Some of these products would cost nothing. Say that this is meant, or add prices to the file."
                )
            _carry_out(uow, command, plan)
            _mark_imported(uow, command.import_id)
            uow.audit(
                "product.import",
                holder=command.import_id,
                after={"created": len(plan.created), "updated": len(plan.updated)},
            )
    except IntegrityError as error:
        if violated_constraint(error) in _TAKEN_MEANWHILE:
            raise ChangedMeanwhileError from error
        raise
    return Recorded(command.import_id)


# The kept file.


def _forget_unused(uow: UnitOfWork) -> None:
    uow.execute(
        """
        DELETE FROM product_imports
         WHERE tenant_id = %(tenant_id)s
           AND imported_at IS NULL
           AND uploaded_at < now() - make_interval(days => %(days)s)
        """,
        {"days": UNUSED_DAYS},
    )


def _keep(uow: UnitOfWork, command: UploadProducts, import_id: uuid.UUID) -> None:
    uow.execute(
        """
        INSERT INTO product_imports AS i (tenant_id, id, file_name, stock_policy, plan, uploaded_at, uploaded_by)
        VALUES (%(tenant_id)s, %(id)s, %(file_name)s, %(stock_policy)s, '{}', now(), %(actor_id)s)
        ON CONFLICT (tenant_id, id) DO UPDATE
           SET file_name = excluded.file_name, stock_policy = excluded.stock_policy, plan = excluded.plan,
               uploaded_at = excluded.uploaded_at, uploaded_by = excluded.uploaded_by
        """,
        {
            "id": import_id,
            "file_name": command.file_name,
            "stock_policy": command.stock_policy,
            "actor_id": uow.actor_id,
        },
    )
    uow.execute(
        "DELETE FROM product_import_parts WHERE tenant_id = %(tenant_id)s AND import_id = %(id)s", {"id": import_id}
    )


def _keep_parts(uow: UnitOfWork, import_id: uuid.UUID, records: Iterable[Record]) -> int:
    """Keep a file's rows as they stand there, a thousand at a time; return how many there are."""
    rows = 0
    for number, chunk in enumerate(_chunks(records), start=1):
        rows += len(chunk)
        uow.execute(
            """
            INSERT INTO product_import_parts (tenant_id, import_id, number, records)
            VALUES (%(tenant_id)s, %(import_id)s, %(number)s, %(records)s::jsonb)
            """,
            {"import_id": import_id, "number": number, "records": records_as_json(chunk)},
        )
    return rows


def _keep_report(uow: UnitOfWork, import_id: uuid.UUID, report: Mapping[str, object]) -> None:
    uow.execute(
        """
        UPDATE product_imports SET plan = plan || %(report)s::jsonb
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        """,
        {"id": import_id, "report": json.dumps(report)},
    )


def _lock_import(uow: UnitOfWork, import_id: uuid.UUID) -> Row[Any]:
    row = uow.execute(
        """
        SELECT i.plan, i.stock_policy, s.base_currency, s.locale
          FROM product_imports AS i
          JOIN tenants AS s ON s.tenant_id = %(tenant_id)s
         WHERE i.tenant_id = %(tenant_id)s AND i.id = %(id)s
           FOR NO KEY UPDATE OF i
        """,
        {"id": import_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such file. Choose it again.")
    return row


def _go_on(uow: UnitOfWork, import_id: uuid.UUID) -> None:
    """Check the parts that are not checked yet, for as long as a request may take; then make the dry run."""
    kept = _lock_import(uow, import_id)
    columns = columns_from_json(kept.plan["columns"])
    checked = kept.plan["rows_checked"]
    began = time.monotonic()
    while checked < kept.plan["rows_total"]:
        checked += _check_next_part(uow, import_id, kept, columns)
        if time.monotonic() - began > STEP_SECONDS and checked < kept.plan["rows_total"]:
            _keep_report(uow, import_id, {"rows_checked": checked})
            return
    file, plan = _plan(uow, import_id, kept)
    _keep_report(uow, import_id, {"rows_checked": checked, **_report(file, plan)})


def _check_next_part(uow: UnitOfWork, import_id: uuid.UUID, kept: Row[Any], columns: Columns) -> int:
    """Check the first part that is not; return how many rows it has."""
    part = uow.execute(
        """
        SELECT number, records FROM product_import_parts
         WHERE tenant_id = %(tenant_id)s AND import_id = %(import_id)s AND rows IS NULL
         ORDER BY number
         LIMIT 1
        """,
        {"import_id": import_id},
    ).one()
    file = ProductFile()
    read_rows(file, records_from_json(part.records), columns, kept.base_currency, signs_of(kept.locale))
    rows, problems = file_as_json(file)
    uow.execute(
        """
        UPDATE product_import_parts SET records = NULL, rows = %(rows)s::jsonb, problems = %(problems)s::jsonb
         WHERE tenant_id = %(tenant_id)s AND import_id = %(import_id)s AND number = %(number)s
        """,
        {"import_id": import_id, "number": part.number, "rows": rows, "problems": problems},
    )
    return len(part.records)


def _must_be_checked(plan: Mapping[str, Any]) -> None:
    if plan.get("rows_checked", 0) < plan.get("rows_total", 0):
        raise RuleViolationError("Not every row of this file is checked yet. Wait a moment, then import it.")


def _mark_imported(uow: UnitOfWork, import_id: uuid.UUID) -> None:
    """Write down who imported it, and that importing it again would do nothing."""
    uow.execute(
        """
        UPDATE product_imports
           SET imported_at = now(), imported_by = %(actor_id)s, plan = plan || %(done)s::jsonb
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        """,
        {"id": import_id, "actor_id": uow.actor_id, "done": json.dumps({"is_done": True})},
    )


def _begun(columns: Columns, rows: int) -> dict[str, object]:
    """Say of a file that is not checked yet what `_report` will say of it."""
    nothing = {"created": 0, "updated": 0, "unchanged": 0, "problems_count": 0, "given_away": 0}
    lists: dict[str, object] = {"problems": [], "warnings": [], "changes": []}
    return {
        "columns": columns_as_json(columns),
        "rows_total": rows,
        "rows_checked": 0,
        **nothing,
        **lists,
        "digest": "",
        "is_done": False,
    }


def _report(file: ProductFile, plan: Plan) -> dict[str, object]:
    """Say what a dry run found, as `queries/product_imports.py` reads it."""
    return {
        "created": len(plan.created),
        "updated": len(plan.updated),
        "unchanged": plan.unchanged,
        "problems_count": file.problems_count,
        "problems": [[problem.line, problem.reason] for problem in file.problems],
        "warnings": warnings(plan, file),
        "changes": changes_shown(plan),
        "given_away": plan.given_away,
        "digest": plan.digest(),
        "is_done": False,
    }


# What there is.


def _wait_for_other_imports(uow: UnitOfWork) -> None:
    """Let one import of a shop follow the other: a row without a code is known by its name alone, and no
    constraint keeps two products from having the same name."""
    uow.execute("SELECT 1 FROM tenants WHERE tenant_id = %(tenant_id)s FOR NO KEY UPDATE")


def _plan(uow: UnitOfWork, import_id: uuid.UUID, kept: Row[Any]) -> tuple[ProductFile, Plan]:
    """Put the checked parts of a file together, and decide what each row does by what the shop has now.

    Raises:
        RuleViolationError: The rows are not there any more.
    """
    file = ProductFile(ignored_columns=list(columns_from_json(kept.plan["columns"]).ignored))
    parts = uow.execute(
        """
        SELECT rows, problems FROM product_import_parts
         WHERE tenant_id = %(tenant_id)s AND import_id = %(import_id)s
         ORDER BY number
        """,
        {"import_id": import_id},
    )
    for part in parts:
        add_from_json(file, part.rows, part.problems)
    if not file.rows and not file.problems_count:
        raise RuleViolationError("The rows of this file are not kept any more. Choose the file again.")
    return file, make_plan(file, _known(uow, file.rows), kept.stock_policy)


def _known(uow: UnitOfWork, rows: Sequence[FileRow]) -> KnownProducts:
    """Look up every product that a row may mean, three statements in all."""
    codes = [row.barcode.code for row in rows if row.barcode]
    skus = [row.sku for row in rows if row.sku]
    names = [row.name for row in rows if not row.barcode and not row.sku]
    by_code = uow.execute(
        """
        SELECT b.code AS found, p.id, p.name, p.sku, p.unit, p.unit_price, p.tax_percent, p.archived_at
          FROM barcodes AS b
          JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = b.product_id
         WHERE b.tenant_id = %(tenant_id)s AND b.code = ANY(%(codes)s::text[])
        """,
        {"codes": codes},
    )
    by_sku = uow.execute(
        """
        SELECT p.sku AS found, p.id, p.name, p.sku, p.unit, p.unit_price, p.tax_percent, p.archived_at
          FROM products AS p
         WHERE p.tenant_id = %(tenant_id)s AND p.sku = ANY(%(skus)s::text[])
        """,
        {"skus": skus},
    )
    by_name = uow.execute(
        """
        SELECT p.name AS found, p.id, p.name, p.sku, p.unit, p.unit_price, p.tax_percent, p.archived_at
          FROM products AS p
         WHERE p.tenant_id = %(tenant_id)s AND p.archived_at IS NULL AND p.name_key = ANY(%(keys)s::text[])
         ORDER BY p.id
        """,
        {"keys": rules.distinct(rules.name_key(name) for name in names)},
    )
    namesakes: dict[str, list[KnownProduct]] = {}
    for row in by_name:
        namesakes.setdefault(row.found, []).append(_known_product(row))
    return KnownProducts(
        by_code={row.found: _known_product(row) for row in by_code},
        by_sku={row.found: _known_product(row) for row in by_sku},
        by_name=namesakes,
    )


def _known_product(row: Row[Any]) -> KnownProduct:
    return KnownProduct(
        id=row.id,
        name=row.name,
        sku=row.sku,
        unit=row.unit,
        unit_price=row.unit_price,
        tax_percent=row.tax_percent,
        is_archived=row.archived_at is not None,
    )


# What is done.


def _carry_out(uow: UnitOfWork, command: CarryOutImport, plan: Plan) -> None:
    created = {new_id(): row for row in plan.created}
    for chunk in _chunks(created.items()):
        _insert_products(uow, dict(chunk), plan.stock_policy)
    # What refers to products comes when all of them are there, and its checks are planned anew: PostgreSQL keeps a
    # check's plan from when the table was small, then reads the whole table for each of 50,000 rows.
    uow.execute("DISCARD PLANS")
    for chunk in _chunks(created.items()):
        _insert_what_finds_them(uow, dict(chunk), plan.stock_policy)
    for updates in _chunks(plan.updated):
        _update_products(uow, updates)
    if rules.keeps_stock(plan.stock_policy):
        _receive(uow, command, created)


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _insert_products(uow: UnitOfWork, rows: Mapping[uuid.UUID, FileRow], stock_policy: str) -> None:
    uow.execute(
        """
        INSERT INTO products AS p
               (tenant_id, id, name, name_key, sku, unit, unit_price, tax_percent, stock_policy, created_at)
        SELECT s.tenant_id, n.id, n.name, n.name_key, n.sku, n.unit, n.unit_price, n.tax_percent,
               %(stock_policy)s, now()
          FROM tenants AS s
         CROSS JOIN unnest(%(ids)s::uuid[], %(names)s::text[], %(name_keys)s::text[], %(skus)s::text[],
                           %(units)s::text[], %(unit_prices)s::bigint[], %(tax_percents)s::numeric[])
               AS n(id, name, name_key, sku, unit, unit_price, tax_percent)
         WHERE s.tenant_id = %(tenant_id)s
        """,
        {
            "stock_policy": stock_policy,
            "ids": list(rows),
            "names": [row.name for row in rows.values()],
            "name_keys": [rules.name_key(row.name) for row in rows.values()],
            "skus": [row.sku for row in rows.values()],
            "units": [row.unit or rules.usual_unit() for row in rows.values()],
            "unit_prices": [row.unit_price or 0 for row in rows.values()],
            "tax_percents": [row.tax_percent or Decimal(0) for row in rows.values()],
        },
    )


def _insert_what_finds_them(uow: UnitOfWork, rows: Mapping[uuid.UUID, FileRow], stock_policy: str) -> None:
    """Write the new products' words and codes, and their levels if they keep stock."""
    _insert_words(uow, {id: rules.search_words(row.name, row.sku) for id, row in rows.items()})
    _insert_barcodes(uow, {id: row.barcode for id, row in rows.items() if row.barcode})
    if rules.keeps_stock(stock_policy):
        uow.execute(
            """
            INSERT INTO stock_levels AS l (tenant_id, product_id, may_go_below_zero)
            SELECT p.tenant_id, p.id, %(may)s
              FROM products AS p
             WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s::uuid[])
            """,
            {"ids": list(rows), "may": rules.may_go_below_zero(stock_policy)},
        )


def _update_products(uow: UnitOfWork, updates: Sequence[Update]) -> None:
    ids = [update.product_id for update in updates]
    prices = {update.product_id: update.unit_price for update in updates}
    change_ordinary_prices(uow, prices, reason="Import of a file")
    uow.execute(
        """
        WITH asked AS (
            SELECT * FROM unnest(%(ids)s::uuid[], %(names)s::text[], %(name_keys)s::text[], %(skus)s::text[],
                                 %(unit_prices)s::bigint[], %(tax_percents)s::numeric[])
                   AS n(id, name, name_key, sku, unit_price, tax_percent)
        ), locked AS MATERIALIZED (
            SELECT id FROM products
             WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s::uuid[])
             ORDER BY id
               FOR NO KEY UPDATE
        )
        UPDATE products AS p
           SET name = n.name, name_key = n.name_key, sku = n.sku, unit_price = n.unit_price,
               tax_percent = n.tax_percent,
               tax_class_id = CASE WHEN p.tax_percent = n.tax_percent THEN p.tax_class_id END, version = p.version + 1
          FROM locked AS l
          JOIN asked AS n ON n.id = l.id
         WHERE p.tenant_id = %(tenant_id)s
           AND p.id = l.id
        """,
        {
            "ids": ids,
            "names": [update.name for update in updates],
            "name_keys": [rules.name_key(update.name) for update in updates],
            "skus": [update.sku for update in updates],
            "unit_prices": [update.unit_price for update in updates],
            "tax_percents": [update.tax_percent for update in updates],
        },
    )
    renamed = _words_of(uow, [update for update in updates if update.is_renamed])
    uow.execute(
        "DELETE FROM product_words WHERE tenant_id = %(tenant_id)s AND product_id = ANY(%(ids)s::uuid[])",
        {"ids": list(renamed)},
    )
    _insert_words(uow, renamed)
    _insert_barcodes(uow, {update.product_id: update.new_code for update in updates if update.new_code})


def _words_of(uow: UnitOfWork, updates: Sequence[Update]) -> dict[uuid.UUID, list[str]]:
    """Return the words of products under their new names; a file says nothing of brand and tags, so they stay."""
    rows = uow.execute(
        "SELECT id, brand, tags FROM products WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s::uuid[])",
        {"ids": [update.product_id for update in updates]},
    )
    others = {row.id: (row.brand, *row.tags) for row in rows}
    return {
        update.product_id: rules.search_words(update.name, update.sku, *others[update.product_id]) for update in updates
    }


def _insert_words(uow: UnitOfWork, words: Mapping[uuid.UUID, Sequence[str]]) -> None:
    pairs = [(id, word) for id, each in words.items() for word in each]
    uow.execute(
        """
        INSERT INTO product_words AS w (tenant_id, word, product_id)
        SELECT s.tenant_id, n.word, n.product_id
          FROM tenants AS s
         CROSS JOIN unnest(%(words)s::text[], %(products)s::uuid[]) AS n(word, product_id)
         WHERE s.tenant_id = %(tenant_id)s
        """,
        {"words": [word for _, word in pairs], "products": [id for id, _ in pairs]},
    )


def _insert_barcodes(uow: UnitOfWork, barcodes: Mapping[uuid.UUID, Barcode]) -> None:
    uow.execute(
        """
        INSERT INTO barcodes AS b (tenant_id, code, product_id, symbology, created_at)
        SELECT s.tenant_id, n.code, n.product_id, n.symbology, now()
          FROM tenants AS s
         CROSS JOIN unnest(%(codes)s::text[], %(products)s::uuid[], %(symbologies)s::text[])
               AS n(code, product_id, symbology)
         WHERE s.tenant_id = %(tenant_id)s
        """,
        {
            "codes": [barcode.code for barcode in barcodes.values()],
            "products": list(barcodes),
            "symbologies": [barcode.symbology for barcode in barcodes.values()],
        },
    )


def _receive(uow: UnitOfWork, command: CarryOutImport, created: Mapping[uuid.UUID, FileRow]) -> None:
    """Put the new products' goods into stock, all in one transaction."""
    goods = [
        Goods(id, row.quantity, multiply(row.unit_cost or 0, row.quantity))
        for id, row in created.items()
        if row.quantity
    ]
    if not goods:
        return
    value = sum(each.value for each in goods)
    if value > AMOUNT_MAX:
        raise AmountTooLargeError
    uow.is_replay(command, id=command.id, kind="opening_stock", memo=gettext("Imported products"))
    # The levels were written a moment ago and are in no statistics: for each of 50,000 goods all of them would be read.
    uow.execute("SET LOCAL enable_nestloop = off")
    stock.put(uow, goods, sets_cost=True)
    uow.execute("SET LOCAL enable_nestloop = on")
    stock.insert_moves(uow, goods)
    currency = uow.execute("SELECT base_currency FROM tenants WHERE tenant_id = %(tenant_id)s").scalar_one()
    uow.post(unless_zero(inventory(currency), equity(currency, OPENING), value))
