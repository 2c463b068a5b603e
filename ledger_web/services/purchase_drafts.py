"""Drafts of purchases: begun, filled line by line, thrown away. They post nothing; `purchases.receive_purchase` does.

Every act holds the draft's row, so two people on one draft take turns, and raises its version.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import Row

from ledger_web.domain.currencies import exponent
from ledger_web.domain.errors import (
    CurrencyAsksError,
    InvalidAmountError,
    InvalidQuantityError,
    NotFoundError,
    RuleViolationError,
)
from ledger_web.domain.exchange import Rate, derived_rate
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import AMOUNT_MAX
from ledger_web.domain.languages import gettext
from ledger_web.domain.numbers import round_half_up
from ledger_web.domain.purchases import (
    CHARGES_MAX,
    LINES_MAX,
    SPREADS,
    LineAmounts,
    charge_in_base,
    input_rates,
    line_amounts,
)
from ledger_web.domain.rates import make_rate
from ledger_web.domain.taxes import tax_of
from ledger_web.services.product_taxes import TAXES, TAXES_FROM, rates_of_class
from ledger_web.services.rates import FoundRate, base_currency_of, find_last_rate, find_table_rate
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

NO_DRAFT: Final = "There is no such draft in this shop. It was received or thrown away meanwhile, perhaps."
NO_LINE: Final = "This line is not on the draft any more. Scan the product again."
_COST_MAX: Final = Decimal(10) ** 15


@dataclass(frozen=True, kw_only=True)
class WantedLine:
    """A product to begin a draft with."""

    product_id: uuid.UUID
    quantity: Decimal  # of the unit, > 0
    unit_id: uuid.UUID | None = None  # None: the product's own unit
    unit_cost: Decimal | None = None  # whole units of the currency; None: what this vendor asked last


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
class SetRate:
    """Say at which rate: typed, filled from where one is known, or derived from what was charged."""

    op_id: uuid.UUID
    draft_id: uuid.UUID
    source: str  # "typed", "last", "table" or "amounts"
    value: Decimal | None = None  # typed
    unit: str | None = None
    charged_base: int | None = None  # what was charged for the whole invoice, minor units of the base currency


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


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """What a change of a line left behind."""

    line_id: uuid.UUID
    before: LineAmounts | None  # what the line came to; None: it is new
    replayed: bool = False
    place: int = 0  # of a line that was removed: how many lines stand before it


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
        vendor = _vendor(uow, command.vendor_id) if command.vendor_id else None
        currency = command.currency or (vendor.currency if vendor else shop.base_currency)
        _insert_draft(uow, command.id, command.vendor_id, currency, shop.today)
        _fill_rate(uow, command.id, command.vendor_id, currency, shop.base_currency, shop.today)
        if len(command.lines) > LINES_MAX:
            raise RuleViolationError(
                gettext("A purchase holds at most %(lines_max)s lines. Make two of it.", lines_max=LINES_MAX)
            )
        _insert_lines(uow, command.id, command.vendor_id, currency, command.lines)
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
        before = _touch(uow, command.draft_id)
        is_filled = _is_filled(uow, command.draft_id)
        if command.vendor_id is not None and command.vendor_id != before.vendor_id:
            vendor = _vendor(uow, command.vendor_id)
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
            _fill_rate(uow, command.draft_id, command.vendor_id, command.currency, base_currency, command.invoice_on)
    return ChangedDraft(command.draft_id, is_other_currency, is_other_currency or not same)


@whole_act
def set_rate(command: SetRate, uow: UnitOfWork) -> Recorded:
    """Set the rate of a draft, and remember where it came from and who said so.

    Raises:
        NotFoundError: The shop has no such draft.
        RuleViolationError: It is in the shop's own currency, no such rate is known, or nothing was bought yet that a
            charged amount could be for.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.draft_id):
            return Recorded(command.draft_id, replayed=True)
        draft = _touch(uow, command.draft_id)
        base_currency = base_currency_of(uow)
        if draft.currency == base_currency:
            raise RuleViolationError(
                gettext(
                    "The purchase is in %(base_currency)s itself: the rate is 1 and stays so.",
                    base_currency=base_currency,
                )
            )
        if command.source in ("last", "table"):
            found = _known_rate(uow, command.source, draft)
            _store_rate(uow, draft.id, found.rate, found.source, found.rate_on)
        elif command.source == "amounts":
            _derive_rate(uow, draft, base_currency, command.charged_base or 0)
        else:
            if command.value is None or command.unit is None:
                raise RuleViolationError(
                    gettext(
                        "Enter the rate between %(currency)s and %(base_currency)s.",
                        currency=draft.currency,
                        base_currency=base_currency,
                    )
                )
            rate = make_rate(command.value, command.unit, draft.currency, base_currency)
            _store_rate(uow, draft.id, rate, "typed", draft.invoice_on)
    return Recorded(command.draft_id)


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
        draft = _touch(uow, command.draft_id)
        there = uow.execute(
            f"""
            {_LINES}
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
        _insert_lines(uow, draft.id, draft.vendor_id, draft.currency, (wanted,), first_id=command.id)
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
        draft = _touch(uow, command.draft_id)
        there = uow.execute(f"{_LINES} AND l.id = %(id)s", {"draft_id": draft.id, "id": command.line_id}).one_or_none()
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
        draft = _touch(uow, command.draft_id)
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
        draft = _touch(uow, command.draft_id)
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
            _vendor(uow, command.payee_id)
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
            f"SELECT {_HEAD} FROM purchase_drafts WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
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
        draft = _touch(uow, command.draft_id)
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
        draft = _touch(uow, command.draft_id)
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


_LINES: Final = f"""
            SELECT l.id, l.product_id, l.unit_id, l.quantity, l.unit_cost, l.discount_percent, l.tax_percent,
                   l.weight, l.volume, l.net, l.tax, {TAXES}
              FROM purchase_draft_lines AS l
              JOIN products AS p ON p.tenant_id = %(tenant_id)s AND p.id = l.product_id {TAXES_FROM}
             WHERE l.tenant_id = %(tenant_id)s AND l.draft_id = %(draft_id)s
"""


_HEAD: Final = "id, vendor_id, currency, rate, rate_unit, rate_source, invoice_on"


def _touch(uow: UnitOfWork, draft_id: uuid.UUID) -> Row[Any]:
    """Lock a draft and raise its version."""
    row = uow.execute(
        f"""
        UPDATE purchase_drafts SET version = version + 1
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        RETURNING {_HEAD}
        """,
        {"id": draft_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError(NO_DRAFT)
    return row


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


def _vendor(uow: UnitOfWork, vendor_id: uuid.UUID) -> Row[Any]:
    row = uow.execute(
        """
        SELECT name, currency, archived_at FROM parties
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND kind = 'vendor'
        """,
        {"id": vendor_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such vendor in this shop. Choose the vendor again.")
    if row.archived_at is not None:
        raise RuleViolationError(gettext("%(name)s is archived. Take them out of the archive first.", name=row.name))
    return row


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


def _fill_rate(
    uow: UnitOfWork, draft_id: uuid.UUID, vendor_id: uuid.UUID | None, currency: str, base_currency: str, on: dt.date
) -> None:
    """Fill the rate from the vendor's last purchase, else from the table; where none is known it stays empty."""
    found = None
    if currency != base_currency:
        found = find_last_rate(uow, vendor_id, currency) or find_table_rate(uow, currency, on)
    if found is None:
        _store_rate(uow, draft_id, None, None, None)
    else:
        _store_rate(uow, draft_id, found.rate, found.source, found.rate_on)


def _store_rate(
    uow: UnitOfWork,
    draft_id: uuid.UUID,
    rate: Rate | None,
    source: str | None,
    rate_on: dt.date | None,
    charged: tuple[int, int] | None = None,
) -> None:
    uow.execute(
        """
        UPDATE purchase_drafts
           SET rate = %(rate)s, rate_unit = %(unit)s, rate_source = %(source)s, rate_on = %(rate_on)s,
               rate_by = %(rate_by)s, charged_base = %(charged_base)s, charged_total = %(charged_total)s
         WHERE tenant_id = %(tenant_id)s AND id = %(draft_id)s
        """,
        {
            "draft_id": draft_id,
            "rate": rate.value if rate else None,
            "unit": rate.unit if rate else None,
            "source": source,
            "rate_on": rate_on,
            "rate_by": uow.actor_id if rate else None,
            "charged_base": charged[0] if charged else None,
            "charged_total": charged[1] if charged else None,
        },
    )


def _known_rate(uow: UnitOfWork, source: str, draft: Row[Any]) -> FoundRate:
    found = (
        find_last_rate(uow, draft.vendor_id, draft.currency)
        if source == "last"
        else find_table_rate(uow, draft.currency, draft.invoice_on)
    )
    if found is None:
        raise RuleViolationError(
            gettext(
                "There is no earlier purchase of this vendor in %(currency)s. Type the rate.", currency=draft.currency
            )
            if source == "last"
            else gettext(
                "The shop’s rates say nothing about %(currency)s on %(invoice_on)s. Type the rate.",
                currency=draft.currency,
                invoice_on=f"{draft.invoice_on:%Y-%m-%d}",
            )
        )
    return found


def _derive_rate(uow: UnitOfWork, draft: Row[Any], base_currency: str, charged_base: int) -> None:
    """Find the rate from what was charged for the whole invoice, as it stands now."""
    total = uow.execute(
        """
        SELECT coalesce((SELECT sum(net + tax) FROM purchase_draft_lines
                          WHERE tenant_id = %(tenant_id)s AND draft_id = %(id)s), 0)
             + coalesce((SELECT sum(net + tax) FROM purchase_draft_charges
                          WHERE tenant_id = %(tenant_id)s AND draft_id = %(id)s AND payee_id IS NULL), 0)
        """,
        {"id": draft.id},
    ).scalar_one()
    printed = uow.execute(
        "SELECT printed_total FROM purchase_drafts WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": draft.id}
    ).scalar_one()
    total = int(total if printed is None else printed)
    if total <= 0 or charged_base <= 0:
        raise RuleViolationError(
            "Enter the lines first, then what was charged for them: the rate is found from both totals."
        )
    rate = derived_rate(total, draft.currency, charged_base, base_currency)
    if rate.value <= 0:
        raise RuleViolationError("No rate lies between these two amounts. Look at both of them again.")
    _store_rate(uow, draft.id, rate, "amounts", draft.invoice_on, (charged_base, total))


def _change_currency(uow: UnitOfWork, command: ChangeDraft, before: Row[Any], base_currency: str) -> None:
    """Go over to another currency: costs stay as numbers, or are converted over the shop's currency."""
    _fill_rate(uow, command.draft_id, command.vendor_id, command.currency, base_currency, command.invoice_on)
    factor = Fraction(1)
    if command.converts:
        after = uow.execute(
            "SELECT currency, rate, rate_unit FROM purchase_drafts WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
            {"id": command.draft_id},
        ).one()
        factor = _worth(before, base_currency) / _worth(after, base_currency)
    rows = uow.execute(_LINES, {"draft_id": command.draft_id}).all()
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


def _insert_lines(
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
