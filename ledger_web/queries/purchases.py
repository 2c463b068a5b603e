"""Purchases as pages ask for them: the list, one of them, what is unpaid, and what products cost over time."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import Row, text

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.exchange import Rate
from ledger_web.domain.numbers import round_half_up
from ledger_web.domain.open_items import BUCKETS, ageing
from ledger_web.domain.purchases import BoughtLine, Charge, cost_purchase, proposed_price
from ledger_web.domain.taxes import TaxPart
from ledger_web.domain.units import in_base
from ledger_web.models.base import session_of
from ledger_web.queries.purchase_drafts import DraftDetails

ROWS_MAX: Final = 50
VENDORS_MAX: Final = 500
UNPAID_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class VendorChoice:
    """A vendor that a purchase can be from."""

    id: uuid.UUID
    name: str
    currency: str


@dataclass(frozen=True, slots=True)
class PurchaseRow:
    """A purchase in a list. `open` is what of it is not paid yet, in its own currency."""

    id: uuid.UUID
    number: str
    vendor_id: uuid.UUID
    vendor: str
    invoice_number: str
    received_on: dt.date
    due_on: dt.date
    currency: str
    total: int
    base_currency: str
    total_base: int
    open: int
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class PurchasesPage:
    """Purchases, newest first, and the key of the next page."""

    rows: Sequence[PurchaseRow]
    older_than: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class PurchaseLineRow:
    """A product on a purchase, as it was that day. Amounts of the document, then of the base currency."""

    line: int
    product_id: uuid.UUID
    name: str
    unit_name: str
    quantity: Decimal
    base_quantity: Decimal
    unit_cost: Decimal
    discount_percent: Decimal
    tax_percent: Decimal
    keeps_stock: bool
    net: int
    tax: int
    net_base: int
    tax_base: int
    charges_base: int
    returned: Decimal
    taxes: tuple[TaxPart, ...]

    @property
    def value_base(self) -> int:
        return self.net_base + self.charges_base

    @property
    def left(self) -> Decimal:
        """How much of it could still go back."""
        return self.quantity - self.returned


@dataclass(frozen=True, slots=True)
class PurchaseChargeRow:
    """Freight, duty or a broker of a purchase."""

    id: uuid.UUID
    transaction_id: uuid.UUID
    name: str
    payee_id: uuid.UUID | None
    payee: str | None
    currency: str
    net: int
    tax: int
    net_base: int
    tax_base: int
    kept_base: int | None  # of a late one: what went to goods still in stock
    spread_by: str
    rate: Rate | None
    occurred_on: dt.date
    is_reversed: bool

    @property
    def total(self) -> int:
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class RestRow:
    """What came after a purchase of which only a part came. Without a number it is a draft: it is still to come."""

    id: uuid.UUID
    number: str | None


@dataclass(frozen=True, slots=True)
class PurchaseDetails:
    """A purchase with all that is on it. Amounts are minor units of `currency`; those called base of the shop's."""

    id: uuid.UUID
    number: str
    vendor_id: uuid.UUID
    vendor: str
    invoice_number: str
    duplicate_reason: str | None
    invoice_on: dt.date
    received_on: dt.date
    due_on: dt.date
    currency: str
    base_currency: str
    rate: Rate | None
    rate_source: str | None
    rate_on: dt.date | None
    rate_by: str | None
    tax_total: int
    rounded: int
    total: int
    total_base: int
    tax_base: int
    value_base: int
    memo: str
    actor: str | None
    posted_at: dt.datetime
    open: int
    corrects_id: uuid.UUID | None
    corrects: str | None
    rest_of: uuid.UUID | None
    rest_of_number: str | None
    rests: Sequence[RestRow]
    corrected_by_id: uuid.UUID | None
    corrected_by: str | None
    deleted_at: dt.datetime | None
    deleted_by: str | None
    delete_reason: str | None
    lines: Sequence[PurchaseLineRow]
    charges: Sequence[PurchaseChargeRow]

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    @property
    def has_returns(self) -> bool:
        return any(line.returned for line in self.lines)


@dataclass(frozen=True, slots=True)
class UnpaidVendor:
    """What one vendor is owed in one currency, by how long it is past due."""

    vendor_id: uuid.UUID
    vendor: str
    currency: str
    buckets: Sequence[tuple[str, int]]
    total: int
    ahead: int  # paid or returned beyond what is owed: it will settle what comes


@dataclass(frozen=True, slots=True)
class UnpaidSum:
    """What all vendors are owed in one currency, in the order of the ages."""

    currency: str
    buckets: Sequence[int]
    total: int
    ahead: int


@dataclass(frozen=True, slots=True)
class Unpaid:
    """What vendors are owed; `sums` are of all of them, also of those that are not shown."""

    vendors: Sequence[UnpaidVendor]
    sums: Sequence[UnpaidSum]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class BoughtRow:
    """A product on a purchase, in the history of the product."""

    purchase_id: uuid.UUID
    number: str
    received_on: dt.date
    vendor_id: uuid.UUID
    vendor: str
    quantity: Decimal
    unit_name: str
    currency: str
    unit_cost: Decimal
    rate: Rate | None
    value_base: int
    base_quantity: Decimal
    base_currency: str

    @property
    def one_landed(self) -> int:
        """Minor units of the base currency for one of the product's own unit."""
        return round_half_up(Fraction(self.value_base) / Fraction(self.base_quantity))


@dataclass(frozen=True, slots=True)
class LandedRow:
    """What a product will cost when a draft is received, beside what it cost and what it is sold at."""

    product_id: uuid.UUID
    name: str
    unit: str
    quantity: Decimal
    value: int  # minor units of the base currency
    quantity_before: Decimal
    value_before: int
    unit_price: int

    @property
    def unit_cost(self) -> int:
        return round_half_up(Fraction(self.value) / Fraction(self.quantity))

    @property
    def average_after(self) -> int | None:
        """The average cost then; not said where goods were oversold."""
        if self.quantity_before < 0:
            return None
        return round_half_up(Fraction(self.value + self.value_before) / Fraction(self.quantity + self.quantity_before))


@dataclass(frozen=True, slots=True)
class PriceProposal:
    """A product of a purchase with the selling price that the margin rule asks for."""

    product_id: uuid.UUID
    name: str
    unit: str
    version: int
    unit_cost: int  # minor units of the base currency, landed
    unit_price: int
    proposed: int

    @property
    def margin_percent(self) -> Decimal | None:
        """What is left of the price today, of 100; None where nothing is asked for it."""
        if not self.unit_price:
            return None
        return round(Decimal(100) * (self.unit_price - self.unit_cost) / self.unit_price, 1)


_LIST = """
    SELECT p.id, p.number, p.vendor_id, v.name AS vendor, p.invoice_number, p.received_on, p.due_on, p.currency,
           p.total, p.base_currency, p.total_base, coalesce(i.amount - i.settled, 0) AS open,
           p.deleted_at IS NOT NULL AS is_deleted
      FROM purchases AS p
      JOIN parties AS v ON v.tenant_id = :tenant_id AND v.id = p.vendor_id
      LEFT JOIN open_items AS i ON i.tenant_id = :tenant_id AND i.id = p.id AND i.cancelled_in IS NULL
     WHERE p.tenant_id = :tenant_id
       AND (CAST(:vendor_id AS uuid) IS NULL OR p.vendor_id = CAST(:vendor_id AS uuid))
       AND (CAST(:older_than AS uuid) IS NULL
            OR p.id < (SELECT o.id FROM purchases AS o WHERE o.tenant_id = :tenant_id AND o.id = :older_than))
       AND (CAST(:since AS date) IS NULL OR p.received_on >= CAST(:since AS date))
       AND (CAST(:until AS date) IS NULL OR p.received_on <= CAST(:until AS date))
       AND (CAST(:number AS text) IS NULL OR p.number = upper(:number) OR p.invoice_key = :key)
     ORDER BY p.id DESC
     LIMIT :limit
"""

_PURCHASE = text("""
    SELECT p.*, v.name AS vendor, ru.name AS rate_by_name, a.name AS actor, t.posted_at,
           coalesce(i.amount - i.settled, 0) AS open, c.number AS corrects, n.id AS corrected_by_id,
           n.number AS corrected_by, d.name AS deleted_by_name, f.number AS rest_of_number
      FROM purchases AS p
      JOIN transactions AS t ON t.tenant_id = :tenant_id AND t.id = p.id
      JOIN parties AS v ON v.tenant_id = :tenant_id AND v.id = p.vendor_id
      LEFT JOIN users AS ru ON ru.tenant_id = :tenant_id AND ru.id = p.rate_by
      LEFT JOIN users AS a ON a.tenant_id = :tenant_id AND a.id = t.actor_id
      LEFT JOIN users AS d ON d.tenant_id = :tenant_id AND d.id = p.deleted_by
      LEFT JOIN purchases AS c ON c.tenant_id = :tenant_id AND c.id = p.corrects_id
      LEFT JOIN purchases AS n ON n.tenant_id = :tenant_id AND n.corrects_id = p.id
      LEFT JOIN purchases AS f ON f.tenant_id = :tenant_id AND f.id = p.rest_of
      LEFT JOIN open_items AS i ON i.tenant_id = :tenant_id AND i.id = p.id AND i.cancelled_in IS NULL
     WHERE p.tenant_id = :tenant_id AND p.id = :id
     ORDER BY n.id DESC
     LIMIT 1
""")

_RESTS = text("""
    SELECT x.id, x.number
      FROM (SELECT p.id, p.number FROM purchases AS p
             WHERE p.tenant_id = :tenant_id AND p.rest_of = :id AND p.deleted_at IS NULL
             UNION ALL
            SELECT d.id, NULL FROM purchase_drafts AS d WHERE d.tenant_id = :tenant_id AND d.rest_of = :id) AS x
     ORDER BY x.id
     LIMIT 20
""")

# One row for each vendor, currency, side and age: due on one of the days of that age.
# The first vendors, and behind them, of no vendor, the sums of all: a shop may owe more vendors than a page can show.
_UNPAID = text("""
    WITH owed AS MATERIALIZED (
        SELECT v.id, v.name, i.currency, i.side,
               width_bucket(CAST(:today AS date) - i.due_on, CAST(:ages AS integer[])) AS age,
               min(i.due_on) AS due_on, sum(i.amount - i.settled)::bigint AS open
          FROM open_items AS i
          JOIN parties AS v ON v.tenant_id = :tenant_id AND v.id = i.party_id AND v.kind = 'vendor'
         WHERE i.tenant_id = :tenant_id AND i.settled < i.amount AND i.cancelled_in IS NULL
         GROUP BY v.id, v.name, i.currency, i.side, age
    ), shown AS (
        SELECT DISTINCT o.name, o.id, o.currency FROM owed AS o ORDER BY o.name, o.id, o.currency LIMIT :most
    )
    SELECT o.id, o.name, o.currency, o.side, o.due_on, o.open
      FROM shown AS s
      JOIN owed AS o ON o.id = s.id AND o.currency = s.currency
     UNION ALL
    SELECT NULL, NULL, a.currency, a.side, min(a.due_on), sum(a.open)::bigint
      FROM owed AS a
     GROUP BY a.currency, a.side, a.age
     ORDER BY 2 NULLS LAST, 1, 3
""")

_LINES = text("""
    SELECT l.line, l.product_id, l.name, l.unit_name, l.quantity, l.base_quantity, l.unit_cost, l.discount_percent,
           l.tax_percent, l.keeps_stock, l.net, l.tax, l.net_base, l.tax_base, l.charges_base, l.returned,
           l.taxes
      FROM purchase_lines AS l
     WHERE l.tenant_id = :tenant_id AND l.purchase_id = :id
     ORDER BY l.line
""")

_CHARGES = text("""
    SELECT c.id, c.transaction_id, c.name, c.payee_id, v.name AS payee, c.currency, c.net, c.tax, c.net_base,
           c.tax_base, c.kept_base, c.spread_by, c.rate, c.rate_unit, t.occurred_on, r.id IS NOT NULL AS is_reversed
      FROM purchase_charges AS c
      JOIN transactions AS t ON t.tenant_id = :tenant_id AND t.id = c.transaction_id
      LEFT JOIN transactions AS r ON r.tenant_id = :tenant_id AND r.reverses_id = c.transaction_id
      LEFT JOIN parties AS v ON v.tenant_id = :tenant_id AND v.id = c.payee_id
     WHERE c.tenant_id = :tenant_id AND c.purchase_id = :id
     ORDER BY c.id
""")


def list_vendor_choices(tenant_id: int) -> list[VendorChoice]:
    """Return the vendors in use, by name."""
    rows = session_of(tenant_id).execute(
        text(f"""
            SELECT id, name, currency FROM parties
             WHERE tenant_id = :tenant_id AND kind = 'vendor' AND archived_at IS NULL
             ORDER BY name, id
             LIMIT {VENDORS_MAX}
        """),
        {"tenant_id": tenant_id},
    )
    return [VendorChoice(**row._mapping) for row in rows]


def list_purchases(
    tenant_id: int,
    *,
    vendor_id: uuid.UUID | None = None,
    number: str | None = None,
    key: str | None = None,
    since: dt.date | None = None,
    until: dt.date | None = None,
    older_than: uuid.UUID | None = None,
) -> PurchasesPage:
    """Return a page of purchases, newest first.

    Args:
        number: Of the purchase, or, as `key`, of the vendor's invoice.
    """
    rows = (
        session_of(tenant_id)
        .execute(
            text(_LIST),
            {
                "tenant_id": tenant_id,
                "vendor_id": vendor_id,
                "number": number,
                "key": key,
                "since": since,
                "until": until,
                "older_than": older_than,
                "limit": ROWS_MAX + 1,
            },
        )
        .all()
    )
    found = [PurchaseRow(**row._mapping) for row in rows[:ROWS_MAX]]
    return PurchasesPage(found, found[-1].id if len(rows) > ROWS_MAX else None)


def get_purchase(tenant_id: int, purchase_id: uuid.UUID) -> PurchaseDetails:
    """Return a purchase with its lines and charges.

    Raises:
        NotFoundError: The shop has no such purchase.
    """
    session, values = session_of(tenant_id), {"tenant_id": tenant_id, "id": purchase_id}
    row = session.execute(_PURCHASE, values).one_or_none()
    if row is None:
        raise NotFoundError("There is no such purchase in this shop.")
    return PurchaseDetails(
        id=row.id,
        number=row.number,
        vendor_id=row.vendor_id,
        vendor=row.vendor,
        invoice_number=row.invoice_number,
        duplicate_reason=row.duplicate_reason,
        invoice_on=row.invoice_on,
        received_on=row.received_on,
        due_on=row.due_on,
        currency=row.currency,
        base_currency=row.base_currency,
        rate=_rate(row, row.currency, row.base_currency),
        rate_source=row.rate_source,
        rate_on=row.rate_on,
        rate_by=row.rate_by_name,
        tax_total=row.tax_total,
        rounded=row.rounded,
        total=row.total,
        total_base=row.total_base,
        tax_base=row.tax_base,
        value_base=row.value_base,
        memo=row.memo,
        actor=row.actor,
        posted_at=row.posted_at,
        open=row.open,
        corrects_id=row.corrects_id,
        corrects=row.corrects,
        rest_of=row.rest_of,
        rest_of_number=row.rest_of_number,
        rests=[RestRow(rest.id, rest.number) for rest in session.execute(_RESTS, values)],
        corrected_by_id=row.corrected_by_id,
        corrected_by=row.corrected_by,
        deleted_at=row.deleted_at,
        deleted_by=row.deleted_by_name,
        delete_reason=row.delete_reason,
        lines=[_line(line) for line in session.execute(_LINES, values)],
        charges=[_charge(charge, row.base_currency) for charge in session.execute(_CHARGES, values)],
    )


def list_unpaid(tenant_id: int, today: dt.date) -> Unpaid:
    """Return what vendors are owed, by vendor and currency, and how long it is past due; and all of it by currency."""
    rows = (
        session_of(tenant_id)
        .execute(
            _UNPAID,
            {
                "tenant_id": tenant_id,
                "today": today,
                "ages": [limit + 1 for limit, _ in BUCKETS],
                "most": UNPAID_MAX + 1,
            },
        )
        .all()
    )
    groups: dict[tuple[uuid.UUID | None, str, str], list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault((row.id, row.name, row.currency), []).append(row)
    vendors, sums = [], []
    for (id, name, currency), found in groups.items():
        buckets = ageing([(row.due_on, row.open) for row in found if row.side == "charge"], today)
        total, ahead = (sum(row.open for row in found if row.side == side) for side in ("charge", "credit"))
        if id is None:
            sums.append(UnpaidSum(currency, [amount for _, amount in buckets], total, ahead))
        else:
            vendors.append(UnpaidVendor(id, name, currency, buckets, total, ahead))
    return Unpaid(vendors[:UNPAID_MAX], sums, len(vendors) > UNPAID_MAX)


def list_bought(tenant_id: int, product_id: uuid.UUID, *, limit: int = ROWS_MAX) -> list[BoughtRow]:
    """Return the purchases of a product that were not deleted, newest first, with currencies and rates."""
    rows = session_of(tenant_id).execute(
        text("""
            SELECT p.id, p.number, p.received_on, p.vendor_id, v.name AS vendor, l.quantity, l.unit_name, p.currency,
                   l.unit_cost, p.rate, p.rate_unit, l.net_base + l.charges_base AS value_base, l.base_quantity,
                   p.base_currency
              FROM purchase_lines AS l
              JOIN purchases AS p ON p.tenant_id = :tenant_id AND p.id = l.purchase_id AND p.deleted_at IS NULL
              JOIN parties AS v ON v.tenant_id = :tenant_id AND v.id = p.vendor_id
             WHERE l.tenant_id = :tenant_id AND l.product_id = :product_id
             ORDER BY l.purchase_id DESC, l.line
             LIMIT :limit
        """),
        {"tenant_id": tenant_id, "product_id": product_id, "limit": limit},
    )
    return [
        BoughtRow(
            row.id,
            row.number,
            row.received_on,
            row.vendor_id,
            row.vendor,
            row.quantity,
            row.unit_name,
            row.currency,
            row.unit_cost,
            _rate(row, row.currency, row.base_currency),
            row.value_base,
            row.base_quantity,
            row.base_currency,
        )
        for row in rows
    ]


def list_landed(tenant_id: int, draft: DraftDetails) -> list[LandedRow]:
    """Say what each product of a draft will cost landed, by the function that also posts.

    Raises:
        RuleViolationError: A rate is missing, or a charge cannot be spread as it is to be.
    """
    if not draft.lines:
        raise RuleViolationError("There is nothing on this purchase yet. Scan or type a product first.")
    bought = [
        BoughtLine(
            line.net,
            line.tax,
            in_base(line.quantity, line.factor, line.unit_name),
            line.weight or Decimal(0),
            line.volume or Decimal(0),
        )
        for line in draft.lines
    ]
    charges = [
        Charge(
            each.net,
            each.tax,
            each.currency,
            each.rate if each.payee_id else None,
            each.spread_by,
            each.payee_id,
            tuple(int(each.by_hand.get(str(line.id), 0)) for line in draft.lines) if each.spread_by == "hand" else (),
        )
        for each in draft.charges
    ]
    head = draft.head
    costing = cost_purchase(
        bought,
        charges,
        head.currency,
        head.base_currency,
        head.rate,
        rounded=draft.figures.rounded,
        charged_base=head.charged_base if draft.figures.is_charged else None,
    )
    sums: dict[uuid.UUID, tuple[Decimal, int]] = {}
    for line, each, cost in zip(draft.lines, bought, costing.lines, strict=True):
        quantity, value = sums.get(line.product_id, (Decimal(0), 0))
        sums[line.product_id] = (quantity + each.quantity, value + cost.value)
    rows = session_of(tenant_id).execute(
        text("""
            SELECT p.id, p.name, p.unit, p.unit_price, coalesce(s.quantity, 0) AS quantity,
                   coalesce(s.value, 0) AS value
              FROM products AS p
              LEFT JOIN stock_levels AS s ON s.tenant_id = :tenant_id AND s.product_id = p.id
             WHERE p.tenant_id = :tenant_id AND p.id = ANY(CAST(:ids AS uuid[]))
             ORDER BY p.name, p.id
        """),
        {"tenant_id": tenant_id, "ids": list(sums)},
    )
    return [
        LandedRow(row.id, row.name, row.unit, *sums[row.id], row.quantity, row.value, row.unit_price) for row in rows
    ]


def list_offered(tenant_id: int, vendor_id: uuid.UUID) -> dict[uuid.UUID, Decimal]:
    """Return the products a vendor lists or has sold, with the pack that the list says they come in, or 1."""
    rows = session_of(tenant_id).execute(
        text("""
            SELECT o.product_id, max(o.pack) AS pack
              FROM (SELECT x.product_id, x.pack FROM vendor_prices AS x
                     WHERE x.tenant_id = :tenant_id AND x.vendor_id = :vendor_id
                     UNION ALL
                    SELECT l.product_id, 1
                      FROM purchases AS p
                      JOIN purchase_lines AS l ON l.tenant_id = :tenant_id AND l.purchase_id = p.id
                     WHERE p.tenant_id = :tenant_id AND p.vendor_id = :vendor_id AND p.deleted_at IS NULL) AS o
             GROUP BY o.product_id
        """),
        {"tenant_id": tenant_id, "vendor_id": vendor_id},
    )
    return {row.product_id: row.pack for row in rows}


def list_price_proposals(tenant_id: int, purchase_id: uuid.UUID) -> list[PriceProposal]:
    """Return what the products of a purchase should be sold at by the shop's margin rule, by name."""
    rows = session_of(tenant_id).execute(
        text("""
            SELECT p.id, p.name, p.unit, p.version, p.unit_price, p.tax_percent,
                   sum(l.net_base + l.charges_base)::bigint AS value, sum(l.base_quantity) AS quantity,
                   coalesce(s.margin_percent, 25) AS margin_percent, coalesce(s.price_ending, 0) AS price_ending
              FROM purchase_lines AS l
              JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = l.product_id AND p.archived_at IS NULL
              LEFT JOIN purchase_settings AS s ON s.tenant_id = :tenant_id
             WHERE l.tenant_id = :tenant_id AND l.purchase_id = :id
             GROUP BY p.tenant_id, p.id, s.margin_percent, s.price_ending
             ORDER BY p.name, p.id
        """),
        {"tenant_id": tenant_id, "id": purchase_id},
    )
    proposals = []
    for row in rows:
        cost = Fraction(row.value) / Fraction(row.quantity)
        proposed = proposed_price(cost, row.margin_percent, row.tax_percent, row.price_ending)
        proposals.append(
            PriceProposal(row.id, row.name, row.unit, row.version, round_half_up(cost), row.unit_price, proposed)
        )
    return proposals


def _rate(row: Row[Any], currency: str, base_currency: str) -> Rate | None:
    if row.rate is None:
        return None
    return Rate(row.rate_unit, base_currency if row.rate_unit == currency else currency, row.rate)


def _line(row: Row[Any]) -> PurchaseLineRow:
    parts = tuple(TaxPart(part["name"], Decimal(part["percent"]), part["amount"]) for part in row.taxes)
    return PurchaseLineRow(**{**row._mapping, "taxes": parts})


def _charge(row: Row[Any], base_currency: str) -> PurchaseChargeRow:
    return PurchaseChargeRow(
        row.id,
        row.transaction_id,
        row.name,
        row.payee_id,
        row.payee,
        row.currency,
        row.net,
        row.tax,
        row.net_base,
        row.tax_base,
        row.kept_base,
        row.spread_by,
        _rate(row, row.currency, base_currency),
        row.occurred_on,
        row.is_reversed,
    )
