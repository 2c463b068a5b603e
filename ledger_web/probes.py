"""What a machine asks and no shop answers: is the process alive, may it be sent requests, what has it counted.

They stand before the application: no shop's address has them, and they hold no place of a person's page. `/healthz`
and `/readyz` are answered on the bare domain and on loopback addresses and say one word, and so does
`/domainz?domain=www.example.com`: who makes certificates on demand asks there whether a shop proved to have the domain.
`/metrics` is for whoever asks from this very machine, not through a proxy, or knows METRICS_TOKEN. Source: promises
O1, O2.
"""

import hmac
import logging
import os
import time
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from flask import Flask, Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from ledger_web.domain.hosts import is_host
from ledger_web.models.base import db, directory_session
from ledger_web.queries.readiness import list_refusals
from ledger_web.queries.tenants import find_tenant_at
from ledger_web.services import meters

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DRAINING: Final = "LEDGER_DRAINING"  # path of a file that is there while the server finishes
CHECKED_SECONDS: Final = 2.0  # an answer is good for so long: probes come from several places at once
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Count what is answered, and how long it took. Register first: the clock starts before anything else."""
    app.before_request(_begin)
    app.after_request(_count)


def stand_before(app: Flask, *, base_domain: str, schema_head: str, token: str, check_durability: bool) -> None:
    """Put the probes before the application."""
    ready = _Readiness(app, schema_head, check_durability=check_durability)
    app.wsgi_app = _Probes(app.wsgi_app, base_domain, token, ready)  # type: ignore[method-assign]


class _Probes:
    def __init__(self, inner: "WSGIApplication", base_domain: str, token: str, ready: "_Readiness") -> None:
        self._inner, self._base_domain, self._token, self._ready = inner, base_domain, token, ready

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        answer = self._answers.get(environ.get("PATH_INFO", ""))
        if answer is None or environ.get("REQUEST_METHOD") not in {"GET", "HEAD"} or not self._is_our_host(environ):
            return self._inner(environ, start_response)
        response = answer(self, environ)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response(environ, start_response)

    def _health(self, _environ: "WSGIEnvironment") -> Response:
        return Response("alive\n", mimetype="text/plain")

    def _readiness(self, _environ: "WSGIEnvironment") -> Response:
        if Path(os.environ.get(DRAINING, "/nonexistent")).exists():
            return Response("draining\n", 503, mimetype="text/plain")
        if not self._ready():
            return Response("not ready\n", 503, mimetype="text/plain")
        return Response("ready\n", mimetype="text/plain")

    def _domain(self, environ: "WSGIEnvironment") -> Response:
        """200 for what leads to a shop here, so that nobody has certificates made for other names."""
        asked = parse_qs(environ.get("QUERY_STRING", "")).get("domain", [""])[0]
        if not is_host(asked) or not self._ready.leads_here(asked):
            return Response("no\n", 404, mimetype="text/plain")
        return Response("yes\n", mimetype="text/plain")

    def _metrics(self, environ: "WSGIEnvironment") -> Response:
        if not self._may_see_metrics(environ):
            return Response("There is nothing here.\n", 404, mimetype="text/plain")
        return Response(meters.exposition(str(os.getpid()), self._ready.pool()), content_type=TEXT)

    _answers: Final[dict[str, Callable[["_Probes", Any], Response]]] = {
        "/healthz": _health,
        "/readyz": _readiness,
        "/domainz": _domain,
        "/metrics": _metrics,
    }

    def _is_our_host(self, environ: "WSGIEnvironment") -> bool:
        host = environ.get("HTTP_HOST", "")
        name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
        return name in {self._base_domain, "localhost"} or _is_loopback(name)

    def _may_see_metrics(self, environ: "WSGIEnvironment") -> bool:
        kind, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if self._token and kind.lower() == "bearer" and hmac.compare_digest(given.encode(), self._token.encode()):
            return True
        came_through = any(name in environ for name in ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_VIA"))
        return _is_loopback(environ.get("REMOTE_ADDR", "")) and not came_through


class _Readiness:
    """Whether requests should be sent here: the database answers, as the role and with the schema we need."""

    def __init__(self, app: Flask, schema_head: str, *, check_durability: bool) -> None:
        self._app, self._schema_head, self._check_durability = app, schema_head, check_durability
        self._asked_at, self._was_ready = float("-inf"), False

    def __call__(self) -> bool:
        if time.monotonic() - self._asked_at > CHECKED_SECONDS:
            self._was_ready, self._asked_at = self._is_ready(), time.monotonic()
        return self._was_ready

    def leads_here(self, host: str) -> bool:
        with self._app.app_context():
            try:
                return find_tenant_at(host) is not None
            except SQLAlchemyError:
                return False

    def pool(self) -> list[tuple[str, dict[str, str], float]]:
        with self._app.app_context():
            pool: Any = db.engine.pool
        return [
            ("ledger_pool_connections", {"state": "in use"}, pool.checkedout()),
            ("ledger_pool_connections", {"state": "idle"}, pool.checkedin()),
            ("ledger_pool_size", {}, pool.size()),
        ]

    def _is_ready(self) -> bool:
        with self._app.app_context():
            try:
                refusals = list_refusals(
                    directory_session(), schema_head=self._schema_head, check_durability=self._check_durability
                )
            except SQLAlchemyError as error:
                log.warning("not ready: %s", type(error).__name__)
                return False
        for refusal in refusals:
            log.error("not ready: %s", refusal.reason)
        return not refusals


def _begin() -> None:
    g.began = time.perf_counter()


def _count(response: Response) -> Response:
    route = request.url_rule.rule if request.url_rule else "none"  # never what was typed: labels must stay few
    taken = time.perf_counter() - g.get("began", time.perf_counter())
    meters.count("ledger_requests_total", method=_method(), route=route, status=str(response.status_code))
    meters.observe("ledger_request_seconds", taken, route=route)
    if log.isEnabledFor(logging.INFO):
        tenant = g.get("tenant")
        log.info(
            "request",
            extra={
                "fields": {
                    "method": _method(),
                    "route": route,
                    "status": response.status_code,
                    "milliseconds": round(taken * 1000, 1),
                    "tenant_id": tenant.id if tenant else None,
                }
            },
        )
    return response


def _method() -> str:
    return request.method if request.method in {"GET", "HEAD", "POST", "OPTIONS"} else "other"


def _is_loopback(text: str) -> bool:
    try:
        return ip_address(text).is_loopback
    except ValueError:
        return False
