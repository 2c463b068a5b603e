"""What people type is shown, and is nothing else: no element, no attribute, no address. Promise W1, lightly."""

from html.parser import HTMLParser

from flask import Flask

from tests.attack import Browsers
from tests.clients import ShopClient
from tests.pages import walk
from tests.shops import Shop
from tests.surface import UUID, furnish_with

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
DRAWN = {"x", "y", "font-size", "font-weight", "text-anchor", "direction"}


class Shape(HTMLParser):
    """What a page is made of: its elements with the names of their attributes, and where they lead. No content."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.targets: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = tuple(name for name, _ in attrs)
        if tag != "text" or not set(names) <= DRAWN:  # a long name takes more lines of a label than a short one
            self.elements.append((tag, names))
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
