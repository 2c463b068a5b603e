"""What a person sees when something goes wrong: one table of codes, one page, one fragment, never a stack trace."""

import logging
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeftError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ledger_web.domain.errors import (
    ConflictError,
    InvariantBrokenError,
    LedgerError,
    NotFoundError,
    RuleViolationError,
    ShopSuspendedError,
    TooManyAttemptsError,
)
from ledger_web.domain.languages import gettext, gettext_noop
from ledger_web.identity import CodeNeededError, PermissionDeniedError
from ledger_web.rendering import redirect_to, wants_fragment
from ledger_web.services import meters

# The only table of codes. The nearest class counts, so DuplicateBarcodeError is a RuleViolationError here.
STATUS: dict[type[LedgerError], int] = {
    PermissionDeniedError: 403,
    CodeNeededError: 403,
    ShopSuspendedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    RuleViolationError: 422,
    TooManyAttemptsError: 429,
    InvariantBrokenError: 500,
    LedgerError: 500,
}

TITLES = {
    400: gettext_noop("That did not arrive in one piece"),
    403: gettext_noop("You may not do this"),
    404: gettext_noop("There is nothing here"),
    405: gettext_noop("That cannot be done here"),
    409: gettext_noop("Someone else was faster"),
    413: gettext_noop("That is too much at once"),
    415: gettext_noop("That kind of file is not read here"),
    422: gettext_noop("That is not possible"),
    429: gettext_noop("One moment"),
    500: gettext_noop("Something broke on our side"),
    503: gettext_noop("Back in a moment"),
}
SENTENCES = {
    400: gettext_noop(
        "The browser sent something this page does not understand. Go back, load the page again and retry."
    ),
    403: gettext_noop("This request did not come from one of the shop's own pages. Load the page again and retry."),
    404: gettext_noop("There is no such thing in this shop."),
    405: gettext_noop("This address does not take that kind of request."),
    413: gettext_noop("What was sent is larger than this page takes. Send less at once."),
    415: gettext_noop("This kind of file cannot be read here."),
    422: gettext_noop("This cannot be done as it was asked."),
    429: gettext_noop("That was too often. Wait a moment and try again."),
    500: gettext_noop("Nothing was saved. Trying again is safe. If it stays so, pass on the number of this request."),
    503: gettext_noop("The books cannot be reached right now. Nothing was lost, and trying again is safe."),
}
RETRY_AFTER_SECONDS = 5

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Answer every error with a page or a fragment of ours."""
    app.register_error_handler(LedgerError, _show_ledger_error)
    app.register_error_handler(CodeNeededError, _lead_to_codes)
    app.register_error_handler(HTTPException, _show_http_error)
    app.register_error_handler(CSRFError, _show_forgery)
    for unreachable in (OperationalError, InterfaceError, NoConnectionLeftError):
        app.register_error_handler(unreachable, _show_database_gone)


def status_of(error: LedgerError) -> int:
    """Return the HTTP status of an error: that of its nearest class in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def show(status: int, sentence: str = "", headers: dict[str, str] | None = None) -> Response:
    """Show a sentence: a page of its own, or for htmx a line in #messages, which leaves the form as it is."""
    known: dict[str, Any] = {
        "is_error": True,
        "status": status,
        "title": gettext(TITLES.get(status, "That did not work")),
        "sentence": sentence or gettext(SENTENCES.get(status, "This cannot be done as it was asked.")),
    }
    if wants_fragment():
        response = make_response(render_template("errors/_error.html", **known), status)
        response.headers["HX-Retarget"] = "#messages"
        response.headers["HX-Reswap"] = "innerHTML"
    else:
        response = make_response(render_template("errors/error.html", **known), status)
    response.vary.update(("HX-Request", "Cookie"))
    response.headers.update(headers or {})
    return response


def _show_ledger_error(error: LedgerError) -> Response:
    status = status_of(error)
    if status >= 500:
        log.critical("request %s: %s", g.get("request_id"), type(error).__name__, exc_info=error)
    if isinstance(error, TooManyAttemptsError):
        meters.count("ledger_refused_as_too_many_total")
    headers = {"Retry-After": str(error.seconds)} if isinstance(error, TooManyAttemptsError) else None
    return show(status, error.message, headers)


def _lead_to_codes(_error: CodeNeededError) -> ResponseReturnValue:
    return redirect_to("account.new_codes")


def _show_http_error(error: HTTPException) -> Response:
    """Show our own words: the description of an HTTP error may be Werkzeug's, and is not meant for a shopkeeper."""
    status = error.code or 500
    if error.response is not None:
        return make_response(error.response)  # whoever raised it said all there is to say
    allowed = {"Allow": ", ".join(sorted(error.valid_methods or ()))} if isinstance(error, MethodNotAllowed) else None
    return show(status, headers=allowed)


def _show_forgery(error: CSRFError) -> Response:
    log.warning("request %s refused: %s (%s)", g.get("request_id"), error.description, request.endpoint)
    return show(403)


def _show_database_gone(error: Exception) -> Response:
    log.error("request %s: %s", g.get("request_id"), type(error).__name__, exc_info=error)
    meters.count("ledger_database_gone_total")
    return show(503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
