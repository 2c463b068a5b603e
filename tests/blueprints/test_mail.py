"""What is mailed to people who are not signed in, and to those who are let in; and what nobody learns by it."""

import re
import time
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from typing import Any

from flask import Flask

from ledger_web.domain.ids import new_id
from ledger_web.services.mailing import TO_ONE_MAX
from ledger_web.services.tenants import OpenShop, new_tenant_id, open_shop
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.strangers import digest_of_address
from tests.clients import ShopClient, browser_at
from tests.shops import PASSWORD, Shop

ClientOf = Callable[..., ShopClient]
OLGA = "olga@example.com"


def arrived(letters: list[bytes], count: int) -> list[Any]:
    """Wait for what is sent apart from the answer."""
    for _ in range(200):
        if len(letters) >= count:
            break
        time.sleep(0.02)
    return [message_from_bytes(each, policy=default) for each in letters]


def way_in(letter: Any) -> str:
    found = re.search(r"http://\S+", letter.get_content())
    assert found
    return found[0]


def mailed(client: ShopClient, path: str, address: str) -> Any:
    return client.post_form(path, {"op_id": str(new_id()), "address": address}, htmx=True)


def test_where_mail_is_sent_a_shop_is_opened_by_who_proved_an_address(app: Flask, letters: list[bytes]) -> None:
    client = browser_at(app)
    assert 'name="slug"' not in client.get("/sign-up/").text

    assert mailed(client, "/sign-up/mail", OLGA).status_code == 200
    (letter,) = arrived(letters, 1)
    assert letter["To"] == OLGA
    way = way_in(letter)
    assert way.startswith("http://shop.localhost/sign-up/?proof=")
    assert 'name="slug"' in client.get(way.removeprefix("http://shop.localhost")).text
    form = {
        "op_id": str(new_id()),
        "proof": way.partition("proof=")[2],
        "name": "Bazaar",
        "slug": "bazaar",
        "country": "AF",
        "language": "en",
        "owner_name": "Olga",
        "login": "olga",
        "password": PASSWORD,
    }
    for proof in ("", "nonsense", form["proof"][:-3] + "xyz"):
        refused = client.post_form("/sign-up/", form | {"proof": proof})
        assert refused.status_code == 422
        assert "Ask for another one" in refused.text, re.findall('error"[^>]*>([^<]+)', refused.text)
    assert browser_at(app, "bazaar").get("/sign-in").status_code == 404
    assert client.post_form("/sign-up/", form).status_code == 200
    assert browser_at(app, "bazaar").get("/sign-in").status_code == 200

    mailed(client, "/find-my-shop", OLGA.upper())
    letter = arrived(letters, 2)[-1]
    assert "http://bazaar.shop.localhost/" in letter.get_content()


def test_s5_whether_an_address_owns_shops_is_said_to_its_mailbox_only(app: Flask, letters: list[bytes]) -> None:
    with app.test_request_context():
        owner_mail = digest_of_address(OLGA)
    for slug in ("first", "second"):
        command = OpenShop(
            slug=slug,
            name=slug,
            base_currency="AFN",
            owner_login="owner",
            owner_name="Olga",
            owner_password=PASSWORD,
            owner_mail=owner_mail,
        )
        open_shop(command, UnitOfWork(new_tenant_id()))
    client = browser_at(app)

    unknown, known = mailed(client, "/find-my-shop", "some@example.com"), mailed(client, "/find-my-shop", OLGA)

    (letter,) = arrived(letters, 1)
    assert letter["To"] == OLGA
    assert re.findall(r"http://(\w+)\.shop", letter.get_content()) == ["first", "second"]
    masked = [re.sub("(olga|some)@example.com|nonce-[^\"']+", "X", answer.text) for answer in (known, unknown)]
    assert masked[0] == masked[1]
    assert known.status_code == unknown.status_code == 200
    assert "first" not in known.text


def test_nobody_is_written_to_more_often_than_three_times_an_hour(app: Flask, letters: list[bytes]) -> None:
    client = browser_at(app)

    answers = {mailed(client, "/sign-up/mail", OLGA).text for _ in range(TO_ONE_MAX + 3)}
    mailed(client, "/sign-up/mail", "other@example.com")

    addressed = sorted(letter["To"] for letter in arrived(letters, TO_ONE_MAX + 1))
    assert addressed == [OLGA] * TO_ONE_MAX + ["other@example.com"]
    assert len(answers) == 1  # and it is not said


def test_what_is_no_address_is_refused(app: Flask, letters: list[bytes]) -> None:
    client = browser_at(app)

    for path in ("/sign-up/mail", "/find-my-shop"):
        for address in ("", "olga", "a@b\nBcc: all@example.com", "x" * 300 + "@example.com"):
            assert mailed(client, path, address).status_code == 422, (path, address)
    assert letters == []


def test_without_a_server_shops_are_opened_as_before_and_none_is_searched(app: Flask) -> None:
    client = browser_at(app)

    assert 'name="slug"' in client.get("/sign-up/").text
    assert client.get("/find-my-shop").status_code == 404
    assert mailed(client, "/find-my-shop", OLGA).status_code == 404
    assert mailed(client, "/sign-up/mail", OLGA).status_code == 404
    assert "Forgot where" not in client.get("/welcome").text


def test_a_link_is_sent_to_who_is_invited(shop: Shop, client_of: ClientOf, app: Flask, letters: list[bytes]) -> None:
    client = client_of(shop)
    with shop.act() as uow:
        role = uow.execute("SELECT id FROM roles WHERE tenant_id = %(tenant_id)s AND name = 'cashier'").scalar_one()
    form = {"op_id": str(new_id()), "name": "Ben", "login": "ben", "role_id": str(role)}
    token = re.search(r"/links/([\w-]{20,})", client.post_form("/users/", form).text)
    assert token
    path = f"/users/{form['op_id']}/links/mails"
    sent = {"op_id": str(new_id()), "token": token[1], "address": "ben@example.com"}

    assert client.post_form(path, sent | {"address": "nobody@example.com"}).status_code == 422
    assert client.post_form(path, sent).status_code == 303

    (letter,) = arrived(letters, 1)
    assert letter["To"] == "ben@example.com"
    assert browser_at(app, shop.slug).get(way_in(letter).partition("localhost")[2]).status_code == 200
    assert client.post_form(path, sent | {"token": "A" * 43}).status_code in {404, 410}
    assert client.post_form(f"/users/{shop.owner_id}/links/mails", sent).status_code == 404
    assert client_of(shop, "manager").post_form(path, sent).status_code == 403
    with shop.act() as uow:
        told = uow.execute("SELECT after::text FROM audit_events WHERE tenant_id = %(tenant_id)s").scalars()
        assert token[1] not in " ".join(map(str, told))
