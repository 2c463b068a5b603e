"""What every answer says beside its content: who may embed, run, send and keep what. And the request's number."""

import secrets

from flask import Flask, Response, g, request

from ledger_web.rendering import static_digest
from ledger_web.services.audit import Origin, origin

# Source: promises §2.5. No 'unsafe-inline', no 'unsafe-eval'.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
PERMISSIONS_POLICY = (
    "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
)
# Where codes are read with a phone's camera.
CAMERA_PAGES = frozenset({"sell.show", "labels.index", "stock_counts.show", "purchase_drafts.show", "products.index"})
FIXED = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": PERMISSIONS_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not no-referrer: over HTTPS the token check asks where a form was sent from.
    "Referrer-Policy": "same-origin",
}
ONE_YEAR_SECONDS = 31_536_000


def init_app(app: Flask) -> None:
    """Number each request and seal each answer. Register first, so that errors of the others carry a number too."""
    app.before_request(_number_request)
    app.after_request(_seal)


def _number_request() -> None:
    g.request_id = secrets.token_hex(8)
    origin.set(Origin(g.request_id))


def _seal(response: Response) -> Response:
    response.headers.update(FIXED)
    if request.endpoint in CAMERA_PAGES:
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY.replace("camera=()", "camera=(self)")
    response.headers["X-Request-Id"] = g.get("request_id", "")
    response.headers["Cache-Control"] = _how_long_to_keep(response)
    if response.headers["Cache-Control"] == "no-store":
        response.vary.update(("Cookie", "HX-Request"))  # files, redirects and refusals as well as pages
    if request.is_secure:
        # What is below a shop's own domain is not ours to speak for.
        below = "" if g.get("domain") else "; includeSubDomains"
        response.headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR_SECONDS}{below}"
    return response


def _how_long_to_keep(response: Response) -> str:
    """Nothing of a person's pages is kept anywhere; a file of ours under its own digest is kept for ever."""
    if request.endpoint != "static" or response.status_code >= 400:
        return "no-store"
    filename = (request.view_args or {}).get("filename", "")
    if request.args.get("v") == static_digest(filename):
        return f"public, max-age={ONE_YEAR_SECONDS}, immutable"
    return "no-cache"
