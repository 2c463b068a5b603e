"""Random histories of a shop, and a model of it in plain Python that says beforehand what each act will do.

The model knows balances, stock, open items and what was undone; it never looks at the database. Money is minor units.
"""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from sqlalchemy import text

from ledger_web.domain.errors import CreditLimitExceededError, InsufficientFundsError, LedgerError, OutOfStockError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import AccountKey, cash, customer, equity
from ledger_web.domain.numbers import round_half_up
from ledger_web.domain.places import drawer_place
from ledger_web.domain.transactions import ManualLine
from ledger_web.models.base import session_of
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.drawers import CreateDrawer, PayIn, PayOut, create_drawer, pay_in, pay_out
from ledger_web.services.expenses import RecordExpense, RecordIncome, record_expense, record_income
from ledger_web.services.parties import CreateParty, create_party
from ledger_web.services.party_acts import (
    AccrueSalary,
    ChargeDues,
    DeductSalary,
    SetOff,
    accrue_salary,
    charge_dues,
    deduct_salary,
    set_off,
)
from ledger_web.services.payments import RecordOpeningBalance, RecordPayment, record_opening_balance, record_payment
from ledger_web.services.transactions import PostManual, post_manual
from ledger_web.services.transfers import ExchangeMoney, TransferMoney, exchange_money, transfer_money
from tests.shops import Shop, add_product, sell

LIMIT = 500_00  # of the customer who has one
NORMAL = {"customer": 1, "member": 1, "vendor": -1, "employee": -1}

Place = tuple[str, str, str]  # kind, holder or code, currency
State = dict[Place, int]

_BALANCES = text("""
    SELECT a.kind, coalesce(p.name, d.name, a.code, '') AS holder, a.currency,
           sum(CASE WHEN e.debit_account_id = a.id THEN e.amount ELSE -e.amount END)
               * CASE a.normal_side WHEN 'debit' THEN 1 ELSE -1 END AS balance
      FROM accounts AS a
      LEFT JOIN parties AS p ON p.tenant_id = :tenant_id AND p.id = a.party_id
      LEFT JOIN cash_drawers AS d ON d.tenant_id = :tenant_id AND d.id = a.drawer_id
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


@dataclass
class Item:
    """A charge or credit of the model."""

    party: str
    side: str
    amount: int
    settled: int = 0
    cancelled: bool = False

    @property
    def open(self) -> int:
        return 0 if self.cancelled else self.amount - self.settled


@dataclass
class Posted:
    """What one transaction did, so that undoing it can be foretold."""

    effects: State
    goods: tuple[str, int, int] | None = None  # product, quantity, cost
    items: tuple[int, ...] = ()
    is_sale: bool = False


@dataclass
class History:
    """A shop and its model, moved together."""

    shop: Shop
    seed: int
    balances: State = field(default_factory=dict)
    stock: dict[str, tuple[int, int]] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    item_ids: list[uuid.UUID | None] = field(default_factory=list)
    allocations: list[list[int]] = field(default_factory=list)  # credit, charge, amount left
    posted: dict[uuid.UUID, Posted] = field(default_factory=dict)
    done: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.open()

    def open(self) -> None:
        """Make the people, drawers and goods of the history."""
        self.parties: dict[str, uuid.UUID] = {}
        for name, kind, limit in (
            ("Alice", "customer", LIMIT),
            ("Bob", "customer", None),
            ("Bazaar", "vendor", None),
            ("Farid", "employee", None),
            ("Union", "member", None),
        ):
            command = CreateParty(id=new_id(), kind=kind, name=name, currency="PKR", credit_limit=limit)
            self.parties[name] = create_party(command, self.shop.act()).id
        self.kinds = {
            "Alice": "customer",
            "Bob": "customer",
            "Bazaar": "vendor",
            "Farid": "employee",
            "Union": "member",
        }
        self.drawers = {"Till 1": self.shop.drawer_id}
        second = CreateDrawer(id=new_id(), name="Till 2", series="B")
        self.drawers["Till 2"] = create_drawer(second, self.shop.act()).id
        self.products = {}
        for name, quantity, cost in (("Milk", 40, 60_00), ("Bread", 7, 33_33)):
            self.products[name] = add_product(self.shop, name, quantity=quantity, cost=cost)
            self.stock[name] = (quantity, quantity * cost)
            self._move({("inventory", "", "PKR"): quantity * cost, ("equity", "opening", "PKR"): quantity * cost})

    # What may happen.

    def step(self) -> None:
        """Let one thing happen and see that it ends as the model says."""
        acts: tuple[Callable[[], None], ...] = (
            self.sell_for_cash, self.sell_for_cash, self.sell_on_account, self.sell_on_account, self.pay, self.pay,
            self.opening, self.spend, self.earn, self.put_in, self.take_out, self.transfer, self.exchange, self.salary,
            self.deduction, self.dues, self.set_off, self.manual, self.undo, self.undo,
        )  # fmt: skip
        self.random.choice(acts)()

    def amount(self) -> int:
        return self.random.choice((1, 99, 10_00, 37_50, 120_00, 333_33, 1_000_00))

    def sell_for_cash(self) -> None:
        self._sell(None)

    def sell_on_account(self) -> None:
        self._sell(self.random.choice(("Alice", "Bob")))

    def _sell(self, buyer: str | None) -> None:
        name, quantity = self.random.choice(list(self.products)), self.random.randint(1, 6)
        total = quantity * 115_00
        tax = round_half_up(Fraction(total * 15, 115))
        there, value = self.stock[name]
        cost = round_half_up(Fraction(value * quantity, there)) if there else 0
        debtor: Place = ("customer", buyer, "PKR") if buyer else ("cash", "Till 1", "PKR")
        effects = {
            debtor: total,
            ("revenue", "", "PKR"): total - tax,
            ("tax_payable", "", "PKR"): tax,
            ("cost_of_sales", "", "PKR"): cost,
            ("inventory", "", "PKR"): -cost,
        }
        id = new_id()
        wanted = self._refusals(effects) | ({OutOfStockError} if quantity > there else set())

        def act() -> object:
            return sell(
                self.shop,
                (self.products[name], quantity, 115_00),
                customer_id=self.parties[buyer] if buyer else None,
                rest_on_account=buyer is not None,
                id=id,
            )

        if self._happens(act, wanted):
            items = (self._item(buyer, "charge", total, settles=False, id=id),) if buyer else ()
            self.stock[name] = (there - quantity, value - cost)
            self._post(id, effects, goods=(name, quantity, cost), items=items, is_sale=True)

    def pay(self) -> None:
        name, comes_in, amount = self.random.choice(list(self.parties)), self.random.random() < 0.6, self.amount()
        kind, drawer = self.kinds[name], self.random.choice(list(self.drawers))
        sign = -NORMAL[kind] if comes_in else NORMAL[kind]
        effects: State = {
            ("cash", drawer, "PKR"): amount if comes_in else -amount,
            (kind, name, "PKR"): sign * amount,
        }
        command = RecordPayment(
            id=new_id(),
            party_id=self.parties[name],
            direction="in" if comes_in else "out",
            drawer_id=self.drawers[drawer],
            currency="PKR",
            amount=amount,
        )
        if self._happens(lambda: record_payment(command, self.shop.act()), self._refusals(effects)):
            item = self._item(name, "charge" if sign > 0 else "credit", amount, settles=True, id=command.id)
            self._post(command.id, effects, items=(item,))

    def opening(self) -> None:
        name, to_us, amount = self.random.choice(list(self.parties)), self.random.random() < 0.5, self.amount()
        kind = self.kinds[name]
        sign = NORMAL[kind] if to_us else -NORMAL[kind]
        effects: State = {
            (kind, name, "PKR"): sign * amount,
            ("equity", "opening", "PKR"): amount if to_us else -amount,
        }
        command = RecordOpeningBalance(
            id=new_id(), party_id=self.parties[name], currency="PKR", amount=amount, is_owed_to_us=to_us
        )
        if self._happens(lambda: record_opening_balance(command, self.shop.act()), self._refusals(effects)):
            item = self._item(name, "charge" if sign > 0 else "credit", amount, settles=False, id=command.id)
            self._post(command.id, effects, items=(item,))

    def spend(self) -> None:
        drawer, amount = self.random.choice(list(self.drawers)), self.amount()
        command = RecordExpense(
            id=new_id(), category="rent", paid_from=cash(self.drawers[drawer], "PKR"), amount=amount, memo=""
        )
        effects = {("expense", "rent", "PKR"): amount, ("cash", drawer, "PKR"): -amount}
        self._simple(command.id, lambda: record_expense(command, self.shop.act()), effects)

    def earn(self) -> None:
        drawer, amount = self.random.choice(list(self.drawers)), self.amount()
        command = RecordIncome(
            id=new_id(), category="commission", paid_into=cash(self.drawers[drawer], "PKR"), amount=amount, memo=""
        )
        effects = {("revenue", "commission", "PKR"): amount, ("cash", drawer, "PKR"): amount}
        self._simple(command.id, lambda: record_income(command, self.shop.act()), effects)

    def put_in(self) -> None:
        drawer, amount, currency = self.random.choice(list(self.drawers)), self.amount(), self._currency()
        command = PayIn(id=new_id(), drawer_id=self.drawers[drawer], currency=currency, amount=amount, reason="Brought")
        effects = {("cash", drawer, currency): amount, ("equity", "owner", currency): amount}
        self._simple(command.id, lambda: pay_in(command, self.shop.act()), effects)

    def take_out(self) -> None:
        drawer, amount, currency = self.random.choice(list(self.drawers)), self.amount(), self._currency()
        command = PayOut(
            id=new_id(), drawer_id=self.drawers[drawer], currency=currency, amount=amount, category="food", reason="Tea"
        )
        effects = {("cash", drawer, currency): -amount, ("expense", "food", currency): amount}
        self._simple(command.id, lambda: pay_out(command, self.shop.act()), effects)

    def transfer(self) -> None:
        source, target = self.random.sample(list(self.drawers), 2)
        amount, currency = self.amount(), self._currency()
        command = TransferMoney(
            id=new_id(),
            source=drawer_place(self.drawers[source]),
            target=drawer_place(self.drawers[target]),
            currency=currency,
            amount=amount,
        )
        effects = {("cash", source, currency): -amount, ("cash", target, currency): amount}
        self._simple(command.id, lambda: transfer_money(command, self.shop.act()), effects)

    def exchange(self) -> None:
        drawer, out, into = self.random.choice(list(self.drawers)), self.amount(), self.amount()
        given, taken = self.random.sample(("PKR", "USD"), 2)
        command = ExchangeMoney(
            id=new_id(),
            drawer_id=self.drawers[drawer],
            out_currency=given,
            out_amount=out,
            in_currency=taken,
            in_amount=into,
        )
        effects = {
            ("cash", drawer, given): -out,
            ("exchange", "", given): out,
            ("cash", drawer, taken): into,
            ("exchange", "", taken): -into,
        }
        self._simple(command.id, lambda: exchange_money(command, self.shop.act()), effects)

    def salary(self) -> None:
        amount = self.amount()
        command = AccrueSalary(id=new_id(), employee_id=self.parties["Farid"], currency="PKR", amount=amount, memo="")
        effects = {("expense", "salaries", "PKR"): amount, ("employee", "Farid", "PKR"): amount}
        if self._happens(lambda: accrue_salary(command, self.shop.act()), set()):
            item = self._item("Farid", "charge", amount, settles=True, id=command.id)
            self._post(command.id, effects, items=(item,))

    def deduction(self) -> None:
        amount = self.amount()
        command = DeductSalary(
            id=new_id(), employee_id=self.parties["Farid"], currency="PKR", amount=amount, purpose="shortage", memo=""
        )
        effects = {("over_short", "", "PKR"): amount, ("employee", "Farid", "PKR"): -amount}
        if self._happens(lambda: deduct_salary(command, self.shop.act()), set()):
            item = self._item("Farid", "credit", amount, settles=True, id=command.id)
            self._post(command.id, effects, items=(item,))

    def dues(self) -> None:
        amount = self.amount()
        command = ChargeDues(
            id=new_id(), member_id=self.parties["Union"], currency="PKR", amount=amount, expires_on=None, memo=""
        )
        effects = {("revenue", "dues", "PKR"): amount, ("member", "Union", "PKR"): amount}
        if self._happens(lambda: charge_dues(command, self.shop.act()), set()):
            item = self._item("Union", "charge", amount, settles=True, id=command.id)
            self._post(command.id, effects, items=(item,))

    def set_off(self) -> None:
        owing, owed = ("customer", "Bob", "PKR"), ("vendor", "Bazaar", "PKR")
        most = min(self.balances.get(owing, 0), self.balances.get(owed, 0))
        command = SetOff(
            id=new_id(), party_id=self.parties["Bob"], other_id=self.parties["Bazaar"], currency="PKR", amount=None
        )
        if self._happens(lambda: set_off(command, self.shop.act()), set() if most > 0 else {LedgerError}):
            items = tuple(self._item(name, "credit", most, settles=True, id=None) for name in ("Bob", "Bazaar"))
            self._post(command.id, {owing: -most, owed: -most}, items=items)

    def manual(self) -> None:
        name, amount, is_more = self.random.choice(("Alice", "Bob")), self.amount(), self.random.random() < 0.5
        lines: list[tuple[AccountKey, int, int]] = [
            (customer(self.parties[name], "PKR"), amount, 0),
            (equity("PKR", "owner"), 0, amount),
        ]
        if not is_more:
            lines = [(key, credit, debit) for key, debit, credit in lines]
        command = PostManual(id=new_id(), lines=tuple(ManualLine(*line) for line in lines), memo="By hand")
        sign = 1 if is_more else -1
        effects = {("customer", name, "PKR"): sign * amount, ("equity", "owner", "PKR"): sign * amount}
        if self._happens(lambda: post_manual(command, self.shop.act()), self._refusals(effects)):
            item = self._item(name, "charge" if is_more else "credit", amount, settles=False, id=None)
            self._post(command.id, effects, items=(item,))

    def undo(self) -> None:
        """Undo the newest act or any other; twice is refused the second time."""
        if not self.posted:
            return
        id = self.random.choice([list(self.posted)[-1], self.random.choice(list(self.posted))])
        before = self.posted[id]
        effects = {place: -amount for place, amount in before.effects.items()}
        command = Undo(id=new_id(), transaction_id=id, reason="As agreed", from_register=not before.is_sale)
        if not self._happens(lambda: undo(command, self.shop.act()), self._refusals(effects)):
            return
        self._cancel(before.items)
        self._move(effects)
        if before.goods:
            name, quantity, cost = before.goods
            there, value = self.stock[name]
            self.stock[name] = (there + quantity, value + cost)
        del self.posted[id]
        again = Undo(id=new_id(), transaction_id=id, reason="Once more", from_register=not before.is_sale)
        self._happens(lambda: undo(again, self.shop.act()), {LedgerError})

    # What the model knows.

    def _currency(self) -> str:
        return "USD" if self.random.random() < 0.2 else "PKR"

    def _refusals(self, effects: State) -> set[type[LedgerError]]:
        refusals: set[type[LedgerError]] = set()
        for place, amount in effects.items():
            after = self.balances.get(place, 0) + amount
            if place[0] == "cash" and amount < 0 and after < 0:
                refusals.add(InsufficientFundsError)
            if place == ("customer", "Alice", "PKR") and amount > 0 and after > LIMIT:
                refusals.add(CreditLimitExceededError)
        return refusals

    def _happens(self, act: Callable[[], object], refusals: set[type[LedgerError]]) -> bool:
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

    def _simple(self, id: uuid.UUID, act: Callable[[], object], effects: State) -> None:
        if self._happens(act, self._refusals(effects)):
            self._post(id, effects)

    def _post(
        self,
        id: uuid.UUID,
        effects: State,
        *,
        goods: tuple[str, int, int] | None = None,
        items: tuple[int, ...] = (),
        is_sale: bool = False,
    ) -> None:
        self._move(effects)
        self.posted[id] = Posted(effects, goods, items, is_sale)

    def _move(self, effects: State) -> None:
        for place, amount in effects.items():
            self.balances[place] = self.balances.get(place, 0) + amount

    def _item(self, party: str, side: str, amount: int, *, settles: bool, id: uuid.UUID | None) -> int:
        """Write an item down; one that settles takes the oldest of the other side, as far as it goes."""
        place = len(self.items)
        self.items.append(Item(party, side, amount))
        self.item_ids.append(id)
        for other, known in enumerate(self.items[:place]):
            if settles and known.party == party and known.side != side:
                share = min(known.open, self.items[place].open)
                if share:
                    self._settle(*((place, other) if side == "credit" else (other, place)), share)
        return place

    def _settle(self, credit: int, charge: int, amount: int) -> None:
        self.items[credit].settled += amount
        self.items[charge].settled += amount
        self.allocations.append([credit, charge, amount])

    def _cancel(self, items: tuple[int, ...]) -> None:
        for allocation in self.allocations:
            credit, charge, amount = allocation
            if amount and (credit in items or charge in items):
                self.items[credit].settled -= amount
                self.items[charge].settled -= amount
                allocation[2] = 0
        for place in items:
            self.items[place].cancelled = True

    # What the books say.

    def assert_the_books_say_the_same(self) -> None:
        said = f"seed {self.seed}, after {self.done} acts"
        session, values = session_of(self.shop.tenant_id), {"tenant_id": self.shop.tenant_id}
        session.rollback()
        balances = {
            (row.kind, row.holder, row.currency): int(row.balance) for row in session.execute(_BALANCES, values)
        }
        assert {k: v for k, v in balances.items() if v} == {k: v for k, v in self.balances.items() if v}, said
        stock = {row.name: (int(row.quantity), int(row.value)) for row in session.execute(_STOCK, values)}
        assert stock == self.stock, said
        rows = {row.id: row for row in session.execute(_OPEN, values)}
        for item, id in zip(self.items, self.item_ids, strict=True):
            if id:
                assert (rows[id].settled, rows[id].cancelled) == (item.settled, item.cancelled), said
        assert sorted(row.settled for row in rows.values()) == sorted(item.settled for item in self.items), said


@dataclass
class Trader(History):
    """One of several who act on the same cast at once: nothing can be foretold, but every refusal is one in words."""

    cast: History | None = None

    def open(self) -> None:
        assert self.cast
        self.parties, self.kinds = self.cast.parties, self.cast.kinds
        self.drawers, self.products = self.cast.drawers, self.cast.products
        self.stock = dict(self.cast.stock)

    def _refusals(self, _effects: State) -> set[type[LedgerError]]:
        return set()

    def _happens(self, act: Callable[[], object], _refusals: set[type[LedgerError]]) -> bool:
        self.done += 1
        try:
            act()
        except LedgerError:
            self.refused += 1
            return False
        return True
