"""Purchases: received from a draft, with what is paid at once; deleted; corrected by a reversal and a new one."""

import dataclasses
import datetime as dt
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from ledger_web.domain.currencies import plain
from ledger_web.domain.errors import (
    NotFoundError,
    RateDoubtedError,
    RuleViolationError,
    StaleEditError,
    VendorInvoiceTwiceError,
)
from ledger_web.domain.exchange import Rate, realised_entries
from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import gettext
from ledger_web.domain.open_items import Item, oldest_first, shares
from ledger_web.domain.purchases import (
    LINES_MAX,
    BoughtLine,
    Charge,
    Costing,
    cost_purchase,
    input_rates,
    invoice_key,
    line_amounts,
    purchase_entries,
)
from ledger_web.domain.rates import doubts
from ledger_web.domain.taxes import TaxPart, tax_of
from ledger_web.domain.units import in_base
from ledger_web.services import label_queue, open_items, reversals, stock
from ledger_web.services.label_queue import QueueLine
from ledger_web.services.open_items import Holder
from ledger_web.services.payments import PaymentPlan, RecordPayment, plan_payment, post_payment
from ledger_web.services.posting import Act
from ledger_web.services.product_taxes import TAXES, TAXES_FROM, rates_of_class
from ledger_web.services.rates import find_last_rate, find_table_rate
from ledger_web.services.stock import Goods
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act

NUMBERS: Final = "PUR"  # the series of their numbers


@dataclass(frozen=True, kw_only=True)
class ReceivePurchase:
    """Take in what is on a draft, as it was when its version was shown."""

    id: uuid.UUID  # of the draft; becomes the id of the purchase
    version: int
    received_on: dt.date | None = None  # as on the draft; None: today in the shop's time zone
    confirms_rate: bool = False  # the rate is odd, and somebody who may has looked at it
    uses_advances: bool = True  # what was paid to the vendor before settles this first
    payment: RecordPayment | None = None  # what is paid at once; its party and allocations are this purchase
    queues_labels: bool = False
    overrides_lock: bool = False


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line of a draft with what has to be known of its product."""

    id: uuid.UUID
    product_id: uuid.UUID
    name: str
    keeps_stock: bool
    unit_id: uuid.UUID | None
    unit_name: str
    factor: Fraction
    quantity: Decimal
    base_quantity: Decimal
    unit_cost: Decimal
    discount_percent: Decimal
    tax_percent: Decimal
    weight: Decimal | None
    volume: Decimal | None
    taxes: tuple[TaxPart, ...]
    bought: BoughtLine


@dataclass(frozen=True, kw_only=True)
class _Correction:
    """Undo a purchase because another takes its place."""

    id: uuid.UUID  # of the reversal
    purchase_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Plan:
    """All that receiving a draft does, before it is done."""

    draft: Row[Any]
    vendor: Holder
    lines: tuple[DraftLine, ...]
    charge_rows: tuple[Row[Any], ...]
    charges: tuple[Charge, ...]
    rate: Rate | None
    rounded: int
    costing: Costing


@whole_act
def receive_purchase(command: ReceivePurchase, uow: UnitOfWork) -> Recorded:
    """Put a purchase into the books: goods in at landed cost, debts to the vendor and to the payees of its charges.

    Raises:
        NotFoundError: There is no such draft.
        StaleEditError: The draft was changed since it was shown.
        RuleViolationError: Something is missing on it: the vendor, lines, a cost, a rate.
        RateDoubtedError: The rate is odd, and nobody confirmed it.
        VendorInvoiceTwiceError: The vendor's invoice was entered already.
        InsufficientFundsError: The drawer does not hold what is to be paid.
        PeriodLockedError, DayOutOfRangeError: The day is closed, or yet to come.
    """
    with uow:
        if uow.is_replay(
            command,
            id=command.id,
            kind="purchase",
            occurred_on=command.received_on,
            overrides_lock=command.overrides_lock,
        ):
            return Recorded(command.id, replayed=True)
        plan = _plan(uow, command.id, seen=(command.version, command.received_on))
        _look_at_rates(uow, plan, confirmed=command.confirms_rate)
        there = _lock_corrected(uow, plan)
        kept, charge = _receive(uow, plan)
        if command.queues_labels:
            label_queue.add(
                uow, [QueueLine(each.product_id, max(1, int(each.quantity)), each.unit_id) for each in plan.lines]
            )
        uow.execute("DELETE FROM purchase_drafts WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": command.id})
        realised, charge = _use_advances(uow, plan.vendor, charge) if charge and command.uses_advances else (0, charge)
        entries = purchase_entries(
            plan.vendor.id,
            plan.draft.currency,
            plan.vendor.base_currency,
            plan.costing,
            plan.charges,
            kept,
        )
        uow.post([*entries, *realised_entries(plan.vendor.base_currency, realised)])
        if plan.draft.corrects_id:
            charge = _reverse_corrected(uow, plan, charge, there, overrides_lock=command.overrides_lock)
        if command.payment:
            _pay(uow, plan.vendor, charge, command.payment)
    return Recorded(command.id)


def preview_payment_of(command: RecordPayment, draft_id: uuid.UUID, uow: UnitOfWork) -> PaymentPlan:
    """Say what paying a draft at once will do: what it settles, and what is gained or lost. Writes and locks nothing.

    Raises:
        NotFoundError, RuleViolationError: As receiving it would.
    """
    with uow:
        plan = _plan(uow, draft_id)
        day = plan.draft.received_on or plan.draft.invoice_on
        charge = _charge_item(draft_id, plan, day)
        return plan_payment(uow, _of_vendor(command, plan.vendor), plan.vendor, day, others=[charge] if charge else [])


def _plan(uow: UnitOfWork, draft_id: uuid.UUID, *, seen: tuple[int, dt.date | None] | None = None) -> Plan:
    """Read a draft and say what it comes to. While it is held, this is what is posted.

    Args:
        seen: The version and the day that were shown: it is held, and must be the same still.
    """
    draft = uow.execute(
        f"""
        SELECT id, vendor_id, invoice_number, duplicate_reason, invoice_on, received_on, due_on, currency, rate,
               rate_unit, rate_source, rate_on, rate_by, charged_base, charged_total, printed_total, memo, corrects_id,
               rest_of, version
          FROM purchase_drafts
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
           {"FOR NO KEY UPDATE" if seen else ""}
        """,
        {"id": draft_id},
    ).one_or_none()
    if draft is None:
        raise NotFoundError("There is no such draft in this shop. It was received or thrown away meanwhile, perhaps.")
    if seen and (draft.version, draft.received_on) != seen:
        raise StaleEditError("The draft was changed in another window. Look at it once more, then receive it.")
    if draft.vendor_id is None:
        raise RuleViolationError("Choose the vendor first: the purchase is owed to somebody.")
    rows = _charge_rows(uow, draft_id)
    if seen:
        open_items.hold_parties(uow, {draft.vendor_id, *(row.payee_id for row in rows if row.payee_id)})
    vendor = _hold_vendor(uow, draft.vendor_id)
    for payee_id in {row.payee_id for row in rows} - {None, draft.vendor_id}:
        _hold_vendor(uow, payee_id)
    lines = _lines(uow, draft)
    rate = _rate(draft, draft.currency, vendor.base_currency)
    charges = tuple(_charge(row, vendor.base_currency, lines) for row in rows)
    rounded = _rounding(uow, draft, lines, charges)
    bought = [line.bought for line in lines]
    total = sum(each.net + each.tax for each in bought) + rounded
    total += sum(each.total for each in charges if each.payee_id is None)
    costing = cost_purchase(
        bought,
        charges,
        draft.currency,
        vendor.base_currency,
        rate,
        rounded=rounded,
        charged_base=draft.charged_base if draft.charged_total == total else None,
    )
    return Plan(draft, vendor, lines, rows, charges, rate, rounded, costing)


def _hold_vendor(uow: UnitOfWork, party_id: uuid.UUID) -> Holder:
    holder = open_items.hold_party(uow, party_id, lock=False)
    if holder.kind != "vendor":
        raise NotFoundError("There is no such vendor in this shop. Choose the vendor again.")
    return holder


def _charge_rows(uow: UnitOfWork, draft_id: uuid.UUID) -> tuple[Row[Any], ...]:
    return tuple(
        uow.execute(
            """
            SELECT id, name, payee_id, currency, net, tax_percent, rate, rate_unit, rate_source, rate_on, rate_by,
                   spread_by, by_hand
              FROM purchase_draft_charges
             WHERE tenant_id = %(tenant_id)s AND draft_id = %(id)s
             ORDER BY id
            """,
            {"id": draft_id},
        )
    )


def _lines(uow: UnitOfWork, draft: Row[Any]) -> tuple[DraftLine, ...]:
    rows = uow.execute(
        f"""
        SELECT l.id, l.product_id, p.name, p.unit, p.stock_policy, p.archived_at, l.unit_id, u.name AS unit_name,
               coalesce(u.factor_numerator, 1) AS numerator, coalesce(u.factor_denominator, 1) AS denominator,
               l.quantity, l.unit_cost, l.discount_percent, l.tax_percent, l.weight, l.volume, {TAXES}
          FROM purchase_draft_lines AS l
          JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = l.product_id
          LEFT JOIN product_units AS u
            ON u.tenant_id = %(tenant_id)s AND u.product_id = l.product_id AND u.id = l.unit_id {TAXES_FROM}
         WHERE l.tenant_id = %(tenant_id)s AND l.draft_id = %(id)s
         ORDER BY l.position, l.id
        """,
        {"id": draft.id},
    ).all()
    if not rows:
        raise RuleViolationError("There is nothing on this purchase yet. Scan or type a product first.")
    if len(rows) > LINES_MAX:
        raise RuleViolationError(
            gettext("A purchase holds at most %(lines_max)s lines. Make two of it.", lines_max=LINES_MAX)
        )
    return tuple(_line(row, draft.currency) for row in rows)


def _line(row: Row[Any], currency: str) -> DraftLine:
    if row.archived_at is not None:
        raise RuleViolationError(
            gettext("%(name)s is archived. Remove its line, or take it out of the archive first.", name=row.name)
        )
    if row.unit_cost is None:
        raise RuleViolationError(gettext("Enter what %(name)s costs. If it was free, enter 0.", name=row.name))
    rates = input_rates(row.tax_percent, rates_of_class(row))
    amounts = line_amounts(row.quantity, row.unit_cost, currency, row.discount_percent, rates)
    factor = Fraction(row.numerator, row.denominator)
    quantity = in_base(row.quantity, factor, row.unit_name or row.unit)
    return DraftLine(
        row.id,
        row.product_id,
        row.name,
        row.stock_policy != "none",
        row.unit_id,
        row.unit_name or row.unit,
        factor,
        row.quantity,
        quantity,
        row.unit_cost,
        row.discount_percent,
        row.tax_percent,
        row.weight,
        row.volume,
        amounts.taxes,
        BoughtLine(amounts.net, amounts.tax, quantity, row.weight or Decimal(0), row.volume or Decimal(0)),
    )


def _rate(row: Row[Any], currency: str, base_currency: str) -> Rate | None:
    """Return the rate a draft or a charge holds; None in the base currency, or where it is missing still."""
    if currency == base_currency or row.rate is None:
        return None
    return Rate(row.rate_unit, base_currency if row.rate_unit == currency else currency, row.rate)


def _charge(row: Row[Any], base_currency: str, lines: Sequence[DraftLine]) -> Charge:
    return Charge(
        net=row.net,
        tax=tax_of(row.net, [row.tax_percent], inclusive=False).tax,
        currency=row.currency,
        rate=_rate(row, row.currency, base_currency) if row.payee_id else None,
        spread_by=row.spread_by,
        payee_id=row.payee_id,
        by_hand=tuple(int(row.by_hand.get(str(line.id), 0)) for line in lines) if row.spread_by == "hand" else (),
    )


def _rounding(uow: UnitOfWork, draft: Row[Any], lines: Sequence[DraftLine], charges: Sequence[Charge]) -> int:
    """Return what the vendor's printed total differs by, if that is little enough to be rounding."""
    if draft.printed_total is None:
        return 0
    found = sum(line.bought.net + line.bought.tax for line in lines)
    found += sum(charge.total for charge in charges if charge.payee_id is None)
    rounded = int(draft.printed_total) - found
    most = uow.execute(
        """
        SELECT coalesce((SELECT rounding_max FROM purchase_settings WHERE tenant_id = %(tenant_id)s), 100)
        """
    ).scalar_one()
    if abs(rounded) > most:
        raise RuleViolationError(
            gettext(
                "The lines come to %(found)s, the vendor’s paper says %(printed_total)s. That"
                " is more than rounding: look for what differs.",
                found=plain(found, draft.currency),
                printed_total=plain(draft.printed_total, draft.currency),
            )
        )
    return rounded


def _look_at_rates(uow: UnitOfWork, plan: Plan, *, confirmed: bool) -> None:
    """Stop at an odd rate, of the document or of a charge, until somebody says that it is right."""
    if confirmed:
        return
    draft, found = plan.draft, []
    if plan.rate:
        last = find_last_rate(uow, draft.vendor_id, draft.currency) or find_table_rate(
            uow, draft.currency, draft.invoice_on
        )
        known = last.rate if last else None
        found += doubts(plan.rate, draft.currency, known, rate_on=draft.rate_on, document_on=draft.invoice_on)
    for row, charge in zip(plan.charge_rows, plan.charges, strict=True):
        if charge.rate:
            known = _known_rate(uow, plan, charge)
            odd = doubts(charge.rate, charge.currency, known, rate_on=row.rate_on, document_on=draft.invoice_on)
            found += [f"{row.name}: {sentence}" for sentence in odd]
    if found:
        raise RateDoubtedError(" ".join(found) + " If the rate is right, tick that it is, and receive once more.")


def _known_rate(uow: UnitOfWork, plan: Plan, charge: Charge) -> Rate | None:
    """Return what a charge's rate is held against: that of the document, of the table, or the payee's last one."""
    if charge.currency == plan.draft.currency:
        return plan.rate
    found = find_table_rate(uow, charge.currency, plan.draft.invoice_on) or find_last_rate(
        uow, charge.payee_id, charge.currency
    )
    return found.rate if found else None


def _receive(uow: UnitOfWork, plan: Plan) -> tuple[int, Item | None]:
    """Take the goods in and write the documents; return the value kept in stock, and what the vendor is owed."""
    draft = plan.draft
    if draft.corrects_id:
        must_be_deletable(uow, draft.corrects_id)
        mark_deleted(uow, draft.corrects_id, gettext("Corrected"))
    goods = _goods(plan)
    kept = stock.put(uow, goods, sets_cost=True)
    if goods:
        stock.insert_moves(uow, [Goods(each.product_id, each.quantity, kept[each.product_id]) for each in goods])
    kept_base = sum(kept.values())
    _insert_purchase(uow, plan, kept_base)
    _insert_lines(uow, plan)
    _insert_charges(uow, plan)
    charge = _charge_item(draft.id, plan, draft.due_on or draft.invoice_on)
    if charge:
        open_items.add_item(uow, plan.vendor.id, charge)
    for row, each, cost in zip(plan.charge_rows, plan.charges, plan.costing.charges, strict=True):
        if each.payee_id:
            worth = None if each.currency == plan.vendor.base_currency else cost.total
            due_on = draft.due_on or draft.invoice_on
            item = open_items.new_item(row.id, "charge", each.currency, each.total, due_on, worth)
            open_items.add_item(uow, each.payee_id, item)
    return kept_base, charge


def _goods(plan: Plan) -> list[Goods]:
    """Add up what comes into stock, each product once."""
    sums: dict[uuid.UUID, Goods] = {}
    for line, cost in zip(plan.lines, plan.costing.lines, strict=True):
        if line.keeps_stock:
            there = sums.get(line.product_id, Goods(line.product_id, Decimal(0)))
            sums[line.product_id] = Goods(
                line.product_id, there.quantity + line.base_quantity, there.value + cost.value
            )
    return list(sums.values())


def _charge_item(id: uuid.UUID, plan: Plan, due_on: dt.date) -> Item | None:
    costing, currency = plan.costing, plan.draft.currency
    if not costing.total:
        return None
    worth = None if currency == plan.vendor.base_currency else costing.total_base
    return open_items.new_item(id, "charge", currency, costing.total, due_on, worth)


def _use_advances(uow: UnitOfWork, vendor: Holder, charge: Item) -> tuple[int, Item]:
    """Settle a new debt with what the vendor was paid before, oldest first, at the rate each was paid at."""
    credits = open_items.find_open(uow, vendor.id, charge.currency, "credit", up_to=charge.open)
    made = shares(charge, credits, oldest_first(charge, credits))
    open_items.settle(uow, made)
    for share in made:
        charge = charge.after(share.amount)
    return sum(share.realised(vendor.kind) for share in made), charge


def _pay(uow: UnitOfWork, vendor: Holder, charge: Item | None, payment: RecordPayment) -> None:
    """Pay at once: a payment in a transaction of its own, stored together with the purchase or not at all."""
    command = dataclasses.replace(_of_vendor(payment, vendor), occurred_on=uow.occurred_on)
    if uow.is_replay(command, id=command.id, kind="payment", occurred_on=command.occurred_on, memo=command.memo):
        raise StaleEditError("This payment was recorded already. Load the page again, then receive the purchase.")
    others = [charge] if charge and charge.open else []
    post_payment(uow, command, vendor, plan_payment(uow, command, vendor, uow.occurred_on, others=others))


def _of_vendor(payment: RecordPayment, vendor: Holder) -> RecordPayment:
    return dataclasses.replace(payment, party_id=vendor.id, direction="out", allocations=None)


def _lock_corrected(uow: UnitOfWork, plan: Plan) -> dict[uuid.UUID, Decimal]:
    """Lock all goods that a correction moves, at once and in order, and return what is there of them before it."""
    if not plan.draft.corrects_id:
        return {}
    wrong = uow.execute(
        """
        SELECT DISTINCT product_id FROM purchase_lines WHERE tenant_id = %(tenant_id)s AND purchase_id = %(id)s
        """,
        {"id": plan.draft.corrects_id},
    ).scalars()
    return stock.lock_levels(uow, {*wrong, *(line.product_id for line in plan.lines)})


def _reverse_corrected(
    uow: UnitOfWork,
    plan: Plan,
    charge: Item | None,
    there: Mapping[uuid.UUID, Decimal],
    *,
    overrides_lock: bool,
) -> Item | None:
    """Reverse the purchase that this one corrects. What was paid for it settles this one instead.

    Its goods go after the right ones came, so that those that are sold already are not missed in between.
    """
    wrong_id, base_currency = plan.draft.corrects_id, plan.vendor.base_currency
    command = _Correction(id=new_id(), purchase_id=wrong_id)
    uow.is_replay(
        command,
        id=command.id,
        kind="reversal",
        memo=gettext("Corrected"),
        reverses_id=wrong_id,
        overrides_lock=overrides_lock,
    )
    left = open_items.cancel(uow, wrong_id)
    reversal = reversals.load_reversal(uow, wrong_id)
    realised = 0
    if charge and charge.open:
        realised, charge = _use_advances(uow, plan.vendor, charge)
    uow.post(
        [
            *reversals.put_back(uow, reversal, base_currency, there=there),
            *left,
            *realised_entries(base_currency, realised),
        ]
    )
    return charge


def must_be_deletable(act: Act, purchase_id: uuid.UUID) -> None:
    """Refuse what was undone already, or has something hanging on it.

    Raises:
        NotFoundError: The shop has no such purchase.
        RuleViolationError: It was deleted already, goods of it were returned, or a charge came late.
    """
    row = act.execute(
        """
        SELECT p.number, p.deleted_at AT TIME ZONE t.time_zone AS deleted_at, u.name AS deleter,
               EXISTS (SELECT FROM purchase_lines AS l
                        WHERE l.tenant_id = %(tenant_id)s AND l.purchase_id = p.id AND l.returned > 0) AS has_returns,
               EXISTS (SELECT FROM purchase_charges AS c
                        WHERE c.tenant_id = %(tenant_id)s AND c.purchase_id = p.id AND c.transaction_id <> p.id
                          AND NOT EXISTS (SELECT FROM transactions AS r
                                           WHERE r.tenant_id = %(tenant_id)s AND r.reverses_id = c.transaction_id))
                   AS has_late_charges
          FROM purchases AS p
          JOIN tenants AS t ON t.tenant_id = %(tenant_id)s
          LEFT JOIN users AS u ON u.tenant_id = %(tenant_id)s AND u.id = p.deleted_by
         WHERE p.tenant_id = %(tenant_id)s AND p.id = %(id)s
        """,
        {"id": purchase_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such purchase in this shop.")
    if row.deleted_at is not None:
        raise RuleViolationError(
            gettext(
                "%(number)s was deleted already, by %(row)s at %(deleted_at)s. Nothing more is needed.",
                number=row.number,
                row=row.deleter or "someone",
                deleted_at=f"{row.deleted_at:%Y-%m-%d %H:%M}",
            )
        )
    if row.has_returns:
        raise RuleViolationError(
            gettext("Goods of %(number)s were returned to the vendor. Delete the return first.", number=row.number)
        )
    if row.has_late_charges:
        raise RuleViolationError(
            gettext("A charge of %(number)s came later. Reverse that charge first.", number=row.number)
        )


def mark_deleted(uow: UnitOfWork, purchase_id: uuid.UUID, reason: str) -> str:
    """Mark a purchase as deleted and return the currency of the shop it was posted in."""
    marked = uow.execute(
        """
        UPDATE purchases SET deleted_at = now(), deleted_by = %(actor_id)s, delete_reason = %(reason)s
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND deleted_at IS NULL
        RETURNING base_currency
        """,
        {"id": purchase_id, "actor_id": uow.actor_id, "reason": reason},
    ).one_or_none()
    if marked is None:
        raise RuleViolationError("It was deleted meanwhile. Load the page again.")
    return str(marked.base_currency)


def next_of(uow: UnitOfWork, document: str, series: str) -> str:
    """Take the next number of documents that no drawer writes, such as "PUR-000042"."""
    last = uow.execute(
        """
        INSERT INTO number_series AS n (tenant_id, document, series, last_number)
        VALUES (%(tenant_id)s, %(document)s, %(series)s, 1)
        ON CONFLICT (tenant_id, document, series) DO UPDATE SET last_number = n.last_number + 1
        RETURNING n.last_number
        """,
        {"document": document, "series": series},
    ).scalar_one()
    return f"{series}-{last:06d}"


def _insert_purchase(uow: UnitOfWork, plan: Plan, kept: int) -> None:
    draft, costing, rate = plan.draft, plan.costing, plan.rate
    key = invoice_key(draft.invoice_number)
    number = next_of(uow, "purchase", NUMBERS)
    taxes = sum(line.bought.tax for line in plan.lines)
    taxes += sum(charge.tax for charge in plan.charges if charge.payee_id is None)
    try:
        uow.execute(
            """
            INSERT INTO purchases
                   (tenant_id, id, number, vendor_id, invoice_number, invoice_key, duplicate_reason, invoice_on,
                    received_on, due_on, currency, rate, rate_unit, rate_source, rate_on, rate_by, base_currency,
                    tax_total, rounded, total, total_base, tax_base, value_base, kept_base, memo, corrects_id, rest_of)
            VALUES (%(tenant_id)s, %(id)s, %(number)s, %(vendor_id)s, %(invoice_number)s, %(key)s,
                    %(duplicate_reason)s, %(invoice_on)s, %(received_on)s, %(due_on)s, %(currency)s, %(rate)s,
                    %(rate_unit)s, %(rate_source)s, %(rate_on)s, %(rate_by)s, %(base_currency)s, %(tax_total)s,
                    %(rounded)s, %(total)s, %(total_base)s, %(tax_base)s, %(value)s, %(kept)s, %(memo)s,
                    %(corrects_id)s, (SELECT f.id FROM purchases AS f
                                       WHERE f.tenant_id = %(tenant_id)s AND f.id = %(rest_of)s::uuid))
            """,
            {
                "id": draft.id,
                "number": number,
                "vendor_id": plan.vendor.id,
                "invoice_number": draft.invoice_number,
                "key": key,
                "duplicate_reason": draft.duplicate_reason or None,
                "invoice_on": draft.invoice_on,
                "received_on": uow.occurred_on,
                "due_on": draft.due_on or draft.invoice_on,
                "currency": draft.currency,
                "rate": rate.value if rate else None,
                "rate_unit": rate.unit if rate else None,
                "rate_source": draft.rate_source if rate else None,
                "rate_on": draft.rate_on if rate else None,
                "rate_by": draft.rate_by if rate else None,
                "base_currency": plan.vendor.base_currency,
                "tax_total": taxes,
                "rounded": plan.rounded,
                "total": costing.total,
                "total_base": costing.total_base,
                "tax_base": costing.tax,
                "value": costing.value,
                "kept": kept,
                "memo": draft.memo,
                "corrects_id": draft.corrects_id,
                "rest_of": draft.rest_of,
            },
        )
    except IntegrityError as error:
        if violated_constraint(error) == "purchases_invoice_once":
            raise VendorInvoiceTwiceError(
                gettext(
                    "Invoice %(invoice_number)s of %(name)s was entered already. Look for it"
                    " in the list of purchases; if it is another one, say why under the"
                    " number.",
                    invoice_number=draft.invoice_number,
                    name=plan.vendor.name,
                )
            ) from None
        raise


def _insert_lines(uow: UnitOfWork, plan: Plan) -> None:
    lines, costs = plan.lines, plan.costing.lines
    uow.execute(
        """
        INSERT INTO purchase_lines
               (tenant_id, purchase_id, line, product_id, name, unit_id, unit_name, factor_numerator,
                factor_denominator, quantity, base_quantity, unit_cost, discount_percent, tax_percent, weight,
                volume, taxes, keeps_stock, net, tax, net_base, tax_base, charges_base)
        SELECT p.tenant_id, p.id, n.line, n.product_id, n.name, n.unit_id, n.unit_name, n.numerator, n.denominator,
               n.quantity, n.base_quantity, n.unit_cost, n.discount_percent, n.tax_percent, n.weight, n.volume,
               n.taxes::jsonb, n.keeps_stock,
               n.net, n.tax, n.net_base, n.tax_base, n.charges_base
          FROM purchases AS p
         CROSS JOIN unnest(%(products)s::uuid[], %(names)s::text[], %(units)s::uuid[], %(unit_names)s::text[],
                           %(numerators)s::bigint[], %(denominators)s::bigint[], %(quantities)s::numeric[],
                           %(base_quantities)s::numeric[], %(costs)s::numeric[], %(discounts)s::numeric[],
                           %(percents)s::numeric[], %(weights)s::numeric[], %(volumes)s::numeric[], %(named)s::text[],
                           %(keep)s::boolean[], %(nets)s::bigint[], %(taxes)s::bigint[], %(net_bases)s::bigint[],
                           %(tax_bases)s::bigint[], %(charge_bases)s::bigint[])
               WITH ORDINALITY
               AS n(product_id, name, unit_id, unit_name, numerator, denominator, quantity, base_quantity, unit_cost,
                    discount_percent, tax_percent, weight, volume, taxes, keeps_stock, net, tax, net_base, tax_base,
                    charges_base, line)
         WHERE p.tenant_id = %(tenant_id)s AND p.id = %(id)s
        """,
        {
            "id": plan.draft.id,
            "products": [line.product_id for line in lines],
            "names": [line.name for line in lines],
            "units": [line.unit_id for line in lines],
            "unit_names": [line.unit_name for line in lines],
            "numerators": [line.factor.numerator for line in lines],
            "denominators": [line.factor.denominator for line in lines],
            "quantities": [line.quantity for line in lines],
            "base_quantities": [line.base_quantity for line in lines],
            "costs": [line.unit_cost for line in lines],
            "discounts": [line.discount_percent for line in lines],
            "percents": [line.tax_percent for line in lines],
            "weights": [line.weight for line in lines],
            "volumes": [line.volume for line in lines],
            "named": [_written_taxes(line.taxes) for line in lines],
            "keep": [line.keeps_stock for line in lines],
            "nets": [line.bought.net for line in lines],
            "taxes": [line.bought.tax for line in lines],
            "net_bases": [cost.net for cost in costs],
            "tax_bases": [cost.tax for cost in costs],
            "charge_bases": [cost.charges for cost in costs],
        },
    )


def _written_taxes(taxes: Sequence[TaxPart]) -> str:
    return json.dumps(
        [{"name": part.name, "percent": f"{part.percent.normalize():f}", "amount": part.amount} for part in taxes]
    )


def _insert_charges(uow: UnitOfWork, plan: Plan) -> None:
    for row, charge, cost in zip(plan.charge_rows, plan.charges, plan.costing.charges, strict=True):
        insert_charge(uow, plan.draft.id, row, charge, cost.net, cost.tax, kept=None)


def insert_charge(
    uow: UnitOfWork,
    purchase_id: uuid.UUID,
    row: Any,
    charge: Charge,
    net_base: int,
    tax_base: int,
    *,
    kept: int | None,
) -> None:
    """Write a charge down as it is posted by the act's transaction.

    Args:
        row: Its id, name, tax_percent and rate, with where the rate came from.
        kept: Of a late one, what went to goods still in stock.
    """
    uow.execute(
        """
        INSERT INTO purchase_charges
               (tenant_id, id, purchase_id, transaction_id, name, payee_id, currency, rate, rate_unit, rate_source,
                rate_on, rate_by, net, tax_percent, tax, net_base, tax_base, kept_base, spread_by, by_hand)
        VALUES (%(tenant_id)s, %(id)s, %(purchase_id)s, %(transaction_id)s, %(name)s, %(payee_id)s, %(currency)s,
                %(rate)s, %(rate_unit)s, %(rate_source)s, %(rate_on)s, %(rate_by)s, %(net)s, %(tax_percent)s, %(tax)s,
                %(net_base)s, %(tax_base)s, %(kept)s, %(spread_by)s, %(by_hand)s)
        """,
        {
            "id": row.id,
            "purchase_id": purchase_id,
            "transaction_id": uow.transaction_id,
            "name": row.name,
            "payee_id": charge.payee_id,
            "currency": charge.currency,
            "rate": charge.rate.value if charge.rate else None,
            "rate_unit": charge.rate.unit if charge.rate else None,
            "rate_source": row.rate_source if charge.rate else None,
            "rate_on": row.rate_on if charge.rate else None,
            "rate_by": row.rate_by if charge.rate else None,
            "net": charge.net,
            "tax_percent": row.tax_percent,
            "tax": charge.tax,
            "net_base": net_base,
            "tax_base": tax_base,
            "kept": kept,
            "spread_by": charge.spread_by,
            "by_hand": list(charge.by_hand),
        },
    )
