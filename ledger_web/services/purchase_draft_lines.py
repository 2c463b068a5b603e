"""Lines of drafts of purchases: put on, changed, taken off."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row

from ledger_web.domain.errors import InvalidAmountError, InvalidQuantityError, NotFoundError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import gettext
from ledger_web.domain.purchases import LINES_MAX, LineAmounts, input_rates, line_amounts
from ledger_web.services.product_taxes import TAXES, TAXES_FROM, rates_of_class
from ledger_web.services.purchase_draft_heads import touch_draft
from ledger_web.services.unit_of_work import UnitOfWork, whole_act

NO_LINE: Final = "This line is not on the draft any more. Scan the product again."
_COST_MAX: Final = Decimal(10) ** 15
LINES: Final = f"""
            SELECT l.id, l.product_id, l.unit_id, l.quantity, l.unit_cost, l.discount_percent, l.tax_percent,
                   l.weight, l.volume, l.net, l.tax, {TAXES}
              FROM purchase_draft_lines AS l
              JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = l.product_id {TAXES_FROM}
             WHERE l.tenant_id = %(tenant_id)s AND l.draft_id = %(draft_id)s
"""


@dataclass(frozen=True, kw_only=True)
class WantedLine:
    """A product to begin a draft with."""

    product_id: uuid.UUID
    quantity: Decimal  # of the unit, > 0
    unit_id: uuid.UUID | None = None  # None: the product's own unit
    unit_cost: Decimal | None = None  # whole units of the currency; None: what this vendor asked last


@dataclass(frozen=True, kw_only=True)
class AddDraftLine:
    """Put a product on a draft; more of it where it is there already, in the same unit."""

    id: uuid.UUID  # of the line, if it is a new one
    draft_id: uuid.UUID
    product_id: uuid.UUID
    unit_id: uuid.UUID | None = None
    quantity: Decimal = Decimal(1)


@dataclass(frozen=True, kw_only=True)
class ChangeDraftLine:
    """Say how much of it and at which cost. `unit_cost` is in whole units of the draft's currency."""

    op_id: uuid.UUID
    draft_id: uuid.UUID
    line_id: uuid.UUID
    quantity: Decimal
    unit_id: uuid.UUID | None
    unit_cost: Decimal | None  # None: not known yet
    discount_percent: Decimal = Decimal(0)
    tax_percent: Decimal = Decimal(0)
    weight: Decimal | None = None
    volume: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class RemoveDraftLine:
    """Take a line off a draft."""

    op_id: uuid.UUID
    draft_id: uuid.UUID
    line_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """What a change of a line left behind."""

    line_id: uuid.UUID
    before: LineAmounts | None  # what the line came to; None: it is new
    replayed: bool = False
    place: int = 0  # of a line that was removed: how many lines stand before it


@whole_act
def add_draft_line(command: AddDraftLine, uow: UnitOfWork) -> ChangedLine:
    """Put a product on a draft, at what this vendor asked for it last.

    Raises:
        NotFoundError: The shop has no such draft, product or unit.
        RuleViolationError: The product or unit is archived, the unit is not bought, or the draft is full.
        InvalidQuantityError: Nothing, or more than can be counted.
    """
    _must_be_a_quantity(command.quantity)
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.draft_id):
            return ChangedLine(command.id, None, replayed=True)
        draft = touch_draft(uow, command.draft_id)
        there = uow.execute(
            f"""
            {LINES}
               AND l.product_id = %(product_id)s AND l.unit_id IS NOT DISTINCT FROM %(unit_id)s::uuid
             ORDER BY l.position
             LIMIT 1
            """,
            {"draft_id": draft.id, "product_id": command.product_id, "unit_id": command.unit_id},
        ).one_or_none()
        if there is not None:
            _must_be_a_quantity(there.quantity + command.quantity)
            _update_line(uow, draft, there, {**_said(there), "quantity": there.quantity + command.quantity})
            return ChangedLine(there.id, LineAmounts(0, 0, there.net, there.tax))
        wanted = WantedLine(product_id=command.product_id, quantity=command.quantity, unit_id=command.unit_id)
        insert_lines(uow, draft.id, draft.vendor_id, draft.currency, (wanted,), first_id=command.id)
    return ChangedLine(command.id, None)


@whole_act
def change_draft_line(command: ChangeDraftLine, uow: UnitOfWork) -> ChangedLine:
    """Change a line of a draft.

    Raises:
        NotFoundError: The shop has no such draft, or the line was removed meanwhile.
        RuleViolationError: The unit is not one of the product's, or a figure makes no sense.
    """
    _must_be_a_quantity(command.quantity)
    if command.unit_cost is not None and not 0 <= command.unit_cost < _COST_MAX:
        raise InvalidAmountError("This cost is more than the books can hold. Enter less.")
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.line_id):
            return ChangedLine(command.line_id, None, replayed=True)
        draft = touch_draft(uow, command.draft_id)
        there = uow.execute(f"{LINES} AND l.id = %(id)s", {"draft_id": draft.id, "id": command.line_id}).one_or_none()
        if there is None:
            raise NotFoundError(NO_LINE)
        if command.unit_id != there.unit_id and command.unit_id is not None:
            _must_be_a_unit(uow, there.product_id, command.unit_id)
        _update_line(
            uow,
            draft,
            there,
            {
                "unit_id": command.unit_id,
                "quantity": command.quantity,
                "unit_cost": command.unit_cost,
                "discount_percent": command.discount_percent,
                "tax_percent": command.tax_percent,
                "weight": command.weight,
                "volume": command.volume,
            },
        )
    return ChangedLine(command.line_id, LineAmounts(0, 0, there.net, there.tax))


@whole_act
def remove_draft_line(command: RemoveDraftLine, uow: UnitOfWork) -> ChangedLine:
    """Take a line off a draft; gone is gone, so twice is fine.

    Raises:
        NotFoundError: The shop has no such draft, or the draft never had such a line.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.line_id):
            return ChangedLine(command.line_id, None, replayed=True)
        draft = touch_draft(uow, command.draft_id)
        removed = uow.execute(
            """
            DELETE FROM purchase_draft_lines AS l
             WHERE l.tenant_id = %(tenant_id)s AND l.draft_id = %(draft_id)s AND l.id = %(id)s
            RETURNING l.net, l.tax,
                      (SELECT count(*) FROM purchase_draft_lines AS b
                        WHERE b.tenant_id = %(tenant_id)s AND b.draft_id = %(draft_id)s
                          AND (b.position, b.id) < (l.position, l.id)) AS place
            """,
            {"draft_id": draft.id, "id": command.line_id},
        ).one_or_none()
        if removed is None:
            raise NotFoundError(NO_LINE)
    return ChangedLine(command.line_id, LineAmounts(0, 0, removed.net, removed.tax), place=removed.place)


def insert_lines(
    uow: UnitOfWork,
    draft_id: uuid.UUID,
    vendor_id: uuid.UUID | None,
    currency: str,
    wanted: tuple[WantedLine, ...],
    first_id: uuid.UUID | None = None,
) -> None:
    """Put products on a draft at what this vendor asked last in this currency: on an invoice or on their price list."""
    if not wanted:
        return
    rows = uow.execute(
        f"""
        SELECT n.place, p.id AS product_id, p.name, p.archived_at IS NOT NULL AS is_archived, p.tax_percent,
               u.id AS unit_id, u.is_bought, u.archived_at IS NOT NULL AS is_unit_archived, {TAXES},
               last.unit_cost, last.discount_percent, last.tax_percent AS last_tax, t.base_currency,
               listed.unit_cost * coalesce(u.factor_numerator, 1) / coalesce(u.factor_denominator, 1) AS listed_cost,
               last.posted_at IS NULL OR listed.written_at > last.posted_at AS is_list_newer,
               (SELECT coalesce(max(d.position), 0) FROM purchase_draft_lines AS d
                 WHERE d.tenant_id = %(tenant_id)s AND d.draft_id = %(draft_id)s) AS position
          FROM unnest(%(products)s::uuid[], %(units)s::uuid[]) WITH ORDINALITY AS n(product_id, unit_id, place)
          JOIN tenants AS t ON t.tenant_id = %(tenant_id)s
          JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = n.product_id
          LEFT JOIN product_units AS u
            ON u.tenant_id = %(tenant_id)s AND u.product_id = n.product_id AND u.id = n.unit_id
          LEFT JOIN LATERAL (
                SELECT l.unit_cost, l.discount_percent, l.tax_percent, h.posted_at
                  FROM purchase_lines AS l
                  JOIN purchases AS b ON b.tenant_id = %(tenant_id)s AND b.id = l.purchase_id
                  JOIN transactions AS h ON h.tenant_id = %(tenant_id)s AND h.id = l.purchase_id
                 WHERE l.tenant_id = %(tenant_id)s AND l.product_id = p.id AND l.unit_id IS NOT DISTINCT FROM n.unit_id
                   AND b.vendor_id = %(vendor_id)s::uuid AND b.currency = %(currency)s AND b.deleted_at IS NULL
                 ORDER BY l.purchase_id DESC
                 LIMIT 1) AS last ON true
          LEFT JOIN vendor_prices AS listed
            ON listed.tenant_id = %(tenant_id)s AND listed.product_id = p.id AND listed.unit_id IS NULL
           AND listed.vendor_id = %(vendor_id)s::uuid AND listed.currency = %(currency)s {TAXES_FROM}
         ORDER BY n.place
        """,
        {
            "draft_id": draft_id,
            "vendor_id": vendor_id,
            "currency": currency,
            "products": [each.product_id for each in wanted],
            "units": [each.unit_id for each in wanted],
        },
    ).all()
    if len(rows) != len(wanted):
        raise NotFoundError("There is no such product in this shop. Scan it again.")
    lines = []
    for row, each in zip(rows, wanted, strict=True):
        _must_be_buyable(row, each)
        if row.position + row.place > LINES_MAX:
            raise RuleViolationError(
                gettext(
                    "A purchase holds at most %(lines_max)s lines. Receive this one and begin another.",
                    lines_max=LINES_MAX,
                )
            )
        is_foreign = currency != row.base_currency
        tax_percent = row.last_tax if row.last_tax is not None else Decimal(0) if is_foreign else row.tax_percent
        cost, discount = each.unit_cost, Decimal(0)
        if cost is None and row.listed_cost is not None and row.is_list_newer:
            cost = round(row.listed_cost, 6)
        elif cost is None:
            cost, discount = row.unit_cost, row.discount_percent or Decimal(0)
        rates = input_rates(tax_percent, rates_of_class(row))
        amounts = line_amounts(each.quantity, cost or Decimal(0), currency, discount, rates)
        lines.append((row, each, cost, discount, tax_percent, amounts))
    uow.execute(
        """
        INSERT INTO purchase_draft_lines
               (tenant_id, draft_id, id, position, product_id, unit_id, quantity, unit_cost, discount_percent,
                tax_percent, net, tax)
        SELECT d.tenant_id, d.id, n.id, n.position, n.product_id, n.unit_id, n.quantity,
               n.unit_cost, n.discount_percent, n.tax_percent, n.net, n.tax
          FROM purchase_drafts AS d
         CROSS JOIN unnest(%(ids)s::uuid[], %(positions)s::integer[], %(products)s::uuid[], %(units)s::uuid[],
                           %(quantities)s::numeric[], %(costs)s::numeric[], %(discounts)s::numeric[],
                           %(percents)s::numeric[], %(nets)s::bigint[], %(taxes)s::bigint[])
               AS n(id, position, product_id, unit_id, quantity, unit_cost, discount_percent, tax_percent, net, tax)
         WHERE d.tenant_id = %(tenant_id)s AND d.id = %(draft_id)s
        """,
        {
            "draft_id": draft_id,
            "ids": [first_id or new_id(), *(new_id() for _ in lines[1:])],
            "positions": [row.position + row.place for row, *_ in lines],
            "products": [row.product_id for row, *_ in lines],
            "units": [row.unit_id for row, *_ in lines],
            "quantities": [each.quantity for _, each, *_ in lines],
            "costs": [line[2] for line in lines],
            "discounts": [line[3] for line in lines],
            "percents": [line[4] for line in lines],
            "nets": [line[5].net for line in lines],
            "taxes": [line[5].tax for line in lines],
        },
    )


def _must_be_buyable(row: Row[Any], wanted: WantedLine) -> None:
    if row.is_archived:
        raise RuleViolationError(gettext("%(name)s is archived. Take it out of the archive first.", name=row.name))
    if wanted.unit_id is None:
        return
    if row.unit_id is None:
        raise NotFoundError(gettext("%(name)s has no such unit in this shop. Choose another unit.", name=row.name))
    if row.is_unit_archived or not row.is_bought:
        raise RuleViolationError(gettext("This unit of %(name)s is not bought. Choose another unit.", name=row.name))


def _must_be_a_unit(uow: UnitOfWork, product_id: uuid.UUID, unit_id: uuid.UUID) -> None:
    row = uow.execute(
        """
        SELECT is_bought AND archived_at IS NULL AS is_usable FROM product_units
         WHERE tenant_id = %(tenant_id)s AND product_id = %(product_id)s AND id = %(unit_id)s
        """,
        {"product_id": product_id, "unit_id": unit_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("The product has no such unit in this shop. Choose another unit.")
    if not row.is_usable:
        raise RuleViolationError("This unit is not bought any more. Choose another unit.")


def _said(row: Row[Any]) -> dict[str, Any]:
    names = ("unit_id", "quantity", "unit_cost", "discount_percent", "tax_percent", "weight", "volume")
    return {name: getattr(row, name) for name in names}


def _update_line(uow: UnitOfWork, draft: Row[Any], there: Row[Any], said: Mapping[str, Any]) -> None:
    """Store a line with what it comes to, by the function that also posts."""
    amounts = line_amounts(
        said["quantity"],
        said["unit_cost"] or Decimal(0),
        draft.currency,
        said["discount_percent"],
        input_rates(said["tax_percent"], rates_of_class(there)),
    )
    uow.execute(
        """
        UPDATE purchase_draft_lines
           SET unit_id = %(unit_id)s, quantity = %(quantity)s, unit_cost = %(unit_cost)s,
               discount_percent = %(discount_percent)s, tax_percent = %(tax_percent)s, weight = %(weight)s,
               volume = %(volume)s, net = %(net)s, tax = %(tax)s
         WHERE tenant_id = %(tenant_id)s AND draft_id = %(draft_id)s AND id = %(id)s
        """,
        {**said, "draft_id": draft.id, "id": there.id, "net": amounts.net, "tax": amounts.tax},
    )


def _must_be_a_quantity(quantity: Decimal) -> None:
    if not quantity.is_finite() or not 0 < quantity < 10**9:
        raise InvalidQuantityError
