"""A shop under a domain of its own: the page where it is added, and the walls, which stand there as anywhere."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from ledger_web.domain.hosts import proof_at
from ledger_web.domain.ids import new_id
from ledger_web.identity import SESSION_COOKIE
from ledger_web.services.shop_lifecycle import DeleteShop, MoveShop, SuspendShop, delete_shop, move_shop, suspend_shop
from tests.clients import ShopClient, browser_at
from tests.name_server import let_names_say
from tests.services.test_domains import HOST, own
from tests.shops import PASSWORD, Shop, add_product
from tests.test_identity import statements

ClientOf = Callable[..., ShopClient]
RIGHT = {"login": "owner", "password": PASSWORD}


@pytest.fixture(autouse=True)
def _no_names() -> Iterator[None]:
    yield
    let_names_say(proof_at(HOST))


def at(app: Flask, host: str = HOST) -> ShopClient:
    client = browser_at(app)
    client.host = host
    return client


def test_an_owner_adds_a_domain_proves_it_and_signs_in_under_it(shop: Shop, client_of: ClientOf, app: Flask) -> None:
    owner = client_of(shop)
    assert '/admin/domains/"' in owner.get("/admin/settings/").text
    form = {"op_id": str(new_id()), "host": "https://www.bazaar.example/"}
    refused = owner.post_form("/admin/domains/", form, htmx=True)
    assert refused.status_code == 422
    assert "without https://" in refused.text
    assert "https://www.bazaar.example/" in refused.text
    assert owner.post_form("/admin/domains/", form | {"host": HOST}).status_code == 303
    assert owner.post_form("/admin/domains/", form | {"host": HOST}).status_code == 303
    page = owner.get("/admin/domains/").text
    said = re.search(r"ledger-web=[\w-]{43}", page)
    assert said
    assert proof_at(HOST) in page
    check = f"/admin/domains/{form['op_id']}/proofs"
    assert at(app).get("/sign-in").status_code == 400

    owner.post_form(check, {"op_id": str(new_id())})
    assert "is not there yet" in owner.get("/admin/domains/").text
    let_names_say(proof_at(HOST), said[0])
    owner.post_form(check, {"op_id": str(new_id())})
    assert "leads to this shop now" in owner.get("/admin/domains/").text

    browser = at(app)
    assert browser.get("/").location == "/sign-in?next=/"
    assert browser.post_form("/sign-in", RIGHT).status_code == 303
    home = browser.get("/")
    assert home.status_code == 200
    with statements(app) as seen:
        assert browser.get("/sign-in").status_code == 303
    assert len(seen) == 1
    cookies = home.headers.getlist("Set-Cookie")
    assert not any("domain=" in each.lower() for each in cookies)
    assert owner.post_form(f"/admin/domains/{form['op_id']}/delete", {"op_id": str(new_id())}).status_code == 303
    assert browser.get("/").status_code == 400
    assert client_of(shop, "manager").get("/admin/domains/").status_code == 403


def test_t7_a_cookie_of_one_shop_is_worthless_at_the_domain_of_another(
    corner: Shop, rival: Shop, app: Flask, client_of: ClientOf
) -> None:
    own(rival)
    own(corner, "www.corner.example")
    tossed = client_of(corner).cookie(SESSION_COOKIE)
    theirs = client_of(rival).cookie(SESSION_COOKIE)
    assert tossed
    assert theirs
    thief, itself = at(app), at(app)
    thief.set_cookie(SESSION_COOKIE, tossed, domain=HOST)
    itself.set_cookie(SESSION_COOKIE, theirs, domain=HOST)

    assert thief.get("/products/").location == "/sign-in?next=/products/"
    assert thief.get("/sign-in").status_code == 200
    assert itself.get("/products/").status_code == 200
    token = itself.csrf_token()
    elsewhere = client_of(rival).post("/account/password", data={"csrf_token": token})
    assert elsewhere.status_code == 403  # of another host's visit


def test_t1_under_a_domain_another_shops_things_are_not_there(
    corner: Shop, rival: Shop, app: Flask, client_of: ClientOf
) -> None:
    own(corner)
    product = add_product(rival, "Rival rice")
    browser = at(app)
    browser.post_form("/sign-in", RIGHT)

    there, nowhere = browser.get(f"/products/{product}"), browser.get(f"/products/{new_id()}")

    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert "Rival rice" not in there.text


@pytest.mark.parametrize(
    "host",
    [
        "WWW.bazaar.example", "www.bazaar.example.", "bazaar.example", "x.www.bazaar.example", "www.bazaar.example:x",
        "www.bazaar.example, corner.shop.localhost", "www.bazaar.example@corner.shop.localhost", "www-bazaar.example",
    ],
)  # fmt: skip
def test_a_domain_counts_to_the_letter(corner: Shop, app: Flask, host: str) -> None:
    own(corner)

    assert browser_at(app).get("/sign-in", headers={"Host": host}).status_code == 400
    assert at(app, f"{HOST}:8000").get("/sign-in").status_code == 200


def test_t9_under_a_domain_a_suspended_shop_is_read_and_a_deleted_one_is_nowhere(corner: Shop, app: Flask) -> None:
    own(corner)
    move_shop(MoveShop(slug="corner-store"), corner.act())
    browser = at(app)
    browser.post_form("/sign-in", RIGHT)
    assert browser.get("/products/").status_code == 200
    suspend_shop(SuspendShop(), corner.act())
    assert browser.get("/products/").status_code == 200
    refused = browser.post_form("/products/", {"op_id": str(new_id()), "name": "Tea", "unit_price": "1"})
    assert refused.status_code == 403
    delete_shop(DeleteShop(), corner.act())

    assert browser.get("/products/").status_code == 400
    assert at(app).get("/products/").text == at(app, "nobodys.example").get("/products/").text


def test_the_pages_of_the_bare_domain_are_not_under_a_domain(corner: Shop, app: Flask) -> None:
    own(corner)
    browser = at(app)

    assert browser.get("/welcome").status_code == 404
    assert browser.get("/healthz").status_code == 404
    secure = browser.get("/sign-in", base_url=f"https://{HOST}/")
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_who_makes_certificates_is_told_which_domains_are_proved(corner: Shop, app: Flask) -> None:
    own(corner)
    bare = browser_at(app)

    asked = {host: bare.get("/domainz", query_string={"domain": host}).status_code for host in (HOST, "a.example", "")}

    assert asked == {HOST: 200, "a.example": 404, "": 404}
    assert browser_at(app, "corner").get(f"/domainz?domain={HOST}").status_code != 200
