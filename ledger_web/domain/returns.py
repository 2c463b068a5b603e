"""What undoing a sale means: what its state allows, what comes back of each line, and how the money goes back.

Amounts are minor units of the shop's base currency unless another is named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final
from uuid import UUID

from ledger_web.domain.currencies import plain
from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.journal import (
    AccountKey,
    Entry,
    cost_of_sales,
    customer,
    exchange,
    expense,
    pair,
    revenue,
    rounding,
    store_credit,
    tax_payable,
)
from ledger_web.domain.languages import Texts, gettext, gettext_noop
from ledger_web.domain.numbers import round_half_up
from ledger_web.domain.tenders import BANK, CASH, METHOD_NAMES, carried_over, round_to

RETURNS: Final = "returns"  # code of the revenue account that shows returns beside sales

SELLABLE: Final = "sellable"
NOT_RETURNED: Final = "not_returned"
DISPOSITIONS: Final = Texts(
    {
        SELLABLE: "Back on the shelf",
        "damaged": "Damaged",
        "expired": "Past its date",
        NOT_RETURNED: "Stays with the customer",
    }
)
# Goods that came back and cannot be sold: the expense account their cost stands on instead of the cost of sales.
LOSSES: Final = MappingProxyType({"damaged": "damaged_goods", "expired": "expired_goods"})

AS_PAID: Final = "as_paid"
CREDIT: Final = "credit"
CHOSEN: Final = "chosen"
REFUNDS: Final = Texts({AS_PAID: "As it was paid", CREDIT: "As store credit", CHOSEN: "As entered for each payment"})

_MILLIONTH: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class DefaultReason:
    """A reason every shop starts with."""

    code: str
    name: str
    restocks: bool = True
    needs_approval: bool = False


DEFAULT_REASONS: Final = (
    DefaultReason("mistake", gettext_noop("Rung up by mistake")),
    DefaultReason("changed_mind", gettext_noop("Customer changed their mind")),
    DefaultReason("wrong_item", gettext_noop("Wrong product")),
    DefaultReason("damaged", gettext_noop("Damaged or does not work"), restocks=False),
    DefaultReason("expired", gettext_noop("Past its date"), restocks=False),
    DefaultReason("other", gettext_noop("Something else"), needs_approval=True),
)
OTHER: Final = "other"  # the code of the reason that has to be written out


def usual_disposition(code: str | None, *, restocks: bool) -> str:
    """Say what becomes of goods that come back for a reason, unless it is said of a line."""
    if restocks:
        return SELLABLE
    return code if code in LOSSES and code is not None else "damaged"


# What the state of a sale allows.

VOID: Final = "void"
RETURN: Final = "return"
NOTHING: Final = "nothing"


@dataclass(frozen=True, slots=True)
class SaleState:
    """Where a posted sale stands."""

    is_deleted: bool = False
    in_open_shift: bool = True  # the shift it was posted in is still open
    in_locked_period: bool = False
    return_count: int = 0
    is_all_returned: bool = False
    is_exchange: bool = False  # something that came back paid for some of it


@dataclass(frozen=True, slots=True)
class Fate:
    """What deleting a sale does: VOID undoes it, RETURN takes goods back in a document of today, NOTHING is left."""

    kind: str
    why: str


def fate_of(state: SaleState) -> Fate:
    """Say what the one button does. The first that is true counts.

    Source: product, spec 8, the table of states.
    """
    if state.is_deleted:
        return Fate(NOTHING, gettext("This sale was deleted already."))
    if state.is_all_returned:
        return Fate(NOTHING, gettext("Everything of this sale has come back already."))
    if state.in_locked_period:
        return Fate(
            RETURN, gettext("It lies in a locked period, so it stays as it is: what comes back is posted today.")
        )
    if not state.in_open_shift:
        return Fate(RETURN, gettext("The shift it was sold in is closed: what comes back is a document of today."))
    if state.return_count:
        return Fate(RETURN, gettext("Some of it has come back already: only the rest can."))
    if state.is_exchange:
        return Fate(
            RETURN, gettext("Goods that came back paid for some of it: what comes back of it is a document of its own.")
        )
    return Fate(VOID, gettext("The shift it was sold in is still open: all of it is undone."))


# How much may be done by oneself.


@dataclass(frozen=True, slots=True)
class Weight:
    """What is looked at before somebody may undo a sale without asking."""

    amount: int  # of money or credit that goes back
    minutes: int  # since it was stored
    needs_approval: bool = False  # the reason says so
    is_void: bool = False


@dataclass(frozen=True, slots=True)
class TooMuch:
    """Why something takes somebody else's approval, and how far it goes beyond which limit."""

    why: str
    limit: str = ""  # a key of permissions.LIMITS; "" where only the right counts
    needed: int = 0


def too_much(weight: Weight, limits: Mapping[str, Decimal | None], *, may_any: bool) -> TooMuch | None:
    """Say why this takes somebody else's approval; None if it does not.

    Args:
        limits: Of whoever acts; None is no limit.
        may_any: They may undo what others sold, too: a reason that asks for approval does not ask them.
    """
    refund, minutes = limits["sale.refund"], limits["sale.void_minutes"]
    if refund is not None and weight.amount > refund:
        return TooMuch(gettext("This is more than you may give back by yourself."), "sale.refund", weight.amount)
    if weight.is_void and minutes is not None and weight.minutes > minutes:
        why = gettext(
            "It was stored %(minutes)s minutes ago. By yourself you may delete for %(minutes2)s minutes.",
            minutes=weight.minutes,
            minutes2=f"{minutes:f}",
        )
        return TooMuch(why, "sale.void_minutes", weight.minutes)
    if weight.needs_approval and not may_any:
        return TooMuch(gettext("For this reason somebody else has to approve."))
    return None


# What comes back of a line.


def portion(amount: int, whole: Decimal | int, before: Decimal | int, now: Decimal | int) -> int:
    """Return the part of an amount that `now` of a whole is, after `before` of it is gone.

    Both ends are rounded, not the piece: so pieces never come to more than the amount, and the last takes what is left.
    """
    return _up_to(amount, whole, before + now) - _up_to(amount, whole, before)


def quantity_portion(amount: Decimal, whole: Decimal, before: Decimal, now: Decimal) -> Decimal:
    """Do for a quantity in another unit what `portion` does for money, to six decimals."""
    return _quantity_up_to(amount, whole, before + now) - _quantity_up_to(amount, whole, before)


def _up_to(amount: int, whole: Decimal | int, part: Decimal | int) -> int:
    return round_half_up(amount * Fraction(part) / Fraction(whole)) if whole else amount


def _quantity_up_to(amount: Decimal, whole: Decimal, part: Decimal) -> Decimal:
    return (amount * part / whole).quantize(_MILLIONTH, ROUND_HALF_UP)


# How the money goes back.


@dataclass(frozen=True, slots=True)
class PaidBy:
    """One way a sale was paid, and what of it has gone back.

    `value` is what it covered of the sale's total, `base` what it was worth in base currency: they differ by what
    rounding of cash added. `applied` and `paid_back` are minor units of the account's currency.
    """

    payment_id: UUID
    method: str
    name: str
    account: AccountKey  # where a refund comes from
    value: int
    refunded: int
    base: int
    applied: int
    paid_back: int

    @property
    def left(self) -> int:
        return self.value - self.refunded


@dataclass(frozen=True, slots=True)
class Refund:
    """What goes back by one of the ways a sale was paid."""

    paid: PaidBy
    value: int  # of what is returned
    amount: int  # minor units of the account's currency
    worth: int  # in base currency

    @property
    def rounded(self) -> int:
        return self.worth - self.value


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """How what is returned goes back. Always true: the five add up to the total."""

    to_debt: int  # reduces what is still owed for the sale
    refunds: tuple[Refund, ...]
    to_account: int  # becomes credit on the customer's account: what was on account and has been paid since
    to_credit: int  # becomes store credit
    carried: tuple[Refund, ...] = ()  # pays for what goes out instead, and leaves the shop no money

    @property
    def to_exchange(self) -> int:
        return sum(refund.value for refund in self.carried)

    @property
    def money(self) -> int:
        """What leaves the shop, or is owed as credit."""
        return sum(refund.value for refund in self.refunds) + self.to_account + self.to_credit

    @property
    def rounding(self) -> int:
        return sum(refund.rounded for refund in self.refunds)

    @property
    def cash(self) -> int:
        return sum(refund.worth for refund in self.refunds if refund.paid.method == CASH)

    @property
    def at_terminal(self) -> tuple[Refund, ...]:
        return tuple(refund for refund in self.refunds if refund.paid.method == BANK)


def plan_refund(
    total: int,
    debt: int,
    paid: Sequence[PaidBy],
    currency: str,
    *,
    way: str = AS_PAID,
    chosen: Mapping[UUID, int] | None = None,
    step: int = 1,
    carry_max: int = 0,
) -> RefundPlan:
    """Say how what is returned goes back: debt first, then by each way it was paid up to what it paid.

    Args:
        total: Of the goods that come back, >= 0.
        debt: What is still owed for the sale.
        way: A key of REFUNDS. As it was paid, cash comes last, so that a card is not turned into cash; foreign cash
            after all else, so that nobody has to give back a cent of it.
        chosen: Of each payment, what of the rest goes back by it; what is left becomes store credit.
        step: The smallest cash in base currency.
        carry_max: What goes out in exchange costs so much: of what was paid, so much at most is carried over to it,
            cash before cards, and only the rest goes back.

    Raises:
        RuleViolationError: More is chosen than was paid so, or than is to go back.
    """
    to_debt = min(total, debt)
    carried, paid = _carry(total - to_debt, paid, carry_max, currency)
    rest = total - to_debt - sum(each.value for each in carried)
    if way == CREDIT:
        return RefundPlan(to_debt, (), 0, rest, carried)
    if way == CHOSEN:
        refunds = _chosen(rest, paid, chosen or {}, currency, step)
        return RefundPlan(to_debt, refunds, 0, rest - sum(refund.value for refund in refunds), carried)
    refunds_made = []
    for each in _in_order(paid, currency):
        value = min(rest, each.left)
        if value:
            refunds_made.append(_refund(each, value, currency, step))
            rest -= value
    return RefundPlan(to_debt, tuple(refunds_made), rest, 0, carried)


def _in_order(paid: Sequence[PaidBy], currency: str) -> list[PaidBy]:
    return sorted(paid, key=lambda one: (one.method == CASH, one.account.currency != currency))


def _carry(rest: int, paid: Sequence[PaidBy], carry_max: int, currency: str) -> tuple[tuple[Refund, ...], list[PaidBy]]:
    """Say what of each payment is carried over to another sale, and what is left of the payments then."""
    left, going_back = rest, dict[UUID, int]()
    for each in _in_order(paid, currency):
        going_back[each.payment_id] = min(left, each.left)
        left -= going_back[each.payment_id]
    carried, remaining = [], list(paid)
    for each in reversed(_in_order(paid, currency)):
        value = min(going_back[each.payment_id], carry_max)
        if value:
            whole = each.base if each.account.currency == currency else each.applied
            amount = portion(whole, each.value, each.refunded, value)
            carried.append(Refund(each, value, amount, value))
            now = replace(each, refunded=each.refunded + value, paid_back=each.paid_back + amount)
            remaining[remaining.index(each)] = now
            carry_max -= value
    return tuple(carried), remaining


def _chosen(
    rest: int, paid: Sequence[PaidBy], chosen: Mapping[UUID, int], currency: str, step: int
) -> tuple[Refund, ...]:
    unknown = chosen.keys() - {each.payment_id for each in paid}
    if unknown:
        raise RuleViolationError("This sale was not paid that way. Open the return once more.")
    for each in paid:
        if chosen.get(each.payment_id, 0) > each.left:
            raise RuleViolationError(
                gettext(
                    "%(name)s paid %(left)s of this sale that has not gone back. Enter less"
                    " for it, and give the rest another way.",
                    name=each.name,
                    left=plain(each.left, currency),
                )
            )
    if sum(chosen.values()) > rest:
        raise RuleViolationError(
            gettext(
                "%(chosen)s is more than the %(rest)s that goes back. Enter less.",
                chosen=plain(sum(chosen.values()), currency),
                rest=plain(rest, currency),
            )
        )
    return tuple(_refund(each, chosen[each.payment_id], currency, step) for each in paid if chosen.get(each.payment_id))


def _refund(paid: PaidBy, value: int, currency: str, step: int) -> Refund:
    """Turn a value into the money that goes back: at the original rate, cash in base currency in whole steps."""
    if paid.account.currency != currency:
        amount = portion(paid.applied, paid.value, paid.refunded, value)
        return Refund(paid, value, amount, portion(paid.base, paid.value, paid.refunded, value))
    amount = portion(paid.base, paid.value, paid.refunded, value)
    if paid.method == CASH and step > 1:
        left = paid.base - paid.paid_back
        amount = left if value == paid.left else min(round_to(value, step), left)
    return Refund(paid, value, amount, amount)


def refund_entries(
    currency: str,
    plan: RefundPlan,
    *,
    total: int,
    tax: int,
    cards: Sequence[tuple[AccountKey, int]] = (),
    customer_id: UUID | None = None,
) -> list[Entry]:
    """Tell a return in entries: what was earned and taxed goes back against where the money goes.

    Args:
        cards: Gift cards that come back, with what was paid for them: part of `total`, and owed no more.
    """
    debits = [
        (revenue(currency, RETURNS), total - tax - sum(amount for _, amount in cards)),
        (tax_payable(currency), tax),
        *cards,
    ]
    credits: list[tuple[AccountKey, int]] = []
    foreign = []
    exchanged = 0
    for refund in plan.refunds:
        if refund.paid.account.currency == currency:
            credits.append((refund.paid.account, refund.amount))
        else:
            exchanged += refund.worth
            if refund.amount:
                foreign.append(Entry(exchange(refund.paid.account.currency), refund.paid.account, refund.amount))
    credits.append((exchange(currency), exchanged))
    if customer_id is not None:
        credits.append((customer(customer_id, currency), plan.to_debt + plan.to_account))
        credits.append((store_credit(currency, customer_id), plan.to_credit))
    credits.append((carried_over(currency), plan.to_exchange))
    side = debits if plan.rounding > 0 else credits
    side.append((rounding(currency), abs(plan.rounding)))
    return [*pair(debits, credits), *foreign]


def loss_entries(currency: str, losses: Mapping[str, int]) -> list[Entry]:
    """Move the cost of goods that came back but cannot be sold to where such losses are seen.

    Args:
        losses: Cost by disposition.
    """
    return [
        Entry(expense(currency, LOSSES[disposition]), cost_of_sales(currency), cost)
        for disposition, cost in losses.items()
        if disposition in LOSSES and cost > 0
    ]


def way_name(method: str, holder: str) -> str:
    """Name a way of paying on the form of a return: "Cash", "Card or bank: HBL"."""
    return f"{METHOD_NAMES[method]}: {holder}" if holder else METHOD_NAMES[method]
