"""A role held to its own records and to some drawers: what is beyond its reach is not there, in pages, files and acts.

Source: product spec 2, "own records only … drawer set".
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from ledger_web.domain.errors import BeyondReachError, DrawerNotYoursError, NotFoundError
from ledger_web.domain.ids import new_id
from ledger_web.domain.permissions import BUILT_IN_ROLES, limits_of
from ledger_web.models.scope import EVERYTHING, Scope, scope
from ledger_web.queries.sales_list import SalesAsked, list_sales
from ledger_web.services.drawers import CreateDrawer, OpenDrawer, PayIn, create_drawer, open_drawer, pay_in
from ledger_web.services.roles import CreateRole, EditRole, create_role, edit_role
from ledger_web.services.sales import RecordSale, SoldLine, record_sale
from ledger_web.services.shifts import OpenShift, open_shift
from tests.clients import ShopClient
from tests.shops import Shop, add_product, add_user, sell

ClientOf = Callable[..., ShopClient]
CLERK = ("report.view", "journal.view", *sorted(BUILT_IN_ROLES["cashier"]))


@dataclass(frozen=True)
class Counter:
    """A shop with two drawers; a clerk and the owner have sold at the first, the owner at the second as well."""

    shop: Shop
    clerk_id: uuid.UUID
    role_id: uuid.UUID
    second: uuid.UUID
    own: uuid.UUID  # sales
    others: uuid.UUID
    elsewhere: uuid.UUID


def sold_by(shop: Shop, actor: uuid.UUID, product: uuid.UUID, drawer_id: uuid.UUID) -> uuid.UUID:
    lines = (SoldLine(product_id=product, quantity=Decimal(1), unit_price=115_00),)
    command = RecordSale(id=new_id(), drawer_id=drawer_id, currency="PKR", lines=lines)
    return record_sale(command, shop.act(actor)).id


@pytest.fixture
def counter(shop: Shop) -> Counter:
    role_id = create_role(
        CreateRole(id=new_id(), name="clerk", rights=CLERK, limits=limits_of(None, {})), shop.act()
    ).id
    clerk = add_user(shop, "clerk", "clerk")
    second = create_drawer(CreateDrawer(id=new_id(), name="Till 2", series="B"), shop.act()).id
    open_shift(OpenShift(id=new_id(), drawer_id=second, counts=()), shop.act())
    milk = add_product(shop)
    return Counter(
        shop,
        clerk,
        role_id,
        second,
        own=sold_by(shop, clerk, milk, shop.drawer_id),
        others=sell(shop, (milk, 1, 115_00)),
        elsewhere=sold_by(shop, clerk, milk, second),
    )


def hold(counter: Counter, **said: Any) -> None:
    """Change the clerk's role, as the owner does."""
    facts: dict[str, Any] = {"name": "clerk", "rights": CLERK, "limits": limits_of(None, {}), "version": 1}
    edit_role(EditRole(op_id=new_id(), role_id=counter.role_id, **facts | said), counter.shop.act())


def seen_by(client: ShopClient, counter: Counter) -> dict[str, set[str]]:
    """Return which of the three sales are seen, and where."""
    sales = {"own": counter.own, "others": counter.others, "elsewhere": counter.elsewhere}
    places = ("/sales/", "/")
    found = {place: {name for name, id in sales.items() if str(id) in client.get(place).text} for place in places}
    found["page"] = {name for name, id in sales.items() if client.get(f"/sales/{id}").status_code == 200}
    found["receipt"] = {name for name, id in sales.items() if client.get(f"/sales/{id}/receipt").status_code == 200}
    found["file"] = {
        name
        for name, number in {"own": "A-000001", "others": "A-000002", "elsewhere": "B-000001"}.items()
        if number in client.get("/sales/list.csv").text
    }
    numbers = {"own": "A-000001", "others": "A-000002", "elsewhere": "B-000001"}
    for name, number in numbers.items():
        answer = client.get("/scan", query_string={"code": number})
        if str(sales[name]) in answer.text + (answer.location or ""):
            found.setdefault("scan", set()).add(name)
    return found


def test_everything_is_there_for_a_role_that_is_held_to_nothing(counter: Counter, client_of: ClientOf) -> None:
    found = seen_by(client_of(counter.shop, "clerk"), counter)

    for place in ("/sales/", "/", "page", "receipt", "file"):
        assert found[place] == {"own", "others", "elsewhere"}, place


def test_sales_of_others_are_nowhere_from_the_next_click_on(counter: Counter, client_of: ClientOf) -> None:
    client = client_of(counter.shop, "clerk")
    assert client.get(f"/sales/{counter.others}").status_code == 200

    hold(counter, own_records=True)

    assert all("others" not in seen for seen in seen_by(client, counter).values())
    assert seen_by(client, counter)["page"] == {"own", "elsewhere"}
    report = client.get("/sales/report/", query_string={"by": "staff"})
    assert "Olga Owner" not in report.text
    owner = client_of(counter.shop)
    assert seen_by(owner, counter)["page"] == {"own", "others", "elsewhere"}


def test_other_drawers_are_nowhere_and_take_nothing(counter: Counter, client_of: ClientOf) -> None:
    client, shop = client_of(counter.shop, "clerk"), counter.shop

    hold(counter, drawer_ids=(shop.drawer_id,))

    assert all("elsewhere" not in seen for seen in seen_by(client, counter).values())
    assert "Till 2" not in client.get("/drawers/").text
    assert "Till 2" not in client.get("/").text
    assert "Till 2" not in client.get("/sell/").text
    assert client.get(f"/drawers/{counter.second}").status_code == 404
    assert client.get(f"/drawers/{shop.drawer_id}").status_code == 200
    refused = client.post_form(f"/drawers/{counter.second}/openings/", {"op_id": str(new_id())})
    assert refused.status_code in {404, 422}


@pytest.mark.parametrize("act", ["sell", "pay in", "open", "begin a shift"])
def test_the_services_refuse_what_is_beyond_reach_whoever_asks_them(counter: Counter, act: str) -> None:
    shop, clerk = counter.shop, counter.clerk_id
    milk = add_product(shop, "Bread")
    acts: dict[str, Callable[[], Any]] = {
        "sell": lambda: sold_by(shop, clerk, milk, counter.second),
        "pay in": lambda: pay_in(
            PayIn(id=new_id(), drawer_id=counter.second, currency="PKR", amount=5, reason="Float"), shop.act(clerk)
        ),
        "open": lambda: open_drawer(OpenDrawer(op_id=new_id(), drawer_id=counter.second), shop.act(clerk)),
        "begin a shift": lambda: open_shift(
            OpenShift(id=new_id(), drawer_id=counter.second, counts=()), shop.act(clerk)
        ),
    }
    before = len(list_sales(shop.tenant_id, SalesAsked()).rows)
    token = scope.set(Scope(drawers=frozenset({shop.drawer_id})))
    try:
        with pytest.raises(DrawerNotYoursError):
            acts[act]()
    finally:
        scope.reset(token)

    assert len(list_sales(shop.tenant_id, SalesAsked()).rows) == before


def test_nobody_who_is_held_lets_others_reach_further(counter: Counter) -> None:
    shop = counter.shop
    rights = (*CLERK, "role.edit", "user.manage")
    held = CreateRole(
        id=new_id(),
        name="head",
        rights=rights,
        limits=limits_of(None, {}),
        own_records=True,
        drawer_ids=(shop.drawer_id,),
    )
    create_role(held, shop.act())
    head = add_user(shop, "head", "head")
    limits = limits_of(None, {})

    wider: tuple[dict[str, Any], ...] = (
        {"own_records": False, "drawer_ids": (shop.drawer_id,)},
        {"own_records": True, "drawer_ids": ()},
        {"own_records": True, "drawer_ids": (shop.drawer_id, counter.second)},
    )
    for each in wider:
        with pytest.raises(BeyondReachError):
            create_role(CreateRole(id=new_id(), name="more", rights=CLERK, limits=limits, **each), shop.act(head))

    same = CreateRole(
        id=new_id(), name="same", rights=CLERK, limits=limits, own_records=True, drawer_ids=(shop.drawer_id,)
    )
    assert create_role(same, shop.act(head)).id


def test_a_role_takes_no_drawer_of_another_shop(counter: Counter, rival: Shop, client_of: ClientOf) -> None:
    with pytest.raises(NotFoundError):
        hold(counter, drawer_ids=(rival.drawer_id,))

    client = client_of(counter.shop)
    form = {"op_id": str(new_id()), "version": "1", "name": "clerk", "drawers": "nonsense"}
    assert client.post_form(f"/roles/{counter.role_id}", form).status_code == 422


def test_the_form_holds_a_role_and_says_so_in_the_list(counter: Counter, client_of: ClientOf) -> None:
    client = client_of(counter.shop)
    page = client.get(f"/roles/{counter.role_id}").text
    assert "Only their own sales" in page
    form = {
        "version": "1",
        "name": "clerk",
        "rights": list(CLERK),
        "own_records": "y",
        "drawers": [str(counter.second)],
    }

    saved = client.post_form(f"/roles/{counter.role_id}", form | {"op_id": str(new_id())})

    assert saved.status_code == 303
    page = client.get("/roles/").text
    assert "own records" in page
    assert "one drawer<" in page
    assert client.get(f"/roles/{counter.role_id}").text.count(" checked") == len(CLERK) + 2


def test_the_next_request_begins_with_everything_again(counter: Counter, client_of: ClientOf) -> None:
    """Whoever is served by the same thread afterwards is held to nothing of it."""
    hold(counter, own_records=True)
    client_of(counter.shop, "clerk").get("/sales/")

    assert scope.get() == EVERYTHING
    assert seen_by(client_of(counter.shop), counter)["page"] == {"own", "others", "elsewhere"}
