"""Walking through the site as a browser without JavaScript would: links are followed, forms are found and read."""

from collections import deque
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from tests.clients import ShopClient

FORGOTTEN_BY_BROWSERS = {"reset", "image"}


@dataclass(frozen=True, slots=True)
class FoundField:
    """A control of a form. `value` is what it sends if nobody touches it; None: it sends nothing then."""

    name: str
    kind: str  # the type of an input; select, textarea or button
    value: str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundForm:
    """A form on a page."""

    page: str
    action: str
    method: str
    fields: tuple[FoundField, ...]

    def data(self) -> dict[str, list[str]]:
        """What the form sends as it stands: by a button without a name, if it has one, else by its first button."""
        sent: dict[str, list[str]] = {}
        has_button = any(each.kind == "button" and not each.name for each in self.fields)
        for each in self.fields:
            if each.kind == "button" and not has_button:
                has_button = True
                sent[each.name] = [each.value or ""]
            elif each.value is not None and each.kind not in {"file", "button"}:
                sent.setdefault(each.name, []).append(each.value)
        return sent


@dataclass(slots=True)
class FoundPage:
    """One page of the site: its address, what answers there, and what it holds."""

    path: str
    endpoint: str
    html: str
    links: list[str] = field(default_factory=list)
    forms: list[FoundForm] = field(default_factory=list)


class _Reader(HTMLParser):
    """Reads links and forms, `form="id"` on a control outside of its form included."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.forms: dict[str, FoundForm] = {}
        self._open = ""
        self._select: tuple[str, str, list[str], str | None] | None = None
        self._textarea: tuple[str, str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(urljoin(self.path, given["href"]))
        elif tag == "form":
            self._open = given.get("id") or f"form {len(self.forms)}"
            known = self.forms.get(self._open)
            action, method = urljoin(self.path, given.get("action", "")), given.get("method", "get").lower()
            self.forms[self._open] = FoundForm(self.path, action, method, known.fields if known else ())
        elif tag in {"input", "select", "textarea", "button"} and "disabled" not in given:
            self._control(tag, given, given.get("form") or self._open)
        elif tag == "option" and self._select:
            self._option(given)

    def handle_data(self, data: str) -> None:
        if self._textarea:
            form, name, text = self._textarea
            self._textarea = (form, name, text + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = ""
        elif tag == "select" and self._select:
            form, name, choices, chosen = self._select
            value = chosen if chosen is not None else (choices[0] if choices else None)
            self._add(form, FoundField(name, "select", value, tuple(choices)))
            self._select = None
        elif tag == "textarea" and self._textarea:
            form, name, text = self._textarea
            self._add(form, FoundField(name, "textarea", text.strip("\r\n")))
            self._textarea = None

    def _control(self, tag: str, given: dict[str, str], form: str) -> None:
        kind = given.get("type", "text") if tag == "input" else tag
        given.setdefault("name", "")
        if not given["name"] and (tag != "button" or given.get("type", "submit") != "submit"):
            return
        if tag == "select":
            self._select = (form, given["name"], [], None)
        elif tag == "textarea":
            self._textarea = (form, given["name"], "")
        elif kind in {"checkbox", "radio"}:
            value = given.get("value", "on")
            self._add(form, FoundField(given["name"], kind, value if "checked" in given else None, (value,)))
        elif tag in {"input", "button"} and kind not in FORGOTTEN_BY_BROWSERS:
            self._add(form, FoundField(given["name"], kind, given.get("value", "")))

    def _option(self, given: dict[str, str]) -> None:
        assert self._select
        form, name, choices, chosen = self._select
        value = given.get("value", "")
        self._select = (form, name, [*choices, value], value if "selected" in given else chosen)

    def _add(self, form: str, found: FoundField) -> None:
        known = self.forms.get(form) or FoundForm(self.path, "", "get", ())
        self.forms[form] = replace(known, fields=(*known.fields, found))


def read_page(path: str, endpoint: str, html: str) -> FoundPage:
    reader = _Reader(path)
    reader.feed(html)
    forms = [each for each in reader.forms.values() if each.action]
    return FoundPage(path, endpoint, html, reader.links, forms)


def walk(app: Flask, client: ShopClient, start: str = "/") -> list[FoundPage]:
    """Return one page of each kind that links lead to from `start`: one of each endpoint and set of its arguments."""
    waiting, seen, pages = deque([start]), set(), []
    while waiting:
        path = waiting.popleft()
        endpoint = endpoint_of(app, path)
        kind = (endpoint, frozenset(part.partition("=")[0] for part in urlsplit(path).query.split("&")))
        if endpoint in {None, "static"} or kind in seen:
            continue
        seen.add(kind)
        response = client.get(path)
        assert response.status_code < 500, path
        if response.mimetype == "text/html":
            pages.append(read_page(path, endpoint or "", response.text))
            waiting.extend(pages[-1].links)
        if response.location:
            waiting.append(response.location)
    return pages


def endpoint_of(app: Flask, path: str, method: str = "GET") -> str | None:
    """Say which of our handlers answers at an address; None where none does."""
    parts = urlsplit(path)
    if parts.scheme not in {"", "http"}:
        return None
    try:
        endpoint, _ = app.url_map.bind("").match(parts.path, method=method)
    except (HTTPException, RequestRedirect):
        return None
    return str(endpoint)
