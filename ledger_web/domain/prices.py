"""Which of several prices counts, and what a price leaves over its cost."""

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from ledger_web.domain.money import round_half_up

NONE: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class PriceCandidate:
    """A price that may count: of one unit, minor units of the base currency, tax contained.

    Without a list it is for everybody; without days it holds always; both days included.
    """

    unit_price: int
    quantity_from: Decimal = NONE  # of the unit: the break
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    price_list: str = ""

    def holds(self, quantity: Decimal, on: dt.date) -> bool:
        has_begun = self.starts_on is None or self.starts_on <= on
        has_ended = self.ends_on is not None and self.ends_on < on
        return quantity >= self.quantity_from and has_begun and not has_ended


def best_price(candidates: Iterable[PriceCandidate], quantity: Decimal, on: dt.date) -> PriceCandidate | None:
    """Return the price that counts for a quantity on a day; None if none of them holds.

    The rule, in this order:
    1. A price of the customer's list counts before those for everybody, even a higher one: that is what lists are for.
    2. Of several from the same quantity, the one that began last counts: so a price can be set for the future.
    3. Of those from different quantities that are reached, the lowest counts: more never costs more apiece.

    Args:
        candidates: Of one unit of one product, of everybody and of one list at most.
        quantity: Of that unit, > 0.

    Source: product F "Price lists, tiers, dates".
    """
    holding = [each for each in candidates if each.holds(quantity, on)]
    of_list = [each for each in holding if each.price_list]
    newest: dict[Decimal, PriceCandidate] = {}
    for each in sorted(of_list or holding, key=_began):
        newest[each.quantity_from] = each
    return min(newest.values(), key=lambda each: (each.unit_price, -each.quantity_from), default=None)


def candidates_of_unit(
    ordinary_price: int,
    rows: Iterable[PriceCandidate],
    *,
    factor: Fraction = Fraction(1),
    own_price: int | None = None,
    own_rows: Iterable[PriceCandidate] = (),
) -> list[PriceCandidate]:
    """Return all prices that may count for one unit of a product.

    A pack with a price of its own leaves the base unit's prices for everybody aside; one without has them all, times
    its factor. A list's price of the base unit holds for packs, too, so that a list need not name every pack.

    Args:
        ordinary_price: Of the base unit.
        rows: Further prices of the base unit.
        factor: Base units in one of the unit; 1 for the base unit itself.
        own_price: Of the unit; None: it has none.
        own_rows: Further prices of the unit.
    """
    base = [PriceCandidate(ordinary_price), *rows]
    if own_price is not None:
        own = [PriceCandidate(own_price), *own_rows]
        return [*(_scaled(each, factor) for each in base if each.price_list), *own]
    return [*(_scaled(each, factor) for each in base), *own_rows]


def margin_percent(unit_price: int, unit_cost: Decimal, tax_percent: Decimal) -> Decimal | None:
    """Return how much of a price without its tax is left after the cost, in percent; None of no price.

    Args:
        unit_price: Minor units, tax contained.
        unit_cost: Minor units and parts of them.
    """
    net = without_tax(unit_price, tax_percent)
    return _percent((net - Fraction(unit_cost)) / net) if net else None


def markup_percent(unit_price: int, unit_cost: Decimal, tax_percent: Decimal) -> Decimal | None:
    """Return by how much a price without its tax is above the cost, in percent of the cost; None of no cost."""
    cost = Fraction(unit_cost)
    return _percent((without_tax(unit_price, tax_percent) - cost) / cost) if cost > 0 else None


def is_below_cost(unit_price: int, unit_cost: Decimal | None, tax_percent: Decimal) -> bool:
    """Say whether a price without its tax is less than the cost."""
    return unit_cost is not None and without_tax(unit_price, tax_percent) < Fraction(unit_cost)


def without_tax(unit_price: int, tax_percent: Decimal) -> Fraction:
    """Return a price without the tax it contains, exactly."""
    return unit_price * 100 / (100 + Fraction(tax_percent))


def _began(candidate: PriceCandidate) -> tuple[dt.date, int]:
    """Order by the day they began; of two without a day or of the same day, the lower price comes last and counts."""
    return candidate.starts_on or dt.date.min, -candidate.unit_price


def _scaled(candidate: PriceCandidate, factor: Fraction) -> PriceCandidate:
    if factor == 1:
        return candidate
    # Never rounded down: a break is reached with as many base units as it says, not with a part less.
    parts = math.ceil(Fraction(candidate.quantity_from) / factor * 10**6)
    return replace(
        candidate,
        unit_price=round_half_up(candidate.unit_price * factor),
        quantity_from=Decimal(parts).scaleb(-6),
    )


def _percent(share: Fraction) -> Decimal:
    return Decimal(round_half_up(share * 1000)).scaleb(-1)
