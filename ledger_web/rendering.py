"""Whole page or fragment, decided in one place; what every template may count on; where a request goes next."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from babel import Locale
from flask import (
    Flask,
    Response,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from htmx_flask import Htmx
from jinja2 import nodes, pass_eval_context
from jinja2.ext import Extension
from jinja2.nodes import EvalContext
from jinja2.parser import Parser
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from ledger_web.cookies import OwnCookiesRequest
from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import ENGLISH, LANGUAGES, counted, gettext, gettext_noop, ngettext
from ledger_web.domain.script_texts import SCRIPT_TEXTS
from ledger_web.filters import as_the_shop
from ledger_web.identity import TILL_COOKIE, may, may_open

NAVIGATION = (  # endpoint, label, icon, shortcut
    ("sell.show", gettext_noop("Sell"), "sell", "Alt+S"),
    ("sales.index", gettext_noop("Sales"), "sales", "Alt+L"),
    ("products.index", gettext_noop("Products"), "products", "Alt+P"),
    ("purchases.index", gettext_noop("Purchases"), "box", "Alt+U"),
    ("customers.index", gettext_noop("Customers"), "customers", "Alt+C"),
    ("drawers.index", gettext_noop("Drawers"), "drawers", "Alt+W"),
    ("transactions.index", gettext_noop("Books"), "scales", "Alt+B"),
    ("reports.index", gettext_noop("Reports"), "reports", "Alt+R"),
    ("admin.index", gettext_noop("Admin"), "admin", "Alt+A"),
)
OPERATORS_NAVIGATION = (
    ("operators.index", gettext_noop("Shops"), "box", "Alt+S"),
    ("operators.system", gettext_noop("The system"), "admin", "Alt+Y"),
    ("audit.index", gettext_noop("Log"), "reports", "Alt+L"),
)
# Pages that are a part of another place in the navigation.
_PART_OF = {
    "rates": "purchases",
    "users": "admin",
    "roles": "admin",
    "tills": "admin",
    "audit": "admin",
    "settings": "admin",
    "domains": "admin",
    "exports": "admin",
    "stock": "products",
    "stock_counts": "products",
    "accounts": "transactions",
    "expenses": "transactions",
    "books": "transactions",
}
THEME_COOKIE = "__Host-theme"
LANGUAGE_COOKIE = "__Host-language"  # of strangers; who is signed in has a language of their own, or the shop's
THEMES = ("system", "light", "dark")

_PLAIN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]{0,1000}")  # printable ASCII without backslash


@dataclass(frozen=True, slots=True)
class Destination:
    """A place in the navigation."""

    url: str
    label: str
    icon: str
    shortcut: str
    is_current: bool


def init_app(app: Flask) -> None:
    """Tell requests about htmx, templates about who asks, and static files which version they are."""
    Htmx(app)
    app.request_class = OwnCookiesRequest
    app.context_processor(_known_everywhere)
    app.jinja_env.globals["_"] = _say_in_page
    app.jinja_env.globals["ngettext"] = _count_in_page
    app.jinja_env.globals["words_for"] = _words_for
    app.jinja_env.add_extension(InTheShopsLanguage)
    app.extensions["static_digests"] = {}
    app.url_defaults(_name_the_version)


def render(page: str, fragment: str = "", status: int = 200, **context: Any) -> Response:
    """Answer with the fragment where htmx asked for one, else with the page around it.

    Messages said on the way (`say`) go along out of band.
    """
    if fragment and wants_fragment():
        html = render_template(fragment, **context) + _messages_said()
    else:
        html = render_template(page, **context)
    response = make_response(html, status)
    response.vary.update(("HX-Request", "Cookie"))
    return response


def wants_fragment() -> bool:
    """Say whether htmx asked for a piece of the page: not boosted, not restoring its history."""
    htmx = request.htmx  # type: ignore[attr-defined]  # put there by htmx-flask
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def redirect_to(endpoint: str, **values: Any) -> ResponseReturnValue:
    """Send the browser to one of our own pages with a GET: 303, or htmx's header for a whole new page."""
    return redirect_to_path(url_for(endpoint, **values))


def redirect_to_path(path: str) -> ResponseReturnValue:
    """Like `redirect_to`, for a path that was already found to be ours."""
    if wants_fragment():
        return Response(status=204, headers={"HX-Redirect": path})
    return redirect(path, code=303)


def say(sentence: str, kind: str = "good") -> None:
    """Show a sentence with the next answer, page or fragment, in the reader's language. Kinds: good, warn, bad."""
    flash(gettext(sentence), kind)


def tell_scanner(answer: ResponseReturnValue, kind: str, sentence: str) -> ResponseReturnValue:
    """Let static/js/scanner.js say, sound and colour what came of a scan. Kinds: good, bad."""
    if wants_fragment() and isinstance(answer, Response):
        answer.headers["HX-Trigger"] = json.dumps({"ledger:scanned": {"kind": kind, "sentence": sentence[:300]}})
    return answer


def safe_path(text: str | None) -> str | None:
    """Return the path if it leads to a page of ours that a GET opens, written anew by us; else None.

    What a browser makes of `/\\t/evil`, `https:evil` or `//evil` is its own affair: only a path that our own map
    of addresses knows comes back, built by that map. Source: promise S10.
    """
    if not text or not _PLAIN_PATH.fullmatch(text):
        return None
    path, _, query = text.partition("?")
    try:
        endpoint, values = current_app.url_map.bind("").match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    if endpoint == "static":
        return None
    return url_for(endpoint, **values) + (f"?{urlencode(parse_qsl(query))}" if query else "")


def current_page() -> str:
    """Return the path of the page the person looks at: for htmx the address in the window, not of the fragment."""
    try:
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:  # a bracket without its fellow in the host: no browser sent that
        shown = urlsplit("")
    if shown.path:
        return f"{shown.path}?{shown.query}" if shown.query else shown.path
    if request.method != "GET":
        return "/"
    return request.full_path if request.query_string else request.path


@pass_eval_context
def _say_in_page(here: EvalContext, message: str, /, **values: Any) -> str:
    """Say a text of a template in the reader's language. The text may hold tags and is trusted; values are escaped.

    In a template of plain text, a mail, nothing is.
    """
    if not here.autoescape:
        return gettext(message, **values)
    said = Markup(gettext(message))  # noqa: S704 (written in a template of ours, or in its translation)
    return said % counted(values) if values else said


def _words_for(script: str) -> Markup:
    """Write what a script may have to say into the head of a page; static/js/ledger.js reads it for all of them."""
    return Markup('<meta name="words" content="{}">').format(json.dumps(dict(SCRIPT_TEXTS[script]), ensure_ascii=False))


class InTheShopsLanguage(Extension):
    """`{% as_the_shop %} … {% endas_the_shop %}`: what stands on paper is said in the shop's language."""

    tags = {"as_the_shop"}

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endas_the_shop",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_say"), [], [], body).set_lineno(line)

    def _say(self, caller: Callable[[], str]) -> str:
        with as_the_shop():
            return caller()


def _count_in_page(one: str, many: str, count: int, /, **values: Any) -> Markup:
    """Say a text of one thing or of many, as `_` does."""
    said = Markup(ngettext(one, many, count))  # noqa: S704 (as above)
    return said % counted(values) if values else said


def _messages_said() -> str:
    return render_template("layouts/_messages.html") if session.get("_flashes") else ""


def _known_everywhere() -> dict[str, Any]:
    """Return what any template may use: who and where, the way around, the theme, the direction of writing."""
    tenant = g.get("tenant")
    locale = Locale.parse(g.get("locale", ENGLISH).replace("-", "_"))
    return {
        "tenant": tenant,
        "identity": g.get("identity"),
        "may": may,
        "navigation": _navigation,
        "new_op_id": new_id,
        "has_endpoint": current_app.view_functions.__contains__,
        "request_id": g.get("request_id", ""),
        "theme": _theme(),
        "is_till": TILL_COOKIE in request.cookies,
        "themes": THEMES,
        "languages": LANGUAGES,
        "language": str(locale).replace("_", "-"),
        "direction": locale.text_direction,
        "paper_language": _language_of_paper(tenant.locale if tenant else ENGLISH),
    }


def _language_of_paper(locale: str) -> dict[str, str]:
    """Return the attributes of what is written in the shop's language."""
    known = Locale.parse(locale.replace("-", "_"))
    return {"lang": str(known).replace("_", "-"), "dir": known.text_direction}


def _navigation() -> list[Destination]:
    """Return the places this person may go to, in the order they are shown."""
    return [
        Destination(url_for(endpoint), gettext(label), icon, shortcut, _is_here(endpoint))
        for endpoint, label, icon, shortcut in (OPERATORS_NAVIGATION if g.tenant.is_operators else NAVIGATION)
        if endpoint in current_app.view_functions and may_open(endpoint)
    ]


def _is_here(endpoint: str) -> bool:
    place = None if g.tenant.is_operators else _PART_OF.get(request.blueprint or "")
    return endpoint.partition(".")[0] == place if place else request.path.startswith(url_for(endpoint))


def _theme() -> str:
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else THEMES[0]


def _name_the_version(endpoint: str, values: dict[str, Any]) -> None:
    """Put a digest of the content into the address of a static file, so that it may be kept for ever."""
    if endpoint == "static" and "v" not in values and (digest := static_digest(values["filename"])):
        values["v"] = digest


def static_digest(filename: str) -> str:
    """Return a short digest of one of our static files, or nothing where there is no such file.

    Read again only when the file changed; keyed by name, time and size.
    """
    path = (Path(current_app.static_folder or "") / filename).resolve()  # one name for each file: the table stays small
    if not path.is_file():
        return ""
    stat = path.stat()
    digests = current_app.extensions["static_digests"]
    known = digests.get(path)
    if known is None or known[0] != (stat.st_mtime_ns, stat.st_size):
        known = ((stat.st_mtime_ns, stat.st_size), hashlib.sha256(path.read_bytes()).hexdigest()[:12])
        digests[path] = known
    return str(known[1])
