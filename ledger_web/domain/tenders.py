"""How a sale is paid: in one way or several, in one currency or several, and what goes back.

What is owed is in the shop's base currency. Money in another currency is worth what its rate says, frozen; the
currencies meet in exchange accounts only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final
from uuid import UUID

from ledger_web.domain.currencies import plain
from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.exchange import Rate
from ledger_web.domain.journal import AccountKey, Entry, cash, exchange, store_credit
from ledger_web.domain.languages import Texts, gettext

CASH: Final = "cash"
BANK: Final = "bank"
STORE_CREDIT: Final = "store_credit"
GIFT_CARD: Final = "gift_card"
ON_ACCOUNT: Final = "on_account"
EXCHANGE: Final = "exchange"  # never chosen: what came back in the same act pays for it

METHODS: Final = Texts(
    {
        CASH: "Cash",
        BANK: "Card or bank",
        STORE_CREDIT: "Store credit",
        GIFT_CARD: "Gift card",
        ON_ACCOUNT: "On account",
    }
)
METHOD_NAMES: Final = METHODS | Texts({EXCHANGE: "Exchange"})

TENDERS_MAX: Final = 12

# The smallest cash in use, in minor units, where it is not the currency's smallest unit.
CASH_STEPS: Final = MappingProxyType(
    {
        "AUD": 5, "CAD": 5, "CHF": 5, "CZK": 100, "DKK": 50, "HKD": 10, "HUF": 500, "ILS": 10, "MYR": 5, "NOK": 100,
        "NZD": 10, "SEK": 100, "SGD": 5, "ZAR": 10,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tendered:
    """What somebody hands over: so much in one way. `amount` None is whatever is left to pay, in base currency."""

    method: str
    account: AccountKey  # where it goes: a drawer, a bank account, or the store credit it is taken from
    amount: int | None  # minor units of the account's currency, >= 0
    rate: Rate | None = None  # between the account's currency and the base currency, where they differ
    carried_from: UUID | None = None  # of an exchange: the payment that the money once came in by


@dataclass(frozen=True, slots=True)
class Change:
    """In which currency change goes back, and how much of it; the rest goes back in base currency."""

    rate: Rate | None  # None: base currency
    currency: str
    amount: int | None = None  # minor units; None: all of it


@dataclass(frozen=True, slots=True)
class Paid:
    """One way a sale was paid, as it is kept. Always true: tendered = applied + change, in the account's currency.

    `applied_base` is what it paid of the sale, which is less than `applied` is worth where change went back in
    another currency.
    """

    method: str
    account: AccountKey
    tendered: int
    change: int
    applied_base: int
    worth: int  # of `applied`, in base currency
    rate: Rate | None
    other_change: int | None = None
    other_change_currency: str | None = None
    other_change_worth: int = 0
    change_rate: Rate | None = None
    carried_from: UUID | None = None

    @property
    def applied(self) -> int:
        return self.tendered - self.change


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a total was settled. Always true: what was paid and what went on account is the total and its rounding."""

    paid: tuple[Paid, ...]
    on_account: int
    rounding: int  # what rounding of cash added; below zero what it took off
    change: tuple[tuple[str, int], ...]  # what goes back, per currency


def cash_step(currency: str, own: int | None = None) -> int:
    """Return the smallest cash of a currency, in minor units; the shop may have said its own for its base currency."""
    return own or CASH_STEPS.get(currency, 1)


def carried_over(currency: str) -> AccountKey:
    """Return the account through which an exchange carries what came back: empty before it and after it.

    No gift card can have its code: those are in small letters.
    """
    return store_credit(currency, None, "EXCHANGE")


def round_to(amount: int, step: int) -> int:
    """Return the nearest multiple of a step, from the middle upwards."""
    return (2 * amount + step) // (2 * step) * step


def settle(
    total: int,
    currency: str,
    tenders: Sequence[Tendered],
    *,
    rest_on_account: bool = False,
    change: Change | None = None,
    step: int = 1,
) -> Settlement:
    """Say what each tender pays of a total, what goes back and what stays on the customer's account.

    Cards, bank accounts and credit pay first and never too much; then cash, whose part is rounded to `step`; what
    cash is too much goes back.

    Args:
        total: What is owed, >= 0.
        rest_on_account: What is not covered goes on the customer's account, and no cash is rounded.
        change: Which currency the change goes back in; None is the base currency.

    Raises:
        RuleViolationError: The tenders do not cover the total and the rest may not go on account, something but
            cash is more than what is owed, or a rate is missing.
    """
    if len(tenders) > TENDERS_MAX:
        raise RuleViolationError(
            gettext(
                "A sale is paid in at most %(tenders_max)s parts. Put some of them together.", tenders_max=TENDERS_MAX
            )
        )
    left, paid = total, []
    for tender in tenders:
        if tender.method != CASH:
            done = _paid_exactly(tender, left, currency)
            left -= done.applied_base
            paid.append(done)
    coming = [tender for tender in tenders if tender.method == CASH]
    if not coming and left and not rest_on_account:
        raise RuleViolationError(gettext("%(left)s is still to be paid. Enter how.", left=plain(left, currency)))
    cash_paid, rounded, on_account, back = _settle_cash(
        left, currency, coming, rest_on_account=rest_on_account, change=change, step=step
    )
    if any(one.applied_base and not one.applied for one in cash_paid):
        raise RuleViolationError("All of that money would go back as change. Give the change in another currency.")
    return Settlement(tuple(one for one in [*paid, *cash_paid] if one.applied), on_account, rounded, back)


def _paid_exactly(tender: Tendered, left: int, currency: str) -> Paid:
    """Take what something but cash pays: never more than is owed."""
    amount = tender.amount
    if amount is None:
        amount = left if tender.rate is None or not left else tender.rate.convert(left, currency)
    worth = left if tender.amount is None else _worth(amount, tender, currency)
    if worth > left:
        raise RuleViolationError(
            gettext(
                "%(methods)s pays %(worth)s, but only %(left)s is to be paid so. Enter less: only cash gives change.",
                methods=METHOD_NAMES[tender.method],
                worth=plain(worth, currency),
                left=plain(left, currency),
            )
        )
    return Paid(tender.method, tender.account, amount, 0, worth, worth, tender.rate, carried_from=tender.carried_from)


def _worth(amount: int, tender: Tendered, currency: str) -> int:
    if tender.account.currency == currency or not amount:
        return amount
    if tender.rate is None:
        raise RuleViolationError(
            gettext("Enter the rate at which %(currency)s is taken.", currency=tender.account.currency)
        )
    return tender.rate.convert(amount, tender.account.currency)


def _settle_cash(
    left: int, currency: str, tenders: Sequence[Tendered], *, rest_on_account: bool, change: Change | None, step: int
) -> tuple[list[Paid], int, int, tuple[tuple[str, int], ...]]:
    """Say what cash pays of what is left: (paid, rounding, on account, change)."""
    due = left if rest_on_account or not tenders else round_to(left, step)
    amounts: list[tuple[Tendered, int, int]] = []
    open_amount = due
    for tender in tenders:
        amount = tender.amount
        if amount is None:
            rest = 0 if rest_on_account else max(open_amount, 0)
            amount = rest if tender.rate is None or not rest else tender.rate.convert(rest, currency)
            worth = rest
        else:
            worth = _worth(amount, tender, currency)
        open_amount -= worth
        amounts.append((tender, amount, worth))
    if open_amount > 0 and not rest_on_account:
        raise RuleViolationError(
            gettext(
                "The cash received does not cover the total: %(open_amount)s is missing."
                " Enter what was handed over, add another way to pay, or tick “Rest on"
                " account” for the customer.",
                open_amount=plain(open_amount, currency),
            )
        )
    given = _change(max(-open_amount, 0), currency, change)
    return (
        _give_back(amounts, given),
        due - left,
        max(open_amount, 0),
        tuple((part.currency, part.amount) for part in given if part.amount),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of the change, in one currency."""

    currency: str
    amount: int
    worth: int
    rate: Rate | None


def _change(worth: int, currency: str, change: Change | None) -> list[_Part]:
    """Say what goes back in the currency that was asked for, and what in base currency."""
    if not worth or change is None or change.currency == currency:
        return [_Part(currency, worth, worth, None)] if worth else []
    if change.rate is None:
        raise RuleViolationError(
            gettext("Enter the rate at which %(currency)s is given back.", currency=change.currency)
        )
    if change.amount is None:
        return [_Part(change.currency, change.rate.convert(worth, currency), worth, change.rate)]
    if not change.amount:
        return [_Part(currency, worth, worth, None)]
    given = change.rate.convert(change.amount, change.currency)
    if given > worth:
        raise RuleViolationError(
            gettext(
                "%(amount)s is worth %(given)s, but only %(worth)s goes back. Enter less.",
                amount=plain(change.amount, change.currency),
                given=plain(given, currency),
                worth=plain(worth, currency),
            )
        )
    parts = [_Part(change.currency, change.amount, given, change.rate)]
    return parts if given == worth else [*parts, _Part(currency, worth - given, worth - given, None)]


def _give_back(amounts: Sequence[tuple[Tendered, int, int]], parts: Sequence[_Part]) -> list[Paid]:
    """Take the change out of the tenders, the last first: each row keeps its own currency and at most one other."""
    paid = [
        Paid(tender.method, tender.account, amount, 0, worth, worth, tender.rate) for tender, amount, worth in amounts
    ]
    for part in parts:
        left = part
        for at in reversed(range(len(paid))):
            if not left.amount:
                break
            paid[at], left = _taken(paid[at], left)
        if left.amount:
            raise RuleViolationError("This change cannot be given in that currency. Give it in one currency only.")
    return paid


def _taken(row: Paid, part: _Part) -> tuple[Paid, _Part]:
    """Give some of the change out of one tender; return it as it is then, and what is left to be given.

    Base currency can be given in pieces; a piece of an amount that was converted would lose something to rounding.
    """
    own = part.currency == row.account.currency
    if not own and row.other_change_currency not in (None, part.currency):
        return row, part
    amount, worth = part.amount, part.worth
    if worth > row.applied_base or (own and amount > row.applied):
        if part.rate is not None:
            return row, part
        amount = worth = row.applied_base
    left = replace(part, amount=part.amount - amount, worth=part.worth - worth)
    row = replace(row, applied_base=row.applied_base - worth)
    if own:
        return replace(row, change=row.change + amount, worth=row.worth - worth), left
    if not amount:
        return row, left
    return replace(
        row,
        other_change=(row.other_change or 0) + amount,
        other_change_currency=part.currency,
        other_change_worth=row.other_change_worth + worth,
        change_rate=part.rate,
    ), left


def money_entries(settlement: Settlement, currency: str) -> tuple[list[tuple[AccountKey, int]], list[Entry]]:
    """Say where the money of a settlement went.

    Returns:
        Accounts in base currency with what each got, below zero what it gave: they add up to what was paid. And
        the entries in other currencies, each against its exchange account.
    """
    moved: dict[AccountKey, int] = {}
    exchanged = 0
    for row in settlement.paid:
        moved[row.account] = moved.get(row.account, 0) + row.applied
        exchanged += row.worth if row.account.currency != currency else 0
        if row.other_change and row.other_change_currency and row.account.drawer_id:
            drawer = cash(row.account.drawer_id, row.other_change_currency)
            moved[drawer] = moved.get(drawer, 0) - row.other_change
            exchanged -= row.other_change_worth if row.other_change_currency != currency else 0
    base = [(key, amount) for key, amount in moved.items() if key.currency == currency]
    foreign = [
        Entry(key, exchange(key.currency), amount) if amount > 0 else Entry(exchange(key.currency), key, -amount)
        for key, amount in moved.items()
        if key.currency != currency and amount
    ]
    return [*base, (exchange(currency), exchanged)], foreign


def rate_of(currency: str, base_currency: str, rate: Decimal | None, rate_unit: str | None) -> Rate | None:
    """Return the rate between a currency and the base currency; none between a currency and itself.

    Raises:
        RuleViolationError: It is missing, or not above zero.
    """
    if currency == base_currency:
        return None
    if rate is None or rate <= 0:
        raise RuleViolationError(
            gettext("Enter the rate at which %(currency)s is taken, above zero.", currency=currency)
        )
    unit = rate_unit if rate_unit in (currency, base_currency) else currency
    return Rate(unit, base_currency if unit == currency else currency, rate)
