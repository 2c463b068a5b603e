"""Drafts of purchases: begun, changed, thrown away. They post nothing; `purchases.receive_purchase` does.

Every act holds the draft's row, so two people on one draft take turns, and raises its version.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Row

from ledger_web.domain.currencies import exponent
from ledger_web.domain.errors import CurrencyAsksError, InvalidAmountError, NotFoundError, RuleViolationError
from ledger_web.domain.journal import AMOUNT_MAX
from ledger_web.domain.languages import gettext
from ledger_web.domain.numbers import round_half_up
from ledger_web.domain.purchases import LINES_MAX, input_rates, line_amounts
from ledger_web.domain.taxes import tax_of
from ledger_web.services.product_taxes import rates_of_class
from ledger_web.services.purchase_draft_heads import NO_DRAFT, touch_draft, vendor_of
from ledger_web.services.purchase_draft_lines import LINES, WantedLine, insert_lines
from ledger_web.services.purchase_draft_rates import fill_rate
from ledger_web.services.rates import base_currency_of
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class StartDraft:
    """Begin a purchase; its id becomes the purchase's."""

    id: uuid.UUID
    vendor_id: uuid.UUID | None = None
    currency: str | None = None  # None: that of the vendor, or of the shop
    lines: tuple[WantedLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CopyPurchase:
    """Begin a draft with all that is on a purchase; one that `corrects` it takes its place when it is received."""

    id: uuid.UUID
    purchase_id: uuid.UUID
    corrects: bool


@dataclass(frozen=True, kw_only=True)
class ChangeDraft:
    """Say from whom, when and in which currency."""

    op_id: uuid.UUID
    draft_id: uuid.UUID
    vendor_id: uuid.UUID | None
    invoice_number: str
    invoice_on: dt.date
    received_on: dt.date | None  # None: the day it is received
    due_on: dt.date | None  # None: the invoice's date
    currency: str
    converts: bool | None = None  # when the currency changes: convert what was typed, or keep the numbers; None: ask
    duplicate_reason: str = ""
    printed_total: int | None = None  # of the vendor's paper, minor units of `currency`
    memo: str = ""


@dataclass(frozen=True, kw_only=True)
class DiscardDraft:
    """Throw a draft away."""

    op_id: uuid.UUID
    draft_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class ChangedDraft:
    """What a change of the head left behind."""

    id: uuid.UUID
    is_other_currency: bool = False
    may_have_another_rate: bool = False
    replayed: bool = False


@whole_act
def start_draft(command: StartDraft, uow: UnitOfWork) -> Recorded:
    """Begin a draft, with the vendor's currency and the rate that is known for it.

    Raises:
        NotFoundError: The vendor or a product is not this shop's.
        RuleViolationError: The vendor is archived, or there are too many lines.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        shop = uow.execute(
            """
            SELECT base_currency, business_day(now(), time_zone, day_starts_at) AS today FROM tenants
             WHERE tenant_id = %(tenant_id)s
            """
        ).one()
        vendor = vendor_of(uow, command.vendor_id) if command.vendor_id else None
        currency = command.currency or (vendor.currency if vendor else shop.base_currency)
        _insert_draft(uow, command.id, command.vendor_id, currency, shop.today)
        fill_rate(uow, command.id, command.vendor_id, currency, shop.base_currency, shop.today)
        if len(command.lines) > LINES_MAX:
            raise RuleViolationError(
                gettext("A purchase holds at most %(lines_max)s lines. Make two of it.", lines_max=LINES_MAX)
            )
        insert_lines(uow, command.id, command.vendor_id, currency, command.lines)
    return Recorded(command.id)


@whole_act
def copy_purchase(command: CopyPurchase, uow: UnitOfWork) -> Recorded:
    """Begin a draft with the head, lines and charges of a purchase, as they were.

    Raises:
        NotFoundError: The shop has no such purchase.
        RuleViolationError: It was deleted, or goods of it were returned, and it is to be corrected.
    """
    values = {"id": command.id, "purchase_id": command.purchase_id, "corrects": command.corrects}
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.purchase_id):
            return Recorded(command.id, replayed=True)
        found = uow.execute(
            """
            SELECT p.deleted_at IS NOT NULL AS is_deleted,
                   EXISTS (SELECT FROM purchase_lines AS l
                            WHERE l.tenant_id = %(tenant_id)s AND l.purchase_id = p.id AND l.returned > 0)
                       AS has_returns
              FROM purchases AS p
             WHERE p.tenant_id = %(tenant_id)s AND p.id = %(purchase_id)s
            """,
            values,
        ).one_or_none()
        if found is None:
            raise NotFoundError("There is no such purchase in this shop.")
        if command.corrects and (found.is_deleted or found.has_returns):
            raise RuleViolationError(
                "It was deleted already: copy it instead."
                if found.is_deleted
                else "Goods of it were returned. Delete the return first, then correct the purchase."
            )
        _copy(uow, values)
    return Recorded(command.id)


@whole_act
def change_draft(command: ChangeDraft, uow: UnitOfWork) -> ChangedDraft:
    """Change the head of a draft. A rate that was filled in is filled in again; one that was typed stays.

    Another vendor brings their currency along while there is nothing on the draft.

    Raises:
        NotFoundError: The shop has no such draft, or no such vendor.
        CurrencyAsksError: The currency changes, and nobody said what that means for what was typed.
        RuleViolationError: The vendor is archived, or the costs cannot be turned into the new currency.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.draft_id):
            return ChangedDraft(command.draft_id, replayed=True)
        before = touch_draft(uow, command.draft_id)
        is_filled = _is_filled(uow, command.draft_id)
        if command.vendor_id is not None and command.vendor_id != before.vendor_id:
            vendor = vendor_of(uow, command.vendor_id)
            if command.currency == before.currency and not is_filled:
                command = replace(command, currency=vendor.currency)
        is_other_currency = command.currency != before.currency
        if is_other_currency and is_filled and command.converts is None:
            raise CurrencyAsksError(
                gettext(
                    "What is on this purchase was typed in %(currency)s."
                    " Keep the numbers as they are in %(new_currency)s, or convert them?",
                    currency=before.currency,
                    new_currency=command.currency,
                )
            )
        uow.execute(
            """
            UPDATE purchase_drafts
               SET vendor_id = %(vendor_id)s, invoice_number = %(invoice_number)s, invoice_on = %(invoice_on)s,
                   received_on = %(received_on)s, due_on = %(due_on)s, currency = %(currency)s,
                   duplicate_reason = %(duplicate_reason)s, printed_total = %(printed_total)s, memo = %(memo)s
             WHERE tenant_id = %(tenant_id)s AND id = %(draft_id)s
            """,
            {
                "draft_id": command.draft_id,
                "vendor_id": command.vendor_id,
                "invoice_number": command.invoice_number,
                "invoice_on": command.invoice_on,
                "received_on": command.received_on,
                "due_on": command.due_on,
                "currency": command.currency,
                "duplicate_reason": command.duplicate_reason,
                "printed_total": command.printed_total if command.currency == before.currency else None,
                "memo": command.memo,
            },
        )
        base_currency = base_currency_of(uow)
        same = (command.vendor_id, command.invoice_on) == (before.vendor_id, before.invoice_on)
        if is_other_currency:
            _change_currency(uow, command, before, base_currency)
        refills = not same and before.rate_source in (None, "last", "table")
        if refills and not is_other_currency:
            fill_rate(uow, command.draft_id, command.vendor_id, command.currency, base_currency, command.invoice_on)
    return ChangedDraft(command.draft_id, is_other_currency, is_other_currency or not same)


@whole_act
def discard_draft(command: DiscardDraft, uow: UnitOfWork) -> Recorded:
    """Throw a draft away, with its lines and charges; nothing was posted.

    Raises:
        NotFoundError: The shop has no such draft.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.draft_id):
            return Recorded(command.draft_id, replayed=True)
        gone = uow.execute(
            "DELETE FROM purchase_drafts WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": command.draft_id}
        )
        if not gone.rowcount:
            raise NotFoundError(NO_DRAFT)
    return Recorded(command.draft_id)


def _is_filled(uow: UnitOfWork, draft_id: uuid.UUID) -> bool:
    """Say whether amounts were typed in the currency of a draft."""
    return bool(
        uow.execute(
            """
            SELECT EXISTS (SELECT FROM purchase_draft_lines AS l
                            WHERE l.tenant_id = %(tenant_id)s AND l.draft_id = %(id)s AND l.unit_cost IS NOT NULL)
                OR EXISTS (SELECT FROM purchase_draft_charges AS c
                            WHERE c.tenant_id = %(tenant_id)s AND c.draft_id = %(id)s AND c.payee_id IS NULL)
            """,
            {"id": draft_id},
        ).scalar_one()
    )


def _insert_draft(uow: UnitOfWork, id: uuid.UUID, vendor_id: uuid.UUID | None, currency: str, day: dt.date) -> None:
    uow.execute(
        """
        INSERT INTO purchase_drafts (tenant_id, id, user_id, vendor_id, invoice_on, currency, created_at)
        VALUES (%(tenant_id)s, %(id)s, %(user_id)s, %(vendor_id)s, %(day)s, %(currency)s, now())
        """,
        {"id": id, "user_id": uow.actor_id, "vendor_id": vendor_id, "day": day, "currency": currency},
    )


def _copy(uow: UnitOfWork, values: Mapping[str, object]) -> None:
    uow.execute(
        """
        INSERT INTO purchase_drafts
               (tenant_id, id, user_id, vendor_id, invoice_number, invoice_on, received_on, due_on, currency, rate,
                rate_unit, rate_source, rate_on, rate_by, charged_base, charged_total, memo, corrects_id, created_at)
        SELECT p.tenant_id, %(id)s::uuid, %(user_id)s::uuid, p.vendor_id,
               CASE WHEN %(corrects)s THEN p.invoice_number ELSE '' END, p.invoice_on,
               CASE WHEN %(corrects)s THEN p.received_on END, p.due_on, p.currency, p.rate, p.rate_unit, p.rate_source,
               p.rate_on, p.rate_by,
               CASE WHEN p.rate_source = 'amounts' AND p.total > 0 AND p.total_base > 0 THEN p.total_base END,
               CASE WHEN p.rate_source = 'amounts' AND p.total > 0 AND p.total_base > 0 THEN p.total END,
               p.memo, CASE WHEN %(corrects)s THEN p.id END, now()
          FROM purchases AS p
         WHERE p.tenant_id = %(tenant_id)s AND p.id = %(purchase_id)s
        """,
        {**values, "user_id": uow.actor_id},
    )
    uow.execute(
        """
        INSERT INTO purchase_draft_lines
               (tenant_id, draft_id, id, position, product_id, unit_id, quantity, unit_cost, discount_percent,
                tax_percent, weight, volume, net, tax)
        SELECT l.tenant_id, %(id)s::uuid, gen_random_uuid(), l.line, l.product_id, l.unit_id, l.quantity, l.unit_cost,
               l.discount_percent, l.tax_percent, l.weight, l.volume, l.net, l.tax
          FROM purchase_lines AS l
         WHERE l.tenant_id = %(tenant_id)s AND l.purchase_id = %(purchase_id)s
        """,
        values,
    )
    uow.execute(
        """
        INSERT INTO purchase_draft_charges
               (tenant_id, draft_id, id, name, payee_id, currency, net, tax_percent, tax, rate, rate_unit,
                rate_source, rate_on, rate_by, spread_by, by_hand)
        SELECT c.tenant_id, %(id)s::uuid, gen_random_uuid(), c.name, c.payee_id, c.currency, c.net, c.tax_percent,
               c.tax, c.rate, c.rate_unit, c.rate_source, c.rate_on, c.rate_by, c.spread_by,
               coalesce((SELECT jsonb_object_agg(d.id, c.by_hand[d.position])
                           FROM purchase_draft_lines AS d
                          WHERE d.tenant_id = %(tenant_id)s AND d.draft_id = %(id)s::uuid
                            AND c.by_hand[d.position] > 0), '{}')
          FROM purchase_charges AS c
         WHERE c.tenant_id = %(tenant_id)s AND c.purchase_id = %(purchase_id)s AND c.transaction_id = c.purchase_id
        """,
        values,
    )


def _change_currency(uow: UnitOfWork, command: ChangeDraft, before: Row[Any], base_currency: str) -> None:
    """Go over to another currency: costs stay as numbers, or are converted over the shop's currency."""
    fill_rate(uow, command.draft_id, command.vendor_id, command.currency, base_currency, command.invoice_on)
    factor = Fraction(1)
    if command.converts:
        after = uow.execute(
            "SELECT currency, rate, rate_unit FROM purchase_drafts WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
            {"id": command.draft_id},
        ).one()
        factor = _worth(before, base_currency) / _worth(after, base_currency)
    rows = uow.execute(LINES, {"draft_id": command.draft_id}).all()
    costs = [None if row.unit_cost is None else _converted(row.unit_cost, factor) for row in rows]
    amounts = [
        line_amounts(
            row.quantity,
            cost or Decimal(0),
            command.currency,
            row.discount_percent,
            input_rates(row.tax_percent, rates_of_class(row)),
        )
        for row, cost in zip(rows, costs, strict=True)
    ]
    uow.execute(
        """
        UPDATE purchase_draft_lines AS l
           SET unit_cost = n.unit_cost, net = n.net, tax = n.tax
          FROM unnest(%(ids)s::uuid[], %(costs)s::numeric[], %(nets)s::bigint[], %(taxes)s::bigint[])
               AS n(id, unit_cost, net, tax)
         WHERE l.tenant_id = %(tenant_id)s AND l.draft_id = %(draft_id)s AND l.id = n.id
        """,
        {
            "draft_id": command.draft_id,
            "ids": [row.id for row in rows],
            "costs": costs,
            "nets": [each.net for each in amounts],
            "taxes": [each.tax for each in amounts],
        },
    )
    _change_currency_of_charges(uow, command.draft_id, before.currency, command.currency, factor)


def _change_currency_of_charges(
    uow: UnitOfWork, draft_id: uuid.UUID, currency: str, new_currency: str, factor: Fraction
) -> None:
    """Take the charges on the invoice along to its new currency; shares typed by hand are asked for again."""
    rows = uow.execute(
        """
        SELECT id, net, tax_percent FROM purchase_draft_charges
         WHERE tenant_id = %(tenant_id)s AND draft_id = %(id)s AND payee_id IS NULL
        """,
        {"id": draft_id},
    ).all()
    scale = Fraction(10) ** (exponent(new_currency) - exponent(currency))
    nets = [max(1, round_half_up(row.net * factor * scale)) for row in rows]
    if any(net > AMOUNT_MAX for net in nets):
        raise InvalidAmountError(gettext("A charge would be more than the books can hold. Keep the numbers instead."))
    taxes = [tax_of(net, [row.tax_percent], inclusive=False).tax for row, net in zip(rows, nets, strict=True)]
    uow.execute(
        """
        UPDATE purchase_draft_charges AS c
           SET currency = %(currency)s, net = n.net, tax = n.tax, by_hand = '{}'
          FROM unnest(%(ids)s::uuid[], %(nets)s::bigint[], %(taxes)s::bigint[]) AS n(id, net, tax)
         WHERE c.tenant_id = %(tenant_id)s AND c.draft_id = %(draft_id)s AND c.id = n.id
        """,
        {
            "draft_id": draft_id,
            "currency": new_currency,
            "ids": [row.id for row in rows],
            "nets": nets,
            "taxes": taxes,
        },
    )


def _worth(draft: Row[Any], base_currency: str) -> Fraction:
    """Return what one whole unit of a draft's currency is worth in whole units of the base currency."""
    if draft.currency == base_currency:
        return Fraction(1)
    if draft.rate is None:
        raise RuleViolationError(
            gettext(
                "The costs cannot be converted without a rate between %(currency)s and"
                " %(base_currency)s. Enter it first, or keep the numbers.",
                currency=draft.currency,
                base_currency=base_currency,
            )
        )
    value = Fraction(draft.rate)
    return value if draft.rate_unit == draft.currency else 1 / value


def _converted(cost: Decimal, factor: Fraction) -> Decimal:
    millionths = round_half_up(Fraction(cost) * factor * 10**6)
    if millionths >= 10**21:
        raise InvalidAmountError("A cost would be more than the books can hold. Keep the numbers instead.")
    return Decimal(millionths).scaleb(-6)
