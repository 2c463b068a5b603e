"""Goods: why their quantity is corrected and what that costs, how a count is compared, how much to buy."""

import hashlib
import math
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from ledger_web.domain.errors import InvalidQuantityError
from ledger_web.domain.expenses import GOODS_DIFFERENCES, GOODS_GIVEN, GOODS_SPOILED, GOODS_USED
from ledger_web.domain.journal import AccountKey, Entry, equity, expense, unless_zero
from ledger_web.domain.journal import inventory as stock_account
from ledger_web.domain.languages import gettext_noop

OPENING: Final = "opening"  # the code of the equity account that goods without a purchase come from
QUANTITY_LIMIT: Final = Decimal(10) ** 9
COUNT_LINES_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a quantity is corrected: how it reads in the books, and the expense it is; none is the owner's share."""

    name: str
    expense: str | None


REASONS: Final = MappingProxyType(
    {
        "counted": Reason(gettext_noop("Counted"), GOODS_DIFFERENCES),
        "damaged": Reason(gettext_noop("Damaged"), GOODS_SPOILED),
        "expired": Reason(gettext_noop("Expired"), GOODS_SPOILED),
        "lost": Reason(gettext_noop("Lost or stolen"), GOODS_DIFFERENCES),
        "found": Reason(gettext_noop("Found"), GOODS_DIFFERENCES),
        "used": Reason(gettext_noop("Used in the shop"), GOODS_USED),
        "given": Reason(gettext_noop("Given away, samples"), GOODS_GIVEN),
        "opening": Reason(gettext_noop("Opening quantity was wrong"), None),
    }
)


def account_of_reason(reason: str, currency: str) -> AccountKey:
    """Return the account that a correction stands against: losses are debited to it, finds credited."""
    code = REASONS[reason].expense
    return equity(currency, OPENING) if code is None else expense(currency, code)


def correction_entries(against: AccountKey, gained: int, lost: int) -> list[Entry]:
    """Return the entries of goods worth `gained` that were found and goods worth `lost` that are gone."""
    inventory = stock_account(against.currency)
    return [*unless_zero(inventory, against, gained), *unless_zero(against, inventory, lost)]


@dataclass(frozen=True, slots=True)
class CountedLine:
    """A product of a count: what stood in the books when it was counted, and what was there."""

    product_id: uuid.UUID
    expected: Decimal
    counted: Decimal

    @property
    def difference(self) -> Decimal:
        return self.counted - self.expected


def digest_of_count(lines: Iterable[CountedLine]) -> str:
    """Return what tells one state of a count from another, whatever the order of its lines."""
    said = sorted(f"{each.product_id} {each.expected:f} {each.counted:f}" for each in lines)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class BuyingUnit:
    """A unit that a product is bought in. `id` is None for its base unit."""

    id: uuid.UUID | None
    name: str
    factor: Fraction  # base units in one of it


@dataclass(frozen=True, slots=True)
class Suggestion:
    """So many of a unit, which are `in_base` base units."""

    unit: BuyingUnit
    quantity: int | Decimal
    in_base: Decimal


def suggest(on_hand: Decimal, level: Decimal, up_to: Decimal | None, units: Sequence[BuyingUnit]) -> Suggestion:
    """Say how much to buy: up to where it shall be, in whole packs, with as little too much as can be.

    Args:
        on_hand: Below `level`.
        up_to: At least `level`; None: up to the level itself.
        units: What it is bought in, packs only; without any it is bought in base units, whole ones if the level is.

    Raises:
        InvalidQuantityError: There is enough.
    """
    needed = Fraction(up_to if up_to is not None else level) - Fraction(on_hand)
    if on_hand >= level or needed <= 0:
        raise InvalidQuantityError("There is enough of it. Nothing has to be bought.")
    offers = [(math.ceil(needed / unit.factor), unit) for unit in units]
    if not offers:
        return Suggestion(BuyingUnit(None, "", Fraction(1)), _decimal(needed), _decimal(needed))
    count, unit = min(offers, key=lambda offer: (offer[0] * offer[1].factor, offer[0], offer[1].name))
    return Suggestion(unit, count, _decimal(count * unit.factor))


def _decimal(exact: Fraction) -> Decimal:
    return Decimal(exact.numerator) / Decimal(exact.denominator)
