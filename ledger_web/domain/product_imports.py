"""What importing a file of products would do, row by row, given what the shop has: the dry run and the import alike.

A row is found again by its barcode, else by its SKU; a row with neither by its exact name. What its file leaves
blank stays as it is. Goods are received with new products only: the same file twice must change nothing.
"""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from ledger_web.domain.barcodes import Barcode
from ledger_web.domain.languages import gettext
from ledger_web.domain.product_files import FileRow, ProductFile
from ledger_web.domain.products import keeps_stock

CHANGES_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class KnownProduct:
    """A product of the shop, as far as an import looks at it."""

    id: uuid.UUID
    name: str
    sku: str | None
    unit: str
    unit_price: int
    tax_percent: Decimal
    is_archived: bool


@dataclass(frozen=True, slots=True)
class KnownProducts:
    """The products that the rows of a file may mean."""

    by_code: Mapping[str, KnownProduct] = field(default_factory=dict)
    by_sku: Mapping[str, KnownProduct] = field(default_factory=dict)
    by_name: Mapping[str, Sequence[KnownProduct]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Update:
    """A product as a row of the file wants it."""

    line: int
    product_id: uuid.UUID
    name: str
    sku: str | None
    unit_price: int
    tax_percent: Decimal
    new_code: Barcode | None
    is_renamed: bool  # its words for search change
    differences: tuple[str, ...]  # the columns that change


@dataclass(slots=True)
class Plan:
    """What an import would do. It is carried out only if there are no problems."""

    stock_policy: str  # of new products
    created: list[FileRow] = field(default_factory=list)
    updated: list[Update] = field(default_factory=list)
    unchanged: int = 0
    quantities_ignored: int = 0

    @property
    def changes_something(self) -> bool:
        return bool(self.created or self.updated)

    @property
    def given_away(self) -> int:
        """How many products would cost nothing that do not now."""
        return sum(not row.unit_price for row in self.created) + sum(
            "price" in each.differences and each.unit_price == 0 for each in self.updated
        )

    def digest(self) -> str:
        """Return what tells this plan from another: the same if and only if the same would be done."""
        said = [self.stock_policy, *(repr(row) for row in self.created), *(repr(update) for update in self.updated)]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()


def make_plan(file: ProductFile, known: KnownProducts, stock_policy: str) -> Plan:
    """Decide what each row does. What is wrong with a row is added to the problems of its file."""
    plan = Plan(stock_policy)
    seen = _Seen()
    for row in file.rows:
        reason = seen.refusal(row)
        product = None
        if reason is None:
            product, reason = _find(row, known)
        if product is not None and reason is None:
            reason = seen.refusal_of_product(row, product) or _refusal(row, product, known)
        if reason is not None:
            file.refuse(row.line, reason)
        elif product is None:
            plan.created.append(row)
        else:
            _plan_update(plan, row, product, known)
    file.problems.sort(key=lambda problem: problem.line)
    return plan


def warnings(plan: Plan, file: ProductFile) -> list[str]:
    """Say what a person should know before importing, though nothing of it is wrong."""
    costs = sum(row.unit_cost is not None and row.quantity is None for row in plan.created)
    serviced = sum(row.quantity is not None for row in plan.created) if not keeps_stock(plan.stock_policy) else 0
    said = [
        (
            plan.given_away,
            gettext(
                "%(free)s no price and will cost 0 until you set one.",
                free=_counted(plan.given_away, "product has", "products have"),
            ),
        ),
        (
            plan.quantities_ignored,
            gettext(
                "%(quantities_ignored)s of products you have already will not be used:"
                " receive goods on the product’s page.",
                quantities_ignored=_counted(plan.quantities_ignored, "quantity", "quantities"),
            ),
        ),
        (costs, gettext("%(costs)s without a quantity will not be used.", costs=_counted(costs, "cost", "costs"))),
        (
            serviced,
            gettext(
                "%(serviced)s will not be used: the new products keep no stock.",
                serviced=_counted(serviced, "quantity", "quantities"),
            ),
        ),
        (
            len(file.ignored_columns),
            gettext(
                "Not read: %(join)s. The columns that are read: name, barcode, sku, price,"
                " unit, tax_percent, quantity, cost.",
                join=", ".join(file.ignored_columns[:10]),
            ),
        ),
    ]
    return [sentence for count, sentence in said if count]


def changes_shown(plan: Plan) -> list[dict[str, object]]:
    """Return the first changes in the order of the file, as the dry run lists them."""
    created: Iterable[dict[str, object]] = (
        {"line": row.line, "name": row.name, "code": row.barcode.code if row.barcode else row.sku or "", "what": []}
        for row in plan.created[:CHANGES_SHOWN]
    )
    updated: Iterable[dict[str, object]] = (
        {"line": each.line, "name": each.name, "code": each.sku or "", "what": list(each.differences)}
        for each in plan.updated[:CHANGES_SHOWN]
    )
    return sorted([*updated, *created], key=lambda change: (not change["what"], change["line"]))[:CHANGES_SHOWN]


class _Seen:
    """The lines on which codes, SKUs, bare names and products stood first."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, object], int] = {}

    def refusal(self, row: FileRow) -> str | None:
        keys: list[tuple[str, str, object]] = []
        if row.barcode:
            keys.append(("barcode", gettext("has the same barcode"), row.barcode.code))
        if row.sku:
            keys.append(("sku", gettext("has the same SKU"), row.sku))
        if not keys:
            keys.append(("name", gettext("has the same name, and neither has a barcode or an SKU"), row.name))
        for kind, what, key in keys:
            first = self._lines.setdefault((kind, key), row.line)
            if first != row.line:
                return gettext("Line %(first)s %(what)s.", first=first, what=what)
        return None

    def refusal_of_product(self, row: FileRow, product: KnownProduct) -> str | None:
        first = self._lines.setdefault(("product", product.id), row.line)
        return (
            None
            if first == row.line
            else gettext("Line %(first)s is about the same product, %(name)s.", first=first, name=product.name)
        )


def _find(row: FileRow, known: KnownProducts) -> tuple[KnownProduct | None, str | None]:
    """Find the product a row means, or say why that is not clear."""
    if row.barcode and row.barcode.code in known.by_code:
        return known.by_code[row.barcode.code], None
    if row.sku and row.sku in known.by_sku:
        return known.by_sku[row.sku], None
    if row.barcode or row.sku:
        return None, None
    namesakes = known.by_name.get(row.name, ())
    if len(namesakes) > 1:
        return None, gettext(
            "%(count)s products are called %(name)s. Add a barcode or an SKU to say which.",
            count=len(namesakes),
            name=row.name,
        )
    return (namesakes[0] if namesakes else None), None


def _refusal(row: FileRow, product: KnownProduct, known: KnownProducts) -> str | None:
    if product.is_archived:
        return gettext("%(name)s is archived. Take it out of the archive first.", name=product.name)
    holder = known.by_sku.get(row.sku) if row.sku else None
    if holder is not None and holder.id != product.id:
        return gettext(
            "%(name)s has the SKU %(sku)s, but the barcode is that of %(name2)s.",
            name=holder.name,
            sku=row.sku,
            name2=product.name,
        )
    if row.unit is not None and row.unit != product.unit:
        return gettext(
            "%(name)s is counted in %(unit)s, not in %(unit2)s. Change it on its page first.",
            name=product.name,
            unit=product.unit,
            unit2=row.unit,
        )
    return None


def _plan_update(plan: Plan, row: FileRow, product: KnownProduct, known: KnownProducts) -> None:
    plan.quantities_ignored += row.quantity is not None
    new_code = row.barcode if row.barcode and row.barcode.code not in known.by_code else None
    sku = row.sku or product.sku
    price = product.unit_price if row.unit_price is None else row.unit_price
    tax_percent = product.tax_percent if row.tax_percent is None else row.tax_percent
    compared = {
        "name": row.name != product.name,
        "sku": sku != product.sku,
        "price": price != product.unit_price,
        "tax_percent": tax_percent != product.tax_percent,
        "barcode": new_code is not None,
    }
    differences = tuple(column for column, differs in compared.items() if differs)
    if not differences:
        plan.unchanged += 1
        return
    plan.updated.append(
        Update(
            line=row.line,
            product_id=product.id,
            name=row.name,
            sku=sku,
            unit_price=price,
            tax_percent=tax_percent,
            new_code=new_code,
            is_renamed=compared["name"] or compared["sku"],
            differences=differences,
        )
    )


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
