"""Random histories of a shop over all kinds of documents, beside a model that says beforehand what each act will do."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from ledger_web.domain.errors import (
    LedgerError,
    NotFoundError,
    OutOfStockError,
    RuleViolationError,
    SaleIsClosedError,
    ShiftAlreadyOpenError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import AccountKey, cash, customer, equity
from ledger_web.domain.places import bank_place, drawer_place
from ledger_web.domain.returns import AS_PAID, CREDIT, NOT_RETURNED, SELLABLE
from ledger_web.domain.stock import REASONS
from ledger_web.domain.transactions import ManualLine
from ledger_web.services.allocations import AllocateItem, ReleaseAllocation, allocate_item, release_allocation
from ledger_web.services.banks import CreateBank, create_bank
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.drawers import CreateDrawer, PayIn, PayOut, create_drawer, pay_in, pay_out
from ledger_web.services.expenses import RecordExpense, RecordIncome, record_expense, record_income
from ledger_web.services.goods import AdjustStock, ReceiveGoods, adjust_stock, receive_goods
from ledger_web.services.parties import CreateParty, create_party
from ledger_web.services.party_acts import (
    AccrueSalary,
    ChargeDues,
    DeductSalary,
    SetOff,
    WaiveDues,
    accrue_salary,
    charge_dues,
    deduct_salary,
    set_off,
    waive_dues,
)
from ledger_web.services.payments import RecordOpeningBalance, RecordPayment, record_opening_balance, record_payment
from ledger_web.services.purchase_returns import DeleteReturn, ReturnToVendor, delete_return, return_to_vendor
from ledger_web.services.sale_returns import RecordReturn, ReturnedQuantity, record_return
from ledger_web.services.shifts import CloseShift, Count, OpenShift, close_shift, open_shift
from ledger_web.services.transactions import PostManual, post_manual
from ledger_web.services.transfers import ExchangeMoney, TransferMoney, exchange_money, transfer_money
from tests.purchases import add_line, begin, receive
from tests.returns import reason_of
from tests.shop_model import LIMIT, NORMAL, Lot, Model, Place, Posted, State, part
from tests.shops import add_product, sell


class History(Model):
    """A shop and its model, moved together."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.open()

    def open(self) -> None:
        """Make the people, drawers and goods of the history."""
        self.parties: dict[str, uuid.UUID] = {}
        self.kinds = {
            "Alice": "customer",
            "Bob": "customer",
            "Bazaar": "vendor",
            "Farid": "employee",
            "Union": "member",
        }
        for name, kind in self.kinds.items():
            limit = LIMIT if name == "Alice" else None
            command = CreateParty(id=new_id(), kind=kind, name=name, currency="PKR", credit_limit=limit)
            self.parties[name] = create_party(command, self.shop.act()).id
        self.drawers = {"Till 1": self.shop.drawer_id}
        second = CreateDrawer(id=new_id(), name="Till 2", series="B")
        self.drawers["Till 2"] = create_drawer(second, self.shop.act()).id
        bank = CreateBank(id=new_id(), name="HBL", currency="PKR")
        self.places = {name: drawer_place(id) for name, id in self.drawers.items()}
        self.places["HBL"] = bank_place(create_bank(bank, self.shop.act()).id)
        self.reason_id = reason_of(self.shop)
        self.products = {}
        for name, quantity, cost in (("Milk", 40, 60_00), ("Bread", 7, 33_33)):
            self.products[name] = add_product(self.shop, name, quantity=quantity, cost=cost)
            self.stock[name], self.last_cost[name] = (quantity, quantity * cost), cost
            self.move({("inventory", "", "PKR"): quantity * cost, ("equity", "opening", "PKR"): quantity * cost})

    # What may happen.

    def step(self) -> None:
        """Let one thing happen and see that it ends as the model says."""
        acts: tuple[Callable[[], None], ...] = (
            self.sell_for_cash, self.sell_for_cash, self.sell_on_account, self.sell_on_account, self.pay, self.pay,
            self.opening, self.spend, self.earn, self.put_in, self.put_in, self.take_out, self.transfer, self.exchange,
            self.salary, self.deduction, self.dues, self.waive, self.set_off, self.manual, self.undo, self.undo,
            self.undo, self.buy, self.return_to_vendor, self.take_back, self.take_back, self.adjust, self.receive,
            self.pay_in_dollars, self.allocate, self.move_allocation, self.change_shift, self.change_shift,
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
        total, tax = quantity * 115_00, quantity * 15_00
        there, _ = self.stock[name]
        cost = self.average(name, quantity)
        debtor: Place = ("customer", buyer, "PKR") if buyer else ("cash", "Till 1", "PKR")
        effects = {
            debtor: total,
            ("revenue", "", "PKR"): total - tax,
            ("tax_payable", "", "PKR"): tax,
            ("cost_of_sales", "", "PKR"): cost,
            ("inventory", "", "PKR"): -cost,
        }
        id = new_id()
        wanted = self.foretold(effects, in_shift=True) | ({OutOfStockError} if quantity > there else set())

        def act() -> object:
            return sell(
                self.shop,
                (self.products[name], quantity, 115_00),
                customer_id=self.parties[buyer] if buyer else None,
                rest_on_account=buyer is not None,
                id=id,
            )

        if self.happens(act, wanted):
            charge = self.item(buyer, "charge", total, settles=False, id=id) if buyer else None
            lot = Lot(name, quantity, total - tax, tax, cost, buyer, charge)
            items = () if charge is None else (charge,)
            self.keep(id, Posted("sale", effects, (name, quantity, cost), items, lot, in_shift=self.is_open))

    def take_back(self) -> None:
        """Let some of a sale come back, or more than there is of it."""
        sales = [id for id, posted in self.posted.items() if posted.kind == "sale"]
        if not sales:
            return
        sale_id = self.random.choice(sales)
        sold = self.posted[sale_id].lot
        assert sold
        now = self.random.randint(1, max(1, sold.left)) if self.random.random() < 0.9 else sold.left + 1
        fate = self.random.choice((SELLABLE, SELLABLE, "damaged", NOT_RETURNED))
        way = CREDIT if not sold.party and self.random.random() < 0.3 else AS_PAID
        tax = part(sold.tax, sold.quantity, sold.returned, now)
        total = part(sold.net + sold.tax, sold.quantity, sold.returned, now)
        cost = part(sold.cost, sold.quantity, sold.returned, now)
        payer: Place = ("cash", "Till 1", "PKR")
        if sold.party:
            payer = ("customer", sold.party, "PKR")
        effects: State = {
            ("revenue", "returns", "PKR"): tax - total,
            ("tax_payable", "", "PKR"): -tax,
            **({("store_credit", "Alice", "PKR"): total} if way == CREDIT else {payer: -total}),
        }
        if fate != NOT_RETURNED:
            gets: Place = ("inventory", "", "PKR") if fate == SELLABLE else ("expense", "damaged_goods", "PKR")
            effects |= {gets: cost, ("cost_of_sales", "", "PKR"): -cost}
        command = RecordReturn(
            id=new_id(),
            sale_id=sale_id,
            drawer_id=self.shop.drawer_id,
            lines=(ReturnedQuantity(line=1, quantity=Decimal(now), disposition=fate),),
            reason_id=self.reason_id,
            way=way,
            customer_id=self.parties["Alice"] if way == CREDIT else None,
        )
        wanted = self.foretold(effects, in_shift=True)
        if now > sold.left:
            wanted = {RuleViolationError}
        if not self.happens(lambda: record_return(command, self.shop.act()), wanted):
            return
        goods = (sold.product, -now, -cost) if fate == SELLABLE else None
        items: tuple[int, ...] = ()
        if sold.charge is not None and sold.party:
            again = self.free(sold.charge, total - self.items[sold.charge].open)
            items = (
                self.item(
                    sold.party,
                    "credit",
                    total,
                    settles=True,
                    id=command.id,
                    only=sold.charge,
                    came_back_of=sold.charge,
                ),
            )
            for share in again:
                self.settle(*share)
        sold.returned += now
        self.keep(command.id, Posted("sale_return", effects, goods, items))

    def buy(self) -> None:
        name, quantity = self.random.choice(list(self.products)), self.random.randint(1, 12)
        cost = self.random.choice((33_00, 60_00, 71_00))
        net, tax = quantity * cost, quantity * cost * 15 // 100
        effects: State = {
            ("inventory", "", "PKR"): net,
            ("tax_receivable", "", "PKR"): tax,
            ("vendor", "Bazaar", "PKR"): net + tax,
        }
        id = begin(self.shop, self.parties["Bazaar"], currency="PKR")
        add_line(self.shop, id, self.products[name], quantity, cost // 100, tax_percent=15)
        if self.happens(lambda: receive(self.shop, id), set()):
            charge = self.item("Bazaar", "charge", net + tax, settles=True, id=id)
            lot = Lot(name, quantity, net, tax, net, "Bazaar", charge)
            self.last_cost[name] = cost
            self.keep(id, Posted("purchase", effects, (name, -quantity, -net), (charge,), lot))

    def return_to_vendor(self) -> None:
        purchases = [id for id, posted in self.posted.items() if posted.kind == "purchase"]
        if not purchases:
            return
        purchase_id = self.random.choice(purchases)
        bought = self.posted[purchase_id].lot
        assert bought
        now = self.random.randint(1, max(1, bought.left)) if self.random.random() < 0.9 else bought.left + 1
        there, _ = self.stock[bought.product]
        net = part(bought.net, bought.quantity, bought.returned, now)
        tax = part(bought.tax, bought.quantity, bought.returned, now)
        wanted: set[type[LedgerError]] = {RuleViolationError} if now > bought.left else set()
        wanted |= {OutOfStockError} if now > there else set()
        left = 0 if wanted else self.leaving(bought.product, now, net)
        effects: State = {
            ("vendor", "Bazaar", "PKR"): -net - tax,
            ("inventory", "", "PKR"): -left,
            ("tax_receivable", "", "PKR"): -tax,
            ("cost_of_sales", "", "PKR"): left - net,
        }
        command = ReturnToVendor(
            id=new_id(), purchase_id=purchase_id, lines=((1, Decimal(now)),), reason="Not what was ordered"
        )
        if self.happens(lambda: return_to_vendor(command, self.shop.act()), wanted):
            item = self.item("Bazaar", "credit", net + tax, settles=True, id=command.id, only=bought.charge)
            bought.returned += now
            goods = (bought.product, now, left)
            self.keep(command.id, Posted("purchase_return", effects, goods, (item,), bought))

    def adjust(self) -> None:
        """Count too many or too few of something, or as many as there are."""
        name, reason = self.random.choice(list(self.products)), self.random.choice(list(REASONS))
        there, _ = self.stock[name]
        difference = self.random.choice((-3, -1, 0, 1, 2))
        counted = max(0, there + difference)
        difference = counted - there
        value = self.average(name, abs(difference)) * (1 if difference > 0 else -1) if difference else 0
        code = REASONS[reason].expense
        against: Place = ("expense", code, "PKR") if code else ("equity", "opening", "PKR")
        effects: State = {("inventory", "", "PKR"): value, against: -value if code else value}
        command = AdjustStock(
            id=new_id(), product_id=self.products[name], reason=reason, currency="PKR", counted=Decimal(counted)
        )
        wanted: set[type[LedgerError]] = set() if difference else {RuleViolationError}
        if self.happens(lambda: adjust_stock(command, self.shop.act()), wanted):
            self.keep(command.id, Posted("stock_adjustment", effects, (name, -difference, -value)))

    def receive(self) -> None:
        name, quantity, cost = self.random.choice(list(self.products)), self.random.randint(1, 5), 45_50
        value = quantity * cost
        command = ReceiveGoods(
            id=new_id(), product_id=self.products[name], quantity=Decimal(quantity), unit_cost=cost, currency="PKR"
        )
        effects: State = {("inventory", "", "PKR"): value, ("equity", "opening", "PKR"): value}
        if self.happens(lambda: receive_goods(command, self.shop.act()), set()):
            self.last_cost[name] = cost
            self.keep(command.id, Posted("stock_receipt", effects, (name, -quantity, -value)))

    def pay(self) -> None:
        name, comes_in, amount = self.random.choice(list(self.parties)), self.random.random() < 0.6, self.amount()
        where = self.random.choice(list(self.places))
        kind, place = self.kinds[name], self.places[where]
        sign = -NORMAL[kind] if comes_in else NORMAL[kind]
        effects: State = {
            (place.kind, where, "PKR"): amount if comes_in else -amount,
            (kind, name, "PKR"): sign * amount,
        }
        command = RecordPayment(
            id=new_id(),
            party_id=self.parties[name],
            direction="in" if comes_in else "out",
            drawer_id=place.id if place.kind == "cash" else None,
            bank_id=place.id if place.kind == "bank" else None,
            currency="PKR",
            amount=amount,
        )
        if self.happens(lambda: record_payment(command, self.shop.act()), self.foretold(effects)):
            item = self.item(name, "charge" if sign > 0 else "credit", amount, settles=True, id=command.id)
            self.keep(command.id, Posted("payment", effects, items=(item,)))

    def pay_in_dollars(self) -> None:
        """Settle a debt in the shop's own currency with another: both meet in the exchange accounts."""
        name, comes_in = self.random.choice(("Alice", "Bob", "Bazaar")), self.random.random() < 0.6
        kind, drawer, amount = self.kinds[name], self.random.choice(list(self.drawers)), self.amount()
        worth, way = amount * self.random.choice((277, 281)), 1 if comes_in else -1
        sign = -NORMAL[kind] * way
        effects: State = {
            ("cash", drawer, "USD"): way * amount,
            ("exchange", "", "USD"): -way * amount,
            ("exchange", "", "PKR"): way * worth,
            (kind, name, "PKR"): sign * worth,
        }
        command = RecordPayment(
            id=new_id(),
            party_id=self.parties[name],
            direction="in" if comes_in else "out",
            drawer_id=self.drawers[drawer],
            currency="USD",
            amount=amount,
            settled_currency="PKR",
            settled_amount=worth,
        )
        if self.happens(lambda: record_payment(command, self.shop.act()), self.foretold(effects)):
            item = self.item(name, "charge" if sign > 0 else "credit", worth, settles=True, id=command.id)
            self.keep(command.id, Posted("payment", effects, items=(item,)))

    def allocate(self) -> None:
        """Settle the oldest of the other side with what is left of an item."""
        place = self._some_item()
        if place is None:
            return
        item = self.items[place]
        others = [
            other
            for other, known in enumerate(self.items)
            if known.party == item.party and known.side != item.side and known.open
        ]
        command = AllocateItem(id=new_id(), item_id=self._id_of(place))
        wanted: set[type[LedgerError]] = set() if item.open and others else {RuleViolationError}
        if self.happens(lambda: allocate_item(command, self.shop.act()), wanted):
            for other in others:
                share = min(item.open, self.items[other].open)
                if share:
                    self.settle(*((place, other) if item.side == "credit" else (other, place)), share)

    def move_allocation(self) -> None:
        """Take an allocation back, perhaps to settle another charge instead."""
        made = [each for each in self.allocations if each[2] and self.item_ids[each[0]] and self.item_ids[each[1]]]
        if not made:
            return
        allocation = self.random.choice(made)
        credit, charge, amount = allocation
        instead = self._some_item() if self.random.random() < 0.5 else None
        (found, *_) = self.ask(
            """
            SELECT id FROM allocations
             WHERE tenant_id = :tenant_id AND credit_id = :credit AND charge_id = :charge AND released_in IS NULL
               AND amount = :amount
             ORDER BY id
            """,
            credit=self.item_ids[credit],
            charge=self.item_ids[charge],
            amount=amount,
        ) or [None]
        if not found:
            return
        command = ReleaseAllocation(
            id=new_id(),
            allocation_id=found.id,
            reason="Was for another one",
            instead_id=None if instead is None else self._id_of(instead),
        )
        wanted: set[type[LedgerError]] = set()
        if instead is not None:
            other = self.items[instead]
            fits = other.side == "charge" and other.party == self.items[credit].party and instead != charge
            wanted = set() if fits and other.open else {RuleViolationError}
        if self.happens(lambda: release_allocation(command, self.shop.act()), wanted):
            self.release(allocation)
            if instead is not None:
                self.settle(credit, instead, min(amount, self.items[instead].open))

    def change_shift(self) -> None:
        """Open or close the till with a count that may differ; or try what it is not the time for."""
        shifts = self.ask("SELECT id FROM shifts WHERE tenant_id = :tenant_id AND closed_at IS NULL")
        if self.random.random() < (0.7 if self.is_open else 0.1):
            self._close(shifts[0].id if shifts else new_id())
        else:
            self._open()

    def _open(self) -> None:
        counts, effects = self._counts("equity" if (owner := self.random.random() < 0.5) else "over_short")
        command = OpenShift(id=new_id(), drawer_id=self.shop.drawer_id, counts=counts, owner_brought=owner)
        wanted: set[type[LedgerError]] = {ShiftAlreadyOpenError} if self.is_open else set()
        if self.happens(lambda: open_shift(command, self.shop.act()), wanted):
            self.is_open = True
            self.move(effects)

    def _close(self, shift_id: uuid.UUID) -> None:
        counts, effects = self._counts("over_short")
        wanted: set[type[LedgerError]] = set() if self.is_open else {NotFoundError}
        if self.random.random() < 0.15:  # somebody forgets the dollars
            counts = tuple(count for count in counts if count.currency != "USD")
            effects = {place: amount for place, amount in effects.items() if place[2] != "USD"}
            if self.balances.get(("cash", "Till 1", "USD"), 0):
                wanted |= {RuleViolationError}
        command = CloseShift(id=new_id(), shift_id=shift_id, counts=counts, may_approve=True)
        if self.happens(lambda: close_shift(command, self.shop.act()), wanted):
            self.is_open = False
            self.move(effects)
            for posted in self.posted.values():
                posted.in_shift = False

    def _counts(self, other: str) -> tuple[tuple[Count, ...], State]:
        """Count what is in the till, now and then with a mistake, and say what that does."""
        counts, effects = [], State()
        for currency in ("PKR", "USD"):
            there = self.balances.get(("cash", "Till 1", currency), 0)
            counted = max(0, there + self.random.choice((0, 0, 0, 5_00, -3_50)))
            counts.append(Count(currency=currency, counted=counted))
            effects[("cash", "Till 1", currency)] = counted - there
            effects[(other, "owner" if other == "equity" else "", currency)] = counted - there
        return tuple(counts), effects

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
        if self.happens(lambda: record_opening_balance(command, self.shop.act()), self.foretold(effects)):
            item = self.item(name, "charge" if sign > 0 else "credit", amount, settles=False, id=command.id)
            self.keep(command.id, Posted("opening_balance", effects, items=(item,)))

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
        source, target = self.random.sample(list(self.places), 2)
        amount, currency = self.amount(), "PKR" if "HBL" in (source, target) else self._currency()
        command = TransferMoney(
            id=new_id(), source=self.places[source], target=self.places[target], currency=currency, amount=amount
        )
        effects: State = {
            (self.places[source].kind, source, currency): -amount,
            (self.places[target].kind, target, currency): amount,
        }
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
        if self.happens(lambda: accrue_salary(command, self.shop.act()), set()):
            item = self.item("Farid", "charge", amount, settles=True, id=command.id)
            self.keep(command.id, Posted("salary", effects, items=(item,)))

    def deduction(self) -> None:
        amount = self.amount()
        command = DeductSalary(
            id=new_id(), employee_id=self.parties["Farid"], currency="PKR", amount=amount, purpose="shortage", memo=""
        )
        effects = {("over_short", "", "PKR"): amount, ("employee", "Farid", "PKR"): -amount}
        if self.happens(lambda: deduct_salary(command, self.shop.act()), set()):
            item = self.item("Farid", "credit", amount, settles=True, id=command.id)
            self.keep(command.id, Posted("deduction", effects, items=(item,)))

    def dues(self) -> None:
        amount = self.amount()
        command = ChargeDues(
            id=new_id(), member_id=self.parties["Union"], currency="PKR", amount=amount, expires_on=None, memo=""
        )
        effects = {("revenue", "dues", "PKR"): amount, ("member", "Union", "PKR"): amount}
        if self.happens(lambda: charge_dues(command, self.shop.act()), set()):
            item = self.item("Union", "charge", amount, settles=True, id=command.id)
            self.keep(command.id, Posted("dues", effects, items=(item,)))

    def waive(self) -> None:
        amount = self.amount()
        command = WaiveDues(
            id=new_id(), member_id=self.parties["Union"], currency="PKR", amount=amount, reason="A hard year"
        )
        effects = {("revenue", "dues", "PKR"): -amount, ("member", "Union", "PKR"): -amount}
        wanted: set[type[LedgerError]] = {RuleViolationError} if amount > self.owed_by("Union") else set()
        if self.happens(lambda: waive_dues(command, self.shop.act()), wanted):
            item = self.item("Union", "credit", amount, settles=True, id=command.id)
            self.keep(command.id, Posted("dues_waived", effects, items=(item,)))

    def set_off(self) -> None:
        owing, owed = ("customer", "Bob", "PKR"), ("vendor", "Bazaar", "PKR")
        most = min(self.balances.get(owing, 0), self.balances.get(owed, 0))
        command = SetOff(
            id=new_id(), party_id=self.parties["Bob"], other_id=self.parties["Bazaar"], currency="PKR", amount=None
        )
        if self.happens(lambda: set_off(command, self.shop.act()), set() if most > 0 else {LedgerError}):
            items = tuple(self.item(name, "credit", most, settles=True, id=None) for name in ("Bob", "Bazaar"))
            self.keep(command.id, Posted("set_off", {owing: -most, owed: -most}, items=items))

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
        if self.happens(lambda: post_manual(command, self.shop.act()), self.foretold(effects)):
            item = self.item(name, "charge" if is_more else "credit", amount, settles=False, id=None)
            self.keep(command.id, Posted("manual", effects, items=(item,)))

    def undo(self) -> None:
        """Undo the newest act or any other; twice is refused the second time."""
        if not self.posted:
            return
        id = self.random.choice([list(self.posted)[-1], self.random.choice(list(self.posted))])
        before = self.posted[id]
        effects = {place: -amount for place, amount in before.effects.items()}
        wanted = self._never(before)
        goods = before.goods
        if goods and goods[1] < 0:  # they had come, and leave
            name, quantity, value = goods[0], -goods[1], -goods[2]
            if quantity > self.stock[name][0]:
                wanted |= {OutOfStockError}
            elif not wanted:
                left = self.leaving(name, quantity, value)
                for place, more in (
                    (("inventory", "", "PKR"), value - left),
                    (("cost_of_sales", "", "PKR"), left - value),
                ):
                    effects[place] = effects.get(place, 0) + more
                goods = (name, -quantity, -left)
        if before.kind == "sale":
            wanted |= self.foretold(effects, in_shift=True)
        else:
            wanted |= self.foretold(effects)
        if not self.happens(lambda: self._undo(id, before), wanted):
            return
        self.cancel(before.items)
        self.move(effects)
        if goods:
            self.put(*goods)
        if before.kind == "purchase_return" and before.lot and goods:
            before.lot.returned -= goods[1]
        del self.posted[id]
        self.happens(lambda: self._undo(id, before), {LedgerError})

    def _never(self, posted: Posted) -> set[type[LedgerError]]:
        """Return why something cannot be undone, or not any more."""
        if posted.kind == "sale" and posted.lot and (posted.lot.returned or not posted.in_shift):
            return {SaleIsClosedError}
        if posted.kind == "purchase" and posted.lot and posted.lot.returned:
            return {RuleViolationError}
        return {RuleViolationError} if posted.kind == "sale_return" else set()

    def _undo(self, id: uuid.UUID, posted: Posted) -> object:
        act, reason = self.shop.act(), "As agreed"
        if posted.kind == "purchase":
            return undo(Undo(id=new_id(), transaction_id=id, reason=reason), act)
        if posted.kind == "purchase_return":
            return delete_return(DeleteReturn(id=new_id(), return_id=id, reason=reason), act)
        command = Undo(id=new_id(), transaction_id=id, reason=reason, from_register=posted.kind != "sale")
        return undo(command, act)

    # What helps.

    def _currency(self) -> str:
        return "USD" if self.random.random() < 0.2 else "PKR"

    def _simple(self, id: uuid.UUID, act: Callable[[], object], effects: State) -> None:
        if self.happens(act, self.foretold(effects)):
            self.keep(id, Posted("money", effects))

    def _some_item(self) -> int | None:
        """Choose an item that was not cancelled and has an id of ours."""
        there = [place for place, item in enumerate(self.items) if self.item_ids[place] and not item.cancelled]
        return self.random.choice(there) if there else None

    def _id_of(self, place: int) -> uuid.UUID:
        id = self.item_ids[place]
        assert id
        return id


@dataclass
class Trader(History):
    """One of several who act on the same cast at once: nothing can be foretold, but every refusal is one in words."""

    cast: History | None = None

    def open(self) -> None:
        assert self.cast
        self.parties, self.kinds = self.cast.parties, self.cast.kinds
        self.drawers, self.places, self.products = self.cast.drawers, self.cast.places, self.cast.products
        self.reason_id = self.cast.reason_id
        self.stock, self.last_cost = dict(self.cast.stock), dict(self.cast.last_cost)

    def foretold(self, effects: State, *, in_shift: bool = False) -> set[type[LedgerError]]:  # noqa: ARG002
        return set()

    def happens(self, act: Callable[[], object], _refusals: set[type[LedgerError]]) -> bool:
        self.done += 1
        try:
            act()
        except LedgerError:
            self.refused += 1
            return False
        return True
