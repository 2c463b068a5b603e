"""What is still to be settled, and which credit settles which charge. Amounts are minor units of one currency."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal
from uuid import UUID

from ledger_web.domain.currencies import plain
from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.journal import NORMAL_SIDE
from ledger_web.domain.languages import gettext, gettext_noop
from ledger_web.domain.numbers import round_half_up

Side = Literal["charge", "credit"]
OPPOSITE: Final[dict[Side, Side]] = {"charge": "credit", "credit": "charge"}

# Days past due up to which an amount stands in a bucket, and what the bucket is called.
BUCKETS: Final = (
    (0, gettext_noop("Not yet due")),
    (30, gettext_noop("1–30 days")),
    (60, gettext_noop("31–60 days")),
    (90, gettext_noop("61–90 days")),
)
OLDEST: Final = gettext_noop("Over 90 days")


@dataclass(frozen=True, slots=True)
class Item:
    """A charge or a credit of a party. Always true: 0 <= settled <= amount, base_settled <= base_amount."""

    id: UUID
    side: Side
    currency: str
    amount: int
    settled: int
    base_amount: int | None  # what it was worth in the base currency when it arose; None: the same, or not known
    base_settled: int
    due_on: dt.date

    @property
    def open(self) -> int:
        return self.amount - self.settled

    def base_of(self, amount: int) -> int | None:
        """Return what part of an item was worth when it arose; the last part takes what rounding left."""
        if self.base_amount is None:
            return None
        left = self.base_amount - self.base_settled
        return left if amount == self.open else round_half_up(Fraction(left * amount, self.open))

    def after(self, amount: int) -> "Item":
        """Return the item with so much more of it settled."""
        return Item(
            self.id,
            self.side,
            self.currency,
            self.amount,
            self.settled + amount,
            self.base_amount,
            self.base_settled + (self.base_of(amount) or 0),
            self.due_on,
        )


@dataclass(frozen=True, slots=True)
class Share:
    """So much of one item settles another, and what that was worth on both sides when it arose."""

    credit_id: UUID
    charge_id: UUID
    amount: int
    credit_base: int | None
    charge_base: int | None

    def realised(self, party_kind: str) -> int:
        """Return the gain in the base currency, a loss below zero; 0 where what it was worth is not known.

        Of a customer the shop got the credit for what the charge was worth; of a vendor it gave it.
        Source: product spec 5, "Settling later": settled amount times (payment rate - document rate).
        """
        if self.credit_base is None or self.charge_base is None:
            return 0
        gained = self.credit_base - self.charge_base
        return gained if NORMAL_SIDE[party_kind] == "debit" else -gained


def side_of(party_kind: str, *, money_comes_in: bool) -> Side:
    """Say whether a payment is a credit, or raises the balance: money that goes out to a customer is a charge."""
    return "credit" if (NORMAL_SIDE[party_kind] == "debit") == money_comes_in else "charge"


def oldest_first(item: Item, others: Iterable[Item]) -> list[tuple[UUID, int]]:
    """Say how much of an item settles which of the others, in the order they come in."""
    left, wanted = item.open, []
    for other in others:
        if not left:
            break
        amount = min(left, other.open)
        if amount:
            wanted.append((other.id, amount))
            left -= amount
    return wanted


def shares(item: Item, others: Sequence[Item], wanted: Iterable[tuple[UUID, int]]) -> list[Share]:
    """Share an item out as wanted.

    Args:
        others: The items that may be settled with it: of the opposite side, one party and currency.

    Raises:
        RuleViolationError: More than is open of one of them, of the item itself, or an item named twice.
    """
    known, made = {other.id: other for other in others}, []
    for id, amount in wanted:
        other = known.pop(id, None)
        if other is None or amount > other.open:
            left = plain(other.open if other else 0, item.currency)
            raise RuleViolationError(
                gettext(
                    "Only %(left)s of this is still open, but %(amount)s is to be settled."
                    " Look at the open amounts again.",
                    left=left,
                    amount=plain(amount, item.currency),
                )
            )
        if amount > item.open:
            raise RuleViolationError(
                gettext(
                    "More is allocated than there is: %(open)s is left for %(amount)s. Lower one of the amounts.",
                    open=plain(item.open, item.currency),
                    amount=plain(amount, item.currency),
                )
            )
        made.append(_share(item, other, amount))
        item = item.after(amount)
    return made


def _share(item: Item, other: Item, amount: int) -> Share:
    if item.side == "credit":
        return Share(item.id, other.id, amount, item.base_of(amount), other.base_of(amount))
    return Share(other.id, item.id, amount, other.base_of(amount), item.base_of(amount))


def ageing(charges: Iterable[tuple[dt.date, int]], today: dt.date) -> list[tuple[str, int]]:
    """Add up open amounts by how long they are past due; every bucket is there, also an empty one."""
    buckets = dict.fromkeys([*(gettext(name) for _, name in BUCKETS), gettext(OLDEST)], 0)
    for due_on, amount in charges:
        days = (today - due_on).days
        buckets[gettext(next((name for limit, name in BUCKETS if days <= limit), OLDEST))] += amount
    return list(buckets.items())
