"""Many transactions at once: as if one by one, refused one by one, replayed one by one; and two batches at once."""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from ledger_web.domain.errors import (
    AccountClosedError,
    CreditLimitExceededError,
    InsufficientFundsError,
    InvariantBrokenError,
    LedgerError,
    NotFoundError,
    ResubmissionError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import AccountKey, Entry, cash, customer, equity, revenue, tax_payable
from ledger_web.models.base import db
from ledger_web.services.batches import POSTINGS_MAX, Answer, Posting, post_many
from ledger_web.services.posting import account_id
from ledger_web.services.unit_of_work import Recorded, UnitOfWork
from tests.at_once import in_threads
from tests.books import assert_the_balances_agree, balances, cached_balance, count
from tests.shops import Shop, add_customer

OWNER = equity("PKR", "owner")
SALES = revenue("PKR")


def till(shop: Shop) -> AccountKey:
    return cash(shop.drawer_id, "PKR")


def pay_in(shop: Shop, amount: int, *, id: uuid.UUID | None = None) -> Posting:
    return Posting(id=id or new_id(), kind="pay_in", entries=(Entry(till(shop), OWNER, amount),))


def pay_out(shop: Shop, amount: int, *, id: uuid.UUID | None = None) -> Posting:
    return Posting(id=id or new_id(), kind="pay_out", entries=(Entry(OWNER, till(shop), amount),))


def on_account(customer_id: uuid.UUID, amount: int, *, id: uuid.UUID | None = None) -> Posting:
    return Posting(id=id or new_id(), kind="sale", entries=(Entry(customer(customer_id, "PKR"), SALES, amount),))


def post_one(posting: Posting, uow: UnitOfWork) -> Answer:
    """Post as any service does, without the batch."""
    try:
        with uow:
            replayed = uow.is_replay(posting, id=posting.id, kind=posting.kind, occurred_on=posting.occurred_on)
            if not replayed:
                uow.post(posting.entries)
            return Recorded(posting.id, replayed)
    except LedgerError as error:
        return error


def said(answers: Sequence[Answer]) -> list[object]:
    """Make answers comparable: an error is its class and all it carries."""
    return [(type(each), vars(each)) if isinstance(each, LedgerError) else each for each in answers]


def close(shop: Shop, key: AccountKey) -> None:
    with shop.act() as uow:
        uow.execute(
            "UPDATE accounts SET closed_at = now() WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
            {"id": account_id(shop.tenant_id, key)},
        )


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """Everything that was sent to the database while the test ran."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield sent
    event.remove(db.engine, "before_cursor_execute", note)


def test_a_batch_moves_each_balance_by_all_its_transactions(shop: Shop) -> None:
    alice, before = add_customer(shop), count(shop, "transactions")
    sale = Posting(
        id=new_id(),
        kind="sale",
        entries=(Entry(till(shop), SALES, 100_00), Entry(till(shop), tax_payable("PKR"), 15_00)),
    )

    answers = post_many([pay_in(shop, 500_00), sale, on_account(alice, 70_00), pay_out(shop, 5_00)], shop.act())

    assert [type(answer) for answer in answers] == [Recorded] * 4
    assert balances(shop) == {
        ("cash", "Till 1"): 610_00,
        ("customer", "Alice"): 70_00,
        ("equity", "owner"): 495_00,
        ("revenue", ""): 170_00,
        ("tax_payable", ""): 15_00,
    }
    assert count(shop, "transactions") == before + 4
    assert_the_balances_agree(shop)


def test_an_empty_batch_is_nothing(shop: Shop) -> None:
    assert post_many([], shop.act()) == []


def test_a_batch_that_would_take_too_long_is_refused_whole(shop: Shop) -> None:
    one, before = pay_in(shop, 1), count(shop, "transactions")

    with pytest.raises(InvariantBrokenError):
        post_many([one] * (POSTINGS_MAX + 1), shop.act())

    assert count(shop, "transactions") == before


def test_a_thousand_take_as_many_statements_as_one(shop: Shop, statements: list[str]) -> None:
    post_many([pay_in(shop, 1)], shop.act())
    statements.clear()
    post_many([pay_in(shop, 1)], shop.act())
    for_one = len(statements)
    statements.clear()

    post_many([pay_in(shop, 1) for _ in range(1000)], shop.act())

    assert len(statements) == for_one
    assert cached_balance(shop, till(shop)) == 1002


def test_a_thousand_with_refusals_take_as_many_statements_as_two(shop: Shop, statements: list[str]) -> None:
    post_many([pay_in(shop, 1), pay_out(shop, 2)], shop.act())
    statements.clear()
    post_many([pay_in(shop, 1), pay_out(shop, 10)], shop.act())
    for_two = len(statements)
    statements.clear()

    answers = post_many([pay_in(shop, 1), pay_out(shop, 5000)], shop.act())
    assert len(statements) == for_two
    statements.clear()
    answers = post_many([act for _ in range(500) for act in (pay_in(shop, 1), pay_out(shop, 5000))], shop.act())

    assert len(statements) == for_two
    assert sum(isinstance(answer, InsufficientFundsError) for answer in answers) == 500
    assert_the_balances_agree(shop)


def test_one_that_would_overdraw_is_refused_and_the_others_stand(shop: Shop) -> None:
    before = count(shop, "transactions")

    answers = post_many([pay_in(shop, 50_00), pay_out(shop, 80_00), pay_out(shop, 20_00)], shop.act())

    refusal = answers[1]
    assert isinstance(refusal, InsufficientFundsError)
    assert (refusal.account, refusal.available, refusal.needed) == ("Till 1", 50_00, 80_00)
    assert [type(answer) for answer in answers] == [Recorded, InsufficientFundsError, Recorded]
    assert cached_balance(shop, till(shop)) == 30_00
    assert count(shop, "transactions") == before + 2  # nothing is left of the refused one
    assert_the_balances_agree(shop)


def test_money_that_comes_later_does_not_cover_what_goes_before(shop: Shop) -> None:
    answers = post_many([pay_out(shop, 10_00), pay_in(shop, 50_00)], shop.act())

    assert [type(answer) for answer in answers] == [InsufficientFundsError, Recorded]
    assert cached_balance(shop, till(shop)) == 50_00


def test_a_credit_limit_lets_through_what_still_fits(shop: Shop) -> None:
    alice = add_customer(shop, "Alice", credit_limit=100_00)

    answers = post_many([on_account(alice, 70_00), on_account(alice, 40_00), on_account(alice, 30_00)], shop.act())

    refusal = answers[1]
    assert isinstance(refusal, CreditLimitExceededError)
    assert (refusal.account, refusal.available, refusal.needed) == ("Alice", 30_00, 40_00)
    assert cached_balance(shop, customer(alice, "PKR")) == 100_00
    assert_the_balances_agree(shop)


def test_a_customer_over_a_lowered_limit_can_still_pay(shop: Shop) -> None:
    alice = add_customer(shop)
    post_many([on_account(alice, 500_00)], shop.act())
    with shop.act() as uow:
        uow.execute("UPDATE accounts SET ceiling = 100 WHERE tenant_id = %(tenant_id)s AND kind = 'customer'")
    payment = Posting(id=new_id(), kind="payment", entries=(Entry(till(shop), customer(alice, "PKR"), 50_00),))

    answers = post_many([payment], shop.act())

    assert answers == [Recorded(payment.id)]


def test_a_closed_account_takes_nothing(shop: Shop) -> None:
    alice = add_customer(shop, "Alice")
    post_many([on_account(alice, 10_00)], shop.act())
    close(shop, customer(alice, "PKR"))

    answers = post_many([on_account(alice, 10_00), pay_in(shop, 5_00)], shop.act())

    assert [type(answer) for answer in answers] == [AccountClosedError, Recorded]
    assert_the_balances_agree(shop)


def test_a_rivals_drawer_or_customer_is_not_there_and_the_others_stand(shop: Shop, rival: Shop) -> None:
    bob, before = add_customer(rival, "Bob"), count(shop, "transactions")

    answers = post_many([pay_in(rival, 10_00), pay_in(shop, 5_00), on_account(bob, 1_00)], shop.act())

    assert [type(answer) for answer in answers] == [NotFoundError, Recorded, NotFoundError]
    assert balances(rival) == {}
    assert count(shop, "transactions") == before + 1


def test_a_batch_that_arrives_twice_is_answered_as_recorded_and_posts_once(shop: Shop) -> None:
    batch = [pay_in(shop, 10_00), pay_in(shop, 20_00)]
    post_many(batch, shop.act())

    answers = post_many([*batch, pay_in(shop, 1_00)], shop.act())

    assert [isinstance(answer, Recorded) and answer.replayed for answer in answers] == [True, True, False]
    assert cached_balance(shop, till(shop)) == 31_00


def test_a_replay_is_a_replay_even_when_it_could_not_be_paid_any_more(shop: Shop) -> None:
    out = pay_out(shop, 10_00)
    post_many([pay_in(shop, 10_00), out], shop.act())

    answers = post_many([out, pay_out(shop, 1)], shop.act())

    assert answers[0] == Recorded(out.id, replayed=True)
    assert isinstance(answers[1], InsufficientFundsError)


def test_what_a_service_posted_is_a_replay_in_a_batch_and_the_other_way_round(shop: Shop) -> None:
    first, second = pay_in(shop, 10_00), pay_in(shop, 20_00)
    post_one(first, shop.act())
    post_many([second], shop.act())

    assert post_many([first], shop.act()) == [Recorded(first.id, replayed=True)]
    assert post_one(second, shop.act()) == Recorded(second.id, replayed=True)


def test_an_id_that_was_used_for_something_else_is_refused_by_itself(shop: Shop) -> None:
    first = pay_in(shop, 10_00)
    post_many([first], shop.act())

    answers = post_many([pay_in(shop, 99_00, id=first.id), pay_in(shop, 5_00)], shop.act())

    assert [type(answer) for answer in answers] == [ResubmissionError, Recorded]
    assert cached_balance(shop, till(shop)) == 15_00


def test_the_same_id_twice_in_one_batch_posts_once(shop: Shop) -> None:
    first = pay_in(shop, 10_00)

    answers = post_many([first, first, pay_in(shop, 99_00, id=first.id)], shop.act())

    assert answers[:2] == [Recorded(first.id), Recorded(first.id, replayed=True)]
    assert isinstance(answers[2], ResubmissionError)
    assert cached_balance(shop, till(shop)) == 10_00


def test_a_refused_id_may_come_again_later_in_the_batch(shop: Shop) -> None:
    id = new_id()

    answers = post_many([pay_out(shop, 80_00, id=id), pay_in(shop, 100_00), pay_out(shop, 70_00, id=id)], shop.act())

    assert [type(answer) for answer in answers] == [InsufficientFundsError, Recorded, Recorded]
    assert cached_balance(shop, till(shop)) == 30_00


def test_the_fingerprint_of_the_command_counts_where_it_is_given(shop: Shop) -> None:
    first = replace(pay_in(shop, 10_00), fingerprint=b"a" * 32)
    post_many([first], shop.act())

    answers = post_many([replace(first, memo="the same act"), replace(first, fingerprint=b"b" * 32)], shop.act())

    assert answers[0] == Recorded(first.id, replayed=True)
    assert isinstance(answers[1], ResubmissionError)


def random_batch(dice: random.Random, keys: list[AccountKey], ids: list[uuid.UUID]) -> list[Posting]:
    """Make transactions of one to three entries over few accounts; some ids come more than once."""
    batch = []
    for _ in range(dice.randint(1, 40)):
        entries = []
        for _ in range(dice.randint(1, 3)):
            debit, credit = dice.sample(keys, 2)
            entries.append(Entry(debit, credit, dice.choice([1, 5, 20, 60, 150])))
        id = dice.choice(ids) if dice.random() < 0.1 else ids.pop()
        batch.append(Posting(id=id, kind="manual", entries=tuple(entries)))
    return batch


@pytest.mark.parametrize("seed", range(12))
def test_a_batch_ends_as_posting_one_by_one_does(shop: Shop, rival: Shop, seed: int) -> None:
    def keys_of(shop: Shop) -> list[AccountKey]:
        alice, bob = add_customer(shop, "Alice", credit_limit=200), add_customer(shop, "Bob")
        post_many([on_account(bob, 50)], shop.act())
        if seed % 5 == 0:
            close(shop, customer(bob, "PKR"))
        stranger = cash(uuid.UUID(int=seed), "PKR")
        strange = [stranger] if seed % 3 == 0 else []
        return [till(shop), customer(alice, "PKR"), customer(bob, "PKR"), OWNER, SALES, *strange]

    def translated(batch: list[Posting]) -> list[Posting]:
        return [
            replace(
                each,
                fingerprint=b"",
                entries=tuple(Entry(other[entry.debit], other[entry.credit], entry.amount) for entry in each.entries),
            )
            for each in batch
        ]

    dice = random.Random(seed)
    ids = [new_id() for _ in range(200)]
    ours, theirs = keys_of(shop), keys_of(rival)
    # The order of ids decides which of two refusals is told: it must be the same in both shops.
    by_id = [
        sorted(keys[:3], key=lambda key: account_id(s.tenant_id, key)) for keys, s in ((ours, shop), (theirs, rival))
    ]
    same_order = [ours.index(key) for key in by_id[0]] == [theirs.index(key) for key in by_id[1]]
    other = dict(zip(ours, theirs, strict=True))

    for _ in range(3):
        batch = random_batch(dice, ours, ids)
        at_once = post_many(batch, shop.act())
        one_by_one = [post_one(each, rival.act()) for each in translated(batch)]

        if same_order:
            assert said(at_once) == said(one_by_one)
        assert [isinstance(a, Recorded) for a in at_once] == [isinstance(a, Recorded) for a in one_by_one]
        assert balances(shop) == balances(rival)
        assert_the_balances_agree(shop)


def test_two_batches_in_opposite_order_of_accounts_both_stand(app: Flask, shop: Shop) -> None:
    people = [add_customer(shop, f"Customer {number}") for number in range(20)]

    def batch(order: list[uuid.UUID]) -> list[Answer]:
        answers = []
        for _ in range(10):
            answers += post_many([on_account(person, 1) for person in order], shop.act())
        return answers

    forth, back = in_threads(app, lambda: batch(people), lambda: batch(people[::-1]))

    assert isinstance(forth, list)
    assert isinstance(back, list)
    assert {type(answer) for answer in forth + back} == {Recorded}
    assert {cached_balance(shop, customer(person, "PKR")) for person in people} == {20}
    assert_the_balances_agree(shop)


def test_two_batches_with_refusals_at_once_never_overdraw(app: Flask, shop: Shop) -> None:
    post_many([pay_in(shop, 100)], shop.act())

    def batch() -> list[Answer]:
        return post_many([pay_out(shop, 30) for _ in range(3)], shop.act())

    results = in_threads(app, *[batch] * 4)

    answers = [answer for result in results if isinstance(result, list) for answer in result]
    assert len(answers) == 12
    assert sum(isinstance(answer, Recorded) for answer in answers) == 3
    assert cached_balance(shop, till(shop)) == 10
    assert_the_balances_agree(shop)


def test_the_same_batch_from_two_sides_at_once_posts_once(app: Flask, shop: Shop) -> None:
    batch = [pay_in(shop, 1) for _ in range(50)]

    forth, back = in_threads(app, lambda: post_many(batch, shop.act()), lambda: post_many(batch[::-1], shop.act()))

    assert isinstance(forth, list)
    assert isinstance(back, list)
    fresh = [answer for answer in forth + back if isinstance(answer, Recorded) and not answer.replayed]
    assert len(fresh) == 50
    assert cached_balance(shop, till(shop)) == 50
    assert_the_balances_agree(shop)
