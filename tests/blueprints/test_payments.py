"""Payments and opening balances over HTTP."""

import datetime as dt
import uuid
from collections.abc import Callable

import pytest

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash, customer
from ledger_web.services.drawers import PayIn, pay_in
from ledger_web.services.parties import CreateParty, create_party
from ledger_web.services.payments import RecordOpeningBalance, record_opening_balance
from tests import bad_input
from tests.books import assert_the_books_agree, cached_balance, count
from tests.clients import ShopClient
from tests.shops import Shop, add_customer

ClientOf = Callable[..., ShopClient]


def owing(shop: Shop, amount: int = 120_00) -> uuid.UUID:
    """Add Alice, who owes."""
    alice = add_customer(shop)
    command = RecordOpeningBalance(id=new_id(), party_id=alice, currency="PKR", amount=amount, is_owed_to_us=True)
    record_opening_balance(command, shop.act())
    return alice


def payment(shop: Shop, party_id: uuid.UUID, **changed: str) -> dict[str, str]:
    return {
        "op_id": str(new_id()),
        "party_id": str(party_id),
        "direction": "in",
        "currency": "PKR",
        "amount": "100.00",
        "tendered": "",
        "drawer_id": str(shop.drawer_id),
        "memo": "",
        **changed,
    }


def opening(party_id: uuid.UUID, **changed: str) -> dict[str, str]:
    return {
        "op_id": str(new_id()),
        "party_id": str(party_id),
        "owed": "to_us",
        "currency": "PKR",
        "amount": "100.00",
        "day": "2026-01-31",
        "memo": "",
        **changed,
    }


def test_the_form_offers_the_whole_debt_and_leads_to_the_receipt(shop: Shop, client_of: ClientOf) -> None:
    alice, client = owing(shop), client_of(shop, "cashier")

    form = client.get(f"/payments/new?party_id={alice}").text
    answer = client.post_form("/payments/", payment(shop, alice, tendered="150", memo="First half"))
    receipt = client.get(answer.headers["Location"]).text

    assert 'value="120.00"' in form
    assert "owes you 120.00 PKR" in form
    assert answer.status_code == 303
    for part in ("100.00 PKR", "150.00 PKR", "50.00 PKR", "First half", "Till 1", "Cashier Smith"):
        assert part in receipt
    assert "<bdi>Alice</bdi> owes <bdi>Corner</bdi> <bdi>20.00 PKR</bdi>" in receipt
    assert f"/payments/{answer.headers['Location'][-36:]}" in client.get(f"/customers/{alice}").text
    assert_the_books_agree(shop)


def test_a_receipt_keeps_saying_what_was_owed_then(shop: Shop, client_of: ClientOf) -> None:
    alice, client = owing(shop), client_of(shop, "cashier")
    first = client.post_form("/payments/", payment(shop, alice)).headers["Location"]
    client.post_form("/payments/", payment(shop, alice, amount="20"))

    assert "<bdi>20.00 PKR</bdi>" in client.get(first).text


@pytest.mark.parametrize(
    ("kind", "direction"), [("customer", "in"), ("member", "in"), ("vendor", "out"), ("employee", "out")]
)
def test_each_kind_is_paid_or_pays_from_its_page(shop: Shop, client_of: ClientOf, kind: str, direction: str) -> None:
    command = CreateParty(id=new_id(), kind=kind, name="Akbar", currency="PKR")
    akbar = create_party(command, shop.act()).id
    pay_in(PayIn(id=new_id(), drawer_id=shop.drawer_id, currency="PKR", amount=100_00, reason="Float"), shop.act())
    client = client_of(shop, "cashier")

    page = client.get(f"/{kind}s/{akbar}").text
    form = client.get(f"/payments/new?party_id={akbar}").text
    answer = client.post_form("/payments/", payment(shop, akbar, direction=direction))

    assert f"/payments/new?party_id={akbar}&amp;direction=in" in page
    assert f"/payments/new?party_id={akbar}&amp;direction=out" in page
    assert f'name="direction" type="hidden" value="{direction}"' in form
    assert answer.status_code == 303
    assert_the_books_agree(shop)


def test_a_drawer_without_enough_says_so_and_keeps_what_was_typed(shop: Shop, client_of: ClientOf) -> None:
    alice, client = owing(shop), client_of(shop, "cashier")
    form = payment(shop, alice, direction="out", amount="7.00", memo="Back to Alice")

    page, fragment = client.post_form("/payments/", form), client.post_form("/payments/", form, htmx=True)

    for answer in (page, fragment):
        assert answer.status_code == 422
        assert "Till 1 holds 0.00 PKR, but 7.00 PKR is needed." in answer.text
        assert 'value="Back to Alice"' in answer.text
        assert form["op_id"] in answer.text
    assert "<html" not in fragment.text
    assert count(shop, "payments") == 0
    pay_in(PayIn(id=new_id(), drawer_id=shop.drawer_id, currency="PKR", amount=7_00, reason="Float"), shop.act())
    assert client.post_form("/payments/", form).status_code == 303


def test_x1_x2_x6_sent_twice_changed_or_without_its_number(shop: Shop, client_of: ClientOf) -> None:
    alice, client = owing(shop), client_of(shop)
    form = payment(shop, alice)

    answers = [client.post_form("/payments/", form) for _ in range(3)]
    changed = client.post_form("/payments/", form | {"amount": "99"})
    without = client.post_form("/payments/", {name: form[name] for name in form if name != "op_id"})
    htmx = client.post_form("/payments/", form, htmx=True)

    assert {answer.headers["Location"] for answer in answers} == {f"/payments/{form['op_id']}"}
    assert htmx.headers["HX-Redirect"] == f"/payments/{form['op_id']}"
    assert (changed.status_code, without.status_code) == (409, 422)
    assert count(shop, "payments") == 1
    assert cached_balance(shop, customer(alice, "PKR")) == 20_00


def test_an_opening_balance_is_recorded_on_its_day(shop: Shop, client_of: ClientOf) -> None:
    alice, client = add_customer(shop), client_of(shop, "manager")
    form = opening(alice, memo="Old book")

    shown = client.get(f"/payments/opening-balances/new?party_id={alice}")
    answers = [client.post_form("/payments/opening-balances/", form) for _ in range(2)]
    page = client.get(answers[0].headers["Location"]).text

    assert shown.status_code == 200
    assert [answer.status_code for answer in answers] == [303, 303]
    assert "Jan 31, 2026" in page
    assert "Old book" in page
    assert cached_balance(shop, customer(alice, "PKR")) == 100_00
    late = client.post_form("/payments/opening-balances/", opening(alice, day="2199-01-01"))
    assert (late.status_code, "As of: Choose a day" in late.text) == (422, True)


def test_a_payment_needs_somebody(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop)

    for query in ("", "?party_id=x", f"?party_id={new_id()}", "?party_id="):
        assert client.get(f"/payments/new{query}").status_code == 404
        assert client.get(f"/payments/opening-balances/new{query}").status_code == 404


def test_t1_t2_a_rivals_things_are_not_there(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    alice, bob = owing(shop), add_customer(rival, "Bob")
    ours = client_of(shop).post_form("/payments/", payment(shop, alice)).headers["Location"]
    client = client_of(rival)

    assert client.get(ours).status_code == client.get(f"/payments/{new_id()}").status_code == 404
    assert client.get(f"/payments/new?party_id={alice}").status_code == 404
    assert client.post_form("/payments/", payment(rival, alice)).status_code == 404
    assert client.post_form("/payments/opening-balances/", opening(alice)).status_code == 404
    drawer = client.post_form("/payments/", payment(rival, bob, drawer_id=str(shop.drawer_id)))
    assert (drawer.status_code, "Drawer: Choose one that is in the list." in drawer.text) == (422, True)
    assert count(rival, "entries") == 0
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 100_00


def test_roles_and_strangers(shop: Shop, client_of: ClientOf) -> None:
    alice, cashier, stranger = owing(shop), client_of(shop, "cashier"), client_of(shop, "")

    assert cashier.get(f"/payments/opening-balances/new?party_id={alice}").status_code == 403
    assert cashier.post_form("/payments/opening-balances/", opening(alice)).status_code == 403
    assert stranger.get(f"/payments/new?party_id={alice}").status_code in {302, 303}
    assert stranger.post_form("/payments/", payment(shop, alice)).status_code in {302, 303}
    assert count(shop, "payments") == 0


@pytest.mark.parametrize(
    ("number", "field"),
    list(enumerate(["op_id", "party_id", "direction", "currency", "amount", "tendered", "drawer_id", "memo"])),
)
def test_i1_no_text_breaks_a_payment(shop: Shop, client_of: ClientOf, number: int, field: str) -> None:
    alice, client, taken = owing(shop), client_of(shop), 0

    for hostile in bad_input.SENDABLE[number::8]:
        answer = client.post_form("/payments/", {**payment(shop, alice), field: hostile})
        assert answer.status_code in {303, 404, 409, 413, 422}, (field, hostile[:50])
        taken += answer.status_code == 303

    assert count(shop, "payments") == taken
    assert_the_books_agree(shop)


def test_i1_no_text_breaks_an_opening_balance(shop: Shop, client_of: ClientOf) -> None:
    alice, client = add_customer(shop), client_of(shop)

    for number, field in enumerate(opening(alice)):
        for hostile in bad_input.SENDABLE[number::12]:
            answer = client.post_form("/payments/opening-balances/", {**opening(alice), field: hostile})
            assert answer.status_code in {303, 404, 409, 413, 422}, (field, hostile[:50])
    assert_the_books_agree(shop)


def test_the_day_offered_for_an_opening_balance_is_today_in_the_shop(shop: Shop, client_of: ClientOf) -> None:
    alice, client = add_customer(shop), client_of(shop)

    page = client.get(f"/payments/opening-balances/new?party_id={alice}").text

    today = dt.datetime.now(dt.timezone(dt.timedelta(hours=5))).date()  # Karachi
    assert f'value="{today}"' in page
