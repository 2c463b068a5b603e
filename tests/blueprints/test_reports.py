"""Reports over HTTP: on the screen, on paper, as files; who may see them; and whatever is asked."""

import csv
import datetime as dt
import io
from collections.abc import Callable

import pytest

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import Entry, cash, customer, equity, exchange, expense, revenue
from ledger_web.services.batches import Posting, post_many
from ledger_web.services.posting import account_id
from tests.clients import ShopClient
from tests.shops import Shop, add_customer, add_product, sell

ClientOf = Callable[..., ShopClient]
TODAY = dt.datetime.now(dt.UTC).date()
PAGES = ("/reports/profit-and-loss", "/reports/balance-sheet", "/reports/trial-balance")
OTHERS = tuple(page + form for page in PAGES for form in ("/print", ".csv", ".xlsx"))


def post(shop: Shop, *entries: Entry, days_ago: int = 0) -> None:
    day = TODAY - dt.timedelta(days=days_ago)
    answers = post_many([Posting(id=new_id(), kind="manual", entries=entries, occurred_on=day)], shop.act())
    assert not [answer for answer in answers if isinstance(answer, Exception)]


@pytest.fixture
def traded(shop: Shop) -> Shop:
    """A shop with a sale of 230.00 with tax, rent of 40.00, and 5.00 dollars bought for 1 400.00."""
    milk = add_product(shop)
    post(shop, Entry(cash(shop.drawer_id, "PKR"), equity("PKR", "owner"), 5_000_00))
    sell(shop, (milk, 2, 115_00))
    post(shop, Entry(expense("PKR", "rent"), cash(shop.drawer_id, "PKR"), 40_00))
    post(
        shop,
        Entry(cash(shop.drawer_id, "USD"), exchange("USD"), 5_00),
        Entry(exchange("PKR"), cash(shop.drawer_id, "PKR"), 1_400_00),
    )
    return shop


def table(client: ShopClient, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_profit_and_loss_says_what_was_earned_and_spent(traded: Shop, client_of: ClientOf) -> None:
    page = client_of(traded, "manager").get("/reports/profit-and-loss").text

    for part in ("Sales, without tax", "200.00", "Cost of sales", "120.00", "Gross profit", "80.00", "Rent", "40.00"):
        assert part in page
    assert "Enter a rate for each currency" in page
    valued = client_of(traded, "manager").get("/reports/profit-and-loss?rate_USD=282").text
    assert "Currencies held, at these rates" in valued
    assert "10.00" in valued  # 5 dollars cost 1 400, and are worth 1 410
    assert "50.00" in valued


def test_the_trial_balance_balances_in_each_currency_and_at_a_rate(traded: Shop, client_of: ClientOf) -> None:
    client = client_of(traded)

    rows = table(client, "/reports/trial-balance.csv?rate_USD=282")

    totals = {row["Currency"]: row for row in rows if row["Kind"] == "Total"}
    assert totals.keys() == {"PKR", "USD"}
    assert all(row["Debit"] == row["Credit"] and row["Debit PKR"] == row["Credit PKR"] for row in totals.values())
    assert (totals["USD"]["Debit"], totals["USD"]["Debit PKR"]) == ("5.00", "1410.00")
    (sales,) = [row for row in rows if row["Account"] == "Sales"]
    assert (sales["Debit"], sales["Credit"]) == ("0.00", "200.00")
    page = client.get("/reports/trial-balance?rate_USD=282").text
    assert "balanced" in page
    assert "has earned 10.00 PKR" in page


def test_the_balance_sheet_has_two_equal_sides(traded: Shop, client_of: ClientOf) -> None:
    rows = table(client_of(traded), "/reports/balance-sheet.csv?rate_USD=282")

    has, (both,) = [
        [row for row in rows if (row["Part"], row["Line"]) == key]
        for key in (("What the shop has", "Total"), ("Owed and owned", ""))
    ]
    assert {name: has[0][name] for name in ("PKR", "USD", "All in PKR")} == {
        name: both[name] for name in ("PKR", "USD", "All in PKR")
    }


def test_a_report_is_of_the_days_that_are_asked(traded: Shop, client_of: ClientOf) -> None:
    client = client_of(traded)
    yesterday = TODAY - dt.timedelta(days=2)

    before = table(client, f"/reports/profit-and-loss.csv?since={yesterday - dt.timedelta(days=30)}&until={yesterday}")

    assert {row["Part"]: row["PKR"] for row in before if row["Part"] == "Profit"} == {"Profit": "0.00"}
    assert len(table(client, f"/reports/trial-balance.csv?day={yesterday}")) == 1  # the total of nothing


def test_each_figure_leads_to_its_account_with_the_days_of_the_report(traded: Shop, client_of: ClientOf) -> None:
    rent = account_id(traded.tenant_id, expense("PKR", "rent"))
    client = client_of(traded)

    page = client.get(f"/reports/profit-and-loss?since={TODAY}&until={TODAY}").text

    address = f"/accounts/{rent}?since={TODAY}&amp;until={TODAY}"
    assert address in page
    assert client.get(address.replace("&amp;", "&")).status_code == 200


def test_customers_stand_in_one_line_that_leads_to_each_of_them(shop: Shop, client_of: ClientOf) -> None:
    alice, bilal = add_customer(shop, "Alice"), add_customer(shop, "=Bilal")
    post(shop, Entry(customer(alice, "PKR"), revenue("PKR"), 700_00), days_ago=20)
    post(shop, Entry(customer(bilal, "PKR"), revenue("PKR"), 300_00), days_ago=10)
    day = TODAY - dt.timedelta(days=15)
    client = client_of(shop)

    page = client.get(f"/reports/trial-balance?day={day}").text
    address = f"/reports/holders?kind=customer&amp;currency=PKR&amp;day={day}"
    assert address in page
    holders = client.get(address.replace("&amp;", "&")).text

    assert "owes you 700.00 PKR" in holders
    assert "Bilal" not in holders
    assert str(account_id(shop.tenant_id, customer(alice, "PKR"))) in holders


def test_a_name_that_looks_like_a_formula_stays_a_name(shop: Shop, client_of: ClientOf) -> None:
    with shop.act() as uow:
        uow.execute(
            "INSERT INTO categories (tenant_id, id, kind, code, name)"
            " VALUES (%(tenant_id)s, %(id)s, 'expense', 'odd', '=1+1')",
            {"id": new_id()},
        )
    post(shop, Entry(expense("PKR", "odd"), equity("PKR", "owner"), 5_00))

    assert "'=1+1" in [row["Line"] for row in table(client_of(shop), "/reports/profit-and-loss.csv")]
    assert "'=1+1" in [row["Account"] for row in table(client_of(shop), "/reports/trial-balance.csv")]


@pytest.mark.parametrize("path", [*PAGES, *OTHERS, "/reports/holders?kind=customer&currency=PKR&day=2026-01-01"])
def test_reports_are_for_those_who_may_see_them(shop: Shop, rival: Shop, client_of: ClientOf, path: str) -> None:
    assert client_of(shop, "manager").get(path).status_code == 200
    assert client_of(shop, "cashier").get(path).status_code == 403
    assert client_of(shop, "").get(path).status_code in (303, 401)
    assert client_of(rival, "manager").get(path).status_code == 200


def test_a_shop_without_any_figures_has_reports(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop)

    assert client.get("/reports/").headers["Location"] == "/reports/profit-and-loss"
    assert "Nothing was posted up to this day" in client.get("/reports/trial-balance?day=2001-01-01").text
    assert client.get("/reports/profit-and-loss", htmx=True).text.lstrip().startswith("<section")


@pytest.mark.parametrize(
    "asked",
    [
        "day=x&since=x",
        "day=1999-12-31&since=1999-12-31",
        "day=9999-12-31&until=9999-12-31",
        "day=2026-02-30&until=2026-02-30",
        "rate_USD=0",
        "rate_USD=-1",
        "rate_USD=1e3",
        "rate_USD=NaN",
        "rate_USD=%00",
        "rate_USD=" + "9" * 400,
        "since=2026-10-02&until=2026-10-01&day=%2527",
    ],
)
@pytest.mark.parametrize("path", PAGES)
def test_what_cannot_be_read_is_said_and_kept(traded: Shop, client_of: ClientOf, path: str, asked: str) -> None:
    client = client_of(traded)

    answer = client.get(f"{path}?{asked}")

    assert answer.status_code == 422
    assert 'class="message bad"' in answer.text
    assert client.get(f"{path}/print?{asked}").status_code == 404
    assert client.get(f"{path}.csv?{asked}").status_code == 404


@pytest.mark.parametrize("asked", ["", "kind=cash&currency=PKR&day=2026-01-01", "kind=customer&currency=XXX&day=x"])
def test_holders_of_nothing_are_not_found(shop: Shop, client_of: ClientOf, asked: str) -> None:
    assert client_of(shop).get(f"/reports/holders?{asked}").status_code == 404
