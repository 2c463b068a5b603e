"""One connection for two shops: whatever happens in a request, the next one sees nothing of it.

Promises T4, T5 and, lightly, D7.
"""

import contextvars
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import psycopg
import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import QueuePool, text
from sqlalchemy.exc import DBAPIError

from ledger_web.domain.permissions import SALE_CREATE
from ledger_web.identity import permission_required
from ledger_web.models.base import SessionBelongsToAnotherShopError, db, directory_session, session_of
from ledger_web.services.unit_of_work import UnitOfWork
from tests.clients import ShopClient, browser_at
from tests.databases import Database
from tests.shops import Shop, add_customer, add_product, open_a_shop

REQUESTS = 400
WORDS = {"corner": "Lindworm", "rival": "Xylograf"}
NO_SHOP = (psycopg.errors.InvalidTextRepresentation, psycopg.errors.UndefinedObject)
Trouble = Callable[[Shop, Shop], object]


def _nothing(_own: Shop, _other: Shop) -> None:
    """Go on as usual."""


def _exception(own: Shop, _other: Shop) -> None:
    session_of(own.tenant_id).execute(text("SELECT 1"))
    raise ZeroDivisionError


def _aborted_statement(own: Shop, _other: Shop) -> None:
    session_of(own.tenant_id).execute(text("SELECT 1 / 0"))


def _aborted_and_ignored(own: Shop, _other: Shop) -> None:
    with pytest.raises(DBAPIError):
        session_of(own.tenant_id).execute(text("SELECT 1 / 0"))


def _commit_midway(own: Shop, _other: Shop) -> None:
    session_of(own.tenant_id).execute(text("SELECT 1"))
    session_of(own.tenant_id).commit()


def _savepoint_left_open(own: Shop, _other: Shop) -> None:
    session_of(own.tenant_id).begin_nested()
    session_of(own.tenant_id).execute(text("SELECT 1"))


def _savepoint_that_failed(own: Shop, _other: Shop) -> None:
    session = session_of(own.tenant_id)
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text("SELECT nothing"))


def _savepoint_released_with_a_setting(own: Shop, _other: Shop) -> None:
    session = session_of(own.tenant_id)
    with session.begin_nested():
        session.execute(text("SELECT set_config('app.tenant_id', '1', true)"))
    session.commit()


def _set(own: Shop, other: Shop) -> None:
    setting = text("SELECT set_config('app.tenant_id', :id, false)")
    session_of(own.tenant_id).execute(setting, {"id": str(other.tenant_id)})


def _setting_for_the_session_rolled_back(own: Shop, other: Shop) -> None:
    """What an injected statement would do, in a request that fails afterwards."""
    _set(own, other)
    raise ZeroDivisionError


def _setting_for_the_session_committed(own: Shop, other: Shop) -> None:
    """What an injected statement would do at worst: it outlives the transaction on the connection."""
    _set(own, other)
    session_of(own.tenant_id).commit()


def _act_that_fails(own: Shop, _other: Shop) -> None:
    with UnitOfWork(own.tenant_id, own.owner_id) as uow:
        uow.execute("SELECT 1")
        raise ZeroDivisionError


def _act_within_which_the_other_is_asked_for(own: Shop, other: Shop) -> None:
    with UnitOfWork(own.tenant_id, own.owner_id), pytest.raises(SessionBelongsToAnotherShopError):
        session_of(other.tenant_id)


def _directory_asked(own: Shop, _other: Shop) -> None:
    directory_session().execute(text("SELECT count(*) FROM tenant_directory"))


def _connection_lost(own: Shop, _other: Shop) -> None:
    connection = session_of(own.tenant_id).connection().connection.driver_connection
    assert connection is not None
    connection.close()


TROUBLES: tuple[Trouble, ...] = (
    _nothing,
    _exception,
    _aborted_statement,
    _aborted_and_ignored,
    _commit_midway,
    _savepoint_left_open,
    _savepoint_that_failed,
    _savepoint_released_with_a_setting,
    _setting_for_the_session_rolled_back,
    _setting_for_the_session_committed,
    _act_that_fails,
    _act_within_which_the_other_is_asked_for,
    _directory_asked,
    _connection_lost,
)


@dataclass(slots=True)
class Pair:
    """Two shops at an application with one connection, and what the next request to /trouble runs into."""

    app: Flask
    shops: dict[str, Shop]
    trouble: Trouble = _nothing

    def browser(self, shop: Shop) -> ShopClient:
        client = browser_at(self.app, shop.slug)
        with self.app.app_context():
            client.sign_in_as(shop, "owner")
        return client

    def run_into_trouble(self) -> str:
        """Do what the test wants, then show every name that the shop's own transaction can see."""
        own = self.shops[g.slug]
        other = next(shop for slug, shop in self.shops.items() if slug != g.slug)
        self.trouble(own, other)
        names = session_of(own.tenant_id).execute(text("SELECT name FROM parties UNION SELECT name FROM products"))
        return " ".join(names.scalars())


@pytest.fixture
def pair(database: Database) -> Iterator[Pair]:
    app = database.make_app(threads=1)
    app.testing = False  # errors become answers, as in earnest
    with app.app_context():
        pair = Pair(app, {slug: open_a_shop(slug) for slug in WORDS})
        for slug, shop in pair.shops.items():
            add_customer(shop, f"{WORDS[slug]} customer")
            add_product(shop, f"{WORDS[slug]} product")
    app.add_url_rule("/trouble", "trouble", permission_required(SALE_CREATE)(lambda: pair.run_into_trouble()))
    yield pair
    with app.app_context():
        assert cast(QueuePool, db.engine.pool).checkedout() == 0
        db.engine.dispose()


def test_t5_shops_that_take_turns_on_one_connection_never_see_each_other(pair: Pair) -> None:
    seed = random.randrange(10**9)
    chance, seen = random.Random(seed), Counter[int]()
    browsers = {slug: pair.browser(shop) for slug, shop in pair.shops.items()}

    for number in range(REQUESTS):
        slug = chance.choice(list(WORDS))
        pair.trouble = chance.choice(TROUBLES)
        path = chance.choice(("/trouble", "/trouble", "/customers/", "/products/", "/nothing", "/sell/hits?q=product"))
        answer = browsers[slug].get(path, htmx=chance.random() < 0.3)
        told = f"seed {seed}, request {number}: {slug} {path} {pair.trouble.__name__}"
        foreign = next(word for name, word in WORDS.items() if name != slug)
        assert foreign not in answer.text + str(answer.headers), told
        if answer.status_code == 200:
            assert WORDS[slug] in answer.text, told
        seen[answer.status_code] += 1

    assert seen[200] > REQUESTS / 3
    assert seen[404] > 10
    assert seen[500] > 10


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: str(trouble.__name__).strip("_"))
def test_t5_after_each_trouble_the_other_shop_sees_its_own(pair: Pair, trouble: Trouble) -> None:
    corner, rival = (pair.browser(pair.shops[slug]) for slug in WORDS)
    pair.trouble = trouble
    troubled = corner.get("/trouble")
    pair.trouble = _nothing

    after = rival.get("/trouble")

    assert WORDS["rival"] not in troubled.text
    assert (after.status_code, set(after.text.split())) == (200, {WORDS["rival"], "customer", "product"})
    assert browser_at(pair.app, "rival").get("/sign-in").status_code == 200


def test_d7_answers_that_nobody_reads_to_the_end_give_the_connection_back(pair: Pair) -> None:
    corner, rival = (pair.browser(pair.shops[slug]) for slug in WORDS)
    with pair.app.app_context():
        alice = add_customer(pair.shops["corner"], "Alice")

    def read_a_little() -> None:
        address = f"http://{corner.host}/customers/{alice}/statement.csv"
        answer = FlaskClient.open(corner, address, buffered=False)
        assert next(iter(answer.response))
        answer.close()

    for _ in range(20):
        contextvars.Context().run(read_a_little)
        assert rival.get("/customers/").status_code == 200

    with pair.app.app_context():
        assert cast(QueuePool, db.engine.pool).checkedout() == 0


def test_t4_the_connection_of_a_request_knows_no_shop_afterwards(pair: Pair) -> None:
    corner = pair.browser(pair.shops["corner"])

    for trouble in (_nothing, _exception, _commit_midway, _aborted_statement, _savepoint_left_open, _act_that_fails):
        pair.trouble = trouble
        corner.get("/trouble")
        with pair.app.app_context(), db.engine.connect() as connection:
            with pytest.raises(DBAPIError) as refused:
                connection.execute(text("SELECT * FROM parties"))
            assert isinstance(
                refused.value.orig, psycopg.errors.InvalidTextRepresentation | psycopg.errors.UndefinedObject
            )
