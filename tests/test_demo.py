"""The demo: a shop that anybody can look at, made once, through the services, whatever interrupts it."""

import pytest
from flask import Flask

from ledger_web import demo
from ledger_web.domain.errors import WrongPasswordError
from ledger_web.queries.drawers import list_drawers
from ledger_web.queries.tenants import find_tenant
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.services.users import SignIn, sign_in
from tests import books
from tests.returns import ask
from tests.shops import PASSWORD, Shop


def demo_shop() -> Shop:
    found = find_tenant("demo")
    assert found is not None
    drawers = list_drawers(found.tenant_id)
    return Shop(found.tenant_id, "demo", drawers[0].id, drawers[0].id, "AFN")


def sign_in_at(shop: Shop, login: str, password: str) -> None:
    sign_in(SignIn(login=login, password=password, address="127.0.0.1"), UnitOfWork(shop.tenant_id))


def test_the_demo_is_finished_after_an_interruption_and_then_left_alone(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as interruption:
        interruption.setattr(demo, "undo", interrupted)
        with pytest.raises(KeyboardInterrupt):
            demo.make_demo()
    shop = demo_shop()
    sales_before = books.count(shop, "sales")
    runner = app.test_cli_runner()

    finished = runner.invoke(args=["demo"])
    again = runner.invoke(args=["demo"])

    assert finished.exit_code == 0
    sentence, password = finished.output.strip().rsplit(": ", 1)
    assert sentence == "The shop demo is open.\nSign in as owner, manager or cashier"
    for login in ("owner", "manager", "cashier"):
        sign_in_at(shop, login, password)
    assert again.output == "The shop demo is there already. Nothing was changed.\n"
    assert 0 < sales_before < books.count(shop, "sales")
    assert books.count(shop, "sales") > 400
    assert books.count(shop, "products") == 60
    assert books.count(shop, "barcodes") == 60
    assert books.count(shop, "parties") == 15
    assert {money.currency for drawer in list_drawers(shop.tenant_id) for money in drawer.money} == {"AFN", "USD"}
    returns, parked = (
        ask(shop, f"SELECT * FROM {table} WHERE tenant_id = :tenant_id") for table in ("sale_returns", "carts")
    )
    assert [row.exchanged_for is not None for row in returns] == [False, True]
    assert [row.label for row in parked] == ["Fetches the purse"]
    assert (
        len(ask(shop, "SELECT FROM payments WHERE tenant_id = :tenant_id AND currency = 'USD' AND sale_id IS NOT NULL"))
        > 5
    )
    assert len(ask(shop, "SELECT FROM sales WHERE tenant_id = :tenant_id AND discount > 0")) > 5
    books.assert_the_books_agree(shop)


def test_a_lost_password_is_replaced_from_the_command_line(app: Flask, shop: Shop) -> None:
    runner = app.test_cli_runner()
    arguments = ["users", "reset-password", "corner", "owner", "--password", "a new and longer sentence"]

    assert runner.invoke(args=arguments).exit_code == 0

    sign_in_at(shop, "owner", "a new and longer sentence")
    with pytest.raises(WrongPasswordError):
        sign_in_at(shop, "owner", PASSWORD)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere", "owner", "--password", "a new and longer sentence"],
        ["corner", "nobody", "--password", "a new and longer sentence"],
        ["corner", "owner", "--password", "password"],
    ],
)
def test_a_password_is_not_replaced_for_nobody_or_by_a_weak_one(app: Flask, shop: Shop, arguments: list[str]) -> None:
    result = app.test_cli_runner().invoke(args=["users", "reset-password", *arguments])

    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    sign_in_at(shop, "owner", PASSWORD)
