"""How each figure grows: one shop with few and with many entries, by itself and among a hundred and 10,000 shops.

Yardstick of every figure: the same act in a shop of 10 thousand entries that is alone on its server. A ratio of 1
says that size costs nothing. Times are of this process with its database, one client: those a fifth of its rounds
stayed below, so that what other programs take meanwhile is in none of them.
"""

import time
from collections.abc import Callable

from benchmarks.ground import BASE_DOMAIN, Ground, Result
from benchmarks.ground import ground as another_ground
from benchmarks.posting import CashSale, post_sale
from benchmarks.reports import fill
from benchmarks.shops import crowd_in
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash
from ledger_web.domain.tokens import digest_of, new_token
from ledger_web.identity import SESSION_COOKIE, cookie_value
from ledger_web.models.base import session_of
from ledger_web.services import posting
from tests.shops import Shop, add_product, sell

ENTRIES = {"10k": 10_000, "1m": 1_000_000}
MORE_ENTRIES = {"10m": 10_000_000}  # with --long: half an hour to fill, 12 GB
SHOPS = (1, 100, 10_000)
PER_TILL = 0.6  # of a shop's entries are those of its till
ROUNDS = 40

Act = Callable[[Shop, str], object]


def measure_growth(ground: Ground) -> list[Result]:
    """Return `growth.<act>.<entries>.<shops>`, milliseconds, on a server of its own."""
    sizes = ENTRIES | (MORE_ENTRIES if ground.long else {})
    crowds = (1, 100, 400 if ground.quick else SHOPS[-1])
    taken: dict[tuple[str, str, int], float] = {}
    with another_ground(seconds=ground.seconds, quick=ground.quick) as place, place.app.app_context():
        acts = _acts(place)
        filled: dict[str, Shop] = {}
        there = 0
        for shops in crowds:
            crowd_in(place, shops - there - 1, after=there) if shops > 1 else None
            there = shops
            for size, entries in sizes.items():
                if size not in filled:
                    filled[size] = _fill(place, size, entries // (20 if place.quick else 1))
                for name, act in acts.items():
                    taken[name, size, shops] = _quick_ms(act, filled[size], _cookie(filled[size]), place)
    return [
        Result(f"growth.{name}.{size}.{shops}", value, beside, beside / value, "ms")
        for (name, size, shops), value in taken.items()
        for beside in [taken[name, "10k", 1]]
    ]


def _acts(place: Ground) -> dict[str, Act]:
    client = place.app.test_client(use_cookies=False)
    goods: dict[int, object] = {}

    def page(path: str) -> Act:
        def open_page(shop: Shop, cookie: str) -> None:
            address = path.replace("TILL", str(posting.account_id(shop.tenant_id, cash(shop.drawer_id, "PKR"))))
            answer = client.get(address, base_url=f"http://{shop.slug}.{BASE_DOMAIN}/", headers={"Cookie": cookie})
            if answer.status_code != 200:
                raise RuntimeError(f"{address} answers {answer.status_code}.")

        return open_page

    def store(shop: Shop, _cookie: str) -> None:
        product_id = goods.setdefault(shop.tenant_id, None) or add_product(shop, "Measured", quantity=10**6)
        goods[shop.tenant_id] = product_id
        sell(shop, (product_id, 1, 115_00))

    return {
        "post": lambda shop, _: post_sale(CashSale(new_id(), shop.drawer_id), shop.act()),
        "store_sale": store,
        "home_page": page("/"),
        "sell_page": page("/sell/"),
        "statement_page": page("/accounts/TILL"),
        "trial_balance_page": page("/reports/trial-balance"),
    }


def _fill(place: Ground, size: str, entries: int) -> Shop:
    return fill(place, f"growth-{size}", round(entries * PER_TILL))


def _cookie(shop: Shop) -> str:
    token = new_token()
    with shop.act() as uow:
        uow.execute(
            "INSERT INTO sessions (tenant_id, id, user_id) VALUES (%(tenant_id)s, %(id)s, %(user_id)s)",
            {"id": digest_of(token), "user_id": shop.owner_id},
        )
    return f"{SESSION_COOKIE}={cookie_value(shop.tenant_id, token)}"


def _quick_ms(act: Act, shop: Shop, cookie: str, place: Ground) -> float:
    rounds = 5 if place.quick else ROUNDS
    taken = []
    for number in range(rounds + 5):
        began = time.perf_counter()
        act(shop, cookie)
        if number >= 5:  # connected, prepared, planned
            taken.append((time.perf_counter() - began) * 1000)
    session_of(shop.tenant_id).rollback()
    return sorted(taken)[len(taken) // 5]
