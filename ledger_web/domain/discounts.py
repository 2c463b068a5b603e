"""Discounts: an amount or a percentage, never more than what it is given on."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from ledger_web.domain.errors import ApprovalNeededError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.money import round_half_up


@dataclass(frozen=True, slots=True)
class Discount:
    """Always true: exactly one of the two, not negative, the percentage at most 100."""

    percent: Decimal | None = None
    amount: int | None = None  # minor units

    def __post_init__(self) -> None:
        if (self.percent is None) == (self.amount is None):
            raise RuleViolationError("A discount is an amount or a percentage. Enter one of them.")
        if self.percent is not None and not 0 <= self.percent <= 100:
            raise RuleViolationError("A discount is between 0 and 100 %. Enter a smaller percentage.")
        if self.amount is not None and self.amount < 0:
            raise RuleViolationError("A discount cannot be below zero. Enter an amount above it.")

    def of(self, amount: int) -> int:
        """Return what it takes off an amount: rounded once, half up, and never more than there is."""
        if self.percent is None:
            return min(self.amount or 0, amount)
        return round_half_up(Fraction(self.percent) * amount / 100)


def discount_of(percent: Decimal | None, amount: int | None) -> Discount | None:
    """Return the discount that two columns hold; none where both are empty."""
    return None if percent is None and amount is None else Discount(percent, amount)


def percent_off(before: int, after: int) -> Decimal:
    """Return by how much a price was cut, in percent with two decimals, rounded up; 0 where it was not cut."""
    if after >= before or before <= 0:
        return Decimal(0)
    exact = Fraction(before - after, before) * 10_000
    return Decimal(-(-exact.numerator // exact.denominator)) / 100


DISCOUNT_LIMIT: Final = "sale.discount"
PRICE_CUT_LIMIT: Final = "sale.price_cut"


def must_be_within(
    limit: str, percent: Decimal, ceiling: Decimal | None, approved: Decimal | None, of: str = ""
) -> None:
    """Refuse what goes further than a person may go by themselves, and further than somebody approved.

    Args:
        limit: DISCOUNT_LIMIT or PRICE_CUT_LIMIT.
        ceiling: In percent; None is no limit.
        approved: In percent; None: nobody approved anything.
        of: What it is on, for the sentence.

    Raises:
        ApprovalNeededError: It does.
    """
    if ceiling is not None and percent > max(ceiling, approved or Decimal(0)):
        what = gettext("A discount") if limit == DISCOUNT_LIMIT else gettext("A price cut")
        raise ApprovalNeededError(
            gettext(
                "%(what)s of %(percent)s %%%(of)s is more than you may give: %(ceiling)s %%."
                " Give less, or let somebody approve it with their PIN.",
                what=what,
                percent=f"{percent.normalize():f}",
                of=gettext(" on %(of)s", of=of) if of else "",
                ceiling=f"{ceiling.normalize():f}",
            ),
            limit=limit,
            needed=percent,
        )
