"""The front page of a shop."""

from collections.abc import Callable

from flask import Flask

from tests.clients import ShopClient
from tests.databases import Database
from tests.shops import Shop, add_customer, add_product, sell
from tests.test_identity import statements

Browsers = Callable[..., ShopClient]


def words(client: ShopClient) -> str:
    """Return the page with plain spaces: amounts hold together by others."""
    return " ".join(client.get("/").text.split())


def test_a_new_shop_says_that_nothing_was_sold_yet(client_of: Browsers, corner: Shop) -> None:
    html = words(client_of(corner))

    assert "Nothing sold yet" in html
    assert "Till 1" in html
    assert "0.00 PKR" in html


def test_today_shows_what_was_sold_the_drawer_and_the_last_sales(client_of: Browsers, corner: Shop) -> None:
    milk, alice = add_product(corner, price=115_00), add_customer(corner, "Alice")
    sell(corner, (milk, 2, 115_00), tendered=500_00)
    sell(corner, (milk, 1, 115_00), customer_id=alice, rest_on_account=True)

    html = words(client_of(corner))

    assert "345.00 PKR" in html  # sold
    assert "230.00 PKR" in html  # in the drawer: 500 came, 270 went back
    assert "A-000001" in html
    assert "A-000002" in html
    assert "Alice" in html
    assert "on account" in html


def test_yesterdays_sales_are_not_sold_today(client_of: Browsers, database: Database, corner: Shop) -> None:
    milk = add_product(corner, price=115_00)
    sell(corner, (milk, 1, 115_00), tendered=115_00)
    with database.connect() as superuser:
        superuser.execute("UPDATE sales SET sold_on = sold_on - 1")

    html = words(client_of(corner))

    assert "<dt>Sales</dt><dd>0</dd>" in html
    assert "A-000001" in html


def test_the_rival_sees_nothing_of_it(client_of: Browsers, corner: Shop, rival: Shop) -> None:
    milk = add_product(corner, "Canary milk", price=115_00)
    sell(corner, (milk, 1, 115_00), customer_id=add_customer(corner, "Canary"), rest_on_account=True)

    html = words(client_of(rival))

    assert "Canary" not in html
    assert "A-000001" not in html
    assert "115.00" not in html


def test_a_role_sees_only_what_it_may(client_of: Browsers, database: Database, corner: Shop) -> None:
    client = client_of(corner, "cashier")
    with database.connect() as superuser:
        superuser.execute("UPDATE roles SET built_in = NULL, permissions = '{home.view}' WHERE name = 'cashier'")

    html = words(client)

    assert "Today" in html
    assert "Cash in the drawers" not in html
    assert "Last sales" not in html


def test_who_lets_people_in_is_told_that_an_address_is_not_confirmed(
    app: Flask, client_of: Browsers, database: Database, corner: Shop, letters: list[bytes]
) -> None:
    told = "Your e-mail address is not confirmed"
    owner, manager, cashier = client_of(corner), client_of(corner, "manager"), client_of(corner, "cashier")
    with statements(app) as asked_without:
        assert told not in words(owner)  # there is none

    with database.connect() as superuser:
        superuser.execute("UPDATE users SET email = login || '@example.com'")

    with statements(app) as asked:
        assert told in words(owner)
    assert '<a href="/account/">Confirm it</a>' in words(owner)
    assert len(asked) == len(asked_without)
    assert told not in words(cashier)
    assert told not in words(manager)  # who may not let people in
    app.config["SMTP_HOST"] = ""
    assert told not in words(owner)  # no link could be sent
    app.config["SMTP_HOST"] = "127.0.0.1"
    with database.connect() as superuser:
        superuser.execute("UPDATE users SET proved_email = email")
    assert told not in words(owner)


def test_only_reading_is_done_here(client_of: Browsers, corner: Shop) -> None:
    response = client_of(corner).post_form("/")

    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_an_error_goes_to_the_messages_where_htmx_asked(client_of: Browsers, corner: Shop) -> None:
    page, fragment = client_of(corner).get("/nothing"), client_of(corner).get("/nothing", htmx=True)

    assert page.status_code == fragment.status_code == 404
    assert "<html" in page.text
    assert fragment.headers["HX-Retarget"] == "#messages"
    assert fragment.headers["HX-Reswap"] == "innerHTML"
    assert "<html" not in fragment.text
    assert 'id="error"' in fragment.text


def test_a_boosted_request_and_a_restored_history_get_the_page(client_of: Browsers, corner: Shop) -> None:
    client = client_of(corner)

    for header in ("HX-Boosted", "HX-History-Restore-Request"):
        assert "<html" in client.get("/nothing", htmx=True, headers={header: "true"}).text


def test_light_or_dark_is_remembered_in_this_browser(client_of: Browsers, corner: Shop) -> None:
    client = client_of(corner)
    assert "data-theme=" not in client.get("/").text

    response = client.post_form("/appearance", {"theme": "dark", "next": "/?day=1"})

    assert response.headers["Location"] == "/?day=1"
    assert 'data-theme="dark"' in client.get("/").text
    assert client.post_form("/appearance", {"theme": "'><script>", "next": "//evil.example"}).headers["Location"] == "/"
    assert 'data-theme="dark"' in client.get("/").text


def test_a_shop_that_writes_from_right_to_left_is_shown_so(
    client_of: Browsers, database: Database, corner: Shop
) -> None:
    with database.connect() as superuser:
        superuser.execute("UPDATE tenants SET locale = 'ur_PK'")

    assert '<html lang="ur-PK" dir="rtl">' in client_of(corner).get("/").text
