"""Drafts of purchases as their form shows them: every amount in both currencies, by the functions that also post."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import Row, text

from ledger_web.domain.currencies import exponent, plain
from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.exchange import Rate
from ledger_web.domain.languages import gettext
from ledger_web.domain.numbers import round_half_up
from ledger_web.domain.purchases import charge_in_base, input_rates, invoice_in_base, invoice_key
from ledger_web.domain.rates import doubts, factor_of, turned_round
from ledger_web.domain.taxes import TaxPart, rates_of, taxed
from ledger_web.models.base import session_of

DRAFTS_MAX: Final = 50
NO_DRAFT: Final = "There is no such draft in this shop. It was received or thrown away meanwhile, perhaps."


@dataclass(frozen=True, slots=True)
class UnitChoice:
    """A pack that a product may be bought in."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True)
class DraftLineRow:
    """A line of a draft. `unit_cost` is in whole units of the draft's currency, other amounts are minor units."""

    id: uuid.UUID
    product_id: uuid.UUID
    name: str
    sku: str | None
    unit: str  # the product's own
    unit_id: uuid.UUID | None
    quantity: Decimal
    unit_cost: Decimal | None
    discount_percent: Decimal
    tax_percent: Decimal
    weight: Decimal | None
    volume: Decimal | None
    net: int
    tax: int
    factor: Fraction  # of the product's own unit in one of the line's
    keeps_stock: bool
    on_hand: Decimal | None
    units: tuple[UnitChoice, ...]
    taxes: tuple[TaxPart, ...]

    @property
    def total(self) -> int:
        return self.net + self.tax

    @property
    def unit_name(self) -> str:
        return next((each.name for each in self.units if each.id == self.unit_id), self.unit)


@dataclass(frozen=True, slots=True)
class DraftChargeRow:
    """A charge on a draft; minor units of its own currency."""

    id: uuid.UUID
    name: str
    payee_id: uuid.UUID | None
    payee: str | None
    currency: str
    net: int
    tax: int
    rate: Rate | None
    spread_by: str
    by_hand: Mapping[str, int]

    @property
    def total(self) -> int:
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class DraftHead:
    """Whom, when, in which currency and at which rate."""

    id: uuid.UUID
    version: int
    vendor_id: uuid.UUID | None
    vendor: str | None
    invoice_number: str
    duplicate_reason: str
    duplicate_of: str | None  # the number of a purchase with the same invoice of this vendor
    duplicate_id: uuid.UUID | None
    invoice_on: dt.date
    received_on: dt.date | None
    due_on: dt.date | None
    currency: str
    base_currency: str
    rate: Rate | None
    rate_source: str | None
    rate_on: dt.date | None
    rate_by: str | None
    charged_base: int | None
    charged_total: int | None
    printed_total: int | None
    memo: str
    corrects_id: uuid.UUID | None
    corrects: str | None
    rest_of: uuid.UUID | None  # the draft or purchase that holds what came before
    rest_of_number: str | None  # None: it is a draft still
    rest_id: uuid.UUID | None  # the draft that holds what has not come yet
    rounding_max: int
    last_rate: Rate | None

    @property
    def is_foreign(self) -> bool:
        return self.currency != self.base_currency

    @property
    def rate_turned(self) -> Rate | None:
        """The same rate from the other side, where it can be written."""
        try:
            return turned_round(self.rate) if self.rate else None
        except RuleViolationError:
            return None

    @property
    def doubts(self) -> list[str]:
        if self.rate is None:
            return []
        return doubts(self.rate, self.currency, self.last_rate, rate_on=self.rate_on, document_on=self.invoice_on)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a draft comes to in both currencies. None in the base currency: the rate is missing."""

    count: int
    net: int
    tax: int
    charges: int  # on the invoice, with their tax
    rounded: int
    total: int
    net_base: int | None = None
    tax_base: int | None = None
    charges_base: int | None = None
    rounded_base: int | None = None
    total_base: int | None = None
    apart_base: int | None = None  # charges that others are paid for
    value_base: int | None = None  # of the goods, landed
    lines_base: Mapping[uuid.UUID, int] = field(default_factory=dict)  # net and tax of each line together
    each_charge_base: Mapping[uuid.UUID, int] = field(default_factory=dict)  # the same of each charge
    trouble: str = ""
    is_charged: bool = False  # the base total is what was charged, not what the rate says


@dataclass(frozen=True, slots=True)
class DraftDetails:
    """A whole draft."""

    head: DraftHead
    lines: Sequence[DraftLineRow]
    charges: Sequence[DraftChargeRow]
    figures: Figures


@dataclass(frozen=True, slots=True)
class DraftChange:
    """One line of a draft after it changed, with whatever else changed by it."""

    head: DraftHead
    line: DraftLineRow | None
    figures: Figures
    flipped: Mapping[uuid.UUID, int]  # other lines whose value in the base currency moved


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft in the list."""

    id: uuid.UUID
    vendor: str | None
    invoice_number: str
    currency: str
    total: int
    lines: int
    by: str | None
    created_at: dt.datetime
    corrects: str | None
    is_rest: bool  # what has not come yet of another


_HEAD = text("""
    SELECT d.id, d.version, d.vendor_id, v.name AS vendor, d.invoice_number, d.duplicate_reason, d.invoice_on,
           d.received_on, d.due_on, d.currency, t.base_currency, d.rate, d.rate_unit, d.rate_source, d.rate_on,
           u.name AS rate_by, d.charged_base, d.charged_total, d.printed_total, d.memo, d.corrects_id,
           c.number AS corrects, coalesce(f.id, e.id) AS rest_of, f.number AS rest_of_number, r.id AS rest_id,
           coalesce(s.rounding_max, 100) AS rounding_max,
           last.rate AS last_value, last.unit AS last_unit
      FROM purchase_drafts AS d
      JOIN tenants AS t ON t.tenant_id = :tenant_id
      LEFT JOIN purchase_settings AS s ON s.tenant_id = :tenant_id
      LEFT JOIN parties AS v ON v.tenant_id = :tenant_id AND v.id = d.vendor_id
      LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = d.rate_by
      LEFT JOIN purchases AS c ON c.tenant_id = :tenant_id AND c.id = d.corrects_id
      LEFT JOIN purchases AS f ON f.tenant_id = :tenant_id AND f.id = d.rest_of
      LEFT JOIN purchase_drafts AS e ON e.tenant_id = :tenant_id AND e.id = d.rest_of
      LEFT JOIN LATERAL (
            SELECT o.id FROM purchase_drafts AS o
             WHERE o.tenant_id = :tenant_id AND o.rest_of = d.id
             ORDER BY o.id DESC
             LIMIT 1) AS r ON true
      LEFT JOIN LATERAL (
            SELECT * FROM (
                (SELECT p.rate, p.rate_unit AS unit, 1 AS place FROM purchases AS p
                  WHERE p.tenant_id = :tenant_id AND p.vendor_id = d.vendor_id AND p.currency = d.currency
                    AND p.deleted_at IS NULL AND p.rate IS NOT NULL
                  ORDER BY p.id DESC
                  LIMIT 1)
                 UNION ALL
                (SELECT r.value, r.unit, 2 FROM exchange_rates AS r
                  WHERE r.tenant_id = :tenant_id AND r.currency = d.currency AND r.valid_on <= d.invoice_on
                  ORDER BY r.valid_on DESC, r.id DESC
                  LIMIT 1)) AS known
             ORDER BY place
             LIMIT 1) AS last ON true
     WHERE d.tenant_id = :tenant_id AND d.id = :draft_id
""")

_DUPLICATE = text("""
    SELECT p.id, p.number FROM purchases AS p
     WHERE p.tenant_id = :tenant_id AND p.vendor_id = :vendor_id AND p.invoice_key = :key AND p.deleted_at IS NULL
       AND p.id IS DISTINCT FROM CAST(:corrects_id AS uuid)
     ORDER BY p.id DESC
     LIMIT 1
""")

_LINES = """
    SELECT l.id, l.product_id, p.name, p.sku, p.unit, l.unit_id, l.quantity, l.unit_cost, l.discount_percent,
           l.tax_percent, l.weight, l.volume, l.net, l.tax, coalesce(f.factor_numerator, 1) AS factor_numerator,
           coalesce(f.factor_denominator, 1) AS factor_denominator, p.stock_policy <> 'none' AS keeps_stock,
           CASE WHEN p.stock_policy <> 'none' THEN s.quantity END AS on_hand,
           u.units, x.tax_names, x.tax_percents, x.tax_compounds
      FROM purchase_draft_lines AS l
      JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = l.product_id
      LEFT JOIN stock_levels AS s ON s.tenant_id = :tenant_id AND s.product_id = l.product_id
      LEFT JOIN product_units AS f
        ON f.tenant_id = :tenant_id AND f.product_id = l.product_id AND f.id = l.unit_id
      LEFT JOIN LATERAL (
            SELECT array_agg(b.id || ' ' || b.name ORDER BY b.name) AS units FROM product_units AS b
             WHERE b.tenant_id = :tenant_id AND b.product_id = l.product_id
               AND (b.id = l.unit_id OR (b.is_bought AND b.archived_at IS NULL))) AS u ON true
      LEFT JOIN LATERAL (
            SELECT array_agg(r.name ORDER BY r.position) AS tax_names,
                   array_agg(r.percent ORDER BY r.position) AS tax_percents,
                   array_agg(r.is_compound ORDER BY r.position) AS tax_compounds
              FROM tax_rates AS r
             WHERE r.tenant_id = :tenant_id AND r.tax_class_id = p.tax_class_id AND l.tax > 0) AS x ON true
     WHERE l.tenant_id = :tenant_id AND l.draft_id = :draft_id
"""
_ALL_LINES = text(_LINES + " ORDER BY l.position, l.id")
_ONE_LINE = text(_LINES + " AND l.id = :line_id")
_AMOUNTS = text("""
    SELECT l.id, l.net, l.tax FROM purchase_draft_lines AS l
     WHERE l.tenant_id = :tenant_id AND l.draft_id = :draft_id
     ORDER BY l.position, l.id
""")
_CHARGES = text("""
    SELECT c.id, c.name, c.payee_id, v.name AS payee, c.currency, c.net, c.tax, c.rate, c.rate_unit, c.spread_by,
           c.by_hand
      FROM purchase_draft_charges AS c
      LEFT JOIN parties AS v ON v.tenant_id = :tenant_id AND v.id = c.payee_id
     WHERE c.tenant_id = :tenant_id AND c.draft_id = :draft_id
     ORDER BY c.id
""")


def get_draft(tenant_id: int, draft_id: uuid.UUID) -> DraftDetails:
    """Return a draft with all that is on it.

    Raises:
        NotFoundError: The shop has no such draft.
    """
    values = {"tenant_id": tenant_id, "draft_id": draft_id}
    head = _head(tenant_id, draft_id)
    lines = [_line(row) for row in session_of(tenant_id).execute(_ALL_LINES, values)]
    charges = _charges(tenant_id, head)
    amounts = [(line.id, line.net, line.tax) for line in lines]
    return DraftDetails(head, lines, charges, figures_of(head, amounts, charges))


def get_draft_change(
    tenant_id: int,
    draft_id: uuid.UUID,
    line_id: uuid.UUID,
    before: tuple[int, int] | None,
    *,
    place: int = 0,
) -> DraftChange:
    """Return one line after it changed, and what changed by it: the same for 5 lines and for 500.

    Args:
        before: Net and tax of the line before; None: it is new, or nothing changed.
        place: Of a line that was removed: how many lines stand before it.

    Raises:
        NotFoundError: The shop has no such draft.
    """
    values = {"tenant_id": tenant_id, "draft_id": draft_id, "line_id": line_id}
    session = session_of(tenant_id)
    head = _head(tenant_id, draft_id)
    row = session.execute(_ONE_LINE, values).one_or_none()
    amounts = [(each.id, each.net, each.tax) for each in session.execute(_AMOUNTS, values)]
    charges = _charges(tenant_id, head)
    now = figures_of(head, amounts, charges)
    earlier = [
        (id, *before) if id == line_id and before else (id, net, tax)
        for id, net, tax in amounts
        if id != line_id or before
    ]
    if before and row is None:
        earlier.insert(place, (line_id, *before))
    was = figures_of(head, earlier, charges)
    flipped = {id: value for id, value in now.lines_base.items() if id != line_id and was.lines_base.get(id) != value}
    return DraftChange(head, _line(row) if row else None, now, flipped)


def figures_of(
    head: DraftHead, lines: Sequence[tuple[uuid.UUID, int, int]], charges: Sequence[DraftChargeRow]
) -> Figures:
    """Add a draft up in both currencies."""
    printed = [charge for charge in charges if charge.payee_id is None]
    net, tax = sum(line[1] for line in lines), sum(line[2] for line in lines)
    on_invoice = sum(charge.total for charge in printed)
    rounded = 0 if head.printed_total is None else head.printed_total - net - tax - on_invoice
    total = net + tax + on_invoice + rounded
    known = Figures(len(lines), net, tax, on_invoice, rounded, total)
    trouble = _rounding_trouble(head, net + tax + on_invoice, rounded)
    if trouble or (head.is_foreign and head.rate is None):
        return replace(known, trouble=trouble)
    try:
        return _in_base(known, head, lines, charges)
    except RuleViolationError as refusal:
        return replace(known, trouble=refusal.message)


def check_draft(tenant_id: int, draft_id: uuid.UUID) -> None:
    """See that there is such a draft.

    Raises:
        NotFoundError: The shop has none.
    """
    found = session_of(tenant_id).execute(
        text("SELECT 1 FROM purchase_drafts WHERE tenant_id = :tenant_id AND id = :id"),
        {"tenant_id": tenant_id, "id": draft_id},
    )
    if found.first() is None:
        raise NotFoundError(NO_DRAFT)


def is_received(tenant_id: int, draft_id: uuid.UUID) -> bool:
    """Say whether a draft became a purchase."""
    found = session_of(tenant_id).execute(
        text("SELECT 1 FROM purchases WHERE tenant_id = :tenant_id AND id = :id"),
        {"tenant_id": tenant_id, "id": draft_id},
    )
    return found.first() is not None


def list_drafts(tenant_id: int) -> list[DraftRow]:
    """Return what is being written down, newest first."""
    rows = session_of(tenant_id).execute(
        text(f"""
            SELECT d.id, v.name AS vendor, d.invoice_number, d.currency,
                   coalesce(sum(l.net + l.tax), 0)::bigint AS total, count(l.id) AS lines, u.name AS by, d.created_at,
                   c.number AS corrects, d.rest_of IS NOT NULL AS is_rest
              FROM purchase_drafts AS d
              LEFT JOIN parties AS v ON v.tenant_id = :tenant_id AND v.id = d.vendor_id
              LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = d.user_id
              LEFT JOIN purchases AS c ON c.tenant_id = :tenant_id AND c.id = d.corrects_id
              LEFT JOIN purchase_draft_lines AS l ON l.tenant_id = :tenant_id AND l.draft_id = d.id
             WHERE d.tenant_id = :tenant_id
             GROUP BY d.id, v.name, d.invoice_number, d.currency, u.name, d.created_at, c.number, d.rest_of
             ORDER BY d.created_at DESC, d.id DESC
             LIMIT {DRAFTS_MAX}
        """),
        {"tenant_id": tenant_id},
    )
    return [DraftRow(**row._mapping) for row in rows]


def unit_cost_in_base(unit_cost: Decimal, head: DraftHead) -> Decimal | None:
    """Return what one unit costs in whole units of the base currency, with two decimals more: for reading."""
    if not head.is_foreign or head.rate is None:
        return None
    decimals = exponent(head.base_currency) + 2
    scale = exponent(head.base_currency) - exponent(head.currency)
    exact = Fraction(unit_cost) * factor_of(head.rate, head.currency) / Fraction(10) ** scale
    return Decimal(round_half_up(exact * 10**decimals)).scaleb(-decimals)


def cost_in_draft_currency(unit_cost: Decimal | None, head: DraftHead) -> Decimal | None:
    """Return what something costs in minor units of the draft's currency; None: not known, or the rate is missing.

    Args:
        unit_cost: In minor units of the base currency, and parts of them.
    """
    if unit_cost is None or not head.is_foreign:
        return unit_cost
    if head.rate is None:
        return None
    return Decimal(round_half_up(Fraction(unit_cost) / factor_of(head.rate, head.currency)))


def get_draft_head(tenant_id: int, draft_id: uuid.UUID) -> DraftHead:
    """Return whom a draft is from, its currency and rate.

    Raises:
        NotFoundError: The shop has no such draft.
    """
    return _head(tenant_id, draft_id)


def _head(tenant_id: int, draft_id: uuid.UUID) -> DraftHead:
    session = session_of(tenant_id)
    row = session.execute(_HEAD, {"tenant_id": tenant_id, "draft_id": draft_id}).one_or_none()
    if row is None:
        raise NotFoundError(NO_DRAFT)
    key, twin = invoice_key(row.invoice_number), None
    if key and row.vendor_id:
        asked = {"tenant_id": tenant_id, "vendor_id": row.vendor_id, "key": key, "corrects_id": row.corrects_id}
        twin = session.execute(_DUPLICATE, asked).one_or_none()
    return DraftHead(
        id=row.id,
        version=row.version,
        vendor_id=row.vendor_id,
        vendor=row.vendor,
        invoice_number=row.invoice_number,
        duplicate_reason=row.duplicate_reason,
        duplicate_of=twin.number if twin else None,
        duplicate_id=twin.id if twin else None,
        invoice_on=row.invoice_on,
        received_on=row.received_on,
        due_on=row.due_on,
        currency=row.currency,
        base_currency=row.base_currency,
        rate=_rate(row.rate, row.rate_unit, row.currency, row.base_currency),
        rate_source=row.rate_source,
        rate_on=row.rate_on,
        rate_by=row.rate_by,
        charged_base=row.charged_base,
        charged_total=row.charged_total,
        printed_total=row.printed_total,
        memo=row.memo,
        corrects_id=row.corrects_id,
        corrects=row.corrects,
        rest_of=row.rest_of,
        rest_of_number=row.rest_of_number,
        rest_id=row.rest_id,
        rounding_max=row.rounding_max,
        last_rate=_rate(row.last_value, row.last_unit, row.currency, row.base_currency),
    )


def _rate(value: Decimal | None, unit: str | None, currency: str, base_currency: str) -> Rate | None:
    if value is None or unit is None or currency == base_currency:
        return None
    return Rate(unit, base_currency if unit == currency else currency, value)


def _line(row: Row[Any]) -> DraftLineRow:
    values = dict(row._mapping)
    units = tuple(UnitChoice(uuid.UUID(each[:36]), each[37:]) for each in values.pop("units") or ())
    factor = Fraction(values.pop("factor_numerator"), values.pop("factor_denominator"))
    own = rates_of(row.tax_percent, *(values.pop(name) for name in ("tax_names", "tax_percents", "tax_compounds")))
    _, taxes = taxed(row.net, input_rates(row.tax_percent, own), inclusive=False)
    return DraftLineRow(**values, factor=factor, units=units, taxes=taxes)


def _charges(tenant_id: int, head: DraftHead) -> list[DraftChargeRow]:
    rows = session_of(tenant_id).execute(_CHARGES, {"tenant_id": tenant_id, "draft_id": head.id})
    return [
        DraftChargeRow(
            row.id,
            row.name,
            row.payee_id,
            row.payee,
            row.currency,
            row.net,
            row.tax,
            _rate(row.rate, row.rate_unit, row.currency, head.base_currency),
            row.spread_by,
            row.by_hand,
        )
        for row in rows
    ]


def _rounding_trouble(head: DraftHead, found: int, rounded: int) -> str:
    if abs(rounded) <= head.rounding_max:
        return ""
    return gettext(
        "The lines come to %(found)s, the vendor’s paper says %(plain)s. That is more"
        " than rounding: look for what differs.",
        found=plain(found, head.currency),
        plain=plain(head.printed_total or 0, head.currency),
    )


def _in_base(
    known: Figures,
    head: DraftHead,
    lines: Sequence[tuple[uuid.UUID, int, int]],
    charges: Sequence[DraftChargeRow],
) -> Figures:
    printed = [charge for charge in charges if charge.payee_id is None]
    apart = {
        charge.id: charge_in_base(charge.net, charge.tax, charge.currency, charge.rate)
        for charge in charges
        if charge.payee_id is not None
    }
    is_charged = head.charged_base is not None and head.charged_total == known.total
    invoice = invoice_in_base(
        [line[1:] for line in lines],
        [(charge.net, charge.tax) for charge in printed],
        head.currency,
        head.rate,
        rounded=known.rounded,
        charged_base=head.charged_base if is_charged else None,
    )
    on_it = {charge.id: amounts for charge, amounts in zip(printed, invoice.charges, strict=True)}
    in_base = on_it | apart
    return replace(
        known,
        net_base=sum(invoice.nets),
        tax_base=sum(invoice.taxes),
        charges_base=sum(net + tax for net, tax in on_it.values()),
        rounded_base=invoice.rounding_base,
        total_base=invoice.total_base,
        apart_base=sum(net + tax for net, tax in apart.values()),
        value_base=sum(invoice.nets) + sum(net for net, _ in in_base.values()),
        lines_base={line[0]: net + tax for line, net, tax in zip(lines, invoice.nets, invoice.taxes, strict=True)},
        each_charge_base={id: net + tax for id, (net, tax) in in_base.items()},
        is_charged=is_charged,
    )
