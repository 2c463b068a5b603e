"""Expenses, other income and categories over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger_web.domain.ids import new_id
from ledger_web.services.expenses import AddCategory, add_category
from tests.bad_input import SENDABLE
from tests.books import assert_the_books_agree, balances, count
from tests.clients import ShopClient
from tests.shops import Shop

ClientOf = Callable[..., ShopClient]

FORMS = (("/expenses/new", "/expenses/"), ("/expenses/incomes/new", "/expenses/incomes/"))


def form_of(shop: Shop, category: str = "rent", **changed: Any) -> dict[str, Any]:
    return {
        "op_id": str(new_id()),
        "currency": "PKR",
        "amount": "200.00",
        "category": category,
        "place": f"cash:{shop.drawer_id}",
        "memo": "November",
    } | changed


def earn(shop: Shop, client: ShopClient) -> None:
    client.post_form("/expenses/incomes/", form_of(shop, "interest", amount="500"))


def test_an_expense_is_recorded_and_shown_in_the_register(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop, "manager")
    earn(shop, client)
    form = form_of(shop)

    first, again = client.post_form("/expenses/", form), client.post_form("/expenses/", form)

    assert (first.status_code, again.status_code) == (303, 303)
    page = client.get(first.headers["Location"]).text
    assert "Rent" in page
    assert "November" in page
    assert client.post_form("/expenses/", form | {"amount": "1"}).status_code == 409
    assert balances(shop) == {("cash", "Till 1"): 300_00, ("revenue", "interest"): 500_00, ("expense", "rent"): 200_00}
    assert_the_books_agree(shop)


def test_by_htmx_it_leads_to_the_register(shop: Shop, client_of: ClientOf) -> None:
    client, form = client_of(shop), form_of(shop, "interest")

    answer = client.post_form("/expenses/incomes/", form, htmx=True)

    assert answer.headers["HX-Redirect"] == f"/transactions/{form['op_id']}"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"amount": "0"}, "0.01"),
        ({"amount": "x"}, "Amount"),
        ({"category": "no_such"}, "What for"),
        ({"place": "bank:main"}, "Paid from"),
        ({"currency": "XYZ"}, "Currency"),
        ({"amount": "500.01"}, "Till 1 holds 500.00"),
        ({"day": "9999-12-31"}, "Day"),
        ({"op_id": ""}, "without its number"),
    ],
)
def test_what_cannot_be_comes_back_with_a_sentence(
    shop: Shop, client_of: ClientOf, changed: dict[str, str], sentence: str
) -> None:
    client = client_of(shop)
    earn(shop, client)

    answer = client.post_form("/expenses/", form_of(shop, **changed), htmx=True)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'id="money-form"' in answer.text
    assert "November" in answer.text
    assert balances(shop)["cash", "Till 1"] == 500_00


def test_a_category_of_ones_own_is_offered_from_then_on(shop: Shop, client_of: ClientOf) -> None:
    client, form = client_of(shop, "manager"), {"op_id": str(new_id()), "kind": "expense", "name": "Flowers <3"}
    earn(shop, client)

    first, again = client.post_form("/expenses/categories/", form), client.post_form("/expenses/categories/", form)
    taken = client.post_form("/expenses/categories/", form | {"op_id": str(new_id())}, htmx=True)

    assert (first.status_code, again.status_code, taken.status_code) == (303, 303, 422)
    assert "already" in taken.text
    assert "Flowers &lt;3" in client.get("/expenses/new").text
    assert "Flowers &lt;3" not in client.get("/expenses/incomes/new").text
    code = f"c_{form['op_id'].replace('-', '')}"
    assert client.post_form("/expenses/", form_of(shop, code)).status_code == 303
    assert "Flowers &lt;3" in client.get("/accounts/").text


def test_strangers_are_sent_to_sign_in_and_cashiers_are_refused(shop: Shop, client_of: ClientOf) -> None:
    cashier, stranger = client_of(shop, "cashier"), client_of(shop, "")

    for page, target in (*FORMS, ("/expenses/categories/", "/expenses/categories/")):
        assert cashier.get(page).status_code == 403
        assert cashier.post_form(target, form_of(shop)).status_code == 403
        assert stranger.get(page).status_code == 303
        assert stranger.post_form(target, form_of(shop)).status_code in {303, 403}
    assert balances(shop) == {}


def test_a_rivals_drawer_and_category_are_not_offered(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    theirs = add_category(AddCategory(id=new_id(), kind="expense", name="Secret"), rival.act()).id
    client = client_of(shop)
    earn(shop, client)

    assert "Secret" not in client.get("/expenses/new").text
    for changed in ({"place": f"cash:{rival.drawer_id}"}, {"category": f"c_{theirs.hex}"}):
        assert client.post_form("/expenses/", form_of(shop, **changed)).status_code == 422
    assert balances(rival) == {}


def test_no_text_whatever_breaks_a_form(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop)

    for text in SENDABLE[::9]:
        for name in ("amount", "currency", "category", "place", "memo", "day"):
            for target, category in (("/expenses/", "rent"), ("/expenses/incomes/", "interest")):
                answer = client.post_form(target, form_of(shop, **({"category": category} | {name: text})), htmx=True)
                assert answer.status_code in {204, 409, 413, 422}, (name, text[:40])
        answer = client.post_form(
            "/expenses/categories/", {"op_id": str(new_id()), "kind": "expense", "name": text}, htmx=True
        )
        assert answer.status_code in {204, 413, 422}, text[:40]
    assert count(shop, "categories") > 0
    assert_the_books_agree(shop)
