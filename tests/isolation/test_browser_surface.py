"""What other people's pages, addresses and names can make a browser do at a shop: nothing.

Promises W2, W3, W5, W6, W8 and S10, generated from the map of addresses.
"""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ledger_web.headers import FIXED
from tests.clients import NOTHING, Client, ShopClient, browser_at
from tests.isolation.conftest import World
from tests.pages import endpoint_of
from tests.shops import PASSWORD, Shop
from tests.surface import Connection, Rows, Site, homes_of, ids_of, one_of_each, rows_of

Browsers = Callable[..., ShopClient]

# Where `next` must not lead, however a browser reads it. Promise S10.
ELSEWHERE = (
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example",
    "/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example", " //evil.example",
    "\n//evil.example", "/\x00/evil.example", "/\x0b/evil.example", "https:evil.example", "https:/evil.example",
    "https:///evil.example", "https://evil.example", "HTTPS://evil.example", "http://evil.example",
    "http:evil.example", "ftp://evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)",
    "data:text/html,x", "vbscript:x", "blob:x", "file:///etc/passwd", "mailto:x@evil.example", "about:blank",
    "http://[", "http://[::1", "//[::1]/", "//user@evil.example", "http://corner.shop.localhost@evil.example",
    "http://corner.shop.localhost.evil.example", "//rival.shop.localhost/", "http://rival.shop.localhost/products/",
    "/%2f%2fevil.example", "/%5cevil.example", "%2f%2fevil.example", "/.//evil.example", "/..//evil.example",
    "/products/..//evil.example", "/products//evil.example", "/;//evil.example", "?//evil.example", "#//evil.example",
    "/\u2028/evil.example", "/\u2029evil.example", "/\uff0fevil.example", "\uff0f\uff0fevil.example",
    "/\u3002evil.example", "/\ufeff/evil.example", "\u200b//evil.example", "evil.example", "@evil.example",
    ".evil.example", "/products/\r\nSet-Cookie: sid=1", "/products/?q=\r\nLocation: //evil.example",
    "/products/#@evil.example", "/static//evil.example", "/static/../..//evil.example",
    "/sign-in?next=//evil.example", "/" * 2000, "/" + "a" * 70_000,
)  # fmt: skip
UNKNOWN = ("TRACE", "PUT", "PATCH", "DELETE", "PROPFIND")
ONLY_OURS = re.compile(r"/(?![/\\])[\x21-\x7e]*")  # an address on this host in plain signs


@pytest.fixture
def app(world: World) -> Iterator[Flask]:
    with world.app.app_context():
        yield world.app


@pytest.fixture
def corner(app: Flask, world: World) -> Shop:
    return world.corner


@pytest.fixture
def rival(app: Flask, world: World) -> Shop:
    return world.rival


@pytest.fixture
def superuser(world: World) -> Connection:
    return world.superuser


@pytest.fixture
def site(world: World) -> Site:
    return world.site


def written(superuser: Connection) -> Rows:
    """All rows of all shops, without what may be noted at any time: when a session was seen, who was refused what."""
    return rows_of(superuser, without=("sessions", "audit_events", "audit_blocks"))


# W3: nobody else's page writes.


def test_w3_no_form_is_taken_without_the_token_of_this_visit(
    site: Site, corner: Shop, rival: Shop, client_of: Browsers, superuser: Connection
) -> None:
    client = client_of(corner)
    client.csrf_token()
    tokens = {
        "none": "",
        "made up": "made up",
        "another visit's": client_of(corner, "cashier").csrf_token(),
        "another shop's": client_of(rival).csrf_token(),
    }
    before = written(superuser)

    for post in site.posts.values():
        for whose, token in tokens.items():
            sent = post.data() | ({"csrf_token": token} if token else {})
            for place, answer in {
                "form": client.post(post.path, data=sent),
                "header": client.post(post.path, data=post.data(), headers={"X-CSRFToken": token}, htmx=True),
                "address": client.post(f"{post.path}?csrf_token={token}", data=post.data()),
            }.items():
                assert answer.status_code == 403, (post.endpoint, whose, place)
    assert written(superuser) == before
    assert client.get("/").status_code == 200, "signed out by one of them"


def test_w3_no_form_is_taken_from_another_place(
    site: Site, corner: Shop, client_of: Browsers, superuser: Connection
) -> None:
    client = client_of(corner)
    token, before = client.csrf_token(), written(superuser)
    places: list[dict[str, str]] = [
        *({"HTTP_SEC_FETCH_SITE": site} for site in ("same-site", "cross-site", "none", "", "SAME-ORIGIN")),
        {"HTTP_SEC_FETCH_SITE": "cross-site", "HTTP_ORIGIN": f"http://{client.host}"},
        {},
        *({"HTTP_ORIGIN": origin} for origin in ("null", "", "http://rival.shop.localhost", f"https://{client.host}")),
        {"HTTP_ORIGIN": f"http://{client.host}.evil.example"},
        {"HTTP_REFERER": f"http://{client.host}/"},
    ]

    for post in site.posts.values():
        for place in places:
            sent = post.data() | {"csrf_token": token}
            answer = Client.open(
                client,
                post.path,
                method="POST",
                base_url=f"http://{client.host}/",
                data=sent,
                environ_overrides=place,
            )
            assert answer.status_code == 403, (post.endpoint, place)
    assert written(superuser) == before
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("step", [6, pytest.param(1, marks=pytest.mark.long)])
def test_w3_asking_writes_nothing(
    site: Site, corner: Shop, client_of: Browsers, superuser: Connection, step: int
) -> None:
    client = client_of(corner)
    own = [str(id) for id in one_of_each(ids_of(superuser, corner.tenant_id))]
    homes = homes_of(superuser, corner.tenant_id)
    before = written(superuser)

    for page in site.pages:
        for method in ("GET", "HEAD", "OPTIONS"):
            assert client.open(page, method=method).status_code < 500, (method, page)
    for number, rule in enumerate(site.rules):
        fits = [id for id, tables in homes.items() if tables & site.kinds.get(rule.endpoint, set())][:2]
        ids = {*fits, *own[number % step :: step]} if fits else own
        for id in ids if rule._converters else ():
            for path in site.paths(rule, id, "GET") if "GET" in (rule.methods or ()) else ():
                assert client.get(path).status_code < 500, path
        for method in UNKNOWN[number % step :: step] or UNKNOWN[:1]:
            path = site.paths(rule, str(NOTHING), next(iter(rule.methods or ())))[0]
            assert client.open(path, method=method).status_code in {403, 405}, (method, path)

    assert written(superuser) == before


# W2, W5, W8: what every answer says beside its content.


def assert_sealed(answer: TestResponse, told: object) -> None:
    for name, value in FIXED.items():
        # The pages that scan may ask for the camera, for themselves alone.
        assert [each.replace("camera=(self)", "camera=()") for each in answer.headers.getlist(name)] == [value], told
    assert answer.headers["Cache-Control"] == "no-store", told
    assert {"Cookie", "HX-Request"} <= set(answer.vary), told
    for name, value in answer.headers:
        if name.lower().startswith("hx-") or name == "Location":
            path = urlsplit(value)._replace(scheme="", netloc="").geturl() if name == "Location" else value
            assert value in {"#messages", "innerHTML", "true"} or ONLY_OURS.fullmatch(path), (told, name, value)


@pytest.mark.parametrize("role", ["owner", "cashier", ""])
def test_w2_w5_w8_every_answer_is_sealed_and_kept_nowhere(
    site: Site, corner: Shop, client_of: Browsers, superuser: Connection, role: str
) -> None:
    client, statuses = client_of(corner, role), set[int]()
    some_id = str(min(ids_of(superuser, corner.tenant_id)["parties"]))

    for rule in site.rules:
        for method in sorted((rule.methods or set()) | {"PATCH"}):
            for id in (str(NOTHING), some_id):
                built = "POST" if "POST" in (rule.methods or ()) else "GET"
                for path in site.paths(rule, id, built)[:1]:
                    answer = client.open(path, method=method, htmx=id == some_id)
                    assert_sealed(answer, (role, method, path))
                    statuses.add(answer.status_code)

    assert statuses >= {303, 403, 404, 405} if role != "owner" else {200, 403, 404, 405}


def test_w2_errors_before_any_shop_is_known_are_sealed_too(app: Flask, corner: Shop) -> None:
    stranger = browser_at(app, "corner")
    for host in ("corner.evil.example", "x.corner.shop.localhost", "nobody.shop.localhost"):
        answer = stranger.get("/", base_url=f"http://{host}/")
        assert answer.status_code in {400, 404}
        assert_sealed(answer, host)
    assert_sealed(stranger.post("/sign-in", data=b"x" * 3_000_000), "too large")
    assert_sealed(stranger.get("/static/nothing", headers={"Cookie": "\xff"}), "nothing")


# W6: a page is whole and a piece is a piece, whoever asks for which.


def test_w6_whoever_asks_for_a_page_gets_a_page_and_htmx_a_piece_of_it(
    site: Site, corner: Shop, client_of: Browsers
) -> None:
    client, pieces = client_of(corner), 0
    for page in site.pages:
        whole = client.get(page)
        if whole.mimetype != "text/html" or whole.status_code != 200:
            continue
        assert _is_whole(whole), page
        for header in ("HX-History-Restore-Request", "HX-Boosted"):
            again = client.get(page, htmx=True, headers={header: "true"})
            assert _is_whole(again), (header, page)
        piece = client.get(page, htmx=True)
        assert piece.status_code == 200, page
        if not _is_whole(piece):
            assert "<html" not in piece.text, page
            assert re.match(r'\s*<[a-z]+\b[^>]*\sid="[a-z]', piece.text), (page, piece.text[:80])
            pieces += 1
    assert pieces > 10


def _is_whole(answer: TestResponse) -> bool:
    text = answer.text.strip().lower()
    return text.startswith("<!doctype html>") and text.endswith("</html>") and text.count("<html") == 1


# S10: `next` stays here.


@pytest.mark.parametrize("text", ELSEWHERE, ids=range(len(ELSEWHERE)))
def test_s10_next_leads_to_a_page_of_ours(corner: Shop, client_of: Browsers, text: str) -> None:
    owner, stranger = client_of(corner), client_of(corner, "")
    asked = {"next": text[:3000]}
    here = {"HX-Current-URL": text[:3000].translate(dict.fromkeys(map(ord, "\r\n\x00")))}
    here = {name: value.encode().decode("latin-1") for name, value in here.items()}

    answers = [
        owner.get("/sign-in", query_string=asked),
        owner.get("/sign-in", query_string=asked, htmx=True),
        owner.post_form("/appearance", {"theme": "dark", "next": text}),
        owner.post_form("/appearance", {"theme": "dark", "next": text}, htmx=True),
        stranger.get("/products/", headers=here),
        stranger.get("/products/", headers=here, htmx=True),
        stranger.get("/sign-in", query_string=asked),
    ]

    for answer in answers:
        assert answer.status_code in {200, 204, 303, 401, 413}, answer.status
        for target in (answer.location, answer.headers.get("HX-Redirect")):
            assert target is None or _is_a_page_of_ours(stranger.application, target), target


def test_s10_signing_in_leads_to_a_page_of_ours(corner: Shop, client_of: Browsers) -> None:
    for text in ("//evil.example", "https:evil.example", "/\t/evil.example", "/products/"):
        signed_in = client_of(corner, "").post_form("/sign-in", {"login": "owner", "password": PASSWORD, "next": text})
        assert signed_in.location == {"/products/": "/products/", "/\t/evil.example": None}.get(text, "/"), (
            signed_in.status
        )


def _is_a_page_of_ours(app: Flask, target: str) -> bool:
    return bool(ONLY_OURS.fullmatch(target)) and endpoint_of(app, target.partition("?")[0]) not in {None, "static"}
