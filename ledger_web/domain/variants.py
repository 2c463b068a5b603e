"""Variants: which combinations of options there are to be, and what they are called."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Final

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.products import NAME_MAX

OPTIONS_MAX: Final = 4
OPTION_MAX: Final = 30  # characters
VALUE_MAX: Final = 40  # characters
VARIANTS_MAX: Final = 200  # of one family

Values = tuple[str, ...]  # one of each option, in their order


@dataclass(frozen=True, slots=True)
class Option:
    """By what variants differ, and which there are: Size, of S, M, L."""

    name: str
    values: Values


def combinations(options: Sequence[Option], existing: Collection[Values] = ()) -> list[Values]:
    """Return the combinations that are not there yet, in the order of the options' values.

    Raises:
        RuleViolationError: None or too many options, one without values or twice the same; more variants in all
            than a family may have.
    """
    must_be_options([option.name for option in options])
    for option in options:
        if not option.values:
            raise RuleViolationError(gettext("%(name)s: Enter at least one value, like M.", name=option.name))
    count = prod(len(option.values) for option in options)
    if count > VARIANTS_MAX:
        raise RuleViolationError(
            gettext(
                "These would be %(count)s variants. A product has at most %(variants_max)s:"
                " leave out values that you do not sell, or make several products.",
                count=f"{count:,}",
                variants_max=VARIANTS_MAX,
            )
        )
    new = [values for values in product(*(option.values for option in options)) if values not in existing]
    if len(new) + len(existing) > VARIANTS_MAX:
        raise RuleViolationError(
            gettext(
                "With these there would be %(existing)s variants. A product has at most %(variants_max)s.",
                existing=f"{len(new) + len(existing):,}",
                variants_max=VARIANTS_MAX,
            )
        )
    return new


def must_be_options(names: Sequence[str]) -> None:
    """Refuse no options, too many, or two of one name.

    Raises:
        RuleViolationError: Which of these it is.
    """
    if not 0 < len(names) <= OPTIONS_MAX:
        raise RuleViolationError(
            gettext(
                "Variants differ by one to %(options_max)s options. Name at least one, like Size.",
                options_max=OPTIONS_MAX,
            )
        )
    if not all(names):
        raise RuleViolationError("There are values without an option. Say what they are, like Size.")
    if len({name.casefold() for name in names}) < len(names):
        raise RuleViolationError("Two options have the same name. Name each of them once.")


def variant_name(family: str, values: Values) -> str:
    """Return what a variant is called: T-shirt, M, red."""
    return ", ".join((family, *values))[:NAME_MAX]
