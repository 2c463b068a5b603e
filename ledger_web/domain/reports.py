"""Trial balance, profit and loss, balance sheet: what accounts moved, put in the order accountants read.

Each currency balances by itself, because currencies meet in exchange accounts only. At a rate for each foreign
currency everything is valued in the shop's base currency, too; what then stands on the exchange accounts is what
holding those currencies has earned or cost. Source: design §1.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from ledger_web.domain.accounts import CHART, account_name
from ledger_web.domain.currencies import exponent
from ledger_web.domain.exchange import GAIN, LOSS
from ledger_web.domain.languages import gettext
from ledger_web.domain.money import round_half_up, spread

Rates = Mapping[str, Decimal]  # what one unit of a foreign currency is worth in the base currency

RESULT_KINDS: Final = ("revenue", "cost_of_sales", "expense", "over_short", "rounding", "exchange")
ASSETS: Final = CHART["What the shop has"]
DEBTS: Final = CHART["What the shop owes"]


@dataclass(frozen=True, slots=True)
class AccountSums:
    """What moved one account, or all accounts of a kind that many hold; minor units of the currency."""

    kind: str
    code: str | None
    holder: str | None  # of a party, a drawer, a bank account or the shop's own category
    currency: str
    account_id: uuid.UUID | None  # None: more than one holder
    holders: int
    debits: int
    credits: int

    @property
    def name(self) -> str:
        return account_name(self.kind, self.code, self.holder)

    @property
    def net(self) -> int:
        """What is left on the debit side; below zero on the credit side."""
        return self.debits - self.credits

    @property
    def debit(self) -> int:
        return max(self.net, 0)

    @property
    def credit(self) -> int:
        return max(-self.net, 0)


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """A line of a trial balance, with both sides in the base currency where it could be valued."""

    sums: AccountSums
    base_debit: int | None
    base_credit: int | None


@dataclass(frozen=True, slots=True)
class CurrencyBalance:
    """The accounts of one currency. Always true of books that are right: debit = credit, also in the base currency."""

    currency: str
    rate: Decimal | None  # None: the base currency itself, or a currency without a rate
    lines: tuple[BalanceLine, ...]
    debit: int
    credit: int
    base: int | None  # what each side comes to in the base currency

    @property
    def is_balanced(self) -> bool:
        return self.debit == self.credit


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Every account of a shop at the end of a day, currency by currency, the base currency first."""

    currencies: tuple[CurrencyBalance, ...]
    base: int | None  # what each side comes to in the base currency; None while a rate is missing
    exchange: int | None  # what the exchange accounts come to: a gain above zero, a loss below

    @property
    def is_balanced(self) -> bool:
        return all(each.is_balanced for each in self.currencies)


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount of a report and the account it comes from, if it is one."""

    amount: int
    account_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line over all columns: a figure for each currency, and the sum in the base currency."""

    name: str
    figures: Mapping[str, Figure]  # by currency
    base: int | None
    kind: str = ""  # of its accounts, where all holders of a kind stand together


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that belong together, and what they come to."""

    name: str
    lines: tuple[ReportLine, ...]
    total: ReportLine


@dataclass(frozen=True, slots=True)
class ProfitAndLoss:
    """What the shop earned and spent in a range of days. Above zero is earned in income and result, spent in costs."""

    currencies: tuple[str, ...]
    sales: Section
    cost_of_sales: Section
    gross: ReportLine
    income: Section
    expenses: Section
    differences: Section  # counted, rounded and exchanged: above zero a gain
    result: ReportLine


@dataclass(frozen=True, slots=True)
class BalanceSheet:
    """What the shop has, what it owes and what is the owner's at the end of a day. Always true: has = owes + own."""

    currencies: tuple[str, ...]
    assets: Section
    debts: Section
    own: Section
    both: ReportLine  # debts and own together


def currencies_of(sums: Iterable[AccountSums], base_currency: str) -> tuple[str, ...]:
    """Return the base currency and then every other that has figures, by its code."""
    return (base_currency, *sorted({each.currency for each in sums} - {base_currency}))


def value(amount: int, currency: str, base_currency: str, rates: Rates) -> int | None:
    """Return what an amount is worth in the base currency, rounded once, half up; None without a rate."""
    if currency == base_currency:
        return amount
    if currency not in rates:
        return 0 if not amount else None
    factor = Fraction(rates[currency]) * Fraction(10) ** (exponent(base_currency) - exponent(currency))
    return round_half_up(abs(amount) * factor) * (1 if amount > 0 else -1)


def trial_balance(sums: Sequence[AccountSums], base_currency: str, rates: Rates) -> TrialBalance:
    """Put accounts in the order of the chart, currency by currency, and value them.

    Each side of a currency is valued as a whole and that divided over its lines, so that what balances in a currency
    balances in the base currency at any rate.
    """
    balances = tuple(
        _currency_balance([each for each in sums if each.currency == currency], currency, base_currency, rates)
        for currency in currencies_of(sums, base_currency)
    )
    exchange = _total(value(-each.net, each.currency, base_currency, rates) for each in sums if each.kind == "exchange")
    return TrialBalance(balances, _total(each.base for each in balances), exchange)


def _currency_balance(sums: Sequence[AccountSums], currency: str, base_currency: str, rates: Rates) -> CurrencyBalance:
    ordered = sorted((each for each in sums if each.net), key=_place)
    debit, credit = sum(each.debit for each in ordered), sum(each.credit for each in ordered)
    base = value(debit, currency, base_currency, rates)
    debits = _valued([each.debit for each in ordered], debit, currency, base_currency, rates)
    credits = _valued([each.credit for each in ordered], credit, currency, base_currency, rates)
    lines = tuple(BalanceLine(*line) for line in zip(ordered, debits, credits, strict=True))
    return CurrencyBalance(currency, rates.get(currency), lines, debit, credit, base)


def _valued(
    amounts: Sequence[int], total: int, currency: str, base_currency: str, rates: Rates
) -> Sequence[int | None]:
    valued = value(total, currency, base_currency, rates)
    return [None] * len(amounts) if valued is None else spread(valued, amounts)


def _place(sums: AccountSums) -> tuple[int, int, str]:
    kinds = [kind for kinds in CHART.values() for kind in kinds]
    return kinds.index(sums.kind), sums.code is not None, sums.name


def profit_and_loss(sums: Sequence[AccountSums], base_currency: str, rates: Rates) -> ProfitAndLoss:
    """Put what earned and cost into its sections, a column for each currency.

    Sales stand without tax, because tax is owed and not earned. What stands on exchange accounts is a result in the
    base currency only: in each currency by itself it is the other side of what was exchanged.
    """
    currencies = currencies_of(sums, base_currency)
    book = _Book(currencies, base_currency, rates)
    realised = {("revenue", GAIN), ("expense", LOSS)}

    def chosen(wanted: Callable[[AccountSums], bool]) -> list[AccountSums]:
        return [each for each in sums if wanted(each)]

    sales = book.section(gettext("Sales"), chosen(lambda s: s.kind == "revenue" and s.code is None), -1)
    costs = book.section(gettext("Cost of sales"), chosen(lambda s: s.kind == "cost_of_sales"), 1)
    income = book.section(
        gettext("Other income"), chosen(lambda s: s.kind == "revenue" and s.code not in (None, GAIN)), -1
    )
    expenses = book.section(gettext("Expenses"), chosen(lambda s: s.kind == "expense" and s.code != LOSS), 1)
    differences = book.section(
        gettext("Differences"),
        chosen(lambda s: s.kind in ("over_short", "rounding") or (s.kind, s.code) in realised),
        -1,
        book.exchange_lines(chosen(lambda s: s.kind == "exchange")),
    )
    gross = book.sum(gettext("Gross profit"), [sales.total], [costs.total])
    result = book.sum(gettext("Profit"), [gross, income.total, differences.total], [expenses.total])
    return ProfitAndLoss(currencies, sales, costs, gross, income, expenses, differences, result)


def balance_sheet(sums: Sequence[AccountSums], base_currency: str, rates: Rates) -> BalanceSheet:
    """Put every account on its side. What was earned and not drawn is the owner's, like what they put in."""
    currencies = currencies_of(sums, base_currency)
    book = _Book(currencies, base_currency, rates)
    assets = book.section(gettext("What the shop has"), [each for each in sums if each.kind in ASSETS], 1)
    debts = book.section(gettext("What the shop owes"), [each for each in sums if each.kind in DEBTS], -1)
    results = [each for each in sums if each.kind in RESULT_KINDS and each.kind != "exchange"]
    own = book.section(
        gettext("The owner’s share"),
        [each for each in sums if each.kind == "equity"],
        -1,
        [
            book.line(gettext("Profit so far, not drawn"), results, -1, linked=False),
            book.line(gettext("Currency exchange"), [each for each in sums if each.kind == "exchange"], -1),
        ],
    )
    return BalanceSheet(
        currencies, assets, debts, own, book.sum(gettext("Owed and owned"), [debts.total, own.total], [])
    )


class _Book:
    """Makes lines over the columns of a report."""

    def __init__(self, currencies: tuple[str, ...], base_currency: str, rates: Rates) -> None:
        self._currencies = currencies
        self._base_currency = base_currency
        self._rates = rates

    def section(self, name: str, sums: Sequence[AccountSums], sign: int, further: Sequence[ReportLine] = ()) -> Section:
        """Make a line for each account name, and one for all. `sign` is 1 where debits count, -1 where credits do."""
        named: dict[tuple[str, str | None, str], list[AccountSums]] = {}
        for each in sorted(sums, key=_place):
            named.setdefault((each.kind, each.code, each.name), []).append(each)
        lines = [self.line(label, members, sign) for (_, _, label), members in named.items()]
        shown = tuple(line for line in [*lines, *further] if not _is_empty(line))
        return Section(name, shown, self.sum(name, shown, []))

    def line(self, name: str, sums: Sequence[AccountSums], sign: int, *, linked: bool = True) -> ReportLine:
        amounts: dict[str, int] = {}
        accounts: dict[str, uuid.UUID | None] = {}
        for each in sums:
            amounts[each.currency] = amounts.get(each.currency, 0) + sign * each.net
            accounts[each.currency] = each.account_id if linked else None
        figures = {currency: Figure(amount, accounts[currency]) for currency, amount in amounts.items()}
        kind = sums[0].kind if sums and linked and sums[0].account_id is None else ""
        return ReportLine(name, figures, self._valued(amounts), kind)

    def exchange_lines(self, sums: Sequence[AccountSums]) -> list[ReportLine]:
        """Make the line of what exchanging came to, which is an amount in the base currency only."""
        if not sums:
            return []
        amounts: dict[str, int] = {}
        for each in sums:
            amounts[each.currency] = amounts.get(each.currency, 0) - each.net
        return [ReportLine(gettext("Currencies held, at these rates"), {}, self._valued(amounts))]

    def sum(self, name: str, more: Sequence[ReportLine], less: Sequence[ReportLine]) -> ReportLine:
        def total(currency: str) -> int:
            return sum(_of(line, currency) for line in more) - sum(_of(line, currency) for line in less)

        figures = {currency: Figure(total(currency)) for currency in self._currencies}
        base = _total([*(line.base for line in more), *(None if line.base is None else -line.base for line in less)])
        return ReportLine(name, figures, base)

    def _valued(self, amounts: Mapping[str, int]) -> int | None:
        return _total(value(amount, currency, self._base_currency, self._rates) for currency, amount in amounts.items())


def _is_empty(line: ReportLine) -> bool:
    """Say whether a line comes to nothing in every column; one that could not be valued does not."""
    return line.base == 0 and not any(figure.amount for figure in line.figures.values())


def _of(line: ReportLine, currency: str) -> int:
    figure = line.figures.get(currency)
    return figure.amount if figure else 0


def _total(values: Iterable[int | None]) -> int | None:
    """Add up; None as soon as one of them is not known."""
    total = 0
    for each in values:
        if each is None:
            return None
        total += each
    return total
