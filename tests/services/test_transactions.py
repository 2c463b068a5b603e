"""The owner's money, opening balances, manual transactions, and reversing all of them."""

import datetime as dt
import random
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from ledger_web.domain.errors import (
    AlreadyReversedError,
    CreditLimitExceededError,
    InsufficientFundsError,
    NotFoundError,
    OutOfStockError,
    ResubmissionError,
    RuleViolationError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import (
    AccountKey,
    cash,
    cost_of_sales,
    customer,
    equity,
    exchange,
    expense,
    inventory,
    store_credit,
    tax_payable,
    vendor,
)
from ledger_web.domain.transactions import ManualLine
from ledger_web.services import open_items
from ledger_web.services.deletions import Undo, preview_undoing, undo
from ledger_web.services.drawers import PayIn, PayOut, pay_in, pay_out
from ledger_web.services.expenses import RecordExpense, RecordIncome, record_expense, record_income
from ledger_web.services.goods import AdjustStock, ReceiveGoods, adjust_stock, receive_goods
from ledger_web.services.payments import RecordOpeningBalance, RecordPayment, record_opening_balance, record_payment
from ledger_web.services.transactions import (
    PostManual,
    RecordAccountOpening,
    RecordOwnerMoney,
    post_manual,
    record_account_opening,
    record_owner_money,
)
from ledger_web.services.unit_of_work import Recorded
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, balances, count, stock_of
from tests.services.test_open_items import party, pay
from tests.shops import Shop, add_customer, add_product, sell


def till(shop: Shop, currency: str = "PKR") -> AccountKey:
    return cash(shop.drawer_id, currency)


def put_in(shop: Shop, amount: int = 1000_00, currency: str = "PKR") -> uuid.UUID:
    command = RecordOwnerMoney(id=new_id(), is_deposit=True, place=till(shop, currency), amount=amount, memo="")
    return record_owner_money(command, shop.act()).id


def post(shop: Shop, *lines: tuple[AccountKey, int, int], id: uuid.UUID | None = None, memo: str = "x") -> Recorded:
    command = PostManual(id=id or new_id(), lines=tuple(ManualLine(*line) for line in lines), memo=memo)
    return post_manual(command, shop.act())


def reverse(shop: Shop, transaction_id: uuid.UUID, **changed: Any) -> Recorded:
    values: dict[str, Any] = {
        "id": new_id(),
        "transaction_id": transaction_id,
        "reason": "Entered twice",
        "from_register": True,
    } | changed
    return undo(Undo(**values), shop.act())


def test_the_owner_puts_money_in_and_takes_it_out(shop: Shop) -> None:
    put_in(shop)
    command = RecordOwnerMoney(id=new_id(), is_deposit=False, place=till(shop), amount=300_00, memo="School")

    record_owner_money(command, shop.act())

    assert balances(shop) == {("cash", "Till 1"): 700_00, ("equity", "owner"): 700_00}
    with pytest.raises(InsufficientFundsError):
        record_owner_money(
            RecordOwnerMoney(id=new_id(), is_deposit=False, place=till(shop), amount=700_01, memo=""), shop.act()
        )
    assert_the_books_agree(shop)


def test_an_account_begins_with_what_it_held_before(shop: Shop) -> None:
    for account, amount in ((till(shop), 50_00), (tax_payable("PKR"), 20_00), (till(shop, "USD"), 7_00)):
        record_account_opening(RecordAccountOpening(id=new_id(), account=account, amount=amount, memo=""), shop.act())

    found = balances(shop)
    assert found[("tax_payable", "")] == 20_00
    with shop.act() as uow:
        openings = uow.execute(
            """
            SELECT a.currency, sum(CASE WHEN e.credit_account_id = a.id THEN e.amount ELSE -e.amount END)::bigint
              FROM accounts AS a
              JOIN entries AS e ON e.tenant_id = %(tenant_id)s AND a.id IN (e.debit_account_id, e.credit_account_id)
             WHERE a.tenant_id = %(tenant_id)s AND a.kind = 'equity' AND a.code = 'opening'
             GROUP BY a.currency ORDER BY a.currency
            """
        ).all()
    assert [tuple(row) for row in openings] == [("PKR", 30_00), ("USD", 7_00)]
    assert_the_books_agree(shop)


def test_goods_cards_and_people_begin_elsewhere(shop: Shop) -> None:
    alice = add_customer(shop)

    for account in (inventory("PKR"), store_credit("PKR"), customer(alice, "PKR"), equity("PKR", "opening")):
        with pytest.raises(RuleViolationError):
            record_account_opening(RecordAccountOpening(id=new_id(), account=account, amount=1, memo=""), shop.act())
    assert balances(shop) == {}


def test_a_manual_transaction_moves_every_account_it_names(shop: Shop) -> None:
    alice = add_customer(shop)

    post(
        shop,
        (till(shop), 100_00, 0),
        (customer(alice, "PKR"), 50_00, 0),
        (expense("PKR", "fees"), 25_00, 0),
        (equity("PKR", "owner"), 0, 175_00),
    )

    assert balances(shop) == {
        ("cash", "Till 1"): 100_00,
        ("customer", "Alice"): 50_00,
        ("expense", "fees"): 25_00,
        ("equity", "owner"): 175_00,
    }
    assert_the_books_agree(shop)


def test_what_is_owed_by_hand_can_be_settled_and_is_taken_back_with_its_reversal(shop: Shop) -> None:
    alice, bazaar = add_customer(shop), party(shop, "vendor", "Bazaar", "PKR")
    posted = post(shop, (customer(alice, "PKR"), 50_00, 0), (vendor(bazaar, "PKR"), 0, 50_00)).id

    paid = pay(shop, alice, 20_00)

    with shop.act() as uow:
        found = [
            *open_items.find_open(uow, alice, "PKR", "charge"),
            *open_items.find_open(uow, bazaar, "PKR", "charge"),
        ]
    assert [(item.amount, item.settled) for item in found] == [(50_00, 20_00), (50_00, 0)]
    assert_the_books_agree(shop)

    reverse(shop, posted)

    with shop.act() as uow:
        assert open_items.find_open(uow, bazaar, "PKR", "charge") == []
        (credit,) = open_items.find_open(uow, alice, "PKR", "credit")
    assert (credit.id, credit.open) == (paid, 20_00)
    assert_the_books_agree(shop)


def test_currencies_meet_in_exchange_accounts_by_hand_too(shop: Shop) -> None:
    put_in(shop, 280_000_00)

    post(
        shop,
        (till(shop, "USD"), 1000_00, 0),
        (exchange("USD"), 0, 1000_00),
        (exchange("PKR"), 280_000_00, 0),
        (till(shop), 0, 280_000_00),
    )

    with shop.act() as uow:
        money = uow.execute("SELECT currency, amount FROM cash_drawer_money WHERE tenant_id = %(tenant_id)s").all()
    assert {row.currency: row.amount for row in money} == {"PKR": 0, "USD": 1000_00}
    assert_the_books_agree(shop)


def test_limits_hold_for_accountants_too(shop: Shop) -> None:
    alice = add_customer(shop, credit_limit=10_00)

    with pytest.raises(InsufficientFundsError):
        post(shop, (expense("PKR", "rent"), 1, 0), (till(shop), 0, 1))
    with pytest.raises(CreditLimitExceededError):
        post(shop, (customer(alice, "PKR"), 10_01, 0), (equity("PKR", "owner"), 0, 10_01))
    assert balances(shop) == {}


@pytest.mark.parametrize("kind", ["inventory", "store_credit"])
def test_what_its_own_documents_move_is_not_moved_by_hand(shop: Shop, kind: str) -> None:
    with pytest.raises(RuleViolationError, match="their own documents"):
        post(shop, (AccountKey(kind, "PKR"), 1, 0), (equity("PKR", "owner"), 0, 1))


@pytest.mark.parametrize(
    "account",
    [
        expense("PKR", "no_such"),
        AccountKey("expense", "PKR"),
        AccountKey("equity", "PKR"),
        equity("PKR", "no_such"),
        AccountKey("cost_of_sales", "PKR", code="x"),
        cash(uuid.UUID(int=5), "PKR"),
        customer(uuid.UUID(int=5), "PKR"),
    ],
    ids=str,
)
def test_no_account_is_opened_by_a_slip(shop: Shop, account: AccountKey) -> None:
    with pytest.raises(NotFoundError):
        post(shop, (account, 1, 0), (equity("PKR", "owner"), 0, 1))
    assert count(shop, "accounts") == 0


def test_a_manual_form_sent_twice_posts_once_and_is_told_from_another(app: Flask, shop: Shop) -> None:
    id, lines = new_id(), ((till(shop), 5, 0), (equity("PKR", "owner"), 0, 5))

    results = in_threads(app, *[lambda: post(shop, *lines, id=id)] * 3)

    assert sorted(result.replayed for result in results if isinstance(result, Recorded)) == [False, True, True]
    with pytest.raises(ResubmissionError):
        post(shop, *lines, id=id, memo="another")
    assert balances(shop)["cash", "Till 1"] == 5
    assert_the_books_agree(shop)


def everything(shop: Shop, alice: uuid.UUID) -> dict[str, Callable[[], uuid.UUID]]:
    """One way to post each kind that is reversed by itself. The drawer holds a lot already."""
    place, id = till(shop), new_id
    owner = equity("PKR", "owner")
    return {
        "pay_in": lambda: (
            pay_in(
                PayIn(id=id(), drawer_id=shop.drawer_id, currency="PKR", amount=5_00, reason="Change"), shop.act()
            ).id
        ),
        "pay_out": lambda: (
            pay_out(
                PayOut(id=id(), drawer_id=shop.drawer_id, currency="PKR", amount=5_00, category="food", reason="Tea"),
                shop.act(),
            ).id
        ),
        "expense": lambda: (
            record_expense(
                RecordExpense(id=id(), category="rent", paid_from=place, amount=7_00, memo=""), shop.act()
            ).id
        ),
        "income": lambda: (
            record_income(
                RecordIncome(id=id(), category="interest", paid_into=place, amount=9_00, memo=""), shop.act()
            ).id
        ),
        "owner_deposit": lambda: put_in(shop, 11_00),
        "owner_drawing": lambda: (
            record_owner_money(
                RecordOwnerMoney(id=id(), is_deposit=False, place=place, amount=13_00, memo=""), shop.act()
            ).id
        ),
        "opening": lambda: (
            record_account_opening(
                RecordAccountOpening(id=id(), account=tax_payable("PKR"), amount=17_00, memo=""), shop.act()
            ).id
        ),
        "opening_balance": lambda: (
            record_opening_balance(
                RecordOpeningBalance(id=id(), party_id=alice, currency="PKR", amount=19_00, is_owed_to_us=True),
                shop.act(),
            ).id
        ),
        "manual": lambda: post(shop, (cost_of_sales("PKR"), 23_00, 0), (place, 0, 20_00), (owner, 0, 3_00)).id,
        "payment": lambda: (
            record_payment(
                RecordPayment(
                    id=id(), party_id=alice, direction="in", drawer_id=shop.drawer_id, currency="PKR", amount=29_00
                ),
                shop.act(),
            ).id
        ),
    }


def test_posting_and_reversing_leaves_every_balance_as_it_was(shop: Shop) -> None:
    alice = add_customer(shop)
    put_in(shop, 1_000_000_00)
    ways = everything(shop, alice)
    chance = random.Random(5)
    for name in [*ways, *(chance.choice(list(ways)) for _ in range(10))]:
        before = balances(shop)

        transaction_id = ways[name]()
        assert balances(shop) != before, name
        preview = preview_undoing(transaction_id, shop.act())
        reverse(shop, transaction_id)

        assert balances(shop) == before, name
        cached = [effect for effect in preview.balances if effect.kind == "cash"]
        assert all(effect.after == before["cash", "Till 1"] for effect in cached), name
    assert_the_books_agree(shop)


def test_nothing_is_reversed_twice_and_the_second_is_told_who_was_first(shop: Shop) -> None:
    id = put_in(shop)
    reversal_id = new_id()

    first = reverse(shop, id, id=reversal_id)
    again = reverse(shop, id, id=reversal_id)

    assert (first.replayed, again.replayed) == (False, True)
    with pytest.raises(AlreadyReversedError, match="already, by Olga Owner at 20"):
        reverse(shop, id)
    with pytest.raises(AlreadyReversedError):
        preview_undoing(id, shop.act())
    assert balances(shop) == {}


def test_of_many_who_reverse_at_once_one_does(app: Flask, shop: Shop) -> None:
    id = put_in(shop)
    put_in(shop)

    results = in_threads(app, *[lambda: reverse(shop, id)] * 5)

    assert sorted(type(result).__name__ for result in results) == ["AlreadyReversedError"] * 4 + ["Recorded"]
    assert balances(shop)["cash", "Till 1"] == 1000_00
    assert_the_books_agree(shop)


def test_a_reversal_is_not_reversed(shop: Shop) -> None:
    reversal_id = new_id()
    reverse(shop, put_in(shop), id=reversal_id)

    with pytest.raises(RuleViolationError, match="A reversal stays as it is"):
        reverse(shop, reversal_id)


def test_what_belongs_to_a_document_is_undone_there(shop: Shop) -> None:
    milk = add_product(shop)
    sale = sell(shop, (milk, 1, 115_00))
    before = balances(shop)

    with pytest.raises(RuleViolationError, match="deleted on its own page"):
        reverse(shop, sale)
    assert balances(shop) == before

    undo(Undo(id=new_id(), transaction_id=sale, reason="Rung up twice"), shop.act())
    with pytest.raises(AlreadyReversedError):
        reverse(shop, sale)


@pytest.mark.parametrize(("reason", "counted"), [("damaged", 5), ("found", 40)])
def test_reversing_an_adjustment_puts_goods_and_their_cost_back(shop: Shop, reason: str, counted: int) -> None:
    milk = add_product(shop)
    before, held = balances(shop), stock_of(shop, milk)
    adjusted = adjust_stock(
        AdjustStock(id=new_id(), product_id=milk, reason=reason, currency="PKR", counted=Decimal(counted)), shop.act()
    ).id

    assert preview_undoing(adjusted, shop.act()).stock
    reverse(shop, adjusted)

    assert (balances(shop), stock_of(shop, milk)) == (before, held)
    assert_the_books_agree(shop)


def test_goods_that_are_sold_cannot_be_taken_back(shop: Shop) -> None:
    milk = add_product(shop)
    command = ReceiveGoods(id=new_id(), product_id=milk, quantity=Decimal(5), unit_cost=60_00, currency="PKR")
    received = receive_goods(command, shop.act()).id
    held, _ = stock_of(shop, milk)
    sell(shop, (milk, int(held), 115_00))

    with pytest.raises(OutOfStockError):
        reverse(shop, received)
    assert_the_books_agree(shop)


def test_money_that_is_gone_cannot_be_taken_back(shop: Shop) -> None:
    id = put_in(shop, 100_00)
    record_expense(RecordExpense(id=new_id(), category="rent", paid_from=till(shop), amount=1_00, memo=""), shop.act())

    preview = preview_undoing(id, shop.act())

    assert preview.balances[0].after == -1_00
    with pytest.raises(InsufficientFundsError):
        reverse(shop, id)
    assert count_reversals(shop) == 0


def test_a_rivals_transaction_is_not_there(shop: Shop, rival: Shop) -> None:
    theirs = put_in(rival)

    for id in (theirs, new_id()):
        with pytest.raises(NotFoundError):
            reverse(shop, id)
        with pytest.raises(NotFoundError):
            preview_undoing(id, shop.act())
    assert balances(rival)["cash", "Till 1"] == 1000_00


def test_the_database_itself_keeps_the_day_of_what_is_reversed(shop: Shop) -> None:
    id = put_in(shop)

    for reverses_on in ("2020-01-01", None):
        with pytest.raises(IntegrityError, match="transactions_re"), shop.act() as uow:
            uow.execute(
                """
                INSERT INTO transactions (tenant_id, id, kind, occurred_on, fingerprint, reverses_id, reverses_on)
                VALUES (%(tenant_id)s, %(id)s, 'reversal', current_date, sha256('x'), %(reverses)s, %(day)s)
                """,
                {"id": new_id(), "reverses": id, "day": reverses_on},
            )


def test_entries_are_held_to_the_day_of_their_transaction(shop: Shop) -> None:
    id = put_in(shop)

    with pytest.raises(IntegrityError, match="entries_transaction_fkey"), shop.act() as uow:
        uow.execute(
            """
            INSERT INTO entries (tenant_id, transaction_id, line, debit_account_id, credit_account_id, currency,
                                 amount, occurred_on)
            SELECT tenant_id, transaction_id, 99, debit_account_id, credit_account_id, currency, 1, %(day)s
              FROM entries WHERE tenant_id = %(tenant_id)s AND transaction_id = %(id)s
            """,
            {"id": id, "day": dt.date(2020, 1, 1)},
        )


def count_reversals(shop: Shop) -> int:
    with shop.act() as uow:
        return int(
            uow.execute(
                "SELECT count(*) FROM transactions WHERE tenant_id = %(tenant_id)s AND kind = 'reversal'"
            ).scalar_one()
        )
