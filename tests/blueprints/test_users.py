"""People, roles, links, one's own account and tills, through the pages."""

import re
import time
from collections.abc import Callable

import pytest
from flask import Flask

from ledger_web.domain.ids import new_id
from ledger_web.domain.permissions import LIMITS
from ledger_web.domain.totp import code_at
from ledger_web.forms.roles import FIELD_OF
from ledger_web.identity import SESSION_COOKIE, TILL_COOKIE
from tests.clients import ShopClient, browser_at
from tests.services.test_people import SENTENCE, role
from tests.shops import PASSWORD, Shop, person

Browsers = Callable[..., ShopClient]

LINK = re.compile(r'value="http://corner\.shop\.localhost(/links/[\w-]{43})"')


def form(**fields: object) -> dict[str, str]:
    return {"op_id": str(new_id())} | {name: str(value) for name, value in fields.items()}


def invite_through_page(client: ShopClient, shop: Shop, login: str = "ben") -> str:
    data = form(name="Ben", login=login, role_id=role(shop, "cashier").id)
    found = LINK.search(client.post_form("/users/", data).text)
    assert found
    return found[1]


@pytest.mark.parametrize("htmx", [False, True])
def test_an_owner_invites_and_the_invited_comes_in(client_of: Browsers, corner: Shop, htmx: bool) -> None:
    owner, stranger = client_of(corner), client_of(corner, "")
    data = form(name="Ben", login="ben", role_id=role(corner, "cashier").id)
    answer = owner.post_form("/users/", data, htmx=htmx)
    link = LINK.search(answer.text)
    assert link
    assert ("<html" in answer.text) is not htmx
    assert "shown before" in owner.post_form("/users/", data, htmx=htmx).text

    assert "Welcome" in stranger.get(link[1]).text
    assert stranger.get(link[1]).status_code == 200  # looking does not use it up
    wrong = stranger.post_form(link[1], {"new_password": SENTENCE, "again": "another"})
    weak = stranger.post_form(link[1], {"new_password": "benbenben", "again": "benbenben"})
    set_ = stranger.post_form(link[1], {"new_password": SENTENCE, "again": SENTENCE})

    assert (wrong.status_code, weak.status_code, set_.status_code) == (422, 422, 303)
    assert "The two differ" in wrong.text
    assert "Sign in as ben." in stranger.get(set_.location).text
    assert stranger.get(link[1]).status_code == stranger.post_form(link[1], {}).status_code == 404
    assert stranger.post_form("/sign-in", {"login": "ben", "password": SENTENCE}).location == "/"


def test_a_link_of_one_shop_is_nothing_at_another(app: Flask, client_of: Browsers, corner: Shop, rival: Shop) -> None:
    link = invite_through_page(client_of(corner), corner)
    elsewhere = browser_at(app, "rival")
    none = elsewhere.get("/links/" + "A" * 43)

    assert elsewhere.get(link).status_code == none.status_code == 404
    assert elsewhere.post_form(link, {"new_password": SENTENCE, "again": SENTENCE}).status_code == 404
    assert client_of(corner, "").get(link).status_code == 200


def test_a_stale_edit_is_told_and_can_be_sent_again(client_of: Browsers, corner: Shop) -> None:
    owner, cashier = client_of(corner), person(corner, "cashier")
    fields = {"login": "cashier", "role_id": role(corner, "cashier").id, "version": 1}
    assert owner.post_form(f"/users/{cashier}", form(name="Ada", **fields)).status_code == 303

    stale = owner.post_form(f"/users/{cashier}", form(name="Bea", **fields))

    assert stale.status_code == 409
    assert 'value="Bea"' in stale.text
    assert 'name="version" type="hidden" value="2"' in stale.text or 'value="2"' in stale.text


def test_ending_access_is_felt_with_the_next_click(client_of: Browsers, corner: Shop) -> None:
    owner, cashier = client_of(corner), client_of(corner, "cashier")
    assert cashier.get("/").status_code == 200

    owner.post_form(f"/users/{person(corner, 'cashier')}/disabling", form())

    assert cashier.get("/").status_code == 303
    assert cashier.post_form("/sign-in", {"login": "cashier", "password": PASSWORD}).status_code == 422


def test_a_right_taken_away_while_the_page_is_open_is_refused_with_a_sentence(
    client_of: Browsers, corner: Shop
) -> None:
    owner = client_of(corner)
    limits = dict.fromkeys(FIELD_OF.values(), "")
    rights = ["home.view", "sale.view", "sale.create"]
    made = form(name="seller") | limits | {"rights": rights}
    assert owner.post_form("/roles/", made).status_code == 303
    seller, cashier = role(corner, "seller"), person(corner, "cashier")
    fields = {"login": "cashier", "name": "Ada", "role_id": seller.id, "version": 1}
    owner.post_form(f"/users/{cashier}", form(**fields))
    client = client_of(corner, "cashier")
    assert client.get("/sell/").status_code == 200

    fewer = form(name="seller", version=seller.version) | limits | {"rights": rights[:2]}
    assert owner.post_form(f"/roles/{seller.id}", fewer).status_code == 303
    refused = client.get("/sell/", htmx=True)

    assert refused.status_code == 403
    assert "Your role does not allow this." in refused.text


def test_a_role_form_keeps_what_was_typed_and_names_the_field(client_of: Browsers, corner: Shop) -> None:
    answer = client_of(corner).post_form(
        "/roles/", form(name="", limit_sale_discount="a lot") | {"rights": ["sale.view"]}, htmx=True
    )

    assert answer.status_code == 422
    assert 'value="a lot"' in answer.text
    assert 'value="sale.view" checked' in answer.text
    assert answer.text.startswith('<div id="role-form"') or '<div id="role-form"' in answer.text
    for limit in LIMITS.values():
        assert limit.label in answer.text


def test_a_role_with_holders_is_not_deleted(client_of: Browsers, corner: Shop) -> None:
    owner = client_of(corner)
    owner.post_form("/roles/", form(name="seller") | {"rights": ["home.view"], "limit_sale_discount": "3"})
    seller, cashier = role(corner, "seller"), person(corner, "cashier")
    change = form(login="cashier", name="Ada", role_id=seller.id, version=1)
    owner.post_form(f"/users/{cashier}", change)

    refused = owner.post_form(f"/roles/{seller.id}/delete", form(), htmx=True)

    assert refused.status_code == 422
    assert "Ada has this role." in refused.text


def test_a_new_password_renews_the_session_and_ends_the_others(app: Flask, client_of: Browsers, corner: Shop) -> None:
    here, elsewhere, captured = client_of(corner), client_of(corner), browser_at(app, "corner")
    captured.set_cookie(SESSION_COOKIE, here.cookie(SESSION_COOKIE) or "", domain=captured.host)
    data = {"old_password": PASSWORD, "new_password": SENTENCE, "again": SENTENCE}

    assert here.post_form("/account/password", data | {"old_password": "a guess"}).status_code == 422
    assert here.post_form("/account/password", data).location == "/account/"

    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/").status_code == captured.get("/").status_code == 303


def test_one_signs_out_another_browser_of_ones_own_and_nobody_elses(client_of: Browsers, corner: Shop) -> None:
    here, elsewhere, cashier = client_of(corner), client_of(corner), client_of(corner, "cashier")
    refs = re.findall(r'name="ref" value="([0-9a-f-]{36})"', here.get("/account/").text)
    theirs = client_of(corner, "cashier")
    other = re.findall(r'name="ref" value="([0-9a-f-]{36})"', theirs.get("/account/").text)

    assert len(refs) == 1  # not the one we look with
    assert here.post_form("/account/sessions/delete", form(ref=other[0])).status_code == 404
    assert here.post_form("/account/sessions/delete", form(ref=refs[0])).status_code == 303

    assert elsewhere.get("/").status_code == 303
    assert here.get("/").status_code == cashier.get("/").status_code == 200


def test_codes_are_set_up_and_asked_for(client_of: Browsers, corner: Shop) -> None:
    owner, visitor = client_of(corner), client_of(corner, "")
    page = owner.get("/account/codes").text
    secret = re.findall(r'<code dir="ltr">([A-Z2-7]{32})</code>', page)[0]
    assert "<svg" in page
    assert "style=" not in page

    assert owner.post_form("/account/codes", {"code": "000000", "password": PASSWORD}).status_code == 422
    step = int(time.time()) // 30
    shown = owner.post_form("/account/codes", {"code": code_at(secret, step), "password": PASSWORD})
    recovery = re.findall(r"<code>([\w-]{19})</code>", shown.text)

    assert len(recovery) == 10
    asked = visitor.post_form("/sign-in", {"login": "owner", "password": PASSWORD, "next": "/users/"})
    assert asked.location == "/sign-in/code?next=/users/"
    assert visitor.get("/").location.startswith("/sign-in")
    assert visitor.post_form("/sign-in/code", {"code": "000000"}).status_code == 422
    right = visitor.post_form("/sign-in/code", {"code": recovery[0], "next": "/users/"})
    assert right.location == "/users/"
    assert visitor.get("/users/").status_code == 200


def test_where_the_shop_asks_owners_for_codes_one_without_is_led_there(client_of: Browsers, corner: Shop) -> None:
    owner, manager = client_of(corner), client_of(corner, "manager")
    owner.post_form("/users/codes-rule", form(required="y"))

    assert owner.get("/products/").location == "/account/codes"
    assert owner.get("/account/codes").status_code == 200
    assert owner.get("/products/", htmx=True).headers["HX-Redirect"] == "/account/codes"
    assert manager.get("/products/").status_code == 200
    assert owner.post_form("/sign-out").status_code == 303


def test_a_browser_becomes_a_till_and_cashiers_come_in_with_a_pin(client_of: Browsers, corner: Shop) -> None:
    browser, cashier = client_of(corner, "manager"), client_of(corner, "cashier")
    pins = {"pin": "271829", "pin_again": "271829", "pin_password": PASSWORD}
    assert cashier.post_form("/account/pin", pins | {"pin_again": "271828"}).status_code == 422
    assert cashier.post_form("/account/pin", pins).status_code == 303
    assert browser.get("/tills/sign-in").status_code == 303
    browser.post_form("/tills/", form(name="Front"))
    value = browser.cookie(TILL_COOKIE) or ""
    assert value.startswith(f"{corner.tenant_id}.")

    page = browser.get("/tills/sign-in").text
    assert "Cashier Smith" in page
    assert "Manager" not in page
    who = {"user_id": str(person(corner, "cashier"))}
    assert browser.post_form("/tills/sign-in", who | {"pin": "999111"}).status_code == 422
    assert browser.post_form("/tills/sign-in", who | {"pin": "271829"}).location == "/sell/"
    assert browser.get("/sell/").status_code == 200
    assert browser.get("/tills/").status_code == 403  # a cashier stands there now


def test_a_till_of_one_shop_is_a_browser_like_any_other_at_the_next(
    app: Flask, client_of: Browsers, corner: Shop, rival: Shop
) -> None:
    browser = client_of(corner)
    browser.post_form("/tills/", form(name="Front"))
    value = browser.cookie(TILL_COOKIE) or ""
    for tossed in (value, f"{rival.tenant_id}.{value.partition('.')[2]}"):
        elsewhere = browser_at(app, "rival")
        elsewhere.set_cookie(TILL_COOKIE, tossed, domain=elsewhere.host)

        assert elsewhere.get("/tills/sign-in").status_code == 303
