"""What is mailed to people who are not signed in, and to those who are let in; and what nobody learns by it."""

import re
import time
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from typing import Any

from flask import Flask

from ledger_web.csrf import VISIT_COOKIE
from ledger_web.domain.ids import new_id
from ledger_web.identity import SESSION_COOKIE
from ledger_web.services.mailing import OF_SHOP_MAX, OF_SHOP_TO_ONE_MAX, TO_ONE_MAX
from ledger_web.services.shop_lifecycle import SuspendShop, suspend_shop
from ledger_web.strangers import digest_of_address, proof_of, proven
from tests.clients import ShopClient, browser_at
from tests.databases import SECRET_KEY, Database
from tests.shops import PASSWORD, Shop, add_product, open_a_shop, sell

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
        open_a_shop(slug, owner_mail=owner_mail)
    client = browser_at(app)

    unknown, known = mailed(client, "/find-my-shop", "some@example.com"), mailed(client, "/find-my-shop", OLGA)

    (letter,) = arrived(letters, 1)
    assert letter["To"] == OLGA
    assert re.findall(r"http://(\w+)\.shop", letter.get_content()) == ["first", "second"]
    masked = [re.sub("(olga|some)@example.com|nonce-[^\"']+", "X", answer.text) for answer in (known, unknown)]
    assert masked[0] == masked[1]
    assert known.status_code == unknown.status_code == 200
    assert "first" not in known.text


def test_o5_a_new_secret_signs_the_former_is_believed_and_then_it_is_not(
    app: Flask, database: Database, letters: list[bytes]
) -> None:
    smtp = {name: app.config[name] for name in ("SMTP_HOST", "SMTP_PORT", "SMTP_FROM", "SMTP_TLS")}
    both = database.make_app(secret_key="another secret, which is as long", secret_key_fallbacks=(SECRET_KEY,))
    new = database.make_app(secret_key="another secret, which is as long")
    for each in (both, new):
        each.config.update(smtp)
    with app.test_request_context():
        shop = open_a_shop("bazaar", owner_mail=digest_of_address(OLGA))
    till = browser_at(app, "bazaar")
    till.sign_in_as(shop, "owner")
    page = till.get("/customers/new").text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]

    def sends_form(served_by: Flask) -> int:
        later = browser_at(served_by, "bazaar")
        for name in (SESSION_COOKIE, VISIT_COOKIE):
            later.set_cookie(name, till.cookie(name) or "", domain=later.host)
        return later.post("/customers/", data={"csrf_token": token, "op_id": str(new_id())}).status_code

    assert sends_form(new) == 403
    assert sends_form(both) == 422  # the token is believed; the name is missing
    with app.test_request_context():
        proof = proof_of(OLGA)
    with new.test_request_context():
        assert proven(proof) is None
    with both.test_request_context():
        assert proven(proof) == OLGA
        proof = proof_of(OLGA)
    with new.test_request_context():
        assert proven(proof) == OLGA

    mailed(browser_at(new), "/find-my-shop", OLGA)
    mailed(browser_at(both), "/find-my-shop", OLGA)
    mailed(browser_at(new), "/find-my-shop", OLGA)
    assert len(arrived(letters, 3)) == 2


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
        told = uow.execute("SELECT action || after::text FROM audit_events WHERE tenant_id = %(tenant_id)s").scalars()
        said = " ".join(map(str, told))
    assert 'user.send_link{"to": "ben@example.com"}' in said
    assert token[1] not in said


def set_address(shop: Shop, address: str, client: ShopClient) -> Any:
    return client.post_form("/account/email", {"email": address, "email_password": PASSWORD})


def prove_address(shop: Shop, address: str, client: ShopClient, letters: list[bytes]) -> None:
    """Set an address, open the link that comes, and begin with an empty mailbox again."""
    assert set_address(shop, address, client).status_code == 303
    way = way_in(arrived(letters, 1)[0]).partition("localhost")[2]
    assert client.post_form(way, {}).status_code == 303
    letters.clear()


def test_who_lost_the_password_is_mailed_a_link_that_works_once(
    shop: Shop, client_of: ClientOf, app: Flask, letters: list[bytes]
) -> None:
    owner, stranger = client_of(shop), client_of(shop, "")
    assert "Forgotten?" in stranger.get("/sign-in").text
    prove_address(shop, "Olga@Example.com", owner, letters)
    earlier = stranger.post_form("/forgotten/", {"op_id": str(new_id()), "who": "owner"})

    answer = stranger.post_form("/forgotten/", {"op_id": str(new_id()), "who": " OLGA@example.com "}, htmx=True)

    assert answer.status_code == earlier.status_code == 200
    letter = arrived(letters, 2)[-1]
    assert letter["To"] == OLGA
    suspend_shop(SuspendShop(), shop.act())  # the books stand still, and the way in to read them stays open
    ways = [way_in(each).partition("localhost")[2] for each in arrived(letters, 2)]
    chosen = {"new_password": "a-fresh-one-77", "again": "a-fresh-one-77"}
    assert stranger.post_form(ways[0], chosen).status_code == 303
    assert [stranger.post_form(way, chosen).status_code for way in ways] == [404, 404]  # the other one has ended, too
    assert owner.get("/account/").status_code == 303
    signed_in = stranger.post_form("/sign-in", {"login": "owner", "password": "a-fresh-one-77"})
    assert signed_in.headers["Location"] == "/"
    with shop.act() as uow:
        told = [
            (row.action, str(row.after))
            for row in uow.execute("SELECT action, after FROM audit_events WHERE tenant_id = %(tenant_id)s")
        ]
    assert {"user.ask_email", "user.prove_email", "user.ask_link", "user.use_link"} <= {action for action, _ in told}
    assert ways[0].rpartition("/")[2] not in str(told)


def test_s5_whether_somebody_works_here_is_not_said_to_who_asks_for_a_link(
    shop: Shop, client_of: ClientOf, letters: list[bytes]
) -> None:
    prove_address(shop, OLGA, client_of(shop), letters)
    stranger = client_of(shop, "")
    texts = set()

    for n in range(4):
        for who in ("owner", f"stranger {n}", "cashier"):  # a cashier without an address
            answer = stranger.post_form("/forgotten/", {"op_id": str(new_id()), "who": who})
            texts.add(re.sub(r"(value|nonce|content|X-CSRFToken)[^>]*", "", answer.text))

    assert len(texts) == 1
    assert [letter["To"] for letter in arrived(letters, 3)] == [OLGA] * 3


def test_a_link_is_asked_for_at_the_shop_where_somebody_works(
    shop: Shop, rival: Shop, client_of: ClientOf, letters: list[bytes]
) -> None:
    prove_address(shop, OLGA, client_of(shop), letters)

    client_of(rival, "").post_form("/forgotten/", {"op_id": str(new_id()), "who": OLGA})
    client_of(shop, "").post_form("/forgotten/", {"op_id": str(new_id()), "who": OLGA})

    (letter,) = arrived(letters, 1)
    letters.clear()
    assert way_in(letter).startswith("http://corner.shop.localhost/links/")
    assert set_address(rival, OLGA, client_of(rival)).status_code == 303  # and who has it elsewhere is not said
    token = way_in(letter).partition("localhost")[2]
    assert client_of(rival, "").get(token).status_code == 404


def test_an_address_counts_once_its_link_was_opened_by_whom_it_is_to_belong_to(
    shop: Shop, client_of: ClientOf, letters: list[bytes], database: Database
) -> None:
    owner, manager, stranger = client_of(shop), client_of(shop, "manager"), client_of(shop, "")

    def ask_for_link() -> None:
        stranger.post_form("/forgotten/", {"op_id": str(new_id()), "who": "owner"})

    assert set_address(shop, "olga@exampel.com", owner).status_code == 303  # a typing error
    (letter,) = arrived(letters, 1)
    assert letter["To"] == "olga@exampel.com"
    way = way_in(letter).partition("localhost")[2]
    ask_for_link()
    assert "/sign-in" in stranger.get(way).headers["Location"]
    assert [manager.get(way).status_code, manager.post_form(way, {}).status_code] == [404, 404]
    assert "olga@exampel.com" in owner.get("/account/").text
    assert set_address(shop, OLGA, owner).status_code == 303
    assert owner.post_form(way, {}).status_code == 404  # another was asked for meanwhile
    newer = way_in(arrived(letters, 2)[1]).partition("localhost")[2]
    assert "Yes, it is mine" in owner.get(newer).text  # and looking changes nothing
    ask_for_link()
    assert owner.post_form(newer, {}).status_code == 303
    assert owner.post_form(newer, {}).status_code == 404
    ask_for_link()
    assert [letter["To"] for letter in arrived(letters, 3)] == ["olga@exampel.com", OLGA, OLGA]
    with shop.act() as uow:
        kept = uow.execute("SELECT token_digest::text FROM email_links WHERE tenant_id = %(tenant_id)s").scalars().all()
    assert newer.rpartition("/")[2] not in str(kept)

    assert set_address(shop, "third@example.com", owner).status_code == 303
    late = way_in(arrived(letters, 4)[3]).partition("localhost")[2]
    with database.connect() as superuser:
        superuser.execute("UPDATE email_links SET expires_at = expires_at - interval '30 minutes'")
    assert owner.get(late).status_code == 404


def test_the_address_before_is_told_and_links_on_their_way_there_end(
    shop: Shop, client_of: ClientOf, app: Flask, letters: list[bytes]
) -> None:
    owner = client_of(shop)
    prove_address(shop, OLGA, owner, letters)
    client_of(shop, "").post_form("/forgotten/", {"op_id": str(new_id()), "who": "owner"})
    on_its_way = way_in(arrived(letters, 1)[0]).partition("localhost")[2]

    set_address(shop, "new@example.com", owner)
    owner.post_form(way_in(arrived(letters, 2)[1]).partition("localhost")[2], {})

    told = arrived(letters, 3)[2]
    assert told["To"] == OLGA
    assert "no longer" in told.get_content()
    assert owner.get(on_its_way).status_code == 404
    mailed(browser_at(app), "/find-my-shop", OLGA)
    mailed(browser_at(app), "/find-my-shop", "new@example.com")
    assert arrived(letters, 4)[3]["To"] == "new@example.com"
    assert set_address(shop, "", owner).status_code == 303
    assert arrived(letters, 5)[4]["To"] == "new@example.com"


def test_an_address_that_somebody_else_types_is_proved_by_whom_it_is_for(
    shop: Shop, client_of: ClientOf, letters: list[bytes]
) -> None:
    owner, manager = client_of(shop), client_of(shop, "manager")
    with shop.act() as uow:
        manager_id = uow.execute(
            "SELECT id FROM users WHERE tenant_id = %(tenant_id)s AND login = 'manager'"
        ).scalar_one()
    path = f"/users/{manager_id}"
    page = owner.get(path).text
    facts = dict(re.findall(r'name="(op_id|version)"[^>]*value="([^"]+)"', page))
    chosen = re.search(r'<option selected value="([^"]+)"', page)
    assert chosen
    facts |= {"name": "Manager", "login": "manager", "role_id": chosen[1]}

    assert owner.post_form(path, facts | {"email": "thief@example.com"}).status_code == 303
    (letter,) = arrived(letters, 1)
    way = way_in(letter).partition("localhost")[2]
    assert owner.post_form(way, {}).status_code == 404
    client_of(shop, "").post_form("/forgotten/", {"op_id": str(new_id()), "who": "manager"})
    assert manager.post_form(way, {}).status_code == 303
    client_of(shop, "").post_form("/forgotten/", {"op_id": str(new_id()), "who": "manager"})

    assert [letter["To"] for letter in arrived(letters, 2)] == ["thief@example.com"] * 2


def test_nobody_is_asked_more_often_than_a_few_times_an_hour(
    shop: Shop, client_of: ClientOf, letters: list[bytes]
) -> None:
    owner = client_of(shop)

    answers = [set_address(shop, OLGA, owner).status_code for _ in range(OF_SHOP_TO_ONE_MAX)]
    refused = set_address(shop, OLGA, owner)

    assert answers == [303] * OF_SHOP_TO_ONE_MAX
    assert refused.status_code == 429
    assert f"as many e-mails to {OLGA} as it may within an hour. Wait 60 minutes, then try again." in refused.text
    assert f'value="{OLGA}"' in refused.text
    assert len(arrived(letters, OF_SHOP_TO_ONE_MAX)) == OF_SHOP_TO_ONE_MAX


def test_one_mailbox_is_one_however_it_is_written(shop: Shop, client_of: ClientOf, letters: list[bytes]) -> None:
    client, product = client_of(shop), add_product(shop)
    wanted = ["Olga@Example.com", "olga@example.com", *(f"olga+{number}@example.com" for number in range(4)), "o@x.org"]

    answers = [
        client.post_form(
            f"/sales/{sell(shop, (product, 1, 115_00))}/mails", {"op_id": str(new_id()), "address": each}
        ).status_code
        for each in wanted
    ]

    assert (answers[:5].count(429), answers[5:]) == (0, [429, answers[0]])


def test_a_shop_that_sent_enough_is_told_so_and_keeps_what_was_typed(
    shop: Shop, client_of: ClientOf, letters: list[bytes], database: Database
) -> None:
    client = client_of(shop)
    sale_id = sell(shop, (add_product(shop), 1, 115_00))
    with shop.act() as uow:
        role = uow.execute("SELECT id FROM roles WHERE tenant_id = %(tenant_id)s AND name = 'cashier'").scalar_one()
    anna = {"op_id": str(new_id()), "name": "Anna", "login": "anna", "role_id": str(role)}
    made = client.post_form("/users/", anna)
    token = re.search(r"/links/([\w-]{20,})", made.text)
    assert token
    address = {"address": "new@example.com"}
    forms: list[tuple[str, dict[str, str]]] = [
        (f"/sales/{sale_id}/mails", address),
        (f"/users/{anna['op_id']}/links/mails", address | {"token": token[1]}),
        ("/users/", anna | {"name": "Ben", "login": "ben", "email": "new@example.com"}),
        ("/account/email", {"email": "new@example.com", "email_password": PASSWORD}),
    ]

    def send(form: tuple[str, dict[str, str]]) -> Any:
        return client.post_form(form[0], form[1] | {"op_id": str(new_id())})

    send(forms[0])
    with database.connect() as superuser:
        superuser.execute("UPDATE mail_requests SET requests = %s", [OF_SHOP_MAX])
    for form in forms:
        refused = send(form)
        assert refused.status_code == 429, form
        assert "This shop has sent as many e-mails as it may within an hour." in refused.text, form
        assert 'value="new@example.com"' in refused.text, form
    assert len(arrived(letters, 1)) == 1
    with database.connect() as superuser:
        superuser.execute("UPDATE mail_requests SET requests = 0")
    assert [send(form).status_code for form in forms] == [303, 303, 200, 303]
    assert len(arrived(letters, 5)) == 5


def test_without_a_server_it_is_said_whom_to_ask(shop: Shop, client_of: ClientOf) -> None:
    stranger = client_of(shop, "")

    assert "Ask the owner of this shop" in stranger.get("/forgotten/").text
    assert stranger.post_form("/forgotten/", {"op_id": str(new_id()), "who": "owner"}).status_code == 404


def test_an_address_takes_the_password_and_is_one_persons(shop: Shop, client_of: ClientOf) -> None:
    owner, manager = client_of(shop), client_of(shop, "manager")

    wrong = owner.post_form("/account/email", {"email": OLGA, "email_password": "a guess"})
    assert wrong.status_code == 422
    assert owner.post_form("/account/email", {"email": "olga", "email_password": PASSWORD}).status_code == 422
    assert set_address(shop, OLGA, owner).status_code == 303
    taken = set_address(shop, OLGA, manager)
    assert taken.status_code == 422
    assert "Somebody here has this e-mail address already" in taken.text
    page = owner.get(f"/users/{shop.owner_id}").text
    form = dict(re.findall(r'name="(op_id|version|role_id)"[^>]*value="([^"]+)"', page))
    chosen = re.search(r'<option selected value="([^"]+)"', page)
    assert chosen
    facts = form | {"name": "Olga", "login": "owner", "role_id": chosen[1]}
    refused = owner.post_form(f"/users/{shop.owner_id}", facts | {"email": "thief@example.com"})
    assert refused.status_code == 422
    assert "Your account" in refused.text
    assert owner.post_form(f"/users/{shop.owner_id}", facts | {"email": OLGA}).status_code == 303
    assert set_address(shop, "", owner).status_code == 303
