"""Which shop a request is for: host name → `g.tenant`, and with it, in the same query, who is asking."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, NotFound

from ledger_web.domain.days import MIDNIGHT
from ledger_web.domain.errors import NotFoundError, ShopSuspendedError
from ledger_web.domain.hosts import is_host
from ledger_web.domain.languages import ENGLISH, LANGUAGES, language_of, speak
from ledger_web.domain.signs import ENGLISH as NUMBERS_IN_ENGLISH
from ledger_web.domain.signs import signs_of, write_with
from ledger_web.domain.slugs import is_slug
from ledger_web.identity import Identity, SessionClaim, claimed_session
from ledger_web.models.scope import EVERYTHING, Scope, scope
from ledger_web.queries.identity import IdentityRow, find_identity
from ledger_web.queries.tenants import DirectoryRow, find_tenant, find_tenant_at
from ledger_web.rendering import LANGUAGE_COOKIE, redirect_to
from ledger_web.services.audit import Origin, origin
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.services.users import TouchSession, touch_session

BARE = ""  # the slug of the bare domain
READING = frozenset({"GET", "HEAD", "OPTIONS"})

_PORT = re.compile(r":[0-9]{1,5}")

View = TypeVar("View", bound=Callable[..., Any])


class UnknownShopError(NotFoundError):
    """There is no shop at this address. Check the spelling of the first part of the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """The shop a request is for.

    Of a shop that nobody is signed in to, only the directory is read: `name` is then the slug, the currency is
    "XXX" (ISO 4217: no currency), and zone and locale are the neutral ones.
    """

    id: int
    slug: str
    name: str
    base_currency: str = "XXX"
    time_zone: str = "UTC"
    locale: str = "en"
    digits: str = "latn"
    day_starts_at: dt.time = MIDNIGHT
    is_suspended: bool = False
    is_operators: bool = False  # no shop: the room of those who run the system


def init_app(app: Flask) -> None:
    """Find the shop of each request before anything else looks at it."""
    app.before_request(_set_tenant)


def bare_domain(view: View) -> View:
    """Serve a view on the bare domain, and on no shop's."""
    view.is_on_bare_domain = True  # type: ignore[attr-defined]
    return view


def everywhere(view: View) -> View:
    """Serve a view on the bare domain as well as on every shop's."""
    view.is_everywhere = True  # type: ignore[attr-defined]
    return view


def even_while_suspended(view: View) -> View:
    """Take a form of a shop that is suspended: it changes nothing that is the shop's."""
    view.is_taken_while_suspended = True  # type: ignore[attr-defined]
    return view


def operators_only(view: View) -> View:
    """Serve a view at the operators' address, and nowhere else."""
    view.is_operators_only = True  # type: ignore[attr-defined]
    return view


def operators_too(view: View) -> View:
    """Serve a view at the operators' address as well as at every shop's."""
    view.is_operators_too = True  # type: ignore[attr-defined]
    return view


def slug_of(host: str, base_domain: str) -> str:
    """Read a Host header strictly: the bare domain, or exactly one label before it.

    No case is folded and no trailing dot forgiven: a browser sends neither, and whoever does wants something else.

    Returns:
        The slug, or BARE.

    Raises:
        BadRequest: Anything else.

    Source: promises §2.2.
    """
    name = _without_port(host, base_domain)
    if name == base_domain:
        return BARE
    slug, dot, rest = name.partition(".")
    if not dot or rest != base_domain or not is_slug(slug):
        raise BadRequest(response=_not_an_address(base_domain))
    return slug


def domain_of(host: str, base_domain: str) -> str:
    """Return the name in a Host header that could be a domain of a shop's own, "" where it is none.

    Whether it leads to a shop the directory says: by the whole name, to the letter.
    """
    name = host.partition(":")[0]
    if name == base_domain or name.endswith(f".{base_domain}") or not is_host(name):
        return ""
    return _without_port(host, base_domain)


def address_of(slug: str) -> str:
    """Return the address of a shop: the domain we were configured with, on the port this request came to."""
    return _address_at(f"{slug}.{current_app.config['BASE_DOMAIN']}")


def bare_address() -> str:
    """Return the address of the bare domain, on the port this request came to."""
    return _address_at(current_app.config["BASE_DOMAIN"])


def _address_at(host: str) -> str:
    port = _PORT.search(request.headers.get("Host", ""))
    return f"{request.scheme}://{host}{port[0] if port else ''}/"


def _host() -> str:
    """Return the Host header; a request line that names another host is refused.

    `GET http://other/ HTTP/1.1` may mean one host to a proxy and another to us. Servers that show us the line as it
    came put it under one of these names; Granian keeps it to itself, and there the header alone counts.
    """
    host = request.headers.get("Host", "")
    line = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or ""
    scheme, separator, rest = line.partition("://")
    if separator and scheme.isalpha() and re.split(r"[/?#]", rest, maxsplit=1)[0] != host:
        raise BadRequest(response=_not_an_address(current_app.config["BASE_DOMAIN"]))
    return host


def _not_an_address(base_domain: str) -> Response:
    """Say so in plain text: a page would need links, and with such a host not even those can be made."""
    text = (
        f"This is not the address of a shop. Shops are at <name>.{base_domain}, and the way there at {base_domain}.\n"
    )
    return Response(text, 400, mimetype="text/plain")


def _without_port(host: str, base_domain: str) -> str:
    name, colon, _port = host.partition(":")
    if colon and not _PORT.fullmatch(host[len(name) :]):
        raise BadRequest(response=_not_an_address(base_domain))
    return name


def _set_tenant() -> ResponseReturnValue | None:
    g.tenant = g.identity = None
    _speak_to(_stranger_speaks())
    write_with(NUMBERS_IN_ENGLISH)
    scope.set(EVERYTHING)
    host, base_domain = _host(), current_app.config["BASE_DOMAIN"]
    g.domain = domain_of(host, base_domain)
    g.slug = slug = BARE if g.domain else slug_of(host, base_domain)
    if request.endpoint == "static":
        return None
    if slug == BARE and not g.domain:
        return _stay_on_bare_domain()
    if _is_marked("is_on_bare_domain"):
        raise NotFoundError
    return _recognise(slug, g.domain) or _keep_apart()


def _keep_apart() -> ResponseReturnValue | None:
    """Let nothing of shops be at the operators' address, and nothing of theirs at a shop's: no such page there."""
    if not g.tenant.is_operators:
        if _is_marked("is_operators_only"):
            raise NotFound
        return None
    if request.path == "/":
        return redirect_to("operators.index")
    if not _is_marked("is_operators_only") and not _is_marked("is_operators_too"):
        raise NotFound
    return None


def _stay_on_bare_domain() -> ResponseReturnValue | None:
    if request.path == "/":
        return redirect_to("landing.index")
    if request.endpoint is None or _is_marked("is_on_bare_domain") or _is_marked("is_everywhere"):
        return None
    raise NotFoundError


def _is_marked(mark: str) -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, mark, False)


def _recognise(slug: str, domain: str) -> ResponseReturnValue | None:
    """Find shop and person in one query, or for a stranger the shop alone in the directory.

    What is asked of an address that a shop has left is asked again at its new one.
    """
    claim = claimed_session()
    row = find_identity(claim.tenant_id, slug, claim.session_id, host=domain) if claim else None
    if claim and row:
        _welcome(claim, row)
    else:
        found = _find(slug, domain)
        if found.leads_to:
            return redirect(address_of(found.leads_to).rstrip("/") + request.full_path.rstrip("?"), 308)
        g.tenant = Tenant(
            id=found.tenant_id,
            slug=found.slug,
            name=found.slug,
            is_suspended=found.status == "suspended",
            is_operators=found.status == "operators",
        )
    if g.tenant.is_suspended and request.method not in READING and not _is_marked("is_taken_while_suspended"):
        raise ShopSuspendedError
    return None


def _find(slug: str, domain: str) -> DirectoryRow:
    found = find_tenant_at(domain) if domain else find_tenant(slug)
    if found is None and domain:
        raise BadRequest(response=_not_an_address(current_app.config["BASE_DOMAIN"]))
    if found is None:
        raise UnknownShopError
    return found


def _locale_for(row: IdentityRow) -> str:
    """Return the shop's locale, or the language this person chose if it is another than the shop's."""
    return row.locale if row.language in {None, language_of(row.locale)} else row.language


def _stranger_speaks() -> str:
    """Return the language that was chosen in this browser, or the best of those the browser asks for."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or ENGLISH


def _speak_to(locale: str) -> None:
    """Write days in this locale, and say everything in its language. Numbers keep the signs of the shop."""
    g.locale = locale
    speak(locale)


def _welcome(claim: SessionClaim, row: IdentityRow) -> None:
    g.tenant = Tenant(
        id=row.tenant_id,
        slug=row.slug,
        name=row.tenant_name,
        base_currency=row.base_currency,
        time_zone=row.time_zone,
        locale=row.locale,
        digits=row.digits,
        day_starts_at=row.day_starts_at,
        is_suspended=row.status == "suspended",
        is_operators=row.status == "operators",
    )
    g.identity = Identity(
        tenant_id=row.tenant_id,
        user_id=row.user_id,
        user_name=row.user_name,
        role_name=row.role_name,
        session_id=claim.session_id,
        permissions=row.permissions,
        limits=row.limits,
        lacks_code=row.lacks_code,
        lacks_proof=row.lacks_proof,
    )
    origin.set(Origin(g.request_id, claim.session_id))
    _speak_to(_locale_for(row))
    write_with(signs_of(row.locale, row.digits))
    scope.set(Scope(row.user_id if row.own_records else None, row.drawers))
    if row.is_touch_due:
        # The one write outside a handler: idle time is counted from the last request, whatever it was.
        # At most once a minute and session, in its own unit of work; the page reads in another transaction.
        touch_session(TouchSession(claim.session_id), UnitOfWork(claim.tenant_id, row.user_id))
