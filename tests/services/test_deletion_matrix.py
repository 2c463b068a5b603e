"""What can be undone, as a table: every kind, state, role and period, and nothing else. Promises V1, V2, V3."""

import itertools
import random
import uuid
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ledger_web.domain.errors import (
    AlreadyReversedError,
    LedgerError,
    NotFoundError,
    OutOfStockError,
    PeriodLockedError,
    RuleViolationError,
    SaleAlreadyDeletedError,
    SaleIsClosedError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash
from ledger_web.domain.returns import NOTHING, RETURN, VOID, SaleState, fate_of
from ledger_web.queries.sales import get_sale
from ledger_web.queries.scans import resolve
from ledger_web.services.deletions import Undo, preview_undoing, undo
from ledger_web.services.expenses import RecordExpense, record_expense
from ledger_web.services.payments import RecordPayment, record_payment
from ledger_web.services.purchase_returns import ReturnToVendor, return_to_vendor
from ledger_web.services.sales import TenderChoice
from tests.books import assert_the_books_agree, balances, cached_balance, count, stock_of
from tests.clients import ShopClient
from tests.purchases import add_goods, add_vendor, buy
from tests.returns import add_bank, close_the_shift, give_back, pay, reason_of, record
from tests.shops import Shop, add_customer, add_product, person, sell

ClientOf = Callable[..., ShopClient]

# Deleted, shift still open, in a locked period, something returned, all returned → what the one button does.
FATES = {
    (False, True, False, False): VOID,
    (False, True, False, True): RETURN,
    (False, True, True, False): RETURN,
    (False, True, True, True): RETURN,
    (False, False, False, False): RETURN,
    (False, False, False, True): RETURN,
    (False, False, True, False): RETURN,
    (False, False, True, True): RETURN,
}


@pytest.mark.parametrize("state", list(itertools.product((False, True), repeat=4)))
def test_the_state_of_a_sale_decides_what_the_button_does(state: tuple[bool, bool, bool, bool]) -> None:
    is_deleted, is_open, is_locked, is_returned = state
    held = SaleState(is_deleted, is_open, is_locked, int(is_returned))
    in_exchange = replace(held, is_exchange=True)

    assert fate_of(held).kind == (NOTHING if is_deleted else FATES[state])
    assert fate_of(in_exchange).kind == (NOTHING if is_deleted else RETURN)
    assert fate_of(SaleState(is_deleted, is_open, is_locked, 1, is_all_returned=True)).kind == NOTHING


# What happened to a sale before somebody wants it undone.
HISTORIES: dict[str, Callable[[Shop, uuid.UUID, uuid.UUID], None]] = {
    "fresh": lambda _shop, _sale, _alice: None,
    "paid since": lambda shop, _sale, alice: _paid(shop, alice),
    "partly returned": lambda shop, sale, _alice: _returned(shop, sale, 1),
    "all returned": lambda shop, sale, _alice: _returned(shop, sale, 2),
    "deleted": lambda shop, sale, _alice: _deleted(shop, sale),
}
PERIODS: dict[str, Callable[[Shop], None]] = {
    "open shift": lambda _shop: None,
    "closed shift": close_the_shift,
    "locked": lambda shop: _lock(shop),
}
ROLES = ("owner", "manager", "cashier")

# (history, period) → what the deletion answers, for whoever may; and whether a return of one piece is taken.
CELLS: dict[tuple[str, str], tuple[type[Exception] | None, bool]] = {
    ("fresh", "open shift"): (None, True),
    ("fresh", "closed shift"): (SaleIsClosedError, True),
    ("fresh", "locked"): (PeriodLockedError, True),
    ("paid since", "open shift"): (None, True),
    ("paid since", "closed shift"): (SaleIsClosedError, True),
    ("paid since", "locked"): (PeriodLockedError, True),
    ("partly returned", "open shift"): (SaleIsClosedError, True),
    ("partly returned", "closed shift"): (SaleIsClosedError, True),
    ("partly returned", "locked"): (PeriodLockedError, True),
    ("all returned", "open shift"): (SaleIsClosedError, False),
    ("all returned", "closed shift"): (SaleIsClosedError, False),
    ("all returned", "locked"): (PeriodLockedError, False),
    ("deleted", "open shift"): (SaleAlreadyDeletedError, False),
    ("deleted", "closed shift"): (SaleAlreadyDeletedError, False),
    ("deleted", "locked"): (SaleAlreadyDeletedError, False),
}


def test_the_table_has_a_cell_for_every_history_and_period() -> None:
    assert set(CELLS) == set(itertools.product(HISTORIES, PERIODS))


@pytest.mark.parametrize(("history", "period"), CELLS)
def test_v2_a_sale_is_undone_as_the_table_says_and_not_otherwise(shop: Shop, history: str, period: str) -> None:
    refusal, can_return = CELLS[history, period]
    sale_id, alice, milk = _a_sale(shop)
    HISTORIES[history](shop, sale_id, alice)
    if period == "locked":  # what is returned is posted tomorrow then: the whole past is locked, today included
        _lock(shop, days_ago=0)
    else:
        PERIODS[period](shop)
    before = balances(shop), stock_of(shop, milk)

    if refusal:
        with pytest.raises(refusal):
            undo(Undo(id=new_id(), transaction_id=sale_id, reason="Rung up twice"), shop.act())
        with pytest.raises(LedgerError):
            preview_undoing(sale_id, shop.act())
        assert (balances(shop), stock_of(shop, milk)) == before
    _unlock(shop)
    if refusal and can_return:
        give_back(shop, sale_id, (1, 1))
        assert stock_of(shop, milk)[0] == before[1][0] + 1
    elif refusal:
        with pytest.raises((SaleAlreadyDeletedError, RuleViolationError)):
            give_back(shop, sale_id, (1, 1))
        assert (balances(shop), stock_of(shop, milk)) == before
    else:
        undo(Undo(id=new_id(), transaction_id=sale_id, reason="Rung up twice"), shop.act())
        assert stock_of(shop, milk)[0] == 100
    assert_the_books_agree(shop)


# role → (may delete their own, may delete another's, may return) within the limits: status of the answer.
RIGHTS = {"owner": (303, 303, 303), "manager": (303, 303, 303), "cashier": (303, 403, 303)}


@pytest.mark.parametrize("role", ROLES)
def test_v2_a_role_undoes_what_its_rights_say(shop: Shop, client_of: ClientOf, role: str) -> None:
    milk, me = add_product(shop), person(shop, role)
    somebody = person(shop, "manager" if role == "owner" else "owner")
    mine, theirs, third = (record(shop, (milk, 1, 20_00), by=who) for who in (me, somebody, somebody))
    client = client_of(shop, role)

    answers = [
        *(client.post_form(f"/sales/{id}/deletion", _deletion(shop)).status_code for id in (mine, theirs)),
        client.post_form(
            f"/sales/{third}/returns",
            {"op_id": str(new_id()), "drawer_id": str(shop.drawer_id), "reason_id": str(reason_of(shop)),
             "1-quantity": "1"},
        ).status_code,
    ]  # fmt: skip

    assert tuple(answers) == RIGHTS[role]
    assert_the_books_agree(shop)


OTHER_KINDS: dict[str, Callable[[Shop, uuid.UUID], uuid.UUID]] = {
    "payment": lambda shop, alice: pay(shop, alice, 10_00),
    "expense": lambda shop, _alice: _expense(shop),
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
@pytest.mark.parametrize("period", PERIODS)
def test_v2_payments_and_expenses_are_undone_once_whatever_the_shift(shop: Shop, kind: str, period: str) -> None:
    sale_id, alice, _ = _a_sale(shop)
    id = OTHER_KINDS[kind](shop, alice)
    before = balances(shop)
    if period == "closed shift":
        close_the_shift(shop)
    if period == "locked":
        _lock(shop, days_ago=0)
        with pytest.raises(PeriodLockedError):
            undo(Undo(id=new_id(), transaction_id=id, reason="Entered twice", from_register=True), shop.act())
        assert balances(shop) == before
        _unlock(shop)

    undo(Undo(id=new_id(), transaction_id=id, reason="Entered twice", from_register=True), shop.act())
    with pytest.raises(AlreadyReversedError):
        undo(Undo(id=new_id(), transaction_id=id, reason="Entered twice", from_register=True), shop.act())
    with pytest.raises(RuleViolationError):
        undo(Undo(id=new_id(), transaction_id=sale_id, reason="Not from here", from_register=True), shop.act())
    with pytest.raises(NotFoundError):
        undo(Undo(id=new_id(), transaction_id=new_id(), reason="Nothing there"), shop.act())
    assert_the_books_agree(shop)


# What happened to a purchase, and when somebody wants it undone → what the deletion answers.
BOUGHT: dict[str, Callable[[Shop, uuid.UUID, uuid.UUID, uuid.UUID], None]] = {
    "fresh": lambda _shop, _id, _karim, _rice: None,
    "paid since": lambda shop, _id, karim, _rice: _pay_vendor(shop, karim),
    "partly returned": lambda shop, id, _karim, _rice: _returned_to_vendor(shop, id),
    "sold": lambda shop, _id, _karim, rice: _sold(shop, rice),
    "deleted": lambda shop, id, _karim, _rice: _undone(shop, id),
}
PURCHASE_CELLS: dict[tuple[str, str], type[Exception] | None] = {
    ("fresh", "open shift"): None,
    ("fresh", "closed shift"): None,
    ("fresh", "locked"): PeriodLockedError,
    ("paid since", "open shift"): None,
    ("paid since", "closed shift"): None,
    ("paid since", "locked"): PeriodLockedError,
    ("partly returned", "open shift"): RuleViolationError,
    ("partly returned", "closed shift"): RuleViolationError,
    ("partly returned", "locked"): RuleViolationError,
    ("sold", "open shift"): OutOfStockError,
    ("sold", "closed shift"): OutOfStockError,
    ("sold", "locked"): PeriodLockedError,
    ("deleted", "open shift"): RuleViolationError,
    ("deleted", "closed shift"): RuleViolationError,
    ("deleted", "locked"): RuleViolationError,
}


def test_the_table_of_purchases_has_a_cell_for_every_history_and_period() -> None:
    assert set(PURCHASE_CELLS) == set(itertools.product(BOUGHT, PERIODS))


@pytest.mark.parametrize("history", BOUGHT)
def test_v2_a_purchase_is_undone_as_the_table_says_and_not_otherwise(shop: Shop, history: str) -> None:
    karim = add_vendor(shop, currency="PKR")
    for period in PERIODS:
        refusal, rice = PURCHASE_CELLS[history, period], add_goods(shop, f"Rice {period}", price=100_00)
        sell(shop, (add_product(shop, f"Milk {period}"), 1, 115_00))
        before = stock_of(shop, rice)
        id = buy(shop, karim, (rice, 10, 1))
        BOUGHT[history](shop, id, karim, rice)
        known = balances(shop), stock_of(shop, rice)
        if period == "closed shift":
            close_the_shift(shop)
        if period == "locked":
            _lock(shop)

        if refusal:
            with pytest.raises(refusal):
                _undone(shop, id)
            assert (balances(shop), stock_of(shop, rice)) == known
        else:
            preview_undoing(id, shop.act())
            _undone(shop, id)
            assert stock_of(shop, rice) == before
        _unlock(shop)
    assert_the_books_agree(shop)


# kind → of each role, the answers in an open shift, in a closed one, and in a locked period.
ANSWERS = {
    "sale": {"owner": (303, 409, 422), "manager": (303, 409, 422), "cashier": (303, 409, 422)},
    "purchase": {"owner": (303, 303, 422), "manager": (303, 303, 422), "cashier": (403, 403, 403)},
    "payment": {"owner": (303, 303, 422), "manager": (303, 303, 422), "cashier": (403, 403, 403)},
    "expense": {"owner": (303, 303, 422), "manager": (303, 303, 422), "cashier": (403, 403, 403)},
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_v2_who_may_undo_what_and_when_is_as_the_table_says(shop: Shop, client_of: ClientOf, kind: str) -> None:
    alice, karim = add_customer(shop), add_vendor(shop, currency="PKR")
    milk, rice = add_product(shop), add_goods(shop)
    sell(shop, (milk, 5, 115_00))
    make: dict[str, Callable[[uuid.UUID], tuple[str, uuid.UUID]]] = {
        "sale": lambda me: ("/sales/{}/deletion", record(shop, (milk, 1, 20_00), by=me)),
        "purchase": lambda _me: ("/purchases/{}/deletion", buy(shop, karim, (rice, 1, 1))),
        "payment": lambda _me: ("/transactions/{}/reversal", pay(shop, alice, 1_00)),
        "expense": lambda _me: ("/transactions/{}/reversal", _expense(shop)),
    }

    found: dict[str, list[int]] = {role: [] for role in ROLES}
    for period in PERIODS:
        made = {role: make[kind](person(shop, role)) for role in ROLES}
        if period == "closed shift":
            close_the_shift(shop)
        if period == "locked":
            _lock(shop)
        for role, (path, id) in made.items():
            form = _deletion(shop) | {"reason": "Entered twice"}
            found[role].append(client_of(shop, role).post_form(path.format(id), form).status_code)
        _unlock(shop)

    assert {role: tuple(statuses) for role, statuses in found.items()} == ANSWERS[kind]
    assert_the_books_agree(shop)


def test_v3_a_deleted_sale_is_found_counted_apart_and_its_number_is_never_used_again(
    shop: Shop, client_of: ClientOf
) -> None:
    milk = add_product(shop)
    wrong = sell(shop, (milk, 1, 115_00))
    undo(Undo(id=new_id(), transaction_id=wrong, reason="Rung up twice"), shop.act())
    number = get_sale(shop.tenant_id, sell(shop, (milk, 1, 115_00))).number
    client = client_of(shop, "owner")

    assert number == "A-000002"
    page = client.get("/sales/?q=A-000001").text
    assert "deleted" in page
    assert "<dt>Net</dt><dd>0.00 PKR</dd>" in page
    assert "A-000001" in client.get("/sales/list.csv").text
    assert "VOID" in client.get(f"/sales/{wrong}/receipt").text
    assert "Rung up twice" in client.get(f"/transactions/{wrong}").text
    assert resolve(shop.tenant_id, "A-000001").sale_id == wrong
    assert count(shop, "sales") == 2


def test_v1_whatever_is_sold_and_then_undone_leaves_everything_as_it_was(shop: Shop) -> None:
    _sell_and_undo(shop, rounds=40, seed=random.randrange(10**6))


@pytest.mark.long
def test_v1_a_thousand_sales_and_their_undoing_leave_everything_as_it_was(shop: Shop) -> None:
    _sell_and_undo(shop, rounds=1000, seed=random.randrange(10**6))


def _sell_and_undo(shop: Shop, *, rounds: int, seed: int) -> None:
    """Sell at random and undo it again: deleted at once, or returned in pieces. The seed replays it."""
    print(f"seed {seed}")
    chance = random.Random(seed)
    products = [
        add_product(
            shop, f"Product {n}", cost=chance.randrange(1, 99_99), quantity=10_000, tax=chance.choice((0, 5, "7.5", 15))
        )
        for n in range(5)
    ]
    alice, bank_id = add_customer(shop), add_bank(shop)
    before = _state(shop, products)

    for _ in range(rounds):
        lines = [
            (chance.choice(products), str(Decimal(chance.randrange(1, 4000)) / 1000), chance.randrange(1, 500_00))
            for _ in range(chance.randrange(1, 5))
        ]
        ways: dict[str, Any] = chance.choice(
            (
                {},
                {"customer_id": alice, "rest_on_account": True},
                {"customer_id": alice, "rest_on_account": True, "tenders": (TenderChoice(amount=1),)},
                {"tenders": (TenderChoice(method="bank", amount=1, bank_id=bank_id), TenderChoice())},
                {"tenders": (TenderChoice(currency="USD", amount=None, rate=Decimal(280), rate_unit="USD"),)},
            )
        )
        if sum(Decimal(quantity) * price for _, quantity, price in lines) < 5_00:
            ways = {}  # it comes to nothing in dollars
        sale_id = record(shop, *lines, **ways)
        if chance.random() < 0.5:
            undo(Undo(id=new_id(), transaction_id=sale_id, reason="Undone at once"), shop.act())
        else:
            _return_in_pieces(shop, sale_id, chance)

    assert _state(shop, products) == before, f"seed {seed}"
    assert_the_books_agree(shop)


def _return_in_pieces(shop: Shop, sale_id: uuid.UUID, chance: random.Random) -> None:
    for line in get_sale(shop.tenant_id, sale_id).lines:
        left = line.quantity
        if left > 1 and chance.random() < 0.6:
            piece = Decimal(chance.randrange(1, int(left * 1000))) / 1000
            give_back(shop, sale_id, (line.line, str(piece)))
            left -= piece
        give_back(shop, sale_id, (line.line, str(left)))


def _state(shop: Shop, products: list[uuid.UUID]) -> tuple[Any, ...]:
    """Everything that counts: money, debts, goods. What was sold and came back are two figures that cancel out."""
    found = balances(shop)
    sold = found.pop(("revenue", ""), 0) + found.pop(("revenue", "returns"), 0)
    assert sold == 0
    return found, [stock_of(shop, product) for product in products], cached_balance(shop, cash(shop.drawer_id, "PKR"))


def _a_sale(shop: Shop) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """Alice buys two milks, half of it on account."""
    milk, alice = add_product(shop), add_customer(shop)
    return sell(shop, (milk, 2, 115_00), customer_id=alice, tendered=115_00, rest_on_account=True), alice, milk


def _paid(shop: Shop, alice: uuid.UUID) -> None:
    pay(shop, alice, 115_00)


def _returned(shop: Shop, sale_id: uuid.UUID, pieces: int) -> None:
    give_back(shop, sale_id, (1, pieces))


def _deleted(shop: Shop, sale_id: uuid.UUID) -> None:
    undo(Undo(id=new_id(), transaction_id=sale_id, reason="Rung up twice"), shop.act())


def _undone(shop: Shop, id: uuid.UUID) -> None:
    undo(Undo(id=new_id(), transaction_id=id, reason="Entered twice"), shop.act())


def _pay_vendor(shop: Shop, karim: uuid.UUID) -> None:
    command = RecordPayment(
        id=new_id(), party_id=karim, direction="out", drawer_id=shop.drawer_id, currency="PKR", amount=5_00
    )
    record_payment(command, shop.act())


def _returned_to_vendor(shop: Shop, purchase_id: uuid.UUID) -> None:
    command = ReturnToVendor(id=new_id(), purchase_id=purchase_id, lines=((1, Decimal(1)),), reason="Broken")
    return_to_vendor(command, shop.act())


def _sold(shop: Shop, rice: uuid.UUID) -> None:
    sell(shop, (rice, 8, 100_00))


def _lock(shop: Shop, days_ago: int = 0) -> None:
    with shop.act() as uow:
        uow.execute(
            "UPDATE tenants SET locked_until = business_day(now(), time_zone, day_starts_at) - %(days)s::integer"
            " WHERE tenant_id = %(tenant_id)s",
            {"days": days_ago},
        )


def _unlock(shop: Shop) -> None:
    with shop.act() as uow:
        uow.execute("UPDATE tenants SET locked_until = NULL WHERE tenant_id = %(tenant_id)s")


def _expense(shop: Shop) -> uuid.UUID:
    command = RecordExpense(
        id=new_id(), category="rent", paid_from=cash(shop.drawer_id, "PKR"), amount=5_00, memo="Rent"
    )
    return record_expense(command, shop.act()).id


def _deletion(shop: Shop) -> dict[str, str]:
    return {"op_id": str(new_id()), "reason_id": str(reason_of(shop)), "reason": ""}
