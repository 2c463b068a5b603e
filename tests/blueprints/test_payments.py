"""Payments and opening balances over HTTP."""

import datetime as dt
import uuid
from collections.abc import Callable

import pytest
from flask import Flask

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash, customer
from ledger_web.domain.places import bank_place
from ledger_web.services.banks import CreateBank, create_bank
from ledger_web.services.drawers import PayIn, pay_in
from ledger_web.services.parties import CreateParty, create_party
from ledger_web.services.payments import RecordOpeningBalance, record_opening_balance
from tests import bad_input
from tests.books import assert_the_books_agree, cached_balance, count, written
from tests.clients import ShopClient
from tests.shops import Shop, add_customer, add_product, open_a_shop, sell

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
        "place": f"cash:{shop.drawer_id}",
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
    client = client_of(shop, "manager" if kind == "employee" else "cashier")

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
    drawer = client.post_form("/payments/", payment(rival, bob, place=f"cash:{shop.drawer_id}"))
    assert (drawer.status_code, "Drawer or bank account: Choose one that is in the list." in drawer.text) == (422, True)
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
    list(enumerate(["op_id", "party_id", "direction", "currency", "amount", "tendered", "place", "memo"])),
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


def on_account(shop: Shop, alice: uuid.UUID, *amounts: int) -> list[uuid.UUID]:
    milk = add_product(shop, cost=1, tax=0)
    return [sell(shop, (milk, 1, amount), customer_id=alice, rest_on_account=True) for amount in amounts]


def test_open_documents_are_settled_on_one_screen(shop: Shop, client_of: ClientOf) -> None:
    alice, client = add_customer(shop), client_of(shop, "cashier")
    first, second = on_account(shop, alice, 30_00, 50_00)
    form = payment(shop, alice, amount="60")

    page = client.get(f"/payments/new?party_id={alice}").text
    automatic = client.post_form("/payments/preview", form, htmx=True).text
    typed = form | {f"of_{second.hex}": "50", f"of_{first.hex}": "5"}
    preview = client.post_form("/payments/preview", typed, htmx=True).text
    without_script = client.post_form("/payments/preview", typed).text
    answers = [client.post_form("/payments/", typed) for _ in range(2)]
    receipt = client.get(answers[0].headers["Location"]).text

    assert f'selected value="cash:{shop.drawer_id}"' in page  # it is open
    assert "Sale A-000001" in page
    assert "Sale A-000002" in page
    assert 'placeholder="30.00"' in automatic  # the oldest first
    assert "stays as credit" not in automatic.partition("aria-live")[2]
    assert "5.00 PKR stays as credit" in preview
    assert f'name="of_{second.hex}"' in without_script
    assert 'value="50"' in without_script
    assert {answer.headers["Location"] for answer in answers} == {f"/payments/{form['op_id']}"}
    for part in ("For Sale A-000001", "5.00 PKR", "For Sale A-000002", "50.00 PKR"):
        assert part in receipt
    assert client.post_form("/payments/", typed | {f"of_{first.hex}": "4"}).status_code == 409
    assert_the_books_agree(shop)


def test_a_document_that_was_settled_meanwhile_is_spoken_of(shop: Shop, client_of: ClientOf) -> None:
    alice, client = add_customer(shop), client_of(shop)
    (sale,) = on_account(shop, alice, 30_00)
    client.post_form("/payments/", payment(shop, alice, amount="30"))

    late = client.post_form("/payments/", payment(shop, alice, amount="30") | {f"of_{sale.hex}": "30"}, htmx=True)

    assert late.status_code == 422
    assert "Only 0.00 PKR of this is still open, but 30.00 PKR is to be settled." in late.text
    assert count(shop, "payments") == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"of": "60.01"}, "More is allocated than there is: 60.00 PKR"),
        ({"of": "x"}, "Write an amount in PKR"),
        ({"of": "-1"}, "Enter 0.00 PKR or more."),
        ({"amount": ""}, "Amount: Enter an amount in PKR."),
        ({"settled_currency": "USD"}, "Enter both amounts, in PKR and in USD"),
        ({"settled_currency": "USD", "rate": "0"}, "Rate: A rate is above zero."),
        ({"settled_currency": "USD", "rate": "281.5", "settled_amount": "9"}, "Leave one of the three empty."),
        ({"place": "cash:x"}, "Choose a drawer or a bank account that is in the list."),
    ],
)
def test_a_payment_that_cannot_be_comes_back_as_it_was_typed(
    shop: Shop, client_of: ClientOf, typed: dict[str, str], sentence: str
) -> None:
    alice = add_customer(shop)
    (sale,) = on_account(shop, alice, 80_00)
    values = {f"of_{sale.hex}" if name == "of" else name: value for name, value in typed.items()}
    form = payment(shop, alice, amount="60", memo="Half") | values

    answer = client_of(shop).post_form("/payments/", form, htmx=True)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="Half"' in answer.text
    assert form["op_id"] in answer.text
    assert count(shop, "payments") == 0


def test_a_day_in_kabul_a_debt_in_afghanis_paid_in_dollars(app: Flask, client_of: ClientOf) -> None:
    kabul = open_a_shop("kabul", "AFN")
    alice, client = add_customer(kabul), client_of(kabul, "cashier")
    on_account(kabul, alice, 7_150)
    form = payment(kabul, alice, currency="USD", amount="", settled_currency="AFN", settled_amount="7,150") | {
        "rate": "71.5",
        "rate_unit": "one",
    }

    preview = client.post_form("/payments/preview", form, htmx=True).text
    answer = client.post_form("/payments/", form)
    receipt = client.get(answer.headers["Location"]).text

    for part in ("1 USD = 71.50 AFN", ": 100.00 USD settles 7,150 AFN.", "owes you 7,150 AFN", "settled", "100.00 USD"):
        assert part in preview
    assert answer.status_code == 303
    for part in ("1 USD = 71.50 AFN", "100.00 USD", "7,150 AFN", "All settled."):
        assert part in receipt
    assert cached_balance(kabul, cash(kabul.drawer_id, "USD")) == 100_00
    assert cached_balance(kabul, customer(alice, "AFN")) == 0
    assert_the_books_agree(kabul)


def test_a_loss_from_the_rate_is_shown_before_it_is_posted(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop, "manager")
    command = CreateParty(id=new_id(), kind="vendor", name="Ali", currency="USD")
    ali = create_party(command, shop.act()).id
    pay_in(PayIn(id=new_id(), drawer_id=shop.drawer_id, currency="PKR", amount=50_000_00, reason="Float"), shop.act())
    debt = opening(ali, owed="by_us", currency="USD", rate="280", rate_unit="one", day="2026-01-31")
    assert client.post_form("/payments/opening-balances/", debt).status_code == 303
    form = payment(shop, ali, direction="out", amount="", settled_currency="USD", settled_amount="100") | {
        "rate": "285",
        "rate_unit": "other",
    }

    preview = client.post_form("/payments/preview", form, htmx=True).text
    answer = client.post_form("/payments/", form)

    assert "Loss from the exchange rate: 500.00 PKR." in preview
    assert "21,500.00 PKR" in preview
    assert answer.status_code == 303
    assert written(shop, uuid.UUID(form["op_id"])) == [
        ("exchange", "cash:Till 1", "PKR", 28_500_00),
        ("vendor:Ali", "exchange", "USD", 100_00),
        ("expense:exchange_loss", "exchange", "PKR", 500_00),
    ]
    assert_the_books_agree(shop)


def test_a_payment_goes_through_a_bank_account(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    alice, client = owing(shop), client_of(shop, "cashier")
    ours, theirs = (
        create_bank(CreateBank(id=new_id(), name="Meezan", currency="PKR"), each.act()).id for each in (shop, rival)
    )

    form = client.get(f"/payments/new?party_id={alice}").text
    answer = client.post_form("/payments/", payment(shop, alice, place=str(bank_place(ours))))
    stolen = client.post_form("/payments/", payment(shop, alice, place=str(bank_place(theirs))))

    assert "Meezan (PKR)" in form
    assert "Meezan" in client.get(answer.headers["Location"]).text
    assert stolen.status_code == 422
    assert cached_balance(shop, bank_place(ours).account("PKR")) == 100_00
    assert_the_books_agree(shop)


def test_t1_previews_tell_nothing_of_others(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    alice = owing(shop)

    assert client_of(rival).post_form("/payments/preview", payment(rival, alice)).status_code == 404
    assert client_of(shop, "").post_form("/payments/preview", payment(shop, alice)).status_code in {302, 303}
