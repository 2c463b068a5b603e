"""The chart of accounts over HTTP, one account's statement on screen, paper and as a file."""

from collections.abc import Callable

import pytest

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash, customer, expense, revenue
from ledger_web.services.expenses import RecordExpense, record_expense
from ledger_web.services.posting import account_id
from tests.clients import ShopClient
from tests.shops import Shop, add_customer, add_product, sell

ClientOf = Callable[..., ShopClient]


def trade(shop: Shop) -> None:
    alice, milk = add_customer(shop, "Alice <b>"), add_product(shop)
    sell(shop, (milk, 3, 115_00))
    sell(shop, (milk, 1, 115_00), customer_id=alice, rest_on_account=True)
    place = cash(shop.drawer_id, "PKR")
    record_expense(RecordExpense(id=new_id(), category="rent", paid_from=place, amount=45_00, memo="Nov"), shop.act())


def test_the_chart_leads_to_every_account(shop: Shop, client_of: ClientOf) -> None:
    trade(shop)
    client = client_of(shop, "manager")

    page = client.get("/accounts/").text

    for key in (cash(shop.drawer_id, "PKR"), revenue("PKR"), expense("PKR", "rent")):
        assert f"/accounts/{account_id(shop.tenant_id, key)}" in page
    assert "/accounts/holders?kind=customer&amp;currency=PKR" in page
    assert page.count("300.00") >= 1


def test_an_empty_chart_says_why_it_is_empty(shop: Shop, client_of: ClientOf) -> None:
    page = client_of(shop).get("/accounts/").text

    assert "No accounts yet" in page


def test_the_holders_of_a_kind_are_a_click_further(
    shop: Shop, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger_web.queries.accounts.PAGE_SIZE", 1)
    trade(shop)
    sell(shop, (add_product(shop, "Tea"), 1, 1_00), customer_id=add_customer(shop, "Bob"), rest_on_account=True)
    client = client_of(shop, "manager")

    first = client.get("/accounts/holders?kind=customer&currency=PKR").text
    url = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = client.get(url, htmx=True).text

    assert "Alice &lt;b&gt;" in first
    assert "owes you 115.00 PKR" in first
    assert "Bob" in second
    assert "<html" not in second


@pytest.mark.parametrize("query", ["", "kind=cash&currency=PKR", "kind=customer", "kind=customer&currency=XXL"])
def test_holders_of_nothing_are_not_there(shop: Shop, client_of: ClientOf, query: str) -> None:
    assert client_of(shop).get(f"/accounts/holders?{query}").status_code == 404


def test_an_account_shows_its_lines_with_the_balance_after_each(shop: Shop, client_of: ClientOf) -> None:
    trade(shop)
    client = client_of(shop, "manager")

    sales = client.get(f"/accounts/{account_id(shop.tenant_id, revenue('PKR'))}").text
    rent = client.get(f"/accounts/{account_id(shop.tenant_id, expense('PKR', 'rent'))}", htmx=True).text

    assert "400.00 PKR Cr" in sales
    assert "Sale A-000001" in sales
    assert "45.00 PKR Dr" in rent
    assert 'id="statement-panel"' in rent
    assert "<html" not in rent


def test_an_account_is_printed_and_sent_as_a_file(shop: Shop, client_of: ClientOf) -> None:
    trade(shop)
    client, id = client_of(shop, "manager"), account_id(shop.tenant_id, expense("PKR", "rent"))

    assert "45.00 PKR Dr" in client.get(f"/accounts/{id}/statement?paper=a4").text
    assert "receipt-80" in client.get(f"/accounts/{id}/statement?paper=80").text
    file = client.get(f"/accounts/{id}/statement.csv")
    assert file.mimetype == "text/csv"
    assert "45.00" in file.text
    for path in ("statement?since=x", "statement.csv?since=x", "statement?paper=b5"):
        assert client.get(f"/accounts/{id}/{path}").status_code == 404


def test_days_that_make_no_range_are_answered_with_a_sentence(shop: Shop, client_of: ClientOf) -> None:
    trade(shop)
    id = account_id(shop.tenant_id, revenue("PKR"))

    answer = client_of(shop).get(f"/accounts/{id}?since=2026-02-01&until=2026-01-01", htmx=True)

    assert answer.status_code == 422
    assert "not before the first one" in answer.text


def test_strangers_are_sent_to_sign_in_and_cashiers_are_refused(shop: Shop, client_of: ClientOf) -> None:
    trade(shop)
    id = account_id(shop.tenant_id, revenue("PKR"))

    for path in ("", "holders?kind=customer&currency=PKR", f"{id}", f"{id}/statement", f"{id}/statement.csv"):
        assert client_of(shop, "cashier").get(f"/accounts/{path}").status_code == 403, path
        assert client_of(shop, "").get(f"/accounts/{path}").status_code == 303, path


def test_a_rivals_account_looks_like_one_that_never_was(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    trade(rival)
    client = client_of(shop)
    theirs = account_id(rival.tenant_id, revenue("PKR"))

    for id in (theirs, account_id(rival.tenant_id, customer(new_id(), "PKR")), new_id()):
        for path in ("", "/statement", "/statement.csv"):
            assert client.get(f"/accounts/{id}{path}").status_code == 404
