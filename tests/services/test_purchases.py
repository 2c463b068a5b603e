"""Receiving purchases: each figure beside a hand calculation, each refusal, and two at once."""

import dataclasses
import datetime as dt
import os
import random
import uuid
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Row, text

from ledger_web.domain.errors import (
    CurrencyMismatchError,
    InsufficientFundsError,
    NotFoundError,
    PeriodLockedError,
    RateDoubtedError,
    ResubmissionError,
    RuleViolationError,
    StaleEditError,
    VendorInvoiceTwiceError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import vendor
from ledger_web.models.base import session_of
from ledger_web.services.banks import CreateBank, create_bank
from ledger_web.services.books import SetLockDate, set_lock_date
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.drawers import PayIn, pay_in
from ledger_web.services.payments import RecordPayment, record_payment
from ledger_web.services.purchase_draft_lines import (
    ChangedLine,
    ChangeDraftLine,
    RemoveDraftLine,
    change_draft_line,
    remove_draft_line,
)
from ledger_web.services.purchase_draft_rates import SetRate, set_rate
from ledger_web.services.purchase_drafts import CopyPurchase, copy_purchase
from ledger_web.services.purchases import ReceivePurchase, receive_purchase
from ledger_web.services.unit_of_work import Recorded
from ledger_web.services.units import CreateUnit, create_unit
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, balances, cached_balance, count, stock_of, written
from tests.purchases import (
    add_charge,
    add_goods,
    add_line,
    add_vendor,
    begin,
    buy,
    receive,
    say_head,
    say_rate,
    version_of,
)
from tests.shops import Shop, open_a_shop, sell

SEED = int(os.environ.get("PURCHASE_SEED", "0")) or random.randrange(1, 2**32)


@pytest.fixture
def kabul(app: Flask) -> Shop:
    """A shop that keeps its books in Afghani, which has no decimals here."""
    return open_a_shop("kabul", "AFN")


def fill(shop: Shop, amount: int, currency: str) -> None:
    pay_in(PayIn(id=new_id(), drawer_id=shop.drawer_id, currency=currency, amount=amount, reason="Float"), shop.act())


def pay(shop: Shop, vendor_id: uuid.UUID, amount: int | None, currency: str, **said: object) -> RecordPayment:
    return RecordPayment(
        id=new_id(),
        party_id=vendor_id,
        direction="out",
        drawer_id=shop.drawer_id,
        currency=currency,
        amount=amount,
        **said,  # type: ignore[arg-type]
    )


def test_a_purchase_in_dollars_is_owed_in_dollars_and_valued_in_the_shops_currency(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)

    purchase_id = buy(kabul, karim, (rice, 40, "2.5"), rate="71.5")

    assert stock_of(kabul, rice) == (40, 7150)
    assert written(kabul, purchase_id) == [
        ("exchange", "vendor:Karim Traders", "USD", 100_00),
        ("inventory", "exchange", "AFN", 7150),
    ]
    assert cached_balance(kabul, vendor(karim, "USD")) == 100_00
    assert_the_books_agree(kabul)


def test_a_purchase_in_the_shops_own_currency_needs_no_rate_and_no_exchange(shop: Shop) -> None:
    karim, rice = add_vendor(shop, currency="PKR"), add_goods(shop)

    draft_id = begin(shop, karim)
    add_line(shop, draft_id, rice, 3, "19.99", tax_percent=17)
    purchase_id = receive(shop, draft_id)

    assert written(shop, purchase_id) == [
        ("inventory", "vendor:Karim Traders", "PKR", 59_97),
        ("tax_receivable", "vendor:Karim Traders", "PKR", 10_19),
    ]
    assert stock_of(shop, rice) == (3, 59_97)
    assert_the_books_agree(shop)


def test_twelve_lines_in_dollars_with_freight_in_euro_and_customs_in_afghani(kabul: Shop) -> None:
    """By hand: 10 × 25.00 + 64.80 + 36.40 = 351.20 USD, at 71.50 AFN 25,110.8, so 25,111. Each 25.00 is 1,787.5: of the
    six odd Afghani one goes to 2,602.6 and five to the first of the 1,787.5. Freight 42.00 EUR at 83.25 is 3,496.5, so
    3,497, by value: 249 for each 25.00, 645, 362. Customs 1,100 by quantity over 151.5: 73 seven times, 72, 348, 25.
    """
    karim = add_vendor(kabul)
    carrier, customs = add_vendor(kabul, "Caspian Freight", "EUR"), add_vendor(kabul, "Customs", "AFN")
    goods = [add_goods(kabul, f"Goods {number}") for number in range(1, 13)]
    crate = CreateUnit(id=new_id(), product_id=goods[10], name="crate", factor_numerator=12)
    create_unit(crate, kabul.act())
    fill(kabul, 500_00, "USD")
    fill(kabul, 20_000, "AFN")
    draft_id = begin(kabul, karim, *((id, 10, "2.5") for id in goods[:10]), rate="71.5")
    add_line(kabul, draft_id, goods[10], 4, 18, unit_id=crate.id, discount_percent=10)
    add_line(kabul, draft_id, goods[11], "3.5", "10.4")
    add_charge(kabul, draft_id, 42_00, "value", payee_id=carrier, currency="EUR", rate="83.25")
    add_charge(kabul, draft_id, 1_100, "quantity", payee_id=customs, currency="AFN", name="Customs")

    receive(kabul, draft_id, payment=pay(kabul, karim, 175_60, "USD"))

    landed = [2110] * 5 + [2109] * 2 + [2108] * 3 + [5626, 2990]
    quantities = [Decimal(10)] * 10 + [Decimal(48), Decimal("3.5")]
    assert [stock_of(kabul, id) for id in goods] == list(zip(quantities, landed, strict=True))
    assert sum(landed) == 25_111 + 3_497 + 1_100
    assert cached_balance(kabul, vendor(karim, "USD")) == 175_60
    assert cached_balance(kabul, vendor(carrier, "EUR")) == 42_00
    assert cached_balance(kabul, vendor(customs, "AFN")) == 1_100

    # The other half at 73.00: 12,818.8, so 12,819 AFN, for what stood at 25,111 - 12,556 = 12,555: a loss of 264.
    record_payment(
        pay(
            kabul, karim, None, "AFN", settled_currency="USD", settled_amount=175_60, rate=Decimal(73), rate_unit="USD"
        ),
        kabul.act(),
    )

    assert cached_balance(kabul, vendor(karim, "USD")) == 0
    assert balances(kabul)["expense", "exchange_loss"] == 264
    assert balances(kabul)["inventory", ""] == 29_708
    assert_the_books_agree(kabul)


@pytest.mark.parametrize(
    ("slug", "base", "rate", "total_base", "values"),
    [
        # 3 × 33.33 + 1 × 0.02 = 100.01 USD. At 149.25 JPY 14,926.49; 14,923.5 and 2.985: down to 14,923 and 2, one odd.
        ("tokyo", "JPY", "149.25", 14_926, (14_923, 3)),
        # At 0.3071 KWD 30.713071, so 30.713; 30.706929 and 0.006142: 30.706 and 0.006, the odd fils to .929.
        ("kuwait", "KWD", "0.3071", 30_713, (30_707, 6)),
    ],
)
def test_it_is_the_same_with_no_decimals_and_with_three(
    app: Flask, slug: str, base: str, rate: str, total_base: int, values: tuple[int, int]
) -> None:
    shop = open_a_shop(slug, base)
    karim, rice, salt = add_vendor(shop), add_goods(shop), add_goods(shop, "Salt")

    purchase_id = buy(shop, karim, (rice, 3, "33.33"), (salt, 1, "0.02"), rate=rate)

    assert (stock_of(shop, rice)[1], stock_of(shop, salt)[1]) == values
    assert written(shop, purchase_id) == [
        ("exchange", "vendor:Karim Traders", "USD", 100_01),
        ("inventory", "exchange", base, total_base),
    ]
    assert_the_books_agree(shop)


def test_goods_that_were_oversold_put_the_difference_into_the_cost_of_sales(kabul: Shop) -> None:
    """Five sold at an assumed 0; ten come for 1,000: half of it replaces what went, five at 100 are in stock."""
    karim, rice = add_vendor(kabul, currency="AFN"), add_goods(kabul, policy="allow")
    sell(kabul, (rice, 5, 150))

    purchase_id = buy(kabul, karim, (rice, 10, 100))

    assert stock_of(kabul, rice) == (5, 500)
    assert written(kabul, purchase_id) == [
        ("inventory", "vendor:Karim Traders", "AFN", 500),
        ("cost_of_sales", "vendor:Karim Traders", "AFN", 500),
    ]
    assert_the_books_agree(kabul)


def test_what_keeps_no_stock_is_a_cost_at_once(kabul: Shop) -> None:
    karim, work = add_vendor(kabul, currency="AFN"), add_goods(kabul, "Delivery", policy="none")

    purchase_id = buy(kabul, karim, (work, 1, 300))

    assert written(kabul, purchase_id) == [("cost_of_sales", "vendor:Karim Traders", "AFN", 300)]
    assert_the_books_agree(kabul)


def test_a_missing_rate_is_never_one(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 1, 5))

    with pytest.raises(RuleViolationError, match="Enter the rate between USD and AFN"):
        receive(kabul, draft_id)

    assert count(kabul, "purchases") == 0
    assert stock_of(kabul, rice) == (0, 0)


def test_an_odd_rate_waits_for_somebody_who_says_that_it_is_right(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    buy(kabul, karim, (rice, 1, 500), rate="71.5")
    upside_down = begin(kabul, karim, (rice, 1, 500))
    say_rate(kabul, upside_down, "71.5", "AFN")

    with pytest.raises(RateDoubtedError, match="upside down"):
        receive(kabul, upside_down)
    say_rate(kabul, upside_down, "80", "USD")
    with pytest.raises(RateDoubtedError, match="10 %"):
        receive(kabul, upside_down)
    receive(kabul, upside_down, confirms_rate=True)

    assert stock_of(kabul, rice) == (2, 75_750)


def test_the_next_draft_starts_with_the_vendors_last_rate_and_cost(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    buy(kabul, karim, (rice, 4, "2.5"), rate="71.5")

    again = begin(kabul, karim)
    with kabul.act() as uow:
        draft = uow.execute("SELECT * FROM purchase_drafts WHERE tenant_id = %(tenant_id)s").one()
    assert (draft.rate, draft.rate_unit, draft.rate_source) == (Decimal("71.5"), "USD", "last")
    from_last = add_line(kabul, again, rice, 4, "2.5")
    assert from_last
    receive(kabul, again)

    assert stock_of(kabul, rice) == (8, 1430)


def test_an_invoice_number_is_entered_once_for_each_vendor(kabul: Shop) -> None:
    karim, other, rice = add_vendor(kabul), add_vendor(kabul, "Other", "USD"), add_goods(kabul)
    first = begin(kabul, karim, (rice, 1, 5))
    say_head(kabul, first, karim, invoice_number="INV 00-12")
    say_rate(kabul, first, "71.5", "USD")
    receive(kabul, first)
    second = begin(kabul, karim, (rice, 1, 5))
    say_head(kabul, second, karim, invoice_number="inv0012")

    with pytest.raises(VendorInvoiceTwiceError):
        receive(kabul, second)
    of_other = begin(kabul, other, (rice, 1, 5), rate="71.5")
    say_head(kabul, of_other, other, invoice_number="INV0012")
    receive(kabul, of_other)
    say_head(kabul, second, karim, invoice_number="inv0012", duplicate_reason="They began to count again")
    receive(kabul, second)

    assert count(kabul, "purchases") == 3


def test_paying_at_once_from_a_drawer_that_has_too_little_stores_nothing(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 1, 5), rate="71.5")

    with pytest.raises(InsufficientFundsError):
        receive(kabul, draft_id, payment=pay(kabul, karim, 5_00, "USD"))

    assert (count(kabul, "purchases"), count(kabul, "payments"), count(kabul, "purchase_drafts")) == (0, 0, 1)
    assert stock_of(kabul, rice) == (0, 0)
    assert_the_books_agree(kabul)


def test_an_advance_settles_the_purchase_at_the_rate_it_was_paid_at(kabul: Shop) -> None:
    """100.00 USD paid ahead for 7,000 AFN settle 100.00 USD bought at 71.50, 7,150: the shop gave 150 less."""
    karim, rice = add_vendor(kabul), add_goods(kabul)
    fill(kabul, 10_000, "AFN")
    record_payment(pay(kabul, karim, 7_000, "AFN", settled_currency="USD", settled_amount=100_00), kabul.act())

    buy(kabul, karim, (rice, 40, "2.5"), rate="71.5")

    assert cached_balance(kabul, vendor(karim, "USD")) == 0
    assert balances(kabul)["revenue", "exchange_gain"] == 150
    assert_the_books_agree(kabul)


def test_what_was_charged_says_the_rate(kabul: Shop) -> None:
    karim, rice, salt = add_vendor(kabul), add_goods(kabul), add_goods(kabul, "Salt")
    draft_id = begin(kabul, karim, (rice, 1, "10"), (salt, 1, "20"))
    set_rate(SetRate(op_id=new_id(), draft_id=draft_id, source="amounts", charged_base=2_150), kabul.act())
    receive(kabul, draft_id)

    # 716.67 and 1,433.33: the odd Afghani goes to the larger remainder.
    assert (stock_of(kabul, rice)[1], stock_of(kabul, salt)[1]) == (717, 1_433)
    assert_the_books_agree(kabul)


def test_receiving_twice_is_receiving_once_and_an_old_look_is_refused(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 1, 5), rate="71.5")
    command = ReceivePurchase(id=draft_id, version=version_of(kabul, draft_id))
    add_line(kabul, draft_id, rice, 1, 5)

    with pytest.raises(StaleEditError):
        receive_purchase(command, kabul.act())
    now = ReceivePurchase(id=draft_id, version=version_of(kabul, draft_id))
    assert not receive_purchase(now, kabul.act()).replayed
    assert receive_purchase(now, kabul.act()).replayed

    assert count(kabul, "purchases") == 1


def test_a_draft_says_what_it_lacks(kabul: Shop, rival: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    empty = begin(kabul, karim, rate="71.5")
    nobodys = begin(kabul, None, (rice, 1, 5), currency="AFN")
    unpriced = begin(kabul, karim, (rice, 1, None), rate="71.5")

    for draft_id, sentence in (
        (empty, "nothing on this"),
        (nobodys, "Choose the vendor"),
        (unpriced, "what Rice costs"),
    ):
        with pytest.raises(RuleViolationError, match=sentence):
            receive(kabul, draft_id)
    with pytest.raises(NotFoundError):
        begin(kabul, add_vendor(rival))
    with pytest.raises(NotFoundError):
        receive_purchase(ReceivePurchase(id=empty, version=1), rival.act())


def test_deleting_a_purchase_restores_stock_and_debts(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    buy(kabul, karim, (rice, 10, 1), rate="50")
    before = balances(kabul)
    wrong = buy(kabul, karim, (rice, 10, 3), rate="52")

    undo(Undo(id=new_id(), transaction_id=wrong, reason="Entered twice"), kabul.act())

    assert stock_of(kabul, rice) == (10, 500)
    assert balances(kabul) == before
    with pytest.raises(RuleViolationError, match="deleted already"):
        undo(Undo(id=new_id(), transaction_id=wrong, reason="Entered twice"), kabul.act())
    assert_the_books_agree(kabul)


def test_two_people_receiving_the_same_draft_receive_it_once(app: Flask, kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 4, "2.5"), rate="71.5")
    command = ReceivePurchase(id=draft_id, version=version_of(kabul, draft_id))
    other = ReceivePurchase(id=draft_id, version=version_of(kabul, draft_id), queues_labels=True)

    results = in_threads(
        app,
        lambda: receive_purchase(command, kabul.act()),
        lambda: receive_purchase(command, kabul.act()),
        lambda: receive_purchase(other, kabul.act()),
    )

    assert all(isinstance(each, Recorded | ResubmissionError | NotFoundError) for each in results)
    assert count(kabul, "purchases") == 1
    assert stock_of(kabul, rice) == (4, 715)
    assert_the_books_agree(kabul)


def test_a_line_deleted_while_it_is_changed_is_gone_or_changed_and_the_totals_stand(app: Flask, kabul: Shop) -> None:
    karim, rice, salt = add_vendor(kabul, currency="AFN"), add_goods(kabul), add_goods(kabul, "Salt")
    draft_id = begin(kabul, karim, (salt, 1, 10))
    line_id = add_line(kabul, draft_id, rice, 1, 5)
    change = ChangeDraftLine(
        op_id=new_id(), draft_id=draft_id, line_id=line_id, quantity=Decimal(2), unit_id=None, unit_cost=Decimal(7)
    )
    gone = RemoveDraftLine(op_id=new_id(), draft_id=draft_id, line_id=line_id)

    changed, removed = in_threads(
        app, lambda: change_draft_line(change, kabul.act()), lambda: remove_draft_line(gone, kabul.act())
    )

    assert isinstance(removed, ChangedLine)
    assert not isinstance(changed, Exception) or isinstance(changed, NotFoundError)
    purchase_id = receive(kabul, draft_id)
    assert written(kabul, purchase_id) == [("inventory", "vendor:Karim Traders", "AFN", 10)]
    assert_the_books_agree(kabul)


def test_a_drawer_without_that_currency_and_a_bank_in_another_are_refused(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    bank_id = create_bank(CreateBank(id=new_id(), name="Azizi Bank", currency="EUR"), kabul.act()).id
    draft_id = begin(kabul, karim, (rice, 1, 5), rate="71.5")
    from_bank = dataclasses.replace(pay(kabul, karim, 5_00, "USD"), drawer_id=None, bank_id=bank_id)

    with pytest.raises(InsufficientFundsError):
        receive(kabul, draft_id, payment=pay(kabul, karim, 5_00, "USD"))
    with pytest.raises(CurrencyMismatchError):
        receive(kabul, draft_id, payment=from_bank)

    assert count(kabul, "purchases") == 0


def test_a_locked_day_takes_no_purchase(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul, currency="AFN"), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 1, 5))
    long_ago = dt.date(2026, 1, 5)
    say_head(kabul, draft_id, karim, currency="AFN", invoice_on=long_ago, received_on=long_ago)
    lock = SetLockDate(id=new_id(), version=1, locked_until=dt.date(2026, 1, 31), reason="Books of January")
    set_lock_date(lock, kabul.act())

    with pytest.raises(PeriodLockedError):
        receive(kabul, draft_id, received_on=long_ago)
    receive(kabul, draft_id, received_on=long_ago, overrides_lock=True)

    assert stock_of(kabul, rice) == (1, 5)
    assert_the_books_agree(kabul)


def test_a_correction_moves_what_was_paid_over_to_the_right_purchase(kabul: Shop) -> None:
    karim, rice = add_vendor(kabul, currency="AFN"), add_goods(kabul)
    fill(kabul, 5_000, "AFN")
    wrong = begin(kabul, karim, (rice, 10, 100))
    receive(kabul, wrong, payment=pay(kabul, karim, 1_000, "AFN"))
    right = copy_purchase(CopyPurchase(id=new_id(), purchase_id=wrong, corrects=True), kabul.act()).id
    with kabul.act() as uow:
        [line_id] = uow.execute(
            "SELECT id FROM purchase_draft_lines WHERE tenant_id = %(tenant_id)s AND draft_id = %(id)s", {"id": right}
        ).scalars()
        day = uow.execute("SELECT received_on FROM purchase_drafts WHERE tenant_id = %(tenant_id)s").scalar_one()
    change = ChangeDraftLine(
        op_id=new_id(), draft_id=right, line_id=line_id, quantity=Decimal(10), unit_id=None, unit_cost=Decimal(90)
    )
    change_draft_line(change, kabul.act())

    receive(kabul, right, received_on=day)

    # 900 owed, 1,000 paid: 100 stay as an advance.
    assert cached_balance(kabul, vendor(karim, "AFN")) == -100
    assert stock_of(kabul, rice) == (10, 900)
    assert_the_books_agree(kabul)


@pytest.mark.parametrize("rounds", [6, pytest.param(300, marks=pytest.mark.long)])
def test_a_random_purchase_is_worth_in_stock_what_was_received_and_deleting_it_leaves_no_trace(
    app: Flask, rounds: int
) -> None:
    print(f"PURCHASE_SEED={SEED}")
    chance = random.Random(SEED)
    shops = [open_a_shop("kabul", "AFN"), open_a_shop("kuwait", "KWD"), open_a_shop("tokyo", "JPY")]
    casts = [(shop, [add_goods(shop, f"Goods {n}") for n in range(5)], add_vendor(shop, "Carrier")) for shop in shops]
    for number in range(rounds):
        shop, goods, carrier = casts[number % len(casts)]
        before, stock = _every_account(shop), [stock_of(shop, id) for id in goods]

        purchase_id = _buy_at_random(shop, goods, carrier, chance, number)

        [row] = _rows(shop, "SELECT value_base, total_base, tax_base FROM purchases WHERE id = :id", purchase_id)
        [lines] = _rows(
            shop,
            "SELECT sum(net_base + charges_base) AS value, sum(tax_base) AS tax FROM purchase_lines"
            " WHERE purchase_id = :id",
            purchase_id,
        )
        [charges] = _rows(
            shop, "SELECT coalesce(sum(tax_base), 0) AS tax FROM purchase_charges WHERE purchase_id = :id", purchase_id
        )
        gained = sum(stock_of(shop, id)[1] for id in goods) - sum(value for _, value in stock)
        assert gained == row.value_base == lines.value
        assert row.tax_base == lines.tax + charges.tax
        undo(Undo(id=new_id(), transaction_id=purchase_id, reason="Random"), shop.act())
        assert _every_account(shop) == before
        assert [stock_of(shop, id) for id in goods] == stock
    for shop in shops:
        assert_the_books_agree(shop)


def _buy_at_random(
    shop: Shop, goods: list[uuid.UUID], carrier: uuid.UUID, chance: random.Random, number: int
) -> uuid.UUID:
    currency = chance.choice(("USD", "EUR", "JPY", "KWD", shop.currency))
    rate = None if currency == shop.currency else f"{chance.uniform(0.5, 300):.4f}"
    karim = add_vendor(shop, f"Vendor {number}", currency)
    draft_id = begin(shop, karim, currency=currency, rate=rate, unit=currency)
    for product_id in chance.sample(goods, chance.randint(1, len(goods))):
        percents = {"discount_percent": chance.choice((0, 5, "33.333")), "tax_percent": chance.choice((0, 10, "15.5"))}
        add_line(
            shop, draft_id, product_id, f"{chance.uniform(0.5, 500):.3f}", f"{chance.uniform(1, 90):.6f}", **percents
        )
    for _ in range(chance.randint(0, 2)):
        of = chance.choice(("USD", shop.currency))
        add_charge(
            shop,
            draft_id,
            chance.randrange(100, 90_000),
            chance.choice(("value", "quantity")),
            payee_id=carrier,
            currency=of,
            rate=None if of == shop.currency else f"{chance.uniform(0.5, 300):.4f}",
            tax=chance.choice((0, 5)),
        )
    return receive(shop, draft_id, confirms_rate=True)


def _every_account(shop: Shop) -> dict[uuid.UUID, int]:
    """What each account is debited more than credited; settled ones are left out."""
    rows = session_of(shop.tenant_id).execute(
        text(
            "SELECT a.id, sum(CASE WHEN e.debit_account_id = a.id THEN e.amount ELSE -e.amount END)::bigint AS net"
            "  FROM accounts AS a JOIN entries AS e"
            "    ON e.tenant_id = a.tenant_id AND a.id IN (e.debit_account_id, e.credit_account_id)"
            " WHERE a.tenant_id = :tenant_id GROUP BY a.id"
        ),
        {"tenant_id": shop.tenant_id},
    )
    return {row.id: row.net for row in rows if row.net}


def _rows(shop: Shop, sql: str, id: uuid.UUID) -> list[Row[Any]]:
    values = {"tenant_id": shop.tenant_id, "id": id}
    return list(session_of(shop.tenant_id).execute(text(f"{sql} AND tenant_id = :tenant_id"), values))
