"""Shifts over HTTP: opening with a count, X, closing with a count, Z."""

import re
from collections.abc import Callable

from ledger_web.domain.ids import new_id
from ledger_web.queries.shifts import find_open_shift
from tests.clients import ShopClient
from tests.shops import Shop, add_product, sell

ClientOf = Callable[..., ShopClient]


def shift_path(shop: Shop) -> str:
    shift = find_open_shift(shop.tenant_id, shop.drawer_id)
    assert shift
    return f"/shifts/{shift.id}"


def test_a_cashier_closes_the_drawer_by_its_pieces_and_reads_the_z_report(shop: Shop, client_of: ClientOf) -> None:
    sell(shop, (add_product(shop), 10, 115_00))
    client, path = client_of(shop, "cashier"), shift_path(shop)

    assert "1,150.00 PKR" in client.get(path).text
    form = {"op_id": str(new_id()), "pieces_PKR_100000": "1", "pieces_PKR_10000": "1", "pieces_PKR_5000": "1"}
    answer = client.post_form(f"{path}/closing", form)

    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).text
    assert "Z-A-000001" in page
    assert "as it was written" in page
    assert "Short" not in page


def test_a_drawer_is_opened_from_the_page_and_sold_from(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")
    client = client_of(shop, "cashier")
    client.post_form(f"{shift_path(shop)}/closing", {"op_id": str(new_id())})
    assert "No drawer is open" in client.get("/sell/").text

    page = client.get(f"/drawers/{shop.drawer_id}/shifts/new").text
    op_id = re.search(r'name="op_id" value="([^"]+)"', page)
    assert op_id
    form = {"op_id": op_id[1], "counted_PKR": "500", "source": "owner"}
    answer = client.post_form(f"/drawers/{shop.drawer_id}/shifts/", form)
    again = client.post_form(f"/drawers/{shop.drawer_id}/shifts/", form)

    assert (answer.status_code, again.status_code) == (303, 303)
    assert "No drawer is open" not in client.get("/sell/").text


def test_pieces_that_contradict_the_amount_are_refused_and_kept(shop: Shop, client_of: ClientOf) -> None:
    client, path = client_of(shop, "cashier"), shift_path(shop)
    form = {"op_id": str(new_id()), "counted_PKR": "90", "pieces_PKR_10000": "1"}

    answer = client.post_form(f"{path}/closing", form, htmx=True)

    assert answer.status_code == 422
    assert "The pieces come to 100.00" in answer.text
    assert 'value="90"' in answer.text


def test_while_counting_blind_a_cashier_does_not_see_what_should_be_there(shop: Shop, client_of: ClientOf) -> None:
    sell(shop, (add_product(shop), 1, 115_00))
    owner, cashier, path = client_of(shop, "owner"), client_of(shop, "cashier"), shift_path(shop)
    rules = {"op_id": str(new_id()), "over_short_limit": "5", "blind_count": "1"}
    assert owner.post_form("/drawers/counting", rules).status_code == 303

    for page in (cashier.get(path).text, cashier.get(f"{path}/closing").text):
        assert "115.00" not in page.partition('aria-label="Sales"')[0]
    assert "115.00" in owner.get(f"{path}/closing").text
    answer = cashier.post_form(f"{path}/closing", {"op_id": str(new_id()), "counted_PKR": "100"})

    assert answer.status_code == 422
    assert "ask a manager" in answer.text


def test_a_rivals_shift_looks_like_one_that_never_was(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    client = client_of(shop, "owner")

    for path in (shift_path(rival), f"/shifts/{new_id()}"):
        assert client.get(path).status_code == 404
        assert client.get(f"{path}/closing").status_code == 404
        assert client.post_form(f"{path}/closing", {"op_id": str(new_id())}).status_code == 404
    for path in (f"/drawers/{rival.drawer_id}/shifts", f"/drawers/{new_id()}/shifts"):
        assert client.get(f"{path}/").status_code == 404
        assert client.get(f"{path}/new").status_code == 404
        assert client.post_form(f"{path}/", {"op_id": str(new_id())}).status_code == 404


def test_only_the_owner_sets_the_rules_of_counting(shop: Shop, client_of: ClientOf) -> None:
    cashier = client_of(shop, "cashier")

    assert cashier.get("/drawers/counting").status_code == 403
    assert cashier.post_form("/drawers/counting", {"op_id": str(new_id())}).status_code == 403
