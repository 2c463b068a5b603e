"""Bank accounts over HTTP: added, renamed, put away; money in, out and on its way."""

import uuid
from collections.abc import Callable

import pytest

from ledger_web.domain.ids import new_id
from ledger_web.domain.places import bank_place, drawer_place
from ledger_web.services.banks import CreateBank, create_bank
from ledger_web.services.drawers import PayIn, pay_in
from tests import bad_input
from tests.books import assert_the_books_agree, cached_balance, count
from tests.clients import ShopClient
from tests.shops import Shop

ClientOf = Callable[..., ShopClient]


def add_bank(shop: Shop, name: str = "Meezan", currency: str = "PKR") -> uuid.UUID:
    return create_bank(CreateBank(id=new_id(), name=name, currency=currency), shop.act()).id


def fill(shop: Shop, amount: int = 100_00, currency: str = "PKR") -> None:
    pay_in(PayIn(id=new_id(), drawer_id=shop.drawer_id, currency=currency, amount=amount, reason="Float"), shop.act())


def transfer(shop: Shop, bank: uuid.UUID, **changed: str) -> dict[str, str]:
    return {
        "op_id": str(new_id()),
        "source": str(drawer_place(shop.drawer_id)),
        "target": str(bank_place(bank)),
        "currency": "PKR",
        "amount": "60.00",
        "memo": "Evening drop",
        **changed,
    }


def exchange(**changed: str) -> dict[str, str]:
    form = {"op_id": str(new_id()), "out_currency": "USD", "out_amount": "20", "in_currency": "PKR", "in_amount": ""}
    return {**form, "rate": "281.5", "rate_unit": "one", "memo": "", **changed}


def test_a_bank_account_from_its_first_to_its_last_day(shop: Shop, client_of: ClientOf) -> None:
    client, form = client_of(shop, "manager"), {"op_id": str(new_id()), "name": "Meezan", "currency": "PKR"}

    created = client.post_form("/drawers/banks/", form)
    bank = created.headers["Location"]
    money = {"op_id": str(new_id()), "currency": "PKR", "amount": "70", "reason": "There before", "category": "fees"}
    came = client.post_form(f"{bank}/pay-ins/", money)
    went = client.post_form(f"{bank}/pay-outs/", {**money, "op_id": str(new_id()), "amount": "80", "reason": "Card"})
    page = client.get(bank).text

    assert [answer.status_code for answer in (created, came, went)] == [303] * 3
    assert client.post_form("/drawers/banks/", form).headers["Location"] == bank
    assert client.post_form("/drawers/banks/", form | {"name": "Other"}).status_code == 409
    for part in ("overdrawn 10.00 PKR", "There before", "Paid out: Fees and charges"):
        assert part in page
    assert "overdrawn 10.00 PKR" in client.get("/drawers/").text
    assert "10.00 overdrawn" in client.get(f"{bank}/statement?paper=a4").text
    assert client.get(f"{bank}/statement.csv").text.splitlines()[-1].endswith("-10.00,PKR")

    named = client.post_form(bank, {"op_id": str(new_id()), "version": "1", "name": "Meezan main"})
    stale = client.post_form(bank, {"op_id": str(new_id()), "version": "1", "name": "Old"}, htmx=True)
    assert (named.status_code, stale.status_code) == (303, 409)
    assert "Meezan main" in stale.text
    kept = client.post_form(f"{bank}/archive", {"op_id": str(new_id())})
    assert (kept.status_code, "is overdrawn by 10.00 PKR" in kept.text) == (422, True)
    client.post_form(f"{bank}/pay-ins/", {**money, "op_id": str(new_id()), "amount": "10"})
    assert client.post_form(f"{bank}/archive", {"op_id": str(new_id())}).status_code == 303
    refused = client.post_form(f"{bank}/pay-ins/", {**money, "op_id": str(new_id())}, htmx=True)
    assert (refused.status_code, "no longer in use" in refused.text, 'value="There before"' in refused.text) == (
        422,
        True,
        True,
    )
    assert client.post_form(f"{bank}/archive/delete", {"op_id": str(new_id())}).status_code == 303
    assert_the_books_agree(shop)


def test_a_drop_shows_both_balances_before_and_moves_the_money_once(shop: Shop, client_of: ClientOf) -> None:
    fill(shop)
    bank, client = add_bank(shop), client_of(shop, "manager")
    form = transfer(shop, bank)

    shown = client.get(f"/drawers/transfers/new?drawer_id={shop.drawer_id}").text
    preview = client.post_form("/drawers/transfers/preview", form, htmx=True)
    plain = client.post_form("/drawers/transfers/preview", form)
    answers = [client.post_form("/drawers/transfers/", form).status_code for _ in range(2)]

    assert f'selected value="cash:{shop.drawer_id}"' in shown
    for part in ("100.00 PKR", "40.00 PKR", "0.00 PKR", "60.00 PKR"):
        assert part in preview.text
        assert part in plain.text
    assert "<html" not in preview.text
    assert form["op_id"] in plain.text
    assert answers == [303, 303]
    assert client.post_form("/drawers/transfers/", form | {"amount": "61"}).status_code == 409
    assert client.post_form("/drawers/transfers/", {**form, "op_id": ""}).status_code == 422
    assert cached_balance(shop, bank_place(bank).account("PKR")) == 60_00
    page = client.get(f"/drawers/banks/{bank}").text
    assert "Drop" in page
    assert "Evening drop" in page
    assert_the_books_agree(shop)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"amount": "100.01"}, "Till 1 holds 100.00 PKR, but 100.01 PKR is needed."),
        ({"currency": "USD"}, "This is kept in PKR, not in USD."),
        ({"target": ""}, "To: Choose one."),
        ({"source": "cash:x"}, "From: Choose a drawer or a bank account that is in the list."),
        ({"amount": "x"}, "Amount: "),
    ],
)
def test_a_move_that_cannot_be_comes_back_as_it_was_typed(
    shop: Shop, client_of: ClientOf, changed: dict[str, str], sentence: str
) -> None:
    fill(shop)
    form = transfer(shop, add_bank(shop), **changed)

    answer = client_of(shop).post_form("/drawers/transfers/", form, htmx=True)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="Evening drop"' in answer.text
    assert form["op_id"] in answer.text
    assert count(shop, "entries") == 1


def test_money_is_changed_in_a_drawer_at_a_rate_in_words(shop: Shop, client_of: ClientOf) -> None:
    fill(shop, 50_00, "USD")
    client, address = client_of(shop), f"/drawers/{shop.drawer_id}/exchanges"
    form = exchange(memo="Sarai Shahzada")

    shown = client.get(f"{address}/new")
    preview = client.post_form(f"{address}/preview", form, htmx=True).text
    answers = [client.post_form(f"{address}/", form).status_code for _ in range(2)]
    page = client.get(f"/drawers/{shop.drawer_id}?currency=PKR").text

    assert shown.status_code == 200
    for part in ("1 USD = 281.50 PKR", "30.00 USD", "5,630.00 PKR"):
        assert part in preview
    assert answers == [303, 303]
    assert "Sarai Shahzada · 1 USD = 281.50 PKR" in page
    wrong = client.post_form(f"{address}/", exchange(in_amount="1"), htmx=True)
    assert (wrong.status_code, "not 1.00 PKR" in wrong.text) == (422, True)
    assert "Enter both amounts" in client.post_form(f"{address}/preview", exchange(rate=""), htmx=True).text
    short = client.post_form(f"{address}/preview", exchange(out_amount="99"), htmx=True)
    assert (short.status_code, "not enough" in short.text) == (200, True)
    assert_the_books_agree(shop)


def test_t1_a_rivals_bank_is_not_there(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    bank, client = add_bank(shop), client_of(rival)
    money = {"op_id": str(new_id()), "currency": "PKR", "amount": "1", "reason": "Mine", "category": "fees"}

    for path in ("", "/statement", "/statement.csv", "/edit", "/pay-ins/new", "/pay-outs/new"):
        assert client.get(f"/drawers/banks/{bank}{path}").status_code == 404
    assert client.get(f"/drawers/transfers/new?bank_id={bank}").status_code == 404
    assert client.get(f"/drawers/transfers/new?drawer_id={shop.drawer_id}").status_code == 404
    assert client.get(f"/drawers/{shop.drawer_id}/exchanges/new").status_code == 404
    for path in ("/pay-ins/", "/pay-outs/", "/archive", "/archive/delete"):
        assert client.post_form(f"/drawers/banks/{bank}{path}", money).status_code == 404
    assert client.post_form(f"/drawers/banks/{bank}", money | {"version": "1", "name": "x"}).status_code == 404
    for path, status in (("", 422), ("preview", 200)):
        assert client.post_form(f"/drawers/{shop.drawer_id}/exchanges/{path}", exchange()).status_code == 404
        answer = client.post_form(f"/drawers/transfers/{path}", transfer(shop, bank))
        assert (answer.status_code, "From: Choose one that is in the list." in answer.text) == (status, True)
    assert "Meezan" not in client.get("/drawers/").text
    assert count(shop, "entries") == count(rival, "entries") == 0


def test_roles_and_strangers(shop: Shop, client_of: ClientOf) -> None:
    bank, cashier, stranger = add_bank(shop), client_of(shop, "cashier"), client_of(shop, "")
    exchanges = f"/drawers/{shop.drawer_id}/exchanges"

    for path in (f"/drawers/banks/{bank}", "/drawers/banks/new", "/drawers/transfers/new", f"{exchanges}/new"):
        assert cashier.get(path).status_code == 403
        assert stranger.get(path).status_code in {302, 303}
    for path in ("/drawers/banks/", "/drawers/transfers/", "/drawers/transfers/preview", f"{exchanges}/"):
        assert cashier.post_form(path, transfer(shop, bank)).status_code == 403
    assert "Meezan" not in cashier.get("/drawers/").text


def test_i1_no_text_breaks_the_forms(shop: Shop, client_of: ClientOf) -> None:
    fill(shop, 10**12)
    fill(shop, 10**12, "USD")
    bank, client = add_bank(shop), client_of(shop)
    new = {"op_id": str(new_id()), "name": "Azizi", "currency": "PKR"}
    till = f"/drawers/{shop.drawer_id}"

    for address, good in [
        ("/drawers/banks/", new),
        (f"/drawers/banks/{bank}", {**new, "version": "1"}),
        ("/drawers/transfers/", transfer(shop, bank)),
        ("/drawers/transfers/preview", transfer(shop, bank)),
        (f"{till}/exchanges/", exchange()),
        (f"{till}/exchanges/preview", exchange()),
    ]:
        for number, field in enumerate(good):
            for hostile in bad_input.SENDABLE[number::29]:
                answer = client.post_form(address, {**good, "op_id": str(new_id()), field: hostile})
                assert answer.status_code in {200, 303, 404, 409, 413, 422}, (address, field, hostile[:50])
    assert_the_books_agree(shop)
