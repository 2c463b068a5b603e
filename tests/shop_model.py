"""A shop in plain Python: balances, stock, open items, shifts and what was undone, and what the books should say of it.

It never looks at the database for a figure, only for the ids of things that the services number themselves. Money is
minor units.
"""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from sqlalchemy import text

from ledger_web.domain.errors import (
    CreditLimitExceededError,
    DrawerNotOpenError,
    InsufficientFundsError,
    LedgerError,
)
from ledger_web.domain.numbers import round_half_up
from ledger_web.models.base import session_of
from tests.shops import Shop

LIMIT = 500_00  # of the customer who has one
NORMAL = {"customer": 1, "member": 1, "vendor": -1, "employee": -1}

Place = tuple[str, str, str]  # kind, holder or code, currency
State = dict[Place, int]

_BALANCES = text("""
    SELECT a.id, a.kind, coalesce(p.name, d.name, b.name, a.code, '') AS holder, a.currency,
           sum(CASE WHEN e.debit_account_id = a.id THEN e.amount ELSE -e.amount END)
               * CASE a.normal_side WHEN 'debit' THEN 1 ELSE -1 END AS balance
      FROM accounts AS a
      LEFT JOIN parties AS p ON p.tenant_id = :tenant_id AND p.id = a.party_id
      LEFT JOIN cash_drawers AS d ON d.tenant_id = :tenant_id AND d.id = a.drawer_id
      LEFT JOIN bank_accounts AS b ON b.tenant_id = :tenant_id AND a.kind = 'bank' AND b.code = a.code
      JOIN entries AS e ON e.tenant_id = :tenant_id AND a.id IN (e.debit_account_id, e.credit_account_id)
     WHERE a.tenant_id = :tenant_id
     GROUP BY a.id, a.kind, holder, a.currency, a.normal_side
""")
_STOCK = text("""
    SELECT p.name, s.quantity, s.value FROM stock_levels AS s
      JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = s.product_id
     WHERE s.tenant_id = :tenant_id
""")
_OPEN = text("""
    SELECT i.id, i.settled, i.cancelled_in IS NOT NULL AS cancelled FROM open_items AS i WHERE i.tenant_id = :tenant_id
""")


def balances_of(shop: Shop) -> dict[uuid.UUID, tuple[Place, int]]:
    """Return every account that was moved with what its entries come to."""
    rows = session_of(shop.tenant_id).execute(_BALANCES, {"tenant_id": shop.tenant_id})
    return {row.id: ((row.kind, row.holder, row.currency), int(row.balance)) for row in rows}


def part(whole: int, quantity: int, before: int, now: int) -> int:
    """Return what `now` of a quantity is worth after `before` of it has gone; the last part takes what is left."""

    def up_to(gone: int) -> int:
        return round_half_up(Fraction(whole * gone, quantity))

    return up_to(before + now) - up_to(before)


@dataclass
class Item:
    """A charge or credit of the model."""

    party: str
    side: str
    amount: int
    settled: int = 0
    cancelled: bool = False
    came_back_of: int | None = None  # the charge of the sale whose goods came back: of that one it is no payment

    @property
    def open(self) -> int:
        return 0 if self.cancelled else self.amount - self.settled


@dataclass
class Lot:
    """Goods of one line of a document, and how many of them went back."""

    product: str
    quantity: int
    net: int
    tax: int
    cost: int
    party: str | None
    charge: int | None  # the item it is owed by
    returned: int = 0

    @property
    def left(self) -> int:
        return self.quantity - self.returned


@dataclass
class Posted:
    """What one transaction did, so that undoing it can be foretold."""

    kind: str
    effects: State
    goods: tuple[str, int, int] | None = None  # product, quantity and value that went out; both below zero: came in
    items: tuple[int, ...] = ()
    lot: Lot | None = None  # of a sale or purchase; of a return to a vendor that of its purchase
    in_shift: bool = False  # of a sale: its shift is open still


@dataclass
class Model:
    """What the shop holds and owes."""

    shop: Shop
    seed: int
    balances: State = field(default_factory=dict)
    stock: dict[str, tuple[int, int]] = field(default_factory=dict)
    last_cost: dict[str, int] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    item_ids: list[uuid.UUID | None] = field(default_factory=list)
    allocations: list[list[int]] = field(default_factory=list)  # credit, charge, amount left
    posted: dict[uuid.UUID, Posted] = field(default_factory=dict)
    is_open: bool = True  # Till 1
    done: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def foretold(self, effects: State, *, in_shift: bool = False) -> set[type[LedgerError]]:
        """Return the refusals one of which must come; none: it must happen."""
        refusals: set[type[LedgerError]] = set()
        for place, amount in effects.items():
            after = self.balances.get(place, 0) + amount
            if place[0] in ("cash", "store_credit") and amount < 0 and after < 0:
                refusals.add(InsufficientFundsError)
            if place == ("customer", "Alice", "PKR") and amount > 0 and after > LIMIT:
                refusals.add(CreditLimitExceededError)
            if in_shift and not self.is_open and place[:2] == ("cash", "Till 1") and amount:
                refusals.add(DrawerNotOpenError)
        return refusals

    def happens(self, act: Callable[[], object], refusals: set[type[LedgerError]]) -> bool:
        self.done += 1
        try:
            act()
        except LedgerError as error:
            if not isinstance(error, tuple(refusals)):
                raise AssertionError(f"seed {self.seed}, act {self.done}: {error!r} was not foretold") from error
            self.refused += 1
            return False
        assert not refusals, f"seed {self.seed}, act {self.done}: {refusals} were foretold, and it happened"
        return True

    def keep(self, id: uuid.UUID, posted: Posted) -> None:
        """Remember what happened."""
        self.move(posted.effects)
        self.posted[id] = posted
        if posted.goods:
            self.put(posted.goods[0], -posted.goods[1], -posted.goods[2])

    def move(self, effects: State) -> None:
        for place, amount in effects.items():
            self.balances[place] = self.balances.get(place, 0) + amount

    # Goods.

    def put(self, product: str, quantity: int, value: int) -> None:
        there, worth = self.stock[product]
        self.stock[product] = (there + quantity, worth + value)

    def average(self, product: str, quantity: int) -> int:
        """Return what so many cost on average; where nothing is there, what they cost last."""
        there, value = self.stock[product]
        if not there:
            return self.last_cost[product] * quantity
        return round_half_up(Fraction(value * quantity, there))

    def leaving(self, product: str, quantity: int, value: int) -> int:
        """Return at what goods leave that came in at a value: at that, unless nothing or less than nothing is left."""
        there, worth = self.stock[product]
        return value if there > quantity and worth >= value else self.average(product, quantity)

    # Open items.

    def item(
        self,
        party: str,
        side: str,
        amount: int,
        *,
        settles: bool,
        id: uuid.UUID | None,
        only: int | None = None,
        came_back_of: int | None = None,
    ) -> int:
        """Write an item down; one that settles takes the oldest of the other side, or only one, as far as it goes."""
        place = len(self.items)
        self.items.append(Item(party, side, amount, came_back_of=came_back_of))
        self.item_ids.append(id)
        for other, known in enumerate(self.items[:place]):
            if settles and known.party == party and known.side != side and only in (None, other):
                share = min(known.open, self.items[place].open)
                if share:
                    self.settle(*((place, other) if side == "credit" else (other, place)), share)
        return place

    def settle(self, credit: int, charge: int, amount: int) -> None:
        self.items[credit].settled += amount
        self.items[charge].settled += amount
        self.allocations.append([credit, charge, amount])

    def release(self, allocation: list[int]) -> None:
        credit, charge, amount = allocation
        self.items[credit].settled -= amount
        self.items[charge].settled -= amount
        allocation[2] = 0

    def free(self, charge: int, amount: int) -> list[tuple[int, int, int]]:
        """Release the newest payments of a charge until so much is open again; return what settles it once more."""
        for allocation in reversed(self.allocations):
            is_payment = self.items[allocation[0]].came_back_of != charge
            if amount > 0 and allocation[1] == charge and allocation[2] and is_payment:
                credit, _, share = allocation
                self.release(allocation)
                amount -= share
                if amount < 0:
                    return [(credit, charge, -amount)]
        return []

    def cancel(self, items: tuple[int, ...]) -> None:
        for allocation in self.allocations:
            if allocation[2] and (allocation[0] in items or allocation[1] in items):
                self.release(allocation)
        for place in items:
            self.items[place].cancelled = True

    def owed_by(self, party: str) -> int:
        return sum(item.open for item in self.items if item.party == party and item.side == "charge")

    # What the books say.

    def ask(self, sql: str, **values: Any) -> list[Any]:
        session = session_of(self.shop.tenant_id)
        session.rollback()
        return list(session.execute(text(sql), {"tenant_id": self.shop.tenant_id, **values}))

    def assert_the_books_say_the_same(self) -> None:
        said = f"seed {self.seed}, after {self.done} acts"
        session, values = session_of(self.shop.tenant_id), {"tenant_id": self.shop.tenant_id}
        session.rollback()
        balances = dict(balances_of(self.shop).values())
        assert {k: v for k, v in balances.items() if v} == {k: v for k, v in self.balances.items() if v}, said
        stock = {row.name: (int(row.quantity), int(row.value)) for row in session.execute(_STOCK, values)}
        assert stock == self.stock, said
        rows = {row.id: row for row in session.execute(_OPEN, values)}
        for item, id in zip(self.items, self.item_ids, strict=True):
            if id:
                assert (rows[id].settled, rows[id].cancelled) == (item.settled, item.cancelled), said
        assert sorted(row.settled for row in rows.values()) == sorted(item.settled for item in self.items), said
