"""A real Chromium at a real server, on two shops of `shop.localhost`.

Without a Chromium these tests are skipped with one line that says so; where CI is set, they fail.
"""

import contextlib
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from ledger_web.domain.tokens import digest_of, new_token
from ledger_web.identity import SESSION_COOKIE, cookie_value
from tests.clients import BASE_DOMAIN
from tests.shops import Shop, person

CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --disable-dev-shm-usage"
)
NO_CHROMIUM = "No Chromium on this machine: install chromium, or set CHROMIUM to one."
AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text()
WAIT_MILLISECONDS = 15_000

# Reports what the policy blocked, whoever tried.
_WATCH_POLICY = """
    addEventListener("securitypolicyviolation", (event) => {
      console.error(`blocked by policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
    });
"""


@dataclass
class Trouble:
    """What a browser complained about."""

    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("response", self._note_response)

    def _note_console(self, message: ConsoleMessage) -> None:
        # A refused form answers 422, which Chromium reports on the console; the server's errors are noted below.
        # A preview that is overtaken by the next one is given up, which htmx reports, too.
        if message.type in {"error", "warning"} and not re.search(
            r"Failed to load resource|htmx:(sendAbort|afterRequest)", message.text
        ):
            self.complaints.append(f"console: {message.text}")

    def _note_response(self, response: Response) -> None:
        if response.status >= 500 or response.status in {403, 404}:
            self.complaints.append(f"{response.status}: {response.url}")


@dataclass(frozen=True, slots=True)
class Site:
    """The server, and the browsers at it."""

    app: Flask
    port: int
    new_context: Callable[..., BrowserContext]
    trouble: Trouble

    def address(self, shop: Shop) -> str:
        return f"http://{shop.slug}.{BASE_DOMAIN}:{self.port}"

    def open(self, shop: Shop, role: str = "owner", **options: Any) -> Page:
        """Open a browser at a shop, signed in, or with role="" as a stranger's."""
        context = self.new_context(base_url=self.address(shop), **options)
        context.set_default_timeout(WAIT_MILLISECONDS)
        context.add_init_script(_WATCH_POLICY)
        if role:
            context.add_cookies([self._cookie(shop, role)])
        page = context.new_page()
        self.trouble.watch(page)
        return page

    def _cookie(self, shop: Shop, role: str) -> Any:
        token, user_id = new_token(), person(shop, role)
        with shop.act() as uow:
            uow.execute(
                "INSERT INTO sessions (tenant_id, id, user_id) VALUES (%(tenant_id)s, %(id)s, %(user_id)s)",
                {"id": digest_of(token), "user_id": user_id},
            )
        return {
            "name": SESSION_COOKIE,
            "value": cookie_value(shop.tenant_id, token),
            "url": self.address(shop).replace("http:", "https:"),
            "secure": True,
            "httpOnly": True,
            "sameSite": "Lax",
        }


class _Quiet(WSGIRequestHandler):
    """Serves without a log line for every request, and keeps connections open as any server does."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


def _whole(app: Flask) -> Callable[..., list[bytes]]:
    """Close each answer's file here: the server leaves it open where the browser went away in the middle."""

    def serve(*request: Any) -> list[bytes]:
        with contextlib.closing(cast(Any, app(*request))) as answer:
            return list(answer)

    return serve


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if not CHROMIUM:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_CHROMIUM, pytrace=False)
        pytest.skip(NO_CHROMIUM)
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": FLAGS.split()}


@pytest.fixture(scope="session")
def base_url() -> None:
    """Each shop has an address of its own. (The plugin's own fixture is made in a way that pytest gives up.)"""


@pytest.fixture(scope="session")
def port(worker_app: Flask) -> Iterator[int]:
    """The port of a live server of this worker's application, on the loopback address only."""
    server = make_server("127.0.0.1", 0, _whole(worker_app), threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site(app: Flask, port: int, new_context: Callable[..., BrowserContext]) -> Site:
    """The site; a test that leaves complaints of the browser unlooked at says so with `site.trouble`."""
    return Site(app, port, new_context, Trouble())
