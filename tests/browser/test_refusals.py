"""Whatever goes wrong when a form is sent, its page says so and what was typed stays. Promise W9."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask, abort, request
from playwright.sync_api import Page, Route, expect

from ledger_web.identity import SESSION_COOKIE
from tests.browser.conftest import Site
from tests.shops import PASSWORD, Shop

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one Chromium at a time

FAILS = "X-Fails-With"
STATUSES = (403, 404, 409, 413, 422, 429, 500, 503)
FORMS = {  # where it is, its button, what is typed into it
    "/customers/new": ("Add customer", {"name": "Amina", "phone": "0300 5550101"}),
    "/products/new": ("Add product", {"name": "Green tea", "unit_price": "260"}),
    "/drawers/new": ("Add drawer", {"name": "Till 7", "series": "Q"}),
}


@pytest.fixture
def failing(app: Flask) -> Iterator[None]:
    """Let the server fail as a request asks it to."""

    def fail() -> None:
        if status := request.headers.get(FAILS, type=int):
            abort(status)

    app.before_request_funcs.setdefault(None, []).append(fail)
    yield
    app.before_request_funcs[None].remove(fail)


def test_w9_every_refusal_is_said_and_keeps_what_was_typed(site: Site, shop: Shop, failing: None) -> None:
    page = site.open(shop)
    failure: list[int] = []

    def send(route: Route) -> None:
        if route.request.method != "POST" or not failure:
            route.continue_()
        elif failure[0]:
            route.continue_(headers=route.request.headers | {FAILS.lower(): str(failure[0])})
        else:
            route.abort()

    page.route("**/*", send)
    for path, (button, typed) in FORMS.items():
        page.goto(path)
        for name, text in typed.items():
            page.locator(f"#main [name={name}]").fill(text)
        for status in (*STATUSES, 0):
            failure[:] = [status]
            page.locator("#messages").evaluate("box => box.replaceChildren()")
            page.get_by_role("button", name=button).click()
            expect(page.locator("#messages .message")).to_have_count(1)
            _is_typed(page, typed)
        failure.clear()
    _is_signed_out_and_goes_on(page, shop)


def _is_signed_out_and_goes_on(page: Page, shop: Shop) -> None:
    """The session ends with a form half filled in; the person signs in again in a window beside it."""
    path, (button, typed) = next(iter(FORMS.items()))
    page.goto(path)
    for name, text in typed.items():
        page.locator(f"#main [name={name}]").fill(text)
    page.context.clear_cookies(name=SESSION_COOKIE)
    page.get_by_role("button", name=button).click()
    expect(page.locator("#messages")).to_contain_text("You were signed out")
    _is_typed(page, typed)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in, in another window").click()
    window = opened.value
    window.locator("[name=login]").fill("owner")
    window.locator("[name=password]").fill(PASSWORD)
    window.keyboard.press("Enter")
    expect(window.get_by_role("navigation", name="Main")).to_be_visible()
    window.close()

    page.bring_to_front()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("#messages")).to_contain_text("signed in again")
    _is_typed(page, typed)
    page.get_by_role("button", name=button).click()
    page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{36}$"))
    expect(page.get_by_role("heading", name=typed["name"])).to_be_visible()


def _is_typed(page: Page, typed: dict[str, str]) -> None:
    for name, text in typed.items():
        expect(page.locator(f"#main [name={name}]")).to_have_value(text)
