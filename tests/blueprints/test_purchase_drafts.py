"""The purchase form: a draft on the server, filled line by line, with both currencies under every amount."""

import datetime as dt
import re
import uuid
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.ids import new_id
from ledger_web.domain.taxes import TaxRate
from ledger_web.services.barcodes import AddBarcode, add_barcode
from ledger_web.services.rates import RecordRate, record_rate
from ledger_web.services.tax_classes import CreateTaxClass, create_tax_class
from tests.books import count, stock_of
from tests.clients import ShopClient, browser_at
from tests.purchases import add_charge, add_goods, add_line, add_vendor, begin, buy, receive
from tests.shops import Shop, open_a_shop, sell


@pytest.fixture
def kabul(app: Flask) -> Shop:
    return open_a_shop("kabul", "AFN")


@pytest.fixture
def client(app: Flask, kabul: Shop) -> ShopClient:
    browser = browser_at(app, "kabul")
    browser.sign_in_as(kabul, "owner")
    return browser


def at(draft_id: uuid.UUID, rest: str = "") -> str:
    return f"/purchases/drafts/{draft_id}{rest}"


def lines_of(html: str) -> list[str]:
    return re.findall(r'<li id="purchase-line-([0-9a-f-]{36})"', html)


def send(client: ShopClient, path: str, data: dict[str, Any] | None = None, *, htmx: bool = True) -> Any:
    return client.post_form(path, {"op_id": str(new_id())} | (data or {}), htmx=htmx)


def test_a_purchase_from_the_first_click_to_the_goods(client: ShopClient, kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)

    started = send(client, "/purchases/drafts/", {"vendor_id": str(karim)}, htmx=False)
    path = started.location
    rated = send(client, f"{path}/rate", {"source": "typed", "value": "71.5", "unit": "USD"})
    scanned = send(client, f"{path}/lines", {"q": "rice"})
    [line_id] = lines_of(scanned.text)
    changed = send(client, f"{path}/lines/{line_id}", {"quantity": "40", "unit_cost": "2.5"})
    page = client.get(path).text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    received = client.post_form(
        f"{path}/receive",
        {"op_id": path.rpartition("/")[2], "version": version[1], "currency": "USD", "queues_labels": "y"},
    )

    assert (started.status_code, rated.status_code, scanned.status_code, changed.status_code) == (303, 200, 200, 200)
    assert "1 USD = 71.50 AFN" in rated.text
    assert "1 AFN = 0.013986014 USD" in rated.text
    assert "100.00 USD" in changed.text
    assert "7,150 AFN" in changed.text
    assert "178.75 AFN for one" in changed.text
    assert (received.status_code, stock_of(kabul, rice)) == (303, (40, 7150))
    assert count(kabul, "label_queue") == 1
    shown = client.get(received.location)
    assert "PUR-000001" in shown.text
    assert "7,150 AFN" in shown.text


def test_one_lines_change_swaps_its_figures_and_the_totals_only(client: ShopClient, kabul: Shop) -> None:
    karim, rice, salt = add_vendor(kabul), add_goods(kabul), add_goods(kabul, "Salt")
    draft_id = begin(kabul, karim, (rice, 1, "0.5"), (salt, 1, "0.5"), rate="1")
    first, second = lines_of(client.get(at(draft_id)).text)

    answer = send(client, at(draft_id, f"/lines/{second}"), {"quantity": "1", "unit_cost": "0.9"})

    assert f'id="line-sums-{second}"' in answer.text
    assert f'id="line-sums-{first}"' not in answer.text
    # 0.50 and 0.50 were 1 and 0 AFN of 1; 0.50 and 0.90 are 0 and 1: the other line moved, so it comes along.
    assert f'<small class="muted base" id="base-{first}" hx-swap-oob="true">0 AFN' in answer.text
    assert 'id="purchase-totals"' in answer.text


def test_what_is_refused_says_why_and_keeps_what_was_typed(client: ShopClient, kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 2, 5))
    [line_id] = lines_of(client.get(at(draft_id)).text)

    for value in ("0", "-1", "", "NaN", "1e5", "9" * 40, "71,5,5"):
        refused = send(client, at(draft_id, "/rate"), {"source": "typed", "value": value, "unit": "USD"})
        assert refused.status_code == 422
        assert "Rate" in refused.text
    bad = send(client, at(draft_id, f"/lines/{line_id}"), {"quantity": "two", "unit_cost": "5"}, htmx=False)
    wrong_unit = send(client, at(draft_id, "/rate"), {"source": "typed", "value": "71", "unit": "EUR"})
    unknown = send(client, at(draft_id, "/lines"), {"q": "9999999999994"})
    gone = send(client, at(draft_id, f"/lines/{new_id()}"), {"quantity": "2", "unit_cost": "5"})
    too_soon = send(client, at(draft_id, "/receive"), {"op_id": str(draft_id), "version": "1", "currency": "USD"})

    assert (bad.status_code, 'value="two"' in bad.text) == (422, True)
    assert (wrong_unit.status_code, unknown.status_code, gone.status_code) == (422, 422, 404)
    assert "Nothing has the code" in unknown.text
    assert too_soon.status_code == 409
    assert count(kabul, "purchases") == 0


def test_a_code_is_scanned_and_scanned_again_for_more(client: ShopClient, kabul: Shop) -> None:
    rice = add_goods(kabul)
    add_barcode(AddBarcode(op_id=new_id(), product_id=rice, barcode=read_barcode("2100000001002")), kabul.act())
    draft_id = begin(kabul, add_vendor(kabul, currency="AFN"))

    send(client, at(draft_id, "/lines"), {"q": "2100000001002"})
    again = send(client, at(draft_id, "/lines"), {"q": "12*2100000001002"})

    assert len(lines_of(client.get(at(draft_id)).text)) == 1
    assert 'name="quantity" inputmode="decimal" value="13"' in again.text


def test_the_rate_comes_from_the_table_the_last_purchase_or_what_was_charged(client: ShopClient, kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    today = client.get("/rates/").text
    assert "No rates yet" in today
    day = re.search(r'name="valid_on"[^>]*value="([0-9-]+)"', today) or re.search(r'value="(\d{4}-\d\d-\d\d)"', today)
    assert day
    valid_on = dt.date.fromisoformat(day[1])
    rate = RecordRate(id=new_id(), currency="USD", unit="USD", value=Decimal(71), valid_on=valid_on)
    record_rate(rate, kabul.act())

    draft_id = begin(kabul, karim, (rice, 2, 5))
    page = client.get(at(draft_id)).text
    charged = send(client, at(draft_id, "/rate"), {"source": "amounts", "charged_base": "725"})

    assert "1 USD = 71.00 AFN" in page
    assert "the shop’s rates" in page
    assert "1 USD = 72.50 AFN" in charged.text
    assert "725" in charged.text


def test_changing_the_currency_keeps_or_converts_the_costs(client: ShopClient, kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 2, 5), rate="70")
    head = {"vendor_id": str(karim), "invoice_on": "2026-01-05", "currency": "AFN"}

    asked = send(client, at(draft_id, "/head"), head)
    assert (asked.status_code, "Keep the numbers" in asked.text) == (422, True)
    assert 'value="5"' in client.get(at(draft_id)).text
    converted = send(client, at(draft_id, "/head"), head | {"converts": "y"})
    assert 'value="350"' in converted.text
    back = send(client, at(draft_id, "/head"), head | {"currency": "USD", "converts": "y"})
    kept = send(client, at(draft_id, "/head"), head | {"currency": "USD", "converts": "keep"})

    assert back.status_code == 422
    assert "cannot be converted without a rate" in back.text
    assert 'value="350"' in kept.text
    assert "No rate is known between USD and AFN" in kept.text


def test_charges_on_the_invoice_go_with_it_into_another_currency(client: ShopClient, kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 2, 5), rate="70")
    add_charge(kabul, draft_id, 10_50, "value")
    head = {"vendor_id": str(karim), "invoice_on": "2026-01-05", "currency": "AFN", "converts": "y"}

    converted = send(client, at(draft_id, "/head"), head)

    assert "735 AFN" in converted.text


def test_a_vendor_brings_their_currency_along_while_nothing_is_typed(client: ShopClient, kabul: Shop) -> None:
    karim = add_vendor(kabul, currency="EUR")
    draft_id = begin(kabul, None, currency="AFN")

    chosen = send(
        client, at(draft_id, "/head"), {"vendor_id": str(karim), "invoice_on": "2026-01-05", "currency": "AFN"}
    )

    assert "No rate is known between EUR and AFN" in chosen.text


def test_a_line_that_is_taken_off_swaps_itself_and_the_totals_only(client: ShopClient, kabul: Shop) -> None:
    karim, rice, salt = add_vendor(kabul), add_goods(kabul), add_goods(kabul, "Salt")
    draft_id = begin(kabul, karim, (rice, 1, "0.5"), (salt, 1, "0.5"), rate="1")
    first, second = lines_of(client.get(at(draft_id)).text)

    answer = send(client, at(draft_id, f"/lines/{first}/delete"))

    # 0.50 and 0.50 were 1 and 0 AFN of 1; alone the second is 1: it moved, so it comes along.
    assert f'<small class="muted base" id="base-{second}" hx-swap-oob="true">1 AFN' in answer.text
    assert 'id="purchase-totals"' in answer.text
    assert "purchase-line-" not in answer.text
    assert lines_of(client.get(at(draft_id)).text) == [second]


def test_what_has_not_come_yet_waits_in_a_draft_of_its_own(client: ShopClient, kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 10, "2.5"), currency="USD", rate="71.5")
    page = client.get(at(draft_id, "/part")).text
    fields = dict(re.findall(r'name="(came_[0-9a-f]{32}|version)"[^>]*value="([^"]*)"', page))
    [name] = [each for each in fields if each.startswith("came_")]

    refused = send(client, at(draft_id, "/part"), fields | {name: "eleven"})
    part = send(client, at(draft_id, "/part"), fields | {name: "4"}, htmx=False)
    form = client.get(at(draft_id)).text
    [rest_id] = re.findall(r'waits in <a href="/purchases/drafts/([0-9a-f-]{36})"', form)
    receive(kabul, draft_id)

    assert (refused.status_code, part.status_code) == (422, 303)
    assert 'value="eleven"' in refused.text
    assert "10.00 USD" in form
    assert f"/purchases/drafts/{rest_id}" in client.get(f"/purchases/{draft_id}").text
    assert "It is the rest of" in client.get(at(uuid.UUID(rest_id))).text
    assert "still to come" in client.get("/purchases/").text
    receive(kabul, uuid.UUID(rest_id))
    assert "The rest came with" in client.get(f"/purchases/{draft_id}").text
    assert "It is the rest of" in client.get(f"/purchases/{rest_id}").text


def test_a_draft_that_was_received_leads_to_its_purchase(client: ShopClient, kabul: Shop) -> None:
    karim, rice = add_vendor(kabul, currency="AFN"), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 1, 5))
    receive(kabul, draft_id)

    again = {"op_id": str(draft_id), "version": "1", "currency": "AFN"}
    answers = [client.get(at(draft_id)), client.post_form(at(draft_id, "/receive"), again)]

    assert [answer.location for answer in answers] == [f"/purchases/{draft_id}"] * 2
    assert "received already" in client.get(answers[0].location).text
    assert count(kabul, "purchases") == 1


def test_what_a_charge_comes_to_is_said_before_it_is_added(client: ShopClient, kabul: Shop) -> None:
    carrier = add_vendor(kabul, "Carrier", "EUR")
    draft_id = begin(kabul, add_vendor(kabul), rate="70")
    said = {"name": "Freight", "currency": "EUR", "net": "42", "spread_by": "value", "payee_id": str(carrier)}

    without = send(client, at(draft_id, "/charges/preview"), said)
    typed = send(client, at(draft_id, "/charges/preview"), said | {"rate": "83.25", "tax_percent": "10"})
    printed = send(client, at(draft_id, "/charges/preview"), said | {"payee_id": "", "currency": "USD"})

    assert "Enter the rate between EUR and AFN" in without.text
    assert "3,846 AFN" in typed.text  # 46.20 EUR at 83.25 are 3,846.15
    assert "350 AFN" in typed.text  # 4.20 of it are tax: 349.65
    assert "2,940 AFN" in printed.text
    assert count(kabul, "purchase_draft_charges") == 0


def test_the_rate_of_a_charge_upside_down_is_asked_about_before_it_is_received(client: ShopClient, kabul: Shop) -> None:
    karim, carrier, rice = add_vendor(kabul), add_vendor(kabul, "Caspian", "EUR"), add_goods(kabul)
    today = dt.datetime.now(dt.UTC).date()
    known = RecordRate(id=new_id(), currency="EUR", unit="EUR", value=Decimal(83), valid_on=today, note="")
    record_rate(known, kabul.act())
    draft_id = begin(kabul, karim, (rice, 10, 10), currency="USD", rate="70")
    add_charge(kabul, draft_id, 100_00, "value", payee_id=carrier, currency="EUR", rate="0.012")
    version = re.search(r'name="version" value="(\d+)"', client.get(at(draft_id)).text)
    assert version
    said = {"op_id": str(draft_id), "version": version[1], "currency": "USD"}

    asked = client.post_form(at(draft_id, "/receive"), said, htmx=True)
    confirmed = client.post_form(at(draft_id, "/receive"), said | {"confirms_rate": "y"})

    assert asked.status_code == 422
    assert "Freight:" in asked.text
    assert "upside down" in asked.text
    assert 'name="confirms_rate"' in asked.text
    assert confirmed.status_code == 303


def test_the_taxes_of_a_products_class_are_named_on_the_line(client: ShopClient, kabul: Shop) -> None:
    """10 % and 5 % on top of it on 200 AFN: 20 and 11."""
    rates = (TaxRate("VAT", Decimal(10)), TaxRate("Levy", Decimal(5), is_compound=True))
    taxes = create_tax_class(CreateTaxClass(id=new_id(), name="Goods", rates=rates), kabul.act()).id
    rice = add_goods(kabul, tax_class_id=taxes)
    draft_id = begin(kabul, add_vendor(kabul, currency="AFN"))

    send(client, at(draft_id, "/lines"), {"q": "rice"})
    [line_id] = lines_of(client.get(at(draft_id)).text)
    answer = send(
        client, at(draft_id, f"/lines/{line_id}"), {"quantity": "2", "unit_cost": "100", "tax_percent": "15.5"}
    )
    purchase_id = receive(kabul, draft_id)

    assert "231 AFN" in answer.text
    assert "20 <bdi>VAT</bdi>, 11 <bdi>Levy</bdi>" in answer.text
    page = client.get(f"/purchases/{purchase_id}").text
    assert "20 <bdi>VAT</bdi>, 11 <bdi>Levy</bdi>" in page
    assert stock_of(kabul, rice) == (2, 200)


def test_a_locked_or_future_day_is_refused(client: ShopClient, kabul: Shop) -> None:
    draft_id = begin(kabul, add_vendor(kabul, currency="AFN"))
    head = {"currency": "AFN", "invoice_on": "2199-01-01"}

    assert send(client, at(draft_id, "/head"), head).status_code == 422
    later = send(client, at(draft_id, "/head"), head | {"invoice_on": "2026-01-01", "received_on": "2199-01-01"})
    assert later.status_code == 422


def test_a_rivals_draft_is_not_there(client: ShopClient, kabul: Shop, rival: Shop) -> None:
    theirs = begin(rival, add_vendor(rival, currency="PKR"), (add_goods(rival), 1, 5))
    ours, their_vendor = begin(kabul, add_vendor(kabul)), add_vendor(rival, "Stranger")

    assert client.get(at(theirs)).status_code == 404
    assert send(client, at(theirs, "/lines"), {"q": "rice"}).status_code == 404
    assert send(client, at(theirs, "/receive"), {"version": "1", "currency": "PKR"}).status_code in (404, 422)
    head = {"currency": "USD", "invoice_on": "2026-01-05", "vendor_id": str(their_vendor)}
    assert send(client, at(ours, "/head"), head).status_code == 422


def test_a_cashier_neither_sees_nor_makes_purchases(app: Flask, kabul: Shop) -> None:
    draft_id = begin(kabul, add_vendor(kabul))
    cashier = browser_at(app, "kabul")
    cashier.sign_in_as(kabul, "cashier")

    for path in ("/purchases/", at(draft_id), "/rates/", "/purchases/unpaid"):
        assert cashier.get(path).status_code == 403


def test_the_list_finds_purchases_by_number_and_by_the_vendors_invoice(client: ShopClient, kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    purchase_id = buy(kabul, karim, (rice, 1, 5), rate="70")

    assert "PUR-000001" in client.get("/purchases/?q=pur-000001").text
    assert "No purchases here" in client.get("/purchases/?q=other").text
    assert "Karim Traders" in client.get("/purchases/unpaid").text
    assert "5 USD" in client.get(f"/purchases/products/{rice}").text
    assert client.get(f"/purchases/{purchase_id}/deletion").status_code == 200
    deleted = client.post_form(
        f"/purchases/{purchase_id}/deletion", {"op_id": str(new_id()), "reason": "Entered by mistake"}
    )
    assert deleted.status_code == 303
    assert "Entered by mistake" in client.get(f"/purchases/{purchase_id}").text
    assert stock_of(kabul, rice) == (0, 0)


def test_a_correction_takes_the_place_of_a_purchase_whose_goods_are_sold(client: ShopClient, kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    wrong = buy(kabul, karim, (rice, 10, 5), rate="70")

    copy = client.post_form(f"/purchases/{wrong}/corrections", {"op_id": str(new_id())})
    page = client.get(copy.location).text
    [line_id] = lines_of(page)
    send(client, f"{copy.location}/lines/{line_id}", {"quantity": "10", "unit_cost": "4"})
    page = client.get(copy.location).text
    sent = dict(re.findall(r'name="(version|received_on)" value="([^"]+)"', page))
    sell(kabul, (rice, 8, 100))
    received = client.post_form(
        f"{copy.location}/receive", {"op_id": copy.location.rpartition("/")[2], "currency": "USD", **sent}
    )

    assert received.status_code == 303
    assert stock_of(kabul, rice) == (2, 560)
    assert "In its place" in client.get(f"/purchases/{wrong}").text


def test_charges_are_added_spread_by_hand_and_taken_away(client: ShopClient, kabul: Shop) -> None:
    karim, rice, salt = add_vendor(kabul, currency="AFN"), add_goods(kabul), add_goods(kabul, "Salt")
    draft_id = begin(kabul, karim, (rice, 1, 100), (salt, 1, 300))
    first, second = lines_of(client.get(at(draft_id)).text)

    added = send(
        client, at(draft_id, "/charges"), {"name": "Porter", "currency": "AFN", "net": "30", "spread_by": "hand"}
    )
    charge_id = re.search(r"/charges/([0-9a-f-]{36})/shares", added.text)
    assert charge_id
    shares = {f"share_{uuid.UUID(first).hex}": "30", f"share_{uuid.UUID(second).hex}": ""}
    shared = send(client, at(draft_id, f"/charges/{charge_id[1]}/shares"), shares)
    landed = client.get(at(draft_id, "/landed")).text

    assert shared.status_code == 200
    assert "130 AFN" in landed
    assert "300 AFN" in landed
    gone = send(client, at(draft_id, f"/charges/{charge_id[1]}/delete"))
    assert "Porter" not in gone.text


def test_every_page_of_purchases_has_something_to_show(client: ShopClient, kabul: Shop) -> None:
    rice = add_goods(kabul)
    draft_id = begin(kabul, add_vendor(kabul), rate="70")
    add_line(kabul, draft_id, rice, 1, None)

    for path in (
        "/purchases/",
        at(draft_id),
        at(draft_id, "/hits?q=ri"),
        at(draft_id, "/landed"),
        "/rates/?currency=USD",
    ):
        assert client.get(path).status_code == 200


def test_rates_are_read_as_people_write_them_and_refused_as_they_should_be(client: ShopClient, kabul: Shop) -> None:
    draft_id = begin(kabul, add_vendor(kabul))

    def rate(value: str, unit: str = "USD") -> tuple[int, str]:
        answer = send(client, at(draft_id, "/rate"), {"source": "typed", "value": value, "unit": unit})
        words = re.search(r"<strong>\u2066([^<\u2069]+)", answer.text)
        return answer.status_code, words[1] if words else ""

    assert rate("71.5") == (200, "1 USD = 71.50 AFN")
    assert rate("0.0139860140", "AFN") == (200, "1 AFN = 0.013986014 USD")
    assert rate("٧١٫٥") == (200, "1 USD = 71.50 AFN")
    assert rate("1,071.5") == (200, "1 USD = 1,071.50 AFN")
    for value in ("0", "0.0", "-71", "", "  ", "NaN", "Infinity", "7e1", "9" * 40, "71,5", "71.5.5", "0.00000000001"):
        assert rate(value) == (422, "1 USD = 1,071.50 AFN"), value
    assert rate("71.5", "EUR")[0] == 422


def test_a_purchase_in_the_shops_own_currency_has_the_rate_one_and_keeps_it(client: ShopClient, kabul: Shop) -> None:
    draft_id = begin(kabul, add_vendor(kabul, currency="AFN"))

    for said in ({"source": "typed", "value": "2", "unit": "AFN"}, {"source": "last"}, {"source": "table"}):
        refused = send(client, at(draft_id, "/rate"), said)
        assert (refused.status_code, "the rate is 1 and stays so" in refused.text) == (422, True)
    assert "1 AFN = 1 AFN" in client.get(at(draft_id)).text


def test_amounts_have_no_more_decimals_than_their_currency(client: ShopClient, kabul: Shop) -> None:
    carrier, draft_id = add_vendor(kabul, "Carrier", "JPY"), begin(kabul, add_vendor(kabul, currency="KWD"))
    said = {"name": "Freight", "spread_by": "value", "payee_id": str(carrier), "rate": "0.5"}

    def net(amount: str, currency: str) -> int:
        answer = send(client, at(draft_id, "/charges"), said | {"net": amount, "currency": currency})
        return int(answer.status_code)

    assert [net("10.5", "JPY"), net("10.505", "USD"), net("10.5055", "KWD")] == [422] * 3
    assert [net("10", "JPY"), net("10.50", "USD"), net("10.505", "KWD")] == [200] * 3


def test_a_drawer_that_cannot_pay_stores_nothing_and_what_was_typed_stays(client: ShopClient, kabul: Shop) -> None:
    karim, rice = add_vendor(kabul), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 1, 5), rate="70")
    form = dict(re.findall(r'name="(version|payment_id)" value="([^"]*)"', client.get(at(draft_id)).text))
    paid = {"pay_amount": "5", "pay_currency": "USD", "place": f"cash:{kabul.drawer_id}", "currency": "USD"}

    refused = send(client, at(draft_id, "/receive"), form | paid | {"op_id": str(draft_id)})
    nowhere = send(client, at(draft_id, "/receive"), form | paid | {"op_id": str(draft_id), "place": ""})

    assert (refused.status_code, nowhere.status_code) == (422, 422)
    assert 'value="5"' in refused.text
    assert "Choose the drawer or bank account" in nowhere.text
    assert (count(kabul, "purchases"), count(kabul, "payments")) == (0, 0)
    assert stock_of(kabul, rice) == (0, 0)


def test_receiving_is_sent_twice_and_done_once(client: ShopClient, kabul: Shop) -> None:
    karim, rice = add_vendor(kabul, currency="AFN"), add_goods(kabul)
    draft_id = begin(kabul, karim, (rice, 1, 5))
    form = dict(re.findall(r'name="(version)" value="([^"]*)"', client.get(at(draft_id)).text))

    sent = [
        client.post_form(at(draft_id, "/receive"), form | {"op_id": str(draft_id), "currency": "AFN"}) for _ in "12"
    ]

    assert [answer.location for answer in sent] == [f"/purchases/{draft_id}"] * 2
    assert "received already" in client.get(sent[1].location).text
    assert stock_of(kabul, rice) == (1, 5)
