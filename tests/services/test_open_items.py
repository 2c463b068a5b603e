"""Payments settle documents: oldest first, as typed, released, moved, at a rate; and what undoing any of it leaves."""

import datetime as dt
import uuid
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError, ResubmissionError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash, customer, vendor
from ledger_web.models.base import session_of
from ledger_web.services.allocations import AllocateItem, ReleaseAllocation, allocate_item, release_allocation
from ledger_web.services.banks import CreateBank, create_bank
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.drawers import PayIn, pay_in
from ledger_web.services.parties import CreateParty, create_party
from ledger_web.services.payments import (
    RecordOpeningBalance,
    RecordPayment,
    preview_payment,
    record_opening_balance,
    record_payment,
)
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, balances, cached_balance, count, written
from tests.returns import give_back
from tests.shops import Shop, add_customer, add_product, open_a_shop, sell


def payment_of(shop: Shop, party_id: uuid.UUID, amount: int | None, **said: object) -> RecordPayment:
    values: dict[str, object] = {
        "id": new_id(),
        "party_id": party_id,
        "direction": "in",
        "drawer_id": shop.drawer_id,
        "currency": shop.currency,
        "amount": amount,
        **said,
    }
    return RecordPayment(**values)  # type: ignore[arg-type]


def pay(shop: Shop, party_id: uuid.UUID, amount: int | None, **said: object) -> uuid.UUID:
    return record_payment(payment_of(shop, party_id, amount, **said), shop.act()).id


def owing(shop: Shop, *amounts: int) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """Add Alice, who bought milk on account, once for each amount."""
    alice, milk = add_customer(shop), add_product(shop, cost=1, tax=0, quantity=1000)
    return alice, [sell(shop, (milk, 1, amount), customer_id=alice, rest_on_account=True) for amount in amounts]


def owe(shop: Shop, party_id: uuid.UUID, amount: int, currency: str, *, to_us: bool, rate: str = "") -> uuid.UUID:
    command = RecordOpeningBalance(
        id=new_id(),
        party_id=party_id,
        currency=currency,
        amount=amount,
        is_owed_to_us=to_us,
        rate=Decimal(rate) if rate else None,
        rate_unit=currency if rate else None,
    )
    return record_opening_balance(command, shop.act()).id


def party(shop: Shop, kind: str, name: str, currency: str) -> uuid.UUID:
    return create_party(CreateParty(id=new_id(), kind=kind, name=name, currency=currency), shop.act()).id


def fill(shop: Shop, amount: int, currency: str) -> None:
    pay_in(PayIn(id=new_id(), drawer_id=shop.drawer_id, currency=currency, amount=amount, reason="Float"), shop.act())


def still_open(shop: Shop, *ids: uuid.UUID) -> list[int]:
    """Return what is open of each item; -1 of one that was cancelled."""
    rows = session_of(shop.tenant_id).execute(
        text(
            "SELECT id, CASE WHEN cancelled_in IS NULL THEN amount - settled ELSE -1 END AS open FROM open_items"
            " WHERE tenant_id = :tenant_id"
        ),
        {"tenant_id": shop.tenant_id},
    )
    found = {row.id: row.open for row in rows}
    return [found[id] for id in ids]


def allocation_of(shop: Shop, credit_id: uuid.UUID, charge_id: uuid.UUID) -> uuid.UUID:
    with shop.act() as uow:
        id: uuid.UUID = uow.execute(
            """
            SELECT id FROM allocations
             WHERE tenant_id = %(tenant_id)s AND credit_id = %(credit)s AND charge_id = %(charge)s
               AND released_in IS NULL
            """,
            {"credit": credit_id, "charge": charge_id},
        ).scalar_one()
    return id


def release(shop: Shop, allocation_id: uuid.UUID, instead_id: uuid.UUID | None = None) -> uuid.UUID:
    command = ReleaseAllocation(id=new_id(), allocation_id=allocation_id, reason="Wrong sale", instead_id=instead_id)
    return release_allocation(command, shop.act()).id


def test_a_payment_settles_the_oldest_sale_first_and_the_rest_stays_as_credit(shop: Shop) -> None:
    alice, (first, second) = owing(shop, 30_00, 50_00)

    half = pay(shop, alice, 40_00)
    rest = pay(shop, alice, 60_00)

    assert still_open(shop, first, second, half, rest) == [0, 0, 0, 20_00]
    assert cached_balance(shop, customer(alice, "PKR")) == -20_00
    assert_the_books_agree(shop)


def test_a_payment_settles_what_was_typed_and_nothing_else(shop: Shop) -> None:
    alice, (first, second) = owing(shop, 30_00, 50_00)

    paid = pay(shop, alice, 40_00, allocations=((second, 35_00),))
    none = pay(shop, alice, 1_00, allocations=())

    assert still_open(shop, first, second, paid, none) == [30_00, 15_00, 5_00, 1_00]
    with pytest.raises(RuleViolationError, match=r"Only 15\.00 PKR of this is still open"):
        pay(shop, alice, 40_00, allocations=((second, 15_01),))
    with pytest.raises(RuleViolationError, match="More is allocated than there is"):
        pay(shop, alice, 10_00, allocations=((first, 5_00), (second, 5_01)))
    assert count(shop, "payments") == 2
    assert_the_books_agree(shop)


def test_money_paid_back_settles_the_credit_that_it_is(shop: Shop) -> None:
    alice = add_customer(shop)
    advance = pay(shop, alice, 40_00)

    back = pay(shop, alice, 30_00, direction="out")

    assert still_open(shop, advance, back) == [10_00, 0]
    assert_the_books_agree(shop)


def test_documents_of_others_cannot_be_settled(shop: Shop, rival: Shop) -> None:
    alice, (ours,) = owing(shop, 30_00)
    bob, (theirs,) = owing(rival, 30_00)
    carol = add_customer(shop, "Carol")

    for party_id, sale in ((alice, theirs), (carol, ours), (alice, new_id())):
        with pytest.raises(RuleViolationError, match="still open"):
            pay(shop, party_id, 10_00, allocations=((sale, 10_00),))
    credit = pay(rival, bob, 5_00)
    with pytest.raises(NotFoundError):
        allocate_item(AllocateItem(id=new_id(), item_id=credit), shop.act())
    with pytest.raises(NotFoundError):
        release(shop, allocation_of(rival, credit, theirs))
    assert still_open(rival, theirs, credit) == [25_00, 0]


def test_a_release_opens_both_sides_again_and_a_move_settles_another(shop: Shop) -> None:
    alice, (first, second) = owing(shop, 30_00, 20_00)
    paid = pay(shop, alice, 30_00)
    made = allocation_of(shop, paid, first)

    release(shop, made, second)

    assert still_open(shop, first, second, paid) == [30_00, 0, 10_00]
    with pytest.raises(RuleViolationError, match="released already"):
        release(shop, made)
    release(shop, allocation_of(shop, paid, second))
    assert still_open(shop, first, second, paid) == [30_00, 20_00, 30_00]
    assert count(shop, "allocations") == 2  # both are kept
    assert cached_balance(shop, customer(alice, "PKR")) == 20_00
    assert_the_books_agree(shop)


def test_what_is_left_of_a_credit_settles_later_sales(shop: Shop) -> None:
    alice, _ = owing(shop)
    advance = pay(shop, alice, 70_00)
    milk = add_product(shop, "Tea", cost=1, tax=0)
    first, second = (sell(shop, (milk, 1, 40_00), customer_id=alice, rest_on_account=True) for _ in range(2))

    command = AllocateItem(id=new_id(), item_id=advance, allocations=((second, 25_00),))
    assert [allocate_item(command, shop.act()).replayed for _ in range(2)] == [False, True]
    allocate_item(AllocateItem(id=new_id(), item_id=advance), shop.act())

    assert still_open(shop, advance, first, second) == [0, 0, 10_00]  # 40.00 + 5.00 of the rest, oldest first
    with pytest.raises(RuleViolationError, match="Nothing is allocated"):
        allocate_item(AllocateItem(id=new_id(), item_id=advance), shop.act())
    with pytest.raises(ResubmissionError):
        allocate_item(AllocateItem(id=command.id, item_id=advance), shop.act())
    assert_the_books_agree(shop)


def test_deleting_a_sale_turns_what_paid_it_into_credit(shop: Shop) -> None:
    alice, (first, second) = owing(shop, 30_00, 50_00)
    paid = pay(shop, alice, 60_00)

    undo(Undo(id=new_id(), transaction_id=first, reason="Wrong customer"), shop.act())

    assert still_open(shop, first, second, paid) == [-1, 20_00, 30_00]
    assert cached_balance(shop, customer(alice, "PKR")) == -10_00
    with pytest.raises(RuleViolationError, match="still open"):
        pay(shop, alice, 1_00, allocations=((first, 1_00),))
    with pytest.raises(RuleViolationError, match="undone"):
        allocate_item(AllocateItem(id=new_id(), item_id=first), shop.act())
    assert_the_books_agree(shop)


def test_reversing_a_payment_opens_what_it_had_paid(shop: Shop) -> None:
    alice, (first, second) = owing(shop, 30_00, 50_00)
    paid = pay(shop, alice, 60_00)
    release(shop, allocation_of(shop, paid, second))

    undo(Undo(id=new_id(), transaction_id=paid, reason="The cheque bounced"), shop.act())

    assert still_open(shop, first, second, paid) == [30_00, 50_00, -1]
    assert cached_balance(shop, customer(alice, "PKR")) == 80_00
    assert_the_books_agree(shop)


def test_a_sale_that_another_ones_return_has_paid_can_come_back_whole(shop: Shop) -> None:
    alice, (first, second) = owing(shop, 200_00, 100_00)
    back = give_back(shop, second, (1, 1))
    release(shop, allocation_of(shop, back, second), instead_id=first)
    assert still_open(shop, first, second, back) == [100_00, 100_00, 0]

    later = give_back(shop, first, (1, 1))

    assert still_open(shop, first, second, back, later) == [0, 100_00, 100_00, 0]
    assert cached_balance(shop, customer(alice, "PKR")) == 0
    assert_the_books_agree(shop)


def test_c6_eight_payments_for_one_sale_settle_it_once(shop: Shop, app: Flask) -> None:
    alice, (sale,) = owing(shop, 50_00)

    results = in_threads(app, *[lambda: pay(shop, alice, 20_00, allocations=((sale, 20_00),))] * 8)

    assert sum(isinstance(result, uuid.UUID) for result in results) == 2
    assert sum(isinstance(result, RuleViolationError) for result in results) == 6
    assert still_open(shop, sale) == [10_00]
    assert count(shop, "allocations") == 2
    assert_the_books_agree(shop)


def test_c6_one_credit_given_away_by_eight_at_once_is_given_once(shop: Shop, app: Flask) -> None:
    alice, sales = owing(shop, *[10_00] * 8)
    credit = pay(shop, alice, 30_00, allocations=())

    results = in_threads(
        app,
        *[
            lambda sale=sale: allocate_item(
                AllocateItem(id=new_id(), item_id=credit, allocations=((sale, 10_00),)), shop.act()
            )
            for sale in sales
        ],
    )

    assert sum(isinstance(result, RuleViolationError) for result in results) == 5
    assert still_open(shop, credit) == [0]
    assert sorted(still_open(shop, *sales)) == [0] * 3 + [10_00] * 5
    assert_the_books_agree(shop)


def test_c6_a_sale_deleted_while_it_is_paid_keeps_no_payment(shop: Shop, app: Flask) -> None:
    alice, sales = owing(shop, *[10_00] * 6)

    def pay_for(sale: uuid.UUID) -> object:
        return pay(shop, alice, 10_00, allocations=((sale, 10_00),))

    def delete(sale: uuid.UUID) -> object:
        return undo(Undo(id=new_id(), transaction_id=sale, reason="Mistake"), shop.act())

    acts = [partial(act, sale) for sale in sales for act in (pay_for, delete)]
    results = in_threads(app, *acts)

    assert not [
        result for result in results if not isinstance(result, RuleViolationError) and isinstance(result, Exception)
    ]
    assert still_open(shop, *sales) == [-1] * 6
    paid = sum(isinstance(result, uuid.UUID) for result in results)
    assert cached_balance(shop, customer(alice, "PKR")) == -10_00 * paid
    assert_the_books_agree(shop)


def test_c6_what_is_released_and_moved_while_both_sides_are_undone_settles_nothing(shop: Shop, app: Flask) -> None:
    """Each sale is paid; then its payment is released, moved to the next sale and reversed, and the sale deleted."""
    alice, sales = owing(shop, *[10_00] * 4)
    paid = [pay(shop, alice, 10_00, allocations=((sale, 10_00),)) for sale in sales]
    made = [allocation_of(shop, payment, sale) for payment, sale in zip(paid, sales, strict=True)]

    def let_go(place: int, instead: uuid.UUID | None) -> object:
        command = ReleaseAllocation(id=new_id(), allocation_id=made[place], reason="For another", instead_id=instead)
        return release_allocation(command, shop.act())

    def delete(sale: uuid.UUID) -> object:
        return undo(Undo(id=new_id(), transaction_id=sale, reason="Mistake"), shop.act())

    def reverse(payment: uuid.UUID) -> object:
        return undo(Undo(id=new_id(), transaction_id=payment, reason="Mistake", from_register=True), shop.act())

    results = in_threads(
        app,
        *[partial(let_go, place, sales[(place + 1) % 4]) for place in range(4)],
        *[partial(let_go, place, None) for place in range(4)],
        *[partial(delete, sale) for sale in sales[:2]],
        *[partial(reverse, payment) for payment in paid[1:3]],
    )

    refused = [each for each in results if isinstance(each, Exception)]
    assert all(isinstance(each, RuleViolationError) for each in refused), refused
    assert sum(isinstance(each, Exception) for each in results[8:]) == 0  # undoing always can be
    assert cached_balance(shop, customer(alice, "PKR")) == 2 * 10_00 - 2 * 10_00
    assert still_open(shop, *sales[:2], *paid[1:3]) == [-1] * 4
    assert_the_books_agree(shop)


def test_the_database_refuses_what_no_lock_prevented(shop: Shop) -> None:
    _, (sale,) = owing(shop, 50_00)

    with pytest.raises(Exception, match="open_items_settled_within_amount"), shop.act() as uow:
        uow.execute(
            "UPDATE open_items SET settled = 5001 WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": sale}
        )


def test_a_debt_in_afghanis_is_paid_in_dollars(app: Flask) -> None:
    """7,150 AFN owed, 100.00 USD paid at 71.50: the dollars come in, the afghanis are settled, nothing is gained."""
    shop = open_a_shop("kabul", "AFN")
    alice, (sale,) = owing(shop, 7150)

    paid = pay(shop, alice, 100_00, currency="USD", settled_currency="AFN", rate=Decimal("71.5"), rate_unit="USD")

    assert written(shop, paid) == [
        ("cash:Till 1", "exchange", "USD", 100_00),
        ("exchange", "customer:Alice", "AFN", 7150),
    ]
    assert still_open(shop, sale, paid) == [0, 0]
    row = session_of(shop.tenant_id).execute(
        text(
            "SELECT currency, applied, settled_currency, settled_amount, rate, rate_unit, rate_source FROM payments"
            " WHERE tenant_id = :tenant_id AND id = :id"
        ),
        {"tenant_id": shop.tenant_id, "id": paid},
    )
    assert tuple(row.one()) == ("USD", 100_00, "AFN", 7150, Decimal("71.5000000000"), "USD", "typed")
    assert_the_books_agree(shop)


@pytest.mark.parametrize(
    ("kind", "to_us", "direction", "gain"),
    [("vendor", False, "out", -500_00), ("customer", True, "in", 500_00)],
)
def test_settling_a_dollar_debt_at_another_rate_posts_the_difference(
    shop: Shop, kind: str, to_us: bool, direction: str, gain: int
) -> None:
    """100.00 USD arose at 280.00 and is settled when the rate is 285.00. Source: product, typical entries."""
    fill(shop, 50_000_00, "PKR")
    ali = party(shop, kind, "Ali", "USD")
    debt = owe(shop, ali, 100_00, "USD", to_us=to_us, rate="280")
    command = payment_of(
        shop,
        ali,
        28_500_00,
        direction=direction,
        settled_currency="USD",
        rate=Decimal(285),
        rate_unit="USD",
    )

    preview = preview_payment(command, shop.act())
    paid = record_payment(command, shop.act()).id

    assert preview.plan.realised == gain
    entries = written(shop, paid)
    if kind == "vendor":
        assert written(shop, debt) == [
            ("exchange", "vendor:Ali", "USD", 100_00),
            ("equity:opening", "exchange", "PKR", 28_000_00),
        ]
        assert entries == [
            ("exchange", "cash:Till 1", "PKR", 28_500_00),
            ("vendor:Ali", "exchange", "USD", 100_00),
            ("expense:exchange_loss", "exchange", "PKR", 500_00),
        ]
    else:
        assert entries == [
            ("cash:Till 1", "exchange", "PKR", 28_500_00),
            ("exchange", "customer:Ali", "USD", 100_00),
            ("exchange", "revenue:exchange_gain", "PKR", 500_00),
        ]
    assert [(entry.debit.kind, entry.amount) for entry in preview.plan.entries] == [
        (debit.partition(":")[0], amount) for debit, _, _, amount in entries
    ]
    assert [(effect.holder, effect.currency, effect.after) for effect in preview.balances] == [
        ("Till 1", "PKR", 21_500_00 if direction == "out" else 78_500_00),
        ("Ali", "USD", 0),
    ]
    assert ("exchange", "") not in balances(shop)  # nothing is left standing there, in either currency
    assert still_open(shop, debt, paid) == [0, 0]
    assert_the_books_agree(shop)


def test_parts_of_a_dollar_debt_realise_the_whole_difference_to_the_last_paisa(shop: Shop) -> None:
    """33.33 + 33.33 + 33.34 USD of 100.00 at 281.3337: what they were worth adds up to 28,133.37."""
    fill(shop, 50_000_00, "PKR")
    ali = party(shop, "vendor", "Ali", "USD")
    owe(shop, ali, 100_00, "USD", to_us=False, rate="281.3337")

    for amount in (33_33, 33_33, 33_34):
        pay(
            shop, ali, None, direction="out", settled_currency="USD", settled_amount=amount, rate=Decimal(285),
            rate_unit="USD",
        )  # fmt: skip

    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 50_000_00 - 28_500_00
    assert balances(shop)["expense", "exchange_loss"] == 28_500_00 - 28_133_37
    assert ("exchange", "") not in balances(shop)
    assert_the_books_agree(shop)


def test_an_advance_keeps_its_own_rate_until_it_is_allocated_and_after_a_release(shop: Shop) -> None:
    """Ali was given 50.00 USD at 290 ahead; his 80.00 USD at 280 come later. 50 x (280 - 290) is a loss of 500.00."""
    fill(shop, 50_000_00, "PKR")
    ali = party(shop, "vendor", "Ali", "USD")
    ahead = pay(shop, ali, 14_500_00, direction="out", settled_currency="USD", settled_amount=50_00, allocations=())
    debt = owe(shop, ali, 80_00, "USD", to_us=False, rate="280")
    assert ("expense", "exchange_loss") not in balances(shop)

    settled = allocate_item(AllocateItem(id=new_id(), item_id=ahead), shop.act()).id
    assert written(shop, settled) == [("expense:exchange_loss", "exchange", "PKR", 500_00)]
    assert still_open(shop, ahead, debt) == [0, 30_00]

    released = release(shop, allocation_of(shop, ahead, debt))
    assert written(shop, released) == [("exchange", "revenue:exchange_gain", "PKR", 500_00)]

    allocate_item(AllocateItem(id=new_id(), item_id=debt), shop.act())  # the other way round it is the same
    assert balances(shop)["expense", "exchange_loss"] == 1_000_00
    assert balances(shop)["revenue", "exchange_gain"] == 500_00
    undo(Undo(id=new_id(), transaction_id=ahead, reason="Never paid"), shop.act())
    assert balances(shop)["revenue", "exchange_gain"] == balances(shop)["expense", "exchange_loss"] == 1_000_00
    assert cached_balance(shop, vendor(ali, "USD")) == 80_00
    assert_the_books_agree(shop)


def test_reversing_a_payment_whose_allocation_was_released_leaves_no_difference(shop: Shop) -> None:
    """The reversal takes back a loss that the release took back before: what is too much is posted beside it."""
    fill(shop, 50_000_00, "PKR")
    ali = party(shop, "vendor", "Ali", "USD")
    debt = owe(shop, ali, 100_00, "USD", to_us=False, rate="280")
    paid = pay(shop, ali, 28_500_00, direction="out", settled_currency="USD", settled_amount=100_00)
    release(shop, allocation_of(shop, paid, debt))

    undone = new_id()
    undo(Undo(id=undone, transaction_id=paid, reason="Paid twice"), shop.act())

    found = balances(shop)
    assert found.get(("expense", "exchange_loss"), 0) == found.get(("revenue", "exchange_gain"), 0)
    assert still_open(shop, debt, paid) == [100_00, -1]
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 50_000_00
    assert_the_books_agree(shop)


def test_a_debt_whose_worth_is_not_known_realises_nothing(shop: Shop) -> None:
    """What it is worth stays in the exchange accounts, to be valued at a rate when somebody looks."""
    fill(shop, 50_000_00, "PKR")
    ali = party(shop, "vendor", "Ali", "USD")
    owe(shop, ali, 100_00, "USD", to_us=False)

    paid = pay(shop, ali, 28_500_00, direction="out", settled_currency="USD", settled_amount=100_00)

    assert len(written(shop, paid)) == 2
    assert_the_books_agree(shop)


def test_a_payment_goes_through_a_bank_account_of_its_currency(shop: Shop) -> None:
    bank = create_bank(CreateBank(id=new_id(), name="Meezan", currency="PKR"), shop.act()).id
    alice, (sale,) = owing(shop, 30_00)

    paid = pay(shop, alice, 30_00, drawer_id=None, bank_id=bank)

    assert written(shop, paid) == [("bank:Meezan", "customer:Alice", "PKR", 30_00)]
    assert still_open(shop, sale) == [0]
    with pytest.raises(RuleViolationError, match="kept in PKR, not in USD"):
        pay(shop, alice, 1_00, drawer_id=None, bank_id=bank, currency="USD")
    with pytest.raises(RuleViolationError, match="one drawer or one bank account"):
        pay(shop, alice, 1_00, bank_id=bank)
    with pytest.raises(NotFoundError):
        pay(shop, alice, 1_00, drawer_id=None, bank_id=new_id())
    assert_the_books_agree(shop)


def test_items_of_the_past_are_due_when_they_arose(shop: Shop) -> None:
    alice = add_customer(shop)
    command = RecordOpeningBalance(
        id=new_id(),
        party_id=alice,
        currency="PKR",
        amount=5_00,
        is_owed_to_us=True,
        occurred_on=dt.date(2025, 12, 31),
    )
    record_opening_balance(command, shop.act())
    milk = add_product(shop, tax=0)
    sale = sell(shop, (milk, 1, 1_00), customer_id=alice, rest_on_account=True)
    last_year = replace(command, id=new_id(), occurred_on=dt.date(2024, 12, 31))
    record_opening_balance(last_year, shop.act())

    pay(shop, alice, 7_00)

    assert still_open(shop, last_year.id, command.id, sale) == [0, 3_00, 1_00]
