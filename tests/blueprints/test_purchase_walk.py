"""A purchase walked through page by page, in shops of three base currencies, each figure beside a hand calculation.

Twelve lines in dollars with freight in euro and customs in the shop's own currency; half of it is paid at once out of
a drawer of dollars, the rest later at another rate out of a drawer of the shop's own; then a part goes back.

By hand, the same in all three: 10 × 25.00 + 64.80 (4 crates of 12 at 18.00 less 10 %) + 36.40 (3.5 at 10.40) are
351.20 USD, with 10 % tax on the last line, 3.64, they are 354.84; half is 177.42. Freight is 42.00 EUR and 5 % tax.
What is converted rounds once; its parts get the odd units by largest remainder, among equals the earlier line, and
where a charge is spread the larger one.
"""

import csv
import io
import re
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash, vendor
from ledger_web.services.drawers import PayIn, pay_in
from ledger_web.services.units import CreateUnit, create_unit
from tests.books import assert_the_books_agree, balances, cached_balance, stock_of
from tests.clients import ShopClient, browser_at
from tests.purchases import add_goods, add_vendor
from tests.shops import Shop, open_a_shop


@dataclass(frozen=True, kw_only=True)
class Hand:
    """What comes out by hand. Minor units of the base currency, but for texts."""

    base: str
    decimals: int
    rate: str  # of one USD
    euro: str  # of one EUR
    customs: str
    later: str  # the rate of one USD at which the rest is paid
    total: int  # 354.84 USD
    nets: list[int]  # of the twelve lines
    tax: int  # 3.64 USD
    freight: int  # 44.10 EUR
    freight_tax: int
    freight_shares: list[int]
    customs_shares: list[int]
    landed: list[int]
    half: int  # what the first 177.42 USD stood at
    paid_later: int
    loss: int
    back: int  # what 10.00 USD of the first line stood at
    back_charges: int  # what freight and customs of that are lost
    unrealised: int  # 167.42 USD still stand at what they were bought for, and are worth the later rate

    def shown(self, amount: int) -> str:
        """Write an amount as a page does."""
        return f"{Decimal(amount).scaleb(-self.decimals):,.{self.decimals}f} {self.base}"


# 71.50: 25,371.06. Each 25.00 is 1,787.5, 64.80 is 4,633.2, 36.40 is 2,602.6, the tax 260.26: 25,365 without the odd
# ones; of six one goes to .6, five to the first of the .5. 44.10 EUR at 83.25: 3,671.325; 3,496.5 and 174.825.
AFN = Hand(
    base="AFN",
    decimals=0,
    rate="71.5",
    euro="83.25",
    customs="1100",
    later="73",
    total=25_371,
    nets=[1_788] * 5 + [1_787] * 5 + [4_633, 2_603],
    tax=260,
    freight=3_671,
    freight_tax=175,
    freight_shares=[249] * 9 + [248, 645, 362],  # of 3,496 over 351.20: 248.86, 645.05, 362.34
    customs_shares=[73] * 7 + [72] * 3 + [348, 25],  # of 1,100 over 151.5: 72.61, 348.51, 25.41
    landed=[2_110] * 5 + [2_109] * 2 + [2_108] * 2 + [2_107, 5_626, 2_990],
    half=12_686,  # 12,685.5
    paid_later=12_952,  # 177.42 at 73: 12,951.66
    loss=267,  # 12,952 for what stood at 25,371 - 12,686 = 12,685
    back=715,  # 4 of 10: 715.2 of 1,788
    back_charges=129,  # 128.8 of 249 + 73
    unrealised=251,  # 167.42 at 73 are 12,222 for what stands at 12,686 - 715 = 11,971
)

# 149.25: 52,959.87. Each 25.00 is 3,731.25, 64.80 is 9,671.4, 36.40 is 5,432.7, the tax 543.27: four are odd and go
# to .7, .4, .27 and the first .25. 44.10 EUR at 162.40: 7,161.84; 6,820.8 and 341.04.
JPY = Hand(
    base="JPY",
    decimals=0,
    rate="149.25",
    euro="162.4",
    customs="15000",
    later="151.1",
    total=52_960,
    nets=[3_732] + [3_731] * 9 + [9_672, 5_433],
    tax=544,
    freight=7_162,
    freight_tax=341,
    freight_shares=[486] * 6 + [485] * 4 + [1_258, 707],  # of 6,821: 485.55, 1,258.5…, 706.96
    customs_shares=[990] * 10 + [4_753, 347],  # of 15,000: 990.1, 4,752.5, 346.5
    landed=[5_208] + [5_207] * 5 + [5_206] * 4 + [15_683, 6_487],
    half=26_480,
    paid_later=26_808,  # 177.42 at 151.10: 26,808.162
    loss=328,
    back=1_493,  # 1,492.8 of 3,732
    back_charges=590,  # 590.4 of 486 + 990
    unrealised=310,  # 25,297 for what stands at 26,480 - 1,493
)

# 0.3071: 108.971364. Each 25.00 is 7.6775, 64.80 is 19.90008, 36.40 is 11.17844, the tax 1.117844: of the odd fils one
# goes to .844, five to the first of the .5. 44.10 EUR at 0.3344: 14.74704; 14.0448 and 0.70224.
KWD = Hand(
    base="KWD",
    decimals=3,
    rate="0.3071",
    euro="0.3344",
    customs="18.750",
    later="0.3085",
    total=108_971,
    nets=[7_678] * 5 + [7_677] * 5 + [19_900, 11_178],
    tax=1_118,
    freight=14_747,
    freight_tax=702,
    freight_shares=[1_000] * 9 + [999, 2_591, 1_455],  # of 14,045: 999.79, 2,591.46, 1,455.68
    customs_shares=[1_238] * 7 + [1_237] * 3 + [5_940, 433],  # of 18,750: 1,237.62, 5,940.59, 433.17
    landed=[9_916] * 5 + [9_915] * 2 + [9_914] * 2 + [9_913, 28_431, 13_066],
    half=54_486,  # 54,485.5
    paid_later=54_734,  # 177.42 at 0.3085: 54.73407
    loss=249,
    back=3_071,  # 3,071.2 of 7,678
    back_charges=895,  # 895.2 of 1,000 + 1,238
    unrealised=234,  # 51,649 for what stands at 54,486 - 3,071
)


class Walk:
    """A browser at a shop, and what it has come to know on the way."""

    def __init__(self, app: Flask, hand: Hand) -> None:
        self.hand = hand
        self.shop: Shop = open_a_shop(f"walk-{hand.base.lower()}", hand.base)
        self.client: ShopClient = browser_at(app, self.shop.slug)
        self.client.sign_in_as(self.shop, "owner")
        self.karim = add_vendor(self.shop)
        self.carrier = add_vendor(self.shop, "Caspian Freight", "EUR")
        self.office = add_vendor(self.shop, "Customs", hand.base)
        self.goods = [add_goods(self.shop, f"Goods {number}") for number in range(1, 13)]
        self.crate = create_unit(
            CreateUnit(id=new_id(), product_id=self.goods[10], name="crate", factor_numerator=12), self.shop.act()
        ).id
        self.place = f"cash:{self.shop.drawer_id}"
        for amount, currency in ((500_00, "USD"), (200_000, hand.base)):
            float_ = PayIn(id=new_id(), drawer_id=self.shop.drawer_id, currency=currency, amount=amount, reason="Float")
            pay_in(float_, self.shop.act())
        self.draft = self.send("/purchases/drafts/", vendor_id=self.karim).location

    def send(self, path: str, *, htmx: bool = False, **said: Any) -> Any:
        sent = {"op_id": str(new_id())} | {name: str(value) for name, value in said.items()}
        answer = self.client.post_form(path, sent, htmx=htmx)
        assert answer.status_code in (200, 303), answer.text
        return answer

    def read(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, path
        return str(answer.text)

    def type_line(self, product_id: uuid.UUID, **said: Any) -> str:
        """Put a product on the draft and say what it costs; return what came back."""
        unit_id = said.get("unit_id", "")
        self.send(f"{self.draft}/lines", htmx=True, product_id=product_id, unit_id=unit_id, quantity=said["quantity"])
        line_id = re.findall(r'<li id="purchase-line-([0-9a-f-]{36})"', self.read(self.draft))[-1]
        return str(self.send(f"{self.draft}/lines/{line_id}", htmx=True, **said).text)

    def type_invoice(self) -> None:
        self.send(f"{self.draft}/rate", source="typed", value=self.hand.rate, unit="USD")
        for product_id in self.goods[:10]:
            self.type_line(product_id, quantity="10", unit_cost="2.5")
        self.type_line(
            self.goods[10], quantity="4", unit_id=self.crate, unit_cost="18", discount_percent="10", tax_percent="0"
        )
        self.type_line(self.goods[11], quantity="3.5", unit_cost="10.4", tax_percent="10")
        self.send(
            f"{self.draft}/charges",
            name="Freight",
            payee_id=self.carrier,
            currency="EUR",
            net="42",
            tax_percent="5",
            rate=self.hand.euro,
            rate_unit="one",
            spread_by="value",
        )
        self.send(
            f"{self.draft}/charges",
            name="Customs",
            payee_id=self.office,
            currency=self.hand.base,
            net=self.hand.customs,
            spread_by="quantity",
        )

    def receive(self) -> str:
        """Receive it with half paid out of the drawer's dollars; return the purchase's address."""
        form = dict(re.findall(r'name="(version|received_on|payment_id)" value="([^"]*)"', self.read(self.draft)))
        paid = {"pay_amount": "177.42", "pay_currency": "USD", "place": self.place}
        plan = self.send(f"{self.draft}/payment", htmx=True, currency="USD", **form, **paid).text
        assert "177.42 USD stays owed" in plan
        draft_id = self.draft.rpartition("/")[2]
        said = form | paid | {"op_id": draft_id, "currency": "USD", "uses_advances": "y", "queues_labels": "y"}
        return str(self.send(f"{self.draft}/receive", **said).location)

    def pay_the_rest(self) -> str:
        """Pay what is left out of the drawer's own currency; return what the preview said."""
        said: dict[str, Any] = {
            "party_id": self.karim,
            "direction": "out",
            "currency": self.hand.base,
            "settled_currency": "USD",
            "settled_amount": "177.42",
            "rate": self.hand.later,
            "rate_unit": "other",
            "place": self.place,
        }
        preview = self.send("/payments/preview", htmx=True, **said).text
        self.send("/payments/", **said)
        return str(preview)

    def send_back(self, purchase: str) -> None:
        """Send 4 of the 10 on the first line back."""
        self.send(f"{purchase}/returns", line_1="4", reason="Wet bags")

    def say_rates(self) -> None:
        """Write down what a dollar and a euro are worth today: the later rate, and the freight's."""
        day = re.search(r'value="(\d{4}-\d\d-\d\d)"', self.read("/rates/"))
        assert day
        for currency, rate in (("USD", self.hand.later), ("EUR", self.hand.euro)):
            self.send("/rates/", currency=currency, unit=currency, value=rate, valid_on=day[1])

    def trial_balance(self) -> dict[tuple[str, str], Decimal]:
        """Return what each account is debited more than credited, by its name and currency."""
        text = self.read("/reports/trial-balance.csv").lstrip("\ufeff")
        rows = [row for row in csv.reader(io.StringIO(text)) if len(row) > 4 and row[0] not in ("Kind", "Total")]
        return {(row[1], row[2]): Decimal(row[3]) - Decimal(row[4]) for row in rows}


@pytest.mark.parametrize("hand", [AFN, JPY, KWD], ids=lambda hand: hand.base)
def test_a_purchase_is_the_same_on_screen_in_stock_and_in_the_books_as_by_hand(app: Flask, hand: Hand) -> None:
    walk = Walk(app, hand)
    walk.type_invoice()
    _look_at_form(walk)

    purchase = walk.receive()
    _look_at_purchase(walk, purchase)

    _look_at_loss(walk, walk.pay_the_rest())

    walk.send_back(purchase)
    walk.say_rates()
    _look_at_books(walk, purchase)


def _look_at_form(walk: Walk) -> None:
    hand, page = walk.hand, walk.read(walk.draft)
    totals = page[page.index('id="purchase-totals"') :]

    for net, line in zip(hand.nets[:11], re.findall(r'id="base-[^>]*>([^<]*)<', page), strict=False):
        assert line == hand.shown(net)
    assert hand.shown(hand.nets[11] + hand.tax) in page
    assert hand.shown(hand.freight) in page
    assert ">351.20<" in totals
    assert ">354.84<" in totals
    for amount in (sum(hand.nets), hand.tax, hand.total, sum(hand.landed)):
        assert f">{hand.shown(amount).partition(' ')[0]}<" in totals
    landed = walk.read(f"{walk.draft}/landed")
    one = Decimal(hand.landed[0]) / 10
    assert hand.shown(int(one.quantize(Decimal(1), "ROUND_HALF_UP"))) in landed


def _look_at_purchase(walk: Walk, purchase: str) -> None:
    hand, shop, page = walk.hand, walk.shop, walk.read(purchase)
    quantities = [Decimal(10)] * 10 + [Decimal(48), Decimal("3.5")]

    assert [stock_of(shop, id) for id in walk.goods] == list(zip(quantities, hand.landed, strict=True))
    assert hand.landed == [sum(each) for each in zip(hand.nets, hand.freight_shares, hand.customs_shares, strict=True)]
    for text in ("354.84 USD", hand.shown(hand.total), "177.42 USD", hand.shown(sum(hand.landed))):
        assert text in page
    for landed in hand.landed:
        assert hand.shown(landed) in page
    assert cached_balance(shop, vendor(walk.karim, "USD")) == 177_42
    assert cached_balance(shop, vendor(walk.carrier, "EUR")) == 44_10
    assert cached_balance(shop, cash(shop.drawer_id, "USD")) == 322_58
    unpaid = walk.read("/purchases/unpaid")
    assert all(text in unpaid for text in ("177.42 USD", "44.10 EUR", hand.shown(sum(hand.customs_shares))))
    bought = walk.read(f"/purchases/products/{walk.goods[10]}")
    assert "18 USD" in bought
    assert "4 crate" in bought


def _look_at_loss(walk: Walk, preview: str) -> None:
    hand = walk.hand

    assert hand.loss == hand.paid_later - (hand.total - hand.half)
    assert f"Loss from the exchange rate: {hand.shown(hand.loss)}" in preview
    assert hand.shown(hand.paid_later) in preview
    assert cached_balance(walk.shop, vendor(walk.karim, "USD")) == 0


def _look_at_books(walk: Walk, purchase: str) -> None:
    hand, shop = walk.hand, walk.shop
    assert "4 returned" in walk.read(purchase)
    assert stock_of(shop, walk.goods[0]) == (6, hand.landed[0] - hand.back - hand.back_charges)

    _look_at_account(walk)

    in_base = {name: Decimal(amount).scaleb(-hand.decimals) for name, amount in _in_base(hand).items()}
    euro, dollars = Decimal("44.10"), Decimal("167.42")
    assert walk.trial_balance() == {(name, hand.base): amount for name, amount in in_base.items()} | {
        ("Vendors", "EUR"): -euro,
        ("Currency exchange", "EUR"): euro,
        ("Till 1", "USD"): Decimal("322.58"),
        ("Vendors", "USD"): Decimal(10),
        ("Owner’s capital", "USD"): Decimal(-500),
        ("Currency exchange", "USD"): dollars,
    }
    assert balances(shop)["expense", "exchange_loss"] == hand.loss

    foreign = walk.read("/purchases/exchange")
    assert "Loss that is not realised yet" in foreign
    assert hand.shown(hand.unrealised) in foreign
    assert_the_books_agree(shop)


def _look_at_account(walk: Walk) -> None:
    """The vendor's statement, newest first: what each thing was worth, and what was owed after it."""
    hand = walk.hand
    path = f"/purchases/vendors/{walk.karim}/account"
    page = walk.read(path)
    rows = list(csv.reader(io.StringIO(walk.read(f"{path}.csv").lstrip("\ufeff"))))[1:]

    def worth(amount: int) -> str:
        return str(Decimal(amount).scaleb(-hand.decimals))

    rest = hand.total - hand.half
    assert [row[3:] for row in rows] == [
        ["USD", "", "10.00", "-10.00", worth(-hand.back), "", worth(-hand.back)],
        ["USD", "", "177.42", "0.00", worth(-rest), worth(-hand.loss), worth(0)],
        ["USD", "", "177.42", "177.42", worth(-hand.half), "", worth(rest)],
        ["USD", "354.84", "", "354.84", worth(hand.total), "", worth(hand.total)],
    ]
    assert f"Loss by the rate: {hand.shown(hand.loss)}" in page
    assert "They owe you</dt>" in page
    assert f"owes you {hand.shown(hand.back)} (advance)" in page
    assert f"you owe {hand.shown(rest)}" in page
    statement = list(csv.reader(io.StringIO(walk.read(f"/vendors/{walk.karim}/statement.csv?currency=USD"))))
    assert [row[-2] for row in statement[2:-1]] == ["354.84", "177.42", "0.00", "-10.00"]


def _in_base(hand: Hand) -> dict[str, int]:
    """What stands in the base currency at the end: debits above zero."""
    customs = sum(hand.customs_shares)
    return {
        "Till 1": 200_000 - hand.paid_later,
        "Goods in stock": sum(hand.landed) - hand.back - hand.back_charges,
        "Tax to get back": hand.tax + hand.freight_tax,
        "Vendors": -customs,
        "Owner’s capital": -200_000,
        "Cost of sales": hand.back_charges,
        "Exchange loss": hand.loss,
        "Currency exchange": -(hand.total + hand.freight - hand.paid_later + hand.loss - hand.back),
    }
