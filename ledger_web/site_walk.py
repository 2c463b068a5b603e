"""Opening every page of a shop in this process, to see what they ask of the database. Only questions, no form is sent.

No session is made for it: each handler is called as if the shop's owner had asked, and what it shows is thrown away.
"""

import contextvars
import re
from collections import deque
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Final
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from ledger_web.domain.errors import LedgerError
from ledger_web.domain.permissions import ALL, NO_LIMITS
from ledger_web.identity import Identity
from ledger_web.tenancy import Tenant

TYPED: Final = "te"  # into every field to search in
DAY: Final = "2025-01-06"  # into every field for a day
CHOICES_MAX: Final = 4  # of each list to choose from
FILE: Final = re.compile(r"\.(csv|xlsx|pdf|zip|json|png|svg)$")  # whole lists, which may read all there is


class _Reader(HTMLParser):
    """Collects where a page leads without writing: links, what htmx fetches, forms that only ask."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.found: list[str] = []
        self._form: str | None = None
        self._values: dict[str, str] = {}
        self._choices: list[tuple[str, str]] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name in ("href", "hx-get"):
            if name in given and tag not in {"link", "use", "image"}:
                self.found.append(urljoin(self.path, given[name]))
        if tag == "form":
            is_question = given.get("method", "get").lower() == "get"
            self._form = urljoin(self.path, given.get("action", "")) if is_question else None
            self._values, self._choices = {}, []
        elif self._form is not None and given.get("name"):
            self._control(tag, given)
        elif tag == "option" and self._select and given.get("value"):
            self._choices.append((self._select, given["value"]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "form" and self._form is not None:
            self._ask({}, *({name: value} for name, value in self._choices))
            self._form = None

    def _control(self, tag: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text") if tag == "input" else tag
        if kind == "select":
            self._select = given["name"]
        elif kind in {"text", "search"} and not given.get("value"):
            self._values[given["name"]] = TYPED
        elif kind == "date" and not given.get("value"):
            self._values[given["name"]] = DAY
        elif kind in {"checkbox", "radio"}:
            self._choices.append((given["name"], given.get("value", "on")))
        elif kind not in {"submit", "button", "textarea"}:
            self._values[given["name"]] = given.get("value", "")

    def _ask(self, *more: dict[str, str]) -> None:
        taken: dict[str, int] = {}
        for each in more:
            for name in each:
                taken[name] = taken.get(name, 0) + 1
            if all(taken[name] <= CHOICES_MAX for name in each):
                for typed in ({}, self._values):
                    asked = {name: value for name, value in (typed | each).items() if value}
                    self.found.append(f"{str(self._form).partition('?')[0]}?{urlencode(asked)}")


def walk_site(app: Flask, tenant: Tenant, owner: Identity, note: Callable[[str], None]) -> list[str]:
    """Open one page of each kind, and return their endpoints.

    A kind is an endpoint with the names of its arguments; of those that are chosen from a list, each value.

    Args:
        note: Is told the endpoint before its page is opened.
    """
    waiting = deque(["/", *_plain_addresses(app)])
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        path = waiting.popleft()
        endpoint = _endpoint_of(app, path)
        kind = (endpoint, frozenset(_kinds(path)))
        if not endpoint or endpoint == "static" or kind in seen or FILE.search(urlsplit(path).path):
            continue
        seen.add(kind)
        note(endpoint)
        waiting.extend(contextvars.Context().run(_open, app, tenant, owner, path))
    return sorted({endpoint for endpoint, _ in seen})


def owner_of(tenant: Tenant, user_id: object) -> Identity:
    """Return somebody who may see everything of a shop."""
    return Identity(
        tenant_id=tenant.id,
        user_id=user_id,  # type: ignore[arg-type]
        user_name="operator",
        role_name="owner",
        session_id=bytes(32),
        permissions=ALL,
        limits=NO_LIMITS,
    )


def _plain_addresses(app: Flask) -> Iterator[str]:
    """Addresses that name no thing, whether a link leads there or not."""
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule._converters:
            yield rule.rule


def _endpoint_of(app: Flask, path: str) -> str:
    parts = urlsplit(path)
    if parts.scheme or parts.netloc:
        return ""
    try:
        endpoint, _ = app.url_map.bind("").match(parts.path, method="GET")
    except (HTTPException, RequestRedirect):
        return ""
    view = app.view_functions[str(endpoint)]
    is_elsewhere = getattr(view, "is_on_bare_domain", False) or getattr(view, "is_operators_only", False)
    return "" if is_elsewhere else str(endpoint)


def _kinds(path: str) -> Iterator[str]:
    for name, value in parse_qsl(urlsplit(path).query):
        yield f"{name}={value}" if value.isalpha() and value != TYPED else name


def _open(app: Flask, tenant: Tenant, owner: Identity, path: str) -> list[str]:
    with app.test_request_context(path, base_url=f"http://{tenant.slug}.{app.config['BASE_DOMAIN']}/") as context:
        g.request_id, g.slug, g.tenant, g.identity, g.locale = "", tenant.slug, tenant, owner, tenant.locale
        try:
            view = app.view_functions[str(context.request.endpoint)]
            answer = app.make_response(app.ensure_sync(view)(**(context.request.view_args or {})))
        except (LedgerError, HTTPException):
            return []  # a page that is not there for such a value
        return _leads(answer, path)


def _leads(answer: Response, path: str) -> list[str]:
    answer.direct_passthrough = False
    reader = _Reader(path)
    if answer.mimetype == "text/html":
        reader.feed(answer.get_data(as_text=True))
    return [*reader.found, *([answer.location] if answer.location else [])]
