"""A shop whose owner attacks the one next door, in a real browser where both are one site: somebody of corner's is
signed in, and opens a page that the rival's address was made to serve.
"""

import pytest
from playwright.sync_api import Error, Page

from tests import books
from tests.browser.conftest import Site
from tests.shops import Shop

pytestmark = pytest.mark.browser


def lured(site: Site, page: Page, rival: Shop) -> Page:
    """Open the hostile page in the same browser: no policy of ours stands on it, any script may run."""
    evil = page.context.new_page()
    evil.route("**/evil", lambda route: route.fulfill(content_type="text/html", body="<h1>You have won</h1>"))
    evil.goto(f"{site.address(rival)}/evil")
    return evil


def own_cookies(site: Site, page: Page, corner: Shop) -> dict[str, str]:
    cookies = page.context.cookies(site.address(corner).replace("http", "https"))
    return {each["name"]: each["value"] for each in cookies if each["name"].startswith("__Host-")}


def test_w4_t7_a_sibling_tosses_no_cookie_that_counts(site: Site, corner: Shop, rival: Shop) -> None:
    page = site.open(corner)
    page.goto("/products/")
    before = own_cookies(site, page, corner)

    evil = lured(site, page, rival)
    for cookie in ("__Host-sid=1.evil", "__Host-visit=evil", "__Secure-sid=1.evil", "sid=1.evil", "session=evil"):
        for ending in ("", "; Domain=shop.localhost", "; Domain=shop.localhost; Path=/products; Secure"):
            evil.evaluate("(text) => { document.cookie = text }", f"{cookie}; Path=/{ending}")
    page.goto("/products/")
    after = own_cookies(site, page, corner)

    assert page.get_by_role("heading", name="Products").first.is_visible()
    assert after == before
    assert site.trouble.complaints == []


def test_w3_a_siblings_forms_fetches_and_frames_come_to_nothing(site: Site, corner: Shop, rival: Shop) -> None:
    page = site.open(corner)
    page.goto("/customers/")
    people = books.count(corner, "parties")
    there = f"{site.address(corner)}/customers/"

    evil = lured(site, page, rival)
    evil.evaluate(
        """async (there) => { for (const mode of ["no-cors", "same-origin", "cors"]) {
               try { await fetch(there, {method: "POST", mode, credentials: "include",
                                         body: new URLSearchParams({name: "Eve", kind: "customer"})}) } catch {} } }""",
        there,
    )
    with pytest.raises(Error):
        evil.evaluate("(there) => fetch(there, {credentials: 'include'}).then((answer) => answer.text())", there)
    evil.evaluate(
        "(there) => { const f = document.createElement('iframe'); f.src = there; document.body.append(f) }", there
    )
    evil.wait_for_timeout(300)
    framed = [frame.url for frame in evil.frames[1:]]
    with evil.expect_response(lambda response: response.request.method == "POST") as answered:
        evil.evaluate(
            """(there) => { const f = document.createElement("form"); f.method = "post"; f.action = there;
                            f.innerHTML = '<input name="name" value="Eve">'; document.body.append(f); f.submit() }""",
            there,
        )

    assert answered.value.status == 403
    assert framed == ["chrome-error://chromewebdata/"]
    assert books.count(corner, "parties") == people
