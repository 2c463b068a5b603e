"""What is done with a purchase over HTTP: returns, late charges, prices, papers, vendors' lists."""

import datetime as dt
import io
import re
import uuid
from typing import Any

import pytest
from flask import Flask

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash
from ledger_web.services.drawers import PayIn, pay_in
from ledger_web.services.payments import RecordPayment, record_payment
from ledger_web.services.transfers import ExchangeMoney, exchange_money
from tests.books import cached_balance, count, stock_of
from tests.clients import ShopClient, browser_at
from tests.purchases import add_goods, add_vendor, begin, buy, receive, say_head
from tests.shops import Shop, buy_below, open_a_shop

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF"


@pytest.fixture
def kabul(app: Flask) -> Shop:
    return open_a_shop("kabul", "AFN")


@pytest.fixture
def client(app: Flask, kabul: Shop) -> ShopClient:
    browser = browser_at(app, "kabul")
    browser.sign_in_as(kabul, "owner")
    return browser


def send(client: ShopClient, path: str, **data: Any) -> Any:
    return client.post_form(path, {"op_id": str(new_id())} | data)


def test_goods_go_back_and_the_return_is_deleted_again(client: ShopClient, kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    purchase_id = buy(kabul, karim, (rice, 10, 5), rate="70")
    path = f"/purchases/{purchase_id}"

    too_many = send(client, f"{path}/returns", line_1="11", reason="Wet bags")
    returned = send(client, f"{path}/returns", line_1="4", reason="Wet bags")
    page = client.get(path).text
    [return_id] = re.findall(r"/purchases/returns/([0-9a-f-]{36})/deletion", page)
    deleted = send(client, f"/purchases/returns/{return_id}/deletion", reason="They kept it")

    assert (too_many.status_code, returned.status_code, deleted.status_code) == (422, 303, 303)
    assert "More is to go back" in too_many.text
    assert "RTV-000001" in page
    assert stock_of(kabul, rice) == (10, 3500)


def test_a_late_charge_is_recorded_and_deleted(client: ShopClient, kabul: Shop) -> None:
    karim, customs, rice = add_vendor(kabul), add_vendor(kabul, "Customs", "AFN"), add_goods(kabul)
    purchase_id = buy(kabul, karim, (rice, 10, 5), rate="70")
    said = {"name": "Duty", "currency": "AFN", "net": "100", "spread_by": "quantity"}

    nobody = send(client, f"/purchases/{purchase_id}/charges", **said)
    added = send(client, f"/purchases/{purchase_id}/charges", **said, payee_id=str(customs))
    assert stock_of(kabul, rice) == (10, 3600)
    page = client.get(f"/purchases/{purchase_id}").text
    [charge_id] = re.findall(r"/purchases/charges/([0-9a-f-]{36})/deletion", page)
    deleted = send(client, f"/purchases/charges/{charge_id}/deletion", reason="Not ours")

    assert (nobody.status_code, added.status_code, deleted.status_code) == (422, 303, 303)
    assert "Choose who sent the bill" in nobody.text
    assert stock_of(kabul, rice) == (10, 3500)


def test_selling_prices_are_proposed_and_only_what_is_ticked_changes(client: ShopClient, kabul: Shop) -> None:
    """At a margin of 25 % goods of 300 are proposed at 400; rounded up to 99 at 499."""
    karim, rice, salt = add_vendor(kabul, currency="AFN"), add_goods(kabul), add_goods(kabul, "Salt")
    purchase_id = buy(kabul, karim, (rice, 1, 300), (salt, 1, 60))
    send(client, "/rates/rules", margin_percent="25", price_ending="99", rounding_max="1")

    page = client.get(f"/purchases/{purchase_id}/prices").text
    nothing = send(client, f"/purchases/{purchase_id}/prices")
    ticked = {f"tick_{rice.hex}": "y", f"price_{rice.hex}": "499", f"price_{salt.hex}": "99"}
    done = send(client, f"/purchases/{purchase_id}/prices", **ticked)

    assert 'value="499"' in page
    assert 'value="99"' in page
    assert (nothing.status_code, done.status_code) == (422, 303)
    prices = client.get(f"/purchases/{purchase_id}/prices").text
    assert "499 AFN" in prices
    assert count(kabul, "price_changes") == 1


def test_a_paper_is_kept_and_sent_as_what_is_in_it(client: ShopClient, app: Flask, kabul: Shop, rival: Shop) -> None:
    purchase_id = buy(kabul, add_vendor(kabul, currency="AFN"), (add_goods(kabul), 1, 5))

    def upload(name: str, content: bytes) -> Any:
        data = {
            "csrf_token": client.csrf_token(),
            "op_id": str(new_id()),
            "paper": (io.BytesIO(content), name),
        }
        return client.post(f"/purchases/{purchase_id}/papers", data=data, content_type="multipart/form-data")

    kept = upload("../inv<1>.html", PDF)
    refused = [upload("photo.jpg", content) for content in (b"", b"<html><script>", b"MZ" + b"\0" * 100)]
    page = client.get(f"/purchases/{purchase_id}").text
    [paper_id] = re.findall(r"/purchases/papers/([0-9a-f-]{36})", page)
    sent = client.get(f"/purchases/papers/{paper_id}")

    assert kept.status_code == 303
    assert {answer.status_code for answer in refused} == {422}
    assert (sent.mimetype, sent.data) == ("application/pdf", PDF)
    assert sent.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script>" not in sent.headers["Content-Disposition"]
    stranger = browser_at(app, rival.slug)
    stranger.sign_in_as(rival, "owner")
    assert stranger.get(f"/purchases/papers/{paper_id}").status_code == 404


def test_a_vendors_list_says_price_pack_and_days(client: ShopClient, kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    path = f"/purchases/vendors/{karim}/prices"

    found = client.get(f"{path}?q=rice")
    send(client, path, product_id=str(rice), currency="USD", unit_cost="2.50", pack="12", lead_days="14")
    send(client, path, product_id=str(rice), currency="USD", unit_cost="2.75", pack="12", lead_days="10")
    page = client.get(path).text
    [price_id] = re.findall(r"/prices/([0-9a-f-]{36})/delete", page)

    assert "Rice" in found.text
    assert "2.75 USD" in page
    assert "2.5 USD" not in page
    assert send(client, f"{path}/{price_id}/delete").status_code == 303
    assert "Nothing on their list yet" in client.get(path).text


def test_what_is_below_its_level_begins_a_purchase(client: ShopClient, kabul: Shop) -> None:
    rice = add_goods(kabul)
    nothing = send(client, "/purchases/reorders")
    buy_below(kabul, rice, 10, 25, unit="kg")

    begun = send(client, "/purchases/reorders")

    assert nothing.status_code == 422
    assert begun.status_code == 303
    assert 'value="25"' in client.get(begun.location).text


def test_a_vendor_is_asked_for_what_they_offer_in_their_packs_at_their_price(client: ShopClient, kabul: Shop) -> None:
    karim, other, rice, salt = add_vendor(kabul), add_vendor(kabul, "Other"), add_goods(kabul), add_goods(kabul, "Salt")
    for product_id in (rice, salt):
        buy_below(kabul, product_id, 10, 25, unit="kg")
    asked = {"product_id": str(rice), "currency": "USD", "unit_cost": "2.50", "pack": "12"}
    send(client, f"/purchases/vendors/{karim}/prices", **asked)

    nothing = send(client, "/purchases/reorders", vendor_id=str(other))
    begun = send(client, "/purchases/reorders", vendor_id=str(karim))
    page = client.get(begun.location).text

    assert nothing.status_code == 422
    assert "nothing of what is below its level" in nothing.text
    assert page.count('<li id="purchase-line-') == 1
    assert 'value="36"' in page  # 25 are missing, three packs of 12
    assert 'value="2.5"' in page


def test_a_vendors_account_and_foreign_money_are_shown_in_the_shops_currency(client: ShopClient, kabul: Shop) -> None:
    """100.00 USD owed at 70 stand at 7,000; at 72 they are worth 7,200: a loss of 200 that is not realised yet."""
    karim, rice = add_vendor(kabul), add_goods(kabul)
    buy(kabul, karim, (rice, 40, "2.5"), rate="70")
    today = re.search(r'value="(\d{4}-\d\d-\d\d)"', client.get("/rates/").text)
    assert today
    send(client, "/rates/", currency="USD", unit="USD", value="72", valid_on=today[1])

    account = client.get(f"/purchases/vendors/{karim}/account").text
    exchange = client.get("/purchases/exchange").text

    assert "100.00 USD" in account
    assert "7,000 AFN" in account
    assert "7,200 AFN" in exchange
    assert "Loss that is not realised yet" in exchange
    assert "200 AFN" in exchange


def test_dollars_bought_dearer_than_the_debt_they_pay_are_a_loss_in_every_report(
    client: ShopClient, kabul: Shop
) -> None:
    """100.00 USD are owed at 280: 28,000. They are paid out of a drawer whose dollars cost 282: 28,200. 200 are lost.

    The drawer itself says nothing of 282. The exchange accounts do: 28,200 were given for what was entered at 28,000.
    """
    karim, rice = add_vendor(kabul), add_goods(kabul)
    float_ = PayIn(id=new_id(), drawer_id=kabul.drawer_id, currency="AFN", amount=30_000, reason="Float")
    pay_in(float_, kabul.act())
    bought = ExchangeMoney(
        id=new_id(),
        drawer_id=kabul.drawer_id,
        out_currency="AFN",
        out_amount=28_200,
        in_currency="USD",
        in_amount=100_00,
    )
    exchange_money(bought, kabul.act())
    buy(kabul, karim, (rice, 40, "2.5"), rate="280")
    paid = RecordPayment(
        id=new_id(), party_id=karim, direction="out", drawer_id=kabul.drawer_id, currency="USD", amount=100_00
    )
    record_payment(paid, kabul.act())

    assert cached_balance(kabul, cash(kabul.drawer_id, "USD")) == 0
    for rate in ("282", "300"):  # nothing is held in dollars any more: no rate changes it
        today = re.search(r'value="(\d{4}-\d\d-\d\d)"', client.get("/rates/").text)
        assert today
        send(client, "/rates/", currency="USD", unit="USD", value=rate, valid_on=today[1])
        foreign = re.sub(r"<[^>]*>", " ", client.get("/purchases/exchange").text)
        assert re.search(r"Loss from all that was exchanged\s+200 AFN", foreign)
        report = client.get(f"/reports/profit-and-loss.csv?rate_USD={rate}").text
        assert re.search(r"Currencies held, at these rates.*,-200\b", report)
    account = client.get(f"/purchases/vendors/{karim}/account").text
    assert "by the rate" not in account


def test_what_is_unpaid_adds_up_by_age_with_what_was_paid_ahead(client: ShopClient, kabul: Shop) -> None:
    karim, ali, rice = add_vendor(kabul), add_vendor(kabul, "Ali", "AFN"), add_goods(kabul)
    for days, cost in ((0, 1), (30, 2), (31, 4), (90, 8), (91, 16)):
        draft_id = begin(kabul, karim, (rice, 1, cost), rate="70")
        say_head(kabul, draft_id, karim, due_on=dt.datetime.now(dt.UTC).date() - dt.timedelta(days))
        receive(kabul, draft_id)
    buy(kabul, ali, (rice, 1, 100), currency="AFN")
    back = buy(kabul, ali, (rice, 1, 40), currency="AFN")
    paid = RecordPayment(
        id=new_id(), party_id=ali, direction="out", drawer_id=kabul.drawer_id, currency="AFN", amount=150
    )
    pay_in(PayIn(id=new_id(), drawer_id=kabul.drawer_id, currency="AFN", amount=150, reason="Float"), kabul.act())
    record_payment(paid, kabul.act())
    send(client, f"/purchases/{back}/returns", line_1="1", reason="Wet bags")

    page = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", client.get("/purchases/unpaid").text))

    assert "Karim Traders 1.00 2.00 4.00 8.00 16.00 31.00 USD" in page
    assert "All in USD 1.00 2.00 4.00 8.00 16.00 31.00 USD" in page
    assert "Ali 0 AFN 50 AFN" in page  # 10 paid beyond both, and the 40 that went back
    assert "All in AFN 0 AFN 50 AFN" in page


def test_the_rivals_purchases_are_not_there(client: ShopClient, kabul: Shop, rival: Shop) -> None:
    theirs = buy(rival, add_vendor(rival, currency="PKR"), (add_goods(rival), 1, 5))
    begin(kabul, add_vendor(kabul))

    for path in ("", "/returns/new", "/charges/new", "/prices", "/papers/new", "/deletion"):
        assert client.get(f"/purchases/{theirs}{path}").status_code == 404
    assert client.get(f"/purchases/vendors/{uuid.uuid4()}/account").status_code == 404
