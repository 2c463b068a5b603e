"""The chart of accounts: every balance is there once, and both sides come to the same."""

import uuid

import pytest

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash, customer, equity, exchange, expense, tax_payable
from ledger_web.domain.transactions import ManualLine
from ledger_web.queries import accounts as queries
from ledger_web.queries.accounts import (
    get_account,
    list_chart,
    list_currencies,
    list_holders,
    list_money_places,
    list_people_accounts,
    list_shop_accounts,
    totals_of,
)
from ledger_web.services.posting import account_id
from ledger_web.services.transactions import PostManual, post_manual
from tests.books import balances
from tests.shops import Shop, add_customer, add_product, sell


def trade(shop: Shop) -> uuid.UUID:
    """Sell for cash and on account, and change money: accounts of many kinds, two currencies."""
    alice = add_customer(shop)
    milk = add_product(shop)
    sell(shop, (milk, 3, 115_00))
    sell(shop, (milk, 1, 115_00), customer_id=alice, rest_on_account=True)
    dollars = cash(shop.drawer_id, "USD")
    lines = (
        ManualLine(dollars, 1_00, 0),
        ManualLine(exchange("USD"), 0, 1_00),
        ManualLine(exchange("PKR"), 280_00, 0),
        ManualLine(cash(shop.drawer_id, "PKR"), 0, 280_00),
        ManualLine(expense("PKR", "rent"), 10_00, 0),
        ManualLine(equity("PKR", "owner"), 0, 10_00),
    )
    post_manual(PostManual(id=new_id(), lines=lines, memo="x"), shop.act())
    return alice


def test_both_sides_of_the_chart_come_to_the_same_in_each_currency(shop: Shop) -> None:
    trade(shop)

    chart = list_chart(shop.tenant_id, "PKR")

    lines = {(line.kind, line.name, line.currency): (line.debit, line.credit) for part in chart for line in part.lines}
    assert lines["cash", "Till 1", "PKR"] == (65_00, 0)
    assert lines["cash", "Till 1", "USD"] == (1_00, 0)
    assert lines["customer", "Customers", "PKR"] == (115_00, 0)
    assert lines["revenue", "Sales", "PKR"] == (0, 400_00)
    assert lines["tax_payable", "Tax to pay", "PKR"] == (0, 60_00)
    assert lines["exchange", "Currency exchange", "USD"] == (0, 1_00)
    assert lines["exchange", "Currency exchange", "PKR"] == (280_00, 0)
    assert lines["equity", "Owner’s capital", "PKR"] == (0, 10_00)
    assert [(total.currency, total.debit == total.credit) for total in totals_of(chart)] == [
        ("PKR", True),
        ("USD", True),
    ]
    assert chart[0].name == "What the shop has"


def test_an_account_has_the_balance_of_its_entries_cached_or_not(shop: Shop) -> None:
    alice = trade(shop)
    expected = balances(shop)

    for key, holder in (
        (customer(alice, "PKR"), ("customer", "Alice")),
        (tax_payable("PKR"), ("tax_payable", "")),
        (expense("PKR", "rent"), ("expense", "rent")),
    ):
        account = get_account(shop.tenant_id, account_id(shop.tenant_id, key))
        assert account.balance == expected[holder]
        assert account.key == key


def test_holders_are_listed_by_name_page_by_page(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PAGE_SIZE", 2)
    milk = add_product(shop)
    for name in ("Zahra", "alice", "Émile", "Bob", "Bob"):
        id = add_customer(shop, name)
        sell(shop, (milk, 1, 1_00), customer_id=id, rest_on_account=True)
    seen, key = [], None

    while True:
        page = list_holders(shop.tenant_id, "customer", "PKR", key)
        seen += [row.name for row in page.rows]
        key = page.after
        if key is None:
            break

    assert seen == ["alice", "Bob", "Bob", "Émile", "Zahra"]
    assert list_holders(shop.tenant_id, "vendor", "PKR").rows == []


def test_a_form_offers_what_may_be_posted_to(shop: Shop, rival: Shop) -> None:
    alice = add_customer(shop)
    add_customer(rival, "Mallory")
    trade_value = f"cash:{shop.drawer_id}"

    assert [(each.value, each.name) for each in list_money_places(shop.tenant_id)] == [(trade_value, "Till 1")]
    offered = {each.value for choices in list_shop_accounts(shop.tenant_id).values() for each in choices}
    assert {trade_value, "equity:owner", "revenue:", "expense:rent", "tax_payable:", "exchange:"} <= offered
    assert not {value for value in offered if value.startswith(("inventory", "store_credit", "customer"))}
    assert {
        name: [each.value for each in choices] for name, choices in list_people_accounts(shop.tenant_id).items()
    } == {"Customers": [f"customer:{alice}"]}


def test_currencies_in_use_come_with_the_shops_own_first(shop: Shop) -> None:
    trade(shop)

    assert list_currencies(shop.tenant_id) == ["PKR", "USD"]


def test_a_rivals_accounts_are_not_there(shop: Shop, rival: Shop) -> None:
    trade(rival)

    assert list_chart(shop.tenant_id, "PKR") == []
    with pytest.raises(NotFoundError):
        get_account(shop.tenant_id, account_id(rival.tenant_id, tax_payable("PKR")))
