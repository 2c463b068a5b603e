"""The page that tells who did what, and what stands out."""

import re
import uuid
from collections.abc import Callable
from decimal import Decimal

from ledger_web.domain.audit import stands_out
from ledger_web.domain.ids import new_id
from ledger_web.services.carts import AddToCart, EmptyCart, RemoveCartLine, add_to_cart, empty_cart, remove_cart_line
from ledger_web.services.drawers import OpenDrawer, open_drawer
from tests.clients import ShopClient
from tests.databases import Database
from tests.services.test_audit import stored
from tests.shops import Shop, add_product, person, sell

Browsers = Callable[..., ShopClient]


def put_into_cart(shop: Shop, product_id: uuid.UUID, by: uuid.UUID) -> uuid.UUID:
    id = new_id()
    add_to_cart(AddToCart(id=id, product_id=product_id, quantity=Decimal(2)), shop.act(by))
    with shop.act() as uow:
        found: uuid.UUID = uow.execute(
            "SELECT id FROM cart_lines WHERE tenant_id = %(tenant_id)s ORDER BY id DESC LIMIT 1"
        ).scalar_one()
    return found


def test_the_whole_story_of_a_line_removed_is_told_newest_first(client_of: Browsers, corner: Shop) -> None:
    milk, cashier = add_product(corner), person(corner, "cashier")
    line = put_into_cart(corner, milk, cashier)
    remove_cart_line(RemoveCartLine(id=new_id(), line_id=line), corner.act(cashier))
    put_into_cart(corner, milk, cashier)
    empty_cart(EmptyCart(id=new_id()), corner.act(cashier))
    open_drawer(OpenDrawer(op_id=new_id(), drawer_id=corner.drawer_id), corner.act(cashier))

    page = client_of(corner).get("/admin/audit/", query_string={"person": str(cashier)}).text
    told = re.findall(r"<strong><bdi>(.*?)</bdi></strong> ([\w' ]+)", page)

    assert [words.strip() for name, words in told if name == "Cashier Smith"][:3] == [
        "opened a drawer without a sale",
        "threw a cart away",
        "removed a line before payment",
    ]


def test_it_is_searched_by_person_kind_and_day_page_by_page(client_of: Browsers, corner: Shop) -> None:
    client, cashier = client_of(corner), person(corner, "cashier")
    for _ in range(60):
        open_drawer(OpenDrawer(op_id=new_id(), drawer_id=corner.drawer_id), corner.act(cashier))

    first = client.get("/admin/audit/", query_string={"area": "drawer"}, htmx=True)
    older = re.findall(r'href="([^"]*before=[^"]*)"', first.text)[0].replace("&amp;", "&")
    second = client.get(older, htmx=True)
    past = client.get("/admin/audit/", query_string={"area": "drawer", "until": "2020-01-01"})

    assert first.text.count("opened a drawer") == 50
    assert second.text.count("opened a drawer") == 10
    assert "Nothing found" in past.text
    assert client.get("/admin/audit/?since=2026-02-01&until=2026-01-01").status_code == 422


def test_a3_a_refusal_is_written_down_once_a_minute_and_right(
    client_of: Browsers, corner: Shop, database: Database
) -> None:
    cashier = client_of(corner, "cashier")
    for _ in range(3):
        assert cashier.get("/users/").status_code == 403
        assert cashier.get("/admin/audit/").status_code == 403

    refused = [event for event in stored(database) if event["action"] == "access.refuse"]
    assert [event["after"]["right"] for event in refused] == ["user.manage", "audit.view"]
    assert all(len(event["request_id"]) == 16 and event["session_id"] for event in refused)


def test_the_number_of_the_request_is_on_the_answer_and_in_the_audit(
    client_of: Browsers, corner: Shop, database: Database
) -> None:
    answer = client_of(corner).post_form(f"/drawers/{corner.drawer_id}/openings/", {"op_id": str(new_id())})

    assert answer.status_code == 303
    assert stored(database)[-1]["request_id"] == answer.headers["X-Request-Id"]
    assert stored(database)[-1]["op_id"] is not None


def test_what_is_typed_where_a_name_belongs_is_not_kept(client_of: Browsers, corner: Shop, database: Database) -> None:
    client_of(corner, "").post_form("/sign-in", {"login": "my secret password", "password": "my other one"})

    event = stored(database)[-1]
    assert event["action"] == "session.refuse"
    assert "my" not in str(event["after"])


def test_somebody_who_takes_out_far_more_than_the_others_stands_out(client_of: Browsers, corner: Shop) -> None:
    milk, cashier = add_product(corner), person(corner, "cashier")
    for _ in range(3):
        sell(corner, (milk, 1, 115_00))
    for _ in range(6):
        open_drawer(OpenDrawer(op_id=new_id(), drawer_id=corner.drawer_id), corner.act(cashier))

    page = client_of(corner).get("/admin/audit/people").text

    assert "6 much" in page
    assert "Cashier Smith" in page


def test_little_is_never_much_and_nobody_is_compared_with_nobody() -> None:
    assert not stands_out(4, 1, [(0, 100)])
    assert stands_out(5, 1, [(0, 100)])
    assert not stands_out(500, 100, [])
    assert not stands_out(29, 100, [(10, 100)])
    assert stands_out(30, 100, [(10, 100)])


def test_a_rivals_events_are_nobodys(client_of: Browsers, corner: Shop, rival: Shop) -> None:
    open_drawer(OpenDrawer(op_id=new_id(), drawer_id=rival.drawer_id), rival.act())

    page = client_of(corner).get("/admin/audit/", query_string={"area": "drawer"})
    foreign = client_of(corner).get("/admin/audit/", query_string={"person": str(rival.owner_id)})

    assert "opened a drawer" not in page.text
    assert foreign.status_code == 422
