"""Charges on drafts of purchases: freight, duty, a broker. Put on, shared by hand, taken off."""

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Row

from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.exchange import Rate
from ledger_web.domain.journal import AMOUNT_MAX
from ledger_web.domain.languages import gettext
from ledger_web.domain.purchases import CHARGES_MAX, SPREADS, charge_in_base
from ledger_web.domain.rates import make_rate
from ledger_web.domain.taxes import tax_of
from ledger_web.services.purchase_draft_heads import HEAD, NO_DRAFT, touch_draft, vendor_of
from ledger_web.services.rates import FoundRate, base_currency_of, find_table_rate
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class AddDraftCharge:
    """Put freight, duty or a broker on a draft."""

    id: uuid.UUID
    draft_id: uuid.UUID
    name: str
    payee_id: uuid.UUID | None  # None: on the vendor's invoice, in its currency
    currency: str
    net: int  # minor units of `currency`, > 0
    tax_percent: Decimal
    rate: Decimal | None  # None: from the shop's table for the invoice's day, if it is needed
    rate_unit: str | None
    spread_by: str  # one of SPREADS


@dataclass(frozen=True, kw_only=True)
class ShareDraftCharge:
    """Say by hand what each line bears of a charge."""

    op_id: uuid.UUID
    draft_id: uuid.UUID
    charge_id: uuid.UUID
    shares: tuple[tuple[uuid.UUID, int], ...]  # line and minor units of the charge's currency


@dataclass(frozen=True, kw_only=True)
class RemoveDraftCharge:
    """Take a charge off a draft."""

    op_id: uuid.UUID
    draft_id: uuid.UUID
    charge_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class ChargePreview:
    """What a charge comes to, before it is put on a draft. Minor units."""

    currency: str
    total: int  # with its tax
    base_currency: str
    total_base: int
    tax_base: int
    rate: Rate | None


@whole_act
def add_draft_charge(command: AddDraftCharge, uow: UnitOfWork) -> Recorded:
    """Put a charge on a draft; in a currency of its own with a rate of its own.

    Raises:
        NotFoundError: The shop has no such draft or vendor.
        RuleViolationError: There are too many charges, the payee is archived, or the rate makes no sense.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.draft_id):
            return Recorded(command.draft_id, replayed=True)
        draft = touch_draft(uow, command.draft_id)
        count = uow.execute(
            """
            SELECT count(*) FROM purchase_draft_charges WHERE tenant_id = %(tenant_id)s AND draft_id = %(draft_id)s
            """,
            {"draft_id": draft.id},
        ).scalar_one()
        if count >= CHARGES_MAX:
            raise RuleViolationError(
                gettext(
                    "A purchase has at most %(charges_max)s charges. Put some of them together.",
                    charges_max=CHARGES_MAX,
                )
            )
        if command.spread_by not in SPREADS:
            raise RuleViolationError("Choose how the charge is spread over the lines.")
        if command.payee_id is not None:
            vendor_of(uow, command.payee_id)
        currency = command.currency if command.payee_id else draft.currency
        found = _charge_rate(uow, command, draft, currency)
        uow.execute(
            """
            INSERT INTO purchase_draft_charges
                   (tenant_id, draft_id, id, name, payee_id, currency, net, tax_percent, tax, rate, rate_unit,
                    rate_source, rate_on, rate_by, spread_by)
            VALUES (%(tenant_id)s, %(draft_id)s, %(id)s, %(name)s, %(payee_id)s, %(currency)s, %(net)s,
                    %(tax_percent)s, %(tax)s, %(rate)s, %(rate_unit)s, %(rate_source)s, %(rate_on)s, %(rate_by)s,
                    %(spread_by)s)
            """,
            {
                "draft_id": draft.id,
                "id": command.id,
                "name": command.name,
                "payee_id": command.payee_id,
                "currency": currency,
                "net": command.net,
                "tax_percent": command.tax_percent,
                "tax": tax_of(command.net, [command.tax_percent], inclusive=False).tax,
                "rate": found.rate.value if found else None,
                "rate_unit": found.rate.unit if found else None,
                "rate_source": found.source if found else None,
                "rate_on": found.rate_on if found else None,
                "rate_by": uow.actor_id if found else None,
                "spread_by": command.spread_by,
            },
        )
    return Recorded(command.draft_id)


def preview_draft_charge(command: AddDraftCharge, uow: UnitOfWork) -> ChargePreview:
    """Say what a charge would come to in the shop's currency. Writes and locks nothing.

    Raises:
        NotFoundError: The shop has no such draft.
        RuleViolationError: A rate is missing or makes no sense.
    """
    with uow:
        draft = uow.execute(
            f"SELECT {HEAD} FROM purchase_drafts WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
            {"id": command.draft_id},
        ).one_or_none()
        if draft is None:
            raise NotFoundError(NO_DRAFT)
        base_currency = base_currency_of(uow)
        currency = command.currency if command.payee_id else draft.currency
        found = _charge_rate(uow, command, draft, currency)
        rate = found.rate if found else None
        if command.payee_id is None and draft.rate is not None and currency != base_currency:
            rate = make_rate(draft.rate, draft.rate_unit, currency, base_currency)
        if rate is None and currency != base_currency:
            raise RuleViolationError(
                gettext(
                    "Enter the rate between %(currency)s and %(base_currency)s first.",
                    currency=currency,
                    base_currency=base_currency,
                )
            )
        tax = tax_of(command.net, [command.tax_percent], inclusive=False).tax
        net_base, tax_base = charge_in_base(command.net, tax, currency, rate)
    return ChargePreview(currency, command.net + tax, base_currency, net_base + tax_base, tax_base, rate)


@whole_act
def share_draft_charge(command: ShareDraftCharge, uow: UnitOfWork) -> Recorded:
    """Keep what each line bears of a charge; that it adds up is looked at when it is received.

    Raises:
        NotFoundError: The shop has no such draft, or the charge was removed meanwhile.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.charge_id):
            return Recorded(command.draft_id, replayed=True)
        draft = touch_draft(uow, command.draft_id)
        shares = {str(line_id): amount for line_id, amount in command.shares if 0 < amount <= AMOUNT_MAX}
        done = uow.execute(
            """
            UPDATE purchase_draft_charges SET by_hand = %(shares)s, spread_by = 'hand'
             WHERE tenant_id = %(tenant_id)s AND draft_id = %(draft_id)s AND id = %(id)s
            """,
            {"draft_id": draft.id, "id": command.charge_id, "shares": Jsonb(shares)},
        )
        if not done.rowcount:
            raise NotFoundError("This charge is not on the draft any more.")
    return Recorded(command.draft_id)


@whole_act
def remove_draft_charge(command: RemoveDraftCharge, uow: UnitOfWork) -> Recorded:
    """Take a charge off a draft.

    Raises:
        NotFoundError: The shop has no such draft, or the charge was removed meanwhile.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.charge_id):
            return Recorded(command.draft_id, replayed=True)
        draft = touch_draft(uow, command.draft_id)
        done = uow.execute(
            """
            DELETE FROM purchase_draft_charges
             WHERE tenant_id = %(tenant_id)s AND draft_id = %(draft_id)s AND id = %(id)s
            """,
            {"draft_id": draft.id, "id": command.charge_id},
        )
        if not done.rowcount:
            raise NotFoundError("This charge is not on the draft any more.")
    return Recorded(command.draft_id)


def _charge_rate(uow: UnitOfWork, command: AddDraftCharge, draft: Row[Any], currency: str) -> FoundRate | None:
    """Return the rate of a charge with a payee of its own; None where it needs none, or none is known yet."""
    base_currency = base_currency_of(uow)
    if command.payee_id is None or currency == base_currency:
        return None
    if command.rate is not None:
        rate = make_rate(command.rate, command.rate_unit or currency, currency, base_currency)
        return FoundRate(rate, "typed", draft.invoice_on)
    found = find_table_rate(uow, currency, draft.invoice_on)
    if found is None:
        raise RuleViolationError(
            gettext(
                "Enter the rate between %(currency)s and %(base_currency)s for this charge.",
                currency=currency,
                base_currency=base_currency,
            )
        )
    return found
