"""Payments: money from and to customers, vendors, employees and members; what they owed before the shop's first day."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.exchange import Exchanged, exchanged, realised_entries
from ledger_web.domain.journal import AccountKey, Entry, equity, exchange
from ledger_web.domain.languages import gettext
from ledger_web.domain.open_items import OPPOSITE, Item, Share, oldest_first, shares, side_of
from ledger_web.domain.places import Place, bank_place, drawer_place
from ledger_web.services import open_items
from ledger_web.services.effects import balance_effects
from ledger_web.services.open_items import Holder
from ledger_web.services.places import money_at
from ledger_web.services.reversals import BalanceEffect
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

DOCUMENTS_MAX = 1000  # one payment settles at most


@dataclass(frozen=True, kw_only=True)
class RecordPayment:
    """Take money from a party into a drawer or a bank account, or pay it out of one.

    Where it settles a debt in another currency, two of the three say the third: the amount paid, the amount settled,
    the rate. All amounts are minor units of the currency beside them.
    """

    id: uuid.UUID
    party_id: uuid.UUID
    direction: str  # "in" or "out"
    drawer_id: uuid.UUID | None = None  # this, or bank_id
    bank_id: uuid.UUID | None = None
    currency: str
    amount: int | None  # > 0: what is paid; None only where another currency and a rate say it
    tendered: int | None = None  # >= amount: what was handed over; None: exactly the amount
    settled_currency: str | None = None  # of the debt; None: the currency of the payment
    settled_amount: int | None = None  # > 0
    rate: Decimal | None = None  # one rate_unit is so much of the other currency
    rate_unit: str | None = None
    allocations: tuple[tuple[uuid.UUID, int], ...] | None = None  # document and amount; None: oldest due first
    memo: str = ""
    occurred_on: dt.date | None = None  # None: today in the shop's time zone

    @property
    def place(self) -> Place:
        if (self.drawer_id is None) == (self.bank_id is None):
            raise RuleViolationError("Choose one drawer or one bank account for this payment.")
        return drawer_place(self.drawer_id) if self.drawer_id else bank_place(self.bank_id or uuid.UUID(int=0))


@dataclass(frozen=True, kw_only=True)
class RecordOpeningBalance:
    """Bring in a debt from before the shop kept its books here; in a foreign currency perhaps with what it is worth."""

    id: uuid.UUID
    party_id: uuid.UUID
    currency: str
    amount: int  # minor units, > 0
    is_owed_to_us: bool  # False: the shop owes it
    rate: Decimal | None = None  # one rate_unit is so much of the other; between `currency` and the base currency
    rate_unit: str | None = None
    occurred_on: dt.date | None = None  # None: today in the shop's time zone
    memo: str = ""


@dataclass(frozen=True, slots=True)
class PaymentPlan:
    """What a payment will do: made before it is saved for the preview, and once more when it is."""

    amount: int  # paid, minor units of the payment's currency
    settled_amount: int  # minor units of `item.currency`
    exchange: Exchanged | None  # None: the debt is in the currency of the payment
    item: Item
    shares: tuple[Share, ...]
    realised: int  # gain in the base currency, a loss below zero
    base_currency: str
    entries: tuple[Entry, ...]

    @property
    def unallocated(self) -> int:
        """What stays as credit, or of money paid back as a debt."""
        return self.settled_amount - sum(share.amount for share in self.shares)

    def settles(self, id: uuid.UUID) -> int:
        """Return how much of a document is settled by it."""
        return sum(share.amount for share in self.shares if id in (share.credit_id, share.charge_id))


@dataclass(frozen=True, slots=True)
class PaymentPreview:
    """What a payment will do, and to which balances."""

    plan: PaymentPlan
    balances: list[BalanceEffect]


@whole_act
def record_payment(command: RecordPayment, uow: UnitOfWork) -> Recorded:
    """Move money between a place and a party's account, settle what it is for, and keep what was handed over.

    Raises:
        NotFoundError: The party, the drawer or the bank account is not this shop's.
        InsufficientFundsError: The drawer does not hold what is to be paid out.
        CreditLimitExceededError: Paying a customer out would take them over their limit.
        RuleViolationError: The party is archived, the drawer retired, less was handed over than is to be settled, a
            document has less open than is allocated to it, or amounts and rate contradict each other.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="payment", occurred_on=command.occurred_on, memo=command.memo):
            return Recorded(command.id, replayed=True)
        holder = open_items.hold_party(uow, command.party_id)
        post_payment(uow, command, holder, plan_payment(uow, command, holder, uow.occurred_on))
    return Recorded(command.id)


def preview_payment(command: RecordPayment, uow: UnitOfWork) -> PaymentPreview:
    """Say what a payment will do, by the same code that does it. Writes and locks nothing.

    Raises:
        NotFoundError, RuleViolationError: As recording it would, but for what only the balances themselves refuse.
    """
    with uow:
        holder = open_items.hold_party(uow, command.party_id, lock=False)
        plan = plan_payment(uow, command, holder, command.occurred_on or dt.date.max)
        return PaymentPreview(plan, balance_effects(uow, plan.entries))


@whole_act
def record_opening_balance(command: RecordOpeningBalance, uow: UnitOfWork) -> Recorded:
    """Put a debt that was there before into the books, against the equity code "opening".

    Raises:
        NotFoundError: The party is not this shop's.
        CreditLimitExceededError: A customer would start over their limit.
        RuleViolationError: The party is archived, the day is yet to come, or the rate makes no sense.
    """
    with uow:
        if uow.is_replay(
            command, id=command.id, kind="opening_balance", occurred_on=command.occurred_on, memo=command.memo
        ):
            return Recorded(command.id, replayed=True)
        _must_not_be_to_come(uow)
        holder = open_items.hold_party(uow, command.party_id)
        worth = _worth(command, holder.base_currency)
        party = AccountKey(holder.kind, command.currency, party_id=holder.id)
        side = side_of(holder.kind, money_comes_in=not command.is_owed_to_us)
        item = open_items.new_item(
            command.id, side, command.currency, command.amount, uow.occurred_on, worth.other_amount if worth else None
        )
        open_items.add_item(uow, holder.id, item)
        entries = _opening_entries(party, command.amount, worth)
        uow.post(entries if command.is_owed_to_us else [entry.reversed() for entry in entries])
    return Recorded(command.id)


def plan_payment(
    uow: UnitOfWork,
    command: RecordPayment,
    holder: Holder,
    due_on: dt.date,
    *,
    others: Sequence[Item] | None = None,
) -> PaymentPlan:
    """Say what a payment does. While the party is held, this is what is posted; otherwise it is the preview.

    Args:
        others: What it settles, in this order, instead of what the command says: a document of the same act.
    """
    frozen = _exchanged(command)
    amount, settled = (frozen.amount, frozen.other_amount) if frozen else (_paid(command), _paid(command))
    place = money_at(uow, command.place, command.currency)
    currency = command.settled_currency or command.currency
    comes_in = command.direction == "in"
    is_foreign = currency != holder.base_currency
    item = open_items.new_item(
        command.id,
        side_of(holder.kind, money_comes_in=comes_in),
        currency,
        settled,
        due_on,
        amount if is_foreign and command.currency == holder.base_currency else None,
    )
    made = (
        _allocated(uow, command, holder, item) if others is None else shares(item, others, oldest_first(item, others))
    )
    realised = sum(share.realised(holder.kind) for share in made)
    party = AccountKey(holder.kind, currency, party_id=holder.id)
    entries = _money_entries(place, party, amount, settled)
    return PaymentPlan(
        amount=amount,
        settled_amount=settled,
        exchange=frozen,
        item=item,
        shares=tuple(made),
        realised=realised,
        base_currency=holder.base_currency,
        entries=(
            *(entries if comes_in else [entry.reversed() for entry in entries]),
            *realised_entries(holder.base_currency, realised),
        ),
    )


def _exchanged(command: RecordPayment) -> Exchanged | None:
    if command.settled_currency in (None, command.currency):
        return None
    return exchanged(
        command.currency,
        command.amount,
        command.settled_currency or "",
        command.settled_amount,
        command.rate,
        command.rate_unit,
    )


def _paid(command: RecordPayment) -> int:
    if command.amount is None or command.settled_amount not in (None, command.amount):
        raise RuleViolationError("Enter the amount that is paid. What is settled is the same in the same currency.")
    return command.amount


def _allocated(uow: UnitOfWork, command: RecordPayment, holder: Holder, item: Item) -> list[Share]:
    """Share the payment out: as was typed, or over the oldest documents; what is over stays open itself."""
    side = OPPOSITE[item.side]
    if command.allocations is None:
        others = open_items.find_open(uow, holder.id, item.currency, side, up_to=item.amount)[:DOCUMENTS_MAX]
        return shares(item, others, oldest_first(item, others))
    if len(command.allocations) > DOCUMENTS_MAX:
        raise RuleViolationError(
            gettext(
                "One payment settles at most %(documents_max)s documents. Leave the rest as credit.",
                documents_max=DOCUMENTS_MAX,
            )
        )
    ids = [id for id, _ in command.allocations]
    return shares(item, open_items.find_open(uow, holder.id, item.currency, side, ids=ids), command.allocations)


def _money_entries(place: AccountKey, party: AccountKey, amount: int, settled: int) -> list[Entry]:
    """Money that comes in, through the exchange accounts where the currencies differ; each balances by itself."""
    if place.currency == party.currency:
        return [Entry(debit=place, credit=party, amount=amount)]
    return [
        Entry(debit=place, credit=exchange(place.currency), amount=amount),
        Entry(debit=exchange(party.currency), credit=party, amount=settled),
    ]


def post_payment(uow: UnitOfWork, command: RecordPayment, holder: Holder, plan: PaymentPlan) -> None:
    """Write a payment down and post it, inside an act whose header for it stands and that holds the party."""
    _insert_payment(uow, command, plan)
    open_items.add_item(uow, holder.id, plan.item)
    open_items.settle(uow, plan.shares)
    uow.post(plan.entries)


def _insert_payment(uow: UnitOfWork, command: RecordPayment, plan: PaymentPlan) -> None:
    tendered = plan.amount if command.tendered is None else command.tendered
    if tendered < plan.amount:
        raise RuleViolationError("Less was handed over than is to be settled. Enter what was handed over.")
    frozen = plan.exchange
    uow.execute(
        """
        INSERT INTO payments (tenant_id, id, transaction_id, direction, party_id, drawer_id, bank_id, method, currency,
                              tendered, applied, change, settled_amount, settled_currency, rate, rate_unit, rate_source)
        VALUES (%(tenant_id)s, %(id)s, %(id)s, %(direction)s, %(party_id)s, %(drawer_id)s, %(bank_id)s, %(method)s,
                %(currency)s, %(tendered)s, %(amount)s, %(change)s, %(settled_amount)s, %(settled_currency)s, %(rate)s,
                %(rate_unit)s, %(rate_source)s)
        """,
        {
            "id": command.id,
            "direction": command.direction,
            "party_id": command.party_id,
            "drawer_id": command.drawer_id,
            "bank_id": command.bank_id,
            "method": "cash" if command.bank_id is None else "bank",
            "currency": command.currency,
            "tendered": tendered,
            "amount": plan.amount,
            "change": tendered - plan.amount,
            "settled_amount": plan.settled_amount if frozen else None,
            "settled_currency": plan.item.currency if frozen else None,
            "rate": frozen.rate.value if frozen else None,
            "rate_unit": frozen.rate.unit if frozen else None,
            "rate_source": frozen.source if frozen else None,
        },
    )


def _worth(command: RecordOpeningBalance, base_currency: str) -> Exchanged | None:
    """Return what a debt in a foreign currency is worth at the rate that was typed for it."""
    if command.rate is None or command.currency == base_currency:
        return None
    return exchanged(command.currency, command.amount, base_currency, None, command.rate, command.rate_unit)


def _opening_entries(party: AccountKey, amount: int, worth: Exchanged | None) -> list[Entry]:
    """A debt that is owed to the shop; where it is worth something, through the exchange accounts."""
    if worth is None:
        return [Entry(debit=party, credit=equity(party.currency, "opening"), amount=amount)]
    base = worth.rate.other if worth.rate.unit == party.currency else worth.rate.unit
    return [
        Entry(debit=party, credit=exchange(party.currency), amount=amount),
        Entry(debit=exchange(base), credit=equity(base, "opening"), amount=worth.other_amount),
    ]


def _must_not_be_to_come(uow: UnitOfWork) -> None:
    today = uow.execute(
        "SELECT business_day(now(), time_zone, day_starts_at) FROM tenants WHERE tenant_id = %(tenant_id)s"
    ).scalar_one()
    if uow.occurred_on > today:
        raise RuleViolationError(
            gettext(
                "%(occurred_on)s is yet to come. Enter today or a day before.",
                occurred_on=f"{uow.occurred_on:%Y-%m-%d}",
            )
        )
