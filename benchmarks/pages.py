"""The till over HTTP: the sell page, a scanned line, a stored sale, by a few tills at once on the real server.

Yardstick: an ordinary page with one SELECT, on the same kind of server and the same database. The tills, the server
and PostgreSQL share the machine, so a rate says what all of them together can do.
"""

import contextlib
import http.client
import itertools
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode

from psycopg.conninfo import conninfo_to_dict

from benchmarks.ground import BASE_DOMAIN, SECRET_KEY, Ground, Result, acts_per_second, rate
from ledger_web.config import ROOT
from ledger_web.domain.ids import new_id
from ledger_web.domain.tokens import digest_of, new_token
from ledger_web.identity import SESSION_COOKIE, cookie_value
from ledger_web.services.carts import AddToCart, add_to_cart
from tests.books import assert_the_books_agree, count
from tests.faults.servers import free_port, wait_for
from tests.shops import Shop, add_product, open_a_shop

TILLS = 4
LINES = 5  # of a cart
SERVE = "from ledger_web.config import read_settings; from ledger_web.serve import serve; serve(read_settings())"
CSRF_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart that only waits to be paid."""

    id: uuid.UUID
    version: int
    user_id: uuid.UUID


class Till:
    """A browser somebody sells with: one connection, the cookies of a signed in person."""

    def __init__(self, port: int, host: str = BASE_DOMAIN, session: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Host": f"{host}:{port}", "Sec-Fetch-Site": "same-origin"}
        self._csrf_token = ""
        if session:
            self._headers["Cookie"] = f"{SESSION_COOKIE}={session}"

    def get(self, path: str) -> str:
        return self._send("GET", path, None, {})

    def post(self, path: str, **fields: object) -> str:
        """Send a form as htmx does."""
        form = urlencode({"csrf_token": self._csrf_token, **fields})
        kind = {"Content-Type": "application/x-www-form-urlencoded", "HX-Request": "true"}
        return self._send("POST", path, form, kind)

    def close(self) -> None:
        """Hang up; the next request connects again. A server takes only so many open connections."""
        self._connection.close()

    def open(self, path: str) -> None:
        """See a page with forms, and keep its visit and its token."""
        page = self.get(path)
        found = CSRF_TOKEN.search(page)
        if found is None:
            raise RuntimeError(f"{path} has no form:\n{page[:500]}")
        self._csrf_token = found[1]
        self.close()

    def _send(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> str:
        self._connection.request(method, path, body, self._headers | headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status}\n{text[:500]}")
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            if name == "__Host-visit":
                others = self._headers["Cookie"].partition("; ")[0]
                self._headers["Cookie"] = f"{others}; {name}={value}"
        return text


def measure_pages(ground: Ground) -> list[Result]:
    """Measure the sell page, adding a line and storing a sale, in requests a second."""
    with ground.app.app_context():
        shop = open_a_shop("bench-till")
        products = [add_product(shop, f"Product {number}", quantity=10**6) for number in range(LINES)]
        people = _hire(shop, 60 if ground.quick else 200)
        with _served(ground, "-m", "benchmarks.one_select") as port:
            plain = [Till(port) for _ in range(TILLS)]
            yardstick = acts_per_second(ground.app, TILLS, lambda till: plain[till].get("/"), ground.seconds)
        carts = [_fill_cart(shop, person, products) for person in people]
        with _served(ground, "-c", SERVE) as port:
            tills = [_till(port, shop, person) for person in people[:TILLS]]
            sell_page = acts_per_second(ground.app, TILLS, lambda till: tills[till].get("/sell/"), ground.seconds)
            chosen = itertools.cycle(products)
            add_line = acts_per_second(
                ground.app,
                TILLS,
                lambda till: tills[till].post("/sell/lines", op_id=new_id(), product_id=next(chosen)),
                ground.seconds,
            )
            store_sale = _store_all(port, shop, carts[TILLS:])
        assert count(shop, "sales") == len(carts) - TILLS
        assert_the_books_agree(shop)
    return [
        rate("http.sell_page", sell_page, yardstick),
        rate("http.add_line", add_line, yardstick),
        rate("sale.store.vs_one_select", store_sale, yardstick),
    ]


def _hire(shop: Shop, number: int) -> list[uuid.UUID]:
    """Let many people sell, with the owner's rights and without the time a password takes."""
    people = [new_id() for _ in range(number)]
    with shop.act() as uow:
        uow.execute(
            """
            INSERT INTO users AS u (tenant_id, id, login, name, password_hash, role_id)
            SELECT o.tenant_id, n.id, n.id::text, 'Cashier', o.password_hash, o.role_id
              FROM users AS o
             CROSS JOIN unnest(%(ids)s::uuid[]) AS n(id)
             WHERE o.tenant_id = %(tenant_id)s AND o.id = %(owner_id)s
            """,
            {"ids": people, "owner_id": shop.owner_id},
        )
    return people


def _till(port: int, shop: Shop, user_id: uuid.UUID) -> Till:
    token = new_token()
    with shop.act() as uow:
        uow.execute(
            "INSERT INTO sessions (tenant_id, id, user_id) VALUES (%(tenant_id)s, %(id)s, %(user_id)s)",
            {"id": digest_of(token), "user_id": user_id},
        )
    till = Till(port, f"{shop.slug}.{BASE_DOMAIN}", cookie_value(shop.tenant_id, token))
    till.open("/sell/")
    return till


def _fill_cart(shop: Shop, user_id: uuid.UUID, products: Sequence[uuid.UUID]) -> Cart:
    for product_id in products:
        add_to_cart(AddToCart(id=new_id(), product_id=product_id), shop.act(user_id))
    with shop.act(user_id) as uow:
        cart = uow.execute(
            "SELECT id, version FROM carts WHERE tenant_id = %(tenant_id)s AND user_id = %(user_id)s",
            {"user_id": user_id},
        ).one()
    return Cart(cart.id, cart.version, user_id)


def _store_all(port: int, shop: Shop, carts: Sequence[Cart]) -> float:
    """Store the carts, each of its own person, by a few tills at once; return how many a second."""
    ready = [(cart, _till(port, shop, cart.user_id)) for cart in carts]

    def store(cart: Cart, till: Till) -> None:
        till.post("/sell/", op_id=cart.id, version=cart.version, drawer_id=shop.drawer_id, tendered="")
        till.close()

    with ThreadPoolExecutor(TILLS) as pool:
        began = time.perf_counter()
        for stored in [pool.submit(store, cart, till) for cart, till in ready]:
            stored.result()
        return len(carts) / (time.perf_counter() - began)


@contextlib.contextmanager
def _served(ground: Ground, *program: str) -> Iterator[int]:
    """Run a server in a process of its own; it listens on the loopback address only."""
    port = free_port()
    where = conninfo_to_dict(ground.conninfo())
    environment = os.environ | {
        "DATABASE_URL": ground.conninfo(),
        "ONE_SELECT_DATABASE": urlencode({name: str(where[name]) for name in ("host", "port", "user", "dbname")}),
        "SECRET_KEY": SECRET_KEY,
        "BASE_DOMAIN": BASE_DOMAIN,
        "ADDRESS": "127.0.0.1",
        "PORT": str(port),
    }
    server = subprocess.Popen([sys.executable, *program], cwd=ROOT, env=environment)
    try:
        wait_for(port, server)
        yield port
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
