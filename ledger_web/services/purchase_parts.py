"""Drafts of which only a part came: what has not come yet goes into a draft of its own. Posts nothing.

Each part is received as a purchase of its own, at the rate of the document. Charges go with what came by the share it
bears of them, so that both parts together bear all of each.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import Row

from ledger_web.domain.errors import NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import gettext
from ledger_web.domain.numbers import round_half_up
from ledger_web.domain.purchases import (
    BoughtLine,
    Charge,
    LineAmounts,
    input_rates,
    line_amounts,
    part_of,
    spread_charge,
)
from ledger_web.domain.taxes import tax_of
from ledger_web.domain.units import in_base
from ledger_web.services.product_taxes import TAXES, TAXES_FROM, rates_of_class
from ledger_web.services.purchase_draft_heads import NO_DRAFT
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

_MILLIONTH: Final = Decimal("0.000001")


@dataclass(frozen=True, kw_only=True)
class SplitDraft:
    """Say how much of each line came. The draft keeps that; the rest waits in a draft of its own."""

    id: uuid.UUID  # of the rest's draft
    draft_id: uuid.UUID
    version: int
    came: tuple[tuple[uuid.UUID, Decimal], ...]  # line and quantity, in the line's unit


@dataclass(frozen=True, slots=True)
class _Line:
    """A line with how much of it came, and what both parts of it come to."""

    row: Row[Any]
    rest_id: uuid.UUID  # of the line that holds the rest
    came: Decimal
    bought: BoughtLine  # all of it
    here: LineAmounts
    there: LineAmounts

    @property
    def rest(self) -> Decimal:
        return Decimal(self.row.quantity) - self.came

    def share(self, figure: Decimal | None) -> Decimal | None:
        """Return what came of a weight or a volume."""
        if figure is None:
            return None
        return (figure * self.came / Decimal(self.row.quantity)).quantize(_MILLIONTH)


@dataclass(frozen=True, slots=True)
class _Charge:
    """A charge with what the goods that came bear of it, and by hand each line's share of both parts."""

    row: Row[Any]
    rest_id: uuid.UUID
    net: int
    by_hand: Mapping[str, int]
    rest_by_hand: Mapping[str, int]

    def total(self, net: int) -> int:
        return net + _tax(net, self.row)

    @property
    def rest(self) -> int:
        return int(self.row.net) - self.net


@whole_act
def split_draft(command: SplitDraft, uow: UnitOfWork) -> Recorded:
    """Leave on a draft what came, and put what did not into another.

    Raises:
        NotFoundError: The shop has no such draft.
        StaleEditError: The draft was changed since it was shown.
        RuleViolationError: Nothing came, or all of it, or more; it corrects another, or a charge cannot be spread.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.draft_id):
            return Recorded(command.id, replayed=True)
        draft = _hold(uow, command)
        lines = _lines(uow, draft, dict(command.came))
        charges = [_part(row, lines) for row in _charge_rows(uow, draft.id)]
        _insert_rest(uow, command.id, draft, lines, charges)
        _split_lines(uow, command, lines)
        _split_charges(uow, command, charges)
    return Recorded(command.id)


def _hold(uow: UnitOfWork, command: SplitDraft) -> Row[Any]:
    """Lock the draft and raise its version."""
    draft = uow.execute(
        """
        UPDATE purchase_drafts SET version = version + 1
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        RETURNING id, version, currency, corrects_id, printed_total, charged_base, charged_total,
                  coalesce((SELECT rounding_max FROM purchase_settings WHERE tenant_id = %(tenant_id)s), 100)
                      AS rounding_max
        """,
        {"id": command.draft_id},
    ).one_or_none()
    if draft is None:
        raise NotFoundError(NO_DRAFT)
    if draft.version != command.version + 1:
        raise StaleEditError("The draft was changed in another window. Look at it once more, then say what came.")
    if draft.corrects_id is not None:
        raise RuleViolationError(
            "What corrects a purchase takes its place as a whole. Change the quantities on the draft instead."
        )
    return draft


def _lines(uow: UnitOfWork, draft: Row[Any], came: Mapping[uuid.UUID, Decimal]) -> list[_Line]:
    rows = uow.execute(
        f"""
        SELECT l.id, p.name, p.unit, u.name AS unit_name, coalesce(u.factor_numerator, 1) AS numerator,
               coalesce(u.factor_denominator, 1) AS denominator, l.quantity, l.unit_cost, l.discount_percent,
               l.tax_percent, l.weight, l.volume, l.net, l.tax, {TAXES}
          FROM purchase_draft_lines AS l
          JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = l.product_id
          LEFT JOIN product_units AS u
            ON u.tenant_id = %(tenant_id)s AND u.product_id = l.product_id AND u.id = l.unit_id {TAXES_FROM}
         WHERE l.tenant_id = %(tenant_id)s AND l.draft_id = %(id)s
         ORDER BY l.position, l.id
        """,
        {"id": draft.id},
    ).all()
    lines = [_line(row, draft.currency, came.get(row.id, Decimal(0))) for row in rows]
    if not any(line.came for line in lines):
        raise RuleViolationError("Enter how much came of at least one line.")
    if not any(line.rest for line in lines):
        raise RuleViolationError("All of it came: receive it as it is.")
    return lines


def _line(row: Row[Any], currency: str, came: Decimal) -> _Line:
    if not 0 <= came <= row.quantity:
        raise RuleViolationError(
            gettext(
                "More of %(name)s came than is on the draft. Change the quantity there first, if that is right.",
                name=row.name,
            )
        )
    quantity = in_base(row.quantity, Fraction(row.numerator, row.denominator), row.unit_name or row.unit)
    bought = BoughtLine(row.net, row.tax, quantity, row.weight or Decimal(0), row.volume or Decimal(0))
    rates = input_rates(row.tax_percent, rates_of_class(row))
    here, there = (
        line_amounts(part, row.unit_cost or Decimal(0), currency, row.discount_percent, rates)
        for part in (came, row.quantity - came)
    )
    # What stays, or goes, as a whole keeps its number: shares by hand are said by it.
    return _Line(row, new_id() if came else row.id, came, bought, here, there)


def _charge_rows(uow: UnitOfWork, draft_id: uuid.UUID) -> Sequence[Row[Any]]:
    return uow.execute(
        """
        SELECT id, payee_id, currency, net, tax_percent, spread_by, by_hand FROM purchase_draft_charges
         WHERE tenant_id = %(tenant_id)s AND draft_id = %(id)s
         ORDER BY id
        """,
        {"id": draft_id},
    ).all()


def _part(row: Row[Any], lines: Sequence[_Line]) -> _Charge:
    """Say what of a charge goes with what came: of each line's share, as much as came of the line."""
    by_hand = tuple(int(row.by_hand.get(str(line.row.id), 0)) for line in lines) if row.spread_by == "hand" else ()
    charge = Charge(row.net, 0, row.currency, None, row.spread_by, row.payee_id, by_hand)
    shares = spread_charge(charge, row.net, [line.bought for line in lines])
    parts = [
        part_of(share, line.row.quantity, Decimal(0), line.came) for share, line in zip(shares, lines, strict=True)
    ]
    if row.spread_by != "hand":
        return _Charge(row, new_id(), sum(parts), {}, {})
    here = {str(line.row.id): part for part, line in zip(parts, lines, strict=True) if part}
    there = {
        str(line.rest_id): share - part for share, part, line in zip(shares, parts, lines, strict=True) if share > part
    }
    return _Charge(row, new_id(), sum(parts), here, there)


def _tax(net: int, charge: Row[Any]) -> int:
    return tax_of(net, [charge.tax_percent], inclusive=False).tax


def _insert_rest(
    uow: UnitOfWork, id: uuid.UUID, draft: Row[Any], lines: Sequence[_Line], charges: Sequence[_Charge]
) -> None:
    """Begin the draft of the rest; what the invoice came to as a whole is still what both parts come to."""
    on_it = [each for each in charges if each.row.payee_id is None]
    whole = sum(line.row.net + line.row.tax for line in lines) + sum(each.total(each.row.net) for each in on_it)
    here = sum(line.here.total for line in lines) + sum(each.total(each.net) for each in on_it)
    there = sum(line.there.total for line in lines) + sum(each.total(each.rest) for each in on_it)
    printed = None
    if draft.printed_total is not None:
        printed = max(draft.printed_total - here, 0)
    elif 0 < abs(whole - here - there) <= draft.rounding_max:
        printed = whole - here
    total = whole if draft.printed_total is None else draft.printed_total
    charged = _charged(draft, here) if draft.charged_total == total else None
    uow.execute(
        """
        INSERT INTO purchase_drafts
               (tenant_id, id, user_id, vendor_id, invoice_number, duplicate_reason, invoice_on, due_on, currency, rate,
                rate_unit, rate_source, rate_on, rate_by, charged_base, charged_total, printed_total, memo, rest_of,
                created_at)
        SELECT tenant_id, %(id)s::uuid, %(user_id)s::uuid, vendor_id, invoice_number,
               CASE WHEN invoice_number = '' THEN '' ELSE %(reason)s END, invoice_on, due_on, currency, rate, rate_unit,
               rate_source, rate_on, rate_by, charged_base - %(base)s::bigint, charged_total - %(total)s::bigint,
               %(printed)s::bigint, memo, id, now()
          FROM purchase_drafts
         WHERE tenant_id = %(tenant_id)s AND id = %(draft_id)s
        """,
        {
            "id": id,
            "draft_id": draft.id,
            "user_id": uow.actor_id,
            "reason": gettext("The rest of it"),
            "base": charged,
            "total": here if charged else None,
            "printed": printed,
        },
    )
    uow.execute(
        """
        UPDATE purchase_drafts
           SET printed_total = NULL, charged_base = %(base)s, charged_total = %(total)s
         WHERE tenant_id = %(tenant_id)s AND id = %(draft_id)s
        """,
        {"draft_id": draft.id, "base": charged, "total": here if charged else None},
    )


def _charged(draft: Row[Any], here: int) -> int | None:
    """Return what of the amount that was charged for all is for what came; None where one part would get none."""
    part = round_half_up(Fraction(draft.charged_base * here, draft.charged_total))
    return part if 0 < part < draft.charged_base and 0 < here < draft.charged_total else None


def _split_lines(uow: UnitOfWork, command: SplitDraft, lines: Sequence[_Line]) -> None:
    """Lines of which nothing came move over; of the others what did not come is copied, then taken off."""
    uow.execute(
        """
        UPDATE purchase_draft_lines SET draft_id = %(rest_id)s
         WHERE tenant_id = %(tenant_id)s AND draft_id = %(draft_id)s AND id = ANY(%(ids)s)
        """,
        {
            "rest_id": command.id,
            "draft_id": command.draft_id,
            "ids": [line.row.id for line in lines if not line.came],
        },
    )
    parted = [line for line in lines if line.came and line.rest]
    uow.execute(
        """
        INSERT INTO purchase_draft_lines
               (tenant_id, draft_id, id, position, product_id, unit_id, quantity, unit_cost, discount_percent,
                tax_percent, weight, volume, net, tax)
        SELECT l.tenant_id, %(rest_id)s::uuid, n.rest_id, l.position, l.product_id, l.unit_id, l.quantity - n.came,
               l.unit_cost, l.discount_percent, l.tax_percent, l.weight - n.weight, l.volume - n.volume, n.net, n.tax
          FROM unnest(%(ids)s::uuid[], %(rest_ids)s::uuid[], %(came)s::numeric[], %(weights)s::numeric[],
                      %(volumes)s::numeric[], %(nets)s::bigint[], %(taxes)s::bigint[])
               AS n(id, rest_id, came, weight, volume, net, tax)
          JOIN purchase_draft_lines AS l
            ON l.tenant_id = %(tenant_id)s AND l.draft_id = %(draft_id)s AND l.id = n.id
        """,
        _columns(command, parted, [line.there for line in parted]),
    )
    uow.execute(
        """
        UPDATE purchase_draft_lines AS l
           SET quantity = n.came, weight = n.weight, volume = n.volume, net = n.net, tax = n.tax
          FROM unnest(%(ids)s::uuid[], %(rest_ids)s::uuid[], %(came)s::numeric[], %(weights)s::numeric[],
                      %(volumes)s::numeric[], %(nets)s::bigint[], %(taxes)s::bigint[])
               AS n(id, rest_id, came, weight, volume, net, tax)
         WHERE l.tenant_id = %(tenant_id)s AND l.draft_id = %(draft_id)s AND l.id = n.id
        """,
        _columns(command, parted, [line.here for line in parted]),
    )


def _columns(command: SplitDraft, lines: Sequence[_Line], amounts: Sequence[LineAmounts]) -> dict[str, Any]:
    return {
        "rest_id": command.id,
        "draft_id": command.draft_id,
        "ids": [line.row.id for line in lines],
        "rest_ids": [line.rest_id for line in lines],
        "came": [line.came for line in lines],
        "weights": [line.share(line.row.weight) for line in lines],
        "volumes": [line.share(line.row.volume) for line in lines],
        "nets": [each.net for each in amounts],
        "taxes": [each.tax for each in amounts],
    }


def _split_charges(uow: UnitOfWork, command: SplitDraft, charges: Sequence[_Charge]) -> None:
    """What goods that did not come bear of a charge goes over; a charge that one part bears nothing of is not on it."""
    over = [each for each in charges if each.rest]
    uow.execute(
        """
        INSERT INTO purchase_draft_charges
               (tenant_id, draft_id, id, name, payee_id, currency, net, tax_percent, tax, rate, rate_unit, rate_source,
                rate_on, rate_by, spread_by, by_hand)
        SELECT c.tenant_id, %(rest_id)s::uuid, n.rest_id, c.name, c.payee_id, c.currency, n.net, c.tax_percent, n.tax,
               c.rate, c.rate_unit, c.rate_source, c.rate_on, c.rate_by, c.spread_by, n.by_hand::jsonb
          FROM unnest(%(ids)s::uuid[], %(rest_ids)s::uuid[], %(nets)s::bigint[], %(taxes)s::bigint[],
                      %(by_hand)s::text[]) AS n(id, rest_id, net, tax, by_hand)
          JOIN purchase_draft_charges AS c
            ON c.tenant_id = %(tenant_id)s AND c.draft_id = %(draft_id)s AND c.id = n.id
        """,
        {
            "rest_id": command.id,
            "draft_id": command.draft_id,
            "ids": [each.row.id for each in over],
            "rest_ids": [each.rest_id for each in over],
            "nets": [each.rest for each in over],
            "taxes": [_tax(each.rest, each.row) for each in over],
            "by_hand": [json.dumps(each.rest_by_hand) for each in over],
        },
    )
    uow.execute(
        """
        DELETE FROM purchase_draft_charges
         WHERE tenant_id = %(tenant_id)s AND draft_id = %(draft_id)s AND id = ANY(%(ids)s)
        """,
        {"draft_id": command.draft_id, "ids": [each.row.id for each in charges if not each.net]},
    )
    kept = [each for each in charges if each.net and each.rest]
    uow.execute(
        """
        UPDATE purchase_draft_charges AS c
           SET net = n.net, tax = n.tax, by_hand = n.by_hand::jsonb
          FROM unnest(%(ids)s::uuid[], %(nets)s::bigint[], %(taxes)s::bigint[], %(by_hand)s::text[])
               AS n(id, net, tax, by_hand)
         WHERE c.tenant_id = %(tenant_id)s AND c.draft_id = %(draft_id)s AND c.id = n.id
        """,
        {
            "draft_id": command.draft_id,
            "ids": [each.row.id for each in kept],
            "nets": [each.net for each in kept],
            "taxes": [_tax(each.net, each.row) for each in kept],
            "by_hand": [json.dumps(each.by_hand) for each in kept],
        },
    )
