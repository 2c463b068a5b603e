"""The register: what it shows, in which order, and what each filter finds."""

import datetime as dt
import uuid

import pytest

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash
from ledger_web.queries import transactions as queries
from ledger_web.queries.books import get_books
from ledger_web.queries.transactions import get_transaction, list_kinds, list_people, list_transactions
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.expenses import AddCategory, RecordExpense, add_category, record_expense
from ledger_web.services.transactions import RecordOwnerMoney, record_owner_money
from tests.shops import Shop, add_customer, add_product, person, sell


def put_in(shop: Shop, memo: str = "", day: dt.date | None = None, actor: uuid.UUID | None = None) -> uuid.UUID:
    place = cash(shop.drawer_id, "PKR")
    command = RecordOwnerMoney(id=new_id(), is_deposit=True, place=place, amount=1000_00, memo=memo, occurred_on=day)
    return record_owner_money(command, shop.act(actor)).id


def titles(page: queries.TransactionsPage) -> list[str]:
    return [row.title for row in page.rows]


def test_it_shows_everything_that_happened_newest_day_first(shop: Shop) -> None:
    milk, alice = add_product(shop), add_customer(shop)
    put_in(shop, "Start")
    sale = sell(shop, (milk, 1, 115_00), customer_id=alice, rest_on_account=True)
    undo(Undo(id=new_id(), transaction_id=sale, reason="Rung up twice"), shop.act())
    put_in(shop, "Older", dt.date(2026, 1, 31))

    rows = [row for row in list_transactions(shop.tenant_id).rows if row.kind not in {"shift_opening"}]

    assert [row.title for row in rows] == [
        "Sale A-000001 deleted",
        "Sale A-000001",
        "Owner’s deposit",
        "Opening stock",
        "Owner’s deposit",
    ]
    deletion, sold, start, _, older = rows
    assert (sold.party, sold.is_reversed, sold.amounts) == ("Alice", True, (("PKR", 115_00),))
    assert (deletion.party, deletion.memo, deletion.document_id) == ("Alice", "Rung up twice", sale)
    assert (start.memo, start.actor, start.is_reversed) == ("Start", "Olga Owner", False)
    assert older.occurred_on == dt.date(2026, 1, 31)


def test_a_page_begins_where_the_one_before_ended(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PAGE_SIZE", 2)
    days = [dt.date(2026, 1, day) for day in (1, 2, 2, 2, 3)]
    ids = [put_in(shop, day=day) for day in days]
    seen, key = [], None

    while True:
        page = list_transactions(shop.tenant_id, kind="owner_deposit", older_than=key)
        seen += [row.id for row in page.rows]
        key = page.older_than
        if key is None:
            break

    assert seen == ids[::-1]


def test_each_filter_leaves_out_what_it_says(shop: Shop) -> None:
    milk = add_product(shop)
    manager = person(shop, "manager")
    sell(shop, (milk, 1, 115_00))
    put_in(shop, "Start", dt.date(2026, 1, 1))
    put_in(shop, "More", dt.date(2026, 2, 1), manager)
    today = get_books(shop.tenant_id).today

    assert titles(list_transactions(shop.tenant_id, kind="sale")) == ["Sale A-000001"]
    assert titles(list_transactions(shop.tenant_id, kind="no_such")) == []
    assert [row.memo for row in list_transactions(shop.tenant_id, actor_id=manager).rows] == ["More"]
    assert [row.memo for row in list_transactions(shop.tenant_id, until=dt.date(2026, 1, 1)).rows] == ["Start"]
    between = list_transactions(shop.tenant_id, since=dt.date(2026, 1, 2), until=dt.date(2026, 2, 1))
    assert [row.memo for row in between.rows] == ["More"]
    assert len(list_transactions(shop.tenant_id, since=today, kind="sale").rows) == 1
    assert list_transactions(shop.tenant_id, overrides=True).rows == ()


def test_words_of_memos_and_numbers_are_found_by_their_beginnings(shop: Shop) -> None:
    milk = add_product(shop)
    sale = sell(shop, (milk, 1, 115_00))
    undo(Undo(id=new_id(), transaction_id=sale, reason="Rung up twice"), shop.act())
    put_in(shop, "Rent of NOVEMBER, Café")
    put_in(shop, "چای و نان")

    def found(words: str) -> list[str]:
        return titles(list_transactions(shop.tenant_id, words=words))

    assert found("nov rent") == ["Owner’s deposit"]
    assert found("cafe") == ["Owner’s deposit"]
    assert found("نان") == ["Owner’s deposit"]
    assert found("rent december") == []
    assert found("a-0000") == ["Sale A-000001 deleted", "Sale A-000001"]
    assert found("rung") == ["Sale A-000001 deleted"]
    assert found("%") == []
    assert found("_") == []


def test_the_kinds_offered_are_those_there_are(shop: Shop) -> None:
    add_product(shop)
    put_in(shop)

    kinds = [kind for kind in list_kinds(shop.tenant_id) if kind != "shift_opening"]

    assert kinds == ["sale", "opening_stock", "owner_deposit"]
    assert "Olga Owner" in [each.name for each in list_people(shop.tenant_id)]


def test_one_transaction_tells_its_entries_and_what_took_it_back(shop: Shop) -> None:
    category = add_category(AddCategory(id=new_id(), kind="expense", name="Flowers"), shop.act()).id
    put_in(shop)
    place = cash(shop.drawer_id, "PKR")
    spent = record_expense(
        RecordExpense(id=new_id(), category=f"c_{category.hex}", paid_from=place, amount=5_00, memo="Roses"), shop.act()
    ).id
    reversal = new_id()
    undo(Undo(id=reversal, transaction_id=spent, reason="Wilted"), shop.act())

    before, after = get_transaction(shop.tenant_id, spent), get_transaction(shop.tenant_id, reversal)

    assert (before.title, before.memo, before.actor) == ("Expense", "Roses", "Olga Owner")
    assert [(e.debit.name, e.credit.name, e.amount, e.currency) for e in before.entries] == [
        ("Flowers", "Till 1", 5_00, "PKR")
    ]
    assert (before.reversal_id, before.reversal_memo, before.reversed_by) == (reversal, "Wilted", "Olga Owner")
    assert before.why_not_reversible == "It was reversed already."
    assert [(e.debit.name, e.credit.name) for e in after.entries] == [("Till 1", "Flowers")]
    assert (after.title, after.document_id, after.reversal_id) == ("Expense reversed", spent, None)
    assert after.why_not_reversible.startswith("A reversal stays")


def test_a_rivals_transactions_are_not_in_it(shop: Shop, rival: Shop) -> None:
    theirs = put_in(rival, "Secret")

    assert list_transactions(shop.tenant_id, kind="owner_deposit").rows == ()
    assert list_transactions(shop.tenant_id, words="secret").rows == ()
    with pytest.raises(NotFoundError):
        get_transaction(shop.tenant_id, theirs)
