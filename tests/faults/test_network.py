"""Between the shop and its database the wire is slow, cut or dead: nothing is lost, doubled, or claimed in vain."""

import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import DBAPIError

from ledger_web.domain.ids import new_id
from ledger_web.models.base import db
from tests import books
from tests.clients import ShopClient, browser_at
from tests.databases import Database
from tests.faults.proxy import Wire, wire_to
from tests.shops import Shop, add_product, open_a_shop, sell

SECONDS_TO_SAY_SO = 3.5  # that the database is gone, or that all its connections are in use
SECONDS_TO_RECOVER = 5


@dataclass(frozen=True, slots=True)
class Shaky:
    """A shop whose application reaches its database by a wire of ours."""

    app: Flask
    wire: Wire
    shop: Shop
    milk: uuid.UUID

    def browser(self) -> ShopClient:
        client = browser_at(self.app, self.shop.slug)
        client.sign_in_as(self.shop, "owner")
        return client

    def sales(self) -> int:
        return books.count(self.shop, "sales")


@pytest.fixture
def shaky(committed_database: Database) -> Iterator[Shaky]:
    with tempfile.TemporaryDirectory() as place, wire_to(committed_database, Path(place)) as (wire, url):
        app = committed_database.make_app(database_url=url, threads=3)
        with app.app_context():
            shop = open_a_shop("corner")
            yield Shaky(app, wire, shop, add_product(shop, "Milk", quantity=500))
            wire.mend()
            db.session.remove()
            db.engine.dispose()


def test_d4_x3_a_commit_whose_answer_is_lost_is_done_once(shaky: Shaky) -> None:
    sold = []
    for _ in range(20):
        shaky.wire.commits_to_lose = 1
        sold.append(sell(shaky.shop, (shaky.milk, 1, 115_00)))

    assert shaky.wire.lost >= 20
    assert shaky.sales() == len(set(sold)) == 20
    books.assert_the_books_agree(shaky.shop)


def test_d4_x3_a_commit_that_never_arrives_is_done_again(shaky: Shaky) -> None:
    for _ in range(5):
        shaky.wire.commits_to_stop = 1
        sell(shaky.shop, (shaky.milk, 1, 115_00))

    assert shaky.wire.lost >= 5
    assert shaky.sales() == 5
    books.assert_the_books_agree(shaky.shop)


def test_d4_a_wire_that_is_cut_in_the_middle_of_acts_loses_and_doubles_nothing(shaky: Shaky) -> None:
    ids = [new_id() for _ in range(30)]
    is_over = threading.Event()

    def cut_again_and_again() -> None:
        while not is_over.wait(0.1):
            shaky.wire.break_all()

    thread = threading.Thread(target=cut_again_and_again)
    thread.start()
    try:
        for id in ids:
            _until_acknowledged(shaky, id)
    finally:
        is_over.set()
        thread.join()

    assert shaky.sales() == 30
    books.assert_the_books_agree(shaky.shop)


def _until_acknowledged(shaky: Shaky, id: uuid.UUID) -> None:
    """As a till does: the same sale, with the same number, until somebody says that it is done."""
    for _ in range(50):
        try:
            sell(shaky.shop, (shaky.milk, 1, 115_00), id=id)
        except DBAPIError:
            db.session.remove()
        else:
            return
    raise AssertionError("no sale got through")


def test_d3_without_a_database_a_page_says_so_in_time_and_comes_back_by_itself(shaky: Shaky) -> None:
    browser = shaky.browser()
    assert browser.get("/products/").status_code == 200
    db.session.remove()

    shaky.wire.cut()
    began = time.monotonic()
    gone = browser.get("/products/")
    fragment = browser.get("/products/", htmx=True)
    took = time.monotonic() - began
    shaky.wire.mend()
    began = time.monotonic()
    while browser.get("/products/").status_code != 200:
        assert time.monotonic() - began < SECONDS_TO_RECOVER

    assert (gone.status_code, fragment.status_code) == (503, 503)
    assert took < 2 * SECONDS_TO_SAY_SO
    assert gone.headers["Retry-After"] == "5"
    assert fragment.headers["HX-Retarget"] == "#messages"
    for told in (gone.text, fragment.text):
        assert "psycopg" not in told
        assert "Traceback" not in told
        assert "Nothing was lost" in told


def test_d4_a_slow_wire_is_slow_and_right(shaky: Shaky) -> None:
    shaky.wire.delay = 0.05

    sell(shaky.shop, (shaky.milk, 1, 115_00))

    shaky.wire.mend()
    assert shaky.sales() == 1
    books.assert_the_books_agree(shaky.shop)


def test_d4_a_dead_wire_claims_no_success_and_what_was_sent_again_is_done_once(shaky: Shaky) -> None:
    """Half open: the connection stands, nothing comes through, until the system gives it up."""
    id = new_id()
    answered = threading.Event()

    def sell_one() -> None:
        with shaky.app.app_context():
            _until_acknowledged(shaky, id)
            db.session.remove()
        answered.set()

    db.session.remove()
    shaky.wire.is_dead = True
    thread = threading.Thread(target=sell_one)
    thread.start()
    assert not answered.wait(1)
    shaky.wire.break_all()
    shaky.wire.mend()
    thread.join(20)

    assert answered.is_set()
    assert shaky.sales() == 1


def test_d4_the_system_is_told_to_give_up_connections_that_are_dead(app: Flask) -> None:
    """Where no packet comes back at all, the kernel notices: within about 15 seconds, not two hours."""
    how = app.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]

    assert how["keepalives_idle"] + how["keepalives_interval"] * how["keepalives_count"] <= 15
    assert how["tcp_user_timeout"] <= 15_000


def test_d8_when_all_connections_are_in_use_a_page_says_so_in_time_and_health_answers(shaky: Shaky) -> None:
    browser = shaky.browser()
    db.session.remove()
    taken = [db.engine.connect() for _ in range(3)]

    began = time.monotonic()
    answer = browser.get("/products/")
    took = time.monotonic() - began
    health = browser_at(shaky.app).get("/healthz")
    for connection in taken:
        connection.close()
    after = browser.get("/products/")

    assert (answer.status_code, health.status_code, after.status_code) == (503, 200, 200)
    assert took < SECONDS_TO_SAY_SO
    assert answer.headers["Retry-After"] == "5"
    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_d7_whatever_becomes_of_requests_the_pool_has_all_its_connections_afterwards(shaky: Shaky) -> None:
    browser = shaky.browser()
    stranger = browser_at(shaky.app, shaky.shop.slug)
    for number in range(60):
        if number % 10 == 5:
            shaky.wire.break_all()
        for client, path in (
            (browser, "/products/"),
            (browser, f"/products/{new_id()}"),
            (stranger, "/products/"),
            (browser, "/nowhere"),
        ):
            assert client.get(path).status_code in {200, 302, 303, 404, 503}
        browser.post_form("/products/", {"name": ""})
    db.session.remove()

    pool = db.engine.pool
    assert pool.checkedout() == 0  # type: ignore[attr-defined]
    with db.engine.connect() as connection:
        idle = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND starts_with(state, 'idle in')"
            " AND pid <> pg_backend_pid() AND now() - state_change > interval '1 second'"
        ).scalar_one()
    assert idle == 0
