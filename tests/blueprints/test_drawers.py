"""Cash drawers over HTTP: list, detail, a new one, money in and out."""

from collections.abc import Callable

import pytest

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash
from ledger_web.services.drawers import PayIn, pay_in
from tests import bad_input
from tests.books import assert_the_books_agree, cached_balance, count
from tests.clients import ShopClient
from tests.shops import Shop

ClientOf = Callable[..., ShopClient]


def fill(shop: Shop, amount: int = 100_00, currency: str = "PKR") -> None:
    pay_in(PayIn(id=new_id(), drawer_id=shop.drawer_id, currency=currency, amount=amount, reason="Float"), shop.act())


def money(**changed: str) -> dict[str, str]:
    form = {"op_id": str(new_id()), "currency": "PKR", "amount": "30.00", "category": "food", "reason": "Tea"}
    return {**form, **changed}


def test_drawers_are_listed_with_their_money_in_each_currency(shop: Shop, client_of: ClientOf) -> None:
    fill(shop)
    fill(shop, 5_00, "USD")

    page = client_of(shop, "cashier").get("/drawers/").text

    for part in ("Till 1", "100.00 PKR", "5.00 USD"):
        assert part in page
    assert "Pay in" not in page


def test_a_drawer_is_added(shop: Shop, client_of: ClientOf) -> None:
    client, form = client_of(shop, "manager"), {"op_id": str(new_id()), "name": "Bar", "series": "b"}

    created = client.post_form("/drawers/", form)

    assert created.status_code == 303
    assert "Bar" in client.get(created.headers["Location"]).text
    assert client.post_form("/drawers/", form).headers["Location"] == created.headers["Location"]
    assert client.post_form("/drawers/", form | {"name": "Other"}).status_code == 409
    assert client.post_form("/drawers/", {"name": "X", "series": "X"}).status_code == 422
    taken = client.post_form("/drawers/", {"op_id": str(new_id()), "name": "Bar", "series": "C"}, htmx=True)
    assert (taken.status_code, "Another drawer is called Bar" in taken.text) == (422, True)
    odd = client.post_form("/drawers/", {"op_id": str(new_id()), "name": "Shop 2", "series": "Ä"})
    assert (odd.status_code, 'value="Shop 2"' in odd.text) == (422, True)
    assert count(shop, "cash_drawers") == 2


def test_money_goes_in_and_out_and_the_statement_says_why(shop: Shop, client_of: ClientOf) -> None:
    client, drawer = client_of(shop, "manager"), f"/drawers/{shop.drawer_id}"

    came = client.post_form(f"{drawer}/pay-ins/", money(amount="100", reason="Float"))
    went = client.post_form(f"{drawer}/pay-outs/", money())
    page = client.get(drawer).text

    assert (came.status_code, went.status_code) == (303, 303)
    for part in ("Paid in", "Float", "Paid out: Tea and food", "70.00 PKR"):
        assert part in page
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 70_00
    assert_the_books_agree(shop)


def test_what_is_not_there_cannot_go_out_and_the_form_stays(shop: Shop, client_of: ClientOf) -> None:
    client, drawer = client_of(shop, "manager"), f"/drawers/{shop.drawer_id}"
    fill(shop, 29_99)
    form = money(reason="Tea for all")

    answer = client.post_form(f"{drawer}/pay-outs/", form, htmx=True)

    assert answer.status_code == 422
    assert "Till 1 holds 29.99 PKR, but 30.00 PKR is needed." in answer.text
    assert 'value="Tea for all"' in answer.text
    assert form["op_id"] in answer.text
    fill(shop, 1)
    assert client.post_form(f"{drawer}/pay-outs/", form, htmx=True).status_code == 204


@pytest.mark.parametrize("noun", ["pay-ins", "pay-outs"])
def test_x1_x2_x6_sent_twice_changed_or_without_its_number(shop: Shop, client_of: ClientOf, noun: str) -> None:
    fill(shop)
    client, address, form = client_of(shop), f"/drawers/{shop.drawer_id}/{noun}/", money()

    assert [client.post_form(address, form).status_code for _ in range(3)] == [303] * 3
    assert client.post_form(address, form | {"amount": "31"}).status_code == 409
    assert client.post_form(address, {name: form[name] for name in form if name != "op_id"}).status_code == 422
    assert count(shop, "entries") == 2


def test_a_drawers_statement_is_printed_and_saved(shop: Shop, client_of: ClientOf) -> None:
    client, drawer = client_of(shop, "cashier"), f"/drawers/{shop.drawer_id}"
    fill(shop)

    assert "In the drawer: 100.00 PKR" in client.get(f"{drawer}/statement?paper=80").text
    rows = client.get(f"{drawer}/statement.csv").text.splitlines()
    assert rows[-1].endswith("100.00,PKR")
    assert "Nothing in these days" in client.get(f"{drawer}?currency=USD&since=2026-01-01", htmx=True).text


def test_t1_a_rivals_drawer_is_not_there(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    client = client_of(rival)

    for path in ("", "/statement", "/statement.csv", "/pay-ins/new", "/pay-outs/new"):
        assert client.get(f"/drawers/{shop.drawer_id}{path}").status_code == 404
    for path in ("/pay-ins/", "/pay-outs/"):
        assert client.post_form(f"/drawers/{shop.drawer_id}{path}", money()).status_code == 404
    assert count(shop, "entries") == 0


def test_roles_and_strangers(shop: Shop, client_of: ClientOf) -> None:
    cashier, stranger, drawer = client_of(shop, "cashier"), client_of(shop, ""), f"/drawers/{shop.drawer_id}"

    for path in ("/drawers/new", f"{drawer}/pay-ins/new", f"{drawer}/pay-outs/new"):
        assert cashier.get(path).status_code == 403
        assert stranger.get(path).status_code in {302, 303}
    for path in ("/drawers/", f"{drawer}/pay-ins/", f"{drawer}/pay-outs/"):
        assert cashier.post_form(path, money(name="B", series="B")).status_code == 403
    assert count(shop, "entries") == 0


def test_i1_no_text_breaks_the_forms(shop: Shop, client_of: ClientOf) -> None:
    """Each field takes its share of the corpus over HTTP; every field takes all of it in tests/forms."""
    client, drawer = client_of(shop), f"/drawers/{shop.drawer_id}"
    fill(shop, 10**12)
    new = {"op_id": str(new_id()), "name": "Bar", "series": "B"}

    for address, good in [("/drawers/", new), (f"{drawer}/pay-ins/", money()), (f"{drawer}/pay-outs/", money())]:
        for number, field in enumerate(good):
            for hostile in bad_input.SENDABLE[number::14]:
                form = {**good, "op_id": str(new_id()), field: hostile}
                answer = client.post_form(address, form)
                assert answer.status_code in {303, 409, 413, 422}, (address, field, hostile[:50])
    assert_the_books_agree(shop)


def test_a_drawer_is_renamed_retired_and_used_again(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop, "manager")
    drawer = client.post_form("/drawers/", {"op_id": str(new_id()), "name": "Bar", "series": "b"}).headers["Location"]
    form = {"op_id": str(new_id()), "version": "1", "name": "Counter"}

    assert 'value="Bar"' in client.get(f"{drawer}/edit").text
    assert client.post_form(drawer, form).status_code == 303
    stale = client.post_form(drawer, form | {"op_id": str(new_id()), "name": "Desk"}, htmx=True)
    assert (stale.status_code, "Its name is <bdi>Counter</bdi> now" in stale.text) == (409, True)
    assert 'value="Desk"' in stale.text
    assert client.post_form(f"{drawer}/retirement", {"op_id": str(new_id())}).status_code == 303
    assert "not in use" in client.get(drawer).text
    assert client.post_form(f"{drawer}/retirement/delete", {"op_id": str(new_id())}).status_code == 303
    assert "not in use" not in client.get(drawer).text
    assert client_of(shop, "cashier").get(f"{drawer}/edit").status_code == 403
