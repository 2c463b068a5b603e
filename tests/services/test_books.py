"""The lock date holds against every service, every hand and every race; the business day begins at the shop's hour."""

import datetime as dt
import threading
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError, ProgrammingError

from ledger_web.domain.errors import (
    DayOutOfRangeError,
    LedgerError,
    NotFoundError,
    PeriodLockedError,
    RuleViolationError,
    StaleEditError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import Entry, cash, equity
from ledger_web.domain.transactions import ManualLine
from ledger_web.queries.books import get_books, list_lock_date_changes
from ledger_web.services.batches import Posting, post_many
from ledger_web.services.books import SetDayStart, SetLockDate, set_day_start, set_lock_date
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.drawers import PayIn, PayOut, pay_in, pay_out
from ledger_web.services.expenses import RecordExpense, record_expense
from ledger_web.services.sales import RecordSale, SoldLine, record_sale
from ledger_web.services.transactions import (
    PostManual,
    RecordAccountOpening,
    RecordOwnerMoney,
    post_manual,
    record_account_opening,
    record_owner_money,
)
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act
from tests.books import assert_the_books_agree, balances, count
from tests.domain.test_days import MOMENTS
from tests.shops import Shop, add_product, person

DAY = dt.timedelta(days=1)


def today(shop: Shop) -> dt.date:
    return get_books(shop.tenant_id).today


def lock(shop: Shop, day: dt.date | None, *, reason: str = "Handed over", version: int | None = None) -> Recorded:
    known = get_books(shop.tenant_id).version if version is None else version
    return set_lock_date(SetLockDate(id=new_id(), version=known, locked_until=day, reason=reason), shop.act())


def put_in(shop: Shop, day: dt.date | None = None, amount: int = 1000_00, **changed: Any) -> uuid.UUID:
    values: dict[str, Any] = {
        "id": new_id(),
        "is_deposit": True,
        "place": cash(shop.drawer_id, "PKR"),
        "memo": "",
    } | changed
    return record_owner_money(RecordOwnerMoney(amount=amount, occurred_on=day, **values), shop.act()).id


def postings(shop: Shop, milk: uuid.UUID, day: dt.date) -> dict[str, Callable[[], object]]:
    """Every service that posts on a day one can choose."""
    till, id = cash(shop.drawer_id, "PKR"), new_id
    return {
        "sale": lambda: record_sale(
            RecordSale(
                id=id(),
                drawer_id=shop.drawer_id,
                currency="PKR",
                lines=(SoldLine(product_id=milk, quantity=Decimal(1), unit_price=1_00),),
                sold_on=day,
            ),
            shop.act(),
        ),
        "pay_in": lambda: pay_in(
            PayIn(id=id(), drawer_id=shop.drawer_id, currency="PKR", amount=1, reason="x", occurred_on=day), shop.act()
        ),
        "pay_out": lambda: pay_out(
            PayOut(
                id=id(),
                drawer_id=shop.drawer_id,
                currency="PKR",
                amount=1,
                category="food",
                reason="x",
                occurred_on=day,
            ),
            shop.act(),
        ),
        "expense": lambda: record_expense(
            RecordExpense(id=id(), category="rent", paid_from=till, amount=1, memo="", occurred_on=day), shop.act()
        ),
        "owner": lambda: put_in(shop, day),
        "opening": lambda: record_account_opening(
            RecordAccountOpening(id=id(), account=till, amount=1, memo="", occurred_on=day), shop.act()
        ),
        "manual": lambda: post_manual(
            PostManual(
                id=id(),
                lines=(ManualLine(till, 1, 0), ManualLine(equity("PKR", "owner"), 0, 1)),
                memo="x",
                occurred_on=day,
            ),
            shop.act(),
        ),
    }


def test_nothing_is_posted_on_or_before_the_lock_date_whatever_posts_it(shop: Shop) -> None:
    milk, locked = add_product(shop), today(shop) - 10 * DAY
    put_in(shop)
    lock(shop, locked)
    before = balances(shop), count(shop, "transactions")

    for day in (locked, locked - DAY, dt.date(2000, 1, 1)):
        for name, post in postings(shop, milk, day).items():
            with pytest.raises(PeriodLockedError, match=f"{day} lies in a locked period.*up to {locked}"):
                post()
            assert (balances(shop), count(shop, "transactions")) == before, name

    for post in postings(shop, milk, locked + DAY).values():
        post()
    assert_the_books_agree(shop)


def test_nothing_dated_on_or_before_the_lock_date_is_reversed(shop: Shop) -> None:
    milk, locked = add_product(shop), today(shop) - 10 * DAY
    old, new = put_in(shop, locked), put_in(shop, locked + DAY)
    sale = new_id()
    record_sale(
        RecordSale(
            id=sale,
            drawer_id=shop.drawer_id,
            currency="PKR",
            lines=(SoldLine(product_id=milk, quantity=Decimal(1), unit_price=1_00),),
            sold_on=locked,
        ),
        shop.act(),
    )
    lock(shop, locked)
    before = balances(shop)

    with pytest.raises(PeriodLockedError, match=str(locked)):
        undo(Undo(id=new_id(), transaction_id=old, reason="Twice"), shop.act())
    with pytest.raises(PeriodLockedError, match=str(locked)):
        undo(Undo(id=new_id(), transaction_id=sale, reason="Twice"), shop.act())
    assert balances(shop) == before

    undo(Undo(id=new_id(), transaction_id=new, reason="Twice"), shop.act())
    assert_the_books_agree(shop)


def test_whoever_may_insist_leaves_a_mark_for_ever(shop: Shop) -> None:
    locked = today(shop) - 10 * DAY
    old = put_in(shop, locked)
    lock(shop, locked)

    id = put_in(shop, locked, overrides_lock=True)
    undo(Undo(id=new_id(), transaction_id=old, reason="Twice", overrides_lock=True), shop.act())

    with shop.act() as uow:
        marked = uow.execute(
            """
            SELECT kind, locked_until, actor_id FROM transactions
             WHERE tenant_id = %(tenant_id)s AND overrides_lock ORDER BY kind
            """
        ).all()
    assert [tuple(row) for row in marked] == [
        ("owner_deposit", locked, shop.owner_id),
        ("reversal", locked, shop.owner_id),
    ]
    assert balances(shop)["cash", "Till 1"] == 1000_00
    assert id
    assert_the_books_agree(shop)


def test_what_was_posted_before_the_lock_is_still_answered_as_posted(shop: Shop) -> None:
    day, id = today(shop) - 10 * DAY, new_id()
    put_in(shop, day, id=id)
    lock(shop, day)

    assert put_in(shop, day, id=id) == id
    assert balances(shop)["cash", "Till 1"] == 1000_00


def test_in_a_batch_only_those_of_a_locked_day_are_refused(shop: Shop) -> None:
    locked = today(shop) - 10 * DAY
    lock(shop, locked)
    entry = Entry(cash(shop.drawer_id, "PKR"), equity("PKR", "owner"), 5)

    answers = post_many(
        [
            Posting(id=new_id(), kind="manual", entries=(entry,), occurred_on=day)
            for day in (locked, locked + DAY, None, today(shop) + 2 * DAY)
        ],
        shop.act(),
    )

    assert [type(answer).__name__ for answer in answers] == [
        "PeriodLockedError",
        "Recorded",
        "Recorded",
        "DayOutOfRangeError",
    ]
    assert balances(shop)["cash", "Till 1"] == 10
    assert_the_books_agree(shop)


def test_sql_written_by_hand_is_held_by_the_database_too(shop: Shop) -> None:
    locked = today(shop) - 10 * DAY
    lock(shop, locked)
    insert = """
        INSERT INTO transactions (tenant_id, id, kind, occurred_on, fingerprint, actor_id, overrides_lock)
        VALUES (%(tenant_id)s, %(id)s, 'manual', %(day)s, sha256('x'), %(actor)s, %(overrides)s)
    """

    for day in (locked, locked - 100 * DAY):
        with pytest.raises(IntegrityError, match="transactions_day_is_open"), shop.act() as uow:
            uow.execute(insert, {"id": new_id(), "day": day, "actor": shop.owner_id, "overrides": False})
    with pytest.raises(IntegrityError, match="transactions_overrides_have_a_name"), shop.act() as uow:
        uow.execute(insert, {"id": new_id(), "day": locked, "actor": None, "overrides": True})
    with shop.act() as uow:
        uow.execute(insert, {"id": new_id(), "day": locked + DAY, "actor": None, "overrides": False})


def test_the_application_cannot_say_which_lock_date_it_stood_under(shop: Shop) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), shop.act() as uow:
        uow.execute(
            """
            INSERT INTO transactions (tenant_id, id, kind, occurred_on, fingerprint, locked_until)
            VALUES (%(tenant_id)s, %(id)s, 'manual', '2020-01-01', sha256('x'), NULL)
            """,
            {"id": new_id()},
        )


def test_a_rivals_lock_date_is_its_own(shop: Shop, rival: Shop) -> None:
    locked = today(shop) - 10 * DAY
    lock(rival, locked)

    put_in(shop, locked)

    with pytest.raises(PeriodLockedError):
        put_in(rival, locked)


def held(shop: Shop, day: dt.date, reached: threading.Event, go_on: threading.Event) -> Callable[[], object]:
    """A posting of a day that stops, between its header and its commit, until it is told to go on."""

    @whole_act
    def post(command: RecordOwnerMoney, uow: UnitOfWork) -> Recorded:
        with uow:
            uow.is_replay(command, id=command.id, kind="owner_deposit", occurred_on=command.occurred_on)
            uow.post([Entry(command.place, equity("PKR", "owner"), command.amount)])
            reached.set()
            assert go_on.wait(20)
        return Recorded(command.id)

    command = RecordOwnerMoney(
        id=new_id(), is_deposit=True, place=cash(shop.drawer_id, "PKR"), amount=1, memo="", occurred_on=day
    )
    return lambda: post(command, shop.act())


def in_the_background(app: Flask, act: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    results: list[object] = []

    def run() -> None:
        with app.app_context():
            try:
                results.append(act())
            except LedgerError as error:
                results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def test_c6_setting_the_lock_waits_for_a_posting_that_is_under_way(app: Flask, shop: Shop) -> None:
    locked = today(shop) - 10 * DAY
    put_in(shop, amount=1)  # the accounts are open: the act will not have to be done again
    reached, go_on = threading.Event(), threading.Event()
    posting, posted = in_the_background(app, held(shop, locked, reached, go_on))
    assert reached.wait(20)

    locking, is_locked = in_the_background(app, lambda: lock(shop, locked))
    locking.join(1)
    assert locking.is_alive()  # it may not overtake what would then lie in a locked period
    go_on.set()
    posting.join(20)
    locking.join(20)

    assert [type(result) for result in (*posted, *is_locked)] == [Recorded, Recorded]
    assert balances(shop)["cash", "Till 1"] == 2
    with pytest.raises(PeriodLockedError):
        put_in(shop, locked)


def test_c6_a_posting_that_begins_while_the_lock_is_set_waits_and_is_refused(app: Flask, shop: Shop) -> None:
    locked = today(shop) - 10 * DAY
    with shop.act() as uow:
        uow.execute("SELECT 1 FROM tenants WHERE tenant_id = %(tenant_id)s FOR UPDATE")
        uow.execute("UPDATE tenants SET locked_until = %(day)s WHERE tenant_id = %(tenant_id)s", {"day": locked})
        posting, refused = in_the_background(app, lambda: put_in(shop, locked))
        later, recorded = in_the_background(app, lambda: put_in(shop, locked + DAY, 1))
        posting.join(1)
        assert posting.is_alive()
    posting.join(20)
    later.join(20)

    assert [type(result) for result in refused] == [PeriodLockedError]
    assert balances(shop)["cash", "Till 1"] == 1
    assert len(recorded) == 1


def test_every_change_of_the_lock_date_is_written_down(shop: Shop) -> None:
    first, second = today(shop) - 10 * DAY, today(shop) - 5 * DAY

    lock(shop, first, reason="October")
    lock(shop, second, reason="November")
    lock(shop, None, reason="A mistake of ours")

    changes = list_lock_date_changes(shop.tenant_id)
    assert [(each.before, each.after, each.reason, each.actor) for each in changes] == [
        (second, None, "A mistake of ours", "Olga Owner"),
        (first, second, "November", "Olga Owner"),
        (None, first, "October", "Olga Owner"),
    ]
    assert get_books(shop.tenant_id).locked_until is None
    with pytest.raises(ProgrammingError, match="permission denied"), shop.act() as uow:
        uow.execute("DELETE FROM lock_date_changes WHERE tenant_id = %(tenant_id)s")


def test_only_days_that_are_over_are_locked(shop: Shop) -> None:
    for day in (today(shop), today(shop) + DAY, dt.date(1999, 12, 31)):
        with pytest.raises(RuleViolationError, match="days that are over"):
            lock(shop, day)
    lock(shop, today(shop) - DAY)
    with pytest.raises(RuleViolationError, match="how it is already"):
        lock(shop, today(shop) - DAY)
    assert len(list_lock_date_changes(shop.tenant_id)) == 1


def test_the_second_of_two_who_change_the_settings_looks_first(shop: Shop) -> None:
    shown = get_books(shop.tenant_id).version
    lock(shop, today(shop) - DAY, version=shown)

    with pytest.raises(StaleEditError):
        lock(shop, today(shop) - 2 * DAY, version=shown)
    with pytest.raises(StaleEditError):
        set_day_start(SetDayStart(id=new_id(), version=shown, day_starts_at=dt.time(3)), shop.act())
    assert get_books(shop.tenant_id).locked_until == today(shop) - DAY


def test_the_same_change_sent_twice_is_one_change(shop: Shop) -> None:
    command = SetLockDate(id=new_id(), version=1, locked_until=today(shop) - DAY, reason="October")

    assert not set_lock_date(command, shop.act()).replayed
    assert set_lock_date(command, shop.act()).replayed
    assert len(list_lock_date_changes(shop.tenant_id)) == 1


@pytest.mark.parametrize(("moment", "zone", "starts_at", "day"), MOMENTS)
def test_the_database_counts_days_as_the_pages_do(shop: Shop, moment: str, zone: str, starts_at: str, day: str) -> None:
    with shop.act() as uow:
        found = uow.execute(
            "SELECT business_day(%(moment)s::timestamptz, %(zone)s, %(starts_at)s::time)",
            {"moment": f"{moment}+00", "zone": zone, "starts_at": starts_at},
        ).scalar_one()

    assert found == dt.date.fromisoformat(day)


def test_i8_what_is_posted_without_a_day_counts_on_the_business_day(shop: Shop) -> None:
    """The hour is chosen so that, whenever this runs, the shop's day began yesterday by the calendar of its zone."""
    with shop.act() as uow:
        clock: dt.time = uow.execute("SELECT (now() AT TIME ZONE 'UTC')::time").scalar_one()
        # In one of these it is morning, so that a later hour of the morning exists: 0, 14 and 4 hours ahead.
        zone = "UTC" if clock < dt.time(11, 50) else "Pacific/Kiritimati" if clock < dt.time(21, 50) else "Asia/Dubai"
        uow.execute(
            "UPDATE tenants SET time_zone = %(zone)s, day_starts_at = '11:59:59' WHERE tenant_id = %(tenant_id)s",
            {"zone": zone},
        )
        calendar_day = uow.execute("SELECT (now() AT TIME ZONE %(zone)s)::date", {"zone": zone}).scalar_one()
        is_morning = uow.execute("SELECT (now() AT TIME ZONE %(zone)s)::time < '11:59:59'", {"zone": zone}).scalar_one()

    id = put_in(shop)

    with shop.act() as uow:
        day = uow.execute(
            "SELECT occurred_on FROM transactions WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": id}
        ).scalar_one()
    assert is_morning
    assert day == calendar_day - DAY


def test_a_business_day_begins_in_the_morning(shop: Shop) -> None:
    set_day_start(SetDayStart(id=new_id(), version=1, day_starts_at=dt.time(3)), shop.act())

    with pytest.raises(RuleViolationError, match="before noon"):
        set_day_start(SetDayStart(id=new_id(), version=2, day_starts_at=dt.time(12)), shop.act())
    with pytest.raises(IntegrityError, match="tenants_day_starts_before_noon"), shop.act() as uow:
        uow.execute("UPDATE tenants SET day_starts_at = '12:00' WHERE tenant_id = %(tenant_id)s")
    assert get_books(shop.tenant_id).day_starts_at == dt.time(3)


def test_a_day_ahead_is_posted_and_two_are_not(shop: Shop) -> None:
    milk = add_product(shop)
    put_in(shop)
    tomorrow = today(shop) + DAY

    for post in postings(shop, milk, tomorrow).values():
        post()
    for day in (tomorrow + DAY, dt.date(9999, 12, 31), dt.date(1999, 12, 31), dt.date(1, 1, 1)):
        for post in postings(shop, milk, day).values():
            with pytest.raises(DayOutOfRangeError, match=str(day)):
                post()
    assert_the_books_agree(shop)


def test_the_database_knows_no_days_far_ahead(shop: Shop) -> None:
    with pytest.raises(IntegrityError, match="transactions_day_is_not_to_come"), shop.act() as uow:
        uow.execute(
            """
            INSERT INTO transactions (tenant_id, id, kind, occurred_on, fingerprint)
            VALUES (%(tenant_id)s, %(id)s, 'manual', current_date + 10, sha256('x'))
            """,
            {"id": new_id()},
        )


def test_reversing_what_is_not_there_says_so_before_anything_is_written(shop: Shop) -> None:
    @whole_act
    def post(command: RecordOwnerMoney, uow: UnitOfWork) -> bool:
        with uow:
            return uow.is_replay(command, id=command.id, kind="reversal", reverses_id=new_id())

    command = RecordOwnerMoney(id=new_id(), is_deposit=True, place=cash(shop.drawer_id, "PKR"), amount=1, memo="")
    with pytest.raises(NotFoundError, match="no such transaction"):
        post(command, shop.act(person(shop, "manager")))
