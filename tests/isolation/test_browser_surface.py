"""What other people's pages, addresses and names can make a browser do at a shop: nothing.

Promises W1 (lightly), W2, W3, W5, W8 and S10, generated from the map of addresses.
"""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ledger_web.headers import FIXED
from tests.clients import NOTHING, Client, ShopClient, browser_at
from tests.databases import Database
from tests.pages import endpoint_of, walk
from tests.shops import PASSWORD, Shop
from tests.surface import (
    UUID,
    Connection,
    Rows,
    Site,
    find_site,
    furnish_with,
    ids_of,
    looking_at,
    one_of_each,
    rows_of,
)

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
ONLY_OURS = re.compile(r"/(?![/\\])[\x21-\x7e]*")  # an address on this host in plain signs


@pytest.fixture
def superuser(database: Database) -> Iterator[Connection]:
    with looking_at(database) as connection:
        yield connection


@pytest.fixture
def site(app: Flask, corner: Shop, client_of: Browsers, superuser: Connection) -> Site:
    furnish_with(corner, "Corner", "2100000001002")
    return find_site(app, lambda: client_of(corner), ids_of(superuser, corner.tenant_id))


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


def test_w3_asking_writes_nothing(site: Site, corner: Shop, client_of: Browsers, superuser: Connection) -> None:
    client, ids = client_of(corner), ids_of(superuser, corner.tenant_id)
    own = [str(id) for id in one_of_each(ids)]
    before = written(superuser)

    for page in site.pages:
        for method in ("GET", "HEAD", "OPTIONS"):
            assert client.open(page, method=method).status_code < 500, (method, page)
    for rule in site.rules:
        for id in own if rule._converters else ():
            for path in site.paths(rule, id, "GET") if "GET" in (rule.methods or ()) else ():
                assert client.get(path).status_code < 500, path
        for method in ("TRACE", "PUT", "PATCH", "DELETE", "PROPFIND"):
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
def test_w2_w5_every_answer_is_sealed_and_kept_nowhere(
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


# W1: what people type is shown, and is nothing else.

HOSTILE = " ".join(
    (
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "'><svg onload=alert(1)>",
        "</textarea><b id=x>",
        "</title><b>",
        "--><b>",
        "' onmouseover='alert(1)",
        '" hx-get="/" hx-trigger="load',
        "`onfocus=alert(1) autofocus`",
        "{{ 7*7 }}",
        "&lt;b&gt;&#60;b&#62;",
        "<b hx-on:click=alert(1)>",
        "]]><b>",
    )
)
HARMLESS = "Harmless"


class Shape(HTMLParser):
    """What a page is made of: its elements with the names of their attributes, and where they lead. No content."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.targets: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.targets += [value or "" for name, value in attrs if name in {"href", "action", "src", "hx-get", "hx-post"}]


def test_w1_hostile_names_create_no_element_and_no_attribute(
    app: Flask, corner: Shop, rival: Shop, client_of: Browsers
) -> None:
    """Two shops live through the same, one with hostile texts everywhere: their pages are made of the same."""
    furnish_with(corner, HARMLESS, "2100000001002")
    furnish_with(rival, HOSTILE, "2100000001002")

    harmless, hostile = _shapes(app, client_of(corner), HARMLESS), _shapes(app, client_of(rival), HOSTILE)

    assert len(harmless) > 100
    assert hostile.keys() == harmless.keys()
    for place, shape in hostile.items():
        assert shape.elements == harmless[place].elements, place
        assert [each for each in shape.targets if not each.startswith(("/", "#", "?", "tel:", "../"))] == [], place


def _shapes(app: Flask, client: ShopClient, word: str) -> dict[tuple[str, str, bool], Shape]:
    """Return the shape of each page and fragment that links lead to, and of those asked with the word."""
    shapes = {}
    for page in walk(app, client):
        path, _, query = page.path.partition("?")
        names = ",".join(sorted({part.partition("=")[0] for part in query.split("&")}))
        asked = dict.fromkeys(("q", "customer_q", "name", "barcode", "number", "since"), word[:30])
        for htmx in (False, True):
            for kind, answer in {
                names: client.get(page.path, htmx=htmx),
                "asked": client.get(path, query_string=asked, htmx=htmx),
            }.items():
                if answer.mimetype == "text/html":
                    shapes[f"{page.endpoint} {UUID.sub('ID', path)}", kind, htmx] = Shape(answer.text)
    return shapes
