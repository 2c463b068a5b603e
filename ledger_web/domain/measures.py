"""Codes that a scale prints: which item, and its weight, price or count, by the rules of the shop.

Thirteen digits: prefix, item, perhaps a check digit over the value, value, check digit.
Source: GS1 General Specifications, 2.1.12 (restricted circulation numbers with a measure); product spec 7.
"""

import re
import uuid
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from stdnum import ean

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.internal_codes import PREFIX as INTERNAL_PREFIX
from ledger_web.domain.languages import Texts, gettext
from ledger_web.domain.money import multiply, round_half_up
from ledger_web.domain.products import is_counted_in_pieces

PREFIXES: Final = ("02", *(f"{number}" for number in range(20, 30) if f"{number}" != INTERNAL_PREFIX))
KINDS: Final = Texts({"weight": "Weight", "price": "Price", "count": "Count"})
DIGITS: Final = 10  # of item, value and its check digit together
RULES_MAX: Final = 20

_CODE = re.compile(r"[0-9]{13}")
_KILOGRAMS: Final = MappingProxyType(  # one unit of weight in kilograms
    {"kg": Fraction(1), "g": Fraction(1, 1000), "lb": Fraction(45359237, 100000000), "t": Fraction(1000)}
)

# What GS1 calls weighting factors, as tables: the product with its tens added to or taken from its units.
_TIMES_2_LESS: Final = (0, 2, 4, 6, 8, 9, 1, 3, 5, 7)
_TIMES_3: Final = (0, 3, 6, 9, 2, 5, 8, 1, 4, 7)
_TIMES_5_MORE: Final = (0, 5, 1, 6, 2, 7, 3, 8, 4, 9)
_TIMES_5_LESS: Final = (0, 5, 9, 4, 8, 3, 7, 2, 6, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRule:
    """How the codes of one prefix are read.

    Always true, once `check_rule` let it pass: the digits add up to thirteen, and no other rule has the prefix.
    """

    id: uuid.UUID
    prefix: str  # one of PREFIXES
    item_digits: int
    value_digits: int
    decimals: int  # of the value
    kind: str  # one of KINDS
    has_value_check: bool  # a check digit over the value stands before it
    position: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """What a rule reads in a code. `value` is kilograms or the product's own unit of weight, money, or pieces."""

    rule: MeasureRule
    item: str
    value: Decimal

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes under which the shop may have the item: the label with a value of zero, or prefix and item.

        Prefix and item of eight digits together would be taken for an EAN-8, so those have the label only.
        """
        short = f"{self.rule.prefix}{self.item}"
        return (self.label,) if len(short) == 8 else (self.label, short)

    @property
    def label(self) -> str:
        """The label with a value of zero: a right EAN-13, so that any form and any file of products takes it."""
        body = f"{self.rule.prefix}{self.item}".ljust(12, "0")
        return body + str(ean.calc_check_digit(body))


def check_rule(rule: MeasureRule, others: "list[MeasureRule]", currency_decimals: int) -> None:
    """Refuse a rule that cannot be, or that would read codes which already mean something else.

    Raises:
        RuleViolationError: With the field and the remedy in its sentence.
    """
    if rule.prefix == INTERNAL_PREFIX:
        raise RuleViolationError(
            gettext(
                "Codes that begin with %(internal_prefix)s are the shop's own: we give them"
                " to products without a code. Let the scale print another prefix.",
                internal_prefix=INTERNAL_PREFIX,
            )
        )
    if rule.prefix not in PREFIXES:
        raise RuleViolationError(
            gettext("A scale's codes begin with %(prefixes)s. Choose one of these.", prefixes=", ".join(PREFIXES))
        )
    if rule.kind not in KINDS:
        raise RuleViolationError("The value is a weight, a price or a count. Choose one of these.")
    if any(other.prefix == rule.prefix for other in others):
        raise RuleViolationError(
            gettext(
                "Another rule reads the codes that begin with %(prefix)s already. Remove that"
                " rule first, or let the scale print another prefix.",
                prefix=rule.prefix,
            )
        )
    if len(others) >= RULES_MAX:
        raise RuleViolationError(
            gettext("A shop has at most %(rules_max)s rules. Remove one first.", rules_max=RULES_MAX)
        )
    _check_digits(rule)
    if rule.kind == "price" and rule.decimals > currency_decimals:
        raise RuleViolationError(
            gettext(
                "Prices of this shop have %(currency_decimals)s decimals. Enter %(currency_decimals)s at most.",
                currency_decimals=currency_decimals,
            )
        )


def read_measure(rule: MeasureRule, code: str) -> Measured | None:
    """Read a canonical code by a rule; None if the rule is about other codes.

    Raises:
        RuleViolationError: The prefix is the rule's, but a check digit is wrong: the code was misread or misprinted.
    """
    if not _CODE.fullmatch(code) or not code.startswith(rule.prefix):
        return None
    if not ean.is_valid(code):
        raise RuleViolationError(
            gettext("The last digit of %(code)s is wrong, so it was misread. Scan it again.", code=code)
        )
    start = len(rule.prefix) + rule.item_digits
    item, value = code[len(rule.prefix) : start], code[12 - rule.value_digits : 12]
    if rule.has_value_check and code[start] != value_check_digit(value):
        raise RuleViolationError(
            gettext(
                "The check digit of the %(kind)s in %(code)s is wrong, so it was misread."
                " Scan it again, or weigh again.",
                kind=rule.kind,
                code=code,
            )
        )
    return Measured(rule, item, Decimal(int(value)).scaleb(-rule.decimals))


def value_check_digit(value: str) -> str:
    """Return the check digit over a value of four or five digits.

    Source: GS1 General Specifications, 7.9.2 to 7.9.4.
    """
    digits = [int(digit) for digit in value]
    if len(digits) == 4:
        tables = (_TIMES_2_LESS, _TIMES_2_LESS, _TIMES_3, _TIMES_5_LESS)
        total = sum(table[digit] for table, digit in zip(tables, digits, strict=True))
        return str(total * 3 % 10)
    tables5 = (_TIMES_5_MORE, _TIMES_2_LESS, _TIMES_5_LESS, _TIMES_5_MORE, _TIMES_2_LESS)
    total = sum(table[digit] for table, digit in zip(tables5, digits, strict=True))
    return str(_TIMES_5_LESS.index(-total % 10))


def quantity_of_price(price: int, unit_price: int, name: str) -> Decimal:
    """Return how much of a product comes to a price: what the scale weighed.

    Args:
        price: Minor units, > 0.
        unit_price: Minor units of one unit of the product.

    Returns:
        Six decimals. Up to a unit price of a million minor units it comes to exactly the price again.

    Raises:
        RuleViolationError: The product has no price, or the code says that it costs nothing.
    """
    if unit_price <= 0:
        raise RuleViolationError(
            gettext("%(name)s has no price, so its code does not say how much it is. Give it a price.", name=name)
        )
    if price <= 0:
        raise RuleViolationError(
            gettext("The code says that this much %(name)s costs nothing. Weigh it again.", name=name)
        )
    exact = Fraction(price, unit_price)
    quantity = Decimal(round_half_up(exact * 10**6)).scaleb(-6)
    if not quantity:
        raise RuleViolationError(gettext("The code says that there is hardly any %(name)s. Weigh it again.", name=name))
    multiply(unit_price, quantity)  # refuses what the books cannot hold
    return quantity


def quantity_of_weight(kilograms: Decimal, unit: str, name: str) -> Decimal:
    """Return a weight in the product's own unit, six decimals; a unit that is no known weight is taken for kilograms.

    Raises:
        RuleViolationError: Nothing was weighed, or the product is counted in pieces.
    """
    if kilograms <= 0:
        raise RuleViolationError(gettext("The code says that %(name)s weighs nothing. Weigh it again.", name=name))
    if is_counted_in_pieces(unit):
        raise RuleViolationError(
            gettext(
                "The code holds a weight, but %(name)s is counted in %(unit)s. Change its"
                " unit to kg before selling it.",
                name=name,
                unit=unit,
            )
        )
    one = _KILOGRAMS.get(unit.casefold(), Fraction(1))
    quantity = Decimal(round_half_up(Fraction(kilograms) / one * 10**6)).scaleb(-6)
    if not quantity:
        raise RuleViolationError(gettext("The code says that there is hardly any %(name)s. Weigh it again.", name=name))
    return quantity


def _check_digits(rule: MeasureRule) -> None:
    if not (2 <= rule.item_digits <= 7 and 3 <= rule.value_digits <= 7):
        raise RuleViolationError("An item has 2 to 7 digits, a value 3 to 7. Count them on a label of the scale.")
    together = rule.item_digits + rule.value_digits + rule.has_value_check
    if together != DIGITS:
        raise RuleViolationError(
            gettext(
                "Prefix, item, value and check digits are 13 together, so item and value are"
                " %(digits)s together (%(digits2)s with a check digit of the value). These"
                " are %(rule)s.",
                digits=DIGITS,
                digits2=DIGITS - 1,
                rule=together - rule.has_value_check,
            )
        )
    if rule.has_value_check and rule.value_digits not in (4, 5):
        raise RuleViolationError("A value with a check digit of its own has 4 or 5 digits.")
    most = min(rule.value_digits, 6)
    if not 0 <= rule.decimals <= most:
        raise RuleViolationError(
            gettext(
                "A value of %(value_digits)s digits has 0 to %(most)s decimals.",
                value_digits=rule.value_digits,
                most=most,
            )
        )
    if rule.kind == "count" and rule.decimals:
        raise RuleViolationError("Pieces are counted without decimals. Enter 0.")
