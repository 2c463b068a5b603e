"""A browser at a shop's address, signed in as one of its people; it fills in forms as a page of ours would."""

import contextvars
import secrets
import uuid
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.routing import AnyConverter, Rule
from werkzeug.test import TestResponse

from ledger_web.domain.tokens import digest_of, new_token
from ledger_web.identity import SESSION_COOKIE, cookie_value
from tests.shops import Shop, person

BASE_DOMAIN = "shop.localhost"
NOTHING = uuid.UUID("01931a2b-0000-7000-8000-000000000000")  # the id of no thing anywhere


class Client(FlaskClient):
    """A browser in a context of its own: a request sees nothing of the test's `g`, session or identity."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        return contextvars.Context().run(super().open, *args, **kwargs)


class ShopClient(Client):
    """A browser at one host. Requests come from our own pages unless a test says otherwise."""

    host = BASE_DOMAIN

    def open(self, *args: Any, htmx: bool = False, **kwargs: Any) -> TestResponse:
        kwargs.setdefault("base_url", f"http://{self.host}/")
        kwargs.setdefault("buffered", True)  # a file that is sent is read and closed
        headers = {"Sec-Fetch-Site": "same-origin"} | ({"HX-Request": "true"} if htmx else {})
        kwargs["headers"] = headers | dict(kwargs.get("headers") or {})
        response: TestResponse = super().open(*args, **kwargs)
        return response

    def post_form(self, path: str, data: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        """Send a form with its token; `htmx=True` sends it the way htmx does."""
        return self.post(path, data={"csrf_token": self.csrf_token()} | (data or {}), **kwargs)

    def csrf_token(self) -> str:
        """Return a token of this visit, beginning one where there is none."""
        raw = secrets.token_hex(20)
        contextvars.Context().run(self._begin_visit, raw)
        secret_key = self.application.config["SECRET_KEY"]
        return str(URLSafeTimedSerializer(secret_key, salt="wtf-csrf-token").dumps(raw))

    def sign_in_as(self, shop: Shop, role: str) -> None:
        """Give the browser a session as signing in would, without the time a password takes."""
        token, user_id = new_token(), person(shop, role)
        with shop.act() as uow:
            uow.execute(
                "INSERT INTO sessions (tenant_id, id, user_id) VALUES (%(tenant_id)s, %(id)s, %(user_id)s)",
                {"id": digest_of(token), "user_id": user_id},
            )
        self.set_cookie(SESSION_COOKIE, cookie_value(shop.tenant_id, token), domain=self.host)

    def cookie(self, name: str) -> str | None:
        found = self.get_cookie(name, domain=self.host)
        return found.value if found else None

    def _begin_visit(self, raw: str) -> None:
        with self.session_transaction(base_url=f"http://{self.host}/") as visit:
            visit["csrf_token"] = raw


def browser_at(app: Flask, slug: str = "") -> ShopClient:
    """Return a stranger's browser at a shop, or at the bare domain."""
    client = ShopClient(app, app.response_class, use_cookies=True)
    client.host = f"{slug}.{BASE_DOMAIN}" if slug else BASE_DOMAIN
    return client


def path_of(app: Flask, rule: Rule, method: str) -> str:
    """Return an address that the rule matches, with the id of nothing wherever it takes an id."""
    values = dict.fromkeys(rule.arguments, str(NOTHING)) | dict(rule.defaults or {})
    for name, converter in rule._converters.items():
        if isinstance(converter, AnyConverter):  # one of a few words
            values[name] = min(converter.items)
    return app.url_map.bind("").build(rule.endpoint, values, method=method)
