"""Whatever a hand, a browser or a network does to the last step, one sale is meant and one is stored. Promise X5."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests import books
from tests.browser.conftest import Site
from tests.browser.scanners import Scanner
from tests.shops import Shop, add_product

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one Chromium at a time

STORE = "Store the sale"


@pytest.mark.parametrize("rounds", [1, pytest.param(7, marks=pytest.mark.long)])
def test_x5_one_sale_is_stored_for_each_that_was_meant(site: Site, shop: Shop, rounds: int) -> None:
    add_product(shop, "Milk", quantity=1_000)
    meant = 0
    for _ in range(rounds):
        for way in WAYS:
            page = site.open(shop, role="cashier")  # a held key goes on to the next page
            _ring_up(page)
            way(page)
            page.context.close()
            meant += 1
            assert books.count(shop, "sales") == meant, way.__name__

    books.assert_the_books_agree(shop)
    assert [each for each in site.trouble.complaints if "htmx:sendError" not in each] == []  # of those lost on purpose


def _ring_up(page: Page) -> None:
    page.goto("/sell/")
    Scanner(page).scan("Milk")
    expect(page.locator("table.cart tbody tr")).to_have_count(1)


def _store(page: Page) -> None:
    page.get_by_role("button", name=STORE).click(no_wait_after=True)


def _is_stored(page: Page) -> None:
    page.wait_for_url("**/receipt**")
    page.wait_for_load_state()


def click_twice(page: Page) -> None:
    page.get_by_role("button", name=STORE).dblclick(no_wait_after=True)
    _is_stored(page)


def hold_enter(page: Page) -> None:
    """The repeats of a key that is held, without an up in between."""
    page.keyboard.press("Enter")
    expect(page.locator("#tendered")).to_be_focused()
    for _ in range(6):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    _is_stored(page)


def load_the_result_again(page: Page) -> None:
    _store(page)
    _is_stored(page)
    for _ in range(2):
        page.reload()
    assert page.url.rpartition("/")[2].startswith("receipt")


def go_back_and_send_again(page: Page) -> None:
    _store(page)
    _is_stored(page)
    page.go_back()
    page.reload()
    expect(page.get_by_text("The cart is empty")).to_be_visible()
    expect(page.get_by_role("button", name=STORE)).to_be_disabled()


def send_it_from_two_windows(page: Page) -> None:
    other = page.context.new_page()
    other.goto("/sell/")
    _store(page)
    _is_stored(page)
    _store(other)
    _is_stored(other)
    expect(other.get_by_text("stored already")).to_be_visible()


def lose_the_answer(page: Page) -> None:
    """The server stored it, the network took the answer: the till sends it again by itself."""
    lost: list[int] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            place = urlsplit(route.request.url)  # whose name only the browser can resolve
            headers = {**route.request.all_headers(), "host": place.netloc}
            there = f"http://127.0.0.1:{place.port}{place.path}"
            lost.append(route.fetch(url=there, headers=headers, max_redirects=0).status)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/sell/", lose)
    _store(page)
    expect(page.locator("#connection")).to_contain_text("sent again by itself")
    _is_stored(page)
    assert lost[0] < 400


def be_away_for_a_moment(page: Page) -> None:
    page.context.set_offline(True)
    _store(page)
    expect(page.locator("#connection")).to_be_visible()
    page.context.set_offline(False)
    _is_stored(page)


def click_again_while_it_is_slow(page: Page) -> None:
    held: list[Route] = []
    is_slow = [True]

    def hold(route: Route) -> None:
        if route.request.method == "POST" and is_slow:
            held.append(route)
        else:
            route.continue_()

    page.route("**/sell/", hold)
    _store(page)
    page.wait_for_timeout(150)
    for _ in range(3):
        page.get_by_role("button", name=STORE).click(force=True, no_wait_after=True)
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    is_slow.clear()
    for route in held:
        route.continue_()
    _is_stored(page)


WAYS: tuple[Callable[[Page], None], ...] = (
    click_twice,
    hold_enter,
    load_the_result_again,
    go_back_and_send_again,
    send_it_from_two_windows,
    lose_the_answer,
    be_away_for_a_moment,
    click_again_while_it_is_slow,
)
