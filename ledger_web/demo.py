"""The demo: a small shop in Kabul with three months of trade in two currencies, made through the real services.

The story is planned first, from a fixed seed and the day the shop was opened, and told afterwards, act by act. Every
act carries the id the plan gave it, so a telling that was interrupted is told again and goes on where it stopped.
"""

import datetime as dt
import random
import secrets
import uuid
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from stdnum import ean

from ledger_web.domain.barcodes import Barcode, read_barcode
from ledger_web.domain.discounts import Discount
from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.money import multiply
from ledger_web.domain.purchases import line_amounts
from ledger_web.queries.carts import find_cart
from ledger_web.queries.drawers import list_drawers
from ledger_web.queries.sale_returns import list_reasons
from ledger_web.queries.sales import get_sale
from ledger_web.queries.tenants import find_tenant, get_opening_time
from ledger_web.services.carts import AddToCart, ParkCart, add_to_cart, park_cart
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.drawers import CreateDrawer, PayIn, PayOut, create_drawer, pay_in, pay_out
from ledger_web.services.exchanges import RecordExchange, record_exchange
from ledger_web.services.goods import ReceiveGoods, receive_goods
from ledger_web.services.parties import CreateParty, create_party
from ledger_web.services.payments import RecordOpeningBalance, RecordPayment, record_opening_balance, record_payment
from ledger_web.services.products import CreateProduct, create_product
from ledger_web.services.purchase_draft_lines import WantedLine
from ledger_web.services.purchase_draft_rates import SetRate, set_rate
from ledger_web.services.purchase_drafts import ChangeDraft, StartDraft, change_draft, start_draft
from ledger_web.services.purchases import ReceivePurchase, receive_purchase
from ledger_web.services.sale_returns import RecordReturn, ReturnedQuantity, record_return
from ledger_web.services.sales import RecordSale, SoldLine, StoreCart, TenderChoice, record_sale
from ledger_web.services.shifts import OpenShift, open_shift
from ledger_web.services.tenants import FIRST_DRAWER, OpenShop, new_tenant_id, open_shop
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.services.users import CreateUser, ResetPassword, create_user, reset_password

SLUG = "demo"
OWNER, MANAGER, CASHIER = "owner", "manager", "cashier"
DAYS = 92
SEED = 1398

AFN, USD = "AFN", "USD"  # minor units: whole afghanis, US cents
ZONE = zoneinfo.ZoneInfo("Asia/Kabul")
TAX = Decimal(4)
FRIDAY = 4

# Name, unit, price and cost in afghanis, what is weighed is sold in quarters. All of it is invented.
WARES = (
    ("Naan, large", "pcs", 20, 12),
    ("نان خاصه", "pcs", 25, 15),
    ("Bolani kachaloo", "pcs", 40, 24),
    ("Rice, Sella, 5 kg", "bag", 620, 540),
    ("برنج باریک", "kg", 140, 118),
    ("آرد گندم ۱۰ کیلو", "bag", 560, 500),
    ("Weizenmehl Type 550, 1 kg", "pcs", 85, 66),
    ("Red lentils", "kg", 110, 88),
    ("نخود", "kg", 120, 97),
    ("لوبیا سرخ", "kg", 130, 104),
    ("Spaghetti No. 5, 500 g", "pcs", 60, 44),
    ("Makkaroni mit Ei, 400 g", "pcs", 65, 49),
    ("روغن آفتاب‌پرست ۱ لیتر", "pcs", 150, 128),
    ("Olivenöl, kaltgepresst, 0,5 l", "pcs", 520, 430),
    ("مسکه محلی", "kg", 580, 500),
    ("شیر تازه ۱ لیتر", "pcs", 70, 56),
    ("Milk, long life, 1 l", "pcs", 85, 70),
    ("ماست چکه", "kg", 160, 125),
    ("Yoghurt mit Honig, 150 g", "pcs", 45, 32),
    ("پنیر سفید", "kg", 420, 350),
    ("Eggs, tray of 30", "tray", 240, 205),
    ("تخم مرغ دانه", "pcs", 9, 7),
    ("بوره ۱ کیلو", "pcs", 75, 63),
    ("نمک ید دار", "pcs", 20, 12),
    ("Green tea, 500 g", "pcs", 260, 205),
    ("چای سیاه هیل‌دار", "pcs", 290, 235),
    ("Kaffee, gemahlen, 250 g", "pcs", 380, 310),
    ("Café soluble, 100 g", "pcs", 340, 275),
    ("زعفران هرات ۱ گرام", "pcs", 190, 150),
    ("هیل سبز", "kg", 2400, 2050),
    ("زیره سیاه", "kg", 900, 720),
    ("Pfeffer, schwarz, 50 g", "pcs", 95, 70),
    ("Çay bardağı, 6'lı", "set", 320, 240),
    ("بادام کاغذی", "kg", 850, 700),
    ("پسته هرات", "kg", 1250, 1040),
    ("کشمش سبز", "kg", 380, 300),
    ("توت خشک", "kg", 420, 340),
    ("Walnuts, shelled", "kg", 780, 640),
    ("Datteln, 500 g", "pcs", 230, 178),
    ("سیب لوگر", "kg", 90, 66),
    ("انار قندهار", "kg", 120, 88),
    ("Bananas", "kg", 110, 85),
    ("کچالو", "kg", 35, 24),
    ("پیاز", "kg", 30, 20),
    ("بادنجان رومی", "kg", 50, 34),
    ("Orange juice, 1 l", "pcs", 130, 102),
    ("آب معدنی ۱.۵ لیتر", "pcs", 30, 20),
    ("Limonade, 0,33 l", "pcs", 40, 27),
    ("Соль морская, 500 г", "pcs", 55, 39),
    ("Шоколад молочный, 90 г", "pcs", 110, 82),
    ("饼干 200 克", "pcs", 80, 58),
    ("بسکویت کرمدار", "pcs", 35, 24),
    ("Honig aus dem Pandschir, 500 g", "pcs", 480, 390),
    ("صابون کالاشویی", "pcs", 45, 31),
    ("Washing powder, 1 kg", "pcs", 210, 168),
    ("Zahnpasta, 75 ml", "pcs", 95, 70),
    ("دستمال کاغذی", "box", 60, 42),
    ("Batteries AA, 4 pieces", "set", 160, 118),
    ("گوگرد", "box", 10, 5),
    ("Phone top-up service", "pcs", 100, 0),
)
SERVICE = "Phone top-up service"

# Kind, name, telephone, currency, what is owed from before (minor units), credit limit.
PEOPLE: tuple[tuple[str, str, str, str, int, int | None], ...] = (
    ("customer", "Alia Rahimi", "070 555 0101", AFN, 0, 20_000),
    ("customer", "حاجی کریم", "070 555 0102", AFN, 4_200, 30_000),
    ("customer", "Chaikhana Sabz", "070 555 0103", AFN, 8_750, 60_000),
    ("customer", "Günter Baumann", "070 555 0104", AFN, 0, 15_000),
    ("customer", "مکتب نور", "070 555 0105", AFN, 12_400, 80_000),
    ("customer", "Panjshir Guest House", "070 555 0106", USD, 640_00, 2_000_00),
    ("vendor", "شرکت آرد و برنج", "070 555 0201", AFN, 48_000, None),
    ("vendor", "Herat Dry Fruits", "070 555 0202", USD, 1_250_00, None),
    ("vendor", "Import Weber & Söhne", "070 555 0203", USD, 2_480_00, None),
    ("vendor", "Dairy Cooperative Paghman", "070 555 0204", AFN, 9_300, None),
    ("employee", "Farid Noori", "070 555 0301", AFN, 0, None),
    ("employee", "زهرا احمدی", "070 555 0302", AFN, 3_500, None),
    ("employee", "Jawad Sadat", "070 555 0303", AFN, 0, None),
    ("member", "Traders' Union, stall 14", "070 555 0401", AFN, 1_500, None),
    ("member", "انجمن دکانداران", "070 555 0402", AFN, 3_000, None),
)
WAGES = 12_000  # afghanis a month, for helpers
RENT = 150_00  # US cents a month
NOTE = 71  # afghanis that the till gives for a dollar


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo as it stands. `password` is that of all three people, if they got it just now."""

    slug: str
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Act:
    """One thing that happens: a service with its command, and who does it."""

    service: Callable[[Any, UnitOfWork], object]
    command: object
    actor_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class _Ware:
    """A product of the plan."""

    id: uuid.UUID
    name: str
    unit: str
    price: int  # afghanis
    cost: int

    @property
    def is_goods(self) -> bool:
        return self.name != SERVICE


@dataclass(frozen=True, slots=True)
class _Person:
    """A party of the plan."""

    id: uuid.UUID
    kind: str
    currency: str
    limit: int | None  # minor units: what a customer may owe


def make_demo() -> Demo:
    """Make the demo, or finish one that was interrupted; one that is there already is left alone.

    Must run in an application context, as every service.
    """
    known = find_tenant(SLUG)
    password = _new_password()
    tenant_id = known.tenant_id if known else open_shop(_shop(password), UnitOfWork(new_tenant_id())).tenant_id
    story = _Story(get_opening_time(tenant_id), _first_drawer(tenant_id), _reason(tenant_id))
    if known and _is_told(tenant_id, story):
        return Demo(SLUG)
    for act in story.acts(password):
        act.service(act.command, UnitOfWork(tenant_id, act.actor_id))
    if known:
        for login in (OWNER, MANAGER, CASHIER):
            reset_password(ResetPassword(login=login, password=password), UnitOfWork(tenant_id))
    return Demo(SLUG, password)


def _shop(password: str) -> OpenShop:
    return OpenShop(
        slug=SLUG,
        name="Corner Shop Kabul",
        base_currency=AFN,
        owner_login=OWNER,
        owner_name="Olga Karimi",
        owner_password=password,
        time_zone=ZONE.key,
        locale="en",
    )


def _first_drawer(tenant_id: int) -> uuid.UUID:
    return next(drawer.id for drawer in list_drawers(tenant_id) if drawer.name == FIRST_DRAWER)


def _reason(tenant_id: int) -> uuid.UUID:
    return next(reason.id for reason in list_reasons(tenant_id) if not reason.needs_approval)


def _is_told(tenant_id: int, story: "_Story") -> bool:
    try:
        get_sale(tenant_id, story.last_sale_id)
    except NotFoundError:
        return False
    return True


def _new_password() -> str:
    """Return eight syllables, 48 bits: easy to copy from a screen, and not to be guessed through the throttle."""
    syllables = [secrets.choice("bdfghjklmnprstvz") + secrets.choice("aeiou") for _ in range(8)]
    return "-".join(map("".join, zip(*[iter(syllables)] * 2, strict=True)))


class _Story:
    """The plan of all that happens, the same for the same opening day.

    The plan knows what is in each drawer and in stock, so that no service has to say no.
    """

    def __init__(self, opened_at: dt.datetime, first_drawer: uuid.UUID, reason_id: uuid.UUID) -> None:
        self._chance = random.Random(SEED)  # noqa: S311  # nosec B311 # a story, not a secret
        self._end = opened_at.astimezone(ZONE)
        self._first_day = self._end.date() - dt.timedelta(days=DAYS - 1)
        self._moment = dt.datetime.combine(self._first_day, dt.time(6), ZONE)
        self._manager_id, self._cashier_id, second_drawer, self.last_sale_id = (self._id() for _ in range(4))
        self._drawers = (first_drawer, second_drawer)
        self._reason_id = reason_id
        self._can_come_back: list[RecordSale] = []
        self._wares = [_Ware(self._id(), *ware) for ware in WARES]
        self._people = [_Person(self._id(), kind, currency, limit) for kind, _, _, currency, _, limit in PEOPLE]
        self._vendors = [person for person in self._people if person.kind == "vendor"]
        self._bought = 0
        self._cash: dict[tuple[uuid.UUID, str], int] = {}
        self._stock: dict[uuid.UUID, Decimal] = {}
        self._owed = {person.id: row[4] for person, row in zip(self._people, PEOPLE, strict=True)}

    def acts(self, password: str) -> Iterator[_Act]:
        yield from self._staff(password)
        yield from self._open_the_books()
        for number in range(1, DAYS - 1):
            self._moment = dt.datetime.combine(self._first_day + dt.timedelta(days=number), dt.time(8), ZONE)
            yield from self._before_the_customers_come(number)
            yield from self._customers_of_the_day()
        self._moment = self._end - dt.timedelta(hours=4)
        yield from self._customers_of_the_day()
        self._moment = self._end
        yield from self._what_comes_back()
        yield from self._who_forgot_the_purse()
        yield self._last_sale()

    # What is there on the first day.

    def _staff(self, password: str) -> Iterator[_Act]:
        names = ((self._manager_id, MANAGER, "Mina Haidari"), (self._cashier_id, CASHIER, "Basir Wali"))
        for id, role, name in names:
            yield _Act(create_user, CreateUser(id=id, login=role, name=name, password=password, role=role))
        yield self._managers(create_drawer, CreateDrawer(id=self._drawers[1], name="Till 2", series="B"))
        for drawer_id in self._drawers:
            yield self._managers(open_shift, OpenShift(id=self._id(), drawer_id=drawer_id, counts=()))

    def _open_the_books(self) -> Iterator[_Act]:
        for number, ware in enumerate(self._wares, start=1):
            yield self._managers(create_product, self._product(number, ware))
        for ware in self._wares:
            if ware.is_goods:
                yield self._delivery(ware)
        for person, (_, name, phone, _, before, _) in zip(self._people, PEOPLE, strict=True):
            yield self._managers(create_party, self._party(person, name, phone))
            if before:
                yield self._managers(record_opening_balance, self._opening_balance(person, before))
        for drawer_id, currency, amount in (
            (self._drawers[0], AFN, 15_000),
            (self._drawers[0], USD, 900_00),
            (self._drawers[1], AFN, 8_000),
            (self._drawers[1], USD, 120_00),
        ):
            yield self._pay_in(drawer_id, currency, amount, "Float of the first day")

    def _product(self, number: int, ware: _Ware) -> CreateProduct:
        return CreateProduct(
            id=ware.id,
            name=ware.name,
            sku=f"{number:03d}",
            barcodes=(_code(number),),
            unit=ware.unit,
            unit_price=ware.price,
            tax_percent=TAX if ware.is_goods else Decimal(0),
            stock_policy="block" if ware.is_goods else "none",
            currency=AFN,
        )

    def _party(self, person: _Person, name: str, phone: str) -> CreateParty:
        return CreateParty(
            id=person.id,
            kind=person.kind,
            name=name,
            phone=phone,
            currency=person.currency,
            credit_limit=person.limit,
        )

    def _opening_balance(self, person: _Person, amount: int) -> RecordOpeningBalance:
        return RecordOpeningBalance(
            id=self._id(),
            party_id=person.id,
            currency=person.currency,
            amount=amount,
            is_owed_to_us=person.kind in {"customer", "member"},
            occurred_on=self._moment.date(),
            memo="From the old book",
        )

    # What happens day by day.

    def _before_the_customers_come(self, number: int) -> Iterator[_Act]:
        """Goods that ran low come in; wages, rent, debts and the owner's share are paid on their days."""
        low = [ware for ware in self._wares if ware.is_goods and self._stock[ware.id] < _enough(ware) / 5]
        if low:
            yield from self._purchase(low)
        if number % 30 == 0:
            yield from self._end_of_the_month()
        if number % 7 == 0:
            yield from self._end_of_the_week()
        if number % 9 == 4:
            yield from self._spend(
                self._drawers[0], AFN, self._chance.randrange(120, 480, 20), "food", "Tea for guests"
            )

    def _end_of_the_month(self) -> Iterator[_Act]:
        first, second = self._drawers
        yield from self._spend(first, USD, RENT, "rent", "Rent of the shop")
        yield from self._spend(first, AFN, self._chance.randrange(900, 1_500, 50), "utilities", "Electricity")
        yield from self._spend(second, AFN, WAGES, "wages", "Helpers of the month")
        helper = self._chance.choice([person for person in self._people if person.kind == "employee"])
        yield from self._pay_out(helper, 1_500, "Advance")

    def _end_of_the_week(self) -> Iterator[_Act]:
        for person in self._people:
            if person.kind in {"customer", "member"} and self._chance.random() < 0.6:
                amount = 50_00 if person.currency == USD else self._chance.randrange(500, 3_000, 100)
                yield from self._take(person, min(amount, self._owed[person.id]))
            elif person.kind == "vendor" and self._chance.random() < 0.5:
                amount = 40_00 if person.currency == USD else 2_500
                yield from self._pay_out(person, min(amount, self._owed[person.id]), "On our account")
        for drawer_id in self._drawers:
            surplus = (self._cash[drawer_id, AFN] - 30_000) // 1_000 * 1_000
            if surplus > 0:
                yield from self._spend(drawer_id, AFN, surplus, "owner", "Brought home")

    def _customers_of_the_day(self) -> Iterator[_Act]:
        is_friday = self._moment.weekday() == FRIDAY
        for _ in range(self._chance.randint(2, 4) if is_friday else self._chance.randint(5, 9)):
            self._moment += dt.timedelta(minutes=self._chance.randint(12, 70), seconds=self._chance.randint(0, 59))
            if self._moment >= self._end:
                return
            yield from self._customer()

    def _customer(self) -> Iterator[_Act]:
        lines = self._basket()
        if not lines:
            return
        total = _total(lines)
        drawer_id = self._drawers[0] if self._chance.random() < 0.65 else self._drawers[1]
        if total >= 4 * NOTE and self._chance.random() < 0.1:
            yield from self._pays_in_two_currencies(lines, total, drawer_id)
            return
        buyer = self._someone_known(total) if self._chance.random() < 0.12 else None
        discount = Discount(percent=Decimal(5)) if total > 1_000 and self._chance.random() < 0.15 else None
        total -= discount.of(total) if discount else 0
        sale = self._sale(self._id(), drawer_id, lines, buyer, self._handed_over(total, buyer), discount)
        yield _Act(record_sale, sale, self._chance.choice((self._cashier_id, self._cashier_id, self._manager_id)))
        in_cash = min(total, sale.tendered or 0)
        self._move(drawer_id, AFN, in_cash)
        if buyer:
            self._owed[buyer.id] += total - in_cash
        elif self._chance.random() < 0.012:
            yield from self._regret(sale, total)
        elif discount is None and lines[0].product_id in self._stock and lines[0].quantity == lines[0].quantity // 1:
            self._can_come_back.append(sale)

    def _pays_in_two_currencies(self, lines: tuple[SoldLine, ...], total: int, drawer_id: uuid.UUID) -> Iterator[_Act]:
        """Dollars for about half of it, the rest in afghanis."""
        dollars = total // (2 * NOTE)
        rest = total - dollars * NOTE
        tenders = (
            TenderChoice(amount=dollars * 100, currency=USD, rate=Decimal(NOTE), rate_unit=USD),
            TenderChoice(amount=rest),
        )
        sale = self._sale(self._id(), drawer_id, lines, None, None)
        yield _Act(record_sale, replace(sale, tenders=tenders), self._cashier_id)
        self._move(drawer_id, USD, dollars * 100)
        self._move(drawer_id, AFN, rest)

    def _what_comes_back(self) -> Iterator[_Act]:
        """Of two sales of these days one piece comes back: once for money, once for something else."""
        for service, sale in zip((self._take_back, self._exchange), self._can_come_back[:-3:-1], strict=False):
            if self._can_pay(sale.drawer_id, AFN, sale.lines[0].unit_price):
                yield from service(sale)

    def _back(self, sale: RecordSale) -> RecordReturn:
        return RecordReturn(
            id=self._id(),
            sale_id=sale.id,
            drawer_id=sale.drawer_id,
            lines=(ReturnedQuantity(line=1, quantity=Decimal(1)),),
            reason_id=self._reason_id,
        )

    def _take_back(self, sale: RecordSale) -> Iterator[_Act]:
        self._move(sale.drawer_id, AFN, -sale.lines[0].unit_price)
        yield self._managers(record_return, self._back(sale))

    def _exchange(self, sale: RecordSale) -> Iterator[_Act]:
        for ware in self._some_wares(2):
            yield self._managers(add_to_cart, AddToCart(id=self._id(), product_id=ware.id))
        yield self._managers(_exchange_for_the_cart, self._back(sale))

    def _who_forgot_the_purse(self) -> Iterator[_Act]:
        """A cart waits, parked, until its customer is back."""
        for ware in self._some_wares(3):
            added = AddToCart(id=self._id(), product_id=ware.id)
            yield _Act(add_to_cart, added, self._cashier_id)
        parked = ParkCart(id=self._id(), label="Fetches the purse", drawer_id=self._drawers[0])
        yield _Act(park_cart, parked, self._cashier_id)

    def _some_wares(self, number: int) -> list[_Ware]:
        there = [ware for ware in self._wares if ware.is_goods and self._stock[ware.id] > 5]
        return self._chance.sample(there, number)

    def _handed_over(self, total: int, buyer: _Person | None) -> int:
        """Return the notes on the counter: enough, or of a known customer sometimes a part and mostly none."""
        if buyer:
            return total // 200 * 100 if self._chance.random() < 0.3 else 0
        return _rounded_up(total, self._chance.choice((1, 50, 100, 500)))

    def _regret(self, sale: RecordSale, total: int) -> Iterator[_Act]:
        """A mistake at the till. Deleting it happens today: the books are never changed in the past."""
        if self._cash[sale.drawer_id, AFN] >= total:
            self._move(sale.drawer_id, AFN, -total)
            for line in sale.lines:
                if line.product_id in self._stock:
                    self._stock[line.product_id] += line.quantity
            reason = self._chance.choice(("Scanned twice", "Customer changed his mind", "Wrong product"))
            yield self._managers(undo, Undo(id=self._id(), transaction_id=sale.id, reason=reason))

    def _last_sale(self) -> _Act:
        """Tea and water for a neighbour: with it the story is told, so its presence means that all of it is there."""
        wares = [ware for ware in self._wares if ware.unit == "pcs" and ware.is_goods][:2]
        lines = tuple(SoldLine(product_id=ware.id, quantity=Decimal(1), unit_price=ware.price) for ware in wares)
        return _Act(record_sale, self._sale(self.last_sale_id, self._drawers[0], lines, None, 50), self._cashier_id)

    # The smallest steps.

    def _basket(self) -> tuple[SoldLine, ...]:
        wares = self._chance.sample(self._wares, self._chance.choice((1, 1, 2, 2, 3, 4, 6)))
        lines = []
        for ware in wares:
            pieces = self._chance.choice((1, 1, 1, 2, 3, 6))
            quantity = Decimal(pieces) / 4 if ware.unit == "kg" else Decimal(pieces)
            if ware.is_goods and self._stock[ware.id] < quantity + 5:
                continue
            if ware.is_goods:
                self._stock[ware.id] -= quantity
            lines.append(SoldLine(product_id=ware.id, quantity=quantity, unit_price=ware.price))
        return tuple(lines)

    def _someone_known(self, total: int) -> _Person | None:
        """Return a customer who may take so much on account, if there is one."""
        able = [
            person
            for person in self._people
            if person.kind == "customer"
            and person.currency == AFN
            and self._owed[person.id] + total <= (person.limit or 0)
        ]
        return self._chance.choice(able) if able else None

    def _sale(
        self,
        id: uuid.UUID,
        drawer_id: uuid.UUID,
        lines: tuple[SoldLine, ...],
        buyer: _Person | None,
        tendered: int | None,
        discount: Discount | None = None,
    ) -> RecordSale:
        return RecordSale(
            id=id,
            drawer_id=drawer_id,
            currency=AFN,
            lines=lines,
            customer_id=buyer.id if buyer else None,
            tendered=tendered,
            discount=discount,
            rest_on_account=buyer is not None,
            sold_on=self._moment.date(),
            sold_at=self._moment,
        )

    def _purchase(self, low: list[_Ware]) -> Iterator[_Act]:
        """Buy what ran low from one vendor or another, in afghanis or at the day's rate in dollars."""
        self._bought += 1
        vendor = self._vendors[self._bought % len(self._vendors)]
        rate = Decimal("70.50") + Decimal(self._chance.randrange(0, 240)) / 100
        lines = tuple(self._bought_line(ware, vendor.currency, rate) for ware in low)
        draft_id, day = self._id(), self._moment.date()
        head = ChangeDraft(
            op_id=self._id(),
            draft_id=draft_id,
            vendor_id=vendor.id,
            invoice_number=f"{day:%y%m}-{self._bought:03d}",
            invoice_on=day,
            received_on=day,
            due_on=day + dt.timedelta(days=30),
            currency=vendor.currency,
        )
        yield self._managers(start_draft, StartDraft(id=draft_id, vendor_id=vendor.id, lines=lines))
        yield self._managers(change_draft, head)
        if vendor.currency == USD:
            typed = SetRate(op_id=self._id(), draft_id=draft_id, source="typed", value=rate, unit=USD)
            yield self._managers(set_rate, typed)
        received = ReceivePurchase(
            id=draft_id, version=3 if vendor.currency == USD else 2, received_on=day, confirms_rate=True
        )
        yield self._managers(receive_purchase, received)
        self._owed[vendor.id] += sum(
            line_amounts(line.quantity, line.unit_cost or Decimal(0), vendor.currency).net for line in lines
        )

    def _bought_line(self, ware: _Ware, currency: str, rate: Decimal) -> WantedLine:
        quantity = _enough(ware)
        self._stock[ware.id] += quantity
        cost = Decimal(round(ware.cost * self._chance.uniform(0.97, 1.05)))
        if currency == USD:
            cost = max(round(cost / rate, 2), Decimal("0.01"))
        return WantedLine(product_id=ware.id, quantity=quantity, unit_cost=cost)

    def _delivery(self, ware: _Ware) -> _Act:
        quantity = _enough(ware)
        self._stock[ware.id] = self._stock.get(ware.id, Decimal(0)) + quantity
        command = ReceiveGoods(
            id=self._id(),
            product_id=ware.id,
            quantity=quantity,
            unit_cost=round(ware.cost * self._chance.uniform(0.97, 1.05)),
            currency=AFN,
            occurred_on=self._moment.date(),
        )
        return self._managers(receive_goods, command)

    def _pay_in(self, drawer_id: uuid.UUID, currency: str, amount: int, reason: str) -> _Act:
        self._move(drawer_id, currency, amount)
        return self._managers(
            pay_in,
            PayIn(
                id=self._id(),
                drawer_id=drawer_id,
                currency=currency,
                amount=amount,
                reason=reason,
                occurred_on=self._moment.date(),
            ),
        )

    def _spend(self, drawer_id: uuid.UUID, currency: str, amount: int, category: str, reason: str) -> Iterator[_Act]:
        if not self._can_pay(drawer_id, currency, amount):
            return
        self._move(drawer_id, currency, -amount)
        command = PayOut(
            id=self._id(),
            drawer_id=drawer_id,
            currency=currency,
            amount=amount,
            category=category,
            reason=reason,
            occurred_on=self._moment.date(),
        )
        yield self._managers(pay_out, command)

    def _take(self, person: _Person, amount: int) -> Iterator[_Act]:
        if amount > 0:
            self._owed[person.id] -= amount
            self._move(self._drawers[0], person.currency, amount)
            yield self._managers(record_payment, self._payment(person, "in", amount, ""))

    def _pay_out(self, person: _Person, amount: int, memo: str) -> Iterator[_Act]:
        if amount > 0 and self._can_pay(self._drawers[0], person.currency, amount):
            self._owed[person.id] -= amount
            self._move(self._drawers[0], person.currency, -amount)
            yield self._managers(record_payment, self._payment(person, "out", amount, memo))

    def _payment(self, person: _Person, direction: str, amount: int, memo: str) -> RecordPayment:
        return RecordPayment(
            id=self._id(),
            party_id=person.id,
            direction=direction,
            drawer_id=self._drawers[0],
            currency=person.currency,
            amount=amount,
            memo=memo,
            occurred_on=self._moment.date(),
        )

    def _managers(self, service: Callable[[Any, UnitOfWork], object], command: object) -> _Act:
        return _Act(service, command, self._manager_id)

    def _can_pay(self, drawer_id: uuid.UUID, currency: str, amount: int) -> bool:
        return self._cash.get((drawer_id, currency), 0) >= amount

    def _move(self, drawer_id: uuid.UUID, currency: str, amount: int) -> None:
        self._cash[drawer_id, currency] = self._cash.get((drawer_id, currency), 0) + amount

    def _id(self) -> uuid.UUID:
        """Return an id of the story's moment, laid out as `domain.ids` does: later acts have later ids."""
        self._moment += dt.timedelta(milliseconds=1)
        milliseconds = int(self._moment.timestamp() * 1000)
        chance = self._chance.getrandbits(74)
        return uuid.UUID(int=milliseconds << 80 | 7 << 76 | (chance >> 62) << 64 | 2 << 62 | chance & (1 << 62) - 1)


def _exchange_for_the_cart(back: RecordReturn, uow: UnitOfWork) -> object:
    """Exchange for what is in the actor's cart; without one this was told before."""
    cart = find_cart(uow.tenant_id, uow.actor_id, AFN) if uow.actor_id else None
    if cart is None:
        return None
    sold = StoreCart(id=cart.id, version=cart.version, drawer_id=back.drawer_id, currency=AFN)
    return record_exchange(RecordExchange(back=back, cart=sold), uow)


def _code(number: int) -> Barcode:
    """Return a code of the shop's own: from the range that GS1 leaves to shops, or letters under Code 128."""
    if number % 20 == 0:
        return read_barcode(f"KABUL-{number:03d}", "code128")
    digits = f"2{number:06d}" if number % 20 == 10 else f"21{number:010d}"
    return read_barcode(digits + ean.calc_check_digit(digits))


def _enough(ware: _Ware) -> Decimal:
    """Return how much of a ware a delivery brings: more of what is cheap."""
    return Decimal(10 if ware.price > 700 else 25 if ware.price > 200 else 60)


def _total(lines: tuple[SoldLine, ...]) -> int:
    return sum(multiply(line.unit_price, line.quantity) for line in lines)


def _rounded_up(amount: int, step: int) -> int:
    return -(-amount // step) * step
