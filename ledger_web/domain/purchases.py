"""What a purchase comes to, in its own currency and in the shop's: the same functions for the screen and for the books.

Amounts are whole minor units. A total is converted once; what it is made of shares the converted total by largest
remainder of its own exact value, so that the parts add up and one line's change moves hardly any other.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import Final
from uuid import UUID

from ledger_web.domain.currencies import exponent, plain
from ledger_web.domain.errors import InvalidAmountError, RuleViolationError
from ledger_web.domain.exchange import Rate
from ledger_web.domain.journal import (
    AMOUNT_MAX,
    AccountKey,
    Entry,
    cost_of_sales,
    exchange,
    inventory,
    pair,
    rounding,
    tax_receivable,
    vendor,
)
from ledger_web.domain.languages import Texts, gettext
from ledger_web.domain.money import spread
from ledger_web.domain.numbers import round_half_up
from ledger_web.domain.rates import factor_of
from ledger_web.domain.taxes import TaxPart, TaxRate, taxed, total_percent

LINES_MAX: Final = 500
CHARGES_MAX: Final = 20

# How a charge is spread over the lines, and what it is called.
SPREADS: Final = Texts(
    {
        "value": "by value",
        "quantity": "by quantity",
        "weight": "by weight",
        "volume": "by volume",
        "hand": "by hand",
    }
)


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """What one line comes to, minor units of the document's currency.

    Always true: net = gross - discount; the taxes add up to tax.
    """

    gross: int
    discount: int
    net: int
    tax: int
    taxes: tuple[TaxPart, ...] = ()

    @property
    def total(self) -> int:
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class BoughtLine:
    """A line as its costs are found: amounts in the document's currency, the quantity in the product's own unit."""

    net: int
    tax: int
    quantity: Decimal
    weight: Decimal = Decimal(0)  # of all of it, in any unit that is the same on all lines
    volume: Decimal = Decimal(0)  # the same


@dataclass(frozen=True, slots=True)
class Charge:
    """Freight, duty, a broker: what goods cost beside their price."""

    net: int  # minor units of `currency`
    tax: int
    currency: str
    rate: Rate | None  # None: in the base currency, or on the vendor's own invoice
    spread_by: str  # one of SPREADS
    payee_id: UUID | None = None  # None: it is on the vendor's invoice, in its currency and at its rate
    by_hand: tuple[int, ...] = ()  # one share of `net` for each line, where it is spread by hand

    @property
    def total(self) -> int:
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class ChargeCost:
    """What a charge comes to in the base currency. Always true: net + tax = total, and the shares add up to net."""

    net: int
    tax: int
    total: int
    shares: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LineCost:
    """What a line comes to in the base currency."""

    net: int
    tax: int
    charges: int

    @property
    def value(self) -> int:
        """What the goods of the line are worth in stock: landed."""
        return self.net + self.charges


@dataclass(frozen=True, slots=True)
class InvoiceInBase:
    """A vendor's invoice in both currencies. Always true: what it is made of adds up to its totals, on both sides."""

    total: int  # minor units of its own currency
    total_base: int
    nets: tuple[int, ...]  # of the lines, base currency
    taxes: tuple[int, ...]
    charges: tuple[tuple[int, int], ...]  # net and tax of each charge that is on it
    rounding_base: int


@dataclass(frozen=True, slots=True)
class Costing:
    """A purchase in both currencies. Always true: what it is made of adds up to its totals, on both sides."""

    total: int  # of the vendor's invoice, minor units of its currency
    total_base: int
    lines: tuple[LineCost, ...]
    charges: tuple[ChargeCost, ...]
    rounding_base: int

    @property
    def value(self) -> int:
        return sum(line.value for line in self.lines)

    @property
    def tax(self) -> int:
        return sum(line.tax for line in self.lines) + sum(charge.tax for charge in self.charges)


def line_amounts(
    quantity: Decimal,
    unit_cost: Decimal,
    currency: str,
    discount_percent: Decimal = Decimal(0),
    rates: Sequence[TaxRate] = (),
) -> LineAmounts:
    """Say what a line comes to. Costs are without tax; net and gross are each rounded once, half up.

    Args:
        quantity: In the unit of the line, > 0, at most six decimals.
        unit_cost: Of one unit, in whole units of the currency, >= 0, at most six decimals.
        discount_percent: 0 to 100, off the price.
        rates: The taxes on top of it.

    Raises:
        InvalidAmountError: It is more than the books can hold.
    """
    exact = Fraction(quantity) * Fraction(unit_cost) * 10 ** exponent(currency)
    gross = round_half_up(exact)
    net = round_half_up(exact * (100 - Fraction(discount_percent)) / 100) if discount_percent else gross
    amount, parts = taxed(net, rates, inclusive=False)
    if gross + amount.tax > AMOUNT_MAX:
        raise InvalidAmountError("This cost times this quantity is more than the books can hold. Enter less of it.")
    return LineAmounts(gross, gross - net, net, amount.tax, parts)


def input_rates(percent: Decimal, own: Sequence[TaxRate]) -> tuple[TaxRate, ...]:
    """Say which taxes a percentage on a line stands for: those of the product's class, where they come to it.

    Args:
        own: The rates of the product's tax class; none where it has no class.
    """
    if own and total_percent(own) == percent:
        return tuple(own)
    return (TaxRate(gettext("Tax"), percent),) if percent else ()


def total_in_base(total: int, currency: str, rate: Rate | None) -> int:
    """Convert a document's total, once. None for a rate: it is in the base currency."""
    return rate.convert(total, currency) if rate and total else total


def shares_in_base(amounts: Sequence[int], currency: str, rate: Rate | None, total_base: int) -> list[int]:
    """Convert what a total is made of, so that it adds up to the converted total.

    Each amount becomes its own exact value rounded down, or one more; the odd units go to the largest remainders,
    among equals to the earlier. Where the total was typed instead of converted, the amounts share it alike.

    Args:
        amounts: Minor units of the document's currency, each >= 0.
        total_base: Minor units of the base currency.

    Source: product spec 5, "base lines spread by largest remainder"; promises L5.
    """
    total = sum(amounts)
    if rate is None or not total:
        return list(amounts)
    factor = factor_of(rate, currency)
    if total_base != round_half_up(total * factor):
        factor = Fraction(total_base, total)
    top, bottom = factor.numerator, factor.denominator
    floors, remainders = [], []
    for amount in amounts:
        floor, remainder = divmod(amount * top, bottom)
        floors.append(floor)
        remainders.append(remainder)
    left = total_base - sum(floors)
    for at in sorted((at for at, amount in enumerate(amounts) if amount), key=lambda at: (-remainders[at], at))[:left]:
        floors[at] += 1
    return floors


def invoice_in_base(
    lines: Sequence[tuple[int, int]],
    charges: Sequence[tuple[int, int]],
    currency: str,
    rate: Rate | None,
    *,
    rounded: int = 0,
    charged_base: int | None = None,
) -> InvoiceInBase:
    """Convert a vendor's invoice: its total once, and whatever it is made of by its share. Screen and books use this.

    Args:
        lines: Net and tax of each, minor units of its currency.
        charges: Net and tax of those that are on the invoice itself.
        rounded: What the vendor's printed total differs by, minor units, of either sign.
        charged_base: What was actually charged in the base currency for the whole invoice; None: by the rate.

    Raises:
        InvalidAmountError: It comes to more than the books can hold, or to nothing in the base currency.
    """
    parts = [*(net for net, _ in lines), *(tax for _, tax in lines), *(amount for each in charges for amount in each)]
    total = sum(parts) + rounded
    if not 0 <= total <= AMOUNT_MAX:
        raise InvalidAmountError("This purchase comes to more than the books can hold. Look at quantities and costs.")
    total_base = total_in_base(total, currency, rate) if charged_base is None else charged_base
    rounding_base = _signed(rounded, currency, rate)
    shared = shares_in_base(parts, currency, rate, total_base - rounding_base)
    count = len(lines)
    on_it = shared[2 * count :]
    return InvoiceInBase(
        total,
        total_base,
        tuple(shared[:count]),
        tuple(shared[count : 2 * count]),
        tuple(zip(on_it[::2], on_it[1::2], strict=True)),
        rounding_base,
    )


def charge_in_base(net: int, tax: int, currency: str, rate: Rate | None) -> tuple[int, int]:
    """Convert a charge with a bill of its own: its total once; net and tax add up to that."""
    total_base = total_in_base(net + tax, currency, rate)
    net_base, tax_base = shares_in_base([net, tax], currency, rate, total_base)
    return net_base, tax_base


def cost_purchase(
    lines: Sequence[BoughtLine],
    charges: Sequence[Charge],
    currency: str,
    base_currency: str,
    rate: Rate | None,
    *,
    rounded: int = 0,
    charged_base: int | None = None,
) -> Costing:
    """Say what a purchase comes to: every line in the base currency with its share of the charges.

    Args:
        rate: From the document's currency to the base currency; None where they are the same.
        rounded, charged_base: As `invoice_in_base` takes them.

    Raises:
        RuleViolationError: A rate is missing, or a charge cannot be spread as it is to be.
        InvalidAmountError: Something is more than the books can hold, or comes to nothing.
    """
    _must_have_rates(
        [(currency, rate), *((each.currency, each.rate) for each in charges if each.payee_id)], base_currency
    )
    printed = [charge for charge in charges if charge.payee_id is None]
    invoice = invoice_in_base(
        [(line.net, line.tax) for line in lines],
        [(charge.net, charge.tax) for charge in printed],
        currency,
        rate,
        rounded=rounded,
        charged_base=charged_base,
    )
    on_invoice = iter(invoice.charges)
    costs = tuple(
        _charge_cost(
            charge,
            lines,
            *(
                next(on_invoice)
                if charge.payee_id is None
                else charge_in_base(charge.net, charge.tax, charge.currency, charge.rate)
            ),
        )
        for charge in charges
    )
    landed = [sum(shares) for shares in zip(*(cost.shares for cost in costs), strict=True)] or [0] * len(lines)
    return Costing(
        invoice.total,
        invoice.total_base,
        tuple(LineCost(*each) for each in zip(invoice.nets, invoice.taxes, landed, strict=True)),
        costs,
        invoice.rounding_base,
    )


def spread_charge(charge: Charge, net_base: int, lines: Sequence[BoughtLine]) -> list[int]:
    """Give each line its share of a charge, in the base currency, so that nothing of it is lost.

    Raises:
        RuleViolationError: The lines have nothing to spread it by, or shares typed by hand do not add up.
    """
    if charge.spread_by == "hand":
        if len(charge.by_hand) != len(lines) or sum(charge.by_hand) != charge.net:
            raise RuleViolationError(
                gettext(
                    "The shares typed by hand come to %(by_hand)s, the charge to %(net)s. Make them agree.",
                    by_hand=plain(sum(charge.by_hand), charge.currency),
                    net=plain(charge.net, charge.currency),
                )
            )
        weights: list[int | Decimal] = [*charge.by_hand]
    elif charge.spread_by == "value":
        weights = [line.net for line in lines]
    elif charge.spread_by == "quantity":
        weights = [line.quantity for line in lines]
    elif charge.spread_by == "weight":
        weights = [line.weight for line in lines]
        if not any(weights):
            raise RuleViolationError("No line says what it weighs. Enter weights, or spread the charge another way.")
    else:
        weights = [line.volume for line in lines]
        if not any(weights):
            raise RuleViolationError(
                gettext("No line says how much room it takes. Enter volumes, or spread the charge another way.")
            )
    if charge.spread_by == "value" and not any(weights):
        raise RuleViolationError("The lines cost nothing, so a charge cannot be spread by value. Choose another way.")
    return spread(net_base, weights)


def purchase_entries(
    vendor_id: UUID,
    currency: str,
    base_currency: str,
    costing: Costing,
    charges: Sequence[Charge],
    kept: int,
) -> list[Entry]:
    """Tell a purchase in entries: goods and tax against what the vendor and the payees of its charges are owed.

    In a foreign currency through the exchange accounts, so that each currency balances by itself.

    Args:
        kept: What of the goods' value stayed in stock; the rest is the cost of sales already made, or of
            what keeps no stock.

    Source: design §1, product "Typical entries".
    """
    debits = [
        (inventory(base_currency), kept),
        (cost_of_sales(base_currency), costing.value - kept),
        (tax_receivable(base_currency), costing.tax),
        (rounding(base_currency), costing.rounding_base),
    ]
    foreign, credits = [], []
    apart = [
        (each.payee_id, each.currency, each.total, cost.total)
        for each, cost in zip(charges, costing.charges, strict=True)
        if each.payee_id is not None
    ]
    for payee_id, owed_in, total, total_base in [(vendor_id, currency, costing.total, costing.total_base), *apart]:
        owed = vendor(payee_id, owed_in)
        if owed_in == base_currency:
            credits.append((owed, total))
        else:
            foreign += [Entry(exchange(owed_in), owed, total)] if total else []
            credits.append((exchange(base_currency), total_base))
    return [*foreign, *both_sides(debits, credits)]


def both_sides(debits: Sequence[tuple[AccountKey, int]], credits: Sequence[tuple[AccountKey, int]]) -> list[Entry]:
    """Join amounts of both sides into entries; one below zero stands on the other side."""
    turned = [(key, -amount) for key, amount in debits if amount < 0]
    back = [(key, -amount) for key, amount in credits if amount < 0]
    return pair(
        [*((key, amount) for key, amount in debits if amount > 0), *back],
        [*((key, amount) for key, amount in credits if amount > 0), *turned],
    )


def part_of(total: int, quantity: Decimal, before: Decimal, part: Decimal) -> int:
    """Return what a part of a line comes to when some of it went before: all parts together are exactly the total."""
    done = round_half_up(Fraction(total) * Fraction(before) / Fraction(quantity))
    return round_half_up(Fraction(total) * Fraction(before + part) / Fraction(quantity)) - done


def late_shares(
    shares: Sequence[int], bought: Sequence[Decimal], on_hand: Mapping[UUID, Decimal], products: Sequence[UUID | None]
) -> list[int]:
    """Say how much of each line's share of a late charge belongs to goods that are still in stock.

    Of each product at most as much is there as its lines brought; the earlier lines keep theirs first. The rest of a
    share belongs to goods that are sold: to the cost of sales.

    Args:
        shares: Per line, minor units of the base currency.
        bought: Per line, what is not returned, in the product's unit.
        on_hand: Per product, > 0 or missing.
        products: Per line; None keeps no stock.
    """
    left = {id: max(quantity, Decimal(0)) for id, quantity in on_hand.items()}
    kept = []
    for share, quantity, product_id in zip(shares, bought, products, strict=True):
        here = min(left.get(product_id, Decimal(0)), quantity) if product_id else Decimal(0)
        if product_id and here:
            left[product_id] -= here
        kept.append(round_half_up(Fraction(share) * Fraction(here) / Fraction(quantity)) if quantity else 0)
    return kept


def invoice_key(number: str) -> str:
    """Return a vendor's invoice number as it is compared: "INV 00-12/a" and "inv0012A" are the same."""
    folded = unicodedata.normalize("NFKC", number).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


def proposed_price(unit_cost: Fraction, margin_percent: Decimal, tax_percent: Decimal, ending: int) -> int:
    """Propose a selling price with tax: the margin is part of the net price, and the price is rounded up to an ending.

    Args:
        unit_cost: Minor units of the base currency for one unit.
        margin_percent: 0 to less than 100, of the price without tax.
        ending: Minor units: 0 leaves the price as it is rounded; 99 rounds up to the next …99, 500 to the
            next …500, in steps of the power of ten above it.
    """
    net = unit_cost / (1 - Fraction(margin_percent) / 100)
    price = -(-(net * (100 + Fraction(tax_percent)) / 100) // 1)
    if not ending:
        return int(price)
    step = next(power for power in accumulate([10] * 16, lambda a, b: a * b) if power > ending)
    return int(-(-(price - ending) // step) * step + ending) if price > ending else ending


def _must_have_rates(rates: Sequence[tuple[str, Rate | None]], base_currency: str) -> None:
    """Refuse to guess: a rate that is missing is never 1."""
    for currency, rate in rates:
        if (rate is None) != (currency == base_currency):
            raise RuleViolationError(
                gettext(
                    "Enter the rate between %(currency)s and %(base_currency)s: without it nothing can be received.",
                    currency=currency,
                    base_currency=base_currency,
                )
            )


def _charge_cost(charge: Charge, lines: Sequence[BoughtLine], net: int, tax: int) -> ChargeCost:
    return ChargeCost(net, tax, net + tax, tuple(spread_charge(charge, net, lines)))


def _signed(amount: int, currency: str, rate: Rate | None) -> int:
    """Convert an amount of either sign; it may come to nothing."""
    if rate is None:
        return amount
    converted = round_half_up(abs(amount) * factor_of(rate, currency))
    return converted if amount >= 0 else -converted
