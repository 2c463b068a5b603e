"""Salaries, deductions, dues, waivers, set-off and merging over HTTP."""

import uuid
from collections.abc import Callable

import pytest

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import customer, employee, member, vendor
from tests import bad_input
from tests.books import assert_the_books_agree, cached_balance, count
from tests.clients import ShopClient
from tests.services.test_open_items import owe, owing, party
from tests.shops import Shop, add_customer

ClientOf = Callable[..., ShopClient]


def money(**changed: str) -> dict[str, str]:
    return {"op_id": str(new_id()), "currency": "PKR", "amount": "30.00", "memo": "November", **changed}


@pytest.mark.parametrize(
    ("kind", "act", "extra", "title"),
    [
        ("employee", "salaries", {}, "Salary"),
        ("employee", "deductions", {"purpose": "staff_purchase"}, "Deduction"),
        ("member", "dues", {"expires_on": "2027-12-31"}, "Dues"),
        ("member", "waivers", {}, "Dues waived"),
    ],
)
def test_each_act_is_done_once_from_the_partys_page(
    shop: Shop, client_of: ClientOf, kind: str, act: str, extra: dict[str, str], title: str
) -> None:
    farid, client = party(shop, kind, "Farid", "PKR"), client_of(shop, "manager")
    if act == "waivers":
        client.post_form(f"/parties/{farid}/dues/", money(amount="50"))
    form, address = money(**extra), f"/parties/{farid}/{act}"

    shown = client.get(f"{address}/new")
    answers = [client.post_form(f"{address}/", form).status_code for _ in range(2)]
    page = client.get(f"/{kind}s/{farid}").text

    assert (shown.status_code, answers) == (200, [303, 303])
    assert f"/parties/{farid}/{act}/new" in page
    assert title in page
    assert "November" in page
    assert client.post_form(f"{address}/", form | {"amount": "31"}).status_code == 409
    assert client.post_form(f"{address}/", {**form, "op_id": ""}).status_code == 422
    wrong = client.post_form(f"{address}/", money(amount="x", **extra), htmx=True)
    assert (wrong.status_code, 'value="November"' in wrong.text, "<html" in wrong.text) == (422, True, False)
    assert_the_books_agree(shop)


def test_a_membership_shows_its_end_and_more_than_is_owed_is_not_waived(shop: Shop, client_of: ClientOf) -> None:
    union, client = party(shop, "member", "Union", "PKR"), client_of(shop)
    client.post_form(f"/parties/{union}/dues/", money(expires_on="2020-12-31"))

    page = client.get(f"/members/{union}").text
    refused = client.post_form(f"/parties/{union}/waivers/", money(amount="30.01"), htmx=True)

    assert "Dec 31, 2020" in page
    assert "expired" in page
    assert (refused.status_code, "Union owes 30.00 PKR" in refused.text) == (422, True)
    assert cached_balance(shop, member(union, "PKR")) == 30_00


def test_a_set_off_finds_the_same_person_by_name(shop: Shop, client_of: ClientOf) -> None:
    alice, _ = owing(shop, 70_00)
    other, bashir = party(shop, "vendor", "Alice Traders", "PKR"), party(shop, "vendor", "Bashir", "PKR")
    owe(shop, other, 50_00, "PKR", to_us=False)
    client, form = client_of(shop, "manager"), money(other_id=str(other), amount="")

    shown = client.get(f"/parties/{alice}/set-offs/new").text
    searched = client.get(f"/parties/{alice}/set-offs/new?q=bash").text
    nothing = client.post_form(f"/parties/{alice}/set-offs/", form | {"other_id": str(bashir)}, htmx=True)
    answers = [client.post_form(f"/parties/{alice}/set-offs/", form | {"op_id": form["op_id"]}) for _ in range(2)]

    assert str(other) in shown
    assert str(bashir) not in shown
    assert str(bashir) in searched
    assert (nothing.status_code, "nothing to set off" in nothing.text, "Bashir" in nothing.text) == (422, True, True)
    assert [answer.status_code for answer in answers] == [303, 303]
    assert cached_balance(shop, customer(alice, "PKR")) == 20_00
    assert cached_balance(shop, vendor(other, "PKR")) == 0
    from_the_vendor = client.post_form(
        f"/parties/{other}/set-offs/", money(other_id=str(alice), amount="99"), htmx=True
    )
    assert (from_the_vendor.status_code, "nothing to set off" in from_the_vendor.text) == (422, True)
    assert_the_books_agree(shop)


def test_merging_leads_the_old_page_to_the_new_one(shop: Shop, client_of: ClientOf) -> None:
    alice, _ = owing(shop, 70_00)
    stays, client = add_customer(shop, "Alice K."), client_of(shop, "manager")
    form = {"op_id": str(new_id()), "other_id": str(stays)}

    shown = client.get(f"/parties/{alice}/merges/new").text
    answers = [client.post_form(f"/parties/{alice}/merges/", form) for _ in range(2)]
    old = client.get(f"/customers/{alice}")
    page = client.get(f"/customers/{stays}").text

    assert "Alice K." in shown
    assert "This is for good." in shown
    assert {answer.headers["Location"] for answer in answers} == {f"/customers/{stays}"}
    assert (old.status_code, old.headers["Location"]) == (303, f"/customers/{stays}")
    assert "Alice was merged into this customer." in page
    assert "Sale A-000001" in page
    back = client.post_form(f"/customers/{alice}/archive/delete", {"op_id": str(new_id())})
    assert (back.status_code, "for good" in back.text) == (422, True)
    again = client.post_form(f"/parties/{alice}/merges/", form | {"op_id": str(new_id())}, htmx=True)
    assert (again.status_code, "was merged into Alice K." in again.text) == (422, True)
    assert_the_books_agree(shop)


def test_t1_a_rivals_people_are_not_there(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    farid, alice, client = party(shop, "employee", "Farid", "PKR"), add_customer(shop), client_of(rival)
    theirs = add_customer(rival, "Bob")

    for path in ("salaries", "deductions", "set-offs", "merges"):
        assert client.get(f"/parties/{farid}/{path}/new").status_code == 404
        assert client.post_form(f"/parties/{farid}/{path}/", money(purpose="other")).status_code == 404
    assert client_of(shop).get(f"/parties/{alice}/salaries/new").status_code == 404  # she is no employee
    for path in ("set-offs", "merges"):
        form = money(other_id=str(alice))
        assert client.post_form(f"/parties/{theirs}/{path}/", form).status_code == 422
    assert count(shop, "entries") == count(rival, "entries") == 0


def test_roles_and_strangers(shop: Shop, client_of: ClientOf) -> None:
    farid, cashier, stranger = party(shop, "employee", "Farid", "PKR"), client_of(shop, "cashier"), client_of(shop, "")

    for path in ("salaries", "deductions", "set-offs", "merges"):
        assert cashier.get(f"/parties/{farid}/{path}/new").status_code == 403
        assert cashier.post_form(f"/parties/{farid}/{path}/", money()).status_code == 403
        assert stranger.get(f"/parties/{farid}/{path}/new").status_code in {302, 303}
    assert cached_balance(shop, employee(farid, "PKR")) == 0


def test_i1_no_text_breaks_the_forms(shop: Shop, client_of: ClientOf) -> None:
    farid, union, client = (
        party(shop, "employee", "Farid", "PKR"),
        party(shop, "member", "Union", "PKR"),
        client_of(shop),
    )
    alice: uuid.UUID = add_customer(shop)

    for address, good in (
        (f"/parties/{farid}/deductions/", money(purpose="other")),
        (f"/parties/{union}/dues/", money(expires_on="2027-12-31")),
        (f"/parties/{farid}/set-offs/", money(other_id=str(alice))),
        (f"/parties/{union}/merges/", money(other_id=str(alice))),
    ):
        for number, name in enumerate(good):
            for hostile in bad_input.SENDABLE[number::23]:
                answer = client.post_form(address, {**good, "op_id": str(new_id()), name: hostile})
                assert answer.status_code in {303, 404, 409, 413, 422}, (address, name, hostile[:50])
        for hostile in bad_input.SENDABLE[::31]:
            assert client.get(f"/parties/{farid}/set-offs/new", query_string={"q": hostile}).status_code in {200, 422}
    assert_the_books_agree(shop)
