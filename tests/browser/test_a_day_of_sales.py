"""A day at the till: sales as fast as a scanner sends them, paid in every way, parked, cut off, deleted, taken back.

The script counts for itself, in whole rupees and dollars, with nothing but additions; in the evening the Z report, the
list of sales, the stock and the balances say the same to the last unit.
"""

import contextlib
import itertools
import random
import re
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import bank, cash, customer
from ledger_web.services.drawers import PayIn, pay_in
from ledger_web.services.products import CreateProduct, create_product
from tests import books
from tests.browser.conftest import Site
from tests.browser.scanners import Scanner
from tests.returns import add_bank, ask, open_with
from tests.shops import Shop, add_customer, open_a_shop

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one Chromium at a time

WARES = {  # name: (code, rupees with tax)
    "Naan": ("2100000005017", 25),
    "Flour": ("2100000005031", 185),
    "Tea": ("2100000005048", 260),
    "Olives": ("2100000005055", 410),
    "Coffee": ("2100000005079", 520),
    "Rice": ("2100000005086", 1240),
    "Biscuits": ("2100000005093", 80),
    "Soap": ("2100000005109", 45),
}
STOCK = 2_000
RATE = 280  # rupees for a dollar
FLOAT, DOLLARS = 20_000, 50
DISCOUNT = 10  # rupees off the whole sale


@dataclass
class Sold:
    """A sale as the script remembers it."""

    id: str
    goods: Counter[str]
    total: int
    rupees: int = 0
    dollars: int = 0
    card: int = 0
    owed: int = 0
    is_plain: bool = False  # cash, no discount: what comes back is worth its price


@dataclass
class Tally:
    """What the script counts."""

    rupees: int = FLOAT
    dollars: int = DOLLARS
    card: int = 0
    owed: int = 0
    gross: int = 0
    deleted: int = 0
    returned: int = 0
    returns: int = 0
    stock: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(WARES, STOCK)))
    sales: list[Sold] = field(default_factory=list)
    gone: list[Sold] = field(default_factory=list)

    def sell(self, sale: Sold) -> None:
        self.sales.append(sale)
        self.gross += sale.total
        self._move(sale, 1)

    def delete(self, sale: Sold) -> None:
        self.gone.append(sale)
        self.deleted += sale.total
        self._move(sale, -1)

    def take_back(self, name: str) -> None:
        price = WARES[name][1]
        self.rupees -= price
        self.stock[name] += 1
        self.returned += price
        self.returns += 1

    def _move(self, sale: Sold, way: int) -> None:
        self.rupees += way * sale.rupees
        self.dollars += way * sale.dollars
        self.card += way * sale.card
        self.owed += way * sale.owed
        for name, pieces in sale.goods.items():
            self.stock[name] -= way * pieces


@pytest.fixture
def busy(app: Flask) -> Shop:
    """A shop with a float in two currencies, a card terminal and a customer with an account."""
    shop = open_a_shop("busy", sells=False)
    for amount, currency in ((FLOAT, "PKR"), (DOLLARS, "USD")):
        float_of_it = PayIn(
            id=new_id(), drawer_id=shop.drawer_id, currency=currency, amount=amount * 100, reason="Float of the day"
        )
        pay_in(float_of_it, shop.act())
    open_with(shop, ("PKR", FLOAT * 100), ("USD", DOLLARS * 100))
    for name, (code, price) in WARES.items():
        ware = CreateProduct(
            id=new_id(),
            name=name,
            barcodes=(read_barcode(code),),
            unit_price=price * 100,
            currency="PKR",
            opening_quantity=Decimal(STOCK),
            opening_unit_cost=price * 60,
        )
        create_product(ware, shop.act())
    add_bank(shop)
    add_customer(shop, "Alice", credit_limit=10**9)
    with shop.act() as uow:
        uow.execute(
            "INSERT INTO exchange_rates (tenant_id, id, currency, unit, value, valid_on)"
            " VALUES (%(tenant_id)s, %(id)s, 'USD', 'USD', %(rate)s, '2020-01-01')",
            {"id": new_id(), "rate": RATE},
        )
    return shop


@pytest.mark.parametrize("sales", [12, pytest.param(200, marks=pytest.mark.long)])
def test_a_day_of_sales_agrees_with_an_independent_count(site: Site, busy: Shop, sales: int) -> None:
    day = Day(site, site.open(busy), sales)

    day.play()

    _look_at_the_list(day.page, day.tally)
    _close(day.page, day.tally)
    _look_at_the_books(day.page, busy, day.tally, sales)
    assert day.cuts == (10 if sales == 200 else 3)
    assert [each for each in site.trouble.complaints if not _is_of_the_cable(each)] == []


class Day:
    """Somebody at the till, who serves one customer after the other."""

    def __init__(self, site: Site, page: Page, sales: int) -> None:
        self.page = page
        self._app = site.app
        self.tally = Tally()
        self.cuts = 0
        self._wanted = sales
        self._wanted_cuts = 10 if sales > 100 else 3
        self._chance = random.Random(1398)
        self._scanner = Scanner(page)

    def play(self) -> None:
        turns = itertools.cycle(
            [
                lambda: self._serve(self._exactly),
                lambda: self._serve(self._split),
                self._take_one_back,
                lambda: self._serve(self._card),
                self._park_for_the_next,
                self._delete_one,
                lambda: self._serve(self._notes),
                lambda: self._serve(self._dollars),
                lambda: self._serve(self._half_by_card),
                lambda: self._serve(self._on_account),
                self._delete_one,
            ]
        )
        self.page.goto("/sell/")
        while (done := len(self.tally.sales)) < self._wanted:
            if done * self._wanted_cuts >= (self.cuts + 0.5) * self._wanted:
                self._cut_off()
            else:
                next(turns)()

    # One customer.

    def _serve(self, pay: Callable[[int], Sold]) -> None:
        total = self._scan(self._basket())
        self._store(pay(total))

    def _basket(self) -> Counter[str]:
        """Choose goods; the last is dear enough for a dollar."""
        goods = Counter(self._chance.choices(list(WARES), k=self._chance.randint(1, 5)))
        goods[self._chance.choice(["Olives", "Coffee", "Rice"])] += 1
        self._goods = goods
        return goods

    def _scan(self, goods: Counter[str]) -> int:
        """Scan everything without looking up, then read the total."""
        codes = [WARES[name][0] for name in goods.elements()]
        self._chance.shuffle(codes)
        for code in codes:
            self._scanner.scan(code)
        total = sum(WARES[name][1] * pieces for name, pieces in goods.items())
        expect(self.page.locator("#cart-total")).to_contain_text(f"{total:,}.00")
        return total

    def _store(self, sale: Sold) -> None:
        """Wait for the receipt, and begin the next sale from it."""
        self.page.wait_for_url("**/receipt**")
        sale.id = re.findall(r"/sales/([0-9a-f-]{36})/", self.page.url)[0]
        expect(self.page.locator(".receipt-sums")).to_contain_text(f"{sale.total:,}.00")
        self.tally.sell(sale)
        expect(self.page.get_by_role("link", name="New sale")).to_be_focused()
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/sell/")
        expect(self.page.get_by_text("The cart is empty")).to_be_visible()

    def _sold(self, total: int, *, rupees: int = 0, dollars: int = 0, card: int = 0, owed: int = 0) -> Sold:
        return Sold("", self._goods, total, rupees, dollars, card, owed)

    # Ways to pay.

    def _exactly(self, total: int) -> Sold:
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#tendered")).to_be_focused()
        self.page.keyboard.press("Enter")
        sale = self._sold(total, rupees=total)
        sale.is_plain = True
        return sale

    def _notes(self, total: int) -> Sold:
        """Ten rupees off, and notes on the counter."""
        self.page.keyboard.press("F4")
        expect(self.page.locator("#discount")).to_be_focused()
        self.page.keyboard.type(str(DISCOUNT), delay=50)
        self.page.keyboard.press("Enter")
        total -= DISCOUNT
        expect(self.page.locator("#cart-total")).to_contain_text(f"{total:,}.00")
        self.page.locator("#tendered").focus()
        notes = -(-total // 500) * 500
        self.page.keyboard.type(str(notes), delay=50)  # by hand: faster would be a scanner
        self.page.keyboard.press("Enter")
        if notes > total:
            expect(self.page.locator(".change-due")).to_contain_text(f"{notes - total:,}.00")
        return self._sold(total, rupees=total)

    def _split(self, total: int) -> Sold:
        """As many dollars as there are in half of it, the rest in rupees."""
        dollars = max(total // 2 // RATE, 1)
        rest = total - dollars * RATE
        self._open_payment()
        self.page.locator("#foreign_currency_1").select_option("USD")
        self.page.locator("#foreign_cash_1").fill(str(dollars))
        self.page.locator("#cash").fill(str(rest))
        self.page.locator("#cash").press("Enter")
        return self._sold(total, rupees=rest, dollars=dollars)

    def _dollars(self, total: int) -> Sold:
        """Only dollars, and rupees go back."""
        dollars = -(-total // RATE)
        self._open_payment()
        self.page.locator("#foreign_currency_1").select_option("USD")
        self.page.locator("#foreign_cash_1").fill(str(dollars))
        self.page.locator("#foreign_cash_1").press("Enter")
        return self._sold(total, rupees=total - dollars * RATE, dollars=dollars)

    def _card(self, total: int) -> Sold:
        self.page.get_by_role("button", name="All by HBL").click()
        return self._sold(total, card=total)

    def _half_by_card(self, total: int) -> Sold:
        by_card = total // 2
        self._open_payment()
        self.page.locator("#bank_1").select_option(label="HBL")
        self.page.locator("#bank_amount_1").fill(str(by_card))
        self.page.locator("#cash").fill(str(total - by_card))
        self.page.locator("#cash").press("Enter")
        return self._sold(total, card=by_card, rupees=total - by_card)

    def _on_account(self, total: int) -> Sold:
        self.page.keyboard.press("F2")
        self.page.keyboard.type("Alice", delay=50)
        self.page.get_by_role("button", name="Alice").click()
        self.page.get_by_label("Rest on the account of Alice").check()
        self.page.locator("#tendered").fill("0")
        self.page.locator("#tendered").press("Enter")
        return self._sold(total, owed=total)

    def _open_payment(self) -> None:
        self.page.keyboard.press("F8")
        self.page.wait_for_url("**/sell/payment")

    # What comes between.

    def _park_for_the_next(self) -> None:
        """One who has forgotten the purse steps aside, the next one is served first."""
        aside = self._basket()
        total = self._scan(aside)
        self.page.keyboard.press("Alt+k")
        expect(self.page.get_by_text("The cart is empty")).to_be_visible()
        self._serve(self._exactly)
        self.page.keyboard.press("Alt+j")
        self.page.wait_for_url("**/sell/parked")
        self.page.keyboard.press("Alt+1")
        self.page.wait_for_url("**/sell/")
        expect(self.page.locator("#cart-total")).to_contain_text(f"{total:,}.00")
        self._goods = aside
        self._store(self._exactly(total))

    def _cut_off(self) -> None:
        """The cable is pulled: while goods are scanned, before the sale is sent, or before its answer comes back."""
        cuts = [self._cut_off_scanning, self._cut_off_before_it_is_sent, self._cut_off_before_the_answer]
        cuts[self.cuts % len(cuts)]()
        self.cuts += 1

    def _cut_off_scanning(self) -> None:
        goods = self._basket()
        first, rest = Counter(dict([goods.popitem()])), goods
        total = self._scan(first)
        self.page.context.set_offline(True)
        for name in rest.elements():
            self._scanner.scan(WARES[name][0])
        expect(self.page.locator("#connection")).to_be_visible()
        self.page.context.set_offline(False)
        self._goods = first + rest
        total += sum(WARES[name][1] * pieces for name, pieces in rest.items())
        expect(self.page.locator("#cart-total")).to_contain_text(f"{total:,}.00")
        expect(self.page.locator("#connection")).to_be_hidden()
        self._store(self._exactly(total))

    def _cut_off_before_it_is_sent(self) -> None:
        total = self._scan(self._basket())
        self.page.context.set_offline(True)
        sale = self._exactly(total)
        expect(self.page.locator("#connection")).to_contain_text("sent again by itself")
        self.page.context.set_offline(False)
        self._store(sale)

    def _cut_off_before_the_answer(self) -> None:
        """The shop has stored it, and the till does not know: it is told nothing, on a long day not even that."""
        total = self._scan(self._basket())
        with self._answer_lost(silently=self._wanted > 100) as lost:
            self._store(self._exactly(total))
        assert lost

    @contextlib.contextmanager
    def _answer_lost(self, *, silently: bool) -> Iterator[list[bool]]:
        """Let the server do what it is asked next, and never answer."""
        answer = self._app.wsgi_app
        lost: list[bool] = []

        def drop(environ: dict[str, Any], start_response: Any) -> Any:
            answered = answer(environ, start_response)
            if environ["REQUEST_METHOD"] != "POST" or lost:
                return answered
            lost.append(True)
            if not silently:
                environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError

        self._app.wsgi_app = drop  # type: ignore[method-assign]
        try:
            yield lost
        finally:
            self._app.wsgi_app = answer  # type: ignore[method-assign]

    def _delete_one(self) -> None:
        sale = self._chance.choice([each for each in self.tally.sales if each not in self.tally.gone])
        self.page.goto(f"/sales/{sale.id}/deletion")
        self.page.get_by_label("Reason").select_option("Rung up by mistake")
        self.page.get_by_role("button", name="Delete sale").click()
        expect(self.page.get_by_text("deleted", exact=False).first).to_be_visible()
        self.page.wait_for_url(f"**/sales/{sale.id}")
        self.tally.delete(sale)
        self.page.goto("/sell/")

    def _take_one_back(self) -> None:
        sale = self._chance.choice([each for each in self.tally.sales if each.is_plain and each not in self.tally.gone])
        name = self._chance.choice(list(sale.goods))
        self.page.goto(f"/sales/{sale.id}/return")
        self.page.get_by_label(f"Comes back of {name}").fill("1")
        self.page.get_by_label("Reason").select_option("Customer changed their mind")
        self.page.get_by_role("button", name="Take it back").click()
        self.page.wait_for_url("**/returns/**")
        self.tally.take_back(name)
        self.tally.gone.append(sale)  # what came back in part is not deleted any more
        self.page.goto("/sell/")


def _figures(page: Page, panel: str) -> dict[str, str]:
    """Read a list of figures as it stands on the page."""
    found = page.locator(f"section[aria-label='{panel}'] dl")
    names = [" ".join(text.split()) for text in found.locator("dt").all_inner_texts()]
    return dict(zip(names, found.locator("dd").all_inner_texts(), strict=True))


def _look_at_the_list(page: Page, tally: Tally) -> None:
    page.goto("/sales/")
    deletions = len(tally.gone) - tally.returns
    said = dict(
        zip(
            page.locator(".sales-totals dt").all_inner_texts(),
            page.locator(".sales-totals dd").all_inner_texts(),
            strict=True,
        )
    )
    net = tally.gross - tally.deleted - tally.returned
    assert said["Sales"].split() == [str(len(tally.sales)), str(deletions), "deleted"]
    assert said["Gross"] == f"{tally.gross:,}.00 PKR"
    assert said["Deleted"] == f"{tally.deleted:,}.00 PKR"
    assert said["Came back"] == f"{tally.returned:,}.00 PKR"
    assert said["Net"] == f"{net:,}.00 PKR"


def _close(page: Page, tally: Tally) -> None:
    """Count what the script says is there; nothing is over or short, and the Z report says the same."""
    page.goto("/drawers/")
    page.get_by_role("link", name="Shifts").first.click()
    page.get_by_role("link", name="X report").click()
    page.get_by_role("link", name="Close the drawer").click()
    page.get_by_label("Counted PKR").fill(str(tally.rupees))
    page.get_by_label("Counted USD").fill(str(tally.dollars))
    page.get_by_role("button", name="Close Till 1").click()
    expect(page.get_by_role("heading", name="Z-A-000001")).to_be_visible()
    for currency, amount in (("PKR", tally.rupees), ("USD", tally.dollars)):
        money = _figures(page, currency)
        assert money["Expected"] == money["Counted"] == f"{amount:,}.00 {currency}"
        assert not {"Over", "Short"} & money.keys()
    sales = _figures(page, "Sales")
    assert sales[f"Sold ({len(tally.sales)})"] == f"{tally.gross:,}.00 PKR"
    assert sales[f"Deleted ({len(tally.gone) - tally.returns})"] == f"{tally.deleted:,}.00 PKR"
    assert sales[f"Came back ({tally.returns})"] == f"{tally.returned:,}.00 PKR"
    assert sales["Net"] == f"{tally.gross - tally.deleted - tally.returned:,}.00 PKR"


def _look_at_the_books(page: Page, shop: Shop, tally: Tally, sales: int) -> None:
    levels = ask(
        shop,
        """
        SELECT p.name, s.quantity, p.id FROM stock_levels AS s
          JOIN products AS p ON p.tenant_id = :tenant_id AND p.id = s.product_id
         WHERE s.tenant_id = :tenant_id
        """,
    )
    assert {row.name: int(row.quantity) for row in levels} == dict(tally.stock)
    code = ask(shop, "SELECT code FROM bank_accounts WHERE tenant_id = :tenant_id")[0].code
    alice = ask(shop, "SELECT id FROM parties WHERE tenant_id = :tenant_id AND name = 'Alice'")[0].id
    assert books.cached_balance(shop, cash(shop.drawer_id, "PKR")) == tally.rupees * 100
    assert books.cached_balance(shop, cash(shop.drawer_id, "USD")) == tally.dollars * 100
    assert books.cached_balance(shop, bank("PKR", code)) == tally.card * 100
    assert books.cached_balance(shop, customer(alice, "PKR")) == tally.owed * 100
    assert books.count(shop, "sales") == len(tally.sales) >= sales
    page.goto("/customers/")
    if tally.owed:
        expect(page.get_by_role("row", name="Alice")).to_contain_text(f"{tally.owed:,}.00")
    page.goto("/products/")
    for name, left in tally.stock.items():
        expect(page.get_by_role("row", name=f"{name} {WARES[name][0]}")).to_contain_text(f"{left:,}")
    books.assert_the_books_agree(shop)


def _is_of_the_cable(complaint: str) -> bool:
    """Say whether htmx tells of a request that got no answer, or that nobody waits for any more."""
    return complaint.startswith("console: htmx:") or "ERR_INTERNET_DISCONNECTED" in complaint
