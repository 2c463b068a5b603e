"""What only a Citus cluster can show. CITUS_URL is a superuser's URL of an empty database of its coordinator, in which
the extension is there and the workers are known."""

import os
from collections.abc import Iterator

import pytest
from flask import Flask

from ledger_web.config import Settings
from ledger_web.domain.ids import new_id
from ledger_web.factory import create_app
from ledger_web.models.base import db
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.provisioning import access_to, prepare
from tests.asked import ask_everything
from tests.books import assert_the_books_agree
from tests.databases import SECRET_KEY
from tests.shops import Shop, add_product, open_a_shop, sell


@pytest.fixture
def clustered() -> Iterator[Flask]:
    """An application on a coordinator."""
    url = os.environ.get("CITUS_URL")
    if not url:
        pytest.skip("CITUS_URL names no cluster: shops on one are not tried.")
    prepare(access_to(url, None, SECRET_KEY))
    settings = Settings(secret_key=SECRET_KEY, database_url=url, base_domain="shop.localhost", testing=True)
    app = create_app(settings)
    yield app
    with app.app_context():
        db.engine.dispose()


def test_shops_that_trade_are_distributed_and_trade_on(clustered: Flask) -> None:
    before = ask_in_it(clustered, "before")

    first, again = run(clustered, "cluster distribute"), run(clustered, "cluster distribute")

    assert " 0 were already" in first
    assert ": 0 tables" in again
    after = ask_in_it(clustered, "after")
    with clustered.app_context():
        rice = add_product(before, "Brown rice")
        sale_id = sell(before, (rice, 2, 115_00))
        undo(Undo(id=new_id(), transaction_id=sale_id, reason="Rung up twice"), before.act())
        for shop in (before, after):
            sell(shop, (add_product(shop, "Lentils"), 1, 90_00))
            assert_the_books_agree(shop)
        gone = open_a_shop("gone")
    run(clustered, "recalculate-balances --all --check")
    run(clustered, "isolation check")
    run(clustered, "tenants delete gone --yes")
    run(clustered, "tenants purge gone --at-once")
    with clustered.app_context(), gone.act() as uow:
        assert uow.execute("SELECT count(*) FROM accounts WHERE tenant_id = %(tenant_id)s").scalar_one() == 0


def ask_in_it(app: Flask, slug: str) -> Shop:
    """Open a shop, let everything happen in it, and look at every page."""
    with app.app_context():
        return ask_everything(app, slug)[0]


def run(app: Flask, command: str) -> str:
    with app.app_context():
        done = app.test_cli_runner().invoke(args=command.split())
    assert done.exit_code == 0, done.output
    return done.output
