"""Nobody else's page may make a browser write here: where a request comes from, and the token of a visit."""

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from itsdangerous import URLSafeTimedSerializer

UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
VISIT_COOKIE = "__Host-visit"


class VisitsOfOneHost(SecureCookieSessionInterface):
    """Flask's signed cookie, signed for one host: a visit to shop A means nothing at shop B."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.salt = b"visit to " + request.headers.get("Host", "").encode()
        return serializer

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Leave static files alone: they are the same for everybody, and caches shall know it."""
        if request.endpoint != "static":
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    """Check the origin of every unsafe request, then its token. No view is exempt. Source: promises §2.4."""
    app.config.update(
        SESSION_COOKIE_NAME=VISIT_COOKIE,
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_DOMAIN=None,
        WTF_CSRF_SECRET_KEY=[*reversed(app.config["SECRET_KEY_FALLBACKS"]), app.config["SECRET_KEY"]],  # the last signs
        WTF_CSRF_TIME_LIMIT=None,  # as long as the visit: a till stays open all day
        WTF_CSRF_SSL_STRICT=True,
    )
    app.session_interface = VisitsOfOneHost()
    app.before_request(_refuse_other_origins)
    CSRFProtect(app)


def _refuse_other_origins() -> None:
    """Let an unsafe request pass only from our own origin. Sibling shops are strangers too.

    The browser says where a request comes from (`Sec-Fetch-Site`); an old one at least names the origin.
    """
    if request.method not in UNSAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    is_own = (
        site == "same-origin" if site is not None else request.headers.get("Origin") == request.host_url.rstrip("/")
    )
    if not is_own:
        raise CSRFError(f"from {site or 'another origin'}")
