"""What an account is and what an entry is: the grammar of the books, before any of them is stored."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, ParamSpec, cast
from uuid import UUID

from ledger_web.domain.currencies import CURRENCIES
from ledger_web.domain.errors import InvariantBrokenError, UnbalancedEntryError

Side = Literal["debit", "credit"]

AMOUNT_MAX: Final = 10**15  # minor units; one entry holds at most this much, as entries_amount_is_positive says

# The side on which a kind of account grows. `exchange` and `over_short` may stand on either: ours stand here.
# Source: design §1; the same list is the CHECK accounts_stand_on_their_normal_side.
NORMAL_SIDE: Final[dict[str, Side]] = {
    "customer": "debit",
    "member": "debit",
    "cash": "debit",
    "bank": "debit",
    "inventory": "debit",
    "tax_receivable": "debit",
    "expense": "debit",
    "cost_of_sales": "debit",
    "exchange": "debit",
    "vendor": "credit",
    "employee": "credit",
    "tax_payable": "credit",
    "revenue": "credit",
    "store_credit": "credit",
    "equity": "credit",
    "over_short": "credit",
    "rounding": "credit",
}

# What a person reads while selling, or what a floor or ceiling guards: moved together with the entries.
CACHED_KINDS: Final = frozenset({"customer", "vendor", "employee", "member", "cash", "bank", "store_credit"})

PARTY_KINDS: Final = frozenset({"customer", "vendor", "employee", "member"})


@dataclass(frozen=True, slots=True)
class AccountKey:
    """Names one account of a shop by what it is for, so that services need not know its id.

    Always true: the kind is known and the currency a code; customers, vendors, employees and members have a
    party, store credit may have one, nothing else has; cash has a drawer, nothing else has.
    """

    kind: str
    currency: str
    party_id: UUID | None = None
    drawer_id: UUID | None = None
    code: str | None = None
    # Keys are looked up and written several times in every posting: name and hash are made once.
    _name: str = field(init=False, repr=False, compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in NORMAL_SIDE:
            raise InvariantBrokenError(f"There is no kind of account called {self.kind!r}.")
        if self.currency not in CURRENCIES:
            raise InvariantBrokenError(f"An account cannot be in the currency {self.currency!r}.")
        if (self.kind in PARTY_KINDS) != (self.party_id is not None) and self.kind != "store_credit":
            raise InvariantBrokenError(f"A {self.kind} account and a party must go together.")
        if (self.kind == "cash") != (self.drawer_id is not None):
            raise InvariantBrokenError(f"A {self.kind} account and a cash drawer must go together.")
        name = f"{self.kind}/{self.currency}/{self.party_id}/{self.drawer_id}/{self.code or ''}"
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_hash", hash(name))

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        """All of it in one word: the id of the account is made from this, so it must never be written otherwise."""
        return self._name

    @property
    def normal_side(self) -> Side:
        return NORMAL_SIDE[self.kind]

    @property
    def cached(self) -> bool:
        return self.kind in CACHED_KINDS


@dataclass(frozen=True, slots=True)
class Entry:
    """One amount, from its credit account to its debit account, in one currency.

    Always true: 0 < amount <= AMOUNT_MAX, minor units; two different accounts, both in the entry's currency.
    """

    debit: AccountKey
    credit: AccountKey
    amount: int  # minor units of `currency`

    def __post_init__(self) -> None:
        if type(self.amount) is not int or not 0 < self.amount <= AMOUNT_MAX:
            raise UnbalancedEntryError(f"An entry of {self.amount!r} is not possible: the amount must be above zero.")
        if self.debit == self.credit:
            raise UnbalancedEntryError(f"An entry cannot debit and credit the same {self.debit.kind} account.")
        if self.debit.currency != self.credit.currency:
            raise UnbalancedEntryError(
                f"An entry cannot debit {self.debit.currency} and credit {self.credit.currency}:"
                " currencies meet in exchange accounts only."
            )

    @property
    def currency(self) -> str:
        return self.debit.currency

    def reversed(self) -> "Entry":
        return Entry(debit=self.credit, credit=self.debit, amount=self.amount)


def deltas(entries: Iterable[Entry]) -> dict[AccountKey, tuple[int, int, int]]:
    """Sum what the entries do to each account: (debits, credits, number of times named).

    The number is what the account's version grows by, so that it always equals its count of entries' sides.
    """
    sums: dict[AccountKey, tuple[int, int, int]] = {}
    for entry in entries:
        debits, credits, count = sums.get(entry.debit, (0, 0, 0))
        sums[entry.debit] = (debits + entry.amount, credits, count + 1)
        debits, credits, count = sums.get(entry.credit, (0, 0, 0))
        sums[entry.credit] = (debits, credits + entry.amount, count + 1)
    return sums


@dataclass(slots=True)
class Run:
    """What transactions, one after the other, do to one account.

    `lowest` and `highest` are how far they take its balance below and above what it was, looked at only after a
    transaction that moved it that way: a limit is asked only of the side that makes it worse. None: no such one.
    """

    debits: int = 0
    credits: int = 0
    count: int = 0
    net: int = 0  # above zero: further onto the account's normal side
    lowest: int | None = None
    highest: int | None = None

    def add(self, key: AccountKey, debits: int, credits: int, count: int) -> None:
        """Go on with what the next transaction does to the account."""
        self.debits += debits
        self.credits += credits
        self.count += count
        change = debits - credits if key.normal_side == "debit" else credits - debits
        self.net += change
        if change < 0 and (self.lowest is None or self.net < self.lowest):
            self.lowest = self.net
        if change > 0 and (self.highest is None or self.net > self.highest):
            self.highest = self.net


def runs(transactions: Iterable[Iterable[Entry]]) -> dict[AccountKey, Run]:
    """Sum what transactions do to each account, in the order in which they are posted."""
    found: dict[AccountKey, Run] = {}
    for entries in transactions:
        for key, sums in deltas(entries).items():
            run = found.get(key)
            if run is None:
                run = found[key] = Run()
            run.add(key, *sums)
    return found


def reversed_entries(entries: Iterable[Entry]) -> list[Entry]:
    """Return the opposite of each entry, in the same order: posted together they leave every balance as it was."""
    return [entry.reversed() for entry in entries]


def unless_zero(debit: AccountKey, credit: AccountKey, amount: int) -> list[Entry]:
    """Return one entry, or none when there is nothing to move: a sale without tax, a gift, goods that cost nothing."""
    return [Entry(debit, credit, amount)] if amount else []


def pair(debits: Iterable[tuple[AccountKey, int]], credits: Iterable[tuple[AccountKey, int]]) -> list[Entry]:
    """Join amounts on both sides into entries, in order, with as few entries as that order allows.

    The sums of both sides are equal; amounts of zero need no entry.
    """
    owed = [(key, amount) for key, amount in credits if amount]
    entries = []
    for key, amount in debits:
        while amount:
            other, open_amount = owed.pop(0)
            paired = min(amount, open_amount)
            entries.append(Entry(key, other, paired))
            amount -= paired
            if open_amount > paired:
                owed.insert(0, (other, open_amount - paired))
    return entries


P = ParamSpec("P")


def _remembered(make: Callable[P, AccountKey]) -> Callable[P, AccountKey]:
    """Make each key once: a posting names the same few accounts again and again."""
    return cast("Callable[P, AccountKey]", functools.lru_cache(maxsize=4096)(make))


# Accounts of people and drawers: one per holder and currency.


@_remembered
def customer(party_id: UUID, currency: str) -> AccountKey:
    return AccountKey("customer", currency, party_id=party_id)


@_remembered
def member(party_id: UUID, currency: str) -> AccountKey:
    return AccountKey("member", currency, party_id=party_id)


@_remembered
def vendor(party_id: UUID, currency: str) -> AccountKey:
    return AccountKey("vendor", currency, party_id=party_id)


@_remembered
def employee(party_id: UUID, currency: str) -> AccountKey:
    return AccountKey("employee", currency, party_id=party_id)


@_remembered
def store_credit(currency: str, party_id: UUID | None = None, code: str | None = None) -> AccountKey:
    return AccountKey("store_credit", currency, party_id=party_id, code=code)


@_remembered
def cash(drawer_id: UUID, currency: str) -> AccountKey:
    return AccountKey("cash", currency, drawer_id=drawer_id)


@_remembered
def bank(currency: str, code: str) -> AccountKey:
    return AccountKey("bank", currency, code=code)


# Accounts of the shop itself: one per currency, or one per code and currency.


@_remembered
def revenue(currency: str, code: str | None = None) -> AccountKey:
    return AccountKey("revenue", currency, code=code)


@_remembered
def tax_payable(currency: str, code: str | None = None) -> AccountKey:
    return AccountKey("tax_payable", currency, code=code)


@_remembered
def tax_receivable(currency: str, code: str | None = None) -> AccountKey:
    return AccountKey("tax_receivable", currency, code=code)


@_remembered
def cost_of_sales(currency: str) -> AccountKey:
    return AccountKey("cost_of_sales", currency)


@_remembered
def inventory(currency: str) -> AccountKey:
    return AccountKey("inventory", currency)


@_remembered
def exchange(currency: str) -> AccountKey:
    return AccountKey("exchange", currency)


@_remembered
def equity(currency: str, code: str) -> AccountKey:
    return AccountKey("equity", currency, code=code)


@_remembered
def expense(currency: str, code: str) -> AccountKey:
    return AccountKey("expense", currency, code=code)


@_remembered
def over_short(currency: str) -> AccountKey:
    return AccountKey("over_short", currency)


@_remembered
def rounding(currency: str) -> AccountKey:
    return AccountKey("rounding", currency)
